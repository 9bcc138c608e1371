import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, policies } from './1795440000000-who-sees-what.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';
import { audit } from './1795700000000-audit-at-less-cost.js';

/** In these states answers change, and their evidence with them. */
const OPEN = `(SELECT true FROM assessment a WHERE a.id = evidence.assessment_id AND a.state IN ('draft', 'in-progress', 'reopened') LIMIT 1)`;
const NOT_CLOSED = `(SELECT true FROM assessment a WHERE a.id = evidence.assessment_id AND a.state <> 'closed' LIMIT 1)`;
/** Evidence of a correction changes until that is handed in, whatever state the assessment is in. */
const IN_THE_MAKING = `(SELECT true FROM correction k WHERE k.id = evidence.correction_id AND k.assessment_id = evidence.assessment_id AND k.state = 'draft' LIMIT 1)`;
const ANSWERS = `evidence.supports <> 'correction'`;
const REACHED = reachedAssessment('evidence.assessment_id');

/**
 * What a supplier says it has put right of a finding, with photographs and documents; accepted with the closure, or refused
 * with a reason. Like claims, it is between the supplier and its programme.
 */
export class Corrections1795720000000 implements MigrationInterface {
  name = 'Corrections1795720000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE correction (
        id uuid NOT NULL,
        assessment_id uuid NOT NULL,
        requirement text NOT NULL,
        state text NOT NULL DEFAULT 'draft',
        note text NOT NULL,
        written_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        handed_in_at timestamptz,
        decided_by text,
        decided_at timestamptz,
        reason text,
        CONSTRAINT "PK_correction" PRIMARY KEY (id),
        CONSTRAINT "FK_correction_assessment" FOREIGN KEY (assessment_id) REFERENCES assessment (id),
        CONSTRAINT correction_state CHECK (state IN ('draft', 'handed-in', 'accepted', 'refused')),
        CONSTRAINT correction_handed_in CHECK ((state = 'draft') = (handed_in_at IS NULL)),
        CONSTRAINT correction_decided CHECK ((state IN ('accepted', 'refused')) = (decided_at IS NOT NULL) AND (decided_by IS NULL) = (decided_at IS NULL) AND (state = 'refused') = (reason IS NOT NULL)),
        CONSTRAINT correction_decided_by_others CHECK (decided_by <> written_by)
      )`);
    await runner.query(
      `CREATE UNIQUE INDEX one_correction_at_work ON correction (assessment_id, requirement) WHERE state IN ('draft', 'handed-in')`,
    );
    await runner.query(
      `CREATE INDEX correction_of_finding ON correction (assessment_id, requirement, created_at)`,
    );
    const reached = reachedAssessment('correction.assessment_id');
    await policies(runner, 'correction', {
      select: reached,
      insert: `${reached} AND correction.state = 'draft' AND correction.written_by = (SELECT actor_user())`,
      update: reached,
      delete: `${reached} AND correction.state IN ('draft', 'handed-in')`,
      worker: 'SELECT',
    });
    await runner.query(`REVOKE UPDATE ON correction FROM ${API_ROLE}`);
    await runner.query(
      `GRANT UPDATE (state, note, written_by, handed_in_at, decided_by, decided_at, reason) ON correction TO ${API_ROLE}`,
    );
    await this.evidence(runner);
    await audit(runner, 'correction', { of: 'assessment_owner(x.assessment_id)', key: ['id'] });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }

  /** Evidence may be put forward for a correction, and goes when that is taken back. */
  private async evidence(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE evidence ADD COLUMN correction_id uuid,
        ADD CONSTRAINT "FK_evidence_correction" FOREIGN KEY (correction_id) REFERENCES correction (id) ON DELETE CASCADE,
        DROP CONSTRAINT evidence_supports,
        ADD CONSTRAINT evidence_supports CHECK (supports IN ('verdict', 'claim', 'correction')),
        ADD CONSTRAINT evidence_of_correction CHECK ((supports = 'correction') = (correction_id IS NOT NULL))`);
    await runner.query(`DROP INDEX evidence_once`);
    await runner.query(
      `CREATE UNIQUE INDEX evidence_once ON evidence (assessment_id, requirement, supports, sha256) WHERE correction_id IS NULL`,
    );
    await runner.query(
      `CREATE UNIQUE INDEX evidence_once_in_correction ON evidence (correction_id, sha256) WHERE correction_id IS NOT NULL`,
    );
    await runner.query(`GRANT SELECT (correction_id) ON evidence TO ${API_ROLE}`);
    await runner.query(`
      ALTER POLICY api_insert ON evidence WITH CHECK (${REACHED} AND ((${ANSWERS} AND ${OPEN}) OR ${IN_THE_MAKING})
        AND evidence.declared_by = (SELECT actor_user()) AND evidence.organisation_id = assessment_owner(evidence.assessment_id))`);
    const changes = `${REACHED} AND ((${ANSWERS} AND ${NOT_CLOSED}) OR ${IN_THE_MAKING})`;
    await runner.query(`ALTER POLICY api_update ON evidence USING (${changes}) WITH CHECK (${changes})`);
    await runner.query(`
      ALTER POLICY api_delete ON evidence USING (${REACHED} AND (
        (${ANSWERS} AND (${OPEN} OR (evidence.state = 'awaited' AND ${NOT_CLOSED}))) OR ${IN_THE_MAKING}))`);
  }
}
