import { isBlank } from './blank.js';
import { type ChecklistVersion, type Requirement, requirementsOf } from './checklist.js';
import type { Response } from './assessment.js';
import { DomainError } from './domain-error.js';
import type { FieldProblem } from './domain-error.js';
import type { ScoringProfile } from './profile.js';

/**
 * The levels assessed at a level: itself and all it includes, transitively (Intermediate includes Basic).
 * @throws DomainError `unknown-level`.
 */
export function levelScope(checklist: ChecklistVersion, level: string): ReadonlySet<string> {
  const scope = new Set<string>();
  const open = [level];
  for (let code = open.pop(); code !== undefined; code = open.pop()) {
    if (scope.has(code)) continue;
    const found = checklist.levels.find((l) => l.code === code);
    if (!found) {
      const known = checklist.levels.map((l) => l.code).join(', ');
      throw new DomainError(
        'unknown-level',
        `Checklist ${checklist.checklist} ${checklist.version} has no level "${code}".`,
        [{ field: '/level', message: `Unknown level "${code}".`, fix: `Use one of: ${known}.` }],
      );
    }
    scope.add(code);
    open.push(...(found.includes ?? []));
  }
  return scope;
}

/**
 * The requirements asked at a level, in checklist order.
 * @throws DomainError `unknown-level`.
 */
export function requirementsAt(checklist: ChecklistVersion, level: string): readonly Requirement[] {
  const scope = levelScope(checklist, level);
  return checklist.requirements.filter((r) => scope.has(r.level));
}

const RESPONSE_PROBLEMS = [
  'unknown-requirement',
  'duplicate-response',
  'answer-out-of-scale',
  'na-without-reason',
  'na-not-allowed',
  'unanswered-requirements',
] as const;

/**
 * Whether responses fit the checklist, level and answer scale; `complete` also asks for every requirement.
 * All problems come in one error: its code is the first of the kinds below that occurs, its fields are every
 * problem (`/responses/{index}/…`; an unanswered requirement is `/requirements/{code}`).
 * @throws DomainError `unknown-requirement`, `duplicate-response`, `answer-out-of-scale`, `na-without-reason`,
 *   `na-not-allowed`, `unanswered-requirements`.
 */
export function checkResponses(
  checklist: ChecklistVersion,
  level: string,
  profile: ScoringProfile,
  responses: readonly Response[],
  { complete }: { complete: boolean },
): void {
  const scope = levelScope(checklist, level);
  const known = requirementsOf(checklist);
  const options = new Map(profile.answers.map((a) => [a.code, a]));
  const seen = new Map<string, number>();
  const kinds = new Set<string>();
  const fields: FieldProblem[] = [];
  const report = (
    kind: (typeof RESPONSE_PROBLEMS)[number],
    field: string,
    message: string,
    fix: string,
  ): void => {
    kinds.add(kind);
    fields.push({ field, message, fix });
  };
  responses.forEach((response, i) => {
    const r = known.get(response.requirement);
    const at = `/responses/${i}`;
    if (!r)
      report(
        'unknown-requirement',
        `${at}/requirement`,
        `Checklist ${checklist.checklist} ${checklist.version} has no requirement "${response.requirement}".`,
        'Use a code of this version; the crosswalk tells what became of an old one.',
      );
    else if (!scope.has(r.level))
      report(
        'unknown-requirement',
        `${at}/requirement`,
        `Requirement ${r.code} is not asked at level ${level}.`,
        `Leave it out, or assess at level ${r.level}.`,
      );
    const first = seen.get(response.requirement);
    if (first === undefined) seen.set(response.requirement, i);
    else
      report(
        'duplicate-response',
        `${at}/requirement`,
        `Requirement ${response.requirement} is answered at ${first} already.`,
        'Keep one response per requirement.',
      );
    const option = options.get(response.answer);
    if (!option) {
      report(
        'answer-out-of-scale',
        `${at}/answer`,
        `"${response.answer}" is not an answer of profile ${profile.profile}.`,
        `Use one of: ${[...options.keys()].join(', ')}.`,
      );
    } else if (option.conformity === 'not-applicable') {
      if (isBlank(response.naReason))
        report(
          'na-without-reason',
          `${at}/naReason`,
          `"Not applicable" for ${response.requirement} gives no reason.`,
          'Say why the requirement does not concern this site.',
        );
      if (r?.naAllowed === false)
        report(
          'na-not-allowed',
          `${at}/answer`,
          `Requirement ${r.code} applies to every site.`,
          'Answer whether it conforms.',
        );
    }
  });
  if (complete) {
    for (const r of checklist.requirements) {
      if (scope.has(r.level) && !seen.has(r.code))
        report(
          'unanswered-requirements',
          `/requirements/${r.code}`,
          `Requirement ${r.code} is unanswered.`,
          'Answer it; "not applicable" with a reason is an answer, leaving it out is not.',
        );
    }
  }
  const code = RESPONSE_PROBLEMS.find((k) => kinds.has(k));
  if (code)
    throw new DomainError(
      code,
      fields.length === 1
        ? fields[0]!.message
        : `${fields.length} problems in the responses; the first: ${fields[0]!.message}`,
      fields,
    );
}
