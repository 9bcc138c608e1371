/** The only source of time outside the domain (which gets dates as arguments). */
export interface Clock {
  now(): Date;
  /** The calendar day, `YYYY-MM-DD`, that it is in a time zone (IANA name). */
  today(timeZone?: string): string;
}

// Making a formatter costs more than everything else here.
const formatters = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant in a time zone. */
export function dayIn(instant: Date, timeZone = 'UTC'): string {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    // Sweden writes its days as ISO 8601 does.
    formatter = new Intl.DateTimeFormat('sv-SE', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formatters.set(timeZone, formatter);
  }
  return formatter.format(instant).padStart(10, '0');
}

export const systemClock: Clock = {
  now: () => new Date(),
  today: (timeZone) => dayIn(new Date(), timeZone),
};

/** A clock that stands still until it is moved; for tests and for replaying. */
export class FixedClock implements Clock {
  private instant: number;

  constructor(at: Date | string) {
    this.instant = new Date(at).getTime();
  }

  now(): Date {
    return new Date(this.instant);
  }

  today(timeZone?: string): string {
    return dayIn(this.now(), timeZone);
  }

  /** Moves the clock on. */
  advance(milliseconds: number): void {
    this.instant += milliseconds;
  }
}
