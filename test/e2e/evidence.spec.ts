import { EvidenceKeeper, evidenceKey, loadAssessment, lockHash, Retention } from '#application';
import { Database, openDataSource } from '#persistence';
import { evidenceObjects, evidenceUploads } from '#platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import pg from 'pg';
import sharp from 'sharp';
import supertest from 'supertest';
import { Upload, type UploadOptions } from 'tus-js-client';
import { ZipFile } from 'yazl';
import { createApi } from '../../apps/api/src/create-api.js';
import {
  basicRequirements,
  bytes,
  daysAgo,
  openAssessment,
  type Person,
  type Programme,
  seedProgramme,
  startApp,
  type TestApp,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';

/* eslint-disable @typescript-eslint/no-explicit-any */

const root = resolve(import.meta.dirname, '../..');
const MB = 1024 * 1024;
const QUOTA_MB = 64;

let app: TestApp;
let p: Programme;
let other: Programme;
let answers: { requirement: string; answer: string }[];
const stopping: (() => unknown)[] = [];

beforeAll(async () => {
  app = await startApp('evidence-test', {
    EVIDENCE_QUOTA_MB: String(QUOTA_MB),
    KEEP_FREE_MB: '1',
    RATE_LIMIT: '0',
  });
  p = await seedProgramme(app);
  other = await seedProgramme(app, 'other');
  answers = (await basicRequirements(app, '2')).map(({ code }) => ({ requirement: code, answer: 'conform' }));
}, 120_000);
afterAll(async () => {
  for (const stop of stopping.reverse()) await stop();
  await app?.stop();
});

const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
/** A photograph as a phone makes it: lying on its side, with where it was taken. Each is another. */
const photo = (width = 400, height = 300): Promise<Buffer> =>
  sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 60 })
    .withExif({
      IFD0: { Make: 'Phone of Ann' },
      IFD3: {
        GPSLatitudeRef: 'N',
        GPSLatitude: '30/1 3/1 0/1',
        GPSLongitudeRef: 'W',
        GPSLongitude: '31/1 15/1 0/1',
      },
    })
    .withMetadata({ orientation: 6 })
    .toBuffer();
const zip = (files: Record<string, string>): Promise<Buffer> => {
  const file = new ZipFile();
  for (const [name, content] of Object.entries(files)) file.addBuffer(Buffer.from(content), name);
  file.end();
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    file.outputStream.on('data', (chunk: Buffer) => chunks.push(chunk));
    file.outputStream.on('end', () => done(Buffer.concat(chunks)));
  });
};
const office = (type: string): Promise<Buffer> =>
  zip({
    '[Content_Types].xml': `<?xml version="1.0"?><Types><Override PartName="/x.xml" ContentType="${type}+xml"/></Types>`,
    'x.xml': '<x/>',
  });

const open = async (of = p, input: Record<string, unknown> = {}): Promise<string> =>
  (await openAssessment(of, { kind: 'verification', assessedOn: daysAgo(5), ...input })).id;
const declaring = (who: Person, assessment: string, content: Uint8Array, more: object = {}) =>
  who.agent
    .post(`/api/v1/assessments/${assessment}/evidence`)
    .send({ sha256: hashOf(content), size: content.length, ...more });
const declare = async (
  who: Person,
  assessment: string,
  content: Uint8Array,
  more: object = {},
): Promise<any> => (await declaring(who, assessment, content, more).expect(201)).body;
/** Sends what was declared, with the client that browsers use. */
const send = (
  who: Person,
  uploadUrl: string,
  content: Buffer,
  options: Partial<UploadOptions> = {},
): Promise<void> =>
  new Promise((done, failed) => {
    new Upload(content, {
      uploadUrl: (options.endpoint ?? app.url) + uploadUrl,
      headers: { authorization: `Bearer ${who.token}` },
      retryDelays: null as never,
      onSuccess: () => done(),
      onError: failed,
      ...options,
      ...(options.endpoint && { endpoint: null as never }),
    }).start();
  });
const attach = async (who: Person, assessment: string, content: Buffer, more: object = {}): Promise<any> => {
  const declared = await declare(who, assessment, content, more);
  if (declared.uploadUrl) await send(who, declared.uploadUrl, content);
  return declared;
};
const ready = (who: Person, id: string): Promise<any> =>
  waitFor(
    async () => {
      const { body } = await who.agent.get(`/api/v1/evidence/${id}`).expect(200);
      return body.state === 'ready' && body;
    },
    { what: 'developed evidence', deadlineMs: 30_000 },
  );
const filesIn = (folder: string): string[] =>
  existsSync(join(app.config.dataDir, folder))
    ? readdirSync(join(app.config.dataDir, folder), { recursive: true, encoding: 'utf8' })
        .filter(
          (name) =>
            /[0-9a-f-]{36}(\.\w+)?$/.test(name) && !/^[0-9a-f-]{36}$/.test(folder === 'uploads' ? '' : name),
        )
        .sort()
    : [];
