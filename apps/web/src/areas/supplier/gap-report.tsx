import { useState } from 'react';
import { useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { Button, ButtonLink, Meter, PageHeader, Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { Select } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { Appeal } from './appeal';
import { acts, useBusinesses, useGapReport } from './parts';

const GRADES = ['critical', 'major', 'minor'] as const;
const STATE: Readonly<Record<Schema<'GapItem'>['conformity'], StatusKind>> = {
  partly: 'minor',
  nonconforming: 'critical',
  'not-assessed': 'unanswered',
};
const VERDICT: Readonly<Record<Schema<'Verdict'>, StatusKind>> = {
  pass: 'conforming',
  fail: 'critical',
  rated: 'neutral',
  'not-scorable': 'unanswered',
};
/** Gaps shown at first; the rest at a press, so that a long report opens at once on a cheap phone. */
const AT_FIRST = 25;

/** `/supplier/gap-reports/:id`: what is missing, how serious it is, what it blocks and what to do first. */
export default function GapReportPage() {
  const { t, day, language, number, locale } = useI18n();
  const { id } = useParams<{ id: string }>();
  const report = useGapReport(id);
  const assessment = useRead('/api/v1/assessments/{id}', { params: { path: { id } } });
  const base = `/api/v1/assessments/${id}/gap-report`;
  // Against what was decided, when it was; one's own assessment nobody has decided on.
  const decided = assessment.data?.state === 'closed' && assessment.data.kind !== 'self';
  const site = useRead(
    '/api/v1/sites/{id}',
    { params: { path: { id: assessment.data?.siteId ?? '' } } },
    { enabled: decided },
  );
  const business = useBusinesses().find((each) => each.id === site.data?.organisationId);
  return (
    <>
      <PageHeader
        pending={report.isLoading || assessment.isLoading}
        title={t('supplier.history.report')}
        lead={
          report.data && (
            <>
              <Text>{report.data.subject.site}</Text> –{' '}
              {t(`common.assessmentKind.${report.data.assessment.kind}`)} – {day(report.data.assessment.date)}
            </>
          )
        }
        back={{
          href: assessment.data ? `/supplier/sites/${assessment.data.siteId}` : '/supplier',
          label: assessment.data ? t('common.site') : t('supplier.sites.title'),
        }}
      />
      {assessment.data && ['draft', 'in-progress', 'reopened'].includes(assessment.data.state) && (
        <p className="mb-4">
          <Status kind="unanswered">{t(`common.assessmentState.${assessment.data.state}`)}</Status>{' '}
          {t('supplier.gap.provisional')}
        </p>
      )}
      <Loaded query={report}>
        {(view) => {
          const { counts, points, verdict } = view.result;
          const lang = view.checklist.fallback;
          return (
            <>
              <p className="mb-4 text-soft">
                <Text lang={lang}>{view.checklist.title}</Text>
                {lang
                  ? ` – ${t('supplier.gap.contentIn', { language: language(lang) })}`
                  : view.checklist.translationStatus !== 'original' &&
                    ` – ${t(`supplier.gap.translation.${view.checklist.translationStatus}`)}`}
              </p>
              <Panel>
                <p className="mb-2 text-2xl font-bold">
                  {t('supplier.gap.conform', {
                    n: counts.conforming,
                    of: counts.total - counts.notApplicable,
                  })}
                </p>
                <Meter
                  label={t('common.status.conforming')}
                  value={counts.conforming}
                  of={counts.total - counts.notApplicable}
                />
                <p className="mt-2 text-soft">
                  {t('supplier.gap.counts', {
                    partly: counts.partly,
                    no: counts.nonconforming,
                    unanswered: counts.notAssessed,
                    na: counts.notApplicable,
                    total: counts.total,
                  })}
                </p>
                <p className="mt-2 flex flex-wrap items-center gap-2">
                  <Status kind={VERDICT[verdict]}>{t(`supplier.gap.verdict.${verdict}`)}</Status>
                  {points !== null &&
                    t('supplier.gain.points', { points: number(points, { maximumFractionDigits: 1 }) })}
                </p>
              </Panel>
              {view.firstSteps.length > 0 && (
                <Panel heading={t('supplier.sites.first')}>
                  <ol className="list-decimal ps-6 rtl:[list-style-type:arabic-indic] text-lg">
                    {view.firstSteps.map(({ text, requirements }) => (
                      <li key={requirements.join()} className="py-1">
                        <Text lang={lang}>{text}</Text>
                      </li>
                    ))}
                  </ol>
                </Panel>
              )}
              {view.buyers.length > 0 && (
                <Panel heading={t('supplier.gap.buyers')}>
                  <ul className="grid gap-3">
                    {view.buyers.map((buyer) => (
                      <li key={`${buyer.buyer} ${buyer.rule} ${buyer.category}`} className="min-w-0">
                        <p className="font-semibold">
                          <Text>{buyer.buyer}</Text>
                        </p>
                        <p className="text-soft">
                          {buyer.category} – <Text>{buyer.rule}</Text>
                        </p>
                        <p className="mt-1 flex flex-wrap items-center gap-2">
                          <Status
                            kind={buyer.ready ? 'conforming' : buyer.conditionalUntil ? 'minor' : 'critical'}
                          >
                            {t(
                              `supplier.readiness.${buyer.ready ? 'ready' : buyer.conditionalUntil ? 'conditional' : 'not-ready'}`,
                            )}
                          </Status>
                          {buyer.conditionalUntil &&
                            t('supplier.sites.until', { day: day(buyer.conditionalUntil) })}
                          {buyer.missing.length > 0 &&
                            t('supplier.sites.missing', { n: buyer.missing.length })}
                        </p>
                        {buyer.graceEndedOn && (
                          <p>{t('supplier.sites.graceOver', { day: day(buyer.graceEndedOn) })}</p>
                        )}
                      </li>
                    ))}
                  </ul>
                </Panel>
              )}
              {view.cheapestPath && (
                <Panel heading={t('supplier.site.path')}>
                  <p>
                    <Text>{view.cheapestPath.buyer}</Text> – {view.cheapestPath.category}
                  </p>
                  <p>{t('supplier.site.pathReaches', { n: view.cheapestPath.steps.length })}</p>
                  <ol className="mt-1 list-decimal ps-6 rtl:[list-style-type:arabic-indic]">
                    {view.cheapestPath.steps.map(({ text, requirements }) => (
                      <li key={requirements.join()} className="py-1">
                        <Text lang={lang}>{text}</Text>
                      </li>
                    ))}
                  </ol>
                </Panel>
              )}
              <Gaps view={view} />
              <Sections view={view} />
              <p className="no-print flex flex-wrap gap-2">
                <ButtonLink external href={`${base}.pdf?lang=${serverLocale()}`} icon="download">
                  {t('supplier.gap.pdf')}
                </ButtonLink>
                <ButtonLink
                  external
                  href={`${base}.html?lang=${locale === 'en-XA' ? 'en' : locale}`}
                  icon="list"
                >
                  {t('supplier.gap.light')}
                </ButtonLink>
              </p>
              {decided && business && acts(business.roles) && (
                <Appeal about="assessment" subjectId={id} business={business.id} />
              )}
            </>
          );
        }}
      </Loaded>
    </>
  );
}

function Gaps({ view }: { view: Schema<'GapReportView'> }) {
  const { t } = useI18n();
  const [section, setSection] = useState('');
  const [all, setAll] = useState(false);
  const wanted = view.gaps.filter((gap) => section === '' || gap.section === section);
  const ordered = GRADES.flatMap((grade) => wanted.filter(({ criticality }) => criticality === grade));
  const shown = new Set(all ? ordered : ordered.slice(0, AT_FIRST));
  const withGaps = view.sections
    .map((each) => ({ ...each, n: view.gaps.filter((gap) => gap.section === each.code).length }))
    .filter(({ n }) => n > 0);
  return (
    <Panel heading={t('supplier.gap.missing')}>
      {view.gaps.length === 0 && <EmptyState title={t('supplier.gap.none')} icon="check" />}
      {withGaps.length > 1 && (
        <Select
          label={t('supplier.gap.section')}
          className="no-print mb-4 max-w-md"
          value={section}
          onChange={setSection}
          options={[
            { value: '', label: t('supplier.gap.everySection', { n: view.gaps.length }) },
            ...withGaps.map(({ code, title, n }) => ({
              value: code,
              label: t('supplier.gap.inSection', { title, n }),
            })),
          ]}
        />
      )}
      {GRADES.map((grade) => {
        const gaps = wanted.filter(({ criticality }) => criticality === grade);
        const here = gaps.filter((gap) => shown.has(gap));
        if (here.length === 0) return null;
        return (
          <section key={grade} className="mb-4">
            <h3 className="mb-1 flex flex-wrap items-center gap-2">
              <Status kind={grade} /> {t('supplier.gap.count', { n: gaps.length })}
            </h3>
            <p className="text-soft">{t(`supplier.gap.meaning.${grade}`)}</p>
            <ul>
              {here.map((gap) => (
                <Gap key={gap.requirement} gap={gap} lang={gap.fallback ?? view.checklist.fallback} />
              ))}
            </ul>
          </section>
        );
      })}
      {ordered.length > shown.size && (
        <Button onClick={() => setAll(true)}>
          {t('supplier.gap.more', { n: ordered.length - shown.size })}
        </Button>
      )}
    </Panel>
  );
}

function Gap({ gap, lang }: { gap: Schema<'GapItem'>; lang: string | undefined }) {
  const { t, day, list } = useI18n();
  return (
    <li className="border-t border-line py-3 first:border-t-0">
      <p className="text-lg">
        <Text lang={lang}>{gap.question}</Text>
      </p>
      <p className="mt-1 flex flex-wrap items-center gap-2">
        <Status kind={STATE[gap.conformity]}>{t(`supplier.gap.is.${gap.conformity}`)}</Status>
        {gap.required && <Status kind="neutral">{t('supplier.gap.mandatory')}</Status>}
        <bdi dir="ltr" className="text-sm text-soft">
          {gap.requirement}
        </bdi>
      </p>
      {gap.note && (
        <p className="mt-1">
          <bdi dir="auto">{t('supplier.gap.seen', { note: gap.note })}</bdi>
        </p>
      )}
      {gap.blocks.length > 0 && (
        <p className="mt-1">{t('supplier.gap.blocks', { rules: list(gap.blocks) })}</p>
      )}
      {gap.dueOn && <p className="mt-1">{t('supplier.find.due', { day: day(gap.dueOn) })}</p>}
      {gap.guidance && (
        <details className="mt-1">
          <summary className="inline-flex min-h-8 items-center text-link underline">
            {t('supplier.gap.how')}
          </summary>
          <p>
            <Text lang={lang}>{gap.guidance}</Text>
          </p>
        </details>
      )}
    </li>
  );
}

function Sections({ view }: { view: Schema<'GapReportView'> }) {
  const { t, number } = useI18n();
  return (
    <Panel heading={t('supplier.gap.sections')}>
      <ul className="grid gap-4 sm:grid-cols-2">
        {view.sections.map(({ code, title, counts, points }) => {
          const of = counts.total - counts.notApplicable;
          return (
            <li key={code} {...(view.checklist.fallback && { lang: view.checklist.fallback })}>
              <Meter
                label={title}
                value={counts.conforming}
                of={of}
                words={t('supplier.gap.sectionLine', {
                  n: counts.conforming,
                  of,
                  points:
                    points === null
                      ? t('supplier.gain.notRated')
                      : t('supplier.gain.points', { points: number(points, { maximumFractionDigits: 1 }) }),
                })}
              />
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
