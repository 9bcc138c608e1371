import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An imported inspection says which items were cited; all others conform. It is kept as it came, one value instead of
 * a row for each item, and read through a view that spells it out. Scores of such assessments are explained on reading.
 */
export class CompactRecords1795434000000 implements MigrationInterface {
  name = 'CompactRecords1795434000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE assessment ADD record jsonb`);
    await runner.query(`ALTER TABLE assessment_score ALTER as_found DROP NOT NULL`);
    await runner.query(`ALTER TABLE assessment_score ALTER after_closure DROP NOT NULL`);
    await runner.query(`
      CREATE VIEW full_response AS
        SELECT assessment_id, requirement, answer, claim, na_reason, note, closed_on, answered_by, answered_at
          FROM response
        UNION ALL
        SELECT a.id, r.code,
               CASE WHEN a.record->'cited' ? r.code THEN a.record->>'listed' ELSE a.record->>'notListed' END,
               NULL, NULL, NULL, (a.record->'cited'->>r.code)::date, a.record->>'by', a.submitted_at
          FROM assessment a
          JOIN checklist_version v ON v.id = a.checklist_version_id
          CROSS JOIN LATERAL (SELECT q->>'code' AS code FROM jsonb_array_elements(v.body->'requirements') q) r
         WHERE a.record IS NOT NULL`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
