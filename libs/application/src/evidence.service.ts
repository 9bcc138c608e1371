import {
  checkEvidenceSize,
  DomainError,
  EVIDENCE_TYPES,
  evidenceType,
  MOST_EVIDENCE,
  requirementsAt,
  type EvidenceState,
  type EvidenceSupports,
  type AssessmentState,
  type EvidenceType,
} from '#domain';
import type { ActingAs, Database, Queryable } from '#persistence';
import {
  appendToOutbox,
  bytesOf,
  type ByteRange,
  checkPicture,
  developPicture,
  mediaTypeOf,
  type ObjectStore,
  type PartialUploads,
  StorageFullError,
  UnreadablePictureError,
} from '#platform';
import { createHash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { mustSee, seesRecord, siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import {
  answersInto,
  pinnedContent,
  type AssessmentRow,
  type AssessmentsService,
} from './assessments.service.js';
import { mustCorrect } from './corrections.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

/** A piece of evidence as it is declared, before its bytes come. */
export interface EvidenceInput {
  /** SHA-256 of the file, in hex. */
  readonly sha256: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Code of the requirement; left out: the assessment as a whole. */
  readonly requirement?: string;
  /** The correction that it is a part of; of its finding's requirement then. */
  readonly correctionId?: string;
  readonly fileName?: string;
  readonly caption?: string;
  /** When it was taken, as the device says; its clock may be wrong. */
  readonly capturedAt?: string;
  readonly deviceId?: string;
}

/** A photograph or document that is put forward for an answer, or for an assessment as a whole. */
export interface EvidenceRow {
  readonly id: string;
  readonly assessmentId: string;
  /** Code of the requirement; null: the assessment as a whole. */
  readonly requirement: string | null;
  /** What it is put forward for: the assessor's verdict, the supplier's claim beside it, or a correction since. */
  readonly supports: EvidenceSupports;
  readonly correctionId: string | null;
  /** `awaited`: its bytes have not all come; `received`: they have, and are kept; `ready`: it can be looked at. */
  readonly state: EvidenceState;
  /** SHA-256 of what was sent. */
  readonly sha256: string;
  /** Bytes of what was sent. */
  readonly size: number;
  /** As its content shows it; null while it is awaited. */
  readonly mediaType: string | null;
  readonly caption: string | null;
  /** When it was taken, as the device says; its clock may be wrong, so see `declaredAt` as well. */
  readonly capturedAt: Date | null;
  readonly declaredAt: Date;
  /** When it had come whole; from then on whoever sent it may forget it. */
  readonly receivedAt: Date | null;
  /** SHA-256 of what is handed out: of a photograph another one than that of what was sent. */
  readonly storedSha256: string | null;
  readonly storedSize: number | null;
  /** Of a photograph, in pixels. */
  readonly width: number | null;
  readonly height: number | null;
  /** Only for who works on the record, like the rest below. */
  readonly fileName: string | null;
  readonly deviceId: string | null;
  readonly declaredBy: string | null;
  /** Where it was taken, in degrees; only where the programme needs it. */
  readonly lat: number | null;
  readonly lon: number | null;
  /** Where its bytes go (tus), while they are awaited. */
  readonly uploadUrl: string | null;
}

/** Which hashes of an assessment are acknowledged. */
export interface Acknowledged {
  /** Of these every byte is here, and kept. */
  readonly received: readonly string[];
  /** These are not, or not wholly. */
  readonly missing: readonly string[];
}

/** Which of the two forms of a piece of evidence is read. */
export type EvidenceForm = 'content' | 'thumbnail';

/** What is handed out of a piece of evidence. */
export interface ServedEvidence {
  readonly mediaType: string;
  readonly size: number | null;
  /** The same for ever, and another one for other bytes. */
  readonly etag: string;
  /** What it is saved as. */
  readonly name: string;
  /** Whether it may be shown where it is, and not only saved. */
  readonly shown: boolean;
  read(range?: ByteRange): Promise<Readable>;
}

/** Who uploads: an upload takes its time, so it doesn't wait in the transaction of its request. */
export type Uploader = Actor & ActingAs;

/** How far an upload is. */
export interface UploadProgress {
  readonly offset: number;
  readonly size: number;
}

const columns = `
  e.id, e.assessment_id AS "assessmentId", nullif(e.requirement, '') AS requirement, e.supports, e.correction_id AS "correctionId", e.state, e.sha256, e.size,
  e.media_type AS "mediaType", e.caption, e.captured_at AS "capturedAt", e.declared_at AS "declaredAt",
  e.received_at AS "receivedAt", e.stored_sha256 AS "storedSha256", e.stored_size AS "storedSize", e.width, e.height,
  i.file_name AS "fileName", i.device_id AS "deviceId", i.declared_by AS "declaredBy", i.lat, i.lon`;
const joins = `evidence e LEFT JOIN LATERAL (SELECT * FROM evidence_inside x WHERE x.id = e.id LIMIT 1) i ON true`;

/** Where the bytes of one content of one supplier are: as sent, as kept, and small. Addressed by the hash of what was sent. */
export const evidenceKey = (organisation: string, sha256: string, form: EvidenceForm | 'sent'): string =>
  `${organisation}/${sha256.slice(0, 2)}/${sha256}${form === 'sent' ? '' : `.${form}`}`;
const KEY = /^([0-9a-f-]{36})\/[0-9a-f]{2}\/([0-9a-f]{64})(\.content|\.thumbnail)?$/;

/** What of evidence is where: documents stay as they were sent, photographs are developed. */
const isPicture = (type: string): boolean => EVIDENCE_TYPES[type as EvidenceType].picture;

/** For the transaction: nobody else puts or removes the bytes of this content. */
const lockContent = (tx: Queryable, organisation: string, sha256: string): Promise<unknown> =>
  tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`${organisation} ${sha256}`]);

