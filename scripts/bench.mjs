/**
 * `npm run bench`: builds when something changed, starts a PostgreSQL of its own in a temporary folder, runs the
 * benchmarks one after the other, each in a process and on a copy of the demo database of its own, and prints one table.
 *
 *   --only score         one of them (several: --only score,import)
 *   --profile            where the CPU time of the subject goes, for the benchmarks that can tell (gap-report)
 *   --full               the largest sizes, where a benchmark otherwise takes a part of it (audit)
 *   --json <file>        the rows as JSON, too
 */
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build, fail, ROOT, run, Sentence, step } from './house.mjs';

/** In the order of the table. `database`: gets a copy of the demo database. */
const BENCHES = [
  { name: 'score', database: false },
  { name: 'submit-to-gain', database: true },
  { name: 'cohort-report', database: true },
  { name: 'import', database: true },
  { name: 'certificate', database: false },
  { name: 'gap-report', database: true },
  { name: 'access', database: true },
  { name: 'audit', database: true },
];
const LONGEST_MS = 5 * 60_000;

let folder;
let postgres;
let child;
let stopping;

async function clear() {
  stopping = true;
  if (child?.exitCode === null && child.signalCode === null) {
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }
  await postgres?.stop().catch((error) => console.error(error.message));
  if (folder) rmSync(folder, { recursive: true, force: true });
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => void clear().finally(() => process.exit(130)));

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      profile: { type: 'boolean' },
      full: { type: 'boolean' },
      json: { type: 'string' },
    },
  });
  const only = values.only?.flatMap((names) => names.split(','));
  const unknown = only?.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown)
    throw new Sentence(
      `There is no benchmark "${unknown}": use ${BENCHES.map(({ name }) => name).join(', ')}.`,
    );
  const wanted = BENCHES.filter(({ name }) => !only || only.includes(name));

  await step('Build', build);
  folder = mkdtempSync(join(tmpdir(), 'uplift-bench-'));
  const env = { ...process.env, NODE_ENV: 'production', UPLIFT_DATA_DIR: folder, PORT: '0' };
  for (const name of ['REDIS_URL', 'SMTP_URL', 'BASE_URL', 'HOST', 'LOG_LEVEL']) delete env[name];
  if (wanted.some(({ database }) => database)) {
    const { startEmbeddedPostgres } = await import(
      pathToFileURL(join(ROOT, 'dist/libs/platform/src/embedded-postgres.js')).href
    );
    await step('PostgreSQL', async () => {
      postgres = await startEmbeddedPostgres({ dataDir: folder });
    });
    env.DATABASE_URL = postgres.url;
    const cli = (command) =>
      run(process.execPath, [join(ROOT, 'dist/apps/cli/src/main.js'), command], { env });
    await step('Schema and demo', async () => {
      await cli('migrate');
      await cli('demo');
      await inChild('prepare', env);
    });
  }

  const rows = [];
  const notes = [];
  const failures = [];
  for (const { name, database } of wanted) {
    await step(name, async () => {
      if (stopping) return;
      const own = {
        ...env,
        ...(values.profile && { BENCH_PROFILE: '1' }),
        ...(values.full && { BENCH_FULL: '1' }),
      };
      if (database) own.DATABASE_URL = await copyOf(postgres.url, name);
      const result = await inChild(name, own);
      rows.push(...(result.rows ?? []));
      notes.push(...(result.notes ?? []).map((note) => `${name}: ${note}`));
      return result.skipped && `skipped: ${result.skipped}`;
    }).catch((error) => failures.push(error.message)); // the others are still worth having
  }
  console.log(`\n${table(rows)}\n`);
  for (const note of notes) console.log(note);
  const [cpu] = cpus();
  console.log(
    `\nNode ${process.versions.node}, ${availableParallelism()} × ${cpu?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${new Date().toISOString().slice(0, 10)}`,
  );
  if (values.json) writeFileSync(values.json, `${JSON.stringify({ rows, notes }, null, 2)}\n`);
  if (failures.length > 0) throw new Sentence(failures.join('\n'));
  const missed = rows.filter(({ met }) => met === false);
  if (missed.length > 0) process.exitCode = 1;
}

/** A database with the demo in it that nobody else touches. */
async function copyOf(url, name) {
  const { default: pg } = await import('pg');
  const address = new URL(url);
  const from = address.pathname.slice(1);
  address.pathname = '/postgres';
  const client = new pg.Client({ connectionString: address.href });
  await client.connect();
  const database = `bench_${name.replaceAll('-', '_')}`;
  try {
    await client.query(`CREATE DATABASE ${database} TEMPLATE ${from}`);
  } finally {
    await client.end();
  }
  address.pathname = `/${database}`;
  return address.href;
}

/** Runs one in a process of its own: its log goes to a file, as that of the product does, its result comes by message. */
function inChild(name, env) {
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  return new Promise((done, stop) => {
    let result;
    child = fork(join(ROOT, 'benchmarks/support/child.mjs'), [name], {
      cwd: ROOT,
      env,
      execArgv: ['--expose-gc'],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    const timer = setTimeout(() => child.kill('SIGKILL'), env.BENCH_FULL ? 4 * LONGEST_MS : LONGEST_MS);
    child.on('message', (message) => (result = message));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      if (stopping) return;
      if (code === 0 && result) return done(result);
      const said = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
      stop(new Sentence(`The benchmark ${name} failed (${signal ?? `exit code ${code}`}):\n${said}`));
    });
  });
}

/** The rows as a Markdown table with aligned columns. */
function table(rows) {
  const figure = (x) =>
    x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x >= 0.1 ? x.toFixed(2) : x.toFixed(4);
  const lines = [
    ['bench', 'Uplift', 'reference', 'ratio (median)', 'min – max', 'rounds', 'aim', ''],
    ...rows.map((row) => [
      row.name,
      row.subject,
      row.reference,
      `${figure(row.ratio.median)}×`,
      `${figure(row.ratio.min)} – ${figure(row.ratio.max)}`,
      String(row.ratio.rounds),
      row.aim ?? '–',
      row.met === undefined ? '' : row.met ? 'met' : 'missed',
    ]),
  ];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const text = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [
    text(lines[0]),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...lines.slice(1).map(text),
  ].join('\n');
}

try {
  await main();
  await clear();
} catch (error) {
  await clear();
  fail(error);
}
