import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';
import { each, form, send, type Answer, type Json, type Operation } from './operations.js';
import { KINDS, REHEARSED, type Caller, type Refs, type World } from './world.js';

/*
 * Who may do what: every operation of the API by everybody, on things of their own programme, of an organisation of
 * theirs, and of another tenant. What is expected is `test/access-matrix.yaml`, which people review; docs/security.md
 * says how. The functions here return what is wrong as sentences, so that a test can also show that they find something.
 *
 * Changes are rehearsed (`rehearse` in world.ts): whoever may make one gets as far as the commit, which fails. So nobody's
 * turn depends on who had theirs before, and what destroys needs no special care.
 */

/** Outcomes by who gets them: `may`, or status and code of the refusal. `else`: everybody not named. */
type Decisions = Readonly<Record<string, string>>;

/** What the file says of an operation. */
interface Expected {
  /** The body, with `$name` for a thing of the caller's world. */
  readonly send?: Record<string, Json>;
  /** The query, likewise. */
  readonly query?: Record<string, string>;
  /** What stands in the path where its name doesn't say it. */
  readonly with?: Record<string, string>;
  /** Headers that its protocol takes. */
  readonly headers?: Record<string, string>;
  /** Things of which another tenant's are told from unknown ones on purpose, each with the reason. */
  readonly crosses?: Record<string, string>;
  /** Asked when all else has been: it takes something away that no rehearsal keeps. */
  readonly last?: true;
  /** Of operations on an organisation's things: of the caller's own one, and of the supplier by all the others. */
  readonly own?: Decisions;
  readonly 'of the supplier'?: Decisions;
}
/** What the file says, by operation and case. */
export type Matrix = Readonly<Record<string, Expected & Decisions>>;

const FILE = resolve(import.meta.dirname, '../access-matrix.yaml');
const REQUEST = ['send', 'query', 'with', 'headers', 'crosses', 'last'] as const;
const VIEWS = ['own', 'of the supplier'] as const;
type View = (typeof VIEWS)[number];

export const readMatrix = (): Matrix => (parse(readFileSync(FILE, 'utf8')) ?? {}) as Matrix;

// ------------------------------------------------------------------------------------------------------- requests

/** Things that belong to an organisation itself, and not to a programme or a site. */
const OF_AN_ORGANISATION = [
  'organisation',
  'member',
  'colleague',
  'invitation',
  'apiToken',
  'export',
  'import',
];
/** What stands behind a part of a path: `/sites/{id}` names a site. */
const CALLED: Readonly<Record<string, string>> = {
  organisations: 'organisation',
  sites: 'site',
  programmes: 'programme',
  cohorts: 'cohort',
  assessments: 'assessment',
  assessors: 'assessor',
  engagements: 'engagement',
  visits: 'visit',
  buyers: 'buyer',
  certificates: 'certificate',
  complaints: 'complaint',
  imports: 'import',
  exports: 'export',
  sessions: 'session',
  tokenId: 'apiToken',
  token: 'link',
};

/** `GET /a` and `GET /a (a draft)` are cases of one operation. */
const casesOf = (operation: Operation, matrix: Matrix): string[] => {
  const cases = Object.keys(matrix).filter((key) => key.startsWith(`${operation.name} (`));
  return [operation.name, ...cases];
};

/** What a request is made of, before it is known whose things it names. */
interface Template {
  /** The operation, and which case of it. */
  readonly title: string;
  readonly operation: Operation;
  readonly path: string;
  readonly query: Record<string, string>;
  readonly send?: Record<string, Json>;
  /** The things it names. */
  readonly names: readonly string[];
}

