import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..');

/** Floors of the house: what each may stand on. */
const FLOORS: Readonly<Record<string, { readonly below: readonly string[]; readonly packages: boolean }>> = {
  domain: { below: [], packages: false },
  persistence: { below: ['domain'], packages: true },
  platform: { below: ['domain'], packages: true },
  reporting: { below: ['domain'], packages: true },
  application: { below: ['domain', 'persistence', 'platform', 'reporting'], packages: true },
};

interface Import {
  readonly file: string;
  readonly from: string;
}

/** Production TypeScript below a folder, as paths from the root. */
function sourcesOf(folder: string): string[] {
  return readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split(sep).join('/')}`)
    .filter(
      (file) =>
        /\.tsx?$/.test(file) && !file.endsWith('.spec.ts') && !/\/(node_modules|dist|generated)\//.test(file),
    );
}

/** Every import, export from, dynamic import and import type of the production code below a folder. */
function importsOf(folder: string): Import[] {
  return sourcesOf(folder).flatMap((file) => {
    const code = readFileSync(resolve(root, file), 'utf8');
    return ts
      .preProcessFile(code, true, true)
      .importedFiles.map(({ fileName }) => ({ file, from: fileName }));
  });
}

/** `libs/domain`, `apps/api`, … that a relative import ends in. */
function placeOf({ file, from }: Import): string {
  return relative(root, resolve(root, dirname(file), from))
    .split(sep)
    .slice(0, 2)
    .join('/');
}

const isRelative = ({ from }: Import) => from.startsWith('.');
const shown = (imports: readonly Import[]) => imports.map(({ file, from }) => `${file} → ${from}`);

describe.each(Object.entries(FLOORS))('libs/%s', (name, floor) => {
  const imports = importsOf(`libs/${name}`);

  it('is looked at', () => expect(imports.length).toBeGreaterThan(0));
  it('stands on the floors below only', () => {
    const others = imports.filter(({ from }) => from.startsWith('#') && !floor.below.includes(from.slice(1)));
    expect(shown(others)).toEqual([]);
  });
  it('reaches into no other folder by a path', () => {
    expect(shown(imports.filter((each) => isRelative(each) && placeOf(each) !== `libs/${name}`))).toEqual([]);
  });
  it('ends its relative imports in .js', () => {
    expect(shown(imports.filter((each) => isRelative(each) && !/\.m?js$/.test(each.from)))).toEqual([]);
  });
  if (!floor.packages) {
    it('imports no package and nothing of Node', () => {
      expect(shown(imports.filter((each) => !isRelative(each) && !each.from.startsWith('#')))).toEqual([]);
    });
    it('asks neither the clock nor chance nor the process', () => {
      const asks = sourcesOf(`libs/${name}`).filter((file) =>
        /\bDate\.now\(|new Date\(\)|Math\.random\(|\bprocess\./.test(
          readFileSync(resolve(root, file), 'utf8'),
        ),
      );
      expect(asks).toEqual([]);
    });
  }
});

describe('apps', () => {
  const [web, apps] = [true, false].map((one) =>
    importsOf('apps').filter(({ file }) => file.startsWith('apps/web/') === one),
  ) as [Import[], Import[]];

  it('are looked at', () => expect(apps.length).toBeGreaterThan(0));
  it('import floors that exist', () => {
    // A part of a floor that has a door of its own (`#domain/sync`), and the web app's names for its own folders.
    const known = ({ file, from }: Import) =>
      from.slice(1).split('/')[0]! in FLOORS || (from.startsWith('#web/') && file.startsWith('apps/web/'));
    expect(shown(apps.filter((each) => each.from.startsWith('#') && !known(each)))).toEqual([]);
  });
  // Rules that run on the device as on the server are the domain's, which imports nothing; each by its own door, so that
  // no more of it is sent than is used.
  it('of the browser know the API by its document, of the floors the domain alone, a part at a time', () => {
    expect(web.length).toBeGreaterThan(0);
    const theirs = ['#web/', '#domain/'];
    expect(
      shown(web.filter(({ from }) => from.startsWith('#') && !theirs.some((each) => from.startsWith(each)))),
    ).toEqual([]);
  });
  it('do not import each other', () => {
    const other = [...apps, ...web].filter(
      (each) =>
        isRelative(each) &&
        placeOf(each).startsWith('apps/') &&
        placeOf(each) !== each.file.split('/').slice(0, 2).join('/'),
    );
    expect(shown(other)).toEqual([]);
  });
});
