import { migrateIdentity } from '#application';
import { loadConfig } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { waitFor } from '../support/wait.js';

const root = resolve(import.meta.dirname, '../..');

/** A way to the database that can be cut (connections are refused) or fall silent (they are taken and never answered). */
class Way {
  private readonly sockets = new Set<Socket>();
  private silent = false;
  private server: Server | undefined;
  port = 0;

  constructor(private readonly to: URL) {}

  async open(): Promise<void> {
    this.server = createServer((near) => {
      const far = connect(Number(this.to.port), this.to.hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(one);
        one.on('data', (chunk) => this.silent || other.write(chunk));
        one.on('error', () => other.destroy());
        one.on('close', () => (this.sockets.delete(one), other.destroy()));
      }
    }).listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as { port: number }).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((done) => this.server!.close(done));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  fallSilent(silent: boolean): void {
    this.silent = silent;
    // What was swallowed is missing for good, so old connections are of no more use.
    if (!silent) for (const socket of this.sockets) socket.destroy();
  }
}

interface Running {
  readonly child: ChildProcess;
  /** The lines of its log. */
  readonly lines: { readonly msg: string; readonly port?: number }[];
}

let database: TestDatabase;
let way: Way;
let client: pg.Client;
let env: Record<string, string>;
let address: string;
let api: Running;
let worker: Running;
const started: ChildProcess[] = [];

function start(name: 'api' | 'worker', more: Record<string, string> = {}): Running {
  const lines: Running['lines'] = [];
  const child = spawn(process.execPath, [join(root, `dist/apps/${name}/src/main.js`)], {
    env: { ...env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop()!;
    for (const part of parts)
      if (part.startsWith('{')) lines.push(JSON.parse(part) as Running['lines'][number]);
  });
  return { child, lines };
}

async function startApi(): Promise<void> {
  const port = await new Promise<number>((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const taken = (probe.address() as { port: number }).port;
      probe.close(() => done(taken));
    });
  });
  api = start('api', { PORT: String(port) });
  address = `http://127.0.0.1:${port}`;
  await waitFor(() => api.lines.some(({ msg }) => msg === 'listening'), {
    what: 'the API',
    deadlineMs: 180_000,
  });
}

async function ready() {
  const answer = await fetch(`${address}/health/ready`);
  return {
    status: answer.status,
    body: (await answer.json()) as {
      status: string;
      checks: Record<string, boolean>;
      reasons?: Record<string, string>;
    },
  };
}

const becomes = (status: number) =>
  waitFor(
    async () => {
      const answer = await ready();
      return answer.status === status && answer;
    },
    { what: `/health/ready to answer ${status}`, deadlineMs: 180_000 },
  );

beforeAll(async () => {
  database = await createTestDatabase('health-test');
  const url = new URL(database.url);
  way = new Way(new URL(database.url));
  await way.open();
  url.port = String(way.port);
  env = {
    PATH: process.env['PATH']!,
    DATABASE_URL: url.href,
    UPLIFT_DATA_DIR: mkdtempSync(join(tmpdir(), 'uplift-health-')),
    UPLIFT_SECRET: 'only-for-tests-only-for-tests-only-for-tests',
    LOG_LEVEL: 'info',
    WORKER_PORT: 'off',
  };
  await migrateIdentity(loadConfig({ ...env, DATABASE_URL: database.url }));
  client = new pg.Client({ connectionString: database.url });
  client.on('error', () => undefined);
  await client.connect();
  await startApi();
}, 300_000);

afterAll(async () => {
  for (const child of started)
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  await client?.end();
  await way?.cut();
  await database?.drop();
  rmSync(env['UPLIFT_DATA_DIR']!, { recursive: true, force: true });
});

