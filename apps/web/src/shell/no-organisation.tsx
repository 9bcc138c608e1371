import type { ReactNode } from 'react';
import { useWrite } from '#web/api/hooks';
import { signedIn, useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel } from '#web/ui/basics';
import { CountryField } from '#web/ui/country';
import { Form, TextField } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';

/**
 * An account that belongs to no organisation, not yet or no more; or to none that could join a programme it has a link of.
 * `children`: what is theirs all the same, and comes before anything new.
 */
export default function NoOrganisation({ children }: { children?: ReactNode }) {
  const { t } = useI18n();
  const { email } = useMe();
  const joins = /^\/app\/supplier\/join/.test(location.pathname);
  return (
    <>
      <PageHeader title={t(joins ? 'supplier.join.title' : 'shell.noRole.title')} />
      {!joins && <EmptyState title={t('shell.noRole.lead', { email })}>{t('shell.noRole.fix')}</EmptyState>}
      {children}
      <Found lead={t(joins ? 'supplier.found.join' : 'supplier.found.lead')} />
    </>
  );
}

/** Anybody may found a supplier: their business, of which they are the owner. Its part of the app opens at once. */
function Found({ lead }: { lead: string }) {
  const { t } = useI18n();
  const found = useWrite('post', '/api/v1/organisations');
  return (
    <Panel heading={t('supplier.found.title')} className="mt-4 max-w-2xl">
      <p className="mb-4">{lead}</p>
      <Form
        submit={t('supplier.found.submit')}
        onSubmit={async ({ name, country }) => {
          await found.mutateAsync({ body: { name: name!, kind: 'supplier', country: country! } });
          await signedIn();
        }}
      >
        <TextField
          label={t('supplier.found.name')}
          name="name"
          required
          maxLength={200}
          autoComplete="organization"
        />
        <CountryField label={t('supplier.siteForm.country')} name="country" />
      </Form>
    </Panel>
  );
}
