import { useState } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { RadioGroup } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';

const OPEN: readonly Schema<'AssessmentState'>[] = ['draft', 'in-progress', 'reopened'];
const STATE: Readonly<Record<Schema<'AssessmentState'>, StatusKind>> = {
  draft: 'unanswered',
  'in-progress': 'minor',
  reopened: 'major',
  submitted: 'neutral',
  'under-review': 'neutral',
  closed: 'conforming',
};

/** `/assessor`: what is mine to assess, the next first; what is handed in on a second look. */
export function AssessmentsPage() {
  const { t } = useI18n();
  const [which, setWhich] = useState('open');
  const { userId } = useMe();
  const assessments = useRead('/api/v1/assessments', { params: { query: { limit: 200 } } });
  const sites = useRead('/api/v1/sites', { params: { query: { limit: 200 } } });
  const names = new Map(sites.data?.items.map((site) => [site.id, site]));
  const mine = (items: readonly Schema<'AssessmentRow'>[]) =>
    items
      .filter(({ assessorId, state }) => assessorId === userId && OPEN.includes(state) === (which === 'open'))
      .sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1));
  return (
    <>
      <PageHeader title={t('assessor.list.title')} lead={t('assessor.list.lead')} />
      <div className="mb-4">
        <RadioGroup
          label={t('assessor.list.which')}
          name="which"
          value={which}
          onChange={setWhich}
          options={[
            { value: 'open', label: t('assessor.list.open') },
            { value: 'done', label: t('assessor.list.done') },
          ]}
        />
      </div>
      <Loaded
        query={assessments}
        isEmpty={({ items }) => mine(items).length === 0}
        empty={
          <EmptyState title={t(which === 'open' ? 'assessor.list.none' : 'assessor.list.noneDone')}>
            {t('assessor.list.noneFix')}
          </EmptyState>
        }
      >
        {({ items }) => (
          <ul className="grid gap-3 sm:grid-cols-2">
            {mine(items).map((assessment) => (
              <Assessment key={assessment.id} assessment={assessment} site={names.get(assessment.siteId)} />
            ))}
          </ul>
        )}
      </Loaded>
    </>
  );
}

function Assessment({
  assessment,
  site,
}: {
  assessment: Schema<'AssessmentRow'>;
  site: Schema<'SiteRow'> | undefined;
}) {
  const { t, day } = useI18n();
  return (
    <li className="rounded-xl border border-line bg-panel p-4">
      <h2>{site ? <Text>{site.name}</Text> : t('assessor.list.site')}</h2>
      {site && (
        <p className="text-soft">
          <Text>{site.city}</Text>
        </p>
      )}
      <p className="mt-2">
        {t(`common.assessmentKind.${assessment.kind}`)} – {day(assessment.assessedOn)}
      </p>
      <p className="mt-2">
        <Status kind={STATE[assessment.state]}>{t(`common.assessmentState.${assessment.state}`)}</Status>
      </p>
    </li>
  );
}
