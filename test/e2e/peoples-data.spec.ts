import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CertificatesService,
  EvidenceKeeper,
  ExportsService,
  Retention,
  retentionRules,
  verifyDatabase,
} from '#application';
import { INSTALLATION, LOCALES } from '#domain';
import { Database, openDataSource } from '#persistence';
import {
  evidenceObjects,
  evidenceUploads,
  FolderDocumentStore,
  loadAuditKeys,
  readCheckpoint,
  verifyFile,
} from '#platform';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import supertest from 'supertest';
import {
  basicRequirements,
  bytes,
  daysAgo,
  finish,
  openAssessment,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';
import { newAccount } from '../support/browser.js';
import { waitFor } from '../support/wait.js';

/** Looks after the installation. */
const ADMINISTRATOR = 'root@example.org';
let app: TestApp;
let p: Programme;
let other: Programme;
let closed: string;
let certificate: string;
let number: string;

const schema = (name: string) =>
  new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(
      readFileSync(resolve(import.meta.dirname, `../../checklists/schemas/${name}.schema.json`), 'utf8'),
    ),
  );

beforeAll(async () => {
  app = await startApp('people-test', { UPLIFT_ADMINISTRATORS: ADMINISTRATOR });
  p = await seedProgramme(app, 'people', { supplier: 'Nile Dairy', site: 'Hall of Giza' });
  other = await seedProgramme(app, 'others');
  const answers = (await basicRequirements(app, '2')).map(({ code }) => ({
    requirement: code,
    answer: 'conform',
  }));
  closed = (await openAssessment(p, {})).id;
  await finish(p, closed, answers);
  await waitFor(
    async () =>
      (await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1`, [closed])).length > 0,
    { what: 'the score', deadlineMs: 60_000 },
  );
  certificate = (
    await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: closed }).expect(201)
  ).body.id;
  const issued = await p.decider.agent
    .post(`/api/v1/certificates/${certificate}/decision`)
    .send({ action: 'issue' })
    .expect(200);
  number = issued.body.number;
}, 180_000);
afterAll(() => app?.stop());

const unbroken = async (): Promise<void> => {
  const source = await openDataSource(app.ownerUrl, { poolSize: 1 });
  try {
    expect(await verifyDatabase(source)).toMatchObject({ ok: true, faults: [] });
  } finally {
    await source.destroy();
  }
};

describe('the audit trail over HTTP', () => {
  it('is read by owners, page by page and filtered', async () => {
    const path = `/api/v1/organisations/${p.supplier}/audit`;
    const first = await p.owner.agent.get(`${path}?limit=2`).expect(200);
    expect(first.body.items.map((entry: { seq: number }) => entry.seq)).toEqual([1, 2]);
    const second = await p.owner.agent.get(`${path}?limit=200&cursor=${first.body.nextCursor}`).expect(200);
    expect(second.body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ seq: 3 })]),
      nextCursor: null,
    });
    const { body } = await p.owner.agent.get(`${path}?subject=response`).expect(200);
    expect(new Set(body.items.map((entry: { subject: string }) => entry.subject))).toEqual(
      new Set(['response']),
    );
    expect((await p.owner.agent.get(`${path}?to=${daysAgo(3)}`).expect(200)).body.items).toEqual([]);
    await p.owner.agent.get(`${path}?from=2026-02-30`).expect(422);
    await p.owner.agent.get(`${path}?cursor=x`).expect(400);
  });

  it('is as unknown to everybody else', async () => {
    for (const id of [p.supplier, randomUUID()])
      for (const tail of ['audit', 'audit/checkpoint'])
        for (const who of [other.owner, p.manager, p.assessor]) {
          const { body } = await who.agent.get(`/api/v1/organisations/${id}/${tail}`).expect(404);
          expect(body.title).toBe('There is no such organisation.');
        }
    await app.anonymous.get(`/api/v1/organisations/${p.supplier}/audit`).expect(401);
  });

  it('of the installation itself is read by whoever looks after it, and unknown to everybody else', async () => {
    const path = `/api/v1/organisations/${INSTALLATION}/audit`;
    const administrator = await newAccount(app, ADMINISTRATOR, 'A long enough passphrase');
    const { body } = await administrator.get(`${path}?subject=checklist_translation`).expect(200);
    // An entry names the edition by its id alone; who reads it is told which that is.
    expect(body.items[0]).toMatchObject({
      subject: 'checklist_translation',
      about: expect.stringMatching(/\S \d/),
    });
    for (const who of [p.manager, p.owner, other.manager]) await who.agent.get(path).expect(404);
    await administrator.get(`/api/v1/organisations/${p.supplier}/audit`).expect(404);
  });

  it('is downloaded as JSON Lines that verify against a checkpoint with the published keys', async () => {
    const trail = await p.owner.agent
      .get(`/api/v1/organisations/${p.supplier}/audit`)
      .set('accept', 'application/x-ndjson')
      .buffer(true)
      .parse(bytes)
      .expect(200)
      .expect('content-type', 'application/x-ndjson');
    const { body: signed } = await p.owner.agent
      .get(`/api/v1/organisations/${p.supplier}/audit/checkpoint`)
      .expect(200);
    const { body: keys } = await app.anonymous.get('/.well-known/uplift-audit-keys.json').expect(200);
    expect(keys.keys[0]).not.toHaveProperty('d');
    const checkpoint = await readCheckpoint(JSON.stringify(signed), 'checkpoint', keys);
    const report = await verifyFile(Readable.from([trail.body]), [checkpoint]);
    expect(report).toMatchObject({ ok: true, chains: [{ checkpoint: signed.seq }] });
    const line = JSON.parse(trail.body.toString().split('\n')[0]);
    expect(schema('audit-entry')(line)).toBe(true);
    expect(schema('audit-checkpoint')(signed)).toBe(true);
  });
});

describe('everything a supplier owns', () => {
  it('comes as one archive, made in the background, for owners only', async () => {
    const asked = await p.owner.agent.post(`/api/v1/organisations/${p.supplier}/exports`).expect(202);
    await other.owner.agent.post(`/api/v1/organisations/${p.supplier}/exports`).expect(404);
    const path = `/api/v1/exports/${asked.body.id}`;
    await waitFor(async () => (await p.owner.agent.get(path).expect(200)).body.state === 'ready', {
      what: 'the archive',
      deadlineMs: 60_000,
    });
    for (const who of [other.owner, p.manager, p.assessor])
      for (const each of [path, `${path}/archive`]) await who.agent.get(each).expect(404);
    const { body: row } = await p.owner.agent.get(path).expect(200);
    expect(Date.parse(row.expiresAt) - Date.parse(row.readyAt)).toBe(7 * 86_400_000);
    const archive = await p.owner.agent.get(`${path}/archive`).buffer(true).parse(bytes).expect(200);
    expect(createHash('sha256').update(archive.body).digest('hex')).toBe(row.sha256);

    const folder = mkdtempSync(join(tmpdir(), 'uplift-archive-'));
    writeFileSync(join(folder, 'all.zip'), archive.body);
    execFileSync('python3', ['-m', 'zipfile', '-e', 'all.zip', '.'], { cwd: folder });
    const read = (name: string) => readFileSync(join(folder, name));
    const json = (name: string) => JSON.parse(read(name).toString());
    const manifest = json('manifest.json');
    expect(manifest).toMatchObject({ format: 'uplift.export/1', organisation: p.supplier });
    for (const { path: name, sha256, bytes: size } of manifest.files) {
      expect(createHash('sha256').update(read(name)).digest('hex')).toBe(sha256);
      expect(read(name).length).toBe(size);
      expect(
        name === 'README.md' ||
          read('README.md')
            .toString()
            .includes(
              name
                .replace(/(certificates\/)[^/]+\.pdf$/, '$1<number>.pdf')
                .replace(/(documents\/)[^/]+\.pdf$/, '$1<SHA-256>.pdf'),
            ),
      ).toBe(true);
    }
    expect(json('organisation.json')).toMatchObject([
      { name: 'Nile Dairy', programmes: [{ code: 'programme-people' }] },
    ]);
    expect(json('members.json')).toMatchObject([{ name: 'Owner people', role: 'owner' }]);
    expect(json('sites.json')).toMatchObject([
      { name: 'Hall of Giza', enrolments: [{ cohort: 'Cohort people' }] },
    ]);
    const [assessment] = json('assessments.json');
    expect(assessment).toMatchObject({
      id: closed,
      checklist: 'food-manufacturing',
      assessor: 'Assessor people',
    });
    expect(assessment.responses.length).toBeGreaterThan(20);
    expect(assessment.score.as_found.items.length).toBe(assessment.responses.length);
    expect(json('certificates.json')).toMatchObject([{ id: certificate, number, state: 'valid' }]);
    expect(read(`certificates/${number}.pdf`).subarray(0, 5).toString()).toBe('%PDF-');
    const checkpoint = await readCheckpoint(
      read('audit/checkpoint.json').toString(),
      'x',
      json('audit/audit-keys.json'),
    );
    expect(await verifyFile(Readable.from([read('audit/trail.jsonl')]), [checkpoint])).toMatchObject({
      ok: true,
    });
    expect(read('organisation.json').toString() + read('sites.json').toString()).not.toContain(other.site);
    rmSync(folder, { recursive: true });
  });

  it('is kept for a week', async () => {
    const [{ id }] = (await app.sql(`SELECT id FROM data_export WHERE organisation_id = $1`, [
      p.supplier,
    ])) as [{ id: string }];
    const file = join(app.config.dataDir, 'exports', `${id}.zip`);
    expect(existsSync(file)).toBe(true);
    await app.sql(`UPDATE data_export SET expires_at = now() - interval '1 minute' WHERE id = $1`, [id]);
    expect((await p.owner.agent.get(`/api/v1/exports/${id}/archive`).expect(409)).body.code).toBe(
      'export-expired',
    );
    await sweep();
    expect(existsSync(file)).toBe(false);
    expect((await p.owner.agent.get(`/api/v1/exports/${id}`).expect(200)).body.state).toBe('expired');
  });

  it('needs little memory, even with 100,000 answers', async () => {
    const [organisation, site] = [randomUUID(), randomUUID()];
    await app.sql(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Large', 'supplier', 'EG')`,
      [organisation],
    );
    await app.sql(`INSERT INTO site (id, organisation_id, name, country) VALUES ($1, $2, 'Large', 'EG')`, [
      site,
      organisation,
    ]);
    await app.sql(
      `INSERT INTO assessment (id, site_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on)
       SELECT gen_random_uuid(), $1, checklist_version_id, scoring_profile_id, level, 'verification', 'closed', assessed_on FROM assessment, generate_series(1, 500) WHERE id = $2`,
      [site, closed],
    );
    // One statement an assessment, as the product does it: each is one entry of the trail.
    await app.sql(
      `DO $$ DECLARE one uuid; BEGIN
         FOR one IN SELECT id FROM assessment WHERE site_id = '${site}' LOOP
           INSERT INTO response (assessment_id, requirement, answer, note, answered_by, answered_at)
           SELECT one, 'R' || n, 'conform', repeat('A note that says what was seen. ', 8), 'x', now() FROM generate_series(1, 200) n;
         END LOOP; END $$`,
    );
    const id = randomUUID();
    await app.sql(`INSERT INTO data_export (id, organisation_id, requested_by) VALUES ($1, $2, 'x')`, [
      id,
      organisation,
    ]);
    const source = await openDataSource(app.config.databaseUrl, { poolSize: 2, role: 'uplift_worker' });
    const db = new Database(source);
    globalThis.gc?.();
    const before = process.memoryUsage.rss();
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
    await new ExportsService(db, app.config.dataDir, {
      documents: new FolderDocumentStore(join(app.config.dataDir, 'documents')),
      evidence: evidenceObjects(app.config),
      certificates: new CertificatesService(db, app.config.baseUrl),
    }).make(id, await loadAuditKeys(app.config.dataDir));
    clearInterval(watch);
    await source.destroy();
    const [row] = await app.sql(`SELECT state, size::int AS size FROM data_export WHERE id = $1`, [id]);
    expect(row).toMatchObject({ state: 'ready' });
    const list = execFileSync('python3', [
      '-c',
      `import zipfile,sys;z=zipfile.ZipFile(sys.argv[1]);print(z.getinfo('assessments.json').file_size)`,
      join(app.config.dataDir, 'exports', `${id}.zip`),
    ]);
    // 42 MB of answers, unpacked; the trail has them once more.
    expect(Number(list)).toBeGreaterThan(35_000_000);
    expect((most - before) / 2 ** 20).toBeLessThan(150);
  }, 240_000);
});

