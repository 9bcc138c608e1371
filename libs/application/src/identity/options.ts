import { passkey } from '@better-auth/passkey';
import { acceptedLocale } from '#domain';
import { PreparingClient } from '#persistence';
import type { SignOnProvider } from '#platform';
import type { BetterAuthOptions } from 'better-auth';
import { APIError, createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api';
import { bearer, genericOAuth, type GenericOAuthConfig, magicLink, twoFactor } from 'better-auth/plugins';
import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import type { Letter } from './letters.js';
import { Passwords } from './passwords.js';
import { refusalOf } from './single-sign-on.js';

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

export const BASE_PATH = '/api/auth';
/** Where a link in a mail leads when the page that asked for it named no other. */
const LANDING = '/api/v1/me';
/** Seconds. */
export const MINUTE = 60;
export const DAY = 24 * 60 * MINUTE;
/** Seconds a session lasts, and how old it must be before it is made to last that long again. */
export const SESSION = { expiresIn: 7 * DAY, updateAge: DAY };

/** Set by whoever accepts connections: the address a request came from. What a caller sends under this name is dropped. */
export const ADDRESS_HEADER = 'x-uplift-address';

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
export const running = new AsyncLocalStorage<{ readonly knownDevice: boolean }>();

/** Tables of the identity provider live in a schema of their own, apart from the product's. */
export function authPool(databaseUrl: string, role?: 'uplift_identity'): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: 4,
    Client: PreparingClient,
    options: `-c search_path=auth${role ? ` -c role=${role}` : ''}`,
  });
  pool.on('error', () => undefined);
  return pool;
}

/** A name as it may be shown and mailed: without line breaks and other controls, never empty. */
export const cleanName = (name: unknown, email: unknown): string =>
  (
    String(name ?? '')
      .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
      .trim() ||
    (String(email ?? '').split('@')[0] ?? '')
  ).slice(0, 200);

const languageOf = (request: Request | undefined): Letter['language'] =>
  acceptedLocale(request?.headers.get('accept-language')) ?? 'en';

/** The user-verified bit of a passkey's answer, which its signature covers. */
const userVerified = (body: unknown): boolean => {
  const data = (body as { response?: { response?: { authenticatorData?: unknown } } } | undefined)?.response
    ?.response?.authenticatorData;
  return typeof data === 'string' && ((Buffer.from(data, 'base64url')[32] ?? 0) & 0x04) !== 0;
};

/** Everything better-auth is told; with `provider`, for the instance that talks to that provider. */
export function authOptions(
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
      ...SESSION,
      additionalFields: {
        secondFactor: { type: 'string', required: false, input: false },
        byLink: { type: 'boolean', required: false, input: false },
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
            const byLink = path === '/magic-link/verify';
            return { data: { ...session, secondFactor, byLink, lastUsedAt: new Date() } };
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
