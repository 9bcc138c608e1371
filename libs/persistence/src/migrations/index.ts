import { CompactRecords1795434000000 } from './1795434000000-compact-records.js';
import { RecordImports1795434010000 } from './1795434010000-record-imports.js';
import { FirstSchema1795433104544 } from './1795433104544-first-schema.js';
import { RulesInTheDatabase1795433200000 } from './1795433200000-rules-in-the-database.js';

/** Every migration, oldest first. A published one is never changed. */
export const migrations = [
  FirstSchema1795433104544,
  RulesInTheDatabase1795433200000,
  CompactRecords1795434000000,
  RecordImports1795434010000,
];
