import { DomainError } from '#domain';
import { appendToOutbox } from '#platform';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '#persistence';
import { actsAs, forbidden, notFound, type Actor } from './actor.js';
import { contentRoot } from './schemas.js';
import { parseMapping, runApart } from './inspections/index.js';
import type { ImportRefusal, ImportSummary, LoadedMapping, StoredImport } from './inspections/index.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

/** What is handed in: the files of a folder of records, and how they are to be read. */
export interface NewImport {
  /** Name of a shipped mapping, such as `lexington_ky`. Either this or `mapping`. */
  readonly mappingName?: string;
  /** A mapping file (YAML). A profile it refers to by file must be a shipped one. */
  readonly mapping?: string;
  /** ISO 3166 code of the country of the sites; the records do not state it. */
  readonly country?: string;
  /** The agency the sites will belong to. Default: the only one the actor acts for. */
  readonly organisationId?: string;
  /** Name of each file (`sites.csv` or `sites.csv.gz`) → its bytes. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** An import and what became of it. */
export interface ImportRow {
  readonly id: string;
  readonly organisationId: string;
  readonly dataset: string;
  readonly country: string;
  readonly contentHash: string;
  readonly state: 'queued' | 'running' | 'done' | 'failed';
  /** While it runs: `reading`, `analysing` or `storing`. */
  readonly step: string | null;
  readonly problem: ImportRefusal | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** An import with the figures of what was read, and of what was stored; null until it is done. */
export interface ImportDetail extends ImportRow {
  readonly summary: ImportSummary | null;
  readonly stored: StoredImport | null;
}

const ROLES = ['owner', 'programme-manager'] as const;
const COLUMNS = `id, organisation_id AS "organisationId", dataset, country, content_hash AS "contentHash", state, step,
  problem, created_at AS "createdAt", started_at AS "startedAt", finished_at AS "finishedAt"`;

/** Imports of inspection records: handed in through the API, carried out by the worker. */
export class ImportsService {
  /** @param databaseUrl for the transaction that stores an import, which speaks COPY. */
  constructor(
    private readonly db: Database,
    private readonly databaseUrl: string,
  ) {}

  /** @throws DomainError `role-required` unless the actor may import for some agency. */
  mustImport(actor: Actor): void {
    if (!actsAs(actor, ROLES, ['development-agency']))
      throw forbidden('Only an owner or programme manager of an agency imports records.');
  }

  /**
   * Takes the files and leaves the rest to the worker. The same files with the same mapping are imported once: asked
   * for again, the import there is comes back.
   * @throws DomainError `role-required`, `unknown-mapping`, `invalid-mapping`, `import-files-wrong`.
   */
  async request(actor: Actor, input: NewImport): Promise<ImportRow> {
    const organisationId = agencyOf(actor, input.organisationId);
    const text = mappingText(input);
    const mapping = parseMapping(text, input.mappingName ?? 'mapping', join(contentRoot(), 'mappings'));
    checkFiles(mapping, input.files);
    const country = input.country ?? 'ZZ';
    const hash = createHash('sha256').update(`${text}\n${country}\n`);
    for (const [name, content] of [...input.files].sort(([a], [b]) => (a < b ? -1 : 1)))
      hash.update(`${name} ${content.length}\n`).update(content);
    const contentHash = hash.digest('hex');
    return this.db.transaction(async (tx) => {
      const id = randomUUID();
      const added = await tx.query(
        `INSERT INTO record_import (id, organisation_id, requested_by, dataset, mapping, country, content_hash, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued') ON CONFLICT DO NOTHING RETURNING id`,
        [id, organisationId, actor.userId, mapping.dataset, text, country, contentHash],
      );
      if (added.length > 0) {
        for (const [name, content] of input.files)
          await tx.query(`INSERT INTO record_import_file (import_id, name, content) VALUES ($1, $2, $3)`, [
            id,
            name,
            content,
          ]);
        await appendToOutbox(tx, 'import-requested', { importId: id });
      }
      const [row] = await tx.query(
        `SELECT ${COLUMNS} FROM record_import WHERE organisation_id = $1 AND content_hash = $2 AND state <> 'failed'`,
        [organisationId, contentHash],
      );
      return row as ImportRow;
    });
  }

  /** An import with the figures of its summary. @throws DomainError `not-found`, also for those of other agencies. */
  async get(actor: Actor, id: string): Promise<ImportDetail> {
    const [row] = await this.db.query(
      `SELECT ${COLUMNS}, summary, stored FROM record_import WHERE id = $1 AND organisation_id = ANY($2::uuid[])`,
      [id, agenciesOf(actor)],
    );
    if (!row) throw notFound('import');
    return row as ImportDetail;
  }

  /** Imports of the agencies the actor acts for, without their figures. */
  async list(actor: Actor, page: PageRequest): Promise<Page<ImportRow>> {
    const rows = await this.db.query(
      `SELECT ${COLUMNS} FROM record_import WHERE organisation_id = ANY($1::uuid[]) AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3`,
      [agenciesOf(actor), page.after, page.limit + 1],
    );
    return pageOf(rows, page, (row: ImportRow) => row.id);
  }

