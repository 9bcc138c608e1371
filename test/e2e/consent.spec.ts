import { LOCALES } from '#domain';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  basicRequirements,
  bytes,
  daysAgo,
  finish,
  openAssessment,
  seedProgramme,
  startApp,
  type Person,
  type Programme,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
/** The supplier's own programme. */
let p: Programme;
/** Another programme, whose buyer knows nothing of the supplier. */
let q: Programme;
let codes: string[];
let closed: string;
let certificate: { id: string; number: string };
const until = daysAgo(-60);

beforeAll(async () => {
  app = await startApp('consent-test');
  p = await seedProgramme(app, 'one', { supplier: 'Nile <Dairy> & Sons', site: 'Plant نيل' });
  q = await seedProgramme(app, 'two');
  codes = (await basicRequirements(app, '2')).map(({ code }) => code);
  closed = (await openAssessment(p, {})).id;
  await finish(
    p,
    closed,
    codes.map((requirement, index) => ({
      requirement,
      answer: index === 0 ? 'minor' : 'conform',
      ...(index === 0 && { note: 'A secret note' }),
    })),
  );
  await waitFor(
    async () =>
      (await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1`, [closed])).length > 0,
    { what: 'the score', deadlineMs: 60_000 },
  );
}, 180_000);
afterAll(() => app?.stop());

const consents = () => `/api/v1/organisations/${p.supplier}/consents`;
const give = async (input: object, status = 201) =>
  (
    await p.owner.agent
      .post(consents())
      .send({ siteIds: [p.site], scopes: ['score'], purpose: 'Supply of cheese', until, ...input })
      .expect(status)
  ).body;
const giveLink = (scopes: string[], language = 'en') =>
  give({ scopes, recipientName: 'Ann Buyer', recipientEmail: 'ann@shop.example', language });
const take = (id: string) => p.owner.agent.post(`${consents()}/${id}/revoke`).expect(200);
const path = (link: string): string => new URL(link).pathname;
const ledger = async (id: string): Promise<{ kind: string; by: string; recipient: string }[]> =>
  (await p.owner.agent.get(`${consents()}/ledger?limit=200`).expect(200)).body.items
    .filter((event: { grantId: string }) => event.grantId === id)
    .reverse();
const mails = (): string[] => {
  try {
    const folder = join(app.config.dataDir, 'mail');
    return readdirSync(folder).map((name) => `${name}\n${readFileSync(join(folder, name), 'utf8')}`);
  } catch {
    return [];
  }
};
const lettersOf = (id: string, step: string) =>
  mails().filter((mail) => mail.startsWith(`consent-${id}-${step}`));
const sweep = async () => {
  await app.sql(`INSERT INTO outbox (id, name, payload) VALUES ($1, 'daily-sweep', '{}')`, [randomUUID()]);
};

describe('one assessment serves many buyers', () => {
  /** The supplier's lines in the other buyer's list, where that buyer's own suppliers are as well. */
  const rows = async () =>
    (
      (await q.buyerPerson.agent.get(`/api/v1/buyers/${q.buyer}/suppliers`).expect(200)).body as {
        siteId: string;
        body: { conditions: { requirements: string[] }[]; cheapestPath: unknown };
      }[]
    ).filter(({ siteId }) => siteId === p.site);
  let consent: { id: string; scopes: string[]; revision: number };
  const findingsOfSite = async () =>
    (await q.buyerPerson.agent.get(`/api/v1/findings?siteId=${p.site}`).expect(200)).body.items;

  it('a buyer of another programme is found by name, and sees nothing before', async () => {
    const { body } = await p.owner.agent.get('/api/v1/directory?search=buyer%20two').expect(200);
    expect(body).toEqual([{ id: q.buyer, name: 'Buyer two', kind: 'buyer', country: 'EG' }]);
    expect((await p.owner.agent.get('/api/v1/directory?search=supplier').expect(200)).body).toEqual([]);
    await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}`).expect(404);
    await q.buyerPerson.agent.get(`/api/v1/sites/${p.site}/readiness`).expect(404);
    expect(await rows()).toEqual([]);
  });

  it('is granted answers, publishes its rule, and sees readiness for the supplier', async () => {
    consent = await give({ granteeId: q.buyer, scopes: ['answers'] });
    expect(consent.scopes).toEqual(['score', 'section-scores', 'answers']);
    await q.buyerPerson.agent
      .post(`/api/v1/buyers/${q.buyer}/rules`)
      .send({
        format: 'uplift.buyer-rule/1',
        buyer: 'two',
        rule: 'listing',
        version: '1',
        title: 'Every item',
        categories: ['*'],
        checklist: 'food-manufacturing',
        level: 'basic',
        profile: 'programme-default',
        minPoints: 50,
        mandatoryItems: [codes[0]],
        maxAgeDays: 365,
      })
      .expect(201);
    const [row] = await waitFor(async () => ((await rows()).length > 0 ? rows() : null), {
      what: 'readiness of the supplier at the other buyer',
      deadlineMs: 60_000,
    });
    expect(row).toMatchObject({ siteId: p.site, status: 'not-ready', organisation: 'Nile <Dairy> & Sons' });
    expect(JSON.stringify(row!.body)).toContain(codes[0]);
    const { body } = await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}`).expect(200);
    expect(body.responses).toHaveLength(codes.length);
    await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}/gap-report`).expect(200);
    expect(await findingsOfSite()).toMatchObject([{ requirement: codes[0], closedOn: null }]);
    await q.buyerPerson.agent.get(`/api/v1/sites/${p.site}/gains`).expect(200);
    // The document kept for the supplier names other buyers' rules; a grantee gets one made for them.
    const document = await q.buyerPerson.agent
      .get(`/api/v1/assessments/${closed}/gap-report.pdf`)
      .expect(200);
    expect(document.headers).not.toHaveProperty('etag');
    for (const path of [`cohorts/${p.cohort}/gains`, `programmes/${p.programme}/gains`])
      await q.buyerPerson.agent.get(`/api/v1/${path}`).expect(404);
    // Certificates and visits were not granted; nor is it anybody's to work on.
    await q.buyerPerson.agent.get(`/api/v1/sites/${p.site}/certificates`).expect(403);
    expect((await q.buyerPerson.agent.get('/api/v1/visits').expect(200)).body.items).toEqual([]);
    await q.owner.agent.get(`/api/v1/assessments/${closed}`).expect(404);
    const received = (await q.buyerPerson.agent.get('/api/v1/consents/received').expect(200)).body;
    expect(received).toEqual([
      expect.objectContaining({
        id: consent.id,
        supplier: 'Nile <Dairy> & Sons',
        state: 'active',
        sites: [{ id: p.site, name: 'Plant نيل' }],
      }),
    ]);
  });

  it('sees how many are missing, not which, once only the score is left', async () => {
    // While answers are granted, so is what is proof of them.
    const inside = async (who: Person) => {
      const one = (await who.agent.get(`/api/v1/assessments/${closed}`).expect(200)).body;
      const [listed] = (await who.agent.get(`/api/v1/assessments?siteId=${p.site}`).expect(200)).body.items;
      const of = ({ lockHash, assessorId, reviewerId }: Record<string, unknown>) => ({
        lockHash,
        assessorId,
        reviewerId,
      });
      expect(of(listed)).toEqual(of(one));
      return of(one);
    };
    const known = await inside(p.owner);
    expect(known).toEqual({
      lockHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      assessorId: p.assessor.id,
      reviewerId: p.reviewer.id,
    });
    for (const who of [p.manager, p.assessor, q.buyerPerson]) expect(await inside(who)).toEqual(known);
    // Nor does the charter's buyer, who sees sections and no answers, get something to try guesses against.
    const hidden = { lockHash: null, assessorId: null, reviewerId: null };
    expect(await inside(p.buyerPerson)).toEqual(hidden);
    const stale = await p.owner.agent
      .patch(`${consents()}/${consent.id}`)
      .set('if-match', '"7"')
      .send({ scopes: ['score'] })
      .expect(412);
    expect(stale.body.code).toBe('stale-revision');
    const changed = await p.owner.agent
      .patch(`${consents()}/${consent.id}`)
      .set('if-match', `"${consent.revision}"`)
      .send({ scopes: ['score'] })
      .expect(200);
    expect(changed.headers['etag']).toBe(`"${consent.revision + 1}"`);
    expect(JSON.stringify((await rows())[0]!.body)).not.toContain(codes[0]);
    const score = (await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}/score`).expect(200)).body;
    expect(score.asFound).toMatchObject({ status: 'scored', counts: { total: codes.length } });
    expect(JSON.stringify(score)).not.toContain(codes[0]);
    expect(score.asFound).not.toHaveProperty('sections');
    const assessment = (await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}`).expect(200)).body;
    expect(assessment).not.toHaveProperty('responses');
    expect(await inside(q.buyerPerson)).toEqual(hidden);
    for (const tail of ['findings', 'gap-report', 'gap-report.pdf'])
      expect(
        (await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}/${tail}`).expect(403)).body.code,
      ).toBe('scope-required');
    await q.buyerPerson.agent.get(`/api/v1/sites/${p.site}/gains`).expect(403);
    expect(await findingsOfSite()).toEqual([]);
  });

  it('loses it all with the next request once it is taken back', async () => {
    await take(consent.id);
    expect(await rows()).toEqual([]);
    await q.buyerPerson.agent.get(`/api/v1/assessments/${closed}`).expect(404);
    await q.buyerPerson.agent.get(`/api/v1/sites/${p.site}`).expect(404);
    const [received] = (await q.buyerPerson.agent.get('/api/v1/consents/received').expect(200)).body;
    expect(received).toMatchObject({ state: 'revoked', sites: [] });
    expect((await p.owner.agent.post(`${consents()}/${consent.id}/revoke`).expect(409)).body.code).toBe(
      'transition-not-allowed',
    );
    expect(
      (
        await p.owner.agent
          .patch(`${consents()}/${consent.id}`)
          .send({ scopes: ['score'] })
          .expect(409)
      ).body.code,
    ).toBe('transition-not-allowed');
  });

  it('every step is in the ledger, and both sides were told', async () => {
    const events = await waitFor(
      async () => {
        const found = await ledger(consent.id);
        return found.filter(({ kind }) => kind === 'notified').length === 3 ? found : null;
      },
      { what: 'three letters', deadlineMs: 60_000 },
    );
    expect(events.filter(({ kind }) => kind !== 'notified').map(({ kind, by }) => [kind, by])).toEqual([
      ['granted', 'Owner one'],
      ['viewed', 'Buyer two'],
      ['changed', 'Owner one'],
      ['revoked', 'Owner one'],
    ]);
    for (const step of ['granted', 'changed', 'revoked']) {
      const letters = lettersOf(consent.id, step).join('\n');
      expect(letters).toContain(q.buyerPerson.email);
      expect(letters).toContain(p.owner.email);
    }
  });
});

describe('a link', () => {
  it('shows a buyer without an account exactly what was granted, in every language', async () => {
    const { id, link } = await giveLink(['score']);
    for (const lang of LOCALES) {
      const dir = lang === 'ar' ? 'rtl' : 'ltr';
      const answer = await app.anonymous.get(`${path(link)}?lang=${lang}`).expect(200);
      expect(answer.text).toContain(`<html lang="${lang}" dir="${dir}">`);
      expect(answer.text).toContain('Nile &lt;Dairy&gt; &amp; Sons');
      expect(Buffer.byteLength(answer.text)).toBeLessThan(30_000);
      expect(answer.text).not.toMatch(/<script|javascript:/i);
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': 'noindex, nofollow',
      });
      expect(answer.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'nonce-/);
    }
    const { text } = await app.anonymous.get(path(link)).expect(200);
    // A score with what it is out of; no item, no note, no section, no certificate.
    expect(text).toContain(`${codes.length - 1} of ${codes.length} conform`);
    expect(text).not.toContain(codes[0]);
    expect(text).not.toContain('A secret note');
    expect(text).not.toContain('Certificates');
    await app.anonymous.get(`${path(link)}/assessments/${closed}/gap-report`).expect(404);
    await take(id);
  });

  it('has the gap report and the findings as pages and PDF where they are granted', async () => {
    const { id, link } = await giveLink(['answers', 'corrective-actions']);
    const { text } = await app.anonymous.get(path(link)).expect(200);
    expect(text).toContain(codes[0]);
    await app.anonymous
      .get(`${path(link)}/assessments/${closed}/gap-report`)
      .expect(200)
      .expect('content-type', /text\/html/);
    const report = await app.anonymous
      .get(`${path(link)}/assessments/${closed}/gap-report.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(report.body.subarray(0, 4).toString()).toBe('%PDF');
    expect(report.headers['cache-control']).toBe('no-store');
    await take(id);
  });

  it('has certificates where they are granted, and nothing else then', async () => {
    certificate = (
      await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: closed }).expect(201)
    ).body;
    const { id, link } = await giveLink(['certificate']);
    expect((await app.anonymous.get(path(link)).expect(200)).text).toContain(
      'No certificate has been issued.',
    );
    await p.decider.agent
      .post(`/api/v1/certificates/${certificate.id}/decision`)
      .send({ action: 'issue' })
      .expect(200);
    const { text } = await app.anonymous.get(path(link)).expect(200);
    expect(text).toContain(certificate.number);
    expect(text).not.toContain('conform</p>');
    const document = await app.anonymous
      .get(`${path(link)}/certificates/${certificate.id}.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(document.body.subarray(0, 4).toString()).toBe('%PDF');
    await take(id);
  });

  it('is answered alike when it is unknown, tampered with, renewed, taken back or run out', async () => {
    const { id, link } = await giveLink(['score']);
    const { id: short, link: ended } = await giveLink(['score']);
    await app.sql(`UPDATE consent_grant SET until = current_date - 1 WHERE id = $1`, [short]);
    const renewed = (await p.owner.agent.post(`${consents()}/${id}/new-link`).expect(200)).body.link;
    await app.anonymous.get(path(renewed)).expect(200);
    await take(id);
    const token = path(link).split('/')[2]!;
    const flipped = (at: number) =>
      token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
    const answers = [];
    for (const each of [
      token,
      path(renewed).split('/')[2]!,
      path(ended).split('/')[2]!,
      flipped(3),
      flipped(24),
      flipped(40),
      `${token}%20`,
      randomUUID(),
      'x',
    ]) {
      for (const tail of ['', `/assessments/${closed}/gap-report`, `/certificates/${randomUUID()}.pdf`]) {
        const answer = await app.anonymous.get(`/shared/${each}${tail}`);
        answers.push({
          status: answer.status,
          text: answer.text.replaceAll(/nonce="[^"]+"/g, ''),
          cache: answer.headers['cache-control'],
        });
      }
    }
    expect(answers[0]).toMatchObject({ status: 404, cache: 'no-store' });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it('breaks nothing when it is taken back while many read it', async () => {
    const { id, link } = await giveLink(['answers']);
    const reading = Array.from({ length: 12 }, () => app.anonymous.get(path(link)));
    const report = app.anonymous.get(`${path(link)}/assessments/${closed}/gap-report`);
    const [answers] = await Promise.all([Promise.all(reading), take(id), report]);
    for (const { status, text } of answers) {
      expect([200, 404]).toContain(status);
      // All of it or nothing: never a page that says there is no assessment.
      if (status === 200) expect(text).toContain(codes[0]);
    }
    expect((await report).status === 200 || (await report).status === 404).toBe(true);
    await app.anonymous.get(path(link)).expect(404);
    const views = (await ledger(id)).filter(({ kind }) => kind === 'viewed');
    expect(views.length).toBeLessThanOrEqual(1);
  });

  it('comes by mail in the language of its recipient', async () => {
    const { id, link } = await giveLink(['score'], 'es');
    const letters = await waitFor(
      () => (lettersOf(id, 'granted').length === 2 ? lettersOf(id, 'granted') : null),
      {
        what: 'both letters',
        deadlineMs: 60_000,
      },
    );
    const toAnn = letters.find((letter) => letter.includes('ann@shop.example'))!;
    expect(toAnn.replaceAll('=\r\n', '')).toContain(link);
    expect(toAnn).toMatch(/comparte/);
    await take(id);
  });
});

describe('what cannot be granted', () => {
  it.each<[string, object, number, string]>([
    ['a day in the past', { until: daysAgo(1) }, 422, 'grant-invalid'],
    ['for ever', { until: '2099-01-01' }, 422, 'grant-invalid'],
    ['nothing', { scopes: [] }, 422, 'grant-invalid'],
    [
      'to two at once',
      { granteeId: randomUUID(), recipientName: 'A', recipientEmail: 'a@b.example' },
      422,
      'grant-invalid',
    ],
    ['to nobody', {}, 422, 'grant-invalid'],
    ['to an organisation that is not there', { granteeId: randomUUID() }, 422, 'grantee-unknown'],
    ['a site nobody has', { siteIds: [randomUUID()], granteeId: 'BUYER' }, 422, 'grant-invalid'],
    ['everything', { scopes: ['record'] }, 400, 'invalid-request'],
    [
      'a name with a line break',
      { recipientName: 'A\r\nBcc: x@y.example', recipientEmail: 'a@b.example' },
      400,
      'invalid-request',
    ],
    ['a day that is none', { until: '2027-02-30', granteeId: 'BUYER' }, 422, 'impossible-date'],
  ])('%s', async (_, input, status, code) => {
    const filled = JSON.parse(JSON.stringify(input).replace('BUYER', q.buyer));
    expect((await give(filled, status)).code).toBe(code);
  });
  it('to an organisation that is dissolved or not listed, like one that is not there', async () => {
    const ask = async (granteeId: string) => {
      const { instance: _instance, ...problem } = await give({ granteeId }, 422);
      return problem;
    };
    const unknown = await ask(randomUUID());
    expect(await ask(q.supplier)).toEqual(unknown);
    await q.buyerPerson.agent
      .put(`/api/v1/organisations/${q.buyer}/directory-entry`)
      .send({ listed: false, language: 'ar' })
      .expect(403);
    await app.sql(`UPDATE organisation SET dissolved_at = now() WHERE id = $1`, [q.buyer]);
    expect(await ask(q.buyer)).toEqual(unknown);
    await app.sql(`UPDATE organisation SET dissolved_at = NULL WHERE id = $1`, [q.buyer]);
  });
  it('by others: they are told what they would be told of an organisation that is not there', async () => {
    for (const stranger of [q.owner, q.buyerPerson, p.manager, p.buyerPerson]) {
      for (const ask of [
        (a: Person['agent'], id: string) => a.get(`/api/v1/organisations/${id}/consents`),
        (a: Person['agent'], id: string) => a.get(`/api/v1/organisations/${id}/consents/ledger`),
        (a: Person['agent'], id: string) => a.get(`/api/v1/organisations/${id}/consents/ledger.html`),
        (a: Person['agent'], id: string) =>
          a
            .post(`/api/v1/organisations/${id}/consents`)
            .send({ siteIds: [p.site], scopes: ['score'], purpose: 'x', until, granteeId: q.buyer }),
        (a: Person['agent'], id: string) =>
          a.post(`/api/v1/organisations/${id}/consents/${randomUUID()}/revoke`),
      ]) {
        const real = await ask(stranger.agent, p.supplier);
        const none = await ask(stranger.agent, randomUUID());
        expect([real.status, real.body.code, real.body.title]).toEqual([404, 'not-found', none.body.title]);
        expect(none.status).toBe(404);
      }
    }
  });
});

describe('the calendar', () => {
  it('reminds both sides two weeks before, once, and ends what has run out', async () => {
    const soon = await give({ granteeId: q.buyer, until: daysAgo(-10) });
    const over = await give({ granteeId: q.buyer, until: daysAgo(-10) });
    await app.sql(`UPDATE consent_grant SET created_at = now() - interval '40 days' WHERE id = ANY ($1)`, [
      [soon.id, over.id],
    ]);
    await app.sql(`UPDATE consent_grant SET until = current_date - 1 WHERE id = $1`, [over.id]);
    expect((await p.owner.agent.get(`${consents()}/${over.id}`).expect(200)).body.state).toBe('expired');
    await sweep();
    await waitFor(async () => (await ledger(over.id)).some(({ kind }) => kind === 'expired'), {
      what: 'the end in the ledger',
      deadlineMs: 60_000,
    });
    await waitFor(() => lettersOf(soon.id, 'expiring').length === 2, {
      what: 'the reminders',
      deadlineMs: 60_000,
    });
    await waitFor(() => lettersOf(over.id, 'expired').length === 2, {
      what: 'the notice',
      deadlineMs: 60_000,
    });
    await sweep();
    await app.idle();
    expect((await ledger(over.id)).filter(({ kind }) => kind === 'expired')).toHaveLength(1);
    await take(soon.id);
  });
});

describe('the page for suppliers', () => {
  it('says who sees the data, in every language, without a script and below 30 kB', async () => {
    const { id } = await give({ granteeId: q.buyer, purpose: 'Cheese <script>alert(1)</script>' });
    for (const [lang, words] of [
      ['en', 'Who sees your data'],
      ['es', 'Quién ve sus datos'],
      ['ar', 'من يرى بياناتكم'],
      ['fr', 'Qui voit vos données'],
      ['ru', 'Кто видит ваши данные'],
      ['hi', 'आपका डेटा कौन देखता है'],
    ]) {
      const { text, headers } = await p.owner.agent.get(`${consents()}/ledger.html?lang=${lang}`).expect(200);
      expect(text).toContain(words);
      expect(text).toContain('Buyer two');
      expect(text).toContain('Agency one');
      expect(text).not.toContain('<script');
      expect(Buffer.byteLength(text)).toBeLessThan(30_000);
      expect(headers['cache-control']).toBe('no-store');
    }
    await take(id);
  });
});

describe('the charter', () => {
  const charter = () => `/api/v1/programmes/${p.programme}/charter`;
  const body = {
    buyerScopes: ['certificate'],
    donorAggregates: true,
    publicAggregates: false,
    smallestGroup: 5,
  };

  it('says what buyers see, is changed by the manager, and suppliers are told', async () => {
    expect((await p.owner.agent.get(charter()).expect(200)).body.buyerScopes).toEqual([
      'certificate',
      'score',
      'section-scores',
    ]);
    await p.buyerPerson.agent.get(`/api/v1/assessments/${closed}/score`).expect(200);
    await p.buyerPerson.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(200);
    await q.manager.agent.get(charter()).expect(404);
    await p.buyerPerson.agent.put(charter()).send(body).expect(403);
    await p.manager.agent
      .put(charter())
      .send({ ...body, smallestGroup: 2 })
      .expect(400);
    await p.manager.agent.put(charter()).set('if-match', '"9"').send(body).expect(412);
    const { headers } = await p.manager.agent.put(charter()).set('if-match', '"1"').send(body).expect(200);
    expect(headers['etag']).toBe('"2"');
    await p.buyerPerson.agent.get(`/api/v1/assessments/${closed}/score`).expect(404);
    await p.buyerPerson.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(403);
    await p.buyerPerson.agent.get(`/api/v1/sites/${p.site}/certificates`).expect(200);
    await waitFor(() => mails().some((mail) => mail.startsWith('charter-') && mail.includes(p.owner.email)), {
      what: 'the letter to the supplier',
      deadlineMs: 60_000,
    });
  });
});

describe('donors, authorities and the public', () => {
  let donor: Person;
  const aggregates = () => `/api/v1/programmes/${p.programme}/aggregates`;

  it('get aggregates of groups that are large enough, and no site', async () => {
    const organisation = randomUUID();
    await app.sql(`INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Donor', 'donor', 'AT')`, [
      organisation,
    ]);
    await p.manager.agent
      .post(`/api/v1/programmes/${p.programme}/participants`)
      .send({ organisationId: organisation, part: 'donor' })
      .expect(201);
    donor = await app.person('Donor', [[organisation, 'viewer']]);
    expect((await donor.agent.get(`/api/v1/programmes/${p.programme}`).expect(200)).body.code).toBe(
      'programme-one',
    );
    for (const noun of [`cohorts/${p.cohort}`, `programmes/${p.programme}`])
      await donor.agent.get(`/api/v1/${noun}/gains`).expect(404);
    await donor.agent.get(`/api/v1/assessments/${closed}`).expect(404);
    await donor.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(404);
    expect((await donor.agent.get('/api/v1/sites').expect(200)).body.items).toEqual([]);
    // One site is never published.
    await sweep();
    await app.idle();
    expect((await donor.agent.get(aggregates()).expect(200)).body).toEqual({ publishedAt: null, cells: [] });
    await q.manager.agent.get(aggregates()).expect(404);
    // Six more sites with the same closed result, put in as a copy.
    for (let site = 0; site < 6; site += 1) {
      const [id, assessment] = [randomUUID(), randomUUID()];
      await app.sql(
        `INSERT INTO site (id, organisation_id, name, country, categories) VALUES ($1, $2, $3, 'EG', '{dairy}')`,
        [id, p.supplier, `Copy ${site}`],
      );
      await app.sql(`INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on) VALUES ($1, $2, $3, $4)`, [
        randomUUID(),
        p.cohort,
        id,
        daysAgo(100),
      ]);
      await app.sql(
        `INSERT INTO assessment (id, site_id, cohort_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on)
         SELECT $1, $2, cohort_id, checklist_version_id, scoring_profile_id, level, 'baseline', 'closed', assessed_on FROM assessment WHERE id = $3`,
        [assessment, id, closed],
      );
      await app.sql(
        `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at)
         SELECT $1, revision, micro_points, passed, as_found, after_closure, now() FROM assessment_score_explained WHERE assessment_id = $2`,
        [assessment, closed],
      );
    }
    await sweep();
    const shown = await waitFor(
      async () => {
        const { body } = await donor.agent.get(aggregates()).expect(200);
        return body.publishedAt ? body : null;
      },
      { what: 'a snapshot', deadlineMs: 60_000 },
    );
    expect(shown.k).toBe(5);
    expect(shown.cells.find((cell: { dimension: string }) => cell.dimension === 'programme').figures.n).toBe(
      7,
    );
    expect(JSON.stringify(shown)).not.toContain(p.site);
  });

  it('the public gets them only where the charter says so', async () => {
    const page = () => app.anonymous.get('/api/v1/public/programmes/programme-one');
    expect((await page().expect(404)).body.title).toBe(
      (await app.anonymous.get('/api/v1/public/programmes/none').expect(404)).body.title,
    );
    await p.manager.agent
      .put(`/api/v1/programmes/${p.programme}/charter`)
      .send({ buyerScopes: [], donorAggregates: false, publicAggregates: true, smallestGroup: 5 })
      .expect(200);
    const { body } = await page().expect(200);
    expect(body).toMatchObject({ code: 'programme-one', name: 'Programme one', agency: 'Agency one' });
    expect(body.aggregates.cells.length).toBeGreaterThan(0);
  });
});
