import { heads, integrate, slotState, type SlotState } from './merge.js';
import {
  type Operation,
  type OperationStanding,
  type OperationValue,
  type Slot,
  slotKey,
} from './operation.js';

/** An operation as the server tells of it. */
export interface ItemOperation extends Operation {
  /** Whoever did it. */
  readonly by: string;
  readonly byName: string | null;
  readonly receivedAt: string;
  /** How far the clock of the device was ahead of the server's when it sent this; null where it didn't say. */
  readonly clockAheadSeconds: number | null;
}

/** What the server knows of one slot. */
export interface ItemState extends Slot {
  readonly state: SlotState;
  /** The revision of the assessment at which this was so. */
  readonly revision: number;
  /** What makes up its value: one operation, several with the same value, or several that conflict. */
  readonly current: readonly ItemOperation[];
  /** What rests on something that hasn't come yet; it counts as soon as that comes, or after some days. */
  readonly waiting: readonly ItemOperation[];
}

/** What became of an operation that was sent. Whatever it says, the server has it. */
export type OperationOutcome = 'applied' | 'duplicate' | 'waiting' | 'conflict' | 'refused';

export interface OperationResult {
  readonly id: string;
  readonly outcome: OperationOutcome;
  /** Of a refused one: why, as a stable code, in a sentence, and what to do. */
  readonly code?: string;
  readonly detail?: string;
  readonly fix?: string;
}

/** What the server answers to a batch. */
export interface OperationsAnswer {
  readonly revision: number;
  readonly results: readonly OperationResult[];
  /** Every slot the batch touched, as it is now. */
  readonly items: readonly ItemState[];
}

/** What changed at the server since a revision. */
export interface ChangesAnswer {
  readonly revision: number;
  /** Every slot that changed, as it is now. */
  readonly items: readonly ItemState[];
  /** Operations of the device that asked which the server has, of these slots: their answer may have been lost. */
  readonly received: readonly string[];
}

/** An operation that the server hasn't, or has refused. */
export interface QueuedOperation extends Operation {
  readonly refused?: Omit<OperationResult, 'id' | 'outcome'>;
}

/**
 * An assessment on a device: what the server said last, and what it hasn't got yet. Plain data, for a browser's store;
 * the functions below make the next one from it and touch nothing. Keep it in the same transaction as what is shown as
 * saved. It belongs to one person: whoever signs in on the same device gets a copy of their own.
 */
export interface DeviceCopy {
  readonly assessmentId: string;
  readonly device: string;
  readonly person: string;
  /** Content hash of the checklist version it was taken with; sent with every batch. */
  readonly checklistHash: string;
  /** The sequence number that was given last. */
  readonly seq: number;
  /** Everything up to here is in `items`: where the next changes begin. */
  readonly revision: number;
  readonly items: Readonly<Record<string, ItemState>>;
  readonly queue: readonly QueuedOperation[];
}

/** How a slot is to be shown on the device: what the server knows, with what it hasn't got yet. */
export interface SlotView extends Slot {
  readonly state: SlotState;
  readonly current: readonly Operation[];
  /** Operations of others that wait for something. A person who sees them may settle the matter. */
  readonly waiting: readonly Operation[];
  /** What was entered here and refused by the server. It doesn't count, and isn't lost. */
  readonly refused: readonly QueuedOperation[];
  /** Whether the server has all of it. */
  readonly sent: boolean;
}

/** A copy just taken; `of` is the answer of `GET /assessments/{id}/offline`. */
export function takeCopy(of: {
  readonly assessmentId: string;
  readonly device: string;
  readonly person: string;
  readonly checklistHash: string;
  readonly revision: number;
  readonly items: readonly ItemState[];
  /** The highest sequence number the server has of this device: a store that was lost doesn't begin anew. */
  readonly seq: number;
}): DeviceCopy {
  return { ...of, items: Object.fromEntries(of.items.map((item) => [slotKey(item), item])), queue: [] };
}

/** How a slot is to be shown. */
export function view(copy: DeviceCopy, slot: Slot): SlotView {
  const key = slotKey(slot);
  const item = copy.items[key];
  const own = copy.queue.filter((each) => slotKey(each) === key);
  const waits = (each: Operation): boolean => each.device !== copy.device;
  const merged = integrate([
    ...(item?.current ?? []).map((each) => counted(each)),
    // What this device did counts on this device, whatever the server still waits for.
    ...(item?.waiting ?? []).filter((each) => !waits(each)).map((each) => counted(each)),
    ...own.map((each) => counted(each, each.refused && 'refused')),
    ...(item?.waiting ?? []).filter(waits).map((each) => counted(each, 'waiting')),
  ]);
  // What others wait for isn't here by nature: only who has gone on from it ends the waiting.
  const still = new Set((item?.waiting ?? []).filter(waits).map(({ id }) => id));
  const current = heads(merged.filter(({ id }) => !still.has(id)));
  return {
    requirement: slot.requirement,
    field: slot.field,
    state: slotState(current),
    current: current.map(({ operation }) => operation),
    waiting: merged
      .filter(({ id, superseded }) => still.has(id) && !superseded)
      .map(({ operation }) => operation),
    refused: merged
      .filter(({ standing, superseded }) => standing === 'refused' && !superseded)
      .map(({ operation }) => operation),
    sent: own.length === 0,
  };
}

