import type { AssessmentKind, Conformity, Response } from './assessment.js';
import type { ChecklistVersion, Crosswalk } from './checklist.js';
import { daysBetween, type LocalDate } from './local-date.js';
import type { ScoringProfile } from './profile.js';
import { compileScoring, type CompiledScoring, type ItemCounts, type Score } from './scoring.js';

/**
 * Gains: what changed between two assessments of one site, and why. The headline is the change in points over each
 * assessment's own items; it splits exactly into real change, scope, checklist and missing items. Formulas, sources
 * and a worked example are in docs/scoring-and-gains.md.
 */

/** One of the two assessments of a gain, with all that is needed to score it again. */
export interface AssessedForGain {
  readonly assessmentId: string;
  readonly kind: AssessmentKind;
  /** Day on which it was held. */
  readonly date: LocalDate;
  readonly checklist: ChecklistVersion;
  readonly level: string;
  readonly profile: ScoringProfile;
  readonly responses: readonly Response[];
  readonly assessorId?: string;
  /** Whether the assessor coached this site within the programme's look-back; absent when nobody knows. */
  readonly coachedByAssessor?: boolean;
}

/** Why two assessments cannot be compared. Part of the API: codes never change. */
export type GainRefusal =
  | 'follow-up-before-baseline'
  | 'different-profiles'
  | 'different-checklists'
  | 'crosswalk-mismatch'
  | 'not-scorable-baseline'
  | 'not-scorable-follow-up'
  | 'no-common-items';

/**
 * What became of a group of items that stand for the same demand. `fixed`: fell short, conforms now; `persisting`:
 * falls short both times (better or worse); `new`: conformed, falls short now; `conforming`: both times; `scope`:
 * something in it was not applicable on a side; `not-compared`: see `because`.
 */
export type Movement = 'fixed' | 'persisting' | 'new' | 'conforming' | 'scope' | 'not-compared';

/**
 * Why a group is not compared. `new-item`, `dropped-item`: on one side only; `meaning-changed`: the crosswalk says
 * the answers do not mean the same; `other-level`: not all of it is asked at both levels; `no-lineage`: the
 * crosswalk does not name it; `not-assessed`: unanswered on a side.
 */
export type NotComparedReason =
  'new-item' | 'dropped-item' | 'meaning-changed' | 'other-level' | 'no-lineage' | 'not-assessed';

/** A group of baseline items and the follow-up items they became; usually one of each. */
export interface GainItem {
  /** Codes in the baseline's edition; empty for a new item. */
  readonly baseline: readonly string[];
  /** Codes in the follow-up's edition; empty for a dropped item. */
  readonly followUp: readonly string[];
  /** The worst conformity in the group, `not-assessed` before all; null when the side has no item. */
  readonly before: Conformity | null;
  readonly after: Conformity | null;
  readonly movement: Movement;
  readonly because: NotComparedReason | null;
}

/** A section over the compared items only, in the follow-up's edition; points 0..100, null: not rated. */
export interface GainSection {
  readonly section: string;
  readonly baseline: number | null;
  readonly followUp: number | null;
  /** followUp − baseline, in points; null when a side is not rated. */
  readonly change: number | null;
  readonly counts: { readonly baseline: ItemCounts; readonly followUp: ItemCounts };
}

/** The four parts of the change, in points; they add up to `changePoints`, exactly so in micro-points. */
export interface GainParts {
  /** Change in the compared items, both times measured with the follow-up's edition. */
  readonly realChange: number;
  /** Items not applicable on a side. */
  readonly scopeChange: number;
  /** Items without comparable counterpart, other level, other weight or grouping. */
  readonly checklistChange: number;
  /** Items unanswered on a side. */
  readonly missingItems: number;
}

/** Codes an adjustment left out, on each side. */
export interface LeftOut {
  readonly baseline: readonly string[];
  readonly followUp: readonly string[];
}

/** The same figures as integers: 1 point = 1 000 000 micro-points. */
export interface GainMicroPoints extends GainParts {
  readonly baseline: number;
  readonly followUp: number;
  readonly change: number;
  readonly commonBaseline: number;
  readonly commonFollowUp: number;
}

