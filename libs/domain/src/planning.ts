/**
 * Who visits which site on which day. `planVisits` is one pure function over plain values: the plain rule that
 * stands here and a search engine that may replace it later answer the same question, and `checkPlan`
 * (planning-check.ts) judges both.
 *
 * Hard rules, never bent:
 * - every day of a visit lies in the window of its need and in the horizon, on days the site is open;
 * - the assessor has all the required competences and one of the languages, and is not excluded;
 * - the assessor was not coach or consultant of the site within the look-back (findings are the assessor's,
 *   advice is the mentor's);
 * - every day of a visit is a working day of the assessor, no holiday, not absent, with no other visit or booking;
 * - no week (Monday to Sunday) holds more visits than the assessor's weekly limit.
 *
 * A visit of several days stands on days in a row.
 */
import { DomainError } from './domain-error.js';
import { DEFAULT_LOOK_BACK_MONTHS, type EngagementRole } from './impartiality.js';
import { addDays, addMonths, daysBetween, weekday } from './local-date.js';
import type { LocalDate } from './local-date.js';

/** A place on the earth in decimal degrees. */
export interface PlanningPoint {
  readonly lat: number;
  readonly lon: number;
}

/** A stretch of days, both ends included. */
export interface PlanningPeriod {
  readonly from: LocalDate;
  readonly to: LocalDate;
}

/** A visit that has to be made: where, when, and what it asks of the assessor. */
export interface PlanningNeed {
  readonly id: string;
  readonly siteId: string;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly country: string;
  readonly earliest: LocalDate;
  readonly due: LocalDate;
  readonly latest: LocalDate;
  readonly level: string;
  readonly checklist: string;
  /** How many days in a row the visit takes. Default 1. */
  readonly durationDays?: number;
  /** The higher, the more urgent. */
  readonly priority: number;
  /** Languages spoken on site; any one of them is enough. None named: any assessor will do. */
  readonly languages: readonly string[];
  /** All of them are needed. */
  readonly requiredCompetences: readonly string[];
  readonly excludedAssessors: readonly { readonly id: string; readonly reason: string }[];
  /** For how many months after an engagement a coach may not assess the site; left out: as the problem says. */
  readonly lookBackMonths?: number;
  /** A visit already settled by people: this assessor on this (first) day, or not at all. Hard rules still hold. */
  readonly fixed?: { readonly assessorId: string; readonly date: LocalDate };
  /** Days on which the site cannot be visited. */
  readonly siteClosedDays?: readonly LocalDate[];
}

/** Something an assessor already has on a day; it takes the day whole. Not one of the needs of the problem. */
export interface PlanningBooking {
  readonly date: LocalDate;
  readonly lat: number | null;
  readonly lon: number | null;
  /** Bookings with the same visit are one visit of several days in the weekly limit. */
  readonly visitId?: string;
}

/** Work for a site that bars the assessor from assessing it for a time. */
export interface PlanningEngagement {
  readonly siteId: string;
  readonly role: EngagementRole;
  /** Last day of the engagement (a day to come when it still runs). */
  readonly until: LocalDate;
}

/** A person who can be sent. */
export interface PlanningAssessor {
  readonly id: string;
  readonly name: string;
  readonly base: PlanningPoint | null;
  readonly competences: readonly string[];
  readonly languages: readonly string[];
  /** Days of the week worked: 1 = Monday to 6 = Saturday, 0 (or 7) = Sunday. */
  readonly workingDays: readonly number[];
  /** Days off, the holidays of the country included. */
  readonly holidays: readonly LocalDate[];
  readonly absences: readonly PlanningPeriod[];
  /** Most visits and bookings in one week, Monday to Sunday. Default: no limit. */
  readonly maxVisitsPerWeek?: number;
  readonly bookings: readonly PlanningBooking[];
  readonly engagements: readonly PlanningEngagement[];
}

/** Everything a plan depends on. */
export interface PlanningProblem {
  readonly horizon: PlanningPeriod;
  readonly needs: readonly PlanningNeed[];
  readonly assessors: readonly PlanningAssessor[];
  /** For how many months after an engagement a coach may not assess a site, where its need does not say. Default 24. */
  readonly lookBackMonths?: number;
}

