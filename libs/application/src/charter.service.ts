import {
  DomainError,
  impliedScopes,
  LEAST_K,
  nextSnapshot,
  type AggregateRow,
  type PublishedGroups,
  type Scope,
  type Snapshot,
} from '#domain';
import type { Database } from '#persistence';
import { appendToOutbox, dayIn } from '#platform';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { forbidden, notFound, type Actor } from './actor.js';
import { mustBeCurrent } from './revision.js';

/** What a programme lets others see: its buyers of every enrolled site, donors and the public of all together. */
export interface Charter {
  readonly buyerScopes: Scope[];
  readonly donorAggregates: boolean;
  readonly publicAggregates: boolean;
  /** Smallest number of sites a published figure may be about. */
  readonly smallestGroup: number;
}

export interface CharterRow extends Charter {
  readonly programmeId: string;
  readonly revision: number;
}

/** Aggregates as they were published; nothing is worked out when they are asked for. */
export interface PublishedAggregates extends Snapshot {
  readonly publishedAt: Date;
}

const columns = `id AS "programmeId", buyer_scopes AS "buyerScopes", donor_aggregates AS "donorAggregates",
  public_aggregates AS "publicAggregates", k_anonymity AS "smallestGroup", charter_revision AS revision`;

/** A programme's charter, and the aggregates it publishes. */
export class CharterService {
  constructor(private readonly db: Database) {}

  /** The charter, for participants and for suppliers with an enrolled site. @throws DomainError `not-found`. */
  get(actor: Actor, programmeId: string): Promise<CharterRow> {
    return this.db.transaction((tx) => charterOf(tx, programmeId));
  }

  /** Changes what others see, at once; suppliers with an enrolled site are told. @throws DomainError `stale-revision`. */
  async put(
    actor: Actor,
    programmeId: string,
    revision: number | null,
    charter: Charter,
  ): Promise<CharterRow> {
    if (
      !Number.isInteger(charter.smallestGroup) ||
      charter.smallestGroup < LEAST_K ||
      charter.smallestGroup > 100
    )
      throw new DomainError('charter-invalid', 'The charter cannot be like this.', [
        { field: '/smallestGroup', message: `${charter.smallestGroup}`, fix: `Use ${LEAST_K} to 100.` },
      ]);
    return this.db.transaction(async (tx) => {
      const before = await charterOf(tx, programmeId);
      const [manages] = await tx.query(`SELECT $1 = ANY (actor_managed_programmes()) AS yes`, [programmeId]);
      if (!manages.yes) throw forbidden('Only the programme manager changes its charter.');
      mustBeCurrent('charter', revision, before.revision);
      const [, changed] = (await tx.query(
        `UPDATE programme SET buyer_scopes = $2, donor_aggregates = $3, public_aggregates = $4, k_anonymity = $5, charter_revision = charter_revision + 1
          WHERE id = $1 AND charter_revision = $6`,
        [
          programmeId,
          impliedScopes(charter.buyerScopes),
          charter.donorAggregates,
          charter.publicAggregates,
          charter.smallestGroup,
          before.revision,
        ],
      )) as [unknown, number];
      if (changed === 0)
        throw new DomainError('stale-revision', 'Somebody else changed the charter just now.', [], 'stale');
      await appendToOutbox(tx, 'charter-changed', { programmeId, revision: before.revision + 1 });
      return charterOf(tx, programmeId);
    });
  }

  /** The newest published aggregates, for the agency, and for donors and authorities as the charter says. */
  async aggregates(
    actor: Actor,
    programmeId: string,
  ): Promise<PublishedAggregates | { cells: []; publishedAt: null }> {
    return this.db.transaction(async (tx) => {
      const [may] = await tx.query(`SELECT $1 = ANY (actor_aggregates()) AS yes`, [programmeId]);
      if (!may.yes) throw notFound('programme');
      const [row] = await tx.query(
        `SELECT published_at AS "publishedAt", body FROM aggregate_snapshot WHERE programme_id = $1 ORDER BY published_at DESC LIMIT 1`,
        [programmeId],
      );
      return row ? { publishedAt: row.publishedAt, ...row.body } : { publishedAt: null, cells: [] };
    });
  }

  /** What anybody may know of a programme; one that is not public is answered like one that does not exist. */
  async publicProgramme(code: string) {
    const [row] = await this.db.query(`SELECT * FROM public_programme($1)`, [code]);
    if (!row) throw notFound('programme');
    return {
      code: row.code as string,
      name: row.name as string,
      agency: row.agency as string | null,
      aggregates: row.body ? ({ publishedAt: row.published_at, ...row.body } as PublishedAggregates) : null,
    };
  }

  // ------------------------------------------------------------------------------------------------- the worker's

  /** Publishes a snapshot for every programme of which enough has changed since its last one. Returns how many. */
  async publish(today = dayIn(new Date())): Promise<number> {
    const programmes: { id: string }[] = await this.db.transaction((tx) =>
      tx.query(`SELECT id FROM programme WHERE donor_aggregates OR public_aggregates ORDER BY id`),
    );
    let published = 0;
    for (const { id } of programmes)
      if (await this.db.transaction((tx) => publishOne(tx, id, today))) published += 1;
    return published;
  }

