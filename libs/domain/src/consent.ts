import { isBlank } from './blank.js';
import { DomainError, type FieldProblem } from './domain-error.js';
import { addMonths, parseLocalDate, type LocalDate } from './local-date.js';
import type { Gain, GainResult } from './gains.js';
import type { Readiness } from './readiness.js';
import type { Score } from './score.js';
import type { StateMachine } from './states.js';

/**
 * What of a site's record can be shared, apart from each other. `certificate`: certificates that were issued; `score`:
 * the assessment and its totals; `section-scores`: results by section, and gains; `answers`: every answer and the item
 * by item explanation; `evidence`: what shows that an answer is right; `corrective-actions`: findings and what is done
 * about them.
 */
export const SCOPES = [
  'certificate',
  'score',
  'section-scores',
  'answers',
  'evidence',
  'corrective-actions',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Everything, drafts included, and the right to work on it: what an owner, agency or provider has. Never granted. */
export const RECORD = 'record';
export type Seen = Scope | typeof RECORD;

/** What a scope brings with it: whoever may see the answers could work out the sections and the total. */
export const SCOPE_IMPLIES: Readonly<Record<Scope, readonly Scope[]>> = {
  certificate: [],
  score: [],
  'section-scores': ['score'],
  answers: ['section-scores'],
  evidence: ['answers'],
  'corrective-actions': [],
};

/** Scopes with all they imply, each once, in the order of {@link SCOPES}. What is stored is always closed like this. */
export function impliedScopes(scopes: readonly Scope[]): Scope[] {
  const all = new Set<Scope>();
  const add = (scope: Scope): void => {
    if (all.has(scope)) return;
    all.add(scope);
    SCOPE_IMPLIES[scope].forEach(add);
  };
  scopes.forEach(add);
  return SCOPES.filter((scope) => all.has(scope));
}

/** Where a consent grant stands. `expired` is stored by the daily sweep; from its date on it gives nothing either way. */
export type GrantState = 'active' | 'revoked' | 'expired';
export type GrantAction = 'change' | 'revoke' | 'expire';

/** Allowed actions of a grant. What was revoked or has run out never comes back: a new grant is a new decision. */
export const grantTransitions = {
  active: { change: 'active', revoke: 'revoked', expire: 'expired' },
  revoked: {},
  expired: {},
} as const satisfies Record<GrantState, Partial<Record<GrantAction, GrantState>>>;

/** Life of a consent grant. A supplier owes nobody a reason for taking it back. */
export const grantMachine: StateMachine<GrantState, GrantAction> = {
  name: 'consent grant',
  initial: 'active',
  transitions: grantTransitions,
  reasonRequired: [],
};

/** The state a grant has on a day, whatever the sweep has got to. */
export function grantStateOn(grant: { state: GrantState; until: LocalDate }, today: LocalDate): GrantState {
  return grant.state === 'active' && grant.until < today ? 'expired' : grant.state;
}

/** Longest a grant may last, in months: consent that nobody remembers is none. */
export const LONGEST_GRANT_MONTHS = 24;
/** Days before its last day on which both sides are reminded. */
export const GRANT_REMINDER_DAYS = 14;

/** What a supplier lets somebody see. */
export interface GrantTerms {
  readonly siteIds: readonly string[];
  readonly scopes: readonly Scope[];
  /** What it is for, in the supplier's words; shown to the recipient. */
  readonly purpose: string;
  /** Last day on which it gives anything. */
  readonly until: LocalDate;
}

/** What a recipient sees more of after a change of what was granted. */
export interface Widening {
  readonly siteIds: readonly string[];
  /** With what they bring along. */
  readonly scopes: readonly Scope[];
  /** The later last day; null when it ends no later. */
  readonly until: LocalDate | null;
}

/** Says what a change gives beyond what was granted; null when it gives nothing more. What it is for gives nothing. */
export function widened(
  before: Omit<GrantTerms, 'purpose'>,
  after: Omit<GrantTerms, 'purpose'>,
): Widening | null {
  const had = new Set(impliedScopes(before.scopes));
  const more = {
    siteIds: after.siteIds.filter((id) => !before.siteIds.includes(id)),
    scopes: impliedScopes(after.scopes).filter((scope) => !had.has(scope)),
    until: after.until > before.until ? after.until : null,
  };
  return more.siteIds.length > 0 || more.scopes.length > 0 || more.until ? more : null;
}

/** An organisation with an account, or a person without one who gets a link. */
export type GrantRecipient =
  { readonly organisationId: string } | { readonly name: string; readonly email: string };

/**
 * Checks what a supplier is about to grant; nothing is assumed for it.
 * @throws DomainError `grant-invalid` with every problem
 */
export function checkGrant(
  grant: GrantTerms & { readonly recipient?: GrantRecipient; readonly supplierId?: string },
  today: LocalDate,
): void {
  const problems: FieldProblem[] = [];
  const say = (field: string, message: string, fix: string): void =>
    void problems.push({ field, message, fix });
  if (grant.scopes.length === 0)
    say('/scopes', 'nothing would be shared', `Name at least one of: ${SCOPES.join(', ')}.`);
  for (const scope of grant.scopes)
    if (!SCOPES.includes(scope)) say('/scopes', `unknown: ${scope}`, `Use: ${SCOPES.join(', ')}.`);
  if (grant.siteIds.length === 0) say('/siteIds', 'no site', 'Name the sites it is about.');
  if (new Set(grant.siteIds).size !== grant.siteIds.length)
    say('/siteIds', 'a site is named twice', 'Name every site once.');
  if (isBlank(grant.purpose)) say('/purpose', 'is empty', 'Say in a sentence what it is for.');
  parseLocalDate(grant.until, '/until');
  const latest = addMonths(today, LONGEST_GRANT_MONTHS);
  if (grant.until < today) say('/until', 'is in the past', `Give a day from ${today} on.`);
  else if (grant.until > latest)
    say('/until', 'is too far away', `Give a day up to ${latest}; renew it then.`);
  if (grant.recipient && 'organisationId' in grant.recipient) {
    if (grant.recipient.organisationId === grant.supplierId)
      say('/granteeId', 'is the supplier itself', 'Name another organisation.');
  }
  if (problems.length > 0)
    throw new DomainError('grant-invalid', 'The consent cannot be given like this.', problems);
}

// ---------------------------------------------------------------------------------- what each scope shows of a value

const has = (seen: readonly Seen[], scope: Scope): boolean => seen.includes(RECORD) || seen.includes(scope);

/** Totals of a score: what `score` shows. */
export type ScoreTotals = Omit<Score, 'sections' | 'classes' | 'penalties' | 'gates' | 'items'>;
/** A score as far as somebody sees it; parts that are not theirs to see are absent, not empty. */
export type VisibleScore = ScoreTotals &
  Partial<Pick<Score, 'sections' | 'classes' | 'penalties' | 'gates' | 'items'>>;

/**
 * A score as far as the scopes show it; null when they show none of it. With `section-scores` a gate says which
 * sections keep it from holding, not which items. The database cuts along the same lines (`assessment_explanation`).
 */
export function visibleScore(score: Score | null, seen: readonly Seen[]): VisibleScore | null {
  if (!score || !has(seen, 'score')) return null;
  if (has(seen, 'answers')) return score;
  const { sections, classes, penalties, gates, items: _items, ...totals } = score;
  if (!has(seen, 'section-scores')) return totals;
  return {
    ...totals,
    sections,
    classes,
    penalties,
    gates: gates?.map(({ requirements: _requirements, ...gate }) => gate),
  };
}

/** What is kept of a score for whoever sees it and reads no answers, each part where its scope governs. */
export interface ScoreLayers {
  /** For `score`. */
  readonly totals: ScoreTotals;
  /** For `section-scores`: gates name no items. */
  readonly sections: Omit<VisibleScore, keyof ScoreTotals | 'items'>;
}

/** Cuts a score into its layers; the items are left out. */
export function scoreLayers(score: Score): ScoreLayers {
  const { sections, classes, penalties, gates, ...totals } = visibleScore(score, [
    'score',
    'section-scores',
  ])!;
  return { totals, sections: { sections, classes, penalties, gates } };
}

/** A gain for whoever sees section scores but no answers. */
export type GainWithoutItems = Omit<Gain, 'items' | 'leftOut'>;

/** A gain without the items behind it, unless the scopes show answers; null without section scores. */
export function visibleGain(gain: GainResult, seen: readonly Seen[]): GainResult | GainWithoutItems | null {
  if (has(seen, 'answers')) return gain;
  if (!has(seen, 'section-scores')) return null;
  if (!gain.comparable) return gain;
  const { items: _items, leftOut: _leftOut, ...rest } = gain as Gain & { items?: unknown; leftOut?: unknown };
  return rest as GainWithoutItems;
}

/** Readiness under the reader's own rule: which items are missing only for who sees answers; how many, for everybody. */
export function visibleReadiness(readiness: Readiness, seen: readonly Seen[]): Readiness {
  if (has(seen, 'answers')) return readiness;
  return {
    ...readiness,
    conditions: readiness.conditions.map((condition) => ({ ...condition, requirements: [] })),
    cheapestPath: null,
  };
}
