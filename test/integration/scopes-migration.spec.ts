import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { explainedScore } from '../../libs/application/src/assessments.service.js';
import { scoreRecords } from '../../libs/application/src/inspections/index.js';
import { Database, dataSourceOptions } from '../../libs/persistence/src/index.js';
import { visibleScore, type Score } from '#domain';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { testServerUrl } from '../support/database.js';

/* A database from before scopes reached into results: what it holds is cut into layers, and nothing of it is lost. */

let server: pg.Client;
const names: string[] = [];

beforeAll(async () => {
  server = new pg.Client({ connectionString: await testServerUrl() });
  await server.connect();
});
afterAll(async () => {
  for (const name of names) await server?.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await server?.end();
});

/** A database as it was before a migration, and what brings it to the newest schema. */
async function databaseBefore(migration: number): Promise<{ before: DataSource; after: DataSource }> {
  const name = `uplift_test_scopes_${process.pid}_${randomBytes(3).toString('hex')}`;
  names.push(name);
  await server.query(`CREATE DATABASE ${name}`);
  const address = new URL(await testServerUrl());
  address.pathname = `/${name}`;
  const options = dataSourceOptions(address.href, { poolSize: 1 });
  const all = options.migrations as (new () => { name: string })[];
  const before = new DataSource({
    ...options,
    migrations: all.filter((each) => Number(/\d{13}$/.exec(each.name)![0]) < migration),
  } as never);
  await before.initialize();
  await before.runMigrations();
  return { before, after: new DataSource(options) };
}

const score = (points: number) => ({
  status: 'scored',
  points,
  sections: [{ section: 'A' }],
  classes: [],
  penalties: [],
  gates: [{ reason: 'points-below', requirements: ['A-1'] }],
  items: [{ requirement: 'A-1' }],
});

