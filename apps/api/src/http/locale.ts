import { DomainError } from '#domain';
import { LOCALES, type Locale, PAGE_LOCALES, type PageLocale } from '#reporting';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Languages of the reports, for the OpenAPI document. */
export const LANGUAGES = [...LOCALES];

/** Languages of the gap report's page. */
export const PAGE_LANGUAGES = [...PAGE_LOCALES];

/** The reader's language: asked for by `lang`, else the first of the browser's that we speak, else English. */
function readerLocale<L extends string>(request: FastifyRequest, spoken: readonly L[], fallback: L): L {
  const spoke = (value: unknown): value is L => spoken.includes(value as L);
  const { lang } = request.query as { lang?: unknown };
  if (spoke(lang)) return lang;
  if (lang !== undefined) {
    throw new DomainError('language-unknown', 'There are no reports in this language.', [
      { field: 'lang', message: 'unknown', fix: `Use one of: ${spoken.join(', ')}.` },
    ]);
  }
  const wanted = (request.headers['accept-language'] ?? '').split(',');
  return wanted.map((part) => part.trim().slice(0, 2).toLowerCase()).find(spoke) ?? fallback;
}

const requestOf = (context: ExecutionContext): FastifyRequest => context.switchToHttp().getRequest();

/** The language of documents and pages. */
export const ReaderLocale = createParamDecorator((_: unknown, context: ExecutionContext): Locale =>
  readerLocale(requestOf(context), LOCALES, 'en'),
);

/** The language of the gap report as a page or as data, which comes in every language of the web app. */
export const PageReaderLocale = createParamDecorator((_: unknown, context: ExecutionContext): PageLocale =>
  readerLocale(requestOf(context), PAGE_LOCALES, 'en'),
);
