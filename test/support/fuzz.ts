import * as fc from 'fast-check';
import { exampleOf, type Matrix } from './access-matrix.js';
import {
  DOCUMENT,
  each,
  send,
  type Answer,
  type Call,
  type Json,
  type Operation,
  type Schema,
} from './operations.js';
import type { Refs } from './world.js';

/*
 * Requests made from the schemas of openapi.json: some as they should be, some with one thing wrong, some that are nothing
 * at all. Everything comes from a seed, so that what was found once is found again.
 */

/** Texts that have broken something somewhere. None holds a word that {@link faultOf} looks for. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff\ud83d',
  '\u202e\u200b\ufeff',
  "'; DROP TABLE site; --",
  "' OR '1'='1",
  '1; pg_sleep(9)--',
  '$1 $$ \\\' " ` %s %n {0}',
  '%',
  '%%%%%_____%%%%%\\',
  `${'%a'.repeat(100)}b`,
  '(a+)+$',
  '{{constructor.constructor}}{{#each this}}{{{this}}}{{/each}}{{lookup . "__proto__"}}',
  '#panic("x") #import "/etc/passwd" $x$ *b* _i_ `raw` @ref <label>',
  '<script>alert(1)</script><img src=x onerror=alert(1)><svg/onload=alert(1)>',
  '=HYPERLINK("http://evil.example")',
  'a\r\nBcc: everybody@example.org\r\n\r\nx',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e309',
  '0x10',
  '9223372036854775808',
  '0000-00-00',
  '2026-02-30',
  '9999-12-31',
  '0001-01-01',
  '+275760-09-13',
  '2026-01-01T00:00:00Z',
  'infinity',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'true',
  '[]',
  '{}',
  '['.repeat(3000),
  '{a: '.repeat(2000),
  'a: &a [*a]',
  'é'.repeat(300),
  'x'.repeat(5000),
  '💥'.repeat(2000),
];
const NUMBERS: readonly number[] = [
  0, -0, -1, 1.5, 1e-300, 2147483648, -2147483649, 9007199254740992, 1e21, 1e308, -1e308,
];
const PROTOTYPES: readonly Json[] = [
  JSON.parse('{"__proto__":{"polluted":true}}') as Json,
  { constructor: { prototype: { polluted: true } } },
  { toString: 1, valueOf: 1, hasOwnProperty: 1, then: 1 },
];
const deep = (depth: number): Json => {
  let nested: Json = 1;
  for (let level = 0; level < depth; level += 1) nested = level % 2 ? [nested] : { a: nested };
  return nested;
};

const hostileText = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 40 }));
const anything: fc.Arbitrary<Json> = fc.oneof(
  hostileText,
  fc.constantFrom<Json>(null, true, false, [], {}, ...NUMBERS, ...PROTOTYPES, deep(60)),
  fc.array(hostileText, { maxLength: 3 }),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
  fc.constant(Array.from({ length: 3000 }, (_, index) => index)),
);

/** Values as the schema wants them. Ids are those of things that are there, where the name says of what. */
function fitting(schema: Schema, refs: Refs, name = ''): fc.Arbitrary<Json> {
  if (schema.$ref) return fitting(DOCUMENT.components.schemas[schema.$ref.split('/').at(-1)!]!, refs, name);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const types = ([] as string[]).concat(schema.type ?? 'object');
  const thing = refs[name.replace(/Ids?$/, '')];
  return fc.oneof(
    ...types.map((type): fc.Arbitrary<Json> => {
      if (type === 'null') return fc.constant(null);
      if (type === 'boolean') return fc.boolean();
      if (type === 'number' || type === 'integer') {
        const { minimum: min = -1000, maximum: max = 1000 } = schema;
        return fc.integer({ min: Math.ceil(min), max: Math.floor(max) });
      }
      if (type === 'array')
        return fc.array(fitting(schema.items ?? {}, refs, name), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.min(schema.maxItems ?? 3, 3),
        });
      if (type === 'object') return object(schema, refs);
      if (thing) return fc.constant(thing);
      if (schema.format === 'uuid') return fc.uuid();
      if (/On$|^(from|to|until)$/.test(name))
        return fc.constantFrom('2026-01-05', '2026-11-20', '2027-03-01');
      if (name === 'country') return fc.constantFrom('EG', 'MX');
      if (schema.format === 'email') return fc.constantFrom('a@example.org', 'ü@example.org');
      return fc.oneof(
        fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 30, 30) }),
        fc.constantFrom(...HOSTILE).filter((text) => text.length <= (schema.maxLength ?? 1e6)),
      );
    }),
  );
}

function object({ properties = {}, required = [] }: Schema, refs: Refs): fc.Arbitrary<Json> {
  return fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, fitting(each, refs, name)])),
    { requiredKeys: [...required] },
  );
}

