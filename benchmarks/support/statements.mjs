/** Looks over the shoulder of every PostgreSQL client of this process. */
import { performance } from 'node:perf_hooks';
import pg from 'pg';

let watching;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (...args) {
  const statement =
    typeof args[0] === 'string'
      ? { text: args[0], values: Array.isArray(args[1]) ? args[1] : [] }
      : {
          name: args[0]?.name,
          text: args[0]?.text,
          values: args[0]?.values ?? (Array.isArray(args[1]) ? args[1] : []),
        };
  if (!watching || !statement.text) return query.apply(this, args);
  const entry = { ...statement, options: this.connectionParameters?.options, ms: 0 };
  watching.push(entry);
  const from = performance.now();
  const end = (result) => {
    entry.ms = performance.now() - from;
    if (result) entry.rows = rowsOf(result);
  };
  const last = args.at(-1);
  if (typeof last === 'function') {
    args[args.length - 1] = (...answer) => {
      end(answer[1]);
      last(...answer);
    };
    return query.apply(this, args);
  }
  const result = query.apply(this, args);
  if (typeof result?.then === 'function') result.then(end, () => end());
  return result;
};

/** The statements issued while `work` runs, in order, with values and times. */
export async function statementsOf(work) {
  watching = [];
  try {
    await work();
    return watching;
  } finally {
    watching = undefined;
  }
}

/** How many rows a statement gave; of several in one text: the last one's. */
export const rowsOf = (result) => (Array.isArray(result) ? result.at(-1) : result).rows.length;

/** A statement in one line. */
export const short = (text) => text.replace(/\s+/g, ' ').trim().slice(0, 150);
