import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Imports of inspection records asked for through the API, with their files until they have ended. */
export class RecordImports1795434010000 implements MigrationInterface {
  name = 'RecordImports1795434010000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE record_import (
        id uuid NOT NULL,
        organisation_id uuid NOT NULL,
        requested_by text NOT NULL,
        dataset text NOT NULL,
        mapping text NOT NULL,
        country character(2) NOT NULL,
        content_hash character(64) NOT NULL,
        state text NOT NULL,
        step text,
        summary jsonb,
        stored jsonb,
        problem jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        CONSTRAINT "PK_91000e225d33b848b3aa506dc41" PRIMARY KEY (id),
        CONSTRAINT "FK_da53bb67f3d15585de8008597cf" FOREIGN KEY (organisation_id) REFERENCES organisation (id)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX one_import_of_same_content ON record_import (organisation_id, content_hash) WHERE state <> 'failed'`,
    );
    await runner.query(`
      CREATE TABLE record_import_file (
        import_id uuid NOT NULL,
        name text NOT NULL,
        content bytea NOT NULL,
        CONSTRAINT "PK_13aee6d16c15894963c7b92ca22" PRIMARY KEY (import_id, name),
        CONSTRAINT "FK_8553dbb0d403aaa422cb66e8909" FOREIGN KEY (import_id) REFERENCES record_import (id) ON DELETE CASCADE
      )`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
