import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { Response } from './assessment.js';
import type { ChecklistVersion, Requirement } from './checklist.js';
import type { DomainError } from './domain-error.js';
import type { AnswerOption, Gate, ScoringProfile } from './profile.js';
import { checkResponses, compileScoring, levelScope, requirementsAt, score } from './scoring.js';

const ship = (name: string): ScoringProfile =>
  parse(readFileSync(`checklists/profiles/${name}.yaml`, 'utf8'));

type Item = Partial<Requirement> & { code: string };
function checklist(items: readonly Item[], extra: Partial<ChecklistVersion> = {}): ChecklistVersion {
  return {
    format: 'uplift.checklist/1',
    checklist: 'test',
    version: '1',
    title: 'Test',
    language: 'en',
    levels: [
      { code: 'basic', title: 'Basic' },
      { code: 'intermediate', title: 'Intermediate', includes: ['basic'] },
    ],
    sections: [
      { code: 'A', title: 'A' },
      { code: 'A.1', title: 'A.1', parent: 'A' },
      { code: 'A.2', title: 'A.2', parent: 'A' },
      { code: 'B', title: 'B' },
    ],
    requirements: items.map((r) => ({
      section: 'A.1',
      level: 'basic',
      question: '?',
      criticality: 'minor',
      ...r,
    })),
    ...extra,
  };
}
/** `10 of A.1`: codes A.1-1 … A.1-10. */
const many = (n: number, section: string, extra: Partial<Requirement> = {}): Item[] =>
  Array.from({ length: n }, (_, i) => ({ code: `${section}-${i + 1}`, section, ...extra }));

/** Every item gets `otherwise`, except those named. */
function answers(
  cl: ChecklistVersion,
  otherwise: string | null,
  named: Record<string, string | Partial<Response>> = {},
): Response[] {
  return cl.requirements.flatMap((r): Response[] => {
    const own = named[r.code];
    const answer = typeof own === 'string' ? own : (own?.answer ?? otherwise);
    if (answer === null) return [];
    return [
      {
        requirement: r.code,
        answer,
        ...(answer === 'na' ? { naReason: 'none here' } : {}),
        ...(typeof own === 'object' ? own : {}),
      },
    ];
  });
}

const ANSWERS: AnswerOption[] = [
  { code: 'yes', title: 'Yes', conformity: 'conforming' },
  { code: 'partly', title: 'Partly', conformity: 'partly' },
  { code: 'no', title: 'No', conformity: 'nonconforming' },
  { code: 'na', title: 'N/A', conformity: 'not-applicable' },
];
function profile(extra: Partial<ScoringProfile> = {}): ScoringProfile {
  return {
    format: 'uplift.scoring-profile/1',
    profile: 'test',
    version: '1',
    title: 'Test',
    provenance: { source: 'test', status: 'programme-default' },
    answers: ANSWERS,
    aggregation: { kind: 'count-matrix' },
    ...extra,
  };
}
const withGates = (...gates: Gate[]) => profile({ gates });
const thrown = (run: () => unknown): DomainError => {
  try {
    run();
  } catch (error) {
    return error as DomainError;
  }
  throw new Error('nothing was thrown');
};

