import { QueryClient, useMutation, useQuery, useQueryClient, keepPreviousData } from '@tanstack/react-query';
import type { PathsWithMethod } from 'openapi-typescript-helpers';
import type { paths } from '#web/generated/api';
import { useI18n } from '#web/i18n';
import {
  type Answer,
  ApiProblem,
  call,
  type ReadInit,
  type ReadPath,
  type WriteInit,
  type WriteMethod,
} from './client';
import { takeEarlyBody } from './early';

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // What the API has refused it refuses again; a lost connection may come back.
      retry: (count, error) => !(error instanceof ApiProblem && error.problem.status < 500) && count < 1,
      // Without a network a page says so instead of waiting for one.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

interface ReadOptions {
  /** Don't ask yet: something it needs isn't known. */
  readonly enabled?: boolean;
  /** Ask again every so many milliseconds, for what the worker is busy with. */
  readonly every?: number;
}

/**
 * Reads from the API; `path` and `init` as openapi.json has them. Show it with `<Loaded>`. Asked anew when the language
 * changes, because texts may come in it.
 */
export function useRead<P extends ReadPath>(path: P, init?: ReadInit<P>, options: ReadOptions = {}) {
  const { locale } = useI18n();
  return useQuery<Answer<P, 'get'>>({
    queryKey: [path, init ?? null, locale],
    queryFn: ({ signal }) => call('get', path, { ...init, signal } as never),
    initialData: () => takeEarlyBody(addressOf(path, init)) as Answer<P, 'get'> | undefined,
    enabled: options.enabled ?? true,
    ...(options.every !== undefined && { refetchInterval: options.every }),
    placeholderData: keepPreviousData,
  });
}

/** Where a read is sent to. */
function addressOf(path: string, init: unknown): string {
  const { path: parts = {}, query = {} } =
    (init as { params?: { path?: Record<string, string>; query?: Record<string, string> } } | undefined)
      ?.params ?? {};
  const search = new URLSearchParams(query).toString();
  return path.replace(/\{(\w+)\}/g, (_, name: string) => parts[name] ?? '') + (search && `?${search}`);
}

/** Operations that answer page by page. */
export type PagedPath = {
  [P in ReadPath]: Answer<P, 'get'> extends { items: readonly unknown[]; nextCursor: string | null }
    ? P
    : never;
}[ReadPath];
/** A row of what such an operation answers. */
export type RowOf<P extends PagedPath> =
  Answer<P, 'get'> extends { items: readonly (infer Row)[] } ? Row : never;

/** Rows of the first page, soon there to be looked at, and of those after it: the most that the API gives at once. */
const FIRST = 200;
const NEXT = 1000;

/** Lists of which more is on its way. */
const growing = new WeakSet<object>();
/** Whether rows are the first of a list of `useAll` that isn't whole yet. */
export const isGrowing = (rows: unknown): rows is readonly unknown[] =>
  typeof rows === 'object' && rows !== null && growing.has(rows);

/**
 * Reads every page of what the API answers in pages: `data` is one list. The first time the rows there are shown while the rest
 * is on its way (`isGrowing`), anew whenever they have doubled; later a whole new list takes the place of the old one.
 */
export function useAll<P extends PagedPath>(path: P, init?: ReadInit<P>, options: ReadOptions = {}) {
  const { locale } = useI18n();
  const queries = useQueryClient();
  const queryKey = [path, init ?? null, locale, 'all'];
  return useQuery<readonly RowOf<P>[]>({
    queryKey,
    queryFn: async ({ signal }) => {
      const anew = queries.getQueryData(queryKey) === undefined;
      const rows: RowOf<P>[] = [];
      let shown = 0;
      let cursor: string | null = null;
      do {
        const given = init as { params?: { query?: object } } | undefined;
        const query: object = {
          limit: cursor ? NEXT : FIRST,
          ...given?.params?.query,
          ...(cursor && { cursor }),
        };
        const page = (await call('get', path, {
          ...given,
          params: { ...given?.params, query },
          signal,
        } as never)) as { items: RowOf<P>[]; nextCursor: string | null };
        rows.push(...page.items);
        cursor = page.nextCursor;
        if (anew && cursor && rows.length >= 2 * shown) {
          shown = rows.length;
          const some = [...rows];
          growing.add(some);
          queries.setQueryData(queryKey, some);
        }
      } while (cursor);
      return rows;
    },
    // To compare thousands of rows with those before takes longer than to draw the few in view.
    structuralSharing: false,
    enabled: options.enabled ?? true,
    ...(options.every !== undefined && { refetchInterval: options.every }),
    placeholderData: keepPreviousData,
  });
}

/**
 * A change over the API: `mutateAsync(init)`. Everything that was read is read anew afterwards. One call is carried out once,
 * even when it is sent again after signing in again; but for what answers with a `secret` (a link, a token), of which the
 * product keeps no answer to give again.
 */
export function useWrite<M extends WriteMethod, P extends PathsWithMethod<paths, M>>(
  method: M,
  path: P,
  { secret = false } = {},
) {
  const queries = useQueryClient();
  return useMutation<Answer<P, M>, Error, WriteInit<M, P>>({
    mutationFn: (init) => {
      const given = init as { headers?: Record<string, string> } | undefined;
      const headers = {
        ...(method === 'post' && !secret && { 'Idempotency-Key': crypto.randomUUID() }),
        ...given?.headers,
      };
      return call(method, path, { ...given, headers } as never);
    },
    onSuccess: () => queries.invalidateQueries(),
  });
}
