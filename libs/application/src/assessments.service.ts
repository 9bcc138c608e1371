import {
  addDays,
  assertEditable,
  assessmentMachine,
  checkRemarks,
  checkResponses,
  compileScoring,
  DomainError,
  isBefore,
  isLocalDate,
  type Remark,
  type RemarkInput,
  requirementsAt,
  transition,
  visibleScore,
  type AssessmentAction,
  type AssessmentKind,
  type AssessmentState,
  type ChecklistVersion,
  type CompiledScoring,
  type OperationField,
  type OperationValue,
  type Response,
  type Score,
  type ScoringProfile,
  type Slot,
  type VisibleScore,
} from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import type { ExceptionLine } from '#reporting';
import { randomUUID } from 'node:crypto';
import { type Database, type Queryable } from '#persistence';
import type { EntityManager } from 'typeorm';
import {
  ASSESSMENT_SCOPES,
  fewSites,
  may,
  must,
  mustSee,
  seenBy,
  sees,
  seesRecord,
  siteAccess,
  type SiteAccess,
} from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { contentHash, loadVersion } from './content.service.js';
import {
  assessingOrganisation,
  exceptionsBehind,
  judgeAssessment,
  judgeVisit,
  lockRegister,
  mustBeImpartial,
} from './impartiality.js';
import { conflictsOf, recordEntries } from './operation-log.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { programmeDay } from './people.js';
import { mustBeCurrent } from './revision.js';
import { mustBeOffered } from './withdrawals.js';

export interface NewAssessment {
  readonly siteId: string;
  readonly cohortId?: string;
  readonly kind: AssessmentKind;
  readonly checklist: string;
  readonly version: string;
  readonly level: string;
  readonly profile: string;
  readonly profileVersion?: string;
  /** Day on site, `YYYY-MM-DD`. */
  readonly assessedOn: string;
  /** Of a follow-up: the baseline it is measured against. Left out: the site's newest closed or submitted one. */
  readonly baselineId?: string;
}

/** An answer as it comes in: the verdict of the assessor, or the claim of the supplier. */
export interface AnswerInput {
  readonly requirement: string;
  readonly answer: string;
  readonly naReason?: string;
  readonly note?: string;
}

export interface AssessmentRow {
  readonly id: string;
  readonly siteId: string;
  readonly cohortId: string | null;
  readonly checklistVersionId: string;
  readonly scoringProfileId: string;
  readonly checklist: string;
  readonly version: string;
  readonly profile: string;
  readonly profileVersion: string;
  readonly level: string;
  readonly kind: AssessmentKind;
  readonly state: AssessmentState;
  readonly assessedOn: string;
  /** Only for readers of answers, like the reviewer and the hash. */
  readonly assessorId: string | null;
  readonly reviewerId: string | null;
  readonly baselineId: string | null;
  readonly revision: number;
  /** SHA-256 over everything a closed assessment rests on: who knows it can tell whether a guess of the answers is right. */
  readonly lockHash: string | null;
  /** Only for who works on the record. */
  readonly reopenReason: string | null;
  /** Of one that was opened by mistake; null of every other. */
  readonly voided: { readonly reason: string; readonly by: string | null; readonly at: string } | null;
  readonly submittedAt: Date | null;
  readonly closedAt: Date | null;
}

/** What was answered to one requirement: the assessor's verdict, and the supplier's claim beside it. */
export interface ResponseRow {
  readonly requirement: string;
  /** Code of an answer option of the scoring profile; null: only claimed or noted so far, or in conflict. */
  readonly answer: string | null;
  readonly claim: string | null;
  readonly naReason: string | null;
  readonly note: string | null;
  /** Day on which a nonconformity was closed, `YYYY-MM-DD`. */
  readonly closedOn: string | null;
  readonly answeredAt: Date;
  /** What several people entered differently, so that it counts as not entered until somebody decides. */
  readonly conflicts: readonly OperationField[];
}

/** That an assessment was sent back or reopened, why, and which items were questioned. */
export interface ReviewReturnRow {
  readonly id: string;
  readonly action: 'return' | 'reopen';
  readonly reason: string;
  readonly remarks: readonly Remark[];
  /** Name of who reviewed. */
  readonly by: string | null;
  readonly at: string;
}

/** An assessment with what was answered; without, for whoever doesn't see answers. */
export interface AssessmentWithResponses extends AssessmentRow {
  readonly responses?: readonly ResponseRow[];
  /** Every time it was sent back or reopened, oldest first; only for who works on the record. */
  readonly returns?: readonly ReviewReturnRow[];
}

/** An assessment with the content it is pinned to. */
export interface LoadedAssessment extends AssessmentRow {
  readonly checklistBody: ChecklistVersion;
  readonly profileBody: ScoringProfile;
  /** The verdicts as found. */
  readonly responses: readonly Response[];
  /** The same with what was closed afterwards; they are what the after-closure result rests on. */
  readonly responsesAfterClosure: readonly Response[];
}

