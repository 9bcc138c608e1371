import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { usePart } from './part';

/** `/agency/programmes`: the programmes one takes part in; an agency starts new ones. */
export default function ProgrammesPage() {
  const { t, compare } = useI18n();
  const { memberships } = useMe();
  const { manages } = usePart();
  const agency = memberships.find(managesAgency);
  const programmes = useRead('/api/v1/programmes');
  const begin = useWrite('post', '/api/v1/programmes');
  const columns = useMemo<readonly Column<Schema<'ProgrammeRow'>>[]>(
    () => [
      {
        key: 'name',
        header: t('agency.cohorts.programme'),
        cell: ({ id, name }) => (
          <Link href={`/agency/programmes/${id}`}>
            <Text>{name}</Text>
          </Link>
        ),
        sort: (one, other) => compare(one.name, other.name),
      },
      { key: 'code', header: t('agency.programme.code'), cell: ({ code }) => <bdi dir="ltr">{code}</bdi> },
      {
        key: 'zone',
        header: t('agency.programme.zone'),
        cell: ({ timeZone }) => <bdi dir="ltr">{timeZone}</bdi>,
      },
    ],
    [t, compare],
  );
  return (
    <>
      <PageHeader
        title={t('agency.nav.programmes')}
        lead={t('agency.programme.lead')}
        actions={
          manages &&
          agency && (
            <FormDialog
              label={t('agency.programme.new')}
              icon="plus"
              submit={t('common.save')}
              onSubmit={async ({ name, code }) => {
                await begin.mutateAsync({
                  body: { organisationId: agency.organisationId, name: name!, code: code! },
                });
                toast(t('agency.programme.begun'));
              }}
            >
              <TextField label={t('agency.programme.name')} name="name" required maxLength={200} />
              <TextField
                label={t('agency.programme.code')}
                hint={t('agency.programme.codeHint')}
                name="code"
                required
                dir="ltr"
                maxLength={40}
              />
            </FormDialog>
          )
        }
      />
      <Loaded
        query={programmes}
        empty={<EmptyState title={t('agency.programme.none')}>{t('agency.programme.noneFix')}</EmptyState>}
      >
        {(rows) => (
          <Table
            caption={t('agency.nav.programmes')}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            sortedBy="name"
          />
        )}
      </Loaded>
    </>
  );
}
