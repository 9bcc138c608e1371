import { DomainError } from './domain-error.js';
import { fromMicroPoints, normalisedGain, relativeChange, toMicroPoints, type Gain } from './gains.js';

/**
 * Cohorts: gains of many sites together. `cohortStatistics` works over all rows and is exact, quartiles included;
 * `CohortAggregate` is kept up to date gain by gain at a cost that does not grow with the cohort, and is exact in all
 * but the quartiles. Sites only: a person's knowledge test never goes in here.
 */

/** What one gain adds to an aggregate; points. */
export interface GainContribution {
  readonly baseline: number;
  readonly followUp: number;
  /** Sections rated on both sides, over the items compared. */
  readonly sections: readonly {
    readonly section: string;
    readonly baseline: number;
    readonly followUp: number;
  }[];
}

/** Sums of one section; micro-points. */
export interface SectionSums {
  readonly n: number;
  readonly baseline: string;
  readonly followUp: string;
}

/**
 * Running sums over gains. Plain JSON: sums are whole numbers written in decimal, so they stay exact at any size and
 * neither the order of adding nor adding and taking out again makes a difference. 1 point = 1 000 000 micro-points.
 */
export interface CohortAggregate {
  readonly format: 'uplift.cohort-aggregate/1';
  /** Number of gains. */
  readonly n: number;
  /** Sums of points, in micro-points. */
  readonly baseline: string;
  readonly followUp: string;
  /** Sum of squared changes, in micro-points squared. */
  readonly changeSquares: string;
  readonly improved: number;
  readonly same: number;
  readonly worse: number;
  /** Relative changes: how many (baseline above 0), and their sum in millionths of a percent. */
  readonly relativeN: number;
  readonly relative: string;
  /** Individual normalised gains: how many (baseline below 100), and their sum in millionths. */
  readonly normalisedN: number;
  readonly normalised: string;
  /** Number of gains per whole point, rounded down: key 12 counts 12 up to, but not including, 13. */
  readonly histogram: {
    readonly baseline: Readonly<Record<string, number>>;
    readonly followUp: Readonly<Record<string, number>>;
    readonly change: Readonly<Record<string, number>>;
  };
  readonly sections: Readonly<Record<string, SectionSums>>;
}

/** What a comparable gain adds to an aggregate. */
export function contributionOf(gain: Gain): GainContribution {
  return {
    baseline: gain.baselinePoints,
    followUp: gain.followUpPoints,
    sections: gain.sections.flatMap(({ section, baseline, followUp }) =>
      baseline === null || followUp === null ? [] : [{ section, baseline, followUp }],
    ),
  };
}

/** An aggregate of no gain. */
export function emptyAggregate(): CohortAggregate {
  return {
    format: 'uplift.cohort-aggregate/1',
    n: 0,
    baseline: '0',
    followUp: '0',
    changeSquares: '0',
    improved: 0,
    same: 0,
    worse: 0,
    relativeN: 0,
    relative: '0',
    normalisedN: 0,
    normalised: '0',
    histogram: { baseline: {}, followUp: {}, change: {} },
    sections: {},
  };
}

/** The aggregate with one gain more; the given one is left as it is. Cost: sections plus occupied points, not gains. */
export function addGain(aggregate: CohortAggregate, contribution: GainContribution): CohortAggregate {
  return combine(aggregate, unit(contribution), 1);
}

/**
 * The aggregate without a gain that was added before, as when an assessment is reopened.
 * @throws DomainError `aggregate-underflow` (conflict) when it cannot have been added
 */
export function removeGain(aggregate: CohortAggregate, contribution: GainContribution): CohortAggregate {
  return combine(aggregate, unit(contribution), -1);
}

/** Two aggregates of different gains as one. */
export function mergeAggregates(a: CohortAggregate, b: CohortAggregate): CohortAggregate {
  return combine(a, b, 1);
}

