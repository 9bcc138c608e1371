/**
 * Who may assess, review and decide at a site: the rules of a programme as data, and one function that says which of
 * them somebody's part in an assessment breaches. Source of the rules: docs/impartiality.md, which names clauses of
 * ISO/IEC 17020, 17021-1 and 17065 as good practice; they do not bind an unaccredited programme.
 */
import { DomainError, type FieldProblem } from './domain-error.js';
import { addMonths, isBefore, parseLocalDate, type LocalDate } from './local-date.js';

/** What somebody does about an assessment. Who proposes a certificate has no duty of their own, but does not decide. */
export type Duty = 'assessor' | 'reviewer' | 'decider';

/**
 * Independence of the organisation that assesses, after ISO/IEC 17020, 4.1.6.
 * - `A`, third party: assesses where it neither coached nor is a party (owner of the site, its buyer);
 * - `B`, in-house: assesses for its own organisation only: its own sites, those of whom it serves, and those that supply
 *   one of them (a buyer's own assessors);
 * - `C`, mixed (an agency that also trains): may assess where it coached, but never by the same person; that it coached is
 *   disclosed.
 */
export type OrganisationType = 'A' | 'B' | 'C';

/**
 * Every rule, by the duty it is about, with its source. Part of the API: codes never change.
 * `-coach`: coached or advised the site within the look-back; `-supplier`: belongs to the organisation that owns the site.
 */
export const IMPARTIALITY_RULES = {
  'assessor-is-coach': { duty: 'assessor', source: 'ISO/IEC 17065, 4.2.6; 17021-1, 5.2.10' },
  'assessor-is-supplier': { duty: 'assessor', source: 'ISO/IEC 17021-1, 4.2' },
  /** Of type A or C: owns the site or buys from it. */
  'organisation-is-party': { duty: 'assessor', source: 'ISO/IEC 17020, 4.1.6' },
  /** Of type A: one of its people, or the organisation as such, coached the site. */
  'organisation-is-coach': { duty: 'assessor', source: 'ISO/IEC 17020, 4.1.6; 17065, 4.2.6' },
  /** Of type B: the site is neither its own nor one that supplies whom it serves. */
  'organisation-serves-others': { duty: 'assessor', source: 'ISO/IEC 17020, 4.1.6' },
  'reviewer-is-assessor': { duty: 'reviewer', source: 'ISO/IEC 17065, 7.5' },
  'reviewer-is-coach': { duty: 'reviewer', source: 'ISO/IEC 17065, 7.5' },
  'reviewer-is-supplier': { duty: 'reviewer', source: 'ISO/IEC 17021-1, 4.2' },
  'decider-is-assessor': { duty: 'decider', source: 'ISO/IEC 17065, 7.6; 17021-1, 9.5.1' },
  'decider-is-coach': { duty: 'decider', source: 'ISO/IEC 17065, 7.6' },
  'decider-is-reviewer': {
    duty: 'decider',
    source: 'good practice: assessor, coach, reviewer and decider are four people',
  },
  'decider-is-proposer': { duty: 'decider', source: 'good practice: four eyes' },
  'decider-is-supplier': { duty: 'decider', source: 'ISO/IEC 17021-1, 4.2' },
} as const satisfies Readonly<Record<string, { readonly duty: Duty; readonly source: string }>>;

/** Code of a rule. */
export type ImpartialityRule = keyof typeof IMPARTIALITY_RULES;

/** Every code, in the order of the table. */
export const IMPARTIALITY_RULE_CODES = Object.keys(IMPARTIALITY_RULES) as readonly ImpartialityRule[];

/** What a programme makes of a breach: it blocks, or it may be allowed by an exception with a recorded reason. */
export type RuleSetting = 'block' | 'allow-with-reason';

