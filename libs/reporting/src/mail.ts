import { statusName } from './certificate.js';
import { renderHtml, webAddress } from './html.js';
import { speech, type Speech } from './speech.js';
import { scopeNames } from './consent.js';
import type {
  CertificateMail,
  ConsentMail,
  LocalDate,
  Locale,
  MailKind,
  MailViews,
  RenderedMail,
  VisitMail,
  VisitWhy,
} from './views.js';

/** Name in the signature. */
const PRODUCT = 'Uplift';

interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly facts: readonly { readonly label: string; readonly text: string }[];
  /** Why somebody gets it; left out: because they take part in the programme. */
  readonly why?: string;
}

/** Lines of a digest; what is left out is counted. */
const DIGEST_LINES = 40;

const fact = (label: string, text: string) => ({ label, text });

/** What each kind of mail says. A complete record: a kind without words fails the type check. */
const LETTERS: { readonly [Kind in MailKind]: (view: MailViews[Kind], say: Speech) => Letter } = {
  'visit-invitation': (view, say) => ({
    subject: say.say('visitInvitationSubject', { date: say.date(view.date), site: view.site }),
    text: view.part === 'assessor' ? say.words.visitAssessorText : say.words.visitInvitationText,
    facts: visitFacts(view, say),
  }),
  'visit-changed': (view, say) => ({
    subject: say.say('visitChangedSubject', { date: say.date(view.date), site: view.site }),
    text: view.part === 'assessor' ? say.words.visitAssessorChangedText : say.words.visitChangedText,
    facts: visitFacts(view, say),
  }),
  'visit-cancelled': (view, say) => ({
    subject: say.say('visitCancelledSubject', { date: say.date(view.date), site: view.site }),
    text: view.part === 'assessor' ? say.words.visitAssessorCancelledText : say.words.visitCancelledText,
    facts: [...visitFacts(view, say), ...(view.reason ? [fact(say.words.reason, view.reason)] : [])],
  }),
  'visit-reminder': (view, say) => ({
    subject: say.count('visitReminderSubject', view.daysLeft, { site: view.site }),
    text: view.part === 'assessor' ? say.words.visitReminderAssessorText : say.words.visitReminderText,
    facts: visitFacts(view, say),
  }),
  'submission-received': (view, say) => ({
    subject: say.say('submissionSubject', { site: view.site }),
    text: say.words.submissionText,
    facts: [
      fact(say.words.site, view.site),
      fact(say.words.checklist, view.checklist),
      fact(say.words.received, say.date(view.submittedOn)),
      fact(
        say.words.score,
        say.say('countsLine', { ...view.counts, applicable: view.counts.total - view.counts.notApplicable }),
      ),
    ],
  }),
  'corrective-action-due': (view, say) => ({
    subject:
      view.daysLeft === 0
        ? say.say('actionTodaySubject', { requirement: view.requirement, site: view.site })
        : say.count(view.daysLeft < 0 ? 'actionOverdueSubject' : 'actionSubject', Math.abs(view.daysLeft), {
            requirement: view.requirement,
            site: view.site,
          }),
    text: view.daysLeft < 0 ? say.words.actionOverdueText : say.words.actionText,
    facts: [
      fact(say.words.site, view.site),
      fact(view.requirement, view.question),
      fact(say.words.findingGrade, say.grade(view.grade)),
      fact(say.words.due, say.date(view.dueOn)),
    ],
  }),
  'corrective-actions-due': (view, say) => ({
    subject: say.count('actionsDueSubject', view.items.length, { site: view.site }),
    text: say.words.actionsDueText,
    facts: [
      fact(say.words.site, view.site),
      ...digest(view.items, say, (item) =>
        fact(
          item.requirement,
          say.say(item.daysLeft < 0 ? 'actionOverdueLine' : 'actionDueLine', {
            question: item.question,
            grade: say.grade(item.grade),
            date: say.date(item.dueOn),
          }),
        ),
      ),
    ],
  }),
  'sites-never-assessed': (view, say) => ({
    subject: say.count('neverAssessedSubject', view.sites.length, { programme: view.programme }),
    text: say.words.neverAssessedText,
    facts: digest(view.sites, say, ({ site, enrolledOn }) =>
      fact(site, say.say('enrolledOnLine', { date: say.date(enrolledOn) })),
    ),
  }),
  'corrections-waiting': (view, say) => ({
    subject: say.count('correctionsWaitingSubject', view.items.length, { programme: view.programme }),
    text: say.words.correctionsWaitingText,
    facts: digest(view.items, say, ({ site, requirement, grade, handedInOn }) =>
      fact(
        site,
        say.say('correctionWaitingLine', {
          requirement,
          grade: say.grade(grade),
          date: say.date(handedInOn),
        }),
      ),
    ),
  }),
  'correction-decided': (view, say) => ({
    subject: say.say(view.refusal === null ? 'correctionAcceptedSubject' : 'correctionRefusedSubject', {
      requirement: view.requirement,
      site: view.site,
    }),
    text: view.refusal === null ? say.words.correctionAcceptedText : say.words.correctionRefusedText,
    facts: [
      fact(say.words.site, view.site),
      fact(view.requirement, view.question),
      fact(say.words.when, say.date(view.decidedOn)),
      ...(view.refusal === null ? [] : [fact(say.words.reason, view.refusal)]),
    ],
  }),
  'complaint-overdue': (view, say) => ({
    subject: say.say(OVERDUE[view.overdue].subject, {
      kind: say.words[COMPLAINT_KIND[view.kind]],
      date: say.date(view.dueOn),
    }),
    text: say.words[OVERDUE[view.overdue].text],
    facts: [
      fact(say.words.programme, view.programme),
      fact(say.words.complaintAbout, say.words[COMPLAINT_ABOUT[view.about]]),
      ...(view.site ? [fact(say.words.site, view.site)] : []),
      fact(say.words.received, say.date(view.raisedOn)),
      fact(say.words.due, say.date(view.dueOn)),
    ],
  }),
  'complaint-answered': (view, say) => ({
    subject: view.decision
      ? say.say('complaintDecidedSubject', {
          kind: say.words[COMPLAINT_KIND[view.kind]],
          outcome: say.words[OUTCOME[view.decision.outcome]],
        })
      : say.say('complaintAcknowledgedSubject', { kind: say.words[COMPLAINT_KIND[view.kind]] }),
    text: [
      say.words[view.decision ? 'complaintDecidedText' : 'complaintAcknowledgedText'],
      ...(view.decision?.reopened ? [say.words.complaintReopened] : []),
    ].join(' '),
    facts: [
      fact(say.words.programme, view.programme),
      fact(say.words.complaintAbout, say.words[COMPLAINT_ABOUT[view.about]]),
      ...(view.site ? [fact(say.words.site, view.site)] : []),
      fact(say.words.received, say.date(view.raisedOn)),
      ...(view.decision
        ? [
            fact(say.words.complaintOutcome, say.words[OUTCOME[view.decision.outcome]]),
            ...(view.decision.reason ? [fact(say.words.reason, view.decision.reason)] : []),
          ]
        : [fact(say.words.due, say.date(view.decideBy))]),
    ],
  }),
  'certificate-issued': (view, say) => ({
    subject: say.say('certificateIssuedSubject', { number: view.number, site: view.site }),
    text: say.words.certificateIssuedText,
    facts: certificateFacts(view, say),
  }),
  'certificate-expiring': (view, say) => ({
    subject:
      view.daysLeft === 0
        ? say.say('certificateExpiresTodaySubject', { number: view.number })
        : say.count('certificateExpiringSubject', view.daysLeft, { number: view.number }),
    text: view.daysLeft === 0 ? say.words.certificateExpiresTodayText : say.words.certificateExpiringText,
    facts: certificateFacts(view, say),
  }),
  'certificate-status': (view, say) => ({
    subject: say.say('certificateStatusSubject', {
      number: view.number,
      status: statusName(view.status, say),
    }),
    text: say.words.certificateStatusText,
    facts: [
      fact(say.words.certificateNumber, `${view.number}: ${statusName(view.status, say)}`),
      ...certificateFacts(view, say).slice(1),
      ...(view.reason ? [fact(say.words.reason, view.reason)] : []),
    ],
  }),
  'sign-in-link': (_, { words }) => accountLetter(words, words.signInLinkSubject, words.signInLinkText),
  'email-verification': (_, { words }) => accountLetter(words, words.addressSubject, words.addressText),
  'password-reset': (_, { words }) => accountLetter(words, words.passwordSubject, words.passwordText),
  'account-exists': (_, { words }) =>
    accountLetter(words, words.accountExistsSubject, words.accountExistsText),
  invitation: (view, say) => ({
    subject: say.say('invitedSubject', { organisation: view.organisation }),
    text: say.words.invitedText,
    facts: [
      fact(say.words.organisation, view.organisation),
      fact(say.words.role, say.words[ROLE_WORDS[view.role]]),
      ...(view.by ? [fact(say.words.invitedBy, view.by)] : []),
      fact(say.words.validUntil, say.date(view.until)),
    ],
    why: say.words.invitedWhy,
  }),
  'consent-notice': (view, say) => {
    const [subject, text] = NOTICES[view.step];
    return {
      subject: say.say(subject, { supplier: view.supplier, date: say.date(view.until) }),
      text: say.say(text),
      facts: [fact(say.words.supplier, view.supplier), ...consentFacts(view, say)],
    };
  },
  'consent-receipt': (view, say) => ({
    subject: say.say(RECEIPTS[view.step], { recipient: view.recipient, date: say.date(view.until) }),
    text: say.words.receiptText,
    facts: [fact(say.words.recipient, view.recipient), ...consentFacts(view, say)],
  }),
  'charter-changed': (view, say) => ({
    subject: say.say('charterSubject', { programme: view.programme }),
    text: say.words.charterText,
    facts: [
      fact(say.words.programme, view.programme),
      fact(say.words.charterBuyers, scopeNames(view.buyerScopes, say)),
      fact(
        say.words.charterFigures,
        say.say(
          ({ nobody: 'charterNobody', donors: 'charterDonors', public: 'charterPublic' } as const)[
            view.aggregates
          ],
        ),
      ),
    ],
  }),
};

