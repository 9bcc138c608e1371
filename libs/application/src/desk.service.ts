import type { Duty } from '#domain';
import type { Database } from '#persistence';
import type { Actor } from './actor.js';
import { type AssessmentRow, assessmentColumns, assessmentJoins } from './assessments.service.js';
import { exceptionOf, judgeAssessment } from './impartiality.js';
import type { ShownFact } from './impartiality.service.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { programmeDay } from './people.js';

/** Something that waits for a reviewer or a decider. */
export interface DeskTask {
  /** Of the assessment to review, or of the certificate to decide on. */
  readonly id: string;
  readonly duty: Extract<Duty, 'reviewer' | 'decider'>;
  readonly assessment: AssessmentRow;
  readonly certificateNumber: string | null;
  readonly site: string;
  readonly organisation: string;
  readonly assessor: string | null;
  /** Who has taken the review, or proposed the certificate. */
  readonly takenBy: { readonly userId: string; readonly name: string | null } | null;
  /** Since when it waits. */
  readonly since: Date;
  /**
   * What keeps the reader from doing it, by the programme's rules: their own part in it; for a decision, also what stands
   * without an exception against those before.
   */
  readonly inTheWay: readonly Pick<ShownFact, 'rule' | 'personId' | 'engagement' | 'clearsOn' | 'setting'>[];
}

/** Every task is judged by the rules of impartiality, which takes a moment: a page is never longer. */
const AT_ONCE = 50;

/** Whose ways to sites let them do a duty there. `$1` is the person. */
const HOLDS = (duty: string, site: string): string =>
  `EXISTS (SELECT 1 FROM site_access x WHERE x.user_id = $1 AND x.site_id = ${site} AND x.role IN (${duty}) AND x.part IN ('agency', 'assessment-provider'))`;

/** What waits for those who review and decide: one desk for all their programmes. */
export class DeskService {
  constructor(private readonly db: Database) {}

  /** What the actor's roles let them review or decide, whether or not impartiality lets them. In no particular order. */
  async tasks(actor: Actor, asked: PageRequest): Promise<Page<DeskTask>> {
    const page = { ...asked, limit: Math.min(asked.limit, AT_ONCE) };
    const rows: Row[] = await this.db.query(
      `SELECT t.*, s.name AS site, o.name AS organisation FROM (
         SELECT a.id, 'reviewer' AS duty, a.site_id, NULL AS "certificateNumber", a.id AS assessment_id, a.submitted_at AS since, i.reviewer_id AS taken_by
           FROM assessment a LEFT JOIN LATERAL (SELECT * FROM assessment_inside x WHERE x.id = a.id LIMIT 1) i ON true
          WHERE a.state IN ('submitted', 'under-review') AND ${HOLDS(`'reviewer', 'decider'`, 'a.site_id')}
         UNION ALL
         SELECT c.id, 'decider', c.site_id, c.number, c.assessment_id, coalesce((c.history -> -1 ->> 'at')::timestamptz, c.created_at), c.proposed_by
           FROM certificate c WHERE c.state = 'under-review' AND ${HOLDS(`'decider'`, 'c.site_id')}) t
         JOIN site s ON s.id = t.site_id JOIN organisation o ON o.id = s.organisation_id
        WHERE $2::uuid IS NULL OR t.id > $2 ORDER BY t.id LIMIT $3`,
      [actor.userId, page.after, page.limit + 1],
    );
    const { items, nextCursor } = pageOf(rows, page, ({ id }) => id);
    return { items: await this.judged(actor, items), nextCursor };
  }

  private async judged(actor: Actor, rows: readonly Row[]): Promise<DeskTask[]> {
    const assessments: AssessmentRow[] = await this.db.query(
      `SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = ANY ($1::uuid[])`,
      [rows.map((row) => row.assessment_id)],
    );
    const names = new Map<string, string | null>(
      (
        await this.db.query<{ id: string; name: string | null }[]>(
          `SELECT id, person_name(id) AS name FROM unnest($1::text[]) AS id`,
          [[...rows.map((row) => row.taken_by), ...assessments.map(({ assessorId }) => assessorId)]],
        )
      ).map(({ id, name }) => [id, name]),
    );
    const tasks: DeskTask[] = [];
    for (const { assessment_id: assessmentId, taken_by: takenBy, site_id: _site, ...row } of rows) {
      const assessment = assessments.find(({ id }) => id === assessmentId)!;
      const judged = await judgeAssessment(this.db, assessment, await programmeDay(this.db, assessment), {
        [row.duty]: actor.userId,
      });
      tasks.push({
        ...row,
        assessment,
        assessor: names.get(assessment.assessorId ?? '') ?? null,
        takenBy: takenBy === null ? null : { userId: takenBy, name: names.get(takenBy) ?? null },
        inTheWay: judged.breaches
          .filter(
            (breach) =>
              (row.duty === 'decider' || breach.duty === 'reviewer') && !exceptionOf(judged, breach),
          )
          .map(({ rule, personId, engagement, clearsOn, setting }) => ({
            rule,
            personId,
            engagement,
            clearsOn,
            setting,
          })),
      });
    }
    return tasks;
  }
}

type Row = Pick<DeskTask, 'id' | 'duty' | 'certificateNumber' | 'site' | 'organisation' | 'since'> & {
  readonly site_id: string;
  readonly assessment_id: string;
  readonly taken_by: string | null;
};
