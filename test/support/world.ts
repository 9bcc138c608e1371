import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Role } from '#persistence';
import sharp from 'sharp';
import { send } from './operations.js';
import {
  basicRequirements,
  daysAgo,
  finish,
  openAssessment,
  seedProgramme,
  type Programme,
  type TestApp,
} from './app.js';
import { seedTenant } from './tenants.js';
import { waitFor } from './wait.js';

/** Ids of things by what they are called in requests: `site`, `certificate`, … */
export type Refs = Readonly<Record<string, string>>;

/** Somebody who calls the API: `supplier.owner`, `stranger`, `anonymous`, `token.read`. */
export interface Caller {
  readonly name: string;
  /** What goes behind `Bearer`; nobody is signed in without it. */
  readonly bearer?: string;
  /** The things of the caller's own organisation, which differ from caller to caller. */
  readonly own: Refs;
}

/** Kinds of parties as the matrix names them; the grantee is a buyer outside the programme, with a consent grant. */
export const KINDS = {
  supplier: 'supplier',
  agency: 'development-agency',
  provider: 'assessment-provider',
  buyer: 'buyer',
  trainer: 'training-provider',
  donor: 'donor',
  authority: 'authority',
  grantee: 'buyer',
} as const;
export type Kind = keyof typeof KINDS;

const EVERY_ROLE: readonly Role[] = [
  'owner',
  'qa-manager',
  'programme-manager',
  'assessor',
  'mentor',
  'reviewer',
  'decider',
  'viewer',
];

/** Every role where the rules name it; of those who only look on, the one who decides for the organisation and one other. */
const ROLES: Readonly<Record<Kind, readonly Role[]>> = {
  supplier: EVERY_ROLE,
  agency: EVERY_ROLE,
  provider: EVERY_ROLE,
  buyer: EVERY_ROLE,
  grantee: ['owner', 'qa-manager', 'viewer'],
  trainer: ['owner', 'viewer'],
  donor: ['owner', 'viewer'],
  authority: ['owner', 'viewer'],
};

/** A programme with every party, a person in every role of each, and one thing of every kind; another it knows nothing of. */
export interface World {
  readonly app: TestApp;
  readonly programme: Programme;
  /** Things of the programme and its supplier. */
  readonly ours: Refs;
  /** Things of the same kinds of another tenant. */
  readonly theirs: Refs;
  readonly callers: readonly Caller[];
  /** Where nothing of the other tenant may ever show: its ids and names. */
  readonly marks: readonly string[];
}

/** Seeds one programme with all its parties. The other tenant comes with {@link addOtherTenant}. */
export async function seedWorld(app: TestApp): Promise<World> {
  const p = await seedProgramme(app, 'ours');
  const organisations: Record<Kind, string> = {
    supplier: p.supplier,
    agency: p.agency,
    provider: p.provider,
    buyer: p.buyer,
    trainer: randomUUID(),
    donor: randomUUID(),
    authority: randomUUID(),
    grantee: randomUUID(),
  };
  for (const kind of ['trainer', 'donor', 'authority', 'grantee'] as const) {
    await insert(app, 'organisation', {
      id: organisations[kind],
      name: `Our ${kind}`,
      kind: KINDS[kind],
      country: 'EG',
    });
    if (kind !== 'grantee')
      await insert(app, 'programme_participant', {
        programme_id: p.programme,
        organisation_id: organisations[kind],
        part: KINDS[kind],
      });
  }
  const people = await everyRole(app, organisations);
  const record = await seedRecord(app, p, people, organisations);
  const own = Object.fromEntries(
    await Promise.all(
      (Object.keys(KINDS) as Kind[]).map(
        async (kind) => [kind, await ownThings(app, kind, organisations[kind], people)] as const,
      ),
    ),
  ) as Record<Kind, Refs>;
  const ours: Refs = { ...own.supplier, ...record, ...organisations };
  const callers: Caller[] = [{ name: 'anonymous', own: own.supplier }];
  for (const { name, kind, id, email, bearer, session } of people)
    callers.push({
      name,
      bearer,
      own: { ...(kind ? own[kind] : own.supplier), me: id, email, session },
    });
  for (const [name, kind, scope] of [
    ['token.read', 'supplier', 'read'],
    ['token.manage', 'agency', 'manage'],
  ] as const) {
    const { text } = await send(app.url, {
      method: 'POST',
      target: `/api/v1/organisations/${organisations[kind]}/api-tokens`,
      bearer: personOf(people, `${kind}.owner`).bearer,
      body: JSON.stringify({ name, scopes: [scope], expiresInDays: 30 }),
    });
    callers.push({ name, bearer: (JSON.parse(text) as { token: string }).token, own: own[kind] });
  }
  await app.idle();
  return { app, programme: p, ours: { ...ours, ...(await visits(app, p)) }, theirs: {}, callers, marks: [] };
}