const accountLetter = (words: Speech['words'], subject: string, text: string): Letter => ({
  subject,
  text,
  facts: [],
  why: words.accountMailWhy,
});

const OVERDUE = {
  acknowledge: { subject: 'complaintUnacknowledgedSubject', text: 'complaintUnacknowledgedText' },
  decide: { subject: 'complaintUndecidedSubject', text: 'complaintUndecidedText' },
} as const;
const COMPLAINT_KIND = { complaint: 'complaintKindComplaint', appeal: 'complaintKindAppeal' } as const;
const OUTCOME = {
  upheld: 'outcomeUpheld',
  'partly-upheld': 'outcomePartlyUpheld',
  rejected: 'outcomeRejected',
} as const;
const COMPLAINT_ABOUT = {
  assessment: 'complaintAboutAssessment',
  finding: 'complaintAboutFinding',
  certificate: 'complaintAboutCertificate',
  assessor: 'complaintAboutAssessor',
} as const;

const ROLE_WORDS = {
  owner: 'roleOwner',
  'qa-manager': 'roleQaManager',
  'programme-manager': 'roleProgrammeManager',
  assessor: 'roleAssessor',
  mentor: 'roleMentor',
  reviewer: 'roleReviewer',
  decider: 'roleDecider',
  viewer: 'roleViewer',
} as const;

