import { DomainError, type Locale } from '#domain';
import type { Database, Role } from '#persistence';
import { appendToOutbox } from '#platform';
import { randomBytes, randomUUID } from 'node:crypto';
import { notFound, ownerOf, type Actor } from './actor.js';
import type { Identity } from './identity.js';
import { seal, secretHash, unseal } from './identity/letters.js';
import { pageOf, type Page, type PageRequest } from './paging.js';

const DAYS = 14;
/** Invitations an organisation may send in a day, so that nobody mails the world from here. */
const A_DAY = 50;

export interface NewInvitation {
  readonly email: string;
  readonly role: Role;
  /** Of the mail; English unless said. */
  readonly language?: Locale;
}

/** What somebody with an invitation in hand sends: the secret, and to make an account with it a name and a password. */
export interface Acceptance {
  readonly token: string;
  readonly name?: string;
  readonly password?: string;
}

/** What the mail says. */
export interface InvitationMail {
  readonly email: string;
  readonly organisation: string;
  readonly role: Role;
  readonly invitedBy: string | null;
  readonly language: Locale;
  readonly expiresAt: Date;
  readonly token: string;
}

/** An invitation and what became of it. */
export interface InvitationRow {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly language: Locale;
  readonly state: InvitationState;
  readonly invitedBy: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly acceptedAt: Date | null;
  readonly acceptedBy: string | null;
  readonly revokedAt: Date | null;
}

export type InvitationState = 'pending' | 'accepted' | 'expired' | 'revoked';

interface Held {
  readonly id: string;
  readonly email: string;
  readonly organisation: string;
  readonly state: InvitationState;
}

const STATE = `CASE WHEN i.revoked_at IS NOT NULL THEN 'revoked' WHEN i.accepted_at IS NOT NULL THEN 'accepted'
                    WHEN i.expires_at <= now() THEN 'expired' ELSE 'pending' END`;

/** The same for a secret nobody has given out, one that was taken back, and one for somebody else's address. */
const unknown = (): DomainError =>
  new DomainError(
    'invitation-unknown',
    'There is no such invitation for you.',
    [
      {
        field: '/token',
        message: 'unknown',
        fix: 'Sign in with the address the invitation was sent to, or ask for a new one.',
      },
    ],
    'not-found',
  );

/** Invitations to join an organisation: bound to an address, for one use, within fourteen days. */
export class InvitationsService {
  constructor(
    private readonly db: Database,
    private readonly secret: string,
  ) {}

  /** Invites; an earlier, open invitation of the same address to the same role ends. @throws DomainError `too-many-invitations`. */
  async invite(actor: Actor, organisationId: string, input: NewInvitation): Promise<{ id: string }> {
    ownerOf(actor, organisationId);
    const email = input.email.trim().toLowerCase();
    const id = randomUUID();
    const token = randomBytes(32).toString('base64url');
    const sealed = await seal(this.secret, { token });
    return this.db.as(actor, async (tx) => {
      const [{ sent }] = await tx.query(
        `SELECT count(*)::int AS sent FROM invitation WHERE organisation_id = $1 AND created_at > now() - interval '1 day'`,
        [organisationId],
      );
      if (sent >= A_DAY)
        throw new DomainError(
          'too-many-invitations',
          `An organisation sends ${A_DAY} invitations a day at most.`,
          [{ field: '/email', message: 'not sent', fix: 'Go on tomorrow.' }],
          'too-many',
        );
      await tx.query(
        `UPDATE invitation SET revoked_at = now() WHERE organisation_id = $1 AND email = $2 AND role = $3
            AND accepted_at IS NULL AND revoked_at IS NULL`,
        [organisationId, email, input.role],
      );
      await tx.query(
        `INSERT INTO invitation (id, organisation_id, email, role, language, token_hash, invited_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 day')`,
        [
          id,
          organisationId,
          email,
          input.role,
          input.language ?? 'en',
          secretHash(token),
          actor.userId,
          DAYS,
        ],
      );
      await appendToOutbox(tx, 'invitation-created', { invitationId: id, sealed });
      return { id };
    });
  }

