import { lazy, Suspense, useMemo } from 'react';
import { useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useAll, useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { ButtonLink, Meter, PageHeader, Panel, Skeleton, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { Tabs } from '#web/ui/tabs';
import { Enrolments } from './enrolments';
import { Claims, Distribution, Flow, usePoints, Waterfall } from './figures';
import { usePart } from './part';
import { Sections } from './sections';
import { Visits } from './visits';

const Atlas = lazy(() => import('./atlas'));

/** `/agency/cohorts/:id`: how far the sites came, what they gained, where they are, and what comes next. */
export default function CohortPage() {
  const { t, day } = useI18n();
  const { id } = useParams<{ id: string }>();
  const { seesResults } = usePart();
  const path = { id };
  const cohort = useRead('/api/v1/cohorts/{id}', { params: { path } });
  const report = useRead(
    '/api/v1/cohorts/{id}/report',
    { params: { path, query: { lang: serverLocale() } } },
    { enabled: seesResults },
  );
  const lang = `?lang=${serverLocale()}`;
  return (
    <Loaded query={cohort} back={{ href: '/agency', label: t('agency.cohorts.title') }}>
      {({ name, startsOn, endsOn }) => (
        <>
          <PageHeader
            title={name}
            lead={`${day(startsOn)} – ${endsOn ? day(endsOn) : t('agency.cohorts.running')}`}
            back={{ href: '/agency', label: t('agency.cohorts.title') }}
            actions={
              seesResults && (
                <>
                  <ButtonLink external href={`/api/v1/cohorts/${id}/report.html${lang}`}>
                    {t('agency.cohorts.read')}
                  </ButtonLink>
                  <ButtonLink external href={`/api/v1/cohorts/${id}/report.pdf${lang}`}>
                    PDF
                  </ButtonLink>
                </>
              )
            }
          />
          <Tabs
            label={name}
            tabs={[
              ...(seesResults
                ? [
                    {
                      id: 'overview',
                      title: t('agency.tab.overview'),
                      content: <Loaded query={report}>{(view) => <Overview id={id} report={view} />}</Loaded>,
                    },
                    {
                      id: 'sections',
                      title: t('agency.tab.sections'),
                      content: (
                        <Loaded query={report}>{(view) => <Sections cohort={id} report={view} />}</Loaded>
                      ),
                    },
                  ]
                : []),
              { id: 'sites', title: t('agency.tab.sites'), content: <Enrolments cohort={id} /> },
              { id: 'map', title: t('agency.tab.map'), content: <MapOfSites cohort={id} /> },
              { id: 'visits', title: t('agency.nav.visits'), content: <VisitsOf cohort={id} /> },
            ]}
          />
        </>
      )}
    </Loaded>
  );
}

function Overview({ id, report }: { id: string; report: Schema<'CohortReportView'> }) {
  const { t } = useI18n();
  const points = usePoints();
  const gains = useRead('/api/v1/cohorts/{id}/gains', { params: { path: { id }, query: { limit: 1 } } });
  const { n, direction, independence, items, attrition } = report;
  const passed = gains.data?.aggregate.nPassed;
  const steps = useMemo(
    () => [
      { label: t('agency.enrolled'), n: n.enrolled, of: n.enrolled },
      { label: t('agency.baseline'), n: n.baseline, of: n.enrolled },
      { label: t('agency.followUp'), n: n.followUp, of: n.enrolled },
      ...(passed === undefined ? [] : [{ label: t('agency.passed'), n: passed, of: n.followUp }]),
    ],
    [t, n, passed],
  );
  const without = n.enrolled - n.matched;
  return (
    <>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel>
          <Flow steps={steps} />
        </Panel>
        <Panel heading={t('agency.exits.title', { n: without, of: n.enrolled })}>
          {attrition.length === 0 ? (
            <p className="text-soft">{t('agency.exits.none')}</p>
          ) : (
            <div className="grid gap-3">
              {attrition.map(({ reason, count }) => (
                <Meter key={reason} label={t(`agency.exit.${reason}`)} value={count} of={without} />
              ))}
            </div>
          )}
          <h3 className="mt-4 mb-2">{t('agency.standsOn.title')}</h3>
          <ul className="grid gap-1 text-soft">
            <li>{t('agency.standsOn.items', items)}</li>
            <li>
              {t('agency.standsOn.direction', {
                improved: direction.improved,
                same: direction.same,
                worse: direction.worse,
                n: n.matched,
              })}
            </li>
            <li>
              {t('agency.standsOn.independence', {
                independent: independence.independent,
                overlapping: independence.overlapping,
                unknown: independence.unknown,
                n: n.matched,
              })}
            </li>
            <li>
              {t('agency.standsOn.measures', {
                points: points(report.change.points.value),
                percent: points(report.change.ofMeansPercent.value),
                normalised: points(
                  report.change.normalised.value === null ? null : report.change.normalised.value * 100,
                ),
                n: report.change.points.n,
              })}
            </li>
          </ul>
        </Panel>
      </div>
      {n.matched === 0 ? (
        <EmptyState title={t('agency.gains.none')}>{t('agency.gains.noneFix')}</EmptyState>
      ) : (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Panel>
            <Waterfall report={report} />
          </Panel>
          <Panel>
            <Distribution report={report} />
          </Panel>
        </div>
      )}
      <Claims claims={report.claims} />
    </>
  );
}

function MapOfSites({ cohort }: { cohort: string }) {
  const { t } = useI18n();
  const sites = useAll('/api/v1/sites', { params: { query: { cohortId: cohort } } });
  const gone = useAll('/api/v1/cohorts/{id}/enrolments', {
    params: { path: { id: cohort }, query: { state: 'exited' } },
  });
  const left = useMemo(() => new Set((gone.data ?? []).map(({ siteId }) => siteId)), [gone.data]);
  return (
    <Loaded
      query={sites}
      empty={<EmptyState title={t('agency.map.none')}>{t('agency.map.noneFix')}</EmptyState>}
    >
      {(all) =>
        all.every(({ lat }) => lat === null) ? (
          <>
            <EmptyState title={t('agency.map.nowhere')}>{t('agency.map.nowhereFix')}</EmptyState>
            <ul className="grid gap-1">
              {all.map(({ id, name, city }) => (
                <li key={id}>
                  <Text>{name}</Text> – <Text>{city}</Text>
                </li>
              ))}
            </ul>
          </>
        ) : (
          <Suspense fallback={<Skeleton />}>
            <Atlas sites={all} left={left} />
          </Suspense>
        )
      }
    </Loaded>
  );
}

function VisitsOf({ cohort }: { cohort: string }) {
  const { t } = useI18n();
  const visits = useAll('/api/v1/visits', { params: { query: { cohortId: cohort } } });
  return (
    <Loaded
      query={visits}
      empty={<EmptyState title={t('agency.visit.none')}>{t('agency.visit.noneFix')}</EmptyState>}
    >
      {(all) => <Visits all={all} />}
    </Loaded>
  );
}
