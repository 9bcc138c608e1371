import { isAscii, isUtf8 } from 'node:buffer';

/**
 * A CSV file as columns of text. An import has millions of cells, so lines without a quote (nearly all) are cut in
 * one pass, and a value that its column had before is the same string again: days, kinds and item codes are few, and
 * what looks them up later finds their hash made.
 */
export interface Table {
  /** Name of the file as it was found, for messages. */
  readonly file: string;
  readonly rows: number;
  /** Values of a column; a column the mapping left out is absent. */
  readonly columns: Readonly<Record<string, readonly string[] | undefined>>;
  /** Header of a column in the file, for messages. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Line of a row in the file, the header being line 1. */
  lineOf(row: number): number;
}

/** Something wrong in a file, with its place. Lines count from 1, the header being line 1. */
export interface RecordProblem {
  readonly file: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly code: string;
  readonly reason: string;
}

/**
 * Parses a CSV file (RFC 4180, UTF-8, header row) and keeps the columns asked for.
 * @param wanted name to use → header in the file.
 * @param optional names whose header may be missing.
 * @param problems every fault found is added here; the table holds what could be read all the same.
 */
export function parseCsv(
  file: string,
  bytes: Buffer,
  wanted: Readonly<Record<string, string>>,
  optional: ReadonlySet<string>,
  problems: RecordProblem[],
): Table {
  const fault = (line: number | null, column: string | null, code: string, reason: string): void => {
    problems.push({ file, line, column, code, reason });
  };
  const utf16 = utf16Of(bytes);
  if (utf16) {
    fault(1, null, 'not-utf8', `the file is ${utf16}, not UTF-8; save it as UTF-8`);
    return { file, rows: 0, columns: {}, headers: {}, lineOf: (row) => row + 2 };
  }
  let text: string;
  const ascii = isAscii(bytes);
  if (ascii) text = bytes.toString('latin1');
  else {
    if (!isUtf8(bytes)) reportEncoding(bytes, fault);
    text = bytes.toString('utf8');
  }
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  const nothing: Table = { file, rows: 0, columns: {}, headers: {}, lineOf: (row) => row + 2 };
  const nul = text.indexOf('\0');
  if (nul >= 0) {
    const at = linesIn(codesOf(text.slice(0, nul)));
    fault(at, null, 'not-text', 'a zero byte stands here; the file is no text, or is damaged');
    return nothing;
  }
  // Line ends of old Macintoshes: the whole file would be its own header.
  if (!text.includes('\n') && text.includes('\r')) {
    fault(1, null, 'wrong-line-ends', 'the lines end in CR alone; save the file with LF or CR LF');
    return nothing;
  }

  // Header
  const end = text.length;
  let pos = 0;
  let line = 1;
  let fields: string[] = [];
  /** Reads the record at `pos` character by character; leaves `pos` behind it and returns the lines it took. */
  const slowRecord = (): number => {
    fields = [];
    const startLine = line;
    let lines = 1;
    for (;;) {
      if (text.charCodeAt(pos) === 34) {
        let value = '';
        let from = pos + 1;
        for (;;) {
          const quote = text.indexOf('"', from);
          if (quote < 0) {
            fault(startLine, null, 'unclosed-quote', 'a quoted value is never closed');
            fields.push(value + text.slice(from));
            pos = end;
            return lines;
          }
          value += text.slice(from, quote);
          if (text.charCodeAt(quote + 1) !== 34) {
            pos = quote + 1;
            break;
          }
          value += '"';
          from = quote + 2;
        }
        for (let n = value.indexOf('\n'); n >= 0; n = value.indexOf('\n', n + 1)) lines++;
        if (text.charCodeAt(pos) === 13 && text.charCodeAt(pos + 1) === 10) pos++;
        const next = text.charCodeAt(pos);
        if (pos < end && next !== 44 && next !== 10) {
          fault(startLine, null, 'stray-quote', 'text follows a closing quote');
          while (pos < end && text.charCodeAt(pos) !== 44 && text.charCodeAt(pos) !== 10)
            value += text[pos++];
        }
        fields.push(value);
      } else {
        let stop = pos;
        while (stop < end && text.charCodeAt(stop) !== 44 && text.charCodeAt(stop) !== 10) stop++;
        let value = text.slice(pos, stop);
        if (value.endsWith('\r') && text.charCodeAt(stop) !== 44) value = value.slice(0, -1);
        if (value.includes('"'))
          fault(startLine, null, 'stray-quote', 'a quote stands inside a value that is not quoted');
        fields.push(value);
        pos = stop;
      }
      if (pos >= end) return lines;
      if (text.charCodeAt(pos++) === 10) return lines;
    }
  };

  const columns: Record<string, string[]> = {};
  const headers: Record<string, string> = {};
  if (end === 0) {
    fault(1, null, 'empty-file', 'the file is empty; a header row is needed');
    return { file, rows: 0, columns, headers, lineOf: (row) => row + 2 };
  }
  line += slowRecord();
  const header = fields.map((h) => h.trim());
  const separator = [';', '\t', '|'].find((mark) => header.length === 1 && header[0]!.includes(mark));
  if (separator !== undefined) {
    const name = { ';': 'semicolons', '\t': 'tabs' }[separator] ?? `"${separator}"`;
    fault(1, null, 'wrong-separator', `the columns are separated by ${name}; save the file with commas`);
    return { file, rows: 0, columns, headers, lineOf: (row) => row + 2 };
  }
  const metHeaders = new Set<string>();
  header.forEach((h) => {
    // Spreadsheets leave columns without a name behind the last; nothing can ask for them.
    if (h !== '' && metHeaders.has(h))
      fault(1, h, 'duplicate-column', `column "${h}" stands in the header twice`);
    metHeaders.add(h);
  });
  const width = header.length;
  const target: (string[] | null)[] = new Array<string[] | null>(width).fill(null);
  const extra: [string[], string[]][] = [];
  for (const [name, column] of Object.entries(wanted)) {
    const at = header.indexOf(column);
    if (at < 0) {
      if (!optional.has(name))
        fault(
          1,
          column,
          'missing-column',
          `column "${column}" is missing; the header has ${excerpt(header.join(', '), 300)}`,
        );
      continue;
    }
    headers[name] = column;
    const values: string[] = (columns[name] = []);
    // One column of the file may be mapped under two names; the second is a copy.
    if (target[at]) extra.push([target[at]!, values]);
    else target[at] = values;
  }

  const codes = ascii ? bytes : codesOf(text);
  // Room for the rows, given at once: arrays that grow are copied as they do.
  const room = Math.min(linesIn(codes), MOST_ROOM);
  const cells = target.map((values) => {
    if (values) values.length = room;
    return values && cellsOf(values);
  });

  let rows = 0;
  let lines: number[] | null = null; // kept once a row no longer stands on line row + 2
  let nextQuote = text.indexOf('"', pos);
  if (nextQuote < 0) nextQuote = end + 1;
  while (pos < end) {
    let stop = text.indexOf('\n', pos);
    if (stop < 0) stop = end;
    if (nextQuote < pos) {
      nextQuote = text.indexOf('"', pos);
      if (nextQuote < 0) nextQuote = end + 1;
    }
    const at = line;
    if (nextQuote < stop) {
      const took = slowRecord();
      if (fields.length !== width) {
        fault(at, null, 'field-count', `${fields.length} values where the header has ${width} columns`);
        line += took;
        lines ??= firstLines(rows);
        continue;
      }
      for (let c = 0; c < width; c++) if (target[c]) target[c]![rows] = fields[c]!;
      line += took;
      if (took > 1) lines ??= firstLines(rows);
    } else {
      let last = stop;
      if (last > pos && text.charCodeAt(last - 1) === 13) last--;
      line++;
      if (last === pos) {
        pos = stop + 1;
        lines ??= firstLines(rows);
        continue;
      }
      const found = cutRow(text, codes, pos, last, rows, cells);
      pos = stop + 1;
      if (found !== width) {
        // The next row takes the place of what was read.
        fault(at, null, 'field-count', `${found} values where the header has ${width} columns`);
        lines ??= firstLines(rows);
        continue;
      }
    }
    if (lines) lines.push(at);
    rows++;
  }
  for (const values of target) if (values) values.length = rows;
  for (const [source, copy] of extra) for (const value of source) copy.push(value);
  const known = lines;
  return { file, rows, columns, headers, lineOf: (row) => (known ? known[row]! : row + 2) };
}