export interface EvidenceParts {
  readonly assessments: AssessmentsService;
  readonly objects: ObjectStore;
  readonly uploads: PartialUploads;
  /** Bytes one supplier may store; 0: as many as it likes. */
  readonly quota: number;
}

/**
 * Evidence: declared by its hash, sent in pieces, acknowledged when every byte is kept, developed by the worker, shown to
 * whom it is shared with. The row is there before the bytes: what no row names, nobody needs.
 */
export class EvidenceService {
  constructor(
    private readonly db: Database,
    private readonly parts: EvidenceParts,
  ) {}

  /**
   * Says what will be sent. What the reader sees among the supplier's evidence already is received at once; what was
   * declared for the same answer before is answered as it stands. By whoever may answer the assessment.
   * @throws DomainError `assessment-locked`, `role-required`, `unknown-requirement`, `evidence-too-large`,
   * `evidence-quota-exceeded`, `evidence-too-many`, `storage-full`
   */
  async declare(actor: Actor, assessmentId: string, input: EvidenceInput): Promise<EvidenceRow> {
    checkEvidenceSize(input.size);
    return this.db.transaction(async (tx) => {
      const correctionId = input.correctionId ?? null;
      const { row, supports, requirement } = await (correctionId === null
        ? this.lockAnswer(tx, actor, assessmentId, input.requirement)
        : this.lockCorrection(tx, actor, assessmentId, correctionId));
      const [known] = await tx.query(
        `SELECT ${columns} FROM ${joins} WHERE e.assessment_id = $1 AND e.requirement = $2 AND e.supports = $3 AND e.sha256 = $4
            AND e.correction_id IS NOT DISTINCT FROM $5`,
        [assessmentId, requirement, supports, input.sha256, correctionId],
      );
      if (known) return shown(known);
      const [{ used, organisation, pieces, located }] = await tx.query(
        `SELECT evidence_bytes($1) AS used, assessment_owner($1) AS organisation,
                (SELECT count(*)::int FROM evidence e WHERE e.assessment_id = $1) AS pieces,
                coalesce((SELECT p.evidence_location FROM cohort c JOIN programme p ON p.id = c.programme_id WHERE c.id = $2), false) AS located`,
        [assessmentId, row.cohortId],
      );
      if (pieces >= MOST_EVIDENCE) throw tooMany();
      const { quota, uploads } = this.parts;
      await lockContent(tx, organisation, input.sha256);
      const [there] = await tx.query(
        `SELECT e.state, e.media_type, e.stored_sha256, e.stored_size, e.width, e.height, i.lat, i.lon FROM ${joins}
          WHERE e.organisation_id = $1 AND e.sha256 = $2 AND e.size = $3 AND e.state <> 'awaited' ORDER BY e.state, i.lat LIMIT 1`,
        [organisation, input.sha256, input.size],
      );
      if (!there && quota > 0 && Number(used) + input.size > quota) throw quotaExceeded(quota);
      if (!there && !(await uploads.hasRoom(input.size))) throw storageFull();
      const id = randomUUID();
      await tx.query(
        `INSERT INTO evidence (id, assessment_id, organisation_id, requirement, supports, sha256, size, file_name, caption,
                               captured_at, device_id, declared_by, state, media_type, stored_sha256, stored_size, width, height, lat, lon, correction_id, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, CASE WHEN $13 <> 'awaited' THEN now() END)`,
        [
          id,
          assessmentId,
          organisation,
          requirement,
          supports,
          input.sha256,
          input.size,
          input.fileName ?? null,
          input.caption ?? null,
          input.capturedAt ?? null,
          input.deviceId ?? null,
          actor.userId,
          there?.state ?? 'awaited',
          there?.media_type ?? null,
          there?.stored_sha256 ?? null,
          there?.stored_size ?? null,
          there?.width ?? null,
          there?.height ?? null,
          located ? (there?.lat ?? null) : null,
          located ? (there?.lon ?? null) : null,
          correctionId,
        ],
      );
      if (there?.state === 'received') await appendToOutbox(tx, 'evidence-received', { evidenceId: id });
      return this.row(tx, id);
    });
  }

