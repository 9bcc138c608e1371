import { checkPlan } from './planning-check.js';
import type { PlanViolationCode } from './planning-check.js';
import type {
  PlannedVisit,
  PlanningAssessor,
  PlanningNeed,
  PlanningProblem,
  UnplannedNeed,
  UnplannedReason,
} from './planning.js';

// 2026-03-04 is a Wednesday. No plan here was made by planVisits.
const DAY = '2026-03-04';

const need: PlanningNeed = {
  id: 'n1',
  siteId: 's1',
  lat: null,
  lon: null,
  country: 'EG',
  earliest: '2026-03-02',
  due: DAY,
  latest: '2026-03-06',
  level: 'basic',
  checklist: 'food-manufacturing',
  priority: 1,
  languages: ['ar', 'en'],
  requiredCompetences: ['food'],
  excludedAssessors: [],
};

const assessor: PlanningAssessor = {
  id: 'a1',
  name: 'Amal',
  base: null,
  competences: ['food'],
  languages: ['en'],
  workingDays: [1, 2, 3, 4, 5],
  holidays: [],
  absences: [],
  bookings: [],
  engagements: [],
};

const visit: PlannedVisit = {
  needId: 'n1',
  siteId: 's1',
  assessorId: 'a1',
  date: DAY,
  lastDate: DAY,
  travelKm: null,
  why: '',
};

const problem = (
  needChanges: Partial<PlanningNeed> = {},
  assessorChanges: Partial<PlanningAssessor> = {},
): PlanningProblem => ({
  horizon: { from: '2026-03-01', to: '2026-03-31' },
  needs: [{ ...need, ...needChanges }],
  assessors: [{ ...assessor, ...assessorChanges }],
});

const unplanned = (...reasons: UnplannedReason[]): UnplannedNeed => ({ needId: 'n1', reasons, summary: '' });

const reason = (code: UnplannedReason['code'], assessorId: string | null = 'a1'): UnplannedReason => ({
  assessorId,
  code,
  detail: '',
});

describe('checkPlan on visits', () => {
  it('accepts a good plan', () => {
    expect(checkPlan(problem(), { visits: [visit], unplanned: [] })).toEqual([]);
  });

  it.each<[PlanViolationCode, Partial<PlanningNeed>, Partial<PlanningAssessor>, Partial<PlannedVisit>]>([
    ['unknown-assessor', {}, {}, { assessorId: 'a2' }],
    ['site-mismatch', {}, {}, { siteId: 's2' }],
    ['last-date-wrong', { durationDays: 2 }, {}, {}],
    ['fixed-not-kept', { fixed: { assessorId: 'a1', date: '2026-03-05' } }, {}, {}],
    ['fixed-not-kept', { fixed: { assessorId: 'a2', date: DAY } }, {}, {}],
    ['outside-horizon', { latest: '2026-04-30' }, {}, { date: '2026-04-01', lastDate: '2026-04-01' }],
    ['outside-window', {}, {}, { date: '2026-03-09', lastDate: '2026-03-09' }],
    ['outside-window', { durationDays: 2, latest: DAY }, {}, { lastDate: '2026-03-05' }],
    ['site-closed', { siteClosedDays: [DAY] }, {}, {}],
    ['competence-missing', { requiredCompetences: ['food', 'halal'] }, {}, {}],
    ['language-missing', { languages: ['fr'] }, {}, {}],
    ['excluded', { excludedAssessors: [{ id: 'a1', reason: '' }] }, {}, {}],
    [
      'coached-within-look-back',
      {},
      { engagements: [{ siteId: 's1', role: 'coach', until: '2024-03-04' }] },
      {},
    ],
    [
      'coached-within-look-back',
      {},
      { engagements: [{ siteId: 's1', role: 'consultant', until: '2030-01-01' }] },
      {},
    ],
    ['not-a-working-day', {}, { workingDays: [1, 2, 4, 5] }, {}],
    ['holiday', {}, { holidays: [DAY] }, {}],
    ['absent', {}, { absences: [{ from: '2026-03-01', to: DAY }] }, {}],
    ['double-booking', {}, { bookings: [{ date: DAY, lat: null, lon: null }] }, {}],
    [
      'over-weekly-limit',
      {},
      { maxVisitsPerWeek: 1, bookings: [{ date: '2026-03-02', lat: null, lon: null }] },
      {},
    ],
  ])('finds %s (%#)', (code, needChanges, assessorChanges, visitChanges) => {
    const visits = [{ ...visit, ...visitChanges }];
    const found = checkPlan(problem(needChanges, assessorChanges), { visits, unplanned: [] });
    expect(found.map((each) => each.code)).toEqual([code]);
    expect(found[0]).toMatchObject({ needId: 'n1', assessorId: visits[0]!.assessorId });
  });

  it('accepts an engagement that ended before the look-back or was elsewhere', () => {
    const engagements = [
      { siteId: 's1', role: 'coach' as const, until: '2024-03-03' },
      { siteId: 's2', role: 'coach' as const, until: '2026-03-03' },
    ];
    expect(checkPlan(problem({}, { engagements }), { visits: [visit], unplanned: [] })).toEqual([]);
  });

  it('finds two visits of one assessor on one day', () => {
    const two = { ...problem(), needs: [need, { ...need, id: 'n2' }] };
    const found = checkPlan(two, { visits: [visit, { ...visit, needId: 'n2' }], unplanned: [] });
    expect(found.map(({ code, needId }) => `${needId} ${code}`)).toEqual([
      'n1 double-booking',
      'n2 double-booking',
    ]);
  });

  it('finds needs that are missing, doubled or made up', () => {
    expect(checkPlan(problem(), { visits: [], unplanned: [] })).toMatchObject([{ code: 'need-missing' }]);
    const doubled = [visit, { ...visit, date: '2026-03-05', lastDate: '2026-03-05' }];
    expect(checkPlan(problem(), { visits: doubled, unplanned: [] })).toMatchObject([{ code: 'need-twice' }]);
    const madeUp = [visit, { ...visit, needId: 'n9', date: '2026-03-05' }];
    expect(checkPlan(problem(), { visits: madeUp, unplanned: [] })).toMatchObject([{ code: 'unknown-need' }]);
  });
});

