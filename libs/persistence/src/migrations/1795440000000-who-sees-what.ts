import type { MigrationInterface, QueryRunner } from 'typeorm';

/*
 * Who sees what, enforced by the database: docs/adr/0007-row-level-security.md says why it has this shape.
 *
 * `site_reach` is the one table that says which organisation (or consent link) reaches which site, and what of it. It is
 * derived, by triggers, from ownership, enrolment, participation and consent grants; nobody writes it by hand. Every
 * policy asks it, and the actor of the transaction (`uplift.user`, `uplift.grant`).
 */

/** What of a site's record can be shared. `record`: everything, drafts included, and the right to work on it. */
const RECORD = 'record';

/** The row is about a site that the actor reaches with one of the scopes. `site` is qualified: `site_reach` has a column of that name. */
export const reaches = (site: string, ...scopes: string[]): string => `EXISTS (
  SELECT 1 FROM site_reach r WHERE r.site_id = ${site}
     AND (r.organisation_id = ANY ((SELECT actor_organisations())::uuid[]) OR r.grant_id = (SELECT actor_grant()))
     AND (r.until IS NULL OR r.until >= current_date)${scopes.length > 0 ? ` AND r.scopes && '{${scopes.join(',')}}'` : ''})`;

export const OWN = (organisation: string): string =>
  `${organisation} = ANY ((SELECT actor_organisations())::uuid[])`;
const OWNED = (organisation: string): string =>
  `${organisation} = ANY ((SELECT actor_owned_organisations())::uuid[])`;
export const IN_PROGRAMME = (programme: string): string =>
  `${programme} = ANY ((SELECT actor_programmes())::uuid[])`;
export const MANAGED = (programme: string): string =>
  `${programme} = ANY ((SELECT actor_managed_programmes())::uuid[])`;
export const ofAssessment = (column: string, ...scopes: string[]): string =>
  `EXISTS (SELECT 1 FROM assessment a WHERE a.id = ${column} AND ${reaches('a.site_id', RECORD, ...scopes)})`;

export interface Rules {
  readonly select?: string;
  readonly insert?: string;
  readonly update?: string;
  readonly delete?: string;
  /** What the worker may do: it acts as itself, on every row, but only this. */
  readonly worker?: string;
}

