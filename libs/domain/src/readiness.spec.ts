import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { Response } from './assessment.js';
import type { ChecklistVersion, Requirement } from './checklist.js';
import type { Aggregation, ScoringProfile } from './profile.js';
import {
  checkBuyerRule,
  evaluateReadiness,
  readinessOn,
  rescorer,
  type BuyerRule,
  type ReadinessCandidate,
} from './readiness.js';
import { compileScoring, type ScoreView } from './scoring.js';

const checklistOf = (requirements: (Partial<Requirement> & { code: string })[]): ChecklistVersion => ({
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
    { code: 'B', title: 'B' },
  ],
  requirements: requirements.map((r) => ({
    section: 'A.1',
    level: 'basic',
    question: '?',
    criticality: 'minor',
    ...r,
  })),
});
const profileOf = (
  aggregation: Aggregation = { kind: 'weighted-percent' },
  extra: Partial<ScoringProfile> = {},
): ScoringProfile => ({
  format: 'uplift.scoring-profile/1',
  profile: 'test',
  version: '1',
  title: 'Test',
  provenance: { source: 'test', status: 'programme-default' },
  answers: [
    { code: 'yes', title: 'Yes', conformity: 'conforming', rank: 5 },
    { code: 'partly', title: 'Partly', conformity: 'partly', rank: 3 },
    { code: 'no', title: 'No', conformity: 'nonconforming', rank: 1 },
    { code: 'na', title: 'N/A', conformity: 'not-applicable' },
  ],
  aggregation,
  grades: [
    { min: 80, max: 100, label: 'A' },
    { min: 50, max: 79.999999, label: 'B' },
    { min: 0, max: 49.999999, label: 'C' },
  ],
  ...extra,
});
const ruleOf = (extra: Partial<BuyerRule> = {}): BuyerRule => ({
  format: 'uplift.buyer-rule/1',
  buyer: 'north-market',
  rule: 'fresh',
  version: '1',
  title: 'Fresh produce',
  categories: ['dairy'],
  checklist: 'test',
  level: 'basic',
  profile: 'test',
  maxAgeDays: 365,
  ...extra,
});
const candidate = (
  cl: ChecklistVersion,
  answers: Record<string, string | Partial<Response>>,
  extra: Partial<ReadinessCandidate> & { view?: ScoreView } = {},
): ReadinessCandidate => {
  const profile = extra.profile ?? profileOf();
  const responses = Object.entries(answers).map(([requirement, a]): Response => ({
    requirement,
    answer: 'no',
    ...(typeof a === 'string' ? { answer: a } : a),
  }));
  const compiled = compileScoring(cl, 'basic', profile);
  return {
    assessmentId: 'a1',
    date: '2026-01-10',
    kind: 'baseline',
    checklist: cl,
    level: 'basic',
    profile,
    score: compiled.score(responses, extra.view),
    rescore: rescorer(compiled, profile, responses, extra.view),
    ...extra,
  };
};

const cl = checklistOf([
  { code: 'a', criticality: 'critical' },
  { code: 'b', weight: 3 },
  { code: 'c', weight: 2, criticality: 'major' },
  { code: 'd', section: 'B' },
  { code: 'e', section: 'B', weight: 3 },
]);
const evaluate = (rule: BuyerRule, ...assessments: ReadinessCandidate[]) =>
  evaluateReadiness(rule, { categories: ['dairy', 'honey'], assessments, today: '2026-06-01' });
const good = { a: 'yes', b: 'yes', c: 'yes', d: 'yes', e: 'yes' };

