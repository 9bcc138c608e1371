import { randomUUID } from 'node:crypto';
import {
  DomainError,
  heads,
  integrate,
  type ItemOperation,
  type ItemState,
  noteOf,
  type Operation,
  type OperationField,
  type OperationStanding,
  type OperationValue,
  settledValue,
  type Slot,
  slotKey,
  slotState,
  sameValue,
} from '#domain';
import type { Queryable } from '#persistence';

/** Values by a key, in the order in which they stand. */
function groups<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = found.get(key);
    if (group) group.push(value);
    else found.set(key, [value]);
  }
  return found;
}

/** Where an operation comes from that no device made: the API's other doors. */
export const WEB = 'web';

/** An operation on its way into the log. */
export interface IncomingOperation extends Operation {
  readonly by: string;
  /** Why it can't count; it is kept all the same. */
  readonly refusal?: string;
  readonly checklistHash?: string;
  readonly clockAheadSeconds?: number | null;
}

/** An operation with how it stands. */
interface Stored extends Operation {
  readonly by: string;
  readonly standing: OperationStanding;
  readonly superseded: boolean;
  readonly refusal: string | null;
}

/** What recording came to. */
export interface Recorded {
  /** By operation: new and counting, known before, waiting, in conflict, refused; or that another has its id. */
  readonly outcomes: ReadonlyMap<
    string,
    'applied' | 'duplicate' | 'waiting' | 'conflict' | 'refused' | 'id-taken'
  >;
  /** Whether an item changed: the assessment has the next revision then. */
  readonly changed: boolean;
}

/**
 * Puts operations into the log of an assessment and what they come to into its answers. The caller has locked the
 * assessment, so that all writers of one take turns and none waits for two; and counts its revision when something changed.
 * Repeating it changes nothing. One that was refused before is judged as it comes now.
 */
export async function recordOperations(
  tx: Queryable,
  assessment: { readonly id: string; readonly revision: number },
  operations: readonly IncomingOperation[],
): Promise<Recorded> {
  const known = await readNeeded(tx, assessment.id, operations);
  const before = new Map(known.map((each) => [each.id, each]));
  const outcomes = new Map<string, 'duplicate' | 'id-taken'>();
  const fresh = new Map<string, IncomingOperation>();
  for (const operation of operations) {
    const same = fresh.get(operation.id) ?? before.get(operation.id);
    if (!same) fresh.set(operation.id, operation);
    else if (!isSame(same, operation)) outcomes.set(operation.id, 'id-taken');
    else if ('standing' in same && same.standing === 'refused') fresh.set(operation.id, operation);
    else if (!fresh.has(operation.id)) outcomes.set(operation.id, 'duplicate');
  }
  const judged = [...fresh.values()].map((each): Stored => ({
    ...each,
    standing: each.refusal ? 'refused' : 'waiting',
    superseded: before.get(each.id)?.superseded ?? false,
    refusal: each.refusal ?? null,
  }));
  const rest = known.filter(({ id }) => !fresh.has(id));
  const { after, changed } = await settle(tx, assessment, before, [...rest, ...judged], fresh);
  const bySlot = groups(after, slotKey);
  return {
    changed,
    outcomes: new Map(
      [...new Set(operations.map(({ id }) => id))].map((id) => {
        const known = outcomes.get(id);
        if (known) return [id, known];
        const operation = after.find((each) => each.id === id)!;
        if (operation.standing !== 'applied') return [id, operation.standing];
        const conflict = slotState(heads(bySlot.get(slotKey(operation))!)) === 'conflict';
        return [id, conflict && !operation.superseded ? 'conflict' : 'applied'];
      }),
    ),
  };
}

/**
 * What somebody entered with a connection: it goes on from what is there, as whoever entered it could have seen.
 * @param hasRead whether they said which revision they had read: without that nobody decides a conflict unawares
 * @throws DomainError `open-conflicts`
 */
