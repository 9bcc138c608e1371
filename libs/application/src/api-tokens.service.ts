import type { Database } from '#persistence';
import { randomBytes, randomUUID } from 'node:crypto';
import { notFound, ownerOf, type Actor, type ActorMembership } from './actor.js';
import { secretHash } from './identity/letters.js';

/**
 * What a token may do: `read` everything its person sees in the organisation, `assess` (open, answer and submit
 * assessments), `manage` (sites, programmes, cohorts, enrolments, absences), `publish` (content and buyers' rules).
 * Reviews and decisions are people's.
 */
export const TOKEN_SCOPES = ['read', 'assess', 'manage', 'publish'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** How every token begins: what scanners of code and logs look for. */
export const TOKEN_MARK = 'uplift_';

export interface NewApiToken {
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** 1 to 365. */
  readonly expiresInDays: number;
}

/** A token as its organisation's owners see it. */
export interface ApiTokenRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** How it begins; the rest is known to whoever keeps it. */
  readonly prefix: string;
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** API tokens for integrations: each acts for one organisation, as the person who made it, within its scopes. */
export class ApiTokensService {
  constructor(private readonly db: Database) {}

  /** Makes a token. Its secret is in the answer and nowhere else. */
  async create(
    actor: Actor,
    organisationId: string,
    input: NewApiToken,
  ): Promise<{ id: string; token: string; prefix: string; expiresAt: Date }> {
    ownerOf(actor, organisationId);
    const id = randomUUID();
    const token = TOKEN_MARK + randomBytes(32).toString('base64url');
    const prefix = token.slice(0, TOKEN_MARK.length + 6);
    const expiresAt = new Date(Date.now() + input.expiresInDays * 86_400_000);
    await this.db.as(actor, (tx) =>
      tx.query(
        `INSERT INTO api_token (id, organisation_id, created_by, name, scopes, prefix, token_hash, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          id,
          organisationId,
          actor.userId,
          input.name,
          [...new Set(input.scopes)],
          prefix,
          secretHash(token),
          expiresAt,
        ],
      ),
    );
    return { id, token, prefix, expiresAt };
  }

  /** Tokens of an organisation, the newest first, without their secrets. */
  async list(actor: Actor, organisationId: string): Promise<ApiTokenRow[]> {
    ownerOf(actor, organisationId);
    return this.db.as(actor, (tx) =>
      tx.query(
        `SELECT t.id, t.name, t.scopes, t.prefix, person_name(t.created_by) AS "createdBy", t.created_at AS "createdAt", t.expires_at AS "expiresAt",
                t.last_used_at AS "lastUsedAt", t.revoked_at AS "revokedAt" FROM api_token t WHERE t.organisation_id = $1 ORDER BY t.created_at DESC, t.id`,
        [organisationId],
      ),
    );
  }

  /** Ends a token at once. */
  async revoke(actor: Actor, organisationId: string, id: string): Promise<void> {
    ownerOf(actor, organisationId);
    await this.db.as(actor, async (tx) => {
      const [found] = await tx.query(`SELECT 1 FROM api_token WHERE id = $1 AND organisation_id = $2`, [
        id,
        organisationId,
      ]);
      if (!found) throw notFound('token');
      await tx.query(`UPDATE api_token SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL`, [id]);
    });
  }

  /** Who acts with a token: its person, with the roles they have in its organisation now; null: it is good for nothing. */
  async actorOf(token: string): Promise<Actor | null> {
    const [used] = await this.db.as({}, (tx) =>
      tx.query(
        `SELECT id, organisation_id AS "organisationId", user_id AS "userId", scopes, person_name(user_id) AS person FROM api_token_use($1)`,
        [secretHash(token)],
      ),
    );
    if (!used) return null;
    const { id, organisationId, userId, scopes, person } = used;
    const memberships: ActorMembership[] = await this.db.as({ userId, organisationId }, (tx) =>
      tx.query(
        `SELECT m.organisation_id AS "organisationId", o.kind AS "organisationKind", m.role FROM membership m
           JOIN organisation o ON o.id = m.organisation_id WHERE m.user_id = $1 AND m.organisation_id = $2`,
        [userId, organisationId],
      ),
    );
    // It outlives neither the person's membership nor the right to have made it.
    if (!memberships.some(({ role }) => role === 'owner')) return null;
    return {
      userId,
      name: person ?? '',
      email: '',
      memberships,
      by: `token:${id}`,
      organisationId,
      token: { id, scopes },
    };
  }
}