describe('readiness', () => {
  it('is about the categories of the rule', () => {
    expect(evaluate(ruleOf({ categories: ['meat'] }), candidate(cl, good)).status).toBe('not-covered');
    expect(evaluate(ruleOf({ categories: ['*'] }), candidate(cl, good)).categories).toEqual([
      'dairy',
      'honey',
    ]);
    expect(evaluate(ruleOf(), candidate(cl, good))).toMatchObject({
      status: 'ready',
      categories: ['dairy'],
      missing: 0,
      cheapestPath: null,
      validUntil: '2027-01-10',
    });
  });

  it('says why an assessment does not count', () => {
    const other = candidate(cl, good);
    const r = evaluate(
      ruleOf({ checklistVersions: ['2'] }),
      { ...other, assessmentId: '1', date: '2026-06-02' },
      { ...other, assessmentId: '2', kind: 'self' },
      { ...other, assessmentId: '3', checklist: { ...cl, checklist: 'x' } },
      { ...other, assessmentId: '4' },
      {
        ...other,
        assessmentId: '5',
        checklist: { ...cl, version: '2' },
        score: { ...other.score, level: 'intermediate' },
      },
      {
        ...other,
        assessmentId: '6',
        checklist: { ...cl, version: '2' },
        profile: { ...other.profile, profile: 'x' },
      },
    );
    expect(r).toMatchObject({ status: 'not-assessed', missing: null, assessmentId: null });
    expect(r.ignored.map((i) => i.reason)).toEqual([
      'future',
      'kind',
      'checklist',
      'checklist-version',
      'level',
      'profile',
    ]);
  });

  it('an assessment at a higher level counts, scored at the level of the rule', () => {
    expect(evaluate(ruleOf(), candidate(cl, good, { level: 'intermediate' })).status).toBe('ready');
  });

  it('rests on the latest assessment, not the best', () => {
    const bad = { ...candidate(cl, { ...good, b: 'no' }), assessmentId: 'later', date: '2026-02-01' };
    const rule = ruleOf({ minPoints: 90 });
    expect(evaluate(rule, bad, candidate(cl, good))).toMatchObject({
      status: 'not-ready',
      assessmentId: 'later',
    });
    const same = { ...candidate(cl, good), date: '2026-02-01', kind: 'verification' as const };
    expect(evaluate(rule, same, bad).assessmentId).toBe('a1');
    expect(evaluate(rule, bad, same).assessmentId).toBe('a1');
  });

  it('counts the last day of age, and says that a new assessment is needed after it', () => {
    expect(evaluate(ruleOf({ maxAgeDays: 142 }), candidate(cl, good)).status).toBe('ready');
    const r = evaluate(ruleOf({ maxAgeDays: 141 }), candidate(cl, good));
    expect(r).toMatchObject({
      status: 'not-ready',
      missing: 0,
      validUntil: null,
      cheapestPath: { items: [], reachesReady: true, needsNewAssessment: true },
    });
    expect(r.conditions[0]).toEqual({
      code: 'age',
      subject: null,
      holds: false,
      actual: 142,
      needed: 141,
      requirements: [],
    });
  });

  it('explains each condition with its items', () => {
    const r = evaluate(
      ruleOf({
        minPoints: 90,
        minSectionPoints: 60,
        sections: { A: 80, B: 50 },
        maxOpen: { critical: 0, minor: 1 },
        mandatoryItems: ['a', 'd'],
        minGrade: 'A',
      }),
      candidate(cl, { a: 'no', b: 'yes', c: 'partly', d: 'na', e: 'no' }),
    );
    expect(
      r.conditions
        .filter((c) => !c.holds)
        .map((c) => [c.code, c.subject, c.actual, c.needed, c.requirements]),
    ).toEqual([
      ['mandatory-items', null, 1, 2, ['a']],
      ['open-critical', null, 1, 0, ['a']],
      ['open-minor', null, 2, 1, ['c', 'e']],
      ['section', 'A', expect.closeTo(66.666667, 5), 80, ['a', 'c']],
      ['section', 'B', 0, 50, ['e']],
      ['every-section', null, 0, 60, ['e']],
      ['points', null, expect.closeTo(44.444444, 5), 90, ['a', 'c', 'e']],
      ['grade', null, 'C', 'A', ['a', 'c', 'e']],
    ]);
    expect(r.missing).toBe(3);
    expect(r.cheapestPath).toMatchObject({ reachesReady: true, pointsAfter: 100, fewest: true });
    // Must-do items first, then the greatest effect, each after those before it.
    expect(r.cheapestPath!.items.map((i) => [i.requirement, i.grade])).toEqual([
      ['a', 'critical'],
      ['e', 'minor'],
      ['c', 'minor'],
    ]);
    const gained = r.cheapestPath!.items.reduce((s, i) => s + i.effect, 0);
    expect(gained).toBeCloseTo(100 - 44.444444, 5);
  });

  it('takes the item that gains most', () => {
    const r = evaluate(
      ruleOf({ minPoints: 80 }),
      candidate(cl, { a: 'no', b: 'no', c: 'yes', d: 'no', e: 'yes' }),
    );
    expect(r).toMatchObject({
      missing: 1,
      cheapestPath: { items: [{ requirement: 'b', effect: 30, grade: 'minor' }], pointsAfter: 80 },
    });
  });

  it('an incomplete assessment is not ready; its open questions are the way', () => {
    const r = evaluate(ruleOf(), candidate(cl, { a: 'yes' }));
    expect(r.status).toBe('not-ready');
    expect(r.conditions[1]).toMatchObject({
      code: 'scorable',
      holds: false,
      requirements: ['b', 'c', 'd', 'e'],
    });
    expect(r.cheapestPath).toMatchObject({ reachesReady: true, pointsAfter: 100 });
  });

  it('counts what was closed only in the view after closure', () => {
    const answers = { ...good, a: { answer: 'no', closedOn: '2026-02-01' } };
    const rule = ruleOf({ maxOpen: { critical: 0 }, mandatoryItems: ['a'] });
    expect(evaluate(rule, candidate(cl, answers)).status).toBe('not-ready');
    expect(evaluate(rule, candidate(cl, answers, { view: 'after-closure' })).status).toBe('ready');
  });

  it('approves on condition for a time', () => {
    const rule = ruleOf({
      minPoints: 95,
      maxOpen: { critical: 0 },
      conditional: { allow: ['points'], withinDays: 142 },
    });
    expect(evaluate(rule, candidate(cl, { ...good, d: 'no' }))).toMatchObject({
      status: 'conditional',
      validUntil: '2026-06-01',
      missing: 1,
    });
    expect(
      evaluate(
        { ...rule, conditional: { allow: ['points'], withinDays: 141 } },
        candidate(cl, { ...good, d: 'no' }),
      ).status,
    ).toBe('not-ready');
    expect(evaluate(rule, candidate(cl, { ...good, a: 'no' })).status).toBe('not-ready');
  });

  // Assessed on 10 January; points are excused for so many days, the whole counts for so many; today, then status and grace.
  it.each([
    [{ a: 'yes', d: 'no' }, 30, 365, '2026-02-09', 'conditional', '2026-02-09'],
    [{ a: 'yes', d: 'no' }, 30, 365, '2026-02-10', 'not-ready', '2026-02-09'],
    [{ a: 'yes', d: 'no' }, 500, 365, '2027-01-10', 'conditional', '2027-01-10'],
    [{ a: 'yes', d: 'no' }, 500, 365, '2027-01-11', 'not-ready', '2027-01-10'],
    // What the rule never excuses leaves no grace; nor is there one where nothing fails but the age.
    [{ a: 'no', d: 'no' }, 30, 365, '2026-02-01', 'not-ready', null],
    [{ a: 'yes', d: 'yes' }, 30, 365, '2026-02-10', 'ready', null],
    [{ a: 'yes', d: 'yes' }, 30, 20, '2026-02-10', 'not-ready', null],
  ])(
    'excuses %j for %i days, of %i, on %s: %s, grace until %s',
    (answers, withinDays, maxAgeDays, today, ...then) => {
      const rule = ruleOf({
        maxAgeDays,
        minPoints: 95,
        maxOpen: { critical: 0 },
        conditional: { allow: ['points'], withinDays },
      });
      const found = evaluateReadiness(rule, {
        categories: ['dairy'],
        assessments: [candidate(cl, { ...good, ...answers })],
        today,
      });
      expect([found.status, found.graceUntil]).toEqual(then);
      expect(found.validUntil).toBe(
        found.status === 'ready' ? '2027-01-10' : found.status === 'conditional' ? found.graceUntil : null,
      );
    },
  );

  it.each([
    // Looked at on 1 February; how it stands on a later day, without anybody looking again.
    [{ d: 'no' }, '2026-02-09', 'conditional', '2026-02-09', [30, true]],
    [{ d: 'no' }, '2026-02-10', 'not-ready', null, [31, true]],
    [{}, '2027-01-10', 'ready', '2027-01-10', [365, true]],
    [{}, '2027-01-11', 'not-ready', null, [366, false]],
    [{ a: 'no' }, '2027-01-11', 'not-ready', null, [366, false]],
  ] as const)(
    'looked at before, %j stands on %s as %s until %s',
    (answers, today, status, validUntil, age) => {
      const rule = ruleOf({
        minPoints: 95,
        maxOpen: { critical: 0 },
        conditional: { allow: ['points'], withinDays: 30 },
      });
      const kept = evaluateReadiness(rule, {
        categories: ['dairy'],
        assessments: [candidate(cl, { ...good, ...answers })],
        today: '2026-02-01',
      });
      const now = readinessOn(kept, today);
      expect(now).toMatchObject({ status, validUntil, graceUntil: kept.graceUntil });
      expect([now.conditions[0]!.actual, now.conditions[0]!.holds]).toEqual(age);
      // As somebody would find it who looked at it on that day.
      const anew = evaluateReadiness(rule, {
        categories: ['dairy'],
        assessments: [candidate(cl, { ...good, ...answers })],
        today,
      });
      expect([anew.status, anew.validUntil, anew.conditions]).toEqual([
        now.status,
        now.validUntil,
        now.conditions,
      ]);
    },
  );

  it('without an assessment, and of one whose day is not kept, nothing ages', () => {
    const none = evaluateReadiness(ruleOf(), { categories: ['dairy'], assessments: [], today: '2026-02-01' });
    expect(readinessOn(none, '2027-02-01')).toEqual(none);
    const kept = { ...evaluate(ruleOf(), candidate(cl, good)), assessedOn: null };
    expect(readinessOn(kept, '2026-07-01')).toEqual(kept);
  });

  it('asks for the pass of the programme', () => {
    const profile = profileOf(
      { kind: 'weighted-percent' },
      { gates: [{ gate: 'max-findings', grade: 'critical', max: 0, open: true }] },
    );
    const r = evaluate(
      ruleOf({ requirePassed: true }),
      candidate(cl, { ...good, a: 'no', b: 'no' }, { profile }),
    );
    expect(r.cheapestPath!.items.map((i) => i.requirement)).toEqual(['a']);
  });

  it('gives no path without a way to score again', () => {
    const r = evaluate(ruleOf({ minPoints: 90 }), {
      ...candidate(cl, { ...good, b: 'no' }),
      rescore: undefined,
    });
    expect(r).toMatchObject({ status: 'not-ready', cheapestPath: null, missing: 1 });
  });
});

