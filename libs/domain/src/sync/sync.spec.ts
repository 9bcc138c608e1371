import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  acknowledged,
  changed,
  type DeviceCopy,
  enter,
  heads,
  integrate,
  type ItemOperation,
  type ItemState,
  type KnownOperation,
  noteOf,
  type Operation,
  type OperationsAnswer,
  outgoing,
  putAside,
  sendAgain,
  settledValue,
  slotKey,
  slotState,
  syncStatus,
  takeCopy,
  view,
} from './index.js';

type Known = Operation & KnownOperation;

const SLOTS = [
  { requirement: 'A-1', field: 'answer' },
  { requirement: 'A-2', field: 'answer' },
  { requirement: 'A-1', field: 'note' },
] as const;

const known = (id: string, base: string[], value: string | null, more: Partial<Known> = {}): Known => ({
  id,
  device: 'd',
  seq: 1,
  ...SLOTS[0],
  value: value === null ? null : { answer: value },
  base,
  capturedAt: '2026-01-01T00:00:00Z',
  standing: 'waiting',
  superseded: false,
  ...more,
});
const shown = (operations: readonly Known[]) => heads(operations).map(({ id }) => id);

describe('operations of one item', () => {
  it('make a later one count and keep the earlier one as history', () => {
    const all = integrate([known('a', [], 'yes'), known('b', ['a'], 'no')]);
    expect(shown(all)).toEqual(['b']);
    expect(all).toHaveLength(2);
  });
  it('conflict when two people entered different things without knowing of each other', () => {
    const all = integrate([known('a', [], 'yes'), known('b', ['a'], 'no'), known('c', ['a'], 'na')]);
    expect(slotState(heads(all))).toBe('conflict');
    expect(settledValue(heads(all))).toBeNull();
    expect(shown(integrate([...all, known('d', ['b', 'c'], 'no')]))).toEqual(['d']);
  });
  it('come to one value when two people entered the same; an answer taken back is a value, too', () => {
    const same = heads(integrate([known('a', [], 'yes'), known('b', [], 'yes')]));
    expect([slotState(same), settledValue(same)]).toEqual(['settled', { answer: 'yes' }]);
    const gone = heads(integrate([known('a', [], 'yes'), known('b', ['a'], null), known('c', ['a'], null)]));
    expect([slotState(gone), settledValue(gone)]).toEqual(['empty', null]);
    expect(slotState([{ value: { answer: 'na', naReason: 'x' } }, { value: { answer: 'na' } }])).toBe(
      'conflict',
    );
  });
  it('wait for what they rest on, unless somebody settles it, or the waiting is ended', () => {
    const first = integrate([known('a', [], 'yes'), known('c', ['b'], 'no')]);
    expect([shown(first), first[1]!.standing]).toEqual([['a'], 'waiting']);
    expect(shown(integrate([...first, known('b', ['a'], 'na')]))).toEqual(['c']);
    // Ended: a conflict, which vanishes by itself when what was missing comes after all.
    const ended = first.map((each) => ({ ...each, standing: 'applied' as const }));
    expect(shown(integrate(ended))).toEqual(['a', 'c']);
    expect(shown(integrate([...ended, known('b', ['a'], 'na')]))).toEqual(['c']);
    // Settled by a third person, who saw both.
    const settled = integrate([...first, known('d', ['a', 'c'], 'yes', { settles: true })]);
    expect(shown(settled)).toEqual(['d']);
    expect(shown(integrate([...settled, known('b', ['a'], 'na')]))).toEqual(['d']);
  });
  it('that were refused carry what their author had seen, and never count', () => {
    const all = integrate([
      known('a', [], 'yes'),
      known('b', ['a'], 'nonsense', { standing: 'refused' }),
      known('c', ['b'], 'no'),
    ]);
    expect(shown(all)).toEqual(['c']);
    expect(all[1]).toMatchObject({ standing: 'refused', superseded: true });
  });
  it('of a broken client that go in a circle both stay', () => {
    const circle = [known('a', ['b'], 'yes'), known('b', ['a'], 'no')];
    expect(integrate(circle).map(({ standing }) => standing)).toEqual(['waiting', 'waiting']);
    const ended = circle.map((each) => ({ ...each, standing: 'applied' as const }));
    expect(shown(integrate(ended))).toEqual(['a', 'b']);
  });
  it('with several notes keep them all', () => {
    expect(noteOf([{ value: { note: 'One' } }, { value: null }, { value: { note: 'Two' } }])).toBe(
      'One\n\nTwo',
    );
    expect(noteOf([])).toBeNull();
  });
});

