import fc from 'fast-check';
import {
  addGain,
  aggregateFigures,
  cohortStatistics,
  emptyAggregate,
  mergeAggregates,
  quantile,
  removeGain,
  type CohortFigures,
  type GainContribution,
} from './cohort.js';

const of = (
  baseline: number,
  followUp: number,
  sections: GainContribution['sections'] = [],
): GainContribution => ({ baseline, followUp, sections });

describe('cohort statistics', () => {
  it('one cohort, three honest "increases"', () => {
    const rows = [
      { baseline: 20, followUp: 60 },
      { baseline: 50, followUp: 75 },
      { baseline: 80, followUp: 95 },
    ];
    const s = cohortStatistics(rows);
    expect(s.meanChangePoints).toBeCloseTo(26.666667, 6);
    expect(s.changeOfMeansPercent).toBeCloseTo(53.333333, 6);
    expect(s.meanOfRelativeChangesPercent.value).toBeCloseTo(89.583333, 6);
    expect(s.meanOfRelativeChangesPercent).toMatchObject({ n: 3, excluded: 0 });
    expect(s).toMatchObject({
      nEnrolled: 3,
      nBaseline: 3,
      nFollowUp: 3,
      nMatched: 3,
      meanBaseline: 50,
      median: 25,
      q1: 20,
      q3: 32.5,
      improved: 3,
      same: 0,
      worse: 0,
    });
    expect(s.normalisedGain).toBeCloseTo(26.666667 / 50, 6);
    expect(s.meanNormalisedGain.value).toBeCloseTo((0.5 + 0.5 + 0.75) / 3, 12);
    expect(s.sdChange).toBeCloseTo(12.583057, 6);
    const figures = aggregateFigures(
      rows.map((r) => of(r.baseline, r.followUp)).reduce(addGain, emptyAggregate()),
    );
    expect(
      [
        figures.meanChangePoints,
        figures.changeOfMeansPercent,
        figures.meanOfRelativeChangesPercent.value,
      ].map((x) => x!.toFixed(1)),
    ).toEqual(['26.7', '53.3', '89.6']);
  });

  it('counts those who are not there', () => {
    const s = cohortStatistics([
      { baseline: 0, followUp: 40 },
      { baseline: 100, followUp: 90 },
      { baseline: 50, followUp: 50 },
      { baseline: 30, followUp: null, dropReason: 'withdrew' },
      { baseline: 10, followUp: null },
      { baseline: null, followUp: null },
      { baseline: 60, followUp: 70, comparable: false },
    ]);
    expect(s).toMatchObject({
      nEnrolled: 7,
      nBaseline: 6,
      nFollowUp: 4,
      nMatched: 3,
      improved: 1,
      same: 1,
      worse: 1,
      meanBaseline: 50,
      attrition: {
        dropped: 4,
        reasons: { 'no-baseline': 1, 'no-follow-up': 1, 'not-comparable': 1, withdrew: 1 },
      },
    });
    expect(s.meanBaselineOfAll).toBeCloseTo(250 / 6, 9);
    expect(s.meanOfRelativeChangesPercent).toEqual({ value: -5, n: 2, excluded: 1 });
    expect(s.meanNormalisedGain).toEqual({ value: 0.2, n: 2, excluded: 1 });
  });

  it('has no figures without sites, and no spread with one', () => {
    const none = {
      meanBaseline: null,
      meanFollowUp: null,
      meanChangePoints: null,
      sdChange: null,
      changeOfMeansPercent: null,
      normalisedGain: null,
    };
    expect(cohortStatistics([])).toMatchObject({ ...none, nMatched: 0, median: null, q1: null, q3: null });
    expect(aggregateFigures(emptyAggregate())).toMatchObject({
      ...none,
      approximateQuartiles: null,
      sections: [],
    });
    expect(cohortStatistics([{ baseline: 0, followUp: 10 }])).toMatchObject({
      sdChange: null,
      median: 10,
      changeOfMeansPercent: null,
    });
  });

  it.each([
    [[1, 2, 3, 4], 0.25, 1.75],
    [[1, 2, 3, 4], 0.5, 2.5],
    [[1, 2, 3, 4], 0.75, 3.25],
    [[7], 0.25, 7],
    [[1, 3], 1, 3],
  ])('type 7 quantile of %j at %d is %d', (xs, p, expected) =>
    expect(quantile(xs, p)).toBeCloseTo(expected, 12),
  );
});

