import {
  checkBuyerRule,
  compileScoring,
  DomainError,
  evaluateReadiness,
  readinessOn,
  rescorer,
  visibleReadiness,
  type BuyerRule,
  type ChecklistVersion,
  type ReadinessCandidate,
  type Readiness,
  type ScoringProfile,
  type Seen,
} from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { mustSee, scopesOf, seenBy, seesRecord, siteAccess, type SiteAccess } from './access.js';
import { forbidden, type Actor } from './actor.js';
import { type LoadedAssessment, loadAssessment } from './assessments.service.js';
import { dayAround, programmeDay } from './people.js';
import { mustFollow } from './schemas.js';

export interface ReadinessRow {
  readonly siteId: string;
  readonly buyer: string;
  readonly rule: string;
  readonly title: string;
  /** The rule's titles in other languages, as the buyer gave them. */
  readonly translations: BuyerRule['translations'];
  readonly category: string;
  /** As of today. */
  readonly status: Readiness['status'];
  readonly validUntil: string | null;
  readonly assessmentId: string | null;
  readonly body: Readiness;
  /** The rule has a newer version: how the site stands under it is being worked out. */
  readonly outdated: boolean;
}

/** What comes with a row from the database: `dayAround` its last day. */
interface Stored {
  readonly today: string | null;
}

/** A site a buyer's rule is about, as the buyer's list shows it. */
export interface SupplierReadiness extends ReadinessRow {
  readonly siteName: string;
  readonly organisation: string;
}

/** Buyer readiness per buyer × product category × site, from the buyers' own rules. */
export class ReadinessService {
  constructor(private readonly db: Database) {}

  /** Publishes a buyer's rule; the newest version is the one in force. @throws DomainError when it can never be met. */
  async publishRule(actor: Actor | null, buyerId: string, rule: BuyerRule): Promise<string> {
    const mayPublish = actor?.memberships.some(
      (membership) =>
        membership.organisationId === buyerId && ['owner', 'qa-manager'].includes(membership.role),
    );
    if (actor && !mayPublish) throw forbidden('Only the buyer itself publishes its rules.');
    mustBeRule(rule);
    return this.db.transaction(async (tx) => {
      const { version, profile } = await ruleContent(tx, rule);
      checkBuyerRule(rule, version, profile);
      await tx.query(`UPDATE buyer_rule_row SET active = false WHERE buyer_id = $1 AND rule = $2`, [
        buyerId,
        rule.rule,
      ]);
      const id = randomUUID();
      const inserted = await tx.query(
        `INSERT INTO buyer_rule_row (id, buyer_id, rule, version, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id`,
        [id, buyerId, rule.rule, rule.version, JSON.stringify(rule)],
      );
      if (inserted.length === 0)
        throw new DomainError('version-published', 'This version of the rule is published.', [], 'conflict');
      await appendToOutbox(tx, 'rules-changed', { buyerId });
      return id;
    });
  }

