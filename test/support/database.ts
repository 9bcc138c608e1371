import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../libs/platform/src/embedded-postgres.js';
import { applicationLogin } from '../../libs/persistence/src/application-login.js';
import { migrateQueue } from '../../libs/platform/src/queue.js';
import { isAlive, joinTestServer, TEST_DATA_DIR, withTestServerLock } from './test-server.mjs';

/** A database of its own for one spec. */
export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  /** The same for the login of the API and the worker, which owns nothing. */
  readonly applicationUrl: string;
  /** Throws it away, closing whatever connections are left. */
  drop(): Promise<void>;
}

const root = resolve(import.meta.dirname, '../..');
const run = process.env['UPLIFT_TEST_RUN'] ?? String(process.pid);
let server: Promise<string> | undefined;
const templates = new Map<string, Promise<string>>();

/**
 * The address of the test server: the one of `UPLIFT_TEST_PG_URL`, or the embedded one in `.data/test-pg`, started at
 * the first call of the run and shared by all its workers.
 */
export function testServerUrl(): Promise<string> {
  return (server ??= (async () => {
    const given = process.env['UPLIFT_TEST_PG_URL'];
    if (given) return given;
    const url = await withTestServerLock(async () => {
      joinTestServer(run);
      return (await startEmbeddedPostgres({ dataDir: TEST_DATA_DIR, durable: false, shared: true })).url;
    });
    process.env['UPLIFT_TEST_PG_URL'] = url;
    return url;
  })());
}

/** What every copy starts with besides the schema: made once a run, under its own name. */
export interface Filling {
  readonly name: string;
  fill(url: string): Promise<void>;
}

/**
 * Makes a database as a copy of the migrated template, filled where that is asked for. The name must say that it is for a test.
 */
export async function createTestDatabase(name: string, filling?: Filling): Promise<TestDatabase> {
  if (!name.includes('test'))
    throw new Error(
      `"${name}" doesn't contain "test": only databases whose name says so are made and dropped here.`,
    );
  const from = await (filling ? once(filling.name, () => fillTemplate(filling)) : migratedTemplate());
  const part = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .slice(0, 30);
  const database = `uplift_test_${part}_${run}_${randomBytes(3).toString('hex')}`;
  await onServer((client) => client.query(`CREATE DATABASE ${database} TEMPLATE ${from}`));
  const url = await databaseUrl(database);
  return {
    url,
    applicationUrl: asApplication(url),
    name: database,
    drop: () =>
      onServer(
        async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)),
      ),
  };
}

/** The test server is this machine's alone. */
const APPLICATION_PASSWORD = 'only-for-tests';

function asApplication(ownerUrl: string): string {
  const url = new URL(ownerUrl);
  url.username = 'uplift_app';
  url.password = APPLICATION_PASSWORD;
  return url.href;
}

async function databaseUrl(database: string): Promise<string> {
  const url = new URL(await testServerUrl());
  url.pathname = `/${database}`;
  return url.href;
}

async function onServer<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: await databaseUrl('postgres') });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What the schema is made from: when it is unchanged, the template of an earlier run is used again. */
function schemaHash(): string {
  const hash = createHash('sha256');
  const migrations = join(root, 'libs/persistence/src/migrations');
  const files = existsSync(migrations)
    ? readdirSync(migrations)
        .sort()
        .map((name) => join(migrations, name))
    : [];
  for (const file of [
    ...files,
    join(root, 'libs/persistence/src/data-source.ts'),
    join(root, 'libs/persistence/src/application-login.ts'),
    join(root, 'libs/platform/src/outbox.ts'),
    join(root, 'node_modules/bullmq/package.json'),
  ]) {
    hash.update(existsSync(file) ? readFileSync(file) : 'none').update('\0');
  }
  return hash.digest('hex').slice(0, 12);
}

function once(name: string, make: () => Promise<string>): Promise<string> {
  const made = templates.get(name) ?? make();
  templates.set(name, made);
  return made;
}

const migratedTemplate = (): Promise<string> =>
  once('migrated', () =>
    makeTemplate(`uplift_template_test_${schemaHash()}`, undefined, async (url) => {
      if (existsSync(join(root, 'libs/persistence/src/index.ts'))) {
        const { migrate } = (await import('../../libs/persistence/src/index.js')) as {
          migrate(url: string): Promise<unknown>;
        };
        await migrate(url);
      }
      await migrateQueue({ databaseUrl: url });
      await applicationLogin(url, APPLICATION_PASSWORD);
    }),
  );

/** Of this run alone: its content is made by code that changes from run to run. The next run drops it with the leftovers. */
const fillTemplate = async ({ name, fill }: Filling): Promise<string> =>
  makeTemplate(`uplift_test_${name}_${run}_000000`, await migratedTemplate(), fill);

/** The database of that name: the one that is there, or a copy of `from` that `fill` has filled. */
async function makeTemplate(
  name: string,
  from: string | undefined,
  fill: (url: string) => Promise<void>,
): Promise<string> {
  return onServer(async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [`uplift test template ${name}`]);
    await dropLeftovers(client);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount) return name;
    const fresh = `uplift_test_template_${run}_${randomBytes(3).toString('hex')}`;
    await client.query(`CREATE DATABASE ${fresh} ${from ? `TEMPLATE ${from}` : ''}`);
    await fill(await databaseUrl(fresh));
    // It gets its name when it is whole; a killed run leaves none with this name.
    await client.query(`ALTER DATABASE ${fresh} RENAME TO ${name}`);
    return name;
  });
}

/** Drops what killed runs left behind. */
async function dropLeftovers(client: pg.Client): Promise<void> {
  if (new URL(await testServerUrl()).hostname !== '127.0.0.1') return; // the numbers of another machine's processes say nothing
  const { rows } = await client.query<{ datname: string }>(
    "SELECT datname FROM pg_database WHERE datname LIKE 'uplift\\_test\\_%'",
  );
  for (const { datname } of rows) {
    const [, pid] = /_(\d+)_[0-9a-f]{6}$/.exec(datname) ?? [];
    if (pid && !isAlive(pid)) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}