/** The aggregate of one gain. */
function unit(c: GainContribution): CohortAggregate {
  const [baseline, followUp] = [toMicroPoints(c.baseline), toMicroPoints(c.followUp)];
  const change = followUp - baseline;
  const relative = relativeChange(c.baseline, c.followUp);
  const normalised = normalisedGain(c.baseline, c.followUp);
  const sections: Record<string, SectionSums> = Object.create(null) as Record<string, SectionSums>;
  for (const s of c.sections) {
    sections[s.section] = { n: 1, baseline: whole(s.baseline * 1e6), followUp: whole(s.followUp * 1e6) };
  }
  return {
    format: 'uplift.cohort-aggregate/1',
    n: 1,
    baseline: String(baseline),
    followUp: String(followUp),
    changeSquares: String(BigInt(change) ** 2n),
    improved: change > 0 ? 1 : 0,
    same: change === 0 ? 1 : 0,
    worse: change < 0 ? 1 : 0,
    relativeN: relative === null ? 0 : 1,
    relative: whole((relative ?? 0) * 1e6),
    normalisedN: normalised === null ? 0 : 1,
    normalised: whole((normalised ?? 0) * 1e6),
    histogram: {
      baseline: { [bin(baseline)]: 1 },
      followUp: { [bin(followUp)]: 1 },
      change: { [bin(change)]: 1 },
    },
    sections,
  };
}

function whole(x: number): string {
  return String(BigInt(Math.round(x)));
}

function bin(micro: number): number {
  return Math.floor(micro / 1e6);
}

function combine(a: CohortAggregate, b: CohortAggregate, sign: 1 | -1): CohortAggregate {
  const count = (x: number, y: number): number => {
    const out = x + sign * y;
    if (out < 0)
      throw new DomainError('aggregate-underflow', 'This gain is not part of the aggregate.', [], 'conflict');
    return out;
  };
  const sum = (x: string, y: string): string =>
    String(sign === 1 ? BigInt(x) + BigInt(y) : BigInt(x) - BigInt(y));
  const bins = (
    x: Readonly<Record<string, number>>,
    y: Readonly<Record<string, number>>,
  ): Record<string, number> => {
    const out: Record<string, number> = { ...x };
    for (const key of Object.keys(y)) {
      const n = count(Object.hasOwn(x, key) ? x[key]! : 0, y[key]!);
      if (n === 0) delete out[key];
      else out[key] = n;
    }
    return out;
  };
  const sections = new Map(Object.entries(a.sections));
  for (const [code, add] of Object.entries(b.sections)) {
    const old = sections.get(code) ?? { n: 0, baseline: '0', followUp: '0' };
    const n = count(old.n, add.n);
    if (n === 0) sections.delete(code);
    else
      sections.set(code, {
        n,
        baseline: sum(old.baseline, add.baseline),
        followUp: sum(old.followUp, add.followUp),
      });
  }
  return {
    format: 'uplift.cohort-aggregate/1',
    n: count(a.n, b.n),
    baseline: sum(a.baseline, b.baseline),
    followUp: sum(a.followUp, b.followUp),
    changeSquares: sum(a.changeSquares, b.changeSquares),
    improved: count(a.improved, b.improved),
    same: count(a.same, b.same),
    worse: count(a.worse, b.worse),
    relativeN: count(a.relativeN, b.relativeN),
    relative: sum(a.relative, b.relative),
    normalisedN: count(a.normalisedN, b.normalisedN),
    normalised: sum(a.normalised, b.normalised),
    histogram: {
      baseline: bins(a.histogram.baseline, b.histogram.baseline),
      followUp: bins(a.histogram.followUp, b.histogram.followUp),
      change: bins(a.histogram.change, b.histogram.change),
    },
    sections: Object.fromEntries(sections),
  };
}

/** A mean with the number of sites behind it; null without any. */
export interface MeanOf {
  readonly value: number | null;
  /** Sites that count in it. */
  readonly n: number;
  /** Sites left out because the figure is not defined for them. */
  readonly excluded: number;
}

/** Figures over matched sites that both ways of counting give. */
export interface CohortFigures {
  /** Sites with a baseline and a comparable follow-up; all figures rest on these. */
  readonly nMatched: number;
  /** Mean points, matched sites. */
  readonly meanBaseline: number | null;
  readonly meanFollowUp: number | null;
  /** The headline: mean of the changes in points. */
  readonly meanChangePoints: number | null;
  /** Standard deviation of the change in points, n − 1 in the denominator; null below two sites. */
  readonly sdChange: number | null;
  /** 100 × (mean follow-up − mean baseline) / mean baseline, in percent; null when the mean baseline is 0 or less. */
  readonly changeOfMeansPercent: number | null;
  /** Mean of the sites' own relative changes, in percent; sites with a baseline of 0 are left out and counted. */
  readonly meanOfRelativeChangesPercent: MeanOf;
  /** Normalised gain of the means, (F − B) / (100 − B); null when the mean baseline is 100. Hake (1998). */
  readonly normalisedGain: number | null;
  /** Mean of the sites' own normalised gains; sites with a baseline of 100 are left out and counted. */
  readonly meanNormalisedGain: MeanOf;
  readonly improved: number;
  readonly same: number;
  readonly worse: number;
}

