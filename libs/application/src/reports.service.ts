import type { Programme, Database } from '#persistence';
import {
  aggregateFigures,
  CRITICALITIES,
  findingsOf,
  fromMicroPoints,
  type Criticality,
  requirementsOf,
  type Score,
} from '#domain';
import { dayIn } from '#platform';
import type { BuyerLine, CohortReportView, GapReportView, Locale, StepLine, Unmatched } from '#reporting';
import type { EntityManager } from 'typeorm';
import {
  ASSESSMENT_SCOPES,
  cohortAccess,
  mustSee,
  resultAccess,
  sees,
  seesRecord,
  siteAccess,
} from './access.js';
import { notFound, type Actor } from './actor.js';
import { loadAssessment, scoringOf, type LoadedAssessment } from './assessments.service.js';
import {
  categoryName,
  checklistLine,
  localisedVersion,
  ruleTitle,
  sectionLines,
  verdictOf,
} from './localised.js';
import { readinessOf, storedReadiness, type ReadinessRow } from './readiness.service.js';
import { gainsWithException } from './gains.service.js';
import { exceptionsBehind } from './impartiality.js';
import { emptyCohort, type CohortBody } from './results.service.js';

/** View-models of the gap report and the cohort report, in the reader's language. */
export class ReportsService {
  constructor(private readonly db: Database) {}

  /** What is missing at a site, how serious, what it blocks and what to do first. Provisional until submitted. */
  async gapReport(actor: Actor, assessmentId: string, locale: Locale): Promise<GapReportView> {
    const assessment = await loadAssessment(this.db, assessmentId);
    const access = await siteAccess(this.db, actor, assessment.siteId, 'assessment');
    if (!seesRecord(access) && (assessment.state !== 'closed' || !sees(access, ...ASSESSMENT_SCOPES)))
      throw notFound('assessment');
    mustSee(access, 'answers');
    return gapReportOf(
      this.db,
      assessment,
      locale,
      await readinessOf(this.db, assessment.siteId, actor, access),
    );
  }

  /** The report as it is kept when the assessment is closed: with every buyer's readiness. For the worker. */
  async gapReportForRecord(assessmentId: string, locale: Locale): Promise<GapReportView> {
    const assessment = await loadAssessment(this.db, assessmentId);
    return gapReportOf(this.db, assessment, locale, await storedReadiness(this.db, assessment.siteId));
  }

