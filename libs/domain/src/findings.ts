import type { Conformity, FindingGrade, Response } from './assessment.js';
import { type ChecklistVersion, type Criticality, requirementsOf } from './checklist.js';
import { addDays, type LocalDate } from './local-date.js';
import type { ScoringProfile } from './profile.js';
import type { Score } from './scoring.js';

/** Findings: the assessor's list of what an assessment showed, in the order in which a site should act. */

/** Grades of findings from the most serious to the least. */
export const FINDING_GRADES: readonly FindingGrade[] = [
  'critical',
  'major',
  'minor',
  'observation',
  'good-practice',
];

/** One finding. It says what was found, never how to mend it: advice is the mentor's. */
export interface Finding {
  readonly requirement: string;
  readonly section: string;
  readonly grade: FindingGrade;
  /** How serious the requirement is; the grade says how serious the finding is. */
  readonly criticality: Criticality;
  readonly conformity: Conformity;
  /** Last day to close it, by the profile's deadline for the grade; null without one. */
  readonly dueOn: LocalDate | null;
  /** Day on which it was closed, as recorded; null while open or when the responses were not given. */
  readonly closedOn: LocalDate | null;
  /** Whether it was closed, in either view. */
  readonly closed: boolean;
  /** Points (0..100) by which the whole result would rise if this requirement conformed. */
  readonly effect: number;
  /** The assessor's note; null without one or when the responses were not given. */
  readonly note: string | null;
}

/**
 * The findings of a scored assessment, most urgent first (see {@link prioritise}). Deadline: `assessedOn` +
 * `closure.deadlineDays[grade]` days of the profile. Give the responses to have notes and closing days.
 * @throws DomainError `impossible-date`
 */
export function findingsOf(
  checklist: ChecklistVersion,
  score: Score,
  profile: ScoringProfile,
  assessedOn: LocalDate,
  responses: readonly Response[] = [],
): Finding[] {
  const requirements = requirementsOf(checklist);
  const given = new Map(responses.map((r) => [r.requirement, r]));
  const deadlines = profile.closure?.deadlineDays ?? {};
  const findings: Finding[] = [];
  for (const item of score.items) {
    const grade = item.findingGrade;
    const requirement = requirements.get(item.requirement);
    if (grade === null || requirement === undefined) continue;
    const response = given.get(item.requirement);
    const days = deadlines[grade];
    findings.push({
      requirement: item.requirement,
      section: item.section,
      grade,
      criticality: requirement.criticality,
      conformity: item.conformity,
      dueOn: days === undefined ? null : addDays(assessedOn, days),
      closedOn: response?.closedOn ?? null,
      closed: item.closed,
      effect: item.effect,
      note: response?.note?.trim() ? response.note : null,
    });
  }
  return prioritise(findings);
}

/**
 * Findings in the order of acting on them: open before closed, then by grade (critical first), then by effect on the
 * result (greatest first), then by criticality of the requirement; equal ones keep their order. A new list.
 */
export function prioritise(findings: readonly Finding[]): Finding[] {
  const criticality = (c: Criticality): number => FINDING_GRADES.indexOf(c);
  return [...findings].sort(
    (a, b) =>
      Number(a.closed) - Number(b.closed) ||
      FINDING_GRADES.indexOf(a.grade) - FINDING_GRADES.indexOf(b.grade) ||
      b.effect - a.effect ||
      criticality(a.criticality) - criticality(b.criticality),
  );
}

/** Whether a finding is open past its last day on a day. */
export function isOverdue(finding: Finding, today: LocalDate): boolean {
  return !finding.closed && finding.dueOn !== null && finding.dueOn < today;
}
