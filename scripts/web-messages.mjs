/**
 * The web app's messages: ICU texts in apps/web/src/i18n/<locale>/<area>.json. Checks that every language has the keys and
 * blanks that English has, writes their types, and compiles them, so that no parser is sent to browsers.
 */
import { parse, TYPE } from '@formatjs/icu-messageformat-parser';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './house.mjs';

/** English with accents, a third longer, in brackets: what isn't in the messages, or gets cut off, shows. */
export const PSEUDO = 'en-XA';
const FOLDER = join(ROOT, 'apps', 'web', 'src', 'i18n');
/** The languages of `libs/domain/src/languages.ts`, which this runs without: a spec holds them against each other. */
export const LOCALES = readdirSync(FOLDER, { withFileTypes: true })
  .flatMap((each) => (each.isDirectory() ? [each.name] : []))
  .sort((one, other) => Number(other === 'en') - Number(one === 'en'));

/** locale → area → key → text, of the files as they are. @throws when a file isn't JSON. */
export function readMessages(folder = FOLDER) {
  return Object.fromEntries(
    LOCALES.map((locale) => [
      locale,
      Object.fromEntries(
        readdirSync(join(folder, locale))
          .filter((file) => file.endsWith('.json'))
          .sort()
          .map((file) => {
            try {
              return [file.slice(0, -5), JSON.parse(readFileSync(join(folder, locale, file), 'utf8'))];
            } catch (error) {
              throw new Error(`i18n/${locale}/${file}: ${error.message}`, { cause: error });
            }
          }),
      ),
    ]),
  );
}

/** Blanks of a message by name, each with what it takes: `number`, `date`, `text`, `tag`, or the options of a choice. */
export function blanksOf(text) {
  const blanks = {};
  const walk = (elements) => {
    for (const each of elements) {
      if (each.type === TYPE.literal || each.type === TYPE.pound) continue;
      const kind =
        each.type === TYPE.number || each.type === TYPE.plural
          ? 'number'
          : each.type === TYPE.date || each.type === TYPE.time
            ? 'date'
            : each.type === TYPE.tag
              ? 'tag'
              : each.type === TYPE.select
                ? 'choice'
                : 'text';
      // `{n, plural, …{n}…}`: the plain use of a counted blank is the same blank.
      if (blanks[each.value] === undefined || blanks[each.value] === 'text') blanks[each.value] = kind;
      if (each.options) Object.values(each.options).forEach((option) => walk(option.value));
      if (each.children) walk(each.children);
    }
  };
  walk(parse(text));
  return blanks;
}

const shown = (blanks) =>
  Object.entries(blanks)
    .map(([name, kind]) => `{${name}: ${kind}}`)
    .sort()
    .join(' ') || 'none';

/** What a language's texts must not hold, and what stands there instead. */
const SETTING = {
  es: [[/(^|\?)[^¿?]*\?|(^|!)[^¡!]*!/u, 'a question or an exclamation is opened by ¿ or ¡']],
  fr: [
    [
      /[ \p{L}\p{N})}…][;!?»]|[ \p{L}\p{N})}»]:(?=\s|$)|«(?!\u00a0)/u,
      'a no-break space stands before ; ! ? (U+202F), before : and within « » (U+00A0)',
    ],
  ],
  ar: [[/[\p{Script=Arabic}\p{M}»)}]\s*[,;?](?=\s|$)/u, 'the marks are ، ؛ ؟']],
  hi: [[/\p{Script=Devanagari}\p{M}*\.(?=$|\s+\p{Script=Devanagari})/u, 'a sentence ends with ।']],
  ru: [[/площадк|когорт/iu, 'a site is «объект», a cohort «группа»']],
};

/** How a text, of the app or any other, is set otherwise than its language sets it; empty when it isn't. */
export const settingFaults = (text, locale) =>
  (SETTING[locale] ?? []).flatMap(([wrong, rule]) => {
    const [found] = wrong.exec(text) ?? [];
    return found === undefined ? [] : [`"${found.trim()}": ${rule}`];
  });

/** What is wrong with the messages, a sentence each; empty when nothing is. */
export function faultsOf(messages) {
  const faults = [];
  const plurals = (text, locale) => {
    const wanted = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    const missing = [];
    const walk = (elements) => {
      for (const each of elements) {
        if (each.type === TYPE.plural && each.pluralType !== 'ordinal')
          missing.push(...wanted.filter((category) => !each.options[category]));
        if (each.options) Object.values(each.options).forEach((option) => walk(option.value));
        if (each.children) walk(each.children);
      }
    };
    walk(parse(text));
    return missing;
  };
  for (const [locale, areas] of Object.entries(messages)) {
    for (const area of new Set([...Object.keys(messages.en), ...Object.keys(areas)])) {
      const [english, own] = [messages.en[area], areas[area]];
      if (!english || !own) {
        faults.push(`i18n/${own ? 'en' : locale}/${area}.json is missing.`);
        continue;
      }
      for (const key of new Set([...Object.keys(english), ...Object.keys(own)])) {
        const where = `i18n/${locale}/${area}.json, "${key}"`;
        if (typeof own[key] !== 'string' || !own[key].trim()) faults.push(`${where}: missing or empty.`);
        else if (typeof english[key] !== 'string') faults.push(`${where}: not in English.`);
        else {
          faults.push(...settingFaults(own[key], locale).map((each) => `${where}: ${each}.`));
          try {
            const [wanted, given] = [blanksOf(english[key]), blanksOf(own[key])].map(shown);
            if (wanted !== given) faults.push(`${where}: blanks are ${given}, in English ${wanted}.`);
            const missing = plurals(own[key], locale);
            if (missing.length > 0) faults.push(`${where}: plural without ${missing.join(', ')}.`);
          } catch (error) {
            faults.push(`${where}: ${error.message}.`);
          }
        }
      }
    }
  }
  return faults;
}

