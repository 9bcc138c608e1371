import type { MigrationInterface, QueryRunner } from 'typeorm';
import { LAST_OWNER, ORGANISATION_DISSOLVED } from '../refusals.js';
import { audit } from './1795441000000-audit-trail.js';

/*
 * What people and suppliers may ask for: everything they own in one archive, leaving, being forgotten; and how long
 * things are kept. docs/peoples-data.md says it in words. Functions that reach further than their caller may (other
 * people's rows, the sign-in tables) do one thing each and check for themselves whether it is due or the caller's own.
 */

/** Years the trail and names are kept for somebody who takes part in no programme; the default of a programme, too. */
const YEARS = 7;

export class PeoplesData1795470000000 implements MigrationInterface {
  name = 'PeoplesData1795470000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `ALTER TABLE programme ADD COLUMN audit_retention_years integer NOT NULL DEFAULT ${YEARS},
         ADD CONSTRAINT programme_retention CHECK (audit_retention_years BETWEEN 1 AND 100)`,
    );
    await runner.query(`ALTER TABLE organisation ADD COLUMN pseudonymised_at timestamptz`);
    await exports(runner);
    await leaving(runner);
    await retention(runner);
    await documents(runner);
    await erasing(runner);
    await keeping(runner);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

async function exports(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE data_export (
      id uuid NOT NULL,
      organisation_id uuid NOT NULL,
      requested_by text NOT NULL,
      state text NOT NULL DEFAULT 'waiting',
      requested_at timestamptz NOT NULL DEFAULT now(),
      ready_at timestamptz,
      expires_at timestamptz,
      size bigint,
      sha256 character(64),
      CONSTRAINT "PK_data_export" PRIMARY KEY (id)
    )`);
  await runner.query(`CREATE INDEX "IDX_c1f638461810e2ccf2ed9f2794" ON data_export (organisation_id)`);
  await runner.query(
    `ALTER TABLE data_export ADD CONSTRAINT "FK_c1f638461810e2ccf2ed9f27944" FOREIGN KEY (organisation_id) REFERENCES organisation (id)`,
  );
  await runner.query(`ALTER TABLE data_export ENABLE ROW LEVEL SECURITY`);
  await runner.query(`GRANT SELECT, INSERT ON data_export TO uplift_api`);
  await runner.query(`GRANT SELECT, UPDATE, DELETE ON data_export TO uplift_worker`);
  const owned = `organisation_id = ANY ((SELECT actor_owned_organisations())::uuid[])`;
  await runner.query(`CREATE POLICY api_select ON data_export FOR SELECT TO uplift_api USING (${owned})`);
  await runner.query(
    `CREATE POLICY api_insert ON data_export FOR INSERT TO uplift_api WITH CHECK (${owned} AND requested_by = (SELECT actor_user()))`,
  );
  await runner.query(`CREATE POLICY worker ON data_export TO uplift_worker USING (true) WITH CHECK (true)`);
  await audit(runner, 'data_export', { of: 'x.organisation_id', key: ['id'] });
}

/** An organisation that left: what can't begin for it any more, and how it leaves. */
async function leaving(runner: QueryRunner): Promise<void> {
  const refuse = async (table: string, organisation: string): Promise<void> => {
    await runner.query(`
      CREATE FUNCTION ${table}_refuses_dissolved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF EXISTS (SELECT 1 FROM organisation o WHERE o.id = ${organisation} AND o.dissolved_at IS NOT NULL) THEN
          RAISE EXCEPTION 'the organisation has left' USING ERRCODE = '${ORGANISATION_DISSOLVED}';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER refuses_dissolved BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION ${table}_refuses_dissolved()`);
  };
  await refuse('site', 'NEW.organisation_id');
  await refuse('enrolment', 'site_owner(NEW.site_id)');
  await refuse('assessment', 'site_owner(NEW.site_id)');
  await refuse('programme_participant', 'NEW.organisation_id');
  await refuse('consent_grant', 'NEW.supplier_id');
  // Whatever works the reach out anew: buyers and holders of grants don't come back to somebody who left.
  await runner.query(`
    CREATE FUNCTION site_reach_ends() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF NEW.part IN ('buyer', 'grantee') AND EXISTS (SELECT 1 FROM organisation o WHERE o.id = NEW.owner_id AND o.dissolved_at IS NOT NULL) THEN
        RETURN NULL;
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER site_reach_ends BEFORE INSERT ON site_reach FOR EACH ROW EXECUTE FUNCTION site_reach_ends()`);
  await runner.query(`
    CREATE FUNCTION dissolve_organisation(party uuid, reason text, note text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      today date := current_date;
    BEGIN
      IF current_setting('role') = 'uplift_api' AND NOT (party = ANY (actor_owned_organisations())) THEN
        RAISE EXCEPTION 'only an owner ends the participation' USING ERRCODE = 'insufficient_privilege';
      END IF;
      UPDATE organisation SET dissolved_at = now(), revision = revision + 1 WHERE id = party AND dissolved_at IS NULL;
      IF NOT FOUND THEN RETURN false; END IF;
      UPDATE enrolment SET exited_on = greatest(today, enrolled_on), exit_reason = reason, exit_note = note
       WHERE exited_on IS NULL AND site_id IN (SELECT id FROM site WHERE organisation_id = party);
      -- What it had granted ends with it, and its ledger says so.
      INSERT INTO consent_event (grant_id, supplier_id, grantee_id, kind, actor)
        SELECT id, supplier_id, grantee_id, 'revoked', coalesce(actor_user(), 'operator') FROM consent_grant
         WHERE supplier_id = party AND state = 'active';
      UPDATE consent_grant SET state = 'revoked', revoked_by = coalesce(actor_user(), 'operator'), revoked_at = now(), revision = revision + 1
       WHERE supplier_id = party AND state = 'active';
      DELETE FROM site_reach WHERE owner_id = party AND part IN ('buyer', 'grantee');
      RETURN true;
    END $$`);
  await grant(runner, 'dissolve_organisation(uuid, text, text)', 'uplift_api');
}

