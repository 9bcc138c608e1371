import { DomainError } from '#domain';
import type { Database } from '#persistence';
import { appendToOutbox, type AuditKeys, type DocumentStore, type ObjectStore } from '#platform';
import { certificatePdf } from '#reporting';
import { createReadStream, existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { notFound, type Actor } from '../actor.js';
import { mustOwn } from '../audit/audit.service.js';
import type { CertificatesService } from '../certificates.service.js';
import { writeArchive } from './archive.js';
import { keepDays } from './retention.js';

export interface ExportRow {
  readonly id: string;
  readonly organisationId: string;
  readonly state: 'waiting' | 'ready' | 'expired';
  readonly requestedAt: string;
  readonly readyAt: string | null;
  readonly expiresAt: string | null;
  /** Bytes. */
  readonly size: number | null;
  readonly sha256: string | null;
}

/** Everything an organisation owns, as one archive. Its owners ask for it and fetch it; the worker makes it. */
export class ExportsService {
  constructor(
    private readonly db: Database,
    private readonly dataDir: string,
    /** What the worker makes archives with; whoever only hands them out needs none of it. */
    private readonly makesWith?: {
      readonly documents: DocumentStore;
      readonly evidence: ObjectStore;
      readonly certificates: Pick<CertificatesService, 'viewForRecord'>;
    },
  ) {}

  /** Asks for an archive. One that is being made already is given again. @throws DomainError `not-found`. */
  async request(actor: Actor, organisation: string): Promise<ExportRow> {
    mustOwn(actor, organisation);
    return this.db.as(actor, async (tx) => {
      // Two clicks make one archive.
      await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`export ${organisation}`]);
      const [waiting] = await tx.query(
        `SELECT ${COLUMNS} FROM data_export WHERE organisation_id = $1 AND state = 'waiting' AND requested_at > now() - interval '1 day'`,
        [organisation],
      );
      if (waiting) return rowOf(waiting);
      const id = randomUUID();
      const [row] = await tx.query(
        `INSERT INTO data_export (id, organisation_id, requested_by) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
        [id, organisation, actor.userId],
      );
      await appendToOutbox(tx, 'export-requested', { exportId: id });
      return rowOf(row);
    });
  }

  /** How far it is. @throws DomainError `not-found`. */
  async get(actor: Actor, id: string): Promise<ExportRow> {
    const [row] = await this.db.as(actor, (tx) =>
      tx.query(`SELECT ${COLUMNS} FROM data_export WHERE id = $1`, [id]),
    );
    const owns = actor.memberships.some(
      (each) => each.organisationId === row?.organisationId && each.role === 'owner',
    );
    if (!row || !owns) throw notFound('export');
    return rowOf(row);
  }

  /** The archive. @throws DomainError `not-found`, `export-not-ready`, `export-expired`. */
  async archive(actor: Actor, id: string): Promise<{ row: ExportRow; content: Readable }> {
    const row = await this.get(actor, id);
    if (row.state === 'waiting')
      throw new DomainError('export-not-ready', 'The archive is still being made.', [], 'conflict');
    const file = this.fileOf(id);
    if (row.state === 'expired' || Date.parse(row.expiresAt!) <= Date.now() || !existsSync(file))
      throw new DomainError(
        'export-expired',
        'The archive is kept no longer.',
        [{ field: '/id', message: 'expired', fix: 'Ask for a new one.' }],
        'conflict',
      );
    return { row, content: createReadStream(file) };
  }

  /** Makes the archive; for the worker. Once it is ready, running again changes nothing. */
  async make(id: string, keys: AuditKeys): Promise<void> {
    const { documents, evidence, certificates } = this.makesWith!;
    const [row] = await this.db.as({}, (tx) =>
      tx.query(
        `SELECT organisation_id AS organisation FROM data_export WHERE id = $1 AND state = 'waiting'`,
        [id],
      ),
    );
    if (!row) return;
    const { size, sha256 } = await writeArchive({
      db: this.db,
      organisation: row.organisation,
      file: this.fileOf(id),
      keys,
      documents,
      evidence,
      pdf: async (certificateId) =>
        Buffer.from(await certificatePdf(await certificates.viewForRecord(certificateId, 'en'), 'en')),
    });
    await this.db.as({}, (tx) =>
      tx.query(
        `UPDATE data_export SET state = 'ready', ready_at = now(), expires_at = now() + make_interval(days => $2), size = $3, sha256 = $4 WHERE id = $1`,
        [id, keepDays('exports'), size, sha256],
      ),
    );
  }

  private fileOf(id: string): string {
    return join(this.dataDir, 'exports', `${id}.zip`);
  }
}

const COLUMNS = `id, organisation_id AS "organisationId", state, requested_at AS "requestedAt", ready_at AS "readyAt", expires_at AS "expiresAt", size, sha256`;
const rowOf = (row: ExportRow): ExportRow => ({ ...row, size: row.size === null ? null : Number(row.size) });