const TYPES = {
  number: 'number',
  date: 'Date | number',
  text: 'string | number',
  choice: 'string',
  tag: '(parts: ReactNode[]) => ReactNode',
};

/** TypeScript of the keys and their blanks, from English. */
export function typesOf({ en }) {
  const lines = { plain: [], rich: [] };
  for (const [area, texts] of Object.entries(en))
    for (const [key, text] of Object.entries(texts)) {
      const blanks = Object.entries(blanksOf(text));
      const type =
        blanks.length === 0
          ? 'undefined'
          : `{ ${blanks.map(([name, kind]) => `${JSON.stringify(name)}: ${TYPES[kind]}`).join('; ')} }`;
      const rich = blanks.some(([, kind]) => kind === 'tag');
      lines[rich ? 'rich' : 'plain'].push(`  ${JSON.stringify(`${area}.${key}`)}: ${type};`);
    }
  return [
    `// Written by scripts/web.mjs from src/i18n/en; not kept.`,
    `import type { ReactNode } from 'react';`,
    `/** Keys of messages with what their blanks take. */`,
    `export interface Texts {\n${lines.plain.join('\n')}\n}`,
    `/** Those with markup in them. */`,
    `export interface RichTexts {\n${lines.rich.join('\n')}\n}`,
    `export type MessageArea = ${Object.keys(en)
      .map((area) => JSON.stringify(area))
      .join(' | ')};\n`,
  ].join('\n\n');
}

/** Strips what only the parser's reports of errors need. */
const lean = (elements) =>
  elements.map(({ location: _location, ...each }) => ({
    ...each,
    ...(each.children && { children: lean(each.children) }),
    ...(each.options && {
      options: Object.fromEntries(
        Object.entries(each.options).map(([name, option]) => [name, { value: lean(option.value) }]),
      ),
    }),
  }));

const ACCENTS = Object.fromEntries([...'aeiounycAEIOUNYC'].map((each, n) => [each, 'áéíóúñýçÁÉÍÓÚÑÝÇ'[n]]));
const pseudo = (elements) =>
  elements.map((each) =>
    each.type === TYPE.literal
      ? {
          ...each,
          value: each.value
            .replace(/[A-Za-z]/g, (letter) => ACCENTS[letter] ?? letter)
            .replace(/(\p{L}{4,})/gu, '$1·'),
        }
      : {
          ...each,
          ...(each.children && { children: pseudo(each.children) }),
          ...(each.options && {
            options: Object.fromEntries(
              Object.entries(each.options).map(([name, option]) => [name, { value: pseudo(option.value) }]),
            ),
          }),
        },
  );

/** A message as it is sent: a text without blanks as it is, everything else parsed. */
function compile(text, locale) {
  let elements = lean(parse(text));
  if (locale === PSEUDO) {
    elements = pseudo(elements);
    elements = [{ type: TYPE.literal, value: '[' }, ...elements, { type: TYPE.literal, value: ' ~]' }];
  }
  return elements.every((each) => each.type === TYPE.literal)
    ? elements.map((each) => each.value).join('')
    : elements;
}

/** What the frame says everywhere; loaded with the language, while an area's texts are loaded with the area. */
const BASE = ['common', 'shell'];

/** Vite plugin: `virtual:messages` maps `locale/area` to what loads it; `base` stands for common and shell together. */
export function messagesPlugin() {
  const PREFIX = 'virtual:messages';
  return {
    name: 'uplift-messages',
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    buildStart() {
      const faults = faultsOf(readMessages());
      if (faults.length > 0) this.error(`Messages of the web app:\n${faults.join('\n')}`);
    },
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const messages = readMessages();
      const [, locale, area] = id.split('/');
      if (!locale) {
        const areas = ['base', ...Object.keys(messages.en).filter((each) => !BASE.includes(each))];
        const lines = [...LOCALES, PSEUDO].flatMap((each) =>
          areas.map((name) => `'${each}/${name}': () => import('${PREFIX}/${each}/${name}')`),
        );
        return `export default { ${lines.join(',\n')} };`;
      }
      const texts = messages[locale === PSEUDO ? 'en' : locale];
      const compiled = Object.fromEntries(
        (area === 'base' ? BASE : [area]).flatMap((each) =>
          Object.entries(texts[each]).map(([key, text]) => [`${each}.${key}`, compile(text, locale)]),
        ),
      );
      return `export default ${JSON.stringify(compiled)};`;
    },
    handleHotUpdate({ file, server }) {
      if (file.startsWith(FOLDER)) server.ws.send({ type: 'full-reload' });
    },
  };
}
