import { messages, type PhraseKey, type PluralKey } from './messages/index.js';
import type {
  ChecklistLine,
  ContentTranslation,
  ExceptionLine,
  LocalDate,
  Money,
  Locale,
  Verdict,
} from './views.js';
import {
  type AssessmentKind,
  type Conformity,
  type FindingGrade,
  type ImpartialityRule,
  LANGUAGES,
} from '#domain';

/** What may be put into a phrase: text is isolated in right-to-left languages, numbers are formatted. */
export type Words = Readonly<Record<string, string | number>>;

const RULE_WORDS = {
  'assessor-is-coach': 'ruleAssessorIsCoach',
  'assessor-is-supplier': 'ruleAssessorIsSupplier',
  'organisation-is-party': 'ruleOrganisationIsParty',
  'organisation-is-coach': 'ruleOrganisationIsCoach',
  'organisation-serves-others': 'ruleOrganisationServesOthers',
  'reviewer-is-assessor': 'ruleReviewerIsAssessor',
  'reviewer-is-coach': 'ruleReviewerIsCoach',
  'reviewer-is-supplier': 'ruleReviewerIsSupplier',
  'decider-is-assessor': 'ruleDeciderIsAssessor',
  'decider-is-coach': 'ruleDeciderIsCoach',
  'decider-is-reviewer': 'ruleDeciderIsReviewer',
  'decider-is-proposer': 'ruleDeciderIsProposer',
  'decider-is-supplier': 'ruleDeciderIsSupplier',
} as const satisfies Readonly<Record<ImpartialityRule, PhraseKey>>;

/** Everything that is said in one language: phrases, plurals, numbers, dates. */
export class Speech {
  readonly dir: 'ltr' | 'rtl';
  /** Phrases without blanks, for templates. */
  readonly words: Readonly<Record<PhraseKey, string>>;
  private readonly plurals: Intl.PluralRules;
  private readonly formats = new Map<string, Intl.NumberFormat>();
  private readonly longDate: Intl.DateTimeFormat;
  private readonly lists: Intl.ListFormat;
  private readonly countries: Intl.DisplayNames;
  private readonly languages: Intl.DisplayNames;

  constructor(readonly locale: Locale) {
    this.dir = locale === 'ar' ? 'rtl' : 'ltr';
    this.words = messages[locale] as Readonly<Record<PhraseKey, string>>;
    this.plurals = new Intl.PluralRules(LANGUAGES[locale]);
    this.longDate = new Intl.DateTimeFormat(LANGUAGES[locale], { dateStyle: 'long', timeZone: 'UTC' });
    this.countries = new Intl.DisplayNames(LANGUAGES[locale], { type: 'region' });
    this.languages = new Intl.DisplayNames(LANGUAGES[locale], { type: 'language' });
    this.lists = new Intl.ListFormat(LANGUAGES[locale], { type: 'conjunction', style: 'short' });
  }

  /** A phrase with its blanks filled in. A blank nobody fills is a mistake of ours and throws. */
  say(key: PhraseKey, words: Words = {}): string {
    return this.fill(messages[this.locale][key], words);
  }

  /** A counted phrase: the form that the language wants for `n`, rounded to `digits` as it will be shown. */
  count(key: PluralKey, n: number, words: Words = {}, digits = 0): string {
    const forms = messages[this.locale][key];
    const shown = Number(n.toFixed(digits));
    return this.fill(forms[this.plurals.select(Math.abs(shown))] ?? forms.other, {
      ...words,
      n: this.number(shown, digits),
    });
  }

  number(value: number, digits = 0): string {
    return this.format({ maximumFractionDigits: digits }).format(value);
  }

