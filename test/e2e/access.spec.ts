import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import supertest from 'supertest';
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
import { newAccount } from '../support/browser.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
let p: Programme;
let stranger: Programme;
let answers: { requirement: string; answer: string }[];
/** Closed and passed. */
let closed: string;
/** Still being answered. */
let open: string;
let certificate: { id: string; number: string };
let visit: string;

beforeAll(async () => {
  app = await startApp('access-test');
  p = await seedProgramme(app, 'one');
  stranger = await seedProgramme(app, 'two');
  answers = (await basicRequirements(app, '2')).map(({ code }) => ({ requirement: code, answer: 'conform' }));
  closed = (await openAssessment(p, {})).id;
  await finish(p, closed, answers);
  visit = await waitFor(
    async () => {
      const [row] = await app.sql(
        `SELECT v.id FROM visit v JOIN assessment_score s ON s.assessment_id = v.assessment_id WHERE v.assessment_id = $1 AND v.state = 'planned'`,
        [closed],
      );
      return row?.['id'] as string | undefined;
    },
    { what: 'score and visit', deadlineMs: 30_000 },
  );
  open = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(3) })).id;
  await p.assessor.agent
    .put(`/api/v1/assessments/${open}/responses`)
    .send({ answers: answers.slice(0, 3) })
    .expect(200);
  certificate = (
    await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: closed }).expect(201)
  ).body;
}, 120_000);
afterAll(() => app?.stop());

type Method = 'get' | 'head' | 'post' | 'put' | 'delete' | 'patch';

describe('without signing in', () => {
  it('every operation but the public ones answers 401', async () => {
    const { body: document } = await app.anonymous.get('/openapi.json').expect(200);
    const operations = Object.entries(document.paths as Record<string, Record<string, unknown>>).flatMap(
      ([path, methods]) => Object.keys(methods).map((method) => ({ path, method: method as Method })),
    );
    // What anybody may call, and what it answers to nothing sensible.
    const publicly: Readonly<Record<string, number>> = {
      '/verify/{number}': 404,
      '/api/v1/verify/{number}': 404,
      '/api/v1/sign-in-providers': 200,
      '/api/v1/invitations/accept': 400,
      '/shared/{token}': 404,
      '/shared/{token}/certificates/{id}.pdf': 404,
      '/shared/{token}/assessments/{id}/gap-report': 404,
      '/shared/{token}/assessments/{id}/gap-report.pdf': 404,
      '/api/v1/public/programmes/{code}': 404,
      '/.well-known/uplift-audit-keys.json': 200,
    };
    const isPublic = ({ path }: { path: string }) => path in publicly;
    expect(operations.filter(isPublic)).toHaveLength(10);
    expect(operations.length).toBeGreaterThan(40);
    const before = await app.sql(`SELECT count(*)::int AS n FROM organisation`);
    for (const operation of operations) {
      const path = operation.path.replaceAll(/\{[^}]+\}/g, p.site);
      const answer = await app.anonymous[operation.method](path).send(
        ['get', 'head'].includes(operation.method) ? undefined : {},
      );
      if (isPublic(operation)) {
        expect({ ...operation, status: answer.status }).toEqual({
          ...operation,
          status: publicly[operation.path],
        });
        continue;
      }
      expect({ ...operation, status: answer.status, code: answer.body.code }).toEqual({
        ...operation,
        status: 401,
        // An answer to HEAD has no body.
        code: operation.method === 'head' ? undefined : 'sign-in-required',
      });
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    }
    expect(await app.sql(`SELECT count(*)::int AS n FROM organisation`)).toEqual(before);
  });

  it('a made-up token is worth nothing', async () => {
    await app.anonymous.get('/api/v1/me').set('authorization', 'Bearer nonsense.nonsense').expect(401);
    await app.anonymous.get('/api/v1/me').set('cookie', 'better-auth.session_token=nonsense').expect(401);
  });

  it('a cookie signs in as a token does, and signing out ends it', async () => {
    const email = `${randomUUID()}@example.org`;
    const password = randomUUID();
    await newAccount(app, email, password);
    const signedIn = await app.anonymous
      .post('/api/auth/sign-in/email')
      .send({ email, password })
      .expect(200);
    const cookie = (signedIn.headers['set-cookie'] as unknown as string[])
      .map((each) => each.split(';')[0])
      .join('; ');
    expect((await app.anonymous.get('/api/v1/me').set('cookie', cookie).expect(200)).body).toMatchObject({
      email,
      memberships: [],
    });
    await app.anonymous
      .post('/api/auth/sign-out')
      .set('cookie', cookie)
      .set('origin', app.config.baseUrl)
      .send({})
      .expect(200);
    await app.anonymous.get('/api/v1/me').set('cookie', cookie).expect(401);
  });

  it('a session signs in while it lasts, is prolonged when old, and needs its right signature', async () => {
    const http = supertest(app.url); // keeps no cookies
    const { email, token: signed } = await app.person('Session');
    const token = signed.split('.')[0]!;
    const as = (value: string) => http.get('/api/v1/me').set('authorization', `Bearer ${value}`);
    const expires = async () =>
      (await app.sql(`SELECT "expiresAt" AS at FROM auth.session WHERE token = $1`, [token]))[0]?.['at'];
    const expireIn = (interval: string) =>
      app.sql(`UPDATE auth.session SET "expiresAt" = now() + $2::interval WHERE token = $1`, [
        token,
        interval,
      ]);

    for (const value of [signed, decodeURIComponent(signed), token]) {
      expect((await as(value).expect(200)).body).toMatchObject({ email });
    }
    const other = signed.replace(/\.(.)/, (_, first: string) => (first === 'A' ? '.B' : '.A'));
    await as(other).expect(401);
    await http.get('/api/v1/me').set('cookie', `uplift.session_token=${other}`).expect(401);
    await http.get('/api/v1/me').set('cookie', `uplift.session_token=${token}`).expect(401);

    await expireIn('5 days'); // older than a day
    await as(signed).expect(200);
    expect((await expires()).getTime()).toBeGreaterThan(Date.now() + 6.9 * 24 * 60 * 60 * 1000);
    await expireIn('-1 second');
    await as(signed).expect(401);
    await as(token).expect(401);
    expect(await expires()).toBeUndefined();
  });
});

