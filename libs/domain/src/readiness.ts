import type { AssessmentKind, FindingGrade, Response } from './assessment.js';
import type { ChecklistVersion } from './checklist.js';
import { DomainError, type FieldProblem } from './domain-error.js';
import { addDays, daysBetween, isBefore, type LocalDate } from './local-date.js';
import type { ScoringProfile } from './profile.js';
import {
  compileScoring,
  creditOf,
  levelScope,
  type CompiledScoring,
  type ItemScore,
  type Score,
  type ScoreView,
} from './scoring.js';

/**
 * Readiness: what a buyer asks of a site for a product category, as data (format `uplift.buyer-rule/1`), and whether
 * an assessment meets it, with the reasons and the shortest way there. The rule is the buyer's own; it says nothing
 * about the programme's pass or about any scheme.
 */

/** Grades of findings a buyer may limit. */
export type LimitedGrade = 'critical' | 'major' | 'minor';

export interface BuyerRule {
  readonly format: 'uplift.buyer-rule/1';
  /** Code of the buyer. */
  readonly buyer: string;
  /** Code of the rule, unique for the buyer. */
  readonly rule: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string;
  /** Title and description in other languages, by language code. */
  readonly translations?: Readonly<
    Record<string, { readonly title: string; readonly description?: string } | undefined>
  >;
  /** Product categories it is about; `*` for any. */
  readonly categories: readonly string[];
  readonly checklist: string;
  /** Versions accepted; default: any. */
  readonly checklistVersions?: readonly string[];
  /** Level the result is asked at. */
  readonly level: string;
  /** Scoring profile the result is asked in. */
  readonly profile: string;
  /** Least points of the whole, 0..100. */
  readonly minPoints?: number;
  /** Least points of every rated section, 0..100. */
  readonly minSectionPoints?: number;
  /** Least points of single sections or blocks, 0..100, by code. A section that is not rated holds. */
  readonly sections?: Readonly<Record<string, number>>;
  /** Most open findings of a grade; a grade left out is not limited. */
  readonly maxOpen?: Readonly<Partial<Record<LimitedGrade, number>>>;
  /** Requirements that must conform or not be applicable. */
  readonly mandatoryItems?: readonly string[];
  /** Days after the assessment during which it counts; the last one included. */
  readonly maxAgeDays: number;
  /** Whether all gates of the profile must hold. Default false. */
  readonly requirePassed?: boolean;
  /** Kinds of assessment accepted. Default: all but `self`. */
  readonly kinds?: readonly AssessmentKind[];
  /** Label of the lowest grade band accepted. */
  readonly minGrade?: string;
  /** Conditional approval: these conditions may fail for `withinDays` days after the assessment. */
  readonly conditional?: { readonly allow: readonly ReadinessCode[]; readonly withinDays: number };
}

/** Kinds of assessment a rule accepts unless it says otherwise: never the supplier's own. */
export const DEFAULT_RULE_KINDS: readonly AssessmentKind[] = ['baseline', 'follow-up', 'verification'];

/** What a condition is about. Part of the API: codes never change. */
export type ReadinessCode =
  | 'age'
  | 'scorable'
  | 'passed'
  | 'mandatory-items'
  | 'open-critical'
  | 'open-major'
  | 'open-minor'
  | 'section'
  | 'every-section'
  | 'points'
  | 'grade';

/** One condition of a rule and how it stands. */
export interface ReadinessCondition {
  readonly code: ReadinessCode;
  /** Code of the section for `section`; else null. */
  readonly subject: string | null;
  readonly holds: boolean;
  /** Days for `age`; points; a number of items or findings; a label for `grade`; null when there is none. */
  readonly actual: number | string | boolean | null;
  readonly needed: number | string | boolean;
  /** Requirements that stand in the way; empty when it holds. */
  readonly requirements: readonly string[];
}

