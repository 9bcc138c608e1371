import type { MigrationInterface, QueryRunner } from 'typeorm';
import { policies } from './1795440000000-who-sees-what.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';
import { audit } from './1795700000000-audit-at-less-cost.js';

/**
 * Every time an assessment was sent back or reopened, why, and which of its items the reviewer questions, with the answer as
 * it was then. Written once and never changed; for who works on the record, like the reason in the assessment itself.
 */
export class ReviewReturns1795760000000 implements MigrationInterface {
  name = 'ReviewReturns1795760000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE review_return (
        id uuid NOT NULL,
        assessment_id uuid NOT NULL,
        action text NOT NULL,
        reason text NOT NULL,
        remarks jsonb NOT NULL DEFAULT '[]',
        returned_by text NOT NULL,
        returned_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT "PK_review_return" PRIMARY KEY (id),
        CONSTRAINT "FK_review_return_assessment" FOREIGN KEY (assessment_id) REFERENCES assessment (id),
        CONSTRAINT review_return_action CHECK (action IN ('return', 'reopen')),
        CONSTRAINT review_return_remarks CHECK (jsonb_typeof(remarks) = 'array')
      )`);
    await runner.query(
      `CREATE INDEX review_return_of_assessment ON review_return (assessment_id, returned_at)`,
    );
    await runner.query(
      `CREATE TRIGGER review_return_kept BEFORE UPDATE OR DELETE ON review_return FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    );
    const reached = reachedAssessment('review_return.assessment_id');
    await policies(runner, 'review_return', {
      select: reached,
      insert: `${reached} AND review_return.returned_by = (SELECT actor_user())`,
      worker: 'SELECT',
    });
    await audit(runner, 'review_return', { of: 'assessment_owner(x.assessment_id)', key: ['id'] });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
