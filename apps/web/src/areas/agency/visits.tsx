import { useMemo } from 'react';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel } from '#web/ui/basics';
import { Chart } from '#web/ui/chart';
import { RadioGroup } from '#web/ui/form';
import { useInAddress } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { token } from '#web/ui/tokens';
import { useAxes } from './figures';
import { type Visit, VisitTable } from './visit-table';

/** `/agency/visits`: the plan of the months to come, what has no day and why, and what has been. */
export default function VisitsPage() {
  const { t } = useI18n();
  const visits = useAll('/api/v1/visits');
  return (
    <>
      <PageHeader title={t('agency.nav.visits')} lead={t('agency.visit.lead')} />
      <Loaded
        query={visits}
        empty={<EmptyState title={t('agency.visit.none')}>{t('agency.visit.noneFix')}</EmptyState>}
      >
        {(all) => <Visits all={all} />}
      </Loaded>
    </>
  );
}

/** A cohort's or everybody's visits: how many in which month, then one by one. */
export function Visits({ all }: { all: readonly Visit[] }) {
  const { t } = useI18n();
  const unplanned = useMemo(() => all.filter(({ state }) => state === 'unplanned'), [all]);
  const planned = useMemo(() => all.filter(({ state }) => state === 'planned'), [all]);
  const past = useMemo(() => all.filter(({ state }) => state !== 'planned' && state !== 'unplanned'), [all]);
  const [kept, setShow] = useInAddress('show');
  const show = kept === 'past' ? 'past' : 'planned';
  return (
    <>
      {unplanned.length > 0 && (
        <Panel heading={t('agency.visit.unplannedOf', { n: unplanned.length, of: all.length })}>
          <VisitTable visits={unplanned} find="unplanned" />
        </Panel>
      )}
      {planned.length > 0 && <Months visits={planned} />}
      <div className="mb-3">
        <RadioGroup
          label={t('agency.visit.show')}
          name="show"
          value={show}
          onChange={setShow}
          options={[
            { value: 'planned', label: t('agency.visit.coming', { n: planned.length }) },
            { value: 'past', label: t('agency.visit.past', { n: past.length }) },
          ]}
        />
      </div>
      <VisitTable visits={show === 'planned' ? planned : past} find="visit" />
    </>
  );
}

/** How many visits each month has. */
function Months({ visits }: { visits: readonly Visit[] }) {
  const { t, intl, number } = useI18n();
  const axes = useAxes();
  const months = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { plannedOn, due } of visits) {
      const month = (plannedOn ?? due).slice(0, 7);
      counts.set(month, (counts.get(month) ?? 0) + 1);
    }
    const name = new Intl.DateTimeFormat(intl, { month: 'short', year: '2-digit', timeZone: 'UTC' });
    return [...counts]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([month, n]) => ({ month: name.format(new Date(`${month}-01T00:00:00Z`)), n }));
  }, [visits, intl]);
  const option = useMemo(() => {
    const { xAxis, yAxis } = axes.standing(months.map(({ month }) => month));
    return {
      grid: axes.grid,
      xAxis,
      yAxis: { ...yAxis, minInterval: 1 },
      series: [
        {
          type: 'bar',
          barMaxWidth: 40,
          itemStyle: { color: token('brand') },
          data: months.map(({ n }) => n),
        },
      ],
    };
  }, [axes, months]);
  return (
    <Chart
      title={t('agency.visit.months')}
      summary={t('agency.visit.monthsSummary', { n: visits.length })}
      option={option}
      height={200}
      rows={months}
      rowKey={({ month }) => month}
      columns={[
        { key: 'month', header: t('agency.visit.month'), cell: ({ month }) => month },
        { key: 'n', header: t('agency.nav.visits'), numeric: true, cell: ({ n }) => number(n) },
      ]}
    />
  );
}
