import type { MigrationInterface, QueryRunner } from 'typeorm';
import {
  API_ROLE,
  OWN,
  ofAssessment,
  policies,
  reaches,
  WORKER_ROLE,
} from './1795440000000-who-sees-what.js';

/*
 * A result is kept in layers, each with its own policy: whoever was granted the score reads the totals and finds neither
 * sections nor items, whatever statement they send. Triggers cut, so that no way of writing a result can forget to; views
 * put together again what the reader may see. The domain cuts along the same lines (`visibleScore`).
 */

/** Keys of a score by the layer they belong to; what is in none belongs to the totals. */
const SECTIONS = `'{sections,classes,penalties,gates}'::text[]`;
const ITEMS = `'{items,gates}'::text[]`;
const DETAIL = `'{sections,classes,penalties,gates,items}'::text[]`;
/** Keys of a gain that name items. */
const GAIN_ITEMS = `'{items,leftOut}'::text[]`;

/** Scores, gains and readiness in layers, so that row-level security enforces scopes. */
export class ScopesInTheDatabase1795460100000 implements MigrationInterface {
  name = 'ScopesInTheDatabase1795460100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION only_keys(value jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT coalesce(jsonb_object_agg(k, value -> k), '{}') FROM unnest(keys) k WHERE value ? k $$`);
    // What section scores show of a score: gates without the items that keep them from holding.
    await runner.query(`
      CREATE FUNCTION score_sections(score jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT only_keys(score, ${SECTIONS}) || CASE WHEN jsonb_typeof(score -> 'gates') = 'array' THEN jsonb_build_object('gates',
          (SELECT coalesce(jsonb_agg(g - 'requirements' ORDER BY n), '[]') FROM jsonb_array_elements(score -> 'gates') WITH ORDINALITY AS x(g, n))) ELSE '{}' END $$`);
    await this.scores(runner);
    await this.gains(runner);
    await this.readiness(runner);
    for (const view of ['assessment_score_explained', 'gain_explained', 'readiness_explained'])
      await runner.query(`GRANT SELECT ON ${view} TO ${API_ROLE}, ${WORKER_ROLE}`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }

