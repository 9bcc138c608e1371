import type { AssessmentKind, ChecklistVersion, Crosswalk, Response, ScoringProfile } from '#domain';
import { crosswalkFrom, ItemList } from './checklist-from-items.js';
import type { ExceptionSink, ImportException } from './exceptions.js';
import { judge, type CitedItems, type FoundFindings, type Judgements, type Source } from './judge.js';
import type { LoadedMapping, PairingMapping } from './mapping.js';
import {
  figuresOf,
  median,
  pairsOfSite,
  round6,
  roundFigure,
  type ChangeFigures,
  type Visit,
  type VisitOrder,
} from './pairings.js';
import { NO_DAY, type InspectionRecords } from './read-records.js';

/** A site of the source. */
export interface ImportedSite {
  readonly externalId: string;
  readonly name: string;
  readonly city: string | null;
  readonly location: { readonly lat: number; readonly lon: number } | null;
}

/** An inspection that is an assessment of one checklist version. Every requirement not in `cited` conforms. */
export interface ImportedAssessment {
  readonly externalId: string;
  readonly siteId: string;
  readonly date: string;
  readonly kind: AssessmentKind;
  /** Type of the inspection in the source. */
  readonly type: string;
  readonly version: string;
  /** Requirements that do not conform, each once. */
  readonly cited: readonly string[];
  /** Day on which each of `cited` was closed (null: open); absent when the source states no closing. */
  readonly closedOn?: readonly (string | null)[];
  /** What the source says, as it says it. */
  readonly officialPoints: number | null;
  readonly officialResult: string | null;
  /** What the scoring profile makes of the responses; null when a cited item is not on the list. */
  readonly computedPoints: number | null;
  readonly computedPassed: boolean | null;
  /** Whether official and computed agree; null when there is nothing to compare. */
  readonly agrees: boolean | null;
  /** False when findings are missing or unusable: the items must not be read as conforming. */
  readonly complete: boolean;
}

/** Two inspections of a site put side by side by a pairing. */
export interface ImportedPair {
  readonly pairing: string;
  readonly siteId: string;
  readonly baselineId: string;
  readonly followUpId: string;
  readonly baselineDate: string;
  readonly followUpDate: string;
  readonly days: number;
  /** In the measure of the pairing. */
  readonly baseline: number;
  readonly followUp: number;
  readonly change: number;
  /** Distinct items cited, comparable or not; only where the measure is items cited. */
  readonly baselineAllItems?: number;
  readonly followUpAllItems?: number;
  /** Items cited before and not after, both times, only after; null when they cannot be compared. */
  readonly itemsFixed: number | null;
  readonly itemsPersisting: number | null;
  readonly itemsNew: number | null;
  /** Whether both inspections are among the assessments (each pinned to a version), so that a gain can be kept. */
  readonly pinned: boolean;
}

export interface PairingSummary extends ChangeFigures {
  readonly definition: string;
  readonly rule: PairingMapping['rule'];
  readonly measure: PairingMapping['measure'] | 'comparable-items-cited';
  readonly better: 'higher' | 'lower';
  /** Items of the checklist both sides have in common (of a crosswalk: its comparable edges); null between unknown editions. */
  readonly comparable_items: number | null;
  /** Over pairs whose items can be compared. */
  readonly items_fixed: number;
  readonly items_persisting: number;
  readonly items_new: number;
  /** Means over all items cited, where the headline counts comparable ones only. */
  readonly all_items?: ChangeFigures;
  /** "result before -> result after" → pairs, where the source states results. */
  readonly transitions?: Readonly<Record<string, number>>;
}

/** Closing dates of findings, row by row. */
export interface CorrectionFigures {
  readonly dated: number;
  readonly open: number;
  readonly before_inspection: number;
  readonly same_day: number;
  readonly within_30_days: number;
  readonly median_days: number | null;
  readonly mean_days: number | null;
}

