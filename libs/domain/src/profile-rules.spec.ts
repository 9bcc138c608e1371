import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { ChecklistVersion } from './checklist.js';
import type { DomainError } from './domain-error.js';
import type { Gate, GradeBand, ScoringProfile } from './profile.js';
import { checkProfile } from './profile-rules.js';

const base: ScoringProfile = {
  format: 'uplift.scoring-profile/1',
  profile: 'test',
  version: '1',
  title: 'Test',
  provenance: { source: 'test', status: 'programme-default' },
  answers: [
    { code: 'yes', title: 'Yes', conformity: 'conforming' },
    { code: 'partly', title: 'Partly', conformity: 'partly' },
    { code: 'no', title: 'No', conformity: 'nonconforming' },
    { code: 'na', title: 'N/A', conformity: 'not-applicable' },
  ],
  aggregation: { kind: 'count-matrix' },
};
const list: ChecklistVersion = {
  format: 'uplift.checklist/1',
  checklist: 'test',
  version: '1',
  title: 'Test',
  language: 'en',
  levels: [{ code: 'basic', title: 'Basic' }],
  sections: [
    { code: 'A', title: 'A' },
    { code: 'A.1', title: 'A.1', parent: 'A' },
    { code: 'B', title: 'B' },
  ],
  requirements: [
    {
      code: 'r1',
      section: 'A.1',
      level: 'basic',
      question: '?',
      criticality: 'minor',
      class: 'high',
      weight: 100,
    },
    {
      code: 'r2',
      section: 'B',
      level: 'basic',
      question: '?',
      criticality: 'major',
      class: 'low',
      weight: 200,
    },
    { code: 'r3', section: 'B', level: 'basic', question: '?', criticality: 'major' },
  ],
};
const problem = (profile: ScoringProfile, checklist?: ChecklistVersion): DomainError | null => {
  try {
    checkProfile(profile, checklist);
    return null;
  } catch (error) {
    return error as DomainError;
  }
};
const weighted = { kind: 'weighted-percent' } as const;

describe('shipped profiles', () => {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  const validate = ajv.compile(
    JSON.parse(readFileSync('checklists/schemas/scoring-profile.schema.json', 'utf8')),
  );
  const files = readdirSync('checklists/profiles').filter((f) => f.endsWith('.yaml'));
  const read = (file: string): ScoringProfile => parse(readFileSync(`checklists/profiles/${file}`, 'utf8'));

  test.each(files)('%s is valid by the schema and the rules, and named after its file', (file) => {
    const profile = read(file);
    expect(validate(profile) ? [] : validate.errors).toEqual([]);
    expect(() => checkProfile(profile)).not.toThrow();
    expect(file).toBe(`${profile.profile}.yaml`);
  });

  test('the eleven are there', () => expect(files).toHaveLength(11));

  test.each([
    'programme-default',
    'sqf-code-7-8',
    'globalstd-fsdp',
    'ifs-parent',
    'compound-50-60',
    'deduct-weights',
    'cited-items',
  ])('%s fits the shipped checklists', (name) => {
    for (const path of ['food-manufacturing/1', 'food-manufacturing/2', 'primary-production/1']) {
      expect(() =>
        checkProfile(read(`${name}.yaml`), parse(readFileSync(`checklists/${path}.yaml`, 'utf8'))),
      ).not.toThrow();
    }
  });

  test("our own default does not pass for anybody else's scheme", () => {
    const own = read('programme-default.yaml');
    expect(own.provenance.status).toBe('programme-default');
    expect(own.title).toBe("Programme default, not GFSI's");
  });

  test('figures of ifs-parent that nobody confirmed are marked', () => {
    const ifs = read('ifs-parent.yaml');
    expect(ifs.provenance.status).toBe('unverified');
    expect(ifs.unverified).toEqual(
      expect.arrayContaining([
        '/answers/0/credit',
        '/answers/1/credit',
        '/answers/2/credit',
        '/answers/3/credit',
        '/gates/0/value',
      ]),
    );
    expect(ifs.unverified).not.toContain('/penalties/0/percentOfMax');
  });

  test.each([
    ['an unknown field', { surprise: 1 }],
    ['an unknown aggregation', { aggregation: { kind: 'magic' } }],
    ['a gate without its value', { gates: [{ gate: 'points' }] }],
    [
      'a negative price',
      {
        aggregation: { kind: 'deduct-from-100', start: 100, deduct: { by: 'grade', points: { minor: -1 } } },
      },
    ],
    [
      'an unknown grade',
      {
        answers: [
          { code: 'a', title: 'A', conformity: 'conforming', grade: 'huge' },
          { code: 'b', title: 'B', conformity: 'nonconforming' },
        ],
      },
    ],
  ])('the schema refuses %s', (_, extra) => expect(validate({ ...base, ...extra })).toBe(false));
});

