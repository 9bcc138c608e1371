import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { type Widening, widened } from '#domain/consent';
import { ifMatch, type Schema } from '#web/api/client';
import { useAll, useRead, useWrite } from '#web/api/hooks';
import { type Locale, serverLocale, useI18n } from '#web/i18n';
import { dayFromNow } from '#web/i18n/today';
import { languageOptions } from '#web/shell/pickers';
import { Button, PageHeader, Panel, Text } from '#web/ui/basics';
import { Dialog } from '#web/ui/dialog';
import { Checkbox, Form, RadioGroup, Select, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { HasLeft, useBusinesses } from './parts';

const SCOPES = [
  'certificate',
  'score',
  'section-scores',
  'answers',
  'evidence',
  'corrective-actions',
] as const satisfies Schema<'NewConsentDto'>['scopes'];

/** `/supplier/sharing/new/:organisation`: gives somebody a permission: who, what of which sites, what for, until when. */
export function GrantPage() {
  const { t } = useI18n();
  const [, go] = useLocation();
  const { organisation: id } = useParams<{ organisation: string }>();
  const [how, setHow] = useState('organisation');
  const sites = useAll('/api/v1/sites', { params: { query: { organisationId: id } } });
  const grant = useWrite('post', '/api/v1/organisations/{id}/consents', { secret: true });
  const leftOn = useBusinesses().find((each) => each.id === id)?.leftOn;
  return (
    <>
      <PageHeader
        title={t('supplier.grant.title')}
        lead={t('supplier.grant.lead')}
        back={{ href: '/supplier/sharing', label: t('supplier.share.title') }}
      />
      <Loaded
        query={sites}
        empty={<EmptyState title={t('supplier.sites.none')}>{t('supplier.sites.noneFix')}</EmptyState>}
      >
        {(items) =>
          leftOn ? (
            <HasLeft on={leftOn} />
          ) : (
            <Panel className="max-w-2xl">
              <Form
                submit={t('supplier.grant.submit')}
                onSubmit={async (values, data) => {
                  const made = await grant.mutateAsync({
                    params: { path: { id } },
                    body: {
                      ...termsOf(data),
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
                    <TextField
                      label={t('supplier.grant.name')}
                      name="recipientName"
                      required
                      maxLength={200}
                    />
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
                <Terms sites={items} />
              </Form>
            </Panel>
          )
        }
      </Loaded>
    </>
  );
}

type GrantRow = Schema<'GrantRow'>;
type TermsOfGrant = Pick<GrantRow, 'scopes' | 'purpose' | 'until'> & { siteIds: string[] };

/** What the form says is shared, of which sites, what for, until when. */
const termsOf = (data: FormData): TermsOfGrant => ({
  siteIds: data.getAll('siteIds') as string[],
  scopes: data.getAll('scopes') as GrantRow['scopes'],
  purpose: String(data.get('purpose')),
  until: String(data.get('until')),
});

/** The fields of what is shared; as they stand in a permission that is changed, else how a new one begins. */
function Terms({ sites, of }: { sites: readonly Schema<'SiteRow'>[]; of?: GrantRow }) {
  const { t } = useI18n();
  return (
    <>
      <Ticks
        label={t('supplier.grant.sites')}
        name="siteIds"
        options={sites.map(({ id, name }) => ({ value: id, label: <bdi dir="auto">{name}</bdi> }))}
        ticked={of ? of.sites.map(({ id }) => id) : sites.map(({ id }) => id)}
      />
      <Ticks
        label={t('supplier.grant.scopes')}
        hint={t('supplier.grant.scopesHint')}
        name="scopes"
        options={SCOPES.map((value) => ({ value, label: t(`supplier.share.scope.${value}`) }))}
        ticked={of ? of.scopes : ['certificate']}
      />
      <TextField
        label={t('supplier.grant.purpose')}
        hint={t('supplier.grant.purposeHint')}
        name="purpose"
        required
        maxLength={500}
        defaultValue={of?.purpose}
      />
      <TextField
        label={t('supplier.grant.until')}
        hint={t('supplier.grant.untilHint')}
        name="until"
        type="date"
        required
        min={dayFromNow(0)}
        max={dayFromNow(730)}
        defaultValue={of?.until ?? dayFromNow(180)}
      />
    </>
  );
}

/** Some of several, one at least. */
function Ticks({
  label,
  hint,
  name,
  options,
  ticked,
}: {
  label: string;
  hint?: string;
  name: string;
  options: readonly { value: string; label: ReactNode }[];
  ticked: readonly string[];
}) {
  const { t } = useI18n();
  const group = useRef<HTMLFieldSetElement>(null);
  const check = (): void => {
    const boxes = [...(group.current?.querySelectorAll('input') ?? [])];
    boxes[0]?.setCustomValidity(boxes.some(({ checked }) => checked) ? '' : t('supplier.grant.choose'));
  };
  useEffect(check);
  return (
    <fieldset ref={group} className="min-w-0" onChange={check}>
      <legend className="mb-1 font-medium">{label}</legend>
      {hint && <p className="text-sm text-soft">{hint}</p>}
      {options.map((option) => (
        <Checkbox
          key={option.value}
          label={option.label}
          name={name}
          value={option.value}
          defaultChecked={ticked.includes(option.value)}
        />
      ))}
    </fieldset>
  );
}

/** `/supplier/sharing/change/:organisation/:grant`: changes what of which sites somebody sees, what for, until when. */
export function ChangeGrantPage() {
  const { t } = useI18n();
  const { organisation: id, grant: consentId } = useParams<{ organisation: string; grant: string }>();
  const grant = useRead('/api/v1/organisations/{id}/consents/{consentId}', {
    params: { path: { id, consentId } },
  });
  const sites = useAll('/api/v1/sites', { params: { query: { organisationId: id } } });
  return (
    <>
      <PageHeader
        title={t('supplier.change.title')}
        pending={grant.isLoading}
        lead={grant.data && <Text>{grant.data.recipient}</Text>}
        back={{ href: '/supplier/sharing', label: t('supplier.share.title') }}
      />
      <Loaded query={grant} also={[sites]}>
        {(row) =>
          row.state === 'active' ? (
            <ChangeGrant key={row.id} grant={row} sites={sites.data ?? []} />
          ) : (
            <EmptyState title={t(`supplier.share.state.${row.state}`)}>
              {t('supplier.change.ended')}
            </EmptyState>
          )
        }
      </Loaded>
    </>
  );
}

function ChangeGrant({ grant, sites }: { grant: GrantRow; sites: readonly Schema<'SiteRow'>[] }) {
  const { t, day, list } = useI18n();
  const [, go] = useLocation();
  const change = useWrite('patch', '/api/v1/organisations/{id}/consents/{consentId}');
  // What was on screen when it was changed: a colleague's change meanwhile is refused, not written over.
  const [opened] = useState(grant);
  /** What would be shown beyond what is now, until it is confirmed. */
  const [asked, setAsked] = useState<{ terms: TermsOfGrant; more: Widening } | null>(null);
  const { id, supplierId, revision, recipient: name } = opened;
  const save = async (body: TermsOfGrant): Promise<void> => {
    await change.mutateAsync({
      params: { path: { id: supplierId, consentId: id } },
      headers: ifMatch(revision),
      body,
    });
    toast(t('supplier.change.done', { name }));
    go('/supplier/sharing');
  };
  return (
    <Panel className="max-w-2xl">
      <Form
        submit={t('common.save')}
        onSubmit={async (_, data) => {
          const terms = termsOf(data);
          const more = widened({ ...opened, siteIds: opened.sites.map((site) => site.id) }, terms);
          if (more) setAsked({ terms, more });
          else await save(terms);
        }}
      >
        <Terms sites={sites} of={opened} />
      </Form>
      {asked && (
        <Dialog title={t('supplier.change.moreTitle')} onClose={() => setAsked(null)}>
          <p className="mb-2">{t('supplier.change.more', { name })}</p>
          <ul className="mb-4 list-disc ps-5">
            {asked.more.scopes.map((scope) => (
              <li key={scope}>{t(`supplier.share.scope.${scope}`)}</li>
            ))}
            {asked.more.siteIds.length > 0 && (
              <li>
                {t('supplier.share.sites', {
                  names: list(
                    sites.filter((site) => asked.more.siteIds.includes(site.id)).map((site) => site.name),
                  ),
                })}
              </li>
            )}
            {asked.more.until && (
              <li>
                {t('supplier.change.longer', { day: day(asked.more.until), before: day(opened.until) })}
              </li>
            )}
          </ul>
          <Form
            submit={t('supplier.change.allow')}
            onSubmit={() => save(asked.terms)}
            actions={<Button onClick={() => setAsked(null)}>{t('common.cancel')}</Button>}
          />
        </Dialog>
      )}
    </Panel>
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
