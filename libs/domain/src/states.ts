import { isBlank } from './blank.js';
import { DomainError } from './domain-error.js';

/**
 * A state machine as data: for each state, the actions allowed in it and the state each leads to. A state without
 * actions is final.
 */
export interface StateMachine<State extends string, Action extends string> {
  /** What the states belong to, for messages (`assessment`). */
  readonly name: string;
  /** State of a new record. */
  readonly initial: State;
  readonly transitions: Readonly<Record<State, Readonly<Partial<Record<Action, State>>>>>;
  /** Actions that need a reason in words; it goes to the history. */
  readonly reasonRequired: readonly Action[];
}

/**
 * Where an assessment stands. `draft`: planned, nothing answered; `in-progress`: being answered; `submitted`: handed
 * in by the assessor; `under-review`: a reviewer has taken it; `closed`: final, never edited; `reopened`: taken up
 * again for a reason, to be submitted again; `void`: opened by mistake, on record and nothing more, final. A reopened
 * assessment keeps its history.
 */
export type AssessmentState =
  'draft' | 'in-progress' | 'submitted' | 'under-review' | 'closed' | 'reopened' | 'void';

/** What can be done with an assessment. */
export type AssessmentAction =
  'start' | 'answer' | 'submit' | 'return' | 'take-review' | 'close' | 'reopen' | 'resubmit' | 'void';

/**
 * Allowed actions of an assessment and the state each leads to. What is handed in is returned before it can be voided; what
 * was decided never is.
 */
export const assessmentTransitions = {
  draft: { start: 'in-progress', void: 'void' },
  'in-progress': { answer: 'in-progress', submit: 'submitted', void: 'void' },
  submitted: { return: 'in-progress', 'take-review': 'under-review' },
  'under-review': { return: 'in-progress', close: 'closed' },
  closed: { reopen: 'reopened' },
  reopened: { answer: 'reopened', resubmit: 'submitted' },
  void: {},
} as const satisfies Record<AssessmentState, Partial<Record<AssessmentAction, AssessmentState>>>;

/** Life of an assessment. Returning, reopening and voiding one need a reason. */
export const assessmentMachine: StateMachine<AssessmentState, AssessmentAction> = {
  name: 'assessment',
  initial: 'draft',
  transitions: assessmentTransitions,
  reasonRequired: ['return', 'reopen', 'void'],
};

/**
 * Stored state of a certificate. "Expired" is never stored: it follows from the dates (`certificateStatus`).
 * `valid` means issued. `withdrawn` and `superseded` are final.
 */
export type CertificateState = 'draft' | 'under-review' | 'valid' | 'suspended' | 'withdrawn' | 'superseded';

/**
 * What can be done with a certificate. `reduce-scope` ends this certificate in favour of a new one with less scope.
 */
export type CertificateAction =
  'submit' | 'return' | 'issue' | 'suspend' | 'restore' | 'withdraw' | 'supersede' | 'reduce-scope';

/** Allowed actions of a certificate and the state each leads to. What was withdrawn never comes back. */
export const certificateTransitions = {
  draft: { submit: 'under-review' },
  'under-review': { return: 'draft', issue: 'valid' },
  valid: {
    suspend: 'suspended',
    withdraw: 'withdrawn',
    supersede: 'superseded',
    'reduce-scope': 'superseded',
  },
  suspended: {
    restore: 'valid',
    withdraw: 'withdrawn',
    supersede: 'superseded',
    'reduce-scope': 'superseded',
  },
  withdrawn: {},
  superseded: {},
} as const satisfies Record<CertificateState, Partial<Record<CertificateAction, CertificateState>>>;

/** Life of a certificate (docs/impartiality.md). Whatever takes standing away or gives it back needs a reason. */
export const certificateMachine: StateMachine<CertificateState, CertificateAction> = {
  name: 'certificate',
  initial: 'draft',
  transitions: certificateTransitions,
  reasonRequired: ['return', 'suspend', 'restore', 'withdraw', 'reduce-scope'],
};

