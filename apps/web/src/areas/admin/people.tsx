import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel, Skeleton, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

/** `/admin`: who belongs to the organisations one looks after, and in which role. */
export function PeoplePage() {
  const { t } = useI18n();
  const { memberships } = useMe();
  const mine = [
    ...new Set(
      memberships
        .filter(({ role }) => role === 'owner' || role === 'programme-manager')
        .map(({ organisationId }) => organisationId),
    ),
  ];
  return (
    <>
      <PageHeader title={t('admin.people.title')} lead={t('admin.people.lead')} />
      {mine.map((id) => (
        <Members key={id} organisation={id} />
      ))}
    </>
  );
}

function Members({ organisation }: { organisation: string }) {
  const { t, compare } = useI18n();
  const path = { id: organisation };
  const it = useRead('/api/v1/organisations/{id}', { params: { path } });
  const members = useRead('/api/v1/organisations/{id}/members', { params: { path } });
  const columns = useMemo<readonly Column<Schema<'MemberRow'>>[]>(
    () => [
      {
        key: 'name',
        header: t('admin.people.name'),
        cell: ({ name }) => <Text>{name}</Text>,
        sort: (one, other) => compare(one.name, other.name),
      },
      { key: 'email', header: t('admin.people.email'), cell: ({ email }) => <bdi dir="ltr">{email}</bdi> },
      { key: 'role', header: t('admin.people.role'), cell: ({ role }) => t(`common.role.${role}`) },
    ],
    [t, compare],
  );
  return (
    <Panel heading={it.data ? <Text>{it.data.name}</Text> : <Skeleton rows={1} />}>
      <Loaded
        query={members}
        isEmpty={(data) => data.members.length === 0}
        empty={<EmptyState title={t('admin.people.none')}>{t('admin.people.noneFix')}</EmptyState>}
      >
        {({ members: rows }) => (
          <Table
            caption={t('admin.people.title')}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            sortedBy="name"
          />
        )}
      </Loaded>
    </Panel>
  );
}
