import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { bearer } from 'better-auth/plugins';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import pg from 'pg';

export interface IdentityOptions {
  readonly databaseUrl: string;
  readonly baseUrl: string;
  readonly secret: string;
}

/** Seconds a session lasts, and how old it must be before it is made to last that long again. */
const SESSION = { expiresIn: 60 * 60 * 24 * 7, updateAge: 60 * 60 * 24 };

interface User {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Tables of the identity provider live in a schema of their own, apart from the product's. */
function authPool(databaseUrl: string): pg.Pool {
  return new pg.Pool({ connectionString: databaseUrl, max: 4, options: '-c search_path=auth' });
}

function authOptions(options: IdentityOptions, pool: pg.Pool) {
  return {
    database: pool,
    baseURL: options.baseUrl,
    basePath: '/api/auth',
    secret: options.secret,
    emailAndPassword: { enabled: true, disableSignUp: false, minPasswordLength: 12 },
    session: SESSION,
    rateLimit: {
      enabled: true,
      window: 60,
      max: 120,
      customRules: { '/sign-in/email': { window: 60, max: 20 } },
    },
    // Scripts send the token they got at sign-in as `Authorization: Bearer …`.
    plugins: [bearer()],
    telemetry: { enabled: false },
    advanced: { database: { generateId: 'uuid' as const } },
  };
}

/** Signs people in with e-mail and password (better-auth on the product's PostgreSQL). */
export function createIdentity(options: IdentityOptions) {
  const pool = authPool(options.databaseUrl);
  const auth = betterAuth(authOptions(options, pool));
  return {
    /** Answers a request under `/api/auth/*`. */
    handle: (request: Request): Promise<Response> => auth.handler(request),
    /** The user behind a request's cookies or bearer token, as it is now, or null. */
    async userOf(headers: IncomingHttpHeaders): Promise<User | null> {
      const { secret, authCookies } = await auth.$context;
      const token = sessionToken(headers, authCookies.sessionToken.name, secret);
      const user = token && (await userOfSession(pool, token));
      if (user) return user;
      const session = await auth.api.getSession({ headers: toHeaders(headers) });
      return session ? { id: session.user.id, name: session.user.name, email: session.user.email } : null;
    },
    /** Creates a person with a password; used by the demo and by administrators. Returns the user id. */
    async createPerson(name: string, email: string, password: string): Promise<string> {
      const result = await auth.api.signUpEmail({ body: { name, email, password } });
      return result.user.id;
    },
    close: () => pool.end(),
  };
}

export type Identity = ReturnType<typeof createIdentity>;

/**
 * The session token of a request in the plain cases: one well-signed session cookie, or a bearer token. Null leaves
 * the request to better-auth, which has the last word on everything else.
 */
function sessionToken(headers: IncomingHttpHeaders, cookieName: string, secret: string): string | null {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) {
    const token = /^bearer +([\w-]+)$/i.exec(authorization)?.[1];
    return token ?? signedToken(/^bearer +(\S+)$/i.exec(authorization)?.[1], secret);
  }
  const given = (cookie ?? '').split(';').map((each) => each.trim());
  const ours = given.filter((each) => each.startsWith(`${cookieName}=`));
  return ours.length === 1 ? signedToken(ours[0]!.slice(cookieName.length + 1), secret) : null;
}

/** The token of `token.signature` (HMAC-SHA-256 in Base64, perhaps percent-encoded) when the signature is right. */
function signedToken(value: string | undefined, secret: string): string | null {
  const [, token, signature] = /^([\w-]+)\.([\w+/%]+={0,1})$/.exec(value ?? '') ?? [];
  if (!token || !signature) return null;
  const expected = createHmac('sha256', secret).update(token).digest('base64');
  const [right, given] = [
    expected,
    signature
      .replace(/%2[Bb]/g, '+')
      .replace(/%2[Ff]/g, '/')
      .replace(/%3[Dd]/g, '='),
  ].map((text) => Buffer.from(text));
  return right!.length === given!.length && timingSafeEqual(right!, given!) ? token : null;
}

/**
 * The user of a live session, in one statement of ours: better-auth's own way to it costs several milliseconds of every
 * request. A session that has expired, or is old enough to be prolonged, isn't found here and goes that way.
 */
async function userOfSession(pool: pg.Pool, token: string): Promise<User | null> {
  const { rows } = await pool.query<User>(
    `SELECT u.id, u.name, u.email FROM session s JOIN "user" u ON u.id = s."userId"
      WHERE s.token = $1 AND s."expiresAt" > $2`,
    [token, new Date(Date.now() + (SESSION.expiresIn - SESSION.updateAge) * 1000)],
  );
  return rows[0] ?? null;
}

/** Node's headers as the web platform's. */
export function toHeaders(raw: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each);
  }
  return headers;
}

/** Creates or completes the identity provider's tables; part of `uplift migrate`. */
export async function migrateIdentity(options: IdentityOptions): Promise<void> {
  const pool = authPool(options.databaseUrl);
  try {
    await pool.query('CREATE SCHEMA IF NOT EXISTS auth');
    await (await getMigrations(authOptions(options, pool))).runMigrations();
  } finally {
    await pool.end();
  }
}