/** A function for some roles only; functions are everybody's otherwise. */
async function grant(runner: QueryRunner, signature: string, ...roles: string[]): Promise<void> {
  await runner.query(`REVOKE ALL ON FUNCTION ${signature} FROM PUBLIC`);
  if (roles.length > 0) await runner.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${roles.join(', ')}`);
}

/** A person is forgotten: ids stay, so that scores, gains, certificates and the trail do; what names them goes. */
async function erasing(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION former_person(person text, part text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT 'Former ' || part || ' ' || left(md5(person), 4) $$`);
  // Locks the owners, so that two who go at the same time don't each see the other still there.
  await runner.query(`
    CREATE FUNCTION owned_alone(person text) RETURNS TABLE (id uuid, name text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF current_setting('role') = 'uplift_api' AND person IS DISTINCT FROM actor_user() THEN
        RAISE EXCEPTION 'only for oneself' USING ERRCODE = 'insufficient_privilege';
      END IF;
      PERFORM 1 FROM membership m WHERE m.role = 'owner' AND m.organisation_id IN
        (SELECT organisation_id FROM membership x WHERE x.user_id = person AND x.role = 'owner') ORDER BY m.id FOR UPDATE;
      RETURN QUERY SELECT o.id, o.name FROM organisation o
        WHERE o.dissolved_at IS NULL
          AND EXISTS (SELECT 1 FROM membership m WHERE m.organisation_id = o.id AND m.role = 'owner' AND m.user_id = person)
          AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.organisation_id = o.id AND m.role = 'owner' AND m.user_id <> person)
        ORDER BY o.name, o.id;
    END $$`);
  await grant(runner, 'owned_alone(text)', 'uplift_api');
  await runner.query(`
    CREATE FUNCTION erase_person(person text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      label text;
      address text;
      found record;
    BEGIN
      IF EXISTS (SELECT 1 FROM owned_alone(person)) THEN
        RAISE EXCEPTION 'the last owner of an organisation' USING ERRCODE = '${LAST_OWNER}';
      END IF;
      SELECT former_person(person, coalesce((SELECT part FROM assessor WHERE id = person), 'member')) INTO label;
      -- Nobody is sent there any more; what was planned with the person is planned anew.
      UPDATE visit SET state = 'unplanned', assessor_id = NULL, planned_on = NULL, travel_km = NULL, sequence = sequence + 1, revision = revision + 1
       WHERE assessor_id = person AND state = 'planned';
      UPDATE assessor SET name = label, email = '', lat = NULL, lon = NULL, competences = '{}', languages = '{}', working_days = '{}', max_visits_per_week = NULL, revision = revision + 1
       WHERE id = person;
      DELETE FROM absence WHERE assessor_id = person;
      DELETE FROM idempotency_key WHERE user_id = person;
      DELETE FROM person_settings WHERE user_id = person;
      DELETE FROM visit_invitation WHERE user_id = person;
      UPDATE api_token SET revoked_at = now() WHERE created_by = person AND revoked_at IS NULL;
      UPDATE invitation SET revoked_at = now() WHERE invited_by = person AND accepted_at IS NULL AND revoked_at IS NULL;
      -- Reports that were kept with the person's name are made anew without it.
      INSERT INTO outbox (id, name, payload)
        SELECT gen_random_uuid(), 'keep-document', jsonb_build_object('assessmentId', x.id)
          FROM (SELECT DISTINCT a.id FROM document d JOIN assessment a ON a.id = d.subject_id
                 WHERE d.kind = 'gap-report' AND person IN (a.assessor_id, a.reviewer_id)) x;
      PERFORM let_go_documents('gap-report', ARRAY(SELECT id FROM assessment WHERE person IN (assessor_id, reviewer_id)));
      DELETE FROM membership WHERE user_id = person;
      IF to_regclass('auth."user"') IS NULL THEN RETURN label; END IF;
      EXECUTE 'SELECT email FROM auth."user" WHERE id::text = $1' INTO address USING person;
      IF address IS NULL THEN RETURN label; END IF;
      UPDATE invitation SET email = 'erased-' || person || '@erased.invalid', revoked_at = CASE WHEN accepted_at IS NULL THEN coalesce(revoked_at, now()) ELSE revoked_at END
       WHERE email = lower(address);
      -- Whatever the identity provider keeps of the person: accounts, sessions, passkeys, second factors, tokens.
      FOR found IN SELECT c.table_name, c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.column_name IN ('userId', 'user_id', 'referenceId') LOOP
        EXECUTE format('DELETE FROM auth.%I WHERE %I::text = $1', found.table_name, found.column_name) USING person;
      END LOOP;
      FOR found IN SELECT c.table_name, c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.table_name <> 'user' AND c.column_name IN ('email', 'identifier', 'value') AND c.data_type = 'text' LOOP
        EXECUTE format('DELETE FROM auth.%1$I WHERE strpos(lower(%2$I), lower($1)) > 0 OR %2$I = $2', found.table_name, found.column_name) USING address, person;
      END LOOP;
      FOR found IN SELECT c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.table_name = 'user' AND c.is_nullable = 'YES' AND c.column_name <> 'id' LOOP
        EXECUTE format('UPDATE auth."user" SET %I = NULL WHERE id::text = $1', found.column_name) USING person;
      END LOOP;
      EXECUTE 'UPDATE auth."user" SET name = $2, email = $3, "emailVerified" = false WHERE id::text = $1'
        USING person, label, 'erased-' || person || '@erased.invalid';
      RETURN label;
    END $$`);
  await grant(runner, 'erase_person(text)', 'uplift_api');
}

