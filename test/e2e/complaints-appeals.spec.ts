import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import {
  basicRequirements,
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
let p: Programme;
let stranger: Programme;
let owner: pg.Client;
let assessment: string;
let finding: string;
/** Of the agency, with a role that handles complaints and no part in anything. */
let handler: Person;

type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
const raise = (who: Person, body: Body) => who.agent.post('/api/v1/complaints').send(body);
const step = (who: Person, id: string, body: Body) =>
  who.agent.post(`/api/v1/complaints/${id}/steps`).send(body);

beforeAll(async () => {
  app = await startApp('complaints-test');
  p = await seedProgramme(app, 'one');
  stranger = await seedProgramme(app, 'two');
  owner = new pg.Client({ connectionString: app.ownerUrl });
  await owner.connect();
  handler = await app.person('Handler', [[p.agency, 'decider']]);
  const answers = (await basicRequirements(app, '2')).map(({ code }, index) => ({
    requirement: code,
    answer: index === 0 ? 'minor' : 'conform',
  }));
  assessment = (await openAssessment(p, {})).id;
  await finish(p, assessment, answers);
  finding = await waitFor(
    async () =>
      (await p.owner.agent.get(`/api/v1/assessments/${assessment}/findings`)).body[0]?.id as
        string | undefined,
    { what: 'the finding', deadlineMs: 60_000 },
  );
}, 120_000);
afterAll(async () => {
  await owner?.end();
  await app?.stop();
});

describe('an appeal', () => {
  let id: string;

  it('is the supplier’s, has a clock, and is seen by whom it concerns', async () => {
    const appeal = {
      kind: 'appeal',
      about: 'finding',
      subjectId: finding,
      text: 'The procedure exists; it was on the shelf.',
    };
    const { body, headers } = await raise(p.owner, { ...appeal, organisationId: p.supplier }).expect(201);
    id = body.id;
    expect(headers['etag']).toBe('"1"');
    expect(body).toMatchObject({
      state: 'received',
      programmeId: p.programme,
      assessmentId: assessment,
      siteId: p.site,
      overdue: null,
      raisedBy: { userId: p.owner.id, organisationId: p.supplier },
      history: [],
    });
    const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;
    expect([days(body.raisedOn, body.acknowledgeBy), days(body.raisedOn, body.decideBy)]).toEqual([7, 60]);
    for (const who of [p.owner, p.assessor, p.manager, handler])
      expect((await who.agent.get(`/api/v1/complaints/${id}`).expect(200)).body.raisedBy.userId).toBe(
        p.owner.id,
      );
    for (const who of [p.buyerPerson, stranger.manager, stranger.owner]) {
      expect((await who.agent.get(`/api/v1/complaints/${id}`).expect(404)).body.code).toBe('not-found');
      expect((await who.agent.get('/api/v1/complaints').expect(200)).body.items).toEqual([]);
      expect((await step(who, id, { action: 'acknowledge' }).expect(404)).body.code).toBe('not-found');
    }
    const cases: [Person, Body, number, string][] = [
      [p.manager, appeal, 403, 'appeal-not-yours'],
      [p.owner, { ...appeal, subjectId: randomUUID() }, 404, 'not-found'],
      [stranger.owner, appeal, 404, 'not-found'],
      [p.owner, { ...appeal, organisationId: stranger.supplier }, 404, 'not-found'],
      [
        p.owner,
        { ...appeal, about: 'assessor', subjectId: p.assessor.id, programmeId: p.programme },
        422,
        'appeal-not-yours',
      ],
      [p.owner, { ...appeal, text: '' }, 400, 'invalid-request'],
      [p.owner, { ...appeal, state: 'closed' }, 400, 'invalid-request'],
      [p.owner, { ...appeal, about: 'weather' }, 400, 'invalid-request'],
    ];
    for (const [who, wrong, status, code] of cases)
      expect([wrong, (await raise(who, wrong).expect(status)).body.code]).toEqual([wrong, code]);
  });

  it('is handled by nobody who had a part in it, over the API or past it', async () => {
    for (const who of [p.assessor, p.owner])
      expect((await step(who, id, { action: 'acknowledge' }).expect(403)).body.code).toBe('role-required');
    const refused = await step(p.reviewer, id, { action: 'acknowledge' }).expect(403);
    expect(refused.body).toMatchObject({
      code: 'involved-in-subject',
      errors: [{ field: p.reviewer.id, message: 'had a part in what it is about' }],
    });
    await expect(
      owner.query(`UPDATE complaint SET state = 'acknowledged', handler_id = $2 WHERE id = $1`, [
        id,
        p.reviewer.id,
      ]),
    ).rejects.toMatchObject({ code: 'UD003' });
    // A coach of the site is involved, too, from the day they are registered.
    const coach = await app.person('Coach', [[p.agency, 'reviewer']]);
    await p.manager.agent
      .post('/api/v1/engagements')
      .send({ personId: coach.id, siteId: p.site, role: 'coach', from: daysAgo(300), until: daysAgo(200) })
      .expect(201);
    expect((await step(coach, id, { action: 'acknowledge' }).expect(403)).body.code).toBe(
      'involved-in-subject',
    );
  });

  it('goes from step to step, its decision with outcome and reason', async () => {
    const { body, headers } = await step(handler, id, { action: 'acknowledge' }).expect(200);
    expect(body).toMatchObject({ state: 'acknowledged', handlerId: handler.id, handler: handler.name });
    expect(headers['etag']).toBe('"2"');
    const told = await app.mail(p.owner.email, /^Appeal acknowledged/);
    expect(told.text).toContain('/app/supplier/complaints');
    const stale = await step(handler, id, { action: 'investigate' }).set('if-match', '"1"').expect(412);
    expect(stale.body.code).toBe('stale-revision');
    const cases: [Body, number, string][] = [
      [{ action: 'decide', outcome: 'upheld', reason: 'Yes.' }, 409, 'transition-not-allowed'],
      [{ action: 'investigate', outcome: 'upheld' }, 422, 'outcome-required'],
    ];
    for (const [wrong, status, code] of cases)
      expect((await step(handler, id, wrong).expect(status)).body.code).toBe(code);
    await step(handler, id, { action: 'investigate', reason: 'The folder was asked for.' }).expect(200);
    const undecided: [Body, number, string][] = [
      [{ action: 'decide', reason: 'Yes.' }, 422, 'outcome-required'],
      [{ action: 'decide', outcome: 'upheld' }, 422, 'reason-required'],
      [{ action: 'decide', outcome: 'rejected', reason: 'No.', reopen: true }, 409, 'nothing-to-reopen'],
    ];
    for (const [wrong, status, code] of undecided)
      expect((await step(handler, id, wrong).expect(status)).body.code).toBe(code);
  });

  it('that is upheld takes the assessment up again, with its reason', async () => {
    const reason = 'The procedure was there on the day; the finding is looked at again.';
    const { body } = await step(handler, id, {
      action: 'decide',
      outcome: 'upheld',
      reason,
      reopen: true,
    }).expect(200);
    expect(body).toMatchObject({
      state: 'decided',
      outcome: 'upheld',
      outcomeReason: reason,
      reopened: true,
    });
    const told = await app.mail(p.owner.email, /^Appeal decided: upheld/);
    expect(told.text.replace(/\s+/g, ' ')).toContain(reason);
    const { body: again } = await p.owner.agent.get(`/api/v1/assessments/${assessment}`).expect(200);
    expect(again).toMatchObject({ state: 'reopened', reopenReason: reason, lockHash: null });
    await step(handler, id, { action: 'close' }).expect(200);
    expect((await step(p.owner, id, { action: 'withdraw' }).expect(409)).body.code).toBe(
      'transition-not-allowed',
    );
    expect((await p.owner.agent.get(`/api/v1/complaints/${id}`).expect(200)).body.history).toMatchObject([
      { action: 'acknowledge' },
      { action: 'investigate', reason: 'The folder was asked for.' },
      { action: 'decide' },
      { action: 'close' },
    ]);
  });
});

describe('a complaint', () => {
  it('in confidence hides from whom it is about who raised it', async () => {
    const { body } = await raise(p.owner, {
      kind: 'complaint',
      about: 'assessor',
      subjectId: p.assessor.id,
      programmeId: p.programme,
      text: 'Came two hours late.',
      confidential: true,
    }).expect(201);
    const path = `/api/v1/complaints/${body.id}`;
    expect((await p.owner.agent.get(path).expect(200)).body.raisedBy.userId).toBe(p.owner.id);
    expect((await handler.agent.get(path).expect(200)).body.raisedBy.userId).toBe(p.owner.id);
    const read = await p.assessor.agent.get(path).expect(200);
    expect(read.body).toMatchObject({ text: 'Came two hours late.', raisedBy: null });
    expect(JSON.stringify(read.body)).not.toContain(p.owner.id);
    const api = new pg.Client({ connectionString: app.config.databaseUrl, options: '-c role=uplift_api' });
    await api.connect();
    try {
      await api.query('BEGIN');
      await api.query(`SELECT set_config('uplift.user', $1, true)`, [p.assessor.id]);
      const { rows } = await api.query(`SELECT * FROM complaint WHERE id = $1`, [body.id]);
      expect(rows).toHaveLength(1);
      expect(JSON.stringify(rows)).not.toContain(p.owner.id);
      expect((await api.query(`SELECT * FROM complainant WHERE complaint_id = $1`, [body.id])).rows).toEqual(
        [],
      );
    } finally {
      await api.end();
    }
    expect((await p.buyerPerson.agent.get(path).expect(404)).body.code).toBe('not-found');
    expect((await step(handler, body.id, { action: 'withdraw' }).expect(403)).body.code).toBe(
      'role-required',
    );
    expect((await step(p.owner, body.id, { action: 'withdraw' }).expect(200)).body.state).toBe('withdrawn');
  });

  it('needs a programme that the person and the site have to do with', async () => {
    const about = { kind: 'complaint', about: 'assessor', subjectId: p.assessor.id, text: 'Late.' };
    expect((await raise(p.owner, about).expect(422)).body.code).toBe('complaint-programme');
    expect((await raise(p.owner, { ...about, programmeId: stranger.programme }).expect(404)).body.code).toBe(
      'not-found',
    );
    expect(
      (await raise(stranger.owner, { ...about, programmeId: stranger.programme }).expect(404)).body.code,
    ).toBe('not-found');
  });

  it('that nobody answers is reported to managers not involved, once a week, and counts as overdue', async () => {
    const { body } = await raise(p.owner, {
      kind: 'complaint',
      about: 'assessor',
      subjectId: p.assessor.id,
      programmeId: p.programme,
      text: 'Late again.',
    }).expect(201);
    await owner.query(
      `UPDATE complaint SET raised_on = current_date - 8, acknowledge_by = current_date - 1, decide_by = current_date + 52 WHERE id = $1`,
      [body.id],
    );
    const overdue = async (who: Person) =>
      (await who.agent.get('/api/v1/complaints?overdue=true').expect(200)).body.items.map((each: Body) => [
        each['id'],
        each['overdue'],
      ]);
    expect(await overdue(handler)).toEqual([[body.id, 'acknowledge']]);
    const sweep = async (at: string) => {
      await app.sql(`INSERT INTO outbox (id, name, payload) VALUES ($1, 'daily-sweep', $2)`, [
        randomUUID(),
        JSON.stringify({ at }),
      ]);
      await app.idle();
    };
    await sweep(`${daysAgo(0)}T12:00:00Z`);
    const mail = await app.mail(p.manager.email, /Complaint not acknowledged/);
    expect(mail.text).toContain('an assessor');
    expect(mail.text).not.toContain(p.owner.name);
    const reminders = () =>
      app.sql(`SELECT id FROM reminder WHERE id LIKE 'complaint-overdue:%' ORDER BY id`);
    const first = await waitFor(async () => ((await reminders()).length > 0 ? reminders() : null), {
      what: 'the reminder',
    });
    expect(first).toEqual([{ id: expect.stringContaining(p.manager.id) }]);
    await step(handler, body.id, { action: 'acknowledge' }).expect(200);
    expect(await overdue(handler)).toEqual([]);
  });

  it('is let go with its words and its author when the programme need not keep it; that there was one stays', async () => {
    const { body } = await raise(p.owner, {
      kind: 'complaint',
      about: 'assessment',
      subjectId: assessment,
      text: 'Rude.',
    }).expect(201);
    await step(p.owner, body.id, { action: 'withdraw' }).expect(200);
    await owner.query(`UPDATE complaint SET ended_on = current_date - interval '8 years' WHERE id = $1`, [
      body.id,
    ]);
    const [{ n }] = (await app.sql(`SELECT forget_due_complaints() AS n`)) as [{ n: number }];
    expect(n).toBe(1);
    const [left] = await app.sql(
      `SELECT text, state, (SELECT count(*)::int FROM complainant x WHERE x.complaint_id = c.id) AS authors FROM complaint c WHERE id = $1`,
      [body.id],
    );
    expect(left).toEqual({ text: '', state: 'withdrawn', authors: 0 });
  });
});