describe('checkPlan on needs left unplanned', () => {
  const codes = (of: PlanningProblem, ...reasons: UnplannedReason[]): string[] =>
    checkPlan(of, { visits: [], unplanned: [unplanned(...reasons)] }).map(({ code }) => code);

  it('finds a free day behind "no free day", and one behind "over the weekly limit"', () => {
    expect(codes(problem(), reason('no-free-day'))).toEqual(['possible-but-unplanned', 'reason-untrue']);
    expect(codes(problem(), reason('over-weekly-limit'))).toEqual([
      'possible-but-unplanned',
      'reason-untrue',
    ]);
  });

  it('tells a full week from no free day', () => {
    const full = problem({}, { maxVisitsPerWeek: 0 });
    expect(codes(full, reason('over-weekly-limit'))).toEqual([]);
    expect(codes(full, reason('no-free-day'))).toEqual(['reason-untrue']);
  });

  it('asks for a reason for every assessor', () => {
    const lacking = {
      ...problem(),
      assessors: [1, 2].map((n) => ({ ...assessor, id: `a${n}`, languages: [] })),
    };
    expect(codes(lacking)).toEqual(['no-reason', 'no-reason', 'no-reason']);
    expect(codes(lacking, reason('language-missing'))).toEqual(['no-reason']);
    expect(codes(lacking, reason('language-missing'), reason('language-missing', 'a2'))).toEqual([]);
  });

  it.each<[UnplannedReason['code'], string | null]>([
    ['competence-missing', 'a1'],
    ['excluded', 'a1'],
    ['coached-within-look-back', 'a1'],
    ['language-missing', 'a9'],
    ['no-assessors', null],
    ['window-outside-horizon', null],
    ['site-closed', null],
    ['unknown-assessor', 'a1'],
    ['fixed-outside-window', 'a1'],
  ])('does not believe %s when it is not so', (code, assessorId) => {
    const lacking = problem({}, { languages: [] });
    expect(codes(lacking, reason('language-missing'), reason(code, assessorId))).toEqual(['reason-untrue']);
  });

  it('counts the other visits of the plan: a day taken is not free', () => {
    const oneDay = { earliest: DAY, latest: DAY };
    const two = {
      ...problem(oneDay),
      needs: [
        { ...need, ...oneDay },
        { ...need, ...oneDay, id: 'n2' },
      ],
    };
    const rest = [unplanned(reason('no-free-day'))];
    expect(checkPlan(two, { visits: [{ ...visit, needId: 'n2' }], unplanned: rest })).toEqual([]);
  });
});
