/**
 * View-models of everything that is printed, shown or mailed. They are plain data: strings, numbers and dates
 * (`YYYY-MM-DD`). The caller has loaded, computed and authorised them; content texts (questions, section titles,
 * level names, product categories) arrive already in the language of the reader, with the status of that
 * translation. The renderers only arrange, format numbers and dates, and add their own words.
 */
import type {
  AssessmentKind,
  CertificateStatus,
  ComplaintKind,
  ComplaintOutcome,
  ComplaintSubject,
  Conformity,
  Criticality,
  ExitReason,
  FindingGrade,
  GrantState,
  ImpartialityRule,
  OrganisationType,
  Scope,
  TranslationStatus,
  VisitNeedReason,
} from '#domain';

export { LOCALES, type Locale } from '#domain';

/** A calendar day, `YYYY-MM-DD`. */
export type LocalDate = string;

/** `original`: the checklist's own language; the rest as the domain knows it. */
export type ContentTranslation = 'original' | TranslationStatus;

/** Options of the HTML renderers. */
export interface HtmlOptions {
  /** Put on the single `<style>` element, for a Content-Security-Policy `style-src 'nonce-…'`. */
  readonly nonce?: string;
}

/** Which list was used, how it was scored, and where both come from: shown on every report. */
export interface ChecklistLine {
  readonly title: string;
  /** Edition, i.e. the version of the checklist the assessment is pinned to. */
  readonly edition: string;
  readonly level: string;
  readonly profile: {
    readonly title: string;
    readonly version: string;
    readonly source: string;
    readonly status: 'confirmed' | 'unverified' | 'programme-default';
  };
  readonly translationStatus: ContentTranslation;
  /** Language of the checklist's texts where they don't come in the reader's; left out: they do. */
  readonly fallback?: string;
}

/** Whom the report is about. */
export interface SiteLine {
  readonly organisation: string;
  readonly site: string;
  readonly address?: string;
}

/** Answers counted. `total` = `conforming` to `notAssessed` added up. */
export interface ConformityCounts {
  readonly total: number;
  /** The denominator of conformity: `total − notApplicable`. Reports work it out themselves. */
  readonly applicable?: number;
  readonly conforming: number;
  readonly partly: number;
  readonly nonconforming: number;
  readonly notApplicable: number;
  readonly notAssessed: number;
}

/** `rated`: the profile has no gates, so it neither passes nor fails. `not-scorable`: too little was answered. */
export type Verdict = 'pass' | 'fail' | 'rated' | 'not-scorable';

/** A money amount in whole units. */
export interface Money {
  readonly amount: number;
  /** ISO 4217 code. */
  readonly currency: string;
}

// ------------------------------------------------------------------------------------------ gap report

/** One requirement that does not fully conform. */
export interface GapItem {
  /** Code of the requirement, e.g. `PP-WATER-02`; unique in the report. */
  readonly requirement: string;
  readonly section: string;
  readonly question: string;
  /** Language of question and guidance where the translation lacks them; left out: that of the checklist's texts. */
  readonly fallback?: string;
  readonly criticality: Criticality;
  readonly conformity: Extract<Conformity, 'partly' | 'nonconforming' | 'not-assessed'>;
  /** Mandatory item of the checklist. */
  readonly required?: boolean;
  /** What the assessor saw. */
  readonly note?: string;
  /** The checklist's guidance: how it can be met. Left out, least serious first, when the page grows too large. */
  readonly guidance?: string;
  /** Names of the buyer rules it blocks, e.g. `Nile Markets: fresh vegetables`. */
  readonly blocks: readonly string[];
  readonly dueOn?: LocalDate;
  readonly course?: string;
}

/** Readiness of this site for one buyer and product category. */
export interface BuyerLine {
  readonly buyer: string;
  readonly category: string;
  /** Short text of the rule, e.g. `Basic level, no open major`. */
  readonly rule: string;
  readonly ready: boolean;
  /** Last day of a conditional approval. */
  readonly conditionalUntil?: LocalDate;
  /** Last day on which one was possible, where that is over. */
  readonly graceEndedOn?: LocalDate;
  /** Codes of the requirements that are missing for it. */
  readonly missing: readonly string[];
  /** Reasons that are no requirement, e.g. `certificate expired`. Already in the reader's language. */
  readonly reasons: readonly string[];
}

/** Something to do, and why now. */
export interface StepLine {
  readonly text: string;
  readonly why?: string;
  readonly requirements: readonly string[];
  readonly effortHours?: number;
  readonly cost?: Money;
}

