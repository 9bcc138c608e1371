import { addDays, type AuditEntry, INSTALLATION } from '#domain';
import type { ActingAs, Database, Queryable } from '#persistence';
import { type AuditKeys, lineOf, type SignedCheckpoint, signCheckpoint } from '#platform';
import { notFound, type Actor } from '../actor.js';
import { headOf, openTrail } from './checkpoints.js';

/** Which entries; days are UTC, both included. */
export interface AuditFilter {
  /** Table a change was made to. */
  readonly subject?: string;
  /** Id of the person, or `worker`, `operator`, `grant:<id>`. */
  readonly actor?: string;
  /** By what the person acted: `token:<id>`, `e-mail-link`, `invitation:<id>`. */
  readonly by?: string;
  readonly from?: string;
  readonly to?: string;
}

/** An entry for reading: the body taken apart. */
export interface ReadEntry {
  readonly seq: number;
  readonly prev: string;
  readonly hash: string;
  /** Version of what follows: `audit-entry.schema.json`. */
  readonly v: 1;
  readonly at: string;
  /** Id of a person, `grant:<id>`, `worker`, `operator` or `anybody`. */
  readonly actor: string;
  /** Name of the person, in the installation's own trail. Not part of the chain. */
  readonly actorName?: string;
  /** By what the person acted: `token:<id>` of an API token, `e-mail-link`, `invitation:<id>`. Left out: by signing in. */
  readonly by?: string;
  /** Name of the token, for the owners of its organisation. Not part of the chain. */
  readonly byName?: string;
  /** Title and version of the checklist whose withdrawal or translation it is. Not part of the chain. */
  readonly about?: string;
  readonly request: string | null;
  /** Network of the address. */
  readonly from: string | null;
  /** The table. */
  readonly subject: string;
  readonly action: 'insert' | 'update' | 'delete' | 'forget';
  readonly rows: readonly AuditedRow[] | AuditedMany;
}

/** A row's key, and what it was and became. */
export interface AuditedRow {
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** Of a statement that touched more than 1,000 rows: how many, and a SHA-256 of them. */
export interface AuditedMany {
  readonly count: number;
  readonly digest: string;
}

/** Entries a statement while streaming; one that holds a whole assessment's answers has 80 KB. */
const BATCH = 100;

/** The audit trail of an organisation, for its owners; that of the installation itself, for whoever looks after it. */
export class AuditService {
  constructor(
    private readonly db: Database,
    private readonly keys: () => Promise<AuditKeys>,
  ) {}

  /** One page, newest last. `cursor` is the place after which it begins. @throws DomainError `not-found`. */
  async page(
    actor: Actor,
    organisation: string,
    filter: AuditFilter,
    page: { readonly cursor?: string; readonly limit?: number },
  ): Promise<{ items: ReadEntry[]; nextCursor: string | null }> {
    mustRead(actor, organisation);
    const limit = page.limit ?? 50;
    return this.db.as(actor, async (tx) => {
      const entries = await entriesOf(tx, organisation, filter, Number(page.cursor ?? 0), limit + 1);
      const read = entries.slice(0, limit).map(({ seq, prev, hash, body }) => ({
        seq: seq!,
        prev,
        hash,
        ...(JSON.parse(body) as Omit<ReadEntry, 'seq' | 'prev' | 'hash'>),
      }));
      const tokens = await tokenNames(tx, read);
      // An owner finds them among the members of the organisation.
      const people = organisation === INSTALLATION ? await personNames(tx, read) : new Map<string, string>();
      const editions =
        organisation === INSTALLATION ? await editionNames(tx, read) : new Map<string, string>();
      const items = read.map((entry) => {
        const byName = tokens.get(entry.by ?? '');
        const actorName = people.get(entry.actor);
        const about = editions.get(editionOf(entry) ?? '');
        return {
          ...entry,
          ...(byName !== undefined && { byName }),
          ...(actorName !== undefined && { actorName }),
          ...(about !== undefined && { about }),
        };
      });
      return { items, nextCursor: entries.length > limit ? String(items.at(-1)!.seq) : null };
    });
  }

  /** The lines of an export, as JSON Lines. @throws DomainError `not-found`, before the first line. */
  lines(actor: Actor, organisation: string, filter: AuditFilter): AsyncGenerator<string> {
    mustRead(actor, organisation);
    return auditLines(this.db, actor, organisation, filter);
  }

  /** A signed statement of what the chain looks like now. @throws DomainError `not-found`. */
  async checkpoint(actor: Actor, organisation: string): Promise<SignedCheckpoint> {
    mustRead(actor, organisation);
    const head = await this.db.as(actor, (tx) => headOf(tx, organisation));
    return signCheckpoint(await this.keys(), head);
  }

