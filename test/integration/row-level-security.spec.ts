import { SCOPES } from '#domain';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { seedTenant, type Tenant } from '../support/tenants.js';

/*
 * Raw SQL as the role the API works under: whatever the code above it does, the database serves each actor these rows and
 * no others. The table below is the reviewed expectation: rows of the actor's own tenant by table; of the other tenant
 * always none.
 */
const SEEN: Readonly<Record<string, Partial<Record<string, number>>>> = {
  //                      the supplier, the agency, who assesses, a buyer, a donor; strangers and nobody: none
  organisation: { supplier: 6, agency: 5, provider: 5, buyer: 5, donor: 4, grantee: 2 },
  membership: { supplier: 1, agency: 2, provider: 1, buyer: 1, donor: 1, grantee: 1 },
  site: { supplier: 1, agency: 1, provider: 1, buyer: 1, grantee: 1 },
  site_reach: { supplier: 5, agency: 1, provider: 1, buyer: 1, grantee: 1 },
  programme: { supplier: 1, agency: 1, provider: 1, buyer: 1, donor: 1 },
  programme_participant: { supplier: 4, agency: 4, provider: 4, buyer: 4, donor: 4 },
  cohort: { supplier: 1, agency: 1, provider: 1, buyer: 1, donor: 1 },
  enrolment: { supplier: 1, agency: 1, provider: 1, buyer: 1 },
  // A buyer sees the closed one, and of it what the programme's charter says: totals and sections, not the answers.
  assessment: { supplier: 2, agency: 2, provider: 2, buyer: 1, grantee: 1 },
  response: { supplier: 2, agency: 2, provider: 2, grantee: 1 },
  // The grantee was granted answers, and not what they rest on; no more was the buyer.
  evidence: { supplier: 2, agency: 2, provider: 2 },
  assessment_record: { supplier: 2, agency: 2, provider: 2, grantee: 1 },
  // What the answers came from, drafts and refused ones included, is for those who work on the record.
  operation: { supplier: 4, agency: 4, provider: 4 },
  offline_copy: { supplier: 2, agency: 2, provider: 2 },
  assessment_score: { supplier: 2, agency: 2, provider: 2, buyer: 1, grantee: 1 },
  // Sections and items are two rows of each; the grantee was granted answers.
  assessment_explanation: { supplier: 4, agency: 4, provider: 4, buyer: 1, grantee: 2 },
  finding: { supplier: 2, agency: 2, provider: 2, grantee: 1 },
  gain: { supplier: 1, agency: 1, provider: 1 },
  gain_explanation: { supplier: 1, agency: 1, provider: 1 },
  cohort_aggregate: { agency: 1, provider: 1, buyer: 1 },
  buyer_rule_row: { supplier: 1, agency: 1, provider: 1, buyer: 1, donor: 1 },
  readiness: { supplier: 1, agency: 1, provider: 1, buyer: 1 },
  readiness_explanation: { supplier: 1, agency: 1, provider: 1 },
  assessor: { supplier: 1, agency: 1, provider: 1 },
  absence: { agency: 1, provider: 1 },
  engagement: { supplier: 1, agency: 1, provider: 1 },
  // What was allowed for a closed result is shown with it, by a view.
  impartiality_exception: { supplier: 1, agency: 1, provider: 1 },
  // The buyer complained in confidence: whom it is about reads it, and not by whom it was raised. Nor does the agency's
  // person here, who proposed the certificate of what it is about.
  complaint: { supplier: 1, agency: 1, provider: 1, buyer: 1 },
  complainant: { buyer: 1 },
  visit: { supplier: 1, agency: 1, provider: 1 },
  certificate: { supplier: 2, agency: 2, provider: 2, buyer: 1 },
  idempotency_key: { agency: 1 },
  // Like the reason in the assessment itself: between those who work on the record.
  review_return: { supplier: 2, agency: 2, provider: 2 },
  finding_closure: { supplier: 2, agency: 2, provider: 2, grantee: 1 },
  // Between the supplier and its programme.
  correction: { supplier: 2, agency: 2, provider: 2 },
  document: { supplier: 2, agency: 2, provider: 2, buyer: 1, grantee: 1 },
  person_settings: { agency: 1 },
  record_import: { agency: 1 },
  // The worker's alone.
  visit_invitation: {},
  reminder: {},
  record_import_file: {},
  // Owners see what was given out in their organisation's name; never the hashes.
  data_export: { agency: 1 },
  invitation: { agency: 1 },
  api_token: { agency: 1 },
  consent_grant: { supplier: 1, grantee: 1 },
  consent_grant_site: { supplier: 1, grantee: 1 },
  consent_event: { supplier: 1, grantee: 1 },
  aggregate_snapshot: { agency: 1, donor: 1 },
};
/** Nobody's data, or machinery that the grants alone guard. */
const NOT_TENANT = [
  'checklist_version',
  'checklist_translation',
  'checklist_withdrawal',
  'crosswalk',
  'scoring_profile',
  'outbox',
  'worker_beat',
  'aggregate_basis',
  'migration',
];
const ACTORS = ['supplier', 'agency', 'provider', 'buyer', 'donor', 'grantee'];

