import {
  addGain,
  bars,
  computeGain,
  contributionOf,
  DEFAULT_LOOK_BACK_MONTHS,
  emptyAggregate,
  findingsOf,
  removeGain,
  toMicroPoints,
  type AssessedForGain,
  type CohortAggregate,
  type Crosswalk,
  type GainContribution,
  type GainMicroPoints,
  type GainResult,
} from '#domain';
import { appendToOutbox } from '#platform';
import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#persistence';
import type { EntityManager } from 'typeorm';
import { loadAssessment, scoringOf, type LoadedAssessment } from './assessments.service.js';
import { registerOf } from './impartiality.js';

const PARTS = ['realChange', 'scopeChange', 'checklistChange', 'missingItems'] as const;
type PartSums = Record<(typeof PARTS)[number], string>;

/** What a cohort's aggregate row keeps: the gains, and the sums of the four parts in micro-points. */
export interface CohortBody {
  readonly gains: CohortAggregate;
  readonly parts: PartSums;
  /** Gains by independence of their assessors. */
  readonly independence: IndependenceCounts;
  /** Number of gains per days between the two assessments. */
  readonly days: Readonly<Record<string, number>>;
}

interface IndependenceCounts {
  readonly independent: number;
  readonly overlapping: number;
  readonly unknown: number;
}

interface StoredContribution {
  readonly gain: GainContribution;
  readonly parts: Pick<GainMicroPoints, (typeof PARTS)[number]>;
  readonly independence: keyof IndependenceCounts;
  readonly days: number;
}

/** An aggregate of nothing. */
export const emptyCohort = (): CohortBody => ({
  gains: emptyAggregate(),
  parts: { realChange: '0', scopeChange: '0', checklistChange: '0', missingItems: '0' },
  independence: { independent: 0, overlapping: 0, unknown: 0 },
  days: {},
});

function withContribution(body: CohortBody, contribution: StoredContribution, sign: 1 | -1): CohortBody {
  const combine = sign === 1 ? addGain : removeGain;
  const parts = Object.fromEntries(
    PARTS.map((part) => [part, String(BigInt(body.parts[part]) + BigInt(sign * contribution.parts[part]))]),
  ) as PartSums;
  const { independence, days } = contribution;
  const { [days]: sameDays = 0, ...otherDays } = body.days;
  return {
    gains: combine(body.gains, contribution.gain),
    parts,
    independence: { ...body.independence, [independence]: body.independence[independence] + sign },
    days: sameDays + sign === 0 ? otherDays : { ...otherDays, [days]: sameDays + sign },
  };
}

/**
 * What the worker computes from a submitted assessment: score, findings, gain, the cohort's aggregate. Each call is
 * one transaction and may be repeated without harm: it replaces what an earlier one wrote for the same assessment.
 */
export class ResultsService {
  constructor(private readonly db: Database) {}

