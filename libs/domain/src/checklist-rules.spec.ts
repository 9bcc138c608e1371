import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type {
  ChecklistTranslation,
  ChecklistVersion,
  Crosswalk,
  LineageEdge,
  Requirement,
} from './checklist.js';
import { checkChecklist, checkCrosswalk, checkTranslation } from './checklist-rules.js';
import type { DomainError } from './domain-error.js';

const req = (code: string, extra: Partial<Requirement> = {}): Requirement => ({
  code,
  section: 'A',
  level: 'basic',
  question: '?',
  criticality: 'minor',
  ...extra,
});
const base: ChecklistVersion = {
  format: 'uplift.checklist/1',
  checklist: 'test',
  version: '1',
  title: 'Test',
  language: 'en',
  levels: [{ code: 'basic', title: 'Basic' }],
  sections: [{ code: 'A', title: 'A' }],
  requirements: [req('a'), req('b'), req('c')],
};
const problem = (run: () => void): DomainError | null => {
  try {
    run();
    return null;
  } catch (error) {
    return error as DomainError;
  }
};
const read = <T>(path: string): T => parse(readFileSync(`checklists/${path}`, 'utf8'));

describe('checkChecklist', () => {
  test.each(['food-manufacturing/1', 'food-manufacturing/2', 'primary-production/1'])(
    '%s holds together',
    (path) => {
      expect(() => checkChecklist(read(`${path}.yaml`))).not.toThrow();
    },
  );

  test.each<[string, string, Partial<ChecklistVersion>, string[]]>([
    [
      'a requirement twice',
      'duplicate-code',
      { requirements: [req('a'), req('a')] },
      ['/requirements/1/code'],
    ],
    [
      'a section twice',
      'duplicate-code',
      {
        sections: [
          { code: 'A', title: '' },
          { code: 'A', title: '' },
        ],
      },
      ['/sections/1/code'],
    ],
    [
      'a level twice',
      'duplicate-code',
      {
        levels: [
          { code: 'basic', title: '' },
          { code: 'basic', title: '' },
        ],
      },
      ['/levels/1/code'],
    ],
    [
      'an unknown section',
      'unknown-section',
      { requirements: [req('a'), req('b', { section: 'Z' })] },
      ['/requirements/1/section'],
    ],
    [
      'an unknown parent',
      'unknown-section',
      { sections: [{ code: 'A', title: '', parent: 'Z' }] },
      ['/sections/0/parent'],
    ],
    [
      'an unknown level',
      'unknown-level',
      { requirements: [req('a', { level: 'gold' })] },
      ['/requirements/0/level'],
    ],
    [
      'an unknown included level',
      'unknown-level',
      { levels: [{ code: 'basic', title: '', includes: ['gold'] }] },
      ['/levels/0/includes/0'],
    ],
    [
      'an unknown competency',
      'unknown-competency',
      { requirements: [req('a', { competency: 'K' })] },
      ['/requirements/0/competency'],
    ],
    [
      'a circle of sections',
      'checklist-cycle',
      {
        sections: [
          { code: 'A', title: '', parent: 'B' },
          { code: 'B', title: '', parent: 'A' },
        ],
      },
      ['/sections/0/parent', '/sections/1/parent'],
    ],
    [
      'a section in itself',
      'checklist-cycle',
      { sections: [{ code: 'A', title: '', parent: 'A' }] },
      ['/sections/0/parent'],
    ],
    [
      'a circle of levels',
      'checklist-cycle',
      {
        levels: [
          { code: 'basic', title: '', includes: ['top'] },
          { code: 'top', title: '', includes: ['basic'] },
        ],
      },
      ['/levels/0/includes', '/levels/1/includes'],
    ],
    [
      'an empty section',
      'empty-section',
      {
        sections: [
          { code: 'A', title: '' },
          { code: 'B', title: '' },
        ],
      },
      ['/sections/1'],
    ],
    [
      'an empty block',
      'empty-section',
      {
        sections: [
          { code: 'A', title: '' },
          { code: 'B', title: '' },
          { code: 'B.1', title: '', parent: 'B' },
        ],
      },
      ['/sections/1', '/sections/2'],
    ],
  ])('%s: %s', (_, code, extra, fields) => {
    const error = problem(() => checkChecklist({ ...base, ...extra }));
    expect(error?.code).toBe(code);
    expect(error?.fields.map((f) => f.field)).toEqual(fields);
  });

  test('a block is not empty when a section under it is not', () => {
    expect(() =>
      checkChecklist({
        ...base,
        sections: [
          { code: 'P', title: '' },
          { code: 'A', title: '', parent: 'P' },
        ],
      }),
    ).not.toThrow();
  });

  test('all problems at once; the code is the first kind', () => {
    const error = problem(() =>
      checkChecklist({ ...base, requirements: [req('a', { level: 'x' }), req('a', { section: 'y' })] }),
    )!;
    expect(error.code).toBe('duplicate-code');
    expect(error.fields).toHaveLength(3);
  });
});