/** Rules of impartiality of a programme (format `uplift.impartiality/1`). */
export interface ImpartialityRules {
  readonly format: 'uplift.impartiality/1';
  /** Calendar months that must have passed since the last day of coaching. */
  readonly lookBackMonths: number;
  readonly rules: Readonly<Record<ImpartialityRule, RuleSetting>>;
  readonly organisationTypes: {
    /** By kind of organisation, where it is not named below. */
    readonly byKind: Readonly<Record<string, OrganisationType>>;
    readonly organisations: readonly {
      readonly organisationId: string;
      readonly type: OrganisationType;
      /** Of type B: the organisations it assesses for, besides itself. */
      readonly serves?: readonly string[];
    }[];
  };
  /** Days in which a complaint or an appeal is to be acknowledged and decided, from the day it was raised. */
  readonly complaints: { readonly acknowledgeDays: number; readonly decideDays: number };
}

/** How somebody was engaged by a site. All of them count as coaching here: each means judging one's own advice later. */
export const ENGAGEMENT_ROLES = ['coach', 'consultant', 'trainer', 'internal-auditor', 'employee'] as const;
export type EngagementRole = (typeof ENGAGEMENT_ROLES)[number];

/** Work for a site as the register has it: by a person, or by an organisation whose people are not named. */
export interface RegisteredEngagement {
  readonly id: string;
  readonly personId: string | null;
  readonly organisationId: string | null;
  readonly role: EngagementRole;
  readonly from: LocalDate;
  /** Last day; null while it goes on. */
  readonly until: LocalDate | null;
}

/** A person with a duty. */
export interface DutyHolder {
  readonly personId: string;
  /** Whether the person belongs to the organisation that owns the site. */
  readonly ofSupplier: boolean;
}

/** Who does what about an assessment of a site. */
export interface ImpartialityCase {
  /** Organisation that owns the site; null where an agency or a provider keeps imported records of it and is no party. */
  readonly supplierId: string | null;
  /** Organisations that buy from the site. */
  readonly buyerIds: readonly string[];
  /** Day on site, from which the assessor's look-back counts. */
  readonly assessedOn: LocalDate;
  /** Day of the act, from which the look-back of reviewer and decider counts. Coaching that begins later counts for nobody. */
  readonly on: LocalDate;
  /** Whoever gave a verdict; the first is the assessor in charge. */
  readonly assessors: readonly DutyHolder[];
  /** The organisation that assesses; null when it is not known: then its rules say nothing. */
  readonly organisation: { readonly id: string; readonly kind: string } | null;
  readonly reviewer: DutyHolder | null;
  /** Who proposed the certificate. */
  readonly proposerId: string | null;
  readonly decider: DutyHolder | null;
}

/** One rule that somebody's part in an assessment breaches (or, as a disclosure, touches), with its facts. */
export interface ImpartialityFact {
  readonly rule: ImpartialityRule;
  readonly duty: Duty;
  readonly personId: string;
  /** The coaching behind it, for the coach rules. */
  readonly engagement: RegisteredEngagement | null;
  /** The organisation that assesses, for the organisation rules. */
  readonly organisation: { readonly id: string; readonly type: OrganisationType } | null;
  /** First day on which the engagement no longer stands in the way; null when it goes on or is not a matter of time. */
  readonly clearsOn: LocalDate | null;
  readonly setting: RuleSetting;
  readonly source: string;
}

/** What is breached, and what is allowed but has to be said. */
export interface Impartiality {
  readonly breaches: readonly ImpartialityFact[];
  /** Type C coached the site by other people; type B assessed in-house. */
  readonly disclosures: readonly ImpartialityFact[];
}

/** Months of look-back unless the programme says otherwise (docs/impartiality.md). */
export const DEFAULT_LOOK_BACK_MONTHS = 24;

