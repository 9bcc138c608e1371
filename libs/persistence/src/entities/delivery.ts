import type { EngagementRole } from '#domain';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Assessment } from './assessments.js';
import { Cohort, Organisation, Site } from './parties.js';

/** A buyer's rule for being ready, as data. A change is a new version. */
@Entity()
@Unique(['buyerId', 'rule', 'version'])
export class BuyerRuleRow {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Organisation) @Column('uuid') buyerId: string;
  @Column('text') rule: string;
  @Column('text') version: string;
  @Column('boolean', { default: true }) active: boolean;
  @Column('jsonb') body: unknown;
}

@Entity()
@Unique(['siteId', 'buyerRuleId', 'category'])
export class Readiness {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @ForeignKey(() => BuyerRuleRow) @Column('uuid') buyerRuleId: string;
  @Column('text') category: string;
  @Column('text') status: string;
  @Column('date', { nullable: true }) validUntil: string | null;
  @ForeignKey(() => Assessment) @Column('uuid', { nullable: true }) assessmentId: string | null;
  @Column('jsonb') body: unknown;
  @Column('timestamptz') evaluatedAt: Date;
}

/** A person who visits sites, as the planner sees them. */
@Entity()
export class Assessor {
  /** The person's user id. */
  @PrimaryColumn('text') id: string;
  @ForeignKey(() => Organisation) @Column('uuid') organisationId: string;
  @Column('text') name: string;
  @Column('text') email: string;
  @Column('text') part: 'assessor' | 'mentor';
  @Column('char', { length: 2 }) country: string;
  @Column('float8', { nullable: true }) lat: number | null;
  @Column('float8', { nullable: true }) lon: number | null;
  @Column('text', { array: true }) competences: string[];
  @Column('text', { array: true }) languages: string[];
  @Column('integer', { array: true }) workingDays: number[];
  @Column('integer', { nullable: true }) maxVisitsPerWeek: number | null;
  @Column('integer', { default: 1 }) revision: number;
}

@Entity()
export class Absence {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessor) @Index() @Column('text') assessorId: string;
  @Column('date') fromDate: string;
  @Column('date') toDate: string;
  @Column('text', { default: '' }) reason: string;
}

/** Work for a site by a person or an organisation: what keeps them from assessing it for the look-back. */
@Entity()
@Unique(['personId', 'siteId', 'role', 'fromDate'])
@Check('engagement_of_somebody', 'person_id IS NOT NULL OR organisation_id IS NOT NULL')
@Check('engagement_role', `role IN ('coach', 'consultant', 'trainer', 'internal-auditor', 'employee')`)
@Check('engagement_paid_by', `paid_by IN ('programme', 'supplier', 'buyer', 'provider')`)
export class Engagement {
  @PrimaryColumn('uuid') id: string;
  /** Null: the organisation's, by people who are not named. */
  @Column('text', { nullable: true }) personId: string | null;
  /** On whose behalf; null: on the person's own. */
  @ForeignKey(() => Organisation, { name: 'FK_engagement_organisation' })
  @Column('uuid', { nullable: true })
  organisationId: string | null;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @Column('text') role: EngagementRole;
  /** Who pays: payment by whom one is to judge later is a threat of its own (docs/impartiality.md). */
  @Column('text', { nullable: true }) paidBy: 'programme' | 'supplier' | 'buyer' | 'provider' | null;
  /** What risk to impartiality was seen, and how it is removed. */
  @Column('text', { nullable: true }) declaration: string | null;
  @Column('date') fromDate: string;
  /** Null: still going on. */
  @Column('date', { nullable: true }) untilDate: string | null;
}

@Entity()
export class Visit {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @ForeignKey(() => Cohort) @Column('uuid', { nullable: true }) cohortId: string | null;
  /** The assessment whose result called for the visit. */
  @ForeignKey(() => Assessment) @Column('uuid', { unique: true, nullable: true }) assessmentId: string | null;
  /** The same of one that was cancelled or aborted: it has made room for the visit that replaces it. */
  @ForeignKey(() => Assessment) @Column('uuid', { nullable: true }) formerAssessmentId: string | null;
  /** `unplanned` (with reasons), `planned`, `done`, `aborted` (begun, not finished), `cancelled`. */
  @Column('text') state: string;
  /** Why it was cancelled or aborted, or what there is to say about one that is done. */
  @Column('text', { nullable: true }) outcomeReason: string | null;
  @Column('date') earliest: string;
  @Column('date') due: string;
  @Column('date') latest: string;
  @Column('text') reason: string;
  @ForeignKey(() => Assessor) @Index() @Column('text', { nullable: true }) assessorId: string | null;
  @Column('date', { nullable: true }) plannedOn: string | null;
  @Column('float8', { nullable: true }) travelKm: number | null;
  @Column('jsonb', { default: [] }) unplannedReasons: unknown;
  /** iCalendar SEQUENCE: grows each time the invitation changes. */
  @Column('integer', { default: 0 }) sequence: number;
  @Column('integer', { default: 1 }) revision: number;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

@Entity()
@Index('one_certificate_in_force', ['assessmentId'], {
  unique: true,
  where: "state IN ('draft', 'under-review', 'valid', 'suspended')",
})
export class Certificate {
  @PrimaryColumn('uuid') id: string;
  @Column('text', { unique: true }) number: string;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @ForeignKey(() => Assessment) @Index() @Column('uuid') assessmentId: string;
  @Column('uuid', { nullable: true }) readinessRuleId: string | null;
  @Column('text') state: string;
  @Column('text') proposedBy: string;
  @Column('text', { nullable: true }) decidedBy: string | null;
  @Column('date', { nullable: true }) issuedOn: string | null;
  @Column('date', { nullable: true }) validUntil: string | null;
  @Column('integer', { default: 1 }) revision: number;
  /** Frozen facts the document states: names, edition, dates, result. */
  @Column('jsonb') facts: unknown;
  @Column('jsonb', { default: [] }) history: { at: string; action: string; by: string; reason?: string }[];
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

/** Answer to a creating call, kept so that a repeated call with the same key gets the same answer. */
@Entity()
@Unique(['userId', 'key'])
export class IdempotencyKey {
  @PrimaryColumn('uuid') id: string;
  @Column('text') userId: string;
  @Column('text') key: string;
  @Column('char', { length: 64 }) requestHash: string;
  @Column('integer', { nullable: true }) status: number | null;
  @Column('jsonb', { nullable: true }) body: unknown;
  @Column('text', { nullable: true }) etag: string | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

/** One row: when a worker last said that it is alive. */
@Entity()
export class WorkerBeat {
  @PrimaryColumn('integer') id: number;
  @Column('timestamptz') beatAt: Date;
}
