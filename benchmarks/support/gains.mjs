import { addGain } from '#domain';
import { emptyCohort } from '#application';

/** Gives the sites of `makeSites` copies of the demo's gains, and their cohort the aggregate that belongs to them. */
export async function makeGains(db, cohortId, sites) {
  await db.query(
    `INSERT INTO gain (follow_up_id, baseline_id, site_id, cohort_id, comparable, baseline_micro, follow_up_micro, body, contribution, computed_at)
     SELECT b.follow_up_id, b.baseline_id, b.site_id, $1, g.comparable, g.baseline_micro, g.follow_up_micro, g.body, g.contribution,
            now() - n * interval '1 second' FROM bench_site b JOIN gain g ON g.follow_up_id = b.from_follow_up`,
    [cohortId],
  );
  const rows = await db.query(
    `SELECT follow_up_id AS id, contribution FROM gain WHERE cohort_id <> $1 AND comparable`,
    [cohortId],
  );
  const contributions = new Map(rows.map((row) => [row.id, row.contribution]));
  let { gains, parts, independence, days } = emptyCohort();
  for (const { fromFollowUp } of sites) {
    const contribution = contributions.get(fromFollowUp);
    gains = addGain(gains, contribution.gain);
    independence = {
      ...independence,
      [contribution.independence]: independence[contribution.independence] + 1,
    };
    days = { ...days, [contribution.days]: (days[contribution.days] ?? 0) + 1 };
    parts = Object.fromEntries(
      Object.entries(parts).map(([part, sum]) => [
        part,
        String(BigInt(sum) + BigInt(contribution.parts[part])),
      ]),
    );
  }
  await db.query(
    `INSERT INTO cohort_aggregate (cohort_id, baselines, follow_ups, body, updated_at) VALUES ($1, $2, $2, $3, now())`,
    [cohortId, sites.length, JSON.stringify({ gains, parts, independence, days })],
  );
}