/** Type of an organisation under the rules, and whom it serves. An organisation of an unlisted kind counts as C. */
export function organisationType(
  rules: ImpartialityRules,
  organisation: { readonly id: string; readonly kind: string },
): { readonly type: OrganisationType; readonly serves: readonly string[] } {
  const { byKind, organisations } = rules.organisationTypes;
  const own = organisations.find(({ organisationId }) => organisationId === organisation.id);
  return { type: own?.type ?? byKind[organisation.kind] ?? 'C', serves: own?.serves ?? [] };
}

/**
 * First day on which an engagement no longer bars from the site: its last day and the look-back later; null while it
 * goes on.
 */
export function clearsOn(
  engagement: Pick<RegisteredEngagement, 'until'>,
  lookBackMonths: number,
): LocalDate | null {
  return engagement.until === null ? null : addMonths(engagement.until, lookBackMonths);
}

/** Whether an engagement bars somebody whose look-back counts from `since` and who acts on `on`. */
export function bars(
  engagement: Pick<RegisteredEngagement, 'from' | 'until'>,
  lookBackMonths: number,
  since: LocalDate,
  on: LocalDate = since,
): boolean {
  if (isBefore(on, engagement.from)) return false;
  const clear = clearsOn(engagement, lookBackMonths);
  return clear === null || isBefore(since, clear);
}

/**
 * Every breach of the rules, and what has to be disclosed. Breaches come in the order of `IMPARTIALITY_RULES`, of one
 * rule in the order of the register; whether one is allowed by an exception is for `exceptionFor` to say.
 * @throws DomainError `impossible-date`, `look-back-out-of-range`
 */
export function impartialityOf(
  rules: ImpartialityRules,
  register: readonly RegisteredEngagement[],
  the: ImpartialityCase,
): Impartiality {
  const { lookBackMonths } = rules;
  mustBeLookBack(lookBackMonths);
  parseLocalDate(the.on);
  parseLocalDate(the.assessedOn);
  const since = isBefore(the.assessedOn, the.on) ? the.assessedOn : the.on;
  const found: ImpartialityFact[] = [];
  const disclosures: ImpartialityFact[] = [];
  const fact = (
    rule: ImpartialityRule,
    personId: string,
    more: Partial<Pick<ImpartialityFact, 'engagement' | 'organisation'>> = {},
  ): ImpartialityFact => ({
    rule,
    duty: IMPARTIALITY_RULES[rule].duty,
    personId,
    engagement: more.engagement ?? null,
    organisation: more.organisation ?? null,
    clearsOn: more.engagement ? clearsOn(more.engagement, lookBackMonths) : null,
    setting: rules.rules[rule],
    source: IMPARTIALITY_RULES[rule].source,
  });
  const coached = (rule: ImpartialityRule, personId: string, from: LocalDate): void => {
    for (const engagement of register)
      if (engagement.personId === personId && bars(engagement, lookBackMonths, from, the.on))
        found.push(fact(rule, personId, { engagement }));
  };

  const { organisation } = the;
  const typed = organisation && { id: organisation.id, ...organisationType(rules, organisation) };
  const inHouse = typed?.type === 'B' && typed.id === the.supplierId;
  const assessors = new Set(the.assessors.map(({ personId }) => personId));
  for (const { personId, ofSupplier } of the.assessors) {
    coached('assessor-is-coach', personId, since);
    if (!ofSupplier) continue;
    const said = fact('assessor-is-supplier', personId);
    if (inHouse) disclosures.push(said);
    else found.push(said);
  }
  const [inCharge] = the.assessors;
  if (typed && inCharge) {
    const { id, type, serves } = typed;
    const parties = [...(the.supplierId ? [the.supplierId] : []), ...the.buyerIds];
    const about = { organisation: { id, type } };
    const served = [id, ...serves];
    if (type !== 'B' && parties.includes(id))
      found.push(fact('organisation-is-party', inCharge.personId, about));
    if (type === 'B' && !parties.some((party) => served.includes(party)))
      found.push(fact('organisation-serves-others', inCharge.personId, about));
    for (const engagement of register) {
      // What a person's own coaching breaches already is not said once more of their organisation.
      const own = engagement.personId !== null && assessors.has(engagement.personId);
      if (own || engagement.organisationId !== id || !bars(engagement, lookBackMonths, since, the.on))
        continue;
      const said = fact('organisation-is-coach', inCharge.personId, { ...about, engagement });
      if (type === 'A') found.push(said);
      else disclosures.push(said);
    }
  }
  if (the.reviewer) {
    const { personId, ofSupplier } = the.reviewer;
    if (assessors.has(personId)) found.push(fact('reviewer-is-assessor', personId));
    coached('reviewer-is-coach', personId, the.on);
    if (ofSupplier) found.push(fact('reviewer-is-supplier', personId));
  }
  if (the.decider) {
    const { personId, ofSupplier } = the.decider;
    if (assessors.has(personId)) found.push(fact('decider-is-assessor', personId));
    coached('decider-is-coach', personId, the.on);
    if (personId === the.reviewer?.personId) found.push(fact('decider-is-reviewer', personId));
    else if (personId === the.proposerId) found.push(fact('decider-is-proposer', personId));
    if (ofSupplier) found.push(fact('decider-is-supplier', personId));
  }
  const place = (rule: ImpartialityRule) => IMPARTIALITY_RULE_CODES.indexOf(rule);
  return { breaches: found.sort((a, b) => place(a.rule) - place(b.rule)), disclosures };
}

