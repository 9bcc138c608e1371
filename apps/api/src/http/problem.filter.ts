import { acceptedLocale, DomainError, type FieldProblem } from '#domain';
import { NOT_IMPARTIAL, ORGANISATION_DISSOLVED, sqlStateOf } from '#persistence';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemIn } from './problem-texts/index.js';

const STATUS: Readonly<Record<DomainError['kind'], number>> = {
  invalid: 422,
  conflict: 409,
  stale: 412,
  forbidden: 403,
  'not-found': 404,
  'too-large': 413,
  'too-many': 429,
  unavailable: 503,
};

/** Codes of errors that come from the HTTP layer itself rather than from a rule of the domain. */
const HTTP_CODES: Readonly<Record<number, [code: string, title: string]>> = {
  400: ['invalid-request', 'The request could not be understood.'],
  401: ['sign-in-required', 'Sign in first.'],
  403: ['forbidden', 'You may not do this.'],
  404: ['not-found', 'There is nothing here.'],
  405: ['method-not-allowed', 'This cannot be done here.'],
  408: ['request-too-slow', 'The request took too long to arrive.'],
  413: ['body-too-large', 'The request is larger than allowed.'],
  415: ['media-type-not-supported', 'Send JSON.'],
  429: ['too-many-requests', 'Too many requests; try again in a minute.'],
  431: ['headers-too-large', 'The address or the headers are longer than allowed.'],
};

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly instance: string;
  readonly errors?: readonly FieldProblem[];
}

/** PostgreSQL's codes for values of a request that it cannot hold: a zero byte, a number or day out of range. */
const NOT_STORABLE: readonly string[] = ['22003', '22007', '22008', '22021', '22P02', '22P05'];

/** A problem of this API; `code` is published and never changes. */
function makeProblem(
  status: number,
  code: string,
  title: string,
  instance: string,
  errors?: readonly FieldProblem[],
): Problem {
  return {
    type: `https://uplift.example/problems/${code}`,
    title,
    status,
    code,
    instance,
    ...(errors && errors.length > 0 && { errors }),
  };
}

/**
 * What the identity provider refused, as a problem. Its own code stays in the body as `identityCode`, for clients
 * that are written against it; ours is the same in the form of the others.
 */
export function identityProblem(
  status: number,
  body: { code?: unknown; message?: unknown },
  instance: string,
): Problem & { identityCode?: string } {
  const own = typeof body.code === 'string' && /^[A-Z0-9_]{1,80}$/.test(body.code) ? body.code : undefined;
  // What our own rules for signing in refuse has a code of ours already.
  const ours =
    typeof body.code === 'string' && /^[a-z][a-z0-9-]{1,80}$/.test(body.code) ? body.code : undefined;
  const said = typeof body.message === 'string' ? body.message : 'The request was refused.';
  const [code, title] =
    status >= 500
      ? ['internal-error', INTERNAL]
      : ours
        ? [ours, said]
        : own
          ? [own.toLowerCase().replaceAll('_', '-'), said]
          : (HTTP_CODES[status] ?? ['refused', said]);
  return { ...makeProblem(status, code, title, instance), ...(own && { identityCode: own }) };
}

const INTERNAL = 'Something went wrong on our side; it has been logged.';

/** Why a body could not be read as JSON at all; the field is the body as a whole. Nest keeps Fastify's error as cause. */
function unreadableBody(error: unknown): readonly FieldProblem[] | undefined {
  const { code } = ((error as Error).cause ?? error) as { code?: string };
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY')
    return [{ field: '', message: 'the body is empty', fix: 'Send a JSON object, {} at the least.' }];
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return [{ field: '', message: 'not JSON', fix: 'Send one JSON object, uncompressed, in UTF-8.' }];
  return undefined;
}

/** A zero byte, or half of a surrogate pair: JSON can say it, PostgreSQL cannot hold it. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** Where in a request such a character stands. */
function unstorable(value: unknown, field = ''): FieldProblem[] {
  if (typeof value === 'string')
    return UNSTORABLE.test(value)
      ? [{ field, message: 'holds a character that is none (NUL or half a pair)', fix: 'Take it out.' }]
      : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    unstorable(inner, `${field}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

/** What is told of an error; never more of it than a caller may know. */
export function problemOf(error: unknown, instance: string): Problem {
  const make = (status: number, code: string, title: string, errors?: readonly FieldProblem[]) =>
    makeProblem(status, code, title, instance, errors);
  if (error instanceof DomainError) return make(STATUS[error.kind], error.code, error.message, error.fields);
  const status =
    error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number }).statusCode;
  if (status && status >= 400 && status < 500) {
    const [code, title] = HTTP_CODES[status] ?? ['refused', 'The request was refused.'];
    const fields =
      error instanceof HttpException
        ? (error.getResponse() as { fields?: FieldProblem[] }).fields
        : undefined;
    return make(status, code, title, fields ?? unreadableBody(error));
  }
  const state = sqlStateOf(error) ?? '';
  if (state === ORGANISATION_DISSOLVED) {
    return make(409, 'organisation-dissolved', 'The organisation has left: nothing new begins for it.');
  }
  // The code checks first and says more; here something has changed in between.
  if (state === NOT_IMPARTIAL) {
    return make(403, 'impartiality-breach', 'This would breach a rule of impartiality; look at it again.');
  }
  if (NOT_STORABLE.includes(state)) {
    return make(422, 'value-not-storable', 'A value holds a character or number that cannot be stored.');
  }
  return make(500, 'internal-error', INTERNAL);
}

/** A problem in the language its reader asks for (`Accept-Language`), with the headers that say so. */
export function inReadersLanguage<P extends Problem>(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: P,
): P {
  const locale = acceptedLocale(request.headers['accept-language']) ?? 'en';
  void reply.headers({ 'content-language': locale, vary: 'accept-language' });
  return problemIn(problem, locale);
}

/** Every error leaves as problem details (RFC 9457) with a stable code, and never with a stack trace. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const told = problemOf(error, request.url.split('?')[0] ?? '');
    const faults = told.code === 'value-not-storable' ? unstorable(request.body) : [];
    const problem = faults.length > 0 ? { ...told, errors: faults } : told;
    if (problem.status >= 500) request.log.error({ err: error }, 'request failed');
    void reply
      .status(problem.status)
      .type('application/problem+json')
      .send(inReadersLanguage(request, reply, problem));
  }
}