interface Somebody {
  readonly name: string;
  readonly kind?: Kind;
  readonly id: string;
  readonly email: string;
  /** The token of their session. */
  readonly bearer: string;
  /** A second session, for them to end. */
  readonly session: string;
}

/** People in every role, signed in by SQL: signing in takes a tenth of a second each, and is what other specs are about. */
async function everyRole(app: TestApp, organisations: Record<Kind, string>): Promise<Somebody[]> {
  const people: Somebody[] = [];
  const add = async (name: string, kind?: Kind, role?: Role): Promise<void> => {
    const id = randomUUID();
    const email = `${name}@example.org`;
    await app.sql(
      `INSERT INTO auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ($1, $2, $3, true, now(), now())`,
      [id, name, email],
    );
    const sessions = [0, 1].map(() => ({ id: randomUUID(), token: randomBytes(24).toString('hex') }));
    for (const { id: session, token } of sessions)
      await app.sql(
        `INSERT INTO auth.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt")
         VALUES ($1, $2, $3, now() + interval '7 days', now(), now())`,
        [session, id, token],
      );
    if (kind) await insert(app, 'membership', { user_id: id, organisation_id: organisations[kind], role });
    people.push({
      name,
      ...(kind && { kind }),
      id,
      email,
      bearer: sessions[0]!.token,
      session: sessions[1]!.id,
    });
  };
  for (const kind of Object.keys(KINDS) as Kind[])
    for (const role of ROLES[kind]) await add(`${kind}.${role}`, kind, role);
  await add('stranger');
  return people;
}

const personOf = (people: readonly Somebody[], name: string): Somebody =>
  people.find((each) => each.name === name)!;

/** What an organisation of any kind has: a member, an invitation, a token, an export, an import, a consent it gave. */
async function ownThings(
  app: TestApp,
  kind: Kind,
  organisation: string,
  people: readonly Somebody[],
): Promise<Refs> {
  const owner = personOf(people, `${kind}.owner`).id;
  const viewer = personOf(people, `${kind}.viewer`).id;
  const [named] = await app.sql(`SELECT name FROM organisation WHERE id = $1`, [organisation]);
  const [member] = await app.sql(`SELECT id FROM membership WHERE organisation_id = $1 AND user_id = $2`, [
    organisation,
    viewer,
  ]);
  const soon = new Date(Date.now() + 86_400_000);
  return {
    organisation,
    organisationName: named!['name'] as string,
    member: member!['id'] as string,
    colleague: viewer,
    invitation: await insert(app, 'invitation', {
      organisation_id: organisation,
      email: `guest.${kind}@example.org`,
      role: 'viewer',
      invited_by: owner,
      token_hash: Buffer.from(`invitation ${kind}`),
      expires_at: soon,
    }),
    apiToken: await insert(app, 'api_token', {
      organisation_id: organisation,
      name: kind,
      scopes: '{read}',
      prefix: 'uplift_x',
      token_hash: Buffer.from(`token ${kind}`),
      created_by: owner,
      expires_at: soon,
    }),
    export: await insert(app, 'data_export', { organisation_id: organisation, requested_by: owner }),
    import: await insert(app, 'record_import', {
      organisation_id: organisation,
      requested_by: owner,
      dataset: kind,
      mapping: '{}',
      country: 'EG',
      content_hash: 'x',
      state: 'done',
    }),
  };
}