describe('a stranger', () => {
  type Ask = (who: Person, id: string) => ReturnType<Person['agent']['get']>;
  const cases: [what: string, id: () => string, by: (stranger: Programme) => Person, ask: Ask][] = [
    ...(['', '/gains', '/readiness', '/certificates'] as const).map(
      (tail): [string, () => string, (s: Programme) => Person, Ask] => [
        `GET sites/:id${tail}`,
        () => p.site,
        (s) => s.owner,
        (who, id) => who.agent.get(`/api/v1/sites/${id}${tail}`),
      ],
    ),
    ...(['', '/score', '/findings', '/gap-report', '/gap-report.html', '/gap-report.pdf'] as const).map(
      (tail): [string, () => string, (s: Programme) => Person, Ask] => [
        `GET assessments/:id${tail}`,
        () => closed,
        (s) => s.assessor,
        (who, id) => who.agent.get(`/api/v1/assessments/${id}${tail}`),
      ],
    ),
    [
      'PUT assessments/:id/responses',
      () => open,
      (s) => s.assessor,
      (who, id) => who.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers: [answers[0]] }),
    ],
    [
      'POST assessments/:id/submit',
      () => open,
      (s) => s.assessor,
      (who, id) => who.agent.post(`/api/v1/assessments/${id}/submit`),
    ],
    [
      'POST assessments/:id/review',
      () => closed,
      (s) => s.reviewer,
      (who, id) =>
        who.agent.post(`/api/v1/assessments/${id}/review`).send({ action: 'reopen', reason: 'Mine' }),
    ],
    [
      'POST assessments',
      () => p.site,
      (s) => s.assessor,
      (who, id) =>
        who.agent.post('/api/v1/assessments').send({
          siteId: id,
          kind: 'baseline',
          checklist: 'food-manufacturing',
          version: '2',
          level: 'basic',
          profile: 'programme-default',
          assessedOn: daysAgo(1),
        }),
    ],
    ...(['', '/invitation.ics'] as const).map(
      (tail): [string, () => string, (s: Programme) => Person, Ask] => [
        `GET visits/:id${tail}`,
        () => visit,
        (s) => s.assessor,
        (who, id) => who.agent.get(`/api/v1/visits/${id}${tail}`),
      ],
    ),
    [
      'GET certificates/:id',
      () => certificate.id,
      (s) => s.decider,
      (who, id) => who.agent.get(`/api/v1/certificates/${id}`),
    ],
    [
      'GET certificates/:id/certificate.pdf',
      () => certificate.id,
      (s) => s.decider,
      (who, id) => who.agent.get(`/api/v1/certificates/${id}/certificate.pdf`),
    ],
    [
      'POST certificates/:id/decision',
      () => certificate.id,
      (s) => s.decider,
      (who, id) => who.agent.post(`/api/v1/certificates/${id}/decision`).send({ action: 'issue' }),
    ],
    [
      'POST certificates',
      () => closed,
      (s) => s.reviewer,
      (who, id) => who.agent.post('/api/v1/certificates').send({ assessmentId: id }),
    ],
    ...(['report', 'report.html', 'report.pdf'] as const).map(
      (tail): [string, () => string, (s: Programme) => Person, Ask] => [
        `GET cohorts/:id/${tail}`,
        () => p.cohort,
        (s) => s.manager,
        (who, id) => who.agent.get(`/api/v1/cohorts/${id}/${tail}`),
      ],
    ),
    [
      'POST cohorts/:id/enrolments',
      () => p.cohort,
      (s) => s.manager,
      (who, id) =>
        who.agent
          .post(`/api/v1/cohorts/${id}/enrolments`)
          .send({ siteId: stranger.site, enrolledOn: daysAgo(1) }),
    ],
    [
      'POST cohorts/:id/enrolments/:siteId/exit',
      () => p.cohort,
      (s) => s.manager,
      (who, id) =>
        who.agent
          .post(`/api/v1/cohorts/${id}/enrolments/${p.site}/exit`)
          .send({ exitedOn: daysAgo(1), reason: 'cost' }),
    ],
    [
      'POST cohorts/…/enrolments/:siteId/exit',
      () => p.site,
      (s) => s.manager,
      (who, id) =>
        who.agent
          .post(`/api/v1/cohorts/${stranger.cohort}/enrolments/${id}/exit`)
          .send({ exitedOn: daysAgo(1), reason: 'cost' }),
    ],
    [
      'POST cohorts',
      () => p.programme,
      (s) => s.manager,
      (who, id) =>
        who.agent.post('/api/v1/cohorts').send({ programmeId: id, name: 'x', startsOn: daysAgo(1) }),
    ],
    [
      'POST programmes',
      () => p.agency,
      (s) => s.manager,
      (who, id) => who.agent.post('/api/v1/programmes').send({ organisationId: id, code: 'mine', name: 'x' }),
    ],
    [
      'POST sites',
      () => p.supplier,
      (s) => s.owner,
      (who, id) => who.agent.post('/api/v1/sites').send({ organisationId: id, name: 'x', country: 'EG' }),
    ],
    [
      'POST assessors/:id/absences',
      () => p.assessor.id,
      (s) => s.manager,
      (who, id) =>
        who.agent.post(`/api/v1/assessors/${id}/absences`).send({ from: '2030-01-01', to: '2030-01-02' }),
    ],
  ];

  it.each(cases)('is told the same of another tenant as of nothing: %s', async (_what, id, by, ask) => {
    const who = by(stranger);
    const unknown = randomUUID();
    const theirs = await ask(who, id());
    const nothing = await ask(who, unknown);
    expect({ status: theirs.status, body: theirs.body }).toEqual({
      status: 404,
      body: expect.objectContaining({ code: 'not-found' }),
    });
    expect(theirs.text.replaceAll(id(), 'ID')).toBe(nothing.text.replaceAll(unknown, 'ID'));
    expect(nothing.status).toBe(404);
  });

  it('is told the same of another buyer as of none', async () => {
    for (const id of [p.buyer, randomUUID()]) {
      expect(
        (await stranger.buyerPerson.agent.get(`/api/v1/buyers/${id}/suppliers`).expect(403)).body.code,
      ).toBe('role-required');
      expect(
        (await stranger.buyerPerson.agent.post(`/api/v1/buyers/${id}/rules`).send({}).expect(403)).body.code,
      ).toBe('role-required');
    }
  });

  it('finds nothing of another tenant in any list', async () => {
    for (const who of [stranger.manager, stranger.assessor, stranger.owner, stranger.buyerPerson]) {
      for (const path of [
        'organisations',
        'sites',
        'assessments',
        'visits',
        'programmes',
        'cohorts',
        'assessors',
        `sites?cohortId=${p.cohort}`,
        `assessments?siteId=${p.site}`,
        `visits?siteId=${p.site}`,
      ]) {
        const { text } = await who.agent.get(`/api/v1/${path}`).expect(200);
        for (const id of [
          p.agency,
          p.supplier,
          p.site,
          p.programme,
          p.cohort,
          closed,
          open,
          visit,
          p.assessor.id,
        ])
          expect(text).not.toContain(id);
      }
    }
  });
});

