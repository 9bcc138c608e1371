import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * The audit trail: docs/adr/0008-audit-trail.md. Triggers write it, so no way of changing a row goes past it; one entry a
 * statement and organisation, so that answering 150 items is one entry. At commit each entry takes its place in the chain
 * of the organisation whose record it is about: late, so that the chain is locked for a moment and not for a transaction.
 */

/** The chain of what belongs to nobody: published content, organisations before they have a member. */
export const PLATFORM_CHAIN = '00000000-0000-0000-0000-000000000000';

interface Audited {
  /** SQL for the organisation whose record a row `x` is part of. */
  readonly of: string;
  readonly key: readonly string[];
  /** Columns that are left out: derived, large, or said elsewhere. */
  readonly without?: readonly string[];
  /** Columns of people's data: that they changed is recorded, their values are not, so that they can be erased. */
  readonly personal?: readonly string[];
}

const agency = (programme: string): string =>
  `(SELECT p.organisation_id FROM programme_participant p WHERE p.programme_id = ${programme} AND p.part = 'agency' ORDER BY p.id LIMIT 1)`;
const site = { of: 'site_owner(x.site_id)', key: ['id'] };

const AUDITED: Readonly<Record<string, Audited>> = {
  organisation: { of: 'x.id', key: ['id'] },
  membership: { of: 'x.organisation_id', key: ['id'] },
  site: { of: 'x.organisation_id', key: ['id'] },
  programme: { of: agency('x.id'), key: ['id'] },
  programme_participant: { of: 'x.organisation_id', key: ['id'] },
  cohort: { of: agency('x.programme_id'), key: ['id'] },
  enrolment: site,
  assessment: site,
  response: { of: 'assessment_owner(x.assessment_id)', key: ['assessment_id', 'requirement'] },
  assessment_score: {
    of: 'assessment_owner(x.assessment_id)',
    key: ['assessment_id'],
    without: ['as_found', 'after_closure', 'computed_at'],
  },
  gain: { ...site, key: ['follow_up_id'], without: ['body', 'contribution', 'computed_at'] },
  certificate: site,
  engagement: site,
  visit: site,
  buyer_rule_row: { of: 'x.buyer_id', key: ['id'] },
  assessor: { of: 'x.organisation_id', key: ['id'], personal: ['name', 'email', 'lat', 'lon'] },
  absence: {
    of: '(SELECT a.organisation_id FROM assessor a WHERE a.id = x.assessor_id)',
    key: ['id'],
    personal: ['reason'],
  },
  checklist_version: { of: 'NULL', key: ['id'], without: ['body'] },
  checklist_translation: { of: 'NULL', key: ['id'], without: ['body'] },
  crosswalk: { of: 'NULL', key: ['id'], without: ['body'] },
  scoring_profile: { of: 'NULL', key: ['id'], without: ['body'] },
};

/** Puts a table under the audit trail. Also for migrations to come. */
export async function audit(runner: QueryRunner, table: string, audited: Audited): Promise<void> {
  const list = (names: readonly string[] = []): string => `'${names.join(',')}'`;
  const args = [
    `'${audited.of.replaceAll("'", "''")}'`,
    list(audited.key),
    list(audited.without),
    list(audited.personal),
  ];
  for (const [event, transition] of [
    ['INSERT', 'NEW TABLE AS new_rows'],
    ['UPDATE', 'OLD TABLE AS old_rows NEW TABLE AS new_rows'],
    ['DELETE', 'OLD TABLE AS old_rows'],
  ]) {
    await runner.query(
      `CREATE TRIGGER audit_${event!.toLowerCase()} AFTER ${event} ON ${table} REFERENCING ${transition}
         FOR EACH STATEMENT EXECUTE FUNCTION audit_change(${args.join(', ')})`,
    );
  }
}