describe('checkProfile', () => {
  test.each<[string, Gate, Partial<ScoringProfile>, boolean]>([
    ['points above 100', { gate: 'points', value: 101 }, {}, false],
    ['exactly 100', { gate: 'points', value: 100 }, {}, true],
    ['more than 100', { gate: 'points', op: '>', value: 100 }, {}, false],
    ['above the clamp', { gate: 'points', value: 90 }, { clamp: { min: 0, max: 80 } }, false],
    [
      'above the start',
      { gate: 'points', value: 60 },
      { aggregation: { kind: 'deduct-from-100', start: 50, deduct: { by: 'weight' } } },
      false,
    ],
    ['every section above 100', { gate: 'every-section', op: '>', value: 100 }, {}, false],
    ['an unknown section', { gate: 'section', section: 'Z', value: 50 }, {}, false],
    ['a section', { gate: 'section', section: 'A', value: 50 }, {}, true],
    ['a section above 100', { gate: 'section', section: 'A', value: 150 }, {}, false],
    ['a class no requirement has', { gate: 'class', class: 'odd', value: 50 }, {}, false],
    [
      'a class the profile does not have',
      { gate: 'class', class: 'high', value: 50 },
      { aggregation: { kind: 'percent-by-class', classes: ['low'] } },
      false,
    ],
    [
      'a class',
      { gate: 'class', class: 'high', value: 100 },
      { aggregation: { kind: 'percent-by-class', classes: ['high', 'low'] } },
      true,
    ],
    ['fewer than 0 findings', { gate: 'max-findings', grade: 'major', max: -1 }, {}, false],
    ['fewer than 0 nonconforming', { gate: 'max-nonconforming-in-class', class: 'low', max: -1 }, {}, false],
    ['301 earned of 301', { gate: 'earned', value: 301 }, { aggregation: weighted }, true],
    ['302 earned of 301', { gate: 'earned', value: 302 }, { aggregation: weighted }, false],
    ['earned in a block', { gate: 'earned', section: 'A', value: 100 }, { aggregation: weighted }, true],
    [
      'too much earned in a block',
      { gate: 'earned', section: 'A', value: 101 },
      { aggregation: weighted },
      false,
    ],
    [
      'earned in an unknown section',
      { gate: 'earned', section: 'Z', value: 1 },
      { aggregation: weighted },
      false,
    ],
    ['required items', { gate: 'required-items' }, {}, true],
  ])('gate: %s', (_, gate, extra, fine) => {
    const error = problem({ ...base, ...extra, gates: [gate] }, list);
    expect(error?.code ?? null).toBe(fine ? null : 'gate-never-passes');
    if (error) expect(error.fields[0]!.field).toMatch(/^\/gates\/0\//);
  });

  const bands = (...b: [number, number][]): GradeBand[] =>
    b.map(([min, max], i) => ({ min, max, label: `g${i}` }));
  const [yes, partly, no, na] = base.answers as [never, never, never, never];
  test.each<[string, string | null, Partial<ScoringProfile>]>([
    ['bands side by side', null, { grades: bands([0, 69], [70, 85], [86, 100]) }],
    ['bands that share an end', 'grades-overlap', { grades: bands([0, 70], [70, 100]) }],
    ['a band in a band', 'grades-overlap', { grades: bands([0, 100], [50, 60]) }],
    ['a band turned round', 'grades-overlap', { grades: bands([69, 0]) }],
    ['no conforming answer', 'no-conforming-answer', { answers: [no, na] }],
    ['no nonconforming answer', 'no-nonconforming-answer', { answers: [yes, na] }],
    ['two answers with one code', 'duplicate-answer', { answers: [yes, no, no, na] }],
    [
      'a credit above 1',
      'credit-out-of-range',
      { answers: [{ ...(yes as object), credit: 2 } as never, no] },
    ],
    [
      'partly above conforming',
      'credit-out-of-range',
      { answers: [{ ...(yes as object), credit: 0.4 } as never, partly, no] },
    ],
    ['no ranks', 'rank-missing', { aggregation: { kind: 'mean-ordinal', min: 1, max: 5 } }],
    [
      'no width',
      'rank-missing',
      {
        answers: [{ ...(yes as object), rank: 1 } as never, { ...(no as object), rank: 1 } as never],
        aggregation: { kind: 'mean-ordinal', min: 1, max: 1 },
      },
    ],
    [
      'a rank outside',
      'rank-missing',
      {
        answers: [{ ...(yes as object), rank: 6 } as never, { ...(no as object), rank: 1 } as never],
        aggregation: { kind: 'mean-ordinal', min: 1, max: 5 },
      },
    ],
    [
      'a grade without a price',
      'deduction-missing',
      { aggregation: { kind: 'deduct-from-100', start: 100, deduct: { by: 'grade', points: { minor: 1 } } } },
    ],
    [
      'a class without a price',
      'deduction-missing',
      { aggregation: { kind: 'deduct-from-100', start: 100, deduct: { by: 'class', points: { high: 7 } } } },
    ],
    [
      'a negative price',
      'deduction-missing',
      {
        aggregation: {
          kind: 'deduct-from-100',
          start: 100,
          deduct: { by: 'grade', points: { critical: 1, major: 1, minor: -1 } },
        },
      },
    ],
    [
      'a penalty on no answer',
      'penalty-unknown-answer',
      { penalties: [{ on: { answer: 'ko' }, percentOfMax: 50 }] },
    ],
    ['an empty clamp', 'clamp-empty', { clamp: { min: 10, max: 0 } }],
    ['a pointer to nothing', 'unverified-pointer', { unverified: ['/gates/0/value'] }],
    ['a pointer to missing members', null, { gates: [], unverified: ['/gates/-', '/answers/0/code'] }],
  ])('%s: %s', (_, code, extra) => {
    expect(problem({ ...base, ...extra }, list)?.code ?? null).toBe(code);
  });

  test('deduct by class names the requirements without a price', () => {
    const error = problem(
      {
        ...base,
        aggregation: { kind: 'deduct-from-100', start: 100, deduct: { by: 'class', points: { high: 7 } } },
      },
      list,
    )!;
    expect(error.fields.map((f) => f.message)).toEqual([
      'Class "low" (r2) has no price.',
      'Requirements without a class: r3.',
    ]);
  });

  test('all problems at once, with a fix each', () => {
    const error = problem({
      ...base,
      answers: [no, na],
      gates: [{ gate: 'points', value: 120 }],
      grades: bands([0, 70], [60, 100]),
    })!;
    expect(error.code).toBe('no-conforming-answer');
    expect(error.fields.map((f) => f.field)).toEqual(
      expect.arrayContaining(['/answers', '/gates/0/value', '/grades/1']),
    );
    expect(error.fields.every((f) => f.fix)).toBe(true);
  });
});
