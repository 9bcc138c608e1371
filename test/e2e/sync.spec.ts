import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import sharp from 'sharp';
import {
  acknowledged,
  changed,
  type ChangesAnswer,
  type DeviceCopy,
  enter,
  heads,
  integrate,
  type Operation,
  type OperationField,
  type OperationsAnswer,
  type OperationValue,
  outgoing,
  sendAgain,
  settledValue,
  slotKey,
  syncStatus,
  takeCopy,
  view,
} from '#domain';
import type { OfflineAssessment, OperationRow } from '#application';
import {
  basicRequirements,
  daysAgo,
  openAssessment,
  type Person,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

/*
 * Devices that have no connection for a while, against the real API and database. What is merged how stands in
 * docs/offline.md; that merging is right in any order, libs/domain/src/sync/sync.spec.ts shows. The cases are those that
 * field-data tools found the hard way: in and out of order, create after update, edits at the server between, several
 * devices, late, twice, cut off, by a wrong clock, by somebody who has left.
 */
let app: TestApp;
let p: Programme;
let second: Person;
let codes: string[];
/** An item that may be answered "not applicable". */
let optional: string;

beforeAll(async () => {
  app = await startApp('sync-test', { RATE_LIMIT: '5000' });
  p = await seedProgramme(app);
  second = await app.person('Second assessor', [[p.provider, 'assessor']]);
  const asked = await basicRequirements(app, '2');
  codes = asked.map(({ code }) => code);
  optional = asked.find(({ naAllowed }) => naAllowed)!.code;
}, 120_000);
afterAll(() => app?.stop());

/** UUID version 7: later ones sort after earlier ones. */
const uuid7 = (): string => {
  const hex = Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** An installation of somebody's, with its copy of one assessment: what a browser does, without the browser. */
class Device {
  readonly id = randomUUID();
  copy: DeviceCopy;

  private constructor(
    readonly who: Person,
    readonly assessment: string,
  ) {}

  static async take(who: Person, assessment: string): Promise<Device> {
    const device = new Device(who, assessment);
    const { body } = await who.agent
      .get(`/api/v1/assessments/${assessment}/offline`)
      .query({ device: device.id })
      .expect(200);
    const taken = body as OfflineAssessment;
    device.copy = takeCopy({
      assessmentId: assessment,
      device: device.id,
      person: taken.person,
      checklistHash: taken.checklistHash,
      revision: taken.assessment.revision,
      items: taken.items,
      seq: taken.seq,
    });
    return device;
  }

  enter(
    requirement: string,
    value: OperationValue | string | null,
    { field = 'answer', at = new Date().toISOString(), settling = false } = {} as {
      field?: OperationField;
      at?: string;
      settling?: boolean;
    },
  ): Operation {
    this.copy = enter(this.copy, {
      requirement,
      field,
      id: uuid7(),
      value: typeof value === 'string' ? { answer: value } : value,
      capturedAt: at,
      settling,
    });
    return this.copy.queue.at(-1)!;
  }

  body(operations: readonly Operation[], sentAt = new Date().toISOString()): object {
    return {
      device: this.id,
      checklistHash: this.copy.checklistHash,
      sentAt,
      operations: operations.map(({ device: _, ...operation }) => operation),
    };
  }

  /** Sends some operations, or all; `lost`: the answer never arrives. */
  async send(operations: readonly Operation[] = outgoing(this.copy, 500), { lost = false } = {}) {
    const { body } = await this.who.agent
      .post(`/api/v1/assessments/${this.assessment}/operations`)
      .send(this.body(operations))
      .expect(200);
    const answer = body as OperationsAnswer;
    if (!lost) this.copy = acknowledged(this.copy, answer);
    return answer.results;
  }

  async ask(): Promise<ChangesAnswer> {
    const { body } = await this.who.agent
      .get(`/api/v1/assessments/${this.assessment}/changes`)
      .query({ since: this.copy.revision, device: this.id })
      .expect(200);
    this.copy = changed(this.copy, body as ChangesAnswer);
    return body as ChangesAnswer;
  }

  /** The values shown for an item. */
  shown(requirement: string, field: OperationField = 'answer'): (string | null)[] {
    return view(this.copy, { requirement, field }).current.map(
      ({ value }) => value && (value.answer ?? value.note ?? null),
    );
  }
}

const open = async (input: Record<string, unknown> = {}): Promise<string> =>
  (await openAssessment(p, { kind: 'verification', ...input })).id;
const answered = async (id: string): Promise<Record<string, Record<string, unknown>>> => {
  const { body } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
  return Object.fromEntries(
    (body.responses as { requirement: string }[]).map((response) => [response.requirement, response]),
  );
};
const historyOf = async (id: string, code: string): Promise<OperationRow[]> =>
  (await p.manager.agent.get(`/api/v1/assessments/${id}/responses/${code}/history`).expect(200)).body
    .operations;
const put = (id: string, code: string, body: object, who = p.assessor) =>
  who.agent.put(`/api/v1/assessments/${id}/responses/${code}`).send(body);
const submit = (id: string) => p.assessor.agent.post(`/api/v1/assessments/${id}/submit`);
const outcomes = (results: OperationsAnswer['results']) => results.map(({ outcome }) => outcome);

describe('one device', () => {
  it('takes everything along, works for a day, and hands it in: in order, twice, and after changing its mind', async () => {
    const id = await open();
    const { body, headers } = await p.assessor.agent
      .get(`/api/v1/assessments/${id}/offline`)
      .query({ lang: 'ar' })
      .expect(200);
    const taken = body as OfflineAssessment;
    expect(taken).toMatchObject({
      person: p.assessor.id,
      writes: ['answer', 'note'],
      seq: 0,
      items: [],
      baseline: null,
      site: { id: p.site, name: 'Site one', supplier: 'Supplier one' },
      language: { asked: 'ar', original: 'en', status: 'unofficial' },
    });
    expect(taken.checklist.requirements.map(({ code }) => code)).toEqual(codes);
    expect(taken.checklist.requirements[0]!.question).toMatch(/[\u0600-\u06ff]/);
    expect(taken.answers.map(({ code }) => code)).toContain('conform');
    expect(taken.profile?.profile).toBe('programme-default');
    await p.assessor.agent
      .get(`/api/v1/assessments/${id}/offline`)
      .query({ lang: 'ar' })
      .set('if-none-match', headers['etag']!)
      .expect(304);

    const tablet = await Device.take(p.assessor, id);
    const [a, b] = codes as [string, string];
    // By a clock that is a year behind, then one that is a year ahead: neither decides anything.
    tablet.enter(a, 'major', { at: '2038-01-01T00:00:00.000Z' });
    tablet.enter(a, { note: 'No records.' }, { field: 'note' });
    tablet.enter(a, 'minor', { at: '2001-01-01T00:00:00.000Z' });
    tablet.enter(b, 'conform');
    expect([tablet.shown(a), syncStatus(tablet.copy).unsent]).toEqual([['minor'], 4]);
    const batch = outgoing(tablet.copy);
    expect(outcomes(await tablet.send(batch))).toEqual(Array(4).fill('applied'));
    expect(syncStatus(tablet.copy)).toEqual({ unsent: 0, refused: 0, conflicts: [] });
    const before = await answered(id);
    expect(before[a]).toMatchObject({ answer: 'minor', note: 'No records.', conflicts: [] });
    expect(outcomes(await tablet.send(batch))).toEqual(Array(4).fill('duplicate'));
    expect(await answered(id)).toEqual(before);
    // Taken back: unanswered again, which is no "no".
    tablet.enter(b, null);
    await tablet.send();
    expect((await answered(id))[b]).toBeUndefined();

    const history = await historyOf(id, a);
    expect(
      history.map(({ field, value, superseded, by, device }) => [field, value, superseded, by, device]),
    ).toEqual(
      expect.arrayContaining([
        ['answer', { answer: 'major' }, true, p.assessor.id, tablet.id],
        ['answer', { answer: 'minor' }, false, p.assessor.id, tablet.id],
        ['note', { note: 'No records.' }, false, p.assessor.id, tablet.id],
      ]),
    );
    expect(history.find(({ seq }) => seq === 1)).toMatchObject({
      capturedAt: '2038-01-01T00:00:00.000Z',
      byName: 'Assessor one',
    });
    expect(Math.abs(history[0]!.clockAheadSeconds!)).toBeLessThan(60);
    expect(Date.parse(history[0]!.receivedAt)).toBeGreaterThan(Date.now() - 600_000);
  });

  it('says by how much its clock is wrong', async () => {
    const id = await open();
    const tablet = await Device.take(p.assessor, id);
    tablet.enter(codes[0]!, 'conform');
    const aYearAgo = new Date(Date.now() - 365 * 86_400_000).toISOString();
    await p.assessor.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send(tablet.body(outgoing(tablet.copy), aYearAgo))
      .expect(200);
    const [row] = await historyOf(id, codes[0]!);
    expect(row!.clockAheadSeconds).toBeLessThan(-364 * 86_400);
  });

  it('is out of order: an update before what it updates waits for it, and all comes to the same', async () => {
    const id = await open();
    const tablet = await Device.take(p.assessor, id);
    const [a] = codes as [string];
    const chain = ['conform', 'minor', 'major', 'conform'].map((answer) => tablet.enter(a, answer));
    expect(outcomes(await tablet.send([chain[3]!], { lost: true }))).toEqual(['waiting']);
    expect((await answered(id))[a]).toBeUndefined();
    // Nobody hands in an assessment of which something is still on its way.
    const { body } = await submit(id).expect(409);
    expect(body).toMatchObject({ code: 'operations-waiting', errors: [{ field: `/requirements/${a}` }] });
    expect(outcomes(await tablet.send([chain[1]!, chain[2]!], { lost: true }))).toEqual([
      'waiting',
      'waiting',
    ]);
    expect(outcomes(await tablet.send())).toEqual(['applied', 'duplicate', 'duplicate', 'duplicate']);
    expect((await answered(id))[a]).toMatchObject({ answer: 'conform' });
    expect((await historyOf(id, a)).filter(({ superseded }) => superseded)).toHaveLength(3);
  });

  it('is cut off in the middle of a batch, and after it: all of it is there once', async () => {
    const id = await open();
    const tablet = await Device.take(p.assessor, id);
    for (const code of codes.slice(0, 40)) tablet.enter(code, 'conform');
    const cut = (bytes: (whole: Buffer) => Buffer): Promise<void> =>
      new Promise((done) => {
        const { hostname, port } = new URL(app.url);
        const body = Buffer.from(JSON.stringify(tablet.body(outgoing(tablet.copy))));
        const head = `POST /api/v1/assessments/${id}/operations HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${p.assessor.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
        const socket = connect(Number(port), hostname, () =>
          socket.write(Buffer.concat([Buffer.from(head), bytes(body)]), () => socket.destroy()),
        );
        socket.on('close', () => done());
        socket.on('error', () => undefined);
      });
    await cut((whole) => whole.subarray(0, whole.length >> 1));
    expect(Object.keys(await answered(id))).toHaveLength(0);
    await cut((whole) => whole);
    expect(await tablet.send()).toHaveLength(40);
    expect(Object.keys(await answered(id))).toHaveLength(40);
    const [row] = await app.sql(`SELECT count(*)::int AS n FROM operation WHERE assessment_id = $1`, [id]);
    expect(row!['n']).toBe(40);
  });
});

describe('two assessors on one visit', () => {
  it('merge without loss: other items, the same answer, a note beside an answer, an edit at the server between', async () => {
    const id = await open();
    const [a, b, c, d] = codes as [string, string, string, string];
    await put(id, d, { answer: 'major', note: 'Seen first.' }).expect(200);
    const [one, two] = [await Device.take(p.assessor, id), await Device.take(second, id)];
    one.enter(a, 'minor');
    two.enter(a, { note: 'The log ends in May.' }, { field: 'note' });
    two.enter(b, 'conform');
    one.enter(c, 'conform');
    two.enter(c, 'conform');
    // At the server between: what the device did not see is not overwritten, what it saw is.
    await put(id, d, { answer: 'minor' }).expect(200);
    expect(outcomes(await two.send())).toEqual(['applied', 'applied', 'applied']);
    expect(outcomes(await one.send())).toEqual(['applied', 'applied']);
    expect(await answered(id)).toMatchObject({
      [a]: { answer: 'minor', note: 'The log ends in May.', conflicts: [] },
      [b]: { answer: 'conform' },
      [c]: { answer: 'conform', conflicts: [] },
      [d]: { answer: 'minor', note: 'Seen first.' },
    });
    const told = await one.ask();
    expect(told.items.map(({ requirement, field }) => `${field} ${requirement}`).sort()).toEqual(
      [`answer ${a}`, `note ${a}`, `answer ${b}`, `answer ${c}`, `answer ${d}`].sort(),
    );
    expect([one.shown(a, 'note'), one.shown(b), one.shown(d)]).toEqual([
      ['The log ends in May.'],
      ['conform'],
      ['minor'],
    ]);
    expect((await one.ask()).items).toEqual([]);
  });

  it('differ: both answers stay, the item counts as unanswered, and a person decides', async () => {
    const id = await open();
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: codes.map((requirement) => ({ requirement, answer: 'conform' })) })
      .expect(200);
    const [one, two] = [await Device.take(p.assessor, id), await Device.take(second, id)];
    const [a, b] = codes as [string, string];
    one.enter(a, 'major');
    two.enter(a, 'minor');
    one.enter(b, { note: 'Left door.' }, { field: 'note' });
    two.enter(b, { note: 'Right door.' }, { field: 'note' });
    expect(outcomes(await one.send())).toEqual(['applied', 'applied']);
    expect(outcomes(await two.send())).toEqual(['conflict', 'conflict']);
    expect((await answered(id))[a]).toMatchObject({ answer: null, conflicts: ['answer'] });
    // Two notes are no contradiction: both are read, and nothing is held up.
    const notes = (await answered(id))[b]!;
    expect(notes).toMatchObject({ answer: 'conform', conflicts: ['note'] });
    expect(notes['note']).toContain('Left door.');
    expect(notes['note']).toContain('Right door.');
    expect((await submit(id).expect(409)).body).toMatchObject({
      code: 'open-conflicts',
      errors: [{ field: `/requirements/${a}` }],
    });
    // Nobody decides it unawares.
    expect((await put(id, a, { answer: 'minor' }).expect(409)).body.code).toBe('open-conflicts');
    await one.ask();
    expect(one.shown(a).sort()).toEqual(['major', 'minor']);
    expect(syncStatus(one.copy).conflicts).toHaveLength(2);
    one.enter(a, 'major');
    expect(outcomes(await one.send())).toEqual(['applied']);
    expect((await answered(id))[a]).toMatchObject({ answer: 'major', conflicts: [] });
    expect(await historyOf(id, a)).toHaveLength(4);
    // And whoever had not seen the decision yet doesn't undo it.
    two.enter(a, 'conform');
    expect(outcomes(await two.send())).toEqual(['conflict']);
    const read = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
    await put(id, a, { answer: 'minor' }).set('if-match', read.headers['etag']!).expect(200);
    await submit(id).expect(200);
  });

  it('is one of them and the supplier: a claim stands beside the verdict and is not merged with it', async () => {
    const id = await open();
    const a = optional;
    const [assessor, owner] = [await Device.take(p.assessor, id), await Device.take(p.owner, id)];
    assessor.enter(a, { answer: 'na', naReason: 'No such process.' });
    owner.enter(a, 'conform', { field: 'claim' });
    owner.enter(a, 'conform');
    await assessor.send();
    expect((await owner.send()).map(({ outcome, code }) => [outcome, code])).toEqual([
      ['applied', undefined],
      ['refused', 'role-required'],
    ]);
    expect((await answered(id))[a]).toMatchObject({
      answer: 'na',
      claim: 'conform',
      naReason: 'No such process.',
    });
  });
});

describe('what cannot count', () => {
  it('is refused one by one with a code and a way out, kept, and shown to whoever answers for it', async () => {
    const id = await open();
    const tablet = await Device.take(p.assessor, id);
    const [a, b, c, d] = codes as [string, string, string, string];
    tablet.enter(a, 'conform');
    tablet.enter(b, 'perhaps');
    tablet.enter('NO-SUCH-01', 'conform');
    tablet.enter(c, 'na');
    tablet.enter(d, { note: 'x' });
    const results = await tablet.send();
    expect(results.map(({ outcome, code }) => code ?? outcome)).toEqual([
      'applied',
      'answer-out-of-scale',
      'unknown-requirement',
      'na-without-reason',
      'operation-invalid',
    ]);
    for (const { outcome, fix, detail } of results)
      if (outcome === 'refused') expect([fix, detail]).toEqual([expect.any(String), expect.any(String)]);
    const kept = async (who: Person) =>
      (await who.agent.get(`/api/v1/assessments/${id}/refused-operations`).expect(200)).body
        .operations as OperationRow[];
    expect((await kept(p.manager)).map(({ refusal }) => refusal)).toHaveLength(4);
    // Whoever reviews it is told as well.
    expect(await kept(p.reviewer)).toEqual(await kept(p.manager));
    expect(view(tablet.copy, { requirement: b, field: 'answer' }).refused).toHaveLength(1);
    // Entered anew, what was refused has had its use.
    tablet.enter(b, 'conform');
    await tablet.send();
    expect(await kept(p.manager)).toHaveLength(3);
    expect(syncStatus(tablet.copy)).toMatchObject({ unsent: 0, refused: 3 });
    // The other checklist; an id that is somebody else's.
    const other = await Device.take(second, id);
    const [taken] = await historyOf(id, a);
    other.enter(c, 'conform');
    const [operation] = outgoing(other.copy);
    const { body } = await second.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send({ ...other.body([{ ...operation!, id: taken!.id }]), checklistHash: '0'.repeat(64) })
      .expect(200);
    expect(body.results).toMatchObject([{ outcome: 'refused', code: 'operation-id-taken' }]);
    const wrong = await second.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send({ ...other.body([operation!]), checklistHash: '0'.repeat(64) })
      .expect(200);
    expect(wrong.body.results).toMatchObject([{ outcome: 'refused', code: 'checklist-differs' }]);
    // Judged anew as it comes now.
    expect(outcomes(await other.send())).toEqual(['applied']);
    await second.agent.post(`/api/v1/assessments/${id}/operations`).send({}).expect(400);
  });

  it('comes after the assessment was handed in, or closed: kept, and counts when it is open again and sent again', async () => {
    const id = await open();
    const late = await Device.take(second, id);
    const [a] = codes as [string];
    late.enter(a, 'major');
    const one = await Device.take(p.assessor, id);
    for (const code of codes) one.enter(code, 'conform');
    await one.send();
    await submit(id).expect(200);
    const { body: before } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
    const [refused] = await late.send();
    expect(refused).toMatchObject({
      outcome: 'refused',
      code: 'assessment-locked',
      fix: 'Ask for it to be returned.',
    });
    const review = (action: string, reason?: string, remarks?: object[]) =>
      p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action, reason, remarks });
    await review('take-review').expect(200);
    await review('close').expect(200);
    // Sent again, and again.
    const again = () => outgoing(sendAgain(late.copy, late.copy.queue[0]!.id));
    expect((await late.send(again(), { lost: true }))[0]).toMatchObject({
      outcome: 'refused',
      code: 'assessment-locked',
    });
    const { body: after } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
    expect(after.responses).toEqual(before.responses);
    const own = await second.agent.get('/api/v1/me/refused-operations').expect(200);
    expect(own.body.operations).toMatchObject([{ assessmentId: id, value: { answer: 'major' } }]);
    const [, b] = codes as [string, string];
    const remark = { requirement: a, text: 'Which cold store?' };
    for (const [code, remarks, action = 'reopen'] of [
      ['unknown-requirement', [{ ...remark, requirement: 'NONE' }]],
      ['duplicate-remark', [remark, remark]],
      ['empty-remark', [{ ...remark, text: ' \u200b\n' }]],
      ['remarks-out-of-place', [remark], 'take-review'],
    ] as const)
      expect((await review(action, 'Why?', [...remarks]).expect(422)).body.code).toBe(code);
    await review('reopen', 'Why?', [{ ...remark, answer: 'conform' }]).expect(400);
    await review('reopen', 'Why?', Array(101).fill(remark)).expect(400);
    const news = () =>
      second.agent
        .get(`/api/v1/assessments/${id}/changes`)
        .query({ since: 0 })
        .expect(200)
        .then(({ body }) => body.returned);
    expect(await news()).toBeNull();
    await review('reopen', 'The second assessor saw more.', [
      remark,
      { requirement: b, text: '<b>Seen</b> by whom?' },
    ]).expect(200);
    // Whoever works on it reads what is in question, with the answer as it was; nothing was altered.
    const returned = await news();
    expect(returned).toMatchObject({
      action: 'reopen',
      reason: 'The second assessor saw more.',
      by: p.reviewer.name,
      remarks: [
        { ...remark, answer: 'conform', naReason: null, note: null },
        { requirement: b, text: '<b>Seen</b> by whom?', answer: 'conform' },
      ],
    });
    const { body: opened } = await p.reviewer.agent.get(`/api/v1/assessments/${id}`).expect(200);
    expect(opened.returns).toEqual([returned]);
    expect(opened.responses).toEqual(before.responses);
    const [trail] = await app.sql(`SELECT body FROM audit_entry WHERE subject = 'review_return'`);
    expect(JSON.stringify(trail)).toContain('Which cold store?');
    await expect(app.sql(`UPDATE review_return SET reason = 'x'`)).rejects.toThrow();
    expect(outcomes(await late.send(again()))).toEqual(['conflict']);
    expect((await answered(id))[a]).toMatchObject({ answer: null, conflicts: ['answer'] });
    expect((await second.agent.get('/api/v1/me/refused-operations').expect(200)).body.operations).toEqual([]);
  });

  it('is of somebody who was removed meanwhile: kept for them and for a manager, who may take it up', async () => {
    const id = await open();
    const third = await app.person('Third assessor', [[p.provider, 'assessor']]);
    const tablet = await Device.take(third, id);
    const [a] = codes as [string];
    tablet.enter(a, 'major');
    await app.sql(`DELETE FROM membership WHERE user_id = $1`, [third.id]);
    await third.agent.get(`/api/v1/assessments/${id}`).expect(404);
    const results = await tablet.send();
    expect(results).toMatchObject([{ outcome: 'refused', code: 'not-a-member' }]);
    expect((await answered(id))[a]).toBeUndefined();
    const mine = await third.agent.get('/api/v1/me/refused-operations').expect(200);
    expect(mine.body.operations).toMatchObject([{ id: results[0]!.id, refusal: 'not-a-member' }]);
    const url = `/api/v1/assessments/${id}/refused-operations`;
    const { body } = await p.manager.agent.get(url).expect(200);
    expect(body.operations).toMatchObject([{ byName: 'Third assessor', value: { answer: 'major' } }]);
    await third.agent.get(url).expect(404);
    // Taken up by who still works on it.
    const device = await Device.take(p.assessor, id);
    const operation = device.enter(a, 'major');
    await device.send([{ ...operation, base: [results[0]!.id] }]);
    expect((await p.manager.agent.get(url).expect(200)).body.operations).toEqual([]);
    // Who never took it along leaves nothing.
    const stranger = await app.person('Stranger');
    await stranger.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send(device.body([{ ...operation, id: uuid7() }]))
      .expect(404);
    const viewer = await app.person('Viewer', [[p.provider, 'viewer']]);
    await viewer.agent.get(`/api/v1/assessments/${id}/offline`).query({ device: randomUUID() }).expect(200);
    await viewer.agent
      .post(`/api/v1/assessments/${id}/operations`)
      .send(device.body([{ ...operation, id: uuid7() }]))
      .expect(403);
  });
});

describe('waiting', () => {
  it('ends by itself after some days, as a conflict; and by hand before', async () => {
    const id = await open();
    const [a, b] = codes as [string, string];
    await put(id, a, { answer: 'conform' }).expect(200);
    await put(id, b, { answer: 'conform' }).expect(200);
    const [one, two] = [await Device.take(p.assessor, id), await Device.take(second, id)];
    const lost = [one.enter(a, 'minor'), one.enter(b, 'minor')];
    const sent = [one.enter(a, 'major'), one.enter(b, 'major')];
    expect(outcomes(await one.send(sent, { lost: true }))).toEqual(['waiting', 'waiting']);
    await two.ask();
    const shown = view(two.copy, { requirement: b, field: 'answer' });
    expect([shown.current.length, shown.waiting.map(({ value }) => value)]).toEqual([
      1,
      [{ answer: 'major' }],
    ]);
    two.enter(b, 'minor', { settling: true });
    expect(outcomes(await two.send())).toEqual(['applied']);

    await app.sql(
      `INSERT INTO outbox (id, name, payload) VALUES ($1, 'daily-sweep', jsonb_build_object('at', now() + interval '8 days'))`,
      [randomUUID()],
    );
    await waitFor(async () => (await answered(id))[a]?.['answer'] === null, {
      what: 'the end of the waiting',
      deadlineMs: 30_000,
    });
    expect(await answered(id)).toMatchObject({
      [a]: { answer: null, conflicts: ['answer'] },
      [b]: { answer: 'minor', conflicts: [] },
    });
    // What was missing comes after all: it was no conflict, and what was settled stays settled.
    expect(outcomes(await one.send(lost))).toEqual(['applied', 'applied']);
    expect(await answered(id)).toMatchObject({
      [a]: { answer: 'major', conflicts: [] },
      [b]: { answer: 'minor', conflicts: [] },
    });
  });
});

describe('three devices and 182 items, at once', () => {
  it('come to what the rules say, with nothing lost and no lock waited for in a circle', async () => {
    const id = await open({ level: 'intermediate' });
    const third = await app.person('One more assessor', [[p.provider, 'assessor']]);
    const devices = await Promise.all([p.assessor, second, third].map((who) => Device.take(who, id)));
    const items = (
      (await p.assessor.agent.get(`/api/v1/assessments/${id}/offline`).expect(200)).body as OfflineAssessment
    ).checklist.requirements.map(({ code }) => code);
    expect(items.length).toBeGreaterThan(150);
    const made: Operation[] = [];
    items.forEach((code, index) =>
      devices.forEach((device, who) => {
        // A third agreed, a third by one of them, a third by two who differ.
        if (index % 3 === 1 && who !== (index % 9) % 3) return;
        if (index % 3 === 2 && who === 0) return;
        made.push(device.enter(code, index % 3 === 2 && who === 2 ? 'minor' : 'conform'));
        if (index % 5 === who) made.push(device.enter(code, { note: `${index} ${who}` }, { field: 'note' }));
      }),
    );
    // In batches of 40, each of them twice, backwards, all at the same time, with the web and readers between.
    const batches = devices.flatMap((device) => {
      const all = outgoing(device.copy, 1000);
      return Array.from({ length: Math.ceil(all.length / 40) }, (_, at) => ({
        device,
        batch: all.slice(at * 40, at * 40 + 40).reverse(),
      }));
    });
    await Promise.all([
      ...[...batches, ...batches].map(({ device, batch }) => device.send(batch)),
      ...items.slice(0, 5).map((code) => put(id, code, { answer: 'conform' })),
      ...devices.map((device) => device.ask()),
    ]);
    for (const device of devices) {
      expect(syncStatus(device.copy)).toMatchObject({ unsent: 0, refused: 0 });
      await device.ask();
    }
    const rows: (Operation & { standing: 'applied'; superseded: false })[] = (
      await app.sql(
        `SELECT id, requirement, field, value, base, settles, device, seq, captured_at AS "capturedAt" FROM operation WHERE assessment_id = $1`,
        [id],
      )
    ).map((row) => ({ ...row, standing: 'waiting', superseded: false }) as never);
    expect(new Set(rows.map((row) => row.id))).toEqual(
      new Set([
        ...made.map((operation) => operation.id),
        ...rows.filter((row) => row.device === 'web').map((row) => row.id),
      ]),
    );
    const now = await answered(id);
    let conflicts = 0;
    for (const code of items) {
      const current = heads(
        integrate(rows.filter((row) => slotKey(row) === slotKey({ requirement: code, field: 'answer' }))),
      );
      expect(now[code]?.['answer'] ?? null).toBe(settledValue(current)?.answer ?? null);
      if (now[code]?.['answer'] === null) conflicts += 1;
      for (const device of devices)
        expect(
          view(device.copy, { requirement: code, field: 'answer' }).current.map((each) => each.id),
        ).toEqual(current.map((each) => each.id));
    }
    expect(conflicts).toBeGreaterThan(50);
    expect((await submit(id).expect(409)).body.errors).toHaveLength(conflicts);
  }, 120_000);
});

describe('any interleaving', () => {
  const device = fc.nat(2);
  const item = fc.nat(3);
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('enter' as const),
        device,
        item,
        value: fc.constantFrom('conform', 'minor', null),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('note' as const), device, item }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('send' as const),
        device,
        skip: fc.nat(2),
        most: fc.integer({ min: 1, max: 4 }),
        lost: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const), device }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('edit' as const),
        item,
        value: fc.constantFrom('conform', 'major'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('photo' as const), device, item, picture: fc.nat(3) }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('upload' as const), device, cut: fc.boolean() }) },
  );

  it('of three devices, the web and files comes to one state with nothing lost', async () => {
    const pictures = await Promise.all(
      [20, 90, 160, 230].map((red) =>
        sharp({ create: { width: 60, height: 40, channels: 3, background: { r: red, g: 9, b: 9 } } })
          .jpeg()
          .toBuffer(),
      ),
    );
    const hashes = pictures.map((each) => createHash('sha256').update(each).digest('hex'));
    const third = await app.person('Third device', [[p.provider, 'assessor']]);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40 }), async (steps) => {
        const id = await open();
        const devices = await Promise.all([p.assessor, second, third].map((who) => Device.take(who, id)));
        const made: Operation[] = [];
        const batches: { device: Device; batch: Operation[] }[] = [];
        const files: { device: number; item: number; picture: number }[] = [];
        /** Declares a file and sends it from where it stands, or only half of what is left. */
        const upload = async ({ device: at, item: of, picture }: (typeof files)[number], cut: boolean) => {
          const { agent } = devices[at]!.who;
          const content = pictures[picture]!;
          const declared = await agent
            .post(`/api/v1/assessments/${id}/evidence`)
            .send({
              sha256: hashes[picture],
              size: content.length,
              requirement: codes[of],
              deviceId: devices[at]!.id,
            })
            .expect(201);
          const { uploadUrl } = declared.body as { uploadUrl: string | null };
          if (!uploadUrl) return;
          const head = await agent.head(uploadUrl).set('tus-resumable', '1.0.0');
          // The same content may have come by way of another device since.
          if (head.status !== 204) return;
          const from = Number(head.headers['upload-offset']);
          const rest = content.subarray(
            from,
            cut ? from + Math.ceil((content.length - from) / 2) : undefined,
          );
          await agent
            .patch(uploadUrl)
            .set({
              'tus-resumable': '1.0.0',
              'upload-offset': `${from}`,
              'content-type': 'application/offset+octet-stream',
            })
            .send(rest)
            .expect(204);
        };
        for (const each of steps) {
          const code = 'item' in each ? codes[each.item]! : '';
          if (each.do === 'enter') made.push(devices[each.device]!.enter(code, each.value));
          else if (each.do === 'note')
            made.push(devices[each.device]!.enter(code, { note: `note ${made.length}` }, { field: 'note' }));
          else if (each.do === 'send') {
            const from = devices[each.device]!;
            const batch = outgoing(from.copy, 500).slice(each.skip, each.skip + each.most);
            if (batch.length === 0) continue;
            batches.push({ device: from, batch });
            await from.send(batch, { lost: each.lost });
          } else if (each.do === 'again') {
            const late = batches[each.which % Math.max(1, batches.length)];
            if (late) await late.device.send(late.batch, { lost: true });
          } else if (each.do === 'ask') await devices[each.device]!.ask();
          // Where devices differ it is refused unless they were seen: a person decides.
          else if (each.do === 'edit')
            expect([200, 409]).toContain((await put(id, code, { answer: each.value })).status);
          else if (each.do === 'photo') files.push(each);
          else {
            const next = files.find((file) => file.device === each.device);
            if (next) await upload(next, each.cut);
          }
        }

        // The connection is there for good.
        for (const each of devices) while (outgoing(each.copy).length > 0) await each.send();
        for (const each of devices) {
          await each.ask();
          expect(syncStatus(each.copy)).toMatchObject({ unsent: 0, refused: 0 });
        }
        for (const file of files) await upload(file, false);

        const rows = (
          await app.sql(
            `SELECT id, requirement, field, value, base, settles, device, seq, captured_at AS "capturedAt" FROM operation WHERE assessment_id = $1`,
            [id],
          )
        ).map((row) => ({ ...row, standing: 'waiting', superseded: false }) as never) as (Operation & {
          standing: 'waiting';
          superseded: false;
        })[];
        expect(
          rows
            .filter((row) => row.device !== 'web')
            .map((row) => row.id)
            .sort(),
        ).toEqual(made.map((operation) => operation.id).sort());
        const now = await answered(id);
        for (const code of codes.slice(0, 4))
          for (const field of ['answer', 'note'] as const) {
            const current = heads(
              integrate(rows.filter((row) => slotKey(row) === slotKey({ requirement: code, field }))),
            );
            for (const each of devices)
              expect(view(each.copy, { requirement: code, field }).current.map((head) => head.id)).toEqual(
                current.map((head) => head.id),
              );
            if (field === 'answer')
              expect(now[code]?.['answer'] ?? null).toBe(settledValue(current)?.answer ?? null);
          }
        // Each file once for each item it is of, all of them acknowledged to whoever asks.
        const wanted = [
          ...new Set(files.map((file) => `${codes[file.item]} ${hashes[file.picture]}`)),
        ].sort();
        const stored = await app.sql(
          `SELECT requirement || ' ' || sha256 AS what FROM evidence WHERE assessment_id = $1 AND state <> 'awaited'`,
          [id],
        );
        expect(stored.map(({ what }) => what).sort()).toEqual(wanted);
        if (files.length > 0) {
          const { body } = await second.agent
            .post(`/api/v1/assessments/${id}/evidence/acknowledged`)
            .send({ sha256: hashes })
            .expect(200);
          expect([...body.received].sort()).toEqual(
            [...new Set(files.map((file) => hashes[file.picture]))].sort(),
          );
        }
      }),
      { numRuns: Number(process.env['UPLIFT_SYNC_RUNS'] ?? 4), endOnFailure: true },
    );
  }, 120_000);
});

describe('a follow-up', () => {
  it('has the baseline beside it, unless the programme says that devices show neither it nor the score', async () => {
    const baseline = await openAssessment(p, { version: '1', assessedOn: daysAgo(100) });
    const old = (await basicRequirements(app, '1')).map(({ code }) => code);
    await p.assessor.agent
      .put(`/api/v1/assessments/${baseline.id}/responses`)
      .send({ answers: old.map((requirement) => ({ requirement, answer: 'minor' })) })
      .expect(200);
    await submit(baseline.id).expect(200);
    const id = await open({ kind: 'follow-up', baselineId: baseline.id, assessedOn: daysAgo(1) });
    const take = async () =>
      (await p.assessor.agent.get(`/api/v1/assessments/${id}/offline`).expect(200)).body as OfflineAssessment;
    const { baseline: shown } = await take();
    expect(shown).toMatchObject({ id: baseline.id, version: '1' });
    // By the crosswalk: only where both ask for the same.
    expect(shown!.answers.length).toBeGreaterThan(20);
    for (const { requirement, baselineRequirement } of shown!.answers) {
      expect(old).toContain(baselineRequirement);
      expect(requirement).toMatch(/^[A-Z]/);
    }
    await p.manager.agent
      .patch(`/api/v1/programmes/${p.programme}`)
      .send({ fieldBaseline: false, fieldScores: false })
      .expect(200);
    expect(await take()).toMatchObject({ baseline: null, profile: null });
  });
});

describe('who is forgotten', () => {
  it('leaves answers and their order, and no devices', async () => {
    const id = await open();
    const leaver = await app.person('Leaver', [[p.provider, 'assessor']]);
    const tablet = await Device.take(leaver, id);
    tablet.enter(codes[0]!, 'conform');
    await tablet.send();
    await leaver.agent.delete('/api/v1/me').send({ confirm: leaver.email }).expect(204);
    const [row] = await historyOf(id, codes[0]!);
    expect(row).toMatchObject({ value: { answer: 'conform' }, standing: 'applied' });
    expect(row!.device).toMatch(/^former-[0-9a-f]{8}$/);
    expect(row!.byName).toMatch(/^Former/);
    const found = await app.sql(
      `SELECT 'copy' FROM offline_copy WHERE user_id = $1 UNION ALL SELECT 'trail' FROM audit_entry WHERE body LIKE '%' || $2 || '%'`,
      [leaver.id, tablet.id],
    );
    expect(found).toEqual([]);
  });
});
