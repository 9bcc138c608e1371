import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Panel } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { Absences } from '#web/roster/absences';

/** One's own absences, for whom the planner knows; whoever it doesn't know reads whom to ask. */
export function OwnAbsences() {
  const { t } = useI18n();
  const { userId, memberships } = useMe();
  const organisationId = memberships.find(
    ({ role }) => role === 'assessor' || role === 'mentor',
  )?.organisationId;
  // Of all that the planner knows there: asked for alone, whom it doesn't know would be an error.
  const known = useRead('/api/v1/assessors', {
    params: { query: organisationId === undefined ? {} : { organisationId } },
  });
  return (
    <Panel heading={t('roster.absence.mine')} className="mt-4">
      <Loaded query={known}>
        {(all) => {
          const me = all.find(({ id }) => id === userId);
          return me ? (
            <Absences of={me} keeps />
          ) : (
            <EmptyState title={t('roster.absence.unknown')}>{t('roster.absence.unknownFix')}</EmptyState>
          );
        }}
      </Loaded>
    </Panel>
  );
}
