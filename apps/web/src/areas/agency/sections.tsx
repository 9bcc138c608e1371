import { useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useAll, useRead } from '#web/api/hooks';
import { serverLocale, useI18n } from '#web/i18n';
import { Skeleton } from '#web/ui/basics';
import { Chart } from '#web/ui/chart';
import { RadioGroup } from '#web/ui/form';
import { ContentLanguage, EmptyState, ProblemBox } from '#web/ui/states';
import type { Column } from '#web/ui/table';
import { token } from '#web/ui/tokens';
import { useAxes, usePoints } from './figures';

interface HeatRow {
  readonly key: string;
  readonly title: string;
  readonly values: readonly (number | null)[];
  /** How many sites stand behind it. */
  readonly n: number;
}

/** Points from 0 to 100 by colour, in four bands of equal width: a colour says where, never whether it is enough. */
const BANDS = [
  { gte: 0, lt: 25, colour: 'critical-bg' },
  { gte: 25, lt: 50, colour: 'major-bg' },
  { gte: 50, lt: 75, colour: 'minor-bg' },
  { gte: 75, lte: 100, colour: 'conforming-bg' },
] as const;

function Heat({
  title,
  summary,
  names,
  rows,
}: {
  title: string;
  summary: string;
  names: readonly string[];
  rows: readonly HeatRow[];
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
          `${rows[y]!.title}\n${names[x]}: ${points(z)}`,
      },
      xAxis: few
        ? { ...xAxis, position: 'top', axisLabel: { ...xAxis.axisLabel, width: 160 } }
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
  }, [axes, names, rows, few, dir, points, number]);
  const columns = useMemo<readonly Column<HeatRow>[]>(
    () => [
      { key: 'section', header: t('agency.section'), cell: (row) => row.title },
      { key: 'n', header: t('agency.flow.sites'), numeric: true, cell: (row) => number(row.n) },
      ...names.map((name, x) => ({
        key: `value ${x}`,
        header: name,
        numeric: true,
        cell: ({ values }: HeatRow) => points(values[x]),
      })),
    ],
    [t, names, points, number],
  );
  return (
    <Chart
      title={title}
      summary={summary}
      option={option}
      height={rows.length * 32 + 90}
      rows={rows}
      rowKey={({ key }) => key}
      columns={columns}
    />
  );
}

/** Sections of the checklist by points: before and after in the mean, or after at every site. */
export function Sections({ cohort, report }: { cohort: string; report: Schema<'CohortReportView'> }) {
  const { t } = useI18n();
  const [by, setBy] = useState('time');
  const rows = useMemo(
    () =>
      report.sections.map(({ title, n, baseline, followUp }) => ({
        key: title,
        title,
        n,
        values: [baseline, followUp],
      })),
    [report],
  );
  const names = useMemo(() => [t('agency.baseline'), t('agency.followUp')], [t]);
  if (rows.length === 0)
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
      <ContentLanguage of={report.followUpChecklist.fallback} />
      {by === 'time' ? (
        <Heat
          title={t('agency.heat.title')}
          summary={t('agency.heat.summary', { n: report.n.matched })}
          names={names}
          rows={rows}
        />
      ) : (
        <BySite cohort={cohort} />
      )}
    </>
  );
}

/** Every site's follow-up, section by section. */
function BySite({ cohort }: { cohort: string }) {
  const { t, compare } = useI18n();
  const path = { id: cohort };
  const gains = useAll('/api/v1/cohorts/{id}/gains', { params: { path } });
  const sites = useAll('/api/v1/sites', { params: { query: { cohortId: cohort } } });
  const first = gains.data?.[0];
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
  const table = useMemo(() => {
    if (!gains.data || !sites.data || !checklist.data) return null;
    const shown = gains.data.flatMap(({ siteId, gain }) =>
      gain?.comparable
        ? [{ name: sites.data.find(({ id }) => id === siteId)?.name ?? '–', sections: gain.sections }]
        : [],
    );
    shown.sort((one, other) => compare(one.name, other.name));
    const leaves = checklist.data.sections.filter(
      ({ code }) =>
        shown.some(({ sections }) => sections.some(({ section }) => section === code)) &&
        !checklist.data!.sections.some(({ parent }) => parent === code),
    );
    return {
      names: shown.map(({ name }) => name),
      rows: leaves.map(({ code, title }) => {
        const values = shown.map(
          ({ sections }) => sections.find(({ section }) => section === code)?.followUp ?? null,
        );
        return {
          key: code,
          title,
          values,
          n: values.filter((value) => value !== null).length,
        };
      }),
    };
  }, [gains.data, sites.data, checklist.data, compare]);
  const error = gains.error ?? sites.error ?? assessment.error ?? checklist.error;
  if (error) return <ProblemBox error={error} />;
  if (!table) return <Skeleton rows={6} />;
  return (
    <Heat
      title={t('agency.heat.title')}
      summary={t('agency.heat.siteSummary', { n: table.names.length })}
      names={table.names}
      rows={table.rows}
    />
  );
}
