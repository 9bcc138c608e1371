import { describe, expect, it } from '@jest/globals';
import { renderMail, visitCalendarTexts } from './mail.js';
import { messages } from './messages/index.js';
import { LOCALES, type Locale, type MailKind, type MailViews } from './views.js';

const visit = {
  to: 'Hala',
  site: 'North yard',
  address: 'Km 12',
  date: '2026-12-01',
  assessor: 'Mona Hassan',
  checklist: 'Primary production',
  why: 'open-critical' as const,
  url: 'https://uplift.example/visits/1',
};
const certificate = {
  to: 'Hala',
  site: 'North yard',
  number: 'UP-1',
  programme: 'Programme',
  level: 'Basic',
  validUntil: '2027-01-01',
  url: 'https://uplift.example/c/UP-1',
};
const item = {
  requirement: 'PP-HYG-02',
  grade: 'major' as const,
  question: 'Is there a place to wash hands?',
  dueOn: '2026-09-28',
  daysLeft: 7,
};
const account = { to: 'hala@example.org', url: 'https://uplift.example/i/1' };
const action = { to: 'Hala', site: 'North yard', url: 'https://uplift.example/f/1' };
const CONSENT_STEPS = ['granted', 'changed', 'revoked', 'expired', 'expiring'] as const;
const consent = {
  to: 'Hala',
  supplier: 'Nile Dairy',
  recipient: 'A shop',
  sites: ['North yard'],
  scopes: ['score' as const],
  purpose: 'Listing',
  until: '2027-01-01',
  url: 'https://uplift.example/s',
};
/** Complete by type: a kind without an example does not compile. */
const EXAMPLES: { readonly [Kind in MailKind]: readonly MailViews[Kind][] } = {
  'visit-invitation': [visit, { ...visit, part: 'assessor' }],
  'visit-changed': [visit, { ...visit, part: 'assessor' }],
  'visit-cancelled': [
    { ...visit, reason: 'flood' },
    { ...visit, part: 'assessor' },
  ],
  'visit-reminder': [
    { ...visit, daysLeft: 7 },
    { ...visit, part: 'assessor', daysLeft: 1 },
  ],
  'sign-in-link': [account],
  'email-verification': [account],
  'password-reset': [account],
  'account-exists': [account],
  invitation: [
    { ...account, organisation: 'Nile Dairy', role: 'qa-manager', by: 'Mona', until: '2026-12-08' },
    { ...account, organisation: 'Nile Dairy', role: 'owner', by: null, until: '2026-12-08' },
  ],
  'submission-received': [
    {
      to: 'Hala',
      site: 'North yard',
      checklist: 'PP 1',
      submittedOn: '2026-09-14',
      counts: { total: 9, conforming: 5, partly: 1, nonconforming: 1, notApplicable: 1, notAssessed: 1 },
      url: 'https://uplift.example/a',
    },
  ],
  'corrective-action-due': [7, 0, -14].map((daysLeft) => ({ ...action, ...item, daysLeft })),
  'corrective-actions-due': [{ ...action, items: [item, { ...item, daysLeft: -7 }] }],
  'sites-never-assessed': [
    {
      to: 'Hala',
      programme: 'Programme',
      sites: [{ site: 'North yard', enrolledOn: '2026-08-01' }],
      url: 'https://uplift.example/c',
    },
  ],
  'corrections-waiting': [
    {
      to: 'Hala',
      programme: 'Programme',
      items: [
        { site: 'North yard', requirement: 'PP-1', grade: 'major', handedInOn: '2026-08-01' },
        { site: 'South yard', requirement: 'PP-2', grade: 'minor', handedInOn: '2026-08-02' },
      ],
      url: 'https://uplift.example/q',
    },
  ],
  'correction-decided': [null, 'The photograph shows another room.'].map((refusal) => ({
    to: 'Hala',
    site: 'North yard',
    requirement: 'PP-1',
    question: 'Are lamps covered?',
    decidedOn: '2026-08-03',
    refusal,
    url: 'https://uplift.example/f',
  })),
  'complaint-overdue': (['assessment', 'finding', 'certificate', 'assessor'] as const).map(
    (about, index) => ({
      to: 'Hala',
      programme: 'Programme',
      kind: index % 2 === 0 ? 'complaint' : 'appeal',
      about,
      site: about === 'assessor' ? null : 'North yard',
      raisedOn: '2026-08-01',
      overdue: index < 2 ? 'acknowledge' : 'decide',
      dueOn: '2026-09-30',
      url: 'https://uplift.example/k',
    }),
  ),
  'complaint-answered': [null, ...(['upheld', 'partly-upheld', 'rejected'] as const)].map(
    (outcome, index) => ({
      to: 'Hala',
      programme: 'Programme',
      kind: index % 2 === 0 ? 'complaint' : 'appeal',
      about: 'finding',
      site: 'North yard',
      raisedOn: '2026-08-01',
      decideBy: '2026-09-30',
      decision: outcome && { outcome, reason: 'The lamp is covered.', reopened: outcome === 'upheld' },
      url: 'https://uplift.example/k',
    }),
  ),
  'certificate-issued': [certificate],
  'certificate-expiring': [90, 1, 0].map((daysLeft) => ({ ...certificate, daysLeft })),
  'certificate-status': [{ ...certificate, status: 'withdrawn', reason: 'closed' }],
  'consent-notice': CONSENT_STEPS.map((step) => ({ ...consent, step })),
  'consent-receipt': CONSENT_STEPS.map((step) => ({ ...consent, step })),
  'charter-changed': (['nobody', 'donors', 'public'] as const).map((aggregates) => ({
    to: 'Hala',
    programme: 'Programme',
    buyerScopes: ['certificate', 'score'],
    aggregates,
    url: 'https://uplift.example/p',
  })),
};

