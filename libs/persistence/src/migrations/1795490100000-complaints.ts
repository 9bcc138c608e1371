import type { MigrationInterface, QueryRunner } from 'typeorm';
import { NOT_IMPARTIAL } from '../refusals.js';
import { API_ROLE, MAY_ACT_FOR, OWN, policies } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';
import { reached, seen } from './1795480000000-policies-at-less-cost.js';

/*
 * Complaints and appeals. Who raised one stands in a table of its own, because a policy hides rows and not columns: whom it
 * is about reads the complaint, and, where it is confidential, not by whom. It is handled by nobody it involves.
 */
export class Complaints1795490100000 implements MigrationInterface {
  name = 'Complaints1795490100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE complaint (
        id uuid PRIMARY KEY,
        kind text NOT NULL CHECK (kind IN ('complaint', 'appeal')),
        programme_id uuid NOT NULL REFERENCES programme (id),
        about text NOT NULL CHECK (about IN ('assessment', 'finding', 'certificate', 'assessor')),
        subject_id text NOT NULL,
        assessment_id uuid REFERENCES assessment (id),
        site_id uuid REFERENCES site (id),
        -- The assessor it is about.
        person_id text,
        text text NOT NULL,
        confidential boolean NOT NULL DEFAULT false,
        state text NOT NULL CHECK (state IN ('received', 'acknowledged', 'under-investigation', 'decided', 'closed', 'withdrawn')),
        raised_on date NOT NULL,
        acknowledge_by date NOT NULL,
        decide_by date NOT NULL,
        acknowledged_on date,
        decided_on date,
        ended_on date,
        handler_id text,
        outcome text CHECK (outcome IN ('upheld', 'partly-upheld', 'rejected')),
        outcome_reason text,
        reopened boolean NOT NULL DEFAULT false,
        history jsonb NOT NULL DEFAULT '[]',
        revision integer NOT NULL DEFAULT 1,
        CONSTRAINT complaint_subject CHECK (CASE WHEN about = 'assessor' THEN person_id IS NOT NULL ELSE assessment_id IS NOT NULL AND site_id IS NOT NULL END),
        CONSTRAINT complaint_decided CHECK ((state IN ('decided', 'closed')) = (outcome IS NOT NULL))
      )`);
    await runner.query(`CREATE INDEX complaint_programme ON complaint (programme_id, id)`);
    await runner.query(`CREATE INDEX complaint_site ON complaint (site_id, id)`);
    await runner.query(`
      CREATE INDEX complaint_open ON complaint (decide_by) WHERE state IN ('received', 'acknowledged', 'under-investigation')`);
    await runner.query(`
      CREATE TABLE complainant (
        complaint_id uuid PRIMARY KEY REFERENCES complaint (id),
        user_id text NOT NULL,
        -- For whom the person speaks; null: for themselves.
        organisation_id uuid REFERENCES organisation (id)
      )`);
    await runner.query(`CREATE INDEX complainant_user ON complainant (user_id)`);
    await runner.query(`CREATE INDEX complainant_organisation ON complainant (organisation_id)`);
    await involvement(runner);
    await rules(runner);
    await keeping(runner);
    // The chain of the agency, which handles it: the supplier's would name who complained of it.
    const agency = (programme: string): string =>
      `(SELECT p.organisation_id FROM programme_participant p WHERE p.programme_id = ${programme} AND p.part = 'agency' ORDER BY p.id LIMIT 1)`;
    await audit(runner, 'complaint', {
      of: agency('x.programme_id'),
      key: ['id'],
      personal: ['text', 'outcome_reason', 'history'],
    });
    await audit(runner, 'complainant', {
      of: agency('(SELECT c.programme_id FROM complaint c WHERE c.id = x.complaint_id)'),
      key: ['complaint_id'],
    });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/** Who may not handle one: whoever has a part in what it is about. Asked anew each time, because people get one later. */
async function involvement(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION complaint_involved(wanted uuid) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT coalesce(array_agg(DISTINCT x.who ORDER BY x.who), '{}') FROM complaint c CROSS JOIN LATERAL (
        SELECT c.person_id AS who
        UNION ALL SELECT unnest(ARRAY[a.assessor_id, a.reviewer_id]) FROM assessment a WHERE a.id = c.assessment_id
        UNION ALL SELECT unnest(ARRAY[k.proposed_by, k.decided_by]) FROM certificate k WHERE k.assessment_id = c.assessment_id
        UNION ALL SELECT r.answered_by FROM response r WHERE r.assessment_id = c.assessment_id AND r.answer IS NOT NULL
        UNION ALL SELECT f.closed_by FROM finding_closure f WHERE f.assessment_id = c.assessment_id
        UNION ALL SELECT e.person_id FROM engagement e WHERE e.site_id = c.site_id AND e.from_date <= current_date
           AND (e.until_date IS NULL OR e.until_date + make_interval(months => (SELECT p.look_back_months FROM programme p WHERE p.id = c.programme_id)) > current_date)
        UNION ALL SELECT m.user_id FROM membership m WHERE m.organisation_id = site_supplier(c.site_id)
      ) x WHERE c.id = wanted AND x.who IS NOT NULL $$`);
  await runner.query(`REVOKE ALL ON FUNCTION complaint_involved(uuid) FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION complaint_involved(uuid) TO uplift_worker`);
  // The API asks about its own actor only.
  await runner.query(`
    CREATE FUNCTION actor_is_involved(complaint uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT actor_user() = ANY (complaint_involved(actor_is_involved.complaint)) $$`);
  await runner.query(`
    CREATE FUNCTION complaint_is_handled_by_others() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF NEW.handler_id IS NULL OR NEW.handler_id = ANY (complaint_involved(NEW.id))
         OR EXISTS (SELECT 1 FROM complainant x WHERE x.complaint_id = NEW.id AND x.user_id = NEW.handler_id) THEN
        RAISE EXCEPTION 'handler-is-involved' USING ERRCODE = '${NOT_IMPARTIAL}';
      END IF;
      RETURN NEW;
    END $$`);
  await runner.query(
    `CREATE TRIGGER complaint_is_handled_by_others BEFORE UPDATE ON complaint FOR EACH ROW
       WHEN (NEW.state <> OLD.state AND NEW.state <> 'withdrawn') EXECUTE FUNCTION complaint_is_handled_by_others()`,
  );
}

