import type { MigrationInterface, QueryRunner } from 'typeorm';
import { API_ROLE, IN_PROGRAMME, MANAGED, MAY_ACT_FOR, OWN } from './1795440000000-who-sees-what.js';

/*
 * The policies of before asked tables that have policies themselves, so that planning one statement took longer than
 * running it, and PostgreSQL worked out everything the actor reaches where one row was asked for. Now each asks one view of
 * what the actor reaches. The views run with their owner's rights and show an actor nothing but its own; they are barriers,
 * so no condition of a caller's is tried on a row before the view has let it through.
 *
 * A scalar subquery, and not EXISTS: PostgreSQL would hash the whole view for the one row it is asked about.
 */

/** The row is about a site that the actor reaches, with everything (`record`) or with one of the scopes. */
export const reached = (site: string, ...scopes: string[]): string => ask('reach', 'r.site_id', site, scopes);

/** The row is about an assessment that the actor reaches: open ones with everything only, closed ones with a scope, too. */
export const reachedAssessment = (assessment: string, ...scopes: string[]): string =>
  ask('assessment', 'r.id', assessment, scopes);

/** The row is about a site that the actor reaches in any way. */
export const seen = (site: string): string =>
  `(SELECT true FROM actor_reach r WHERE r.site_id = ${site} LIMIT 1)`;

const ask = (view: string, key: string, value: string, scopes: readonly string[]): string =>
  `(SELECT true FROM actor_${view} r WHERE ${key} = ${value} AND r.scopes && '{${['record', ...scopes].join(',')}}' LIMIT 1)`;

/** The row is about a programme of the actor's, as a participant or with a site that takes part. */
const KNOWN = (programme: string): string => `${programme} = ANY ((SELECT actor_known_programmes())::uuid[])`;

const ASSESSMENT_SCOPES = ['score', 'section-scores', 'answers', 'corrective-actions'];

/** Policy by policy, what it says now. */
const POLICIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  organisation: {
    api_select: `${OWN('organisation.id')}
      OR (SELECT true FROM actor_reach r WHERE r.owner_id = organisation.id LIMIT 1)
      OR (SELECT true FROM actor_participant p WHERE p.organisation_id = organisation.id LIMIT 1)`,
    api_select_consent: `(SELECT true FROM actor_consent g WHERE g.grantee_id = organisation.id LIMIT 1)
      OR (SELECT true FROM actor_consent g WHERE g.supplier_id = organisation.id LIMIT 1)`,
  },
  site: {
    api_select: `${OWN('site.organisation_id')} OR ${seen('site.id')}`,
    api_update: `${OWN('site.organisation_id')} OR ${reached('site.id')}`,
  },
  site_reach: {
    api_select: `site_reach.holder_id = ANY ((SELECT actor_holders())::uuid[]) OR ${OWN('site_reach.owner_id')}`,
  },
  programme: { api_select: KNOWN('programme.id') },
  programme_participant: { api_select: KNOWN('programme_participant.programme_id') },
  enrolment: {
    api_select: `${reached('enrolment.site_id')} OR (${seen('enrolment.site_id')}
      AND (SELECT true FROM actor_cohort c WHERE c.id = enrolment.cohort_id AND ${IN_PROGRAMME('c.programme_id')} LIMIT 1))`,
    api_insert: `(SELECT true FROM actor_reach r WHERE r.site_id = enrolment.site_id AND ${OWN('r.owner_id')} LIMIT 1)
      OR (${reached('enrolment.site_id')} AND (SELECT true FROM actor_cohort c WHERE c.id = enrolment.cohort_id AND ${MANAGED('c.programme_id')} LIMIT 1))`,
    api_update: `(SELECT true FROM actor_cohort c WHERE c.id = enrolment.cohort_id AND ${MANAGED('c.programme_id')} LIMIT 1)`,
  },
  assessment: {
    api_select: `(SELECT true FROM actor_reach r WHERE r.site_id = assessment.site_id
      AND (r.scopes && '{record}' OR (assessment.state = 'closed' AND r.scopes && '{${ASSESSMENT_SCOPES.join(',')}}')) LIMIT 1)`,
    api_insert: reached('assessment.site_id'),
    api_update: reached('assessment.site_id'),
  },
  response: {
    api_select: reachedAssessment('response.assessment_id', 'answers'),
    api_insert: reachedAssessment('response.assessment_id'),
    api_update: reachedAssessment('response.assessment_id'),
    api_delete: reachedAssessment('response.assessment_id'),
  },
  assessment_score: {
    api_select: reachedAssessment('assessment_score.assessment_id', 'score', 'section-scores', 'answers'),
  },
  assessment_explanation: {
    api_select: `(assessment_explanation.detail = 'sections' AND ${reachedAssessment('assessment_explanation.assessment_id', 'section-scores', 'answers')})
      OR (assessment_explanation.detail = 'items' AND ${reachedAssessment('assessment_explanation.assessment_id', 'answers')})`,
  },
  finding: {
    api_select: reachedAssessment('finding.assessment_id', 'answers', 'corrective-actions'),
    api_update: reachedAssessment('finding.assessment_id'),
  },
  finding_closure: {
    api_select: reachedAssessment('finding_closure.assessment_id', 'answers', 'corrective-actions'),
    api_insert: reachedAssessment('finding_closure.assessment_id'),
    api_update: reachedAssessment('finding_closure.assessment_id'),
  },
  gain: { api_select: reachedAssessment('gain.follow_up_id', 'section-scores', 'answers') },
  gain_explanation: { api_select: reachedAssessment('gain_explanation.follow_up_id', 'answers') },
  cohort_aggregate: {
    api_select: `(SELECT true FROM actor_cohort c WHERE c.id = cohort_aggregate.cohort_id
      AND c.programme_id = ANY ((SELECT actor_cohort_figures())::uuid[]) LIMIT 1)`,
  },
  buyer_rule_row: {
    api_select: `${OWN('buyer_rule_row.buyer_id')}
      OR (SELECT true FROM actor_participant p WHERE p.organisation_id = buyer_rule_row.buyer_id AND p.part = 'buyer' LIMIT 1)`,
    api_select_consent: `(SELECT true FROM actor_consent g WHERE g.grantee_id = buyer_rule_row.buyer_id AND ${OWN('g.supplier_id')} LIMIT 1)`,
  },
  readiness: { api_select: readiness('readiness', 'score', 'answers') },
  readiness_explanation: { api_select: readiness('readiness_explanation', 'answers') },
  assessor: {
    api_select: `assessor.id = (SELECT actor_user()) OR ${OWN('assessor.organisation_id')}
      OR assessor.organisation_id = ANY ((SELECT actor_field_partners())::uuid[])
      OR (SELECT true FROM actor_visit v WHERE v.assessor_id = assessor.id LIMIT 1)`,
  },
  engagement: {
    api_select: `engagement.person_id = (SELECT actor_user()) OR ${reached('engagement.site_id')}`,
    api_insert: reached('engagement.site_id'),
    api_update: reached('engagement.site_id'),
  },
  visit: {
    api_select: reached('visit.site_id'),
    api_insert: reached('visit.site_id'),
    api_update: reached('visit.site_id'),
  },
  certificate: {
    api_select: `(SELECT true FROM actor_reach r WHERE r.site_id = certificate.site_id
      AND (r.scopes && '{record}' OR (certificate.issued_on IS NOT NULL AND r.scopes && '{certificate}')) LIMIT 1)`,
    api_insert: reached('certificate.site_id'),
    api_update: reached('certificate.site_id'),
  },
  document: {
    api_select: `(document.kind = 'certificate' AND (SELECT true FROM certificate c WHERE c.id = document.subject_id LIMIT 1))
      OR (document.kind = 'gap-report' AND ${reachedAssessment('document.subject_id', 'answers')})`,
  },
  consent_grant_site: {
    api_select: `(SELECT true FROM actor_consent g WHERE g.id = consent_grant_site.grant_id LIMIT 1)`,
  },
};

