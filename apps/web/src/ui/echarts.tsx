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
import { useShade } from '#web/shell/theme';
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

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** Draws a chart as SVG, anew when its data, the theme, the direction or its width change. Hidden from screen readers: the words and the table beside it say the same. */
export default function Drawing({ option, height }: { option: EChartsCoreOption; height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const { dir, intl } = useI18n();
  const shade = useShade();
  useEffect(() => {
    const element = box.current!;
    const chart = init(element, null, { renderer: 'svg' });
    const tooltip = option['tooltip'] as object | undefined;
    chart.setOption({
      animation: !still.matches,
      color: ['brand', 'na', 'minor', 'major', 'soft'].map(token),
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token('ink') },
      ...option,
      // A tooltip of HTML would bring styles of its own, which the security policy refuses.
      ...(tooltip && { tooltip: { ...tooltip, renderMode: 'richText' } }),
    });
    const watch = new ResizeObserver(() => chart.resize());
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.dispose();
    };
  }, [option, dir, intl, shade]);
  return <div ref={box} aria-hidden="true" dir="ltr" style={{ blockSize: height }} />;
}