  /** Which of the hashes are acknowledged for an assessment: whoever sent them may forget them. */
  async acknowledged(actor: Actor, assessmentId: string, hashes: readonly string[]): Promise<Acknowledged> {
    await this.mustSeeEvidence(actor, assessmentId);
    const rows: { sha256: string }[] = await this.db.query(
      `SELECT DISTINCT sha256 FROM evidence WHERE assessment_id = $1 AND sha256 = ANY ($2) AND state <> 'awaited'`,
      [assessmentId, hashes],
    );
    const here = new Set(rows.map(({ sha256 }) => sha256));
    const asked = [...new Set(hashes)];
    return {
      received: asked.filter((each) => here.has(each)),
      missing: asked.filter((each) => !here.has(each)),
    };
  }

  /**
   * Evidence of an assessment, or of one answer; of what is only shared, what verdicts rest on. That of corrections stands
   * with their findings.
   */
  async list(
    actor: Actor,
    assessmentId: string,
    filter: { requirement?: string; state?: string },
    page: PageRequest,
  ): Promise<Page<EvidenceRow>> {
    const whole = await this.mustSeeEvidence(actor, assessmentId);
    const rows: EvidenceRow[] = await this.db.query(
      `SELECT ${columns} FROM ${joins} WHERE e.assessment_id = $1 AND e.supports <> 'correction' AND ($2::text IS NULL OR e.requirement = $2)
          AND ($3::text IS NULL OR e.state = $3) AND ($4::uuid IS NULL OR e.id > $4) ORDER BY e.id LIMIT $5`,
      [assessmentId, filter.requirement, filter.state, page.after, page.limit + 1],
    );
    return pageOf(
      rows.map((row) => shown(row, whole)),
      page,
      (row) => row.id,
    );
  }

  /** One piece of evidence. */
  async get(actor: Actor, id: string): Promise<EvidenceRow> {
    const row = await this.row(this.db, id);
    return shown(row, await this.mustSeeEvidence(actor, row.assessmentId));
  }

  /** Says something else of it, while answers or its correction may change. @throws DomainError `assessment-locked`, `role-required` */
  async describe(actor: Actor, id: string, caption?: string | null): Promise<EvidenceRow> {
    return this.db.transaction(async (tx) => {
      await this.lockPiece(tx, actor, id);
      if (caption !== undefined)
        await tx.query(`UPDATE evidence SET caption = $2 WHERE id = $1`, [id, caption]);
      return this.row(tx, id);
    });
  }

