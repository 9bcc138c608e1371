import createClient, { type MaybeOptionalInit } from 'openapi-fetch';
import type { HttpMethod, PathsWithMethod, SuccessResponseJSON } from 'openapi-typescript-helpers';
import type { components, paths } from '#web/generated/api';
import { acceptLanguage } from '#web/i18n/locale';
import { takeEarly } from './early';

/** What the API calls things: `Schema<'SiteRow'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
/** As the API tells it, with the language of its texts. */
export type Problem = Schema<'Problem'> & { readonly lang?: string };

/** The API refused; what it says is for people. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.title}`);
    this.name = 'ApiProblem';
  }
}

/** Nothing came back: no network, or the product is down. */
export class NoConnection extends Error {
  constructor(cause: unknown) {
    super('no connection', { cause });
    this.name = 'NoConnection';
  }
}

/** Asks the person to sign in again, over the page they are on. Resolves when they have; set by the session. */
type SignInAgain = (problem: Problem) => Promise<void>;
let signInAgain: SignInAgain | null = null;
export const onSessionLost = (handler: SignInAgain | null): void => {
  signInAgain = handler;
};

/** Told when something was refused that its person was shown before: perhaps they may less than they did. */
let refused: () => void = () => undefined;
export const onRefused = (handler: () => void): void => {
  refused = handler;
};

const problemFrom = async (response: Response): Promise<Problem> => {
  const said = (await response
    .clone()
    .json()
    .catch(() => null)) as Partial<Problem> | null;
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    code: response.status >= 500 ? 'internal-error' : 'refused',
    instance: new URL(response.url || location.href).pathname,
    ...said,
    lang: response.headers.get('content-language') ?? 'en',
  };
};

/** What nobody waits for is given up after this: a line that has died silently would hold it up for ever. */
export const QUIET_DEADLINE = 60_000;
/**
 * Sends a request that nobody has asked for just now: a session that ran out is said, and not asked for over the page.
 * @throws ApiProblem, NoConnection
 */
export const sendQuietly = (request: Request): Promise<Response> =>
  send(new Request(request, { signal: AbortSignal.timeout(QUIET_DEADLINE) }), false);

/**
 * Sends a request; a session that ran out in between is renewed by its person and the request sent again, so what a form
 * holds is never lost. `carry` is how it goes out where not by `fetch`. @throws ApiProblem, NoConnection
 */
export async function send(
  request: Request,
  ask = true,
  carry: (request: Request) => Promise<Response> = fetch,
): Promise<Response> {
  const again = request.clone();
  request.headers.set('accept-language', acceptLanguage());
  let response: Response;
  try {
    const { pathname, search } = new URL(request.url);
    response = await ((request.method === 'GET' && takeEarly(pathname + search)) || carry(request));
  } catch (error) {
    if (request.signal.aborted && (error as Error).name !== 'TimeoutError') throw error;
    throw new NoConnection(error);
  }
  if (response.ok) return response;
  // A proxy's own page: the product behind it doesn't answer.
  if ([502, 504].includes(response.status)) throw new NoConnection(response.status);
  const problem = await problemFrom(response);
  if (['sign-in-required', 'second-factor-required'].includes(problem.code) && ask && signInAgain) {
    await signInAgain(problem);
    return send(again, ask, carry);
  }
  if ([403, 404].includes(problem.status)) refused();
  throw new ApiProblem(problem);
}

const client = createClient<paths>({ baseUrl: location.origin, fetch: (request) => send(request) });

type Init<P extends keyof paths, M extends HttpMethod> = MaybeOptionalInit<
  paths[P],
  M extends keyof paths[P] ? M : never
>;
/** What an operation answers when it succeeds. */
export type Answer<P extends keyof paths, M extends HttpMethod> = M extends keyof paths[P]
  ? SuccessResponseJSON<paths[P][M] & Record<string | number, unknown>>
  : never;
export type ReadPath = PathsWithMethod<paths, 'get'>;
export type WriteMethod = 'post' | 'put' | 'patch' | 'delete';
export type ReadInit<P extends ReadPath> = Init<P, 'get'>;
export type WriteInit<M extends WriteMethod, P extends PathsWithMethod<paths, M>> = Init<P, M>;

/** Calls an operation by method and path as openapi.json has them. @throws ApiProblem, NoConnection */
export async function call<M extends HttpMethod, P extends PathsWithMethod<paths, M>>(
  method: M,
  path: P,
  init?: Init<P, M>,
): Promise<Answer<P, M>> {
  const operation = client[method.toUpperCase() as 'GET'] as unknown as (
    path: string,
    init?: unknown,
  ) => Promise<{ data?: unknown }>;
  return (await operation(path, init)).data as Answer<P, M>;
}

/** The same by way of `sendQuietly`. */
export const callQuietly = <M extends HttpMethod, P extends PathsWithMethod<paths, M>>(
  method: M,
  path: P,
  init: Init<P, M>,
): Promise<Answer<P, M>> => call(method, path, { ...(init as object), fetch: sendQuietly } as never);

/** Headers for a change of something that has a revision: refused with 412 when somebody else was faster. */
export const ifMatch = (revision: number) => ({ 'If-Match': `"${revision}"` });
