import { acceptLanguage } from '#web/i18n/locale';

/*
 * On a slow line most of the time until a page is of use goes by while the app's own code arrives. What the page will ask the
 * API for is asked for meanwhile; whoever comes to need it takes the answer from here instead of asking again.
 */
interface Early {
  readonly answer: Promise<Response>;
  readonly at: number;
  /** What it said, once it is there and no refusal. */
  body?: unknown;
}
const asked = new Map<string, Early>();
/** Later it is old, and whoever comes asks anew. */
const FRESH_MS = 20_000;

/** Begins to read `path` of the API, for somebody who will take the answer. Resolves to what it says; null for a refusal. */
export function askEarly<T>(path: string): Promise<T | null> {
  return keep(
    path,
    fetch(path, { headers: { accept: 'application/json', 'accept-language': acceptLanguage() } }),
  );
}

/** Takes who is here from the document's own request: the browser only gives it to one that is the very same. */
export const askWhoIsHere = <T>(): Promise<T | null> => keep('/api/v1/me', fetch('/api/v1/me'));

async function keep<T>(path: string, answer: Promise<Response>): Promise<T | null> {
  const early: Early = { answer, at: performance.now() };
  asked.set(path, early);
  const response = await answer;
  if (!response.ok) return null;
  early.body = await response.clone().json();
  return early.body as T;
}

function take(path: string): Early | undefined {
  const early = asked.get(path);
  asked.delete(path);
  return early && performance.now() - early.at < FRESH_MS ? early : undefined;
}

/** The answer that was asked for early, once; undefined when it wasn't, or is too old. */
export const takeEarly = (path: string): Promise<Response> | undefined => take(path)?.answer;

/** What such an answer says, where it is there already: a page is drawn with it the first time. */
export const takeEarlyBody = (path: string): unknown =>
  asked.get(path)?.body === undefined ? undefined : take(path)?.body;

/** Whatever was asked for early was somebody else's. */
export const forgetEarly = (): void => asked.clear();