/**
 * Where a complaint or an appeal stands. `received`: nobody has answered yet; `decided`: the outcome is recorded and
 * told; `closed` and `withdrawn` are final.
 */
export type ComplaintState =
  'received' | 'acknowledged' | 'under-investigation' | 'decided' | 'closed' | 'withdrawn';

/** What can be done with a complaint or an appeal; only who raised it withdraws it. */
export type ComplaintAction = 'acknowledge' | 'investigate' | 'decide' | 'close' | 'withdraw';

/** Allowed actions of a complaint and the state each leads to. What is decided cannot be withdrawn. */
export const complaintTransitions = {
  received: { acknowledge: 'acknowledged', withdraw: 'withdrawn' },
  acknowledged: { investigate: 'under-investigation', withdraw: 'withdrawn' },
  'under-investigation': { decide: 'decided', withdraw: 'withdrawn' },
  decided: { close: 'closed' },
  closed: {},
  withdrawn: {},
} as const satisfies Record<ComplaintState, Partial<Record<ComplaintAction, ComplaintState>>>;

/** Life of a complaint or an appeal (docs/impartiality.md). The decision needs a reason. */
export const complaintMachine: StateMachine<ComplaintState, ComplaintAction> = {
  name: 'complaint',
  initial: 'received',
  transitions: complaintTransitions,
  reasonRequired: ['decide'],
};

/**
 * Actions allowed in a state, in the order of the table; empty when the state is final.
 * @throws DomainError `unknown-state`
 */
export function allowedActions<State extends string, Action extends string>(
  machine: StateMachine<State, Action>,
  from: State,
): Action[] {
  if (!Object.hasOwn(machine.transitions, from)) {
    throw new DomainError('unknown-state', `"${from}" is not a state of the ${machine.name}.`);
  }
  return Object.keys(machine.transitions[from]) as Action[];
}

/**
 * The state an action leads to.
 * @throws DomainError `transition-not-allowed` (conflict; `fields` lists what is allowed), `reason-required`,
 *   `unknown-state`
 */
export function transition<State extends string, Action extends string>(
  machine: StateMachine<State, Action>,
  from: State,
  action: Action,
  reason?: string,
): State {
  const allowed = allowedActions(machine, from);
  const to = allowed.includes(action) ? machine.transitions[from][action] : undefined;
  if (to === undefined) {
    const list = allowed.length === 0 ? 'nothing: the state is final' : allowed.join(', ');
    throw new DomainError(
      'transition-not-allowed',
      `"${action}" is not allowed while the ${machine.name} is ${from}. Allowed: ${list}.`,
      [{ field: 'action', message: `"${action}" is not allowed in "${from}"`, fix: `Allowed: ${list}.` }],
      'conflict',
    );
  }
  if (machine.reasonRequired.includes(action) && isBlank(reason)) {
    throw new DomainError('reason-required', `"${action}" needs a reason.`, [
      { field: 'reason', message: 'is empty', fix: 'Say in a sentence why.' },
    ]);
  }
  return to;
}

/** Whether answers may be changed in this state: `in-progress` and `reopened` only. */
export function isEditable(state: AssessmentState): boolean {
  return state === 'in-progress' || state === 'reopened';
}

/**
 * Lets an edit of answers pass only where answers may change.
 * @throws DomainError `assessment-locked`, `assessment-void` (conflict)
 */
export function assertEditable(state: AssessmentState): void {
  if (isEditable(state)) return;
  if (state === 'void')
    throw new DomainError(
      'assessment-void',
      'The assessment is void: it was opened by mistake.',
      [{ field: 'state', message: state, fix: 'Enter it into the assessment that it belongs to.' }],
      'conflict',
    );
  const fix: Record<string, string> = {
    draft: 'Start the assessment first.',
    submitted: 'Ask for it to be returned.',
    'under-review': 'Ask the reviewer to return it.',
    closed: 'Reopen it with a reason; the closed result stays in the history.',
  };
  throw new DomainError(
    'assessment-locked',
    `The assessment is ${state}: its answers cannot be changed.`,
    [{ field: 'state', message: state, fix: fix[state] }],
    'conflict',
  );
}