export async function recordEntries(
  tx: Queryable,
  assessment: { readonly id: string; readonly revision: number },
  by: string,
  entries: readonly (Slot & { readonly value: OperationValue | null })[],
  hasRead: boolean,
): Promise<void> {
  const requirements = [...new Set(entries.map(({ requirement }) => requirement))];
  const there: Stored[] = await tx.query(
    `SELECT ${STORED} FROM operation o WHERE o.assessment_id = $1 AND o.requirement = ANY ($2) AND o.standing = 'applied' AND NOT o.superseded`,
    [assessment.id, requirements],
  );
  const current = groups(there, slotKey);
  const undecided = entries.filter((entry) => slotState(current.get(slotKey(entry)) ?? []) === 'conflict');
  if (undecided.length > 0 && !hasRead)
    throw new DomainError(
      'open-conflicts',
      'Several people have entered different things, and this would decide between them unseen.',
      undecided.map(({ requirement, field }) => ({
        field: `/requirements/${requirement}`,
        message: `${field} in conflict`,
        fix: 'Read the assessment, and send what holds with If-Match.',
      })),
      'conflict',
    );
  const now = new Date().toISOString();
  const fresh = entries.flatMap((entry): IncomingOperation[] => {
    const heads = current.get(slotKey(entry)) ?? [];
    // Saving the same again says nothing new.
    if (heads.length === 1 && heads[0]!.by === by && sameValue(heads[0]!.value, entry.value)) return [];
    const id = randomUUID();
    return [{ ...entry, id, by, device: WEB, seq: 0, base: heads.map((each) => each.id), capturedAt: now }];
  });
  await recordOperations(tx, assessment, fresh);
}

/**
 * Ends the waiting of operations of an assessment: each counts from now on, beside whatever it can't be ordered against.
 * @param refusal why they can't count any more, where the assessment is locked
 */
export async function endWaiting(
  tx: Queryable,
  assessment: { readonly id: string; readonly revision: number },
  before: Date,
  refusal?: string,
): Promise<boolean> {
  const due: Stored[] = await tx.query(
    `SELECT ${STORED} FROM operation o WHERE o.assessment_id = $1 AND o.standing = 'waiting' AND o.received_at < $2`,
    [assessment.id, before],
  );
  if (due.length === 0) return false;
  const known = await readNeeded(tx, assessment.id, due);
  const ended = new Map(due.map((each) => [each.id, each]));
  const next = known.map((each) =>
    !ended.has(each.id)
      ? each
      : refusal
        ? { ...each, standing: 'refused' as const, refusal }
        : { ...each, standing: 'applied' as const },
  );
  const { changed } = await settle(
    tx,
    assessment,
    new Map(known.map((each) => [each.id, each])),
    next,
    new Map(),
  );
  return changed;
}

/** Works out how everything stands now and writes what is new about it. */
async function settle(
  tx: Queryable,
  { id, revision }: { readonly id: string; readonly revision: number },
  before: ReadonlyMap<string, Stored>,
  operations: readonly Stored[],
  fresh: ReadonlyMap<string, IncomingOperation>,
): Promise<{ after: Stored[]; changed: boolean }> {
  const after = [...groups(operations, slotKey).values()].flatMap((slot) => integrate(slot));
  const added = after.filter((each) => !before.has(each.id));
  const moved = after.filter((each) => {
    const was = before.get(each.id);
    return (
      was &&
      (was.standing !== each.standing || was.superseded !== each.superseded || was.refusal !== each.refusal)
    );
  });
  const counts = [...added, ...moved].filter(
    (each) => each.standing !== 'refused' || (before.get(each.id)?.standing ?? 'refused') !== 'refused',
  );
  const changed = counts.length > 0;
  const next = changed ? revision + 1 : revision;
  if (added.length > 0) await insert(tx, id, next, added, fresh);
  if (moved.length > 0)
    await tx.query(
      `UPDATE operation o SET standing = n.standing, superseded = n.superseded, refusal = n.refusal, revision = $3
         FROM jsonb_to_recordset($2::jsonb) AS n(id uuid, standing text, superseded boolean, refusal text)
        WHERE o.assessment_id = $1 AND o.id = n.id`,
      [
        id,
        JSON.stringify(
          moved.map((each) => ({
            id: each.id,
            standing: each.standing,
            superseded: each.superseded,
            // Judged anew: what stood in its way doesn't any more.
            refusal: each.standing === 'refused' ? each.refusal : null,
          })),
        ),
        next,
      ],
    );
  if (changed) await writeAnswers(tx, id, [...new Set(counts.map(({ requirement }) => requirement))]);
  return { after, changed };
}

