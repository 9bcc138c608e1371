import {
  complaintClock,
  complaintMachine,
  DomainError,
  overdueOf,
  transition,
  type ComplaintAction,
  type ComplaintKind,
  type ComplaintOutcome,
  type ComplaintState,
  type ComplaintSubject,
} from '#domain';
import type { Database, Queryable } from '#persistence';
import { appendToOutbox, dayIn } from '#platform';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { assessmentColumns, assessmentJoins, reopenAssessment } from './assessments.service.js';
import { impartialityRulesOf } from './impartiality.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { mustBeCurrent } from './revision.js';

/** A complaint or an appeal as it comes in. */
export interface NewComplaint {
  readonly kind: ComplaintKind;
  readonly about: ComplaintSubject;
  /** The assessment, finding or certificate, or the assessor's user id. */
  readonly subjectId: string;
  /** Needed about an assessor, and where the assessment belongs to no programme: whose people handle it. */
  readonly programmeId?: string;
  readonly text: string;
  /** Whether whom it is about is not told by whom it was raised. */
  readonly confidential?: boolean;
  /** For whom the person speaks; left out: for themselves. */
  readonly organisationId?: string;
}

export interface ComplaintRow {
  readonly id: string;
  readonly kind: ComplaintKind;
  readonly programmeId: string;
  readonly about: ComplaintSubject;
  readonly subjectId: string;
  readonly assessmentId: string | null;
  readonly siteId: string | null;
  readonly text: string;
  readonly confidential: boolean;
  readonly state: ComplaintState;
  readonly raisedOn: string;
  readonly acknowledgeBy: string;
  readonly decideBy: string;
  readonly acknowledgedOn: string | null;
  readonly decidedOn: string | null;
  /** What is overdue today; null: nothing. */
  readonly overdue: 'acknowledge' | 'decide' | null;
  /** Who took the last step of handling it. */
  readonly handlerId: string | null;
  readonly handler: string | null;
  readonly outcome: ComplaintOutcome | null;
  readonly outcomeReason: string | null;
  /** Whether the assessment was reopened because of it. */
  readonly reopened: boolean;
  /** By whom it was raised; null where that is confidential to the reader. */
  readonly raisedBy: {
    readonly userId: string;
    readonly name: string | null;
    readonly organisationId: string | null;
  } | null;
  readonly history: readonly {
    readonly at: string;
    readonly action: ComplaintAction;
    readonly reason?: string;
  }[];
  readonly revision: number;
}

/** A step of handling. The outcome belongs to `decide`; `reopen` takes the assessment up again. */
export interface ComplaintStep {
  readonly action: ComplaintAction;
  readonly reason?: string;
  readonly outcome?: ComplaintOutcome;
  readonly reopen?: boolean;
}

const columns = `c.id, c.kind, c.programme_id AS "programmeId", c.about, c.subject_id AS "subjectId", c.assessment_id AS "assessmentId", c.site_id AS "siteId",
  c.text, c.confidential, c.state, c.raised_on::text AS "raisedOn", c.acknowledge_by::text AS "acknowledgeBy", c.decide_by::text AS "decideBy",
  c.acknowledged_on::text AS "acknowledgedOn", c.decided_on::text AS "decidedOn", c.handler_id AS "handlerId", person_name(c.handler_id) AS handler,
  c.outcome, c.outcome_reason AS "outcomeReason", c.reopened, c.history, c.revision,
  (SELECT jsonb_build_object('userId', x.user_id, 'name', person_name(x.user_id), 'organisationId', x.organisation_id)
     FROM complainant x WHERE x.complaint_id = c.id) AS "raisedBy",
  coalesce((SELECT p.time_zone FROM programme p WHERE p.id = c.programme_id), 'UTC') AS "timeZone"`;

type StoredComplaint = Omit<ComplaintRow, 'overdue'> & {
  readonly timeZone: string;
};

