import { ContentService, createIdentity, migrateIdentity } from '#application';
import { type Database, openDatabase, type Role } from '#persistence';
import { type Config, createLogger, loadConfig } from '#platform';
import { NestFactory } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import 'reflect-metadata';
import supertest from 'supertest';
import { createApi } from '../../apps/api/src/create-api.js';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { watchAnswers } from './answers.js';
import { createTestDatabase, type Filling } from './database.js';
import { waitFor } from './wait.js';

export type Agent = ReturnType<typeof supertest.agent>;

/** A signed-in person. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
  /** The bearer token of their session, as signing in gave it. */
  readonly token: string;
  /** Sends the person's bearer token with every request. */
  readonly agent: Agent;
}

export type Rows = Record<string, any>[]; // eslint-disable-line @typescript-eslint/no-explicit-any

/** A mail that went out, decoded. */
export interface Mail {
  readonly file: string;
  readonly subject: string;
  readonly text: string;
  /** Where its button leads. */
  readonly link: string;
}

/** The running product: API on a free port and worker, in this process, on a database of its own. */
export interface TestApp {
  readonly config: Config;
  readonly url: string;
  /** Address of the database with its owner: what operators' commands run as. */
  readonly ownerUrl: string;
  /** Nobody is signed in. */
  readonly anonymous: Agent;
  /** Asks the database directly. */
  sql(text: string, values?: unknown[]): Promise<Rows>;
  /** Creates somebody with memberships and signs them in over HTTP. */
  person(
    name: string,
    memberships?: readonly (readonly [organisationId: string, role: Role])[],
  ): Promise<Person>;
  /** A mail to an address whose subject matches, as soon as the worker has written it. */
  mail(to: string, subject: RegExp, but?: readonly string[]): Promise<Mail>;
  /** Waits until the worker has nothing left to do. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

const TEST_SECRET = 'only-for-tests-only-for-tests-only-for-tests';

/** Fills a migrated database as its owner, before any worker is there to see it. */
export const fillWith = (
  name: string,
  work: (db: Database, config: Config) => Promise<unknown>,
): Filling => ({
  name,
  async fill(databaseUrl) {
    const config = loadConfig({
      DATABASE_URL: databaseUrl,
      UPLIFT_SECRET: TEST_SECRET,
      BASE_URL: 'http://uplift.test',
    });
    await migrateIdentity(config);
    const db = await openDatabase(databaseUrl, { poolSize: 4 });
    try {
      await work(db, config);
    } finally {
      await db.close();
    }
  },
});

/** What `npm start` brings to an empty database. */
const PRODUCT = fillWith('product', (db) => new ContentService(db).publishShipped());

/**
 * Starts the product for one spec; `name` must contain "test". `env` changes settings, `overrides` what isn't one, `filling` what
 * is in its database.
 */
export async function startApp(
  name: string,
  env: Record<string, string> = {},
  overrides: Partial<Config> = {},
  filling: Filling = PRODUCT,
): Promise<TestApp> {
  const closers: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    let trouble: unknown;
    for (const close of closers.splice(0).reverse())
      try {
        await close();
      } catch (error) {
        trouble ??= error;
      }
    if (trouble) throw trouble;
  };
  try {
    return await start(name, env, overrides, filling, closers, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  name: string,
  env: Record<string, string>,
  overrides: Partial<Config>,
  filling: Filling,
  closers: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<TestApp> {
  const database = await createTestDatabase(name, filling);
  closers.push(() => database.drop());
  const dataDir = mkdtempSync(join(tmpdir(), 'uplift-e2e-'));
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }));
  mkdirSync(join(dataDir, 'mail'));
  const config: Config = {
    ...loadConfig({
      DATABASE_URL: database.applicationUrl,
      UPLIFT_DATA_DIR: dataDir,
      UPLIFT_SECRET: TEST_SECRET,
      BASE_URL: 'http://uplift.test',
      LOG_LEVEL: process.env['UPLIFT_TEST_LOG'] ?? 'silent',
      PORT: '0',
      // Most specs are about other things than a second factor; those that are about it say so.
      UPLIFT_TOTP_ROLES: 'none',
      ...env,
    }),
    ...overrides,
  };
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  closers.push(() => pool.end());
  const identity = createIdentity(config);
  closers.push(() => identity.close());
  const api = await createApi(config);
  const differences = watchAnswers(api.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  closers.push(async () => {
    await api.close();
    const all = differences();
    if (all.length > 0) throw new Error(`not what openapi.json says:\n${all.join('\n')}`);
  });
  await api.listen(0, '127.0.0.1');
  const url = (await api.getUrl()).replace('[::1]', '127.0.0.1');
  const log = createLogger(config, 'worker');
  const worker = await NestFactory.createApplicationContext(WorkerModule.with(config, log), {
    logger: false,
    abortOnError: false,
  });
  closers.push(() => worker.close());

  const sql = async (text: string, values: unknown[] = []): Promise<Rows> =>
    (await pool.query(text, values)).rows;
  return {
    config,
    url,
    ownerUrl: database.url,
    anonymous: supertest.agent(url),
    sql,
    async person(personName, memberships = []) {
      const email = `${personName.toLowerCase().replace(/[^a-z]+/g, '.')}.${randomUUID().slice(0, 8)}@example.org`;
      const password = `correct horse ${randomUUID()}`;
      const id = await identity.createPerson(personName, email, password);
      for (const [organisationId, role] of memberships) {
        await sql(`INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4)`, [
          randomUUID(),
          id,
          organisationId,
          role,
        ]);
      }
      const answer = await supertest(url)
        .post('/api/auth/sign-in/email')
        .send({ email, password })
        .expect(200);
      const agent = supertest.agent(url);
      agent.set('authorization', `Bearer ${answer.headers['set-auth-token']}`);
      return { id, name: personName, email, password, agent, token: answer.headers['set-auth-token']! };
    },
    mail: (to, subject, but = []) =>
      waitFor(
        async () => {
          const folder = join(dataDir, 'mail');
          for (const file of readdirSync(folder).filter(
            (each) => each.endsWith('.eml') && !but.includes(each),
          )) {
            const message = simpleMail(join(folder, file));
            if (message.to === to && subject.test(message.subject)) return { file, ...message };
          }
          return null;
        },
        { what: `a mail to ${to} about ${subject}`, deadlineMs: 30_000 },
      ),
    async idle() {
      await waitFor(
        async () => {
          // Delayed ones that were tried are on their way to the next attempt; the others wait for their hour.
          const [row] = await sql(
            `SELECT (SELECT count(*) FROM outbox WHERE taken_at IS NULL) + (SELECT count(*) FROM jobs.job
                WHERE state IN ('waiting', 'active') OR (state = 'delayed' AND attempts_made > 0)) AS n`,
          );
          return Number(row!['n']) === 0;
        },
        { what: 'an idle worker', deadlineMs: 30_000 },
      );
    },
    stop,
  };
}

/** The parties of a programme, each with a signed-in person or more. */
export interface Programme {
  readonly agency: string;
  readonly provider: string;
  readonly buyer: string;
  readonly supplier: string;
  readonly site: string;
  readonly programme: string;
  readonly cohort: string;
  /** With which owners enrol their sites. */
  readonly joiningCode: string;
  readonly manager: Person;
  readonly assessor: Person;
  readonly reviewer: Person;
  readonly decider: Person;
  readonly buyerPerson: Person;
  readonly owner: Person;
}

/** Sets what the programme's charter lets its buyers see of every enrolled site; the default is no answers. */
export async function letBuyersSee(
  { manager, programme }: Pick<Programme, 'manager' | 'programme'>,
  buyerScopes: readonly string[],
): Promise<void> {
  await manager.agent
    .put(`/api/v1/programmes/${programme}/charter`)
    .send({ buyerScopes, donorAggregates: true, publicAggregates: false, smallestGroup: 5 })
    .expect(200);
}

/** Sets up a programme over the API; only agencies and memberships, which take a mail, go in by SQL. */
export async function seedProgramme(
  app: TestApp,
  tag = 'one',
  names: { supplier?: string; site?: string } = {},
): Promise<Programme> {
  const post = async (person: Person, path: string, body: object): Promise<string> => {
    const answer = await person.agent.post(path).send(body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    return (answer.body as { id: string }).id;
  };
  const manager = await app.person(`Manager ${tag}`);
  const owner = await app.person(`Owner ${tag}`);
  // Agencies are set up by whoever looks after the installation; here by SQL.
  const agency = randomUUID();
  await app.sql(
    `INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, 'development-agency', 'EG')`,
    [agency, `Agency ${tag}`],
  );
  await app.sql(`INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`, [
    randomUUID(),
    manager.id,
    agency,
  ]);
  const provider = await post(manager, '/api/v1/organisations', {
    name: `Provider ${tag}`,
    kind: 'assessment-provider',
    country: 'EG',
  });
  const buyer = await post(manager, '/api/v1/organisations', {
    name: `Buyer ${tag}`,
    kind: 'buyer',
    country: 'EG',
  });
  const supplier = await post(owner, '/api/v1/organisations', {
    name: names.supplier ?? `Supplier ${tag}`,
    kind: 'supplier',
    country: 'EG',
  });
  // The manager set the others up, but is not theirs.
  await app.sql(`DELETE FROM membership WHERE user_id = $1 AND organisation_id = ANY($2)`, [
    manager.id,
    [provider, buyer],
  ]);
  const site = await post(owner, '/api/v1/sites', {
    organisationId: supplier,
    name: names.site ?? `Site ${tag}`,
    city: 'Cairo',
    country: 'EG',
    lat: 30.04,
    lon: 31.24,
    categories: ['dairy'],
    languages: ['ar'],
  });
  const programme = await post(manager, '/api/v1/programmes', {
    organisationId: agency,
    code: `programme-${tag}`,
    name: `Programme ${tag}`,
  });
  for (const [organisation, part] of [
    [provider, 'assessment-provider'],
    [buyer, 'buyer'],
  ]) {
    await post(manager, `/api/v1/programmes/${programme}/participants`, {
      organisationId: organisation,
      part,
    });
  }
  const cohort = await post(manager, '/api/v1/cohorts', {
    programmeId: programme,
    name: `Cohort ${tag}`,
    startsOn: daysAgo(200),
  });
  const { joiningCode } = (await manager.agent.post(`/api/v1/cohorts/${cohort}/joining-code`).expect(201))
    .body;
  await post(owner, `/api/v1/cohorts/${cohort}/enrolments`, {
    siteId: site,
    enrolledOn: daysAgo(190),
    joiningCode,
  });
  const assessor = await app.person(`Assessor ${tag}`, [[provider, 'assessor']]);
  const reviewer = await app.person(`Reviewer ${tag}`, [[agency, 'reviewer']]);
  const decider = await app.person(`Decider ${tag}`, [[agency, 'decider']]);
  const buyerPerson = await app.person(`Buyer person ${tag}`, [[buyer, 'qa-manager']]);
  await post(manager, '/api/v1/assessors', {
    userId: assessor.id,
    organisationId: provider,
    part: 'assessor',
    country: 'EG',
    lat: 30,
    lon: 31.2,
    competences: ['food-manufacturing'],
    languages: ['ar'],
    workingDays: [7, 1, 2, 3, 4],
    maxVisitsPerWeek: 4,
  });
  return {
    agency,
    provider,
    buyer,
    supplier,
    site,
    programme,
    cohort,
    joiningCode,
    manager,
    assessor,
    reviewer,
    decider,
    buyerPerson,
    owner,
  };
}

/** A day before (or, negative, after) today, by UTC. */
export const daysAgo = (days: number): string =>
  new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** A day before (or, negative, after) today where the programme is: from 22:00 UTC on, the next one has begun there. */
export const cairoDaysAgo = (days: number): string =>
  new Date(Date.now() - days * 86_400_000).toLocaleDateString('sv', { timeZone: 'Africa/Cairo' });

export interface Asked {
  readonly code: string;
  readonly naAllowed: boolean;
}

/** Requirements of the food manufacturing checklist at its basic level. */
export async function basicRequirements(app: TestApp, version: string): Promise<Asked[]> {
  const [row] = await app.sql(
    `SELECT body FROM checklist_version WHERE checklist = 'food-manufacturing' AND version = $1`,
    [version],
  );
  return (row!['body'].requirements as { code: string; level: string; naAllowed?: boolean }[])
    .filter((requirement) => requirement.level === 'basic')
    .map(({ code, naAllowed }) => ({ code, naAllowed: naAllowed !== false }));
}

/** Opens an assessment of the programme's site and returns it as the API answers. */
export async function openAssessment(
  p: Programme,
  input: Record<string, unknown>,
): Promise<{ id: string; revision: number }> {
  const answer = await p.assessor.agent.post('/api/v1/assessments').send({
    siteId: p.site,
    cohortId: p.cohort,
    kind: 'baseline',
    checklist: 'food-manufacturing',
    version: '2',
    level: 'basic',
    profile: 'programme-default',
    assessedOn: daysAgo(120),
    ...input,
  });
  if (answer.status !== 201) throw new Error(`assessments: ${answer.status} ${answer.text}`);
  return answer.body as { id: string; revision: number };
}

/** Has an assessment answered in one call, submitted, reviewed and closed. */
export async function finish(p: Programme, id: string, answers: readonly object[]): Promise<void> {
  await p.assessor.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers }).expect(200);
  await p.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);
  await p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action: 'take-review' }).expect(200);
  await p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action: 'close' }).expect(200);
}

