import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import {
  basicRequirements,
  bytes,
  cairoDaysAgo,
  daysAgo,
  finish,
  letBuyersSee,
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
let owner: pg.Client;
let conforming: { requirement: string; answer: string }[];

beforeAll(async () => {
  app = await startApp('impartiality-test');
  p = await seedProgramme(app, 'one');
  owner = new pg.Client({ connectionString: app.ownerUrl });
  await owner.connect();
  conforming = (await basicRequirements(app, '2')).map(({ code }) => ({
    requirement: code,
    answer: 'conform',
  }));
}, 120_000);
afterAll(async () => {
  await owner?.end();
  await app?.stop();
});

const REASON = 'Nobody else speaks the language of the site; the reviewer looks at every verdict.';
type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

const rulesPath = (of: Programme = p) => `/api/v1/programmes/${of.programme}/impartiality-rules`;
/** Changes some of the rules of a programme. */
async function setRules(of: Programme, change: Body): Promise<void> {
  const { body } = await of.manager.agent.get(rulesPath(of)).expect(200);
  const { lookBackMonths, rules, organisationTypes, complaints } = body;
  const merged = { ...rules, ...change['rules'] };
  await of.manager.agent
    .put(rulesPath(of))
    .send({ lookBackMonths, organisationTypes, complaints, ...change, rules: merged })
    .expect(200);
}
const engage = (of: Programme, body: Body) =>
  of.manager.agent.post('/api/v1/engagements').send({ siteId: of.site, role: 'coach', ...body });
const opening = (of: Programme, who: Person, body: Body = {}) =>
  who.agent.post('/api/v1/assessments').send({
    siteId: of.site,
    cohortId: of.cohort,
    kind: 'baseline',
    checklist: 'food-manufacturing',
    version: '2',
    level: 'basic',
    profile: 'programme-default',
    assessedOn: daysAgo(120),
    ...body,
  });
const allow = (of: Programme, body: Body, who = of.manager) =>
  who.agent.post('/api/v1/impartiality-exceptions').send({ reason: REASON, ...body });
const broken = ({ body }: { body: Body }): [code: string, rules: string[]] => [
  body['code'],
  (body['errors'] as { message: string }[]).map(({ message }) => message),
];

describe('the rules of a programme', () => {
  it('are those that ship until its manager sets others, and carry their sources', async () => {
    const read = await p.assessor.agent.get(rulesPath()).expect(200).expect('etag', '"1"');
    expect(read.body).toMatchObject({
      lookBackMonths: 24,
      rules: { 'assessor-is-coach': 'block', 'decider-is-reviewer': 'block' },
      organisationTypes: { byKind: { 'assessment-provider': 'A', 'development-agency': 'C', buyer: 'B' } },
      complaints: { acknowledgeDays: 7, decideDays: 60 },
      sources: { 'decider-is-assessor': expect.stringContaining('17065') },
    });
    const { lookBackMonths, rules, organisationTypes, complaints } = read.body;
    const all = { lookBackMonths, rules, organisationTypes, complaints };
    const put = (body: Body, who = p.manager, etag = '"1"') =>
      who.agent.put(rulesPath()).set('if-match', etag).send(body);
    expect((await put(all, p.decider).expect(403)).body.code).toBe('role-required');
    expect((await put({ ...all, lookBackMonths: 30 }).expect(200)).headers['etag']).toBe('"2"');
    expect((await put(all).expect(412)).body.code).toBe('stale-revision');
    expect(
      (await p.manager.agent.get(`/api/v1/programmes/${p.programme}`).expect(200)).body.lookBackMonths,
    ).toBe(30);
    await put(all, p.manager, '"2"').expect(200);
    await p.owner.agent.get(rulesPath()).expect(200);
    const stranger = await app.person('Stranger');
    expect((await stranger.agent.get(rulesPath()).expect(404)).body.code).toBe('not-found');
    expect((await put(all, stranger).expect(404)).body.code).toBe('not-found');
    await p.manager.agent.patch(`/api/v1/programmes/${p.programme}`).send({ lookBackMonths: 24 }).expect(200);
    await p.owner.agent.get(rulesPath()).expect('etag', '"4"');
  });

  it('are refused with the place of every mistake', async () => {
    const { body } = await p.manager.agent.get(rulesPath()).expect(200);
    const { lookBackMonths, rules, organisationTypes, complaints } = body;
    const all = { lookBackMonths, rules, organisationTypes, complaints };
    const { 'assessor-is-coach': _gone, ...fewer } = rules;
    const twice = { organisationId: p.provider, type: 'A' };
    const cases: [Body, number, string][] = [
      [{ ...all, rules: { ...rules, 'assessor-is-coach': 'never' } }, 422, '/rules/assessor-is-coach'],
      [{ ...all, rules: fewer }, 422, '/rules/assessor-is-coach'],
      [
        { ...all, organisationTypes: { byKind: { buyer: 'D' }, organisations: [] } },
        422,
        '/organisationTypes/byKind/buyer',
      ],
      [
        { ...all, organisationTypes: { byKind: {}, organisations: [twice, twice] } },
        422,
        '/organisationTypes/organisations/1',
      ],
      [{ ...all, complaints: { acknowledgeDays: 9, decideDays: 8 } }, 422, '/complaints/decideDays'],
    ];
    for (const [wrong, status, field] of cases) {
      const refused = await p.manager.agent.put(rulesPath()).send(wrong).expect(status);
      expect(refused.body.code).toBe('impartiality-rules-invalid');
      expect(refused.body.errors.map((error: Body) => error['field'])).toContain(field);
    }
    // Of each kind of mistake, all at once.
    const everything = {
      ...all,
      rules: { ...fewer, 'assessor-is-owner': 'never' },
      organisationTypes: { byKind: {}, organisations: [twice, twice] },
      complaints: { acknowledgeDays: 9, decideDays: 8 },
    };
    const { errors } = (await p.manager.agent.put(rulesPath()).send(everything).expect(422)).body;
    expect(errors.map((error: Body) => error['field'])).toEqual(
      expect.arrayContaining([
        '/rules/assessor-is-coach',
        '/rules/assessor-is-owner',
        '/organisationTypes/organisations/1',
        '/complaints/decideDays',
      ]),
    );
    for (const wrong of [{ ...all, lookBackMonths: -1 }, { ...all, complaints: { acknowledgeDays: 1 } }, {}])
      expect((await p.manager.agent.put(rulesPath()).send(wrong).expect(400)).body.code).toBe(
        'invalid-request',
      );
  });
});

describe('the register', () => {
  it('holds people, organisations and who pays, and refuses what cannot be', async () => {
    const q = await seedProgramme(app, 'register');
    const { body } = await engage(q, {
      personId: q.assessor.id,
      role: 'trainer',
      from: daysAgo(900),
      until: daysAgo(880),
      paidBy: 'supplier',
      declaration: 'One day of training in a group; he does not assess the site for two years.',
    }).expect(201);
    expect(body).toMatchObject({
      organisationId: q.provider,
      organisation: 'Provider register',
      paidBy: 'supplier',
    });
    const ofFirm = await engage(q, {
      organisationId: q.provider,
      role: 'consultant',
      from: daysAgo(50),
    }).expect(201);
    expect(ofFirm.body).toMatchObject({ personId: null, name: null, organisationId: q.provider });
    expect(
      (await engage(q, { organisationId: q.provider, role: 'consultant', from: daysAgo(10) }).expect(409))
        .body.code,
    ).toBe('engagement-overlaps');
    expect((await engage(q, { from: daysAgo(1) }).expect(422)).body.code).toBe('engagement-of-nobody');
    await engage(q, { organisationId: p.provider, from: daysAgo(1) }).expect(404);
    await engage(q, { organisationId: q.provider, role: 'friend', from: daysAgo(1) }).expect(400);
    // A third party whose people advised the site does not assess it, whoever comes.
    const refused = await opening(q, q.assessor).expect(403);
    expect(broken(refused)).toEqual(['impartiality-breach', ['organisation-is-coach']]);
    // Of a mixed one, other people may.
    await setRules(q, {
      organisationTypes: { byKind: {}, organisations: [{ organisationId: q.provider, type: 'C' }] },
    });
    const { body: opened } = await opening(q, q.assessor).expect(201);
    const seen = await q.reviewer.agent.get(`/api/v1/assessments/${opened.id}/impartiality`).expect(200);
    expect(seen.body).toMatchObject({
      organisation: { id: q.provider, type: 'C' },
      breaches: [],
      disclosures: [{ rule: 'organisation-is-coach', engagement: { role: 'consultant' } }],
    });
    // An in-house one assesses for whom it serves, and nobody else.
    const inHouse = (serves: string[]) =>
      setRules(q, {
        organisationTypes: { byKind: {}, organisations: [{ organisationId: q.provider, type: 'B', serves }] },
      });
    await inHouse([]);
    const other = { kind: 'verification', assessedOn: daysAgo(2) };
    expect(broken(await opening(q, q.assessor, other).expect(403))[1]).toEqual([
      'organisation-serves-others',
    ]);
    await inHouse([q.buyer]);
    await opening(q, q.assessor, other).expect(201);
  });
});

describe('who coached a site', () => {
  let baseline: string;
  let followUp: string;

  it('opens no assessment of it, over the API or past it', async () => {
    await engage(p, { personId: p.assessor.id, from: daysAgo(400) }).expect(201);
    const refused = await opening(p, p.assessor).expect(403);
    expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(broken(refused)).toEqual(['impartiality-breach', ['assessor-is-coach']]);
    expect(refused.body.errors[0]).toMatchObject({
      field: p.assessor.id,
      fix: expect.stringContaining(`from ${daysAgo(400)}, still going on`),
    });
    const [version] = await app.sql(`SELECT id FROM checklist_version LIMIT 1`);
    const [profile] = await app.sql(`SELECT id FROM scoring_profile LIMIT 1`);
    await expect(
      owner.query(
        `INSERT INTO assessment (id, site_id, cohort_id, checklist_version_id, scoring_profile_id, level, kind, state, assessed_on, assessor_id)
         VALUES ($1, $2, $3, $4, $5, 'basic', 'baseline', 'draft', $6, $7)`,
        [randomUUID(), p.site, p.cohort, version!['id'], profile!['id'], daysAgo(120), p.assessor.id],
      ),
    ).rejects.toMatchObject({ code: 'UD003' });
    // A colleague of the third party neither: it is the organisation that coached.
    const colleague = await app.person('Colleague', [[p.provider, 'assessor']]);
    expect(broken(await opening(p, colleague).expect(403))[1]).toEqual(['organisation-is-coach']);
    // The supplier's own assessment is called what it is.
    await opening(p, p.owner, { kind: 'self' }).expect(201);
  });

  it('may be allowed to, by the manager, with a reason, where the rule lets it', async () => {
    const wanted = {
      rule: 'assessor-is-coach',
      personId: p.assessor.id,
      siteId: p.site,
      programmeId: p.programme,
      validFrom: daysAgo(150),
      validUntil: daysAgo(0),
    };
    expect((await allow(p, wanted).expect(409)).body.code).toBe('rule-blocks');
    await setRules(p, {
      rules: {
        'assessor-is-coach': 'allow-with-reason',
        'decider-is-reviewer': 'allow-with-reason',
        'reviewer-is-coach': 'allow-with-reason',
      },
    });
    expect((await opening(p, p.assessor).expect(403)).body.errors[0].fix).toContain(
      'impartiality-exceptions',
    );
    const cases: [Body, Person, number, string][] = [
      [wanted, p.assessor, 403, 'role-required'],
      [wanted, p.decider, 403, 'role-required'],
      [{ ...wanted, personId: p.manager.id }, p.manager, 403, 'exception-for-oneself'],
      [{ ...wanted, personId: p.decider.id }, p.manager, 422, 'nothing-to-allow'],
      [{ ...wanted, rule: 'reviewer-is-coach' }, p.manager, 422, 'exception-subject'],
      [{ ...wanted, validUntil: undefined }, p.manager, 422, 'exception-subject'],
      [{ ...wanted, validUntil: daysAgo(-400) }, p.manager, 422, 'exception-subject'],
      [{ ...wanted, siteId: randomUUID() }, p.manager, 404, 'not-found'],
      [{ ...wanted, programmeId: randomUUID() }, p.manager, 404, 'not-found'],
      [{ ...wanted, reason: 'short' }, p.manager, 400, 'invalid-request'],
      [{ ...wanted, rule: 'no-such-rule' }, p.manager, 400, 'invalid-request'],
    ];
    for (const [body, who, status, code] of cases)
      expect([body, (await allow(p, body, who).expect(status)).body.code]).toEqual([body, code]);
    const { body } = await allow(p, wanted).expect(201);
    expect(body).toMatchObject({
      rule: 'assessor-is-coach',
      reason: REASON,
      recordedBy: p.manager.id,
      facts: [{ engagement: { from: daysAgo(400), until: null } }],
    });
    expect((await allow(p, wanted).expect(409)).body.code).toBe('exception-exists');
    for (const change of [
      `UPDATE impartiality_exception SET reason = 'another'`,
      `DELETE FROM impartiality_exception`,
      `TRUNCATE impartiality_exception`,
    ])
      await expect(owner.query(change)).rejects.toThrow('append-only');
  });

  it('shows in every score and gain that rests on it', async () => {
    baseline = (await openAssessment(p, {})).id;
    const poor = conforming.map((answer, index) => (index < 5 ? { ...answer, answer: 'minor' } : answer));
    await finish(p, baseline, poor);
    followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(2) })).id;
    await finish(p, followUp, conforming);
    await waitFor(
      async () =>
        (await p.manager.agent.get(`/api/v1/sites/${p.site}/gains`).expect(200)).body[0]?.comparable,
      { what: 'the gain', deadlineMs: 60_000 },
    );
    const shown = {
      rule: 'assessor-is-coach',
      reason: REASON,
      recordedOn: expect.any(String),
      from: daysAgo(400),
      until: null,
    };
    for (const who of [p.manager, p.owner, p.buyerPerson]) {
      const { body } = await who.agent.get(`/api/v1/assessments/${followUp}/score`).expect(200);
      expect(body.exceptions).toEqual([shown]);
      const [gain] = (await who.agent.get(`/api/v1/sites/${p.site}/gains`).expect(200)).body;
      expect(gain.gain.independence).toBe('coach-assessed');
      expect(gain.exceptions).toEqual([shown, shown]);
      const cohort = await who.agent.get(`/api/v1/cohorts/${p.cohort}/gains`);
      if (who !== p.owner)
        expect(cohort.body.aggregate.independence).toMatchObject({ overlapping: 1, exceptions: 1 });
    }
    await letBuyersSee(p, ['answers']);
    const words = {
      en: 'The assessor coached this site',
      es: 'El evaluador asesoró',
      ar: 'قدّم المقيِّم إرشادًا',
    };
    for (const [lang, phrase] of Object.entries(words)) {
      const gap = await p.owner.agent
        .get(`/api/v1/assessments/${followUp}/gap-report.html?lang=${lang}`)
        .expect(200);
      expect(gap.text).toContain(phrase);
      expect(gap.text).toContain(REASON);
      await p.owner.agent.get(`/api/v1/assessments/${followUp}/gap-report.pdf?lang=${lang}`).expect(200);
      const report = await p.manager.agent
        .get(`/api/v1/cohorts/${p.cohort}/report.html?lang=${lang}`)
        .expect(200);
      expect(report.text).toMatch(/rests on an exception|se basa en una excepción|إلى استثناء/);
    }
  });

  it('is told to reviewer and decider, and stands on the certificate, in public, in three languages', async () => {
    const path = `/api/v1/assessments/${followUp}/impartiality`;
    const seen = await p.decider.agent.get(path).expect(200);
    expect(seen.body).toMatchObject({
      lookBackMonths: 24,
      organisation: { id: p.provider, type: 'A' },
      duties: [
        { duty: 'assessor', personId: p.assessor.id, name: p.assessor.name },
        { duty: 'reviewer', personId: p.reviewer.id },
      ],
      breaches: [
        { rule: 'assessor-is-coach', exception: { reason: REASON, recordedByName: p.manager.name } },
      ],
    });
    await p.buyerPerson.agent.get(path).expect(404);
    // Who reviewed decides only with an exception of its own.
    await app.sql(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES ($1, $2, $3, 'decider')`,
      [randomUUID(), p.reviewer.id, p.agency],
    );
    const { body: certificate } = await p.decider.agent
      .post('/api/v1/certificates')
      .send({ assessmentId: followUp })
      .expect(201);
    const issue = (who: Person) =>
      who.agent.post(`/api/v1/certificates/${certificate.id}/decision`).send({ action: 'issue' });
    expect(broken(await issue(p.decider).expect(403))).toEqual(['four-eyes', ['decider-is-proposer']]);
    expect(broken(await issue(p.reviewer).expect(403))).toEqual(['four-eyes', ['decider-is-reviewer']]);
    const few = 'The second decider has left; the agency looks for another one.';
    await allow(p, {
      rule: 'decider-is-reviewer',
      personId: p.reviewer.id,
      assessmentId: followUp,
      reason: few,
    }).expect(201);
    const issued = await issue(p.reviewer).expect(200);
    expect(issued.body.exceptions.map((each: Body) => [each['rule'], each['reason']])).toEqual([
      ['assessor-is-coach', REASON],
      ['decider-is-reviewer', few],
    ]);
    // A score does not rest on who decided about a certificate.
    const { body: score } = await p.owner.agent.get(`/api/v1/assessments/${followUp}/score`).expect(200);
    expect(score.exceptions).toHaveLength(1);
    const { body: verified } = await app.anonymous.get(`/api/v1/verify/${certificate.number}`).expect(200);
    expect(verified.exceptions).toEqual(issued.body.exceptions);
    expect(JSON.stringify(verified)).not.toContain(p.assessor.id);
    for (const [lang, phrase] of [
      ['en', 'Who decided also reviewed'],
      ['es', 'Quien decidió también revisó'],
      ['ar', 'صاحب القرار هو المراجع أيضًا'],
    ] as const) {
      const page = await app.anonymous.get(`/verify/${certificate.number}?lang=${lang}`).expect(200);
      for (const text of [phrase, REASON, few]) expect(page.text).toContain(text);
      const pdf = await p.owner.agent
        .get(`/api/v1/certificates/${certificate.id}/certificate.pdf?lang=${lang}`)
        .buffer(true)
        .parse(bytes)
        .expect(200);
      expect(pdf.body.subarray(0, 4).toString()).toBe('%PDF');
    }
    const listed = await p.owner.agent.get(`/api/v1/impartiality-exceptions?siteId=${p.site}`).expect(200);
    expect(listed.body.items).toHaveLength(2);
    expect((await p.buyerPerson.agent.get('/api/v1/impartiality-exceptions').expect(200)).body.items).toEqual(
      [],
    );
  });

  it('reviews nothing there, and what is set back to block blocks again', async () => {
    const second = await app.person('Second reviewer', [[p.agency, 'reviewer']]);
    await engage(p, { personId: second.id, from: daysAgo(700), until: daysAgo(600) }).expect(201);
    const { body: draft } = await opening(p, p.assessor, {
      kind: 'verification',
      assessedOn: daysAgo(1),
    }).expect(201);
    await p.assessor.agent
      .put(`/api/v1/assessments/${draft.id}/responses`)
      .send({ answers: conforming })
      .expect(200);
    await setRules(p, { rules: { 'assessor-is-coach': 'block' } });
    const submit = () => p.assessor.agent.post(`/api/v1/assessments/${draft.id}/submit`);
    expect(broken(await submit().expect(403))[1]).toEqual(['assessor-is-coach']);
    await setRules(p, { rules: { 'assessor-is-coach': 'allow-with-reason' } });
    await submit().expect(200);
    const take = (who: Person) =>
      who.agent.post(`/api/v1/assessments/${draft.id}/review`).send({ action: 'take-review' });
    expect(broken(await take(second).expect(403))).toEqual(['impartiality-breach', ['reviewer-is-coach']]);
    await expect(
      owner.query(`UPDATE assessment SET reviewer_id = $2 WHERE id = $1`, [draft.id, second.id]),
    ).rejects.toMatchObject({ code: 'UD003' });
    await allow(p, { rule: 'reviewer-is-coach', personId: second.id, assessmentId: draft.id }).expect(201);
    await take(second).expect(200);
    const { body } = await p.owner.agent.get(`/api/v1/assessments/${draft.id}/score`).expect(200);
    expect(body.exceptions.map((each: Body) => each['rule'])).toEqual([
      'assessor-is-coach',
      'reviewer-is-coach',
    ]);
  });
});

describe('visits', () => {
  it('are planned by the look-back of their own programme, and by nobody else who is not impartial', async () => {
    const q = await seedProgramme(app, 'visits');
    const { id } = await openAssessment(q, {});
    await finish(q, id, conforming);
    type Visit = { id: string; state: string; assessorId: string | null; unplannedReasons: unknown };
    const visit = async (): Promise<Visit> =>
      (await q.manager.agent.get(`/api/v1/visits?siteId=${q.site}`).expect(200)).body.items.find(
        (each: Visit) => ['planned', 'unplanned'].includes(each.state),
      );
    const until = (state: string, what: string) =>
      waitFor(async () => ((await visit())?.state === state ? visit() : null), { what, deadlineMs: 60_000 });
    expect((await until('planned', 'a visit')).assessorId).toBe(q.assessor.id);
    // Coaching that ended eight months ago: within 24 months, not within 6.
    await engage(q, { personId: q.assessor.id, from: daysAgo(300), until: daysAgo(240) }).expect(201);
    const unplanned = await until('unplanned', 'the visit given up');
    expect(JSON.stringify(unplanned.unplannedReasons)).toContain('coached-within-look-back');
    await setRules(q, { lookBackMonths: 6 });
    const planned = await until('planned', 'the visit planned again');
    await setRules(q, { lookBackMonths: 24, rules: { 'assessor-is-coach': 'allow-with-reason' } });
    await until('unplanned', 'the visit given up once more');
    await allow(q, {
      rule: 'assessor-is-coach',
      personId: q.assessor.id,
      siteId: q.site,
      programmeId: q.programme,
      validUntil: daysAgo(-366),
    }).expect(201);
    await until('planned', 'the visit by exception');
    // Not even by hand, once it is forbidden again.
    await setRules(q, { rules: { 'assessor-is-coach': 'block' } });
    await until('unplanned', 'the visit given up at last');
    await owner.query(`UPDATE visit SET state = 'planned', assessor_id = $2, planned_on = $3 WHERE id = $1`, [
      planned.id,
      q.assessor.id,
      cairoDaysAgo(0),
    ]);
    const done = await q.assessor.agent
      .post(`/api/v1/visits/${planned.id}/outcome`)
      .send({ outcome: 'done' });
    expect([done.status, broken(done)]).toEqual([403, ['impartiality-breach', ['assessor-is-coach']]]);
  });
});
