/**
 * An assessment: one site, one checklist version, one level, one day or visit, and a response per requirement.
 */

export type AssessmentKind = 'self' | 'baseline' | 'follow-up' | 'verification';

/**
 * Conformity of a response. `not-assessed` (nobody answered), `not-applicable` (does not concern this site, with
 * a reason) and `nonconforming` ("no") are three different things and are never folded into one another.
 */
export type Conformity = 'conforming' | 'partly' | 'nonconforming' | 'not-applicable' | 'not-assessed';

/** Grade of a finding: a scale of its own, apart from conformity. */
export type FindingGrade = 'critical' | 'major' | 'minor' | 'observation' | 'good-practice';

/** The assessor's verdict on one requirement. The supplier's own claim is kept apart from it. */
export interface Response {
  readonly requirement: string;
  /** Code of an answer option of the scoring profile (for example `yes`, `minor`, `na`). */
  readonly answer: string;
  /** Why the requirement does not concern the site. Asked for by `not-applicable` answers. */
  readonly naReason?: string;
  readonly note?: string;
  /** Day on which a nonconformity was closed (`YYYY-MM-DD`): counts in the after-closure result only. */
  readonly closedOn?: string;
}
