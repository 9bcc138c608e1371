import { Fragment } from 'react';
import { useCategories } from '#web/api/categories';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { ButtonLink, Link, Meter, PageHeader, Panel, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import {
  acts,
  HasLeft,
  NextVisit,
  ReadinessLine,
  RuleTitle,
  useAssessments,
  useBusinesses,
  useGapReport,
} from './parts';
import { IN_FULL, newestReport } from './first';

/** `/supplier`: my sites, and for each what every buyer's rule says of it, what to do first and when the next visit is. */
export function SitesPage() {
  const { t } = useI18n();
  const businesses = useBusinesses();
  return (
    <>
      <PageHeader
        title={t('supplier.sites.title')}
        lead={t('supplier.sites.lead')}
        actions={
          businesses.some(({ roles, leftOn }) => !leftOn && roles.includes('owner')) && (
            <ButtonLink href="/supplier/join">{t('supplier.join.title')}</ButtonLink>
          )
        }
      />
      {businesses.map(({ id, roles, leftOn }) => (
        <Fragment key={id}>
          {leftOn && <HasLeft on={leftOn} />}
          <OrganisationSites id={id} mayAdd={!leftOn && acts(roles)} left={!!leftOn} />
        </Fragment>
      ))}
    </>
  );
}

function OrganisationSites({ id, mayAdd, left }: { id: string; mayAdd: boolean; left: boolean }) {
  const { t, compare } = useI18n();
  const sites = useRead('/api/v1/sites', { params: { query: { organisationId: id, limit: 200 } } });
  const add = mayAdd && (
    <ButtonLink href={`/supplier/sites/new/${id}`} icon="plus">
      {t('supplier.sites.add')}
    </ButtonLink>
  );
  return (
    <Loaded
      query={sites}
      isEmpty={({ items }) => items.length === 0}
      empty={
        <EmptyState title={t('supplier.sites.none')}>
          {add || (!left && t('supplier.sites.noneFix'))}
        </EmptyState>
      }
    >
      {({ items }) => {
        const ordered = [...items].sort((one, other) => compare(one.name, other.name));
        return (
          <>
            {ordered.slice(0, IN_FULL).map((site) => (
              <Site key={site.id} site={site} />
            ))}
            {ordered.length > IN_FULL && (
              <Panel heading={t('supplier.sites.others')}>
                <ul>
                  {ordered.slice(IN_FULL).map((site) => (
                    <li key={site.id}>
                      <Link href={`/supplier/sites/${site.id}`} className="inline-flex min-h-11 items-center">
                        <Text>{site.name}</Text>
                      </Link>
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
            {add && <p className="no-print">{add}</p>}
          </>
        );
      }}
    </Loaded>
  );
}

function Site({ site }: { site: Schema<'SiteRow'> }) {
  const { t, country } = useI18n();
  const { nameOf, names } = useCategories();
  const readiness = useRead('/api/v1/sites/{id}/readiness', { params: { path: { id: site.id } } });
  return (
    <Panel heading={<Text>{site.name}</Text>}>
      <p className="-mt-2 mb-3 text-soft">
        {t('common.place', { city: site.city, country: country(site.country) })}
      </p>
      <Loaded
        query={readiness}
        also={[names]}
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
                  <li
                    key={`${row.rule} ${row.category}`}
                    className="min-w-0 rounded-lg border border-line p-3"
                  >
                    <p className="text-lg font-semibold">
                      <Text>{row.buyer}</Text>
                    </p>
                    <p className="text-soft">
                      {nameOf(row.category)} – <RuleTitle row={row} />
                    </p>
                    <ReadinessLine row={row} />
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Loaded>
      <div className="mt-4 grid gap-4 sm:grid-cols-2">
        <section>
          <h3 className="mb-1">{t('supplier.sites.first')}</h3>
          <First siteId={site.id} />
        </section>
        <section>
          <h3 className="mb-1">{t('supplier.sites.next')}</h3>
          <NextVisit siteId={site.id} />
        </section>
      </div>
      <p className="no-print mt-4">
        <ButtonLink href={`/supplier/sites/${site.id}`} look="primary" icon="next">
          {t('supplier.sites.open')}
        </ButtonLink>
      </p>
    </Panel>
  );
}

/** The most serious gap of the newest assessment. */
function First({ siteId }: { siteId: string }) {
  const { t } = useI18n();
  const assessments = useAssessments(siteId);
  const newest = newestReport(assessments.data?.items ?? []);
  const report = useGapReport(newest?.id);
  if (assessments.data && !newest) return <p>{t('supplier.sites.noReport')}</p>;
  return (
    <Loaded query={report} rows={1}>
      {({ firstSteps: [first], gaps, checklist }) =>
        first ? (
          <>
            <p className="text-lg">
              <Text lang={gaps[0]?.fallback ?? checklist.fallback}>{first.text}</Text>
            </p>
            <p className="text-soft">
              <Link href={`/supplier/gap-reports/${newest!.id}`} className="inline-flex min-h-6 items-center">
                {t('supplier.sites.firstOf', { n: gaps.length })}
              </Link>
            </p>
          </>
        ) : (
          <p>{t('supplier.sites.nothing')}</p>
        )
      }
    </Loaded>
  );
}
