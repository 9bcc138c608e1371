import { useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { RadioGroup } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { Complaints } from './complaints';
import { Corrections } from './corrections';

type Task = Schema<'DeskTask'>;

const words = ({ site, organisation, assessor, certificateNumber }: Task): string =>
  [site, organisation, assessor, certificateNumber].join(' ');
const NONE: readonly Task[] = [];
const hrefOf = ({ duty, id }: Task): string =>
  duty === 'reviewer' ? `/reviewer/assessments/${id}` : `/reviewer/certificates/${id}`;

/** `/reviewer`: what waits for whoever opens it, by what they may do there. */
export function QueuePage() {
  const { t } = useI18n();
  const reviews = useMe().memberships.some(({ role }) => role === 'reviewer' || role === 'decider');
  if (reviews) return <Desk />;
  return (
    <>
      <PageHeader title={t('reviewer.queue.title')} lead={t('reviewer.queue.managerLead')} />
      <Corrections empty />
      <Panel heading={t('reviewer.complaints.title')}>
        <Complaints which="open" />
      </Panel>
    </>
  );
}

/** Reviews and decisions, the longest waiting first, and what of impartiality keeps the reader from them. */
function Desk() {
  const { t } = useI18n();
  const desk = useAll('/api/v1/desk');
  const [which, setWhich] = useState('all');
  const rows = useMemo(
    () => (desk.data ?? NONE).filter(({ inTheWay }) => which === 'all' || inTheWay.length === 0),
    [desk.data, which],
  );
  const { field, found } = useSearch(rows, words);
  return (
    <>
      <PageHeader title={t('reviewer.queue.title')} lead={t('reviewer.queue.lead')} />
      <Loaded
        query={desk}
        empty={<EmptyState title={t('reviewer.queue.none')}>{t('reviewer.queue.noneFix')}</EmptyState>}
      >
        {() => (
          <>
            <div className="mb-4 flex flex-wrap items-end gap-4">
              {field}
              <RadioGroup
                label={t('reviewer.queue.which')}
                name="which"
                value={which}
                onChange={setWhich}
                options={[
                  { value: 'all', label: t('reviewer.queue.all') },
                  { value: 'mine', label: t('reviewer.queue.mine') },
                ]}
              />
            </div>
            <Queue rows={found} />
          </>
        )}
      </Loaded>
      <Corrections />
    </>
  );
}

function Queue({ rows }: { rows: readonly Task[] }) {
  const { t, day, moment, daysFromNow, compare } = useI18n();
  const columns = useMemo<readonly Column<Task>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: (task) => (
          <>
            <Link href={hrefOf(task)}>
              <Text>{task.site}</Text>
            </Link>
            <span className="block font-normal text-soft">
              <Text>{task.organisation}</Text>
            </span>
          </>
        ),
        sort: (one, other) => compare(one.site, other.site),
      },
      {
        key: 'duty',
        header: t('reviewer.queue.duty'),
        cell: ({ duty, assessment, certificateNumber }) => (
          <>
            {t(`reviewer.duty.${duty}`)}
            <span className="block text-sm text-soft">
              {certificateNumber ? (
                <bdi dir="ltr">{certificateNumber}</bdi>
              ) : (
                t(`common.assessmentKind.${assessment.kind}`)
              )}
              {' – '}
              {day(assessment.assessedOn)}
            </span>
          </>
        ),
        sort: (one, other) => compare(one.duty, other.duty),
      },
      {
        key: 'since',
        header: t('reviewer.queue.since'),
        cell: ({ since }) => (
          <time dateTime={since} title={moment(since)}>
            {daysFromNow(since)}
          </time>
        ),
        sort: (one, other) => compare(one.since, other.since),
      },
      {
        key: 'assessor',
        header: t('reviewer.duty.assessor'),
        cell: ({ assessor }) => (assessor ? <Text>{assessor}</Text> : '–'),
      },
      {
        key: 'taken',
        header: t('reviewer.queue.taken'),
        cell: ({ takenBy }) => (takenBy ? <Text>{takenBy.name ?? '–'}</Text> : t('reviewer.queue.nobody')),
      },
      {
        key: 'may',
        header: t('reviewer.queue.may'),
        cell: ({ inTheWay }) => <MayI facts={inTheWay} />,
        sort: (one, other) => one.inTheWay.length - other.inTheWay.length,
      },
    ],
    [t, day, moment, daysFromNow, compare],
  );
  return (
    <Table
      caption={t('reviewer.queue.title')}
      columns={columns}
      rows={rows}
      rowKey={({ id }) => id}
      sortedBy="since"
    />
  );
}

/** Whether impartiality lets somebody do it, and if not which rule, until when. */
function MayI({ facts }: { facts: Task['inTheWay'] }) {
  const { t, day } = useI18n();
  if (facts.length === 0) return <Status kind="conforming">{t('reviewer.queue.free')}</Status>;
  return (
    <>
      <Status kind="major">{t('reviewer.queue.barred')}</Status>
      {facts.map(({ rule, personId, clearsOn }) => (
        <span key={`${rule} ${personId}`} className="mt-1 block text-sm">
          {t(`reviewer.rule.${rule}`)}
          {clearsOn && ` – ${t('reviewer.queue.until', { day: day(clearsOn) })}`}
        </span>
      ))}
    </>
  );
}
