import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { EmptyState } from '#web/ui/states';
import { Absences } from '#web/roster/absences';

/** Everybody whom the planner knows of one's organisation: asked for alone, whom it doesn't know would be an error. */
export function useKnown() {
  const { memberships } = useMe();
  const organisationId = memberships.find(
    ({ role }) => role === 'assessor' || role === 'mentor',
  )?.organisationId;
  return useRead('/api/v1/assessors', {
    params: { query: organisationId === undefined ? {} : { organisationId } },
  });
}

/** One's own absences, put away above the visits; whoever the planner doesn't know reads whom to ask. */
export function OwnAbsences({ known }: { known: readonly Schema<'AssessorRow'>[] }) {
  const { t } = useI18n();
  const { userId } = useMe();
  const me = known.find(({ id }) => id === userId);
  return (
    <details className="mb-4 rounded-xl border border-line bg-panel px-4 py-2">
      <summary className="min-h-8 cursor-pointer content-center font-semibold">
        {t('roster.absence.mine')}
      </summary>
      <div className="py-2">
        {me ? (
          <Absences of={me} keeps />
        ) : (
          <EmptyState title={t('roster.absence.unknown')}>{t('roster.absence.unknownFix')}</EmptyState>
        )}
      </div>
    </details>
  );
}