/** Documents that were issued stay what they are, but go when the names on them do. */
async function documents(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION document_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'DELETE' AND current_setting('uplift.letting_go', true) = 'yes' THEN RETURN OLD; END IF;
      RAISE EXCEPTION 'a document that was issued is immutable' USING ERRCODE = 'restrict_violation';
    END $$`);
  await runner.query(`DROP TRIGGER document_immutable ON document`);
  await runner.query(
    `CREATE TRIGGER document_is_kept BEFORE UPDATE OR DELETE ON document FOR EACH ROW EXECUTE FUNCTION document_is_kept()`,
  );
  await runner.query(`
    CREATE FUNCTION let_go_documents(of_kind text, subjects uuid[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      gone integer;
    BEGIN
      PERFORM set_config('uplift.letting_go', 'yes', true);
      DELETE FROM document WHERE kind = of_kind AND subject_id = ANY (subjects);
      GET DIAGNOSTICS gone = ROW_COUNT;
      PERFORM set_config('uplift.letting_go', '', true);
      RETURN gone;
    END $$`);
  await grant(runner, 'let_go_documents(text, uuid[])');
  // A report names who assessed and reviewed, as long as the programme keeps records.
  await runner.query(`
    CREATE FUNCTION forget_due_documents() RETURNS integer LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      SELECT let_go_documents('gap-report', ARRAY(SELECT DISTINCT d.subject_id FROM document d WHERE d.kind = 'gap-report'
         AND d.created_at < now() - make_interval(years => retention_years(assessment_owner(d.subject_id))))) $$`);
  await grant(runner, 'forget_due_documents()', 'uplift_worker');
}

/** How long things are kept. The worker asks for what is due; what is, the database works out for itself. */
async function retention(runner: QueryRunner): Promise<void> {
  // The longest of all programmes an organisation takes part in, or its sites do.
  await runner.query(`
    CREATE FUNCTION retention_years(party uuid) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT coalesce(max(p.audit_retention_years), ${YEARS}) FROM programme p
       WHERE party = '00000000-0000-0000-0000-000000000000'
          OR EXISTS (SELECT 1 FROM programme_participant x WHERE x.programme_id = p.id AND x.organisation_id = party)
          OR EXISTS (SELECT 1 FROM cohort c JOIN enrolment e ON e.cohort_id = c.id JOIN site s ON s.id = e.site_id
                      WHERE c.programme_id = p.id AND s.organisation_id = party) $$`);
  await grant(runner, 'retention_years(uuid)', 'uplift_api', 'uplift_worker');
}

async function keeping(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION forget_due_audit(party uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      SELECT audit_forget(party, now() - make_interval(years => retention_years(party))) $$`);
  await grant(runner, 'forget_due_audit(uuid)', 'uplift_worker');
  await runner.query(`
    CREATE FUNCTION pseudonymise_due_organisations() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      due uuid[];
    BEGIN
      PERFORM set_config('uplift.erasing', 'yes', true);
      SELECT coalesce(array_agg(id), '{}') INTO due FROM (SELECT id FROM organisation
       WHERE dissolved_at < now() - make_interval(years => retention_years(id)) AND pseudonymised_at IS NULL ORDER BY id FOR UPDATE) o;
      UPDATE certificate SET facts = jsonb_set(facts, '{subject}',
               jsonb_build_object('organisation', 'Former supplier ' || left(md5(site_owner(site_id)::text), 4), 'site', 'Former site ' || left(md5(site_id::text), 4), 'address', ''))
       WHERE site_id IN (SELECT id FROM site WHERE organisation_id = ANY (due));
      PERFORM let_go_documents('certificate', ARRAY(SELECT id FROM certificate WHERE site_id IN (SELECT id FROM site WHERE organisation_id = ANY (due))));
      PERFORM let_go_documents('gap-report', ARRAY(SELECT id FROM assessment WHERE site_id IN (SELECT id FROM site WHERE organisation_id = ANY (due))));
      UPDATE site SET name = 'Former site ' || left(md5(id::text), 4), city = '', lat = NULL, lon = NULL, external_id = NULL WHERE organisation_id = ANY (due);
      UPDATE organisation SET name = 'Former supplier ' || left(md5(id::text), 4), pseudonymised_at = now() WHERE id = ANY (due);
      DELETE FROM membership WHERE organisation_id = ANY (due);
      PERFORM set_config('uplift.erasing', '', true);
      RETURN cardinality(due);
    END $$`);
  await grant(runner, 'pseudonymise_due_organisations()', 'uplift_worker');
  // A certificate names who assessed and reviewed: as long as it is valid, and as long again as the programme keeps records.
  await runner.query(`
    CREATE FUNCTION pseudonymise_due_certificates() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      due uuid[];
    BEGIN
      PERFORM set_config('uplift.erasing', 'yes', true);
      WITH changed AS (UPDATE certificate c SET facts = jsonb_set(jsonb_set(c.facts, '{assessment,assessor}', to_jsonb(former_person(coalesce(a.assessor_id, c.id::text), 'assessor'))),
                                                 '{reviewer}', to_jsonb(former_person(coalesce(a.reviewer_id, c.id::text), 'reviewer'))) || '{"pseudonymised": true}'
        FROM assessment a WHERE a.id = c.assessment_id AND NOT c.facts ? 'pseudonymised'
         AND coalesce(c.valid_until, c.created_at::date) < (now() - make_interval(years => retention_years(site_owner(c.site_id))))::date
       RETURNING c.id) SELECT coalesce(array_agg(id), '{}') INTO due FROM changed;
      PERFORM let_go_documents('certificate', due);
      PERFORM set_config('uplift.erasing', '', true);
      RETURN cardinality(due);
    END $$`);
  await grant(runner, 'pseudonymise_due_certificates()', 'uplift_worker');
  // Sessions that ran out, one-time links that did, and the counters of the throttle.
  await runner.query(`
    CREATE FUNCTION sweep_sign_in(keep interval) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      found text;
      gone integer;
      total integer := 0;
    BEGIN
      FOREACH found IN ARRAY ARRAY['session', 'verification'] LOOP
        CONTINUE WHEN to_regclass(format('auth.%I', found)) IS NULL;
        EXECUTE format('DELETE FROM auth.%I WHERE "expiresAt" < now() - $1', found) USING keep;
        GET DIAGNOSTICS gone = ROW_COUNT;
        total := total + gone;
      END LOOP;
      DELETE FROM auth.attempt WHERE seen_at < now() - keep;
      GET DIAGNOSTICS gone = ROW_COUNT;
      total := total + gone;
      RETURN total;
    END $$`);
  await grant(runner, 'sweep_sign_in(interval)', 'uplift_worker');
  // Whom an invitation was for that came to nothing is nobody's business after a while.
  await runner.query(`
    CREATE FUNCTION forget_invited(keep interval) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      gone integer;
    BEGIN
      UPDATE invitation SET email = 'erased-' || id || '@erased.invalid', revoked_at = coalesce(revoked_at, now())
       WHERE accepted_at IS NULL AND expires_at < now() - keep AND email NOT LIKE 'erased-%@erased.invalid';
      GET DIAGNOSTICS gone = ROW_COUNT;
      RETURN gone;
    END $$`);
  await grant(runner, 'forget_invited(interval)', 'uplift_worker');
}
