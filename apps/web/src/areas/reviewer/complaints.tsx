import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Status, Text } from '#web/ui/basics';
import { RadioGroup } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

type Complaint = Schema<'ComplaintRow'>;

/** The day by which the next step of handling is due; null: nothing is awaited any more. */
export const dueOn = ({ state, acknowledgeBy, decideBy }: Complaint): string | null =>
  state === 'received'
    ? acknowledgeBy
    : state === 'acknowledged' || state === 'under-investigation'
      ? decideBy
      : null;

/** `/reviewer/complaints`: complaints and appeals with their clock, the most urgent first. */
export default function ComplaintsPage() {
  const { t } = useI18n();
  const [search, setSearch] = useSearchParams();
  const which = search.get('which') ?? 'open';
  return (
    <>
      <PageHeader title={t('reviewer.complaints.title')} lead={t('reviewer.complaints.lead')} />
      <div className="mb-4">
        <RadioGroup
          label={t('reviewer.queue.which')}
          name="which"
          value={which}
          onChange={(value) => setSearch(value === 'open' ? {} : { which: value }, { replace: true })}
          options={[
            { value: 'open', label: t('reviewer.complaints.open') },
            { value: 'all', label: t('reviewer.every') },
          ]}
        />
      </div>
      <Complaints which={which} />
    </>
  );
}

/** Complaints that wait for a next step, or all of them. */
export function Complaints({ which }: { which: string }) {
  const { t, day, compare } = useI18n();
  const complaints = useAll('/api/v1/complaints');
  const sites = useAll('/api/v1/sites');
  const rows = useMemo(
    () => (complaints.data ?? []).filter((row) => which === 'all' || dueOn(row) !== null),
    [complaints.data, which],
  );
  const columns = useMemo<readonly Column<Complaint>[]>(() => {
    const names = new Map(sites.data?.map(({ id, name }) => [id, name]));
    return [
      {
        key: 'what',
        header: t('reviewer.complaints.what'),
        cell: ({ id, kind, about }) => (
          <Link href={`/reviewer/complaints/${id}`}>
            {t(`reviewer.complaint.kind.${kind}`)} – {t(`reviewer.complaint.about.${about}`)}
          </Link>
        ),
      },
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteId }) => (siteId && names.get(siteId) ? <Text>{names.get(siteId)!}</Text> : '–'),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ state }) => <Status kind="neutral">{t(`reviewer.complaint.state.${state}`)}</Status>,
        sort: (one, other) => compare(one.state, other.state),
      },
      {
        key: 'raised',
        header: t('reviewer.complaint.raisedOn'),
        cell: ({ raisedOn }) => day(raisedOn),
        sort: (one, other) => compare(one.raisedOn, other.raisedOn),
      },
      {
        key: 'due',
        header: t('reviewer.complaint.due'),
        cell: (row) => <Clock complaint={row} />,
        sort: (one, other) => compare(dueOn(one) ?? '9', dueOn(other) ?? '9'),
      },
      {
        key: 'handler',
        header: t('reviewer.complaint.handler'),
        cell: ({ handler }) => (handler ? <Text>{handler}</Text> : t('reviewer.queue.nobody')),
      },
    ];
  }, [t, day, compare, sites.data]);
  return (
    <Loaded
      query={complaints}
      also={[sites]}
      isEmpty={() => rows.length === 0}
      empty={
        <EmptyState title={t('reviewer.complaints.none')}>{t('reviewer.complaints.noneFix')}</EmptyState>
      }
    >
      {() => (
        <Table
          caption={t('reviewer.complaints.title')}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          sortedBy="due"
        />
      )}
    </Loaded>
  );
}

/** What is due by when, and whether it is overdue. */
export function Clock({ complaint }: { complaint: Complaint }) {
  const { t, day, daysFromNow } = useI18n();
  const due = dueOn(complaint);
  if (due === null) return <>–</>;
  return (
    <span className="inline-grid justify-items-start">
      {complaint.overdue && <Status kind="critical">{t('reviewer.complaint.overdue')}</Status>}
      <span>
        {t(
          complaint.state === 'received' ? 'reviewer.complaint.acknowledgeBy' : 'reviewer.complaint.decideBy',
          {
            day: day(due),
          },
        )}
      </span>
      <span className="text-sm text-soft">{daysFromNow(due)}</span>
    </span>
  );
}
