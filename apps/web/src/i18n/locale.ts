/** Languages of the interface, with the Intl name of each. Arabic with its own digits and, as food businesses use, the Gregorian calendar: as the reports do. */
export const LOCALES = {
  en: 'en-GB',
  es: 'es',
  ar: 'ar-EG-u-nu-arab-ca-gregory',
  fr: 'fr',
  ru: 'ru',
  hi: 'hi',
} as const;
export type Locale = keyof typeof LOCALES;
/** The pseudo-language `en-XA` shows texts that aren't translatable or get cut off; only by `?lang=en-XA`. */
export type ShownLocale = Locale | 'en-XA';

/** Languages the product itself speaks (mails, reports, content); in the others it answers in English. */
const SERVER_LOCALES: readonly string[] = ['en', 'es', 'ar'];

const STORED = 'uplift.locale';
const isLocale = (value: string | null | undefined): value is Locale =>
  !!value && Object.hasOwn(LOCALES, value);

export const intlName = (locale: ShownLocale): string => (locale === 'en-XA' ? 'en-GB' : LOCALES[locale]);
export const dirOf = (locale: ShownLocale): 'ltr' | 'rtl' => (locale === 'ar' ? 'rtl' : 'ltr');

/** By the address, else as chosen on this device, else the first of the browser's that there is, else English. */
function firstLocale(): ShownLocale {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked === 'en-XA') return asked;
  if (isLocale(asked)) {
    localStorage.setItem(STORED, asked);
    return asked;
  }
  const stored = localStorage.getItem(STORED);
  if (isLocale(stored)) return stored;
  return navigator.languages.map((each) => each.slice(0, 2).toLowerCase()).find(isLocale) ?? 'en';
}

let current: ShownLocale = firstLocale();
export const currentLocale = (): ShownLocale => current;
export function rememberLocale(locale: Locale): void {
  current = locale;
  localStorage.setItem(STORED, locale);
}

/** The language to ask the API for: of the interface where it speaks it, else English. */
export const serverLocale = (): 'en' | 'es' | 'ar' =>
  SERVER_LOCALES.includes(current) ? (current as 'en' | 'es' | 'ar') : 'en';
/** Whether reports and content come in another language than the interface; pages that show such texts say so. */
export const serverFallsBack = (): boolean => current !== 'en-XA' && !SERVER_LOCALES.includes(current);
export const acceptLanguage = (): string => (current === 'en-XA' ? 'en' : `${current}, en;q=0.5`);
