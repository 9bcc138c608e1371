import type { OpenAPIObject } from '@nestjs/swagger';

interface Operation {
  summary?: string;
  parameters?: { in?: string; name?: string; [key: string]: unknown }[];
  requestBody?: unknown;
  responses?: Record<string, unknown>;
  security?: unknown;
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
  422: 'A rule of the domain is broken; `errors` says where and how to mend it.',
  429: 'Too many requests; Retry-After says when to try again.',
  500: 'Something went wrong on our side.',
} as const;

const HEADERS = {
  'Idempotency-Key':
    'Made by the caller; the call is carried out once per key, repeated calls get the first answer.',
  'If-Match': 'The ETag as last read; refused with 412 when somebody else was faster.',
} as const;

/** Says of every operation what all have in common: problems, keys against repetition, ETags. The one place for it. */
export function describeCommon(document: OpenAPIObject): OpenAPIObject {
  const components = (document.components ??= {}) as Record<string, Record<string, unknown>>;
  (components['schemas'] ??= {})['Problem'] = PROBLEM;
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
      describe(path, method, operation);
    }
  }
  return document;
}

function describe(path: string, method: string, operation: Operation): void {
  const reads = method === 'get';
  const open = /\/(verify|invitations)\/\{[a-z]+\}$/.test(path) && reads;
  const revisions = method === 'patch' || (!reads && REVISED.test(path));
  const applies = (status: string): boolean =>
    status === '401' || status === '403'
      ? !open
      : status === '404'
        ? path.includes('{')
        : status === '409' || status === '422'
          ? !reads || status === '422'
          : status === '412'
            ? revisions
            : status === '413'
              ? operation.requestBody !== undefined
              : true;
  operation.responses ??= {};
  for (const answer of Object.values(operation.responses) as { description?: string }[])
    answer.description ||= operation.summary ?? '';
  for (const status of Object.keys(PROBLEMS).filter(applies))
    operation.responses[status] ??= { $ref: `#/components/responses/Problem${status}` };
  const header = (name: keyof typeof HEADERS) =>
    (operation.parameters ??= []).push({
      name,
      in: 'header',
      required: false,
      description: HEADERS[name],
      schema: { type: 'string' },
    });
  if (revisions) header('If-Match');
  if (method === 'post') header('Idempotency-Key');
  if (!open) operation.security = [{ bearer: [] }];
}

/** Actions that honour If-Match, beside every PATCH. */
const REVISED =
  /\/assessments\/\{id\}\/(responses|submit|review)|\/visits\/\{id\}\/(outcome|cancellation)|\/certificates\/\{id\}\/decision/;