/** Figures of a running aggregate. */
export interface AggregateFigures extends CohortFigures {
  /**
   * Quartiles of the change in points read from 1-point bins, each taken as evenly filled: within 1 point of
   * the exact ones. Show them as approximate.
   */
  readonly approximateQuartiles: { readonly q1: number; readonly median: number; readonly q3: number } | null;
  readonly sections: readonly {
    readonly section: string;
    readonly n: number;
    readonly meanBaseline: number;
    readonly meanFollowUp: number;
    readonly meanChangePoints: number;
  }[];
}

/** Means, spread and counts of an aggregate; see {@link CohortFigures}. Sections are sorted by code. */
export function aggregateFigures(a: CohortAggregate): AggregateFigures {
  const n = a.n;
  return {
    ...figures({
      n,
      baseline: BigInt(a.baseline),
      followUp: BigInt(a.followUp),
      squares: BigInt(a.changeSquares),
      relativeN: a.relativeN,
      relative: n === 0 ? 0 : Number(BigInt(a.relative)) / 1e6,
      normalisedN: a.normalisedN,
      normalised: Number(BigInt(a.normalised)) / 1e6,
      improved: a.improved,
      same: a.same,
      worse: a.worse,
    }),
    approximateQuartiles: n === 0 ? null : binnedQuartiles(a.histogram.change, n),
    sections: Object.entries(a.sections)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([section, s]) => ({
        section,
        n: s.n,
        meanBaseline: meanPoints(BigInt(s.baseline), s.n),
        meanFollowUp: meanPoints(BigInt(s.followUp), s.n),
        meanChangePoints: meanPoints(BigInt(s.followUp) - BigInt(s.baseline), s.n),
      })),
  };
}

interface Sums {
  n: number;
  baseline: bigint;
  followUp: bigint;
  squares: bigint;
  relativeN: number;
  relative: number;
  normalisedN: number;
  normalised: number;
  improved: number;
  same: number;
  worse: number;
}

function meanPoints(sum: bigint, n: number): number {
  return Number(sum) / n / 1e6;
}

function figures(s: Sums): CohortFigures {
  const { n } = s;
  const change = s.followUp - s.baseline;
  const big = BigInt(n);
  const room = 100_000_000n * big - s.baseline;
  return {
    nMatched: n,
    meanBaseline: n === 0 ? null : meanPoints(s.baseline, n),
    meanFollowUp: n === 0 ? null : meanPoints(s.followUp, n),
    meanChangePoints: n === 0 ? null : meanPoints(change, n),
    // Variance = (n·Σd² − (Σd)²) / (n·(n − 1)): whole numbers up to the division, so nothing cancels.
    sdChange: n < 2 ? null : Math.sqrt(Number(big * s.squares - change * change) / (n * (n - 1))) / 1e6,
    changeOfMeansPercent: n > 0 && s.baseline > 0n ? (100 * Number(change)) / Number(s.baseline) : null,
    meanOfRelativeChangesPercent: mean(s.relative, s.relativeN, n),
    normalisedGain: n > 0 && room > 0n ? Number(change) / Number(room) : null,
    meanNormalisedGain: mean(s.normalised, s.normalisedN, n),
    improved: s.improved,
    same: s.same,
    worse: s.worse,
  };
}

function mean(sum: number, n: number, all: number): MeanOf {
  return { value: n === 0 ? null : sum / n, n, excluded: all - n };
}

function binnedQuartiles(
  bins: Readonly<Record<string, number>>,
  n: number,
): { q1: number; median: number; q3: number } {
  const filled = Object.entries(bins)
    .map(([low, count]) => [Number(low), count] as const)
    .sort(([x], [y]) => x - y);
  // The k-th of c values in a bin is taken to stand at (k + ½)/c of its width.
  const at = (k: number): number => {
    let left = k;
    for (const [low, count] of filled) {
      if (left < count) return low + (left + 0.5) / count;
      left -= count;
    }
    return filled.at(-1)![0] + 1;
  };
  const read = (p: number): number => {
    const h = (n - 1) * p;
    const k = Math.floor(h);
    return h === k ? at(k) : at(k) + (h - k) * (at(k + 1) - at(k));
  };
  return { q1: read(0.25), median: read(0.5), q3: read(0.75) };
}

/**
 * Quantile p (0..1) of values sorted from low to high: linear interpolation at h = (n − 1)·p, type 7 of Hyndman and
 * Fan (1996), the default of R and NumPy. Null without values.
 */
