/**
 * The languages the product speaks, app, reports, mails and refusals alike, each with its Intl name: the one list of them.
 * Arabic with its own digits and, as food businesses use, the Gregorian calendar.
 */
export const LANGUAGES = {
  en: 'en-GB',
  es: 'es',
  ar: 'ar-EG-u-nu-arab-ca-gregory',
  fr: 'fr',
  ru: 'ru',
  hi: 'hi',
} as const;

export type Locale = keyof typeof LANGUAGES;
export const LOCALES = Object.keys(LANGUAGES) as readonly Locale[];

export const isLocale = (value: unknown): value is Locale => LOCALES.includes(value as Locale);

/** The first of the languages of an `Accept-Language` header that is spoken here; their order is taken, not their weights. */
export const acceptedLocale = (header: string | null | undefined): Locale | undefined =>
  (header ?? '')
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase())
    .find(isLocale);
