/**
 * `npm start`: from a fresh checkout to a running product, and back again on Ctrl-C. Each step is skipped when nothing
 * changed. Plain Node without dependencies until they are installed.
 *
 *   --only=database   starts the embedded database alone and prints its address
 *   --no-demo         leaves an empty database empty (so does UPLIFT_DEMO=false)
 */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  birthOf,
  build,
  checkDisk,
  checkNode,
  fail,
  install,
  isAlive,
  killRunning,
  paint,
  ROOT,
  run,
  Sentence,
  step,
  takeLock,
} from './house.mjs';

const RESTARTS = 5;
const args = process.argv.slice(2);
const onlyDatabase = args.join(' ').replace('=', ' ').includes('--only database');
const started = performance.now();

process.chdir(ROOT);
if (existsSync('.env') && process.loadEnvFile) process.loadEnvFile('.env');
const dataDir = resolve(process.env.UPLIFT_DATA_DIR || '.data');
const logs = join(dataDir, 'logs');
const dist = (file) => join(ROOT, 'dist', file);
const shown = (path) => (relative(ROOT, path).startsWith('..') ? path : relative(ROOT, path));

/** Lets go of the data folder; undefined while it isn't ours. */
let unlock;
let postgres;
let stopping;
/** The demo's people sign in without a second factor. */
let oneFactor = false;
/** name → { child, restarts } */
const services = new Map();

process.on('SIGINT', () => void stop(0));
process.on('SIGTERM', () => void stop(0));
process.on('SIGHUP', () => void stop(0));
process.on('uncaughtException', (error) => void stop(1, error));
process.on('unhandledRejection', (error) => void stop(1, error));

async function main() {
  console.log(paint(1, 'Uplift'));
  await step('Node', () => checkNode());
  try {
    mkdirSync(logs, { recursive: true });
    checkDisk(dataDir);
    unlock = takeLock(
      join(dataDir, 'start.lock'),
      (pid) =>
        `The data folder ${dataDir} is in use by another running Uplift (process ${pid}): stop that one, or set UPLIFT_DATA_DIR to another folder.`,
    );
  } catch (error) {
    if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) {
      throw new Sentence(
        `The data folder ${dataDir} can't be written (${error.message}): give it to this user or set UPLIFT_DATA_DIR.`,
      );
    }
    throw error;
  }
  endLeftovers();
  await step('Dependencies', install);
  await step('Build', build);

  const platform = (file) => import(pathToFileURL(dist(`libs/platform/src/${file}`)).href);
  const { loadConfig } = await platform('config.js');
  const env = { NODE_ENV: 'production', ...process.env, UPLIFT_DATA_DIR: dataDir };
  if (loadConfig(env, { database: false }).port === 0) env.PORT = String(await freePort());
  const config = loadConfig(env, { database: false });
  if (!onlyDatabase)
    await step('Port', () => portIsFree(config.host, config.port).then(() => `${config.port} is free`));

  if (process.env.DATABASE_URL) {
    await step('Database', () => 'the one of DATABASE_URL');
  } else {
    const { startEmbeddedPostgres } = await platform('embedded-postgres.js');
    await step('PostgreSQL', async () => {
      postgres = await startEmbeddedPostgres({ dataDir });
      env.DATABASE_URL = postgres.url;
      watchPostgres(startEmbeddedPostgres, postgres.port);
      return `port ${postgres.port}`;
    });
  }
  if (stopping) return;
  if (onlyDatabase) {
    console.log(`\n${env.DATABASE_URL}\n\nCtrl-C stops it.`);
    return;
  }

  const cli = (...command) =>
    run(process.execPath, ['--enable-source-maps', dist('apps/cli/src/main.js'), ...command], {
      env,
      title: `uplift ${command.join(' ')}`,
    });
  const demoWanted =
    !args.includes('--no-demo') &&
    !['false', '0', 'no'].includes((process.env.UPLIFT_DEMO ?? '').toLowerCase());
  // Says that the demo was begun: should it be killed half way, the next start does it again from nothing.
  const demoMark = join(dataDir, 'demo.unfinished');
  if (demoWanted && postgres && existsSync(demoMark))
    await step('Clearing unfinished demo', () => recreateDatabase(env.DATABASE_URL));
  await step('Schema', () => cli('migrate').then(() => undefined));
  if (demoWanted && (await isEmpty(env.DATABASE_URL))) {
    await step('Demo data', async () => {
      writeFileSync(demoMark, '');
      await cli('demo');
      rmSync(demoMark, { force: true });
    });
  }
  if (stopping) return;
  // Invented people on this machine alone have no phones. Whoever opens the address to others, or says so, gets the rule.
  oneFactor =
    existsSync(join(dataDir, 'demo-accounts.json')) &&
    !env.UPLIFT_TOTP_ROLES &&
    ['127.0.0.1', 'localhost', '::1'].includes(config.host);
  if (oneFactor) env.UPLIFT_TOTP_ROLES = 'none';
  // Somebody of the demo looks after it.
  if (oneFactor && !env.UPLIFT_ADMINISTRATORS) env.UPLIFT_ADMINISTRATORS = demoAccounts()[0]?.email ?? '';

  if (postgres) {
    // Neither process gets the owner's password; the one they get is new at each start and stands nowhere.
    const { applicationLogin } = await import(
      pathToFileURL(dist('libs/persistence/src/application-login.js')).href
    );
    env.DATABASE_URL = await applicationLogin(env.DATABASE_URL, randomBytes(24).toString('base64url'));
  }
  await step('API and worker', async () => {
    startService('api', dist('apps/api/src/main.js'), env);
    startService('worker', dist('apps/worker/src/main.js'), env);
    await untilReady(config);
  });
  if (stopping) return;
  welcome(config);
}