  /**
   * Takes it back, while answers or its correction may change: nobody reaches it any more, and its bytes go with the next sweep.
   * @throws DomainError `assessment-locked`, `role-required`
   */
  async remove(actor: Actor, id: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.lockPiece(tx, actor, id);
      await tx.query(`DELETE FROM evidence WHERE id = $1`, [id]);
    });
    await this.parts.uploads.remove(id);
  }

  /** What is handed out. @throws DomainError `not-found`, `evidence-not-received`, `evidence-in-preparation` */
  async served(actor: Actor, id: string, form: EvidenceForm): Promise<ServedEvidence> {
    const row = await this.get(actor, id);
    if (row.state === 'awaited') throw notYet('evidence-not-received', 'It has not been sent yet.');
    if (row.state === 'received') throw notYet('evidence-in-preparation', 'It is being prepared; try again.');
    const type = row.mediaType as EvidenceType;
    if (form === 'thumbnail' && !isPicture(type)) throw notFound('thumbnail');
    const [{ organisation }] = await this.db.query(
      `SELECT organisation_id AS organisation FROM evidence WHERE id = $1`,
      [id],
    );
    const key = evidenceKey(organisation, row.sha256, isPicture(type) ? form : 'sent');
    const { ending } = EVIDENCE_TYPES[type];
    return {
      mediaType: form === 'thumbnail' ? 'image/webp' : type,
      size: form === 'thumbnail' ? null : row.storedSize,
      etag: `"${row.storedSha256}${form === 'thumbnail' ? '-t' : ''}"`,
      name: `${(row.fileName ?? row.requirement ?? 'evidence').replace(/\.[A-Za-z0-9]{1,5}$/, '')}.${form === 'thumbnail' ? 'webp' : ending}`,
      shown: isPicture(type),
      read: async (range) => {
        const content = await this.parts.objects.read(key, range);
        if (!content) throw new Error(`The bytes of evidence ${id} are not in the store.`);
        return content;
      },
    };
  }

  /**
   * How far an upload is. One that is whole, and was not looked at because a process died, is looked at now.
   * @throws DomainError as `receive`
   */
  async progress(actor: Uploader, id: string): Promise<UploadProgress> {
    const row = await this.uploading(actor, id);
    if (row.state !== 'awaited') return { offset: row.size, size: row.size };
    const offset = await this.parts.uploads.offset(id);
    if (offset === row.size) await this.finish(actor, row);
    return { offset, size: row.size };
  }

  /**
   * Takes the next bytes of an upload; with the last one it is received, or refused and forgotten. A connection that
   * breaks keeps what has come. Where the bytes belong is asked once it is known that the upload is the actor's.
   * @throws DomainError `upload-offset-wrong`, `upload-too-long`, `assessment-locked`, `storage-full`, and, with the last
   * byte, `evidence-hash-wrong`, `evidence-type-not-allowed`, `evidence-damaged`
   */
  async receive(
    actor: Uploader,
    id: string,
    place: () => number,
    content: Readable,
  ): Promise<UploadProgress> {
    const row = await this.uploading(actor, id);
    const offset = place();
    const { uploads } = this.parts;
    const here = row.state === 'awaited' ? await uploads.offset(id) : row.size;
    if (offset !== here)
      throw new DomainError(
        'upload-offset-wrong',
        'The upload is at another place.',
        [
          {
            field: 'Upload-Offset',
            message: `is ${offset}, not ${here}`,
            fix: 'Ask with HEAD, and go on from there.',
          },
        ],
        'conflict',
      );
    if (row.state !== 'awaited') return { offset: here, size: row.size };
    if (!(await uploads.hasRoom(row.size - offset))) throw storageFull();
    const reached = await uploads
      .append(id, offset, row.size - offset, content)
      .catch(async (error: unknown) => {
        if (error instanceof StorageFullError) throw storageFull();
        if (!(error instanceof RangeError)) throw error;
        throw new DomainError(
          'upload-too-long',
          'More was sent than was declared.',
          [
            {
              field: 'size',
              message: `${row.size} were declared`,
              fix: 'Declare the file again, with its size and hash.',
            },
          ],
          'too-large',
        );
      });
    if (reached === row.size) await this.finish(actor, row);
    return { offset: reached, size: row.size };
  }

  /** Whether every byte is there and is what was declared; then it is kept. Otherwise nothing of it is. */
  private async finish(actor: Uploader, { id, sha256 }: Uploading): Promise<void> {
    const { uploads, objects } = this.parts;
    const bytes = await uploads.read(id).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      // Another request, with the same last byte, was faster.
      await this.uploading(actor, id);
      return null;
    });
    if (!bytes) return;
    const type = await this.looked(bytes, sha256).catch(async (error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
      await this.db.as(actor, (tx) =>
        tx.query(`DELETE FROM evidence WHERE id = $1 AND state = 'awaited'`, [id]),
      );
      await uploads.remove(id);
      throw error;
    });
    await this.db.as(actor, async (tx) => {
      await tx.query(
        `SELECT 1 FROM assessment WHERE id = (SELECT assessment_id FROM evidence WHERE id = $1) FOR UPDATE`,
        [id],
      );
      const row = await this.mustBeUploadable(tx, actor, id);
      if (row.state !== 'awaited') return;
      await lockContent(tx, row.organisation, sha256);
      await objects
        .put(evidenceKey(row.organisation, sha256, 'sent'), bytes, sha256)
        .catch((error: unknown) => {
          throw error instanceof StorageFullError ? storageFull() : error;
        });
      const ready = !isPicture(type);
      await tx.query(
        `UPDATE evidence SET state = $2, media_type = $3, received_at = now(), stored_sha256 = $4, stored_size = $5 WHERE id = $1`,
        [id, ready ? 'ready' : 'received', type, ready ? sha256 : null, ready ? bytes.length : null],
      );
      if (!ready) await appendToOutbox(tx, 'evidence-received', { evidenceId: id });
    });
    await uploads.remove(id);
  }

  /** The type of what was sent. @throws DomainError what is wrong with it */
  private async looked(bytes: Buffer, sha256: string): Promise<EvidenceType> {
    const hash = createHash('sha256').update(bytes).digest('hex');
    if (hash !== sha256)
      throw new DomainError('evidence-hash-wrong', 'What came is not what was declared.', [
        {
          field: 'sha256',
          message: `the content has ${hash}`,
          fix: 'Declare the file again and send it anew.',
        },
      ]);
    const type = evidenceType(await mediaTypeOf(bytes));
    if (isPicture(type))
      await checkPicture(bytes).catch((error: unknown) => {
        if (!(error instanceof UnreadablePictureError)) throw error;
        throw new DomainError('evidence-damaged', error.message, [
          {
            field: 'content',
            message: error.why,
            fix:
              error.why === 'damaged' ? 'Take it again, or send another copy.' : 'Make the picture smaller.',
          },
        ]);
      });
    return type;
  }

  /** The upload of somebody who may answer; to all others it doesn't exist. */
  private uploading(actor: Uploader, id: string): Promise<Uploading> {
    return this.db.as(actor, (tx) => this.mustBeUploadable(tx, actor, id));
  }

  /** What was declared in time may come until the assessment is closed. @throws DomainError `not-found`, `assessment-locked` */
  private async mustBeUploadable(tx: Queryable, actor: Actor, id: string): Promise<Uploading> {
    const [row]: (Uploading &
      Pick<AssessmentRow, 'siteId' | 'kind'> & { assessmentState: AssessmentState })[] = await tx.query(
      `SELECT e.id, e.sha256, e.size, e.state, e.supports, e.organisation_id AS organisation,
                a.site_id AS "siteId", a.kind, a.state AS "assessmentState"
           FROM evidence e JOIN assessment a ON a.id = e.assessment_id WHERE e.id = $1`,
      [id],
    );
    if (!row) throw notFound('upload');
    const access = await siteAccess(tx, actor, row.siteId, 'upload');
    if (!seesRecord(access)) throw notFound('upload');
    // A correction isn't handed in before all of its evidence has come.
    if (row.supports === 'correction') {
      mustCorrect(access);
      return row;
    }
    const side = answersInto(access, row.kind) === 'answer' ? 'verdict' : 'claim';
    if (side !== row.supports) throw othersEvidence();
    if (row.state === 'awaited' && row.assessmentState === 'closed')
      throw new DomainError(
        'assessment-locked',
        'The assessment was closed before this had come.',
        [{ field: 'state', message: 'closed', fix: 'Reopen it with a reason, and declare the file again.' }],
        'conflict',
      );
    return row;
  }

  /** The assessment, locked and open for answers by the actor, and what their evidence is put forward for. */
  private async lockOpen(
    tx: Queryable,
    actor: Actor,
    assessmentId: string,
  ): Promise<{ row: AssessmentRow; supports: EvidenceSupports }> {
    const { assessments } = this.parts;
    await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [assessmentId]);
    const row = await assessments.row(tx, assessmentId);
    await assessments.mustSee(actor, row);
    const field = await assessments.answerField(tx, actor, row);
    return { row, supports: field === 'answer' ? 'verdict' : 'claim' };
  }

  /** The same for one answer, or for the assessment as a whole. */
  private async lockAnswer(tx: Queryable, actor: Actor, assessmentId: string, requirement = '') {
    const open = await this.lockOpen(tx, actor, assessmentId);
    if (requirement !== '') await mustBeAsked(tx, open.row, requirement);
    return { ...open, requirement };
  }

  /** The assessment, locked, and a correction that the actor puts together. @throws DomainError `not-found`, `role-required` */
  private async lockCorrection(tx: Queryable, actor: Actor, assessmentId: string, correctionId: string) {
    const { assessments } = this.parts;
    await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [assessmentId]);
    const row = await assessments.row(tx, assessmentId);
    mustCorrect(await assessments.mustSee(actor, row));
    const [correction] = await tx.query(
      `SELECT requirement FROM correction WHERE id = $1 AND assessment_id = $2 AND state = 'draft'`,
      [correctionId, assessmentId],
    );
    if (!correction) throw notFound('correction');
    return { row, supports: 'correction' as const, requirement: correction.requirement as string };
  }

  /** A piece the actor may change: of their own side. */
  private async lockPiece(tx: Queryable, actor: Actor, id: string): Promise<void> {
    const piece = await this.get(actor, id);
    if (piece.correctionId !== null) {
      await this.lockCorrection(tx, actor, piece.assessmentId, piece.correctionId);
      return;
    }
    const { supports } = await this.lockOpen(tx, actor, piece.assessmentId);
    if (supports !== piece.supports) throw othersEvidence();
  }

  /** Whether the actor works on the record. @throws DomainError `not-found`, `scope-required` */
  private async mustSeeEvidence(actor: Actor, assessmentId: string): Promise<boolean> {
    const { assessments } = this.parts;
    const access = await assessments.mustSee(actor, await assessments.row(this.db, assessmentId));
    mustSee(access, 'evidence');
    return seesRecord(access);
  }

  private async row(db: Queryable, id: string): Promise<EvidenceRow> {
    const [row] = await db.query(`SELECT ${columns} FROM ${joins} WHERE e.id = $1`, [id]);
    if (!row) throw notFound('evidence');
    return shown(row);
  }
}

