import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  API_ROLE,
  IN_PROGRAMME,
  MAY_ACT_FOR,
  policies,
  reaches,
  WORKER_ROLE,
} from './1795440000000-who-sees-what.js';

/** The rest of the charter of a programme, and the aggregates that donors, authorities and the public get. */
export class CharterAndAggregates1795460200000 implements MigrationInterface {
  name = 'CharterAndAggregates1795460200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE programme
        ADD COLUMN donor_aggregates boolean NOT NULL DEFAULT true,
        ADD COLUMN public_aggregates boolean NOT NULL DEFAULT false,
        ADD COLUMN k_anonymity integer NOT NULL DEFAULT 5,
        ADD COLUMN charter_revision integer NOT NULL DEFAULT 1,
        ADD CONSTRAINT programme_k_anonymity CHECK (k_anonymity BETWEEN 3 AND 100),
        ADD CONSTRAINT programme_buyer_scopes CHECK (buyer_scopes <@ ARRAY['certificate', 'score', 'section-scores', 'answers', 'evidence', 'corrective-actions'])`);
    const programmesOf = (name: string, where: string): Promise<unknown> =>
      runner.query(`
        CREATE FUNCTION ${name}() RETURNS uuid[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
          SELECT coalesce(array_agg(DISTINCT p.programme_id), '{}') FROM programme_participant p
            JOIN membership m ON m.organisation_id = p.organisation_id AND m.user_id = actor_user() AND ${MAY_ACT_FOR('m.organisation_id')}
            JOIN programme g ON g.id = p.programme_id WHERE ${where} $$`);
    // Whose participation shows single sites' results may see a cohort's figures with nothing left out.
    await programmesOf(
      'actor_cohort_figures',
      `p.part IN ('agency', 'assessment-provider') OR (p.part = 'buyer' AND 'section-scores' = ANY (g.buyer_scopes))`,
    );
    await programmesOf(
      'actor_aggregates',
      `p.part = 'agency' OR (p.part IN ('donor', 'authority') AND (g.donor_aggregates OR g.public_aggregates))`,
    );
    // That a site takes part in a programme is that programme's to know, not every buyer's who sees the site.
    await runner.query(`DROP POLICY api_select ON enrolment`);
    await runner.query(`
      CREATE POLICY api_select ON enrolment FOR SELECT TO ${API_ROLE} USING (
        ${reaches('enrolment.site_id', 'record')} OR (${reaches('enrolment.site_id')}
          AND EXISTS (SELECT 1 FROM cohort c WHERE c.id = cohort_id AND ${IN_PROGRAMME('c.programme_id')})))`);
    await runner.query(`DROP POLICY api_select ON cohort_aggregate`);
    await runner.query(`
      CREATE POLICY api_select ON cohort_aggregate FOR SELECT TO ${API_ROLE} USING (
        EXISTS (SELECT 1 FROM cohort c WHERE c.id = cohort_id AND c.programme_id = ANY ((SELECT actor_cohort_figures())::uuid[])))`);
    // What was published, and, for the worker's eyes only, which results each figure was about: what may be published
    // next depends on everything that is out already.
    await runner.query(`
      CREATE TABLE aggregate_snapshot (
        id uuid PRIMARY KEY,
        programme_id uuid NOT NULL REFERENCES programme (id) ON DELETE CASCADE,
        published_at timestamptz NOT NULL DEFAULT now(),
        body jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE aggregate_basis (
        snapshot_id uuid PRIMARY KEY REFERENCES aggregate_snapshot (id) ON DELETE CASCADE,
        groups jsonb NOT NULL
      )`);
    await runner.query(`GRANT SELECT, INSERT ON aggregate_basis TO ${WORKER_ROLE}`);
    await runner.query(
      `CREATE INDEX aggregate_snapshot_newest ON aggregate_snapshot (programme_id, published_at DESC)`,
    );
    await policies(runner, 'aggregate_snapshot', {
      select: `${IN_PROGRAMME('programme_id')} AND programme_id = ANY ((SELECT actor_aggregates())::uuid[])`,
      worker: 'SELECT, INSERT',
    });
    await runner.query(`
      CREATE FUNCTION snapshot_is_published() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'a published snapshot is immutable' USING ERRCODE = 'restrict_violation';
      END $$`);
    await runner.query(
      `CREATE TRIGGER snapshot_is_published BEFORE UPDATE ON aggregate_snapshot FOR EACH ROW EXECUTE FUNCTION snapshot_is_published()`,
    );
    // What anybody may know of a programme whose charter says public: its name, who runs it, its newest aggregates.
    await runner.query(`
      CREATE FUNCTION public_programme(wanted text) RETURNS TABLE (code text, name text, agency text, published_at timestamptz, body jsonb)
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
        SELECT g.code, g.name,
               (SELECT o.name FROM programme_participant p JOIN organisation o ON o.id = p.organisation_id
                 WHERE p.programme_id = g.id AND p.part = 'agency' ORDER BY p.id LIMIT 1),
               s.published_at, s.body
          FROM programme g LEFT JOIN LATERAL (SELECT * FROM aggregate_snapshot a WHERE a.programme_id = g.id ORDER BY a.published_at DESC LIMIT 1) s ON true
         WHERE g.code = $1 AND g.public_aggregates $$`);
    // Whom a change of the charter concerns; the worker alone may ask.
    await runner.query(`
      CREATE FUNCTION charter_recipients(programme_id uuid) RETURNS TABLE (name text, email text, language text)
      LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF to_regclass('auth."user"') IS NULL THEN RETURN; END IF;
        RETURN QUERY EXECUTE '
          SELECT DISTINCT u.name::text, u.email::text, coalesce(t.language, o.language) FROM site_reach r JOIN organisation o ON o.id = r.owner_id
            JOIN membership m ON m.organisation_id = o.id AND m.role IN (''owner'', ''qa-manager'')
            JOIN auth."user" u ON u.id::text = m.user_id LEFT JOIN person_settings t ON t.user_id = m.user_id WHERE r.programme_id = $1 ORDER BY 2' USING programme_id;
      END $$`);
    await runner.query(`REVOKE ALL ON FUNCTION charter_recipients(uuid) FROM PUBLIC`);
    await runner.query(`GRANT EXECUTE ON FUNCTION charter_recipients(uuid) TO ${WORKER_ROLE}`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}
