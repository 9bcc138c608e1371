import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import {
  ApiProblem,
  NoConnection,
  onRefused,
  onSessionLost,
  type Problem,
  type Schema,
  send,
} from './client';
import { forgetEarly, takeEarly } from './early';
import { queryClient } from './hooks';

export type Me = Schema<'Me'>;
export type Membership = Schema<'ActorMembership'>;

const STORED = 'uplift.me';
/** Set when a session ran out while its person was at work: they sign in over the page, which stays. */
let lost: { problem: Problem; resume: () => void; giveUp: (reason: unknown) => void } | null = null;
const listeners = new Set<() => void>();
const setLost = (next: typeof lost): void => {
  lost = next;
  listeners.forEach((each) => each());
};

/** Whether the API has said last who is here; otherwise the device did, without a connection. */
let confirmed = false;

/** Who is signed in: asked of the API; without a connection, who was here last. null: nobody. */
async function readMe(): Promise<Me | null> {
  try {
    const path = '/api/v1/me';
    const response = await (takeEarly(path) ?? fetch(path, { headers: { accept: 'application/json' } }));
    const before = queryClient.getQueryData<Me | null>(KEY);
    if (response.status === 401) {
      // It ran out below an open page, which stays: whoever was at work signs in over it. Unless they have signed out in another tab.
      if (before && localStorage.getItem(STORED)) {
        sessionLost((await response.json()) as Problem).catch(() => undefined);
        return before;
      }
      localStorage.removeItem(STORED);
      return null;
    }
    if (!response.ok) throw new ApiProblem((await response.json()) as Problem);
    const me = (await response.json()) as Me;
    localStorage.setItem(STORED, JSON.stringify(me));
    confirmed = true;
    if (before) changed(before, me);
    return me;
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    confirmed = false;
    const stored = storedMe();
    if (stored) return stored;
    throw new NoConnection(error);
  }
}

/** What is on screen is what somebody may see, and theirs. */
function changed(before: Me, now: Me): void {
  if (before.userId !== now.userId) location.assign('/app/');
  else if (JSON.stringify(before.memberships) !== JSON.stringify(now.memberships))
    void queryClient.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
}

/** Who is signed in in this browser, in whatever tab they have done so; null: nobody. */
export const personHere = (): string | null => storedMe()?.userId ?? null;

/** Who was here last. What something else has written there is nobody. */
function storedMe(): Me | null {
  try {
    const me = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Partial<Me> | null;
    return typeof me?.userId === 'string' && Array.isArray(me.memberships) ? (me as Me) : null;
  } catch {
    return null;
  }
}

const KEY = ['me'];

/** Asked anew whenever they come back to the window: what they may do can have been changed meanwhile. */
const SESSION = {
  queryKey: KEY,
  queryFn: readMe,
  staleTime: 60_000,
  refetchOnWindowFocus: 'always',
} as const;
let asking = false;
/** After a refusal they are asked for anew: once for several that come together, and again when the line fails just then. */
async function askAnew(): Promise<void> {
  for (let pause = 300; pause < 30_000; pause *= 3) {
    await new Promise((done) => setTimeout(done, pause));
    // What is refused from here on may be news that this answer doesn't have.
    asking = false;
    await queryClient.invalidateQueries({ queryKey: KEY });
    if (confirmed) return;
    asking = true;
  }
  asking = false;
}
onRefused(() => {
  if (asking || !queryClient.getQueryData(KEY)) return;
  asking = true;
  void askAnew();
});

/** Finds out who is here before anything is drawn. */
export const findWhoIsHere = (): Promise<void> => queryClient.prefetchQuery(SESSION);

/** The person who is signed in; `data` is null when nobody is. */
export const useSession = () => useQuery(SESSION);

/** What a session still lacks that the person's roles take. */
export const missingFactor = (me: Me | null | undefined): 'code' | 'enrol' | null =>
  me?.secondFactor?.required && !me.secondFactor.given ? (me.secondFactor.enrolled ? 'code' : 'enrol') : null;

/** The person who is signed in, on pages that are only shown to somebody. */
export function useMe(): Me {
  const { data } = useSession();
  if (!data) throw new Error('useMe where nobody is signed in');
  return data;
}

/** The person is signed in now, and has proven what their roles take. */
export async function signedIn(): Promise<Me | null> {
  forgetEarly();
  return queryClient.fetchQuery({ ...SESSION, staleTime: 0 });
}

/** Calls below /api/auth, which openapi.json doesn't describe. @throws ApiProblem, NoConnection */
export async function auth<T>(path: string, body?: object): Promise<T> {
  const response = await send(
    new Request(`/api/auth${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    }),
  );
  return (await response.json()) as T;
}

// -------------------------------------------------------------------------------------------------- a session that ran out

let waiting: Promise<void> | null = null;
function sessionLost(problem: Problem): Promise<void> {
  // Before anybody was signed in there is nothing to go on with: the sign-in page is on screen.
  if (!queryClient.getQueryData(KEY)) return Promise.reject(new ApiProblem(problem));
  waiting ??= new Promise<void>((resume, giveUp) => setLost({ problem, resume, giveUp })).finally(() => {
    waiting = null;
    setLost(null);
  });
  return waiting;
}
onSessionLost(sessionLost);

/** The session that has run out, if one has. */
export const useLostSession = () =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => lost,
  );

// ------------------------------------------------------------------------------------------------------------- signing out

/** Where the device notes what it keeps of somebody. */
export const keptKey = (person: string): string => `uplift.kept.${person}`;
/** Whether this device keeps assessments of somebody: known without opening its database. */
export const keepsWork = (person: string): boolean =>
  (localStorage.getItem(keptKey(person)) ?? '[]') !== '[]';

const unsentChecks = new Set<() => boolean>();
const signOutSteps = new Set<() => Promise<unknown> | void>();

/** Whoever keeps work on the device says here whether some of it hasn't been sent. Returns how to take it back. */
export function whileUnsent(check: () => boolean): () => void {
  unsentChecks.add(check);
  return () => unsentChecks.delete(check);
}
/** Whether this device holds work that the product doesn't have yet. Neither a reload nor a sign-out happens unasked then. */
export const hasUnsentWork = (): boolean => [...unsentChecks].some((check) => check());

/** Done when somebody signs out: what was kept of theirs on this device goes, unsent work excepted. */
export function atSignOut(work: () => Promise<unknown> | void): () => void {
  signOutSteps.add(work);
  return () => signOutSteps.delete(work);
}

/** Ends the session, unless it has ended, and forgets what was read. Unsent work stays on the device until its person is back. */
export async function signOut(ended = false): Promise<void> {
  forgetEarly();
  if (!ended) await auth('/sign-out', {});
  await Promise.all([...signOutSteps].map((work) => work()));
  localStorage.removeItem(STORED);
  // The frame watches who is signed in; everything else is forgotten.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queryClient.setQueryData(KEY, null);
}