  /** Who is told of a change of the charter, and what: nothing when it has changed again since. */
  async charterLetters(
    programmeId: string,
    revision: number,
  ): Promise<{
    programme: string;
    charter: CharterRow;
    people: { name: string; email: string; language: string }[];
  } | null> {
    return this.db.transaction(async (tx) => {
      const charter = await charterOf(tx, programmeId);
      if (charter.revision !== revision) return null;
      const [{ name }] = await tx.query(`SELECT name FROM programme WHERE id = $1`, [programmeId]);
      const people = await tx.query(`SELECT * FROM charter_recipients($1)`, [programmeId]);
      return { programme: name, charter, people };
    });
  }

  /** Sites that a programme's charter is about. */
  async sitesOf(programmeId: string): Promise<string[]> {
    const rows: { id: string }[] = await this.db.transaction((tx) =>
      tx.query(`SELECT DISTINCT site_id AS id FROM site_reach WHERE programme_id = $1`, [programmeId]),
    );
    return rows.map((row) => row.id);
  }
}

async function charterOf(tx: EntityManager, programmeId: string): Promise<CharterRow> {
  const [row] = await tx.query(`SELECT ${columns} FROM programme WHERE id = $1`, [programmeId]);
  if (!row) throw notFound('programme');
  return row;
}

async function publishOne(tx: EntityManager, programmeId: string, today: string): Promise<boolean> {
  // Two sweeps at a time would each publish a difference the other does not know of.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('uplift aggregates ' || $1, 0))`, [
    programmeId,
  ]);
  const charter = await charterOf(tx, programmeId);
  const [last] = await tx.query(
    `SELECT s.body, b.groups FROM aggregate_snapshot s JOIN aggregate_basis b ON b.snapshot_id = s.id
      WHERE s.programme_id = $1 ORDER BY s.published_at DESC LIMIT 1`,
    [programmeId],
  );
  const next = nextSnapshot(await resultsOf(tx, programmeId), charter.smallestGroup, today, {
    snapshot: (last?.body as Snapshot | undefined) ?? null,
    published: (last?.groups as PublishedGroups | undefined) ?? {},
  });
  if (!next) return false;
  const id = randomUUID();
  await tx.query(
    `INSERT INTO aggregate_snapshot (id, programme_id, published_at, body) VALUES ($1, $2, clock_timestamp(), $3)`,
    [id, programmeId, JSON.stringify(next.snapshot)],
  );
  await tx.query(`INSERT INTO aggregate_basis (snapshot_id, groups) VALUES ($1, $2)`, [
    id,
    JSON.stringify(next.published),
  ]);
  return true;
}

/** The newest closed result of every enrolled site, in the programme's own cohorts. */
async function resultsOf(tx: EntityManager, programmeId: string): Promise<AggregateRow[]> {
  const rows = await tx.query(
    `SELECT s.id AS site, s.country::text AS country, s.categories, e.cohorts, a.points, a.passed, g.change, a.sections
       FROM site s
       JOIN (SELECT e.site_id, array_agg(DISTINCT c.name ORDER BY c.name) AS cohorts FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
              WHERE c.programme_id = $1 GROUP BY 1) e ON e.site_id = s.id
       JOIN LATERAL (SELECT sc.micro_points / 1e6 AS points, sc.passed, x.as_found -> 'sections' AS sections
              FROM assessment a JOIN cohort c ON c.id = a.cohort_id AND c.programme_id = $1
              JOIN assessment_score sc ON sc.assessment_id = a.id AND sc.micro_points IS NOT NULL
              LEFT JOIN assessment_explanation x ON x.assessment_id = a.id AND x.detail = 'sections'
             WHERE a.site_id = s.id AND a.state = 'closed' AND a.kind <> 'self' ORDER BY a.assessed_on DESC, a.id DESC LIMIT 1) a ON true
       LEFT JOIN LATERAL (SELECT (g.follow_up_micro - g.baseline_micro) / 1e6 AS change
              FROM gain g JOIN assessment f ON f.id = g.follow_up_id AND f.state = 'closed' JOIN cohort c ON c.id = g.cohort_id AND c.programme_id = $1
             WHERE g.site_id = s.id AND g.comparable ORDER BY f.assessed_on DESC, f.id DESC LIMIT 1) g ON true
      ORDER BY s.id`,
    [programmeId],
  );
  return rows.map(
    (
      row: Omit<AggregateRow, 'points' | 'change' | 'sections'> & {
        points: string;
        change: string | null;
        sections: { section: string; points: number | null }[] | null;
      },
    ): AggregateRow => ({
      ...row,
      points: Number(row.points),
      change: row.change === null ? null : Number(row.change),
      sections: Object.fromEntries(
        (row.sections ?? []).flatMap(({ section, points }) => (points === null ? [] : [[section, points]])),
      ),
    }),
  );
}
