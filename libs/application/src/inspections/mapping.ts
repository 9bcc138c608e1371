import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import {
  DomainError,
  type Criticality,
  type FieldProblem,
  type LineageRelation,
  type ScoringProfile,
} from '#domain';
import { schemaProblems } from '../schemas.js';

/**
 * A mapping file (format `uplift.inspection-mapping/1`) says how the inspection records of one source become
 * checklist versions, sites, assessments and pairs. Everything peculiar to a source stands in its mapping; the code
 * knows none by name. The format is described in docs/inspection-mappings.md.
 */
export interface InspectionMapping {
  readonly format: 'uplift.inspection-mapping/1';
  readonly dataset: string;
  readonly title: string;
  readonly source: {
    readonly publisher: string;
    readonly via?: string;
    readonly licence: string;
    readonly note?: string;
  };
  readonly checklist: {
    readonly code: string;
    readonly title: string;
    readonly language: string;
    readonly level: { readonly code: string; readonly title: string };
    /** In the order in which they were in force. `value` is how the records name it (default: the version). */
    readonly editions: readonly {
      readonly version: string;
      readonly title?: string;
      readonly value?: string;
      readonly note?: string;
    }[];
  };
  readonly files: {
    readonly sites: FileMapping;
    readonly inspections: FileMapping;
    readonly findings: FileMapping;
    readonly items: FileMapping;
    readonly crosswalk?: FileMapping;
  };
  readonly items?: {
    /**
     * Word of the source → class of the requirement. Where there is no such word, `numbers` gives the class by the
     * number of the item, and `other` that of all the rest.
     */
    readonly class?: {
      readonly values: Readonly<Record<string, string>>;
      readonly numbers?: readonly { readonly from: number; readonly to: number; readonly class: string }[];
      readonly other?: string;
    };
    /** Class → criticality; `minor` otherwise. */
    readonly criticality?: Readonly<Record<string, Criticality>>;
    /** An item that is cited but not on the list: an exception, or added from what the finding tells of it. */
    readonly unlisted?: 'exception' | 'add';
  };
  readonly findings?: {
    /** Same item more than once in an inspection: one nonconformity (`once`), or the official score takes its points for each row. */
    readonly repeats?: 'once' | 'points-each';
  };
  readonly editions?: {
    /** Words in the edition column that stand for no single edition → why. */
    readonly none?: Readonly<Record<string, string>>;
  };
  readonly crosswalk?: {
    readonly from: string;
    readonly to: string;
    readonly status: 'official' | 'proposed';
    readonly note?: string;
    /** Between several codes in one cell. */
    readonly separator?: string;
    readonly relations: Readonly<
      Record<string, { readonly relation: LineageRelation; readonly comparable: boolean }>
    >;
  };
  /** Type of an inspection → what it is here. `*` is for the types not named. */
  readonly types: Readonly<Record<string, TypeMapping>>;
  readonly answers: { readonly notListed: string; readonly listed: string };
  readonly scoring: ScoringProfile | ProfileReference;
  readonly official: OfficialMapping;
  readonly ids?: { readonly order: 'text' | 'number' };
  readonly pairings: readonly PairingMapping[];
}

/** A file of the folder: `sites` means sites.csv.gz or sites.csv. `optional` columns may be missing from the file. */
export interface FileMapping {
  readonly file: string;
  readonly columns: Readonly<Record<string, string>>;
  readonly optional?: readonly string[];
}

export interface TypeMapping {
  /**
   * `regular`: may be a baseline; `follow-up`: a visit to see what became of it; `other`: kept as a verification;
   * `ignore`: no assessment of the checklist, left out.
   */
  readonly role: 'regular' | 'follow-up' | 'other' | 'ignore';
  /** Whether the source states a result for this type; a missing one is then an exception. Default: not for `ignore`. */
  readonly official?: 'expected' | 'optional';
  /** For rows that can't be used for a reason worth listing one by one: each becomes an exception. */
  readonly exception?: { readonly code: string; readonly reason: string };
  readonly note?: string;
}

/** A profile from a file (path relative to the mapping), or one made from it under a name of its own. */
export interface ProfileReference {
  readonly file: string;
  readonly as?: {
    readonly profile: string;
    readonly title: string;
    readonly points: Readonly<Record<string, number>>;
    readonly note: string;
  };
}

export type OfficialMapping =
  | {
      readonly compare: 'points';
      readonly min?: number;
      readonly max?: number;
      readonly missingFindingsBelow?: number;
    }
  | { readonly compare: 'result'; readonly passed: readonly string[]; readonly notPassed: readonly string[] }
  | { readonly compare: 'none'; readonly reason: string; readonly min?: number; readonly max?: number };

