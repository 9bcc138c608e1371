import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ICAL from 'ical.js';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  basicRequirements,
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
let poor: { requirement: string; answer: string }[];
let good: { requirement: string; answer: string }[];

beforeAll(async () => {
  app = await startApp('results-test');
  p = await seedProgramme(app);
  good = (await basicRequirements(app, '2')).map(({ code }) => ({ requirement: code, answer: 'conform' }));
  poor = good.map((answer, index) => (index % 2 === 0 ? { ...answer, answer: 'minor' } : answer));
  baseline = (await openAssessment(p, {})).id;
}, 120_000);
afterAll(() => app?.stop());

const answer = (id: string, answers: object[]) =>
  p.assessor.agent.put(`/api/v1/assessments/${id}/responses`).send({ answers }).expect(200);
const submit = (id: string) => p.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);
const review = (id: string, action: string, reason?: string) =>
  p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action, reason }).expect(200);
const report = async () => (await p.manager.agent.get(`/api/v1/cohorts/${p.cohort}/report`).expect(200)).body;
/** Waits until the worker has gone through all that was asked of it. */
const done = () =>
  waitFor(
    async () => {
      const waiting = await app.sql(`SELECT 1 FROM outbox WHERE taken_at IS NULL LIMIT 1`);
      return waiting.length === 0;
    },
    { what: 'the outbox', deadlineMs: 30_000 },
  );
const plannedVisit = (assessmentId: string) =>
  waitFor(
    async () => {
      const [row] = await app.sql(
        `SELECT id, planned_on::text AS day, sequence, assessor_id AS who FROM visit WHERE assessment_id = $1 AND state = 'planned'`,
        [assessmentId],
      );
      return row;
    },
    { what: 'a planned visit', deadlineMs: 30_000 },
  );

