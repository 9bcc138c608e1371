import { expect, test } from '@jest/globals';
import { parseCsv, type RecordProblem, type Table } from './csv-table.js';

const read = (
  text: string | Buffer,
  wanted: Record<string, string> = { a: 'a', b: 'b' },
  optional: string[] = [],
): { table: Table; problems: RecordProblem[] } => {
  const problems: RecordProblem[] = [];
  return {
    table: parseCsv('f.csv', Buffer.from(text as string), wanted, new Set(optional), problems),
    problems,
  };
};

test('reads quotes, doubled quotes, commas and line ends within quotes, and keeps the lines of the file', () => {
  const { table, problems } = read('a,x,b\n1,,"say ""hi"", you"\n2,,"two\nlines"\n\n3,,é\n');
  expect(problems).toEqual([]);
  expect(table.columns).toEqual({ a: ['1', '2', '3'], b: ['say "hi", you', 'two\nlines', 'é'] });
  expect([0, 1, 2].map((row) => table.lineOf(row))).toEqual([2, 3, 6]);
});

test('reads CRLF, a byte order mark, no last line end, and one column under two names', () => {
  const { table, problems } = read('\ufeffa,b\r\n1,"2"\r\n3,4', { a: 'a', b: 'b', c: 'b' });
  expect(problems).toEqual([]);
  expect(table.columns).toEqual({ a: ['1', '3'], b: ['2', '4'], c: ['2', '4'] });
});

test('a row of the wrong width is left out and named; the rows after it keep their lines', () => {
  const { table, problems } = read('a,b\n1\n2,3,4\n"5",6,7\n8,9\n');
  expect(problems.map((p) => [p.code, p.line])).toEqual([
    ['field-count', 2],
    ['field-count', 3],
    ['field-count', 4],
  ]);
  expect(table.columns).toEqual({ a: ['8'], b: ['9'] });
  expect(table.lineOf(0)).toBe(5);
});

test('names missing and doubled columns, quotes that never close, and empty files', () => {
  expect(read('a,a,c\n').problems.map((p) => [p.code, p.column])).toEqual([
    ['duplicate-column', 'a'],
    ['missing-column', 'b'],
  ]);
  expect(read('a,c\n', { a: 'a', b: 'b' }, ['b']).problems).toEqual([]);
  expect(read('a,b\n1,"2\n3,4\n').problems.map((p) => [p.code, p.line])).toContainEqual([
    'unclosed-quote',
    2,
  ]);
  expect(read('').problems.map((p) => p.code)).toEqual(['empty-file']);
});

test('old line ends, zero bytes and endless values are one short fault; columns without a name are none', () => {
  const codes = (text: string) => read(text).problems.map((p) => [p.code, p.line]);
  expect(codes('a,b\r1,2\r3,4\r')).toEqual([['wrong-line-ends', 1]]);
  expect(codes('a,b\n1,2\n3,\u00004\n')).toEqual([['not-text', 3]]);
  expect(read('a,b,,\n1,2,,\n').problems).toEqual([]);
  expect(read(`a,${'x'.repeat(100_000)}\n`).problems[0]!.reason.length).toBeLessThan(400);
});

test('names each line that is not UTF-8 with the column of its first bad byte', () => {
  const bytes = Buffer.concat([
    Buffer.from('a,b\nok,é\n'),
    Buffer.from('1,caf\xe9\n', 'latin1'),
    Buffer.from('\xff,2\n', 'latin1'),
  ]);
  expect(read(bytes).problems.map((p) => [p.code, p.line, p.column])).toEqual([
    ['not-utf8', 3, 'b'],
    ['not-utf8', 4, 'a'],
  ]);
});
