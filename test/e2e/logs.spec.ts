import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import {
  basicRequirements,
  finish,
  openAssessment,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
let p: Programme;
const lines: string[] = [];
const keep = (line: unknown): boolean => {
  lines.push(String(line));
  return true;
};

beforeAll(async () => {
  // Libraries that write past the log, too.
  jest.spyOn(process.stdout, 'write').mockImplementation(keep as never);
  jest.spyOn(process.stderr, 'write').mockImplementation(keep as never);
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    jest.spyOn(console, name).mockImplementation(keep as never);
  app = await startApp('logs-test', {}, { logLevel: 'trace', logTo: { write: keep } });
}, 120_000);
afterAll(async () => {
  await app?.stop();
  jest.restoreAllMocks();
});

describe('the log, at its most talkative', () => {
  it('names nobody and gives no key away, whatever goes well or wrong', async () => {
    p = await seedProgramme(app, 'log');
    const answers = (await basicRequirements(app, '2')).map(({ code }) => ({
      requirement: code,
      answer: 'conform',
      note: 'A note of Zoltan.',
    }));
    const { id } = await openAssessment(p, {});
    await finish(p, id, answers);
    await waitFor(
      async () => (await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1`, [id])).length > 0,
      {
        what: 'the score',
        deadlineMs: 60_000,
      },
    );
    // Signing up twice, in with a wrong password, with a wrong token, with values that can't be stored, into a broken table.
    const password = 'a very secret sentence';
    const signUp = { name: 'Zoltan Unmistakable', email: 'zoltan.unmistakable@example.org', password };
    const send = (path: string, body: object) => supertest(app.url).post(path).send(body);
    await send('/api/auth/sign-up/email', signUp);
    await send('/api/auth/sign-up/email', signUp);
    const signedIn = await send('/api/auth/sign-in/email', signUp);
    const token = decodeURIComponent(signedIn.headers['set-auth-token'] as string);
    await send('/api/auth/sign-in/email', { ...signUp, password: `${password}!` });
    await send('/api/auth/sign-in/email', { ...signUp, email: 'nobody.unmistakable@example.org' });
    await app.anonymous
      .get(`/api/v1/me?token=${token}&email=${signUp.email}`)
      .set('authorization', `Bearer ${token}x`);
    await app.anonymous.get(`/api/v1/verify/${encodeURIComponent(signUp.email)}`);
    await p.owner.agent
      .post('/api/v1/organisations')
      .send({ name: 'Zoltan\u0000 Unmistakable', kind: 'supplier', country: 'EG' });
    await app.sql(`ALTER TABLE site RENAME TO site_away`);
    const broken = await p.owner.agent
      .post('/api/v1/sites')
      .send({ organisationId: p.supplier, name: 'Zoltan Unmistakable', country: 'EG' });
    await app.sql(`ALTER TABLE site_away RENAME TO site`);
    expect(broken.status).toBe(500);
    await app.sql(`INSERT INTO outbox (id, name, payload) VALUES ($1, 'export-requested', $2)`, [
      randomUUID(),
      { exportId: 'zoltan.unmistakable@example.org' },
    ]);
    await waitFor(() => lines.some((line) => line.includes('export-requested') && line.includes('attempt')), {
      what: 'a failing job',
      deadlineMs: 30_000,
    });
    const all = lines.join('\n');
    expect(lines.length).toBeGreaterThan(50);
    expect(all).toContain('request failed');
    for (const person of [p.manager, p.assessor, p.reviewer, p.owner]) {
      expect(all).not.toContain(person.email);
      expect(all).not.toContain(person.name);
    }
    expect(all).not.toMatch(/zoltan|unmistakable|very secret|correct horse/i);
    expect(all).not.toContain(token.split('.')[0]);
    expect(all).not.toContain(app.config.secret);
  }, 120_000);
});
