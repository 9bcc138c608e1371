import type { MigrationInterface, QueryRunner } from 'typeorm';
import { MANAGED, OWN } from './1795440000000-who-sees-what.js';
import { reached } from './1795480000000-policies-at-less-cost.js';

/**
 * A site comes into a cohort when both sides want it: its owner, whose record the programme sees from then on, and the
 * programme, of whose figures it becomes a part. So an owner needs a code that the programme has given out; the database
 * compares it, with the hash that is all it has of it. Until now the cohort's id was enough, wherever somebody had it from.
 */
export class JoiningACohort1795640100000 implements MigrationInterface {
  name = 'JoiningACohort1795640100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE cohort ADD COLUMN joining_hash character(64), ADD COLUMN joining_until timestamptz`,
    );
    // Whether the code of this transaction opens a cohort.
    await runner.query(`
      CREATE FUNCTION cohort_opens(cohort uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
        SELECT EXISTS (SELECT 1 FROM cohort c WHERE c.id = $1 AND c.joining_until > now()
          AND c.joining_hash = encode(sha256(convert_to(nullif(current_setting('uplift.joining_code', true), ''), 'UTF8')), 'hex')) $$`);
    const managed = `(SELECT true FROM actor_cohort c WHERE c.id = enrolment.cohort_id AND ${MANAGED('c.programme_id')} LIMIT 1)`;
    await runner.query(`
      ALTER POLICY api_insert ON enrolment WITH CHECK (
        (${reached('enrolment.site_id')} AND ${managed})
        OR (cohort_opens(enrolment.cohort_id) AND (SELECT true FROM actor_reach r WHERE r.site_id = enrolment.site_id AND ${OWN('r.owner_id')} LIMIT 1)))`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
