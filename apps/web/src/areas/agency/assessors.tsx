import { useCallback, useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { manages } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { useOrganisations } from '#web/roster/organisations';
import { Competences, plannedOf, PlannedFields, useCompetences } from '#web/roster/person';
import { useWeek } from '#web/roster/week';
import { Link, PageHeader, Status, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { MemberFields, useKeeps } from './assessor-form';

type Assessor = Schema<'AssessorRow'>;

/** `/agency/assessors`: everybody whom the planner knows, when they are away, and what is planned for them. */
export default function AssessorsPage() {
  const { t } = useI18n();
  const { memberships } = useMe();
  const assessors = useRead('/api/v1/assessors');
  const { checklists } = useCompetences();
  const { queries } = useOrganisations();
  const mayAdd = memberships.some(
    (each) => manages(each) && ['development-agency', 'assessment-provider'].includes(each.organisationKind),
  );
  return (
    <>
      <PageHeader
        title={t('roster.people.title')}
        lead={t('roster.people.lead')}
        actions={mayAdd && <MakeKnown known={assessors.data ?? []} />}
      />
      <Loaded
        query={assessors}
        also={[checklists, ...queries]}
        empty={<EmptyState title={t('roster.people.none')}>{t('roster.people.noneFix')}</EmptyState>}
      >
        {(rows) => <List rows={rows} />}
      </Loaded>
    </>
  );
}

/** The absence somebody is in, or their next one. */
const nextAbsence = ({ absences }: Assessor, now: string) => absences.find(({ to }) => to >= now);

function List({ rows }: { rows: readonly Assessor[] }) {
  const { t, day, daysFromNow, list, language, country, number, compare } = useI18n();
  const { titles } = useCompetences();
  const { organisations } = useOrganisations();
  const week = useWeek('short');
  const now = today();
  const organisationOf = useCallback(
    ({ organisationId }: Assessor) => organisations.find(({ id }) => id === organisationId)?.name ?? '–',
    [organisations],
  );
  const words = useCallback(
    (row: Assessor) =>
      [
        row.name,
        organisationOf(row),
        t(`common.role.${row.part}`),
        ...row.languages.map(language),
        ...row.competences.map((code) => titles.get(code) ?? code),
      ].join(' '),
    [t, organisationOf, language, titles],
  );
  const { field, found } = useSearch(rows, words);
  const columns = useMemo<readonly Column<Assessor>[]>(
    () => [
      {
        key: 'name',
        header: t('roster.people.name'),
        cell: (row) => (
          <>
            <Link href={`/agency/assessors/${row.id}`}>
              <Text>{row.name}</Text>
            </Link>
            <span className="block text-sm font-normal text-soft">
              {t(`common.role.${row.part}`)}, <Text>{organisationOf(row)}</Text>
            </span>
          </>
        ),
        sort: (one, other) => compare(one.name, other.name),
      },
      {
        key: 'competences',
        header: t('roster.person.competences'),
        cell: ({ competences }) => <Competences codes={competences} />,
      },
      {
        key: 'languages',
        header: t('roster.person.languages'),
        cell: ({ languages }) => list(languages.map(language)) || '–',
      },
      {
        key: 'week',
        header: t('roster.people.week'),
        cell: ({ workingDays, maxVisitsPerWeek, country: code }) => (
          <>
            {list(week.days.filter((each) => workingDays.includes(each)).map(week.name))}
            <span className="block text-sm text-soft">
              {country(code)}
              {' · '}
              {maxVisitsPerWeek
                ? t('roster.people.atMost', { n: maxVisitsPerWeek })
                : t('roster.people.noLimit')}
            </span>
          </>
        ),
      },
      {
        key: 'absence',
        header: t('roster.people.absence'),
        cell: (row) => {
          const next = nextAbsence(row, now);
          if (!next) return '–';
          const days = t('roster.absence.days', { from: day(next.from), to: day(next.to) });
          return next.from <= now ? (
            <>
              <Status kind="minor">{t('roster.absence.now')}</Status>
              <span className="block text-sm text-soft">{days}</span>
            </>
          ) : (
            days
          );
        },
        sort: (one, other) =>
          compare(nextAbsence(one, now)?.from ?? '9', nextAbsence(other, now)?.from ?? '9'),
      },
      {
        key: 'visits',
        header: t('roster.people.visits'),
        cell: ({ visits }) => (
          <>
            {number(visits.length)}
            {visits[0] && (
              <span className="block text-sm text-soft">
                {t('roster.people.next', { day: day(visits[0].date), away: daysFromNow(visits[0].date) })}
              </span>
            )}
          </>
        ),
        sort: (one, other) => other.visits.length - one.visits.length,
      },
    ],
    [t, day, daysFromNow, list, language, country, number, compare, organisationOf, week, now],
  );
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('roster.people.title')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="name"
      />
    </>
  );
}

/** Makes a member of an agency or a provider known to the planner. */
function MakeKnown({ known }: { known: readonly Assessor[] }) {
  const { t } = useI18n();
  const { memberships } = useMe();
  const { organisations } = useOrganisations();
  const keeps = useKeeps();
  const make = useWrite('post', '/api/v1/assessors');
  // At first one's own, whose members can be chosen by name.
  const own = organisations.find(
    ({ id }) => keeps(id) && memberships.some(({ organisationId }) => organisationId === id),
  )?.id;
  const [chosen, setChosen] = useState<string>();
  const organisation = chosen ?? own ?? '';
  return (
    <FormDialog
      icon="plus"
      label={t('roster.people.make')}
      submit={t('roster.people.make')}
      onSubmit={async (values, data) => {
        const { lat, lon, maxVisitsPerWeek, ...rest } = plannedOf(values, data);
        const { userId, email } = values;
        const { name } = await make.mutateAsync({
          body: {
            ...(userId ? { userId } : { email: email! }),
            organisationId: organisation,
            ...rest,
            ...(lat !== null && { lat }),
            ...(lon !== null && { lon }),
            ...(maxVisitsPerWeek !== null && { maxVisitsPerWeek }),
          },
        });
        toast(t('roster.people.made', { name }));
      }}
    >
      <p className="text-soft">{t('roster.people.makeLead')}</p>
      <MemberFields organisation={organisation} onOrganisation={setChosen} known={known} />
      <PlannedFields />
    </FormDialog>
  );
}
