import { statusName } from './certificate.js';
import { renderHtml, webAddress } from './html.js';
import { speech, type Speech } from './speech.js';
import { scopeNames } from './consent.js';
import type {
  CertificateMail,
  ConsentMail,
  Locale,
  MailKind,
  MailViews,
  RenderedMail,
  VisitMail,
} from './views.js';

/** Name in the signature. */
const PRODUCT = 'Uplift';

interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly facts: readonly { readonly label: string; readonly text: string }[];
}

const fact = (label: string, text: string) => ({ label, text });

/** What each kind of mail says. A complete record: a kind without words fails the type check. */
const LETTERS: { readonly [Kind in MailKind]: (view: MailViews[Kind], say: Speech) => Letter } = {
  'visit-invitation': (view, say) => ({
    subject: say.say('visitInvitationSubject', { date: say.date(view.date), site: view.site }),
    text: say.words.visitInvitationText,
    facts: visitFacts(view, say),
  }),
  'visit-changed': (view, say) => ({
    subject: say.say('visitChangedSubject', { date: say.date(view.date), site: view.site }),
    text: say.words.visitChangedText,
    facts: visitFacts(view, say),
  }),
  'visit-cancelled': (view, say) => ({
    subject: say.say('visitCancelledSubject', { date: say.date(view.date), site: view.site }),
    text: say.words.visitCancelledText,
    facts: [...visitFacts(view, say), ...(view.reason ? [fact(say.words.reason, view.reason)] : [])],
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
    subject: say.count(
      view.daysLeft < 0 ? 'actionOverdueSubject' : 'actionSubject',
      Math.abs(view.daysLeft),
      {
        requirement: view.requirement,
        site: view.site,
      },
    ),
    text: view.daysLeft < 0 ? say.words.actionOverdueText : say.words.actionText,
    facts: [
      fact(say.words.site, view.site),
      fact(view.requirement, view.question),
      fact(say.words.findingGrade, say.grade(view.grade)),
      fact(say.words.due, say.date(view.dueOn)),
    ],
  }),
  'certificate-issued': (view, say) => ({
    subject: say.say('certificateIssuedSubject', { number: view.number, site: view.site }),
    text: say.words.certificateIssuedText,
    facts: certificateFacts(view, say),
  }),
  'certificate-expiring': (view, say) => ({
    subject: say.count('certificateExpiringSubject', view.daysLeft, { number: view.number }),
    text: say.words.certificateExpiringText,
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
  ];
}

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
  const subject = letter.subject
    .replace(/[\p{Cc}\u2068\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
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
    say.words.mailWhy,
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
    url: webAddress(view.url),
    regards,
  });
  return { subject, text, html };
}