function templateOf(title: string, operation: Operation, expected: Partial<Expected> = {}): Template {
  const parts = operation.path.split('/');
  const path = parts
    .map((part, index) =>
      part.replace(/\{(\w+)\}/g, (_, parameter: string) => {
        const given = expected.with?.[parameter];
        if (given) return given;
        const before = parts[index - 1]!;
        return `$${CALLED[parameter === 'id' ? before : parameter] ?? (parameter === 'id' ? before.replace(/s$/, '') : parameter.replace(/Id$/, ''))}`;
      }),
    )
    .join('/');
  const { query = {}, send: body } = expected;
  const names = [...(path + JSON.stringify([query, body ?? null])).matchAll(/\$(\w+)/g)].map(
    ([, name]) => name!,
  );
  return {
    title,
    operation,
    path,
    query,
    ...(body && { send: body }),
    names: [...new Set(names)].filter((name) => !(name in DAYS)),
  };
}

const templatesOf = (operations: readonly Operation[], matrix: Matrix): Template[] =>
  operations.flatMap((operation) =>
    casesOf(operation, matrix).map((title) => templateOf(title, operation, matrix[title])),
  );

const day = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
const DAYS: Refs = { today: day(0), yesterday: day(-1), soon: day(30), later: day(40) };

/** The same text with things and days in place of their names. */
const fill = (text: string, refs: Refs): string =>
  text.replace(/\$(\w+)/g, (_, name: string) => DAYS[name] ?? refs[name] ?? `no-${name}`);

/** A request of an operation as the matrix makes it. */
export function exampleOf(
  operation: Operation,
  expected: Partial<Expected>,
  refs: Refs,
): { path: string; search: string; body?: Record<string, Json> } {
  const { path, query, send: body } = templateOf(operation.name, operation, expected);
  const search = Object.entries(query).map(([name, value]): [string, string] => [name, fill(value, refs)]);
  return {
    path: encodeURI(fill(path, refs)),
    search: new URLSearchParams(search).toString(),
    ...(body && { body: JSON.parse(fill(JSON.stringify(body), refs)) as Record<string, Json> }),
  };
}

async function ask(
  world: World,
  caller: Caller,
  { title, operation }: Template,
  matrix: Matrix,
  refs: Refs,
): Promise<Answer> {
  const { path, search, body } = exampleOf(operation, matrix[title] ?? {}, refs);
  const posted =
    body && operation.mediaType === 'multipart/form-data'
      ? form(body)
      : body && { type: 'application/json', body: JSON.stringify(body) };
  return send(world.app.url, {
    method: operation.method,
    target: path + (search && `?${search}`),
    ...(caller.bearer && { bearer: caller.bearer }),
    ...(posted && { body: posted.body }),
    headers: { ...(posted && { 'content-type': posted.type }), ...matrix[title]?.headers },
  });
}

/** What somebody was told: `may`, or status and code. */
export function outcomeOf({ status, code }: Answer): string {
  if (status < 400 || (status === REHEARSED.status && code === REHEARSED.code)) return 'may';
  return code ? `${status} ${code}` : `${status} page`;
}

// ------------------------------------------------------------------------------------------------------ decisions

/** By operation, view and caller: what the caller was told. */
export type Observed = Map<string, Map<View | '', Map<string, string>>>;

const viewsOf = ({ names }: Template): readonly (View | '')[] =>
  names.some((name) => OF_AN_ORGANISATION.includes(name)) ? VIEWS : [''];

const refsOf = (world: World, caller: Caller, view: View | ''): Refs =>
  view === 'of the supplier' ? { ...world.ours, me: caller.own['me']! } : { ...world.ours, ...caller.own };

/** Whose view of the supplier's things would be the view of their own. */
const atHome = (world: World, caller: Caller): boolean =>
  caller.own['organisation'] === world.ours['organisation'];