describe('a person who is forgotten', () => {
  const labelled = /^Former assessor [0-9a-f]{4}$/;

  it('must say so twice, and leaves no organisation to nobody', async () => {
    expect(
      (await p.assessor.agent.delete('/api/v1/me').send({ confirm: 'x@y.z' }).expect(422)).body.code,
    ).toBe('confirmation-wrong');
    const refused = await p.owner.agent.delete('/api/v1/me').send({ confirm: p.owner.email }).expect(409);
    expect(refused.body).toMatchObject({
      code: 'last-owner',
      errors: [{ message: 'Nile Dairy', fix: expect.stringContaining('owner first') }],
    });
    await p.owner.agent.get('/api/v1/me').expect(200);
  });

  it('is gone from everywhere, and scores, gains, certificates and the chain are not', async () => {
    const { agent, id, email, name } = p.assessor;
    await app.sql(
      `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, $2, '2026-01-01', '2026-01-05', 'Surgery')`,
      [randomUUID(), id],
    );
    await app.sql(
      `INSERT INTO invitation (id, organisation_id, email, role, token_hash, invited_by, expires_at) VALUES ($1, $2, $3, 'viewer', 'x', 'x', now() + interval '1 day')`,
      [randomUUID(), other.supplier, email],
    );
    await app.sql(
      `INSERT INTO api_token (id, organisation_id, created_by, name, scopes, prefix, token_hash, expires_at) VALUES ($1, $2, $3, 'x', '{read}', 'x', 'x', now() + interval '1 day')`,
      [randomUUID(), p.provider, id],
    );
    await agent.patch('/api/v1/me').send({ language: 'ar' }).expect(200);
    // Consent links: one that works, one that has ended, and one of another address at which the person is named.
    const consents = `/api/v1/organisations/${other.supplier}/consents`;
    const link = (recipientEmail: string) =>
      other.owner.agent.post(consents).send({
        siteIds: [other.site],
        scopes: ['score'],
        purpose: 'Supply of cheese',
        until: daysAgo(-100),
        recipientName: name,
        recipientEmail,
      });
    const [working, ended, office] = (
      await Promise.all([link(email.toUpperCase()), link(email), link('office@shop.example')])
    ).map(({ body }) => body);
    await other.owner.agent.post(`${consents}/${ended.id}/revoke`).expect(200);
    const complaint = await p.owner.agent
      .post('/api/v1/complaints')
      // Its answer is kept for the owner.
      .set('idempotency-key', 'complains')
      .send({
        kind: 'complaint',
        about: 'assessment',
        subjectId: closed,
        text: `${name} (${email}) came late. Ask ${name.toUpperCase()}, or ${name}berg of x${email}.`,
      })
      .expect(201);
    const handler = await app.person('Somebody Handling', [[p.agency, 'decider']]);
    await handler.agent
      .post(`/api/v1/complaints/${complaint.body.id}/steps`)
      .send({ action: 'acknowledge', reason: `Spoke to ${name}.` })
      .expect(200);
    await app.idle();
    const before = await keptReports();
    const score = await p.owner.agent.get(`/api/v1/assessments/${closed}/score`).expect(200);
    const verified = await app.anonymous.get(`/api/v1/verify/${number}`).expect(200);
    await agent
      .delete('/api/v1/me')
      .send({ confirm: ` ${email.toUpperCase()} ` })
      .expect(204);
    await agent.get('/api/v1/me').expect(401);
    expect((await p.owner.agent.get(`/api/v1/assessments/${closed}/score`).expect(200)).body).toEqual(
      score.body,
    );
    expect((await app.anonymous.get(`/api/v1/verify/${number}`).expect(200)).body).toEqual(verified.body);
    const { body } = await p.owner.agent.get(`/api/v1/assessments/${closed}/gap-report`).expect(200);
    expect(body.assessment.assessor).toMatch(labelled);
    expect(
      (await app.sql(`SELECT name, email, lat, working_days FROM assessor WHERE id = $1`, [id]))[0],
    ).toEqual({
      name: expect.stringMatching(labelled),
      email: '',
      lat: null,
      working_days: [],
    });
    // The kept reports were made anew, without the name.
    const after = await keptReports();
    expect(after.filter((each) => before.includes(each))).toEqual([]);
    expect(
      await app.sql(`SELECT revoked_at IS NULL AS works FROM api_token WHERE created_by = $1`, [id]),
    ).toEqual([{ works: false }]);
    expect(await app.sql(`SELECT 1 FROM person_settings WHERE user_id = $1`, [id])).toEqual([]);
    // The links end, the ledger says so once, and the supplier sees that somebody had them.
    await app.anonymous.get(new URL(working.link).pathname).expect(404);
    await app.anonymous.get(new URL(office.link).pathname).expect(200);
    for (const grant of [working, ended, office]) {
      const read = await other.owner.agent.get(`${consents}/${grant.id}`).expect(200);
      expect(read.body).toMatchObject({
        recipient: expect.stringMatching(labelled),
        recipientEmail: grant === office ? 'office@shop.example' : `erased-${grant.id}@erased.invalid`,
        state: grant === office ? 'active' : 'revoked',
      });
      const steps = await app.sql(
        `SELECT kind FROM consent_event WHERE grant_id = $1 AND kind IN ('granted', 'changed', 'revoked') ORDER BY id`,
        [grant.id],
      );
      expect(steps.map(({ kind }) => kind)).toEqual(grant === office ? ['granted'] : ['granted', 'revoked']);
    }
    const kept = await handler.agent.get(`/api/v1/complaints/${complaint.body.id}`).expect(200);
    expect(kept.body.text).toMatch(
      /^(Former assessor \w{4}) \(\1\) came late\. Ask \1, or Assessor peopleberg of x/,
    );
    expect(kept.body.history[0].reason).toMatch(/^Spoke to Former assessor \w{4}\.$/);
    const [answer] = await app.sql(`DELETE FROM idempotency_key WHERE key = 'complains' RETURNING body`);
    expect(answer!['body'].text).toBe(kept.body.text);
    // Words that only begin or end like the name and the address stay.
    await app.sql(`UPDATE complaint SET text = '' WHERE id = $1`, [complaint.body.id]);
    await app.idle();
    await unbroken();
    // But for the printed name on the certificate.
    expect(await whereStill(email, name, 'Surgery')).toEqual([`public.certificate.facts: ${name}`]);
    await supertest(app.url)
      .post('/api/auth/sign-in/email')
      .send({ email, password: 'correct horse whatever' })
      .expect(401);
  });

  it('is forgotten on the certificate when its time and the retention have passed', async () => {
    await sweep();
    const facts = async () =>
      (await app.sql(`SELECT facts FROM certificate WHERE id = $1`, [certificate]))[0]!['facts'];
    expect((await facts()).assessment.assessor).toBe(p.assessor.name);
    const documents = await app.sql(`SELECT sha256 FROM document WHERE subject_id = $1`, [certificate]);
    expect(documents).toHaveLength(LOCALES.length);
    const files = documents.map(({ sha256 }) =>
      join(app.config.dataDir, 'documents', sha256.slice(0, 2), sha256),
    );
    await app.sql(
      `UPDATE certificate SET valid_until = current_date - interval '7 years 2 days' WHERE id = $1`,
      [certificate],
    );
    expect(files.map((file) => existsSync(file))).toEqual(LOCALES.map(() => true));
    await sweep(new Date(Date.now() + 2 * 86_400_000));
    expect(await app.sql(`SELECT 1 FROM document WHERE subject_id = $1`, [certificate])).toEqual([]);
    expect(files.map((file) => existsSync(file))).toEqual(LOCALES.map(() => false));
    expect((await keptReports()).length).toBe(LOCALES.length);
    expect((await facts()).assessment.assessor).toMatch(labelled);
    expect((await facts()).reviewer).toMatch(/^Former reviewer [0-9a-f]{4}$/);
    const trail = await app.sql(`SELECT body FROM audit_entry`);
    expect(trail.some(({ body }) => body.includes(p.assessor.name))).toBe(false);
    await unbroken();
  });

  it('is forgotten by the operator, too, and two owners who go at once leave one', async () => {
    const [one, two] = [
      await app.person('First owner', [[other.supplier, 'owner']]),
      await app.person('Second owner', [[other.supplier, 'owner']]),
    ];
    const third = await other.owner.agent.delete('/api/v1/me').send({ confirm: other.owner.email });
    expect(third.status).toBe(204);
    const statuses = await Promise.all(
      [one, two].map(
        async (who) => (await who.agent.delete('/api/v1/me').send({ confirm: who.email })).status,
      ),
    );
    expect(statuses.sort()).toEqual([204, 409]);
    const somebody = await app.person('Somebody');
    const cli = resolve(import.meta.dirname, '../../dist/apps/cli/src/main.js');
    const env = { ...process.env, DATABASE_URL: app.ownerUrl, UPLIFT_DATA_DIR: app.config.dataDir };
    const said = execFileSync(
      process.execPath,
      [cli, 'erase', 'person', somebody.email, '--confirm', somebody.email],
      { env },
    );
    expect(JSON.parse(said.toString())).toEqual({
      id: somebody.id,
      name: expect.stringMatching(/^Former member/),
    });
    await somebody.agent.get('/api/v1/me').expect(401);
    // Somebody without an account, of whom a supplier had entered name and address.
    const contact = { recipientName: 'Nadia Contact', recipientEmail: 'nadia@shop.example' };
    const grant = await p.owner.agent
      .post(`/api/v1/organisations/${p.supplier}/consents`)
      .send({ siteIds: [p.site], scopes: ['score'], purpose: 'Cheese', until: daysAgo(-9), ...contact })
      .expect(201);
    const path = new URL(grant.body.link).pathname;
    await app.anonymous.get(path).expect(200);
    await app.idle();
    const erase = (email: string) =>
      execFileSync(process.execPath, [cli, 'erase', 'person', email, '--confirm', email], {
        env,
        stdio: 'pipe',
      });
    expect(JSON.parse(erase('Nadia@shop.example').toString())).toEqual({
      id: null,
      name: expect.stringMatching(/^Former contact/),
    });
    await app.anonymous.get(path).expect(404);
    // The supplier is told that its consent has ended, and nobody writes to who was forgotten.
    await app.mail(p.owner.email, /Former contact/);
    await app.idle();
    expect(await whereStill(...Object.values(contact))).toEqual([]);
    expect(() => erase('nadia@shop.example')).toThrow(/unknown-person/);
    await unbroken();
  }, 120_000);
});

