import {
  checkChecklist,
  checkCrosswalk,
  checkProfile,
  checkResponses,
  DomainError,
  isLocalDate,
  type ChecklistVersion,
  type Crosswalk,
  type FieldProblem,
  type Response,
  type ScoringProfile,
} from '#domain';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { parseContent } from '../../../libs/application/src/content.service.js';
import { contentRoot, schemaProblems } from '../../../libs/application/src/schemas.js';

/**
 * JSON in, JSON out for the offline commands (docs/cli.md). Input is checked against the published JSON Schemas in
 * `checklists/schemas/`; a problem names its place as a JSON pointer and never comes alone when there are more.
 */

/** Exit codes of the offline commands. */
export const EXIT = { ok: 0, notVerified: 1, badInput: 2 } as const;

/** Where a command reads and writes; the process itself unless a test says otherwise. */
export interface CommandIo {
  /** All of standard input. */
  readonly readStdin: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly exit: (code: number) => void;
  /** Folder against which paths are resolved. */
  readonly cwd: () => string;
}

/** The real process: sets the exit code and lets the process end by itself, so nothing written is cut off. */
export const processIo: CommandIo = {
  async readStdin() {
    if (process.stdin.isTTY) {
      throw badInput('input-missing', 'There is no input.', [
        {
          field: '',
          message: 'neither a file nor standard input',
          fix: 'Name a file, or pipe JSON into the command.',
        },
      ]);
    }
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  },
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  exit: (code) => void (process.exitCode = code),
  cwd: () => process.cwd(),
};

/** What goes to standard error for bad input (after RFC 9457). */
export interface ProblemJson {
  readonly type: string;
  readonly title: string;
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly FieldProblem[];
}

/** A domain error as problem JSON. */
export function problemOf(error: DomainError): ProblemJson {
  return {
    type: `https://uplift.example/problems/${error.code}`,
    title: error.code.charAt(0).toUpperCase() + error.code.slice(1).replaceAll('-', ' '),
    code: error.code,
    detail: error.message,
    errors: error.fields.map(({ field, message, fix }) => ({
      field,
      message,
      fix: fix ?? 'Correct it; see docs/cli.md.',
    })),
  };
}

/** An input refused with every problem in it. */
export function badInput(code: string, message: string, fields: readonly FieldProblem[] = []): DomainError {
  return new DomainError(code, message, fields);
}

/** What a command answers: JSON for standard output, and the exit code (0 unless told). */
export interface Answer {
  readonly json: unknown;
  readonly exit?: number;
}

/** Runs a command's work: its answer to standard output, a refusal as problem JSON to standard error. */
export async function answerWith(io: CommandIo, work: () => Promise<Answer>): Promise<void> {
  try {
    const { json, exit } = await work();
    io.out(`${JSON.stringify(json, null, 2)}\n`);
    io.exit(exit ?? EXIT.ok);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    io.err(`${JSON.stringify(problemOf(error), null, 2)}\n`);
    io.exit(EXIT.badInput);
  }
}

/** JSON that was read, and the folder against which the files it names are resolved. */
export interface JsonInput {
  readonly value: unknown;
  readonly folder: string;
}

/**
 * Reads JSON from a file, or from standard input for `-` and nothing.
 * @throws DomainError `input-unreadable` (no such file, not JSON: with line and column), `input-missing`
 */
export async function readJson(io: CommandIo, file: string | undefined): Promise<JsonInput> {
  const fromStdin = file === undefined || file === '-';
  const path = fromStdin ? '' : resolve(io.cwd(), file);
  const text = (fromStdin ? await io.readStdin() : readText(path, file, '')).replace(/^\uFEFF/, '');
  if (text.trim() === '') {
    throw badInput('input-missing', 'The input is empty.', [
      { field: '', message: 'empty', fix: 'Give one JSON object; docs/cli.md shows an example.' },
    ]);
  }
  const folder = fromStdin ? io.cwd() : dirname(path);
  try {
    return { value: JSON.parse(text) as unknown, folder };
  } catch (error) {
    const message = (error as Error).message;
    const before = text.slice(0, placeOfError(text)).split('\n');
    const field = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
    throw badInput('input-unreadable', `The input is not valid JSON (${field}).`, [
      { field, message: message.split('\n')[0]!, fix: 'Mend the JSON at this place.' },
    ]);
  }
}

