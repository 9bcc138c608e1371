import { createHash } from 'node:crypto';
import pg from 'pg';

/** Statements a connection keeps at most: each costs the server some 50 to 100 kB. */
const KEPT = 200;
/** Longer ones are lists put together for one occasion; they don't come again. */
const LONGEST = 10_000;

/**
 * A connection that prepares what it is asked a second time. Under row-level security PostgreSQL spends more time on
 * planning a statement than on running it; a prepared one is planned once. The names are of the text, so that whoever
 * watches the server recognises a statement on every connection.
 */
export class PreparingClient extends pg.Client {
  /** Names of the prepared by their text, least recently used first; undefined for one that was asked once. */
  private readonly statements = new Map<string, string | undefined>();
  private retired = 0;

  // The driver's `query` has a dozen overloads; only text with values is ours.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  override query(...args: any[]): any {
    const [text, values, ...rest] = args;
    const ask = super.query as (...given: unknown[]) => unknown;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0 || text.length > LONGEST)
      return ask.apply(this, args);
    const name = this.nameOf(text);
    return name ? ask.call(this, { name, text, values }, ...rest) : ask.apply(this, args);
  }

  private nameOf(text: string): string | undefined {
    const known = this.statements.has(text);
    const name = known ? (this.statements.get(text) ?? this.newName(text)) : undefined;
    this.statements.delete(text);
    this.statements.set(text, name);
    if (this.statements.size > KEPT) this.retire();
    return name;
  }

  /** A name is never used for a second statement, so one that was given up leaves nothing behind. */
  private newName(text: string): string {
    const hash = createHash('sha1').update(text).digest('base64url');
    return this.retired === 0 ? hash : `${hash}.${this.retired}`;
  }

  private retire(): void {
    const [oldest] = this.statements;
    this.statements.delete(oldest![0]);
    if (!oldest![1]) return;
    this.retired += 1;
    // In a transaction that has failed this is refused: then the statement lasts as long as the connection.
    super.query(`DEALLOCATE "${oldest![1]}"`).catch(() => undefined);
  }
}