export interface PairingMapping {
  readonly name: string;
  readonly primary?: boolean;
  readonly definition: string;
  /**
   * `first-vs-last`: earliest against latest of a site, on two dates at least. `follow-up`: a baseline with a
   * follow-up within days. `last-vs-first`: the last of one edition against the first of the next.
   */
  readonly rule: 'first-vs-last' | 'follow-up' | 'last-vs-first';
  readonly measure: 'official' | 'computed' | 'items-cited';
  readonly better: 'higher' | 'lower';
  /** Types on the baseline side (both sides, unless `followUp` is given). Default: every type used. */
  readonly baseline?: readonly string[];
  readonly followUp?: readonly string[];
  /** For `follow-up`: start from each baseline (its earliest follow-up) or each follow-up (its latest baseline). */
  readonly from?: 'baseline' | 'follow-up';
  readonly minDays?: number;
  readonly maxDays?: number;
  /** The follow-up must come before the next baseline date of the site. */
  readonly beforeNextBaseline?: boolean;
  /** Several baselines on one date: `lowest` or `highest` measure (then lowest id) stands for them; `each`: all do. */
  readonly sameDate?: 'lowest' | 'highest' | 'each';
  /** For `last-vs-first`: versions. */
  readonly editions?: readonly [string, string];
  /** For `last-vs-first`: count only items the crosswalk calls comparable. Default true. */
  readonly comparableOnly?: boolean;
}

/** A mapping with its profile at hand. */
export interface LoadedMapping extends InspectionMapping {
  readonly profile: ScoringProfile;
}

const COLUMNS: Readonly<Record<keyof InspectionMapping['files'], readonly string[]>> = {
  sites: ['id', 'name'],
  inspections: ['id', 'site', 'date'],
  findings: ['inspection', 'item'],
  items: ['code', 'description'],
  crosswalk: ['from', 'to', 'relation'],
};

/**
 * Reads and checks a mapping file (YAML or JSON) and the profile it refers to.
 * @throws DomainError `mapping-not-readable`, `invalid-mapping` with the place of every fault.
 */
export function loadMapping(file: string): LoadedMapping {
  const path = resolve(file);
  return mappingOf(readYaml(path), file, dirname(path));
}

/**
 * Checks a mapping that somebody handed in as text. A profile it refers to by file must stand in `../profiles` of
 * `folder`: no other file of the machine is read.
 * @throws DomainError as {@link loadMapping}.
 */
export function parseMapping(text: string, name: string, folder: string): LoadedMapping {
  const yaml = yamlOf(text, name);
  const file = (yaml.value as { scoring?: { file?: unknown } } | null)?.scoring?.file;
  if (file !== undefined && !/^\.\.\/profiles\/[a-z0-9-]+\.yaml$/.test(String(file)))
    throw invalid(name, [
      { field: '/scoring/file', message: 'is not a shipped profile (../profiles/NAME.yaml)' },
    ]);
  return mappingOf(yaml, name, folder);
}

function mappingOf({ value, place }: Yaml, file: string, folder: string): LoadedMapping {
  const problems = schemaProblems('inspection-mapping', value);
  if (problems.length > 0)
    throw invalid(
      file,
      problems.map(({ field, message, fix }) => ({
        field: field || '/',
        message: place(field) + message,
        ...(fix && { fix }),
      })),
    );
  const mapping = value as InspectionMapping;
  return checkMapping({ ...mapping, profile: profileOf(mapping.scoring, folder) }, file, place);
}

/**
 * The rules of a mapping that a schema cannot say.
 * @throws DomainError `invalid-mapping`.
 */