export const assessmentColumns = `
  a.id, a.site_id AS "siteId", a.cohort_id AS "cohortId", a.checklist_version_id AS "checklistVersionId",
  a.scoring_profile_id AS "scoringProfileId", v.checklist, v.version, p.profile, p.version AS "profileVersion",
  a.level, a.kind, a.state, a.assessed_on::text AS "assessedOn", i.assessor_id AS "assessorId",
  i.reviewer_id AS "reviewerId", a.baseline_id AS "baselineId", a.revision, i.lock_hash AS "lockHash",
  i.reopen_reason AS "reopenReason", i.voided, a.submitted_at AS "submittedAt", a.closed_at AS "closedAt"`;
export const assessmentJoins = `
  assessment a JOIN checklist_version v ON v.id = a.checklist_version_id
  JOIN scoring_profile p ON p.id = a.scoring_profile_id
  LEFT JOIN LATERAL (SELECT * FROM assessment_inside x WHERE x.id = a.id LIMIT 1) i ON true`;

// Published content never changes, so it is read and compiled once per process.
const versions = new Map<string, ChecklistVersion>();
const profiles = new Map<string, ScoringProfile>();
const compiled = new Map<string, CompiledScoring>();

async function published<T>(
  db: Pick<EntityManager, 'query'>,
  kept: Map<string, T>,
  table: 'checklist_version' | 'scoring_profile',
  id: string,
): Promise<T> {
  let body = kept.get(id);
  if (!body) {
    const [row] = await db.query(`SELECT body FROM ${table} WHERE id = $1`, [id]);
    body = row.body as T;
    kept.set(id, body);
  }
  return body;
}

/** The published content something is pinned to. */
export async function pinnedContent(
  db: Pick<EntityManager, 'query'>,
  { checklistVersionId, scoringProfileId }: { checklistVersionId: string; scoringProfileId: string },
): Promise<{ checklistBody: ChecklistVersion; profileBody: ScoringProfile }> {
  return {
    checklistBody: await published(db, versions, 'checklist_version', checklistVersionId),
    profileBody: await published(db, profiles, 'scoring_profile', scoringProfileId),
  };
}

/** The compiled scoring of an assessment's own level and profile. */
export function scoringOf(
  assessment: Pick<
    LoadedAssessment,
    'checklistVersionId' | 'scoringProfileId' | 'checklistBody' | 'profileBody' | 'level'
  >,
): CompiledScoring {
  const { checklistVersionId, scoringProfileId, checklistBody, profileBody, level } = assessment;
  const key = `${checklistVersionId} ${scoringProfileId} ${level}`;
  let scoring = compiled.get(key);
  if (!scoring) {
    scoring = compileScoring(checklistBody, level, profileBody);
    compiled.set(key, scoring);
  }
  return scoring;
}

/** Loads an assessment with content and verdicts; no access check (the worker's door). */
export async function loadAssessment(
  db: Pick<EntityManager, 'query'>,
  id: string,
): Promise<LoadedAssessment> {
  const [row] = await db.query(`SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = $1`, [id]);
  if (!row) throw notFound('assessment');
  const responses = await db.query(
    `SELECT requirement, answer, na_reason AS "naReason", note, closed_on::text AS "closedOn"
       FROM full_response WHERE assessment_id = $1 AND answer IS NOT NULL ORDER BY requirement`,
    [id],
  );
  const closures: { requirement: string; closedOn: string }[] = await db.query(
    `SELECT requirement, closed_on::text AS "closedOn" FROM finding_closure WHERE assessment_id = $1 AND reopened_at IS NULL`,
    [id],
  );
  const closedOn = new Map(closures.map((closure) => [closure.requirement, closure.closedOn]));
  const asFound: Response[] = responses.map(responseOf);
  return {
    ...row,
    ...(await pinnedContent(db, row)),
    responses: asFound,
    responsesAfterClosure: asFound.map((response) => {
      const closed = closedOn.get(response.requirement);
      return closed ? { ...response, closedOn: closed } : response;
    }),
  };
}

/**
 * The computed result of an assessment as far as the reader sees it; undefined until the worker has been. Of an imported
 * record the items are not stored: its answers are locked, so whoever reads those has them explained, the same each time.
 */
