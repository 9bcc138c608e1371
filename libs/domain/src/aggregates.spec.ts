import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  nextSnapshot,
  publishable,
  type AggregateRow,
  type PublishedGroups,
  type Snapshot,
} from './aggregates.js';

const row = (site: number, change: Partial<AggregateRow> = {}): AggregateRow => ({
  site: `s${site}`,
  cohorts: ['one'],
  categories: ['dairy'],
  country: 'EG',
  points: 50 + (site % 40),
  passed: site % 2 === 0,
  change: site % 20,
  sections: { A: site % 100 },
  ...change,
});
const rows = (n: number, change: (site: number) => Partial<AggregateRow> = () => ({})): AggregateRow[] =>
  Array.from({ length: n }, (_, site) => row(site, change(site)));
const none = { snapshot: null, published: {} };
const cell = (snapshot: Snapshot, dimension: string, group: string, measure = 'result') =>
  snapshot.cells.find(
    (each) => each.measure === measure && each.dimension === dimension && each.group === group,
  );

describe('small groups', () => {
  it('are suppressed, and so is what would give them away beside the total', () => {
    const { snapshot } = nextSnapshot(
      rows(20, (site) => ({ cohorts: [site < 3 ? 'small' : 'large'] })),
      5,
      '2026-03-01',
      none,
    )!;
    expect(cell(snapshot, 'programme', 'all')!.figures!.n).toBe(20);
    expect(cell(snapshot, 'cohort', 'small')!.figures).toBeNull();
    expect(cell(snapshot, 'cohort', 'large')!.figures).toBeNull();
  });
  it('do not come out of the difference of two filters', () => {
    // All of cohort one but a single site are in Egypt.
    const { snapshot } = nextSnapshot(
      rows(40, (site) => ({ cohorts: [site < 20 ? 'one' : 'two'], country: site < 19 ? 'EG' : 'KE' })),
      5,
      '2026-03-01',
      none,
    )!;
    expect(cell(snapshot, 'cohort', 'one')!.figures!.n).toBe(20);
    expect(cell(snapshot, 'country', 'EG')!.figures).toBeNull();
    expect(cell(snapshot, 'country', 'KE')!.figures).toBeNull();
  });
  it('leave a programme that is smaller than k without any figure', () => {
    expect(nextSnapshot(rows(4), 5, '2026-03-01', none)).toBeNull();
  });
  it('keep their pass share to themselves when only few passed or failed', () => {
    const share = (failed: number) =>
      cell(
        nextSnapshot(
          rows(20, (site) => ({ passed: site >= failed })),
          5,
          '2026-03-01',
          none,
        )!.snapshot,
        'programme',
        'all',
      )!.figures!.passShare;
    expect([share(0), share(4), share(5), share(16)]).toEqual([null, null, 75, null]);
  });
  it('are never smaller than three, whatever a programme asks for', () => {
    expect(() => publishable([], [], 2)).toThrow(expect.objectContaining({ code: 'k-too-small' }));
  });
});

describe('over time', () => {
  const first = nextSnapshot(rows(20), 5, '2026-03-01', none)!;
  it('nothing moves while fewer than k results have changed', () => {
    expect(nextSnapshot(rows(20), 5, '2026-03-02', first)).toBeNull();
    const changed = rows(20, (site) => (site < 4 ? { points: 99, change: 60, sections: { A: 99.5 } } : {}));
    expect(nextSnapshot(changed, 5, '2026-03-02', first)).toBeNull();
    expect(nextSnapshot(rows(21), 5, '2026-03-02', first)).toBeNull();
  });
  it('figures move when k have, and say of which day they are', () => {
    const changed = rows(20, (site) => (site < 5 ? { points: 99 } : {}));
    const second = nextSnapshot(changed, 5, '2026-04-01', first)!;
    expect(cell(second.snapshot, 'programme', 'all')).toMatchObject({ asOf: '2026-04-01' });
    expect(cell(second.snapshot, 'programme', 'all', 'change')).toMatchObject({ asOf: '2026-03-01' });
  });
});

/** Dimension of the smallest set of results that some sum or difference of few published groups is about. */
function smallestDerivable(groups: readonly (readonly string[])[]): number {
  let smallest = Infinity;
  const weigh = (weights: readonly number[], picked: readonly (readonly string[])[]): void => {
    const sum = new Map<string, number>();
    picked.forEach((group, index) =>
      group.forEach((unit) => sum.set(unit, (sum.get(unit) ?? 0) + weights[index]!)),
    );
    const support = [...sum.values()].filter((weight) => weight !== 0).length;
    if (support > 0) smallest = Math.min(smallest, support);
  };
  const signs = [-2, -1, 1, 2];
  groups.forEach((a, i) => {
    weigh([1], [a]);
    groups.slice(i + 1).forEach((b, j) => {
      for (const sb of signs) {
        weigh([1, sb], [a, b]);
        for (const c of groups.slice(i + j + 2)) for (const sc of signs) weigh([1, sb, sc], [a, b, c]);
      }
    });
  });
  return smallest;
}

const site = fc.record({
  cohorts: fc.subarray(['c1', 'c2', 'c3'], { minLength: 1 }),
  categories: fc.subarray(['dairy', 'meat', 'fish', 'bakery']),
  country: fc.constantFrom('EG', 'KE', 'TN'),
  points: fc.integer({ min: 0, max: 100 }),
  passed: fc.option(fc.boolean()),
  change: fc.option(fc.integer({ min: -50, max: 50 })),
  sections: fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.integer({ min: 0, max: 100 })),
});
const population = fc
  .array(site, { maxLength: 45 })
  .map((all): AggregateRow[] => all.map((each, index) => ({ ...each, site: `s${index}` })));

describe('whatever the programme looks like', () => {
  it('nothing about fewer than k results can be got from all published figures by adding and subtracting', () => {
    fc.assert(
      fc.property(
        fc.array(population, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 3, max: 8 }),
        (times, k) => {
          let last: { snapshot: Snapshot | null; published: PublishedGroups } = none;
          for (const [index, time] of times.entries()) {
            last = nextSnapshot(time, k, `2026-0${index + 1}-01`, last) ?? last;
            for (const groups of Object.values(last.published))
              if (groups.length > 0) expect(smallestDerivable(groups)).toBeGreaterThanOrEqual(k);
          }
          for (const { figures } of last.snapshot?.cells ?? [])
            if (figures) expect(figures.n).toBeGreaterThanOrEqual(k);
        },
      ),
      { numRuns: 60 },
    );
  });
});
