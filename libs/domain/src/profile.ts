import type { Conformity, FindingGrade } from './assessment.js';

/**
 * A scoring profile: a programme's way of turning responses into a result, as data (format
 * `uplift.scoring-profile/1`). The five aggregations cover the models in docs/scoring-and-gains.md.
 */
export interface ScoringProfile {
  readonly format: 'uplift.scoring-profile/1';
  readonly profile: string;
  readonly version: string;
  readonly title: string;
  readonly description?: string;
  /** Title and description in other languages, by language code. */
  readonly translations?: Readonly<
    Record<string, { readonly title: string; readonly description?: string } | undefined>
  >;
  readonly provenance: Provenance;
  /** The answers an assessor may give. At least one conforming and one nonconforming option. */
  readonly answers: readonly AnswerOption[];
  readonly aggregation: Aggregation;
  /** Taken from the points after aggregation, each as a percentage of the maximum (100). */
  readonly penalties?: readonly Penalty[];
  /** All must hold for a pass (AND). No gates: the profile rates but does not pass or fail. */
  readonly gates?: readonly Gate[];
  /**
   * Bands of the points, both ends included. The band with the greatest `min` not above the points applies, so
   * 85.5 between [70, 85] and [86, 95] belongs to the lower one.
   */
  readonly grades?: readonly GradeBand[];
  readonly closure?: {
    /** Days to close a nonconformity of a grade. */
    readonly deadlineDays?: Readonly<Partial<Record<FindingGrade, number>>>;
    readonly decisionDays?: number;
  };
  /** Months after a failed assessment by which the next must be held. */
  readonly reassessmentMonths?: number;
  /** Points never leave this range. Default 0..100. `null` means unclamped on that side. */
  readonly clamp?: { readonly min: number | null; readonly max: number | null };
  /**
   * JSON pointers of figures in this profile that nobody has confirmed; shown as such. A pointer that ends in `/-`
   * stands for members that are known to be missing from a list.
   */
  readonly unverified?: readonly string[];
}

export interface Provenance {
  readonly source: string;
  readonly edition?: string;
  /** `programme-default`: our own neutral choice, nobody else's scheme. */
  readonly status: 'confirmed' | 'unverified' | 'programme-default';
  readonly note?: string;
}

export interface AnswerOption {
  readonly code: string;
  readonly title: string;
  readonly conformity: Exclude<Conformity, 'not-assessed'>;
  /** Share of the requirement's weight that is earned, 0..1 (may be negative, as IFS "D"). Default by conformity: 1, 0.5, 0. */
  readonly credit?: number;
  /** Rank on an ordinal scale, for `mean-ordinal`. */
  readonly rank?: number;
  /** Grade of the finding the answer raises. Default: the requirement's criticality for nonconforming, minor for partly. */
  readonly grade?: FindingGrade;
}

export type Aggregation =
  /** Points = conforming of applicable requirements, in percent; the verdict comes from counting nonconformities. */
  | { readonly kind: 'count-matrix' }
  /** Points = start − sum of deductions. */
  | { readonly kind: 'deduct-from-100'; readonly start: number; readonly deduct: Deduction }
  /** Points = earned weight / applicable weight, in percent. */
  | { readonly kind: 'weighted-percent' }
  /** Points = earned / applicable in percent, and the same for each class, on which gates rest. */
  | { readonly kind: 'percent-by-class'; readonly classes: readonly string[] }
  /** Points = position of the mean rank between the lowest and the highest rank, in percent. */
  | { readonly kind: 'mean-ordinal'; readonly min: number; readonly max: number };

/** What one nonconformity costs. */
export type Deduction =
  | { readonly by: 'grade'; readonly points: Readonly<Partial<Record<FindingGrade, number>>> }
  | { readonly by: 'class'; readonly points: Readonly<Record<string, number>> }
  | { readonly by: 'weight' };

export interface Penalty {
  readonly on:
    { readonly answer: string } | { readonly grade: FindingGrade } | { readonly required: 'nonconforming' };
  readonly percentOfMax: number;
  /** Default: once per occurrence. */
  readonly once?: boolean;
}

export type Comparator = '>=' | '>';

export type Gate =
  | { readonly gate: 'points'; readonly op?: Comparator; readonly value: number }
  /**
   * The sum earned (in weights, not percent) of the whole or of one section, for schemes that state a total such
   * as 350 points.
   */
  | { readonly gate: 'earned'; readonly section?: string; readonly op?: Comparator; readonly value: number }
  | { readonly gate: 'every-section'; readonly op?: Comparator; readonly value: number }
  | { readonly gate: 'section'; readonly section: string; readonly op?: Comparator; readonly value: number }
  | { readonly gate: 'class'; readonly class: string; readonly op?: Comparator; readonly value: number }
  /** No more than `max` findings of the grade. `open`: only those not closed count. */
  | {
      readonly gate: 'max-findings';
      readonly grade: FindingGrade;
      readonly max: number;
      readonly open?: boolean;
    }
  /** No more than `max` nonconforming requirements of the class. */
  | { readonly gate: 'max-nonconforming-in-class'; readonly class: string; readonly max: number }
  /** Every requirement marked `required` conforms (or is not applicable). */
  | { readonly gate: 'required-items' };

export interface GradeBand {
  readonly min: number;
  readonly max: number;
  readonly label: string;
  /** Months a certificate of this grade is valid; null: none is issued. */
  readonly validityMonths?: number | null;
  readonly surveillanceMonths?: number | null;
}
