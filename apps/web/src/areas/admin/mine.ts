import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';

/** Organisations one looks after: all of them, and those of which one is an owner. */
export function useMine(): {
  readonly all: readonly string[];
  readonly owned: readonly string[];
  /** Whether one acts for an agency, which founds others and publishes content. */
  readonly agency: boolean;
} {
  const { memberships } = useMe();
  const of = (roles: readonly string[]) => [
    ...new Set(
      memberships.filter(({ role }) => roles.includes(role)).map(({ organisationId }) => organisationId),
    ),
  ];
  return {
    all: of(['owner', 'programme-manager']),
    owned: of(['owner']),
    agency: memberships.some(managesAgency),
  };
}
