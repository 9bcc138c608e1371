import { CRITICALITIES } from '#domain';
import { languageLinks } from './home.js';
import { renderHtml } from './html.js';
import { speech, type Speech } from './speech.js';
import { renderPdf } from './typst.js';
import {
  type ConformityCounts,
  type GapItem,
  type GapReportView,
  type HtmlOptions,
  type Locale,
  type StepLine,
} from './views.js';

/** Codes listed beside a buyer when the page must be brief; the gaps themselves carry the buyer's number. */
const FEW = 8;

/** The page must load on a cheap phone over a slow network: it stays below this. */
export const GAP_REPORT_BYTES = 30_000;

/** What of the report a page shows. */
interface Shape {
  /** How many gaps, most serious first, carry the checklist's advice. */
  readonly advised: number;
  /** A buyer names only some of the codes it waits for; where the buyers stand on the same page, a gap names them by number. */
  readonly brief?: boolean;
  /** Which of the gaps, most serious first; left out: all. */
  readonly from?: number;
  readonly to?: number;
  readonly part?: number;
  readonly parts?: number;
}

/**
 * The gap report as a page: no script, no outside file. To stay small, buyers' names beside a gap give way to their
 * numbers in the list of buyers, then advice is left out, least serious gaps first. A report that is too long even so comes
 * in parts, with all its advice; `part` says which. What the assessor saw is never left out.
 */
export function renderGapReportHtml(
  view: GapReportView,
  locale: Locale,
  options: HtmlOptions & { readonly part?: number } = {},
): string {
  const page = (shape: Shape): string =>
    renderHtml('gap-report', { ...gapReportModel(view, locale, shape), nonce: options.nonce ?? null });
  const small = (html: string): boolean => Buffer.byteLength(html) < GAP_REPORT_BYTES;
  const whole = page({ advised: view.gaps.length });
  if (small(whole)) return whole;
  for (let advised = view.gaps.length; advised > -4; advised -= 4) {
    const html = page({ advised: Math.max(0, advised), brief: true });
    if (small(html)) return html;
  }
  const all = view.gaps.length;
  /** The part that begins with a gap, as long as it may be. Its size grows with each gap, so halving finds the last. */
  const endOf = (from: number, part: number): number => {
    let [fits, tooMany] = [from, all + 1];
    while (tooMany - fits > 1) {
      const to = (fits + tooMany) >> 1;
      // The number of parts isn't known yet; it has three digits at most.
      if (small(page({ advised: all, brief: true, from, to, part, parts: 999 }))) fits = to;
      else tooMany = to;
    }
    // The first part may be full of what stands before the gaps; every other takes one at least.
    return part > 1 ? Math.max(fits, from + 1) : fits;
  };
  const ends: number[] = [];
  do ends.push(endOf(ends.at(-1) ?? 0, ends.length + 1));
  while (ends.at(-1)! < all);
  const part = Math.min(options.part ?? 1, ends.length);
  return page({
    advised: all,
    brief: true,
    from: ends[part - 2] ?? 0,
    to: ends[part - 1]!,
    part,
    parts: ends.length,
  });
}

/** The same report to print and to file. */
export async function gapReportPdf(view: GapReportView, locale: Locale): Promise<Uint8Array> {
  return renderPdf('gap-report.typ', gapReportModel(view, locale, { advised: view.gaps.length }), {
    date: view.printedOn,
  });
}