/** A need that got an assessor and a day. */
export interface PlannedVisit {
  readonly needId: string;
  readonly siteId: string;
  readonly assessorId: string;
  /** First day of the visit. */
  readonly date: LocalDate;
  /** Last day of the visit; the same as `date` for a visit of one day. */
  readonly lastDate: LocalDate;
  /** One way as the crow flies, from the base or from the visit of the day before or after; `null` if unknown. */
  readonly travelKm: number | null;
  /** Why this assessor and day, in one sentence. */
  readonly why: string;
}

/**
 * Why an assessor could not be given a visit. The codes are published and never change meaning:
 * - `competence-missing`, `language-missing`, `excluded`: about the assessor, on any day;
 * - `coached-within-look-back`: an engagement bars every day of the window;
 * - `no-free-day`: no day of the window that is not barred is free;
 * - `over-weekly-limit`: there are free days, all of them in weeks that are full;
 * - about the need itself (no assessor named): `no-assessors`, `window-outside-horizon` (not enough days of the
 *   window lie in the horizon), `site-closed` (the site is closed on every day of the window);
 * - about a fixed visit: `unknown-assessor`, `fixed-outside-window`.
 */
export type UnplannedReasonCode =
  | 'competence-missing'
  | 'language-missing'
  | 'excluded'
  | 'coached-within-look-back'
  | 'no-free-day'
  | 'over-weekly-limit'
  | 'no-assessors'
  | 'window-outside-horizon'
  | 'site-closed'
  | 'unknown-assessor'
  | 'fixed-outside-window';

/** One reason, for one assessor or (with `null`) for all of them. */
export interface UnplannedReason {
  readonly assessorId: string | null;
  readonly code: UnplannedReasonCode;
  readonly detail: string;
}

/** A need that nobody could be found for, with a reason for every assessor. */
export interface UnplannedNeed {
  readonly needId: string;
  readonly reasons: readonly UnplannedReason[];
  /** The reasons in one sentence. */
  readonly summary: string;
}

/** A plan: every need is in exactly one of the two lists. */
export interface VisitPlan {
  /** In order of day, then assessor. */
  readonly visits: readonly PlannedVisit[];
  /** In order of need id. */
  readonly unplanned: readonly UnplannedNeed[];
}

/** The longest horizon that is planned at once. */
const MAX_HORIZON_DAYS = 1100;

const FREE = 0;
const NOT_WORKING = 1;
const HOLIDAY = 2;
const ABSENT = 3;
const TAKEN = 4;

/** The days of the horizon, with a week before and after so that neighbours and whole weeks can be seen. */
interface Calendar {
  /** Monday of the week before the week in which the horizon begins; day number 0. */
  readonly start: LocalDate;
  readonly dates: readonly LocalDate[];
  readonly from: number;
  readonly to: number;
  /** Per look-back and day: an engagement that ended on or after this day bars the assessor. */
  readonly barredSince: (lookBackMonths: number) => readonly LocalDate[];
}

interface AssessorState {
  readonly assessor: PlanningAssessor;
  readonly days: Uint8Array;
  readonly visitsPerWeek: Uint16Array;
  readonly limit: number;
  /** Where the assessor is on a day, for travel from one day to the next. */
  readonly places: Map<number, PlanningPoint[]>;
  /** Last day of the latest engagement per site. */
  readonly engagedUntil: Map<string, LocalDate>;
}

