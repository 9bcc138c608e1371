import {
  addDays,
  daysBetween,
  DomainError,
  impartialityOf,
  type ImpartialityRule,
  type ImpartialityRules,
  nextVisitNeed,
  organisationType,
  planVisits,
  type PlanningAssessor,
  type PlanningNeed,
  type RegisteredEngagement,
  type VisitIntervalRule,
  type VisitNeedReason,
  isBlank,
  parseLocalDate,
} from '#domain';
import { appendToOutbox } from '#platform';
import {
  invitationIcs,
  type InvitationPerson,
  type Locale,
  type VisitMail,
  visitCalendarTexts,
} from '#reporting';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { parse } from 'yaml';
import { fewSites, must, seesRecord, siteAccess } from './access.js';
import { notFound, type Actor } from './actor.js';
import { explainedScore, loadAssessment } from './assessments.service.js';
import {
  exceptionRows,
  impartialityRulesOf,
  judgeVisit,
  lockRegister,
  mustBeImpartial,
} from './impartiality.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import {
  latestProgrammeDay,
  mailLocale,
  programmeDay,
  type Recipient,
  recipientById,
  siteRecipients,
} from './people.js';
import { contentRoot } from './schemas.js';
import { mustBeCurrent } from './revision.js';

export interface VisitRow {
  readonly id: string;
  readonly siteId: string;
  readonly siteName: string;
  readonly city: string;
  readonly cohortId: string | null;
  readonly assessmentId: string | null;
  readonly state: 'unplanned' | 'planned' | 'done' | 'aborted' | 'cancelled';
  /** Why it was cancelled or aborted. */
  readonly outcomeReason: string | null;
  readonly earliest: string;
  readonly due: string;
  readonly latest: string;
  readonly reason: string;
  readonly assessorId: string | null;
  readonly assessorName: string | null;
  readonly plannedOn: string | null;
  readonly travelKm: number | null;
  readonly unplannedReasons: unknown;
  readonly sequence: number;
  readonly revision: number;
}

const visitColumns = `
  v.id, v.site_id AS "siteId", s.name AS "siteName", s.city, v.cohort_id AS "cohortId", coalesce(v.assessment_id, v.former_assessment_id) AS "assessmentId",
  v.state, v.outcome_reason AS "outcomeReason", v.earliest::text, v.due::text, v.latest::text, v.reason, v.assessor_id AS "assessorId", p.name AS "assessorName",
  v.planned_on::text AS "plannedOn", v.travel_km AS "travelKm", v.unplanned_reasons AS "unplannedReasons", v.sequence, v.revision`;
const visitJoins = `visit v JOIN site s ON s.id = v.site_id LEFT JOIN assessor p ON p.id = v.assessor_id`;

interface NeedRow {
  readonly id: string;
  readonly siteId: string;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly country: string;
  readonly languages: string[];
  readonly earliest: string;
  readonly due: string;
  readonly latest: string;
  readonly reason: string;
  readonly assessorId: string;
  readonly plannedOn: string | null;
  readonly checklist: string | null;
  readonly level: string | null;
  /** Organisations that take part in the programmes of the site. */
  readonly organisations: string[];
  readonly programmeId: string | null;
  readonly supplierId: string;
  readonly buyerIds: string[];
  /** Who belongs to the supplier. */
  readonly supplierPeople: string[];
}

interface AssessorRow {
  readonly id: string;
  readonly organisation_id: string;
  readonly organisation_kind: string;
  readonly name: string;
  readonly country: string;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly competences: string[];
  readonly languages: string[];
  readonly working_days: number[];
  readonly max_visits_per_week: number | null;
  readonly absences: PlanningAssessor['absences'];
}

/** A mail that tells somebody the present state of a visit. */
export interface InvitationDue {
  readonly kind: 'visit-invitation' | 'visit-changed' | 'visit-cancelled';
  readonly to: Recipient;
  readonly method: 'REQUEST' | 'CANCEL';
  readonly sequence: number;
  /** The day it is planned for, or was. */
  readonly plannedOn: string;
  readonly mail: VisitMail;
  readonly ics: string;
}

interface ToldRow {
  readonly userId: string;
  readonly method: 'REQUEST' | 'CANCEL';
  readonly sequence: number;
  readonly plannedOn: string;
}

const REASONS: readonly VisitNeedReason[] = ['not-scorable', 'score-band', 'kind-cap', 'open-critical'];
const whyOf = (reason: string): VisitNeedReason => REASONS.find((each) => each === reason) ?? 'score-band';

/** Site visits: when the next is needed, who goes and on which day, and the invitation. */
export class VisitsService {
  private readonly rule: VisitIntervalRule;

