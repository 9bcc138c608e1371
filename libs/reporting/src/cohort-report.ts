import { CHART_FONT, Chart, drawChart } from './charts.js';
import {
  distributionChartOption,
  sectionChartHeight,
  sectionChartOption,
  waterfallChartOption,
} from './chart-options.js';
import { renderHtml } from './html.js';
import { speech, type Speech } from './speech.js';
import { renderPdf } from './typst.js';
import type { CohortReportView, HtmlOptions, Locale, Measured, Unmatched } from './views.js';

/** The cohort report as one page, with the charts in it. */
export function renderCohortReportHtml(
  view: CohortReportView,
  locale: Locale,
  options: HtmlOptions = {},
): string {
  return renderHtml('cohort-report', {
    ...cohortReportModel(view, locale),
    charts: cohortCharts(view, locale),
    nonce: options.nonce ?? null,
  });
}

/** The same report to print and to file; the charts travel as SVG text in the data. */
export async function cohortReportPdf(view: CohortReportView, locale: Locale): Promise<Uint8Array> {
  const charts = cohortCharts(view, locale);
  const drawn = (chart: Chart | null) => chart && drawChart(chart);
  return renderPdf(
    'cohort-report.typ',
    {
      ...cohortReportModel(view, locale),
      charts: {
        sections: drawn(charts.sections),
        distribution: drawn(charts.distribution),
        parts: drawn(charts.parts),
      },
    },
    { date: view.printedOn },
  );
}

function cohortCharts(view: CohortReportView, locale: Locale) {
  const say = speech(locale);
  const theme = {
    dir: say.dir,
    font: CHART_FONT,
    number: (value: number) => say.number(value, 1),
    signed: (value: number) => say.signed(value),
  };
  const names = { baseline: say.words.baseline, followUp: say.words.followUp };
  const rows = view.sections.map((section) => ({
    label: section.title,
    baseline: section.baseline,
    followUp: section.followUp,
  }));
  const { parts } = view;
  return {
    sections: rows.length
      ? new Chart(
          sectionChartOption(rows, names, theme),
          460,
          sectionChartHeight(rows.length),
          say.words.bySection,
        )
      : null,
    distribution: view.distribution.length
      ? new Chart(distributionChartOption(view.distribution, names, theme), 460, 240, say.words.distribution)
      : null,
    parts: parts
      ? new Chart(
          waterfallChartOption(
            [
              { label: say.words.partReal, value: parts.real },
              { label: say.words.partScope, value: parts.scope, artefact: true },
              { label: say.words.partChecklist, value: parts.checklist, artefact: true },
              { label: say.words.partMissing, value: parts.missing, artefact: true },
              { label: say.words.partHeadline, value: parts.headline, total: true },
            ],
            theme,
          ),
          460,
          240,
          say.words.waterfall,
        )
      : null,
  };
}

