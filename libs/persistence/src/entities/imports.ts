import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Organisation } from './parties.js';

/** An import of inspection records that was asked for, and what became of it. */
@Entity()
// The same files with the same mapping are imported once; what failed may be tried again.
@Index('one_import_of_same_content', ['organisationId', 'contentHash'], {
  unique: true,
  where: "state <> 'failed'",
})
export class RecordImport {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Organisation) @Column('uuid') organisationId: string;
  @Column('text') requestedBy: string;
  @Column('text') dataset: string;
  /** The mapping as it was given or shipped. */
  @Column('text') mapping: string;
  /** ISO 3166 code of the country of the sites. */
  @Column('char', { length: 2 }) country: string;
  @Column('char', { length: 64 }) contentHash: string;
  @Column('text') state: 'queued' | 'running' | 'done' | 'failed';
  /** While it runs: what is being done. */
  @Column('text', { nullable: true }) step: string | null;
  @Column('jsonb', { nullable: true }) summary: unknown;
  @Column('jsonb', { nullable: true }) stored: unknown;
  /** Why it failed: code, title and every fault with its place. */
  @Column('jsonb', { nullable: true }) problem: unknown;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
  @Column('timestamptz', { nullable: true }) startedAt: Date | null;
  @Column('timestamptz', { nullable: true }) finishedAt: Date | null;
}

/** A file handed in for an import; kept until the import has ended. */
@Entity()
export class RecordImportFile {
  @ForeignKey(() => RecordImport, { onDelete: 'CASCADE' }) @PrimaryColumn('uuid') importId: string;
  @PrimaryColumn('text') name: string;
  @Column('bytea') content: Buffer;
}
