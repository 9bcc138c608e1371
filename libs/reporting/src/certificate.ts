import QRCode from 'qrcode';
import { languageLinks } from './home.js';
import { renderHtml, webAddress } from './html.js';
import { speech, type Speech } from './speech.js';
import { renderPdf } from './typst.js';
import type { CertificateStatus } from '#domain';
import type {
  CertificateResult,
  CertificateView,
  HistoryLine,
  HtmlOptions,
  Locale,
  VerificationView,
} from './views.js';

/** A long name or address makes the whole page smaller, in steps, down to text of 5.5 points. */
const SCALES = [1, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6];

const CODE = { errorCorrectionLevel: 'M' } as const;
let kept: QRCode.QRCode | undefined;

/**
 * The code that leads to an address. One matrix is kept for good: what V8 has compiled for a shape it throws away with the
 * last object of that shape, at the next collection of garbage, and the next code then takes ten times as long.
 */
function codeOf(address: string): Promise<string> {
  kept ??= QRCode.create(address, CODE);
  return QRCode.toString(address, { ...CODE, type: 'svg', margin: 0 });
}

/** The certificate: one page, PDF/A-3b, its code leads to the public page, the machine-readable statement is attached. */
export async function certificatePdf(view: CertificateView, locale: Locale): Promise<Uint8Array> {
  const qr = await codeOf(view.verifyUrl);
  return renderPdf(
    'certificate.typ',
    { ...certificateModel(view, locale), qr },
    { standard: 'a-3b', date: view.issuedOn, onePage: SCALES },
  );
}

/** What the page says. */
export function certificateModel(view: CertificateView, locale: Locale) {
  const say = speech(locale);
  const t = say.words;
  const { assessment, subject, checklist } = view;
  const fact = (label: string, text: string) => ({ label, text });
  const about = say.checklistFacts(checklist);
  return {
    lang: locale,
    dir: say.dir,
    t,
    number: view.number,
    verifyUrl: view.verifyUrl,
    issuer: view.issuer,
    organisation: subject.organisation,
    site: subject.site,
    address: say.address(subject.address),
    gln: subject.gln ?? null,
    against: say.checklist(checklist),
    programme: view.programme,
    subjectFacts: [
      fact(t.scope, view.scope),
      fact(t.categories, view.productCategories.length ? say.list(view.productCategories) : t.none),
      fact(t.exclusions, view.exclusions.length ? say.list(view.exclusions) : t.none),
    ],
    assessmentFacts: [
      fact(t.assessedOn, say.list(assessment.dates.map((day) => say.date(day)))),
      fact(
        say.words.assessmentKind,
        [
          assessment.announced ? t.announced : t.unannounced,
          assessment.sequence > 1
            ? say.say('repeatAssessment', { n: assessment.sequence })
            : t.firstAssessment,
        ].join(t.dot),
      ),
      fact(t.assessor, assessment.assessor),
      fact(t.provider, assessment.provider),
      fact(t.accreditation, assessment.accreditation ?? t.none),
      fact(t.reviewer, view.reviewer),
      fact(t.decider, view.decider),
    ],
    results: [
      { title: t.asFound, ...resultModel(view.asFound, say, 'findingsLine') },
      { title: t.afterClosure, ...resultModel(view.afterClosure, say, 'openLine') },
    ],
    dates: [
      fact(t.issuedOn, say.date(view.issuedOn)),
      fact(t.validUntil, say.date(view.validUntil)),
      fact(t.nextDue, say.date(view.nextDue)),
    ],
    independence: independenceLine(view.independence, say),
    about: about.slice(1),
    reportHash: view.reportHash,
    disclaimer: say.disclaimer(view.programme, checklist),
    attachment: view.attachment,
    attachedNote: say.say('attachedNote', { name: view.attachment.name }),
    issued: dayParts(view.issuedOn),
  };
}

/** What is said of independence; "none" only where nobody coached and nothing was allowed. */
function independenceLine(
  { lookBackMonths: months, overlaps, exceptions, organisationType }: CertificateView['independence'],
  say: Speech,
): string {
  const allowed = say.exceptions(exceptions);
  const periods = overlaps.map(({ from, until }) => say.stretch(from, until)).join('; ');
  return [
    ...(overlaps.length ? [say.say('independenceOverlap', { months, overlaps: periods })] : []),
    ...(overlaps.length || allowed.length ? [] : [say.say('independenceNone', { months })]),
    ...(organisationType ? [say.words[`organisationType${organisationType}`]] : []),
    ...allowed.map((line) => say.say('exceptionAllowed', { line })),
  ].join(' ');
}