describe('the cheapest path', () => {
  const item = fc.record({
    section: fc.constantFrom('A.1', 'B'),
    weight: fc.integer({ min: 1, max: 9 }),
    criticality: fc.constantFrom('critical', 'major', 'minor') as fc.Arbitrary<Requirement['criticality']>,
    answer: fc.constantFrom('yes', 'partly', 'no', 'no', 'na'),
  });
  const aggregations: Aggregation[] = [
    { kind: 'count-matrix' },
    { kind: 'weighted-percent' },
    { kind: 'mean-ordinal', min: 1, max: 5 },
    {
      kind: 'deduct-from-100',
      start: 100,
      deduct: { by: 'grade', points: { minor: 2, major: 10, critical: 100 } },
    },
    { kind: 'deduct-from-100', start: 100, deduct: { by: 'weight' } },
  ];
  const limit = fc.constantFrom(undefined, 0, 1, 2);
  const scenario = fc.record({
    items: fc.array(item, { minLength: 1, maxLength: 8 }),
    aggregation: fc.constantFrom(...aggregations),
    penalty: fc.boolean(),
    minPoints: fc.integer({ min: 0, max: 100 }),
    minSectionPoints: fc.constantFrom(undefined, 50, 80),
    maxOpen: fc.record({ critical: limit, major: limit, minor: limit }),
    mandatory: fc.boolean(),
  });

  it('finds a shorter way than taking the best item each time', () => {
    // Step by step: i3 (two conditions, most points), then i6, then i5. Together i1 and i2 do.
    const list = checklistOf([
      { code: 'i1', criticality: 'critical', weight: 1 },
      { code: 'i3', weight: 2 },
      { code: 'ok1', weight: 2 },
      { code: 'i2', section: 'B', weight: 1 },
      { code: 'i5', section: 'B', weight: 2, criticality: 'major' },
      { code: 'ok2', section: 'B', weight: 2 },
      { code: 'i6', section: 'A', weight: 3, criticality: 'critical' },
    ]);
    const rule = ruleOf({ sections: { 'A.1': 60, B: 60 }, maxOpen: { critical: 1, minor: 1 } });
    const r = evaluate(
      rule,
      candidate(list, { i1: 'no', i2: 'no', i3: 'no', i5: 'no', i6: 'no', ok1: 'yes', ok2: 'yes' }),
    );
    expect(r.cheapestPath).toMatchObject({ reachesReady: true, fewest: true });
    expect(r.cheapestPath!.items.map((i) => i.requirement).sort()).toEqual(['i1', 'i2']);
  });

  it('reaches ready, leaves nothing out and nothing superfluous in, and is the shortest where it says so', () => {
    fc.assert(
      fc.property(scenario, (s) => {
        fc.pre(s.items.some((i) => i.answer !== 'na'));
        const list = checklistOf(
          s.items.map(({ answer: _, ...r }, i) => ({ ...r, code: `r${i}`, weight: r.weight })),
        );
        const profile = profileOf(
          s.aggregation,
          s.penalty ? { penalties: [{ on: { grade: 'critical' }, percentOfMax: 20, once: true }] } : {},
        );
        const c = candidate(list, Object.fromEntries(s.items.map((i, k) => [`r${k}`, i.answer])), {
          profile,
        });
        const rule = ruleOf({
          minPoints: s.minPoints,
          minSectionPoints: s.minSectionPoints,
          maxOpen: s.maxOpen,
          mandatoryItems: s.mandatory ? ['r0'] : [],
        });
        const r = evaluate(rule, c);
        if (r.status === 'ready') return;
        const path = r.cheapestPath!;
        // Everything conforming meets any of these rules, so there is always a way.
        expect(path.reachesReady).toBe(true);
        expect(r.missing).toBe(path.items.length);
        const after = (fixed: string[]) =>
          evaluate(rule, { ...c, score: c.rescore!(new Set(fixed)), rescore: undefined });
        const chosen = path.items.map((i) => i.requirement);
        expect(after(chosen).status).toBe('ready');
        expect(c.rescore!(new Set(chosen)).points).toBe(path.pointsAfter);
        for (const left of chosen) expect(after(chosen.filter((x) => x !== left)).status).toBe('not-ready');
        const short = s.items.flatMap((i, k) =>
          i.answer === 'no' || i.answer === 'partly' ? [`r${k}`] : [],
        );
        let least = Infinity;
        for (let mask = 0; mask < 1 << short.length; mask++) {
          const some = short.filter((_, k) => mask & (1 << k));
          if (some.length < least && after(some).status === 'ready') least = some.length;
        }
        expect(path.fewest).toBe(true); // at most 8 items: within the search
        expect(path.items.length).toBe(least);
      }),
      { numRuns: 400 },
    );
  });
});

