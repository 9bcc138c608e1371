import { type Database, ORGANISATION_KINDS, type OrganisationKind, type Queryable } from '#persistence';
import { DomainError, isBlank } from '#domain';
import { randomBytes, randomUUID } from 'node:crypto';
import { fewSites, must, siteAccess } from './access.js';
import { actsAs, forbidden, holds, notFound, type Actor } from './actor.js';
import { appendToOutbox } from '#platform';
import type { Locale } from '#reporting';
import type { Identity } from './identity.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { applyPatch, mustBeCurrent } from './revision.js';

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

export interface OrganisationRow {
  readonly id: string;
  readonly name: string;
  readonly kind: OrganisationKind;
  readonly country: string;
  readonly demo: boolean;
  /** The day on which a supplier has left for good. */
  readonly leftOn: string | null;
  /** Whether others find it by its name, and the language of the mail it gets; null for who doesn't belong to it. */
  readonly directoryEntry: { readonly listed: boolean; readonly language: Locale } | null;
  readonly revision: number;
}

export interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly city: string;
  readonly country: string;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly categories: readonly string[];
  readonly languages: readonly string[];
  readonly organisationId: string;
  readonly organisation: string;
  readonly revision: number;
}

/** Of an organisation ($1: the person who reads). */
const organisationColumns = `o.id, o.name, o.kind, o.country, o.demo,
  CASE WHEN o.id IN (SELECT organisation_id FROM membership WHERE user_id = $1)
    THEN jsonb_build_object('listed', coalesce(o.listed, o.kind = 'buyer'), 'language', o.language) END AS "directoryEntry",
  (o.dissolved_at AT TIME ZONE 'UTC')::date::text AS "leftOn", o.revision`;
/** The organisations ($1: the person) that somebody belongs to, whose sites they see, or that share a programme. */
const organisationSeenBy = `
  (o.id IN (SELECT organisation_id FROM membership WHERE user_id = $1)
    OR o.id IN (SELECT s.organisation_id FROM site s JOIN site_access x ON x.site_id = s.id WHERE x.user_id = $1)
    OR o.id IN (SELECT p2.organisation_id FROM programme_participant p1
                  JOIN membership m ON m.organisation_id = p1.organisation_id AND m.user_id = $1
                  JOIN programme_participant p2 ON p2.programme_id = p1.programme_id))`;
const siteColumns = `
  s.id, s.name, s.city, s.country, s.lat, s.lon, s.categories, s.languages, s.organisation_id AS "organisationId",
  o.name AS organisation, s.revision`;
const siteJoins = `site s JOIN organisation o ON o.id = s.organisation_id`;

/** Organisations and their sites. */
export class PartiesService {
  constructor(private readonly db: Database) {}

  /** The memberships of a person: read for every request, so a removed role is gone at once. */
  async actorOf(user: { id: string; name: string; email: string }): Promise<Actor> {
    const memberships = await this.db.query(
      `SELECT organisation_id AS "organisationId", kind AS "organisationKind", role FROM memberships_of($1)`,
      [user.id],
    );
    return { userId: user.id, name: user.name, email: user.email, memberships };
  }