describe('an assessor', () => {
  it('may ask for those alone that are theirs to assess; who assesses none gets none', async () => {
    const mine = async ({ agent }: Person) =>
      (await agent.get('/api/v1/assessments?as=assessor').expect(200)).body.items as { assessorId: string }[];
    const own = await mine(p.assessor);
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter(({ assessorId }) => assessorId !== p.assessor.id)).toEqual([]);
    expect(await mine(p.buyerPerson)).toEqual([]);
  });
});

describe('a buyer', () => {
  it('sees closed assessments only', async () => {
    const { agent } = p.buyerPerson;
    expect(
      (await agent.get(`/api/v1/assessments?siteId=${p.site}`).expect(200)).body.items.map(
        (row: { id: string }) => row.id,
      ),
    ).toEqual([closed]);
    // The programme's charter shows its buyers scores by section, not the answers and findings behind them.
    for (const [tail, status] of [
      ['', 200],
      ['/score', 200],
      ['/findings', 403],
      ['/gap-report', 403],
      ['/gap-report.html', 403],
    ] as const) {
      const { body } = await agent.get(`/api/v1/assessments/${closed}${tail}`).expect(status);
      if (status === 403) expect(body.code).toBe('scope-required');
      expect(JSON.stringify(body)).not.toContain(answers[0]!.requirement);
      expect((await agent.get(`/api/v1/assessments/${open}${tail}`).expect(404)).body.title).toBe(
        'There is no such assessment.',
      );
    }
  });
  it('sees no visits, one by one as in the list', async () => {
    expect((await p.buyerPerson.agent.get('/api/v1/visits').expect(200)).body.items).toEqual([]);
    await p.buyerPerson.agent.get(`/api/v1/visits/${visit}`).expect(404);
    await p.buyerPerson.agent.get(`/api/v1/visits/${visit}/invitation.ics`).expect(404);
  });
  it('sees no certificate that nobody has decided on', async () => {
    expect((await p.buyerPerson.agent.get(`/api/v1/sites/${p.site}/certificates`).expect(200)).body).toEqual(
      [],
    );
    await p.buyerPerson.agent.get(`/api/v1/certificates/${certificate.id}`).expect(404);
  });
  it('neither assesses, reviews nor certifies', async () => {
    const { agent } = p.buyerPerson;
    expect(
      (
        await agent
          .post(`/api/v1/assessments/${closed}/review`)
          .send({ action: 'reopen', reason: 'x' })
          .expect(403)
      ).body.code,
    ).toBe('role-required');
    expect(
      (await agent.post('/api/v1/certificates').send({ assessmentId: closed }).expect(403)).body.code,
    ).toBe('role-required');
  });
});

