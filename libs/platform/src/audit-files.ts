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

/** Gathers what is found while entries go by, chain by chain. */
export class AuditReporting {
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

/** Verifies an exported trail (JSON Lines) without any database. */
export async function verifyFile(
  input: Readable,
  checkpoints: readonly Checkpoint[] = [],
): Promise<AuditReport> {
  const report = new AuditReporting(async (organisation) =>
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
