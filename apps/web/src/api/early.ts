import { acceptLanguage } from '#web/i18n/locale';

/*
 * On a slow line most of the time until a page is of use goes by while the app's own code arrives. What the page will ask the
 * API for is asked for meanwhile; whoever comes to need it takes the answer from here instead of asking again.
 */
const asked = new Map<string, Promise<Response>>();

/** Begins to read `path` of the API, for somebody who will take the answer. Resolves to a copy of it. */
export function askEarly(path: string): Promise<Response> {
  const answer = fetch(path, {
    headers: { accept: 'application/json', 'accept-language': acceptLanguage() },
  });
  asked.set(path, answer);
  return answer.then((response) => response.clone());
}

/** The answer that was asked for early, once; undefined when it wasn't. */
export function takeEarly(path: string): Promise<Response> | undefined {
  const answer = asked.get(path);
  asked.delete(path);
  return answer;
}
