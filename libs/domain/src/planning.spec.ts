import fc from 'fast-check';
import { addDays } from './local-date.js';
import { checkPlan } from './planning-check.js';
import { planVisits } from './planning.js';
import type { PlanningAssessor, PlanningNeed, PlanningProblem } from './planning.js';

// 2026-03-02 is a Monday.
const MONDAY = '2026-03-02';

const need = (changes: Partial<PlanningNeed> = {}): PlanningNeed => ({
  id: 'n1',
  siteId: 's1',
  lat: 30,
  lon: 31,
  country: 'EG',
  earliest: MONDAY,
  due: '2026-03-04',
  latest: '2026-03-06',
  level: 'basic',
  checklist: 'food-manufacturing',
  priority: 1,
  languages: ['ar', 'en'],
  requiredCompetences: ['food'],
  excludedAssessors: [],
  ...changes,
});

const assessor = (changes: Partial<PlanningAssessor> = {}): PlanningAssessor => ({
  id: 'a1',
  name: 'Amal',
  base: { lat: 30, lon: 31 },
  competences: ['food'],
  languages: ['en'],
  workingDays: [1, 2, 3, 4, 5],
  holidays: [],
  absences: [],
  bookings: [],
  engagements: [],
  ...changes,
});

const problem = (needs: PlanningNeed[], assessors: PlanningAssessor[], changes = {}): PlanningProblem => ({
  horizon: { from: MONDAY, to: '2026-03-15' },
  needs,
  assessors,
  lookBackMonths: 24,
  ...changes,
});

/** Plans, and has the plan checked. */
function plan(of: PlanningProblem) {
  const result = planVisits(of);
  expect(checkPlan(of, result)).toEqual([]);
  return result;
}

const placed = (of: PlanningProblem): string[] =>
  plan(of).visits.map(({ needId, assessorId, date }) => `${needId} ${assessorId} ${date}`);

const codes = (of: PlanningProblem): string[] =>
  plan(of).unplanned.flatMap(({ reasons }) =>
    reasons.map(({ assessorId, code }) => `${assessorId ?? '*'} ${code}`),
  );

