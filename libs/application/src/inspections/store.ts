import {
  addDays,
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  compileScoring,
  computeGain,
  contributionOf,
  DomainError,
  findingsOf,
  scoreLayers,
  toMicroPoints,
  type AssessedForGain,
  type ChecklistVersion,
  type CompiledScoring,
  type Crosswalk,
  type GainResult,
  type LineageEdge,
  type Response,
  type Score,
  type ScoreLayers,
  type ScoringProfile,
} from '#domain';
import { StartError } from '#platform';
import { createHash, randomFillSync } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { canonicalJson, contentHash } from '../content.service.js';
import { responsesOf, type ImportedAssessment, type InspectionImport } from './analyse.js';
import type { LoadedMapping } from './mapping.js';

/** Of rows with an identifier of the source: stored now, or stored by an earlier import. */
export interface StoredCount {
  readonly added: number;
  readonly unchanged: number;
}

/** What an import wrote. */
export interface StoredImport {
  readonly dataset: string;
  /** Owner of every site of the source. Whoever is to see them becomes a member of it. */
  readonly organisationId: string;
  /** In the order of the editions; `version` is the one used, which may carry a suffix (see {@link storeImport}). */
  readonly checklistVersions: readonly {
    readonly checklist: string;
    readonly version: string;
    readonly published: boolean;
  }[];
  readonly profile: { readonly profile: string; readonly version: string; readonly published: boolean };
  readonly sites: StoredCount;
  readonly assessments: StoredCount & {
    /** Of `added`, those whose findings are missing or unusable: stored without responses and score. */
    readonly incomplete: number;
    /** Stored by an earlier import with other content, or reopened since. What is stored was left as it is. */
    readonly different: number;
    /** Identifiers (of the source) of the first hundred different ones. */
    readonly differentIds: readonly string[];
  };
  readonly findings: number;
  readonly scores: number;
  readonly gains: StoredCount & {
    /** Of `added`, those that cannot be computed; the reason is stored. */
    readonly refused: number;
    /** Pairs not kept: an inspection without assessment, one that is different, or a follow-up that serves a later baseline. */
    readonly leftOut: number;
  };
  /** Rows written, over all tables. */
  readonly rows: number;
}

export interface StoreOptions {
  /** The role to work under, where the address is not already its own. */
  readonly role?: 'uplift_importer';
  /** ISO 3166 code of the country of the sites. Default `ZZ`: not stated (a source states none). */
  readonly country?: string;
  /** Organisation the sites belong to, each with its own copy of a dataset. Default: one made for the dataset. */
  readonly owner?: string;
}

type Tx = pg.ClientBase;

/** A published checklist version and profile, ready for use. */
interface Pinned {
  readonly versionId: string;
  readonly profileId: string;
  readonly checklist: ChecklistVersion;
  readonly profile: ScoringProfile;
  readonly scoring: CompiledScoring;
  /** Place of each requirement in the order of the database. */
  readonly order: ReadonlyMap<string, number>;
  /** Canonical JSON of an answer "conforms" of each, in that order. */
  plain?: readonly string[];
  /** Canonical JSON of an answer "does not conform", by requirement, or requirement, blank and closing day. */
  listed?: Map<string, string>;
  /** Canonical JSON around what differs from lock to lock. */
  frame?: readonly string[];
  /** What a citation of an item makes of it; null where findings must be taken from each score. */
  findings?: ReadonlyMap<
    string,
    {
      readonly section: string;
      readonly grade: string;
      readonly conformity: string;
      readonly days: number | undefined;
    }
  > | null;
}

/** An assessment of the source and its place in the database. */
interface Placed {
  readonly record: ImportedAssessment;
  readonly id: string;
  readonly siteId: string;
  readonly pinned: Pinned;
  readonly state: 'new' | 'unchanged' | 'different';
  readonly lock: string;
  baselineId: string | null;
}

interface PlannedGain {
  readonly baseline: Placed;
  readonly followUp: Placed;
}