describe('a supplier that leaves', () => {
  it('has its owner say so, with its name', async () => {
    const leave = (who: Programme['owner'], body: object, id = p.supplier) =>
      who.agent.post(`/api/v1/organisations/${id}/leave`).send(body);
    await leave(p.manager, { confirm: 'Nile Dairy', reason: 'merged' }).expect(404);
    expect((await leave(p.owner, { confirm: 'Nile', reason: 'merged' }).expect(422)).body.code).toBe(
      'confirmation-wrong',
    );
    expect(
      (await leave(p.manager, { confirm: 'Agency people', reason: 'merged' }, p.agency).expect(409)).body
        .code,
    ).toBe('only-suppliers-leave');
    const consent = await p.owner.agent
      .post(`/api/v1/organisations/${p.supplier}/consents`)
      .send({ siteIds: [p.site], scopes: ['score'], purpose: 'x', until: daysAgo(-9), granteeId: p.buyer })
      .expect(201);
    await leave(p.owner, { confirm: 'Nile Dairy', reason: 'merged', note: 'Sold to a neighbour.' }).expect(
      204,
    );
    expect(
      await app.sql(`SELECT kind FROM consent_event WHERE grant_id = $1 AND kind <> 'notified' ORDER BY id`, [
        consent.body.id,
      ]),
    ).toEqual([{ kind: 'granted' }, { kind: 'revoked' }]);
    expect(
      (
        await leave(p.owner, {
          confirm: 'Nile Dairy',
          reason: 'merged',
          note: 'Sold to a neighbour.',
        }).expect(409)
      ).body.code,
    ).toBe('organisation-dissolved');
  });

  it('is out of its cohorts, unseen by buyers, and nothing new begins for it', async () => {
    expect(
      await app.sql(`SELECT exit_reason, exit_note FROM enrolment WHERE site_id = $1`, [p.site]),
    ).toEqual([{ exit_reason: 'merged', exit_note: 'Sold to a neighbour.' }]);
    await p.buyerPerson.agent.get(`/api/v1/sites/${p.site}`).expect(404);
    await p.manager.agent.get(`/api/v1/sites/${p.site}`).expect(200);
    await p.owner.agent.get(`/api/v1/assessments/${closed}`).expect(200);
    const cohort = await p.manager.agent
      .post('/api/v1/cohorts')
      .send({ programmeId: p.programme, name: 'Next', startsOn: daysAgo(1) })
      .expect(201);
    const { joiningCode } = (
      await p.manager.agent.post(`/api/v1/cohorts/${cohort.body.id}/joining-code`).expect(201)
    ).body;
    for (const request of [
      p.owner.agent
        .post(`/api/v1/cohorts/${cohort.body.id}/enrolments`)
        .send({ siteId: p.site, enrolledOn: daysAgo(0), joiningCode }),
      p.owner.agent.post('/api/v1/sites').send({ organisationId: p.supplier, name: 'New', country: 'EG' }),
    ])
      expect((await request.expect(409)).body.code).toBe('organisation-dissolved');
  });

  it('loses its names when the longest retention of its programmes has passed, and no sooner', async () => {
    const name = async () =>
      (
        await app.sql(
          `SELECT o.name, s.name AS site, s.city FROM organisation o JOIN site s ON s.organisation_id = o.id WHERE o.id = $1`,
          [p.supplier],
        )
      )[0];
    await app.sql(`UPDATE programme SET audit_retention_years = 9 WHERE id = $1`, [p.programme]);
    await app.sql(`UPDATE organisation SET dissolved_at = now() - interval '8 years' WHERE id = $1`, [
      p.supplier,
    ]);
    await sweep();
    expect(await name()).toMatchObject({ name: 'Nile Dairy' });
    await app.sql(`UPDATE organisation SET dissolved_at = now() - interval '9 years 1 day' WHERE id = $1`, [
      p.supplier,
    ]);
    await sweep();
    expect(await name()).toEqual({
      name: expect.stringMatching(/^Former supplier [0-9a-f]{4}$/),
      site: expect.stringMatching(/^Former site [0-9a-f]{4}$/),
      city: '',
    });
    const [last] = await app.sql(
      `SELECT body::jsonb AS body FROM audit_entry WHERE organisation_id = $1 AND subject = 'organisation' ORDER BY seq DESC LIMIT 1`,
      [p.supplier],
    );
    expect(last!['body'].rows[0].before.name).toEqual({ personal: true });
    expect((await app.anonymous.get(`/api/v1/verify/${number}`).expect(200)).text).not.toContain(
      'Nile Dairy',
    );
    await unbroken();
  });
});

