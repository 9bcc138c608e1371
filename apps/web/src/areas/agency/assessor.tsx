import { useParams } from 'wouter';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Absences } from '#web/roster/absences';
import { useOrganisations } from '#web/roster/organisations';
import { Change, Known, useCompetences } from '#web/roster/person';
import { ButtonLink, PageHeader, Panel } from '#web/ui/basics';
import { Loaded } from '#web/ui/states';
import { useKeeps } from './assessor-form';
import { Calendar } from './calendar';

/** `/agency/assessors/:id`: what the planner knows of somebody, when they are away, and their next weeks. */
export default function AssessorPage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const assessor = useRead('/api/v1/assessors/{id}', { params: { path: { id } } });
  const { checklists } = useCompetences();
  const { organisations, queries } = useOrganisations();
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
              <Known
                of={row}
                organisation={organisations.find(({ id: each }) => each === row.organisationId)?.name}
              />
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
