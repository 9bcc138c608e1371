import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ICAL from 'ical.js';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Test } from 'supertest';
import {
  basicRequirements,
  bytes,
  daysAgo,
  finish,
  openAssessment,
  seedProgramme,
  startApp,
  type Asked,
  type Programme,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

const SUPPLIER = '<script>alert(1)</script> & "Sons"';
const SITE = '#panic("x") *b* $y$ <b>z</b>';
const COHORT = '<b>#panic(1) *c*</b>';
const NOTE = '</p><img src=x onerror=alert(2)> #import "a.typ" `raw` @ref';
const shipped = (file: string) =>
  readFileSync(resolve(import.meta.dirname, '../../checklists', file), 'utf8');

let app: TestApp;
let p: Programme;
let asked: Asked[];
let conforming: { requirement: string; answer: string }[];

beforeAll(async () => {
  app = await startApp('bad-input-test');
  p = await seedProgramme(app, 'one', { supplier: SUPPLIER, site: SITE });
  asked = await basicRequirements(app, '2');
  conforming = asked.map(({ code }) => ({ requirement: code, answer: 'conform' }));
}, 120_000);
afterAll(() => app?.stop());

const TABLES = [
  'assessment',
  'response',
  'checklist_version',
  'checklist_translation',
  'crosswalk',
  'scoring_profile',
  'organisation',
  'membership',
  'site',
  'programme',
  'cohort',
  'enrolment',
  'certificate',
  'buyer_rule_row',
  'absence',
  'idempotency_key',
];
/** Work that requests ask for; the worker adds its own. */
const ASKED_FOR = `name IN ('assessment-submitted', 'assessment-closed', 'assessment-reopened', 'rules-changed', 'site-changed', 'certificate-changed')`;
/** What people have entered, as one fingerprint a table. */
async function fingerprint(): Promise<unknown> {
  const each = TABLES.map(
    (table) => `(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${table} t) AS ${table}`,
  );
  const [row] = await app.sql(
    `SELECT (SELECT count(*) FROM outbox WHERE ${ASKED_FOR}) AS jobs, ${each.join(', ')}`,
  );
  return row;
}

interface Problem {
  code: string;
  title: string;
  errors: { field: string; message: string; fix?: string; line?: number; column?: number }[];
}

/** The request is refused as a problem with this status and code, and has left no trace. */
async function refused(request: () => Test, status: number, code: string): Promise<Problem> {
  const before = await fingerprint();
  const answer = await request();
  expect({ status: answer.status, code: answer.body?.code, type: answer.headers['content-type'] }).toEqual({
    status,
    code,
    type: expect.stringMatching(/^application\/problem\+json/),
  });
  expect(answer.body).toMatchObject({
    type: expect.stringContaining(code),
    title: expect.any(String),
    status,
    instance: expect.any(String),
  });
  expect(answer.text).not.toMatch(/node_modules|at .*\.ts:/);
  expect(await fingerprint()).toEqual(before);
  return answer.body as Problem;
}

describe('answers', () => {
  let id: string;
  const put = (answers: readonly object[]) =>
    p.assessor.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers });
  beforeAll(async () => {
    id = (await openAssessment(p, {})).id;
  });

  it('to an unknown requirement are refused, the good ones beside it too', async () => {
    const problem = await refused(
      () => put([conforming[0]!, { requirement: 'FM-NONE-01', answer: 'conform' }]),
      422,
      'unknown-requirement',
    );
    expect(problem.errors).toEqual([
      expect.objectContaining({ field: '/responses/1/requirement', fix: expect.any(String) }),
    ]);
  });
  it('to one requirement twice are refused', async () => {
    await refused(() => put([conforming[0]!, conforming[0]!]), 422, 'duplicate-response');
  });
  it('outside the scale are refused with the scale', async () => {
    const problem = await refused(
      () => put([{ requirement: asked[0]!.code, answer: 'perhaps' }]),
      422,
      'answer-out-of-scale',
    );
    expect(problem.errors[0]!.fix).toContain('conform, minor, major, na');
  });
  it('"not applicable" without a reason are refused, blank reasons too', async () => {
    const requirement = asked.find((each) => each.naAllowed)!.code;
    await refused(() => put([{ requirement, answer: 'na' }]), 422, 'na-without-reason');
    await refused(() => put([{ requirement, answer: 'na', naReason: '   ' }]), 422, 'na-without-reason');
  });
  it('with several problems name all of them', async () => {
    const problem = await refused(
      () =>
        put([
          { requirement: 'X', answer: 'perhaps' },
          { requirement: asked[0]!.code, answer: 'no' },
        ]),
      422,
      'unknown-requirement',
    );
    expect(problem.errors).toHaveLength(3);
  });
  it('with a character no text may hold are refused', async () => {
    for (const note of ['zero \u0000 byte', 'half a pair \ud800', '\udddb\ud83e']) {
      const { errors } = await refused(
        () => put([conforming[1]!, { ...conforming[0]!, note }]),
        422,
        'value-not-storable',
      );
      expect(errors).toEqual([expect.objectContaining({ field: '/answers/1/note' })]);
    }
    // A whole one of two halves is a character like others.
    await put([{ ...conforming[0]!, note: '\ud83e\uddc0' }]).expect(200);
  });
  it('are all named when they are missing at submission', async () => {
    await put(conforming.slice(0, 5)).expect(200);
    const problem = await refused(
      () => p.assessor.agent.post(`/api/v1/assessments/${id}/submit`),
      422,
      'unanswered-requirements',
    );
    expect(problem.errors.map((error) => error.field)).toEqual(
      asked.slice(5).map(({ code }) => `/requirements/${code}`),
    );
  });
  it('with a stale or a foreign ETag are refused', async () => {
    const { body } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
    await refused(
      () => put([conforming[0]!]).set('if-match', `"${body.revision - 1}"`),
      412,
      'stale-revision',
    );
    await refused(() => put([conforming[0]!]).set('if-match', 'W/"abc"'), 412, 'stale-revision');
  });
  it('of two people with the same ETag are kept once', async () => {
    const { headers } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
    const both = await Promise.all(
      [0, 1].map((index) => put([conforming[index]!]).set('if-match', headers['etag']!)),
    );
    expect(both.map((answer) => answer.status).sort()).toEqual([200, 412]);
  });
  it('are not changed once handed in, nor once closed', async () => {
    await put(conforming).expect(200);
    await p.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);
    await settled(id);
    await refused(() => put([{ requirement: asked[0]!.code, answer: 'major' }]), 409, 'assessment-locked');
    await refused(
      () => p.assessor.agent.post(`/api/v1/assessments/${id}/submit`),
      409,
      'transition-not-allowed',
    );
    for (const action of ['take-review', 'close'])
      await p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action }).expect(200);
    await refused(() => put([{ requirement: asked[0]!.code, answer: 'major' }]), 409, 'assessment-locked');
    await refused(
      () => p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action: 'reopen' }),
      422,
      'reason-required',
    );
  });
});

