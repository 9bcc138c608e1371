import type { DeviceCopy, ItemState, QueuedOperation } from '#domain/sync';
import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from 'idb';
import type { Problem, Schema } from '#web/api/client';

/*
 * What is kept on the device, in IndexedDB. Everything has the person's id in its key: two people who share a device never
 * see or send each other's. Entries, items and the checklist lie apart, so that an entry writes a few hundred bytes.
 */

/** The assessment as it was taken along, without what is merged: that is in the copy. */
export type Pack = Omit<Schema<'OfflineAssessment'>, 'items' | 'seq' | 'edition' | 'returned'> & {
  /** These are missing in what was taken along before there was such news. */
  readonly edition?: Schema<'EditionNews'>;
  readonly returned?: Schema<'OfflineAssessment'>['returned'];
};

/** Why something was refused or could not be sent, as the API says it. */
export type Trouble = Pick<Problem, 'code'> & { readonly detail?: string; readonly fix?: string };

/** What is small and changes often. */
export interface CopyRecord extends Omit<DeviceCopy, 'items' | 'queue'> {
  readonly takenAt: string;
  /** When the server last said that it has everything; by this device's clock. */
  readonly contactAt: string;
  /** Why nothing of this assessment can be sent, as long as it is so. */
  readonly trouble: Trouble | null;
  /** Entries that the browser had cleared away before they were sent; 0: none. */
  readonly lost: number;
  /** The same of files. */
  readonly lostFiles?: number;
  /** The browser cleared the device's copy while a page had it open, which has put it back. */
  readonly restored?: boolean;
}

/** A photograph or document that was added on this device. */
export interface FileRecord {
  readonly id: string;
  readonly person: string;
  readonly assessmentId: string;
  /** null: of the assessment as a whole. */
  readonly requirement: string | null;
  readonly sha256: string;
  readonly size: number;
  readonly type: string;
  readonly name: string;
  readonly caption: string | null;
  readonly capturedAt: string;
  /** A small picture of it; null where it is a document. */
  readonly thumbnail: ArrayBuffer | null;
  /** `sent`: the server has said that it has every byte, and the bytes here are gone. */
  readonly state: 'waiting' | 'sent' | 'refused' | 'removing';
  /** The row at the server, once it was declared. */
  readonly evidenceId: string | null;
  /** The caption was written after the file was declared, and the server hasn't it yet. */
  readonly retold?: boolean;
  readonly trouble: Trouble | null;
}

interface Shape extends DBSchema {
  copies: { key: [person: string, assessment: string]; value: CopyRecord };
  packs: { key: [person: string, assessment: string]; value: Pack };
  items: { key: [person: string, assessment: string, slot: string]; value: ItemState };
  queue: { key: [person: string, assessment: string, seq: number]; value: QueuedOperation };
  files: { key: string; value: FileRecord; indexes: { owner: [string, string] } };
  /** By SHA-256. As bytes: not every browser keeps a Blob it was given readable for days. */
  bytes: { key: string; value: ArrayBuffer };
}
type Store = 'copies' | 'packs' | 'items' | 'queue' | 'files' | 'bytes';
export type Writing = IDBPTransaction<Shape, Store[], 'readwrite'>;

let opened: Promise<IDBPDatabase<Shape>> | null = null;
let cleared: () => void = () => undefined;
/** Called when the browser has closed or deleted the database under an open page. */
export const whenCleared = (listener: () => void): void => {
  cleared = listener;
};
/** The database; opened again when another tab, with a newer version, had it closed. */
export function database(): Promise<IDBPDatabase<Shape>> {
  opened ??= openDB<Shape>('uplift', 1, {
    upgrade(db) {
      for (const store of ['copies', 'packs', 'items', 'queue', 'bytes'] as const)
        db.createObjectStore(store);
      db.createObjectStore('files', { keyPath: 'id' }).createIndex('owner', ['person', 'assessmentId']);
    },
    // A newer version in another tab goes first; nothing is lost by closing between transactions.
    blocking: (_now, next, event) => {
      (event.target as IDBDatabase).close();
      opened = null;
      // Without a next version it is being deleted.
      if (next === null) cleared();
    },
    terminated: () => {
      opened = null;
      cleared();
    },
  });
  opened.catch(() => {
    opened = null;
  });
  return opened;
}

