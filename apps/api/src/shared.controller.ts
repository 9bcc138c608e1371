import { SharedService } from '#application';
import {
  certificatePdf,
  gapReportPdf,
  type Locale,
  renderGapReportHtml,
  renderSharedGoneHtml,
  renderSharedHtml,
} from '#reporting';
import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from './http/auth.js';
import { LANGUAGES, ReaderLocale } from './http/locale.js';
import { Produces } from './http/openapi.js';
import { page, pdf } from './http/page.js';
import { SharedQuery } from './consents.dto.js';
import { PartQuery } from './reports.dto.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What a consent link opens. Every link that shows nothing is answered alike, whyever it does. */
@ApiTags('consent')
@ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the page.' })
@ApiNotFoundResponse({
  description: 'The link shows nothing, or nothing any more; the page says so.',
  content: { 'text/html': { schema: { type: 'string' } } },
})
@Controller('shared/:token')
export class SharedController {
  constructor(private readonly shared: SharedService) {}

  /** The page of what was granted. */
  @Public()
  @Get()
  @Produces('text/html')
  async read(
    @Param('token') token: string,
    @ReaderLocale() locale: Locale,
    @Query() { site }: SharedQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = await this.shared.page(token, locale, (site ?? 1) - 1);
    return answer(reply, locale, view, (shown) =>
      page(reply, (nonce) => renderSharedHtml(shown, locale, { nonce })),
    );
  }

  @Public()
  @Get('certificates/:id.pdf')
  @Produces('application/pdf')
  async certificate(
    @Param('token') token: string,
    @Param('id') id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = UUID.test(id) ? await this.shared.certificate(token, id, locale) : null;
    return answer(reply, locale, view, async (shown) =>
      pdf(reply, await certificatePdf(shown, locale), shown.number),
    );
  }

  @Public()
  @Get('assessments/:id/gap-report')
  @ApiQuery({ name: 'lang', enum: LANGUAGES, required: false, description: 'Language of the page.' })
  @Produces('text/html')
  async gapReport(
    @Param('token') token: string,
    @Param('id') id: string,
    @ReaderLocale() locale: Locale,
    @Query() { part }: PartQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = UUID.test(id) ? await this.shared.gapReport(token, id, locale) : null;
    return answer(reply, locale, view, (shown) =>
      page(reply, (nonce) => renderGapReportHtml(shown, locale, { nonce, part: part ?? 1 })),
    );
  }

  @Public()
  @Get('assessments/:id/gap-report.pdf')
  @Produces('application/pdf')
  async gapReportPdf(
    @Param('token') token: string,
    @Param('id') id: string,
    @ReaderLocale() locale: Locale,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const view = UUID.test(id) ? await this.shared.gapReport(token, id, locale) : null;
    return answer(reply, locale, view, async (shown) =>
      pdf(reply, await gapReportPdf(shown, locale), `gap-report-${id}`),
    );
  }
}

/** Nothing of it is kept by browsers or proxies, found by search engines, or told to pages it links to. */
async function answer<View, Sent>(
  reply: FastifyReply,
  locale: Locale,
  view: View | null,
  send: (view: View) => Sent | Promise<Sent>,
): Promise<Sent | string> {
  void reply
    .header('cache-control', 'no-store')
    .header('referrer-policy', 'no-referrer')
    .header('x-robots-tag', 'noindex, nofollow');
  if (view !== null) return send(view);
  void reply.status(404);
  return page(reply, (nonce) => renderSharedGoneHtml(locale, { nonce }));
}
