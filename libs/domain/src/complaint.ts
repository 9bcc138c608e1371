import { addDays, isBefore, type LocalDate } from './local-date.js';
import type { ImpartialityRules } from './impartiality.js';
import type { ComplaintState } from './states.js';

/** `complaint`: about how something was done; `appeal`: against a finding, a result or a decision, by whom it concerns. */
export const COMPLAINT_KINDS = ['complaint', 'appeal'] as const;
export type ComplaintKind = (typeof COMPLAINT_KINDS)[number];

/** What a complaint or an appeal is about. */
export const COMPLAINT_SUBJECTS = ['assessment', 'finding', 'certificate', 'assessor'] as const;
export type ComplaintSubject = (typeof COMPLAINT_SUBJECTS)[number];

/** What became of it. */
export const COMPLAINT_OUTCOMES = ['upheld', 'partly-upheld', 'rejected'] as const;
export type ComplaintOutcome = (typeof COMPLAINT_OUTCOMES)[number];

/** The days by which it has to be acknowledged and decided. */
export interface ComplaintClock {
  readonly acknowledgeBy: LocalDate;
  readonly decideBy: LocalDate;
}

/**
 * The clock of a complaint raised on a day. The default days are our own: neither ISO/IEC 17065, 7.13 ("without undue
 * delay") nor any other source we know gives a number.
 * @throws DomainError `impossible-date`
 */
export function complaintClock(
  raisedOn: LocalDate,
  { complaints }: Pick<ImpartialityRules, 'complaints'>,
): ComplaintClock {
  return {
    acknowledgeBy: addDays(raisedOn, complaints.acknowledgeDays),
    decideBy: addDays(raisedOn, complaints.decideDays),
  };
}

/** What is overdue on a day: the last day still counts. Null: nothing, or nothing is awaited any more. */
export function overdueOf(
  complaint: ComplaintClock & { readonly state: ComplaintState },
  today: LocalDate,
): 'acknowledge' | 'decide' | null {
  const { state, acknowledgeBy, decideBy } = complaint;
  if (!['received', 'acknowledged', 'under-investigation'].includes(state)) return null;
  if (isBefore(decideBy, today)) return 'decide';
  return state === 'received' && isBefore(acknowledgeBy, today) ? 'acknowledge' : null;
}