interface NeedState {
  readonly need: PlanningNeed;
  /** Months; see `lookBackOf`. */
  readonly lookBack: number;
  readonly duration: number;
  /** First and last possible first day; empty when `first > last`. */
  readonly first: number;
  readonly last: number;
  readonly due: number;
  readonly closed: ReadonlySet<number>;
  readonly point: PlanningPoint | null;
  /** Per assessor (same order as the states): the first days still possible, or null when the assessor cannot. */
  readonly options: (Uint8Array | null)[];
  count: number;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Plans visits: the need with the fewest possible assessor-days first (then the more urgent, then the one whose
 * window closes first), and for it the assessor and day with the least travel (then closest to the due day, then
 * by assessor id, then the earlier day). The same problem, in whatever order its lists are, gives the same plan.
 */
export function planVisits(problem: PlanningProblem): VisitPlan {
  checkProblem(problem);
  const calendar = calendarOf(problem);
  const states = [...problem.assessors]
    .sort((a, b) => compare(a.id, b.id))
    .map((assessor) => assessorState(assessor, calendar));
  const needs = [...problem.needs]
    .sort((a, b) => compare(a.id, b.id))
    .map((need) => needState(need, lookBackOf(problem, need), calendar, states));

  const open = new Set(needs);
  const visits: PlannedVisit[] = [];
  while (open.size > 0) {
    let next: NeedState | undefined;
    for (const candidate of open) if (!next || comesBefore(candidate, next)) next = candidate;
    const need = next!;
    if (need.count > 0) {
      const choice = bestOption(need, states);
      visits.push(visitOf(need, choice, states, calendar));
      book(need, choice, states);
      open.delete(need);
      withdrawOptions(open, states[choice.index]!, choice.index, choice.day, need.duration);
    } else {
      open.delete(need);
    }
  }

  const planned = new Set(visits.map((visit) => visit.needId));
  return {
    visits: visits.sort(
      (a, b) => compare(a.date, b.date) || compare(a.assessorId, b.assessorId) || compare(a.needId, b.needId),
    ),
    unplanned: needs
      .filter(({ need }) => !planned.has(need.id))
      .map((need) => unplannedNeed(need, states, calendar, problem)),
  };
}

/** Says no to problems that have no meaning. */
function checkProblem(problem: PlanningProblem): void {
  const { from, to } = problem.horizon;
  if (to < from) {
    throw new DomainError(
      'planning-horizon-invalid',
      `The horizon ends (${to}) before it begins (${from}).`,
      [
        {
          field: '/horizon/to',
          message: 'This day is before the first one.',
          fix: 'Give a day on or after it.',
        },
      ],
    );
  }
  if (daysBetween(from, to) >= MAX_HORIZON_DAYS) {
    throw new DomainError(
      'planning-horizon-too-long',
      `The horizon is longer than ${MAX_HORIZON_DAYS} days.`,
      [{ field: '/horizon/to', message: 'This day is too far off.', fix: 'Plan a shorter stretch.' }],
      'too-large',
    );
  }
  checkLookBack(problem.lookBackMonths, '/lookBackMonths');
  problem.needs.forEach(({ lookBackMonths }, index) =>
    checkLookBack(lookBackMonths, `/needs/${index}/lookBackMonths`),
  );
  checkIds('needs', problem.needs);
  checkIds('assessors', problem.assessors);
  problem.needs.forEach(({ id, durationDays }, index) => {
    if (durationDays !== undefined && !(Number.isInteger(durationDays) && durationDays >= 1)) {
      throw new DomainError(
        'planning-duration-invalid',
        `Need ${id} takes a whole number of days, at least 1.`,
        [{ field: `/needs/${index}/durationDays`, message: 'This is not a whole number of 1 or more.' }],
      );
    }
  });
}

function checkLookBack(months: number | undefined, field: string): void {
  if (months === undefined || (Number.isInteger(months) && months >= 0)) return;
  throw new DomainError('planning-look-back-invalid', 'The look-back is a whole number of months.', [
    { field, message: 'This is not a whole number of 0 or more.' },
  ]);
}

function checkIds(field: string, items: readonly { readonly id: string }[]): void {
  const seen = new Set<string>();
  items.forEach(({ id }, index) => {
    if (seen.has(id)) {
      throw new DomainError('planning-duplicate-id', `The id ${id} stands twice in ${field}.`, [
        { field: `/${field}/${index}/id`, message: 'Another one has this id.', fix: 'Give each its own id.' },
      ]);
    }
    seen.add(id);
  });
}

/** The look-back that holds for a need. */
export const lookBackOf = (
  problem: Pick<PlanningProblem, 'lookBackMonths'>,
  need: Pick<PlanningNeed, 'lookBackMonths'>,
): number => need.lookBackMonths ?? problem.lookBackMonths ?? DEFAULT_LOOK_BACK_MONTHS;

function calendarOf(problem: PlanningProblem): Calendar {
  const { from, to } = problem.horizon;
  const sinceMonday = (weekday(from) + 6) % 7;
  const start = addDays(from, -sinceMonday - 7);
  const fromDay = sinceMonday + 7;
  const toDay = fromDay + daysBetween(from, to);
  const length = Math.ceil((toDay + 8) / 7) * 7;
  const dates = Array.from({ length }, (_, day) => addDays(start, day));
  const since = new Map<number, readonly LocalDate[]>();
  return {
    start,
    dates,
    from: fromDay,
    to: toDay,
    barredSince(lookBack) {
      const known = since.get(lookBack) ?? dates.map((date) => addMonths(date, -lookBack));
      since.set(lookBack, known);
      return known;
    },
  };
}

/** Weeks of the calendar, which begins on a Monday. */
const weekOf = (day: number): number => (day - (day % 7)) / 7;

const pointOf = (lat: number | null, lon: number | null): PlanningPoint | null =>
  lat === null || lon === null ? null : { lat, lon };

function assessorState(assessor: PlanningAssessor, calendar: Calendar): AssessorState {
  const length = calendar.dates.length;
  const days = new Uint8Array(length);
  const dayOf = (date: LocalDate): number => daysBetween(calendar.start, date);
  const mark = (day: number, state: number): void => {
    if (day >= 0 && day < length && days[day] === FREE) days[day] = state;
  };

  // Day 0 is a Monday.
  const working = new Set(assessor.workingDays.map((day) => day % 7));
  for (let day = 0; day < length; day++) if (!working.has((day + 1) % 7)) days[day] = NOT_WORKING;
  for (const date of assessor.holidays) mark(dayOf(date), HOLIDAY);
  for (const { from, to } of assessor.absences) {
    const last = Math.min(dayOf(to), length - 1);
    for (let day = Math.max(dayOf(from), 0); day <= last; day++) mark(day, ABSENT);
  }

  const places = new Map<number, PlanningPoint[]>();
  const visitsPerWeek = new Uint16Array(length / 7);
  const counted = new Set<string>();
  for (const booking of assessor.bookings) {
    const day = dayOf(booking.date);
    if (day < 0 || day >= length) continue;
    mark(day, TAKEN);
    const point = pointOf(booking.lat, booking.lon);
    if (point) places.set(day, [...(places.get(day) ?? []), point]);
    const key = booking.visitId === undefined ? null : `${weekOf(day)} ${booking.visitId}`;
    if (key === null || !counted.has(key)) visitsPerWeek[weekOf(day)]!++;
    if (key !== null) counted.add(key);
  }

  const engagedUntil = new Map<string, LocalDate>();
  for (const { siteId, until } of assessor.engagements) {
    const known = engagedUntil.get(siteId);
    if (known === undefined || known < until) engagedUntil.set(siteId, until);
  }
  return {
    assessor,
    days,
    visitsPerWeek,
    limit: assessor.maxVisitsPerWeek ?? Infinity,
    places,
    engagedUntil,
  };
}

function needState(
  need: PlanningNeed,
  lookBack: number,
  calendar: Calendar,
  states: readonly AssessorState[],
): NeedState {
  const duration = need.durationDays ?? 1;
  const closed = new Set((need.siteClosedDays ?? []).map((date) => daysBetween(calendar.start, date)));
  let first = Math.max(calendar.from, daysBetween(calendar.start, need.earliest));
  let last = Math.min(calendar.to, daysBetween(calendar.start, need.latest)) - duration + 1;
  if (need.fixed) {
    const day = daysBetween(calendar.start, need.fixed.date);
    [first, last] = day >= first && day <= last ? [day, day] : [0, -1];
  }
  const state: NeedState = {
    need,
    lookBack,
    duration,
    first,
    last,
    due: daysBetween(calendar.start, need.due),
    closed,
    point: pointOf(need.lat, need.lon),
    options: [],
    count: 0,
  };
  if (first > last) return state;
  states.forEach((assessor, index) => {
    state.options[index] = null;
    if (need.fixed && need.fixed.assessorId !== assessor.assessor.id) return;
    if (personReasons(need, assessor.assessor).length > 0) return;
    const options = new Uint8Array(last - first + 1);
    let any = false;
    for (let day = firstUnbarred(state, assessor, calendar); day <= last; day++) {
      if (siteOpen(state, day) && isFree(assessor, day, duration) && !weekFull(assessor, day, duration)) {
        options[day - first] = 1;
        state.count++;
        any = true;
      }
    }
    if (any) state.options[index] = options;
  });
  return state;
}

function siteOpen({ closed, duration }: NeedState, day: number): boolean {
  if (closed.size === 0) return true;
  for (let at = day; at < day + duration; at++) if (closed.has(at)) return false;
  return true;
}

function isFree({ days }: AssessorState, day: number, duration: number): boolean {
  for (let at = day; at < day + duration; at++) if (days[at] !== FREE) return false;
  return true;
}

function weekFull({ visitsPerWeek, limit }: AssessorState, day: number, duration: number): boolean {
  for (let week = weekOf(day); week <= weekOf(day + duration - 1); week++) {
    if (visitsPerWeek[week]! >= limit) return true;
  }
  return false;
}

/** The first of the possible days on which no engagement bars the assessor (may lie after the last one). */
function firstUnbarred(need: NeedState, { engagedUntil }: AssessorState, calendar: Calendar): number {
  const until = engagedUntil.get(need.need.siteId);
  let day = need.first;
  if (until === undefined) return day;
  const barredSince = calendar.barredSince(need.lookBack);
  while (day <= need.last && until >= barredSince[day]!) day++;
  return day;
}

function comesBefore(a: NeedState, b: NeedState): boolean {
  // A visit settled by people is placed before another one takes its day.
  const fixed = Number(b.need.fixed !== undefined) - Number(a.need.fixed !== undefined);
  const order =
    fixed || a.count - b.count || b.need.priority - a.need.priority || compare(a.need.latest, b.need.latest);
  return order < 0 || (order === 0 && a.need.id < b.need.id);
}

interface Option {
  readonly index: number;
  readonly day: number;
  readonly km: number | null;
  readonly from: 'base' | 'neighbour' | null;
  readonly offDue: number;
}

const EARTH_RADIUS_KM = 6371;
const RADIANS = Math.PI / 180;

/** A distance that is not known is longer than any other. */
const UNKNOWN_KM = Infinity;

/** Great-circle distance, rounded to 100 m so that a tie is a tie. */
function kmBetween(a: PlanningPoint, b: PlanningPoint): number {
  const sinLat = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const sinLon = Math.sin(((b.lon - a.lon) * RADIANS) / 2);
  const h = sinLat * sinLat + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * sinLon * sinLon;
  return Math.round(2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h))) * 10) / 10;
}

