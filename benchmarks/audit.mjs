import { verifyDatabase } from '#application';
import { createHash, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { database } from './support/product.mjs';
import { costOf, WRITES } from './support/without.mjs';

/** `--full` verifies the million; otherwise a fifth of it, and the time is taken times five. */
const ENTRIES = process.env.BENCH_FULL ? 1_000_000 : 200_000;
const SECONDS = 60;
/** What the process may grow by while it verifies; the entries alone are ten times as much. */
const GROWTH_MB = 100;

/** What the audit trail costs the main writes, and how long verifying a long chain takes, with how much memory. */
export default async function audit() {
  const writes = await costOfWriting();
  return { rows: [...writes.rows, await verifying()], notes: writes.notes };
}

const costOfWriting = () =>
  costOf(
    'audit trail',
    'without',
    `DO $$ DECLARE each record; BEGIN
       FOR each IN SELECT t.tgname, t.tgrelid::regclass AS place FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                    WHERE t.tgname LIKE 'audit\\_%' AND c.relname <> 'audit_entry' LOOP
         EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', each.place, each.tgname);
       END LOOP;
     END $$`,
    (name) => WRITES.includes(name),
  );

/** A long chain, made by this process and then verified. */
async function verifying() {
  const db = await database(1);
  const id = randomUUID();
  await db.query(`ALTER TABLE audit_entry DISABLE TRIGGER USER`);
  await makeChain(db, id);
  await db.query(`ALTER TABLE audit_entry ENABLE TRIGGER USER`);
  await db.query('VACUUM ANALYZE audit_entry');
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 50);
  const from = performance.now();
  const report = await verifyDatabase(db.source, { organisation: id });
  const seconds = (performance.now() - from) / 1000;
  clearInterval(watch);
  await db.close();
  if (!report.ok || report.entries !== ENTRIES) throw new Error(JSON.stringify(report).slice(0, 2000));
  const grown = (most - before) / 2 ** 20;
  const ratio = seconds / SECONDS / (ENTRIES / 1_000_000);
  return {
    name: `verifying ${ENTRIES.toLocaleString('en')} entries`,
    subject: `${seconds.toFixed(1)} s, grew by ${grown.toFixed(0)} MB`,
    reference: `${SECONDS} s a million, ${GROWTH_MB} MB`,
    ratio: { median: ratio, min: ratio, max: ratio, rounds: 1 },
    aim: '≤ 1×',
    met: ratio <= 1 && grown <= GROWTH_MB,
  };
}

/** Writes the entries as the triggers would, linked here: a million commits take too long. */
async function makeChain(db, id) {
  let prev = '';
  for (let from = 0; from < ENTRIES; from += 10_000) {
    const rows = Array.from({ length: 10_000 }, (_, n) => {
      const seq = from + n + 1;
      const at = `${new Date(1_577_836_800_000 + seq * 60_000).toISOString().slice(0, -1)}000Z`;
      const rows = [
        { id: randomUUID(), before: { name: `Name ${seq}` }, after: { name: `Name ${seq + 1}` } },
      ];
      const body = JSON.stringify({
        v: 1,
        at,
        actor: 'worker',
        request: randomUUID(),
        from: '192.0.2.0/24',
        subject: 'site',
        action: 'update',
        rows,
      });
      const hash = createHash('sha256').update(prev, 'hex').update(`${id} ${seq} ${body}`).digest('hex');
      const entry = { seq, at, body, prev, hash };
      prev = hash;
      return entry;
    });
    await db.query(
      `INSERT INTO audit_entry (organisation_id, seq, at, actor, subject, action, body, prev, hash)
       SELECT $1, seq, at, 'worker', 'site', 'update', body, decode(prev, 'hex'), decode(hash, 'hex')
         FROM jsonb_to_recordset($2) AS x(seq bigint, at timestamptz, body text, prev text, hash text)`,
      [id, JSON.stringify(rows)],
    );
  }
  await db.query(`INSERT INTO audit_head (organisation_id, seq, hash) VALUES ($1, $2, decode($3, 'hex'))`, [
    id,
    ENTRIES,
    prev,
  ]);
}
