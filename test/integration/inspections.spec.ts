import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  computeGain,
  type ChecklistVersion,
  type Gain,
} from '#domain';
import {
  analyse,
  loadMapping,
  readRecords,
  responsesOf,
  type InspectionImport,
} from '../../libs/application/src/inspections/index.js';

/**
 * The mappings against real public records and answers worked out apart from this project. The records are not in
 * the repository (three of the sources state no licence): set UPLIFT_SHARED to the folder that holds
 * data/inspections, or put it beside the repository as ../shared.
 */
const root = process.cwd();
const folder = join(resolve(root, process.env['UPLIFT_SHARED'] ?? '../shared'), 'data/inspections');
const present = existsSync(join(folder, 'expected.json'));
const withRecords = present ? describe : describe.skip;
const mappings = readdirSync(join(root, 'checklists/mappings'))
  .filter((f) => f.endsWith('.yaml'))
  .map((f) => f.replace('.yaml', ''));

test.each(mappings)('mapping %s is valid', (name) => {
  expect(loadMapping(join(root, 'checklists/mappings', `${name}.yaml`)).dataset).toBe(name);
});
if (!present)
  test.skip(`real records are not in ${folder}; set UPLIFT_SHARED to run these tests`, () => undefined);

/* eslint-disable @typescript-eslint/no-explicit-any -- expected.json has a shape of its own for each source */
const expected: Record<string, any> = present
  ? (JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<string, any>)
  : {};
const results = new Map<string, InspectionImport>();
const of = (name: string): InspectionImport => results.get(name)!;

/** Rows of an answer file; it holds no quotes. */
function answers(dataset: string, file: string): Record<string, string>[] {
  const [head, ...rows] = gunzipSync(readFileSync(join(folder, dataset, 'answers', `${file}.csv.gz`)))
    .toString()
    .trim()
    .split('\n')
    .map((l) => l.split(','));
  return rows.map((row) => Object.fromEntries(head!.map((h, i) => [h, row[i] ?? ''])));
}

/** Compares the pairs of a pairing with an answer file, row by row. */
function samePairs(
  dataset: string,
  pairing: string,
  file: string,
  columns: Record<string, (pair: any) => unknown>,
): void {
  const rows = answers(dataset, file);
  const pairs = of(dataset).pairs.filter((p) => p.pairing === pairing);
  const sorted = (list: string[]): string[] => list.sort();
  expect(
    sorted(
      pairs.map((p) =>
        Object.values(columns)
          .map((get) => String(get(p)))
          .join('|'),
      ),
    ),
  ).toEqual(
    sorted(
      rows.map((r) =>
        Object.keys(columns)
          .map((c) => (/^-?\d+\.0$/.test(r[c]!) ? r[c]!.slice(0, -2) : r[c]!))
          .join('|'),
      ),
    ),
  );
}

function sameChange(dataset: string, pairing: string, change: any, baseline: number, followUp: number): void {
  expect(of(dataset).summary.pairings[pairing]).toMatchObject({
    pairs: change.n,
    mean_baseline: baseline,
    mean_follow_up: followUp,
    mean_change: change.mean,
    sd_change: change.sd_sample,
    median: change.median,
    improved: change.improved,
    same: change.same,
    worse: change.worse,
  });
}

const FIRST_LAST = {
  site_id: (p: any) => p.siteId,
  first_date: (p: any) => p.baselineDate,
  first_inspection_id: (p: any) => p.baselineId,
  first_score: (p: any) => p.baseline,
  last_date: (p: any) => p.followUpDate,
  last_inspection_id: (p: any) => p.followUpId,
  last_score: (p: any) => p.followUp,
  change: (p: any) => p.change,
};

