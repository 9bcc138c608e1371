import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { type DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import { sqlStateOf } from './refusals.js';

/** Whoever acts in a transaction, as the database's policies and the audit trail know them. */
export interface ActingAs {
  /** A signed-in person. */
  readonly userId?: string;
  /** Somebody without an account who holds a consent link: the grant it stands for. */
  readonly grantId?: string;
  /** Restricts the person to one organisation: what an API token may at most reach. */
  readonly organisationId?: string;
  /** By what the person acts, where it isn't an ordinary session: `token:<id>`, `e-mail-link`, `invitation:<id>`; for the audit trail. */
  readonly by?: string;
  /** Id and address of the request, for the audit trail. */
  readonly requestId?: string;
  readonly address?: string;
}

/** How a use case is carried out, where it isn't as usual. */
export interface Carrying {
  /**
   * Everything is seen as it was at the first statement, whatever others change meanwhile: for what reads in several
   * steps and must not show half of something, for example while a consent is taken back.
   */
  readonly snapshot?: boolean;
  /** How often it is tried in all. */
  readonly attempts?: number;
}

/** What statements are sent through: the transaction of a use case, or the database itself. */
export type Queryable = Pick<EntityManager, 'query'>;

/** Deadlock and serialisation failure: nothing was done, and doing it again is right. */
const AGAIN = ['40001', '40P01'];
const ATTEMPTS = 4;

interface Running {
  readonly actor: ActingAs;
  readonly tx: EntityManager;
}

/**
 * The one way to the database. A use case runs in one transaction in which its actor is set, so that the policies know
 * whom to serve; whatever it calls takes part in that transaction without having to be handed it. Outside of one there is
 * no actor: the API then sees nothing that is anybody's, the worker what its role may see.
 */
export class Database {
  private readonly running = new AsyncLocalStorage<Running>();

  constructor(private readonly source: DataSource) {}

  /**
   * Runs a use case as somebody, in one transaction. The setting lasts for the transaction and no longer, so a pooled
   * connection never serves the next person with the rights of the last. Within a use case of the same actor it takes part
   * in that one's transaction; within one of another it is a part of that transaction in which the actor is set anew. Never
   * does a request hold one connection while it waits for a second: as many at once as there are connections would wait for
   * each other for ever. A deadlock is tried again: `work` does nothing that can't be done twice.
   */
  async as<T>(
    actor: ActingAs,
    work: (tx: EntityManager) => Promise<T>,
    { attempts = ATTEMPTS, snapshot = false }: Carrying = {},
  ): Promise<T> {
    const around = this.running.getStore();
    if (around) return sameActor(around.actor, actor) ? work(around.tx) : this.within(around, actor, work);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(actor, work, snapshot);
      } catch (error) {
        if (attempt >= attempts || !AGAIN.includes(sqlStateOf(error) ?? '')) throw error;
      }
    }
  }

  /** One transaction: that of the use case around it, or one of its own without an actor. */
  transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const around = this.running.getStore();
    return around ? work(around.tx) : this.as(NOBODY, work);
  }

  /** One statement, in the transaction of the use case around it where there is one. */
  // The driver's own type: what comes back is as the statement says.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  query<T = any>(sql: string, parameters?: unknown[]): Promise<T> {
    return (this.running.getStore()?.tx ?? this.source).query<T>(sql, parameters);
  }

  /** Gives the connections back. */
  close(): Promise<void> {
    return this.source.destroy();
  }

  /** A part of a transaction that acts as somebody else; what comes after it acts as before. */
  private async within<T>(
    { actor: before, tx }: Running,
    actor: ActingAs,
    work: (tx: EntityManager) => Promise<T>,
  ): Promise<T> {
    // The request is the same, whoever acts.
    const next = { requestId: before.requestId, address: before.address, ...actor };
    await tx.query(`SAVEPOINT another_actor; ${settings(next)}`);
    try {
      const result = await this.running.run({ actor: next, tx }, () => work(tx));
      await tx.query(`RELEASE SAVEPOINT another_actor; ${settings(before)}`);
      return result;
    } catch (error) {
      // Takes the settings back as well.
      await tx.query('ROLLBACK TO SAVEPOINT another_actor').catch(() => undefined);
      throw error;
    }
  }

  private async once<T>(
    actor: ActingAs,
    work: (tx: EntityManager) => Promise<T>,
    snapshot: boolean,
  ): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      const tx = straight(runner.manager, (await runner.connect()) as pg.PoolClient);
      // One round trip: the values are quoted here, because several statements can't carry parameters.
      await tx.query(`BEGIN${snapshot ? ' ISOLATION LEVEL REPEATABLE READ' : ''}; ${settings(actor)}`);
      try {
        const result = await this.running.run({ actor, tx }, () => work(tx));
        await tx.query('COMMIT');
        return result;
      } catch (error) {
        await tx.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    } finally {
      await runner.release();
    }
  }
}

/**
 * The manager of a transaction whose plain statements go straight to the connection. TypeORM tells its subscribers before
 * and after each; there are none, and a report asks a dozen statements. Answers and errors are as TypeORM gives them.
 */
function straight(manager: EntityManager, connection: pg.PoolClient): EntityManager {
  const query = async (sql: string, parameters?: unknown[]): Promise<unknown> => {
    try {
      const { command, rows, rowCount } = await connection.query(sql, parameters);
      return command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
    } catch (error) {
      throw new QueryFailedError(sql, parameters, error as Error);
    }
  };
  return Object.create(manager, { query: { value: query } }) as EntityManager;
}

const NOBODY: ActingAs = {};

const sameActor = (a: ActingAs, b: ActingAs): boolean =>
  a.userId === b.userId && a.grantId === b.grantId && a.organisationId === b.organisationId && a.by === b.by;

/** The statement that tells the database who acts; every setting is given, so that none is left over. */
function settings({ userId, grantId, organisationId, by, requestId, address }: ActingAs): string {
  const values = {
    user: userId,
    grant: grantId,
    organisation: organisationId,
    by,
    request: requestId,
    address,
  };
  return `SELECT ${Object.entries(values)
    .map(([name, value]) => `set_config('uplift.${name}', ${literal(value ?? '')}, true)`)
    .join(', ')}`;
}

/** A string as SQL has it, safe whatever it holds: backslashes have no meaning, quotes are doubled. */
const literal = (value: string): string => `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`;