export async function explainedScore(
  db: Pick<EntityManager, 'query'>,
  id: string,
  assessment?: LoadedAssessment,
): Promise<{ asFound: Score; afterClosure: Score } | undefined> {
  const [row] = await db.query(
    `SELECT s.as_found AS "asFound", s.after_closure AS "afterClosure", d.assessment_id IS NOT NULL AS recorded
       FROM assessment_score_explained s LEFT JOIN assessment_record d ON d.assessment_id = s.assessment_id WHERE s.assessment_id = $1`,
    [id],
  );
  if (!row?.recorded)
    return row?.asFound ? { asFound: row.asFound, afterClosure: row.afterClosure } : undefined;
  const loaded = assessment ?? (await loadAssessment(db, id));
  const scoring = scoringOf(loaded);
  return {
    asFound: scoring.score(loaded.responses, 'as-found'),
    afterClosure: scoring.score(loaded.responses, 'after-closure'),
  };
}

/** A stored response as the domain has it: what isn't there is left out. */
function responseOf({
  requirement,
  answer,
  naReason,
  note,
  closedOn,
}: Pick<ResponseRow, 'requirement' | 'naReason' | 'note' | 'closedOn'> & { answer: string }): Response {
  return {
    requirement,
    answer,
    ...(naReason !== null && { naReason }),
    ...(note !== null && { note }),
    ...(closedOn !== null && { closedOn }),
  };
}

/** No record of an assessment is older: an earlier year is a slip of the hand. */
const FIRST_DAY = '1990-01-01';
/** How far ahead an assessment may be opened, in days: for a visit that is planned, not for another century. */
const DAYS_AHEAD = 366;

/** @throws DomainError `impossible-date` for a day that isn't one, or on which nobody can have an assessment */
function mustBePlausibleDay(assessedOn: string): void {
  const lastDay = addDays(dayIn(new Date()), DAYS_AHEAD);
  if (isLocalDate(assessedOn) && !isBefore(assessedOn, FIRST_DAY) && !isBefore(lastDay, assessedOn)) return;
  const isDay = isLocalDate(assessedOn);
  throw new DomainError(
    'impossible-date',
    isDay ? `Nobody holds an assessment on ${assessedOn}.` : `"${assessedOn}" is not a day of the calendar.`,
    [
      {
        field: '/assessedOn',
        message: isDay ? `not from ${FIRST_DAY} to ${lastDay}` : 'not a day',
        fix: 'Give the day of the assessment as YYYY-MM-DD, at most a year ahead.',
      },
    ],
  );
}

const SUPPLIER_ROLES = ['owner', 'qa-manager'] as const;
const SUPPLIER_PARTS = ['owner-organisation'] as const;
const FIELD_ROLES = ['assessor', 'programme-manager'] as const;
const FIELD_PARTS = ['agency', 'assessment-provider'] as const;

/** Assessments: opened, answered, submitted, reviewed, closed. One transaction a call; the rest is the worker's. */
export class AssessmentsService {
  constructor(private readonly db: Database) {}

  /**
   * Opens an assessment of a site, by its assessor. Pins checklist version and profile for ever.
   * @throws DomainError `impossible-date`, `checklist-withdrawn`, `impartiality-breach`
   */
  async create(actor: Actor, input: NewAssessment): Promise<AssessmentRow> {
    mustBePlausibleDay(input.assessedOn);
    return this.db.transaction(async (tx) => {
      const access = await siteAccess(tx, actor, input.siteId);
      mustWrite(access, input.kind);
      const version = await loadVersion(tx, input.checklist, input.version);
      await mustBeOffered(tx, version);
      const profile = await loadProfile(tx, input.profile, input.profileVersion);
      if (!version.body.levels.some((level) => level.code === input.level)) {
        throw new DomainError('unknown-level', `The checklist has no level "${input.level}".`, [
          {
            field: '/level',
            message: 'unknown',
            fix: `Use one of: ${version.body.levels.map((level) => level.code).join(', ')}.`,
          },
        ]);
      }
      if (input.cohortId) await mustBeEnrolled(tx, input.cohortId, input.siteId);
      const baselineId = input.kind === 'follow-up' ? await this.baselineFor(tx, input) : null;
      const organisationId =
        input.kind === 'self' ? null : await this.assessorMustBeImpartial(tx, actor, input);
      const id = randomUUID();
      await tx
        .query(
          `INSERT INTO assessment (id, site_id, cohort_id, checklist_version_id, scoring_profile_id, level, kind, state,
                                   assessed_on, assessor_id, baseline_id, organisation_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, $9, $10, $11)`,
          [
            id,
            input.siteId,
            input.cohortId ?? null,
            version.id,
            profile.id,
            input.level,
            input.kind,
            input.assessedOn,
            actor.userId,
            baselineId,
            organisationId,
          ],
        )
        .catch((error: unknown) => {
          if (isUniqueViolation(error, 'one_follow_up_per_baseline')) {
            throw new DomainError(
              'follow-up-exists',
              'This baseline has a follow-up already.',
              [
                {
                  field: '/baselineId',
                  message: 'taken',
                  fix: 'Open that follow-up, or start from a newer baseline.',
                },
              ],
              'conflict',
            );
          }
          throw error;
        });
      return this.row(tx, id);
    });
  }

