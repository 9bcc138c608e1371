import {
  checkChecklist,
  checkCrosswalk,
  checkTranslation,
  requirementsAt,
  type ChecklistTranslation,
  type ChecklistVersion,
  type Crosswalk,
} from '#domain';
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

const folder = resolve(import.meta.dirname, '../../checklists');
const read = <Content>(file: string) => parse(readFileSync(join(folder, file), 'utf8')) as Content;
const first = read<ChecklistVersion>('food-manufacturing/1.yaml');
const second = read<ChecklistVersion>('food-manufacturing/2.yaml');
const farm = read<ChecklistVersion>('primary-production/1.yaml');
const crosswalk = read<Crosswalk>('food-manufacturing/1-2.crosswalk.yaml');

/** The elements of the two editions and the levels at which each asks something. */
const ELEMENTS: Readonly<Record<string, readonly [first: string, second: string]>> = {
  'A.SPEC': ['basic', 'basic'],
  'A.TRAC': ['basic', 'basic+intermediate'],
  'A.RECALL': ['basic', 'basic+intermediate'],
  'A.NONCONF': ['basic', 'basic'],
  'A.CORR': ['basic', 'basic'],
  'A.RESP': ['intermediate', 'basic+intermediate'],
  'A.REC': ['intermediate', 'basic+intermediate'],
  'A.MEAS': ['intermediate', 'basic+intermediate'],
  'A.TRAIN': ['intermediate', 'basic+intermediate'],
  'A.PROC': ['intermediate', 'intermediate'],
  'A.COMPL': ['intermediate', 'intermediate'],
  'A.ANALYSIS': ['intermediate', 'intermediate'],
  'A.PURCH': ['intermediate', 'intermediate'],
  'A.SUPPLIER': ['intermediate', 'intermediate'],
  'B.HYG': ['basic', 'basic'],
  'B.SITE': ['basic', 'basic'],
  'B.CLEAN': ['basic', 'basic'],
  'B.CONTAM': ['basic', 'basic'],
  'B.PEST': ['basic', 'basic'],
  'B.WATER': ['basic', 'basic'],
  'B.FAC': ['intermediate', 'basic'],
  'B.WASTE': ['intermediate', 'basic'],
  'B.STORE': ['intermediate', 'basic'],
  'B.MAINT': ['intermediate', 'intermediate'],
  'C.HAZ': ['basic', 'basic'],
  'C.ALLERG': ['basic', 'basic'],
  'C.HACCP': ['intermediate', 'intermediate'],
  'C.DEFENCE': ['intermediate', 'intermediate'],
};

const FARM_TOPICS = [
  ...['A.SITE', 'A.NEIGH', 'A.REC', 'A.TRACE', 'A.INC', 'A.TRAIN', 'A.CHECK'],
  ...['B.WATER', 'B.FERT', 'B.PROT', 'B.PEST', 'B.WASTE'],
  ...['C.HYG', 'C.TOOLS', 'C.PACK', 'C.STORE'],
];

const leavesOf = ({ sections }: ChecklistVersion) => {
  const parents = new Set(sections.map(({ parent }) => parent));
  return sections.filter(({ code }) => !parents.has(code));
};

const levelsOf = (version: ChecklistVersion, section: string) =>
  [
    ...new Set(
      version.requirements.filter((requirement) => requirement.section === section).map(({ level }) => level),
    ),
  ]
    .sort()
    .join('+');