/** The figures of an import, in the keys `uplift import inspections --json` prints. */
export interface ImportSummary {
  readonly dataset: string;
  readonly inspections: number;
  /** Inspections with an official score (or, where that is compared, result). */
  readonly scored: number;
  /** Of `scored`, those the scoring profile reproduces; null when there is nothing it could be computed from. */
  readonly official_equal: number | null;
  /** Why `official_equal` is null. */
  readonly official_note?: string;
  readonly exceptions: number;
  readonly exception_list: readonly ImportException[];
  readonly pairs: number;
  readonly mean_baseline: number | null;
  readonly mean_follow_up: number | null;
  readonly mean_change: number | null;
  readonly sd_change: number | null;
  readonly comparable_items: number | null;
  readonly median: number | null;
  readonly improved: number;
  readonly same: number;
  readonly worse: number;
  /** The pairing the figures above are of. */
  readonly primary_pairing: string;
  readonly pairings: Readonly<Record<string, PairingSummary>>;
  readonly sites: number;
  readonly findings: number;
  readonly assessments: number;
  /** Inspections left out by their type, as the mapping says. */
  readonly ignored: Readonly<Record<string, number>>;
  readonly exceptions_by_code: Readonly<Record<string, number>>;
  /** Official less computed → inspections; points only. */
  readonly official_minus_computed?: Readonly<Record<string, number>>;
  /** Regular inspections of each edition. */
  readonly editions: Readonly<
    Record<
      string,
      {
        readonly items: number;
        readonly regular: number;
        readonly sites: number;
        readonly mean_items_cited: number | null;
      }
    >
  >;
  readonly corrections?: CorrectionFigures;
}

/** All that an import yields, as plain arrays ready to be stored. */
export interface InspectionImport {
  readonly dataset: string;
  readonly checklistVersions: readonly ChecklistVersion[];
  readonly crosswalk?: Crosswalk;
  readonly profile: ScoringProfile;
  readonly level: string;
  readonly answers: { readonly notListed: string; readonly listed: string };
  readonly sites: readonly ImportedSite[];
  readonly assessments: readonly ImportedAssessment[];
  readonly pairs: readonly ImportedPair[];
  readonly summary: ImportSummary;
}

const NO_VERSION = -1;

/**
 * Turns the records of a source into checklist versions, sites, assessments and pairs, with every row that could
 * not be used listed as an exception. Pure: the same records and mapping give the same result.
 */
export function analyse(records: InspectionRecords, mapping: LoadedMapping): InspectionImport {
  const exceptions: ImportException[] = records.skipped.map((p) => ({
    inspection_id: null,
    code: p.code,
    reason: p.reason,
    file: p.file,
    line: p.line,
    column: p.column,
  }));
  const except: ExceptionSink = ({ table, row, column, inspectionId, code, reason }) => {
    exceptions.push({
      inspection_id: inspectionId,
      code,
      reason,
      file: table.file,
      line: table.lineOf(row),
      column: column ? (table.headers[column] ?? null) : null,
    });
  };
  const { inspections, findings } = records;
  const { official } = mapping;
  const { columns } = inspections;
  const source: Source = {
    records,
    mapping,
    except,
    problemOf: (row, column, code, reason) =>
      except({ table: inspections, row, column, inspectionId: source.ids[row]!, code, reason }),
    count: inspections.rows,
    ids: columns['id']!,
    siteIds: columns['site']!,
    dates: columns['date']!,
    types: columns['type'],
    results: columns['result'],
  };

  // Each step is a function of its own: the engine compiles a loop together with all that follows it in its function, and
  // an import is over before it has compiled all of them in one.
  const list = new ItemList(mapping, records, except);
  const sites = sitesOf(records, except);
  const { edition, usable, ignored } = usableInspections(source);
  const found = findingsByInspection(source);
  itemsOfFindings(source, list, edition, usable, found);
  if (mapping.items?.unlisted === 'add') list.addFromCrosswalk();
  const checklistVersions = list.versions();
  const crosswalk = crosswalkFrom(mapping, records, checklistVersions, except);
  const level = mapping.checklist.level.code;
  const judged = judge(source, list, checklistVersions, edition, usable, found);
  const { assessments, cited, scored, equal, differences } = judged;
  const comparison = comparisonOf(crosswalk, list, checklistVersions, cited);
  const { pairs, pairings } = pairsOf(source, checklistVersions, comparison, judged, edition, usable);

  const primary = mapping.pairings.find((p) => p.primary)!;
  const head = pairings[primary.name]!;
  const byCode: Record<string, number> = {};
  for (const { code } of exceptions) byCode[code] = (byCode[code] ?? 0) + 1;
  const summary: ImportSummary = {
    dataset: mapping.dataset,
    inspections: source.count,
    scored,
    official_equal: official.compare === 'none' ? null : equal,
    ...(official.compare === 'none' ? { official_note: official.reason } : {}),
    exceptions: exceptions.length,
    exception_list: exceptions,
    pairs: head.pairs,
    mean_baseline: head.mean_baseline,
    mean_follow_up: head.mean_follow_up,
    mean_change: head.mean_change,
    sd_change: head.sd_change,
    comparable_items: head.comparable_items,
    median: head.median,
    improved: head.improved,
    same: head.same,
    worse: head.worse,
    primary_pairing: primary.name,
    pairings,
    sites: records.sites.rows,
    findings: findings.rows,
    assessments: assessments.length,
    ignored,
    exceptions_by_code: byCode,
    ...(official.compare === 'points'
      ? { official_minus_computed: Object.fromEntries([...differences].sort((a, b) => a[0] - b[0])) }
      : {}),
    editions: editionFigures(source, checklistVersions, usable, edition, cited),
    ...(findings.columns['closedOn'] ? { corrections: correctionFigures(records, found.rowOfFinding) } : {}),
  };
  return {
    dataset: mapping.dataset,
    checklistVersions,
    ...(crosswalk ? { crosswalk } : {}),
    profile: mapping.profile,
    level,
    answers: mapping.answers,
    sites,
    assessments,
    pairs,
    summary,
  };
}

