import type { AssessmentKind, CorrectionState, Remark } from '#domain';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { ChecklistVersionRow, ScoringProfileRow } from './content.js';
import { Cohort, Organisation, Site } from './parties.js';

@Entity()
@Index(['siteId', 'assessedOn'])
// Two follow-ups racing for one baseline: the second fails in the database, whatever the code believes.
@Index('one_follow_up_per_baseline', ['baselineId'], {
  unique: true,
  where: "kind = 'follow-up' AND state <> 'void'",
})
@Check(
  'assessment_voided',
  `(state = 'void') = (voided_at IS NOT NULL) AND (voided_at IS NULL) = (voided_by IS NULL) AND (voided_at IS NULL) = (void_reason IS NULL)`,
)
@Check('assessment_without_record', 'record IS NULL')
export class Assessment {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Site) @Column('uuid') siteId: string;
  @ForeignKey(() => Cohort) @Index() @Column('uuid', { nullable: true }) cohortId: string | null;
  @ForeignKey(() => ChecklistVersionRow) @Column('uuid') checklistVersionId: string;
  @ForeignKey(() => ScoringProfileRow) @Column('uuid') scoringProfileId: string;
  @Column('text') level: string;
  @Column('text') kind: AssessmentKind;
  @Column('text') state: string;
  @Column('date') assessedOn: string;
  @Column('text', { nullable: true }) assessorId: string | null;
  /** The organisation the assessor assesses for; null of imported ones and of self-assessments. */
  @ForeignKey(() => Organisation, { name: 'FK_assessment_organisation' })
  @Column('uuid', { nullable: true })
  organisationId: string | null;
  @Column('text', { nullable: true }) reviewerId: string | null;
  /** The baseline a follow-up is measured against. At most one follow-up that counts per baseline. */
  @ForeignKey(() => Assessment) @Column('uuid', { nullable: true }) baselineId: string | null;
  /** Counts edits; the ETag of the assessment. */
  @Column('integer', { default: 1 }) revision: number;
  /** SHA-256 over version, profile, level, date and responses, taken when the assessment is closed. */
  @Column('char', { length: 64, nullable: true }) lockHash: string | null;
  @Column('timestamptz', { nullable: true }) submittedAt: Date | null;
  @Column('timestamptz', { nullable: true }) closedAt: Date | null;
  @Column('text', { nullable: true }) reopenReason: string | null;
  /** Opened by mistake: when that was said, by whom and why. */
  @Column('timestamptz', { nullable: true }) voidedAt: Date | null;
  @Column('text', { nullable: true }) voidedBy: string | null;
  @Column('text', { nullable: true }) voidReason: string | null;
  @Index({ unique: true }) @Column('text', { nullable: true }) externalId: string | null;
  /** Always null: what the version before puts here, a trigger moves to {@link AssessmentRecord}. Goes with the next release. */
  @Column('jsonb', { nullable: true }) record: null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

/**
 * Of an imported inspection: the items cited with their closing days (`cited`), and what the answers are called (`listed`,
 * `notListed`, given `by`). Every other item conforms. The view `full_response` spells it out; reopened, it becomes rows.
 */
@Entity()
export class AssessmentRecord {
  @ForeignKey(() => Assessment, { name: 'FK_assessment_record', deferrable: 'INITIALLY DEFERRED' })
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'PK_assessment_record' })
  assessmentId: string;
  @Column('jsonb') body: unknown;
}

@Entity()
export class Response {
  @ForeignKey(() => Assessment) @PrimaryColumn('uuid') assessmentId: string;
  @PrimaryColumn('text') requirement: string;
  /** The assessor's verdict; null while only the supplier has answered. */
  @Column('text', { nullable: true }) answer: string | null;
  /** The supplier's own claim, kept apart from the verdict. */
  @Column('text', { nullable: true }) claim: string | null;
  @Column('text', { nullable: true }) naReason: string | null;
  @Column('text', { nullable: true }) note: string | null;
  @Column('date', { nullable: true }) closedOn: string | null;
  @Column('text') answeredBy: string;
  @Column('timestamptz') answeredAt: Date;
}

/** Results of one assessment, as found and after closure: the totals. Sections and items stand in `assessment_explanation`. */
@Entity()
@Check(
  'assessment_score_totals',
  `NOT as_found ?| '{sections,classes,penalties,gates,items}'::text[] AND NOT after_closure ?| '{sections,classes,penalties,gates,items}'::text[]`,
)
export class AssessmentScore {
  @ForeignKey(() => Assessment) @PrimaryColumn('uuid') assessmentId: string;
  @Column('integer') revision: number;
  /** Points × 1,000,000 as found; null where not scorable. */
  @Column('integer', { nullable: true }) microPoints: number | null;
  @Column('boolean', { nullable: true }) passed: boolean | null;
  /** Of an imported record without its items, which are explained on reading (see `explainedScore`). */
  @Column('jsonb', { nullable: true }) asFound: unknown;
  @Column('jsonb', { nullable: true }) afterClosure: unknown;
  @Column('timestamptz') computedAt: Date;
}

