import { BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
} from 'echarts/components';
import { type EChartsCoreOption, init, use as register } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useI18n } from '#web/i18n';
import { usePrinting, useShade } from '#web/shell/theme';
import { token } from './tokens';

register([
  BarChart,
  BoxplotChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
  VisualMapComponent,
  SVGRenderer,
]);

/** What fits between the margins of an A4 or letter page. */
const PAPER_WIDTH = 640;
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Draws a chart as SVG, anew when its data, the theme, the direction or its width change. Hidden from screen readers: the words and the table beside it say the same. */
export default function Drawing({ option, height }: { option: EChartsCoreOption; height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const { dir, intl } = useI18n();
  const shade = useShade();
  const printing = usePrinting();
  useEffect(() => {
    const element = box.current!;
    const chart = init(element, null, {
      renderer: 'svg',
      ...(printing && { width: PAPER_WIDTH }),
    });
    const tooltip = option['tooltip'] as object | undefined;
    chart.setOption({
      animation: !still.matches && !printing,
      color: ['brand', 'na', 'minor', 'major', 'soft'].map(token),
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token('ink') },
      ...option,
      // A tooltip of HTML would bring styles of its own, which the security policy refuses.
      ...(tooltip && { tooltip: { ...tooltip, renderMode: 'richText' } }),
    });
    const watch = new ResizeObserver(() => !printing && chart.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option, dir, intl, shade, printing]);
  return <div ref={box} aria-hidden="true" dir="ltr" style={{ blockSize: height }} />;
}
