import { DomainError, type EngagementRole, parseLocalDate } from '#domain';
import { appendToOutbox } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { may, seesRecord, siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { lockRegister } from './impartiality.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

export interface EngagementRow {
  readonly id: string;
  /** Null: the organisation's, by people who are not named. */
  readonly personId: string | null;
  readonly name: string | null;
  /** On whose behalf. */
  readonly organisationId: string | null;
  readonly organisation: string | null;
  readonly siteId: string;
  readonly role: EngagementRole;
  readonly paidBy: PaidBy | null;
  /** What risk to impartiality was seen, and how it is removed. */
  readonly declaration: string | null;
  readonly from: string;
  /** Null: still going on. */
  readonly until: string | null;
}

/** Who pays for an engagement. */
export const PAID_BY = ['programme', 'supplier', 'buyer', 'provider'] as const;
export type PaidBy = (typeof PAID_BY)[number];

/** An engagement as it comes in: by a person, by an organisation, or by a person on behalf of one. */
export interface NewEngagement {
  readonly personId?: string;
  /** Left out: the one the person does field work for. */
  readonly organisationId?: string;
  readonly siteId: string;
  readonly role: EngagementRole;
  readonly from: string;
  readonly until?: string;
  readonly paidBy?: PaidBy;
  readonly declaration?: string;
}

const rows = `
  SELECT e.id, e.person_id AS "personId", person_name(e.person_id) AS name, e.organisation_id AS "organisationId",
         (SELECT o.name FROM organisation o WHERE o.id = e.organisation_id) AS organisation, e.site_id AS "siteId", e.role, e.paid_by AS "paidBy", e.declaration, e.from_date::text AS "from", e.until_date::text AS until
    FROM engagement e`;

/** Who coaches or advises which site, and when: what keeps from assessing it for the look-back. */
export class EngagementsService {
  constructor(private readonly db: Database) {}

  /** Engagements at the sites the actor sees; those of whose record they see all. */
  async list(
    actor: Actor,
    filter: { siteId?: string; personId?: string; open?: boolean },
    page: PageRequest,
  ): Promise<Page<EngagementRow>> {
    const found = await this.db.query(
      `${rows} WHERE EXISTS (SELECT 1 FROM site_access x WHERE x.user_id = $1 AND x.site_id = e.site_id AND 'record' = ANY (x.scopes))
          AND ($2::uuid IS NULL OR e.site_id = $2) AND ($3::text IS NULL OR e.person_id = $3)
          AND ($4::boolean IS NULL OR $4 = (e.until_date IS NULL)) AND ($5::uuid IS NULL OR e.id > $5) ORDER BY e.id LIMIT $6`,
      [actor.userId, filter.siteId, filter.personId, filter.open, page.after, page.limit + 1],
    );
    return pageOf(found, page, (row: EngagementRow) => row.id);
  }

  /**
   * Registers an engagement, by the person or by the programme manager.
   * @throws DomainError `engagement-overlaps`, `engagement-of-nobody`
   */
  async register(actor: Actor, input: NewEngagement): Promise<EngagementRow> {
    checkPeriod(input.from, input.until ?? null);
    const personId = input.personId ?? null;
    if (personId === null && !input.organisationId) {
      throw new DomainError('engagement-of-nobody', 'An engagement is a person’s or an organisation’s.', [
        { field: '/personId', message: 'is missing', fix: 'Give personId, organisationId or both.' },
      ]);
    }
    return this.db.transaction(async (tx) => {
      await this.mustKeep(tx, actor, input.siteId, personId);
      if (input.organisationId) await mustKnow(tx, input.organisationId, input.siteId);
      const [person] =
        personId === null
          ? [{}]
          : await tx.query(
              `SELECT 1 FROM site_access WHERE user_id = $1 AND site_id = $2 AND part IN ('agency', 'assessment-provider')
         UNION SELECT 1 FROM assessor WHERE id = $1 AND organisation_id IN (
           SELECT p.organisation_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
             JOIN programme_participant p ON p.programme_id = c.programme_id WHERE e.site_id = $2)`,
              [input.personId, input.siteId],
            );
      if (!person) throw notFound('person');
      const [other] = await tx.query(
        `SELECT from_date::text AS "from", until_date::text AS until FROM engagement
          WHERE person_id IS NOT DISTINCT FROM $1 AND ($1::text IS NOT NULL OR organisation_id = $6) AND site_id = $2 AND role = $3 AND from_date <= coalesce($5::date, 'infinity') AND coalesce(until_date, 'infinity') >= $4 LIMIT 1`,
        [personId, input.siteId, input.role, input.from, input.until ?? null, input.organisationId ?? null],
      );
      if (other) {
        throw new DomainError(
          'engagement-overlaps',
          'The person has an engagement of this kind at this site in the same period.',
          [
            {
              field: '/from',
              message: `${other.from} to ${other.until ?? 'now'}`,
              fix: 'End that one first, or give another period.',
            },
          ],
          'conflict',
        );
      }
      const id = randomUUID();
      await tx.query(
        `INSERT INTO engagement (id, person_id, site_id, role, from_date, until_date, organisation_id, paid_by, declaration)
         VALUES ($1, $2, $3, $4, $5, $6, coalesce($7::uuid, (SELECT organisation_id FROM impartiality_people($3, ARRAY[$2::text]))), $8, $9)`,
        [
          id,
          personId,
          input.siteId,
          input.role,
          input.from,
          input.until ?? null,
          input.organisationId ?? null,
          input.paidBy ?? null,
          input.declaration ?? null,
        ],
      );
      return this.changed(tx, id);
    });
  }

  /** Ends an engagement; the look-back runs from that day. @throws DomainError `engagement-ended` */
  async end(actor: Actor, id: string, until: string): Promise<EngagementRow> {
    return this.db.transaction(async (tx) => {
      const [row] = await tx.query(
        `SELECT person_id AS "personId", site_id AS "siteId", from_date::text AS "from", until_date::text AS until
           FROM engagement WHERE id = $1 FOR UPDATE`,
        [id],
      );
      if (!row) throw notFound('engagement');
      await this.mustKeep(tx, actor, row.siteId, row.personId, 'engagement');
      checkPeriod(row.from, until);
      // An end that is set once stays: otherwise a look-back could be made shorter afterwards.
      if (row.until !== null)
        throw new DomainError(
          'engagement-ended',
          `The engagement ended on ${row.until}.`,
          [{ field: '/until', message: 'set already', fix: 'Register a new engagement for a new period.' }],
          'conflict',
        );
      await tx.query(`UPDATE engagement SET until_date = $2 WHERE id = $1`, [id, until]);
      return this.changed(tx, id);
    });
  }

  private async changed(tx: EntityManager, id: string): Promise<EngagementRow> {
    const [row] = await tx.query(`${rows} WHERE e.id = $1`, [id]);
    await appendToOutbox(tx, 'engagement-changed', { siteId: row.siteId, personId: row.personId });
    await appendToOutbox(tx, 'plan-visits', {});
    return row;
  }

  /** Locks the register of a site, and checks that the actor may record in it. */
  private async mustKeep(
    tx: EntityManager,
    actor: Actor,
    siteId: string,
    personId: string | null,
    noun = 'site',
  ): Promise<void> {
    const access = await siteAccess(tx, actor, siteId, noun);
    if (!seesRecord(access)) throw notFound(noun);
    const self =
      personId === actor.userId &&
      may(access, ['mentor', 'assessor', 'owner', 'programme-manager'], ['agency', 'assessment-provider']);
    if (!self && !may(access, ['owner', 'programme-manager'], ['agency']))
      throw forbidden('Only the mentor or the programme manager records coaching.');
    await lockRegister(tx, siteId);
  }
}

/** @throws DomainError `not-found` unless the organisation takes part in a programme of the site. */
async function mustKnow(tx: EntityManager, organisationId: string, siteId: string): Promise<void> {
  const [known] = await tx.query(
    `SELECT 1 FROM programme_participant p JOIN cohort c ON c.programme_id = p.programme_id JOIN enrolment e ON e.cohort_id = c.id
      WHERE e.site_id = $1 AND p.organisation_id = $2 LIMIT 1`,
    [siteId, organisationId],
  );
  if (!known) throw notFound('organisation');
}

function checkPeriod(from: string, until: string | null): void {
  parseLocalDate(from, '/from');
  if (until === null) return;
  parseLocalDate(until, '/until');
  if (until < from)
    throw new DomainError('period-reversed', 'An engagement ends on or after the day it begins.', [
      { field: '/until', message: `before ${from}`, fix: `Give a day from ${from} on.` },
    ]);
}