const NOTICES = {
  granted: ['consentGrantedSubject', 'consentGrantedText'],
  changed: ['consentChangedSubject', 'consentChangedText'],
  revoked: ['consentRevokedSubject', 'consentRevokedText'],
  expired: ['consentExpiredSubject', 'consentExpiredText'],
  expiring: ['consentExpiringSubject', 'consentExpiringText'],
} as const;

const RECEIPTS = {
  granted: 'receiptGrantedSubject',
  changed: 'receiptChangedSubject',
  revoked: 'receiptRevokedSubject',
  expired: 'receiptExpiredSubject',
  expiring: 'receiptExpiringSubject',
} as const;

function consentFacts(view: ConsentMail, say: Speech) {
  return [
    fact(say.words.site, say.list(view.sites)),
    fact(say.words.sharedScopes, scopeNames(view.scopes, say)),
    fact(say.words.purpose, view.purpose),
    fact(say.words.sharedUntil, say.date(view.until)),
  ];
}

function visitFacts(view: VisitMail, say: Speech) {
  const date = say.date(view.date);
  const when = !view.from
    ? date
    : view.until
      ? say.say('visitSlot', { date, from: say.time(view.from), until: say.time(view.until) })
      : say.say('visitFrom', { date, from: say.time(view.from) });
  return [
    fact(say.words.site, view.site),
    fact(say.words.when, when),
    fact(say.words.where, view.address),
    fact(say.words.assessor, view.assessor),
    fact(say.words.checklist, view.checklist),
    ...(view.why ? [fact(say.words.visitWhy, say.say(WHY[view.why]))] : []),
  ];
}

