import { describe, expect, it } from '@jest/globals';
import { complaintClock, overdueOf } from './complaint.js';
import { allowedActions, complaintMachine, transition, type ComplaintState } from './states.js';

const clock = complaintClock('2026-03-01', { complaints: { acknowledgeDays: 7, decideDays: 60 } });

describe('the clock of a complaint', () => {
  it('runs from the day it was raised', () =>
    expect(clock).toEqual({ acknowledgeBy: '2026-03-08', decideBy: '2026-04-30' }));

  it.each<[ComplaintState, string, ReturnType<typeof overdueOf>]>([
    ['received', '2026-03-08', null],
    ['received', '2026-03-09', 'acknowledge'],
    ['received', '2026-05-01', 'decide'],
    ['acknowledged', '2026-04-30', null],
    ['acknowledged', '2026-05-01', 'decide'],
    ['under-investigation', '2026-05-01', 'decide'],
    ['decided', '2027-01-01', null],
    ['closed', '2027-01-01', null],
    ['withdrawn', '2027-01-01', null],
  ])('%s on %s: %s', (state, today, overdue) => expect(overdueOf({ ...clock, state }, today)).toBe(overdue));
});

describe('the life of a complaint', () => {
  it('goes step by step, and its decision has a reason', () => {
    const path = (['acknowledge', 'investigate', 'decide', 'close'] as const).reduce<ComplaintState[]>(
      (states, action) => [...states, transition(complaintMachine, states.at(-1)!, action, 'Because.')],
      ['received'],
    );
    expect(path).toEqual(['received', 'acknowledged', 'under-investigation', 'decided', 'closed']);
    expect(() => transition(complaintMachine, 'under-investigation', 'decide')).toThrow(
      expect.objectContaining({ code: 'reason-required' }),
    );
  });

  it('may be withdrawn until it is decided', () => {
    const states = Object.keys(complaintMachine.transitions) as ComplaintState[];
    expect(states.filter((state) => allowedActions(complaintMachine, state).includes('withdraw'))).toEqual([
      'received',
      'acknowledged',
      'under-investigation',
    ]);
  });
});
