import { isBlank } from './blank.js';
import { type ChecklistVersion } from './checklist.js';
import { DomainError, type FieldProblem } from './domain-error.js';
import { requirementsAt } from './response-rules.js';
import type { AssessmentAction } from './states.js';

/** Most items that are questioned at once: who questions more than these questions the whole, and says so in the reason. */
export const MOST_REMARKS = 100;

/** What a reviewer asks of one item when an assessment is sent back. */
export interface RemarkInput {
  readonly requirement: string;
  readonly text: string;
}

/** A remark with the answer as it was when it was made: what has become of it since can be seen. */
export interface Remark extends RemarkInput {
  /** Code of the answer; null: there was none. */
  readonly answer: string | null;
  readonly naReason: string | null;
  readonly note: string | null;
}

/** Actions of a review by which an assessment goes back to who assessed. */
const BACK: readonly AssessmentAction[] = ['return', 'reopen'];

/**
 * Whether remarks go with what is done and with what is asked: items are questioned when an assessment goes back, each once.
 * @throws DomainError `remarks-out-of-place`, `unknown-requirement`, `duplicate-remark`, `empty-remark`: the first that occurs,
 *   with every problem
 */
export function checkRemarks(
  checklist: ChecklistVersion,
  level: string,
  action: AssessmentAction,
  remarks: readonly RemarkInput[],
): void {
  if (remarks.length === 0) return;
  const problems: (FieldProblem & { readonly code: string })[] = [];
  if (!BACK.includes(action))
    problems.push({
      code: 'remarks-out-of-place',
      field: '/remarks',
      message: 'does not fit',
      fix: 'Leave it out.',
    });
  const asked = new Set(requirementsAt(checklist, level).map(({ code }) => code));
  const seen = new Set<string>();
  remarks.forEach(({ requirement, text }, n) => {
    if (!asked.has(requirement))
      problems.push({
        code: 'unknown-requirement',
        field: `/remarks/${n}/requirement`,
        message: `The checklist asks no "${requirement}" at this level.`,
        fix: 'Use a code of this version.',
      });
    if (seen.has(requirement))
      problems.push({
        code: 'duplicate-remark',
        field: `/remarks/${n}/requirement`,
        message: 'named twice',
        fix: 'Question each item once, in one remark.',
      });
    seen.add(requirement);
    if (isBlank(text))
      problems.push({
        code: 'empty-remark',
        field: `/remarks/${n}/text`,
        message: 'is empty',
        fix: 'Say in a sentence what is in question.',
      });
  });
  const [first] = problems;
  if (first)
    throw new DomainError(
      first.code,
      'The remarks do not fit the assessment.',
      problems.map(({ code: _, ...problem }) => problem),
    );
}