  /**
   * The cohort's gains from its running aggregate: the cost does not grow with the cohort. Attrition and independence
   * are counted by the database.
   */
  async cohortReport(actor: Actor, cohortId: string, locale: Locale): Promise<CohortReportView> {
    mustSee(resultAccess(await cohortAccess(this.db, actor, cohortId), 'cohort'), 'section-scores');
    const [cohort] = await this.db.query(
      `SELECT c.name, c.starts_on::text AS "from", coalesce(c.ends_on, (now() AT TIME ZONE p.time_zone)::date)::text AS "to", p.name AS programme, p.time_zone AS "timeZone", p.claims, p.look_back_months AS "lookBack",
              coalesce(g.baselines, 0) AS baselines, coalesce(g.follow_ups, 0) AS "followUps", g.body FROM cohort c JOIN programme p ON p.id = c.programme_id
         LEFT JOIN cohort_aggregate g ON g.cohort_id = c.id WHERE c.id = $1`,
      [cohortId],
    );
    const body = (cohort.body as CohortBody | null) ?? emptyCohort();
    const figures = aggregateFigures(body.gains);
    const [flow] = await this.db.query<{ enrolled: number; exits: Record<string, number> }[]>(
      `SELECT enrolled, exits FROM cohort_flow(ARRAY[$1::uuid])`,
      [cohortId],
    );
    const attrition = Object.entries(flow!.exits)
      .map(([reason, count]) => ({ reason: reason as Unmatched, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
    const left = attrition.reduce((sum, { count }) => sum + count, 0);
    const pair = await this.newestPair(cohortId, locale);
    const n = figures.nMatched;
    const part = (key: keyof CohortBody['parts']) =>
      n === 0 ? 0 : fromMicroPoints(Number(BigInt(body.parts[key])) / n);
    const bins = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90];
    const inBin = (histogram: Readonly<Record<string, number>>, from: number) =>
      Object.entries(histogram).reduce((sum, [point, count]) => {
        const value = Number(point);
        return value >= from && (value < from + 10 || (from === 90 && value === 100)) ? sum + count : sum;
      }, 0);
    return {
      reference: cohortId,
      programme: cohort.programme,
      cohort: cohort.name,
      from: cohort.from,
      to: cohort.to,
      ...pair.header,
      n: { enrolled: flow!.enrolled, baseline: cohort.baselines, followUp: cohort.followUps, matched: n },
      baselineMean: figures.meanBaseline,
      followUpMean: figures.meanFollowUp,
      change: {
        points: { value: figures.meanChangePoints, n },
        ofMeansPercent: { value: figures.changeOfMeansPercent, n },
        meanOfRelativePercent: {
          value: figures.meanOfRelativeChangesPercent.value,
          n: figures.meanOfRelativeChangesPercent.n,
        },
        normalised: { value: figures.normalisedGain, n },
        median: figures.approximateQuartiles?.median ?? null,
        q1: figures.approximateQuartiles?.q1 ?? null,
        q3: figures.approximateQuartiles?.q3 ?? null,
        sd: figures.sdChange,
      },
      direction: { improved: figures.improved, same: figures.same, worse: figures.worse, tolerance: 0 },
      attrition: [...attrition, ...stillOpen(flow!.enrolled - n - left)],
      sections: figures.sections
        .filter((section) => pair.isLeaf(section.section))
        .sort((a, b) => pair.place(a.section) - pair.place(b.section))
        .map((section) => ({
          title: pair.title(section.section),
          n: section.n,
          baseline: section.meanBaseline,
          followUp: section.meanFollowUp,
        })),
      distribution: bins.map((from) => ({
        from,
        to: from + 10,
        baseline: inBin(body.gains.histogram.baseline, from),
        followUp: inBin(body.gains.histogram.followUp, from),
      })),
      parts:
        n === 0
          ? null
          : {
              real: part('realChange'),
              scope: part('scopeChange'),
              checklist: part('checklistChange'),
              missing: part('missingItems'),
              headline: figures.meanChangePoints ?? 0,
            },
      independence: {
        ...body.independence,
        exceptions: await gainsWithException(this.db, [cohortId]),
        lookBackMonths: cohort.lookBack,
      },
      daysBetween: daysBetween(body.days),
      people: null,
      claims: (cohort.claims as Programme['claims']).map(({ figure, text, unit, source }) => ({
        figure,
        statement: text,
        unit,
        source,
      })),
      suppressedBelow: 1,
      printedOn: dayIn(new Date(), cohort.timeZone),
    };
  }

  /** Editions, profile and item counts of the cohort's newest gain: what the report's header says. */
  private async newestPair(cohortId: string, locale: Locale) {
    const [newest] = await this.db.query(
      `SELECT g.follow_up_id AS "followUpId", g.baseline_id AS "baselineId", g.body->'commonItems' AS common,
              g.body->'baselineItems' AS baseline, g.body->'followUpItems' AS "followUp"
         FROM (SELECT follow_up_id FROM gain WHERE cohort_id = $1 AND comparable ORDER BY computed_at DESC LIMIT 1) last
         JOIN gain g USING (follow_up_id)`,
      [cohortId],
    );
    const side = async (id: string | undefined) => {
      if (!id) return null;
      const assessment = await loadAssessment(this.db, id);
      const { checklistVersionId, checklistBody } = assessment;
      const texts = await localisedVersion(this.db, checklistVersionId, checklistBody, locale);
      return { checklistBody, texts, line: checklistLine(assessment, texts, locale) };
    };
    const baseline = await side(newest?.baselineId);
    const followUp = await side(newest?.followUpId);
    const sections = followUp?.checklistBody.sections ?? [];
    const parents = new Set(sections.flatMap((section) => section.parent ?? []));
    return {
      header: {
        baselineChecklist: baseline?.line ?? NO_CHECKLIST,
        followUpChecklist: followUp?.line ?? NO_CHECKLIST,
        items: {
          common: newest?.common ?? 0,
          baseline: newest?.baseline ?? 0,
          followUp: newest?.followUp ?? 0,
        },
      },
      title: (code: string) => followUp?.texts.section(code) ?? code,
      isLeaf: (code: string) => !parents.has(code),
      place: (code: string) => sections.findIndex((section) => section.code === code),
    };
  }
}

/** The gap report of an assessment that somebody may see, under the rules in `readiness`. No access check. */
export async function gapReportOf(
  db: Pick<EntityManager, 'query'>,
  assessment: LoadedAssessment,
  locale: Locale,
  readiness: readonly ReadinessRow[],
): Promise<GapReportView> {
  const { checklistBody, profileBody, responsesAfterClosure: responses } = assessment;
  const texts = await localisedVersion(db, assessment.checklistVersionId, checklistBody, locale);
  const score = scoringOf(assessment).score(responses, 'after-closure');
  const findings = findingsOf(checklistBody, score, profileBody, assessment.assessedOn, responses);
  const graded = new Map(findings.map((finding) => [finding.requirement, finding]));
  const requirements = requirementsOf(checklistBody);
  const own = readiness.filter((row) => row.assessmentId === assessment.id);
  const rules = own.map((row) => ({
    name: `${row.buyer}: ${ruleTitle(row, locale)}`,
    missing: new Set(missingFor(row)),
  }));
  const blockedBy = (code: string) => [
    ...new Set(rules.flatMap((rule) => (rule.missing.has(code) ? [rule.name] : []))),
  ];
  const [context] = await db.query(
    `SELECT s.name AS site, s.city, o.name AS organisation, p.name AS programme, p.time_zone AS "timeZone", person_name($2) AS assessor
       FROM assessment a JOIN site s ON s.id = a.site_id JOIN organisation o ON o.id = s.organisation_id
       LEFT JOIN cohort c ON c.id = a.cohort_id LEFT JOIN programme p ON p.id = c.programme_id WHERE a.id = $1`,
    [assessment.id, assessment.assessorId],
  );
  // Most serious first; among equals the mandatory, then the ones whose requirement matters most, then by effect.
  const ranked = (item: Score['items'][number]) => {
    const requirement = requirements.get(item.requirement)!;
    const criticality = CRITICALITIES.indexOf(requirement.criticality);
    const grade = CRITICALITIES.indexOf(item.findingGrade as Criticality);
    return { item, requirement, criticality, seriousness: grade < 0 ? criticality : grade };
  };
  const gaps = score.items
    .filter((item) => ['partly', 'nonconforming', 'not-assessed'].includes(item.conformity) && !item.closed)
    .map(ranked)
    .sort(
      (a, b) =>
        a.seriousness - b.seriousness ||
        Number(b.requirement.required ?? false) - Number(a.requirement.required ?? false) ||
        a.criticality - b.criticality ||
        b.item.effect - a.item.effect,
    )
    .map(({ item, requirement }) => {
      const text = texts.requirement(item.requirement);
      const finding = graded.get(item.requirement);
      const grade = item.findingGrade;
      return {
        requirement: item.requirement,
        section: item.section,
        question: text.question,
        ...(!texts.translated(item.requirement) && { fallback: checklistBody.language }),
        criticality:
          grade === 'critical' || grade === 'major' || grade === 'minor' ? grade : requirement.criticality,
        conformity: item.conformity as 'partly' | 'nonconforming' | 'not-assessed',
        required: requirement.required ?? false,
        ...(finding?.note && { note: finding.note }),
        ...(text.guidance && { guidance: text.guidance }),
        blocks: blockedBy(item.requirement),
        ...(finding?.dueOn && { dueOn: finding.dueOn }),
      };
    });
  const step = (code: string): StepLine => {
    const { question, guidance } = texts.requirement(code);
    return { text: question, ...(guidance && { why: guidance }), requirements: [code] };
  };
  const path = own
    .filter((row) => row.body.cheapestPath?.reachesReady && row.body.cheapestPath.items.length > 0)
    .sort((a, b) => a.body.cheapestPath!.items.length - b.body.cheapestPath!.items.length)[0];
  const exceptions = (await exceptionsBehind(db, [assessment.id])).get(assessment.id);
  return {
    reference: assessment.id,
    programme: context.programme ?? texts.title,
    subject: { organisation: context.organisation, site: context.site, address: context.city },
    checklist: checklistLine(assessment, texts, locale),
    assessment: {
      kind: assessment.kind,
      date: assessment.assessedOn,
      ...(context.assessor && assessment.kind !== 'self' && { assessor: context.assessor }),
    },
    result: {
      verdict: verdictOf(score),
      points: score.points,
      ...(score.grade && { grade: score.grade }),
      counts: score.counts,
    },
    sections: sectionLines(assessment, score.sections, texts),
    gaps,
    buyers: own.map((row): BuyerLine => ({
      buyer: row.buyer,
      category: categoryName(row.category, locale),
      rule: ruleTitle(row, locale),
      ready: row.status === 'ready',
      ...(row.status === 'conditional' && row.validUntil && { conditionalUntil: row.validUntil }),
      ...(row.status === 'not-ready' && row.body.graceUntil && { graceEndedOn: row.body.graceUntil }),
      missing: missingFor(row),
      reasons: [],
    })),
    firstSteps: gaps.slice(0, 3).map((gap) => step(gap.requirement)),
    cheapestPath: path
      ? {
          buyer: path.buyer,
          category: categoryName(path.category, locale),
          steps: path.body.cheapestPath!.items.map((item) => step(item.requirement)),
        }
      : null,
    ...(exceptions && { exceptions }),
    printedOn: dayIn(new Date(), context.timeZone ?? 'UTC'),
  };
}

/** Header of a cohort without a gain. */
const NO_CHECKLIST: CohortReportView['baselineChecklist'] = {
  title: '—',
  edition: '—',
  level: '—',
  profile: { title: '—', version: '—', source: '—', status: 'programme-default' },
  translationStatus: 'original',
};

/** Sites that are still in the cohort and have no matched pair yet. */
function stillOpen(count: number): CohortReportView['attrition'] {
  return count > 0 ? [{ reason: 'no-follow-up', count }] : [];
}

/** Median, least and most days between the two assessments, from the number of gains per day count. */
function daysBetween(days: Readonly<Record<string, number>>): CohortReportView['daysBetween'] {
  const sorted = Object.entries(days)
    .map(([day, n]) => [Number(day), n] as const)
    .sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, n]) => sum + n, 0);
  if (total === 0) return null;
  const at = (place: number): number => {
    let seen = 0;
    return sorted.find(([, n]) => (seen += n) > place)![0];
  };
  const median = (at(Math.floor((total - 1) / 2)) + at(Math.floor(total / 2))) / 2;
  return { median, min: at(0), max: at(total - 1) };
}

/** Requirements a rule still misses: those of the cheapest path, or those its failing conditions name. */
function missingFor(row: ReadinessRow): string[] {
  if (row.status === 'ready') return [];
  const path = row.body.cheapestPath?.items.map((item) => item.requirement) ?? [];
  if (row.body.cheapestPath?.reachesReady) return path;
  const named = row.body.conditions
    .filter((condition) => !condition.holds)
    .flatMap((condition) => condition.requirements);
  return [...new Set([...path, ...named])];
}
