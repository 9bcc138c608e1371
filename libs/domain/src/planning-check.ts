/**
 * Judges a visit plan against the hard rules. Written apart from `planVisits`, from the rules alone, day by day and
 * without its tables: a mistake in the planner, or in the search engine that may replace it, does not hide here.
 */
import { addDays, weekday } from './local-date.js';
import type { LocalDate } from './local-date.js';
import type {
  PlannedVisit,
  PlanningAssessor,
  PlanningNeed,
  PlanningProblem,
  UnplannedNeed,
  UnplannedReason,
  VisitPlan,
} from './planning.js';

/** The rule a plan breaks. */
export type PlanViolationCode =
  | 'unknown-need'
  | 'unknown-assessor'
  | 'need-missing'
  | 'need-twice'
  | 'site-mismatch'
  | 'last-date-wrong'
  | 'fixed-not-kept'
  | 'outside-horizon'
  | 'outside-window'
  | 'site-closed'
  | 'competence-missing'
  | 'language-missing'
  | 'excluded'
  | 'coached-within-look-back'
  | 'not-a-working-day'
  | 'holiday'
  | 'absent'
  | 'double-booking'
  | 'over-weekly-limit'
  | 'no-reason'
  | 'reason-untrue'
  | 'possible-but-unplanned';

/** One rule broken by one visit or one unplanned need. */
export interface PlanViolation {
  readonly code: PlanViolationCode;
  readonly needId: string;
  readonly assessorId: string | null;
  readonly date: LocalDate | null;
  readonly message: string;
}

type Report = (
  code: PlanViolationCode,
  message: string,
  assessorId?: string | null,
  date?: LocalDate,
) => void;

/** Lists every hard rule that a plan breaks; an empty list means that the plan stands. */
export function checkPlan(problem: PlanningProblem, plan: VisitPlan): PlanViolation[] {
  const violations: PlanViolation[] = [];
  const reporter =
    (needId: string): Report =>
    (code, message, assessorId = null, date) => {
      violations.push({ code, needId, assessorId, date: date ?? null, message });
    };
  const needs = new Map(problem.needs.map((need) => [need.id, need]));
  const diaries = new Map(problem.assessors.map((assessor) => [assessor.id, diaryOf(assessor)]));

  for (const visit of plan.visits) {
    const need = needs.get(visit.needId);
    const diary = diaries.get(visit.assessorId);
    if (need && diary) enter(diary, `need ${visit.needId}`, daysOf(visit.date, need.durationDays ?? 1));
  }

  for (const visit of plan.visits) {
    const report = reporter(visit.needId);
    const need = needs.get(visit.needId);
    const diary = diaries.get(visit.assessorId);
    if (!need)
      report('unknown-need', 'The plan has a visit that no need asks for.', visit.assessorId, visit.date);
    if (!diary)
      report('unknown-assessor', 'The visit is given to nobody we know.', visit.assessorId, visit.date);
    if (need && diary) checkVisit(problem, need, visit, diary, report);
  }

  for (const { id } of problem.needs) {
    const times =
      plan.visits.filter((visit) => visit.needId === id).length +
      plan.unplanned.filter((unplanned) => unplanned.needId === id).length;
    if (times === 0) reporter(id)('need-missing', 'The need is neither planned nor listed as unplanned.');
    if (times > 1) reporter(id)('need-twice', `The need stands ${times} times in the plan.`);
  }

  for (const unplanned of plan.unplanned) {
    const need = needs.get(unplanned.needId);
    if (need) checkUnplanned(problem, need, unplanned, [...diaries.values()], reporter(need.id));
    else reporter(unplanned.needId)('unknown-need', 'The plan lists a need that does not exist.');
  }
  return violations;
}

/** What an assessor has to do, day by day and week by week, bookings and planned visits together. */
interface Diary {
  readonly assessor: PlanningAssessor;
  readonly holidays: ReadonlySet<LocalDate>;
  readonly workingDays: ReadonlySet<number>;
  /** Per day: the things that take it. */
  readonly days: Map<LocalDate, string[]>;
  /** Per week (its Monday): the visits and bookings in it. */
  readonly weeks: Map<LocalDate, Set<string>>;
}

function diaryOf(assessor: PlanningAssessor): Diary {
  const diary: Diary = {
    assessor,
    holidays: new Set(assessor.holidays),
    workingDays: new Set(assessor.workingDays.map((day) => (day === 0 ? 7 : day))),
    days: new Map(),
    weeks: new Map(),
  };
  assessor.bookings.forEach(({ date, visitId }, index) => {
    enter(diary, visitId === undefined ? `booking ${index}` : `visit ${visitId}`, [date]);
  });
  return diary;
}

function enter(diary: Diary, what: string, days: readonly LocalDate[]): void {
  for (const day of days) {
    diary.days.set(day, [...(diary.days.get(day) ?? []), what]);
    const monday = mondayOf(day);
    diary.weeks.set(monday, (diary.weeks.get(monday) ?? new Set()).add(what));
  }
}