/** The cheapest set of steps that makes the site ready for one buyer. */
export interface PathLine {
  readonly buyer: string;
  readonly category: string;
  readonly steps: readonly StepLine[];
  readonly totalHours?: number;
  readonly totalCost?: Money;
}

export interface SectionLine {
  readonly code: string;
  readonly title: string;
  readonly counts: ConformityCounts;
  /** null: not rated (nothing applicable or answered): not the same as 0. */
  readonly points: number | null;
}

/** A breach of impartiality that the programme has allowed, as every result that rests on it shows it. */
export interface ExceptionLine {
  readonly rule: ImpartialityRule;
  /** Why it was allowed, in the words of the programme. */
  readonly reason: string;
  readonly recordedOn: LocalDate;
  /** Of coaching: first and last day (null: still going on); absent for the other rules. */
  readonly from?: LocalDate;
  readonly until?: LocalDate | null;
}

/** What is missing, how serious it is, what it blocks, what to do first, the cheapest way to ready. */
export interface GapReportView {
  /** Number of the assessment or report, printed at the foot. */
  readonly reference: string;
  readonly programme: string;
  readonly subject: SiteLine;
  readonly checklist: ChecklistLine;
  readonly assessment: {
    readonly kind: AssessmentKind;
    readonly date: LocalDate;
    /** Absent for a self-assessment. */
    readonly assessor?: string;
    readonly provider?: string;
  };
  readonly result: {
    readonly verdict: Verdict;
    /** 0..100 in general; null when not scorable. */
    readonly points: number | null;
    readonly grade?: string;
    readonly counts: ConformityCounts;
  };
  readonly sections: readonly SectionLine[];
  readonly gaps: readonly GapItem[];
  readonly buyers: readonly BuyerLine[];
  /** The three things to do first (fewer when fewer are missing). */
  readonly firstSteps: readonly StepLine[];
  readonly cheapestPath: PathLine | null;
  /** What was allowed for this result; left out: nothing. */
  readonly exceptions?: readonly ExceptionLine[];
  readonly printedOn: LocalDate;
}

// --------------------------------------------------------------------------------------- cohort report

/** A figure somebody published elsewhere. Never computed here, never mixed with computed ones. */
export interface ClaimLine {
  /** As printed by the source, e.g. `+45 %`. */
  readonly figure: string;
  /** What the source says it is of. */
  readonly statement: string;
  /** What was counted, e.g. `suppliers`, `persons`, `not stated`. */
  readonly unit: string;
  readonly source: string;
}

/** A statistic and the number of sites it rests on. null: not computable (say why elsewhere) or suppressed. */
export interface Measured {
  readonly value: number | null;
  readonly n: number;
}

/** Why an enrolled site has no comparable pair: it left before, or is still on its way. */
export type Unmatched = ExitReason | 'unknown' | 'no-follow-up';

export interface CohortReportView {
  readonly reference: string;
  readonly programme: string;
  readonly cohort: string;
  readonly place?: string;
  readonly from: LocalDate;
  readonly to: LocalDate;
  /** Edition and profile of the baseline; the follow-up's when it differs. */
  readonly baselineChecklist: ChecklistLine;
  readonly followUpChecklist: ChecklistLine;
  readonly items: {
    /** Requirements comparable in both editions; the gain rests on them only. */
    readonly common: number;
    readonly baseline: number;
    readonly followUp: number;
  };
  readonly n: {
    readonly enrolled: number;
    readonly baseline: number;
    readonly followUp: number;
    readonly matched: number;
  };
  /** Means of the matched sites, in points. */
  readonly baselineMean: number | null;
  readonly followUpMean: number | null;
  readonly change: {
    /** The headline: follow-up mean − baseline mean, in points. */
    readonly points: Measured;
    /** (follow-up mean / baseline mean − 1), in percent. */
    readonly ofMeansPercent: Measured;
    /** Mean of each site's own relative change, in percent; sites with baseline 0 cannot take part. */
    readonly meanOfRelativePercent: Measured;
    /** Normalised gain (post − pre) / (100 − pre), 0..1; sites with baseline 100 cannot take part. */
    readonly normalised: Measured;
    /** Spread of the change in points over the matched sites. */
    readonly median: number | null;
    readonly q1: number | null;
    readonly q3: number | null;
    readonly sd: number | null;
  };
  /** Matched sites by direction; `tolerance`: changes up to this many points count as the same. */
  readonly direction: {
    readonly improved: number;
    readonly same: number;
    readonly worse: number;
    readonly tolerance: number;
  };
  /** Sites that are not in the matched count, by why. */
  readonly attrition: readonly { readonly reason: Unmatched; readonly count: number }[];
  /** null: not rated or suppressed. */
  readonly sections: readonly {
    readonly title: string;
    readonly n: number;
    readonly baseline: number | null;
    readonly followUp: number | null;
  }[];
  /** Matched sites per band of points; `to` belongs to the band only in the last one. */
  readonly distribution: readonly {
    readonly from: number;
    readonly to: number;
    readonly baseline: number;
    readonly followUp: number;
  }[];
  /** Exact split of the headline, in points: the four parts add up to `headline`. null: not computed. */
  readonly parts: {
    readonly real: number;
    readonly scope: number;
    readonly checklist: number;
    readonly missing: number;
    readonly headline: number;
  } | null;
  /** Assessor of the follow-up against coaching of the same site within the look-back. */
  readonly independence: {
    readonly independent: number;
    readonly overlapping: number;
    readonly unknown: number;
    /** Gains that rest on an exception from a rule of impartiality; left out: none. */
    readonly exceptions?: number;
    readonly lookBackMonths: number;
  };
  readonly daysBetween: { readonly median: number; readonly min: number; readonly max: number } | null;
  /** Knowledge tests: persons, another unit, shown apart. */
  readonly people: {
    readonly matched: number;
    readonly preMean: number;
    readonly postMean: number;
    readonly changePoints: number;
  } | null;
  readonly claims: readonly ClaimLine[];
  /** Groups smaller than this were suppressed by the caller. */
  readonly suppressedBelow: number;
  readonly printedOn: LocalDate;
}