/** The full responses of an assessment: what the compact form stands for. */
export function responsesOf(
  assessment: Pick<ImportedAssessment, 'cited' | 'closedOn'>,
  checklist: ChecklistVersion,
  answers: { readonly notListed: string; readonly listed: string },
): Response[] {
  const cited = new Map(assessment.cited.map((code, i) => [code, assessment.closedOn?.[i] ?? null]));
  return checklist.requirements.map(({ code }): Response => {
    const closed = cited.get(code);
    if (closed === undefined) return { requirement: code, answer: answers.notListed };
    return { requirement: code, answer: answers.listed, ...(closed === null ? {} : { closedOn: closed }) };
  });
}

/** Which inspections are assessments (`usable`), of what edition (−1: none); those left out by their type are counted. */
function usableInspections({ records, mapping, problemOf, count, siteIds, types }: Source): {
  readonly edition: Int32Array;
  readonly usable: Uint8Array;
  readonly ignored: Record<string, number>;
} {
  const { inspectionDay } = records;
  const editionWords = records.inspections.columns['edition'];
  const editionOf = new Map(mapping.checklist.editions.map((e, i) => [e.value ?? e.version, i]));
  const edition = new Int32Array(count).fill(NO_VERSION);
  const usable = new Uint8Array(count);
  const ignored: Record<string, number> = {};
  for (let row = 0; row < count; row++) {
    const word = types?.[row] ?? '';
    const type = mapping.types[word] ?? mapping.types['*'];
    const text = editionWords?.[row];
    edition[row] =
      text === undefined && mapping.checklist.editions.length === 1
        ? 0
        : (editionOf.get(text ?? '') ?? NO_VERSION);
    if (!type)
      problemOf(row, 'type', 'unknown-type', `the mapping does not know inspections of type "${word}"`);
    else if (type.exception) problemOf(row, 'type', type.exception.code, type.exception.reason);
    else if (type.role === 'ignore') ignored[word] = (ignored[word] ?? 0) + 1;
    else if (!records.siteRow.has(siteIds[row]!))
      problemOf(row, 'site', 'unknown-site', `site "${siteIds[row]!}" is not in ${records.sites.file}`);
    else if (inspectionDay[row] === NO_DAY)
      problemOf(row, 'date', 'missing-date', 'the inspection has no date');
    else {
      usable[row] = 1;
      if (edition[row] === NO_VERSION) {
        const why = mapping.editions?.none?.[text ?? ''];
        problemOf(
          row,
          'edition',
          why ? `edition-${slug(text!)}` : 'unknown-edition',
          why ??
            `edition "${text ?? ''}" is not one of the checklist; the inspection is not imported as an assessment`,
        );
      }
    }
  }
  return { edition, usable, ignored };
}