/** Asks for everything as everybody; also says where a thing of the other tenant showed. */
export async function observe(
  world: World,
  operations: readonly Operation[],
  matrix: Matrix,
): Promise<{ observed: Observed; violations: string[] }> {
  const observed: Observed = new Map();
  const violations: string[] = [];
  const asked = templatesOf(operations, matrix).flatMap((template) => {
    const views = new Map(viewsOf(template).map((view) => [view, new Map<string, string>()]));
    observed.set(template.title, views);
    for (const name of template.names)
      if (!world.ours[name] && !world.callers.some(({ own }) => own[name]))
        violations.push(`${template.title}: there is no \`${name}\` in test/support/world.ts`);
    return [...views].flatMap(([view, told]) =>
      world.callers
        .filter((caller) => view !== 'of the supplier' || !atHome(world, caller))
        .map((caller) => ({ caller, template, view, told })),
    );
  });
  const isLast = ({ template }: { template: Template }): number => (matrix[template.title]?.last ? 1 : 0);
  asked.sort((one, other) => isLast(one) - isLast(other));
  await each(asked, async ({ caller, template, view, told }) => {
    const answer = await ask(world, caller, template, matrix, refsOf(world, caller, view));
    told.set(caller.name, outcomeOf(answer));
    if (answer.status >= 500)
      violations.push(`${template.title} as ${caller.name}: ${answer.status} ${answer.text}`);
    const mark = world.marks.find((each) => answer.text.includes(each));
    if (mark) violations.push(`${template.title} as ${caller.name} shows \`${mark}\` of another tenant`);
  });
  return { observed, violations };
}

/** Where what was observed isn't what the reviewed file expects. */
export function differences(world: World, observed: Observed, matrix: Matrix): string[] {
  const names = world.callers.map(({ name }) => name);
  const wrong: string[] = [];
  for (const [operation, views] of observed) {
    const entry = matrix[operation];
    if (!entry) {
      wrong.push(`${operation} is not in test/access-matrix.yaml`);
      continue;
    }
    for (const [view, told] of views) {
      const expected = expand((view === '' ? decisionsOf(entry) : entry[view]) ?? {}, names);
      for (const caller of names) {
        const outcome = told.get(caller);
        if (outcome !== undefined && expected.get(caller) !== outcome)
          wrong.push(
            `${operation} ${view && `(${view}) `}as ${caller}: ${outcome}, expected ${expected.get(caller) ?? 'nothing'}`,
          );
      }
    }
  }
  for (const operation of Object.keys(matrix))
    if (!observed.has(operation))
      wrong.push(`${operation} is in test/access-matrix.yaml, but not in the API`);
  return wrong;
}

const decisionsOf = (entry: Expected & Decisions): Decisions =>
  Object.fromEntries(Object.entries(entry).filter(([key]) => ![...REQUEST, ...VIEWS].includes(key as View)));

/** `supplier, agency:owner+viewer, provider:!viewer`: kinds in every role, in some, in all but some. */
function expand(decisions: Decisions, names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [outcome, who] of Object.entries(decisions)) {
    if (outcome === 'else') continue;
    const parts = who.split(', ').flatMap((part) => (part === 'people' ? PEOPLE : [part]));
    for (const part of parts) {
      if (part === 'everybody') for (const name of names) found.set(name, outcome);
      const [kind, roles] = part.split(':');
      const listed = roles?.replace('!', '').split('+');
      for (const name of names) {
        const [of, role] = name.split('.');
        if (of !== kind) continue;
        if (!listed || listed.includes(role!) !== roles!.startsWith('!')) found.set(name, outcome);
      }
    }
  }
  for (const name of names)
    if (!found.has(name))
      found.set(name, name === 'anonymous' ? '401 sign-in-required' : (decisions['else'] ?? 'nothing'));
  return found;
}

// ---------------------------------------------------------------------------------------------------------- leaks

/**
 * Where a thing of another tenant is told from one that doesn't exist: everybody asks for everything of another tenant,
 * then for things that don't exist, and is told the same, to the byte. Whoever may do something also tries with one
 * foreign thing among their own, so that nothing nested slips through.
 */
