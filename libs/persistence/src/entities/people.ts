import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Organisation } from './parties.js';

/** Everything of an organisation, asked for by an owner, made by the worker, kept for some days. */
@Entity()
export class DataExport {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Organisation) @Index() @Column('uuid') organisationId: string;
  @Column('text') requestedBy: string;
  @Column('text', { default: 'waiting' }) state: 'waiting' | 'ready' | 'expired';
  @CreateDateColumn({ type: 'timestamptz' }) requestedAt: Date;
  @Column('timestamptz', { nullable: true }) readyAt: Date | null;
  @Column('timestamptz', { nullable: true }) expiresAt: Date | null;
  /** Bytes of the archive. */
  @Column('bigint', { nullable: true }) size: string | null;
  @Column('char', { length: 64, nullable: true }) sha256: string | null;
}
