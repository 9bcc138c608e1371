import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { Response } from './assessment.js';
import type { ChecklistVersion, Crosswalk, LineageEdge, Requirement } from './checklist.js';
import { computeGain, normalisedGain, relativeChange, type AssessedForGain, type Gain } from './gains.js';
import type { Aggregation, AnswerOption, ScoringProfile } from './profile.js';
import { compileScoring, requirementsAt } from './scoring.js';

const ANSWERS: AnswerOption[] = [
  { code: 'yes', title: 'Yes', conformity: 'conforming', rank: 5 },
  { code: 'partly', title: 'Partly', conformity: 'partly', rank: 3 },
  { code: 'no', title: 'No', conformity: 'nonconforming', rank: 1 },
  { code: 'na', title: 'N/A', conformity: 'not-applicable' },
];
const AGGREGATIONS: Aggregation[] = [
  { kind: 'count-matrix' },
  { kind: 'weighted-percent' },
  { kind: 'percent-by-class', classes: ['must', 'should'] },
  { kind: 'mean-ordinal', min: 1, max: 5 },
  {
    kind: 'deduct-from-100',
    start: 100,
    deduct: { by: 'grade', points: { minor: 2, major: 10, critical: 100 } },
  },
  { kind: 'deduct-from-100', start: 100, deduct: { by: 'class', points: { must: 7, should: 3 } } },
  { kind: 'deduct-from-100', start: 100, deduct: { by: 'weight' } },
];
const profile = (
  aggregation: Aggregation = { kind: 'count-matrix' },
  extra: Partial<ScoringProfile> = {},
): ScoringProfile => ({
  format: 'uplift.scoring-profile/1',
  profile: 'test',
  version: '1',
  title: 'Test',
  provenance: { source: 'test', status: 'programme-default' },
  answers: ANSWERS,
  aggregation,
  ...extra,
});
const checklist = (
  version: string,
  requirements: (Partial<Requirement> & { code: string })[],
): ChecklistVersion => ({
  format: 'uplift.checklist/1',
  checklist: 'test',
  version,
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
    class: 'must',
    ...r,
  })),
});
const crosswalk = (edges: LineageEdge[], extra: Partial<Crosswalk> = {}): Crosswalk => ({
  format: 'uplift.crosswalk/1',
  from: { checklist: 'test', version: '1' },
  to: { checklist: 'test', version: '2' },
  status: 'official',
  edges,
  ...extra,
});
const give = (answers: Record<string, string>): Response[] =>
  Object.entries(answers).map(([requirement, answer]) => ({ requirement, answer }));
const side = (
  cl: ChecklistVersion,
  answers: Record<string, string>,
  extra: Partial<AssessedForGain> = {},
): AssessedForGain => ({
  assessmentId: 'x',
  kind: 'baseline',
  date: '2026-01-10',
  checklist: cl,
  level: 'basic',
  profile: profile(),
  responses: give(answers),
  ...extra,
});
const gain = (a: AssessedForGain, b: AssessedForGain, c?: Crosswalk): Gain => {
  const result = computeGain(a, b, c);
  if (!result.comparable) throw new Error(result.reason);
  return result;
};
const refusal = (a: AssessedForGain, b: AssessedForGain, c?: Crosswalk): string => {
  const result = computeGain(a, b, c);
  return result.comparable ? 'comparable' : result.reason;
};
const sumOfParts = (g: Gain): number =>
  g.microPoints.realChange +
  g.microPoints.scopeChange +
  g.microPoints.checklistChange +
  g.microPoints.missingItems;

const v1 = checklist('1', [
  { code: 'a' },
  { code: 'b' },
  { code: 'c', section: 'B' },
  { code: 'd', section: 'B' },
]);