/** What both templates show, in words. */
export function gapReportModel(view: GapReportView, locale: Locale, shape: Shape) {
  const { advised, brief = false, from = 0, to = view.gaps.length, part = 1, parts = 1 } = shape;
  const say = speech(locale);
  const { counts } = view.result;
  const applicable = counts.total - counts.notApplicable;
  const grouped = CRITICALITIES.map((criticality) => ({
    criticality,
    gaps: view.gaps.filter((gap) => gap.criticality === criticality),
  })).filter((group) => group.gaps.length > 0);
  const shown = new Map(grouped.flatMap(({ gaps }) => gaps).map((gap, place) => [gap, place]));
  const here = (gap: GapItem): boolean => shown.get(gap)! >= from && shown.get(gap)! < to;
  const codes = new Set(view.gaps.filter(here).map(({ requirement }) => requirement));
  const { fallback } = view.checklist;
  return {
    lang: locale,
    dir: say.dir,
    t: say.words,
    title: `${say.say('gapReport')} – ${view.subject.site}`,
    site: view.subject.site,
    // A site is often called after its owner and its town: nothing is said twice.
    organisation: view.subject.site.startsWith(`${view.subject.organisation},`)
      ? null
      : view.subject.organisation,
    address:
      view.subject.address && !view.subject.site.includes(view.subject.address)
        ? say.address(view.subject.address)
        : null,
    programme: view.programme,
    when: say.join(say.kind(view.assessment.kind), say.date(view.assessment.date)),
    verdict: say.verdict(view.result.verdict),
    verdictClass: view.result.verdict === 'pass' ? 'good' : view.result.verdict === 'fail' ? 'bad' : 'plain',
    points: view.result.points === null ? null : say.pointsOf(view.result.points),
    grade: view.result.grade ?? null,
    conformLine:
      applicable === 0
        ? say.say('noneApplies')
        : say.say('conformLine', { conforming: counts.conforming, applicable }),
    countsLine: say.say('countsLine', countWords(counts)),
    applicableLine: say.count('applicableOf', counts.total, { applicable }),
    exceptions: say.exceptions(view.exceptions),
    noGaps:
      view.gaps.length > 0
        ? null
        : view.result.verdict === 'not-scorable'
          ? say.words.nothingScorable
          : say.words.nothingMissing,
    bar: bar(counts, say),
    key: (Object.keys(PAINT) as (keyof typeof PAINT)[])
      .filter((kind) => counts[kind] > 0)
      .map((kind) => ({ kind: PAINT[kind], label: say.words[kind], count: say.number(counts[kind]) })),
    first: part === 1,
    parts:
      parts === 1
        ? null
        : [part - 1, part, part + 1]
            .filter((n) => n >= 1 && n <= parts)
            .map((n) => ({
              url: `?lang=${locale}&part=${n}`,
              name: say.say('partOf', { n, of: parts }),
              current: n === part,
            })),
    languages: languageLinks(locale),
    // What the texts of the checklist are written in, where it isn't the reader's language.
    contentLang: fallback ?? null,
    contentIn: fallback ? say.say('contentIn', { language: say.language(fallback) }) : null,
    steps: view.firstSteps.map((step, index) => stepModel(step, index, say)),
    buyers: view.buyers.map((buyer, index) => ({
      number: say.number(index + 1),
      name: buyer.buyer,
      category: buyer.category,
      rule: say.digits(buyer.rule),
      ready: buyer.ready,
      conditional: !!buyer.conditionalUntil,
      state: buyer.conditionalUntil
        ? `${say.say('conditional')}, ${say.say('untilDay', { date: say.date(buyer.conditionalUntil) })}`
        : say.say(buyer.ready ? 'ready' : 'notReady'),
      missing: buyer.missing.length ? say.count('missingCount', buyer.missing.length) : null,
      more: brief && buyer.missing.length > FEW,
      codes: (brief ? buyer.missing.slice(0, FEW) : buyer.missing).map((code) => ({
        code,
        linked: codes.has(code),
      })),
      reasons:
        [
          ...(buyer.graceEndedOn ? [say.say('graceOver', { date: say.date(buyer.graceEndedOn) })] : []),
          ...(buyer.reasons.length ? [say.list(buyer.reasons)] : []),
        ].join(' ') || null,
    })),
    path: view.cheapestPath && {
      target: say.say('cheapestPathFor', {
        buyer: view.cheapestPath.buyer,
        category: view.cheapestPath.category,
      }),
      steps: view.cheapestPath.steps.map((step, index) => stepModel(step, index, say)),
      total: expense(view.cheapestPath.totalHours, view.cheapestPath.totalCost, say),
    },
    gapsCount: say.count('gapsCount', view.gaps.length),
    groups: grouped
      .filter(({ gaps }) => gaps.some(here))
      .map(({ criticality, gaps }) => ({
        criticality,
        title: say.grade(criticality),
        count: say.count('gapsCount', gaps.length),
        meaning: say.say(`${criticality}Meaning`),
        gaps: gaps.filter(here).map((gap) => ({
          ...gapModel(gap, shown.get(gap)! < advised, say),
          lang: gap.fallback ?? fallback ?? null,
          ...(brief && parts === 1 ? { blocks: blockedNumbers(view, gap, say) } : {}),
        })),
      })),
    shortened: advised < view.gaps.length && view.gaps.some((gap) => gap.guidance),
    sections: view.sections.map((section) => {
      const applicable = section.counts.total - section.counts.notApplicable;
      return {
        code: section.code,
        title: section.title,
        points: section.points === null ? say.say('notRated') : say.number(section.points, 1),
        rated: section.points !== null,
        counts: say.say('sectionCounts', { conforming: section.counts.conforming, applicable }),
        bar: bar(section.counts, say),
      };
    }),
    facts: [
      { label: say.words.programme, text: view.programme },
      ...say.checklistFacts(view.checklist),
      ...(view.assessment.assessor ? [{ label: say.words.assessor, text: view.assessment.assessor }] : []),
      ...(view.assessment.provider ? [{ label: say.words.provider, text: view.assessment.provider }] : []),
      { label: say.words.reference, text: view.reference },
    ],
    checklistLine: say.checklist(view.checklist),
    translation:
      view.checklist.translationStatus === 'original'
        ? null
        : say.translation(view.checklist.translationStatus),
    disclaimer: say.disclaimer(view.programme, view.checklist),
    printed: say.say('printed', { date: say.date(view.printedOn) }),
    reference: view.reference,
  };
}