it('keeps every score, gain and readiness as it was, put together again', async () => {
  const { before, after } = await databaseBefore(1795460000000);
  const [org, site, version, profile, first, second, rule, readiness] = Array.from({ length: 8 }, () =>
    randomUUID(),
  );
  const put = (text: string, values: unknown[]) => before.query(text, values);
  await put(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'O', 'supplier', 'EG')`, [org]);
  await put(`INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'S', 'EG')`, [site, org]);
  await put(
    `INSERT INTO checklist_version (id, checklist, version, title, content_hash, body) VALUES ($1, 'c', '1', 'C', repeat('0', 64), '{}')`,
    [version],
  );
  await put(
    `INSERT INTO scoring_profile (id, profile, version, title, content_hash, body) VALUES ($1, 'p', '1', 'P', repeat('0', 64), '{}')`,
    [profile],
  );
  for (const id of [first, second]) {
    await put(
      `INSERT INTO assessment (id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on) VALUES ($1, $2, $3, $4, 'b', 'verification', 'closed', '2026-02-01')`,
      [id, site, version, profile],
    );
    await put(
      `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at) VALUES ($1, 1, 1, true, $2, $3, now())`,
      [id, JSON.stringify(score(10)), JSON.stringify(score(20))],
    );
  }
  const gain = {
    comparable: true,
    changePoints: 10,
    sections: [],
    items: [{ baseline: ['A-1'] }],
    leftOut: { scopeChange: [] },
  };
  await put(
    `INSERT INTO gain (follow_up_id, baseline_id, site_id, comparable, body, computed_at) VALUES ($1, $2, $3, true, $4, now())`,
    [second, first, site, JSON.stringify(gain)],
  );
  const ready = {
    status: 'not-ready',
    conditions: [
      { code: 'points', requirements: ['A-1'] },
      { code: 'age', requirements: [] },
    ],
    cheapestPath: { items: [] },
  };
  await put(
    `INSERT INTO buyer_rule_row (id, buyer_id, rule, version, body) VALUES ($1, $2, 'r', '1', '{}')`,
    [rule, org],
  );
  await put(
    `INSERT INTO readiness (id, site_id, buyer_rule_id, category, status, body, evaluated_at) VALUES ($1, $2, $3, 'dairy', 'not-ready', $4, now())`,
    [readiness, site, rule, JSON.stringify(ready)],
  );
  await before.destroy();

  await after.initialize();
  await after.runMigrations();
  for (const id of [first, second])
    expect(
      await after.query(
        `SELECT as_found, after_closure FROM assessment_score_explained WHERE assessment_id = $1`,
        [id],
      ),
    ).toEqual([{ as_found: score(10), after_closure: score(20) }]);
  expect((await after.query(`SELECT body FROM gain_explained`))[0].body).toEqual(gain);
  expect((await after.query(`SELECT body FROM readiness_explained`))[0].body).toEqual(ready);
  const kept = JSON.stringify([
    await after.query(`SELECT as_found, after_closure FROM assessment_score`),
    await after.query(`SELECT body FROM gain`),
    await after.query(`SELECT body FROM readiness`),
  ]);
  expect(kept).not.toContain('A-1');
  // Taking a result away takes its layers with it.
  await after.query(`DELETE FROM readiness`);
  await after.query(`DELETE FROM gain`);
  await after.query(`DELETE FROM assessment_score`);
  expect(
    await after.query(
      `SELECT (SELECT count(*) FROM assessment_explanation) + (SELECT count(*) FROM gain_explanation) + (SELECT count(*) FROM readiness_explanation) AS n`,
    ),
  ).toEqual([{ n: '0' }]);
  await after.destroy();
});

it('puts the records of imports apart, and keeps what everybody reads of them', async () => {
  const { before, after } = await databaseBefore(1795500000000);
  const [org, site, version, profile, imported, other, late] = Array.from({ length: 7 }, () => randomUUID());
  const put = (text: string, values: unknown[]) => before.query(text, values);
  await put(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'O', 'supplier', 'EG')`, [org]);
  await put(`INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'S', 'EG')`, [site, org]);
  const requirements = ['A-1', 'A-2', 'A-3'].map((code) => ({
    code,
    section: 'A',
    question: code,
    criticality: 'minor',
    level: 'all',
  }));
  await put(
    `INSERT INTO checklist_version (id, checklist, version, title, content_hash, body) VALUES ($1, 'c', '1', 'C', repeat('0', 64), $2)`,
    [
      version,
      { levels: [{ code: 'all', rank: 1 }], sections: [{ code: 'A', title: 'A' }], requirements },
    ].map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  );
  await put(
    `INSERT INTO scoring_profile (id, profile, version, title, content_hash, body) VALUES ($1, 'p', '1', 'P', repeat('0', 64), $2)`,
    [
      profile,
      JSON.stringify({
        profile: 'p',
        version: '1',
        answers: [
          { code: 'yes', conformity: 'conforming' },
          { code: 'cited', conformity: 'nonconforming' },
        ],
        aggregation: { kind: 'count-matrix' },
        gates: [{ gate: 'max-findings', grade: 'minor', max: 0 }],
      }),
    ],
  );
  const record = {
    by: 'import:x',
    listed: 'cited',
    notListed: 'yes',
    cited: { 'A-1': null, 'A-3': '2026-03-01' },
  };
  /** As the version before stores an import: the record with the assessment, of the score the points. */
  const store = async (source: DataSource, id: string, body: object | null) => {
    await source.query(
      `INSERT INTO assessment (id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on, submitted_at, record)
       VALUES ($1, $2, $3, $4, 'all', 'verification', 'closed', '2026-02-01', '2026-02-02', $5)`,
      [id, site, version, profile, body && JSON.stringify(body)],
    );
    await source.query(
      `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, computed_at) VALUES ($1, 1, 33333333, false, now())`,
      [id],
    );
  };
  await store(before, imported!, record);
  await store(before, other!, null);
  const answersOf = (source: DataSource, id: string) =>
    source.query(
      `SELECT requirement, answer, claim, na_reason, note, closed_on, answered_at FROM full_response WHERE assessment_id = $1 ORDER BY requirement`,
      [id],
    );
  const answers = await answersOf(before, imported!);
  expect(answers.map(({ answer }: { answer: string }) => answer)).toEqual(['cited', 'yes', 'cited']);
  const trail = await before.query(`SELECT count(*)::int AS n FROM audit_entry`);
  await before.destroy();

  await after.initialize();
  await after.runMigrations();
  expect(await after.query(`SELECT assessment_id AS id, body FROM assessment_record`)).toEqual([
    { id: imported, body: record },
  ]);
  expect(await answersOf(after, imported!)).toEqual(answers);
  // Nothing anybody did: the trail has no entry for it.
  expect(await after.query(`SELECT count(*)::int AS n FROM audit_entry`)).toEqual(trail);
  // The version before goes on meanwhile.
  await store(after, late!, record);
  expect(await after.query(`SELECT record FROM assessment WHERE id = $1`, [late])).toEqual([
    { record: null },
  ]);
  expect((await answersOf(after, late!)).map(({ answer }: { answer: string }) => answer)).toEqual([
    'cited',
    'yes',
    'cited',
  ]);

  expect(await scoreRecords(new Database(after))).toBe(2);
  expect(await scoreRecords(new Database(after))).toBe(0);
  for (const id of [imported, late]) {
    const explained = (await explainedScore(after, id!))!;
    const [stored] = await after.query(
      `SELECT as_found, after_closure FROM assessment_score_explained WHERE assessment_id = $1`,
      [id],
    );
    const withoutItems = (whole: Score) =>
      JSON.parse(JSON.stringify(visibleScore(whole, ['score', 'section-scores'])));
    expect(stored).toEqual({
      as_found: withoutItems(explained.asFound),
      after_closure: withoutItems(explained.afterClosure),
    });
    expect(stored).toMatchObject({
      as_found: { points: 33.333333, counts: { nonconforming: 2 }, gates: [{ holds: false }] },
      after_closure: { points: 66.666667, openFindings: { minor: 1 } },
    });
    expect(JSON.stringify(stored)).not.toContain('A-1');
  }
  // Taken up again, by whichever version: rows, the same ones, and no record beside them.
  await after.query(`UPDATE assessment SET state = 'reopened' WHERE state = 'closed'`);
  expect(await answersOf(after, imported!)).toEqual(answers);
  expect(
    await after.query(
      `SELECT (SELECT count(*)::int FROM response) AS rows, (SELECT count(*)::int FROM assessment_record) AS records`,
    ),
  ).toEqual([{ rows: 6, records: 0 }]);
  await after.destroy();
});