/** Waits until score and visit of an assessment are there. */
const settled = (id: string) =>
  waitFor(
    async () => {
      const [row] = await app.sql(
        `SELECT (SELECT count(*)::int FROM assessment_score WHERE assessment_id = $1) + (SELECT count(*)::int FROM visit WHERE assessment_id = $1 AND state = 'planned') AS n`,
        [id],
      );
      return row!['n'] === 2;
    },
    { what: 'score and visit', deadlineMs: 30_000 },
  );

describe('assessments', () => {
  const open = (input: object) =>
    p.assessor.agent.post('/api/v1/assessments').send({
      siteId: p.site,
      kind: 'follow-up',
      checklist: 'food-manufacturing',
      version: '2',
      level: 'basic',
      profile: 'programme-default',
      assessedOn: daysAgo(2),
      ...input,
    });

  it('are refused with a day that does not exist, unknown content or level', async () => {
    for (const assessedOn of ['2026-02-30', '0206-03-01', '9999-12-31'])
      expect((await refused(() => open({ assessedOn }), 422, 'impossible-date')).errors[0]!.field).toBe(
        '/assessedOn',
      );
    await refused(() => open({ version: '9' }), 422, 'unknown-checklist');
    await refused(() => open({ profile: 'nobodys' }), 422, 'unknown-profile');
    expect((await refused(() => open({ level: 'expert' }), 422, 'unknown-level')).errors[0]!.fix).toContain(
      'basic',
    );
  });
  it('of a cohort ask for an enrolment', async () => {
    const cohort = (
      await p.manager.agent
        .post('/api/v1/cohorts')
        .send({ programmeId: p.programme, name: 'Other', startsOn: daysAgo(9) })
        .expect(201)
    ).body.id;
    await refused(() => open({ cohortId: cohort }), 422, 'not-enrolled');
  });
  it('that follow up are not held before their baseline', async () => {
    await refused(() => open({ assessedOn: daysAgo(121) }), 422, 'follow-up-before-baseline');
  });
  it('that follow up one baseline race: exactly one wins', async () => {
    const answers = await Promise.all([open({}), open({}), open({})]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409]);
    expect(answers.filter((answer) => answer.status === 409).map((answer) => answer.body.code)).toEqual([
      'follow-up-exists',
      'follow-up-exists',
    ]);
    const [row] = await app.sql(`SELECT count(*)::int AS n FROM assessment WHERE kind = 'follow-up'`);
    expect(row!['n']).toBe(1);
    await refused(() => open({}), 409, 'follow-up-exists');
  });
  it('that were sent twice with one key are opened once', async () => {
    const both = await Promise.all(
      [0, 1].map(() => open({ kind: 'verification' }).set('idempotency-key', 'race')),
    );
    const created = both.filter((answer) => answer.status === 201);
    expect(new Set(created.map((answer) => answer.body.id)).size).toBe(1);
    for (const other of both.filter((answer) => answer.status !== 201))
      expect(other.body.code).toBe('request-in-progress');
    const [row] = await app.sql(`SELECT count(*)::int AS n FROM assessment WHERE kind = 'verification'`);
    expect(row!['n']).toBe(1);
  });
});

