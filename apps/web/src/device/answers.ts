import {
  type DeviceCopy,
  type OperationField,
  type OperationValue,
  settledValue,
  type Slot,
  slotKey,
  type SlotView,
  view,
} from '#domain/sync';

/*
 * What a copy on the device comes to, for pages. Pure, and quick enough to be done after every tap on a cheap phone with a
 * few hundred items and as many entries that wait.
 */

/** How an item stands. Unanswered, not applicable and "no" are three things; a conflict counts as unanswered. */
export type Standing =
  'unanswered' | 'conforming' | 'partly' | 'nonconforming' | 'not-applicable' | 'conflict';

/** What of the answers is needed to tell how items stand. */
export interface Scale {
  readonly answers: readonly {
    readonly code: string;
    readonly conformity: Exclude<Standing, 'unanswered' | 'conflict'>;
  }[];
}

/** How many items stand where; `answered` of `total` leaves unanswered ones and conflicts. */
export interface Progress {
  readonly total: number;
  readonly answered: number;
  readonly unanswered: number;
  readonly notApplicable: number;
  readonly conflicts: number;
}

/** Gives slots as they are to be shown; those that haven't changed since the last copy are the same objects as before. */
export function slotViews(): (copy: DeviceCopy) => (slot: Slot) => SlotView {
  let past: DeviceCopy | null = null;
  const known = new Map<string, SlotView>();
  return (copy) => {
    const own = new Map<string, DeviceCopy['queue'][number][]>();
    for (const each of copy.queue) own.set(slotKey(each), [...(own.get(slotKey(each)) ?? []), each]);
    if (past) {
      const before = new Map<string, DeviceCopy['queue'][number][]>();
      for (const each of past.queue) before.set(slotKey(each), [...(before.get(slotKey(each)) ?? []), each]);
      for (const key of known.keys()) {
        const [one, other] = [own.get(key) ?? [], before.get(key) ?? []];
        const same =
          copy.items[key] === past.items[key] &&
          copy.device === past.device &&
          one.length === other.length &&
          one.every((each, n) => each === other[n]);
        if (!same) known.delete(key);
      }
    }
    past = copy;
    return (slot) => {
      const key = slotKey(slot);
      let shown = known.get(key);
      if (!shown) known.set(key, (shown = view({ ...copy, queue: own.get(key) ?? [] }, slot)));
      return shown;
    };
  };
}

/** The one value of a slot; null where there is none, or several that nobody has decided between. */
export const valueOf = (shown: SlotView): OperationValue | null => settledValue(shown.current);

/** How an item stands by its answer or claim. */
export function standingOf(shown: SlotView, { answers }: Scale): Standing {
  if (shown.state === 'conflict') return 'conflict';
  const answer = valueOf(shown)?.answer;
  return answers.find(({ code }) => code === answer)?.conformity ?? 'unanswered';
}

/** How far a list of items is. */
export function progressOf(standings: readonly Standing[]): Progress {
  const count = (which: Standing) => standings.filter((each) => each === which).length;
  const [conflicts, open] = [count('conflict'), count('unanswered')];
  return {
    total: standings.length,
    answered: standings.length - conflicts - open,
    unanswered: open + conflicts,
    notApplicable: count('not-applicable'),
    conflicts,
  };
}

/** The next item after `from` (round the end, if need be) that is still to be answered; null: none. */
export function nextOpen(
  items: readonly { readonly code: string; readonly standing: Standing }[],
  from: string | null,
): string | null {
  const at = items.findIndex(({ code }) => code === from);
  const round = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  return round.find(({ standing }) => standing === 'unanswered' || standing === 'conflict')?.code ?? null;
}

/** The field that somebody answers items in: the assessor's verdict, the supplier's claim; null: they only read. */
export const sideOf = (writes: readonly OperationField[]): 'answer' | 'claim' | null =>
  writes.includes('answer') ? 'answer' : writes.includes('claim') ? 'claim' : null;

/** A UUID of version 7: later ones sort after earlier ones, as far as the clock is right. */
export function uuid7(now: number, random: Uint8Array): string {
  const hex =
    Math.max(0, Math.floor(now)).toString(16).padStart(12, '0').slice(-12) +
    [...random.slice(0, 10)].map((each) => each.toString(16).padStart(2, '0')).join('');
  const variant = '89ab'[parseInt(hex[16]!, 16) % 4]!;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Milliseconds until the next attempt: 2 s, doubled each time, five minutes at most, a fifth at random. */
export const backOff = (failures: number, random: number): number =>
  Math.min(300_000, 1000 * 2 ** Math.min(failures, 12)) * (0.9 + 0.2 * random);
