import { Check, Column, CreateDateColumn, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { Organisation, type Role } from './parties.js';

/** An offer to join an organisation in a role, bound to an e-mail address. The secret is in the mail, here its hash. */
@Entity()
@Unique('UQ_invitation_token_hash', ['tokenHash'])
@Index('IDX_invitation_organisation', ['organisationId', 'createdAt'])
export class Invitation {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'PK_invitation' }) id: string;
  @ForeignKey(() => Organisation, { name: 'FK_invitation_organisation' })
  @Column('uuid')
  organisationId: string;
  /** In lower case. */
  @Column('text') email: string;
  @Column('text') role: Role;
  /** Of the mail. */
  @Column('text', { default: 'en' }) language: string;
  @Column('bytea') tokenHash: Buffer;
  @Column('text') invitedBy: string;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
  @Column('timestamptz') expiresAt: Date;
  @Column('timestamptz', { nullable: true }) acceptedAt: Date | null;
  @Column('text', { nullable: true }) acceptedBy: string | null;
  @Column('timestamptz', { nullable: true }) revokedAt: Date | null;
}

/** What an integration signs in with: acts for one organisation, as the person who made it, within its scopes. */
@Entity()
@Unique('UQ_api_token_token_hash', ['tokenHash'])
@Index('IDX_api_token_organisation', ['organisationId', 'createdAt'])
@Check('api_token_lasts_a_year_at_most', `expires_at <= created_at + interval '366 days'`)
export class ApiToken {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'PK_api_token' }) id: string;
  @ForeignKey(() => Organisation, { name: 'FK_api_token_organisation' })
  @Column('uuid')
  organisationId: string;
  @Column('text') createdBy: string;
  @Column('text') name: string;
  @Column('text', { array: true }) scopes: string[];
  /** The first characters of the secret, so that people recognise it. */
  @Column('text') prefix: string;
  @Column('bytea') tokenHash: Buffer;
  @CreateDateColumn({ type: 'timestamptz' }) createdAt: Date;
  @Column('timestamptz') expiresAt: Date;
  /** To the minute. */
  @Column('timestamptz', { nullable: true }) lastUsedAt: Date | null;
  @Column('timestamptz', { nullable: true }) revokedAt: Date | null;
}
