import { acceptLanguage } from '#web/i18n/locale';

/*
 * On a slow line most of the time until a page is of use goes by while the app's own code arrives. What the page will ask the
 * API for is asked for meanwhile; whoever comes to need it takes the answer from here instead of asking again.
 */
const asked = new Map<string, { readonly answer: Promise<Response>; readonly at: number }>();
/** Later it is old, and whoever comes asks anew. */
const FRESH_MS = 20_000;

/** Begins to read `path` of the API, for somebody who will take the answer. Resolves to a copy of it. */
export function askEarly(path: string): Promise<Response> {
  return keep(
    path,
    fetch(path, { headers: { accept: 'application/json', 'accept-language': acceptLanguage() } }),
  );
}

/** Takes who is here from the document's own request: the browser only gives it to one that is the very same. */
export const askWhoIsHere = (): Promise<Response> => keep('/api/v1/me', fetch('/api/v1/me'));

function keep(path: string, answer: Promise<Response>): Promise<Response> {
  asked.set(path, { answer, at: performance.now() });
  return answer.then((response) => response.clone());
}

/** The answer that was asked for early, once; undefined when it wasn't, or is too old. */
export function takeEarly(path: string): Promise<Response> | undefined {
  const early = asked.get(path);
  asked.delete(path);
  return early && performance.now() - early.at < FRESH_MS ? early.answer : undefined;
}

/** Whatever was asked for early was somebody else's. */
export const forgetEarly = (): void => asked.clear();
