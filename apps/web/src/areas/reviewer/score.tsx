import type { Answer, Schema } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Meter, Panel, Status, Text } from '#web/ui/basics';

type Scores = Answer<'/api/v1/assessments/{id}/score', 'get'>;
type Visible = Schema<'VisibleScore'>;

/** A result that explains itself: points, what the profile asks and whether it holds, sections, and what costs most. */
export function ScorePanel({
  scores,
  checklist,
  lang,
}: {
  scores: Scores;
  checklist: Schema<'ChecklistVersion'>;
  lang: string;
}) {
  const { t, number } = useI18n();
  const found = scores.asFound;
  if (!found)
    return (
      <Panel heading={t('reviewer.score.title')}>
        <p role="status" className="text-soft">
          {t('reviewer.score.computing')}
        </p>
      </Panel>
    );
  const titles = new Map(checklist.sections.map(({ code, title }) => [code, title]));
  const questions = new Map(checklist.requirements.map(({ code, question }) => [code, question]));
  const costly = (found.items ?? []).filter(({ effect }) => effect > 0);
  costly.sort((one, other) => other.effect - one.effect);
  const { counts } = found;
  return (
    <Panel heading={t('reviewer.score.title')}>
      <div className="grid gap-4 sm:grid-cols-2">
        <View title={t('reviewer.score.asFound')} score={found} />
        {scores.afterClosure && <View title={t('reviewer.score.afterClosure')} score={scores.afterClosure} />}
      </div>
      <p className="mt-3">
        {t('reviewer.score.counts', {
          conforming: counts.conforming,
          applicable: counts.applicable,
          na: counts.notApplicable,
          open: counts.notAssessed,
          total: counts.total,
        })}
      </p>
      <p className="text-sm text-soft">
        <bdi dir="ltr">
          {found.profile.profile} {found.profile.version}
        </bdi>
      </p>
      {(found.gates ?? []).length > 0 && (
        <>
          <h3 className="mt-4">{t('reviewer.score.gates')}</h3>
          <ul className="mt-1 grid gap-1">
            {found.gates!.map((result, n) => (
              <li key={n} className="flex flex-wrap items-center gap-2">
                <Status kind={result.holds === null ? 'na' : result.holds ? 'conforming' : 'major'}>
                  {t(
                    result.holds === null
                      ? 'reviewer.score.gateNothing'
                      : result.holds
                        ? 'reviewer.score.gateHolds'
                        : 'reviewer.score.gateFails',
                  )}
                </Status>
                <GateText result={result} titles={titles} />
              </li>
            ))}
          </ul>
        </>
      )}
      {(found.sections ?? []).length > 0 && (
        <details className="mt-4" open>
          <summary className="min-h-8 font-semibold">{t('reviewer.score.sections')}</summary>
          <div className="mt-2 grid gap-3 sm:grid-cols-2">
            {found
              .sections!.filter(({ counts: within }) => within.total > 0)
              .map(({ section, points, counts: within }) => (
                <div key={section} lang={lang}>
                  <Meter
                    label={titles.get(section) ?? section}
                    value={points ?? 0}
                    of={100}
                    words={
                      points === null
                        ? t('reviewer.score.notRated')
                        : t('reviewer.score.sectionWords', {
                            points: number(points, { maximumFractionDigits: 1 }),
                            conforming: within.conforming,
                            applicable: within.applicable,
                          })
                    }
                  />
                </div>
              ))}
          </div>
        </details>
      )}
      {costly.length > 0 && (
        <>
          <h3 className="mt-4">{t('reviewer.score.costly')}</h3>
          <ol className="mt-1 list-decimal ps-6">
            {costly.slice(0, 5).map(({ requirement, effect }) => (
              <li key={requirement}>
                <bdi dir="ltr" className="text-sm text-soft">
                  {requirement}
                </bdi>{' '}
                <Text lang={lang}>{questions.get(requirement) ?? ''}</Text>{' '}
                <b>{t('reviewer.score.effect', { points: number(effect, { maximumFractionDigits: 1 }) })}</b>
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}

function View({ title, score }: { title: string; score: Visible }) {
  const { t, number } = useI18n();
  const { points, passed, grade, openFindings } = score;
  return (
    <div>
      <h3>{title}</h3>
      <p className="text-2xl font-semibold">
        {points === null
          ? t('reviewer.score.notScorable')
          : t('reviewer.score.points', { points: number(points, { maximumFractionDigits: 1 }) })}
      </p>
      <p className="flex flex-wrap items-center gap-2">
        {passed !== null && (
          <Status kind={passed ? 'conforming' : 'critical'}>
            {t(passed ? 'reviewer.score.passed' : 'reviewer.score.failed')}
          </Status>
        )}
        {grade && <Text>{grade}</Text>}
        <span className="text-soft">
          {t('reviewer.score.open', {
            critical: openFindings.critical,
            major: openFindings.major,
            minor: openFindings.minor,
          })}
        </span>
      </p>
    </div>
  );
}

/** What a gate asks, and what there is. */
function GateText({
  result: { gate, actual, needed },
  titles,
}: {
  result: Schema<'GateResult'>;
  titles: ReadonlyMap<string, string>;
}) {
  const { t, number } = useI18n();
  const section = 'section' in gate ? (gate.section ?? '') : '';
  const subject =
    'class' in gate
      ? (gate.class ?? '')
      : 'grade' in gate
        ? t(`reviewer.grade.${gate.grade}`)
        : (titles.get(section) ?? section);
  return (
    <span>
      {t('common.labelled', {
        label: `${t(`reviewer.gate.${gate.gate}`)}${subject && ` ${subject}`}`,
        value: actual === null ? '–' : number(actual, { maximumFractionDigits: 1 }),
      })}
      <span className="text-soft">
        {' '}
        ({t('reviewer.score.asked', { needed: number(needed, { maximumFractionDigits: 1 }) })})
      </span>
    </span>
  );
}