/** Collects a binary answer: `.buffer(true).parse(bytes)`. */
export function bytes(response: supertest.Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  const stream = response as unknown as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks)));
}

/** Reads what the product's mailer writes: a multipart message whose parts are quoted-printable or base64. */
function simpleMail(path: string): Omit<Mail, 'file'> & { to: string } {
  const raw = readFileSync(path, 'utf8');
  const header = (name: string): string =>
    (new RegExp(`^${name}: ((?:.|\\r\\n[ \\t])*)`, 'im').exec(raw)?.[1] ?? '').replace(/\r\n[ \t]+/g, ' ');
  const decoded = (text: string): string =>
    text
      .replace(/\?= =\?/g, '?==?')
      .replace(/=\?utf-8\?(b|q)\?(.*?)\?=/gi, (_, how: string, value: string) =>
        how.toLowerCase() === 'b'
          ? Buffer.from(value, 'base64').toString()
          : quoted(value.replaceAll('_', ' ')),
      );
  const quoted = (value: string): string =>
    Buffer.from(
      value
        .replace(/=\r?\n/g, '')
        .replace(/=([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
      'latin1',
    ).toString();
  const part = /Content-Type: text\/plain[^]*?\r\n\r\n([^]*?)\r\n--/i.exec(raw);
  const base64 = /Content-Transfer-Encoding: base64/i.test(part?.[0] ?? '');
  const text = base64 ? Buffer.from(part![1]!, 'base64').toString() : quoted(part?.[1] ?? '');
  return {
    to: header('To'),
    subject: decoded(header('Subject')),
    text,
    link: /https?:\/\/\S+/.exec(text)?.[0] ?? '',
  };
}
