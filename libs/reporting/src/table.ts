/** Rows for a spreadsheet. Days are `YYYY-MM-DD` in a column that says so. */
export interface SheetTable {
  /** Name of the sheet. */
  readonly name: string;
  readonly rightToLeft: boolean;
  readonly columns: readonly {
    readonly header: string;
    readonly kind: 'text' | 'number' | 'day';
    /** In characters, as spreadsheets count. */
    readonly width: number;
  }[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** What spreadsheets take for a formula when a cell begins with it; a tab or line end may stand before one. */
const FORMULA = /^[\s]*[=+\-@\t\r\n＝＋－＠]/u;

/** A text as a cell of a CSV file: never a formula (OWASP, CSV injection), quoted after RFC 4180. */
const cell = (value: string | number | null): string => {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** CSV as RFC 4180 has it, in UTF-8 with the mark by which spreadsheets know it. What people wrote is never run as a formula. */
export function tableCsv({ columns, rows }: SheetTable): Buffer {
  const lines = [columns.map(({ header }) => header), ...rows].map((row) => row.map(cell).join(','));
  return Buffer.from(`\uFEFF${lines.join('\r\n')}\r\n`, 'utf8');
}

/** XLSX whose texts are texts (never formulas), whose days are days and whose numbers are numbers; the first row stays in view. */
export async function tableXlsx({ name, rightToLeft, columns, rows }: SheetTable): Promise<Buffer> {
  // Loaded by who asks for a spreadsheet.
  const { default: writeXlsxFile } = await import('write-excel-file/node');
  const heading = columns.map(({ header }) => ({ value: header, fontWeight: 'bold' as const }));
  const data = rows.map((row) =>
    row.map((value, n) => {
      if (value === null) return null;
      if (typeof value === 'number') return { type: Number, value };
      if (columns[n]!.kind === 'day')
        return { type: Date, value: new Date(`${value}T00:00:00Z`), format: 'yyyy-mm-dd' };
      return { type: String, value };
    }),
  );
  return writeXlsxFile([heading, ...data], {
    sheet: name,
    columns: columns.map(({ width }) => ({ width })),
    stickyRowsCount: 1,
    rightToLeft,
  }).toBuffer();
}
