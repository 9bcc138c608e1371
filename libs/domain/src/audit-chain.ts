/**
 * The audit trail as a chain: each entry's hash covers the one before it, so an entry that was altered, removed, moved,
 * put in or cut off shows. The same check serves the database and an exported file: docs/audit-trail.md has the format.
 */

/** SHA-256, as the caller's platform has it: of the bytes of `prev` (hex) followed by `text` as UTF-8; as hex. */
export type LinkHash = (prev: string, text: string) => string;

/** An entry as it is kept: the body is the exact text that was hashed. */
export interface AuditEntry {
  readonly organisation: string;
  /** Place in the organisation's chain, from 1; null for a row that never got one. */
  readonly seq: number | null;
  /** Hash of the entry before, hex; empty for the first. */
  readonly prev: string;
  readonly hash: string;
  readonly body: string;
  /** What the database keeps beside the body for looking things up; a file has none. */
  readonly columns?: {
    readonly at: string;
    readonly actor: string;
    readonly subject: string;
    readonly action: string;
  };
}

/** Where a chain is said to begin and end. */
export interface ChainEnds {
  /** Place and hash of the last entry that was let go by the retention; 0 and empty when all is there. */
  readonly base: ChainPlace;
  readonly head: ChainPlace;
}

export interface ChainPlace {
  readonly seq: number;
  readonly hash: string;
}

/** A signed statement, made earlier, of what a chain looked like. */
export interface Checkpoint extends ChainPlace {
  readonly organisation: string;
  /** When it was made, ISO 8601. */
  readonly at: string;
}

export const AUDIT_FAULTS = [
  'altered',
  'removed',
  'reordered',
  'inserted',
  'truncated',
  'columns-differ',
  'head-differs',
  'beginning-removed',
  'rewritten',
] as const;
export type AuditFaultKind = (typeof AUDIT_FAULTS)[number];

export interface AuditFault {
  readonly organisation: string;
  /** From which entry on the chain can't be relied on. */
  readonly seq: number;
  readonly fault: AuditFaultKind;
  readonly message: string;
}

/** A SHA-256 in hex, or nothing. */
const HASH = /^(?:[0-9a-f]{64})?$/;

/** What the retention writes into the chain when it lets old entries go. */
export const FORGET = { subject: 'audit_entry', action: 'forget' } as const;

/** The text of which an entry's hash is made, after the bytes of the hash before. */
export const linkText = (organisation: string, seq: number, body: string): string =>
  `${organisation} ${seq} ${body}`;

interface Body {
  readonly at?: unknown;
  readonly actor?: unknown;
  readonly subject?: unknown;
  readonly action?: unknown;
  readonly rows?: readonly { readonly through?: unknown; readonly hash?: unknown }[];
}

/** What was found about one chain. */
export interface ChainSummary {
  readonly organisation: string;
  readonly entries: number;
  readonly first: number | null;
  readonly last: number | null;
  /** Newest checkpoint that this chain agrees with. */
  readonly checkpoint: number | null;
}

/**
 * Checks one organisation's chain, entry by entry in the order of `seq`, rows without a place last. Keeps nothing of the
 * entries, so memory doesn't grow with the chain.
 */
export class ChainVerifier {
  private last: ChainPlace | undefined;
  private first: number | null = null;
  private entries = 0;
  private forgotten: ChainPlace | undefined;
  private agreed: number | null = null;
  private firstPrev = '';
  private baseAgreed = false;
  private readonly checkpoints: Map<number, Checkpoint[]>;

  /** `ends` is left out for a file, which says itself where it begins. */
  constructor(
    private readonly organisation: string,
    private readonly hash: LinkHash,
    private readonly report: (fault: AuditFault) => void,
    private readonly ends?: ChainEnds,
    checkpoints: readonly Checkpoint[] = [],
  ) {
    this.checkpoints = new Map();
    for (const each of checkpoints)
      this.checkpoints.set(each.seq, [...(this.checkpoints.get(each.seq) ?? []), each]);
    if (ends) {
      this.last = ends.base;
      this.meet(ends.base, true);
    }
  }

