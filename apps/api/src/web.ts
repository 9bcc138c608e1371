import { contentRoot } from '#application';
import { DomainError } from '#domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

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

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** A file of the app as it is sent; the build has compressed it already. */
interface WebFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly br?: Buffer;
  readonly gzip?: Buffer;
}

/** The app's files by path, or null where it isn't built. Held in memory: a megabyte or two, and no path leads out of it. */
function readFiles(root: string): ReadonlyMap<string, WebFile> | null {
  if (!existsSync(join(root, 'index.html'))) return null;
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const read = (path: string): Buffer | undefined =>
    paths.includes(path) ? readFileSync(join(root, path)) : undefined;
  const files = new Map<string, WebFile>();
  for (const path of paths) {
    const type = TYPES[extname(path)];
    const plain = type && read(path);
    if (!plain) continue;
    const [br, gzip] = [read(`${path}.br`), read(`${path}.gz`)];
    files.set(path.replaceAll('\\', '/'), {
      type,
      etag: `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`,
      plain,
      ...(br && { br }),
      ...(gzip && { gzip }),
    });
  }
  return files;
}

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
export function mountWeb(fastify: FastifyInstance, root = join(contentRoot(), '../dist/apps/web')): void {
  let files: ReadonlyMap<string, WebFile> | null = null;
  const built = (): ReadonlyMap<string, WebFile> => {
    files ??= readFiles(root);
    if (!files) throw notBuilt();
    return files;
  };
  const send = (request: FastifyRequest, reply: FastifyReply, path: string, file: WebFile): FastifyReply => {
    void reply.headers({
      'content-security-policy': POLICY,
      etag: file.etag,
      vary: 'accept-encoding',
      // Names with a hash in them never mean another content; the others are asked for anew.
      'cache-control': path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    if (request.headers['if-none-match'] === file.etag) return reply.status(304).send();
    const accepted = request.headers['accept-encoding'] ?? '';
    const coding = (['br', 'gzip'] as const).find((each) => file[each] && accepted.includes(each));
    if (coding) void reply.header('content-encoding', coding);
    return reply.type(file.type).send(coding ? file[coding] : file.plain);
  };
  fastify.get('/app', (_request, reply) => reply.redirect('/app/', 308));
  fastify.get('/app/*', async (request, reply) => {
    const all = built();
    const path = (request.params as { '*': string })['*'];
    const file = all.get(path);
    if (file) return send(request, reply, path, file);
    // Pages have no extension. What has one is a file of another version, and a page in its place would only confuse.
    if (/\.\w+$/.test(path))
      throw new DomainError(
        'web-file-unknown',
        'The web app has no such file.',
        [{ field: 'path', message: 'unknown', fix: 'Load the page again: the app may have a new version.' }],
        'not-found',
      );
    return send(request, reply, 'index.html', all.get('index.html')!);
  });
  for (const path of ['/reset-password', '/invitations'])
    fastify.get(path, async (request, reply) => {
      built();
      return reply.redirect(`/app${request.url}`, 303);
    });
}
