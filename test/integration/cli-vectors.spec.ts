import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cohortCommand } from '../../apps/cli/src/commands/cohort.js';
import { gainCommand } from '../../apps/cli/src/commands/gain.js';
import { scoreCommand } from '../../apps/cli/src/commands/score.js';
import { verifyCommand } from '../../apps/cli/src/commands/verify.js';
import type { CommandIo, ProblemJson, SchemaName } from '../../apps/cli/src/json-io.js';
import { schemaProblems, schemaValidator } from '../../libs/application/src/schemas.js';

const root = join(import.meta.dirname, '..', '..');
const vectors = join(root, 'test', 'cases', 'vectors');
const names = readdirSync(vectors)
  .filter((name) => existsSync(join(vectors, name, 'expected.json')))
  .sort();

type CommandName = 'score' | 'gain' | 'cohort' | 'verify';
const commands: Record<CommandName, (io: CommandIo) => Command> = {
  score: scoreCommand,
  gain: gainCommand,
  cohort: cohortCommand,
  verify: verifyCommand,
};

interface Expected {
  readonly command: CommandName;
  readonly exitCode: number;
  readonly arithmetic: string;
  readonly output?: object;
  readonly problem?: { readonly code: string; readonly errors: readonly { readonly field: string }[] };
  readonly verification?: object;
}

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(command: CommandName, args: string[], stdin = '', cwd = root): Promise<Run> {
  const got = { code: -1, out: '', err: '' };
  const io: CommandIo = {
    readStdin: async () => stdin,
    out: (text) => void (got.out += text),
    err: (text) => void (got.err += text),
    exit: (code) => void (got.code = code),
    cwd: () => cwd,
  };
  await commands[command](io).parseAsync(args, { from: 'user' });
  return got;
}

/** Where a result is not as expected; what is not expected is not compared. Numbers within 0.000001. */
function differences(expected: unknown, actual: unknown, at = ''): string[] {
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Math.abs(expected - actual) <= 1.000001e-6 ? [] : [`${at}: expected ${expected}, got ${actual}`];
  }
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    return expected === actual
      ? []
      : [`${at}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`];
  }
  if (Array.isArray(expected) && expected.length !== (actual as unknown[]).length) {
    return [`${at}: expected ${expected.length} members, got ${(actual as unknown[]).length}`];
  }
  return Object.entries(expected).flatMap(([key, value]) =>
    differences(value, (actual as Record<string, unknown>)[key], `${at}/${key}`),
  );
}

const read = (name: string): Expected =>
  JSON.parse(readFileSync(join(vectors, name, 'expected.json'), 'utf8')) as Expected;
const fieldsOf = (text: string): string[] =>
  (JSON.parse(text) as ProblemJson).errors.map((e) => e.field).sort();

describe('golden vectors', () => {
  it.each(names)('%s', async (name) => {
    const expected = read(name);
    const got = await run(expected.command, [join(vectors, name, 'input.json')]);
    expect(got).toMatchObject({ code: expected.exitCode, [expected.problem ? 'out' : 'err']: '' });
    const { output = expected.verification, problem } = expected;
    if (output) {
      const actual: unknown = JSON.parse(got.out);
      expect(differences(output, actual)).toEqual([]);
      if (expected.command !== 'verify') {
        const validate = schemaValidator(`${expected.command}-output` as SchemaName);
        validate(actual);
        expect(validate.errors ?? []).toEqual([]);
      }
    }
    if (problem) {
      const actual = JSON.parse(got.err) as ProblemJson;
      expect(actual).toMatchObject({
        code: problem.code,
        title: expect.any(String),
        detail: expect.any(String),
      });
      expect(actual.type).toMatch(new RegExp(`/${problem.code}$`));
      expect(fieldsOf(got.err)).toEqual(problem.errors.map((e) => e.field).sort());
      for (const error of actual.errors)
        expect({ ...error, ok: Boolean(error.message && error.fix) }).toMatchObject({ ok: true });
    }
  });

  it('covers what docs/test-vectors.md promises, and the index lists each once', () => {
    const index = readFileSync(join(vectors, 'README.md'), 'utf8');
    for (const name of names) expect(index.split(`[${name}](${name}/)`)).toHaveLength(2);
    const said = names
      .flatMap((name) =>
        ['input.json', 'expected.json'].map((file) => readFileSync(join(vectors, name, file), 'utf8')),
      )
      .join();
    for (const word of [
      'count-matrix',
      'weighted-percent',
      'percent-by-class',
      'mean-ordinal',
      'deduct-from-100',
      'points',
      'earned',
      'every-section',
      'section',
      'class',
      'max-findings',
      'max-nonconforming-in-class',
      'required-items',
      'no-applicable-requirement',
      'unanswered-requirements',
      'nothing-to-rate',
      'after-closure',
      'not-rated',
      'follow-up-before-baseline',
      'different-profiles',
      'different-checklists',
      'crosswalk-mismatch',
      'not-scorable-baseline',
      'not-scorable-follow-up',
      'no-common-items',
    ])
      expect(said).toContain(`"${word}"`);
  });

  it('shows that a wrong figure would be noticed', () => {
    const { output } = read('score-01-count-matrix');
    expect(differences(output, { ...output, points: 70.00001 })).toEqual([
      '/points: expected 70, got 70.00001',
    ]);
  });
});

