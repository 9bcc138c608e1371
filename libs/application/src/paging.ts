import { DomainError } from '#domain';

/** What part of a list is wanted: everything after a place, so many at a time. */
export interface PageRequest {
  /** Key of the last row already seen. */
  readonly after: string | null;
  readonly limit: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it back as `cursor` for the next page; null on the last one. */
  readonly nextCursor: string | null;
}

const KEYS = { id: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, number: /^\d{1,18}$/ };

/** Reads `cursor` and `limit` of a request. Default 50 rows, at most 1,000. @throws DomainError `bad-cursor`. */
export function pageRequest(cursor?: string, limit?: number, key: keyof typeof KEYS = 'id'): PageRequest {
  let after: string | null = null;
  if (cursor) {
    after = Buffer.from(cursor, 'base64url').toString('utf8');
    if (!KEYS[key].test(after)) {
      throw new DomainError('bad-cursor', 'The cursor is not one this list has given out.', [
        { field: 'cursor', message: 'unreadable', fix: 'Leave it out to start from the beginning.' },
      ]);
    }
  }
  return { after, limit: Math.min(Math.max(limit ?? 50, 1), 1000) };
}

/** Cuts `limit + 1` fetched rows into a page. */
export function pageOf<T>(rows: readonly T[], page: PageRequest, key: (row: T) => string): Page<T> {
  const items = rows.slice(0, page.limit);
  const last = items.at(-1);
  return {
    items,
    nextCursor: rows.length > page.limit && last ? Buffer.from(key(last)).toString('base64url') : null,
  };
}
