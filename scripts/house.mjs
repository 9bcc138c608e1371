/**
 * What `npm start` and `npm test` share: the checks, `npm install` and the build, each skipped when nothing changed. Plain
 * Node without dependencies, because it runs before they are installed.
 */
import * as fs from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { dirname, join, resolve, sep } from 'node:path';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const MINIMUM_NODE = [20, 19];

/** Something the person at the keyboard can mend: one sentence, no stack. */
export class Sentence extends Error {}

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
export const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const seconds = (from) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** Shows a step with the time it took. `work` may return a remark. */
export async function step(title, work) {
  const from = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  … ${title}`);
  let remark;
  try {
    remark = await work();
  } catch (error) {
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
    console.log(`  ${paint(31, '✗')} ${title}`);
    throw error;
  }
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  console.log(
    `  ${paint(32, '✓')} ${title.padEnd(28)} ${seconds(from).padStart(7)}${typeof remark === 'string' ? `  ${remark}` : ''}`,
  );
}

/** Ends the process with the sentence of an error; anything unforeseen keeps its stack. */
export function fail(error) {
  const known = error instanceof Sentence || error?.name === 'StartError' || error?.name === 'ConfigError';
  const full = diskFull(error);
  console.error(`\n${paint(31, full ?? (known ? error.message : (error?.stack ?? String(error))))}`);
  process.exit(1);
}

function diskFull(error) {
  return /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/.test(`${error?.code} ${error?.message}`)
    ? `There is no space left on the disk that holds ${ROOT} or its data folder: free some space and start again.`
    : undefined;
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    throw new Sentence(
      `Uplift needs Node ${MINIMUM_NODE.join('.')} or newer, and this is Node ${version}: install a newer one from https://nodejs.org (24 is a good choice).`,
    );
  }
  return `Node ${version}`;
}

/** Fails early when a disk has next to nothing left. */
export function checkDisk(folder) {
  if (!fs.statfsSync) return;
  const { bavail, bsize } = fs.statfsSync(folder);
  const free = bavail * bsize;
  if (free < 50 * 1024 * 1024) {
    throw new Sentence(
      `There is no space left on the disk that holds ${folder} (${Math.floor(free / 1024 / 1024)} MB are free): free some space and start again.`,
    );
  }
}

export const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
};

/** Tells a process from a later one with the same number; empty where the system doesn't say. */
export function birthOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19];
  } catch {
    try {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      return '';
    }
  }
}

/**
 * Takes a lock file that holds who has it. A lock of a process that is gone (kill -9, power cut) is taken over; of a
 * living one, `inUse(pid)` makes the sentence. Returns the function that lets go.
 */
export function takeLock(file, inUse) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, mine);
  try {
    for (let tries = 0; tries < 20; tries += 1) {
      try {
        linkSync(fresh, file); // whole, or not at all because somebody has it
        return () => {
          try {
            if (readFileSync(file, 'utf8') === mine) rmSync(file);
          } catch {
            // already gone
          }
        };
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
      let text = '';
      let holder;
      try {
        text = readFileSync(file, 'utf8');
        holder = JSON.parse(text);
      } catch (error) {
        if (error.code === 'ENOENT') continue;
      }
      if (holder && isAlive(holder.pid) && birthOf(holder.pid) === holder.birth)
        throw new Sentence(inUse(holder.pid));
      // Move it away, and look again: two starts may both have seen the stale one.
      const aside = `${fresh}.stale`;
      try {
        renameSync(file, aside);
        if (readFileSync(aside, 'utf8') !== text) linkSync(aside, file);
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
      }
      rmSync(aside, { force: true });
    }
    throw new Sentence(`The lock ${file} can't be taken: delete it when no Uplift runs.`);
  } finally {
    rmSync(fresh, { force: true });
  }
}

/** Runs a program to its end and returns what it wrote; its last lines become the error. */
export function run(command, args, { cwd = ROOT, env = process.env, show = false, title = command } = {}) {
  return new Promise((done, stop) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
      shell: process.platform === 'win32' && /\.cmd$/.test(command),
    });
    running.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => (output = (output + chunk).slice(-200_000)));
    child.once('error', (error) => {
      running.delete(child);
      stop(new Sentence(`${title} can't be run: ${error.message}.`));
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) return done(output);
      const full = diskFull({ message: output });
      stop(
        new Sentence(
          full ??
            `${title} failed (${signal ?? `exit code ${code}`})${output ? `:\n${output.trim().split('\n').slice(-40).join('\n')}` : '.'}`,
        ),
      );
    });
  });
}
const running = new Set();
/** Ends the programs that `run` started; for Ctrl-C during a step. */
export const killRunning = () => running.forEach((child) => child.kill('SIGTERM'));

// ------------------------------------------------------------------------------------------------------------ npm install