/** Readiness by a buyer's rule is for whoever has the record, and for that buyer with one of the scopes. */
function readiness(table: string, ...scopes: string[]): string {
  return `(SELECT true FROM actor_reach r WHERE r.site_id = ${table}.site_id
    AND (r.scopes && '{record}' OR (r.scopes && '{${scopes.join(',')}}' AND ${table}.buyer_rule_id = ANY ((SELECT actor_buyer_rules())::uuid[]))) LIMIT 1)`;
}

const HELD = (reach: string): string =>
  `${reach}.holder_id = ANY ((SELECT actor_holders())::uuid[]) AND (${reach}.until IS NULL OR ${reach}.until >= current_date)`;

/** What the actor reaches: the only relations that policies ask. */
const VIEWS: Readonly<Record<string, string>> = {
  actor_reach: `SELECT r.site_id, r.owner_id, r.scopes FROM site_reach r WHERE ${HELD('r')}`,
  actor_assessment: `SELECT a.id, r.scopes FROM assessment a JOIN site_reach r ON r.site_id = a.site_id
    WHERE ${HELD('r')} AND (a.state = 'closed' OR r.scopes && '{record}')`,
  actor_visit: `SELECT v.id, v.assessor_id FROM visit v JOIN site_reach r ON r.site_id = v.site_id WHERE ${HELD('r')} AND r.scopes && '{record}'`,
  actor_participant: `SELECT p.organisation_id, p.part FROM programme_participant p WHERE ${KNOWN('p.programme_id')}`,
  actor_cohort: `SELECT c.id, c.programme_id FROM cohort c
    WHERE ${IN_PROGRAMME('c.programme_id')} OR c.id = ANY ((SELECT actor_cohorts())::uuid[])`,
  actor_consent: `SELECT g.id, g.supplier_id, g.grantee_id FROM consent_grant g
    WHERE ${OWN('g.supplier_id')} OR ${OWN('g.grantee_id')} OR g.id = (SELECT actor_grant())`,
};

