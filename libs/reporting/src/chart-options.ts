/**
 * ECharts options of the report charts. Pure: the same builders serve the server's SVG and a page in the browser.
 * Right-to-left languages get mirrored axes. Labels are data, never templates: formatters are functions.
 */
import type { EChartsOption } from 'echarts';

export interface ChartTheme {
  readonly dir: 'ltr' | 'rtl';
  readonly font: string;
  /** Formats a number of an axis or a label. */
  readonly number: (value: number) => string;
  readonly signed: (value: number) => string;
}

/**
 * Width of a text in pixels, near enough to break labels. There is no canvas on a server, and the built-in guess
 * takes every Arabic letter for a full square.
 */
export function textWidth(text: string, font = '12px'): number {
  const size = Number(/([\d.]+)px/.exec(font)?.[1] ?? 12);
  let ems = 0;
  for (const sign of text) {
    if (/\p{Mn}|\p{Cf}/u.test(sign)) continue;
    else if (/[\s.,:;'|!ijlIt()\u060c\u061b]/.test(sign)) ems += 0.3;
    else if (/\p{Mc}/u.test(sign)) ems += 0.26;
    else if (/\p{Script=Arabic}/u.test(sign)) ems += 0.52;
    else if (/\p{Lu}/u.test(sign)) ems += 0.66;
    else if (/[\u1100-\u11ff\u2e80-\uffef]/.test(sign)) ems += 1;
    else ems += 0.57;
  }
  return ems * size * (/bold|[67]00/.test(font) ? 1.06 : 1);
}

/**
 * Breaks a label into at most `lines` lines of `width` pixels. ECharts' own breaking takes every letter outside
 * ASCII for a full square and would leave Arabic labels in pieces.
 */
export function breakLines(label: string, width: number, lines = 3, font = '11.5px'): string {
  const broken: string[] = [''];
  for (const word of label.split(/\s+/)) {
    const line = broken[broken.length - 1]!;
    const longer = line ? `${line} ${word}` : word;
    if (!line || textWidth(longer, font) <= width) broken[broken.length - 1] = longer;
    else broken.push(word);
  }
  return broken.length <= lines ? broken.join('\n') : `${broken.slice(0, lines).join('\n')}…`;
}

export const COLOURS = {
  baseline: '#9aa9b5',
  followUp: '#0b6e5f',
  up: '#0b6e5f',
  down: '#b3261e',
  other: '#8a6d1d',
  total: '#22323f',
  ink: '#1c2b36',
  faint: '#dfe5e9',
} as const;

/** `names` of the series in reading order, where there is a legend. */
function frame(theme: ChartTheme, names: readonly string[] = []): EChartsOption {
  return {
    animation: false,
    textStyle: { fontFamily: theme.font, fontSize: 12, color: COLOURS.ink },
    legend: {
      top: 0,
      [theme.dir === 'rtl' ? 'right' : 'left']: 0,
      align: theme.dir === 'rtl' ? 'right' : 'left',
      data: theme.dir === 'rtl' ? names.toReversed() : [...names],
      itemWidth: 12,
      itemHeight: 12,
      itemGap: 18,
      selectedMode: false,
      textStyle: { fontFamily: theme.font, fontSize: 12, color: COLOURS.ink },
    },
  };
}

const axisText = (theme: ChartTheme) => ({ fontFamily: theme.font, fontSize: 11.5, color: COLOURS.ink });

export interface PairRow {
  readonly label: string;
  readonly baseline: number | null;
  readonly followUp: number | null;
}

/** Height a section chart needs. */
export const sectionChartHeight = (rows: number): number => 52 + rows * 39;

/** Two bars a section, baseline over follow-up, 0..100 points. */
export function sectionChartOption(
  rows: readonly PairRow[],
  names: { readonly baseline: string; readonly followUp: string },
  theme: ChartTheme,
): EChartsOption {
  const rtl = theme.dir === 'rtl';
  const bar = (name: string, color: string, values: readonly (number | null)[]) => ({
    type: 'bar' as const,
    name,
    data: [...values],
    itemStyle: { color },
    barWidth: 10,
    barGap: '15%',
    silent: true,
    label: {
      show: true,
      position: rtl ? ('left' as const) : ('right' as const),
      formatter: ({ value }: { value?: unknown }) => (typeof value === 'number' ? theme.number(value) : ''),
      fontFamily: theme.font,
      fontSize: 11,
      color: COLOURS.ink,
    },
  });
  return {
    ...frame(theme, [names.baseline, names.followUp]),
    grid: { top: 28, bottom: 24, left: rtl ? 40 : 168, right: rtl ? 168 : 40 },
    xAxis: {
      type: 'value',
      min: 0,
      max: 100,
      inverse: rtl,
      axisLabel: { ...axisText(theme), formatter: (value: number) => theme.number(value) },
      splitLine: { lineStyle: { color: COLOURS.faint } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      position: rtl ? 'right' : 'left',
      data: rows.map((row) => breakLines(row.label, 158)),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: COLOURS.baseline } },
      axisLabel: { ...axisText(theme), interval: 0, lineHeight: 13 },
    },
    series: [
      bar(
        names.baseline,
        COLOURS.baseline,
        rows.map((row) => row.baseline),
      ),
      bar(
        names.followUp,
        COLOURS.followUp,
        rows.map((row) => row.followUp),
      ),
    ],
  };
}

export interface BandRow {
  readonly from: number;
  readonly to: number;
  readonly baseline: number;
  readonly followUp: number;
}

/** Number of sites in each band of points, baseline beside follow-up. */
export function distributionChartOption(
  bands: readonly BandRow[],
  names: { readonly baseline: string; readonly followUp: string },
  theme: ChartTheme,
): EChartsOption {
  const rtl = theme.dir === 'rtl';
  const bar = (name: string, color: string, values: number[]) => ({
    type: 'bar' as const,
    name,
    data: values,
    itemStyle: { color },
    barGap: '10%',
    barCategoryGap: '28%',
    silent: true,
    label: {
      show: true,
      position: 'top' as const,
      formatter: ({ value }: { value?: unknown }) =>
        typeof value === 'number' && value > 0 ? theme.number(value) : '',
      fontFamily: theme.font,
      fontSize: 11,
      color: COLOURS.ink,
    },
  });
  return {
    ...frame(theme, [names.baseline, names.followUp]),
    grid: { top: 44, bottom: 26, left: rtl ? 8 : 32, right: rtl ? 32 : 8 },
    xAxis: {
      type: 'category',
      inverse: rtl,
      data: bands.map((band) => `${theme.number(band.from)}–${theme.number(band.to)}`),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: COLOURS.baseline } },
      axisLabel: { ...axisText(theme), interval: 0 },
    },
    yAxis: {
      type: 'value',
      position: rtl ? 'right' : 'left',
      minInterval: 1,
      axisLabel: { ...axisText(theme), formatter: (value: number) => theme.number(value) },
      splitLine: { lineStyle: { color: COLOURS.faint } },
    },
    series: [
      bar(
        names.baseline,
        COLOURS.baseline,
        bands.map((band) => band.baseline),
      ),
      bar(
        names.followUp,
        COLOURS.followUp,
        bands.map((band) => band.followUp),
      ),
    ],
  };
}

