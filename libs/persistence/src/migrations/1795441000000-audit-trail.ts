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

/** Of a statement that touches more rows than this, their number and digest are recorded, not the rows. */
const MOST_ROWS = 1000;

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
  response: {
    // In line and not by the function: asked for each of 150 answers.
    of: '(SELECT s.organisation_id FROM assessment a JOIN site s ON s.id = a.site_id WHERE a.id = x.assessment_id)',
    key: ['assessment_id', 'requirement'],
  },
  assessment_score: {
    of: 'assessment_owner(x.assessment_id)',
    key: ['assessment_id'],
    without: ['as_found', 'after_closure', 'computed_at'],
  },
  finding_closure: { of: 'assessment_owner(x.assessment_id)', key: ['id'] },
  gain: { ...site, key: ['follow_up_id'], without: ['body', 'contribution', 'computed_at'] },
  // The facts name people; what they state is in the assessment, and is frozen.
  certificate: { ...site, personal: ['facts'] },
  engagement: site,
  visit: site,
  buyer_rule_row: { of: 'x.buyer_id', key: ['id'] },
  assessor: { of: 'x.organisation_id', key: ['id'], personal: ['name', 'email', 'lat', 'lon'] },
  absence: {
    of: '(SELECT a.organisation_id FROM assessor a WHERE a.id = x.assessor_id)',
    key: ['id'],
    personal: ['reason'],
  },
  record_import: {
    of: 'x.organisation_id',
    key: ['id'],
    without: ['mapping', 'summary', 'stored', 'problem'],
  },
  checklist_version: { of: 'NULL', key: ['id'], without: ['body'] },
  checklist_translation: { of: 'NULL', key: ['id'], without: ['body'] },
  crosswalk: { of: 'NULL', key: ['id'], without: ['body'] },
  scoring_profile: { of: 'NULL', key: ['id'], without: ['body'] },
};

/**
 * Puts a table under the audit trail. Also for migrations to come. Each event gets a function of its own, so that the
 * server plans its statement once a connection: planning it at every call cost more than the rest.
 */
export async function audit(runner: QueryRunner, table: string, audited: Audited): Promise<void> {
  for (const event of ['insert', 'update', 'delete'] as const) {
    const rows = event === 'delete' ? 'old_rows' : 'new_rows';
    const insert = (said: string): string => `
        INSERT INTO audit_entry (organisation_id, at, actor, subject, action, body)
        SELECT coalesce(organisation, '${PLATFORM_CHAIN}'), moment, who, '${table}', '${event}', audit_body(moment, who, '${table}', '${event}', ${said})
          FROM (${changes(event, audited)}) c GROUP BY organisation;`;
    const order = audited.key.map((name) => `change ->> '${name}' COLLATE "C"`).join(', ');
    const transition = {
      insert: 'NEW TABLE AS new_rows',
      update: 'OLD TABLE AS old_rows NEW TABLE AS new_rows',
      delete: 'OLD TABLE AS old_rows',
    }[event];
    await runner.query(`
      CREATE FUNCTION audit_${table}_${event}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        moment timestamptz := clock_timestamp();
        who text := audit_actor();
      BEGIN
        IF (SELECT count(*) FROM (SELECT FROM ${rows} LIMIT ${MOST_ROWS + 1}) few) <= ${MOST_ROWS} THEN ${insert('jsonb_agg(change)')}
        ELSE ${insert(
          `jsonb_build_object('count', count(*), 'digest',
             encode(sha256(string_agg(sha256(convert_to(change::text, 'UTF8')), ''::bytea ORDER BY ${order})), 'hex'))`,
        )}
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER audit_${event} AFTER ${event.toUpperCase()} ON ${table} REFERENCING ${transition}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_${table}_${event}()`);
  }
}

