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