interface Uploading {
  readonly id: string;
  readonly sha256: string;
  readonly size: number;
  readonly state: EvidenceState;
  readonly supports: EvidenceSupports;
  readonly organisation: string;
}

/** A row as a reader gets it: what is about people only for who works on the record. */
function shown(row: EvidenceRow, whole = true): EvidenceRow {
  return {
    ...row,
    ...(!whole && { fileName: null, deviceId: null, declaredBy: null, lat: null, lon: null }),
    uploadUrl: row.state === 'awaited' ? `/api/v1/evidence/${row.id}/upload` : null,
  };
}

async function mustBeAsked(tx: Queryable, row: AssessmentRow, requirement: string): Promise<void> {
  const { checklistBody } = await pinnedContent(tx, row);
  if (requirementsAt(checklistBody, row.level).some(({ code }) => code === requirement)) return;
  throw new DomainError('unknown-requirement', 'The assessment asks no such requirement.', [
    {
      field: '/requirement',
      message: 'unknown',
      fix: 'Use a code of its checklist at its level, or leave it out.',
    },
  ]);
}

const storageFull = (): DomainError =>
  new DomainError(
    'storage-full',
    'There is no room for this now. Keep it, and try again later.',
    [{ field: 'size', message: 'no room', fix: 'The operator makes room; what you have is not lost.' }],
    'unavailable',
  );

