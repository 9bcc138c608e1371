/** The day it is where the person is, ISO 8601: `2026-11-30`. */
export const today = (): string => new Date().toLocaleDateString('sv');

/** The day so many days from now, in UTC, ISO 8601; before today where the number is negative. */
export const dayFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
