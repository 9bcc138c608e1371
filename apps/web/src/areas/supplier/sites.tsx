import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Meter, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { READINESS } from '#web/ui/readiness';
import { EmptyState, Loaded } from '#web/ui/states';

/** `/supplier`: my sites, and for each what every buyer's rule says of it. */
export function SitesPage() {
  const { t } = useI18n();
  const { memberships } = useMe();
  const mine = memberships.filter(({ organisationKind }) => organisationKind === 'supplier');
  return (
    <>
      <PageHeader title={t('supplier.sites.title')} lead={t('supplier.sites.lead')} />
      {mine.map(({ organisationId }) => (
        <OrganisationSites key={organisationId} id={organisationId} />
      ))}
    </>
  );
}

function OrganisationSites({ id }: { id: string }) {
  const { t } = useI18n();
  const sites = useRead('/api/v1/sites', { params: { query: { organisationId: id, limit: 200 } } });
  return (
    <Loaded
      query={sites}
      isEmpty={({ items }) => items.length === 0}
      empty={<EmptyState title={t('supplier.sites.none')}>{t('supplier.sites.noneFix')}</EmptyState>}
    >
      {({ items }) => items.map((site) => <Site key={site.id} site={site} />)}
    </Loaded>
  );
}

function Site({ site }: { site: Schema<'SiteRow'> }) {
  const { t, country } = useI18n();
  const readiness = useRead('/api/v1/sites/{id}/readiness', { params: { path: { id: site.id } } });
  return (
    <Panel heading={<Text>{site.name}</Text>}>
      <p className="-mt-2 mb-3 text-soft">
        {t('common.place', { city: site.city, country: country(site.country) })}
      </p>
      <Loaded
        query={readiness}
        rows={2}
        empty={<EmptyState title={t('supplier.sites.noBuyer')}>{t('supplier.sites.noBuyerFix')}</EmptyState>}
      >
        {(rows) => {
          const ready = rows.filter(({ status }) => status === 'ready').length;
          return (
            <>
              <Meter label={t('supplier.sites.readyFor')} value={ready} of={rows.length} />
              <ul className="mt-4 grid gap-3 sm:grid-cols-2">
                {rows.map((row) => (
                  <Rule key={`${row.rule} ${row.category}`} row={row} />
                ))}
              </ul>
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function Rule({ row }: { row: Schema<'ReadinessRow'> }) {
  const { t, day, locale } = useI18n();
  const translated = row.translations?.[locale]?.title;
  return (
    <li className="rounded-lg border border-line p-3">
      <p className="text-lg font-semibold">
        <Text>{row.buyer}</Text>
      </p>
      <p className="text-soft">
        <Text {...(!translated && { lang: 'en' })}>{translated ?? row.title}</Text>
      </p>
      <p className="mt-2 flex flex-wrap items-center gap-2">
        <Status kind={READINESS[row.status]}>{t(`supplier.readiness.${row.status}`)}</Status>
        {row.status === 'not-ready' &&
          row.body.missing !== null &&
          t('supplier.sites.missing', { n: row.body.missing })}
        {row.validUntil && t('supplier.sites.until', { day: day(row.validUntil) })}
      </p>
    </li>
  );
}
