import { LOCALES } from '#domain';
import { makeQueue, type JobQueue } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  basicRequirements,
  bytes,
  daysAgo,
  finish,
  openAssessment,
  letBuyersSee,
  seedProgramme,
  startApp,
  type Person,
  type Programme,
  type TestApp,
} from '../support/app.js';
import { type Mail, mailsIn } from '../support/mail.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
let p: Programme;
let queue: JobQueue;
let baseline: string;
let followUp: string;

beforeAll(async () => {
  app = await startApp('worker-test');
  p = await seedProgramme(app);
  await letBuyersSee(p, ['certificate', 'answers']);
  queue = makeQueue(app.config);
}, 120_000);
afterAll(async () => {
  await queue?.close();
  await app?.stop();
});

const answersFor = async (version: string, verdict: (index: number) => string) =>
  (await basicRequirements(app, version)).map(({ code }, index) => ({
    requirement: code,
    answer: verdict(index),
  }));

const shift = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** Runs the daily sweep as of an instant, to the end of everything it has put into the queue. */
async function sweep(at: string): Promise<void> {
  const id = `sweep-${randomUUID()}`;
  await queue.add('daily-sweep', { at }, { jobId: id });
  await waitFor(async () => (await queue.getJob(id))?.isCompleted(), {
    what: 'the sweep',
    deadlineMs: 30_000,
  });
  await settled();
}

/** Nothing in the outbox, nothing waiting or running in the queue. */
async function settled(): Promise<void> {
  await waitFor(
    async () => {
      const [row] = await app.sql(`SELECT count(*)::int AS n FROM outbox WHERE taken_at IS NULL`);
      const counts = await queue.getJobCounts('waiting', 'active', 'prioritized');
      return row!['n'] === 0 && Object.values(counts).every((count) => count === 0);
    },
    { what: 'the worker to be done', deadlineMs: 60_000 },
  );
}

const mailsTo = (person: Person, about: (mail: Mail) => boolean = () => true): Mail[] =>
  mailsIn(app.config.dataDir, (mail) => mail.to === person.email && about(mail));

const kept = async (kind: string, id: string): Promise<Record<string, string>> => {
  const rows = await waitFor(
    async () => {
      const found = await app.sql(
        `SELECT language, sha256 FROM document WHERE kind = $1 AND subject_id = $2`,
        [kind, id],
      );
      return found.length === LOCALES.length ? found : null;
    },
    { what: `the ${kind} in every language`, deadlineMs: 60_000 },
  );
  return Object.fromEntries(rows.map((row) => [row['language'], row['sha256']]));
};

const fetchPdf = (person: Person, path: string) =>
  person.agent.get(path).buffer(true).parse(bytes).expect(200);
const sha256 = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

describe('what people choose for themselves', () => {
  it('has a language and a time zone, changed one by one', async () => {
    const before = await p.assessor.agent.get('/api/v1/me').expect(200);
    expect(before.body).toMatchObject({ userId: p.assessor.id, language: null, timeZone: null });
    expect(before.body.memberships).toHaveLength(1);
    await p.assessor.agent.patch('/api/v1/me').send({ language: 'es' }).expect(200);
    const after = await p.assessor.agent.patch('/api/v1/me').send({ timeZone: 'Africa/Cairo' }).expect(200);
    expect(after.body).toMatchObject({ language: 'es', timeZone: 'Africa/Cairo' });
    const wrong = await p.assessor.agent.patch('/api/v1/me').send({ timeZone: 'Nile/Delta' }).expect(422);
    expect(wrong.body.code).toBe('settings-invalid');
    expect((await p.assessor.agent.patch('/api/v1/me').send({ language: 'xx' }).expect(422)).body.code).toBe(
      'settings-invalid',
    );
    await p.reviewer.agent.patch('/api/v1/me').send({ language: 'ar' }).expect(200);
    const back = await p.reviewer.agent.patch('/api/v1/me').send({ language: null }).expect(200);
    expect(back.body.language).toBeNull();
  });
});

