import { quantile } from './cohort.js';
import { DomainError } from './domain-error.js';

/*
 * Aggregates that identify nobody. Groups come from a fixed lattice (the whole programme, then one property at a time; no
 * free combination of filters), and a group is published only when nothing that can be got by adding and subtracting
 * published groups is about fewer than k results.
 *
 * Why that holds: put all published groups together and sort results into classes by the groups they are in. Any sum or
 * difference of published figures gives every result of a class the same weight, so what it is about is a union of
 * classes. When each class has at least k results, so has everything derivable. That covers complementary suppression (a
 * single small group beside a total), one filter's difference from another's, and two points in time: a result that has
 * changed counts as another result, so figures move only when at least k results have moved with them.
 */

/** Smallest k a programme may choose, and what it gets without choosing. */
export const LEAST_K = 3;
export const DEFAULT_K = 5;

/** The properties groups are made by. `programme`: everybody. */
export const DIMENSIONS = ['programme', 'cohort', 'category', 'country'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** One site's newest result, as aggregates see it. Points 0..100. */
export interface AggregateRow {
  readonly site: string;
  readonly cohorts: readonly string[];
  readonly categories: readonly string[];
  readonly country: string;
  /** Points as found of the newest closed assessment that is not a self-assessment. */
  readonly points: number;
  /** Null where the profile has no pass mark. */
  readonly passed: boolean | null;
  /** Change in points from baseline to follow-up; null without a comparable pair. */
  readonly change: number | null;
  /** Points by section; sections that were not rated are absent. */
  readonly sections: Readonly<Record<string, number>>;
}

/** Figures of one group. Means to a tenth of a point; median and quartiles to a whole point. */
export interface GroupFigures {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  readonly q1: number;
  readonly q3: number;
  /** Whole percent that passed; null where not all have a pass mark, or where k or fewer stand on one side. */
  readonly passShare: number | null;
}

export interface AggregateCell {
  readonly measure: 'result' | 'change' | 'section';
  readonly dimension: Dimension | 'section';
  /** Code or id of the group; `all` for the whole programme. */
  readonly group: string;
  /** Null: suppressed. */
  readonly figures: GroupFigures | null;
  /** Day of the snapshot the figures are from; null when suppressed. */
  readonly asOf: string | null;
}

/** Which results each published figure is about, by measure; kept beside the snapshots and shown to nobody. */
export type PublishedGroups = Readonly<Record<string, readonly (readonly string[])[]>>;

export interface Snapshot {
  readonly k: number;
  readonly cells: readonly AggregateCell[];
}

/**
 * Which candidates may be published beside what is out already, taken in their order. Groups are sets of results.
 * @throws DomainError `k-too-small`
 */
export function publishable(
  candidates: readonly ReadonlySet<string>[],
  already: readonly ReadonlySet<string>[],
  k: number,
): boolean[] {
  if (!Number.isInteger(k) || k < LEAST_K)
    throw new DomainError('k-too-small', `Groups of fewer than ${LEAST_K} are never published.`, [
      { field: '/smallestGroup', message: `${k}`, fix: `Use ${LEAST_K} or more.` },
    ]);
  let classes = already.reduce<string[][]>(split, []);
  return candidates.map((candidate) => {
    if (candidate.size < k) return false;
    // Only what this group would divide counts: classes that are out already are out, also where k was raised since.
    const before = new Set(classes);
    const finer = split(classes, candidate);
    if (finer.some((each) => each.length < k && !before.has(each))) return false;
    classes = finer;
    return true;
  });
}

/** Classes of results after one more group: in it, out of it; results nobody had yet make a class of their own. */
function split(classes: readonly string[][], group: ReadonlySet<string>): string[][] {
  const left = new Set(group);
  const parts = classes.flatMap((each) => {
    const inside = each.filter((unit) => group.has(unit));
    const outside = each.filter((unit) => !group.has(unit));
    inside.forEach((unit) => left.delete(unit));
    return inside.length === 0 || outside.length === 0 ? [each] : [inside, outside];
  });
  return [...parts, [...left]].filter((part) => part.length > 0);
}

interface Candidate {
  readonly measure: AggregateCell['measure'];
  readonly dimension: AggregateCell['dimension'];
  readonly group: string;
  /** Name of the lattice it is judged in: groups of one variable, over all its snapshots. */
  readonly lattice: string;
  readonly rows: readonly {
    readonly unit: string;
    readonly value: number;
    readonly passed: boolean | null;
  }[];
}

/**
 * The next snapshot of a programme, with the groups it published; null while too little has changed since the last one
 * for the programme's own total to move. A group that can't move with it keeps its last figures and their day.
 */
export function nextSnapshot(
  rows: readonly AggregateRow[],
  k: number,
  today: string,
  last: { readonly snapshot: Snapshot | null; readonly published: PublishedGroups },
): { snapshot: Snapshot; published: PublishedGroups } | null {
  const candidates = lattice(rows);
  const published: Record<string, (readonly string[])[]> = Object.fromEntries(
    Object.entries(last.published).map(([name, groups]) => [name, [...groups]]),
  );
  const key = (cell: Pick<AggregateCell, 'measure' | 'dimension' | 'group'>): string =>
    `${cell.measure} ${cell.dimension} ${cell.group}`;
  const before = new Map((last.snapshot?.cells ?? []).map((cell) => [key(cell), cell]));
  const cells: AggregateCell[] = [];
  let moved = last.snapshot !== null && last.snapshot.k !== k;
  for (const name of new Set(candidates.map((candidate) => candidate.lattice))) {
    const own = candidates.filter((candidate) => candidate.lattice === name);
    const sets = own.map((candidate) => new Set(candidate.rows.map((row) => row.unit)));
    const out = (published[name] ??= []);
    const may = publishable(
      sets,
      out.map((group) => new Set(group)),
      k,
    );
    own.forEach((candidate, index) => {
      const { measure, dimension, group } = candidate;
      const kept = before.get(key(candidate));
      if (!may[index]) {
        const still = kept?.figures && kept.figures.n >= k;
        cells.push(still ? kept : { measure, dimension, group, figures: null, asOf: null });
        return;
      }
      const units = [...sets[index]!].sort();
      if (!out.some((each) => same(each, units))) {
        out.push(units);
        moved = true;
      } else if (kept?.figures) {
        cells.push(kept);
        return;
      } else moved = true;
      cells.push({ measure, dimension, group, figures: figuresOf(candidate.rows, k), asOf: today });
    });
  }
  return moved ? { snapshot: { k, cells }, published } : null;
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((unit, index) => unit === b[index]);

/** Every group of the lattice, those first whose figures are worth most: the whole, cohorts, countries, categories. */
function lattice(rows: readonly AggregateRow[]): Candidate[] {
  const byGroup = (
    dimension: Dimension,
    groupsOf: (row: AggregateRow) => readonly string[],
  ): { dimension: Dimension; group: string; members: AggregateRow[] }[] =>
    [...new Set(rows.flatMap(groupsOf))]
      .sort()
      .map((group) => ({ dimension, group, members: rows.filter((row) => groupsOf(row).includes(group)) }));
  const groups = [
    { dimension: 'programme' as Dimension, group: 'all', members: [...rows] },
    ...byGroup('cohort', (row) => row.cohorts),
    ...byGroup('country', (row) => [row.country]),
    ...byGroup('category', (row) => row.categories),
  ];
  const sections = [...new Set(rows.flatMap((row) => Object.keys(row.sections)))].sort();
  return [
    ...groups.map(({ dimension, group, members }): Candidate => ({
      measure: 'result',
      dimension,
      group,
      lattice: 'result',
      rows: members.map((row) => ({
        unit: `${row.site}@${row.points}/${row.passed}`,
        value: row.points,
        passed: row.passed,
      })),
    })),
    ...groups.map(({ dimension, group, members }): Candidate => ({
      measure: 'change',
      dimension,
      group,
      lattice: 'change',
      rows: members.flatMap((row) =>
        row.change === null ? [] : [{ unit: `${row.site}@${row.change}`, value: row.change, passed: null }],
      ),
    })),
    ...sections.map((section): Candidate => ({
      measure: 'section',
      dimension: 'section',
      group: section,
      lattice: `section ${section}`,
      rows: rows.flatMap((row) => {
        const value = row.sections[section];
        return value === undefined ? [] : [{ unit: `${row.site}@${value}`, value, passed: null }];
      }),
    })),
  ];
}

function figuresOf(rows: Candidate['rows'], k: number): GroupFigures {
  const sorted = rows.map((row) => row.value).sort((a, b) => a - b);
  const passed = rows.filter((row) => row.passed).length;
  const judged = rows.every((row) => row.passed !== null);
  const whole = (p: number): number => Math.round(quantile(sorted, p)!);
  return {
    n: rows.length,
    mean: Math.round((sorted.reduce((sum, value) => sum + value, 0) / rows.length) * 10) / 10,
    median: whole(0.5),
    q1: whole(0.25),
    q3: whole(0.75),
    passShare:
      judged && passed >= k && rows.length - passed >= k ? Math.round((100 * passed) / rows.length) : null,
  };
}