const JSON_SCALAR =
  /"(?:[^"\\\r\n]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where broken JSON breaks: the start of the first token that cannot stand there. Node does not always say. */
function placeOfError(text: string): number {
  const open: ('{' | '[')[] = [];
  // What may come next; "first" is a value or the end of a list, "key?" a key or the end of an object.
  let next: 'value' | 'first' | 'key' | 'key?' | 'colon' | 'after' = 'value';
  for (let at = 0; ;) {
    while (' \t\r\n'.includes(text[at] ?? 'x')) at++;
    const sign = text[at];
    if (sign === undefined) return at;
    const inside = open.at(-1);
    if (
      (sign === '}' && inside === '{' && (next === 'key?' || next === 'after')) ||
      (sign === ']' && inside === '[' && (next === 'first' || next === 'after'))
    ) {
      open.pop();
      next = 'after';
      at++;
    } else if (next === 'after' || next === 'colon') {
      if (sign !== (next === 'colon' ? ':' : ',') || inside === undefined) return at;
      next = next === 'after' && inside === '{' ? 'key' : 'value';
      at++;
    } else if ((sign === '{' || sign === '[') && (next === 'value' || next === 'first')) {
      open.push(sign);
      next = sign === '{' ? 'key?' : 'first';
      at++;
    } else {
      const isKey: boolean = next === 'key' || next === 'key?';
      JSON_SCALAR.lastIndex = at;
      if (!JSON_SCALAR.test(text) || (isKey && sign !== '"')) return at;
      next = isKey ? 'colon' : 'after';
      at = JSON_SCALAR.lastIndex;
    }
  }
}

function readText(path: string, named: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'it is a folder'
          : `it cannot be read (${code})`;
    throw badInput('input-unreadable', `${named}: ${why}.`, [
      {
        field,
        message: `${named}: ${why}`,
        fix: 'Name a file that exists; paths inside the input start from the folder of the input.',
      },
    ]);
  }
}

/** Schemas of the offline commands, without `.schema.json`. */
export type SchemaName =
  'score-input' | 'gain-input' | 'cohort-input' | 'score-output' | 'gain-output' | 'cohort-output';

/**
 * Lets a value pass only if it follows a published schema, which the refusal calls `what`.
 * @throws DomainError `input-invalid` with every problem, each with its pointer and how to mend it
 */
export function checkSchema<T>(name: string, value: unknown, what = `${name}.schema.json`): T {
  const fields = schemaProblems(name, value);
  if (fields.length === 0) return value as T;
  const count = fields.length === 1 ? 'one problem' : `${fields.length} problems`;
  throw badInput('input-invalid', `The input does not follow ${what}: ${count}.`, fields);
}

/** Checklist in the input: itself, a file, or one the product ships. */
export type ChecklistSource =
  ChecklistVersion | { readonly file: string } | { readonly checklist: string; readonly version: string };
/** Profile in the input: itself, a file, or one the product ships. */
export type ProfileSource =
  ScoringProfile | { readonly file: string } | { readonly profile: string; readonly version?: string };
/** Crosswalk in the input: itself, a file, or one the product ships. */
export type CrosswalkSource =
  | Crosswalk
  | { readonly file: string }
  | { readonly checklist: string; readonly from: string; readonly to: string };

/**
 * Collects refusals of independent checks and throws them as one; the code is the first refusal's.
 */
export class Refusals {
  private readonly errors: DomainError[] = [];

  /** Runs a check. Fields get `prefix` unless they are no pointers. Undefined when it was refused. */
  try<T>(prefix: string, check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      const fields = error.fields.length > 0 ? error.fields : [{ field: '', message: error.message }];
      this.errors.push(
        new DomainError(
          error.code,
          error.message,
          fields.map((f) => ({
            ...f,
            field: f.field === '' || f.field.startsWith('/') ? prefix + f.field : f.field,
          })),
        ),
      );
      return undefined;
    }
  }

  /** @throws DomainError when anything was refused */
  throwIfAny(): void {
    const [first] = this.errors;
    if (!first) return;
    const fields = this.errors.flatMap((e) => e.fields);
    throw badInput(
      first.code,
      fields.length === 1 ? first.message : `${first.message} (${fields.length} problems in all)`,
      fields,
    );
  }
}

