import { createConfig, lintFromString } from '@redocly/openapi-core';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const source = readFileSync(join(root, 'openapi.json'), 'utf8');

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

describe('openapi.json', () => {
  it('says of every operation what a success looks like', () => {
    const { paths } = JSON.parse(source) as {
      paths: Record<string, Record<string, { responses: Record<string, Answer> }>>;
    };
    const mute = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) => {
        const successes = Object.entries(responses).filter(([status]) => status.startsWith('2'));
        const said = successes.every(([status, { content = {} }]) =>
          status === '204'
            ? Object.keys(content).length === 0
            : Object.keys(content).length > 0 &&
              Object.values(content).every(({ schema }) => Object.keys(schema).length > 0),
        );
        return successes.length > 0 && said ? [] : [`${method} ${path}`];
      }),
    );
    expect(mute).toEqual([]);
  });

  it('offers a key against repetition wherever something is posted, but where a secret is carried', () => {
    const { paths } = JSON.parse(source) as {
      paths: Record<string, { post?: { parameters?: { name: string }[] } }>;
    };
    const without = Object.entries(paths).flatMap(([path, { post }]) =>
      post && !post.parameters?.some(({ name }) => name === 'Idempotency-Key') ? [path] : [],
    );
    expect(without.sort()).toEqual([
      '/api/v1/invitations/accept',
      '/api/v1/organisations/{id}/api-tokens',
      '/api/v1/organisations/{id}/consents',
      '/api/v1/organisations/{id}/consents/{consentId}/new-link',
    ]);
  });

  it('is a valid OpenAPI document, without loose ends', async () => {
    const config = await createConfig({
      rules: {
        struct: 'error',
        'spec-components-invalid-map-name': 'error',
        'no-unresolved-refs': 'error',
        'no-unused-components': 'error',
        'no-identical-paths': 'error',
        'operation-operationId-unique': 'error',
        'operation-operationId-url-safe': 'error',
        'operation-parameters-unique': 'error',
        'path-parameters-defined': 'error',
        'path-declaration-must-exist': 'error',
        'security-defined': 'error',
        'no-enum-type-mismatch': 'error',
        'no-schema-type-mismatch': 'error',
        'no-required-schema-properties-undefined': 'error',
      },
    });
    const problems = await lintFromString({ source, absoluteRef: join(root, 'openapi.json'), config });
    expect(
      problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`),
    ).toEqual([]);
  });
});

it('makes a client: docs/api.md compiles with it, and a property that isn’t there doesn’t', () => {
  // Inside the repository, where `openapi-fetch` is found.
  mkdirSync(join(root, '.data'), { recursive: true });
  const folder = mkdtempSync(join(root, '.data', 'client-'));
  try {
    const node = (program: string, ...args: string[]) =>
      spawnSync(process.execPath, [join(root, 'node_modules', program), ...args], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      });
    node('openapi-typescript/bin/cli.js', join(root, 'openapi.json'), '--output', 'api.d.ts');
    const usage = /^```ts\n([^]*?)^```$/m.exec(readFileSync(join(root, 'docs/api.md'), 'utf8'))![1]!;
    const files = {
      'package.json': JSON.stringify({ type: 'module' }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2023', strict: true, skipLibCheck: true },
        files: ['right.ts', 'wrong.ts'],
      }),
      'right.ts': `/// <reference types="node" />\n${usage}`,
      'wrong.ts': usage.replace('site.country', 'site.county'),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { stdout } = node('typescript/bin/tsc', '--noEmit', '--pretty', 'false', '-p', '.');
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^wrong\.ts.* error TS2551: Property 'county' does not exist/),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