describe('the retention', () => {
  it('is data that its schema describes', () => {
    const validate = schema('retention');
    expect([validate(retentionRules()), validate.errors]).toEqual([true, null]);
    expect(validate({ ...retentionRules(), rules: [] })).toBe(false);
  });

  it('lets go of mails, keys and sessions in time, by the rights of the worker', async () => {
    const mail = join(app.config.dataDir, 'mail');
    mkdirSync(mail, { recursive: true });
    for (const [name, days] of [
      ['old', 91],
      ['new', 89],
    ] as const) {
      writeFileSync(join(mail, `${name}.eml`), 'x');
      const then = new Date(Date.now() - days * 86_400_000);
      utimesSync(join(mail, `${name}.eml`), then, then);
    }
    await app.sql(
      `INSERT INTO idempotency_key (id, user_id, key, request_hash, created_at) VALUES (gen_random_uuid(), 'x', 'old', '', now() - interval '8 days'), (gen_random_uuid(), 'x', 'new', '', now())`,
    );
    await app.sql(
      `INSERT INTO auth.attempt (key, count, seen_at, blocked_until) VALUES ('old', 1, now() - interval '2 days', now() - interval '2 days')`,
    );
    await app.sql(
      `INSERT INTO invitation (id, organisation_id, email, role, token_hash, invited_by, expires_at)
       VALUES (gen_random_uuid(), $1, 'never.came@example.org', 'viewer', 'never', 'x', now() - interval '91 days')`,
      [p.supplier],
    );
    await app.sql(
      `UPDATE auth.session SET "expiresAt" = now() - interval '2 days' WHERE "userId"::text = $1`,
      [p.reviewer.id],
    );
    expect(await sweep()).toMatchObject({ mails: 1, 'idempotency-keys': 1, 'sign-in': 2, invitations: 1 });
    expect([existsSync(join(mail, 'old.eml')), existsSync(join(mail, 'new.eml'))]).toEqual([false, true]);
    expect(await sweep()).toMatchObject({ mails: 0, 'idempotency-keys': 0, 'sign-in': 0, invitations: 0 });
  });
});

