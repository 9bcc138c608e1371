import fc from 'fast-check';
import {
  addDays,
  addMonths,
  daysBetween,
  daysInMonth,
  isBefore,
  isLocalDate,
  parseLocalDate,
  weekday,
} from './local-date.js';

describe('local dates', () => {
  it.each(['2026-01-01', '2024-02-29', '2000-02-29', '0001-01-01', '9999-12-31', '0099-12-31'])(
    'reads %s',
    (text) => {
      expect(parseLocalDate(text)).toBe(text);
    },
  );

  it.each([
    '2026-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-1-1',
    '0000-01-01',
    '2026-01-01T00:00:00Z',
    ' 2026-01-01',
    '',
    '20260101',
    '２０２６-01-01',
  ])('refuses %j', (text) => {
    expect(() => parseLocalDate(text)).toThrow(expect.objectContaining({ code: 'impossible-date' }));
    expect(isLocalDate(text)).toBe(false);
  });

  it.each([
    ['2026-01-31', 1, '2026-02-28'],
    ['2024-01-31', 1, '2024-02-29'],
    ['2024-02-29', 12, '2025-02-28'],
    ['2026-12-15', 1, '2027-01-15'],
    ['2026-01-15', -1, '2025-12-15'],
    ['2026-01-15', -24, '2024-01-15'],
    ['2026-03-31', 0, '2026-03-31'],
  ])('%s + %i months = %s', (date, months, expected) => expect(addMonths(date, months)).toBe(expected));

  it.each([
    ['2026-02-28', 1, '2026-03-01'],
    ['2024-02-28', 1, '2024-02-29'],
    ['2026-01-01', -1, '2025-12-31'],
    ['0099-12-31', 1, '0100-01-01'],
  ])('%s + %i days = %s', (date, days, expected) => expect(addDays(date, days)).toBe(expected));

  it.each([
    ['1970-01-01', 4],
    ['2026-03-29', 7],
    ['2024-02-29', 4],
    ['1969-12-28', 7],
    ['2000-01-01', 6],
  ])('%s is weekday %i', (date, expected) => expect(weekday(date)).toBe(expected));

  it('refuses half days, half months and days outside the calendar', () => {
    for (const act of [
      () => addDays('2026-01-01', 0.5),
      () => addMonths('2026-01-01', 0.5),
      () => addDays('9999-12-31', 1),
      () => addMonths('0001-01-01', -1),
      () => addDays('2026-01-01', 1e15),
      () => isBefore('2026-02-30', '2026-01-01'),
    ]) {
      expect(act).toThrow(expect.objectContaining({ code: 'impossible-date' }));
    }
  });

  const days = fc.integer({ min: -700_000, max: 2_900_000 }).map((n) => addDays('1970-01-01', n));

  it('adding and counting days are inverse, and order is the order of the text', () => {
    fc.assert(
      fc.property(days, days, (a, b) => {
        expect(addDays(a, daysBetween(a, b))).toBe(b);
        expect(isBefore(a, b)).toBe(a < b);
        expect(weekday(addDays(a, 1))).toBe((weekday(a) % 7) + 1);
      }),
    );
  });

  it('adding months keeps the day or clamps to the end of the month', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40_000 }).map((n) => addDays('1970-01-01', n)),
        fc.integer({ min: -600, max: 600 }),
        (a, n) => {
          const b = addMonths(a, n);
          const [year, month, day] = b.split('-').map(Number) as [number, number, number];
          expect(day).toBe(Math.min(Number(a.slice(8)), daysInMonth(year, month)));
          expect((year - Number(a.slice(0, 4))) * 12 + month - Number(a.slice(5, 7))).toBe(n);
        },
      ),
    );
  });
});
