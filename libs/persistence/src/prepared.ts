import { createHash } from 'node:crypto';
import pg from 'pg';

/** Statements a connection prepares at most: each costs the server some 50 to 100 kB until the connection ends. */
const MOST = 250;
/** Texts a connection remembers to have been asked. */
const REMEMBERED = 1000;
/** Longer ones are lists put together for one occasion; they don't come again. */
const LONGEST = 10_000;

/**
 * A connection that prepares what it is asked a second time. Under row-level security PostgreSQL spends more time on
 * planning a statement than on running it; a prepared one is planned once. The names are of the text, so that whoever
 * watches the server recognises a statement on every connection.
 */
export class PreparingClient extends pg.Client {
  /** Names of the prepared by their text; undefined for what was asked once. */
  private readonly names = new Map<string, string | undefined>();
  private prepared = 0;

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
    const known = this.names.get(text);
    if (known) return known;
    if (!this.names.has(text)) {
      if (this.names.size < REMEMBERED) this.names.set(text, undefined);
      return undefined;
    }
    if (this.prepared === MOST) return undefined;
    this.prepared += 1;
    const name = createHash('sha1').update(text).digest('base64url');
    this.names.set(text, name);
    return name;
  }
}