/**
 * Stores an import in one transaction, all or nothing, with COPY. Rows are known again by their external id
 * (`<dataset>:<id>`): importing the same folder again changes nothing.
 *
 * - One organisation `Imported: <dataset>` owns all sites of the source.
 * - Checklist versions and the profile are published; what is published never changes. When a version of that name is
 *   published with other content (a later import cites further items), this one is published as `<version>-<first
 *   eight digits of its content hash>`. Where a pair lies across the two, a crosswalk by code and text joins them.
 * - Assessments are closed and locked. A complete one has its record (what is cited; the view `full_response` spells it out), its
 *   score without the items, and its findings; an incomplete one has none of them, because its items must not be read as conforming.
 * - Gains are those of the primary pairing whose two inspections are assessments. A gain is in the points of the
 *   profile, whatever the measure of the pairing is.
 *
 * @param database address of a database, or a pool.
 * @throws DomainError `crosswalk-published` when the crosswalk changed but the versions did not
 * @throws StartError when the database has no schema
 */
export async function storeImport(
  database: string | pg.Pool,
  result: InspectionImport,
  mapping: LoadedMapping,
  options: StoreOptions = {},
): Promise<StoredImport> {
  if (mapping.dataset !== result.dataset)
    throw new Error(`The mapping is of ${mapping.dataset}, the import of ${result.dataset}.`);
  const pool =
    typeof database === 'string'
      ? new pg.Pool({
          connectionString: database,
          max: 1,
          ...(options.role && { options: `-c role=${options.role}` }),
        })
      : database;
  try {
    const client = await pool.connect();
    let failed = true;
    try {
      await client.query('BEGIN');
      const stored = await new Store(client, result, options.country ?? 'ZZ', options.owner).run();
      await client.query('COMMIT');
      failed = false;
      return stored;
    } finally {
      // A connection that broke off in the middle of a COPY is thrown away; the server rolls back.
      client.release(failed);
    }
  } finally {
    if (pool !== database) await pool.end();
  }
}

/** One import, within its transaction. */
class Store {
  private readonly newId = idMaker();
  private readonly prefix: string;
  private readonly by: string;
  private now: string;
  private rows = 0;
  private readonly pins = new Map<string, Pinned>();
  private readonly crosswalks = new Map<string, Crosswalk | undefined>();

  constructor(
    private readonly tx: Tx,
    private readonly result: InspectionImport,
    private readonly country: string,
    private readonly owner: string | undefined,
  ) {
    this.prefix = `${owner ? `${owner}:` : ''}${result.dataset}:`;
    this.by = `import:${result.dataset}`;
  }

  async run(): Promise<StoredImport> {
    const { tx, result } = this;
    const { rows: checks } = await tx.query<{ there: boolean; now: string }>(
      `SELECT to_regclass('assessment_score') IS NOT NULL AS there, now()::text AS now`,
    );
    if (!checks[0]!.there)
      throw new StartError('The database has no tables yet: run `uplift migrate` and import again.');
    this.now = checks[0]!.now;
    // Two imports of one dataset wait for each other; the second finds everything stored.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`uplift import ${this.prefix}`]);

    const organisationId = await this.organisation();
    const { versions, profile, publishedProfile } = await this.content();
    const sites = await this.sites(organisationId);
    const placed = await this.place(versions, profile, sites.idOf);
    const plan = this.planGains(placed);
    await this.keepBaselines(plan.gains);
    const fresh = [...placed.values()].filter((p) => p.state === 'new');
    await this.assessments(fresh);
    const complete = fresh.filter((p) => p.record.complete);
    const findings = await this.scores(complete);
    const gains = await this.gains(plan.gains);

    const different = [...placed.values()].filter((p) => p.state === 'different');
    return {
      dataset: result.dataset,
      organisationId,
      checklistVersions: versions.map(({ body, published }) => ({
        checklist: body.checklist,
        version: body.version,
        published,
      })),
      profile: { profile: profile.body.profile, version: profile.body.version, published: publishedProfile },
      sites: sites.count,
      assessments: {
        added: fresh.length,
        unchanged: placed.size - fresh.length - different.length,
        incomplete: fresh.length - complete.length,
        different: different.length,
        differentIds: different.slice(0, 100).map((p) => p.record.externalId),
      },
      findings,
      scores: complete.length,
      gains: { ...gains, leftOut: plan.leftOut },
      rows: this.rows,
    };
  }

