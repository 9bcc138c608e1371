import { createServer, type Server } from 'node:http';
import type { Logger } from 'pino';

/** What a process that has no API tells about itself. */
export interface HealthServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Each thing the process needs, by name; a check that throws or says false makes it not ready. */
  readonly checks: Readonly<Record<string, () => Promise<boolean>>>;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

export interface HealthServer {
  /** The port it listens on; undefined when it could not have the one it wanted. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

/** A check that hangs counts as failed after this long. */
const CHECK_MS = 4000;

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
          const results = Object.fromEntries(
            await Promise.all(
              Object.entries(checks).map(async ([name, check]) => [name, await holds(check)] as const),
            ),
          );
          const ready = Object.values(results).every(Boolean);
          return json(ready ? 200 : 503, { status: ready ? 'ok' : 'not ready', checks: results });
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

async function holds(check: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => (timer = setTimeout(() => done(false), CHECK_MS)));
  return Promise.race([check().catch(() => false), late]).finally(() => clearTimeout(timer));
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