/** An assessment that may show readiness. */
export interface ReadinessCandidate {
  readonly assessmentId: string;
  readonly date: LocalDate;
  readonly kind: AssessmentKind;
  readonly checklist: ChecklistVersion;
  /** Level it was held at; it may include the rule's. */
  readonly level: string;
  readonly profile: ScoringProfile;
  /** Its score at the rule's level and in the rule's profile, in the view the programme shows to buyers. */
  readonly score: Score;
  /** Its score, same level, profile and view, if these items conformed ({@link rescorer}). Absent: no path is given. */
  readonly rescore?: (fixed: ReadonlySet<string>) => Score;
  /** How many of the rule's mandatory items hold, for whoever isn't shown which: `score` comes without its items then. */
  readonly mandatoryMet?: number;
}

/** Why a candidate was left aside. */
export type IgnoredReason = 'future' | 'kind' | 'checklist' | 'checklist-version' | 'level' | 'profile';

/** The shortest way found from the assessment to meeting all conditions but its age. */
export interface ReadinessPath {
  /** What to put right, in this order. `effect`: points gained by it after those before it. */
  readonly items: readonly {
    readonly requirement: string;
    readonly effect: number;
    readonly grade: FindingGrade | null;
  }[];
  /** Whether putting these right meets every condition but the age. */
  readonly reachesReady: boolean;
  /** Points then; null when still not scorable. */
  readonly pointsAfter: number | null;
  /** True: no shorter way exists. False: none was found; leaving out any single item would not do. */
  readonly fewest: boolean;
  /** The assessment is too old as well: a new one is needed whatever is put right. */
  readonly needsNewAssessment: boolean;
}

export interface Readiness {
  /**
   * `not-covered`: the rule is about other categories; `not-assessed`: no assessment counts; `conditional`: what
   * fails may fail until `validUntil`.
   */
  readonly status: 'ready' | 'conditional' | 'not-ready' | 'not-assessed' | 'not-covered';
  /** Categories of the site the rule is about. */
  readonly categories: readonly string[];
  /** The assessment it rests on: the latest that counts; null without one. */
  readonly assessmentId: string | null;
  readonly conditions: readonly ReadinessCondition[];
  /** Number of items missing: those of the path, or those named by failing conditions; null when not assessed. */
  readonly missing: number | null;
  readonly cheapestPath: ReadinessPath | null;
  /** Last day the status holds if nothing changes; null unless ready or conditional. */
  readonly validUntil: LocalDate | null;
  /** Day of the assessment it rests on. */
  readonly assessedOn: LocalDate | null;
  /**
   * Last day on which the rule excuses what fails: of a site that is not ready it is over. null where nothing fails but
   * the age, or something that the rule never excuses.
   */
  readonly graceUntil: LocalDate | null;
  readonly ignored: readonly { readonly assessmentId: string; readonly reason: IgnoredReason }[];
}

/** The facts about a site against which a rule is evaluated. */
export interface ReadinessContext {
  /** Product categories of the site. */
  readonly categories: readonly string[];
  readonly assessments: readonly ReadinessCandidate[];
  readonly today: LocalDate;
}

const LIMITED: readonly LimitedGrade[] = ['critical', 'major', 'minor'];
const KIND_ORDER: readonly AssessmentKind[] = ['self', 'baseline', 'follow-up', 'verification'];
/** How many combinations are tried at most to find a shorter path. */
const SEARCH_LIMIT = 300;

/**
 * Whether a site is ready for a buyer. The latest assessment that counts decides, not the best; on one day a
 * verification comes before a follow-up before a baseline.
 * @throws DomainError `impossible-date`, `unknown-level`
 */
