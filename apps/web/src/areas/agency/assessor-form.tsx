import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useAll, useRead } from '#web/api/hooks';
import { manages } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Text } from '#web/ui/basics';
import { CountryField } from '#web/ui/country';
import { Checkboxes, PlaceFields, SpokenLanguages } from '#web/ui/field-groups';
import { RadioGroup, Select, TextField } from '#web/ui/form';
import { useWeek } from './week';

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

/** Organisations whose people somebody makes known and changes: agencies and providers of their programmes, and their own. */
export function useOrganisations() {
  const agencies = useAll('/api/v1/organisations', { params: { query: { kind: 'development-agency' } } });
  const providers = useAll('/api/v1/organisations', { params: { query: { kind: 'assessment-provider' } } });
  const organisations = useMemo(
    () => [...(agencies.data ?? []), ...(providers.data ?? [])],
    [agencies.data, providers.data],
  );
  return { organisations, queries: [agencies, providers] };
}

/** Whether somebody looks after the people of an organisation: as its own manager, or as the agency's; the API decides again. */
export function useKeeps(): (organisationId: string) => boolean {
  const { memberships } = useMe();
  return (organisationId) =>
    memberships.some(
      (each) =>
        manages(each) &&
        (each.organisationId === organisationId || each.organisationKind === 'development-agency'),
    );
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

/** What the planner goes by: fields for somebody new, or for changing what is known. */
export function PlannedFields({ of }: { of?: Schema<'AssessorRow'> }) {
  const { t } = useI18n();
  const { titles } = useCompetences();
  const week = useWeek();
  const most = of?.maxVisitsPerWeek;
  return (
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

/** Whose member becomes known, and who: chosen where one belongs to the organisation, by address where its members aren't one's to read. */
export function MemberFields({
  organisation,
  onOrganisation,
  known,
}: {
  organisation: string;
  onOrganisation: (id: string) => void;
  /** Whom the planner knows already. */
  known: readonly Schema<'AssessorRow'>[];
}) {
  const { t, compare } = useI18n();
  const { memberships } = useMe();
  const { organisations } = useOrganisations();
  const keeps = useKeeps();
  const belongs = memberships.some(({ organisationId }) => organisationId === organisation);
  const members = useRead(
    '/api/v1/organisations/{id}/members',
    { params: { path: { id: organisation } } },
    { enabled: belongs },
  );
  const choices = (belongs ? (members.data?.members ?? []) : [])
    .filter(
      ({ userId, role }) =>
        (PARTS as readonly string[]).includes(role) && !known.some(({ id }) => id === userId),
    )
    .map(({ userId, name, role }) => ({
      value: userId,
      label: `${name} (${t(`common.role.${role}`)})`,
    }));
  return (
    <>
      <Select
        label={t('roster.person.organisation')}
        name="organisationId"
        required
        value={organisation}
        onChange={onOrganisation}
        options={[
          ...(organisation ? [] : [{ value: '', label: t('roster.person.choose') }]),
          ...organisations
            .filter(({ id }) => keeps(id))
            .map(({ id, name }) => ({ value: id, label: name }))
            .sort((one, other) => compare(one.label, other.label)),
        ]}
      />
      {belongs && members.data && choices.length === 0 ? (
        <p className="font-medium">{t('roster.person.nobodyLeft')}</p>
      ) : belongs ? (
        <Select
          label={t('roster.person.member')}
          hint={t('roster.person.memberHint')}
          name="userId"
          required
          options={choices}
        />
      ) : (
        <TextField
          label={t('roster.person.email')}
          hint={t('roster.person.emailHint')}
          name="email"
          type="email"
          dir="ltr"
          required
          maxLength={254}
        />
      )}
    </>
  );
}