/** Puts the findings to their inspections; the items come later. */
function findingsByInspection({ records, except, count }: Source): FoundFindings {
  const { findings, inspections, inspectionRow } = records;
  const findingInspection = findings.columns['inspection']!,
    findingItem = findings.columns['item']!;
  const rowOfFinding = new Int32Array(findings.rows);
  const start = new Int32Array(count + 1);
  let lastId = '',
    lastRow = -1;
  for (let f = 0; f < findings.rows; f++) {
    const id = findingInspection[f]!;
    if (id !== lastId) {
      lastId = id;
      lastRow = inspectionRow.get(id) ?? -1;
    }
    rowOfFinding[f] = lastRow;
    if (lastRow >= 0) start[lastRow + 1]!++;
    else
      except({
        table: findings,
        row: f,
        column: 'inspection',
        inspectionId: id,
        code: 'unknown-inspection',
        reason: `inspection "${id}" is not in ${inspections.file}; its finding on item ${findingItem[f]!} is left out`,
      });
  }
  for (let row = 0; row < count; row++) start[row + 1]! += start[row]!;
  const rows = new Int32Array(start[count]!);
  const fill = start.slice();
  for (let f = 0; f < findings.rows; f++) if (rowOfFinding[f]! >= 0) rows[fill[rowOfFinding[f]!]!++] = f;
  return { start, rows, rowOfFinding, item: new Int32Array(findings.rows).fill(-1) };
}

/** Findings to items; a code off the list is added (when the mapping says so) or kept as an item of no version. */
function itemsOfFindings(
  { records, mapping, except, count, ids }: Source,
  list: ItemList,
  edition: Int32Array,
  usable: Uint8Array,
  found: FoundFindings,
): void {
  const { findings } = records;
  const { start, rows } = found;
  const listed = list.items.length;
  const findingItem = findings.columns['item']!;
  const weights = findings.columns['weight'],
    classes = findings.columns['class'];
  const add = mapping.items?.unlisted === 'add';
  const memo = mapping.checklist.editions.map(() => new Map<string, number>());
  for (let row = 0; row < count; row++) {
    const e = edition[row]!;
    for (let k = start[row]!; k < start[row + 1]!; k++) {
      const f = rows[k]!,
        code = findingItem[f]!;
      let at = e < 0 ? undefined : memo[e]!.get(code);
      if (at === undefined) {
        at = list.find(code, e);
        if (at < 0) at = list.find(code, -1);
        // One met before in an inspection without an edition is known, but of no version yet.
        const known = at >= 0 && !(at >= listed && add && e >= 0 && list.items[at]!.edition < 0);
        if (!known) at = list.addUnlisted(code, e, weights?.[f], classes?.[f], add && e >= 0);
        if (e >= 0) memo[e]!.set(code, at);
        if (!known && list.items[at]!.requirement) {
          except({
            table: findings,
            row: f,
            column: 'item',
            inspectionId: ids[row]!,
            code: 'unlisted-item',
            reason: `item ${code} is not in ${records.items.file}; it was added from what its finding tells`,
          });
        }
      }
      const item = list.items[at]!;
      if (usable[row] === 1 && !item.requirement) {
        const why =
          at >= listed
            ? `item ${code} is not in ${records.items.file}`
            : `item ${code} could not be used (see the item list)`;
        except({
          table: findings,
          row: f,
          column: 'item',
          inspectionId: ids[row]!,
          code: 'unknown-item',
          reason: `${why}; it counts as cited, but not in a score`,
        });
      } else if (usable[row] === 1 && e >= 0 && item.edition !== e) {
        except({
          table: findings,
          row: f,
          column: 'item',
          inspectionId: ids[row]!,
          code: 'item-of-other-edition',
          reason: `item ${code} is of edition ${mapping.checklist.editions[item.edition]!.version}, the inspection of ${mapping.checklist.editions[e]!.version}`,
        });
      }
      found.item[f] = at;
    }
  }
}

