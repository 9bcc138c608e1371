import {
  type AnswerOption,
  assertEditable,
  type ChangesAnswer,
  checkResponses,
  type ChecklistVersion,
  type Crosswalk,
  DomainError,
  type ItemOperation,
  isEditable,
  type ItemState,
  levelScope,
  type Operation,
  type OperationField,
  type OperationResult,
  type OperationsAnswer,
  type OperationStanding,
  requirementsAt,
  type ScoringProfile,
  type TranslationStatus,
} from '#domain';
import type { Database, Queryable } from '#persistence';
import type { Locale } from '#reporting';
import { may, seesRecord, siteAccess, type SiteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import {
  assessmentColumns,
  assessmentJoins,
  type AssessmentRow,
  type AssessmentsService,
  fieldsOf,
  moveAssessment,
  pinnedContent,
  returnsOf,
  type ReviewReturnRow,
} from './assessments.service.js';
import { localisedVersion, withTexts } from './localised.js';
import {
  endWaiting,
  type IncomingOperation,
  itemsOf,
  operationColumns,
  recordOperations,
} from './operation-log.js';
import { type EditionNews, editionNews } from './withdrawals.js';

/** Days for which an operation waits for what it rests on; then it counts beside what there is. */
export const PATIENCE_DAYS = 7;

/** A batch as a device sends it. */
export interface OperationBatch {
  readonly device: string;
  /** Content hash of the checklist version on the device. */
  readonly checklistHash: string;
  /** The clock of the device when it sends this. */
  readonly sentAt?: string;
  readonly operations: readonly Omit<Operation, 'device'>[];
}

/** Everything a device needs to work on an assessment for a day without a connection. */
export interface OfflineAssessment {
  readonly assessment: AssessmentRow;
  readonly site: { readonly id: string; readonly name: string; readonly supplier: string };
  /** Whoever took it: what is entered is theirs. */
  readonly person: string;
  /** What they may enter; empty: only read. */
  readonly writes: readonly OperationField[];
  /** Of the device that asks: how many of its operations the server has seen, so that it counts on. */
  readonly seq: number;
  /** The checklist version it is pinned to, with what is asked at its level, in the language asked for. */
  readonly checklist: ChecklistVersion;
  /** Content hash of the version, to be sent with every batch. */
  readonly checklistHash: string;
  readonly edition: EditionNews;
  readonly language: {
    readonly asked: string;
    /** The version's own language: texts that have no translation are in it. */
    readonly original: string;
    readonly status: TranslationStatus | 'original';
    /** Codes of the requirements that are not translated. */
    readonly untranslated: readonly string[];
  };
  /** The answers that may be given. */
  readonly answers: readonly AnswerOption[];
  /** To show the score while answering; null where the programme doesn't allow it. */
  readonly profile: ScoringProfile | null;
  /** What the server has, slot by slot. A slot that isn't here has never been filled in. */
  readonly items: readonly ItemState[];
  /** Of a follow-up: what the baseline said; null where there is none or the programme doesn't allow it. */
  readonly baseline: OfflineBaseline | null;
  /** Why it was sent back or reopened the last time, and which items are questioned; null: it wasn't, or is handed in again. */
  readonly returned: ReviewReturnRow | null;
}

/** The baseline's answers, put to the requirements of the follow-up. */
export interface OfflineBaseline {
  readonly id: string;
  readonly assessedOn: string;
  readonly version: string;
  readonly answers: readonly {
    readonly requirement: string;
    /** The baseline's own code for it. */
    readonly baselineRequirement: string;
    readonly answer: string;
    readonly naReason: string | null;
    readonly note: string | null;
  }[];
}

/** What changed at the server, and where the assessment stands. */
export interface AssessmentChanges extends ChangesAnswer {
  readonly state: AssessmentRow['state'];
  readonly voided: AssessmentRow['voided'];
  readonly edition: EditionNews;
  /** Why it was sent back or reopened the last time, and which items are questioned; null: it wasn't, or is handed in again. */
  readonly returned: ReviewReturnRow | null;
}

/** An operation in the history of an item. */
export interface OperationRow extends ItemOperation {
  readonly assessmentId: string;
  readonly standing: OperationStanding;
  /** Somebody who had seen it has gone on from it. */
  readonly superseded: boolean;
  /** Why it was refused: a stable code. */
  readonly refusal: string | null;
}

const rowColumns = `o.assessment_id AS "assessmentId", ${operationColumns}, o.superseded, o.refusal`;

/** Answers from devices that have no connection for hours or days: docs/offline.md. */
export class OperationsService {
  constructor(
    private readonly db: Database,
    private readonly assessments: AssessmentsService,
  ) {}

  /**
   * Takes what a device has done. Each operation gets an answer of its own; sent again it changes nothing. What can't
   * count is kept, with the reason, even of somebody who has lost access since they took the assessment along.
   * @throws DomainError `not-found`, `role-required` to who never could work on it
   */
  async receive(actor: Actor, id: string, batch: OperationBatch): Promise<OperationsAnswer> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [id]);
      const [row]: AssessmentRow[] = await tx.query(
        `SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = $1`,
        [id],
      );
      const access = row ? await accessOrNone(tx, actor, row.siteId) : [];
      const writes = row ? fieldsOf(access, row.kind) : [];
      const operations = incomingOf(batch, actor.userId);
      if (!row || writes.length === 0) return this.keepRefused(tx, actor, id, seesRecord(access), operations);
      const content = await this.contentOf(tx, row);
      const judged = operations.map((operation) => {
        const refused = refusalOf(() => check(operation, row, content, writes));
        return { operation: { ...operation, ...(refused && { refusal: refused.code }) }, refused };
      });
      const { outcomes, changed } = await recordOperations(
        tx,
        row,
        judged.map(({ operation }) => operation),
      );
      const { revision } = changed ? await moveAssessment(tx, row) : row;
      const reasons = new Map(judged.map(({ operation, refused }) => [operation.id, refused]));
      return {
        revision,
        results: [...outcomes].map(([operation, outcome]): OperationResult => {
          if (outcome === 'id-taken') return { id: operation, outcome: 'refused', ...ID_TAKEN };
          if (outcome === 'refused') return { id: operation, outcome, ...reasons.get(operation) };
          return { id: operation, outcome };
        }),
        items: await itemsOf(tx, { id, revision }, 'o.requirement = ANY ($2)', [
          [...new Set(operations.map(({ requirement }) => requirement))],
        ]),
      };
    });
  }

  /** Everything for a day without a connection. Notes that the device has it. */
  async offline(
    actor: Actor,
    id: string,
    device: string | undefined,
    locale: Locale,
  ): Promise<OfflineAssessment> {
    return this.db.transaction(async (tx) => {
      const row = await this.assessments.row(tx, id);
      const access = await this.mustSeeRecord(actor, row);
      const writes = fieldsOf(access, row.kind);
      if (device) await noteCopy(tx, actor.userId, id, device, writes.length > 0);
      const { checklistBody, profileBody, hash } = await this.contentOf(tx, row);
      const texts = await localisedVersion(tx, row.checklistVersionId, checklistBody, locale);
      const asked = requirementsAt(checklistBody, row.level);
      const allowed = await allowedInField(tx, row.cohortId);
      const [{ site, seq }] = await tx.query(
        `SELECT jsonb_build_object('id', s.id, 'name', s.name, 'supplier', g.name) AS site,
                coalesce((SELECT max(o.seq) FROM operation o WHERE o.assessment_id = $1 AND o.device = $2), 0) AS seq
           FROM site s JOIN organisation g ON g.id = s.organisation_id WHERE s.id = $3`,
        [id, device ?? null, row.siteId],
      );
      return {
        assessment: row,
        site,
        person: actor.userId,
        writes,
        seq,
        checklist: withTexts(checklistBody, texts, asked),
        checklistHash: hash,
        edition: await editionNews(tx, row),
        language: {
          asked: locale,
          original: checklistBody.language,
          status: texts.status,
          untranslated: asked.flatMap(({ code }) => (texts.translated(code) ? [] : [code])),
        },
        answers: profileBody.answers,
        profile: allowed.scores ? profileBody : null,
        items: await itemsOf(tx, row),
        baseline: allowed.baseline ? await baselineOf(tx, row) : null,
        returned: await lastReturn(tx, row),
      };
    });
  }

  /** What others have changed since a revision; and which of the device's own operations are there. */
  async changes(
    actor: Actor,
    id: string,
    since: number,
    device: string | undefined,
  ): Promise<AssessmentChanges> {
    return this.db.transaction(async (tx) => {
      // One statement after the other: the answers are read last, so they are never older than the revision they carry.
      const row = await this.assessments.row(tx, id);
      await this.mustSeeRecord(actor, row);
      const touched = `EXISTS (SELECT 1 FROM operation c WHERE c.assessment_id = o.assessment_id AND c.requirement = o.requirement
        AND c.field = o.field AND c.revision > $2)`;
      const received: { id: string }[] = await tx.query(
        `SELECT o.id FROM operation o WHERE o.assessment_id = $1 AND o.device = $3 AND o.standing <> 'refused' AND ${touched}`,
        [id, since, device ?? null],
      );
      return {
        revision: row.revision,
        state: row.state,
        voided: row.voided,
        edition: await editionNews(tx, row),
        returned: await lastReturn(tx, row),
        items: since >= row.revision ? [] : await itemsOf(tx, row, touched, [since]),
        received: received.map((each) => each.id),
      };
    });
  }

  /** Everything that was ever entered for an item: by whom, where, when by the device's clock and by ours. */
  async history(actor: Actor, id: string, requirement: string): Promise<{ operations: OperationRow[] }> {
    const row = await this.assessments.row(this.db, id);
    await this.mustSeeRecord(actor, row);
    const { checklistBody } = await pinnedContent(this.db, row);
    if (!checklistBody.requirements.some(({ code }) => code === requirement)) throw notFound('requirement');
    return {
      operations: await this.db.query(
        `SELECT ${rowColumns} FROM operation o WHERE o.assessment_id = $1 AND o.requirement = $2 ORDER BY o.received_at, o.seq, o.id`,
        [id, requirement],
      ),
    };
  }

  /** What was refused and nobody has gone on from: of an assessment, for whoever works on it, reviews it or answers for it. */
  async refused(actor: Actor, id: string): Promise<{ operations: OperationRow[] }> {
    const row = await this.assessments.row(this.db, id);
    const access = await this.mustSeeRecord(actor, row);
    const all =
      may(
        access,
        ['owner', 'programme-manager', 'assessor', 'reviewer', 'decider'],
        ['agency', 'assessment-provider'],
      ) || may(access, ['owner', 'qa-manager'], ['owner-organisation']);
    return {
      operations: await this.db.query(
        `SELECT ${rowColumns} FROM operation o WHERE o.assessment_id = $1 AND o.standing = 'refused' AND NOT o.superseded
            AND ($2 OR o.user_id = $3) ORDER BY o.received_at, o.seq, o.id LIMIT 1000`,
        [id, all, actor.userId],
      ),
    };
  }

  /** One's own operations that were refused, in assessments one no longer sees, too. */
  async refusedOfMine(actor: Actor): Promise<{ operations: OperationRow[] }> {
    return {
      operations: await this.db.query(
        `SELECT ${rowColumns} FROM operation o WHERE o.user_id = $1 AND o.standing = 'refused' AND NOT o.superseded
          ORDER BY o.received_at DESC, o.seq, o.id LIMIT 1000`,
        [actor.userId],
      ),
    };
  }

  /** For the worker: what has waited long enough counts from now on, or is kept where the assessment is locked. */
  async endWaiting(now: Date): Promise<number> {
    const before = new Date(now.getTime() - PATIENCE_DAYS * 86_400_000);
    const due: { id: string }[] = await this.db.query(
      `SELECT DISTINCT assessment_id AS id FROM operation WHERE standing = 'waiting' AND received_at < $1 ORDER BY 1`,
      [before],
    );
    for (const { id } of due)
      await this.db.as({}, async (tx) => {
        await tx.query(`SELECT 1 FROM assessment WHERE id = $1 FOR UPDATE`, [id]);
        const row = await this.assessments.row(tx, id);
        const locked = refusalOf(() => assertEditable(row.state));
        if (!(await endWaiting(tx, row, before, locked?.code))) return;
        await tx.query(`UPDATE assessment SET revision = revision + 1 WHERE id = $1`, [id]);
      });
    return due.length;
  }

  /** Whoever has lost access, or their role, since they took it along. */
  private async keepRefused(
    tx: Queryable,
    actor: Actor,
    id: string,
    seesIt: boolean,
    operations: readonly IncomingOperation[],
  ): Promise<OperationsAnswer> {
    const why = seesIt ? NO_ROLE : NO_MEMBER;
    const [{ kept }] = await tx.query(`SELECT keep_refused_operations($1, $2, $3) AS kept`, [
      id,
      why.code,
      JSON.stringify(
        operations.map(({ checklistHash, capturedAt, clockAheadSeconds, ...operation }) => ({
          ...operation,
          settles: operation.settles ?? false,
          checklist_hash: checklistHash,
          captured_at: capturedAt,
          clock_ahead_seconds: clockAheadSeconds,
        })),
      ),
    ]);
    if (!kept) throw seesIt ? forbidden(NO_ROLE.detail) : notFound('assessment');
    const rows: { id: string; standing: OperationStanding }[] = await tx.query(
      `SELECT o.id, o.standing FROM operation o WHERE o.assessment_id = $1 AND o.user_id = $2 AND o.id = ANY ($3)`,
      [id, actor.userId, operations.map((operation) => operation.id)],
    );
    const standing = new Map(rows.map((each) => [each.id, each.standing]));
    return {
      revision: 0,
      results: [...new Set(operations.map((operation) => operation.id))].map((operation): OperationResult => {
        const known = standing.get(operation);
        if (!known) return { id: operation, outcome: 'refused', ...ID_TAKEN };
        return known === 'refused'
          ? { id: operation, outcome: 'refused', ...why }
          : { id: operation, outcome: 'duplicate' };
      }),
      items: [],
    };
  }

  /** @throws DomainError `role-required` where only parts of the record are shared with the actor */
  private async mustSeeRecord(actor: Actor, row: AssessmentRow): Promise<SiteAccess[]> {
    const access = await this.assessments.mustSee(actor, row);
    if (!seesRecord(access)) throw forbidden('Who entered what is for those who work on the record.');
    return access;
  }

  private async contentOf(tx: Queryable, row: AssessmentRow) {
    const [{ hash }] = await tx.query(`SELECT content_hash AS hash FROM checklist_version WHERE id = $1`, [
      row.checklistVersionId,
    ]);
    return { ...(await pinnedContent(tx, row)), hash: (hash as string).trim() };
  }
}