describe('requests', () => {
  const organisation = { name: 'X', kind: 'supplier', country: 'EG' };
  const post = () => p.owner.agent.post('/api/v1/organisations');

  it('that are too large are refused', async () => {
    await refused(
      () => post().send({ ...organisation, name: 'x'.repeat(5 * 1024 * 1024) }),
      413,
      'body-too-large',
    );
  });
  it('that are not JSON are refused', async () => {
    for (const [body, why] of [
      ['{"name": ', /^not JSON$/],
      ['', /empty/],
      ['{"name": "x"} x', /^not JSON$/],
    ] as const) {
      const { errors } = await refused(
        () => post().set('content-type', 'application/json').send(body),
        400,
        'invalid-request',
      );
      expect(errors).toEqual([{ field: '', message: expect.stringMatching(why), fix: expect.any(String) }]);
    }
    await refused(
      () => post().set('content-type', 'application/xml').send('<name/>'),
      415,
      'media-type-not-supported',
    );
    await refused(() => post().set('content-type', 'application/json').send('[]'), 400, 'invalid-request');
  });
  it('with fields nobody knows are refused, each named', async () => {
    const problem = await refused(
      () => post().send({ ...organisation, demo: true, id: 'mine' }),
      400,
      'invalid-request',
    );
    expect(problem.errors.map((error) => error.field).sort()).toEqual(['/demo', '/id']);
  });
  it('with values of another kind are refused, each named', async () => {
    const problem = await refused(
      () => post().send({ name: '', kind: 'king', country: 'Egypt' }),
      400,
      'invalid-request',
    );
    expect(new Set(problem.errors.map((error) => error.field))).toEqual(
      new Set(['/name', '/kind', '/country']),
    );
    await refused(
      () => p.assessor.agent.put(`/api/v1/assessments/${p.site}/responses`).send({ answers: 'all' }),
      400,
      'invalid-request',
    );
    await refused(
      () => p.assessor.agent.put(`/api/v1/assessments/${p.site}/responses`).send({ answers: [null] }),
      400,
      'invalid-request',
    );
  });
  it('for ids that are none and pages that are none are refused', async () => {
    await refused(() => p.owner.agent.get('/api/v1/sites/1%27%20OR%201=1'), 400, 'invalid-request');
    await refused(() => p.owner.agent.get('/api/v1/sites?cursor=nonsense'), 422, 'bad-cursor');
    await refused(
      () =>
        p.owner.agent.get(
          `/api/v1/sites?cursor=${Buffer.from('-'.repeat(36).replace(/^-{8}/, '00000000')).toString('base64url')}`,
        ),
      422,
      'bad-cursor',
    );
    await refused(() => p.owner.agent.get('/api/v1/sites?limit=0'), 400, 'invalid-request');
    await refused(() => p.owner.agent.get('/api/v1/nowhere'), 404, 'not-found');
    await refused(() => p.owner.agent.get('/api/v1/%ff'), 400, 'invalid-request');
  });
  it('of rules that can never be met, or are none, are refused', async () => {
    const rule = {
      format: 'uplift.buyer-rule/1',
      buyer: 'b',
      rule: 'r',
      version: '1',
      title: 'T',
      categories: ['*'],
      checklist: 'food-manufacturing',
      level: 'basic',
      profile: 'programme-default',
      maxAgeDays: 365,
    };
    const publish = (body: object) => p.buyerPerson.agent.post(`/api/v1/buyers/${p.buyer}/rules`).send(body);
    await refused(() => publish({}), 422, 'buyer-rule-invalid');
    await refused(() => publish({ ...rule, mandatoryItems: ['FM-NONE-01'] }), 422, 'buyer-rule-impossible');
    await refused(() => publish({ ...rule, level: 'expert' }), 422, 'buyer-rule-invalid');
    await refused(() => publish({ ...rule, profile: 'nobodys' }), 422, 'buyer-rule-invalid');
  });
  it('for an absence that ends before it begins are refused', async () => {
    await refused(
      () =>
        p.assessor.agent
          .post(`/api/v1/assessors/${p.assessor.id}/absences`)
          .send({ from: '2030-01-02', to: '2030-01-01' }),
      422,
      'period-reversed',
    );
  });
});

