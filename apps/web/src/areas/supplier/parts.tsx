import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { type Me, useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { ButtonLink, Link, Skeleton, Status, type StatusKind, Text } from '#web/ui/basics';
import { READINESS } from '#web/ui/readiness';
import { businessesOf } from './first';

export interface Business {
  readonly id: string;
  readonly roles: readonly string[];
  /** The day on which it has left for good: nothing new begins for it. */
  readonly leftOn: string | null;
}

/** The supplier organisations of whoever is signed in, in which roles, and whether each is still there. */
export function useBusinesses(): Business[] {
  // What a device without a connection remembers may be of an older version, which didn't say who has left.
  const { memberships, left = [] } = useMe() as Partial<Me> & Pick<Me, 'memberships'>;
  return businessesOf(memberships).map((id) => ({
    id,
    roles: memberships.filter(({ organisationId }) => organisationId === id).map(({ role }) => role),
    leftOn: left.find(({ organisationId }) => organisationId === id)?.on ?? null,
  }));
}

/** Why nothing new can begin for a business. */
export function HasLeft({ on }: { on: string }) {
  const { t, day } = useI18n();
  return (
    <div role="note" className="mb-4 max-w-prose rounded-lg bg-sunken p-3">
      <p className="font-semibold">{t('supplier.left.title', { day: day(on) })}</p>
      <p>{t('supplier.left.text')}</p>
      <p>
        <Link href="/supplier/data" className="no-print inline-flex min-h-6 items-center">
          {t('supplier.data.title')}
        </Link>
      </p>
    </div>
  );
}

/** Whether somebody in these roles acts for the business, and doesn't only look on. */
export const acts = (roles: readonly string[]): boolean =>
  roles.includes('owner') || roles.includes('qa-manager');

export const useAssessments = (siteId: string) =>
  useRead('/api/v1/assessments', { params: { query: { siteId, limit: 200 } } });

export const useGapReport = (id: string | undefined) =>
  useRead('/api/v1/assessments/{id}/gap-report', { params: { path: { id: id ?? '' } } }, { enabled: !!id });

/** How a site stands with one buyer: status, how much is missing, until when; and that the time for it is over. */
export function ReadinessLine({ row }: { row: Schema<'ReadinessRow'> }) {
  const { t, day } = useI18n();
  const { status, body, validUntil, outdated } = row;
  return (
    <>
      <p className="mt-2 flex flex-wrap items-center gap-2">
        <Status kind={READINESS[status]}>{t(`supplier.readiness.${status}`)}</Status>
        {status === 'not-ready' && body.missing !== null && t('supplier.sites.missing', { n: body.missing })}
        {validUntil && t('supplier.sites.until', { day: day(validUntil) })}
      </p>
      {status === 'not-ready' && body.graceUntil && (
        <p className="mt-1">{t('supplier.sites.graceOver', { day: day(body.graceUntil) })}</p>
      )}
      {outdated && <p className="mt-1 text-soft">{t('supplier.sites.outdated')}</p>}
    </>
  );
}

/** The title of a buyer's rule, in the reader's language where the buyer gave it. */
export function RuleTitle({ row }: { row: Schema<'ReadinessRow'> }) {
  const { locale } = useI18n();
  const translated = row.translations?.[locale]?.title;
  return <Text {...(!translated && { lang: 'en' })}>{translated ?? row.title}</Text>;
}

/** The visit that comes next, with its invitation; or that none is planned. */
export function NextVisit({ siteId }: { siteId: string }) {
  const { t, day, daysFromNow } = useI18n();
  const visits = useRead('/api/v1/visits', { params: { query: { siteId, limit: 100 } } });
  if (!visits.data) return visits.isLoading ? <Skeleton rows={1} /> : null;
  const next = visits.data.items
    .filter(({ state }) => state === 'planned' || state === 'unplanned')
    .sort((one, other) => ((one.plannedOn ?? one.due) < (other.plannedOn ?? other.due) ? -1 : 1))[0];
  if (!next) return <p>{t('supplier.visit.none')}</p>;
  if (!next.plannedOn)
    return <p>{t('supplier.visit.window', { from: day(next.earliest), to: day(next.latest) })}</p>;
  return (
    <>
      <p className="text-lg font-semibold">
        {t('supplier.visit.on', { day: day(next.plannedOn), away: daysFromNow(next.plannedOn) })}
      </p>
      {next.assessorName && <p>{t('supplier.visit.with', { name: next.assessorName })}</p>}
      <p className="no-print mt-2">
        <ButtonLink external href={`/api/v1/visits/${next.id}/invitation.ics`} icon="clock">
          {t('supplier.visit.ics')}
        </ButtonLink>
      </p>
    </>
  );
}

/** What each status of a certificate looks like. */
export const CERTIFICATE: Readonly<Record<Schema<'CertificateStatus'>, StatusKind>> = {
  valid: 'conforming',
  suspended: 'major',
  withdrawn: 'critical',
  expired: 'unanswered',
  superseded: 'na',
};

export function CertificateStatus({ status }: { status: Schema<'CertificateRow'>['status'] }) {
  const { t } = useI18n();
  return status ? (
    <Status kind={CERTIFICATE[status]}>{t(`supplier.cert.status.${status}`)}</Status>
  ) : (
    <Status kind="neutral">{t('supplier.cert.notIssued')}</Status>
  );
}

/** Certificates of a site, the newest first. */
export function Certificates({ rows }: { rows: readonly Schema<'CertificateRow'>[] }) {
  const { t, day } = useI18n();
  return (
    <ul className="grid gap-3 sm:grid-cols-2">
      {rows.map(({ id, number, status, validUntil }) => (
        <li key={id} className="min-w-0 rounded-lg border border-line p-3">
          <p className="text-lg font-semibold">
            <bdi dir="ltr">{number}</bdi>
          </p>
          <p className="mt-1 mb-3 flex flex-wrap items-center gap-2">
            <CertificateStatus status={status} />
            {status && validUntil && t('supplier.cert.until', { day: day(validUntil) })}
          </p>
          {status && (
            <ButtonLink href={`/supplier/certificates/${id}`} icon="qr">
              {t('supplier.cert.show')}
            </ButtonLink>
          )}
        </li>
      ))}
    </ul>
  );
}
