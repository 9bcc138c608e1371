import { describe, expect, it } from '@jest/globals';
import {
  CONSENT_PAGE_BYTES,
  renderConsentLedgerHtml,
  renderSharedGoneHtml,
  renderSharedHtml,
} from './consent.js';
import { renderMail } from './mail.js';
import { LOCALES, type ConsentLedgerView, type SharedAssessment, type SharedView } from './views.js';

const counts = {
  total: 120,
  conforming: 60,
  partly: 0,
  nonconforming: 50,
  notApplicable: 10,
  notAssessed: 0,
};
const nasty = `<img src=x onerror=alert(1)> {{t}} "مصنع"`;
const assessment: SharedAssessment = {
  kind: 'baseline',
  date: '2026-03-01',
  checklist: {
    title: nasty,
    edition: '2',
    level: 'basic',
    profile: { title: 'Default', version: '1', source: 'Own', status: 'programme-default' },
    translationStatus: 'original',
  },
  result: { verdict: 'pass', points: 54.5, counts },
  sections: Array.from({ length: 20 }, (_, n) => ({
    code: `S${n}`,
    title: `Section ${n} ${nasty}`,
    counts,
    points: n ? 50 : null,
  })),
  findings: Array.from({ length: 120 }, (_, n) => ({
    requirement: `FM-${n}`,
    question: `هل تُحفظ السجلات في مكان آمن ويمكن الوصول إليها عند الحاجة؟ ${n} ${nasty}`,
    grade: 'major',
    dueOn: n % 2 ? '2026-04-01' : null,
    closedOn: n % 3 ? null : '2026-03-20',
  })),
  report: {
    url: 'https://uplift.test/shared/x/assessments/y/gap-report',
    pdfUrl: 'https://uplift.test/r.pdf',
  },
};
const view: SharedView = {
  supplier: nasty,
  recipient: 'Ann',
  purpose: nasty,
  until: '2026-12-31',
  scopes: ['certificate', 'score', 'section-scores', 'answers', 'corrective-actions'],
  siteNames: Array.from({ length: 60 }, (_, n) => `Plant ${n}`),
  shown: 3,
  site: {
    site: nasty,
    address: 'Cairo, EG',
    certificates: [
      {
        number: 'UP-1',
        status: 'valid',
        validUntil: '2027-01-01',
        verifyUrl: 'https://uplift.test/v',
        pdfUrl: 'https://uplift.test/p',
      },
    ],
    assessments: [assessment, assessment],
  },
  printedOn: '2026-03-02',
};

describe.each(LOCALES)('in %s', (locale) => {
  it('the page behind a link stays small, escapes names, and runs nothing', () => {
    const html = renderSharedHtml(view, locale, { nonce: 'n' });
    expect(Buffer.byteLength(html)).toBeLessThan(CONSENT_PAGE_BYTES);
    expect(html).not.toContain('<img');
    expect(html).not.toContain('<script');
    expect(html).toContain(
      `?lang=${locale}&amp;site=1`.replace('=', '&#x3D;').replace('site=', 'site&#x3D;'),
    );
  });
  it('shows nothing of what is not shared', () => {
    const html = renderSharedHtml(
      {
        ...view,
        site: {
          ...view.site!,
          certificates: null,
          assessments: [{ ...assessment, sections: null, findings: null, report: null }],
        },
      },
      locale,
    );
    for (const hidden of ['FM-1', 'Section 1', 'UP-1', 'gap-report']) expect(html).not.toContain(hidden);
  });
  it('a link that shows nothing has a page of its own', () => {
    expect(renderSharedGoneHtml(locale)).toContain(`lang="${locale}"`);
  });
  it('the ledger stays small however much happened', () => {
    const ledger: ConsentLedgerView = {
      organisation: nasty,
      grants: Array.from({ length: 300 }, (_, n) => ({
        to: `Buyer ${n} ${nasty}`,
        sites: [nasty],
        scopes: ['score'],
        purpose: nasty,
        until: '2026-12-31',
        state: n % 2 ? 'active' : 'revoked',
      })),
      programmes: [{ programme: 'P', organisation: 'Agency', part: 'agency', scopes: null }],
      events: Array.from({ length: 100 }, () => ({ on: '2026-03-01', kind: 'viewed', to: nasty })),
      moreEvents: true,
      printedOn: '2026-03-02',
    };
    const html = renderConsentLedgerHtml(ledger, locale);
    expect(Buffer.byteLength(html)).toBeLessThan(CONSENT_PAGE_BYTES);
    expect(html).not.toContain('<img');
  });
  it.each(['granted', 'changed', 'revoked', 'expired', 'expiring'] as const)(
    'both sides are told: %s',
    (step) => {
      const mail = {
        to: 'Ann',
        step,
        supplier: 'Nile\r\nBcc: x@y.example',
        recipient: 'Shop',
        sites: ['Plant'],
        scopes: ['score' as const],
        purpose: 'Cheese',
        until: '2026-12-31',
        url: 'https://uplift.test/x',
      };
      for (const kind of ['consent-notice', 'consent-receipt'] as const) {
        const { subject, text } = renderMail(kind, mail, locale);
        expect(subject).not.toMatch(/[\r\n]/);
        expect(text).toContain('Cheese');
      }
    },
  );
});
