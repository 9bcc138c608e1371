import { passkey } from '@better-auth/passkey';
import { DomainError } from '#domain';
import type { SignOnProvider } from '#platform';
import { betterAuth, type BetterAuthOptions } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import { getMigrations } from 'better-auth/db/migration';
import { bearer, genericOAuth, magicLink, twoFactor, type GenericOAuthConfig } from 'better-auth/plugins';
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import type { ActorMembership } from './actor.js';
import { Attempts, Devices, type Admission, type Attempt, type AttemptKind } from './identity/attempts.js';
import type { Letter } from './identity/letters.js';
import { Passwords } from './identity/passwords.js';
import { refusalOf, SingleSignOn, watchingProvider } from './identity/single-sign-on.js';

export interface IdentityOptions {
  readonly databaseUrl: string;
  readonly baseUrl: string;
  readonly secret: string;
  readonly secondFactorRoles?: readonly string[];
  readonly singleSignOn?: readonly SignOnProvider[];
}

export interface IdentityServices {
  /** Hands a letter on to be mailed; left out, none are written (command line). */
  readonly post?: (letter: Letter) => Promise<void>;
  readonly log?: (level: 'error' | 'warn', message: string) => void;
}

/** Who is signed in, and how. */
export interface SignedIn {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly sessionId: string;
  /** By what the session was strengthened beyond a password or a mailbox; null: by nothing. */
  readonly secondFactor: 'totp' | 'passkey' | 'provider' | null;
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

const BASE_PATH = '/api/auth';
/** Where a link in a mail leads when the page that asked for it named no other. */
const LANDING = '/api/v1/me';
/** Asking for a mail takes at least so long (milliseconds), whether or not there is somebody to write to. */
const LETTER_TAKES = 300;
const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/** Set by whoever accepts connections: the address a request came from. What a caller sends under this name is dropped. */
export const ADDRESS_HEADER = 'x-uplift-address';

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

/** What somebody who signed in with one factor may still not do, once there is a second: change what signing in takes. */
const TAKES_BOTH = ['/two-factor/', '/passkey/', '/change-', '/link-', '/unlink-', '/update-user'];
const PROVES_SECOND = [
  '/two-factor/verify-totp',
  '/two-factor/verify-backup-code',
  '/passkey/generate-authenticate-options',
  '/passkey/verify-authentication',
  '/passkey/list-user-passkeys',
];

/** Not offered: sessions have routes of their own that don't hand out their secrets, and addresses don't change. */
const CLOSED = [
  '/list-sessions',
  '/revoke-session',
  '/revoke-sessions',
  '/revoke-other-sessions',
  '/update-session',
  '/change-email',
  '/delete-user',
  '/two-factor/send-otp',
  '/two-factor/verify-otp',
];

/** Facts of the running request that reach into better-auth's callbacks. */
const running = new AsyncLocalStorage<{ readonly knownDevice: boolean }>();

/** Tables of the identity provider live in a schema of their own, apart from the product's. */
function authPool(databaseUrl: string, role?: 'uplift_identity'): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 4,
    options: `-c search_path=auth${role ? ` -c role=${role}` : ''}`,
  });
  pool.on('error', () => undefined);
  return pool;
}

/** A name as it may be shown and mailed: without line breaks and other controls, never empty. */
const cleanName = (name: unknown, email: unknown): string =>
  (
    String(name ?? '')
      .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
      .trim() ||
    (String(email ?? '').split('@')[0] ?? '')
  ).slice(0, 200);

const languageOf = (request: Request | undefined): Letter['language'] => {
  const wanted = (request?.headers.get('accept-language') ?? '').split(',');
  return (
    (['en', 'es', 'ar'] as const).find(
      (each) => each === wanted.map((part) => part.trim().slice(0, 2).toLowerCase())[0],
    ) ?? 'en'
  );
};

/** The user-verified bit of a passkey's answer, which its signature covers. */
const userVerified = (body: unknown): boolean => {
  const data = (body as { response?: { response?: { authenticatorData?: unknown } } } | undefined)?.response
    ?.response?.authenticatorData;
  return typeof data === 'string' && ((Buffer.from(data, 'base64url')[32] ?? 0) & 0x04) !== 0;
};

