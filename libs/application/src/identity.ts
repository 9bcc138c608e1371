import { DomainError } from '#domain';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import type { ActorMembership } from './actor.js';
import { Attempts, Devices, type Admission, type Attempt, type AttemptKind } from './identity/attempts.js';
import {
  ADDRESS_HEADER,
  authOptions,
  authPool,
  BASE_PATH,
  cleanName,
  DAY,
  type IdentityOptions,
  type IdentityServices,
  MINUTE,
  running,
} from './identity/options.js';
import { sessionToken, signedInBy, toHeaders } from './identity/session.js';
import { SingleSignOn, watchingProvider } from './identity/single-sign-on.js';
import type { IncomingHttpHeaders } from 'node:http';

export { ADDRESS_HEADER, type IdentityOptions, type IdentityServices } from './identity/options.js';

/** Asking for a mail takes at least so long (milliseconds), whether or not there is somebody to write to. */
const LETTER_TAKES = 300;

/** Who is signed in, and how. */
export interface SignedIn {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly sessionId: string;
  /** By what the session was strengthened beyond a password or a mailbox; null: by nothing. */
  readonly secondFactor: 'totp' | 'passkey' | 'provider' | null;
  /** The session was opened by a link in a mail. */
  readonly byLink: boolean;
  /** The person has set up codes by an app. */
  readonly enrolled: boolean;
}

/** A session as its person sees it. */
export interface SessionView {
  readonly id: string;
  readonly device: string | null;
  readonly address: string | null;
  readonly createdAt: Date;
  /** To about a minute. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly current: boolean;
}

const COUNTED_AS: readonly [string, AttemptKind][] = [
  ['/sign-in/email', 'password'],
  ['/two-factor/verify-totp', 'code'],
  ['/two-factor/verify-backup-code', 'code'],
  ['/sign-in/magic-link', 'letter'],
  ['/sign-up/email', 'letter'],
  ['/request-password-reset', 'letter'],
  ['/send-verification-email', 'letter'],
];
const kindOf = (path: string): AttemptKind => COUNTED_AS.find(([each]) => each === path)?.[1] ?? 'other';

const cookieOf = (headers: Headers, name: string): string | undefined =>
  (headers.get('cookie') ?? '')
    .split(/;\s*/)
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(name.length + 1);

/** The refusal of an attempt that comes too soon, as a problem like all others. */
const tooSoon = (instance: string, seconds: number): Response => {
  const [status, code] = [429, 'too-many-requests'];
  const title = 'Too many attempts; wait a little before the next.';
  return new Response(
    JSON.stringify({ type: `https://uplift.example/problems/${code}`, title, status, code, instance }),
    { status, headers: { 'content-type': 'application/problem+json', 'retry-after': String(seconds) } },
  );
};

