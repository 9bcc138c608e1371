import { addDays, daysBetween, DomainError, parseLocalDate } from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import { calendarIcs } from '#reporting';
import { randomUUID } from 'node:crypto';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { forbidden, holds, notFound, type Actor } from './actor.js';
import { mustBePlace } from './parties.service.js';
import { applyPatch, mustBeCurrent } from './revision.js';
import { holidaysOf } from './visits.service.js';

/** What the planner knows of an assessor or mentor. */
export interface AssessorInput {
  readonly country: string;
  /** Where journeys begin; null: unknown. */
  readonly lat?: number | null;
  readonly lon?: number | null;
  /** Codes of checklists. */
  readonly competences: readonly string[];
  readonly languages: readonly string[];
  /** 1 Monday … 7 Sunday. */
  readonly workingDays: readonly number[];
  /** Null: no limit. */
  readonly maxVisitsPerWeek?: number | null;
}

export interface AbsenceRow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface AssessorRow extends AssessorInput {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly part: 'assessor' | 'mentor';
  readonly revision: number;
  readonly absences: readonly AbsenceRow[];
  /** Planned visits; the site is named where the reader sees it. */
  readonly visits: readonly {
    readonly visitId: string;
    readonly siteId: string | null;
    readonly date: string;
  }[];
}

/** The days of an assessor in a period: planned visits, absences and public holidays. */
export interface CalendarView {
  readonly assessorId: string;
  readonly from: string;
  readonly to: string;
  readonly workingDays: readonly number[];
  readonly visits: readonly {
    readonly visitId: string;
    readonly date: string;
    readonly siteId: string | null;
    readonly siteName: string | null;
    readonly city: string | null;
  }[];
  readonly absences: readonly AbsenceRow[];
  readonly holidays: readonly string[];
}

const seesVisitSite = `EXISTS (SELECT 1 FROM site_access a WHERE a.user_id = $1 AND a.site_id = v.site_id AND 'record' = ANY (a.scopes))`;
const columns = `
  x.id, x.organisation_id AS "organisationId", x.name, x.part, x.country, x.lat, x.lon, x.competences, x.languages,
  x.working_days AS "workingDays", x.max_visits_per_week AS "maxVisitsPerWeek", x.revision,
  coalesce((SELECT jsonb_agg(jsonb_build_object('id', id, 'from', from_date, 'to', to_date, 'reason', reason) ORDER BY from_date)
    FROM absence WHERE assessor_id = x.id), '[]') AS absences,
  coalesce((SELECT jsonb_agg(jsonb_build_object('visitId', v.id, 'siteId', CASE WHEN ${seesVisitSite} THEN v.site_id END, 'date', v.planned_on)
    ORDER BY v.planned_on) FROM visit v WHERE v.assessor_id = x.id AND v.state = 'planned'), '[]') AS visits`;
/** Assessors that somebody ($1) sees: themselves, those of their organisations, those of their programmes. */
const seen = `
  (x.id = $1 OR x.organisation_id IN (SELECT organisation_id FROM membership WHERE user_id = $1)
    OR x.organisation_id IN (SELECT p2.organisation_id FROM programme_participant p1
         JOIN membership m ON m.organisation_id = p1.organisation_id AND m.user_id = $1 AND p1.part IN ('agency', 'assessment-provider')
         JOIN programme_participant p2 ON p2.programme_id = p1.programme_id))`;

/** Assessors and mentors: what the planner knows of them, their absences and their calendars. */
export class AssessorsService {
  constructor(private readonly db: Database) {}

  async list(
    actor: Actor,
    filter: { part?: string; organisationId?: string; competence?: string } = {},
  ): Promise<AssessorRow[]> {
    return this.db.query(
      `SELECT ${columns} FROM assessor x WHERE ${seen} AND ($2::text IS NULL OR x.part = $2)
          AND ($3::uuid IS NULL OR x.organisation_id = $3) AND ($4::text IS NULL OR $4 = ANY (x.competences)) ORDER BY x.name, x.id`,
      [actor.userId, filter.part, filter.organisationId, filter.competence],
    );
  }

  async get(actor: Actor, id: string, db: Pick<EntityManager, 'query'> = this.db): Promise<AssessorRow> {
    const [row] = await db.query(`SELECT ${columns} FROM assessor x WHERE ${seen} AND x.id = $2`, [
      actor.userId,
      id,
    ]);
    if (!row) throw notFound('assessor');
    return row;
  }

