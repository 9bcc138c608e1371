import {
  type AuditEntry,
  type AuditFault,
  type ChainEnds,
  type ChainSummary,
  ChainVerifier,
  type Checkpoint,
  type LinkHash,
} from '#domain';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';

/** SHA-256 of the bytes before and the text. */
export const linkHash: LinkHash = (prev, text) =>
  createHash('sha256').update(prev, 'hex').update(text).digest('hex');

/** Faults that are listed one by one; of more there is only the count. */
const LISTED = 100;

/** What a verification found. */
export interface AuditReport {
  readonly ok: boolean;
  readonly organisations: number;
  readonly entries: number;
  /** Chains, each with where it begins and ends and the newest checkpoint it agrees with; at most 100. */
  readonly chains: readonly ChainSummary[];
  readonly faults: readonly AuditFault[];
  readonly faultCount: number;
}

class Report {
  private readonly chains: ChainSummary[] = [];
  private readonly faults: AuditFault[] = [];
  private readonly seen = new Set<string>();
  private count = 0;
  private entries = 0;
  private current: ChainVerifier | undefined;
  private organisation: string | undefined;

  constructor(
    private readonly checkpointsOf: (organisation: string) => Promise<readonly Checkpoint[]>,
    private readonly endsOf?: (organisation: string) => Promise<ChainEnds>,
  ) {}

  readonly say = (fault: AuditFault): void => {
    this.count += 1;
    if (this.faults.length < LISTED) this.faults.push(fault);
  };

  has(organisation: string): boolean {
    return this.seen.has(organisation);
  }

  async turnTo(organisation: string): Promise<void> {
    if (organisation === this.organisation) return;
    this.finish();
    if (this.seen.has(organisation))
      this.say({
        organisation,
        seq: 0,
        fault: 'reordered',
        message: 'Entries of this organisation stand in two places.',
      });
    this.seen.add(organisation);
    this.organisation = organisation;
    this.current = new ChainVerifier(
      organisation,
      linkHash,
      this.say,
      await this.endsOf?.(organisation),
      await this.checkpointsOf(organisation),
    );
  }

  async add(entry: AuditEntry): Promise<void> {
    if (entry.organisation !== this.organisation) await this.turnTo(entry.organisation);
    this.current!.add(entry);
    this.entries += 1;
  }

  private finish(): void {
    if (!this.current) return;
    const summary = this.current.end();
    if (this.chains.length < LISTED) this.chains.push(summary);
    this.current = undefined;
  }

  result(): AuditReport {
    this.finish();
    return {
      ok: this.count === 0,
      organisations: this.seen.size,
      entries: this.entries,
      chains: this.chains,
      faults: this.faults,
      faultCount: this.count,
    };
  }
}

/** Rows a round trip: answers of a whole assessment are one entry of 40 KB, so not too many. */
const BATCH = 500;

/**
 * Verifies the chains of a database, of one organisation or of all, as they were at one moment. As the owner: nobody else
 * sees all. Memory doesn't grow with the number of entries.
 */
export async function verifyDatabase(
  source: DataSource,
  options: {
    readonly organisation?: string;
    readonly checkpointsOf?: (organisation: string) => Promise<readonly Checkpoint[]>;
    /** Organisations that must have a chain because there are checkpoints of it. */
    readonly expected?: readonly string[];
  } = {},
): Promise<AuditReport> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const report = new Report(options.checkpointsOf ?? (async () => []), async (organisation) => {
      const [head] = await runner.query(
        `SELECT seq::float8 AS seq, encode(hash, 'hex') AS hash, base_seq::float8 AS "baseSeq", encode(base_hash, 'hex') AS "baseHash"
           FROM audit_head WHERE organisation_id = $1`,
        [organisation],
      );
      return {
        head: { seq: head?.seq ?? 0, hash: head?.hash ?? '' },
        base: { seq: head?.baseSeq ?? 0, hash: head?.baseHash ?? '' },
      };
    });
    const only = options.organisation ? `WHERE organisation_id = $1` : '';
    const values = options.organisation ? [options.organisation] : [];
    await runner.query(
      `DECLARE trail NO SCROLL CURSOR FOR
         SELECT organisation_id AS organisation, seq::float8 AS seq, encode(prev, 'hex') AS prev, encode(hash, 'hex') AS hash, body,
                to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, actor, subject, action
           FROM audit_entry ${only} ORDER BY organisation_id, seq`,
      values,
    );
    for (;;) {
      const rows = await runner.query(`FETCH ${BATCH} FROM trail`);
      for (const { organisation, seq, prev, hash, body, ...columns } of rows)
        await report.add({ organisation, seq, prev: prev ?? '', hash: hash ?? '', body, columns });
      if (rows.length < BATCH) break;
    }
    // Chains of which nothing is left but the head, or not even that.
    const heads: { id: string }[] = await runner.query(
      `SELECT organisation_id AS id FROM audit_head ${only} ORDER BY 1`,
      values,
    );
    const expected = (options.expected ?? []).filter(
      (id) => !options.organisation || id === options.organisation,
    );
    for (const id of [...heads.map((head) => head.id), ...expected])
      if (!report.has(id)) await report.turnTo(id);
    await runner.query('COMMIT');
    return report.result();
  } finally {
    await runner.release();
  }
}

/** Verifies an exported trail (JSON Lines) without any database. */
export async function verifyFile(
  input: Readable,
  checkpoints: readonly Checkpoint[] = [],
): Promise<AuditReport> {
  const report = new Report(async (organisation) =>
    checkpoints.filter((each) => each.organisation === organisation),
  );
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    number += 1;
    if (line === '') continue;
    const entry = entryOf(line);
    if (entry) await report.add(entry);
    else
      report.say({
        organisation: '',
        seq: 0,
        fault: 'altered',
        message: `Line ${number} is not an entry of an audit trail.`,
      });
  }
  for (const { organisation } of checkpoints)
    if (!report.has(organisation)) await report.turnTo(organisation);
  return report.result();
}

/** The line of an entry: the body stays the exact text that was hashed. */
export const lineOf = ({ organisation, seq, prev, hash, body }: AuditEntry): string =>
  `${JSON.stringify({ organisation, seq, prev, hash, body })}\n`;

function entryOf(line: string): AuditEntry | undefined {
  try {
    const { organisation, seq, prev, hash, body } = JSON.parse(line) as AuditEntry;
    const texts = [organisation, prev, hash, body].every((each) => typeof each === 'string');
    return texts && Number.isSafeInteger(seq) ? { organisation, seq, prev, hash, body } : undefined;
  } catch {
    return undefined;
  }
}
