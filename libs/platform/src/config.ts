import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { embeddedDatabaseUrl } from './embedded-postgres.js';
import { loadSecrets } from './secrets.js';
import type { S3Settings } from './objects.js';
import { readSignOnProviders, type SignOnProvider } from './sign-on-providers.js';
import { StartError } from './start-error.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything a process may be told from outside. Frozen; read once, in `main.ts`. */
export interface Config {
  /** `DATABASE_URL`, or the embedded PostgreSQL that runs in the data folder. */
  readonly databaseUrl: string;
  /** `REDIS_URL`: jobs on Redis instead of PostgreSQL. */
  readonly redisUrl?: string;
  /** `PORT` of the API; 0 takes any free one. */
  readonly port: number;
  /** `HOST` the API listens on. */
  readonly host: string;
  /** `WORKER_PORT` for the worker's health and metrics, the one after `port` unless set; 0 takes any free one, undefined (`off`) none. */
  readonly workerPort?: number;
  /** `WORKER_HOST` that port is on. */
  readonly workerHost: string;
  /** `UPLIFT_DATA_DIR`, absolute: documents, mail, secrets, the embedded database. */
  readonly dataDir: string;
  /** `BASE_URL`: how browsers and mails reach the product; no slash at the end. */
  readonly baseUrl: string;
  /** `SMTP_URL`: mail goes out instead of into `.eml` files. */
  readonly smtpUrl?: string;
  /** `MAIL_FROM`: sender of every mail. */
  readonly mailFrom: string;
  readonly logLevel: LogLevel;
  /** Where log lines go instead of standard output; never from the environment. */
  readonly logTo?: { write(line: string): void };
  /** `UPLIFT_SECRET`, or the one made at the first start. */
  readonly secret: string;
  /**
   * `TRUST_PROXY`: whose `X-Forwarded-For` is believed. Nobody's (`false`), everybody's (`true`), or that of these
   * addresses and networks.
   */
  readonly trustProxy: boolean | string[];
  /** `RATE_LIMIT`: requests of one person a minute; 0: no limit. */
  readonly rateLimit: number;
  /** `UPLIFT_DEMO`: demo data is wanted when the database is empty. */
  readonly demo: boolean;
  /** `UPLIFT_TOTP_ROLES`: who needs a second factor; empty: nobody. */
  readonly secondFactorRoles: readonly string[];
  /** `UPLIFT_ADMINISTRATORS`: addresses, in small letters, of the accounts that look after the installation itself. */
  readonly administrators: readonly string[];
  /** `EVIDENCE_S3_URL`: photographs and documents of evidence go to S3-compatible storage instead of the data folder. */
  readonly evidenceS3?: S3Settings;
  /** `EVIDENCE_QUOTA_MB` in bytes: how much evidence one supplier may store; 0: as much as it likes. */
  readonly evidenceQuota: number;
  /** `KEEP_FREE_MB` in bytes: what must stay free on the disk of the data folder for an upload to begin. */
  readonly keepFree: number;
  /** `UPLIFT_SSO_FILE`: organisations' own sign-in providers. */
  readonly singleSignOn: readonly SignOnProvider[];
}

/** Roles that look after others' records, and therefore need a second factor unless the operator says otherwise. */
const SECOND_FACTOR_ROLES = ['owner', 'programme-manager', 'reviewer', 'decider'] as const;