  /** With one decimal, always, so that columns line up. */
  decimal(value: number): string {
    return this.format({ minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
  }

  /** A wall-clock time `09:30` in the digits of the language. */
  time(clock: string): string {
    return clock.replace(/\d/g, (digit) => this.number(Number(digit)));
  }

  /** With its sign, for changes; one decimal. */
  signed(value: number, digits = 1): string {
    return this.minus(
      this.format({
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        signDisplay: 'exceptZero',
      }).format(value),
    );
  }

  /** `45` → "+45 %" as the language writes it. */
  signedPercent(value: number): string {
    return this.minus(
      this.format({ style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' }).format(
        value / 100,
      ),
    );
  }

  /** Points on the 0..100 scale, or in words that there are none. */
  points(value: number | null): string {
    return value === null ? this.say('notRated') : this.count('points', value, {}, 1);
  }

  /** Points with what they are of: "48 of 100 points". null: words that there are none. */
  pointsOf(value: number | null): string {
    return value === null
      ? this.say('notRated')
      : this.say('pointsOf', { points: this.number(value, 1), of: 100 });
  }

  /** Numbers within a text of the checklist in the digits of the language; codes such as `FM-TRAC-01` keep theirs. */
  digits(text: string): string {
    if (this.locale !== 'ar') return text;
    return text.replace(/(?<![A-Za-z\d][-.]?)\d+(?:[.,]\d+)?(?![-.]?[A-Za-z])/g, (number) =>
      number.replace(/[.,]/, '٫').replace(/\d/g, (digit) => this.number(Number(digit))),
    );
  }

  /** An address whose last part may be a country code (ISO 3166), which is given its name. */
  address(text: string): string {
    const named = text.replace(/(?<=, |^)[A-Z]{2}$/, (code) => this.countries.of(code) ?? code);
    if (this.dir === 'ltr') return named;
    // A town in Latin letters before a country in Arabic: the line is read from the right all the same.
    const mark = named === text ? '' : '\u200f';
    return mark + named.replaceAll(', ', '، ');
  }

  /** The name of a language, by its code. */
  language(code: string): string {
    return this.languages.of(code) ?? code;
  }

  /** Joins short facts in one line. Arabic has no middle dot here: beside digits it reads as a zero. */
  join(...facts: readonly string[]): string {
    return facts.join(this.words.dot);
  }

  /** A change in points, with its sign: "+26.7 points". */
  signedPoints(value: number): string {
    const forms = messages[this.locale].points;
    const form = forms[this.plurals.select(Math.abs(Number(value.toFixed(1))))] ?? forms.other;
    return this.fill(form.includes('{n}') ? form : forms.other, { n: this.signed(value) });
  }

  money(value: Money): string {
    return this.format({ style: 'currency', currency: value.currency, maximumFractionDigits: 0 }).format(
      value.amount,
    );
  }

  date(day: LocalDate): string {
    return this.longDate.format(new Date(`${day}T00:00:00Z`));
  }

  list(items: readonly string[]): string {
    return this.lists.format(items.map((item) => this.isolate(item)));
  }

  verdict(verdict: Verdict): string {
    return this.say(
      (
        {
          pass: 'verdictPass',
          fail: 'verdictFail',
          rated: 'verdictRated',
          'not-scorable': 'verdictNotScorable',
        } as const
      )[verdict],
    );
  }

  kind(kind: AssessmentKind): string {
    return this.say(
      (
        {
          self: 'kindSelf',
          baseline: 'kindBaseline',
          'follow-up': 'kindFollowUp',
          verification: 'kindVerification',
        } as const
      )[kind],
    );
  }

  grade(grade: FindingGrade): string {
    return this.say(grade === 'good-practice' ? 'goodPractice' : grade);
  }

  conformity(conformity: Conformity): string {
    return this.say(
      conformity === 'not-applicable'
        ? 'notApplicable'
        : conformity === 'not-assessed'
          ? 'notAssessed'
          : conformity,
    );
  }

  translation(status: ContentTranslation): string {
    return this.say(
      (
        {
          original: 'translationOriginal',
          unofficial: 'translationUnofficial',
          reviewed: 'translationReviewed',
          approved: 'translationApproved',
        } as const
      )[status],
    );
  }

  /** Which list, edition and level: "Food manufacturing, edition 2, Basic". */
  checklist({ title, edition, level }: ChecklistLine): string {
    return this.say('checklistLine', { title, edition: this.digits(edition), level });
  }

  /** Label and text pairs about the checklist and the scoring: on every report, never left out. */
  checklistFacts(line: ChecklistLine): { label: string; text: string }[] {
    const status = (
      {
        confirmed: 'provenanceConfirmed',
        unverified: 'provenanceUnverified',
        'programme-default': 'provenanceDefault',
      } as const
    )[line.profile.status];
    return [
      {
        label: this.say('checklist'),
        text: this.checklist(line),
      },
      {
        label: this.say('scoringProfile'),
        text: this.say('profileLine', {
          title: this.digits(line.profile.title),
          version: this.digits(line.profile.version),
          status: this.say(status),
        }),
      },
      { label: this.say('provenance'), text: line.profile.source },
      {
        label: this.say('translation'),
        text: line.fallback
          ? this.say('contentIn', { language: this.language(line.fallback) })
          : this.translation(line.translationStatus),
      },
    ];
  }

  /** What the assessment is not. */
  disclaimer(programme: string, line: ChecklistLine): string {
    return this.say('disclaimer', { programme, edition: this.digits(line.edition), level: line.level });
  }

  /** Breaches of impartiality that were allowed, a sentence or two each. */
  exceptions(lines: readonly ExceptionLine[] | undefined): string[] {
    return (lines ?? []).map(({ rule, from, until, recordedOn, reason }) =>
      this.say('exceptionLine', {
        rule: this.words[RULE_WORDS[rule]],
        period: from === undefined ? '' : ` (${this.stretch(from, until ?? null)})`,
        date: this.date(recordedOn),
        reason,
      }),
    );
  }

  /** From a day to another, or since a day that something has been going on. */
  stretch(from: LocalDate, until: LocalDate | null): string {
    return until === null
      ? this.say('since', { from: this.date(from) })
      : this.say('period', { from: this.date(from), to: this.date(until) });
  }

  /** Codes in a row. */
  codes(items: readonly string[]): string {
    return items.map((item) => this.isolate(item)).join(this.dir === 'rtl' ? '، ' : ', ');
  }

  /** Keeps a foreign-script name from disturbing the order of a right-to-left sentence. */
  isolate(text: string): string {
    return this.dir === 'rtl' && /[A-Za-z0-9]/.test(text) && !/\p{Script=Arabic}/u.test(text)
      ? `\u2068${text}\u2069`
      : text;
  }

  /** The name of a country (ISO 3166). */
  country(code: string): string {
    return this.countries.of(code) ?? code;
  }

  /** A true minus sign instead of a hyphen. */
  private minus(text: string): string {
    return text.replace('-', '\u2212');
  }

  private fill(phrase: string, words: Words): string {
    return phrase.replace(/\{(\w+)\}/g, (_, name: string) => {
      const word = words[name];
      if (word === undefined) throw new Error(`"${name}" is missing in "${phrase}"`);
      return typeof word === 'number' ? this.number(word) : this.isolate(word);
    });
  }

  private format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
    const key = JSON.stringify(options);
    let format = this.formats.get(key);
    if (!format) this.formats.set(key, (format = new Intl.NumberFormat(LANGUAGES[this.locale], options)));
    return format;
  }
}

const spoken = new Map<Locale, Speech>();

/** The speech of a language, made once. */
export function speech(locale: Locale): Speech {
  let found = spoken.get(locale);
  if (!found) spoken.set(locale, (found = new Speech(locale)));
  return found;
}
