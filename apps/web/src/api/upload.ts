import { type Answer, send } from './client';

/**
 * Sends a form and tells how much of it is on its way, from 0 to 1, which `fetch` can't.
 * @throws ApiProblem, NoConnection; what `signal` says when it is given up
 */
export async function upload<P extends '/api/v1/imports/inspections'>(
  path: P,
  form: FormData,
  told: (part: number) => void,
  signal: AbortSignal,
): Promise<Answer<P, 'post'>> {
  const request = new Request(path, { method: 'POST', headers: { accept: 'application/json' }, signal });
  const carry = ({ url, headers }: Request): Promise<Response> =>
    new Promise((resolve, reject) => {
      const sending = new XMLHttpRequest();
      sending.open('POST', url);
      headers.forEach((value, name) => sending.setRequestHeader(name, value));
      sending.upload.onprogress = ({ loaded, total }) => told(loaded / total);
      sending.onload = () =>
        resolve(
          new Response(sending.response as string, {
            status: sending.status,
            headers: { 'content-language': sending.getResponseHeader('content-language') ?? 'en' },
          }),
        );
      sending.onerror = () => reject(new TypeError('the form could not be sent'));
      sending.onabort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', () => sending.abort(), { once: true });
      sending.send(form);
    });
  return (await send(request, true, carry)).json() as Promise<Answer<P, 'post'>>;
}