/** One or more wrong settings: one sentence each. */
export class ConfigError extends StartError {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

export interface ConfigNeeds {
  /** `false` for commands that never open the database; `databaseUrl` may then be empty. */
  readonly database?: boolean;
}

/** Shows a value in a sentence without the password a URL may carry. */
const shown = (value: string): string => `"${value.replace(/(:\/\/[^:@/\s]*:)[^@\s]*@/, '$1***@')}"`;

/** Reads and checks the environment; throws one `ConfigError` that names every wrong value. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env, needs: ConfigNeeds = {}): Config {
  const problems: string[] = [];
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;

  const url = (name: string, schemes: readonly string[], example: string): string | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (
      parsed &&
      schemes.includes(parsed.protocol.slice(0, -1)) &&
      (parsed.hostname || parsed.searchParams.has('host'))
    )
      return value;
    problems.push(
      `${name} is ${shown(value)}, but must be a ${schemes.join(' or ')} address such as ${example}.`,
    );
    return undefined;
  };

  const portOf = (name: string, value: string, or = ''): number => {
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!(number <= 65535))
      problems.push(`${name} is "${value}", but must be a whole number from 0 to 65535${or}.`);
    return number;
  };
  const port = portOf('PORT', text('PORT') ?? '3000');
  // The next one after the API's, so that two installations on one machine only have to differ in PORT.
  const nextPort = port === 0 ? '0' : port < 65535 ? String(port + 1) : 'off';
  const workerPortText = (text('WORKER_PORT') ?? nextPort).toLowerCase();
  const workerPort = workerPortText === 'off' ? undefined : portOf('WORKER_PORT', workerPortText, ', or off');

  const level = (text('LOG_LEVEL') ?? 'info') as LogLevel;
  if (!LOG_LEVELS.includes(level))
    problems.push(`LOG_LEVEL is "${level}", but must be one of ${LOG_LEVELS.join(', ')}.`);

  const demoText = (text('UPLIFT_DEMO') ?? 'false').toLowerCase();
  if (!['true', 'false', '1', '0', 'yes', 'no'].includes(demoText)) {
    problems.push(`UPLIFT_DEMO is "${demoText}", but must be true or false.`);
  }

  const hostOf = (name: string): string => {
    const value = text(name) ?? '127.0.0.1';
    if (!/^[A-Za-z0-9.:_-]+$/.test(value))
      problems.push(
        `${name} is "${value}", but must be a host name or an IP address without scheme or port.`,
      );
    return value;
  };
  const host = hostOf('HOST');
  const workerHost = hostOf('WORKER_HOST');
  const trustText = text('TRUST_PROXY') ?? 'loopback';
  const trustList = trustText.split(',').map((part) => part.trim());
  const isTrustable = (part: string) =>
    ['loopback', 'linklocal', 'uniquelocal'].includes(part) ||
    (isIP(part.split('/')[0] ?? '') !== 0 && /^[^/]+(\/\d{1,3})?$/.test(part));
  if (!['true', 'false'].includes(trustText) && !trustList.every(isTrustable)) {
    problems.push(
      `TRUST_PROXY is "${trustText}", but must be true, false, loopback, or addresses and networks such as 10.0.0.0/8,192.168.1.7.`,
    );
  }

  const limitText = text('RATE_LIMIT') ?? '1200';
  const rateLimit = /^\d{1,9}$/.test(limitText) ? Number(limitText) : NaN;
  if (Number.isNaN(rateLimit))
    problems.push(
      `RATE_LIMIT is "${limitText}", but must be a whole number of requests a minute, or 0 for no limit.`,
    );

  const megabytes = (name: string, or: string): number => {
    const value = text(name) ?? or;
    if (!/^\d{1,9}$/.test(value))
      problems.push(`${name} is "${value}", but must be a whole number of megabytes.`);
    return Number(value) * 1024 * 1024;
  };
  const evidenceQuota = megabytes('EVIDENCE_QUOTA_MB', '20480');
  const keepFree = megabytes('KEEP_FREE_MB', '512');

  const mailFrom = text('MAIL_FROM') ?? 'Uplift <no-reply@uplift.invalid>';
  if (!/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/.test(mailFrom)) {
    problems.push(
      `MAIL_FROM is "${mailFrom}", but must be an address such as Uplift <no-reply@example.org>.`,
    );
  }

  const givenSecret = text('UPLIFT_SECRET');
  if (givenSecret !== undefined && givenSecret.length < 32) {
    problems.push(
      'UPLIFT_SECRET is too short: it must have at least 32 characters (make one with `openssl rand -base64 32`).',
    );
  }

  const rolesText = (text('UPLIFT_TOTP_ROLES') ?? SECOND_FACTOR_ROLES.join(',')).toLowerCase();
  const secondFactorRoles = rolesText === 'none' ? [] : rolesText.split(',').map((role) => role.trim());
  const known: readonly string[] = [...SECOND_FACTOR_ROLES, 'qa-manager', 'assessor', 'mentor', 'viewer'];
  for (const role of secondFactorRoles.filter((each) => !known.includes(each))) {
    problems.push(
      `UPLIFT_TOTP_ROLES holds "${role}", but may hold ${known.join(', ')} (with commas between them), or be none.`,
    );
  }

  const administrators = (text('UPLIFT_ADMINISTRATORS') ?? '')
    .toLowerCase()
    .split(',')
    .map((address) => address.trim())
    .filter(Boolean);
  for (const address of administrators.filter((each) => !/^[^\s<>@]+@[^\s<>@]+$/.test(each)))
    problems.push(
      `UPLIFT_ADMINISTRATORS holds "${address}", but must be e-mail addresses of accounts, with commas between them.`,
    );

  const singleSignOn = readSignOnProviders(text('UPLIFT_SSO_FILE'), env, problems);

  const dataDir = resolve(text('UPLIFT_DATA_DIR') ?? '.data');
  const evidenceS3 = readS3(url('EVIDENCE_S3_URL', ['http', 'https'], S3_EXAMPLE), problems);
  const redisUrl = url('REDIS_URL', ['redis', 'rediss'], 'redis://localhost:6379');
  const smtpUrl = url('SMTP_URL', ['smtp', 'smtps'], 'smtp://user:password@mail.example.org:587');
  const baseUrl = (
    url('BASE_URL', ['http', 'https'], 'https://uplift.example.org') ?? `http://localhost:${port}`
  ).replace(/\/+$/, '');
  const givenDatabase = url(
    'DATABASE_URL',
    ['postgres', 'postgresql'],
    'postgres://user:password@localhost:5432/uplift',
  );
  const databaseUrl = givenDatabase ?? (text('DATABASE_URL') ? undefined : embeddedDatabaseUrl(dataDir));
  if (databaseUrl === undefined && !text('DATABASE_URL') && needs.database !== false) {
    problems.push(
      `There is no database: start the embedded one with \`npm start\`, or set DATABASE_URL (no PostgreSQL runs in ${dataDir}).`,
    );
  }

  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({
    databaseUrl: databaseUrl ?? '',
    ...(redisUrl && { redisUrl }),
    port,
    host,
    ...(workerPort !== undefined && { workerPort }),
    workerHost,
    dataDir,
    baseUrl,
    ...(smtpUrl && { smtpUrl }),
    mailFrom,
    logLevel: level,
    secret: givenSecret ?? loadSecrets(dataDir).secret,
    trustProxy: ['true', 'false'].includes(trustText) ? trustText === 'true' : trustList,
    rateLimit,
    demo: ['true', '1', 'yes'].includes(demoText),
    secondFactorRoles: Object.freeze(secondFactorRoles),
    administrators: Object.freeze(administrators),
    ...(evidenceS3 && { evidenceS3 }),
    evidenceQuota,
    keepFree,
    singleSignOn,
  });
}

const S3_EXAMPLE = 'https://KEY:SECRET@s3.example.org/bucket?region=eu-central-1';

/** Key and secret before the host, the bucket as path, the region behind it; all but the region must be there. */
function readS3(given: string | undefined, problems: string[]): S3Settings | undefined {
  if (given === undefined) return undefined;
  const { origin, pathname, username, password, searchParams } = new URL(given);
  const bucket = /^\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(pathname)?.[1];
  if (!bucket || !username || !password) {
    problems.push(
      `EVIDENCE_S3_URL is ${shown(given)}, but must name key, secret and bucket, such as ${S3_EXAMPLE}.`,
    );
    return undefined;
  }
  return Object.freeze({
    endpoint: origin,
    bucket,
    region: searchParams.get('region') ?? 'us-east-1',
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  });
}
