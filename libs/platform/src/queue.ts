import {
  createPostgresBackend,
  createRedisBackend,
  runMigrations,
  withBackend,
  type Job,
  type Queue,
  type Worker,
} from 'bullmq';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.js';
import { withLogContext, withoutPeople } from './logger.js';
import type { JobMetrics } from './metrics.js';

/** The one queue of the product, and the PostgreSQL schema its tables live in. */
export const QUEUE_NAME = 'uplift';
export const QUEUE_SCHEMA = 'jobs';

/** States of jobs that are counted for operators. Those that let all others go first are `prioritized`. */
export const JOB_STATES = ['waiting', 'prioritized', 'active', 'delayed', 'failed'] as const;

/** What a handler knows about its job besides the payload. */
export interface JobContext {
  /** The outbox id: the same at every attempt, so work is made idempotent by it. */
  readonly id: string;
  readonly name: string;
  /** 1 at the first attempt. */
  readonly attempt: number;
  readonly attempts: number;
  /** When the job came into the queue, milliseconds since 1970: after the commit that called for it. */
  readonly queuedAt: number;
}

/** Does one kind of job. May run more than once for the same id; what it returns is kept with the job. */
export type Handler<Payload = never> = (payload: Payload, context: JobContext) => Promise<unknown>;

/** Every job name with its handler: a complete record, so that the compiler misses none. */
export type Handlers<Name extends string = string> = Readonly<Record<Name, Handler>>;

type Payload = Record<string, unknown>;
export type JobQueue = Queue<Payload, unknown, string>;
export type JobWorker = Worker<Payload, unknown, string>;
export type QueueConfig = Pick<Config, 'databaseUrl' | 'redisUrl'>;

export interface WorkerOptions {
  /** Jobs at the same time in this process. */
  readonly concurrency?: number;
  readonly logger?: Logger;
  readonly metrics?: JobMetrics;
  /** After this long without a sign of life a job counts as lost and another worker takes it. */
  readonly lockMilliseconds?: number;
}

export interface QueueOptions {
  readonly logger?: Logger;
  readonly attempts?: number;
  /** First pause before a retry; doubles each time, with up to a fifth taken off at random. */
  readonly backoffMilliseconds?: number;
}

/** A failed job as an operator sees it. */
export interface FailedJob {
  readonly id: string;
  readonly name: string;
  readonly payload: Payload;
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: Date | null;
}

/**
 * BullMQ asks for the next job again at once when asking failed with anything but a refused connection (a server that
 * shuts down, a connection cut off): thousands of times a second, each logged. Here it waits a second first.
 */
const patientPostgresBackend: typeof createPostgresBackend = (...given) => {
  const backend = createPostgresBackend(...given);
  const take = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...asked) => {
    try {
      return await take(...asked);
    } catch (error) {
      await pause(1000);
      throw error;
    }
  };
  return backend;
};

/** BullMQ's classes on the backend that the configuration names: the only place that knows which one it is. */
function backend(config: QueueConfig, poolSize: number) {
  if (config.redisUrl) {
    return {
      ...withBackend(createRedisBackend),
      connection: { url: config.redisUrl, maxRetriesPerRequest: null },
    };
  }
  const connection = {
    connectionString: config.databaseUrl,
    schema: QUEUE_SCHEMA,
    max: poolSize,
    keepAlive: true,
  };
  return { ...withBackend(patientPostgresBackend), connection };
}