async function rules(runner: QueryRunner): Promise<void> {
  const list = (name: string, body: string): Promise<unknown> =>
    runner.query(
      `CREATE FUNCTION ${name}() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$ ${body} $$`,
    );
  // What somebody raised, or their organisation, for its owners and quality managers.
  await list(
    'actor_complaints',
    `SELECT coalesce(array_agg(complaint_id), '{}') FROM complainant
      WHERE user_id = actor_user() OR organisation_id = ANY (actor_consenting_organisations())`,
  );
  // Programmes whose complaints somebody handles.
  await list(
    'actor_complaint_desks',
    `SELECT coalesce(array_agg(DISTINCT p.programme_id), '{}') FROM programme_participant p
       JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')}
      WHERE p.part = 'agency' AND m.role IN ('owner', 'programme-manager', 'reviewer', 'decider')`,
  );
  await runner.query(`
    CREATE FUNCTION complaint_is_new(wanted uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT NOT EXISTS (SELECT 1 FROM complainant x WHERE x.complaint_id = wanted) AND EXISTS (SELECT 1 FROM complaint c WHERE c.id = wanted AND c.revision = 1) $$`);
  // Which were raised for an organisation; for its archive, which the worker makes.
  await runner.query(`
    CREATE FUNCTION complaints_of(party uuid) RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT coalesce(array_agg(complaint_id), '{}') FROM complainant WHERE organisation_id = party $$`);
  await runner.query(`REVOKE ALL ON FUNCTION complaints_of(uuid) FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION complaints_of(uuid) TO uplift_worker`);
  const mine = `complaint.id = ANY ((SELECT actor_complaints())::uuid[])`;
  const desk = `complaint.programme_id = ANY ((SELECT actor_complaint_desks())::uuid[])`;
  await policies(runner, 'complaint', {
    select: `${mine} OR ${desk} OR complaint.person_id = (SELECT actor_user())
      OR ${reached('complaint.site_id')}`,
    insert: `complaint.state = 'received' AND complaint.handler_id IS NULL AND complaint.revision = 1
      AND CASE WHEN complaint.site_id IS NULL THEN complaint.programme_id = ANY ((SELECT actor_known_programmes())::uuid[])
               ELSE ${seen('complaint.site_id')} AND site_in_programme(complaint.site_id, complaint.programme_id) END`,
    update: `${mine} OR ${desk}`,
    worker: 'SELECT',
  });
  // What it is about, by whom it must be done when, and what was said stay what they were.
  await runner.query(`REVOKE UPDATE ON complaint FROM ${API_ROLE}`);
  await runner.query(
    `GRANT UPDATE (state, acknowledged_on, decided_on, ended_on, handler_id, outcome, outcome_reason, reopened, history, revision) ON complaint TO ${API_ROLE}`,
  );
  await policies(runner, 'complainant', {
    select: `complainant.user_id = (SELECT actor_user()) OR complainant.organisation_id = ANY ((SELECT actor_consenting_organisations())::uuid[])
      OR EXISTS (SELECT 1 FROM complaint c WHERE c.id = complainant.complaint_id AND (NOT c.confidential
           OR (c.programme_id = ANY ((SELECT actor_complaint_desks())::uuid[]) AND NOT actor_is_involved(c.id))))`,
    insert: `complainant.user_id = (SELECT actor_user()) AND complaint_is_new(complainant.complaint_id)
      AND (complainant.organisation_id IS NULL OR ${OWN('complainant.organisation_id')})`,
  });
}

/** What was said, and by whom, goes when the programme need not keep it any longer; that there was a complaint stays. */
async function keeping(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION forget_due_complaints() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      due uuid[];
    BEGIN
      PERFORM set_config('uplift.erasing', 'yes', true);
      SELECT coalesce(array_agg(c.id), '{}') INTO due FROM complaint c JOIN programme p ON p.id = c.programme_id
       WHERE c.ended_on < (now() - make_interval(years => p.audit_retention_years))::date AND c.text <> '';
      UPDATE complaint SET text = '', outcome_reason = NULL, history = '[]' WHERE id = ANY (due);
      DELETE FROM complainant WHERE complaint_id = ANY (due);
      PERFORM set_config('uplift.erasing', '', true);
      RETURN cardinality(due);
    END $$`);
  await runner.query(`REVOKE ALL ON FUNCTION forget_due_complaints() FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION forget_due_complaints() TO uplift_worker`);
}
