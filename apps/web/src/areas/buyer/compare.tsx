import type { ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { type Answer, ApiProblem } from '#web/api/client';
import { useAll, useRead } from '#web/api/hooks';
import { useI18n, serverLocale } from '#web/i18n';
import { PageHeader, Skeleton, Status, Text } from '#web/ui/basics';
import { READINESS } from '#web/ui/readiness';
import { ContentLanguage, EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { type BuyerSite, ForBuyer } from './buyer';

type Score = Answer<'/api/v1/assessments/{id}/score', 'get'>;

/** A line of the comparison: what, and a cell for each site. */
interface Row {
  readonly key: string;
  readonly label: string;
  readonly lang?: string;
  readonly cell: (n: number) => ReactNode;
}

/** `/buyer/compare?sites=…`: two to four suppliers side by side. */
export default function ComparePage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader
        title={t('buyer.compare.title')}
        lead={t('buyer.compare.lead')}
        back={{ href: '/buyer', label: t('buyer.suppliers.title') }}
      />
      <ForBuyer>{(buyer) => <Compare buyer={buyer} />}</ForBuyer>
    </>
  );
}

function Compare({ buyer }: { buyer: string }) {
  const { t } = useI18n();
  const [search] = useSearchParams();
  const ids = (search.get('sites') ?? '').split(',').filter(Boolean).slice(0, 4);
  const sites = useAll('/api/v1/buyers/{id}/sites', {
    params: { path: { id: buyer }, query: { lang: serverLocale() } },
  });
  const chosen = ids.flatMap((id) => sites.data?.find(({ siteId }) => siteId === id) ?? []);
  return (
    <Loaded
      query={sites}
      isEmpty={() => chosen.length < 2}
      empty={<EmptyState title={t('buyer.compare.none')}>{t('buyer.compare.noneFix')}</EmptyState>}
    >
      {() => <Side key={ids.join()} sites={chosen} />}
    </Loaded>
  );
}

/** The newest assessment that one of the buyer's rules rests on. */
const newest = (site: BuyerSite | undefined) =>
  [...(site?.approvals ?? [])]
    .filter(({ assessmentId }) => assessmentId)
    .sort((one, other) => ((one.assessedOn ?? '') < (other.assessedOn ?? '') ? 1 : -1))[0];

function useScored(site: BuyerSite | undefined) {
  const approval = newest(site);
  const init = { params: { path: { id: approval?.assessmentId ?? '' } } };
  const enabled = !!approval;
  const assessment = useRead('/api/v1/assessments/{id}', init, { enabled });
  const score = useRead('/api/v1/assessments/{id}/score', init, { enabled });
  return {
    assessment: enabled ? assessment.data : undefined,
    score: enabled ? score.data : undefined,
    isLoading: assessment.isLoading || score.isLoading,
    // It counts from the day it was handed in; others than who works on it are shown it once it is closed.
    inReview: enabled && assessment.error instanceof ApiProblem && assessment.error.problem.status === 404,
  };
}

function Side({ sites }: { sites: readonly BuyerSite[] }) {
  const { t, day, number } = useI18n();
  // As many as can be compared: hooks are called the same each time.
  const scored = [useScored(sites[0]), useScored(sites[1]), useScored(sites[2]), useScored(sites[3])];
  const one = scored.find(({ assessment }) => assessment)?.assessment;
  const checklist = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    {
      params: {
        path: { checklist: one?.checklist ?? '', version: one?.version ?? '' },
        query: { lang: serverLocale() },
      },
    },
    { enabled: !!one },
  );
  const alike =
    new Set(
      scored.flatMap(({ assessment: each }) =>
        each
          ? [`${each.checklist} ${each.version} ${each.level} ${each.profile} ${each.profileVersion}`]
          : [],
      ),
    ).size <= 1;
  const rowsOf = (): readonly Row[] => {
    const points = (value: number | null | undefined) =>
      value === null || value === undefined
        ? t('buyer.compare.notRated')
        : t('buyer.compare.points', { points: number(value, { maximumFractionDigits: 1 }) });
    const of = (read: (score: NonNullable<Score['afterClosure']>) => ReactNode) => (n: number) => {
      const view = scored[n]!.score?.afterClosure;
      if (view) return read(view);
      return (
        <span className="text-soft">
          {t(scored[n]!.inReview ? 'buyer.compare.inReview' : 'buyer.compare.noResult')}
        </span>
      );
    };
    const sections = [
      ...new Set(
        scored.flatMap(
          ({ score }) =>
            score?.afterClosure?.sections
              ?.filter(({ counts }) => counts.total > 0)
              .map(({ section }) => section) ?? [],
        ),
      ),
    ];
    const titles = new Map(checklist.data?.sections.map(({ code, title }) => [code, title]));
    return [
      {
        key: 'status',
        label: t('common.state'),
        cell: (n) => (
          <span className="inline-grid gap-1">
            {sites[n]!.approvals.map(({ rule, category, status }) => (
              <Status key={`${rule} ${category}`} kind={READINESS[status]}>
                {t(`buyer.readiness.${status}`)}
              </Status>
            ))}
            {sites[n]!.approvals.length === 0 && <Status kind="na">{t('buyer.readiness.no-data')}</Status>}
          </span>
        ),
      },
      {
        key: 'assessed',
        label: t('common.assessedOn'),
        cell: (n) => {
          const each = scored[n]!.assessment;
          return each ? (
            <>
              {day(each.assessedOn)}
              <span className="block text-sm text-soft">{t(`common.assessmentKind.${each.kind}`)}</span>
            </>
          ) : (
            '–'
          );
        },
      },
      {
        key: 'points',
        label: t('buyer.compare.total'),
        cell: of(({ points: value }) => <b>{points(value)}</b>),
      },
      {
        key: 'conform',
        label: t('buyer.compare.conform'),
        cell: of(({ counts }) => t('common.countOf', { n: counts.conforming, of: counts.applicable })),
      },
      ...(['critical', 'major', 'minor'] as const).map((grade) => ({
        key: grade,
        label: t(`buyer.compare.open.${grade}`),
        cell: of(({ openFindings }) => number(openFindings[grade])),
      })),
      ...sections.map((section) => ({
        key: `section ${section}`,
        label: titles.get(section) ?? section,
        lang: checklist.data?.language,
        cell: of((view) =>
          view.sections ? (
            points(view.sections.find((each) => each.section === section)?.points)
          ) : (
            <span className="text-soft">{t('buyer.notShared')}</span>
          ),
        ),
      })),
    ];
  };
  // What is still on its way isn't "no result".
  if (checklist.isLoading || scored.some(({ isLoading }) => isLoading)) return <Skeleton rows={8} />;
  const rows = rowsOf();
  const columns: readonly Column<Row>[] = [
    {
      key: 'what',
      header: t('buyer.compare.what'),
      cell: ({ label, lang }) => (lang ? <Text lang={lang}>{label}</Text> : label),
    },
    ...sites.map((site, n) => ({ key: site.siteId, header: site.site, cell: (row: Row) => row.cell(n) })),
  ];
  return (
    <>
      <ContentLanguage of={checklist.data?.language} />
      {!alike && <EmptyState title={t('buyer.compare.unlike')}>{t('buyer.compare.unlikeFix')}</EmptyState>}
      <Table caption={t('buyer.compare.title')} columns={columns} rows={rows} rowKey={({ key }) => key} />
    </>
  );
}
