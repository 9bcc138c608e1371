import { certificateNumber } from '#domain';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ICAL from 'ical.js';
import {
  basicRequirements,
  bytes,
  daysAgo,
  openAssessment,
  seedProgramme,
  startApp,
  type Programme,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

let app: TestApp;
let p: Programme;
let baseline: string;
let followUp: string;
let certificate: { id: string; number: string };
let baselinePoints: number;
let followUpPoints: number;

beforeAll(async () => {
  app = await startApp('main-journey-test');
  p = await seedProgramme(app);
}, 120_000);
afterAll(() => app?.stop());

/** Answers and the percentage that conforms, worked out by hand. */
async function answersFor(version: string, verdict: (index: number) => string) {
  const asked = await basicRequirements(app, version);
  const notApplicable = asked.findIndex((requirement) => requirement.naAllowed);
  const answers = asked.map(({ code }, index) =>
    index === notApplicable
      ? { requirement: code, answer: 'na', naReason: 'The site has no such process.' }
      : { requirement: code, answer: verdict(index), note: `Note ${index}` },
  );
  const rated = answers.filter((answer) => answer.answer !== 'na');
  const conforming = rated.filter((answer) => answer.answer === 'conform').length;
  return { answers, points: (100 * conforming) / rated.length, gaps: rated.length - conforming };
}

const scored = (id: string) =>
  waitFor(
    async () => {
      const { body } = await p.assessor.agent.get(`/api/v1/assessments/${id}/score`).expect(200);
      return body.asFound as { points: number; passed: boolean } | null;
    },
    { what: 'the score', deadlineMs: 30_000 },
  );

const rule = {
  format: 'uplift.buyer-rule/1',
  buyer: 'buyer',
  rule: 'listing',
  version: '1',
  title: 'Basic, 80 points, no open major',
  categories: ['*'],
  checklist: 'food-manufacturing',
  level: 'basic',
  profile: 'programme-default',
  minPoints: 80,
  maxOpen: { major: 0 },
  maxAgeDays: 365,
};

describe('from the first visit to the withdrawn certificate', () => {
  it('has the buyer publish what it asks', async () => {
    await p.buyerPerson.agent.post(`/api/v1/buyers/${p.buyer}/rules`).send(rule).expect(201);
  });

  it('opens, answers and submits the baseline', async () => {
    const opened = await openAssessment(p, { version: '1', assessedOn: daysAgo(120) });
    baseline = opened.id;
    const { answers, points } = await answersFor('1', (index) =>
      index < 3 ? 'major' : index % 4 === 0 ? 'minor' : 'conform',
    );
    baselinePoints = points;
    const answered = await p.assessor.agent
      .put(`/api/v1/assessments/${baseline}/responses`)
      .set('if-match', `"${opened.revision}"`)
      .send({ answers })
      .expect(200);
    expect(answered.body.state).toBe('in-progress');
    const submitted = await p.assessor.agent
      .post(`/api/v1/assessments/${baseline}/submit`)
      .set('if-match', answered.headers['etag']!)
      .expect(200);
    expect(submitted.body.state).toBe('submitted');
    expect(submitted.headers['etag']).toBe(`"${submitted.body.revision}"`);
  });

  it('has score, findings, readiness and a planned visit within moments', async () => {
    const score = await scored(baseline);
    expect(score.points).toBeCloseTo(baselinePoints, 5);
    expect(score.passed).toBe(false);
    const findings = await p.assessor.agent.get(`/api/v1/assessments/${baseline}/findings`).expect(200);
    const { gaps } = await answersFor('1', (index) =>
      index < 3 ? 'major' : index % 4 === 0 ? 'minor' : 'conform',
    );
    expect(findings.body).toHaveLength(gaps);
    expect(findings.body[0].grade).toBe('major');
    const [readiness] = await waitFor(
      async () => {
        const { body } = await p.owner.agent.get(`/api/v1/sites/${p.site}/readiness`).expect(200);
        return body.length > 0 && body[0].assessmentId === baseline ? body : null;
      },
      { what: 'readiness', deadlineMs: 30_000 },
    );
    expect(readiness).toMatchObject({
      category: 'dairy',
      status: 'not-ready',
      rule: 'listing',
      assessmentId: baseline,
    });
    const visit = await waitFor(
      async () => {
        const { body } = await p.assessor.agent
          .get(`/api/v1/visits?siteId=${p.site}&state=planned`)
          .expect(200);
        return body.items[0];
      },
      { what: 'a planned visit', deadlineMs: 30_000 },
    );
    expect(visit.assessorId).toBe(p.assessor.id);
    expect(visit.plannedOn > daysAgo(0)).toBe(true);
    const ics = await p.assessor.agent
      .get(`/api/v1/visits/${visit.id}/invitation.ics`)
      .expect(200)
      .expect('content-type', /text\/calendar/);
    const calendar = new ICAL.Component(ICAL.parse(ics.text));
    expect(calendar.getFirstPropertyValue('method')).toBe('REQUEST');
    const event = new ICAL.Event(calendar.getFirstSubcomponent('vevent')!);
    expect(event.uid).toBe(`visit-${visit.id}@uplift`);
    expect(event.startDate.toString().slice(0, 10)).toBe(visit.plannedOn);
    expect(event.attendees).toHaveLength(1);
  });

  it('is reviewed and closed by somebody else, and locked', async () => {
    const taken = await p.reviewer.agent
      .post(`/api/v1/assessments/${baseline}/review`)
      .send({ action: 'take-review' })
      .expect(200);
    expect(taken.body).toMatchObject({ state: 'under-review', reviewerId: p.reviewer.id });
    const closed = await p.reviewer.agent
      .post(`/api/v1/assessments/${baseline}/review`)
      .send({ action: 'close' })
      .expect(200);
    expect(closed.body.state).toBe('closed');
    expect(closed.body.lockHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('shows the gain of the follow-up with parts that add up', async () => {
    followUp = (await openAssessment(p, { kind: 'follow-up', version: '2', assessedOn: daysAgo(5) })).id;
    const { answers, points } = await answersFor('2', (index) => (index === 4 ? 'minor' : 'conform'));
    followUpPoints = points;
    await p.assessor.agent.put(`/api/v1/assessments/${followUp}/responses`).send({ answers }).expect(200);
    await p.assessor.agent.post(`/api/v1/assessments/${followUp}/submit`).expect(200);
    await p.reviewer.agent
      .post(`/api/v1/assessments/${followUp}/review`)
      .send({ action: 'take-review' })
      .expect(200);
    await p.reviewer.agent
      .post(`/api/v1/assessments/${followUp}/review`)
      .send({ action: 'close' })
      .expect(200);
    const score = await scored(followUp);
    expect(score.points).toBeCloseTo(followUpPoints, 5);
    expect(score.passed).toBe(true);
    const { gain } = await waitFor(
      async () => {
        const { body } = await p.owner.agent.get(`/api/v1/sites/${p.site}/gains`).expect(200);
        return body[0];
      },
      { what: 'the gain', deadlineMs: 30_000 },
    );
    expect(gain.comparable).toBe(true);
    expect(gain.assessments).toEqual({ baseline, followUp });
    expect(gain.changePoints).toBeCloseTo(followUpPoints - baselinePoints, 4);
    const { realChange, scopeChange, checklistChange, missingItems, change } = gain.microPoints;
    expect(realChange + scopeChange + checklistChange + missingItems).toBe(change);
    expect(realChange).toBeGreaterThan(0);
    expect(gain.daysBetween).toBe(115);
  });

  it('reports the cohort, every figure with its n', async () => {
    const { body } = await p.manager.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(200);
    expect(body.n).toEqual({ enrolled: 1, baseline: 1, followUp: 1, matched: 1 });
    expect(body.change.points.n).toBe(1);
    expect(body.change.points.value).toBeCloseTo(followUpPoints - baselinePoints, 4);
    expect(body.baselineMean).toBeCloseTo(baselinePoints, 4);
    const { real, scope, checklist, missing, headline } = body.parts;
    expect(real + scope + checklist + missing).toBeCloseTo(headline, 5);
    expect(body.direction).toMatchObject({ improved: 1, same: 0, worse: 0 });
    for (const lang of ['en', 'es', 'ar']) {
      const html = await p.manager.agent
        .get(`/api/v1/cohorts/${p.cohort}/report.html?lang=${lang}`)
        .expect(200)
        .expect('content-type', /text\/html/);
      expect(html.text).toContain(`lang="${lang}"`);
    }
    const pdf = await p.manager.agent
      .get(`/api/v1/cohorts/${p.cohort}/report.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(pdf.body.subarray(0, 4).toString()).toBe('%PDF');
  });

  it('makes the site ready for the buyer, who sees it in its list', async () => {
    const rows = await waitFor(
      async () => {
        const { body } = await p.buyerPerson.agent
          .get(`/api/v1/buyers/${p.buyer}/suppliers?status=ready`)
          .expect(200);
        return body.length > 0 ? body : null;
      },
      { what: 'the site to be ready', deadlineMs: 30_000 },
    );
    expect(rows).toEqual([
      expect.objectContaining({ siteId: p.site, category: 'dairy', status: 'ready', assessmentId: followUp }),
    ]);
  });

  it('tells the buyer what another rule would change, also by findings it does not read', async () => {
    const preview = async (change: object) =>
      (
        await p.buyerPerson.agent
          .post(`/api/v1/buyers/${p.buyer}/rules/preview`)
          .send({ ...rule, version: '2', ...change })
          .expect(200)
      ).body;
    expect(await preview({})).toMatchObject({ before: { ready: 1 }, after: { ready: 1 }, changes: [] });
    expect((await preview({ maxOpen: { minor: 0 } })).changes).toMatchObject([
      {
        siteId: p.site,
        before: 'ready',
        after: 'not-ready',
        failing: [{ code: 'open-minor', actual: 1, needed: 0 }],
      },
    ]);
    // Which requirements hold is an answer, and answers are not shared.
    const { requirement } = (
      await app.sql(`SELECT requirement FROM finding WHERE assessment_id = $1`, [followUp])
    )[0]!;
    expect(await preview({ mandatoryItems: [requirement] })).toMatchObject({ after: { unknown: 1 } });
    expect(await preview({ minSectionPoints: 100 })).toMatchObject({ after: { 'not-ready': 1 } });
    // Of a rule in force the buyer is told how many hold; a new version of it may ask for the same.
    const [{ met }] = (await app.sql(
      `SELECT array_agg(requirement ORDER BY requirement) AS met FROM (SELECT requirement FROM response
          WHERE assessment_id = $1 AND answer = 'conform' ORDER BY requirement LIMIT 2) x`,
      [followUp],
    )) as [{ met: string[] }];
    const strict = { rule: 'strict', mandatoryItems: [...met, requirement] };
    await p.buyerPerson.agent
      .post(`/api/v1/buyers/${p.buyer}/rules`)
      .send({ ...rule, ...strict })
      .expect(201);
    const told = await waitFor(
      async () => {
        const { changes, after } = await preview({ ...strict, minPoints: 81 });
        return after['not-ready'] === 1 ? { changes } : null;
      },
      { what: 'the rule to be evaluated', deadlineMs: 30_000 },
    );
    expect(told).toEqual({ changes: [] });
    expect(
      (await preview({ ...strict, conditional: { allow: ['mandatory-items'], withinDays: 300 } })).changes,
    ).toMatchObject([
      {
        before: 'not-ready',
        after: 'conditional',
        failing: [{ code: 'mandatory-items', actual: 2, needed: 3 }],
      },
    ]);
    // One of them alone would be an answer.
    expect(await preview({ ...strict, mandatoryItems: [requirement] })).toMatchObject({
      after: { unknown: 1 },
    });
    await app.sql(
      `DELETE FROM readiness WHERE buyer_rule_id IN (SELECT id FROM buyer_rule_row WHERE rule = 'strict')`,
    );
    await app.sql(`UPDATE buyer_rule_row SET active = false WHERE rule = 'strict'`);
  });

  it('says to the buyer that the time of a conditional approval is over, and under which version a status stands', async () => {
    const listed = async () =>
      (await p.buyerPerson.agent.get(`/api/v1/buyers/${p.buyer}/sites`).expect(200)).body.items.find(
        ({ siteId }: { siteId: string }) => siteId === p.site,
      );
    const under = ({ approvals }: Awaited<ReturnType<typeof listed>>) =>
      approvals.find((each: { rule: string }) => each.rule === rule.rule);
    // As it was stored while it was still conditional, two days ago.
    await app.sql(
      `UPDATE readiness r SET status = 'conditional', valid_until = current_date - 2, body = r.body || jsonb_build_object('graceUntil', current_date - 2)
         FROM buyer_rule_row b WHERE b.id = r.buyer_rule_id AND b.rule = $2 AND r.site_id = $1`,
      [p.site, rule.rule],
    );
    const site = await listed();
    expect(site.waiting).toBe(0);
    expect(under(site)).toMatchObject({ status: 'not-ready', validUntil: null, next: null });
    expect(under(site).graceUntil < new Date().toISOString().slice(0, 10)).toBe(true);
    const approved = async (status: string) =>
      (await p.buyerPerson.agent.get(`/api/v1/buyers/${p.buyer}/suppliers.csv?status=${status}`).expect(200))
        .text;
    expect(await approved('not-ready')).toContain('Conditional approval was possible until');
    expect(await approved('conditional')).not.toContain('Conditional');
    const rows = (await p.owner.agent.get(`/api/v1/sites/${p.site}/readiness`).expect(200)).body.filter(
      (row: { rule: string }) => row.rule === rule.rule,
    );
    expect(rows).toMatchObject([
      { status: 'not-ready', outdated: false, body: { graceUntil: under(site).graceUntil } },
    ]);
    // A version that nobody has worked out yet.
    await app.sql(`UPDATE buyer_rule_row SET active = false WHERE rule = $1`, [rule.rule]);
    await app.sql(
      `INSERT INTO buyer_rule_row (id, buyer_id, rule, version, body)
         SELECT gen_random_uuid(), buyer_id, rule, '2', body FROM buyer_rule_row WHERE rule = $1`,
      [rule.rule],
    );
    const meanwhile = await listed();
    expect([meanwhile.waiting, under(meanwhile).version, under(meanwhile).next]).toEqual([1, '1', '2']);
    await app.sql(`INSERT INTO outbox (id, name, payload) VALUES (gen_random_uuid(), 'site-changed', $1)`, [
      JSON.stringify({ siteId: p.site }),
    ]);
    await app.idle();
    const then = await listed();
    expect([then.waiting, under(then).version, under(then).next]).toEqual([0, '2', null]);
  });

  it('issues no certificate for an assessment whose day is still to come', async () => {
    const dated = (day: string) =>
      app.sql(`UPDATE assessment SET assessed_on = $2 WHERE id = $1`, [followUp, day]);
    await dated(daysAgo(-2));
    const refusal = await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: followUp });
    expect([refusal.status, refusal.body.code]).toEqual([409, 'assessment-not-held']);
    await dated(daysAgo(5));
  });

  it('issues a certificate that one person proposed and another decided', async () => {
    const proposed = await p.reviewer.agent
      .post('/api/v1/certificates')
      .send({ assessmentId: followUp })
      .expect(201);
    certificate = proposed.body;
    await app.anonymous.get(`/verify/${certificate.number}`).expect(404);
    await p.decider.agent.get(`/api/v1/certificates/${certificate.id}/certificate.pdf`).expect(404);
    const issued = await p.decider.agent
      .post(`/api/v1/certificates/${certificate.id}/decision`)
      .send({ action: 'issue' })
      .expect(200);
    expect(issued.body).toMatchObject({
      state: 'valid',
      status: 'valid',
      proposedBy: p.reviewer.id,
      decidedBy: p.decider.id,
    });
    const pdf = await p.owner.agent
      .get(`/api/v1/certificates/${certificate.id}/certificate.pdf`)
      .buffer(true)
      .parse(bytes)
      .expect(200)
      .expect('content-type', 'application/pdf');
    expect(pdf.body.subarray(0, 4).toString()).toBe('%PDF');
  });

  it('can be verified by anybody in three languages', async () => {
    for (const lang of ['en', 'es', 'ar']) {
      const page = await app.anonymous
        .get(`/verify/${certificate.number}?lang=${lang}`)
        .expect(200)
        .expect('content-type', /text\/html/);
      expect(page.text).toContain(`lang="${lang}"`);
      expect(page.text.includes('dir="rtl"')).toBe(lang === 'ar');
      expect(page.text).toContain(certificate.number);
    }
    const typed = certificate.number.toLowerCase().replaceAll('-', ' ');
    const { body } = await app.anonymous.get(`/api/v1/verify/${encodeURIComponent(typed)}`).expect(200);
    expect(body).toMatchObject({ known: true, status: 'valid', number: certificate.number });
  });

  it('is suspended and withdrawn, and says so', async () => {
    const decide = (body: object) =>
      p.decider.agent.post(`/api/v1/certificates/${certificate.id}/decision`).send(body);
    expect((await decide({ action: 'suspend' }).expect(422)).body.code).toBe('reason-required');
    await decide({ action: 'suspend', reason: 'A required visit was refused.' }).expect(200);
    expect((await app.anonymous.get(`/api/v1/verify/${certificate.number}`).expect(200)).body.status).toBe(
      'suspended',
    );
    await decide({ action: 'withdraw', reason: 'The site has closed.' }).expect(200);
    const { body } = await app.anonymous.get(`/api/v1/verify/${certificate.number}`).expect(200);
    expect(body.status).toBe('withdrawn');
    expect(body.history.map((entry: { event: string }) => entry.event)).toEqual([
      'issued',
      'suspended',
      'withdrawn',
    ]);
    expect((await decide({ action: 'restore', reason: 'Never mind.' }).expect(409)).body.code).toBe(
      'transition-not-allowed',
    );
  });

  it('answers 404 for a number nobody has issued, and for a mistyped one', async () => {
    for (const number of [
      certificateNumber(2026, '000000'),
      `${certificate.number.slice(0, -1)}${certificate.number.endsWith('A') ? 'B' : 'A'}`,
    ]) {
      const page = await app.anonymous.get(`/verify/${number}`).expect(404);
      expect(page.headers['content-type']).toMatch(/text\/html/);
      expect((await app.anonymous.get(`/api/v1/verify/${number}`).expect(404)).body.known).toBe(false);
    }
  });

  it('is ready, and shows numbers of its own work', async () => {
    await app.anonymous.get('/health/live').expect(200);
    await waitFor(async () => (await app.anonymous.get('/health/ready')).status === 200, {
      what: 'readiness of the service',
    });
    expect((await app.anonymous.get('/metrics').expect(200)).text).toContain('outbox');
  });
});
