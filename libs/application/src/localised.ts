import type { ChecklistTranslation, ChecklistVersion, Score } from '#domain';
import type { ChecklistLine, ContentTranslation, Locale, SectionLine, Verdict } from '#reporting';
import type { EntityManager } from 'typeorm';
import type { LoadedAssessment } from './assessments.service.js';

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
  readonly status: ContentTranslation;
}

/** Puts a translation over a version. Without one the original stands, and says so. */
export function localise(
  version: ChecklistVersion,
  translation: ChecklistTranslation | null,
): LocalisedChecklist {
  const levels = new Map(version.levels.map((level) => [level.code, level.title]));
  const sections = new Map(version.sections.map((section) => [section.code, section.title]));
  const requirements = new Map(version.requirements.map((requirement) => [requirement.code, requirement]));
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
    status: translation ? translation.status : 'original',
  };
}

/** Loads and applies the translation of a version into a language, where there is one. */
export async function localisedVersion(
  db: Pick<EntityManager, 'query'>,
  versionId: string,
  version: ChecklistVersion,
  locale: Locale,
): Promise<LocalisedChecklist> {
  if (locale === version.language) return localise(version, null);
  const [row] = await db.query(
    `SELECT body FROM checklist_translation WHERE checklist_version_id = $1 AND language = $2`,
    [versionId, locale],
  );
  return localise(version, (row?.body as ChecklistTranslation | undefined) ?? null);
}

/** Which list was used and how it was scored, as every report says it. */
export function checklistLine(
  { version, level, profileBody }: LoadedAssessment,
  texts: LocalisedChecklist,
): ChecklistLine {
  return {
    title: texts.title,
    edition: version,
    level: texts.level(level),
    profile: {
      title: profileBody.title,
      version: profileBody.version,
      source: profileBody.provenance.source,
      status: profileBody.provenance.status,
    },
    translationStatus: texts.status,
  };
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
