import { contentRoot } from '#application';
import { DomainError } from '#domain';
import files from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where `npm run build` puts the web app. */
export const webRoot = (): string => join(contentRoot(), '../dist/apps/web');

/** The app loads its own files and talks to this API, and nothing else; nothing written into a page runs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const notBuilt = (): DomainError =>
  new DomainError(
    'web-app-not-built',
    'This installation has no web app.',
    [{ field: 'path', message: 'not built', fix: 'Build it with `npm run build`, or use the API.' }],
    'not-found',
  );

/**
 * Serves the web app below `/app/`: its files, and for every other path, which is a page of the app, the document that shows
 * it. Links of mails that have no `/app` in them lead there, too. Without a build all of it answers 404.
 */
export async function mountWeb(fastify: FastifyInstance, root = webRoot()): Promise<void> {
  const built = (): boolean => existsSync(join(root, 'index.html'));
  const page = async (reply: FastifyReply): Promise<FastifyReply> =>
    reply
      .headers({ 'content-security-policy': POLICY, 'cache-control': 'no-cache' })
      .sendFile('index.html', root, { cacheControl: false });
  await fastify.register(files as never, {
    root,
    prefix: '/app/',
    // Only what is asked for below; and the folder may not be there.
    serve: false,
    suppressWarning: true,
    preCompressed: true,
  });
  fastify.get('/app', (_request, reply) => reply.redirect('/app/', 308));
  fastify.get('/app/*', async (request, reply) => {
    if (!built()) throw notBuilt();
    const path = (request.params as { '*': string })['*'];
    const name = path.split('/').at(-1) ?? '';
    if (!name.includes('.') || name === 'index.html') return page(reply);
    void reply.header('content-security-policy', POLICY);
    // Names with a hash in them never mean another content; the others are asked for anew.
    if (path.startsWith('assets/'))
      return reply
        .header('cache-control', 'public, max-age=31536000, immutable')
        .sendFile(path, root, { cacheControl: false });
    return reply.header('cache-control', 'no-cache').sendFile(path, root, { cacheControl: false });
  });
  for (const path of ['/reset-password', '/invitations'])
    fastify.get(path, async (request, reply) => {
      if (!built()) throw notBuilt();
      return reply.redirect(`/app${request.url}`, 303);
    });
}