// ---------------------------------------------------------------------------------------------------------- services

function startService(name, file, env, restarts = 0) {
  const logFile = join(logs, `${name}.log`);
  if (existsSync(logFile) && statSync(logFile).size > 10 * 1024 * 1024) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  // A session of its own: Ctrl-C reaches this process alone, which then stops the others in order. The IPC channel is
  // what tells a child that this process is gone, even after kill -9.
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd: ROOT,
    env,
    stdio: ['ignore', log, log, 'ipc'],
    detached: process.platform !== 'win32',
  });
  closeSync(log);
  const startedAt = Date.now();
  const service = { child, restarts, ended: false };
  services.set(name, service);
  noteChildren();
  const ended = (how) => {
    if (service.ended) return;
    service.ended = true;
    if (stopping) return;
    const count = Date.now() - startedAt > 60_000 ? 1 : restarts + 1;
    const said = lastLines(logFile);
    if (count > RESTARTS) {
      void stop(
        1,
        new Sentence(
          `The ${name} ended ${count} times (${how}) and isn't started again; its log is ${shown(logFile)}${said ? ` and ends with:\n${said}` : '.'}`,
        ),
      );
      return;
    }
    const pause = 500 * 2 ** (count - 1);
    console.error(
      paint(
        33,
        `  The ${name} ended (${how}); starting it again in ${pause / 1000} s (${count} of ${RESTARTS}).`,
      ),
    );
    setTimeout(() => {
      if (!stopping) startService(name, file, env, count);
    }, pause);
  };
  child.once('error', (error) => ended(error.message));
  child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
}

/** Writes down the children, so that the next start ends those that outlive a kill -9 of this process. */
function noteChildren() {
  const children = [...services.values()].map(({ child }) => ({ pid: child.pid, birth: birthOf(child.pid) }));
  writeFileSync(join(dataDir, 'children.json'), JSON.stringify(children));
}

function endLeftovers() {
  const file = join(dataDir, 'children.json');
  try {
    for (const { pid, birth } of JSON.parse(readFileSync(file, 'utf8'))) {
      if (pid && birth && isAlive(pid) && birthOf(pid) === birth) process.kill(pid, 'SIGKILL');
    }
  } catch {
    // none, or half written
  }
  rmSync(file, { force: true });
}

function watchPostgres(startEmbeddedPostgres, port, restarts = 0) {
  const since = Date.now();
  void postgres.exited.then(async () => {
    if (stopping) return;
    const count = Date.now() - since > 60_000 ? 1 : restarts + 1;
    if (count > RESTARTS)
      return stop(
        1,
        new Sentence(
          `PostgreSQL ended ${count} times and isn't started again; its log is ${shown(join(logs, 'pg.log'))}.`,
        ),
      );
    console.error(paint(33, `  PostgreSQL ended; starting it again (${count} of ${RESTARTS}).`));
    await sleep(250 * 2 ** (count - 1));
    if (stopping) return;
    try {
      // The same port: the API and the worker reconnect by themselves.
      postgres = await startEmbeddedPostgres({ dataDir, port });
      watchPostgres(startEmbeddedPostgres, port, count);
    } catch (error) {
      await stop(1, error);
    }
  });
}

/** Stops everything in order: the API and the worker let go of their pools, then the database ends. */
function stop(code, error) {
  if (stopping) {
    // Asked a second time: no more waiting.
    for (const { child } of services.values()) child.kill('SIGKILL');
    return stopping;
  }
  stopping = (async () => {
    if (!error) console.log('\nStopping…');
    killRunning();
    const children = [...services.values()]
      .map(({ child }) => child)
      .filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      children.map(async (child) => {
        const gone = new Promise((done) => child.once('exit', done));
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 12_000);
        await gone;
        clearTimeout(timer);
      }),
    );
    await postgres?.stop().catch((problem) => console.error(problem.message));
    if (unlock) {
      rmSync(join(dataDir, 'children.json'), { force: true });
      unlock();
    }
    if (error) fail(error);
    console.log('Stopped.');
    process.exit(code);
  })();
  return stopping;
}

