import { ADDRESS_HEADER, contentRoot, type Identity, toHeaders } from '#application';
import { DomainError, type FieldProblem } from '#domain';
import { type Config, createLogger, type Metrics, PinoNestLogger, withLogContext } from '#platform';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import multipart from '@fastify/multipart';
import { BadRequestException, ValidationPipe, type ValidationError } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { constants } from 'node:zlib';
import 'reflect-metadata';
import { ApiModule } from './api.module.js';
import { UPLOAD_TYPE } from './evidence.controller.js';
import { identityProblem, inReadersLanguage, ProblemFilter, problemOf } from './http/problem.filter.js';
import { RateLimit } from './http/rate-limit.js';
import { IDENTITY, METRICS } from './http/tokens.js';
import { UPLOAD_LIMIT } from './imports.controller.js';
import { mountWeb } from './web.js';

/** Largest request body. Whole files go through the command line. */
const BODY_LIMIT = 5 * 1024 * 1024;

function fieldsOf(errors: readonly ValidationError[], path = ''): FieldProblem[] {
  return errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((message) => ({
      field: `${path}/${error.property}`,
      message,
    })),
    ...fieldsOf(error.children ?? [], `${path}/${error.property}`),
  ]);
}

/** Builds the API, ready to listen. `preview` builds it without connecting to anything (for the OpenAPI document). */
export async function createApi(config: Config, preview = false): Promise<NestFastifyApplication> {
  const logger = createLogger(config, 'api');
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    trustProxy: config.trustProxy,
    routerOptions: { maxParamLength: 200 },
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    clientErrorHandler: answerUnreadable,
    // Addresses that cannot be read never reach Nest's filters.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
      const problem = inReadersLanguage(request, reply, problemOf(error, request.url.split('?')[0] ?? ''));
      void reply
        .status(problem.status)
        .headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'" })
        .type('application/problem+json')
        .send(problem);
    },
  } as never);
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(config), adapter, {
    logger: preview ? false : new PinoNestLogger(logger),
    preview,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: (errors) => new BadRequestException({ fields: fieldsOf(errors) }),
    }),
  );
  if (preview) return app;
  const document = readFileSync(join(contentRoot(), '../openapi.json'));
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  await fastify.register(helmet as never, {
    // What isn't a page loads nothing and is framed by nobody; pages say what they need (http/page.ts).
    contentSecurityPolicy: {
      useDefaults: false,
      directives: Object.fromEntries(
        ['defaultSrc', 'baseUri', 'formAction', 'frameAncestors'].map((each) => [each, ["'none'"]]),
      ),
    },
  });
  await app.get(RateLimit).mount(fastify);
  // Lists and reports shrink to a tenth: most readers are on a phone. What comes in is never unpacked.
  await fastify.register(compress as never, {
    globalDecompression: false,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } },
  });
  refuseOddBodies(fastify);
  await fastify.register(multipart as never, {
    limits: { fileSize: UPLOAD_LIMIT, files: 8, fields: 8, fieldSize: 200_000 },
  });
  // Left where it is: whoever receives an upload reads it from the request, piece by piece.
  fastify.addContentTypeParser(UPLOAD_TYPE, (_request, _payload, done) => done(null));
  fastify.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(document));
  mountIdentity(fastify, app.get<Identity>(IDENTITY), config.baseUrl);
  mountWeb(fastify);
  watchRequests(fastify, app.get<Metrics>(METRICS));
  app.enableShutdownHooks([]);
  return app;
}

/** What isn't HTTP, or too much of it, never becomes a request: Node has nobody else to ask what to say. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const statusCode = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const body = JSON.stringify(problemOf({ statusCode }, ''));
  socket.end(
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Bodies nested deeper than any of ours would exhaust the stack of whatever walks through them. */
const DEEPEST_BODY = 64;
/** Half of a surrogate pair: on its way to the database it would become another character, and nobody would be told. */
const HALF = /\p{Surrogate}/u;

function refuseOddBodies(fastify: FastifyInstance): void {
  fastify.addHook('preValidation', (request, _reply, done) => {
    let level: unknown[] = [request.body];
    for (let depth = 0; level.length > 0 && depth <= DEEPEST_BODY; depth += 1) {
      if (level.some((value) => typeof value === 'string' && HALF.test(value)))
        return done(
          new DomainError('value-not-storable', 'A value holds half a character, which cannot be stored.'),
        );
      level = level.flatMap((value) =>
        typeof value === 'object' && value !== null ? Object.values(value) : [],
      );
    }
    if (level.length === 0) return done();
    done(
      new DomainError('body-too-deep', `The body is nested deeper than ${DEEPEST_BODY} levels.`, [
        { field: '', message: 'nested too deeply', fix: 'Send what the operation describes.' },
      ]),
    );
  });
}

/** The identity provider answers everything below `/api/auth/` itself. */
function mountIdentity(fastify: FastifyInstance, identity: Identity, baseUrl: string): void {
  fastify.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    async handler(request, reply) {
      // Not the host the caller names: what is ours doesn't depend on it.
      const url = new URL(request.url, new URL(baseUrl).origin);
      const headers = toHeaders(request.headers);
      headers.delete('content-length');
      // Node's own fetch sets this without the rest of a browser's headers, and would be taken for a browser that hides
      // where it comes from. Browsers say Sec-Fetch-Site too, and theirs stays.
      if (!headers.has('sec-fetch-site')) headers.delete('sec-fetch-mode');
      headers.set(ADDRESS_HEADER, request.ip);
      const asked = new Request(url, {
        method: request.method,
        headers,
        ...(request.body ? { body: JSON.stringify(request.body) } : {}),
      });
      const response = await identity.handle(asked).catch((error: unknown) => {
        const problem = inReadersLanguage(request, reply, problemOf(error, url.pathname));
        if (!(error instanceof DomainError)) request.log.error({ err: error }, 'request failed');
        return new Response(JSON.stringify(problem), {
          status: problem.status,
          headers: { 'content-type': 'application/problem+json' },
        });
      });
      void reply.status(response.status);
      response.headers.forEach((value, name) => {
        if (name !== 'set-cookie') void reply.header(name, value);
      });
      const cookies = response.headers.getSetCookie();
      if (cookies.length > 0) void reply.header('set-cookie', cookies);
      const ours = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
      if (response.status >= 400 && !ours) {
        const refusal = (await response.json().catch(() => null)) as Record<string, unknown> | null;
        const wait = response.headers.get('x-retry-after');
        if (wait) void reply.header('retry-after', wait);
        void reply.removeHeader('content-length').type('application/problem+json');
        return reply.send(
          JSON.stringify(
            inReadersLanguage(
              request,
              reply,
              identityProblem(response.status, refusal ?? {}, request.url.split('?')[0] ?? ''),
            ),
          ),
        );
      }
      return reply.send(response.body ? Buffer.from(await response.arrayBuffer()) : null);
    },
  });
}

/** Times every request, by route pattern, and gives its log lines the request id. */
function watchRequests(fastify: FastifyInstance, metrics: Metrics): void {
  // Whoever asked before the end keeps its connection otherwise, and the process waits for it until it is killed.
  let closing = false;
  fastify.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    withLogContext({ requestId: request.id }, done);
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'request',
    );
    done();
  });
}