export interface GainRefused {
  readonly comparable: false;
  readonly reason: GainRefusal;
  readonly message: string;
}

/** A gain with all it must be shown with. Points are 0..100 unless the profile is not clamped. */
export interface Gain {
  readonly comparable: true;
  readonly assessments: { readonly baseline: string; readonly followUp: string };
  readonly kinds: { readonly baseline: AssessmentKind; readonly followUp: AssessmentKind };
  /** Points as found over all items of the baseline's own edition and level. */
  readonly baselinePoints: number;
  readonly followUpPoints: number;
  /** The headline: followUpPoints − baselinePoints, in points. */
  readonly changePoints: number;
  /** 100 × change / baseline, in percent; null when the baseline is 0 or less. */
  readonly relativeChangePercent: number | null;
  /** Change / (100 − baseline): share of the room for improvement that was used, 1 at most; null at 100. */
  readonly normalisedGain: number | null;
  /** Whole days from baseline to follow-up; 0 on the same day. */
  readonly daysBetween: number;
  readonly editions: { readonly baseline: string; readonly followUp: string };
  /** Status of the crosswalk used; null when none was needed. A `proposed` one must be shown as such. */
  readonly crosswalk: Crosswalk['status'] | null;
  /** True where unanswered items were left out of the side's own points. */
  readonly provisional: { readonly baseline: boolean; readonly followUp: boolean };
  /** Number of groups that were compared: a comparable counterpart, answered and applicable on both sides. */
  readonly commonItems: number;
  /** Number of items asked on each side. */
  readonly baselineItems: number;
  readonly followUpItems: number;
  /** Points of the baseline's answers to the compared items, restated on the follow-up's edition. */
  readonly commonBaselinePoints: number;
  readonly commonFollowUpPoints: number;
  readonly parts: GainParts;
  /** The items behind each adjustment. */
  readonly leftOut: {
    readonly checklistChange: LeftOut;
    readonly missingItems: LeftOut;
    readonly scopeChange: LeftOut;
  };
  readonly microPoints: GainMicroPoints;
  readonly items: readonly GainItem[];
  /** Sections with a compared item, in the follow-up's order. */
  readonly sections: readonly GainSection[];
  /** Null when one of the assessors is not known. */
  readonly sameAssessor: boolean | null;
  /** `coach-assessed`: an assessor of one of the two coached this site; `independent`: neither did. */
  readonly independence: 'independent' | 'coach-assessed' | 'unknown';
}

export type GainResult = Gain | GainRefused;

const MICRO = 1_000_000;

/** Points as an integer number of micro-points (1 point = 1 000 000). Scores carry six decimals, so nothing is lost. */
export function toMicroPoints(points: number): number {
  return Math.round(points * MICRO) + 0;
}

/** Micro-points as points. */
export function fromMicroPoints(micro: number): number {
  return micro / MICRO;
}

/**
 * Relative change in percent, 100 × (followUp − baseline) / baseline; null when the baseline is 0 or less. Points in.
 */
export function relativeChange(baseline: number, followUp: number): number | null {
  return baseline > 0
    ? (100 * (toMicroPoints(followUp) - toMicroPoints(baseline))) / toMicroPoints(baseline)
    : null;
}

/**
 * Normalised gain g = (followUp − baseline) / (100 − baseline), after Hake (1998); null at a baseline of 100 or more.
 * Negative when the result fell. Points in, share out.
 */
export function normalisedGain(baseline: number, followUp: number): number | null {
  const room = 100 * MICRO - toMicroPoints(baseline);
  return room > 0 ? (toMicroPoints(followUp) - toMicroPoints(baseline)) / room : null;
}

