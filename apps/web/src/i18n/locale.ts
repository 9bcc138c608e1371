import { isLocale, LANGUAGES, type Locale } from '#domain/languages';

export { LOCALES, type Locale } from '#domain/languages';
/** The pseudo-language `en-XA` shows texts that aren't translatable or get cut off; only by `?lang=en-XA`. */
export type ShownLocale = Locale | 'en-XA';

const STORED = 'uplift.locale';
export const intlName = (locale: ShownLocale): string => (locale === 'en-XA' ? 'en-GB' : LANGUAGES[locale]);
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
nameIt();
export const currentLocale = (): ShownLocale => current;
export function rememberLocale(locale: Locale): void {
  current = locale;
  localStorage.setItem(STORED, locale);
  nameIt();
}

/** Says on the document in which language and direction it is, before anything is drawn: afterwards all would be laid out anew. */
function nameIt(): void {
  document.documentElement.lang = current === 'en-XA' ? 'en' : current;
  document.documentElement.dir = dirOf(current);
}

/** The language to ask the API for: the interface's, English for the pseudo-language. */
export const serverLocale = (): Locale => (current === 'en-XA' ? 'en' : current);
export const acceptLanguage = (): string => `${serverLocale()}, en;q=0.5`;