/** The append-only, hash-chained audit trail. */
export class AuditTrail1795441000000 implements MigrationInterface {
  name = 'AuditTrail1795441000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_entry (
        entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        organisation_id uuid NOT NULL,
        seq bigint,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        subject text NOT NULL,
        action text NOT NULL,
        body text NOT NULL,
        prev bytea,
        hash bytea
      )`);
    await runner.query(`CREATE UNIQUE INDEX audit_entry_place ON audit_entry (organisation_id, seq)`);
    // Where each chain ends, and, after old entries were let go, where what is kept begins.
    await runner.query(`
      CREATE TABLE audit_head (
        organisation_id uuid PRIMARY KEY,
        seq bigint NOT NULL,
        hash bytea NOT NULL,
        base_seq bigint NOT NULL DEFAULT 0,
        base_hash bytea NOT NULL DEFAULT ''
      )`);
    await runner.query(`
      CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        head audit_head;
        link bytea;
      BEGIN
        INSERT INTO audit_head (organisation_id, seq, hash) VALUES (NEW.organisation_id, 0, '') ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM audit_head WHERE organisation_id = NEW.organisation_id FOR UPDATE;
        link := sha256(head.hash || convert_to(NEW.organisation_id || ' ' || (head.seq + 1) || ' ' || NEW.body, 'UTF8'));
        UPDATE audit_entry SET seq = head.seq + 1, prev = head.hash, hash = link WHERE entry = NEW.entry;
        UPDATE audit_head SET seq = head.seq + 1, hash = link WHERE organisation_id = NEW.organisation_id;
        RETURN NULL;
      END $$`);
    await runner.query(
      `CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON audit_entry DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION audit_chain()`,
    );
    // An entry is written once and linked once. Letting old ones go says so for the transaction (see audit_forget).
    await runner.query(`
      CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          IF OLD.hash IS NULL AND NEW.hash IS NOT NULL AND (OLD.entry, OLD.organisation_id, OLD.at, OLD.actor, OLD.subject, OLD.action, OLD.body)
             = (NEW.entry, NEW.organisation_id, NEW.at, NEW.actor, NEW.subject, NEW.action, NEW.body) THEN RETURN NEW; END IF;
        ELSIF TG_OP = 'DELETE' AND current_setting('uplift.audit_forget', true) = 'yes' THEN
          RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(
      `CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()`,
    );
    await runner.query(
      `CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()`,
    );
    await runner.query(`
      CREATE FUNCTION audit_forget(organisation uuid, before timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        last audit_entry;
        gone bigint;
      BEGIN
        PERFORM 1 FROM audit_head WHERE organisation_id = organisation FOR UPDATE;
        SELECT * INTO last FROM audit_entry WHERE organisation_id = organisation AND at < before AND seq IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM audit_entry e WHERE e.organisation_id = organisation AND e.at >= before AND e.seq < audit_entry.seq)
         ORDER BY seq DESC LIMIT 1;
        IF last.entry IS NULL THEN RETURN 0; END IF;
        PERFORM set_config('uplift.audit_forget', 'yes', true);
        DELETE FROM audit_entry WHERE organisation_id = organisation AND seq <= last.seq;
        GET DIAGNOSTICS gone = ROW_COUNT;
        PERFORM set_config('uplift.audit_forget', '', true);
        UPDATE audit_head SET base_seq = last.seq, base_hash = last.hash WHERE organisation_id = organisation;
        RETURN gone;
      END $$`);
    await runner.query(`REVOKE ALL ON FUNCTION audit_forget(uuid, timestamptz) FROM PUBLIC`);
    for (const [name, from] of [
      ['site_owner', 'site WHERE id = $1'],
      ['assessment_owner', 'site WHERE id = (SELECT site_id FROM assessment a WHERE a.id = $1)'],
    ]) {
      await runner.query(
        `CREATE FUNCTION ${name}(uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
           SELECT organisation_id FROM ${from} $$`,
      );
    }
    await runner.query(AUDIT_CHANGE);
    for (const [table, audited] of Object.entries(AUDITED)) await audit(runner, table, audited);
    for (const table of ['audit_entry', 'audit_head']) {
      await runner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
      await runner.query(`GRANT SELECT ON ${table} TO uplift_api, uplift_worker`);
      await runner.query(
        `CREATE POLICY api_select ON ${table} FOR SELECT TO uplift_api USING (organisation_id = ANY ((SELECT actor_owned_organisations())::uuid[]))`,
      );
      await runner.query(`CREATE POLICY worker ON ${table} FOR SELECT TO uplift_worker USING (true)`);
    }
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/**
 * One entry for a statement and organisation: who, when, from where, and for every row what it was and what it became.
 * Arguments: SQL for the organisation of a row `x`, key columns, columns left out, columns whose values are personal.
 */