/** The record of the supplier's site: assessments in every state, certificates, a visit, coaching, consents. */
async function seedRecord(
  app: TestApp,
  p: Programme,
  people: readonly Somebody[],
  organisations: Record<Kind, string>,
): Promise<Refs> {
  const answers = (await basicRequirements(app, '2')).map(({ code }, index) => ({
    requirement: code,
    answer: index < 2 ? 'minor' : 'conform',
  }));
  const answered = async (input: Record<string, unknown>): Promise<string> => {
    const { id } = await openAssessment(p, input);
    await p.assessor.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers }).expect(200);
    return id;
  };
  const closed = async (input: Record<string, unknown>): Promise<string> => {
    const { id } = await openAssessment(p, input);
    await finish(p, id, answers);
    return id;
  };
  await app.sql(
    `INSERT INTO checklist_withdrawal (id, checklist_version_id, reason)
     SELECT gen_random_uuid(), id, 'test' FROM checklist_version WHERE checklist = 'primary-production'`,
  );
  const assessment = await closed({ assessedOn: daysAgo(120) });
  const followUp = await closed({ kind: 'follow-up', baselineId: assessment, assessedOn: daysAgo(60) });
  const { id: second } = await openAssessment(p, { assessedOn: daysAgo(50) });
  const picture = { width: 8, height: 8, channels: 3, background: '#0a0' } as const;
  const evidence = await attach(p, second, await sharp({ create: picture }).png().toBuffer());
  await finish(p, second, answers);
  const submitted = await answered({ kind: 'verification', assessedOn: daysAgo(20) });
  await p.assessor.agent.post(`/api/v1/assessments/${submitted}/submit`).expect(200);
  await waitFor(
    async () =>
      (await app.sql(`SELECT 1 FROM assessment_score`)).length === 4 &&
      (await app.sql(`SELECT 1 FROM gain`)).length === 1,
    { what: 'scores and a gain', deadlineMs: 60_000 },
  );
  const draft = await answered({ kind: 'verification', assessedOn: daysAgo(3) });
  const draftEvidence = await attach(p, draft, Buffer.from('%PDF-1.7 of 20 bytes'));
  await waitFor(async () => (await app.sql(`SELECT 1 FROM evidence WHERE state = 'ready'`)).length === 2, {
    what: 'developed evidence',
    deadlineMs: 60_000,
  });
  const propose = async (assessmentId: string) =>
    (await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId }).expect(201)).body;
  const certificate = await propose(assessment);
  await p.decider.agent
    .post(`/api/v1/certificates/${certificate.id}/decision`)
    .send({ action: 'issue' })
    .expect(200);
  const proposed = await propose(followUp);
  const consents = `/api/v1/organisations/${p.supplier}/consents`;
  const terms = {
    siteIds: [p.site],
    scopes: ['certificate', 'answers', 'corrective-actions'],
    purpose: 'Supply',
    until: daysAgo(-60),
  };
  const granted = await p.owner.agent
    .post(consents)
    .send({ ...terms, granteeId: organisations.grantee })
    .expect(201);
  const linked = await p.owner.agent
    .post(consents)
    .send({ ...terms, recipientName: 'Ann', recipientEmail: 'ann@shop.example' })
    .expect(201);
  const one = async (text: string, values: unknown[]): Promise<string> =>
    (await app.sql(text, values))[0]!['id'] as string;
  const finding = (requirement: string) =>
    one(`SELECT id FROM finding WHERE assessment_id = $1 AND requirement = $2`, [assessment, requirement]);
  const closedFinding = await finding(answers[1]!.requirement);
  await p.assessor.agent
    .post(`/api/v1/assessments/${assessment}/findings/${closedFinding}/closure`)
    .send({ closedOn: daysAgo(10), note: 'Mended' })
    .expect(201);
  // Of another assessment's findings, one correction is handed in and one put together.
  const secondFinding = (requirement: string) =>
    one(`SELECT id FROM finding WHERE assessment_id = $1 AND requirement = $2`, [second, requirement]);
  const correctedFinding = await secondFinding(answers[0]!.requirement);
  const draftedFinding = await secondFinding(answers[1]!.requirement);
  const correction = (of: string) => `/api/v1/assessments/${second}/findings/${of}/correction`;
  await p.owner.agent.put(correction(correctedFinding)).send({ note: 'Mended' }).expect(200);
  await p.owner.agent.post(`${correction(correctedFinding)}/hand-in`).expect(200);
  const drafted = await p.owner.agent
    .put(correction(draftedFinding))
    .send({ note: 'Nearly mended' })
    .expect(200);
  const complaint = await p.owner.agent
    .post('/api/v1/complaints')
    .send({
      kind: 'appeal',
      about: 'finding',
      subjectId: closedFinding,
      organisationId: p.supplier,
      text: 'It was there on the day.',
    })
    .expect(201);
  return {
    complaint: complaint.body.id,
    site: p.site,
    newSite: await insert(app, 'site', { organisation_id: p.supplier, name: 'New site', country: 'EG' }),
    programme: p.programme,
    cohort: p.cohort,
    joiningCode: p.joiningCode,
    code: 'programme-ours',
    assessment,
    closed: second,
    submitted,
    draft,
    evidence,
    draftEvidence,
    requirement: answers[0]!.requirement,
    finding: await finding(answers[0]!.requirement),
    closedFinding,
    correctedFinding,
    draftedFinding,
    correction: drafted.body.id,
    certificate: certificate.id,
    number: certificate.number,
    proposed: proposed.id,
    consent: granted.body.id,
    linkedConsent: linked.body.id,
    link: linked.body.link.split('/').at(-1),
    participant: await one(`SELECT id FROM programme_participant WHERE organisation_id = $1`, [p.buyer]),
    assessor: p.assessor.id,
    newAssessor: personOf(people, 'provider.assessor').id,
    absence: await insert(app, 'absence', {
      assessor_id: p.assessor.id,
      from_date: daysAgo(-300),
      to_date: daysAgo(-299),
    }),
    mentor: personOf(people, 'provider.mentor').id,
    engagement: await insert(app, 'engagement', {
      person_id: personOf(people, 'agency.mentor').id,
      site_id: p.site,
      role: 'coach',
      from_date: daysAgo(30),
    }),
  };
}

