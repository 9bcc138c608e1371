import {
  type Actor,
  CertificatesService,
  DocumentsService,
  ReportsService,
  type ServedDocument,
} from '#application';
import {
  cohortReportPdf,
  type Locale,
  renderCohortReportHtml,
  renderGapReportHtml,
  renderVerificationHtml,
} from '#reporting';
import { Controller, Get, Header, Param, ParseUUIDPipe, Query, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiQuery, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor, Public } from './http/auth.js';
import { LANGUAGES, ReaderLocale } from './http/locale.js';
import { PartQuery } from './reports.dto.js';
import { Produces } from './http/openapi.js';
import { has, page, pdf } from './http/page.js';
import { IfNoneMatch } from './http/revision.js';

/** A kept document never changes, so its hash is its ETag; one that is rendered now has none. */
async function served(
  reply: FastifyReply,
  document: ServedDocument,
  ifNoneMatch: string | undefined,
): Promise<Buffer | undefined> {
  const etag = `"${document.sha256}"`;
  const keep = () => void reply.header('etag', etag).header('cache-control', 'private, no-cache');
  if (document.sha256) {
    if (has(ifNoneMatch, etag)) {
      keep();
      void reply.status(304);
      return undefined;
    }
  }
  const { bytes, kept } = await document.read();
  if (kept) keep();
  return pdf(reply, bytes, document.name);
}

const InLanguage = () =>
  ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the report.' });
const InPageLanguage = () =>
  ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the report.' });

@ApiTags('reports')
@Controller()
export class ReportsController {
  constructor(
    private readonly reports: ReportsService,
    private readonly certificates: CertificatesService,
    private readonly documents: DocumentsService,
  ) {}

  /** The gap report as data, texts in the reader's language. */
  @Get('api/v1/assessments/:id/gap-report')
  @InPageLanguage()
  gapReport(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
  ) {
    return this.reports.gapReport(actor, id, locale);
  }

  /** The gap report as a page without script, under 30 kB; a long one comes in parts. */
  @Get('api/v1/assessments/:id/gap-report.html')
  @InPageLanguage()
  @Produces('text/html')
  async gapReportHtml(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Query() { part }: PartQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.gapReport(actor, id, locale);
    return page(reply, (nonce) => renderGapReportHtml(view, locale, { nonce, part: part ?? 1 }));
  }

  /** The document that was kept when the assessment was closed, with its SHA-256 as ETag; before that a rendered one. */
  @Get('api/v1/assessments/:id/gap-report.pdf')
  @InLanguage()
  @Produces('application/pdf')
  async gapReportPdf(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @IfNoneMatch() ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return served(reply, await this.documents.gapReport(actor, id, locale), ifNoneMatch);
  }

  /** The cohort's gains: every figure with its n, spread, attrition and the parts of the change. */
  @Get('api/v1/cohorts/:id/report')
  @InLanguage()
  cohort(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
  ) {
    return this.reports.cohortReport(actor, id, locale);
  }

  /** The cohort report as a page. */
  @Get('api/v1/cohorts/:id/report.html')
  @InLanguage()
  @Produces('text/html')
  async cohortHtml(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.cohort(actor, id, locale);
    return page(reply, (nonce) => renderCohortReportHtml(view, locale, { nonce }));
  }

  /** The cohort report as PDF. */
  @Get('api/v1/cohorts/:id/report.pdf')
  @InLanguage()
  @Produces('application/pdf')
  async cohortPdf(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return pdf(reply, await cohortReportPdf(await this.cohort(actor, id, locale), locale), `cohort-${id}`);
  }

  /** The certificate as it was issued, with its SHA-256 as ETag. What has become of it since, the public page says. */
  @Get('api/v1/certificates/:id/certificate.pdf')
  @InLanguage()
  @Produces('application/pdf')
  async certificate(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @IfNoneMatch() ifNoneMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return served(reply, await this.documents.certificate(actor, id, locale), ifNoneMatch);
  }

  /** Public page behind a certificate's QR code. An unknown number answers 404 with a page that says so. */
  @Public()
  @Get('verify/:number')
  @InLanguage()
  @Produces('text/html')
  @ApiNotFoundResponse({
    description: 'No certificate has this number; the page says so.',
    content: { 'text/html': { schema: { type: 'string' } } },
  })
  @Header('cache-control', 'no-store')
  async verify(
    @Param('number') number: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.verifyJson(number, locale, reply);
    return page(reply, (nonce) => renderVerificationHtml(view, locale, { nonce }));
  }

  /** The same as data, for machines. */
  @Public()
  @Get('api/v1/verify/:number')
  @InLanguage()
  @ApiNotFoundResponse({
    description: 'No certificate has this number.',
    content: { 'application/json': { schema: { $ref: getSchemaPath('VerificationView') } } },
  })
  @Header('cache-control', 'no-store')
  async verifyJson(
    @Param('number') number: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.certificates.verify(number, locale);
    if (!view.known) void reply.status(404);
    return view;
  }
}
