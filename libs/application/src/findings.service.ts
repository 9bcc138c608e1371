import { DomainError, FINDING_GRADES, parseLocalDate } from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import {
  ASSESSMENT_SCOPES,
  FINDING_SCOPES,
  fewSites,
  may,
  must,
  mustSee,
  sees,
  seesRecord,
  siteAccess,
  type SiteAccess,
} from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { isUniqueViolation } from './assessments.service.js';
import { acceptCorrection, correctionsOf, type CorrectionRow } from './corrections.js';
import { programmeDay } from './people.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

export interface FindingRow {
  readonly id: string;
  readonly assessmentId: string;
  readonly siteId: string;
  readonly requirement: string;
  readonly section: string;
  readonly grade: string;
  readonly conformity: string;
  readonly note: string | null;
  readonly dueOn: string | null;
  readonly closedOn: string | null;
  /** How it was closed after the assessment; null while open, or when it was closed before the assessment ended. */
  readonly closure: { readonly closedOn: string; readonly note: string; readonly closedBy: string } | null;
  /** Closures that were taken back, oldest first. */
  readonly reopenings: readonly { readonly closedOn: string; readonly reason: string; readonly at: string }[];
  /** What was handed in as put right, oldest first; only for who works on the record. */
  readonly corrections: readonly CorrectionRow[];
}

// The closure in force stands here before the worker has computed the result again.
const columns = `
  f.id, f.assessment_id AS "assessmentId", a.site_id AS "siteId", f.requirement, f.section, f.grade, f.conformity, f.note,
  f.due_on::text AS "dueOn", ${closedOnOf('f')}::text AS "closedOn",
  (SELECT jsonb_build_object('closedOn', c.closed_on, 'note', c.note, 'closedBy', c.closed_by) FROM finding_closure c
    WHERE c.assessment_id = f.assessment_id AND c.requirement = f.requirement AND c.reopened_at IS NULL) AS closure,
  coalesce((SELECT jsonb_agg(jsonb_build_object('closedOn', c.closed_on, 'reason', c.reopen_reason, 'at', c.reopened_at) ORDER BY c.reopened_at)
    FROM finding_closure c WHERE c.assessment_id = f.assessment_id AND c.requirement = f.requirement AND c.reopened_at IS NOT NULL), '[]') AS reopenings,
  ${correctionsOf('f')} AS corrections`;
const joins = `finding f JOIN assessment a ON a.id = f.assessment_id`;

/**
 * SQL of the day on which a finding was closed: afterwards, or, as imported, with the response. Who sees corrective
 * actions but no answers has that day from the finding itself, unless a closure was taken back since.
 */
export function closedOnOf(finding: string): string {
  const of = (row: string) =>
    `${row}.assessment_id = ${finding}.assessment_id AND ${row}.requirement = ${finding}.requirement`;
  return `coalesce((SELECT c.closed_on FROM finding_closure c WHERE ${of('c')} AND c.reopened_at IS NULL),
            (SELECT r.closed_on FROM response r WHERE ${of('r')}),
            CASE WHEN NOT EXISTS (SELECT 1 FROM finding_closure c WHERE ${of('c')}) THEN ${finding}.closed_on END)`;
}

const AFTER_SUBMISSION: readonly string[] = ['submitted', 'under-review', 'closed'];

/** Findings of the assessors: listed, closed once they are mended, and opened again. */
export class FindingsService {
  constructor(private readonly db: Database) {}

  /** Findings of an assessment, most serious first. */
  async ofAssessment(actor: Actor, assessmentId: string): Promise<FindingRow[]> {
    const [assessment] = await this.db.query(
      `SELECT site_id AS "siteId", state FROM assessment WHERE id = $1`,
      [assessmentId],
    );
    if (!assessment) throw notFound('assessment');
    await mustSeeFindings(this.db, actor, assessment);
    return this.db.query(
      `SELECT ${columns} FROM ${joins} WHERE f.assessment_id = $1 ORDER BY array_position($2::text[], f.grade), f.requirement`,
      [assessmentId, FINDING_GRADES],
    );
  }

