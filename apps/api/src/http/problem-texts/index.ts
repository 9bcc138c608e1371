import type { FieldProblem, Locale } from '#domain';
import { ar } from './ar.js';
import { ENGLISH, type ProblemTexts } from './english.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { hi } from './hi.js';
import { ru } from './ru.js';

const TEXTS: Readonly<Record<Exclude<Locale, 'en'>, ProblemTexts>> = { es, ar, fr, ru, hi };

const BLANK = /\{\d\}|\$property/g;
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Those with blanks as patterns, the most particular first. */
const PATTERNS = ENGLISH.filter((text) => text.search(BLANK) >= 0)
  .map((text) => ({
    text,
    blanks: text.match(BLANK)!,
    pattern: new RegExp(`^${text.split(BLANK).map(literal).join('(.+?)')}$`, 's'),
    weight: text.replace(BLANK, '').length,
  }))
  .sort((one, other) => other.weight - one.weight);

/** Longer than anything we say ourselves; what somebody else has sent is not searched in. */
const LONGEST = 600;

/** What the validator puts before a message about each value of a list. */
const EACH = 'each value in ';

/** One of our refusals in a language; what isn't ours, or came from elsewhere, stands as it is. */
export function problemText(english: string, locale: Locale): string {
  if (locale === 'en' || english.length > LONGEST) return english;
  const texts = TEXTS[locale];
  if (english.startsWith(EACH))
    return texts['each value: {0}'].replace('{0}', () => problemText(english.slice(EACH.length), locale));
  if (Object.hasOwn(texts, english)) return texts[english as keyof ProblemTexts];
  for (const { text, blanks, pattern } of PATTERNS) {
    const found = pattern.exec(english);
    if (!found) continue;
    const filled = new Map(blanks.map((blank, n) => [blank, found[n + 1]!]));
    // What was put in may be a word of ours itself: "assessment".
    return texts[text].replace(BLANK, (blank) => {
      const word = filled.get(blank) ?? '';
      return Object.hasOwn(texts, word) ? texts[word as keyof ProblemTexts] : word;
    });
  }
  return english;
}

/** A problem as a reader of the language is told it. Codes, fields and addresses are the same in every language. */
export const problemIn = <P extends { readonly title: string; readonly errors?: readonly FieldProblem[] }>(
  problem: P,
  locale: Locale,
): P =>
  locale === 'en'
    ? problem
    : {
        ...problem,
        title: problemText(problem.title, locale),
        ...(problem.errors && {
          errors: problem.errors.map((each) => ({
            ...each,
            message: problemText(each.message, locale),
            ...(each.fix !== undefined && { fix: problemText(each.fix, locale) }),
          })),
        }),
      };
