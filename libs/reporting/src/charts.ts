import { init, setPlatformAPI, type EChartsOption } from 'echarts';
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

setPlatformAPI({ measureText: (text: string, font?: string) => ({ width: textWidth(text, font) }) });

const escape = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/**
 * Draws a chart to SVG without a DOM. Style attributes become presentation attributes and hover styles go, so that
 * the picture needs no `style-src 'unsafe-inline'`; the instance is disposed of, or the process would never end.
 */
export function renderChart(chart: Chart): string {
  if (!(chart instanceof Chart)) throw new Error('only our own charts are put into a page unescaped');
  const instance = init(null, null, { renderer: 'svg', ssr: true, width: chart.width, height: chart.height });
  try {
    instance.setOption(chart.option);
    return instance
      .renderToSVGString()
      .replace(/<style\b[\s\S]*?<\/style>/g, '')
      .replace(/ class="[^"]*"/g, '')
      .replace(/ style="([^"]*)"/g, (_, css: string) => presentation(css))
      .replace(
        /^<svg [^>]*>/,
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${chart.width} ${chart.height}" direction="ltr" role="img" aria-label="${escape(chart.title)}">`,
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