  private async organisation(): Promise<string> {
    if (this.owner) return this.owner;
    const name = `Imported: ${this.result.dataset}`;
    // The same id each time: organisations have no external id.
    const hash = createHash('sha256').update(name).digest('hex');
    const id = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
    const { rowCount } = await this.tx.query(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, 'supplier', $3) ON CONFLICT (id) DO NOTHING`,
      [id, name, this.country],
    );
    this.rows += rowCount ?? 0;
    return id;
  }

  /** Publishes what is not published yet. */
  private async content() {
    const { result } = this;
    checkProfile(result.profile);
    const profile = await this.publish('scoring_profile', 'profile', result.profile.profile, result.profile);
    const versions: Published<ChecklistVersion>[] = [];
    for (const version of result.checklistVersions) {
      checkChecklist(version);
      versions.push(await this.publish('checklist_version', 'checklist', version.checklist, version));
    }
    if (result.crosswalk) await this.crosswalk(result.crosswalk, versions);
    return { profile, publishedProfile: profile.published, versions };
  }

  /** Publishes under the version's own name, or, when that is taken by other content, under one with a suffix. */
  private async publish<T extends ChecklistVersion | ScoringProfile>(
    table: 'checklist_version' | 'scoring_profile',
    column: 'checklist' | 'profile',
    code: string,
    content: T,
  ): Promise<Published<T>> {
    const suffixed = `${content.version.slice(0, 31)}-${contentHash(content).slice(0, 8)}`;
    for (const version of [content.version, suffixed]) {
      const body = { ...content, version };
      const hash = contentHash(body);
      const id = this.newId();
      const { rowCount } = await this.tx.query(
        `INSERT INTO ${table} (id, ${column}, version, title, content_hash, body) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (${column}, version) DO NOTHING`,
        [id, code, version, body.title, hash, JSON.stringify(body)],
      );
      this.rows += rowCount ?? 0;
      if (rowCount) return { id, body, published: true, edition: content.version };
      const { rows } = await this.tx.query<{ id: string; hash: string }>(
        `SELECT id, content_hash AS hash FROM ${table} WHERE ${column} = $1 AND version = $2`,
        [code, version],
      );
      if (rows[0]?.hash === hash) return { id: rows[0].id, body, published: false, edition: content.version };
    }
    throw new DomainError(
      'version-published',
      `Version ${suffixed} of ${code} is published with other content.`,
      [],
      'conflict',
    );
  }

  private async crosswalk(
    crosswalk: Crosswalk,
    versions: readonly Published<ChecklistVersion>[],
  ): Promise<void> {
    const used = (edition: string) => versions.find((v) => v.edition === edition)!;
    const from = used(crosswalk.from.version);
    const to = used(crosswalk.to.version);
    const body: Crosswalk = {
      ...crosswalk,
      from: { ...crosswalk.from, version: from.body.version },
      to: { ...crosswalk.to, version: to.body.version },
    };
    checkCrosswalk(body, from.body, to.body);
    const published = await this.publishCrosswalk(from.id, to.id, body);
    if (published !== contentHash(body)) {
      throw new DomainError(
        'crosswalk-published',
        `Another crosswalk from ${from.body.version} to ${to.body.version} of ${from.body.checklist} is published and cannot be changed.`,
        [
          {
            field: '/checklist/editions',
            message: 'the crosswalk differs from the published one',
            fix: 'Give the editions new versions in the mapping, or import with the crosswalk that is published.',
          },
        ],
        'conflict',
      );
    }
    this.crosswalks.set(`${from.id} ${to.id}`, body);
  }

  /** Returns the content hash of what is published after the call. */
  private async publishCrosswalk(fromId: string, toId: string, body: Crosswalk): Promise<string> {
    const hash = contentHash(body);
    const { rowCount } = await this.tx.query(
      `INSERT INTO crosswalk (id, from_version_id, to_version_id, content_hash, body) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (from_version_id, to_version_id) DO NOTHING`,
      [this.newId(), fromId, toId, hash, JSON.stringify(body)],
    );
    this.rows += rowCount ?? 0;
    if (rowCount) return hash;
    const { rows } = await this.tx.query<{ hash: string }>(
      `SELECT content_hash AS hash FROM crosswalk WHERE from_version_id = $1 AND to_version_id = $2`,
      [fromId, toId],
    );
    return rows[0]!.hash;
  }

  private async sites(organisationId: string): Promise<{ idOf: Map<string, string>; count: StoredCount }> {
    const { sites } = this.result;
    const { rows } = await this.tx.query<{ id: string; external: string }>(
      `SELECT id, external_id AS external FROM site WHERE external_id = ANY($1::text[])`,
      [sites.map((site) => this.prefix + site.externalId)],
    );
    const idOf = new Map(rows.map((row) => [row.external.slice(this.prefix.length), row.id]));
    const fresh = sites.filter((site) => !idOf.has(site.externalId));
    for (const site of fresh) idOf.set(site.externalId, this.newId());
    await this.copy(
      'site (id, organisation_id, name, city, country, lat, lon, external_id)',
      mapped(fresh, (site) =>
        line(
          idOf.get(site.externalId)!,
          organisationId,
          site.name,
          site.city ?? '',
          this.country,
          site.location?.lat ?? null,
          site.location?.lon ?? null,
          this.prefix + site.externalId,
        ),
      ),
    );
    return { idOf, count: { added: fresh.length, unchanged: sites.length - fresh.length } };
  }

  /** Finds out which assessments are stored, and gives the others their ids. */
  private async place(
    versions: readonly Published<ChecklistVersion>[],
    profile: Published<ScoringProfile>,
    siteIdOf: ReadonlyMap<string, string>,
  ): Promise<Map<string, Placed>> {
    const { assessments } = this.result;
    const { rows } = await this.tx.query<{
      id: string;
      external: string;
      lockHash: string | null;
      versionId: string;
      profileId: string;
      baselineId: string | null;
    }>(
      `SELECT id, external_id AS external, lock_hash AS "lockHash", checklist_version_id AS "versionId",
              scoring_profile_id AS "profileId", baseline_id AS "baselineId"
         FROM assessment WHERE external_id = ANY($1::text[])`,
      [assessments.map((record) => this.prefix + record.externalId)],
    );
    const stored = new Map(rows.map((row) => [row.external.slice(this.prefix.length), row]));
    const versionOf = new Map<string, Pinned>();
    for (const version of versions) versionOf.set(version.edition, await this.pin(version.id, profile.id));
    const placed = new Map<string, Placed>();
    for (const record of assessments) {
      const row = stored.get(record.externalId);
      const siteId = siteIdOf.get(record.siteId)!;
      const pinned = row ? await this.pin(row.versionId, row.profileId) : versionOf.get(record.version)!;
      const lock = this.lock(record, siteId, pinned);
      const state = !row ? 'new' : row.lockHash === lock ? 'unchanged' : 'different';
      placed.set(record.externalId, {
        record,
        id: row?.id ?? this.newId(),
        siteId,
        pinned,
        state,
        lock,
        baselineId: row?.baselineId ?? null,
      });
    }
    return placed;
  }

  /** A version with a profile, as the database returns them: what is computed now is what would be computed later. */
  private async pin(versionId: string, profileId: string): Promise<Pinned> {
    const key = `${versionId} ${profileId}`;
    const known = this.pins.get(key);
    if (known) return known;
    const load = async <T>(table: string, id: string): Promise<T> =>
      (await this.tx.query<{ body: T }>(`SELECT body FROM ${table} WHERE id = $1`, [id])).rows[0]!.body;
    const checklist = await load<ChecklistVersion>('checklist_version', versionId);
    const profile = await load<ScoringProfile>('scoring_profile', profileId);
    // Locks are taken over responses in the order in which the database gives them.
    const { rows } = await this.tx.query<{ code: string }>(
      `SELECT code FROM unnest($1::text[]) AS code ORDER BY code`,
      [checklist.requirements.map((r) => r.code)],
    );
    const pinned: Pinned = {
      versionId,
      profileId,
      checklist,
      profile,
      scoring: compileScoring(checklist, this.result.level, profile),
      order: new Map(rows.map(({ code }, at) => [code, at])),
    };
    this.pins.set(key, pinned);
    return pinned;
  }

  /** The responses an assessment is stored with: none when it is not complete. */
  private answers(record: ImportedAssessment, { checklist }: Pinned): Response[] {
    return record.complete ? responsesOf(record, checklist, this.result.answers) : [];
  }

  /** `lockHash` of the assessment; the canonical text of an answer is made once for each requirement. */
  private lock(record: ImportedAssessment, siteId: string, pinned: Pinned): string {
    const { order } = pinned;
    const { listed, notListed } = this.result.answers;
    const plain = (pinned.plain ??= [...order.keys()].map((requirement) =>
      canonicalJson({ requirement, answer: notListed }),
    ));
    let answers: string[] = [];
    if (record.complete) {
      answers = plain.slice();
      const known = (pinned.listed ??= new Map());
      record.cited.forEach((requirement, i) => {
        const closedOn = record.closedOn?.[i];
        const key = closedOn ? `${requirement} ${closedOn}` : requirement;
        let text = known.get(key);
        if (text === undefined) {
          text = canonicalJson({ requirement, answer: listed, ...(closedOn ? { closedOn } : {}) });
          known.set(key, text);
        }
        answers[order.get(requirement)!] = text;
      });
    }
    const [start, beforeKind, afterKind, beforeSite, end] = (pinned.frame ??= this.frameOf(pinned));
    const text = (value: string) => JSON.stringify(value);
    return createHash('sha256')
      .update(
        `${start}${text(record.date)}${beforeKind}${text(record.kind)}${afterKind}${answers.join(',')}${beforeSite}${text(siteId)}${end}`,
      )
      .digest('hex');
  }

  /**
   * The canonical JSON of an assessment's lock, cut where the day, the kind, the responses and the site go (in this
   * order, that of the sorted keys): the rest is the same for all assessments of a version.
   */
  private frameOf({ checklist, profile }: Pinned): readonly string[] {
    const [date, kind, siteId] = ['\u0000date', '\u0000kind', '\u0000site'];
    let rest = canonicalJson({
      siteId,
      checklist: checklist.checklist,
      version: checklist.version,
      profile: profile.profile,
      profileVersion: profile.version,
      level: this.result.level,
      kind,
      assessedOn: date,
      responses: [],
    });
    const parts: string[] = [];
    for (const [mark, keep] of [
      [JSON.stringify(date), ''],
      [JSON.stringify(kind), ''],
      ['"responses":[]', '"responses":['],
      [JSON.stringify(siteId), ''],
    ] as const) {
      const at = rest.indexOf(mark);
      parts.push((parts.length === 3 ? ']' : '') + rest.slice(0, at) + keep);
      rest = rest.slice(at + mark.length);
    }
    return [...parts, rest];
  }

  /** The gains to keep: one per follow-up, against the latest of its baselines. */
  private planGains(placed: ReadonlyMap<string, Placed>): { gains: PlannedGain[]; leftOut: number } {
    const pairs = this.result.pairs.filter((pair) => pair.pairing === this.result.summary.primary_pairing);
    const byFollowUp = new Map<string, PlannedGain>();
    for (const pair of pairs) {
      const baseline = placed.get(pair.baselineId);
      const followUp = placed.get(pair.followUpId);
      if (!baseline || !followUp || baseline.state === 'different' || followUp.state === 'different')
        continue;
      const other = byFollowUp.get(followUp.id);
      if (!other || other.baseline.record.date < baseline.record.date)
        byFollowUp.set(followUp.id, { baseline, followUp });
    }
    return { gains: [...byFollowUp.values()], leftOut: pairs.length - byFollowUp.size };
  }

  /** Notes in each new follow-up of a gain what it is measured against, so that a correction computes it again. */
  private async keepBaselines(gains: readonly PlannedGain[]): Promise<void> {
    // A baseline has one follow-up of kind follow-up; the database insists on it.
    const { rows } = await this.tx.query<{ id: string }>(
      `SELECT baseline_id AS id FROM assessment WHERE kind = 'follow-up' AND baseline_id = ANY($1::uuid[])`,
      [gains.map((gain) => gain.baseline.id)],
    );
    const taken = new Set(rows.map((row) => row.id));
    for (const { baseline, followUp } of gains) {
      if (followUp.state !== 'new') continue;
      if (followUp.record.kind === 'follow-up') {
        if (taken.has(baseline.id)) continue;
        taken.add(baseline.id);
      }
      followUp.baselineId = baseline.id;
    }
  }

  private assessments(fresh: readonly Placed[]): Promise<number> {
    return this.copy(
      `assessment (id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on,
                   baseline_id, lock_hash, submitted_at, closed_at, external_id)`,
      mapped(fresh, ({ id, siteId, pinned, record, baselineId, lock }) =>
        line(
          id,
          siteId,
          pinned.versionId,
          pinned.profileId,
          this.result.level,
          record.kind,
          'closed',
          record.date,
          baselineId,
          lock,
          this.now,
          this.now,
          this.prefix + record.externalId,
        ),
      ),
    );
  }

  /** What the source says: the items cited with their closing days. All others conform. */
  private recordOf(record: ImportedAssessment): string {
    const { listed, notListed } = this.result.answers;
    return JSON.stringify({
      by: this.by,
      listed,
      notListed,
      cited: Object.fromEntries(record.cited.map((code, i) => [code, record.closedOn?.[i] ?? null])),
    });
  }

  /** Records, scores and findings. What a score says item by item is not stored: it follows from the record at any time. */
  private async scores(complete: readonly Placed[]): Promise<number> {
    await this.copy(
      'assessment_record (assessment_id, body)',
      mapped(complete, ({ id, record }) => line(id, this.recordOf(record))),
    );
    for (let from = 0; from < complete.length; from += SCORES_AT_ONCE)
      await this.scoreLayers(complete.slice(from, from + SCORES_AT_ONCE));
    return this.copy(
      'finding (id, assessment_id, requirement, section, grade, conformity, note, due_on, closed_on)',
      this.findings(complete),
    );
  }

  /** Scores as they are kept: totals for whoever sees the score, sections apart. Each is worked out once for both. */
  private async scoreLayers(complete: readonly Placed[]): Promise<void> {
    const sections: string[] = [];
    const json = (layers: readonly ScoreLayers[], part: keyof ScoreLayers): string[] =>
      layers.map((layer) => JSON.stringify(layer[part]));
    await this.copy(
      'assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at)',
      mapped(complete, ({ id, record, pinned }) => {
        const responses = this.answers(record, pinned);
        const layers = [
          scoreLayers(pinned.scoring.score(responses, 'as-found')),
          scoreLayers(pinned.scoring.score(responses, 'after-closure')),
        ];
        sections.push(line(id, 'sections', ...json(layers, 'sections')));
        const { computedPoints, computedPassed } = record;
        const points = computedPoints === null ? null : toMicroPoints(computedPoints);
        return line(id, 1, points, computedPassed, ...json(layers, 'totals'), this.now);
      }),
    );
    await this.copy('assessment_explanation (assessment_id, detail, as_found, after_closure)', sections);
  }

  private *findings(complete: readonly Placed[]): Generator<string> {
    for (const { id, record, pinned } of complete) {
      const known = (pinned.findings ??= this.findingOfEach(pinned));
      if (known) {
        for (let i = 0; i < record.cited.length; i++) {
          const code = record.cited[i]!;
          const f = known.get(code);
          if (!f) continue;
          const dueOn = f.days === undefined ? null : addDays(record.date, f.days);
          const closedOn = record.closedOn?.[i] ?? null;
          yield line(this.newId(), id, code, f.section, f.grade, f.conformity, null, dueOn, closedOn);
        }
        continue;
      }
      const responses = this.answers(record, pinned);
      const score = pinned.scoring.score(responses);
      for (const f of findingsOf(pinned.checklist, score, pinned.profile, record.date, responses))
        yield line(
          this.newId(),
          id,
          f.requirement,
          f.section,
          f.grade,
          f.conformity,
          f.note,
          f.dueOn,
          f.closedOn,
        );
    }
  }

  /** The finding a citation of each item makes; null where items that conform make findings too. */
  private findingOfEach({ checklist, profile, scoring }: Pinned): Pinned['findings'] {
    const all = (cited: readonly string[]): Score =>
      scoring.score(responsesOf({ cited }, checklist, this.result.answers));
    if (all([]).items.some((item) => item.findingGrade !== null)) return null;
    const days = profile.closure?.deadlineDays ?? {};
    return new Map(
      all(checklist.requirements.map((r) => r.code)).items.flatMap((item) =>
        item.findingGrade === null
          ? []
          : [
              [
                item.requirement,
                {
                  section: item.section,
                  grade: item.findingGrade,
                  conformity: item.conformity,
                  days: days[item.findingGrade],
                },
              ] as const,
            ],
      ),
    );
  }

  private async gains(
    plan: readonly PlannedGain[],
  ): Promise<{ added: number; unchanged: number; refused: number }> {
    const { rows } = await this.tx.query<{ id: string }>(
      `SELECT follow_up_id AS id FROM gain WHERE follow_up_id = ANY($1::uuid[])`,
      [plan.map((gain) => gain.followUp.id)],
    );
    const stored = new Set(rows.map((row) => row.id));
    const missing = plan.filter((gain) => !stored.has(gain.followUp.id));
    for (const { baseline, followUp } of missing) await this.joining(baseline.pinned, followUp.pinned);
    let refused = 0;
    const added = await this.copy(
      `gain (follow_up_id, baseline_id, site_id, comparable, baseline_micro, follow_up_micro, body, contribution,
             computed_at)`,
      mapped(missing, ({ baseline, followUp }) => {
        const crosswalk = this.crosswalks.get(`${baseline.pinned.versionId} ${followUp.pinned.versionId}`);
        const gain = computeGain(this.forGain(baseline), this.forGain(followUp), crosswalk);
        if (!gain.comparable) refused++;
        return line(
          followUp.id,
          baseline.id,
          followUp.siteId,
          gain.comparable,
          gain.comparable ? gain.microPoints.baseline : null,
          gain.comparable ? gain.microPoints.followUp : null,
          JSON.stringify(gain),
          contribution(gain),
          this.now,
        );
      }),
    );
    return { added, unchanged: stored.size, refused };
  }

  private forGain({ id, record, pinned }: Placed): AssessedForGain {
    return {
      assessmentId: id,
      kind: record.kind,
      date: record.date,
      checklist: pinned.checklist,
      level: this.result.level,
      profile: pinned.profile,
      responses: this.answers(record, pinned),
    };
  }

  /** Makes the crosswalk between two versions known: the published one, or, within an edition, one by code and text. */
  private async joining(from: Pinned, to: Pinned): Promise<void> {
    const key = `${from.versionId} ${to.versionId}`;
    if (from.versionId === to.versionId || this.crosswalks.has(key)) return;
    const { rows } = await this.tx.query<{ body: Crosswalk }>(
      `SELECT body FROM crosswalk WHERE from_version_id = $1 AND to_version_id = $2`,
      [from.versionId, to.versionId],
    );
    let crosswalk = rows[0]?.body;
    if (!crosswalk && this.sameEdition(from.checklist, to.checklist)) {
      crosswalk = lineageByText(from.checklist, to.checklist);
      checkCrosswalk(crosswalk, from.checklist, to.checklist);
      await this.publishCrosswalk(from.versionId, to.versionId, crosswalk);
    }
    this.crosswalks.set(key, crosswalk);
  }

  /** Whether two versions are one edition of the source, published more than once. */
  private sameEdition(a: ChecklistVersion, b: ChecklistVersion): boolean {
    const edition = (v: ChecklistVersion): string | undefined =>
      this.result.checklistVersions.find(
        (e) =>
          e.checklist === v.checklist &&
          (e.version === v.version || e.version.slice(0, 31) === /^(.*)-[0-9a-f]{8}$/.exec(v.version)?.[1]),
      )?.version;
    return edition(a) !== undefined && edition(a) === edition(b);
  }

  /** Sends lines through COPY. Returns their number. */
  private async copy(table: string, lines: Iterable<string>): Promise<number> {
    const stream = this.tx.query(copyFrom(`COPY ${table} FROM STDIN`));
    await pipeline(Readable.from(chunks(lines), { objectMode: false }), stream);
    this.rows += stream.rowCount;
    return stream.rowCount;
  }
}

interface Published<T> {
  readonly id: string;
  readonly body: T;
  /** Whether this import published it. */
  readonly published: boolean;
  /** Version as the mapping names it; that of `body` may have a suffix. */
  readonly edition: string;
}

/** What a gain would add to a cohort's aggregate; the site may be enrolled later. */
function contribution(gain: GainResult): string | null {
  if (!gain.comparable) return null;
  const { realChange, scopeChange, checklistChange, missingItems } = gain.microPoints;
  return JSON.stringify({
    gain: contributionOf(gain),
    parts: { realChange, scopeChange, checklistChange, missingItems },
  });
}

/** Joins two published states of one edition: items of the same code and content are the same, others are not compared. */
function lineageByText(from: ChecklistVersion, to: ChecklistVersion): Crosswalk {
  const before = new Map(from.requirements.map((r) => [r.code, r]));
  const after = new Set(to.requirements.map((r) => r.code));
  const edges: LineageEdge[] = to.requirements.map((item) => {
    const old = before.get(item.code);
    if (!old) return { relation: 'new', from: [], to: [item.code], comparable: false };
    const text = (r: typeof item) => contentHash([r.question, r.weight, r.class, r.criticality]);
    const same = text(old) === text(item);
    return { relation: same ? 'kept' : 'reworded', from: [item.code], to: [item.code], comparable: same };
  });
  for (const { code } of from.requirements)
    if (!after.has(code)) edges.push({ relation: 'dropped', from: [code], to: [], comparable: false });
  return {
    format: 'uplift.crosswalk/1',
    from: { checklist: from.checklist, version: from.version },
    to: { checklist: to.checklist, version: to.version },
    status: 'proposed',
    note: 'Made by the import: two states of one edition of the source, joined by code and content.',
    edges,
  };
}

/** So many at a time that the sections of a large import need not be held in memory. */
const SCORES_AT_ONCE = 10_000;

type Cell = string | number | boolean | null;
const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '',
};

/** A row in the text format of COPY. NUL, which PostgreSQL does not store, is left out. */
function line(...cells: readonly Cell[]): string {
  let text = '';
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i]!;
    if (i > 0) text += '\t';
    if (cell === null) text += '\\N';
    else if (typeof cell !== 'string') text += cell;
    else text += /[\\\t\n\r\0]/.test(cell) ? cell.replace(/[\\\t\n\r\0]/g, (c) => ESCAPES[c]!) : cell;
  }
  return `${text}\n`;
}

function* mapped<T>(items: Iterable<T>, text: (item: T) => string): Generator<string> {
  for (const item of items) yield text(item);
}

const CHUNK = 128 * 1024;

/** Lines gathered into pieces worth sending. */
function* chunks(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  for (const next of lines) {
    text += next;
    if (text.length < CHUNK) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text) yield Buffer.from(text);
}

/** Time-ordered ids (UUID version 7): rows that are written together stand together in the indexes. */
function idMaker(): () => string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = Buffer.allocUnsafe(6 * 4096);
  let used = random.length;
  let count = 0;
  return () => {
    if (used === random.length) {
      randomFillSync(random);
      used = 0;
    }
    used += 6;
    const high = ((count >> 14) & 0xfff).toString(16).padStart(3, '0');
    const low = (0x8000 | (count & 0x3fff)).toString(16);
    count++;
    return `${time.slice(0, 8)}-${time.slice(8)}-7${high}-${low}-${random.toString('hex', used - 6, used)}`;
  };
}