describe('a supplier', () => {
  it('claims beside the verdicts, and leaves them as they are', async () => {
    const [first] = answers;
    await p.owner.agent
      .put(`/api/v1/assessments/${open}/responses`)
      .send({ answers: [{ ...first, answer: 'major' }] })
      .expect(200);
    const { body } = await p.owner.agent.get(`/api/v1/assessments/${open}`).expect(200);
    expect(
      body.responses.find((row: { requirement: string }) => row.requirement === first!.requirement),
    ).toMatchObject({ answer: 'conform', claim: 'major' });
    expect((await p.owner.agent.post(`/api/v1/assessments/${open}/submit`).expect(403)).body.code).toBe(
      'role-required',
    );
  });
});

describe('four eyes', () => {
  it('let nobody review their own work', async () => {
    await app.sql(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'reviewer')`,
      [randomUUID(), p.assessor.id, p.provider],
    );
    const { body: mine } = await p.assessor.agent
      .post('/api/v1/assessments')
      .send({
        siteId: p.site,
        kind: 'verification',
        checklist: 'food-manufacturing',
        version: '2',
        level: 'basic',
        profile: 'programme-default',
        assessedOn: daysAgo(1),
      })
      .expect(201);
    await p.assessor.agent.put(`/api/v1/assessments/${mine.id}/responses`).send({ answers }).expect(200);
    await p.assessor.agent.post(`/api/v1/assessments/${mine.id}/submit`).expect(200);
    const refused = await p.assessor.agent
      .post(`/api/v1/assessments/${mine.id}/review`)
      .send({ action: 'take-review' })
      .expect(403);
    expect(refused.body.code).toBe('own-work');
  });

  it('let nobody issue what they assessed, proposed or coached', async () => {
    const decide = (who: Person) =>
      who.agent.post(`/api/v1/certificates/${certificate.id}/decision`).send({ action: 'issue' });
    expect((await decide(p.reviewer).expect(403)).body.code).toBe('role-required');
    for (const who of [p.reviewer, p.assessor]) {
      await app.sql(
        `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'decider')`,
        [randomUUID(), who.id, who === p.reviewer ? p.agency : p.provider],
      );
      expect((await decide(who).expect(403)).body.code).toBe('four-eyes');
    }
    const coach = await app.person('Coach', [[p.agency, 'decider']]);
    await app.sql(
      `INSERT INTO engagement (id, person_id, site_id, role, from_date) VALUES ($1, $2, $3, 'coach', $4)`,
      [randomUUID(), coach.id, p.site, daysAgo(30)],
    );
    const refused = await decide(coach).expect(403);
    expect(refused.body).toMatchObject({
      code: 'four-eyes',
      errors: [expect.objectContaining({ message: 'decider-is-coach' })],
    });
    expect((await p.owner.agent.get(`/api/v1/certificates/${certificate.id}`).expect(200)).body.state).toBe(
      'under-review',
    );
  });

  it('propose no second one for the same assessment, but again one that was returned', async () => {
    expect(
      (await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: closed }).expect(409)).body
        .code,
    ).toBe('certificate-exists');
    await p.decider.agent
      .post(`/api/v1/certificates/${certificate.id}/decision`)
      .send({ action: 'return', reason: 'The scope is missing.' })
      .expect(200);
    const again = await p.reviewer.agent
      .post('/api/v1/certificates')
      .send({ assessmentId: closed })
      .expect(201);
    expect(again.body).toMatchObject({
      id: certificate.id,
      number: certificate.number,
      state: 'under-review',
    });
    const issued = await p.decider.agent
      .post(`/api/v1/certificates/${certificate.id}/decision`)
      .send({ action: 'issue' })
      .expect(200);
    expect(issued.body.history.map((entry: { action: string }) => entry.action)).toEqual([
      'submit',
      'return',
      'submit',
      'issue',
    ]);
  });

  it('is issued once, whoever is faster', async () => {
    const { body } = await p.buyerPerson.agent.get(`/api/v1/certificates/${certificate.id}`).expect(200);
    expect(body.state).toBe('valid');
    const two = await Promise.all(
      [0, 1].map(() =>
        p.decider.agent
          .post(`/api/v1/certificates/${certificate.id}/decision`)
          .send({ action: 'suspend', reason: 'x' }),
      ),
    );
    expect(two.map((answer) => answer.status).sort()).toEqual([200, 409]);
  });
});

describe('how a site comes into a programme', () => {
  it('is not by a stranger who knows its id, and nobody founds an agency by themselves', async () => {
    await stranger.manager.agent
      .post(`/api/v1/cohorts/${stranger.cohort}/enrolments`)
      .send({ siteId: p.site, enrolledOn: daysAgo(1) })
      .expect(404);
    await stranger.manager.agent.get(`/api/v1/sites/${p.site}`).expect(404);
    const newcomer = await app.person('Newcomer');
    await newcomer.agent
      .post('/api/v1/organisations')
      .send({ name: 'Agency of nobody', kind: 'development-agency', country: 'EG' })
      .expect(403);
  });
});

describe('how a site comes into a cohort', () => {
  it('takes its owner and the programme: without the present code a foreign cohort is like none', async () => {
    const site = (
      await p.owner.agent
        .post('/api/v1/sites')
        .send({ organisationId: p.supplier, name: 'Seeks a cohort', country: 'EG' })
        .expect(201)
    ).body.id;
    const enrol = (cohort: string, joiningCode?: unknown) =>
      p.owner.agent
        .post(`/api/v1/cohorts/${cohort}/enrolments`)
        .send({ siteId: site, enrolledOn: daysAgo(1), joiningCode });
    const unknown = await enrol(randomUUID(), p.joiningCode).expect(404);
    const same = ({ status, body }: { status: number; body: Record<string, unknown> }) => [
      status,
      body['code'],
      body['detail'],
    ];
    // Another programme's cohort: with no code, a made-up one, an empty one, the code of one's own programme.
    for (const code of [undefined, 'x'.repeat(20), p.joiningCode])
      expect(same(await enrol(stranger.cohort, code))).toEqual(same(unknown));
    await enrol(stranger.cohort, '').expect(400);
    await enrol(stranger.cohort, { $ne: null }).expect(400);
    // One's own: told what is missing.
    expect((await enrol(p.cohort).expect(403)).body.code).toBe('joining-code-needed');
    expect((await enrol(p.cohort, stranger.joiningCode).expect(403)).body.code).toBe('joining-code-needed');
    // Past the code: the policy asks the same.
    const api = new pg.Client({ connectionString: app.ownerUrl, options: '-c role=uplift_api' });
    await api.connect();
    await api.query(`SELECT set_config('uplift.user', $1, false)`, [p.owner.id]);
    await expect(
      api.query(
        `INSERT INTO enrolment (id, cohort_id, site_id, enrolled_on) VALUES (gen_random_uuid(), $1, $2, '2026-01-01')`,
        [stranger.cohort, site],
      ),
    ).rejects.toMatchObject({ code: '42501' });
    await api.end();
    // A new code ends the one before, and time ends it, too.
    const path = `/api/v1/cohorts/${p.cohort}/joining-code`;
    await p.owner.agent.post(path).expect(404);
    await stranger.manager.agent.post(path).expect(404);
    const { joiningCode } = (await p.manager.agent.post(path).expect(201)).body;
    await enrol(p.cohort, p.joiningCode).expect(403);
    await app.sql(`UPDATE cohort SET joining_until = now() - interval '1 second' WHERE id = $1`, [p.cohort]);
    await enrol(p.cohort, joiningCode).expect(403);
    await app.sql(`UPDATE cohort SET joining_until = now() + interval '1 day' WHERE id = $1`, [p.cohort]);
    await enrol(p.cohort, joiningCode).expect(201);
    const [kept] = await app.sql(`SELECT to_jsonb(c)::text AS row FROM cohort c WHERE id = $1`, [p.cohort]);
    expect(kept!['row']).not.toContain(joiningCode);
    expect(
      await app.sql(`SELECT 1 FROM audit_entry WHERE body LIKE '%' || $1 || '%'`, [joiningCode]),
    ).toEqual([]);
  });
});

describe('who is faster', () => {
  const statuses = (answers: readonly { status: number }[]) => answers.map((answer) => answer.status).sort();

  it('submits once, enrols once, founds one programme of a code', async () => {
    const { id } = await openAssessment(stranger, {});
    await stranger.assessor.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers }).expect(200);
    const submit = () => stranger.assessor.agent.post(`/api/v1/assessments/${id}/submit`);
    expect(statuses(await Promise.all([submit(), submit(), submit()]))).toEqual([200, 409, 409]);
    const site = await stranger.owner.agent
      .post('/api/v1/sites')
      .send({ organisationId: stranger.supplier, name: 'Second', country: 'EG' })
      .expect(201);
    const enrol = () =>
      stranger.owner.agent
        .post(`/api/v1/cohorts/${stranger.cohort}/enrolments`)
        .send({ siteId: site.body.id, enrolledOn: daysAgo(1), joiningCode: stranger.joiningCode });
    expect(statuses(await Promise.all([enrol(), enrol()]))).toEqual([201, 409]);
    const found = () =>
      stranger.manager.agent
        .post('/api/v1/programmes')
        .send({ organisationId: stranger.agency, code: 'race', name: 'Race' });
    expect(statuses(await Promise.all([found(), found()]))).toEqual([201, 409]);
    const review = (action: string) =>
      stranger.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action });
    expect(statuses(await Promise.all([review('take-review'), review('take-review')]))).toEqual([200, 409]);
    expect(statuses(await Promise.all([review('close'), review('close')]))).toEqual([200, 409]);
    await waitFor(
      async () => (await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1`, [id])).length > 0,
      { what: 'the score', deadlineMs: 30_000 },
    );
    const propose = () => stranger.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: id });
    expect(statuses(await Promise.all([propose(), propose()]))).toEqual([201, 409]);
  });

  it('loses the role with the membership, at once', async () => {
    await stranger.reviewer.agent.get(`/api/v1/sites/${stranger.site}`).expect(200);
    await app.sql(`DELETE FROM membership WHERE user_id = $1`, [stranger.reviewer.id]);
    await stranger.reviewer.agent.get(`/api/v1/sites/${stranger.site}`).expect(404);
  });
});

