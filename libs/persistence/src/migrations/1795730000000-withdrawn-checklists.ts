import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, WORKER_ROLE } from './1795440000000-who-sees-what.js';
import { audit } from './1795700000000-audit-at-less-cost.js';

/**
 * A published version never changes, and can't be taken back; but it may be found wrong. A withdrawal stands beside it: nobody
 * begins with the version any more, and whatever was begun goes on. Taking it back is an entry in the same row, once.
 */
export class WithdrawnChecklists1795730000000 implements MigrationInterface {
  name = 'WithdrawnChecklists1795730000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE checklist_withdrawal (
        id uuid NOT NULL,
        checklist_version_id uuid NOT NULL,
        successor_id uuid,
        reason text NOT NULL,
        withdrawn_at timestamptz NOT NULL DEFAULT now(),
        reinstated_at timestamptz,
        reinstate_reason text,
        CONSTRAINT "PK_checklist_withdrawal" PRIMARY KEY (id),
        CONSTRAINT "FK_withdrawal_version" FOREIGN KEY (checklist_version_id) REFERENCES checklist_version (id),
        CONSTRAINT "FK_withdrawal_successor" FOREIGN KEY (successor_id) REFERENCES checklist_version (id),
        CONSTRAINT withdrawal_names_another CHECK (successor_id <> checklist_version_id)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX one_withdrawal_in_force ON checklist_withdrawal (checklist_version_id) WHERE reinstated_at IS NULL`,
    );
    await runner.query(
      `CREATE TRIGGER checklist_withdrawal_over BEFORE UPDATE ON checklist_withdrawal FOR EACH ROW
         WHEN (OLD.reinstated_at IS NOT NULL) EXECUTE FUNCTION refuse_change()`,
    );
    await runner.query(
      `CREATE TRIGGER checklist_withdrawal_kept BEFORE DELETE ON checklist_withdrawal FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    );
    await runner.query(`GRANT SELECT, INSERT ON checklist_withdrawal TO ${API_ROLE}`);
    await runner.query(
      `GRANT UPDATE (reinstated_at, reinstate_reason) ON checklist_withdrawal TO ${API_ROLE}`,
    );
    await runner.query(`GRANT SELECT ON checklist_withdrawal TO ${WORKER_ROLE}`);
    await audit(runner, 'checklist_withdrawal', { of: 'NULL', key: ['id'] });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
