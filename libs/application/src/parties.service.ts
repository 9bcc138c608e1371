import { DomainError, parseLocalDate, visibleGain, type GainResult } from '#domain';
import { ORGANISATION_KINDS, type OrganisationKind, type Role } from '#persistence';
import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { cohortAccess, may, mustSee, seenBy, seesRecord, siteAccess } from './access.js';
import { actsAs, forbidden, notFound, type Actor } from './actor.js';
import { appendToOutbox } from '#platform';
import type { Identity } from './identity.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

export interface NewOrganisation {
  readonly name: string;
  readonly kind: OrganisationKind;
  readonly country: string;
}

export interface NewSite {
  readonly organisationId: string;
  readonly name: string;
  readonly city?: string;
  readonly country: string;
  readonly lat?: number;
  readonly lon?: number;
  readonly categories?: readonly string[];
  readonly languages?: readonly string[];
}

/** Organisations, sites, programmes, cohorts and enrolments. */
export class PartiesService {
  constructor(private readonly db: DataSource) {}

  /** The memberships of a person: read for every request, so a removed role is gone at once. */
  async actorOf(user: { id: string; name: string; email: string }): Promise<Actor> {
    const memberships = await this.db.query(
      `SELECT m.organisation_id AS "organisationId", o.kind AS "organisationKind", m.role FROM membership m
         JOIN organisation o ON o.id = m.organisation_id WHERE m.user_id = $1`,
      [user.id],
    );
    return { userId: user.id, name: user.name, email: user.email, memberships };
  }

  /** Founds an organisation; the founder becomes its owner. Agencies found suppliers on their behalf. */
  async createOrganisation(actor: Actor, input: NewOrganisation): Promise<{ id: string }> {
    const onBehalf = actsAs(actor, ['owner', 'programme-manager'], ['development-agency']);
    if (input.kind !== 'supplier' && !onBehalf) {
      throw forbidden(
        'Only an agency sets up organisations other than suppliers; agencies are set up by the operator.',
      );
    }
    const id = randomUUID();
    await this.db.transaction(async (tx) => {
      await tx.query(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, $3, $4)`, [
        id,
        input.name,
        input.kind,
        input.country,
      ]);
      await tx.query(
        `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`,
        [randomUUID(), actor.userId, id],
      );
    });
    return { id };
  }

  /** Organisations the actor belongs to or whose sites it sees. */
  async organisations(actor: Actor, page: PageRequest): Promise<Page<{ id: string }>> {
    const rows = await this.db.query(
      `SELECT o.id, o.name, o.kind, o.country, o.demo FROM organisation o
        WHERE (o.id IN (SELECT organisation_id FROM membership WHERE user_id = $1)
           OR o.id IN (SELECT s.organisation_id FROM site s JOIN site_access x ON x.site_id = s.id WHERE x.user_id = $1)
           OR o.id IN (SELECT p2.organisation_id FROM programme_participant p1 JOIN membership m ON m.organisation_id = p1.organisation_id AND m.user_id = $1
                         JOIN programme_participant p2 ON p2.programme_id = p1.programme_id))
          AND ($2::uuid IS NULL OR o.id > $2) ORDER BY o.id LIMIT $3`,
      [actor.userId, page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: { id: string }) => row.id);
  }

  async addMember(actor: Actor, organisationId: string, userId: string, role: Role): Promise<void> {
    if (
      !actor.memberships.some(
        (membership) => membership.organisationId === organisationId && membership.role === 'owner',
      )
    )
      throw notFound('organisation');
    await this.db.query(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [randomUUID(), userId, organisationId, role],
    );
  }

  async createSite(actor: Actor, input: NewSite): Promise<{ id: string }> {
    const own = actor.memberships.some(
      (membership) =>
        membership.organisationId === input.organisationId &&
        ['owner', 'qa-manager'].includes(membership.role),
    );
    if (!own) throw notFound('organisation');
    const id = randomUUID();
    await this.db.query(
      `INSERT INTO site (id, organisation_id, name, city, country, lat, lon, categories, languages) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        id,
        input.organisationId,
        input.name,
        input.city ?? '',
        input.country,
        input.lat ?? null,
        input.lon ?? null,
        input.categories ?? [],
        input.languages ?? [],
      ],
    );
    return { id };
  }

