import type { ChecklistVersion, Requirement } from './checklist.js';
import type { Conformity, FindingGrade, Response } from './assessment.js';
import { DomainError } from './domain-error.js';
import type { AnswerOption, Comparator, Gate, Penalty, ScoringProfile } from './profile.js';
import { requirementsAt } from './response-rules.js';
import type {
  ClassScore,
  GateResult,
  ItemCounts,
  ItemScore,
  PartScore,
  Score,
  ScoreView,
  SectionScore,
} from './score.js';

/**
 * Scoring: responses in, a result explained item by item out. The model (answer scale, aggregation, penalties,
 * gates, grades) is a scoring profile; its sources are in docs/scoring-and-gains.md. Unanswered, not applicable
 * and "no" are three different things throughout, and "cannot be scored" is a value of its own, not 0.
 */

export type * from './score.js';
export { checkResponses, levelScope, requirementsAt } from './response-rules.js';

/** A checklist, a level and a profile made ready to score many assessments. It keeps no state between calls. */
export interface CompiledScoring {
  /**
   * Responses to requirements outside the level (or the subset) are left aside.
   * @throws DomainError `answer-out-of-scale`, `duplicate-response`.
   */
  score(responses: readonly Response[], view?: ScoreView): Score;
  readonly requirements: readonly Requirement[];
}

const CONFORMITIES: readonly Conformity[] = [
  'conforming',
  'partly',
  'nonconforming',
  'not-applicable',
  'not-assessed',
];
const CONFORMING = 0,
  PARTLY = 1,
  NONCONFORMING = 2,
  NOT_APPLICABLE = 3,
  NOT_ASSESSED = 4;
const DEFAULT_CREDIT = { conforming: 1, partly: 0.5, nonconforming: 0, 'not-applicable': 0 } as const;

/** Rounds to six decimals through integer micro-points; `+ 0` turns −0 into 0. */
const micro = (x: number): number => Math.round(x * 1e6) / 1e6 + 0;
const noFindings = (): Record<FindingGrade, number> => ({
  critical: 0,
  major: 0,
  minor: 0,
  observation: 0,
  'good-practice': 0,
});
const reaches = (actual: number, op: Comparator | undefined, value: number): boolean =>
  op === '>' ? actual > value : actual >= value;

/**
 * Share of its weight that an answer earns: the profile's `credit`, or 1, 0.5, 0 by conformity.
 */
export function creditOf(option: AnswerOption): number {
  return option.credit ?? DEFAULT_CREDIT[option.conformity];
}

/**
 * Grade of the finding an answer raises on a requirement: the answer's own grade, else the criticality of the
 * requirement for "nonconforming", minor for "partly", none for the others.
 */
export function findingGradeOf(requirement: Requirement, option: AnswerOption): FindingGrade | null {
  if (option.grade !== undefined) return option.grade;
  if (option.conformity === 'nonconforming') return requirement.criticality;
  return option.conformity === 'partly' ? 'minor' : null;
}

/** Sums of a group of items (a section, a class): five counts by conformity, and earned, possible, deduction. */
const EARNED = 5,
  POSSIBLE = 6,
  DEDUCTION = 7,
  SLOTS = 8;

function countsAt(sums: Float64Array, at: number): ItemCounts {
  const conforming = sums[at + CONFORMING]!,
    partly = sums[at + PARTLY]!,
    nonconforming = sums[at + NONCONFORMING]!;
  const notApplicable = sums[at + NOT_APPLICABLE]!,
    notAssessed = sums[at + NOT_ASSESSED]!;
  const applicable = conforming + partly + nonconforming + notAssessed;
  return {
    total: applicable + notApplicable,
    applicable,
    conforming,
    partly,
    nonconforming,
    notApplicable,
    notAssessed,
  };
}

/**
 * Makes a checklist, a level and a profile ready for scoring. `only` restricts it to a subset of requirement codes
 * (a gain is measured over the items both assessments have in common).
 *
 * What an item earns, by aggregation: count-matrix and percent-by-class: credit of 1; weighted-percent: credit ×
 * weight of weight; mean-ordinal: rank − min of max − min; deduct-from-100: minus the points of the finding's grade,
 * or (1 − credit) × the points of its class or its weight.
 * @throws DomainError `unknown-level`, `unknown-section`, `checklist-cycle`, `no-conforming-answer`,
 *   `rank-missing`, `deduction-missing` (a class without a price is not free).
 */