async function insert(
  tx: Queryable,
  id: string,
  revision: number,
  added: readonly Stored[],
  fresh: ReadonlyMap<string, IncomingOperation>,
): Promise<void> {
  await tx.query(
    `INSERT INTO operation (assessment_id, id, device, seq, user_id, requirement, field, value, base, settles, standing, superseded, refusal,
                            checklist_hash, captured_at, clock_ahead_seconds, revision)
     SELECT $1, n.id, n.device, n.seq, n.by, n.requirement, n.field, nullif(n.value, 'null'), n.base, coalesce(n.settles, false), n.standing, n.superseded,
            CASE WHEN n.standing = 'refused' THEN n.refusal END, n."checklistHash", n."capturedAt", n."clockAheadSeconds", $2
       FROM jsonb_to_recordset($3::jsonb) AS n(id uuid, device text, seq integer, by text, requirement text, field text, value jsonb, base uuid[], settles boolean,
              standing text, superseded boolean, refusal text, "checklistHash" text, "capturedAt" timestamptz, "clockAheadSeconds" integer)`,
    [id, revision, JSON.stringify(added.map((each) => ({ ...fresh.get(each.id), ...each })))],
  );
}

const STORED = `o.id, o.device, o.seq, o.user_id AS by, o.requirement, o.field, o.value, o.base, o.settles, o.captured_at AS "capturedAt",
  o.standing, o.superseded, o.refusal`;

/** What of the log there must be known to integrate operations: see `integrate`. */
async function readNeeded(
  tx: Queryable,
  assessmentId: string,
  operations: readonly Operation[],
): Promise<Stored[]> {
  const named = operations.flatMap(({ base }) => base);
  return tx.query(
    `SELECT ${STORED} FROM operation o
      WHERE o.assessment_id = $1
        AND (o.id = ANY ($3::uuid[]) OR (o.requirement = ANY ($2::text[]) AND (
              NOT o.superseded OR o.standing <> 'applied' OR o.id = ANY ($4::uuid[]) OR o.base && $3::uuid[]
              OR o.id IN (SELECT unnest(w.base) FROM operation w WHERE w.assessment_id = $1 AND w.standing = 'waiting' AND w.requirement = ANY ($2::text[])))))`,
    [
      assessmentId,
      [...new Set(operations.map(({ requirement }) => requirement))],
      operations.map(({ id }) => id),
      [...new Set(named)],
    ],
  );
}

/** Whether two are the same operation and not two with one id. */
const isSame = (a: Operation & { readonly by: string }, b: Operation & { readonly by: string }): boolean =>
  a.by === b.by &&
  a.device === b.device &&
  slotKey(a) === slotKey(b) &&
  sameValue(a.value, b.value) &&
  [...a.base].sort().join() === [...b.base].sort().join();

interface Answer {
  readonly requirement: string;
  readonly answer?: string | null;
  readonly claim?: string | null;
  readonly naReason?: string | null;
  readonly note?: string | null;
  readonly by: string;
}

/**
 * Writes what the log comes to into the answers of some items. What conflicts is unanswered there, so that nothing is
 * computed from it. A field that the log knows nothing of stays as it is.
 */