describe('buyer rules', () => {
  const check = (extra: Partial<BuyerRule>, profile = profileOf()) => {
    try {
      checkBuyerRule(ruleOf(extra), cl, profile);
      return null;
    } catch (error) {
      const e = error as { code: string; fields: { field: string }[] };
      return [e.code, ...e.fields.map((f) => f.field)];
    }
  };

  it.each<[string, Partial<BuyerRule>, string[] | null]>([
    [
      'a sound rule',
      {
        minPoints: 100,
        minSectionPoints: 100,
        sections: { A: 100 },
        maxOpen: { critical: 0, major: 0, minor: 0 },
        mandatoryItems: ['a'],
        minGrade: 'A',
      },
      null,
    ],
    ['no category', { categories: [] }, ['buyer-rule-invalid', '/categories']],
    ['own assessments', { kinds: ['self', 'baseline'] }, ['buyer-rule-invalid', '/kinds']],
    ['no kind', { kinds: [] }, ['buyer-rule-invalid', '/kinds']],
    ['no age', { maxAgeDays: 0 }, ['buyer-rule-invalid', '/maxAgeDays']],
    [
      'other checklist and profile',
      { checklist: 'x', profile: 'y' },
      ['buyer-rule-invalid', '/checklist', '/profile'],
    ],
    ['other version', { checklistVersions: ['9'] }, ['buyer-rule-invalid', '/checklistVersions']],
    ['unknown level', { level: 'x' }, ['buyer-rule-invalid', '/level']],
    ['part of a finding', { maxOpen: { major: 0.5 } }, ['buyer-rule-invalid', '/maxOpen/major']],
    [
      'excused age',
      { conditional: { allow: ['age'], withinDays: 10 } },
      ['buyer-rule-invalid', '/conditional/allow'],
    ],
    [
      'more than everything',
      { minPoints: 101, minSectionPoints: 101, sections: { B: 100.5 } },
      ['buyer-rule-impossible', '/sections/B', '/minSectionPoints', '/minPoints'],
    ],
    ['unknown item', { mandatoryItems: ['a', 'zz'] }, ['buyer-rule-impossible', '/mandatoryItems/1']],
    ['unknown section', { sections: { Z: 10 } }, ['buyer-rule-impossible', '/sections/Z']],
    ['unknown grade', { minGrade: 'A+' }, ['buyer-rule-impossible', '/minGrade']],
    ['a pass where nothing is passed', { requirePassed: true }, ['buyer-rule-impossible', '/requirePassed']],
  ])('%s', (_name, extra, expected) => expect(check(extra)).toEqual(expected));

  it('knows the ceiling of the profile', () => {
    const capped = profileOf({ kind: 'deduct-from-100', start: 90, deduct: { by: 'weight' } });
    expect(check({ minPoints: 95 }, capped)).toEqual(['buyer-rule-impossible', '/minPoints']);
  });

  it('has a schema that agrees with the type', () => {
    const validate = new Ajv2020({ strict: false }).compile(
      JSON.parse(readFileSync('checklists/schemas/buyer-rule.schema.json', 'utf8')) as object,
    );
    const full = ruleOf({
      minPoints: 70,
      minSectionPoints: 50,
      sections: { 'A.1': 60 },
      maxOpen: { critical: 0, major: 0, minor: 5 },
      mandatoryItems: ['FM-TRAC-01'],
      kinds: ['verification'],
      minGrade: 'B',
      requirePassed: true,
      checklistVersions: ['1'],
      conditional: { allow: ['open-minor'], withinDays: 90 },
      description: 'x',
    });
    expect(validate(ruleOf())).toBe(true);
    expect(validate(full)).toBe(true);
    expect(validate({ ...full, kinds: ['self'] })).toBe(false);
    expect(validate({ ...full, minPoints: 101 })).toBe(false);
    expect(validate({ ...full, surprise: 1 })).toBe(false);
  });
});
