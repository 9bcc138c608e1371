import { mkdirSync, mkdtempSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { loadConfig } from '../../libs/platform/src/config.js';
import {
  embeddedDatabaseUrl,
  startEmbeddedPostgres,
  stopEmbeddedPostgres,
} from '../../libs/platform/src/embedded-postgres.js';
import { waitFor } from '../support/wait.js';

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'uplift-test-embedded-'));
  chmodSync(dataDir, 0o755);
});
afterAll(async () => {
  await stopEmbeddedPostgres(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  it('starts in an empty folder, durable, reachable from this machine alone and with a password alone', async () => {
    const server = await startEmbeddedPostgres({ dataDir });
    expect(
      await ask(
        server.url,
        "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS at, current_database() AS db",
      ),
    ).toEqual([{ fsync: 'on', at: '127.0.0.1', db: 'uplift' }]);
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    await ask(server.url, 'CREATE TABLE kept (n int)');
    await ask(server.url, 'INSERT INTO kept VALUES (42)');
    expect(embeddedDatabaseUrl(dataDir)).toBe(server.url);
    expect(loadConfig({ UPLIFT_DATA_DIR: dataDir }).databaseUrl).toBe(server.url);
  });

  it('is refused to a second start, in one sentence', async () => {
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
      new RegExp(
        `^The data folder .* is in use by another running Uplift \\(process ${process.pid}\\): .*\\.$`,
      ),
    );
  });

  it('is shared where that is asked for', async () => {
    const shared = await startEmbeddedPostgres({ dataDir, shared: true });
    expect(shared.started).toBe(false);
    expect(await ask(shared.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
  });

  it('comes back with its data after kill -9', async () => {
    const pid = Number(readFileSync(join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    await waitFor(() => embeddedDatabaseUrl(dataDir) === undefined, { what: 'its end' });
    const server = await startEmbeddedPostgres({ dataDir });
    expect(await ask(server.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await server.stop();
    await server.exited;
    expect(embeddedDatabaseUrl(dataDir)).toBeUndefined();
  });

  it('gets a new password when its secrets were lost', async () => {
    rmSync(join(dataDir, 'secrets.json'));
    const server = await startEmbeddedPostgres({ dataDir });
    expect(await ask(server.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await server.stop();
  });

  it('takes no half-made cluster for a whole one', async () => {
    const other = join(dataDir, 'other');
    mkdirSync(join(other, 'pg.new.999999999'), { recursive: true });
    const server = await startEmbeddedPostgres({ dataDir: other, durable: false });
    expect(await ask(server.url, "SELECT current_setting('fsync') AS fsync")).toEqual([{ fsync: 'off' }]);
    await server.stop();
  });
});
