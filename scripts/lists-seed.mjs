/** Ten thousand suppliers for the demo of a running product: what `bench-web.mjs --part=lists` looks at. */
import pg from 'pg';
import { makeGains } from '../benchmarks/support/gains.mjs';
import { makeCohort, makeSites } from '../benchmarks/support/seed.mjs';

/**
 * Enrols `count` copies of the demo's sites in a cohort of their own, each with its pair of closed assessments, their
 * scores, findings and gain, how it stands with the demo's buyers, a certificate and a planned visit; every tenth with a
 * follow-up's successor that waits for its reviewer. Returns the cohort's id; `name` is its name. `url` is the database, as its owner.
 */
export async function seedLists(url, count, name) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const db = { query: (text, values) => client.query(text, values).then(({ rows }) => rows) };
  try {
    const cohortId = await makeCohort(db, name);
    const sites = await makeSites(db, cohortId, count, 'closed');
    await makeGains(db, cohortId, sites);
    // Spread over the map, and as hard to tell apart as names are.
    await db.query(
      `UPDATE site s SET name = f.name || ' ' || b.n, lat = s.lat + sin(b.n) * 0.8, lon = s.lon + cos(b.n * 7) * 0.8
         FROM bench_site b JOIN site f ON f.id = b.from_site WHERE s.id = b.site_id`,
    );
    await db.query(
      `UPDATE organisation o SET name = f.name || ' ' || b.n FROM bench_site b JOIN site s ON s.id = b.from_site
         JOIN organisation f ON f.id = s.organisation_id WHERE o.id = b.organisation_id`,
    );
    for (const of of ['baseline', 'follow_up']) {
      await db.query(
        `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at)
         SELECT b.${of}_id, x.revision, x.micro_points, x.passed, x.as_found, x.after_closure, x.computed_at
           FROM bench_site b JOIN assessment_score_explained x ON x.assessment_id = b.from_${of}`,
      );
      await db.query(
        `INSERT INTO finding (id, assessment_id, requirement, section, grade, conformity, note, due_on, closed_on)
         SELECT gen_random_uuid(), b.${of}_id, x.requirement, x.section, x.grade, x.conformity, x.note, x.due_on, x.closed_on
           FROM bench_site b JOIN finding x ON x.assessment_id = b.from_${of} ORDER BY b.n, x.requirement LIMIT 4 * $1`,
        [count],
      );
    }
    await db.query(
      `INSERT INTO readiness (id, site_id, buyer_rule_id, category, status, valid_until, assessment_id, body, evaluated_at)
       SELECT gen_random_uuid(), b.site_id, r.buyer_rule_id, r.category, r.status, r.valid_until + (b.n % 60), b.follow_up_id, r.body, r.evaluated_at
         FROM bench_site b JOIN readiness_explained r ON r.site_id = b.from_site AND r.assessment_id = b.from_follow_up`,
    );
    await db.query(
      `INSERT INTO certificate (id, number, site_id, assessment_id, state, proposed_by, decided_by, issued_on, valid_until, facts, history)
       SELECT gen_random_uuid(), 'BENCH-' || b.n, b.site_id, b.follow_up_id, 'valid', c.proposed_by, c.decided_by, c.issued_on, c.valid_until - (b.n % 300), c.facts, c.history
         FROM bench_site b CROSS JOIN (SELECT * FROM certificate WHERE state = 'valid' ORDER BY id LIMIT 1) c`,
    );
    await db.query(
      `INSERT INTO visit (id, site_id, cohort_id, state, earliest, due, latest, reason, assessor_id, planned_on, travel_km, unplanned_reasons)
       SELECT gen_random_uuid(), b.site_id, $1, 'planned', v.earliest, v.due, v.latest, v.reason, v.assessor_id, v.planned_on + (b.n % 200), v.travel_km, '[]'
         FROM bench_site b CROSS JOIN (SELECT * FROM visit WHERE state = 'planned' ORDER BY id LIMIT 1) v`,
      [cohortId],
    );
    await db.query(
      `INSERT INTO assessment (id, site_id, cohort_id, kind, state, submitted_at, checklist_version_id, scoring_profile_id, level, assessed_on, assessor_id)
       SELECT gen_random_uuid(), b.site_id, $1, 'verification', 'submitted', now() - b.n * interval '1 minute', a.checklist_version_id, a.scoring_profile_id, a.level, current_date, a.assessor_id
         FROM bench_site b JOIN assessment a ON a.id = b.from_follow_up WHERE b.n % 10 = 0`,
      [cohortId],
    );
    await db.query('DROP TABLE bench_site');
    await db.query('VACUUM ANALYZE');
    return cohortId;
  } finally {
    await client.end();
  }
}
