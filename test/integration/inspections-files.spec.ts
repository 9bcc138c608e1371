import { afterAll, expect, test } from '@jest/globals';
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  analyse,
  loadMapping,
  readRecords,
  RecordsError,
} from '../../libs/application/src/inspections/index.js';

/** Files that are large, or not what they should be. */
const source = join(process.cwd(), 'test/cases/inspections/points');
const mapping = loadMapping(join(source, 'mapping.yaml'));
const temporary = mkdtempSync(join(tmpdir(), 'inspections-files-'));
afterAll(() => rmSync(temporary, { recursive: true }));

function folder(): string {
  const dir = mkdtempSync(join(temporary, 'records-'));
  cpSync(source, dir, { recursive: true });
  return dir;
}
function faults(dir: string) {
  try {
    readRecords(mapping, dir);
  } catch (error) {
    if (error instanceof RecordsError) return error;
    throw error;
  }
  throw new Error('The records were read.');
}
const visits = (): string => readFileSync(join(source, 'visits.csv'), 'utf8');

test.each([
  [
    'UTF-16 with a mark',
    (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le'),
    'not-utf8',
    /UTF-16 .*save it as UTF-8/,
  ],
  ['UTF-16 without one', (text: string) => Buffer.from(text, 'utf16le'), 'not-utf8', /UTF-16/],
  [
    'semicolons',
    (text: string) => Buffer.from(text.replaceAll(',', ';')),
    'wrong-separator',
    /semicolons; save the file with commas/,
  ],
  ['tabs', (text: string) => Buffer.from(text.replaceAll(',', '\t')), 'wrong-separator', /tabs/],
])('%s: one clear fault, and no others that follow from it', (_, made, code, reason) => {
  const dir = folder();
  writeFileSync(join(dir, 'visits.csv'), made(visits()));
  expect(faults(dir).problems).toEqual([
    { file: 'visits.csv', line: 1, column: null, code, reason: expect.stringMatching(reason) },
  ]);
});

test('Latin-1: each line with the column', () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'sites.csv'),
    Buffer.from('site,name,city,lat,lon\ns1,Café,Town,,\ns2,Plain,Málaga,,\n', 'latin1'),
  );
  expect(faults(dir).problems).toMatchObject([
    { file: 'sites.csv', line: 2, column: 'name', code: 'not-utf8' },
    { file: 'sites.csv', line: 3, column: 'city', code: 'not-utf8' },
  ]);
});

test('thousands of faults: the first thousand, and how many more', () => {
  const dir = folder();
  writeFileSync(
    join(dir, 'visits.csv'),
    `visit,site,day,kind,score\n${'v,s1,2020-02-30,regular,100\n'.repeat(3000)}`,
  );
  const error = faults(dir);
  expect(error.message).toMatch(/^Nothing was imported: 5999 faults/);
  expect(error.problems.length).toBe(1001);
  expect(error.problems.at(-1)).toMatchObject({
    code: 'more-faults',
    reason: '4999 more faults are not listed',
  });
});

test('a file beyond the limit is refused by its size, packed or not, before it is read', () => {
  const dir = folder();
  truncateSync(join(dir, 'findings.csv'), 257 * 1024 * 1024);
  expect(faults(dir).problems).toMatchObject([
    { code: 'too-large', reason: expect.stringContaining('256 MB') },
  ]);
  rmSync(join(dir, 'findings.csv'));
  writeFileSync(
    join(dir, 'findings.csv.gz'),
    Buffer.concat(Array<Buffer>(257).fill(gzipSync(Buffer.alloc(1024 * 1024)))),
  );
  expect(faults(dir).problems).toMatchObject([
    { code: 'too-large', reason: expect.stringContaining('256 MB') },
  ]);
});

test('100 MB are imported', () => {
  const dir = folder();
  const file = openSync(join(dir, 'visits.csv'), 'w');
  writeSync(file, 'visit,site,day,kind,score,remark\n');
  const remark = 'nothing to be said of this visit, '.replace(',', ' ').repeat(30);
  let rows = 0;
  for (let size = 0; size < 100 * 1024 * 1024;) {
    let text = '';
    for (let n = 0; n < 1000; n++, rows++)
      text += `w${rows},s1,20${10 + (rows % 10)}-0${1 + (rows % 9)}-1${rows % 10},regular,100,${remark}\n`;
    size += writeSync(file, text);
  }
  closeSync(file);
  writeFileSync(join(dir, 'findings.csv'), 'visit,item,points,closed\n');
  const { summary } = analyse(readRecords(mapping, dir), mapping);
  expect(summary).toMatchObject({ inspections: rows, scored: rows, official_equal: rows, pairs: 1 });
}, 120_000);