describe('gain within one edition', () => {
  it('headline, relative change, normalised gain, movements, sections', () => {
    const g = gain(
      side(v1, { a: 'no', b: 'no', c: 'yes', d: 'partly' }, { assessorId: 'amir', coachedByAssessor: false }),
      side(
        v1,
        { a: 'yes', b: 'no', c: 'no', d: 'yes' },
        {
          assessmentId: 'y',
          kind: 'follow-up',
          date: '2026-07-09',
          assessorId: 'amir',
          coachedByAssessor: false,
        },
      ),
    );
    expect(g).toMatchObject({
      baselinePoints: 37.5,
      followUpPoints: 50,
      changePoints: 12.5,
      normalisedGain: 0.2,
      daysBetween: 180,
      editions: { baseline: 'test@1', followUp: 'test@1' },
      crosswalk: null,
      commonItems: 4,
      baselineItems: 4,
      followUpItems: 4,
      commonBaselinePoints: 37.5,
      commonFollowUpPoints: 50,
      parts: { realChange: 12.5, scopeChange: 0, checklistChange: 0, missingItems: 0 },
      sameAssessor: true,
      independence: 'independent',
      provisional: { baseline: false, followUp: false },
    });
    expect(g.relativeChangePercent).toBeCloseTo(33.333333, 5);
    expect(g.items.map((i) => [i.baseline[0], i.movement])).toEqual([
      ['a', 'fixed'],
      ['b', 'persisting'],
      ['c', 'new'],
      ['d', 'fixed'],
    ]);
    expect(g.sections.map((s) => [s.section, s.baseline, s.followUp, s.change])).toEqual([
      ['A', 0, 50, 50],
      ['A.1', 0, 50, 50],
      ['B', 75, 50, -25],
    ]);
  });

  it('not applicable on one side is scope, never improvement', () => {
    const g = gain(
      side(v1, { a: 'no', b: 'no', c: 'yes', d: 'yes' }),
      side(v1, { a: 'na', b: 'na', c: 'yes', d: 'yes' }),
    );
    expect(g.changePoints).toBe(50);
    expect(g.parts).toEqual({ realChange: 0, scopeChange: 50, checklistChange: 0, missingItems: 0 });
    expect(g.leftOut.scopeChange).toEqual({ baseline: ['a', 'b'], followUp: ['a', 'b'] });
    expect(g.items.map((i) => i.movement)).toEqual(['scope', 'scope', 'conforming', 'conforming']);
  });

  it('unanswered items are missing, with provisional points', () => {
    const g = gain(
      side(v1, { a: 'no', b: 'yes', c: 'yes', d: 'no' }),
      side(v1, { b: 'yes', c: 'yes', d: 'no' }),
    );
    expect(g.provisional).toEqual({ baseline: false, followUp: true });
    expect(g.followUpPoints).toBeCloseTo(66.666667, 6);
    expect(g.parts.realChange).toBe(0);
    expect(g.parts.missingItems).toBeCloseTo(16.666667, 6);
    expect(g.items[0]).toMatchObject({
      movement: 'not-compared',
      because: 'not-assessed',
      after: 'not-assessed',
    });
    expect(sumOfParts(g)).toBe(g.microPoints.change);
  });

  it('another level is a change of checklist, and the items are named', () => {
    const cl = checklist('1', [{ code: 'a' }, { code: 'b' }, { code: 'i', level: 'intermediate' }]);
    const g = gain(
      side(cl, { a: 'no', b: 'yes' }),
      side(cl, { a: 'yes', b: 'yes', i: 'no' }, { level: 'intermediate' }),
    );
    expect(g.leftOut.checklistChange).toEqual({ baseline: [], followUp: ['i'] });
    expect(g.parts.realChange).toBe(50);
    expect(g.parts.checklistChange).toBeCloseTo(-33.333333, 6);
    expect(g.items.at(-1)).toMatchObject({ movement: 'not-compared', because: 'other-level' });
  });

  it.each([
    [0, 40, null, 0.4],
    [100, 100, 0, null],
    [50, 40, -20, -0.2],
    [80, 95, 18.75, 0.75],
  ])('%d → %d: relative %p %%, normalised %p', (b, f, relative, g) => {
    expect(relativeChange(b, f)).toBe(relative);
    expect(normalisedGain(b, f)).toBe(g);
  });

  it('tells who assessed', () => {
    const all = { a: 'yes', b: 'yes', c: 'no', d: 'no' };
    const of = (x: Partial<AssessedForGain>, y: Partial<AssessedForGain>) => {
      const g = gain(side(v1, all, x), side(v1, all, y));
      return [g.sameAssessor, g.independence];
    };
    expect(of({}, {})).toEqual([null, 'unknown']);
    expect(of({ assessorId: 'p', coachedByAssessor: false }, { assessorId: 'q' })).toEqual([
      false,
      'unknown',
    ]);
    expect(of({ assessorId: 'p' }, { assessorId: 'p', coachedByAssessor: true })).toEqual([
      true,
      'coach-assessed',
    ]);
  });
});

