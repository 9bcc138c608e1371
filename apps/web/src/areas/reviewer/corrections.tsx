import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, Panel, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

type Finding = Schema<'FindingRow'>;

const handedInOf = ({ corrections }: Finding): string =>
  corrections.find(({ state }) => state === 'handed-in')?.handedInAt ?? '';

/** Findings with a correction that waits to be looked at, the longest waiting first. Without any, `empty` alone says so. */
export function Corrections({ empty = false }: { empty?: boolean }) {
  const { t, moment, daysFromNow, compare, number } = useI18n();
  const findings = useAll('/api/v1/findings', { params: { query: { corrected: true } } });
  const sites = useAll('/api/v1/sites', {}, { enabled: !!findings.data?.length });
  const columns = useMemo<readonly Column<Finding>[]>(() => {
    const names = new Map(sites.data?.map(({ id, name }) => [id, name]));
    return [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteId, assessmentId }) => (
          <Link href={`/reviewer/assessments/${assessmentId}`}>
            <Text>{names.get(siteId) ?? '…'}</Text>
          </Link>
        ),
      },
      {
        key: 'finding',
        header: t('reviewer.corrections.finding'),
        cell: ({ grade, requirement }) => (
          <>
            {t(`reviewer.grade.${grade as 'critical'}`)}{' '}
            <bdi dir="ltr" className="text-sm text-soft">
              {requirement}
            </bdi>
          </>
        ),
      },
      {
        key: 'since',
        header: t('reviewer.corrections.handedIn'),
        cell: (row) => (
          <time dateTime={handedInOf(row)} title={moment(handedInOf(row))}>
            {daysFromNow(handedInOf(row))}
          </time>
        ),
        sort: (one, other) => compare(handedInOf(one), handedInOf(other)),
      },
      {
        key: 'files',
        header: t('reviewer.corrections.files'),
        numeric: true,
        cell: ({ corrections }) =>
          number(corrections.find(({ state }) => state === 'handed-in')?.evidence.length ?? 0),
      },
    ];
  }, [t, moment, daysFromNow, compare, number, sites.data]);
  if (!empty && !findings.data?.length) return null;
  return (
    <Panel heading={t('reviewer.corrections.title')} className="mt-4">
      <Loaded
        query={findings}
        rows={1}
        empty={<EmptyState title={t('reviewer.corrections.none')} icon="check" />}
      >
        {(rows) => (
          <>
            <p className="mb-3 text-soft">{t('reviewer.corrections.lead')}</p>
            <Table
              caption={t('reviewer.corrections.title')}
              columns={columns}
              rows={rows}
              rowKey={({ id }) => id}
              sortedBy="since"
            />
          </>
        )}
      </Loaded>
    </Panel>
  );
}