const isoWeekday = (day: LocalDate): number => weekday(day) || 7;

const mondayOf = (day: LocalDate): LocalDate => addDays(day, 1 - isoWeekday(day));

function daysOf(first: LocalDate, duration: number): LocalDate[] {
  const days = [first];
  while (days.length < duration) days.push(addDays(days.at(-1)!, 1));
  return days;
}

function checkVisit(
  problem: PlanningProblem,
  need: PlanningNeed,
  visit: PlannedVisit,
  diary: Diary,
  report: Report,
): void {
  const { assessor } = diary;
  const { date } = visit;
  const days = daysOf(date, need.durationDays ?? 1);
  const say = (code: PlanViolationCode, message: string, day = date): void =>
    report(code, message, assessor.id, day);

  if (visit.siteId !== need.siteId)
    say('site-mismatch', `The need is at ${need.siteId}, not at ${visit.siteId}.`);
  if (visit.lastDate !== days.at(-1))
    say('last-date-wrong', `The visit ends on ${days.at(-1)}, not ${visit.lastDate}.`);
  if (need.fixed && (need.fixed.assessorId !== assessor.id || need.fixed.date !== date)) {
    say('fixed-not-kept', `The visit is fixed on ${need.fixed.date} with ${need.fixed.assessorId}.`);
  }
  if (lacksCompetence(need, assessor)) say('competence-missing', 'The assessor lacks a required competence.');
  if (lacksLanguage(need, assessor)) say('language-missing', 'The assessor speaks no language of the site.');
  if (isExcluded(need, assessor)) say('excluded', 'The assessor is excluded from this visit.');
  if (isBarred(problem, need, assessor, date)) {
    say('coached-within-look-back', 'The assessor coached or advised the site within the look-back.');
  }
  for (const day of days) {
    if (!inHorizon(problem, day)) say('outside-horizon', 'The day is not in the horizon.', day);
    if (!inWindow(need, day))
      say('outside-window', `The day is not in ${need.earliest} to ${need.latest}.`, day);
    if (need.siteClosedDays?.includes(day)) say('site-closed', 'The site is closed on this day.', day);
    if (!diary.workingDays.has(isoWeekday(day))) say('not-a-working-day', 'The assessor does not work.', day);
    if (diary.holidays.has(day)) say('holiday', 'The day is a holiday of the assessor.', day);
    if (isAbsent(assessor, day)) say('absent', 'The assessor is absent.', day);
    const things = diary.days.get(day) ?? [];
    if (things.length > 1) say('double-booking', `The day is taken by ${things.join(' and ')}.`, day);
  }
  for (const monday of new Set(days.map(mondayOf))) {
    const visits = diary.weeks.get(monday)?.size ?? 0;
    if (visits > (assessor.maxVisitsPerWeek ?? Infinity)) {
      say(
        'over-weekly-limit',
        `The week of ${monday} has ${visits} visits, more than ${assessor.maxVisitsPerWeek}.`,
      );
    }
  }
}

function checkUnplanned(
  problem: PlanningProblem,
  need: PlanningNeed,
  unplanned: UnplannedNeed,
  diaries: readonly Diary[],
  report: Report,
): void {
  const concerned = need.fixed
    ? diaries.filter(({ assessor }) => assessor.id === need.fixed!.assessorId)
    : diaries;
  const starts = startsOf(problem, need);

  for (const diary of concerned) {
    const { assessor } = diary;
    if (lacksCompetence(need, assessor) || lacksLanguage(need, assessor) || isExcluded(need, assessor))
      continue;
    const start = starts.find(
      (day) =>
        !isBarred(problem, need, assessor, day) && isFree(need, diary, day) && hasRoom(need, diary, day),
    );
    if (start) report('possible-but-unplanned', 'This assessor could make the visit.', assessor.id, start);
  }

  if (unplanned.reasons.length === 0) report('no-reason', 'An unplanned need says why.');
  // A reason about the need itself stands for all the assessors; otherwise each has a reason of their own.
  const general = unplanned.reasons.some(({ code }) => GENERAL_CODES.has(code));
  for (const { assessor } of general ? [] : concerned) {
    if (!unplanned.reasons.some(({ assessorId }) => assessorId === assessor.id)) {
      report('no-reason', 'There is no reason for this assessor.', assessor.id);
    }
  }
  for (const reason of unplanned.reasons) {
    if (!isTrue(problem, need, reason, starts, diaries)) {
      report('reason-untrue', `The reason ${reason.code} does not hold.`, reason.assessorId);
    }
  }
}

const GENERAL_CODES: ReadonlySet<string> = new Set([
  'no-assessors',
  'window-outside-horizon',
  'site-closed',
  'unknown-assessor',
  'fixed-outside-window',
]);

