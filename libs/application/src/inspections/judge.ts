import type { ChecklistVersion } from '#domain';
import type { ImportedAssessment } from './analyse.js';
import type { ItemList } from './checklist-from-items.js';
import { citedScoring, type CitedScore } from './cited-scoring.js';
import type { ExceptionSink } from './exceptions.js';
import type { LoadedMapping } from './mapping.js';
import { round6 } from './pairings.js';
import { NO_DAY, type InspectionRecords } from './read-records.js';

/** The records as the steps of an analysis share them; columns are those of the inspections. */
export interface Source {
  readonly records: InspectionRecords;
  readonly mapping: LoadedMapping;
  readonly except: ExceptionSink;
  /** Adds an exception about an inspection. */
  readonly problemOf: (row: number, column: string, code: string, reason: string) => void;
  /** Number of inspections. */
  readonly count: number;
  readonly ids: readonly string[];
  readonly siteIds: readonly string[];
  readonly dates: readonly string[];
  readonly types: readonly string[] | undefined;
  readonly results: readonly string[] | undefined;
}

/** Findings by inspection: those of a row are `rows[start[row]]` up to `rows[start[row + 1]]`, in the order of the file. */
export interface FoundFindings {
  readonly start: Int32Array;
  readonly rows: Int32Array;
  /** Row of the inspection of each finding; −1 when it is not among the records. */
  readonly rowOfFinding: Int32Array;
  /** Index of the item of each finding. */
  readonly item: Int32Array;
}

/** Indices of the items each inspection cites, each once: those of a row are `items[start[row]]` up to `items[start[row + 1]]`. */
export interface CitedItems {
  readonly start: Int32Array;
  readonly items: Int32Array;
}

/** What the profile makes of each inspection, and whether the source agrees. */
export interface Judgements {
  readonly cited: CitedItems;
  /** Points; NaN where there are none. */
  readonly computed: Float64Array;
  readonly official: Float64Array;
  /** 0 when findings are missing or unusable. */
  readonly complete: Uint8Array;
  readonly assessments: ImportedAssessment[];
  /** Inspections with a usable official score or result. */
  readonly scored: number;
  /** Of them, those the profile reproduces. */
  readonly equal: number;
  /** Official less computed → inspections; points only. */
  readonly differences: ReadonlyMap<number, number>;
}

const KIND = { regular: 'baseline', 'follow-up': 'follow-up', other: 'verification' } as const;
/** No finding of the item was met yet; no day of a finding (the first year is 1583) comes near it. */
const UNSEEN = 2147483647;

