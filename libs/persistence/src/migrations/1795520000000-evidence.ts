import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, policies } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';

/** In these states answers change, and evidence with them. */
const OPEN = `(SELECT true FROM assessment a WHERE a.id = evidence.assessment_id AND a.state IN ('draft', 'in-progress', 'reopened') LIMIT 1)`;
/** What was declared in time may still come, until nothing about the assessment changes any more. */
const NOT_CLOSED = `(SELECT true FROM assessment a WHERE a.id = evidence.assessment_id AND a.state <> 'closed' LIMIT 1)`;

/** Photographs and documents that show what an answer says. */
export class Evidence1795520000000 implements MigrationInterface {
  name = 'Evidence1795520000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE programme ADD COLUMN evidence_location boolean NOT NULL DEFAULT false`);
    await runner.query(`
      CREATE TABLE evidence (
        id uuid NOT NULL,
        assessment_id uuid NOT NULL,
        organisation_id uuid NOT NULL,
        requirement text NOT NULL,
        supports text NOT NULL,
        state text NOT NULL DEFAULT 'awaited',
        sha256 character(64) NOT NULL,
        size integer NOT NULL,
        media_type text,
        file_name text,
        caption text,
        captured_at timestamptz,
        device_id text,
        declared_by text NOT NULL,
        declared_at timestamptz NOT NULL DEFAULT now(),
        received_at timestamptz,
        stored_sha256 character(64),
        stored_size integer,
        width integer,
        height integer,
        lat double precision,
        lon double precision,
        CONSTRAINT "PK_evidence" PRIMARY KEY (id),
        CONSTRAINT "FK_evidence_assessment" FOREIGN KEY (assessment_id) REFERENCES assessment (id),
        CONSTRAINT "FK_evidence_organisation" FOREIGN KEY (organisation_id) REFERENCES organisation (id),
        CONSTRAINT evidence_state CHECK (state IN ('awaited', 'received', 'ready')),
        CONSTRAINT evidence_supports CHECK (supports IN ('verdict', 'claim')),
        CONSTRAINT evidence_size CHECK (size BETWEEN 1 AND 52428800),
        CONSTRAINT evidence_received CHECK ((state = 'awaited') = (received_at IS NULL) AND (state = 'awaited') = (media_type IS NULL) AND (state = 'ready') = (stored_sha256 IS NOT NULL))
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX evidence_once ON evidence (assessment_id, requirement, supports, sha256)`,
    );
    await runner.query(`CREATE INDEX evidence_content ON evidence (organisation_id, sha256)`);
    // What is shared is what verdicts rest on; the supplier's claims are between it and its programme.
    await policies(runner, 'evidence', {
      select: `${reachedAssessment('evidence.assessment_id')}
        OR (evidence.supports = 'verdict' AND evidence.state <> 'awaited' AND ${reachedAssessment('evidence.assessment_id', 'evidence')})`,
      insert: `${reachedAssessment('evidence.assessment_id')} AND ${OPEN}
        AND evidence.declared_by = (SELECT actor_user()) AND evidence.organisation_id = assessment_owner(evidence.assessment_id)`,
      update: `${reachedAssessment('evidence.assessment_id')} AND ${NOT_CLOSED}`,
      delete: `${reachedAssessment('evidence.assessment_id')} AND (${OPEN} OR (evidence.state = 'awaited' AND ${NOT_CLOSED}))`,
      worker: 'SELECT, UPDATE, DELETE',
    });
    // What was declared stays as it was; only that it has come is added, and what is said of it may change.
    await runner.query(`REVOKE UPDATE ON evidence FROM ${API_ROLE}`);
    await runner.query(
      `GRANT UPDATE (state, media_type, caption, received_at, stored_sha256, stored_size) ON evidence TO ${API_ROLE}`,
    );
    // How much a supplier has stored already: a figure, for whoever may add to it.
    await runner.query(`
      CREATE FUNCTION evidence_bytes(wanted uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        owner uuid := assessment_owner(wanted);
      BEGIN
        IF ${reachedAssessment('wanted')} IS NOT TRUE THEN RETURN NULL; END IF;
        -- Two who declare at once don't each see the room the other takes.
        PERFORM pg_advisory_xact_lock(hashtextextended('evidence ' || owner, 0));
        RETURN (SELECT coalesce(sum(x.bytes), 0) FROM (
          SELECT max(coalesce(e.stored_size, e.size)) AS bytes FROM evidence e WHERE e.organisation_id = owner GROUP BY e.sha256) x);
      END $$`);
    await runner.query(`REVOKE ALL ON FUNCTION evidence_bytes(uuid) FROM PUBLIC`);
    await runner.query(`GRANT EXECUTE ON FUNCTION evidence_bytes(uuid) TO ${API_ROLE}`);
    // Of whoever left and is no longer named there are no pictures, either.
    await runner.query(`
      CREATE FUNCTION evidence_goes_with_names() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        DELETE FROM evidence WHERE organisation_id = NEW.id;
        RETURN NULL;
      END $$;
      CREATE TRIGGER evidence_goes_with_names AFTER UPDATE OF pseudonymised_at ON organisation FOR EACH ROW
        WHEN (OLD.pseudonymised_at IS NULL AND NEW.pseudonymised_at IS NOT NULL) EXECUTE FUNCTION evidence_goes_with_names()`);
    await audit(runner, 'evidence', {
      of: 'assessment_owner(x.assessment_id)',
      key: ['id'],
      personal: ['caption', 'file_name', 'device_id', 'lat', 'lon'],
    });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
