import { DomainError, RECORD, type Scope, type Seen } from '#domain';
import type { Part, Queryable, Role } from '#persistence';
import { forbidden, notFound, type Actor } from './actor.js';

/** In which parts and roles somebody sees a site, and what of it; empty: not at all. */
export interface SiteAccess {
  readonly part: 'owner-organisation' | 'grantee' | Part;
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
  if (rows.every((row) => row.part === 'grantee')) await db.query(`SELECT consent_viewed($1)`, [siteId]);
  return rows;
}

/** More ways to sites than this are not looked up one by one. */
const FEW = 200;

/**
 * For lists: the sites the actor of the transaction reaches, where they are few; null: they are many. Who reaches few is
 * served by looking up just those; who reaches many, by walking the list in its order and asking for each row until the
 * page is full. Either way a page costs the same however large the platform, or the actor's part in it, has become.
 */
export async function fewSites(db: Queryable): Promise<string[] | null> {
  const [{ ids }] = await db.query(
    `SELECT ARRAY(SELECT site_id FROM actor_reach LIMIT ${FEW + 1})::text[] AS ids`,
  );
  return ids.length > FEW ? null : ids;
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

/** SQL of everything that a person sees of a site, by whatever way: an array of scopes. */
export const scopesOf = (user: string, site: string): string =>
  `(SELECT coalesce(array_agg(DISTINCT scope), '{}') FROM site_access x, unnest(x.scopes) scope WHERE x.user_id = ${user} AND x.site_id = ${site})`;

/** Scopes that show findings and what is done about them. */
export const FINDING_SCOPES: readonly Scope[] = ['answers', 'corrective-actions'];

/** Scopes by which an assessment as such may be seen, once it is closed. */
export const ASSESSMENT_SCOPES: readonly Scope[] = [
  'score',
  'section-scores',
  'answers',
  'corrective-actions',
];

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

/**
 * The roles by which somebody sees results of single sites. Donors, authorities and training providers have none.
 * @throws DomainError `not-found`
 */
export function resultAccess(access: readonly SiteAccess[], noun: string): SiteAccess[] {
  const found = access.filter(({ part }) => ['agency', 'assessment-provider', 'buyer'].includes(part));
  if (found.length === 0) throw notFound(noun);
  return found;
}

async function rolesIn(
  db: Queryable,
  actor: Actor,
  programme: string,
  id: string,
  noun: string,
): Promise<SiteAccess[]> {
  const rows: SiteAccess[] = await db.query(
    `SELECT p.part, m.role, CASE WHEN p.part = 'buyer' THEN g.buyer_scopes WHEN p.part IN ('agency', 'assessment-provider') THEN '{record}' ELSE '{}' END AS scopes
       FROM programme_participant p JOIN programme g ON g.id = p.programme_id
       JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = $1
      WHERE p.programme_id = (${programme})`,
    [actor.userId, id],
  );
  if (rows.length === 0) throw notFound(noun);
  return rows;
}
