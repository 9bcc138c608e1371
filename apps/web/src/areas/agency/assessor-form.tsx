import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { manages } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { useOrganisations } from '#web/roster/organisations';
import { PARTS } from '#web/roster/person';
import { Select, TextField } from '#web/ui/form';
import { useOptions } from '#web/ui/options';

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
  const { t } = useI18n();
  const options = useOptions();
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
          ...options(organisations.filter(({ id }) => keeps(id))),
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