export interface WaterfallPart {
  readonly label: string;
  readonly value: number;
  /** A total starts at zero again. */
  readonly total?: boolean;
  /** Painted as something that is not improvement (scope, checklist, missing). */
  readonly artefact?: boolean;
}

/** Steps that add up: each part starts where the one before ended. */
export function waterfallChartOption(parts: readonly WaterfallPart[], theme: ChartTheme): EChartsOption {
  const rtl = theme.dir === 'rtl';
  let level = 0;
  const steps = parts.map((part, index) => {
    const from = part.total ? 0 : level;
    const to = part.total ? part.value : level + part.value;
    level = to;
    return [index, from, to];
  });
  const colour = (part: WaterfallPart): string =>
    part.total ? COLOURS.total : part.artefact ? COLOURS.other : part.value < 0 ? COLOURS.down : COLOURS.up;
  const ends = steps.flatMap(([, from, to]) => [from!, to!]);
  const room = Math.max(1, (Math.max(...ends) - Math.min(...ends)) * 0.14);
  return {
    ...frame(theme),
    legend: { show: false },
    grid: { top: 16, bottom: 44, left: rtl ? 8 : 36, right: rtl ? 36 : 8 },
    xAxis: {
      type: 'category',
      inverse: rtl,
      data: parts.map((part) => breakLines(part.label, 78)),
      axisTick: { show: false },
      axisLine: { onZero: false, lineStyle: { color: COLOURS.baseline } },
      axisLabel: { ...axisText(theme), interval: 0, lineHeight: 14 },
    },
    yAxis: {
      type: 'value',
      position: rtl ? 'right' : 'left',
      min: Math.min(...ends) < 0 ? Math.floor(Math.min(...ends) - room) : 0,
      max: Math.ceil(Math.max(...ends) + room),
      axisLabel: {
        ...axisText(theme),
        showMinLabel: true,
        formatter: (value: number) => theme.number(value),
      },
      splitLine: { lineStyle: { color: COLOURS.faint } },
    },
    series: [
      {
        type: 'custom',
        silent: true,
        data: steps,
        encode: { x: 0, y: [1, 2] },
        renderItem: (_, api) => {
          const index = Number(api.value(0));
          const part = parts[index]!;
          const from = api.coord([index, api.value(1)]);
          const to = api.coord([index, api.value(2)]);
          const size = api.size!([1, 0]) as number[];
          const width = Math.min(52, size[0]! * 0.6);
          const top = Math.min(from[1]!, to[1]!);
          const height = Math.max(1.5, Math.abs(from[1]! - to[1]!));
          return {
            type: 'group',
            children: [
              {
                type: 'rect',
                shape: { x: from[0]! - width / 2, y: top, width, height },
                style: { fill: colour(part) },
              },
              {
                type: 'text',
                style: {
                  x: from[0]!,
                  y: part.value < 0 ? top + height + 4 : top - 4,
                  text: theme.signed(part.value),
                  align: 'center',
                  verticalAlign: part.value < 0 ? 'top' : 'bottom',
                  font: `bold 12px ${theme.font}`,
                  fill: COLOURS.ink,
                },
              },
            ],
          };
        },
      },
    ],
  };
}
