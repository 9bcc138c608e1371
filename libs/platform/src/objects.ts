import { AwsClient } from 'aws4fetch';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { writeWhole } from './documents.js';

/** The first and the last byte wanted, both counted from 0. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Where large things are kept for good: in a folder or in S3-compatible storage. A key is a path of folder names and one
 * file name, made by us. What was put is there after a power cut, and whole: never a part of it.
 */
export interface ObjectStore {
  /** Keeps bytes under a key, in place of what was there. `sha256` is theirs (hex): S3 refuses others. */
  put(key: string, bytes: Uint8Array, sha256: string): Promise<void>;
  /** The bytes as a stream, or undefined when there are none under the key. */
  read(key: string, range?: ByteRange): Promise<Readable | undefined>;
  /** Removes what is there, if something is. */
  remove(key: string): Promise<void>;
  /** Keys that were last written before a moment, some at a time. */
  keysBefore(moment: Date): AsyncGenerator<string[]>;
}

/** There is no room for more: on the disk of the data folder, or in what the storage lets us have. */
export class StorageFullError extends Error {
  constructor(cause?: unknown) {
    super('There is no room left to keep this.', { cause });
    this.name = 'StorageFullError';
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** Turns "no space left" into an error a caller can tell. */
export function fullOr(error: unknown): unknown {
  return ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error) ?? '') ? new StorageFullError(error) : error;
}

/** Bytes that are free for us on the disk of a folder, which need not be there yet. */
export async function freeBytes(folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Objects as files below a folder. */
export class FolderObjects implements ObjectStore {
  constructor(private readonly folder: string) {}

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.path(key);
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      await writeWhole(path, bytes);
      // The name is durable once its folder is.
      const folder = await open(dirname(path), 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      throw fullOr(error);
    }
  }

  async read(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const path = this.path(key);
    try {
      await stat(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    return createReadStream(path, range && { start: range.from, end: range.to });
  }

  async remove(key: string): Promise<void> {
    await rm(this.path(key), { force: true });
  }

  async *keysBefore(moment: Date): AsyncGenerator<string[]> {
    yield* this.below('', moment);
  }

  private async *below(place: string, moment: Date): AsyncGenerator<string[]> {
    const entries = await readdir(join(this.folder, place), { withFileTypes: true }).catch(
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return [];
        throw error;
      },
    );
    const keys: string[] = [];
    for (const entry of entries) {
      const key = place === '' ? entry.name : `${place}/${entry.name}`;
      if (entry.isDirectory()) yield* this.below(key, moment);
      else if ((await writtenAt(this.path(key))) < moment.getTime()) {
        // What a process left behind that died while writing.
        if (key.endsWith('.part')) await rm(this.path(key), { force: true });
        else keys.push(key);
      }
    }
    if (keys.length > 0) yield keys;
  }

  private path(key: string): string {
    return join(this.folder, key);
  }
}

const writtenAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Infinity,
  );

/** S3-compatible storage: where it is, and as whom it is asked. */
export interface S3Settings {
  /** `https://s3.example.org`, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Objects in a bucket of S3-compatible storage, addressed by path (`endpoint/bucket/key`), which all of them understand. */
export class S3Objects implements ObjectStore {
  private readonly client: AwsClient;

  constructor(private readonly settings: S3Settings) {
    const { accessKeyId, secretAccessKey, region } = settings;
    // Three tries in all: what asks waits, and tries again itself.
    this.client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: 2 });
  }

  async put(key: string, bytes: Uint8Array, sha256: string): Promise<void> {
    await this.ask('PUT', key, { body: bytes as never, headers: { 'x-amz-content-sha256': sha256 } });
  }

  async read(key: string, range?: ByteRange): Promise<Readable | undefined> {
    const headers = range && { range: `bytes=${range.from}-${range.to}` };
    const answer = await this.ask('GET', key, { ...(headers && { headers }) });
    return answer?.body ? Readable.fromWeb(answer.body as never) : undefined;
  }

  async remove(key: string): Promise<void> {
    await this.ask('DELETE', key);
  }

  async *keysBefore(moment: Date): AsyncGenerator<string[]> {
    for (let token: string | undefined; ;) {
      const query = new URLSearchParams({
        'list-type': '2',
        ...(token !== undefined && { 'continuation-token': token }),
      });
      const page = (await (await this.ask('GET', `?${query}`))?.text()) ?? '';
      const keys = [...page.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, entry]) => {
        const written = new Date(inXml(entry!, 'LastModified') ?? 0);
        return written < moment ? [inXml(entry!, 'Key') ?? ''] : [];
      });
      if (keys.length > 0) yield keys;
      token = inXml(page, 'NextContinuationToken');
      if (token === undefined) return;
    }
  }

  /** Undefined for what isn't there. @throws StorageFullError, Error with the status and the storage's own code */
  private async ask(method: string, key: string, init: RequestInit = {}): Promise<Response | undefined> {
    const { endpoint, bucket } = this.settings;
    const answer = await this.client.fetch(`${endpoint}/${bucket}/${key}`, {
      method,
      signal: AbortSignal.timeout(120_000),
      ...init,
    });
    if (answer.ok) return answer;
    const said = await answer.text();
    const code = inXml(said, 'Code');
    if (answer.status === 404 && code !== 'NoSuchBucket') return undefined;
    if (answer.status === 507 || ['QuotaExceeded', 'XMinioStorageFull'].includes(code ?? ''))
      throw new StorageFullError(code);
    throw new Error(`The storage answered ${method} with ${answer.status} ${code ?? ''}.`);
  }
}