  /** Findings across the sites whose findings the actor sees; of what is only shared, those of closed assessments. */
  async list(
    actor: Actor,
    filter: {
      cohortId?: string;
      siteId?: string;
      grade?: string;
      open?: boolean;
      overdue?: boolean;
      corrected?: boolean;
    },
    page: PageRequest,
    today = dayIn(new Date()),
  ): Promise<Page<FindingRow>> {
    const few = await fewSites(this.db);
    const rows = await this.db.query(
      `SELECT ${columns} FROM ${joins}
        WHERE (SELECT true FROM site_access x WHERE x.user_id = $1 AND x.site_id = a.site_id
                  AND a.state <> 'void' AND ('record' = ANY (x.scopes) OR (a.state = 'closed' AND x.scopes && $10::text[])) LIMIT 1)
          AND ($11::boolean IS NULL OR $11 = EXISTS (SELECT 1 FROM correction k
                 WHERE k.assessment_id = f.assessment_id AND k.requirement = f.requirement AND k.state = 'handed-in'))
          ${few ? 'AND a.site_id = ANY ($12)' : ''}
          AND ($2::uuid IS NULL OR a.cohort_id = $2) AND ($3::uuid IS NULL OR a.site_id = $3)
          AND ($4::text IS NULL OR f.grade = $4) AND ($5::boolean IS NULL OR $5 = (${closedOnOf('f')} IS NULL))
          AND ($6::boolean IS NULL OR $6 = (${closedOnOf('f')} IS NULL AND f.due_on IS NOT NULL AND f.due_on < $7::date))
          AND ($8::uuid IS NULL OR f.id > $8) ORDER BY f.id LIMIT $9`,
      [
        actor.userId,
        filter.cohortId,
        filter.siteId,
        filter.grade,
        filter.open,
        filter.overdue,
        today,
        page.after,
        page.limit + 1,
        FINDING_SCOPES,
        filter.corrected,
        ...(few ? [few] : []),
      ],
    );
    return pageOf(rows, page, (row: FindingRow) => row.id);
  }

  /**
   * Records that a finding was closed, also on a locked assessment: what was found, its result and its lock hash stay;
   * the result after closure follows. Never by the supplier itself. A correction that waits is accepted with it, unless
   * it is the actor's own.
   * @throws DomainError `closure-before-assessment`, `closure-in-future`, `finding-closed`, `role-required`
   */
  async close(
    actor: Actor,
    assessmentId: string,
    findingId: string,
    input: { closedOn: string; note: string },
    given?: string,
  ): Promise<FindingRow> {
    parseLocalDate(input.closedOn, '/closedOn');
    return this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustClose);
      if (input.closedOn < finding.assessedOn)
        throw closureDay('closure-before-assessment', `before ${finding.assessedOn}`);
      const today = given ?? (await programmeDay(tx, finding));
      if (input.closedOn > today) throw closureDay('closure-in-future', `after ${today}`);
      if (finding.closedOn !== null) throw alreadyClosed();
      await tx
        .query(
          `INSERT INTO finding_closure (id, assessment_id, requirement, closed_on, note, closed_by) VALUES ($1, $2, $3, $4, $5, $6)`,
          [randomUUID(), assessmentId, finding.requirement, input.closedOn, input.note, actor.userId],
        )
        .catch((error: unknown) => {
          throw isUniqueViolation(error, 'one_closure_in_force') ? alreadyClosed() : error;
        });
      await acceptCorrection(tx, actor, assessmentId, finding.requirement);
      return this.changed(tx, assessmentId, findingId);
    });
  }

  /** Takes a closure back, with a reason that is kept. @throws DomainError `finding-open` */
  async reopen(actor: Actor, assessmentId: string, findingId: string, reason: string): Promise<FindingRow> {
    return this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustClose);
      const [, reopened] = await tx.query(
        `UPDATE finding_closure SET reopened_by = $3, reopened_at = now(), reopen_reason = $4
          WHERE assessment_id = $1 AND requirement = $2 AND reopened_at IS NULL`,
        [assessmentId, finding.requirement, actor.userId, reason],
      );
      if (reopened === 0)
        throw new DomainError('finding-open', 'The finding has no closure to take back.', [], 'conflict');
      return this.changed(tx, assessmentId, findingId);
    });
  }

  private async changed(tx: EntityManager, assessmentId: string, findingId: string): Promise<FindingRow> {
    await appendToOutbox(tx, 'finding-changed', { assessmentId });
    const [row] = await tx.query(`SELECT ${columns} FROM ${joins} WHERE f.id = $1`, [findingId]);
    return row;
  }
}