describe('edge tests of the scoring models', () => {
  const two = checklist([...many(2, 'A.1'), ...many(2, 'B')]);

  test('a section that is all N/A is not rated, and leaves numerator and denominator', () => {
    const s = score(
      two,
      'basic',
      profile(),
      answers(two, 'yes', { 'B-1': 'na', 'B-2': 'na', 'A.1-1': 'no' }),
    );
    expect(s.points).toBe(50);
    expect(s.sections.find((x) => x.section === 'B')).toMatchObject({
      status: 'not-rated',
      points: null,
      earned: 0,
      possible: 0,
    });
    expect(s.sections.find((x) => x.section === 'A')).toMatchObject({ status: 'rated', points: 50 });
    expect(s.sections.map((x) => x.section)).toEqual(['A', 'A.1', 'A.2', 'B']);
    expect(s.counts).toEqual({
      total: 4,
      applicable: 2,
      conforming: 1,
      partly: 0,
      nonconforming: 1,
      notApplicable: 2,
      notAssessed: 0,
    });
  });

  test('everything N/A cannot be scored: neither 0 nor 100', () => {
    const s = score(two, 'basic', withGates({ gate: 'points', value: 0 }), answers(two, 'na'));
    expect(s).toMatchObject({
      status: 'not-scorable',
      reason: 'no-applicable-requirement',
      points: null,
      provisionalPoints: null,
      grade: null,
      passed: null,
    });
    expect(s.gates[0]).toMatchObject({ holds: null, actual: null, reason: 'not-scorable' });
  });

  test('unanswered is not N/A and not No', () => {
    const unanswered = score(two, 'basic', profile(), answers(two, 'yes', {}).slice(1));
    const na = score(two, 'basic', profile(), answers(two, 'yes', { 'A.1-1': 'na' }));
    const no = score(two, 'basic', profile(), answers(two, 'yes', { 'A.1-1': 'no' }));
    expect(unanswered).toMatchObject({
      status: 'not-scorable',
      reason: 'unanswered-requirements',
      points: null,
      provisionalPoints: 100,
    });
    expect(unanswered.counts).toMatchObject({ applicable: 4, conforming: 3, notAssessed: 1 });
    expect(unanswered.items[0]).toMatchObject({ conformity: 'not-assessed', answer: null, effect: 0 });
    expect(unanswered.sections.find((x) => x.section === 'A.1')).toMatchObject({
      status: 'not-rated',
      points: null,
    });
    expect(unanswered.sections.find((x) => x.section === 'B')).toMatchObject({
      status: 'rated',
      points: 100,
    });
    expect(na.points).toBe(100);
    expect(no.points).toBe(75);
  });

  test('KO with everything else at 100 %', () => {
    const cl = checklist(many(20, 'A.1'));
    const s = score(cl, 'basic', ship('ifs-parent'), answers(cl, 'a', { 'A.1-1': 'ko' }));
    expect(s.points).toBe(45); // 19/20 = 95 %, less 50
    expect(s.penalties).toMatchObject([
      { times: 0, points: 0 },
      { times: 1, points: 50 },
    ]);
    expect(s.passed).toBe(false);
    expect(s.items[0]).toMatchObject({ effect: 55, findingGrade: 'critical' });
  });

  test.each([
    ['>=', 95, true],
    ['>', 95, false],
    ['>=', 95.000001, false],
    ['>', 94.999999, true],
  ] as const)('exactly on the threshold: 95 points %s %d is %s', (op, value, holds) => {
    const cl = checklist(many(20, 'A.1'));
    const s = score(
      cl,
      'basic',
      withGates({ gate: 'points', op, value }),
      answers(cl, 'yes', { 'A.1-1': 'no' }),
    );
    expect(s.points).toBe(95);
    expect(s.gates[0]).toMatchObject({
      holds,
      actual: 95,
      needed: value,
      reason: holds ? 'holds' : 'points-below',
    });
    expect(s.passed).toBe(holds);
  });

  test('on the threshold with weights that binary fractions cannot hold', () => {
    const cl = checklist([
      { code: 'a', weight: 0.1 },
      { code: 'b', weight: 0.2 },
      { code: 'c', weight: 0.3 },
      { code: 'd', weight: 0.4 },
    ]);
    const s = score(
      cl,
      'basic',
      profile({ aggregation: { kind: 'weighted-percent' }, gates: [{ gate: 'points', value: 60 }] }),
      answers(cl, 'yes', { d: 'no' }),
    );
    expect(s.points).toBe(60);
    expect(s.passed).toBe(true);
  });

  test('deductions below 0 stay at 0, or do not when the profile says so', () => {
    const cl = checklist(many(3, 'A.1'));
    const three = answers(cl, 'critical');
    const clamped = score(cl, 'basic', ship('globalstd-fsdp'), three);
    expect(clamped).toMatchObject({ points: 0, clamped: true, earned: -200, possible: 100 });
    expect(clamped.items[0]).toMatchObject({ deduction: 100, effect: 0 }); // two more criticals hold it at 0
    const open = score(cl, 'basic', { ...ship('globalstd-fsdp'), clamp: { min: null, max: 100 } }, three);
    expect(open).toMatchObject({ points: -200, clamped: false });
    expect(open.items[0]!.effect).toBe(100);
  });

  test.each([
    ['yes', 100, true],
    ['no', 0, false],
    ['na', null, null],
  ] as const)('percent by class with a single item answered %s', (answer, points, holds) => {
    const cl = checklist([{ code: 'one', class: 'major-must' }, ...many(20, 'B', { class: 'minor-must' })]);
    const s = score(cl, 'basic', ship('globalgap-ifa'), answers(cl, 'yes', { one: answer, 'B-1': 'no' }));
    expect(s.classes[0]).toMatchObject({ class: 'major-must', points });
    expect(s.gates[0]!.holds).toBe(holds);
    expect(s.gates[1]).toMatchObject({ holds: true, actual: 95 });
    expect(s.passed).toBe(holds !== false);
  });

  test('a major closed after the audit counts after closure only', () => {
    const cl = checklist(many(10, 'A.1'));
    const given = answers(cl, 'conform', {
      'A.1-1': { answer: 'major', closedOn: '2024-05-01' },
      'A.1-2': 'minor',
    });
    const found = score(cl, 'basic', ship('globalstd-fsdp'), given);
    const after = score(cl, 'basic', ship('globalstd-fsdp'), given, 'after-closure');
    expect(found).toMatchObject({ points: 88, passed: false, view: 'as-found' });
    expect(found.findings).toMatchObject({ major: 1, minor: 1 });
    expect(found.openFindings).toEqual(found.findings);
    expect(found.gates[0]).toMatchObject({ reason: 'too-many-findings', requirements: ['A.1-1'] });
    expect(after).toMatchObject({ points: 98, passed: true, view: 'after-closure' });
    expect(after.findings).toMatchObject({ major: 1, minor: 1 });
    expect(after.openFindings).toMatchObject({ major: 0, minor: 1 });
    expect(after.items[0]).toMatchObject({
      conformity: 'conforming',
      answer: 'major',
      findingGrade: 'major',
      closed: true,
      deduction: 0,
      effect: 0,
    });
  });

  test('editions do not mix: responses of another edition are unknown and score nothing', () => {
    const one = checklist(many(2, 'A.1')),
      other = checklist(many(2, 'B'), { version: '2' });
    const given = answers(one, 'yes');
    expect(score(other, 'basic', profile(), given)).toMatchObject({
      status: 'not-scorable',
      reason: 'unanswered-requirements',
      provisionalPoints: null,
    });
    const error = thrown(() => checkResponses(other, 'basic', profile(), given, { complete: true }));
    expect(error.code).toBe('unknown-requirement');
    expect(error.fields.map((f) => f.field)).toEqual([
      '/responses/0/requirement',
      '/responses/1/requirement',
      '/requirements/B-1',
      '/requirements/B-2',
    ]);
  });

  test('weights that are all 0 leave nothing to rate', () => {
    const cl = checklist(many(2, 'A.1', { weight: 0 }));
    expect(
      score(cl, 'basic', profile({ aggregation: { kind: 'weighted-percent' } }), answers(cl, 'yes')),
    ).toMatchObject({
      status: 'not-scorable',
      reason: 'nothing-to-rate',
      points: null,
      provisionalPoints: null,
    });
  });
});