/** Puts two inspections of a site side by side, by each pairing of the mapping. */
function pairsOf(
  source: Source,
  checklistVersions: readonly ChecklistVersion[],
  comparison: Comparison,
  judged: Judgements,
  edition: Int32Array,
  usable: Uint8Array,
): { readonly pairs: ImportedPair[]; readonly pairings: Record<string, PairingSummary> } {
  const idOrder = compareIds(source.mapping.ids?.order ?? 'text');
  const order = (a: Visit, b: Visit): number => a.day - b.day || idOrder(a.id, b.id);
  const bySite = visitsBySite(source, edition, usable, order);
  const pairs: ImportedPair[] = [];
  const pairings: Record<string, PairingSummary> = {};
  for (const pairing of source.mapping.pairings) {
    const editions = pairing.editions
      ? (([0, 1] as const).map((i) =>
          checklistVersions.findIndex((v) => v.version === pairing.editions![i]),
        ) as [number, number])
      : null;
    const comparableOnly = pairing.rule === 'last-vs-first' && pairing.comparableOnly !== false;
    const measure = measureOf(pairing, judged);
    const { own, transitions } = pairUp(
      source,
      { pairing, measure, editions, order, comparableOnly },
      comparison,
      judged.complete,
      bySite,
    );
    for (const pair of own) pairs.push(pair);
    const sum = (key: 'itemsFixed' | 'itemsPersisting' | 'itemsNew'): number =>
      own.reduce((s, p) => s + (p[key] ?? 0), 0);
    pairings[pairing.name] = {
      definition: pairing.definition,
      rule: pairing.rule,
      measure: comparableOnly ? 'comparable-items-cited' : pairing.measure,
      better: pairing.better,
      ...figuresOf(own, pairing.better),
      comparable_items: editions
        ? comparison.between(editions[0], editions[1])
        : checklistVersions.length === 1
          ? checklistVersions[0]!.requirements.length
          : null,
      items_fixed: sum('itemsFixed'),
      items_persisting: sum('itemsPersisting'),
      items_new: sum('itemsNew'),
      ...(comparableOnly
        ? {
            all_items: figuresOf(
              own.map((p) => ({
                siteId: p.siteId,
                baseline: p.baselineAllItems!,
                followUp: p.followUpAllItems!,
                change: p.followUpAllItems! - p.baselineAllItems!,
              })),
              pairing.better,
            ),
          }
        : {}),
      ...(source.results ? { transitions } : {}),
    };
  }
  return { pairs, pairings };
}

/** The usable inspections of each site, in order. */
function visitsBySite(
  { records, count, ids, siteIds, types }: Source,
  edition: Int32Array,
  usable: Uint8Array,
  order: VisitOrder,
): Map<string, Visit[]> {
  const { inspectionDay } = records;
  const bySite = new Map<string, Visit[]>();
  for (let row = 0; row < count; row++) {
    if (!usable[row]) continue;
    const visit: Visit = {
      row,
      id: ids[row]!,
      day: inspectionDay[row]!,
      type: types?.[row] ?? '',
      edition: edition[row]!,
    };
    const site = bySite.get(siteIds[row]!);
    if (site) site.push(visit);
    else bySite.set(siteIds[row]!, [visit]);
  }
  for (const visits of bySite.values()) {
    for (let i = 1; i < visits.length; i++) {
      if (order(visits[i - 1]!, visits[i]!) > 0) {
        visits.sort(order);
        break;
      }
    }
  }
  return bySite;
}

/** What a pairing compares, of an inspection; null where there is none. */
function measureOf(
  pairing: PairingMapping,
  { official, computed, cited }: Judgements,
): (visit: Visit) => number | null {
  if (pairing.measure === 'items-cited') return ({ row }) => cited.start[row + 1]! - cited.start[row]!;
  const points = pairing.measure === 'official' ? official : computed;
  return ({ row }) => (Number.isNaN(points[row]!) ? null : points[row]!);
}

interface PairingRule {
  readonly pairing: PairingMapping;
  readonly measure: (visit: Visit) => number | null;
  readonly editions: readonly [number, number] | null;
  readonly order: VisitOrder;
  /** Whether only comparable items count. */
  readonly comparableOnly: boolean;
}

