import { resolve } from 'node:path';
import { embeddedDatabaseUrl } from './embedded-postgres.js';
import { loadSecrets } from './secrets.js';
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
  /** `UPLIFT_DEMO`: demo data is wanted when the database is empty. */
  readonly demo: boolean;
}

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

  const portText = text('PORT') ?? '3000';
  const port = /^\d+$/.test(portText) ? Number(portText) : NaN;
  if (!(port <= 65535)) problems.push(`PORT is "${portText}", but must be a whole number from 0 to 65535.`);

  const level = (text('LOG_LEVEL') ?? 'info') as LogLevel;
  if (!LOG_LEVELS.includes(level))
    problems.push(`LOG_LEVEL is "${level}", but must be one of ${LOG_LEVELS.join(', ')}.`);

  const demoText = (text('UPLIFT_DEMO') ?? 'false').toLowerCase();
  if (!['true', 'false', '1', '0', 'yes', 'no'].includes(demoText)) {
    problems.push(`UPLIFT_DEMO is "${demoText}", but must be true or false.`);
  }

  const host = text('HOST') ?? '127.0.0.1';
  if (!/^[A-Za-z0-9.:_-]+$/.test(host))
    problems.push(`HOST is "${host}", but must be a host name or an IP address without scheme or port.`);

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

  const dataDir = resolve(text('UPLIFT_DATA_DIR') ?? '.data');
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
    dataDir,
    baseUrl,
    ...(smtpUrl && { smtpUrl }),
    mailFrom,
    logLevel: level,
    secret: givenSecret ?? loadSecrets(dataDir).secret,
    demo: ['true', '1', 'yes'].includes(demoText),
  });
}