withRecords('real records', () => {
  beforeAll(() => {
    for (const name of mappings) {
      const mapping = loadMapping(join(root, 'checklists/mappings', `${name}.yaml`));
      results.set(name, analyse(readRecords(mapping, join(folder, name)), mapping));
    }
  });

  test.each(mappings)('%s: counts, and checklist versions that hold together', (name) => {
    const { summary, checklistVersions, crosswalk, profile } = of(name);
    const facts = expected[name];
    expect(summary).toMatchObject({
      dataset: name,
      inspections: facts.inspections,
      sites: facts.sites,
      findings: facts.findings,
    });
    expect(of(name).sites.filter((s) => s.location).length).toBe(facts.sites_with_latlon);
    expect(summary.exceptions).toBe(summary.exception_list.length);
    for (const version of checklistVersions) {
      expect(() => checkChecklist(version)).not.toThrow();
      expect(() => checkProfile(profile, version)).not.toThrow();
    }
    if (crosswalk)
      expect(() => checkCrosswalk(crosswalk, checklistVersions[0]!, checklistVersions[1]!)).not.toThrow();
  });

  test.each(['lexington_ky', 'sf_2016_2019', 'sf_2015_2017'])(
    '%s: official scores are reproduced as often as expected, and each other is an exception',
    (name) => {
      const { summary } = of(name);
      expect(summary.scored).toBe(expected[name].scored);
      expect(summary.official_equal).toBe(expected[name].official_equals_100_minus_points);
      expect(summary.official_minus_computed).toEqual(expected[name].official_minus_computed);
      const { 'official-differs': differs = 0, 'findings-missing': missing = 0 } = summary.exceptions_by_code;
      expect(differs + missing).toBe(summary.scored - summary.official_equal!);
    },
  );

  test('sf_2016_2019: the scores that differ are those of the answers, inspection by inspection', () => {
    const listed = of('sf_2016_2019').summary.exception_list.filter(
      (e) => e.code === 'official-differs' || e.code === 'findings-missing',
    );
    const byId = new Map(of('sf_2016_2019').assessments.map((a) => [a.externalId, a]));
    expect(
      listed
        .map((e) => {
          const a = byId.get(e.inspection_id!)!;
          return [a.externalId, a.officialPoints, a.computedPoints];
        })
        .sort(),
    ).toEqual(
      answers('sf_2016_2019', 'score_differs')
        .map((r) => [r['inspection_id'], Number(r['official_score']), Number(r['computed_100_minus_points'])])
        .sort(),
    );
    expect(listed.filter((e) => e.code === 'findings-missing').length).toBe(
      expected['sf_2016_2019'].scored_below_100_but_no_findings,
    );
  });

  test('lexington_ky: both pairings', () => {
    const { regular_first_vs_last: ends, regular_to_followup_90d: next } = expected['lexington_ky'];
    sameChange('lexington_ky', 'regular_first_vs_last', ends.change, ends.mean_first, ends.mean_last);
    sameChange('lexington_ky', 'regular_to_followup_90d', next.change, next.mean_regular, next.mean_followup);
    expect(of('lexington_ky').summary.pairings['regular_to_followup_90d']).toMatchObject({
      sites: next.sites,
      items_fixed: next.items_fixed,
      items_persisting: next.items_persisting,
      items_new: next.items_new,
    });
    samePairs('lexington_ky', 'regular_first_vs_last', 'first_last_regular', FIRST_LAST);
    samePairs('lexington_ky', 'regular_to_followup_90d', 'regular_followup_pairs', {
      site_id: (p) => p.siteId,
      regular_id: (p) => p.baselineId,
      regular_date: (p) => p.baselineDate,
      regular_score: (p) => p.baseline,
      followup_id: (p) => p.followUpId,
      followup_date: (p) => p.followUpDate,
      followup_score: (p) => p.followUp,
      change: (p) => p.change,
      items_fixed: (p) => p.itemsFixed,
      items_persisting: (p) => p.itemsPersisting,
      items_new: (p) => p.itemsNew,
    });
  });

  test('lexington_ky: the gain of the domain is the change of the pair, item by item', () => {
    const { assessments, checklistVersions, pairs, profile, level, answers: codes } = of('lexington_ky');
    const byId = new Map(assessments.map((a) => [a.externalId, a]));
    const checklist = checklistVersions[0]!;
    for (const pair of pairs.filter((p) => p.pairing === 'regular_to_followup_90d').slice(0, 100)) {
      const side = (id: string) => ({
        assessmentId: id,
        kind: byId.get(id)!.kind,
        checklist,
        level,
        profile,
        date: byId.get(id)!.date,
        responses: responsesOf(byId.get(id)!, checklist, codes),
      });
      const gain = computeGain(side(pair.baselineId), side(pair.followUpId)) as Gain;
      expect(gain.changePoints).toBe(pair.change);
      const count = (movement: string): number => gain.items.filter((i) => i.movement === movement).length;
      expect([count('fixed'), count('persisting'), count('new')]).toEqual([
        pair.itemsFixed,
        pair.itemsPersisting,
        pair.itemsNew,
      ]);
    }
  });

  test.each(['sf_2016_2019', 'sf_2015_2017'])('%s: first against last scored', (name) => {
    const ends = expected[name].scored_first_vs_last;
    sameChange(name, 'scored_first_vs_last', ends.change, ends.mean_first, ends.mean_last);
    samePairs(name, 'scored_first_vs_last', 'first_last_scored', FIRST_LAST);
  });

  test('sf_2015_2017: corrections, and findings of inspections the source does not list', () => {
    const facts = expected['sf_2015_2017'];
    expect(of('sf_2015_2017').summary.corrections).toEqual({
      dated: facts.findings_with_correction_date,
      open: facts.findings_open,
      before_inspection: facts.correction_before_inspection,
      same_day: facts.corrected_same_day,
      within_30_days: facts.corrected_within_30d_incl_same_day,
      median_days: facts.median_days_to_correction_nonneg,
      mean_days: facts.mean_days_to_correction_nonneg,
    });
    expect(of('sf_2015_2017').summary.exceptions_by_code).toMatchObject({
      'closed-before-inspection': facts.correction_before_inspection,
      'no-inspection-row': facts.inspections_without_inspection_row,
    });
  });

  test('wake_nc: both pairings of official scores, which are not recomputed', () => {
    const { routine_first_vs_last: ends, routine_to_followup_90d: next, scored } = expected['wake_nc'];
    expect(of('wake_nc').summary).toMatchObject({ scored, official_equal: null });
    sameChange('wake_nc', 'routine_first_vs_last', ends.change, ends.mean_first, ends.mean_last);
    sameChange('wake_nc', 'routine_to_followup_90d', next.change, next.mean_routine, next.mean_followup);
    samePairs('wake_nc', 'routine_first_vs_last', 'first_last_routine', FIRST_LAST);
    samePairs('wake_nc', 'routine_to_followup_90d', 'routine_followup_pairs', {
      site_id: (p) => p.siteId,
      routine_id: (p) => p.baselineId,
      routine_date: (p) => p.baselineDate,
      routine_score: (p) => p.baseline,
      followup_id: (p) => p.followUpId,
      followup_date: (p) => p.followUpDate,
      followup_score: (p) => p.followUp,
      change: (p) => p.change,
    });
  });

  test('chicago_canvass_2011_2014: the gate, and items cited', () => {
    const facts = expected['chicago_canvass_2011_2014'],
      ends = facts.first_vs_last_distinct_items_cited;
    const { summary, assessments } = of('chicago_canvass_2011_2014');
    expect(summary).toMatchObject({
      scored: facts.inspections,
      official_equal: facts.gate_rule_holds,
      exceptions: facts.inspections - facts.gate_rule_holds,
      pairs: ends.sites,
      mean_baseline: ends.mean_first,
      mean_follow_up: ends.mean_last,
      mean_change: ends.mean_change,
    });
    const passed = (result: string): number =>
      assessments.filter((a) => a.officialResult === result && a.computedPassed).length;
    const gate = facts.result_vs_gate;
    expect([passed('Pass'), passed('Fail'), passed('Pass w/ Conditions')]).toEqual(
      ['Pass', 'Fail', 'Pass w/ Conditions'].map((r) => gate[`${r}|no_critical|no_serious`]),
    );
    samePairs(
      'chicago_canvass_2011_2014',
      'first_vs_last_distinct_items_cited',
      'first_last_distinct_items_cited',
      {
        site_id: (p) => p.siteId,
        first_date: (p) => p.baselineDate,
        first_inspection_id: (p) => p.baselineId,
        first_items_cited: (p) => p.baseline,
        last_date: (p) => p.followUpDate,
        last_inspection_id: (p) => p.followUpId,
        last_items_cited: (p) => p.followUp,
        change: (p) => p.change,
      },
    );
  });

  test('san_mateo: across the editions, and routine to follow-up', () => {
    const facts = expected['san_mateo'],
      change = facts.last_A_vs_first_B_routine,
      next = facts.routine_followup_60d;
    const { summary, checklistVersions } = of('san_mateo');
    expect(summary).toMatchObject({
      pairs: change.sites,
      mean_baseline: change.mean_A_comparable,
      mean_follow_up: change.mean_B_comparable,
      comparable_items: 56,
    });
    expect(summary.pairings['last_A_vs_first_B_routine']!.all_items).toMatchObject({
      mean_baseline: change.mean_A_items,
      mean_follow_up: change.mean_B_items,
    });
    expect(summary.pairings['routine_followup_60d']).toMatchObject({
      pairs: next.pairs,
      mean_baseline: next.mean_items_routine,
      mean_follow_up: next.mean_items_followup,
      transitions: next.result_transitions,
    });
    for (const { version } of checklistVersions as ChecklistVersion[]) {
      const own = facts.routine_by_edition[version];
      expect(summary.editions[version]).toMatchObject({
        regular: own.routine_inspections,
        sites: own.sites,
        mean_items_cited: own.mean_distinct_items_cited,
      });
    }
    samePairs('san_mateo', 'last_A_vs_first_B_routine', 'last_A_vs_first_B_routine', {
      site_id: (p) => p.siteId,
      A_inspection_id: (p) => p.baselineId,
      A_date: (p) => p.baselineDate,
      A_items_cited: (p) => p.baselineAllItems,
      A_comparable_items_cited: (p) => p.baseline,
      B_inspection_id: (p) => p.followUpId,
      B_date: (p) => p.followUpDate,
      B_items_cited: (p) => p.followUpAllItems,
      B_comparable_items_cited: (p) => p.followUp,
    });
    samePairs('san_mateo', 'routine_followup_60d', 'routine_followup_60d', {
      site_id: (p) => p.siteId,
      routine_id: (p) => p.baselineId,
      routine_date: (p) => p.baselineDate,
      routine_items: (p) => p.baseline,
      followup_id: (p) => p.followUpId,
      followup_date: (p) => p.followUpDate,
      followup_items: (p) => p.followUp,
    });
  });
});
