import fc from 'fast-check';
import {
  allowedActions,
  assertEditable,
  assessmentMachine,
  certificateMachine,
  isEditable,
  transition,
  type AssessmentAction,
  type AssessmentState,
  type CertificateAction,
  type CertificateState,
} from './states.js';

const code = (c: string) => expect.objectContaining({ code: c });

describe('assessment states', () => {
  it('walks the whole way', () => {
    let state: AssessmentState = assessmentMachine.initial;
    const way: [AssessmentAction, AssessmentState][] = [
      ['start', 'in-progress'],
      ['answer', 'in-progress'],
      ['submit', 'submitted'],
      ['take-review', 'under-review'],
      ['return', 'in-progress'],
      ['submit', 'submitted'],
      ['take-review', 'under-review'],
      ['close', 'closed'],
      ['reopen', 'reopened'],
      ['answer', 'reopened'],
      ['resubmit', 'submitted'],
    ];
    for (const [action, expected] of way) {
      state = transition(assessmentMachine, state, action, 'wrong site recorded');
      expect(state).toBe(expected);
    }
  });

  it('is voided while it is worked on, and never after it was handed in or closed', () => {
    for (const state of ['draft', 'in-progress'] as const)
      expect(transition(assessmentMachine, state, 'void', 'another site')).toBe('void');
    for (const state of ['submitted', 'under-review', 'closed', 'reopened', 'void'] as const)
      expect(() => transition(assessmentMachine, state, 'void', 'another site')).toThrow(
        code('transition-not-allowed'),
      );
    expect(allowedActions(assessmentMachine, 'void')).toEqual([]);
    expect(() => assertEditable('void')).toThrow(code('assessment-void'));
  });

  it('needs a reason to reopen, to return and to void', () => {
    expect(() => transition(assessmentMachine, 'draft', 'void', ' ')).toThrow(code('reason-required'));
    expect(() => transition(assessmentMachine, 'closed', 'reopen')).toThrow(code('reason-required'));
    expect(() => transition(assessmentMachine, 'under-review', 'return', '   ')).toThrow(
      code('reason-required'),
    );
  });

  it('says what is allowed instead', () => {
    expect(() => transition(assessmentMachine, 'closed', 'answer')).toThrow(
      expect.objectContaining({
        code: 'transition-not-allowed',
        kind: 'conflict',
        message: '"answer" is not allowed while the assessment is closed. Allowed: reopen.',
      }),
    );
    expect(() => transition(certificateMachine, 'withdrawn', 'restore', 'x')).toThrow(/final/);
  });

  it('locks what is not being answered', () => {
    expect(() => assertEditable('closed')).toThrow(code('assessment-locked'));
    expect(() => assertEditable('submitted')).toThrow(code('assessment-locked'));
    expect(() => assertEditable('reopened')).not.toThrow();
    // Locking and the machine agree: editable where "answer" is allowed, and nowhere else.
    for (const state of Object.keys(assessmentMachine.transitions) as AssessmentState[]) {
      expect(isEditable(state)).toBe(allowedActions(assessmentMachine, state).includes('answer'));
    }
  });

  it('refuses states and inherited names it does not know', () => {
    expect(() => transition(assessmentMachine, 'toString' as AssessmentState, 'start')).toThrow(
      code('unknown-state'),
    );
    expect(() => transition(assessmentMachine, 'draft', 'constructor' as AssessmentAction)).toThrow(
      code('transition-not-allowed'),
    );
  });
});

describe('certificate states', () => {
  it('suspends and restores, and never brings back what was withdrawn', () => {
    expect(transition(certificateMachine, 'valid', 'suspend', 'visit refused')).toBe('suspended');
    expect(transition(certificateMachine, 'suspended', 'restore', 'visit held')).toBe('valid');
    expect(transition(certificateMachine, 'suspended', 'withdraw', 'not resolved')).toBe('withdrawn');
    expect(allowedActions(certificateMachine, 'withdrawn')).toEqual([]);
  });

  it('any walk stays in the table, and a final state is never left', () => {
    const actions: CertificateAction[] = [
      'submit',
      'return',
      'issue',
      'suspend',
      'restore',
      'withdraw',
      'supersede',
      'reduce-scope',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...actions), { maxLength: 40 }), (walk) => {
        let state: CertificateState = 'draft';
        for (const action of walk) {
          const before: CertificateState = state;
          try {
            state = transition(certificateMachine, state, action, 'because');
          } catch {
            expect(allowedActions(certificateMachine, state)).not.toContain(action);
          }
          if (before === 'withdrawn' || before === 'superseded') expect(state).toBe(before);
        }
      }),
    );
  });
});
