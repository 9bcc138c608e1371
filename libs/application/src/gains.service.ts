import {
  aggregateFigures,
  type GainResult,
  mergeAggregates,
  type AggregateFigures,
  type Seen,
  visibleGain,
} from '#domain';
import type { Database, Queryable } from '#persistence';
import type { ExceptionLine } from '#reporting';
import {
  cohortAccess,
  mustSee,
  programmeAccess,
  resultAccess,
  scopesOf,
  seenBy,
  seesRecord,
  siteAccess,
  type SiteAccess,
} from './access.js';
import type { Actor } from './actor.js';
import { exceptionsBehind } from './impartiality.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { emptyCohort, type CohortBody } from './results.service.js';

export interface GainRow {
  readonly followUpId: string;
  readonly baselineId: string;
  readonly siteId: string;
  readonly cohortId: string | null;
  readonly comparable: boolean;
  /** The gain with its parts, denominators and editions, or why there is none; without items unless answers are shared. */
  readonly gain: ReturnType<typeof visibleGain>;
  /** Breaches of impartiality that were allowed for one of its assessments. */
  readonly exceptions: readonly ExceptionLine[];
}

type StoredGain = Omit<GainRow, 'gain' | 'exceptions'> & { readonly gain: GainResult };

/** A site's follow-up, section by section. */
export interface SitePoints {
  readonly followUpId: string;
  readonly siteId: string;
  readonly site: string;
  /** Points of the follow-up by the section's code; null: nothing of it was rated. */
  readonly sections: Readonly<Record<string, number | null>>;
}

/** Gains of many sites, a page of them, with the figures of all. */
export interface GainsPage extends Page<GainRow> {
  readonly aggregate: GainAggregate;
}

/** What a mean stands on; never shown without it. */
export interface GainAggregate {
  readonly nEnrolled: number;
  readonly nBaseline: number;
  readonly nFollowUp: number;
  /** Of the sites with a follow-up, those that passed at the newest one, as found. */
  readonly nPassed: number;
  readonly figures: AggregateFigures;
  /** `exceptions`: gains of which an assessment rests on a breach of impartiality that was allowed. */
  readonly independence: CohortBody['independence'] & { readonly exceptions: number };
}

const columns = `g.follow_up_id AS "followUpId", g.baseline_id AS "baselineId", g.site_id AS "siteId", g.cohort_id AS "cohortId", g.comparable, g.body AS gain`;

/** A gain says every item of both assessments: a page is never longer. */
const AT_ONCE = 200;

/** Gains of sites, and what they come to in a cohort or a programme. */
export class GainsService {
  constructor(private readonly db: Database) {}

  /** Gains of a site, newest first, each with everything it must be shown with. */
  async ofSite(actor: Actor, siteId: string): Promise<GainRow[]> {
    const access = await siteAccess(this.db, actor, siteId);
    mustSee(access, 'section-scores');
    const rows: StoredGain[] = await this.db.query(
      `SELECT ${columns} FROM gain_explained g JOIN assessment a ON a.id = g.follow_up_id
        WHERE g.site_id = $1 AND ($2 OR a.state = 'closed') ORDER BY a.assessed_on DESC`,
      [siteId, seesRecord(access)],
    );
    return this.withExceptions(rows.map((row) => ({ ...row, gain: visibleGain(row.gain, seenBy(access)) })));
  }

  /** Gains of a cohort's sites, with the cohort's figures from its running aggregate. Buyers see closed ones. */
  async ofCohort(actor: Actor, cohortId: string, page: PageRequest): Promise<GainsPage> {
    const access = await cohortAccess(this.db, actor, cohortId);
    return this.over(actor, resultAccess(access, 'cohort'), [cohortId], page);
  }

  /** The same over all cohorts of a programme. A site in two cohorts counts in each. */
  async ofProgramme(actor: Actor, programmeId: string, page: PageRequest): Promise<GainsPage> {
    const access = await programmeAccess(this.db, actor, programmeId);
    const cohorts: { id: string }[] = await this.db.query(`SELECT id FROM cohort WHERE programme_id = $1`, [
      programmeId,
    ]);
    return this.over(
      actor,
      resultAccess(access, 'programme'),
      cohorts.map(({ id }) => id),
      page,
    );
  }

  /** Follow-ups of a cohort's comparable gains, section by section and nothing else: for pictures of all its sites. */
  async sectionPoints(actor: Actor, cohortId: string, page: PageRequest): Promise<Page<SitePoints>> {
    const access = resultAccess(await cohortAccess(this.db, actor, cohortId), 'cohort');
    mustSee(access, 'section-scores');
    const rows: SitePoints[] = await this.db.query(
      `SELECT g.follow_up_id AS "followUpId", g.site_id AS "siteId", s.name AS site,
              (SELECT coalesce(jsonb_object_agg(x ->> 'section', x -> 'followUp'), '{}') FROM jsonb_array_elements(g.body -> 'sections') x) AS sections
         FROM gain g JOIN assessment a ON a.id = g.follow_up_id JOIN site s ON s.id = g.site_id
        WHERE g.cohort_id = $1 AND g.comparable AND ($2 OR a.state = 'closed') AND ($3::uuid IS NULL OR g.follow_up_id > $3)
          AND ${scopesOf('$5', 'g.site_id')} && '{record,section-scores,answers}'
        ORDER BY g.follow_up_id LIMIT $4`,
      [cohortId, seesRecord(access), page.after, page.limit + 1, actor.userId],
    );
    return pageOf(rows, page, ({ followUpId }) => followUpId);
  }

