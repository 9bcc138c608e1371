import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** A stored document: its name is the SHA-256 of its bytes, so it can't change. */
export interface StoredDocument {
  readonly sha256: string;
  readonly size: number;
  readonly mime: string;
}

/** Where evidence, certificates and reports are kept. */
export interface DocumentStore {
  /** Stores bytes; the same bytes twice are stored once (the first media type stays). */
  put(bytes: Uint8Array, mime: string): Promise<StoredDocument>;
  /** The document, or undefined when the store hasn't got it. Throws `DamagedDocumentError` when its bytes changed. */
  get(sha256: string): Promise<(StoredDocument & { bytes: Buffer }) | undefined>;
  has(sha256: string): Promise<boolean>;
}

/** The bytes on the disk are no longer those that were stored. */
export class DamagedDocumentError extends Error {
  constructor(readonly sha256: string) {
    super(`The stored document ${sha256} is damaged: its bytes no longer match its name.`);
    this.name = 'DamagedDocumentError';
  }
}

const isSha256 = (value: string): boolean => /^[0-9a-f]{64}$/.test(value);

/** Documents as files: `<folder>/ab/<sha256>` and, beside it, `<sha256>.json` with the media type. */
export class FolderDocumentStore implements DocumentStore {
  constructor(private readonly folder: string) {}

  async put(bytes: Uint8Array, mime: string): Promise<StoredDocument> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const known = await this.get(sha256).catch((error: unknown) => {
      if (error instanceof DamagedDocumentError) return undefined; // the caller brought good bytes: mend it
      throw error;
    });
    if (known) {
      // As if written now: whoever clears away what nothing names must not do so before its row is there.
      await utimes(this.path(sha256), new Date(), new Date());
      return { sha256, size: known.size, mime: known.mime };
    }
    const document: StoredDocument = { sha256, size: bytes.byteLength, mime };
    await mkdir(join(this.folder, sha256.slice(0, 2)), { recursive: true });
    // The bytes come first: a description is a promise that they are there.
    await writeWhole(this.path(sha256), bytes);
    await writeWhole(`${this.path(sha256)}.json`, JSON.stringify(document));
    return document;
  }

  async get(sha256: string): Promise<(StoredDocument & { bytes: Buffer }) | undefined> {
    if (!isSha256(sha256)) return undefined;
    try {
      const [bytes, description] = await Promise.all([
        readFile(this.path(sha256)),
        readFile(`${this.path(sha256)}.json`, 'utf8'),
      ]);
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new DamagedDocumentError(sha256);
      return { ...(JSON.parse(description) as StoredDocument), bytes };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async has(sha256: string): Promise<boolean> {
    if (!isSha256(sha256)) return false;
    return stat(`${this.path(sha256)}.json`).then(
      () => true,
      () => false,
    );
  }

  /** Names of documents written before a moment, folder by folder. */
  async *namesBefore(moment: Date): AsyncGenerator<string[]> {
    const there = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const part of there) {
      const names: string[] = [];
      for (const name of (await readdir(join(this.folder, part))).filter(isSha256)) {
        const { mtimeMs } = await stat(this.path(name));
        if (mtimeMs < moment.getTime()) names.push(name);
      }
      if (names.length > 0) yield names;
    }
  }

  /** Removes a document; the description first, so that it is never promised without its bytes. */
  async remove(sha256: string): Promise<void> {
    if (!isSha256(sha256)) return;
    await rm(`${this.path(sha256)}.json`, { force: true });
    await rm(this.path(sha256), { force: true });
  }

  private path(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }
}

/** Writes a file that appears whole or not at all, also after a power cut. */
export async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  const fresh = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(fresh, 'wx', 0o640);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
