/** SQLSTATEs with which triggers and functions of the migrations refuse, for the code to say in words. */
export const ORGANISATION_DISSOLVED = 'UD001';
export const LAST_OWNER = 'UD002';
/** Somebody's part in an assessment, a visit, a certificate or a complaint is not impartial. */
export const NOT_IMPARTIAL = 'UD003';

/** The SQLSTATE of a database's error, if it is one. */
export const sqlStateOf = (error: unknown): string | undefined =>
  (error as { driverError?: { code?: string } }).driverError?.code;