describe('the health of the running processes', () => {
  it('is not ready before a worker has come, and ready then', async () => {
    expect(await ready()).toEqual({
      status: 503,
      body: {
        status: 'not ready',
        checks: { database: true, queue: true, worker: false },
        reasons: { worker: 'no worker has ever started' },
      },
    });
    worker = start('worker');
    expect((await becomes(200)).body).toEqual({
      status: 'ok',
      checks: { database: true, queue: true, worker: true },
    });
  }, 240_000);

  it('says when the queue is away and the database is not', async () => {
    await client.query('ALTER SCHEMA jobs RENAME TO jobs_away');
    try {
      const { status, body } = await ready();
      expect([status, body.checks]).toEqual([503, { database: true, queue: false, worker: true }]);
      expect(body.reasons!['queue']).toMatch(/^failed/);
      const numbers = await (await fetch(`${address}/metrics`)).text();
      expect(numbers).toMatch(/^uplift_queue_jobs\{state="failed",process="api"\} NaN$/im);
      expect(numbers).toMatch(/^uplift_outbox_waiting\{process="api"\} \d+$/m);
    } finally {
      await client.query('ALTER SCHEMA jobs_away RENAME TO jobs');
    }
    await becomes(200);
  }, 240_000);

  it('answers in time when the database says nothing, and recovers', async () => {
    way.fallSilent(true);
    const from = performance.now();
    const { status, body } = await ready();
    expect(performance.now() - from).toBeLessThan(8000);
    expect([status, body.checks]).toEqual([503, { database: false, queue: false, worker: false }]);
    expect(body.reasons!['database']).toBe('did not answer within 4 seconds');
    expect((await fetch(`${address}/health/live`)).status).toBe(200);
    way.fallSilent(false);
    await becomes(200);
  }, 240_000);

  it('says that the database is gone, still gives its own numbers, and recovers', async () => {
    await way.cut();
    const { status, body } = await becomes(503);
    const metrics = await fetch(`${address}/metrics`);
    await way.open();
    expect([status, body.checks['database']]).toEqual([503, false]);
    expect(JSON.stringify(body)).not.toContain(String(way.port));
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    const numbers = await metrics.text();
    expect(numbers).toMatch(
      /^uplift_http_request_seconds_count\{process="api",method="GET",route="\/health\/ready",status="503"\} [1-9]/m,
    );
    expect(numbers).toMatch(/^uplift_outbox_waiting\{process="api"\} NaN$/im);
    await becomes(200);
  }, 240_000);

  it('is not ready thirty seconds after the last sign of a worker', async () => {
    worker.child.kill('SIGTERM');
    const [code] = await once(worker.child, 'exit');
    expect(code).toBe(0);
    await client.query(`UPDATE worker_beat SET beat_at = now() - interval '25 seconds'`);
    expect((await ready()).status).toBe(200);
    await client.query(`UPDATE worker_beat SET beat_at = now() - interval '31 seconds'`);
    const { status, body } = await ready();
    expect([status, body.checks]).toEqual([503, { database: true, queue: true, worker: false }]);
    expect(body.reasons!['worker']).toMatch(/^no worker has shown itself for 3\d seconds$/);
  }, 240_000);

  it('lets a request that is under way finish on SIGTERM, takes no new one, and ends well', async () => {
    // One connection holds the lock and another looks: within a transaction the view of the others' activity stands still.
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE auth."user" IN ACCESS EXCLUSIVE MODE');
    const answer = fetch(`${address}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'nobody@example.org', password: 'not a password of anybody' }),
    });
    await waitFor(
      async () =>
        (
          await client.query(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          )
        ).rowCount || false,
      { what: 'the request to be under way' },
    );
    const exit = once(api.child, 'exit');
    api.child.kill('SIGTERM');
    await waitFor(
      () =>
        fetch(`${address}/health/live`).then(
          () => false,
          () => true,
        ),
      {
        what: 'new connections to be refused',
      },
    );
    expect(api.child.exitCode).toBeNull();
    await holder.query('ROLLBACK');
    await holder.end();
    const response = await answer;
    expect([response.status, await response.json()]).toEqual([401, expect.objectContaining({ status: 401 })]);
    expect(await exit).toEqual([0, null]);
  }, 240_000);
});