  /** Scores an assessment and everything that follows from it. */
  async compute(assessmentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [assessmentId]);
      const assessment = await loadAssessment(tx, assessmentId);
      // Voided before its turn came.
      if (assessment.state === 'void') return;
      await this.countSite(tx, assessment);
      await this.writeScore(tx, assessment);
      for (const followUp of await this.followUpsToCompute(tx, assessment))
        await this.writeGain(tx, followUp);
      await appendToOutbox(tx, 'result-computed', { assessmentId, siteId: assessment.siteId });
    });
  }

  /** Computes again what rests on the independence of a person (null: of anybody) who assessed a site. */
  async recompute(siteId: string, assessorId: string | null): Promise<void> {
    const rows: { id: string }[] = await this.db.query(
      `SELECT id FROM assessment WHERE site_id = $1 AND ($2::text IS NULL OR assessor_id = $2) AND kind IN ('baseline', 'follow-up')
          AND state IN ('submitted', 'under-review', 'closed') ORDER BY assessed_on, id`,
      [siteId, assessorId],
    );
    for (const { id } of rows) await this.compute(id);
  }

  /** Takes the gain of a reopened follow-up out of its cohort until it is submitted again. */
  async withdraw(assessmentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const assessment = await loadAssessment(tx, assessmentId);
      if (assessment.state !== 'reopened') return;
      const followUps = await tx.query(
        `SELECT follow_up_id AS id FROM gain WHERE follow_up_id = $1 OR baseline_id = $1`,
        [assessmentId],
      );
      for (const { id } of followUps as { id: string }[]) await this.replaceGain(tx, id, null);
    });
  }

  /**
   * Takes what a void assessment came to, if it was ever handed in, out of everything that is counted. Its result stays with
   * it, on record.
   */
  async discount(assessmentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [assessmentId]);
      const { cohortId, siteId } = await loadAssessment(tx, assessmentId);
      await this.replaceGain(tx, assessmentId, null);
      if (cohortId) {
        // Locked first, so that the count sees whatever was added meanwhile.
        await tx.query(`SELECT 1 FROM cohort_aggregate WHERE cohort_id = $1 FOR UPDATE`, [cohortId]);
        await tx.query(
          `UPDATE cohort_aggregate SET baselines = n.baselines, follow_ups = n.follow_ups, updated_at = now()
             FROM (SELECT count(DISTINCT a.site_id) FILTER (WHERE a.kind = 'baseline') AS baselines,
                          count(DISTINCT a.site_id) FILTER (WHERE a.kind = 'follow-up') AS follow_ups
                     FROM assessment a JOIN assessment_score s ON s.assessment_id = a.id
                    WHERE a.cohort_id = $1 AND a.submitted_at IS NOT NULL AND a.state <> 'void') n
            WHERE cohort_id = $1`,
          [cohortId],
        );
      }
      await appendToOutbox(tx, 'site-changed', { siteId });
    });
  }

  private async writeScore(tx: EntityManager, assessment: LoadedAssessment): Promise<void> {
    const { checklistBody, profileBody, responses, responsesAfterClosure } = assessment;
    const scoring = scoringOf(assessment);
    const asFound = scoring.score(responses, 'as-found');
    const afterClosure = scoring.score(responsesAfterClosure, 'after-closure');
    await tx.query(
      `INSERT INTO assessment_score (assessment_id, revision, micro_points, passed, as_found, after_closure, computed_at)
       VALUES ($1, $2, $3, $4, $5, $6, now())
       ON CONFLICT (assessment_id) DO UPDATE SET revision = excluded.revision, micro_points = excluded.micro_points,
         passed = excluded.passed, as_found = excluded.as_found, after_closure = excluded.after_closure, computed_at = now()`,
      [
        assessment.id,
        assessment.revision,
        asFound.points === null ? null : toMicroPoints(asFound.points),
        asFound.passed,
        JSON.stringify(asFound),
        JSON.stringify(afterClosure),
      ],
    );
    const findings = findingsOf(
      checklistBody,
      asFound,
      profileBody,
      assessment.assessedOn,
      responsesAfterClosure,
    );
    await tx.query(`DELETE FROM finding WHERE assessment_id = $1 AND requirement <> ALL($2)`, [
      assessment.id,
      findings.map((finding) => finding.requirement),
    ]);
    // A finding keeps its id however often it is computed: closures, mails and people refer to it.
    await tx.query(
      `INSERT INTO finding (id, assessment_id, requirement, section, grade, conformity, note, due_on, closed_on)
       SELECT id, $1, requirement, section, grade, conformity, note, "dueOn", "closedOn"
         FROM jsonb_to_recordset($2::jsonb) AS f(id uuid, requirement text, section text, grade text, conformity text,
                                                 note text, "dueOn" date, "closedOn" date)
       ON CONFLICT (assessment_id, requirement) DO UPDATE SET section = excluded.section, grade = excluded.grade,
         conformity = excluded.conformity, note = excluded.note, due_on = excluded.due_on, closed_on = excluded.closed_on`,
      [assessment.id, JSON.stringify(findings.map((finding) => ({ id: randomUUID(), ...finding })))],
    );
  }

  /** A follow-up's own gain, or, for a baseline that was corrected, the gains of the follow-ups resting on it. */
  private async followUpsToCompute(tx: Queryable, assessment: LoadedAssessment): Promise<string[]> {
    if (assessment.kind === 'follow-up') return [assessment.id];
    const rows = await tx.query(
      `SELECT id FROM assessment WHERE baseline_id = $1 AND state IN ('submitted', 'under-review', 'closed')`,
      [assessment.id],
    );
    return rows.map((row: { id: string }) => row.id);
  }

  private async writeGain(tx: EntityManager, followUpId: string): Promise<void> {
    const followUp = await loadAssessment(tx, followUpId);
    if (!followUp.baselineId) return;
    const baseline = await loadAssessment(tx, followUp.baselineId);
    const [crosswalk] = await tx.query(
      `SELECT body FROM crosswalk WHERE from_version_id = $1 AND to_version_id = $2`,
      [baseline.checklistVersionId, followUp.checklistVersionId],
    );
    const result = computeGain(
      await this.forGain(tx, baseline),
      await this.forGain(tx, followUp),
      crosswalk?.body as Crosswalk | undefined,
    );
    await this.replaceGain(tx, followUpId, { baseline, followUp, result });
  }

  private async forGain(tx: Queryable, assessment: LoadedAssessment): Promise<AssessedForGain> {
    return {
      assessmentId: assessment.id,
      kind: assessment.kind,
      date: assessment.assessedOn,
      checklist: assessment.checklistBody,
      level: assessment.level,
      profile: assessment.profileBody,
      responses: assessment.responses,
      ...(assessment.assessorId && {
        assessorId: assessment.assessorId,
        coachedByAssessor: await coached(tx, assessment.assessorId, assessment),
      }),
    };
  }

  /** Puts a gain in the place of the one before it; the aggregate changes by the difference, whatever its size. */
  private async replaceGain(
    tx: EntityManager,
    followUpId: string,
    next: { baseline: LoadedAssessment; followUp: LoadedAssessment; result: GainResult } | null,
  ): Promise<void> {
    const [previous] = await tx.query(
      `SELECT cohort_id AS "cohortId", contribution FROM gain WHERE follow_up_id = $1 FOR UPDATE`,
      [followUpId],
    );
    if (previous?.cohortId && previous.contribution)
      await changeAggregate(tx, previous.cohortId, previous.contribution, -1);
    if (!next) {
      await tx.query(`DELETE FROM gain WHERE follow_up_id = $1`, [followUpId]);
      return;
    }
    const { baseline, followUp, result } = next;
    const contribution: StoredContribution | null = result.comparable
      ? {
          gain: contributionOf(result),
          parts: pick(result.microPoints),
          independence: result.independence === 'coach-assessed' ? 'overlapping' : result.independence,
          days: result.daysBetween,
        }
      : null;
    await tx.query(
      `INSERT INTO gain (follow_up_id, baseline_id, site_id, cohort_id, comparable, baseline_micro, follow_up_micro, body, contribution, computed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
       ON CONFLICT (follow_up_id) DO UPDATE SET baseline_id = excluded.baseline_id, cohort_id = excluded.cohort_id,
         comparable = excluded.comparable, baseline_micro = excluded.baseline_micro, follow_up_micro = excluded.follow_up_micro,
         body = excluded.body, contribution = excluded.contribution, computed_at = now()`,
      [
        followUpId,
        baseline.id,
        followUp.siteId,
        followUp.cohortId,
        result.comparable,
        result.comparable ? result.microPoints.baseline : null,
        result.comparable ? result.microPoints.followUp : null,
        JSON.stringify(result),
        contribution && JSON.stringify(contribution),
      ],
    );
    if (followUp.cohortId && contribution) await changeAggregate(tx, followUp.cohortId, contribution, 1);
  }

  /** Counts a site's first baseline and first follow-up in its cohort: one look-up, however large the cohort. */
  private async countSite(
    tx: EntityManager,
    { id, kind, cohortId, siteId }: LoadedAssessment,
  ): Promise<void> {
    if (!cohortId || (kind !== 'baseline' && kind !== 'follow-up')) return;
    const [counted] = await tx.query(
      `SELECT 1 FROM assessment a WHERE a.site_id = $1 AND a.cohort_id = $2 AND a.kind = $3
          AND (a.id = $4 OR a.submitted_at IS NOT NULL) AND a.state <> 'void' AND EXISTS (SELECT 1 FROM assessment_score s WHERE s.assessment_id = a.id) LIMIT 1`,
      [siteId, cohortId, kind, id],
    );
    if (counted) return;
    const column = kind === 'baseline' ? 'baselines' : 'follow_ups';
    await tx.query(
      `INSERT INTO cohort_aggregate (cohort_id, ${column}, body, updated_at) VALUES ($1, 1, $2, now())
       ON CONFLICT (cohort_id) DO UPDATE SET ${column} = cohort_aggregate.${column} + 1, updated_at = now()`,
      [cohortId, JSON.stringify(emptyCohort())],
    );
  }
}

