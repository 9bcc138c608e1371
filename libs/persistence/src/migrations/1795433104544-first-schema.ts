import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FirstSchema1795433104544 implements MigrationInterface {
  name = 'FirstSchema1795433104544';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE "checklist_version" ("id" uuid NOT NULL, "checklist" text NOT NULL, "version" text NOT NULL, "title" text NOT NULL, "content_hash" character(64) NOT NULL, "body" jsonb NOT NULL, "published_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "UQ_1dd712078ab0351f76709ba5846" UNIQUE ("checklist", "version"), CONSTRAINT "PK_ecba61dd7b7ef7c4356d0d3584f" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "checklist_translation" ("id" uuid NOT NULL, "checklist_version_id" uuid NOT NULL, "language" text NOT NULL, "status" text NOT NULL, "body" jsonb NOT NULL, CONSTRAINT "UQ_1cd6a5e1c9c35ba163e35c9a1bd" UNIQUE ("checklist_version_id", "language"), CONSTRAINT "PK_434a3b93aed12b2bf3ac33ffab3" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "crosswalk" ("id" uuid NOT NULL, "from_version_id" uuid NOT NULL, "to_version_id" uuid NOT NULL, "content_hash" character(64) NOT NULL, "body" jsonb NOT NULL, CONSTRAINT "UQ_08ce7aaa6f810b99f8894201165" UNIQUE ("from_version_id", "to_version_id"), CONSTRAINT "PK_15fda3e3a68a2a8423173bfbb1f" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "scoring_profile" ("id" uuid NOT NULL, "profile" text NOT NULL, "version" text NOT NULL, "title" text NOT NULL, "content_hash" character(64) NOT NULL, "body" jsonb NOT NULL, "published_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "UQ_dc73f7addfa727a0e7c719b241b" UNIQUE ("profile", "version"), CONSTRAINT "PK_43058413f85380541496dc40b94" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "organisation" ("id" uuid NOT NULL, "name" text NOT NULL, "kind" text NOT NULL, "country" character(2) NOT NULL, "demo" boolean NOT NULL DEFAULT false, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "PK_c725ae234ef1b74cce43d2d00c1" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "membership" ("id" uuid NOT NULL, "user_id" text NOT NULL, "organisation_id" uuid NOT NULL, "role" text NOT NULL, CONSTRAINT "UQ_d2925c28193bfd76f663fed192d" UNIQUE ("user_id", "organisation_id", "role"), CONSTRAINT "PK_83c1afebef3059472e7c37e8de8" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_be659e88cd5ed71eef6d4122aa" ON "membership"  ("organisation_id") `);
    await runner.query(
      `CREATE TABLE "site" ("id" uuid NOT NULL, "organisation_id" uuid NOT NULL, "name" text NOT NULL, "city" text NOT NULL DEFAULT '', "country" character(2) NOT NULL, "lat" double precision, "lon" double precision, "categories" text array NOT NULL DEFAULT '{}', "languages" text array NOT NULL DEFAULT '{}', "external_id" text, CONSTRAINT "PK_635c0eeabda8862d5b0237b42b4" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_9677adb539f4db320b0dce3087" ON "site"  ("organisation_id") `);
    await runner.query(`CREATE UNIQUE INDEX "IDX_81c14527d0c5db49a5bacbf2c7" ON "site"  ("external_id") `);
    await runner.query(
      `CREATE TABLE "programme" ("id" uuid NOT NULL, "code" text NOT NULL, "name" text NOT NULL, "time_zone" text NOT NULL DEFAULT 'Africa/Cairo', "look_back_months" integer NOT NULL DEFAULT '24', "claims" jsonb NOT NULL DEFAULT '[]', "demo" boolean NOT NULL DEFAULT false, CONSTRAINT "UQ_0cb721fe5a34b811494fb228d98" UNIQUE ("code"), CONSTRAINT "PK_76ff6b30b74f213944d1ac0a660" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "programme_participant" ("id" uuid NOT NULL, "programme_id" uuid NOT NULL, "organisation_id" uuid NOT NULL, "part" text NOT NULL, CONSTRAINT "UQ_6f705328bc8bde5b26b896147cd" UNIQUE ("programme_id", "organisation_id", "part"), CONSTRAINT "PK_755fd16610fff7fbb6af076aacb" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE INDEX "IDX_5cc0f590d6820b025a01d50d74" ON "programme_participant"  ("organisation_id") `,
    );
    await runner.query(
      `CREATE TABLE "cohort" ("id" uuid NOT NULL, "programme_id" uuid NOT NULL, "name" text NOT NULL, "starts_on" date NOT NULL, "ends_on" date, CONSTRAINT "PK_4fb3cca38dc4b461110344e5f9b" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_50b285524c11f06452556ab468" ON "cohort"  ("programme_id") `);
    await runner.query(
      `CREATE TABLE "enrolment" ("id" uuid NOT NULL, "cohort_id" uuid NOT NULL, "site_id" uuid NOT NULL, "enrolled_on" date NOT NULL, "exited_on" date, "exit_reason" text, CONSTRAINT "UQ_1526daa13f8f4c9a7dda318063d" UNIQUE ("cohort_id", "site_id"), CONSTRAINT "PK_5d2679f6c891d77c58aa0e05f2b" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_e31d7d1df920794697f1b9ccce" ON "enrolment"  ("site_id") `);
    await runner.query(
      `CREATE TABLE "assessment" ("id" uuid NOT NULL, "site_id" uuid NOT NULL, "cohort_id" uuid, "checklist_version_id" uuid NOT NULL, "scoring_profile_id" uuid NOT NULL, "level" text NOT NULL, "kind" text NOT NULL, "state" text NOT NULL, "assessed_on" date NOT NULL, "assessor_id" text, "reviewer_id" text, "baseline_id" uuid, "revision" integer NOT NULL DEFAULT '1', "lock_hash" character(64), "submitted_at" TIMESTAMP WITH TIME ZONE, "closed_at" TIMESTAMP WITH TIME ZONE, "reopen_reason" text, "external_id" text, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "PK_c511a7dc128256876b6b1719401" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_f85206df72a3e1cd37217f087e" ON "assessment"  ("cohort_id") `);
    await runner.query(
      `CREATE UNIQUE INDEX "IDX_5f627020b2a2e707544f949fe3" ON "assessment"  ("external_id") `,
    );
    await runner.query(
      `CREATE UNIQUE INDEX "one_follow_up_per_baseline" ON "assessment"  ("baseline_id") WHERE kind = 'follow-up'`,
    );
    await runner.query(
      `CREATE INDEX "IDX_7ff4063b3c3500c84189ca6976" ON "assessment"  ("site_id", "assessed_on") `,
    );
    await runner.query(
      `CREATE TABLE "response" ("assessment_id" uuid NOT NULL, "requirement" text NOT NULL, "answer" text, "claim" text, "na_reason" text, "note" text, "closed_on" date, "answered_by" text NOT NULL, "answered_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_69fd8b5dd4f2ab6e57d5a3eb4a5" PRIMARY KEY ("assessment_id", "requirement"))`,
    );
    await runner.query(
      `CREATE TABLE "assessment_score" ("assessment_id" uuid NOT NULL, "revision" integer NOT NULL, "micro_points" integer, "passed" boolean, "as_found" jsonb NOT NULL, "after_closure" jsonb NOT NULL, "computed_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_21ab0dedf99ac0e2cd311b7fa3f" PRIMARY KEY ("assessment_id"))`,
    );
    await runner.query(
      `CREATE TABLE "finding" ("id" uuid NOT NULL, "assessment_id" uuid NOT NULL, "requirement" text NOT NULL, "section" text NOT NULL, "grade" text NOT NULL, "conformity" text NOT NULL, "note" text, "due_on" date, "closed_on" date, CONSTRAINT "PK_a904dfcf401ccfbaa60bb6eec29" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_6b649b3185fa5e035d814d2d7e" ON "finding"  ("assessment_id") `);
    await runner.query(
      `CREATE TABLE "gain" ("follow_up_id" uuid NOT NULL, "baseline_id" uuid NOT NULL, "site_id" uuid NOT NULL, "cohort_id" uuid, "comparable" boolean NOT NULL, "baseline_micro" integer, "follow_up_micro" integer, "body" jsonb NOT NULL, "contribution" jsonb, "computed_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_9e896825d5e22a9d1cb380a962e" PRIMARY KEY ("follow_up_id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_35a8f8456cef447f54389631b0" ON "gain"  ("site_id") `);
    await runner.query(`CREATE INDEX "IDX_a29c2cbe16678581d0fbbcffbb" ON "gain"  ("cohort_id") `);
    await runner.query(`CREATE INDEX "newest_gain_of_cohort" ON "gain" ("cohort_id", "computed_at")`);
    await runner.query(
      `CREATE TABLE "cohort_aggregate" ("cohort_id" uuid NOT NULL, "baselines" integer NOT NULL DEFAULT '0', "follow_ups" integer NOT NULL DEFAULT '0', "body" jsonb NOT NULL, "updated_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "PK_26f80053f195e3bc88dd30402b7" PRIMARY KEY ("cohort_id"))`,
    );
    await runner.query(
      `CREATE TABLE "buyer_rule_row" ("id" uuid NOT NULL, "buyer_id" uuid NOT NULL, "rule" text NOT NULL, "version" text NOT NULL, "active" boolean NOT NULL DEFAULT true, "body" jsonb NOT NULL, CONSTRAINT "UQ_2357591924167d7996aa23d5021" UNIQUE ("buyer_id", "rule", "version"), CONSTRAINT "PK_7ddebb66f56e015d988ba2169fe" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "readiness" ("id" uuid NOT NULL, "site_id" uuid NOT NULL, "buyer_rule_id" uuid NOT NULL, "category" text NOT NULL, "status" text NOT NULL, "valid_until" date, "assessment_id" uuid, "body" jsonb NOT NULL, "evaluated_at" TIMESTAMP WITH TIME ZONE NOT NULL, CONSTRAINT "UQ_4035877b00cb846842940358a8b" UNIQUE ("site_id", "buyer_rule_id", "category"), CONSTRAINT "PK_ddfc2ad75c99dac729a15b37748" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_57d982c66e2cc7e9f71e0e45d2" ON "readiness"  ("site_id") `);
    await runner.query(
      `CREATE TABLE "assessor" ("id" text NOT NULL, "organisation_id" uuid NOT NULL, "name" text NOT NULL, "email" text NOT NULL, "part" text NOT NULL, "country" character(2) NOT NULL, "lat" double precision, "lon" double precision, "competences" text array NOT NULL, "languages" text array NOT NULL, "working_days" integer array NOT NULL, "max_visits_per_week" integer, CONSTRAINT "PK_8c9195f3f6d77e4c10fce8e2bdf" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `CREATE TABLE "absence" ("id" uuid NOT NULL, "assessor_id" text NOT NULL, "from_date" date NOT NULL, "to_date" date NOT NULL, "reason" text NOT NULL DEFAULT '', CONSTRAINT "PK_30089b15c0f880f026581218c16" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_df2ac32b68a2c13a7a2ea62f3c" ON "absence"  ("assessor_id") `);
    await runner.query(
      `CREATE TABLE "engagement" ("id" uuid NOT NULL, "person_id" text NOT NULL, "site_id" uuid NOT NULL, "role" text NOT NULL, "from_date" date NOT NULL, "until_date" date, CONSTRAINT "UQ_2d37d023c3299bb4b3d1e99db2e" UNIQUE ("person_id", "site_id", "role"), CONSTRAINT "PK_08aef5bffed6ae054d4022b0b00" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_fe4882dc6edba6c09b1254448e" ON "engagement"  ("site_id") `);
    await runner.query(
      `CREATE TABLE "visit" ("id" uuid NOT NULL, "site_id" uuid NOT NULL, "cohort_id" uuid, "assessment_id" uuid, "state" text NOT NULL, "earliest" date NOT NULL, "due" date NOT NULL, "latest" date NOT NULL, "reason" text NOT NULL, "assessor_id" text, "planned_on" date, "travel_km" double precision, "unplanned_reasons" jsonb NOT NULL DEFAULT '[]', "sequence" integer NOT NULL DEFAULT '0', "revision" integer NOT NULL DEFAULT '1', "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "UQ_6b6143e309520c1fa3c6dbdbb41" UNIQUE ("assessment_id"), CONSTRAINT "PK_c9919ef5a07627657c535d8eb88" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_71bfa3b3a5311074a102e3fc3e" ON "visit"  ("site_id") `);
    await runner.query(`CREATE INDEX "IDX_1e84eb7282e4d3264e70517e60" ON "visit"  ("assessor_id") `);
    await runner.query(
      `CREATE TABLE "certificate" ("id" uuid NOT NULL, "number" text NOT NULL, "site_id" uuid NOT NULL, "assessment_id" uuid NOT NULL, "readiness_rule_id" uuid, "state" text NOT NULL, "proposed_by" text NOT NULL, "decided_by" text, "issued_on" date, "valid_until" date, "revision" integer NOT NULL DEFAULT '1', "facts" jsonb NOT NULL, "history" jsonb NOT NULL DEFAULT '[]', "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "UQ_6cacdcb9a0b6c4dd02bf699af82" UNIQUE ("number"), CONSTRAINT "PK_8daddfc65f59e341c2bbc9c9e43" PRIMARY KEY ("id"))`,
    );
    await runner.query(`CREATE INDEX "IDX_18ca791c022036121fcf352b88" ON "certificate"  ("site_id") `);
    await runner.query(`CREATE INDEX "IDX_c4c9ba33997c6e655514bf21f5" ON "certificate"  ("assessment_id") `);
    await runner.query(
      `CREATE UNIQUE INDEX "one_certificate_in_force" ON "certificate"  ("assessment_id") WHERE state IN ('draft', 'under-review', 'valid', 'suspended')`,
    );
    await runner.query(
      `CREATE TABLE "idempotency_key" ("id" uuid NOT NULL, "user_id" text NOT NULL, "key" text NOT NULL, "request_hash" character(64) NOT NULL, "status" integer, "body" jsonb, "created_at" TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT now(), CONSTRAINT "UQ_de390066dce788f80744a8f6626" UNIQUE ("user_id", "key"), CONSTRAINT "PK_213f125e14469be304f9ff1d452" PRIMARY KEY ("id"))`,
    );
    await runner.query(
      `ALTER TABLE "checklist_translation" ADD CONSTRAINT "FK_4a9e56a10ffea55e346a3b44330" FOREIGN KEY ("checklist_version_id") REFERENCES "checklist_version"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "crosswalk" ADD CONSTRAINT "FK_424034aa6037d12421cb331a036" FOREIGN KEY ("from_version_id") REFERENCES "checklist_version"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "crosswalk" ADD CONSTRAINT "FK_540c2d5e006255eeb80a864d2d7" FOREIGN KEY ("to_version_id") REFERENCES "checklist_version"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "membership" ADD CONSTRAINT "FK_be659e88cd5ed71eef6d4122aac" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "site" ADD CONSTRAINT "FK_9677adb539f4db320b0dce3087c" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "programme_participant" ADD CONSTRAINT "FK_abe04fe4d2c2496f7d31562a037" FOREIGN KEY ("programme_id") REFERENCES "programme"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "programme_participant" ADD CONSTRAINT "FK_5cc0f590d6820b025a01d50d744" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "cohort" ADD CONSTRAINT "FK_50b285524c11f06452556ab4682" FOREIGN KEY ("programme_id") REFERENCES "programme"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "enrolment" ADD CONSTRAINT "FK_649944e35911addb4512719a32a" FOREIGN KEY ("cohort_id") REFERENCES "cohort"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "enrolment" ADD CONSTRAINT "FK_e31d7d1df920794697f1b9cccea" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment" ADD CONSTRAINT "FK_21ceb2220371581f199f9043f9b" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment" ADD CONSTRAINT "FK_f85206df72a3e1cd37217f087eb" FOREIGN KEY ("cohort_id") REFERENCES "cohort"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment" ADD CONSTRAINT "FK_9c5e6452add063a2e9249a457ef" FOREIGN KEY ("checklist_version_id") REFERENCES "checklist_version"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment" ADD CONSTRAINT "FK_fcb75924a8eb3177212c179ca57" FOREIGN KEY ("scoring_profile_id") REFERENCES "scoring_profile"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment" ADD CONSTRAINT "FK_1b18439c2f14dd94a25d5a0cacd" FOREIGN KEY ("baseline_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "response" ADD CONSTRAINT "FK_97d29c196f9c015dd62531402f9" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessment_score" ADD CONSTRAINT "FK_21ab0dedf99ac0e2cd311b7fa3f" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "finding" ADD CONSTRAINT "FK_6b649b3185fa5e035d814d2d7ed" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "gain" ADD CONSTRAINT "FK_9e896825d5e22a9d1cb380a962e" FOREIGN KEY ("follow_up_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "gain" ADD CONSTRAINT "FK_af1f6cd643f03ff682f208c7f28" FOREIGN KEY ("baseline_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "gain" ADD CONSTRAINT "FK_35a8f8456cef447f54389631b0c" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "gain" ADD CONSTRAINT "FK_a29c2cbe16678581d0fbbcffbb4" FOREIGN KEY ("cohort_id") REFERENCES "cohort"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "cohort_aggregate" ADD CONSTRAINT "FK_26f80053f195e3bc88dd30402b7" FOREIGN KEY ("cohort_id") REFERENCES "cohort"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "buyer_rule_row" ADD CONSTRAINT "FK_d9e796d931dc368a9e3dc1cc9f2" FOREIGN KEY ("buyer_id") REFERENCES "organisation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "readiness" ADD CONSTRAINT "FK_57d982c66e2cc7e9f71e0e45d24" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "readiness" ADD CONSTRAINT "FK_29206fd6655a1a2e30682ebcf7e" FOREIGN KEY ("buyer_rule_id") REFERENCES "buyer_rule_row"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "readiness" ADD CONSTRAINT "FK_9034962db43f5d32fbde843ae63" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "assessor" ADD CONSTRAINT "FK_d72307a5ec6f3e5c91596bf671e" FOREIGN KEY ("organisation_id") REFERENCES "organisation"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "absence" ADD CONSTRAINT "FK_df2ac32b68a2c13a7a2ea62f3c0" FOREIGN KEY ("assessor_id") REFERENCES "assessor"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "engagement" ADD CONSTRAINT "FK_fe4882dc6edba6c09b1254448ef" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "visit" ADD CONSTRAINT "FK_71bfa3b3a5311074a102e3fc3e1" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "visit" ADD CONSTRAINT "FK_a91fc7abbb46a563564bf46ff4e" FOREIGN KEY ("cohort_id") REFERENCES "cohort"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "visit" ADD CONSTRAINT "FK_6b6143e309520c1fa3c6dbdbb41" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "visit" ADD CONSTRAINT "FK_1e84eb7282e4d3264e70517e602" FOREIGN KEY ("assessor_id") REFERENCES "assessor"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "certificate" ADD CONSTRAINT "FK_18ca791c022036121fcf352b88c" FOREIGN KEY ("site_id") REFERENCES "site"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
    await runner.query(
      `ALTER TABLE "certificate" ADD CONSTRAINT "FK_c4c9ba33997c6e655514bf21f5c" FOREIGN KEY ("assessment_id") REFERENCES "assessment"("id") ON DELETE NO ACTION ON UPDATE NO ACTION`,
    );
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
