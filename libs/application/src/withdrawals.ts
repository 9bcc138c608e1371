import { DomainError } from '#domain';
import type { Queryable } from '#persistence';

/** An edition of a checklist, by name. */
export interface EditionName {
  readonly checklist: string;
  readonly version: string;
  readonly title: string;
}

/** That nobody begins with an edition any more. What was begun with it goes on. */
export interface Withdrawal {
  readonly since: Date;
  readonly reason: string;
  /** What to begin with instead; null where nothing was named that is offered now. */
  readonly successor: EditionName | null;
}

/** What has become of the edition an assessment was begun with. It changes nothing of the assessment. */
export interface EditionNews {
  readonly withdrawn: Withdrawal | null;
  /** A higher version of the same checklist that was published since, and is offered. */
  readonly newer: EditionName | null;
}

/** The withdrawals in force, by the id of the version. */
export async function withdrawals(db: Queryable): Promise<ReadonlyMap<string, Withdrawal>> {
  const rows: {
    id: string;
    since: Date;
    reason: string;
    successorId: string | null;
    successor: EditionName | null;
  }[] = await db.query(
    `SELECT w.checklist_version_id AS id, w.withdrawn_at AS since, w.reason, w.successor_id AS "successorId",
            CASE WHEN s.id IS NOT NULL THEN jsonb_build_object('checklist', s.checklist, 'version', s.version, 'title', s.title) END AS successor
       FROM checklist_withdrawal w LEFT JOIN checklist_version s ON s.id = w.successor_id WHERE w.reinstated_at IS NULL`,
  );
  const byVersion = new Map(rows.map((row) => [row.id, row]));
  return new Map(
    rows.map(({ id, since, reason, ...named }) => {
      // What was named may have been withdrawn since, for another. Nothing is withdrawn for what is withdrawn, so it ends.
      let { successorId, successor } = named;
      for (let next = byVersion.get(successorId ?? ''); next; next = byVersion.get(successorId ?? ''))
        ({ successorId, successor } = next);
      return [id, { since, reason, successor }];
    }),
  );
}

/** @throws DomainError `checklist-withdrawn`, naming what to begin with instead */
export async function mustBeOffered(
  db: Queryable,
  version: { readonly id: string; readonly body: Omit<EditionName, 'title'> },
): Promise<void> {
  const withdrawn = (await withdrawals(db)).get(version.id);
  if (!withdrawn) return;
  const { reason, successor } = withdrawn;
  throw new DomainError(
    'checklist-withdrawn',
    `Version ${version.body.version} of the checklist ${version.body.checklist} is withdrawn: no new assessment begins with it.`,
    [
      {
        field: '/version',
        message: `withdrawn: ${reason}`,
        fix: successor
          ? `Begin with version ${successor.version} of ${successor.checklist}.`
          : 'Choose another checklist, or ask the agency to reinstate it.',
      },
    ],
    'conflict',
  );
}

/** What has become of the edition of an assessment since it was begun. */
export async function editionNews(
  db: Queryable,
  assessment: { readonly id: string; readonly checklistVersionId: string; readonly version: string },
): Promise<EditionNews> {
  const withdrawn = await withdrawals(db);
  const since: (EditionName & { id: string })[] = await db.query(
    `SELECT v.id, v.checklist, v.version, v.title FROM assessment a
       JOIN checklist_version own ON own.id = a.checklist_version_id
       JOIN checklist_version v ON v.checklist = own.checklist AND v.published_at > a.created_at
      WHERE a.id = $1`,
    [assessment.id],
  );
  const [newest] = since
    .filter(({ id, version }) => !withdrawn.has(id) && byVersion(version, assessment.version) > 0)
    .sort((one, other) => byVersion(other.version, one.version));
  return {
    withdrawn: withdrawn.get(assessment.checklistVersionId) ?? null,
    newer: newest ? { checklist: newest.checklist, version: newest.version, title: newest.title } : null,
  };
}

/** Versions are texts, and "10" comes after "9". */
const byVersion = (one: string, other: string): number => one.localeCompare(other, 'en', { numeric: true });