const pick = (micro: GainMicroPoints): StoredContribution['parts'] =>
  Object.fromEntries(PARTS.map((part) => [part, micro[part]])) as StoredContribution['parts'];

async function changeAggregate(
  tx: EntityManager,
  cohortId: string,
  contribution: StoredContribution,
  sign: 1 | -1,
): Promise<void> {
  await tx.query(
    `INSERT INTO cohort_aggregate (cohort_id, body, updated_at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING`,
    [cohortId, JSON.stringify(emptyCohort())],
  );
  const [row] = await tx.query(`SELECT body FROM cohort_aggregate WHERE cohort_id = $1 FOR UPDATE`, [
    cohortId,
  ]);
  await tx.query(`UPDATE cohort_aggregate SET body = $2, updated_at = now() WHERE cohort_id = $1`, [
    cohortId,
    JSON.stringify(withContribution(row.body as CohortBody, contribution, sign)),
  ]);
}

/** Months of look-back of the programme behind a cohort; the default where there is none. */
export async function lookBackMonths(db: Queryable, cohortId: string | null): Promise<number> {
  const [programme] = await db.query(
    `SELECT p.look_back_months AS months FROM cohort c JOIN programme p ON p.id = c.programme_id WHERE c.id = $1`,
    [cohortId],
  );
  return programme?.months ?? DEFAULT_LOOK_BACK_MONTHS;
}

/** Whether the person coached the site within the programme's look-back before the assessment. */
export async function coached(
  db: Queryable,
  personId: string,
  assessment: { siteId: string; cohortId: string | null; assessedOn: string },
): Promise<boolean> {
  const months = await lookBackMonths(db, assessment.cohortId);
  const register = await registerOf(db, assessment.siteId);
  return register.some(
    (engagement) => engagement.personId === personId && bars(engagement, months, assessment.assessedOn),
  );
}
