import { acknowledged, changed, type Operation, outgoing } from '#domain/sync';
import { ApiProblem, callQuietly, NoConnection, type Problem } from '#web/api/client';
import { queryClient } from '#web/api/hooks';
import { personHere, useMe } from '#web/api/session';
import { backOff } from './answers';
import type { FileRecord, Trouble } from './database';
import { type Device, deviceOf } from './store';
import { upload } from './upload';

/*
 * Sends what waits: after every entry, when the connection is back, when the app is looked at again, and by itself after a
 * pause that grows. One tab at a time. Whatever the answer is, nothing leaves the device that the server hasn't acknowledged.
 */

/** How many entries go at once; a batch that is refused as a whole is halved, to find the one that can't be read. */
const MOST = 200;
/** Looks for what others have done so often while the app is in view. */
const LOOK = 60_000;
/** Answers that say "not now": of these all is kept and tried again. */
const PASSING = [408, 425, 429];

/** Whether an answer is about who asks and not about what was sent. */
const signedOut = ({ code }: Problem): boolean =>
  ['sign-in-required', 'second-factor-required'].includes(code);
const passing = ({ status }: Problem): boolean => status >= 500 || PASSING.includes(status);
const troubleOf = ({ code, title, errors }: Problem): Trouble => {
  const fix = errors?.find((each) => each.fix)?.fix;
  return { code, detail: title, ...(fix && { fix }) };
};

