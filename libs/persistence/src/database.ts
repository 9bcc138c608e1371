import type { DataSource, EntityManager } from 'typeorm';

/** Whoever acts in a transaction, as the database's policies and the audit trail know them. */
export interface ActingAs {
  /** A signed-in person. */
  readonly userId?: string;
  /** Somebody without an account who holds a consent link: the grant it stands for. */
  readonly grantId?: string;
  /** Restricts the person to one organisation: what an API token may at most reach. */
  readonly organisationId?: string;
  /** Id and address of the request, for the audit trail. */
  readonly requestId?: string;
  readonly address?: string;
}

/** What a use case does its work with: statements inside the actor's transaction. */
export type Tx = Pick<EntityManager, 'query'>;

/** Deadlock and serialisation failure: nothing was done, and doing it again is right. */
const AGAIN = ['40001', '40P01'];
const ATTEMPTS = 4;

/** The one way to the database: a transaction in which the actor is set, so that the policies know whom to serve. */
export class Database {
  constructor(private readonly source: DataSource) {}

  /**
   * Runs a use case as somebody. The setting lasts for the transaction and no longer, so a pooled connection never serves
   * the next person with the rights of the last. A deadlock is tried again, which is why `work` touches nothing but the
   * database.
   */
  async as<T>(actor: ActingAs, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(actor, work);
      } catch (error) {
        const code = (error as { driverError?: { code?: string } }).driverError?.code ?? '';
        if (attempt === ATTEMPTS || !AGAIN.includes(code)) throw error;
      }
    }
  }

  private async once<T>(actor: ActingAs, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.source.createQueryRunner();
    try {
      // One round trip: the values are quoted here, because several statements can't carry parameters.
      await runner.query(`BEGIN; ${settings(actor)}`);
      try {
        const result = await work(runner.manager);
        await runner.query('COMMIT');
        return result;
      } catch (error) {
        await runner.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    } finally {
      await runner.release();
    }
  }
}

/** The statement that tells the database who acts; every setting is given, so that none is left over. */
function settings({ userId, grantId, organisationId, requestId, address }: ActingAs): string {
  const values = { user: userId, grant: grantId, organisation: organisationId, request: requestId, address };
  return `SELECT ${Object.entries(values)
    .map(([name, value]) => `set_config('uplift.${name}', ${literal(value ?? '')}, true)`)
    .join(', ')}`;
}

/** A string as SQL has it, safe whatever it holds: backslashes have no meaning, quotes are doubled. */
const literal = (value: string): string => `'${value.replaceAll('\0', '').replaceAll("'", "''")}'`;