/** Each inspection: what is cited, when it was closed, what it scores, whether the source agrees. */
export function judge(
  source: Source,
  list: ItemList,
  versions: readonly ChecklistVersion[],
  edition: Int32Array,
  usable: Uint8Array,
  found: FoundFindings,
): Judgements {
  const { records, mapping, except, problemOf, count, ids, siteIds, dates, types, results } = source;
  const { findings, inspectionDay, officialScore, closedDay } = records;
  const { official: rule } = mapping;
  const { start, rows } = found;
  const scorings = versions.map((v) =>
    citedScoring(v, mapping.checklist.level.code, mapping.profile, mapping.answers),
  );
  const editionOfItem = Int32Array.from(list.items, (item) => item.edition);
  const positions = positionsOf(list, versions.length);
  const findingItem = findings.columns['item']!;
  const closes = findings.columns['closedOn'];
  const passes = rule.compare === 'result' ? new Set(rule.passed) : null;
  const fails = rule.compare === 'result' ? new Set(rule.notPassed) : null;
  const dateOf = datesOf();

  const itemsFrom = new Int32Array(count + 1);
  const itemsOf = new Int32Array(rows.length);
  const computed = new Float64Array(count).fill(NaN);
  const official = new Float64Array(count).fill(NaN);
  const complete = new Uint8Array(count).fill(1);
  const assessments: ImportedAssessment[] = [];
  const differences = new Map<number, number>();
  let scored = 0,
    equal = 0;

  // Of the row at hand: what is cited, by its place in the version; findings that are on no list or come again.
  const at: number[] = [];
  let strangers = 0,
    repeats = 0,
    repeatCost = 0;
  const seen = new Int32Array(list.items.length).fill(-1);
  const cite = (row: number, e: number): void => {
    let next = itemsFrom[row]!;
    at.length = 0;
    strangers = repeats = repeatCost = 0;
    for (let k = start[row]!; k < start[row + 1]!; k++) {
      const item = found.item[rows[k]!]!;
      const fits = e >= 0 && editionOfItem[item]! === e && positions[item]! >= 0;
      if (seen[item] === row) {
        if (fits) {
          repeats++;
          repeatCost += scorings[e]!.cost[positions[item]!]!;
        }
        continue;
      }
      seen[item] = row;
      itemsOf[next++] = item;
      if (fits) at.push(positions[item]!);
      else strangers++;
    }
    itemsFrom[row + 1] = next;
  };

  const problem = (row: number, column: string, code: string, reason: string): null => {
    problemOf(row, column, code, reason);
    return null;
  };
  /** Whether the source's result says what the score does; null when there is nothing to compare. */
  const compareResult = (row: number, e: number, own: CitedScore | null, wanted: boolean): boolean | null => {
    const result = results?.[row] ?? '';
    if (result === '')
      return wanted ? problem(row, 'result', 'official-missing', 'the source states no result') : null;
    if (!passes!.has(result) && !fails!.has(result))
      return problem(row, 'result', 'unknown-result', `the mapping does not know the result "${result}"`);
    scored++;
    if (own?.passed == null)
      return problem(
        row,
        'result',
        'not-computable',
        strangers
          ? `${strangers} cited ${strangers === 1 ? 'item is' : 'items are'} not on the list`
          : 'the profile gives no verdict',
      );
    const agrees = own.passed === passes!.has(result);
    if (agrees) equal++;
    else if (!own.passed)
      problem(
        row,
        'result',
        'result-differs',
        `official "${result}" (a pass), but ${citedInGates(mapping, versions[e]!, at)}`,
      );
    else
      problem(
        row,
        'result',
        'result-differs',
        `official "${result}" (no pass), but no item is cited that would fail it`,
      );
    return agrees;
  };

  /** Whether the source's points are those of the score; null when there is nothing to compare. */
  const comparePoints = (
    scale: Exclude<typeof rule, { readonly compare: 'result' }>,
    row: number,
    own: CitedScore | null,
    wanted: boolean,
  ): boolean | null => {
    const score = officialScore.length ? officialScore[row]! : NaN;
    if (Number.isNaN(score))
      return wanted && officialScore.length
        ? problem(row, 'official', 'official-missing', 'the source states no official score')
        : null;
    const least = scale.min ?? 0,
      most = scale.max ?? 100;
    if (score < least || score > most)
      return problem(
        row,
        'official',
        'official-out-of-range',
        `official score ${score} is outside ${least} to ${most}`,
      );
    scored++;
    official[row] = score;
    if (scale.compare !== 'points') return null;
    if (own?.points == null)
      return problem(
        row,
        'official',
        'not-computable',
        strangers
          ? `official ${score}; ${strangers} cited ${strangers === 1 ? 'item is' : 'items are'} not on the list or have no price`
          : `official ${score}; the inspection has no edition`,
      );
    const each = mapping.findings?.repeats === 'points-each' && repeats > 0;
    const compared = each
      ? round6(Math.max(mapping.profile.clamp?.min ?? 0, own.points - repeatCost))
      : own.points;
    const difference = round6(score - compared);
    differences.set(difference, (differences.get(difference) ?? 0) + 1);
    if (each && repeatCost > 0)
      problem(
        row,
        'official',
        'repeated-item',
        `${repeats} ${repeats === 1 ? 'row repeats' : 'rows repeat'} an item already cited: the assessment counts it once (${own.points}), the comparison with the official score each time (${compared})`,
      );
    if (difference === 0) {
      equal++;
      return true;
    }
    const bar = scale.missingFindingsBelow ?? 100;
    const items = itemsFrom[row + 1]! - itemsFrom[row]!;
    if (items === 0 && score < bar) {
      complete[row] = 0;
      problem(
        row,
        'official',
        'findings-missing',
        `findings missing: official ${score} is below ${bar} with no finding recorded`,
      );
    } else
      problem(
        row,
        'official',
        'official-differs',
        `official ${score}, computed ${compared}: official differs by ${difference > 0 ? '+' : '−'}${Math.abs(difference)} with ${items} ${items === 1 ? 'item' : 'items'} cited`,
      );
    return false;
  };

  const lastClosed = new Int32Array(list.items.length);
  /** The day on which each cited item of the version was closed: a requirement is when its last finding is. */
  const closingDays = (row: number, e: number): (string | null)[] => {
    const day = inspectionDay[row]!;
    for (let k = itemsFrom[row]!; k < itemsFrom[row + 1]!; k++) lastClosed[itemsOf[k]!] = UNSEEN;
    for (let k = start[row]!; k < start[row + 1]!; k++) {
      const f = rows[k]!,
        item = found.item[f]!;
      let closed = closedDay[f]!;
      if (closed !== NO_DAY && day !== NO_DAY && closed < day) {
        except({
          table: findings,
          row: f,
          column: 'closedOn',
          inspectionId: ids[row]!,
          code: 'closed-before-inspection',
          reason: `item ${findingItem[f]!} is closed on ${closes![f]!}, ${day - closed} days before the inspection; the date is not used`,
        });
        closed = NO_DAY;
      }
      const before = lastClosed[item]!;
      lastClosed[item] =
        before === UNSEEN
          ? closed
          : before === NO_DAY || closed === NO_DAY
            ? NO_DAY
            : Math.max(before, closed);
    }
    const closedOn = new Array<string | null>(at.length);
    let next = 0;
    for (let k = itemsFrom[row]!; k < itemsFrom[row + 1]!; k++) {
      const item = itemsOf[k]!;
      if (positions[item]! < 0 || editionOfItem[item]! !== e) continue;
      const closed = lastClosed[item]!;
      closedOn[next++] = closed === NO_DAY ? null : dateOf(closed);
    }
    return closedOn;
  };

  for (let row = 0; row < count; row++) {
    const e = edition[row]!;
    cite(row, e);
    const own = e >= 0 && strangers === 0 ? scorings[e]!.score(at) : null;
    if (own?.points != null) computed[row] = own.points;
    const word = types?.[row] ?? '';
    const type = mapping.types[word] ?? mapping.types['*'];
    const wanted =
      type !== undefined && type.role !== 'ignore' && !type.exception && type.official !== 'optional';
    const agrees =
      rule.compare === 'result' ? compareResult(row, e, own, wanted) : comparePoints(rule, row, own, wanted);
    if (strangers) complete[row] = 0;
    const closedOn = closes && closingDays(row, e);
    if (!usable[row] || e < 0) continue;
    const { version, requirements } = versions[e]!;
    const cited = new Array<string>(at.length);
    for (let k = 0; k < at.length; k++) cited[k] = requirements[at[k]!]!.code;
    const assessment: Writable<ImportedAssessment> = {
      externalId: ids[row]!,
      siteId: siteIds[row]!,
      date: dates[row]!,
      kind: KIND[type!.role as keyof typeof KIND],
      type: word,
      version,
      cited,
      officialPoints: Number.isNaN(official[row]!) ? null : official[row]!,
      officialResult: results?.[row] || null,
      computedPoints: own?.points ?? null,
      computedPassed: own?.passed ?? null,
      agrees,
      complete: complete[row] === 1,
    };
    if (closedOn) assessment.closedOn = closedOn;
    assessments.push(assessment);
  }
  return {
    cited: { start: itemsFrom, items: itemsOf },
    computed,
    official,
    complete,
    assessments,
    scored,
    equal,
    differences,
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Place of each item among the requirements of its edition; −1 where it is none of them. */
function positionsOf(list: ItemList, editions: number): Int32Array {
  const next = new Int32Array(editions);
  return Int32Array.from(list.items, (item) => (item.requirement ? next[item.edition]!++ : -1));
}

/** Names the classes that a gate of the profile looks at and that are cited, for a message. */
function citedInGates(mapping: LoadedMapping, version: ChecklistVersion, cited: readonly number[]): string {
  const parts = (mapping.profile.gates ?? []).flatMap((g) => {
    if (g.gate !== 'max-nonconforming-in-class') return [];
    const codes = cited
      .map((p) => version.requirements[p]!)
      .filter((r) => r.class === g.class)
      .map((r) => r.code);
    return codes.length > g.max
      ? [`${g.class} ${codes.length === 1 ? 'item' : 'items'} ${codes.join(', ')}`]
      : [];
  });
  return parts.length ? `${parts.join(' and ')} cited` : 'the profile does not pass it';
}

/** Days as `YYYY-MM-DD`; each is written once. */
function datesOf(): (day: number) => string {
  const known = new Map<number, string>();
  return (day) => {
    let text = known.get(day);
    if (text === undefined) known.set(day, (text = new Date(day * 86_400_000).toISOString().slice(0, 10)));
    return text;
  };
}
