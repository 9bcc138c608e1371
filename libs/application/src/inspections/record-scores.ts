import { scoreLayers, type Response, type ScoreLayers } from '#domain';
import type { Database } from '#persistence';
import type { EntityManager } from 'typeorm';
import { pinnedContent, scoringOf } from '../assessments.service.js';

/** The items cited with their closing days, and what the answers are called; as in `assessment_record`. */
interface RecordBody {
  readonly listed: string;
  readonly notListed: string;
  readonly cited: Readonly<Record<string, string | null>>;
}

interface UnscoredRecord {
  readonly id: string;
  readonly checklistVersionId: string;
  readonly scoringProfileId: string;
  readonly level: string;
  readonly body: RecordBody;
}

const BATCH = 500;

/**
 * Stores totals and sections for imported records that the version before stored without them. Nothing else of a result
 * changes. Run again it finds nothing to do. As the database's owner.
 * @returns how many
 */
export async function scoreRecords(db: Database): Promise<number> {
  for (let count = 0, after: string | null = null; ;) {
    const ids = await db.transaction((tx) => scoreBatch(tx, after));
    count += ids.length;
    if (ids.length < BATCH) return count;
    after = ids.at(-1)!;
  }
}

async function scoreBatch(tx: EntityManager, after: string | null): Promise<string[]> {
  const rows: UnscoredRecord[] = await tx.query(
    `SELECT a.id, a.checklist_version_id AS "checklistVersionId", a.scoring_profile_id AS "scoringProfileId", a.level, d.body
       FROM assessment_score s JOIN assessment_record d ON d.assessment_id = s.assessment_id JOIN assessment a ON a.id = s.assessment_id
      WHERE s.as_found IS NULL AND ($1::uuid IS NULL OR s.assessment_id > $1) ORDER BY s.assessment_id LIMIT ${BATCH} FOR UPDATE OF s`,
    [after],
  );
  const asFound: ScoreLayers[] = [];
  const afterClosure: ScoreLayers[] = [];
  for (const { body, ...row } of rows) {
    const scoring = scoringOf({ ...row, ...(await pinnedContent(tx, row)) });
    const responses = scoring.requirements.map(({ code }): Response => {
      const closedOn = body.cited[code];
      return {
        requirement: code,
        answer: closedOn === undefined ? body.notListed : body.listed,
        ...(closedOn && { closedOn }),
      };
    });
    asFound.push(scoreLayers(scoring.score(responses, 'as-found')));
    afterClosure.push(scoreLayers(scoring.score(responses, 'after-closure')));
  }
  const ids = rows.map(({ id }) => id);
  const json = (layers: readonly ScoreLayers[], part: keyof ScoreLayers): string[] =>
    layers.map((layer) => JSON.stringify(layer[part]));
  const given = `unnest($1::uuid[], $2::jsonb[], $3::jsonb[]) AS x(id, as_found, after_closure)`;
  await tx.query(
    `UPDATE assessment_score s SET as_found = x.as_found, after_closure = x.after_closure FROM ${given} WHERE s.assessment_id = x.id`,
    [ids, json(asFound, 'totals'), json(afterClosure, 'totals')],
  );
  await tx.query(
    `INSERT INTO assessment_explanation (assessment_id, detail, as_found, after_closure)
     SELECT x.id, 'sections', x.as_found, x.after_closure FROM ${given}`,
    [ids, json(asFound, 'sections'), json(afterClosure, 'sections')],
  );
  return ids;
}
