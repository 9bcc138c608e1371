import { useSyncExternalStore } from 'react';

/*
 * The service worker keeps the app's files. A new version waits until its person asks for it: nothing reloads by itself.
 */
let registration: ServiceWorkerRegistration | null = null;
let ready = false;
const listeners = new Set<() => void>();
const tell = (): void => {
  ready = !!registration?.waiting && !!navigator.serviceWorker.controller;
  listeners.forEach((each) => each());
};

/** Starts the service worker; in development there is none. */
export async function startServiceWorker(): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  try {
    registration = await navigator.serviceWorker.register('/app/sw.js', { scope: '/app/' });
  } catch {
    // Private windows and the like: the app works, with a connection.
    return;
  }
  registration.addEventListener('updatefound', () =>
    registration?.installing?.addEventListener('statechange', tell),
  );
  tell();
  // Somebody may leave the app open for days.
  setInterval(() => void registration?.update().catch(() => undefined), 3_600_000);
}

let kept: Promise<boolean> = Promise.resolve(false);
/** Whether the app opens without a connection: resolves when what its person needs is kept, or can't be. */
export const keptForOffline = (): Promise<boolean> => kept;

/** Keeps the files of these parts of the app (`areas/supplier`, `texts/ar/base`) for times without a connection. */
export function keepForOffline(parts: readonly string[]): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  kept = navigator.serviceWorker.ready.then(
    ({ active }) =>
      new Promise((done) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done(true);
        setTimeout(() => done(false), 30_000);
        active?.postMessage({ type: 'keep', parts }, [port2]);
      }),
  );
}

/** Whether a new version waits. */
export const useUpdateReady = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ready,
  );

/** Changes to the new version and loads the page anew. Only ever called by a person's hand. */
export function activateUpdate(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  registration?.waiting?.postMessage({ type: 'activate' });
}
