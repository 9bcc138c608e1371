import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { ValidationPipe } from '@nestjs/common';
import * as fc from 'fast-check';
import { SignedInGuard } from '../../apps/api/src/http/auth.js';
import { differences, leaks, observe, readMatrix } from '../support/access-matrix.js';
import { startApp, type TestApp } from '../support/app.js';
import { callsOf, faultsOf } from '../support/fuzz.js';
import { DOCUMENT, operationsOf, type Operation } from '../support/operations.js';
import { addOtherTenant, everybodyInOne, rehearse, seedWorld, type World } from '../support/world.js';

/*
 * The checks of the other specs find something when there is something: they are run on a product from which one policy
 * or one guard has been taken away. Policies one by one: test/integration/row-level-security.spec.ts.
 */

const matrix = readMatrix();
const operations = operationsOf(DOCUMENT);
let app: TestApp;
let world: World;

beforeAll(async () => {
  app = await startApp('weakened-test', { RATE_LIMIT: '0' });
  world = await addOtherTenant(await seedWorld(app));
  await rehearse(app);
}, 180_000);
afterAll(() => app?.stop());
afterEach(() => void jest.restoreAllMocks());

const some = (...names: string[]): Operation[] => operations.filter(({ name }) => names.includes(name));
const withCallers = (...names: string[]): World => ({
  ...world,
  callers: world.callers.filter(({ name }) => names.includes(name)),
});

describe('without one policy', () => {
  // Where the policy is the only line; of other tables the code would still refuse, and their own spec tells.
  test.each([
    ['programme', 'GET /api/v1/programmes/{id}/charter'],
    ['assessment', 'GET /shared/{token}/assessments/{id}/gap-report'],
    ['certificate', 'GET /shared/{token}/certificates/{id}.pdf'],
  ])('of the table %s, another tenant’s things are told from none', async (table, name) => {
    const found = async (): Promise<string[]> => {
      const few = withCallers('agency.owner', 'supplier.owner', 'stranger');
      const { observed, violations } = await observe(few, some(name), matrix);
      return [...violations, ...(await leaks(few, some(name), matrix, observed))];
    };
    expect(await found()).toEqual([]);
    const [policy] = await app.sql(
      `SELECT pg_get_expr(polqual, polrelid) AS expression FROM pg_policy WHERE polrelid = $1::regclass AND polname = 'api_select'`,
      [table],
    );
    await app.sql(`ALTER POLICY api_select ON ${table} USING (true)`);
    expect(await found()).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`${name} as supplier.owner with ${table} of another tenant`),
      ]),
    );
    await app.sql(`ALTER POLICY api_select ON ${table} USING (${policy!['expression']})`);
    expect(await found()).toEqual([]);
  });
});

describe('without one guard', () => {
  test('that looks at the scopes of tokens, the matrix differs', async () => {
    const few = withCallers('token.read', 'token.manage');
    const names = ['GET /api/v1/sites', 'POST /api/v1/sites', 'GET /api/v1/organisations/{id}/members'];
    const wrong = async (): Promise<string[]> => {
      const { observed } = await observe(few, some(...names), pick(names));
      return differences(few, observed, pick(names));
    };
    expect(await wrong()).toEqual([]);
    type Guard = {
      tokens: { actorOf(token: string): Promise<unknown> };
      byToken(request: unknown, token: string): Promise<unknown>;
    };
    jest.spyOn(SignedInGuard.prototype as unknown as Guard, 'byToken').mockImplementation(function (
      this: Guard,
      _request,
      token,
    ) {
      return this.tokens.actorOf(token);
    });
    expect(await wrong()).toEqual([
      'GET /api/v1/sites as token.manage: may, expected 403 scope-required',
      'POST /api/v1/sites (own) as token.read: may, expected 403 scope-required',
      'GET /api/v1/organisations/{id}/members (own) as token.read: may, expected 403 scope-required',
      'GET /api/v1/organisations/{id}/members (own) as token.manage: may, expected 403 scope-required',
      'GET /api/v1/organisations/{id}/members (of the supplier) as token.manage: 404 not-found, expected 403 scope-required',
    ]);
  });

  test('that checks bodies, the fuzz finds requests that fail', async () => {
    const caller = await everybodyInOne(world);
    const [site] = some('POST /api/v1/sites');
    const calls = fc.sample(callsOf(site!, matrix, { ...world.ours, ...caller.own }, caller.bearer!), {
      seed: 1,
      numRuns: 60,
    });
    expect(await faultsOf(app.url, calls)).toEqual([]);
    jest.spyOn(ValidationPipe.prototype, 'transform').mockImplementation((value) => Promise.resolve(value));
    expect(await faultsOf(app.url, calls)).not.toEqual([]);
  });
});

test('an operation without an entry, and an entry without an operation, are found', async () => {
  const few = withCallers('stranger');
  const [sites, me] = ['GET /api/v1/sites', 'GET /api/v1/me'];
  const { observed } = await observe(few, some(sites!), pick([sites!]));
  expect(differences(few, observed, pick([me!]))).toEqual([
    `${sites} is not in test/access-matrix.yaml`,
    `${me} is in test/access-matrix.yaml, but not in the API`,
  ]);
});

/** The entries of these operations alone, without their further cases. */
const pick = (names: readonly string[]): typeof matrix =>
  Object.fromEntries(Object.entries(matrix).filter(([name]) => names.includes(name)));