/** A value of a file for a message: its beginning when it is long, such as all that follows a quote that never closes. */
export const excerpt = (value: string, most = 80): string =>
  value.length > most ? `${value.slice(0, most)}…` : value;

/** Slots of {@link Cells}; a power of two. */
const SLOTS = 4096;
/** After so many values a column shows whether its values come again. */
const TRIAL = 2048;

/** Most rows a column gets room for before any is read: what a file of nothing but line ends may cost. */
const MOST_ROOM = 1 << 18;

/** The values of one column as they are cut from the text: one met before is not made again. */
interface Cells {
  readonly values: string[];
  /** By hash: a value met before, and where it stood. */
  readonly met: (string | undefined)[];
  readonly metAt: Int32Array;
  made: number;
  again: boolean;
}

const cellsOf = (values: string[]): Cells => ({
  values,
  met: new Array<string | undefined>(SLOTS).fill(undefined),
  metAt: new Int32Array(SLOTS),
  made: 0,
  again: true,
});

/** The number of lines, one that the file doesn't end in counted. */
function linesIn(codes: Uint8Array | Uint16Array): number {
  let lines = 1;
  for (let at = 0; at < codes.length; at++) if (codes[at] === 10) lines++;
  return lines;
}

/**
 * Cuts a row without quotes, from one place of the text to another, and puts its values into their columns, of those there
 * are. Returns the number of values.
 * @param codes the text's code units: reading a number from an array costs a fraction of asking the string.
 */
