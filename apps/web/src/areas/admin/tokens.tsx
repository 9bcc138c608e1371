import { useMemo, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { call, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, PageHeader, Status } from '#web/ui/basics';
import { Confirm, Dialog, FormDialog } from '#web/ui/dialog';
import { Checkbox, Select, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { OwnOrganisation } from './own-organisation';

type Token = Schema<'ApiTokenRow'>;
const SCOPES = ['read', 'assess', 'manage', 'publish'] as const;

/** `/admin/tokens`: what programs may do on the organisation's behalf. */
export default function TokensPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('admin.nav.tokens')} lead={t('admin.tokens.lead')} />
      <OwnOrganisation>
        {(organisation) => <Tokens key={organisation} organisation={organisation} />}
      </OwnOrganisation>
    </>
  );
}

function Tokens({ organisation }: { organisation: string }) {
  const { t, moment, number, list } = useI18n();
  const path = { id: organisation };
  const tokens = useRead('/api/v1/organisations/{id}/api-tokens', { params: { path } });
  const queries = useQueryClient();
  const { mutateAsync: revoke } = useWrite('post', '/api/v1/organisations/{id}/api-tokens/{tokenId}/revoke');
  const [made, setMade] = useState<string | null>(null);
  const columns = useMemo<readonly Column<Token>[]>(
    () => [
      {
        key: 'name',
        header: t('admin.people.name'),
        cell: ({ name, prefix }) => (
          <>
            {name} <code dir="ltr">{prefix}…</code>
          </>
        ),
      },
      {
        key: 'scopes',
        header: t('admin.tokens.scopes'),
        cell: ({ scopes }) => list(scopes.map((scope) => t(`admin.tokens.scope.${scope}`))),
      },
      {
        key: 'used',
        header: t('admin.tokens.used'),
        cell: ({ lastUsedAt }) => (lastUsedAt ? moment(lastUsedAt) : t('admin.tokens.never')),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ revokedAt, expiresAt }) =>
          revokedAt ? (
            <Status kind="na">{t('admin.tokens.revoked')}</Status>
          ) : new Date(expiresAt) < new Date() ? (
            <Status kind="minor">{t('admin.invitation.expired')}</Status>
          ) : (
            t('admin.tokens.until', { moment: moment(expiresAt) })
          ),
      },
      {
        key: 'revoke',
        acts: true,
        header: t('admin.invitation.revoke'),
        cell: ({ id, name, revokedAt }) =>
          revokedAt ? (
            '–'
          ) : (
            <Confirm
              look="quiet"
              label={t('admin.invitation.revoke')}
              title={t('admin.invitation.revoke')}
              question={t('admin.tokens.revokeOf', { name })}
              confirm={t('admin.invitation.revoke')}
              onConfirm={async () => {
                await revoke({ params: { path: { id: organisation, tokenId: id } } });
                toast(t('admin.tokens.revokeDone'));
              }}
            />
          ),
      },
    ],
    [t, moment, list, revoke, organisation],
  );
  return (
    <>
      <div className="mb-3">
        <FormDialog
          label={t('admin.tokens.new')}
          icon="plus"
          submit={t('admin.tokens.new')}
          onSubmit={async ({ name, days }, data) => {
            const scopes = data.getAll('scopes') as Token['scopes'];
            // Without an idempotency key: an answer that carries a secret is never kept to be sent again.
            const { token } = await call('post', '/api/v1/organisations/{id}/api-tokens', {
              params: { path },
              body: { name: name!, scopes, expiresInDays: Number(days) },
            });
            setMade(token);
            void queries.invalidateQueries();
          }}
        >
          <TextField label={t('admin.people.name')} hint={t('admin.tokens.nameHint')} name="name" required />
          <fieldset>
            <legend className="font-medium">{t('admin.tokens.scopes')}</legend>
            {SCOPES.map((scope) => (
              <Checkbox
                key={scope}
                label={t(`admin.tokens.scope.${scope}`)}
                name="scopes"
                value={scope}
                defaultChecked={scope === 'read'}
              />
            ))}
          </fieldset>
          <Select
            label={t('admin.tokens.days')}
            name="days"
            defaultValue="90"
            options={[30, 90, 180, 365].map((days) => ({ value: String(days), label: number(days) }))}
          />
        </FormDialog>
      </div>
      <Loaded
        query={tokens}
        empty={<EmptyState title={t('admin.tokens.none')}>{t('admin.tokens.noneFix')}</EmptyState>}
      >
        {(rows) => (
          <Table caption={t('admin.nav.tokens')} columns={columns} rows={rows} rowKey={({ id }) => id} />
        )}
      </Loaded>
      {made !== null && (
        <Dialog title={t('admin.tokens.made')} onClose={() => setMade(null)}>
          <p className="mb-3">{t('admin.tokens.madeLead')}</p>
          <p className="mb-4 rounded-lg bg-sunken p-3 break-all">
            <code dir="ltr">{made}</code>
          </p>
          <Button look="primary" onClick={() => void navigator.clipboard.writeText(made)}>
            {t('admin.tokens.copy')}
          </Button>
        </Dialog>
      )}
    </>
  );
}