type Refusal = Required<Omit<OperationResult, 'id' | 'outcome'>>;
const NO_MEMBER: Refusal = {
  code: 'not-a-member',
  detail: 'You no longer work on this assessment. What you did is kept.',
  fix: 'Ask a manager of the assessment to take it up.',
};
const NO_ROLE: Refusal = {
  code: 'role-required',
  detail: 'Your role no longer allows you to answer here.',
  fix: 'Ask a manager of the assessment to take it up, or to give you the role again.',
};
const ID_TAKEN: Refusal = {
  code: 'operation-id-taken',
  detail: 'Another operation has this id. This one is not kept.',
  fix: 'Send it again with an id of its own.',
};

/** What a rule says no with, as an operation's answer. */
function refusalOf(rule: () => void): Refusal | undefined {
  try {
    rule();
    return undefined;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return {
      code: error.code,
      detail: error.message,
      fix: error.fields[0]?.fix ?? 'Enter it again.',
    };
  }
}

/** @throws DomainError why an operation can't count */
function check(
  operation: IncomingOperation,
  row: AssessmentRow,
  content: { checklistBody: ChecklistVersion; profileBody: ScoringProfile; hash: string },
  writes: readonly OperationField[],
): void {
  const { field, value, requirement, base, id } = operation;
  if (!writes.includes(field))
    throw new DomainError(NO_ROLE.code, NO_ROLE.detail, [{ field, message: '', fix: NO_ROLE.fix }]);
  if (operation.checklistHash !== content.hash)
    throw invalid(
      'checklist-differs',
      'The device answered another checklist version than the assessment is pinned to.',
      'Take the assessment along anew and compare what was entered.',
    );
  const fits = value === null || (field === 'note' ? Boolean(value.note) : Boolean(value.answer));
  const other = value && (field === 'note' ? value.answer || value.naReason : value.note);
  if (!fits || other || base.includes(id))
    throw invalid(
      'operation-invalid',
      'An answer or a claim has an answer, a note has a note, and nothing rests on itself.',
      'Update the app, and enter it again.',
    );
  if (value?.answer)
    checkResponses(
      content.checklistBody,
      row.level,
      content.profileBody,
      [{ requirement, answer: value.answer, ...(value.naReason && { naReason: value.naReason }) }],
      { complete: false },
    );
  else {
    const scope = levelScope(content.checklistBody, row.level);
    if (
      !content.checklistBody.requirements.some((each) => each.code === requirement && scope.has(each.level))
    )
      throw invalid(
        'unknown-requirement',
        `The checklist asks no "${requirement}" at this level.`,
        'Use a code of this version.',
      );
  }
  assertEditable(row.state === 'draft' ? 'in-progress' : row.state);
}

