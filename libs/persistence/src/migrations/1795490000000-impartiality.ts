import type { MigrationInterface, QueryRunner } from 'typeorm';
import { NOT_IMPARTIAL } from '../refusals.js';
import { API_ROLE, MANAGED, policies, WORKER_ROLE } from './1795440000000-who-sees-what.js';
import { audit } from './1795441000000-audit-trail.js';
import { reached } from './1795480000000-policies-at-less-cost.js';

/*
 * Impartiality: the rules of a programme, the register of engagements, and exceptions that a programme has allowed. The
 * domain says what breaches a rule (libs/domain/src/impartiality.ts); the triggers here refuse the breaches that can be
 * told from the rows alone (who coached, who did the other's work), whichever way a row comes in.
 */
export class Impartiality1795490000000 implements MigrationInterface {
  name = 'Impartiality1795490000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE programme
        ADD COLUMN impartiality jsonb,
        ADD COLUMN impartiality_revision integer NOT NULL DEFAULT 1`);
    await runner.query(`
      ALTER TABLE engagement
        ALTER COLUMN person_id DROP NOT NULL,
        ADD COLUMN organisation_id uuid CONSTRAINT "FK_engagement_organisation" REFERENCES organisation (id),
        ADD COLUMN paid_by text,
        ADD COLUMN declaration text,
        ADD CONSTRAINT engagement_of_somebody CHECK (person_id IS NOT NULL OR organisation_id IS NOT NULL),
        ADD CONSTRAINT engagement_role CHECK (role IN ('coach', 'consultant', 'trainer', 'internal-auditor', 'employee')),
        ADD CONSTRAINT engagement_paid_by CHECK (paid_by IN ('programme', 'supplier', 'buyer', 'provider'))`);
    await runner.query(
      `UPDATE engagement e SET organisation_id = a.organisation_id FROM assessor a WHERE a.id = e.person_id`,
    );
    await runner.query(
      `ALTER TABLE assessment ADD COLUMN organisation_id uuid CONSTRAINT "FK_assessment_organisation" REFERENCES organisation (id)`,
    );
    await runner.query(
      `UPDATE assessment x SET organisation_id = a.organisation_id FROM assessor a WHERE a.id = x.assessor_id AND x.kind <> 'self'`,
    );
    await exceptions(runner);
    await facts(runner);
    await guards(runner);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

async function exceptions(runner: QueryRunner): Promise<void> {
  // Names of people stay out of it: it is kept as long as what rests on it.
  await runner.query(`
    CREATE TABLE impartiality_exception (
      id uuid PRIMARY KEY,
      programme_id uuid NOT NULL REFERENCES programme (id),
      site_id uuid NOT NULL REFERENCES site (id),
      assessment_id uuid REFERENCES assessment (id),
      rule text NOT NULL,
      person_id text NOT NULL,
      -- What was known when it was allowed.
      facts jsonb NOT NULL,
      reason text NOT NULL CHECK (length(trim(reason)) > 0),
      valid_from date,
      valid_until date,
      recorded_by text NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT exception_of_assessment_or_period CHECK (
        (assessment_id IS NULL) = (valid_from IS NOT NULL) AND (assessment_id IS NULL) = (valid_until IS NOT NULL)),
      CONSTRAINT exception_period CHECK (valid_until BETWEEN valid_from AND valid_from + 366),
      CONSTRAINT exception_not_for_oneself CHECK (recorded_by <> person_id)
    )`);
  await runner.query(
    `CREATE INDEX impartiality_exception_site ON impartiality_exception (site_id, person_id)`,
  );
  await runner.query(
    `CREATE INDEX impartiality_exception_assessment ON impartiality_exception (assessment_id)`,
  );
  await runner.query(
    `CREATE INDEX impartiality_exception_programme ON impartiality_exception (programme_id, id)`,
  );
  await runner.query(`
    CREATE FUNCTION exception_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'exceptions from impartiality are append-only' USING ERRCODE = 'restrict_violation';
    END $$`);
  await runner.query(
    `CREATE TRIGGER exception_is_append_only BEFORE UPDATE OR DELETE ON impartiality_exception FOR EACH ROW EXECUTE FUNCTION exception_is_append_only()`,
  );
  await runner.query(
    `CREATE TRIGGER exception_is_never_emptied BEFORE TRUNCATE ON impartiality_exception FOR EACH STATEMENT EXECUTE FUNCTION exception_is_append_only()`,
  );
  // Of which programme a cohort is: asked of cohorts whose id somebody has from a row they see.
  await runner.query(`
    CREATE FUNCTION programme_of(cohort uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT c.programme_id FROM cohort c WHERE c.id = cohort $$`);
  // Whether a site is or was enrolled in a programme, for who has both ids.
  await runner.query(`
    CREATE FUNCTION site_in_programme(site uuid, programme uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT EXISTS (SELECT 1 FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE e.site_id = site AND c.programme_id = programme) $$`);
  await policies(runner, 'impartiality_exception', {
    select: reached('impartiality_exception.site_id'),
    insert: `${MANAGED('impartiality_exception.programme_id')} AND ${reached('impartiality_exception.site_id')}
      AND impartiality_exception.recorded_by = (SELECT actor_user())
      AND site_in_programme(impartiality_exception.site_id, impartiality_exception.programme_id)`,
    worker: 'SELECT',
  });
  await audit(runner, 'impartiality_exception', { of: 'site_owner(x.site_id)', key: ['id'] });
  // Which exceptions an assessment, or its certificate, rests on: those of people who then did what they allow. With its
  // owner's rights, like the other views of what an actor reaches: whoever is shown a closed result is shown what was allowed
  // for it, and nothing else of the exceptions.
  await runner.query(`
    CREATE VIEW assessment_exception WITH (security_barrier) AS
      SELECT a.id AS assessment_id, x.id, x.programme_id, x.site_id, x.rule, x.facts, x.reason, x.recorded_at
        FROM impartiality_exception x JOIN assessment a ON a.site_id = x.site_id AND a.kind <> 'self'
       WHERE (x.assessment_id = a.id
              OR (x.assessment_id IS NULL AND a.assessed_on BETWEEN x.valid_from AND x.valid_until AND programme_of(a.cohort_id) = x.programme_id
                  AND a.assessor_id = x.person_id))
         AND CASE WHEN x.rule LIKE 'reviewer-%' THEN a.reviewer_id = x.person_id
                  WHEN x.rule LIKE 'decider-%' THEN EXISTS (SELECT 1 FROM certificate c WHERE c.assessment_id = a.id AND c.decided_by = x.person_id)
                  ELSE true END
         AND (current_setting('role') <> '${API_ROLE}' OR EXISTS (SELECT 1 FROM site_reach r WHERE r.site_id = x.site_id
              AND r.holder_id = ANY ((SELECT actor_holders())::uuid[]) AND (r.until IS NULL OR r.until >= current_date)
              AND (r.scopes && '{record}' OR (a.state = 'closed' AND r.scopes && '{certificate,score,section-scores,answers}'))))`);
  await runner.query(`GRANT SELECT ON assessment_exception TO ${API_ROLE}, ${WORKER_ROLE}`);
}

/** What the rules ask about people and their organisations, for whoever works on the site's record, and for the worker. */
async function facts(runner: QueryRunner): Promise<void> {
  // Whose site it is, as a party: an agency or a provider that imported records only keeps them.
  await runner.query(`
    CREATE FUNCTION site_supplier(site uuid) RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT s.organisation_id FROM site s JOIN organisation o ON o.id = s.organisation_id
       WHERE s.id = site_supplier.site AND o.kind IN ('supplier', 'buyer', 'training-provider') $$`);
  await runner.query(`
    CREATE FUNCTION impartiality_people(site uuid, people text[])
      RETURNS TABLE (person text, of_supplier boolean, organisation_id uuid, organisation_kind text)
      LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF current_setting('role') = '${API_ROLE}' AND ${reached('impartiality_people.site')} IS NOT TRUE THEN RETURN; END IF;
      RETURN QUERY
        SELECT p, EXISTS (SELECT 1 FROM membership m WHERE m.user_id = p AND m.organisation_id = site_supplier(impartiality_people.site)), o.id, o.kind
          FROM unnest(people) p
          -- The organisation somebody assesses for: as the planner knows them, else the one by which they reach the site.
          LEFT JOIN LATERAL (
            SELECT f.id FROM (
              SELECT a.organisation_id AS id, 1 AS rank FROM assessor a WHERE a.id = p
                AND EXISTS (SELECT 1 FROM site_reach r WHERE r.site_id = impartiality_people.site AND r.organisation_id = a.organisation_id AND r.scopes && '{record}')
              UNION ALL
              SELECT r.organisation_id, CASE r.part WHEN 'assessment-provider' THEN 2 ELSE 3 END FROM membership m
                JOIN site_reach r ON r.organisation_id = m.organisation_id AND r.site_id = impartiality_people.site
               WHERE m.user_id = p AND r.part IN ('agency', 'assessment-provider') AND m.role IN ('assessor', 'programme-manager', 'owner')
            ) f ORDER BY f.rank, f.id LIMIT 1) found ON true
          LEFT JOIN organisation o ON o.id = found.id;
    END $$`);
  // Who buys from a site, for whoever works on its record.
  await runner.query(`
    CREATE FUNCTION site_buyers(site uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF current_setting('role') = '${API_ROLE}' AND ${reached('site_buyers.site')} IS NOT TRUE THEN RETURN '{}'; END IF;
      RETURN (SELECT coalesce(array_agg(DISTINCT r.organisation_id), '{}') FROM site_reach r
               LEFT JOIN organisation o ON o.id = r.organisation_id
               WHERE r.site_id = site_buyers.site AND (r.part = 'buyer' OR (r.part = 'grantee' AND o.kind = 'buyer')));
    END $$`);
}

async function guards(runner: QueryRunner): Promise<void> {
  const inside = (signature: string, returns: string, body: string): Promise<unknown> =>
    runner
      .query(
        `CREATE FUNCTION ${signature} RETURNS ${returns} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$ ${body} $$`,
      )
      .then(() =>
        runner.query(`REVOKE ALL ON FUNCTION ${signature.replace(/(\w+) (\w+)(?=[,)])/g, '$2')} FROM PUBLIC`),
      );
  await inside(
    'look_back_of(cohort uuid)',
    'integer',
    `SELECT coalesce((SELECT p.look_back_months FROM programme p WHERE p.id = programme_of(cohort)), 24)`,
  );
  // The look-back counts from one day, the act is on another: coaching that begins after it counts for nobody.
  await inside(
    'coached_site(who text, site uuid, since date, day date, months integer)',
    'boolean',
    `SELECT EXISTS (SELECT 1 FROM engagement e WHERE e.person_id = who AND e.site_id = site AND e.from_date <= day
        AND (e.until_date IS NULL OR (e.until_date + make_interval(months => months))::date > since))`,
  );
  await inside(
    'excepted(broken text, who text, site uuid, assessment uuid, held date)',
    'boolean',
    `SELECT EXISTS (SELECT 1 FROM impartiality_exception x WHERE x.rule = broken AND x.person_id = who AND x.site_id = site
        AND (x.assessment_id = assessment OR (x.assessment_id IS NULL AND held BETWEEN x.valid_from AND x.valid_until)))`,
  );
  const guard = async (table: string, events: string, when: string, body: string): Promise<void> => {
    await runner.query(`
      CREATE FUNCTION ${table}_is_impartial() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE
        breach text;
        a assessment;
      BEGIN
        ${body}
        IF breach IS NOT NULL THEN
          RAISE EXCEPTION '%', breach USING ERRCODE = '${NOT_IMPARTIAL}';
        END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER is_impartial BEFORE ${events} ON ${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION ${table}_is_impartial()`);
  };
  const breached = (rule: string, who: string, condition: string, ...of: string[]): string =>
    `IF ${condition} AND NOT excepted('${rule}', ${who}, ${of.join(', ')}) THEN breach := '${rule}'; END IF;`;
  await guard(
    'assessment',
    'INSERT OR UPDATE OF assessor_id, reviewer_id, assessed_on',
    `NEW.kind <> 'self' AND (NEW.assessor_id IS NOT NULL OR NEW.reviewer_id IS NOT NULL)`,
    `IF TG_OP = 'INSERT' OR (NEW.assessor_id, NEW.assessed_on) IS DISTINCT FROM (OLD.assessor_id, OLD.assessed_on) THEN
       ${breached('assessor-is-coach', 'NEW.assessor_id', 'coached_site(NEW.assessor_id, NEW.site_id, NEW.assessed_on, greatest(NEW.assessed_on, current_date), look_back_of(NEW.cohort_id))', 'NEW.site_id', 'NEW.id', 'NEW.assessed_on')}
     END IF;
     IF TG_OP = 'INSERT' OR NEW.reviewer_id IS DISTINCT FROM OLD.reviewer_id THEN
       ${breached('reviewer-is-assessor', 'NEW.reviewer_id', 'NEW.reviewer_id = NEW.assessor_id', 'NEW.site_id', 'NEW.id', 'NEW.assessed_on')}
       ${breached('reviewer-is-coach', 'NEW.reviewer_id', 'coached_site(NEW.reviewer_id, NEW.site_id, current_date, current_date, look_back_of(NEW.cohort_id))', 'NEW.site_id', 'NEW.id', 'NEW.assessed_on')}
     END IF;`,
  );
  await guard(
    'visit',
    'INSERT OR UPDATE OF assessor_id, planned_on, state',
    `NEW.state = 'planned' AND NEW.assessor_id IS NOT NULL AND NEW.planned_on IS NOT NULL`,
    breached(
      'assessor-is-coach',
      'NEW.assessor_id',
      'coached_site(NEW.assessor_id, NEW.site_id, NEW.planned_on, NEW.planned_on, look_back_of(NEW.cohort_id))',
      'NEW.site_id',
      'NULL',
      'NEW.planned_on',
    ),
  );
  await guard(
    'certificate',
    'INSERT OR UPDATE OF decided_by',
    `NEW.decided_by IS NOT NULL`,
    `IF TG_OP = 'UPDATE' AND NEW.decided_by IS NOT DISTINCT FROM OLD.decided_by THEN RETURN NEW; END IF;
     SELECT * INTO a FROM assessment WHERE id = NEW.assessment_id;
     ${[
       ['decider-is-assessor', 'NEW.decided_by = a.assessor_id'],
       ['decider-is-reviewer', 'NEW.decided_by = a.reviewer_id'],
       [
         'decider-is-proposer',
         'NEW.decided_by = NEW.proposed_by AND NEW.decided_by IS DISTINCT FROM a.reviewer_id',
       ],
       [
         'decider-is-coach',
         'coached_site(NEW.decided_by, NEW.site_id, current_date, current_date, look_back_of(a.cohort_id))',
       ],
     ]
       .map(([rule, condition]) =>
         breached(rule!, 'NEW.decided_by', condition!, 'NEW.site_id', 'a.id', 'a.assessed_on'),
       )
       .join('\n     ')}`,
  );
}
