import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { useWeek } from '#web/roster/week';
import { Text } from '#web/ui/basics';
import { classes } from '#web/ui/classes';
import { Icon, type IconName } from '#web/ui/icons';
import { Loaded } from '#web/ui/states';

const WEEKS = 8;
const DAY_MS = 86_400_000;
const weekdayOf = (ms: number): number => new Date(ms).getUTCDay() || 7;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** What a day can be, with a mark and a word each: the first that holds. */
const KINDS = {
  visit: { icon: 'site', look: 'bg-conforming-bg text-conforming' },
  absent: { icon: 'minor', look: 'bg-minor-bg text-minor' },
  holiday: { icon: 'major', look: 'bg-na-bg text-na' },
  off: { icon: 'na', look: 'bg-sunken text-soft' },
  free: { icon: null, look: '' },
} as const satisfies Readonly<Record<string, { icon: IconName | null; look: string }>>;
type Kind = keyof typeof KINDS;

/** The next weeks of an assessor, day by day; what is planned stands below in words as well. */
export function Calendar({ of }: { of: Schema<'AssessorRow'> }) {
  const week = useWeek('short');
  const now = today();
  const { from, to } = useMemo(() => {
    const begin = Date.parse(`${now}T00:00:00Z`);
    const first = begin - week.days.indexOf(weekdayOf(begin)) * DAY_MS;
    return { from: dayOf(first), to: dayOf(first + (WEEKS * 7 - 1) * DAY_MS) };
  }, [now, week]);
  const calendar = useRead('/api/v1/assessors/{id}/calendar', {
    params: { path: { id: of.id }, query: { from, to } },
  });
  return (
    <Loaded query={calendar} rows={WEEKS}>
      {(view) => (
        <>
          <Weeks view={view} now={now} />
          <Agenda view={view} now={now} />
        </>
      )}
    </Loaded>
  );
}

type View = Schema<'CalendarView'>;

function Weeks({ view, now }: { view: View; now: string }) {
  const { t, intl, day: said } = useI18n();
  const week = useWeek('short');
  const narrow = useWeek('narrow');
  const first = Date.parse(`${view.from}T00:00:00Z`);
  const dates = useMemo(
    () => ({
      plain: new Intl.DateTimeFormat(intl, { day: 'numeric', timeZone: 'UTC' }),
      month: new Intl.DateTimeFormat(intl, { month: 'short', timeZone: 'UTC' }),
    }),
    [intl],
  );
  const kindOf = (day: string, weekday: number): Kind => {
    if (view.visits.some(({ date }) => date === day)) return 'visit';
    if (view.absences.some(({ from, to }) => from <= day && day <= to)) return 'absent';
    if (view.holidays.includes(day)) return 'holiday';
    return view.workingDays.includes(weekday) ? 'free' : 'off';
  };
  return (
    <>
      <table className="w-full table-fixed border-separate border-spacing-0.5">
        <caption className="sr-only">
          {t('roster.calendar.caption', { from: said(view.from), to: said(view.to) })}
        </caption>
        <thead>
          <tr>
            {week.days.map((each) => (
              <th key={each} scope="col" className="p-1 text-center text-xs font-semibold text-soft">
                <span aria-hidden="true" className="sm:hidden">
                  {narrow.name(each)}
                </span>
                <span className="max-sm:sr-only">{week.name(each)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: WEEKS }, (_, row) => (
            <tr key={row}>
              {week.days.map((each, n) => {
                const ms = first + (row * 7 + n) * DAY_MS;
                const day = dayOf(ms);
                const kind = kindOf(day, each);
                const { icon, look } = KINDS[kind];
                const visits = view.visits.filter(({ date }) => date === day);
                const begins = day.endsWith('-01') || (row === 0 && n === 0);
                return (
                  <td
                    key={each}
                    aria-current={day === now ? 'date' : undefined}
                    className={classes(
                      'h-14 rounded-md border p-1 align-top text-sm',
                      look,
                      day === now ? 'border-2 border-brand' : 'border-line',
                    )}
                  >
                    <span className="flex flex-wrap items-center justify-between gap-x-1">
                      <span className={classes(begins && 'font-semibold')}>{dates.plain.format(ms)}</span>
                      {icon && <Icon name={icon} size={14} />}
                    </span>
                    {begins && (
                      <span className="block text-[0.7rem] font-semibold max-sm:-mx-1">
                        {dates.month.format(ms)}
                      </span>
                    )}
                    {kind !== 'free' && <span className="sr-only">{t(`roster.calendar.${kind}`)}</span>}
                    {visits.map(({ visitId, siteName }) => (
                      <span key={visitId} className="hidden truncate text-xs md:block">
                        <Text>{siteName ?? t('roster.calendar.visit')}</Text>
                      </span>
                    ))}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <ul aria-hidden="true" className="mt-2 flex flex-wrap gap-2 text-sm">
        {(['visit', 'absent', 'holiday', 'off'] as const).map((kind) => (
          <li
            key={kind}
            className={classes(
              'flex items-center gap-1 rounded-md border border-line px-2 py-1',
              KINDS[kind].look,
            )}
          >
            <Icon name={KINDS[kind].icon} size={14} />
            {t(`roster.calendar.${kind}`)}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What is on in these weeks, by its day. */
function Agenda({ view, now }: { view: View; now: string }) {
  const { t, day, daysFromNow } = useI18n();
  const entries = useMemo(
    () =>
      [
        ...view.visits.map(({ visitId, date, siteName, city }) => ({
          key: visitId,
          kind: 'visit' as const,
          from: date,
          to: date,
          // Many a name says its town already.
          said: siteName && city && !siteName.includes(city) ? `${siteName}, ${city}` : (siteName ?? ''),
        })),
        ...view.absences.map(({ id, from, to, reason }) => ({
          key: id,
          kind: 'absent' as const,
          from,
          to,
          said: reason,
        })),
        ...view.holidays.map((date) => ({
          key: date,
          kind: 'holiday' as const,
          from: date,
          to: date,
          said: '',
        })),
      ]
        .filter(({ to }) => to >= now)
        .sort((one, other) => (one.from < other.from ? -1 : 1)),
    [view, now],
  );
  if (entries.length === 0) return <p className="mt-3 text-soft">{t('roster.calendar.nothing')}</p>;
  return (
    <ul className="mt-3 divide-y divide-line">
      {entries.map(({ key, kind, from, to, said }) => (
        <li key={key} className="flex flex-wrap gap-x-3 py-1">
          <span className="font-semibold">
            {from === to ? day(from) : t('roster.absence.days', { from: day(from), to: day(to) })}
          </span>
          <span className="min-w-0">
            {t(`roster.calendar.${kind}`)}
            {said && (
              <>
                {': '}
                <Text>{said}</Text>
              </>
            )}{' '}
            <span className="text-sm text-soft">({daysFromNow(from)})</span>
          </span>
        </li>
      ))}
    </ul>
  );
}