const invalid = (code: string, message: string, fix: string): DomainError =>
  new DomainError(code, message, [{ field: 'operation', message, fix }]);

/** Characters that a text of ours can't hold: a device that sends them shouldn't be stuck with its whole batch. */
const storable = (text: string): string => text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');

function incomingOf(
  { device, checklistHash, sentAt, operations }: OperationBatch,
  by: string,
): IncomingOperation[] {
  const ahead = sentAt ? Math.round((Date.parse(sentAt) - Date.now()) / 1000) : null;
  return operations.map(({ value, ...operation }) => ({
    ...operation,
    value: value && {
      ...(value.answer !== undefined && { answer: value.answer }),
      ...(value.naReason !== undefined && { naReason: storable(value.naReason) }),
      ...(value.note !== undefined && { note: storable(value.note) }),
    },
    device,
    by,
    checklistHash,
    clockAheadSeconds: ahead !== null && Math.abs(ahead) < 2 ** 31 ? ahead : null,
  }));
}

async function accessOrNone(db: Queryable, actor: Actor, siteId: string): Promise<SiteAccess[]> {
  return siteAccess(db, actor, siteId).catch((error: unknown) => {
    if (error instanceof DomainError && error.kind === 'not-found') return [];
    throw error;
  });
}

/** Once an hour at most: the device looks for what is new more often than that. */
async function noteCopy(
  tx: Queryable,
  user: string,
  id: string,
  device: string,
  writes: boolean,
): Promise<void> {
  await tx.query(
    `INSERT INTO offline_copy (assessment_id, user_id, device, writes, taken_at) VALUES ($1, $2, $3, $4, now())
     ON CONFLICT (assessment_id, user_id, device) DO UPDATE SET taken_at = excluded.taken_at, writes = offline_copy.writes OR excluded.writes
       WHERE offline_copy.taken_at < now() - interval '1 hour' OR (excluded.writes AND NOT offline_copy.writes)`,
    [id, user, device, writes],
  );
}

