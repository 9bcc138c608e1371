import { LOCALES } from '#domain';
import { failedJobs, makeQueue, startHealthServer, type JobQueue } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { SMTPServer } from 'smtp-server';
import {
  basicRequirements,
  daysAgo,
  finish,
  openAssessment,
  seedProgramme,
  startApp,
  type Programme,
  type TestApp,
} from '../support/app.js';
import { createTestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

const root = resolve(import.meta.dirname, '../..');
const freePort = () =>
  new Promise<number>((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });

let app: TestApp;
let p: Programme;
/** Puts jobs in with short pauses, so that five attempts take moments. */
let queue: JobQueue;
let smtpPort: number;
let assessment: string;
const stopped: (() => unknown)[] = [];

beforeAll(async () => {
  smtpPort = await freePort();
  app = await startApp('worker-process-test', {
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    WORKER_PORT: 'off',
  });
  queue = makeQueue(app.config, { backoffMilliseconds: 10 });
  p = await seedProgramme(app);
}, 120_000);
afterAll(async () => {
  for (const stop of stopped.reverse()) await stop();
  await queue?.close();
  await app?.stop();
});

const stateOf = async (id: string) => (await queue.getJob(id))?.getState();
const jobOf = (name: string) => async () =>
  (await queue.getJobs(['delayed', 'failed', 'waiting', 'active'])).find(
    (job) => job.name === name && job.attemptsMade > 0,
  );
const settings = () => ({
  PATH: process.env['PATH']!,
  DATABASE_URL: app.config.databaseUrl,
  UPLIFT_DATA_DIR: app.config.dataDir,
  UPLIFT_SECRET: app.config.secret,
  LOG_LEVEL: 'info',
});

describe('a worker whose surroundings fail', () => {
  it('goes on with everything else when no mail gets out and no document can be kept', async () => {
    // Whoever runs the test, root included, cannot make a folder where there is a file.
    mkdirSync(app.config.dataDir, { recursive: true });
    writeFileSync(join(app.config.dataDir, 'documents'), 'in the way');
    assessment = (await openAssessment(p, { assessedOn: daysAgo(30) })).id;
    const asked = await basicRequirements(app, '2');
    await finish(
      p,
      assessment,
      asked.map(({ code }, index) => ({ requirement: code, answer: index < 6 ? 'major' : 'conform' })),
    );
    await waitFor(jobOf('visit-planned'), { what: 'the mail to be tried', deadlineMs: 30_000 });
    await waitFor(jobOf('keep-document'), { what: 'the document to be tried', deadlineMs: 30_000 });
    const { body } = await p.assessor.agent.get(`/api/v1/assessments/${assessment}/score`).expect(200);
    expect(body.asFound.points).toBeGreaterThan(0);
    expect(await app.sql(`SELECT state FROM visit WHERE site_id = $1`, [p.site])).toEqual([
      { state: 'planned' },
    ]);
    // Readers get their report all the same.
    await p.owner.agent.get(`/api/v1/assessments/${assessment}/gap-report.pdf`).expect(200);
    expect(await app.sql(`SELECT 1 FROM document`)).toEqual([]);
  }, 60_000);

  it('gives up after five attempts, shows the jobs, and does them when told again', async () => {
    const [visit] = await app.sql(`SELECT id FROM visit WHERE site_id = $1`, [p.site]);
    const mail = `mail-${randomUUID()}`;
    const document = `document-${randomUUID()}`;
    await queue.add('visit-planned', { visitId: visit!['id'] }, { jobId: mail });
    await queue.add('keep-document', { assessmentId: assessment }, { jobId: document });
    for (const id of [mail, document])
      await waitFor(async () => (await stateOf(id)) === 'failed', {
        what: `${id} to fail`,
        deadlineMs: 60_000,
      });
    const failed = await failedJobs(queue);
    expect(failed.find((job) => job.id === mail)).toMatchObject({
      attempts: 5,
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(failed.find((job) => job.id === document)).toMatchObject({
      attempts: 5,
      reason: expect.stringMatching(/EEXIST|ENOTDIR/),
    });

    const received: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, session, done) {
        received.push(...session.envelope.rcptTo.map(({ address }) => address));
        stream.resume().on('end', () => done());
      },
    });
    await new Promise<void>((done) => server.listen(smtpPort, '127.0.0.1', () => done()));
    stopped.push(() => new Promise<void>((done) => server.close(() => done())));
    rmSync(join(app.config.dataDir, 'documents'));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(root, 'dist/apps/cli/src/main.js'), 'jobs', 'retry', mail, document],
      { env: settings() },
    );
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      { id: mail, retried: true },
      { id: document, retried: true },
    ]);
    for (const id of [mail, document])
      await waitFor(async () => (await stateOf(id)) === 'completed', { what: id, deadlineMs: 60_000 });
    expect([...new Set(received)].sort()).toEqual([p.assessor.email, p.owner.email].sort());
    const languages = await app.sql(`SELECT language FROM document WHERE subject_id = $1 ORDER BY 1`, [
      assessment,
    ]);
    expect(languages).toEqual([...LOCALES].sort().map((language) => ({ language })));
  }, 120_000);
});