  /** The next entry. */
  add(entry: AuditEntry): void {
    this.entries += 1;
    if (entry.seq === null) {
      this.say(
        (this.last?.seq ?? 0) + 1,
        'inserted',
        'An entry has no place in the chain: it was put in past the trigger.',
      );
      return;
    }
    const { seq, prev, hash, body } = entry;
    if (this.first === null) {
      this.first = seq;
      this.firstPrev = prev;
    }
    if (this.last === undefined) {
      // A file from the first entry on, or from where the retention cut it.
      this.last = { seq: seq - 1, hash: prev };
      if (seq === 1 && prev !== '')
        this.say(1, 'removed', 'The first entry names one before it, and there is none.');
      this.meet(this.last, true);
    }
    const expected = this.last.seq + 1;
    const linked = HASH.test(prev) && this.hash(prev, linkText(this.organisation, seq, body)) === hash;
    if (seq > expected)
      this.say(
        expected,
        'removed',
        expected === seq - 1
          ? `Entry ${expected} is missing.`
          : `Entries ${expected} to ${seq - 1} are missing.`,
      );
    else if (seq < expected) this.say(seq, 'reordered', `Entry ${seq} comes after entry ${this.last.seq}.`);
    else if (prev !== this.last.hash)
      this.say(
        seq,
        linked ? 'rewritten' : 'reordered',
        linked
          ? `Entry ${seq} is not linked to the entry before it: one of the two was replaced.`
          : `Entry ${seq} stands in the place of another: it is linked to neither its place nor the entry before.`,
      );
    else if (!linked) this.say(seq, 'altered', `Entry ${seq} is not what was hashed when it was written.`);
    this.compare(entry, seq);
    if (seq < expected) return;
    this.last = { seq, hash };
    this.meet(this.last);
  }

  /** There are no more. */
  end(): ChainSummary {
    const { ends } = this;
    const last = this.last ?? { seq: 0, hash: '' };
    if (ends) {
      if (last.seq < ends.head.seq)
        this.say(last.seq + 1, 'truncated', `The chain ends at ${last.seq} and should at ${ends.head.seq}.`);
      else if (last.seq > ends.head.seq)
        this.say(ends.head.seq + 1, 'inserted', `The chain goes on after its head, entry ${ends.head.seq}.`);
      else if (last.hash !== ends.head.hash)
        this.say(last.seq, 'head-differs', `The head of the chain is not the hash of entry ${last.seq}.`);
    }
    const base = ends?.base ?? { seq: (this.first ?? 1) - 1, hash: this.firstPrev };
    const explained =
      this.baseAgreed || (this.forgotten?.seq === base.seq && this.forgotten.hash === base.hash);
    if (base.seq > 0 && !explained)
      this.say(
        base.seq + 1,
        'beginning-removed',
        `What is kept begins after entry ${base.seq}, and no entry says that the retention let those before go.`,
      );
    for (const each of [...this.checkpoints.values()].flat()) {
      if (each.seq > last.seq)
        this.say(
          last.seq + 1,
          'truncated',
          `A checkpoint of ${each.at} saw entry ${each.seq}; the chain ends at ${last.seq}.`,
        );
    }
    return {
      organisation: this.organisation,
      entries: this.entries,
      first: this.first,
      last: this.entries === 0 ? null : last.seq,
      checkpoint: this.agreed,
    };
  }

  /** Whether the chain agrees with what earlier checkpoints saw here. */
  private meet({ seq, hash }: ChainPlace, base = false): void {
    const here = this.checkpoints.get(seq);
    if (!here) return;
    this.checkpoints.delete(seq);
    for (const each of here) {
      if (each.hash === hash) {
        this.agreed = Math.max(this.agreed ?? 0, seq);
        this.baseAgreed ||= base;
      } else
        this.say(
          seq,
          'rewritten',
          `A checkpoint of ${each.at} saw another entry ${seq}: the chain up to here was made anew since.`,
        );
    }
  }

  private compare({ body, columns }: AuditEntry, seq: number): void {
    let parsed: Body;
    try {
      parsed = JSON.parse(body) as Body;
    } catch {
      this.say(seq, 'altered', `The body of entry ${seq} is not JSON.`);
      return;
    }
    if (parsed.subject === FORGET.subject && parsed.action === FORGET.action) {
      const [row] = parsed.rows ?? [];
      this.forgotten = { seq: Number(row?.through), hash: String(row?.hash) };
    }
    if (!columns) return;
    const differing = (['at', 'actor', 'subject', 'action'] as const).filter(
      (name) => parsed[name] !== columns[name],
    );
    if (differing.length > 0)
      this.say(
        seq,
        'columns-differ',
        `Of entry ${seq}, ${differing.join(', ')} beside the body ${differing.length > 1 ? 'are' : 'is'} not what the body says.`,
      );
  }

  private say(seq: number, fault: AuditFaultKind, message: string): void {
    this.report({ organisation: this.organisation, seq, fault, message });
  }
}