interface Group {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

interface Side {
  readonly assessed: AssessedForGain;
  readonly codes: readonly string[];
  readonly conformity: ReadonlyMap<string, Conformity>;
  readonly score: Score;
}

/**
 * The gain from one assessment to a later one of the same site, or why there is none. Assessments are scored as
 * found, with their own checklist version. Different versions need a crosswalk between them (either direction).
 * A follow-up on the day of the baseline is allowed.
 * @throws DomainError as `compileScoring` and its `score`, and `impossible-date`
 */
export function computeGain(
  baseline: AssessedForGain,
  followUp: AssessedForGain,
  crosswalk?: Crosswalk,
): GainResult {
  const days = daysBetween(baseline.date, followUp.date);
  if (days < 0) return refuse('follow-up-before-baseline', 'The follow-up was held before the baseline.');
  if (
    baseline.profile !== followUp.profile &&
    scoringKey(baseline.profile) !== scoringKey(followUp.profile)
  ) {
    return refuse(
      'different-profiles',
      'The two assessments are scored in different ways; their points are not on one scale.',
    );
  }
  const sameEdition = editionOf(baseline.checklist) === editionOf(followUp.checklist);
  if (!sameEdition && !crosswalk) {
    return refuse(
      'different-checklists',
      `No crosswalk joins ${editionOf(baseline.checklist)} and ${editionOf(followUp.checklist)}.`,
    );
  }
  const edges = sameEdition ? null : orient(crosswalk!, baseline.checklist, followUp.checklist);
  if (edges === undefined) {
    return refuse(
      'crosswalk-mismatch',
      'The crosswalk joins other checklist versions than those of the two assessments.',
    );
  }

  const before = sideOf(baseline);
  const after = sideOf(followUp);
  const b0 = before.score.provisionalPoints;
  const f0 = after.score.provisionalPoints;
  if (b0 === null) return refuse('not-scorable-baseline', 'In the baseline nothing applicable is answered.');
  if (f0 === null)
    return refuse('not-scorable-follow-up', 'In the follow-up nothing applicable is answered.');

  // Groups of the same demand, and why the others are not compared.
  const { groups, items } = edges
    ? groupsOfCrosswalk(edges, before, after)
    : groupsOfOneEdition(before, after);
  const s1 = groups;
  const s2: Group[] = [];
  const s3: Group[] = [];
  const missing: Group[] = [];
  const scope: Group[] = [];
  for (const group of groups) {
    const old = worst(group.from, before);
    const now = worst(group.to, after);
    const naBefore = group.from.some((c) => before.conformity.get(c) === 'not-applicable');
    const naAfter = group.to.some((c) => after.conformity.get(c) === 'not-applicable');
    let movement: Movement;
    let because: NotComparedReason | null = null;
    if (old === 'not-assessed' || now === 'not-assessed') {
      missing.push(group);
      movement = 'not-compared';
      because = 'not-assessed';
    } else {
      s2.push(group);
      if (naBefore || naAfter) {
        scope.push(group);
        movement = 'scope';
      } else {
        s3.push(group);
        movement =
          old === 'conforming'
            ? now === 'conforming'
              ? 'conforming'
              : 'new'
            : now === 'conforming'
              ? 'fixed'
              : 'persisting';
      }
    }
    items.push({ baseline: group.from, followUp: group.to, before: old, after: now, movement, because });
  }
  if (s3.length === 0) return refuse('no-common-items', NO_COMMON);

  const all: readonly Group[] = [
    { from: before.codes, to: [] },
    { from: [], to: after.codes },
  ];
  const b = chain(
    [all, s1, s2, s3].map((set) => set.flatMap((g) => g.from)),
    before,
  );
  const f = chain(
    [all, s1, s2, s3].map((set) => set.flatMap((g) => g.to)),
    after,
  );
  if (!b || !f) return refuse('no-common-items', NO_COMMON);

  // The baseline's answers to the compared items, restated on the follow-up's edition: one ruler for both.
  const common = compile(
    followUp,
    s3.flatMap((g) => g.to),
  );
  const commonAfter = common.score(followUp.responses);
  const commonBefore = common.score(edges ? restate(s3, baseline) : baseline.responses);
  if (commonBefore.points === null || commonAfter.points === null)
    return refuse('no-common-items', NO_COMMON);
  const commonBaseline = toMicroPoints(commonBefore.points);
  const commonFollowUp = toMicroPoints(commonAfter.points);

  const step = (k: 0 | 1 | 2): number => f[k]! - f[k + 1]! - (b[k]! - b[k + 1]!);
  const micro: GainMicroPoints = {
    baseline: b[0]!,
    followUp: f[0]!,
    change: f[0]! - b[0]!,
    commonBaseline,
    commonFollowUp,
    realChange: commonFollowUp - commonBaseline,
    scopeChange: step(2),
    checklistChange: step(0) + (commonBaseline - b[3]!),
    missingItems: step(1),
  };

  const order = new Map(after.codes.map((c, i) => [c, i]));
  const oldOrder = new Map(before.codes.map((c, i) => [c, i]));
  const place = (item: GainItem): number =>
    item.followUp.length > 0
      ? order.get(item.followUp[0]!)!
      : after.codes.length + oldOrder.get(item.baseline[0]!)!;
  items.sort((x, y) => place(x) - place(y));
  const inS1 = { from: new Set(s1.flatMap((g) => g.from)), to: new Set(s1.flatMap((g) => g.to)) };
  const listed = (set: readonly Group[]): LeftOut => ({
    baseline: set.flatMap((g) => g.from),
    followUp: set.flatMap((g) => g.to),
  });
  const points = { baseline: fromMicroPoints(micro.baseline), followUp: fromMicroPoints(micro.followUp) };

  return {
    comparable: true,
    assessments: { baseline: baseline.assessmentId, followUp: followUp.assessmentId },
    kinds: { baseline: baseline.kind, followUp: followUp.kind },
    baselinePoints: points.baseline,
    followUpPoints: points.followUp,
    changePoints: fromMicroPoints(micro.change),
    relativeChangePercent: relativeChange(points.baseline, points.followUp),
    normalisedGain: normalisedGain(points.baseline, points.followUp),
    daysBetween: days,
    editions: { baseline: editionOf(baseline.checklist), followUp: editionOf(followUp.checklist) },
    crosswalk: edges ? crosswalk!.status : null,
    provisional: { baseline: before.score.points === null, followUp: after.score.points === null },
    commonItems: s3.length,
    baselineItems: before.codes.length,
    followUpItems: after.codes.length,
    commonBaselinePoints: fromMicroPoints(commonBaseline),
    commonFollowUpPoints: fromMicroPoints(commonFollowUp),
    parts: {
      realChange: fromMicroPoints(micro.realChange),
      scopeChange: fromMicroPoints(micro.scopeChange),
      checklistChange: fromMicroPoints(micro.checklistChange),
      missingItems: fromMicroPoints(micro.missingItems),
    },
    leftOut: {
      checklistChange: {
        baseline: before.codes.filter((c) => !inS1.from.has(c)),
        followUp: after.codes.filter((c) => !inS1.to.has(c)),
      },
      missingItems: listed(missing),
      scopeChange: listed(scope),
    },
    microPoints: micro,
    items,
    sections: sectionsOf(commonBefore, commonAfter),
    sameAssessor:
      baseline.assessorId === undefined || followUp.assessorId === undefined
        ? null
        : baseline.assessorId === followUp.assessorId,
    independence:
      baseline.coachedByAssessor === true || followUp.coachedByAssessor === true
        ? 'coach-assessed'
        : baseline.coachedByAssessor === false && followUp.coachedByAssessor === false
          ? 'independent'
          : 'unknown',
  };
}

const NO_COMMON =
  'No item has a comparable counterpart that is answered, applicable and of weight on both sides.';

function refuse(reason: GainRefusal, message: string): GainRefused {
  return { comparable: false, reason, message };
}

function editionOf(checklist: ChecklistVersion): string {
  return `${checklist.checklist}@${checklist.version}`;
}

/** All of a profile that makes points; gates, grades, closure and titles do not. */
function scoringKey(profile: ScoringProfile): string {
  const answers = profile.answers.map((a) => [
    a.code,
    a.conformity,
    a.credit ?? null,
    a.rank ?? null,
    a.grade ?? null,
  ]);
  answers.sort((x, y) => (String(x[0]) < String(y[0]) ? -1 : 1));
  return JSON.stringify([
    profile.profile,
    canonical(profile.aggregation),
    answers,
    canonical(profile.penalties ?? []),
    canonical(profile.clamp ?? { min: 0, max: 100 }),
  ]);
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== 'object') return value;
  return Object.entries(value)
    .filter(([, v]) => v !== undefined)
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([k, v]) => [k, canonical(v)]);
}

