import type { Role, Database } from '#persistence';
import { DomainError } from '#domain';
import { appendToOutbox } from '#platform';
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { forbidden, holds, notFound, type Actor } from './actor.js';

/** A role of a person in an organisation. Somebody with two roles stands twice in the list. */
export interface MemberRow {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

export interface InvitationRow {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly createdAt: Date;
}

/** What somebody who holds an invitation's link is told. */
export interface InvitationView {
  readonly organisation: string;
  readonly role: Role;
  readonly invitedBy: string;
}

/** Who belongs to an organisation and in which roles; invitations to it. */
export class MembersService {
  /** `secret` signs the links of invitations: whoever has one has read the mail that was sent to the address. */
  constructor(
    private readonly db: Database,
    private readonly secret: string,
  ) {}

  /** For members of the organisation. Invitations are shown to owners only. */
  async list(
    actor: Actor,
    organisationId: string,
  ): Promise<{ members: MemberRow[]; invitations: InvitationRow[] }> {
    if (!actor.memberships.some((membership) => membership.organisationId === organisationId))
      throw notFound('organisation');
    const members = await this.db.query(`${memberRows} WHERE m.organisation_id = $1 ORDER BY name, m.id`, [
      organisationId,
    ]);
    const invitations = holds(actor, organisationId, ['owner'])
      ? await this.db.query(
          `SELECT id, email, role, created_at AS "createdAt" FROM invitation WHERE organisation_id = $1 ORDER BY created_at, id`,
          [organisationId],
        )
      : [];
    return { members, invitations };
  }

  /**
   * Invites an address. The answer is the same whether or not it has an account: a membership that waits until the
   * person behind the address accepts. Inviting the same address for the same role again sends the mail again.
   */
  async invite(
    actor: Actor,
    organisationId: string,
    input: { email: string; role: Role },
  ): Promise<InvitationRow> {
    return this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      const [row] = await tx.query(
        `INSERT INTO invitation (id, organisation_id, email, role, invited_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation_id, email, role) DO UPDATE SET invited_by = excluded.invited_by
         RETURNING id, email, role, created_at AS "createdAt"`,
        [randomUUID(), organisationId, input.email.toLowerCase(), input.role, actor.userId],
      );
      await appendToOutbox(tx, 'member-invited', { invitationId: row.id });
      return row;
    });
  }

  async withdraw(actor: Actor, organisationId: string, invitationId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      const [, deleted] = await tx.query(`DELETE FROM invitation WHERE id = $1 AND organisation_id = $2`, [
        invitationId,
        organisationId,
      ]);
      if (deleted === 0) throw notFound('invitation');
    });
  }

  /** The token of an invitation's link; nothing of it is stored. */
  token(invitationId: string): string {
    const mac = createHmac('sha256', this.secret).update(`invitation ${invitationId}`).digest('base64url');
    return `${Buffer.from(invitationId.replaceAll('-', ''), 'hex').toString('base64url')}.${mac}`;
  }

  /** What an invitation is about, for whoever holds its link. */
  async invitation(token: string): Promise<InvitationView> {
    const [row] = await this.db.query(
      `SELECT organisation, role, invited_by AS "invitedBy" FROM invitation_view($1)`,
      [this.idOf(token)],
    );
    if (!row) throw notFound('invitation');
    return row;
  }

  /**
   * Turns an invitation into a membership of the signed-in person. The link proves that the mail was read; the
   * account must be that address's, so that a forwarded link lets nobody else in.
   */
  async accept(actor: Actor, token: string): Promise<MemberRow> {
    return this.db.transaction(async (tx) => {
      const [row] = await tx.query(
        `SELECT id, organisation_id AS "organisationId", role FROM invitation WHERE id = $1 AND email = $2`,
        [this.idOf(token), actor.email.toLowerCase()],
      );
      if (!row) throw notFound('invitation');
      const member = await addMember(tx, actor.userId, row.organisationId, row.role);
      // Last: it is what lets the membership in. Of two who accept at once, one finds it gone.
      const [, used] = await tx.query(`DELETE FROM invitation WHERE id = $1`, [row.id]);
      if (used === 0) throw notFound('invitation');
      return member;
    });
  }

  /** What the mail of an invitation says; null when it was withdrawn or accepted meanwhile. */
  async forMail(
    invitationId: string,
  ): Promise<{ email: string; organisation: string; role: Role; invitedBy: string; token: string } | null> {
    const [row] = await this.db.query(`SELECT email FROM invitation WHERE id = $1`, [invitationId]);
    if (!row) return null;
    const token = this.token(invitationId);
    return { ...(await this.invitation(token)), email: row.email, token };
  }

  /**
   * Gives a role to somebody the actor knows already: a member, or a person of an organisation that shares a programme.
   * Everybody else, existing or not, is not found; they are invited by address.
   */
  async add(actor: Actor, organisationId: string, input: { userId: string; role: Role }): Promise<MemberRow> {
    return this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      const [known] = await tx.query(`SELECT person_is_known($2, $1) AS known`, [
        organisationId,
        input.userId,
      ]);
      if (!known.known) throw notFound('person');
      return addMember(tx, input.userId, organisationId, input.role);
    });
  }

  /** Changes a role. @throws DomainError `last-owner` */
  async change(actor: Actor, organisationId: string, memberId: string, role: Role): Promise<MemberRow> {
    return this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      const member = await memberOf(tx, organisationId, memberId);
      if (member.role === role) return member;
      await tx.query(`DELETE FROM membership WHERE id = $1`, [memberId]);
      const changed = await addMember(tx, member.userId, organisationId, role, memberId);
      await mustKeepAnOwner(tx, organisationId);
      return changed;
    });
  }

  /** Takes a role away, at once. @throws DomainError `last-owner` */
  async remove(actor: Actor, organisationId: string, memberId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      await memberOf(tx, organisationId, memberId);
      await tx.query(`DELETE FROM membership WHERE id = $1`, [memberId]);
      await mustKeepAnOwner(tx, organisationId);
    });
  }

  private idOf(token: string): string {
    const hex = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('hex');
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    const [given, right] = [token, this.token(id)].map((each) => Buffer.from(each));
    if (given!.length !== right!.length || !timingSafeEqual(given!, right!)) throw notFound('invitation');
    return id;
  }
}

