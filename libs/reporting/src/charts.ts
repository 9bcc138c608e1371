import type { EChartsOption } from 'echarts';
import { createRequire } from 'node:module';
import { textWidth } from './chart-options.js';

/** A chart that this library described itself; the only thing a template may put in unescaped. */
export class Chart {
  constructor(
    readonly option: EChartsOption,
    readonly width: number,
    readonly height: number,
    /** Read out instead of the picture. */
    readonly title: string,
  ) {}
}

/** Family of chart text: no quotes, so that it fits into an attribute and into CSS alike. */
export const CHART_FONT = 'Noto Sans, Noto Sans Arabic, sans-serif';

let loaded: typeof import('echarts') | undefined;
/** Loaded by the first chart, as the one file that it comes as, too: as six hundred modules it would hold up every start. */
function echarts(): typeof import('echarts') {
  if (!loaded) {
    loaded = createRequire(import.meta.url)('echarts') as typeof import('echarts');
    loaded.setPlatformAPI({ measureText: (text, font) => ({ width: textWidth(text, font) }) });
  }
  return loaded;
}

const escape = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/**
 * Draws a chart to SVG without a DOM. Style attributes become presentation attributes and hover styles go, so that
 * the picture needs no `style-src 'unsafe-inline'`; the instance is disposed of, or the process would never end.
 */
export function renderChart(chart: Chart): string {
  if (!(chart instanceof Chart)) throw new Error('only our own charts are put into a page unescaped');
  const { width, height } = chart;
  const instance = echarts().init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    instance.setOption(chart.option);
    return instance
      .renderToSVGString()
      .replace(/<style\b[\s\S]*?<\/style>/g, '')
      .replace(/ class="[^"]*"/g, '')
      .replace(/ style="([^"]*)"/g, (_, css: string) => presentation(css))
      .replace(
        /^<svg [^>]*>/,
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" direction="ltr" font-size="12px" font-family="${CHART_FONT}" role="img" aria-label="${escape(chart.title)}">`,
      )
      .replace(/ (?:xml:space="preserve"|ecmeta_[a-z_]+="[^"]*")/g, '')
      .replace(/<text /g, '<text unicode-bidi="plaintext" ')
      .replace(/(="[^"]*")/g, (attribute) => attribute.replace(/(\d+\.\d{2})\d+/g, '$1'));
  } finally {
    instance.dispose();
  }
}

/** `font-size:12px;font-family:X` → ` font-size="12px" font-family="X"`. */
function presentation(css: string): string {
  return css
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => /^(font-|fill|stroke|opacity|dominant-baseline|text-anchor)/.test(rule))
    .map((rule) => {
      const at = rule.indexOf(':');
      return ` ${rule.slice(0, at)}="${rule.slice(at + 1).trim()}"`;
    })
    .join('');
}

/** A label of a chart in the chart's pixels; `anchor` says which part of its width stands at `x`. */
export interface ChartLabel {
  readonly text: string;
  readonly x: number;
  /** Of its middle. */
  readonly y: number;
  readonly anchor: number;
  readonly size: number;
  readonly fill: string;
  readonly bold: boolean;
  /** By its first letter. */
  readonly rtl: boolean;
}

const ANCHORS: Readonly<Record<string, number>> = { start: 0, middle: 0.5, end: 1 };
const SIGNS: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/**
 * A chart for paper: the picture without its labels, and the labels, which the page sets like all of its text. What draws
 * SVG there puts the signs of Devanagari on top of one another.
 */
export function drawChart(chart: Chart): {
  svg: string;
  width: number;
  title: string;
  labels: readonly ChartLabel[];
} {
  const labels: ChartLabel[] = [];
  const svg = renderChart(chart).replace(
    /<text ([^>]*)>([^<]*)<\/text>\n?/g,
    (_, attributes: string, inner: string) => {
      const given = new Map(
        [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
      );
      const moved = /^translate\((-?[\d.]+) (-?[\d.]+)\)$/.exec(given.get('transform') ?? 'translate(0 0)');
      if (!moved) throw new Error(`a label of a chart is turned: ${attributes}`);
      const text = inner.replace(/&(#?\w+);/g, (all, name: string) => SIGNS[name] ?? all);
      labels.push({
        text,
        x: Number(moved[1]) + Number(given.get('x') ?? 0),
        y: Number(moved[2]) + Number(given.get('y') ?? 0),
        anchor: ANCHORS[given.get('text-anchor') ?? 'start'] ?? 0,
        size: Number.parseFloat(given.get('font-size') ?? '12'),
        fill: given.get('fill') ?? '#000000',
        bold: /bold|[67]00/.test(given.get('font-weight') ?? ''),
        rtl: /\p{Script=Arabic}/u.test(/\p{L}/u.exec(text)?.[0] ?? ''),
      });
      return '';
    },
  );
  return { svg, width: chart.width, title: chart.title, labels };
}