  async sites(
    actor: Actor,
    filter: { cohortId?: string; category?: string },
    page: PageRequest,
  ): Promise<Page<{ id: string }>> {
    const rows = await this.db.query(
      `SELECT s.id, s.name, s.city, s.country, s.lat, s.lon, s.categories, s.languages, s.organisation_id AS "organisationId", o.name AS organisation
         FROM site s JOIN organisation o ON o.id = s.organisation_id
        WHERE s.id IN (SELECT site_id FROM site_access WHERE user_id = $1)
          AND ($2::uuid IS NULL OR s.id IN (SELECT site_id FROM enrolment WHERE cohort_id = $2))
          AND ($3::text IS NULL OR $3 = ANY (s.categories)) AND ($4::uuid IS NULL OR s.id > $4) ORDER BY s.id LIMIT $5`,
      [actor.userId, filter.cohortId, filter.category, page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: { id: string }) => row.id);
  }

  async site(actor: Actor, id: string) {
    await siteAccess(this.db, actor, id);
    const [row] = await this.db.query(
      `SELECT s.id, s.name, s.city, s.country, s.lat, s.lon, s.categories, s.languages, s.organisation_id AS "organisationId", o.name AS organisation
         FROM site s JOIN organisation o ON o.id = s.organisation_id WHERE s.id = $1`,
      [id],
    );
    return row;
  }

  async programmes(actor: Actor) {
    return this.db.query(
      `SELECT DISTINCT p.id, p.code, p.name, p.time_zone AS "timeZone", p.look_back_months AS "lookBackMonths", p.claims, p.demo FROM programme p
         JOIN programme_participant pp ON pp.programme_id = p.id JOIN membership m ON m.organisation_id = pp.organisation_id
        WHERE m.user_id = $1 ORDER BY p.code`,
      [actor.userId],
    );
  }

  async createProgramme(
    actor: Actor,
    input: { organisationId: string; code: string; name: string },
  ): Promise<{ id: string }> {
    const manages = actor.memberships.some(
      (membership) =>
        membership.organisationId === input.organisationId &&
        membership.organisationKind === 'development-agency' &&
        ['owner', 'programme-manager'].includes(membership.role),
    );
    if (!manages) throw notFound('organisation');
    const id = randomUUID();
    await this.db.transaction(async (tx) => {
      const inserted = await tx.query(
        `INSERT INTO programme (id, code, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id`,
        [id, input.code, input.name],
      );
      if (inserted.length === 0)
        throw new DomainError(
          'code-taken',
          `A programme with the code ${input.code} exists.`,
          [{ field: '/code', message: 'taken' }],
          'conflict',
        );
      await tx.query(
        `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, 'agency')`,
        [randomUUID(), id, input.organisationId],
      );
    });
    return { id };
  }

  async cohorts(actor: Actor) {
    return this.db.query(
      `SELECT DISTINCT c.id, c.programme_id AS "programmeId", c.name, c.starts_on::text AS "startsOn", c.ends_on::text AS "endsOn" FROM cohort c
         JOIN programme_participant pp ON pp.programme_id = c.programme_id JOIN membership m ON m.organisation_id = pp.organisation_id
        WHERE m.user_id = $1 ORDER BY "startsOn", c.name`,
      [actor.userId],
    );
  }

  async createCohort(
    actor: Actor,
    input: { programmeId: string; name: string; startsOn: string; endsOn?: string },
  ): Promise<{ id: string }> {
    parseLocalDate(input.startsOn);
    if (input.endsOn) parseLocalDate(input.endsOn);
    const [manager] = await this.db.query(
      `SELECT 1 FROM programme_participant pp JOIN membership m ON m.organisation_id = pp.organisation_id
        WHERE pp.programme_id = $1 AND pp.part = 'agency' AND m.user_id = $2 AND m.role IN ('owner', 'programme-manager')`,
      [input.programmeId, actor.userId],
    );
    if (!manager) throw notFound('programme');
    const id = randomUUID();
    await this.db.query(
      `INSERT INTO cohort (id, programme_id, name, starts_on, ends_on) VALUES ($1, $2, $3, $4, $5)`,
      [id, input.programmeId, input.name, input.startsOn, input.endsOn ?? null],
    );
    return { id };
  }

