import './support/statements.mjs';
import Fastify from 'fastify';
import pg from 'pg';
import { startLoad } from './support/load.mjs';
import { interleave, median, quantile, ratios, spread } from './support/measure.mjs';
import { config, database, signIn, startApi } from './support/product.mjs';
import { profiled } from './support/profile.mjs';
import { rowsOf, short, statementsOf } from './support/statements.mjs';

const CONNECTIONS = 10;
const MILLISECONDS = 800;
const ROUNDS = 6;

/**
 * The gap report as JSON, signed in, against a bare Fastify that runs the statements our service issues for one such
 * request, one after the other, and sends the same answer.
 */
export default async function gapReport() {
  const db = await database(1);
  const [{ id }] = await db.query(
    `SELECT a.id FROM assessment a WHERE a.kind = 'follow-up' AND EXISTS (SELECT 1 FROM finding f WHERE f.assessment_id = a.id)
      ORDER BY (SELECT count(*) FROM finding f WHERE f.assessment_id = a.id) DESC, a.id LIMIT 1`,
  );
  await db.close();
  const { app, port } = await startApi();
  const headers = { cookie: (await signIn(app, 'programme-manager')).cookie, accept: 'application/json' };
  const path = `/api/v1/assessments/${id}/gap-report?lang=en`;
  const get = async () => {
    const answer = await app.inject({ method: 'GET', url: path, headers });
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${answer.body}`);
    return answer.json();
  };
  await get(); // what is kept in memory is read by now
  const statements = await statementsOf(get);
  const view = await get();

  const bare = Fastify({ logger: false });
  const pools = new Map();
  for (const { options } of statements) {
    if (!pools.has(options))
      pools.set(
        options,
        new pg.Pool({ connectionString: config.databaseUrl, options, max: options ? 4 : 10 }),
      );
  }
  bare.get('/api/v1/assessments/:id/gap-report', async (_request, reply) => {
    // One connection from BEGIN to COMMIT: on others the statements would see nothing, and cost less.
    let transaction;
    for (const { name, text, values, options, rows } of statements) {
      if (text.startsWith('BEGIN')) transaction = await pools.get(options).connect();
      const result = await (transaction ?? pools.get(options)).query({ name, text, values });
      if (rowsOf(result) !== rows) throw new Error(`Not the same rows: ${text}`);
      if (text === 'COMMIT') transaction = void transaction.release();
    }
    return reply.send(view);
  });
  await bare.listen({ port: 0, host: '127.0.0.1' });

  const load = startLoad();
  const reference = bare.server.address().port;
  const latencies = new Map([
    [port, []],
    [reference, []],
  ]);
  let last;
  const side = (of) => async () => {
    last = await load.run({ port: of, path, headers, connections: CONNECTIONS, milliseconds: MILLISECONDS });
    latencies.get(of).push(...last.latencies);
    return last.perSecond;
  };
  const sides = await interleave({
    rounds: ROUNDS,
    warmups: 2,
    subject: side(port),
    reference: side(reference),
  });
  const [ours, theirs] = [...latencies.values()].map(
    (values) => `${median(values).toFixed(1)} and ${quantile(values, 0.95).toFixed(1)} ms`,
  );
  const notes = [
    `${statements.length} statements a request, answer of ${(last.bytes / 1024).toFixed(1)} KB; latency at ${CONNECTIONS} connections, median and p95: ${ours}; reference ${theirs}`,
  ];
  if (process.env.BENCH_PROFILE) {
    statements.forEach(({ text, ms }, index) =>
      notes.push(`statement ${index + 1}: ${ms.toFixed(2)} ms ${short(text)}`),
    );
    const requests = (of) => async () => {
      await side(of)();
      return last.latencies.length;
    };
    for (const [who, of] of [
      ['Uplift', port],
      ['reference', reference],
    ]) {
      const { busy, packages, functions, inclusive } = await profiled(requests(of));
      notes.push(`${who}, CPU of the thread: ${busy}`);
      notes.push(...packages.map((line) => `${who}, CPU by package: ${line}`));
      if (of === reference) continue;
      notes.push(...functions.map((line) => `${who}, CPU by function: ${line}`));
      notes.push(...inclusive.map((line) => `${who}, CPU with what is called: ${line}`));
    }
  }
  await load.close();
  await bare.close();
  await Promise.all([...pools.values()].map((pool) => pool.end()));
  await app.close();
  const ratio = ratios(sides);
  return {
    rows: [
      {
        name: 'gap report endpoint',
        subject: spread(sides.subject, 'req/s'),
        reference: `bare Fastify, same SQL: ${spread(sides.reference, 'req/s')}`,
        ratio,
        aim: '≥ 0.6×',
        met: ratio.median >= 0.6,
      },
    ],
    notes,
  };
}