  /**
   * Founds an organisation; the founder becomes its owner, and invites another. Agencies found others on their behalf, but
   * no agencies; those are founded by whoever looks after the installation.
   */
  async createOrganisation(actor: Actor, input: NewOrganisation): Promise<{ id: string }> {
    const onBehalf = actsAs(actor, ['owner', 'programme-manager'], ['development-agency']);
    const allowed =
      input.kind === 'supplier' || actor.administrator || (input.kind !== 'development-agency' && onBehalf);
    if (!allowed) {
      throw forbidden(
        'Only an agency sets up organisations other than suppliers; agencies are set up by whoever looks after the installation.',
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

  /** Organisations the actor belongs to, whose sites it sees, or that take part in its programmes. */
  async organisations(
    actor: Actor,
    filter: { kind?: string; country?: string; name?: string },
    page: PageRequest,
  ): Promise<Page<OrganisationRow>> {
    const rows = await this.db.query(
      `SELECT ${organisationColumns} FROM organisation o
        WHERE ${organisationSeenBy} AND ($2::text IS NULL OR o.kind = $2) AND ($3::text IS NULL OR o.country = $3)
          AND ($4::text IS NULL OR strpos(lower(o.name), lower($4)) > 0)
          AND ($5::uuid IS NULL OR o.id > $5) ORDER BY o.id LIMIT $6`,
      [actor.userId, filter.kind, filter.country, filter.name, page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: OrganisationRow) => row.id);
  }

  async organisation(actor: Actor, id: string, db: Queryable = this.db): Promise<OrganisationRow> {
    const [row] = await db.query(
      `SELECT ${organisationColumns} FROM organisation o WHERE ${organisationSeenBy} AND o.id = $2`,
      [actor.userId, id],
    );
    if (!row) throw notFound('organisation');
    return row;
  }

  /** Changes name or country; by an owner. */
  async patchOrganisation(
    actor: Actor,
    id: string,
    revision: number | null,
    input: { name?: string; country?: string },
  ): Promise<OrganisationRow> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM organisation WHERE id = $1 FOR UPDATE`, [id]);
      const row = await this.organisation(actor, id, tx);
      if (!holds(actor, id, ['owner'])) throw forbidden('Only an owner changes the organisation.');
      mustBeCurrent('organisation', revision, row.revision);
      await applyPatch(tx, 'organisation', id, { name: input.name, country: input.country });
      return this.organisation(actor, id, tx);
    });
  }

  async createSite(actor: Actor, input: NewSite): Promise<{ id: string }> {
    if (!holds(actor, input.organisationId, ['owner', 'qa-manager'])) throw notFound('organisation');
    mustBePlace(input);
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

  /** Sites the actor sees. */
  async sites(
    actor: Actor,
    filter: {
      cohortId?: string;
      category?: string;
      country?: string;
      name?: string;
      organisationId?: string;
    },
    page: PageRequest,
  ): Promise<Page<SiteRow>> {
    const few = await fewSites(this.db);
    const rows = await this.db.query(
      `SELECT ${siteColumns} FROM ${siteJoins}
        WHERE (SELECT true FROM site_access x WHERE x.user_id = $1 AND x.site_id = s.id LIMIT 1) ${few ? 'AND s.id = ANY ($9)' : ''}
          AND ($2::uuid IS NULL OR s.id IN (SELECT site_id FROM enrolment WHERE cohort_id = $2))
          AND ($3::text IS NULL OR $3 = ANY (s.categories)) AND ($4::text IS NULL OR s.country = $4)
          AND ($5::text IS NULL OR strpos(lower(s.name), lower($5)) > 0) AND ($6::uuid IS NULL OR s.organisation_id = $6)
          AND ($7::uuid IS NULL OR s.id > $7) ORDER BY s.id LIMIT $8`,
      [
        actor.userId,
        filter.cohortId,
        filter.category,
        filter.country,
        filter.name,
        filter.organisationId,
        page.after,
        page.limit + 1,
        ...(few ? [few] : []),
      ],
    );
    return pageOf(rows, page, (row: SiteRow) => row.id);
  }

  async site(actor: Actor, id: string, db: Queryable = this.db): Promise<SiteRow> {
    await siteAccess(db, actor, id);
    const [row] = await db.query(`SELECT ${siteColumns} FROM ${siteJoins} WHERE s.id = $1`, [id]);
    return row;
  }

  /** Changes what is known of a site. Readiness and visits are looked at anew: they rest on it. */
  async patchSite(
    actor: Actor,
    id: string,
    revision: number | null,
    input: Partial<Omit<NewSite, 'organisationId' | 'lat' | 'lon'>> & {
      lat?: number | null;
      lon?: number | null;
    },
  ): Promise<SiteRow> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM site WHERE id = $1 FOR UPDATE`, [id]);
      const access = await siteAccess(tx, actor, id);
      must(access, ['owner', 'qa-manager'], ['owner-organisation'], 'change a site');
      const row = await this.site(actor, id, tx);
      mustBeCurrent('site', revision, row.revision);
      const { name, city, country, lat, lon, categories, languages } = input;
      await applyPatch(tx, 'site', id, { name, city, country, lat, lon, categories, languages });
      const changed = await this.site(actor, id, tx);
      mustBePlace(changed);
      await appendToOutbox(tx, 'site-changed', { siteId: id });
      await appendToOutbox(tx, 'plan-visits', {});
      return changed;
    });
  }
}

/** Half a pair of coordinates is no place. @throws DomainError `coordinates-incomplete` */
export function mustBePlace({ lat, lon }: { lat?: number | null; lon?: number | null }): void {
  if ((lat ?? null) === null && (lon ?? null) === null) return;
  if (lat !== null && lat !== undefined && lon !== null && lon !== undefined) return;
  throw new DomainError('coordinates-incomplete', 'Latitude and longitude come together.', [
    { field: '/lat', message: 'given without the other', fix: 'Give both, or neither.' },
  ]);
}

/** The operator's way to set up an organisation with its first person. The password is told once and kept nowhere. */
export async function foundOrganisation(
  db: Database,
  identity: Identity,
  input: { name: string; kind: string; country: string; owner: string; email: string },
): Promise<{ organisationId: string; userId: string; email: string; password: string }> {
  const kind = ORGANISATION_KINDS.find((each) => each === input.kind);
  if (!kind || !/^[A-Z]{2}$/.test(input.country) || isBlank(input.name)) {
    throw new DomainError('organisation-invalid', 'The organisation cannot be set up like this.', [
      ...(kind
        ? []
        : [{ field: '--kind', message: 'unknown', fix: `Use one of: ${ORGANISATION_KINDS.join(', ')}.` }]),
      ...(/^[A-Z]{2}$/.test(input.country)
        ? []
        : [{ field: '--country', message: 'not two capital letters', fix: 'For example EG.' }]),
      ...(isBlank(input.name) ? [{ field: '--name', message: 'is empty' }] : []),
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
