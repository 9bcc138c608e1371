import { useParams } from 'wouter';
import { useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { ButtonLink, PageHeader, Panel, Text } from '#web/ui/basics';
import { QrCode } from '#web/ui/qr';
import { Loaded } from '#web/ui/states';
import { Appeal } from './appeal';
import { acts, CertificateStatus, useBusinesses } from './parts';

/** `/supplier/certificates/:id`: the code of one certificate as large as the screen lets it be, to be scanned. */
export default function CertificatePage() {
  const { t, day } = useI18n();
  const { id } = useParams<{ id: string }>();
  const certificate = useRead('/api/v1/certificates/{id}', { params: { path: { id } } });
  const siteId = certificate.data?.siteId;
  const site = useRead(
    '/api/v1/sites/{id}',
    { params: { path: { id: siteId ?? '' } } },
    { enabled: !!siteId },
  );
  const business = useBusinesses().find((each) => each.id === site.data?.organisationId);
  return (
    <>
      <PageHeader
        pending={certificate.isLoading || site.isLoading}
        title={certificate.data?.number ?? t('supplier.cert.title')}
        lead={site.data && <Text>{site.data.name}</Text>}
        back={{ href: '/supplier/certificates', label: t('supplier.cert.title') }}
      />
      <Loaded query={certificate}>
        {({ number, status, issuedOn, validUntil }) => {
          // The address the product is reached at is the one its certificates were printed with.
          const page = `${location.origin}/verify/${encodeURIComponent(number)}`;
          return (
            <>
              <Panel className="text-center">
                <p className="mb-3 flex flex-wrap items-center justify-center gap-2 text-lg">
                  <CertificateStatus status={status} />
                  {status && validUntil && t('supplier.cert.until', { day: day(validUntil) })}
                </p>
                {status && (
                  <QrCode
                    text={page}
                    label={t('supplier.cert.qr', { number })}
                    className="w-[min(100%,70vh,32rem)]"
                  />
                )}
                <p className="mt-3 font-mono text-xl">
                  <bdi dir="ltr">{number}</bdi>
                </p>
                {issuedOn && <p className="text-soft">{t('supplier.cert.issued', { day: day(issuedOn) })}</p>}
                <p className="mx-auto mt-2 max-w-prose">{t('supplier.cert.lead')}</p>
              </Panel>
              {status && (
                <p className="no-print mb-4 flex flex-wrap gap-2">
                  <ButtonLink external href={`${page}?lang=${serverLocale()}`} icon="next">
                    {t('supplier.cert.page')}
                  </ButtonLink>
                  <ButtonLink
                    external
                    href={`/api/v1/certificates/${id}/certificate.pdf?lang=${serverLocale()}`}
                    icon="download"
                  >
                    {t('supplier.cert.pdf')}
                  </ButtonLink>
                </p>
              )}
              <p className="max-w-prose text-sm text-soft">{t('supplier.cert.claim')}</p>
              {business && acts(business.roles) && (
                <Appeal about="certificate" subjectId={id} business={business.id} />
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}
