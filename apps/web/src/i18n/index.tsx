import { IntlMessageFormat } from 'intl-messageformat';
import { createContext, type ReactNode, use, useMemo, useState } from 'react';
import type { RichTexts, Texts } from '#web/generated/messages';
import { currentLocale, dirOf, intlName, type Locale, rememberLocale, type ShownLocale } from './locale';
import { loadWanted, textOf } from './texts';

export { LOCALES, type Locale, serverLocale } from './locale';
export { loadTexts } from './texts';

/** Keys without blanks take none; others take an object of exactly theirs. */
type Blanks<T, K extends keyof T> = T[K] extends undefined ? [] : [T[K]];

/** Everything that is said in one language. */
export interface I18n {
  readonly locale: ShownLocale;
  /** The Intl name, with digits and calendar. */
  readonly intl: string;
  readonly dir: 'ltr' | 'rtl';
  /** A text by its key `area.name`; unknown keys and wrong blanks are type errors. */
  t<K extends keyof Texts>(key: K, ...blanks: Blanks<Texts, K>): string;
  /** A text with markup: `<b>…</b>` in the message is a function among the blanks. */
  rich<K extends keyof RichTexts>(key: K, ...blanks: Blanks<RichTexts, K>): ReactNode;
  number(value: number, options?: Intl.NumberFormatOptions): string;
  /** A part of a whole as a percentage. */
  percent(value: number): string;
  /** A day `YYYY-MM-DD`, which has no time zone. */
  day(day: string): string;
  /** A moment (ISO 8601), in the reader's time zone. */
  moment(moment: string): string;
  /** "in 3 days", "2 days ago". */
  daysFromNow(day: string): string;
  list(items: readonly string[]): string;
  country(code: string): string;
  language(code: string): string;
  /** Compares names as the language orders them. */
  compare(one: string, other: string): number;
  choose(locale: Locale): Promise<void>;
}

const Context = createContext<I18n | null>(null);

/** Text put into a sentence of another direction must not turn it around. */
const isolate = (value: unknown): unknown => (typeof value === 'string' ? `\u2068${value}\u2069` : value);

/** Made when it is first asked for: a cheap phone takes tens of milliseconds for each of these, and a page needs few. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

function makeI18n(locale: ShownLocale, choose: I18n['choose']): I18n {
  const intl = intlName(locale);
  const dir = dirOf(locale);
  const formats = new Map<string, IntlMessageFormat>();
  const say = (key: string, blanks: Record<string, unknown> = {}): unknown => {
    const text = textOf(locale, key);
    if (text === undefined) throw new Error(`no text ${key}: are the texts of its area loaded?`);
    if (typeof text === 'string') return text;
    let format = formats.get(key);
    if (!format) formats.set(key, (format = new IntlMessageFormat(text as never, intl)));
    const given =
      dir === 'rtl'
        ? Object.fromEntries(Object.entries(blanks).map(([name, value]) => [name, isolate(value)]))
        : blanks;
    return format.format(given as never);
  };
  const numbers = new Map<string, Intl.NumberFormat>();
  const number = (value: number, options: Intl.NumberFormatOptions = {}): string => {
    const key = JSON.stringify(options);
    let format = numbers.get(key);
    if (!format) numbers.set(key, (format = new Intl.NumberFormat(intl, options)));
    return format.format(value);
  };
  // The word that Russian has after a year doesn't begin a line.
  const whole = (date: string): string => date.replace(' г.', '\u00a0г.');
  const days = once(() => new Intl.DateTimeFormat(intl, { dateStyle: 'medium', timeZone: 'UTC' }));
  const moments = once(() => new Intl.DateTimeFormat(intl, { dateStyle: 'medium', timeStyle: 'short' }));
  const distances = once(() => new Intl.RelativeTimeFormat(intl, { numeric: 'auto' }));
  const lists = once(() => new Intl.ListFormat(intl, { type: 'conjunction' }));
  const countries = once(() => new Intl.DisplayNames(intl, { type: 'region' }));
  const languages = once(() => new Intl.DisplayNames(intl, { type: 'language' }));
  const collator = once(() => new Intl.Collator(intl, { numeric: true }));
  return {
    locale,
    intl,
    dir,
    t: (key, ...[blanks]) => say(key, blanks) as string,
    rich: (key, ...[blanks]) => {
      const said = say(key as string, blanks) as ReactNode;
      // A text between two tags is one of several children without keys of their own.
      return Array.isArray(said) ? said.map((part, n) => <span key={n}>{part}</span>) : said;
    },
    number,
    percent: (value) => number(value, { style: 'percent', maximumFractionDigits: 0 }),
    day: (day) => whole(days().format(new Date(`${day.slice(0, 10)}T00:00:00Z`))),
    moment: (moment) => whole(moments().format(new Date(moment))),
    daysFromNow: (day) => {
      const now = new Date();
      const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
      const n = Math.round((Date.parse(`${day.slice(0, 10)}T00:00:00Z`) - today) / 86_400_000);
      return distances().format(n, 'day');
    },
    list: (items) => lists().format(items),
    country: (code) => countries().of(code) ?? code,
    language: (code) => languages().of(code) ?? code,
    compare: (one, other) => collator().compare(one, other),
    choose,
  };
}

/** Gives the language to everything below. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [locale, setLocale] = useState(currentLocale);
  const i18n = useMemo(
    () =>
      makeI18n(locale, async (chosen) => {
        // First everything that is on screen, then the switch: no page is half in one language.
        await loadWanted(chosen);
        rememberLocale(chosen);
        setLocale(chosen);
      }),
    [locale],
  );
  return <Context value={i18n}>{children}</Context>;
}

/** The language of the moment: `const { t, day } = useI18n()`. */
export function useI18n(): I18n {
  const i18n = use(Context);
  if (!i18n) throw new Error('useI18n outside I18nProvider');
  return i18n;
}