/**
 * Complaints and appeals: raised by whoever is concerned, handled against the clock by people of the programme's agency
 * who had no part in what it is about. What each reader sees of one, the database decides.
 */
export class ComplaintsService {
  constructor(private readonly db: Database) {}

  /**
   * Raises a complaint about something the actor sees. The clock runs from today.
   * @throws DomainError `not-found`, `complaint-programme`, `appeal-not-yours`
   */
  async raise(actor: Actor, input: NewComplaint, given?: string): Promise<ComplaintRow> {
    return this.db.transaction(async (tx) => {
      const subject = await this.subject(tx, actor, input);
      const programmeId = subject.programmeId ?? input.programmeId;
      if (!programmeId) {
        throw new DomainError('complaint-programme', 'It is not clear which programme handles this.', [
          { field: '/programmeId', message: 'is missing', fix: 'Give the programme it is about.' },
        ]);
      }
      const organisationId = input.organisationId ?? null;
      if (organisationId && !actor.memberships.some((each) => each.organisationId === organisationId))
        throw notFound('organisation');
      await this.mustTakePart(tx, programmeId, subject.siteId);
      const { rules } = await impartialityRulesOf(tx, programmeId);
      const [{ zone }] = await tx.query(
        `SELECT coalesce((SELECT time_zone FROM programme WHERE id = $1), 'UTC') AS zone`,
        [programmeId],
      );
      const raisedOn = given ?? dayIn(new Date(), zone);
      const { acknowledgeBy, decideBy } = complaintClock(raisedOn, rules);
      const id = randomUUID();
      await tx.query(
        `INSERT INTO complaint (id, kind, programme_id, about, subject_id, assessment_id, site_id, person_id, text, confidential, state, raised_on, acknowledge_by, decide_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
        [
          id,
          input.kind,
          programmeId,
          input.about,
          input.subjectId,
          subject.assessmentId,
          subject.siteId,
          input.about === 'assessor' ? input.subjectId : null,
          input.text,
          input.confidential ?? false,
          complaintMachine.initial,
          raisedOn,
          acknowledgeBy,
          decideBy,
        ],
      );
      await tx.query(`INSERT INTO complainant (complaint_id, user_id, organisation_id) VALUES ($1, $2, $3)`, [
        id,
        actor.userId,
        organisationId,
      ]);
      return this.get(id);
    });
  }

  async get(id: string): Promise<ComplaintRow> {
    return shown(await this.row(this.db, id));
  }

  /** Complaints the actor sees: their own, those they handle, and those about what they work on. */
  async list(
    filter: { programmeId?: string; siteId?: string; state?: string; kind?: string; overdue?: boolean },
    page: PageRequest,
    today = dayIn(new Date()),
  ): Promise<Page<ComplaintRow>> {
    const rows: StoredComplaint[] = await this.db.query(
      `SELECT ${columns} FROM complaint c
        WHERE ($1::uuid IS NULL OR c.programme_id = $1) AND ($2::uuid IS NULL OR c.site_id = $2) AND ($3::text IS NULL OR c.state = $3)
          AND ($4::text IS NULL OR c.kind = $4)
          AND ($5::boolean IS NULL OR $5 = (${overdueSql('c', '$6::date')})) AND ($7::uuid IS NULL OR c.id > $7) ORDER BY c.id LIMIT $8`,
      [
        filter.programmeId,
        filter.siteId,
        filter.state,
        filter.kind,
        filter.overdue,
        today,
        page.after,
        page.limit + 1,
      ],
    );
    return pageOf(rows.map(shown), page, ({ id }) => id);
  }

  /**
   * Takes a step: by people of the agency who are not involved; withdrawing, by who raised it.
   * @throws DomainError `involved-in-subject`, `outcome-required`, `nothing-to-reopen`, `transition-not-allowed`,
   *   `reason-required`, `stale-revision`
   */
  async step(
    actor: Actor,
    id: string,
    revision: number | null,
    { action, reason, outcome, reopen = false }: ComplaintStep,
    given?: string,
  ): Promise<ComplaintRow> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM complaint WHERE id = $1 FOR UPDATE`, [id]);
      const row = await this.row(tx, id);
      await this.mustHandle(tx, actor, row, action);
      mustBeCurrent('complaint', revision, row.revision);
      const state = transition(complaintMachine, row.state, action, reason);
      const today = given ?? dayIn(new Date(), row.timeZone);
      if ((action === 'decide') !== (outcome !== undefined)) {
        throw new DomainError('outcome-required', 'A decision has an outcome, and only a decision.', [
          {
            field: '/outcome',
            message: outcome === undefined ? 'is missing' : `does not belong to ${action}`,
            fix: 'Give upheld, partly-upheld or rejected with decide.',
          },
        ]);
      }
      if (reopen) await this.reopen(tx, row, actor, outcome, reason);
      const history = [
        ...row.history,
        { at: new Date().toISOString(), action, ...(reason && action !== 'decide' && { reason }) },
      ];
      await tx.query(
        `UPDATE complaint SET state = $2, revision = revision + 1, history = $3, reopened = $4,
                handler_id = CASE WHEN $5 = 'withdraw' THEN handler_id ELSE $6 END,
                acknowledged_on = CASE WHEN $5 = 'acknowledge' THEN $7::date ELSE acknowledged_on END,
                decided_on = CASE WHEN $5 = 'decide' THEN $7::date ELSE decided_on END,
                ended_on = CASE WHEN $5 IN ('close', 'withdraw') THEN $7::date ELSE ended_on END,
                outcome = coalesce($8, outcome), outcome_reason = CASE WHEN $5 = 'decide' THEN $9 ELSE outcome_reason END
          WHERE id = $1`,
        [
          id,
          state,
          JSON.stringify(history),
          row.reopened || reopen,
          action,
          actor.userId,
          today,
          outcome ?? null,
          reason ?? null,
        ],
      );
      // Who raised it is told what is decided, and that it has arrived; who handles it may know who that is.
      if (action === 'acknowledge' || action === 'decide') {
        const told: { userId: string }[] = await tx.query(
          `SELECT user_id AS "userId" FROM complainant WHERE complaint_id = $1`,
          [id],
        );
        const kind = action === 'decide' ? 'complaint-decided' : 'complaint-acknowledged';
        for (const { userId } of told)
          await appendToOutbox(tx, 'reminder-due', { kind, subjectId: id, userId, day: today });
      }
      return this.get(id);
    });
  }

