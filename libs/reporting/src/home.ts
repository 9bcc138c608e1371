import { renderHtml } from './html.js';
import { speech } from './speech.js';
import { LOCALES, type HtmlOptions, type Locale } from './views.js';

/** A link to the same page in every language it speaks, each named in itself. */
export function languageLinks(locale: Locale) {
  return LOCALES.map((code) => ({
    code,
    name: new Intl.DisplayNames(code, { type: 'language' })
      .of(code)!
      .replace(/^./u, (first) => first.toUpperCase()),
    current: code === locale,
  }));
}

/** The page at the product's own address: what it is, a certificate to check, and where the API is described. */
export function renderHomeHtml(locale: Locale, options: HtmlOptions = {}): string {
  const say = speech(locale);
  const t = say.words;
  return renderHtml('home', {
    lang: locale,
    dir: say.dir,
    t,
    languages: languageLinks(locale),
    audiences: [
      { who: t.homeSuppliers, what: t.homeSuppliersText },
      { who: t.homeBuyers, what: t.homeBuyersText },
      { who: t.homeAgencies, what: t.homeAgenciesText },
    ],
    nonce: options.nonce ?? null,
  });
}
