import { useMemo } from 'react';
import { ApiProblem, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, PageHeader } from '#web/ui/basics';
import { EmptyState, Loaded, ProblemBox } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';

type Failed = Schema<'FailedJobRow'>;

/** `/admin/jobs`: jobs that failed for good, and their retry; for whoever looks after the installation. */
export default function JobsPage() {
  const { t, moment, number } = useI18n();
  const failed = useRead('/api/v1/jobs/failed', undefined, { every: 10_000 });
  const { mutateAsync: retry, isPending, variables, error } = useWrite('post', '/api/v1/jobs/{id}/retry');
  const busy = isPending ? variables.params.path.id : null;
  const columns = useMemo<readonly Column<Failed>[]>(
    () => [
      { key: 'name', header: t('admin.jobs.job'), cell: ({ name }) => <code dir="ltr">{name}</code> },
      {
        key: 'at',
        header: t('admin.jobs.at'),
        cell: ({ failedAt }) => (failedAt ? moment(failedAt) : '–'),
        sort: (one, other) => ((one.failedAt ?? '') > (other.failedAt ?? '') ? -1 : 1),
      },
      {
        key: 'attempts',
        header: t('admin.jobs.attempts'),
        numeric: true,
        cell: (row) => number(row.attempts),
      },
      {
        key: 'reason',
        header: t('admin.jobs.reason'),
        cell: ({ id, reason }) => (
          <span lang="en" dir="ltr">
            {reason}
            <span className="block text-sm text-soft">{id}</span>
          </span>
        ),
      },
      {
        key: 'retry',
        acts: true,
        header: t('admin.jobs.retry'),
        cell: ({ id }) => (
          <Button
            busy={busy === id}
            onClick={() =>
              void retry({ params: { path: { id } } }).then(
                () => toast(t('admin.jobs.retried')),
                () => undefined,
              )
            }
          >
            {t('admin.jobs.retry')}
          </Button>
        ),
      },
    ],
    [t, moment, number, retry, busy],
  );
  return (
    <>
      <PageHeader title={t('admin.nav.jobs')} lead={t('admin.jobs.lead')} />
      {/* One that somebody else, or the first of two clicks, has put back already is as wanted. */}
      {error && !(error instanceof ApiProblem && error.problem.status === 404) && (
        <ProblemBox error={error} />
      )}
      <Loaded
        query={failed}
        empty={
          <EmptyState icon="check" title={t('admin.jobs.none')}>
            {t('admin.jobs.noneFix')}
          </EmptyState>
        }
      >
        {(rows) => (
          <Table
            caption={t('admin.nav.jobs')}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            sortedBy="at"
          />
        )}
      </Loaded>
    </>
  );
}
