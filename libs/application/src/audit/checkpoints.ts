import { type AuditFault, type Checkpoint, INSTALLATION } from '#domain';
import type { Database, Queryable } from '#persistence';
import { type AuditKeys, readCheckpoint, signCheckpoint } from '#platform';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Lets a transaction read a trail that belongs to nobody; an organisation's own is open to its owners. */
export async function openTrail(tx: Queryable, organisation: string): Promise<void> {
  if (organisation === INSTALLATION) await tx.query(`SELECT set_config('uplift.administrator', 'yes', true)`);
}

/** Where a chain ends now; seq 0 when it has no entry. */
export async function headOf(tx: Queryable, organisation: string): Promise<Checkpoint> {
  await openTrail(tx, organisation);
  const [head] = await tx.query(
    `SELECT seq::float8 AS seq, encode(hash, 'hex') AS hash FROM audit_head WHERE organisation_id = $1`,
    [organisation],
  );
  return { organisation, seq: head?.seq ?? 0, hash: head?.hash ?? '', at: new Date().toISOString() };
}

/**
 * Checkpoints as files, `checkpoints/<organisation>/<seq>.json` in the data folder: outside the database, so that whoever
 * owns the database can't make a chain anew unseen.
 */
export class CheckpointFolder {
  private readonly folder: string;

  constructor(
    dataDir: string,
    private readonly keys: AuditKeys,
  ) {
    this.folder = join(dataDir, 'checkpoints');
  }

  /** Organisations of which there are checkpoints. */
  organisations(): Promise<string[]> {
    return readdir(this.folder).catch(nothing);
  }

  /** All of an organisation, oldest first, their signatures checked. */
  async of(organisation: string): Promise<Checkpoint[]> {
    const places = await this.places(organisation);
    return Promise.all(places.map((seq) => this.read(organisation, seq)));
  }

  /**
   * Makes one for every chain that grew, each of which must go on from the one before. Returns how many were made, and
   * the chains that don't: those were rewritten, and get no new checkpoint that would hide it.
   */
  async makeAll(db: Database): Promise<{ made: number; faults: AuditFault[] }> {
    const faults: AuditFault[] = [];
    let made = 0;
    for (let after = ''; ;) {
      const heads: { id: string }[] = await db.as({}, (tx) =>
        tx.query(
          `SELECT organisation_id AS id FROM audit_head WHERE $1 = '' OR organisation_id > nullif($1, '')::uuid ORDER BY 1 LIMIT 500`,
          [after],
        ),
      );
      for (const { id } of heads) {
        const fault = await this.make(db, id);
        if (typeof fault === 'object') faults.push(fault);
        else if (fault) made += 1;
      }
      if (heads.length === 0) return { made, faults };
      after = heads.at(-1)!.id;
    }
  }

  private async make(db: Database, organisation: string): Promise<boolean | AuditFault> {
    const seen = (await this.places(organisation)).at(-1);
    const last = seen === undefined ? undefined : await this.read(organisation, seen);
    const { head, then } = await db.as({}, async (tx) => ({
      head: await headOf(tx, organisation),
      then: last
        ? (
            await tx.query(
              `SELECT encode(e.hash, 'hex') AS hash FROM audit_entry e WHERE e.organisation_id = $1 AND e.seq = $2
               UNION ALL SELECT encode(base_hash, 'hex') FROM audit_head WHERE organisation_id = $1 AND base_seq = $2`,
              [organisation, last.seq],
            )
          )[0]?.hash
        : undefined,
    }));
    if (last && then !== last.hash)
      return {
        organisation,
        seq: last.seq,
        fault: head.seq < last.seq ? 'truncated' : 'rewritten',
        message: `The checkpoint of ${last.at} saw another entry ${last.seq}; no new one was made.`,
      };
    if (head.seq === (last?.seq ?? 0)) return false;
    const folder = join(this.folder, organisation);
    await mkdir(folder, { recursive: true });
    const path = join(folder, `${head.seq}.json`);
    const fresh = `${path}.${randomUUID()}.part`;
    await writeFile(fresh, `${JSON.stringify(await signCheckpoint(this.keys, head), null, 2)}\n`, {
      flush: true,
    });
    await rename(fresh, path);
    return true;
  }

  private async places(organisation: string): Promise<number[]> {
    const names = await readdir(join(this.folder, organisation)).catch(nothing);
    return names
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  private async read(organisation: string, seq: number): Promise<Checkpoint> {
    const name = join(organisation, `${seq}.json`);
    return readCheckpoint(await readFile(join(this.folder, name), 'utf8'), name, this.keys.published);
  }
}

function nothing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