describe('results', () => {
  it('answer one question of the supplier: nothing is computed before it is handed in', async () => {
    await answer(baseline, poor);
    const { body } = await p.assessor.agent.get(`/api/v1/assessments/${baseline}/score`).expect(200);
    expect(body).toEqual({ asFound: null, afterClosure: null, exceptions: [] });
    expect((await report()).n).toEqual({ enrolled: 1, baseline: 0, followUp: 0, matched: 0 });
  });

  it('are read in the words of a corrected translation at once', async () => {
    const questions = async () => {
      const { body } = await p.manager.agent
        .get(`/api/v1/assessments/${baseline}/gap-report?lang=es`)
        .expect(200);
      return body.gaps as { requirement: string; question: string }[];
    };
    const [first] = await questions();
    const before = (await questions()).find((gap) => gap.requirement === first!.requirement);
    expect(before).toEqual(first);
    await app.sql(
      `UPDATE checklist_translation SET body = jsonb_set(body, ARRAY['requirements', $1, 'question'], '"¿Corregida?"')
        WHERE language = 'es'`,
      [first!.requirement],
    );
    const after = (await questions()).find((gap) => gap.requirement === first!.requirement);
    expect(after!.question).toBe('¿Corregida?');
  });

  it('keep the visit after the follow-up when the baseline is closed late', async () => {
    await submit(baseline);
    await plannedVisit(baseline);
    followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(3) })).id;
    await answer(followUp, good);
    await submit(followUp);
    const visit = await plannedVisit(followUp);
    await review(baseline, 'take-review');
    const before = await app.sql(`SELECT computed_at AS at FROM assessment_score WHERE assessment_id = $1`, [
      baseline,
    ]);
    await review(baseline, 'close');
    await waitFor(
      async () =>
        (
          await app.sql(`SELECT 1 FROM assessment_score WHERE assessment_id = $1 AND computed_at > $2`, [
            baseline,
            before[0]!['at'],
          ])
        ).length > 0,
      { what: 'the baseline computed again', deadlineMs: 30_000 },
    );
    await done();
    await waitFor(
      async () =>
        (
          await app.sql(
            `SELECT 1 FROM outbox WHERE name = 'result-computed' AND payload->>'assessmentId' = $1 AND taken_at IS NOT NULL`,
            [baseline],
          )
        ).length === 2,
      { what: 'its result taken up', deadlineMs: 30_000 },
    );
    expect((await plannedVisit(followUp))['id']).toBe(visit['id']);
    expect(await app.sql(`SELECT state FROM visit WHERE assessment_id = $1`, [baseline])).toEqual([
      { state: 'cancelled' },
    ]);
  });

  it('of a void follow-up count nowhere, give its visit back and leave the baseline to another', async () => {
    const dismiss = (id: string, reason: string, who = p.assessor) =>
      who.agent.post(`/api/v1/assessments/${id}/void`).send({ reason });
    const refused = async (code: string, status: number, ...of: Parameters<typeof dismiss>) =>
      expect((await dismiss(...of).expect(status)).body.code).toBe(code);
    await refused('transition-not-allowed', 409, followUp, 'Another site.');
    await refused('transition-not-allowed', 409, baseline, 'Another site.');
    await review(followUp, 'return', 'Was it this site?');
    await refused('role-required', 403, followUp, 'Another site.', p.owner);
    await refused('reason-required', 422, followUp, ' \u200b');
    const { body } = await dismiss(followUp, 'It was held at another site.').expect(200);
    expect(body).toMatchObject({
      state: 'void',
      voided: { reason: 'It was held at another site.', by: p.assessor.name },
    });
    await refused('transition-not-allowed', 409, followUp, 'Again.');
    const late = await p.assessor.agent
      .put(`/api/v1/assessments/${followUp}/responses`)
      .send({ answers: good.slice(0, 1) })
      .expect(409);
    expect(late.body.code).toBe('assessment-void');
    // On record, and only where it is asked for.
    const listed = async (query = '') =>
      (await p.manager.agent.get(`/api/v1/assessments${query}`).expect(200)).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await listed()).not.toContain(followUp);
    expect(await listed('?state=void')).toEqual([followUp]);
    await p.owner.agent.get(`/api/v1/assessments/${followUp}`).expect(200);
    await p.buyerPerson.agent.get(`/api/v1/assessments/${followUp}`).expect(404);
    await waitFor(async () => (await report()).n.followUp === 0, { what: 'the follow-up to be discounted' });
    expect((await report()).n.baseline).toBe(1);
    await plannedVisit(baseline);
    const freed = await app.sql(`SELECT state FROM visit WHERE assessment_id = $1`, [followUp]);
    expect(freed).toEqual([{ state: 'cancelled' }]);
    for (const text of [
      `UPDATE assessment SET state = 'draft', voided_at = NULL, voided_by = NULL, void_reason = NULL WHERE id = $1`,
      `UPDATE assessment SET state = 'void', voided_at = now(), voided_by = 'x', void_reason = 'x' WHERE id = (SELECT baseline_id FROM assessment WHERE id = $1)`,
    ])
      await expect(app.sql(text, [followUp])).rejects.toThrow();
    followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(3) })).id;
    await refused('transition-not-allowed', 409, baseline, 'Another site.');
    await answer(followUp, good);
    await submit(followUp);
    await plannedVisit(followUp);
  });

  it('of a cohort let go of a reopened follow-up, and take it in again', async () => {
    await review(followUp, 'take-review');
    await review(followUp, 'close');
    const full = await waitFor(
      async () => {
        const body = await report();
        return body.n.matched === 1 ? body : null;
      },
      { what: 'the gain in the cohort', deadlineMs: 30_000 },
    );
    expect(full.direction.improved).toBe(1);
    const reopened = await review(followUp, 'reopen', 'A photograph contradicts one answer.');
    expect(reopened.body).toMatchObject({ state: 'reopened', lockHash: null });
    await waitFor(async () => (await report()).n.matched === 0, {
      what: 'the gain to leave the cohort',
      deadlineMs: 30_000,
    });
    await answer(followUp, [{ ...good[0]!, answer: 'minor' }]);
    await submit(followUp);
    const again = await waitFor(
      async () => {
        const body = await report();
        return body.n.matched === 1 ? body : null;
      },
      { what: 'the gain in the cohort again', deadlineMs: 30_000 },
    );
    expect(again.followUpMean).toBeLessThan(full.followUpMean);
    expect(again.change.points.value).toBeCloseTo(again.followUpMean - again.baselineMean, 5);
  });

  it('move a visit off a new absence, and invite again with a higher sequence', async () => {
    const before = await plannedVisit(followUp);
    await p.assessor.agent
      .post(`/api/v1/assessors/${p.assessor.id}/absences`)
      .send({ from: before['day'], to: before['day'], reason: 'ill' })
      .expect(201);
    const after = await waitFor(
      async () => {
        const visit = await plannedVisit(followUp);
        return visit['day'] !== before['day'] ? visit : null;
      },
      { what: 'the visit to move', deadlineMs: 30_000 },
    );
    expect(after['sequence']).toBe(before['sequence'] + 1);
    const { text } = await p.assessor.agent.get(`/api/v1/visits/${after['id']}/invitation.ics`).expect(200);
    const event = new ICAL.Event(new ICAL.Component(ICAL.parse(text)).getFirstSubcomponent('vevent')!);
    expect({
      uid: event.uid,
      sequence: event.sequence,
      day: event.startDate.toString().slice(0, 10),
    }).toEqual({ uid: `visit-${after['id']}@uplift`, sequence: after['sequence'], day: after['day'] });
  });

  it('are told to the assessor and the site by mail, the invitation inside', async () => {
    const mails = await waitFor(
      () => {
        const folder = join(app.config.dataDir, 'mail');
        const found = readdirSync(folder)
          .filter((file) => file.endsWith('.eml'))
          .map((file) => readFileSync(join(folder, file), 'utf8'));
        return [p.assessor, p.owner].every(({ email }) => found.some((mail) => mail.includes(email)))
          ? found
          : null;
      },
      { what: 'the invitations of both', deadlineMs: 30_000 },
    );
    for (const mail of mails) {
      expect(mail).toMatch(/text\/calendar/);
    }
  });

  it('of a site nobody of the programme can visit say why, and never borrow a stranger', async () => {
    const stranger = await seedProgramme(app, 'two');
    await app.sql(`UPDATE assessor SET competences = '{}' WHERE id = $1`, [stranger.assessor.id]);
    const id = (await openAssessment(stranger, {})).id;
    await stranger.assessor.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: good })
      .expect(200);
    await stranger.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);
    const visit = await waitFor(
      async () => {
        const { body } = await stranger.manager.agent
          .get(`/api/v1/visits?siteId=${stranger.site}`)
          .expect(200);
        return body.items.find(
          (item: { unplannedReasons: unknown[]; state: string }) =>
            item.state === 'planned' || item.unplannedReasons.length > 0,
        );
      },
      { what: 'the planner', deadlineMs: 30_000 },
    );
    expect(visit).toMatchObject({ state: 'unplanned', assessorId: null, plannedOn: null });
    expect(visit.unplannedReasons[0].summary).toEqual(expect.any(String));
    await stranger.manager.agent.get(`/api/v1/visits/${visit.id}/invitation.ics`).expect(404);
  });

  it('count a site that left without a matched pair as attrition, and one that has its pair not', async () => {
    const second = await p.owner.agent
      .post('/api/v1/sites')
      .send({ organisationId: p.supplier, name: 'Second site', country: 'EG' })
      .expect(201);
    await p.owner.agent
      .post(`/api/v1/cohorts/${p.cohort}/enrolments`)
      .send({ siteId: second.body.id, enrolledOn: daysAgo(100), joiningCode: p.joiningCode })
      .expect(201);
    expect((await report()).attrition).toEqual([{ reason: 'no-follow-up', count: 1 }]);
    for (const site of [p.site, second.body.id]) {
      await p.manager.agent
        .post(`/api/v1/cohorts/${p.cohort}/enrolments/${site}/exit`)
        .send({ exitedOn: daysAgo(1), reason: 'changed-owner' })
        .expect(204);
    }
    const body = await report();
    expect(body.attrition).toEqual([{ reason: 'changed-owner', count: 1 }]);
    expect(body.n).toMatchObject({ enrolled: 2, matched: 1 });
  });
});
