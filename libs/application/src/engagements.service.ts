import { DomainError, parseLocalDate } from '#domain';
import { appendToOutbox } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { may, seesRecord, siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

export interface EngagementRow {
  readonly id: string;
  readonly personId: string;
  readonly name: string | null;
  readonly siteId: string;
  readonly role: 'coach' | 'consultant';
  readonly from: string;
  /** Null: still going on. */
  readonly until: string | null;
}

const rows = `
  SELECT e.id, e.person_id AS "personId", person_name(e.person_id) AS name, e.site_id AS "siteId", e.role, e.from_date::text AS "from", e.until_date::text AS until
    FROM engagement e`;

/** Who coaches which site, and when: what keeps a person from assessing it for the look-back. */
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

  /** Registers an engagement, by the person or by the programme manager. @throws DomainError `engagement-overlaps` */
  async register(
    actor: Actor,
    input: { personId: string; siteId: string; role: 'coach' | 'consultant'; from: string; until?: string },
  ): Promise<EngagementRow> {
    checkPeriod(input.from, input.until ?? null);
    return this.db.transaction(async (tx) => {
      await this.mustKeep(tx, actor, input.siteId, input.personId);
      const [person] = await tx.query(
        `SELECT 1 FROM site_access WHERE user_id = $1 AND site_id = $2 AND part IN ('agency', 'assessment-provider')
         UNION SELECT 1 FROM assessor WHERE id = $1 AND organisation_id IN (
           SELECT p.organisation_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
             JOIN programme_participant p ON p.programme_id = c.programme_id WHERE e.site_id = $2)`,
        [input.personId, input.siteId],
      );
      if (!person) throw notFound('person');
      const [other] = await tx.query(
        `SELECT from_date::text AS "from", until_date::text AS until FROM engagement
          WHERE person_id = $1 AND site_id = $2 AND role = $3 AND from_date <= coalesce($5::date, 'infinity') AND coalesce(until_date, 'infinity') >= $4 LIMIT 1`,
        [input.personId, input.siteId, input.role, input.from, input.until ?? null],
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
        `INSERT INTO engagement (id, person_id, site_id, role, from_date, until_date) VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, input.personId, input.siteId, input.role, input.from, input.until ?? null],
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

  /** Locks the engagements of a person at a site, and checks that the actor may record them. */
  private async mustKeep(
    tx: EntityManager,
    actor: Actor,
    siteId: string,
    personId: string,
    noun = 'site',
  ): Promise<void> {
    const access = await siteAccess(tx, actor, siteId, noun);
    if (!seesRecord(access)) throw notFound(noun);
    const self =
      personId === actor.userId &&
      may(access, ['mentor', 'assessor', 'owner', 'programme-manager'], ['agency', 'assessment-provider']);
    if (!self && !may(access, ['owner', 'programme-manager'], ['agency']))
      throw forbidden('Only the mentor or the programme manager records coaching.');
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('uplift.engagement'), hashtext($1))`, [
      `${personId} ${siteId}`,
    ]);
  }
}

function checkPeriod(from: string, until: string | null): void {
  parseLocalDate(from);
  if (until === null) return;
  parseLocalDate(until);
  if (until < from)
    throw new DomainError('period-reversed', 'An engagement ends on or after the day it begins.', [
      { field: '/until', message: `before ${from}` },
    ]);
}