/** One per assessment and requirement; keeps its id however often the result is computed again. */
@Entity()
@Unique(['assessmentId', 'requirement'])
export class Finding {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessment) @Column('uuid') assessmentId: string;
  @Column('text') requirement: string;
  @Column('text') section: string;
  @Column('text') grade: string;
  @Column('text') conformity: string;
  @Column('text', { nullable: true }) note: string | null;
  @Column('date', { nullable: true }) dueOn: string | null;
  @Column('date', { nullable: true }) closedOn: string | null;
}

/**
 * That a finding was closed after the assessment. Apart from responses and findings, so that the result as found and
 * the lock hash stay what they were. Reopening ends a closure and keeps it.
 */
@Entity()
@Index('one_closure_in_force', ['assessmentId', 'requirement'], {
  unique: true,
  where: 'reopened_at IS NULL',
})
export class FindingClosure {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessment) @Column('uuid') assessmentId: string;
  @Column('text') requirement: string;
  @Column('date') closedOn: string;
  @Column('text') note: string;
  @Column('text') closedBy: string;
  @CreateDateColumn({ type: 'timestamptz' }) closedAt: Date;
  @Column('text', { nullable: true }) reopenedBy: string | null;
  @Column('timestamptz', { nullable: true }) reopenedAt: Date | null;
  @Column('text', { nullable: true }) reopenReason: string | null;
}

/**
 * What a supplier, or who advises it, says was put right of a finding. Its evidence is a part of it. Of each finding one is
 * at work at a time; those that were decided on stay.
 */
@Entity()
@Index('one_correction_at_work', ['assessmentId', 'requirement'], {
  unique: true,
  where: `state IN ('draft', 'handed-in')`,
})
@Index('correction_of_finding', ['assessmentId', 'requirement', 'createdAt'])
@Check('correction_state', `state IN ('draft', 'handed-in', 'accepted', 'refused')`)
@Check('correction_handed_in', `(state = 'draft') = (handed_in_at IS NULL)`)
@Check(
  'correction_decided',
  `(state IN ('accepted', 'refused')) = (decided_at IS NOT NULL) AND (decided_by IS NULL) = (decided_at IS NULL) AND (state = 'refused') = (reason IS NOT NULL)`,
)
@Check('correction_decided_by_others', 'decided_by <> written_by')
export class Correction {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessment, { name: 'FK_correction_assessment' }) @Column('uuid') assessmentId: string;
  @Column('text') requirement: string;
  @Column('text', { default: 'draft' }) state: CorrectionState;
  /** What was done. */
  @Column('text') note: string;
  @Column('text') writtenBy: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
  @Column('timestamptz', { nullable: true }) handedInAt: Date | null;
  @Column('text', { nullable: true }) decidedBy: string | null;
  @Column('timestamptz', { nullable: true }) decidedAt: Date | null;
  /** Why it was refused. */
  @Column('text', { nullable: true }) reason: string | null;
}

/**
 * That an assessment was sent back or reopened: why, and which items the reviewer questions. Written once; the newest reason
 * stands in the assessment, too.
 */
@Entity()
@Index('review_return_of_assessment', ['assessmentId', 'returnedAt'])
@Check('review_return_action', `action IN ('return', 'reopen')`)
@Check('review_return_remarks', `jsonb_typeof(remarks) = 'array'`)
export class ReviewReturn {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessment, { name: 'FK_review_return_assessment' })
  @Column('uuid')
  assessmentId: string;
  @Column('text') action: 'return' | 'reopen';
  @Column('text') reason: string;
  @Column('jsonb', { default: [] }) remarks: readonly Remark[];
  @Column('text') returnedBy: string;
  @CreateDateColumn({ type: 'timestamptz' }) returnedAt: Date;
}

@Entity()
@Index('newest_gain_of_cohort', ['cohortId', 'computedAt'])
@Index('gain_of_site_in_cohort', ['cohortId', 'siteId'], { where: 'comparable' })
@Check('gain_without_items', `NOT body ?| '{items,leftOut}'::text[]`)
export class Gain {
  @ForeignKey(() => Assessment) @PrimaryColumn('uuid') followUpId: string;
  @ForeignKey(() => Assessment) @Column('uuid') baselineId: string;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @ForeignKey(() => Cohort) @Index() @Column('uuid', { nullable: true }) cohortId: string | null;
  @Column('boolean') comparable: boolean;
  @Column('integer', { nullable: true }) baselineMicro: number | null;
  @Column('integer', { nullable: true }) followUpMicro: number | null;
  @Column('jsonb') body: unknown;
  /** What this gain added to the cohort's aggregate, so that it can be taken out again. */
  @Column('jsonb', { nullable: true }) contribution: unknown;
  @Column('timestamptz') computedAt: Date;
}

/** Running aggregate of a cohort: one row, changed by one gain at a time. */
@Entity()
export class CohortAggregate {
  @ForeignKey(() => Cohort) @PrimaryColumn('uuid') cohortId: string;
  /** Sites with a submitted baseline. */
  @Column('integer', { default: 0 }) baselines: number;
  /** Sites with a submitted follow-up. */
  @Column('integer', { default: 0 }) followUps: number;
  @Column('jsonb') body: unknown;
  @Column('timestamptz') updatedAt: Date;
}
