import {
  changed,
  enter,
  putAside,
  type QueuedOperation,
  sendAgain,
  type Slot,
  syncStatus,
  takeCopy,
  type DeviceCopy,
  type OperationValue,
} from '#domain/sync';
import { useSyncExternalStore } from 'react';
import { call, type Schema } from '#web/api/client';
import { atSignOut, keptKey, whileUnsent } from '#web/api/session';
import { serverLocale } from '#web/i18n';
import { uuid7 } from './answers';
import {
  type CopyRecord,
  database,
  dropBytes,
  type FileRecord,
  forget,
  type Kept,
  type Pack,
  readKept,
  whenCleared,
  write,
  writeKept,
} from './database';

export type { FileRecord, Pack, Trouble } from './database';

/** An assessment on this device, with what was done to it here. */
export interface Taken extends Kept {
  readonly pack: Pack;
  readonly files: readonly FileRecord[];
}

/** What keeps everything from being sent; null: nothing known of. */
export interface Hindrance {
  readonly kind: 'offline' | 'signed-out' | 'server';
  /** When it is tried again by itself. */
  readonly again: number | null;
}

/** What pages show; a new object whenever something has changed. */
export interface DeviceState {
  /** null until the device's database was read. */
  readonly taken: ReadonlyMap<string, Taken> | null;
  /** The database can't be used at all: private windows of some browsers, a broken disk. */
  readonly broken: boolean;
  readonly sending: boolean;
  readonly hindrance: Hindrance | null;
  /** Of files on their way: bytes that are there. */
  readonly progress: ReadonlyMap<string, number>;
  /** Assessments that were on this device and that the browser has cleared away. */
  readonly evicted: readonly Mark[];
}

/** A note of what is kept in IndexedDB, in a place that browsers clear by other rules: so that a loss is seen. */
interface Mark {
  readonly id: string;
  readonly name: string;
  /** Entries made, sent or not. */
  readonly seq: number;
  /** Files that were still to be sent. */
  readonly files?: number;
}

export const deviceKey = (person: string): string => `uplift.device.${person}`;
const readMarks = (person: string): Mark[] => {
  try {
    return JSON.parse(localStorage.getItem(keptKey(person)) ?? '[]') as Mark[];
  } catch {
    return [];
  }
};

/** The installation, of this person: made once. */
function deviceId(person: string): string {
  const known = localStorage.getItem(deviceKey(person));
  if (known) return known;
  const made = newId();
  localStorage.setItem(deviceKey(person), made);
  return made;
}

export const newId = (): string => uuid7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));

/**
 * One person's work on this device. What is entered is on the disk before it is shown as saved; every tab shows the same,
 * because each tells the others what to read anew.
 */
export class Device {
  state: DeviceState = {
    taken: null,
    broken: false,
    sending: false,
    hindrance: null,
    progress: new Map(),
    evicted: [],
  };
  /** Asked to send what waits; set by the sender. */
  wake: () => void = () => undefined;
  private readonly listeners = new Set<() => void>();
  private readonly channel =
    typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('uplift-device');

