import type { ChecklistTranslation, ChecklistVersion, Crosswalk, LineageRelation } from './checklist.js';
import { DomainError } from './domain-error.js';
import type { FieldProblem } from './domain-error.js';

/**
 * Whether a checklist, a crosswalk between two versions, and a translation hold together. The JSON Schemas say
 * what a file looks like; these rules say what a schema cannot: codes that meet, nothing twice, nothing lost.
 */

/** Collects problems and throws them together; the code is the first of `order` that occurs. */
class Problems {
  private readonly kinds = new Set<string>();
  private readonly fields: FieldProblem[] = [];

  constructor(
    private readonly what: string,
    private readonly order: readonly string[],
  ) {}

  add(kind: string, field: string, message: string, fix: string): void {
    this.kinds.add(kind);
    this.fields.push({ field, message, fix });
  }

  throwIfAny(): void {
    const code = this.order.find((k) => this.kinds.has(k));
    if (!code) return;
    const more = this.fields.length > 1 ? ` (${this.fields.length} problems)` : '';
    throw new DomainError(code, `${this.what}: ${this.fields[0]!.message}${more}`, this.fields);
  }
}

/**
 * Checks one checklist version. All problems come in one error, as JSON pointers into the version:
 * `duplicate-code` (a requirement, section, level or competency twice), `unknown-section`, `unknown-level`,
 * `unknown-competency`, `checklist-cycle` (sections or levels that contain themselves), `empty-section`
 * (no requirement in it or under it).
 * @throws DomainError with one of the codes above, the first in this order that occurs.
 */
export function checkChecklist(checklist: ChecklistVersion): void {
  const problems = new Problems(`Checklist ${checklist.checklist} ${checklist.version}`, [
    'duplicate-code',
    'unknown-section',
    'unknown-level',
    'unknown-competency',
    'checklist-cycle',
    'empty-section',
  ]);
  const { levels, sections, requirements, competencies = [] } = checklist;
  const codesOf = (list: readonly { readonly code: string }[], name: string): Set<string> => {
    const seen = new Set<string>();
    list.forEach((entry, i) => {
      if (seen.has(entry.code))
        problems.add(
          'duplicate-code',
          `/${name}/${i}/code`,
          `Code "${entry.code}" stands twice in ${name}.`,
          'Give every entry its own code.',
        );
      seen.add(entry.code);
    });
    return seen;
  };
  const levelCodes = codesOf(levels, 'levels');
  const sectionCodes = codesOf(sections, 'sections');
  const competencyCodes = codesOf(competencies, 'competencies');
  codesOf(requirements, 'requirements');

  levels.forEach((level, i) =>
    level.includes?.forEach((code, j) => {
      if (!levelCodes.has(code))
        problems.add(
          'unknown-level',
          `/levels/${i}/includes/${j}`,
          `Level ${level.code} includes the unknown level "${code}".`,
          'Name a level of this checklist.',
        );
    }),
  );
  sections.forEach((section, i) => {
    if (section.parent !== undefined && !sectionCodes.has(section.parent))
      problems.add(
        'unknown-section',
        `/sections/${i}/parent`,
        `Section ${section.code} belongs to the unknown section "${section.parent}".`,
        'Name a section of this checklist.',
      );
  });
  requirements.forEach((r, i) => {
    if (!sectionCodes.has(r.section))
      problems.add(
        'unknown-section',
        `/requirements/${i}/section`,
        `Requirement ${r.code} stands in the unknown section "${r.section}".`,
        'Name a section of this checklist.',
      );
    if (!levelCodes.has(r.level))
      problems.add(
        'unknown-level',
        `/requirements/${i}/level`,
        `Requirement ${r.code} is asked at the unknown level "${r.level}".`,
        'Name a level of this checklist.',
      );
    if (r.competency !== undefined && !competencyCodes.has(r.competency))
      problems.add(
        'unknown-competency',
        `/requirements/${i}/competency`,
        `Requirement ${r.code} names the unknown competency "${r.competency}".`,
        'Add the competency, or name one that is there.',
      );
  });

  const parents = new Map(sections.map((s) => [s.code, s.parent === undefined ? [] : [s.parent]]));
  const includes = new Map(levels.map((l) => [l.code, l.includes ?? []]));
  sections.forEach((s, i) => {
    if (reaches(parents, s.code))
      problems.add(
        'checklist-cycle',
        `/sections/${i}/parent`,
        `Section ${s.code} is its own ancestor.`,
        'Take the parent out on one of the sections in the circle.',
      );
  });
  levels.forEach((l, i) => {
    if (reaches(includes, l.code))
      problems.add(
        'checklist-cycle',
        `/levels/${i}/includes`,
        `Level ${l.code} includes itself.`,
        'Let the higher level include the lower one only.',
      );
  });

  const filled = new Set<string>();
  for (const r of requirements) {
    for (
      let code: string | undefined = r.section;
      code !== undefined && !filled.has(code);
      code = parents.get(code)?.[0]
    )
      filled.add(code);
  }
  sections.forEach((s, i) => {
    if (!filled.has(s.code))
      problems.add(
        'empty-section',
        `/sections/${i}`,
        `Section ${s.code} has no requirement.`,
        'Take it out, or put requirements in it.',
      );
  });
  problems.throwIfAny();
}

/** Whether a code leads back to itself. */
function reaches(next: ReadonlyMap<string, readonly string[]>, start: string): boolean {
  const seen = new Set<string>();
  const open = [...(next.get(start) ?? [])];
  for (let code = open.pop(); code !== undefined; code = open.pop()) {
    if (code === start) return true;
    if (seen.has(code)) continue;
    seen.add(code);
    open.push(...(next.get(code) ?? []));
  }
  return false;
}

