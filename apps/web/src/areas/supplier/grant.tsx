import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { type Locale, serverLocale, useI18n } from '#web/i18n';
import { languageOptions } from '#web/shell/pickers';
import { PageHeader, Panel } from '#web/ui/basics';
import { Checkbox, Form, RadioGroup, Select, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';

const SCOPES = [
  'certificate',
  'score',
  'section-scores',
  'answers',
  'evidence',
  'corrective-actions',
] as const satisfies Schema<'NewConsentDto'>['scopes'];

const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** `/supplier/sharing/new/:organisation`: gives somebody a permission: who, what of which sites, what for, until when. */
export default function GrantPage() {
  const { t } = useI18n();
  const [, go] = useLocation();
  const { organisation: id } = useParams<{ organisation: string }>();
  const [how, setHow] = useState('organisation');
  const sites = useRead('/api/v1/sites', { params: { query: { organisationId: id, limit: 200 } } });
  const grant = useWrite('post', '/api/v1/organisations/{id}/consents', { secret: true });
  return (
    <>
      <PageHeader
        title={t('supplier.grant.title')}
        lead={t('supplier.grant.lead')}
        back={{ href: '/supplier/sharing', label: t('supplier.share.title') }}
      />
      <Loaded
        query={sites}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState title={t('supplier.sites.none')}>{t('supplier.sites.noneFix')}</EmptyState>}
      >
        {({ items }) => (
          <Panel className="max-w-2xl">
            <Form
              submit={t('supplier.grant.submit')}
              onSubmit={async (values, data) => {
                const made = await grant.mutateAsync({
                  params: { path: { id } },
                  body: {
                    siteIds: data.getAll('siteIds') as string[],
                    scopes: data.getAll('scopes') as Schema<'NewConsentDto'>['scopes'],
                    purpose: values['purpose']!,
                    until: values['until']!,
                    ...(how === 'organisation'
                      ? { granteeId: values['granteeId'] ?? '' }
                      : {
                          recipientName: values['recipientName']!,
                          recipientEmail: values['recipientEmail']!,
                          language: values['language'] as Locale,
                        }),
                  },
                });
                toast(t('supplier.grant.done', { name: made.recipient }));
                go('/supplier/sharing');
              }}
            >
              <RadioGroup
                label={t('supplier.grant.who')}
                name="how"
                value={how}
                onChange={setHow}
                options={[
                  { value: 'organisation', label: t('supplier.grant.organisation') },
                  { value: 'person', label: t('supplier.grant.person') },
                ]}
              />
              {how === 'organisation' ? (
                <FindOrganisation />
              ) : (
                <>
                  <TextField label={t('supplier.grant.name')} name="recipientName" required maxLength={200} />
                  <TextField
                    label={t('supplier.grant.email')}
                    name="recipientEmail"
                    type="email"
                    dir="ltr"
                    required
                    maxLength={254}
                  />
                  <Select
                    label={t('supplier.grant.language')}
                    name="language"
                    defaultValue={serverLocale()}
                    options={languageOptions()}
                  />
                </>
              )}
              <fieldset className="min-w-0">
                <legend className="mb-1 font-medium">{t('supplier.grant.sites')}</legend>
                {items.map((site) => (
                  <Checkbox
                    key={site.id}
                    label={<bdi dir="auto">{site.name}</bdi>}
                    name="siteIds"
                    value={site.id}
                    defaultChecked
                  />
                ))}
              </fieldset>
              <fieldset className="min-w-0">
                <legend className="mb-1 font-medium">{t('supplier.grant.scopes')}</legend>
                <p className="text-sm text-soft">{t('supplier.grant.scopesHint')}</p>
                {SCOPES.map((scope) => (
                  <Checkbox
                    key={scope}
                    label={t(`supplier.share.scope.${scope}`)}
                    name="scopes"
                    value={scope}
                    defaultChecked={scope === 'certificate'}
                  />
                ))}
              </fieldset>
              <TextField
                label={t('supplier.grant.purpose')}
                hint={t('supplier.grant.purposeHint')}
                name="purpose"
                required
                maxLength={500}
              />
              <TextField
                label={t('supplier.grant.until')}
                hint={t('supplier.grant.untilHint')}
                name="until"
                type="date"
                required
                min={inDays(0)}
                max={inDays(730)}
                defaultValue={inDays(180)}
              />
            </Form>
          </Panel>
        )}
      </Loaded>
    </>
  );
}

/** A buyer or another organisation by a part of its name; those that chose to be found. */
function FindOrganisation() {
  const { t, country } = useI18n();
  const [search, setSearch] = useState('');
  const wanted = search.trim();
  const found = useRead(
    '/api/v1/directory',
    { params: { query: { search: wanted } } },
    { enabled: wanted.length >= 2 },
  );
  return (
    <div className="grid gap-2">
      <TextField
        label={t('supplier.grant.search')}
        hint={t('supplier.grant.searchHint')}
        name="search"
        type="search"
        autoComplete="off"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <div aria-live="polite">
        {wanted.length >= 2 && found.data?.length === 0 && (
          <EmptyState title={t('supplier.grant.nobody')}>{t('supplier.grant.nobodyFix')}</EmptyState>
        )}
        {wanted.length >= 2 && found.data && found.data.length > 0 && (
          <fieldset className="min-w-0">
            <legend className="mb-1 font-medium">{t('supplier.grant.found')}</legend>
            {found.data.map((each) => (
              <label key={each.id} className="flex min-h-11 items-center gap-3">
                <input
                  type="radio"
                  name="granteeId"
                  value={each.id}
                  required
                  className="size-5 shrink-0 accent-brand"
                />
                <span className="min-w-0 wrap-anywhere">
                  <bdi dir="auto">{each.name}</bdi> – {country(each.country)}
                </span>
              </label>
            ))}
          </fieldset>
        )}
      </div>
    </div>
  );
}
