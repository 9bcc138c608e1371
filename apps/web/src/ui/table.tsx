import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useI18n } from '#web/i18n';
import { usePrinting } from '#web/shell/theme';
import { classes } from './classes';
import { Icon } from './icons';

export interface Column<Row> {
  readonly key: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** Orders rows by this column when its heading is pressed; the same function as long as it says the same. */
  readonly sort?: (one: Row, other: Row) => number;
  /** Figures, at the end of the cell. */
  readonly numeric?: boolean;
  /** What is done with a row: nothing for paper. */
  readonly acts?: boolean;
}

/** From so many rows on, only those in view are in the document. */
const MANY = 100;
const HEIGHT = 52;

/**
 * Puts rows into the order of `sort`. To compare names takes long, and lists are narrowed and grow: rows are compared once, and
 * by their places from then on.
 */
function ordering<Row>(sort: (one: Row, other: Row) => number): (rows: readonly Row[]) => readonly Row[] {
  let places = new Map<Row, number>();
  return (rows) => {
    if (!rows.every((row) => places.has(row))) {
      const here = new Set(rows);
      const before = [...places.keys()].filter((row) => here.has(row));
      const added = rows.filter((row) => !places.has(row));
      places = new Map([...before, ...added].sort(sort).map((row, place) => [row, place]));
    }
    return [...rows].sort((one, other) => places.get(one)! - places.get(other)!);
  };
}

/**
 * Rows and columns. The first column names its row. On a phone each row is a small card with its headings inside. Takes
 * 10,000 rows: only those in view are drawn, and readers are told how many there are.
 */
export function Table<Row>({
  caption,
  columns,
  rows,
  rowKey,
  sortedBy,
}: {
  /** What the table is, for those who can't see it. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** Key of the column it is ordered by at first. */
  sortedBy?: string;
}) {
  const { t } = useI18n();
  const [order, setOrder] = useState({ by: sortedBy, down: false });
  const sort = columns.find(({ key }) => key === order.by)?.sort;
  const ordered = useMemo(() => sort && ordering(sort), [sort]);
  const sorted = useMemo(() => {
    const up = ordered?.(rows) ?? rows;
    return ordered && order.down ? [...up].reverse() : up;
  }, [rows, ordered, order.down]);
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // Rows are mostly as high as the first, cards on a phone as rows on a desktop: what is guessed well isn't laid out twice.
  const [height, setHeight] = useState(HEIGHT);
  useLayoutEffect(() => {
    setHeight(body.current?.querySelector<HTMLElement>('[data-index]')?.offsetHeight ?? HEIGHT);
  }, []);
  // On paper nobody scrolls.
  const printing = usePrinting();
  const many = sorted.length > MANY && !printing;
  // The same while the rows are: with another one the places of all rows would be worked out with every step of the wheel.
  const keyOf = useCallback((index: number) => rowKey(sorted[index]!), [rowKey, sorted]);
  const virtual = useWindowVirtualizer({
    count: sorted.length,
    enabled: many,
    estimateSize: () => height,
    overscan: 6,
    scrollMargin: top,
    getItemKey: keyOf,
  });
  const items = virtual.getVirtualItems();
  // From the top of the page, and not of the table, which is what `offsetTop` of its body says: counted from there, rows in view
  // are taken for rows above it, are left out, and the page moves by what they turn out to be higher, from under a press. What
  // stands above may have grown since.
  useLayoutEffect(() => {
    if (!many || !body.current) return;
    setTop(Math.round(body.current.getBoundingClientRect().top + window.scrollY));
  }, [many, items]);
  const above = many ? (items[0]?.start ?? top) - top : 0;
  const below = many ? virtual.getTotalSize() - (items.at(-1)?.end ?? top) + top : 0;
  const shown = many ? items.map(({ index }) => index) : sorted.map((_, index) => index);
  const gap = (height: number) =>
    height > 0 && (
      <tr aria-hidden="true">
        <td style={{ blockSize: height, padding: 0 }} colSpan={columns.length} />
      </tr>
    );
  return (
    <table
      role="table"
      aria-rowcount={many ? sorted.length + 1 : undefined}
      className="block w-full border-collapse rounded-xl border border-line bg-panel text-start sm:table"
    >
      <caption className="sr-only">{caption}</caption>
      <thead role="rowgroup" className="sr-only sm:not-sr-only sm:table-header-group">
        <tr role="row" {...(many && { 'aria-rowindex': 1 })}>
          {columns.map(({ key, header, sort, numeric, acts }) => (
            <th
              key={key}
              role="columnheader"
              scope="col"
              aria-sort={
                sort ? (order.by !== key ? 'none' : order.down ? 'descending' : 'ascending') : undefined
              }
              className={classes(
                'border-b border-line px-3 py-2 text-sm font-semibold text-soft',
                numeric ? 'text-end' : 'text-start',
                // A border would stay behind with the rows.
                many && 'bg-panel shadow-[inset_0_-1px_var(--color-line)] sm:sticky sm:top-13.5 sm:z-[1]',
                acts && 'no-print',
              )}
            >
              {/* A heading that is a button isn't repeated on the next sheet. */}
              {sort && !printing ? (
                <button
                  type="button"
                  className="inline-flex min-h-8 items-center gap-1 font-semibold hover:underline"
                  onClick={() => setOrder({ by: key, down: order.by === key && !order.down })}
                >
                  {header}
                  <Icon name={order.by !== key ? 'unsorted' : order.down ? 'down' : 'up'} size={16} />
                  <span className="sr-only">{t('common.table.sort')}</span>
                </button>
              ) : (
                header
              )}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} role="rowgroup" className="block sm:table-row-group">
        {gap(above)}
        {shown.map((index) => {
          const row = sorted[index]!;
          return (
            <tr
              key={rowKey(row)}
              role="row"
              data-index={index}
              ref={many ? virtual.measureElement : undefined}
              {...(many && { 'aria-rowindex': index + 2 })}
              className="block border-t border-line px-1 py-2 first:border-t-0 sm:table-row sm:p-0"
            >
              {columns.map(({ key, header, cell, numeric, acts }, n) =>
                n === 0 ? (
                  <th
                    key={key}
                    role="rowheader"
                    scope="row"
                    className="block px-3 py-1 text-start font-semibold sm:table-cell sm:py-3"
                  >
                    {cell(row)}
                  </th>
                ) : (
                  <td
                    key={key}
                    role="cell"
                    className={classes(
                      'gap-x-3 px-3 py-1 sm:table-cell sm:py-3',
                      // What it is gets half the line at most, so that a date stays whole; buttons that find no room have a line.
                      acts ? 'no-print flex flex-wrap' : 'grid grid-cols-[fit-content(50%)_minmax(0,1fr)]',
                      numeric && 'sm:text-end',
                    )}
                  >
                    <span aria-hidden="true" className="text-sm text-soft sm:hidden">
                      {header}
                    </span>
                    <span className="ms-auto min-w-0 justify-self-end wrap-anywhere max-sm:text-end">
                      {cell(row)}
                    </span>
                  </td>
                ),
              )}
            </tr>
          );
        })}
        {gap(below)}
      </tbody>
    </table>
  );
}