const python = spawnSync('python3', ['--version']).status === 0;
(python ? it : it.skip)('the second implementation agrees with every vector', () => {
  const { status, stdout } = spawnSync('python3', [join(vectors, 'reference.py')], { encoding: 'utf8' });
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringMatching(/, 0 failed\n$/) });
});

describe('reading input', () => {
  const cohort = '{"rows": [{"baseline": 20, "followUp": 60}]}';

  it.each([[['-']], [[]]])('reads standard input for %j', async (args) => {
    const { code, out } = await run('cohort', args, `\uFEFF${cohort}`);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ format: 'uplift.cohort/1', meanChangePoints: 40 });
  });

  it('resolves files in the input from the working directory on standard input', async () => {
    const folder = join(vectors, 'score-01-count-matrix');
    const text = readFileSync(join(folder, 'input.json'), 'utf8');
    expect((await run('score', [], text, folder)).code).toBe(0);
    const elsewhere = await run('score', [], text, tmpdir());
    expect(elsewhere.code).toBe(2);
    expect(fieldsOf(elsewhere.err)).toEqual(['/checklist/file', '/profile/file']);
  });

  it.each([
    ['{"rows":\n  [1,, 2]}', 'line 2, column 6'],
    ['{"rows": [1, 2,]}', 'line 1, column 16'],
    ['{"rows": [],\n}', 'line 2, column 1'],
    ['{"rows" []}', 'line 1, column 9'],
    ["{'rows': []}", 'line 1, column 2'],
    ['{"rows": [{"a": tru}]}', 'line 1, column 17'],
    ['{"rows": []', 'line 1, column 12'],
    ['{} {}', 'line 1, column 4'],
    ['{"rows": []]', 'line 1, column 12'],
  ])('says where JSON is broken: %j', async (text, place) => {
    const { code, err } = await run('cohort', [], text);
    expect(code).toBe(2);
    expect(JSON.parse(err)).toMatchObject({ code: 'input-unreadable' });
    expect(fieldsOf(err)).toEqual([place]);
  });

  it.each([
    ['nothing', '', 'input-missing'],
    ['a list', '[]', 'input-invalid'],
    ['null', 'null', 'input-invalid'],
    ['text', '"rows"', 'input-invalid'],
  ])('refuses %s', async (_name, text, problem) => {
    for (const command of ['score', 'gain', 'cohort', 'verify'] as const) {
      const { code, out, err } = await run(command, [], text);
      expect({ code, out, problem: (JSON.parse(err) as ProblemJson).code }).toEqual({
        code: 2,
        out: '',
        problem,
      });
    }
  });

  it('refuses a file that is not there', async () => {
    const { code, err } = await run('score', ['nowhere.json']);
    expect(code).toBe(2);
    expect(JSON.parse(err)).toMatchObject({
      code: 'input-unreadable',
      detail: 'nowhere.json: there is no such file.',
    });
  });

  it('reads content from YAML files and names problems in them by file and pointer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'uplift-cli-'));
    try {
      writeFileSync(
        join(folder, 'good.yaml'),
        readFileSync(join(root, 'checklists/profiles/programme-default.yaml')),
      );
      writeFileSync(join(folder, 'bad.yaml'), 'format: uplift.scoring-profile/1\nprofile: x\n');
      const input = (file: string) =>
        JSON.stringify({
          checklist: { checklist: 'food-manufacturing', version: '2' },
          profile: { file },
          level: 'basic',
          responses: [],
        });
      const good = await run('score', [], input('good.yaml'), folder);
      expect(JSON.parse(good.out)).toMatchObject({
        status: 'not-scorable',
        reason: 'unanswered-requirements',
        points: null,
        counts: { notAssessed: 107 },
      });
      const bad = await run('score', [], input('bad.yaml'), folder);
      expect(bad.code).toBe(2);
      expect((JSON.parse(bad.err) as ProblemJson).errors.every((e) => e.field.startsWith('bad.yaml#/'))).toBe(
        true,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('never leaves the shipped content by a code', async () => {
    const { code, err } = await run(
      'score',
      [],
      JSON.stringify({
        checklist: { checklist: '../x', version: '../1' },
        profile: { profile: '../../x' },
        level: 'basic',
        responses: [],
      }),
    );
    expect(code).toBe(2);
    expect(fieldsOf(err)).toEqual(['/checklist/checklist', '/checklist/version', '/profile/profile']);
  });
});

describe('verify a number', () => {
  it.each(['UP-2026-7KQ2MX-P', 'up 2026 7kq2mx p', 'UP20267KQ2MXP'])('%s', async (number) => {
    const { code, out } = await run('verify', [number]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      verified: true,
      number: 'UP-2026-7KQ2MX-P',
      notChecked: [expect.stringContaining('register')],
    });
  });

  it.each(['UP-2026-7KQ2MX-Q', 'UP-2026-7KQ2XM-P', 'hello'])(
    'says no to %s with exit code 1',
    async (number) => {
      const { code, out } = await run('verify', [number]);
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ verified: false, number: null });
    },
  );

  it('finds that a credential rests on another assessment by its report hash', async () => {
    const { credential, assessment } = JSON.parse(
      readFileSync(join(vectors, 'verify-03-credential-with-assessment/input.json'), 'utf8'),
    );
    const own = await run(
      'verify',
      [],
      JSON.stringify({
        credential: { ...credential, statement: { reportHash: '0'.repeat(64) } },
        assessment,
      }),
    );
    expect(own.code).toBe(1);
    const { checks } = JSON.parse(own.out) as { checks: { check: string; holds: boolean; detail: string }[] };
    const check = checks.find((c) => c.check === 'report-hash')!;
    expect(check.holds).toBe(false);
    const reportHash = /recomputed ([0-9a-f]{64})/.exec(check.detail)![1];
    const again = await run(
      'verify',
      [],
      JSON.stringify({ credential: { ...credential, statement: { reportHash } }, assessment }),
    );
    expect(again.code).toBe(0);
  });

  it('names every problem of an exported assessment', async () => {
    const { code, err } = await run(
      'verify',
      [],
      JSON.stringify({ siteId: 's', lockHash: 'x', responses: [{ requirement: 'M-1' }] }),
    );
    expect(code).toBe(2);
    expect(fieldsOf(err)).toEqual([
      '/assessedOn',
      '/checklist',
      '/kind',
      '/level',
      '/lockHash',
      '/profile',
      '/profileVersion',
      '/responses/0/answer',
      '/version',
    ]);
  });
});