/** Everything of one assessment: keys that begin with these two. */
const below = (person: string, assessment: string) =>
  IDBKeyRange.bound([person, assessment], [person, assessment, []]);

/** Runs `work` in one transaction that is on the disk when this resolves. A failure changes nothing. */
export async function write<T>(stores: Store[], work: (tx: Writing) => Promise<T>): Promise<T> {
  const tx = (await database()).transaction(stores, 'readwrite', { durability: 'strict' });
  try {
    const result = await work(tx);
    await tx.done;
    return result;
  } catch (error) {
    tx.done.catch(() => undefined);
    try {
      tx.abort();
    } catch {
      // It had ended already.
    }
    throw error;
  }
}

/** An assessment as it is on the device. */
export interface Kept {
  readonly record: CopyRecord;
  readonly copy: DeviceCopy;
}

/** Reads an assessment within a transaction, with entries of every tab. */
export async function readKept(
  tx: IDBPTransaction<Shape, Store[], IDBTransactionMode>,
  person: string,
  assessment: string,
): Promise<Kept | null> {
  const [record, keys, items, queue] = await Promise.all([
    tx.objectStore('copies').get([person, assessment]),
    tx.objectStore('items').getAllKeys(below(person, assessment)),
    tx.objectStore('items').getAll(below(person, assessment)),
    tx.objectStore('queue').getAll(below(person, assessment)),
  ]);
  if (!record) return null;
  const { assessmentId, device, checklistHash, seq, revision } = record;
  return {
    record,
    copy: {
      ...{ assessmentId, device, person, checklistHash, seq, revision },
      items: Object.fromEntries(items.map((item, n) => [keys[n]![2], item])),
      queue,
    },
  };
}

/** Writes what has changed from one state of a copy to the next. */
export async function writeKept(
  tx: Writing,
  before: DeviceCopy | null,
  { record, copy }: Kept,
): Promise<void> {
  const { person, assessmentId } = copy;
  const { items, queue, ...about } = copy;
  const items_ = tx.objectStore('items');
  const queue_ = tx.objectStore('queue');
  const left = new Set(queue.map(({ seq }) => seq));
  const known = new Map(before?.queue.map((each) => [each.seq, each]));
  await Promise.all([
    tx.objectStore('copies').put({ ...record, ...about }, [person, assessmentId]),
    ...Object.entries(items)
      .filter(([slot, item]) => before?.items[slot] !== item)
      .map(([slot, item]) => items_.put(item, [person, assessmentId, slot])),
    ...queue
      .filter((each) => known.get(each.seq) !== each)
      .map((each) => queue_.put(each, [person, assessmentId, each.seq])),
    ...[...known.keys()]
      .filter((seq) => !left.has(seq))
      .map((seq) => queue_.delete([person, assessmentId, seq])),
  ]);
}

/** Takes an assessment off the device, with everything that belongs to it. */
export async function forget(tx: Writing, person: string, assessment: string): Promise<void> {
  const files = await tx.objectStore('files').index('owner').getAll([person, assessment]);
  await Promise.all([
    tx.objectStore('copies').delete([person, assessment]),
    tx.objectStore('packs').delete([person, assessment]),
    tx.objectStore('items').delete(below(person, assessment)),
    tx.objectStore('queue').delete(below(person, assessment)),
    ...files.map(({ id }) => tx.objectStore('files').delete(id)),
  ]);
  await dropBytes(
    tx,
    files.map(({ sha256 }) => sha256),
  );
}

/** Lets bytes go that no file waits to send any more. */
export async function dropBytes(tx: Writing, hashes: readonly string[]): Promise<void> {
  if (hashes.length === 0) return;
  const needed = new Set(
    (await tx.objectStore('files').getAll())
      .filter(({ state }) => state === 'waiting' || state === 'refused')
      .map(({ sha256 }) => sha256),
  );
  await Promise.all(
    hashes.filter((each) => !needed.has(each)).map((each) => tx.objectStore('bytes').delete(each)),
  );
}
