import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, MAY_ACT_FOR, OWN, policies, WORKER_ROLE } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';

const SCOPES = `ARRAY['certificate', 'score', 'section-scores', 'answers', 'evidence', 'corrective-actions']`;
const CONSENTING = (organisation: string): string =>
  `${organisation} = ANY ((SELECT actor_consenting_organisations())::uuid[])`;

/** Consent: what a supplier lets an organisation or the holder of a link see of its sites, and the ledger of it. */
export class ConsentGrants1795460000000 implements MigrationInterface {
  name = 'ConsentGrants1795460000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE organisation
        ADD COLUMN listed boolean,
        ADD COLUMN language text NOT NULL DEFAULT 'en',
        ADD COLUMN dissolved_at timestamptz`);
    await runner.query(`
      CREATE TABLE consent_grant (
        id uuid PRIMARY KEY,
        supplier_id uuid NOT NULL REFERENCES organisation (id),
        grantee_id uuid REFERENCES organisation (id),
        recipient_name text,
        recipient_email text,
        language text NOT NULL DEFAULT 'en',
        scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ${SCOPES}),
        purpose text NOT NULL,
        until date NOT NULL,
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'revoked', 'expired')),
        -- A new link for the same grant makes those given out before worthless.
        link_version integer NOT NULL DEFAULT 1,
        revision integer NOT NULL DEFAULT 1,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        changed_by text,
        changed_at timestamptz,
        revoked_by text,
        revoked_at timestamptz,
        CONSTRAINT consent_grant_recipient CHECK ((grantee_id IS NULL) = (recipient_email IS NOT NULL)),
        CONSTRAINT consent_grant_not_to_itself CHECK (grantee_id <> supplier_id),
        CONSTRAINT consent_grant_ends CHECK (until <= (coalesce(changed_at, created_at) AT TIME ZONE 'UTC')::date + 732)
      )`);
    await runner.query(`CREATE INDEX consent_grant_supplier ON consent_grant (supplier_id, id)`);
    await runner.query(`CREATE INDEX consent_grant_grantee ON consent_grant (grantee_id, id)`);
    await runner.query(`CREATE INDEX consent_grant_until ON consent_grant (until) WHERE state = 'active'`);
    await runner.query(`
      CREATE TABLE consent_grant_site (
        grant_id uuid NOT NULL REFERENCES consent_grant (id),
        site_id uuid NOT NULL REFERENCES site (id) ON DELETE CASCADE,
        PRIMARY KEY (grant_id, site_id)
      )`);
    await runner.query(`CREATE INDEX consent_grant_site_site ON consent_grant_site (site_id)`);
    // Without foreign keys to people or organisations: the ledger outlives what it speaks of.
    await runner.query(`
      CREATE TABLE consent_event (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        grant_id uuid NOT NULL,
        supplier_id uuid NOT NULL,
        grantee_id uuid,
        kind text NOT NULL CHECK (kind IN ('granted', 'changed', 'revoked', 'expired', 'viewed', 'notified')),
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        on_day date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
        actor text NOT NULL,
        detail jsonb NOT NULL DEFAULT '{}'
      )`);
    await runner.query(`CREATE INDEX consent_event_supplier ON consent_event (supplier_id, id)`);
    await runner.query(`CREATE INDEX consent_event_grant ON consent_event (grant_id, id)`);
    // The first view of a day and viewer is recorded; a letter about a step is recorded once, however often it is tried.
    await runner.query(
      `CREATE UNIQUE INDEX consent_event_first_view ON consent_event (grant_id, actor, on_day) WHERE kind = 'viewed'`,
    );
    await runner.query(
      `CREATE UNIQUE INDEX consent_event_one_letter ON consent_event (grant_id, (detail ->> 'letter')) WHERE kind = 'notified'`,
    );
    await reach(runner);
    await rules(runner);
    await ledger(runner);
    await doors(runner);
    await audit(runner, 'consent_grant', {
      of: 'x.supplier_id',
      key: ['id'],
      personal: ['recipient_name', 'recipient_email'],
    });
    await audit(runner, 'consent_grant_site', {
      of: '(SELECT g.supplier_id FROM consent_grant g WHERE g.id = x.grant_id)',
      key: ['grant_id', 'site_id'],
    });
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/** Grants become rows of `site_reach` like every other way to a site. */
async function reach(runner: QueryRunner): Promise<void> {
  // Two transactions that change the ways to one site go one after the other: the later one must not put back, from
  // what it read before, a grant that the earlier one has revoked. A site nobody reaches yet is new, and nobody's rival.
  await runner.query(`
    CREATE OR REPLACE FUNCTION refresh_site_reach(sites uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      SELECT 1 FROM site s WHERE s.id = ANY (sites) AND EXISTS (SELECT 1 FROM site_reach r WHERE r.site_id = s.id)
       ORDER BY s.id FOR NO KEY UPDATE;
      DELETE FROM site_reach WHERE site_id = ANY (sites);
      INSERT INTO site_reach (site_id, owner_id, organisation_id, grant_id, programme_id, part, scopes, until)
        SELECT s.id, s.organisation_id, s.organisation_id, NULL, NULL, 'owner-organisation', '{record}', NULL
          FROM site s WHERE s.id = ANY (sites)
        UNION ALL
        SELECT DISTINCT s.id, s.organisation_id, p.organisation_id, NULL::uuid, p.programme_id, p.part,
               CASE WHEN p.part = 'buyer' THEN g.buyer_scopes ELSE '{record}' END, NULL::date
          FROM site s JOIN enrolment e ON e.site_id = s.id JOIN cohort c ON c.id = e.cohort_id
          JOIN programme g ON g.id = c.programme_id JOIN programme_participant p ON p.programme_id = g.id
         WHERE s.id = ANY (sites) AND p.part IN ('agency', 'assessment-provider', 'buyer')
        UNION ALL
        SELECT s.id, s.organisation_id, g.grantee_id, CASE WHEN g.grantee_id IS NULL THEN g.id END, NULL, 'grantee', g.scopes, g.until
          FROM site s JOIN consent_grant_site x ON x.site_id = s.id
          JOIN consent_grant g ON g.id = x.grant_id AND g.supplier_id = s.organisation_id
          LEFT JOIN organisation o ON o.id = g.grantee_id
         WHERE s.id = ANY (sites) AND g.state = 'active' AND o.dissolved_at IS NULL;
    $$`);
  const trigger = (table: string, event: string, transition: string, sites: string): Promise<unknown> =>
    runner.query(`
      CREATE FUNCTION ${table}_${event.toLowerCase()}_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        PERFORM refresh_site_reach(ARRAY(${sites}));
        RETURN NULL;
      END $$;
      CREATE TRIGGER ${table}_${event.toLowerCase()}_reach AFTER ${event} ON ${table} REFERENCING ${transition} TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION ${table}_${event.toLowerCase()}_reach()`);
  await trigger(
    'consent_grant',
    'UPDATE',
    'NEW',
    `SELECT x.site_id FROM changed g JOIN consent_grant_site x ON x.grant_id = g.id`,
  );
  await trigger('consent_grant_site', 'INSERT', 'NEW', 'SELECT site_id FROM changed');
  await trigger('consent_grant_site', 'DELETE', 'OLD', 'SELECT site_id FROM changed');
  await trigger(
    'organisation',
    'UPDATE',
    'NEW',
    `SELECT x.site_id FROM changed o JOIN consent_grant g ON g.grantee_id = o.id JOIN consent_grant_site x ON x.grant_id = g.id`,
  );
}

async function rules(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION actor_consenting_organisations() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT coalesce(array_agg(DISTINCT organisation_id), '{}') FROM membership
       WHERE user_id = actor_user() AND role IN ('owner', 'qa-manager') AND ${MAY_ACT_FOR('organisation_id')} $$`);
  // To whom a supplier may grant: who is listed, and who takes part in a programme of its sites. Says yes or no only.
  await runner.query(`
    CREATE FUNCTION may_be_granted(supplier uuid, grantee uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT supplier = ANY (actor_consenting_organisations()) AND EXISTS (SELECT 1 FROM organisation o WHERE o.id = grantee AND o.dissolved_at IS NULL
         AND (coalesce(o.listed, o.kind = 'buyer')
              OR EXISTS (SELECT 1 FROM site_reach r JOIN programme_participant p ON p.programme_id = r.programme_id
                          WHERE r.owner_id = supplier AND p.organisation_id = o.id))) $$`);
  await policies(runner, 'consent_grant', {
    select: `${OWN('supplier_id')} OR ${OWN('grantee_id')} OR id = (SELECT actor_grant())`,
    insert: `${CONSENTING('supplier_id')} AND state = 'active' AND (grantee_id IS NULL OR may_be_granted(supplier_id, grantee_id))`,
    update: CONSENTING('supplier_id'),
    worker: 'SELECT, UPDATE (state, changed_at, revision)',
  });
  // To whom and of whom a grant is, is settled when it is given.
  await runner.query(`REVOKE UPDATE ON consent_grant FROM ${API_ROLE}`);
  await runner.query(
    `GRANT UPDATE (language, scopes, purpose, until, state, link_version, revision, changed_by, changed_at, revoked_by, revoked_at)
       ON consent_grant TO ${API_ROLE}`,
  );
  await policies(runner, 'consent_grant_site', {
    select: `EXISTS (SELECT 1 FROM consent_grant g WHERE g.id = grant_id)`,
    insert: `EXISTS (SELECT 1 FROM consent_grant g JOIN site s ON s.organisation_id = g.supplier_id
      WHERE g.id = grant_id AND g.state = 'active' AND s.id = site_id AND ${CONSENTING('g.supplier_id')})`,
    delete: `EXISTS (SELECT 1 FROM consent_grant g WHERE g.id = grant_id AND g.state = 'active' AND ${CONSENTING('g.supplier_id')})`,
    worker: 'SELECT',
  });
  await policies(runner, 'consent_event', {
    select: `${OWN('supplier_id')} OR ${OWN('grantee_id')}`,
  });
  await runner.query(`GRANT SELECT, INSERT ON consent_event TO ${WORKER_ROLE}`);
  await runner.query(
    `CREATE POLICY worker_select ON consent_event FOR SELECT TO ${WORKER_ROLE} USING (true)`,
  );
  await runner.query(
    `CREATE POLICY worker_insert ON consent_event FOR INSERT TO ${WORKER_ROLE} WITH CHECK (kind = 'notified')`,
  );
  // Both sides of a grant know each other's name, and a supplier the rules of a buyer it has let in.
  await runner.query(`
    CREATE POLICY api_select_consent ON organisation FOR SELECT TO ${API_ROLE} USING (
      EXISTS (SELECT 1 FROM consent_grant g WHERE g.grantee_id = organisation.id OR g.supplier_id = organisation.id))`);
  await runner.query(`
    CREATE POLICY api_select_consent ON buyer_rule_row FOR SELECT TO ${API_ROLE} USING (
      EXISTS (SELECT 1 FROM consent_grant g WHERE g.grantee_id = buyer_id AND ${OWN('g.supplier_id')}))`);
}