  /**
   * Makes a member of an organisation known to the planner: by id, or by address for an agency, which doesn't read who else
   * belongs to its providers. @throws DomainError `not-a-member`, `assessor-exists`
   */
  async create(
    actor: Actor,
    input: AssessorInput & {
      userId?: string;
      email?: string;
      organisationId: string;
      part: 'assessor' | 'mentor';
    },
  ): Promise<AssessorRow> {
    const field = input.userId === undefined ? '/email' : '/userId';
    checkWeek(input.workingDays);
    mustBePlace(input);
    return this.db.transaction(async (tx) => {
      if (!(await this.manages(tx, actor, input.organisationId))) throw notFound('organisation');
      const [person] = await tx.query(
        `SELECT m.user_id AS id, person_name(m.user_id) AS name, person_email(m.user_id) AS email FROM membership m
          WHERE m.organisation_id = $1 AND m.role = $2 AND ($3::text IS NULL OR m.user_id = $3)
            AND ($4::text IS NULL OR lower(person_email(m.user_id)) = lower($4))`,
        [input.organisationId, input.part, input.userId, input.email],
      );
      if (!person) {
        throw new DomainError('not-a-member', `The person is no ${input.part} of this organisation.`, [
          {
            field,
            message: 'not a member in this role',
            fix: `Add them to the organisation in the role ${input.part} first.`,
          },
        ]);
      }
      const inserted = await tx.query(
        `INSERT INTO assessor (id, organisation_id, name, email, part, country, lat, lon, competences, languages, working_days, max_visits_per_week)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING RETURNING id`,
        [
          person.id,
          input.organisationId,
          person.name,
          person.email,
          input.part,
          input.country,
          input.lat ?? null,
          input.lon ?? null,
          input.competences,
          input.languages,
          input.workingDays,
          input.maxVisitsPerWeek ?? null,
        ],
      );
      if (inserted.length === 0)
        throw new DomainError(
          'assessor-exists',
          'The person is an assessor or mentor already.',
          [{ field, message: 'taken', fix: 'Change the entry that is there.' }],
          'conflict',
        );
      await appendToOutbox(tx, 'plan-visits', {});
      return this.get(actor, person.id, tx);
    });
  }