let database: TestDatabase;
let owner: pg.Client;
let api: pg.Client;
let one: Tenant;
let other: Tenant;

const as = async <T>(user: string | null, work: () => Promise<T>): Promise<T> => {
  await api.query('BEGIN');
  try {
    if (user !== null) await api.query(`SELECT set_config('uplift.user', $1, true)`, [user]);
    return await work();
  } finally {
    await api.query('ROLLBACK');
  }
};
const marksOf = (tenant: Tenant): string[] => [...Object.values(tenant.ids), ...Object.values(tenant.people)];
/** SQL: whether a row names one of $1 in a column that the role may read. */
async function marked(table: string): Promise<string> {
  const { rows } = await api.query<{ columns: string | null }>(
    `SELECT string_agg(quote_ident(attname) || '::text', ', ') AS columns FROM pg_attribute WHERE attrelid = $1::regclass
        AND attnum > 0 AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'SELECT')`,
    [table],
  );
  return `ARRAY[${rows[0]!.columns ?? `''`}]::text[] && $1`;
}
/** Rows an actor sees of a tenant: those that name one of its ids in any column it may read. */
const seen = (user: string | null, table: string, tenant: Tenant): Promise<number> =>
  as(user, async () => {
    const { rows } = await api.query(`SELECT count(*)::int AS n FROM ${table} WHERE ${await marked(table)}`, [
      marksOf(tenant),
    ]);
    return rows[0].n;
  }).catch((error: { code?: string }) => {
    if (error.code !== '42501') throw error;
    return 0; // not even the right to ask
  });

beforeAll(async () => {
  database = await createTestDatabase('row-level-security-test');
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  one = await seedTenant((text, values) => owner.query(text, values), 'one');
  other = await seedTenant((text, values) => owner.query(text, values), 'other');
  api = new pg.Client({ connectionString: database.url, options: '-c role=uplift_api' });
  await api.connect();
});
afterAll(async () => {
  await api.end();
  await owner.end();
  await database.drop();
});

test('the role cannot go round the policies', async () => {
  const { rows } = await api.query(
    `SELECT rolsuper OR rolbypassrls AS may, (SELECT count(*)::int FROM pg_class WHERE relowner = pg_roles.oid) AS owns FROM pg_roles WHERE rolname = current_user`,
  );
  expect(rows).toEqual([{ may: false, owns: 0 }]);
});

test('every table is either under row-level security and in the table above, or named as nobody’s', async () => {
  const { rows } = await owner.query<{ name: string; guarded: boolean }>(
    `SELECT relname AS name, relrowsecurity AS guarded FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`,
  );
  const audit = ['audit_entry', 'audit_head'];
  expect(rows.filter(({ guarded }) => guarded).map(({ name }) => name)).toEqual(
    [...Object.keys(SEEN), ...audit].sort(),
  );
  expect(rows.filter(({ guarded }) => !guarded).map(({ name }) => name)).toEqual([...NOT_TENANT].sort());
});

