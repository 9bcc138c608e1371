import type { Locale } from '../views.js';
import { ar } from './ar.js';
import { en } from './en.js';
import { es } from './es.js';
import { fr } from './fr.js';
import { hi } from './hi.js';
import { ru } from './ru.js';

/** Forms of a counted phrase, by the plural categories of the language; `other` is always there. */
export type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;

type Dictionary = typeof en;

/** Every key of the English dictionary, a phrase for a phrase and plural forms for plural forms. */
export type Messages = {
  readonly [Key in keyof Dictionary]: Dictionary[Key] extends string ? string : Plural;
};

export type PhraseKey = {
  [Key in keyof Dictionary]: Dictionary[Key] extends string ? Key : never;
}[keyof Dictionary];
export type PluralKey = Exclude<keyof Dictionary, PhraseKey>;

export const messages: Readonly<Record<Locale, Messages>> = { en, es, ar, fr, ru, hi };
