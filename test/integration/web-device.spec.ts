import fc from 'fast-check';
import { acknowledged, enter, takeCopy, view, type DeviceCopy, type ItemState } from '#domain/sync';
import {
  backOff,
  nextOpen,
  progressOf,
  slotViews,
  standingOf,
  uuid7,
} from '../../apps/web/src/device/answers.js';

/* What pages make of a copy on the device: quick, and never other than what the rules of merging say. */

const SLOTS = ['A', 'B', 'C'].flatMap((requirement) =>
  (['answer', 'note'] as const).map((field) => ({ requirement, field })),
);
const empty = takeCopy({
  assessmentId: 'a',
  device: 'd',
  person: 'p',
  checklistHash: 'h',
  revision: 0,
  items: [],
  seq: 0,
});
const scale = {
  answers: [
    { code: 'yes', conformity: 'conforming' },
    { code: 'no', conformity: 'nonconforming' },
    { code: 'na', conformity: 'not-applicable' },
  ],
} as const;

describe('a copy on the device, as pages show it', () => {
  it('is the same as by the rules of merging, after every entry, answer and refusal', () => {
    const step = fc.record({
      slot: fc.nat(SLOTS.length - 1),
      what: fc.constantFrom('enter', 'send', 'refuse', 'told'),
      value: fc.constantFrom('yes', 'no', 'na'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const shown = slotViews();
        let copy: DeviceCopy = empty;
        steps.forEach(({ slot, what, value }, n) => {
          const at = SLOTS[slot]!;
          if (what === 'enter')
            copy = enter(copy, {
              ...at,
              id: `${n}`.padStart(3, '0'),
              value: at.field === 'note' ? { note: value } : { answer: value },
              capturedAt: '2026-01-01T00:00:00Z',
            });
          else if (what === 'told') {
            const item: ItemState = { ...at, state: 'empty', revision: n, current: [], waiting: [] };
            copy = acknowledged(copy, { revision: n, results: [], items: [item] });
          } else
            copy = acknowledged(copy, {
              revision: n,
              items: [],
              results: copy.queue
                .slice(0, 1)
                .map(({ id }) => ({ id, outcome: what === 'refuse' ? 'refused' : 'applied', code: 'x' })),
            });
          const look = shown(copy);
          for (const each of SLOTS) {
            expect(look(each)).toEqual(view(copy, each));
            // What hasn't changed isn't drawn anew.
            expect(shown(copy)(each)).toBe(look(each));
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  it('tells unanswered, not applicable, "no" and conflicts apart', () => {
    const at = { requirement: 'A', field: 'answer' as const };
    const stands = (copy: DeviceCopy) => standingOf(view(copy, at), scale);
    const with_ = (answer: string) =>
      enter(empty, { ...at, id: '1', value: { answer }, capturedAt: '2026-01-01T00:00:00Z' });
    expect([stands(empty), stands(with_('no')), stands(with_('na'))]).toEqual([
      'unanswered',
      'nonconforming',
      'not-applicable',
    ]);
    expect(progressOf(['unanswered', 'nonconforming', 'not-applicable', 'conflict', 'conforming'])).toEqual({
      total: 5,
      answered: 3,
      unanswered: 2,
      notApplicable: 1,
      conflicts: 1,
    });
  });

  it('finds the next item that is open, round the end, and none when all are answered', () => {
    const items = (['conforming', 'unanswered', 'conforming', 'conflict'] as const).map((standing, n) => ({
      code: `${n}`,
      standing,
    }));
    expect([null, '1', '3'].map((from) => nextOpen(items, from))).toEqual(['1', '3', '1']);
    expect(nextOpen(items.slice(0, 1), null)).toBeNull();
  });

  it('makes ids that are UUIDs of version 7 in the order of time, whatever the clock says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e12, max: 2 ** 47 }),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        (now, random) => {
          expect(uuid7(now, random)).toMatch(
            /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
          );
        },
      ),
    );
    expect(uuid7(2_000, new Uint8Array(10)) > uuid7(1_000, new Uint8Array(10).fill(255))).toBe(true);
  });

  it('waits longer after each failure, and five minutes at most', () => {
    expect([1, 2, 3].map((n) => backOff(n, 0.5))).toEqual([2000, 4000, 8000]);
    expect(backOff(99, 1)).toBeLessThanOrEqual(330_000);
  });
});
