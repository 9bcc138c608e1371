/**
 * Who uses the test database of this checkout. Several runs may go on side by side; the last one to leave stops it.
 * Plain JavaScript, because Jest's global teardown and scripts/test.mjs use it too.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const TEST_DATA_DIR = resolve(import.meta.dirname, '../../.data/test-pg');
const users = join(TEST_DATA_DIR, 'users');

export const isAlive = (pid) => {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Runs something while no other process does; a lock older than two minutes was left by a killed process. */
export async function withTestServerLock(work) {
  mkdirSync(TEST_DATA_DIR, { recursive: true });
  const lock = join(TEST_DATA_DIR, 'lock');
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      try {
        if (Date.now() - statSync(lock).mtimeMs > 120_000) rmSync(lock, { recursive: true, force: true });
      } catch {
        // it was let go meanwhile
      }
      await new Promise((done) => setTimeout(done, 25));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Says that a run uses the server; call with the lock held. */
export function joinTestServer(run) {
  mkdirSync(users, { recursive: true });
  writeFileSync(join(users, String(run)), '');
}

/** Ends a run's use of the server and stops it when nobody else is left. */
export async function leaveTestServer(run) {
  try {
    readdirSync(users);
  } catch {
    return;
  }
  await withTestServerLock(async () => {
    rmSync(join(users, String(run)), { force: true });
    for (const name of readdirSync(users)) {
      if (isAlive(name)) return;
      rmSync(join(users, name), { force: true });
    }
    let pid;
    try {
      pid = Number(readFileSync(join(TEST_DATA_DIR, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGINT');
    } catch {
      return; // it doesn't run
    }
    for (const end = Date.now() + 10_000; Date.now() < end && isAlive(pid);)
      await new Promise((done) => setTimeout(done, 20));
  });
}
