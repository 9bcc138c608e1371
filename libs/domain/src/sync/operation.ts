/**
 * An operation: one thing somebody did to one item on one device, connected or not. The answers of an assessment are
 * what its operations come to; nothing that was entered is anywhere else, so nothing is lost by merging.
 * docs/offline.md says it in plain words, docs/adr/0011-operation-log.md why it is so.
 *
 * This folder runs in the browser, too: it imports nothing from outside of itself.
 */

/**
 * What of an item an operation is about. Each is merged by itself: an answer and a note of one item never conflict.
 * `answer`: the assessor's verdict; `claim`: the supplier's own answer beside it; `note`: words on the item.
 */
export type OperationField = 'answer' | 'claim' | 'note';

/**
 * What was entered. Of an answer or a claim `answer`, with `naReason` where it says "not applicable": the two are one
 * value. Of a note `note`.
 */
export interface OperationValue {
  /** Code of an answer option of the scoring profile. */
  readonly answer?: string;
  /** Why the requirement does not concern the site. */
  readonly naReason?: string;
  readonly note?: string;
}

/** One item's one field: what operations are merged by. */
export interface Slot {
  readonly requirement: string;
  readonly field: OperationField;
}

/** One thing that was done. It never changes once it is made, whoever holds it. */
export interface Operation extends Slot {
  /** Made by the device (UUID version 7). The same id is the same operation, however often it is sent. */
  readonly id: string;
  /** The installation that made it. */
  readonly device: string;
  /** How many operations the device had made for this assessment with this one: 1, 2, 3, … */
  readonly seq: number;
  /** null: the answer was taken back, or the note removed. The item is unanswered then, which is not a "no". */
  readonly value: OperationValue | null;
  /**
   * What the person saw when doing it: the ids of the operations that made up the field's value or values. Empty: nothing
   * had been entered. This, and no clock, says what came after what.
   */
  readonly base: readonly string[];
  /** Done in view of operations that still waited; it doesn't wait with them. */
  readonly settles?: boolean;
  /** When it was done by the clock of the device, which may be wrong by years: shown, never compared. */
  readonly capturedAt: string;
}

/**
 * How an operation stands. `applied`: it counts, or has counted; `waiting`: something it rests on hasn't come yet;
 * `refused`: it can't count (locked assessment, no longer a member, …) and is kept for people to see.
 */
export type OperationStanding = 'applied' | 'waiting' | 'refused';

/** What merging needs to know of an operation. */
export interface KnownOperation {
  readonly id: string;
  readonly base: readonly string[];
  readonly settles?: boolean;
  readonly standing: OperationStanding;
  /** Somebody who had seen it has gone on from it: it is history. Once so, always so. */
  readonly superseded: boolean;
}

/** The name of a slot, for maps and as a key of a browser's store. */
export const slotKey = ({ requirement, field }: Slot): string => `${field} ${requirement}`;

/** Whether two people entered the same. */
export function sameValue(a: OperationValue | null, b: OperationValue | null): boolean {
  return valueKey(a) === valueKey(b);
}

/** Equal for equal values, whatever the order of their properties. */
export const valueKey = (value: OperationValue | null): string =>
  value === null ? '' : JSON.stringify([value.answer ?? null, value.naReason ?? null, value.note ?? null]);