  /** An appeal that was upheld may take the assessment up again, for the reason of the decision. */
  private async reopen(
    tx: EntityManager,
    row: StoredComplaint,
    actor: Actor,
    outcome: ComplaintOutcome | undefined,
    reason: string | undefined,
  ): Promise<void> {
    const [assessment] = await tx.query(
      `SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = $1 FOR UPDATE OF a`,
      [row.assessmentId],
    );
    if (row.kind !== 'appeal' || !assessment || outcome === undefined || outcome === 'rejected') {
      throw new DomainError(
        'nothing-to-reopen',
        'Only an appeal about an assessment that is upheld reopens it.',
        [
          {
            field: '/reopen',
            message: 'does not fit',
            fix: 'Leave it out, or uphold an appeal about an assessment, a finding or a certificate.',
          },
        ],
        'conflict',
      );
    }
    await reopenAssessment(tx, assessment, actor, reason);
  }

  private async mustHandle(
    tx: EntityManager,
    actor: Actor,
    row: StoredComplaint,
    action: ComplaintAction,
  ): Promise<void> {
    const [may] = await tx.query(
      `SELECT $1 = ANY (actor_complaints()) AS own, $2 = ANY (actor_complaint_desks()) AS desk, actor_is_involved($1) AS involved`,
      [row.id, row.programmeId],
    );
    if (action === 'withdraw') {
      if (!may.own) throw forbidden('Only who raised it withdraws a complaint.');
      return;
    }
    if (!may.desk)
      throw forbidden('Complaints are handled by managers, reviewers and deciders of the agency.');
    const why = may.own ? 'raised it' : may.involved ? 'had a part in what it is about' : null;
    if (why) {
      throw new DomainError(
        'involved-in-subject',
        `Nobody handles a complaint who ${why}.`,
        [
          {
            field: actor.userId,
            message: why,
            fix: 'Have somebody handle it who neither raised it, assessed, reviewed, decided nor coached.',
          },
        ],
        'forbidden',
      );
    }
  }