/** Least travel, then closest to the due day, then by assessor id (the order of the states), then the earlier day. */
function bestOption(need: NeedState, states: readonly AssessorState[]): Option {
  let best: Option | undefined;
  need.options.forEach((options, index) => {
    if (!options) return;
    const { assessor, places } = states[index]!;
    const { point } = need;
    const fromBase = point && assessor.base ? kmBetween(assessor.base, point) : null;
    for (let day = need.first; day <= need.last; day++) {
      if (options[day - need.first] !== 1) continue;
      let km = fromBase;
      let from: Option['from'] = fromBase === null ? null : 'base';
      if (point && places.size > 0) {
        for (const neighbour of [places.get(day - 1), places.get(day + need.duration)]) {
          for (const place of neighbour ?? []) {
            const distance = kmBetween(place, point);
            if (km === null || distance < km) [km, from] = [distance, 'neighbour'];
          }
        }
      }
      const option: Option = {
        index,
        day,
        km,
        from,
        offDue: day < need.due ? need.due - day : day - need.due,
      };
      if (!best || isBetter(option, best)) best = option;
    }
  });
  return best!;
}

function isBetter(a: Option, b: Option): boolean {
  const kmA = a.km ?? UNKNOWN_KM;
  const kmB = b.km ?? UNKNOWN_KM;
  if (kmA !== kmB) return kmA < kmB;
  if (a.offDue !== b.offDue) return a.offDue < b.offDue;
  if (a.index !== b.index) return a.index < b.index;
  return a.day < b.day;
}

