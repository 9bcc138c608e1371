import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useAll, useRead, useWrite } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { PageHeader, Panel, Skeleton, Status, type StatusKind, Text } from '#web/ui/basics';
import { Confirm, FormDialog } from '#web/ui/dialog';
import { Select, TextField } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { useMine } from './mine';

type Member = Schema<'MemberRow'>;
type Invitation = Schema<'InvitationRow'>;
const ROLES = [
  'owner',
  'programme-manager',
  'qa-manager',
  'assessor',
  'mentor',
  'reviewer',
  'decider',
  'viewer',
] as const;
const STATE: Readonly<Record<Invitation['state'], StatusKind>> = {
  pending: 'neutral',
  accepted: 'conforming',
  expired: 'minor',
  revoked: 'na',
};

/** `/admin`: who belongs to the organisations one looks after, in which role, and who is invited. */
export function PeoplePage() {
  const { t } = useI18n();
  const { all, owned } = useMine();
  return (
    <>
      <PageHeader title={t('admin.people.title')} lead={t('admin.people.lead')} />
      {all.length === 0 && (
        <EmptyState title={t('admin.people.none')}>{t('admin.people.noneFix')}</EmptyState>
      )}
      {all.map((id) => (
        <Members key={id} organisation={id} owns={owned.includes(id)} />
      ))}
    </>
  );
}

function useRoles() {
  const { t } = useI18n();
  return ROLES.map((value) => ({ value, label: t(`common.role.${value}`) }));
}

function Members({ organisation, owns }: { organisation: string; owns: boolean }) {
  const { t } = useI18n();
  const path = { id: organisation };
  const it = useRead('/api/v1/organisations/{id}', { params: { path } });
  const members = useRead('/api/v1/organisations/{id}/members', { params: { path } });
  const invite = useWrite('post', '/api/v1/organisations/{id}/invitations');
  const roles = useRoles();
  return (
    <Panel heading={it.data ? <Text>{it.data.name}</Text> : <Skeleton rows={1} />}>
      {owns && (
        <div className="no-print mb-3">
          <FormDialog
            label={t('admin.people.invite')}
            icon="plus"
            submit={t('admin.people.invite')}
            onSubmit={async ({ email, role }) => {
              await invite.mutateAsync({
                params: { path },
                body: { email: email!, role: role as Member['role'], language: serverLocale() },
              });
              toast(t('admin.people.invited', { email: email! }));
            }}
          >
            <p className="text-soft">{t('admin.people.inviteLead')}</p>
            <TextField label={t('admin.people.email')} name="email" type="email" dir="ltr" required />
            <Select label={t('admin.people.role')} name="role" options={roles} defaultValue="viewer" />
          </FormDialog>
        </div>
      )}
      <Loaded
        query={members}
        isEmpty={(data) => data.members.length === 0}
        empty={<EmptyState title={t('admin.people.none')}>{t('admin.people.noneFix')}</EmptyState>}
      >
        {({ members: rows }) => <MemberTable organisation={organisation} owns={owns} rows={rows} />}
      </Loaded>
      {owns && <Invitations organisation={organisation} />}
    </Panel>
  );
}

const memberWords = ({ name, email }: Member): string => `${name} ${email}`;

