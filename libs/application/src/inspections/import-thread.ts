import { DomainError } from '#domain';
import { parentPort, workerData } from 'node:worker_threads';
import type { ImportJob, ThreadWord } from './run-apart.js';
import { analyse } from './analyse.js';
import { parseMapping } from './mapping.js';
import { readRecords, RecordsError } from './read-records.js';
import { storeImport } from './store.js';

/** The thread of `runApart`: it reads, analyses and stores one import and tells how far it is. */
const say = (word: ThreadWord): void => parentPort!.postMessage(word);
const { database, mapping: text, dataset, mappings, files, country, owner } = workerData as ImportJob;
try {
  const mapping = parseMapping(text, dataset, mappings);
  const bytes = new Map(
    files.map(({ name, content }) => [
      name,
      Buffer.from(content.buffer, content.byteOffset, content.byteLength),
    ]),
  );
  const records = readRecords(mapping, bytes);
  say({ step: 'analysing' });
  const result = analyse(records, mapping);
  say({ step: 'storing' });
  const stored = await storeImport(database, result, mapping, {
    role: 'uplift_importer',
    country,
    owner,
  });
  say({ done: { summary: result.summary, stored } });
} catch (error) {
  // Errors lose their class between threads; what a caller is told is plain data.
  if (!(error instanceof DomainError)) throw error;
  const errors =
    error instanceof RecordsError
      ? error.problems.map(({ file, line, column, code, reason }) => ({
          file,
          line,
          column,
          code,
          message: reason,
        }))
      : [...error.fields];
  say({ refused: { code: error.code, title: error.message, errors } });
}
