import {
  type BuyerRule,
  type ChecklistTranslation,
  type ChecklistVersion,
  type Requirement,
  requirementsOf,
  type Score,
  type ScoringProfile,
} from '#domain';
import type { ChecklistLine, ContentTranslation, Locale, SectionLine, Verdict } from '#reporting';
import type { EntityManager } from 'typeorm';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { LoadedAssessment } from './assessments.service.js';
import { contentRoot, mustFollow } from './schemas.js';

/** Texts of a checklist version in the reader's language, falling back item by item to the original. */
export interface LocalisedChecklist {
  readonly title: string;
  readonly level: (code: string) => string;
  readonly section: (code: string) => string;
  readonly requirement: (code: string) => {
    question: string;
    guidance?: string;
    evidence: readonly string[];
  };
  /** Whether a requirement's question stands in the reader's language and not in the original's. */
  readonly translated: (code: string) => boolean;
  readonly status: ContentTranslation;
  /** What the texts are written in. */
  readonly language: string;
}

/** Puts a translation over a version. Without one the original stands, and says so. */
export function localise(
  version: ChecklistVersion,
  translation: ChecklistTranslation | null,
): LocalisedChecklist {
  const levels = new Map(version.levels.map((level) => [level.code, level.title]));
  const sections = new Map(version.sections.map((section) => [section.code, section.title]));
  const requirements = requirementsOf(version);
  return {
    title: translation?.title ?? version.title,
    level: (code) => translation?.levels[code] ?? levels.get(code) ?? code,
    section: (code) => translation?.sections[code] ?? sections.get(code) ?? code,
    requirement: (code) => {
      const original = requirements.get(code);
      const texts = translation?.requirements[code] ?? original;
      const guidance = texts?.guidance ?? original?.guidance;
      return {
        question: texts?.question ?? code,
        ...(guidance && { guidance }),
        evidence: texts?.evidence ?? original?.evidence ?? [],
      };
    },
    translated: (code) => !translation || Boolean(translation.requirements[code]),
    status: translation ? translation.status : 'original',
    language: translation ? translation.language : version.language,
  };
}

/** A version whose texts are those of a translation; `asked` are the requirements to give. */
export const withTexts = (
  version: ChecklistVersion,
  texts: LocalisedChecklist,
  asked: readonly Requirement[] = version.requirements,
): ChecklistVersion => ({
  ...version,
  language: texts.language,
  title: texts.title,
  levels: version.levels.map((level) => ({ ...level, title: texts.level(level.code) })),
  sections: version.sections.map((section) => ({ ...section, title: texts.section(section.code) })),
  requirements: asked.map((requirement) => ({ ...requirement, ...texts.requirement(requirement.code) })),
});

// Texts once read, per process. A version never changes. A translation may be corrected in place: PostgreSQL marks each
// row with the transaction that wrote it, so a kept one is used while that mark is the same, and read again after.
const originals = new WeakMap<ChecklistVersion, LocalisedChecklist>();
const translations = new Map<string, { readonly mark: string; readonly texts: LocalisedChecklist }>();

/** Applies the translation of a version into a language as it is now, where there is one. */
export async function localisedVersion(
  db: Pick<EntityManager, 'query'>,
  versionId: string,
  version: ChecklistVersion,
  locale: Locale,
): Promise<LocalisedChecklist> {
  if (locale !== version.language) {
    const key = `${versionId} ${locale}`;
    const kept = translations.get(key);
    const [row] = await db.query(
      `SELECT xmin::text AS mark, CASE WHEN xmin::text = $3 THEN NULL ELSE body END AS body
         FROM checklist_translation WHERE checklist_version_id = $1 AND language = $2`,
      [versionId, locale, kept?.mark ?? ''],
    );
    if (kept && row?.mark === kept.mark) return kept.texts;
    if (row) {
      const texts = localise(version, row.body as ChecklistTranslation);
      translations.set(key, { mark: row.mark, texts });
      return texts;
    }
  }
  let texts = originals.get(version);
  if (!texts) originals.set(version, (texts = localise(version, null)));
  return texts;
}