/** The ledger is written by the database: no way of granting, changing or revoking goes past it. */
async function ledger(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION consent_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state <> 'active' THEN
        RAISE EXCEPTION 'a consent that has ended never comes back' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$`);
  await runner.query(
    `CREATE TRIGGER consent_is_final BEFORE UPDATE ON consent_grant FOR EACH ROW EXECUTE FUNCTION consent_is_final()`,
  );
  // At commit, when the sites of the grant are all in place.
  await runner.query(`
    CREATE FUNCTION consent_ledger() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      INSERT INTO consent_event (grant_id, supplier_id, grantee_id, kind, actor, detail)
      SELECT NEW.id, NEW.supplier_id, NEW.grantee_id,
             CASE WHEN TG_OP = 'INSERT' THEN 'granted' WHEN NEW.state <> 'active' THEN NEW.state ELSE 'changed' END,
             coalesce(actor_user(), CASE current_setting('role') WHEN '${WORKER_ROLE}' THEN 'worker' ELSE 'operator' END),
             jsonb_strip_nulls(jsonb_build_object('revision', NEW.revision, 'scopes', to_jsonb(NEW.scopes), 'until', NEW.until, 'purpose', NEW.purpose,
               'sites', (SELECT coalesce(jsonb_agg(x.site_id ORDER BY x.site_id), '[]') FROM consent_grant_site x WHERE x.grant_id = NEW.id),
               'before', CASE WHEN TG_OP = 'UPDATE' AND NEW.state = 'active' THEN
                  jsonb_build_object('scopes', to_jsonb(OLD.scopes), 'until', OLD.until, 'purpose', OLD.purpose) END,
               'newLink', CASE WHEN TG_OP = 'UPDATE' AND NEW.link_version <> OLD.link_version THEN true END));
      RETURN NULL;
    END $$`);
  await runner.query(
    `CREATE CONSTRAINT TRIGGER consent_ledger AFTER INSERT OR UPDATE ON consent_grant DEFERRABLE INITIALLY DEFERRED
       FOR EACH ROW EXECUTE FUNCTION consent_ledger()`,
  );
  await runner.query(`
    CREATE FUNCTION consent_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the consent ledger is append-only' USING ERRCODE = 'restrict_violation';
    END $$`);
  await runner.query(
    `CREATE TRIGGER consent_event_is_append_only BEFORE UPDATE OR DELETE ON consent_event FOR EACH ROW EXECUTE FUNCTION consent_event_is_append_only()`,
  );
  await runner.query(
    `CREATE TRIGGER consent_event_is_never_emptied BEFORE TRUNCATE ON consent_event FOR EACH STATEMENT EXECUTE FUNCTION consent_event_is_append_only()`,
  );
}

async function doors(runner: QueryRunner): Promise<void> {
  // Organisations that chose to be found. Nothing else about anybody comes through here.
  await runner.query(`
    CREATE FUNCTION organisation_directory(search text) RETURNS TABLE (id uuid, name text, kind text, country text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT o.id, o.name, o.kind, o.country::text FROM organisation o
       WHERE actor_user() IS NOT NULL AND length(trim(search)) >= 2 AND o.dissolved_at IS NULL AND coalesce(o.listed, o.kind = 'buyer')
         AND o.name ILIKE '%' || replace(replace(replace(trim(search), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%'
       ORDER BY o.name, o.id LIMIT 20 $$`);
  // The first time on a day that somebody opens what was granted. For a person: every grant by which they reach the site
  // now; for the holder of a link: that link.
  await runner.query(`
    CREATE FUNCTION consent_viewed(site uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      INSERT INTO consent_event (grant_id, supplier_id, grantee_id, kind, actor)
      SELECT g.id, g.supplier_id, g.grantee_id, 'viewed', coalesce(actor_user(), 'link')
        FROM consent_grant g
       WHERE g.state = 'active' AND g.until >= current_date
         AND (site IS NULL OR EXISTS (SELECT 1 FROM consent_grant_site x WHERE x.grant_id = g.id AND x.site_id = site))
         AND (g.id = actor_grant() OR g.grantee_id IN (SELECT organisation_id FROM membership WHERE user_id = actor_user()))
      ON CONFLICT DO NOTHING $$`);
  // Whom to write to about a grant; the worker alone may ask.
  await runner.query(`
    CREATE FUNCTION consent_recipients(grant_id uuid) RETURNS TABLE (side text, name text, email text, language text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      RETURN QUERY SELECT 'recipient', g.recipient_name, g.recipient_email, g.language FROM consent_grant g WHERE g.id = $1 AND g.grantee_id IS NULL;
      IF to_regclass('auth."user"') IS NULL THEN RETURN; END IF;
      RETURN QUERY EXECUTE '
        SELECT DISTINCT CASE WHEN m.organisation_id = g.supplier_id THEN ''supplier'' ELSE ''recipient'' END, u.name::text, u.email::text, coalesce(t.language, o.language)
          FROM consent_grant g JOIN membership m ON m.organisation_id IN (g.supplier_id, g.grantee_id) AND m.role IN (''owner'', ''qa-manager'')
          JOIN organisation o ON o.id = m.organisation_id JOIN auth."user" u ON u.id::text = m.user_id
          LEFT JOIN person_settings t ON t.user_id = m.user_id
         WHERE g.id = $1 ORDER BY 1, 3' USING grant_id;
    END $$`);
  await runner.query(`REVOKE ALL ON FUNCTION consent_recipients(uuid) FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION consent_recipients(uuid) TO ${WORKER_ROLE}`);
}
