import { renderHtml, webAddress } from './html.js';
import { speech, type Speech } from './speech.js';
import type { Scope } from '#domain';
import type { ConsentLedgerView, HtmlOptions, Locale, SharedAssessment, SharedView } from './views.js';

/** The pages must load on a cheap phone over a slow network: they stay below this. */
export const CONSENT_PAGE_BYTES = 30_000;

const SCOPE = {
  certificate: 'scopeCertificate',
  score: 'scopeScore',
  'section-scores': 'scopeSectionScores',
  answers: 'scopeAnswers',
  evidence: 'scopeEvidence',
  'corrective-actions': 'scopeCorrectiveActions',
} as const satisfies Record<Scope, string>;

/** What scopes show, in words. */
export const scopeNames = (scopes: readonly Scope[], say: Speech): string =>
  scopes.length > 0 ? say.list(scopes.map((scope) => say.say(SCOPE[scope]))) : say.say('none');

/** Renders with ever less detail until the page is small enough; the last step is taken whatever its size. */
function small(render: (most: number) => string, steps: readonly number[]): string {
  let html = '';
  for (const most of steps) {
    html = render(most);
    if (Buffer.byteLength(html) < CONSENT_PAGE_BYTES) return html;
  }
  return html;
}

/** What a consent link shows: one page, no script. Findings that don't fit are in the gap report's PDF. */
export function renderSharedHtml(view: SharedView, locale: Locale, options: HtmlOptions = {}): string {
  const say = speech(locale);
  return small(
    (most) => renderHtml('shared', { ...sharedModel(view, say, most), nonce: options.nonce ?? null }),
    [60, 30, 15, 5, 0],
  );
}

function sharedModel(view: SharedView, say: Speech, most: number) {
  const until = say.date(view.until);
  return {
    lang: say.locale,
    dir: say.dir,
    t: say.words,
    title: `${say.say('sharedPage')} – ${view.supplier}`,
    supplier: view.supplier,
    lead: say.say('sharedBy', { supplier: view.supplier, recipient: view.recipient, until }),
    facts: [
      { label: say.words.purpose, text: view.purpose },
      { label: say.words.sharedScopes, text: scopeNames(view.scopes, say) },
      { label: say.words.sharedUntil, text: until },
    ],
    siteLinks:
      view.siteNames.length > 1
        ? view.siteNames.map((name, index) => ({
            name,
            url: `?lang=${say.locale}&site=${index + 1}`,
            shown: index === view.shown,
          }))
        : null,
    sites: (view.site ? [view.site] : []).map((site) => ({
      site: site.site,
      address: site.address,
      certificates:
        site.certificates &&
        site.certificates.map((certificate) => ({
          number: certificate.number,
          status: say.say(STATUS[certificate.status]),
          until: say.say('untilDay', { date: say.date(certificate.validUntil) }),
          verifyUrl: webAddress(certificate.verifyUrl),
          pdfUrl: webAddress(certificate.pdfUrl),
        })),
      noCertificates: site.certificates?.length === 0,
      assessments: site.assessments && site.assessments.map((each) => assessmentModel(each, say, most)),
      noAssessments: site.assessments?.length === 0,
    })),
    printed: say.say('printed', { date: say.date(view.printedOn) }),
  };
}

const STATUS = {
  valid: 'statusValid',
  suspended: 'statusSuspended',
  withdrawn: 'statusWithdrawn',
  expired: 'statusExpired',
  superseded: 'statusSuperseded',
} as const;

function assessmentModel(view: SharedAssessment, say: Speech, most: number) {
  const { checklist, result } = view;
  return {
    title: `${say.kind(view.kind)} · ${say.date(view.date)}`,
    against: say.say('checklistLine', {
      title: checklist.title,
      edition: checklist.edition,
      level: checklist.level,
    }),
    result: result && {
      verdict: say.verdict(result.verdict),
      points: say.points(result.points),
      // A score never stands without what it is out of.
      conform: say.say('conformLine', {
        conforming: result.counts.conforming,
        applicable: result.counts.total - result.counts.notApplicable,
      }),
    },
    exceptions: say.exceptions(view.exceptions),
    sections:
      view.sections &&
      view.sections.map((section) => ({
        title: section.title,
        points: section.points === null ? say.say('notRated') : say.number(section.points, 1),
        counts: say.say('sectionCounts', {
          conforming: section.counts.conforming,
          applicable: section.counts.total - section.counts.notApplicable,
        }),
      })),
    findings:
      view.findings &&
      view.findings.slice(0, most).map((finding) => ({
        code: finding.requirement,
        question: finding.question,
        grade: say.grade(finding.grade),
        state: finding.closedOn
          ? say.say('closedOn', { date: say.date(finding.closedOn) })
          : finding.dueOn
            ? say.say('dueOnDay', { date: say.date(finding.dueOn) })
            : null,
      })),
    noFindings: view.findings?.length === 0,
    moreFindings: (view.findings?.length ?? 0) > most,
    report: view.report && { url: webAddress(view.report.url), pdfUrl: webAddress(view.report.pdfUrl) },
    disclaimer: say.disclaimer(checklist.title, checklist),
  };
}

/** One and the same page for a link that is unknown, tampered with, revoked or run out. Serve it with 404. */
export function renderSharedGoneHtml(locale: Locale, options: HtmlOptions = {}): string {
  const say = speech(locale);
  return renderHtml('shared-gone', {
    lang: locale,
    dir: say.dir,
    t: say.words,
    nonce: options.nonce ?? null,
  });
}

const PART = { agency: 'partAgency', 'assessment-provider': 'partProvider', buyer: 'partBuyer' } as const;
const STATE = { active: 'grantActive', revoked: 'grantRevoked', expired: 'grantExpired' } as const;
const EVENT = {
  granted: 'eventGranted',
  changed: 'eventChanged',
  revoked: 'eventRevoked',
  expired: 'eventRunOut',
  viewed: 'eventViewed',
  notified: 'eventNotified',
} as const;

/** The supplier's page "who sees your data": everybody who sees something now, and the ledger. No script. */
export function renderConsentLedgerHtml(
  view: ConsentLedgerView,
  locale: Locale,
  options: HtmlOptions = {},
): string {
  const say = speech(locale);
  return small(
    (most) => renderHtml('consent-ledger', { ...ledgerModel(view, say, most), nonce: options.nonce ?? null }),
    [100, 50, 25, 10],
  );
}

function ledgerModel(view: ConsentLedgerView, say: Speech, most: number) {
  return {
    lang: say.locale,
    dir: say.dir,
    t: say.words,
    title: `${say.say('consentLedger')} – ${view.organisation}`,
    organisation: view.organisation,
    grants: view.grants.slice(0, most).map((grant) => ({
      to: grant.to,
      state: say.say(STATE[grant.state]),
      tone: grant.state === 'active' ? 'good' : 'plain',
      sites: say.list(grant.sites),
      scopes: scopeNames(grant.scopes, say),
      purpose: grant.purpose,
      until: say.say('untilDay', { date: say.date(grant.until) }),
    })),
    programmes: view.programmes.slice(0, most).map((each) => ({
      programme: each.programme,
      organisation: each.organisation,
      part: say.say(PART[each.part]),
      scopes: each.scopes ? scopeNames(each.scopes, say) : say.say('scopeRecord'),
    })),
    events: view.events.slice(0, most).map((event) => ({
      on: say.date(event.on),
      kind: say.say(EVENT[event.kind]),
      to: event.to,
    })),
    more: view.moreEvents || view.events.length > most,
    printed: say.say('printed', { date: say.date(view.printedOn) }),
  };
}
