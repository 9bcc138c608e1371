import type { EvidenceState, EvidenceSupports } from '#domain';
import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Assessment, Correction } from './assessments.js';
import { Organisation } from './parties.js';

/**
 * A photograph or document put forward for an answer, or for an assessment as a whole. Its row is there before its bytes
 * are: so nothing is ever kept that no row names. Of a photograph it has two hashes: of what was sent, which is what
 * whoever sent it knows, and of what is kept of it.
 */
@Entity()
@Index('evidence_once', ['assessmentId', 'requirement', 'supports', 'sha256'], {
  unique: true,
  where: 'correction_id IS NULL',
})
@Index('evidence_once_in_correction', ['correctionId', 'sha256'], {
  unique: true,
  where: 'correction_id IS NOT NULL',
})
@Index('evidence_content', ['organisationId', 'sha256'])
@Check('evidence_state', `state IN ('awaited', 'received', 'ready')`)
@Check('evidence_supports', `supports IN ('verdict', 'claim', 'correction')`)
@Check('evidence_of_correction', `(supports = 'correction') = (correction_id IS NOT NULL)`)
@Check('evidence_size', 'size BETWEEN 1 AND 52428800')
@Check(
  'evidence_received',
  `(state = 'awaited') = (received_at IS NULL) AND (state = 'awaited') = (media_type IS NULL) AND (state = 'ready') = (stored_sha256 IS NOT NULL)`,
)
export class Evidence {
  @PrimaryColumn('uuid') id: string;
  @ForeignKey(() => Assessment, { name: 'FK_evidence_assessment' }) @Column('uuid') assessmentId: string;
  /** Whose it is: the supplier that owned the site when it was sent. The same content is kept once for each. */
  @ForeignKey(() => Organisation, { name: 'FK_evidence_organisation' })
  @Column('uuid')
  organisationId: string;
  /** Code of the requirement; empty: the assessment as a whole. */
  @Column('text') requirement: string;
  @Column('text') supports: EvidenceSupports;
  /** The correction of a finding that it is a part of. */
  @ForeignKey(() => Correction, { name: 'FK_evidence_correction', onDelete: 'CASCADE' })
  @Column('uuid', { nullable: true })
  correctionId: string | null;
  @Column('text', { default: 'awaited' }) state: EvidenceState;
  /** SHA-256 of what is sent, as declared before. */
  @Column('char', { length: 64 }) sha256: string;
  /** Bytes of what is sent. */
  @Column('integer') size: number;
  /** As its content shows it. */
  @Column('text', { nullable: true }) mediaType: string | null;
  @Column('text', { nullable: true }) fileName: string | null;
  @Column('text', { nullable: true }) caption: string | null;
  /** When it was taken, as the device says; its clock may be wrong. */
  @Column('timestamptz', { nullable: true }) capturedAt: Date | null;
  @Column('text', { nullable: true }) deviceId: string | null;
  @Column('text') declaredBy: string;
  @CreateDateColumn({ type: 'timestamptz' }) declaredAt: Date;
  @Column('timestamptz', { nullable: true }) receivedAt: Date | null;
  /** SHA-256 of what is kept, and handed out. */
  @Column('char', { length: 64, nullable: true }) storedSha256: string | null;
  @Column('integer', { nullable: true }) storedSize: number | null;
  @Column('integer', { nullable: true }) width: number | null;
  @Column('integer', { nullable: true }) height: number | null;
  /** Where it was taken; only where the programme needs it. */
  @Column('float8', { nullable: true }) lat: number | null;
  @Column('float8', { nullable: true }) lon: number | null;
}
