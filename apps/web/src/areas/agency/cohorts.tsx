import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { Select, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { usePart } from './part';

type Cohort = Schema<'CohortRow'>;

/** Cohorts, the latest first; `programme` leaves out the others' and the column that would name it. */
export function CohortTable({
  cohorts,
  programmes,
}: {
  cohorts: readonly Cohort[];
  programmes?: readonly Schema<'ProgrammeRow'>[] | undefined;
}) {
  const { t, day, compare } = useI18n();
  const columns = useMemo<readonly Column<Cohort>[]>(() => {
    const programme = (id: string) => programmes?.find((each) => each.id === id)?.name ?? '';
    return [
      {
        key: 'name',
        header: t('agency.cohorts.name'),
        cell: ({ id, name }) => (
          <Link href={`/agency/cohorts/${id}`}>
            <Text>{name}</Text>
          </Link>
        ),
        sort: (one, other) => compare(one.name, other.name),
      },
      ...(programmes
        ? [
            {
              key: 'programme',
              header: t('agency.cohorts.programme'),
              cell: ({ programmeId }: Cohort) => (
                <Link href={`/agency/programmes/${programmeId}`}>
                  <Text>{programme(programmeId)}</Text>
                </Link>
              ),
              sort: (one: Cohort, other: Cohort) =>
                compare(programme(one.programmeId), programme(other.programmeId)),
            },
          ]
        : []),
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
    ];
  }, [t, day, compare, programmes]);
  return (
    <Table
      caption={t('agency.cohorts.title')}
      columns={columns}
      rows={cohorts}
      rowKey={({ id }) => id}
      sortedBy="starts"
    />
  );
}

/** `/agency`: cohorts of the programmes, each with its page. */
export function CohortsPage() {
  const { t } = useI18n();
  const { manages } = usePart();
  const cohorts = useRead('/api/v1/cohorts');
  const programmes = useRead('/api/v1/programmes');
  const begin = useWrite('post', '/api/v1/cohorts');
  return (
    <>
      <PageHeader
        pending={programmes.isLoading}
        title={t('agency.cohorts.title')}
        lead={t('agency.cohorts.lead')}
        actions={
          manages &&
          programmes.data && (
            <FormDialog
              label={t('agency.cohorts.new')}
              icon="plus"
              submit={t('common.save')}
              onSubmit={async ({ programmeId, name, startsOn, endsOn }) => {
                await begin.mutateAsync({
                  body: {
                    programmeId: programmeId!,
                    name: name!,
                    startsOn: startsOn!,
                    ...(endsOn && { endsOn }),
                  },
                });
                toast(t('agency.cohorts.begun'));
              }}
            >
              <Select
                label={t('agency.cohorts.programme')}
                name="programmeId"
                options={programmes.data.map(({ id, name }) => ({ value: id, label: name }))}
              />
              <TextField label={t('agency.cohorts.name')} name="name" required maxLength={200} />
              <TextField label={t('agency.cohorts.starts')} name="startsOn" type="date" required />
              <TextField label={t('agency.cohorts.ends')} name="endsOn" type="date" />
            </FormDialog>
          )
        }
      />
      <Loaded
        query={cohorts}
        empty={<EmptyState title={t('agency.cohorts.none')}>{t('agency.cohorts.noneFix')}</EmptyState>}
      >
        {(rows) => <CohortTable cohorts={rows} programmes={programmes.data ?? []} />}
      </Loaded>
    </>
  );
}
