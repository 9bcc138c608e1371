import { bytesOf, FolderObjects, type ObjectStore, PartialUploads, S3Objects } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

interface S3Server {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3Server;

const folder = mkdtempSync(join(tmpdir(), 'uplift-objects-'));
let server: S3Server;
const stores: Record<string, ObjectStore> = {};
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: join(folder, 's3'),
    configureBuckets: [{ name: 'evidence', configs: [] }],
  });
  const { port } = await server.run();
  stores['folder'] = new FolderObjects(join(folder, 'objects'));
  stores['S3'] = new S3Objects({
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'evidence',
    region: 'us-east-1',
    accessKeyId: 'S3RVER',
    secretAccessKey: 'S3RVER',
  });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['folder', 'S3'])('objects in %s', (which) => {
  it('are kept, read whole and in part, replaced, listed and removed', async () => {
    const store = stores[which]!;
    const bytes = randomBytes(3 * 1024 * 1024);
    expect(await store.read('a/bb/one')).toBeUndefined();
    await store.put('a/bb/one', bytes, hashOf(bytes));
    await store.put('a/bb/one.content', Buffer.from('two'), hashOf(Buffer.from('two')));
    await store.put('a/bb/one.content', Buffer.from('2'), hashOf(Buffer.from('2')));
    expect(hashOf(await bytesOf((await store.read('a/bb/one'))!))).toBe(hashOf(bytes));
    expect(await bytesOf((await store.read('a/bb/one', { from: 10, to: 19 }))!)).toEqual(
      bytes.subarray(10, 20),
    );
    expect((await bytesOf((await store.read('a/bb/one.content'))!)).toString()).toBe('2');
    const keys = async (moment: Date): Promise<string[]> => {
      const found: string[] = [];
      for await (const some of store.keysBefore(moment)) found.push(...some);
      return found.sort();
    };
    expect(await keys(new Date(Date.now() + 60_000))).toEqual(['a/bb/one', 'a/bb/one.content']);
    expect(await keys(new Date(Date.now() - 60_000))).toEqual([]);
    await store.remove('a/bb/one');
    await store.remove('a/bb/one');
    expect(await store.read('a/bb/one')).toBeUndefined();
  });
});

it('says what the storage said when it refuses, and never the secret', async () => {
  const { port } = new URL((stores['S3'] as unknown as { settings: { endpoint: string } }).settings.endpoint);
  const stranger = new S3Objects({
    endpoint: `http://127.0.0.1:${port}`,
    bucket: 'evidence',
    region: 'us-east-1',
    accessKeyId: 'STRANGER',
    secretAccessKey: 'a secret',
  });
  await expect(stranger.put('x', Buffer.from('x'), hashOf(Buffer.from('x')))).rejects.toThrow(
    'The storage answered PUT with 403 InvalidAccessKeyId.',
  );
});

it('forgets what was half written by a process that died, and leaves what is being written', async () => {
  const below = join(folder, 'objects', 'c', 'dd');
  mkdirSync(below, { recursive: true });
  const [old, fresh] = ['1.part', '2.part'].map((name) => join(below, name)) as [string, string];
  writeFileSync(old, 'half');
  writeFileSync(fresh, 'half');
  utimesSync(old, 1, 1);
  for await (const some of stores['folder']!.keysBefore(new Date(Date.now() - 60_000)))
    expect(some).toEqual([]);
  expect(readdirSync(below)).toEqual(['2.part']);
});

describe('an upload', () => {
  const uploads = new PartialUploads(join(folder, 'uploads'));
  const broken = (bytes: Buffer): Readable =>
    Readable.from(
      (async function* () {
        yield bytes;
        throw new Error('the connection is gone');
      })(),
    );

  it('keeps what came before its connection broke, and refuses more than was declared', async () => {
    expect(await uploads.offset('one')).toBe(0);
    expect(await uploads.append('one', 0, 10, broken(Buffer.from('hello')))).toBe(5);
    await expect(uploads.append('one', 5, 5, Readable.from([Buffer.from(' world')]))).rejects.toThrow(
      RangeError,
    );
    expect(await uploads.append('one', 5, 5, Readable.from([Buffer.from(' you!')]))).toBe(10);
    expect((await uploads.read('one')).toString()).toBe('hello you!');
  });

  it('that hangs ends when it is begun again', async () => {
    const hanging = new Readable({ read: () => undefined });
    hanging.push('abc');
    const first = uploads.append('two', 0, 6, hanging);
    expect(await uploads.append('two', 0, 6, Readable.from([Buffer.from('abcdef')]))).toBe(6);
    expect(await first).toBe(6);
    expect((await uploads.read('two')).toString()).toBe('abcdef');
  });

  it('has no room where so much must stay free', async () => {
    expect(await uploads.hasRoom(1)).toBe(true);
    expect(await new PartialUploads(join(folder, 'uploads'), 2 ** 60).hasRoom(1)).toBe(false);
  });
});