// ------------------------------------------------------------------------------------------------------------ looking

async function portIsFree(host, port) {
  for (const end = Date.now() + 3000; ; await sleep(100)) {
    try {
      await new Promise((done, no) => {
        const server = createServer();
        server.once('error', no);
        server.listen({ host, port, exclusive: true }, () => server.close(done));
      });
      return;
    } catch (error) {
      // Children of a start that was killed need a moment to notice.
      if (error.code === 'EADDRINUSE' && Date.now() < end) continue;
      if (error.code === 'EADDRINUSE')
        throw new Sentence(
          `Port ${port} is already taken by another program: stop it, or choose another port, for example PORT=${port + 10} npm start.`,
        );
      if (error.code === 'EACCES')
        throw new Sentence(
          `Port ${port} needs special rights: choose one above 1023, for example PORT=3000 npm start.`,
        );
      throw new Sentence(
        `The API can't listen on ${host}:${port} (${error.message}): set HOST and PORT to an address of this machine.`,
      );
    }
  }
}

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

async function untilReady({ host, port }) {
  const local = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const address = `http://${local.includes(':') ? `[${local}]` : local}:${port}/health/ready`;
  let last = 'no answer';
  for (const end = Date.now() + 90_000; Date.now() < end && !stopping; await sleep(100)) {
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(5000) });
      if (answer.ok) return;
      last = `${answer.status} ${(await answer.text()).slice(0, 300)}`;
    } catch (error) {
      last = error.cause?.code ?? error.message;
    }
  }
  if (!stopping)
    throw new Sentence(
      `The API didn't get ready within 90 s (${address}: ${last}); its log is ${shown(join(logs, 'api.log'))}.`,
    );
}

const lastLines = (file) => {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '';
  }
};

async function withClient(url, work) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Nobody has put anything in yet. */
const isEmpty = (url) =>
  withClient(url, async (client) => {
    const { rows } = await client.query("SELECT to_regclass('organisation') IS NOT NULL AS there");
    if (!rows[0].there) return false;
    return (await client.query('SELECT 1 FROM organisation LIMIT 1')).rowCount === 0;
  });

async function recreateDatabase(url) {
  const admin = new URL(url);
  const name = admin.pathname.slice(1);
  admin.pathname = '/postgres';
  await withClient(admin.href, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
    await client.query(`CREATE DATABASE "${name}"`);
  });
}

/** What the demo wrote down about itself, if there is one. */
function readDemo() {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'demo-accounts.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
const demoAccounts = (demo = readDemo()) => (Array.isArray(demo) ? demo : (demo?.accounts ?? []));

function welcome(config) {
  const demo = readDemo();
  const accounts = demoAccounts(demo);
  const lines = [
    '',
    `${paint(32, 'Uplift runs')} after ${((performance.now() - started) / 1000).toFixed(1)} s.`,
    '',
    `  ${paint(1, config.baseUrl)}`,
    `  App       ${config.baseUrl}/app/`,
    `  API       http://${config.host}:${config.port}   ready: /health/ready`,
    `  Mail      ${config.smtpUrl ? 'goes out over SMTP' : shown(join(dataDir, 'mail'))}`,
    `  Logs      ${shown(logs)}`,
  ];
  if (accounts.length > 0) {
    lines.push('', 'Demo accounts');
    for (const { email, password, role, part, name } of accounts) {
      lines.push(
        `  ${String(email).padEnd(34)} ${String(password ?? '').padEnd(18)} ${role ?? part ?? name ?? ''}`,
      );
    }
  }
  if (oneFactor)
    lines.push(
      '',
      '  Signing in takes a password only, because this is the demo on this machine: elsewhere owners, programme managers,',
      '  reviewers and decision makers need a second factor, too (UPLIFT_TOTP_ROLES, see docs/identity.md).',
    );
  const first = accounts[0]?.email;
  const things = (!Array.isArray(demo) && demo?.try) || [
    `Sign in at ${config.baseUrl}/app/${first ? ` as ${first}` : ''} and open a cohort: who is ready, and what is missing.`,
    'Submit an assessment and read how its score came about, item by item.',
    `Look into ${shown(join(dataDir, 'mail'))}: every mail the product wrote, with its attachments.`,
  ];
  lines.push(
    '',
    'To try',
    ...things.map((thing, n) => `  ${n + 1}. ${thing.replaceAll('\n', '\n     ')}`),
    '',
    'Ctrl-C stops everything.',
  );
  console.log(lines.join('\n'));
}

try {
  await main();
} catch (error) {
  await stop(1, error);
}
