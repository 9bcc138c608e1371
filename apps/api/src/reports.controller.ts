import { type Actor, CertificatesService, ReportsService } from '#application';
import {
  certificatePdf,
  cohortReportPdf,
  gapReportPdf,
  type Locale,
  renderCohortReportHtml,
  renderGapReportHtml,
  renderVerificationHtml,
} from '#reporting';
import { Controller, Get, Header, Param, ParseUUIDPipe, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { CurrentActor, Public } from './http/auth.js';
import { LANGUAGES, ReaderLocale } from './http/locale.js';
import { page, pdf } from './http/page.js';

@ApiTags('reports')
@ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the report.' })
@Controller()
export class ReportsController {
  constructor(
    private readonly reports: ReportsService,
    private readonly certificates: CertificatesService,
  ) {}

  /** The gap report as data, texts in the reader's language. */
  @Get('api/v1/assessments/:id/gap-report')
  gapReport(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
  ) {
    return this.reports.gapReport(actor, id, locale);
  }

  @Get('api/v1/assessments/:id/gap-report.html')
  async gapReportHtml(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.gapReport(actor, id, locale);
    return page(reply, (nonce) => renderGapReportHtml(view, locale, { nonce }));
  }

  @Get('api/v1/assessments/:id/gap-report.pdf')
  async gapReportPdf(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return pdf(
      reply,
      await gapReportPdf(await this.gapReport(actor, id, locale), locale),
      `gap-report-${id}`,
    );
  }

  /** The cohort's gains: every figure with its n, spread, attrition and the parts of the change. */
  @Get('api/v1/cohorts/:id/report')
  cohort(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
  ) {
    return this.reports.cohortReport(actor, id, locale);
  }

  @Get('api/v1/cohorts/:id/report.html')
  async cohortHtml(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.cohort(actor, id, locale);
    return page(reply, (nonce) => renderCohortReportHtml(view, locale, { nonce }));
  }

  @Get('api/v1/cohorts/:id/report.pdf')
  async cohortPdf(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return pdf(reply, await cohortReportPdf(await this.cohort(actor, id, locale), locale), `cohort-${id}`);
  }

  @Get('api/v1/certificates/:id/certificate.pdf')
  async certificate(
    @CurrentActor() actor: Actor,
    @Param('id', ParseUUIDPipe) id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.certificates.view(actor, id, locale);
    return pdf(reply, await certificatePdf(view, locale), view.number);
  }

  /** Public page behind a certificate's QR code. An unknown number answers 404 with a page that says so. */
  @Public()
  @Get('verify/:number')
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
