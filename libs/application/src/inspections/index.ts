export { analyse, responsesOf } from './analyse.js';
export type * from './analyse.js';
export { checkMapping, loadMapping } from './mapping.js';
export type * from './mapping.js';
export { NO_DAY, readRecords, RecordsError } from './read-records.js';
export type * from './read-records.js';
export type { RecordProblem, Table } from './csv-table.js';
export type { ImportException } from './exceptions.js';