describe.each([
  ['food-manufacturing', first],
  ['food-manufacturing', second],
  ['primary-production', farm],
])('the shipped checklist %s', (name, version) => {
  const title = `version ${version.version}`;

  it(`${title} holds together, and every requirement is complete`, () => {
    checkChecklist(version);
    const competencies = new Set(version.competencies?.map(({ code }) => code));
    for (const requirement of version.requirements) {
      expect(requirement.code).toMatch(/^[A-Z]{2}-[A-Z]+-\d{2}$/);
      expect(requirement.question).toMatch(/\?$/);
      expect(requirement.guidance?.length ?? 0).toBeGreaterThan(20);
      expect(requirement.evidence?.length ?? 0).toBeGreaterThanOrEqual(1);
      expect(['critical', 'major', 'minor']).toContain(requirement.criticality);
      expect(requirement.tags?.length ?? 0).toBeGreaterThanOrEqual(1);
      expect(competencies).toContain(requirement.competency);
    }
    const questions = version.requirements.map(({ question }) => question);
    expect(new Set(questions).size).toBe(questions.length);
  });

  it.each(['es', 'ar'])(`${title} is complete in %s, marked as unofficial`, (language) => {
    const translation = read<ChecklistTranslation>(`${name}/${version.version}.${language}.yaml`);
    checkTranslation(translation, version);
    expect(Object.keys(translation.requirements).sort()).toEqual(
      version.requirements.map(({ code }) => code).sort(),
    );
    expect(Object.keys(translation.sections).sort()).toEqual(version.sections.map(({ code }) => code).sort());
    expect(Object.keys(translation.levels).sort()).toEqual(version.levels.map(({ code }) => code).sort());
    expect(translation.status).toBe('unofficial');
    for (const requirement of version.requirements) {
      const texts = translation.requirements[requirement.code]!;
      expect(texts.question).toMatch(language === 'ar' ? /؟$/ : /^[^?]*¿[^?]+\?$/);
      expect(texts.guidance?.length ?? 0).toBeGreaterThan(15);
      expect(texts.evidence?.length).toBe(requirement.evidence?.length);
      if (language === 'ar')
        for (const text of [texts.question, texts.guidance!, ...texts.evidence!])
          expect(text).toMatch(/[\u0600-\u06ff]/);
    }
  });
});

describe('food manufacturing', () => {
  it.each([
    ['1', first, 0],
    ['2', second, 1],
  ] as const)('version %s has every element at the levels of its edition', (_, version, edition) => {
    expect(Object.fromEntries(leavesOf(version).map(({ code }) => [code, levelsOf(version, code)]))).toEqual(
      Object.fromEntries(Object.entries(ELEMENTS).map(([code, levels]) => [code, levels[edition]])),
    );
  });

  it.each([first, second])('asks at least 60 questions at Basic and 60 more at Intermediate', (version) => {
    const basic = requirementsAt(version, 'basic').length;
    expect(basic).toBeGreaterThanOrEqual(60);
    expect(requirementsAt(version, 'intermediate').length - basic).toBeGreaterThanOrEqual(60);
    expect(requirementsAt(version, 'intermediate')).toEqual(version.requirements);
  });

  it('moves seven elements to Basic from the first version to the second, as the crosswalk says', () => {
    checkCrosswalk(crosswalk, first, second);
    const section = new Map(first.requirements.map((requirement) => [requirement.code, requirement.section]));
    const moved = crosswalk.edges.filter(({ relation }) => relation === 'moved');
    expect([...new Set(moved.map(({ from }) => section.get(from[0]!)))].sort()).toEqual(
      Object.entries(ELEMENTS)
        .filter(([, [before, after]]) => before === 'intermediate' && after.startsWith('basic'))
        .map(([code]) => code)
        .sort(),
    );
    expect(new Set(moved.map(({ from }) => section.get(from[0]!))).size).toBe(7);
  });

  it('keeps the text of what the crosswalk calls kept or moved, and changes what it calls reworded', () => {
    const old = new Map(first.requirements.map((requirement) => [requirement.code, requirement]));
    const now = new Map(second.requirements.map((requirement) => [requirement.code, requirement]));
    for (const { relation, from, to } of crosswalk.edges) {
      const [before, after] = [old.get(from[0] ?? ''), now.get(to[0] ?? '')];
      if (relation === 'kept' || relation === 'moved') expect(after!.question).toBe(before!.question);
      if (relation === 'reworded') expect(after!.question).not.toBe(before!.question);
      if (relation === 'moved') expect([before!.level, after!.level]).toEqual(['intermediate', 'basic']);
      if (relation === 'kept') expect(after!.level).toBe(before!.level);
    }
  });
});

describe('primary production', () => {
  it('asks at least 40 questions at Basic, some about every topic', () => {
    expect(requirementsAt(farm, 'basic').length).toBeGreaterThanOrEqual(40);
    expect(
      leavesOf(farm)
        .map(({ code }) => code)
        .sort(),
    ).toEqual([...FARM_TOPICS].sort());
    for (const topic of FARM_TOPICS) expect(levelsOf(farm, topic)).toBe('basic');
  });
});

it('the shipped texts never call anything a GFSI certificate', () => {
  for (const file of ['food-manufacturing/1', 'food-manufacturing/2', 'primary-production/1'])
    for (const language of ['', '.es', '.ar'])
      expect(readFileSync(join(folder, `${file}${language}.yaml`), 'utf8')).not.toMatch(/GFSI[- ]certif/i);
});