export function compileScoring(
  checklist: ChecklistVersion,
  level: string,
  profile: ScoringProfile,
  only?: ReadonlySet<string>,
): CompiledScoring {
  const atLevel = requirementsAt(checklist, level);
  const requirements = only ? atLevel.filter((r) => only.has(r.code)) : atLevel;
  const n = requirements.length;
  const itemAt = new Map(requirements.map((r, i) => [r.code, i]));
  const { aggregation, answers } = profile;
  const deducting = aggregation.kind === 'deduct-from-100';
  const start = deducting ? aggregation.start : 0;

  // Sections: index, parent, and an order in which children come before their parents.
  const sections = checklist.sections;
  const sectionAt = new Map(sections.map((s, i) => [s.code, i]));
  const parentOf = sections.map((s) => (s.parent === undefined ? -1 : (sectionAt.get(s.parent) ?? -1)));
  const depthOf = parentOf.map((_, s) => {
    let depth = 0;
    for (let p = parentOf[s]!; p >= 0; p = parentOf[p]!) {
      if (++depth > sections.length)
        throw new DomainError('checklist-cycle', `Section ${sections[s]!.code} is its own parent.`);
    }
    return depth;
  });
  const childrenFirst = sections
    .map((_, s) => s)
    .filter((s) => parentOf[s]! >= 0)
    .sort((a, b) => depthOf[b]! - depthOf[a]!);

  const classes = [
    ...new Set([
      ...(aggregation.kind === 'percent-by-class' ? aggregation.classes : []),
      ...(deducting && aggregation.deduct.by === 'class' ? Object.keys(aggregation.deduct.points) : []),
      ...(profile.gates ?? []).flatMap((g) => ('class' in g ? [g.class] : [])),
      ...requirements.flatMap((r) => (r.class === undefined ? [] : [r.class])),
    ]),
  ];

  const sectionOf = new Int32Array(n),
    classOf = new Int32Array(n).fill(-1);
  const weight = new Float64Array(n),
    possible = new Float64Array(n);
  requirements.forEach((r, i) => {
    const s = sectionAt.get(r.section);
    if (s === undefined)
      throw new DomainError(
        'unknown-section',
        `Requirement ${r.code} stands in an unknown section "${r.section}".`,
      );
    sectionOf[i] = s;
    if (r.class !== undefined) classOf[i] = classes.indexOf(r.class);
    const weighs =
      aggregation.kind === 'weighted-percent' || (deducting && aggregation.deduct.by === 'weight');
    weight[i] = weighs ? (r.weight ?? 1) : 1;
    possible[i] = deducting
      ? 0
      : aggregation.kind === 'mean-ordinal'
        ? aggregation.max - aggregation.min
        : weight[i];
  });

  // What each answer is worth on each item: tables indexed [item × answers + answer].
  const width = answers.length;
  const answerAt = new Map(answers.map((a, o) => [a.code, o]));
  const kindOf = answers.map((a) => CONFORMITIES.indexOf(a.conformity));
  const earned = new Float64Array(n * width);
  const grades: (FindingGrade | null)[] = new Array<FindingGrade | null>(n * width).fill(null);
  const rankOf = (a: AnswerOption): number => {
    if (a.rank === undefined)
      throw new DomainError('rank-missing', `Answer "${a.code}" has no rank; mean-ordinal needs one.`);
    return a.rank;
  };
  const deductionOf = (r: Requirement, a: AnswerOption, w: number): number => {
    if (aggregation.kind !== 'deduct-from-100') return 0;
    const { deduct } = aggregation;
    if (deduct.by === 'grade') {
      const grade = findingGradeOf(r, a);
      return grade === null ? 0 : (deduct.points[grade] ?? 0);
    }
    const price = deduct.by === 'weight' ? w : r.class === undefined ? undefined : deduct.points[r.class];
    if (price === undefined)
      throw new DomainError(
        'deduction-missing',
        `Requirement ${r.code} has no class the profile ${profile.profile} prices.`,
      );
    return price * (1 - creditOf(a));
  };
  requirements.forEach((r, i) =>
    answers.forEach((a, o) => {
      if (a.conformity === 'not-applicable') return;
      const at = i * width + o;
      grades[at] = findingGradeOf(r, a);
      earned[at] = deducting
        ? 0 - deductionOf(r, a, weight[i]!)
        : aggregation.kind === 'mean-ordinal'
          ? rankOf(a) - aggregation.min
          : creditOf(a) * weight[i]!;
    }),
  );
  // "Conforms" means the best conforming answer; the same for every item, so the first item tells.
  const worth = (o: number): number =>
    (aggregation.kind === 'mean-ordinal' ? (answers[o]!.rank ?? 0) : creditOf(answers[o]!)) -
    (answers[o]!.grade ? 1e-9 : 0);
  const best = answers.reduce(
    (b, a, o) => (a.conformity === 'conforming' && (b < 0 || worth(o) > worth(b)) ? o : b),
    -1,
  );
  if (best < 0)
    throw new DomainError('no-conforming-answer', `Profile ${profile.profile} has no answer that conforms.`);

  const clampMin = profile.clamp ? (profile.clamp.min ?? -Infinity) : 0;
  const clampMax = profile.clamp ? (profile.clamp.max ?? Infinity) : 100;
  const clamp = (x: number): number => (x < clampMin ? clampMin : x > clampMax ? clampMax : x);
  const penalties = profile.penalties ?? [];
  const bands = [...(profile.grades ?? [])].sort((a, b) => b.min - a.min);

  const hits = (p: Penalty, i: number, o: number): boolean => {
    const on = p.on;
    if ('answer' in on) return answers[o]!.code === on.answer;
    if ('grade' in on) return grades[i * width + o] === on.grade;
    return requirements[i]!.required === true && kindOf[o] === NONCONFORMING;
  };

  const part = (sums: Float64Array, at: number): PartScore => {
    const counts = countsAt(sums, at);
    const base = deducting ? start : sums[at + POSSIBLE]!;
    const got = deducting ? start - sums[at + DEDUCTION]! : sums[at + EARNED]!;
    const rated = counts.applicable > 0 && counts.notAssessed === 0 && (deducting || base > 0);
    const points = rated ? micro(clamp(deducting ? got : (100 * got) / base)) : null;
    return {
      status: rated ? 'rated' : 'not-rated',
      points,
      earned: micro(got),
      possible: micro(base),
      counts,
    };
  };

  function score(responses: readonly Response[], view: ScoreView = 'as-found'): Score {
    const given = new Int32Array(n).fill(-1);
    const closed = new Uint8Array(n);
    for (const response of responses) {
      const i = itemAt.get(response.requirement);
      if (i === undefined) continue;
      const o = answerAt.get(response.answer);
      if (o === undefined)
        throw new DomainError(
          'answer-out-of-scale',
          `"${response.answer}" (${response.requirement}) is not an answer of profile ${profile.profile}.`,
        );
      if (given[i]! >= 0)
        throw new DomainError('duplicate-response', `Requirement ${response.requirement} is answered twice.`);
      given[i] = o;
      if (response.closedOn !== undefined) closed[i] = 1;
    }

    // One pass: every item into the sums of its section and class, its finding into the counts.
    const bySection = new Float64Array(sections.length * SLOTS);
    const byClass = new Float64Array(classes.length * SLOTS);
    const total = new Float64Array(SLOTS);
    const counted = new Int32Array(n); // the answer that counts in this view
    const conformity = new Uint8Array(n);
    const findings = noFindings(),
      openFindings = noFindings();
    const add = (sums: Float64Array, at: number, kind: number, e: number, p: number): void => {
      sums[at + kind]! += 1;
      sums[at + EARNED]! += e;
      sums[at + POSSIBLE]! += p;
      if (deducting) sums[at + DEDUCTION]! -= e;
    };
    for (let i = 0; i < n; i++) {
      const o = given[i]!;
      const settled = o >= 0 && closed[i] === 1 && view === 'after-closure' && kindOf[o] !== NOT_APPLICABLE;
      const effective = settled ? best : o;
      const kind = effective < 0 ? NOT_ASSESSED : kindOf[effective]!;
      counted[i] = effective;
      conformity[i] = kind;
      const rates = kind < NOT_APPLICABLE;
      const e = rates ? earned[i * width + effective]! : 0,
        p = rates ? possible[i]! : 0;
      add(total, 0, kind, e, p);
      add(bySection, sectionOf[i]! * SLOTS, kind, e, p);
      if (classOf[i]! >= 0) add(byClass, classOf[i]! * SLOTS, kind, e, p);
      const grade = o < 0 ? null : grades[i * width + o];
      if (grade) {
        findings[grade]++;
        if (!settled) openFindings[grade]++;
      }
    }
    for (const s of childrenFirst) {
      for (let k = 0, from = s * SLOTS, to = parentOf[s]! * SLOTS; k < SLOTS; k++)
        bySection[to + k]! += bySection[from + k]!;
    }

    const whole = part(total, 0);
    const { counts } = whole;
    const answered = counts.applicable - counts.notAssessed;
    const ratable = answered > 0 && (deducting || total[POSSIBLE]! > 0);
    const scored = ratable && counts.notAssessed === 0;

    const penaltyHits = penalties.map((penalty) => {
      let times = 0;
      for (let i = 0; i < n; i++) if (counted[i]! >= 0 && hits(penalty, i, counted[i]!)) times++;
      return {
        penalty,
        times,
        points: micro((penalty.once ? Math.min(times, 1) : times) * penalty.percentOfMax),
      };
    });
    let raw = deducting ? start - total[DEDUCTION]! : (100 * total[EARNED]!) / total[POSSIBLE]!;
    for (const p of penaltyHits) raw -= p.points;
    const provisional = ratable ? micro(clamp(raw)) : null;
    const points = scored ? provisional : null;

    const perPoint = deducting ? 1 : 100 / total[POSSIBLE]!;
    const items: ItemScore[] = new Array<ItemScore>(n);
    for (let i = 0; i < n; i++) {
      const r = requirements[i]!,
        o = given[i]!,
        effective = counted[i]!,
        kind = conformity[i]!;
      const rates = kind < NOT_APPLICABLE;
      const e = rates ? earned[i * width + effective]! : 0;
      let effect = 0;
      if (rates && provisional !== null && effective !== best) {
        let rise = (earned[i * width + best]! - e) * perPoint;
        for (const p of penaltyHits) {
          if (p.times > 0 && hits(p.penalty, i, effective) && (!p.penalty.once || p.times === 1))
            rise += p.penalty.percentOfMax;
        }
        if (rise !== 0) effect = micro(micro(clamp(raw + rise)) - provisional);
      }
      items[i] = {
        requirement: r.code,
        section: r.section,
        conformity: CONFORMITIES[kind]!,
        answer: o < 0 ? null : answers[o]!.code,
        findingGrade: o < 0 ? null : grades[i * width + o]!,
        weight: weight[i]!,
        earned: e,
        possible: rates ? possible[i]! : 0,
        deduction: deducting && rates ? 0 - e : 0,
        effect,
        closed: closed[i] === 1,
      };
    }

    const sectionScores = sections.map((s, k): SectionScore => ({
      section: s.code,
      ...part(bySection, k * SLOTS),
    }));
    const classScores = classes.map((c, k): ClassScore => ({ class: c, ...part(byClass, k * SLOTS) }));

    /** Items of a group of sections that fall short. */
    const shortIn = (codes: readonly string[]): string[] => {
      const within = new Set(codes.map((c) => sectionAt.get(c)!));
      const out: string[] = [];
      for (let i = 0; i < n; i++) {
        if (conformity[i] !== PARTLY && conformity[i] !== NONCONFORMING) continue;
        let s = sectionOf[i]!;
        while (s >= 0 && !within.has(s)) s = parentOf[s]!;
        if (s >= 0) out.push(requirements[i]!.code);
      }
      return out;
    };
    const itemsWhere = (test: (item: ItemScore, i: number) => boolean): string[] =>
      items.filter(test).map((item) => item.requirement);
    const falls = (item: ItemScore): boolean =>
      item.conformity === 'partly' || item.conformity === 'nonconforming';

    const judge = (gate: Gate): GateResult => {
      const needed = 'value' in gate ? gate.value : 'max' in gate ? gate.max : 0;
      if (!scored) return { gate, holds: null, actual: null, needed, reason: 'not-scorable' };
      const nothing: GateResult = { gate, holds: null, actual: null, needed, reason: 'not-rated' };
      const verdict = (
        holds: boolean,
        actual: number,
        reason: string,
        why: () => { requirements?: string[]; sections?: string[] },
      ): GateResult =>
        holds
          ? { gate, holds, actual, needed, reason: 'holds' }
          : { gate, holds, actual, needed, reason, ...why() };
      switch (gate.gate) {
        case 'points':
          return verdict(reaches(points!, gate.op, gate.value), points!, 'points-below', () => ({
            requirements: itemsWhere(falls),
          }));
        case 'earned': {
          const own = gate.section === undefined ? whole : sectionScores[sectionAt.get(gate.section) ?? -1];
          if (!own || own.status === 'not-rated') return nothing;
          const at = gate.section === undefined ? undefined : [gate.section];
          return verdict(reaches(own.earned, gate.op, gate.value), own.earned, 'earned-below', () =>
            at ? { requirements: shortIn(at), sections: at } : { requirements: itemsWhere(falls) },
          );
        }
        case 'every-section': {
          const rated = sectionScores.filter((s) => s.points !== null);
          const low = rated.filter((s) => !reaches(s.points!, gate.op, gate.value)).map((s) => s.section);
          const lowest = rated.reduce((m, s) => Math.min(m, s.points!), Infinity);
          return rated.length === 0
            ? nothing
            : verdict(low.length === 0, lowest, 'section-below', () => ({
                requirements: shortIn(low),
                sections: low,
              }));
        }
        case 'section': {
          const own = sectionScores[sectionAt.get(gate.section) ?? -1];
          if (!own || own.points === null) return nothing;
          return verdict(reaches(own.points, gate.op, gate.value), own.points, 'section-below', () => ({
            requirements: shortIn([gate.section]),
            sections: [gate.section],
          }));
        }
        case 'class': {
          const c = classes.indexOf(gate.class),
            own = classScores[c];
          if (!own || own.points === null) return nothing;
          return verdict(reaches(own.points, gate.op, gate.value), own.points, 'class-below', () => ({
            requirements: itemsWhere((item, i) => classOf[i] === c && falls(item)),
          }));
        }
        case 'max-findings': {
          const count = (gate.open ? openFindings : findings)[gate.grade];
          return verdict(count <= gate.max, count, 'too-many-findings', () => ({
            requirements: itemsWhere(
              (item) =>
                item.findingGrade === gate.grade && !(gate.open && view === 'after-closure' && item.closed),
            ),
          }));
        }
        case 'max-nonconforming-in-class': {
          const c = classes.indexOf(gate.class),
            own = classScores[c];
          if (!own || own.counts.total === 0) return nothing;
          return verdict(
            own.counts.nonconforming <= gate.max,
            own.counts.nonconforming,
            'too-many-nonconforming',
            () => ({
              requirements: itemsWhere((item, i) => classOf[i] === c && item.conformity === 'nonconforming'),
            }),
          );
        }
        case 'required-items': {
          if (!requirements.some((r) => r.required)) return nothing;
          const failing = itemsWhere((item, i) => requirements[i]!.required === true && falls(item));
          return verdict(failing.length === 0, failing.length, 'required-not-conforming', () => ({
            requirements: failing,
          }));
        }
      }
    };
    const gates = (profile.gates ?? []).map(judge);
    const judged = gates.filter((g) => g.holds !== null);

    return {
      status: scored ? 'scored' : 'not-scorable',
      reason:
        counts.notAssessed > 0
          ? 'unanswered-requirements'
          : counts.applicable === 0
            ? 'no-applicable-requirement'
            : scored
              ? null
              : 'nothing-to-rate',
      points,
      provisionalPoints: provisional,
      grade: points === null ? null : (bands.find((b) => b.min <= points)?.label ?? null),
      passed: judged.length === 0 ? null : judged.every((g) => g.holds),
      earned: whole.earned,
      possible: whole.possible,
      counts,
      findings,
      openFindings,
      sections: sectionScores,
      classes: classScores,
      penalties: penaltyHits,
      gates,
      items,
      clamped: provisional !== null && provisional !== micro(raw),
      profile: { profile: profile.profile, version: profile.version },
      level,
      view,
    };
  }
  return { score, requirements };
}

/**
 * Scores one assessment; see {@link compileScoring} for many of the same kind.
 * @throws DomainError as {@link compileScoring} and {@link CompiledScoring.score}.
 */
export function score(
  checklist: ChecklistVersion,
  level: string,
  profile: ScoringProfile,
  responses: readonly Response[],
  view: ScoreView = 'as-found',
): Score {
  return compileScoring(checklist, level, profile).score(responses, view);
}