/** Which list was used and how it was scored, as every report says it. */
export function checklistLine(
  { version, level, profileBody }: Pick<LoadedAssessment, 'version' | 'level' | 'profileBody'>,
  texts: LocalisedChecklist,
  locale: Locale,
): ChecklistLine {
  return {
    title: texts.title,
    edition: version,
    level: texts.level(level),
    profile: {
      title: profileTitle(profileBody, locale),
      version: profileBody.version,
      source: profileBody.provenance.source,
      status: profileBody.provenance.status,
    },
    translationStatus: texts.status,
    ...(texts.language !== locale && { fallback: texts.language }),
  };
}

/** A content file beside the checklists, read once. */
function contentFile<File>(name: string): () => File {
  let file: File | undefined;
  return () =>
    (file ??= mustFollow<File>(
      name,
      parse(readFileSync(join(contentRoot(), `${name}.yaml`), 'utf8')),
      `${name}-invalid`,
      `checklists/${name}.yaml does not follow ${name}.schema.json.`,
    ));
}

const categories = contentFile<{
  categories: Record<string, Record<Locale, string>>;
}>('categories');
const profileTitles = contentFile<{ profiles: Record<string, Partial<Record<Locale, string>>> }>(
  'profile-titles',
);

/** The name of a product category (`checklists/categories.yaml`); one that isn't known there stays as it was entered. */
export function categoryName(code: string, locale: Locale): string {
  const names = categories().categories;
  return Object.hasOwn(names, code) ? names[code]![locale] : code;
}

/** Every product category that has a name, with it. */
export const categoryNames = (locale: Locale): { readonly code: string; readonly name: string }[] =>
  Object.entries(categories().categories).map(([code, names]) => ({ code, name: names[locale] }));

/**
 * The title of a scoring profile in the reader's language: what the profile itself says, then, for a shipped one,
 * `checklists/profile-titles.yaml`. A profile that has neither keeps its own title.
 */
export function profileTitle(
  profile: Pick<ScoringProfile, 'profile' | 'title' | 'translations'>,
  locale: Locale,
): string {
  const given: Partial<Record<Locale, { title: string }>> | undefined = profile.translations;
  const shipped = profileTitles().profiles;
  return (
    given?.[locale]?.title ??
    (Object.hasOwn(shipped, profile.profile) ? shipped[profile.profile]![locale] : undefined) ??
    profile.title
  );
}

/** The title of a buyer's rule in the reader's language; the buyer's own words where it gave no others. */
export function ruleTitle(rule: Pick<BuyerRule, 'title' | 'translations'>, locale: Locale): string {
  const given: Partial<Record<Locale, { title: string }>> | undefined = rule.translations;
  return given?.[locale]?.title ?? rule.title;
}

/** A result in the reports' words. */
export function verdictOf(score: Score): Verdict {
  if (score.status === 'not-scorable') return 'not-scorable';
  return score.passed === null ? 'rated' : score.passed ? 'pass' : 'fail';
}

/** Results of the sections inside blocks, and of those that are no blocks, in the checklist's order. */
export function sectionLines(
  { checklistBody }: Pick<LoadedAssessment, 'checklistBody'>,
  sections: Score['sections'],
  texts: LocalisedChecklist,
): SectionLine[] {
  const parents = new Set(checklistBody.sections.flatMap((section) => section.parent ?? []));
  const nested = new Set(checklistBody.sections.flatMap(({ parent, code }) => (parent ? [code] : [])));
  return sections
    .filter(
      (section) => (nested.has(section.section) || !parents.has(section.section)) && section.counts.total > 0,
    )
    .map((section) => ({
      code: section.section,
      title: texts.section(section.section),
      counts: section.counts,
      points: section.points,
    }));
}
