import type { Schema } from '#web/api/client';

/**
 * A translation of an edition as a file to work on (YAML): every text there is to translate, with the original above it as a
 * comment. What isn't translated yet is empty, and refused with its line when the file is imported: nothing is forgotten, and
 * no original passes for a translation.
 */
export function translationFile(
  edition: Schema<'ChecklistVersion'>,
  language: string,
  translation?: Schema<'ChecklistTranslation'>,
): string {
  // A quoted text of JSON is one of YAML, on one line.
  const text = (value: string): string => JSON.stringify(value);
  const lines: string[] = [
    'format: uplift.translation/1',
    `checklist: ${text(edition.checklist)}`,
    `version: ${text(edition.version)}`,
    `language: ${text(language)}`,
    '# unofficial, reviewed or approved; a requirement may have a status of its own.',
    `status: ${translation?.status ?? 'unofficial'}`,
  ];
  /** A text under its name, the original above it. */
  const entry = (indent: string, name: string, original: string, translated: string | undefined): void => {
    lines.push(`${indent}# ${original.replace(/\s+/g, ' ')}`, `${indent}${name}: ${text(translated ?? '')}`);
  };
  const titles = (
    name: 'levels' | 'sections' | 'competencies',
    list: readonly { readonly code: string; readonly title: string }[],
  ): void => {
    if (list.length === 0) return;
    lines.push(`${name}:`);
    for (const { code, title } of list) entry('  ', text(code), title, translation?.[name]?.[code]);
  };
  entry('', 'title', edition.title, translation?.title);
  if (edition.description) entry('', 'description', edition.description, translation?.description);
  titles('levels', edition.levels);
  titles('sections', edition.sections);
  titles('competencies', edition.competencies ?? []);
  lines.push('requirements:');
  for (const { code, question, guidance, evidence } of edition.requirements) {
    const before = translation?.requirements[code];
    lines.push(`  ${text(code)}:`);
    if (before?.status) lines.push(`    status: ${before.status}`);
    entry('    ', 'question', question, before?.question);
    if (guidance) entry('    ', 'guidance', guidance, before?.guidance);
    if (evidence?.length) {
      lines.push('    evidence:');
      evidence.forEach((original, n) =>
        lines.push(
          `      # ${original.replace(/\s+/g, ' ')}`,
          `      - ${text(before?.evidence?.[n] ?? '')}`,
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