interface LogLine {
  readonly msg: string;
  readonly port?: number;
  readonly jobId?: string;
}

/** Starts the worker as a process of its own. */
function startWorker(env: Record<string, string>): { child: ChildProcess; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const child = spawn(process.execPath, [join(root, 'dist/apps/worker/src/main.js')], {
    env: { ...settings(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stopped.push(
    () =>
      child.exitCode !== null ||
      child.signalCode !== null ||
      (child.kill('SIGKILL') && new Promise((done) => child.once('exit', done))),
  );
  let rest = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop()!;
    for (const part of parts) if (part.startsWith('{')) lines.push(JSON.parse(part) as LogLine);
  });
  return { child, lines };
}

const said = (worker: { lines: LogLine[] }, text: string) =>
  waitFor(() => worker.lines.find((line) => line.msg === text), { what: `"${text}"`, deadlineMs: 60_000 });

describe('a worker process', () => {
  it('answers about itself on its port, works without when that is taken, and leaves its job to another when killed', async () => {
    const database = await createTestDatabase('worker-killed-test');
    stopped.push(() => database.drop());
    const own = makeQueue({ databaseUrl: database.url });
    stopped.push(() => own.close());
    const env = { DATABASE_URL: database.url };
    const first = startWorker({ ...env, WORKER_PORT: '0' });
    const { port } = await said(first, 'health and metrics');
    await said(first, 'working');
    const address = `http://127.0.0.1:${port}`;
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    const ready = await fetch(`${address}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', checks: { database: true, queue: true, outbox: true } },
    ]);
    expect(await (await fetch(`${address}/metrics`)).text()).toContain('uplift_job_seconds');
    expect((await fetch(`${address}/nothing`)).status).toBe(404);
    const health = await promisify(execFile)(process.execPath, [join(root, 'docker/worker-health.mjs')], {
      env: { WORKER_PORT: String(port) },
    });
    expect(health.stderr).toBe('');

    // Whoever plans waits for this lock, so a job that plans stands still in the middle until it is let go.
    const holder = new pg.Client({ connectionString: database.url });
    holder.on('error', () => undefined);
    await holder.connect();
    stopped.push(() => holder.end());
    await holder.query(`SELECT pg_advisory_lock(hashtext('uplift.plan-visits'))`);
    await own.add('plan-visits', {}, { jobId: 'plan-a' });
    await waitFor(
      async () => {
        const { rows } = await holder.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`,
        );
        return rows[0]!.n === 1;
      },
      { what: 'the job to be under way' },
    );
    expect(await (await own.getJob('plan-a'))!.getState()).toBe('active');
    const second = startWorker({ ...env, WORKER_PORT: String(port) });
    await said(second, 'no port for health and metrics; working without');
    await said(second, 'working');
    first.child.kill('SIGKILL');
    await new Promise((done) => first.child.once('exit', done));
    await holder.query(`SELECT pg_advisory_unlock(hashtext('uplift.plan-visits'))`);
    await waitFor(async () => (await own.getJob('plan-a'))!.isCompleted(), {
      what: 'the second worker to do it',
      deadlineMs: 150_000,
    });
    expect(second.lines).toContainEqual(expect.objectContaining({ msg: 'job done', jobId: 'plan-a' }));
  }, 300_000);

  it('is not ready while one of the things it needs fails, throws or hangs', async () => {
    let queueIsWell = false;
    const server = await startHealthServer({
      host: '127.0.0.1',
      port: 0,
      log: { info: () => undefined, warn: () => undefined } as never,
      metrics: () => Promise.reject(new Error('no numbers')),
      checks: {
        database: () => Promise.resolve(true),
        queue: () => (queueIsWell ? Promise.resolve(true) : Promise.reject(new Error('down'))),
      },
    });
    const address = `http://127.0.0.1:${server.port}`;
    const answer = await fetch(`${address}/health/ready`);
    expect([answer.status, await answer.json()]).toEqual([
      503,
      {
        status: 'not ready',
        checks: { database: true, queue: false },
        reasons: { queue: 'failed; the log says more' },
      },
    ]);
    expect((await fetch(`${address}/metrics`)).status).toBe(500);
    queueIsWell = true;
    expect((await fetch(`${address}/health/ready`)).status).toBe(200);
    await server.close();
  });
});
