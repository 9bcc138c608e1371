/// <reference lib="webworker" />
/*
 * The service worker: keeps the app's own files so that it opens without a connection. It never touches /api: what belongs
 * to people is kept by pages that know whose it is. A new version waits until its person says so.
 */
declare const self: ServiceWorkerGlobalScope;
/** part (shell, areas/…, texts/…) → files; put in by the build. */
declare const __PARTS__: Record<string, string[]>;

const PARTS = __PARTS__;
const BASE = '/app/';
const PREFIX = 'app-';
/** The same files, the same cache; another build has another. */
const CACHE =
  PREFIX + [...JSON.stringify(PARTS)].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) | 0, 7);
const ALWAYS = ['', 'manifest.webmanifest', 'icon.svg'];

const keep = async (parts: readonly string[]): Promise<void> => {
  const cache = await caches.open(CACHE);
  const files = [...new Set(parts.flatMap((part) => PARTS[part] ?? []))].map((file) => BASE + file);
  const missing = await Promise.all(files.map(async (file) => ((await cache.match(file)) ? [] : [file])));
  await cache.addAll(missing.flat());
};

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(ALWAYS.map((path) => new Request(BASE + path, { cache: 'no-cache' })));
      // What the version before kept, this one needs too: the language and areas of whoever uses this device.
      const before = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      const kept = await Promise.all(
        before.map(async (name) => (await (await caches.open(name)).match('parts'))?.json()),
      );
      await keep(['shell', ...(kept.flat() as (string | undefined)[]).filter((part) => part !== undefined)]);
    })(),
  );
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      // The version before stays: a tab that still runs it may want a part of it that it hasn't loaded yet.
      await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('message', (event) => {
  const { type, parts } = event.data as { type: string; parts?: string[] };
  if (type === 'activate') void self.skipWaiting();
  if (type === 'keep' && parts)
    event.waitUntil(
      keep(parts).then(async () => {
        await (await caches.open(CACHE)).put('parts', new Response(JSON.stringify(parts)));
        event.ports[0]?.postMessage('kept');
      }),
    );
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin || !url.pathname.startsWith(BASE)) return;
  // Every page of the app is the same document; the one that belongs to the files that are kept.
  const key = request.mode === 'navigate' ? BASE : request;
  event.respondWith(
    (async () => {
      const cache = await caches.open(CACHE);
      // Names with a hash in them mean the same in every version.
      const lasting = url.pathname.startsWith(`${BASE}assets/`);
      const kept = (await cache.match(key)) ?? (lasting && (await caches.match(request)));
      if (kept) return kept;
      const response = await fetch(request);
      if (response.ok && lasting) await cache.put(request, response.clone());
      return response;
    })(),
  );
});
export {};
