import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type pg from 'pg';

/** How a counter slows its attempts down: after `free` of them, each pause is twice the one before. */
interface Pace {
  readonly free: number;
  /** First pause, in seconds. */
  readonly first: number;
  /** Longest pause, in seconds. */
  readonly longest: number;
  /** After so many seconds without an attempt the count begins anew. */
  readonly forget: number;
}

/** What is attempted: a password, a code of the second factor, a letter to an address, anything else. */
export type AttemptKind = 'password' | 'code' | 'letter' | 'other';
/** By what attempts are counted. `account` is the address as it was typed, whether or not somebody has it. */
type By = 'device' | 'origin' | 'address' | 'account';

/*
 * The account-wide counter has the shortest of pauses: whoever tries from many addresses is slowed, but the owner at a new
 * device still gets in between, and at a known one isn't counted by it at all. So nobody can lock another out.
 */
const PACES: Readonly<Record<AttemptKind, Partial<Record<By, Pace>>>> = {
  password: {
    device: { free: 10, first: 1, longest: 900, forget: 3600 },
    origin: { free: 5, first: 1, longest: 900, forget: 3600 },
    address: { free: 30, first: 1, longest: 300, forget: 900 },
    account: { free: 10, first: 1, longest: 30, forget: 3600 },
  },
  // Counted by the session or the challenge: to get so far takes the password or the mailbox.
  code: { account: { free: 5, first: 2, longest: 900, forget: 3600 } },
  letter: {
    device: { free: 5, first: 10, longest: 900, forget: 3600 },
    origin: { free: 3, first: 10, longest: 900, forget: 3600 },
    address: { free: 30, first: 1, longest: 300, forget: 900 },
    account: { free: 5, first: 5, longest: 60, forget: 3600 },
  },
  other: { address: { free: 300, first: 1, longest: 60, forget: 60 } },
};

/** Who attempts. */
export interface Attempt {
  readonly kind: AttemptKind;
  readonly address: string;
  /** E-mail address, session or challenge. */
  readonly account: string;
  /** Set when the account signed in at this device before. */
  readonly device?: string | undefined;
}

/** An attempt that may go ahead, or the pause (seconds) until the next may. */
export type Admission = { readonly wait: number } | { readonly wait: 0; succeeded(): Promise<void> };

/** An address as it is counted: of IPv6 the network, because a host may choose among its addresses. */
const networkOf = (address: string): string =>
  address.includes(':') && !address.includes('.')
    ? new URL(`http://[${address.split('%')[0]}]`).hostname
        .slice(1, -1)
        .replace(/::.*/, ':')
        .split(':')
        .slice(0, 4)
        .join(':')
    : address;

/** Counts attempts in PostgreSQL, so that several API processes count together. */
export class Attempts {
  constructor(
    private readonly pool: pg.Pool,
    private readonly secret: string,
  ) {}

  /** Counts an attempt before it is made: attempts side by side can't slip past the counter. */
  async admit(attempt: Attempt): Promise<Admission> {
    const counters = this.countersOf(attempt);
    const keys = counters.map(({ key }) => key);
    const { rows } = await this.pool.query<{ wait: number }>(
      `SELECT ceil(extract(epoch FROM max(blocked_until) - clock_timestamp()))::int AS wait FROM attempt
        WHERE key = ANY ($1) AND blocked_until > clock_timestamp()`,
      [keys],
    );
    if (rows[0]?.wait) return { wait: rows[0].wait };
    const counted = await this.pool.query(
      `INSERT INTO attempt AS a (key, count, seen_at, blocked_until)
       SELECT key, 1, clock_timestamp(), clock_timestamp() + CASE WHEN free < 1 THEN first ELSE 0 END * interval '1 second'
         FROM unnest($1::bytea[], $2::int[], $3::int[], $4::int[], $5::int[]) AS n (key, free, first, longest, forget) ORDER BY key
       ON CONFLICT (key) DO UPDATE SET (count, seen_at, blocked_until) = (
         SELECT c, clock_timestamp(), clock_timestamp() + CASE WHEN c <= n.free THEN 0
                  ELSE least(n.longest, n.first * power(2, least(c - n.free - 1, 20))) END * interval '1 second'
           FROM unnest($1::bytea[], $2::int[], $3::int[], $4::int[], $5::int[]) AS n (key, free, first, longest, forget),
                LATERAL (SELECT CASE WHEN a.seen_at < clock_timestamp() - n.forget * interval '1 second' THEN 1 ELSE a.count + 1 END AS c) c
          WHERE n.key = a.key)
        WHERE a.blocked_until <= clock_timestamp()`,
      [
        keys,
        ...(['free', 'first', 'longest', 'forget'] as const).map((field) =>
          counters.map(({ pace }) => pace[field]),
        ),
      ],
    );
    // Somebody else's attempt, at the same moment, began a pause.
    if (counted.rowCount !== keys.length) return { wait: 1 };
    return { wait: 0, succeeded: () => this.forgive(counters) };
  }

