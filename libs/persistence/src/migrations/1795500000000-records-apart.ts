import type { MigrationInterface, QueryRunner } from 'typeorm';
import { IMPORTER_ROLE, policies } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';

/**
 * The record of an imported inspection says which items were cited: those are answers, and they stood in a row that whoever
 * was granted the score may read. Now they have a table of their own, for whoever may read answers. What the others see of
 * such a result is stored in its layers, as that of any other (`uplift migrate` does so for the imports there are).
 */
export class RecordsApart1795500000000 implements MigrationInterface {
  name = 'RecordsApart1795500000000';

  async up(runner: QueryRunner): Promise<void> {
    // An import that commits between the copy and the drop would be lost.
    await runner.query(`LOCK TABLE assessment IN SHARE ROW EXCLUSIVE MODE`);
    await runner.query(`
      CREATE TABLE assessment_record (
        assessment_id uuid NOT NULL,
        body jsonb NOT NULL,
        CONSTRAINT "PK_assessment_record" PRIMARY KEY (assessment_id),
        CONSTRAINT "FK_assessment_record" FOREIGN KEY (assessment_id) REFERENCES assessment (id) DEFERRABLE INITIALLY DEFERRED
      )`);
    await runner.query(
      `INSERT INTO assessment_record (assessment_id, body) SELECT id, record FROM assessment WHERE record IS NOT NULL`,
    );
    await runner.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await runner.query(`
      CREATE OR REPLACE VIEW full_response WITH (security_invoker = true) AS
        SELECT assessment_id, requirement, answer, claim, na_reason, note, closed_on, answered_by, answered_at
          FROM response
        UNION ALL
        SELECT d.assessment_id, r.code,
               CASE WHEN d.body->'cited' ? r.code THEN d.body->>'listed' ELSE d.body->>'notListed' END,
               NULL, NULL, NULL, (d.body->'cited'->>r.code)::date, d.body->>'by', a.submitted_at
          FROM assessment_record d
          JOIN assessment a ON a.id = d.assessment_id
          JOIN checklist_version v ON v.id = a.checklist_version_id
          CROSS JOIN LATERAL (SELECT q->>'code' AS code FROM jsonb_array_elements(v.body->'requirements') q) r`);
    await this.letterbox(runner);
    await this.reopening(runner);
    await policies(runner, 'assessment_record', {
      select: reachedAssessment('assessment_record.assessment_id', 'answers'),
      worker: 'SELECT',
    });
    await runner.query(`GRANT SELECT, INSERT ON assessment_record TO ${IMPORTER_ROLE}`);
    await runner.query(`GRANT INSERT ON assessment_explanation TO ${IMPORTER_ROLE}`);
    await audit(runner, 'assessment_record', {
      // In line and not by the function, as for responses: asked for each record of an import.
      of: '(SELECT s.organisation_id FROM assessment a JOIN site s ON s.id = a.site_id WHERE a.id = x.assessment_id)',
      key: ['assessment_id'],
    });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }

  /** The version before still hands records in with the assessment: what comes in there is put where it belongs. */
  private async letterbox(runner: QueryRunner): Promise<void> {
    // Dropped and added, and not emptied: that would write, and record, every row of them once more.
    await runner.query(`ALTER TABLE assessment DROP COLUMN record`);
    await runner.query(
      `ALTER TABLE assessment ADD COLUMN record jsonb, ADD CONSTRAINT assessment_without_record CHECK (record IS NULL)`,
    );
    await runner.query(`
      CREATE FUNCTION record_apart() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        INSERT INTO assessment_record (assessment_id, body) VALUES (NEW.id, NEW.record);
        NEW.record := NULL;
        RETURN NEW;
      END $$`);
    await runner.query(
      `CREATE TRIGGER record_apart BEFORE INSERT ON assessment FOR EACH ROW WHEN (NEW.record IS NOT NULL) EXECUTE FUNCTION record_apart()`,
    );
  }

  /** A record is locked with its assessment. Taken up again, its answers become rows, to be changed one by one. */
  private async reopening(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION spell_out_record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM assessment_record d WHERE d.assessment_id = NEW.id) THEN
          INSERT INTO response (assessment_id, requirement, answer, closed_on, answered_by, answered_at)
            SELECT f.assessment_id, f.requirement, f.answer, f.closed_on, f.answered_by, f.answered_at
              FROM full_response f WHERE f.assessment_id = NEW.id;
          DELETE FROM assessment_record d WHERE d.assessment_id = NEW.id;
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(
      `CREATE TRIGGER spell_out_record AFTER UPDATE OF state ON assessment FOR EACH ROW
         WHEN (OLD.state = 'closed' AND NEW.state <> 'closed') EXECUTE FUNCTION spell_out_record()`,
    );
  }
}