  /** Invitations of an organisation, with what became of them. */
  async list(actor: Actor, organisationId: string, page: PageRequest): Promise<Page<InvitationRow>> {
    ownerOf(actor, organisationId);
    const rows = await this.db.as(actor, (tx) =>
      tx.query(
        `SELECT i.id, i.email, i.role, i.language, ${STATE} AS state, person_name(i.invited_by) AS "invitedBy", i.created_at AS "createdAt",
                i.expires_at AS "expiresAt", i.accepted_at AS "acceptedAt", person_name(i.accepted_by) AS "acceptedBy", i.revoked_at AS "revokedAt"
           FROM invitation i WHERE i.organisation_id = $1 AND ($2::uuid IS NULL OR i.id > $2) ORDER BY i.id LIMIT $3`,
        [organisationId, page.after, page.limit + 1],
      ),
    );
    return pageOf(rows, page, (row: InvitationRow) => row.id);
  }

  /** Takes an invitation back. @throws DomainError `invitation-used` when it has been accepted. */
  async revoke(actor: Actor, organisationId: string, id: string): Promise<void> {
    ownerOf(actor, organisationId);
    await this.db.as(actor, async (tx) => {
      const [found] = await tx.query(
        `SELECT ${STATE} AS state FROM invitation i WHERE i.id = $1 AND i.organisation_id = $2`,
        [id, organisationId],
      );
      if (!found) throw notFound('invitation');
      if (found.state === 'accepted') throw used();
      await tx.query(`UPDATE invitation SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL`, [id]);
    });
  }

  /**
   * Accepts as the person who is signed in, if the invitation was sent to their verified address, or makes the account for
   * that address: who holds the secret has read its mail.
   * @throws DomainError `invitation-unknown`, `invitation-used`, `invitation-expired`, `sign-in-to-accept`, `account-details-required`.
   */
  async accept(
    actor: Actor | null,
    identity: Identity,
    { token, name, password }: Acceptance,
  ): Promise<{ organisationId: string; role: Role }> {
    const hash = secretHash(token);
    const [held]: (Held | undefined)[] = await this.db.as({}, (tx) =>
      tx.query(`SELECT id, email, organisation, state FROM invitation_of($1)`, [hash]),
    );
    if (!held || held.state === 'revoked') throw unknown();
    if (actor && actor.email.toLowerCase() !== held.email) throw unknown();
    if (held.state === 'accepted') throw used();
    if (held.state === 'expired')
      throw new DomainError(
        'invitation-expired',
        'The invitation has run out.',
        [{ field: '/token', message: 'expired', fix: 'Ask whoever invited you for a new one.' }],
        'conflict',
      );
    const userId = actor?.userId ?? (await this.newPerson(identity, held.email, name, password));
    const [joined] = await this.db.as({ userId, by: `invitation:${held.id}` }, (tx) =>
      tx.query(`SELECT organisation_id AS "organisationId", role FROM invitation_accept($1)`, [hash]),
    );
    // Taken back, or accepted elsewhere, between the two; or whoever invited is no longer an owner.
    if (!joined) throw unknown();
    return joined;
  }

  /** What the mail of an open invitation says; null when there is nothing left to send. */
  async forMail(invitationId: string, sealed: string): Promise<InvitationMail | null> {
    const [row] = await this.db.as({}, (tx) =>
      tx.query(
        `SELECT i.email, i.role, i.language, i.expires_at AS "expiresAt", o.name AS organisation, person_name(i.invited_by) AS "invitedBy"
           FROM invitation i JOIN organisation o ON o.id = i.organisation_id WHERE i.id = $1 AND ${STATE} = 'pending'`,
        [invitationId],
      ),
    );
    return row ? { ...row, ...(await unseal<{ token: string }>(this.secret, sealed)) } : null;
  }

  private async newPerson(
    identity: Identity,
    email: string,
    name?: string,
    password?: string,
  ): Promise<string> {
    // Only who has read the mail to the address gets here, so this tells nobody else's secret.
    if (await identity.hasAccount(email))
      throw new DomainError(
        'sign-in-to-accept',
        'There is an account for the address of this invitation: sign in, then accept.',
        [
          {
            field: '/token',
            message: 'belongs to an account',
            fix: 'Sign in with a password or a link by e-mail.',
          },
        ],
        'conflict',
      );
    if (!name || !password)
      throw new DomainError('account-details-required', 'There is no account for this address yet.', [
        ...(name ? [] : [{ field: '/name', message: 'is missing', fix: 'Send your name.' }]),
        ...(password ? [] : [{ field: '/password', message: 'is missing', fix: 'Choose a password.' }]),
      ]);
    return identity.createPerson(name, email, password);
  }
}

const used = (): DomainError =>
  new DomainError(
    'invitation-used',
    'The invitation has been accepted already.',
    [{ field: '/token', message: 'used', fix: 'Sign in.' }],
    'conflict',
  );
