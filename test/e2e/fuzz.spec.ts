import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { readMatrix } from '../support/access-matrix.js';
import { startApp, type TestApp } from '../support/app.js';
import { callsOf, faultsOf, identityCallsOf } from '../support/fuzz.js';
import { DOCUMENT, operationsOf } from '../support/operations.js';
import {
  everybodyInOne,
  limitStatements,
  rehearse,
  seedWorld,
  type Caller,
  type World,
} from '../support/world.js';

/*
 * Every operation is called with what its schema asks for, with that and one thing wrong, and with what is nothing at all,
 * by somebody whom no access decision stops. Whatever it is, the answer is one of ours. Runs are the same each time;
 * `FUZZ_SEED=7 FUZZ_RUNS=500` makes others, and more of them.
 */
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 24);
/** Longer than any statement takes on a busy machine, shorter than a hostile one would. */
const STATEMENT_MS = 5_000;

/** What the identity provider answers, which no document of ours describes. */
const IDENTITY = [
  'sign-in/email',
  'sign-up/email',
  'sign-in/magic-link',
  'magic-link/verify',
  'verify-email',
  'send-verification-email',
  'request-password-reset',
  'reset-password',
  'sign-in/social',
  'link-social',
  'callback/x',
  'sign-out',
  'get-session',
  'two-factor/enable',
  'two-factor/verify-totp',
  'two-factor/verify-backup-code',
  'passkey/generate-authenticate-options',
  'passkey/verify-authentication',
  'no/such',
];

let app: TestApp;
let world: World;
let caller: Caller;
beforeAll(async () => {
  app = await startApp('fuzz-test', { RATE_LIMIT: '0' });
  world = await seedWorld(app);
  caller = await everybodyInOne(world);
  // Enough for a filter to be slow on.
  await app.sql(
    `INSERT INTO site (id, organisation_id, name, country) SELECT gen_random_uuid(), $1, repeat('a', 190) || i, 'EG' FROM generate_series(1, 5000) i`,
    [world.ours['supplier']],
  );
  await app.sql(
    `INSERT INTO organisation (id, name, kind, country, listed) SELECT gen_random_uuid(), repeat('a', 190) || i, 'buyer', 'EG', true FROM generate_series(1, 5000) i`,
  );
  await app.sql('ANALYZE');
  await rehearse(app);
  await limitStatements(app, STATEMENT_MS);
}, 180_000);
afterAll(() => app?.stop());

test(
  'no request makes an operation fail, show its inside, or refuse in a form of its own',
  async () => {
    const matrix = readMatrix();
    const refs = { ...world.ours, ...caller.own };
    const calls = operationsOf(DOCUMENT).flatMap((operation, index) =>
      fc.sample(callsOf(operation, matrix, refs, caller.bearer!), {
        seed: SEED + 1000 * index,
        numRuns: RUNS,
      }),
    );
    expect(await faultsOf(app.url, calls)).toEqual([]);
    // And it still lives.
    expect((await app.anonymous.get('/health/ready')).status).toBe(200);
  },
  60_000 + RUNS * 10_000,
);

test(
  'nor does one to sign in, up or out',
  async () => {
    const calls = IDENTITY.flatMap((path, index) =>
      fc.sample(identityCallsOf(`/api/auth/${path}`), { seed: SEED + 1000 * index, numRuns: RUNS }),
    );
    expect(await faultsOf(app.url, calls)).toEqual([]);
  },
  60_000 + RUNS * 2_000,
);
