import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DomainError } from '#domain';
import { excerpt, parseCsv, type RecordProblem, type Table } from './csv-table.js';
import type { FileMapping, InspectionMapping } from './mapping.js';

/** The records of a folder, read and checked: keys unique, dates real, numbers numbers. */
export interface InspectionRecords {
  readonly sites: Table;
  readonly inspections: Table;
  readonly findings: Table;
  readonly items: Table;
  readonly crosswalk: Table | null;
  /** Day of each inspection, as days since 1970-01-01; {@link NO_DAY} where the cell is empty. */
  readonly inspectionDay: Int32Array;
  /** Official score of each inspection; NaN where there is none. */
  readonly officialScore: Float64Array;
  /** Day on which each finding was closed; {@link NO_DAY} where open, empty when the source states none. */
  readonly closedDay: Int32Array;
  /** Row of the site of an id, and so on. */
  readonly siteRow: ReadonlyMap<string, number>;
  readonly inspectionRow: ReadonlyMap<string, number>;
  /** Faulty rows that were left out (only with `skipBadRows`). */
  readonly skipped: readonly RecordProblem[];
}

/** Largest file that is read, unpacked. Beyond it the rows should be split into several imports. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;
/** Faults told one by one; beyond them only their number is told. */
export const MAX_FAULTS = 1000;

/** "No date". */
export const NO_DAY = -2147483648;

/** A folder that cannot be imported: every fault, with file, line and column. */
export class RecordsError extends DomainError {
  /** The first {@link MAX_FAULTS} faults, and one line that says how many more there are. */
  readonly problems: readonly RecordProblem[];

  constructor(all: readonly RecordProblem[]) {
    const more = all.length - MAX_FAULTS;
    const problems = all.slice(0, MAX_FAULTS);
    if (more > 0) {
      const reason = `${more} more ${more === 1 ? 'fault is' : 'faults are'} not listed`;
      problems.push({ file: '…', line: null, column: null, code: 'more-faults', reason });
    }
    const where = (p: RecordProblem): string =>
      [p.file, p.line === null ? '' : `line ${p.line}`, p.column === null ? '' : `column ${p.column}`]
        .filter(Boolean)
        .join(', ');
    const first = problems
      .slice(0, 5)
      .map((p) => `${where(p)}: ${p.reason}`)
      .join('; ');
    super(
      'malformed-records',
      `Nothing was imported: ${all.length} ${all.length === 1 ? 'fault' : 'faults'} in the records. ${first}${problems.length > 5 ? '; …' : ''}`,
      problems.map((p) => ({ field: where(p), message: p.reason })),
    );
    this.problems = problems;
    this.name = 'RecordsError';
  }
}

/** Faults that spoil a file as a whole; the others spoil one row and may be skipped. */
const WHOLE_FILE = new Set([
  'missing-file',
  'not-a-file',
  'ambiguous-file',
  'not-gzip',
  'empty-file',
  'missing-column',
  'duplicate-column',
  'not-utf8',
  'not-text',
  'wrong-line-ends',
  'wrong-separator',
  'too-large',
  'unclosed-quote',
  'stray-quote',
]);

/**
 * Reads the files of a mapping from a folder, or from files at hand (name → bytes).
 * @param options.skipBadRows leave faulty rows out and list them, instead of refusing the whole folder. A file with
 *   a missing column or the wrong encoding is refused all the same.
 * @throws RecordsError with all faults of all files.
 */