/** Every table with data of somebody's, and who may do what with its rows. What is not said is refused. */
const RULES: Readonly<Record<string, Rules>> = {
  organisation: {
    select: `${OWN('id')} OR EXISTS (SELECT 1 FROM site s WHERE s.organisation_id = organisation.id AND ${reaches('s.id')})
      OR EXISTS (SELECT 1 FROM programme_participant p WHERE p.organisation_id = organisation.id)`,
    insert: `(SELECT actor_user()) IS NOT NULL`,
    update: OWNED('id'),
    worker: 'SELECT',
  },
  membership: {
    // Who plans visits knows who goes on them, in other organisations of the programme, too.
    select: `${OWN('organisation_id')} OR user_id = (SELECT actor_user())
      OR (role IN ('assessor', 'mentor') AND organisation_id = ANY ((SELECT actor_field_partners())::uuid[]))`,
    insert: `${OWNED('organisation_id')} OR (user_id = (SELECT actor_user()) AND organisation_is_new(organisation_id))`,
    update: OWNED('organisation_id'),
    delete: `${OWNED('organisation_id')} OR user_id = (SELECT actor_user())`,
    worker: 'SELECT',
  },
  site: {
    select: `${OWN('organisation_id')} OR ${reaches('site.id')}`,
    insert: OWN('organisation_id'),
    update: `${OWN('organisation_id')} OR ${reaches('site.id', RECORD)}`,
    worker: 'SELECT',
  },
  site_reach: {
    select: `${OWN('organisation_id')} OR grant_id = (SELECT actor_grant()) OR ${OWN('owner_id')}`,
    worker: 'SELECT',
  },
  programme: {
    select: `${IN_PROGRAMME('id')} OR EXISTS (SELECT 1 FROM site_reach r WHERE r.programme_id = programme.id AND ${OWN('r.owner_id')})`,
    insert: `(SELECT actor_user()) IS NOT NULL`,
    update: MANAGED('id'),
    worker: 'SELECT',
  },
  programme_participant: {
    select: `${IN_PROGRAMME('programme_id')} OR EXISTS (SELECT 1 FROM site_reach r WHERE r.programme_id = programme_participant.programme_id AND ${OWN('r.owner_id')})`,
    insert: `${MANAGED('programme_id')} OR (${OWN('organisation_id')} AND part = 'agency' AND programme_is_new(programme_id))`,
    delete: MANAGED('programme_id'),
    worker: 'SELECT',
  },
  cohort: {
    select: `${IN_PROGRAMME('programme_id')} OR id = ANY ((SELECT actor_cohorts())::uuid[])`,
    insert: MANAGED('programme_id'),
    update: MANAGED('programme_id'),
    worker: 'SELECT',
  },
  enrolment: {
    select: reaches('enrolment.site_id'),
    insert: `EXISTS (SELECT 1 FROM site s WHERE s.id = site_id AND ${OWN('s.organisation_id')})
      OR (${reaches('enrolment.site_id', RECORD)} AND EXISTS (SELECT 1 FROM cohort c WHERE c.id = cohort_id AND ${MANAGED('c.programme_id')}))`,
    update: `EXISTS (SELECT 1 FROM cohort c WHERE c.id = cohort_id AND ${MANAGED('c.programme_id')})`,
    worker: 'SELECT',
  },
  assessment: {
    select: `${reaches('assessment.site_id', RECORD)} OR (state = 'closed' AND ${reaches('assessment.site_id', 'score', 'section-scores', 'answers', 'corrective-actions')})`,
    insert: reaches('assessment.site_id', RECORD),
    update: reaches('assessment.site_id', RECORD),
    worker: 'SELECT, UPDATE',
  },
  response: {
    select: ofAssessment('assessment_id', 'answers'),
    insert: ofAssessment('assessment_id'),
    update: ofAssessment('assessment_id'),
    delete: ofAssessment('assessment_id'),
    worker: 'SELECT',
  },
  assessment_score: {
    select: ofAssessment('assessment_id', 'score', 'section-scores', 'answers'),
    worker: 'SELECT, INSERT, UPDATE, DELETE',
  },
  finding: {
    select: ofAssessment('assessment_id', 'answers', 'corrective-actions'),
    update: ofAssessment('assessment_id'),
    worker: 'SELECT, INSERT, UPDATE, DELETE',
  },
  gain: {
    select: `${reaches('gain.site_id', RECORD)} OR (${reaches('gain.site_id', 'section-scores', 'answers')}
      AND EXISTS (SELECT 1 FROM assessment a WHERE a.id = follow_up_id AND a.state = 'closed'))`,
    worker: 'SELECT, INSERT, UPDATE, DELETE',
  },
  // Donors and authorities get suppressed aggregates by another door, never the running one.
  cohort_aggregate: {
    select: `EXISTS (SELECT 1 FROM cohort c WHERE c.id = cohort_id AND c.programme_id = ANY ((SELECT actor_result_programmes())::uuid[]))`,
    worker: 'SELECT, INSERT, UPDATE, DELETE',
  },
  buyer_rule_row: {
    select: `${OWN('buyer_id')} OR EXISTS (SELECT 1 FROM programme_participant p WHERE p.organisation_id = buyer_id AND p.part = 'buyer')`,
    insert: OWN('buyer_id'),
    update: OWN('buyer_id'),
    worker: 'SELECT',
  },
  readiness: {
    select: `${reaches('readiness.site_id', RECORD)} OR (${reaches('readiness.site_id', 'score', 'answers')}
      AND EXISTS (SELECT 1 FROM buyer_rule_row b WHERE b.id = buyer_rule_id AND ${OWN('b.buyer_id')}))`,
    worker: 'SELECT, INSERT, UPDATE, DELETE',
  },
  assessor: {
    select: `id = (SELECT actor_user()) OR ${OWN('organisation_id')}
      OR organisation_id = ANY ((SELECT actor_field_partners())::uuid[])
      OR EXISTS (SELECT 1 FROM visit v WHERE v.assessor_id = assessor.id)`,
    insert: `${OWN('organisation_id')} OR organisation_id = ANY ((SELECT actor_field_partners())::uuid[])`,
    update: `id = (SELECT actor_user()) OR ${OWN('organisation_id')} OR organisation_id = ANY ((SELECT actor_field_partners())::uuid[])`,
    worker: 'SELECT',
  },
  absence: {
    select: `assessor_id = (SELECT actor_user()) OR EXISTS (SELECT 1 FROM assessor x WHERE x.id = assessor_id
      AND (${OWN('x.organisation_id')} OR x.organisation_id = ANY ((SELECT actor_field_partners())::uuid[])))`,
    insert: `EXISTS (SELECT 1 FROM assessor x WHERE x.id = assessor_id)`,
    delete: `EXISTS (SELECT 1 FROM assessor x WHERE x.id = assessor_id)`,
    worker: 'SELECT',
  },
  engagement: {
    select: `person_id = (SELECT actor_user()) OR ${reaches('engagement.site_id', RECORD)}`,
    insert: reaches('engagement.site_id', RECORD),
    update: reaches('engagement.site_id', RECORD),
    worker: 'SELECT',
  },
  visit: {
    select: reaches('visit.site_id', RECORD),
    insert: reaches('visit.site_id', RECORD),
    update: reaches('visit.site_id', RECORD),
    worker: 'SELECT, INSERT, UPDATE',
  },
  certificate: {
    select: `${reaches('certificate.site_id', RECORD)} OR (issued_on IS NOT NULL AND ${reaches('certificate.site_id', 'certificate')})`,
    insert: reaches('certificate.site_id', RECORD),
    update: reaches('certificate.site_id', RECORD),
    worker: 'SELECT, UPDATE',
  },
  finding_closure: {
    select: ofAssessment('assessment_id', 'answers', 'corrective-actions'),
    insert: ofAssessment('assessment_id'),
    update: ofAssessment('assessment_id'),
    worker: 'SELECT',
  },
  document: {
    select: `(kind = 'certificate' AND EXISTS (SELECT 1 FROM certificate c WHERE c.id = subject_id))
      OR (kind = 'gap-report' AND ${ofAssessment('subject_id', 'answers')})`,
    worker: 'SELECT, INSERT',
  },
  person_settings: {
    select: `user_id = (SELECT actor_user())`,
    insert: `user_id = (SELECT actor_user())`,
    update: `user_id = (SELECT actor_user())`,
    worker: 'SELECT',
  },
  visit_invitation: { worker: 'SELECT, INSERT, UPDATE' },
  reminder: { worker: 'SELECT, INSERT, DELETE' },
  record_import: {
    select: OWN('organisation_id'),
    insert: OWN('organisation_id'),
    worker: 'SELECT, UPDATE',
  },
  record_import_file: {
    insert: `EXISTS (SELECT 1 FROM record_import i WHERE i.id = import_id)`,
    worker: 'SELECT, DELETE',
  },
  idempotency_key: {
    select: `user_id = (SELECT actor_user())`,
    insert: `user_id = (SELECT actor_user())`,
    update: `user_id = (SELECT actor_user())`,
    delete: `user_id = (SELECT actor_user())`,
    worker: 'SELECT, DELETE',
  },
};