async function allowedInField(
  tx: Queryable,
  cohortId: string | null,
): Promise<{ baseline: boolean; scores: boolean }> {
  const [programme] = await tx.query(
    `SELECT p.field_baseline AS baseline, p.field_scores AS scores FROM cohort c JOIN programme p ON p.id = c.programme_id WHERE c.id = $1`,
    [cohortId],
  );
  return programme ?? { baseline: true, scores: true };
}

/** What whoever works on an assessment that went back has to know; of one that is handed in, nothing is to be done. */
async function lastReturn(tx: Queryable, row: AssessmentRow): Promise<ReviewReturnRow | null> {
  return isEditable(row.state) ? ((await returnsOf(tx, row.id)).at(-1) ?? null) : null;
}

async function baselineOf(tx: Queryable, row: AssessmentRow): Promise<OfflineBaseline | null> {
  if (!row.baselineId) return null;
  const [baseline] = await tx.query(
    `SELECT a.id, a.assessed_on::text AS "assessedOn", v.version, v.id AS "versionId" FROM assessment a
       JOIN checklist_version v ON v.id = a.checklist_version_id WHERE a.id = $1 AND a.state NOT IN ('draft', 'in-progress', 'void')`,
    [row.baselineId],
  );
  if (!baseline) return null;
  const { versionId, ...about } = baseline;
  const pairs =
    versionId === row.checklistVersionId ? null : await pairsOf(tx, versionId, row.checklistVersionId);
  const given: Omit<OfflineBaseline['answers'][number], 'requirement'>[] = await tx.query(
    `SELECT requirement AS "baselineRequirement", answer, na_reason AS "naReason", note
       FROM full_response WHERE assessment_id = $1 AND answer IS NOT NULL ORDER BY requirement`,
    [row.baselineId],
  );
  return {
    ...about,
    answers: given.flatMap((each) =>
      (pairs ? (pairs.get(each.baselineRequirement) ?? []) : [each.baselineRequirement]).map(
        (requirement) => ({
          requirement,
          ...each,
        }),
      ),
    ),
  };
}

/** What of an old version means the same as what of a new one: an item without a comparable counterpart shows nothing. */
async function pairsOf(
  tx: Queryable,
  from: string,
  to: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const [row] = await tx.query(
    `SELECT body, from_version_id = $1 AS forth FROM crosswalk
      WHERE (from_version_id = $1 AND to_version_id = $2) OR (from_version_id = $2 AND to_version_id = $1) ORDER BY 2 DESC LIMIT 1`,
    [from, to],
  );
  const edges = (row?.body as Crosswalk | undefined)?.edges ?? [];
  return new Map(
    edges
      .filter(({ comparable }) => comparable)
      .flatMap((edge) =>
        (row.forth ? edge.from : edge.to).map((code) => [code, row.forth ? edge.to : edge.from]),
      ),
  );
}