  /** The assessment and site behind a subject the actor sees. @throws DomainError `not-found`, `appeal-not-yours` */
  private async subject(
    tx: EntityManager,
    actor: Actor,
    { about, subjectId, kind }: NewComplaint,
  ): Promise<{ assessmentId: string | null; siteId: string | null; programmeId: string | null }> {
    if (about === 'assessor') {
      const [assessor] = await tx.query(
        `SELECT 1 FROM assessor WHERE id = $1 UNION ALL SELECT 1 FROM assessment_inside WHERE assessor_id = $1 LIMIT 1`,
        [subjectId],
      );
      if (!assessor) throw notFound('assessor');
      if (kind === 'appeal')
        throw new DomainError('appeal-not-yours', 'An appeal is against a finding, a result or a decision.', [
          { field: '/about', message: 'assessor', fix: 'Raise a complaint, or appeal against the result.' },
        ]);
      return { assessmentId: null, siteId: null, programmeId: null };
    }
    const from = {
      assessment: `assessment a WHERE a.id = $1`,
      finding: `finding f JOIN assessment a ON a.id = f.assessment_id WHERE f.id = $1`,
      // Whoever sees the certificate need not see the assessment.
      certificate: `certificate k LEFT JOIN assessment a ON a.id = k.assessment_id WHERE k.id = $1`,
    }[about];
    const certificate = about === 'certificate';
    const [row] = await tx.query(
      `SELECT ${certificate ? 'k.assessment_id' : 'a.id'} AS "assessmentId", ${certificate ? 'k.site_id' : 'a.site_id'} AS "siteId",
              programme_of(a.cohort_id) AS "programmeId" FROM ${from}`,
      [subjectId],
    );
    if (!row) throw notFound(about);
    const access = await siteAccess(tx, actor, row.siteId, about);
    if (kind === 'appeal' && !access.some(({ part }) => part === 'owner-organisation')) {
      throw new DomainError(
        'appeal-not-yours',
        'Only the supplier appeals; others complain.',
        [{ field: '/kind', message: 'appeal', fix: 'Raise it as a complaint.' }],
        'forbidden',
      );
    }
    return row;
  }

  /** @throws DomainError `not-found` unless the site, or where there is none the actor, has to do with the programme. */
  private async mustTakePart(tx: EntityManager, programmeId: string, siteId: string | null): Promise<void> {
    const [may] = await tx.query(
      `SELECT CASE WHEN $2::uuid IS NULL THEN $1 = ANY (actor_known_programmes()) ELSE site_in_programme($2, $1) END AS yes`,
      [programmeId, siteId],
    );
    if (!may.yes) throw notFound('programme');
  }

  private async row(db: Queryable, id: string): Promise<StoredComplaint> {
    const [row] = await db.query(`SELECT ${columns} FROM complaint c WHERE c.id = $1`, [id]);
    if (!row) throw notFound('complaint');
    return row;
  }
}

/** SQL of whether something is overdue on a day; the same as `overdueOf` of the domain. */
export const overdueSql = (complaint: string, day: string): string =>
  `${complaint}.state IN ('received', 'acknowledged', 'under-investigation') AND (${complaint}.decide_by < ${day}
     OR (${complaint}.state = 'received' AND ${complaint}.acknowledge_by < ${day}))`;

function shown({ timeZone, ...row }: StoredComplaint): ComplaintRow {
  return { ...row, overdue: overdueOf(row, dayIn(new Date(), timeZone)) };
}
