import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import sharp from 'sharp';
import supertest from 'supertest';
import {
  basicRequirements,
  cairoDaysAgo,
  daysAgo,
  finish,
  letBuyersSee,
  openAssessment,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
let p: Programme;
let baseline: string;
let codes: string[];
let conforming: { requirement: string; answer: string }[];

beforeAll(async () => {
  app = await startApp('closures-test', { RATE_LIMIT: '600' });
  p = await seedProgramme(app);
  await letBuyersSee(p, ['answers', 'corrective-actions']);
  codes = (await basicRequirements(app, '2')).map(({ code }) => code);
  conforming = codes.map((requirement) => ({ requirement, answer: 'conform' }));
  baseline = (await openAssessment(p, { assessedOn: daysAgo(20) })).id;
  await finish(
    p,
    baseline,
    conforming.map((answer, index) => (index < 3 ? { ...answer, answer: 'major' } : answer)),
  );
  await waitFor(
    async () =>
      (await app.sql(`SELECT 1 FROM visit WHERE assessment_id = $1 AND state = 'planned'`, [baseline]))
        .length > 0,
    { what: 'the planned visit', deadlineMs: 60_000 },
  );
}, 180_000);
afterAll(() => app?.stop());

const findings = async () =>
  (await p.assessor.agent.get(`/api/v1/assessments/${baseline}/findings`).expect(200)).body;
const score = async () =>
  (await p.assessor.agent.get(`/api/v1/assessments/${baseline}/score`).expect(200)).body;
const points = (wanted: (after: number) => boolean) =>
  waitFor(async () => wanted((await score()).afterClosure.points), {
    what: 'the result after closure',
    deadlineMs: 30_000,
  });

describe('closing a finding', () => {
  const close = (id: string, body: object, who = p.assessor) =>
    who.agent.post(`/api/v1/assessments/${baseline}/findings/${id}/closure`).send(body);
  const closure = { closedOn: daysAgo(2), note: 'Seen on site.' };

  it('leaves what was found, the lock and the ids as they are, and moves the result after closure', async () => {
    const before = await score();
    const listed = await findings();
    expect(listed).toHaveLength(3);
    const { body: locked } = await p.assessor.agent.get(`/api/v1/assessments/${baseline}`).expect(200);
    expect(before.afterClosure.points).toBe(before.asFound.points);
    const id = listed[0].id;
    const [row] = await app.sql(`SELECT requirement FROM finding WHERE id = $1`, [id]);
    expect((await close(id, closure, p.owner).expect(403)).body.code).toBe('role-required');
    expect((await close(id, closure, p.buyerPerson).expect(403)).body.code).toBe('role-required');
    expect((await close(id, { ...closure, closedOn: daysAgo(21) }).expect(422)).body.code).toBe(
      'closure-before-assessment',
    );
    expect((await close(id, { ...closure, closedOn: daysAgo(-2) }).expect(422)).body.code).toBe(
      'closure-in-future',
    );
    expect((await close(id, { ...closure, closedOn: '2026-02-30' }).expect(422)).body.code).toBe(
      'impossible-date',
    );
    await close(randomUUID(), closure).expect(404);
    const both = await Promise.all([close(id, closure), close(id, closure)]);
    expect(both.map((answer) => answer.status).sort()).toEqual([201, 409]);
    await points((after) => after > before.asFound.points);
    expect((await score()).asFound).toEqual(before.asFound);
    const now = await findings();
    expect(now.map((finding: { id: string }) => finding.id).sort()).toEqual(
      listed.map((finding: { id: string }) => finding.id).sort(),
    );
    expect(now.find((finding: { id: string }) => finding.id === id)).toMatchObject({
      requirement: row!['requirement'],
      closedOn: daysAgo(2),
      closure: { closedOn: daysAgo(2), note: 'Seen on site.', closedBy: p.assessor.id },
    });
    const { body: after } = await p.assessor.agent.get(`/api/v1/assessments/${baseline}`).expect(200);
    expect(after).toEqual(locked);
    const report = await p.owner.agent.get(`/api/v1/assessments/${baseline}/gap-report`).expect(200);
    expect(report.body.gaps).toHaveLength(2);
  });

  it('is taken back with a reason that is kept', async () => {
    const id = (await findings()).find((finding: { closedOn: string | null }) => finding.closedOn).id;
    const reopen = (body: object) =>
      p.reviewer.agent.post(`/api/v1/assessments/${baseline}/findings/${id}/reopening`).send(body);
    await reopen({ reason: '' }).expect(400);
    const reopened = await reopen({ reason: 'Came back.' }).expect(201);
    expect(reopened.body).toMatchObject({
      id,
      closedOn: null,
      closure: null,
      reopenings: [{ closedOn: daysAgo(2), reason: 'Came back.' }],
    });
    expect((await reopen({ reason: 'Again.' }).expect(409)).body.code).toBe('finding-open');
    const { asFound } = await score();
    await points((after) => after === asFound.points);
    await close(id, closure).expect(201);
  });

  it('shows in the list across sites', async () => {
    const list = async (query: string, who = p.manager) =>
      (await who.agent.get(`/api/v1/findings?${query}`).expect(200)).body.items;
    expect(await list(`cohortId=${p.cohort}`)).toHaveLength(3);
    expect(await list(`siteId=${p.site}&open=true`)).toHaveLength(2);
    expect(await list('open=false')).toHaveLength(1);
    expect(await list('grade=critical', p.buyerPerson)).toHaveLength(0);
    await app.sql(`UPDATE finding SET due_on = current_date - 1`);
    expect(await list('overdue=true')).toHaveLength(2);
    expect(await list('overdue=false')).toHaveLength(1);
    await p.manager.agent.get('/api/v1/findings?open=maybe').expect(400);
    const first = (await p.manager.agent.get('/api/v1/findings?limit=2').expect(200)).body;
    const second = (
      await p.manager.agent.get(`/api/v1/findings?limit=2&cursor=${first.nextCursor}`).expect(200)
    ).body;
    expect(new Set([...first.items, ...second.items].map((finding) => finding.id)).size).toBe(3);
    const other = await app.person('Nobody');
    expect(await list('', other)).toEqual([]);
  });
});

describe('a correction', () => {
  const photo = (colour: string) =>
    sharp({ create: { width: 64, height: 48, channels: 3, background: colour } })
      .jpeg()
      .toBuffer();
  const hashOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');
  const declared = (content: Buffer, correctionId: string, who = p.owner) =>
    who.agent
      .post(`/api/v1/assessments/${baseline}/evidence`)
      .send({ sha256: hashOf(content), size: content.length, correctionId, fileName: 'lamp.jpg' });
  const sent = (uploadUrl: string, content: Buffer) =>
    p.owner.agent
      .patch(uploadUrl)
      .set({
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      })
      .send(content);
  const open = async () => (await findings()).find((each: { closedOn: string | null }) => !each.closedOn);
  const found = async (id: string, who = p.reviewer) =>
    (await who.agent.get(`/api/v1/assessments/${baseline}/findings`).expect(200)).body.find(
      (each: { id: string }) => each.id === id,
    );

  it('is handed in with photographs, refused with a reason, handed in again and accepted with the closure', async () => {
    const { body: locked } = await p.assessor.agent.get(`/api/v1/assessments/${baseline}`).expect(200);
    const { id } = await open();
    const path = `/api/v1/assessments/${baseline}/findings/${id}/correction`;
    await p.owner.agent.put(path).send({ note: '' }).expect(400);
    await p.assessor.agent.put(path).send({ note: 'Mended.' }).expect(403);
    await p.owner.agent.post(`${path}/hand-in`).expect(404);
    const { body: begun } = await p.owner.agent.put(path).send({ note: 'Mended.' }).expect(200);
    expect(begun).toMatchObject({
      state: 'draft',
      writtenBy: p.owner.id,
      author: p.owner.name,
      evidence: [],
    });
    // What is said may change until it is handed in, and is the same correction.
    const { body: said } = await p.owner.agent.put(path).send({ note: 'A new lamp.' }).expect(200);
    expect(said).toMatchObject({ id: begun.id, note: 'A new lamp.' });
    const lamp = await photo('#a70');
    await declared(lamp, begun.id, p.assessor).expect(403);
    const piece = await declared(lamp, begun.id).expect(201);
    expect(piece.body).toMatchObject({ supports: 'correction', state: 'awaited', correctionId: begun.id });
    expect((await p.owner.agent.post(`${path}/hand-in`).expect(409)).body.code).toBe('correction-incomplete');
    await sent(piece.body.uploadUrl, lamp).expect(204);
    expect((await declared(lamp, begun.id).expect(201)).body.id).toBe(piece.body.id);
    await p.owner.agent.post(`${path}/hand-in`).expect(200);
    expect((await p.owner.agent.put(path).send({ note: 'Else.' }).expect(409)).body.code).toBe(
      'correction-handed-in',
    );
    await p.owner.agent.delete(`/api/v1/evidence/${piece.body.id}`).expect(404);
    const waiting = (await p.manager.agent.get('/api/v1/findings?corrected=true').expect(200)).body.items;
    expect(waiting).toEqual([expect.objectContaining({ id })]);
    await waitFor(async () => (await found(id)).corrections[0].evidence[0].state === 'ready', {
      what: 'the developed photograph',
    });
    await p.reviewer.agent.get(`/api/v1/evidence/${piece.body.id}/content`).expect(200);
    // Not evidence of an answer, and nothing of it is for buyers.
    const { body: ofAnswers } = await p.reviewer.agent
      .get(`/api/v1/assessments/${baseline}/evidence`)
      .expect(200);
    expect(ofAnswers.items).toEqual([]);
    expect(await found(id, p.buyerPerson)).toMatchObject({ corrections: [] });
    await p.buyerPerson.agent.get(`/api/v1/evidence/${piece.body.id}/content`).expect(404);

    await p.owner.agent.post(`${path}/refusal`).send({ reason: 'No.' }).expect(403);
    // Else it is written to in the language of its site.
    await p.owner.agent.patch('/api/v1/me').send({ language: 'en' }).expect(200);
    const { body: refused } = await p.reviewer.agent
      .post(`${path}/refusal`)
      .send({ reason: 'It shows another room.' })
      .expect(200);
    expect(refused).toMatchObject({ state: 'refused', reason: 'It shows another room.' });
    await p.reviewer.agent.post(`${path}/refusal`).send({ reason: 'Again.' }).expect(404);
    const told = await app.mail(p.owner.email, /^Correction refused: .*Site one/);
    expect(told.text).toContain('It shows another room.');
    expect(told.link).toBe(`${app.config.baseUrl}/app/supplier/sites/${p.site}/findings`);

    // The same photograph may stand in another correction; its bytes are here.
    const { body: again } = await p.owner.agent.put(path).send({ note: 'Here it is.' }).expect(200);
    expect(again.id).not.toBe(begun.id);
    expect((await declared(lamp, again.id).expect(201)).body.state).toBe('ready');
    await p.owner.agent.delete(path).expect(204);
    await p.owner.agent.delete(path).expect(404);
    await p.owner.agent.put(path).send({ note: 'Here it is.' }).expect(200);
    await p.owner.agent.post(`${path}/hand-in`).expect(200);
    await p.reviewer.agent
      .post(`/api/v1/assessments/${baseline}/findings/${id}/closure`)
      .send({ closedOn: daysAgo(1), note: 'Seen in the photograph.' })
      .expect(201);
    await app.mail(p.owner.email, /^Correction accepted: /);
    expect((await found(id)).corrections.map(({ state }: { state: string }) => state)).toEqual([
      'refused',
      'accepted',
    ]);
    expect((await p.owner.agent.put(path).send({ note: 'More.' }).expect(409)).body.code).toBe(
      'finding-closed',
    );
    expect((await p.assessor.agent.get(`/api/v1/assessments/${baseline}`).expect(200)).body).toEqual(locked);
  });

  it('is not decided on by who handed it in', async () => {
    const { id } = await open();
    const path = `/api/v1/assessments/${baseline}/findings/${id}`;
    await app.sql(
      `INSERT INTO membership (id, user_id, organisation_id, role)
       SELECT $1, $2, organisation_id, 'mentor' FROM membership WHERE user_id = $2 AND role = 'assessor' LIMIT 1`,
      [randomUUID(), p.assessor.id],
    );
    await p.assessor.agent.put(`${path}/correction`).send({ note: 'We mended it.' }).expect(200);
    await p.assessor.agent.post(`${path}/correction/hand-in`).expect(200);
    await p.assessor.agent.post(`${path}/correction/refusal`).send({ reason: 'No.' }).expect(403);
    await p.assessor.agent
      .post(`${path}/closure`)
      .send({ closedOn: daysAgo(1), note: 'Seen.' })
      .expect(403);
    // On the next day whoever is in charge of the programme is told of all that wait, once; of a decision, who handed it in.
    for (const hour of ['03', '05'])
      await app.sql(
        `INSERT INTO outbox (id, name, payload) VALUES (gen_random_uuid(), 'daily-sweep', jsonb_build_object('at', $1::text))`,
        [`${cairoDaysAgo(-1)}T${hour}:00:00Z`],
      );
    const digest = await app.mail(p.manager.email, /^1 correction waits to be looked at/);
    expect(digest.text).toContain('Site one');
    expect(digest.link).toBe(`${app.config.baseUrl}/app/reviewer`);
    await app.idle();
    expect(
      await app.sql(`SELECT 1 FROM reminder WHERE id LIKE 'corrections-waiting:%:' || $1 || ':%'`, [
        p.manager.id,
      ]),
    ).toHaveLength(1);
    await p.reviewer.agent.post(`${path}/correction/refusal`).send({ reason: 'Not here.' }).expect(200);
    const mentored = await app.mail(p.assessor.email, /^Correction refused: /);
    expect(mentored.link).toBe(`${app.config.baseUrl}/app/assessor/corrections/${p.site}`);
    await app.sql(`DELETE FROM membership WHERE user_id = $1 AND role = 'mentor'`, [p.assessor.id]);
  });
});

describe('answers one by one', () => {
  it('are given and taken back, each under the ETag', async () => {
    const { id } = await openAssessment(p, { kind: 'verification', assessedOn: daysAgo(1) });
    const path = `/api/v1/assessments/${id}/responses/${codes[0]}`;
    const put = await p.assessor.agent
      .put(path)
      .set('if-match', '"1"')
      .send({ answer: 'conform' })
      .expect(200);
    expect(put.headers['etag']).toBe('"2"');
    await p.owner.agent.put(path).send({ answer: 'major' }).expect(200);
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses/NONE-01`)
      .send({ answer: 'conform' })
      .expect(422);
    await p.assessor.agent.delete(path).set('if-match', '"1"').expect(412);
    await p.assessor.agent.delete(path).expect(200);
    await p.assessor.agent.delete(path).expect(404);
    const read = async () =>
      (await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200)).body.responses;
    // The supplier's claim stays.
    expect(await read()).toEqual([expect.objectContaining({ answer: null, claim: 'major' })]);
    await p.owner.agent.delete(path).expect(200);
    expect(await read()).toEqual([]);
    await p.buyerPerson.agent.delete(path).expect(404);
  });
});

describe('a visit', () => {
  const planned = async () =>
    (await p.manager.agent.get('/api/v1/visits?state=planned').expect(200)).body.items[0];
  const replanned = (former: string) =>
    waitFor(
      async () => {
        const visit = await planned();
        return visit && visit.id !== former ? visit : undefined;
      },
      { what: 'the visit that replaces it', deadlineMs: 30_000 },
    );

  it('is moved within its window, by who plans and over the newest state of it, and moved back', async () => {
    const visit = await planned();
    const move = (body: object, who = p.manager, revision = visit.revision) =>
      who.agent.post(`/api/v1/visits/${visit.id}/move`).set('if-match', `"${revision}"`).send(body);
    await move({ plannedOn: 'soon' }).expect(400);
    const impossible = await move({ plannedOn: '2027-02-30' }).expect(422);
    expect(impossible.body).toMatchObject({ code: 'impossible-date', errors: [{ field: '/plannedOn' }] });
    await move({ plannedOn: visit.latest }, p.owner).expect(403);
    const outside = await move({ plannedOn: daysAgo(0) }).expect(409);
    expect(outside.body.code).toBe('visit-day-outside-window');
    await app.sql(`UPDATE assessor SET working_days = '{1,2,3,4,5,6,7}', country = 'AQ' WHERE id = $1`, [
      p.assessor.id,
    ]);
    const day = [visit.latest, visit.earliest].find((each) => each !== visit.plannedOn)!;
    await app.sql(
      `INSERT INTO absence (id, assessor_id, from_date, to_date, reason) VALUES ($1, $2, $3, $3, 'ill')`,
      [randomUUID(), p.assessor.id, day],
    );
    expect((await move({ plannedOn: day }).expect(409)).body.code).toBe('visit-day-taken');
    await app.sql(`DELETE FROM absence WHERE assessor_id = $1`, [p.assessor.id]);
    const moved = await move({ plannedOn: day }).expect(200);
    expect(moved.body).toMatchObject({
      plannedOn: day,
      assessorId: visit.assessorId,
      sequence: visit.sequence + 1,
    });
    await move({ plannedOn: visit.plannedOn }).expect(412);
    const back = await move({ plannedOn: visit.plannedOn }, p.manager, moved.body.revision).expect(200);
    expect(back.body.plannedOn).toBe(visit.plannedOn);
  });

  it('that is called off is planned again on another day', async () => {
    const visit = await planned();
    const { headers } = await p.assessor.agent.get(`/api/v1/visits/${visit.id}`).expect(200);
    const cancel = (who = p.assessor) => who.agent.post(`/api/v1/visits/${visit.id}/cancellation`);
    await cancel().send({ reason: '' }).expect(400);
    await cancel(p.owner).send({ reason: 'No.' }).expect(403);
    await cancel(p.buyerPerson).send({ reason: 'No.' }).expect(404);
    await cancel()
      .set('if-match', `"${visit.revision - 1}"`)
      .send({ reason: 'Ill.' })
      .expect(412);
    const done = await p.assessor.agent.post(`/api/v1/visits/${visit.id}/outcome`).send({ outcome: 'done' });
    expect([done.status, done.body.code]).toEqual([422, 'visit-not-held-yet']);
    const cancelled = await cancel().set('if-match', headers['etag']!).send({ reason: 'Ill.' }).expect(200);
    expect(cancelled.body).toMatchObject({
      state: 'cancelled',
      outcomeReason: 'Ill.',
      assessmentId: baseline,
    });
    await cancel().send({ reason: 'Ill.' }).expect(409);
    const next = await replanned(visit.id);
    expect(next).toMatchObject({ assessmentId: baseline, siteId: p.site });
    expect(next.plannedOn > visit.plannedOn).toBe(true);
  });

  it('that was aborted is planned again, and one that is done stays done', async () => {
    const visit = await planned();
    await app.sql(`UPDATE visit SET planned_on = current_date WHERE id = $1`, [visit.id]);
    const outcome = (id: string, body: object) =>
      p.assessor.agent.post(`/api/v1/visits/${id}/outcome`).send(body);
    expect((await outcome(visit.id, { outcome: 'aborted' }).expect(422)).body.code).toBe('reason-required');
    await outcome(visit.id, { outcome: 'aborted', reason: 'The gate was shut.' }).expect(200);
    const next = await replanned(visit.id);
    await app.sql(`UPDATE visit SET planned_on = current_date WHERE id = $1`, [next.id]);
    expect((await outcome(next.id, { outcome: 'done' }).expect(200)).body.state).toBe('done');
  });
});

describe('coaching', () => {
  it('is registered, shows in the independence of the gain, and ends', async () => {
    const followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(1) })).id;
    await finish(p, followUp, conforming);
    const gain = () =>
      waitFor(
        async () => (await p.manager.agent.get(`/api/v1/sites/${p.site}/gains`).expect(200)).body[0]?.gain,
        {
          what: 'the gain',
          deadlineMs: 60_000,
        },
      );
    expect((await gain()).independence).not.toBe('coach-assessed');
    const engagement = { personId: p.assessor.id, siteId: p.site, role: 'coach', from: daysAgo(100) };
    const register = (body: object, who = p.manager) => who.agent.post('/api/v1/engagements').send(body);
    await register(engagement, p.owner).expect(403);
    await register({ ...engagement, personId: randomUUID() }).expect(404);
    await register({ ...engagement, until: daysAgo(101) }).expect(422);
    const earlier = await register(
      { ...engagement, from: daysAgo(400), until: daysAgo(300) },
      p.assessor,
    ).expect(201);
    expect(earlier.body).toMatchObject({ until: daysAgo(300), name: p.assessor.name });
    const both = await Promise.all([register(engagement), register(engagement)]);
    expect(both.map((answer) => answer.status).sort()).toEqual([201, 409]);
    await waitFor(async () => (await gain()).independence === 'coach-assessed', {
      what: 'the overlap in the gain',
      deadlineMs: 60_000,
    });
    const open = (await p.manager.agent.get(`/api/v1/engagements?siteId=${p.site}&open=true`).expect(200))
      .body.items;
    expect(open).toHaveLength(1);
    const end = () =>
      p.assessor.agent.post(`/api/v1/engagements/${open[0].id}/end`).send({ until: daysAgo(0) });
    await end().expect(200);
    expect((await end().expect(409)).body.code).toBe('engagement-ended');
    expect((await p.buyerPerson.agent.get('/api/v1/engagements').expect(200)).body.items).toEqual([]);

    for (const path of [`cohorts/${p.cohort}`, `programmes/${p.programme}`]) {
      const { body } = await p.buyerPerson.agent.get(`/api/v1/${path}/gains`).expect(200);
      expect(body.items).toEqual([expect.objectContaining({ followUpId: followUp, comparable: true })]);
      expect(body.aggregate).toMatchObject({
        nEnrolled: 1,
        nBaseline: 1,
        nFollowUp: 1,
        figures: { nMatched: 1, improved: 1, meanChangePoints: expect.any(Number) },
        independence: { overlapping: 1 },
      });
      expect(body.aggregate.figures.approximateQuartiles).toMatchObject({ median: expect.any(Number) });
    }
  });
});

describe('every answer', () => {
  it('to a repeated call carries the same status and ETag', async () => {
    const open = () =>
      p.owner.agent
        .post('/api/v1/assessments')
        .set('idempotency-key', 'same')
        .send({
          siteId: p.site,
          kind: 'self',
          checklist: 'food-manufacturing',
          version: '2',
          level: 'basic',
          profile: 'programme-default',
          assessedOn: daysAgo(1),
        });
    const first = await open().expect(201);
    const again = await open().expect(201);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.headers['etag']).toBe(first.headers['etag']);
    expect(again.body).toEqual(first.body);
    const invite = () =>
      p.owner.agent
        .post(`/api/v1/organisations/${p.supplier}/invitations`)
        .set('idempotency-key', 'invite')
        .send({ email: 'a@example.net', role: 'viewer' })
        .expect(201);
    expect((await invite()).body).toEqual((await invite()).body);
  });

  it('of the sign-in is a problem with a code of ours and theirs', async () => {
    const answer = await supertest(app.url)
      .post('/api/auth/sign-in/email')
      .send({ email: 'nobody@example.org', password: 'not the right one' })
      .expect(401);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      status: 401,
      code: 'invalid-email-or-password',
      identityCode: 'INVALID_EMAIL_OR_PASSWORD',
      instance: '/api/auth/sign-in/email',
    });
    const nowhere = await supertest(app.url).get('/api/auth/nowhere').expect(404);
    expect(nowhere.body.code).toBe('not-found');
  });

  it('is refused to who asks too often, with when to come back; others and health go on', async () => {
    const who = await app.person('Impatient');
    const answers = await Promise.all(Array.from({ length: 620 }, () => who.agent.get('/api/v1/me')));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(refused.length).toBe(20);
    expect(refused[0]!.body).toMatchObject({ code: 'too-many-requests', status: 429 });
    expect(refused[0]!.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThan(0);
    await p.owner.agent.get('/api/v1/me').expect(200);
    await app.anonymous.get('/health/live').expect(200);
  });
});