/** Declares a file as evidence for an assessment as a whole, and sends it. */
async function attach(p: Programme, assessment: string, content: Buffer): Promise<string> {
  const { agent } = p.assessor;
  const sha256 = createHash('sha256').update(content).digest('hex');
  const { body } = await agent
    .post(`/api/v1/assessments/${assessment}/evidence`)
    .send({ sha256, size: content.length })
    .expect(201);
  await agent
    .patch(`/api/v1/evidence/${body.id}/upload`)
    .set({
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    })
    .send(content)
    .expect(204);
  return body.id;
}

/** A visit to come and one that was held. Last, when no worker plans any more: what it hasn't planned, it calls off. */
async function visits(app: TestApp, p: Programme): Promise<Refs> {
  await waitFor(
    async () =>
      !/^uplift_queue_jobs\{.*state="(waiting|prioritized|active)".*\} [1-9]/m.test(
        (await app.anonymous.get('/metrics').expect(200)).text,
      ),
    { what: 'a worker with nothing to do', deadlineMs: 60_000 },
  );
  // Who visits works on every day, whichever the tests run on; no holiday is known there.
  await app.sql(`UPDATE assessor SET working_days = '{1,2,3,4,5,6,7}', country = 'AQ' WHERE id = $1`, [
    p.assessor.id,
  ]);
  const planned = (on: string): Promise<string> =>
    insert(app, 'visit', {
      site_id: p.site,
      cohort_id: p.cohort,
      state: 'planned',
      earliest: daysAgo(10),
      due: on,
      latest: daysAgo(-60),
      reason: 'test',
      assessor_id: p.assessor.id,
      planned_on: on,
    });
  return { visit: await planned(daysAgo(-20)), heldVisit: await planned(daysAgo(1)) };
}

/** Another tenant, with a row in every table that holds somebody's data. Nobody of ours may find a trace of it. */
export async function addOtherTenant(world: World): Promise<World> {
  const { app } = world;
  const { ids, people } = await seedTenant(
    (text, values) => app.sql(text, values),
    'foreign',
    () => randomUUID(),
  );
  // Buyers are found by everybody unless they say otherwise; these do.
  await app.sql(`UPDATE organisation SET listed = false WHERE id = ANY ($1)`, [
    [ids['supplier'], ids['agency'], ids['provider'], ids['buyer'], ids['donor'], ids['grantee']],
  ]);
  for (const [part, id] of Object.entries(people))
    await app.sql(
      `INSERT INTO auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ($1, $2, $3, true, now(), now())`,
      [id, `Foreign ${part}`, `${part}.foreign@example.org`],
    );
  const session = randomUUID();
  await app.sql(
    `INSERT INTO auth.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt")
     VALUES ($1, $2, $3, now() + interval '7 days', now(), now())`,
    [session, people['supplier'], randomBytes(24).toString('hex')],
  );
  const theirs: Refs = {
    ...ids,
    organisation: ids['supplier']!,
    member: ids['supplier-membership']!,
    colleague: people['supplier']!,
    apiToken: ids['api_token']!,
    code: 'programme-foreign',
    assessment: ids['baseline']!,
    closed: ids['baseline']!,
    submitted: ids['draft']!,
    evidence: ids['baseline-evidence']!,
    draftEvidence: ids['draft-evidence']!,
    finding: ids['baseline-finding']!,
    closedFinding: ids['baseline-finding']!,
    correctedFinding: ids['baseline-finding']!,
    draftedFinding: ids['baseline-finding']!,
    correction: ids['baseline-correction']!,
    newSite: ids['site']!,
    heldVisit: ids['visit']!,
    certificate: ids['issued']!,
    linkedConsent: ids['consent']!,
    participant: ids['buyer-participant']!,
    newAssessor: people['provider']!,
    mentor: people['provider']!,
    me: people['supplier']!,
    session,
  };
  return {
    ...world,
    theirs,
    // Published content is everybody's.
    marks: [
      ...Object.entries(ids).flatMap(([name, id]) => (['version', 'profile'].includes(name) ? [] : [id])),
      ...Object.values(people),
      'Site foreign',
      'Programme foreign',
      'supplier foreign',
    ],
  };
}