interface Edge extends Group {
  readonly comparable: boolean;
}

/** Edges from the baseline's to the follow-up's version; undefined when the crosswalk joins others. */
function orient(crosswalk: Crosswalk, from: ChecklistVersion, to: ChecklistVersion): Edge[] | undefined {
  const name = (v: { checklist: string; version: string }): string => `${v.checklist}@${v.version}`;
  const [a, b] = [name(crosswalk.from), name(crosswalk.to)];
  if (a === editionOf(from) && b === editionOf(to)) return [...crosswalk.edges];
  if (a === editionOf(to) && b === editionOf(from)) {
    return crosswalk.edges.map((e) => ({ from: e.to, to: e.from, comparable: e.comparable }));
  }
  return undefined;
}

/** The points of a profile do not depend on its gates and bands; without them a subset need not know every section. */
function compile(assessed: AssessedForGain, only?: readonly string[]): CompiledScoring {
  const whole = wholeScoring(assessed);
  if (!only || only.length === whole.requirements.length) return whole;
  return compileScoring(assessed.checklist, assessed.level, pointsOnly(assessed.profile), new Set(only));
}

/** The scoring of all items. Published content never changes, and a thousand gains of an import share one. */
const wholeScorings = new WeakMap<ChecklistVersion, WeakMap<ScoringProfile, Map<string, CompiledScoring>>>();
function wholeScoring({ checklist, level, profile }: AssessedForGain): CompiledScoring {
  let ofChecklist = wholeScorings.get(checklist);
  if (!ofChecklist) wholeScorings.set(checklist, (ofChecklist = new WeakMap()));
  let ofProfile = ofChecklist.get(profile);
  if (!ofProfile) ofChecklist.set(profile, (ofProfile = new Map()));
  let compiled = ofProfile.get(level);
  if (!compiled) ofProfile.set(level, (compiled = compileScoring(checklist, level, pointsOnly(profile))));
  return compiled;
}