export function evaluateReadiness(rule: BuyerRule, context: ReadinessContext): Readiness {
  const { today } = context;
  const categories = rule.categories.includes('*')
    ? [...context.categories]
    : context.categories.filter((c) => rule.categories.includes(c));
  const none = {
    assessmentId: null,
    conditions: [],
    missing: null,
    cheapestPath: null,
    validUntil: null,
    assessedOn: null,
    graceUntil: null,
  };
  if (categories.length === 0 && !rule.categories.includes('*')) {
    return { status: 'not-covered', categories, ...none, ignored: [] };
  }
  const ignored: { assessmentId: string; reason: IgnoredReason }[] = [];
  let chosen: ReadinessCandidate | null = null;
  for (const candidate of context.assessments) {
    const reason = ignoredReason(rule, candidate, today);
    if (reason !== null) ignored.push({ assessmentId: candidate.assessmentId, reason });
    else if (chosen === null || comesAfter(candidate, chosen)) chosen = candidate;
  }
  if (chosen === null) return { status: 'not-assessed', categories, ...none, ignored };

  const age = daysBetween(chosen.date, today);
  const fresh: ReadinessCondition = {
    code: 'age',
    subject: null,
    holds: age <= rule.maxAgeDays,
    actual: age,
    needed: rule.maxAgeDays,
    requirements: [],
  };
  const own = conditionsOf(rule, chosen.checklist, chosen.profile, chosen.score, chosen.mandatoryMet);
  const conditions = [fresh, ...own];
  const failing = conditions.filter((c) => !c.holds);
  const lastDay = addDays(chosen.date, rule.maxAgeDays);
  const path = failing.length === 0 ? null : pathOf(rule, chosen, own, !fresh.holds);
  const missing = path?.reachesReady
    ? path.items.length
    : new Set(failing.flatMap((c) => c.requirements)).size;
  const excused = failing.filter((c) => c !== fresh);
  const { conditional } = rule;
  const graceUntil =
    conditional && excused.length > 0 && excused.every((c) => conditional.allow.includes(c.code))
      ? addDays(chosen.date, Math.min(conditional.withinDays, rule.maxAgeDays))
      : null;
  // Never beyond the age that the rule accepts, so what is excused is young enough.
  const status =
    failing.length === 0
      ? 'ready'
      : graceUntil !== null && !isBefore(graceUntil, today)
        ? 'conditional'
        : 'not-ready';
  return {
    status,
    categories,
    assessmentId: chosen.assessmentId,
    conditions,
    missing,
    cheapestPath: path,
    validUntil: status === 'ready' ? lastDay : status === 'conditional' ? graceUntil : null,
    assessedOn: chosen.date,
    graceUntil,
    ignored,
  };
}

/**
 * How a site that was looked at some days ago stands on a day: the assessment has aged, and a status whose last day is over
 * holds no more, whether or not anybody has looked again.
 */
export function readinessOn<
  Kept extends Pick<Readiness, 'status' | 'conditions' | 'validUntil' | 'assessedOn'>,
>(kept: Kept, today: LocalDate): Kept {
  const { status, validUntil, assessedOn } = kept;
  const age = assessedOn === null ? null : daysBetween(assessedOn, today);
  const over = validUntil !== null && isBefore(validUntil, today);
  return {
    ...kept,
    status: over ? 'not-ready' : status,
    validUntil: over ? null : validUntil,
    conditions: kept.conditions.map((condition) =>
      age === null || condition.code !== 'age'
        ? condition
        : { ...condition, actual: age, holds: age <= Number(condition.needed) },
    ),
  };
}

function ignoredReason(rule: BuyerRule, c: ReadinessCandidate, today: LocalDate): IgnoredReason | null {
  if (isBefore(today, c.date)) return 'future';
  if (!(rule.kinds ?? DEFAULT_RULE_KINDS).includes(c.kind)) return 'kind';
  if (c.checklist.checklist !== rule.checklist) return 'checklist';
  if (rule.checklistVersions && !rule.checklistVersions.includes(c.checklist.version))
    return 'checklist-version';
  if (c.score.level !== rule.level || !levelScope(c.checklist, c.level).has(rule.level)) return 'level';
  return c.profile.profile === rule.profile && c.score.profile.profile === rule.profile ? null : 'profile';
}

