import type { PairingMapping } from './mapping.js';

/** One usable inspection, as pairing sees it. */
export interface Visit {
  readonly row: number;
  readonly id: string;
  readonly day: number;
  readonly type: string;
  /** Index of the edition; −1 when unknown. */
  readonly edition: number;
}

/** Orders by day, then by id. */
export type VisitOrder = (a: Visit, b: Visit) => number;

/**
 * Pairs the visits of one site.
 * @param visits of the site, ordered by `order`.
 * @param value the measure of a visit; null leaves it out of the pairing.
 * @param editions indices of the pairing's editions, for `last-vs-first`.
 */
export function pairsOfSite(
  pairing: PairingMapping,
  visits: readonly Visit[],
  value: (visit: Visit) => number | null,
  order: VisitOrder,
  editions: readonly [number, number] | null,
): [baseline: Visit, followUp: Visit][] {
  const measured = visits.filter((v) => value(v) !== null);
  const ofTypes = (types: readonly string[] | undefined): Visit[] =>
    types ? measured.filter((v) => types.includes(v.type)) : measured;
  switch (pairing.rule) {
    case 'first-vs-last': {
      const all = ofTypes(pairing.baseline);
      const first = all[0],
        last = all[all.length - 1];
      return first && last && first.day !== last.day ? [[first, last]] : [];
    }
    case 'last-vs-first': {
      const all = ofTypes(pairing.baseline);
      const before = all.filter((v) => v.edition === editions![0]).pop();
      const after = all.find((v) => v.edition === editions![1]);
      return before && after ? [[before, after]] : [];
    }
    case 'follow-up': {
      const followUps = ofTypes(pairing.followUp);
      if (followUps.length === 0) return [];
      const baselines = oneBaselinePerDate(
        ofTypes(pairing.baseline),
        pairing.sameDate ?? 'each',
        value,
        order,
      );
      const min = pairing.minDays ?? 0,
        max = pairing.maxDays!;
      const pairs: [Visit, Visit][] = [];
      if (pairing.from === 'follow-up') {
        for (const followUp of followUps) {
          let found: Visit | undefined;
          for (const b of baselines)
            if (
              followUp.day - b.day >= min &&
              followUp.day - b.day <= max &&
              !(pairing.beforeNextBaseline && baselines.some((n) => n.day > b.day && n.day <= followUp.day))
            )
              found = b;
          if (found && found.id !== followUp.id) pairs.push([found, followUp]);
        }
        return pairs;
      }
      for (const baseline of baselines) {
        const next = pairing.beforeNextBaseline
          ? (baselines.find((b) => b.day > baseline.day)?.day ?? Infinity)
          : Infinity;
        const found = followUps.find(
          (f) =>
            f.id !== baseline.id &&
            f.day - baseline.day >= min &&
            f.day - baseline.day <= max &&
            f.day < next,
        );
        if (found) pairs.push([baseline, found]);
      }
      return pairs;
    }
  }
}

function oneBaselinePerDate(
  visits: readonly Visit[],
  rule: 'lowest' | 'highest' | 'each',
  value: (visit: Visit) => number | null,
  order: VisitOrder,
): readonly Visit[] {
  if (rule === 'each') return visits;
  const out: Visit[] = [];
  for (const visit of visits) {
    const last = out[out.length - 1];
    if (!last || last.day !== visit.day) out.push(visit);
    else {
      const difference = (value(visit)! - value(last)!) * (rule === 'lowest' ? 1 : -1);
      if (difference < 0 || (difference === 0 && order(visit, last) < 0)) out[out.length - 1] = visit;
    }
  }
  return out;
}

/** Figures over the changes of a pairing. */
export interface ChangeFigures {
  readonly pairs: number;
  readonly sites: number;
  readonly mean_baseline: number | null;
  readonly mean_follow_up: number | null;
  readonly mean_change: number | null;
  /** Sample standard deviation (n − 1); null below two pairs. */
  readonly sd_change: number | null;
  readonly median: number | null;
  readonly improved: number;
  readonly same: number;
  readonly worse: number;
}

/** Rounds to six decimals, halves away from zero; `+ 0` turns −0 into 0. */
export const round6 = (x: number): number => (Math.sign(x) * Math.round(Math.abs(x) * 1e6)) / 1e6 + 0;

/**
 * Rounds a figure to six decimals, halves to even, from its exact binary value: a mean over 128 pairs often ends in
 * an exact half, and a figure that is always rounded up is biased.
 */
export function roundFigure(x: number): number {
  // A double below 2^53 that is an exact half at the seventh decimal has no digit beyond the 53rd.
  const [whole, digits] = Math.abs(x).toFixed(60).split('.') as [string, string];
  const kept = BigInt(whole + digits.slice(0, 6));
  const rest = digits.slice(6);
  const half = '5'.padEnd(rest.length, '0');
  const up = rest > half || (rest === half && kept % 2n === 1n);
  return (Math.sign(x) * Number(up ? kept + 1n : kept)) / 1e6 + 0;
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = new Float64Array(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const mean = (values: readonly number[]): number | null =>
  values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;

export function figuresOf(
  pairs: readonly {
    readonly siteId: string;
    readonly baseline: number;
    readonly followUp: number;
    readonly change: number;
  }[],
  better: 'higher' | 'lower',
): ChangeFigures {
  const changes = pairs.map((p) => p.change);
  const m = mean(changes);
  const sd =
    changes.length > 1
      ? Math.sqrt(changes.reduce((sum, c) => sum + (c - m!) ** 2, 0) / (changes.length - 1))
      : null;
  const rounded = (x: number | null): number | null => (x === null ? null : roundFigure(x));
  const up = changes.filter((c) => c > 0).length,
    down = changes.filter((c) => c < 0).length;
  return {
    pairs: pairs.length,
    sites: new Set(pairs.map((p) => p.siteId)).size,
    mean_baseline: rounded(mean(pairs.map((p) => p.baseline))),
    mean_follow_up: rounded(mean(pairs.map((p) => p.followUp))),
    mean_change: rounded(m),
    sd_change: rounded(sd),
    median: rounded(median(changes)),
    improved: better === 'higher' ? up : down,
    same: changes.length - up - down,
    worse: better === 'higher' ? down : up,
  };
}
