import { DomainError, RECORD, type Scope, type Seen } from '#domain';
import type { Role } from '#persistence';
import type { EntityManager } from 'typeorm';
import { forbidden, notFound, type Actor } from './actor.js';

type Queryable = Pick<EntityManager, 'query'>;

/** In which parts and roles somebody sees a site, and what of it; empty: not at all. */
export interface SiteAccess {
  readonly part: 'owner-organisation' | 'agency' | 'buyer' | 'assessment-provider' | 'grantee';
  readonly role: Role;
  /** `record`: everything; else what the programme's charter or the consent grant says. */
  readonly scopes: readonly Seen[];
}

/** How the actor sees a site. @throws DomainError `not-found`, the same for hidden and for unknown sites. */
export async function siteAccess(
  db: Queryable,
  actor: Actor,
  siteId: string,
  noun = 'site',
): Promise<SiteAccess[]> {
  const rows: SiteAccess[] = await db.query(
    `SELECT part, role, scopes FROM site_access WHERE user_id = $1 AND site_id = $2`,
    [actor.userId, siteId],
  );
  if (rows.length === 0) throw notFound(noun);
  // Whoever sees a site only because its supplier lets them leaves a trace in the supplier's ledger.
  if (rows.every((row) => row.part === 'grantee'))
    await db.query(`SELECT consent_viewed($1, $2)`, [siteId, actor.userId]);
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

/** What the accesses show together. */
export const seenBy = (access: readonly SiteAccess[]): Seen[] => [
  ...new Set(access.flatMap((entry) => entry.scopes)),
];

/** Whether somebody sees the record itself, drafts included, and not only what is shared of it. */
export const seesRecord = (access: readonly SiteAccess[]): boolean => seenBy(access).includes(RECORD);

/** Whether the accesses show the data of one of the scopes. */
export function sees(access: readonly SiteAccess[], ...scopes: readonly Scope[]): boolean {
  const seen = seenBy(access);
  return seen.includes(RECORD) || scopes.some((scope) => seen.includes(scope));
}

/**
 * An empty answer would read as "there is nothing", so what isn't shared is refused.
 * @throws DomainError `scope-required` unless `sees` holds.
 */
export function mustSee(access: readonly SiteAccess[], ...scopes: readonly Scope[]): void {
  if (sees(access, ...scopes)) return;
  throw new DomainError(
    'scope-required',
    `This is not shared with you. What is: ${seenBy(access).join(', ') || 'nothing'}.`,
    [
      {
        field: 'scope',
        message: `needs ${scopes.join(' or ')}`,
        fix: 'Ask the supplier for a consent that includes it.',
      },
    ],
    'forbidden',
  );
}

/** Scopes by which an assessment as such may be seen, once it is closed. */
export const ASSESSMENT_SCOPES: readonly Scope[] = [
  'score',
  'section-scores',
  'answers',
  'corrective-actions',
];

/** Programme roles of the actor in the programme of a cohort. @throws DomainError `not-found`. */
export async function cohortAccess(db: Queryable, actor: Actor, cohortId: string): Promise<SiteAccess[]> {
  const rows: SiteAccess[] = await db.query(
    `SELECT p.part, m.role, CASE WHEN p.part = 'buyer' THEN g.buyer_scopes ELSE '{record}' END AS scopes FROM cohort c
       JOIN programme g ON g.id = c.programme_id
       JOIN programme_participant p ON p.programme_id = c.programme_id AND p.part IN ('agency', 'assessment-provider', 'buyer')
       JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = $1
      WHERE c.id = $2`,
    [actor.userId, cohortId],
  );
  if (rows.length === 0) throw notFound('cohort');
  return rows;
}