describe('invitations', () => {
  let visit: { id: string; plannedOn: string };
  const about = (method: string) => (mail: Mail) =>
    mail.file.startsWith(`visit-${visit.id}`) && mail.content.includes(`METHOD:${method}`);
  const sequenceOf = (mail: Mail): number => Number(/SEQUENCE:(\d+)/.exec(mail.content)![1]);

  it('go to the assessor and the owner of the site, each in their language', async () => {
    await app.sql(`UPDATE site SET categories = '{dairy,camel-cheese}' WHERE id = $1`, [p.site]);
    await p.buyerPerson.agent
      .post(`/api/v1/buyers/${p.buyer}/rules`)
      .send({
        format: 'uplift.buyer-rule/1',
        buyer: 'buyer',
        rule: 'listing',
        version: '1',
        title: 'Basic, 80 points',
        translations: { es: { title: 'Básico, 80 puntos' } },
        categories: ['*'],
        checklist: 'food-manufacturing',
        level: 'basic',
        profile: 'programme-default',
        minPoints: 80,
        maxAgeDays: 365,
      })
      .expect(201);
    baseline = (await openAssessment(p, { assessedOn: daysAgo(30) })).id;
    await finish(p, baseline, await answersFor('2', (index) => (index < 6 ? 'major' : 'conform')));
    visit = await waitFor(
      async () => {
        const { body } = await p.assessor.agent
          .get(`/api/v1/visits?siteId=${p.site}&state=planned`)
          .expect(200);
        return body.items[0];
      },
      { what: 'a planned visit', deadlineMs: 30_000 },
    );
    await settled();
    const [toAssessor] = mailsTo(p.assessor, about('REQUEST'));
    const [toOwner] = mailsTo(p.owner, about('REQUEST'));
    expect(toAssessor!.subject).toContain('Visita al sitio el');
    expect(toAssessor!.content).toContain('SUMMARY:Visita al sitio: Site one');
    // The owner has chosen nothing: the site's language.
    expect(toOwner!.content).toContain('dir="rtl"');
    expect(toOwner!.content).toContain('SUMMARY:زيارة الموقع');
    expect([sequenceOf(toAssessor!), sequenceOf(toOwner!)]).toEqual([0, 0]);
    // The same again changes nothing.
    await queue.add('visit-planned', { visitId: visit.id }, { jobId: `again-${visit.id}` });
    await settled();
    expect(mailsIn(app.config.dataDir, about('REQUEST'))).toHaveLength(2);
  });

  it('are called off for an assessor who is replaced, and go to the new one', async () => {
    const second = await app.person('Second assessor', [[p.provider, 'assessor']]);
    await app.sql(
      `INSERT INTO assessor (id, organisation_id, name, email, part, country, lat, lon, competences, languages, working_days, max_visits_per_week)
       VALUES ($1, $2, $3, $4, 'assessor', 'EG', 30, 31.2, '{food-manufacturing}', '{ar}', '{7,1,2,3,4}', 4)`,
      [second.id, p.provider, second.name, second.email],
    );
    await p.assessor.agent
      .post(`/api/v1/assessors/${p.assessor.id}/absences`)
      .send({ from: daysAgo(0), to: daysAgo(-300), reason: 'leave' })
      .expect(201);
    await waitFor(() => mailsTo(second, about('REQUEST'))[0], {
      what: 'the new invitation',
      deadlineMs: 30_000,
    });
    await settled();
    const [cancelled] = mailsTo(p.assessor, about('CANCEL'));
    expect(sequenceOf(cancelled!)).toBeGreaterThan(0);
    expect(cancelled!.content).toContain('STATUS:CANCELLED');
    expect(cancelled!.subject).toContain('cancelada');
    const owner = mailsTo(p.owner, about('REQUEST')).map(sequenceOf);
    expect(owner).toHaveLength(2);
    expect(owner[1]).toBeGreaterThan(owner[0]!);
    expect(mailsTo(p.owner, about('CANCEL'))).toEqual([]);
  });

  it('are called off for everybody when the need is gone', async () => {
    followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(2) })).id;
    await finish(p, followUp, await answersFor('2', (index) => (index < 4 ? 'minor' : 'conform')));
    await waitFor(() => mailsTo(p.owner, about('CANCEL'))[0], {
      what: 'the cancellation',
      deadlineMs: 30_000,
    });
    await settled();
    expect(mailsIn(app.config.dataDir, about('CANCEL'))).toHaveLength(3);
  });
});

