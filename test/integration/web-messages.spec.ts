import { LOCALES } from '#domain';
import { readFileSync } from 'node:fs';

type Messages = Record<string, Record<string, Record<string, string>>>;
interface Tools {
  readMessages(): Messages;
  faultsOf(messages: Messages): string[];
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
