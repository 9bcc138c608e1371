import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Meter, Panel } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { Flow, usePoints } from './figures';

/** Gains over all cohorts of a programme, from its running figures; a site in two cohorts counts in each. */
export function ProgrammeGains({ programme }: { programme: string }) {
  const { t } = useI18n();
  const gains = useRead('/api/v1/programmes/{id}/gains', {
    params: { path: { id: programme }, query: { limit: 1 } },
  });
  const aggregate = gains.data?.aggregate;
  const steps = useMemo(() => {
    if (!aggregate) return [];
    const { nEnrolled, nBaseline, nFollowUp, nPassed } = aggregate;
    return [
      { label: t('agency.enrolled'), n: nEnrolled, of: nEnrolled },
      { label: t('agency.baseline'), n: nBaseline, of: nEnrolled },
      { label: t('agency.followUp'), n: nFollowUp, of: nEnrolled },
      { label: t('agency.passed'), n: nPassed, of: nFollowUp },
    ];
  }, [t, aggregate]);
  return (
    <Loaded query={gains}>
      {({ aggregate: all }) => (
        <>
          <p className="mb-3 max-w-prose text-soft">{t('agency.programmeGains.lead')}</p>
          <div className="grid items-start gap-4 lg:grid-cols-2">
            <Panel>
              <Flow steps={steps} />
            </Panel>
            {all.figures.nMatched === 0 ? (
              <EmptyState title={t('agency.gains.none')}>{t('agency.gains.noneFix')}</EmptyState>
            ) : (
              <Change {...all} />
            )}
          </div>
        </>
      )}
    </Loaded>
  );
}

/** The mean change with what it stands on. */
function Change({ figures, independence }: Schema<'GainAggregate'>) {
  const { t } = useI18n();
  const points = usePoints();
  const { nMatched: n, approximateQuartiles: quartiles, meanNormalisedGain: normalised } = figures;
  return (
    <Panel heading={t('agency.programmeGains.change', { n })}>
      <p className="mb-3">
        {t('agency.programmeGains.means', {
          before: points(figures.meanBaseline),
          after: points(figures.meanFollowUp),
          change: points(figures.meanChangePoints),
        })}
      </p>
      <div className="grid gap-3">
        {(['improved', 'same', 'worse'] as const).map((way) => (
          <Meter key={way} label={t(`agency.programmeGains.${way}`)} value={figures[way]} of={n} />
        ))}
      </div>
      <h3 className="mt-4 mb-2">{t('agency.standsOn.title')}</h3>
      <ul className="grid gap-1 text-soft">
        {quartiles && (
          <li>
            {t('agency.programmeGains.quartiles', {
              median: points(quartiles.median),
              q1: points(quartiles.q1),
              q3: points(quartiles.q3),
            })}
          </li>
        )}
        <li>
          {t('agency.standsOn.measures', {
            points: points(figures.meanChangePoints),
            percent: points(figures.changeOfMeansPercent),
            normalised: points(normalised.value === null ? null : normalised.value * 100),
            n,
          })}
        </li>
        <li>
          {t('agency.standsOn.independence', {
            independent: independence.independent,
            overlapping: independence.overlapping,
            unknown: independence.unknown,
            n,
          })}
        </li>
        {independence.exceptions > 0 && (
          <li>{t('agency.programmeGains.exceptions', { n: independence.exceptions, of: n })}</li>
        )}
      </ul>
    </Panel>
  );
}
