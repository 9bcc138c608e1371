import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { compileScoring, computeGain, findingsOf, toMicroPoints, visibleScore, type Score } from '#domain';
import { importInspections } from '../../apps/cli/src/commands/import-inspections.js';
import type { CommandIo } from '../../apps/cli/src/json-io.js';
import { explainedScore, loadAssessment, lockHash } from '../../libs/application/src/assessments.service.js';
import {
  analyse,
  loadMapping,
  readRecords,
  responsesOf,
  storeImport,
  type InspectionImport,
} from '../../libs/application/src/inspections/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

const root = process.cwd();
const cases = join(root, 'test/cases/inspections');
const folder = join(resolve(root, process.env['UPLIFT_SHARED'] ?? '../shared'), 'data/inspections');
const present = existsSync(join(folder, 'expected.json'));

let database: TestDatabase;
let pool: pg.Pool;
const temporary: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase('inspections store test');
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
  temporary.forEach((dir) => rmSync(dir, { recursive: true }));
});

const TABLES = [
  'organisation',
  'site',
  'checklist_version',
  'scoring_profile',
  'crosswalk',
  'assessment',
  'response',
  'assessment_record',
  'assessment_score',
  'assessment_explanation',
  'finding',
  'gain',
];
/** The number of rows of each table. */
async function counts(): Promise<Record<string, number>> {
  const { rows } = await pool.query(
    `SELECT ${TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`).join(', ')}`,
  );
  return rows[0] as Record<string, number>;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- rows have a shape of their own for each query
const rows = async <T = any>(sql: string, values: unknown[] = []): Promise<T[]> =>
  (await pool.query(sql, values)).rows as T[];
/** What loadAssessment wants of a connection: rows instead of a result. */
const db = { query: (sql: string, values?: unknown[]) => rows(sql, values) } as never;
const idOf = async (externalId: string): Promise<string> =>
  (await rows(`SELECT id FROM assessment WHERE external_id = $1`, [externalId]))[0].id;

function imported(mappingFile: string, dir: string) {
  const mapping = loadMapping(mappingFile);
  return { mapping, result: analyse(readRecords(mapping, dir), mapping) };
}
const ofCase = (name: string, dir = join(cases, name)) => imported(join(cases, name, 'mapping.yaml'), dir);
/** A copy of a case that may be changed. */
function copyOf(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'inspections-store-'));
  temporary.push(dir);
  cpSync(join(cases, name), dir, { recursive: true });
  return dir;
}

/** Everything stored of an assessment is what the domain makes of what loadAssessment returns. */
async function agreesWithDomain(result: InspectionImport, sample: (i: number) => boolean): Promise<void> {
  for (const record of result.assessments.filter((_, i) => sample(i))) {
    const loaded = await loadAssessment(db, await idOf(`${result.dataset}:${record.externalId}`));
    expect(loaded).toMatchObject({
      state: 'closed',
      kind: record.kind,
      assessedOn: record.date,
      lockHash: lockHash(loaded),
    });
    const [stored] = await rows(`SELECT * FROM assessment_score_explained WHERE assessment_id = $1`, [
      loaded.id,
    ]);
    const findings = await rows(
      `SELECT requirement, grade, closed_on::text AS closed FROM finding WHERE assessment_id = $1 ORDER BY requirement`,
      [loaded.id],
    );
    if (!record.complete) {
      expect([loaded.responses, stored, findings]).toEqual([[], undefined, []]);
      continue;
    }
    const { checklistBody: checklist, profileBody: profile, level, responses } = loaded;
    const scoring = compileScoring(checklist, level, profile);
    const asFound = scoring.score(responses);
    expect(asFound.points).toBe(record.computedPoints);
    const afterClosure = scoring.score(responses, 'after-closure');
    // Whoever doesn't read the record has what is stored: the same, without items.
    const withoutItems = (score: Score) => visibleScore(score, ['score', 'section-scores']);
    expect(stored).toMatchObject({
      micro_points: toMicroPoints(asFound.points!),
      passed: record.computedPassed,
      as_found: JSON.parse(JSON.stringify(withoutItems(asFound))),
      after_closure: JSON.parse(JSON.stringify(withoutItems(afterClosure))),
    });
    expect(Object.keys(stored.as_found).sort()).toEqual(Object.keys(withoutItems(asFound)!).sort());
    expect(await explainedScore(db, loaded.id)).toEqual({ asFound, afterClosure });
    const codes = { responses: responsesOf(record, checklist, result.answers) };
    expect(new Map(responses.map((r) => [r.requirement, r]))).toEqual(
      new Map(codes.responses.map((r) => [r.requirement, r])),
    );
    const expected = findingsOf(checklist, asFound, profile, record.date, responses);
    expect(findings).toEqual(
      expected
        .map((f) => ({ requirement: f.requirement, grade: f.grade, closed: f.closedOn }))
        .sort((a, b) => (a.requirement < b.requirement ? -1 : 1)),
    );
  }
}

describe('invented records', () => {
  test('everything is stored once; the same folder again changes nothing', async () => {
    const { mapping, result } = ofCase('points');
    const before = await counts();
    const first = await storeImport(database.url, result, mapping);
    const after = await counts();
    const complete = result.assessments.filter((a) => a.complete);
    expect(first).toMatchObject({
      sites: { added: result.sites.length, unchanged: 0 },
      assessments: { added: result.assessments.length, unchanged: 0, incomplete: 1, different: 0 },
      scores: complete.length,
      gains: { added: 2, unchanged: 0, refused: 1, leftOut: 0 },
    });
    expect(TABLES.reduce((sum, table) => sum + after[table]! - before[table]!, 0)).toBe(first.rows);
    await agreesWithDomain(result, () => true);

    const again = await storeImport(pool, result, mapping);
    expect(again).toMatchObject({
      rows: 0,
      sites: { added: 0, unchanged: result.sites.length },
      assessments: { added: 0, unchanged: result.assessments.length, different: 0 },
      gains: { added: 0, unchanged: 2 },
      organisationId: first.organisationId,
    });
    expect(await counts()).toEqual(after);
  });

  test('a gain is the one the domain computes; one with an incomplete side is refused', async () => {
    const [a1, a4] = [await idOf('invented_points:a1'), await idOf('invented_points:a4')];
    const [gain] = await rows(
      `SELECT g.*, e.body FROM gain g JOIN gain_explained e USING (follow_up_id) WHERE follow_up_id = $1`,
      [a4],
    );
    const side = async (id: string) => {
      const {
        id: assessmentId,
        kind,
        assessedOn: date,
        checklistBody: checklist,
        level,
        profileBody: profile,
        responses,
      } = await loadAssessment(db, id);
      return { assessmentId, kind, date, checklist, level, profile, responses };
    };
    expect(gain.body).toEqual(JSON.parse(JSON.stringify(computeGain(await side(a1), await side(a4)))));
    expect(gain).toMatchObject({
      baseline_id: a1,
      comparable: true,
      baseline_micro: 95e6,
      follow_up_micro: 93e6,
    });
    expect((await loadAssessment(db, a4)).baselineId).toBe(a1);
    const [refused] = await rows(
      `SELECT g.*, e.body FROM gain g JOIN gain_explained e USING (follow_up_id) WHERE follow_up_id = $1`,
      [await idOf('invented_points:d4')],
    );
    expect(refused).toMatchObject({
      comparable: false,
      body: { reason: 'not-scorable-baseline' },
      contribution: null,
    });
  });

  test('a later import with a further item publishes a new version and joins it to the old one', async () => {
    const dir = copyOf('points');
    appendFileSync(join(dir, 'items.csv'), `${furtherItem(dir)}\n`);
    appendFileSync(join(dir, 'visits.csv'), 'z9,s1,2021-06-01,regular,98\n');
    appendFileSync(join(dir, 'findings.csv'), 'z9,77,2,\n');
    const { mapping, result } = ofCase('points', dir);
    const stored = await storeImport(pool, result, mapping);
    const [version] = stored.checklistVersions;
    expect(version).toMatchObject({ published: true, version: expect.stringMatching(/^1-[0-9a-f]{8}$/) });
    expect(stored.assessments).toMatchObject({
      added: 1,
      different: 0,
      unchanged: result.assessments.length - 1,
    });
    expect(
      await rows(`SELECT version FROM checklist_version WHERE checklist = 'invented-points' ORDER BY 1`),
    ).toEqual([{ version: '1' }, { version: version!.version }]);
    expect((await loadAssessment(db, await idOf('invented_points:a1'))).version).toBe('1');
    const [gain] = await rows(
      `SELECT g.*, e.body FROM gain g JOIN gain_explained e USING (follow_up_id) WHERE follow_up_id = $1`,
      [await idOf('invented_points:z9')],
    );
    expect(gain).toMatchObject({
      comparable: true,
      body: { crosswalk: 'proposed', baselineItems: result.checklistVersions[0]!.requirements.length - 1 },
    });
    expect((await storeImport(pool, result, mapping)).rows).toBe(0);
  });

  test('a record that changed since is told, and what is stored stays', async () => {
    const { mapping, result } = ofCase('points');
    const changed = {
      ...result,
      assessments: result.assessments.map((a) => (a.externalId === 'a1' ? { ...a, date: '2020-01-03' } : a)),
    };
    const before = await counts();
    const stored = await storeImport(pool, changed, mapping);
    expect(stored).toMatchObject({
      rows: 0,
      assessments: { different: 1, differentIds: ['a1'] },
      gains: { leftOut: 1 },
    });
    expect(await counts()).toEqual(before);
  });

  test('two editions: crosswalk, gains across it, only between assessments', async () => {
    const { mapping, result } = ofCase('editions');
    const stored = await storeImport(pool, result, mapping);
    expect(stored.checklistVersions.map((v) => v.published)).toEqual([true, true]);
    expect(stored.gains).toMatchObject({ added: 1 });
    const [gain] = await rows(
      `SELECT g.* FROM gain g JOIN assessment a ON a.id = g.follow_up_id WHERE a.external_id = $1`,
      [`${result.dataset}:13`],
    );
    expect(gain.body).toMatchObject({ crosswalk: result.crosswalk!.status });
    await agreesWithDomain(result, () => true);
    expect((await storeImport(pool, result, mapping)).rows).toBe(0);
  });

  test('all or nothing: a failure late in the import leaves no row', async () => {
    const { mapping, result } = ofCase('points');
    const before = await counts();
    const other = {
      ...result,
      dataset: 'broken',
      assessments: [
        ...result.assessments,
        { ...result.assessments[0]!, externalId: 'bad', date: '2020-13-45' },
      ],
    };
    await expect(storeImport(pool, other, { ...mapping, dataset: 'broken' })).rejects.toThrow(/date/);
    expect(await counts()).toEqual(before);
  });
});

/** A row for the item list in the order of its columns. */
function furtherItem(dir: string): string {
  const head = readFileSync(join(dir, 'items.csv'), 'utf8').split('\n')[0]!.split(',');
  const values: Record<string, string> = { item: '77', text: 'A further item', points: '2', critical: 'N' };
  return head.map((name) => values[name] ?? '').join(',');
}

describe('the command', () => {
  function io(): CommandIo & { stdout: string; stderr: string; code: number | undefined } {
    const self = {
      stdout: '',
      stderr: '',
      code: undefined as number | undefined,
      readStdin: async () => '',
      out: (text: string) => void (self.stdout += text),
      err: (text: string) => void (self.stderr += text),
      exit: (code: number) => void (self.code = code),
      cwd: () => root,
    };
    return self;
  }
  const mapping = join(cases, 'points/mapping.yaml');
  const nowhere = { UPLIFT_DATA_DIR: join(tmpdir(), 'uplift-no-such-folder') };

  test('without a database it analyses; --json prints the summary and nothing else', async () => {
    const here = io();
    await importInspections({ mapping, data: join(cases, 'points'), json: true }, here, nowhere);
    expect([here.code, here.stderr]).toEqual([0, '']);
    expect(JSON.parse(here.stdout)).toEqual(JSON.parse(JSON.stringify(ofCase('points').result.summary)));
    expect(existsSync(nowhere.UPLIFT_DATA_DIR)).toBe(false);
  });

  test('people get a table and the exceptions by code', async () => {
    const here = io();
    await importInspections({ mapping, data: join(cases, 'points'), dryRun: true }, here, {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    });
    expect(here.code).toBe(0);
    expect(here.stdout).toMatch(/mean change +2 \(sd 5.656854\)/);
    expect(here.stdout).toMatch(/1 {2}unknown-site\n +visits.csv, line 15: /);
    expect(here.stdout).toContain('Nothing was stored: --dry-run.');
  });

  test('with a database it stores, and a country when told', async () => {
    const here = io();
    const dir = copyOf('points');
    await importInspections({ mapping, data: dir, json: true, country: 'us' }, here, {
      DATABASE_URL: database.url,
    });
    expect(here.code).toBe(0);
    expect(Object.keys(JSON.parse(here.stdout))).toContain('comparable_items');
    expect(here.stderr).toContain('0 assessments (0 incomplete)');
  });

  test('bad records: exit code 2, every fault with its place, nothing stored', async () => {
    const here = io();
    const dir = copyOf('points');
    writeFileSync(
      join(dir, 'visits.csv'),
      'visit,site,day,kind,score\nv1,s1,2020-02-30,regular,100\nv2,s1,2020-02-01,regular,many\n',
    );
    const before = await counts();
    await importInspections({ mapping, data: dir, json: true }, here, { DATABASE_URL: database.url });
    expect([here.code, here.stdout]).toEqual([2, '']);
    const problem = JSON.parse(here.stderr);
    expect(problem.code).toBe('malformed-records');
    expect(
      problem.errors.map((e: Record<string, unknown>) => [e['file'], e['line'], e['column'], e['code']]),
    ).toEqual([
      ['visits.csv', 2, 'day', 'impossible-date'],
      ['visits.csv', 3, 'score', 'not-a-number'],
    ]);
    expect(await counts()).toEqual(before);
  });

  test('a mapping that cannot be read: exit code 2', async () => {
    const here = io();
    await importInspections({ mapping: 'no-such.yaml', data: cases, json: true }, here, nowhere);
    expect([here.code, JSON.parse(here.stderr).code]).toEqual([2, 'mapping-not-readable']);
  });
});

if (!present)
  test.skip(`real records are not in ${folder}; set UPLIFT_SHARED to run these tests`, () => undefined);
(present ? describe : describe.skip)('real records', () => {
  test.each(['sf_2016_2019', 'lexington_ky', 'san_mateo'])('%s is stored whole, and once', async (name) => {
    const { mapping, result } = imported(join(root, `checklists/mappings/${name}.yaml`), join(folder, name));
    const stored = await storeImport(pool, result, mapping);
    expect(stored.assessments).toMatchObject({ added: result.assessments.length, different: 0 });
    const pinned = result.pairs.filter(
      (p) => p.pairing === result.summary.primary_pairing && p.pinned,
    ).length;
    expect(stored.gains).toMatchObject({ added: pinned, leftOut: result.summary.pairs - pinned });
    await agreesWithDomain(result, (i) => i % 97 === 0);
    const [points] = await rows(
      `SELECT count(*)::int AS n FROM assessment_score s JOIN assessment a ON a.id = s.assessment_id
         JOIN unnest($1::text[], $2::int[]) AS want(external_id, micro) USING (external_id) WHERE s.micro_points IS DISTINCT FROM want.micro`,
      [
        result.assessments.map((a) => `${name}:${a.externalId}`),
        result.assessments.map((a) => (a.computedPoints === null ? null : toMicroPoints(a.computedPoints))),
      ],
    );
    expect(points.n).toBe(0);
    expect((await storeImport(pool, result, mapping)).rows).toBe(0);
  });
});
