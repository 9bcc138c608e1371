import './support/statements.mjs';
import { performance } from 'node:perf_hooks';
import { interleave, median, ratios, spread, timed } from './support/measure.mjs';
import { database, signIn, startApi } from './support/product.mjs';
import { makeGains } from './support/gains.mjs';
import { makeAnswers, makeCohort, makeSites } from './support/seed.mjs';
import { short, statementsOf } from './support/statements.mjs';

const SMALL = 100;
const LARGE = 10_000;
const ROUNDS = 9;
/** Of one side in one round. */
const MILLISECONDS = 200;

/** Reading the report of a cohort of 10,000 sites with gains against one of 100, side by side in one database. */
export default async function cohortReport() {
  const db = await database(2);
  const small = await seed(db, SMALL);
  const large = await seed(db, LARGE);
  await db.query('VACUUM ANALYZE');
  await db.close();

  const { app } = await startApi();
  const { cookie } = await signIn(app, 'programme-manager');
  const read = async (id) => {
    const answer = await app.inject({
      method: 'GET',
      url: `/api/v1/cohorts/${id}/report?lang=en`,
      headers: { cookie },
    });
    if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`);
    return answer.json();
  };
  for (const [id, count] of [
    [small, SMALL],
    [large, LARGE],
  ]) {
    const { n } = await read(id);
    if (n.enrolled !== count || n.matched !== count) throw new Error(`Seeded wrongly: ${JSON.stringify(n)}`);
  }
  const side = (id) => async () => {
    const times = [];
    const end = performance.now() + MILLISECONDS;
    do times.push(await timed(() => read(id)));
    while (performance.now() < end);
    return median(times);
  };
  const sides = await interleave({
    rounds: ROUNDS,
    warmups: 2,
    subject: side(large),
    reference: side(small),
  });

  const growth = await statementTimes(
    () => read(small),
    () => read(large),
  );
  await app.close();
  const ratio = ratios(sides);
  return {
    rows: [
      {
        name: 'cohort report, 10,000 sites',
        subject: spread(sides.subject, 'ms'),
        reference: `100 sites: ${spread(sides.reference, 'ms')}`,
        ratio,
        aim: '≤ 1.5×',
        met: ratio.median <= 1.5,
      },
    ],
    notes: growth
      .filter(({ small, large }) => large > 1.5 * small && large - small > 0.2)
      .sort((a, b) => b.large - b.small - (a.large - a.small))
      .map(
        ({ text, small, large }) =>
          `grows from ${small.toFixed(2)} to ${large.toFixed(2)} ms: ${short(text)}`,
      ),
  };
}

/** A cohort whose sites all have a comparable gain, and the aggregate that belongs to them. */
async function seed(db, count) {
  const cohortId = await makeCohort(db, `Bench of ${count}`);
  const sites = await makeSites(db, cohortId, count, 'closed');
  await makeAnswers(db, 1);
  await makeGains(db, cohortId, sites);
  return cohortId;
}

/** Median time of each statement of a read, matched by its place. */
async function statementTimes(readSmall, readLarge) {
  const times = [];
  for (let n = 0; n < 7; n += 1) {
    for (const [key, read] of [
      ['small', readSmall],
      ['large', readLarge],
    ]) {
      (await statementsOf(read)).forEach(({ text, ms }, place) => {
        times[place] ??= { text, small: [], large: [] };
        times[place][key].push(ms);
      });
    }
  }
  return times.map(({ text, small, large }) => ({ text, small: median(small), large: median(large) }));
}