const hashOf = (...parts) =>
  parts.reduce((hash, part) => hash.update(part).update('\0'), createHash('sha256')).digest('hex');

const lockMark = join(ROOT, 'node_modules', '.uplift-lock');
const lockHash = () => hashOf(readFileSync(join(ROOT, 'package-lock.json')), process.platform, process.arch);

/** Whether node_modules holds what package-lock.json says, by npm's own record: somebody ran `npm install` by hand. */
function installedMatchesLock() {
  try {
    const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
    const found = JSON.parse(readFileSync(join(ROOT, 'node_modules', '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (path === '' || entry.link) return true;
      const there = found[path];
      if (!there)
        return (
          entry.optional === true ||
          entry.devOptional === true ||
          entry.peer === true ||
          (entry.dev === true && process.env.NODE_ENV === 'production')
        );
      return there.version === entry.version && existsSync(join(ROOT, path));
    });
  } catch {
    return false;
  }
}

/** Installs the dependencies when package-lock.json isn't the one they were installed from. */
export async function install() {
  const mark = existsSync(lockMark) ? readFileSync(lockMark, 'utf8') : undefined;
  const hash = lockHash();
  if (mark === hash) return 'unchanged';
  if (!installedMatchesLock()) {
    const npm = process.env.npm_execpath;
    const [command, args] =
      npm && /\.c?js$/.test(npm)
        ? [process.execPath, [npm]]
        : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
    rmSync(lockMark, { force: true });
    // Not `npm ci`: it refuses a lock file that lacks the binaries of platforms other than the one it was made on.
    // This installs what the lock file says and leaves it as it is.
    await run(command, [...args, 'install', '--no-save', '--no-audit', '--no-fund', '--include=dev'], {
      title: 'npm install',
    });
  }
  writeFileSync(lockMark, hash);
  return undefined;
}

// ------------------------------------------------------------------------------------------------------------- build

const buildMark = join(ROOT, 'dist', '.uplift-build');
const BUILT_FROM = [
  'apps',
  'libs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'nest-cli.json',
  'scripts/tsconfig.build.json',
];
/** Not compiled by this build. */
const LEFT_OUT = /(^|\/)(apps\/web|node_modules|dist)(\/|$)|\.spec\.ts$/;

/** Files of a folder and below, in a fixed order; what the build leaves out isn't among them unless `all`. */
export function* filesBelow(path, all = false) {
  if (
    !all &&
    LEFT_OUT.test(
      path
        .split(sep)
        .join('/')
        .slice(ROOT.length + 1),
    )
  )
    return;
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name), all);
}

/** A hash of files of the project, by where they are and what is in them. */
export const hashOfFiles = (files) =>
  hashOf(...files.flatMap((file) => [file.slice(ROOT.length), readFileSync(file)]));

export const sourceHash = () =>
  hashOfFiles(
    BUILT_FROM.flatMap((start) =>
      [...filesBelow(join(ROOT, start))].filter(
        (file) => !/^(apps|libs)/.test(start) || /\.(ts|json)$/.test(file),
      ),
    ),
  );

/** Every source has its output: guards against a dist that somebody thinned out. */
function complete() {
  for (const start of ['apps', 'libs']) {
    for (const file of filesBelow(join(ROOT, start))) {
      if (/\.ts$/.test(file) && !/\.d\.ts$/.test(file)) {
        const output = join(ROOT, 'dist', file.slice(ROOT.length + 1).replace(/\.ts$/, '.js'));
        if (!existsSync(output)) return false;
      }
    }
  }
  return true;
}

/** Compiles apps and libs into dist, and the web app, each when a source or a setting changed. */
export async function build() {
  const compiled = await compile();
  // Only now: it takes installed dependencies.
  const { buildWeb } = await import('./web.mjs');
  const web = await buildWeb();
  return compiled && web;
}

async function compile() {
  const hash = sourceHash();
  const mark = existsSync(buildMark) ? readFileSync(buildMark, 'utf8') : undefined;
  if (mark === hash && complete()) return 'unchanged';
  rmSync(buildMark, { force: true });
  const record = join(ROOT, 'dist', '.tsbuildinfo-build');
  if (mark === undefined || !complete()) {
    // What the compiler thinks it has written can't be trusted after a half build.
    rmSync(record, { force: true });
  }
  const nest = join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
  await run(process.execPath, [nest, 'build', 'api', '--path', 'scripts/tsconfig.build.json'], {
    title: 'The build',
  });
  if (!complete()) {
    rmSync(record, { force: true });
    await run(process.execPath, [nest, 'build', 'api', '--path', 'scripts/tsconfig.build.json'], {
      title: 'The build',
    });
  }
  writeFileSync(buildMark, hash);
  return undefined;
}
