import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  checkResponses,
  compileScoring,
  type ChecklistVersion,
  type ScoringProfile,
} from '#domain';
import { citedScoring } from './cited-scoring.js';
import { analyse, loadMapping, readRecords, RecordsError, responsesOf } from './index.js';

const cases = join(process.cwd(), 'test/cases/inspections');
const temporary: string[] = [];
afterAll(() => temporary.forEach((dir) => rmSync(dir, { recursive: true })));
/** A copy of a case with some files replaced. */
const changed = (name: string, files: Record<string, string | Buffer>): string => {
  const dir = mkdtempSync(join(tmpdir(), 'inspections-'));
  temporary.push(dir);
  cpSync(join(cases, name), dir, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
  return dir;
};
const points = loadMapping(join(cases, 'points/mapping.yaml'));
const editions = loadMapping(join(cases, 'editions/mapping.yaml'));
const faults = (run: () => unknown): (string | number | null)[][] => {
  try {
    run();
  } catch (error) {
    if (error instanceof RecordsError) return error.problems.map((p) => [p.file, p.line, p.column, p.code]);
    throw error;
  }
  return [];
};

describe('records with official scores', () => {
  const result = analyse(readRecords(points, join(cases, 'points')), points);
  const { summary } = result;

  test('pairs first and last, breaking ties by id, over two dates at least', () => {
    expect(
      result.pairs
        .filter((p) => p.pairing === 'ends')
        .map((p) => [p.siteId, p.baselineId, p.followUpId, p.change]),
    ).toEqual([
      ['s1', 'a1', 'a4', -2],
      ['s4', 'd1', 'd4', 6],
    ]);
    expect(summary).toMatchObject({
      pairs: 2,
      mean_baseline: 92.5,
      mean_follow_up: 94.5,
      mean_change: 2,
      sd_change: 5.656854,
      median: 2,
      improved: 1,
      same: 0,
      worse: 1,
    });
  });

  test('pairs a baseline with its next follow-up before the next baseline; the lowest of a date stands for it', () => {
    expect(
      result.pairs
        .filter((p) => p.pairing === 'next')
        .map((p) => [p.baselineId, p.followUpId, p.days, p.change]),
    ).toEqual([
      ['a1', 'a3', 22, 5],
      ['c1', 'c2', 90, 0],
      ['d4', 'd3', 61, -1],
    ]);
  });

  test('pairs a follow-up with the latest baseline before it; of two on a date, the highest id', () => {
    expect(result.pairs.filter((p) => p.pairing === 'back').map((p) => [p.baselineId, p.followUpId])).toEqual(
      [
        ['a2', 'a3'],
        ['c1', 'c2'],
        ['d4', 'd3'],
      ],
    );
  });

  test('counts items fixed, persisting and new, but not where findings are missing', () => {
    const pair = (a: string) => result.pairs.find((p) => p.pairing === 'ends' && p.baselineId === a)!;
    expect(pair('a1')).toMatchObject({ itemsFixed: 0, itemsPersisting: 1, itemsNew: 1 });
    expect(pair('d1')).toMatchObject({ itemsFixed: null });
  });

  test('every row that cannot be used, and every official score that differs, is an exception with its place', () => {
    expect(summary.exception_list.map((e) => [e.inspection_id, e.code, e.file, e.line])).toEqual([
      [null, 'bad-location', 'sites.csv', 4],
      [null, 'site-without-name', 'sites.csv', 5],
      ['e1', 'unknown-site', 'visits.csv', 15],
      ['f1', 'unknown-type', 'visits.csv', 16],
      ['f3', 'lost-row', 'visits.csv', 18],
      ['f4', 'missing-date', 'visits.csv', 19],
      ['nowhere', 'unknown-inspection', 'findings.csv', 12],
      ['g1', 'unlisted-item', 'findings.csv', 11],
      ['a2', 'closed-before-inspection', 'findings.csv', 3],
      ['c3', 'official-missing', 'visits.csv', 10],
      ['d1', 'findings-missing', 'visits.csv', 11],
      ['d4', 'repeated-item', 'visits.csv', 14],
      ['g1', 'official-out-of-range', 'visits.csv', 20],
    ]);
    expect(summary.exceptions).toBe(13);
    expect(summary.ignored).toEqual({ office: 1 });
    expect(summary).toMatchObject({
      inspections: 19,
      scored: 15,
      official_equal: 14,
      official_minus_computed: { 0: 14, '-10': 1 },
    });
    expect(summary.exception_list.find((e) => e.inspection_id === 'd1')!.reason).toContain(
      'official 90 is below 100 with no finding',
    );
  });

  test('closing dates: a requirement is closed when its last finding is', () => {
    const closed = (id: string) => result.assessments.find((a) => a.externalId === id)!.closedOn;
    expect(closed('a4')).toEqual(['2020-09-02', null]);
    expect(closed('d4')).toEqual(['2020-07-05']);
    expect(closed('a2')).toEqual([null]);
    expect(summary.corrections).toEqual({
      dated: 6,
      open: 5,
      before_inspection: 1,
      same_day: 1,
      within_30_days: 5,
      median_days: 2,
      mean_days: 3.4,
    });
  });

  test('the checklist holds together, unlisted items are marked, and the compact form expands to responses', () => {
    const [version] = result.checklistVersions as [ChecklistVersion];
    expect(() => checkChecklist(version)).not.toThrow();
    expect(version.requirements.find((r) => r.code === '9')).toMatchObject({
      weight: 3,
      tags: ['not-on-item-list'],
    });
    expect(version.requirements[1]!.question).toBe('Says "keep cold" on the door');
    expect(result.sites[0]).toEqual({
      externalId: 's1',
      name: 'Café "Öl", harbour',
      city: 'Aa',
      location: { lat: 1.5, lon: 2.5 },
    });
    expect(result.sites[3]!.name).toBe('s4');
    for (const assessment of result.assessments) {
      const responses = responsesOf(assessment, version, result.answers);
      expect(() =>
        checkResponses(version, result.level, result.profile, responses, { complete: true }),
      ).not.toThrow();
      expect(compileScoring(version, result.level, result.profile).score(responses).points).toBe(
        assessment.computedPoints,
      );
    }
  });

  test('an item off the list without a price makes its inspection not computable', () => {
    const dir = changed('points', { 'findings.csv': 'visit,item,points,closed\na1,8,,\n' });
    const again = analyse(readRecords(points, dir), points);
    expect(again.summary.exceptions_by_code).toMatchObject({ 'unknown-item': 1, 'not-computable': 1 });
    expect(again.assessments.find((a) => a.externalId === 'a1')).toMatchObject({
      computedPoints: null,
      agrees: null,
      complete: false,
      cited: [],
    });
  });
});

describe('records of two editions', () => {
  const result = analyse(readRecords(editions, join(cases, 'editions')), editions);

  test('the crosswalk covers every item once and joins only what it knows', () => {
    const [before, after] = result.checklistVersions as [ChecklistVersion, ChecklistVersion];
    expect(() => checkCrosswalk(result.crosswalk!, before, after)).not.toThrow();
    expect(result.crosswalk!.edges).toContainEqual({
      relation: 'split',
      from: ['3'],
      to: ['6', '7'],
      comparable: true,
    });
    expect(result.crosswalk!.edges.find((e) => e.to.includes('1'))).toMatchObject({
      relation: 'new',
      comparable: false,
    });
  });

  test('compares the last of one edition with the first of the next, ids taken as numbers', () => {
    expect(result.pairs[0]).toMatchObject({
      baselineId: '11',
      followUpId: '13',
      baseline: 2,
      followUp: 3,
      baselineAllItems: 3,
      followUpAllItems: 4,
      itemsFixed: 0,
      itemsPersisting: 2,
      itemsNew: 0,
      pinned: true,
    });
    expect(result.summary).toMatchObject({ pairs: 1, mean_change: 1, worse: 1, sd_change: null });
    expect(result.summary.pairings['change']!.all_items).toMatchObject({
      mean_baseline: 3,
      mean_follow_up: 4,
    });
  });

  test('an inspection without one edition is an exception and no assessment, but can be counted', () => {
    expect(result.assessments.map((a) => a.externalId)).toEqual(['9', '10', '11', '13', '100', '20']);
    expect(result.pairs.find((p) => p.siteId === 'y')).toMatchObject({
      pairing: 'ends',
      followUpId: '21',
      pinned: false,
      itemsFixed: null,
    });
    expect(result.summary.exceptions_by_code).toEqual({
      'item-without-edition': 1,
      'edition-both': 1,
      'unknown-edition': 1,
      'item-of-other-edition': 1,
      'unknown-item': 1,
      'unknown-relation': 1,
      'unknown-result': 1,
      'not-computable': 2,
    });
  });

  test('a result is compared with the gates of the profile', () => {
    expect(result.summary).toMatchObject({ scored: 7, official_equal: 5 });
    expect(result.assessments.map((a) => a.agrees)).toEqual([true, true, true, true, true, null]);
  });
});

describe('malformed records', () => {
  test('everything wrong in all files is reported with line and column, and nothing is imported', () => {
    const dir = changed('points', {
      'sites.csv': 'site,name,city,lat,lon\ns1,A,,,\ns1,B,,,\n,C,,,\n',
      'visits.csv':
        'visit,site,day,kind,score\nv1,s1,2020-02-30,regular,100\nv1,s1,2020-1-1,regular,ninety\nv3,s1\n',
      'findings.csv': 'visit,item,points,closed\nv1,1,5,yesterday\n',
      'items.csv': 'item,points,critical\n1,five,Y\n',
    });
    expect(faults(() => readRecords(points, dir))).toEqual([
      ['visits.csv', 4, null, 'field-count'],
      ['items.csv', 1, 'text', 'missing-column'],
      ['sites.csv', 3, 'site', 'duplicate-key'],
      ['sites.csv', 4, 'site', 'empty-key'],
      ['visits.csv', 3, 'visit', 'duplicate-key'],
      ['visits.csv', 2, 'day', 'impossible-date'],
      ['visits.csv', 3, 'day', 'impossible-date'],
      ['findings.csv', 2, 'closed', 'impossible-date'],
      ['visits.csv', 3, 'score', 'not-a-number'],
      ['items.csv', 2, 'points', 'not-a-number'],
    ]);
  });

  test('wrong encoding, a broken archive, a missing file', () => {
    const dir = changed('points', {
      'sites.csv': Buffer.from('site,name,city,lat,lon\ns1,Caf\xe9,,,\n', 'latin1'),
      'items.csv.gz': 'no gzip',
    });
    rmSync(join(dir, 'items.csv'));
    rmSync(join(dir, 'findings.csv'));
    expect(faults(() => readRecords(points, dir))).toEqual([
      ['sites.csv', 2, 'name', 'not-utf8'],
      ['findings', null, null, 'missing-file'],
      ['items', null, null, 'not-gzip'],
    ]);
  });

  test('faulty rows can be skipped on demand; each is then an exception', () => {
    const dir = changed('points', {
      'visits.csv': 'visit,site,day,kind,score\nv1,s1,2020-02-30,regular,100\nv2,s1,2020-03-01,regular,100\n',
      'findings.csv': 'visit,item,points,closed\n',
    });
    const result = analyse(readRecords(points, dir, { skipBadRows: true }), points);
    expect(result.assessments.map((a) => a.externalId)).toEqual(['v2']);
    expect(result.summary.exception_list[0]).toMatchObject({
      code: 'impossible-date',
      file: 'visits.csv',
      line: 2,
      column: 'day',
    });
  });

  test('a mapping that does not hold together is refused with the place of each fault', () => {
    const text = (name: string): string => `format: uplift.inspection-mapping/1\ndataset: ${name}\n`;
    const dir = changed('points', {
      'bad.yaml': text('X Y'),
      'worse.yaml': 'a: [1',
      'profile.yaml': 'format: other',
    });
    expect(() => loadMapping(join(dir, 'bad.yaml'))).toThrow(/line 2, column 10.*does not match/s);
    // How it has to look is said, too.
    const shape = expect.objectContaining({ fix: expect.stringContaining('^[a-z][a-z0-9_-]*$') });
    expect(() => loadMapping(join(dir, 'bad.yaml'))).toThrow(
      expect.objectContaining({ fields: expect.arrayContaining([shape]) }) as unknown as Error,
    );
    expect(() => loadMapping(join(dir, 'worse.yaml'))).toThrow(/is not YAML/);
    expect(() => loadMapping(join(dir, 'none.yaml'))).toThrow(/cannot be read/);
  });
});

describe('scoring what is cited', () => {
  const version: ChecklistVersion = {
    format: 'uplift.checklist/1',
    checklist: 'c',
    version: '1',
    title: 'C',
    language: 'en',
    levels: [{ code: 'l', title: 'L' }],
    sections: [{ code: 'S', title: 'S' }],
    requirements: Array.from({ length: 12 }, (_, i) => ({
      code: `R${i}`,
      section: 'S',
      level: 'l',
      question: '?',
      criticality: 'minor' as const,
      weight: (i % 5) * 7.5,
      class: ['critical', 'serious', 'minor'][i % 3]!,
    })),
  };
  const base = { ...points.profile };
  const profiles: Record<string, ScoringProfile> = {
    weights: base,
    gates: editions.profile,
    bar: {
      ...base,
      gates: [
        { gate: 'points', op: '>', value: 70 },
        { gate: 'max-nonconforming-in-class', class: 'serious', max: 1 },
      ],
    },
    unclamped: { ...base, clamp: { min: null, max: null } },
    percent: { ...base, aggregation: { kind: 'weighted-percent' } },
    penalty: { ...base, penalties: [{ on: { answer: 'cited' }, percentOfMax: 3 }] },
  };
  test.each(Object.keys(profiles))('agrees with the domain: %s', (name) => {
    const profile = profiles[name]!;
    expect(() => checkProfile(profile, version)).not.toThrow();
    const quick = citedScoring(version, 'l', profile, points.answers);
    const full = compileScoring(version, 'l', profile);
    for (let bits = 0; bits < 4096; bits += 7) {
      const cited = version.requirements.flatMap((_, i) => (bits & (1 << i) ? [i] : []));
      const { points: p, passed } = full.score(
        responsesOf({ cited: cited.map((i) => `R${i}`) }, version, points.answers),
      );
      expect(quick.score(cited)).toEqual({ points: p, passed });
    }
  });
});