function comesAfter(a: ReadinessCandidate, b: ReadinessCandidate): boolean {
  if (a.date !== b.date) return isBefore(b.date, a.date);
  const order = KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind);
  return order === 0 ? a.assessmentId > b.assessmentId : order > 0;
}

function isOpen(item: ItemScore, view: ScoreView): boolean {
  return item.findingGrade !== null && !(view === 'after-closure' && item.closed);
}

function fallsShort(item: ItemScore): boolean {
  return item.conformity !== 'conforming' && item.conformity !== 'not-applicable';
}

/** All conditions but the age, the hard ones first. */
function conditionsOf(
  rule: BuyerRule,
  checklist: ChecklistVersion,
  profile: ScoringProfile,
  score: Score,
  mandatoryMet?: number,
): ReadinessCondition[] {
  const out: ReadinessCondition[] = [];
  const names = (test: (item: ItemScore) => boolean): string[] =>
    score.items.filter(test).map((i) => i.requirement);
  const add = (
    code: ReadinessCode,
    subject: string | null,
    holds: boolean,
    actual: ReadinessCondition['actual'],
    needed: ReadinessCondition['needed'],
    why: () => readonly string[],
  ): void => {
    out.push({ code, subject, holds, actual, needed, requirements: holds ? [] : why() });
  };
  const scored = score.status === 'scored';
  add('scorable', null, scored, scored, true, () => names((i) => i.conformity === 'not-assessed'));

  if (rule.mandatoryItems && rule.mandatoryItems.length > 0) {
    const met = new Set(names((i) => !fallsShort(i)));
    const short = rule.mandatoryItems.filter((code) => !met.has(code));
    const needed = rule.mandatoryItems.length;
    const actual = mandatoryMet ?? needed - short.length;
    add('mandatory-items', null, actual === needed, actual, needed, () =>
      mandatoryMet === undefined ? short : [],
    );
  }
  for (const grade of LIMITED) {
    const max = rule.maxOpen?.[grade];
    if (max === undefined) continue;
    // Their number is part of every score; which items they are is not for everybody who sees it.
    const open = score.openFindings[grade];
    add(`open-${grade}`, null, open <= max, open, max, () =>
      names((i) => i.findingGrade === grade && isOpen(i, score.view)),
    );
  }
  if (rule.requirePassed) {
    add('passed', null, score.passed === true, score.passed, true, () => [
      ...new Set(score.gates.filter((g) => g.holds === false).flatMap((g) => g.requirements ?? [])),
    ]);
  }
  const parent = new Map(checklist.sections.map((s) => [s.code, s.parent]));
  const within = (item: ItemScore, wanted: ReadonlySet<string>): boolean => {
    // A chain of parents is never longer than the list of sections.
    let code: string | undefined = item.section;
    for (let i = 0; code !== undefined && i <= parent.size; i++) {
      if (wanted.has(code)) return true;
      code = parent.get(code);
    }
    return false;
  };
  const pointsIn = new Map(score.sections.map((s) => [s.section, s.points]));
  for (const [section, min] of Object.entries(rule.sections ?? {})) {
    const points = pointsIn.get(section) ?? null;
    add('section', section, points === null || points >= min, points, min, () =>
      names((i) => fallsShort(i) && within(i, new Set([section]))),
    );
  }
  if (rule.minSectionPoints !== undefined) {
    const min = rule.minSectionPoints;
    const rated = score.sections.filter((s) => s.points !== null);
    const low = new Set(rated.filter((s) => s.points! < min).map((s) => s.section));
    const lowest = rated.length === 0 ? null : Math.min(...rated.map((s) => s.points!));
    add('every-section', null, low.size === 0, lowest, min, () =>
      names((i) => fallsShort(i) && within(i, low)),
    );
  }
  if (rule.minPoints !== undefined) {
    add(
      'points',
      null,
      score.points !== null && score.points >= rule.minPoints,
      score.points,
      rule.minPoints,
      () => names(fallsShort),
    );
  }
  if (rule.minGrade !== undefined) {
    const least = new Map((profile.grades ?? []).map((g) => [g.label, g.min]));
    const needed = least.get(rule.minGrade);
    const actual = score.grade === null ? undefined : least.get(score.grade);
    add(
      'grade',
      null,
      needed !== undefined && actual !== undefined && actual >= needed,
      score.grade,
      rule.minGrade,
      () => names(fallsShort),
    );
  }
  return out;
}