const counted = (operation: QueuedOperation, standing: OperationStanding = 'applied') => ({
  id: operation.id,
  base: operation.base,
  value: operation.value,
  operation,
  standing,
  superseded: false,
});

/**
 * Something was entered. It goes on from what is shown, so entering a value where several conflict decides the conflict:
 * show them all first. What was refused here is gone on from, too; what waits only when `settling`.
 */
export function enter(
  copy: DeviceCopy,
  entry: Slot & {
    readonly id: string;
    readonly value: OperationValue | null;
    readonly capturedAt: string;
    /** Goes on from what waits, too. */
    readonly settling?: boolean;
  },
): DeviceCopy {
  const { id, requirement, field, value, capturedAt, settling = false } = entry;
  const shown = view(copy, entry);
  const seen = [...shown.current, ...shown.refused, ...(settling ? shown.waiting : [])];
  const operation: QueuedOperation = {
    id,
    device: copy.device,
    seq: copy.seq + 1,
    requirement,
    field,
    value,
    base: [...new Set(seen.map((each) => each.id))].sort(),
    ...(settling && { settles: true }),
    capturedAt,
  };
  return { ...copy, seq: operation.seq, queue: [...copy.queue, operation] };
}

/** What to send next, oldest first. Send it again until there is an answer: the server takes each once. */
export const outgoing = (copy: DeviceCopy, most = 200): Operation[] =>
  copy.queue.filter(({ refused }) => !refused).slice(0, most);

/** The server has answered a batch. Answers may come late, twice or in another order than they were asked for. */
export function acknowledged(copy: DeviceCopy, { results, items }: OperationsAnswer): DeviceCopy {
  const told = new Map(results.map((result) => [result.id, result]));
  const taken = copy.queue.filter(({ id }) => told.has(id) && told.get(id)!.outcome !== 'refused');
  const past = new Set(taken.flatMap(({ base }) => base));
  const queue = copy.queue.flatMap((each): QueuedOperation[] => {
    const result = told.get(each.id);
    // A refused one that was gone on from has had its use.
    if (!result) return each.refused && past.has(each.id) ? [] : [each];
    if (result.outcome !== 'refused') return [];
    const { code, detail, fix } = result;
    return [{ ...each, refused: { ...(code && { code }), ...(detail && { detail }), ...(fix && { fix }) } }];
  });
  // The revision stays: what others changed between is still to be asked for.
  return { ...copy, queue, items: newer(copy.items, items) };
}

/** The server has said what changed. What was entered here and not sent yet stays on top of it. */
export function changed(copy: DeviceCopy, { revision, items, received }: ChangesAnswer): DeviceCopy {
  const there = new Set(received);
  return {
    ...copy,
    revision: Math.max(copy.revision, revision),
    items: newer(copy.items, items),
    // One that was refused here may have come from a saved file since.
    queue: copy.queue.filter(({ id }) => !there.has(id)),
  };
}

/** Has a refused operation sent once more, after what stood in its way is mended. */
export const sendAgain = (copy: DeviceCopy, id: string): DeviceCopy => ({
  ...copy,
  queue: copy.queue.map((each) => {
    if (each.id !== id) return each;
    const { refused: _, ...again } = each;
    return again;
  }),
});

/** The person has seen a refused operation and needs it here no longer; the server keeps it. */
export const putAside = (copy: DeviceCopy, id: string): DeviceCopy => ({
  ...copy,
  queue: copy.queue.filter((each) => each.id !== id || !each.refused),
});

/** What a line about the state of things has to say; nothing may be called sent that isn't. */
export function syncStatus(copy: DeviceCopy): {
  readonly unsent: number;
  readonly refused: number;
  readonly conflicts: readonly Slot[];
} {
  const slots = new Map<string, Slot>([
    ...Object.entries(copy.items),
    ...copy.queue.map((each) => [slotKey(each), each] as const),
  ]);
  const refused = copy.queue.filter((each) => each.refused).length;
  return {
    unsent: copy.queue.length - refused,
    refused,
    conflicts: [...slots.values()]
      .filter((slot) => view(copy, slot).state === 'conflict')
      .map(({ requirement, field }) => ({ requirement, field })),
  };
}

function newer(items: DeviceCopy['items'], told: readonly ItemState[]): Readonly<Record<string, ItemState>> {
  const next = { ...items };
  for (const item of told) {
    const key = slotKey(item);
    if (!next[key] || next[key].revision <= item.revision) next[key] = item;
  }
  return next;
}