/** Makes every change of the API that gets as far as its commit fail there, with {@link REHEARSED}. */
export async function rehearse(app: TestApp): Promise<void> {
  await app.sql(`
    CREATE FUNCTION rehearsal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a rehearsal' USING ERRCODE = '22P05';
    END $$`);
  const tables = await app.sql(
    `SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
  );
  for (const name of [...tables.map((row) => row['name'] as string), 'auth."user"'])
    await app.sql(`
      CREATE CONSTRAINT TRIGGER rehearsal AFTER INSERT OR UPDATE OR DELETE ON ${name} DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (current_setting('role') = 'uplift_api') EXECUTE FUNCTION rehearsal()`);
  // What reading writes: that somebody looked, and when a token was used.
  for (const name of ['consent_event', 'idempotency_key']) await app.sql(`DROP TRIGGER rehearsal ON ${name}`);
  await app.sql(`DROP TRIGGER rehearsal ON api_token`);
  await app.sql(`
    CREATE CONSTRAINT TRIGGER rehearsal AFTER INSERT OR UPDATE OF revoked_at ON api_token DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW WHEN (current_setting('role') = 'uplift_api') EXECUTE FUNCTION rehearsal()`);
}

/** Somebody with every role in every organisation of the programme: gets past every decision about access. */
export async function everybodyInOne(world: World): Promise<Caller> {
  const id = randomUUID();
  await world.app.sql(
    `INSERT INTO auth."user" (id, name, email, "emailVerified", "createdAt", "updatedAt") VALUES ($1, 'All', 'all@example.org', true, now(), now())`,
    [id],
  );
  const bearer = randomBytes(24).toString('hex');
  await world.app.sql(
    `INSERT INTO auth.session (id, "userId", token, "expiresAt", "createdAt", "updatedAt")
     VALUES ($1, $2, $3, now() + interval '7 days', now(), now())`,
    [randomUUID(), id, bearer],
  );
  for (const kind of Object.keys(KINDS))
    for (const role of EVERY_ROLE)
      await insert(world.app, 'membership', { user_id: id, organisation_id: world.ours[kind], role });
  return { name: 'everybody in one', bearer, own: { ...world.ours, me: id, email: 'all@example.org' } };
}

/** From now on the database ends every statement of the product that takes longer. */
export async function limitStatements(app: TestApp, milliseconds: number): Promise<void> {
  const database = new URL(app.ownerUrl).pathname.slice(1);
  await app.sql(`ALTER ROLE uplift_app IN DATABASE ${database} SET statement_timeout = ${milliseconds}`);
  // Who is connected already goes on without it.
  await app.sql(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'uplift_app'`,
    [database],
  );
  await waitFor(async () => (await app.anonymous.get('/health/ready')).status === 200, {
    what: 'a product that is connected again',
    deadlineMs: 30_000,
  });
}

/** How a change is answered that would have been made. No other call in the tests that rehearse has this answer. */
export const REHEARSED = { status: 422, code: 'value-not-storable' } as const;

async function insert(app: TestApp, table: string, row: Record<string, unknown>): Promise<string> {
  const all = { id: randomUUID(), ...row };
  const columns = Object.keys(all);
  await app.sql(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(all),
  );
  return String(all.id);
}
