import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  differences,
  leaks,
  lists,
  observe,
  readMatrix,
  writeMatrix,
  type Observed,
} from '../support/access-matrix.js';
import { startApp, type TestApp } from '../support/app.js';
import { DOCUMENT, operationsOf, type Operation } from '../support/operations.js';
import { addOtherTenant, rehearse, seedWorld, type World } from '../support/world.js';

/*
 * Every operation of the API × everybody × whose thing it is. `UPDATE_ACCESS_MATRIX=1` writes what was observed into
 * test/access-matrix.yaml, for a person to review; continuous integration refuses to.
 */

const matrix = readMatrix();
let app: TestApp;
let world: World;
let operations: Operation[];
let observed: Observed;
let shown: string[];
let before: Map<string, string>;

beforeAll(async () => {
  app = await startApp('access-matrix-test', {
    RATE_LIMIT: '0',
    UPLIFT_ADMINISTRATORS: 'stranger@example.org',
  });
  operations = operationsOf((await app.anonymous.get('/openapi.json').expect(200)).body);
  world = await seedWorld(app);
  await rehearse(app);
  before = await lists(world, operations, matrix);
  world = await addOtherTenant(world);
  ({ observed, violations: shown } = await observe(world, operations, matrix));
  if (process.env['UPDATE_ACCESS_MATRIX'] && !process.env['CI'])
    await writeMatrix(world, observed, matrix, operations);
}, 600_000);
afterAll(() => app?.stop());

test('the document that is committed is the one of the API', () => {
  expect(operationsOf(DOCUMENT).map(({ name }) => name)).toEqual(operations.map(({ name }) => name));
});

test('everybody may do what the reviewed matrix says, and nothing else', () => {
  expect(differences(world, observed, matrix)).toEqual([]);
});

describe('of another tenant', () => {
  test('nothing shows in any answer', () => {
    expect(shown).toEqual([]);
  });
  test('things are answered like things that don’t exist', async () => {
    expect(await leaks(world, operations, matrix, observed)).toEqual([]);
  }, 120_000);
  test('lists are what they were before it came', async () => {
    const after = await lists(world, operations, matrix);
    expect(
      [...after].filter(([asked, answer]) => before.get(asked) !== answer).map(([asked]) => asked),
    ).toEqual([]);
  });
});