function cutRow(
  text: string,
  codes: Uint8Array | Uint16Array,
  from: number,
  to: number,
  row: number,
  cells: readonly (Cells | null)[],
): number {
  let column = 0;
  let hash = 0;
  for (let place = from; place <= to; place++) {
    const code = place < to ? codes[place]! : 44;
    if (code !== 44) {
      hash = (Math.imul(hash, 31) + code) | 0;
      continue;
    }
    const cell = column < cells.length ? cells[column]! : null;
    if (cell) cell.values[row] = take(cell, row, text, codes, from, place, hash);
    column++;
    from = place + 1;
    hash = 0;
  }
  return column;
}

/** The value that stands between two places of the text and has this hash. */
function take(
  cells: Cells,
  row: number,
  text: string,
  codes: Uint8Array | Uint16Array,
  from: number,
  to: number,
  hash: number,
): string {
  if (!cells.again) return text.slice(from, to);
  const { met, metAt } = cells;
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  const before = met[slot];
  if (before !== undefined && before.length === to - from && sameCodes(codes, metAt[slot]!, from, to))
    return before;
  const value = text.slice(from, to);
  met[slot] = value;
  metAt[slot] = from;
  // Keys are new in every row: looking for them would only cost.
  if (++cells.made > TRIAL / 2 && row < TRIAL) cells.again = false;
  return value;
}

/** The code units of a text. */
function codesOf(text: string): Uint16Array {
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < codes.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}

/** Whether what stands from `other` on is what stands between the places. */
function sameCodes(codes: Uint8Array | Uint16Array, other: number, from: number, to: number): boolean {
  while (from < to) if (codes[from++] !== codes[other++]) return false;
  return true;
}

const firstLines = (rows: number): number[] => Array.from({ length: rows }, (_, row) => row + 2);

/** Which UTF-16 the bytes are, by their mark or by the zero bytes of their header; null when neither. */
function utf16Of(bytes: Buffer): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16 (little endian)';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16 (big endian)';
  const zeros = bytes.subarray(0, 64).filter((byte) => byte === 0).length;
  return zeros > 16 ? 'UTF-16' : null;
}

/** Names every line that is not UTF-8 and the column its first bad byte stands in. */
function reportEncoding(
  bytes: Buffer,
  fault: (line: number, column: string | null, code: string, reason: string) => void,
): void {
  let start = 0;
  let header: string[] = [];
  for (let line = 1; start < bytes.length; line++) {
    let stop = bytes.indexOf(10, start);
    if (stop < 0) stop = bytes.length;
    const part = bytes.subarray(start, stop);
    if (line === 1) header = part.toString('latin1').replace(/\r$/, '').split(',');
    if (!isUtf8(part)) {
      // The longest valid beginning tells where the bad byte is.
      let low = 0;
      for (let length = 1; length <= part.length; length++) {
        if (isUtf8(part.subarray(0, length))) low = length;
        else if (length - low > 3) break;
      }
      const before = part.subarray(0, low).toString('utf8');
      let column = 0;
      let quoted = false;
      for (const ch of before) {
        if (ch === '"') quoted = !quoted;
        else if (ch === ',' && !quoted) column++;
      }
      const hex = part[low]!.toString(16).padStart(2, '0');
      fault(
        line,
        header[column] ?? null,
        'not-utf8',
        `byte 0x${hex} at position ${low + 1} of the line is not UTF-8; save the file as UTF-8`,
      );
    }
    start = stop + 1;
  }
}
