import { useMemo } from 'react';
import { useAll } from '#web/api/hooks';

const useOfKind = (kind: 'assessment-provider' | 'development-agency' | 'training-provider') =>
  useAll('/api/v1/organisations', { params: { query: { kind } } });

/** Agencies and assessment providers of somebody's programmes, and their own: theirs are the people whom the planner knows. */
export function useOrganisations() {
  const [agencies, providers] = [useOfKind('development-agency'), useOfKind('assessment-provider')];
  const organisations = useMemo(
    () => [...(agencies.data ?? []), ...(providers.data ?? [])],
    [agencies.data, providers.data],
  );
  return { organisations, queries: [agencies, providers] };
}

/** Those, and who trains: on whose behalf somebody coaches. */
export function useCoachingOrganisations() {
  const { organisations } = useOrganisations();
  const trainers = useOfKind('training-provider');
  return useMemo(() => [...organisations, ...(trainers.data ?? [])], [organisations, trainers.data]);
}