const WHY = {
  'score-band': 'visitWhyScoreBand',
  'open-critical': 'visitWhyOpenCritical',
  'not-scorable': 'visitWhyNotScorable',
  'kind-cap': 'visitWhyKindCap',
} as const satisfies Record<VisitWhy, string>;

/** The first lines of a long list, and how many more there are. */
function digest<Item>(
  items: readonly Item[],
  say: Speech,
  line: (item: Item) => { label: string; text: string },
): { label: string; text: string }[] {
  const left = items.length - DIGEST_LINES;
  return [
    ...items.slice(0, DIGEST_LINES).map(line),
    ...(left > 0 ? [fact('…', say.count('andMore', left))] : []),
  ];
}

/** Title and description of a visit in the reader's calendar. */
export function visitCalendarTexts(
  visit: {
    readonly site: string;
    readonly due: LocalDate;
    readonly why: VisitWhy;
    readonly assessor: string;
  },
  locale: Locale,
): { summary: string; description: string } {
  const say = speech(locale);
  return {
    summary: oneLine(say.say('visitSummary', { site: visit.site })),
    description: say.say('visitDescription', {
      due: say.date(visit.due),
      reason: say.say(WHY[visit.why]),
      assessor: visit.assessor,
    }),
  };
}

/** Without line breaks and without the invisible marks that keep directions apart. */
const oneLine = (text: string): string =>
  text
    .replace(/[\p{Cc}\u2068\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();

function certificateFacts(view: CertificateMail, say: Speech) {
  return [
    fact(say.words.certificateNumber, view.number),
    fact(say.words.site, view.site),
    fact(say.words.programme, view.programme),
    fact(say.words.level, view.level),
    fact(say.words.validUntil, say.date(view.validUntil)),
  ];
}

/** A mail in plain text and HTML. Line breaks in a name cannot reach the subject line. */
export function renderMail<Kind extends MailKind>(
  kind: Kind,
  view: MailViews[Kind],
  locale: Locale,
): RenderedMail {
  const say = speech(locale);
  const letter = LETTERS[kind](view, say);
  const subject = oneLine(letter.subject);
  const greeting = say.say('greeting', { to: view.to });
  const regards = say.say('regards', { product: PRODUCT });
  const text = [
    greeting,
    '',
    letter.text,
    '',
    ...letter.facts.map(({ label, text: value }) => `${label}: ${value.replace(/\s+/g, ' ')}`),
    '',
    `${say.words.open}: ${view.url}`,
    '',
    regards,
    '--',
    letter.why ?? say.words.mailWhy,
    '',
  ].join('\n');
  const html = renderHtml('mail', {
    lang: locale,
    dir: say.dir,
    t: say.words,
    subject,
    greeting,
    text: letter.text,
    facts: letter.facts,
    why: letter.why ?? say.words.mailWhy,
    url: webAddress(view.url),
    regards,
  });
  return { subject, text, html };
}