  /** One assessment as the actor may see it, with every verdict and claim; without them unless answers are shared. */
  async get(actor: Actor, id: string): Promise<AssessmentWithResponses> {
    const row = await this.row(this.db, id);
    const access = await this.mustSee(actor, row);
    if (!sees(access, 'answers')) return row;
    const responses = await this.db.query(
      `SELECT requirement, answer, claim, na_reason AS "naReason", note, closed_on::text AS "closedOn",
              answered_at AS "answeredAt" FROM full_response WHERE assessment_id = $1 ORDER BY requirement`,
      [id],
    );
    const conflicts = await conflictsOf(this.db, id);
    return {
      ...row,
      ...(seesRecord(access) && { returns: await returnsOf(this.db, id) }),
      responses: responses.map((response: Omit<ResponseRow, 'conflicts'>) => ({
        ...response,
        conflicts: conflicts
          .filter(({ requirement }) => requirement === response.requirement)
          .map(({ field }) => field),
      })),
    };
  }

  /** Assessments of the sites the actor sees, newest first; void ones only where they are asked for. */
  async list(
    actor: Actor,
    filter: { siteId?: string; cohortId?: string; kind?: string; state?: string; as?: 'assessor' },
    page: PageRequest,
  ): Promise<Page<AssessmentRow>> {
    const few = await fewSites(this.db);
    const rows = await this.db.query(
      `SELECT ${assessmentColumns} FROM ${assessmentJoins}
        WHERE (SELECT true FROM site_access s WHERE s.user_id = $1 AND s.site_id = a.site_id
                  AND ('record' = ANY (s.scopes) OR (a.state = 'closed' AND s.scopes && $8::text[])) LIMIT 1)
          ${few ? 'AND a.site_id = ANY ($9)' : ''}
          AND ($2::uuid IS NULL OR a.site_id = $2) AND ($3::uuid IS NULL OR a.cohort_id = $3)
          AND ($4::text IS NULL OR a.kind = $4) AND (CASE WHEN $5::text IS NULL THEN a.state <> 'void' ELSE a.state = $5 END)
          AND ($6::uuid IS NULL OR a.id > $6)
          ${filter.as === 'assessor' ? 'AND i.assessor_id = $1' : ''}
        ORDER BY a.id LIMIT $7`,
      [
        actor.userId,
        filter.siteId,
        filter.cohortId,
        filter.kind,
        filter.state,
        page.after,
        page.limit + 1,
        ASSESSMENT_SCOPES,
        ...(few ? [few] : []),
      ],
    );
    return pageOf(rows, page, (row: AssessmentRow) => row.id);
  }

