import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { bearer } from 'better-auth/plugins';
import { createLogger, type Config } from '#platform';
import pg from 'pg';

export interface IdentityOptions extends Partial<Pick<Config, 'logLevel' | 'logTo'>> {
  readonly databaseUrl: string;
  readonly baseUrl: string;
  readonly secret: string;
}

/** Tables of the identity provider live in a schema of their own, apart from the product's. */
function authPool(databaseUrl: string): pg.Pool {
  return new pg.Pool({ connectionString: databaseUrl, max: 4, options: '-c search_path=auth' });
}

function authOptions(options: IdentityOptions, pool: pg.Pool) {
  const log = createLogger({ ...options, logLevel: options.logLevel ?? 'warn' }, 'identity');
  return {
    database: pool,
    baseURL: options.baseUrl,
    basePath: '/api/auth',
    secret: options.secret,
    emailAndPassword: { enabled: true, disableSignUp: false, minPasswordLength: 12 },
    session: { expiresIn: 60 * 60 * 24 * 7, updateAge: 60 * 60 * 24 },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 120,
      customRules: { '/sign-in/email': { window: 60, max: 20 } },
    },
    // Scripts send the token they got at sign-in as `Authorization: Bearer …`.
    plugins: [bearer()],
    telemetry: { enabled: false },
    // Into the product's log, and without what the library adds to its sentences.
    logger: {
      log: (level: 'debug' | 'info' | 'warn' | 'error', message: string) => log[level](message),
    },
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
    /** The user behind a request's cookies, or null. */
    async userOf(headers: Headers): Promise<{ id: string; name: string; email: string } | null> {
      const session = await auth.api.getSession({ headers });
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