/** Any operations of a slot, each resting on some of those before it, with some refused. */
const history = fc
  .array(
    fc.record({
      bases: fc.array(fc.nat(), { maxLength: 3 }),
      value: fc.constantFrom('yes', 'no', 'na', null),
      settles: fc.boolean(),
      refused: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((rows) =>
    rows.map(({ bases, value, settles, refused }, index) =>
      known(
        `o${String(index).padStart(2, '0')}`,
        index === 0 ? [] : [...new Set(bases.map((base) => `o${String(base % index).padStart(2, '0')}`))],
        value,
        { ...(settles && bases.length > 1 && { settles }), ...(refused === 0 && { standing: 'refused' }) },
      ),
    ),
  );
const flags = (all: readonly Known[]) =>
  Object.fromEntries(all.map(({ id, standing, superseded }) => [id, [standing, superseded]]));

describe('integrating', () => {
  it('comes to the same in any order, in any parts, any number of times', () => {
    fc.assert(
      fc.property(
        history.chain((all) =>
          fc.tuple(
            fc.constant(all),
            fc.shuffledSubarray(all, { minLength: all.length }),
            fc.array(fc.nat(all.length), { maxLength: 4 }),
          ),
        ),
        ([all, shuffled, cuts]) => {
          const whole = flags(integrate(all));
          let parts: Known[] = [];
          let from = 0;
          for (const cut of [...cuts.sort((a, b) => a - b), shuffled.length]) {
            parts = integrate([...parts, ...shuffled.slice(from, cut)]);
            from = cut;
          }
          expect(flags(parts)).toEqual(whole);
          expect(flags(integrate([...parts, ...all, ...parts]))).toEqual(whole);
          // Two halves that were integrated apart come to the same as well.
          const half = shuffled.length >> 1;
          const apart = [...integrate(shuffled.slice(half)), ...integrate(shuffled.slice(0, half))];
          expect(flags(integrate(apart))).toEqual(whole);
        },
      ),
      { numRuns: 400 },
    );
  });
  it('needs of the history only what counts, waits, was refused, or is named by what is new or waits, or names it', () => {
    fc.assert(
      fc.property(
        history.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          let stored: Known[] = [];
          for (const one of shuffled) {
            const changes = new Map(
              integrate([...needed(stored, [one]), one]).map((each) => [each.id, each]),
            );
            stored = [...stored.map((each) => changes.get(each.id) ?? each), changes.get(one.id)!];
          }
          expect(flags(stored)).toEqual(flags(integrate(all)));
        },
      ),
      { numRuns: 400 },
    );
  });
});

/** What the server reads of a slot before it integrates something: the same choice as the SQL of the service makes. */
const needed = (stored: readonly Known[], incoming: readonly Operation[]): Known[] => {
  const ids = new Set(incoming.map(({ id }) => id));
  const waiting = stored.filter(({ standing }) => standing === 'waiting');
  const named = new Set([...incoming, ...waiting].flatMap(({ base }) => base));
  return stored.filter(
    (each) =>
      !each.superseded ||
      each.standing !== 'applied' ||
      named.has(each.id) ||
      ids.has(each.id) ||
      each.base.some((id) => ids.has(id)),
  );
};

/** A server as the service is one, without the database. */
class Server {
  private stored: Known[] = [];
  private revision = 0;
  private readonly changedAt = new Map<string, number>();
  locked = false;

  receive(batch: readonly Operation[]): OperationsAnswer {
    this.revision += 1;
    const touched = new Set(batch.map(slotKey));
    const before = flags(this.stored);
    for (const key of touched) {
      const incoming = batch
        .filter((each) => slotKey(each) === key && before[each.id]?.[0] !== 'applied')
        .filter((each) => before[each.id]?.[0] !== 'waiting')
        .map((each): Known => ({
          ...each,
          standing: this.locked ? 'refused' : 'waiting',
          superseded: false,
        }));
      this.store(
        integrate([
          ...needed(
            this.stored.filter((each) => slotKey(each) === key),
            incoming,
          ),
          ...incoming,
        ]),
      );
      this.changedAt.set(key, this.revision);
    }
    const after = flags(this.stored);
    return {
      revision: this.revision,
      results: batch.map(({ id }) => ({
        id,
        outcome:
          after[id]![0] === 'refused'
            ? 'refused'
            : id in before && before[id]![0] !== 'refused'
              ? 'duplicate'
              : after[id]![0] === 'waiting'
                ? 'waiting'
                : 'applied',
      })),
      items: [...touched].map((key) => this.item(key)),
    };
  }
  endWaiting(): void {
    this.revision += 1;
    for (const { requirement, field } of SLOTS) {
      const key = slotKey({ requirement, field });
      const all = this.stored.filter((each) => slotKey(each) === key);
      if (!all.some(({ standing }) => standing === 'waiting')) continue;
      this.store(
        integrate(all.map((each) => (each.standing === 'waiting' ? { ...each, standing: 'applied' } : each))),
      );
      this.changedAt.set(key, this.revision);
    }
  }
  changes(device: string, since: number) {
    const keys = [...this.changedAt].filter(([, at]) => at > since).map(([key]) => key);
    return {
      revision: this.revision,
      items: keys.map((key) => this.item(key)),
      received: this.stored
        .filter(
          (each) => each.device === device && each.standing !== 'refused' && keys.includes(slotKey(each)),
        )
        .map(({ id }) => id),
    };
  }
  get all(): readonly Known[] {
    return this.stored;
  }
  private store(all: readonly Known[]): void {
    const told = new Map(all.map((each) => [each.id, each]));
    this.stored = [
      ...this.stored.map((each) => told.get(each.id) ?? each),
      ...all.filter(({ id }) => !this.stored.some((each) => each.id === id)),
    ];
  }
  private item(key: string): ItemState {
    const all = this.stored.filter((each) => slotKey(each) === key);
    const tell = (each: Known): ItemOperation => ({
      ...each,
      by: each.device,
      byName: null,
      receivedAt: '',
      clockAheadSeconds: null,
    });
    const { requirement, field } = all[0]!;
    return {
      requirement,
      field,
      state: slotState(heads(all)),
      revision: this.revision,
      current: heads(all).map(tell),
      waiting: all.filter(({ standing }) => standing === 'waiting').map(tell),
    };
  }
}

type Step =
  | { kind: 'enter'; device: number; slot: number; value: string | null; settling: boolean }
  | { kind: 'send'; device: number; skip: number; most: number; lost: boolean }
  | { kind: 'late'; which: number }
  | { kind: 'ask'; device: number; lost: boolean }
  | { kind: 'lock'; locked: boolean }
  | { kind: 'end-waiting' }
  | { kind: 'again'; device: number };
const device = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('enter' as const),
      device,
      slot: fc.nat(2),
      value: fc.constantFrom('yes', 'no', 'na', null),
      settling: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      device,
      skip: fc.nat(2),
      most: fc.integer({ min: 1, max: 4 }),
      lost: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('late' as const), which: fc.nat() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('ask' as const), device, lost: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lock' as const), locked: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end-waiting' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), device }) },
);

