import { useLocation, useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Panel, Skeleton, Status, type StatusKind, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { Appeal } from './appeal';
import { Corrections } from './correction';
import { acts, useBusinesses, useGapReport } from './parts';

const GRADES = ['critical', 'major', 'minor'];

/**
 * `/supplier/sites/:id/findings`: what assessors found, until when it is to be put right, and how to object; and
 * `/assessor/corrections/:id`, where a mentor of the programme hands in what was put right.
 */
export default function FindingsPage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const site = useRead('/api/v1/sites/{id}', { params: { path: { id } } });
  const init = { params: { query: { siteId: id, limit: 200 } } };
  const findings = useRead('/api/v1/findings', init);
  // A photograph is developed within moments.
  const preparing = findings.data?.items.some(({ corrections }) =>
    corrections.some(({ evidence }) => evidence.some(({ state }) => state === 'received')),
  );
  useRead('/api/v1/findings', init, { enabled: preparing === true, every: 1500 });
  const business = useBusinesses().find((each) => each.id === site.data?.organisationId);
  const { memberships } = useMe();
  const mentors = useLocation()[0].startsWith('/assessor');
  const corrects = mentors && memberships.some(({ role }) => role === 'mentor');
  return (
    <>
      <PageHeader
        pending={site.isLoading}
        title={t('supplier.find.title')}
        lead={site.data && <Text>{site.data.name}</Text>}
        back={
          mentors
            ? { href: '/assessor/corrections', label: t('common.back') }
            : { href: `/supplier/sites/${id}`, label: t('common.site') }
        }
      />
      {!mentors && (
        <p className="mb-4 max-w-prose">
          {t('supplier.find.how')}{' '}
          <Link href="/supplier/complaints" className="no-print inline-flex min-h-6 items-center">
            {t('supplier.nav.complaints')}
          </Link>
        </p>
      )}
      <Loaded
        query={findings}
        isEmpty={({ items }) => items.length === 0}
        empty={<EmptyState title={t('supplier.find.none')} icon="check" />}
      >
        {({ items }) => {
          const assessments = [...new Set(items.map(({ assessmentId }) => assessmentId))];
          return assessments.map((assessmentId) => (
            <OfAssessment
              key={assessmentId}
              id={assessmentId}
              items={items.filter((each) => each.assessmentId === assessmentId)}
              business={!mentors && business && acts(business.roles) ? business.id : undefined}
              corrects={corrects}
            />
          ));
        }}
      </Loaded>
    </>
  );
}

/** Open ones first, those due soonest before the others. */
const order = (one: Schema<'FindingRow'>, other: Schema<'FindingRow'>): number =>
  Number(one.closedOn !== null) - Number(other.closedOn !== null) ||
  ((one.dueOn ?? '9999') < (other.dueOn ?? '9999') ? -1 : 1);

function OfAssessment({
  id,
  items,
  business,
  corrects,
}: {
  id: string;
  items: readonly Schema<'FindingRow'>[];
  /** Whose it is, and who may object; undefined to others. */
  business: string | undefined;
  /** Whether the reader hands in corrections for it as a mentor. */
  corrects: boolean;
}) {
  const { t, day } = useI18n();
  const assessment = useRead('/api/v1/assessments/{id}', { params: { path: { id } } });
  const report = useGapReport(id);
  const gaps = new Map(report.data?.gaps.map((gap) => [gap.requirement, gap]));
  if (assessment.isLoading || report.isLoading)
    return (
      <Panel>
        <Skeleton />
      </Panel>
    );
  const today = new Date().toISOString().slice(0, 10);
  return (
    <Panel
      heading={
        assessment.data
          ? `${t(`common.assessmentKind.${assessment.data.kind}`)} – ${day(assessment.data.assessedOn)}`
          : '…'
      }
    >
      <ul>
        {[...items].sort(order).map((finding) => {
          const gap = gaps.get(finding.requirement);
          return (
            <li key={finding.id} className="border-t border-line py-3 first:border-t-0">
              <p className="flex flex-wrap items-center gap-2">
                <Status kind={GRADES.includes(finding.grade) ? (finding.grade as StatusKind) : 'neutral'} />
                <bdi dir="ltr" className="text-sm text-soft">
                  {finding.requirement}
                </bdi>
                {finding.closedOn ? (
                  <Status kind="conforming">
                    {t('supplier.find.closed', { day: day(finding.closedOn) })}
                  </Status>
                ) : (
                  finding.dueOn && (
                    <span className={finding.dueOn < today ? 'font-semibold text-critical' : undefined}>
                      {finding.dueOn < today
                        ? t('supplier.find.late', { day: day(finding.dueOn) })
                        : t('supplier.find.due', { day: day(finding.dueOn) })}
                    </span>
                  )
                )}
              </p>
              {gap && (
                <p className="mt-1 text-lg">
                  <Text lang={gap.fallback ?? report.data?.checklist.fallback}>{gap.question}</Text>
                </p>
              )}
              {finding.note && (
                <p className="mt-1">
                  <bdi dir="auto">{t('supplier.gap.seen', { note: finding.note })}</bdi>
                </p>
              )}
              <Corrections finding={finding} acts={corrects ? 'mentor' : business ? 'business' : undefined} />
              {business && !finding.closedOn && (
                <Appeal about="finding" subjectId={finding.id} business={business} />
              )}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
