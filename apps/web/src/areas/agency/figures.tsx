import { useCallback, useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { useShade } from '#web/shell/theme';
import { Panel } from '#web/ui/basics';
import { Chart } from '#web/ui/chart';
import { token } from '#web/ui/tokens';

type Report = Schema<'CohortReportView'>;

/** To one decimal, and never a zero below zero. */
const rounded = (value: number): number => Math.round(value * 10) / 10 + 0;

/** Points with at most one decimal; a dash where there are none. */
export const usePoints = () => {
  const { number } = useI18n();
  return useCallback(
    (value: number | null | undefined) =>
      value === null || value === undefined ? '–' : number(rounded(value), { maximumFractionDigits: 1 }),
    [number],
  );
};

/** Axes as the tokens and the direction want them. `categories` run along x unless `lying`. */
export function useAxes() {
  const { dir, number } = useI18n();
  const shade = useShade();
  return useMemo(() => {
    const ends = dir === 'rtl';
    const lines = { color: token('line') };
    const label = { color: token('soft') };
    const base = { axisLine: { lineStyle: lines }, axisTick: { show: false }, axisLabel: label };
    const values = { ...base, type: 'value' as const, splitLine: { lineStyle: lines } };
    const shown = { ...label, formatter: (value: number) => number(value) };
    return {
      shade,
      grid: { left: 8, right: 8, top: 24, bottom: 8, containLabel: true },
      /** Names along the bottom, from the reader's side; figures up. */
      standing: (names: readonly string[]) => ({
        xAxis: {
          ...base,
          type: 'category' as const,
          data: names,
          inverse: ends,
          axisLabel: {
            ...label,
            interval: 0,
            overflow: 'break',
            width: innerWidth < 640 ? 38 : 68,
            lineHeight: 14,
          },
        },
        yAxis: { ...values, position: ends ? ('right' as const) : ('left' as const), axisLabel: shown },
      }),
      /** Names down the reader's side, the first on top; figures along. */
      lying: (names: readonly string[]) => ({
        yAxis: {
          ...base,
          type: 'category' as const,
          data: names,
          inverse: true,
          position: ends ? ('right' as const) : ('left' as const),
        },
        xAxis: {
          ...values,
          inverse: ends,
          axisLabel: shown,
          minInterval: 1,
          // On a phone more figures would run into each other.
          ...(innerWidth < 640 && { splitNumber: 3 }),
        },
      }),
    };
  }, [dir, number, shade]);
}

/** How many were enrolled, and how many of them came how far: every bar with its denominator. */
export function Flow({ steps }: { steps: readonly { label: string; n: number; of: number }[] }) {
  const { t, dir } = useI18n();
  const axes = useAxes();
  const option = useMemo(
    () => ({
      grid: { ...axes.grid, [dir === 'rtl' ? 'left' : 'right']: 80 },
      ...axes.lying(steps.map(({ label }) => label)),
      series: [
        {
          type: 'bar',
          barMaxWidth: 28,
          itemStyle: { color: token('brand') },
          label: {
            show: true,
            position: dir === 'rtl' ? 'left' : 'right',
            color: token('ink'),
            formatter: ({ dataIndex }: { dataIndex: number }) => {
              const { n, of } = steps[dataIndex]!;
              return t('common.countOf', { n, of });
            },
          },
          data: steps.map(({ n }) => n),
        },
      ],
    }),
    [axes, steps, t, dir],
  );
  return (
    <Chart
      title={t('agency.flow.title')}
      summary={t('agency.flow.summary', { n: steps[2]?.n ?? 0, of: steps[0]?.n ?? 0 })}
      option={option}
      height={220}
      rows={steps}
      rowKey={({ label }) => label}
      columns={[
        { key: 'step', header: t('agency.flow.step'), cell: ({ label }) => label },
        {
          key: 'n',
          header: t('agency.flow.sites'),
          numeric: true,
          cell: ({ n, of }) => t('common.countOf', { n, of }),
        },
      ]}
    />
  );
}

/** From the mean of the baselines to that of the follow-ups, by what made the difference. */
export function Waterfall({ report }: { report: Report }) {
  const { t, dir } = useI18n();
  const points = usePoints();
  const axes = useAxes();
  const { baselineMean, followUpMean, parts, n } = report;
  const steps = useMemo(() => {
    if (baselineMean === null || followUpMean === null || !parts) return [];
    let level = baselineMean;
    const moves = (['real', 'scope', 'checklist', 'missing'] as const).map((part) => {
      const from = level;
      level += parts[part];
      return { label: t(`agency.part.${part}`), from, to: level, change: parts[part] };
    });
    return [
      { label: t('agency.baseline'), from: 0, to: baselineMean, change: null },
      ...moves,
      { label: t('agency.followUp'), from: 0, to: followUpMean, change: null },
    ];
  }, [t, baselineMean, followUpMean, parts]);
  // Six names beside each other find no room on a phone.
  const lies = innerWidth < 640;
  const option = useMemo(
    () => ({
      grid: lies ? { ...axes.grid, [dir === 'rtl' ? 'left' : 'right']: 44 } : axes.grid,
      ...axes[lies ? 'lying' : 'standing'](steps.map(({ label }) => label)),
      series: [
        // What the visible part stands on.
        {
          type: 'bar',
          stack: 'all',
          silent: true,
          itemStyle: { color: 'transparent' },
          data: steps.map(({ from, to }) => Math.min(from, to)),
        },
        {
          type: 'bar',
          stack: 'all',
          barMaxWidth: 56,
          label: {
            show: true,
            position: !lies ? 'top' : dir === 'rtl' ? 'left' : 'right',
            color: token('ink'),
            formatter: ({ dataIndex }: { dataIndex: number }) => {
              const { change, to } = steps[dataIndex]!;
              return change === null ? points(to) : `${rounded(change) > 0 ? '+' : ''}${points(change)}`;
            },
          },
          data: steps.map(({ from, to, change }) => ({
            value: Math.abs(to - from),
            itemStyle: { color: token(change === null ? 'brand' : change < 0 ? 'major' : 'na') },
          })),
        },
      ],
    }),
    [axes, steps, points, lies, dir],
  );
  if (steps.length === 0) return null;
  return (
    <Chart
      title={t('agency.waterfall.title')}
      summary={t('agency.waterfall.summary', { n: n.matched, real: points(parts!.real) })}
      option={option}
      rows={steps}
      rowKey={({ label }) => label}
      columns={[
        { key: 'step', header: t('agency.flow.step'), cell: ({ label }) => label },
        {
          key: 'points',
          header: t('agency.points'),
          numeric: true,
          cell: ({ change, to }) => points(change ?? to),
        },
      ]}
    />
  );
}

/** Where names are many and speak for their neighbours, those that find no room are left out. */
const banded = <Axes extends { xAxis: { axisLabel: object } }>({ xAxis, ...rest }: Axes) => ({
  ...rest,
  xAxis: { ...xAxis, axisLabel: { ...xAxis.axisLabel, interval: 'auto', hideOverlap: true } },
});

/** How many sites stood where, before and after. */
export function Distribution({ report }: { report: Report }) {
  const { t, number } = useI18n();
  const points = usePoints();
  const axes = useAxes();
  const { distribution, n, change, baselineMean, followUpMean } = report;
  const option = useMemo(
    () => ({
      grid: { ...axes.grid, top: 40 },
      legend: { top: 0, textStyle: { color: token('ink') } },
      ...banded(axes.standing(distribution.map(({ from, to }) => `${number(from)}–${number(to)}`))),
      series: (
        [
          ['baseline', 'agency.baseline', 'na'],
          ['followUp', 'agency.followUp', 'brand'],
        ] as const
      ).map(([key, label, colour]) => ({
        type: 'bar',
        name: t(label),
        itemStyle: { color: token(colour) },
        data: distribution.map((bin) => bin[key]),
      })),
    }),
    [axes, distribution, t, number],
  );
  return (
    <Chart
      title={t('agency.distribution.title')}
      summary={t('agency.distribution.summary', {
        n: n.matched,
        before: points(baselineMean),
        after: points(followUpMean),
        mean: points(change.points.value),
        median: points(change.median),
        q1: points(change.q1),
        q3: points(change.q3),
      })}
      option={option}
      rows={distribution}
      rowKey={({ from }) => String(from)}
      columns={[
        {
          key: 'band',
          header: t('agency.points'),
          cell: ({ from, to }) => `${number(from)}–${number(to)}`,
        },
        {
          key: 'before',
          header: t('agency.baseline'),
          numeric: true,
          cell: ({ baseline }) => t('common.countOf', { n: baseline, of: n.matched }),
        },
        {
          key: 'after',
          header: t('agency.followUp'),
          numeric: true,
          cell: ({ followUp }) => t('common.countOf', { n: followUp, of: n.matched }),
        },
      ]}
    />
  );
}

/** What others have claimed, with their source, apart from everything that was computed here. */
export function Claims({ claims }: { claims: Report['claims'] }) {
  const { t } = useI18n();
  if (claims.length === 0) return null;
  return (
    <Panel heading={t('agency.claims.title')}>
      <p className="mb-2 text-soft">{t('agency.claims.lead')}</p>
      <ul className="grid gap-2">
        {claims.map(({ figure, statement, unit, source }) => (
          <li key={figure + statement} lang="en" dir="ltr" className="border-s-4 border-line ps-3">
            <b>{figure}</b> {statement} ({unit})<span className="block text-sm text-soft">{source}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