function visitOf(
  need: NeedState,
  choice: Option,
  states: readonly AssessorState[],
  calendar: Calendar,
): PlannedVisit {
  const travel =
    choice.km === null
      ? 'Distance unknown'
      : `${choice.km} km from ${choice.from === 'base' ? 'the base' : 'the visit of the day before or after'}`;
  const late = choice.day - need.due;
  const day =
    late === 0
      ? 'on the due day'
      : `${plural(Math.abs(late), 'day')} ${late < 0 ? 'before' : 'after'} the due day`;
  const able = need.options.filter((options) => options !== null).length;
  const choices = need.need.fixed
    ? 'settled beforehand'
    : `chosen from ${plural(need.count, 'possible assessor-day')} of ${plural(able, 'assessor')}`;
  return {
    needId: need.need.id,
    siteId: need.need.siteId,
    assessorId: states[choice.index]!.assessor.id,
    date: calendar.dates[choice.day]!,
    lastDate: calendar.dates[choice.day + need.duration - 1]!,
    travelKm: choice.km,
    why: `${travel}; ${day}; ${choices}.`,
  };
}

/** Takes the days of a visit from the assessor. */
function book(need: NeedState, { index, day }: Option, states: readonly AssessorState[]): void {
  const { days, places, visitsPerWeek } = states[index]!;
  const last = day + need.duration - 1;
  for (let at = day; at <= last; at++) {
    days[at] = TAKEN;
    if (need.point) places.set(at, [need.point]);
  }
  for (let week = weekOf(day); week <= weekOf(last); week++) visitsPerWeek[week]!++;
}