/** What both templates show, in words; every figure beside the number of sites it rests on. */
export function cohortReportModel(view: CohortReportView, locale: Locale) {
  const say = speech(locale);
  const t = say.words;
  const { change, n } = view;
  const points = (value: number | null) => (value === null ? t.notComputed : say.decimal(value));
  const measured = (label: string, figure: Measured, format: (value: number) => string, strong = false) => ({
    label,
    value: figure.value === null ? t.notComputed : format(figure.value),
    n: say.number(figure.n),
    strong,
  });
  const moved = (count: number) => ({
    count: say.number(count),
    share: n.matched ? Math.round((count / n.matched) * 1000) / 10 : 0,
    line: say.say('ofMatched', { n: count, matched: n.matched }),
  });
  return {
    lang: locale,
    dir: say.dir,
    t,
    title: `${t.cohortReport} – ${view.cohort}`,
    cohort: view.cohort,
    programme: view.programme,
    place: view.place ?? null,
    period: say.say('period', { from: say.date(view.from), to: say.date(view.to) }),
    headline: change.points.value === null ? t.notComputed : say.signedPoints(change.points.value),
    headlineN: say.say('basedOn', { n: change.points.n }),
    headlineExplained: say.say('headlineExplained', {
      baseline: points(view.baselineMean),
      followUp: points(view.followUpMean),
    }),
    counts: [
      { label: t.enrolled, value: say.number(n.enrolled), strong: false },
      { label: t.baseline, value: say.number(n.baseline), strong: false },
      { label: t.followUp, value: say.number(n.followUp), strong: false },
      { label: t.matched, value: say.number(n.matched), strong: true },
    ],
    measures: [
      measured(t.changePoints, change.points, (value) => say.signed(value), true),
      measured(t.changeOfMeans, change.ofMeansPercent, (value) => say.signedPercent(value)),
      measured(t.meanOfRelative, change.meanOfRelativePercent, (value) => say.signedPercent(value)),
      measured(t.normalisedGain, change.normalised, (value) => say.number(value, 2)),
    ],
    spread: [
      { label: t.median, value: change.median === null ? t.notComputed : say.signed(change.median) },
      {
        label: t.iqr,
        value:
          change.q1 === null || change.q3 === null
            ? t.notComputed
            : say.say('rangeLine', { from: say.signed(change.q1), to: say.signed(change.q3) }),
      },
      { label: t.sd, value: points(change.sd) },
    ],
    spreadN: say.say('basedOn', { n: n.matched }),
    improved: moved(view.direction.improved),
    same: moved(view.direction.same),
    worse: moved(view.direction.worse),
    direction: directionBar(view, say),
    tolerance:
      view.direction.tolerance === 0
        ? t.toleranceNone
        : say.count('toleranceLine', view.direction.tolerance, {}, 1),
    attrition: view.attrition.map((line) => ({
      reason: exitWords(line.reason, say),
      count: say.number(line.count),
    })),
    attritionTotal: say.say('attritionTotal', { missing: n.enrolled - n.matched, enrolled: n.enrolled }),
    sections: view.sections.map((section) => ({
      title: section.title,
      n: say.number(section.n),
      baseline: section.baseline === null ? t.notRated : say.decimal(section.baseline),
      followUp: section.followUp === null ? t.notRated : say.decimal(section.followUp),
      change:
        section.baseline === null || section.followUp === null
          ? '–'
          : say.signed(section.followUp - section.baseline),
    })),
    hasParts: view.parts !== null,
    method: methodLines(view, say),
    facts: [
      { label: t.programme, text: view.programme },
      ...checklistFacts(view, say),
      { label: t.reference, text: view.reference },
    ],
    people: view.people && {
      line: say.say('peopleLine', {
        matched: view.people.matched,
        pre: say.points(view.people.preMean),
        post: say.points(view.people.postMean),
        change: say.signedPoints(view.people.changePoints),
      }),
    },
    claims: view.claims.map((claim) => ({
      figure: claim.figure,
      statement: claim.statement,
      unit: say.say('claimUnit', { unit: claim.unit }),
      source: say.say('claimSource', { source: claim.source }),
    })),
    disclaimer: say.disclaimer(view.programme, view.followUpChecklist),
    printed: say.say('printed', { date: say.date(view.printedOn) }),
    reference: view.reference,
  };
}

const EXIT_WORDS = {
  'closed-down': 'exitClosedDown',
  'no-time': 'exitNoTime',
  'no-staff': 'exitNoStaff',
  cost: 'exitCost',
  'lost-interest': 'exitLostInterest',
  'left-market': 'exitLeftMarket',
  merged: 'exitMerged',
  'changed-owner': 'exitChangedOwner',
  other: 'exitOther',
  unknown: 'exitUnknown',
  'no-follow-up': 'noFollowUpYet',
} as const satisfies Readonly<Record<Unmatched, string>>;

/** Why a site is missing in the reader's language; what is no code stands as it was written. */
function exitWords(reason: string, say: Speech): string {
  return Object.hasOwn(EXIT_WORDS, reason) ? say.words[EXIT_WORDS[reason as Unmatched]] : reason;
}

/** What both assessments used, said once where it is the same. */
function checklistFacts(view: CohortReportView, say: Speech) {
  const later = say.checklistFacts(view.followUpChecklist);
  return say.checklistFacts(view.baselineChecklist).flatMap((fact, index) => {
    const other = later[index]!;
    return fact.text === other.text
      ? [fact]
      : [
          { ...fact, label: `${fact.label} (${say.words.baseline})` },
          { ...other, label: `${other.label} (${say.words.followUp})` },
        ];
  });
}

/** Where the three parts of the bar start, in percent; mirrored right to left. */
function directionBar(view: CohortReportView, say: Speech) {
  const { improved, same, worse } = view.direction;
  const all = view.n.matched || 1;
  const at = (before: number, own: number): number => {
    const start = (before / all) * 100;
    return Math.round((say.dir === 'rtl' ? 100 - start - (own / all) * 100 : start) * 10) / 10;
  };
  return { improvedX: at(0, improved), sameX: at(improved, same), worseX: at(improved + same, worse) };
}

function methodLines(view: CohortReportView, say: Speech): string[] {
  const { items, independence, daysBetween } = view;
  return [
    say.say('itemsLine', { ...items }),
    say.say('independenceLine', {
      months: independence.lookBackMonths,
      independent: independence.independent,
      overlapping: independence.overlapping,
      unknown: independence.unknown,
    }),
    ...(independence.exceptions ? [say.count('exceptionGains', independence.exceptions)] : []),
    ...(daysBetween ? [say.say('daysBetweenLine', { ...daysBetween })] : []),
    ...(view.suppressedBelow > 1 ? [say.say('suppressedLine', { n: view.suppressedBelow })] : []),
    say.words.noControl,
  ];
}