const quotaExceeded = (quota: number): DomainError =>
  new DomainError(
    'evidence-quota-exceeded',
    `The supplier's evidence would take more than ${Math.round(quota / 1024 / 1024)} MB.`,
    [
      {
        field: '/size',
        message: 'no room',
        fix: 'Take evidence back that is not needed, or ask the operator for more.',
      },
    ],
    'conflict',
  );

const tooMany = (): DomainError =>
  new DomainError(
    'evidence-too-many',
    `An assessment has at most ${MOST_EVIDENCE} pieces of evidence.`,
    [{ field: 'assessmentId', message: 'full', fix: 'Take back what is not needed.' }],
    'conflict',
  );

const othersEvidence = (): DomainError => forbidden('What the other side put forward is theirs to change.');

const notYet = (code: string, message: string): DomainError => new DomainError(code, message, [], 'conflict');

/** What the worker does with evidence: develops photographs, and lets go what nobody needs. */
export class EvidenceKeeper {
  constructor(
    private readonly db: Database,
    private readonly objects: ObjectStore,
    private readonly uploads: PartialUploads,
  ) {}

  /** Makes of a photograph what is kept and shown of it; what was sent goes. Running again changes nothing. */
  async develop(id: string): Promise<void> {
    const done = await this.db.as({}, async (tx) => {
      const [row] = await tx.query(
        `SELECT e.organisation_id AS organisation, e.sha256 FROM evidence e WHERE e.id = $1 AND e.state = 'received'`,
        [id],
      );
      if (!row) return null;
      const { organisation, sha256 } = row as { organisation: string; sha256: string };
      await lockContent(tx, organisation, sha256);
      const sent = await this.objects.read(evidenceKey(organisation, sha256, 'sent'));
      // Another piece with the same content was developed meanwhile, or this one was taken back.
      if (!sent) {
        await this.follow(tx, organisation, sha256);
        return null;
      }
      const picture = await developPicture(await bytesOf(sent));
      const stored = createHash('sha256').update(picture.bytes).digest('hex');
      const small = createHash('sha256').update(picture.thumbnail).digest('hex');
      await this.objects.put(evidenceKey(organisation, sha256, 'content'), picture.bytes, stored);
      await this.objects.put(evidenceKey(organisation, sha256, 'thumbnail'), picture.thumbnail, small);
      await tx.query(
        `UPDATE evidence e SET state = 'ready', stored_sha256 = $3, stored_size = $4, width = $5, height = $6,
                lat = CASE WHEN p.evidence_location THEN $7::float8 END, lon = CASE WHEN p.evidence_location THEN $8::float8 END
           FROM assessment a LEFT JOIN cohort c ON c.id = a.cohort_id LEFT JOIN programme p ON p.id = c.programme_id
          WHERE a.id = e.assessment_id AND e.organisation_id = $1 AND e.sha256 = $2 AND e.state = 'received'`,
        [
          organisation,
          sha256,
          stored,
          picture.bytes.length,
          picture.width,
          picture.height,
          picture.place?.lat ?? null,
          picture.place?.lon ?? null,
        ],
      );
      return evidenceKey(organisation, sha256, 'sent');
    });
    // Only now that no row names it any more, for certain. If this fails, the sweep does it.
    if (done) await this.letGo(done);
  }