describe('checkCrosswalk', () => {
  const next: ChecklistVersion = { ...base, version: '2', requirements: [req('a'), req('b'), req('d')] };
  const edge = (
    relation: LineageEdge['relation'],
    from: string[],
    to: string[],
    comparable = relation !== 'new' && relation !== 'dropped',
  ): LineageEdge => ({ relation, from, to, comparable });
  const walk = (...edges: LineageEdge[]): Crosswalk => ({
    format: 'uplift.crosswalk/1',
    from: { checklist: 'test', version: '1' },
    to: { checklist: 'test', version: '2' },
    status: 'official',
    edges,
  });

  test('the shipped one holds', () => {
    expect(() =>
      checkCrosswalk(
        read('food-manufacturing/1-2.crosswalk.yaml'),
        read('food-manufacturing/1.yaml'),
        read('food-manufacturing/2.yaml'),
      ),
    ).not.toThrow();
  });

  test.each<[string, LineageEdge[]]>([
    [
      'kept, dropped, new',
      [
        edge('kept', ['a'], ['a']),
        edge('reworded', ['b'], ['b']),
        edge('dropped', ['c'], []),
        edge('new', [], ['d']),
      ],
    ],
    ['split, merged', [edge('split', ['a'], ['a', 'd']), edge('merged', ['b', 'c'], ['b'])]],
    [
      'moved; several new',
      [edge('moved', ['a'], ['a']), edge('dropped', ['b', 'c'], []), edge('new', [], ['b', 'd'])],
    ],
  ])('holds: %s', (_, edges) => expect(() => checkCrosswalk(walk(...edges), base, next)).not.toThrow());

  const rest = [edge('kept', ['b'], ['b']), edge('dropped', ['c'], []), edge('new', [], ['d'])];
  test.each<[string, LineageEdge[], string]>([
    [
      'an unknown code',
      [edge('kept', ['zz'], ['a']), edge('dropped', ['a'], []), ...rest],
      '/edges/0/from/0',
    ],
    ['an item in no edge', [edge('kept', ['a'], ['a']), ...rest.slice(1)], '/edges'],
    [
      'an item in two edges',
      [edge('kept', ['a'], ['a']), edge('dropped', ['a'], []), ...rest],
      '/edges/1/from/0',
    ],
    ['kept into two', [edge('kept', ['a'], ['a', 'd']), ...rest.slice(0, 2)], '/edges/0'],
    ['split into one', [edge('split', ['a'], ['a']), ...rest], '/edges/0'],
    ['merged from one', [edge('merged', ['a'], ['a']), ...rest], '/edges/0'],
    ['new from something', [edge('new', ['a'], ['a']), ...rest], '/edges/0'],
    ['dropped to something', [edge('dropped', ['a'], ['a']), ...rest], '/edges/0'],
    [
      'new and comparable',
      [edge('kept', ['a'], ['a']), ...rest.slice(0, 2), edge('new', [], ['d'], true)],
      '/edges/3/comparable',
    ],
  ])('broken: %s', (_, edges, field) => {
    const error = problem(() => checkCrosswalk(walk(...edges), base, next));
    expect(error?.code).toBe('crosswalk-broken');
    expect(error?.fields.map((f) => f.field)).toContain(field);
  });

  test('of other versions', () => {
    const error = problem(() => checkCrosswalk(walk(edge('kept', ['a'], ['a']), ...rest), next, base))!;
    expect(error.fields.map((f) => f.field)).toEqual(expect.arrayContaining(['/from', '/to']));
  });
});

describe('checkTranslation', () => {
  const full: ChecklistTranslation = {
    format: 'uplift.translation/1',
    checklist: 'test',
    version: '1',
    language: 'es',
    status: 'unofficial',
    title: 'Prueba',
    levels: { basic: 'Básico' },
    sections: { A: 'A' },
    requirements: { a: { question: '¿?' }, b: { question: '¿?' }, c: { question: '¿?' } },
  };
  test('complete', () => expect(() => checkTranslation(full, base)).not.toThrow());

  test.each<[string, Partial<ChecklistTranslation>, string]>([
    ['translation-incomplete', { sections: {} }, '/sections/A'],
    [
      'translation-incomplete',
      { requirements: { a: { question: '?' }, b: { question: '?' } } },
      '/requirements/c',
    ],
    ['translation-unknown-code', { levels: { basic: 'x', gold: 'y' } }, '/levels/gold'],
    ['translation-unknown-code', { competencies: { K: 'x' } }, '/competencies/K'],
    ['translation-mismatch', { version: '2' }, '/version'],
  ])('%s: %j', (code, extra, field) => {
    const error = problem(() => checkTranslation({ ...full, ...extra }, base));
    expect(error?.code).toBe(code);
    expect(error?.fields.map((f) => f.field)).toEqual([field]);
  });

  const shipped = ['food-manufacturing', 'primary-production'].flatMap((folder) =>
    readdirSync(`checklists/${folder}`)
      .filter((f) => /^[^.]+\.[a-z]{2,3}\.yaml$/.test(f))
      .map((f) => [folder, f, f.split('.')[0]!] as const),
  );
  test.each(shipped)('%s/%s is complete', (folder, file, version) => {
    expect(() =>
      checkTranslation(read(`${folder}/${file}`), read(`${folder}/${version}.yaml`)),
    ).not.toThrow();
  });
});
