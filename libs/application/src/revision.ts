import { DomainError } from '#domain';
import type { EntityManager } from 'typeorm';

/** @throws DomainError `stale-revision` when the caller has read another revision than the current one; null: it does not say. */
export function mustBeCurrent(noun: string, read: number | null, current: number): void {
  if (read === null || read === current) return;
  throw new DomainError(
    'stale-revision',
    `The ${noun} has changed since you read it (you have ${read}, it is at ${current}).`,
    [
      {
        field: 'If-Match',
        message: 'stale',
        fix: 'Read it again, look at what changed, and send your change with the new ETag.',
      },
    ],
    'stale',
  );
}

/**
 * Writes the columns that were given (`undefined`: left as it is) and counts the edit. Table and column names come
 * from the code, never from a request.
 */
export async function applyPatch(
  tx: Pick<EntityManager, 'query'>,
  table: 'organisation' | 'site' | 'programme' | 'cohort' | 'assessor',
  id: string,
  columns: Readonly<Record<string, unknown>>,
): Promise<void> {
  const given = Object.entries(columns).filter(([, value]) => value !== undefined);
  const sets = given.map(([column], index) => `${column} = $${index + 2}`);
  await tx.query(`UPDATE ${table} SET ${[...sets, 'revision = revision + 1'].join(', ')} WHERE id = $1`, [
    id,
    ...given.map(([, value]) => value),
  ]);
}
