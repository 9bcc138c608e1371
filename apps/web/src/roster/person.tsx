import { useMemo } from 'react';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Text } from '#web/ui/basics';
import { CountryField } from '#web/ui/country';
import { FormDialog } from '#web/ui/dialog';
import { Checkboxes, PlaceFields, SpokenLanguages } from '#web/ui/field-groups';
import { RadioGroup, TextField } from '#web/ui/form';
import { toast } from '#web/ui/toast';
import { useWeek } from './week';

type Assessor = Schema<'AssessorRow'>;
/** As what the planner gives somebody visits. */
export const PARTS = ['assessor', 'mentor'] as const;

/** Titles of checklists by their code, of the newest edition; the code itself until they are known. */
export function useCompetences() {
  const checklists = useRead('/api/v1/checklists');
  const titles = useMemo(
    () => new Map((checklists.data ?? []).map(({ checklist, title }) => [checklist, title])),
    [checklists.data],
  );
  return { checklists, titles };
}

/** What somebody is competent in, a line each: titles have a direction of their own. */
export function Competences({ codes }: { codes: readonly string[] }) {
  const { titles } = useCompetences();
  return codes.length === 0
    ? '–'
    : codes.map((code) => (
        <span key={code} className="block">
          <Text>{titles.get(code) ?? code}</Text>
        </span>
      ));
}

type Planned = Omit<
  Schema<'NewAssessorDto'>,
  'userId' | 'email' | 'organisationId' | 'lat' | 'lon' | 'maxVisitsPerWeek'
>;

/** What the fields hold; where journeys begin and the limit are null when they are empty. */
export function plannedOf(
  values: Record<string, string>,
  data: FormData,
): Planned & { lat: number | null; lon: number | null; maxVisitsPerWeek: number | null } {
  const number = (name: string) => (values[name] ? Number(values[name]) : null);
  return {
    part: values['part'] as Planned['part'],
    country: values['country']!,
    competences: data.getAll('competences') as string[],
    languages: data.getAll('languages') as string[],
    workingDays: data.getAll('workingDays').map(Number),
    lat: number('lat'),
    lon: number('lon'),
    maxVisitsPerWeek: number('maxVisitsPerWeek'),
  };
}

/** What the planner goes by: fields for somebody new, or for changing what is known; `own`: all that people change of themselves. */
export function PlannedFields({ of, own = false }: { of?: Assessor; own?: boolean }) {
  const { t } = useI18n();
  const { titles } = useCompetences();
  const week = useWeek();
  const most = of?.maxVisitsPerWeek;
  return (
    <>
      {!own && (
        <>
          <RadioGroup
            label={t('roster.person.part')}
            name="part"
            options={PARTS.map((value) => ({ value, label: t(`common.role.${value}`) }))}
            defaultValue={of?.part ?? 'assessor'}
          />
          <Checkboxes
            label={t('roster.person.competences')}
            hint={t('roster.person.competencesHint')}
            name="competences"
            options={titles.keys()}
            chosen={of?.competences ?? []}
            nameOf={(code) => <bdi dir="auto">{titles.get(code) ?? code}</bdi>}
            columns=""
          />
        </>
      )}
      <SpokenLanguages label={t('roster.person.languages')} chosen={of?.languages ?? []} />
      <Checkboxes
        label={t('roster.person.workingDays')}
        name="workingDays"
        options={week.days}
        chosen={of?.workingDays ?? [1, 2, 3, 4, 5]}
        nameOf={week.name}
      />
      <TextField
        label={t('roster.person.limit')}
        hint={t('roster.person.limitHint')}
        name="maxVisitsPerWeek"
        type="number"
        min={1}
        max={14}
        {...(typeof most === 'number' && { defaultValue: String(most) })}
      />
      <CountryField label={t('roster.person.country')} name="country" defaultValue={of?.country} />
      <PlaceFields label={t('roster.person.home')} hint={t('roster.person.homeHint')} at={of ?? {}} />
    </>
  );
}

/** What the planner knows of somebody, and to which organisation they belong, where that is said. */
export function Known({ of, organisation }: { of: Assessor; organisation?: string | undefined }) {
  const { t, list, language, country } = useI18n();
  const week = useWeek();
  const { competences, languages, workingDays, maxVisitsPerWeek, lat, lon } = of;
  const rows = [
    ...(organisation === undefined
      ? []
      : [[t('roster.person.organisation'), <Text key="">{organisation}</Text>] as const]),
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

/** Changes what the planner knows, unless somebody else was faster; `own`: of oneself, but for what one is competent in. */
export function Change({ of, own = false }: { of: Assessor; own?: boolean }) {
  const { t } = useI18n();
  const change = useWrite('patch', '/api/v1/assessors/{id}');
  return (
    <FormDialog
      label={t('roster.person.change')}
      title={own ? t('roster.person.mine') : t('roster.person.changeOf', { name: of.name })}
      submit={t('common.save')}
      onSubmit={async (values, data) => {
        const { part, competences, ...rest } = plannedOf(values, data);
        await change.mutateAsync({
          params: { path: { id: of.id } },
          headers: ifMatch(of.revision),
          body: own ? rest : { part, competences, ...rest },
        });
        toast(t('roster.person.changed'));
      }}
    >
      <p className="text-soft">{t('roster.person.changeLead')}</p>
      {own && <p className="text-soft">{t('roster.person.mineLead')}</p>}
      <PlannedFields of={of} own={own} />
    </FormDialog>
  );
}
