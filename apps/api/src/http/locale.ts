import { acceptedLocale, DomainError, isLocale, type Locale, LOCALES } from '#domain';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Languages of everything that is read, for the OpenAPI document. */
export const LANGUAGES = [...LOCALES];

/** The reader's language: asked for by `lang`, else the first of the browser's that we speak, else English. */
function readerLocale(request: FastifyRequest): Locale {
  const { lang } = request.query as { lang?: unknown };
  if (isLocale(lang)) return lang;
  if (lang !== undefined) {
    throw new DomainError('language-unknown', 'There are no reports in this language.', [
      { field: 'lang', message: 'unknown', fix: `Use one of: ${LOCALES.join(', ')}.` },
    ]);
  }
  return acceptedLocale(request.headers['accept-language']) ?? 'en';
}

/** The language of documents and pages. */
export const ReaderLocale = createParamDecorator((_: unknown, context: ExecutionContext): Locale =>
  readerLocale(context.switchToHttp().getRequest()),
);
