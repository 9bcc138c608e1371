/** The same calls to the same product, on a copy of its database that lacks one thing: what that thing costs. */
import { statementsOf } from './statements.mjs';
import pg from 'pg';
import { interleave, median, ratios, spread, timed } from './measure.mjs';
import { config, database, signIn, startApi } from './product.mjs';
import { makeAnswers, makeCohort, makeSites } from './seed.mjs';

const ROUNDS = 20;
const WARMUPS = 8; // until every connection has prepared its statements
const AIM = 1.25;

/** Cohort with follow-ups that wait to be answered and submitted, in the programme of the demo. */
async function seed() {
  const db = await database(1);
  const cohortId = await makeCohort(db, 'Bench of writes');
  const sites = await makeSites(db, cohortId, ROUNDS + WARMUPS, 'in-progress');
  await makeAnswers(db, sites.length);
  const answers = await Promise.all(
    sites.map(({ followUpId }) =>
      db.query(
        `SELECT requirement, answer, na_reason AS "naReason", note FROM response WHERE assessment_id = $1 ORDER BY requirement`,
        [followUpId],
      ),
    ),
  );
  const [{ report }] = await db.query(
    `SELECT a.id AS report FROM assessment a WHERE a.kind = 'follow-up' AND EXISTS (SELECT 1 FROM finding f WHERE f.assessment_id = a.id)
      ORDER BY (SELECT count(*) FROM finding f WHERE f.assessment_id = a.id) DESC, a.id LIMIT 1`,
  );
  const [{ cohort }] = await db.query(
    `SELECT cohort_id AS cohort FROM gain WHERE comparable GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
  );
  await db.query('VACUUM ANALYZE');
  await db.close();
  return { sites, answers, report, cohort };
}

/** A copy of the database, after `sql` has been run on it by its owner. */
async function copyWithout(sql) {
  const from = new URL(config.databaseUrl);
  const name = `${from.pathname.slice(1)}_without`;
  const run = async (pathname, text) => {
    const client = new pg.Client({ connectionString: Object.assign(new URL(from), { pathname }).href });
    await client.connect();
    await client.query(text).finally(() => client.end());
  };
  await run('/postgres', `CREATE DATABASE ${name} TEMPLATE ${from.pathname.slice(1)}`);
  await run(`/${name}`, sql);
  return Object.assign(new URL(from), { pathname: `/${name}` }).href;
}

/** Rows of the table: each call with the thing, against the same call without it. `sql` takes it away. */
export async function costOf(label, without, sql, wanted = () => true) {
  const { sites, answers, report, cohort } = await seed();
  const sides = [];
  for (const databaseUrl of [config.databaseUrl, await copyWithout(sql)]) {
    const { app } = await startApi({ ...config, databaseUrl });
    const { cookie } = await signIn(app, 'programme-manager');
    sides.push({ app, headers: { cookie, origin: config.baseUrl } });
  }
  const send =
    ({ app, headers }, method, url, payload) =>
    async () => {
      const answer = await app.inject({ method, url: `/api/v1/${url}`, payload, headers });
      if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.statusCode} ${answer.body}`);
    };
  const calls = {
    'gap report': (side) => timed(send(side, 'GET', `assessments/${report}/gap-report?lang=en`)),
    'cohort report': (side) => timed(send(side, 'GET', `cohorts/${cohort}/report?lang=en`)),
    'list of sites': (side) => timed(send(side, 'GET', 'sites?limit=50')),
    'list of assessments': (side) => timed(send(side, 'GET', 'assessments?limit=50')),
    'all answers changed': (side, round) =>
      timed(
        send(side, 'PUT', `assessments/${sites[round + WARMUPS].followUpId}/responses`, {
          answers: answers[round + WARMUPS].map(({ naReason, note, ...answer }) => ({
            ...answer,
            ...(naReason && { naReason }),
            note: `${note ?? ''}!`,
          })),
        }),
      ),
    submit: (side, round) =>
      timed(send(side, 'POST', `assessments/${sites[round + WARMUPS].followUpId}/submit`)),
  };
  const rows = [];
  for (const [name, call] of Object.entries(calls).filter(([name]) => wanted(name))) {
    const measured = await interleave({
      rounds: ROUNDS,
      warmups: WARMUPS,
      subject: (round) => call(sides[0], round),
      reference: (round) => call(sides[1], round),
    });
    const ratio = ratios(measured);
    rows.push({
      name: `${label}: ${name}`,
      subject: spread(measured.subject, 'ms'),
      reference: `${without}: ${spread(measured.reference, 'ms')}`,
      ratio,
      aim: `≤ ${AIM}×`,
      met: ratio.median <= AIM,
    });
  }
  const deciding = await decision(send(sides[0], 'GET', `assessments/${report}/gap-report?lang=en`));
  for (const { app } of sides) await app.close();
  return {
    rows,
    notes: [
      `${answers[0].length} answers a call, every one of them changed`,
      `who asks and what they reach: ${deciding} ms of a request for a gap report`,
    ],
  };
}

/** Milliseconds a request spends on finding out who asks and what of the site they reach. */
async function decision(request) {
  const times = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    const statements = await statementsOf(request);
    const asked = statements.filter(({ text }) =>
      /FROM session |memberships_of|set_config|site_access/.test(text),
    );
    times.push(asked.reduce((sum, { ms }) => sum + ms, 0));
  }
  return median(times).toFixed(1);
}

export const WRITES = ['all answers changed', 'submit'];
