import {
  Column,
  CreateDateColumn,
  Entity,
  ForeignKey,
  Index,
  PrimaryColumn,
  UpdateDateColumn,
} from 'typeorm';
import { Visit } from './delivery.js';

/** What a kept document is of. */
export type DocumentKind = 'gap-report' | 'certificate';

/** A document as it was issued, in one language. Rows are never changed: the database refuses it. */
@Entity()
@Index('document_once', ['kind', 'subjectId', 'language', 'sourceHash'], { unique: true })
export class Document {
  @PrimaryColumn('uuid') id: string;
  @Column('text') kind: DocumentKind;
  /** The assessment or the certificate. */
  @Column('uuid') subjectId: string;
  @Column('text') language: string;
  /** What it was made from: the lock hash of the assessment, the report hash of the certificate. */
  @Column('char', { length: 64 }) sourceHash: string;
  /** SHA-256 of its bytes, and its name in the document store. */
  @Column('char', { length: 64 }) sha256: string;
  @Column('integer') size: number;
  @Column('text') mediaType: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}

/** What a person has chosen for themselves. No row: nothing yet. */
@Entity()
export class PersonSettings {
  /** The identity provider's id of the person. */
  @PrimaryColumn('text') userId: string;
  /** Language of the mails to them. */
  @Column('text', { nullable: true }) language: string | null;
  /** IANA name. */
  @Column('text', { nullable: true }) timeZone: string | null;
  @UpdateDateColumn({ type: 'timestamptz' }) updatedAt: Date;
}

/** What somebody was last told about a visit, so that a change reaches everybody it concerns and nobody twice. */
@Entity()
export class VisitInvitation {
  @ForeignKey(() => Visit) @PrimaryColumn('uuid') visitId: string;
  @PrimaryColumn('text') userId: string;
  @Column('text') method: 'REQUEST' | 'CANCEL';
  /** iCalendar SEQUENCE of what was sent. */
  @Column('integer') sequence: number;
  @Column('date') plannedOn: string;
  @Column('timestamptz') sentAt: Date;
}

/** A reminder that was put into the outbox: each once, however often the sweep runs. */
@Entity()
export class Reminder {
  /** Kind, subject, person and day. */
  @PrimaryColumn('text') id: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
}
