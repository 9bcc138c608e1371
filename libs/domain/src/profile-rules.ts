import type { FindingGrade } from './assessment.js';
import { CRITICALITIES } from './checklist.js';
import type { ChecklistVersion } from './checklist.js';
import { DomainError } from './domain-error.js';
import type { FieldProblem } from './domain-error.js';
import type { AnswerOption, Comparator, Gate, ScoringProfile } from './profile.js';

/**
 * Whether a scoring profile makes sense before anybody is assessed by it: a gate nobody can pass or a grade band
 * that overlaps another is a mistake to find at the desk, not on site.
 */

/** What can be wrong with a profile; the code of the error is the first in this order that occurs. */
export type ProfileProblem =
  | 'duplicate-answer'
  | 'no-conforming-answer'
  | 'no-nonconforming-answer'
  | 'credit-out-of-range'
  | 'rank-missing'
  | 'deduction-missing'
  | 'penalty-unknown-answer'
  | 'clamp-empty'
  | 'gate-never-passes'
  | 'grades-overlap'
  | 'unverified-pointer';

const ORDER: readonly ProfileProblem[] = [
  'duplicate-answer',
  'no-conforming-answer',
  'no-nonconforming-answer',
  'credit-out-of-range',
  'rank-missing',
  'deduction-missing',
  'penalty-unknown-answer',
  'clamp-empty',
  'gate-never-passes',
  'grades-overlap',
  'unverified-pointer',
];

/**
 * Checks a profile by itself and, with a checklist, whether it fits that checklist (sections, classes, prices).
 * One error carries all problems as fields (JSON pointers into the profile), each with a fix:
 * `duplicate-answer`: two answers with one code; `no-conforming-answer`, `no-nonconforming-answer`;
 * `credit-out-of-range`: above 1, or a conforming answer that earns less than a nonconforming one;
 * `rank-missing`: mean-ordinal needs a rank within min..max on every rated answer;
 * `deduction-missing`: a grade or class that can occur has no price, or a price is negative;
 * `penalty-unknown-answer`; `clamp-empty`: min above max;
 * `gate-never-passes`: a threshold above what can be reached, a negative maximum, or a section or class that is not there;
 * `grades-overlap`: bands share points or end before they start; `unverified-pointer`: leads nowhere.
 * @throws DomainError with one of the codes above.
 */
export function checkProfile(profile: ScoringProfile, checklist?: ChecklistVersion): void {
  const kinds = new Set<ProfileProblem>();
  const fields: FieldProblem[] = [];
  const report = (kind: ProfileProblem, field: string, message: string, fix: string): void => {
    kinds.add(kind);
    fields.push({ field, message, fix });
  };
  checkAnswers(profile, report);
  checkDeductions(profile, checklist, report);
  profile.penalties?.forEach((penalty, i) => {
    const on = penalty.on;
    if ('answer' in on && !profile.answers.some((a) => a.code === on.answer)) {
      report(
        'penalty-unknown-answer',
        `/penalties/${i}/on/answer`,
        `No answer has the code "${on.answer}".`,
        'Name an answer of this profile.',
      );
    }
  });
  if (lowest(profile) > highest(profile))
    report('clamp-empty', '/clamp', 'The lower end lies above the upper end.', 'Swap min and max.');
  profile.gates?.forEach((gate, i) => {
    const why = neverPasses(gate, profile, checklist);
    if (why) report('gate-never-passes', `/gates/${i}/${why.at}`, why.message, why.fix);
  });
  checkGrades(profile, report);
  profile.unverified?.forEach((pointer, i) => {
    if (!resolves(profile, pointer))
      report(
        'unverified-pointer',
        `/unverified/${i}`,
        `"${pointer}" points at nothing in this profile.`,
        'Point at a figure, or at `/-` of a list for missing members.',
      );
  });
  const code = ORDER.find((k) => kinds.has(k));
  if (code)
    throw new DomainError(
      code,
      `Scoring profile ${profile.profile} ${profile.version}: ${fields[0]!.message}${fields.length > 1 ? ` (${fields.length} problems)` : ''}`,
      fields,
    );
}

type Report = (kind: ProfileProblem, field: string, message: string, fix: string) => void;

