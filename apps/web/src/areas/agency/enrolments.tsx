import { EXIT_REASONS } from '#domain/exit';
import { lazy, Suspense, useCallback, useMemo } from 'react';
import { type RowOf, useAll, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { Pending, Status, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { Select, TextField } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { usePart } from './part';

const Joining = lazy(() => import('./joining'));

export type Enrolment = RowOf<'/api/v1/cohorts/{id}/enrolments'>;

/** Sites of a cohort: who is in, who left and why; enrols and records exits. */
export function Enrolments({ cohort }: { cohort: string }) {
  const { t } = useI18n();
  const { manages } = usePart();
  const enrolments = useAll('/api/v1/cohorts/{id}/enrolments', { params: { path: { id: cohort } } });
  return (
    <>
      {manages && (
        <div className="no-print mb-3 flex flex-wrap gap-2">
          <Enrol cohort={cohort} enrolled={enrolments.data ?? []} />
          <Suspense fallback={<Pending />}>
            <Joining cohort={cohort} />
          </Suspense>
        </div>
      )}
      <Loaded
        query={enrolments}
        empty={<EmptyState title={t('agency.sites.none')}>{t('agency.sites.noneFix')}</EmptyState>}
      >
        {(rows) => <List cohort={cohort} rows={rows} />}
      </Loaded>
    </>
  );
}

function List({ cohort, rows }: { cohort: string; rows: readonly Enrolment[] }) {
  const { t, day, compare } = useI18n();
  const { manages } = usePart();
  const exit = useWrite('post', '/api/v1/cohorts/{id}/enrolments/{siteId}/exit');
  const words = useCallback(
    ({ siteName, organisation, exitReason }: Enrolment) =>
      `${siteName} ${organisation} ${exitReason ? t(`agency.exit.${exitReason}`) : ''}`,
    [t],
  );
  const { field, found } = useSearch(rows, words, { name: 'site' });
  const { mutateAsync: leave } = exit;
  const columns = useMemo<readonly Column<Enrolment>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteName }) => <Text>{siteName}</Text>,
        sort: (one, other) => compare(one.siteName, other.siteName),
      },
      {
        key: 'enrolled',
        header: t('agency.sites.enrolled'),
        cell: ({ enrolledOn }) => day(enrolledOn),
        sort: (one, other) => compare(one.enrolledOn, other.enrolledOn),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ exitedOn, exitReason, exitNote }) =>
          exitedOn ? (
            <>
              <Status kind="na">{t('agency.sites.left', { day: day(exitedOn) })}</Status>
              <span className="block text-soft">
                {exitReason && t(`agency.exit.${exitReason}`)}
                {exitNote && (
                  <>
                    {': '}
                    <Text>{exitNote}</Text>
                  </>
                )}
              </span>
            </>
          ) : (
            <Status kind="conforming">{t('agency.sites.in')}</Status>
          ),
        sort: (one, other) => compare(one.exitedOn ?? '', other.exitedOn ?? ''),
      },
      ...(manages
        ? [
            {
              key: 'exit',
              acts: true,
              header: t('agency.sites.exit'),
              cell: ({ siteId, siteName, exitedOn }: Enrolment) =>
                exitedOn ? (
                  '–'
                ) : (
                  <FormDialog
                    look="quiet"
                    label={t('agency.sites.exit')}
                    title={t('agency.sites.exitOf', { site: siteName })}
                    submit={t('agency.sites.exit')}
                    onSubmit={async ({ exitedOn: on, reason, note }) => {
                      await leave({
                        params: { path: { id: cohort, siteId } },
                        body: {
                          exitedOn: on!,
                          reason: reason as (typeof EXIT_REASONS)[number],
                          ...(note && { note }),
                        },
                      });
                      toast(t('agency.sites.exited', { site: siteName }));
                    }}
                  >
                    <p className="text-soft">{t('agency.sites.exitLead')}</p>
                    <TextField
                      label={t('agency.sites.exitedOn')}
                      name="exitedOn"
                      type="date"
                      defaultValue={today()}
                      required
                    />
                    <Select
                      label={t('agency.sites.reason')}
                      name="reason"
                      options={EXIT_REASONS.map((value) => ({ value, label: t(`agency.exit.${value}`) }))}
                    />
                    <TextField
                      label={t('agency.sites.note')}
                      hint={t('agency.sites.noteHint')}
                      name="note"
                      multiline
                      maxLength={1000}
                    />
                  </FormDialog>
                ),
            },
          ]
        : []),
    ],
    [t, day, compare, manages, leave, cohort],
  );
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('agency.tab.sites')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="site"
      />
    </>
  );
}

/** Enrols a site that the programme sees already; others join by their own owner. */
function Enrol({ cohort, enrolled }: { cohort: string; enrolled: readonly Enrolment[] }) {
  const { t } = useI18n();
  const enrol = useWrite('post', '/api/v1/cohorts/{id}/enrolments');
  return (
    <FormDialog
      label={t('agency.sites.enrol')}
      icon="plus"
      submit={t('agency.sites.enrol')}
      onSubmit={async ({ siteId, enrolledOn }) => {
        await enrol.mutateAsync({
          params: { path: { id: cohort } },
          body: { siteId: siteId!, enrolledOn: enrolledOn! },
        });
        toast(t('agency.sites.done'));
      }}
    >
      <p className="text-soft">{t('agency.sites.enrolLead')}</p>
      <FreeSites enrolled={enrolled} />
      <TextField
        label={t('agency.sites.enrolled')}
        name="enrolledOn"
        type="date"
        defaultValue={today()}
        required
      />
    </FormDialog>
  );
}

/** The sites that aren't in the cohort yet; read when somebody is about to choose one. */
function FreeSites({ enrolled }: { enrolled: readonly Enrolment[] }) {
  const { t, compare } = useI18n();
  const sites = useAll('/api/v1/sites');
  const free = useMemo(() => {
    const here = new Set(enrolled.map(({ siteId }) => siteId));
    return (sites.data ?? [])
      .filter(({ id }) => !here.has(id))
      .sort((one, other) => compare(one.name, other.name))
      .map(({ id, name }) => ({ value: id, label: name }));
  }, [sites.data, enrolled, compare]);
  return <Select label={t('common.site')} name="siteId" required options={free} />;
}