  /** Changes what the planner knows. People change their own entry too, except for what they are competent in. */
  async patch(
    actor: Actor,
    id: string,
    revision: number | null,
    input: Partial<AssessorInput> & { part?: 'assessor' | 'mentor' },
  ): Promise<AssessorRow> {
    if (input.workingDays) checkWeek(input.workingDays);
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM assessor WHERE id = $1 FOR UPDATE`, [id]);
      const row = await this.get(actor, id, tx);
      const manages = await this.manages(tx, actor, row.organisationId);
      if (!manages && (id !== actor.userId || input.competences || input.part))
        throw forbidden('Only the programme manager or the own organisation changes this entry.');
      mustBeCurrent('assessor', revision, row.revision);
      mustBePlace({
        lat: input.lat === undefined ? row.lat! : input.lat,
        lon: input.lon === undefined ? row.lon! : input.lon,
      });
      await applyPatch(tx, 'assessor', id, {
        part: input.part,
        country: input.country,
        lat: input.lat,
        lon: input.lon,
        competences: input.competences,
        languages: input.languages,
        working_days: input.workingDays,
        max_visits_per_week: input.maxVisitsPerWeek,
      });
      await appendToOutbox(tx, 'plan-visits', {});
      return this.get(actor, id, tx);
    });
  }

  async absences(actor: Actor, assessorId: string): Promise<readonly AbsenceRow[]> {
    return (await this.get(actor, assessorId)).absences;
  }

  /** Records an absence, by the person or by who manages them, and has visits planned anew. */
  async addAbsence(
    actor: Actor,
    assessorId: string,
    input: { from: string; to: string; reason?: string },
  ): Promise<{ id: string }> {
    parseLocalDate(input.from, '/from');
    parseLocalDate(input.to, '/to');
    if (daysBetween(input.from, input.to) < 0) {
      throw new DomainError('period-reversed', 'An absence ends on or after the day it begins.', [
        { field: '/to', message: `before ${input.from}`, fix: `Give a day from ${input.from} on.` },
      ]);
    }
    const id = randomUUID();
    await this.db.transaction(async (tx) => {
      await this.mustKeepCalendar(tx, actor, assessorId);
      await tx.query(
        `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, $2, $3, $4, $5)`,
        [id, assessorId, input.from, input.to, input.reason ?? ''],
      );
      await appendToOutbox(tx, 'plan-visits', {});
    });
    return { id };
  }

  async removeAbsence(actor: Actor, assessorId: string, absenceId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.mustKeepCalendar(tx, actor, assessorId);
      const [, deleted] = await tx.query(`DELETE FROM absence WHERE id = $1 AND assessor_id = $2`, [
        absenceId,
        assessorId,
      ]);
      if (deleted === 0) throw notFound('absence');
      await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  /** The days of an assessor from a day (default today) to another (default half a year on, at most two years). */
  async calendar(
    actor: Actor,
    assessorId: string,
    period: { from?: string; to?: string } = {},
    today = dayIn(new Date()),
  ): Promise<CalendarView> {
    const from = parseLocalDate(period.from ?? today, 'from');
    const to = parseLocalDate(period.to ?? addDays(from, 182), 'to');
    const days = daysBetween(from, to);
    if (days < 0 || days > 731) {
      throw new DomainError('period-invalid', 'A calendar runs forward, over at most two years.', [
        { field: 'to', message: days < 0 ? `before ${from}` : `${days} days after ${from}` },
      ]);
    }
    const assessor = await this.get(actor, assessorId);
    const visits = await this.db.query(
      `SELECT v.id AS "visitId", v.planned_on::text AS date, CASE WHEN ${seesVisitSite} THEN s.id END AS "siteId",
              CASE WHEN ${seesVisitSite} THEN s.name END AS "siteName", CASE WHEN ${seesVisitSite} THEN s.city END AS city
         FROM visit v JOIN site s ON s.id = v.site_id
        WHERE v.assessor_id = $2 AND v.state IN ('planned', 'done') AND v.planned_on BETWEEN $3 AND $4 ORDER BY v.planned_on`,
      [actor.userId, assessorId, from, to],
    );
    return {
      assessorId,
      from,
      to,
      workingDays: assessor.workingDays,
      visits,
      absences: assessor.absences.filter((absence) => absence.from <= to && absence.to >= from),
      holidays: holidaysOf(assessor.country, from).filter((day) => day >= from && day <= to),
    };
  }

  /** The same as an iCalendar file. */
  async calendarIcs(
    actor: Actor,
    assessorId: string,
    period: { from?: string; to?: string } = {},
  ): Promise<string> {
    const calendar = await this.calendar(actor, assessorId, period);
    const { name } = await this.get(actor, assessorId);
    return calendarIcs({
      name,
      events: [
        ...calendar.visits.map((visit) => ({
          uid: `visit-${visit.visitId}@uplift`,
          from: visit.date,
          to: visit.date,
          summary: visit.siteName ? `Site visit: ${visit.siteName}` : 'Site visit',
          location: [visit.siteName, visit.city].filter(Boolean).join(', '),
        })),
        ...calendar.absences.map((absence) => ({
          uid: `absence-${absence.id}@uplift`,
          from: absence.from,
          to: absence.to,
          summary: absence.reason ? `Absent: ${absence.reason}` : 'Absent',
          location: '',
        })),
      ],
    });
  }

  private async mustKeepCalendar(tx: EntityManager, actor: Actor, assessorId: string): Promise<void> {
    const { organisationId } = await this.get(actor, assessorId, tx);
    if (assessorId !== actor.userId && !(await this.manages(tx, actor, organisationId)))
      throw forbidden('Only the assessor or the programme manager records an absence.');
  }

  /** Whether the actor manages the people of an organisation: as its own, or as agency of a programme it takes part in. */
  private async manages(
    db: Pick<EntityManager, 'query'>,
    actor: Actor,
    organisationId: string,
  ): Promise<boolean> {
    if (holds(actor, organisationId, ['owner', 'programme-manager'])) return true;
    const rows = await db.query(
      `SELECT 1 FROM programme_participant p1 JOIN membership m ON m.organisation_id = p1.organisation_id AND m.user_id = $1
              AND m.role IN ('owner', 'programme-manager') AND p1.part = 'agency'
         JOIN programme_participant p2 ON p2.programme_id = p1.programme_id AND p2.organisation_id = $2
              AND p2.part IN ('agency', 'assessment-provider') LIMIT 1`,
      [actor.userId, organisationId],
    );
    return rows.length > 0;
  }
}

function checkWeek(days: readonly number[]): void {
  if (new Set(days).size === days.length) return;
  throw new DomainError('working-days-twice', 'A working day stands twice in the list.', [
    { field: '/workingDays', message: days.join(', '), fix: 'Name each day once, 1 Monday to 7 Sunday.' },
  ]);
}