// -------------------------------------------------------------------- certificate and its verification

/** A result as it stands on a certificate. */
export interface CertificateResult {
  readonly verdict: Verdict;
  readonly points: number | null;
  readonly conforming: number;
  readonly applicable: number;
  readonly critical: number;
  readonly major: number;
  readonly minor: number;
}

/** The statement of an assessment outcome. Everything printed on one page. */
export interface CertificateView {
  readonly number: string;
  readonly verifyUrl: string;
  readonly issuer: string;
  readonly subject: SiteLine & { readonly address: string; readonly gln?: string };
  readonly programme: string;
  readonly scope: string;
  readonly checklist: ChecklistLine;
  readonly productCategories: readonly string[];
  readonly exclusions: readonly string[];
  readonly assessment: {
    readonly dates: readonly LocalDate[];
    readonly announced: boolean;
    /** 1 = first assessment of this site. */
    readonly sequence: number;
    readonly assessor: string;
    readonly provider: string;
    /** Accreditation of the provider for this work; null prints "none". */
    readonly accreditation: string | null;
  };
  readonly asFound: CertificateResult;
  /** After closure; `critical`, `major`, `minor` are the ones still open. */
  readonly afterClosure: CertificateResult;
  readonly reviewer: string;
  readonly decider: string;
  readonly issuedOn: LocalDate;
  readonly validUntil: LocalDate;
  readonly nextDue: LocalDate;
  readonly independence: {
    readonly lookBackMonths: number;
    /** Coaching of this site by the provider's other people in the look-back (null: still going on); empty: none. */
    readonly overlaps: readonly { readonly from: LocalDate; readonly until: LocalDate | null }[];
    /** Breaches that the programme has allowed; left out: none. */
    readonly exceptions?: readonly ExceptionLine[];
    /** Type of the organisation that assessed (docs/impartiality.md); left out: not known. */
    readonly organisationType?: OrganisationType;
  };
  /** SHA-256 of the frozen report, hex. */
  readonly reportHash: string;
  /** The machine-readable statement that is attached to the PDF. */
  readonly attachment: { readonly name: string; readonly json: string };
}

/** A step of a certificate's life, newest last. */
export interface HistoryLine {
  readonly on: LocalDate;
  readonly event:
    'issued' | 'suspended' | 'reinstated' | 'withdrawn' | 'expired' | 'superseded' | 'scope-reduced';
  /** Public reason, already in the reader's language. */
  readonly reason?: string;
}

/** The public answer to "is this number good?". An unknown number is another answer, on another page. */
export type VerificationView =
  | { readonly known: false; readonly number: string; readonly checkedOn: LocalDate }
  | {
      readonly known: true;
      readonly number: string;
      readonly checkedOn: LocalDate;
      readonly status: CertificateStatus;
      readonly subject: SiteLine;
      readonly issuer: string;
      readonly programme: string;
      readonly checklist: ChecklistLine;
      readonly scope: string;
      readonly productCategories: readonly string[];
      readonly assessedOn: readonly LocalDate[];
      readonly issuedOn: LocalDate;
      readonly validUntil: LocalDate;
      /** Set when superseded: number and public page of the newer one. */
      readonly supersededBy?: { readonly number: string; readonly url: string };
      readonly reportHash: string;
      /** Breaches of impartiality that the programme allowed; left out: none. */
      readonly exceptions?: readonly ExceptionLine[];
      readonly history: readonly HistoryLine[];
    };

