import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whoever was granted certificates only could count a site's closed assessments in the view that the policies ask. It names
 * assessments to those who see something of them.
 */
export class AssessmentsOfScopes1795500100000 implements MigrationInterface {
  name = 'AssessmentsOfScopes1795500100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE VIEW actor_assessment WITH (security_barrier) AS
        SELECT a.id, r.scopes FROM assessment a JOIN site_reach r ON r.site_id = a.site_id
         WHERE r.holder_id = ANY ((SELECT actor_holders())::uuid[]) AND (r.until IS NULL OR r.until >= current_date)
           AND (r.scopes && '{record}' OR (a.state = 'closed' AND r.scopes <> '{certificate}'))`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
