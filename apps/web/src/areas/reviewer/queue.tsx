import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { PageHeader, Status, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

/** `/reviewer`: assessments that wait for review, the longest waiting first. */
export function QueuePage() {
  const { t, day, moment, compare } = useI18n();
  const submitted = useRead('/api/v1/assessments', { params: { query: { state: 'submitted', limit: 200 } } });
  const sites = useRead('/api/v1/sites', { params: { query: { limit: 200 } } });
  const columns = useMemo<readonly Column<Schema<'AssessmentRow'>>[]>(() => {
    const name = (id: string) => sites.data?.items.find((site) => site.id === id)?.name ?? '–';
    return [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteId }) => <Text>{name(siteId)}</Text>,
        sort: (one, other) => compare(name(one.siteId), name(other.siteId)),
      },
      {
        key: 'kind',
        header: t('common.kindOfAssessment'),
        cell: ({ kind }) => t(`common.assessmentKind.${kind}`),
      },
      { key: 'day', header: t('common.assessedOn'), cell: ({ assessedOn }) => day(assessedOn) },
      {
        key: 'submitted',
        header: t('reviewer.queue.submitted'),
        cell: ({ submittedAt }) => (submittedAt ? moment(submittedAt) : '–'),
        sort: (one, other) => compare(one.submittedAt ?? '', other.submittedAt ?? ''),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ state }) => <Status kind="neutral">{t(`common.assessmentState.${state}`)}</Status>,
      },
    ];
  }, [t, day, moment, compare, sites.data]);
  return (
    <>
      <PageHeader title={t('reviewer.queue.title')} lead={t('reviewer.queue.lead')} />
      <Loaded
        query={submitted}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState title={t('reviewer.queue.none')}>{t('reviewer.queue.noneFix')}</EmptyState>}
      >
        {({ items }) => (
          <Table
            caption={t('reviewer.queue.title')}
            columns={columns}
            rows={items}
            rowKey={({ id }) => id}
            sortedBy="submitted"
          />
        )}
      </Loaded>
    </>
  );
}