const built = join(root, 'dist/apps/cli/src/main.js');
(existsSync(built) ? it : it.skip)(
  'the built command answers on standard output and by its exit code',
  () => {
    const env = { ...process.env, DATABASE_URL: '' };
    const good = spawnSync(process.execPath, [built, 'cohort', '-'], {
      input: '{"rows":[]}',
      encoding: 'utf8',
      env,
    });
    expect({ status: good.status, json: JSON.parse(good.stdout) as unknown }).toMatchObject({
      status: 0,
      json: { nEnrolled: 0 },
    });
    const bad = spawnSync(process.execPath, [built, 'score', '-'], { input: '{}', encoding: 'utf8', env });
    expect({
      status: bad.status,
      out: bad.stdout,
      code: (JSON.parse(bad.stderr) as ProblemJson).code,
    }).toEqual({ status: 2, out: '', code: 'input-invalid' });
  },
);

describe('the command line', () => {
  const uplift = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, 'dist/apps/cli/src/main.js'), ...words], { encoding: 'utf8' });

  it('tells a command that was written wrong from an answer of verify', () => {
    for (const words of [['verify', '--fast'], ['score', 'a', 'b'], ['guess']])
      expect({ words, status: uplift(...words).status }).toEqual({ words, status: 2 });
    expect(uplift('verify', '--help')).toMatchObject({ status: 0, stderr: '' });
  });
  it('ends without a word when nobody reads the answer to its end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'uplift-cli-'));
    const input = join(folder, 'long.json');
    const rows = Array.from({ length: 9 }, (_, i) => ({ site: `s${i}`, baseline: 10, followUp: 20 }));
    writeFileSync(input, JSON.stringify({ rows }));
    const piped = spawnSync(
      'sh',
      [
        '-c',
        `"$0" "$1" cohort "$2" | true`,
        process.execPath,
        join(root, 'dist/apps/cli/src/main.js'),
        input,
      ],
      { encoding: 'utf8' },
    );
    rmSync(folder, { recursive: true });
    expect(piped).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('what is wrong with a choice between kinds', () => {
  const about = (aggregation: object) =>
    schemaProblems('scoring-profile', {
      format: 'uplift.scoring-profile/1',
      profile: 'p',
      version: '1',
      title: 'P',
      provenance: { source: 'Test', status: 'programme-default' },
      answers: [
        { code: 'yes', title: 'Yes', conformity: 'conforming' },
        { code: 'no', title: 'No', conformity: 'nonconforming' },
      ],
      aggregation,
    });
  it.each([
    [{ kind: 'weighted-percent', weights: {} }, ['/aggregation/weights']],
    [{ kind: 'guess' }, ['/aggregation/kind']],
    [
      { kind: 'deduct-from-100', start: 1e308, deduct: { by: 'weight', points: 1 } },
      ['/aggregation/start', '/aggregation/deduct/points'],
    ],
    [
      { kind: 'deduct-from-100', start: 100, deduct: { by: 'grade', points: { minor: -5 } } },
      ['/aggregation/deduct/points/minor'],
    ],
    [{ kind: 'mean-ordinal', min: 1, max: 5 }, []],
  ])('%j', (aggregation, fields) => expect(about(aggregation).map(({ field }) => field)).toEqual(fields));
});