describe('golden numbers of the shipped profiles', () => {
  const hundred = checklist(many(100, 'A.1'));

  test.each([
    ['all conform', {}, 100, true],
    ['minors do not fail', { 'A.1-1': 'minor', 'A.1-2': 'minor' }, 98, true],
    ['one major fails', { 'A.1-1': 'major' }, 99, false],
    ['N/A leaves the denominator', { 'A.1-1': 'na', 'A.1-2': 'na', 'A.1-3': 'minor' }, 98.979592, true],
  ] as const)('programme-default: %s', (_, named, points, passed) => {
    expect(
      score(hundred, 'basic', ship('programme-default'), answers(hundred, 'conform', named)),
    ).toMatchObject({ points, passed });
  });

  const minors = (n: number) =>
    Object.fromEntries(Array.from({ length: n }, (_, i) => [`A.1-${i + 1}`, 'minor']));
  test.each([
    [0, {}, 100, 'E', true],
    [4, {}, 96, 'E', true],
    [5, {}, 95, 'G', true],
    [14, {}, 86, 'G', true],
    [15, {}, 85, 'C', true],
    [30, {}, 70, 'C', true],
    [31, {}, 69, 'F', false],
    [2, { 'A.1-99': 'major' }, 88, 'G', true],
    [0, { 'A.1-99': 'critical' }, 50, 'F', false],
    [0, { 'A.1-98': 'critical', 'A.1-99': 'critical', 'A.1-97': 'major' }, 0, 'F', false],
  ] as const)('sqf-code-7-8: %d minors and %j: %d points, %s', (n, more, points, grade, passed) => {
    expect(
      score(hundred, 'basic', ship('sqf-code-7-8'), answers(hundred, 'conform', { ...minors(n), ...more })),
    ).toMatchObject({ points, grade, passed });
  });

  test.each([
    [85.5, 'C'],
    [95.999999, 'G'],
    [69.5, 'F'],
    [0, 'F'],
  ] as const)('%d points between bands: %s', (points, label) => {
    const cl = checklist([{ code: 'x', weight: 100 - points }]);
    const p = { ...ship('deduct-weights'), grades: ship('sqf-code-7-8').grades };
    expect(score(cl, 'basic', p, answers(cl, 'cited'))).toMatchObject({ points, grade: label });
  });

  test('points under the lowest band have no grade', () => {
    const cl = checklist(many(2, 'A.1'));
    expect(
      score(
        cl,
        'basic',
        profile({ grades: [{ min: 60, max: 100, label: 'ok' }] }),
        answers(cl, 'yes', { 'A.1-1': 'no' }),
      ).grade,
    ).toBeNull();
  });

  test.each([
    [{ 'A.1-1': 'minor' }, 98, true],
    [{ 'A.1-1': 'major' }, 90, false],
    [{ 'A.1-1': 'critical' }, 0, false],
  ] as const)('globalstd-fsdp: %j', (named, points, passed) => {
    expect(score(hundred, 'basic', ship('globalstd-fsdp'), answers(hundred, 'conform', named))).toMatchObject(
      { points, passed },
    );
  });

  test.each([
    [{}, 100, true],
    [{ 'A.1-1': 'b' }, 97.5, true],
    [{ 'A.1-1': 'c' }, 92.5, true],
    [{ 'A.1-1': 'd' }, 80, true],
    [{ 'A.1-1': 'major' }, 75, true],
    [{ 'A.1-1': 'major', 'A.1-2': 'b' }, 72.5, false],
    [{ 'A.1-1': 'ko', 'A.1-2': 'ko' }, 0, false],
  ] as const)('ifs-parent on ten items: %j', (named, points, passed) => {
    const ten = checklist(many(10, 'A.1'));
    const s = score(ten, 'basic', ship('ifs-parent'), answers(ten, 'a', named));
    expect(s).toMatchObject({ points, passed });
    expect(s.findings.observation).toBe(
      Object.values(named as Record<string, string>).filter((a) => a === 'b').length,
    );
  });

  test.each([
    [3, 350, true],
    [4, 325, false],
  ] as const)('retailer-350: %d items of 25 points missed leaves %d', (missed, earned, passed) => {
    const cl = checklist(many(17, 'A.1', { weight: 25 }));
    const no = Object.fromEntries(Array.from({ length: missed }, (_, i) => [`A.1-${i + 1}`, 'no']));
    const s = score(cl, 'basic', ship('retailer-350'), answers(cl, 'yes', no));
    expect(s).toMatchObject({ earned, possible: 425, passed });
    expect(s.gates[0]).toMatchObject({ actual: earned, needed: 350 });
  });

  test.each([
    ['half of a section is not more than 50 %', { 'B-1': 'no' }, false, [false, true, null]],
    ['all but one', { 'A.1-1': 'no' }, true, [true, true, null]],
  ] as const)('compound-50-60: %s', (_, named, passed, holds) => {
    const cl = checklist([...many(8, 'A.1'), ...many(2, 'B')]);
    const s = score(cl, 'basic', ship('compound-50-60'), answers(cl, 'yes', named));
    expect(s.passed).toBe(passed);
    expect(s.gates.map((g) => g.holds)).toEqual(holds);
  });

  test('compound-50-60: a mandatory item decides alone', () => {
    const cl = checklist([...many(9, 'A.1'), { code: 'must', required: true }]);
    const s = score(cl, 'basic', ship('compound-50-60'), answers(cl, 'yes', { must: 'no' }));
    expect(s).toMatchObject({ points: 90, passed: false });
    expect(s.gates[2]).toMatchObject({
      holds: false,
      actual: 1,
      needed: 0,
      reason: 'required-not-conforming',
      requirements: ['must'],
    });
  });

  test('deduct-weights', () => {
    const cl = checklist([{ code: 'a', weight: 5 }, { code: 'b', weight: 1, section: 'B' }, { code: 'c' }]);
    const s = score(cl, 'basic', ship('deduct-weights'), answers(cl, 'ok', { a: 'cited', b: 'cited' }));
    expect(s).toMatchObject({ points: 94, passed: null, grade: null, earned: 94, possible: 100 });
    expect(s.items.map((i) => [i.weight, i.deduction, i.earned, i.effect])).toEqual([
      [5, 5, -5, 5],
      [1, 1, -1, 1],
      [1, 0, 0, 0],
    ]);
    expect(s.sections.map((x) => x.points)).toEqual([95, 95, null, 99]);
  });

  test('deduct-risk-7-4-2', () => {
    const cl = checklist([
      { code: 'h', class: 'high' },
      { code: 'm', class: 'moderate' },
      { code: 'l', class: 'low' },
      { code: 'l2', class: 'low' },
    ]);
    const s = score(cl, 'basic', ship('deduct-risk-7-4-2'), answers(cl, 'cited', { l2: 'ok' }));
    expect(s.points).toBe(87);
    expect(s.classes.map((c) => [c.class, c.points])).toEqual([
      ['high', 93],
      ['moderate', 96],
      ['low', 98],
    ]);
    const unpriced = checklist([{ code: 'x', class: 'odd' }]);
    expect(thrown(() => compileScoring(unpriced, 'basic', ship('deduct-risk-7-4-2'))).code).toBe(
      'deduction-missing',
    );
  });

  test.each([
    ['minor', true],
    ['serious', false],
    ['critical', false],
  ] as const)('gate-critical-serious: a %s item cited', (cls, passed) => {
    const cl = checklist([
      ...many(9, 'A.1', { class: 'minor' }),
      { code: 's', class: 'serious' },
      { code: 'c', class: 'critical' },
      { code: 'x', class: cls },
    ]);
    const s = score(cl, 'basic', ship('gate-critical-serious'), answers(cl, 'ok', { x: 'cited' }));
    expect(s).toMatchObject({ points: 91.666667, passed });
    expect(s.gates.flatMap((g) => g.requirements ?? [])).toEqual(passed ? [] : ['x']);
  });

  test('cited-items rates and neither passes nor fails', () => {
    const cl = checklist(many(4, 'A.1'));
    expect(score(cl, 'basic', ship('cited-items'), answers(cl, 'ok', { 'A.1-1': 'cited' }))).toMatchObject({
      points: 75,
      passed: null,
      gates: [],
    });
  });
});

