import type { ReactNode } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { EmptyState } from '#web/ui/states';
import { Absences } from '#web/roster/absences';
import { Change, Known } from '#web/roster/person';

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

/** One's own absences and what visits are planned by, put away above them; whoever the planner doesn't know reads whom to ask. */
export function OwnPlanning({ known }: { known: readonly Schema<'AssessorRow'>[] }) {
  const { t } = useI18n();
  const { userId } = useMe();
  const me = known.find(({ id }) => id === userId);
  return (
    <div className="mb-4 divide-y divide-line rounded-xl border border-line bg-panel px-4">
      <PutAway title={t('roster.absence.mine')}>
        {me ? (
          <Absences of={me} keeps />
        ) : (
          <EmptyState title={t('roster.absence.unknown')}>{t('roster.absence.unknownFix')}</EmptyState>
        )}
      </PutAway>
      {me && (
        <PutAway title={t('roster.person.mine')}>
          <Known of={me} />
          <div className="no-print mt-3">
            <Change of={me} own />
          </div>
        </PutAway>
      )}
    </div>
  );
}

function PutAway({ title, children }: { title: string; children: ReactNode }) {
  return (
    <details className="py-2">
      <summary className="min-h-8 cursor-pointer content-center font-semibold">{title}</summary>
      <div className="py-2">{children}</div>
    </details>
  );
}