/** Brings the queue's tables to the newest version; nothing to do for Redis. Running it twice changes nothing. */
export async function migrateQueue(config: QueueConfig): Promise<void> {
  if (config.redisUrl) return;
  const client = new pg.Client({ connectionString: config.databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await runMigrations(client, QUEUE_SCHEMA);
  } finally {
    await client.end();
  }
}

/** The queue for adding and looking at jobs. Close it before the database stops. */
export function makeQueue(config: QueueConfig, options: QueueOptions = {}): JobQueue {
  const { Queue: BackedQueue, connection } = backend(config, 4);
  const queue = new BackedQueue(QUEUE_NAME, {
    connection: connection as never,
    defaultJobOptions: {
      attempts: options.attempts ?? 5,
      backoff: { type: 'exponential', delay: options.backoffMilliseconds ?? 2000, jitter: 0.2 },
      // A finished job is kept for a week: its id is what makes a second delivery of the same outbox row harmless.
      removeOnComplete: { age: 7 * 24 * 3600, count: 20_000 },
      removeOnFail: false,
    },
  }) as unknown as JobQueue;
  queue.on('error', (error) => options.logger?.error({ err: error }, 'queue connection'));
  return queue;
}

/** A worker that runs the handlers. `close()` waits for the running jobs. */
export function makeWorker<Name extends string>(
  config: QueueConfig,
  handlers: Handlers<Name>,
  options: WorkerOptions = {},
): JobWorker {
  const { logger, metrics } = options;
  const concurrency = options.concurrency ?? 10;
  const lockDuration = options.lockMilliseconds ?? 15_000;
  const { Worker: BackedWorker, connection } = backend(config, Math.min(concurrency, 10) + 2);

  const process = async (job: Job<Payload>): Promise<unknown> => {
    const context: JobContext = {
      id: job.id!,
      name: job.name,
      attempt: job.attemptsMade + 1,
      attempts: job.opts.attempts ?? 1,
      queuedAt: job.timestamp,
    };
    const { _requestId: requestId, ...payload } = job.data;
    return withLogContext(
      {
        ...(typeof requestId === 'string' && { requestId }),
        jobId: context.id,
        job: context.name,
        attempt: context.attempt,
      },
      async () => {
        const started = performance.now();
        if (!Object.hasOwn(handlers, job.name))
          throw new Error(`There is no handler for the job "${job.name}".`);
        try {
          const result = await handlers[job.name as Name](payload as never, context);
          metrics?.done(job.name, (performance.now() - started) / 1000);
          logger?.info({ ms: Math.round(performance.now() - started) }, 'job done');
          return result ?? null;
        } catch (error) {
          const last = context.attempt >= context.attempts;
          metrics?.failed(job.name, last);
          logger?.[last ? 'error' : 'warn'](
            { err: error },
            last ? 'job failed for good' : 'job failed, will be tried again',
          );
          throw withoutPeopleIn(error);
        }
      },
    );
  };

  const worker = new BackedWorker(QUEUE_NAME, process as never, {
    connection: connection as never,
    concurrency,
    lockDuration,
    stalledInterval: lockDuration,
    // A worker that is killed over and over must not turn good jobs into failed ones at once.
    maxStalledCount: 5,
  }) as unknown as JobWorker;
  worker.on('error', (error) => logger?.error({ err: error }, 'worker connection'));
  worker.on('stalled', (jobId) =>
    logger?.warn({ jobId }, 'job was lost by a worker and goes back into the queue'),
  );
  return worker;
}

/** The error as it is kept with the job, until an operator has dealt with it: a refused mail names whom it was for. */
function withoutPeopleIn(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  error.message = withoutPeople(error.message);
  if (error.stack) error.stack = withoutPeople(error.stack);
  return error;
}

/** The queue and its workers for one configuration. */
export interface Queues {
  readonly kind: 'postgres' | 'redis';
  migrate(): Promise<void>;
  makeQueue(options?: QueueOptions): JobQueue;
  makeWorker<Name extends string>(handlers: Handlers<Name>, options?: WorkerOptions): JobWorker;
}

/** BullMQ on PostgreSQL, or on Redis when the configuration has a `redisUrl`; the rest of the product sees no difference. */
export function createQueues(config: QueueConfig): Queues {
  return {
    kind: config.redisUrl ? 'redis' : 'postgres',
    migrate: () => migrateQueue(config),
    makeQueue: (options) => makeQueue(config, options),
    makeWorker: (handlers, options) => makeWorker(config, handlers, options),
  };
}

/** The jobs that failed for good, newest first. */
export async function failedJobs(queue: JobQueue, limit = 100): Promise<FailedJob[]> {
  const jobs = await queue.getFailed(0, limit - 1);
  return jobs.map((job) => ({
    id: job.id!,
    name: job.name,
    payload: job.data,
    reason: job.failedReason ?? '',
    attempts: job.attemptsMade,
    failedAt: job.finishedOn ? new Date(job.finishedOn) : null,
  }));
}

/** Puts a failed job back into the queue with all its attempts. Returns false when there is no such failed job. */
export async function retryFailedJob(queue: JobQueue, id: string): Promise<boolean> {
  const job = await queue.getJob(id);
  if (!job || !(await job.isFailed())) return false;
  await job.retry('failed', { resetAttemptsMade: true });
  return true;
}
