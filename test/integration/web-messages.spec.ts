import { LOCALES } from '#domain';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ENGLISH } from '../../apps/api/src/http/problem-texts/english.js';
import { problemText } from '../../apps/api/src/http/problem-texts/index.js';
import { messages } from '../../libs/reporting/src/messages/index.js';

type Messages = Record<string, Record<string, Record<string, string>>>;
interface Tools {
  readMessages(): Messages;
  faultsOf(messages: Messages): string[];
  settingFaults(text: string, locale: string): string[];
  typesOf(messages: Messages): string;
}
const tools = () => import('../../scripts/web-messages.mjs' as string) as Promise<Tools>;

test('every text of the web app is there in every language, with the same blanks and all plural forms', async () => {
  const { readMessages, faultsOf } = await tools();
  expect(faultsOf(readMessages())).toEqual([]);
});

test('what is missing, too much, or says other blanks is named', async () => {
  const { faultsOf } = await tools();
  const faults = faultsOf({
    en: { common: { a: 'A {n, number}', b: 'B', c: '{n, plural, one {#} other {#}}' } },
    ar: { common: { a: 'A {m}', c: '{n, plural, one {#} other {#}}', d: 'D' } },
  });
  expect(faults.join('\n')).toMatch(/"a": blanks are \{m: text\}, in English \{n: number\}/);
  expect(faults.join('\n')).toMatch(/"b": missing/);
  expect(faults.join('\n')).toMatch(/"c": plural without few, many, two, zero/);
  expect(faults.join('\n')).toMatch(/"d": not in English/);
});

test('the languages are those the product speaks, in its schemas too', async () => {
  const { readMessages } = await tools();
  expect(Object.keys(readMessages()).sort()).toEqual([...LOCALES].sort());
  const schema = (name: string): string => readFileSync(`checklists/schemas/${name}.schema.json`, 'utf8');
  for (const name of ['buyer-rule', 'scoring-profile', 'categories', 'profile-titles'])
    for (const locale of LOCALES)
      if (name !== 'profile-titles' || locale !== 'en')
        expect(schema(name)).toContain(`"${locale}": { "$ref"`);
});

test('reports, mails, refusals and checklists are set as their language sets them, too', async () => {
  const { settingFaults } = await tools();
  const content: Record<string, unknown> = {};
  for (const file of readdirSync('checklists', { recursive: true, encoding: 'utf8' })) {
    const [, locale] = /\.(\w\w)\.yaml$/.exec(file) ?? [];
    if (locale) content[file] = { [locale]: parse(readFileSync(`checklists/${file}`, 'utf8')) };
  }
  for (const file of ['categories.yaml', 'profile-titles.yaml'])
    content[file] = parse(readFileSync(`checklists/${file}`, 'utf8'));
  const faults: string[] = [];
  /** Whatever stands below the name of a language is in that language. */
  const look = (of: unknown, where: string, locale = 'en'): void => {
    if (typeof of === 'string')
      faults.push(...settingFaults(of, locale).map((fault) => `${where}: ${fault}`));
    else if (typeof of === 'object' && of !== null)
      for (const [key, value] of Object.entries(of))
        look(value, `${where} ${key}`, (LOCALES as readonly string[]).includes(key) ? key : locale);
  };
  look(content, 'checklists');
  look(messages, 'reports');
  look(
    Object.fromEntries(LOCALES.map((locale) => [locale, ENGLISH.map((text) => problemText(text, locale))])),
    'refusals',
  );
  expect(faults).toEqual([]);
  expect(settingFaults('Prêt ? « oui »', 'fr')).toHaveLength(1);
  expect(settingFaults('Prêt\u202f? «\u00a0oui\u00a0»', 'fr')).toEqual([]);
});