const memberRows = `SELECT m.id, m.user_id AS "userId", person_name(m.user_id) AS name, person_email(m.user_id) AS email, m.role FROM membership m`;

async function memberOf(tx: EntityManager, organisationId: string, memberId: string): Promise<MemberRow> {
  const [row] = await tx.query(`${memberRows} WHERE m.id = $1 AND m.organisation_id = $2`, [
    memberId,
    organisationId,
  ]);
  if (!row) throw notFound('member');
  return row;
}

async function addMember(
  tx: EntityManager,
  userId: string,
  organisationId: string,
  role: Role,
  id: string = randomUUID(),
): Promise<MemberRow> {
  await tx.query(
    `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [id, userId, organisationId, role],
  );
  const [row] = await tx.query(
    `${memberRows} WHERE m.user_id = $1 AND m.organisation_id = $2 AND m.role = $3`,
    [userId, organisationId, role],
  );
  return row;
}

/**
 * Locks the organisation and looks again whether the actor owns it: of two owners who remove each other at once, the
 * second finds that it is one no more.
 */
async function mustOwn(tx: EntityManager, actor: Actor, organisationId: string): Promise<void> {
  await tx.query(`SELECT 1 FROM organisation WHERE id = $1 FOR UPDATE`, [organisationId]);
  const roles: { role: Role }[] = await tx.query(
    `SELECT role FROM membership WHERE organisation_id = $1 AND user_id = $2`,
    [organisationId, actor.userId],
  );
  if (roles.length === 0) throw notFound('organisation');
  if (!roles.some(({ role }) => role === 'owner'))
    throw forbidden('Only an owner decides who belongs to it.');
}

async function mustKeepAnOwner(tx: EntityManager, organisationId: string): Promise<void> {
  const owners = await tx.query(
    `SELECT 1 FROM membership WHERE organisation_id = $1 AND role = 'owner' LIMIT 1`,
    [organisationId],
  );
  if (owners.length > 0) return;
  throw new DomainError(
    'last-owner',
    'An organisation keeps at least one owner.',
    [{ field: 'memberId', message: 'the last owner', fix: 'Make somebody else an owner first.' }],
    'conflict',
  );
}