  /** The public keys that checkpoints are checked with. */
  async publishedKeys(): Promise<AuditKeys['published']> {
    return (await this.keys()).published;
  }
}

/**
 * Every line of an organisation's trail. Page by page, each in a short transaction: what is written once never changes,
 * and a slow reader keeps no transaction open.
 */
export async function* auditLines(
  db: Database,
  as: ActingAs,
  organisation: string,
  filter: AuditFilter = {},
): AsyncGenerator<string> {
  for (let after = 0; ;) {
    const entries = await db.as(as, (tx) => entriesOf(tx, organisation, filter, after, BATCH));
    for (const entry of entries) yield lineOf(entry);
    if (entries.length < BATCH) return;
    after = entries.at(-1)!.seq!;
  }
}

/** Names of the tokens that acted, as far as the reader owns their organisations. */
async function tokenNames(tx: Queryable, entries: readonly ReadEntry[]): Promise<Map<string, string>> {
  const acted = new Set(entries.flatMap(({ by }) => (by?.startsWith('token:') ? [by] : [])));
  if (acted.size === 0) return new Map();
  const rows: { by: string; name: string }[] = await tx.query(
    `SELECT 'token:' || id AS by, name FROM api_token WHERE id = ANY ($1)`,
    [[...acted].map((by) => by.slice('token:'.length))],
  );
  return new Map(rows.map(({ by, name }) => [by, name]));
}

/** Names of the people who acted. */
async function personNames(tx: Queryable, entries: readonly ReadEntry[]): Promise<Map<string, string>> {
  const rows: { id: string; name: string | null }[] = await tx.query(
    `SELECT id, person_name(id) AS name FROM unnest($1::text[]) AS id`,
    [[...new Set(entries.map(({ actor }) => actor))]],
  );
  return new Map(rows.flatMap(({ id, name }) => (name === null ? [] : [[id, name]])));
}

/** Id of the edition that an entry's row belongs to, where it belongs to one. */
function editionOf({ rows }: ReadEntry): string | undefined {
  const row = Array.isArray(rows) ? (rows as readonly AuditedRow[])[0] : undefined;
  const id = (row?.after ?? row?.before)?.['checklist_version_id'];
  return typeof id === 'string' ? id : undefined;
}

/** Titles and versions of the checklists that entries belong to. */
async function editionNames(tx: Queryable, entries: readonly ReadEntry[]): Promise<Map<string, string>> {
  const ids = new Set(entries.flatMap((entry) => editionOf(entry) ?? []));
  if (ids.size === 0) return new Map();
  const rows: { id: string; name: string }[] = await tx.query(
    `SELECT id, title || ' ' || version AS name FROM checklist_version WHERE id = ANY ($1)`,
    [[...ids]],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

async function entriesOf(
  tx: Queryable,
  organisation: string,
  { subject, actor, by, from, to }: AuditFilter,
  after: number,
  limit: number,
): Promise<AuditEntry[]> {
  await openTrail(tx, organisation);
  return tx.query(
    `SELECT organisation_id AS organisation, seq::float8 AS seq, coalesce(encode(prev, 'hex'), '') AS prev, encode(hash, 'hex') AS hash, body
       FROM audit_entry WHERE organisation_id = $1 AND seq > $2
        AND ($3::text IS NULL OR subject = $3) AND ($4::text IS NULL OR actor = $4)
        AND ($5::date IS NULL OR at >= $5::date::timestamp AT TIME ZONE 'UTC') AND ($6::date IS NULL OR at < $6::date::timestamp AT TIME ZONE 'UTC')
        AND ($8::text IS NULL OR (strpos(body, $8) > 0 AND body::jsonb ->> 'by' = $8))
      ORDER BY seq LIMIT $7`,
    [
      organisation,
      after,
      subject ?? null,
      actor ?? null,
      from ?? null,
      to === undefined ? null : addDays(to, 1),
      limit,
      by ?? null,
    ],
  );
}

/** @throws DomainError `not-found` to everybody but the owners, and of nobody's trail to everybody but who looks after all of it. */
function mustRead(actor: Actor, organisation: string): void {
  if (organisation !== INSTALLATION) mustOwn(actor, organisation);
  else if (!actor.administrator) throw notFound('organisation');
}

/** @throws DomainError `not-found` to everybody but the owners: to others the organisation may not even exist. */
export function mustOwn(actor: Actor, organisation: string): void {
  const owns = actor.memberships.some(
    (membership) => membership.organisationId === organisation && membership.role === 'owner',
  );
  if (!owns) throw notFound('organisation');
}
