import type { EChartsCoreOption } from 'echarts/core';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useI18n } from '#web/i18n';
import { type Column, Table } from './table';

/** ECharts is larger than the rest of the app; it comes with the first chart. */
const Drawing = lazy(() => import('./echarts'));

/**
 * A chart (ECharts option) with what it says in words, and its figures as a table for whoever can't or won't read drawings.
 * Colours, type and direction come from the tokens: `--brand`, `--conforming`, … as `token('brand')` of `./tokens`. In Arabic axes run from the right: `inverse: dir === 'rtl'`.
 */
export function Chart<Row>({
  title,
  summary,
  option,
  height = 320,
  columns,
  rows,
  rowKey,
}: {
  title: string;
  /** The finding in a sentence, with its denominators. */
  summary: ReactNode;
  option: EChartsCoreOption;
  height?: number;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}) {
  const { t } = useI18n();
  const [opened, setOpened] = useState(false);
  return (
    <figure className="my-4">
      <figcaption className="mb-2">
        <span className="block font-semibold">{title}</span>
        <span className="text-soft">{summary}</span>
      </figcaption>
      <Suspense fallback={<div style={{ blockSize: height }} />}>
        <Drawing option={option} height={height} />
      </Suspense>
      <details className="mt-2" onToggle={({ currentTarget: { open } }) => open && setOpened(true)}>
        <summary className="inline-flex min-h-8 items-center text-link underline">
          {t('common.chart.table')}
        </summary>
        <div className="mt-2">
          {opened && <Table caption={title} columns={columns} rows={rows} rowKey={rowKey} />}
        </div>
      </details>
    </figure>
  );
}
