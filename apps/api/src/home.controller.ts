import { type Locale, renderHomeHtml } from '#reporting';
import { Controller, Get, Header, Query, Redirect, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from './http/auth.js';
import { ReaderLocale } from './http/locale.js';
import { page } from './http/page.js';

/** The front door for people: nothing here needs an account. */
@ApiExcludeController()
@Public()
@Controller()
export class HomeController {
  @Get()
  @Header('vary', 'accept-language')
  home(@ReaderLocale() locale: Locale, @Res({ passthrough: true }) reply: FastifyReply) {
    return page(reply, (nonce) => renderHomeHtml(locale, { nonce }));
  }

  /** Where the form of the home page leads: to the page of the number as it was typed, blanks and case aside. */
  @Get('verify')
  @Redirect('/', 303)
  verify(@Query('number') number: unknown, @ReaderLocale() locale: Locale) {
    const typed = typeof number === 'string' ? number.replace(/\s+/g, '').toUpperCase().slice(0, 40) : '';
    return {
      url: typed ? `/verify/${encodeURIComponent(typed)}?lang=${locale}` : `/?lang=${locale}`,
      statusCode: 303,
    };
  }
}
