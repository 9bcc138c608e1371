import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { visibleScore } from '#domain';
import { type Person, startApp, type TestApp } from '../support/app.js';
import { waitFor } from '../support/wait.js';

/** Inspection records handed in through the API: who may, what is told of their progress, whose the sites are. */
const folder = join(process.cwd(), 'test/cases/inspections/points');
/** The mapping of the case; of profiles in files only the shipped ones may be named. */
const mapping = readFileSync(join(folder, 'mapping.yaml'), 'utf8').replace('../../../../checklists/', '../');
const csv = readdirSync(folder).filter((file) => file.endsWith('.csv'));

let app: TestApp;
const agencies: string[] = [];
let manager: Person, other: Person, assessor: Person;
beforeAll(async () => {
  app = await startApp('imports test');
  for (const name of ['Agency', 'Another agency']) {
    const id = randomUUID();
    agencies.push(id);
    await app.sql(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, 'development-agency', 'US')`,
      [id, name],
    );
  }
  manager = await app.person('Mana Ger', [[agencies[0]!, 'programme-manager']]);
  other = await app.person('Other Owner', [[agencies[1]!, 'owner']]);
  assessor = await app.person('Asses Sor', [[agencies[0]!, 'assessor']]);
});
afterAll(() => app?.stop());

/* eslint-disable @typescript-eslint/no-explicit-any -- answers have a shape of their own for each route */
function send(
  who: Person,
  changes: Record<string, Buffer | null> = {},
  fields: Record<string, string> = { mapping },
) {
  const form = who.agent.post('/api/v1/imports/inspections');
  for (const [name, value] of Object.entries(fields)) void form.field(name, value);
  for (const name of csv) {
    const content = name in changes ? changes[name] : readFileSync(join(folder, name));
    if (content) void form.attach('files', content, name);
  }
  return form;
}
const ended = async (who: Person, id: string): Promise<any> => {
  let body: any;
  await waitFor(
    async () => {
      body = (await who.agent.get(`/api/v1/imports/${id}`).expect(200)).body;
      return body.state === 'done' || body.state === 'failed';
    },
    { what: 'the end of the import', deadlineMs: 30_000 },
  );
  return body;
};
const count = async (table: string): Promise<number> =>
  (await app.sql(`SELECT count(*)::int AS n FROM ${table}`))[0]!['n'];

describe('inspection records through the API', () => {
  let first: any;
  test('an agency hands them in; the worker stores them all; the sites are the agency’s', async () => {
    const answer = await send(manager).expect(202);
    expect(answer.body).toMatchObject({
      dataset: 'invented_points',
      organisationId: agencies[0],
      problem: null,
    });
    first = await ended(manager, answer.body.id);
    expect(first).toMatchObject({ state: 'done', step: null, problem: null });
    expect(first.summary).toMatchObject({ dataset: 'invented_points', mean_change: 2 });
    const { items: sites } = (await manager.agent.get('/api/v1/sites').expect(200)).body;
    expect(sites.length).toBe(first.stored.sites.added);
    expect((await other.agent.get('/api/v1/sites').expect(200)).body.items).toEqual([]);
    expect(await count('record_import_file')).toBe(0);
  });

  test('assessment, score, findings and gap report read as those of any other', async () => {
    const { items } = (await manager.agent.get('/api/v1/assessments').expect(200)).body;
    const [{ id }] = (await app.sql(
      `SELECT f.assessment_id AS id FROM finding f GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
    )) as [{ id: string }];
    expect(items.map((a: any) => a.id)).toContain(id);
    const assessment = (await manager.agent.get(`/api/v1/assessments/${id}`).expect(200)).body;
    const score = (await manager.agent.get(`/api/v1/assessments/${id}/score`).expect(200)).body;
    const findings = (await manager.agent.get(`/api/v1/assessments/${id}/findings`).expect(200)).body;
    expect(score.asFound.items.length).toBe(assessment.responses.length);
    const cited = assessment.responses
      .filter((r: any) => r.answer === 'cited')
      .map((r: any) => r.requirement);
    expect(findings.map((f: any) => f.requirement).sort()).toEqual(cited.sort());
    await manager.agent.get(`/api/v1/assessments/${id}/gap-report`).expect(200);
  });

  test('a buyer sees of them what its consent says, and the totals and sections are those of the record', async () => {
    const [{ id, site }] = (await app.sql(
      `SELECT a.id, a.site_id AS site FROM finding f JOIN assessment a ON a.id = f.assessment_id GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`,
    )) as [{ id: string; site: string }];
    const whole = (await manager.agent.get(`/api/v1/assessments/${id}/score`).expect(200)).body;
    const full = (await manager.agent.get(`/api/v1/assessments/${id}`).expect(200)).body;
    const [buyerId, grantId] = [randomUUID(), randomUUID()];
    await app.sql(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Buyer', 'buyer', 'US')`, [
      buyerId,
    ]);
    const buyer = await app.person('Bu Yer', [[buyerId, 'owner']]);
    await app.sql(
      `INSERT INTO consent_grant (id, supplier_id, grantee_id, scopes, purpose, until, created_by) VALUES ($1, $2, $3, '{score}', 'Supply', current_date + 30, $4)`,
      [grantId, agencies[0], buyerId, manager.id],
    );
    await app.sql(`INSERT INTO consent_grant_site (grant_id, site_id) VALUES ($1, $2)`, [grantId, site]);
    for (const scopes of [
      ['score'],
      ['score', 'section-scores'],
      ['score', 'section-scores', 'answers'],
    ] as const) {
      await app.sql(`UPDATE consent_grant SET scopes = $2 WHERE id = $1`, [grantId, scopes]);
      const { asFound, afterClosure } = (await buyer.agent.get(`/api/v1/assessments/${id}/score`).expect(200))
        .body;
      expect([asFound, afterClosure]).toEqual([
        visibleScore(whole.asFound, scopes),
        visibleScore(whole.afterClosure, scopes),
      ]);
      const { responses } = (await buyer.agent.get(`/api/v1/assessments/${id}`).expect(200)).body;
      expect(responses).toEqual(scopes.length === 3 ? full.responses : undefined);
      await buyer.agent.get(`/api/v1/assessments/${id}/gap-report`).expect(scopes.length === 3 ? 200 : 403);
    }
  });

  test('the same files again are the same import; another agency has its own', async () => {
    expect((await send(manager).expect(202)).body.id).toBe(first.id);
    const { items } = (await manager.agent.get('/api/v1/imports').expect(200)).body;
    expect(items.map((i: any) => i.id)).toEqual([first.id]);
    const theirs = await ended(other, (await send(other).expect(202)).body.id);
    expect(theirs).toMatchObject({ state: 'done', organisationId: agencies[1] });
    expect(theirs.stored.sites).toEqual(first.stored.sites);
    await other.agent.get(`/api/v1/imports/${first.id}`).expect(404);
  });

  test('one that is reopened has its answers row by row, and the same ones', async () => {
    const [{ id, site }] = (await app.sql(
      `SELECT f.assessment_id AS id, a.site_id AS site FROM finding f JOIN assessment a ON a.id = f.assessment_id JOIN site s ON s.id = a.site_id
         JOIN assessment_record d ON d.assessment_id = a.id WHERE s.organisation_id = $1 GROUP BY 1, 2 ORDER BY count(*) DESC, 1 LIMIT 1`,
      [agencies[0]],
    )) as [{ id: string; site: string }];
    const read = async () => (await manager.agent.get(`/api/v1/assessments/${id}`).expect(200)).body;
    const rows = async () =>
      (await app.sql(`SELECT count(*)::int AS n FROM response WHERE assessment_id = $1`, [id]))[0]!['n'];
    const closed = await read();
    expect(await rows()).toBe(0);
    // Only who reviews for the site's programme may reopen.
    const make = async (path: string, body: object): Promise<string> =>
      (await manager.agent.post(`/api/v1/${path}`).send(body).expect(201)).body.id;
    const programmeId = await make('programmes', {
      organisationId: agencies[0],
      code: 'records',
      name: 'Records',
    });
    const cohort = await make('cohorts', { programmeId, name: '2020', startsOn: '2020-01-01' });
    await make(`cohorts/${cohort}/enrolments`, { siteId: site, enrolledOn: '2020-01-01' });
    const reviewer = await app.person('Revie Wer', [[agencies[0]!, 'reviewer']]);
    const reopened = await reviewer.agent
      .post(`/api/v1/assessments/${id}/review`)
      .send({ action: 'reopen', reason: 'The source corrected an item.' });
    expect(reopened.body).toMatchObject({ state: 'reopened', lockHash: null });
    const open = await read();
    expect(open.responses).toEqual(closed.responses);
    expect(await rows()).toBe(closed.responses.length);
    expect(await app.sql(`SELECT FROM assessment_record WHERE assessment_id = $1`, [id])).toEqual([]);
  });

  test('packed files do as well', async () => {
    const form = manager.agent
      .post('/api/v1/imports/inspections')
      .field('mapping', mapping)
      .field('country', 'GB');
    for (const name of csv)
      void form.attach('files', gzipSync(readFileSync(join(folder, name))), `${name}.gz`);
    const done = await ended(manager, (await form.expect(202)).body.id);
    expect(done).toMatchObject({ state: 'done', stored: { rows: 0 } });
  });

  test('bad records fail as a whole, with every fault; corrected ones may be sent again', async () => {
    const before = await count('assessment');
    const visits = Buffer.from(
      'visit,site,day,kind,score\nv1,s1,2020-02-30,regular,100\nv2,s1,2020-02-01,regular,many\n',
    );
    const failed = await ended(manager, (await send(manager, { 'visits.csv': visits }).expect(202)).body.id);
    expect(failed).toMatchObject({
      state: 'failed',
      problem: {
        code: 'malformed-records',
        errors: [
          { file: 'visits.csv', line: 2, column: 'day', code: 'impossible-date' },
          { file: 'visits.csv', line: 3, column: 'score', code: 'not-a-number' },
        ],
      },
    });
    expect(await count('assessment')).toBe(before);
    expect((await send(manager, { 'visits.csv': visits }).expect(202)).body.id).not.toBe(failed.id);
  });

  test('what cannot be taken is refused at the door', async () => {
    expect((await send(assessor).expect(403)).body.code).toBe('role-required');
    await app.anonymous.post('/api/v1/imports/inspections').expect(401);
    expect((await send(manager, { 'visits.csv': null }).expect(422)).body).toMatchObject({
      code: 'import-files-wrong',
      errors: [{ field: 'visits.csv' }],
    });
    expect((await send(manager, {}, { mappingName: '../profiles/cited-items' }).expect(422)).body.code).toBe(
      'unknown-mapping',
    );
    expect((await send(manager, {}, {}).expect(422)).body.code).toBe('unknown-mapping');
    expect((await send(manager, {}, { mapping, country: 'Utopia' }).expect(422)).body.errors[0].field).toBe(
      '/country',
    );
    const elsewhere = mapping.replace(/^scoring:[\s\S]*?(?=^\w)/m, 'scoring: { file: ../../package.json }\n');
    expect((await send(manager, {}, { mapping: elsewhere }).expect(422)).body.code).toBe('invalid-mapping');
    expect(
      (await manager.agent.post('/api/v1/imports/inspections').send({ mapping }).expect(422)).body.code,
    ).toBe('form-required');
  });

  test('more than 64 MB are refused with the limit', async () => {
    const { body } = await send(manager, { 'visits.csv': Buffer.alloc(64 * 1024 * 1024 + 1, 'a') }).expect(
      413,
    );
    expect(body).toMatchObject({ code: 'upload-too-large', title: expect.stringContaining('64 MB') });
  });
});
