import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase('rls-test');
});
afterAll(() => database.drop());
test('x', async () => {
  const c = new pg.Client({ connectionString: database.url, options: '-c role=uplift_api' });
  await c.connect();
  for (const t of ['organisation','membership','site','site_reach','programme','programme_participant','cohort','enrolment','assessment','response','assessment_score','finding','gain','cohort_aggregate','buyer_rule_row','readiness','assessor','absence','engagement','visit','certificate','idempotency_key'])
    expect((await c.query(`SELECT count(*)::int AS n FROM ${t}`)).rows[0].n).toBe(0);
  await c.end();
});
