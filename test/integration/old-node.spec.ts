import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const scripts = resolve(import.meta.dirname, '../../scripts');

/** Runs a script under a Node that says it is another version. */
function under(version: string, script: string) {
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  return spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, resolve(scripts, script)],
    { encoding: 'utf8', env: { PATH: process.env['PATH']! } },
  );
}

describe('an older Node', () => {
  it.each(['start.mjs', 'test.mjs'])(
    '%s says in one sentence which one is needed, and does nothing',
    (script) => {
      const { status, stderr } = under('18.19.1', script);
      expect(status).toBe(1);
      expect(stderr.trim()).toBe(
        'Uplift needs Node 20.19 or newer, and this is Node 18.19.1: install a newer one from https://nodejs.org (24 is a good choice).',
      );
    },
  );

  it.each([
    ['20.18.9', false],
    ['20.19.0', true],
    ['22.0.0', true],
    ['9.9.9', false],
  ])('%s is taken: %s', async (version, taken) => {
    const { checkNode } = (await import(resolve(scripts, 'house.mjs'))) as {
      checkNode(version: string): string;
    };
    if (taken) expect(checkNode(version)).toBe(`Node ${version}`);
    else expect(() => checkNode(version)).toThrow(/^Uplift needs Node 20\.19 or newer/);
  });
});