export function quantile(sorted: readonly number[], p: number): number | null {
  if (sorted.length === 0) return null;
  const h = (sorted.length - 1) * p;
  const k = Math.floor(h);
  const low = sorted[k]!;
  return h === k ? low : low + (h - k) * (sorted[k + 1]! - low);
}

/** One enrolled site; points. */
export interface CohortRow {
  readonly baseline: number | null;
  readonly followUp: number | null;
  /** False when both exist but the gain was refused; default true. */
  readonly comparable?: boolean;
  /** Why the site has no matched pair, as recorded (`closed-down`, `withdrew` …). */
  readonly dropReason?: string | null;
}

/** The whole story of a cohort; never shown in part. */
export interface CohortStatistics extends CohortFigures {
  /** Sites enrolled. */
  readonly nEnrolled: number;
  /** Sites with a baseline, matched or not. */
  readonly nBaseline: number;
  /** Sites with a follow-up, matched or not. */
  readonly nFollowUp: number;
  /** Mean baseline of every site that has one: against `meanBaseline` it shows whether the weak ones dropped out. */
  readonly meanBaselineOfAll: number | null;
  /** Median and quartiles of the change in points, matched sites, type 7. */
  readonly median: number | null;
  readonly q1: number | null;
  readonly q3: number | null;
  readonly attrition: {
    /** Enrolled sites without a matched pair: nEnrolled − nMatched. */
    readonly dropped: number;
    /** How many for each reason; without a recorded one `no-baseline`, `no-follow-up` or `not-comparable`. */
    readonly reasons: Readonly<Record<string, number>>;
  };
}

/** Exact statistics over all rows of a cohort. The order of rows does not matter. */
export function cohortStatistics(rows: readonly CohortRow[]): CohortStatistics {
  const sums: Sums = {
    n: 0,
    baseline: 0n,
    followUp: 0n,
    squares: 0n,
    relativeN: 0,
    relative: 0,
    normalisedN: 0,
    normalised: 0,
    improved: 0,
    same: 0,
    worse: 0,
  };
  const changes: number[] = [];
  const relatives: number[] = [];
  const normaliseds: number[] = [];
  const reasons = new Map<string, number>();
  let nBaseline = 0;
  let nFollowUp = 0;
  let allBaselines = 0n;
  for (const row of rows) {
    if (row.baseline !== null) {
      nBaseline++;
      allBaselines += BigInt(toMicroPoints(row.baseline));
    }
    if (row.followUp !== null) nFollowUp++;
    if (row.baseline === null || row.followUp === null || row.comparable === false) {
      const missing =
        row.baseline === null ? 'no-baseline' : row.followUp === null ? 'no-follow-up' : 'not-comparable';
      const reason = row.dropReason?.trim() || missing;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      continue;
    }
    const [b, f] = [toMicroPoints(row.baseline), toMicroPoints(row.followUp)];
    changes.push(f - b);
    sums.n++;
    sums.baseline += BigInt(b);
    sums.followUp += BigInt(f);
    sums.squares += BigInt(f - b) ** 2n;
    const relative = relativeChange(row.baseline, row.followUp);
    if (relative !== null) relatives.push(relative);
    const gain = normalisedGain(row.baseline, row.followUp);
    if (gain !== null) normaliseds.push(gain);
    if (f > b) sums.improved++;
    else if (f < b) sums.worse++;
    else sums.same++;
  }
  // Sorted before adding: the sum does not depend on the order of the rows.
  const total = (xs: number[]): number => xs.sort((x, y) => x - y).reduce((x, y) => x + y, 0);
  sums.relativeN = relatives.length;
  sums.relative = total(relatives);
  sums.normalisedN = normaliseds.length;
  sums.normalised = total(normaliseds);
  changes.sort((x, y) => x - y);
  const quartile = (p: number): number | null => {
    const micro = quantile(changes, p);
    return micro === null ? null : fromMicroPoints(micro);
  };
  return {
    nEnrolled: rows.length,
    nBaseline,
    nFollowUp,
    ...figures(sums),
    meanBaselineOfAll: nBaseline === 0 ? null : meanPoints(allBaselines, nBaseline),
    median: quartile(0.5),
    q1: quartile(0.25),
    q3: quartile(0.75),
    attrition: {
      dropped: rows.length - sums.n,
      reasons: Object.fromEntries([...reasons].sort(([x], [y]) => (x < y ? -1 : 1))),
    },
  };
}