/** A finding that is about to change. */
interface LockedFinding {
  readonly requirement: string;
  readonly assessedOn: string;
  readonly closedOn: string | null;
  readonly siteId: string;
  readonly cohortId: string | null;
}

/**
 * Locks a finding, and sees that the actor may do what they are about to.
 * @throws DomainError `not-found`, `role-required`, `assessment-not-submitted`
 */
export async function lockFinding(
  tx: EntityManager,
  actor: Actor,
  assessmentId: string,
  findingId: string,
  mustMay: (access: readonly SiteAccess[]) => void,
): Promise<LockedFinding> {
  await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [assessmentId]);
  const [row] = await tx.query(
    `SELECT f.requirement, a.assessed_on::text AS "assessedOn", a.site_id AS "siteId", a.cohort_id AS "cohortId", a.state, ${closedOnOf('f')}::text AS "closedOn"
       FROM ${joins} WHERE f.id = $1 AND f.assessment_id = $2`,
    [findingId, assessmentId],
  );
  if (!row) throw notFound('finding');
  mustMay(await mustSeeFindings(tx, actor, row));
  if (!AFTER_SUBMISSION.includes(row.state)) {
    throw new DomainError(
      'assessment-not-submitted',
      'While the assessment is being answered, its answers are changed instead.',
      [{ field: 'assessmentId', message: row.state, fix: 'Submit the assessment first.' }],
      'conflict',
    );
  }
  return row;
}

/** Whose duty it is to close findings, and to open them again. @throws DomainError `role-required` */
export function mustClose(access: readonly SiteAccess[]): void {
  must(
    access,
    ['assessor', 'programme-manager', 'reviewer', 'decider'],
    ['agency', 'assessment-provider'],
    'close a finding',
  );
  if (may(access, ['owner', 'qa-manager'], ['owner-organisation']))
    throw forbidden('Nobody closes findings of their own site.');
}

async function mustSeeFindings(
  db: Pick<EntityManager, 'query'>,
  actor: Actor,
  assessment: { siteId: string; state: string },
): Promise<SiteAccess[]> {
  const access = await siteAccess(db, actor, assessment.siteId, 'assessment');
  if (!seesRecord(access) && (assessment.state !== 'closed' || !sees(access, ...ASSESSMENT_SCOPES)))
    throw notFound('assessment');
  mustSee(access, ...FINDING_SCOPES);
  return access;
}

/** Nothing more is to be done about it, unless the closure is taken back. */
export const alreadyClosed = () =>
  new DomainError(
    'finding-closed',
    'The finding is closed.',
    [{ field: 'findingId', message: 'closed', fix: 'Reopen it first, with a reason.' }],
    'conflict',
  );

const closureDay = (code: string, message: string) =>
  new DomainError(code, 'A finding is closed from the day of the assessment until today.', [
    { field: '/closedOn', message, fix: 'Give the day on which it was seen to be mended.' },
  ]);