// ------------------------------------------------------------------------------------------------ mail

/** What each kind of mail needs. `url` is where the reader goes on; absolute. */
export interface MailViews {
  readonly 'visit-invitation': VisitMail;
  readonly 'visit-changed': VisitMail;
  readonly 'visit-cancelled': VisitMail & { readonly reason?: string };
  readonly 'visit-reminder': VisitMail & { readonly daysLeft: number };
  readonly 'submission-received': {
    readonly to: string;
    readonly site: string;
    readonly checklist: string;
    readonly submittedOn: LocalDate;
    readonly counts: ConformityCounts;
    readonly url: string;
  };
  readonly 'corrective-action-due': {
    readonly to: string;
    readonly site: string;
    readonly requirement: string;
    readonly grade: FindingGrade;
    readonly question: string;
    readonly dueOn: LocalDate;
    readonly daysLeft: number;
    readonly url: string;
  };
  /** Everything at one site that is due within a week or overdue: one mail, however many findings. */
  readonly 'corrective-actions-due': {
    readonly to: string;
    readonly site: string;
    readonly items: readonly {
      readonly requirement: string;
      readonly grade: FindingGrade;
      readonly question: string;
      readonly dueOn: LocalDate;
      readonly daysLeft: number;
    }[];
    readonly url: string;
  };
  readonly 'sites-never-assessed': {
    readonly to: string;
    readonly programme: string;
    readonly sites: readonly { readonly site: string; readonly enrolledOn: LocalDate }[];
    readonly url: string;
  };
  /** To the programme's people in charge: corrections that wait, the longest waiting first. One mail, however many. */
  readonly 'corrections-waiting': {
    readonly to: string;
    readonly programme: string;
    readonly items: readonly {
      readonly site: string;
      readonly requirement: string;
      readonly grade: FindingGrade;
      readonly handedInOn: LocalDate;
    }[];
    readonly url: string;
  };
  /** To the supplier, and to whoever handed it in. */
  readonly 'correction-decided': {
    readonly to: string;
    readonly site: string;
    readonly requirement: string;
    readonly question: string;
    readonly decidedOn: LocalDate;
    /** Null: it was accepted, and the finding closed with it. */
    readonly refusal: string | null;
    readonly url: string;
  };
  /** To whoever handles complaints of the programme. By whom it was raised, no mail says. */
  readonly 'complaint-overdue': {
    readonly to: string;
    readonly programme: string;
    readonly kind: ComplaintKind;
    readonly about: ComplaintSubject;
    /** Null: about an assessor. */
    readonly site: string | null;
    readonly raisedOn: LocalDate;
    readonly overdue: 'acknowledge' | 'decide';
    readonly dueOn: LocalDate;
    readonly url: string;
  };
  /** To who raised it: it was acknowledged, or decided. */
  readonly 'complaint-answered': {
    readonly to: string;
    readonly programme: string;
    readonly kind: ComplaintKind;
    readonly about: ComplaintSubject;
    readonly site: string | null;
    readonly raisedOn: LocalDate;
    readonly decideBy: LocalDate;
    /** Null: nothing is decided yet. */
    readonly decision: {
      readonly outcome: ComplaintOutcome;
      readonly reason: string | null;
      readonly reopened: boolean;
    } | null;
    readonly url: string;
  };
  readonly 'certificate-issued': CertificateMail;
  readonly 'certificate-expiring': CertificateMail & { readonly daysLeft: number };
  readonly 'certificate-status': CertificateMail & {
    readonly status: CertificateStatus;
    readonly reason?: string;
  };
  readonly 'sign-in-link': AccountMail;
  readonly 'email-verification': AccountMail;
  readonly 'password-reset': AccountMail;
  readonly 'account-exists': AccountMail;
  readonly invitation: AccountMail & {
    readonly organisation: string;
    readonly role: InvitedRole;
    /** Who invites; null when the person is gone. */
    readonly by: string | null;
    readonly until: LocalDate;
  };
  /** To whom something is shared with, and, as a receipt, to the supplier who shares. */
  readonly 'consent-notice': ConsentMail;
  readonly 'consent-receipt': ConsentMail;
  readonly 'charter-changed': {
    readonly to: string;
    readonly programme: string;
    readonly buyerScopes: readonly Scope[];
    readonly aggregates: 'nobody' | 'donors' | 'public';
    readonly url: string;
  };
}