describe('several devices and a server', () => {
  it('converge with nothing lost, whatever is late, lost, repeated, out of order, refused or concurrent', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const server = new Server();
        const made: Operation[] = [];
        /** Batches and answers on their way: the network may deliver them again at any later time. */
        const sent: Operation[][] = [];
        const answers: { device: number; take: (copy: DeviceCopy) => DeviceCopy }[] = [];
        const copies = ['d0', 'd1', 'd2'].map((name) =>
          takeCopy({
            assessmentId: 'a',
            device: name,
            person: name,
            checklistHash: 'h',
            revision: 0,
            items: [],
            seq: 0,
          }),
        );
        const send = (at: number, batch: Operation[], lost: boolean): void => {
          if (batch.length === 0) return;
          sent.push(batch);
          const answer = server.receive(batch);
          const take = (copy: DeviceCopy) => acknowledged(copy, answer);
          if (lost) answers.push({ device: at, take });
          else copies[at] = take(copies[at]!);
        };
        const ask = (at: number, lost: boolean): void => {
          const answer = server.changes(copies[at]!.device, copies[at]!.revision);
          if (!lost) copies[at] = changed(copies[at]!, answer);
        };
        const again = (at: number): void => {
          for (const { id, refused } of copies[at]!.queue)
            if (refused) copies[at] = sendAgain(copies[at]!, id);
        };
        for (const each of steps) {
          if (each.kind === 'enter') {
            const slot = SLOTS[each.slot]!;
            const before = view(copies[each.device]!, slot);
            copies[each.device] = enter(copies[each.device]!, {
              ...slot,
              id: `${String(made.length).padStart(4, '0')}-${each.device}`,
              value: each.value === null ? null : { answer: each.value },
              // Clocks are of no use here, so they say anything.
              capturedAt: `20${10 + ((made.length * 7) % 80)}-01-01T00:00:00Z`,
              settling: each.settling,
            });
            made.push(copies[each.device]!.queue.at(-1)!);
            const after = view(copies[each.device]!, slot);
            // Whoever enters something sees it, and it decides what was shown.
            expect(after.current.map(({ id }) => id)).toEqual([made.at(-1)!.id]);
            expect(made.at(-1)!.base).toEqual(expect.arrayContaining(before.current.map(({ id }) => id)));
          } else if (each.kind === 'send') {
            const waiting = outgoing(copies[each.device]!, 100).slice(each.skip, each.skip + each.most);
            send(each.device, waiting, each.lost);
          } else if (each.kind === 'late') {
            if (answers.length > 0) {
              const { device: at, take } = answers[each.which % answers.length]!;
              copies[at] = take(copies[at]!);
            }
            if (sent.length > 0) server.receive(sent[each.which % sent.length]!);
          } else if (each.kind === 'ask') ask(each.device, each.lost);
          else if (each.kind === 'lock') server.locked = each.locked;
          else if (each.kind === 'end-waiting') server.endWaiting();
          else again(each.device);
        }

        // The network comes back, and the assessment is open again.
        server.locked = false;
        for (const at of copies.keys()) {
          again(at);
          send(at, outgoing(copies[at]!, 1000), false);
          expect(syncStatus(copies[at]!)).toMatchObject({ unsent: 0, refused: 0 });
        }
        // Refused ones that were sent twice, one of them while it was locked, are the server's to tell of; nothing waits.
        server.endWaiting();
        for (const at of copies.keys()) ask(at, false);

        // Nothing is lost: the server has every operation that was ever made, and what is history was gone on from.
        expect(server.all.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
        const of = new Map(server.all.map((each) => [each.id, each]));
        for (const each of server.all.filter(({ superseded }) => superseded))
          expect([...of.values()].some(({ base }) => base.includes(each.id))).toBe(true);
        for (const slot of SLOTS) {
          const all = server.all.filter((each) => slotKey(each) === slotKey(slot));
          // In whatever order everything came, it comes to the same.
          expect(flags(integrate([...all].reverse().map(unjudged)))).toMatchObject(
            Object.fromEntries(
              all
                .filter(({ standing }) => standing !== 'refused')
                .map(({ id, superseded }) => [id, ['applied', superseded]]),
            ),
          );
          // Every device shows what the server has, and the same.
          const [first, ...rest] = copies.map((copy) => view(copy, slot));
          expect(first!.current.map(({ id }) => id)).toEqual(heads(all).map(({ id }) => id));
          for (const other of rest) expect(other).toEqual({ ...first!, refused: other.refused });
        }
      }),
      { numRuns: 400 },
    );
  });
});
const unjudged = (each: Known): Known => ({
  ...each,
  standing: each.standing === 'refused' ? 'refused' : 'waiting',
  superseded: false,
});