describe('refusals', () => {
  const all = { a: 'yes', b: 'yes', c: 'no', d: 'no' };
  const v2 = checklist('2', [{ code: 'a' }]);
  it('names the reason', () => {
    expect(refusal(side(v1, all), side(v1, all, { date: '2026-01-09' }))).toBe('follow-up-before-baseline');
    expect(refusal(side(v1, all), side(v1, all))).toBe('comparable'); // the same day
    expect(refusal(side(v1, all), side(v1, all, { profile: profile({ kind: 'weighted-percent' }) }))).toBe(
      'different-profiles',
    );
    expect(refusal(side(v1, all), side(v1, all, { profile: { ...profile(), profile: 'other' } }))).toBe(
      'different-profiles',
    );
    expect(refusal(side(v1, all), side(v2, { a: 'yes' }))).toBe('different-checklists');
    expect(
      refusal(
        side(v1, all),
        side(v2, { a: 'yes' }),
        crosswalk([], { to: { checklist: 'test', version: '3' } }),
      ),
    ).toBe('crosswalk-mismatch');
    expect(refusal(side(v1, {}), side(v1, all))).toBe('not-scorable-baseline');
    expect(refusal(side(v1, all), side(v1, { a: 'na', b: 'na', c: 'na', d: 'na' }))).toBe(
      'not-scorable-follow-up',
    );
    expect(
      refusal(
        side(v1, { a: 'yes', b: 'na', c: 'na', d: 'na' }),
        side(v1, { a: 'na', b: 'yes', c: 'yes', d: 'yes' }),
      ),
    ).toBe('no-common-items');
    expect(
      refusal(
        side(v1, all),
        side(v2, { a: 'yes' }),
        crosswalk([{ relation: 'kept', from: ['a'], to: ['a'], comparable: false }]),
      ),
    ).toBe('no-common-items');
  });
  it('a new version of a profile with the same arithmetic is the same ruler', () => {
    const next = {
      ...profile(),
      version: '2',
      title: 'Renamed',
      gates: [{ gate: 'points', value: 80 } as const],
      clamp: { max: 100, min: 0 },
    };
    expect(refusal(side(v1, all), side(v1, all, { profile: next }))).toBe('comparable');
  });
});

describe('gain across editions', () => {
  const v2 = checklist('2', [{ code: 'a1' }, { code: 'a2' }, { code: 'bc' }, { code: 'n' }]);
  const edges: LineageEdge[] = [
    { relation: 'split', from: ['a'], to: ['a1', 'a2'], comparable: true },
    { relation: 'merged', from: ['b', 'c'], to: ['bc'], comparable: true },
    { relation: 'dropped', from: ['d'], to: [], comparable: false },
    { relation: 'new', from: [], to: ['n'], comparable: false },
  ];

  it('nothing changed on site: no real change, whatever the editing did to the points', () => {
    const g = gain(
      side(v1, { a: 'no', b: 'yes', c: 'no', d: 'yes' }),
      side(v2, { a1: 'no', a2: 'no', bc: 'no', n: 'yes' }),
      crosswalk(edges),
    );
    expect(g.baselinePoints).toBe(50);
    expect(g.followUpPoints).toBe(25);
    expect(g.parts.realChange).toBe(0);
    expect(g.parts.checklistChange).toBe(-25);
    expect(g.leftOut.checklistChange).toEqual({ baseline: ['d'], followUp: ['n'] });
    expect(g.items).toEqual([
      {
        baseline: ['a'],
        followUp: ['a1', 'a2'],
        before: 'nonconforming',
        after: 'nonconforming',
        movement: 'persisting',
        because: null,
      },
      {
        baseline: ['b', 'c'],
        followUp: ['bc'],
        before: 'nonconforming',
        after: 'nonconforming',
        movement: 'persisting',
        because: null,
      },
      {
        baseline: [],
        followUp: ['n'],
        before: null,
        after: 'conforming',
        movement: 'not-compared',
        because: 'new-item',
      },
      {
        baseline: ['d'],
        followUp: [],
        before: 'conforming',
        after: null,
        movement: 'not-compared',
        because: 'dropped-item',
      },
    ]);
  });

  it('half of a split item put right counts by half', () => {
    const g = gain(
      side(v1, { a: 'no', b: 'yes', c: 'yes', d: 'no' }),
      side(v2, { a1: 'yes', a2: 'no', bc: 'yes', n: 'no' }),
      crosswalk(edges),
    );
    expect(g.parts.realChange).toBeCloseTo(33.333333, 5);
    expect(g.commonItems).toBe(2);
    expect(sumOfParts(g)).toBe(g.microPoints.change);
  });

  it('reads a crosswalk the other way round, and shows a proposed one', () => {
    const g = gain(
      side(v2, { a1: 'no', a2: 'yes', bc: 'yes', n: 'no' }),
      side(v1, { a: 'yes', b: 'yes', c: 'yes', d: 'no' }),
      crosswalk(edges, { status: 'proposed' }),
    );
    expect(g.crosswalk).toBe('proposed');
    expect(g.items.find((i) => i.baseline[0] === 'a1')).toMatchObject({
      before: 'nonconforming',
      movement: 'fixed',
    });
  });

  it('a group partly outside the level is left out as a whole', () => {
    const w = checklist('2', [{ code: 'a1' }, { code: 'a2', level: 'intermediate' }, { code: 'bc' }]);
    const g = gain(
      side(v1, { a: 'no', b: 'yes', c: 'yes', d: 'yes' }),
      side(w, { a1: 'yes', bc: 'yes' }),
      crosswalk(edges),
    );
    expect(g.leftOut.checklistChange).toEqual({ baseline: ['a', 'd'], followUp: ['a1'] });
    expect(g.items.find((i) => i.followUp[0] === 'a1')?.because).toBe('other-level');
  });
});