/** Content read from where the input says, and the prefix under which its problems are reported. */
interface Loaded<T> {
  readonly content: T;
  readonly at: string;
}

/** Loads the content an input names; see docs/cli.md. Files are resolved against the folder of the input. */
export class ContentSources {
  private readonly files = new Map<string, ReturnType<typeof parseContent>>();

  constructor(private readonly folder: string) {}

  /** @throws DomainError `input-unreadable`, `content-unreadable`, `content-invalid`, `unknown-checklist` and those of `checkChecklist` */
  checklist(source: ChecklistSource): Loaded<ChecklistVersion> {
    const loaded = this.load<ChecklistVersion>(source, 'uplift.checklist/1', () => {
      const { checklist, version } = source as { checklist: string; version: string };
      return this.shipped(
        join(checklist, `${version}.yaml`),
        'unknown-checklist',
        `checklist ${checklist} ${version}`,
        shippedChecklists,
      );
    });
    return checked(loaded, checkChecklist);
  }

  /** @throws DomainError as {@link checklist} with `unknown-profile`; fit it to a checklist with `checkProfile` */
  profile(source: ProfileSource): Loaded<ScoringProfile> {
    return this.load<ScoringProfile>(source, 'uplift.scoring-profile/1', () => {
      const { profile, version } = source as { profile: string; version?: string };
      const found = this.shipped(
        join('profiles', `${profile}.yaml`),
        'unknown-profile',
        `profile ${profile}`,
        shippedProfiles,
      );
      const has = (found as ScoringProfile).version;
      if (version !== undefined && version !== has) {
        throw badInput(
          'unknown-profile',
          `The product ships version ${has} of profile ${profile}, not ${version}.`,
          [
            {
              field: '/version',
              message: `is not shipped`,
              fix: `Use "${has}", or give the profile itself.`,
            },
          ],
        );
      }
      return found;
    });
  }

  /** @throws DomainError as {@link checklist} with `unknown-crosswalk` */
  crosswalk(source: CrosswalkSource): Loaded<Crosswalk> {
    return this.load<Crosswalk>(source, 'uplift.crosswalk/1', () => {
      const { checklist, from, to } = source as { checklist: string; from: string; to: string };
      return this.shipped(
        join(checklist, `${from}-${to}.crosswalk.yaml`),
        'unknown-crosswalk',
        `crosswalk of ${checklist} from ${from} to ${to}`,
        shippedCrosswalks,
      );
    });
  }

  private load<T>(source: object, format: string, shipped: () => unknown): Loaded<T> {
    if ('format' in source) return { content: source as T, at: '' };
    if (!('file' in source)) return { content: shipped() as T, at: '' };
    const named = source.file as string;
    const path = resolve(this.folder, named);
    const content = this.files.get(path) ?? parseNamed(readText(path, named, '/file'), named);
    this.files.set(path, content);
    if (content.format !== format) {
      throw badInput('content-invalid', `${named} is ${content.format}, not ${format}.`, [
        {
          field: `${named}#/format`,
          message: `is ${content.format}`,
          fix: `Name a file of the format ${format}.`,
        },
      ]);
    }
    return { content: content as T, at: `${named}#` };
  }

  private shipped(file: string, code: string, what: string, list: () => string[]): unknown {
    const path = join(contentRoot(), file);
    if (!existsSync(path) || relative(contentRoot(), path).startsWith('..')) {
      throw badInput(code, `The product ships no ${what}.`, [
        {
          field: '',
          message: `no ${what} is shipped`,
          fix: `Use one of: ${list().join(', ')}; or {"file": "…"}; or give it inline.`,
        },
      ]);
    }
    return parseContent(readFileSync(path, 'utf8'));
  }
}

/** Reports problems inside a named file as `file#/pointer`, as a URI fragment does. */
function parseNamed(text: string, named: string): ReturnType<typeof parseContent> {
  try {
    return parseContent(text);
  } catch (error) {
    throw error instanceof DomainError ? inFile(error, `${named}#`) : error;
  }
}

function inFile(error: DomainError, at: string): DomainError {
  return new DomainError(
    error.code,
    error.message,
    error.fields.map((f) => ({ ...f, field: at + f.field })),
    error.kind,
  );
}

