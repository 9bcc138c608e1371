import { useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Absences } from '#web/roster/absences';
import { ButtonLink, PageHeader, Panel, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import {
  Competences,
  plannedOf,
  PlannedFields,
  useCompetences,
  useKeeps,
  useOrganisations,
} from './assessor-form';
import { Calendar } from './calendar';
import { useWeek } from './week';

type Assessor = Schema<'AssessorRow'>;

/** `/agency/assessors/:id`: what the planner knows of somebody, when they are away, and their next weeks. */
export default function AssessorPage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const assessor = useRead('/api/v1/assessors/{id}', { params: { path: { id } } });
  const { checklists } = useCompetences();
  const { queries } = useOrganisations();
  const { userId } = useMe();
  const keeps = useKeeps();
  const back = { href: '/agency/assessors', label: t('roster.people.title') };
  return (
    <Loaded query={assessor} also={[checklists, ...queries]} back={back}>
      {(row) => (
        <>
          <PageHeader
            title={row.name}
            lead={t(`common.role.${row.part}`)}
            back={back}
            actions={keeps(row.organisationId) && <Change of={row} />}
          />
          <div className="grid items-start gap-x-4 lg:grid-cols-2">
            <Panel heading={t('roster.person.known')}>
              <Known of={row} />
            </Panel>
            <Panel heading={t('roster.absence.title')}>
              <Absences of={row} keeps={keeps(row.organisationId) || row.id === userId} />
            </Panel>
          </div>
          <Panel heading={t('roster.calendar.title')}>
            <Calendar of={row} />
            <p className="mt-4 mb-2 max-w-prose text-soft">{t('roster.calendar.fileLead')}</p>
            <ButtonLink external icon="download" href={`/api/v1/assessors/${row.id}/calendar.ics`}>
              {t('roster.calendar.file')}
            </ButtonLink>
          </Panel>
        </>
      )}
    </Loaded>
  );
}

function Known({ of }: { of: Assessor }) {
  const { t, list, language, country } = useI18n();
  const { organisations } = useOrganisations();
  const week = useWeek();
  const { competences, languages, workingDays, maxVisitsPerWeek, lat, lon } = of;
  const rows = [
    [
      t('roster.person.organisation'),
      <Text key="">{organisations.find(({ id }) => id === of.organisationId)?.name ?? '–'}</Text>,
    ],
    [t('roster.person.competences'), <Competences key="" codes={competences} />],
    [t('roster.person.languages'), list(languages.map(language)) || '–'],
    [
      t('roster.person.workingDays'),
      list(week.days.filter((each) => workingDays.includes(each)).map(week.name)),
    ],
    [
      t('roster.person.limit'),
      maxVisitsPerWeek ? t('roster.people.atMost', { n: maxVisitsPerWeek }) : t('roster.people.noLimit'),
    ],
    [t('roster.person.country'), country(of.country)],
    [
      t('roster.person.home'),
      lat !== null && lat !== undefined && lon !== null && lon !== undefined ? (
        <bdi key="" dir="ltr">
          {lat}, {lon}
        </bdi>
      ) : (
        t('roster.person.homeUnknown')
      ),
    ],
    [t('roster.people.visits'), t('roster.person.visits', { n: of.visits.length })],
  ] as const;
  return (
    <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[auto_1fr]">
      {rows.map(([term, said]) => (
        <div key={term} className="contents">
          <dt className="text-soft">{term}</dt>
          <dd className="max-sm:mb-2">{said}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Changes what the planner knows, unless somebody else was faster. */
function Change({ of }: { of: Assessor }) {
  const { t } = useI18n();
  const change = useWrite('patch', '/api/v1/assessors/{id}');
  return (
    <FormDialog
      label={t('roster.person.change')}
      title={t('roster.person.changeOf', { name: of.name })}
      submit={t('common.save')}
      onSubmit={async (values, data) => {
        await change.mutateAsync({
          params: { path: { id: of.id } },
          headers: ifMatch(of.revision),
          body: plannedOf(values, data),
        });
        toast(t('roster.person.changed'));
      }}
    >
      <p className="text-soft">{t('roster.person.changeLead')}</p>
      <PlannedFields of={of} />
    </FormDialog>
  );
}