/** The text of the first element of a name; our keys hold nothing that XML would escape, tokens may. */
function inXml(xml: string, element: string): string | undefined {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return text
    ?.replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

/** The store of evidence: in the data folder, or where `EVIDENCE_S3_URL` says. */
export const evidenceObjects = ({
  dataDir,
  evidenceS3,
}: {
  dataDir: string;
  evidenceS3?: S3Settings;
}): ObjectStore => (evidenceS3 ? new S3Objects(evidenceS3) : new FolderObjects(join(dataDir, 'evidence')));

/** Where uploads of evidence are while they come. */
export const evidenceUploads = ({
  dataDir,
  keepFree,
}: {
  dataDir: string;
  keepFree: number;
}): PartialUploads => new PartialUploads(join(dataDir, 'uploads'), keepFree);

/** Bytes of a stream, all of them. */
export async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/**
 * Uploads under way, each a file below a folder that all instances of the API share, as they share the data folder. How
 * far one is, the length of its file says: so it goes on at any instance, and after any of them was killed.
 */
export class PartialUploads {
  private readonly writing = new Map<string, AbortController>();

  constructor(
    private readonly folder: string,
    /** Bytes that must stay free on the disk. */
    private readonly keepFree = 0,
  ) {}

  /** Bytes that are there; 0 when nothing has come yet, or it was lost. */
  async offset(id: string): Promise<number> {
    return stat(this.path(id)).then(
      ({ size }) => size,
      (error: unknown) => {
        if (codeOf(error) === 'ENOENT') return 0;
        throw error;
      },
    );
  }

  /** Whether the disk has room for so many bytes. */
  async hasRoom(bytes: number): Promise<boolean> {
    return (await freeBytes(this.folder)) - bytes >= this.keepFree;
  }

  /**
   * Appends what a stream brings, at most `limit` bytes, and returns how many there are then. A stream that breaks off
   * keeps what it brought. Another one for the same upload ends the first, which hangs where a phone changed networks.
   * @throws StorageFullError; RangeError when the stream brings more
   */
  async append(id: string, offset: number, limit: number, stream: Readable): Promise<number> {
    this.writing.get(id)?.abort();
    const mine = new AbortController();
    this.writing.set(id, mine);
    const end = () => stream.destroy();
    mine.signal.addEventListener('abort', end, { once: true });
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o750 });
      // At its place and not at the end: of two that bring the same at once, neither spoils it.
      const file = await open(this.path(id), constants.O_RDWR | constants.O_CREAT, 0o640);
      try {
        const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
        for (let at = offset; ;) {
          // A connection that breaks is an end like another: what has come stays.
          const chunk = await chunks.next().catch(() => ({ done: true }) as const);
          if (chunk.done || mine.signal.aborted) break;
          if (at + chunk.value.length > offset + limit) throw new RangeError('more than was declared');
          await file.write(chunk.value, 0, chunk.value.length, at);
          at += chunk.value.length;
        }
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw fullOr(error);
    } finally {
      mine.signal.removeEventListener('abort', end);
      if (this.writing.get(id) === mine) this.writing.delete(id);
    }
    return this.offset(id);
  }

  /** The whole of it, once it is. */
  read(id: string): Promise<Buffer> {
    return readFile(this.path(id));
  }

  /** Forgets one. */
  async remove(id: string): Promise<void> {
    await rm(this.path(id), { force: true });
  }

  /** Ids of those that nothing was added to since a moment. */
  async idsBefore(moment: Date): Promise<string[]> {
    const names = await readdir(this.folder).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    const old: string[] = [];
    for (const name of names) if ((await writtenAt(this.path(name))) < moment.getTime()) old.push(name);
    return old;
  }

  /** Ends what is being received: a process that stops waits for nobody's connection. They go on elsewhere. */
  stop(): void {
    for (const each of this.writing.values()) each.abort();
  }

  private path(id: string): string {
    return join(this.folder, id);
  }
}
