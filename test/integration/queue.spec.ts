import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createQueues,
  failedJobs,
  retryFailedJob,
  type JobQueue,
  type JobWorker,
  type QueueConfig,
  type Queues,
} from '../../libs/platform/src/queue.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

/** A worker that takes a job and never lets go: to be killed. */
const HOLDING_WORKER = `
import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq';
const { redisUrl, databaseUrl } = JSON.parse(process.env.CONFIG);
const { Worker } = withBackend(redisUrl ? createRedisBackend : createPostgresBackend);
const connection = redisUrl ? { url: redisUrl, maxRetriesPerRequest: null } : { connectionString: databaseUrl, schema: 'jobs' };
new Worker('uplift', () => new Promise(() => {}), { connection, lockDuration: 500, stalledInterval: 500 });
setInterval(() => {}, 1000);
`;

/** The same promises hold on both backends. */
function promises(make: () => Promise<{ config: QueueConfig; end(): Promise<void> }>): void {
  let config: QueueConfig;
  let queues: Queues;
  let end: (() => Promise<void>) | undefined;
  let queue: JobQueue;
  let worker: JobWorker;
  let healed = false;
  const runs: { id: string; attempt: number; payload: unknown }[] = [];

  beforeAll(async () => {
    ({ config, end } = await make());
    queues = createQueues(config);
    await queues.migrate();
    await queues.migrate();
    queue = queues.makeQueue({ backoffMilliseconds: 10 });
    // On a machine that stands still for longer than a lock lasts, an attempt runs twice; dead workers are looked for as often.
    worker = queues.makeWorker(
      {
        note: async (payload, { id, attempt }) => void runs.push({ id, attempt, payload }),
        flaky: async (payload, { id, attempt }) => {
          runs.push({ id, attempt, payload });
          if (attempt < 3) throw new Error('not yet');
        },
        broken: async (payload, { id, attempt }) => {
          runs.push({ id, attempt, payload });
          if (!healed) throw new Error('broken on purpose');
        },
      },
      { lockMilliseconds: 5_000 },
    );
    await worker.waitUntilReady();
  });
  afterAll(async () => {
    await worker?.close();
    await queue?.close();
    await end?.();
  });

  const state = async (id: string): Promise<string | undefined> => (await queue.getJob(id))?.getState();
  const runsOf = (id: string): number[] => runs.filter((run) => run.id === id).map((run) => run.attempt);

  it('runs the handler of a job with its payload', async () => {
    await queue.add('note', { site: 'Müller & Söhne', nested: { n: [1, null] } }, { jobId: 'note-a' });
    await waitFor(async () => (await state('note-a')) === 'completed', { what: 'the job' });
    expect(runs.find((run) => run.id === 'note-a')).toEqual({
      id: 'note-a',
      attempt: 1,
      payload: { site: 'Müller & Söhne', nested: { n: [1, null] } },
    });
  });

  it('knows a job by its id and runs it once', async () => {
    await Promise.all([1, 2, 3].map(() => queue.add('note', {}, { jobId: 'note-b' })));
    await waitFor(async () => (await state('note-b')) === 'completed', { what: 'the job' });
    await queue.add('note', {}, { jobId: 'note-b' });
    await new Promise((done) => setTimeout(done, 100));
    expect(runsOf('note-b')).toEqual([1]);
  });

  it('tries again after a failure', async () => {
    await queue.add('flaky', {}, { jobId: 'flaky-a' });
    await waitFor(async () => (await state('flaky-a')) === 'completed', { what: 'the third attempt' });
    expect(runsOf('flaky-a')).toEqual([1, 2, 3]);
  });

  it('gives up after five attempts, keeps the job where an operator sees it, and runs it again when told', async () => {
    await queue.add('broken', { n: 1 }, { jobId: 'broken-a' });
    await waitFor(async () => (await state('broken-a')) === 'failed', { what: 'five attempts' });
    expect(runsOf('broken-a')).toEqual([1, 2, 3, 4, 5]);
    expect(await failedJobs(queue)).toEqual([
      expect.objectContaining({
        id: 'broken-a',
        name: 'broken',
        payload: { n: 1 },
        reason: 'broken on purpose',
        attempts: 5,
        failedAt: expect.any(Date),
      }),
    ]);
    healed = true;
    expect(await retryFailedJob(queue, 'broken-a')).toBe(true);
    await waitFor(async () => (await state('broken-a')) === 'completed', { what: 'the retry' });
    expect(await retryFailedJob(queue, 'broken-a')).toBe(false);
    expect(await retryFailedJob(queue, 'nobody')).toBe(false);
    expect(runsOf('broken-a')).toEqual([1, 2, 3, 4, 5, 1]);
  });

  it('fails a job that nobody handles instead of losing it', async () => {
    await queue.add('unknown', {}, { jobId: 'unknown-a', attempts: 1 });
    await waitFor(async () => (await state('unknown-a')) === 'failed', { what: 'the failure' });
    expect((await failedJobs(queue)).find((job) => job.id === 'unknown-a')?.reason).toMatch(
      /no handler for the job "unknown"/,
    );
  });

  it('gives a job of a dead worker to another one', async () => {
    await worker.close();
    const seen: string[] = [];
    const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDING_WORKER], {
      cwd: join(import.meta.dirname, '../..'),
      env: { PATH: process.env['PATH'], CONFIG: JSON.stringify(config) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await queue.add('slow', {}, { jobId: 'slow-a' });
    await waitFor(async () => (await state('slow-a')) === 'active', { what: 'the first worker' });
    child.kill('SIGKILL');
    worker = queues.makeWorker(
      { slow: async (_payload, { id }) => void seen.push(id) },
      { lockMilliseconds: 2_000 },
    );
    await waitFor(async () => (await state('slow-a')) === 'completed', {
      what: 'the second worker',
      deadlineMs: 25_000,
    });
    expect(seen).toEqual(['slow-a']);
  });
}

describe('the queue on PostgreSQL', () => {
  promises(async () => {
    const database: TestDatabase = await createTestDatabase('queue-test');
    return { config: { databaseUrl: database.url }, end: () => database.drop() };
  });
});

function redisServer(): string | undefined {
  try {
    return (
      execFileSync('which', ['redis-server'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}

describe('the queue on Redis', () => {
  const program = redisServer();
  if (!program && process.env['CI'] !== 'true') {
    it.skip('needs redis-server on the PATH: install it (Debian: apt install redis-server) to run these', () =>
      undefined);
    return;
  }
  if (!program) {
    it('has redis-server on the PATH', () => {
      throw new Error(
        'redis-server is not on the PATH; with CI=true the specs of the Redis backend must not be skipped.',
      );
    });
    return;
  }
  promises(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'uplift-test-redis-'));
    const port = await new Promise<number>((done) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = probe.address() as { port: number };
        probe.close(() => done(free));
      });
    });
    const redis: ChildProcess = spawn(
      program,
      [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        '--maxmemory-policy',
        'noeviction',
      ],
      { stdio: 'ignore' },
    );
    return {
      config: { databaseUrl: '', redisUrl: `redis://127.0.0.1:${port}` },
      end: async () => {
        redis.kill('SIGTERM');
        await new Promise((done) => redis.once('exit', done));
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
});