/** After a visit was placed: takes away the options of the other needs that it made impossible. */
function withdrawOptions(
  open: ReadonlySet<NeedState>,
  state: AssessorState,
  index: number,
  day: number,
  duration: number,
): void {
  const last = day + duration - 1;
  const full = weekFull(state, day, duration);
  const from = full ? weekOf(day) * 7 : day;
  const to = full ? weekOf(last) * 7 + 6 : last;
  for (const need of open) {
    const options = need.options[index];
    if (!options) continue;
    const touched = from - need.duration + 1;
    const begin = touched > need.first ? touched : need.first;
    const end = to < need.last ? to : need.last;
    let changed = false;
    for (let at = begin; at <= end; at++) {
      if (options[at - need.first] !== 1) continue;
      if (isFree(state, at, need.duration) && !weekFull(state, at, need.duration)) continue;
      options[at - need.first] = 0;
      need.count--;
      changed = true;
    }
    if (changed && !options.includes(1)) need.options[index] = null;
  }
}

/** What bars an assessor from a visit on any day whatever. */
function personReasons(need: PlanningNeed, assessor: PlanningAssessor): UnplannedReason[] {
  const reasons: UnplannedReason[] = [];
  const say = (code: UnplannedReasonCode, detail: string): void => {
    reasons.push({ assessorId: assessor.id, code, detail });
  };
  const missing = need.requiredCompetences.filter((competence) => !assessor.competences.includes(competence));
  if (missing.length > 0) say('competence-missing', `Lacks ${missing.join(', ')}.`);
  if (
    need.languages.length > 0 &&
    !need.languages.some((language) => assessor.languages.includes(language))
  ) {
    say('language-missing', `Speaks none of ${need.languages.join(', ')}.`);
  }
  const exclusion = need.excludedAssessors.find(({ id }) => id === assessor.id);
  if (exclusion) say('excluded', exclusion.reason);
  return reasons;
}

/** What keeps an assessor who could make the visit from making it on the days there are, other visits counted. */
function dayReason(need: NeedState, state: AssessorState, calendar: Calendar): UnplannedReason {
  const assessorId = state.assessor.id;
  const starts = need.last - need.first + 1;
  const begin = firstUnbarred(need, state, calendar);
  const until = state.engagedUntil.get(need.need.siteId);
  if (begin > need.last) {
    const detail = `Coach or consultant of the site until ${until}, within ${need.lookBack} months before the visit.`;
    return { assessorId, code: 'coached-within-look-back', detail };
  }
  const counts = new Map<string, number>();
  const count = (cause: string): void => void counts.set(cause, (counts.get(cause) ?? 0) + 1);
  if (begin > need.first) counts.set(`barred by coaching until ${until}`, begin - need.first);
  let full = 0;
  for (let day = begin; day <= need.last; day++) {
    if (!siteOpen(need, day)) count('site closed');
    else if (!isFree(state, day, need.duration)) count(causeOf(state, day, need.duration));
    else full++;
  }
  if (full > 0) counts.set(`in a week that already has ${plural(state.limit, 'visit')}`, full);
  const causes = [...counts].map(([cause, days]) => `${days} ${cause}`).join(', ');
  const detail = `Of ${plural(starts, 'possible first day')}: ${causes}.`;
  return { assessorId, code: full > 0 ? 'over-weekly-limit' : 'no-free-day', detail };
}

