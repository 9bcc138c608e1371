import type { OperationField, OperationStanding, OperationValue } from '#domain';
import { Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Assessment } from './assessments.js';

/**
 * One thing somebody entered into an assessment: the log that its answers come from. `response` holds what it comes to.
 * Only how it stands ever changes. docs/offline.md.
 */
@Entity()
@Index('operation_item', ['assessmentId', 'requirement'])
@Index('operation_changes', ['assessmentId', 'revision'])
@Index('operation_waiting', ['receivedAt'], { where: "standing = 'waiting'" })
@Index('operation_of_person', ['userId', 'assessmentId'])
export class Operation {
  @ForeignKey(() => Assessment) @PrimaryColumn('uuid') assessmentId: string;
  /** Made by the device: a repeated one is the same. */
  @PrimaryColumn('uuid') id: string;
  /** The installation it was done on; `web` for what came by the API's other doors. */
  @Column('text') device: string;
  @Column('integer') seq: number;
  @Column('text') userId: string;
  @Column('text') requirement: string;
  @Column('text') field: OperationField;
  @Column('jsonb', { nullable: true }) value: OperationValue | null;
  /** What its author saw. */
  @Column('uuid', { array: true }) base: string[];
  @Column('boolean', { default: false }) settles: boolean;
  @Column('text') standing: OperationStanding;
  /** Somebody who had seen it has gone on from it. */
  @Column('boolean', { default: false }) superseded: boolean;
  /** Why it was refused: a stable code. */
  @Column('text', { nullable: true }) refusal: string | null;
  /** Content hash of the checklist version on the device; null where there is no device. */
  @Column('text', { nullable: true }) checklistHash: string | null;
  /** By the clock of the device, which may be wrong by years. */
  @Column('timestamptz') capturedAt: Date;
  @CreateDateColumn({ type: 'timestamptz' }) receivedAt: Date;
  /** How far that clock was ahead when it was sent. */
  @Column('integer', { nullable: true }) clockAheadSeconds: number | null;
  /** Revision of the assessment at which its standing last changed. */
  @Column('integer') revision: number;
}

/** That a device took an assessment with it: what lets somebody hand in their work who has lost access meanwhile. */
@Entity()
export class OfflineCopy {
  @ForeignKey(() => Assessment) @PrimaryColumn('uuid') assessmentId: string;
  @PrimaryColumn('text') userId: string;
  @PrimaryColumn('text') device: string;
  /** Whether they could answer then. */
  @Column('boolean') writes: boolean;
  @Column('timestamptz') takenAt: Date;
}
