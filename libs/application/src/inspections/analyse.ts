import type { AssessmentKind, ChecklistVersion, Crosswalk, Response, ScoringProfile } from '#domain';
import { crosswalkFrom, ItemList } from './checklist-from-items.js';
import { citedScoring } from './cited-scoring.js';
import type { ExceptionSink, ImportException } from './exceptions.js';
import type { LoadedMapping, PairingMapping } from './mapping.js';
import {
  figuresOf,
  median,
  pairsOfSite,
  round6,
  roundFigure,
  type ChangeFigures,
  type Visit,
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

const KIND = { regular: 'baseline', 'follow-up': 'follow-up', other: 'verification' } as const;
const NO_VERSION = -1;
/** No finding of the item was met yet; no day of a finding (the first year is 1583) comes near it. */
const UNSEEN = 2147483647;

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
  const { inspections, findings, inspectionDay, officialScore, inspectionRow } = records;
  const ids = inspections.columns['id']!,
    siteIds = inspections.columns['site']!,
    dates = inspections.columns['date']!;
  const types = inspections.columns['type'],
    results = inspections.columns['result'],
    editionWords = inspections.columns['edition'];
  const count = inspections.rows;

  const problemOf = (row: number, column: string, code: string, reason: string): void =>
    except({ table: inspections, row, column, inspectionId: ids[row]!, code, reason });

  const list = new ItemList(mapping, records, except);
  const listed = list.items.length;
  const sites = sitesOf(records, except);

  // 1. Which inspections are assessments, of what kind and edition.
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

  // 2. Findings by inspection (as a list of rows per inspection, in file order).
  const findingInspection = findings.columns['inspection']!,
    findingItem = findings.columns['item']!;
  const rowOfFinding = new Int32Array(findings.rows);
  const startOf = new Int32Array(count + 1);
  let lastId = '',
    lastRow = -1;
  for (let f = 0; f < findings.rows; f++) {
    const id = findingInspection[f]!;
    if (id !== lastId) {
      lastId = id;
      lastRow = inspectionRow.get(id) ?? -1;
    }
    rowOfFinding[f] = lastRow;
    if (lastRow >= 0) startOf[lastRow + 1]!++;
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
  for (let row = 0; row < count; row++) startOf[row + 1]! += startOf[row]!;
  const findingsOf = new Int32Array(startOf[count]!);
  const fill = startOf.slice();
  for (let f = 0; f < findings.rows; f++)
    if (rowOfFinding[f]! >= 0) findingsOf[fill[rowOfFinding[f]!]!++] = f;

  // 3. Findings to items; a code off the list is added (when the mapping says so) or kept as an item of no version.
  const itemOfFinding = new Int32Array(findings.rows).fill(-1);
  const weights = findings.columns['weight'],
    classes = findings.columns['class'];
  const add = mapping.items?.unlisted === 'add';
  const memo = mapping.checklist.editions.map(() => new Map<string, number>());
  for (let row = 0; row < count; row++) {
    const e = edition[row]!;
    for (let k = startOf[row]!; k < startOf[row + 1]!; k++) {
      const f = findingsOf[k]!,
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
      itemOfFinding[f] = at;
    }
  }
  if (add) list.addFromCrosswalk();
  const checklistVersions = list.versions();
  const crosswalk = crosswalkFrom(mapping, records, checklistVersions, except);
  const positions = new Int32Array(list.items.length).fill(-1);
  {
    const next = mapping.checklist.editions.map(() => 0);
    list.items.forEach((item, i) => {
      if (item.requirement) positions[i] = next[item.edition]!++;
    });
  }
  const level = mapping.checklist.level.code;
  const scorings = checklistVersions.map((v) => citedScoring(v, level, mapping.profile, mapping.answers));

  // 4. Each inspection: what is cited, when it was closed, what it scores, whether the source agrees.
  const seen = new Int32Array(list.items.length).fill(-1);
  const citedItems: number[][] = new Array<number[]>(count);
  const computed = new Float64Array(count).fill(NaN);
  const value = { official: new Float64Array(count).fill(NaN) };
  const complete = new Uint8Array(count).fill(1);
  const assessments: ImportedAssessment[] = [];
  const closes = findings.columns['closedOn'];
  const lastClosed = new Int32Array(list.items.length);
  const dateOf = datesOf();
  const { official } = mapping;
  const passes = official.compare === 'result' ? new Set(official.passed) : null;
  const fails = official.compare === 'result' ? new Set(official.notPassed) : null;
  let scored = 0,
    equal = 0;
  const differences = new Map<number, number>();
  for (let row = 0; row < count; row++) {
    const e = edition[row]!,
      day = inspectionDay[row]!;
    const items: number[] = [],
      at: number[] = [];
    let strangers = 0,
      repeats = 0,
      repeatCost = 0;
    for (let k = startOf[row]!; k < startOf[row + 1]!; k++) {
      const item = itemOfFinding[findingsOf[k]!]!;
      const fits = e >= 0 && list.items[item]!.edition === e && positions[item]! >= 0;
      if (seen[item] === row) {
        if (fits) {
          repeats++;
          repeatCost += scorings[e]!.cost[positions[item]!]!;
        }
        continue;
      }
      seen[item] = row;
      items.push(item);
      if (fits) at.push(positions[item]!);
      else strangers++;
    }
    citedItems[row] = items;
    const own = e >= 0 && strangers === 0 ? scorings[e]!.score(at) : null;
    if (own?.points != null) computed[row] = own.points;
    let agrees: boolean | null = null;

    // The official result
    const type = mapping.types[types?.[row] ?? ''] ?? mapping.types['*'];
    const wanted =
      type !== undefined && type.role !== 'ignore' && !type.exception && type.official !== 'optional';
    const score = officialScore.length ? officialScore[row]! : NaN;
    const result = results?.[row] ?? '';
    if (official.compare === 'result') {
      if (result === '') {
        if (wanted) problemOf(row, 'result', 'official-missing', 'the source states no result');
      } else if (!passes!.has(result) && !fails!.has(result))
        problemOf(row, 'result', 'unknown-result', `the mapping does not know the result "${result}"`);
      else {
        scored++;
        if (own?.passed == null)
          problemOf(
            row,
            'result',
            'not-computable',
            strangers
              ? `${strangers} cited ${strangers === 1 ? 'item is' : 'items are'} not on the list`
              : 'the profile gives no verdict',
          );
        else {
          agrees = own.passed === passes!.has(result);
          if (agrees) equal++;
          else if (!own.passed)
            problemOf(
              row,
              'result',
              'result-differs',
              `official "${result}" (a pass), but ${citedInGates(mapping, checklistVersions[e]!, at)}`,
            );
          else
            problemOf(
              row,
              'result',
              'result-differs',
              `official "${result}" (no pass), but no item is cited that would fail it`,
            );
        }
      }
    } else if (Number.isNaN(score)) {
      if (wanted && officialScore.length)
        problemOf(row, 'official', 'official-missing', 'the source states no official score');
    } else if (score < (official.min ?? 0) || score > (official.max ?? 100)) {
      problemOf(
        row,
        'official',
        'official-out-of-range',
        `official score ${score} is outside ${official.min ?? 0} to ${official.max ?? 100}`,
      );
    } else {
      scored++;
      value.official[row] = score;
      if (official.compare === 'points') {
        if (own?.points == null)
          problemOf(
            row,
            'official',
            'not-computable',
            strangers
              ? `official ${score}; ${strangers} cited ${strangers === 1 ? 'item is' : 'items are'} not on the list or have no price`
              : `official ${score}; the inspection has no edition`,
          );
        else {
          const each = mapping.findings?.repeats === 'points-each' && repeats > 0;
          const compared = each
            ? round6(Math.max(mapping.profile.clamp?.min ?? 0, own.points - repeatCost))
            : own.points;
          const difference = round6(score - compared);
          differences.set(difference, (differences.get(difference) ?? 0) + 1);
          agrees = difference === 0;
          if (each && repeatCost > 0)
            problemOf(
              row,
              'official',
              'repeated-item',
              `${repeats} ${repeats === 1 ? 'row repeats' : 'rows repeat'} an item already cited: the assessment counts it once (${own.points}), the comparison with the official score each time (${compared})`,
            );
          if (agrees) equal++;
          else if (items.length === 0 && score < (official.missingFindingsBelow ?? 100)) {
            complete[row] = 0;
            problemOf(
              row,
              'official',
              'findings-missing',
              `findings missing: official ${score} is below ${official.missingFindingsBelow ?? 100} with no finding recorded`,
            );
          } else
            problemOf(
              row,
              'official',
              'official-differs',
              `official ${score}, computed ${compared}: official differs by ${difference > 0 ? '+' : '−'}${Math.abs(difference)} with ${items.length} ${items.length === 1 ? 'item' : 'items'} cited`,
            );
        }
      }
    }
    if (strangers) complete[row] = 0;

    // Closing dates
    let closedOn: (string | null)[] | undefined;
    if (closes) {
      for (let k = 0; k < items.length; k++) lastClosed[items[k]!] = UNSEEN;
      for (let k = startOf[row]!; k < startOf[row + 1]!; k++) {
        const f = findingsOf[k]!,
          item = itemOfFinding[f]!;
        let closed = records.closedDay[f]!;
        if (closed !== NO_DAY && day !== NO_DAY && closed < day) {
          except({
            table: findings,
            row: f,
            column: 'closedOn',
            inspectionId: ids[row]!,
            code: 'closed-before-inspection',
            reason: `item ${findingItem[f]!} is closed on ${closes[f]!}, ${day - closed} days before the inspection; the date is not used`,
          });
          closed = NO_DAY;
        }
        const before = lastClosed[item]!;
        // A requirement is closed when its last finding is.
        lastClosed[item] =
          before === UNSEEN
            ? closed
            : before === NO_DAY || closed === NO_DAY
              ? NO_DAY
              : Math.max(before, closed);
      }
      closedOn = [];
      for (let k = 0; k < items.length; k++) {
        const item = items[k]!;
        if (positions[item]! < 0 || list.items[item]!.edition !== e) continue;
        const closed = lastClosed[item]!;
        closedOn.push(closed === NO_DAY ? null : dateOf(closed));
      }
    }

    if (!usable[row] || e < 0) continue;
    const requirements = checklistVersions[e]!.requirements;
    const cited = new Array<string>(at.length);
    for (let k = 0; k < at.length; k++) cited[k] = requirements[at[k]!]!.code;
    const assessment: ImportedAssessment = {
      externalId: ids[row]!,
      siteId: siteIds[row]!,
      date: dates[row]!,
      kind: KIND[type!.role as keyof typeof KIND],
      type: types?.[row] ?? '',
      version: checklistVersions[e]!.version,
      cited,
      officialPoints: Number.isNaN(value.official[row]!) ? null : value.official[row]!,
      officialResult: result === '' ? null : result,
      computedPoints: own?.points ?? null,
      computedPassed: own?.passed ?? null,
      agrees,
      complete: complete[row] === 1,
    };
    assessments.push(closedOn ? Object.assign(assessment, { closedOn }) : assessment);
  }

  // 5. Pairs
  const idOrder = compareIds(mapping.ids?.order ?? 'text');
  const order = (a: Visit, b: Visit): number => a.day - b.day || idOrder(a.id, b.id);
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
  const comparison = comparisonOf(mapping, crosswalk, list, checklistVersions);
  const pairs: ImportedPair[] = [];
  const pairings: Record<string, PairingSummary> = {};
  for (const pairing of mapping.pairings) {
    const editions = pairing.editions
      ? (([0, 1] as const).map((i) =>
          checklistVersions.findIndex((v) => v.version === pairing.editions![i]),
        ) as [number, number])
      : null;
    const comparableOnly = pairing.rule === 'last-vs-first' && pairing.comparableOnly !== false;
    const measure = (visit: Visit): number | null => {
      const x =
        pairing.measure === 'official'
          ? value.official[visit.row]!
          : pairing.measure === 'computed'
            ? computed[visit.row]!
            : citedItems[visit.row]!.length;
      return Number.isNaN(x) ? null : x;
    };
    const own: ImportedPair[] = [];
    const transitions: Record<string, number> = {};
    for (const [siteId, visits] of bySite) {
      if (visits.length < 2) continue;
      for (const [before, after] of pairsOfSite(pairing, visits, measure, order, editions)) {
        const all = [measure(before)!, measure(after)!] as const;
        const [baseline, followUp] = comparableOnly
          ? [
              comparison.comparable(citedItems[before.row]!, before.edition),
              comparison.comparable(citedItems[after.row]!, after.edition),
            ]
          : all;
        const readable = complete[before.row] === 1 && complete[after.row] === 1;
        const moved = readable
          ? comparison.movement(
              citedItems[before.row]!,
              before.edition,
              citedItems[after.row]!,
              after.edition,
            )
          : null;
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
          ...(pairing.measure === 'items-cited'
            ? { baselineAllItems: all[0], followUpAllItems: all[1] }
            : {}),
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
    pairs.push(...own);
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
      ...(results ? { transitions } : {}),
    };
  }

  // 6. Summary
  const primary = mapping.pairings.find((p) => p.primary)!;
  const head = pairings[primary.name]!;
  const byCode: Record<string, number> = {};
  for (const { code } of exceptions) byCode[code] = (byCode[code] ?? 0) + 1;
  const summary: ImportSummary = {
    dataset: mapping.dataset,
    inspections: count,
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
    editions: editionFigures(mapping, checklistVersions, usable, edition, types, siteIds, citedItems),
    ...(closes ? { corrections: correctionFigures(records, rowOfFinding) } : {}),
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
  comparable(cited: readonly number[], edition: number): number;
  /** Null when the items cannot be compared. */
  movement(
    before: readonly number[],
    from: number,
    after: readonly number[],
    to: number,
  ): { fixed: number; persisting: number; added: number } | null;
  /** Items, or comparable edges, two editions have in common. */
  between(from: number, to: number): number | null;
}

/** How the items of two inspections compare: within an edition as they are, across editions by comparable edges. */
function comparisonOf(
  mapping: LoadedMapping,
  crosswalk: Crosswalk | undefined,
  list: ItemList,
  versions: readonly ChecklistVersion[],
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
  const keys = (cited: readonly number[], across: boolean): Set<number> =>
    new Set(across ? cited.map((i) => edgeOf[i]!).filter((k) => k >= 0) : cited);
  const joined = (from: number, to: number): boolean => sides.includes(from) && sides.includes(to);
  return {
    comparable: (cited, edition) =>
      cited.reduce((n, i) => n + (edgeOf[i]! >= 0 && list.items[i]!.edition === edition ? 1 : 0), 0),
    movement(before, from, after, to) {
      if (from < 0 || to < 0 || (from !== to && !joined(from, to))) return null;
      const a = keys(before, from !== to),
        b = keys(after, from !== to);
      let persisting = 0;
      for (const k of a) if (b.has(k)) persisting++;
      return { fixed: a.size - persisting, persisting, added: b.size - persisting };
    },
    between: (from, to) =>
      from === to ? versions[from]!.requirements.length : joined(from, to) ? edges : null,
  };
}

function editionFigures(
  mapping: LoadedMapping,
  versions: readonly ChecklistVersion[],
  usable: Uint8Array,
  edition: Int32Array,
  types: readonly string[] | undefined,
  siteIds: readonly string[],
  cited: readonly (readonly number[])[],
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
        items += cited[row]!.length;
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
    before = 0;
  for (let f = 0; f < rowOfFinding.length; f++) {
    if (records.closedDay[f] === NO_DAY) continue;
    dated++;
    const row = rowOfFinding[f]!;
    if (row < 0 || records.inspectionDay[row] === NO_DAY) continue;
    const took = records.closedDay[f]! - records.inspectionDay[row]!;
    if (took < 0) before++;
    else days.push(took);
  }
  const middle = median(days);
  return {
    dated,
    open: rowOfFinding.length - dated,
    before_inspection: before,
    same_day: days.filter((d) => d === 0).length,
    within_30_days: days.filter((d) => d <= 30).length,
    median_days: middle,
    mean_days: days.length ? roundFigure(days.reduce((a, b) => a + b, 0) / days.length) : null,
  };
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
/** Days as `YYYY-MM-DD`; each is written once. */
function datesOf(): (day: number) => string {
  const known = new Map<number, string>();
  return (day) => {
    let text = known.get(day);
    if (text === undefined) known.set(day, (text = new Date(day * 86_400_000).toISOString().slice(0, 10)));
    return text;
  };
}