  /**
   * Answers one or many items at once: all or none. A supplier's answers to an assessment that is not its own are
   * kept as claims beside the assessor's verdicts.
   * @throws DomainError every problem of every answer; `stale-revision` when somebody else was faster.
   */
  async answer(
    actor: Actor,
    id: string,
    revision: number | null,
    answers: readonly AnswerInput[],
  ): Promise<AssessmentRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, revision);
      const field = await this.answerField(tx, actor, row);
      const content = await pinnedContent(tx, row);
      checkResponses(content.checklistBody, row.level, content.profileBody, answers, { complete: false });
      const entries = answers.flatMap(({ requirement, answer, naReason, note }) => [
        { requirement, field, value: { answer, ...(naReason && { naReason }) } },
        ...(note ? [{ requirement, field: 'note' as const, value: { note } }] : []),
      ]);
      return this.enter(tx, actor, row, entries, revision !== null);
    });
  }

  /** Takes an answer back: the item is unanswered again. A supplier takes back its own claim, never a verdict. */
  async clearAnswer(
    actor: Actor,
    id: string,
    revision: number | null,
    requirement: string,
  ): Promise<AssessmentRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, revision);
      const field = await this.answerField(tx, actor, row);
      const [there] = await tx.query(
        `SELECT 1 FROM response r WHERE r.assessment_id = $1 AND r.requirement = $2 AND r.${field} IS NOT NULL
         UNION ALL SELECT 1 FROM operation o WHERE o.assessment_id = $1 AND o.requirement = $2 AND o.field = $3
            AND o.standing = 'applied' AND NOT o.superseded AND o.value IS NOT NULL LIMIT 1`,
        [id, requirement, field],
      );
      if (!there) throw notFound('answer');
      return this.enter(tx, actor, row, [{ requirement, field, value: null }], revision !== null);
    });
  }

  /**
   * Hands the assessment in. From here the worker scores it. Whoever gave a verdict counts as an assessor.
   * @throws DomainError `open-conflicts`, `operations-waiting`, `unanswered-requirements`, `impartiality-breach`
   */
  async submit(actor: Actor, id: string, revision: number | null): Promise<AssessmentRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, revision);
      mustWrite(await siteAccess(tx, actor, row.siteId, 'assessment'), row.kind);
      const action: AssessmentAction = row.state === 'reopened' ? 'resubmit' : 'submit';
      const to = transition(assessmentMachine, row.state === 'draft' ? 'in-progress' : row.state, action);
      await mustBeDecided(tx, id);
      const loaded = await loadAssessment(tx, id);
      checkResponses(loaded.checklistBody, loaded.level, loaded.profileBody, loaded.responses, {
        complete: true,
      });
      await lockRegister(tx, row.siteId);
      mustBeImpartial(
        await judgeAssessment(tx, row, await programmeDay(tx, row), { assessor: actor.userId }),
        ['assessor'],
        { what: 'Who assessed' },
      );
      await tx.query(
        `UPDATE assessment SET state = $2, submitted_at = now(), revision = revision + 1 WHERE id = $1`,
        [id, to],
      );
      await appendToOutbox(tx, 'assessment-submitted', { assessmentId: id });
      return this.row(tx, id);
    });
  }

  /**
   * Review: take it, send it back with a reason, close and lock it, or reopen a closed one with a reason. What goes back may
   * question single items; no answer is altered by it. By nobody who assessed, coached or belongs to the supplier.
   * @throws DomainError `own-work`, `impartiality-breach`, and those of `checkRemarks`
   */
  async review(
    actor: Actor,
    id: string,
    action: Extract<AssessmentAction, 'take-review' | 'return' | 'close' | 'reopen'>,
    revision: number | null,
    reason?: string,
    remarks: readonly RemarkInput[] = [],
  ): Promise<AssessmentRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, revision);
      const access = await siteAccess(tx, actor, row.siteId, 'assessment');
      must(access, ['reviewer', 'decider'], ['agency', 'assessment-provider'], 'review an assessment');
      await lockRegister(tx, row.siteId);
      const judged = await judgeAssessment(tx, row, await programmeDay(tx, row), { reviewer: actor.userId });
      const own = judged.breaches.some(({ rule }) => rule === 'reviewer-is-assessor');
      mustBeImpartial(judged, ['reviewer'], { what: 'The review', ...(own && { code: 'own-work' }) });
      checkRemarks((await pinnedContent(tx, row)).checklistBody, row.level, action, remarks);
      if (action === 'reopen') {
        await reopenAssessment(tx, row, actor, reason, remarks);
        return this.row(tx, id);
      }
      const to = transition(assessmentMachine, row.state, action, reason);
      if (action === 'return') await noteReturn(tx, actor, id, action, reason!, remarks);
      const loaded = action === 'close' ? await loadAssessment(tx, id) : null;
      await tx.query(
        `UPDATE assessment SET state = $2, revision = revision + 1, ${WRITES[action]} WHERE id = $1`,
        [
          id,
          to,
          {
            'take-review': actor.userId,
            return: reason,
            close: loaded && lockHash(loaded, await evidenceOf(tx, id)),
          }[action],
        ],
      );
      if (action === 'close') await appendToOutbox(tx, 'assessment-closed', { assessmentId: id });
      return this.row(tx, id);
    });
  }

  /**
   * Says that an assessment was opened by mistake. It stays on record and counts nowhere. By who leads it or a manager of the
   * programme; a self-assessment by its supplier. Never once it was closed, nor while a follow-up rests on it.
   * @throws DomainError `transition-not-allowed`, `assessment-decided`, `follow-up-exists`, `role-required`
   */
  async void(actor: Actor, id: string, revision: number | null, reason: string): Promise<AssessmentRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, revision);
      mustVoid(await siteAccess(tx, actor, row.siteId, 'assessment'), actor, row);
      const to = transition(assessmentMachine, row.state, 'void', reason);
      const [{ decided, followed }] = await tx.query(
        `SELECT EXISTS (SELECT 1 FROM review_return r WHERE r.assessment_id = $1 AND r.action = 'reopen')
                  OR EXISTS (SELECT 1 FROM certificate c WHERE c.assessment_id = $1)
                  OR EXISTS (SELECT 1 FROM document d WHERE d.kind = 'gap-report' AND d.subject_id = $1) AS decided,
                EXISTS (SELECT 1 FROM assessment f WHERE f.baseline_id = $1 AND f.state <> 'void') AS followed`,
        [id],
      );
      if (decided)
        throw new DomainError(
          'assessment-decided',
          'The assessment was closed before: what was decided is never voided.',
          [{ field: 'state', message: 'was closed', fix: 'Correct its answers, and hand it in again.' }],
          'conflict',
        );
      if (followed)
        throw new DomainError(
          'follow-up-exists',
          'A follow-up rests on this baseline.',
          [{ field: 'id', message: 'taken', fix: 'Void the follow-up first, if it was a mistake as well.' }],
          'conflict',
        );
      await tx.query(
        `UPDATE assessment SET state = $2, revision = revision + 1, voided_at = now(), voided_by = $3, void_reason = $4 WHERE id = $1`,
        [id, to, actor.userId, reason],
      );
      await appendToOutbox(tx, 'assessment-voided', { assessmentId: id });
      return this.row(tx, id);
    });
  }

  /**
   * The computed result, as far as the actor sees it; its parts are null until the worker has been. With the breaches of
   * impartiality that were allowed for it.
   */
  async score(
    actor: Actor,
    id: string,
  ): Promise<{
    asFound: VisibleScore | null;
    afterClosure: VisibleScore | null;
    exceptions: readonly ExceptionLine[];
  }> {
    const access = await this.mustSee(actor, await this.row(this.db, id));
    mustSee(access, 'score');
    const score = await explainedScore(this.db, id);
    const show = (part: Score | undefined) => visibleScore(part ?? null, seenBy(access));
    const exceptions = (await exceptionsBehind(this.db, [id])).get(id) ?? [];
    return { asFound: show(score?.asFound), afterClosure: show(score?.afterClosure), exceptions };
  }

  /** Throws `not-found` unless the actor sees the assessment; what is shared of a record is its closed ones only. */
  async mustSee(actor: Actor, row: Pick<AssessmentRow, 'siteId' | 'state'>): Promise<SiteAccess[]> {
    const access = await siteAccess(this.db, actor, row.siteId, 'assessment');
    if (!seesRecord(access) && (row.state !== 'closed' || !sees(access, ...ASSESSMENT_SCOPES)))
      throw notFound('assessment');
    return access;
  }

  async row(db: Pick<EntityManager, 'query'>, id: string): Promise<AssessmentRow> {
    const [row] = await db.query(`SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = $1`, [id]);
    if (!row) throw notFound('assessment');
    return row;
  }

  /**
   * Where the actor's answers go: into the assessor's verdicts, or beside them as the supplier's claims.
   * @throws DomainError `assessment-locked`, `role-required`
   */
  async answerField(tx: Queryable, actor: Actor, row: AssessmentRow): Promise<'answer' | 'claim'> {
    const access = await siteAccess(tx, actor, row.siteId, 'assessment');
    assertEditable(row.state === 'draft' ? 'in-progress' : row.state);
    return answersInto(access, row.kind);
  }

  private async lock(
    tx: EntityManager,
    actor: Actor,
    id: string,
    revision: number | null,
  ): Promise<AssessmentRow> {
    await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [id]);
    const row = await this.row(tx, id);
    await this.mustSee(actor, row);
    mustBeCurrent('assessment', revision, row.revision);
    return row;
  }

  /** Puts what somebody entered with a connection into the log: it goes on from what is there. */
  private async enter(
    tx: EntityManager,
    actor: Actor,
    row: AssessmentRow,
    entries: readonly (Slot & { readonly value: OperationValue | null })[],
    hasRead: boolean,
  ): Promise<AssessmentRow> {
    await recordEntries(tx, row, actor.userId, entries, hasRead);
    return moveAssessment(tx, row);
  }

  /** The organisation the actor assesses for. @throws DomainError `impartiality-breach` */
  private async assessorMustBeImpartial(
    tx: EntityManager,
    actor: Actor,
    { siteId, cohortId, assessedOn }: NewAssessment,
  ): Promise<string | null> {
    await lockRegister(tx, siteId);
    const judged = await judgeVisit(tx, {
      siteId,
      cohortId: cohortId ?? null,
      on: assessedOn,
      personId: actor.userId,
      today: await programmeDay(tx, { cohortId, siteId }),
    });
    mustBeImpartial(judged, ['assessor'], { what: 'Who assesses' });
    return assessingOrganisation(judged);
  }

  private async baselineFor(tx: EntityManager, input: NewAssessment): Promise<string> {
    const [baseline] = await tx.query(
      `SELECT id, assessed_on::text AS "assessedOn" FROM assessment
        WHERE site_id = $1 AND kind = 'baseline' AND ($2::uuid IS NULL OR id = $2)
          AND state NOT IN ('draft', 'in-progress', 'void')
        ORDER BY assessed_on DESC, id DESC LIMIT 1`,
      [input.siteId, input.baselineId ?? null],
    );
    if (!baseline) {
      throw new DomainError('baseline-missing', 'The site has no submitted baseline to follow up.', [
        { field: '/baselineId', message: 'no such baseline', fix: 'Submit a baseline of this site first.' },
      ]);
    }
    if (input.assessedOn < baseline.assessedOn) {
      throw new DomainError('follow-up-before-baseline', 'A follow-up cannot be held before its baseline.', [
        {
          field: '/assessedOn',
          message: `before ${baseline.assessedOn}`,
          fix: `Give a day from ${baseline.assessedOn} on.`,
        },
      ]);
    }
    return baseline.id;
  }
}

