/**
 * `npm test`: installs and builds what is stale, then runs Jest. Arguments go to Jest: `npm test -- libs/domain`.
 * `UPLIFT_UNIT=1` (or `--unit`) runs the pure specs below libs/ alone and builds nothing.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, fail, install, killRunning, ROOT, step } from './house.mjs';

const given = process.argv.slice(2);
const unit = process.env.UPLIFT_UNIT === '1' || given.includes('--unit');
const args = given.filter((argument) => argument !== '--unit');

let jest;
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopping = true;
    killRunning();
    jest?.kill(signal);
    if (!jest) process.exit(1);
  });
}

try {
  checkNode();
  await step('Dependencies', install);
  if (!unit) await step('Build', build);
} catch (error) {
  fail(error);
}

jest = spawn(
  process.execPath,
  [
    join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
    ...args,
    // Last, because it would take what follows it for more patterns.
    ...(unit ? ['--testPathIgnorePatterns=<rootDir>/test/'] : []),
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(unit && { UPLIFT_UNIT: '1' }),
      NODE_OPTIONS:
        `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
    },
  },
);
jest.once('exit', async (code) => {
  // Jest doesn't run its global teardown when it is stopped.
  const { leaveTestServer } = await import('../test/support/test-server.mjs');
  await leaveTestServer(jest.pid).catch(() => undefined);
  process.exit(stopping ? 1 : (code ?? 1));
});