/** The policies say what they said, and cost a fraction of it. */
export class PoliciesAtLessCost1795480000000 implements MigrationInterface {
  name = 'PoliciesAtLessCost1795480000000';

  async up(runner: QueryRunner): Promise<void> {
    // Whoever holds a way to a site: an organisation or, for those without an account, the grant itself.
    await runner.query(
      `ALTER TABLE site_reach ADD COLUMN holder_id uuid GENERATED ALWAYS AS (coalesce(organisation_id, grant_id)) STORED`,
    );
    await runner.query(`DROP INDEX site_reach_site, site_reach_organisation, site_reach_grant`);
    await runner.query(`CREATE INDEX site_reach_site ON site_reach (site_id, holder_id)`);
    await runner.query(`CREATE INDEX site_reach_holder ON site_reach (holder_id, site_id)`);
    await runner.query(`CREATE INDEX site_reach_owner ON site_reach (owner_id, holder_id)`);
    const array = (name: string, body: string): Promise<unknown> =>
      runner.query(
        `CREATE FUNCTION ${name}() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$ ${body} $$`,
      );
    await array(
      'actor_holders',
      `SELECT coalesce(array_agg(DISTINCT organisation_id), '{}') || array_remove(ARRAY[actor_grant()], NULL)
         FROM membership WHERE user_id = actor_user() AND ${MAY_ACT_FOR('organisation_id')}`,
    );
    await array(
      'actor_known_programmes',
      `SELECT coalesce(array_agg(DISTINCT k.programme_id), '{}') FROM (
         SELECT p.programme_id FROM programme_participant p JOIN membership m ON m.organisation_id = p.organisation_id
          WHERE m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')}
         UNION ALL
         SELECT r.programme_id FROM site_reach r JOIN membership m ON m.organisation_id = r.owner_id
          WHERE m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')} AND r.programme_id IS NOT NULL) k`,
    );
    await array(
      'actor_buyer_rules',
      `SELECT coalesce(array_agg(b.id), '{}') FROM buyer_rule_row b JOIN membership m ON m.organisation_id = b.buyer_id
        WHERE m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')}`,
    );
    for (const [name, body] of Object.entries(VIEWS)) {
      await runner.query(`CREATE VIEW ${name} WITH (security_barrier) AS ${body}`);
      await runner.query(`GRANT SELECT ON ${name} TO ${API_ROLE}`);
    }
    for (const [table, rules] of Object.entries(POLICIES)) {
      for (const [policy, rule] of Object.entries(rules)) await alter(runner, table, policy, rule);
    }
    // What the code asks: in which part and role a person reaches a site. The API may ask about its actor and colleagues.
    await runner.query(`
      CREATE OR REPLACE VIEW site_access WITH (security_invoker = false, security_barrier) AS
        SELECT m.user_id, r.site_id, m.role, r.part, r.scopes
          FROM membership m JOIN site_reach r ON r.organisation_id = m.organisation_id
         WHERE (r.until IS NULL OR r.until >= current_date)
           AND (current_setting('role') <> '${API_ROLE}' OR ${OWN('m.organisation_id')})`);
    await flow(runner);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

/** How many sites are and were in cohorts, for whoever may see the cohorts' figures: counted without asking for each. */
async function flow(runner: QueryRunner): Promise<void> {
  await runner.query(
    `CREATE INDEX enrolment_exits ON enrolment (cohort_id, exit_reason, site_id) WHERE exited_on IS NOT NULL`,
  );
  await runner.query(`CREATE INDEX gain_of_site_in_cohort ON gain (cohort_id, site_id) WHERE comparable`);
  await runner.query(`
    CREATE FUNCTION cohort_flow(cohorts uuid[]) RETURNS TABLE (enrolled integer, exits jsonb) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      WITH allowed AS MATERIALIZED (
        SELECT c.id FROM cohort c WHERE c.id = ANY (cohorts)
           AND (current_setting('role') <> '${API_ROLE}' OR c.programme_id = ANY ((SELECT actor_cohort_figures())::uuid[])))
      SELECT (SELECT count(*)::integer FROM enrolment e JOIN allowed a ON a.id = e.cohort_id),
             -- Who had a comparable gain before leaving counts among the results.
             (SELECT coalesce(jsonb_object_agg(x.reason, x.count), '{}') FROM (
                SELECT coalesce(e.exit_reason, 'unknown') AS reason, count(*) FROM enrolment e JOIN allowed a ON a.id = e.cohort_id
                 WHERE e.exited_on IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM gain g WHERE g.cohort_id = e.cohort_id AND g.site_id = e.site_id AND g.comparable) GROUP BY 1) x) $$`);
}

async function alter(runner: QueryRunner, table: string, policy: string, rule: string): Promise<void> {
  const using = policy === 'api_insert' ? '' : `USING (${rule})`;
  const check = policy === 'api_insert' || policy === 'api_update' ? `WITH CHECK (${rule})` : '';
  await runner.query(`ALTER POLICY ${policy} ON ${table} ${using} ${check}`);
}