/** The pairs of one pairing, and how often which result was followed by which. */
function pairUp(
  { dates, results }: Source,
  { pairing, measure, editions, order, comparableOnly }: PairingRule,
  comparison: Comparison,
  complete: Uint8Array,
  bySite: ReadonlyMap<string, readonly Visit[]>,
): { readonly own: ImportedPair[]; readonly transitions: Record<string, number> } {
  const own: ImportedPair[] = [];
  const transitions: Record<string, number> = {};
  for (const [siteId, visits] of bySite) {
    if (visits.length < 2) continue;
    for (const [before, after] of pairsOfSite(pairing, visits, measure, order, editions)) {
      const all = [measure(before)!, measure(after)!] as const;
      const [baseline, followUp] = comparableOnly
        ? [comparison.comparable(before), comparison.comparable(after)]
        : all;
      const readable = complete[before.row] === 1 && complete[after.row] === 1;
      const moved = readable ? comparison.movement(before, after) : null;
      own.push({
        pairing: pairing.name,
        siteId,
        baselineId: before.id,
        followUpId: after.id,
        baselineDate: dates[before.row]!,
        followUpDate: dates[after.row]!,
        days: after.day - before.day,
        baseline,
        followUp,
        change: round6(followUp - baseline),
        ...(pairing.measure === 'items-cited' ? { baselineAllItems: all[0], followUpAllItems: all[1] } : {}),
        itemsFixed: moved && moved.fixed,
        itemsPersisting: moved && moved.persisting,
        itemsNew: moved && moved.added,
        pinned: before.edition >= 0 && after.edition >= 0,
      });
      if (results) {
        const step = `${results[before.row] || '(none)'} -> ${results[after.row] || '(none)'}`;
        transitions[step] = (transitions[step] ?? 0) + 1;
      }
    }
  }
  return { own, transitions };
}

function sitesOf(records: InspectionRecords, except: ExceptionSink): ImportedSite[] {
  const { sites } = records;
  const { id, name, city, lat, lon } = sites.columns;
  const out: ImportedSite[] = new Array<ImportedSite>(sites.rows);
  for (let row = 0; row < sites.rows; row++) {
    const y = lat?.[row] ?? '',
      x = lon?.[row] ?? '';
    let location: ImportedSite['location'] = null;
    if (y !== '' || x !== '') {
      const at = { lat: Number(y), lon: Number(x) };
      if (y !== '' && x !== '' && Math.abs(at.lat) <= 90 && Math.abs(at.lon) <= 180) location = at;
      else
        except({
          table: sites,
          row,
          column: 'lat',
          inspectionId: null,
          code: 'bad-location',
          reason: `site ${id![row]!} lies at "${y}", "${x}", which is no place; it is kept without one`,
        });
    }
    if (name![row]!.trim() === '')
      except({
        table: sites,
        row,
        column: 'name',
        inspectionId: null,
        code: 'site-without-name',
        reason: `site ${id![row]!} has no name; its id stands for it`,
      });
    out[row] = {
      externalId: id![row]!,
      name: name![row]!.trim() || id![row]!,
      city: city?.[row]?.trim() || null,
      location,
    };
  }
  return out;
}

interface Comparison {
  /** Cited items that stand in a comparable edge of the crosswalk. */
  comparable(visit: Visit): number;
  /** Null when the items cannot be compared. */
  movement(
    before: Visit,
    after: Visit,
  ): { readonly fixed: number; readonly persisting: number; readonly added: number } | null;
  /** Items, or comparable edges, two editions have in common. */
  between(from: number, to: number): number | null;
}

