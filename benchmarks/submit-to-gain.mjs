import { ResultsService } from '#application';
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { median, quantile, timed } from './support/measure.mjs';
import { closeQueue, config, database, idle, signIn, startApi, startWorker } from './support/product.mjs';
import { makeAnswers, makeCohort, makeSites } from './support/seed.mjs';

const PAIRS = 40;
const WARMUPS = 5;

/**
 * From sending the POST that submits a follow-up until another connection sees its gain: through API, outbox, queue and
 * worker; against the worker's computation alone, called directly. Every measurement is of a follow-up of its own.
 */
export default async function submitToGain() {
  const db = await database(4);
  const cohortId = await makeCohort(db, 'Bench of submissions');
  const sites = await makeSites(db, cohortId, 2 * (PAIRS + WARMUPS), 'in-progress');
  await makeAnswers(db, sites.length);
  const results = new ResultsService(db);
  for (const { baselineId } of sites) await results.compute(baselineId);
  await db.query('VACUUM ANALYZE');

  const { app, port } = await startApi();
  const worker = await startWorker();
  const { cookie } = await signIn(app, 'programme-manager');
  const watcher = new pg.Client({ connectionString: config.databaseUrl });
  await watcher.connect();
  await idle(db);

  const agent = new http.Agent({ keepAlive: true });
  const submit = (id) =>
    new Promise((done, stop) => {
      http
        .request(
          {
            port,
            host: '127.0.0.1',
            method: 'POST',
            path: `/api/v1/assessments/${id}/submit`,
            headers: { cookie, origin: config.baseUrl },
            agent,
          },
          (answer) => {
            let body = '';
            answer.on('data', (chunk) => (body += chunk));
            answer.on('end', () =>
              answer.statusCode === 200 ? done() : stop(new Error(`${answer.statusCode} ${body}`)),
            );
          },
        )
        .on('error', stop)
        .end();
    });
  const answered = [];
  const through = async ({ followUpId }) => {
    const from = performance.now();
    const answer = submit(followUpId).then(() => performance.now() - from);
    for (;;) {
      const { rowCount } = await watcher.query('SELECT 1 FROM gain WHERE follow_up_id = $1', [followUpId]);
      if (rowCount > 0) break;
      if (performance.now() - from > 30_000) throw new Error('No gain within 30 s.');
      await new Promise((done) => setTimeout(done, 1));
    }
    const spent = performance.now() - from;
    answered.push(await answer);
    return spent;
  };
  const direct = async ({ followUpId }) => {
    await db.query(`UPDATE assessment SET state = 'submitted', submitted_at = now() WHERE id = $1`, [
      followUpId,
    ]);
    return timed(() => results.compute(followUpId));
  };

  const times = { through: [], direct: [] };
  for (let n = 0; n < sites.length; n += 2) {
    const pair = [
      ['through', through, sites[n]],
      ['direct', direct, sites[n + 1]],
    ];
    if (n % 4 === 2) pair.reverse();
    for (const [key, work, site] of pair) {
      const spent = await work(site);
      if (n >= 2 * WARMUPS) times[key].push(spent);
      await idle(db); // readiness and visits of the last one don't disturb the next
    }
  }
  const [{ gains }] = await db.query(
    `SELECT (body->'gains'->>'n')::int AS gains FROM cohort_aggregate WHERE cohort_id = $1`,
    [cohortId],
  );
  if (gains !== sites.length) throw new Error(`The aggregate counts ${gains} of ${sites.length} gains.`);

  await watcher.end();
  agent.destroy();
  await worker.close();
  await app.close();
  await closeQueue();
  await db.close();
  const figures = (values) =>
    `${median(values).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} (${Math.min(...values).toFixed(1)}–${Math.max(...values).toFixed(1)})`;
  const each = times.through.map((ms, n) => ms / times.direct[n]);
  return {
    rows: [
      {
        name: 'submit to gain',
        subject: figures(times.through),
        reference: `computed directly: ${figures(times.direct)}`,
        ratio: { median: median(each), min: Math.min(...each), max: Math.max(...each), rounds: each.length },
      },
    ],
    notes: [`the POST itself was answered after ${figures(answered.slice(WARMUPS))}`],
  };
}
