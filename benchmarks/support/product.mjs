/** The built product, in this process, on the database of the environment. */
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { Database, openDataSource } from '#persistence';
import { createLogger, loadConfig, PinoNestLogger } from '#platform';
import { createApi } from '../../dist/apps/api/src/create-api.js';
import { WorkerModule } from '../../dist/apps/worker/src/worker.module.js';

// The benchmark is one person who asks as fast as it can, and signs in with a password, as the demo's people do.
export const config = loadConfig({ ...process.env, RATE_LIMIT: '0', UPLIFT_TOTP_ROLES: 'none' });

/** The connections, and the way of use cases over them. */
export async function database(poolSize = 4, role) {
  const source = await openDataSource(config.databaseUrl, { poolSize, role });
  return Object.assign(new Database(source), { source });
}

/** The API on a free port of the loopback interface. */
export async function startApi(of = config) {
  const app = await createApi(of);
  await app.listen(0, '127.0.0.1');
  return { app, port: app.getHttpServer().address().port };
}

export async function startWorker() {
  const log = createLogger(config, 'worker');
  return NestFactory.createApplicationContext(WorkerModule.with(config, log), {
    logger: new PinoNestLogger(log),
    abortOnError: false,
  });
}

/** Signs an account of the demo in, by the beginning of its role, and returns the headers of its requests. */
export async function signIn(app, role) {
  const { accounts } = JSON.parse(readFileSync(join(config.dataDir, 'demo-accounts.json'), 'utf8'));
  const { email, password } = accounts.find((account) => account.role.startsWith(role));
  const answer = await app.inject({
    method: 'POST',
    url: '/api/auth/sign-in/email',
    payload: { email, password },
  });
  if (answer.statusCode !== 200) throw new Error(`Sign-in: ${answer.statusCode} ${answer.body}`);
  return {
    cookie: answer.cookies.map(({ name, value }) => `${name}=${encodeURIComponent(value)}`).join('; '),
    email,
  };
}

/** Waits until the outbox is empty and no job waits or runs. */
export async function idle(db) {
  for (;;) {
    const [{ waiting }] = await db.query(
      'SELECT count(*)::int AS waiting FROM outbox WHERE taken_at IS NULL',
    );
    if (waiting === 0 && (await openJobs()) === 0) return;
    await new Promise((done) => setTimeout(done, 10));
  }
}

async function openJobs() {
  const { makeQueue } = await import('#platform');
  queue ??= makeQueue(config);
  const counts = await queue.getJobCounts('waiting', 'active', 'prioritized', 'waiting-children');
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
let queue;
export const closeQueue = () => queue?.close();