describe('a device', () => {
  const copy = takeCopy({
    assessmentId: 'a',
    device: 'd0',
    person: 'p',
    checklistHash: 'h',
    revision: 3,
    items: [],
    seq: 41,
  });
  const entry = (id: string, value: string) => ({
    ...SLOTS[0],
    id,
    value: { answer: value },
    capturedAt: '1999-12-31T23:59:59Z',
  });
  it('counts on from what the server has seen of it, and says what is unsent', () => {
    const one = enter(copy, entry('a', 'yes'));
    expect(one.queue[0]).toMatchObject({ seq: 42, base: [] });
    expect(syncStatus(one)).toEqual({ unsent: 1, refused: 0, conflicts: [] });
    expect(copy.queue).toEqual([]);
  });
  it('keeps what was refused until it was gone on from, sent again or put aside', () => {
    const refusing: OperationsAnswer = {
      revision: 4,
      results: [{ id: 'a', outcome: 'refused', code: 'assessment-locked', detail: 'Locked.', fix: 'Ask.' }],
      items: [],
    };
    const refused = acknowledged(enter(copy, entry('a', 'yes')), refusing);
    expect(view(refused, SLOTS[0])).toMatchObject({
      state: 'empty',
      current: [],
      refused: [{ id: 'a', refused: { code: 'assessment-locked' } }],
    });
    expect(outgoing(refused)).toEqual([]);
    expect(outgoing(sendAgain(refused, 'a'))).toMatchObject([{ id: 'a' }]);
    expect(outgoing(sendAgain(refused, 'a'))[0]).not.toHaveProperty('refused');
    expect(putAside(refused, 'a').queue).toEqual([]);
    // It has come by another way, as from a saved file.
    expect(changed(refused, { revision: 5, items: [], received: ['a'] }).queue).toEqual([]);
    const on = enter(refused, entry('b', 'no'));
    expect(on.queue[1]!.base).toEqual(['a']);
    const done = acknowledged(on, { revision: 5, results: [{ id: 'b', outcome: 'applied' }], items: [] });
    expect(done.queue).toEqual([]);
  });
  it('is not taken back by an answer that comes late', () => {
    const item = (revision: number, id: string): ItemState => ({
      ...SLOTS[0],
      state: 'settled',
      revision,
      current: [{ ...known(id, [], id), by: 'x', byName: null, receivedAt: '', clockAheadSeconds: null }],
      waiting: [],
    });
    const told = changed(copy, { revision: 9, items: [item(9, 'b')], received: [] });
    const late = acknowledged(told, { revision: 7, results: [], items: [item(7, 'a')] });
    expect(view(late, SLOTS[0]).current.map(({ id }) => id)).toEqual(['b']);
    expect(late.revision).toBe(9);
  });
});