describe('properties', () => {
  const answer = fc.constantFrom('yes', 'yes', 'partly', 'no', 'na', null);
  const item = fc.record({
    section: fc.constantFrom('A.1', 'B'),
    level: fc.constantFrom('basic', 'basic', 'intermediate'),
    criticality: fc.constantFrom('critical', 'major', 'minor') as fc.Arbitrary<Requirement['criticality']>,
    weight: fc.integer({ min: 1, max: 9 }),
    class: fc.constantFrom('must', 'should'),
    required: fc.boolean(),
  });
  type Made = { baseline: AssessedForGain; followUp: AssessedForGain; crosswalk?: Crosswalk };
  const scenario: fc.Arbitrary<Made> = fc
    .record({
      aggregation: fc.constantFrom(...AGGREGATIONS),
      penalties: fc.boolean(),
      edges: fc.array(
        fc.record({
          from: fc.array(fc.tuple(item, answer), { maxLength: 3 }),
          to: fc.array(fc.tuple(item, answer), { maxLength: 3 }),
          comparable: fc.constantFrom(true, true, true, false),
          named: fc.constantFrom(true, true, true, true, false),
        }),
        { minLength: 1, maxLength: 10 },
      ),
      levels: fc.tuple(fc.constantFrom('basic', 'intermediate'), fc.constantFrom('basic', 'intermediate')),
      same: fc.boolean(),
    })
    .map(({ aggregation, penalties, edges, levels, same }) => {
      const p = profile(
        aggregation,
        penalties
          ? {
              penalties: [
                { on: { required: 'nonconforming' }, percentOfMax: 15 },
                { on: { grade: 'critical' }, percentOfMax: 50, once: true },
              ],
            }
          : {},
      );
      const code = (prefix: string, e: number, i: number) => `${prefix}${e}-${i}`;
      const responses = (prefix: 'o' | 'n', from: 'from' | 'to'): Response[] =>
        edges.flatMap((edge, e) =>
          edge[from].flatMap(([, a], i) =>
            a === null ? [] : [{ requirement: code(prefix, e, i), answer: a }],
          ),
        );
      const old = checklist(
        '1',
        edges.flatMap((edge, e) => edge.from.map(([r], i) => ({ ...r, code: code('o', e, i) }))),
      );
      const next = checklist(
        '2',
        edges.flatMap((edge, e) => edge.to.map(([r], i) => ({ ...r, code: code('n', e, i) }))),
      );
      const baseline = side(old, {}, { profile: p, level: levels[0], responses: responses('o', 'from') });
      if (same) {
        // Same edition: the follow-up answers the same codes, as far as it has answers.
        const again = edges.flatMap((edge, e) =>
          edge.from.flatMap((_, i) => {
            const a = edge.to[i]?.[1] ?? null;
            return a === null ? [] : [{ requirement: code('o', e, i), answer: a }];
          }),
        );
        return { baseline, followUp: side(old, {}, { profile: p, level: levels[1], responses: again }) };
      }
      return {
        baseline,
        followUp: side(next, {}, { profile: p, level: levels[1], responses: responses('n', 'to') }),
        crosswalk: crosswalk(
          edges.flatMap((edge, e): LineageEdge[] =>
            edge.named
              ? [
                  {
                    relation: 'reworded',
                    from: edge.from.map((_, i) => code('o', e, i)),
                    to: edge.to.map((_, i) => code('n', e, i)),
                    comparable: edge.comparable,
                  },
                ]
              : [],
          ),
        ),
      };
    });

  it('the parts add up to the headline exactly, in every model, and every item is listed once', () => {
    let compared = 0;
    fc.assert(
      fc.property(scenario, ({ baseline, followUp, crosswalk: c }) => {
        const g = computeGain(baseline, followUp, c);
        if (!g.comparable) return;
        compared++;
        const m = g.microPoints;
        for (const value of Object.values(m)) expect(Number.isSafeInteger(value)).toBe(true);
        expect(sumOfParts(g)).toBe(m.change);
        expect(m.change).toBe(m.followUp - m.baseline);
        expect(m.realChange).toBe(m.commonFollowUp - m.commonBaseline);
        expect(g.baselinePoints).toBe(
          compileScoring(baseline.checklist, baseline.level, baseline.profile).score(baseline.responses)
            .provisionalPoints,
        );
        const codes = (a: AssessedForGain) =>
          requirementsAt(a.checklist, a.level)
            .map((r) => r.code)
            .sort();
        expect(g.items.flatMap((i) => i.baseline).sort()).toEqual(codes(baseline));
        expect(g.items.flatMap((i) => i.followUp).sort()).toEqual(codes(followUp));
        // What is left out and what is compared make up the whole.
        const left = Object.values(g.leftOut).flatMap((l) => l.baseline);
        const common = g.items.filter((i) => i.movement !== 'not-compared' && i.movement !== 'scope');
        expect([...left, ...common.flatMap((i) => i.baseline)].sort()).toEqual(codes(baseline));
        expect(g.commonItems).toBe(common.length);
        for (const value of Object.values(g)) expect(Object.is(value, -0)).toBe(false);
      }),
      { numRuns: 1500 },
    );
    expect(compared).toBeGreaterThan(300);
  });

  it('without change on site there is no real change', () => {
    fc.assert(
      fc.property(scenario, ({ baseline, followUp, crosswalk: c }) => {
        const g = computeGain(baseline, followUp, c);
        if (!g.comparable) return;
        // Give each compared group one answer on both sides: nothing changed there.
        const set = (a: AssessedForGain, key: 'baseline' | 'followUp'): AssessedForGain => {
          const fixed = new Map(
            g.items
              .filter((i) => i.movement !== 'not-compared' && i.movement !== 'scope')
              .flatMap((i, k) => i[key].map((code) => [code, ['yes', 'no', 'partly'][k % 3]!] as const)),
          );
          return {
            ...a,
            responses: a.responses.map((r) => ({ ...r, answer: fixed.get(r.requirement) ?? r.answer })),
          };
        };
        const h = gain(set(baseline, 'baseline'), set(followUp, 'followUp'), c);
        expect(h.parts.realChange).toBe(0);
        expect(sumOfParts(h)).toBe(h.microPoints.change);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the shipped editions', () => {
  const load = <T>(name: string): T => parse(readFileSync(`checklists/${name}`, 'utf8')) as T;
  const [first, second] = [
    load<ChecklistVersion>('food-manufacturing/1.yaml'),
    load<ChecklistVersion>('food-manufacturing/2.yaml'),
  ];
  const joined = load<Crosswalk>('food-manufacturing/1-2.crosswalk.yaml');
  const own = load<ScoringProfile>('profiles/programme-default.yaml');

  it('a site where nothing changed gains nothing from the new edition', () => {
    for (const level of ['basic', 'intermediate']) {
      const bad = new Set(
        joined.edges
          .filter((_, i) => i % 4 === 0)
          .flatMap((e) => [...e.from.map((c) => `1${c}`), ...e.to.map((c) => `2${c}`)]),
      );
      const make = (cl: ChecklistVersion): AssessedForGain => ({
        assessmentId: cl.version,
        kind: 'baseline',
        date: '2026-01-01',
        checklist: cl,
        level,
        profile: own,
        responses: requirementsAt(cl, level).map((r) => ({
          requirement: r.code,
          answer: bad.has(cl.version + r.code) ? 'minor' : 'conform',
        })),
      });
      const g = gain(make(first), make(second), joined);
      expect(g.parts.realChange).toBe(0);
      expect(g.commonItems).toBeGreaterThan(20);
      expect(g.items.some((i) => i.because === 'no-lineage')).toBe(false);
      expect(sumOfParts(g)).toBe(g.microPoints.change);
    }
  });
});