function isTrue(
  problem: PlanningProblem,
  need: PlanningNeed,
  reason: UnplannedReason,
  starts: readonly LocalDate[],
  diaries: readonly Diary[],
): boolean {
  const { code, assessorId } = reason;
  const { fixed } = need;
  const diary = diaries.find(({ assessor }) => assessor.id === assessorId);
  switch (code) {
    case 'no-assessors':
      return assessorId === null && diaries.length === 0;
    case 'window-outside-horizon':
      return assessorId === null && !fixed && starts.length === 0;
    case 'site-closed':
      return assessorId === null && starts.length > 0 && starts.every((day) => isClosed(need, day));
    case 'unknown-assessor':
      return fixed !== undefined && assessorId === fixed.assessorId && diary === undefined;
    case 'fixed-outside-window':
      return fixed !== undefined && assessorId === fixed.assessorId && starts.length === 0;
  }
  if (!diary || (fixed && fixed.assessorId !== assessorId)) return false;
  const { assessor } = diary;
  const allowed = starts.filter((day) => !isBarred(problem, need, assessor, day));
  const free = allowed.filter((day) => isFree(need, diary, day));
  switch (code) {
    case 'competence-missing':
      return lacksCompetence(need, assessor);
    case 'language-missing':
      return lacksLanguage(need, assessor);
    case 'excluded':
      return isExcluded(need, assessor);
    case 'coached-within-look-back':
      return starts.length > 0 && allowed.length === 0;
    case 'no-free-day':
      return allowed.length > 0 && free.length === 0;
    case 'over-weekly-limit':
      return free.length > 0 && !free.some((day) => hasRoom(need, diary, day));
    default:
      return false;
  }
}

/** The days on which a visit could begin so that all of it lies in the window and the horizon. */
function startsOf(problem: PlanningProblem, need: PlanningNeed): LocalDate[] {
  const starts: LocalDate[] = [];
  for (let day = problem.horizon.from; day <= problem.horizon.to; day = addDays(day, 1)) {
    if (need.fixed && need.fixed.date !== day) continue;
    const days = daysOf(day, need.durationDays ?? 1);
    if (days.every((each) => inHorizon(problem, each) && inWindow(need, each))) starts.push(day);
  }
  return starts;
}

const inHorizon = ({ horizon }: PlanningProblem, day: LocalDate): boolean =>
  day >= horizon.from && day <= horizon.to;

const inWindow = ({ earliest, latest }: PlanningNeed, day: LocalDate): boolean =>
  day >= earliest && day <= latest;

const isClosed = (need: PlanningNeed, start: LocalDate): boolean =>
  daysOf(start, need.durationDays ?? 1).some((day) => need.siteClosedDays?.includes(day));

const lacksCompetence = (need: PlanningNeed, { competences }: PlanningAssessor): boolean =>
  need.requiredCompetences.some((competence) => !competences.includes(competence));

const lacksLanguage = (need: PlanningNeed, { languages }: PlanningAssessor): boolean =>
  need.languages.length > 0 && need.languages.every((language) => !languages.includes(language));

const isExcluded = (need: PlanningNeed, assessor: PlanningAssessor): boolean =>
  need.excludedAssessors.some(({ id }) => id === assessor.id);

const isAbsent = ({ absences }: PlanningAssessor, day: LocalDate): boolean =>
  absences.some(({ from, to }) => day >= from && day <= to);

/**
 * Whether an engagement ended on or after the day that lies the look-back before the visit. Told from year, month
 * and day: in that very month the last day counts as reaching any longer month's end.
 */
function isBarred(
  problem: PlanningProblem,
  need: PlanningNeed,
  assessor: PlanningAssessor,
  day: LocalDate,
): boolean {
  const monthOf = (date: LocalDate): number => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7));
  const limit = monthOf(day) - (need.lookBackMonths ?? problem.lookBackMonths ?? 24);
  return assessor.engagements.some(({ siteId, until }) => {
    if (siteId !== need.siteId) return false;
    if (monthOf(until) !== limit) return monthOf(until) > limit;
    const endsMonth = monthOf(addDays(until, 1)) !== limit;
    return endsMonth || until.slice(8) >= day.slice(8);
  });
}

/** Whether every day of a visit is one on which the site is open and the assessor works and has nothing to do. */
const isFree = (need: PlanningNeed, diary: Diary, start: LocalDate): boolean =>
  daysOf(start, need.durationDays ?? 1).every(
    (day) =>
      !need.siteClosedDays?.includes(day) &&
      diary.workingDays.has(isoWeekday(day)) &&
      !diary.holidays.has(day) &&
      !isAbsent(diary.assessor, day) &&
      !diary.days.has(day),
  );

/** Whether the weeks of a visit may hold one more. */
const hasRoom = (need: PlanningNeed, diary: Diary, start: LocalDate): boolean =>
  daysOf(start, need.durationDays ?? 1).every(
    (day) => (diary.weeks.get(mondayOf(day))?.size ?? 0) < (diary.assessor.maxVisitsPerWeek ?? Infinity),
  );