  /**
   * Carries an import out (the worker's door). May run again after a crash: what is stored is known again.
   * @param last whether nobody will try again: then whatever went wrong ends the import.
   */
  async run(importId: string, last = true): Promise<void> {
    const [row] = (await this.db.query(
      `WITH taken AS (
         UPDATE record_import SET state = 'running', step = 'reading', started_at = coalesce(started_at, now())
          WHERE id = $1 AND state IN ('queued', 'running') RETURNING *)
       SELECT organisation_id AS "organisationId", mapping, dataset, country FROM taken`,
      [importId],
    )) as { organisationId: string; mapping: string; dataset: string; country: string }[];
    if (!row) return;
    const { organisationId, mapping: text, dataset, country } = row;
    const step = (name: string) =>
      this.db.query(`UPDATE record_import SET step = $2 WHERE id = $1`, [importId, name]);
    try {
      const files: { name: string; content: Buffer }[] = await this.db.query(
        `SELECT name, content FROM record_import_file WHERE import_id = $1`,
        [importId],
      );
      const end = await runApart(
        {
          database: this.databaseUrl,
          mapping: text,
          dataset,
          mappings: join(contentRoot(), 'mappings'),
          files,
          country,
          owner: organisationId,
        },
        step,
      );
      if ('done' in end) await this.end(importId, 'done', { ...end.done });
      else await this.end(importId, 'failed', { problem: end.refused });
    } catch (error) {
      if (last) await this.end(importId, 'failed', { problem: INTERNAL });
      throw error;
    }
  }

  private async end(
    id: string,
    state: 'done' | 'failed',
    { summary = null, stored = null, problem = null }: Record<string, unknown>,
  ): Promise<void> {
    await this.db.transaction(async (tx) => {
      await tx.query(
        `UPDATE record_import SET state = $2, step = NULL, summary = $3, stored = $4, problem = $5, finished_at = now()
          WHERE id = $1`,
        [id, state, ...[summary, stored, problem].map((value) => value && JSON.stringify(value))],
      );
      await tx.query(`DELETE FROM record_import_file WHERE import_id = $1`, [id]);
    });
  }
}

const INTERNAL: ImportRow['problem'] = {
  code: 'internal-error',
  title: 'Something went wrong on our side; nothing was imported.',
  errors: [],
};

const agenciesOf = (actor: Actor): string[] =>
  actor.memberships
    .filter((m) => m.organisationKind === 'development-agency' && ROLES.some((role) => role === m.role))
    .map((m) => m.organisationId);

function agencyOf(actor: Actor, wanted: string | undefined): string {
  const agencies = agenciesOf(actor);
  if (!actsAs(actor, ROLES, ['development-agency']) || (wanted && !agencies.includes(wanted)))
    throw forbidden('Only an owner or programme manager of an agency imports records.');
  if (!wanted && new Set(agencies).size > 1)
    throw new DomainError('organisation-required', 'You act for several agencies.', [
      { field: '/organisationId', message: 'is missing', fix: 'Say which of them the sites will belong to.' },
    ]);
  return wanted ?? agencies[0]!;
}

function mappingText({ mapping, mappingName }: NewImport): string {
  if (mapping !== undefined && mappingName === undefined) return mapping;
  const folder = join(contentRoot(), 'mappings');
  const known = readdirSync(folder).map((file) => file.replace(/\.yaml$/, ''));
  const file = join(folder, `${mappingName}.yaml`);
  if (mapping === undefined && mappingName !== undefined && known.includes(mappingName) && existsSync(file))
    return readFileSync(file, 'utf8');
  throw new DomainError('unknown-mapping', 'Say by which mapping the records are to be read.', [
    {
      field: '/mappingName',
      message: mappingName === undefined ? 'is missing' : 'is not a shipped mapping',
      fix: `Give one of ${known.join(', ')}, or a mapping of your own as "mapping"; not both.`,
    },
  ]);
}

/** The files the mapping reads, each once, and no others. */
function checkFiles(mapping: LoadedMapping, files: ReadonlyMap<string, Buffer>): void {
  const wanted = Object.values(mapping.files).map((f) => f.file.replace(/\.csv(\.gz)?$/, ''));
  const stem = (name: string): string => name.replace(/\.csv(\.gz)?$/, '');
  const given = [...files.keys()];
  const faults = [
    ...wanted
      .filter((name) => !given.some((g) => stem(g) === name))
      .map((name) => ({
        field: `${name}.csv`,
        message: 'is missing',
        fix: `Send ${name}.csv or ${name}.csv.gz.`,
      })),
    ...given
      .filter((name) => !/\.csv(\.gz)?$/.test(name) || !wanted.includes(stem(name)))
      .map((name) => ({ field: name, message: 'is not a file of this mapping' })),
  ];
  if (faults.length > 0)
    throw new DomainError('import-files-wrong', 'These are not the files of the mapping.', faults);
}
