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
  /** The session behind the request; of an API token there is none. */
  readonly sessionId?: string;
  /** Whether the roles call for a second factor, whether the session has proven one, and whether there is one to prove. */
  readonly secondFactor?: {
    readonly required: boolean;
    readonly given: 'totp' | 'passkey' | 'provider' | null;
    readonly enrolled: boolean;
  };
  /** Looks after the installation itself, by its operator's word (`UPLIFT_ADMINISTRATORS`); opens nothing of any organisation. */
  readonly administrator?: boolean;
  /** By what they act, for the audit trail, where it isn't an ordinary session: `token:<id>` or `e-mail-link`. */
  readonly by?: string;
  /** Restricts the actor to one organisation: the one an API token acts for. */
  readonly organisationId?: string;
  readonly token?: { readonly id: string; readonly scopes: readonly string[] };
}

/** @throws DomainError `not-found` unless the actor is an owner of the organisation. */
export function ownerOf(actor: Actor, organisationId: string): void {
  const owns = actor.memberships.some(
    (membership) => membership.organisationId === organisationId && membership.role === 'owner',
  );
  if (!owns) throw notFound('organisation');
}

/** Whether the actor holds one of the roles in any organisation of one of the kinds. */
export function actsAs(actor: Actor, roles: readonly Role[], kinds?: readonly OrganisationKind[]): boolean {
  return actor.memberships.some(
    (membership) =>
      roles.includes(membership.role) && (!kinds || kinds.includes(membership.organisationKind)),
  );
}

/** Whether the actor holds one of the roles in this organisation. */
export function holds(actor: Actor, organisationId: string, roles: readonly Role[]): boolean {
  return actor.memberships.some(
    (membership) => membership.organisationId === organisationId && roles.includes(membership.role),
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