function gapModel(gap: GapItem, advised: boolean, say: Speech) {
  return {
    code: gap.requirement,
    question: say.digits(gap.question),
    state: say.conformity(gap.conformity),
    mandatory: gap.required === true,
    note: gap.note ?? null,
    guidance: advised && gap.guidance ? say.digits(gap.guidance) : null,
    blocks: gap.blocks.length ? say.list(gap.blocks) : null,
    due: gap.dueOn ? say.date(gap.dueOn) : null,
    course: gap.course ?? null,
  };
}

/** Numbers, in the list of buyers, of those whose rule waits for this requirement. */
function blockedNumbers(view: GapReportView, gap: GapItem, say: Speech): string | null {
  const numbers = view.buyers.flatMap((buyer, index) =>
    buyer.missing.includes(gap.requirement) ? [say.number(index + 1)] : [],
  );
  return numbers.length ? numbers.join(say.dir === 'rtl' ? '، ' : ', ') : null;
}

function stepModel(step: StepLine, index: number, say: Speech) {
  return {
    number: say.number(index + 1),
    text: say.digits(step.text),
    why: step.why ? say.digits(step.why) : null,
    codes: step.requirements.length ? say.codes(step.requirements) : null,
    expense: expense(step.effortHours, step.cost, say),
  };
}

function expense(hours: number | undefined, cost: StepLine['cost'], say: Speech): string | null {
  const parts = [
    ...(hours === undefined ? [] : [say.count('hours', hours)]),
    ...(cost ? [say.money(cost)] : []),
  ];
  return parts.length ? say.join(...parts) : null;
}

function countWords(counts: ConformityCounts): Record<string, number> {
  return { ...counts, applicable: counts.total - counts.notApplicable };
}

/** Class of a part of a bar in both templates, in drawing order. */
const PAINT = { conforming: 'c', partly: 'p', nonconforming: 'n', notAssessed: 'u' } as const;

/** Shares of a bar in percent of the applicable requirements; null when nothing applies. */
function bar(counts: ConformityCounts, say: Speech) {
  const applicable = counts.total - counts.notApplicable;
  if (applicable === 0) return null;
  let start = 0;
  const parts = (Object.keys(PAINT) as (keyof typeof PAINT)[]).flatMap((kind) => {
    const width = Math.round((counts[kind] / applicable) * 1000) / 10;
    const x = say.dir === 'rtl' ? Math.round((100 - start - width) * 10) / 10 : start;
    start = Math.round((start + width) * 10) / 10;
    return width > 0 ? [{ kind: PAINT[kind], x, width }] : [];
  });
  return { parts, label: say.say('countsLine', countWords(counts)) };
}