/** A body with something at some place in it replaced, added or taken out. */
const spoilt = (body: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .tuple(body, fc.nat(), anything, fc.constantFrom('replace', 'add', 'remove', 'wrap'))
    .map(([given, turn, value, how]) => {
      if (how === 'wrap') return [given, value];
      const copy = structuredClone(given);
      const objects: Record<string, Json>[] = [];
      const visit = (part: Json): void => {
        if (part === null || typeof part !== 'object') return;
        objects.push(part as Record<string, Json>);
        Object.values(part).forEach(visit);
      };
      visit(copy);
      const holder = objects[turn % Math.max(objects.length, 1)];
      if (!holder) return value;
      const keys = Object.keys(holder);
      const key = keys[turn % Math.max(keys.length, 1)];
      if (how === 'add' || key === undefined)
        Object.defineProperty(holder, ['__proto__', 'id', 'state', 'constructor', 'x'][turn % 5]!, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      else if (how === 'remove') delete holder[key];
      else holder[key] = value;
      return copy;
    });

interface Sent {
  readonly type: string;
  readonly body: string;
}
/** What isn't JSON, or not said to be. */
const MALFORMED: readonly Sent[] = [
  ...[
    '{',
    '',
    'null',
    '"x"',
    '{"a":1}}',
    '\ufeff{}',
    '{"a":1,"a":2}',
    '[1,2',
    'nul',
    "{'a':1}",
    '\u0000',
  ].map((body) => ({ type: 'application/json', body })),
  { type: 'application/json', body: '['.repeat(20_000) + ']'.repeat(20_000) },
  { type: 'application/json', body: '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000) },
  { type: 'application/json', body: `{"name":"${'x'.repeat(6 * 1024 * 1024)}"}` },
  { type: 'application/json', body: '{"__proto__":{"a":1}}' },
  { type: 'application/json; charset=utf-16', body: '{}' },
  { type: 'application/json;;;', body: '{}' },
  { type: 'text/html', body: '<p>' },
  { type: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>' },
  { type: 'application/x-www-form-urlencoded', body: 'a[b]=c&__proto__[x]=1' },
  { type: 'multipart/form-data', body: 'no boundary' },
  {
    type: 'multipart/form-data; boundary=x',
    body: '--x\r\ncontent-disposition: form-data; name="__proto__"\r\n\r\n1\r\n--x--\r\n',
  },
  {
    type: 'multipart/form-data; boundary=x',
    body: '--x\r\ncontent-disposition: form-data; name="files"; filename="../../a\u0000.csv"\r\n\r\n1\r\n--x--\r\n',
  },
  {
    type: 'multipart/form-data; boundary=x',
    body: '--x\r\ncontent-disposition: form-data; name="files"; filename="a.svg"\r\ncontent-type: image/svg+xml\r\n\r\n<svg onload="alert(1)"/>',
  },
  { type: 'nonsense', body: '{}' },
];

/** As `encodeURIComponent`, which fails on halves of characters. */
const escaped = (text: string): string => encodeURIComponent(Buffer.from(text).toString('utf8'));

/** A part of an address, also such as no client would make. */
const pathPart: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '%00',
    '%ff',
    '%',
    '%zz',
    '..',
    '.',
    '%2e%2e%2f%2e%2e%2fetc',
    '%0d%0aX:%20y',
    'x'.repeat(3000),
    '🙂'.repeat(3).replace(/./gu, encodeURIComponent),
  ),
  hostileText.map((text) => escaped(text) || '%20'),
);
const hostileCursor = hostileText.map((text) => Buffer.from(text).toString('base64url'));
const headerText = hostileText.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?'));

/** Calls of one operation. */
export function callsOf(
  operation: Operation,
  matrix: Matrix,
  refs: Refs,
  bearer: string,
): fc.Arbitrary<Call> {
  const example = exampleOf(operation, matrix[operation.name] ?? {}, refs);
  const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ weight: 4, arbitrary: usual }, { weight: 1, arbitrary: odd });
  const path = fc
    .tuple(
      ...operation.path
        .split('/')
        .map((part, index) =>
          part.includes('{')
            ? rarely(fc.constant(example.path.split('/')[index]!), pathPart)
            : fc.constant(part),
        ),
    )
    .map((parts) => parts.join('/'));
  const wanted = operation.parameters.filter((parameter) => parameter.in === 'query');
  const query = fc
    .tuple(
      fc.record(
        Object.fromEntries(
          wanted.map(({ name, schema = {} }) => [
            name,
            fc.oneof(
              fitting(schema, refs, name).map(String),
              name === 'cursor' ? hostileCursor : hostileText,
            ),
          ]),
        ),
        { requiredKeys: wanted.filter(({ required }) => required).map(({ name }) => name) },
      ),
      fc.option(
        fc.constantFrom(
          '__proto__[a]=1',
          'limit=1&limit=2',
          'a[b][c]=d',
          'unknown=1',
          '%ff=%ff',
          '&&&=',
          `q=${'x'.repeat(9000)}`,
          'cursor[]=1',
          'name[$ne]=1',
        ),
        { freq: 5 },
      ),
    )
    .map(([values, odd]) => {
      const text = Object.entries(values as Record<string, string>)
        .map(([name, value]) => `${name}=${escaped(value)}`)
        .join('&');
      return [text, odd].filter(Boolean).join('&');
    });
  const schema = operation.body ?? {};
  const good = fc.oneof(...(example.body ? [fc.constant(example.body as Json)] : []), fitting(schema, refs));
  const json = (value: fc.Arbitrary<Json>): fc.Arbitrary<Sent> =>
    value.map((each) => ({ type: 'application/json', body: JSON.stringify(each) }));
  const body: fc.Arbitrary<Sent | null> = fc.oneof(
    { weight: operation.body ? 3 : 6, arbitrary: operation.body ? json(good) : fc.constant(null) },
    { weight: operation.body ? 5 : 1, arbitrary: json(spoilt(good)) },
    { weight: 1, arbitrary: json(anything) },
    { weight: 1, arbitrary: fc.constantFrom(...MALFORMED) },
  );
  const headers = fc.record(
    {
      'if-match': rarely(fc.constant('*'), headerText),
      'idempotency-key': rarely(fc.uuid(), headerText),
      'accept-language': headerText,
      accept: fc.constantFrom('*/*', 'application/x-ndjson', 'text/html', '☃'.replace(/./, '?')),
      'if-none-match': headerText,
    },
    { requiredKeys: [] },
  );
  return fc.tuple(path, query, body, headers).map(([given, search, sent, more]) => ({
    method: operation.method,
    target: given + (search && `?${search}`),
    bearer,
    headers: { ...more, ...(sent && { 'content-type': sent.type }) } as Record<string, string>,
    ...(sent && operation.method !== 'GET' && { body: sent.body }),
  }));
}

