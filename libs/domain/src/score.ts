import type { Conformity, FindingGrade } from './assessment.js';
import type { Gate, Penalty } from './profile.js';

/** The result of scoring: what {@link Score} and its parts mean. How they are worked out is in scoring.ts. */

/** How many requirements stand where. `applicable` = `total` − `notApplicable`; it includes the unanswered ones. */
export interface ItemCounts {
  readonly total: number;
  readonly applicable: number;
  readonly conforming: number;
  readonly partly: number;
  readonly nonconforming: number;
  readonly notApplicable: number;
  readonly notAssessed: number;
}

/**
 * Result of a part of the checklist. `not-rated` (points null): nothing in it applies, or something in it is
 * unanswered; never 0 and never 100. `earned` and `possible` are in the units of the aggregation and leave
 * unanswered and not applicable items out; for deduct-from-100 they are start − deductions and start.
 * `points` are 0..100 as those of the whole, in the same clamp, without penalties.
 */
export interface PartScore {
  readonly status: 'rated' | 'not-rated';
  readonly points: number | null;
  readonly earned: number;
  readonly possible: number;
  readonly counts: ItemCounts;
}

/** Result of one section; a block's includes all sections under it. */
export interface SectionScore extends PartScore {
  readonly section: string;
}

/** Result of one class of requirements (for example `major-must`). */
export interface ClassScore extends PartScore {
  readonly class: string;
}

/** Whether one gate of the profile holds, and why not. */
export interface GateResult {
  readonly gate: Gate;
  /** null: the assessment is not scorable, or there is nothing to judge (then the gate does not count). */
  readonly holds: boolean | null;
  /** The value that was compared: points, or a number of items. The lowest section for `every-section`. */
  readonly actual: number | null;
  readonly needed: number;
  /**
   * Machine code: `holds`, `not-scorable`, `not-rated`, `points-below`, `earned-below`, `section-below`,
   * `class-below`, `too-many-findings`, `too-many-nonconforming`, `required-not-conforming`.
   */
  readonly reason: string;
  /** Codes of the items that keep the gate from holding; only on a gate that fails. */
  readonly requirements?: string[];
  /** Codes of the sections that keep the gate from holding; only on a section gate that fails. */
  readonly sections?: string[];
}

/** One requirement's part in the result. */
export interface ItemScore {
  readonly requirement: string;
  readonly section: string;
  /** As it counts in this view: a closed nonconformity is `conforming` after closure. */
  readonly conformity: Conformity;
  /** The answer given, unchanged by closure; null when unanswered. */
  readonly answer: string | null;
  /** Grade of the finding the answer raised, closed or not. */
  readonly findingGrade: FindingGrade | null;
  /** Weight the aggregation used: 1 where it only counts items. */
  readonly weight: number;
  /** What the item adds to the earned sum; minus its deduction in deduct-from-100. */
  readonly earned: number;
  readonly possible: number;
  /** Points taken off by a deduct-from-100 profile; 0 in others. Penalties are listed apart. */
  readonly deduction: number;
  /** Points (of 100) by which the whole score would rise if this item conformed, penalties and clamp included. */
  readonly effect: number;
  /** A closing day is recorded (in either view; it counts after closure only). */
  readonly closed: boolean;
}

/** The result of an assessment in one view. Points are rounded to six decimals. */
export interface Score {
  readonly status: 'scored' | 'not-scorable';
  /** Why it is not scorable: everything is N/A, something is unanswered, or all that applies weighs nothing. */
  readonly reason: null | 'no-applicable-requirement' | 'unanswered-requirements' | 'nothing-to-rate';
  /** 0..100 (or the profile's clamp); null when not scorable. */
  readonly points: number | null;
  /** Points over the items answered so far, for a score as you go; equals `points` when scored. */
  readonly provisionalPoints: number | null;
  /** Label of the grade band; null when not scorable, without bands, or below the lowest one. */
  readonly grade: string | null;
  /** All gates hold. null: not scorable, the profile has no gates, or none had anything to judge. */
  readonly passed: boolean | null;
  readonly earned: number;
  readonly possible: number;
  readonly counts: ItemCounts;
  /** Findings raised, closed or not. */
  readonly findings: Readonly<Record<FindingGrade, number>>;
  /** Findings open in this view. As found, every finding is open, whatever was closed later. */
  readonly openFindings: Readonly<Record<FindingGrade, number>>;
  /** Every section and block of the checklist, in its order. */
  readonly sections: SectionScore[];
  /** Classes the profile names, then others that occur. */
  readonly classes: ClassScore[];
  /** Every penalty of the profile, how often it hit, and the points it took in all. */
  readonly penalties: { readonly penalty: Penalty; readonly times: number; readonly points: number }[];
  readonly gates: GateResult[];
  /** In checklist order. */
  readonly items: ItemScore[];
  /** The (provisional) points were outside the clamp and were moved to its edge. */
  readonly clamped: boolean;
  readonly profile: { readonly profile: string; readonly version: string };
  readonly level: string;
  readonly view: ScoreView;
}

/** `as-found` at the visit; `after-closure`: nonconformities with a closing day count as conforming. */
export type ScoreView = 'as-found' | 'after-closure';
