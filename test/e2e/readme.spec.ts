import { createIdentity, Demo, type DemoAccount } from '#application';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillWith, startApp, type TestApp } from '../support/app.js';
import { waitFor } from '../support/wait.js';

/** The tour of the README, as a newcomer pastes it: its code blocks run in one shell against the demo. */
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const tour = readme.slice(readme.indexOf('## A tour by API'), readme.indexOf('## From the command line'));
const blocks = [...tour.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].map(([, indent, code]) =>
  code!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
);

let app: TestApp;
let accounts: DemoAccount[];
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'uplift-readme-'));
  const demo = fillWith('demo', async (db, config) => {
    const identity = createIdentity(config);
    try {
      ({ accounts } = await new Demo(db, identity, config).build());
    } finally {
      await identity.close();
    }
  });
  app = await startApp('readme-test', {}, {}, demo);
}, 180_000);
afterAll(async () => {
  await app?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** One shell for the whole tour. `run` gives a block to it and returns what it wrote. */
function shell() {
  const child = spawn('bash', ['-u'], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  let count = 0;
  return {
    async run(code: string): Promise<string> {
      const mark = `@@end-of-block-${++count}@@`;
      output = '';
      child.stdin.write(`${code}\necho; echo '${mark}'\n`);
      await waitFor(() => output.includes(mark) || child.exitCode !== null, {
        what: `the end of:\n${code}\nso far: ${output}${errors}`,
        deadlineMs: 60_000,
      });
      expect(errors).toBe('');
      return output.slice(0, output.indexOf(mark)).trim();
    },
    end: () => child.kill('SIGKILL'),
  };
}

describe('the demo', () => {
  it('has one exception that shows on a certificate, and one appeal that is being looked into', async () => {
    const [certificate] = await app.sql(
      `SELECT number, state FROM certificate WHERE facts -> 'independence' ? 'exceptions' AND issued_on IS NOT NULL`,
    );
    expect(certificate).toMatchObject({ state: 'valid' });
    const { body } = await app.anonymous.get(`/api/v1/verify/${certificate!['number']}`).expect(200);
    expect(body.exceptions).toMatchObject([{ rule: 'assessor-is-coach' }]);
    expect(await app.sql(`SELECT count(*)::int AS n FROM impartiality_exception`)).toEqual([{ n: 1 }]);
    expect(await app.sql(`SELECT kind, state FROM complaint`)).toEqual([
      { kind: 'appeal', state: 'under-investigation' },
    ]);
  });
});

describe('the tour of the README', () => {
  it('runs as it is printed: answers, gap report, visit, invitation, gain, certificate', async () => {
    expect(blocks).toHaveLength(7);
    const bash = shell();
    try {
      const said: string[] = [];
      for (const block of blocks) {
        const here = block
          .replaceAll('http://localhost:3000', app.url)
          .replaceAll(/sign_in (\S+@\S+) PASSWORD/g, (_, email: string) => {
            const account = accounts.find((each) => each.email === email);
            expect({ email, known: account !== undefined }).toEqual({ email, known: true });
            return `sign_in ${email} '${account!.password}'`;
          });
        said.push(await bash.run(here));
        await app.idle();
      }
      const [, opened, answered, score, visit, gains, certified] = said as [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ];
      expect(opened).toBe('');
      expect(answered).toContain('"state":"submitted"');
      const report = readFileSync(join(folder, 'gap-report.html'), 'utf8');
      expect(report).toContain('<html lang="ar" dir="rtl">');
      expect(JSON.parse(score).asFound.status).toBe('scored');
      expect(visit).toContain('"state":"planned"');
      expect(visit).toContain('BEGIN:VCALENDAR');
      expect(gains).toContain('"followUpId"');
      expect(certified).not.toContain('"status":4');
      expect(readFileSync(join(folder, 'certificate.pdf')).subarray(0, 5).toString()).toBe('%PDF-');

      const number = await bash.run(
        `call $DECIDER $B/api/v1/certificates/$CERT | node -pe 'JSON.parse(fs.readFileSync(0)).number'`,
      );
      const page = await bash.run(`curl -s "$B/verify/${number}?lang=es"`);
      expect(page).toContain(number);
      expect(page).toContain('Vigente');
    } finally {
      bash.end();
    }
  }, 120_000);
});
