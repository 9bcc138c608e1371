import type { Checkpoint } from '#domain';
import { AuditReporting, type AuditReport } from '#platform';
import type { DataSource, QueryRunner } from 'typeorm';

/** Rows a round trip: answers of a whole assessment are one entry of 80 KB, so not too many. */
const BATCH = 200;

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
    const report = new AuditReporting(options.checkpointsOf ?? (async () => []), async (organisation) => {
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
    for (const { id } of await founded(runner, only.replace('organisation_id', 'id'), values))
      if (!report.has(id)) {
        await report.turnTo(id);
        report.say({
          organisation: id,
          seq: 1,
          fault: 'truncated',
          message:
            'Nothing is left of this chain, not even its head; that the organisation was founded was its first entry.',
        });
      }
    await runner.query('COMMIT');
    return report.result();
  } finally {
    await runner.release();
  }
}

/** Organisations that must have a chain: founding one is its first entry. Those from before the trail needn't. */
const founded = (runner: QueryRunner, only: string, values: unknown[]): Promise<{ id: string }[]> =>
  runner.query(
    `SELECT id FROM (SELECT id, created_at FROM organisation ${only}) o
      WHERE created_at > coalesce((SELECT min(at) FROM audit_entry) - interval '1 hour', '-infinity') ORDER BY id`,
    values,
  );
