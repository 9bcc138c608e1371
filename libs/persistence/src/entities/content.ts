import type { ChecklistTranslation, ChecklistVersion, Crosswalk, ScoringProfile } from '#domain';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

/** A published checklist version. Rows are never updated: the database refuses it (trigger in the first migration). */
@Entity('checklist_version')
@Unique(['checklist', 'version'])
export class ChecklistVersionRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') checklist: string;
  @Column('text') version: string;
  @Column('text') title: string;
  /** SHA-256 of the canonical JSON of `body`. */
  @Column('char', { length: 64 }) contentHash: string;
  @Column('jsonb') body: ChecklistVersion;
  @CreateDateColumn({ type: 'timestamptz' }) publishedAt: Date;
}

/**
 * That a version is not to be begun with any more, from a day on and, once reinstated, until a day. The version itself stays as
 * it is. A row that is over is never changed.
 */
@Entity()
@Index('one_withdrawal_in_force', ['checklistVersionId'], { unique: true, where: 'reinstated_at IS NULL' })
@Check('withdrawal_names_another', 'successor_id <> checklist_version_id')
export class ChecklistWithdrawal {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'PK_checklist_withdrawal' }) id: string;
  @ForeignKey(() => ChecklistVersionRow, { name: 'FK_withdrawal_version' })
  @Column('uuid')
  checklistVersionId: string;
  /** What to begin with instead. */
  @ForeignKey(() => ChecklistVersionRow, { name: 'FK_withdrawal_successor' })
  @Column('uuid', { nullable: true })
  successorId: string | null;
  @Column('text') reason: string;
  @CreateDateColumn({ type: 'timestamptz' }) withdrawnAt: Date;
  @Column('timestamptz', { nullable: true }) reinstatedAt: Date | null;
  @Column('text', { nullable: true }) reinstateReason: string | null;
}

@Entity('checklist_translation')
@Unique(['checklistVersionId', 'language'])
export class ChecklistTranslationRow {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => ChecklistVersionRow) @Column('uuid') checklistVersionId: string;
  @Column('text') language: string;
  @Column('text') status: string;
  @Column('jsonb') body: ChecklistTranslation;
}

@Entity('crosswalk')
@Unique(['fromVersionId', 'toVersionId'])
export class CrosswalkRow {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => ChecklistVersionRow) @Column('uuid') fromVersionId: string;
  @ForeignKey(() => ChecklistVersionRow) @Column('uuid') toVersionId: string;
  @Column('char', { length: 64 }) contentHash: string;
  @Column('jsonb') body: Crosswalk;
}

@Entity('scoring_profile')
@Unique(['profile', 'version'])
export class ScoringProfileRow {
  @PrimaryColumn('uuid') id: string;
  @Column('text') profile: string;
  @Column('text') version: string;
  @Column('text') title: string;
  @Column('char', { length: 64 }) contentHash: string;
  @Column('jsonb') body: ScoringProfile;
  @CreateDateColumn({ type: 'timestamptz' }) publishedAt: Date;
}