export interface ConsentMail {
  readonly to: string;
  readonly step: 'granted' | 'changed' | 'revoked' | 'expired' | 'expiring';
  readonly supplier: string;
  readonly recipient: string;
  readonly sites: readonly string[];
  readonly scopes: readonly Scope[];
  readonly purpose: string;
  readonly until: LocalDate;
  readonly url: string;
}

/** Why a visit is needed; the domain's codes. */
export type VisitWhy = VisitNeedReason;
/** A mail about signing in. `to` is the address itself. */
export interface AccountMail {
  readonly to: string;
  readonly url: string;
}

/** Roles as invitations name them. */
export type InvitedRole =
  'owner' | 'qa-manager' | 'programme-manager' | 'assessor' | 'mentor' | 'reviewer' | 'decider' | 'viewer';

export interface VisitMail {
  /** Whether the reader goes there or is visited. Default: is visited. */
  readonly part?: 'assessor' | 'site';
  readonly why?: VisitWhy;
  /** Name in the greeting. */
  readonly to: string;
  readonly site: string;
  readonly address: string;
  readonly date: LocalDate;
  /** Local wall-clock time at the site, e.g. `09:30`; absent for an all-day visit. */
  readonly from?: string;
  readonly until?: string;
  readonly assessor: string;
  readonly checklist: string;
  readonly url: string;
}

export interface CertificateMail {
  readonly to: string;
  readonly site: string;
  readonly number: string;
  readonly programme: string;
  readonly level: string;
  readonly validUntil: LocalDate;
  readonly url: string;
}

export type MailKind = keyof MailViews;

export interface RenderedMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

// ------------------------------------------------------------------------------------------------ consent

/** What a consent link shows: only what its scopes name; a part that is not shared is null. */
export interface SharedView {
  readonly supplier: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly until: LocalDate;
  readonly scopes: readonly Scope[];
  /** Every site the grant is about; one is shown at a time, so that the page stays small. */
  readonly siteNames: readonly string[];
  /** Place of the shown one among them. */
  readonly shown: number;
  /** null: the sites named in the grant are gone. */
  readonly site: SharedSite | null;
  readonly printedOn: LocalDate;
}

export interface SharedSite {
  readonly site: string;
  readonly address: string;
  readonly certificates:
    | readonly {
        readonly number: string;
        readonly status: CertificateStatus;
        readonly validUntil: LocalDate;
        readonly verifyUrl: string;
        readonly pdfUrl: string;
      }[]
    | null;
  readonly assessments: readonly SharedAssessment[] | null;
}

export interface SharedAssessment {
  readonly kind: AssessmentKind;
  readonly date: LocalDate;
  readonly checklist: ChecklistLine;
  readonly result: {
    readonly verdict: Verdict;
    readonly points: number | null;
    readonly counts: ConformityCounts;
  } | null;
  readonly sections: readonly SectionLine[] | null;
  readonly findings:
    | readonly {
        readonly requirement: string;
        readonly question: string;
        readonly grade: FindingGrade;
        readonly dueOn: LocalDate | null;
        readonly closedOn: LocalDate | null;
      }[]
    | null;
  /** What was allowed for this result; left out: nothing. */
  readonly exceptions?: readonly ExceptionLine[];
  /** Gap report, where answers are shared. */
  readonly report: { readonly url: string; readonly pdfUrl: string } | null;
}

/** What a supplier reads about who sees its data. */
export interface ConsentLedgerView {
  readonly organisation: string;
  readonly grants: readonly {
    readonly to: string;
    readonly sites: readonly string[];
    readonly scopes: readonly Scope[];
    readonly purpose: string;
    readonly until: LocalDate;
    readonly state: GrantState;
  }[];
  readonly programmes: readonly {
    readonly programme: string;
    readonly organisation: string;
    readonly part: 'agency' | 'assessment-provider' | 'buyer';
    /** null: the whole record. */
    readonly scopes: readonly Scope[] | null;
  }[];
  /** Newest first. */
  readonly events: readonly {
    readonly on: LocalDate;
    readonly kind: 'granted' | 'changed' | 'revoked' | 'expired' | 'viewed' | 'notified';
    readonly to: string;
  }[];
  readonly moreEvents: boolean;
  readonly printedOn: LocalDate;
}
