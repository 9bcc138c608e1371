import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { AssessmentKind } from './assessment.js';
import { addDays, daysBetween } from './local-date.js';
import { nextVisitNeed } from './visit-need.js';
import type { VisitIntervalRule } from './visit-need.js';

const read = (path: string): string =>
  readFileSync(new URL(`../../../checklists/${path}`, import.meta.url), 'utf8');
const rule = parse(read('rules/visit-intervals.yaml')) as VisitIntervalRule;
const matches = new Ajv2020({ strict: true }).compile(
  JSON.parse(read('schemas/visit-intervals.schema.json')) as object,
);
const closedOn = '2026-01-10';

describe('the rule file', () => {
  it('follows its schema', () => {
    expect(matches(rule)).toBe(true);
    expect(matches({ ...rule, bands: [{ minPoints: 60, days: 30 }] })).toBe(false);
    expect(matches({ ...rule, bands: [{ minPoints: 0, days: 0 }] })).toBe(false);
    expect(matches({ ...rule, cap: 3 })).toBe(false);
  });
});

describe('nextVisitNeed', () => {
  it.each([
    // points, open criticals, days, reason, priority
    [100, 0, 180, 'score-band', 0],
    [80, 0, 180, 'score-band', 0],
    [79.9, 0, 120, 'score-band', 1],
    [60, 0, 120, 'score-band', 1],
    [59.9, 0, 60, 'score-band', 2],
    [0, 0, 60, 'score-band', 2],
    [-15, 0, 60, 'score-band', 2],
    [null, 0, 60, 'not-scorable', 3],
    [100, 1, 60, 'open-critical', 4],
    [null, 2, 60, 'open-critical', 4],
  ] as const)(
    '%p points with %p open criticals: %p days, %s',
    (points, openCritical, days, reason, priority) => {
      const next = nextVisitNeed({ closedOn, points, openCritical, kind: 'follow-up' }, rule);
      const due = addDays(closedOn, days);
      expect(next).toEqual({
        earliest: addDays(due, -21),
        due,
        latest: addDays(due, 21),
        reason,
        days,
        priority,
      });
    },
  );

  it('counts in calendar days', () => {
    const next = nextVisitNeed({ closedOn, points: 70, openCritical: 0, kind: 'baseline' }, rule);
    expect([next.earliest, next.due, next.latest]).toEqual(['2026-04-19', '2026-05-10', '2026-05-31']);
  });

  it('does not mind the order of the bands, and takes 21 days of window when none is given', () => {
    const { windowBeforeDays: _before, windowAfterDays: _after, ...rest } = rule;
    const input = { closedOn, points: 70, openCritical: 0, kind: 'baseline' } as const;
    expect(nextVisitNeed(input, { ...rest, bands: [...rule.bands].reverse() })).toEqual(
      nextVisitNeed(input, rule),
    );
  });

  it('caps by kind', () => {
    const capped = { ...rule, kindCapDays: { self: 90 } };
    const input = { closedOn, points: 95, openCritical: 0 };
    expect(nextVisitNeed({ ...input, kind: 'self' }, capped)).toMatchObject({ days: 90, reason: 'kind-cap' });
    expect(nextVisitNeed({ ...input, kind: 'baseline' }, capped)).toMatchObject({
      days: 180,
      reason: 'score-band',
    });
    expect(nextVisitNeed({ ...input, points: 10, kind: 'self' }, capped)).toMatchObject({
      reason: 'score-band',
    });
  });

  it('says no to a rule without bands and to points that are no number', () => {
    const input = { closedOn, points: 95, openCritical: 0, kind: 'self' as const };
    expect(() => nextVisitNeed(input, { ...rule, bands: [] })).toThrow(/no bands/);
    expect(() => nextVisitNeed({ ...input, points: NaN }, rule)).toThrow(/null when not scorable/);
  });

  it('gives a window around the due day, after the closing day; worse is never later', () => {
    const kinds: AssessmentKind[] = ['self', 'baseline', 'follow-up', 'verification'];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 100 }),
        fc.nat(2),
        fc.constantFrom(...kinds),
        fc.integer({ min: 1, max: 90 }),
        (a, b, openCritical, kind, cap) => {
          const own = { ...rule, criticalCapDays: cap };
          const worse = nextVisitNeed({ closedOn, points: Math.min(a, b), openCritical, kind }, own);
          const better = nextVisitNeed({ closedOn, points: Math.max(a, b), openCritical, kind }, own);
          expect(worse.days).toBeLessThanOrEqual(better.days);
          expect(worse.priority).toBeGreaterThanOrEqual(better.priority);
          for (const next of [worse, better]) {
            expect(next.earliest <= next.due && next.due <= next.latest).toBe(true);
            expect(next.earliest > closedOn).toBe(true);
            expect(daysBetween(closedOn, next.due)).toBe(next.days);
          }
        },
      ),
    );
  });
});
