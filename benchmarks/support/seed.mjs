/** Makes a cohort in the programme of the demo and returns its id. */
export async function makeCohort(db, name) {
  const [{ id }] = await db.query(
    `INSERT INTO cohort (id, programme_id, name, starts_on)
     SELECT gen_random_uuid(), id, $1, current_date - 170 FROM programme WHERE code = 'demo-nile' RETURNING id`,
    [name],
  );
  return id;
}

/**
 * Enrols `count` copies of the demo's sites and gives each a copy of a demo pair of assessments (`kind` and state as
 * told), without answers. Returns one row per site: its number, site, baseline, follow-up, and what it is a copy of.
 */
export async function makeSites(db, cohortId, count, followUpState) {
  await db.query(`DROP TABLE IF EXISTS bench_site`);
  await db.query(
    `CREATE TABLE bench_site AS
     SELECT n, gen_random_uuid() AS organisation_id, gen_random_uuid() AS site_id, gen_random_uuid() AS baseline_id,
            gen_random_uuid() AS follow_up_id, g.site_id AS from_site, g.baseline_id AS from_baseline, g.follow_up_id AS from_follow_up
       FROM generate_series(1, $1::int) n
       JOIN (SELECT *, row_number() OVER (ORDER BY follow_up_id) AS place, count(*) OVER () AS all_of_them FROM gain WHERE comparable
               AND cohort_id IN (SELECT c.id FROM cohort c WHERE c.name LIKE '%(demo,%')) g
         ON g.place = 1 + (n - 1) % g.all_of_them`,
    [count],
  );
  await db.query(
    `INSERT INTO organisation (id, name, kind, country, demo) SELECT organisation_id, 'Bench ' || n, 'supplier', 'EG', true FROM bench_site`,
  );
  await db.query(
    `INSERT INTO site (id, organisation_id, name, city, country, lat, lon, categories, languages)
     SELECT b.site_id, b.organisation_id, 'Bench ' || n, s.city, s.country, s.lat, s.lon, s.categories, s.languages FROM bench_site b JOIN site s ON s.id = b.from_site`,
  );
  await db.query(
    `INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on, exited_on, exit_reason)
     SELECT gen_random_uuid(), $1, site_id, current_date - 165, CASE WHEN n % 9 = 0 THEN current_date - 20 END,
            CASE WHEN n % 9 = 0 THEN CASE WHEN n % 2 = 0 THEN 'changed-owner' ELSE 'no-staff' END END FROM bench_site`,
    [cohortId],
  );
  const columns = `checklist_version_id, scoring_profile_id, level, assessed_on, assessor_id, reviewer_id`;
  await db.query(
    `INSERT INTO assessment (id, site_id, cohort_id, kind, state, submitted_at, closed_at, ${columns})
     SELECT b.baseline_id, b.site_id, $1, 'baseline', 'closed', a.submitted_at, a.closed_at, ${columns}
       FROM bench_site b JOIN assessment a ON a.id = b.from_baseline`,
    [cohortId],
  );
  await db.query(
    `INSERT INTO assessment (id, site_id, cohort_id, kind, state, submitted_at, closed_at, baseline_id, ${columns})
     SELECT b.follow_up_id, b.site_id, $1, 'follow-up', $2, CASE WHEN $2 = 'closed' THEN a.submitted_at END,
            CASE WHEN $2 = 'closed' THEN a.closed_at END, b.baseline_id, ${columns}
       FROM bench_site b JOIN assessment a ON a.id = b.from_follow_up`,
    [cohortId, followUpState],
  );
  return db.query(
    `SELECT n, site_id AS "siteId", baseline_id AS "baselineId", follow_up_id AS "followUpId", from_follow_up AS "fromFollowUp" FROM bench_site ORDER BY n`,
  );
}

/** Copies the answers of the originals of the first `count` sites of `makeSites`. */
export async function makeAnswers(db, count) {
  await db.query(
    `INSERT INTO response (assessment_id, requirement, answer, claim, na_reason, note, closed_on, answered_by, answered_at)
     SELECT c.id, r.requirement, r.answer, r.claim, r.na_reason, r.note, r.closed_on, r.answered_by, r.answered_at
       FROM bench_site b CROSS JOIN LATERAL (VALUES (b.baseline_id, b.from_baseline), (b.follow_up_id, b.from_follow_up)) AS c(id, source)
       JOIN response r ON r.assessment_id = c.source WHERE b.n <= $1`,
    [count],
  );
}
