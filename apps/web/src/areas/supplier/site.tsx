import { lazy, Suspense, useState } from 'react';
import { useParams } from 'wouter';
import { useCategories } from '#web/api/categories';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { withTexts } from '#web/areas';
import { type I18n, useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { Button, ButtonLink, Link, Meter, PageHeader, Panel, Skeleton, Status, Text } from '#web/ui/basics';
import { Dialog } from '#web/ui/dialog';
import { EmptyState, Loaded } from '#web/ui/states';
import { Table } from '#web/ui/table';
import {
  acts,
  Certificates,
  HasLeft,
  NextVisit,
  ReadinessLine,
  RuleTitle,
  useAssessments,
  useBusinesses,
  useGapReport,
} from './parts';
import { newestReport } from './first';

const Begin = lazy(withTexts('checklist', () => import('#web/checklist/begin')));
const OPEN: readonly Schema<'AssessmentState'>[] = ['draft', 'in-progress', 'reopened'];

/** `/supplier/sites/:id`: everything about one site, what matters most first. */
export default function SitePage() {
  const { t, country } = useI18n();
  const { id } = useParams<{ id: string }>();
  const site = useRead('/api/v1/sites/{id}', { params: { path: { id } } });
  const assessments = useAssessments(id);
  const business = useBusinesses().find((each) => each.id === site.data?.organisationId);
  const roles = business?.roles ?? [];
  return (
    <>
      <PageHeader
        pending={site.isLoading}
        title={site.data?.name ?? t('common.site')}
        lead={site.data && t('common.place', { city: site.data.city, country: country(site.data.country) })}
        back={{ href: '/supplier', label: t('supplier.sites.title') }}
        actions={
          acts(roles) && (
            <ButtonLink href={`/supplier/sites/${id}/change`}>{t('supplier.siteForm.change')}</ButtonLink>
          )
        }
      />
      <Loaded query={assessments}>
        {({ items }) => (
          <>
            <Readiness siteId={id} />
            {acts(roles) && (
              <SelfAssessment siteId={id} assessments={items} leftOn={business?.leftOn ?? null} />
            )}
            <Findings siteId={id} newest={newestReport(items.filter(({ kind }) => kind !== 'self'))?.id} />
            <Panel heading={t('supplier.sites.next')}>
              <NextVisit siteId={id} />
            </Panel>
            <Gains siteId={id} assessments={items} />
            <History assessments={items} />
            <SiteCertificates siteId={id} />
          </>
        )}
      </Loaded>
    </>
  );
}

// -------------------------------------------------------------------------------------------------------- readiness

function Readiness({ siteId }: { siteId: string }) {
  const { t } = useI18n();
  const { nameOf, names } = useCategories();
  const readiness = useRead('/api/v1/sites/{id}/readiness', { params: { path: { id: siteId } } });
  return (
    <Panel heading={t('supplier.site.readiness')}>
      <Loaded
        query={readiness}
        also={[names]}
        empty={<EmptyState title={t('supplier.sites.noBuyer')}>{t('supplier.sites.noBuyerFix')}</EmptyState>}
      >
        {(rows) => (
          <ul className="grid gap-4">
            {rows.map((row) => (
              <li key={`${row.rule} ${row.category}`} className="min-w-0 rounded-lg border border-line p-3">
                <h3 className="text-lg">
                  <Text>{row.buyer}</Text>
                </h3>
                <p className="text-soft">
                  {nameOf(row.category)} – <RuleTitle row={row} />
                </p>
                <ReadinessLine row={row} />
                <Why row={row} />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}

/** What isn't met, and the shortest way from there to ready. */
function Why({ row }: { row: Schema<'ReadinessRow'> }) {
  const i18n = useI18n();
  const { t, number } = i18n;
  const { conditions, cheapestPath: path } = row.body;
  const report = useGapReport(row.status === 'ready' ? undefined : (row.assessmentId ?? undefined));
  const titles = new Map(report.data?.sections.map(({ code, title }) => [code, title]));
  const gaps = new Map(report.data?.gaps.map((gap) => [gap.requirement, gap]));
  const missed = conditions.filter(({ holds }) => !holds);
  if (row.status === 'not-assessed') return <p className="mt-2">{t('supplier.site.notAssessed')}</p>;
  if (report.isLoading) return <Skeleton rows={2} />;
  return (
    <>
      {missed.length > 0 && (
        <>
          <h4 className="mt-3 font-semibold">{t('supplier.site.why')}</h4>
          <ul className="list-disc ps-5">
            {missed.map((condition) => (
              <li key={`${condition.code} ${condition.subject}`}>{unmet(condition, titles, i18n)}</li>
            ))}
          </ul>
        </>
      )}
      {path && row.status !== 'ready' && (path.items.length > 0 || path.needsNewAssessment) && (
        <>
          <h4 className="mt-3 font-semibold">{t('supplier.site.path')}</h4>
          {path.items.length > 0 && (
            <>
              <p>
                {path.reachesReady
                  ? t('supplier.site.pathReaches', { n: path.items.length })
                  : t('supplier.site.pathFalls')}
              </p>
              <ol className="mt-1 list-decimal ps-6 rtl:[list-style-type:arabic-indic]">
                {path.items.map(({ requirement }) => {
                  const gap = gaps.get(requirement);
                  return (
                    <li key={requirement} className="py-1">
                      {gap && (
                        <Text lang={gap.fallback ?? report.data?.checklist.fallback}>{gap.question}</Text>
                      )}{' '}
                      <bdi dir="ltr" className="text-sm text-soft">
                        {requirement}
                      </bdi>
                    </li>
                  );
                })}
              </ol>
            </>
          )}
          {path.pointsAfter !== null && path.items.length > 0 && (
            <p className="mt-1 text-soft">
              {t('supplier.site.pathPoints', {
                points: number(path.pointsAfter, { maximumFractionDigits: 1 }),
              })}
            </p>
          )}
          {path.needsNewAssessment && <p className="mt-1">{t('supplier.site.newAssessment')}</p>}
        </>
      )}
      {row.status !== 'ready' && row.assessmentId && (
        <p className="mt-2">
          <Link
            href={`/supplier/gap-reports/${row.assessmentId}`}
            className="inline-flex min-h-6 items-center"
          >
            {t('supplier.history.report')}
          </Link>
        </p>
      )}
    </>
  );
}

/** A condition of a buyer's rule that isn't met, in words. */
function unmet(
  { code, subject, actual, needed, requirements }: Schema<'ReadinessCondition'>,
  titles: ReadonlyMap<string, string>,
  { t, number }: I18n,
): string {
  const said = (value: typeof actual): string =>
    value === null
      ? '–'
      : typeof value === 'number'
        ? number(value, { maximumFractionDigits: 1 })
        : String(value);
  const blanks = { actual: said(actual), needed: said(needed) };
  switch (code) {
    case 'scorable':
    case 'passed':
      return t(`supplier.cond.${code}`);
    case 'mandatory-items':
      return t('supplier.cond.mandatory', { n: requirements.length });
    case 'section':
      return t('supplier.cond.section', { ...blanks, subject: titles.get(subject ?? '') ?? subject ?? '' });
    default:
      return t(`supplier.cond.${code}`, blanks);
  }
}

// -------------------------------------------------------------------------------------------------- self-assessment

function SelfAssessment({
  siteId,
  assessments,
  leftOn,
}: {
  siteId: string;
  assessments: readonly Schema<'AssessmentRow'>[];
  leftOn: string | null;
}) {
  const { t, day } = useI18n();
  const [asking, setAsking] = useState(false);
  const open = assessments.find(({ kind, state }) => kind === 'self' && OPEN.includes(state));
  return (
    <Panel heading={t('supplier.self.title')}>
      <p className="mb-3 max-w-prose">{t('supplier.self.lead')}</p>
      {open ? (
        <>
          <p className="mb-3 text-soft">{t('supplier.self.begun', { day: day(open.assessedOn) })}</p>
          <ButtonLink href={`/supplier/assessments/${open.id}`} look="primary" icon="list">
            {t('supplier.self.continue')}
          </ButtonLink>
        </>
      ) : leftOn ? (
        <HasLeft on={leftOn} />
      ) : (
        <Button look="primary" icon="list" onClick={() => setAsking(true)}>
          {t('supplier.self.start')}
        </Button>
      )}
      <p className="no-print mt-3 text-sm">
        <Link href="/supplier/saved" className="inline-flex min-h-6 items-center">
          {t('supplier.self.saved')}
        </Link>
      </p>
      {asking && (
        <Dialog title={t('supplier.self.start')} onClose={() => setAsking(false)}>
          <Suspense fallback={<Skeleton />}>
            <Begin siteId={siteId} area="supplier" assessments={assessments} />
          </Suspense>
        </Dialog>
      )}
    </Panel>
  );
}

// ---------------------------------------------------------------------------------------------- findings, gains, history

/** What the newest assessment found and is still open; what came before it stands on the page of all findings. */
function Findings({ siteId, newest }: { siteId: string; newest: string | undefined }) {
  const { t } = useI18n();
  const findings = useRead('/api/v1/findings', { params: { query: { siteId, limit: 200 } } });
  if (!findings.data?.items.length) return null;
  const items = findings.data.items.filter(({ assessmentId }) => assessmentId === newest);
  const open = items.filter(({ closedOn }) => closedOn === null);
  const late = open.filter(({ dueOn }) => dueOn !== null && dueOn < today());
  return (
    <Panel heading={t('supplier.find.title')}>
      {open.length > 0 ? (
        <>
          <div className="grid gap-3">
            <Meter label={t('supplier.find.open')} value={open.length} of={items.length} />
            <Meter label={t('supplier.find.overdue')} value={late.length} of={open.length} />
          </div>
          <p className="mt-3">{t('supplier.find.how')}</p>
        </>
      ) : (
        <p>{t('supplier.find.noneNewest')}</p>
      )}
      <p className="mt-2">
        <Link href={`/supplier/sites/${siteId}/findings`} className="inline-flex min-h-6 items-center">
          {t('supplier.find.all')}
        </Link>
      </p>
    </Panel>
  );
}

type Pair = Schema<'GainRow'> & { gain: Schema<'Gain'> };

/** How far the site has come, a pair of assessments at a time: both results as bars on one scale of 100 points. */
function Gains({ siteId, assessments }: { siteId: string; assessments: readonly Schema<'AssessmentRow'>[] }) {
  const { t } = useI18n();
  const gains = useRead('/api/v1/sites/{id}/gains', { params: { path: { id: siteId } } });
  if (!gains.data?.length) return null;
  return (
    <Panel heading={t('supplier.gain.title')}>
      {gains.data.map((row) =>
        row.comparable && row.gain && 'changePoints' in row.gain ? (
          <Gain key={row.followUpId} row={row as Pair} assessments={assessments} />
        ) : (
          <p key={row.followUpId}>{t('supplier.gain.refused')}</p>
        ),
      )}
    </Panel>
  );
}

function Gain({ row, assessments }: { row: Pair; assessments: readonly Schema<'AssessmentRow'>[] }) {
  const { t, day, number } = useI18n();
  const report = useGapReport(row.followUpId);
  const { gain } = row;
  const one = { maximumFractionDigits: 1 };
  const side = (id: string, kind: Schema<'AssessmentKind'>, points: number) => {
    const on = assessments.find((each) => each.id === id)?.assessedOn;
    return (
      <Meter
        label={`${t(`common.assessmentKind.${kind}`)}${on ? ` – ${day(on)}` : ''}`}
        value={points}
        of={100}
        words={t('supplier.gain.points', { points: number(points, one) })}
      />
    );
  };
  const titles = new Map(report.data?.sections.map(({ code, title }) => [code, title]));
  const said = (value: number | null, options = one): string =>
    value === null ? t('supplier.gain.notRated') : number(value, options);
  // Only what the report names: blocks above the sections would count twice.
  const sections = gain.sections.filter(({ section }) => titles.has(section));
  return (
    <div className="mb-4 last:mb-0">
      <div className="grid gap-3">
        {side(row.baselineId, gain.kinds.baseline, gain.baselinePoints)}
        {side(row.followUpId, gain.kinds.followUp, gain.followUpPoints)}
      </div>
      <p className="mt-2">
        {t('supplier.gain.change', {
          change: number(gain.changePoints, { ...one, signDisplay: 'exceptZero' }),
          common: gain.commonItems,
          baseline: gain.baselineItems,
          followUp: gain.followUpItems,
        })}
      </p>
      {sections.length > 0 && (
        <details className="mt-2">
          <summary className="inline-flex min-h-8 items-center text-link underline">
            {t('supplier.gain.sections')}
          </summary>
          <div className="mt-2">
            <Table
              caption={t('supplier.gain.sections')}
              rows={sections}
              rowKey={({ section }) => section}
              columns={[
                {
                  key: 'section',
                  header: t('supplier.gain.section'),
                  cell: ({ section }) => (
                    <Text lang={report.data?.checklist.fallback}>{titles.get(section)!}</Text>
                  ),
                },
                {
                  key: 'baseline',
                  header: t(`common.assessmentKind.${gain.kinds.baseline}`),
                  numeric: true,
                  cell: ({ baseline }) => said(baseline),
                },
                {
                  key: 'followUp',
                  header: t(`common.assessmentKind.${gain.kinds.followUp}`),
                  numeric: true,
                  cell: ({ followUp }) => said(followUp),
                },
                {
                  key: 'change',
                  header: t('supplier.gain.column'),
                  numeric: true,
                  cell: ({ change }) => said(change, { ...one, signDisplay: 'exceptZero' } as typeof one),
                },
              ]}
            />
          </div>
        </details>
      )}
    </div>
  );
}

function History({ assessments }: { assessments: readonly Schema<'AssessmentRow'>[] }) {
  const { t, day } = useI18n();
  const newestFirst = [...assessments].sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1));
  return (
    <Panel heading={t('supplier.history.title')}>
      {newestFirst.length === 0 ? (
        <p>{t('supplier.history.none')}</p>
      ) : (
        <ul>
          {newestFirst.map(({ id, kind, assessedOn, state }) => (
            <li
              key={id}
              className="flex flex-wrap items-center justify-between gap-2 border-t border-line py-3 first:border-t-0"
            >
              <span>
                <span className="font-semibold">{t(`common.assessmentKind.${kind}`)}</span> –{' '}
                {day(assessedOn)}
              </span>
              <Status kind={state === 'closed' ? 'conforming' : 'neutral'}>
                {t(`common.assessmentState.${state}`)}
              </Status>
              <Link href={`/supplier/gap-reports/${id}`} className="inline-flex min-h-11 items-center">
                {t('supplier.history.report')}
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function SiteCertificates({ siteId }: { siteId: string }) {
  const { t } = useI18n();
  const certificates = useRead('/api/v1/sites/{id}/certificates', { params: { path: { id: siteId } } });
  return (
    <Panel heading={t('supplier.cert.title')}>
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
