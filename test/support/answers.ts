import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface Answer {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

const document = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../openapi.json'), 'utf8')) as {
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, Answer> }>>;
  readonly components: { readonly responses: Record<string, Answer> };
};
const ajv = new Ajv2020({ allErrors: true, strict: false });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(document, 'openapi.json');

const pointer = (...steps: string[]): string =>
  `openapi.json#/${steps.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
const validators = new Map<string, ValidateFunction>();
function validator(at: string): ValidateFunction {
  const known = validators.get(at) ?? ajv.compile({ $ref: at });
  validators.set(at, known);
  return known;
}
const inWords = ({ instancePath, message, params }: ErrorObject): string =>
  `${instancePath.replaceAll(/\/\d+/g, '/…') || '/'} ${message} ${JSON.stringify(Object.values(params)[0] ?? '')}`;

/**
 * Holds every answer below `/api/v1` against what openapi.json says of its operation: media type, ETag and, to the last
 * property, JSON.
 * @returns what differed so far, each once
 */
export function watchAnswers(fastify: FastifyInstance): () => string[] {
  const found = new Set<string>();
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const path = request.routeOptions.url?.replaceAll(/:(\w+)/g, '{$1}');
    if (path?.startsWith('/api/v1/'))
      for (const difference of differences(request.method.toLowerCase(), path, reply, payload))
        found.add(`${request.method} ${path} ${reply.statusCode}: ${difference}`);
    done();
  });
  return () => [...found];
}

function differences(
  method: string,
  path: string,
  reply: { statusCode: number; getHeader(name: string): unknown },
  payload: unknown,
): string[] {
  const status = String(reply.statusCode);
  const operation = document.paths[path]?.[method];
  if (!operation) return ['the operation is not described; npm run openapi?'];
  const said = operation.responses[status];
  if (!said) return ['the status is not described'];
  const [kind, name] = said.$ref?.split('/').slice(-2) ?? [];
  const answer = kind ? document.components.responses[name!]! : said;
  const at = kind ? ['components', kind, name!] : ['paths', path, method, 'responses', status];
  const all: string[] = [];
  const isJson = answer.content?.['application/json'] !== undefined;
  const etag = reply.getHeader('etag') !== undefined;
  if (etag ? !answer.headers?.['ETag'] && status !== '304' : isJson && answer.headers?.['ETag'])
    all.push(`ETag is ${etag ? 'sent' : 'described'} only`);
  if (payload === undefined || payload === null || payload === '')
    return answer.content ? [...all, 'nothing was sent'] : all;
  const mediaType = String(reply.getHeader('content-type')).split(';')[0]!;
  if (!answer.content?.[mediaType]) return [...all, `${mediaType} is not described`];
  if (!mediaType.endsWith('json') || typeof payload !== 'string') return all;
  const validate = validator(pointer(...at, 'content', mediaType, 'schema'));
  if (!validate(JSON.parse(payload))) all.push(...validate.errors!.map(inWords));
  return all;
}