/** What a step of the review leaves behind. */
const WRITES = {
  'take-review': 'reviewer_id = $3',
  return: 'reopen_reason = $3',
  close: 'closed_at = now(), lock_hash = $3',
} as const;

/** Counts an edit of the answers; the first one starts the assessment. */
export async function moveAssessment(tx: EntityManager, row: AssessmentRow): Promise<AssessmentRow> {
  const state = transition(assessmentMachine, row.state, row.state === 'draft' ? 'start' : 'answer');
  const revision = row.revision + 1;
  await tx.query(`UPDATE assessment SET state = $2, revision = $3 WHERE id = $1`, [row.id, state, revision]);
  return { ...row, state, revision };
}

/** Whether what somebody with these accesses answers is a verdict or a claim beside it; null: neither. */
function sideOf(access: readonly SiteAccess[], kind: AssessmentKind): 'answer' | 'claim' | null {
  const supplier = may(access, SUPPLIER_ROLES, SUPPLIER_PARTS);
  if (kind === 'self') return supplier ? 'answer' : null;
  if (may(access, FIELD_ROLES, FIELD_PARTS)) return 'answer';
  return supplier ? 'claim' : null;
}

/** What somebody with these accesses may enter into an assessment: verdicts, or claims beside them; and notes. */
export function fieldsOf(access: readonly SiteAccess[], kind: AssessmentKind): OperationField[] {
  const side = sideOf(access, kind);
  return side ? [side, 'note'] : [];
}