/** SHA-256 of the gap reports that are kept, as soon as there is one in each language. */
const keptReports = async (): Promise<string[]> =>
  waitFor(
    async () => {
      const rows = await app.sql(`SELECT sha256 FROM document WHERE subject_id = $1`, [closed]);
      return rows.length === LOCALES.length ? rows.map(({ sha256 }) => sha256 as string) : null;
    },
    { what: 'the kept reports', deadlineMs: 60_000 },
  );

/** Every text of the whole database that holds one of the words, whatever table or schema it is in. */
async function whereStill(...words: string[]): Promise<string[]> {
  const columns = await app.sql(
    `SELECT format('%I.%I', table_schema, table_name) AS t, quote_ident(column_name) AS c FROM information_schema.columns
      WHERE table_schema NOT IN ('pg_catalog', 'information_schema')
        AND data_type IN ('text', 'character varying', 'character', 'jsonb', 'json', 'USER-DEFINED', 'ARRAY') ORDER BY 1, 2`,
  );
  expect(columns.length).toBeGreaterThan(150);
  const found: string[] = [];
  for (const { t, c } of columns) {
    const [row] = await app.sql(
      `SELECT ARRAY(SELECT w FROM unnest($1::text[]) w WHERE EXISTS (SELECT 1 FROM ${t} WHERE strpos(lower(${c}::text), lower(w)) > 0)) AS words`,
      [words],
    );
    for (const word of row!['words']) found.push(`${t}.${c}: ${word}`);
  }
  return found;
}

/** As the worker does it every night, with no more rights than it has. */
async function sweep(now?: Date): Promise<Record<string, number>> {
  const source = await openDataSource(app.config.databaseUrl, { poolSize: 1, role: 'uplift_worker' });
  try {
    const db = new Database(source);
    const evidence = new EvidenceKeeper(db, evidenceObjects(app.config), evidenceUploads(app.config));
    return await new Retention(db, app.config.dataDir, evidence).sweep(now);
  } finally {
    await source.destroy();
  }
}
