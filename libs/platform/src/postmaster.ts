import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binaries } from './postgres-programs.js';
import { StartError } from './start-error.js';

/* Which server process runs in a database folder, whose it is, and how it ends. */

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

/** The server process of a folder when it is alive, by its `postmaster.pid`. */
export function runningPostmaster(folder: string): Postmaster | undefined {
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

export function isAlive(pid: number): boolean {
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
export const ownerSetting = (): string => `uplift.owner=${process.pid}.${birthOf(process.pid)}`;

function livingOwner(postmaster: Postmaster, folder: string): number | undefined {
  const command = commandOf(postmaster.pid) ?? readFileSync(join(folder, 'postmaster.opts'), 'utf8');
  const [, pid, birth] = /uplift\.owner=(\d+)\.(\d+)/.exec(command) ?? [];
  if (!pid || !isAlive(Number(pid)) || birthOf(Number(pid)) !== birth) return undefined;
  return Number(pid);
}

export const inUse = (folder: string, pid: number): StartError =>
  new StartError(
    `The data folder ${folder} is in use by another running Uplift (process ${pid}): stop that one, or set UPLIFT_DATA_DIR to another folder.`,
  );

/** Leaves no server in the folder, or returns the one to share. */
export async function clearTheFolder(folder: string, shared: boolean): Promise<Postmaster | undefined> {
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

export async function stopPostmaster(pid: number, folder: string): Promise<void> {
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