describe('aggregations and gates', () => {
  test('count-matrix: partly earns its credit, weights do not count', () => {
    const cl = checklist([{ code: 'a', weight: 9 }, { code: 'b' }]);
    const s = score(cl, 'basic', profile(), answers(cl, 'yes', { a: 'partly' }));
    expect(s).toMatchObject({ points: 75, earned: 1.5, possible: 2 });
    expect(s.items[0]).toMatchObject({ conformity: 'partly', findingGrade: 'minor', weight: 1, effect: 25 });
  });

  test('mean-ordinal: place of the mean rank', () => {
    const ranks = [1, 2, 3, 4, 5].map((rank): AnswerOption => ({
      code: `r${rank}`,
      title: `${rank}`,
      rank,
      conformity: rank < 3 ? 'nonconforming' : 'conforming',
    }));
    const p = profile({
      answers: [...ranks, ANSWERS[3]!],
      aggregation: { kind: 'mean-ordinal', min: 1, max: 5 },
    });
    const cl = checklist(many(4, 'A.1'));
    const s = score(cl, 'basic', p, answers(cl, 'r3', { 'A.1-1': 'r1', 'A.1-2': 'r5', 'A.1-3': 'na' }));
    expect(s).toMatchObject({ points: 50, earned: 6, possible: 12 });
    expect(s.items.map((i) => i.effect)).toEqual([33.333333, 0, 0, 16.666667]);
    expect(thrown(() => score(cl, 'basic', { ...p, answers: ANSWERS }, [])).code).toBe('rank-missing');
  });

  test('deduct by weight: partly costs what it falls short', () => {
    const cl = checklist([{ code: 'a', weight: 4 }]);
    expect(
      score(
        cl,
        'basic',
        profile({ aggregation: { kind: 'deduct-from-100', start: 100, deduct: { by: 'weight' } } }),
        answers(cl, 'partly'),
      ).points,
    ).toBe(98);
  });

  test('a penalty "once" counts once, and ends with the last occurrence only', () => {
    const cl = checklist(many(10, 'A.1', { required: true }));
    const p = profile({ penalties: [{ on: { required: 'nonconforming' }, percentOfMax: 20, once: true }] });
    const both = score(cl, 'basic', p, answers(cl, 'yes', { 'A.1-1': 'no', 'A.1-2': 'no' }));
    expect(both).toMatchObject({ points: 60, penalties: [{ times: 2, points: 20 }] });
    expect(both.items[0]!.effect).toBe(10);
    expect(score(cl, 'basic', p, answers(cl, 'yes', { 'A.1-1': 'no' })).items[0]!.effect).toBe(30);
  });

  test('a penalty on a grade', () => {
    const cl = checklist(many(10, 'A.1', { criticality: 'major' }));
    expect(
      score(
        cl,
        'basic',
        profile({ penalties: [{ on: { grade: 'major' }, percentOfMax: 15 }] }),
        answers(cl, 'yes', { 'A.1-1': 'no', 'A.1-2': 'no' }),
      ).points,
    ).toBe(50);
  });

  const cl = checklist([...many(4, 'A.1'), ...many(4, 'B'), { code: 'empty', section: 'A.2' }]);
  test.each<
    [
      string,
      Gate,
      Record<string, string>,
      Partial<{
        holds: boolean | null;
        actual: number;
        reason: string;
        requirements: string[];
        sections: string[];
      }>,
    ]
  >([
    ['section', { gate: 'section', section: 'B', value: 75 }, { 'B-1': 'no' }, { holds: true, actual: 75 }],
    [
      'section, strict',
      { gate: 'section', section: 'B', op: '>', value: 75 },
      { 'B-1': 'no', 'A.1-1': 'no' },
      { holds: false, reason: 'section-below', requirements: ['B-1'], sections: ['B'] },
    ],
    [
      'block of sections',
      { gate: 'section', section: 'A', value: 80 },
      { 'A.1-1': 'no' },
      { holds: true, actual: 80 },
    ],
    [
      'not rated',
      { gate: 'section', section: 'A.2', value: 80 },
      { empty: 'na' },
      { holds: null, reason: 'not-rated' },
    ],
    [
      'every section leaves the not rated out',
      { gate: 'every-section', value: 75 },
      { empty: 'na', 'B-1': 'no' },
      { holds: true, actual: 75 },
    ],
    [
      'every section',
      { gate: 'every-section', value: 75 },
      { 'B-1': 'no', 'B-2': 'partly' },
      { holds: false, actual: 62.5, sections: ['B'], requirements: ['B-1', 'B-2'] },
    ],
    [
      'earned',
      { gate: 'earned', value: 8 },
      { 'B-1': 'no', 'B-2': 'partly' },
      { holds: false, actual: 7.5, reason: 'earned-below', requirements: ['B-1', 'B-2'] },
    ],
    [
      'earned in a section',
      { gate: 'earned', section: 'A', value: 5 },
      { 'A.1-2': 'no', 'B-1': 'no' },
      { holds: false, actual: 4, requirements: ['A.1-2'] },
    ],
    [
      'findings',
      { gate: 'max-findings', grade: 'minor', max: 1 },
      { 'B-1': 'no', 'B-2': 'no' },
      { holds: false, actual: 2, requirements: ['B-1', 'B-2'] },
    ],
    [
      'class not there',
      { gate: 'max-nonconforming-in-class', class: 'x', max: 0 },
      {},
      { holds: null, reason: 'not-rated' },
    ],
    ['no required items', { gate: 'required-items' }, {}, { holds: null, reason: 'not-rated' }],
  ])('gate: %s', (_, gate, named, expected) => {
    const s = score(cl, 'basic', withGates(gate), answers(cl, 'yes', named));
    expect(s.gates[0]).toMatchObject(expected);
    expect(s.passed).toBe(expected.holds);
  });

  test('a gate without `open` counts findings that were closed', () => {
    const given = answers(cl, 'yes', { 'B-1': { answer: 'no', closedOn: '2024-01-01' } });
    const gates = (view: 'as-found' | 'after-closure') =>
      score(
        cl,
        'basic',
        withGates(
          { gate: 'max-findings', grade: 'minor', max: 0 },
          { gate: 'max-findings', grade: 'minor', max: 0, open: true },
        ),
        given,
        view,
      ).gates.map((g) => g.holds);
    expect(gates('as-found')).toEqual([false, false]);
    expect(gates('after-closure')).toEqual([false, true]);
  });
});