const objectsOf = (organisation: string): string[] =>
  filesIn('evidence').filter((name) => name.startsWith(organisation) && /[0-9a-f]{64}/.test(name));
const acknowledged = async (who: Person, assessment: string, sha256: readonly string[]): Promise<any> =>
  (
    await who.agent
      .post(`/api/v1/assessments/${assessment}/evidence/acknowledged`)
      .send({ sha256 })
      .expect(200)
  ).body;
const close = async (assessment: string): Promise<any> => {
  await p.assessor.agent.put(`/api/v1/assessments/${assessment}/responses`).send({ answers }).expect(200);
  await p.assessor.agent.post(`/api/v1/assessments/${assessment}/submit`).expect(200);
  await p.reviewer.agent
    .post(`/api/v1/assessments/${assessment}/review`)
    .send({ action: 'take-review' })
    .expect(200);
  return (
    await p.reviewer.agent
      .post(`/api/v1/assessments/${assessment}/review`)
      .send({ action: 'close' })
      .expect(200)
  ).body;
};
/** As the worker does it every night, with no more rights than it has. */
async function sweep(now: Date): Promise<Record<string, number>> {
  const source = await openDataSource(app.config.databaseUrl, { poolSize: 1, role: 'uplift_worker' });
  try {
    const db = new Database(source);
    const keeper = new EvidenceKeeper(db, evidenceObjects(app.config), evidenceUploads(app.config));
    return await new Retention(db, app.config.dataDir, keeper).sweep(now);
  } finally {
    await source.destroy();
  }
}