function pointsOnly({ gates: _gates, grades: _grades, ...profile }: ScoringProfile): ScoringProfile {
  return profile;
}

function sideOf(assessed: AssessedForGain): Side {
  const compiled = compile(assessed);
  const score = compiled.score(assessed.responses);
  return {
    assessed,
    codes: compiled.requirements.map((r) => r.code),
    conformity: new Map(score.items.map((item) => [item.requirement, item.conformity])),
    score,
  };
}

/** Points of nested sets, from all items on, in micro-points; undefined when one cannot be scored. */
function chain(sets: readonly (readonly string[])[], side: Side): number[] | undefined {
  const out: number[] = [];
  let size = -1;
  for (const set of sets) {
    // Sets are nested: the same size is the same set.
    if (set.length === size) {
      out.push(out.at(-1)!);
      continue;
    }
    const points =
      size < 0
        ? side.score.provisionalPoints
        : compile(side.assessed, set).score(side.assessed.responses).provisionalPoints;
    if (points === null) return undefined;
    out.push(toMicroPoints(points));
    size = set.length;
  }
  return out;
}

const SERIOUSNESS: readonly Conformity[] = [
  'not-applicable',
  'conforming',
  'partly',
  'nonconforming',
  'not-assessed',
];

function worst(codes: readonly string[], side: Side): Conformity | null {
  let rank = -1;
  for (const code of codes)
    rank = Math.max(rank, SERIOUSNESS.indexOf(side.conformity.get(code) ?? 'not-assessed'));
  return rank < 0 ? null : SERIOUSNESS[rank]!;
}

function alone(side: 'baseline' | 'followUp', code: string, own: Side, because: NotComparedReason): GainItem {
  return {
    baseline: side === 'baseline' ? [code] : [],
    followUp: side === 'followUp' ? [code] : [],
    before: side === 'baseline' ? worst([code], own) : null,
    after: side === 'followUp' ? worst([code], own) : null,
    movement: 'not-compared',
    because,
  };
}