describe('content', () => {
  const publish = (...files: string[]) => p.manager.agent.post('/api/v1/content').send({ files });
  const checklist = (sections: string) => `
format: uplift.checklist/1
checklist: loop
version: '1'
title: Loop
language: en
levels: [{ code: basic, title: Basic }]
sections: ${sections}
requirements: [{ code: L-01, section: A, level: basic, question: Is it?, criticality: major }]
`;
  const profile = (gates: string) =>
    shipped('profiles/programme-default.yaml')
      .replace('profile: programme-default', 'profile: mine')
      .replace(/gates:[\s\S]*$/, `gates: ${gates}\n`);

  it('is published when it is sound, and stays as it is when sent again', async () => {
    expect((await publish(checklist('[{ code: A, title: A }]')).expect(201)).body).toEqual([
      expect.objectContaining({ created: true }),
    ]);
    expect((await publish(checklist('[{ code: A, title: A }]')).expect(201)).body).toEqual([
      expect.objectContaining({ created: false }),
    ]);
  });
  it('that is withdrawn opens no new assessment, and those that are open go on to their end', async () => {
    const edition = (version: string) => checklist('[{ code: A, title: A }]').replace("'1'", `'${version}'`);
    const api = '/api/v1/checklists/loop';
    const row = async (version: string) =>
      (await p.assessor.agent.get('/api/v1/checklists').expect(200)).body.find(
        (each: Record<string, unknown>) => each.checklist === 'loop' && each.version === version,
      );
    await publish(edition('8')).expect(201);
    const asWas = (await p.assessor.agent.get(`${api}/8`).expect(200)).text;
    const begin = { checklist: 'loop', version: '8', level: 'basic' };
    const { id } = await openAssessment(p, begin);
    const news = async () =>
      (await p.assessor.agent.get(`/api/v1/assessments/${id}/offline`).expect(200)).body.edition;
    expect(await news()).toEqual({ withdrawn: null, newer: null });
    await publish(edition('9'), edition('10')).expect(201);
    expect(await news()).toEqual({
      withdrawn: null,
      newer: { checklist: 'loop', version: '10', title: 'Loop' },
    });

    const withdraw = (version: string, body: object) =>
      p.manager.agent.post(`${api}/${version}/withdraw`).send(body);
    const reason = 'Item L-01 asks the wrong thing.';
    const instead = (version: string) => ({ reason, successor: { checklist: 'loop', version } });
    await refused(() => withdraw('8', { reason: ' ' }), 422, 'reason-required');
    await refused(() => withdraw('8', instead('8')), 422, 'successor-withdrawn');
    await refused(() => withdraw('8', instead('77')), 422, 'unknown-checklist');
    await refused(() => withdraw('77', { reason }), 404, 'not-found');
    await refused(() => p.assessor.agent.post(`${api}/8/withdraw`).send({ reason }), 403, 'role-required');
    const successor = { checklist: 'loop', version: '10', title: 'Loop' };
    expect((await withdraw('8', instead('9')).expect(200)).body).toMatchObject({
      withdrawn: { reason, successor: { version: '9' } },
    });
    // What was to be used instead goes, too: then it is what that one names.
    await withdraw('9', instead('10')).expect(200);
    await refused(() => withdraw('8', { reason }), 409, 'already-withdrawn');
    await refused(() => withdraw('10', instead('9')), 422, 'successor-withdrawn');
    const problem = await refused(
      () =>
        p.assessor.agent.post('/api/v1/assessments').send({
          siteId: p.site,
          kind: 'verification',
          profile: 'programme-default',
          assessedOn: daysAgo(1),
          ...begin,
        }),
      409,
      'checklist-withdrawn',
    );
    expect(problem.errors[0]).toEqual({
      field: '/version',
      message: `withdrawn: ${reason}`,
      fix: 'Begin with version 10 of loop.',
    });
    expect((await row('8')).withdrawn).toMatchObject({ reason, successor });
    expect((await p.assessor.agent.get(`${api}/8`).expect(200)).text).toBe(asWas);

    expect(await news()).toMatchObject({ withdrawn: { reason, successor }, newer: successor });
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: [{ requirement: 'L-01', answer: 'minor' }] })
      .expect(200);
    const { body: changes } = await p.assessor.agent
      .get(`/api/v1/assessments/${id}/changes?since=0`)
      .expect(200);
    expect(changes.edition).toMatchObject({ withdrawn: { reason } });
    await p.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);

    await refused(() => p.manager.agent.post(`${api}/8/reinstate`).send({}), 400, 'invalid-request');
    const back = p.manager.agent.post(`${api}/8/reinstate`).send({ reason: 'It asks the right thing.' });
    expect((await back.expect(200)).body).toMatchObject({
      withdrawn: null,
      reinstated: [{ reason, because: 'It asks the right thing.' }],
    });
    await refused(() => p.manager.agent.post(`${api}/8/reinstate`).send({ reason }), 409, 'not-withdrawn');
    await openAssessment(p, begin);
    // Who, when and why stays, whoever has the database: over is over, and the trail has it.
    await expect(
      app.sql(`UPDATE checklist_withdrawal SET reason = '' WHERE reinstated_at IS NOT NULL`),
    ).rejects.toThrow('immutable');
    const trail = await app.sql(
      `SELECT actor, action FROM audit_entry WHERE subject = 'checklist_withdrawal' ORDER BY seq`,
    );
    expect(trail).toEqual(['insert', 'insert', 'update'].map((action) => ({ actor: p.manager.id, action })));
  });
  it('with sections in a circle is refused', async () => {
    const problem = await refused(
      () =>
        publish(
          checklist('[{ code: A, title: A, parent: B }, { code: B, title: B, parent: A }]').replace(
            "'1'",
            "'2'",
          ),
        ),
      422,
      'checklist-cycle',
    );
    expect(problem.errors.map((error) => error.field)).toEqual(['/sections/0/parent', '/sections/1/parent']);
  });
  it('with a broken lineage is refused', async () => {
    const crosswalk = JSON.stringify({
      format: 'uplift.crosswalk/1',
      from: { checklist: 'food-manufacturing', version: '2' },
      to: { checklist: 'food-manufacturing', version: '1' },
      status: 'proposed',
      edges: [{ relation: 'kept', from: ['FM-SPEC-01'], to: ['FM-NONE-01'], comparable: true }],
    });
    expect((await refused(() => publish(crosswalk), 422, 'crosswalk-broken')).errors.length).toBeGreaterThan(
      10,
    );
  });
  it('that is not YAML is refused with line and column', async () => {
    const problem = await refused(
      () => publish('format: uplift.checklist/1\ntitle: "open\nlevels: [\n'),
      422,
      'content-unreadable',
    );
    expect(problem.errors[0]!.field).toMatch(/^line \d+, column \d+$/);
    const twice = await refused(
      () => publish('format: uplift.checklist/1\nformat: uplift.checklist/1\n'),
      422,
      'content-unreadable',
    );
    expect(twice.errors[0]).toMatchObject({ field: 'line 2, column 1', line: 2, column: 1 });
  });
  it('that is a bomb of aliases, empty, or of no known format is refused', async () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefgh'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[index]}`).join(', ')}]`),
    ].join('\n');
    await refused(() => publish(bomb), 422, 'content-unreadable');
    await refused(() => publish(''), 422, 'content-invalid');
    await refused(() => publish('format: toString'), 422, 'content-invalid');
    await refused(() => publish('- 1'), 422, 'content-invalid');
  });
  it('that changes what is published is refused', async () => {
    await refused(
      () =>
        publish(
          shipped('food-manufacturing/2.yaml').replace('title: Food manufacturing', 'title: Food making'),
        ),
      409,
      'version-published',
    );
    await refused(
      () => publish(shipped('profiles/programme-default.yaml').replace('major, max: 0', 'major, max: 1')),
      409,
      'version-published',
    );
    await expect(app.sql(`UPDATE checklist_version SET title = 'x'`)).rejects.toThrow(/immutable/);
  });
  it('with a profile nobody can ever pass is refused', async () => {
    await refused(
      () => publish(profile("[{ gate: points, op: '>', value: 100 }]")),
      422,
      'gate-never-passes',
    );
  });
  it('is all published or none', async () => {
    await refused(
      () => publish(profile('[{ gate: points, value: 50 }]'), checklist('[]')),
      422,
      'content-invalid',
    );
    await refused(
      () =>
        publish(
          profile('[{ gate: points, value: 50 }]'),
          shipped('food-manufacturing/2.yaml').replace('title: Food manufacturing', 'title: Other'),
        ),
      409,
      'version-published',
    );
  });
  it('is published by agencies only', async () => {
    await refused(
      () => p.owner.agent.post('/api/v1/content').send({ files: [profile('[{ gate: points, value: 50 }]')] }),
      403,
      'role-required',
    );
  });
});