/**
 * What must be put right is taken first; then, step by step, the item that stands in the way of most conditions and
 * among those the one that gains most, each step scored anew. Then everything superfluous is left out again, and
 * where the number of combinations allows it, all shorter ways are tried.
 */
function pathOf(
  rule: BuyerRule,
  chosen: ReadinessCandidate,
  now: readonly ReadinessCondition[],
  tooOld: boolean,
): ReadinessPath | null {
  const { rescore } = chosen;
  if (!rescore) return null;
  const check = (score: Score): ReadinessCondition[] =>
    conditionsOf(rule, chosen.checklist, chosen.profile, score).filter((c) => !c.holds);
  const ready = (fixed: Iterable<string>): boolean => check(rescore(new Set(fixed))).length === 0;
  const known = new Map(chosen.score.items.map((i, at) => [i.requirement, { item: i, at }]));
  const fixable = chosen.score.items.filter(
    (i) =>
      fallsShort(i) || (isOpen(i, chosen.score.view) && LIMITED.includes(i.findingGrade as LimitedGrade)),
  );

  const must = new Set<string>();
  for (const c of now) {
    const all =
      c.code === 'mandatory-items' || c.code === 'scorable' || (c.code.startsWith('open-') && c.needed === 0);
    if (!c.holds && all) for (const code of c.requirements) if (known.has(code)) must.add(code);
  }
  const seriousness = (code: string): number => {
    const grade = known.get(code)!.item.findingGrade;
    return grade === null ? 9 : ['critical', 'major', 'minor', 'observation', 'good-practice'].indexOf(grade);
  };
  const order = [...must].sort(
    (a, b) =>
      seriousness(a) - seriousness(b) ||
      known.get(b)!.item.effect - known.get(a)!.item.effect ||
      known.get(a)!.at - known.get(b)!.at,
  );

  let extra: string[] = [];
  let reaches = false;
  for (;;) {
    const fixed = new Set([...order, ...extra]);
    const score = rescore(fixed);
    const failing = check(score);
    if (failing.length === 0) {
      reaches = true;
      break;
    }
    const hits = new Map<string, number>();
    for (const c of failing) for (const code of c.requirements) hits.set(code, (hits.get(code) ?? 0) + 1);
    let best: ItemScore | null = null;
    const better = (a: ItemScore, b: ItemScore): boolean => {
      const by =
        hits.get(a.requirement)! - hits.get(b.requirement)! ||
        a.effect - b.effect ||
        a.deduction - b.deduction ||
        a.possible - a.earned - (b.possible - b.earned);
      return by > 0;
    };
    for (const item of score.items) {
      if (!hits.has(item.requirement) || fixed.has(item.requirement)) continue;
      if (best === null || better(item, best)) best = item;
    }
    if (best === null) break;
    extra.push(best.requirement);
  }

  let fewest = false;
  if (reaches) {
    for (let i = extra.length - 1; i >= 0 && extra.length > 1; i--) {
      const without = extra.filter((_, k) => k !== i);
      if (ready([...order, ...without])) extra = without;
    }
    const pool = fixable.map((i) => i.requirement).filter((c) => !must.has(c));
    // More put right never makes a result worse, so it is enough to try one item fewer each time.
    while (!fewest) {
      if (extra.length <= 1) fewest = true;
      else if (combinations(pool.length, extra.length - 1) > SEARCH_LIMIT) break;
      else {
        const shorter = firstCombination(pool, extra.length - 1, (some) => ready([...order, ...some]));
        if (shorter === null) fewest = true;
        else extra = shorter;
      }
    }
  }

  const items: { requirement: string; effect: number; grade: FindingGrade | null }[] = [];
  const fixed = new Set<string>();
  let last = chosen.score;
  for (const requirement of [...order, ...extra]) {
    fixed.add(requirement);
    const next = rescore(new Set(fixed));
    const effect =
      Math.round(((next.provisionalPoints ?? 0) - (last.provisionalPoints ?? 0)) * 1e6) / 1e6 + 0;
    items.push({ requirement, effect, grade: known.get(requirement)!.item.findingGrade });
    last = next;
  }
  return { items, reachesReady: reaches, pointsAfter: last.points, fewest, needsNewAssessment: tooOld };
}

