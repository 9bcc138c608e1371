import { ENGAGEMENT_ROLES } from '#domain/impartiality';
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { call } from '#web/api/client';
import { type RowOf, useAll, useRead, useWrite } from '#web/api/hooks';
import { managesAgency } from '#web/api/roles';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { PageHeader, Status, Text } from '#web/ui/basics';
import { Confirm, FormDialog } from '#web/ui/dialog';
import { RadioGroup, Select, TextField } from '#web/ui/form';
import { useOptions } from '#web/ui/options';
import { useInAddress, useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { useCoachingOrganisations } from './organisations';

type Engagement = RowOf<'/api/v1/engagements'>;
const PAID_BY = ['programme', 'supplier', 'buyer', 'provider'] as const;

/** `/agency/coaching` and `/assessor/coaching`: who coaches or coached which site, and is kept from assessing it. */
export default function CoachingPage() {
  const { t } = useI18n();
  const { manages, keepsOwn } = useRegister();
  const engagements = useAll('/api/v1/engagements');
  const sites = useAll('/api/v1/sites');
  return (
    <>
      <PageHeader
        title={t('roster.coaching.title')}
        lead={t('roster.coaching.lead')}
        actions={(manages || keepsOwn) && <Register />}
      />
      <Loaded
        query={engagements}
        also={[sites]}
        empty={<EmptyState title={t('roster.coaching.none')}>{t('roster.coaching.noneFix')}</EmptyState>}
      >
        {(rows) => <Engagements rows={rows} sites={sites.data ?? []} />}
      </Loaded>
    </>
  );
}

/** What somebody's memberships let them enter in the register; the API decides again, site by site. */
function useRegister() {
  const { memberships } = useMe();
  return {
    /** For everybody. */
    manages: memberships.some(managesAgency),
    /** For themselves. */
    keepsOwn: memberships.some(
      ({ organisationKind, role }) =>
        ['development-agency', 'assessment-provider'].includes(organisationKind) &&
        ['mentor', 'assessor', 'owner', 'programme-manager'].includes(role),
    ),
  };
}

function Engagements({
  rows,
  sites,
}: {
  rows: readonly Engagement[];
  sites: readonly RowOf<'/api/v1/sites'>[];
}) {
  const { t, day, compare } = useI18n();
  const { userId } = useMe();
  const { manages, keepsOwn } = useRegister();
  const [kept, setShow] = useInAddress('show');
  const show = kept === 'ended' ? 'ended' : 'open';
  const [open, ended] = useMemo(
    () => [rows.filter(({ until }) => until === null), rows.filter(({ until }) => until !== null)],
    [rows],
  );
  const names = useMemo(() => new Map(sites.map(({ id, name }) => [id, name])), [sites]);
  const siteOf = useCallback(({ siteId }: Engagement) => names.get(siteId) ?? '–', [names]);
  const words = useCallback(
    (row: Engagement) => `${row.name ?? ''} ${row.organisation ?? ''} ${siteOf(row)}`,
    [siteOf],
  );
  const { field, found } = useSearch(show === 'open' ? open : ended, words);
  const columns = useMemo<readonly Column<Engagement>[]>(
    () => [
      {
        key: 'who',
        header: t('roster.coaching.who'),
        cell: ({ personId, name, organisation }) => (
          <>
            <Text>{name ?? organisation ?? '–'}</Text>
            <span className="block text-sm font-normal text-soft">
              {personId === null
                ? t('roster.coaching.unnamed')
                : name && organisation && <Text>{organisation}</Text>}
            </span>
          </>
        ),
        sort: (one, other) =>
          compare(one.name ?? one.organisation ?? '', other.name ?? other.organisation ?? ''),
      },
      {
        key: 'site',
        header: t('common.site'),
        cell: (row) => <Text>{siteOf(row)}</Text>,
        sort: (one, other) => compare(siteOf(one), siteOf(other)),
      },
      {
        key: 'as',
        header: t('roster.coaching.as'),
        cell: ({ role, paidBy, declaration }) => (
          <>
            {t(`roster.engagement.${role}`)}
            {paidBy && (
              <span className="block text-sm text-soft">
                {t('roster.coaching.paid', { by: t(`roster.paidBy.${paidBy}`) })}
              </span>
            )}
            {declaration && (
              <span className="block text-sm text-soft">
                <Text>{declaration}</Text>
              </span>
            )}
          </>
        ),
        sort: (one, other) => compare(one.role, other.role),
      },
      {
        key: 'from',
        header: t('roster.coaching.from'),
        cell: ({ from }) => day(from),
        sort: (one, other) => compare(other.from, one.from),
      },
      {
        key: 'until',
        header: t('roster.coaching.until'),
        cell: ({ until }) =>
          until ? day(until) : <Status kind="neutral">{t('roster.coaching.goesOn')}</Status>,
        sort: (one, other) => compare(other.until ?? '', one.until ?? ''),
      },
      ...(show === 'open' && (manages || keepsOwn)
        ? [
            {
              key: 'end',
              acts: true,
              header: t('roster.coaching.end'),
              cell: (row: Engagement) =>
                manages || row.personId === userId ? <End of={row} site={siteOf(row)} /> : '–',
            },
          ]
        : []),
    ],
    [t, day, compare, siteOf, show, manages, keepsOwn, userId],
  );
  return (
    <>
      <div className="mb-3 flex flex-wrap items-end gap-x-6 gap-y-3">
        <RadioGroup
          label={t('roster.coaching.show')}
          name="show"
          value={show}
          onChange={setShow}
          options={[
            { value: 'open', label: t('roster.coaching.open', { n: open.length }) },
            { value: 'ended', label: t('roster.coaching.ended', { n: ended.length }) },
          ]}
        />
        {field}
      </div>
      <Table
        caption={t('roster.coaching.title')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="from"
      />
    </>
  );
}

function End({ of: { id, name, organisation, from }, site }: { of: Engagement; site: string }) {
  const { t } = useI18n();
  const end = useWrite('post', '/api/v1/engagements/{id}/end');
  return (
    <Confirm
      look="quiet"
      label={t('roster.coaching.end')}
      title={t('roster.coaching.endOf', { name: name ?? organisation ?? '–', site })}
      question={t('roster.coaching.endAsk')}
      confirm={t('roster.coaching.end')}
      fields={
        <TextField
          label={t('roster.coaching.until')}
          name="until"
          type="date"
          required
          defaultValue={today() < from ? from : today()}
        />
      }
      onConfirm={({ until }) =>
        end
          .mutateAsync({ params: { path: { id } }, body: { until: until! } })
          .then(() => toast(t('roster.coaching.endDone')))
      }
    />
  );
}

/** Registers who works for a site: by a manager for anybody whom the planner knows, colleagues or an organisation, by others for themselves. */
function Register() {
  const { t } = useI18n();
  const { userId } = useMe();
  const { manages } = useRegister();
  const register = useWrite('post', '/api/v1/engagements');
  return (
    <FormDialog
      icon="plus"
      label={t('roster.coaching.register')}
      submit={t('roster.coaching.register')}
      onSubmit={async ({ personId, organisationId, siteId, role, from, until, paidBy, declaration }) => {
        const person = manages ? personId : userId;
        await register.mutateAsync({
          body: {
            ...(person && { personId: person }),
            ...(organisationId && { organisationId }),
            siteId: siteId!,
            role: role as Engagement['role'],
            from: from!,
            ...(until && { until }),
            ...(paidBy && { paidBy: paidBy as (typeof PAID_BY)[number] }),
            ...(declaration && { declaration }),
          },
        });
        toast(t('roster.coaching.registered'));
      }}
    >
      <p className="text-soft">{t('roster.coaching.registerLead')}</p>
      {manages && <Who />}
      <Sites />
      <Select
        label={t('roster.coaching.as')}
        name="role"
        options={ENGAGEMENT_ROLES.map((value) => ({ value, label: t(`roster.engagement.${value}`) }))}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={t('roster.coaching.from')}
          name="from"
          type="date"
          required
          defaultValue={today()}
        />
        <TextField
          label={t('roster.coaching.until')}
          hint={t('roster.coaching.untilHint')}
          name="until"
          type="date"
        />
      </div>
      <Select
        label={t('roster.coaching.paidBy')}
        name="paidBy"
        options={[
          { value: '', label: t('roster.coaching.paidByNobody') },
          ...PAID_BY.map((value) => ({ value, label: t(`roster.paidBy.${value}`) })),
        ]}
      />
      <TextField
        label={t('roster.coaching.declaration')}
        hint={t('roster.coaching.declarationHint')}
        name="declaration"
        multiline
        maxLength={1000}
      />
    </FormDialog>
  );
}

/** Somebody whom the planner knows or of the own agency, and on whose behalf; or an organisation whose people aren't named. */
function Who() {
  const { t } = useI18n();
  const options = useOptions();
  const known = useRead('/api/v1/assessors');
  const colleagues = useColleagues();
  const organisations = useCoachingOrganisations();
  const people = new Map([...colleagues, ...(known.data ?? [])].map((each) => [each.id, each]));
  return (
    <>
      <Select
        label={t('roster.coaching.person')}
        name="personId"
        options={[{ value: '', label: t('roster.coaching.noPerson') }, ...options([...people.values()])]}
      />
      <Select
        label={t('roster.coaching.organisation')}
        hint={t('roster.coaching.organisationHint')}
        name="organisationId"
        options={[{ value: '', label: t('roster.coaching.ownOrganisation') }, ...options(organisations)]}
      />
    </>
  );
}

/** Members of the agencies that somebody answers for. */
function useColleagues(): readonly { readonly id: string; readonly name: string }[] {
  const { memberships } = useMe();
  const agencies = [
    ...new Set(memberships.filter(managesAgency).map(({ organisationId }) => organisationId)),
  ];
  const path = '/api/v1/organisations/{id}/members';
  const { data = [] } = useQuery({
    queryKey: [path, agencies],
    queryFn: ({ signal }) =>
      Promise.all(agencies.map((id) => call('get', path, { params: { path: { id } }, signal }))),
  });
  return data.flatMap(({ members }) => members.map(({ userId, name }) => ({ id: userId, name })));
}

function Sites() {
  const { t } = useI18n();
  const options = useOptions();
  const { data } = useAll('/api/v1/sites');
  const sites = useMemo(() => options(data ?? []), [options, data]);
  return <Select label={t('common.site')} name="siteId" required options={sites} />;
}
