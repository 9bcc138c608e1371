import 'reflect-metadata';
import { LOCALES } from '#domain';
import { getMetadataStorage } from 'class-validator';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ENGLISH } from '../../apps/api/src/http/problem-texts/english.js';
import { problemIn, problemText } from '../../apps/api/src/http/problem-texts/index.js';

/** What only the operator's command line says, in English. */
const COMMAND_LINE = /audit-|audit\/verify|checkpoints|object-store|config\.ts/;

/** Sentences that the code may refuse with: titles of problems, messages and fixes of fields, with `{0}` for what is put in. */
function refusals(): string[] {
  const found = new Set<string>();
  const texts = (node: ts.Node): string[] =>
    ts.isStringLiteralLike(node)
      ? [node.text]
      : ts.isTemplateExpression(node)
        ? [node.head.text + node.templateSpans.map(({ literal }, n) => `{${n}}${literal.text}`).join('')]
        : ts.isConditionalExpression(node)
          ? [...texts(node.whenTrue), ...texts(node.whenFalse)]
          : ts.isParenthesizedExpression(node)
            ? texts(node.expression)
            : ts.isBinaryExpression(node)
              ? [...texts(node.left), ...texts(node.right)]
              : [];
  const note = (node: ts.Node | undefined): void =>
    node ? texts(node).forEach((each) => found.add(each)) : undefined;
  const walk = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === 'DomainError') note(node.arguments?.[1]);
    if (ts.isCallExpression(node) && /^(forbidden|notFound)$/.test(node.expression.getText()))
      note(node.arguments[0]);
    if (ts.isCallExpression(node) && node.expression.getText() === 'invalid')
      node.arguments.slice(1).forEach(note);
    if (ts.isPropertyAssignment(node) && /^(message|fix)$/.test(node.name.getText())) note(node.initializer);
    // Why an operation of a device was refused.
    if (
      ts.isPropertyAssignment(node) &&
      node.name.getText() === 'detail' &&
      /\bfix:/.test(node.parent.getText())
    )
      note(node.initializer);
    ts.forEachChild(node, walk);
  };
  for (const folder of ['libs/domain/src', 'libs/platform/src', 'libs/application/src', 'apps/api/src'])
    for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
      if (/(?<!\.spec)\.ts$/.test(file) && !COMMAND_LINE.test(file))
        walk(
          ts.createSourceFile(file, readFileSync(join(folder, file), 'utf8'), ts.ScriptTarget.Latest, true),
        );
  // What has no words of its own needs none in another language.
  return [...found].filter((text) => /[A-Za-z]{3}/.test(text.replace(/\{\d\}/g, '')));
}

test('every refusal of the code has its words in every language', () => {
  const known = new Set<string>(ENGLISH);
  expect(refusals().filter((text) => !known.has(text) && !UNTOLD.has(text))).toEqual([]);
});

/** Passed through: names of the mapping's own, and what a profile's rules are introduced with. */
const UNTOLD = new Set(['no-common-items', 'Scoring profile {0} {1}: {2}{3}']);

/** What the validator may say of the fields that any operation takes, with `subjectId` for their names. */
async function validatorMessages(): Promise<Set<string>> {
  const said = new Set(['property subjectId should not exist']);
  for (const file of readdirSync('apps/api/src').filter((each) => each.endsWith('.dto.ts')))
    for (const dto of Object.values<unknown>(
      await import(`../../apps/api/src/${file.replace(/ts$/, 'js')}`),
    )) {
      if (typeof dto !== 'function') continue;
      for (const field of getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false)) {
        const [rule] = field.constraintCls
          ? getMetadataStorage().getTargetValidatorConstraints(field.constraintCls)
          : [];
        const constraints: unknown[] = field.constraints ?? [];
        // Too short, too long, and no text at all.
        for (const value of ['', 'x'.repeat(10_000), 1]) {
          const told = { value, constraints, object: {}, targetName: '', property: field.propertyName };
          const message = field.message || rule?.instance.defaultMessage?.(told);
          if (typeof message === 'string')
            said.add(
              constraints
                .reduce<string>(
                  (text, constraint, n) => text.replaceAll(`$constraint${n + 1}`, String(constraint)),
                  message,
                )
                .replaceAll('$property', 'subjectId'),
            );
        }
      }
    }
  return said;
}

test('what the validator says of a field has its words in every language', async () => {
  const said = [...(await validatorMessages())];
  expect(said).toContain('subjectId must be shorter than or equal to 200 characters');
  expect(said).toContain('each value in subjectId must be a UUID');
  for (const locale of LOCALES.filter((each) => each !== 'en'))
    expect([locale, said.filter((text) => /\b(must|should)\b/.test(problemText(text, locale)))]).toEqual([
      locale,
      [],
    ]);
  expect(problemText('each value in ids must be a UUID', 'fr')).toBe(
    'Chaque valeur\u00a0: Doit être un identifiant (UUID).',
  );
});

test('a blank of a translation is one of the English text', () => {
  const blanks = (text: string) => text.match(/\{\d\}|\$property/g) ?? [];
  for (const locale of LOCALES)
    for (const english of ENGLISH) {
      const said = problemText(english, locale);
      expect([locale, english, said.trim() === '']).toEqual([locale, english, false]);
      for (const blank of blanks(said))
        expect([locale, english, blanks(english)]).toEqual([
          locale,
          english,
          expect.arrayContaining([blank]),
        ]);
    }
});

test('what is put in stays as it is, unless it is a word of ours', () => {
  expect(problemText('There is no such assessment.', 'fr')).toBe(
    'N’existe pas, ou ne vous est pas visible\u00a0: évaluation.',
  );
  expect(problemText('Use one of: en, es.', 'hi')).toBe('इनमें से एक दें: en, es।');
  expect(problemText('subjectId must be a day such as 2026-03-01', 'es')).toBe(
    'subjectId debe ser un día como 2026-03-01',
  );
  expect(problemText('A sentence of somebody else.', 'ru')).toBe('A sentence of somebody else.');
  const problem = {
    title: 'Sign in first.',
    code: 'sign-in-required',
    errors: [{ field: '/a', message: 'unknown', fix: 'Sign in.' }],
  };
  expect(problemIn(problem, 'ar')).toEqual({
    title: 'سجّلوا الدخول أولًا.',
    code: 'sign-in-required',
    errors: [{ field: '/a', message: 'مجهول', fix: 'سجّلوا الدخول.' }],
  });
  expect(problemIn(problem, 'en')).toBe(problem);
});

test('somebody else’s long text is not searched in for long', () => {
  const from = performance.now();
  for (const locale of LOCALES) problemText(`"${'" ('.repeat(200)}`, locale);
  expect(performance.now() - from).toBeLessThan(2000);
});