describe('documents', () => {
  let certificate: { id: string; number: string };

  it('keeps the gap report of a closed assessment and serves it by its hash', async () => {
    const hashes = await kept('gap-report', followUp);
    for (const lang of LOCALES) {
      const path = `/api/v1/assessments/${followUp}/gap-report.pdf?lang=${lang}`;
      const pdf = await fetchPdf(p.owner, path);
      expect(pdf.headers['etag']).toBe(`"${hashes[lang]}"`);
      expect(sha256(pdf.body as Buffer)).toBe(hashes[lang]);
      await p.owner.agent.get(path).set('if-none-match', pdf.headers['etag']!).expect(304);
    }
    // A buyer sees its own rules alone, so it never gets the supplier's document.
    const buyers = await fetchPdf(p.buyerPerson, `/api/v1/assessments/${followUp}/gap-report.pdf`);
    expect(buyers.headers['etag']).not.toBe(`"${hashes['en']}"`);
    await expect(app.sql(`UPDATE document SET size = 1`)).rejects.toThrow('immutable');
  });

  it('names rules and categories in the reader’s language, unknown ones as they were entered', async () => {
    const { body } = await p.owner.agent
      .get(`/api/v1/assessments/${followUp}/gap-report?lang=es`)
      .expect(200);
    expect(body.buyers.map((line: { category: string }) => line.category).sort()).toEqual([
      'camel-cheese',
      'productos lácteos',
    ]);
    expect(body.buyers[0].rule).toBe('Básico, 80 puntos');
    const arabic = await p.owner.agent.get(`/api/v1/assessments/${followUp}/gap-report?lang=ar`).expect(200);
    expect(arabic.body.buyers[0].rule).toBe('Basic, 80 points');
  });

  it('keeps a certificate as it was issued, whatever becomes of it', async () => {
    const proposed = await p.reviewer.agent
      .post('/api/v1/certificates')
      .send({ assessmentId: followUp })
      .expect(201);
    certificate = proposed.body;
    const decide = (body: object) =>
      p.decider.agent.post(`/api/v1/certificates/${certificate.id}/decision`).send(body).expect(200);
    await decide({ action: 'issue' });
    const hashes = await kept('certificate', certificate.id);
    const path = `/api/v1/certificates/${certificate.id}/certificate.pdf?lang=ar`;
    const issued = await fetchPdf(p.owner, path);
    expect(issued.headers['etag']).toBe(`"${hashes['ar']}"`);
    await decide({ action: 'suspend', reason: 'A required visit was refused.' });
    await settled();
    const suspended = await fetchPdf(p.owner, path);
    expect((suspended.body as Buffer).equals(issued.body as Buffer)).toBe(true);
    await p.owner.agent.get(path).set('if-none-match', issued.headers['etag']!).expect(304);
    const page = await app.anonymous.get(`/verify/${certificate.number}?lang=es`).expect(200);
    expect(page.text).toContain('Suspendido');
    expect(page.text).toContain('productos lácteos');
    expect(await kept('certificate', certificate.id)).toEqual(hashes);
    await decide({ action: 'restore', reason: 'The visit was made.' });
  });

  it('mails about it in each reader’s language', async () => {
    await settled();
    const [owner] = mailsTo(p.owner, (mail) => mail.subject.includes('صدرت الشهادة'));
    expect(owner!.content).toContain('dir="rtl"');
  });

  it('renders anew, without an ETag, what the store has lost or damaged', async () => {
    const { es, en } = await kept('certificate', certificate.id);
    const file = (hash: string) => join(app.config.dataDir, 'documents', hash.slice(0, 2), hash);
    rmSync(`${file(es!)}.json`);
    writeFileSync(file(en!), 'a forgery');
    for (const lang of ['es', 'en']) {
      const pdf = await fetchPdf(
        p.owner,
        `/api/v1/certificates/${certificate.id}/certificate.pdf?lang=${lang}`,
      );
      expect((pdf.body as Buffer).subarray(0, 4).toString()).toBe('%PDF');
      expect([es, en].map((hash) => `"${hash}"`)).not.toContain(pdf.headers['etag']);
    }
  });

  it('reminds of the end of the certificate 90, 60 and 30 days before and on its last day', async () => {
    const [row] = await app.sql(`SELECT valid_until::text AS until FROM certificate WHERE id = $1`, [
      certificate.id,
    ]);
    const mails = () => mailsTo(p.owner, (mail) => mail.file.startsWith('certificate-expiring')).length;
    for (const [days, expected] of [
      [90, 1],
      [89, 1],
      [60, 2],
      [30, 3],
      [0, 4],
    ] as const) {
      await sweep(`${shift(row!['until'], -days)}T03:00:00Z`);
      await sweep(`${shift(row!['until'], -days)}T09:00:00Z`);
      expect([days, mails()]).toEqual([days, expected]);
    }
    expect(
      mailsTo(p.owner, (mail) => mail.subject.includes('تنتهي الشهادة') && mail.subject.includes('اليوم')),
    ).toHaveLength(1);
  }, 60_000);
});

