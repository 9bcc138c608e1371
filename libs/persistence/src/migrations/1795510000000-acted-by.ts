import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The trail says by what somebody acted, where that was not the person at the keyboard with all that signing in takes: an
 * API token, a session opened by a link in a mail, an invitation. Entries that have nothing to say there look as before.
 */
export class ActedBy1795510000000 implements MigrationInterface {
  name = 'ActedBy1795510000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION audit_body(moment timestamptz, who text, subject text, action text, rows jsonb) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT (jsonb_build_object('v', 1, 'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'actor', who,
                                   'request', nullif(current_setting('uplift.request', true), ''), 'from', audit_origin(),
                                   'subject', subject, 'action', action, 'rows', rows)
                || CASE WHEN current_setting('uplift.by', true) <> '' THEN jsonb_build_object('by', current_setting('uplift.by', true)) ELSE '{}' END)::text $$`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