function causeOf({ days }: AssessorState, day: number, duration: number): string {
  let at = day;
  while (at < day + duration - 1 && days[at] === FREE) at++;
  switch (days[at]) {
    case NOT_WORKING:
      return 'not worked';
    case HOLIDAY:
      return 'on holiday';
    case ABSENT:
      return 'absent';
    default:
      return 'taken by another visit';
  }
}

/** What bars a visit whoever makes it. */
function needReason(
  need: NeedState,
  states: readonly AssessorState[],
  problem: PlanningProblem,
): UnplannedReason | null {
  const { fixed, earliest, latest } = need.need;
  const { from, to } = problem.horizon;
  if (fixed && !states.some(({ assessor }) => assessor.id === fixed.assessorId)) {
    const detail = `The assessor of the fixed visit, ${fixed.assessorId}, is not among the assessors.`;
    return { assessorId: fixed.assessorId, code: 'unknown-assessor', detail };
  }
  if (states.length === 0) {
    return { assessorId: null, code: 'no-assessors', detail: 'There are no assessors to choose from.' };
  }
  if (need.first > need.last) {
    const length = need.duration > 1 ? ` for a visit of ${need.duration} days` : '';
    const window = `the window ${earliest} to ${latest} within the horizon ${from} to ${to}`;
    return fixed
      ? {
          assessorId: fixed.assessorId,
          code: 'fixed-outside-window',
          detail: `The fixed day ${fixed.date} does not lie in ${window}${length}.`,
        }
      : {
          assessorId: null,
          code: 'window-outside-horizon',
          detail: `There is no day in ${window}${length}.`,
        };
  }
  for (let day = need.first; day <= need.last; day++) if (siteOpen(need, day)) return null;
  return { assessorId: null, code: 'site-closed', detail: 'The site is closed on every possible day.' };
}

const SUMMARY_TEXTS: Readonly<Partial<Record<UnplannedReasonCode, string>>> = {
  'competence-missing': 'without a required competence',
  'language-missing': 'without a language of the site',
  excluded: 'excluded',
  'coached-within-look-back': 'barred by coaching',
  'no-free-day': 'without a free day',
  'over-weekly-limit': 'at the weekly limit',
};

function unplannedNeed(
  need: NeedState,
  states: readonly AssessorState[],
  calendar: Calendar,
  problem: PlanningProblem,
): UnplannedNeed {
  const { id, fixed, earliest, latest } = need.need;
  const general = needReason(need, states, problem);
  if (general) return { needId: id, reasons: [general], summary: general.detail };

  const concerned = fixed ? states.filter(({ assessor }) => assessor.id === fixed.assessorId) : states;
  const reasons = concerned.flatMap((state) => {
    const personal = personReasons(need.need, state.assessor);
    return personal.length > 0 ? personal : [dayReason(need, state, calendar)];
  });
  if (fixed) {
    const details = reasons.map(({ detail }) => detail).join(' ');
    return {
      needId: id,
      reasons,
      summary: `The fixed visit of ${fixed.assessorId} on ${fixed.date} is not possible: ${details}`,
    };
  }
  const counts = new Map<string, number>();
  for (const { code } of reasons) {
    const text = SUMMARY_TEXTS[code]!;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const parts = [...counts].map(([text, count]) => `${count} ${text}`).join(', ');
  const summary = `None of ${plural(states.length, 'assessor')} can go between ${earliest} and ${latest}: ${parts}.`;
  return { needId: id, reasons, summary };
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
