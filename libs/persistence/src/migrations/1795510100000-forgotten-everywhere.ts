import type { MigrationInterface, QueryRunner } from 'typeorm';
import { LAST_OWNER } from '../refusals.js';

/** Columns of a grant that name its recipient: they may be forgotten, whatever has become of the grant. */
const RECIPIENT = `'{recipient_name,recipient_email}'::text[]`;

/**
 * Forgetting looks everywhere an address or a name may stand: among the recipients of consent links, in complaints and in
 * kept answers, too; and people without an account, who were only ever recipients, can be forgotten as well.
 */
export class ForgottenEverywhere1795510100000 implements MigrationInterface {
  name = 'ForgottenEverywhere1795510100000';

  async up(runner: QueryRunner): Promise<void> {
    await recipients(runner);
    await leaving(runner);
    await text(runner);
    await addresses(runner);
    await people(runner);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/** Whom a grant was for may be taken out of it, also after its end; nothing else of it changes, and the ledger goes on. */
async function recipients(runner: QueryRunner): Promise<void> {
  const onlyRecipient = `to_jsonb(NEW) - ${RECIPIENT} = to_jsonb(OLD) - ${RECIPIENT}`;
  await runner.query(`
    CREATE OR REPLACE FUNCTION consent_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> 'active' AND NOT (${onlyRecipient}) THEN
        RAISE EXCEPTION 'a consent that has ended never comes back' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$`);
  await runner.query(`
    CREATE OR REPLACE FUNCTION consent_ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        IF ${onlyRecipient} THEN RETURN NULL; END IF;
      END IF;
      INSERT INTO consent_event (grant_id, supplier_id, grantee_id, kind, actor, detail)
      SELECT NEW.id, NEW.supplier_id, NEW.grantee_id,
             CASE WHEN TG_OP = 'INSERT' THEN 'granted' WHEN NEW.state <> 'active' THEN NEW.state ELSE 'changed' END,
             coalesce(actor_user(), CASE current_setting('role') WHEN 'uplift_worker' THEN 'worker' ELSE 'operator' END),
             jsonb_strip_nulls(jsonb_build_object('revision', NEW.revision, 'scopes', to_jsonb(NEW.scopes), 'until', NEW.until, 'purpose', NEW.purpose,
               'sites', (SELECT coalesce(jsonb_agg(x.site_id ORDER BY x.site_id), '[]') FROM consent_grant_site x WHERE x.grant_id = NEW.id),
               'before', CASE WHEN TG_OP = 'UPDATE' AND NEW.state = 'active' THEN
                  jsonb_build_object('scopes', to_jsonb(OLD.scopes), 'until', OLD.until, 'purpose', OLD.purpose) END,
               'newLink', CASE WHEN TG_OP = 'UPDATE' AND NEW.link_version <> OLD.link_version THEN true END));
      RETURN NULL;
    END $$`);
  // Nobody writes to who was forgotten; the supplier is told that the consent has ended.
  await runner.query(`
    CREATE OR REPLACE FUNCTION consent_recipients(grant_id uuid) RETURNS TABLE (side text, name text, email text, language text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      RETURN QUERY SELECT 'recipient', g.recipient_name, g.recipient_email, g.language FROM consent_grant g
        WHERE g.id = $1 AND g.grantee_id IS NULL AND g.recipient_email NOT LIKE 'erased-%@erased.invalid';
      IF to_regclass('auth."user"') IS NULL THEN RETURN; END IF;
      RETURN QUERY EXECUTE '
        SELECT DISTINCT CASE WHEN m.organisation_id = g.supplier_id THEN ''supplier'' ELSE ''recipient'' END, u.name::text, u.email::text, coalesce(t.language, o.language)
          FROM consent_grant g JOIN membership m ON m.organisation_id IN (g.supplier_id, g.grantee_id) AND m.role IN (''owner'', ''qa-manager'')
          JOIN organisation o ON o.id = m.organisation_id JOIN auth."user" u ON u.id::text = m.user_id
          LEFT JOIN person_settings t ON t.user_id = m.user_id
         WHERE g.id = $1 ORDER BY 1, 3' USING grant_id;
    END $$`);
}

/** What a supplier that leaves had granted ends with it. The ledger's own trigger says so; it was said twice. */
async function leaving(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE OR REPLACE FUNCTION dissolve_organisation(party uuid, reason text, note text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
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
      UPDATE consent_grant SET state = 'revoked', revoked_by = coalesce(actor_user(), 'operator'), revoked_at = now(), revision = revision + 1
       WHERE supplier_id = party AND state = 'active';
      DELETE FROM site_reach WHERE owner_id = party AND part IN ('buyer', 'grantee');
      RETURN true;
    END $$`);
}

async function text(runner: QueryRunner): Promise<void> {
  // The address and the names become the label. A name of one word stays: it may be any word of the text.
  await runner.query(`
    CREATE FUNCTION without_person(value text, address text, names text[], label text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      one text;
      literal CONSTANT text := '([^[:alnum:][:space:]])';
    BEGIN
      IF strpos(lower(value), lower(address)) > 0 THEN
        value := regexp_replace(value, '(?<![[:alnum:]._+-])' || regexp_replace(address, literal, '\\\\\\1', 'g') || '(?!\\.?[[:alnum:]-])', label, 'gi');
      END IF;
      FOREACH one IN ARRAY names LOOP
        IF strpos(lower(value), lower(one)) > 0 AND one ~ '[[:space:]]' THEN
          value := regexp_replace(value, '(?<![[:alnum:]])' || regexp_replace(one, literal, '\\\\\\1', 'g') || '(?![[:alnum:]])', label, 'gi');
        END IF;
      END LOOP;
      RETURN value;
    END $$`);
  await runner.query(`
    CREATE FUNCTION without_person(value jsonb, address text, names text[], label text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
      SELECT without_person(value::text, address, ARRAY(SELECT substring(n FROM 2 FOR length(n) - 2) FROM (SELECT to_jsonb(x)::text AS n FROM unnest(names) x) q), label)::jsonb $$`);
}

async function addresses(runner: QueryRunner): Promise<void> {
  // Takes an address, and the names that go with it, out of everything that isn't the account itself.
  await runner.query(`
    CREATE FUNCTION erase_address(address text, names text[], label text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      found record;
    BEGIN
      UPDATE invitation SET email = 'erased-' || id || '@erased.invalid', revoked_at = CASE WHEN accepted_at IS NULL THEN coalesce(revoked_at, now()) ELSE revoked_at END
       WHERE email = lower(address);
      -- A link that was for the person ends: who is forgotten holds nothing any more.
      FOR found IN UPDATE consent_grant SET state = 'revoked', revoked_by = coalesce(actor_user(), 'operator'), revoked_at = now(), revision = revision + 1
          WHERE lower(recipient_email) = lower(address) AND state = 'active' RETURNING id, revision LOOP
        INSERT INTO outbox (id, name, payload) VALUES (gen_random_uuid(), 'consent-changed', jsonb_build_object('grantId', found.id, 'step', 'revoked', 'revision', found.revision));
        INSERT INTO outbox (id, name, payload) SELECT gen_random_uuid(), 'site-changed', jsonb_build_object('siteId', site_id) FROM consent_grant_site WHERE grant_id = found.id;
      END LOOP;
      UPDATE consent_grant SET recipient_name = label, recipient_email = 'erased-' || id || '@erased.invalid' WHERE lower(recipient_email) = lower(address);
      UPDATE consent_grant SET recipient_name = without_person(recipient_name, address, names, label)
       WHERE recipient_name <> without_person(recipient_name, address, names, label);
      UPDATE complaint c SET text = n.text, outcome_reason = n.outcome_reason, history = n.history, revision = c.revision + 1
        FROM (SELECT id, without_person(text, address, names, label) AS text, without_person(outcome_reason, address, names, label) AS outcome_reason,
                     without_person(history, address, names, label) AS history FROM complaint) n
       WHERE n.id = c.id AND (n.text, n.outcome_reason, n.history) IS DISTINCT FROM (c.text, c.outcome_reason, c.history);
      -- Answers kept for others, should they repeat their calls.
      UPDATE idempotency_key SET body = without_person(body, address, names, label) WHERE body <> without_person(body, address, names, label);
      -- Links on their way, whether or not there is an account.
      FOR found IN SELECT c.table_name, c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.table_name <> 'user' AND c.column_name IN ('email', 'identifier', 'value') AND c.data_type = 'text' LOOP
        EXECUTE format('DELETE FROM auth.%1$I WHERE strpos(lower(%2$I), lower($1)) > 0', found.table_name, found.column_name) USING address;
      END LOOP;
    END $$`);
  await runner.query(`REVOKE ALL ON FUNCTION erase_address(text, text[], text) FROM PUBLIC`);
  // Somebody without an account, of whom others have entered the address; null: nobody has. For operators.
  await runner.query(`
    CREATE FUNCTION erase_contact(address text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      label text := former_person(lower(address), 'contact');
      names text[];
    BEGIN
      SELECT coalesce(array_agg(DISTINCT recipient_name), '{}') INTO names FROM consent_grant WHERE lower(recipient_email) = lower(address);
      IF cardinality(names) = 0 AND NOT EXISTS (SELECT 1 FROM invitation WHERE email = lower(address))
         AND NOT EXISTS (SELECT 1 FROM complaint c WHERE strpos(lower(concat_ws(' ', c.text, c.outcome_reason, c.history)), lower(address)) > 0) THEN
        RETURN NULL;
      END IF;
      PERFORM erase_address(address, names, label);
      RETURN label;
    END $$`);
  await runner.query(`REVOKE ALL ON FUNCTION erase_contact(text) FROM PUBLIC`);
}

async function people(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE OR REPLACE FUNCTION erase_person(person text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      label text;
      address text;
      names text[];
      found record;
    BEGIN
      IF EXISTS (SELECT 1 FROM owned_alone(person)) THEN
        RAISE EXCEPTION 'the last owner of an organisation' USING ERRCODE = '${LAST_OWNER}';
      END IF;
      SELECT former_person(person, coalesce((SELECT part FROM assessor WHERE id = person), 'member')) INTO label;
      SELECT coalesce(array_agg(name), '{}') INTO names FROM assessor WHERE id = person;
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
      EXECUTE 'SELECT email, $2 || name FROM auth."user" WHERE id::text = $1' INTO address, names USING person, names;
      IF address IS NULL THEN RETURN label; END IF;
      PERFORM erase_address(address, names, label);
      -- Whatever the identity provider keeps of the person: accounts, sessions, passkeys, second factors, tokens.
      FOR found IN SELECT c.table_name, c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.column_name IN ('userId', 'user_id', 'referenceId') LOOP
        EXECUTE format('DELETE FROM auth.%I WHERE %I::text = $1', found.table_name, found.column_name) USING person;
      END LOOP;
      FOR found IN SELECT c.table_name, c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.table_name <> 'user' AND c.column_name IN ('email', 'identifier', 'value') AND c.data_type = 'text' LOOP
        EXECUTE format('DELETE FROM auth.%1$I WHERE %2$I = $1', found.table_name, found.column_name) USING person;
      END LOOP;
      FOR found IN SELECT c.column_name FROM information_schema.columns c
         WHERE c.table_schema = 'auth' AND c.table_name = 'user' AND c.is_nullable = 'YES' AND c.column_name <> 'id' LOOP
        EXECUTE format('UPDATE auth."user" SET %I = NULL WHERE id::text = $1', found.column_name) USING person;
      END LOOP;
      EXECUTE 'UPDATE auth."user" SET name = $2, email = $3, "emailVerified" = false WHERE id::text = $1'
        USING person, label, 'erased-' || person || '@erased.invalid';
      RETURN label;
    END $$`);
}
