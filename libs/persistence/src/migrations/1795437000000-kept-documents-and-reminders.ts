import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Documents as they were issued, people's own settings, who was told what of a visit, reminders that went out. */
export class KeptDocumentsAndReminders1795437000000 implements MigrationInterface {
  name = 'KeptDocumentsAndReminders1795437000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE "document" ("id" uuid NOT NULL, "kind" text NOT NULL, "subject_id" uuid NOT NULL, "language" text NOT NULL, "source_hash" character(64) NOT NULL, "sha256" character(64) NOT NULL, "size" integer NOT NULL, "media_type" text NOT NULL, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "PK_e57d3357f83f3cdc0acffc3d777" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE UNIQUE INDEX "document_once" ON "document" ("kind", "subject_id", "language", "source_hash")`,
    );
    // What was issued stays what it was.
    await runner.query(
      `CREATE TRIGGER document_immutable BEFORE UPDATE OR DELETE ON document FOR EACH ROW EXECUTE FUNCTION refuse_change()`,
    );
    await runner.query(
      `CREATE TABLE "person_settings" ("user_id" text NOT NULL, "language" text, "time_zone" text, "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "PK_29c6f0b5030b1a03f4bd2b32cc9" PRIMARY KEY ("user_id"))`,
    );
    await runner.query(
      `CREATE TABLE "visit_invitation" ("visit_id" uuid NOT NULL, "user_id" text NOT NULL, "method" text NOT NULL, "sequence" integer NOT NULL, "planned_on" date NOT NULL, "sent_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_a1a705e72b568120cbf7b5792f6" PRIMARY KEY ("visit_id", "user_id"))`,
    );
    await runner.query(
      `ALTER TABLE "visit_invitation" ADD CONSTRAINT "FK_752f1d50a2569a6770865450233" FOREIGN KEY ("visit_id") REFERENCES "visit"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `CREATE TABLE "reminder" ("id" text NOT NULL, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "PK_9ec029d17cb8dece186b9221ede" PRIMARY KEY ("id"))`,
    );
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