function combinations(n: number, k: number): number {
  let out = 1;
  for (let i = 1; i <= k; i++) {
    out = (out * (n - k + i)) / i;
    if (out > SEARCH_LIMIT) return out;
  }
  return out;
}

function firstCombination(
  pool: readonly string[],
  size: number,
  test: (some: string[]) => boolean,
): string[] | null {
  const pick = (from: number, taken: string[]): string[] | null => {
    if (taken.length === size) return test(taken) ? taken : null;
    for (let i = from; i <= pool.length - (size - taken.length); i++) {
      const found = pick(i + 1, [...taken, pool[i]!]);
      if (found) return found;
    }
    return null;
  };
  return pick(0, []);
}

/**
 * Scores responses as if some items conformed: their answers are replaced by the profile's best conforming one.
 * For {@link ReadinessCandidate.rescore}.
 * @throws DomainError `no-conforming-answer`
 */
export function rescorer(
  compiled: CompiledScoring,
  profile: ScoringProfile,
  responses: readonly Response[],
  view: ScoreView = 'as-found',
): (fixed: ReadonlySet<string>) => Score {
  const worth = (a: ScoringProfile['answers'][number]): number =>
    (profile.aggregation.kind === 'mean-ordinal' ? (a.rank ?? 0) : creditOf(a)) - (a.grade ? 1e-9 : 0);
  const best = profile.answers
    .filter((a) => a.conformity === 'conforming')
    .reduce<ScoringProfile['answers'][number] | null>(
      (b, a) => (b === null || worth(a) > worth(b) ? a : b),
      null,
    );
  if (best === null)
    throw new DomainError('no-conforming-answer', `Profile ${profile.profile} has no answer that conforms.`);
  return (fixed) => {
    const kept = responses.filter((r) => !fixed.has(r.requirement));
    return compiled.score(
      [...kept, ...[...fixed].map((requirement) => ({ requirement, answer: best.code }))],
      view,
    );
  };
}

/**
 * Lets a rule pass only when it is sound and can be met: a site at which every requirement of the level conforms
 * must be ready. Give the version of the checklist and the profile the rule will be used with.
 * @throws DomainError `buyer-rule-invalid` (something in it is wrong), `buyer-rule-impossible` (it can never be met);
 *   `fields` name every problem by JSON pointer. Also `unknown-level` and the like of `compileScoring`.
 */