  /** Evaluates every rule in force for one site, each of its categories apart, on `day` (default: the programme's today). */
  async evaluateSite(siteId: string, day?: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const today = day ?? (await programmeDay(tx, { siteId }));
      // One evaluation of a site at a time. Not by its row: whoever only computes has no right to lock it.
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('uplift.readiness ' || $1::text, 0))`, [
        siteId,
      ]);
      const [site] = await tx.query(`SELECT categories FROM site WHERE id = $1`, [siteId]);
      if (!site) return;
      const rules = await tx.query(
        `SELECT r.id, r.body FROM buyer_rule_row r WHERE r.active AND EXISTS (SELECT 1 FROM site_reach x
           WHERE x.site_id = $1 AND x.organisation_id = r.buyer_id AND x.part IN ('buyer', 'grantee')
             AND 'score' = ANY (x.scopes) AND (x.until IS NULL OR x.until >= current_date))`,
        [siteId],
      );
      const candidates = await this.candidates(tx, siteId);
      await tx.query(`DELETE FROM readiness WHERE site_id = $1`, [siteId]);
      for (const { id, body: rule } of rules as { id: string; body: BuyerRule }[]) {
        const assessments = candidates.flatMap((make) => make(rule) ?? []);
        for (const category of site.categories as string[]) {
          const readiness = evaluateReadiness(rule, { categories: [category], assessments, today });
          if (readiness.status === 'not-covered') continue;
          await tx.query(
            `INSERT INTO readiness (id, site_id, buyer_rule_id, category, status, valid_until, assessment_id, body, evaluated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
            [
              randomUUID(),
              siteId,
              id,
              category,
              readiness.status,
              readiness.validUntil,
              readiness.assessmentId,
              JSON.stringify(readiness),
            ],
          );
        }
      }
    });
  }

  /**
   * Looks again at every site whose readiness has run out by the day it is where its programme is, or was worked out by a
   * version of Uplift that kept less of it.
   */
  async evaluateExpired(now = new Date()): Promise<void> {
    const sites: { id: string }[] = await this.db.query(
      `SELECT DISTINCT r.site_id AS id FROM readiness r
         LEFT JOIN LATERAL (SELECT p.time_zone FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN programme p ON p.id = c.programme_id
                             WHERE e.site_id = r.site_id ORDER BY e.enrolled_on DESC, e.id LIMIT 1) z ON true
        WHERE (r.status IN ('ready', 'conditional') AND r.valid_until < ($1::timestamptz AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date)
           OR NOT r.body ? 'graceUntil'`,
      [now],
    );
    for (const { id } of sites) await this.evaluateSite(id, await programmeDay(this.db, { siteId: id }, now));
  }

  /** Readiness of a site as the actor may see it; a buyer sees its own rules only. */
  async ofSite(actor: Actor, siteId: string): Promise<ReadinessRow[]> {
    const access = await siteAccess(this.db, actor, siteId);
    mustSee(access, 'score');
    return readinessOf(this.db, siteId, actor, access);
  }

  /** Every site a rule is about, with its status: the buyer's list. */
  async suppliers(actor: Actor, buyerId: string, status?: string): Promise<SupplierReadiness[]> {
    if (!actor.memberships.some((membership) => membership.organisationId === buyerId))
      throw forbidden('Only members of the buyer see its list.');
    const rows: (SupplierReadiness & Stored & { seen: Seen[] })[] = await this.db.query(
      `SELECT r.site_id AS "siteId", s.name AS "siteName", o.name AS organisation, x.seen, b.name AS buyer, br.rule, br.body->>'title' AS title,
              coalesce(br.body->'translations', '{}') AS translations, r.category, r.status, r.valid_until::text AS "validUntil", r.assessment_id AS "assessmentId", r.body,
              NOT br.active AS outdated, ${dayAround('r.site_id', 'r.valid_until')} AS today
         FROM readiness_explained r JOIN buyer_rule_row br ON br.id = r.buyer_rule_id JOIN organisation b ON b.id = br.buyer_id
         JOIN site s ON s.id = r.site_id JOIN organisation o ON o.id = s.organisation_id
         JOIN LATERAL (SELECT ${scopesOf('$3', 'r.site_id')} AS seen) x ON x.seen && '{record,score}'
        WHERE br.buyer_id = $1 AND ($2::text IS NULL OR r.status = $2 OR ($2 = 'not-ready' AND r.valid_until <= current_date))
        ORDER BY s.name, r.category LIMIT 1000`,
      [buyerId, status ?? null, actor.userId],
    );
    return rows
      .map(({ seen, ...row }) => asOfToday({ ...row, body: visibleReadiness(row.body, seen) }))
      .filter((row) => !status || row.status === status);
  }

  private async candidates(tx: EntityManager, siteId: string) {
    const rows = await tx.query(
      `SELECT id FROM assessment WHERE site_id = $1 AND state IN ('submitted', 'under-review', 'closed') ORDER BY assessed_on DESC LIMIT 6`,
      [siteId],
    );
    // One after the other: a transaction has one connection.
    const loaded: LoadedAssessment[] = [];
    for (const { id } of rows as { id: string }[]) loaded.push(await loadAssessment(tx, id));
    return loaded.map((assessment) => (rule: BuyerRule): ReadinessCandidate | null => {
      const { checklistBody, profileBody, responsesAfterClosure } = assessment;
      if (checklistBody.checklist !== rule.checklist || profileBody.profile !== rule.profile) return null;
      if (!checklistBody.levels.some((level: { code: string }) => level.code === rule.level)) return null;
      const compiled = compileScoring(checklistBody, rule.level, profileBody);
      const asked = new Set(compiled.requirements.map((requirement) => requirement.code));
      const own = responsesAfterClosure.filter((response: { requirement: string }) =>
        asked.has(response.requirement),
      );
      return {
        assessmentId: assessment.id,
        date: assessment.assessedOn,
        kind: assessment.kind,
        checklist: checklistBody,
        level: assessment.level,
        profile: profileBody,
        score: compiled.score(own, 'after-closure'),
        rescore: rescorer(compiled, profileBody, own, 'after-closure'),
      };
    });
  }
}

