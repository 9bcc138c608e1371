import {
  addDays,
  daysBetween,
  DomainError,
  nextVisitNeed,
  planVisits,
  type PlanningAssessor,
  type PlanningNeed,
  type Score,
  type VisitIntervalRule,
} from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import { invitationIcs } from '#reporting';
import HolidaysModule from 'date-holidays';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSource, EntityManager } from 'typeorm';
import { parse } from 'yaml';
import { seesRecord, siteAccess } from './access.js';
import { actsAs, forbidden, notFound, type Actor } from './actor.js';
import { loadAssessment } from './assessments.service.js';
import { contentRoot } from './content.service.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

export interface VisitRow {
  readonly id: string;
  readonly siteId: string;
  readonly siteName: string;
  readonly city: string;
  readonly cohortId: string | null;
  readonly assessmentId: string | null;
  readonly state: 'unplanned' | 'planned' | 'done' | 'cancelled';
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
  v.id, v.site_id AS "siteId", s.name AS "siteName", s.city, v.cohort_id AS "cohortId", v.assessment_id AS "assessmentId",
  v.state, v.earliest::text, v.due::text, v.latest::text, v.reason, v.assessor_id AS "assessorId", p.name AS "assessorName",
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
}

interface AssessorRow {
  readonly id: string;
  readonly organisation_id: string;
  readonly name: string;
  readonly country: string;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly competences: string[];
  readonly languages: string[];
  readonly working_days: number[];
  readonly max_visits_per_week: number | null;
  readonly absences: PlanningAssessor['absences'];
  readonly engagements: PlanningAssessor['engagements'];
}

/** Site visits: when the next is needed, who goes and on which day, and the invitation. */
export class VisitsService {
  private readonly rule: VisitIntervalRule;

  constructor(private readonly db: DataSource) {
    this.rule = parse(
      readFileSync(join(contentRoot(), 'rules', 'visit-intervals.yaml'), 'utf8'),
    ) as VisitIntervalRule;
  }

