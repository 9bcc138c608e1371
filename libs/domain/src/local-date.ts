import { DomainError } from './domain-error.js';

/**
 * A calendar day in the Gregorian calendar, written `YYYY-MM-DD` (ISO 8601), years 0001 to 9999. It has no time and
 * no time zone: an assessment held on 2026-03-29 was held on that day wherever the reader is. Days written this way
 * sort as text.
 */
export type LocalDate = string;

const DAY_MS = 86_400_000;
const SHAPE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** Days since 1970-01-01; NaN when the text is no day. `Date.UTC` is only used as a calendar: no zone, no clock. */
function dayNumber(text: string): number {
  const match = typeof text === 'string' ? SHAPE.exec(text) : null;
  if (!match) return Number.NaN;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  return utcDay(year, month, day);
}

function utcDay(year: number, month: number, day: number): number {
  // Date.UTC reads years 0..99 as 1900..1999: shift by one whole Gregorian cycle (400 years, 146 097 days).
  return Date.UTC(year + 400, month - 1, day) / DAY_MS - 146_097;
}

function fromDayNumber(days: number): LocalDate {
  const date = new Date((days + 146_097) * DAY_MS);
  const year = date.getUTCFullYear() - 400;
  if (!(year >= 1 && year <= 9999)) {
    throw new DomainError('impossible-date', 'The day lies outside the years 0001 to 9999.');
  }
  return write(year, date.getUTCMonth() + 1, date.getUTCDate());
}

function write(year: number, month: number, day: number): LocalDate {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

function need(date: LocalDate, field = 'date'): number {
  const days = dayNumber(date);
  if (Number.isNaN(days)) {
    throw new DomainError('impossible-date', `"${date}" is not a day of the calendar.`, [
      {
        field,
        message: `"${date}" is not a day`,
        fix: 'Write the day as YYYY-MM-DD, for example 2026-03-31.',
      },
    ]);
  }
  return days;
}

function needWhole(count: number, unit: string): void {
  if (!Number.isSafeInteger(count)) {
    throw new DomainError('impossible-date', `The number of ${unit} must be a whole number.`);
  }
}

/** Days in a month (28 to 31) of the Gregorian calendar; month 1 to 12. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * Reads a day. Only the exact shape `YYYY-MM-DD` is a day; 2026-02-30 is not. `field` is what the refusal points to.
 * @throws DomainError `impossible-date`
 */
export function parseLocalDate(text: string, field?: string): LocalDate {
  need(text, field);
  return text;
}

/** Whether the text is a day `YYYY-MM-DD` that exists. Never throws. */
export function isLocalDate(text: unknown): text is LocalDate {
  return typeof text === 'string' && !Number.isNaN(dayNumber(text));
}

/**
 * The day `days` days later (earlier when negative; whole days).
 * @throws DomainError `impossible-date`
 */
export function addDays(date: LocalDate, days: number): LocalDate {
  needWhole(days, 'days');
  return fromDayNumber(need(date) + days);
}

/**
 * The same day of the month `months` calendar months later (earlier when negative), or the last day of that month
 * when it is shorter: 2026-01-31 + 1 month = 2026-02-28.
 * @throws DomainError `impossible-date`
 */
export function addMonths(date: LocalDate, months: number): LocalDate {
  needWhole(months, 'months');
  need(date);
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const index = year * 12 + (month - 1) + months;
  const newYear = Math.floor(index / 12);
  const newMonth = index - newYear * 12 + 1;
  if (!(newYear >= 1 && newYear <= 9999)) {
    throw new DomainError('impossible-date', 'The day lies outside the years 0001 to 9999.');
  }
  return write(newYear, newMonth, Math.min(day, daysInMonth(newYear, newMonth)));
}

/**
 * Whole days from `from` to `to`: 0 for the same day, negative when `to` is earlier.
 * @throws DomainError `impossible-date`
 */
export function daysBetween(from: LocalDate, to: LocalDate): number {
  return need(to) - need(from);
}

/**
 * Day of the week after ISO 8601: 1 = Monday to 7 = Sunday.
 * @throws DomainError `impossible-date`
 */
export function weekday(date: LocalDate): number {
  // 1970-01-01 was a Thursday (4).
  return ((((need(date) + 3) % 7) + 7) % 7) + 1;
}

/**
 * Whether `a` is an earlier day than `b`.
 * @throws DomainError `impossible-date`
 */
export function isBefore(a: LocalDate, b: LocalDate): boolean {
  return need(a) < need(b);
}