function authOptions(
  options: IdentityOptions,
  pool: pg.Pool,
  { post, log }: IdentityServices = {},
  provider?: SignOnProvider,
  providerConfig?: GenericOAuthConfig,
) {
  const secure = options.baseUrl.startsWith('https://');
  const passwords = new Passwords(() => running.getStore()?.knownDevice ?? false);
  const write = async (
    kind: Letter['kind'],
    user: { email: string },
    url: string,
    request?: Request,
  ): Promise<void> =>
    post?.({
      kind,
      url,
      email: user.email,
      language: languageOf(request),
    });
  const plugins = [
    // Scripts send the token they got at sign-in as `Authorization: Bearer …`.
    bearer(),
    magicLink({
      expiresIn: 15 * MINUTE,
      storeToken: 'hashed',
      sendMagicLink: ({ email, url }, ctx) => write('sign-in-link', { email }, url, ctx?.request),
    }),
    twoFactor({ issuer: 'Uplift', allowPasswordless: true }),
    passkey({
      rpID: new URL(options.baseUrl).hostname,
      rpName: 'Uplift',
      origin: options.baseUrl,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    }),
    ...(providerConfig ? [genericOAuth({ config: [providerConfig] })] : []),
  ];
  return {
    database: pool,
    appName: 'Uplift',
    baseURL: options.baseUrl,
    basePath: BASE_PATH,
    secret: options.secret,
    trustedOrigins: [options.baseUrl],
    disabledPaths: CLOSED,
    emailAndPassword: {
      enabled: true,
      minPasswordLength: 12,
      maxPasswordLength: 128,
      // Only so can signing up answer the same for addresses that have an account.
      requireEmailVerification: true,
      password: { hash: passwords.hash, verify: passwords.verify },
      resetPasswordTokenExpiresIn: 60 * MINUTE,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: ({ user, url }, request) => write('password-reset', user, url, request),
      onExistingUserSignUp: ({ user }, request) => write('account-exists', user, options.baseUrl, request),
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: true,
      autoSignInAfterVerification: false,
      expiresIn: DAY,
      sendVerificationEmail: ({ user, url }, request) => write('email-verification', user, url, request),
    },
    verification: { storeIdentifier: 'hashed' },
    // Only where a provider speaks: it needs an endpoint's context, which people made by operators don't have.
    ...(provider && {
      user: {
        validateUserInfo: ({
          user,
          source,
        }: {
          user: Parameters<typeof refusalOf>[1];
          source: { oauth?: unknown };
        }) => (source.oauth ? refusalOf(provider, user) : undefined),
      },
    }),
    account: {
      encryptOAuthTokens: true,
      // A provider's word that an address is somebody's never opens the account that has it.
      accountLinking: { enabled: true, disableImplicitLinking: true, allowDifferentEmails: false },
    },
    session: {
      expiresIn: 7 * DAY,
      updateAge: DAY,
      additionalFields: {
        secondFactor: { type: 'string', required: false, input: false },
        lastUsedAt: { type: 'date', required: false, input: false },
      },
    },
    databaseHooks: {
      user: {
        create: {
          before: async (user) => ({ data: { ...user, name: cleanName(user.name, user.email) } }),
        },
        update: {
          before: async (user) => ({
            data: { ...user, ...(user.name !== undefined && { name: cleanName(user.name, 'nobody') }) },
          }),
        },
      },
      account: {
        create: {
          after: async (account) => {
            if (provider && account.providerId === provider.id)
              await pool.query(`SELECT public.join_by_single_sign_on($1, $2, $3)`, [
                account.userId,
                provider.organisationId,
                provider.role,
              ]);
          },
        },
      },
      session: {
        create: {
          before: async (session, ctx) => {
            const path = ctx?.path ?? '';
            const secondFactor = path.startsWith('/two-factor/verify-')
              ? 'totp'
              : path === '/passkey/verify-authentication' && userVerified(ctx?.body)
                ? 'passkey'
                : path.startsWith('/callback/') && provider?.secondFactor
                  ? 'provider'
                  : null;
            return { data: { ...session, secondFactor, lastUsedAt: new Date() } };
          },
        },
      },
    },
    hooks: {
      before: createAuthMiddleware(async (ctx) => {
        if (
          ctx.path &&
          TAKES_BOTH.some((each) => ctx.path.startsWith(each)) &&
          !PROVES_SECOND.includes(ctx.path)
        ) {
          const session = await getSessionFromCtx(ctx);
          if (session && !session.session['secondFactor'] && (await hasSecondFactor(pool, session.user.id)))
            throw new APIError('FORBIDDEN', {
              code: 'second-factor-required',
              message: 'Give the code of your app, or use your passkey, before you change how you sign in.',
            });
        }
        const body = ctx.body as Record<string, unknown> | undefined;
        if (!body || typeof body !== 'object') return undefined;
        const context: Record<string, unknown> = {};
        if (['/sign-in/magic-link', '/sign-in/social', '/sign-up/email'].includes(ctx.path))
          context['callbackURL'] = body['callbackURL'] ?? LANDING;
        if (ctx.path === '/request-password-reset')
          context['redirectTo'] = body['redirectTo'] ?? '/reset-password';
        // A session lasts a week; nothing but it and a second factor keeps a device signed in.
        if (ctx.path.startsWith('/two-factor/verify-')) context['trustDevice'] = false;
        return { context: { body: { ...body, ...context } } };
      }),
      after: createAuthMiddleware(async (ctx) => {
        // Proving the second factor inside a session strengthens it; signing in with it has made a new one.
        if (!ctx.path.startsWith('/two-factor/verify-') || ctx.context.returned instanceof Error) return;
        const session = ctx.context.newSession ? null : await getSessionFromCtx(ctx);
        if (session)
          await ctx.context.internalAdapter.updateSession(session.session.token, { secondFactor: 'totp' });
      }),
    },
    // Attempts are counted before anything gets here, see identity/attempts.ts.
    rateLimit: { enabled: false },
    plugins,
    telemetry: { enabled: false },
    logger: { level: 'warn', log: (level, message) => log?.(level === 'error' ? 'error' : 'warn', message) },
    // Left to itself it writes refusals to the console, past our log.
    onAPIError: {
      onError: (error) => {
        if (!isAPIError(error))
          log?.('error', error instanceof Error ? `${error.name}: ${error.message}` : 'sign-in failed');
      },
    },
    advanced: {
      database: { generateId: 'uuid' },
      disableOriginCheck: false,
      disableCSRFCheck: false,
      useSecureCookies: false,
      // No other host, not even one below the same domain, can plant a cookie with this prefix.
      cookiePrefix: secure ? '__Host-uplift' : 'uplift',
      defaultCookieAttributes: { secure, httpOnly: true, sameSite: 'lax', path: '/' },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
    },
  } satisfies BetterAuthOptions;
}

/** Whether somebody could prove a second factor: has codes by an app, or a passkey. */
const hasSecondFactor = async (pool: pg.Pool, userId: string): Promise<boolean> =>
  (
    await pool.query(
      `SELECT 1 FROM "user" WHERE id = $1 AND "twoFactorEnabled" UNION ALL SELECT 1 FROM passkey WHERE "userId" = $1 LIMIT 1`,
      [userId],
    )
  ).rowCount! > 0;

const cookieOf = (headers: Headers, name: string): string | undefined =>
  (headers.get('cookie') ?? '')
    .split(/;\s*/)
    .find((each) => each.startsWith(`${name}=`))
    ?.slice(name.length + 1);

const problem = (status: number, code: string, title: string, more: Record<string, string> = {}): Response =>
  new Response(JSON.stringify({ type: `https://uplift.example/problems/${code}`, title, status, code }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...more },
  });

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
      if (admission.wait > 0)
        return problem(429, 'too-many-requests', 'Too many attempts; wait a little before the next.', {
          'retry-after': String(admission.wait),
        });
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
    async userOf(headers: Headers): Promise<SignedIn | null> {
      const found = await auth.api.getSession({ headers });
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
