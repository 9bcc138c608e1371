import type { Database } from '#persistence';
import { FolderDocumentStore } from '#platform';
import { readFileSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { contentRoot } from '../schemas.js';

/** Kinds of things with a retention of so many days. */
type Dated = 'idempotency-keys' | 'sign-in' | 'exports' | 'mails' | 'invitations';
/** Kinds of things kept as long as the programme says. */
type ByProgramme =
  'audit-trail' | 'documents' | 'organisations' | 'certificate-names' | 'complaints' | 'operations';

/** How long things are kept (format `uplift.retention/1`). */
export interface RetentionRules {
  readonly format: 'uplift.retention/1';
  readonly rules: readonly (
    | { readonly what: Dated; readonly keepDays: number }
    | { readonly what: ByProgramme; readonly keep: 'programme' }
  )[];
}

/** The rules that ship with the product: `checklists/rules/retention.yaml`. */
export const retentionRules = (): RetentionRules =>
  parse(readFileSync(join(contentRoot(), 'rules', 'retention.yaml'), 'utf8')) as RetentionRules;

/** How many days a kind of thing is kept. */
export function keepDays(what: Dated, { rules }: RetentionRules = retentionRules()): number {
  const rule = rules.find((each) => each.what === what);
  if (!rule || !('keepDays' in rule)) throw new Error(`The retention rules say nothing of ${what}.`);
  return rule.keepDays;
}

const DAY = 86_400_000;

/** Lets go what need not be kept any longer. For the worker, once a day; running it twice does no harm. */
export class Retention {
  constructor(
    private readonly db: Database,
    private readonly dataDir: string,
    private readonly rules: RetentionRules = retentionRules(),
  ) {}

  /** Applies every rule; returns how many things of each kind went. */
  async sweep(now = new Date()): Promise<Record<string, number>> {
    const gone: Record<string, number> = {};
    for (const rule of this.rules.rules)
      gone[rule.what] = await this.work[rule.what]('keepDays' in rule ? rule.keepDays : 0, now);
    await this.removeForgotten(now);
    return gone;
  }

  /** Removes the bytes of documents that no row names any more. A day's grace: bytes are written before their row. */
  private async removeForgotten(now: Date): Promise<void> {
    const store = new FolderDocumentStore(join(this.dataDir, 'documents'));
    for await (const names of store.namesBefore(new Date(now.getTime() - DAY))) {
      const kept: { sha256: string }[] = await this.db.as({}, (tx) =>
        tx.query(`SELECT sha256 FROM document WHERE sha256 = ANY ($1)`, [names]),
      );
      const known = new Set(kept.map(({ sha256 }) => sha256));
      for (const name of names) if (!known.has(name)) await store.remove(name);
    }
  }

  private readonly work: Record<Dated | ByProgramme, (days: number, now: Date) => Promise<number>> = {
    'idempotency-keys': async (days) =>
      this.db.as({}, async (tx) => {
        const [, count] = await tx.query(
          `DELETE FROM idempotency_key WHERE created_at < now() - make_interval(days => $1)`,
          [days],
        );
        return count;
      }),
    'sign-in': (days) => this.count(`SELECT sweep_sign_in(make_interval(days => $1)) AS n`, [days]),
    // The day was set when the archive was made, so that its owner was told the truth.
    exports: (_days, now) => this.endExports(now),
    mails: (days, now) => removeOlder(join(this.dataDir, 'mail'), '.eml', now.getTime() - days * DAY),
    invitations: (days) => this.count(`SELECT forget_invited(make_interval(days => $1)) AS n`, [days]),
    'audit-trail': () => this.forgetTrails(),
    documents: () => this.count(`SELECT forget_due_documents() AS n`),
    organisations: () => this.count(`SELECT pseudonymise_due_organisations() AS n`),
    'certificate-names': () => this.count(`SELECT pseudonymise_due_certificates() AS n`),
    complaints: () => this.count(`SELECT forget_due_complaints() AS n`),
    operations: () => this.count(`SELECT forget_due_operations() AS n`),
  };

  private count(sql: string, values: unknown[] = []): Promise<number> {
    return this.db.as({}, async (tx) => Number((await tx.query(sql, values))[0].n));
  }

  private async endExports(now: Date): Promise<number> {
    const rows: { id: string }[] = await this.db.as({}, (tx) =>
      tx.query(`SELECT id FROM data_export WHERE state = 'ready' AND expires_at < $1`, [now]),
    );
    for (const { id } of rows) {
      await rm(join(this.dataDir, 'exports', `${id}.zip`), { force: true });
      await this.db.as({}, (tx) => tx.query(`UPDATE data_export SET state = 'expired' WHERE id = $1`, [id]));
    }
    // What a worker left behind that died while writing.
    await removeOlder(join(this.dataDir, 'exports'), '.part', now.getTime() - DAY);
    return rows.length;
  }

  private async forgetTrails(): Promise<number> {
    let gone = 0;
    for (let after: string | null = null; ;) {
      const heads: { id: string }[] = await this.db.as({}, (tx) =>
        tx.query(
          `SELECT organisation_id AS id FROM audit_head WHERE $1::uuid IS NULL OR organisation_id > $1 ORDER BY 1 LIMIT 500`,
          [after],
        ),
      );
      for (const { id } of heads) gone += await this.count(`SELECT forget_due_audit($1) AS n`, [id]);
      if (heads.length === 0) return gone;
      after = heads.at(-1)!.id;
    }
  }
}

/** Removes files of a folder that were last written before a moment. */
async function removeOlder(folder: string, ending: string, before: number): Promise<number> {
  let gone = 0;
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((each) => each.endsWith(ending))) {
    const file = join(folder, name);
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs >= before) continue;
    await rm(file, { force: true });
    gone += 1;
  }
  return gone;
}
