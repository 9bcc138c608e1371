import type { Membership } from './session';

/** Whether somebody answers for the organisation of a membership: its owners and programme managers do. The API decides again. */
export const manages = ({ role }: Pick<Membership, 'role'>): boolean =>
  role === 'owner' || role === 'programme-manager';
/** Whether they answer for an agency, and so for its programmes. */
export const managesAgency = (membership: Pick<Membership, 'organisationKind' | 'role'>): boolean =>
  membership.organisationKind === 'development-agency' && manages(membership);