describe('levels, subsets, refusals', () => {
  const cl = checklist([{ code: 'b' }, { code: 'i', level: 'intermediate' }, { code: 't', level: 'top' }], {
    levels: [
      { code: 'basic', title: 'B' },
      { code: 'intermediate', title: 'I', includes: ['basic'] },
      { code: 'top', title: 'T', includes: ['intermediate'] },
    ],
  });
  test('levels include levels transitively', () => {
    expect([...levelScope(cl, 'top')].sort()).toEqual(['basic', 'intermediate', 'top']);
    expect(requirementsAt(cl, 'basic').map((r) => r.code)).toEqual(['b']);
    expect(requirementsAt(cl, 'intermediate').map((r) => r.code)).toEqual(['b', 'i']);
    expect(thrown(() => levelScope(cl, 'gold'))).toMatchObject({
      code: 'unknown-level',
      fields: [{ field: '/level', fix: expect.stringContaining('basic') }],
    });
  });

  test('`only` scores a subset and leaves other responses aside', () => {
    const compiled = compileScoring(cl, 'top', profile(), new Set(['b', 't']));
    expect(compiled.requirements.map((r) => r.code)).toEqual(['b', 't']);
    expect(compiled.score(answers(cl, 'yes', { i: 'no', t: 'no' }))).toMatchObject({
      status: 'scored',
      points: 50,
      level: 'top',
    });
  });

  test('an answer off the scale, a second response, a circle of sections', () => {
    expect(thrown(() => score(cl, 'top', profile(), answers(cl, 'maybe'))).code).toBe('answer-out-of-scale');
    expect(
      thrown(() => score(cl, 'top', profile(), [...answers(cl, 'yes'), ...answers(cl, 'no')])).code,
    ).toBe('duplicate-response');
    const circle = {
      ...cl,
      sections: [
        { code: 'A.1', title: 'x', parent: 'B' },
        { code: 'B', title: 'y', parent: 'A.1' },
      ],
    };
    expect(thrown(() => compileScoring(circle, 'top', profile())).code).toBe('checklist-cycle');
    expect(thrown(() => compileScoring({ ...cl, sections: [] }, 'top', profile())).code).toBe(
      'unknown-section',
    );
    expect(thrown(() => compileScoring(cl, 'top', profile({ answers: [ANSWERS[2]!] }))).code).toBe(
      'no-conforming-answer',
    );
  });

  test('checkResponses tells every problem at once', () => {
    const strict = checklist([
      { code: 'a' },
      { code: 'b', naAllowed: false },
      { code: 'c' },
      { code: 'i', level: 'intermediate' },
    ]);
    const error = thrown(() =>
      checkResponses(
        strict,
        'basic',
        profile(),
        [
          { requirement: 'a', answer: 'na', naReason: ' \u200b\u3164' },
          { requirement: 'b', answer: 'na', naReason: 'because' },
          { requirement: 'a', answer: 'perhaps' },
          { requirement: 'zzz', answer: 'yes' },
          { requirement: 'i', answer: 'yes' },
        ],
        { complete: true },
      ),
    );
    expect(error.code).toBe('unknown-requirement');
    expect(error.kind).toBe('invalid');
    expect(error.fields.map((f) => f.field)).toEqual([
      '/responses/0/naReason',
      '/responses/1/answer',
      '/responses/2/requirement',
      '/responses/2/answer',
      '/responses/3/requirement',
      '/responses/4/requirement',
      '/requirements/c',
    ]);
    expect(error.fields.every((f) => f.fix)).toBe(true);
  });

  test.each([
    ['na-without-reason', [{ requirement: 'a', answer: 'na' }], false],
    ['na-not-allowed', [{ requirement: 'b', answer: 'na', naReason: 'x' }], false],
    ['answer-out-of-scale', [{ requirement: 'a', answer: '' }], false],
    [
      'duplicate-response',
      [
        { requirement: 'a', answer: 'yes' },
        { requirement: 'a', answer: 'yes' },
      ],
      false,
    ],
    ['unanswered-requirements', [{ requirement: 'a', answer: 'yes' }], true],
    [null, [{ requirement: 'a', answer: 'yes' }], false],
    [
      null,
      [
        { requirement: 'a', answer: 'yes' },
        { requirement: 'b', answer: 'no' },
      ],
      true,
    ],
  ] as const)('checkResponses: %s', (code, given, complete) => {
    const run = () =>
      checkResponses(checklist([{ code: 'a' }, { code: 'b', naAllowed: false }]), 'basic', profile(), given, {
        complete,
      });
    if (code === null) expect(run).not.toThrow();
    else expect(thrown(run).code).toBe(code);
  });
});