async function writeAnswers(tx: Queryable, assessmentId: string, requirements: string[]): Promise<void> {
  const current: (Stored & { readonly receivedAt: Date })[] = await tx.query(
    `SELECT ${STORED}, o.received_at AS "receivedAt" FROM operation o
      WHERE o.assessment_id = $1 AND o.requirement = ANY ($2) AND o.standing = 'applied' AND NOT o.superseded ORDER BY o.id`,
    [assessmentId, requirements],
  );
  const answers = [...groups(current, ({ requirement }) => requirement)].map(([requirement, all]): Answer => {
    const of = (field: OperationField) => all.filter((each) => each.field === field);
    const [verdicts, claims, notes] = [of('answer'), of('claim'), of('note')];
    const [verdict, claim] = [settledValue(verdicts), settledValue(claims)];
    // Whose answer it is: the verdict's, where there is one, whoever has claimed or noted something since.
    const [author] = [verdict ? verdicts : [], claim ? claims : [], notes, all]
      .find((some) => some.length > 0)!
      .toSorted((a, b) => Number(b.receivedAt) - Number(a.receivedAt));
    return {
      requirement,
      ...(verdicts.length > 0 && { answer: verdict?.answer ?? null }),
      ...(claims.length > 0 && { claim: claim?.answer ?? null }),
      ...(verdicts.length + claims.length > 0 && { naReason: (verdict ?? claim)?.naReason ?? null }),
      ...(notes.length > 0 && { note: noteOf(notes) }),
      by: author!.by,
    };
  });
  const fields = ['answer', 'claim', 'naReason', 'note'];
  const told = (field: string) =>
    `${column(field)} = CASE WHEN n.said ? '${field}' THEN n.said ->> '${field}' ELSE r.${column(field)} END`;
  // Not by ON CONFLICT: that takes the right to read who answered, which this role has not.
  await tx.query(
    `WITH n AS (SELECT said FROM jsonb_array_elements($2::jsonb) AS x(said)),
          changed AS (UPDATE response r SET ${fields.map(told).join(', ')}, answered_by = n.said ->> 'by', answered_at = now()
                        FROM n WHERE r.assessment_id = $1 AND r.requirement = n.said ->> 'requirement' RETURNING r.requirement)
     INSERT INTO response (assessment_id, requirement, ${fields.map(column).join(', ')}, answered_by, answered_at)
     SELECT $1, n.said ->> 'requirement', ${fields.map((field) => `n.said ->> '${field}'`).join(', ')}, n.said ->> 'by', now()
       FROM n WHERE n.said ->> 'requirement' NOT IN (SELECT requirement FROM changed)`,
    [assessmentId, JSON.stringify(answers)],
  );
  await tx.query(
    `DELETE FROM response r WHERE r.assessment_id = $1 AND r.requirement = ANY ($2) AND r.answer IS NULL AND r.claim IS NULL AND r.note IS NULL
        AND NOT EXISTS (SELECT 1 FROM operation o WHERE o.assessment_id = $1 AND o.requirement = r.requirement
                           AND o.standing = 'applied' AND NOT o.superseded AND o.value IS NOT NULL)`,
    [assessmentId, requirements],
  );
}

const column = (field: string): string => (field === 'naReason' ? 'na_reason' : field);

/** An operation `o` as people read it. */
export const operationColumns = `o.id, o.device, o.seq, o.requirement, o.field, o.value, o.base, o.settles,
  o.captured_at AS "capturedAt", o.received_at AS "receivedAt", o.clock_ahead_seconds AS "clockAheadSeconds",
  o.user_id AS by, person_name(o.user_id) AS "byName", o.standing`;

/** What somebody reads of the operations of an assessment that count or wait; `where` is about `o`. */
export async function itemsOf(
  db: Queryable,
  { id, revision }: { readonly id: string; readonly revision: number },
  where = 'true',
  values: readonly unknown[] = [],
): Promise<ItemState[]> {
  const rows: (ItemOperation & { readonly standing: OperationStanding })[] = await db.query(
    `SELECT ${operationColumns} FROM operation o WHERE o.assessment_id = $1 AND NOT o.superseded AND o.standing <> 'refused' AND ${where}
      ORDER BY o.requirement, o.field, o.id`,
    [id, ...values],
  );
  return [...groups(rows, slotKey).values()].map((all) => {
    const tell = (standing: OperationStanding): ItemOperation[] =>
      all.filter((each) => each.standing === standing).map(({ standing: _, ...operation }) => operation);
    const current = tell('applied');
    const { requirement, field } = all[0]!;
    return {
      requirement,
      field,
      state: slotState(current),
      revision,
      current,
      waiting: tell('waiting'),
    };
  });
}

/** Slots of an assessment whose several values nobody has decided between. */
export const conflictsOf = async (db: Queryable, assessmentId: string): Promise<Slot[]> =>
  db.query(
    `SELECT o.requirement, o.field FROM operation o WHERE o.assessment_id = $1 AND o.standing = 'applied' AND NOT o.superseded
      GROUP BY 1, 2 HAVING count(DISTINCT coalesce(o.value, 'null')) > 1 ORDER BY 1, 2`,
    [assessmentId],
  );