describe('planVisits', () => {
  it('plans one visit on the due day and says why', () => {
    expect(plan(problem([need()], [assessor()])).visits).toEqual([
      {
        needId: 'n1',
        siteId: 's1',
        assessorId: 'a1',
        date: '2026-03-04',
        lastDate: '2026-03-04',
        travelKm: 0,
        why: '0 km from the base; on the due day; chosen from 5 possible assessor-days of 1 assessor.',
      },
    ]);
  });

  it('has nothing to say about nothing', () => {
    expect(planVisits(problem([], []))).toEqual({ visits: [], unplanned: [] });
  });

  it('takes the assessor with the least travel, then the day closest to the due day, then the smaller id', () => {
    const near = assessor({ id: 'near', base: { lat: 30.1, lon: 31 } });
    const far = assessor({ id: 'far', base: { lat: 33, lon: 31 } });
    const nowhere = assessor({ id: 'anywhere', base: null });
    expect(placed(problem([need()], [far, nowhere, near]))).toEqual(['n1 near 2026-03-04']);
    expect(placed(problem([need()], [assessor({ id: 'b' }), assessor({ id: 'a' })]))).toEqual([
      'n1 a 2026-03-04',
    ]);
    expect(plan(problem([need({ lat: null })], [near])).visits[0]).toMatchObject({ travelKm: null });
  });

  it('knows the distance from Cairo to Alexandria', () => {
    const cairo = { lat: 30.0444, lon: 31.2357 };
    const visit = plan(problem([need({ lat: 31.2001, lon: 29.9187 })], [assessor({ base: cairo })]))
      .visits[0]!;
    expect(visit.travelKm).toBeGreaterThan(178);
    expect(visit.travelKm).toBeLessThan(181);
  });

  it('travels on from the visit of the day before', () => {
    const booked = assessor({ base: { lat: 0, lon: 0 }, bookings: [{ date: MONDAY, lat: 30, lon: 31.1 }] });
    const visit = plan(problem([need({ due: '2026-03-06' })], [booked])).visits[0]!;
    expect(visit.date).toBe('2026-03-03');
    expect(visit.travelKm).toBeLessThan(10);
    expect(visit.why).toMatch(/from the visit of the day before or after; 3 days before the due day/);
  });

  it('looks over the edge of the horizon for a visit to travel on from', () => {
    const bookings = [{ date: '2026-03-09', lat: 30, lon: 31.1 }];
    const sundays = assessor({ base: null, workingDays: [7], bookings });
    const late = need({ latest: '2026-03-08' });
    const visit = plan(problem([late], [sundays], { horizon: { from: MONDAY, to: '2026-03-08' } }))
      .visits[0]!;
    expect(visit.date).toBe('2026-03-08');
    expect(visit.travelKm).toBeLessThan(10);
  });

  it('settles what is equally far and equally close by id, then by the earlier day', () => {
    const a = assessor({ id: 'a', workingDays: [4] });
    const b = assessor({ id: 'b', workingDays: [2] });
    expect(placed(problem([need()], [b, a]))).toEqual(['n1 a 2026-03-05']);
    expect(placed(problem([need()], [assessor({ workingDays: [2, 4] })]))).toEqual(['n1 a1 2026-03-03']);
  });

  it('serves the most constrained need first', () => {
    const day = { earliest: '2026-03-04', latest: '2026-03-04' };
    const needs = [need({ id: 'wide', priority: 9 }), need({ id: 'tight', ...day })];
    expect(placed(problem(needs, [assessor()]))).toEqual(['wide a1 2026-03-03', 'tight a1 2026-03-04']);
  });

  it('prefers the more urgent of two needs with one day between them', () => {
    const day = { earliest: '2026-03-04', latest: '2026-03-04' };
    const needs = [need({ id: 'a', ...day }), need({ id: 'b', ...day, priority: 2 })];
    const result = plan(problem(needs, [assessor()]));
    expect(result.visits.map(({ needId }) => needId)).toEqual(['b']);
    expect(result.unplanned).toEqual([
      {
        needId: 'a',
        reasons: [
          {
            assessorId: 'a1',
            code: 'no-free-day',
            detail: 'Of 1 possible first day: 1 taken by another visit.',
          },
        ],
        summary: 'None of 1 assessor can go between 2026-03-04 and 2026-03-04: 1 without a free day.',
      },
    ]);
  });

  it.each<[string, Partial<PlanningNeed>, Partial<PlanningAssessor>, string[]]>([
    ['competence', { requiredCompetences: ['food', 'halal'] }, {}, ['a1 competence-missing']],
    ['language', { languages: ['fr'] }, {}, ['a1 language-missing']],
    ['exclusion', { excludedAssessors: [{ id: 'a1', reason: 'Family.' }] }, {}, ['a1 excluded']],
    [
      'several at once',
      { languages: ['fr'], requiredCompetences: ['x'] },
      {},
      ['a1 competence-missing', 'a1 language-missing'],
    ],
    ['working days', {}, { workingDays: [0, 6] }, ['a1 no-free-day']],
    ['holidays', { latest: '2026-03-03' }, { holidays: [MONDAY, '2026-03-03'] }, ['a1 no-free-day']],
    ['absence', {}, { absences: [{ from: '2026-01-01', to: '2026-03-06' }] }, ['a1 no-free-day']],
    [
      'booking',
      { latest: MONDAY },
      { bookings: [{ date: MONDAY, lat: null, lon: null }] },
      ['a1 no-free-day'],
    ],
    [
      'weekly limit',
      {},
      { maxVisitsPerWeek: 1, bookings: [{ date: MONDAY, lat: null, lon: null }] },
      ['a1 over-weekly-limit'],
    ],
    [
      'coaching',
      {},
      { engagements: [{ siteId: 's1', role: 'coach', until: '2025-06-30' }] },
      ['a1 coached-within-look-back'],
    ],
    [
      'window after the horizon',
      { earliest: '2026-04-01', latest: '2026-04-09' },
      {},
      ['* window-outside-horizon'],
    ],
    [
      'window before the horizon',
      { earliest: '2026-02-01', latest: '2026-03-01' },
      {},
      ['* window-outside-horizon'],
    ],
    ['window shorter than the visit', { durationDays: 6 }, {}, ['* window-outside-horizon']],
    ['closed site', { latest: '2026-03-03', siteClosedDays: [MONDAY, '2026-03-03'] }, {}, ['* site-closed']],
    [
      'fixed on a day off',
      { fixed: { assessorId: 'a1', date: MONDAY } },
      { holidays: [MONDAY] },
      ['a1 no-free-day'],
    ],
    ['fixed outside', { fixed: { assessorId: 'a1', date: '2026-03-09' } }, {}, ['a1 fixed-outside-window']],
    ['fixed with nobody', { fixed: { assessorId: 'a9', date: MONDAY } }, {}, ['a9 unknown-assessor']],
  ])('says why a need is unplanned: %s', (_name, needChanges, assessorChanges, expected) => {
    expect(codes(problem([need(needChanges)], [assessor(assessorChanges)]))).toEqual(expected);
  });

  it('gives a reason for every assessor, and one when there is none', () => {
    const two = [assessor({ id: 'b', languages: [] }), assessor({ id: 'a', workingDays: [] })];
    expect(codes(problem([need()], two))).toEqual(['a no-free-day', 'b language-missing']);
    expect(codes(problem([need()], []))).toEqual(['* no-assessors']);
  });

  it.each([
    // visit day, engagement until, barred
    ['2026-03-04', '2024-03-03', false],
    ['2026-03-04', '2024-03-04', true],
    ['2026-03-04', '2027-01-01', true],
    ['2026-02-28', '2024-02-27', false],
    ['2026-02-28', '2024-02-28', true],
    ['2024-02-29', '2022-02-28', true],
    ['2024-02-29', '2022-02-27', false],
  ])('on %s, an engagement until %s bars: %p', (day, until, barred) => {
    const only = need({ earliest: day, due: day, latest: day });
    const coach = assessor({
      workingDays: [1, 2, 3, 4, 5, 6, 7],
      engagements: [{ siteId: 's1', role: 'consultant', until }],
    });
    const result = plan(problem([only], [coach], { horizon: { from: day, to: day } }));
    expect(result.unplanned).toHaveLength(barred ? 1 : 0);
    const elsewhere = { ...coach, engagements: [{ siteId: 's2', role: 'coach' as const, until }] };
    expect(plan(problem([only], [elsewhere], { horizon: { from: day, to: day } })).visits).toHaveLength(1);
  });

  it('uses the part of the window that lies after the look-back, and the look-back of the problem', () => {
    const coach = assessor({ engagements: [{ siteId: 's1', role: 'coach', until: '2024-03-04' }] });
    expect(placed(problem([need()], [coach]))).toEqual(['n1 a1 2026-03-05']);
    expect(placed(problem([need()], [coach], { lookBackMonths: 12 }))).toEqual(['n1 a1 2026-03-04']);
    expect(placed(problem([need()], [coach], { lookBackMonths: undefined }))).toEqual(['n1 a1 2026-03-05']);
  });

  it('goes by the look-back of each need, so that programmes with different rules are planned together', () => {
    const coach = assessor({ engagements: [{ siteId: 's1', role: 'trainer', until: '2025-03-01' }] });
    const of = (lookBackMonths: number | undefined) => problem([need({ lookBackMonths })], [coach]);
    expect(placed(of(12))).toEqual(['n1 a1 2026-03-04']);
    expect(placed(of(undefined))).toEqual([]);
    expect(plan(of(36)).unplanned[0]?.reasons[0]).toMatchObject({
      code: 'coached-within-look-back',
      detail: expect.stringContaining('within 36 months'),
    });
    expect(checkPlan(of(24), plan(of(12))).map(({ code }) => code)).toContain('coached-within-look-back');
    expect(() => planVisits(of(-1))).toThrow(
      expect.objectContaining({
        code: 'planning-look-back-invalid',
        fields: [expect.objectContaining({ field: '/needs/0/lookBackMonths' })],
      }),
    );
  });

  it('knows Sunday as 0 and as 7', () => {
    const sunday = need({ earliest: '2026-03-08', due: '2026-03-08', latest: '2026-03-08' });
    for (const day of [0, 7]) {
      expect(placed(problem([sunday], [assessor({ workingDays: [day] })]))).toEqual(['n1 a1 2026-03-08']);
    }
    expect(codes(problem([sunday], [assessor()]))).toEqual(['a1 no-free-day']);
  });

  it('keeps a visit of several days in one piece', () => {
    const long = need({ durationDays: 3, latest: '2026-03-13', due: '2026-03-05' });
    const visit = plan(problem([long], [assessor()])).visits[0]!;
    expect([visit.date, visit.lastDate]).toEqual(['2026-03-04', '2026-03-06']);
    const cut = assessor({ holidays: ['2026-03-03', '2026-03-05'], maxVisitsPerWeek: 1 });
    expect(plan(problem([long], [cut])).visits[0]).toMatchObject({
      date: '2026-03-09',
      lastDate: '2026-03-11',
    });
  });

  it('counts the bookings of one visit once in the weekly limit', () => {
    const bookings = [MONDAY, '2026-03-03'].map((date) => ({ date, lat: null, lon: null, visitId: 'v' }));
    const busy = assessor({ bookings, maxVisitsPerWeek: 2 });
    expect(placed(problem([need()], [busy]))).toEqual(['n1 a1 2026-03-04']);
    expect(codes(problem([need()], [{ ...busy, maxVisitsPerWeek: 1 }]))).toEqual(['a1 over-weekly-limit']);
  });

  it('places a fixed visit first, as settled', () => {
    const fixed = need({ id: 'fixed', fixed: { assessorId: 'b', date: '2026-03-04' }, latest: '2026-03-15' });
    const tight = need({ id: 'tight', earliest: '2026-03-04', latest: '2026-03-04' });
    expect(
      placed(problem([tight, fixed], [assessor({ id: 'a', workingDays: [1] }), assessor({ id: 'b' })])),
    ).toEqual(['fixed b 2026-03-04']);
  });

  it.each<[string, PlanningProblem]>([
    ['planning-horizon-invalid', problem([], [], { horizon: { from: MONDAY, to: '2026-03-01' } })],
    ['planning-horizon-too-long', problem([], [], { horizon: { from: MONDAY, to: '2036-03-01' } })],
    ['planning-look-back-invalid', problem([], [], { lookBackMonths: 1.5 })],
    ['planning-duplicate-id', problem([need(), need()], [])],
    ['planning-duplicate-id', problem([], [assessor(), assessor()])],
    ['planning-duration-invalid', problem([need({ durationDays: 0 })], [])],
    ['impossible-date', problem([need({ due: '2026-02-30' })], [assessor()])],
  ])('says no: %s', (code, wrong) => {
    expect(() => planVisits(wrong)).toThrow(expect.objectContaining({ code }));
  });

  it('plans 500 needs with 30 assessors over 60 days in under a second', () => {
    const needs = Array.from({ length: 500 }, (_, i) => {
      const due = addDays(MONDAY, (i * 7) % 60);
      return need({
        id: `n${i}`,
        siteId: `s${i}`,
        lat: 24 + ((i * 13) % 70) / 10,
        lon: 29 + ((i * 29) % 60) / 10,
        earliest: addDays(due, -21),
        due,
        latest: addDays(due, 21),
        priority: i % 4,
      });
    });
    const assessors = Array.from({ length: 30 }, (_, i) =>
      assessor({
        id: `a${i}`,
        base: { lat: 24 + (i % 7), lon: 29 + (i % 6) },
        maxVisitsPerWeek: 2 + (i % 3),
      }),
    );
    const big = problem(needs, assessors, { horizon: { from: MONDAY, to: addDays(MONDAY, 59) } });
    planVisits(big);
    const began = process.cpuUsage();
    const result = planVisits(big);
    // Of the processor, so that what else the machine does isn't counted.
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(1000);
    expect(result.visits.length).toBeGreaterThan(400);
    expect(checkPlan(big, result)).toEqual([]);
  });
});