const AUDIT_CHANGE = `
  CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
  DECLARE
    keys text[] := string_to_array(TG_ARGV[1], ',');
    hidden text[] := coalesce(string_to_array(nullif(TG_ARGV[2], ''), ','), '{}');
    personal text[] := coalesce(string_to_array(nullif(TG_ARGV[3], ''), ','), '{}');
    moment timestamptz := clock_timestamp();
    who text := coalesce(nullif(current_setting('uplift.user', true), ''),
                         'grant:' || nullif(current_setting('uplift.grant', true), ''),
                         CASE current_setting('role') WHEN 'uplift_worker' THEN 'worker' WHEN 'uplift_api' THEN 'anybody' ELSE 'operator' END);
    changes text;
    clean text := format('audit_clean(to_jsonb(x) - %L::text[], %L::text[])', hidden, personal);
    joined text := (SELECT string_agg(format('x.%1$I = o.%1$I', k), ' AND ') FROM unnest(keys) k);
  BEGIN
    changes := CASE TG_OP
      WHEN 'INSERT' THEN format('SELECT %s AS organisation, to_jsonb(x) AS keyed, jsonb_build_object(''after'', %s) AS change FROM new_rows x', TG_ARGV[0], clean)
      WHEN 'DELETE' THEN format('SELECT %s AS organisation, to_jsonb(x) AS keyed, jsonb_build_object(''before'', %s) AS change FROM old_rows x', TG_ARGV[0], clean)
      ELSE format('SELECT %s AS organisation, to_jsonb(x) AS keyed, audit_difference(to_jsonb(o) - %L::text[], to_jsonb(x) - %2$L::text[], %3$L::text[]) AS change
                     FROM new_rows x JOIN old_rows o ON %4$s', TG_ARGV[0], hidden, personal, joined) END;
    EXECUTE format('
      INSERT INTO audit_entry (organisation_id, at, actor, subject, action, body)
      SELECT coalesce(organisation::uuid, %1$L), $1, $2, $3, $4,
             jsonb_build_object(''v'', 1, ''at'', to_char($1 AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"''), ''actor'', $2,
                                ''request'', nullif(current_setting(''uplift.request'', true), ''''),
                                ''from'', nullif(current_setting(''uplift.address'', true), ''''),
                                ''subject'', $3, ''action'', $4,
                                ''rows'', jsonb_agg((SELECT jsonb_object_agg(k, keyed -> k) FROM unnest($5) k) || change))::text
        FROM (%2$s) c WHERE change IS NOT NULL GROUP BY 1', '${PLATFORM_CHAIN}'::uuid, changes)
      USING moment, who, TG_TABLE_NAME::text, lower(TG_OP), keys;
    RETURN NULL;
  END $$;
  -- A row as the trail keeps it: of personal columns only that there is a value.
  CREATE FUNCTION audit_clean(value jsonb, personal text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN personal = '{}' THEN jsonb_strip_nulls(value) ELSE
      jsonb_strip_nulls(value - personal) || coalesce((SELECT jsonb_object_agg(p, '{"personal": true}'::jsonb) FROM unnest(personal) p WHERE value -> p <> 'null'), '{}') END $$;
  -- What an update changed; null when that is nothing the trail keeps.
  CREATE FUNCTION audit_difference(old jsonb, new jsonb, personal text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN count(*) > 0 THEN jsonb_build_object(
             'before', jsonb_object_agg(n.key, CASE WHEN n.key = ANY (personal) THEN '{"personal": true}'::jsonb ELSE old -> n.key END),
             'after', jsonb_object_agg(n.key, CASE WHEN n.key = ANY (personal) THEN '{"personal": true}'::jsonb ELSE n.value END)) END
      FROM jsonb_each(new) n WHERE n.value IS DISTINCT FROM old -> n.key $$`;
