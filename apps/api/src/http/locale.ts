import { DomainError } from '#domain';
import { LOCALES, type Locale } from '#reporting';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Languages of the reports, for the OpenAPI document. */
export const LANGUAGES = [...LOCALES];

const isLocale = (value: unknown): value is Locale => LOCALES.includes(value as Locale);

/** The reader's language: asked for by `lang`, else the first of the browser's that we speak, else English. */
export const ReaderLocale = createParamDecorator((_: unknown, context: ExecutionContext): Locale => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { lang } = request.query as { lang?: unknown };
  if (isLocale(lang)) return lang;
  if (lang !== undefined) {
    throw new DomainError('language-unknown', 'There are no reports in this language.', [
      { field: 'lang', message: 'unknown', fix: `Use one of: ${LOCALES.join(', ')}.` },
    ]);
  }
  const wanted = (request.headers['accept-language'] ?? '').split(',');
  return wanted.map((part) => part.trim().slice(0, 2).toLowerCase()).find(isLocale) ?? 'en';
});