  private async over(
    actor: Actor,
    access: readonly SiteAccess[],
    cohortIds: readonly string[],
    asked: PageRequest,
  ): Promise<GainsPage> {
    mustSee(access, 'section-scores');
    const page = { ...asked, limit: Math.min(asked.limit, AT_ONCE) };
    const rows: (StoredGain & { seen: Seen[] })[] = await this.db.query(
      `SELECT ${columns}, ${scopesOf('$5', 'g.site_id')} AS seen FROM gain_explained g JOIN assessment a ON a.id = g.follow_up_id
        WHERE g.cohort_id = ANY($1) AND ($2 OR a.state = 'closed') AND ($3::uuid IS NULL OR g.follow_up_id > $3)
        ORDER BY g.follow_up_id LIMIT $4`,
      [cohortIds, seesRecord(access), page.after, page.limit + 1, actor.userId],
    );
    const shown = rows.map(({ seen, ...row }) => ({ ...row, gain: visibleGain(row.gain, seen) }));
    const { items, nextCursor } = pageOf(shown, page, (row) => row.followUpId);
    return {
      items: await this.withExceptions(items),
      nextCursor,
      aggregate: await this.aggregate(cohortIds),
    };
  }

  private async withExceptions(rows: readonly Omit<GainRow, 'exceptions'>[]): Promise<GainRow[]> {
    const behind = await exceptionsBehind(
      this.db,
      rows.flatMap(({ baselineId, followUpId }) => [baselineId, followUpId]),
    );
    return rows.map((row) => ({
      ...row,
      exceptions: [row.baselineId, row.followUpId].flatMap((id) => behind.get(id) ?? []),
    }));
  }

  private async aggregate(cohortIds: readonly string[]): Promise<GainAggregate> {
    const rows: { baselines: number; followUps: number; body: CohortBody }[] = await this.db.query(
      `SELECT baselines, follow_ups AS "followUps", body FROM cohort_aggregate WHERE cohort_id = ANY($1)`,
      [cohortIds],
    );
    const [{ enrolled }] = await this.db.query(`SELECT enrolled FROM cohort_flow($1)`, [cohortIds]);
    const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0);
    return {
      nEnrolled: enrolled,
      nBaseline: sum((row) => row.baselines),
      nFollowUp: sum((row) => row.followUps),
      nPassed: await passedFollowUps(this.db, cohortIds),
      figures: aggregateFigures(
        rows.reduce((all, row) => mergeAggregates(all, row.body.gains), emptyCohort().gains),
      ),
      independence: {
        independent: sum((row) => row.body.independence.independent),
        overlapping: sum((row) => row.body.independence.overlapping),
        unknown: sum((row) => row.body.independence.unknown),
        exceptions: await gainsWithException(this.db, cohortIds),
      },
    };
  }
}

/** How many sites of cohorts have passed, as found, at the newest follow-up that was scored; a site in two counts in each. */
async function passedFollowUps(db: Queryable, cohortIds: readonly string[]): Promise<number> {
  const [{ n }] = await db.query(
    `SELECT count(*)::int AS n FROM (
       SELECT DISTINCT ON (a.site_id, a.cohort_id) s.passed FROM assessment a JOIN assessment_score s ON s.assessment_id = a.id
        WHERE a.cohort_id = ANY ($1::uuid[]) AND a.kind = 'follow-up' AND a.state <> 'void'
        ORDER BY a.site_id, a.cohort_id, a.assessed_on DESC, a.id DESC) newest WHERE passed`,
    [[...cohortIds]],
  );
  return n;
}

/** How many comparable gains of cohorts rest on an exception. Begins at the exceptions: few, however large the cohort. */
export async function gainsWithException(db: Queryable, cohortIds: readonly string[]): Promise<number> {
  const [{ n }] = await db.query(
    `SELECT count(DISTINCT g.follow_up_id)::int AS n FROM assessment_exception x
       JOIN gain g ON g.site_id = x.site_id AND x.assessment_id IN (g.follow_up_id, g.baseline_id)
      WHERE x.rule NOT LIKE 'decider-%' AND g.comparable AND g.cohort_id = ANY ($1::uuid[])
        AND x.programme_id IN (SELECT programme_id FROM cohort WHERE id = ANY ($1::uuid[]))`,
    [[...cohortIds]],
  );
  return n;
}
