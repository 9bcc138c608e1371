import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DamagedDocumentError, FolderDocumentStore } from './documents.js';

let folder: string;
let store: FolderDocumentStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'uplift-test-documents-'));
  store = new FolderDocumentStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = new TextEncoder().encode('a photograph');
const sha256 = createHash('sha256').update(bytes).digest('hex');

describe('FolderDocumentStore', () => {
  it('gives back what was put in, by the hash of the bytes', async () => {
    expect(await store.put(bytes, 'image/jpeg')).toEqual({ sha256, size: bytes.length, mime: 'image/jpeg' });
    expect(await store.has(sha256)).toBe(true);
    expect(await store.get(sha256)).toEqual({
      sha256,
      size: bytes.length,
      mime: 'image/jpeg',
      bytes: Buffer.from(bytes),
    });
  });

  it('keeps the same bytes once, also when they come twice at the same time', async () => {
    await Promise.all([1, 2, 3, 4].map(() => store.put(bytes, 'image/jpeg')));
    expect((await store.put(bytes, 'text/plain')).mime).toBe('image/jpeg');
    expect(readdirSync(join(folder, sha256.slice(0, 2))).sort()).toEqual([sha256, `${sha256}.json`]);
  });

  it('keeps an empty document', async () => {
    const { sha256: empty } = await store.put(new Uint8Array(), 'text/plain');
    expect((await store.get(empty))?.bytes).toHaveLength(0);
  });

  it('knows nothing of what it was not given, nor of names that are no hashes', async () => {
    expect(await store.get(sha256)).toBeUndefined();
    expect(await store.has(sha256)).toBe(false);
    expect(await store.get('../../etc/passwd')).toBeUndefined();
    expect(await store.has('')).toBe(false);
  });

  it('notices changed bytes, and mends them when the right ones come again', async () => {
    await store.put(bytes, 'image/jpeg');
    writeFileSync(join(folder, sha256.slice(0, 2), sha256), 'a forgery');
    await expect(store.get(sha256)).rejects.toThrow(DamagedDocumentError);
    await store.put(bytes, 'image/jpeg');
    expect((await store.get(sha256))?.bytes).toEqual(Buffer.from(bytes));
  });
});
