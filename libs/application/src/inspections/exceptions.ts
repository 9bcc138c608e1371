import type { Table } from './csv-table.js';

/** A row, or part of one, that could not be used or does not agree with the source's own result, and why. */
export interface ImportException {
  readonly inspection_id: string | null;
  readonly code: string;
  readonly reason: string;
  readonly file: string;
  readonly line: number | null;
  readonly column: string | null;
}

/** Takes an exception with the table and row it comes from. */
export type ExceptionSink = (at: {
  readonly table: Table;
  readonly row: number;
  readonly column?: string;
  readonly inspectionId: string | null;
  readonly code: string;
  readonly reason: string;
}) => void;