/** How the items of two inspections compare: within an edition as they are, across editions by comparable edges. */
function comparisonOf(
  crosswalk: Crosswalk | undefined,
  list: ItemList,
  versions: readonly ChecklistVersion[],
  { start, items }: CitedItems,
): Comparison {
  const edgeOf = new Int32Array(list.items.length).fill(-1);
  let edges = 0;
  const sides = crosswalk
    ? [crosswalk.from.version, crosswalk.to.version].map((v) => versions.findIndex((c) => c.version === v))
    : [];
  for (const edge of crosswalk?.edges ?? []) {
    if (!edge.comparable) continue;
    for (const [codes, edition] of [
      [edge.from, sides[0]!],
      [edge.to, sides[1]!],
    ] as const) {
      for (const code of codes) edgeOf[list.find(code, edition)] = edges;
    }
    edges++;
  }
  // Marks of the items (or edges) of the inspection before: a set for each of the pairs would cost more than all else.
  const mark = new Int32Array(Math.max(list.items.length, edges));
  let marks = 0;
  const joined = (from: number, to: number): boolean => sides.includes(from) && sides.includes(to);
  return {
    comparable({ row, edition }) {
      let comparable = 0;
      for (let k = start[row]!; k < start[row + 1]!; k++)
        if (edgeOf[items[k]!]! >= 0 && list.items[items[k]!]!.edition === edition) comparable++;
      return comparable;
    },
    movement(before, after) {
      const [from, to] = [before.edition, after.edition];
      if (from < 0 || to < 0 || (from !== to && !joined(from, to))) return null;
      const across = from !== to;
      const [met, both] = [(marks += 2) - 1, marks];
      let fixed = 0,
        persisting = 0,
        added = 0;
      for (let k = start[before.row]!; k < start[before.row + 1]!; k++) {
        const key = across ? edgeOf[items[k]!]! : items[k]!;
        if (key < 0 || mark[key] === met) continue;
        mark[key] = met;
        fixed++;
      }
      for (let k = start[after.row]!; k < start[after.row + 1]!; k++) {
        const key = across ? edgeOf[items[k]!]! : items[k]!;
        if (key < 0 || mark[key] === both) continue;
        if (mark[key] === met) persisting++;
        else added++;
        mark[key] = both;
      }
      return { fixed: fixed - persisting, persisting, added };
    },
    between: (from, to) =>
      from === to ? versions[from]!.requirements.length : joined(from, to) ? edges : null,
  };
}

function editionFigures(
  { mapping, types, siteIds }: Source,
  versions: readonly ChecklistVersion[],
  usable: Uint8Array,
  edition: Int32Array,
  cited: CitedItems,
): ImportSummary['editions'] {
  return Object.fromEntries(
    versions.map((version, e) => {
      const sites = new Set<string>();
      let regular = 0,
        items = 0;
      for (let row = 0; row < usable.length; row++) {
        if (
          !usable[row] ||
          edition[row] !== e ||
          (mapping.types[types?.[row] ?? ''] ?? mapping.types['*'])!.role !== 'regular'
        )
          continue;
        regular++;
        items += cited.start[row + 1]! - cited.start[row]!;
        sites.add(siteIds[row]!);
      }
      return [
        version.version,
        {
          items: version.requirements.length,
          regular,
          sites: sites.size,
          mean_items_cited: regular ? roundFigure(items / regular) : null,
        },
      ];
    }),
  );
}

function correctionFigures(records: InspectionRecords, rowOfFinding: Int32Array): CorrectionFigures {
  const days: number[] = [];
  let dated = 0,
    before = 0,
    sameDay = 0,
    within30 = 0;
  for (let f = 0; f < rowOfFinding.length; f++) {
    if (records.closedDay[f] === NO_DAY) continue;
    dated++;
    const row = rowOfFinding[f]!;
    if (row < 0 || records.inspectionDay[row] === NO_DAY) continue;
    const took = records.closedDay[f]! - records.inspectionDay[row]!;
    if (took < 0) {
      before++;
      continue;
    }
    if (took === 0) sameDay++;
    if (took <= 30) within30++;
    days.push(took);
  }
  const middle = median(days);
  return {
    dated,
    open: rowOfFinding.length - dated,
    before_inspection: before,
    same_day: sameDay,
    within_30_days: within30,
    median_days: middle,
    mean_days: days.length ? roundFigure(days.reduce((a, b) => a + b, 0) / days.length) : null,
  };
}

function compareIds(order: 'text' | 'number'): (a: string, b: string) => number {
  const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (order === 'text') return text;
  return (a, b) => {
    const x = Number(a),
      y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? text(a, b) : x - y || text(a, b);
  };
}

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
