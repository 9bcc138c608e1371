import { DomainError } from '#domain';
import type { OrganisationKind, Role } from '#persistence';

/** One membership of the person behind a request, with the kind of the organisation. */
export interface ActorMembership {
  readonly organisationId: string;
  readonly organisationKind: OrganisationKind;
  readonly role: Role;
}

/** Who acts: a signed-in person with their memberships, read anew for every request. */
export interface Actor {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly memberships: readonly ActorMembership[];
}

/** Whether the actor holds one of the roles in any organisation of one of the kinds. */
export function actsAs(actor: Actor, roles: readonly Role[], kinds?: readonly OrganisationKind[]): boolean {
  return actor.memberships.some(
    (membership) =>
      roles.includes(membership.role) && (!kinds || kinds.includes(membership.organisationKind)),
  );
}

/** What somebody outside is told of a thing that exists but is not theirs to see: the same as of one that does not. */
export function notFound(noun: string): DomainError {
  return new DomainError('not-found', `There is no such ${noun}.`, [], 'not-found');
}

/** The actor sees the thing but may not do this to it. */
export function forbidden(message: string): DomainError {
  return new DomainError('role-required', message, [], 'forbidden');
}

/**
 * Lets a change pass only when it was made looking at the newest state; `revision` null: the caller doesn't say.
 * @throws DomainError `stale-revision`
 */
export function mustBeCurrent(noun: string, revision: number | null, current: number): void {
  if (revision === null || revision === current) return;
  throw new DomainError(
    'stale-revision',
    `The ${noun} has changed since you read it (you have ${revision}, it is at ${current}).`,
    [
      {
        field: 'If-Match',
        message: 'stale',
        fix: 'Read it again, look at what changed, and send your change with the new ETag.',
      },
    ],
    'stale',
  );
}
