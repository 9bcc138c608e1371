import { failedJobs, type JobQueue, retryFailedJob } from '#platform';
import { type Actor, forbidden, notFound } from './actor.js';

/** A job that has failed for good, without what it is about: that may be any tenant's. */
export interface FailedJobRow {
  readonly id: string;
  readonly name: string;
  /** What went wrong at the last attempt, without names and addresses of people and folders of the machine. */
  readonly reason: string;
  readonly attempts: number;
  readonly failedAt: Date | null;
}

/** Jobs that failed, for whoever looks after the installation. */
export class JobsService {
  constructor(private readonly queue: JobQueue) {}

  /** The latest hundred that failed for good, newest first. */
  async failed(actor: Actor): Promise<FailedJobRow[]> {
    mustAdminister(actor);
    const jobs = await failedJobs(this.queue);
    return jobs.map(({ id, name, reason, attempts, failedAt }) => ({
      id,
      name,
      reason: withoutFolders(reason),
      attempts,
      failedAt,
    }));
  }

  /** Has a failed job tried again, with all its attempts. @throws DomainError `not-found` when none such has failed. */
  async retry(actor: Actor, id: string): Promise<void> {
    mustAdminister(actor);
    if (!(await retryFailedJob(this.queue, id))) throw notFound('failed job');
  }
}

/**
 * Where the installation keeps its files is nobody's business who reads this in a browser: of a path its last part is left.
 *
 * @example withoutFolders("open '/srv/data/a.csv'") // "open '…/a.csv'"
 */
export const withoutFolders = (reason: string): string =>
  reason.replace(/(?<![^\s'"(=])(?:\/[^\s'"/]+)+\/(?=[^\s'"/])/g, '…/');

function mustAdminister(actor: Actor): void {
  if (!actor.administrator) throw forbidden('This is for whoever looks after the installation.');
}
