import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { Link, PageHeader, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

/** `/agency`: cohorts of the programmes, the latest first, each with its report. */
export function CohortsPage() {
  const { t, day, compare } = useI18n();
  const cohorts = useRead('/api/v1/cohorts');
  const programmes = useRead('/api/v1/programmes');
  const columns = useMemo<readonly Column<Schema<'CohortRow'>>[]>(() => {
    const programme = (id: string) => programmes.data?.find((each) => each.id === id)?.name ?? '';
    return [
      {
        key: 'name',
        header: t('agency.cohorts.name'),
        cell: ({ name }) => <Text>{name}</Text>,
        sort: (one, other) => compare(one.name, other.name),
      },
      {
        key: 'programme',
        header: t('agency.cohorts.programme'),
        cell: ({ programmeId }) => <Text>{programme(programmeId)}</Text>,
        sort: (one, other) => compare(programme(one.programmeId), programme(other.programmeId)),
      },
      {
        key: 'starts',
        header: t('agency.cohorts.starts'),
        cell: ({ startsOn }) => day(startsOn),
        sort: (one, other) => compare(other.startsOn, one.startsOn),
      },
      {
        key: 'ends',
        header: t('agency.cohorts.ends'),
        cell: ({ endsOn }) => (endsOn ? day(endsOn) : t('agency.cohorts.running')),
      },
      {
        key: 'report',
        header: t('agency.cohorts.report'),
        cell: ({ id }) => (
          <Link external href={`/api/v1/cohorts/${id}/report.html?lang=${serverLocale()}`}>
            {t('agency.cohorts.read')}
          </Link>
        ),
      },
    ];
  }, [t, day, compare, programmes.data]);
  return (
    <>
      <PageHeader title={t('agency.cohorts.title')} lead={t('agency.cohorts.lead')} />
      <Loaded
        query={cohorts}
        empty={<EmptyState title={t('agency.cohorts.none')}>{t('agency.cohorts.noneFix')}</EmptyState>}
      >
        {(rows) => (
          <Table
            caption={t('agency.cohorts.title')}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            sortedBy="starts"
          />
        )}
      </Loaded>
    </>
  );
}