/** Published content and the machinery: nobody's data. What each role may do with it. */
const SHARED: Readonly<Record<string, { api: string; worker: string }>> = {
  checklist_version: { api: 'SELECT, INSERT', worker: 'SELECT' },
  checklist_translation: { api: 'SELECT, INSERT, UPDATE', worker: 'SELECT' },
  crosswalk: { api: 'SELECT, INSERT', worker: 'SELECT' },
  scoring_profile: { api: 'SELECT, INSERT', worker: 'SELECT' },
  worker_beat: { api: 'SELECT', worker: 'SELECT, INSERT, UPDATE' },
  // The API puts work in and can't read what others put in; it may only count what waits.
  outbox: { api: 'INSERT, SELECT (taken_at)', worker: 'SELECT, INSERT, UPDATE, DELETE' },
};

export const API_ROLE = 'uplift_api';
export const WORKER_ROLE = 'uplift_worker';
export const IDENTITY_ROLE = 'uplift_identity';
export const IMPORTER_ROLE = 'uplift_importer';

/** Row-level security on every table with data of somebody's, and the roles the processes work under. */
export class WhoSeesWhat1795440000000 implements MigrationInterface {
  name = 'WhoSeesWhat1795440000000';

  async up(runner: QueryRunner): Promise<void> {
    await roles(runner);
    await reach(runner);
    await actor(runner);
    await doors(runner);
    for (const [table, rules] of Object.entries(RULES)) await policies(runner, table, rules);
    for (const [table, { api, worker }] of Object.entries(SHARED)) {
      for (const part of api.split(/, (?=[A-Z])/))
        await runner.query(`GRANT ${part} ON ${table} TO ${API_ROLE}`);
      await runner.query(`GRANT ${worker} ON ${table} TO ${WORKER_ROLE}`);
    }
    // A view asks with its owner's rights unless told otherwise.
    await runner.query(`ALTER VIEW full_response SET (security_invoker = true)`);
    await runner.query(`GRANT SELECT ON full_response TO ${API_ROLE}, ${WORKER_ROLE}`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/** The roles belong to the server, not to the database: another database of it may have made them already. */
async function roles(runner: QueryRunner): Promise<void> {
  for (const role of [API_ROLE, WORKER_ROLE, IDENTITY_ROLE]) {
    await runner.query(`
      DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN
          CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
        END IF;
        IF NOT pg_has_role(current_user, '${role}', 'SET') THEN
          EXECUTE format('GRANT ${role} TO %I', current_user);
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$`);
    await runner.query(`GRANT USAGE ON SCHEMA public TO ${role}`);
  }
  await importer(runner);
}

/**
 * Imports of records go by COPY, which PostgreSQL refuses under row-level security. So they have a role of their own that
 * may bypass the policies, but write nothing but what an import is made of. Where the server doesn't let us make one, such
 * imports are the operator's, by command line.
 */
async function importer(runner: QueryRunner): Promise<void> {
  await runner.query(`
    DO $$ BEGIN
      IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${IMPORTER_ROLE}') THEN
        CREATE ROLE ${IMPORTER_ROLE} NOLOGIN NOSUPERUSER BYPASSRLS;
      END IF;
      IF NOT pg_has_role(current_user, '${IMPORTER_ROLE}', 'SET') THEN
        EXECUTE format('GRANT ${IMPORTER_ROLE} TO %I', current_user);
      END IF;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN CREATE ROLE ${IMPORTER_ROLE} NOLOGIN;
    END $$`);
  await runner.query(`GRANT USAGE ON SCHEMA public TO ${IMPORTER_ROLE}`);
  for (const table of IMPORTED) await runner.query(`GRANT SELECT, INSERT ON ${table} TO ${IMPORTER_ROLE}`);
}

const IMPORTED = [
  'organisation',
  'site',
  'checklist_version',
  'scoring_profile',
  'crosswalk',
  'assessment',
  'response',
  'assessment_score',
  'finding',
  'gain',
];

async function reach(runner: QueryRunner): Promise<void> {
  await runner.query(
    `ALTER TABLE programme ADD COLUMN buyer_scopes text[] NOT NULL DEFAULT '{certificate,score,section-scores}'`,
  );
  await runner.query(`
    CREATE TABLE site_reach (
      site_id uuid NOT NULL REFERENCES site (id) ON DELETE CASCADE,
      owner_id uuid NOT NULL,
      organisation_id uuid,
      grant_id uuid,
      programme_id uuid,
      part text NOT NULL,
      scopes text[] NOT NULL,
      until date
    )`);
  await runner.query(`CREATE INDEX site_reach_site ON site_reach (site_id, organisation_id)`);
  await runner.query(`CREATE INDEX site_reach_organisation ON site_reach (organisation_id, site_id)`);
  await runner.query(`CREATE INDEX site_reach_programme ON site_reach (programme_id, owner_id)`);
  await runner.query(`CREATE INDEX site_reach_grant ON site_reach (grant_id) WHERE grant_id IS NOT NULL`);
  await runner.query(`
    CREATE FUNCTION refresh_site_reach(sites uuid[]) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
      DELETE FROM site_reach WHERE site_id = ANY (sites) AND part <> 'grantee';
      INSERT INTO site_reach (site_id, owner_id, organisation_id, programme_id, part, scopes)
        SELECT s.id, s.organisation_id, s.organisation_id, NULL, 'owner-organisation', '{record}' FROM site s WHERE s.id = ANY (sites)
        UNION ALL
        SELECT DISTINCT s.id, s.organisation_id, p.organisation_id, p.programme_id, p.part,
               CASE WHEN p.part = 'buyer' THEN g.buyer_scopes ELSE '{record}' END
          FROM site s JOIN enrolment e ON e.site_id = s.id JOIN cohort c ON c.id = e.cohort_id
          JOIN programme g ON g.id = c.programme_id JOIN programme_participant p ON p.programme_id = g.id
         WHERE s.id = ANY (sites) AND p.part IN ('agency', 'assessment-provider', 'buyer');
    $$`);
  const trigger = (table: string, event: string, transition: string, sites: string): string => `
    CREATE FUNCTION ${table}_${event.toLowerCase()}_reach() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      PERFORM refresh_site_reach(ARRAY(${sites}));
      RETURN NULL;
    END $$;
    CREATE TRIGGER ${table}_${event.toLowerCase()}_reach AFTER ${event} ON ${table} REFERENCING ${transition} TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION ${table}_${event.toLowerCase()}_reach()`;
  const enrolled = `SELECT DISTINCT e.site_id FROM changed x JOIN cohort c ON c.programme_id = x.programme_id JOIN enrolment e ON e.cohort_id = c.id`;
  await runner.query(trigger('site', 'INSERT', 'NEW', 'SELECT id FROM changed'));
  await runner.query(trigger('site', 'UPDATE', 'NEW', 'SELECT id FROM changed'));
  await runner.query(trigger('enrolment', 'INSERT', 'NEW', 'SELECT site_id FROM changed'));
  await runner.query(trigger('enrolment', 'DELETE', 'OLD', 'SELECT site_id FROM changed'));
  await runner.query(trigger('programme_participant', 'INSERT', 'NEW', enrolled));
  await runner.query(trigger('programme_participant', 'DELETE', 'OLD', enrolled));
  await runner.query(trigger('programme', 'UPDATE', 'NEW', enrolled.replace('x.programme_id', 'x.id')));
  await runner.query(`SELECT refresh_site_reach(ARRAY(SELECT id FROM site))`);
  // What the code asks: in which part and role a person reaches a site. Runs with the asker's rights.
  await runner.query(`DROP VIEW site_access`);
  await runner.query(`
    CREATE VIEW site_access WITH (security_invoker = true) AS
      SELECT m.user_id, r.site_id, m.role, r.part, r.scopes
        FROM membership m JOIN site_reach r ON r.organisation_id = m.organisation_id
       WHERE r.until IS NULL OR r.until >= current_date`);
  await runner.query(`GRANT SELECT ON site_access TO ${API_ROLE}, ${WORKER_ROLE}`);
}

/** An API token acts for one organisation, whatever else its person belongs to. */
export const MAY_ACT_FOR = (organisation: string): string =>
  `${organisation} = coalesce(nullif(current_setting('uplift.organisation', true), '')::uuid, ${organisation})`;

/** Who acts in this transaction. Arrays, because a policy asks them once a statement and not once a row. */
async function actor(runner: QueryRunner): Promise<void> {
  const stable = (name: string, returns: string, body: string): Promise<unknown> =>
    runner.query(
      `CREATE FUNCTION ${name}() RETURNS ${returns} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$ ${body} $$`,
    );
  await runner.query(
    `CREATE FUNCTION actor_user() RETURNS text LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('uplift.user', true), '') $$`,
  );
  await runner.query(
    `CREATE FUNCTION actor_grant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('uplift.grant', true), '')::uuid $$`,
  );
  const list = (column: string, from: string): string =>
    `SELECT coalesce(array_agg(DISTINCT ${column}), '{}') FROM ${from}`;
  await stable(
    'actor_organisations',
    'uuid[]',
    list('organisation_id', `membership WHERE user_id = actor_user() AND ${MAY_ACT_FOR('organisation_id')}`),
  );
  await stable(
    'actor_owned_organisations',
    'uuid[]',
    list(
      'organisation_id',
      `membership WHERE user_id = actor_user() AND role = 'owner' AND ${MAY_ACT_FOR('organisation_id')}`,
    ),
  );
  const mine = `programme_participant p JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')}`;
  await stable('actor_programmes', 'uuid[]', list('p.programme_id', mine));
  await stable(
    'actor_result_programmes',
    'uuid[]',
    list('p.programme_id', `${mine} AND p.part IN ('agency', 'assessment-provider', 'buyer')`),
  );
  await stable(
    'actor_managed_programmes',
    'uuid[]',
    list('p.programme_id', `${mine} AND p.part = 'agency' AND m.role IN ('owner', 'programme-manager')`),
  );
  // Cohorts in which one of the actor's own sites is enrolled. A function, because policies may not go in a circle.
  await stable(
    'actor_cohorts',
    'uuid[]',
    list(
      'e.cohort_id',
      `enrolment e JOIN site s ON s.id = e.site_id JOIN membership m ON m.organisation_id = s.organisation_id AND m.user_id = actor_user()`,
    ),
  );
  // Organisations that do field work in a programme where the actor's organisation does, too.
  await stable(
    'actor_field_partners',
    'uuid[]',
    list(
      'o.organisation_id',
      `${mine} AND p.part IN ('agency', 'assessment-provider') JOIN programme_participant o ON o.programme_id = p.programme_id AND o.part IN ('agency', 'assessment-provider')`,
    ),
  );
  // Whoever founds an organisation or a programme puts itself in as the first; later that takes somebody who is in.
  for (const [name, table, column] of [
    ['organisation_is_new', 'membership', 'organisation_id'],
    ['programme_is_new', 'programme_participant', 'programme_id'],
  ]) {
    await runner.query(
      `CREATE FUNCTION ${name}(id uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
         SELECT NOT EXISTS (SELECT 1 FROM ${table} WHERE ${column} = $1) $$`,
    );
  }
}

export async function policies(runner: QueryRunner, table: string, rules: Rules): Promise<void> {
  await runner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
  for (const command of ['select', 'insert', 'update', 'delete'] as const) {
    const rule = rules[command];
    if (!rule) continue;
    await runner.query(`GRANT ${command.toUpperCase()} ON ${table} TO ${API_ROLE}`);
    const checks =
      command === 'insert'
        ? `WITH CHECK (${rule})`
        : command === 'update'
          ? `USING (${rule}) WITH CHECK (${rule})`
          : `USING (${rule})`;
    await runner.query(
      `CREATE POLICY api_${command} ON ${table} FOR ${command.toUpperCase()} TO ${API_ROLE} ${checks}`,
    );
  }
  if (rules.worker) {
    await runner.query(`GRANT ${rules.worker} ON ${table} TO ${WORKER_ROLE}`);
    await runner.query(`CREATE POLICY worker ON ${table} TO ${WORKER_ROLE} USING (true) WITH CHECK (true)`);
  }
}

/** Narrow doors through the wall: what a caller may ask of rows that aren't theirs, answered with no more than that. */
async function doors(runner: QueryRunner): Promise<void> {
  const door = (signature: string, returns: string, body: string): Promise<unknown> =>
    runner.query(
      `CREATE FUNCTION ${signature} RETURNS ${returns} LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$ ${body} $$`,
    );
  // People stand in the identity provider's schema, which comes after this migration: hence EXECUTE.
  const person = (column: string, which: string): string => `
    DECLARE found text;
    BEGIN
      IF to_regclass('auth."user"') IS NOT NULL THEN
        EXECUTE 'SELECT ${column} FROM auth."user" u WHERE u.id::text = $1' INTO found USING ${which};
      END IF;
      RETURN found;
    END`;
  // The name behind an id; ids are handed out only with rows somebody may see.
  await door('person_name(person text)', 'text', person('name', 'person'));
  // An address: of oneself, of colleagues, of those who do field work in the same programme; the worker writes mails to all.
  await door(
    'person_email(person text)',
    'text',
    person(
      'email',
      `CASE WHEN person = actor_user() OR current_setting('role') <> '${API_ROLE}' OR EXISTS (
         SELECT 1 FROM membership m WHERE m.user_id = person
            AND (m.organisation_id = ANY (actor_organisations()) OR m.organisation_id = ANY (actor_field_partners()))) THEN person END`,
    ),
  );
  // The roles of a person, before the transaction in which they act has begun.
  await door(
    'memberships_of(person text)',
    'TABLE (organisation_id uuid, kind text, role text)',
    `BEGIN RETURN QUERY SELECT m.organisation_id, o.kind, m.role FROM membership m
       JOIN organisation o ON o.id = m.organisation_id WHERE m.user_id = person; END`,
  );
  // Whoever lets an organisation into a programme has its id from it, and need not see it before.
  await door(
    'organisation_kind(wanted uuid)',
    'text',
    `BEGIN RETURN (SELECT kind FROM organisation WHERE id = wanted); END`,
  );
  // Whether somebody belongs to an organisation that shares a programme with this one: then they may be given a role in it.
  await door(
    'person_is_known(person text, organisation uuid)',
    'boolean',
    `BEGIN RETURN EXISTS (
       WITH programmes AS (
         SELECT programme_id FROM programme_participant WHERE organisation_id = organisation
         UNION SELECT c.programme_id FROM site s JOIN enrolment e ON e.site_id = s.id JOIN cohort c ON c.id = e.cohort_id WHERE s.organisation_id = organisation)
       SELECT 1 FROM membership m WHERE m.user_id = person AND (m.organisation_id = organisation OR m.organisation_id IN (
         SELECT p.organisation_id FROM programme_participant p WHERE p.programme_id IN (SELECT programme_id FROM programmes)))); END`,
  );
  // A certificate that was issued is public by its number; one that was not isn't known.
  await door(
    'public_certificate(wanted text)',
    'SETOF certificate',
    `BEGIN RETURN QUERY SELECT * FROM certificate WHERE number = wanted AND issued_on IS NOT NULL; END`,
  );
  // What it was measured against: published content, no answers.
  await door(
    'certificate_content(wanted uuid)',
    'TABLE (checklist_version_id uuid, scoring_profile_id uuid, version text, level text, time_zone text)',
    `BEGIN RETURN QUERY SELECT a.checklist_version_id, a.scoring_profile_id, v.version, a.level, p.time_zone
       FROM certificate c JOIN assessment a ON a.id = c.assessment_id JOIN checklist_version v ON v.id = a.checklist_version_id
       LEFT JOIN cohort h ON h.id = a.cohort_id LEFT JOIN programme p ON p.id = h.programme_id
      WHERE c.id = wanted AND c.issued_on IS NOT NULL; END`,
  );
}