/** For the document's own metadata. */
function dayParts(day: string): { year: number; month: number; day: number } {
  const [year, month, date] = day.split('-').map(Number);
  return { year: year!, month: month!, day: date! };
}

function resultModel(result: CertificateResult, say: Speech, findings: 'findingsLine' | 'openLine') {
  return {
    verdict: say.verdict(result.verdict),
    points: result.points === null ? say.words.notRated : say.pointsOf(result.points),
    conform: say.say('conformLine', { conforming: result.conforming, applicable: result.applicable }),
    findings: say.say(findings, { critical: result.critical, major: result.major, minor: result.minor }),
  };
}

const STATUS = {
  valid: { title: 'statusValid', text: 'explainValid', tone: 'good' },
  suspended: { title: 'statusSuspended', text: 'explainSuspended', tone: 'warn' },
  withdrawn: { title: 'statusWithdrawn', text: 'explainWithdrawn', tone: 'bad' },
  expired: { title: 'statusExpired', text: 'explainExpired', tone: 'bad' },
  superseded: { title: 'statusSuperseded', text: 'explainSuperseded', tone: 'warn' },
} as const;

const EVENT = {
  issued: 'eventIssued',
  suspended: 'eventSuspended',
  reinstated: 'eventReinstated',
  withdrawn: 'eventWithdrawn',
  expired: 'eventExpired',
  superseded: 'eventSuperseded',
  'scope-reduced': 'eventScopeReduced',
} as const satisfies Record<HistoryLine['event'], string>;

/** Name of a status in the language. */
export function statusName(status: CertificateStatus, say: Speech): string {
  return say.say(STATUS[status].title);
}

/** The public page behind a certificate's code. Serve the unknown answer with 404, the others with 200. */
export function renderVerificationHtml(
  view: VerificationView,
  locale: Locale,
  options: HtmlOptions = {},
): string {
  const say = speech(locale);
  const t = say.words;
  const common = {
    lang: locale,
    dir: say.dir,
    t,
    number: view.number,
    checked: say.say('checkedOn', { date: say.date(view.checkedOn) }),
    languages: languageLinks(locale),
    nonce: options.nonce ?? null,
  };
  if (!view.known) {
    return renderHtml('verification-unknown', {
      ...common,
      title: t.unknownTitle,
      text: say.say('unknownText', { number: view.number }),
    });
  }
  const status = STATUS[view.status];
  const exceptions = say.exceptions(view.exceptions);
  return renderHtml('verification', {
    ...common,
    title: `${view.number} – ${say.say(status.title)}`,
    status: say.say(status.title),
    tone: status.tone,
    explanation:
      view.status === 'valid' || view.status === 'expired'
        ? say.say(status.text, { date: say.date(view.validUntil) })
        : say.say(status.text),
    newer: view.supersededBy
      ? {
          url: webAddress(view.supersededBy.url),
          text: say.say('seeNewer', { number: view.supersededBy.number }),
        }
      : null,
    organisation: view.subject.organisation,
    site: view.subject.site,
    address: view.subject.address ? say.address(view.subject.address) : null,
    facts: [
      { label: t.issuer, text: view.issuer },
      { label: t.programme, text: view.programme },
      ...say.checklistFacts(view.checklist),
      { label: t.scope, text: view.scope },
      {
        label: t.categories,
        text: view.productCategories.length ? say.list(view.productCategories) : t.none,
      },
      { label: t.assessedOn, text: say.list(view.assessedOn.map((day) => say.date(day))) },
      { label: t.issuedOn, text: say.date(view.issuedOn) },
      { label: t.validUntil, text: say.date(view.validUntil) },
    ],
    exceptions,
    reportHash: view.reportHash,
    history: view.history.map((line) => ({
      on: say.date(line.on),
      event: say.say(EVENT[line.event]),
      reason: line.reason ?? null,
    })),
    disclaimer: say.disclaimer(view.programme, view.checklist),
  });
}
