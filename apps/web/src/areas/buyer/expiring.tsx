import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import { useCategories } from '#web/api/categories';
import { useAll } from '#web/api/hooks';
import { useI18n, serverLocale } from '#web/i18n';
import { dayFromNow } from '#web/i18n/today';
import { PageHeader } from '#web/ui/basics';
import { RadioGroup, Select } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { type BuyerSite, ForBuyer, SiteName } from './buyer';

const WHAT = ['conditional', 'ended', 'assessment', 'certificate', 'consent'] as const;

/** Something of a site that runs out; `ended`: a conditional approval that has. */
interface Expiry {
  readonly key: string;
  readonly site: BuyerSite;
  readonly what: (typeof WHAT)[number];
  readonly on: string;
  /** Product categories, or the certificate's number. */
  readonly about: readonly string[];
}

function expiriesOf(site: BuyerSite): Expiry[] {
  const found = new Map<string, Expiry>();
  const add = (what: Expiry['what'], on: string | null, about?: string): void => {
    if (!on) return;
    const key = `${site.siteId} ${what} ${on}`;
    const before = found.get(key)?.about ?? [];
    found.set(key, {
      key,
      site,
      what,
      on,
      about: about && !before.includes(about) ? [...before, about] : before,
    });
  };
  for (const { status, validUntil, graceUntil, assessmentCountsUntil, category } of site.approvals) {
    if (status === 'conditional') add('conditional', validUntil, category);
    if (status === 'not-ready') add('ended', graceUntil, category);
    add('assessment', assessmentCountsUntil, category);
  }
  if (site.certificate?.status === 'valid')
    add('certificate', site.certificate.validUntil, site.certificate.number);
  add('consent', site.sharedUntil);
  return [...found.values()];
}

/** `/buyer/expiring`: what runs out within 30, 60 or 90 days, the first first; before it approvals that ended as long ago. */
export default function ExpiringPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('buyer.expiring.title')} lead={t('buyer.expiring.lead')} />
      <ForBuyer>{(buyer) => <Expiring buyer={buyer} />}</ForBuyer>
    </>
  );
}

function Expiring({ buyer }: { buyer: string }) {
  const { t, day, daysFromNow, list, compare } = useI18n();
  const { nameOf, names } = useCategories();
  const [search, setSearch] = useSearchParams();
  const within = search.get('within') ?? '30';
  const what = search.get('what') ?? '';
  const sites = useAll('/api/v1/buyers/{id}/sites', {
    params: { path: { id: buyer }, query: { lang: serverLocale() } },
  });
  const rows = useMemo(() => {
    const [first, today, last] = [-Number(within), 0, Number(within)].map(dayFromNow) as [
      string,
      string,
      string,
    ];
    return (sites.data ?? [])
      .flatMap(expiriesOf)
      .filter((each) => each.on >= (each.what === 'ended' ? first : today) && each.on <= last)
      .filter((each) => !what || each.what === what);
  }, [sites.data, within, what]);
  const columns = useMemo<readonly Column<Expiry>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ site }) => <SiteName site={site} />,
        sort: (one, other) => compare(one.site.site, other.site.site),
      },
      {
        key: 'what',
        header: t('buyer.expiring.what'),
        cell: ({ what: kind, about }) => (
          <>
            {t(`buyer.expiring.${kind}`)}
            <span className="block text-sm text-soft">
              {kind === 'certificate' ? <bdi dir="ltr">{about[0]}</bdi> : list(about.map(nameOf))}
            </span>
          </>
        ),
        sort: (one, other) => compare(one.what, other.what),
      },
      {
        key: 'on',
        header: t('buyer.expiring.on'),
        cell: ({ on }) => (
          <>
            {day(on)}
            <span className="block text-sm text-soft">{daysFromNow(on)}</span>
          </>
        ),
        sort: (one, other) => compare(one.on, other.on),
      },
    ],
    [t, day, daysFromNow, list, compare, nameOf],
  );
  const set = (next: { within?: string; what?: string }) =>
    setSearch({ within, what, ...next }, { replace: true });
  return (
    <>
      <div className="no-print mb-4 flex flex-wrap items-end gap-4">
        <RadioGroup
          label={t('buyer.expiring.within')}
          name="within"
          value={within}
          onChange={(value) => set({ within: value })}
          options={[30, 60, 90].map((n) => ({ value: String(n), label: t('buyer.expiring.days', { n }) }))}
        />
        <Select
          label={t('buyer.expiring.what')}
          value={what}
          onChange={(value) => set({ what: value })}
          options={[
            { value: '', label: t('buyer.every') },
            ...WHAT.map((value) => ({ value, label: t(`buyer.expiring.${value}`) })),
          ]}
        />
      </div>
      <Loaded
        query={sites}
        also={[names]}
        isEmpty={() => rows.length === 0}
        empty={
          <EmptyState title={t('buyer.expiring.none', { n: Number(within) })}>
            {t('buyer.expiring.noneFix')}
          </EmptyState>
        }
      >
        {() => (
          <Table
            caption={t('buyer.expiring.title')}
            columns={columns}
            rows={rows}
            rowKey={({ key }) => key}
            sortedBy="on"
          />
        )}
      </Loaded>
    </>
  );
}
