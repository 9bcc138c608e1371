import type { FieldProblem } from '#domain';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { contentRoot } from '../schemas.js';
import type { ImportSummary } from './analyse.js';
import type { StoredImport } from './store.js';

/** An import with all that is needed to carry it out elsewhere, as plain data. */
export interface ImportJob {
  /** Address of the database. */
  readonly database: string;
  /** The mapping file (YAML). */
  readonly mapping: string;
  readonly dataset: string;
  /** Folder the mapping's references start from. */
  readonly mappings: string;
  /** Files as `readRecords` takes them. */
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
  readonly country: string;
  readonly owner: string;
}

/** What is wrong in a file, and where; null: the file, or the line, as a whole. */
export interface RecordFault {
  readonly file: string;
  readonly line: number | null;
  readonly column: string | null;
  readonly code: string;
  readonly message: string;
}

/** What the records or the mapping are refused for, in the words of the API. */
export interface ImportRefusal {
  readonly code: string;
  readonly title: string;
  /** Of the records, with their places; of the mapping, as fields of the request. */
  readonly errors: readonly (RecordFault | FieldProblem)[];
}

export type ImportEnd =
  | { readonly done: { readonly summary: ImportSummary; readonly stored: StoredImport } }
  | { readonly refused: ImportRefusal };

export type ThreadWord = ImportEnd | { readonly step: 'analysing' | 'storing' };

/**
 * Carries an import out in a thread of its own: reading and analysing compute for seconds, and the jobs beside it go
 * on meanwhile. All or nothing, as `storeImport` is: a thread that dies leaves no row.
 * @param onStep told when the next step begins; the import does not wait for it, its end does.
 * @throws Error whatever went wrong that is not the fault of the records
 */
export async function runApart(
  job: ImportJob,
  onStep: (step: string) => Promise<unknown>,
): Promise<ImportEnd> {
  // Built code also when this file runs from its source: a thread has no compiler.
  const thread = new Worker(
    join(contentRoot(), '../dist/libs/application/src/inspections/import-thread.js'),
    { workerData: job, execArgv: [] },
  );
  let end: ImportEnd | undefined;
  let steps: Promise<unknown> = Promise.resolve();
  await new Promise<void>((done, stop) => {
    thread.on('message', (word: ThreadWord) => {
      if ('step' in word) {
        steps = steps.then(() => onStep(word.step));
        steps.catch(() => undefined); // told below
      } else end = word;
    });
    thread.once('error', stop);
    thread.once('exit', () => done());
  });
  await steps;
  if (!end) throw new Error('The thread of the import ended without a word.');
  return end;
}