describe('properties', () => {
  const RANKED = ANSWERS.map((a, i) => (a.code === 'na' ? a : { ...a, rank: 3 - i }));
  const aggregations: ScoringProfile['aggregation'][] = [
    { kind: 'count-matrix' },
    { kind: 'weighted-percent' },
    { kind: 'percent-by-class', classes: ['x', 'y'] },
    { kind: 'mean-ordinal', min: 1, max: 3 },
    { kind: 'deduct-from-100', start: 100, deduct: { by: 'weight' } },
    { kind: 'deduct-from-100', start: 100, deduct: { by: 'class', points: { x: 7, y: 2.5 } } },
    {
      kind: 'deduct-from-100',
      start: 100,
      deduct: { by: 'grade', points: { critical: 50, major: 10, minor: 1 } },
    },
  ];
  const anItem = fc.record({
    section: fc.constantFrom('A', 'A.1', 'A.2', 'B'),
    criticality: fc.constantFrom('critical' as const, 'major' as const, 'minor' as const),
    weight: fc.integer({ min: 1, max: 50 }).map((w) => w / 10),
    class: fc.constantFrom('x', 'y'),
    required: fc.boolean(),
    answer: fc.constantFrom('yes', 'partly', 'no', 'na'),
    closed: fc.boolean(),
  });
  const aCase = fc.record({
    items: fc.array(anItem, { minLength: 1, maxLength: 25 }),
    aggregation: fc.constantFrom(...aggregations),
    penalties: fc.constantFrom<NonNullable<ScoringProfile['penalties']>>(
      [],
      [{ on: { grade: 'critical' }, percentOfMax: 15 }],
      [
        { on: { required: 'nonconforming' }, percentOfMax: 30, once: true },
        { on: { answer: 'partly' }, percentOfMax: 1 },
      ],
    ),
    view: fc.constantFrom('as-found' as const, 'after-closure' as const),
    clamped: fc.boolean(),
  });
  type Case = typeof aCase extends fc.Arbitrary<infer T> ? T : never;
  const build = (c: Case) => {
    const cl = checklist(c.items.map(({ answer: _, closed: __, ...r }, i) => ({ code: `r${i}`, ...r })));
    const given: Response[] = c.items.map((x, i) => ({
      requirement: `r${i}`,
      answer: x.answer,
      ...(x.closed ? { closedOn: '2024-01-01' } : {}),
    }));
    const p = profile({
      answers: RANKED,
      aggregation: c.aggregation,
      penalties: c.penalties,
      ...(c.clamped ? {} : { clamp: { min: null, max: null } }),
    });
    return { given, compiled: compileScoring(cl, 'basic', p) };
  };

  test('fixing an item never lowers the points, and raises them by its effect', () => {
    fc.assert(
      fc.property(aCase, fc.nat(), (c, pick) => {
        const { given, compiled } = build(c);
        const i = pick % given.length;
        fc.pre(given[i]!.answer !== 'na');
        const before = compiled.score(given, c.view);
        const after = compiled.score(
          given.map((r, k) => (k === i ? { ...r, answer: 'yes' } : r)),
          c.view,
        );
        expect(after.points!).toBeGreaterThanOrEqual(before.points! - 1e-6);
        expect(before.points! + before.items[i]!.effect).toBeCloseTo(after.points!, 5);
      }),
      { numRuns: 500 },
    );
  });

  test('the order of the responses does not matter', () => {
    fc.assert(
      fc.property(aCase, fc.infiniteStream(fc.nat(1000)), (c, keys) => {
        const { given, compiled } = build(c);
        const shuffled = given
          .map((r) => ({ r, k: keys.next().value as number }))
          .sort((a, b) => a.k - b.k)
          .map((x) => x.r);
        expect(compiled.score(shuffled, c.view)).toEqual(compiled.score(given, c.view));
      }),
      { numRuns: 200 },
    );
  });

  test('an N/A item changes nothing: the same as a checklist without it', () => {
    fc.assert(
      fc.property(aCase, (c) => {
        const { given, compiled } = build(c);
        const without = { ...c, items: c.items.filter((x) => x.answer !== 'na') };
        fc.pre(without.items.length > 0);
        const rest = build(without);
        const a = compiled.score(given, c.view),
          b = rest.compiled.score(rest.given, c.view);
        expect([a.points, a.earned, a.possible, a.findings]).toEqual([
          b.points,
          b.earned,
          b.possible,
          b.findings,
        ]);
      }),
      { numRuns: 200 },
    );
  });

  test('points stay in the clamp; counts, blocks and items add up; the whole is the sum of its items', () => {
    fc.assert(
      fc.property(aCase, (c) => {
        const { given, compiled } = build(c);
        const s = compiled.score(given, c.view);
        if (c.clamped && s.points !== null) expect(s.points >= 0 && s.points <= 100).toBe(true);
        const { conforming, partly, nonconforming, notApplicable, notAssessed, total, applicable } = s.counts;
        expect(conforming + partly + nonconforming + notApplicable + notAssessed).toBe(total);
        expect(applicable).toBe(total - notApplicable);
        const top = s.sections.filter((x) => !x.section.includes('.'));
        expect(top.reduce((sum, x) => sum + x.counts.total, 0)).toBe(total);
        const start = c.aggregation.kind === 'deduct-from-100' ? 100 : 0;
        expect(s.items.reduce((sum, x) => sum + x.earned, start)).toBeCloseTo(s.earned, 5);
        expect(s.items.every((x) => x.effect >= 0)).toBe(true);
        expect(s.status === 'scored').toBe(c.items.some((x) => x.answer !== 'na'));
      }),
      { numRuns: 300 },
    );
  });

  test('closing nonconformities never lowers the points', () => {
    fc.assert(
      fc.property(aCase, (c) => {
        const { given, compiled } = build(c);
        expect(compiled.score(given, 'after-closure').points ?? 0).toBeGreaterThanOrEqual(
          (compiled.score(given, 'as-found').points ?? 0) - 1e-6,
        );
      }),
      { numRuns: 200 },
    );
  });

  test('leaving an answer out makes it not scorable, whatever the rest', () => {
    fc.assert(
      fc.property(aCase, fc.nat(), (c, pick) => {
        const { given, compiled } = build(c);
        const s = compiled.score(
          given.filter((_, k) => k !== pick % given.length),
          c.view,
        );
        expect(s).toMatchObject({
          status: 'not-scorable',
          reason: 'unanswered-requirements',
          points: null,
          passed: null,
        });
      }),
      { numRuns: 100 },
    );
  });
});