describe('a photograph', () => {
  it('is declared, sent, acknowledged, developed and shown, without what the camera wrote into it', async () => {
    const assessment = await open();
    const content = await photo();
    const sha256 = hashOf(content);
    const requirement = answers[0]!.requirement;
    const declared = await declare(p.assessor, assessment, content, {
      requirement,
      fileName: 'IMG_1.JPG',
      caption: 'The basin',
      capturedAt: '2019-03-01T09:30:00+02:00',
      deviceId: 'tablet 4',
    });
    expect(declared).toMatchObject({
      state: 'awaited',
      requirement,
      supports: 'verdict',
      caption: 'The basin',
      capturedAt: '2019-03-01T07:30:00.000Z',
      receivedAt: null,
      declaredBy: p.assessor.id,
      deviceId: 'tablet 4',
    });
    // A clock that is years off changes nothing about when we heard of it.
    expect(Date.now() - Date.parse(declared.declaredAt)).toBeLessThan(600_000);
    expect(await acknowledged(p.assessor, assessment, [sha256])).toEqual({ received: [], missing: [sha256] });
    expect(
      (await p.assessor.agent.get(`/api/v1/evidence/${declared.id}/content`).expect(409)).body.code,
    ).toBe('evidence-not-received');
    // The answer was lost: declared again, it is the same.
    expect(await declare(p.assessor, assessment, content, { requirement })).toEqual(declared);

    await send(p.assessor, declared.uploadUrl, content);
    expect(await acknowledged(p.assessor, assessment, [sha256, sha256, '0'.repeat(64)])).toEqual({
      received: [sha256],
      missing: ['0'.repeat(64)],
    });
    const row = await ready(p.assessor, declared.id);
    expect(row).toMatchObject({
      sha256,
      mediaType: 'image/jpeg',
      width: 300,
      height: 400,
      lat: null,
      uploadUrl: null,
    });

    const shown = await p.assessor.agent
      .get(`/api/v1/evidence/${declared.id}/content`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    const kept = shown.body as Buffer;
    expect(hashOf(kept)).toBe(row.storedSha256);
    expect(kept.length).toBe(row.storedSize);
    expect(kept.includes('Phone of Ann')).toBe(false);
    expect((await sharp(kept).metadata()).exif).toBeUndefined();
    expect(shown.headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'content-disposition': `inline; filename="IMG_1.jpg"; filename*=UTF-8''IMG_1.jpg`,
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
      etag: `"${row.storedSha256}"`,
    });
    const asking = (header: string, value: string) =>
      p.assessor.agent
        .get(`/api/v1/evidence/${declared.id}/content`)
        .set(header, value)
        .buffer(true)
        .parse(bytes);
    expect((await asking('if-none-match', shown.headers['etag']!)).status).toBe(304);
    for (const [range, from, to] of [
      ['bytes=10-19', 10, 20],
      ['bytes=-5', kept.length - 5, kept.length],
      [`bytes=${kept.length - 3}-999999999`, kept.length - 3, kept.length],
    ] as const) {
      const part = await asking('range', range);
      expect([part.status, part.headers['content-range']]).toEqual([
        206,
        `bytes ${from}-${to - 1}/${kept.length}`,
      ]);
      expect(part.body).toEqual(kept.subarray(from, to));
    }
    expect((await asking('range', 'bytes=99999999-')).status).toBe(200);
    const small = await p.assessor.agent
      .get(`/api/v1/evidence/${declared.id}/thumbnail`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(await sharp(small.body).metadata()).toMatchObject({ format: 'webp', width: 240, height: 320 });
    // What was sent isn't kept, and nothing is left of the way it came.
    const key = (form: 'sent' | 'content' | 'thumbnail') => evidenceKey(p.supplier, sha256, form);
    await waitFor(() => !objectsOf(p.supplier).includes(key('sent')), { what: 'the end of what was sent' });
    expect(objectsOf(p.supplier)).toEqual([key('content'), key('thumbnail')]);
    expect(filesIn('uploads')).toEqual([]);

    // The same for another answer, and for another assessment: here already.
    const again = await declare(p.assessor, assessment, content, { requirement: answers[1]!.requirement });
    expect(again).toMatchObject({ state: 'ready', uploadUrl: null, storedSha256: row.storedSha256 });
    expect(await declare(p.assessor, await open(), content)).toMatchObject({
      state: 'ready',
      requirement: null,
    });
    expect(objectsOf(p.supplier)).toHaveLength(2);
    // Another supplier's is another: not even by its hash can one find out that somebody has it.
    expect(await declare(other.assessor, await open(other), content)).toMatchObject({ state: 'awaited' });

    // Listed page by page, and by answer.
    const list = (query: object) =>
      p.assessor.agent.get(`/api/v1/assessments/${assessment}/evidence`).query(query).expect(200);
    const first = (await list({ limit: 1 })).body;
    const rest = (await list({ limit: 1, cursor: first.nextCursor })).body;
    expect([...first.items, ...rest.items].map(({ id }: any) => id).sort()).toEqual(
      [declared.id, again.id].sort(),
    );
    expect(rest.nextCursor).toBeNull();
    expect((await list({ requirement })).body.items).toEqual([row]);

    // Said differently, taken back, and on record.
    await p.assessor.agent
      .patch(`/api/v1/evidence/${again.id}`)
      .send({ caption: 'The other basin' })
      .expect(200);
    await p.assessor.agent.delete(`/api/v1/evidence/${again.id}`).expect(204);
    await p.assessor.agent.get(`/api/v1/evidence/${again.id}`).expect(404);
    const trail = await app.sql(
      `SELECT action, body FROM audit_entry WHERE subject = 'evidence' AND organisation_id = $1 AND body LIKE '%' || $2 || '%' ORDER BY entry`,
      [p.supplier, again.id],
    );
    expect(trail.map(({ action }) => action)).toEqual(['insert', 'update', 'delete']);
    expect(JSON.stringify(trail)).not.toContain('other basin');
  }, 60_000);

  it('keeps where it was taken where the programme needs that, beside the picture and not in it', async () => {
    const setting = (evidenceLocation: boolean) =>
      p.manager.agent.patch(`/api/v1/programmes/${p.programme}`).send({ evidenceLocation }).expect(200);
    expect((await setting(true)).body.evidenceLocation).toBe(true);
    const { id } = await attach(p.assessor, await open(), await photo());
    expect(await ready(p.assessor, id)).toMatchObject({ lat: 30.05, lon: -31.25 });
    await setting(false);
  });

  it('may be PNG or WebP as well', async () => {
    const assessment = await open();
    for (const format of ['png', 'webp'] as const) {
      const content = await sharp(await photo(60, 40))
        .toFormat(format)
        .toBuffer();
      const { id } = await attach(p.assessor, assessment, content);
      expect(await ready(p.assessor, id)).toMatchObject({ mediaType: `image/${format}`, width: 60 });
    }
  });
});

it('a document is handed out as it came, to be saved and never to be shown', async () => {
  const assessment = await open();
  const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  const sheet = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  for (const [content, type, ending] of [
    [Buffer.from('%PDF-1.7\n<script>alert(1)</script>\n%%EOF'), 'application/pdf', 'pdf'],
    [await office(`${word}.main`), word, 'docx'],
    [await office(`${sheet}.main`), sheet, 'xlsx'],
  ] as const) {
    const { id } = await attach(p.assessor, assessment, content, {
      fileName: `مرحبا "<b>"\r\nx: y; ../../خطة.${ending === 'pdf' ? 'html' : ending}`,
    });
    const answer = await p.assessor.agent
      .get(`/api/v1/evidence/${id}/content`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    expect(answer.body).toEqual(content);
    expect(answer.headers).toMatchObject({
      'content-type': type,
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
    });
    const said = answer.headers['content-disposition']!;
    expect(said).toMatch(/^attachment; filename="[\w. -]+"; filename\*=UTF-8''[\w.%-]+$/);
    expect(decodeURIComponent(said.split("''")[1]!)).toMatch(new RegExp(`خطة\\.${ending}$`));
    await p.assessor.agent.get(`/api/v1/evidence/${id}/thumbnail`).expect(404);
  }
});

describe('an upload', () => {
  it('goes on at another instance when its own was killed in the middle, or stops', async () => {
    const assessment = await open();
    const content = await photo(2400, 1800);
    expect(content.length).toBeGreaterThan(MB);
    const { id, uploadUrl } = await declare(p.assessor, assessment, content);
    const half = Math.floor(content.length / 2);
    const offset = async (): Promise<number> =>
      Number(
        (
          await p.assessor.agent
            .head(`/api/v1/evidence/${id}/upload`)
            .set('tus-resumable', '1.0.0')
            .expect(204)
        ).headers['upload-offset'],
      );
    /** Sends the beginning over a connection that then hangs. */
    const hanging = async (url: string, from: number, to: number): Promise<{ ended: Promise<unknown> }> => {
      const body = new PassThrough();
      body.write(content.subarray(from, to));
      const ended = fetch(url + uploadUrl, {
        method: 'PATCH',
        duplex: 'half',
        body: body as never,
        headers: {
          authorization: `Bearer ${p.assessor.token}`,
          'tus-resumable': '1.0.0',
          'upload-offset': String(from),
          'content-type': 'application/offset+octet-stream',
        },
      } as RequestInit).catch((error: unknown) => error);
      await waitFor(async () => (await offset()) === to, { what: `${to} bytes`, deadlineMs: 30_000 });
      return { ended };
    };

    // A process of its own, killed.
    const child = await startProcess();
    const killed = await hanging(child.url, 0, half);
    child.process.kill('SIGKILL');
    expect(await killed.ended).toHaveProperty('name', 'TypeError');
    expect(await offset()).toBe(half);

    // One that is asked to stop waits for nobody.
    const second = await createApi(app.config);
    await second.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(second.getHttpServer().address() as AddressInfo).port}`;
    const stopped = await hanging(url, half, half + 1000);
    await second.close();
    expect(await stopped.ended).toHaveProperty('name', 'TypeError');

    // A hand-over in mid-stream at the instance itself: whoever comes later goes on.
    await hanging(app.url, half + 1000, half + 2000);
    const progress: number[] = [];
    await send(p.assessor, uploadUrl, content, {
      chunkSize: 300_000,
      onProgress: (sent) => progress.push(sent),
    });
    expect(progress[0]).toBeGreaterThanOrEqual(half + 2000);
    expect(await ready(p.assessor, id)).toMatchObject({ sha256: hashOf(content), width: 1800, height: 2400 });
    expect(filesIn('uploads')).toEqual([]);
  }, 120_000);

  it('of which the last byte came, and nothing after it happened, is received as soon as somebody asks', async () => {
    const assessment = await open();
    const content = await photo(50, 50);
    const { id, uploadUrl } = await declare(p.assessor, assessment, content);
    writeFileSync(join(app.config.dataDir, 'uploads', id), content);
    await send(p.assessor, uploadUrl, content);
    expect((await acknowledged(p.assessor, assessment, [hashOf(content)])).received).toHaveLength(1);
    await ready(p.assessor, id);
  });

  it('of 60 photographs by two devices, half of them the same, is stored once and acknowledged whole', async () => {
    const assessment = await open();
    const photos = await Promise.all(Array.from({ length: 60 }, () => photo(120, 90)));
    const before = objectsOf(p.supplier).length;
    const device = async (mine: readonly Buffer[], deviceId: string) => {
      for (const [index, content] of mine.entries())
        await attach(p.assessor, assessment, content, {
          deviceId,
          requirement: answers[index % 5]!.requirement,
        });
    };
    await Promise.all([
      device(photos.slice(0, 40), 'one'),
      device(photos.slice(20), 'two'),
      device([...photos].reverse().slice(0, 20), 'three'),
    ]);
    const hashes = photos.map(hashOf);
    expect(await acknowledged(p.assessor, assessment, hashes)).toEqual({ received: hashes, missing: [] });
    await waitFor(
      async () =>
        (await app.sql(`SELECT 1 FROM evidence WHERE assessment_id = $1 AND state <> 'ready'`, [assessment]))
          .length === 0 && objectsOf(p.supplier).length === before + 120,
      { what: '60 developed photographs', deadlineMs: 60_000 },
    );
    expect(filesIn('uploads')).toEqual([]);
    expect(
      (
        await app.sql(
          `SELECT count(DISTINCT stored_sha256)::int AS n FROM evidence WHERE assessment_id = $1`,
          [assessment],
        )
      )[0]!['n'],
    ).toBe(60);
  }, 120_000);

  it('that is wrong is refused with what to do about it, and leaves nothing behind', async () => {
    const assessment = await open();
    const good = await photo(300, 200);
    const png = await sharp(good).png().toBuffer();
    const bomb = await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: '#777' } })
      .png()
      .toBuffer();
    const before = objectsOf(p.supplier);
    const wrong: [string, Buffer, number, string][] = [
      ['a picture that isn’t whole', good.subarray(0, good.length - 100), 422, 'evidence-damaged'],
      ['a PNG that isn’t whole', png.subarray(0, png.length - 2000), 422, 'evidence-damaged'],
      ['a bomb', bomb, 422, 'evidence-damaged'],
      [
        'a drawing with a script',
        Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        422,
        'evidence-type-not-allowed',
      ],
      ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 422, 'evidence-type-not-allowed'],
      ['a program', Buffer.from(`MZ${'\0'.repeat(200)}`), 422, 'evidence-type-not-allowed'],
      ['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 422, 'evidence-type-not-allowed'],
      ['a text', Buffer.from('hello'), 422, 'evidence-type-not-allowed'],
      ['an archive', await zip({ 'a.txt': 'a' }), 422, 'evidence-type-not-allowed'],
      [
        'macros',
        await office('application/vnd.ms-word.document.macroEnabled.main'),
        422,
        'evidence-type-not-allowed',
      ],
      ['a head of JPEG on nothing', Buffer.from('ffd8ffe000104a46494600', 'hex'), 422, 'evidence-damaged'],
    ];
    for (const [what, content, status, code] of wrong) {
      const { id, uploadUrl } = await declare(p.assessor, assessment, content);
      const error: any = await send(p.assessor, uploadUrl, content).catch((each: unknown) => each);
      const problem = JSON.parse(error.originalResponse.getBody());
      expect([what, problem.status, problem.code]).toEqual([what, status, code]);
      expect(problem.errors[0].fix).toBeTruthy();
      await p.assessor.agent.get(`/api/v1/evidence/${id}`).expect(404);
    }
    // Other bytes than declared; and more.
    const patch = (id: string, content: Buffer, headers: Record<string, string> = {}) =>
      p.assessor.agent
        .patch(`/api/v1/evidence/${id}/upload`)
        .set({
          'tus-resumable': '1.0.0',
          'upload-offset': '0',
          'content-type': 'application/offset+octet-stream',
          ...headers,
        })
        .send(content);
    const { id } = await declare(p.assessor, assessment, good);
    for (const [headers, status, code] of [
      [{ 'tus-resumable': '0.2.2' }, 412, 'tus-version-wrong'],
      [{ 'upload-offset': '-1' }, 422, 'upload-request-wrong'],
      [{ 'content-type': 'application/json' }, 422, 'upload-request-wrong'],
      [{ 'upload-offset': '5' }, 409, 'upload-offset-wrong'],
    ] as const) {
      const body = 'content-type' in headers ? ('{}' as never) : good;
      expect((await patch(id, body, headers).expect(status)).body.code).toBe(code);
    }
    expect((await patch(id, Buffer.concat([good, good])).expect(413)).body.code).toBe('upload-too-long');
    expect((await patch(id, Buffer.from(good).fill(1, 50)).expect(422)).body.code).toBe(
      'evidence-hash-wrong',
    );
    await patch(id, good).expect(404);

    const told = async (content: Uint8Array, more: object, status: number, code: string, who = p.assessor) =>
      expect((await declaring(who, assessment, content, more).expect(status)).body.code).toBe(code);
    await told(good, { size: 50 * MB + 1 }, 413, 'evidence-too-large');
    await told(good, { size: 0 }, 400, 'invalid-request');
    await told(good, { sha256: 'x' }, 400, 'invalid-request');
    await told(good, { capturedAt: 'yesterday' }, 400, 'invalid-request');
    await told(good, { capturedAt: '2026-02-30T10:00:00Z' }, 422, 'value-not-storable');
    await told(good, { requirement: 'no-such' }, 422, 'unknown-requirement');
    await told(good, {}, 404, 'not-found', other.assessor);
    // Room: the supplier's, and the disk's.
    await declare(other.assessor, await open(other), randomBytes(10), { size: 50 * MB });
    const full = await declaring(other.assessor, await open(other), randomBytes(10), {
      size: 20 * MB,
    }).expect(409);
    expect(full.body).toMatchObject({
      code: 'evidence-quota-exceeded',
      errors: [{ fix: expect.any(String) }],
    });
    const crowded = await createApi({ ...app.config, keepFree: 2 ** 60 });
    await crowded.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(crowded.getHttpServer().address() as AddressInfo).port}`;
    const noRoom = await supertest(url)
      .post(`/api/v1/assessments/${assessment}/evidence`)
      .set('authorization', `Bearer ${p.assessor.token}`)
      .send({ sha256: hashOf(good), size: good.length })
      .expect(503);
    expect(noRoom.body.code).toBe('storage-full');
    await crowded.close();

    expect(await app.sql(`SELECT 1 FROM evidence WHERE assessment_id = $1`, [assessment])).toEqual([]);
    expect(filesIn('uploads')).toEqual([]);
    expect(objectsOf(p.supplier)).toEqual(before);
  }, 120_000);
});

describe('who', () => {
  it('puts something forward is who answers, each on their own side', async () => {
    const assessment = await open();
    const viewer = await app.person('Viewer', [[p.supplier, 'viewer']]);
    const mentor = await app.person('Mentor', [[p.provider, 'mentor']]);
    const [one, two] = [await photo(40, 40), await photo(40, 40)];
    for (const who of [viewer, mentor, p.reviewer])
      expect((await declaring(who, assessment, one).expect(403)).body.code).toBe('role-required');
    const verdict = await attach(p.assessor, assessment, one);
    const claim = await attach(p.owner, assessment, two);
    expect([verdict.supports, claim.supports]).toEqual(['verdict', 'claim']);
    // A colleague may go on with what an assessor began; somebody without the role may not, and a stranger finds nothing.
    const late = await declare(p.assessor, assessment, await photo(30, 30));
    const head = (who: Person, id: string) => who.agent.head(`/api/v1/evidence/${id}/upload`);
    const colleague = await app.person('Colleague', [[p.provider, 'assessor']]);
    expect((await head(colleague, late.id)).status).toBe(204);
    expect((await head(viewer, late.id)).status).toBe(403);
    expect((await head(p.owner, late.id)).status).toBe(403);
    expect((await head(other.assessor, late.id)).status).toBe(404);
    expect((await head(p.buyerPerson, late.id)).status).toBe(404);
    for (const [who, id, status] of [
      [p.owner, verdict.id, 403],
      [p.assessor, claim.id, 403],
      [viewer, claim.id, 403],
      [other.owner, verdict.id, 404],
      [p.buyerPerson, verdict.id, 404],
    ] as const) {
      await who.agent.delete(`/api/v1/evidence/${id}`).expect(status);
      await who.agent.patch(`/api/v1/evidence/${id}`).send({ caption: 'x' }).expect(status);
    }
    await p.owner.agent.delete(`/api/v1/evidence/${claim.id}`).expect(204);
  });

  it('sees it is who was granted it, of closed assessments, and what verdicts rest on', async () => {
    const assessment = await open(p, { assessedOn: daysAgo(4) });
    const [one, two] = [await photo(40, 40), await photo(40, 40)];
    const verdict = await attach(p.assessor, assessment, one, { fileName: 'Ann.jpg', deviceId: 'Ann' });
    const claim = await attach(p.owner, assessment, two);
    const [shop] = await app.sql(
      `INSERT INTO organisation (id, name, kind, country) VALUES ($1, 'Shop', 'buyer', 'EG') RETURNING id`,
      [randomUUID()],
    );
    const buyer = await app.person('Shop person', [[shop!['id'], 'qa-manager']]);
    const consents = `/api/v1/organisations/${p.supplier}/consents`;
    const grant = async (scopes: readonly string[]): Promise<string> =>
      (
        await p.owner.agent
          .post(consents)
          .send({ granteeId: shop!['id'], siteIds: [p.site], scopes, purpose: 'Supply', until: daysAgo(-30) })
          .expect(201)
      ).body.id;
    const path = `/api/v1/assessments/${assessment}/evidence`;
    /** What an outsider finds: the list, and by id what they may have heard of. */
    const found = async (who: Person): Promise<unknown[]> => {
      const list = await who.agent.get(path);
      const of = async (id: string) =>
        Promise.all(
          ['', '/content', '/thumbnail'].map(
            async (end) => (await who.agent.get(`/api/v1/evidence/${id}${end}`)).status,
          ),
        );
      return [
        list.status === 200 ? list.body.items.map(({ id }: any) => id) : list.body.code,
        await of(verdict.id),
        await of(claim.id),
      ];
    };
    const none = [404, 404, 404];
    const scoped = await grant(['answers']);
    expect(await found(buyer)).toEqual(['not-found', none, none]);
    await Promise.all([ready(p.assessor, verdict.id), ready(p.assessor, claim.id)]);
    await close(assessment);
    expect(await found(buyer)).toEqual(['scope-required', none, none]);
    expect(await found(p.buyerPerson)).toEqual(['scope-required', none, none]);
    await p.owner.agent
      .post(`${consents}/${scoped}/revoke`)
      .expect((answer) => expect(answer.status).toBeLessThan(300));
    const whole = await grant(['evidence']);
    expect(await found(buyer)).toEqual([[verdict.id], [200, 200, 200], none]);
    const { body } = await buyer.agent.get(`/api/v1/evidence/${verdict.id}`).expect(200);
    expect(body).toMatchObject({ fileName: null, deviceId: null, declaredBy: null, lat: null });
    // Unknown ids are answered alike, to the byte.
    const unknown = randomUUID();
    const plain = async (id: string, end: string) =>
      (await buyer.agent.get(`/api/v1/evidence/${id}${end}`)).text.replaceAll(id, 'ID');
    for (const end of ['', '/content', '/thumbnail'])
      expect(await plain(claim.id, end)).toBe(await plain(unknown, end));
    await p.owner.agent
      .post(`${consents}/${whole}/revoke`)
      .expect((answer) => expect(answer.status).toBeLessThan(300));
    expect(await found(buyer)).toEqual(['not-found', none, none]);
  }, 60_000);
});

describe('a closed assessment', () => {
  let assessment: string;
  let piece: any;
  let early: any;
  let never: any;
  const late: { content: Buffer } = { content: Buffer.alloc(0) };

  it('takes what was declared in time, until it is closed', async () => {
    assessment = await open(p, { assessedOn: daysAgo(3) });
    piece = await attach(p.assessor, assessment, await photo(40, 40), {
      requirement: answers[0]!.requirement,
    });
    await ready(p.assessor, piece.id);
    const content = await photo(50, 40);
    late.content = await photo(60, 40);
    early = await declare(p.assessor, assessment, content);
    never = await declare(p.assessor, assessment, late.content);
    await p.assessor.agent.put(`/api/v1/assessments/${assessment}/responses`).send({ answers }).expect(200);
    await p.assessor.agent.post(`/api/v1/assessments/${assessment}/submit`).expect(200);
    const refused = await declaring(p.assessor, assessment, await photo(30, 30)).expect(409);
    expect(refused.body.code).toBe('assessment-locked');
    await p.assessor.agent.delete(`/api/v1/evidence/${piece.id}`).expect(409);
    await send(p.assessor, early.uploadUrl, content);
    await p.reviewer.agent
      .post(`/api/v1/assessments/${assessment}/review`)
      .send({ action: 'take-review' })
      .expect(200);
    const closed = await p.reviewer.agent
      .post(`/api/v1/assessments/${assessment}/review`)
      .send({ action: 'close' })
      .expect(200);
    const error: any = await send(p.assessor, never.uploadUrl, late.content).catch((each: unknown) => each);
    expect(error.originalResponse.getStatus()).toBe(409);
    await ready(p.assessor, early.id);

    // Its hash covers what verdicts rest on; without evidence it is the one it would always have been.
    const source = await openDataSource(app.ownerUrl, { poolSize: 1 });
    try {
      const loaded = await loadAssessment(source, assessment);
      const covered = [
        { requirement: '', sha256: early.sha256 },
        { requirement: piece.requirement, sha256: piece.sha256 },
      ];
      expect(closed.body.lockHash).toBe(lockHash(loaded, covered));
      expect(closed.body.lockHash).not.toBe(lockHash(loaded));
      expect(lockHash(loaded, [])).toBe(lockHash(loaded));
    } finally {
      await source.destroy();
    }
  }, 60_000);

  it('keeps its evidence as it is, whatever asks', async () => {
    for (const [method, status] of [
      ['delete', 409],
      ['patch', 409],
    ] as const)
      expect(
        (await p.assessor.agent[method](`/api/v1/evidence/${piece.id}`).send({ caption: 'x' })).status,
      ).toBe(status);
    const api = new pg.Client({ connectionString: app.ownerUrl, options: '-c role=uplift_api' });
    await api.connect();
    try {
      await api.query(`SELECT set_config('uplift.user', $1, false)`, [p.assessor.id]);
      const rows = async (text: string) => (await api.query(text, [piece.id])).rowCount;
      expect(await rows(`SELECT 1 FROM evidence WHERE id = $1`)).toBe(1);
      expect(await rows(`DELETE FROM evidence WHERE id = $1`)).toBe(0);
      expect(await rows(`UPDATE evidence SET caption = 'x' WHERE id = $1`)).toBe(0);
      await expect(rows(`UPDATE evidence SET sha256 = repeat('0', 64) WHERE id = $1`)).rejects.toThrow(
        'permission denied',
      );
      const insert = `INSERT INTO evidence (id, assessment_id, organisation_id, requirement, supports, sha256, size, declared_by)
        SELECT gen_random_uuid(), assessment_id, organisation_id, 'x', supports, sha256, size, actor_user() FROM evidence WHERE id = $1`;
      await expect(rows(insert)).rejects.toThrow('row-level security');
      expect(
        await rows(`SELECT 1 WHERE evidence_bytes((SELECT assessment_id FROM evidence WHERE id = $1)) > 0`),
      ).toBe(1);
      await api.query(`SELECT set_config('uplift.user', $1, false)`, [other.assessor.id]);
      expect(await rows(`SELECT 1 FROM evidence WHERE id = $1`)).toBe(0);
      const bytesOf = await api.query(`SELECT evidence_bytes($1) AS n`, [assessment]);
      expect(bytesOf.rows).toEqual([{ n: null }]);
    } finally {
      await api.end();
    }
  });

  it('is in the archive of its supplier, file by file', async () => {
    const asked = await p.owner.agent.post(`/api/v1/organisations/${p.supplier}/exports`).expect(202);
    await waitFor(
      async () =>
        (await p.owner.agent.get(`/api/v1/exports/${asked.body.id}`).expect(200)).body.state === 'ready',
      { what: 'the archive', deadlineMs: 60_000 },
    );
    const folder = mkdtempSync(join(tmpdir(), 'uplift-evidence-'));
    try {
      const { body } = await p.owner.agent
        .get(`/api/v1/exports/${asked.body.id}/archive`)
        .buffer(true)
        .parse(bytes)
        .expect(200);
      writeFileSync(join(folder, 'a.zip'), body);
      execFileSync('python3', [
        '-c',
        'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
        join(folder, 'a.zip'),
        folder,
      ]);
      const rows = JSON.parse(readFileSync(join(folder, 'evidence.json'), 'utf8')) as any[];
      const row = rows.find(({ id }) => id === piece.id);
      expect(row).toMatchObject({ sha256: piece.sha256, state: 'ready' });
      expect(hashOf(readFileSync(join(folder, 'evidence', `${row.stored_sha256}.jpg`)))).toBe(
        row.stored_sha256,
      );
      const kept = new Set(rows.filter(({ state }) => state === 'ready').map((each) => each.stored_sha256));
      expect(readdirSync(join(folder, 'evidence'))).toHaveLength(kept.size);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);
});

it('what nobody needs goes in the night: late uploads, what was taken back, what no row names, who left', async () => {
  const assessment = await open();
  const [taken, half] = [await photo(40, 40), await photo(200, 200)];
  const piece = await attach(p.assessor, assessment, taken);
  await ready(p.assessor, piece.id);
  await p.assessor.agent.delete(`/api/v1/evidence/${piece.id}`).expect(204);
  const pending = await declare(p.assessor, assessment, half);
  await p.assessor.agent
    .patch(`/api/v1/evidence/${pending.id}/upload`)
    .set({
      'tus-resumable': '1.0.0',
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
    })
    .send(half.subarray(0, 100))
    .expect(204);
  expect(filesIn('uploads')).toEqual([pending.id]);
  // Tonight all of it is too young.
  const objects = objectsOf(p.supplier);
  await sweep(new Date());
  expect(objectsOf(p.supplier)).toEqual(objects);
  expect(filesIn('uploads')).toEqual([pending.id]);

  const old = new Date(Date.now() - 9 * 86_400_000);
  utimesSync(join(app.config.dataDir, 'uploads', pending.id), old, old);
  for (const name of objects) utimesSync(join(app.config.dataDir, 'evidence', name), old, old);
  await app.sql(`UPDATE evidence SET declared_at = $1 WHERE id = $2`, [old, pending.id]);
  const gone = await sweep(new Date());
  expect(filesIn('uploads')).toEqual([]);
  await p.assessor.agent.get(`/api/v1/evidence/${pending.id}`).expect(404);
  const key = (form: 'content' | 'thumbnail') => evidenceKey(p.supplier, piece.sha256, form);
  const left = objectsOf(p.supplier);
  expect(objects).toEqual(expect.arrayContaining([key('content'), key('thumbnail')]));
  expect(gone['uploads']).toBe(1 + objects.length - left.length);
  const named = await app.sql(
    `SELECT DISTINCT sha256, media_type AS type FROM evidence WHERE organisation_id = $1 AND state <> 'awaited'`,
    [p.supplier],
  );
  expect(left).toEqual(
    named
      .flatMap(({ sha256, type }) =>
        (type.startsWith('image/') ? (['content', 'thumbnail'] as const) : (['sent'] as const)).map((form) =>
          evidenceKey(p.supplier, sha256, form),
        ),
      )
      .sort(),
  );

  // A supplier that left: when its names go, its pictures go with them.
  const theirs = await attach(other.assessor, await open(other), await photo(40, 40));
  await ready(other.assessor, theirs.id);
  await other.owner.agent
    .post(`/api/v1/organisations/${other.supplier}/leave`)
    .send({ confirm: 'Supplier other', reason: 'closed-down' })
    .expect((answer) => expect([answer.status, answer.text]).toEqual([204, '']));
  await app.sql(`UPDATE organisation SET dissolved_at = now() - interval '8 years' WHERE id = $1`, [
    other.supplier,
  ]);
  for (const name of objectsOf(other.supplier))
    utimesSync(join(app.config.dataDir, 'evidence', name), old, old);
  await sweep(new Date());
  expect(await app.sql(`SELECT 1 FROM evidence WHERE organisation_id = $1`, [other.supplier])).toEqual([]);
  expect(objectsOf(other.supplier)).toEqual([]);
}, 60_000);

/** An API in a process of its own, on the same database and folder. */
async function startProcess(): Promise<{ process: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [join(root, 'dist/apps/api/src/main.js')], {
    env: {
      PATH: process.env['PATH']!,
      DATABASE_URL: app.config.databaseUrl,
      UPLIFT_DATA_DIR: app.config.dataDir,
      UPLIFT_SECRET: app.config.secret,
      BASE_URL: app.config.baseUrl,
      UPLIFT_TOTP_ROLES: 'none',
      KEEP_FREE_MB: '1',
      LOG_LEVEL: 'info',
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stopping.push(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const url = await waitFor(() => /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0], {
    what: 'an API that says where it listens',
    deadlineMs: 60_000,
  });
  return { process: child, url };
}
