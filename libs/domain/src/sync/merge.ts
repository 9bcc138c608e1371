import { type KnownOperation, type OperationValue, valueKey } from './operation.js';

/**
 * Works out how the operations of one slot stand: which still wait, and which are history. What comes out depends on
 * which operations there are and not on the order in which they came, however they are split up or repeated: integrating
 * is commutative, associative and idempotent. Nothing is ever taken away.
 *
 * Not all of a slot's history need be given. Enough are those that count now, those that wait or were refused, those that
 * the new and the waiting ones name, and those that name the new ones.
 *
 * - An operation is applied when everything it names has come, or when it settles. Standing and being history are kept
 *   where they are given: both only ever go one way.
 * - An applied operation makes history of all that its author had seen: what it names, what that names, and so on.
 *   Through refused and waiting ones, too: what somebody had seen doesn't depend on whether it could count.
 * - Two that each claim to have seen the other (only a broken client makes such) both stay.
 */
export function integrate<T extends KnownOperation>(operations: readonly T[]): T[] {
  const all = new Map<string, T>();
  for (const operation of operations) all.set(operation.id, further(all.get(operation.id), operation));
  for (let before = -1, moves = 0; moves !== before;) {
    before = moves;
    for (const operation of all.values()) {
      if (operation.standing !== 'waiting') continue;
      const come =
        operation.settles ||
        operation.superseded ||
        operation.base.every((id) => all.has(id) && all.get(id)!.standing !== 'waiting');
      if (!come) continue;
      all.set(operation.id, { ...operation, standing: 'applied' });
      moves += 1;
    }
    for (const { id, standing, superseded } of [...all.values()]) {
      // One that is history is in the past of one that was applied, and with it all that it had seen.
      if (standing !== 'applied' && !superseded) continue;
      for (const seen of past(all, id)) {
        const earlier = all.get(seen)!;
        if (earlier.superseded || past(all, seen).has(id)) continue;
        all.set(seen, { ...earlier, superseded: true });
        moves += 1;
      }
    }
  }
  return [...all.values()];
}

/** Of two accounts of one operation the one that knows more of how it stands. */
function further<T extends KnownOperation>(known: T | undefined, told: T): T {
  if (!known) return told;
  // A refused one that is judged anew counts as judged anew; what was applied stays so.
  const rank = { refused: 0, waiting: 1, applied: 2 } as const;
  const more = rank[told.standing] > rank[known.standing] ? told : known;
  return { ...more, superseded: known.superseded || told.superseded };
}

/** Everything that was seen, directly or not, by whoever made the operation; itself only where it stands in a circle. */
function past(all: ReadonlyMap<string, KnownOperation>, id: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...(all.get(id)?.base ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const operation = all.get(next);
    if (!operation || seen.has(next)) continue;
    seen.add(next);
    open.push(...operation.base);
  }
  return seen;
}

/** The operations that make up a slot's value: applied and gone on from by nobody, in the order of their ids. */
export const heads = <T extends KnownOperation>(operations: readonly T[]): T[] =>
  operations
    .filter(({ standing, superseded }) => standing === 'applied' && !superseded)
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

/**
 * What a slot comes to. `empty`: nothing entered, or taken back; `settled`: one value; `conflict`: several people entered
 * different things without knowing of each other. All of them stay until somebody who sees them decides.
 */
export type SlotState = 'empty' | 'settled' | 'conflict';

/** What the operations that make up a slot come to; equal values are no conflict. */
export function slotState(current: readonly { readonly value: OperationValue | null }[]): SlotState {
  const [first] = current;
  if (!first) return 'empty';
  if (new Set(current.map(({ value }) => valueKey(value))).size > 1) return 'conflict';
  return first.value === null ? 'empty' : 'settled';
}

/**
 * The one value of a slot, or null where there is none or they conflict: an undecided answer counts as unanswered, so
 * that no score is computed from it.
 */
export const settledValue = (
  current: readonly { readonly value: OperationValue | null }[],
): OperationValue | null => (slotState(current) === 'settled' ? current[0]!.value : null);

/** The note of an item. Of several that conflict, all: no figure rests on a note, so none holds anything up. */
export function noteOf(current: readonly { readonly value: OperationValue | null }[]): string | null {
  const notes = current.flatMap(({ value }) => (value?.note ? [value.note] : []));
  return notes.length > 0 ? [...new Set(notes)].join('\n\n') : null;
}