/** Signs people in (better-auth on the product's PostgreSQL): docs/identity.md. */
export function createIdentity(options: IdentityOptions, services: IdentityServices = {}) {
  const pool = authPool(options.databaseUrl, 'uplift_identity');
  const auth = betterAuth(authOptions(options, pool, services));
  const attempts = new Attempts(pool, options.secret);
  const devices = new Devices(options.secret);
  const secure = options.baseUrl.startsWith('https://');
  const cookie = (name: string): string => `${secure ? '__Host-' : ''}uplift.${name}`;
  const signOn = new SingleSignOn(options.singleSignOn ?? [], (provider, config) =>
    betterAuth(authOptions(options, pool, services, provider, config)),
  );

  const sessionBehind = async (headers: Headers) =>
    auth.api.getSession({ headers, query: { disableRefresh: true } });

  /** Whom an attempt is counted by. */
  const attemptOf = async (
    path: string,
    headers: Headers,
    body: Record<string, unknown>,
  ): Promise<Attempt> => {
    const kind = kindOf(path);
    const address = headers.get(ADDRESS_HEADER) ?? 'unknown';
    if (kind === 'code') {
      const session = await sessionBehind(headers);
      return {
        kind,
        address,
        account: session?.user.id ?? cookieOf(headers, cookie('two_factor')) ?? address,
      };
    }
    const account = typeof body['email'] === 'string' ? body['email'].slice(0, 320) : '';
    return { kind, address, account, device: devices.idFor(cookieOf(headers, cookie('device')), account) };
  };

  /** Remembers the device at which somebody has just signed in. */
  const rememberDevice = async (request: Request, response: Response): Promise<void> => {
    const name = cookie('session_token');
    const set = response.headers.getSetCookie().find((each) => each.startsWith(`${name}=`));
    const value = set?.split(';')[0]?.slice(name.length + 1);
    if (!value) return;
    const session = await sessionBehind(new Headers({ cookie: `${name}=${value}` }));
    if (!session) return;
    const known = devices.remember(cookieOf(request.headers, cookie('device')), session.user.email);
    response.headers.append(
      'set-cookie',
      `${cookie('device')}=${known}; Path=/; Max-Age=${365 * DAY}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
    );
  };

  const answer = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname.slice(BASE_PATH.length);
    const body: Record<string, unknown> =
      request.method === 'POST'
        ? await request
            .clone()
            .json()
            .then((value: unknown) => (typeof value === 'object' && value !== null ? value : {}))
            .catch(() => ({}))
        : {};
    let admission: Admission | undefined;
    let knownDevice = false;
    if (request.method === 'POST') {
      const attempt = await attemptOf(path, request.headers, body);
      knownDevice = attempt.device !== undefined;
      admission = await attempts.admit(attempt);
      if (admission.wait > 0) return tooSoon(BASE_PATH + path, admission.wait);
    }
    const provider = signOn.of(path, body);
    const handle = async (): Promise<Response> =>
      provider
        ? signOn.instance(provider).then((each) => watchingProvider(() => each.handler(request)))
        : auth.handler(request);
    const [response] = await Promise.all([
      running.run({ knownDevice }, handle),
      kindOf(path) === 'letter' ? new Promise((done) => setTimeout(done, LETTER_TAKES)) : undefined,
    ]);
    if (admission?.wait === 0 && response.ok && ['password', 'code'].includes(kindOf(path)))
      await (admission as { succeeded(): Promise<void> }).succeeded();
    await rememberDevice(request, response);
    return response;
  };

  return {
    /** Answers a request under `/api/auth/*`. @throws DomainError `provider-unreachable`. */
    handle: answer,

    /** Name of the cookie that carries the session. */
    sessionCookie: cookie('session_token'),

    /** Providers that people of organisations sign in with, for the sign-in page. */
    providers: (options.singleSignOn ?? []).map(({ id, name }) => ({ id, name })),

    /** The person behind a request's cookies or bearer token, or null. */
    async userOf(headers: IncomingHttpHeaders): Promise<SignedIn | null> {
      const { secret } = await auth.$context;
      const token = sessionToken(headers, cookie('session_token'), secret);
      const quick = token && (await signedInBy(pool, token));
      if (quick) return quick;
      const found = await auth.api.getSession({ headers: toHeaders(headers) });
      if (!found) return null;
      const { user, session } = found;
      if (!session.lastUsedAt || Date.now() - session.lastUsedAt.getTime() > MINUTE * 1000)
        await pool.query(
          `UPDATE session SET "lastUsedAt" = now() WHERE id = $1 AND "lastUsedAt" IS DISTINCT FROM now()`,
          [session.id],
        );
      return {
        id: user.id,
        name: user.name,
        email: user.email,
        emailVerified: user.emailVerified,
        sessionId: session.id,
        secondFactor: (session.secondFactor as SignedIn['secondFactor']) ?? null,
        byLink: session.byLink === true,
        enrolled: (user as { twoFactorEnabled?: boolean | null }).twoFactorEnabled === true,
      };
    },

    /** Whether somebody with these memberships must have proven a second factor. Owners of suppliers needn't. */
    needsSecondFactor: (memberships: readonly ActorMembership[]): boolean =>
      memberships.some(
        ({ role, organisationKind }) =>
          (options.secondFactorRoles ?? []).includes(role) &&
          !(role === 'owner' && organisationKind === 'supplier'),
      ),

    /** Sessions of a person, the last used first. */
    async sessionsOf(user: Pick<SignedIn, 'id' | 'sessionId'>): Promise<SessionView[]> {
      const { rows } = await pool.query<SessionView>(
        `SELECT id, "userAgent" AS device, "ipAddress" AS address, "createdAt", coalesce("lastUsedAt", "updatedAt") AS "lastUsedAt",
                "expiresAt", id = $2 AS current FROM session WHERE "userId" = $1 AND "expiresAt" > now() ORDER BY 5 DESC, id`,
        [user.id, user.sessionId],
      );
      return rows;
    },

    /** Ends one session of a person; false: there is none such. */
    async endSession(userId: string, sessionId: string): Promise<boolean> {
      const { rowCount } = await pool.query(`DELETE FROM session WHERE "userId" = $1 AND id::text = $2`, [
        userId,
        sessionId,
      ]);
      return rowCount! > 0;
    },

    /** Ends every session of a person but one; says how many. */
    async endOtherSessions(userId: string, keep: string): Promise<number> {
      const { rowCount } = await pool.query(`DELETE FROM session WHERE "userId" = $1 AND id::text <> $2`, [
        userId,
        keep,
      ]);
      return rowCount!;
    },

    /** Whether an address has an account. For those alone who have proven that it is theirs, and for operators. */
    async hasAccount(email: string): Promise<boolean> {
      const { rowCount } = await pool.query(`SELECT 1 FROM "user" WHERE email = $1`, [email.toLowerCase()]);
      return rowCount! > 0;
    },

    /**
     * Creates a person with a password, for whose address the caller vouches (an invitation, an operator, the demo).
     * Returns the user id. @throws DomainError `address-taken`, `password-unusable`.
     */
    async createPerson(name: string, email: string, password: string): Promise<string> {
      const { emailAndPassword } = auth.options;
      if (
        password.length < emailAndPassword.minPasswordLength ||
        password.length > emailAndPassword.maxPasswordLength
      )
        throw new DomainError(
          'password-unusable',
          `A password has ${emailAndPassword.minPasswordLength} to ${emailAndPassword.maxPasswordLength} characters.`,
          [{ field: '/password', message: 'too short or too long' }],
        );
      const context = await auth.$context;
      const taken = () =>
        new DomainError('address-taken', 'Somebody with this e-mail address has an account.', [], 'conflict');
      if (await this.hasAccount(email)) throw taken();
      const hash = await context.password.hash(password);
      const user = await context.internalAdapter
        .createUser(
          { name: cleanName(name, email), email: email.toLowerCase(), emailVerified: true },
          { method: 'email-password' },
        )
        .catch(async (error: unknown) => {
          throw (await this.hasAccount(email)) ? taken() : error;
        });
      await context.internalAdapter.linkAccount({
        userId: user.id,
        providerId: 'credential',
        accountId: user.id,
        password: hash,
      });
      return user.id;
    },

    /** The operator's way back in for somebody who lost phone, codes and keys; ends their sessions. False: no such person. */
    async resetSecondFactor(email: string): Promise<boolean> {
      const { rows } = await pool.query<{ id: string }>(
        `UPDATE "user" SET "twoFactorEnabled" = false WHERE email = $1 RETURNING id`,
        [email.toLowerCase()],
      );
      for (const table of ['"twoFactor"', 'passkey', 'session'])
        if (rows[0]) await pool.query(`DELETE FROM ${table} WHERE "userId" = $1`, [rows[0].id]);
      return rows.length > 0;
    },

    close: () => pool.end(),
  };
}

export type Identity = ReturnType<typeof createIdentity>;

/** Creates or completes the identity provider's tables, and who may touch them; part of `uplift migrate`. */
export async function migrateIdentity(options: IdentityOptions): Promise<void> {
  const pool = authPool(options.databaseUrl);
  try {
    await pool.query('CREATE SCHEMA IF NOT EXISTS auth');
    await (await getMigrations(authOptions(options, pool))).runMigrations();
    await pool.query(`
      GRANT USAGE ON SCHEMA auth TO uplift_identity, uplift_worker;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO uplift_identity;
      -- The worker writes mails, and throws away what has run out.
      GRANT SELECT (id, name, email) ON auth."user" TO uplift_worker;
      GRANT SELECT ("expiresAt"), DELETE ON auth.session, auth.verification TO uplift_worker;
    `);
  } finally {
    await pool.end();
  }
}