function checkAnswers(profile: ScoringProfile, report: Report): void {
  const { answers, aggregation } = profile;
  const rated = answers.filter((a) => a.conformity !== 'not-applicable');
  answers.forEach((a, i) => {
    if (answers.findIndex((b) => b.code === a.code) < i)
      report(
        'duplicate-answer',
        `/answers/${i}/code`,
        `Answer code "${a.code}" stands twice.`,
        'Give every answer its own code.',
      );
    if (a.conformity === 'not-applicable') return;
    if ((a.credit ?? 0) > 1)
      report(
        'credit-out-of-range',
        `/answers/${i}/credit`,
        `Answer "${a.code}" earns more than its requirement is worth.`,
        'Use a credit of 1 or less.',
      );
    if (aggregation.kind === 'mean-ordinal') {
      if (a.rank === undefined)
        report(
          'rank-missing',
          `/answers/${i}`,
          `Answer "${a.code}" has no rank.`,
          `Give it a rank from ${aggregation.min} to ${aggregation.max}.`,
        );
      else if (a.rank < aggregation.min || a.rank > aggregation.max)
        report(
          'rank-missing',
          `/answers/${i}/rank`,
          `Rank ${a.rank} of "${a.code}" is outside the scale.`,
          `Use a rank from ${aggregation.min} to ${aggregation.max}.`,
        );
    }
  });
  if (aggregation.kind === 'mean-ordinal' && aggregation.min >= aggregation.max) {
    report('rank-missing', '/aggregation/max', 'The scale has no width.', 'Make max greater than min.');
  }
  const conforming = answers.filter((a) => a.conformity === 'conforming');
  const no = answers.filter((a) => a.conformity === 'nonconforming');
  if (conforming.length === 0)
    report(
      'no-conforming-answer',
      '/answers',
      'No answer says that a requirement is met.',
      'Add an answer with conformity "conforming".',
    );
  if (no.length === 0)
    report(
      'no-nonconforming-answer',
      '/answers',
      'No answer says that a requirement is not met.',
      'Add an answer with conformity "nonconforming".',
    );
  const top = Math.max(...conforming.map((a) => a.credit ?? 1));
  for (const a of rated) {
    const credit = a.credit ?? (a.conformity === 'partly' ? 0.5 : 0);
    if (conforming.length > 0 && a.conformity !== 'conforming' && credit > top) {
      report(
        'credit-out-of-range',
        `/answers/${answers.indexOf(a)}/credit`,
        `Answer "${a.code}" earns more than the best conforming one.`,
        `Use a credit of ${top} or less.`,
      );
    }
  }
}

/** Grades that nonconforming and partly answers can raise on the requirements of a checklist (or on any). */
function raisedGrades(
  answers: readonly AnswerOption[],
  checklist?: ChecklistVersion,
): ReadonlySet<FindingGrade> {
  const grades = new Set<FindingGrade>();
  for (const a of answers) {
    if (a.conformity !== 'nonconforming' && a.conformity !== 'partly') continue;
    if (a.grade !== undefined) grades.add(a.grade);
    else if (a.conformity === 'partly') grades.add('minor');
    else
      for (const c of checklist ? checklist.requirements.map((r) => r.criticality) : CRITICALITIES)
        grades.add(c);
  }
  return grades;
}

function checkDeductions(
  profile: ScoringProfile,
  checklist: ChecklistVersion | undefined,
  report: Report,
): void {
  const { aggregation } = profile;
  if (aggregation.kind !== 'deduct-from-100' || aggregation.deduct.by === 'weight') return;
  const { deduct } = aggregation;
  const at = '/aggregation/deduct/points';
  for (const [key, price] of Object.entries(deduct.points)) {
    if (price < 0)
      report(
        'deduction-missing',
        `${at}/${key}`,
        `A ${key} nonconformity would add points.`,
        'State what it costs as a number of 0 or more.',
      );
  }
  if (deduct.by === 'grade') {
    for (const grade of raisedGrades(profile.answers, checklist)) {
      if (grade !== 'observation' && grade !== 'good-practice' && deduct.points[grade] === undefined) {
        report(
          'deduction-missing',
          at,
          `An answer can raise a ${grade} finding, which has no price.`,
          `Add "${grade}" (0 if it costs nothing).`,
        );
      }
    }
    return;
  }
  const unpriced = new Map<string, string[]>();
  for (const r of checklist?.requirements ?? []) {
    if (r.class === undefined || deduct.points[r.class] === undefined)
      unpriced.set(r.class ?? '', [...(unpriced.get(r.class ?? '') ?? []), r.code]);
  }
  for (const [cls, codes] of unpriced) {
    const many = `${codes.slice(0, 3).join(', ')}${codes.length > 3 ? ` and ${codes.length - 3} more` : ''}`;
    report(
      'deduction-missing',
      at,
      cls === '' ? `Requirements without a class: ${many}.` : `Class "${cls}" (${many}) has no price.`,
      cls === ''
        ? 'Give each a class, or deduct by grade or weight.'
        : `Add "${cls}" (0 if it costs nothing).`,
    );
  }
}

const lowest = (profile: ScoringProfile): number => (profile.clamp ? (profile.clamp.min ?? -Infinity) : 0);
const highest = (profile: ScoringProfile): number => (profile.clamp ? (profile.clamp.max ?? Infinity) : 100);

/** The most that any points of this profile (whole, section or class) can be. */
function reachable(profile: ScoringProfile): number {
  const { aggregation, answers } = profile;
  const best = Math.max(
    0,
    ...answers
      .filter((a) => a.conformity === 'conforming')
      .map((a) =>
        aggregation.kind === 'mean-ordinal'
          ? ((a.rank ?? aggregation.max) - aggregation.min) / (aggregation.max - aggregation.min)
          : (a.credit ?? 1),
      ),
  );
  return Math.min(highest(profile), aggregation.kind === 'deduct-from-100' ? aggregation.start : 100 * best);
}

