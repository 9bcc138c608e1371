import { useCallback, useMemo } from 'react';
import { ifMatch } from '#web/api/client';
import { type RowOf, useAll, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { serverLocale, useI18n } from '#web/i18n';
import { PageHeader, Text } from '#web/ui/basics';
import { DirectoryFields, useDirectoryEntry } from '#web/shell/directory-entry';
import { CountryField } from '#web/ui/country';
import { FormDialog } from '#web/ui/dialog';
import { Select, TextField } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { useMine } from './mine';

type Organisation = RowOf<'/api/v1/organisations'>;
/** What an agency founds on others' behalf; whoever looks after the installation founds agencies, too. */
const KINDS = [
  'supplier',
  'buyer',
  'assessment-provider',
  'training-provider',
  'donor',
  'authority',
] as const;

/** `/admin/organisations`: everybody one sees; an agency founds others on their behalf, owners change their own. */
export default function OrganisationsPage() {
  const { t } = useI18n();
  const { agency } = useMine();
  const { administrator = false } = useMe();
  const kinds = [...(administrator ? (['development-agency'] as const) : []), ...KINDS];
  const organisations = useAll('/api/v1/organisations');
  const found = useWrite('post', '/api/v1/organisations');
  const invite = useWrite('post', '/api/v1/organisations/{id}/invitations');
  return (
    <>
      <PageHeader
        title={t('admin.nav.organisations')}
        lead={t('admin.organisations.lead')}
        actions={
          (agency || administrator) && (
            <FormDialog
              label={t('admin.organisations.new')}
              icon="plus"
              submit={t('common.save')}
              onSubmit={async ({ name, kind, country, email }) => {
                const { id } = await found.mutateAsync({
                  body: { name: name!, kind: kind as (typeof kinds)[number], country: country! },
                });
                toast(t('admin.organisations.done', { name: name! }));
                if (!email) return;
                // The organisation is there now, whatever becomes of the letter.
                await invite
                  .mutateAsync({
                    params: { path: { id } },
                    body: { email, role: 'owner', language: serverLocale() },
                  })
                  .then(
                    () => toast(t('admin.people.invited', { email })),
                    () => toast(t('admin.organisations.notInvited', { email })),
                  );
              }}
            >
              <OrganisationFields />
              <Select
                label={t('admin.organisations.kind')}
                name="kind"
                options={kinds.map((value) => ({ value, label: t(`common.kind.${value}`) }))}
              />
              <TextField
                label={t('admin.organisations.owner')}
                hint={t('admin.organisations.ownerHint')}
                name="email"
                type="email"
                dir="ltr"
                maxLength={254}
              />
            </FormDialog>
          )
        }
      />
      <Loaded
        query={organisations}
        empty={
          <EmptyState title={t('admin.organisations.none')}>{t('admin.organisations.noneFix')}</EmptyState>
        }
      >
        {(rows) => <List rows={rows} />}
      </Loaded>
    </>
  );
}

function OrganisationFields({ name, country }: { name?: string; country?: string }) {
  const { t } = useI18n();
  return (
    <>
      <TextField
        label={t('admin.people.name')}
        name="name"
        required
        maxLength={200}
        {...(name !== undefined && { defaultValue: name })}
      />
      <CountryField label={t('admin.organisations.country')} name="country" defaultValue={country} />
    </>
  );
}

function List({ rows }: { rows: readonly Organisation[] }) {
  const { t, compare, country } = useI18n();
  const { owned } = useMine();
  const { mutateAsync: change } = useWrite('patch', '/api/v1/organisations/{id}');
  const saveEntry = useDirectoryEntry();
  const words = useCallback(
    (row: Organisation) => `${row.name} ${t(`common.kind.${row.kind}`)} ${country(row.country)}`,
    [t, country],
  );
  const { field, found } = useSearch(rows, words);
  const mine = owned.join(' ');
  const columns = useMemo<readonly Column<Organisation>[]>(
    () => [
      {
        key: 'name',
        header: t('admin.people.name'),
        cell: ({ name }) => <Text>{name}</Text>,
        sort: (one, other) => compare(one.name, other.name),
      },
      {
        key: 'kind',
        header: t('admin.organisations.kind'),
        cell: ({ kind }) => t(`common.kind.${kind}`),
        sort: (one, other) => compare(one.kind, other.kind),
      },
      {
        key: 'country',
        header: t('admin.organisations.country'),
        cell: (row) => country(row.country),
        sort: (one, other) => compare(one.country, other.country),
      },
      {
        key: 'change',
        acts: true,
        header: t('admin.people.change'),
        cell: ({ id, name, country: code, revision, directoryEntry, leftOn }) =>
          mine.includes(id) ? (
            <>
              <FormDialog
                look="quiet"
                label={t('admin.people.change')}
                submit={t('common.save')}
                onSubmit={async (values) => {
                  await change({
                    params: { path: { id } },
                    headers: ifMatch(revision),
                    body: { name: values['name']!, country: values['country']! },
                  });
                  toast(t('admin.people.changed'));
                }}
              >
                <OrganisationFields name={name} country={code} />
              </FormDialog>
              {directoryEntry && !leftOn && (
                <FormDialog
                  look="quiet"
                  label={t('common.found.title')}
                  submit={t('common.save')}
                  onSubmit={(_, data) => saveEntry(id, data)}
                >
                  <DirectoryFields entry={directoryEntry} />
                </FormDialog>
              )}
            </>
          ) : (
            '–'
          ),
      },
    ],
    [t, compare, country, mine, change, saveEntry],
  );
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('admin.nav.organisations')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="name"
      />
    </>
  );
}
