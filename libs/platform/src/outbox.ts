import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import { logContext } from './logger.js';
import type { JobQueue } from './queue.js';

// The outbox: work that must happen is a row of the same transaction as the change that calls for it. A trigger of the
// table (see the migrations) tells the relays at commit, whoever inserts.
const CHANNEL = 'uplift_outbox';

/** A pg client, a TypeORM EntityManager or QueryRunner: whoever runs the transaction. */
export interface Queryable {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** Writes work into the outbox, inside the caller's transaction. Returns its id, which becomes the job id. */
export async function appendToOutbox(client: Queryable, name: string, payload: object): Promise<string> {
  const id = randomUUID();
  const requestId = logContext()?.['requestId'];
  const body = JSON.stringify(requestId === undefined ? payload : { ...payload, _requestId: requestId });
  await client.query('INSERT INTO outbox (id, name, payload) VALUES ($1, $2, $3::jsonb)', [id, name, body]);
  return id;
}

export interface RelayOptions {
  readonly logger?: Logger;
  /** Rows per transaction. */
  readonly batch?: number;
  /** How often to look without having been told: covers a lost connection. */
  readonly pollMilliseconds?: number;
  /** How long a row that was handed on is kept for looking at. */
  readonly keepDays?: number;
  /** Jobs that nobody sits waiting for: they are taken when there is nothing else to do. */
  readonly patient?: ReadonlySet<string>;
}

/** Any number above none: BullMQ takes jobs without a priority first. */
const LAST = 10;

export interface OutboxRelay {
  /** Hands on everything that is waiting now; returns how many rows. */
  drain(): Promise<number>;
  /** Hands on what is waiting, then ends the loop and gives its connections back. */
  stop(): Promise<void>;
}

/**
 * Moves outbox rows into the queue with the outbox id as job id. A row is marked only after the queue has it, so a crash
 * in between leads to adding it again, which the queue ignores because it knows the id. Any number of relays may run.
 */
export function relayOutbox(
  pool: Pool,
  queue: Pick<JobQueue, 'addBulk'>,
  options: RelayOptions = {},
): OutboxRelay {
  const { logger, batch = 200, pollMilliseconds = 2000, keepDays = 7, patient } = options;
  let stopped = false;
  let told = false;
  let wake: (() => void) | undefined;
  let listener: PoolClient | undefined;
  let pruneAt = Date.now() + 60_000;

  const nudge = (): void => {
    told = true;
    wake?.();
  };

  const rest = async (milliseconds: number): Promise<void> => {
    if (!told && !stopped) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, milliseconds);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      wake = undefined;
    }
    told = false;
  };

  const listen = async (): Promise<void> => {
    if (listener || stopped) return;
    const client = await pool.connect();
    const lost = (error?: Error): void => {
      if (listener !== client) return;
      listener = undefined;
      client.removeAllListeners('notification');
      client.release(error ?? true);
      if (!stopped) logger?.warn({ err: error }, 'outbox relay lost its connection');
      nudge();
    };
    client.on('notification', nudge);
    client.on('error', lost);
    client.on('end', () => lost());
    listener = client;
    try {
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      lost(error as Error);
      throw error;
    }
  };

  /** One batch in one transaction. */
  const takeBatch = async (): Promise<number> => {
    const client = await pool.connect();
    // A connection that breaks between two statements says so by an event, which ends the process if nobody listens.
    const onError = (): void => undefined;
    client.on('error', onError);
    let broken: Error | undefined;
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ id: string; name: string; payload: Record<string, unknown> }>(
        `SELECT id, name, payload FROM outbox WHERE taken_at IS NULL
         ORDER BY created_at, id LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [batch],
      );
      if (rows.length > 0) {
        await queue.addBulk(
          rows.map(({ id, name, payload }) => ({
            name,
            data: payload,
            opts: { jobId: id, ...(patient?.has(name) && { priority: LAST }) },
          })),
        );
        await client.query('UPDATE outbox SET taken_at = clock_timestamp() WHERE id = ANY($1::uuid[])', [
          rows.map(({ id }) => id),
        ]);
      }
      await client.query('COMMIT');
      return rows.length;
    } catch (error) {
      broken = error as Error;
      await client.query('ROLLBACK').then(
        () => (broken = undefined),
        () => undefined,
      );
      throw error;
    } finally {
      client.release(broken);
      if (!broken) client.removeListener('error', onError);
    }
  };

  const drain = async (): Promise<number> => {
    let count = 0;
    for (let taken = batch; taken === batch; count += taken) taken = await takeBatch();
    return count;
  };

  const prune = async (): Promise<void> => {
    if (Date.now() < pruneAt) return;
    pruneAt = Date.now() + 3600_000;
    await pool.query('DELETE FROM outbox WHERE taken_at < now() - make_interval(days => $1)', [keepDays]);
  };

  const loop = (async () => {
    let pause = pollMilliseconds;
    while (!stopped) {
      try {
        await listen();
        await drain();
        await prune();
        pause = pollMilliseconds;
      } catch (error) {
        if (stopped) break;
        logger?.error({ err: error }, 'outbox relay: will try again');
        told = false;
        pause = Math.min(5000, pause === pollMilliseconds ? 200 : pause * 2);
      }
      await rest(pause);
    }
  })();

  return {
    drain,
    stop: async () => {
      if (stopped) return loop;
      stopped = true;
      nudge();
      await loop;
      await drain().catch((error: unknown) =>
        logger?.warn({ err: error }, 'outbox rows stay for the next start'),
      );
      const client = listener;
      listener = undefined;
      if (client) {
        client.removeAllListeners('notification');
        client.release(true);
      }
    },
  };
}