export async function leaks(
  world: World,
  operations: readonly Operation[],
  matrix: Matrix,
  observed: Observed,
): Promise<string[]> {
  const violations: string[] = [];
  const tries = templatesOf(operations, matrix).flatMap((template, turn) => {
    const names = template.names.filter(
      (name) => world.theirs[name] && !matrix[template.title]?.crosses?.[name],
    );
    if (names.length === 0) return [];
    const told = observed.get(template.title)!;
    const view = told.has('own') ? 'own' : '';
    return alike(told.get(view)!, turn).flatMap((name) => {
      const caller = world.callers.find((each) => each.name === name)!;
      const may = told.get(view)!.get(name) === 'may';
      const sets = names.length > 1 && may ? [names, ...names.map((each) => [each])] : [names];
      return sets.map((foreign) => ({ caller, template, foreign, view }) as const);
    });
  });
  await each(tries, async ({ caller, template, foreign, view }) => {
    const own = refsOf(world, caller, view);
    const unknown = Object.fromEntries(foreign.map((name) => [name, madeUp(world.theirs[name]!)]));
    const theirs = Object.fromEntries(foreign.map((name) => [name, world.theirs[name]!]));
    const [one, other] = await Promise.all([
      ask(world, caller, template, matrix, { ...own, ...theirs }),
      ask(world, caller, template, matrix, { ...own, ...unknown }),
    ]);
    const [told, nothing] = [plain(one, theirs), plain(other, unknown)];
    if (told === nothing && one.status < 500) return;
    violations.push(
      `${template.title} as ${caller.name} with ${foreign.join(', ')} of another tenant: ${told}\n    of nobody: ${nothing}`,
    );
  });
  return violations;
}

