import { Database, openDataSource } from '../../libs/persistence/src/index.js';
import { createHash, randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase('audit-test');
});
afterAll(() => database.drop());
test('x', async () => {
  const owner = await openDataSource(database.url, { poolSize: 2 });
  const api = await openDataSource(database.url, { poolSize: 2, role: 'uplift_api' });
  const db = new Database(api);
  const [org, site] = [randomUUID(), randomUUID()];
  await db.as({ userId: 'u1', requestId: 'r1', address: '1.2.3.4' }, async (tx) => {
    await tx.query(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'O''Hara', 'supplier', 'EG')`,
      [org],
    );
    await tx.query(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, 'u1', $2, 'owner')`,
      [randomUUID(), org],
    );
    await tx.query(`INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'S', 'EG')`, [
      site,
      org,
    ]);
  });
  await db.as({ userId: 'u1' }, (tx) => tx.query(`UPDATE site SET name = 'T' WHERE id = $1`, [site]));
  await db.as({ userId: 'u2' }, (tx) => tx.query(`UPDATE site SET name = 'X' WHERE id = $1`, [site]));
  const rows = await owner.query(`SELECT *, body::jsonb AS parsed FROM audit_entry ORDER BY seq`);
  let prev = Buffer.alloc(0);
  for (const r of rows) {
    const h = createHash('sha256').update(prev).update(`${r.organisation_id} ${r.seq} ${r.body}`).digest();
    expect(h.equals(r.hash)).toBe(true);
    prev = r.hash;
  }
  expect(await db.as({ userId: 'u1' }, (tx) => tx.query(`SELECT count(*)::int AS n FROM site`))).toEqual([
    { n: 1 },
  ]);
  expect(await db.as({ userId: 'u2' }, (tx) => tx.query(`SELECT count(*)::int AS n FROM site`))).toEqual([
    { n: 0 },
  ]);
  expect(
    await db.as({ userId: 'u1', organisationId: randomUUID() }, (tx) =>
      tx.query(`SELECT count(*)::int AS n FROM site`),
    ),
  ).toEqual([{ n: 0 }]);
  await expect(db.as({ userId: 'u1' }, (tx) => tx.query(`DELETE FROM audit_entry`))).rejects.toThrow();
  await expect(owner.query(`DELETE FROM audit_entry`)).rejects.toThrow();
  await owner.destroy();
  await api.destroy();
});