export function checkMapping(
  mapping: LoadedMapping,
  file = 'mapping',
  place: (pointer: string) => string = () => '',
): LoadedMapping {
  const faults: FieldProblem[] = [];
  const fault = (field: string, message: string): void =>
    void faults.push({ field, message: place(field) + message });
  for (const [role, needed] of Object.entries(COLUMNS)) {
    const given = mapping.files[role as keyof typeof COLUMNS];
    for (const name of given ? needed : []) {
      if (given!.columns[name] === undefined) fault(`/files/${role}/columns`, `has no "${name}"`);
    }
  }
  for (const [at, wanted] of [
    ['notListed', 'conforming'],
    ['listed', 'nonconforming'],
  ] as const) {
    const option = mapping.profile.answers.find((a) => a.code === mapping.answers[at]);
    if (!option)
      fault(
        `/answers/${at}`,
        `"${mapping.answers[at]}" is no answer of profile ${mapping.profile.profile} (${mapping.profile.answers.map((a) => a.code).join(', ')})`,
      );
    else if (option.conformity !== wanted)
      fault(`/answers/${at}`, `"${option.code}" means ${option.conformity}; ${wanted} is needed`);
  }
  const versions = mapping.checklist.editions.map((e) => e.version);
  if (
    versions.length > 1 &&
    (!mapping.files.items.columns['edition'] || !mapping.files.inspections.columns['edition'])
  ) {
    fault(
      '/checklist/editions',
      'more than one edition needs an "edition" column for items and for inspections',
    );
  }
  const { compare } = mapping.official;
  if (compare === 'points' && !mapping.files.inspections.columns['official'])
    fault('/files/inspections/columns', 'comparing points needs an "official" column');
  if (compare === 'result' && !mapping.files.inspections.columns['result'])
    fault('/files/inspections/columns', 'comparing results needs a "result" column');
  if (mapping.crosswalk && !mapping.files.crosswalk) fault('/files', 'a crosswalk needs its file');
  if (mapping.files.crosswalk && !mapping.crosswalk)
    fault('/crosswalk', 'is missing: it says what the relations of the crosswalk file mean');
  for (const side of mapping.crosswalk ? (['from', 'to'] as const) : []) {
    if (!versions.includes(mapping.crosswalk![side]))
      fault(`/crosswalk/${side}`, `"${mapping.crosswalk![side]}" is no edition of the checklist`);
  }
  const primary = mapping.pairings.filter((p) => p.primary);
  if (primary.length !== 1) fault('/pairings', `${primary.length} are marked primary; exactly one must be`);
  const names = new Set<string>();
  mapping.pairings.forEach((p, i) => {
    if (names.has(p.name)) fault(`/pairings/${i}/name`, `"${p.name}" is used twice`);
    names.add(p.name);
    if (p.rule === 'follow-up' && (!p.baseline || !p.followUp || p.maxDays === undefined))
      fault(`/pairings/${i}`, 'rule follow-up needs baseline, followUp and maxDays');
    if (p.rule === 'last-vs-first' && !p.editions)
      fault(`/pairings/${i}`, 'rule last-vs-first needs editions');
    if (p.rule === 'last-vs-first' && p.measure !== 'items-cited')
      fault(`/pairings/${i}/measure`, 'only items cited can be compared between editions');
    if (p.rule === 'last-vs-first' && p.comparableOnly !== false && !mapping.crosswalk)
      fault(`/pairings/${i}`, 'comparable items need a crosswalk');
    for (const version of p.editions ?? [])
      if (!versions.includes(version))
        fault(`/pairings/${i}/editions`, `"${version}" is no edition of the checklist`);
    for (const type of [...(p.baseline ?? []), ...(p.followUp ?? [])]) {
      if (!mapping.types[type]) fault(`/pairings/${i}`, `type "${type}" is not mapped`);
      else if (mapping.types[type].role === 'ignore') fault(`/pairings/${i}`, `type "${type}" is ignored`);
    }
    if (p.measure === 'official' && !mapping.files.inspections.columns['official'])
      fault(`/pairings/${i}/measure`, 'there is no "official" column');
  });
  if (faults.length) throw invalid(file, faults);
  return mapping;
}

const invalid = (file: string, faults: readonly FieldProblem[]): DomainError =>
  new DomainError(
    'invalid-mapping',
    `${file} is not a valid inspection mapping: ${faults.map((f) => `${f.field} ${f.message}`).join('; ')}`,
    faults,
  );

/** Reads YAML and tells the line of a JSON pointer in it. */
function readYaml(path: string): Yaml {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DomainError(
      'mapping-not-readable',
      `${path} cannot be read: ${(error as Error).message}`,
      [],
      'not-found',
    );
  }
  return yamlOf(text, path);
}

interface Yaml {
  readonly value: unknown;
  readonly place: (pointer: string) => string;
}

function yamlOf(text: string, path: string): Yaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length) {
    throw new DomainError(
      'mapping-not-readable',
      `${path} is not YAML: ${document.errors[0]!.message}`,
      document.errors.map((e) => ({
        field: e.linePos ? `line ${e.linePos[0].line}, column ${e.linePos[0].col}` : '/',
        message: e.message,
      })),
    );
  }
  const place = (pointer: string): string => {
    const keys = pointer
      .split('/')
      .slice(1)
      .map((k) => k.replaceAll('~1', '/').replaceAll('~0', '~'))
      .map((k) => (/^\d+$/.test(k) ? Number(k) : k));
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true) as
        { range?: [number, number, number] } | undefined;
      if (node?.range) {
        const { line, col } = lines.linePos(node.range[0]);
        return `(line ${line}, column ${col}) `;
      }
    }
    return '';
  };
  return { value: document.toJS(), place };
}

/** The profile a mapping names; one made from a file gets its own name, since a profile never changes. */
function profileOf(scoring: ScoringProfile | ProfileReference, folder: string): ScoringProfile {
  if (!('file' in scoring)) return scoring;
  const base = readYaml(resolve(folder, scoring.file)).value as ScoringProfile;
  if (base?.format !== 'uplift.scoring-profile/1')
    throw new DomainError('invalid-mapping', `${scoring.file} is not a scoring profile.`, [
      { field: '/scoring/file', message: 'is not a scoring profile' },
    ]);
  const own = scoring.as;
  if (!own) return base;
  const { aggregation } = base;
  if (aggregation.kind !== 'deduct-from-100' || aggregation.deduct.by !== 'class') {
    throw new DomainError(
      'invalid-mapping',
      'Only a profile that deducts by class can be given more classes.',
      [{ field: '/scoring/as', message: 'the profile does not deduct by class' }],
    );
  }
  return {
    ...base,
    profile: own.profile,
    title: own.title,
    provenance: { ...base.provenance, note: [base.provenance.note, own.note].filter(Boolean).join(' ') },
    aggregation: {
      ...aggregation,
      deduct: { by: 'class', points: { ...aggregation.deduct.points, ...own.points } },
    },
  };
}
