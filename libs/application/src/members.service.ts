import type { Role, Database } from '#persistence';
import { DomainError } from '#domain';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { forbidden, notFound, type Actor } from './actor.js';

/** A role of a person in an organisation. Somebody with two roles stands twice in the list. */
export interface MemberRow {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
}

/** Who belongs to an organisation, and in which roles. Others are invited: {@link InvitationsService}. */
export class MembersService {
  constructor(private readonly db: Database) {}

  /** For members of the organisation. */
  async list(actor: Actor, organisationId: string): Promise<{ members: MemberRow[] }> {
    if (!actor.memberships.some((membership) => membership.organisationId === organisationId))
      throw notFound('organisation');
    return {
      members: await this.db.query(`${memberRows} WHERE m.organisation_id = $1 ORDER BY name, m.id`, [
        organisationId,
      ]),
    };
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
      await mustKeepAnOwner(tx, organisationId, member);
      const [same] = await tx.query(
        `${memberRows} WHERE m.user_id = $1 AND m.organisation_id = $2 AND m.role = $3`,
        [member.userId, organisationId, role],
      );
      if (same) {
        await tx.query(`DELETE FROM membership WHERE id = $1`, [memberId]);
        return same;
      }
      await tx.query(`UPDATE membership SET role = $2 WHERE id = $1`, [memberId, role]);
      return { ...member, role };
    });
  }

  /** Takes a role away, at once. @throws DomainError `last-owner` */
  async remove(actor: Actor, organisationId: string, memberId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await mustOwn(tx, actor, organisationId);
      await mustKeepAnOwner(tx, organisationId, await memberOf(tx, organisationId, memberId));
      await tx.query(`DELETE FROM membership WHERE id = $1`, [memberId]);
    });
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
): Promise<MemberRow> {
  await tx.query(
    `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [randomUUID(), userId, organisationId, role],
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

/** Looked at before `member` loses the role: whoever has just left an organisation doesn't see its other owners. */
async function mustKeepAnOwner(tx: EntityManager, organisationId: string, member: MemberRow): Promise<void> {
  if (member.role !== 'owner') return;
  const owners = await tx.query(
    `SELECT 1 FROM membership WHERE organisation_id = $1 AND role = 'owner' AND id <> $2 LIMIT 1`,
    [organisationId, member.id],
  );
  if (owners.length > 0) return;
  throw new DomainError(
    'last-owner',
    'An organisation keeps at least one owner.',
    [{ field: 'memberId', message: 'the last owner', fix: 'Make somebody else an owner first.' }],
    'conflict',
  );
}