/** A breach that a programme has allowed, with its reason. Never changed once it is recorded. */
export interface ImpartialityException {
  readonly rule: ImpartialityRule;
  readonly personId: string;
  /** The one assessment it is about; null: assessments held in the period. */
  readonly assessmentId: string | null;
  readonly validFrom: LocalDate | null;
  readonly validUntil: LocalDate | null;
}

/** The exception that covers a breach about an assessment (`id` null: one that is still to be opened), if there is one. */
export function exceptionFor<E extends ImpartialityException>(
  breach: Pick<ImpartialityFact, 'rule' | 'personId'>,
  assessment: { readonly id: string | null; readonly assessedOn: LocalDate },
  exceptions: readonly E[],
): E | undefined {
  return exceptions.find(
    ({ rule, personId, assessmentId, validFrom, validUntil }) =>
      rule === breach.rule &&
      personId === breach.personId &&
      (assessmentId === null
        ? validFrom !== null &&
          validUntil !== null &&
          !isBefore(assessment.assessedOn, validFrom) &&
          !isBefore(validUntil, assessment.assessedOn)
        : assessmentId === assessment.id),
  );
}

/**
 * What rules can't be like although they follow the schema: an organisation named twice, type A or C that serves
 * somebody. Empty: they may be used.
 */
export function impartialityRuleProblems({
  organisationTypes,
  complaints,
}: Partial<Pick<ImpartialityRules, 'organisationTypes' | 'complaints'>>): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const seen = new Set<string>();
  organisationTypes?.organisations.forEach(({ organisationId, type, serves }, index) => {
    const field = `/organisationTypes/organisations/${index}`;
    if (seen.has(organisationId))
      problems.push({ field, message: 'named twice', fix: 'Give each organisation one type.' });
    seen.add(organisationId);
    if (type !== 'B' && serves && serves.length > 0)
      problems.push({
        field: `${field}/serves`,
        message: `type ${type} assesses for nobody in particular`,
        fix: 'Leave it out, or make the type B.',
      });
  });
  if (complaints && complaints.decideDays < complaints.acknowledgeDays)
    problems.push({
      field: '/complaints/decideDays',
      message: 'before the acknowledgement',
      fix: 'Give at least as many days as to acknowledge.',
    });
  return problems;
}

function mustBeLookBack(months: number): void {
  if (Number.isInteger(months) && months >= 0 && months <= 1200) return;
  throw new DomainError(
    'look-back-out-of-range',
    'The look-back must be a whole number of months, 0 to 1200.',
  );
}
