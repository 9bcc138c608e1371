import { checkExit, DomainError } from '#domain';
import { type Database, LAST_OWNER, type Queryable, sqlStateOf } from '#persistence';
import { appendToOutbox } from '#platform';
import type { Actor } from '../actor.js';
import { mustOwn } from '../audit/audit.service.js';
import { cancelVisits } from '../visits.service.js';

/** What suppliers and people may end: taking part, and being known. */
export class LeavingService {
  constructor(private readonly db: Database) {}

  /**
   * A supplier leaves: its sites leave their cohorts with the reason, visits to come are cancelled, buyers and holders of
   * grants see it no more, and nothing new can begin for it. Results stay in aggregates; names go after the retention.
   * @throws DomainError `not-found`, `confirmation-wrong`, `only-suppliers-leave`, `organisation-dissolved`, and what
   * `checkExit` throws.
   */
  async leave(
    actor: Actor,
    organisation: string,
    input: { confirm: string; reason: string; note?: string },
  ): Promise<void> {
    mustOwn(actor, organisation);
    const reason = checkExit(input.reason, input.note);
    await this.db.as(actor, async (tx) => {
      const [row] = await tx.query(`SELECT name, kind FROM organisation WHERE id = $1`, [organisation]);
      if (row.kind !== 'supplier')
        throw new DomainError(
          'only-suppliers-leave',
          'Only a supplier ends its participation by itself; for other parties the operator does.',
          [],
          'conflict',
        );
      confirmed(input.confirm, row.name, 'the name of the organisation');
      const [{ left }] = await tx.query(`SELECT dissolve_organisation($1, $2, $3) AS left`, [
        organisation,
        reason,
        input.note ?? null,
      ]);
      if (!left)
        throw new DomainError('organisation-dissolved', 'The organisation has left already.', [], 'conflict');
      await cancelVisits(tx, `site_id IN (SELECT id FROM site WHERE organisation_id = $1)`, [organisation]);
      await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  /** Forgets the person who asks. @throws DomainError `confirmation-wrong`, `last-owner`. */
  async eraseSelf(actor: Actor, confirm: string): Promise<void> {
    confirmed(confirm, actor.email, 'your e-mail address');
    await this.db.as(actor, (tx) => erase(tx, actor.userId));
  }

  /**
   * The operator's way, by e-mail address; on a connection of the owner. Returns what the person is called from now on; the
   * id is null for somebody without an account, whose address others had entered (recipients of links, the invited).
   * @throws DomainError `unknown-person`, `last-owner`.
   */
  async erase(email: string): Promise<{ id: string | null; name: string }> {
    return this.db.as({}, async (tx) => {
      const [person] = await tx.query(
        `SELECT id::text AS id FROM auth."user" WHERE lower(email) = lower($1)`,
        [email],
      );
      if (person) return { id: person.id, name: await erase(tx, person.id) };
      const [{ name }] = await tx.query(`SELECT erase_contact($1) AS name`, [email.trim()]);
      if (name === null)
        throw new DomainError('unknown-person', 'Nobody has this e-mail address.', [
          { field: 'email', message: 'unknown' },
        ]);
      return { id: null, name };
    });
  }
}

async function erase(tx: Queryable, person: string): Promise<string> {
  const alone: { id: string; name: string }[] = await tx.query(`SELECT id, name FROM owned_alone($1)`, [
    person,
  ]);
  if (alone.length > 0) throw lastOwner(alone);
  try {
    const [{ name }] = await tx.query(`SELECT erase_person($1) AS name, forget_devices($1)`, [person]);
    await appendToOutbox(tx, 'plan-visits', {});
    return name;
  } catch (error) {
    throw sqlStateOf(error) === LAST_OWNER ? lastOwner([]) : error;
  }
}

const lastOwner = (organisations: readonly { id: string; name: string }[]): DomainError =>
  new DomainError(
    'last-owner',
    'Somebody is the only owner of an organisation, which would be left to nobody.',
    organisations.map(({ id, name }) => ({
      field: `/organisations/${id}`,
      message: name,
      fix: 'Make somebody else an owner first, or end its participation.',
    })),
    'conflict',
  );

function confirmed(given: string, expected: string, what: string): void {
  if (given.trim().toLowerCase() === expected.trim().toLowerCase()) return;
  throw new DomainError('confirmation-wrong', 'This cannot be undone, and was not confirmed.', [
    { field: '/confirm', message: 'does not match', fix: `Send ${what}.` },
  ]);
}
