import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE } from './1795440000000-who-sees-what.js';

/**
 * What belongs to nobody (published content, and its withdrawals) has a trail of its own. The API opens it for whoever looks
 * after the installation, a statement at a time: it says so in the transaction, because who they are the database doesn't know.
 */
export class InstallationsOwnTrail1795770000000 implements MigrationInterface {
  name = 'InstallationsOwnTrail1795770000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['audit_entry', 'audit_head'])
      await runner.query(
        `CREATE POLICY api_installation ON ${table} FOR SELECT TO ${API_ROLE}
           USING (organisation_id = '00000000-0000-0000-0000-000000000000' AND current_setting('uplift.administrator', true) = 'yes')`,
      );
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
