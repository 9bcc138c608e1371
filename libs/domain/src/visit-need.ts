/**
 * When a site must be visited next, from how its last assessment came out. The intervals are data
 * (format `uplift.visit-intervals/1`), so that a programme changes its rhythm without a release.
 */
import type { AssessmentKind } from './assessment.js';
import { DomainError } from './domain-error.js';
import { addDays } from './local-date.js';
import type { LocalDate } from './local-date.js';

/** From this many points on, the next visit is due after this many days. */
export interface VisitIntervalBand {
  readonly minPoints: number;
  readonly days: number;
}

/** How often sites are visited (format `uplift.visit-intervals/1`). */
export interface VisitIntervalRule {
  readonly format: 'uplift.visit-intervals/1';
  readonly code: string;
  readonly title: string;
  readonly description?: string;
  /** The band with the highest `minPoints` that is reached counts; below all of them the lowest one does. */
  readonly bands: readonly VisitIntervalBand[];
  /** With an open critical finding the next visit is due no later than this many days after the last one. */
  readonly criticalCapDays: number;
  /** Interval after an assessment that could not be scored. */
  readonly notScorableDays: number;
  /** The longest interval after an assessment of a kind (for example a self-assessment, which nobody verified). */
  readonly kindCapDays?: Readonly<Partial<Record<AssessmentKind, number>>>;
  /** Days before the due day on which the visit may already be made. Default 21. */
  readonly windowBeforeDays?: number;
  /** Days after the due day on which the visit may still be made. Default 21. */
  readonly windowAfterDays?: number;
}

/** What the interval rule looks at: the outcome of the last assessment of a site. */
export interface VisitNeedInput {
  /** Day on which the last assessment was closed. */
  readonly closedOn: LocalDate;
  /** Its points; `null` when it was not scorable. */
  readonly points: number | null;
  /** How many critical findings of it are still open. */
  readonly openCritical: number;
  readonly kind: AssessmentKind;
}

/** Which part of the rule decided the interval. */
export type VisitNeedReason = 'open-critical' | 'not-scorable' | 'kind-cap' | 'score-band';

/** The next visit of a site: the day it is due, the window around it, and why. */
export interface NextVisitNeed {
  readonly earliest: LocalDate;
  readonly due: LocalDate;
  readonly latest: LocalDate;
  readonly reason: VisitNeedReason;
  /** Days from the closing day to the due day. */
  readonly days: number;
  /** The higher, the more urgent: 0 for the best band, one more per worse band, then not scorable, then critical. */
  readonly priority: number;
}

/** Works out when a site must be visited next. */
export function nextVisitNeed(input: VisitNeedInput, rule: VisitIntervalRule): NextVisitNeed {
  const bands = [...rule.bands].sort((a, b) => b.minPoints - a.minPoints);
  const lowest = bands.length - 1;
  if (lowest < 0) {
    throw new DomainError('visit-intervals-empty', `Visit interval rule ${rule.code} has no bands.`, [
      { field: '/bands', message: 'At least one band is needed.', fix: 'Add a band with minPoints 0.' },
    ]);
  }
  const { points } = input;
  if (points !== null && !Number.isFinite(points)) {
    throw new DomainError('points-not-a-number', 'Points are a number, or null when not scorable.', [
      { field: '/points', message: 'This is not a finite number.', fix: 'Give null when there is no score.' },
    ]);
  }

  let days: number;
  let priority: number;
  let reason: VisitNeedReason;
  if (points === null) {
    days = rule.notScorableDays;
    priority = bands.length;
    reason = 'not-scorable';
  } else {
    const reached = bands.findIndex((band) => points >= band.minPoints);
    priority = reached < 0 ? lowest : reached;
    days = bands[priority]!.days;
    reason = 'score-band';
  }

  const kindCap = rule.kindCapDays?.[input.kind];
  if (kindCap !== undefined && kindCap < days) {
    days = kindCap;
    reason = 'kind-cap';
  }
  if (input.openCritical > 0) {
    days = Math.min(days, rule.criticalCapDays);
    priority = bands.length + 1;
    reason = 'open-critical';
  }

  const due = addDays(input.closedOn, days);
  const windowStart = addDays(due, -(rule.windowBeforeDays ?? 21));
  const dayAfter = addDays(input.closedOn, 1);
  // The next visit is never on, or before, the day the last one was closed; a due day of "at once" stays possible.
  const earliest = windowStart > dayAfter ? windowStart : dayAfter < due ? dayAfter : due;
  return { earliest, due, latest: addDays(due, rule.windowAfterDays ?? 21), reason, days, priority };
}