describe('markup in what people typed', () => {
  let id: string;
  let clean: string;
  let lined: string;
  const newSite = async (name: string): Promise<string> => {
    const site = await p.owner.agent
      .post('/api/v1/sites')
      .send({ organisationId: p.supplier, name, city: 'Giza', country: 'EG', categories: ['dairy'] })
      .expect(201);
    await p.owner.agent
      .post(`/api/v1/cohorts/${p.cohort}/enrolments`)
      .send({ siteId: site.body.id, enrolledOn: daysAgo(100), joiningCode: p.joiningCode })
      .expect(201);
    return site.body.id as string;
  };
  beforeAll(async () => {
    clean = (await openAssessment(p, { siteId: await newSite(SITE) })).id;
    await finish(p, clean, conforming);
    lined = await newSite('Line\r\nATTENDEE:mailto:evil@example.org\nX-EVIL:1\rEND:VEVENT');
    await finish(p, (await openAssessment(p, { siteId: lined })).id, conforming);
    await waitFor(
      async () =>
        (await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1`, [clean])).length > 0,
      { what: 'the score', deadlineMs: 30_000 },
    );
  });
  beforeAll(async () => {
    const site = (
      await p.owner.agent
        .post('/api/v1/sites')
        .send({ organisationId: p.supplier, name: SITE, city: 'Giza', country: 'EG', categories: ['dairy'] })
        .expect(201)
    ).body.id;
    await p.owner.agent
      .post(`/api/v1/cohorts/${p.cohort}/enrolments`)
      .send({ siteId: site, enrolledOn: daysAgo(100), joiningCode: p.joiningCode })
      .expect(201);
    id = (await openAssessment(p, { siteId: site })).id;
    await finish(
      p,
      id,
      conforming.map((answer, index) => (index === 0 ? { ...answer, answer: 'major', note: NOTE } : answer)),
    );
  });

  it('is shown as it stands in the gap report page', async () => {
    for (const lang of ['en', 'es', 'ar']) {
      const { text, headers } = await p.owner.agent
        .get(`/api/v1/assessments/${id}/gap-report.html?lang=${lang}`)
        .expect(200);
      expect(text).not.toMatch(/<script|<b>z|<img src=x/i);
      const seen = text
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#x3D;', '=')
        .replaceAll('&#x60;', '`')
        .replaceAll('&amp;', '&');
      expect(seen).toContain(SUPPLIER);
      expect(seen).toContain(SITE);
      expect(seen).toContain(NOTE);
      expect(headers['content-security-policy']).toMatch(/default-src 'none'/);
    }
  });

  it('is set as it stands in the PDF', async () => {
    const { body } = await p.owner.agent
      .get(`/api/v1/assessments/${id}/gap-report.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(body.subarray(0, 4).toString()).toBe('%PDF');
    const text = pdfText(body);
    if (text === null) {
      process.stderr.write('pdftotext is not on PATH: the text of the PDF was not looked at.\n');
      return;
    }
    for (const literal of [SUPPLIER, SITE, NOTE]) expect(text).toContain(literal.replaceAll(/\s/g, ''));
  });

  it('is nothing but text on the public pages, in the certificate and in the cohort report', async () => {
    await p.manager.agent.patch(`/api/v1/cohorts/${p.cohort}`).send({ name: COHORT }).expect(200);
    const proposed = await p.reviewer.agent
      .post('/api/v1/certificates')
      .send({ assessmentId: clean })
      .expect(201);
    await p.decider.agent
      .post(`/api/v1/certificates/${proposed.body.id}/decision`)
      .send({ action: 'issue' })
      .expect(200);
    await p.decider.agent
      .post(`/api/v1/certificates/${proposed.body.id}/decision`)
      .send({ action: 'suspend', reason: NOTE })
      .expect(200);
    const pages = [
      await app.anonymous.get(`/verify/${proposed.body.number}`).expect(200),
      await app.anonymous.get(`/verify/${encodeURIComponent(SUPPLIER)}`).expect(404),
      await p.manager.agent.get(`/api/v1/cohorts/${p.cohort}/report.html`).expect(200),
    ];
    for (const page of pages) {
      expect(page.text).not.toMatch(/<script|<b>z|<img src=x/i);
      expect(page.headers['content-security-policy']).toMatch(/default-src 'none'; style-src 'nonce-[^']+'/);
    }
    expect(pages[0]!.text).toContain('&lt;script&gt;alert(1)');
    const cohortPdf = await p.manager.agent
      .get(`/api/v1/cohorts/${p.cohort}/report.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    const cohortText = pdfText(cohortPdf.body as Buffer);
    if (cohortText !== null) expect(cohortText).toContain(COHORT.replaceAll(/\s/g, ''));
    expect(pages[2]!.text).toContain('&lt;b&gt;#panic(1)');
    const pdf = await p.decider.agent
      .get(`/api/v1/certificates/${proposed.body.id}/certificate.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    const text = pdfText(pdf.body as Buffer);
    if (text !== null) {
      for (const literal of [SUPPLIER, SITE]) expect(text).toContain(literal.replaceAll(/\s/g, ''));
    }
  });

  it('stands as it is in the calendar and in the mail', async () => {
    const visit = await waitFor(
      async () =>
        (
          await app.sql(
            `SELECT v.id FROM visit v JOIN site s ON s.id = v.site_id WHERE s.name = $1 AND v.state = 'planned'`,
            [SITE],
          )
        )[0],
      { what: 'a planned visit', deadlineMs: 30_000 },
    );
    const { text } = await p.assessor.agent
      .get(`/api/v1/assessors/${p.assessor.id}/calendar.ics`)
      .expect(200);
    const summaries = new ICAL.Component(ICAL.parse(text))
      .getAllSubcomponents('vevent')
      .map((event) => event.getFirstPropertyValue('summary'));
    expect(summaries).toContain(`Site visit: ${SITE}`);
    const mail = await waitFor(
      async () => {
        const folder = join(app.config.dataDir, 'mail');
        return readdirSync(folder)
          .map((name) => readFileSync(join(folder, name), 'utf8'))
          .find((each) => each.includes(String(visit['id'])));
      },
      { what: 'the invitation', deadlineMs: 30_000 },
    );
    const page = /<!doctype html[\s\S]*<\/html>/i.exec(mail.replaceAll(/=\r?\n/g, ''))![0];
    expect(page).not.toMatch(/<b>z|<script/);
    expect(page).toContain('&lt;b&gt;z&lt;/b&gt;');
  });

  it('adds no line to an invitation', async () => {
    const visit = await waitFor(
      async () =>
        (await app.sql(`SELECT id FROM visit WHERE site_id = $1 AND state = 'planned'`, [lined]))[0],
      { what: 'a planned visit', deadlineMs: 30_000 },
    );
    const { text } = await p.assessor.agent.get(`/api/v1/visits/${visit['id']}/invitation.ics`).expect(200);
    const calendar = new ICAL.Component(ICAL.parse(text));
    const events = calendar.getAllSubcomponents('vevent');
    expect(events).toHaveLength(1);
    expect(events[0]!.getAllProperties('attendee')).toHaveLength(1);
    expect(calendar.getAllProperties('x-evil')).toHaveLength(0);
    expect(events[0]!.getAllProperties('x-evil')).toHaveLength(0);
  });
});

/** Text of a PDF without spaces and line breaks; null without pdftotext. */
function pdfText(pdf: Buffer): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'uplift-pdf-'));
  try {
    writeFileSync(join(folder, 'a.pdf'), pdf);
    return execFileSync('pdftotext', ['-enc', 'UTF-8', '-raw', join(folder, 'a.pdf'), '-'], {
      encoding: 'utf8',
    }).replaceAll(/\s/g, '');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