describe('reminders', () => {
  const digests = (person: Person) => mailsTo(person, (mail) => mail.file.startsWith('findings-due'));

  it('gather the findings of a site in one mail a day: a week ahead, on the day, weekly when overdue', async () => {
    // The profile of the test sets no deadlines of its own.
    const due = daysAgo(-20);
    const set = await app.sql(`UPDATE finding SET due_on = $2 WHERE assessment_id = $1 RETURNING 1`, [
      followUp,
      due,
    ]);
    expect(set).toHaveLength(4);
    // The baseline's findings are answered by the follow-up: nobody is reminded of them.
    await app.sql(`UPDATE finding SET due_on = $2 WHERE assessment_id = $1`, [baseline, due]);
    await p.owner.agent.patch('/api/v1/me').send({ language: 'en' }).expect(200);
    // Late in the evening in UTC it is the next day in Cairo, and the programme's day counts.
    await sweep(`${shift(due, -8)}T20:30:00Z`);
    expect(digests(p.owner)).toHaveLength(0);
    await sweep(`${shift(due, -8)}T23:30:00Z`);
    await sweep(`${shift(due, -7)}T03:00:00Z`);
    expect(digests(p.owner)).toHaveLength(1);
    expect(digests(p.owner)[0]!.subject).toBe('4 corrective actions are due or overdue: Site one');
    await sweep(`${shift(due, -6)}T03:00:00Z`);
    expect(digests(p.owner)).toHaveLength(1);
    await sweep(`${due}T03:00:00Z`);
    expect(digests(p.owner)).toHaveLength(2);
    await sweep(`${shift(due, 3)}T03:00:00Z`);
    await sweep(`${shift(due, 7)}T03:00:00Z`);
    await sweep(`${shift(due, 7)}T04:00:00Z`);
    expect(digests(p.owner)).toHaveLength(3);
    expect(digests(p.owner)[2]!.content).toContain('overdue since');
  }, 60_000);

  it('say to the assessor and the site that a visit is a week away, and that it is tomorrow', async () => {
    const visit = randomUUID();
    const day = daysAgo(-400);
    await app.sql(
      `INSERT INTO visit (id, site_id, cohort_id, state, earliest, due, latest, reason, assessor_id, planned_on)
       VALUES ($1, $2, $3, 'planned', $4, $4, $4, 'score-band', $5, $4)`,
      [visit, p.site, p.cohort, day, p.assessor.id],
    );
    const mails = (person: Person) =>
      mailsTo(person, (mail) => mail.file.startsWith(`visit-soon-${visit}`)).map((mail) => mail.subject);
    for (const days of [-8, -7, -7, -3, -1]) {
      const at = new Date(`${shift(day, days)}T05:00:00Z`);
      const id = `remind-${randomUUID()}`;
      await app.sql(`UPDATE visit SET state = 'planned', assessor_id = $2, planned_on = $3 WHERE id = $1`, [
        visit,
        p.assessor.id,
        day,
      ]);
      await queue.add('daily-sweep', { at: at.toISOString() }, { jobId: id });
      await waitFor(async () => (await queue.getJob(id))?.isCompleted(), { what: 'the sweep' });
      await settled();
    }
    expect(mails(p.assessor).sort()).toEqual([
      expect.stringMatching(/^Mañana: visita al sitio/),
      expect.stringMatching(/^Visita al sitio dentro de 7 días/),
    ]);
    expect(mails(p.owner)).toHaveLength(2);
  }, 60_000);

  it('tell the programme’s managers of sites that nobody has assessed', async () => {
    const site = await p.owner.agent
      .post('/api/v1/sites')
      .send({ organisationId: p.supplier, name: 'Forgotten site', country: 'EG' })
      .expect(201);
    await p.owner.agent
      .post(`/api/v1/cohorts/${p.cohort}/enrolments`)
      .send({ siteId: site.body.id, enrolledOn: daysAgo(10), joiningCode: p.joiningCode })
      .expect(201);
    const mails = () =>
      mailsTo(p.manager, (mail) => mail.file.startsWith('sites-never-assessed')).map((mail) => mail.content);
    await sweep(`${daysAgo(-19)}T03:00:00Z`);
    expect(mails()).toHaveLength(0);
    await sweep(`${daysAgo(-20)}T03:00:00Z`);
    await sweep(`${daysAgo(-20)}T10:00:00Z`);
    await sweep(`${daysAgo(-21)}T03:00:00Z`);
    expect(mails()).toHaveLength(1);
    expect(mails()[0]).toContain('Forgotten site');
    expect(mails()[0]).not.toContain('Site one');
  }, 60_000);
});