class Sender {
  private running: Promise<void> | null = null;
  private asked = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly device: Device) {
    device.wake = () => void this.send();
    addEventListener('online', () => void this.send(true));
    addEventListener('offline', () => device.set({ hindrance: { kind: 'offline', again: null } }));
    addEventListener('focus', () => void this.send(true));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.send(true);
    });
    setInterval(() => {
      if (document.visibilityState === 'visible' && !device.state.hindrance) void this.send();
    }, LOOK);
  }

  /** Sends everything that waits, then asks for what is new. `now`: without waiting for the pause to end. */
  async send(now = false): Promise<void> {
    if (now) this.failures = 0;
    // In a pause after a failure, entries wait for its end: a phone with a bad connection shouldn't be kept busy.
    else if (this.timer !== undefined && !this.running) return;
    this.asked = true;
    this.running ??= this.rounds().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  private async rounds(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    while (this.asked) {
      this.asked = false;
      const round = () => this.round();
      // Of several tabs one sends, and the next finds nothing left to do.
      const locks = navigator.locks as LockManager | undefined;
      const again = await (locks ? locks.request(`uplift-send ${this.device.person}`, round) : round()).catch(
        () => true,
      );
      if (!again) {
        this.failures = 0;
        continue;
      }
      this.failures += 1;
      const pause = backOff(this.failures, Math.random());
      const { hindrance } = this.device.state;
      if (hindrance) this.device.set({ hindrance: { ...hindrance, again: Date.now() + pause } });
      this.timer = setTimeout(() => {
        this.timer = undefined;
        void this.send();
      }, pause);
      return;
    }
  }

  /** One go through all assessments. Answers whether it has to be tried again. */
  private async round(): Promise<boolean> {
    const { device } = this;
    if (!navigator.onLine) {
      device.set({ hindrance: { kind: 'offline', again: null } });
      // The event of the connection's return may not come; so it is looked after.
      return device.unsent > 0;
    }
    device.set({ sending: true });
    let later = false;
    try {
      await device.restore();
      // What was entered is small and goes first; photographs take minutes on a slow line.
      for (const id of device.state.taken?.keys() ?? []) await this.ofOne(id, () => this.news(id));
      for (const [id, { record }] of device.state.taken ?? [])
        if (!record.trouble) later = (await this.ofOne(id, () => this.files(id))) || later;
      device.set({ hindrance: later ? { kind: 'server', again: null } : null });
      return later;
    } catch (error) {
      if (error instanceof NoConnection) device.set({ hindrance: { kind: 'offline', again: null } });
      else if (error instanceof ApiProblem && signedOut(error.problem)) {
        // Only its person can end this.
        device.set({ hindrance: { kind: 'signed-out', again: null } });
        return false;
      } else device.set({ hindrance: { kind: 'server', again: null } });
      return true;
    } finally {
      device.set({ sending: false, progress: new Map() });
    }
  }

  /**
   * Does something for one assessment; what is refused of it is its own trouble and holds up no other.
   * @throws what stops the whole round: no connection, nobody signed in, a server that can't now
   */
  private async ofOne(id: string, work: () => Promise<boolean>): Promise<boolean> {
    const { device } = this;
    // Somebody else may have signed in meanwhile, here or in another tab: nobody's work goes out as another's.
    if (personHere() !== device.person) throw new ApiProblem(SIGNED_OUT);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiProblem) || signedOut(error.problem) || passing(error.problem)) throw error;
      // It isn't theirs any more, or isn't there: all of it stays here, and they are told.
      const trouble = troubleOf(error.problem);
      await device.change(id, (kept) => ({ ...kept, record: { ...kept.record, trouble } }));
      return false;
    }
  }

  /** Sends the entries of an assessment, then asks for what is new of it. */
  private async news(id: string): Promise<boolean> {
    const { device } = this;
    await this.entries(id);
    const one = device.get(id);
    if (!one) return false;
    const news = await callQuietly('get', '/api/v1/assessments/{id}/changes', {
      params: { path: { id }, query: { since: one.copy.revision, device: one.copy.device } },
    });
    await device.change(id, ({ record, copy }) => ({
      record: { ...record, trouble: null, contactAt: new Date().toISOString() },
      copy: changed(copy, news as never),
    }));
    await device.told(id, news);
    return false;
  }

  /** Sends what was entered since files are on their way. */
  private async entriesBetween(): Promise<void> {
    for (const [id, { copy, record }] of this.device.state.taken ?? [])
      if (!record.trouble && outgoing(copy, 1).length > 0) await this.ofOne(id, () => this.news(id));
  }

  private async entries(id: string): Promise<void> {
    const { device } = this;
    let most = MOST;
    for (;;) {
      const one = device.get(id);
      const batch = one ? outgoing(one.copy, most) : [];
      if (!one || batch.length === 0) return;
      const body = {
        device: one.copy.device,
        checklistHash: one.copy.checklistHash,
        sentAt: new Date().toISOString(),
        operations: batch.map(({ device: _, ...operation }: Operation) => operation),
      };
      try {
        const answer = await callQuietly('post', '/api/v1/assessments/{id}/operations', {
          params: { path: { id } },
          body: body as never,
        });
        await device.change(id, ({ record, copy }) => ({
          record,
          copy: acknowledged(copy, answer as never),
        }));
      } catch (error) {
        const unreadable = error instanceof ApiProblem && [400, 413, 422].includes(error.problem.status);
        if (!unreadable) throw error;
        if (batch.length > 1) {
          most = Math.ceil(batch.length / 2);
          continue;
        }
        // One that can't be read mustn't hold up the others: it is put aside as a refused one.
        const results = [{ id: batch[0]!.id, outcome: 'refused' as const, ...troubleOf(error.problem) }];
        await device.change(id, ({ record, copy }) => ({
          record,
          copy: acknowledged(copy, { revision: 0, results, items: [] }),
        }));
      }
    }
  }

  /** Sends the files of an assessment, one after the other. Answers whether some are to be tried again. */
  private async files(id: string): Promise<boolean> {
    const { device } = this;
    let later = false;
    let did = false;
    for (const file of device.get(id)?.files ?? []) {
      if (file.state !== 'waiting' && file.state !== 'removing' && !file.retold) continue;
      await this.entriesBetween();
      try {
        if (file.state === 'removing') await this.takeBack(file);
        else if (file.state === 'waiting') later = !(await this.file(file)) || later;
        else await this.retell(file);
        did = true;
      } catch (error) {
        if (!(error instanceof ApiProblem) || signedOut(error.problem)) throw error;
        const trouble = troubleOf(error.problem);
        if (passing(error.problem) || AGAIN.includes(error.problem.code)) later = true;
        else if (file.state === 'sent') await device.changeFile(file, { retold: false, trouble });
        else await device.changeFile(file, { state: 'refused', trouble });
      }
    }
    if (did) void queryClient.invalidateQueries({ queryKey: ['/api/v1/assessments/{id}/evidence'] });
    return later;
  }

  private async takeBack(file: FileRecord): Promise<void> {
    try {
      await callQuietly('delete', '/api/v1/evidence/{id}', { params: { path: { id: file.evidenceId! } } });
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.status !== 404) throw error;
    }
    await this.device.forgetFile(file);
  }

  /** A caption that was written after its file was declared. */
  private async retell(file: FileRecord): Promise<void> {
    const { id, evidenceId, caption } = file;
    await callQuietly('patch', '/api/v1/evidence/{id}', {
      params: { path: { id: evidenceId! } },
      body: { caption },
    });
    // Written anew meanwhile: that goes the next time.
    const now = this.device.get(file.assessmentId)?.files.find((each) => each.id === id);
    if (now?.caption === caption) await this.device.changeFile(file, { retold: false, trouble: null });
  }

  /** Sends a file; answers whether the server has acknowledged all of it. */
  private async file(file: FileRecord): Promise<boolean> {
    const { device } = this;
    const row = await callQuietly('post', '/api/v1/assessments/{id}/evidence', {
      params: { path: { id: file.assessmentId } },
      body: {
        sha256: file.sha256,
        size: file.size,
        fileName: file.name.slice(0, 200),
        capturedAt: file.capturedAt,
        deviceId: device.get(file.assessmentId)?.copy.device ?? '',
        ...(file.requirement && { requirement: file.requirement }),
        ...(file.caption && { caption: file.caption }),
      },
    });
    const { caption } = row;
    await device.changeFile(file, {
      evidenceId: row.id,
      // Declared before, with another caption or none: ours is told afterwards, and without one of ours theirs stays.
      ...(caption !== file.caption && (file.caption === null ? { caption } : { retold: true })),
    });
    if (row.uploadUrl) {
      const bytes = await device.bytesOf(file);
      if (!bytes) throw new ApiProblem(LOST);
      let shown = 0;
      await upload(new Blob([bytes]), location.origin + row.uploadUrl, (there) => {
        // The browser tells of it twenty times a second; a page that is drawn so often is of no use for work.
        if (Date.now() - shown < 300) return;
        shown = Date.now();
        device.set({ progress: new Map([[file.id, there]]) });
      });
    }
    const { received } = await callQuietly('post', '/api/v1/assessments/{id}/evidence/acknowledged', {
      params: { path: { id: file.assessmentId } },
      body: { sha256: [file.sha256] },
    });
    const there = received.includes(file.sha256);
    if (there) await device.changeFile(file, { state: 'sent', trouble: null });
    return there;
  }
}

const SIGNED_OUT: Problem = {
  type: 'about:blank',
  status: 401,
  code: 'sign-in-required',
  title: 'Somebody else is signed in, or nobody is.',
  instance: '',
};

/** Declared again, these come right. */
const AGAIN = ['evidence-hash-wrong', 'upload-offset-wrong', 'upload-not-found'];
const LOST: Problem = {
  type: 'about:blank',
  status: 410,
  code: 'file-lost',
  title: 'The browser has cleared this file away before it was sent.',
  instance: '',
};

const senders = new WeakMap<Device, Sender>();
/** The device of somebody, with its sender at work. */
export const startDevice = (person: string): Device =>
  deviceOf(person, (made) => senders.set(made, new Sender(made)));

/** Sends at once, and resolves when that is done or has failed. */
export const sendNow = (device: Device): Promise<void> =>
  senders.get(device)?.send(true) ?? Promise.resolve();

/** The device of whoever is signed in. */
export const useDevice = (): Device => startDevice(useMe().userId);
