import { useMemo } from 'react';
import { useI18n } from '#web/i18n';

/** The reader's week: its days, 1 Monday to 7 Sunday, in their order, and their names. */
export function useWeek(style: 'long' | 'short' | 'narrow' = 'long'): {
  readonly days: readonly number[];
  readonly name: (day: number) => string;
} {
  const { intl } = useI18n();
  return useMemo(() => {
    // Browsers call it by the one name or the other.
    const locale = new Intl.Locale(intl) as Intl.Locale & {
      getWeekInfo?: () => { firstDay: number };
      weekInfo?: { firstDay: number };
    };
    const first = (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
    const format = new Intl.DateTimeFormat(intl, { weekday: style, timeZone: 'UTC' });
    return {
      days: [0, 1, 2, 3, 4, 5, 6].map((n) => ((first - 1 + n) % 7) + 1),
      // 1 January 2024 was a Monday.
      name: (day) => format.format(Date.UTC(2024, 0, day)),
    };
  }, [intl, style]);
}
