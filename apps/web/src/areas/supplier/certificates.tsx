import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import type { Schema } from '#web/api/client';
import { Certificates, useBusinesses } from './parts';

/** `/supplier/certificates`: the certificates of every site, each to be shown as a code. */
export default function CertificatesPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('supplier.cert.title')} lead={t('supplier.cert.lead')} />
      {useBusinesses().map(({ id }) => (
        <OfBusiness key={id} id={id} />
      ))}
      <p className="max-w-prose text-sm text-soft">{t('supplier.cert.claim')}</p>
    </>
  );
}

function OfBusiness({ id }: { id: string }) {
  const { t } = useI18n();
  const sites = useRead('/api/v1/sites', { params: { query: { organisationId: id, limit: 200 } } });
  return (
    <Loaded
      query={sites}
      isEmpty={({ items }) => items.length === 0}
      empty={<EmptyState title={t('supplier.sites.none')}>{t('supplier.sites.noneFix')}</EmptyState>}
    >
      {({ items }) => items.map((site) => <OfSite key={site.id} site={site} />)}
    </Loaded>
  );
}

function OfSite({ site }: { site: Schema<'SiteRow'> }) {
  const { t } = useI18n();
  const certificates = useRead('/api/v1/sites/{id}/certificates', { params: { path: { id: site.id } } });
  return (
    <Panel heading={<Text>{site.name}</Text>}>
      <Loaded
        query={certificates}
        rows={1}
        empty={<EmptyState title={t('supplier.cert.none')}>{t('supplier.cert.noneFix')}</EmptyState>}
      >
        {(rows) => <Certificates rows={rows} />}
      </Loaded>
    </Panel>
  );
}