  private async scores(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE assessment_explanation (
        assessment_id uuid NOT NULL REFERENCES assessment (id),
        detail text NOT NULL CHECK (detail IN ('sections', 'items')),
        as_found jsonb NOT NULL,
        after_closure jsonb NOT NULL,
        PRIMARY KEY (assessment_id, detail)
      )`);
    await runner.query(`
      CREATE FUNCTION split_score() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF NEW.as_found ?| ${DETAIL} OR NEW.after_closure ?| ${DETAIL} THEN
          INSERT INTO assessment_explanation (assessment_id, detail, as_found, after_closure) VALUES
            (NEW.assessment_id, 'sections', score_sections(NEW.as_found), score_sections(NEW.after_closure)),
            (NEW.assessment_id, 'items', only_keys(NEW.as_found, ${ITEMS}), only_keys(NEW.after_closure, ${ITEMS}))
          ON CONFLICT (assessment_id, detail) DO UPDATE SET as_found = excluded.as_found, after_closure = excluded.after_closure;
          NEW.as_found := NEW.as_found - ${DETAIL};
          NEW.after_closure := NEW.after_closure - ${DETAIL};
        END IF;
        RETURN NEW;
      END $$`);
    await runner.query(
      `CREATE TRIGGER split_score BEFORE INSERT OR UPDATE ON assessment_score FOR EACH ROW EXECUTE FUNCTION split_score()`,
    );
    await runner.query(`
      CREATE FUNCTION forget_explanation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        DELETE FROM assessment_explanation WHERE assessment_id = OLD.assessment_id;
        RETURN NULL;
      END $$`);
    await runner.query(
      `CREATE TRIGGER forget_explanation AFTER DELETE ON assessment_score FOR EACH ROW EXECUTE FUNCTION forget_explanation()`,
    );
    await runner.query(`UPDATE assessment_score SET revision = revision`);
    await runner.query(
      `ALTER TABLE assessment_score ADD CONSTRAINT assessment_score_totals CHECK (NOT as_found ?| ${DETAIL} AND NOT after_closure ?| ${DETAIL})`,
    );
    await policies(runner, 'assessment_explanation', {
      select: `(detail = 'sections' AND ${ofAssessment('assessment_id', 'section-scores', 'answers')})
        OR (detail = 'items' AND ${ofAssessment('assessment_id', 'answers')})`,
      worker: 'SELECT',
    });
    // An assessment of which somebody sees only corrective actions has no score for them.
    await runner.query(`
      CREATE VIEW assessment_score_explained WITH (security_invoker = true) AS
        SELECT s.assessment_id, s.revision, s.micro_points, s.passed, s.computed_at,
               s.as_found || coalesce(p.as_found, '{}') || coalesce(i.as_found, '{}') AS as_found,
               s.after_closure || coalesce(p.after_closure, '{}') || coalesce(i.after_closure, '{}') AS after_closure
          FROM assessment_score s
          LEFT JOIN assessment_explanation p ON p.assessment_id = s.assessment_id AND p.detail = 'sections'
          LEFT JOIN assessment_explanation i ON i.assessment_id = s.assessment_id AND i.detail = 'items'`);
  }

  private async gains(runner: QueryRunner): Promise<void> {
    // Written just before the gain itself, so the reference is looked at when both are there.
    await runner.query(`
      CREATE TABLE gain_explanation (
        follow_up_id uuid PRIMARY KEY REFERENCES gain (follow_up_id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        site_id uuid NOT NULL,
        body jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE FUNCTION split_gain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      BEGIN
        IF NEW.body ?| ${GAIN_ITEMS} THEN
          INSERT INTO gain_explanation (follow_up_id, site_id, body) VALUES (NEW.follow_up_id, NEW.site_id, only_keys(NEW.body, ${GAIN_ITEMS}))
          ON CONFLICT (follow_up_id) DO UPDATE SET site_id = excluded.site_id, body = excluded.body;
          NEW.body := NEW.body - ${GAIN_ITEMS};
        ELSIF TG_OP = 'UPDATE' AND NEW.body IS DISTINCT FROM OLD.body AND NOT coalesce((NEW.body ->> 'comparable')::boolean, false) THEN
          -- The assessments no longer compare: the items of the gain there was are gone with it.
          DELETE FROM gain_explanation WHERE follow_up_id = NEW.follow_up_id;
        END IF;
        RETURN NEW;
      END $$`);
    await runner.query(
      `CREATE TRIGGER split_gain BEFORE INSERT OR UPDATE ON gain FOR EACH ROW EXECUTE FUNCTION split_gain()`,
    );
    await runner.query(`UPDATE gain SET comparable = comparable`);
    await runner.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await runner.query(
      `ALTER TABLE gain ADD CONSTRAINT gain_without_items CHECK (NOT body ?| ${GAIN_ITEMS})`,
    );
    await policies(runner, 'gain_explanation', {
      select: `${reaches('gain_explanation.site_id', 'record')} OR (${reaches('gain_explanation.site_id', 'answers')}
        AND EXISTS (SELECT 1 FROM assessment a WHERE a.id = follow_up_id AND a.state = 'closed'))`,
      worker: 'SELECT',
    });
    await runner.query(`
      CREATE VIEW gain_explained WITH (security_invoker = true) AS
        SELECT g.follow_up_id, g.baseline_id, g.site_id, g.cohort_id, g.comparable, g.computed_at, g.body || coalesce(e.body, '{}') AS body
          FROM gain g LEFT JOIN gain_explanation e ON e.follow_up_id = g.follow_up_id`);
  }

  private async readiness(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION readiness_without_items(body jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT body || '{"cheapestPath": null}' || jsonb_build_object('conditions',
          (SELECT coalesce(jsonb_agg(c || '{"requirements": []}' ORDER BY n), '[]')
             FROM jsonb_array_elements(body -> 'conditions') WITH ORDINALITY AS x(c, n))) $$`);
    await runner.query(`
      CREATE TABLE readiness_explanation (
        readiness_id uuid PRIMARY KEY REFERENCES readiness (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
        site_id uuid NOT NULL,
        buyer_rule_id uuid NOT NULL,
        body jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE FUNCTION split_readiness() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
      DECLARE shown jsonb := readiness_without_items(NEW.body);
      BEGIN
        IF shown IS DISTINCT FROM NEW.body THEN
          INSERT INTO readiness_explanation (readiness_id, site_id, buyer_rule_id, body)
            VALUES (NEW.id, NEW.site_id, NEW.buyer_rule_id, only_keys(NEW.body, '{conditions,cheapestPath}'))
          ON CONFLICT (readiness_id) DO UPDATE SET body = excluded.body;
          NEW.body := shown;
        END IF;
        RETURN NEW;
      END $$`);
    await runner.query(
      `CREATE TRIGGER split_readiness BEFORE INSERT OR UPDATE ON readiness FOR EACH ROW
         WHEN (jsonb_typeof(NEW.body -> 'conditions') = 'array') EXECUTE FUNCTION split_readiness()`,
    );
    await runner.query(`UPDATE readiness SET status = status`);
    await runner.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await policies(runner, 'readiness_explanation', {
      select: `${reaches('readiness_explanation.site_id', 'record')} OR (${reaches('readiness_explanation.site_id', 'answers')}
        AND EXISTS (SELECT 1 FROM buyer_rule_row b WHERE b.id = buyer_rule_id AND ${OWN('b.buyer_id')}))`,
      worker: 'SELECT',
    });
    await runner.query(`
      CREATE VIEW readiness_explained WITH (security_invoker = true) AS
        SELECT r.id, r.site_id, r.buyer_rule_id, r.category, r.status, r.valid_until, r.assessment_id, r.evaluated_at,
               r.body || coalesce(e.body, '{}') AS body
          FROM readiness r LEFT JOIN readiness_explanation e ON e.readiness_id = r.id`);
  }
}