function checked<T>(loaded: Loaded<T>, check: (content: T) => void): Loaded<T> {
  try {
    check(loaded.content);
  } catch (error) {
    throw error instanceof DomainError && loaded.at !== '' ? inFile(error, loaded.at) : error;
  }
  return loaded;
}

function shippedFiles(pattern: RegExp, name: (match: RegExpExecArray) => string): string[] {
  return (readdirSync(contentRoot(), { recursive: true }) as string[])
    .map((file) => pattern.exec(file.replaceAll('\\', '/')))
    .flatMap((match) => (match ? [name(match)] : []))
    .sort();
}
const shippedChecklists = () =>
  shippedFiles(/^([a-z-]+)\/([^/.]+)\.yaml$/, (m) => `${m[1]} ${m[2]}`).filter(
    (s) => !/^(profiles|rules|mappings) /.test(s),
  );
const shippedProfiles = () => shippedFiles(/^profiles\/([^/.]+)\.yaml$/, (m) => m[1]!);
const shippedCrosswalks = () =>
  shippedFiles(/^([a-z-]+)\/(.+)-(.+)\.crosswalk\.yaml$/, (m) => `${m[1]} ${m[2]} to ${m[3]}`);

/** One assessment in an input: content by source, level and responses. */
export interface AssessmentSource {
  readonly checklist: ChecklistSource;
  readonly profile: ProfileSource;
  readonly level: string;
  readonly responses: readonly Response[];
}

/** One assessment ready to score. */
export interface ReadyAssessment {
  readonly checklist: ChecklistVersion;
  readonly profile: ScoringProfile;
  readonly level: string;
  readonly responses: readonly Response[];
}

/**
 * Loads and checks one assessment of an input: content that holds together, a profile that fits the checklist, and
 * responses that fit both. Problems go to `refusals`, with `at` before their pointers; undefined when there are any.
 */
export function readyAssessment(
  source: AssessmentSource,
  sources: ContentSources,
  refusals: Refusals,
  at = '',
): ReadyAssessment | undefined {
  const checklist = refusals.try(`${at}/checklist`, () => sources.checklist(source.checklist))?.content;
  const loaded = refusals.try(`${at}/profile`, () => sources.profile(source.profile));
  if (!loaded) return undefined;
  const profile = refusals.try(`${at}/profile`, () =>
    checked(loaded, (p) => checkProfile(p, checklist)),
  )?.content;
  if (!checklist || !profile) return undefined;
  const { level, responses } = source;
  const ok = refusals.try(at, () => {
    checkResponses(checklist, level, profile, responses, { complete: false });
    return true as const;
  });
  refusals.try(at, () => mustBeDays(responses));
  return ok ? { checklist, profile, level, responses } : undefined;
}

/**
 * Loads a crosswalk and checks it, if it names the two versions in either direction; another one is left to
 * `computeGain`, which says that it does not fit.
 */
export function readyCrosswalk(
  source: CrosswalkSource,
  sources: ContentSources,
  refusals: Refusals,
  versions: readonly [ChecklistVersion, ChecklistVersion] | undefined,
): Crosswalk | undefined {
  const loaded = refusals.try('/crosswalk', () => sources.crosswalk(source));
  if (!loaded || !versions) return loaded?.content;
  const names = (side: 'from' | 'to', v: ChecklistVersion): boolean =>
    loaded.content[side].checklist === v.checklist && loaded.content[side].version === v.version;
  const [a, b] = versions;
  const pair =
    names('from', a) && names('to', b)
      ? ([a, b] as const)
      : names('from', b) && names('to', a)
        ? ([b, a] as const)
        : undefined;
  return refusals.try('/crosswalk', () => checked(loaded, (walk) => pair && checkCrosswalk(walk, ...pair)))
    ?.content;
}

function mustBeDays(responses: readonly Response[]): void {
  const wrong = responses.flatMap(({ closedOn }, i) =>
    closedOn === undefined || isLocalDate(closedOn)
      ? []
      : [
          {
            field: `/responses/${i}/closedOn`,
            message: `"${closedOn}" is not a day`,
            fix: 'Write a day that exists as YYYY-MM-DD.',
          },
        ],
  );
  if (wrong.length > 0)
    throw badInput('impossible-date', 'A closing day is not a day of the calendar.', wrong);
}