function groupsOfOneEdition(before: Side, after: Side): { groups: Group[]; items: GainItem[] } {
  const groups: Group[] = [];
  const items: GainItem[] = [];
  for (const code of before.codes) {
    if (after.conformity.has(code)) groups.push({ from: [code], to: [code] });
    else items.push(alone('baseline', code, before, 'other-level'));
  }
  for (const code of after.codes) {
    if (!before.conformity.has(code)) items.push(alone('followUp', code, after, 'other-level'));
  }
  return { groups, items };
}

function groupsOfCrosswalk(
  edges: readonly Edge[],
  before: Side,
  after: Side,
): { groups: Group[]; items: GainItem[] } {
  const groups: Group[] = [];
  const items: GainItem[] = [];
  const seen = { from: new Set<string>(), to: new Set<string>() };
  for (const edge of edges) {
    // A code belongs to the first edge that names it.
    if (edge.from.some((c) => seen.from.has(c)) || edge.to.some((c) => seen.to.has(c))) continue;
    const from = edge.from.filter((c) => before.conformity.has(c));
    const to = edge.to.filter((c) => after.conformity.has(c));
    if (from.length === 0 && to.length === 0) continue;
    for (const c of edge.from) seen.from.add(c);
    for (const c of edge.to) seen.to.add(c);
    const whole = from.length === edge.from.length && to.length === edge.to.length;
    if (edge.comparable && whole && from.length > 0 && to.length > 0) {
      groups.push({ from, to });
      continue;
    }
    const because: NotComparedReason =
      edge.from.length === 0
        ? 'new-item'
        : edge.to.length === 0
          ? 'dropped-item'
          : !edge.comparable
            ? 'meaning-changed'
            : 'other-level';
    items.push({
      baseline: from,
      followUp: to,
      before: worst(from, before),
      after: worst(to, after),
      movement: 'not-compared',
      because,
    });
  }
  const listed = (side: 'baseline' | 'followUp') => new Set(items.flatMap((item) => item[side]));
  const out = { baseline: listed('baseline'), followUp: listed('followUp') };
  const paired = { from: new Set(groups.flatMap((g) => g.from)), to: new Set(groups.flatMap((g) => g.to)) };
  for (const code of before.codes) {
    if (!paired.from.has(code) && !out.baseline.has(code))
      items.push(alone('baseline', code, before, 'no-lineage'));
  }
  for (const code of after.codes) {
    if (!paired.to.has(code) && !out.followUp.has(code))
      items.push(alone('followUp', code, after, 'no-lineage'));
  }
  return { groups, items };
}

/**
 * The baseline's answers under the follow-up's codes. Every item of a group gets the group's answer; where several
 * became one, the worst of them, for the joint question asks for all.
 */
function restate(groups: readonly Group[], baseline: AssessedForGain): Response[] {
  const options = new Map(baseline.profile.answers.map((a) => [a.code, a]));
  const given = new Map(baseline.responses.map((r) => [r.requirement, r]));
  const value = (r: Response): number => {
    const option = options.get(r.answer)!;
    return -SERIOUSNESS.indexOf(option.conformity) * 1e6 + (option.rank ?? 0) * 1e3 + (option.credit ?? 0);
  };
  return groups.flatMap((group) => {
    const answers = group.from.map((c) => given.get(c)!);
    const one = answers.reduce((low, r) => (value(r) < value(low) ? r : low));
    return group.to.map((requirement) => ({ requirement, answer: one.answer }));
  });
}

function sectionsOf(before: Score, after: Score): GainSection[] {
  const old = new Map(before.sections.map((s) => [s.section, s]));
  return after.sections.flatMap((s) => {
    const o = old.get(s.section)!;
    if (s.counts.total === 0) return [];
    const change =
      s.points === null || o.points === null
        ? null
        : fromMicroPoints(toMicroPoints(s.points) - toMicroPoints(o.points));
    return [
      {
        section: s.section,
        baseline: o.points,
        followUp: s.points,
        change,
        counts: { baseline: o.counts, followUp: s.counts },
      },
    ];
  });
}
