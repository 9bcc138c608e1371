import { isBlank } from './blank.js';
import { DomainError } from './domain-error.js';

/** Why a site leaves a cohort. Codes are published; their words are in the reports' dictionaries. */
export const EXIT_REASONS = [
  'closed-down',
  'no-time',
  'no-staff',
  'cost',
  'lost-interest',
  'left-market',
  'merged',
  'changed-owner',
  'other',
] as const;
export type ExitReason = (typeof EXIT_REASONS)[number];

/** @throws DomainError `exit-reason-unknown`, `exit-note-required` (`other` says nothing without a note) */
export function checkExit(reason: string, note?: string): ExitReason {
  const known = EXIT_REASONS.find((each) => each === reason);
  if (!known) {
    throw new DomainError('exit-reason-unknown', 'This is no reason for leaving a cohort.', [
      { field: '/reason', message: 'unknown', fix: `Use one of: ${EXIT_REASONS.join(', ')}.` },
    ]);
  }
  if (known === 'other' && isBlank(note)) {
    throw new DomainError('exit-note-required', 'The reason "other" needs a note.', [
      { field: '/note', message: 'is empty', fix: 'Say in a sentence why the site left.' },
    ]);
  }
  return known;
}