const blanks = (phrase: string): string[] => [...new Set(phrase.match(/\{\w+\}/g))].sort();

describe('the words of every language', () => {
  it.each(LOCALES)('%s has each phrase with the blanks of the English one', (locale) => {
    expect(Object.keys(messages[locale]).sort()).toEqual(Object.keys(messages.en).sort());
    for (const [key, english] of Object.entries(messages.en)) {
      const phrase = messages[locale][key as keyof typeof messages.en];
      expect([key, typeof phrase]).toEqual([key, typeof english]);
      if (typeof phrase === 'string') {
        expect([key, phrase.trim()]).not.toEqual([key, '']);
        expect([key, blanks(phrase)]).toEqual([key, blanks(english as string)]);
      }
    }
  });

  it.each(LOCALES)('%s has every form its plurals need, and none it never uses', (locale) => {
    const needed = new Set(
      new Intl.PluralRules(locale, { type: 'cardinal' })
        .resolvedOptions()
        // Spanish and French have forms for millions of something, which nothing here comes in.
        .pluralCategories.filter((category) => !['es', 'fr'].includes(locale) || category !== 'many'),
    );
    for (const [key, forms] of Object.entries(messages[locale])) {
      if (typeof forms === 'string') continue;
      for (const form of Object.keys(forms)) expect([key, needed.has(form as never)]).toEqual([key, true]);
      expect([key, forms.other.length > 0]).toEqual([key, true]);
    }
  });
});

describe.each(LOCALES)('mails in %s', (locale: Locale) => {
  const dir = locale === 'ar' ? 'rtl' : 'ltr';
  it.each(Object.keys(EXAMPLES) as MailKind[])('%s', (kind) => {
    for (const view of EXAMPLES[kind]) {
      const mail = renderMail(kind, view as never, locale);
      expect(mail.html).toContain(`<html lang="${locale}" dir="${dir}">`);
      expect(mail.subject).not.toMatch(/[{}\r\n\u2068\u2069]/);
      expect(mail.text).not.toMatch(/\{\w+\}|undefined/);
      if (locale === 'ar') expect(mail.subject).toMatch(/\p{Script=Arabic}/u);
    }
  });

  it('a visit in the calendar', () => {
    const { summary, description } = visitCalendarTexts(
      { site: 'North\r\nyard', due: '2026-12-01', why: 'not-scorable', assessor: 'Mona' },
      locale,
    );
    expect(summary).toContain('North yard');
    expect(description).not.toMatch(/[{}]/);
  });
});

it('a digest stays readable however long the list is', () => {
  const items = Array.from({ length: 60 }, (_, index) => ({ ...item, requirement: `PP-${index}` }));
  const { text, subject } = renderMail('corrective-actions-due', { ...action, items }, 'en');
  expect(subject).toContain('60 corrective actions');
  expect(text).toContain('and 20 more');
});