  /**
   * Enrols a site, whose results the programme's organisations then see. So it takes the site's own owner, who knows
   * the cohort's id from an invitation, or a programme manager who sees the site already.
   */
  async enrol(
    actor: Actor,
    cohortId: string,
    input: { siteId: string; enrolledOn: string },
  ): Promise<{ id: string }> {
    parseLocalDate(input.enrolledOn);
    const own = await this.db.query(
      `SELECT 1 FROM site_access WHERE user_id = $1 AND site_id = $2 AND part = 'owner-organisation' AND role = 'owner'`,
      [actor.userId, input.siteId],
    );
    if (own.length === 0) {
      const access = await cohortAccess(this.db, actor, cohortId);
      if (!may(access, ['owner', 'programme-manager'], ['agency']))
        throw forbidden('Only the programme manager enrols sites.');
      await siteAccess(this.db, actor, input.siteId);
    }
    return this.db.transaction(async (tx) => {
      const id = randomUUID();
      const [cohort] = await tx.query(`SELECT 1 FROM cohort WHERE id = $1`, [cohortId]);
      if (!cohort) throw notFound('cohort');
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

  /** Records that a site left the cohort and why; its results stay. */
  async exit(
    actor: Actor,
    cohortId: string,
    siteId: string,
    exitedOn: string,
    reason: string,
  ): Promise<void> {
    parseLocalDate(exitedOn);
    const access = await cohortAccess(this.db, actor, cohortId);
    if (!may(access, ['owner', 'programme-manager'], ['agency']))
      throw forbidden('Only the programme manager records exits.');
    await this.db.transaction(async (tx) => {
      const [, changed] = await tx.query(
        `UPDATE enrolment SET exited_on = $3, exit_reason = $4 WHERE cohort_id = $1 AND site_id = $2 AND enrolled_on <= $3`,
        [cohortId, siteId, exitedOn, reason],
      );
      if (changed === 0) throw notFound('enrolment');
      await tx.query(
        `UPDATE visit SET state = 'cancelled', sequence = sequence + 1, revision = revision + 1
          WHERE cohort_id = $1 AND site_id = $2 AND state IN ('planned', 'unplanned')`,
        [cohortId, siteId],
      );
      await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  /** Gains of a site, newest first, each with everything it must be shown with. */
  async gainsOfSite(actor: Actor, siteId: string) {
    const access = await siteAccess(this.db, actor, siteId);
    mustSee(access, 'section-scores');
    const rows: { followUpId: string; baselineId: string; comparable: boolean; gain: GainResult }[] =
      await this.db.query(
        `SELECT g.follow_up_id AS "followUpId", g.baseline_id AS "baselineId", g.comparable, g.body AS gain FROM gain_explained g JOIN assessment a ON a.id = g.follow_up_id
        WHERE g.site_id = $1 AND ($2 OR a.state = 'closed') ORDER BY a.assessed_on DESC`,
        [siteId, seesRecord(access)],
      );
    return rows.map((row) => ({ ...row, gain: visibleGain(row.gain, seenBy(access)) }));
  }
}

/** The operator's way to set up an organisation with its first person. The password is told once and kept nowhere. */
export async function foundOrganisation(
  db: DataSource,
  identity: Identity,
  input: { name: string; kind: string; country: string; owner: string; email: string },
): Promise<{ organisationId: string; userId: string; email: string; password: string }> {
  const kind = ORGANISATION_KINDS.find((each) => each === input.kind);
  if (!kind || !/^[A-Z]{2}$/.test(input.country) || !input.name.trim()) {
    throw new DomainError('organisation-invalid', 'The organisation cannot be set up like this.', [
      ...(kind
        ? []
        : [{ field: '--kind', message: 'unknown', fix: `Use one of: ${ORGANISATION_KINDS.join(', ')}.` }]),
      ...(/^[A-Z]{2}$/.test(input.country)
        ? []
        : [{ field: '--country', message: 'not two capital letters', fix: 'For example EG.' }]),
      ...(input.name.trim() ? [] : [{ field: '--name', message: 'is empty' }]),
    ]);
  }
  const password = randomBytes(15).toString('base64url');
  const userId = await identity.createPerson(input.owner, input.email, password);
  const organisationId = randomUUID();
  await db.transaction(async (tx) => {
    await tx.query(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, $3, $4)`, [
      organisationId,
      input.name,
      kind,
      input.country,
    ]);
    await tx.query(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`,
      [randomUUID(), userId, organisationId],
    );
  });
  return { organisationId, userId, email: input.email, password };
}
