import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, WORKER_ROLE } from './1795440000000-who-sees-what.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';

/** Columns that not everybody may read who may read the row. The API's role has no right to them; views show them. */
const OUT_OF_REACH: Readonly<Record<string, readonly string[]>> = {
  assessment: ['lock_hash', 'assessor_id', 'reviewer_id', 'reopen_reason'],
  evidence: ['file_name', 'device_id', 'declared_by', 'lat', 'lon'],
  response: ['answered_by'],
  finding_closure: ['reopened_by'],
};
/** Whoever isn't the API reads as its role may. */
const NOT_THE_API = `current_setting('role') <> '${API_ROLE}'`;

/**
 * A policy shows a row or doesn't. Whom only the score was shared with read in it the hash of the answers, from which those of
 * an imported inspection with few citations can be guessed, and who assessed and reviewed; whom evidence was shared with,
 * from which device and where it was taken. These columns are now read by views that ask for more: hash and people by
 * readers of answers, the rest by who works on the record. With their owner's rights, and barriers, like the other views of
 * what an actor reaches.
 */
export class ColumnsOutOfReach1795640000000 implements MigrationInterface {
  name = 'ColumnsOutOfReach1795640000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE VIEW assessment_inside WITH (security_barrier) AS
        SELECT a.id, a.lock_hash, a.assessor_id, a.reviewer_id, CASE WHEN r.whole THEN a.reopen_reason END AS reopen_reason
          FROM assessment a CROSS JOIN LATERAL (
            SELECT ${NOT_THE_API} OR coalesce(bool_or(x.scopes && '{record}'), false) AS whole, coalesce(bool_or(x.scopes && '{answers}'), false) AS answers
              FROM actor_reach x WHERE x.site_id = a.site_id) r
         WHERE r.whole OR (r.answers AND a.state = 'closed')`);
    await runner.query(`
      CREATE VIEW evidence_inside WITH (security_barrier) AS
        SELECT e.id, e.file_name, e.device_id, e.declared_by, e.lat, e.lon FROM evidence e
         WHERE ${NOT_THE_API} OR ${reachedAssessment('e.assessment_id')}`);
    await runner.query(`
      CREATE VIEW response_inside WITH (security_barrier) AS
        SELECT w.assessment_id, w.requirement, w.answer, w.answered_by FROM response w
         WHERE ${NOT_THE_API} OR ${reachedAssessment('w.assessment_id')}`);
    for (const view of ['assessment_inside', 'evidence_inside', 'response_inside'])
      await runner.query(`GRANT SELECT ON ${view} TO ${API_ROLE}, ${WORKER_ROLE}`);
    await this.fullResponse(runner);
    for (const [table, columns] of Object.entries(OUT_OF_REACH))
      await runner.query(`
        DO $$
        BEGIN
          REVOKE SELECT ON ${table} FROM ${API_ROLE};
          EXECUTE (SELECT format('GRANT SELECT (%s) ON ${table} TO ${API_ROLE}', string_agg(quote_ident(attname), ', '))
                     FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND NOT attisdropped
                      AND attname <> ALL ('{${columns.join(',')}}'::text[]));
        END $$`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }

  /** A view that runs with the rights of who asks may name no column that they have no right to. */
  private async fullResponse(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP VIEW full_response`);
    await runner.query(`
      CREATE VIEW full_response WITH (security_invoker = true) AS
        SELECT assessment_id, requirement, answer, claim, na_reason, note, closed_on, answered_at
          FROM response
        UNION ALL
        SELECT d.assessment_id, r.code,
               CASE WHEN d.body->'cited' ? r.code THEN d.body->>'listed' ELSE d.body->>'notListed' END,
               NULL, NULL, NULL, (d.body->'cited'->>r.code)::date, a.submitted_at
          FROM assessment_record d
          JOIN assessment a ON a.id = d.assessment_id
          JOIN checklist_version v ON v.id = a.checklist_version_id
          CROSS JOIN LATERAL (SELECT q->>'code' AS code FROM jsonb_array_elements(v.body->'requirements') q) r`);
    await runner.query(`GRANT SELECT ON full_response TO ${API_ROLE}, ${WORKER_ROLE}`);
    await runner.query(`
      CREATE OR REPLACE FUNCTION spell_out_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        author text := (SELECT d.body->>'by' FROM assessment_record d WHERE d.assessment_id = NEW.id);
      BEGIN
        IF EXISTS (SELECT 1 FROM assessment_record d WHERE d.assessment_id = NEW.id) THEN
          INSERT INTO response (assessment_id, requirement, answer, closed_on, answered_by, answered_at)
            SELECT f.assessment_id, f.requirement, f.answer, f.closed_on, author, f.answered_at
              FROM full_response f WHERE f.assessment_id = NEW.id;
          DELETE FROM assessment_record d WHERE d.assessment_id = NEW.id;
        END IF;
        RETURN NULL;
      END $$`);
  }
}
