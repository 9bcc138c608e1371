import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from '../../libs/platform/src/config.js';

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'uplift-test-'))));
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

const DATABASE_URL = 'postgres://uplift:pw@db.example.org:5432/uplift';
const load = (env: Record<string, string>) => loadConfig({ DATABASE_URL, UPLIFT_DATA_DIR: dataDir, ...env });
const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    load(env);
  } catch (error) {
    return (error as ConfigError).problems;
  }
  return [];
};

describe('loadConfig', () => {
  it('reads no setting that the operating manual and the example file leave out', () => {
    const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
    const names = [...read('libs/platform/src/config.ts').matchAll(/text\('([A-Z_]+)'/g)].map(
      ([, name]) => name!,
    );
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      expect(read('docs/operating.md')).toContain(`| \`${name}\``);
      expect(read('.env.example')).toContain(`${name}=`);
    }
  });

  it('has defaults for everything but the database', () => {
    const config = load({});
    expect(config).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      baseUrl: 'http://localhost:3000',
      logLevel: 'info',
      demo: false,
      dataDir,
    });
    expect(config.redisUrl).toBeUndefined();
    expect(config.smtpUrl).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('makes a secret once, in a file that only its owner reads', () => {
    const first = load({}).secret;
    expect(first.length).toBeGreaterThanOrEqual(32);
    expect(load({}).secret).toBe(first);
    expect(statSync(join(dataDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'))).toMatchObject({ secret: first });
  });

  it('prefers the secret it is given', () => {
    expect(load({ UPLIFT_SECRET: 'x'.repeat(32) }).secret).toBe('x'.repeat(32));
  });

  it.each([
    ['PORT', 'abc', /^PORT is "abc"/],
    ['PORT', '70000', /^PORT is "70000"/],
    ['PORT', '-1', /^PORT is "-1"/],
    ['LOG_LEVEL', 'loud', /^LOG_LEVEL is "loud"/],
    ['UPLIFT_DEMO', 'perhaps', /^UPLIFT_DEMO is "perhaps"/],
    ['DATABASE_URL', 'mysql://db/uplift', /^DATABASE_URL is/],
    ['REDIS_URL', 'localhost:6379', /^REDIS_URL is/],
    ['SMTP_URL', 'mail.example.org', /^SMTP_URL is/],
    ['BASE_URL', 'uplift.example.org', /^BASE_URL is/],
    ['UPLIFT_SECRET', 'short', /^UPLIFT_SECRET is too short/],
    ['HOST', 'http://x', /^HOST is/],
    ['MAIL_FROM', 'nobody', /^MAIL_FROM is/],
    ['UPLIFT_TOTP_ROLES', 'owner,king', /^UPLIFT_TOTP_ROLES holds "king"/],
    ['UPLIFT_ADMINISTRATORS', 'root', /^UPLIFT_ADMINISTRATORS holds "root"/],
    ['TRUST_PROXY', 'everybody', /^TRUST_PROXY is "everybody"/],
    [
      'EVIDENCE_S3_URL',
      'https://s3.example.org/bucket',
      /^EVIDENCE_S3_URL is .* must name key, secret and bucket/,
    ],
    ['EVIDENCE_QUOTA_MB', '10 GB', /^EVIDENCE_QUOTA_MB is "10 GB"/],
    ['KEEP_FREE_MB', '-1', /^KEEP_FREE_MB is "-1"/],
    ['UPLIFT_SSO_FILE', '/nowhere/sso.json', /^UPLIFT_SSO_FILE \(\/nowhere\/sso.json\) can't be read/],
  ])('says in one sentence that %s=%s is wrong', (name, value, sentence) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(sentence);
    expect(problems[0]).toMatch(/\.$/);
  });

  it('names every wrong value at once and shows no password', () => {
    const problems = problemsOf({ PORT: 'x', REDIS_URL: 'http://user:geheim@host' });
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain('geheim');
  });

  it('asks for a second factor of those who look after others, unless told otherwise', () => {
    expect(load({}).secondFactorRoles).toEqual(['owner', 'programme-manager', 'reviewer', 'decider']);
    expect(load({ UPLIFT_TOTP_ROLES: 'none' }).secondFactorRoles).toEqual([]);
    expect(load({ UPLIFT_TOTP_ROLES: 'Assessor, decider' }).secondFactorRoles).toEqual([
      'assessor',
      'decider',
    ]);
  });

  it('reads the providers of single sign-on, and says what is wrong with each', () => {
    const file = join(dataDir, 'sso.json');
    const good = {
      id: 'buyer',
      name: 'Buyer',
      issuer: 'https://id.example.org',
      clientId: 'uplift',
      clientSecretEnv: 'BUYER_SECRET',
      domains: ['example.org'],
      organisationId: '4f0c2a3e-0000-4000-8000-000000000000',
      role: 'viewer',
    };
    const given = (...list: object[]) => {
      writeFileSync(file, JSON.stringify(list));
      return { UPLIFT_SSO_FILE: file, BUYER_SECRET: 'hush' };
    };
    expect(load(given(good)).singleSignOn).toEqual([
      expect.objectContaining({ id: 'buyer', clientSecret: 'hush', secondFactor: false }),
    ]);
    const wrong = {
      ...good,
      issuer: 'http://id.example.org',
      role: 'owner',
      domains: ['Example'],
      clientSecretEnv: 'NO',
    };
    const problems = problemsOf(given(good, wrong));
    expect(problems.join('\n')).toMatch(
      /provider 2: issuer[^]*provider 2: domains[^]*provider 2: role[^]*provider 2: clientSecret/,
    );
    expect(problems.join()).not.toContain('hush');
  });

  it('says what to do without a database, unless none is needed', () => {
    expect(problemsOf({ DATABASE_URL: '' })).toEqual([expect.stringMatching(/npm start/)]);
    expect(loadConfig({ UPLIFT_DATA_DIR: dataDir }, { database: false }).databaseUrl).toBe('');
  });
});