/** One caller for each kind and outcome: roles that are told the same are served alike. Whose turn it is goes round. */
function alike(told: ReadonlyMap<string, string>, turn: number): string[] {
  const groups = new Map<string, string[]>();
  for (const [name, outcome] of told) {
    const group = `${name.split('.')[0]} ${outcome}`;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return [...groups.values()].map((names) => names[turn % names.length]!);
}

const madeUp = (like: string): string =>
  /^[0-9a-f-]{36}$/.test(like) ? randomUUID() : `${like.slice(0, 10)}${randomBytes(8).toString('hex')}`;

/** An answer without what is of this call alone: the ids asked for, the request's id, the nonce of a page. */
function plain({ status, headers, text }: Answer, asked: Refs): string {
  let said = text;
  for (const [name, id] of Object.entries(asked)) said = said.replaceAll(id, `{${name}}`);
  const names = Object.keys(headers).filter((name) => !['content-length'].includes(name));
  return `${status} ${names.sort().join(' ')} ${said.replace(/nonce="[^"]*"/g, '')}`;
}

/** Lists as two roles of every kind read them: what they hold may not change because of another tenant. */
export async function lists(
  world: World,
  operations: readonly Operation[],
  matrix: Matrix,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const kindOf = ({ name }: Caller): string => name.split('.')[0]!;
  const readers = world.callers.filter(
    (caller, index) =>
      ![index - 1, index + 1].every(
        (near) => world.callers[near] && kindOf(world.callers[near]) === kindOf(caller),
      ),
  );
  const asked = templatesOf(operations, matrix)
    .filter(
      ({ operation: { method, path }, title }) =>
        method === 'GET' && !path.includes('{') && !matrix[title]?.crosses?.['list'],
    )
    .flatMap((template) => readers.map((caller) => ({ template, caller })));
  await each(asked, async ({ template, caller }) => {
    const { status, text } = await ask(world, caller, template, matrix, refsOf(world, caller, 'own'));
    found.set(`${template.title} as ${caller.name}`, `${status} ${text}`);
  });
  return found;
}

// -------------------------------------------------------------------------------------------------------- writing

const HEAD = `# Who may do what: the reviewed expectation of test/e2e/access-matrix.spec.ts. docs/security.md says how to read,
# change and review it. In short: \`may\` (or status and code of a refusal) is followed by who gets it, kinds of parties in
# every role (\`supplier\`), in some (\`agency:owner+viewer\`) or in all but some (\`agency:!viewer\`); \`people\` are all of them
# and strangers, who belong to no organisation; \`else\` is everybody not named. Who isn't signed in gets
# 401 sign-in-required unless \`anonymous\` is named.
#
# Everybody asks for things of the one programme and its supplier. A grantee is a buyer outside of it that the supplier
# has granted answers, certificates and corrective actions. \`own\`: of the caller's own organisation. \`of the supplier\`:
# the supplier's, asked for by others. Things of another tenant are always answered like things that don't exist, to
# everybody; \`crosses\` says where not, and why.
`;

/** Writes the file anew from what was observed, keeping what requests are made of. Not for continuous integration. */
export async function writeMatrix(
  world: World,
  observed: Observed,
  matrix: Matrix,
  operations: readonly Operation[],
): Promise<void> {
  const names = world.callers.map(({ name }) => name);
  const lines: string[] = [HEAD.trimEnd()];
  let tag = '';
  for (const { title: name, operation } of templatesOf(operations, matrix)) {
    if (operation.tag !== tag) lines.push('', `# ---- ${operation.tag}`);
    tag = operation.tag;
    lines.push('', `${name}:`);
    for (const key of REQUEST)
      if (matrix[name]?.[key]) lines.push(`  ${key}: ${flow(matrix[name][key] as Json)}`);
    for (const [view, unordered] of observed.get(name)!) {
      const told = new Map(
        names.flatMap((each) => (unordered.has(each) ? [[each, unordered.get(each)!]] : [])),
      );
      if (view !== '') lines.push(`  ${view}:`);
      for (const [outcome, who] of Object.entries(compact(told)))
        lines.push(`  ${view === '' ? '' : '  '}${outcome}: ${who}`);
    }
  }
  const options = await resolveConfig(FILE);
  writeFileSync(FILE, await format(lines.join('\n'), { ...options, parser: 'yaml' }));
}

function flow(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{ ${Object.entries(value)
      .map(([key, each]) => `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)}: ${flow(each)}`)
      .join(', ')} }`;
  return typeof value === 'string' &&
    /^[A-Za-z$][\w $-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** The shortest way to say who was told what. */
function compact(told: ReadonlyMap<string, string>): Decisions {
  if (new Set(told.values()).size === 1) return { [[...told.values()][0]!]: 'everybody' };
  const signedIn = [...told].filter(([name]) => name !== 'anonymous');
  const counts = new Map<string, number>();
  for (const [, outcome] of signedIn)
    if (outcome !== 'may') counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const rest = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  const decisions: Record<string, string> = {};
  for (const outcome of ['may', ...[...new Set(told.values())].sort()]) {
    const who = outcome === rest ? [] : kindsTold(signedIn, outcome);
    if (told.get('anonymous') === outcome && outcome !== '401 sign-in-required') who.push('anonymous');
    if (who.length > 0) decisions[outcome] = who.join(', ').replace(PEOPLE.join(', '), 'people');
  }
  if (rest) decisions['else'] = rest;
  return decisions;
}

function kindsTold(told: readonly (readonly [string, string])[], outcome: string): string[] {
  return [...PEOPLE, 'token'].flatMap((kind) => {
    const all = told.filter(([name]) => name.split('.')[0] === kind);
    const some = all.filter(([, each]) => each === outcome);
    const others = all.filter(([, each]) => each !== outcome);
    const roles = (list: typeof all): string => list.map(([name]) => name.split('.')[1]).join('+');
    if (some.length === 0) return [];
    if (others.length === 0) return [kind];
    return [others.length < some.length ? `${kind}:!${roles(others)}` : `${kind}:${roles(some)}`];
  });
}

/** Whoever is signed in as a person: `people` in the file. */
const PEOPLE = [...Object.keys(KINDS), 'stranger'];