/** SQL for what a statement did: per row the organisation, and what the row was and became. */
function changes(
  event: 'insert' | 'update' | 'delete',
  { of, key, without = [], personal = [] }: Audited,
): string {
  const list = (names: readonly string[]): string => `'{${names.join(',')}}'::text[]`;
  const row = (of: string): string => `to_jsonb(${of})${without.length > 0 ? ` - ${list(without)}` : ''}`;
  const keys = key.map((name) => `'${name}', x.${name}`).join(', ');
  const organisation = `(${of})::uuid AS organisation`;
  if (event !== 'update') {
    const [side, rows] = event === 'insert' ? ['after', 'new_rows'] : ['before', 'old_rows'];
    const kept = personal.length > 0 ? `audit_clean(${row('x')}, ${list(personal)})` : row('x');
    return `SELECT ${organisation}, jsonb_build_object(${keys}, '${side}', jsonb_strip_nulls(${kept})) AS change FROM ${rows} x`;
  }
  const hidden = `n.key = ANY (${list(personal)}) OR audit_erases()`;
  const said = (value: string): string =>
    `jsonb_object_agg(n.key, CASE WHEN ${hidden} THEN '{"personal": true}'::jsonb ELSE ${value} END)`;
  return `
    SELECT ${organisation}, jsonb_build_object(${keys}, 'before', d.before, 'after', d.after) AS change
      FROM new_rows x JOIN old_rows o ON ${key.map((name) => `x.${name} = o.${name}`).join(' AND ')}
      CROSS JOIN LATERAL (SELECT ${row('o')} AS was, ${row('x')} AS is OFFSET 0) r
      CROSS JOIN LATERAL (SELECT ${said('r.was -> n.key')} AS before, ${said('n.value')} AS after
                            FROM jsonb_each(r.is) n WHERE n.value IS DISTINCT FROM r.was -> n.key) d
     WHERE d.after IS NOT NULL`;
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
    await runner.query(AUDIT_WHO);
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
        head audit_head;
        last audit_entry;
        gone bigint;
        moment timestamptz := clock_timestamp();
      BEGIN
        SELECT * INTO head FROM audit_head WHERE organisation_id = organisation FOR UPDATE;
        -- Only from the beginning: an entry takes its place at commit, so an older one may stand behind a younger one.
        SELECT * INTO last FROM audit_entry WHERE organisation_id = organisation AND seq = (
          SELECT coalesce(min(seq) - 1, head.seq) FROM audit_entry WHERE organisation_id = organisation AND at >= before);
        IF last.entry IS NULL THEN RETURN 0; END IF;
        PERFORM set_config('uplift.audit_forget', 'yes', true);
        DELETE FROM audit_entry WHERE organisation_id = organisation AND seq <= last.seq;
        GET DIAGNOSTICS gone = ROW_COUNT;
        PERFORM set_config('uplift.audit_forget', '', true);
        UPDATE audit_head SET base_seq = last.seq, base_hash = last.hash WHERE organisation_id = organisation;
        -- The chain itself says where it was cut: without this entry the beginning was taken away by somebody else.
        INSERT INTO audit_entry (organisation_id, at, actor, subject, action, body)
        VALUES (organisation, moment, audit_actor(), 'audit_entry', 'forget', audit_body(moment, audit_actor(), 'audit_entry', 'forget',
                jsonb_build_array(jsonb_build_object('through', last.seq, 'hash', encode(last.hash, 'hex')))));
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
    await runner.query(AUDIT_BODY);
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

/** Who acts, and from where: of an address only the network, because a whole one is a person's. */
const AUDIT_WHO = `
  CREATE FUNCTION audit_actor() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('uplift.user', true), ''),
                    'grant:' || nullif(current_setting('uplift.grant', true), ''),
                    CASE current_setting('role') WHEN 'uplift_worker' THEN 'worker' WHEN 'uplift_api' THEN 'anybody' ELSE 'operator' END) $$;
  CREATE FUNCTION audit_origin() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(substring(address FROM '^(?:::ffff:)?(\\d{1,3}\\.\\d{1,3}\\.\\d{1,3})\\.\\d{1,3}$') || '.0/24',
                    substring(address FROM '^([0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}):') || '::/48')
      FROM (SELECT current_setting('uplift.address', true) AS address) x $$`;

const AUDIT_BODY = `
  CREATE FUNCTION audit_body(moment timestamptz, who text, subject text, action text, rows jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('v', 1, 'at', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'actor', who,
                              'request', nullif(current_setting('uplift.request', true), ''), 'from', audit_origin(),
                              'subject', subject, 'action', action, 'rows', rows)::text $$;
  -- A row as the trail keeps it: of personal columns only that there is a value.
  CREATE FUNCTION audit_clean(value jsonb, personal text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT value - personal || coalesce((SELECT jsonb_object_agg(p, '{"personal": true}'::jsonb) FROM unnest(personal) p WHERE value -> p <> 'null'), '{}') $$;
  -- While names are taken out of the record, the trail must not write them down once more. Not for the API to claim.
  CREATE FUNCTION audit_erases() RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(current_setting('uplift.erasing', true), '') = 'yes' AND current_setting('role') <> 'uplift_api' $$`;
