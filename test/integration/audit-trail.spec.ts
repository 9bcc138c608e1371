import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, openDataSource } from '#persistence';
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { DataSource } from 'typeorm';
import { CheckpointFolder, verifyDatabase } from '#application';
import { type AuditReport, loadAuditKeys, readCheckpoint, signCheckpoint, verifyFile } from '#platform';
import { AUDIT_SUBJECTS, INSTALLATION_SUBJECTS } from '#domain';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/* eslint-disable @typescript-eslint/no-explicit-any */

const CLI = resolve(import.meta.dirname, '../../dist/apps/cli/src/main.js');
let database: TestDatabase;
let owner: DataSource;
let api: DataSource;
let db: Database;
let dataDir: string;

beforeAll(async () => {
  database = await createTestDatabase('audit-test');
  dataDir = mkdtempSync(join(tmpdir(), 'uplift-audit-'));
  owner = await openDataSource(database.url, { poolSize: 2 });
  api = await openDataSource(database.url, { poolSize: 4, role: 'uplift_api' });
  db = new Database(api);
});
afterAll(async () => {
  await owner?.destroy();
  await api?.destroy();
  await database?.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** An organisation with an owner and a site whose name changed `changes` times. */
async function organisation(user: string, changes = 6): Promise<{ id: string; site: string }> {
  const [id, site] = [randomUUID(), randomUUID()];
  await db.as({ userId: user, requestId: 'r1', address: '192.0.2.44' }, async (tx) => {
    await tx.query(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'O''Hara', 'supplier', 'EG')`,
      [id],
    );
    await tx.query(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'owner')`,
      [randomUUID(), user, id],
    );
    await tx.query(`INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'S', 'EG')`, [
      site,
      id,
    ]);
  });
  for (let n = 1; n <= changes; n += 1)
    await db.as({ userId: user }, (tx) =>
      tx.query(`UPDATE site SET name = $2 WHERE id = $1`, [site, `Name ${n}`]),
    );
  return { id, site };
}

/** What an attacker who owns the database can do: the triggers are off. */
async function tamper(
  work: (run: (sql: string, values?: unknown[]) => Promise<any>) => Promise<void>,
): Promise<void> {
  await owner.transaction(async (tx) => {
    await tx.query(`ALTER TABLE audit_entry DISABLE TRIGGER USER`);
    await work((sql, values) => tx.query(sql, values));
    await tx.query(`SET CONSTRAINTS ALL IMMEDIATE`);
    await tx.query(`ALTER TABLE audit_entry ENABLE TRIGGER USER`);
  });
}

const found = (report: AuditReport) => report.faults.map(({ fault, seq }) => `${fault} ${seq}`);
const verify = async (id: string) => found(await verifyDatabase(owner, { organisation: id }));

function cli(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((done) =>
    execFile(
      process.execPath,
      [CLI, ...args],
      {
        env: { ...process.env, DATABASE_URL: database.url, UPLIFT_DATA_DIR: dataDir, ...env },
        maxBuffer: 64 << 20,
      },
      (error, out, err) => done({ code: error ? Number(error.code) : 0, out, err }),
    ),
  );
}

describe('the trail', () => {
  it('says who, when, from where, before and after, once a statement', async () => {
    const { id, site } = await organisation('u-who', 1);
    const rows = await owner.query(
      `SELECT body::jsonb AS body FROM audit_entry WHERE organisation_id = $1 ORDER BY seq`,
      [id],
    );
    expect(rows.map(({ body }: any) => `${body.subject} ${body.action}`)).toEqual([
      'organisation insert',
      'membership insert',
      'site insert',
      'site update',
    ]);
    // Of the address only the network: a whole one is a person's.
    expect(rows[0].body).toMatchObject({ v: 1, actor: 'u-who', request: 'r1', from: '192.0.2.0/24' });
    expect(rows[3].body.rows).toEqual([{ id: site, before: { name: 'S' }, after: { name: 'Name 1' } }]);
    expect(rows[3].body.from).toBeNull();
  });

  it('says by what a person acted, and leaves entries that have nothing to say there as they were', async () => {
    const { id, site } = await organisation('u-by', 0);
    for (const by of ['token:7', undefined])
      await db.as({ userId: 'u-by', ...(by && { by }) }, async (tx) => {
        await tx.query(`UPDATE site SET city = city || 'x' WHERE id = $1`, [site]);
        // Somebody else within the same transaction doesn't act by it.
        await db.as({ userId: 'u-by', by: 'invitation:8' }, () =>
          tx.query(`UPDATE site SET city = city || 'y'`),
        );
        await tx.query(`UPDATE site SET city = city || 'z' WHERE id = $1`, [site]);
      });
    const rows = await owner.query(
      `SELECT body::jsonb AS body FROM audit_entry WHERE organisation_id = $1 ORDER BY seq OFFSET 3`,
      [id],
    );
    const said = ['token:7', 'invitation:8', 'token:7', undefined, 'invitation:8', undefined];
    expect(rows.map(({ body }: any) => body.by)).toEqual(said);
    expect(rows.map(({ body }: any) => 'by' in body)).toEqual(said.map((by) => by !== undefined));
    expect(await verify(id)).toEqual([]);
  });

  it('writes nothing for what changed nothing or was rolled back', async () => {
    const { id, site } = await organisation('u-nothing', 0);
    const before = await owner.query(`SELECT seq FROM audit_head WHERE organisation_id = $1`, [id]);
    await db.as({ userId: 'u-nothing' }, (tx) =>
      tx.query(`UPDATE site SET name = 'S' WHERE id = $1`, [site]),
    );
    await expect(
      db.as({ userId: 'u-nothing' }, async (tx) => {
        await tx.query(`UPDATE site SET name = 'gone' WHERE id = $1`, [site]);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(await owner.query(`SELECT seq FROM audit_head WHERE organisation_id = $1`, [id])).toEqual(before);
  });

  it('keeps no personal value, only that there was one', async () => {
    const { id } = await organisation('u-personal', 0);
    await owner.query(
      `INSERT INTO assessor (id, organisation_id, name, email, part, country, lat, lon, competences, languages, working_days)
       VALUES ('p-1', $1, 'Amal Secret', 'amal.secret@example.org', 'assessor', 'EG', 30, 31, '{}', '{}', '{1}')`,
      [id],
    );
    await owner.query(`UPDATE assessor SET email = 'amal.other@example.org' WHERE id = 'p-1'`);
    await owner.query(
      `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, 'p-1', '2026-01-01', '2026-01-02', 'Surgery')`,
      [randomUUID()],
    );
    const rows = await owner.query(`SELECT body FROM audit_entry WHERE organisation_id = $1`, [id]);
    const text = rows.map(({ body }: any) => body).join('\n');
    expect(text).not.toMatch(/secret|amal|surgery/i);
    expect(JSON.parse(rows.at(-2).body).rows[0]).toEqual({
      id: 'p-1',
      before: { email: { personal: true } },
      after: { email: { personal: true } },
    });
  });

  it('counts and digests what a statement did to very many rows', async () => {
    const { id } = await organisation('u-very-many', 0);
    const insert = (n: number) =>
      owner.query(
        `INSERT INTO site (id, organisation_id, name, country) SELECT gen_random_uuid(), $1, 'Site ' || n, 'EG' FROM generate_series(1, $2) n`,
        [id, n],
      );
    await insert(1000);
    await insert(1001);
    const ids: string[] = (
      await owner.query(
        `SELECT id FROM site WHERE organisation_id = $1 AND name <> 'S' ORDER BY id LIMIT 1001`,
        [id],
      )
    ).map((row: { id: string }) => row.id);
    await owner.query(`UPDATE site SET city = 'Giza' WHERE id = ANY ($1)`, [ids]);
    const bodies = (
      await owner.query(
        `SELECT body::jsonb -> 'rows' AS rows FROM audit_entry WHERE organisation_id = $1 ORDER BY seq OFFSET 3`,
        [id],
      )
    ).map((row: { rows: unknown }) => row.rows);
    expect(bodies.map((rows: any) => rows.length ?? rows.count)).toEqual([1000, 1001, 1001]);
    const texts = (
      await owner.query(
        `SELECT jsonb_build_object('id', x.id, 'before', '{"city": ""}'::jsonb, 'after', '{"city": "Giza"}'::jsonb)::text AS text
           FROM unnest($1::text[]) AS x(id) ORDER BY x.id COLLATE "C"`,
        [ids],
      )
    ).map((row: { text: string }) => row.text);
    const digest = createHash('sha256');
    for (const text of texts) digest.update(createHash('sha256').update(text).digest());
    expect(bodies[2]).toEqual({ count: 1001, digest: digest.digest('hex') });
    expect(await verify(id)).toEqual([]);
  });

  it('can be changed by nobody', async () => {
    const { id } = await organisation('u-nobody', 0);
    for (const sql of [
      `DELETE FROM audit_entry`,
      `UPDATE audit_entry SET body = ''`,
      `INSERT INTO audit_entry (organisation_id, at, actor, subject, action, body) VALUES ('${id}', now(), 'x', 'x', 'x', '{}')`,
      `UPDATE audit_head SET seq = 1`,
      `SELECT audit_forget('${id}', now())`,
      `SELECT forget_due_audit('${id}')`,
    ])
      await expect(db.as({ userId: 'u-nobody' }, (tx) => tx.query(sql))).rejects.toThrow(/permission denied/);
    for (const sql of [`DELETE FROM audit_entry`, `UPDATE audit_entry SET body = ''`, `TRUNCATE audit_entry`])
      await expect(owner.query(sql)).rejects.toThrow('append-only');
  });

  it('stays one chain when many write at once', async () => {
    const { id, site } = await organisation('u-many', 0);
    await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        db.as({ userId: 'u-many' }, (tx) =>
          tx.query(`UPDATE site SET city = $2 WHERE id = $1`, [site, `C${n}`]),
        ),
      ),
    );
    const report = await verifyDatabase(owner, { organisation: id });
    expect(report).toMatchObject({ ok: true, entries: 33 });
  });
});

describe('verification finds', () => {
  it.each<
    [
      string,
      string[],
      (run: (sql: string, values?: unknown[]) => Promise<any>, id: string) => Promise<unknown>,
    ]
  >([
    ['nothing in a chain that is whole', [], async () => undefined],
    [
      'an altered entry',
      ['altered 4'],
      (run, id) =>
        run(
          `UPDATE audit_entry SET body = replace(body, 'Name 1', 'Name 9') WHERE organisation_id = $1 AND seq = 4`,
          [id],
        ),
    ],
    [
      'an altered column',
      ['columns-differ 5'],
      (run, id) =>
        run(`UPDATE audit_entry SET actor = 'somebody else' WHERE organisation_id = $1 AND seq = 5`, [id]),
    ],
    [
      'a removed entry',
      ['removed 5'],
      (run, id) => run(`DELETE FROM audit_entry WHERE organisation_id = $1 AND seq = 5`, [id]),
    ],
    [
      'two swapped entries',
      ['reordered 5', 'reordered 6', 'rewritten 7'],
      async (run, id) => {
        await run(`UPDATE audit_entry SET seq = -5 WHERE organisation_id = $1 AND seq = 5`, [id]);
        await run(`UPDATE audit_entry SET seq = 5 WHERE organisation_id = $1 AND seq = 6`, [id]);
        await run(`UPDATE audit_entry SET seq = 6 WHERE organisation_id = $1 AND seq = -5`, [id]);
      },
    ],
    [
      'two swapped bodies',
      ['altered 5', 'altered 6'],
      (run, id) =>
        run(
          `UPDATE audit_entry e SET body = o.body, at = o.at FROM audit_entry o WHERE e.organisation_id = $1 AND o.organisation_id = $1 AND e.seq IN (5, 6) AND o.seq = 11 - e.seq`,
          [id],
        ),
    ],
    [
      'an inserted entry',
      ['inserted 10'],
      (run, id) =>
        run(
          `INSERT INTO audit_entry (organisation_id, at, actor, subject, action, body) SELECT organisation_id, at, actor, subject, action, body FROM audit_entry WHERE organisation_id = $1 AND seq = 1`,
          [id],
        ),
    ],
    [
      'a tail cut off',
      ['truncated 8'],
      (run, id) => run(`DELETE FROM audit_entry WHERE organisation_id = $1 AND seq > 7`, [id]),
    ],
    [
      'a head that is gone',
      ['inserted 1'],
      (run, id) => run(`DELETE FROM audit_head WHERE organisation_id = $1`, [id]),
    ],
    [
      'a whole chain that is gone, with its head',
      ['truncated 1'],
      async (run, id) => {
        await run(`DELETE FROM audit_entry WHERE organisation_id = $1`, [id]);
        await run(`DELETE FROM audit_head WHERE organisation_id = $1`, [id]);
      },
    ],
    [
      'a beginning cut off as if by the retention',
      ['beginning-removed 4'],
      async (run, id) => {
        await run(
          `UPDATE audit_head h SET base_seq = 3, base_hash = e.hash FROM audit_entry e WHERE h.organisation_id = $1 AND e.organisation_id = $1 AND e.seq = 3`,
          [id],
        );
        await run(`DELETE FROM audit_entry WHERE organisation_id = $1 AND seq <= 3`, [id]);
      },
    ],
  ])('%s', async (_what, expected, change) => {
    const { id } = await organisation(`u-${randomUUID()}`);
    await tamper(async (run) => void (await change(run, id)));
    expect(await verify(id)).toEqual(expected);
  });
});

describe('what the retention lets go', () => {
  it('leaves a chain that verifies from there on, and says so itself', async () => {
    const { id } = await organisation('u-old');
    await tamper(async (run) => {
      // Four entries of eight years ago, linked as they would have been.
      const rows = await run(
        `SELECT entry, seq::int AS seq, body::jsonb AS body FROM audit_entry WHERE organisation_id = $1 ORDER BY seq`,
        [id],
      );
      let prev = Buffer.alloc(0);
      for (const { entry, seq, body } of rows) {
        if (seq <= 4) body.at = '2018-03-01T00:00:00.000000Z';
        const text = JSON.stringify(body);
        const hash = createHash('sha256').update(prev).update(`${id} ${seq} ${text}`).digest();
        await run(
          `UPDATE audit_entry SET body = $2::text, at = ($2::jsonb ->> 'at')::timestamptz, prev = $3, hash = $4 WHERE entry = $1`,
          [entry, text, prev, hash],
        );
        prev = hash;
      }
      await run(`UPDATE audit_head SET hash = $2 WHERE organisation_id = $1`, [id, prev]);
    });
    expect(await verify(id)).toEqual([]);
    const worker = await openDataSource(database.url, { poolSize: 1, role: 'uplift_worker' });
    try {
      expect(await worker.query(`SELECT forget_due_audit($1)::int AS gone`, [id])).toEqual([{ gone: 4 }]);
      expect(await worker.query(`SELECT forget_due_audit($1)::int AS gone`, [id])).toEqual([{ gone: 0 }]);
      await expect(worker.query(`SELECT audit_forget($1, now())`, [id])).rejects.toThrow('permission denied');
    } finally {
      await worker.destroy();
    }
    const report = await verifyDatabase(owner, { organisation: id });
    expect(report).toMatchObject({ ok: true, entries: 6, chains: [{ first: 5, last: 10 }] });
    await organisation('u-other', 0);
    expect(await verify(id)).toEqual([]);
  });
});

describe('checkpoints', () => {
  it('kept outside the database find a chain that was made anew, and no new one hides it', async () => {
    const { id, site } = await organisation('u-checkpoint');
    const keys = await loadAuditKeys(dataDir);
    const folder = new CheckpointFolder(dataDir, keys);
    const all = new Database(owner);
    expect((await folder.makeAll(all)).made).toBeGreaterThan(0);
    const options = { organisation: id, checkpointsOf: (each: string) => folder.of(each) };
    expect((await verifyDatabase(owner, options)).chains).toMatchObject([{ checkpoint: 9 }]);
    await tamper(async (run) => {
      const rows = await run(
        `SELECT entry, seq::int AS seq, body FROM audit_entry WHERE organisation_id = $1 ORDER BY seq`,
        [id],
      );
      let prev = Buffer.alloc(0);
      for (const { entry, seq, body } of rows) {
        const text = body.replace('Name 2', 'Name Z');
        const hash = createHash('sha256').update(prev).update(`${id} ${seq} ${text}`).digest();
        await run(`UPDATE audit_entry SET body = $2, prev = $3, hash = $4 WHERE entry = $1`, [
          entry,
          text,
          prev,
          hash,
        ]);
        prev = hash;
      }
      await run(`UPDATE audit_head SET hash = $2 WHERE organisation_id = $1`, [id, prev]);
    });
    expect(await verify(id)).toEqual([]);
    expect(found(await verifyDatabase(owner, options))).toEqual(['rewritten 9']);
    await db.as({ userId: 'u-checkpoint' }, (tx) =>
      tx.query(`UPDATE site SET name = 'later' WHERE id = $1`, [site]),
    );
    const { faults } = await folder.makeAll(all);
    expect(faults.filter((fault) => fault.organisation === id)).toMatchObject([
      { organisation: id, seq: 9, fault: 'rewritten' },
    ]);
    expect(await folder.of(id)).toHaveLength(1);
    await tamper(async (run) => {
      await run(`DELETE FROM audit_entry WHERE organisation_id = $1`, [id]);
      await run(`DELETE FROM audit_head WHERE organisation_id = $1`, [id]);
    });
    expect(
      found(await verifyDatabase(owner, { ...options, expected: await folder.organisations() })),
    ).toEqual(['truncated 1']);
    rmSync(join(dataDir, 'checkpoints', id), { recursive: true });
  });
});

describe('uplift audit', () => {
  it('exports a trail that verifies without the database, and shows what is wrong with another', async () => {
    const { id } = await organisation('u-export');
    const [trail, checkpoint] = [join(dataDir, 'trail.jsonl'), join(dataDir, 'seen', 'checkpoint.json')];
    mkdirSync(join(dataDir, 'seen'));
    const exported = await cli(['audit', 'export', '--organisation', id, '--checkpoint', checkpoint]);
    expect(exported).toMatchObject({ code: 0, err: '' });
    writeFileSync(trail, exported.out);
    const alone = mkdtempSync(join(tmpdir(), 'uplift-alone-'));
    const nowhere = {
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
      UPLIFT_DATA_DIR: join(alone, 'none'),
    };
    const seen = await readCheckpoint(
      readFileSync(checkpoint, 'utf8'),
      checkpoint,
      (await loadAuditKeys(dataDir)).published,
    );
    const check = async (lines: string[]) => found(await verifyFile(Readable.from(lines), [seen]));
    copyFileSync(checkpoint, join(alone, 'checkpoint.json'));
    const lines = exported.out.split(/(?<=\n)/);
    expect(lines).toHaveLength(9);
    expect(
      await cli(
        ['audit', 'verify', '--file', trail, '--checkpoint', join(alone, 'checkpoint.json')],
        nowhere,
      ),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('checkpoint-keys-missing'),
    });
    // What is published at /.well-known/uplift-audit-keys.json: no private half.
    const { published } = await loadAuditKeys(dataDir);
    expect(Object.keys(published.keys[0]!).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const other = mkdtempSync(join(tmpdir(), 'uplift-other-'));
    writeFileSync(join(alone, 'audit-keys.json'), JSON.stringify(published));
    expect(await check(lines)).toEqual([]);
    expect(await check(lines.with(3, lines[3]!.replace('Name 1', 'Name 7')))).toEqual(['altered 4']);
    expect(await check(lines.toSpliced(4, 1))).toEqual(['removed 5']);
    expect(await check(lines.with(4, lines[5]!).with(5, lines[4]!))).toEqual(['removed 5', 'reordered 5']);
    expect(await check(lines.slice(0, 7))).toEqual(['truncated 8']);
    expect(await check([])).toEqual(['truncated 1']);
    expect(await check(lines.with(3, 'not json\n'))).toEqual(['altered 0', 'removed 4']);
    let prev = '';
    const anew = lines.map((line) => {
      const entry = JSON.parse(line);
      const body = entry.body.replace('Name 2', 'Name Z');
      const hash = createHash('sha256')
        .update(prev, 'hex')
        .update(`${id} ${entry.seq} ${body}`)
        .digest('hex');
      const made = JSON.stringify({ ...entry, prev, hash, body });
      prev = hash;
      return `${made}\n`;
    });
    expect(await check(anew)).toEqual(['rewritten 9']);
    // Alone with the file, the checkpoint and the published keys.
    writeFileSync(join(alone, 'cut.jsonl'), lines.slice(0, 7).join(''));
    const alike = ['--checkpoint', join(alone, 'checkpoint.json'), '--json'];
    const whole = await cli(['audit', 'verify', '--file', trail, ...alike], nowhere);
    expect([whole.code, JSON.parse(whole.out)]).toEqual([
      0,
      expect.objectContaining({ ok: true, entries: 9 }),
    ]);
    const cut = await cli(['audit', 'verify', '--file', join(alone, 'cut.jsonl'), ...alike], nowhere);
    expect([cut.code, found(JSON.parse(cut.out))]).toEqual([1, ['truncated 8']]);
    // A checkpoint that was changed, or signed by somebody else, is none.
    const signed = JSON.parse(readFileSync(checkpoint, 'utf8'));
    for (const wrong of [{ ...signed, hash: prev }, await signCheckpoint(await loadAuditKeys(other), seen)])
      await expect(readCheckpoint(JSON.stringify(wrong), 'x', published)).rejects.toMatchObject({
        code: 'checkpoint-signature-wrong',
      });
    // The recipe of docs/audit-trail.md, in another language.
    const recipe = /```python\n([\s\S]*?)```/.exec(
      readFileSync(resolve(import.meta.dirname, '../../docs/audit-trail.md'), 'utf8'),
    )![1]!;
    const python = (file: string) =>
      new Promise((done) =>
        execFile('python3', ['-c', recipe, file], (error, out) =>
          done([error ? Number(error.code) : 0, out.trim()]),
        ),
      );
    expect(await python(trail)).toEqual([
      0,
      `9 entries, ${id}: unbroken, ends with ${signed.seq} ${signed.hash}`,
    ]);
    writeFileSync(trail, lines.toSpliced(4, 1).join(''));
    expect(await python(trail)).toEqual([1, 'entry 6 does not follow entry 4']);
    for (const folder of [alone, other]) rmSync(folder, { recursive: true });
  }, 240_000);

  it('ends with 1 when the database was tampered with, and says where', async () => {
    const { id } = await organisation('u-cli');
    expect(await cli(['audit', 'verify', '--organisation', id])).toMatchObject({
      code: 0,
      out: '9 entries of 1 organisations: unbroken; 0 agree with a checkpoint.\n',
    });
    await tamper(async (run) => run(`DELETE FROM audit_entry WHERE organisation_id = $1 AND seq = 5`, [id]));
    const { code, out } = await cli(['audit', 'verify', '--organisation', id]);
    expect(code).toBe(1);
    expect(out).toContain(`removed  ${id}  from entry 5: Entry 5 is missing.`);
  }, 240_000);
});

describe('the subjects that people search by', () => {
  it('are all that an organisation’s trail follows', async () => {
    const followed = await owner.query(
      `SELECT DISTINCT c.relname AS name FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE t.tgname = 'audit_insert'`,
    );
    // Content belongs to the installation and is in its own trail.
    expect([...AUDIT_SUBJECTS, ...INSTALLATION_SUBJECTS].sort()).toEqual(
      followed.map(({ name }: { name: string }) => name).sort(),
    );
  });
});
