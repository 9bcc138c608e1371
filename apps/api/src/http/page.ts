import type { ServedEvidence } from '#application';
import type { ByteRange } from '#platform';
import { StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { randomBytes } from 'node:crypto';

/** Sends a page whose own style element is the only thing it may load, and whose forms lead nowhere but here. */
export function page(reply: FastifyReply, render: (nonce: string) => string): string {
  const nonce = randomBytes(16).toString('base64');
  void reply
    .type('text/html; charset=utf-8')
    .header(
      'content-security-policy',
      `default-src 'none'; style-src 'nonce-${nonce}'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    );
  return render(nonce);
}

/** Sends a PDF to be read in the browser. */
export function pdf(reply: FastifyReply, bytes: Uint8Array, name: string): Buffer {
  void reply.type('application/pdf').header('content-disposition', `inline; filename="${name}.pdf"`);
  return Buffer.from(bytes);
}

/** Sends a file to be saved. */
export function download(reply: FastifyReply, bytes: Buffer, type: string, name: string): Buffer {
  void reply
    .type(type)
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('cache-control', 'private, no-store');
  return bytes;
}

/** Whether a caller has what is described by an ETag already (`If-None-Match`). */
export const has = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '')
    .split(',')
    .map((each) => each.trim().replace(/^W\//, ''))
    .some((each) => each === etag || each === '*');

/** The one range that is asked for, if it lies within; a caller whose range means nothing here gets everything. */
function rangeOf(asked: string | undefined, size: number): ByteRange | undefined {
  const [, from = '', to = ''] = /^bytes=(\d{0,12})-(\d{0,12})$/.exec(asked ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const range =
    from === ''
      ? { from: Math.max(size - Number(to), 0), to: size - 1 }
      : { from: Number(from), to: to === '' ? size - 1 : Math.min(Number(to), size - 1) };
  return range.from <= range.to ? range : undefined;
}

/** A name as a header carries it: plain letters for old readers, all of it for the rest. */
const named = (name: string): string =>
  `filename="${name.replace(/[^\w. -]/g, '_')}"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`)}`;

/**
 * Sends what somebody uploaded. Nothing in it is ever run: it has the type we found and no other, is in a sandbox of its
 * own, and is shown only where it is a photograph that we developed. Callers keep it, and ask each time whether they still may.
 */
export async function uploaded(
  reply: FastifyReply,
  evidence: ServedEvidence,
  asked: { readonly range?: string | undefined; readonly ifNoneMatch?: string | undefined },
): Promise<StreamableFile | undefined> {
  void reply.header('etag', evidence.etag).header('cache-control', 'private, no-cache');
  if (has(asked.ifNoneMatch, evidence.etag)) {
    void reply.status(304);
    return undefined;
  }
  const { size } = evidence;
  const range = size === null ? undefined : rangeOf(asked.range, size);
  const content = await evidence.read(range);
  void reply
    .type(evidence.mediaType)
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'")
    .header('content-disposition', `${evidence.shown ? 'inline' : 'attachment'}; ${named(evidence.name)}`);
  if (size !== null) {
    void reply
      .header('accept-ranges', 'bytes')
      .header('content-length', String(range ? range.to - range.from + 1 : size));
    if (range) void reply.status(206).header('content-range', `bytes ${range.from}-${range.to}/${size}`);
  }
  return new StreamableFile(content);
}