  constructor(
    private readonly db: Database,
    /** Who invites, and where the links of the mails lead. */
    private readonly sender: { readonly organiser: InvitationPerson; readonly baseUrl: string } = {
      organiser: { name: 'Uplift', email: 'no-reply@uplift.invalid' },
      baseUrl: '',
    },
  ) {
    this.rule = parse(
      readFileSync(join(contentRoot(), 'rules', 'visit-intervals.yaml'), 'utf8'),
    ) as VisitIntervalRule;
  }

  /** Works out the next visit a result calls for. An older need of the same site that nobody has made is replaced. */
  async needAfter(assessmentId: string, day?: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const assessment = await loadAssessment(tx, assessmentId);
      const today = day ?? (await programmeDay(tx, assessment));
      const result = await explainedScore(tx, assessmentId, assessment);
      if (!result || assessment.state === 'void') return;
      // A site that has left its cohort is not visited any more by this programme.
      const [left] = await tx.query(
        `SELECT 1 FROM enrolment WHERE cohort_id = $1 AND site_id = $2 AND exited_on IS NOT NULL`,
        [assessment.cohortId, assessment.siteId],
      );
      if (left) return;
      // What is needed next follows from the newest assessment; an older one that comes in late changes nothing.
      const [newer] = await tx.query(
        `SELECT 1 FROM assessment WHERE site_id = $1 AND id <> $2 AND submitted_at IS NOT NULL AND state <> 'void' AND assessed_on > $3 LIMIT 1`,
        [assessment.siteId, assessmentId, assessment.assessedOn],
      );
      if (newer) return;
      const score = result.asFound;
      const held = assessment.assessedOn;
      const need = nextVisitNeed(
        {
          closedOn: held,
          points: score.points,
          // What was closed since no longer makes it urgent.
          openCritical: result.afterClosure.openFindings.critical,
          kind: assessment.kind,
        },
        this.rule,
      );
      // A need that is long past (imported history) is due now, not then.
      const shift = (day: string) =>
        need.latest < today ? addDays(today, Math.max(1, diff(need.earliest, day))) : day;
      await tx.query(
        `UPDATE visit SET state = 'done' WHERE site_id = $1 AND state = 'planned' AND planned_on <= $2 AND assessment_id <> $3`,
        [assessment.siteId, held, assessmentId],
      );
      await cancelVisits(tx, `site_id = $1 AND assessment_id IS DISTINCT FROM $2`, [
        assessment.siteId,
        assessmentId,
      ]);
      await tx.query(
        `INSERT INTO visit (id, site_id, cohort_id, assessment_id, state, earliest, due, latest, reason)
         VALUES ($1, $2, $3, $4, 'unplanned', $5, $6, $7, $8)
         -- One that was called off comes back without the day it had: that may be nobody's any more.
         ON CONFLICT (assessment_id) DO UPDATE SET assessor_id = CASE WHEN visit.state <> 'cancelled' THEN visit.assessor_id END,
           planned_on = CASE WHEN visit.state <> 'cancelled' THEN visit.planned_on END, travel_km = CASE WHEN visit.state <> 'cancelled' THEN visit.travel_km END,
           earliest = excluded.earliest, due = excluded.due, latest = excluded.latest,
           reason = excluded.reason, state = CASE WHEN visit.state = 'done' THEN 'done' WHEN visit.state = 'planned' AND visit.planned_on BETWEEN excluded.earliest AND excluded.latest
                                                  THEN 'planned' ELSE 'unplanned' END`,
        [
          randomUUID(),
          assessment.siteId,
          assessment.cohortId,
          assessmentId,
          shift(need.earliest),
          shift(need.due),
          shift(need.latest),
          need.reason,
        ],
      );
      await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  /** Lets go of the visit that a void assessment called for; what the one before it calls for holds again. */
  async freeAfter(assessmentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await cancelVisits(tx, `assessment_id = $1`, [assessmentId]);
      const [before] = await tx.query(
        `SELECT b.id FROM assessment a JOIN assessment b ON b.site_id = a.site_id
          WHERE a.id = $1 AND a.submitted_at IS NOT NULL AND b.kind <> 'self' AND b.state IN ('submitted', 'under-review', 'closed')
          ORDER BY b.assessed_on DESC, b.submitted_at DESC, b.id LIMIT 1`,
        [assessmentId],
      );
      if (before) await this.needAfter(before.id);
    });
  }

  /**
   * Plans every visit that has no day, and moves planned ones that no longer fit (an absence, a coaching engagement,
   * a changed calendar). Nobody is sent whose assessment would breach the rules of the visit's programme, unless an
   * exception covers the whole window. One planner at a time.
   */
  async plan(day?: string): Promise<{ planned: number; unplanned: number }> {
    return this.db.transaction(async (tx) => {
      const today = day ?? (await latestProgrammeDay(tx));
      await tx.query(`SELECT pg_advisory_xact_lock(hashtext('uplift.plan-visits'))`);
      const { needs, assessors, standing } = await this.problem(tx, today);
      if (needs.length === 0) return { planned: 0, unplanned: 0 };
      const horizon = {
        from: addDays(today, 1),
        to: needs.reduce((last, need) => (need.latest > last ? need.latest : last), addDays(today, 30)),
      };
      // First what stands already, each where it is; what no longer fits there is planned anew with the rest.
      const kept = planVisits({ horizon, needs: needs.filter((need) => need.fixed), assessors });
      const keptIds = new Set(kept.visits.map((visit) => visit.needId));
      const plan = planVisits({
        horizon,
        needs: needs.map((need) => (keptIds.has(need.id) ? need : withoutFixed(need))),
        assessors,
      });
      for (const visit of plan.visits) {
        if (standing.get(visit.needId) === `${visit.assessorId} ${visit.date}`) continue;
        await tx.query(
          `UPDATE visit SET state = 'planned', assessor_id = $2, planned_on = $3, travel_km = $4, unplanned_reasons = '[]',
                  sequence = sequence + CASE WHEN planned_on IS NULL AND NOT EXISTS (SELECT 1 FROM visit_invitation i WHERE i.visit_id = visit.id)
                                             THEN 0 ELSE 1 END, revision = revision + 1 WHERE id = $1`,
          [visit.needId, visit.assessorId, visit.date, visit.travelKm],
        );
        await appendToOutbox(tx, 'visit-planned', { visitId: visit.needId });
      }
      for (const need of plan.unplanned) {
        await tx.query(
          `UPDATE visit SET state = 'unplanned', assessor_id = NULL, planned_on = NULL, travel_km = NULL, unplanned_reasons = $2,
                  sequence = sequence + CASE WHEN planned_on IS NULL THEN 0 ELSE 1 END, revision = revision + 1
            WHERE id = $1 AND (state = 'planned' OR unplanned_reasons IS DISTINCT FROM $2::jsonb)`,
          // Assessors of other programmes are nobody's business here.
          [
            need.needId,
            JSON.stringify([
              { summary: need.summary },
              ...need.reasons.filter((reason) => reason.code !== 'excluded'),
            ]),
          ],
        );
        // Whoever was invited learns that the day is gone.
        if (standing.has(need.needId)) await appendToOutbox(tx, 'visit-cancelled', { visitId: need.needId });
      }
      return { planned: plan.visits.length, unplanned: plan.unplanned.length };
    });
  }

  async list(
    actor: Actor,
    filter: { siteId?: string; cohortId?: string; state?: string },
    page: PageRequest,
  ): Promise<Page<VisitRow>> {
    const few = await fewSites(this.db);
    const rows = await this.db.query(
      `SELECT ${visitColumns} FROM ${visitJoins}
        WHERE (SELECT true FROM site_access x WHERE x.user_id = $1 AND x.site_id = v.site_id AND 'record' = ANY (x.scopes) LIMIT 1)
          ${few ? 'AND v.site_id = ANY ($7)' : ''}
          AND ($2::uuid IS NULL OR v.site_id = $2) AND ($3::uuid IS NULL OR v.cohort_id = $3)
          AND ($4::text IS NULL OR v.state = $4) AND ($5::uuid IS NULL OR v.id > $5)
        ORDER BY v.id LIMIT $6`,
      [
        actor.userId,
        filter.siteId,
        filter.cohortId,
        filter.state,
        page.after,
        page.limit + 1,
        ...(few ? [few] : []),
      ],
    );
    return pageOf(rows, page, (row: VisitRow) => row.id);
  }

  async get(actor: Actor, id: string, db: Pick<EntityManager, 'query'> = this.db): Promise<VisitRow> {
    const [row] = await db.query(`SELECT ${visitColumns} FROM ${visitJoins} WHERE v.id = $1`, [id]);
    if (!row) throw notFound('visit');
    const access = await siteAccess(db, actor, row.siteId, 'visit');
    if (!seesRecord(access)) throw notFound('visit');
    return row;
  }

  /**
   * Says how a planned visit went: `done`, or `aborted` with a reason; then the need is planned again. A visit by
   * somebody who turned out not to be impartial does not count as done.
   * @throws DomainError `visit-not-planned`, `visit-not-held-yet`, `reason-required`, `impartiality-breach`
   */
  async recordOutcome(
    actor: Actor,
    id: string,
    revision: number | null,
    input: { outcome: 'done' | 'aborted'; reason?: string },
    today?: string,
  ): Promise<VisitRow> {
    return this.end(actor, id, revision, input.outcome, input.reason, today);
  }

  /** Calls a visit off, with a reason. The need remains and is planned again, on another day. */
  async cancel(
    actor: Actor,
    id: string,
    revision: number | null,
    reason: string,
    today?: string,
  ): Promise<VisitRow> {
    return this.end(actor, id, revision, 'cancelled', reason, today);
  }

  /**
   * Moves a planned visit to another day of its window; its assessor stays. Whoever was invited is told, and the planner
   * leaves it where it is as long as it fits there.
   * @throws DomainError `visit-not-planned`, `visit-day-outside-window`, `visit-day-taken`, `impartiality-breach`
   */
  async move(
    actor: Actor,
    id: string,
    revision: number | null,
    plannedOn: string,
    given?: string,
  ): Promise<VisitRow> {
    parseLocalDate(plannedOn, '/plannedOn');
    return this.db.transaction(async (tx) => {
      const visit = await this.lock(tx, actor, id, revision, 'move a visit of somebody else');
      const today = given ?? (await programmeDay(tx, visit));
      const { assessorId, siteId, cohortId, latest } = visit;
      const first = visit.earliest > today ? visit.earliest : addDays(today, 1);
      if (plannedOn < first || plannedOn > latest)
        throw movedTo('visit-day-outside-window', 'The day is outside the window of the visit.', {
          message: `${first} – ${latest}`,
          fix: 'Choose a day of the window.',
        });
      if (assessorId !== null) {
        if (!(await isFree(tx, assessorId, plannedOn, id)))
          throw movedTo('visit-day-taken', 'The assessor has no time on this day.', {
            message: 'taken',
            fix: 'The assessor has no time on this day: choose another.',
          });
        await lockRegister(tx, siteId);
        mustBeImpartial(
          await judgeVisit(tx, { siteId, cohortId, on: plannedOn, personId: assessorId }),
          ['assessor'],
          { what: 'Who makes the visit' },
        );
      }
      if (plannedOn === visit.plannedOn) return visit;
      await tx.query(
        `UPDATE visit SET planned_on = $2, sequence = sequence + 1, revision = revision + 1 WHERE id = $1`,
        [id, plannedOn],
      );
      await appendToOutbox(tx, 'visit-planned', { visitId: id });
      return this.get(actor, id, tx);
    });
  }

  /** A visit that has a day, locked, for its assessor and who plans. @throws DomainError `role-required`, `visit-not-planned` */
  private async lock(
    tx: EntityManager,
    actor: Actor,
    id: string,
    revision: number | null,
    what: string,
  ): Promise<VisitRow & { plannedOn: string }> {
    // The planner moves visits under this lock.
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('uplift.plan-visits'))`);
    await tx.query(`SELECT 1 FROM visit WHERE id = $1 FOR UPDATE`, [id]);
    const visit = await this.get(actor, id, tx);
    const access = await siteAccess(tx, actor, visit.siteId, 'visit');
    if (visit.assessorId !== actor.userId)
      must(access, ['owner', 'programme-manager'], ['agency', 'assessment-provider'], what);
    mustBeCurrent('visit', revision, visit.revision);
    if (visit.state !== 'planned' || visit.plannedOn === null) {
      throw new DomainError(
        'visit-not-planned',
        'Only a visit that has a day is done, moved, aborted or cancelled.',
        [{ field: 'id', message: visit.state }],
        'conflict',
      );
    }
    return { ...visit, plannedOn: visit.plannedOn };
  }

  private async end(
    actor: Actor,
    id: string,
    revision: number | null,
    outcome: 'done' | 'aborted' | 'cancelled',
    reason: string | undefined,
    given: string | undefined,
  ): Promise<VisitRow> {
    return this.db.transaction(async (tx) => {
      const visit = await this.lock(tx, actor, id, revision, 'say how a visit of somebody else went');
      const today = given ?? (await programmeDay(tx, visit));
      if (outcome !== 'cancelled' && visit.plannedOn > today) {
        throw new DomainError('visit-not-held-yet', `The visit is planned for ${visit.plannedOn}.`, [
          { field: '/outcome', message: 'in the future', fix: 'Cancel it if it will not take place.' },
        ]);
      }
      if (outcome !== 'done' && isBlank(reason)) {
        throw new DomainError('reason-required', 'A visit that did not take place needs a reason.', [
          { field: '/reason', message: 'is empty', fix: 'Say in a sentence why.' },
        ]);
      }
      if (outcome === 'done' && visit.assessorId) {
        await lockRegister(tx, visit.siteId);
        const { siteId, cohortId, plannedOn: on, assessorId: personId } = visit;
        mustBeImpartial(await judgeVisit(tx, { siteId, cohortId, on, personId }), ['assessor'], {
          what: 'Who made the visit',
        });
      }
      const again = outcome !== 'done';
      await tx.query(
        `UPDATE visit SET state = $2, outcome_reason = $3, revision = revision + 1,
                sequence = sequence + CASE WHEN $2 = 'cancelled' THEN 1 ELSE 0 END,
                former_assessment_id = CASE WHEN $4 THEN assessment_id END, assessment_id = CASE WHEN $4 THEN NULL ELSE assessment_id END
          WHERE id = $1`,
        [id, outcome, reason ?? null, again],
      );
      if (again) {
        // The same need, from the day after on: it is not planned for the day that just failed.
        const earliest = [visit.earliest, addDays(visit.plannedOn, 1), addDays(today, 1)].sort().at(-1)!;
        const due = visit.due > earliest ? visit.due : earliest;
        const room = daysBetween(visit.due, visit.latest);
        const latest = visit.latest > addDays(earliest, room) ? visit.latest : addDays(due, room);
        await tx.query(
          `INSERT INTO visit (id, site_id, cohort_id, assessment_id, state, earliest, due, latest, reason)
           VALUES ($1, $2, $3, $4, 'unplanned', $5, $6, $7, $8)`,
          [
            randomUUID(),
            visit.siteId,
            visit.cohortId,
            visit.assessmentId,
            earliest,
            due,
            latest,
            visit.reason,
          ],
        );
      }
      // Who was invited is told by the same job as of every other change of a visit.
      if (outcome === 'cancelled') await appendToOutbox(tx, 'visit-planned', { visitId: id });
      if (again) await appendToOutbox(tx, 'plan-visits', {});
      return this.get(actor, id, tx);
    });
  }

  /** The visit's invitation as iCalendar, in the actor's language. @throws DomainError `not-found` while it has no day. */
  async invitation(actor: Actor, id: string): Promise<string> {
    const visit = await this.get(actor, id);
    const assessor = visit.assessorId && (await recipientById(this.db, visit.assessorId));
    if (visit.state === 'unplanned' || !visit.plannedOn || !assessor) throw notFound('invitation');
    const [settings] = await this.db.query(`SELECT language FROM person_settings WHERE user_id = $1`, [
      actor.userId,
    ]);
    return this.ics(visit, {
      method: visit.state === 'cancelled' ? 'CANCEL' : 'REQUEST',
      sequence: visit.sequence,
      plannedOn: visit.plannedOn,
      to: assessor,
      locale: mailLocale(settings?.language ?? null),
    });
  }

  /**
   * What has to be mailed so that everybody knows where a visit stands: invitations to the assessor and the site's
   * owners who have not had the present one, cancellations to whoever had one and is not part of it any more.
   */
  async invitationsDue(visitId: string, now = new Date()): Promise<InvitationDue[]> {
    const [visit]: VisitRow[] = await this.db.query(
      `SELECT ${visitColumns} FROM ${visitJoins} WHERE v.id = $1`,
      [visitId],
    );
    if (!visit) return [];
    const told: ToldRow[] = await this.db.query(
      `SELECT user_id AS "userId", method, sequence, planned_on::text AS "plannedOn" FROM visit_invitation WHERE visit_id = $1 ORDER BY user_id`,
      [visitId],
    );
    const due: InvitationDue[] = [];
    const wanted = await this.peopleOf(visit);
    for (const to of wanted) {
      const last = told.find((each) => each.userId === to.userId);
      if (last?.method === 'REQUEST' && last.sequence === visit.sequence) continue;
      due.push(
        await this.due(visit, to, {
          kind: last?.method === 'REQUEST' ? 'visit-changed' : 'visit-invitation',
          method: 'REQUEST',
          sequence: visit.sequence,
          plannedOn: visit.plannedOn!,
        }),
      );
    }
    if (visit.state === 'done') return due;
    const today = await programmeDay(this.db, visit, now);
    for (const { userId, method, sequence, plannedOn } of told) {
      if (method === 'CANCEL' || plannedOn < today || wanted.some((to) => to.userId === userId)) continue;
      const to = await recipientById(this.db, userId);
      if (!to) continue;
      due.push(
        await this.due(visit, to, {
          kind: 'visit-cancelled',
          method: 'CANCEL',
          sequence: Math.max(visit.sequence, sequence + 1),
          plannedOn,
        }),
      );
    }
    return due;
  }

  /** Notes that somebody has been told. */
  async invitationSent(visitId: string, { to, method, sequence, plannedOn }: InvitationDue): Promise<void> {
    await this.db.query(
      `INSERT INTO visit_invitation (visit_id, user_id, method, sequence, planned_on, sent_at) VALUES ($1, $2, $3, $4, $5, now())
       ON CONFLICT (visit_id, user_id) DO UPDATE SET method = excluded.method, sequence = excluded.sequence,
         planned_on = excluded.planned_on, sent_at = now()`,
      [visitId, to.userId, method, sequence, plannedOn],
    );
  }

  /** A planned visit as a mail to one of its people says it; null when it or the person is not part of the plan any more. */
  async reminder(visitId: string, userId: string): Promise<{ to: Recipient; mail: VisitMail } | null> {
    const [visit]: VisitRow[] = await this.db.query(
      `SELECT ${visitColumns} FROM ${visitJoins} WHERE v.id = $1 AND v.state = 'planned'`,
      [visitId],
    );
    const to = visit && (await this.peopleOf(visit)).find((each) => each.userId === userId);
    return to ? { to, mail: await this.mailView(visit, to, visit.plannedOn!) } : null;
  }

  /** Who takes part in a planned visit: the assessor, and the site's owners and quality managers. */
  private async peopleOf(visit: VisitRow): Promise<Recipient[]> {
    if (visit.state !== 'planned' || !visit.plannedOn) return [];
    const assessor = visit.assessorId ? await recipientById(this.db, visit.assessorId) : null;
    const site = await siteRecipients(this.db, visit.siteId);
    return [...(assessor ? [assessor] : []), ...site.filter((to) => to.userId !== assessor?.userId)];
  }

  private async due(
    visit: VisitRow,
    to: Recipient,
    about: Pick<InvitationDue, 'kind' | 'method' | 'sequence' | 'plannedOn'>,
  ): Promise<InvitationDue> {
    const { locale } = to;
    return {
      ...about,
      to,
      mail: await this.mailView(visit, to, about.plannedOn),
      ics: this.ics(visit, { ...about, to, locale }),
    };
  }

  private async mailView(visit: VisitRow, to: Recipient, date: string): Promise<VisitMail> {
    const [checklist] = await this.db.query(
      `SELECT coalesce(t.body->>'title', v.title) AS title FROM assessment a JOIN checklist_version v ON v.id = a.checklist_version_id
         LEFT JOIN checklist_translation t ON t.checklist_version_id = v.id AND t.language = $2 WHERE a.id = $1`,
      [visit.assessmentId, to.locale],
    );
    const [assessor] = await this.db.query(`SELECT 1 FROM assessor WHERE id = $1`, [to.userId]);
    return {
      part: assessor ? 'assessor' : 'site',
      to: to.name,
      site: visit.siteName,
      address: visit.city,
      date,
      assessor: visit.assessorName ?? '—',
      checklist: checklist?.title ?? '—',
      why: whyOf(visit.reason),
      url: `${this.sender.baseUrl}/api/v1/visits/${visit.id}`,
    };
  }

  private ics(
    visit: VisitRow,
    about: Pick<InvitationDue, 'method' | 'sequence' | 'plannedOn'> & {
      to: InvitationPerson;
      locale: Locale;
    },
  ): string {
    return invitationIcs({
      uid: `visit-${visit.id}@uplift`,
      sequence: about.sequence,
      method: about.method,
      date: about.plannedOn,
      ...visitCalendarTexts(
        {
          site: visit.siteName,
          due: visit.due,
          why: whyOf(visit.reason),
          assessor: visit.assessorName ?? '—',
        },
        about.locale,
      ),
      location: [visit.siteName, visit.city].filter(Boolean).join(', '),
      organiser: this.sender.organiser,
      attendees: [{ name: about.to.name, email: about.to.email }],
    });
  }

  private async problem(tx: EntityManager, today: string) {
    const visits = await tx.query(
      `SELECT v.id, v.site_id AS "siteId", programme_of(v.cohort_id) AS "programmeId", s.organisation_id AS "supplierId", site_buyers(v.site_id) AS "buyerIds",
              ARRAY(SELECT m.user_id FROM membership m WHERE m.organisation_id = s.organisation_id) AS "supplierPeople", s.lat, s.lon, s.country, s.languages, v.earliest::text, v.due::text, v.latest::text,
              v.reason, v.assessor_id AS "assessorId", v.planned_on::text AS "plannedOn", cl.checklist, a.level,
              ARRAY(SELECT DISTINCT pp.organisation_id::text FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
                      JOIN programme_participant pp ON pp.programme_id = c.programme_id WHERE e.site_id = v.site_id) AS organisations
         FROM visit v JOIN site s ON s.id = v.site_id
         LEFT JOIN assessment a ON a.id = v.assessment_id LEFT JOIN checklist_version cl ON cl.id = a.checklist_version_id
        WHERE v.state IN ('planned', 'unplanned') AND (v.planned_on IS NULL OR v.planned_on > $1)`,
      [today],
    );
    const people: AssessorRow[] = await tx.query(
      `SELECT p.*, coalesce((SELECT jsonb_agg(jsonb_build_object('from', from_date, 'to', to_date)) FROM absence WHERE assessor_id = p.id), '[]') AS absences,
              o.kind AS organisation_kind
         FROM assessor p JOIN organisation o ON o.id = p.organisation_id WHERE p.part = 'assessor' ORDER BY p.id`,
    );
    const impartiality = await this.impartiality(tx, visits, today);
    const standing = new Map<string, string>();
    const needs: PlanningNeed[] = visits.map((visit: NeedRow) => {
      if (visit.plannedOn) standing.set(visit.id, `${visit.assessorId} ${visit.plannedOn}`);
      return {
        id: visit.id,
        siteId: visit.siteId,
        lat: visit.lat,
        lon: visit.lon,
        country: visit.country,
        earliest: visit.earliest,
        due: visit.due,
        latest: visit.latest,
        level: visit.level ?? 'basic',
        checklist: visit.checklist ?? '',
        priority: visit.reason === 'open-critical' ? 2 : 1,
        languages: visit.languages,
        requiredCompetences: visit.checklist ? [visit.checklist] : [],
        lookBackMonths: impartiality.lookBackMonths(visit),
        // Only who takes part in a programme of the site comes to see it, and who is no party to it.
        excludedAssessors: people.flatMap((person) => {
          if (!visit.organisations.includes(person.organisation_id))
            return [{ id: person.id, reason: 'takes part in no programme of the site' }];
          const rules = impartiality.breaches(visit, person);
          return rules.length > 0
            ? [{ id: person.id, reason: `would not be impartial: ${rules.join(', ')}` }]
            : [];
        }),
        ...(visit.plannedOn && { fixed: { assessorId: visit.assessorId, date: visit.plannedOn } }),
      };
    });
    const assessors: PlanningAssessor[] = people.map((row) => ({
      id: row.id,
      name: row.name,
      base: row.lat === null || row.lon === null ? null : { lat: row.lat, lon: row.lon },
      competences: row.competences,
      languages: row.languages,
      workingDays: row.working_days,
      holidays: holidaysOf(row.country, today),
      absences: row.absences,
      ...(row.max_visits_per_week && { maxVisitsPerWeek: row.max_visits_per_week }),
      bookings: [],
      engagements: visits.flatMap((visit: NeedRow) => impartiality.engagements(visit, row)),
    }));
    return { needs, assessors, standing };
  }

  /** What the rules of each visit's programme say of sending somebody there. */
  private async impartiality(tx: EntityManager, visits: readonly NeedRow[], today: string) {
    const rulesOf = new Map<string | null, ImpartialityRules>();
    for (const programmeId of new Set(visits.map((visit) => visit.programmeId)))
      rulesOf.set(programmeId, (await impartialityRulesOf(tx, programmeId)).rules);
    const sites = [...new Set(visits.map(({ siteId }) => siteId))];
    const register: (RegisteredEngagement & { siteId: string })[] = await tx.query(
      `SELECT id, site_id AS "siteId", person_id AS "personId", organisation_id AS "organisationId", role, from_date::text AS "from", until_date::text AS until
         FROM engagement WHERE site_id = ANY ($1::uuid[]) ORDER BY from_date, id`,
      [sites],
    );
    const bySite = new Map<string, typeof register>();
    for (const each of register) bySite.set(each.siteId, [...(bySite.get(each.siteId) ?? []), each]);
    const exceptions = await exceptionRows(tx, `x.site_id = ANY ($1::uuid[]) AND x.assessment_id IS NULL`, [
      sites,
    ]);
    /** Whether the programme has allowed it, whatever day of the window the visit falls on. */
    const allowed = (visit: NeedRow, personId: string, rule: ImpartialityRule): boolean =>
      rulesOf.get(visit.programmeId)!.rules[rule] === 'allow-with-reason' &&
      exceptions.some(
        (each) =>
          each.siteId === visit.siteId &&
          each.programmeId === visit.programmeId &&
          each.personId === personId &&
          each.rule === rule &&
          each.validFrom! <= visit.earliest &&
          each.validUntil! >= visit.latest,
      );
    return {
      lookBackMonths: (visit: NeedRow) => rulesOf.get(visit.programmeId)!.lookBackMonths,
      /** Rules that stand in the way on any day. */
      breaches: (visit: NeedRow, person: AssessorRow): ImpartialityRule[] =>
        impartialityOf(rulesOf.get(visit.programmeId)!, [], {
          supplierId: visit.supplierId,
          buyerIds: visit.buyerIds,
          assessedOn: visit.latest,
          on: visit.latest,
          assessors: [{ personId: person.id, ofSupplier: visit.supplierPeople.includes(person.id) }],
          organisation: { id: person.organisation_id, kind: person.organisation_kind },
          reviewer: null,
          proposerId: null,
          decider: null,
        })
          .breaches.map(({ rule }) => rule)
          .filter((rule) => !allowed(visit, person.id, rule)),
      /** What bars for a time: the person's own coaching and, of type A, that of the organisation. */
      engagements: (visit: NeedRow, person: AssessorRow): PlanningAssessor['engagements'] => {
        const { type } = organisationType(rulesOf.get(visit.programmeId)!, {
          id: person.organisation_id,
          kind: person.organisation_kind,
        });
        return (bySite.get(visit.siteId) ?? []).flatMap(
          ({ personId, organisationId, siteId, role, until }) => {
            const own = personId === person.id;
            const rule = own ? 'assessor-is-coach' : 'organisation-is-coach';
            const bars = own || (type === 'A' && organisationId === person.organisation_id);
            return bars && !allowed(visit, person.id, rule)
              ? [{ siteId, role, until: until ?? addDays(today, GOES_ON_DAYS) }]
              : [];
          },
        );
      },
    };
  }
}

/** Whether somebody works on a day and is in no other place, as far as the actor sees. */
async function isFree(tx: EntityManager, assessorId: string, day: string, visitId: string): Promise<boolean> {
  const [person] = await tx.query(
    `SELECT a.country, EXISTS (SELECT 1 FROM unnest(a.working_days) d WHERE d % 7 = extract(dow FROM $2::date)) AS works,
            EXISTS (SELECT 1 FROM absence x WHERE x.assessor_id = a.id AND $2::date BETWEEN x.from_date AND x.to_date)
            OR EXISTS (SELECT 1 FROM visit v WHERE v.assessor_id = a.id AND v.planned_on = $2 AND v.state = 'planned' AND v.id <> $3) AS away
       FROM assessor a WHERE a.id = $1`,
    [assessorId, day, visitId],
  );
  return !person || (person.works && !person.away && !holidaysOf(person.country, day).includes(day));
}

const movedTo = (code: string, title: string, why: { message: string; fix: string }): DomainError =>
  new DomainError(code, title, [{ field: '/plannedOn', ...why }], 'conflict');

/** No engagement that goes on ends within what is planned at once. */
const GOES_ON_DAYS = 1100;

/** Calls off what stands and is not yet held, for the visits a condition names; whoever was invited is told. */
export async function cancelVisits(
  tx: Pick<EntityManager, 'query'>,
  condition: string,
  values: readonly unknown[],
): Promise<void> {
  const [cancelled] = await tx.query(
    `UPDATE visit SET state = 'cancelled', sequence = sequence + 1, revision = revision + 1
      WHERE state IN ('planned', 'unplanned') AND ${condition} RETURNING id`,
    [...values],
  );
  for (const { id } of cancelled as { id: string }[])
    await appendToOutbox(tx, 'visit-cancelled', { visitId: id });
}

const diff = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

function withoutFixed(need: PlanningNeed): PlanningNeed {
  const { fixed: _fixed, ...rest } = need;
  return rest;
}

const holidayCache = new Map<string, string[]>();
type HolidaysClass = new (country: string) => { getHolidays(year: number): { date: string; type: string }[] };
/** Loaded by the first plan: the calendars of all countries would hold up every start. */
const holidaysClass = () => createRequire(import.meta.url)('date-holidays') as HolidaysClass;

/** Public holidays of a country for this year and the two after it. */
export function holidaysOf(country: string, today: string): string[] {
  const year = Number(today.slice(0, 4));
  const key = `${country} ${year}`;
  let days = holidayCache.get(key);
  if (!days) {
    const calendar = new (holidaysClass())(country);
    days = [year, year + 1, year + 2].flatMap((each) =>
      (calendar.getHolidays(each) ?? [])
        .filter((holiday) => holiday.type === 'public')
        .map((holiday) => holiday.date.slice(0, 10)),
    );
    holidayCache.set(key, days);
  }
  return days;
}