/** @throws DomainError `buyer-rule-invalid` unless it follows the schema */
export const mustBeRule = (rule: BuyerRule): BuyerRule =>
  mustFollow('buyer-rule', rule, 'buyer-rule-invalid', 'The rule does not follow buyer-rule.schema.json.');

/** The newest edition and profile that a rule names. @throws DomainError `buyer-rule-invalid` when there is none */
export async function ruleContent(
  db: Pick<EntityManager, 'query'>,
  rule: BuyerRule,
): Promise<{ version: ChecklistVersion; profile: ScoringProfile }> {
  const [version] = await db.query(
    `SELECT body FROM checklist_version WHERE checklist = $1 ORDER BY published_at DESC, version DESC LIMIT 1`,
    [rule.checklist],
  );
  const [profile] = await db.query(
    `SELECT body FROM scoring_profile WHERE profile = $1 ORDER BY published_at DESC LIMIT 1`,
    [rule.profile],
  );
  if (!version || !profile)
    throw new DomainError(
      'buyer-rule-invalid',
      'The rule names a checklist or profile that is not published.',
    );
  return { version: version.body, profile: profile.body };
}

/** A row as it stands today, whenever it was worked out. */
function asOfToday<Row extends ReadinessRow>({
  today,
  ...row
}: Row & Stored): ReadinessRow & Omit<Row, 'body'> {
  // What an older version of Uplift has kept lacks some.
  const kept = {
    ...row.body,
    status: row.status,
    validUntil: row.validUntil,
    assessedOn: row.body.assessedOn ?? null,
    graceUntil: row.body.graceUntil ?? null,
  };
  const body = readinessOn(kept, today ?? dayIn(new Date()));
  return { ...(row as unknown as Row), body, status: body.status, validUntil: body.validUntil };
}

/**
 * Stored readiness of a site as far as somebody sees it: under every rule for who works on the record, under their own
 * rules for everybody else.
 */
export async function readinessOf(
  db: Pick<EntityManager, 'query'>,
  siteId: string,
  actor: Actor,
  access: readonly SiteAccess[],
): Promise<ReadinessRow[]> {
  const buyers = seesRecord(access) ? null : actor.memberships.map(({ organisationId }) => organisationId);
  const rows = await storedReadiness(db, siteId, buyers);
  return rows.map((row) => ({ ...row, body: visibleReadiness(row.body, seenBy(access)) }));
}

/** Stored readiness of a site, whole; `buyers` narrows it to the rules of these organisations. For the worker. */
export async function storedReadiness(
  db: Pick<EntityManager, 'query'>,
  siteId: string,
  buyers: readonly string[] | null = null,
): Promise<ReadinessRow[]> {
  const rows: (ReadinessRow & Stored)[] = await db.query(
    `SELECT r.site_id AS "siteId", b.name AS buyer, br.rule, br.body->>'title' AS title,
            coalesce(br.body->'translations', '{}') AS translations, r.category, r.status,
            r.valid_until::text AS "validUntil", r.assessment_id AS "assessmentId", r.body,
            NOT br.active AS outdated, ${dayAround('r.site_id', 'r.valid_until')} AS today
       FROM readiness_explained r JOIN buyer_rule_row br ON br.id = r.buyer_rule_id JOIN organisation b ON b.id = br.buyer_id
      WHERE r.site_id = $1 AND ($2::uuid[] IS NULL OR br.buyer_id = ANY($2)) ORDER BY b.name, br.rule, r.category`,
    [siteId, buyers],
  );
  return rows.map((row) => asOfToday(row));
}
