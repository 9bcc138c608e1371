import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { type RowOf, useAll, useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { Skeleton, Text } from '#web/ui/basics';
import { Chart } from '#web/ui/chart';
import { RadioGroup } from '#web/ui/form';
import { useInAddress } from '#web/ui/search';
import { ContentLanguage, EmptyState, ProblemBox } from '#web/ui/states';
import type { Column } from '#web/ui/table';
import { token } from '#web/ui/tokens';
import { useAxes, usePoints } from './figures';

interface HeatRow {
  readonly key: string;
  readonly title: string;
  readonly values: readonly (number | null)[];
}
type Site = RowOf<'/api/v1/cohorts/{id}/section-points'>;

/** Columns that can be told apart on a screen; more sites than this are drawn in groups of neighbours. */
const MOST = 120;

/** Points from 0 to 100 by colour, in four bands of equal width: a colour says where, never whether it is enough. */
const BANDS = [
  { gte: 0, lt: 25, colour: 'critical-bg' },
  { gte: 25, lt: 50, colour: 'major-bg' },
  { gte: 50, lt: 75, colour: 'minor-bg' },
  { gte: 75, lte: 100, colour: 'conforming-bg' },
] as const;

function Heat<Row>({
  title,
  summary,
  names,
  rows,
  table,
}: {
  title: string;
  summary: string;
  names: readonly string[];
  rows: readonly HeatRow[];
  /** The figures behind the drawing. */
  table: {
    readonly rows: readonly Row[];
    readonly columns: readonly Column<Row>[];
    readonly rowKey: (row: Row) => string;
  };
}) {
  const { t, dir, number } = useI18n();
  const points = usePoints();
  const axes = useAxes();
  const few = names.length <= 4;
  const option = useMemo(() => {
    const { xAxis, yAxis } = axes.standing(names);
    const side = dir === 'rtl' ? 'right' : 'left';
    return {
      grid: { ...axes.grid, top: few ? 36 : 8, bottom: 44 },
      tooltip: {
        formatter: ({ value: [x, y, z] }: { value: [number, number, number] }) =>
          `${rows[y]!.title}\n${t('common.labelled', { label: names[x]!, value: points(z) })}`,
      },
      xAxis: few
        ? { ...xAxis, position: 'top', axisLabel: { ...xAxis.axisLabel, width: innerWidth < 640 ? 76 : 160 } }
        : { ...xAxis, axisLabel: { ...xAxis.axisLabel, show: false } },
      yAxis: {
        ...yAxis,
        type: 'category',
        inverse: true,
        data: rows.map((row) => row.title),
        axisLabel: { color: token('soft'), width: 120, overflow: 'break', lineHeight: 13, interval: 0 },
      },
      visualMap: {
        type: 'piecewise',
        orient: 'horizontal',
        bottom: 0,
        [side]: 0,
        textStyle: { color: token('ink') },
        pieces: BANDS.map(({ colour, ...band }) => ({
          ...band,
          label: `${number(band.gte)}–${number('lt' in band ? band.lt : band.lte)}`,
          color: token(colour),
        })),
      },
      series: [
        {
          type: 'heatmap',
          itemStyle: { borderColor: token('panel'), borderWidth: few ? 2 : 1 },
          label: {
            show: few,
            color: token('ink'),
            formatter: ({ value }: { value: [number, number, number] }) => points(value[2]),
          },
          data: rows.flatMap(({ values }, y) =>
            values.flatMap((value, x) => (value === null ? [] : [[x, y, value]])),
          ),
        },
      ],
    };
  }, [axes, names, rows, few, dir, t, points, number]);
  return <Chart title={title} summary={summary} option={option} height={rows.length * 32 + 90} {...table} />;
}

/** Sections of the checklist by points: before and after in the mean, or after at every site. */
export function Sections({ cohort, report }: { cohort: string; report: Schema<'CohortReportView'> }) {
  const { t } = useI18n();
  const [kept, setBy] = useInAddress('by');
  const by = kept === 'site' ? 'site' : 'time';
  if (report.sections.length === 0)
    return <EmptyState title={t('agency.heat.none')}>{t('agency.heat.noneFix')}</EmptyState>;
  return (
    <>
      <RadioGroup
        label={t('agency.heat.by')}
        name="by"
        value={by}
        onChange={setBy}
        options={[
          { value: 'time', label: t('agency.heat.time') },
          { value: 'site', label: t('agency.heat.site') },
        ]}
      />
      <div className="mt-2">
        <ContentLanguage of={report.followUpChecklist.fallback} />
      </div>
      {by === 'time' ? <ByTime report={report} /> : <BySite cohort={cohort} />}
    </>
  );
}

function ByTime({ report: { sections, n } }: { report: Schema<'CohortReportView'> }) {
  const { t, number } = useI18n();
  const points = usePoints();
  const rows = useMemo(
    () =>
      sections.map(({ title, baseline, followUp }) => ({ key: title, title, values: [baseline, followUp] })),
    [sections],
  );
  const names = useMemo(() => [t('agency.baseline'), t('agency.followUp')], [t]);
  return (
    <Heat
      title={t('agency.heat.title')}
      summary={t('agency.heat.summary', { n: n.matched })}
      names={names}
      rows={rows}
      table={{
        rows: sections,
        rowKey: ({ title }) => title,
        columns: [
          { key: 'section', header: t('agency.section'), cell: ({ title }) => title },
          { key: 'n', header: t('agency.flow.sites'), numeric: true, cell: (row) => number(row.n) },
          { key: 'before', header: names[0]!, numeric: true, cell: ({ baseline }) => points(baseline) },
          { key: 'after', header: names[1]!, numeric: true, cell: ({ followUp }) => points(followUp) },
        ],
      }}
    />
  );
}

const mean = (values: readonly (number | null | undefined)[]): number | null => {
  const rated = values.filter((value) => value !== null && value !== undefined);
  return rated.length > 0 ? rated.reduce((sum, value) => sum + value, 0) / rated.length : null;
};

/** Every site's follow-up, section by section; the weakest first, and where they are many, in groups of neighbours. */
function BySite({ cohort }: { cohort: string }) {
  const { t, compare } = useI18n();
  const points = usePoints();
  const sites = useAll('/api/v1/cohorts/{id}/section-points', { params: { path: { id: cohort } } });
  const first = sites.data?.[0];
  const assessment = useRead(
    '/api/v1/assessments/{id}',
    { params: { path: { id: first?.followUpId ?? '' } } },
    { enabled: first !== undefined },
  );
  const edition = assessment.data && {
    checklist: assessment.data.checklist,
    version: assessment.data.version,
  };
  const checklist = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    { params: { path: edition ?? { checklist: '', version: '' }, query: { lang: serverLocale() } } },
    { enabled: edition !== undefined },
  );
  const leaves = useMemo(() => {
    const rated = new Set(sites.data?.flatMap(({ sections }) => Object.keys(sections)));
    const all = checklist.data?.sections ?? [];
    return all.filter(({ code }) => rated.has(code) && !all.some(({ parent }) => parent === code));
  }, [sites.data, checklist.data]);
  const groups = useMemo(() => {
    const weakestFirst = (sites.data ?? [])
      .map((site) => ({ site, mean: mean(leaves.map(({ code }) => site.sections[code])) ?? 0 }))
      .sort((one, other) => one.mean - other.mean)
      .map(({ site }) => site);
    const size = Math.ceil(weakestFirst.length / MOST);
    return Array.from({ length: Math.ceil(weakestFirst.length / (size || 1)) }, (_, n) =>
      weakestFirst.slice(n * size, (n + 1) * size),
    );
  }, [sites.data, leaves]);
  const size = groups[0]?.length ?? 0;
  const n = sites.data?.length ?? 0;
  const names = useMemo(
    () =>
      groups.map((group, place) =>
        size === 1
          ? group[0]!.site
          : t('agency.heat.group', { from: place * size + 1, to: place * size + group.length, n }),
      ),
    [t, groups, size, n],
  );
  const rows = useMemo(
    () =>
      leaves.map(({ code, title }) => ({
        key: code,
        title,
        values: groups.map((group) => mean(group.map(({ sections }) => sections[code]))),
      })),
    [leaves, groups],
  );
  const columns = useMemo<readonly Column<Site>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ site }) => <Text>{site}</Text>,
        sort: (one, other) => compare(one.site, other.site),
      },
      ...leaves.map(({ code, title }) => ({
        key: code,
        header: title,
        numeric: true,
        cell: ({ sections }: Site) => points(sections[code]),
        sort: (one: Site, other: Site) => (one.sections[code] ?? 101) - (other.sections[code] ?? 101),
      })),
    ],
    [t, compare, points, leaves],
  );
  const error = sites.error ?? assessment.error ?? checklist.error;
  if (error) return <ProblemBox error={error} />;
  if (!sites.data || !checklist.data) return <Skeleton rows={6} />;
  return (
    <Heat
      title={t('agency.heat.title')}
      summary={size > 1 ? t('agency.heat.groupSummary', { n, size }) : t('agency.heat.siteSummary', { n })}
      names={names}
      rows={rows}
      table={{ rows: sites.data, columns, rowKey: ({ followUpId }) => followUpId }}
    />
  );
}
