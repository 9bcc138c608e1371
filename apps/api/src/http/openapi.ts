import { applyDecorators } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, type OpenAPIObject } from '@nestjs/swagger';
import { OPEN, SECRET } from './auth.js';

/** Says what a route sends where that isn't JSON, or isn't only. */
export const Produces = (...mediaTypes: string[]) =>
  applyDecorators(ApiProduces(...mediaTypes), ApiOkResponse({ type: String }));

type Schema = Readonly<Record<string, unknown>>;

/** What operations answer, from the types of the sources (scripts/answers.mjs). */
export interface Answers {
  /** The types with a name. */
  readonly schemas: Readonly<Record<string, Schema>>;
  /** Operation id → its JSON; of operations that send any. */
  readonly answers: Readonly<Record<string, Schema>>;
}

interface Answer {
  description?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema: Schema }>;
}

interface Operation {
  operationId: string;
  summary?: string;
  parameters?: { in?: string; name?: string; [key: string]: unknown }[];
  requestBody?: unknown;
  responses?: Record<string, Answer | { $ref: string }>;
  security?: unknown;
  [OPEN]?: boolean;
  [SECRET]?: boolean;
}

const PROBLEM = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'code', 'instance'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'Address of the kind of problem.' },
    title: { type: 'string', description: 'What is wrong, in a sentence.' },
    status: { type: 'integer', description: 'The HTTP status.' },
    code: { type: 'string', description: 'Stable code; never changes.', examples: ['stale-revision'] },
    instance: { type: 'string', description: 'The path that was asked for.' },
    identityCode: { type: 'string', description: "Below /api/auth: the identity provider's own code." },
    errors: {
      type: 'array',
      description: 'Where the trouble is, and how to mend it.',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: {
          field: {
            type: 'string',
            description: 'JSON pointer into the request, or the name of a parameter.',
          },
          message: { type: 'string' },
          fix: { type: 'string', description: 'How to mend it.' },
          file: { type: 'integer', description: 'Of several files the one it is in, counted from 0.' },
          line: { type: 'integer', description: 'Line of that file, counted from 1.' },
          column: { type: 'integer', description: 'Column of that line, counted from 1.' },
        },
      },
    },
  },
};

/** Problems an operation may answer with, each with when. */
const PROBLEMS = {
  400: 'The request could not be understood: a value of the wrong kind, an unknown field.',
  401: 'Nobody is signed in.',
  403: 'The reader sees the thing but may not do this.',
  404: "There is no such thing, or it is not the reader's to see.",
  409: 'It contradicts the present state.',
  412: 'If-Match is not the current ETag.',
  413: 'The body is too large.',
  415: 'The body is of a media type that is not read.',
  422: 'A rule of the domain is broken; `errors` says where and how to mend it.',
  429: 'Too many requests; Retry-After says when to try again.',
  500: 'Something went wrong on our side.',
} as const;

const IDEMPOTENCY_KEY =
  'Made by the caller; the call is carried out once per key, repeated calls get the first answer.';

const ETAG = {
  description: 'What `If-Match` and `If-None-Match` are compared with.',
  schema: { type: 'string' },
};

/** The operations of a document. */
export const operationsOf = (document: OpenAPIObject): Operation[] =>
  Object.values(document.paths).flatMap((item) => Object.values(item) as Operation[]);

/** Says of every operation what it answers, and what all have in common: problems, keys against repetition, ETags. */
export function describeAnswers(document: OpenAPIObject, { schemas, answers }: Answers): OpenAPIObject {
  const components = (document.components ??= {}) as Record<string, Record<string, unknown>>;
  const taken = Object.keys(schemas).filter((name) => components['schemas']?.[name]);
  if (taken.length > 0) throw new Error(`asked and answered, but not the same: ${taken.join(', ')}`);
  components['schemas'] = { ...components['schemas'], ...schemas, Problem: PROBLEM };
  components['responses'] = Object.fromEntries(
    Object.entries(PROBLEMS).map(([status, description]) => [
      `Problem${status}`,
      {
        description,
        ...(status === '429' && {
          headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
        }),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Operation][]) {
      const answer = answers[operation.operationId];
      describeSuccess(operation, answer, hasRevision(answer, schemas));
      describeCommon(path, method, operation);
    }
  }
  return document;
}

const JSON_TYPE = 'application/json';

function describeSuccess(operation: Operation, json: Schema | undefined, hasEtag: boolean): void {
  const { responses = {}, operationId } = operation;
  const schemaOf = (mediaType: string): Schema => {
    if (mediaType !== JSON_TYPE)
      return { type: 'string', ...(!/^text\/|json$/.test(mediaType) && { format: 'binary' }) };
    if (json && json['type'] !== 'string') return json;
    throw new Error(`${operationId} sends no JSON: which media type does it produce, or is it 204?`);
  };
  for (const [status, answer] of Object.entries(responses) as [string, Answer][]) {
    if (!status.startsWith('2')) continue;
    const mediaTypes = Object.keys(answer.content ?? { [JSON_TYPE]: {} });
    if (status === '204') delete answer.content;
    else answer.content = Object.fromEntries(mediaTypes.map((type) => [type, { schema: schemaOf(type) }]));
    if (hasEtag || responses['304']) answer.headers = { ...answer.headers, ETag: ETAG };
  }
}

/** Whether an answer has a revision, which is its ETag then. */
function hasRevision(schema: Schema | undefined, schemas: Answers['schemas']): boolean {
  const named = /[^/]+$/.exec(String(schema?.['$ref'] ?? ''))?.[0];
  const { properties } = ((named && schemas[named]) ?? schema ?? {}) as { properties?: Schema };
  return properties?.['revision'] !== undefined;
}

/** What operations have in common: problems, keys against repetition, who may call. */
function describeCommon(path: string, method: string, operation: Operation): void {
  const reads = ['get', 'head'].includes(method);
  const open = operation[OPEN] === true;
  delete operation[OPEN];
  const revisions = operation.parameters?.some(({ name }) => name === 'If-Match') === true;
  const applies = (status: string): boolean =>
    status === '401'
      ? !open
      : status === '403'
        ? // What changes something may be refused by where it comes from, also without signing in.
          !open || !reads
        : status === '404'
          ? path.includes('{') || operation.requestBody !== undefined
          : status === '409' || status === '422'
            ? !reads || status === '422'
            : status === '412'
              ? revisions
              : status === '413' || status === '415'
                ? !reads
                : true;
  operation.responses ??= {};
  for (const answer of Object.values(operation.responses) as Answer[])
    answer.description ||= operation.summary ?? '';
  for (const status of Object.keys(PROBLEMS).filter(applies))
    operation.responses[status] ??= { $ref: `#/components/responses/Problem${status}` };
  // Where a secret is answered the key is refused, and keys are a person's: without one there is none.
  if (method === 'post' && !open && !operation[SECRET])
    (operation.parameters ??= []).push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: IDEMPOTENCY_KEY,
      schema: { type: 'string', minLength: 1, maxLength: 200 },
    });
  delete operation[SECRET];
  operation.security = open ? [] : [{ bearer: [] }];
}
