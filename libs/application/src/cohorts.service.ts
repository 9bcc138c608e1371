import { checkExit, DomainError, parseLocalDate, type ExitReason } from '#domain';
import { appendToOutbox } from '#platform';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#persistence';
import type { EntityManager } from 'typeorm';
import { cohortAccess, may, programmeAccess, seesRecord, siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { cancelVisits } from './visits.service.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { applyPatch, mustBeCurrent } from './revision.js';

export interface CohortRow {
  readonly id: string;
  readonly programmeId: string;
  readonly name: string;
  readonly startsOn: string;
  readonly endsOn: string | null;
  readonly revision: number;
}

export interface EnrolmentRow {
  readonly id: string;
  readonly siteId: string;
  readonly siteName: string;
  readonly organisation: string;
  readonly enrolledOn: string;
  readonly exitedOn: string | null;
  readonly exitReason: ExitReason | null;
  readonly exitNote: string | null;
}

const columns = `c.id, c.programme_id AS "programmeId", c.name, c.starts_on::text AS "startsOn", c.ends_on::text AS "endsOn", c.revision`;
const MANAGERS = ['owner', 'programme-manager'] as const;

/** With it, owners enrol their sites until it ends or the next one is made. */
export interface JoiningCode {
  readonly joiningCode: string;
  readonly expiresAt: Date;
}

/** How long a code opens its cohort: about as long as sites are gathered. */
const JOINING_DAYS = 90;

/** Cohorts of programmes, the sites enrolled in them, and why some left. */
export class CohortsService {
  constructor(private readonly db: Database) {}

  async cohorts(actor: Actor, filter: { programmeId?: string } = {}): Promise<CohortRow[]> {
    return this.db.query(
      `SELECT ${columns} FROM cohort c WHERE c.programme_id IN (
         SELECT pp.programme_id FROM programme_participant pp JOIN membership m ON m.organisation_id = pp.organisation_id
          WHERE m.user_id = $1) AND ($2::uuid IS NULL OR c.programme_id = $2) ORDER BY c.starts_on, c.name, c.id`,
      [actor.userId, filter.programmeId],
    );
  }

  async cohort(actor: Actor, id: string, db: Pick<EntityManager, 'query'> = this.db): Promise<CohortRow> {
    await cohortAccess(db, actor, id);
    const [row] = await db.query(`SELECT ${columns} FROM cohort c WHERE c.id = $1`, [id]);
    return row;
  }

  async createCohort(
    actor: Actor,
    input: { programmeId: string; name: string; startsOn: string; endsOn?: string },
  ): Promise<{ id: string }> {
    checkPeriod(input.startsOn, input.endsOn ?? null);
    const access = await programmeAccess(this.db, actor, input.programmeId);
    if (!may(access, MANAGERS, ['agency'])) throw forbidden('Only the programme manager starts cohorts.');
    const id = randomUUID();
    await this.db.query(
      `INSERT INTO cohort (id, programme_id, name, starts_on, ends_on) VALUES ($1, $2, $3, $4, $5)`,
      [id, input.programmeId, input.name, input.startsOn, input.endsOn ?? null],
    );
    return { id };
  }

  async patchCohort(
    actor: Actor,
    id: string,
    revision: number | null,
    input: { name?: string; startsOn?: string; endsOn?: string | null },
  ): Promise<CohortRow> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM cohort WHERE id = $1 FOR UPDATE`, [id]);
      await this.mustManage(tx, actor, id, 'changes cohorts');
      const row = await this.cohort(actor, id, tx);
      mustBeCurrent('cohort', revision, row.revision);
      checkPeriod(input.startsOn ?? row.startsOn, input.endsOn === undefined ? row.endsOn : input.endsOn);
      await applyPatch(tx, 'cohort', id, {
        name: input.name,
        starts_on: input.startsOn,
        ends_on: input.endsOn,
      });
      return this.cohort(actor, id, tx);
    });
  }

  /** Enrolments of a cohort. Buyers see the reason of an exit, but not the note to it. */
  async enrolments(
    actor: Actor,
    cohortId: string,
    filter: { state?: 'open' | 'exited'; reason?: string },
    page: PageRequest,
  ): Promise<Page<EnrolmentRow>> {
    const access = await cohortAccess(this.db, actor, cohortId);
    const rows = await this.db.query(
      `SELECT e.id, e.site_id AS "siteId", s.name AS "siteName", o.name AS organisation, e.enrolled_on::text AS "enrolledOn",
              e.exited_on::text AS "exitedOn", e.exit_reason AS "exitReason", CASE WHEN $2 THEN e.exit_note END AS "exitNote"
         FROM enrolment e JOIN site s ON s.id = e.site_id JOIN organisation o ON o.id = s.organisation_id
        WHERE e.cohort_id = $1 AND ($3::text IS NULL OR ($3 = 'exited') = (e.exited_on IS NOT NULL))
          AND ($4::text IS NULL OR e.exit_reason = $4) AND ($5::uuid IS NULL OR e.id > $5) ORDER BY e.id LIMIT $6`,
      [cohortId, seesRecord(access), filter.state, filter.reason, page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: EnrolmentRow) => row.id);
  }

  /**
   * Enrols a site, whose results the programme's organisations then see and count. So it takes both sides: the site's own
   * owner with a code that the programme gave out, or a programme manager who sees the site already. Without a code that
   * opens it, a cohort that the owner doesn't see is like one that doesn't exist.
   * @throws DomainError `not-found`, `joining-code-needed`, `already-enrolled`
   */
  async enrol(
    actor: Actor,
    cohortId: string,
    input: { siteId: string; enrolledOn: string; joiningCode?: string },
  ): Promise<{ id: string }> {
    parseLocalDate(input.enrolledOn, '/enrolledOn');
    const own = await this.db.query(
      `SELECT 1 FROM site_access WHERE user_id = $1 AND site_id = $2 AND part = 'owner-organisation' AND role = 'owner'`,
      [actor.userId, input.siteId],
    );
    if (own.length === 0) {
      await this.mustManage(this.db, actor, cohortId, 'enrols sites');
      await siteAccess(this.db, actor, input.siteId);
    }
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT set_config('uplift.joining_code', $1, true)`, [input.joiningCode ?? '']);
      if (own.length > 0) await this.mustOpen(tx, actor, cohortId);
      const id = randomUUID();
      const inserted = await tx.query(
        `INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id`,
        [id, cohortId, input.siteId, input.enrolledOn],
      );
      if (inserted.length === 0)
        throw new DomainError('already-enrolled', 'The site is enrolled in this cohort.', [], 'conflict');
      await appendToOutbox(tx, 'site-changed', { siteId: input.siteId });
      return { id };
    });
  }

  /** Records that a site left the cohort and why; its results stay, its visits are called off. */
  async exit(
    actor: Actor,
    cohortId: string,
    siteId: string,
    input: { exitedOn: string; reason: string; note?: string },
  ): Promise<void> {
    parseLocalDate(input.exitedOn, '/exitedOn');
    const reason = checkExit(input.reason, input.note);
    await this.mustManage(this.db, actor, cohortId, 'records exits');
    await this.db.transaction(async (tx) => {
      const [, changed] = await tx.query(
        `UPDATE enrolment SET exited_on = $3, exit_reason = $4, exit_note = $5 WHERE cohort_id = $1 AND site_id = $2 AND enrolled_on <= $3`,
        [cohortId, siteId, input.exitedOn, reason, input.note ?? null],
      );
      if (changed === 0) throw notFound('enrolment');
      await cancelVisits(tx, `cohort_id = $1 AND site_id = $2`, [cohortId, siteId]);
      await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  /**
   * Makes the code with which owners of sites join a cohort. It is shown this once; the one before stops working.
   */
  async joiningCode(actor: Actor, cohortId: string): Promise<JoiningCode> {
    return this.db.transaction(async (tx) => {
      await this.mustManage(tx, actor, cohortId, 'lets sites join');
      const joiningCode = randomBytes(15).toString('base64url');
      const expiresAt = new Date(Date.now() + JOINING_DAYS * 86_400_000);
      await tx.query(`UPDATE cohort SET joining_hash = $2, joining_until = $3 WHERE id = $1`, [
        cohortId,
        createHash('sha256').update(joiningCode).digest('hex'),
        expiresAt,
      ]);
      return { joiningCode, expiresAt };
    });
  }

  /** The transaction's code opens the cohort, or the actor manages it. @throws DomainError `not-found`, `joining-code-needed` */
  private async mustOpen(tx: Queryable, actor: Actor, cohortId: string): Promise<void> {
    const [{ opens, seen }] = await tx.query(
      `SELECT cohort_opens($1) AS opens, EXISTS (SELECT 1 FROM cohort WHERE id = $1) AS seen`,
      [cohortId],
    );
    if (opens) return;
    if (!seen) throw notFound('cohort');
    const access = await cohortAccess(tx, actor, cohortId).catch(() => []);
    if (may(access, MANAGERS, ['agency'])) return;
    throw new DomainError(
      'joining-code-needed',
      'Into this cohort a site comes with a code that its programme gives out.',
      [
        {
          field: '/joiningCode',
          message: 'missing, ended or replaced',
          fix: 'Ask the programme manager for the present one.',
        },
      ],
      'forbidden',
    );
  }

  private async mustManage(
    db: Pick<EntityManager, 'query'>,
    actor: Actor,
    cohortId: string,
    what: string,
  ): Promise<void> {
    if (!may(await cohortAccess(db, actor, cohortId), MANAGERS, ['agency']))
      throw forbidden(`Only the programme manager ${what}.`);
  }
}

function checkPeriod(startsOn: string, endsOn: string | null): void {
  parseLocalDate(startsOn, '/startsOn');
  if (endsOn === null) return;
  parseLocalDate(endsOn, '/endsOn');
  if (endsOn < startsOn)
    throw new DomainError('period-reversed', 'A cohort ends on or after the day it begins.', [
      { field: '/endsOn', message: `before ${startsOn}` },
    ]);
}