function MemberTable({
  organisation,
  owns,
  rows,
}: {
  organisation: string;
  owns: boolean;
  rows: readonly Member[];
}) {
  const { t, compare } = useI18n();
  const roles = useRoles();
  const { field, found } = useSearch(rows, memberWords, { name: `find-${organisation}` });
  const { mutateAsync: change } = useWrite('patch', '/api/v1/organisations/{id}/members/{memberId}');
  const { mutateAsync: remove } = useWrite('delete', '/api/v1/organisations/{id}/members/{memberId}');
  const columns = useMemo<readonly Column<Member>[]>(
    () => [
      {
        key: 'name',
        header: t('admin.people.name'),
        cell: ({ name }) => <Text>{name}</Text>,
        sort: (one, other) => compare(one.name, other.name),
      },
      {
        key: 'email',
        header: t('admin.people.email'),
        cell: ({ email }) => <bdi dir="ltr">{email}</bdi>,
        sort: (one, other) => compare(one.email, other.email),
      },
      {
        key: 'role',
        header: t('admin.people.role'),
        cell: ({ role }) => t(`common.role.${role}`),
        sort: (one, other) => compare(one.role, other.role),
      },
      ...(owns
        ? [
            {
              key: 'change',
              acts: true,
              header: t('admin.people.change'),
              cell: ({ id, name, role }: Member) => (
                <span className="flex flex-wrap gap-1 max-sm:justify-end">
                  <FormDialog
                    look="quiet"
                    label={t('admin.people.changeRole')}
                    title={t('admin.people.roleOf', { name })}
                    submit={t('common.save')}
                    onSubmit={async (values) => {
                      await change({
                        params: { path: { id: organisation, memberId: id } },
                        body: { role: values['role'] as Member['role'] },
                      });
                      toast(t('admin.people.changed'));
                    }}
                  >
                    <Select label={t('admin.people.role')} name="role" options={roles} defaultValue={role} />
                  </FormDialog>
                  <Confirm
                    look="quiet"
                    label={t('admin.people.remove')}
                    title={t('admin.people.remove')}
                    question={t('admin.people.removeOf', { name, role: t(`common.role.${role}`) })}
                    confirm={t('admin.people.remove')}
                    onConfirm={async () => {
                      await remove({ params: { path: { id: organisation, memberId: id } } });
                      toast(t('admin.people.removed'));
                    }}
                  />
                </span>
              ),
            },
          ]
        : []),
    ],
    // The roles' names change with the language, as t does.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [t, compare, owns, change, remove, organisation],
  );
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('admin.people.title')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="name"
      />
    </>
  );
}

function Invitations({ organisation }: { organisation: string }) {
  const { t, moment } = useI18n();
  const invitations = useAll('/api/v1/organisations/{id}/invitations', {
    params: { path: { id: organisation } },
  });
  const { mutateAsync: revoke } = useWrite(
    'post',
    '/api/v1/organisations/{id}/invitations/{invitationId}/revoke',
  );
  const columns = useMemo<readonly Column<Invitation>[]>(
    () => [
      {
        key: 'email',
        header: t('admin.people.email'),
        cell: ({ email }) => <bdi dir="ltr">{email}</bdi>,
      },
      { key: 'role', header: t('admin.people.role'), cell: ({ role }) => t(`common.role.${role}`) },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ state }) => <Status kind={STATE[state]}>{t(`admin.invitation.${state}`)}</Status>,
      },
      {
        key: 'until',
        header: t('admin.invitation.until'),
        cell: ({ expiresAt }) => moment(expiresAt),
      },
      {
        key: 'revoke',
        acts: true,
        header: t('admin.people.change'),
        cell: ({ id, email, state }) =>
          state === 'pending' ? (
            <Confirm
              look="quiet"
              label={t('admin.invitation.revoke')}
              title={t('admin.invitation.revoke')}
              question={t('admin.invitation.revokeOf', { email })}
              confirm={t('admin.invitation.revoke')}
              onConfirm={async () => {
                await revoke({ params: { path: { id: organisation, invitationId: id } } });
                toast(t('admin.invitation.revokeDone'));
              }}
            />
          ) : (
            '–'
          ),
      },
    ],
    [t, moment, revoke, organisation],
  );
  return (
    <Loaded query={invitations} empty={null}>
      {(rows) => (
        <>
          <h3 className="mt-5 mb-2">{t('admin.invitation.title')}</h3>
          <Table
            caption={t('admin.invitation.title')}
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
          />
        </>
      )}
    </Loaded>
  );
}