  /** After a success the own counters start anew; the shared ones take back this one attempt. */
  private async forgive(counters: readonly { by: By; key: Buffer }[]): Promise<void> {
    const own = counters.filter(({ by }) => by === 'device' || by === 'origin').map(({ key }) => key);
    const shared = counters.filter(({ by }) => by === 'address' || by === 'account').map(({ key }) => key);
    await this.pool.query(
      `WITH own AS (DELETE FROM attempt WHERE key = ANY ($1))
       UPDATE attempt SET count = greatest(count - 1, 0), blocked_until = clock_timestamp() WHERE key = ANY ($2)`,
      [own, shared],
    );
  }

  private countersOf({ kind, address, account, device }: Attempt) {
    const from = networkOf(address);
    const who = account.trim().toLowerCase();
    const parts: Readonly<Record<By, string | undefined>> = {
      device: device && `${device} ${who}`,
      // A known device is counted by itself alone: neither strangers nor neighbours can slow it.
      origin: device ? undefined : `${from} ${who}`,
      address: device ? undefined : from,
      account: device ? undefined : who,
    };
    return (Object.entries(PACES[kind]) as [By, Pace][])
      .filter(([by]) => parts[by] !== undefined)
      .map(([by, pace]) => ({
        by,
        pace,
        key: createHmac('sha256', this.secret).update(`${kind} ${by} ${parts[by]}`).digest(),
      }))
      .sort((one, other) => Buffer.compare(one.key, other.key));
  }
}

/** Accounts a device may be known for. */
const KNOWN = 5;

/**
 * The cookie by which a device is known: an id of its own, and for each account that signed in there a code only this
 * product can make. Nothing is stored, nothing is granted by it but patience.
 */
export class Devices {
  constructor(private readonly secret: string) {}

  /** The device's id, if the account signed in there before. */
  idFor(cookie: string | undefined, email: string): string | undefined {
    const [id, ...codes] = (cookie ?? '').split('.');
    if (!id) return undefined;
    const code = Buffer.from(this.codeOf(id, email));
    return codes.some((each) => each.length === code.length && timingSafeEqual(Buffer.from(each), code))
      ? id
      : undefined;
  }

  /** The cookie after an account signed in. */
  remember(cookie: string | undefined, email: string): string {
    const given = /^[\w-]{22}(\.[\w-]{22})+$/.test(cookie ?? '') ? cookie!.split('.') : [];
    const id = given[0] ?? randomBytes(16).toString('base64url');
    const code = this.codeOf(id, email);
    return [id, code, ...given.slice(1).filter((each) => each !== code)].slice(0, KNOWN + 1).join('.');
  }

  private codeOf(id: string, email: string): string {
    return createHmac('sha256', this.secret)
      .update(`device ${id} ${email.trim().toLowerCase()}`)
      .digest('base64url')
      .slice(0, 22);
  }
}
