import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the entities cannot say: the outbox, immutability of published content, who sees which site. */
export class RulesInTheDatabase1795433200000 implements MigrationInterface {
  name = 'RulesInTheDatabase1795433200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        taken_at timestamptz
      )`);
    await runner.query(`CREATE INDEX outbox_waiting ON outbox (created_at, id) WHERE taken_at IS NULL`);
    await runner.query(`CREATE INDEX outbox_taken ON outbox (taken_at) WHERE taken_at IS NOT NULL`);
    // The relay is told at commit, whoever inserts.
    await runner.query(`
      CREATE FUNCTION outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('uplift_outbox', '');
        RETURN NULL;
      END $$`);
    await runner.query(
      `CREATE TRIGGER outbox_notify AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION outbox_notify()`,
    );
    await runner.query(
      `CREATE TABLE worker_beat (id integer NOT NULL, beat_at timestamptz NOT NULL, CONSTRAINT "PK_worker_beat" PRIMARY KEY (id))`,
    );
    await runner.query(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'published content is immutable' USING ERRCODE = 'restrict_violation';
      END $$`);
    for (const table of ['checklist_version', 'crosswalk', 'scoring_profile']) {
      await runner.query(
        `CREATE TRIGGER ${table}_immutable BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
      );
    }
    await runner.query(`
      CREATE VIEW site_access AS
        SELECT m.user_id, s.id AS site_id, m.role, 'owner-organisation' AS part
          FROM membership m JOIN site s ON s.organisation_id = m.organisation_id
        UNION ALL
        SELECT m.user_id, e.site_id, m.role, p.part
          FROM membership m
          JOIN programme_participant p ON p.organisation_id = m.organisation_id
          JOIN cohort c ON c.programme_id = p.programme_id
          JOIN enrolment e ON e.cohort_id = c.id`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
