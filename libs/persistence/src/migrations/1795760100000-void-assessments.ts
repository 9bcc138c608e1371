import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever isn't the API reads as its role may. */
const NOT_THE_API = `current_setting('role') <> 'uplift_api'`;

/**
 * An assessment that was opened by mistake stays on record as void: why, by whom and when. It never comes back, and what was
 * once closed is never voided. A void follow-up leaves its baseline to another.
 */
export class VoidAssessments1795760100000 implements MigrationInterface {
  name = 'VoidAssessments1795760100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE assessment ADD COLUMN voided_at timestamptz, ADD COLUMN voided_by text, ADD COLUMN void_reason text,
        ADD CONSTRAINT assessment_voided CHECK ((state = 'void') = (voided_at IS NOT NULL)
          AND (voided_at IS NULL) = (voided_by IS NULL) AND (voided_at IS NULL) = (void_reason IS NULL))`);
    await runner.query(`DROP INDEX one_follow_up_per_baseline`);
    await runner.query(
      `CREATE UNIQUE INDEX one_follow_up_per_baseline ON assessment (baseline_id) WHERE kind = 'follow-up' AND state <> 'void'`,
    );
    await runner.query(`
      CREATE FUNCTION void_is_final() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF OLD.state = 'void' THEN
          RAISE EXCEPTION 'a void assessment never comes back' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.state NOT IN ('draft', 'in-progress') OR EXISTS (SELECT 1 FROM review_return r WHERE r.assessment_id = OLD.id AND r.action = 'reopen')
           OR EXISTS (SELECT 1 FROM certificate c WHERE c.assessment_id = OLD.id) THEN
          RAISE EXCEPTION 'what was decided is never voided' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
      END $$`);
    await runner.query(
      `CREATE TRIGGER assessment_void_is_final BEFORE UPDATE OF state ON assessment FOR EACH ROW
         WHEN (OLD.state <> NEW.state AND (OLD.state = 'void' OR NEW.state = 'void')) EXECUTE FUNCTION void_is_final()`,
    );
    // Read, like the reason of a reopening, by who works on the record.
    await runner.query(`
      CREATE OR REPLACE VIEW assessment_inside WITH (security_barrier) AS
        SELECT a.id, a.lock_hash, a.assessor_id, a.reviewer_id, CASE WHEN r.whole THEN a.reopen_reason END AS reopen_reason,
               CASE WHEN r.whole AND a.voided_at IS NOT NULL THEN jsonb_build_object('reason', a.void_reason, 'by', person_name(a.voided_by), 'at', a.voided_at) END AS voided
          FROM assessment a CROSS JOIN LATERAL (
            SELECT ${NOT_THE_API} OR coalesce(bool_or(x.scopes && '{record}'), false) AS whole, coalesce(bool_or(x.scopes && '{answers}'), false) AS answers
              FROM actor_reach x WHERE x.site_id = a.site_id) r
         WHERE r.whole OR (r.answers AND a.state = 'closed')`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