/** @throws DomainError `open-conflicts`, `operations-waiting` while somebody has to decide first */
async function mustBeDecided(tx: EntityManager, id: string): Promise<void> {
  const conflicts = (await conflictsOf(tx, id)).filter(({ field }) => field === 'answer');
  if (conflicts.length > 0)
    throw new DomainError(
      'open-conflicts',
      `${conflicts.length} items have several answers that nobody has decided between.`,
      conflicts.map(({ requirement }) => ({
        field: `/requirements/${requirement}`,
        message: 'answered differently on several devices',
        fix: 'Look at the answers and enter the one that holds.',
      })),
      'conflict',
    );
  const waiting: { requirement: string }[] = await tx.query(
    `SELECT DISTINCT requirement FROM operation WHERE assessment_id = $1 AND standing = 'waiting' AND field <> 'claim' ORDER BY 1`,
    [id],
  );
  if (waiting.length > 0)
    throw new DomainError(
      'operations-waiting',
      `Of ${waiting.length} items something was sent that rests on what hasn't come yet.`,
      waiting.map(({ requirement }) => ({
        field: `/requirements/${requirement}`,
        message: 'a device has more to send',
        fix: 'Have that device send the rest, or settle the item.',
      })),
      'conflict',
    );
}

/**
 * Takes a closed assessment up again, with a reason; what it came to stays in the history. The answers of an imported one
 * become rows (trigger `spell_out_record`). No check of who may.
 * @throws DomainError `transition-not-allowed`, `reason-required`
 */
export async function reopenAssessment(
  tx: EntityManager,
  row: Pick<AssessmentRow, 'id' | 'state'>,
  actor: Actor,
  reason: string | undefined,
  remarks: readonly RemarkInput[] = [],
): Promise<void> {
  const to = transition(assessmentMachine, row.state, 'reopen', reason);
  await noteReturn(tx, actor, row.id, 'reopen', reason!, remarks);
  await tx.query(
    `UPDATE assessment SET state = $2, revision = revision + 1, closed_at = NULL, lock_hash = NULL, reopen_reason = $3 WHERE id = $1`,
    [row.id, to, reason],
  );
  await tx.query(`SELECT adopt_responses($1)`, [[row.id]]);
  await appendToOutbox(tx, 'assessment-reopened', { assessmentId: row.id });
}

/** Notes that an assessment goes back, with what was answered to the items that are questioned. */
async function noteReturn(
  tx: Queryable,
  actor: Actor,
  id: string,
  action: ReviewReturnRow['action'],
  reason: string,
  remarks: readonly RemarkInput[],
): Promise<void> {
  const given: Omit<Remark, 'text'>[] = await tx.query(
    `SELECT requirement, answer, na_reason AS "naReason", note FROM full_response WHERE assessment_id = $1 AND requirement = ANY ($2)`,
    [id, remarks.map(({ requirement }) => requirement)],
  );
  const then = new Map(given.map((each) => [each.requirement, each]));
  await tx.query(
    `INSERT INTO review_return (id, assessment_id, action, reason, remarks, returned_by) VALUES ($1, $2, $3, $4, $5, $6)`,
    [
      randomUUID(),
      id,
      action,
      reason,
      JSON.stringify(
        remarks.map(({ requirement, text }): Remark => ({
          requirement,
          text: text.trim(),
          answer: null,
          naReason: null,
          note: null,
          ...then.get(requirement),
        })),
      ),
      actor.userId,
    ],
  );
}