describe.each(Object.keys(SEEN))('%s', (table) => {
  test.each(ACTORS)('as the %s', async (actor) => {
    expect(await seen(one.people[actor]!, table, one)).toBe(SEEN[table]![actor] ?? 0);
    expect(await seen(one.people[actor]!, table, other)).toBe(0);
  });
  test('as a stranger and as nobody', async () => {
    for (const user of ['stranger', '', null]) expect(await seen(user, table, one)).toBe(0);
  });
  test('nobody writes to another tenant', async () => {
    const tries = ACTORS.flatMap((actor) =>
      [`UPDATE ${table} SET ${FIRST[table] ?? 'id'} = ${FIRST[table] ?? 'id'}`, `DELETE FROM ${table}`].map(
        (statement) => [actor, statement] as const,
      ),
    );
    const where = await marked(table);
    for (const [actor, statement] of tries) {
      const before = await count(table);
      const touched = await as(one.people[actor]!, async () => {
        // Whatever is the actor's own may change; of the other tenant's rows none may.
        await api.query('SAVEPOINT s');
        return api
          .query(`${statement} WHERE ${where}`, [marksOf(other)])
          .then(({ rowCount }) => rowCount ?? 0)
          .catch((error: { code?: string }) => {
            if (error.code !== '42501') throw error;
            return 0;
          });
      });
      expect([actor, statement, touched]).toEqual([actor, statement, 0]);
      expect(await count(table)).toBe(before);
    }
  });
});

