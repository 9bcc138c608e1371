import type { MigrationInterface, QueryRunner } from 'typeorm';
import { audit } from './1795441000000-audit-trail.js';

const OWNED = `organisation_id = ANY ((SELECT actor_owned_organisations())::uuid[])`;

/*
 * Invitations, API tokens and the counters of sign-in attempts. Secrets are kept as SHA-256 alone: they are random and
 * long, so nothing slower is called for.
 *
 * The doors below are for calls in which the database can't know the actor yet: somebody with an invitation or a token in
 * hand. Each takes the hash and answers with no more than its holder may know.
 */
export class Identity1795450000000 implements MigrationInterface {
  name = 'Identity1795450000000';

  async up(runner: QueryRunner): Promise<void> {
    await invitations(runner);
    await tokens(runner);
    await attempts(runner);
    await singleSignOn(runner);
  }

  async down(): Promise<void> {
    throw new Error('Migrations only go forward; restore a backup instead.');
  }
}

async function invitations(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE invitation (
      id uuid NOT NULL,
      organisation_id uuid NOT NULL,
      email text NOT NULL,
      role text NOT NULL,
      language text NOT NULL DEFAULT 'en',
      token_hash bytea NOT NULL,
      invited_by text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      accepted_at timestamptz,
      accepted_by text,
      revoked_at timestamptz,
      CONSTRAINT "PK_invitation" PRIMARY KEY (id),
      CONSTRAINT "UQ_invitation_token_hash" UNIQUE (token_hash),
      CONSTRAINT "FK_invitation_organisation" FOREIGN KEY (organisation_id) REFERENCES organisation (id)
    )`);
  await runner.query(
    `CREATE INDEX "IDX_invitation_organisation" ON invitation (organisation_id, created_at)`,
  );
  await runner.query(`ALTER TABLE invitation ENABLE ROW LEVEL SECURITY`);
  // The hash stays behind the wall: whoever could read it could ask the doors with it.
  await runner.query(`
    GRANT SELECT (id, organisation_id, email, role, language, invited_by, created_at, expires_at, accepted_at, accepted_by, revoked_at),
          INSERT, UPDATE (revoked_at) ON invitation TO uplift_api`);
  await runner.query(`CREATE POLICY api_select ON invitation FOR SELECT TO uplift_api USING (${OWNED})`);
  await runner.query(
    `CREATE POLICY api_insert ON invitation FOR INSERT TO uplift_api
       WITH CHECK (${OWNED} AND invited_by = (SELECT actor_user()) AND accepted_at IS NULL)`,
  );
  await runner.query(
    `CREATE POLICY api_update ON invitation FOR UPDATE TO uplift_api USING (${OWNED}) WITH CHECK (${OWNED})`,
  );
  await runner.query(`GRANT SELECT ON invitation TO uplift_worker`);
  await runner.query(`CREATE POLICY worker ON invitation TO uplift_worker USING (true) WITH CHECK (true)`);
  await audit(runner, 'invitation', {
    of: 'x.organisation_id',
    key: ['id'],
    without: ['token_hash'],
    personal: ['email'],
  });

  // What the holder of an invitation is told of it.
  await runner.query(`
    CREATE FUNCTION invitation_of(hash bytea) RETURNS TABLE (id uuid, email text, role text, organisation text, state text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
      SELECT i.id, i.email, i.role, o.name,
             CASE WHEN i.revoked_at IS NOT NULL THEN 'revoked' WHEN i.accepted_at IS NOT NULL THEN 'accepted'
                  WHEN i.expires_at <= now() THEN 'expired' ELSE 'pending' END
        FROM invitation i JOIN organisation o ON o.id = i.organisation_id WHERE i.token_hash = hash $$`);
  // Accepts as the actor of the transaction, whose verified address the database looks up itself. Once, whoever is first.
  await runner.query(`
    CREATE FUNCTION invitation_accept(hash bytea) RETURNS TABLE (organisation_id uuid, role text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    #variable_conflict use_column
    DECLARE
      found invitation;
      address text;
    BEGIN
      SELECT lower(u.email) INTO address FROM auth."user" u WHERE u.id::text = actor_user() AND u."emailVerified";
      UPDATE invitation i SET accepted_at = now(), accepted_by = actor_user()
       WHERE i.token_hash = hash AND i.email = address AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
         -- Who invited must still be an owner: an invitation doesn't outlive the right to give it.
         AND EXISTS (SELECT 1 FROM membership m WHERE m.organisation_id = i.organisation_id AND m.user_id = i.invited_by AND m.role = 'owner')
      RETURNING i.* INTO found;
      IF found.id IS NULL THEN RETURN; END IF;
      INSERT INTO membership (id, user_id, organisation_id, role)
        VALUES (gen_random_uuid(), actor_user(), found.organisation_id, found.role) ON CONFLICT DO NOTHING;
      RETURN QUERY SELECT found.organisation_id, found.role;
    END $$`);
  await door(runner, 'invitation_of(bytea)', 'uplift_api');
  await door(runner, 'invitation_accept(bytea)', 'uplift_api');
}

async function tokens(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE api_token (
      id uuid NOT NULL,
      organisation_id uuid NOT NULL,
      created_by text NOT NULL,
      name text NOT NULL,
      scopes text[] NOT NULL,
      prefix text NOT NULL,
      token_hash bytea NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      last_used_at timestamptz,
      revoked_at timestamptz,
      CONSTRAINT "PK_api_token" PRIMARY KEY (id),
      CONSTRAINT "UQ_api_token_token_hash" UNIQUE (token_hash),
      CONSTRAINT "FK_api_token_organisation" FOREIGN KEY (organisation_id) REFERENCES organisation (id),
      CONSTRAINT "api_token_lasts_a_year_at_most" CHECK (expires_at <= created_at + interval '366 days')
    )`);
  await runner.query(`CREATE INDEX "IDX_api_token_organisation" ON api_token (organisation_id, created_at)`);
  await runner.query(`ALTER TABLE api_token ENABLE ROW LEVEL SECURITY`);
  await runner.query(`
    GRANT SELECT (id, organisation_id, created_by, name, scopes, prefix, created_at, expires_at, last_used_at, revoked_at),
          INSERT, UPDATE (revoked_at) ON api_token TO uplift_api`);
  await runner.query(`CREATE POLICY api_select ON api_token FOR SELECT TO uplift_api USING (${OWNED})`);
  await runner.query(
    `CREATE POLICY api_insert ON api_token FOR INSERT TO uplift_api WITH CHECK (${OWNED} AND created_by = (SELECT actor_user()))`,
  );
  await runner.query(
    `CREATE POLICY api_update ON api_token FOR UPDATE TO uplift_api USING (${OWNED}) WITH CHECK (${OWNED})`,
  );
  await audit(runner, 'api_token', {
    of: 'x.organisation_id',
    key: ['id'],
    without: ['token_hash', 'last_used_at'],
  });
  // For whom a token acts; notes its use, at most once a minute, so that reading doesn't become writing.
  await runner.query(`
    CREATE FUNCTION api_token_use(hash bytea)
    RETURNS TABLE (id uuid, organisation_id uuid, user_id text, name text, scopes text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    #variable_conflict use_column
    DECLARE found api_token;
    BEGIN
      SELECT t.* INTO found FROM api_token t WHERE t.token_hash = hash AND t.revoked_at IS NULL AND t.expires_at > now();
      IF found.id IS NULL THEN RETURN; END IF;
      IF found.last_used_at IS NULL OR found.last_used_at < now() - interval '1 minute' THEN
        UPDATE api_token t SET last_used_at = now() WHERE t.id = found.id;
      END IF;
      RETURN QUERY SELECT found.id, found.organisation_id, found.created_by, found.name, found.scopes;
    END $$`);
  await door(runner, 'api_token_use(bytea)', 'uplift_api');
}

/** Counters of attempts, kept as hashes: the table names neither accounts nor addresses. */
async function attempts(runner: QueryRunner): Promise<void> {
  await runner.query(`CREATE SCHEMA IF NOT EXISTS auth`);
  await runner.query(`GRANT USAGE ON SCHEMA auth TO uplift_identity, uplift_worker`);
  await runner.query(`
    CREATE TABLE auth.attempt (
      key bytea PRIMARY KEY,
      count integer NOT NULL,
      seen_at timestamptz NOT NULL,
      blocked_until timestamptz NOT NULL
    )`);
  await runner.query(`CREATE INDEX attempt_seen ON auth.attempt (seen_at)`);
  await runner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON auth.attempt TO uplift_identity`);
  await runner.query(`GRANT SELECT, DELETE ON auth.attempt TO uplift_worker`);
}

/** Who signs in at an organisation's own provider for the first time becomes its member. */
async function singleSignOn(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE FUNCTION join_by_single_sign_on(person text, organisation uuid, part text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      PERFORM set_config('uplift.user', person, true);
      INSERT INTO membership (id, user_id, organisation_id, role)
        SELECT gen_random_uuid(), person, o.id, part FROM organisation o
         WHERE o.id = organisation AND part <> 'owner'
           AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.organisation_id = o.id AND m.user_id = person)
        ON CONFLICT DO NOTHING;
    END $$`);
  await door(runner, 'join_by_single_sign_on(text, uuid, text)', 'uplift_identity');
}

/** A function that goes past the policies is for one role alone. */
async function door(runner: QueryRunner, name: string, role: string): Promise<void> {
  await runner.query(`REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`);
  await runner.query(`GRANT EXECUTE ON FUNCTION ${name} TO ${role}`);
}
