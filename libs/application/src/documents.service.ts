import type { DocumentKind, Database } from '#persistence';
import { appendToOutbox, DamagedDocumentError, type DocumentStore } from '#platform';
import { certificatePdf, gapReportPdf, LOCALES, type Locale } from '#reporting';
import { randomUUID } from 'node:crypto';
import { seesRecord, siteAccess } from './access.js';
import type { Actor } from './actor.js';
import type { CertificatesService } from './certificates.service.js';
import type { ReportsService } from './reports.service.js';

/** A PDF for a reader. */
export interface ServedDocument {
  /** SHA-256 of a kept document: the same for ever. Null for one that is made for this reader now. */
  readonly sha256: string | null;
  readonly name: string;
  /** Reads or renders it. `kept` is false when it had to be rendered, also because the kept one turned out damaged. */
  read(): Promise<{ readonly bytes: Uint8Array; readonly kept: boolean }>;
}

const MEDIA_TYPE = 'application/pdf';

/**
 * Gap reports and certificates as PDF. When an assessment is closed or a certificate issued, the worker keeps the
 * document in every language, and from then on that is what is served: what was issued stays byte for byte what it was.
 */
export class DocumentsService {
  constructor(
    private readonly db: Database,
    private readonly store: DocumentStore,
    private readonly reports: ReportsService,
    private readonly certificates: CertificatesService,
    /** Told when a kept document is not in the store any more or damaged; it is then rendered anew. */
    private readonly onLost: (problem: Error) => void = () => undefined,
  ) {}

  /** Has the gap report kept, in a job of its own, if the assessment is closed. */
  async keepWhenClosed(assessmentId: string): Promise<void> {
    if (await this.gapReportSource(assessmentId))
      await appendToOutbox(this.db, 'keep-document', { assessmentId });
  }

  /** Keeps the gap report of a closed assessment as the supplier and its programme see it. Repeating changes nothing. */
  async keepGapReport(assessmentId: string): Promise<void> {
    const source = await this.gapReportSource(assessmentId);
    if (!source) return;
    await this.keep('gap-report', assessmentId, source.hash, async (locale) =>
      gapReportPdf(await this.reports.gapReportForRecord(assessmentId, locale), locale),
    );
  }

  /** Keeps an issued certificate. Its later states are the verification page's; the document stays as it was issued. */
  async keepCertificate(certificateId: string): Promise<void> {
    const hash = await this.certificateSource(certificateId);
    if (!hash) return;
    await this.keep('certificate', certificateId, hash, async (locale) =>
      certificatePdf(await this.certificates.viewForRecord(certificateId, locale), locale),
    );
  }

  /** The gap report for a reader. The kept one is for who works on the record; others see their own rules only, so for them it is rendered. */
  async gapReport(actor: Actor, assessmentId: string, locale: Locale): Promise<ServedDocument> {
    const name = `gap-report-${assessmentId}`;
    const render = async () =>
      gapReportPdf(await this.reports.gapReport(actor, assessmentId, locale), locale);
    const source = await this.gapReportSource(assessmentId);
    if (source) {
      const access = await siteAccess(this.db, actor, source.siteId, 'assessment');
      if (seesRecord(access))
        return this.served('gap-report', assessmentId, source.hash, locale, name, render);
    }
    return rendered(name, render);
  }

  /** The certificate for a reader. @throws DomainError `not-found` for one that was not issued or is not theirs to see */
  async certificate(actor: Actor, certificateId: string, locale: Locale): Promise<ServedDocument> {
    const { number, issuedOn } = await this.certificates.get(actor, certificateId);
    const hash = issuedOn === null ? null : await this.certificateSource(certificateId);
    const render = async () =>
      certificatePdf(await this.certificates.view(actor, certificateId, locale), locale);
    if (hash) return this.served('certificate', certificateId, hash, locale, number, render);
    return rendered(number, render);
  }

  /** What the gap report of an assessment rests on while it is closed. */
  private async gapReportSource(id: string): Promise<{ hash: string; siteId: string } | null> {
    const [row] = await this.db.query(
      `SELECT i.lock_hash AS hash, a.site_id AS "siteId" FROM assessment a JOIN assessment_inside i ON i.id = a.id
        WHERE a.id = $1 AND a.state = 'closed' AND i.lock_hash IS NOT NULL`,
      [id],
    );
    return row ?? null;
  }

  private async certificateSource(id: string): Promise<string | null> {
    const [row] = await this.db.query(
      `SELECT facts->>'reportHash' AS hash FROM certificate WHERE id = $1 AND issued_on IS NOT NULL`,
      [id],
    );
    return row?.hash ?? null;
  }

  private async kept(
    kind: DocumentKind,
    subjectId: string,
    source: string,
    locale: Locale,
  ): Promise<string | null> {
    const [row] = await this.db.query(
      `SELECT sha256 FROM document WHERE kind = $1 AND subject_id = $2 AND source_hash = $3 AND language = $4`,
      [kind, subjectId, source, locale],
    );
    return row?.sha256 ?? null;
  }

  private async keep(
    kind: DocumentKind,
    subjectId: string,
    source: string,
    render: (locale: Locale) => Promise<Uint8Array>,
  ): Promise<void> {
    for (const locale of LOCALES) {
      if (await this.kept(kind, subjectId, source, locale)) continue;
      // The bytes first: a row is a promise that they are there. Of two workers the first one's row stands.
      const { sha256, size } = await this.store.put(await render(locale), MEDIA_TYPE);
      await this.db.query(
        `INSERT INTO document (id, kind, subject_id, language, source_hash, sha256, size, media_type)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
        [randomUUID(), kind, subjectId, locale, source, sha256, size, MEDIA_TYPE],
      );
    }
  }

  private async served(
    kind: DocumentKind,
    subjectId: string,
    source: string,
    locale: Locale,
    name: string,
    render: () => Promise<Uint8Array>,
  ): Promise<ServedDocument> {
    const sha256 = await this.kept(kind, subjectId, source, locale);
    if (sha256 && (await this.store.has(sha256))) {
      const read = async () => {
        const bytes = await this.read(sha256);
        return bytes ? { bytes, kept: true } : rendered(name, render).read();
      };
      return { sha256, name, read };
    }
    if (sha256) this.onLost(new Error(`The kept document ${sha256} is not in the store.`));
    return rendered(name, render);
  }

  private async read(sha256: string): Promise<Uint8Array | null> {
    try {
      return (await this.store.get(sha256))?.bytes ?? null;
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw error;
      this.onLost(error);
      return null;
    }
  }
}

const rendered = (name: string, render: () => Promise<Uint8Array>): ServedDocument => ({
  sha256: null,
  name,
  read: async () => ({ bytes: await render(), kept: false }),
});
