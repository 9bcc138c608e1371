/** The day it is where the person is, ISO 8601: `2026-11-30`. */
export const today = (): string => new Date().toLocaleDateString('sv');
