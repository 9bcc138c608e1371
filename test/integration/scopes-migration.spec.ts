import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dataSourceOptions } from '../../libs/persistence/src/index.js';
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { testServerUrl } from '../support/database.js';

/* A database from before scopes reached into results: what it holds is cut into layers, and nothing of it is lost. */

const name = `uplift_test_scopes_${process.pid}_${randomBytes(3).toString('hex')}`;
let server: pg.Client;
let url: string;

beforeAll(async () => {
  server = new pg.Client({ connectionString: await testServerUrl() });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  const address = new URL(await testServerUrl());
  address.pathname = `/${name}`;
  url = address.href;
});
afterAll(async () => {
  await server?.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await server?.end();
});

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
  const options = dataSourceOptions(url, { poolSize: 1 });
  const all = options.migrations as (new () => { name: string })[];
  const before = new DataSource({
    ...options,
    migrations: all.filter((migration) => Number(/\d{13}$/.exec(migration.name)![0]) < 1795460000000),
  } as never);
  await before.initialize();
  await before.runMigrations();
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

  const after = new DataSource(options);
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
