import { saveAs } from './save-as';

type Cell = string | number | null;

/** What a spreadsheet would work out stays text, as in the tables the server hands out. */
const cell = (value: Cell): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  return `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
};

/** Saves rows as CSV (RFC 4180, UTF-8 with the mark that spreadsheets look for). The first row are the headings. */
export const saveCsv = (rows: readonly (readonly Cell[])[], name: string): void =>
  saveAs(
    new Blob([`\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`], { type: 'text/csv' }),
    name,
  );