export function checkBuyerRule(rule: BuyerRule, checklist: ChecklistVersion, profile: ScoringProfile): void {
  const problems: FieldProblem[] = [];
  const say = (field: string, message: string, fix?: string): void => {
    problems.push(fix === undefined ? { field, message } : { field, message, fix });
  };
  const stop = (code: string, message: string): void => {
    if (problems.length > 0)
      throw new DomainError(code, `${message} ${problems.map((p) => p.message).join(' ')}`, problems);
  };
  if (rule.categories.length === 0)
    say('/categories', 'No product category is named.', 'Name categories, or "*" for any.');
  if (rule.checklist !== checklist.checklist)
    say('/checklist', `The rule is about ${rule.checklist}, not ${checklist.checklist}.`);
  if (rule.checklistVersions && !rule.checklistVersions.includes(checklist.version)) {
    say('/checklistVersions', `Version ${checklist.version} is not among the versions accepted.`);
  }
  if (rule.profile !== profile.profile)
    say('/profile', `The rule is about ${rule.profile}, not ${profile.profile}.`);
  if (rule.kinds && rule.kinds.length === 0)
    say('/kinds', 'No kind of assessment is accepted.', 'Leave it out for all but self.');
  if (rule.kinds?.includes('self'))
    say('/kinds', "A supplier's own assessment cannot show readiness.", 'Leave "self" out.');
  if (!Number.isInteger(rule.maxAgeDays) || rule.maxAgeDays < 1)
    say('/maxAgeDays', 'The age must be a whole number of days, 1 or more.');
  if (
    rule.conditional &&
    (!Number.isInteger(rule.conditional.withinDays) || rule.conditional.withinDays < 1)
  ) {
    say('/conditional/withinDays', 'The time must be a whole number of days, 1 or more.');
  }
  if (rule.conditional?.allow.some((c) => c === 'age' || c === 'scorable')) {
    say('/conditional/allow', 'Neither the age nor an incomplete assessment can be excused.');
  }
  for (const grade of LIMITED) {
    const max = rule.maxOpen?.[grade];
    if (max !== undefined && (!Number.isInteger(max) || max < 0))
      say(`/maxOpen/${grade}`, 'The number of findings must be whole, 0 or more.');
  }
  if (!checklist.levels.some((l) => l.code === rule.level)) {
    say(
      '/level',
      `The checklist has no level "${rule.level}".`,
      `Use one of: ${checklist.levels.map((l) => l.code).join(', ')}.`,
    );
  }
  stop('buyer-rule-invalid', 'The rule is not sound.');

  const compiled = compileScoring(checklist, rule.level, profile);
  const codes = compiled.requirements.map((r) => r.code);
  const asked = new Set(codes);
  (rule.mandatoryItems ?? []).forEach((code, i) => {
    if (!asked.has(code)) say(`/mandatoryItems/${i}`, `${code} is not asked at level ${rule.level}.`);
  });
  const perfect = rescorer(compiled, profile, [])(asked);
  const rated = new Set(perfect.sections.filter((s) => s.counts.total > 0).map((s) => s.section));
  for (const section of Object.keys(rule.sections ?? {})) {
    if (!rated.has(section))
      say(`/sections/${section}`, `Section ${section} has no requirement at level ${rule.level}.`);
  }
  if (rule.minGrade !== undefined && !(profile.grades ?? []).some((g) => g.label === rule.minGrade)) {
    say('/minGrade', `The profile has no grade "${rule.minGrade}".`);
  }
  const pointers: Partial<Record<ReadinessCode, string>> = {
    passed: '/requirePassed',
    points: '/minPoints',
    'every-section': '/minSectionPoints',
    grade: '/minGrade',
    'open-critical': '/maxOpen/critical',
    'open-major': '/maxOpen/major',
    'open-minor': '/maxOpen/minor',
  };
  for (const c of conditionsOf(rule, checklist, profile, perfect)) {
    if (c.holds || c.code === 'mandatory-items') continue;
    const field = c.code === 'section' ? `/sections/${c.subject}` : (pointers[c.code] ?? '/level');
    if (problems.some((p) => p.field === field)) continue;
    say(field, `With everything conforming it is ${String(c.actual)}, and ${String(c.needed)} is asked.`);
  }
  stop('buyer-rule-impossible', 'No site can ever meet this rule.');
}