describe('running aggregate', () => {
  const points = fc.integer({ min: 0, max: 100_000_000 }).map((m) => m / 1e6);
  const contribution: fc.Arbitrary<GainContribution> = fc.record({
    baseline: fc.oneof(points, fc.constant(0), fc.constant(100)),
    followUp: points,
    sections: fc.uniqueArray(
      fc.record({
        section: fc.constantFrom('A', 'B', 'C', '__proto__', 'constructor'),
        baseline: points,
        followUp: points,
      }),
      { selector: (s) => s.section, maxLength: 4 },
    ),
  });
  const many = fc.array(contribution, { maxLength: 25 });
  const all = (xs: readonly GainContribution[]) => xs.reduce(addGain, emptyAggregate());
  const sorted = (a: unknown) =>
    JSON.stringify(a, (_, v: unknown) =>
      v !== null && typeof v === 'object' && !Array.isArray(v)
        ? Object.entries(v).sort(([x], [y]) => (x < y ? -1 : 1))
        : v,
    );

  it('adding and taking out again is recomputing, in any order', () => {
    fc.assert(
      fc.property(many, many, fc.infiniteStream(fc.nat()), (keep, drop, random) => {
        const mixed = [...keep, ...drop]
          .map((c) => [random.next().value as number, c] as const)
          .sort(([x], [y]) => x - y)
          .map(([, c]) => c);
        const taken = drop.reduceRight(removeGain, all(mixed));
        expect(sorted(taken)).toBe(sorted(all(keep)));
        expect(sorted(mergeAggregates(all(drop), all(keep)))).toBe(sorted(all(mixed)));
      }),
    );
  });

  it('survives JSON', () => {
    fc.assert(
      fc.property(many, contribution, (xs, c) => {
        const stored = JSON.parse(JSON.stringify(all(xs))) as ReturnType<typeof emptyAggregate>;
        expect(sorted(addGain(stored, c))).toBe(sorted(all([...xs, c])));
      }),
    );
  });

  it('agrees with the exact statistics, quartiles within a point', () => {
    fc.assert(
      fc.property(fc.array(contribution, { minLength: 1, maxLength: 40 }), (xs) => {
        const exact = cohortStatistics(xs);
        const running = aggregateFigures(all(xs));
        const keys: (keyof CohortFigures)[] = [
          'nMatched',
          'meanBaseline',
          'meanFollowUp',
          'meanChangePoints',
          'sdChange',
          'changeOfMeansPercent',
          'normalisedGain',
          'improved',
          'same',
          'worse',
        ];
        for (const key of keys) expect(running[key]).toEqual(exact[key]);
        const close = (a: number | null, b: number | null) => {
          if (a === null || b === null) expect(a).toBe(b);
          else expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6 + Math.abs(b) * 1e-9);
        };
        close(running.meanOfRelativeChangesPercent.value, exact.meanOfRelativeChangesPercent.value);
        close(running.meanNormalisedGain.value, exact.meanNormalisedGain.value);
        expect(running.meanOfRelativeChangesPercent.excluded).toBe(
          exact.meanOfRelativeChangesPercent.excluded,
        );
        for (const key of ['q1', 'median', 'q3'] as const)
          expect(Math.abs(running.approximateQuartiles![key] - exact[key]!)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('the order of rows does not matter', () => {
    fc.assert(
      fc.property(many, (xs) => expect(cohortStatistics([...xs].reverse())).toEqual(cohortStatistics(xs))),
    );
  });

  it('refuses to take out what was never added', () => {
    const a = addGain(emptyAggregate(), of(20, 60));
    expect(() => removeGain(a, of(20, 10))).toThrow(
      expect.objectContaining({ code: 'aggregate-underflow', kind: 'conflict' }),
    );
    expect(() => removeGain(emptyAggregate(), of(20, 60))).toThrow(
      expect.objectContaining({ code: 'aggregate-underflow' }),
    );
  });

  it('gives section means', () => {
    const a = [
      of(0, 10, [{ section: 'B', baseline: 10, followUp: 30 }]),
      of(0, 10, [
        { section: 'B', baseline: 20, followUp: 30 },
        { section: 'A', baseline: 1, followUp: 0 },
      ]),
    ].reduce(addGain, emptyAggregate());
    expect(aggregateFigures(a).sections).toEqual([
      { section: 'A', n: 1, meanBaseline: 1, meanFollowUp: 0, meanChangePoints: -1 },
      { section: 'B', n: 2, meanBaseline: 15, meanFollowUp: 30, meanChangePoints: 15 },
    ]);
    expect(a.histogram.change).toEqual({ 10: 2 });
  });
});
