/**
 * A checklist as the field knows it: editions ("versions") of a list of requirements, grouped in sections and
 * levels. A published version never changes; an improvement is a new version joined to the old one by a crosswalk.
 */

/** How serious it is when a requirement is not met at all; also the grades of a nonconformity. */
export type Criticality = 'critical' | 'major' | 'minor';

/** Criticalities from the most to the least serious: the order in which gaps are listed. */
export const CRITICALITIES: readonly Criticality[] = ['critical', 'major', 'minor'];

/** One demand of a checklist, put as a question that is answered on site. */
export interface Requirement {
  /** Stable code, the same in every version in which the requirement stands (for example `FM-TRAC-01`). */
  readonly code: string;
  /** Code of the section the requirement stands in (a leaf or a block). */
  readonly section: string;
  /** Code of the lowest level at which it is asked. */
  readonly level: string;
  readonly question: string;
  readonly guidance?: string;
  readonly evidence?: readonly string[];
  readonly criticality: Criticality;
  /** A mandatory item: profiles and buyer rules may gate on it. Default false. */
  readonly required?: boolean;
  /** Share in weighted aggregations and points in deduct-by-weight ones. Default 1. */
  readonly weight?: number;
  /** Free class for profiles that count or deduct by class (for example `major-must`, `high`). */
  readonly class?: string;
  /** Whether "not applicable" may be answered. Default true. */
  readonly naAllowed?: boolean;
  readonly tags?: readonly string[];
  readonly competency?: string;
}

export interface Section {
  readonly code: string;
  readonly title: string;
  /** Code of the block the section belongs to; absent for a block. */
  readonly parent?: string;
}

export interface Level {
  readonly code: string;
  readonly title: string;
  /** Levels assessed again at this one: Intermediate includes Basic. */
  readonly includes?: readonly string[];
}

export interface Competency {
  readonly code: string;
  readonly title: string;
}

/** One edition of a checklist in its base language (format `uplift.checklist/1`). */
export interface ChecklistVersion {
  readonly format: 'uplift.checklist/1';
  readonly checklist: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string;
  readonly language: string;
  readonly attribution?: string;
  readonly levels: readonly Level[];
  readonly sections: readonly Section[];
  readonly requirements: readonly Requirement[];
  readonly competencies?: readonly Competency[];
}

const byCode = new WeakMap<ChecklistVersion, ReadonlyMap<string, Requirement>>();

/** The requirements of a version by their code. A version never changes, so this is worked out once. */
export function requirementsOf(version: ChecklistVersion): ReadonlyMap<string, Requirement> {
  let known = byCode.get(version);
  if (!known) byCode.set(version, (known = new Map(version.requirements.map((each) => [each.code, each]))));
  return known;
}

export type TranslationStatus = 'unofficial' | 'reviewed' | 'approved';

export interface RequirementTexts {
  readonly question: string;
  readonly guidance?: string;
  readonly evidence?: readonly string[];
  readonly status?: TranslationStatus;
}

/** A translation of one version (format `uplift.translation/1`); it may improve without making a new version. */
export interface ChecklistTranslation {
  readonly format: 'uplift.translation/1';
  readonly checklist: string;
  readonly version: string;
  readonly language: string;
  readonly status: TranslationStatus;
  readonly title: string;
  readonly description?: string;
  readonly levels: Readonly<Record<string, string>>;
  readonly sections: Readonly<Record<string, string>>;
  readonly competencies?: Readonly<Record<string, string>>;
  readonly requirements: Readonly<Record<string, RequirementTexts>>;
}

export type LineageRelation = 'kept' | 'reworded' | 'split' | 'merged' | 'moved' | 'new' | 'dropped';

/** What became of a group of requirements from one version to the next. */
export interface LineageEdge {
  readonly relation: LineageRelation;
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Whether answers on both sides mean the same, so that a gain may rest on them. */
  readonly comparable: boolean;
  readonly note?: string;
}

/** Item lineage between two versions (format `uplift.crosswalk/1`). */
export interface Crosswalk {
  readonly format: 'uplift.crosswalk/1';
  readonly from: { readonly checklist: string; readonly version: string };
  readonly to: { readonly checklist: string; readonly version: string };
  readonly status: 'official' | 'proposed';
  readonly note?: string;
  readonly edges: readonly LineageEdge[];
}