function neverPasses(
  gate: Gate,
  profile: ScoringProfile,
  checklist?: ChecklistVersion,
): { at: string; message: string; fix: string } | null {
  const above = (op: Comparator | undefined, value: number, limit: number): boolean =>
    op === '>' ? value >= limit : value > limit;
  const tooHigh = (op: Comparator | undefined, value: number, limit: number, unit: string) =>
    above(op, value, limit)
      ? {
          at: 'value',
          message: `${op ?? '>='} ${value} can never be reached: the most is ${limit} ${unit}.`,
          fix: `Ask for ${op === '>' ? 'less than' : 'at most'} ${limit}.`,
        }
      : null;
  const noSection = (section: string) =>
    checklist && !checklist.sections.some((s) => s.code === section)
      ? {
          at: 'section',
          message: `Checklist ${checklist.checklist} ${checklist.version} has no section "${section}".`,
          fix: 'Name one of its sections.',
        }
      : null;
  const noClass = (name: string) => {
    const { aggregation } = profile;
    const named =
      aggregation.kind === 'percent-by-class'
        ? aggregation.classes
        : aggregation.kind === 'deduct-from-100' && aggregation.deduct.by === 'class'
          ? Object.keys(aggregation.deduct.points)
          : null;
    if (named && !named.includes(name))
      return {
        at: 'class',
        message: `"${name}" is not a class of this profile.`,
        fix: `Use one of: ${named.join(', ')}.`,
      };
    if (checklist && !checklist.requirements.some((r) => r.class === name))
      return {
        at: 'class',
        message: `No requirement of ${checklist.checklist} ${checklist.version} has the class "${name}".`,
        fix: 'Class the requirements, or take the gate out.',
      };
    return null;
  };
  const negative = (max: number, what: string) =>
    max < 0 ? { at: 'max', message: `There are never fewer than 0 ${what}.`, fix: 'Use 0 or more.' } : null;
  switch (gate.gate) {
    case 'points':
    case 'every-section':
      return tooHigh(gate.op, gate.value, reachable(profile), 'points');
    case 'section':
      return noSection(gate.section) ?? tooHigh(gate.op, gate.value, reachable(profile), 'points');
    case 'class':
      return noClass(gate.class) ?? tooHigh(gate.op, gate.value, reachable(profile), 'points');
    case 'earned': {
      if (gate.section !== undefined) {
        const missing = noSection(gate.section);
        if (missing) return missing;
      }
      const limit = mostEarned(gate.section, profile, checklist);
      return limit === null ? null : tooHigh(gate.op, gate.value, limit, 'earned');
    }
    case 'max-findings':
      return negative(gate.max, `${gate.grade} findings`);
    case 'max-nonconforming-in-class':
      return noClass(gate.class) ?? negative(gate.max, 'nonconforming requirements');
    case 'required-items':
      return null;
  }
}

/** The most that can be earned in the whole checklist or a section of it; null when it cannot be told. */
function mostEarned(
  section: string | undefined,
  profile: ScoringProfile,
  checklist?: ChecklistVersion,
): number | null {
  const { aggregation, answers } = profile;
  if (aggregation.kind === 'deduct-from-100') return aggregation.start;
  if (!checklist || aggregation.kind === 'mean-ordinal') return null;
  const within = new Set(section === undefined ? checklist.sections.map((s) => s.code) : [section]);
  for (let size = -1; size !== within.size;) {
    size = within.size;
    for (const s of checklist.sections)
      if (s.parent !== undefined && within.has(s.parent)) within.add(s.code);
  }
  const best = Math.max(0, ...answers.filter((a) => a.conformity === 'conforming').map((a) => a.credit ?? 1));
  return checklist.requirements
    .filter((r) => within.has(r.section))
    .reduce((sum, r) => sum + best * (aggregation.kind === 'weighted-percent' ? (r.weight ?? 1) : 1), 0);
}

function checkGrades(profile: ScoringProfile, report: Report): void {
  const bands = (profile.grades ?? []).map((band, i) => ({ ...band, i }));
  for (const b of bands) {
    if (b.min > b.max)
      report(
        'grades-overlap',
        `/grades/${b.i}`,
        `Grade ${b.label} ends (${b.max}) before it starts (${b.min}).`,
        'Swap min and max.',
      );
  }
  const sorted = bands.filter((b) => b.min <= b.max).sort((a, b) => a.min - b.min || a.i - b.i);
  sorted.forEach((b, k) => {
    const before = sorted.slice(0, k).find((a) => a.max >= b.min);
    if (before)
      report(
        'grades-overlap',
        `/grades/${b.i}`,
        `Grade ${b.label} (${b.min}–${b.max}) overlaps ${before.label} (${before.min}–${before.max}).`,
        'Let each number belong to one band.',
      );
  });
}

function resolves(root: unknown, pointer: string): boolean {
  if (!pointer.startsWith('/')) return false;
  let at: unknown = root;
  for (const token of pointer
    .slice(1)
    .split('/')
    .map((t) => t.replace(/~1/g, '/').replace(/~0/g, '~'))) {
    if (Array.isArray(at) && token === '-') return true;
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, token)) return false;
    at = (at as Record<string, unknown>)[token];
  }
  return true;
}
