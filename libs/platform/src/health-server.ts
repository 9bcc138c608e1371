import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';

/** Things a process needs, by name. A check that throws, says false or a reason, or takes too long has failed. */
export type HealthChecks = Readonly<Record<string, () => Promise<boolean | string>>>;

/** The body of `GET /health/ready`. */
export interface HealthReport {
  readonly status: 'ok' | 'not ready';
  readonly checks: Readonly<Record<string, boolean>>;
  /** Why a check failed, in words that may be read by anybody: no address, no name of a database. */
  readonly reasons?: Readonly<Record<string, string>>;
}

/** A check that hangs counts as failed after this long. */
const CHECK_MS = 4000;

/** Runs all checks at once and answers within four seconds, whatever they do. */
export async function checkReadiness(checks: HealthChecks, limitMs = CHECK_MS): Promise<HealthReport> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await outcome(check, limitMs)] as const),
  );
  const reasons = results.filter((result): result is [string, string] => result[1] !== true);
  return {
    status: reasons.length === 0 ? 'ok' : 'not ready',
    checks: Object.fromEntries(results.map(([name, result]) => [name, result === true])),
    ...(reasons.length > 0 && { reasons: Object.fromEntries(reasons) }),
  };
}

/** True, or why not. */
async function outcome(check: () => Promise<boolean | string>, limitMs: number): Promise<true | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((done) => {
    timer = setTimeout(() => done(`did not answer within ${limitMs / 1000} seconds`), limitMs);
  });
  const answer = Promise.resolve()
    .then(check)
    .then(
      (result) => (result === false ? 'is not well' : result),
      (error: { code?: unknown }) =>
        `failed${typeof error?.code === 'string' ? ` with ${error.code}` : ''}; the log says more`,
    );
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** What a process that has no API tells about itself. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly checks: HealthChecks;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface HealthServer {
  /** The port it listens on; undefined when it could not have the one it wanted. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

/**
 * Answers `GET /health/live`, `/health/ready` and `/metrics`. A port that is taken is no reason not to work: it is
 * logged, and the process goes on without.
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  const { host, port, checks, metrics, log } = options;
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    const json = (status: number, body: object): void =>
      send(status, 'application/json', JSON.stringify(body));
    const answer = async (): Promise<void> => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { status: 405 });
      switch (request.url?.split('?')[0]) {
        case '/health/live':
          return json(200, { status: 'ok' });
        case '/health/ready': {
          const readiness = await checkReadiness(checks);
          if (readiness.reasons) log.warn({ reasons: readiness.reasons }, 'not ready');
          return json(readiness.status === 'ok' ? 200 : 503, readiness);
        }
        case '/metrics':
          return send(200, 'text/plain; version=0.0.4; charset=utf-8', await metrics());
        default:
          return json(404, { status: 404 });
      }
    };
    answer().catch((error: unknown) => {
      log.warn({ err: error }, 'health answer failed');
      json(500, { status: 500 });
    });
  });
  return listen(server, host, port).then(
    (taken) => {
      log.info({ host, port: taken }, 'health and metrics');
      return { port: taken, close: () => end(server) };
    },
    (error: unknown) => {
      log.warn({ err: error, host, port }, 'no port for health and metrics; working without');
      return { port: undefined, close: () => Promise.resolve() };
    },
  );
}

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      server.on('error', () => undefined);
      const address = server.address();
      done(typeof address === 'object' && address ? address.port : port);
    });
  });

const end = (server: Server): Promise<void> =>
  new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