  /** Works out the next visit a result calls for. An older need of the same site that nobody has made is replaced. */
  async needAfter(assessmentId: string, today = dayIn(new Date())): Promise<void> {
    await this.db.transaction(async (tx) => {
      const assessment = await loadAssessment(tx, assessmentId);
      const [result] = await tx.query(
        `SELECT as_found AS score FROM assessment_score WHERE assessment_id = $1`,
        [assessmentId],
      );
      if (!result) return;
      // A site that has left its cohort is not visited any more by this programme.
      const [left] = await tx.query(
        `SELECT 1 FROM enrolment WHERE cohort_id = $1 AND site_id = $2 AND exited_on IS NOT NULL`,
        [assessment.cohortId, assessment.siteId],
      );
      if (left) return;
      // What is needed next follows from the newest assessment; an older one that comes in late changes nothing.
      const [newer] = await tx.query(
        `SELECT 1 FROM assessment WHERE site_id = $1 AND id <> $2 AND submitted_at IS NOT NULL AND assessed_on > $3 LIMIT 1`,
        [assessment.siteId, assessmentId, assessment.assessedOn],
      );
      if (newer) return;
      const score = result.score as Score;
      const held = assessment.assessedOn;
      const need = nextVisitNeed(
        {
          closedOn: held,
          points: score.points,
          openCritical: score.openFindings.critical,
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
      await tx.query(
        `UPDATE visit SET state = 'cancelled', sequence = sequence + 1, revision = revision + 1
          WHERE site_id = $1 AND state IN ('planned', 'unplanned') AND assessment_id IS DISTINCT FROM $2`,
        [assessment.siteId, assessmentId],
      );
      await tx.query(
        `INSERT INTO visit (id, site_id, cohort_id, assessment_id, state, earliest, due, latest, reason)
         VALUES ($1, $2, $3, $4, 'unplanned', $5, $6, $7, $8)
         ON CONFLICT (assessment_id) DO UPDATE SET earliest = excluded.earliest, due = excluded.due, latest = excluded.latest,
           reason = excluded.reason, state = CASE WHEN visit.state = 'planned' AND visit.planned_on BETWEEN excluded.earliest AND excluded.latest
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

  /**
   * Plans every visit that has no day, and moves planned ones that no longer fit (an absence, a coaching engagement,
   * a changed calendar). One planner at a time.
   */
  async plan(today = dayIn(new Date())): Promise<{ planned: number; unplanned: number }> {
    return this.db.transaction(async (tx) => {
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
                  sequence = sequence + CASE WHEN planned_on IS NULL THEN 0 ELSE 1 END, revision = revision + 1 WHERE id = $1`,
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
      }
      return { planned: plan.visits.length, unplanned: plan.unplanned.length };
    });
  }

  async list(
    actor: Actor,
    filter: { siteId?: string; cohortId?: string; state?: string },
    page: PageRequest,
  ): Promise<Page<VisitRow>> {
    const rows = await this.db.query(
      `SELECT ${visitColumns} FROM ${visitJoins}
        WHERE EXISTS (SELECT 1 FROM site_access x WHERE x.user_id = $1 AND x.site_id = v.site_id AND 'record' = ANY (x.scopes))
          AND ($2::uuid IS NULL OR v.site_id = $2) AND ($3::uuid IS NULL OR v.cohort_id = $3)
          AND ($4::text IS NULL OR v.state = $4) AND ($5::uuid IS NULL OR v.id > $5)
        ORDER BY v.id LIMIT $6`,
      [actor.userId, filter.siteId, filter.cohortId, filter.state, page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: VisitRow) => row.id);
  }

  async get(actor: Actor, id: string): Promise<VisitRow> {
    const [row] = await this.db.query(`SELECT ${visitColumns} FROM ${visitJoins} WHERE v.id = $1`, [id]);
    if (!row) throw notFound('visit');
    const access = await siteAccess(this.db, actor, row.siteId, 'visit');
    if (!seesRecord(access)) throw notFound('visit');
    return row;
  }

  /** Assessors and mentors of the actor's programmes, with absences and the days they are planned for. */
  async assessors(actor: Actor): Promise<unknown[]> {
    return this.db.query(
      `SELECT x.id, x.name, x.part, x.country, x.competences, x.languages, x.working_days AS "workingDays",
              coalesce((SELECT jsonb_agg(jsonb_build_object('from', from_date, 'to', to_date, 'reason', reason) ORDER BY from_date) FROM absence WHERE assessor_id = x.id), '[]') AS absences,
              coalesce((SELECT jsonb_agg(jsonb_build_object('visitId', v.id, 'siteId', v.site_id, 'date', v.planned_on) ORDER BY v.planned_on) FROM visit v WHERE v.assessor_id = x.id AND v.state = 'planned'), '[]') AS visits
         FROM assessor x WHERE x.id = $1 OR x.organisation_id IN (
           SELECT p2.organisation_id FROM programme_participant p1
             JOIN membership m ON m.organisation_id = p1.organisation_id AND m.user_id = $1 AND p1.part IN ('agency', 'assessment-provider')
             JOIN programme_participant p2 ON p2.programme_id = p1.programme_id)
        ORDER BY x.name`,
      [actor.userId],
    );
  }

  /** Records an absence of an assessor, by themselves or by the programme manager, and has visits planned anew. */
  async addAbsence(
    actor: Actor,
    assessorId: string,
    input: { from: string; to: string; reason?: string },
  ): Promise<{ id: string }> {
    if (daysBetween(input.from, input.to) < 0) {
      throw new DomainError('period-reversed', 'An absence ends on or after the day it begins.', [
        { field: '/to', message: `before ${input.from}` },
      ]);
    }
    const seen = (await this.assessors(actor)) as { id: string }[];
    if (!seen.some((assessor) => assessor.id === assessorId)) throw notFound('assessor');
    if (assessorId !== actor.userId && !actsAs(actor, ['owner', 'programme-manager']))
      throw forbidden('Only the assessor or the programme manager records an absence.');
    const id = randomUUID();
    await this.db.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, $2, $3, $4, $5)`,
        [id, assessorId, input.from, input.to, input.reason ?? ''],
      );
      await appendToOutbox(tx, 'plan-visits', {});
    });
    return { id };
  }

  /** The visit's invitation as iCalendar. @throws DomainError `not-found` while it has no day. */
  async invitation(actor: Actor, id: string): Promise<string> {
    const visit = await this.get(actor, id);
    return this.invitationOf(this.db, visit);
  }

  /** The invitation for the worker's mails, with the addresses it goes to. */
  async invitationForMail(
    id: string,
  ): Promise<{ ics: string; visit: VisitRow; to: { name: string; email: string } } | null> {
    const [visit] = await this.db.query(
      `SELECT ${visitColumns} FROM ${visitJoins} WHERE v.id = $1 AND v.state = 'planned'`,
      [id],
    );
    if (!visit) return null;
    const [assessor] = await this.db.query(`SELECT name, email FROM assessor WHERE id = $1`, [
      visit.assessorId,
    ]);
    return { ics: await this.invitationOf(this.db, visit), visit, to: assessor };
  }

  private async invitationOf(db: Pick<EntityManager, 'query'>, visit: VisitRow): Promise<string> {
    if (visit.state === 'unplanned' || !visit.plannedOn) throw notFound('invitation');
    const [assessor] = await db.query(`SELECT name, email FROM assessor WHERE id = $1`, [visit.assessorId]);
    return invitationIcs({
      uid: `visit-${visit.id}@uplift`,
      sequence: visit.sequence,
      method: visit.state === 'cancelled' ? 'CANCEL' : 'REQUEST',
      date: visit.plannedOn,
      summary: `Site visit: ${visit.siteName}`,
      description: `Visit due ${visit.due} (${visit.reason}).`,
      location: [visit.siteName, visit.city].filter(Boolean).join(', '),
      organiser: { name: 'Uplift', email: 'visits@uplift.example' },
      attendees: [{ name: assessor.name, email: assessor.email }],
    });
  }

  private async problem(tx: EntityManager, today: string) {
    const visits = await tx.query(
      `SELECT v.id, v.site_id AS "siteId", s.lat, s.lon, s.country, s.languages, v.earliest::text, v.due::text, v.latest::text,
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
              coalesce((SELECT jsonb_agg(jsonb_build_object('siteId', site_id, 'role', role, 'until', coalesce(until_date, $1::date + 365)))
                          FROM engagement WHERE person_id = p.id), '[]') AS engagements
         FROM assessor p WHERE p.part = 'assessor' ORDER BY p.id`,
      [today],
    );
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
        // Only who takes part in a programme of the site comes to see it.
        excludedAssessors: people
          .filter((person) => !visit.organisations.includes(person.organisation_id))
          .map((person) => ({ id: person.id, reason: 'takes part in no programme of the site' })),
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
      engagements: row.engagements,
    }));
    return { needs, assessors, standing };
  }
}

const diff = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);

function withoutFixed(need: PlanningNeed): PlanningNeed {
  const { fixed: _fixed, ...rest } = need;
  return rest;
}

const holidayCache = new Map<string, string[]>();
type HolidaysClass = new (country: string) => { getHolidays(year: number): { date: string; type: string }[] };
const Holidays = ((HolidaysModule as { default?: unknown }).default ?? HolidaysModule) as HolidaysClass;

/** Public holidays of a country for this year and the two after it. */
function holidaysOf(country: string, today: string): string[] {
  const year = Number(today.slice(0, 4));
  const key = `${country} ${year}`;
  let days = holidayCache.get(key);
  if (!days) {
    const calendar = new Holidays(country);
    days = [year, year + 1, year + 2].flatMap((each) =>
      (calendar.getHolidays(each) ?? [])
        .filter((holiday) => holiday.type === 'public')
        .map((holiday) => holiday.date.slice(0, 10)),
    );
    holidayCache.set(key, days);
  }
  return days;
}
