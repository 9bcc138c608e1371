import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, policies, WORKER_ROLE } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';
import { reachedAssessment } from './1795480000000-policies-at-less-cost.js';

/*
 * Answers come from a log of operations, which devices without a connection keep and hand in later: docs/offline.md and
 * docs/adr/0013-operation-log.md. `response` stays what everything else reads; it is what the log comes to.
 */
export class OperationLog1795530000000 implements MigrationInterface {
  name = 'OperationLog1795530000000';

  async up(runner: QueryRunner): Promise<void> {
    await tables(runner);
    await adopting(runner);
    await rules(runner);
    await keeping(runner);
    const of =
      '(SELECT s.organisation_id FROM assessment a JOIN site s ON s.id = a.site_id WHERE a.id = x.assessment_id)';
    await audit(runner, 'operation', {
      of,
      key: ['assessment_id', 'id'],
      without: ['checklist_hash', 'received_at', 'clock_ahead_seconds'],
      personal: ['device'],
    });
    await audit(runner, 'offline_copy', {
      of,
      key: ['assessment_id', 'user_id', 'taken_at'],
      personal: ['device'],
    });
    for (const column of ['field_baseline', 'field_scores'])
      await runner.query(`ALTER TABLE programme ADD COLUMN ${column} boolean NOT NULL DEFAULT true`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

async function tables(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE operation (
      assessment_id uuid NOT NULL,
      id uuid NOT NULL,
      device text NOT NULL,
      seq integer NOT NULL,
      user_id text NOT NULL,
      requirement text NOT NULL,
      field text NOT NULL CHECK (field IN ('answer', 'claim', 'note')),
      value jsonb CHECK (jsonb_typeof(value) = 'object'),
      base uuid[] NOT NULL,
      settles boolean NOT NULL DEFAULT false,
      standing text NOT NULL CHECK (standing IN ('applied', 'waiting', 'refused')),
      superseded boolean NOT NULL DEFAULT false,
      refusal text,
      checklist_hash text,
      captured_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL DEFAULT now(),
      clock_ahead_seconds integer,
      revision integer NOT NULL,
      CONSTRAINT "PK_operation" PRIMARY KEY (assessment_id, id),
      CONSTRAINT operation_refusal CHECK ((standing = 'refused') = (refusal IS NOT NULL)),
      CONSTRAINT "FK_operation_assessment" FOREIGN KEY (assessment_id) REFERENCES assessment (id)
    )`);
  await runner.query(`CREATE INDEX operation_item ON operation (assessment_id, requirement)`);
  await runner.query(`CREATE INDEX operation_changes ON operation (assessment_id, revision)`);
  await runner.query(`CREATE INDEX operation_waiting ON operation (received_at) WHERE standing = 'waiting'`);
  await runner.query(`CREATE INDEX operation_of_person ON operation (user_id, assessment_id)`);
  // What was entered never changes; how it stands only ever goes one way, but that a refused one may be judged anew.
  await runner.query(`
    CREATE FUNCTION operation_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF current_setting('uplift.letting_go', true) = 'yes' THEN RETURN coalesce(NEW, OLD); END IF;
      IF TG_OP = 'DELETE'
         OR (NEW.id, NEW.assessment_id, NEW.device, NEW.seq, NEW.user_id, NEW.requirement, NEW.field, NEW.base, NEW.settles, NEW.captured_at, NEW.received_at)
            IS DISTINCT FROM (OLD.id, OLD.assessment_id, OLD.device, OLD.seq, OLD.user_id, OLD.requirement, OLD.field, OLD.base, OLD.settles, OLD.captured_at, OLD.received_at)
         OR NEW.value IS DISTINCT FROM OLD.value
         OR (OLD.superseded AND NOT NEW.superseded) OR (OLD.standing = 'applied' AND NEW.standing <> 'applied') THEN
        RAISE EXCEPTION 'an operation is kept as it was' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$`);
  await runner.query(
    `CREATE TRIGGER operation_is_kept BEFORE UPDATE OR DELETE ON operation FOR EACH ROW EXECUTE FUNCTION operation_is_kept()`,
  );
  await runner.query(`
    CREATE TABLE offline_copy (
      assessment_id uuid NOT NULL,
      user_id text NOT NULL,
      device text NOT NULL,
      writes boolean NOT NULL,
      taken_at timestamptz NOT NULL,
      CONSTRAINT "PK_offline_copy" PRIMARY KEY (assessment_id, user_id, device),
      CONSTRAINT "FK_offline_copy_assessment" FOREIGN KEY (assessment_id) REFERENCES assessment (id)
    )`);
}

/**
 * Answers from before the log, and those of imported records that are reopened: they enter it as what everybody saw.
 * Where the version before still runs it writes answers past the log; the next operation of the item goes on from the log.
 */
async function adopting(runner: QueryRunner): Promise<void> {
  const field = (name: string, value: string, present: string): string => `
    SELECT r.assessment_id, md5(concat_ws(' ', r.assessment_id, r.requirement, '${name}'))::uuid, 'web', 0, r.answered_by, r.requirement, '${name}',
           ${value}, '{}'::uuid[], 'applied', r.answered_at, r.answered_at, a.revision
      FROM response r JOIN assessment a ON a.id = r.assessment_id WHERE r.assessment_id = ANY (assessments) AND ${present}`;
  const answer = (column: string, reason: string): string =>
    `jsonb_strip_nulls(jsonb_build_object('answer', r.${column}, 'naReason', ${reason}))`;
  await runner.query(`
    CREATE FUNCTION adopt_responses(assessments uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      INSERT INTO operation (assessment_id, id, device, seq, user_id, requirement, field, value, base, standing, captured_at, received_at, revision)
      SELECT * FROM (
        ${field('answer', answer('answer', 'r.na_reason'), 'r.answer IS NOT NULL')} UNION ALL
        ${field('claim', answer('claim', 'CASE WHEN r.answer IS NULL THEN r.na_reason END'), 'r.claim IS NOT NULL')} UNION ALL
        ${field('note', `jsonb_build_object('note', r.note)`, `r.note IS NOT NULL`)}
      ) known (assessment_id, id, device, seq, user_id, requirement, field, value, base, standing, captured_at, received_at, revision)
       WHERE NOT EXISTS (SELECT 1 FROM operation o WHERE o.assessment_id = known.assessment_id
                            AND o.requirement = known.requirement AND o.field = known.field AND o.standing = 'applied')
      ON CONFLICT DO NOTHING $$`);
  await runner.query(`REVOKE ALL ON FUNCTION adopt_responses(uuid[]) FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION adopt_responses(uuid[]) TO ${API_ROLE}`);
  await runner.query(`SELECT adopt_responses(ARRAY(SELECT id FROM assessment WHERE state <> 'closed'))`);
}

async function rules(runner: QueryRunner): Promise<void> {
  // What somebody entered stays theirs to read when they no longer see the assessment; drafts are for nobody else's eyes.
  await policies(runner, 'operation', {
    select: `${reachedAssessment('operation.assessment_id')} OR operation.user_id = (SELECT actor_user())`,
    insert: `operation.user_id = (SELECT actor_user()) AND ${reachedAssessment('operation.assessment_id')}`,
    worker: 'SELECT',
  });
  const standing = 'standing, superseded, refusal, revision';
  await runner.query(`GRANT UPDATE (${standing}) ON operation TO ${API_ROLE}, ${WORKER_ROLE}`);
  const reached = reachedAssessment('operation.assessment_id');
  await runner.query(
    `CREATE POLICY api_update ON operation FOR UPDATE TO ${API_ROLE} USING (${reached}) WITH CHECK (${reached})`,
  );
  // The worker ends the waiting, and writes what the log comes to then.
  await runner.query(`GRANT INSERT, UPDATE, DELETE ON response TO ${WORKER_ROLE}`);
  await policies(runner, 'offline_copy', {
    select: `${reachedAssessment('offline_copy.assessment_id')} OR offline_copy.user_id = (SELECT actor_user())`,
    insert: `offline_copy.user_id = (SELECT actor_user()) AND ${reachedAssessment('offline_copy.assessment_id')}`,
    update: `offline_copy.user_id = (SELECT actor_user())`,
    worker: 'SELECT',
  });
  // Work of somebody who may no longer work on it: kept, refused. Only of who took it along, or worked on it before.
  await runner.query(`
    CREATE FUNCTION keep_refused_operations(assessment uuid, refused_for text, operations jsonb) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      at integer := (SELECT a.revision FROM assessment a WHERE a.id = keep_refused_operations.assessment);
    BEGIN
      IF at IS NULL OR actor_user() IS NULL OR NOT (
           EXISTS (SELECT 1 FROM offline_copy c WHERE c.assessment_id = keep_refused_operations.assessment AND c.user_id = actor_user() AND c.writes)
        OR EXISTS (SELECT 1 FROM operation o WHERE o.assessment_id = keep_refused_operations.assessment AND o.user_id = actor_user())) THEN
        RETURN false;
      END IF;
      INSERT INTO operation (assessment_id, id, device, seq, user_id, requirement, field, value, base, settles, standing, refusal, checklist_hash, captured_at, clock_ahead_seconds, revision)
      SELECT keep_refused_operations.assessment, n.id, n.device, n.seq, actor_user(), n.requirement, n.field, nullif(n.value, 'null'), n.base, n.settles, 'refused', refused_for, n.checklist_hash, n.captured_at, n.clock_ahead_seconds, at
        FROM jsonb_to_recordset(operations) AS n(id uuid, device text, seq integer, requirement text, field text, value jsonb, base uuid[], settles boolean, checklist_hash text, captured_at timestamptz, clock_ahead_seconds integer)
       WHERE n.field IN ('answer', 'claim', 'note')
      ON CONFLICT DO NOTHING;
      RETURN true;
    END $$`);
  await runner.query(`REVOKE ALL ON FUNCTION keep_refused_operations(uuid, text, jsonb) FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION keep_refused_operations(uuid, text, jsonb) TO ${API_ROLE}`);
}

/** Who did what on which device is kept as long as the programme says; then what the answers came to remains. */
async function keeping(runner: QueryRunner): Promise<void> {
  const door = async (signature: string, body: string, role: string): Promise<void> => {
    await runner.query(
      `CREATE FUNCTION ${signature} RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
       DECLARE
         gone integer;
       BEGIN
         PERFORM set_config('uplift.letting_go', 'yes', true);
         PERFORM set_config('uplift.erasing', 'yes', true);
         ${body}
         GET DIAGNOSTICS gone = ROW_COUNT;
         PERFORM set_config('uplift.letting_go', '', true);
         PERFORM set_config('uplift.erasing', '', true);
         RETURN gone;
       END $$`,
    );
    const name = signature.replace(/\w+ (text|uuid)/g, '$1');
    await runner.query(`REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`);
    await runner.query(`GRANT EXECUTE ON FUNCTION ${name} TO ${role}`);
  };
  // Of somebody who is forgotten: one pseudonym for each of their devices, so that order and number stay.
  await door(
    'forget_devices(person text)',
    `IF current_setting('role') = '${API_ROLE}' AND person IS DISTINCT FROM actor_user() THEN
       RAISE EXCEPTION 'only for oneself' USING ERRCODE = 'insufficient_privilege';
     END IF;
     DELETE FROM offline_copy WHERE user_id = person;
     UPDATE operation SET device = 'former-' || left(md5(person || device), 8) WHERE user_id = person AND device <> 'web' AND device NOT LIKE 'former-%';`,
    API_ROLE,
  );
  await door(
    'forget_due_operations()',
    `DELETE FROM offline_copy c USING assessment a WHERE a.id = c.assessment_id AND a.state = 'closed'
        AND a.closed_at < now() - make_interval(years => retention_years(site_owner(a.site_id)));
     DELETE FROM operation o USING assessment a WHERE a.id = o.assessment_id AND a.state = 'closed'
        AND a.closed_at < now() - make_interval(years => retention_years(site_owner(a.site_id)));`,
    WORKER_ROLE,
  );
}