describe('an Idempotency-Key', () => {
  const organisation = { name: 'Once', kind: 'supplier', country: 'EG' };
  const post = (who: Person, key: string, body: object) =>
    who.agent.post('/api/v1/organisations').set('idempotency-key', key).send(body);

  it('gives the first answer again and does the work once', async () => {
    const first = await post(p.owner, 'key-1', organisation).expect(201);
    const second = await post(p.owner, 'key-1', organisation).expect(201);
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(await app.sql(`SELECT id FROM organisation WHERE name = 'Once'`)).toEqual([{ id: first.body.id }]);
  });
  it('is refused with another body or address', async () => {
    expect((await post(p.owner, 'key-1', { ...organisation, name: 'Twice' }).expect(422)).body.code).toBe(
      'idempotency-key-reused',
    );
    const elsewhere = await p.owner.agent
      .post('/api/v1/sites')
      .set('idempotency-key', 'key-1')
      .send(organisation);
    expect(elsewhere.body.code).toBe('idempotency-key-reused');
    expect(await app.sql(`SELECT id FROM organisation WHERE name = 'Twice'`)).toEqual([]);
  });
  it('belongs to one person', async () => {
    const other = await post(stranger.owner, 'key-1', organisation).expect(201);
    expect(other.headers['idempotency-replayed']).toBeUndefined();
  });
  it('may be used again after a refusal', async () => {
    await post(p.owner, 'key-2', { ...organisation, kind: 'king' }).expect(400);
    await post(p.owner, 'key-2', organisation).expect(201);
  });
});
