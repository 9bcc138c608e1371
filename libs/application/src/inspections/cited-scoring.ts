import { compileScoring, type ChecklistVersion, type Response, type ScoringProfile } from '#domain';

/** What the import needs of a score. */
export interface CitedScore {
  readonly points: number | null;
  readonly passed: boolean | null;
}

/** Scores "everything conforms but these": the shape of an inspection record. */
export interface CitedScoring {
  /** @param cited positions in `checklist.requirements`, each once. */
  score(cited: readonly number[]): CitedScore;
  /** Points that a citation of the requirement costs; 0 where the profile does not deduct. */
  readonly cost: Float64Array;
}

/** Rounds as the domain does: to six decimals through integers. */
const micro = (x: number): number => Math.round(x * 1e6) / 1e6 + 0;

/**
 * Scores inspections by the rules of `compileScoring`. The domain explains every score item by item, which 100,000
 * inspections do not need: where the profile deducts or counts and its gates look at points or classes, the prices
 * are taken from one domain score and summed here. Any other profile goes through the domain each time (once per
 * distinct set of cited items). The specs compare both ways.
 */
export function citedScoring(
  checklist: ChecklistVersion,
  level: string,
  profile: ScoringProfile,
  answers: { readonly notListed: string; readonly listed: string },
): CitedScoring {
  const compiled = compileScoring(checklist, level, profile);
  const { requirements } = compiled;
  const n = requirements.length;
  const responses = (cited: ReadonlySet<number>): Response[] =>
    requirements.map((r, i) => ({
      requirement: r.code,
      answer: cited.has(i) ? answers.listed : answers.notListed,
    }));
  const cost = new Float64Array(n);
  const { kind } = profile.aggregation;
  const nothing: CitedScore = { points: null, passed: null };
  if (n === 0) return { score: () => nothing, cost };

  const all = compiled.score(responses(new Set(requirements.keys())));
  all.items.forEach((item, i) => (cost[i] = item.deduction));
  const plain = compiled.score(responses(new Set()));
  const option = (code: string) => profile.answers.find((a) => a.code === code)!;
  const gates = profile.gates ?? [];
  const simple =
    (kind === 'deduct-from-100' || kind === 'count-matrix') &&
    !profile.penalties?.length &&
    option(answers.notListed).credit === undefined &&
    option(answers.listed).credit === undefined &&
    plain.items.every((item) => item.deduction === 0) &&
    gates.every((g) => g.gate === 'points' || g.gate === 'max-nonconforming-in-class');
  if (!simple) {
    const cache = new Map<string, CitedScore>();
    return {
      cost,
      score(cited) {
        const key = [...cited].sort((a, b) => a - b).join(' ');
        let known = cache.get(key);
        if (!known) {
          const { points, passed } = compiled.score(responses(new Set(cited)));
          cache.set(key, (known = { points, passed }));
        }
        return known;
      },
    };
  }

  const start = profile.aggregation.kind === 'deduct-from-100' ? profile.aggregation.start : 0;
  const min = profile.clamp ? (profile.clamp.min ?? -Infinity) : 0;
  const max = profile.clamp ? (profile.clamp.max ?? Infinity) : 100;
  const clamp = (x: number): number => (x < min ? min : x > max ? max : x);
  const limits = gates.flatMap((g) =>
    g.gate === 'max-nonconforming-in-class' && requirements.some((r) => r.class === g.class)
      ? [{ max: g.max, in: requirements.map((r) => r.class === g.class) }]
      : [],
  );
  const bars = gates.flatMap((g) => (g.gate === 'points' ? [g] : []));
  const judges = limits.length + bars.length > 0;
  return {
    cost,
    score(cited) {
      let deduction = 0;
      for (let k = 0; k < cited.length; k++) deduction += cost[cited[k]!]!;
      const points = micro(
        clamp(kind === 'count-matrix' ? (100 * (n - cited.length)) / n : start - deduction),
      );
      if (!judges) return { points, passed: null };
      let passed = bars.every((g) => (g.op === '>' ? points > g.value : points >= g.value));
      for (const limit of limits) {
        let count = 0;
        for (let k = 0; k < cited.length; k++) if (limit.in[cited[k]!]) count++;
        if (count > limit.max) passed = false;
      }
      return { points, passed };
    },
  };
}