  constructor(readonly person: string) {
    this.channel?.addEventListener('message', ({ data }: MessageEvent<{ person: string; id: string }>) => {
      if (data.person === person) void this.reread(data.id);
    });
    whenCleared(() => void this.restore().catch(() => undefined));
    void this.open();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly snapshot = (): DeviceState => this.state;
  set(next: Partial<DeviceState>): void {
    this.state = { ...this.state, ...next };
    this.listeners.forEach((each) => each());
  }

  get(id: string): Taken | undefined {
    return this.state.taken?.get(id);
  }
  /** Entries and files that the server hasn't, those it has refused included. */
  get unsent(): number {
    return [...(this.state.taken?.values() ?? [])].reduce((sum, each) => sum + unsentOf(each).all, 0);
  }

  private async open(): Promise<void> {
    try {
      const db = await database();
      const taken = new Map<string, Taken>();
      for (const [person, id] of await db.getAllKeys('copies'))
        if (person === this.person) {
          const one = await this.read(id);
          if (one) taken.set(id, one);
        }
      this.set({ taken, evicted: readMarks(this.person).filter(({ id }) => !taken.has(id)) });
      this.wake();
    } catch {
      this.set({ taken: new Map(), broken: true });
    }
  }

  private async read(id: string): Promise<Taken | null> {
    const tx = (await database()).transaction(['copies', 'packs', 'items', 'queue', 'files']);
    const [kept, pack, files] = await Promise.all([
      readKept(tx as never, this.person, id),
      tx.objectStore('packs').get([this.person, id]),
      tx.objectStore('files').index('owner').getAll([this.person, id]),
    ]);
    return kept && pack ? { ...kept, pack, files } : null;
  }

  /** Another tab has written: what it wrote is read. */
  private async reread(id: string): Promise<void> {
    const one = await this.read(id).catch(() => undefined);
    if (one !== undefined) this.put(id, one);
  }

  private put(id: string, one: Taken | null): void {
    const taken = new Map(this.state.taken);
    if (one) taken.set(id, one);
    else taken.delete(id);
    this.set({ taken, evicted: this.state.evicted.filter((each) => !taken.has(each.id)) });
  }

  /** What was written is shown here and told to the other tabs. */
  private done(id: string, next: Partial<Taken> | null): void {
    const one = this.get(id);
    if (next === null) this.put(id, null);
    else if (one) this.put(id, { ...one, ...next });
    this.mark();
    this.channel?.postMessage({ person: this.person, id });
  }

  private mark(): void {
    const marks: Mark[] = [...(this.state.taken?.entries() ?? [])].map(([id, one]) => ({
      id,
      name: one.pack.site.name,
      seq: one.copy.seq,
      files: unsentOf(one).files,
    }));
    try {
      localStorage.setItem(keptKey(this.person), JSON.stringify([...marks, ...this.state.evicted]));
    } catch {
      // No room for the note; what it is about is on the disk all the same.
    }
  }

  /**
   * Puts back what the browser has cleared away while this page had it open; only the bytes of files are gone. What somebody
   * took off the device, here or in another tab, has no mark any more, and stays off.
   */
  async restore(): Promise<void> {
    const { person } = this;
    const { taken } = this.state;
    if (!taken || taken.size === 0) return;
    const here = new Set((await (await database()).getAllKeys('copies')).map((key) => key.join(' ')));
    const marks = readMarks(person);
    // The notes were cleared, too: then there is no telling by them.
    const wiped = localStorage.getItem(deviceKey(person)) === null;
    for (const [id, one] of taken) {
      if (here.has(`${person} ${id}`)) continue;
      if (!wiped && !marks.some((each) => each.id === id)) {
        this.put(id, null);
        continue;
      }
      const record: CopyRecord = { ...one.record, restored: true };
      await write(['copies', 'packs', 'items', 'queue', 'files'], async (tx) => {
        await Promise.all([
          writeKept(tx, null, { record, copy: one.copy }),
          tx.objectStore('packs').put(one.pack, [person, id]),
          ...one.files.map((file) => tx.objectStore('files').put(file)),
        ]);
      });
      if (wiped) localStorage.setItem(deviceKey(person), one.copy.device);
      this.done(id, { record });
    }
  }

  /**
   * Takes an assessment along, or what is new of one that is here already; what was entered stays on top.
   * @throws ApiProblem, NoConnection, a DOMException when there is no room
   */
  async take(id: string): Promise<Taken> {
    await this.restore();
    const device = this.get(id)?.copy.device ?? deviceId(this.person);
    const answer = await call('get', '/api/v1/assessments/{id}/offline', {
      params: { path: { id }, query: { device, lang: serverLocale() } },
    });
    const { items, seq, ...pack } = answer as Schema<'OfflineAssessment'>;
    const mark = readMarks(this.person).find((each) => each.id === id);
    const { revision } = pack.assessment;
    const kept = await write(['copies', 'packs', 'items', 'queue'], async (tx) => {
      const before = await readKept(tx, this.person, id);
      const now = new Date().toISOString();
      const copy: DeviceCopy = before
        ? {
            ...changed(before.copy, { revision, items, received: [] } as never),
            checklistHash: pack.checklistHash,
          }
        : takeCopy({
            assessmentId: id,
            device,
            person: this.person,
            checklistHash: pack.checklistHash,
            revision,
            items: items as never,
            // What was lost may have been sent by a tab that never heard of it.
            seq: Math.max(seq, mark?.seq ?? 0),
          });
      const about: CopyRecord = {
        ...copy,
        takenAt: before?.record.takenAt ?? now,
        contactAt: now,
        trouble: null,
        lost: before ? before.record.lost : Math.max(0, (mark?.seq ?? 0) - seq),
        lostFiles: before ? (before.record.lostFiles ?? 0) : (mark?.files ?? 0),
        ...(before?.record.restored && { restored: true }),
      };
      const { items: _i, queue: _q, ...record } = about as CopyRecord & Partial<DeviceCopy>;
      const next: Kept = { record: record as CopyRecord, copy };
      await tx.objectStore('packs').put(pack, [this.person, id]);
      await writeKept(tx, before?.copy ?? null, next);
      return next;
    });
    const taken: Taken = { ...kept, pack, files: this.get(id)?.files ?? [] };
    this.put(id, taken);
    this.done(id, {});
    void navigator.storage?.persist?.();
    return taken;
  }

  /** The browser's loss was seen by its person. */
  async acceptLoss(id: string): Promise<void> {
    if (this.get(id))
      await this.change(id, ({ record, copy }) => ({
        record: { ...record, lost: 0, lostFiles: 0, restored: false },
        copy,
      }));
    else {
      this.set({ evicted: this.state.evicted.filter((each) => each.id !== id) });
      this.mark();
    }
  }

  /** Takes an assessment off this device. Refused while something of it is unsent. */
  async drop(id: string): Promise<boolean> {
    const one = this.get(id);
    if (!one || unsentOf(one).all > 0) return false;
    await write(['copies', 'packs', 'items', 'queue', 'files', 'bytes'], (tx) => forget(tx, this.person, id));
    this.done(id, null);
    return true;
  }

  /**
   * Something was entered. Resolves when it is on the disk. It goes on from what this tab shows, whatever another has
   * entered in the meantime: that is what its person saw.
   */
  async enter(id: string, entry: Slot & { value: OperationValue | null; settling?: boolean }): Promise<void> {
    const operation = await write(['copies', 'queue'], async (tx) => {
      const record = await tx.objectStore('copies').get([this.person, id]);
      const shown = this.get(id);
      if (!record || !shown) return null;
      const seq = Math.max(record.seq, shown.copy.seq);
      const made = enter(
        { ...shown.copy, seq },
        { ...entry, id: newId(), capturedAt: new Date().toISOString() },
      ).queue.at(-1)!;
      await Promise.all([
        tx.objectStore('queue').put(made, [this.person, id, made.seq]),
        tx.objectStore('copies').put({ ...record, seq: made.seq }, [this.person, id]),
      ]);
      return made;
    });
    if (!operation) {
      await this.restore();
      if (!this.get(id)) throw new Error('The assessment is not on this device any more.');
      return this.enter(id, entry);
    }
    const now = this.get(id);
    if (now && !now.copy.queue.some((each) => each.id === operation.id)) {
      const queue: QueuedOperation[] = [...now.copy.queue, operation];
      this.done(id, { copy: { ...now.copy, seq: Math.max(now.copy.seq, operation.seq), queue } });
    }
    this.wake();
  }

  /** Makes the next state of an assessment from the one on the disk. */
  async change(id: string, make: (kept: Kept) => Kept): Promise<void> {
    const next = await write(['copies', 'items', 'queue'], async (tx) => {
      const before = await readKept(tx, this.person, id);
      if (!before) return null;
      const after = make(before);
      await writeKept(tx, before.copy, after);
      return after;
    });
    if (next) return this.done(id, next);
    await this.restore();
    if (this.get(id)) await this.change(id, make);
  }

  /** A refused entry is sent once more, after what stood in its way is mended. */
  async again(id: string, operation: string): Promise<void> {
    await this.change(id, ({ record, copy }) => ({
      record: { ...record, trouble: null },
      copy: sendAgain(copy, operation),
    }));
    this.wake();
  }
  /** A refused entry isn't needed here any more; the server keeps it. */
  putAside(id: string, operation: string): Promise<void> {
    return this.change(id, (kept) => ({ ...kept, copy: putAside(kept.copy, operation) }));
  }

  /** Where the assessment stands now, why it came back or is void, and what has become of its checklist, as the server says. */
  async told(
    id: string,
    {
      state,
      voided,
      edition,
      returned,
    }: Pick<Schema<'AssessmentChanges'>, 'state' | 'voided' | 'edition' | 'returned'>,
  ): Promise<void> {
    const one = this.get(id);
    const same = (before: unknown, now: unknown): boolean => JSON.stringify(before) === JSON.stringify(now);
    if (
      !one ||
      (one.pack.assessment.state === state &&
        same(one.pack.edition, edition) &&
        same(one.pack.returned, returned))
    )
      return;
    const pack: Pack = {
      ...one.pack,
      edition,
      returned,
      assessment: { ...one.pack.assessment, state, voided },
    };
    await write(['packs'], (tx) => tx.objectStore('packs').put(pack, [this.person, id]));
    this.done(id, { pack });
  }

  /** A file was added. Resolves when all of it is on the disk; it may have been added before. */
  async addFile(file: FileRecord, bytes: ArrayBuffer): Promise<void> {
    const there = this.get(file.assessmentId)?.files.find(
      ({ sha256, requirement, state }) =>
        sha256 === file.sha256 && requirement === file.requirement && state !== 'removing',
    );
    if (there) return;
    await this.restore();
    await write(['files', 'bytes'], (tx) =>
      Promise.all([tx.objectStore('files').put(file), tx.objectStore('bytes').put(bytes, file.sha256)]),
    );
    this.showFile(file.assessmentId, file.id, file);
    this.wake();
  }
  async changeFile(file: FileRecord, to: Partial<FileRecord>): Promise<void> {
    const next = await write(['files', 'bytes'], async (tx) => {
      const now = await tx.objectStore('files').get(file.id);
      // Removed while it was being sent: that stays so.
      if (!now || (now.state === 'removing' && to.state !== undefined && to.state !== 'removing')) return now;
      const changed = { ...now, ...to };
      await tx.objectStore('files').put(changed);
      if (to.state === 'sent') await dropBytes(tx, [file.sha256]);
      return changed;
    });
    this.showFile(file.assessmentId, file.id, next && { ...next, thumbnail: file.thumbnail });
  }
  /** Says something else of a file: here at once, at the server as soon as it can be told. */
  async caption(file: FileRecord, caption: string | null): Promise<void> {
    if (caption === file.caption) return;
    await this.changeFile(file, { caption, ...(file.evidenceId && { retold: true }) });
    this.wake();
  }
  /** Takes a file back: here at once, at the server as soon as it can be told. */
  async removeFile(file: FileRecord): Promise<void> {
    if (file.evidenceId) await this.changeFile(file, { state: 'removing', trouble: null });
    else await this.forgetFile(file);
    this.wake();
  }
  async forgetFile(file: FileRecord): Promise<void> {
    await write(['files', 'bytes'], async (tx) => {
      await tx.objectStore('files').delete(file.id);
      await dropBytes(tx, [file.sha256]);
    });
    this.showFile(file.assessmentId, file.id, undefined);
  }
  async bytesOf({ sha256 }: FileRecord): Promise<ArrayBuffer | undefined> {
    return (await database()).get('bytes', sha256);
  }
  /** Only the one that has changed is another object: the small pictures of sixty needn't be made anew for it. */
  private showFile(id: string, file: string, now: FileRecord | undefined): void {
    const files = this.get(id)?.files ?? [];
    const known = files.some((each) => each.id === file);
    this.done(id, {
      files: files
        .flatMap((each) => (each.id !== file ? [each] : now ? [now] : []))
        .concat(now && !known ? [now] : []),
    });
  }
}

/** What of an assessment the server hasn't. */
export function unsentOf({ copy, files }: Pick<Taken, 'copy' | 'files'>) {
  const { unsent, refused } = syncStatus(copy);
  const waiting = files.filter(
    ({ state, retold }) => state === 'waiting' || (state === 'sent' && retold),
  ).length;
  const removing = files.filter(({ state }) => state === 'removing').length;
  const refusedFiles = files.filter(({ state }) => state === 'refused').length;
  return {
    entries: unsent,
    files: waiting + removing,
    refused: refused + refusedFiles,
    all: unsent + refused + waiting + removing + refusedFiles,
  };
}

let device: Device | null = null;
/** The device of whoever is signed in; pages ask by `useDevice`. */
export function deviceOf(person: string, start: (device: Device) => void): Device {
  if (device?.person !== person) {
    device = new Device(person);
    start(device);
  }
  return device;
}

whileUnsent(() => (device?.unsent ?? 0) > 0);
// What is sent goes; what isn't stays until its person is back.
atSignOut(async () => {
  for (const id of device?.state.taken?.keys() ?? []) await device!.drop(id);
});

/** What a device shows at the moment. */
export const useDeviceState = (of: Device): DeviceState => useSyncExternalStore(of.subscribe, of.snapshot);