type Side = '0' | '1' | '1 or more' | '2 or more';

/** How many requirements stand on each side of an edge. */
const ARITY: Readonly<Record<LineageRelation, readonly [from: Side, to: Side]>> = {
  kept: ['1', '1'],
  reworded: ['1', '1'],
  moved: ['1', '1'],
  split: ['1', '2 or more'],
  merged: ['2 or more', '1'],
  new: ['0', '1 or more'],
  dropped: ['1 or more', '0'],
};

const fits = (n: number, side: Side): boolean =>
  side === '0' ? n === 0 : side === '1' ? n === 1 : side === '1 or more' ? n >= 1 : n >= 2;

/**
 * Checks item lineage between two versions: it names these versions, every requirement of both stands in exactly
 * one edge, and every edge has the sides its relation asks for: kept, reworded, moved 1→1; split 1→2 or more;
 * merged 2 or more→1; new 0→1 or more; dropped 1 or more→0. New and dropped requirements are never comparable.
 * @throws DomainError `crosswalk-broken` with all problems as JSON pointers into the crosswalk.
 */
export function checkCrosswalk(crosswalk: Crosswalk, from: ChecklistVersion, to: ChecklistVersion): void {
  const code = 'crosswalk-broken';
  const problems = new Problems(
    `Crosswalk ${crosswalk.from.checklist} ${crosswalk.from.version} → ${crosswalk.to.checklist} ${crosswalk.to.version}`,
    [code],
  );
  for (const side of ['from', 'to'] as const) {
    const version = side === 'from' ? from : to;
    const named = crosswalk[side];
    if (named.checklist !== version.checklist || named.version !== version.version) {
      problems.add(
        code,
        `/${side}`,
        `It names ${named.checklist} ${named.version}, not ${version.checklist} ${version.version}.`,
        'Use the crosswalk made for these two versions.',
      );
    }
    const known = new Set(version.requirements.map((r) => r.code));
    const edgeOf = new Map<string, number>();
    crosswalk.edges.forEach((edge, i) =>
      edge[side].forEach((item, j) => {
        const at = `/edges/${i}/${side}/${j}`;
        if (!known.has(item))
          problems.add(
            code,
            at,
            `Version ${version.version} has no requirement "${item}".`,
            'Correct the code.',
          );
        const first = edgeOf.get(item);
        if (first === undefined) edgeOf.set(item, i);
        else
          problems.add(
            code,
            at,
            `Requirement ${item} stands in edge ${first} already.`,
            'Let it stand in one edge only.',
          );
      }),
    );
    version.requirements.forEach((r) => {
      if (!edgeOf.has(r.code))
        problems.add(
          code,
          '/edges',
          `Requirement ${r.code} of version ${version.version} stands in no edge.`,
          `Say what ${side === 'from' ? 'became of it (kept, dropped, …)' : 'it comes from (kept, new, …)'}.`,
        );
    });
  }
  crosswalk.edges.forEach((edge, i) => {
    const [left, right] = ARITY[edge.relation];
    if (!fits(edge.from.length, left) || !fits(edge.to.length, right)) {
      problems.add(
        code,
        `/edges/${i}`,
        `A "${edge.relation}" edge cannot go from ${edge.from.length} to ${edge.to.length} requirements.`,
        `It goes from ${left} to ${right}.`,
      );
    }
    if ((edge.relation === 'new' || edge.relation === 'dropped') && edge.comparable)
      problems.add(
        code,
        `/edges/${i}/comparable`,
        `A ${edge.relation} requirement has nothing to be compared with.`,
        'Set comparable to false.',
      );
  });
  problems.throwIfAny();
}

/**
 * Checks that a translation belongs to a version and has a text for each of its levels, sections, requirements and
 * (if it translates any) competencies, and for nothing else.
 * @throws DomainError `translation-mismatch` (other checklist or version), `translation-unknown-code`,
 *   `translation-incomplete`, the first in this order that occurs, with all problems as JSON pointers into it.
 */
export function checkTranslation(translation: ChecklistTranslation, checklist: ChecklistVersion): void {
  const problems = new Problems(
    `Translation ${translation.checklist} ${translation.version} (${translation.language})`,
    ['translation-mismatch', 'translation-unknown-code', 'translation-incomplete'],
  );
  if (translation.checklist !== checklist.checklist || translation.version !== checklist.version) {
    problems.add(
      'translation-mismatch',
      '/version',
      `It translates ${translation.checklist} ${translation.version}, not ${checklist.checklist} ${checklist.version}.`,
      'Use the translation of this version.',
    );
  }
  const compare = (
    name: string,
    texts: Readonly<Record<string, unknown>>,
    list: readonly { readonly code: string }[],
  ): void => {
    const known = new Set(list.map((entry) => entry.code));
    for (const code of Object.keys(texts)) {
      if (!known.has(code))
        problems.add(
          'translation-unknown-code',
          `/${name}/${code}`,
          `The version has no "${code}" in ${name}.`,
          'Correct the code, or take it out.',
        );
    }
    for (const code of known) {
      if (!Object.hasOwn(texts, code))
        problems.add(
          'translation-incomplete',
          `/${name}/${code}`,
          `"${code}" in ${name} is not translated.`,
          'Add its text.',
        );
    }
  };
  compare('levels', translation.levels, checklist.levels);
  compare('sections', translation.sections, checklist.sections);
  compare('requirements', translation.requirements, checklist.requirements);
  if (translation.competencies)
    compare('competencies', translation.competencies, checklist.competencies ?? []);
  problems.throwIfAny();
}
