import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Revisions for ETags, closures of findings apart from the result, coaching in several
 * periods, codes for exits, outcomes of visits.
 */
export class PartiesAndClosures1795436000000 implements MigrationInterface {
  name = 'PartiesAndClosures1795436000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX "IDX_6b649b3185fa5e035d814d2d7e"`);
    await runner.query(`ALTER TABLE "engagement" DROP CONSTRAINT "UQ_2d37d023c3299bb4b3d1e99db2e"`);
    await runner.query(
      `CREATE TABLE "finding_closure" ("id" uuid NOT NULL, "assessment_id" uuid NOT NULL, "requirement" text NOT NULL, "closed_on" date NOT NULL, "note" text NOT NULL, "closed_by" text NOT NULL, "closed_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), "reopened_by" text, "reopened_at" TIMESTAMP WITH TIME ZONE, "reopen_reason" text, CONSTRAINT "PK_d266e15af7acf2465434d5f10ae" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE UNIQUE INDEX "one_closure_in_force" ON "finding_closure"  ("assessment_id", "requirement") WHERE reopened_at IS NULL`,
    );
    await runner.query(`ALTER TABLE "organisation" ADD "revision" integer NOT NULL DEFAULT '1'`);
    await runner.query(`ALTER TABLE "site" ADD "revision" integer NOT NULL DEFAULT '1'`);
    await runner.query(`ALTER TABLE "programme" ADD "revision" integer NOT NULL DEFAULT '1'`);
    await runner.query(`ALTER TABLE "cohort" ADD "revision" integer NOT NULL DEFAULT '1'`);
    await runner.query(`ALTER TABLE "enrolment" ADD "exit_note" text`);
    await runner.query(`ALTER TABLE "assessor" ADD "revision" integer NOT NULL DEFAULT '1'`);
    await runner.query(`ALTER TABLE "visit" ADD "former_assessment_id" uuid`);
    await runner.query(`ALTER TABLE "visit" ADD "outcome_reason" text`);
    await runner.query(`ALTER TABLE "idempotency_key" ADD "etag" text`);
    await runner.query(
      `ALTER TABLE "finding" ADD CONSTRAINT "UQ_b08f2772c6208b3a8f76d41ad09" UNIQUE ("assessment_id", "requirement")`,
    );
    await runner.query(
      `ALTER TABLE "engagement" ADD CONSTRAINT "UQ_a5af99ca704ab96105691afb518" UNIQUE ("person_id", "site_id", "role", "from_date")`,
    );
    await runner.query(
      `ALTER TABLE "finding_closure" ADD CONSTRAINT "FK_804dd7372593ee0359ead86d461" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "visit" ADD CONSTRAINT "FK_874f8b4e2d5a901bd7b8b8fcbcf" FOREIGN KEY ("former_assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    // Until now the reason was free text: kept as the note, where it is none of the codes.
    await runner.query(`
      UPDATE enrolment SET exit_note = exit_reason, exit_reason = 'other'
       WHERE exit_reason IS NOT NULL AND exit_reason NOT IN
         ('closed-down', 'no-time', 'no-staff', 'cost', 'lost-interest', 'left-market', 'merged', 'changed-owner', 'other')`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
