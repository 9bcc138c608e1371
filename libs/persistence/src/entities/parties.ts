import type { ImpartialityRules } from '#domain';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** What an organisation is in supplier development. */
export const ORGANISATION_KINDS = [
  'supplier',
  'buyer',
  'development-agency',
  'assessment-provider',
  'training-provider',
  'donor',
  'authority',
] as const;
export type OrganisationKind = (typeof ORGANISATION_KINDS)[number];

/** What a person may do inside an organisation. */
export const ROLES = [
  'owner',
  'qa-manager',
  'programme-manager',
  'assessor',
  'mentor',
  'reviewer',
  'decider',
  'viewer',
] as const;
export type Role = (typeof ROLES)[number];

/** As what an organisation takes part in a programme. */
export const PARTS = [
  'agency',
  'buyer',
  'assessment-provider',
  'training-provider',
  'donor',
  'authority',
] as const;
export type Part = (typeof PARTS)[number];

@Entity()
export class Organisation {
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text') kind: OrganisationKind;
  @Column('char', { length: 2 }) country: string;
  /** Invented for the demo or for a trial: labelled so wherever it is shown. */
  @Column('boolean', { default: false }) demo: boolean;
  /** Counts edits; the ETag. */
  @Column('integer', { default: 1 }) revision: number;
  /** Whether suppliers elsewhere find it by name to grant it something; null: as its kind does (buyers do). */
  @Column('boolean', { nullable: true }) listed: boolean | null;
  /** Language of the mail it gets. */
  @Column('text', { default: 'en' }) language: string;
  /** When it left: nothing new begins for it, and its names go when the programme's retention has passed. */
  @Column('timestamptz', { nullable: true }) dissolvedAt: Date | null;
  @Column('timestamptz', { nullable: true }) pseudonymisedAt: Date | null;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

/** A person's part in an organisation. `userId` is the identity provider's (schema `auth`). */
@Entity()
@Unique(['userId', 'organisationId', 'role'])
export class Membership {
  @PrimaryColumn('uuid') id: string;
  @Column('text') userId: string;
  @ForeignKey(() => Organisation) @Index() @Column('uuid') organisationId: string;
  @Column('text') role: Role;
}

@Entity()
export class Site {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Organisation) @Index() @Column('uuid') organisationId: string;
  @Column('text') name: string;
  @Column('text', { default: '' }) city: string;
  @Column('char', { length: 2 }) country: string;
  @Column('float8', { nullable: true }) lat: number | null;
  @Column('float8', { nullable: true }) lon: number | null;
  @Column('text', { array: true, default: '{}' }) categories: string[];
  @Column('text', { array: true, default: '{}' }) languages: string[];
  /** Identifier in an outside source, unique there (`<dataset>:<id>`). */
  @Index({ unique: true }) @Column('text', { nullable: true }) externalId: string | null;
  @Column('integer', { default: 1 }) revision: number;
}

@Entity()
@Check('programme_k_anonymity', `k_anonymity BETWEEN 3 AND 100`)
@Check(
  'programme_buyer_scopes',
  `buyer_scopes <@ ARRAY['certificate', 'score', 'section-scores', 'answers', 'evidence', 'corrective-actions']`,
)
@Check('programme_retention', 'audit_retention_years BETWEEN 1 AND 100')
export class Programme {
  @PrimaryColumn('uuid') id: string;
  @Column('text', { unique: true }) code: string;
  @Column('text') name: string;
  @Column('text', { default: 'Africa/Cairo' }) timeZone: string;
  @Column('integer', { default: 24 }) lookBackMonths: number;
  /** What its rules of impartiality say beyond the look-back; null: as those that ship. */
  @Column('jsonb', { nullable: true }) impartiality: Omit<
    ImpartialityRules,
    'format' | 'lookBackMonths'
  > | null;
  /** Counts changes of the rules of impartiality, the look-back included; their ETag. */
  @Column('integer', { default: 1 }) impartialityRevision: number;
  /** How long the audit trail, and the names of organisations that left, are kept. */
  @Column('integer', { default: 7 }) auditRetentionYears: number;
  /** Whether evidence keeps where it was taken. */
  @Column('boolean', { default: false }) evidenceLocation: boolean;
  /** Whether a device in the field shows the baseline's answers beside a follow-up's. */
  @Column('boolean', { default: true }) fieldBaseline: boolean;
  /** Whether it shows the score while answers are being given. */
  @Column('boolean', { default: true }) fieldScores: boolean;
  /** Legacy claims with their source. Text, never computed: see docs/scoring-and-gains.md. */
  @Column('jsonb', { default: [] }) claims: { figure: string; text: string; unit: string; source: string }[];
  @Column('boolean', { default: false }) demo: boolean;
  @Column('integer', { default: 1 }) revision: number;
  /** The charter: what its buyers see of every enrolled site. Closed under what each scope implies. */
  @Column('text', { array: true, default: '{certificate,score,section-scores}' }) buyerScopes: string[];
  /** Whether donors and authorities that take part get aggregates. */
  @Column('boolean', { default: true }) donorAggregates: boolean;
  /** Whether anybody gets them. */
  @Column('boolean', { default: false }) publicAggregates: boolean;
  /** Smallest number of sites a published figure may be about. */
  @Column('integer', { default: 5 }) kAnonymity: number;
  /** Counts changes of the charter; its ETag. */
  @Column('integer', { default: 1 }) charterRevision: number;
}

/** Which organisations take part in a programme, and as what. Participation decides who sees its sites. */
@Entity()
@Unique(['programmeId', 'organisationId', 'part'])
export class ProgrammeParticipant {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Programme) @Column('uuid') programmeId: string;
  @ForeignKey(() => Organisation) @Index() @Column('uuid') organisationId: string;
  /** Training providers, donors and authorities reach no site. */
  @Column('text') part: Part;
}

@Entity()
export class Cohort {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Programme) @Index() @Column('uuid') programmeId: string;
  @Column('text') name: string;
  @Column('date') startsOn: string;
  @Column('date', { nullable: true }) endsOn: string | null;
  @Column('integer', { default: 1 }) revision: number;
  /** SHA-256 of the code with which owners enrol their sites, and until when it works. */
  @Column('char', { length: 64, nullable: true }) joiningHash: string | null;
  @Column('timestamptz', { nullable: true }) joiningUntil: Date | null;
}

@Entity()
@Unique(['cohortId', 'siteId'])
@Index('enrolment_exits', ['cohortId', 'exitReason', 'siteId'], { where: 'exited_on IS NOT NULL' })
export class Enrolment {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Cohort) @Column('uuid') cohortId: string;
  @ForeignKey(() => Site) @Index() @Column('uuid') siteId: string;
  @Column('date') enrolledOn: string;
  @Column('date', { nullable: true }) exitedOn: string | null;
  /** Code of `EXIT_REASONS` (libs/domain). */
  @Column('text', { nullable: true }) exitReason: string | null;
  /** What there is to say about it beyond the code. */
  @Column('text', { nullable: true }) exitNote: string | null;
}
