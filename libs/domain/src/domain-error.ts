/**
 * The one way in which a rule of the domain says no. The code is published (it is part of the API and never
 * changes); `fields` say where the trouble is and how to mend it.
 */
export interface FieldProblem {
  /** Where: a JSON pointer into the input (`/responses/3/answer`) or a name the caller knows. */
  readonly field: string;
  readonly message: string;
  /** How to mend it, in one sentence. */
  readonly fix?: string;
  /** Of several files the one it is in, counted from 0. */
  readonly file?: number;
  /** Line of that file, counted from 1. */
  readonly line?: number;
  /** Column of that line, counted from 1. */
  readonly column?: number;
}

export class DomainError extends Error {
  constructor(
    /** Stable code in kebab case, for example `unknown-requirement`. */
    readonly code: string,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
    /** What kind of trouble it is; the API turns it into a status. */
    readonly kind:
      | 'invalid'
      | 'conflict'
      | 'stale'
      | 'forbidden'
      | 'not-found'
      | 'too-large'
      | 'too-many'
      | 'unavailable' = 'invalid',
  ) {
    super(message);
    this.name = 'DomainError';
  }
}
