import type { Role } from '#persistence';
import type { EntityManager } from 'typeorm';
import { forbidden, notFound, type Actor } from './actor.js';

type Queryable = Pick<EntityManager, 'query'>;

/** In which parts and roles somebody sees a site; empty: not at all. */
export interface SiteAccess {
  readonly part: 'owner-organisation' | 'agency' | 'buyer' | 'assessment-provider';
  readonly role: Role;
}

/** How the actor sees a site. @throws DomainError `not-found`, the same for hidden and for unknown sites. */
export async function siteAccess(
  db: Queryable,
  actor: Actor,
  siteId: string,
  noun = 'site',
): Promise<SiteAccess[]> {
  const rows: SiteAccess[] = await db.query(
    `SELECT part, role FROM site_access WHERE user_id = $1 AND site_id = $2`,
    [actor.userId, siteId],
  );
  if (rows.length === 0) throw notFound(noun);
  return rows;
}

/** Whether one of the accesses has a role among `roles` in a part among `parts`. */
export function may(
  access: readonly SiteAccess[],
  roles: readonly Role[],
  parts: readonly SiteAccess['part'][],
): boolean {
  return access.some((entry) => roles.includes(entry.role) && parts.includes(entry.part));
}

/** @throws DomainError `role-required` unless `may` holds. */
export function must(
  access: readonly SiteAccess[],
  roles: readonly Role[],
  parts: readonly SiteAccess['part'][],
  what: string,
): void {
  if (!may(access, roles, parts))
    throw forbidden(`To ${what} you need the role ${roles.join(' or ')} for this site.`);
}

/** Programme roles of the actor in the programme of a cohort. @throws DomainError `not-found`. */
export async function cohortAccess(db: Queryable, actor: Actor, cohortId: string): Promise<SiteAccess[]> {
  return rolesIn(db, actor, `SELECT programme_id FROM cohort WHERE id = $2`, cohortId, 'cohort');
}

/** Roles of the actor in a programme. @throws DomainError `not-found`. */
export async function programmeAccess(
  db: Queryable,
  actor: Actor,
  programmeId: string,
): Promise<SiteAccess[]> {
  return rolesIn(db, actor, `$2::uuid`, programmeId, 'programme');
}

async function rolesIn(
  db: Queryable,
  actor: Actor,
  programme: string,
  id: string,
  noun: string,
): Promise<SiteAccess[]> {
  const rows: SiteAccess[] = await db.query(
    `SELECT p.part, m.role FROM programme_participant p
       JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = $1
      WHERE p.programme_id = (${programme})`,
    [actor.userId, id],
  );
  if (rows.length === 0) throw notFound(noun);
  return rows;
}