export function readRecords(
  mapping: Pick<InspectionMapping, 'files'>,
  dir: string | ReadonlyMap<string, Buffer>,
  options: { readonly skipBadRows?: boolean } = {},
): InspectionRecords {
  const problems: RecordProblem[] = [];
  const { files } = mapping;
  const sites = readTable(dir, files.sites, problems);
  const inspections = readTable(dir, files.inspections, problems);
  const findings = readTable(dir, files.findings, problems);
  const items = readTable(dir, files.items, problems);
  const crosswalk = files.crosswalk ? readTable(dir, files.crosswalk, problems) : null;

  const bad = {
    sites: new Set<number>(),
    inspections: new Set<number>(),
    findings: new Set<number>(),
    items: new Set<number>(),
  };
  const fault = (
    role: keyof typeof bad,
    table: Table,
    row: number,
    column: string,
    code: string,
    reason: string,
  ): void => {
    bad[role].add(row);
    problems.push({
      file: table.file,
      line: table.lineOf(row),
      column: table.headers[column] ?? null,
      code,
      reason,
    });
  };
  const keys = (
    role: 'sites' | 'inspections' | 'items',
    table: Table,
    column: string,
    second?: readonly string[],
  ): Map<string, number> => {
    const values = table.columns[column] ?? [];
    const rowOf = new Map<string, number>();
    for (let row = 0; row < values.length; row++) {
      const key = second ? `${second[row]!}\u0000${values[row]!}` : values[row]!;
      if (values[row] === '') fault(role, table, row, column, 'empty-key', 'the key is empty');
      else if (rowOf.has(key))
        fault(
          role,
          table,
          row,
          column,
          'duplicate-key',
          `"${excerpt(values[row]!)}" stands on line ${table.lineOf(rowOf.get(key)!)} already`,
        );
      else rowOf.set(key, row);
    }
    return rowOf;
  };
  const siteRow = keys('sites', sites, 'id');
  const inspectionRow = keys('inspections', inspections, 'id');
  keys('items', items, 'code', items.columns['edition']);

  const dayCache = new Map<string, number>();
  const days = (role: 'inspections' | 'findings', table: Table, column: string): Int32Array => {
    const values = table.columns[column];
    const out = new Int32Array(values?.length ?? 0);
    for (let row = 0; row < out.length; row++) {
      const text = values![row]!;
      let day = dayCache.get(text);
      if (day === undefined) dayCache.set(text, (day = text === '' ? NO_DAY : dayOf(text)));
      if (day === BAD_DAY) {
        fault(role, table, row, column, 'impossible-date', `"${excerpt(text)}" is not a date (YYYY-MM-DD)`);
        day = NO_DAY;
      }
      out[row] = day;
    }
    return out;
  };
  const numberCache = new Map<string, number>();
  const numbers = (role: keyof typeof bad, table: Table, column: string): Float64Array => {
    const values = table.columns[column];
    const out = new Float64Array(values?.length ?? 0);
    for (let row = 0; row < out.length; row++) {
      const text = values![row]!;
      let number = numberCache.get(text);
      if (number === undefined) {
        number = text === '' ? NaN : NUMBER.test(text) ? Number(text) : undefined;
        if (number !== undefined) numberCache.set(text, number);
      }
      if (number === undefined)
        fault(role, table, row, column, 'not-a-number', `"${excerpt(text)}" is not a number`);
      out[row] = number ?? NaN;
    }
    return out;
  };
  const inspectionDay = days('inspections', inspections, 'date');
  const closedDay = days('findings', findings, 'closedOn');
  const officialScore = numbers('inspections', inspections, 'official');
  numbers('items', items, 'weight');
  numbers('findings', findings, 'weight');

  if (problems.length && !(options.skipBadRows && problems.every((p) => !WHOLE_FILE.has(p.code))))
    throw new RecordsError(problems);
  const read = {
    sites,
    inspections,
    findings,
    items,
    crosswalk,
    inspectionDay,
    officialScore,
    closedDay,
    siteRow,
    inspectionRow,
    skipped: [],
  };
  if (!problems.length) return read;

  const kept = {
    sites: without(sites, bad.sites),
    inspections: without(inspections, bad.inspections),
    findings: without(findings, bad.findings),
    items: without(items, bad.items),
  };
  const rowsOf = (table: Table): Map<string, number> =>
    new Map((table.columns['id'] ?? []).map((id, row) => [id, row]));
  return {
    ...kept,
    crosswalk,
    inspectionDay: inspectionDay.filter((_, row) => !bad.inspections.has(row)),
    officialScore: officialScore.filter((_, row) => !bad.inspections.has(row)),
    closedDay: closedDay.filter((_, row) => !bad.findings.has(row)),
    siteRow: rowsOf(kept.sites),
    inspectionRow: rowsOf(kept.inspections),
    skipped: problems,
  };
}

const TOO_LARGE = `the file has more than ${MAX_FILE_BYTES / 1024 / 1024} MB unpacked, the most one file may have; split it, site by site, into several folders`;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)$/;
const BAD_DAY = NO_DAY + 1;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Days since 1970-01-01 of `YYYY-MM-DD`; a value of its own for what is no date. */
function dayOf(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return BAD_DAY;
  const year = Number(text.slice(0, 4)),
    month = Number(text.slice(5, 7)),
    day = Number(text.slice(8, 10));
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (
    year < 1583 ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > MONTH_DAYS[month - 1]! + (month === 2 && leap ? 1 : 0)
  )
    return BAD_DAY;
  return Math.round(Date.UTC(year, month - 1, day) / 86_400_000);
}

/** Reads one file: `name.csv.gz` or `name.csv`. */
function readTable(
  dir: string | ReadonlyMap<string, Buffer>,
  file: FileMapping,
  problems: RecordProblem[],
): Table {
  const nothing: Table = { file: file.file, rows: 0, columns: {}, headers: {}, lineOf: (row) => row + 2 };
  const stem = file.file.replace(/\.csv(\.gz)?$/, '');
  const found = [`${stem}.csv.gz`, `${stem}.csv`].filter((name) =>
    typeof dir === 'string' ? existsSync(join(dir, name)) : dir.has(name),
  );
  const fault = (code: string, reason: string): Table => {
    problems.push({ file: file.file, line: null, column: null, code, reason });
    return nothing;
  };
  if (found.length === 0)
    return fault('missing-file', `neither ${stem}.csv.gz nor ${stem}.csv is in the folder`);
  if (found.length > 1)
    return fault('ambiguous-file', `both ${stem}.csv.gz and ${stem}.csv are in the folder; remove one`);
  const path = found[0]!;
  if (typeof dir === 'string' && !statSync(join(dir, path)).isFile())
    return fault('not-a-file', `${path} is a folder or a device, not a file`);
  const size = typeof dir === 'string' ? statSync(join(dir, path)).size : dir.get(path)!.length;
  if (size > MAX_FILE_BYTES) return fault('too-large', TOO_LARGE);
  let bytes = typeof dir === 'string' ? readFileSync(join(dir, path)) : dir.get(path)!;
  if (path.endsWith('.gz')) {
    try {
      bytes = gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES });
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') return fault('too-large', TOO_LARGE);
      return fault('not-gzip', `${path} cannot be unpacked: ${(error as Error).message}`);
    }
  }
  return parseCsv(path, bytes, file.columns, new Set(file.optional), problems);
}

/** The table less some rows; lines stay those of the file. */
function without(table: Table, rows: ReadonlySet<number>): Table {
  if (rows.size === 0) return table;
  const kept: number[] = [];
  for (let row = 0; row < table.rows; row++) if (!rows.has(row)) kept.push(row);
  return {
    file: table.file,
    rows: kept.length,
    headers: table.headers,
    columns: Object.fromEntries(
      Object.entries(table.columns).map(([name, values]) => [
        name,
        values && kept.map((row) => values[row]!),
      ]),
    ),
    lineOf: (row) => table.lineOf(kept[row]!),
  };
}