/** A small world with much in it that gets in the way. */
const problems: fc.Arbitrary<PlanningProblem> = (() => {
  const day = fc.integer({ min: -10, max: 35 }).map((days) => addDays(MONDAY, days));
  const coordinate = fc.option(fc.integer({ min: 0, max: 4 }), { nil: null });
  const site = fc.constantFrom('s1', 's2', 's3', 's4');
  const seldom = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
  const assessorId = fc.constantFrom('a0', 'a1', 'a2', 'a3');
  const needs = fc.array(
    fc.record({
      siteId: site,
      lat: coordinate,
      lon: coordinate,
      start: fc.integer({ min: -4, max: 25 }),
      before: fc.nat(5),
      after: fc.nat(8),
      durationDays: fc.constantFrom(undefined, 1, 1, 2, 3),
      priority: fc.nat(3),
      languages: fc.constantFrom([], ['en'], ['ar', 'en'], ['ar']),
      requiredCompetences: fc.constantFrom([], ['food'], ['food'], ['food', 'halal']),
      excluded: seldom(assessorId),
      fixed: seldom(fc.record({ assessorId, days: fc.nat(12) })),
      siteClosedDays: fc.array(day, { maxLength: 4 }),
    }),
    { maxLength: 14, size: 'max' },
  );
  const assessors = fc.array(
    fc.record({
      base: fc.option(fc.record({ lat: fc.nat(4), lon: fc.nat(4) }), { nil: null }),
      competences: fc.constantFrom(['food', 'halal'], ['food'], ['food', 'halal', 'x']),
      languages: fc.constantFrom(['en', 'ar'], ['en'], ['ar']),
      workingDays: fc.constantFrom(
        [1, 2, 3, 4, 5],
        [0, 1, 2, 3, 4],
        [6, 7, 1],
        [2, 4],
        [0, 1, 2, 3, 4, 5, 6],
      ),
      holidays: fc.array(day, { maxLength: 3 }),
      absences: fc.array(
        fc.tuple(day, fc.nat(6)).map(([from, length]) => ({ from, to: addDays(from, length) })),
        { maxLength: 2 },
      ),
      maxVisitsPerWeek: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2),
      bookings: fc.array(
        fc.record({
          date: day,
          lat: coordinate,
          lon: coordinate,
          visitId: fc.constantFrom(undefined, 'v1', 'v2'),
        }),
        { maxLength: 4 },
      ),
      engagements: fc.array(
        fc.record({
          siteId: site,
          role: fc.constantFrom('coach' as const, 'consultant' as const),
          until: day.map((date) => `2024${date.slice(4)}`),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 4, size: 'max' },
  );
  return fc
    .record({
      days: fc.integer({ min: 0, max: 28 }),
      lookBackMonths: fc.constantFrom(undefined, 24, 12, 0),
      needs,
      assessors,
    })
    .map((world) => ({
      horizon: { from: MONDAY, to: addDays(MONDAY, world.days) },
      lookBackMonths: world.lookBackMonths,
      needs: world.needs.map(({ start, before, after, excluded, fixed, ...rest }, index) => {
        const due = addDays(MONDAY, start);
        return need({
          ...rest,
          id: `n${index}`,
          earliest: addDays(due, -before),
          due,
          latest: addDays(due, after),
          excludedAssessors: excluded ? [{ id: excluded, reason: 'Said so.' }] : [],
          fixed: fixed && { assessorId: fixed.assessorId, date: addDays(due, fixed.days - before) },
        });
      }),
      assessors: world.assessors.map((each, index) => assessor({ ...each, id: `a${index}` })),
    }));
})();

describe('any problem', () => {
  it('gets a plan that the checker accepts', () => {
    let planned = 0;
    const reasons = new Set<string>();
    fc.assert(
      fc.property(problems, (of) => {
        const result = plan(of);
        planned += result.visits.length;
        for (const { reasons: all } of result.unplanned) for (const { code } of all) reasons.add(code);
      }),
      { numRuns: 1500 },
    );
    // The random worlds reach everything there is to check.
    expect(planned).toBeGreaterThan(1000);
    expect(reasons.size).toBe(11);
  });

  it('gets the same plan again, in whatever order its lists are', () => {
    fc.assert(
      fc.property(problems, (of) => {
        const result = planVisits(of);
        expect(planVisits(structuredClone(of))).toEqual(result);
        const turned = { ...of, needs: [...of.needs].reverse(), assessors: [...of.assessors].reverse() };
        expect(planVisits(turned)).toEqual(result);
      }),
      { numRuns: 300 },
    );
  });

  it('is not changed by planning', () => {
    fc.assert(
      fc.property(problems, (of) => {
        const before = structuredClone(of);
        planVisits(of);
        expect(of).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });

  it('moves a visit when its assessor falls ill on that day', () => {
    let moved = 0;
    fc.assert(
      fc.property(problems, fc.nat(), (of, pick) => {
        const { visits } = planVisits(of);
        if (visits.length === 0) return;
        const visit = visits[pick % visits.length]!;
        const ill = {
          ...of,
          assessors: of.assessors.map((each) =>
            each.id === visit.assessorId
              ? { ...each, absences: [...each.absences, { from: visit.date, to: visit.lastDate }] }
              : each,
          ),
        };
        expect(checkPlan(ill, { visits, unplanned: planVisits(of).unplanned })).toContainEqual(
          expect.objectContaining({ code: 'absent', needId: visit.needId }),
        );
        const again = plan(ill).visits.find(({ needId }) => needId === visit.needId);
        if (again) {
          moved++;
          expect(`${again.assessorId} ${again.date}`).not.toBe(`${visit.assessorId} ${visit.date}`);
        }
      }),
      { numRuns: 500 },
    );
    expect(moved).toBeGreaterThan(50);
  });
});