  /** Gives pieces that came later what was made of the same content. */
  private async follow(tx: Queryable, organisation: string, sha256: string): Promise<void> {
    await tx.query(
      `UPDATE evidence e SET state = 'ready', stored_sha256 = d.stored_sha256, stored_size = d.stored_size, width = d.width, height = d.height
         FROM evidence d WHERE d.organisation_id = $1 AND d.sha256 = $2 AND d.state = 'ready'
          AND e.organisation_id = $1 AND e.sha256 = $2 AND e.state = 'received'`,
      [organisation, sha256],
    );
  }

  /**
   * Lets go what was declared and never came, uploads that nobody goes on with, and bytes that no row names (any more).
   * Returns how many declarations and objects went.
   */
  async sweep(now: Date, uploadDays: number): Promise<{ declared: number; objects: number }> {
    const before = new Date(now.getTime() - uploadDays * DAY);
    const [, declared] = await this.db.as({}, (tx) =>
      tx.query(`DELETE FROM evidence WHERE state = 'awaited' AND declared_at < $1`, [before]),
    );
    for (const id of await this.uploads.idsBefore(before)) await this.uploads.remove(id);
    let objects = 0;
    // A day's grace spares asking about what is being written. That nothing needed goes, the lock sees to.
    for await (const keys of this.objects.keysBefore(new Date(now.getTime() - DAY)))
      for (const key of keys) objects += (await this.letGo(key)) ? 1 : 0;
    return { declared, objects };
  }

  /** Removes an object unless a row needs it. What isn't ours is left alone. */
  private async letGo(key: string): Promise<boolean> {
    const [, organisation, sha256, form] = KEY.exec(key) ?? [];
    if (!organisation || !sha256) return false;
    return this.db.as({}, async (tx) => {
      await lockContent(tx, organisation, sha256);
      const rows: { state: EvidenceState; type: EvidenceType }[] = await tx.query(
        `SELECT state, media_type AS type FROM evidence WHERE organisation_id = $1 AND sha256 = $2 AND state <> 'awaited'`,
        [organisation, sha256],
      );
      const needed = rows.some(({ state, type }) =>
        form ? isPicture(type) : state === 'received' || !isPicture(type),
      );
      if (!needed) await this.objects.remove(key);
      return !needed;
    });
  }
}

const DAY = 86_400_000;
