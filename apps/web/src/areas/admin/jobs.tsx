import { useMemo } from 'react';
import { ApiProblem, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, PageHeader } from '#web/ui/basics';
import { EmptyState, Loaded, ProblemBox } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';

type Failed = Schema<'FailedJobRow'>;

/** What the system's own words tell of the cause; the first that fits. */
const CAUSES = [
  ['mail', /The mail was not handed over/],
  ['storage', /\b(ENOSPC|EACCES|EPERM|EROFS|ENOENT|ENOTDIR|EDQUOT|EIO|EMFILE)\b/],
  ['time', /\b(ETIMEDOUT|timed? ?out|TimeoutError)\b/i],
  ['connection', /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE)\b/],
] as const;
const causeOf = (reason: string) => CAUSES.find(([, words]) => words.test(reason))?.[0] ?? 'other';

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
        cell: (row) => (
          <>
            {t(`admin.jobs.cause.${causeOf(row.reason)}`)}
            <details className="text-sm text-soft">
              <summary className="inline-flex min-h-6 items-center text-link underline">
                {t('admin.jobs.technical')}
              </summary>
              <span lang="en" dir="ltr" className="block wrap-anywhere">
                {row.reason}
                <span className="block">{row.id}</span>
              </span>
            </details>
          </>
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
