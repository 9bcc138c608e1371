import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, openDataSource, type ActingAs } from '../../libs/persistence/src/index.js';
import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/* Raw SQL as the role of the API: what each party reads of a site when the code in between is left out altogether. */

let database: TestDatabase;
let owner: DataSource;
let api: DataSource;
let workerSource: DataSource;
let db: Database;
let worker: Database;
type Row = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const [supplier, rival, buyer, other, agency, donor, site, rivalSite] = Array.from({ length: 8 }, randomUUID);
const [programme, cohort, closed, open, version, profile, rule] = Array.from({ length: 7 }, randomUUID);
const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
const score = {
  status: 'scored',
  points: 80,
  passed: true,
  counts: { total: 1 },
  sections: [{ section: 'A', points: 80 }],
  classes: [],
  penalties: [],
  gates: [{ holds: false, requirements: ['A-1'] }],
  items: [{ requirement: 'A-1' }],
};

const read = (actor: ActingAs, text: string, values: unknown[] = []): Promise<Row[]> =>
  db.as(actor, (tx) => tx.query(text, values));
const count = async (actor: ActingAs, table: string): Promise<number> =>
  (await read(actor, `SELECT count(*)::int AS n FROM ${table}`))[0]!['n'];

beforeAll(async () => {
  database = await createTestDatabase('consent-rls-test');
  owner = await openDataSource(database.url, { poolSize: 2 });
  api = await openDataSource(database.url, { poolSize: 3, role: 'uplift_api' });
  workerSource = await openDataSource(database.url, { poolSize: 2, role: 'uplift_worker' });
  db = new Database(api);
  worker = new Database(workerSource);
  const put = (text: string, values: unknown[] = []) => owner.query(text, values);
  for (const [id, name, kind] of [
    [supplier, 'Supplier', 'supplier'],
    [rival, 'Rival', 'supplier'],
    [buyer, 'Buyer 100%', 'buyer'],
    [other, 'Other buyer', 'buyer'],
    [agency, 'Agency', 'development-agency'],
    [donor, 'Donor', 'donor'],
  ])
    await put(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, $2, $3, 'EG')`, [
      id,
      name,
      kind,
    ]);
  for (const [user, organisation, role] of [
    ['u-supplier', supplier, 'owner'],
    ['u-viewer', supplier, 'viewer'],
    ['u-rival', rival, 'owner'],
    ['u-buyer', buyer, 'qa-manager'],
    ['u-other', other, 'owner'],
    ['u-agency', agency, 'owner'],
    ['u-donor', donor, 'owner'],
  ])
    await put(`INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, $4)`, [
      randomUUID(),
      user,
      organisation,
      role,
    ]);
  await put(
    `INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'Plant', 'EG'), ($3, $4, 'Rival plant', 'EG')`,
    [site, supplier, rivalSite, rival],
  );
  await put(`INSERT INTO programme (id, code, name) VALUES ($1, 'p', 'Programme')`, [programme]);
  await put(`INSERT INTO cohort (id, programme_id, name, starts_on) VALUES ($1, $2, 'One', '2026-01-01')`, [
    cohort,
    programme,
  ]);
  for (const [organisation, part] of [
    [agency, 'agency'],
    [donor, 'donor'],
  ])
    await put(
      `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, $4)`,
      [randomUUID(), programme, organisation, part],
    );
  await put(`INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on) VALUES ($1, $2, $3, '2026-01-02')`, [
    randomUUID(),
    cohort,
    site,
  ]);
  await put(`INSERT INTO cohort_aggregate (cohort_id, body, updated_at) VALUES ($1, '{}', now())`, [cohort]);
  await put(
    `INSERT INTO checklist_version (id, checklist, version, title, content_hash, body, published_at)
     VALUES ($1, 'c', '1', 'C', repeat('0', 64), '{"requirements": [{"code": "R-1"}, {"code": "R-2"}]}', now())`,
    [version],
  );
  await put(
    `INSERT INTO scoring_profile (id, profile, version, title, content_hash, body, published_at) VALUES ($1, 'p', '1', 'P', repeat('0', 64), '{}', now())`,
    [profile],
  );
  for (const [id, state] of [
    [closed, 'closed'],
    [open, 'in-progress'],
  ]) {
    await put(
      `INSERT INTO assessment (id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on)
       VALUES ($1, $2, $3, $4, 'basic', 'verification', $5, '2026-02-01')`,
      [id, site, version, profile, state],
    );
    await put(
      `INSERT INTO response (assessment_id, requirement, answer, answered_by, answered_at) VALUES ($1, 'A-1', 'no', 'x', now())`,
      [id],
    );
    // No assessment has both in earnest: so that both are asked for.
    await put(
      `INSERT INTO assessment_record (assessment_id, body) VALUES ($1, '{"by": "import", "listed": "no", "notListed": "yes", "cited": {"R-1": null}}')`,
      [id],
    );
    await put(
      `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at) VALUES ($1, 1, 80000000, true, $2, $2, now())`,
      [id, JSON.stringify(score)],
    );
    await put(
      `INSERT INTO finding (id, assessment_id, requirement, section, grade, conformity) VALUES ($1, $2, 'A-1', 'A', 'minor', 'nonconforming')`,
      [randomUUID(), id],
    );
  }
  await put(
    `INSERT INTO certificate (id, number, site_id, assessment_id, state, proposed_by, issued_on, valid_until, facts)
     VALUES ($1, 'N-1', $2, $3, 'valid', 'x', '2026-02-02', '2027-02-02', '{}')`,
    [randomUUID(), site, closed],
  );
  await put(
    `INSERT INTO buyer_rule_row (id, buyer_id, rule, version, body) VALUES ($1, $2, 'r', '1', '{}')`,
    [rule, buyer],
  );
  await put(
    `INSERT INTO readiness (id, site_id, buyer_rule_id, category, status, body, evaluated_at) VALUES ($1, $2, $3, 'dairy', 'not-ready', $4, now())`,
    [
      randomUUID(),
      site,
      rule,
      JSON.stringify({
        conditions: [{ code: 'points', requirements: ['A-1'] }],
        cheapestPath: { items: ['A-1'] },
        missing: 1,
      }),
    ],
  );
});
afterAll(async () => {
  await Promise.all([owner, api, workerSource].map((source) => source?.destroy()));
  await database?.drop();
});

/** Grants as the supplier does, by raw SQL. */
async function grant(
  scopes: string[],
  to: { grantee?: string; until?: string; as?: string; sites?: string[]; by?: string } = {},
): Promise<string> {
  const id = randomUUID();
  await db.as({ userId: to.as ?? 'u-supplier' }, async (tx) => {
    await tx.query(
      `INSERT INTO consent_grant (id, supplier_id, grantee_id, recipient_name, recipient_email, scopes, purpose, until, created_by)
       VALUES ($1, $2, $3, $4, $5, $6, 'Supply', $7, 'u-supplier')`,
      [
        id,
        to.by ?? supplier,
        to.grantee ?? null,
        to.grantee ? null : 'Ann',
        to.grantee ? null : 'ann@example.org',
        scopes,
        to.until ?? until,
      ],
    );
    for (const each of to.sites ?? [site])
      await tx.query(`INSERT INTO consent_grant_site (grant_id, site_id) VALUES ($1, $2)`, [id, each]);
  });
  return id;
}
const revoke = (id: string) =>
  db.as({ userId: 'u-supplier' }, (tx) =>
    tx.query(
      `UPDATE consent_grant SET state = 'revoked', revoked_by = 'u-supplier', revoked_at = now() WHERE id = $1`,
      [id],
    ),
  );

const TABLES = [
  'site',
  'certificate',
  'assessment',
  'assessment_score',
  'assessment_explanation',
  'response',
  'assessment_record',
  'full_response',
  'finding',
  'readiness',
  'readiness_explanation',
] as const;
/** Rows of each table in the order of {@link TABLES}. */
const seen = async (actor: ActingAs): Promise<number[]> => {
  const all: number[] = [];
  for (const table of TABLES) all.push(await count(actor, table));
  return all;
};
const NOTHING = TABLES.map(() => 0);
// certificate: only the site and its certificate. Open assessments are in nobody's grant.
const BY_SCOPE: [string[], number[]][] = [
  [['certificate'], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  [['score'], [1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0]],
  [
    ['score', 'section-scores'],
    [1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0],
  ],
  [
    ['score', 'section-scores', 'answers'],
    [1, 0, 1, 1, 2, 1, 1, 3, 1, 1, 1],
  ],
  [['corrective-actions'], [1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]],
];

describe('a grant to an organisation', () => {
  it.each(BY_SCOPE)('%j shows exactly that', async (scopes, rows) => {
    expect(await seen({ userId: 'u-buyer' })).toEqual(NOTHING);
    const id = await grant(scopes, { grantee: buyer });
    expect(await seen({ userId: 'u-buyer' })).toEqual(rows);
    expect(await seen({ userId: 'u-other' })).toEqual(NOTHING);
    expect(await seen({})).toEqual(NOTHING);
    await revoke(id);
    expect(await seen({ userId: 'u-buyer' })).toEqual(NOTHING);
  });

  it('is read by its two sides only, and changed by the supplier only', async () => {
    const id = await grant(['score'], { grantee: buyer });
    const secret = await grant(['answers', 'section-scores', 'score'], { grantee: other });
    const ids = async (actor: ActingAs) =>
      (await read(actor, `SELECT id FROM consent_grant WHERE id = ANY ($1)`, [[id, secret]])).map(
        (row) => row['id'],
      );
    expect(await ids({ userId: 'u-buyer' })).toEqual([id]);
    expect((await ids({ userId: 'u-supplier' })).sort()).toEqual([id, secret].sort());
    for (const nobody of [{ userId: 'u-rival' }, { userId: 'u-agency' }, {}, { grantId: randomUUID() }])
      expect(await ids(nobody)).toEqual([]);
    for (const userId of ['u-buyer', 'u-viewer', 'u-rival'])
      expect(
        await db.as({ userId }, (tx) =>
          tx.query(
            `UPDATE consent_grant SET scopes = '{certificate,score,answers}' WHERE id = $1 RETURNING id`,
            [id],
          ),
        ),
      ).toEqual([[], 0]);
    await expect(
      db.as({ userId: 'u-supplier' }, (tx) =>
        tx.query(`UPDATE consent_grant SET grantee_id = $2 WHERE id = $1`, [id, other]),
      ),
    ).rejects.toThrow(/permission denied/);
    await revoke(id);
    await expect(
      db.as({ userId: 'u-supplier' }, (tx) =>
        tx.query(`UPDATE consent_grant SET state = 'active' WHERE id = $1`, [id]),
      ),
    ).rejects.toThrow(/never comes back/);
    await revoke(secret);
  });

  it('cannot be given for others: not by a viewer, not for a foreign site, not by somebody else', async () => {
    for (const attempt of [
      () => grant(['score'], { grantee: buyer, as: 'u-viewer' }),
      () => grant(['score'], { grantee: buyer, as: 'u-buyer' }),
      () => grant(['score'], { grantee: buyer, sites: [rivalSite!] }),
      () => grant(['score'], { grantee: rival }), // not listed
      () => grant(['record'], { grantee: buyer }),
      () => grant(['score'], { grantee: buyer, until: '2099-01-01' }),
    ])
      await expect(attempt()).rejects.toThrow(/row-level security|check constraint/);
    expect(await seen({ userId: 'u-buyer' })).toEqual(NOTHING);
  });

  it('is not put back by somebody who changes another way to the site at the same time', async () => {
    const id = await grant(['score'], { grantee: buyer });
    let enrolling!: Promise<unknown>;
    await owner.transaction(async (tx) => {
      await tx.query(`UPDATE consent_grant SET state = 'revoked' WHERE id = $1`, [id]);
      enrolling = owner.query(`UPDATE site SET city = 'Giza' WHERE id = $1`, [site]);
      await tx.query(`SELECT pg_sleep(0.2)`);
    });
    await enrolling;
    expect(await seen({ userId: 'u-buyer' })).toEqual(NOTHING);
  });

  it('to an organisation that is dissolved gives nothing, and no new one is possible', async () => {
    const id = await grant(['score'], { grantee: other });
    expect((await seen({ userId: 'u-other' }))[2]).toBe(1);
    await owner.query(`UPDATE organisation SET dissolved_at = now() WHERE id = $1`, [other]);
    expect(await seen({ userId: 'u-other' })).toEqual(NOTHING);
    await expect(grant(['score'], { grantee: other })).rejects.toThrow(/row-level security/);
    await revoke(id);
    await owner.query(`UPDATE organisation SET dissolved_at = NULL WHERE id = $1`, [other]);
  });
});

describe('a link', () => {
  it.each(BY_SCOPE)('%j shows exactly that, to its holder', async (scopes, rows) => {
    const grantId = await grant(scopes);
    // Readiness is a buyer's own; a link has no rules.
    expect(await seen({ grantId })).toEqual([...rows.slice(0, -2), 0, 0]);
    expect(await read({ grantId }, `SELECT name FROM organisation`)).toEqual([{ name: 'Supplier' }]);
    expect(await count({ grantId }, 'membership')).toBe(0);
    expect(await count({ grantId }, 'consent_event')).toBe(0);
    await revoke(grantId);
    expect(await seen({ grantId })).toEqual(NOTHING);
  });
  it('ends with its last day, swept or not', async () => {
    const grantId = await grant(['score']);
    expect((await seen({ grantId }))[3]).toBe(1);
    await owner.query(`UPDATE consent_grant SET until = current_date - 1 WHERE id = $1`, [grantId]);
    expect(await seen({ grantId })).toEqual(NOTHING);
  });
});

describe('a score', () => {
  it('is put together from what its reader may see', async () => {
    const id = await grant(['score', 'section-scores'], { grantee: buyer });
    const text = `SELECT as_found FROM assessment_score_explained WHERE assessment_id = $1`;
    const [shown] = await read({ userId: 'u-buyer' }, text, [closed]);
    expect(JSON.stringify(shown)).not.toContain('A-1');
    expect(shown!['as_found'].sections).toEqual(score.sections);
    expect((await read({ userId: 'u-supplier' }, text, [closed]))[0]!['as_found']).toEqual(score);
    expect((await worker.as({}, (tx) => tx.query(text, [closed])))[0].as_found).toEqual(score);
    await revoke(id);
  });
  it('is replaced as a whole, and never kept in one piece', async () => {
    const next = { ...score, points: 90, items: [{ requirement: 'A-2' }] };
    await worker.as({}, (tx) =>
      tx.query(
        `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at)
         VALUES ($1, 2, 90000000, true, $2, $2, now()) ON CONFLICT (assessment_id) DO UPDATE SET as_found = excluded.as_found, after_closure = excluded.after_closure`,
        [open, JSON.stringify(next)],
      ),
    );
    const [row] = await owner.query(
      `SELECT as_found FROM assessment_score_explained WHERE assessment_id = $1`,
      [open],
    );
    expect(row.as_found).toEqual(next);
    const [totals] = await owner.query(`SELECT as_found FROM assessment_score WHERE assessment_id = $1`, [
      open,
    ]);
    expect(Object.keys(totals.as_found).sort()).toEqual(['counts', 'passed', 'points', 'status']);
  });
});

describe('the ledger', () => {
  it('has every step, written by the database, and nobody changes it', async () => {
    const id = await grant(['score'], { grantee: buyer });
    await read({ userId: 'u-buyer' }, `SELECT consent_viewed($1)`, [site]);
    await read({ userId: 'u-buyer' }, `SELECT consent_viewed($1)`, [site]);
    await read({ userId: 'u-rival' }, `SELECT consent_viewed($1)`, [site]);
    await revoke(id);
    const text = `SELECT kind, actor FROM consent_event WHERE grant_id = $1 ORDER BY id`;
    const steps = [
      { kind: 'granted', actor: 'u-supplier' },
      { kind: 'viewed', actor: 'u-buyer' },
      { kind: 'revoked', actor: 'u-supplier' },
    ];
    expect(await read({ userId: 'u-viewer' }, text, [id])).toEqual(steps);
    expect(await read({ userId: 'u-rival' }, text, [id])).toEqual([]);
    for (const statement of [
      `UPDATE consent_event SET kind = 'granted'`,
      `DELETE FROM consent_event`,
      `INSERT INTO consent_event (grant_id, supplier_id, kind, actor) VALUES ('${id}', '${supplier}', 'revoked', 'x')`,
      `TRUNCATE consent_event`,
    ]) {
      await expect(db.as({ userId: 'u-supplier' }, (tx) => tx.query(statement))).rejects.toThrow();
      await expect(worker.as({}, (tx) => tx.query(statement))).rejects.toThrow();
      if (!statement.startsWith('INSERT'))
        await expect(owner.query(statement)).rejects.toThrow(/append-only/);
    }
  });
});

describe('others', () => {
  it('are found only when they chose to be', async () => {
    const find = async (search: string, userId?: string) =>
      (await read({ userId }, `SELECT name FROM organisation_directory($1)`, [search])).map(
        (row) => row['name'],
      );
    expect(await find('buyer', 'u-supplier')).toEqual(['Buyer 100%', 'Other buyer']);
    expect(await find('%', 'u-supplier')).toEqual([]);
    expect(await find('0%', 'u-supplier')).toEqual(['Buyer 100%']);
    expect(await find('Rival', 'u-supplier')).toEqual([]);
    expect(await find('b', 'u-supplier')).toEqual([]);
    expect(await find('buyer')).toEqual([]);
  });
  it('a door for the worker stays shut to the API', async () => {
    for (const call of [`consent_recipients('${randomUUID()}')`, `charter_recipients('${randomUUID()}')`])
      await expect(read({ userId: 'u-supplier' }, `SELECT * FROM ${call}`)).rejects.toThrow(
        /permission denied/,
      );
  });
});

describe('a donor', () => {
  it('reaches no site, no cohort figures, and of aggregates what was published', async () => {
    await owner.query(
      `INSERT INTO aggregate_snapshot (id, programme_id, body) VALUES ($1, $2, '{"cells":[]}')`,
      [randomUUID(), programme],
    );
    const actor = { userId: 'u-donor' };
    expect(await seen(actor)).toEqual(NOTHING);
    expect(await count(actor, 'cohort_aggregate')).toBe(0);
    expect(await count({ userId: 'u-agency' }, 'cohort_aggregate')).toBe(1);
    expect(await read(actor, `SELECT body FROM aggregate_snapshot`)).toEqual([{ body: { cells: [] } }]);
    await expect(read(actor, `SELECT groups FROM aggregate_basis`)).rejects.toThrow(/permission denied/);
    await owner.query(`UPDATE programme SET donor_aggregates = false WHERE id = $1`, [programme]);
    expect(await read(actor, `SELECT body FROM aggregate_snapshot`)).toEqual([]);
    expect(await read({}, `SELECT * FROM public_programme('p')`)).toEqual([]);
    await owner.query(`UPDATE programme SET public_aggregates = true WHERE id = $1`, [programme]);
    expect(await read({}, `SELECT name FROM public_programme('p')`)).toEqual([{ name: 'Programme' }]);
    await expect(
      owner.query(`UPDATE programme SET k_anonymity = 2 WHERE id = $1`, [programme]),
    ).rejects.toThrow(/check/);
  });
});