/** Calls of one of the identity provider's routes, from a page of ours. */
export function identityCallsOf(target: string): fc.Arbitrary<Call> {
  const text = fc.oneof(hostileText, fc.constantFrom('a@example.org', 'correct horse battery', '/', 'x'));
  const body = fc.dictionary(
    fc.constantFrom('email', 'password', 'name', 'token', 'code', 'callbackURL', 'provider', 'response'),
    fc.oneof(text, anything),
    { minKeys: 1 },
  ) as fc.Arbitrary<Json>;
  const sent = fc.oneof(
    {
      weight: 4,
      arbitrary: body.map((each): Sent => ({ type: 'application/json', body: JSON.stringify(each) })),
    },
    { weight: 1, arbitrary: fc.constantFrom(...MALFORMED) },
  );
  // Each from somewhere else: the same one would soon be told to wait, and nothing more.
  const parts = fc.tuple(fc.constantFrom('GET', 'POST'), sent, text, fc.ipV4());
  return parts.map(([method, { type, body: given }, token, from]) => ({
    method,
    target: method === 'GET' ? `${target}?token=${escaped(token)}&callbackURL=${escaped(token)}` : target,
    headers: {
      origin: 'http://uplift.test',
      'x-forwarded-for': from,
      ...(method === 'POST' && { 'content-type': type }),
    },
    ...(method === 'POST' && { body: given }),
  }));
}

/** Pages and the document behind them that say "unknown" themselves. */
const OWN_NOT_FOUND = /^\/(verify|shared|api\/v1\/verify)\//;

/** What is wrong with an answer, if something is: an error of ours, a refusal that isn't a problem, or an inside shown. */
function faultOf(call: Call, { status, headers, text, code }: Answer): string | null {
  if (status >= 500) return `${status} ${text.slice(0, 300)}`;
  if (
    status >= 400 &&
    /QueryFailedError|syntax error at|violates|node_modules|\bat \S+ \(|\.[jt]s:\d+:\d+/.test(text)
  )
    return `shows its inside: ${text.slice(0, 300)}`;
  if (status < 400 || (status === 404 && OWN_NOT_FOUND.test(call.target))) return null;
  if (!String(headers['content-type']).startsWith('application/problem+json'))
    return `${status} as ${headers['content-type']}: ${text.slice(0, 300)}`;
  if (call.method === 'HEAD') return null;
  const problem = JSON.parse(text) as Record<string, unknown>;
  const whole =
    /^[a-z][a-z0-9-]+$/.test(code ?? '') &&
    problem['status'] === status &&
    typeof problem['title'] === 'string' &&
    typeof problem['instance'] === 'string' &&
    problem['type'] === `https://uplift.example/problems/${code}`;
  return whole ? null : `an incomplete problem: ${text.slice(0, 300)}`;
}

/** Sends all and returns one call of each kind of fault, with the fault. */
export async function faultsOf(url: string, calls: readonly Call[]): Promise<string[]> {
  const found = new Map<string, string>();
  await each(calls, async (call) => {
    const fault = await send(url, call).then(
      (answer) => faultOf(call, answer),
      (error: Error) => `no answer: ${error.message}`,
    );
    const place = call.target.replace(/[?].*|[0-9a-f-]{36}/g, '').slice(0, 60);
    if (fault) found.set(`${call.method} ${place} ${fault.slice(0, 20)}`, `${shown(call)}\n    ${fault}`);
  });
  return [...found.values()];
}

const shown = ({ method, target, headers, body }: Call): string =>
  `${method} ${target.slice(0, 300)} ${JSON.stringify(headers)} ${body === undefined ? '' : JSON.stringify(String(body).slice(0, 300))}`;
