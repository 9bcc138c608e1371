import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ICAL from 'ical.js';
import {
  daysAgo,
  type Person,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';

let app: TestApp;
let p: Programme;
let stranger: Programme;

beforeAll(async () => {
  app = await startApp('parties-test');
  p = await seedProgramme(app, 'one');
  stranger = await seedProgramme(app, 'two');
}, 120_000);
afterAll(() => app?.stop());

const statuses = (answers: readonly { status: number }[]) => answers.map((answer) => answer.status).sort();

/** Every call is answered like one about a thing that doesn't exist. */
async function hidden(
  who: Person,
  calls: readonly [method: 'get' | 'patch' | 'post' | 'delete', path: string, body?: object][],
) {
  for (const [method, path, body] of calls) {
    const answer = await who.agent[method](path).send(body);
    expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not-found']);
  }
}

describe('organisations and sites', () => {
  it('are read with an ETag and changed by who owns them, once per ETag', async () => {
    const path = `/api/v1/organisations/${p.supplier}`;
    const read = await p.owner.agent.get(path).expect(200);
    expect(read.headers['etag']).toBe('"1"');
    const patch = (name: string) => p.owner.agent.patch(path).set('if-match', '"1"').send({ name });
    expect(statuses(await Promise.all([patch('A'), patch('B')]))).toEqual([200, 412]);
    const now = await p.owner.agent.get(path).expect(200);
    expect(now.headers['etag']).toBe('"2"');
    expect(now.body).toMatchObject({ kind: 'supplier', country: 'EG', revision: 2 });
    expect((await p.manager.agent.patch(path).send({ name: 'C' }).expect(403)).body.code).toBe(
      'role-required',
    );
    await p.owner.agent.patch(path).send({ name: null }).expect(400);
    await p.owner.agent.patch(path).send({ kind: 'buyer' }).expect(400);
    await p.owner.agent.patch(path).send({ name: 'Supplier one' }).expect(200);
  });

  it('of a site move visits and readiness, and come with both coordinates or none', async () => {
    const path = `/api/v1/sites/${p.site}`;
    const { headers } = await p.owner.agent.get(path).expect(200);
    const changed = await p.owner.agent
      .patch(path)
      .set('if-match', headers['etag']!)
      .send({ city: 'Giza', lat: 30.01, lon: 31.2, categories: ['dairy', 'eggs'], languages: ['ar', 'en'] })
      .expect(200);
    expect(changed.body).toMatchObject({
      city: 'Giza',
      lat: 30.01,
      categories: ['dairy', 'eggs'],
      country: 'EG',
    });
    expect((await p.owner.agent.patch(path).send({ lat: null }).expect(422)).body.code).toBe(
      'coordinates-incomplete',
    );
    expect((await p.owner.agent.get(path).expect(200)).body.lat).toBe(30.01);
    expect((await p.manager.agent.patch(path).send({ city: 'X' }).expect(403)).body.code).toBe(
      'role-required',
    );
    expect(
      (await p.owner.agent.patch(path).set('if-match', '"1"').send({ city: 'X' }).expect(412)).body.code,
    ).toBe('stale-revision');
  });

  it('are filtered by kind, country and part of the name', async () => {
    const list = async (query: string) =>
      (await p.manager.agent.get(`/api/v1/organisations?${query}`).expect(200)).body.items.map(
        (each: { name: string }) => each.name,
      );
    expect(await list('kind=buyer')).toEqual(['Buyer one']);
    expect(await list('name=PROVIDER')).toEqual(['Provider one']);
    expect(await list('name=%25')).toEqual([]);
    expect(await list('country=ES')).toEqual([]);
    await p.manager.agent.get('/api/v1/organisations?kind=king').expect(400);
    const sites = await p.manager.agent.get(`/api/v1/sites?country=EG&name=site`).expect(200);
    expect(sites.body.items).toHaveLength(1);
  });

  it('are not there for strangers', async () => {
    await hidden(stranger.manager, [
      ['get', `/api/v1/organisations/${p.supplier}`],
      ['patch', `/api/v1/organisations/${p.supplier}`, { name: 'X' }],
      ['patch', `/api/v1/sites/${p.site}`, { name: 'X' }],
      ['get', `/api/v1/organisations/${p.supplier}/members`],
      [
        'post',
        `/api/v1/organisations/${p.supplier}/members`,
        { userId: stranger.manager.id, role: 'viewer' },
      ],
      ['post', `/api/v1/organisations/${p.supplier}/invitations`, { email: 'x@example.org', role: 'viewer' }],
      ['get', `/api/v1/programmes/${p.programme}`],
      ['patch', `/api/v1/programmes/${p.programme}`, { name: 'X' }],
      ['get', `/api/v1/programmes/${p.programme}/participants`],
      ['get', `/api/v1/programmes/${p.programme}/gains`],
      [
        'post',
        `/api/v1/programmes/${p.programme}/participants`,
        { organisationId: stranger.buyer, part: 'buyer' },
      ],
      ['get', `/api/v1/cohorts/${p.cohort}`],
      ['patch', `/api/v1/cohorts/${p.cohort}`, { name: 'X' }],
      ['get', `/api/v1/cohorts/${p.cohort}/enrolments`],
      ['get', `/api/v1/cohorts/${p.cohort}/gains`],
      ['get', `/api/v1/assessors/${p.assessor.id}`],
      ['patch', `/api/v1/assessors/${p.assessor.id}`, { languages: [] }],
      ['get', `/api/v1/assessors/${p.assessor.id}/absences`],
      ['get', `/api/v1/assessors/${p.assessor.id}/calendar`],
      ['get', `/api/v1/assessors/${p.assessor.id}/calendar.ics`],
      [
        'post',
        '/api/v1/engagements',
        { personId: stranger.assessor.id, siteId: p.site, role: 'coach', from: daysAgo(3) },
      ],
    ]);
  });
});

describe('members', () => {
  const path = () => `/api/v1/organisations/${p.supplier}/members`;

  it('are invited by address, with one answer whether or not it has an account', async () => {
    const invitations = `/api/v1/organisations/${p.supplier}/invitations`;
    const known = await app.person('Known');
    const answers = [];
    for (const email of [known.email, 'nobody@example.net'])
      answers.push(await p.owner.agent.post(invitations).send({ email, role: 'qa-manager' }).expect(201));
    expect(Object.keys(answers[0]!.body).sort()).toEqual(Object.keys(answers[1]!.body).sort());
    await known.agent.get(`/api/v1/sites/${p.site}`).expect(404);
    expect((await p.owner.agent.get(path()).expect(200)).body.members).toHaveLength(1);
    expect((await p.owner.agent.get(invitations).expect(200)).body.items).toHaveLength(2);

    const token = new URL((await app.mail(known.email, /Supplier one/)).link).hash.slice(1);
    const accept = (who: Person['agent'], value = token) =>
      who.post('/api/v1/invitations/accept').send({ token: value });
    await accept(known.agent, `${token.slice(0, -2)}xx`).expect(404);
    // Somebody has the account: it takes signing in.
    await accept(app.anonymous).expect(409);
    // A forwarded link lets nobody else in.
    await accept(stranger.owner.agent).expect(404);
    await accept(known.agent).expect(201);
    await accept(known.agent).expect(409);
    await known.agent.get(`/api/v1/sites/${p.site}`).expect(200);
    expect((await known.agent.get(path()).expect(200)).body.members).toHaveLength(2);
    await known.agent.post(invitations).send({ email: 'a@example.org', role: 'owner' }).expect(404);
    const open = answers[1]!.body.id as string;
    await p.owner.agent.post(`${invitations}/${open}/revoke`).expect(204);
    await known.agent.post(`${invitations}/${open}/revoke`).expect(404);
  });

  it('are added by id only when the organisation knows them', async () => {
    await p.owner.agent.post(path()).send({ userId: stranger.owner.id, role: 'viewer' }).expect(404);
    const added = await p.owner.agent
      .post(path())
      .send({ userId: p.reviewer.id, role: 'viewer' })
      .expect(201);
    expect(added.body).toMatchObject({ userId: p.reviewer.id, role: 'viewer', email: p.reviewer.email });
    const changed = await p.owner.agent
      .patch(`${path()}/${added.body.id}`)
      .send({ role: 'qa-manager' })
      .expect(200);
    expect(changed.body).toMatchObject({ id: added.body.id, role: 'qa-manager' });
    await p.owner.agent.delete(`${path()}/${added.body.id}`).expect(204);
    await p.owner.agent.delete(`${path()}/${added.body.id}`).expect(404);
  });

  it('keep an owner, also when two owners remove each other at once', async () => {
    const other = await app.person('Other owner', [[p.supplier, 'owner']]);
    const { members } = (await p.owner.agent.get(path()).expect(200)).body;
    const id = (who: Person) =>
      members.find(
        (each: { userId: string; role: string }) => each.userId === who.id && each.role === 'owner',
      ).id;
    const removed = await Promise.all([
      p.owner.agent.delete(`${path()}/${id(other)}`),
      other.agent.delete(`${path()}/${id(p.owner)}`),
    ]);
    expect(statuses(removed)).toEqual([204, 404]);
    const owners = await app.sql(
      `SELECT id, user_id FROM membership WHERE organisation_id = $1 AND role = 'owner'`,
      [p.supplier],
    );
    expect(owners).toHaveLength(1);
    const last = owners[0]!['user_id'] === p.owner.id ? p.owner : other;
    expect((await last.agent.delete(`${path()}/${owners[0]!['id']}`).expect(409)).body.code).toBe(
      'last-owner',
    );
    expect(
      (await last.agent.patch(`${path()}/${owners[0]!['id']}`).send({ role: 'viewer' }).expect(409)).body
        .code,
    ).toBe('last-owner');
    await app.sql(`UPDATE membership SET user_id = $1 WHERE id = $2`, [p.owner.id, owners[0]!['id']]);
  });

  it('may leave, or step down, while another owner stays', async () => {
    for (const leave of [
      (who: Person, id: string) => who.agent.delete(`${path()}/${id}`).expect(204),
      (who: Person, id: string) => who.agent.patch(`${path()}/${id}`).send({ role: 'viewer' }).expect(200),
    ]) {
      const other = await app.person('Leaving owner', [[p.supplier, 'owner']]);
      const [row] = await app.sql(`SELECT id FROM membership WHERE user_id = $1`, [other.id]);
      await leave(other, row!['id']);
      await other.agent.get(`${path()}/${row!['id']}`).expect(404);
    }
  });
});

describe('a programme', () => {
  const path = () => `/api/v1/programmes/${p.programme}`;

  it('says how long its trail is kept', async () => {
    const read = async () => (await p.manager.agent.get(path()).expect(200)).body.auditRetentionYears;
    expect(await read()).toBe(7);
    await p.manager.agent.patch(path()).send({ auditRetentionYears: 0 }).expect(400);
    await p.manager.agent.patch(path()).send({ auditRetentionYears: 12 }).expect(200);
    expect(await read()).toBe(12);
  });

  it('is changed by its agency, with claims as text', async () => {
    const { headers } = await p.buyerPerson.agent.get(path()).expect(200);
    const claims = [
      { figure: '+45 %', text: 'Improvement in the pilot.', unit: 'unknown', source: 'A report, 2011' },
    ];
    const changed = await p.manager.agent
      .patch(path())
      .set('if-match', headers['etag']!)
      .send({ name: 'Programme', timeZone: 'Africa/Cairo', lookBackMonths: 36, claims })
      .expect(200);
    expect(changed.body).toMatchObject({ name: 'Programme', lookBackMonths: 36, claims });
    await p.manager.agent.patch(path()).set('if-match', headers['etag']!).send({ name: 'X' }).expect(412);
    await p.buyerPerson.agent.patch(path()).send({ name: 'X' }).expect(403);
    await p.manager.agent.patch(path()).send({ timeZone: 'Mars/Olympus' }).expect(400);
    await p.manager.agent.patch(path()).send({ lookBackMonths: -1 }).expect(400);
  });

  it('lets organisations in and out, and says what taking one out would hide', async () => {
    const buyer = await p.manager.agent
      .post('/api/v1/organisations')
      .send({ name: 'Second buyer', kind: 'buyer', country: 'EG' })
      .expect(201);
    const add = (organisationId: string, part: string) =>
      p.manager.agent.post(`${path()}/participants`).send({ organisationId, part });
    expect((await add(buyer.body.id, 'agency').expect(422)).body.code).toBe('part-not-for-kind');
    const both = await Promise.all([add(buyer.body.id, 'buyer'), add(buyer.body.id, 'buyer')]);
    expect(statuses(both)).toEqual([201, 409]);
    await add('00000000-0000-4000-8000-000000000000', 'buyer').expect(404);
    await p.buyerPerson.agent
      .post(`${path()}/participants`)
      .send({ organisationId: stranger.buyer, part: 'buyer' })
      .expect(403);
    const participants = (await p.buyerPerson.agent.get(`${path()}/participants`).expect(200)).body;
    expect(participants.map((each: { part: string }) => each.part)).toEqual([
      'agency',
      'assessment-provider',
      'buyer',
      'buyer',
    ]);
    const id = (organisationId: string) =>
      participants.find((each: { organisationId: string }) => each.organisationId === organisationId).id;
    await p.manager.agent.delete(`${path()}/participants/${id(buyer.body.id)}`).expect(204);
    expect(
      (await p.manager.agent.delete(`${path()}/participants/${id(p.agency)}`).expect(409)).body.code,
    ).toBe('last-agency');
    const assessment = await p.assessor.agent
      .post('/api/v1/assessments')
      .send({
        siteId: p.site,
        kind: 'verification',
        checklist: 'food-manufacturing',
        version: '2',
        level: 'basic',
        profile: 'programme-default',
        assessedOn: daysAgo(3),
      })
      .expect(201);
    const refused = await p.manager.agent.delete(`${path()}/participants/${id(p.provider)}`).expect(409);
    expect(refused.body).toMatchObject({
      code: 'participant-has-work',
      errors: [
        { field: 'assessments', message: '1 would be hidden', fix: expect.stringContaining('confirm=true') },
      ],
    });
    await p.manager.agent.delete(`${path()}/participants/${id(p.provider)}?confirm=true`).expect(204);
    await p.assessor.agent.get(`/api/v1/assessments/${assessment.body.id}`).expect(404);
    await add(p.provider, 'assessment-provider').expect(201);
    await p.assessor.agent.get(`/api/v1/assessments/${assessment.body.id}`).expect(200);
  });

  it('has cohorts that are changed, and sites that leave for a reason', async () => {
    const cohort = `/api/v1/cohorts/${p.cohort}`;
    const { headers } = await p.manager.agent.get(cohort).expect(200);
    const changed = await p.manager.agent
      .patch(cohort)
      .set('if-match', headers['etag']!)
      .send({ name: 'Renamed', endsOn: daysAgo(-200) })
      .expect(200);
    expect(changed.body).toMatchObject({ name: 'Renamed', endsOn: daysAgo(-200), revision: 2 });
    expect((await p.manager.agent.patch(cohort).send({ endsOn: '2001-01-01' }).expect(422)).body.code).toBe(
      'period-reversed',
    );
    await p.reviewer.agent.patch(cohort).send({ name: 'X' }).expect(403);

    const site = (
      await p.owner.agent
        .post('/api/v1/sites')
        .send({ organisationId: p.supplier, name: 'Leaver', country: 'EG' })
        .expect(201)
    ).body.id;
    await p.owner.agent
      .post(`${cohort}/enrolments`)
      .send({ siteId: site, enrolledOn: daysAgo(50), joiningCode: p.joiningCode })
      .expect(201);
    const exit = (body: object) => p.manager.agent.post(`${cohort}/enrolments/${site}/exit`).send(body);
    await exit({ exitedOn: daysAgo(5), reason: 'bored' }).expect(400);
    expect((await exit({ exitedOn: daysAgo(5), reason: 'other' }).expect(422)).body.code).toBe(
      'exit-note-required',
    );
    await exit({ exitedOn: daysAgo(5), reason: 'closed-down', note: 'Burnt down.' }).expect(204);
    const list = async (who: Person, query: string) =>
      (await who.agent.get(`${cohort}/enrolments?${query}`).expect(200)).body.items;
    expect(await list(p.manager, 'state=exited&reason=closed-down')).toEqual([
      expect.objectContaining({ siteId: site, exitReason: 'closed-down', exitNote: 'Burnt down.' }),
    ]);
    expect(await list(p.buyerPerson, 'state=exited')).toEqual([expect.objectContaining({ exitNote: null })]);
    expect(await list(p.manager, 'reason=cost')).toEqual([]);
    expect(await list(p.manager, 'state=open')).toEqual([expect.objectContaining({ siteId: p.site })]);
    for (const [lang, words] of [
      ['en', 'Closed down'],
      ['es', 'Cerró'],
      ['ar', 'أُغلقت المنشأة'],
    ]) {
      const { text } = await p.manager.agent.get(`${cohort}/report.html?lang=${lang}`).expect(200);
      expect(text).toContain(words);
    }
  });
});

describe('assessors and mentors', () => {
  it('are known to the planner once they are members, and change what concerns themselves', async () => {
    const mentor = await app.person('Mentor', [[p.provider, 'mentor']]);
    const entry = {
      userId: mentor.id,
      organisationId: p.provider,
      part: 'mentor',
      country: 'EG',
      competences: ['food-manufacturing'],
      languages: ['ar'],
      workingDays: [7, 1, 2],
    };
    const create = (who: Person, body: object) => who.agent.post('/api/v1/assessors').send(body);
    expect((await create(p.manager, { ...entry, part: 'assessor' }).expect(422)).body.code).toBe(
      'not-a-member',
    );
    await create(stranger.manager, entry).expect(404);
    await create(p.manager, { ...entry, workingDays: [8] }).expect(400);
    expect((await create(p.manager, { ...entry, workingDays: [1, 1] }).expect(422)).body.code).toBe(
      'working-days-twice',
    );
    // An agency doesn't read the members of its providers: it names them by their address.
    const { userId: _, ...unnamed } = entry;
    const byAddress = { ...unnamed, email: mentor.email.toUpperCase() };
    await create(p.manager, unnamed).expect(400);
    await create(p.manager, { ...unnamed, email: null }).expect(400);
    await create(stranger.manager, byAddress).expect(404);
    expect(
      (await create(p.manager, { ...unnamed, email: p.owner.email }).expect(422)).body.errors[0].field,
    ).toBe('/email');
    const created = await create(p.manager, byAddress).expect(201);
    expect(created.headers['etag']).toBe('"1"');
    expect((await create(p.manager, entry).expect(409)).body.code).toBe('assessor-exists');
    const path = `/api/v1/assessors/${mentor.id}`;
    await mentor.agent
      .patch(path)
      .set('if-match', '"1"')
      .send({ languages: ['ar', 'en'], maxVisitsPerWeek: 2 })
      .expect(200);
    expect((await mentor.agent.patch(path).send({ competences: [] }).expect(403)).body.code).toBe(
      'role-required',
    );
    await p.manager.agent.patch(path).set('if-match', '"1"').send({ languages: [] }).expect(412);
    expect((await p.manager.agent.get(path).expect(200)).body).toMatchObject({
      languages: ['ar', 'en'],
      maxVisitsPerWeek: 2,
      part: 'mentor',
      revision: 2,
    });
    const mentors = await p.manager.agent.get('/api/v1/assessors?part=mentor').expect(200);
    expect(mentors.body.map((each: { id: string }) => each.id)).toEqual([mentor.id]);
  });

  it('have absences and a calendar that others read too', async () => {
    const path = `/api/v1/assessors/${p.assessor.id}`;
    const absence = await p.assessor.agent
      .post(`${path}/absences`)
      .send({ from: daysAgo(-10), to: daysAgo(-12), reason: 'Leave, <b>paid</b>' })
      .expect(201);
    expect((await p.manager.agent.get(`${path}/absences`).expect(200)).body).toEqual([
      { id: absence.body.id, from: daysAgo(-10), to: daysAgo(-12), reason: 'Leave, <b>paid</b>' },
    ]);
    const calendar = await p.manager.agent.get(`${path}/calendar?to=${daysAgo(-700)}`).expect(200);
    expect(calendar.body).toMatchObject({
      workingDays: [7, 1, 2, 3, 4],
      absences: [{ id: absence.body.id }],
    });
    expect(calendar.body.holidays.length).toBeGreaterThan(5);
    expect(
      (await p.manager.agent.get(`${path}/calendar?from=2030-01-02&to=2030-01-01`).expect(422)).body.code,
    ).toBe('period-invalid');
    const { text, headers } = await p.manager.agent.get(`${path}/calendar.ics`).expect(200);
    expect(headers['content-type']).toMatch(/^text\/calendar/);
    const events = new ICAL.Component(ICAL.parse(text)).getAllSubcomponents('vevent');
    expect(events.map((event) => event.getFirstPropertyValue('summary'))).toEqual([
      'Absent: Leave, <b>paid</b>',
    ]);
    await stranger.assessor.agent.delete(`${path}/absences/${absence.body.id}`).expect(404);
    await p.reviewer.agent.delete(`${path}/absences/${absence.body.id}`).expect(403);
    await p.assessor.agent.delete(`${path}/absences/${absence.body.id}`).expect(204);
    await p.assessor.agent.delete(`${path}/absences/${absence.body.id}`).expect(404);
  });
});