/** Every time an assessment was sent back or reopened, oldest first. */
export const returnsOf = (db: Queryable, assessmentId: string): Promise<ReviewReturnRow[]> =>
  db.query(
    `SELECT id, action, reason, remarks, person_name(returned_by) AS by, returned_at AS at FROM review_return
      WHERE assessment_id = $1 ORDER BY returned_at, id`,
    [assessmentId],
  );

/** What was received for the verdicts of an assessment, by the hash of what was sent. */
type LockedEvidence = readonly { readonly requirement: string; readonly sha256: string }[];

const evidenceOf = (db: Pick<EntityManager, 'query'>, id: string): Promise<LockedEvidence> =>
  db.query(
    `SELECT requirement, sha256 FROM evidence WHERE assessment_id = $1 AND supports = 'verdict' AND state <> 'awaited'
      ORDER BY requirement COLLATE "C", sha256`,
    [id],
  );

/**
 * SHA-256 over everything a closed assessment rests on. Where there is no evidence the hash is the one it has always been:
 * what was published before stays valid.
 */
export function lockHash(assessment: LoadedAssessment, evidence: LockedEvidence = []): string {
  const { siteId, checklist, version, profile, profileVersion, level, kind, assessedOn, responses } =
    assessment;
  return contentHash({
    siteId,
    checklist,
    version,
    profile,
    profileVersion,
    level,
    kind,
    assessedOn,
    responses,
    ...(evidence.length > 0 && { evidence }),
  });
}

/** The requirements an assessment asks, in the order of the checklist. */
export const requirementsOf = (assessment: LoadedAssessment) =>
  requirementsAt(assessment.checklistBody, assessment.level);

/**
 * Whether what somebody with such access answers is a verdict or a claim beside it.
 * @throws DomainError `role-required` for who does neither
 */
export function answersInto(access: readonly SiteAccess[], kind: AssessmentKind): 'answer' | 'claim' {
  const side = sideOf(access, kind);
  // Who is on neither side could only be the supplier, and isn't.
  if (!side)
    must(
      access,
      SUPPLIER_ROLES,
      SUPPLIER_PARTS,
      kind === 'self' ? 'assess your own site' : 'claim an answer',
    );
  return side!;
}

function mustWrite(access: readonly SiteAccess[], kind: AssessmentKind): void {
  if (kind === 'self') must(access, SUPPLIER_ROLES, SUPPLIER_PARTS, 'assess your own site');
  else must(access, FIELD_ROLES, FIELD_PARTS, 'assess a site');
}

/** @throws DomainError `role-required` */
function mustVoid(access: readonly SiteAccess[], actor: Actor, row: AssessmentRow): void {
  if (row.kind === 'self') return must(access, SUPPLIER_ROLES, SUPPLIER_PARTS, 'void your own assessment');
  if (may(access, ['programme-manager'], FIELD_PARTS)) return;
  must(access, FIELD_ROLES, FIELD_PARTS, 'void an assessment');
  if (row.assessorId !== actor.userId)
    throw forbidden('Who leads the assessment voids it, or a manager of the programme.');
}

async function mustBeEnrolled(tx: EntityManager, cohortId: string, siteId: string): Promise<void> {
  const rows = await tx.query(`SELECT 1 FROM enrolment WHERE cohort_id = $1 AND site_id = $2`, [
    cohortId,
    siteId,
  ]);
  if (rows.length === 0) {
    throw new DomainError('not-enrolled', 'The site is not enrolled in this cohort.', [
      { field: '/cohortId', message: 'not enrolled', fix: 'Enrol the site first, or leave the cohort out.' },
    ]);
  }
}

async function loadProfile(
  tx: EntityManager,
  profile: string,
  version?: string,
): Promise<{ id: string; body: ScoringProfile }> {
  const [row] = await tx.query(
    `SELECT id, body FROM scoring_profile WHERE profile = $1 AND ($2::text IS NULL OR version = $2) ORDER BY published_at DESC, version DESC LIMIT 1`,
    [profile, version ?? null],
  );
  if (!row) {
    throw new DomainError('unknown-profile', `There is no published scoring profile ${profile}.`, [
      { field: '/profile', message: 'not published', fix: 'List the profiles and use one of their codes.' },
    ]);
  }
  return row;
}

/** Whether PostgreSQL refused a row because of this unique index. */
export function isUniqueViolation(error: unknown, index: string): boolean {
  const cause =
    (error as { driverError?: { code?: string; constraint?: string } }).driverError ?? (error as never);
  return (
    (cause as { code?: string }).code === '23505' && (cause as { constraint?: string }).constraint === index
  );
}