/** A column to write to where the key is not `id`. */
const FIRST: Readonly<Record<string, string>> = {
  response: 'requirement',
  assessment_record: 'body',
  operation: 'standing',
  offline_copy: 'device',
  assessment_score: 'revision',
  gain: 'comparable',
  cohort_aggregate: 'baselines',
  site_reach: 'part',
  person_settings: 'language',
  visit_invitation: 'method',
  record_import_file: 'name',
  assessment_explanation: 'detail',
  gain_explanation: 'site_id',
  readiness_explanation: 'site_id',
  consent_grant_site: 'site_id',
  consent_event: 'kind',
  complainant: 'user_id',
};
const count = async (table: string): Promise<number> =>
  (await owner.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

/** Who sees more of a table than expected, or something of the other tenant: what the tests above look for. */
async function leaksOf(table: string): Promise<string[]> {
  const found: string[] = [];
  for (const actor of [...ACTORS, 'stranger']) {
    const user = one.people[actor] ?? actor;
    const expected = SEEN[table]![actor] ?? 0;
    if ((await seen(user, table, one)) > expected || (await seen(user, table, other)) > 0) found.push(actor);
  }
  return found;
}

test('loosening any one policy is noticed', async () => {
  const { rows } = await owner.query<{ table: string; policy: string; expression: string }>(
    `SELECT polrelid::regclass::text AS table, polname AS policy, pg_get_expr(polqual, polrelid) AS expression
       FROM pg_policy WHERE polcmd = 'r' AND 'uplift_api'::regrole = ANY (polroles) ORDER BY 1, 2`,
  );
  const judged = rows.filter(({ table }) => table in SEEN);
  expect(new Set(judged.map(({ table }) => table)).size).toBeGreaterThan(25);
  const unnoticed: string[] = [];
  for (const { table, policy, expression } of judged) {
    await owner.query(`ALTER POLICY ${policy} ON ${table} USING (true)`);
    if ((await leaksOf(table)).length === 0) unnoticed.push(`${policy} on ${table}`);
    await owner.query(`ALTER POLICY ${policy} ON ${table} USING (${expression})`);
    expect(await leaksOf(table)).toEqual([]);
  }
  expect(unnoticed).toEqual([]);
});

/**
 * What each scope of a consent grant adds, by itself, to what its holder reads: every relation with the scopes that show rows
 * of it, and every column of such a row. Nothing of these rows is hidden from who has one of the scopes, so before a column
 * goes in here: is it for all of them to read? If not, its place is another table (as `assessment_record` is).
 */
const ALL = SCOPES.join(' ');
const SHARED: Readonly<Record<string, readonly [scopes: string, columns: string]>> = {
  site: [ALL, 'categories city country external_id id languages lat lon name organisation_id revision'],
  certificate: [
    'certificate',
    'assessment_id created_at decided_by facts history id issued_on number proposed_by readiness_rule_id revision site_id state valid_until',
  ],
  // An assessment's own row says that it was made and what of; no figure, no answer, nobody. `record` is always null.
  assessment: [
    'score section-scores answers corrective-actions',
    'assessed_on baseline_id checklist_version_id closed_at cohort_id created_at external_id id kind level organisation_id record revision scoring_profile_id site_id state submitted_at',
  ],
  // From the hash answers could be guessed, so it is for who may read them. `reopen_reason` and `voided` are null for all of these.
  assessment_inside: ['answers', 'assessor_id id lock_hash reopen_reason reviewer_id voided'],
  // What was allowed is shown with whatever rests on it.
  assessment_exception: [
    'certificate score section-scores answers',
    'assessment_id facts id programme_id reason recorded_at rule site_id',
  ],
  // Totals; the view adds the layers its reader may see.
  assessment_score: [
    'score section-scores answers',
    'after_closure as_found assessment_id computed_at micro_points passed revision',
  ],
  assessment_score_explained: [
    'score section-scores answers',
    'after_closure as_found assessment_id computed_at micro_points passed revision',
  ],
  assessment_explanation: ['section-scores answers', 'after_closure as_found assessment_id detail'],
  // Of verdicts. Who sent it, from which device, under which name and where it was taken: `evidence_inside`, for none of these.
  evidence: [
    'evidence',
    'assessment_id caption captured_at correction_id declared_at height id media_type organisation_id received_at requirement sha256 size state stored_sha256 stored_size supports width',
  ],
  gain: [
    'section-scores answers',
    'baseline_id baseline_micro body cohort_id comparable computed_at contribution follow_up_id follow_up_micro site_id',
  ],
  gain_explained: [
    'section-scores answers',
    'baseline_id body cohort_id comparable computed_at follow_up_id site_id',
  ],
  gain_explanation: ['answers', 'body follow_up_id site_id'],
  response: ['answers', 'answer answered_at assessment_id claim closed_on na_reason note requirement'],
  assessment_record: ['answers', 'assessment_id body'],
  full_response: ['answers', 'answer answered_at assessment_id claim closed_on na_reason note requirement'],
  finding: [
    'answers corrective-actions',
    'assessment_id closed_on conformity due_on grade id note requirement section',
  ],
  finding_closure: [
    'answers corrective-actions',
    'assessment_id closed_at closed_by closed_on id note reopen_reason reopened_at requirement',
  ],
  // By the reader's own rule.
  readiness: [
    'score answers',
    'assessment_id body buyer_rule_id category evaluated_at id site_id status valid_until',
  ],
  readiness_explained: [
    'score answers',
    'assessment_id body buyer_rule_id category evaluated_at id site_id status valid_until',
  ],
  readiness_explanation: ['answers', 'body buyer_rule_id readiness_id site_id'],
  // Certificates for the one, gap reports for the other.
  document: [
    'certificate answers',
    'created_at id kind language media_type sha256 size source_hash subject_id',
  ],
  // What the policies ask: ways to a site, and assessments of which something is shown.
  actor_reach: [ALL, 'owner_id scopes site_id'],
  site_access: [ALL, 'part role scopes site_id user_id'],
  actor_assessment: ['score section-scores answers evidence corrective-actions', 'id scopes'],
};

test('what each scope shows, column by column', async () => {
  // Everything of the site is closed and under the grantee's own rule, so that no row is missing for another reason.
  await owner.query(`UPDATE assessment SET state = 'closed' WHERE site_id = $1`, [one.ids['site']]);
  await owner.query(`UPDATE buyer_rule_row SET buyer_id = $2 WHERE id = $1`, [
    one.ids['rule'],
    one.ids['grantee'],
  ]);
  const { rows: relations } = await owner.query<{ name: string; columns: string }>(
    `SELECT relname AS name, string_agg(quote_ident(attname), ' ' ORDER BY attname) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND has_column_privilege('uplift_api', a.attrelid, attnum, 'SELECT')
      GROUP BY 1 ORDER BY 1`,
  );
  const reach = (scopes: readonly string[], days: number) =>
    owner.query(
      `UPDATE site_reach SET scopes = $2, until = current_date + $3::int WHERE site_id = $1 AND part = 'grantee'`,
      [one.ids['site'], scopes, days],
    );
  const counted = (): Promise<number[]> =>
    as(one.people['grantee']!, async () => {
      const all: number[] = [];
      for (const { name, columns } of relations)
        all.push(
          (
            await api.query(
              `SELECT count(*)::int AS n FROM (SELECT ${columns.replaceAll(' ', ', ')} FROM ${name}) t`,
            )
          ).rows[0].n,
        );
      return all;
    });
  await reach([], -1);
  const before = await counted();
  const scopesOf: string[][] = relations.map(() => []);
  for (const scope of SCOPES) {
    await reach([scope], 1);
    (await counted()).forEach((n, i) => n > before[i]! && scopesOf[i]!.push(scope));
  }
  const shared = relations.flatMap(({ name, columns }, i) =>
    scopesOf[i]!.length > 0 ? [[name, [scopesOf[i]!.join(' '), columns]]] : [],
  );
  expect(Object.fromEntries(shared)).toEqual(SHARED);
});

test('what a row holds beyond what its readers may read', async () => {
  await owner.query(
    `UPDATE assessment SET state = 'closed', lock_hash = repeat('a', 64), reopen_reason = 'A remark between colleagues' WHERE site_id = $1`,
    [one.ids['site']],
  );
  await owner.query(
    `UPDATE evidence SET file_name = 'IMG_1.jpg', device_id = 'phone', lat = 1, lon = 2 WHERE supports = 'verdict' AND assessment_id IN (SELECT id FROM assessment WHERE site_id = $1)`,
    [one.ids['site']],
  );
  const shared = async (...scopes: string[]): Promise<unknown> => {
    await owner.query(
      `UPDATE site_reach SET scopes = $2, until = current_date + 1 WHERE site_id = $1 AND part = 'grantee'`,
      [one.ids['site'], scopes],
    );
    return reads('grantee');
  };
  const reads = (actor: string): Promise<unknown> =>
    as(one.people[actor]!, async () => {
      const held = async (from: string): Promise<number> =>
        (await api.query(`SELECT 1 FROM ${from} LIMIT 1`)).rowCount!;
      return {
        hash: await held('assessment_inside WHERE lock_hash IS NOT NULL'),
        remark: await held('assessment_inside WHERE reopen_reason IS NOT NULL'),
        device: await held('evidence_inside WHERE device_id IS NOT NULL'),
        author: await held('response_inside'),
      };
    });
  const nothing = { hash: 0, remark: 0, device: 0, author: 0 };
  for (const scope of SCOPES)
    expect([scope, await shared(scope)]).toEqual([
      scope,
      scope === 'answers' ? { ...nothing, hash: 1 } : nothing,
    ]);
  expect(await shared(...SCOPES)).toEqual({ ...nothing, hash: 1 });
  for (const actor of ['supplier', 'agency', 'provider'])
    expect([actor, await reads(actor)]).toEqual([actor, { hash: 1, remark: 1, device: 1, author: 1 }]);
  for (const actor of ['buyer', 'donor']) expect([actor, await reads(actor)]).toEqual([actor, nothing]);
  // The role has no right to the columns themselves, whoever it acts for.
  for (const text of [
    `SELECT lock_hash FROM assessment`,
    `SELECT assessor_id FROM assessment`,
    `SELECT device_id FROM evidence`,
    `SELECT answered_by FROM response`,
    `SELECT reopened_by FROM finding_closure`,
    `SELECT a FROM assessment a`,
    `UPDATE evidence SET caption = file_name`,
  ])
    await expect(as(one.people['agency']!, () => api.query(text))).rejects.toMatchObject({ code: '42501' });
});
