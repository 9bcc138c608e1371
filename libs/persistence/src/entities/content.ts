import type { ChecklistTranslation, ChecklistVersion, Crosswalk, ScoringProfile } from '#domain';
import { Column, CreateDateColumn, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

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
