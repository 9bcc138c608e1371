import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';

/** What somebody's memberships let them do here; the API decides again. */
export function usePart(): {
  /** Starts cohorts, enrols, records exits, calls visits off. */
  readonly manages: boolean;
  /** Sees results of single sites; donors, authorities and trainers see aggregates alone. */
  readonly seesResults: boolean;
} {
  const { memberships } = useMe();
  return {
    manages: memberships.some(managesAgency),
    seesResults: memberships.some(({ organisationKind }) =>
      ['development-agency', 'assessment-provider', 'buyer'].includes(organisationKind),
    ),
  };
}
