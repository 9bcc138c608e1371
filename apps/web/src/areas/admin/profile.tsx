import { useMemo, useState } from 'react';
import { useParams } from 'wouter';
import { type CompiledScoring, compileScoring, type Score } from '#domain/scoring';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Meter, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Select } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { Code } from './checklists';
import { PROVENANCE } from './profiles';

type Profile = Schema<'ScoringProfile'>;
type Requirement = CompiledScoring['requirements'][number];
type Example = { readonly score: Score } | { readonly refusal: string };
const UNANSWERED = '';

/** `/admin/profiles/:profile/:version`: a profile's rules, tried on an example as one answers it. */
export default function ProfilePage() {
  const { t, locale } = useI18n();
  const { profile: code, version } = useParams<{ profile: string; version: string }>();
  const profiles = useRead('/api/v1/profiles');
  const back = { href: '/admin/profiles', label: t('admin.nav.profiles') };
  return (
    <Loaded query={profiles} back={back}>
      {(all) => {
        const profile = all.find((each) => each.profile === code && each.version === version);
        if (!profile)
          return (
            <>
              <PageHeader title={back.label} back={back} />
              <EmptyState title={t('common.problem.not-found')}>
                {t('common.problem.not-found.fix')}
              </EmptyState>
            </>
          );
        const { provenance, description, title, translations, unverified } = profile;
        const said = translations?.[locale];
        return (
          <>
            <PageHeader
              title={said?.title ?? title}
              lead={<Text>{said?.description ?? description ?? ''}</Text>}
              back={back}
            />
            <p className="mb-3 flex flex-wrap items-center gap-2">
              <Status kind={PROVENANCE[provenance.status]}>
                {t(`admin.provenance.${provenance.status}`)}
              </Status>
              <Text>{provenance.source}</Text>
            </p>
            {(unverified?.length ?? 0) > 0 && (
              <Panel heading={t('admin.profiles.unverified', { n: unverified!.length })}>
                <ul dir="ltr" className="list-disc ps-5 text-start">
                  {unverified!.map((pointer) => (
                    <li key={pointer}>
                      <code>{pointer}</code>
                    </li>
                  ))}
                </ul>
              </Panel>
            )}
            <Trial profile={profile} />
          </>
        );
      }}
    </Loaded>
  );
}

/** Chooses what the profile is tried on. */
function Trial({ profile }: { profile: Profile }) {
  const { t } = useI18n();
  const checklists = useRead('/api/v1/checklists');
  const [chosen, setChosen] = useState<string | null>(null);
  const rows = checklists.data ?? [];
  const keyOf = ({ checklist, version }: { checklist: string; version: string }) => `${checklist}/${version}`;
  const picked = rows.find((row) => keyOf(row) === chosen) ?? rows[0];
  const edition = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    { params: { path: { checklist: picked?.checklist ?? '', version: picked?.version ?? '' } } },
    { enabled: picked !== undefined },
  );
  return (
    <>
      <h2 className="mt-4 mb-2">{t('admin.trial.title')}</h2>
      <p className="mb-3 text-soft">{t('admin.trial.lead')}</p>
      {picked && (
        <div className="mb-3 max-w-md">
          <Select
            label={t('admin.checklists.title')}
            value={keyOf(picked)}
            onChange={setChosen}
            options={rows.map((row) => ({ value: keyOf(row), label: `${row.title} ${row.version}` }))}
          />
        </div>
      )}
      {picked && (
        <Loaded query={edition}>
          {(checklist) => <Answers key={keyOf(checklist)} profile={profile} checklist={checklist} />}
        </Loaded>
      )}
    </>
  );
}

function Answers({ profile, checklist }: { profile: Profile; checklist: Schema<'ChecklistVersion'> }) {
  const { t, number } = useI18n();
  const [level, setLevel] = useState(checklist.levels[0]!.code);
  const first = profile.answers.find(({ conformity }) => conformity === 'conforming') ?? profile.answers[0]!;
  const [answers, setAnswers] = useState<Readonly<Record<string, string>>>(() =>
    Object.fromEntries(checklist.requirements.map(({ code }) => [code, first.code])),
  );
  const compiled = useMemo(() => {
    try {
      return compileScoring(checklist, level, profile);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }, [checklist, level, profile]);
  const example = useMemo<Example>(() => {
    if (typeof compiled === 'string') return { refusal: compiled };
    const responses = compiled.requirements.flatMap(({ code }) =>
      answers[code] ? [{ requirement: code, answer: answers[code] }] : [],
    );
    return { score: compiled.score(responses) };
  }, [compiled, answers]);
  const options = useMemo(
    () => [
      { value: UNANSWERED, label: t('common.status.unanswered') },
      // The profile's own words, which come in English as its rules do.
      ...profile.answers.map(({ code, title }) => ({ value: code, label: title, lang: 'en' })),
    ],
    [t, profile],
  );
  const requirements = typeof compiled === 'string' ? [] : compiled.requirements;
  const columns = useMemo<readonly Column<Requirement>[]>(
    () => [
      { key: 'code', header: t('admin.item.code'), cell: ({ code }) => <Code code={code} /> },
      {
        key: 'question',
        header: t('admin.item.question'),
        cell: ({ question, criticality }) => (
          <>
            <span className="mb-1 block lg:min-w-40">
              <Text lang={checklist.language}>{question}</Text>
            </span>
            <Status kind={criticality} />
          </>
        ),
      },
      {
        key: 'answer',
        header: t('admin.trial.answer'),
        cell: ({ code }) => (
          <Select
            className="min-w-36"
            label={t('admin.trial.answerTo', { code })}
            hideLabel
            value={answers[code] ?? UNANSWERED}
            onChange={(value) => setAnswers((before) => ({ ...before, [code]: value }))}
            options={options}
          />
        ),
      },
      {
        key: 'effect',
        header: t('admin.trial.effect'),
        numeric: true,
        cell: ({ code }) => {
          const effect =
            'score' in example ? example.score.items.find((item) => item.requirement === code)?.effect : 0;
          return effect ? `+${number(effect, { maximumFractionDigits: 1 })}` : '–';
        },
      },
    ],
    [t, number, answers, options, checklist.language, example],
  );
  return (
    <div className="grid items-start gap-4 xl:grid-cols-[1fr_16rem]">
      <div className="min-w-0 max-xl:order-2">
        <div className="mb-3 grid gap-3 sm:grid-cols-2">
          <Select
            label={t('admin.item.level')}
            value={level}
            onChange={setLevel}
            options={checklist.levels.map(({ code, title }) => ({ value: code, label: title }))}
          />
          <Select
            label={t('admin.trial.all')}
            value="?"
            onChange={(value) =>
              value !== '?' &&
              setAnswers(Object.fromEntries(checklist.requirements.map(({ code }) => [code, value])))
            }
            options={[{ value: '?', label: t('admin.trial.choose') }, ...options]}
          />
        </div>
        <Table
          caption={t('admin.checklists.items')}
          columns={columns}
          rows={requirements}
          rowKey={({ code }) => code}
        />
      </div>
      <div className="max-xl:order-1 xl:sticky xl:top-20">
        <Outcome example={example} />
      </div>
    </div>
  );
}

/** What the example comes to, and why. */
function Outcome({ example }: { example: Example }) {
  const { t, number } = useI18n();
  if ('refusal' in example)
    return (
      <EmptyState icon="critical" title={t('admin.trial.refused')}>
        <span lang="en">{example.refusal}</span>
      </EmptyState>
    );
  const { score } = example;
  const points = (value: number) => number(value, { maximumFractionDigits: 1 });
  const findings = (['critical', 'major', 'minor'] as const).filter((grade) => score.findings[grade] > 0);
  return (
    <Panel heading={t('admin.trial.outcome')}>
      <div role="status" className="grid gap-3">
        <p className="text-2xl font-semibold">
          {score.points === null
            ? t('admin.trial.notScorable')
            : t('admin.trial.points', { points: points(score.points) })}
        </p>
        <p className="flex flex-wrap gap-2">
          {score.passed !== null && (
            <Status kind={score.passed ? 'conforming' : 'critical'}>
              {t(score.passed ? 'admin.trial.passed' : 'admin.trial.failed')}
            </Status>
          )}
          {score.passed === null && <Status kind="unanswered">{t('admin.trial.neither')}</Status>}
          {score.grade !== null && <Status kind="neutral">{score.grade}</Status>}
        </p>
      </div>
      <div className="mt-3 grid gap-2">
        <Meter
          label={t('common.status.conforming')}
          value={score.counts.conforming}
          of={score.counts.applicable}
        />
        <p className="text-sm text-soft">
          {t('admin.trial.counts', {
            unanswered: score.counts.notAssessed,
            na: score.counts.notApplicable,
            n: score.counts.total,
          })}
        </p>
        {findings.length > 0 && (
          <p className="flex flex-wrap gap-2">
            {findings.map((grade) => (
              <Status key={grade} kind={grade}>
                {t('common.labelled', {
                  label: t(`common.status.${grade}`),
                  value: number(score.findings[grade]),
                })}
              </Status>
            ))}
          </p>
        )}
      </div>
      {score.gates.length > 0 && (
        <>
          <h3 className="mt-4 mb-1">{t('admin.profiles.gates')}</h3>
          <ul className="grid gap-1">
            {score.gates.map((gate, n) => (
              <li key={n} className="flex flex-wrap items-center gap-2">
                <Status kind={gate.holds === null ? 'unanswered' : gate.holds ? 'conforming' : 'critical'}>
                  {t(
                    gate.holds === null
                      ? 'admin.trial.open'
                      : gate.holds
                        ? 'admin.trial.holds'
                        : 'admin.trial.fails',
                  )}
                </Status>
                <span>
                  {gate.actual === null
                    ? t(`admin.gate.${gate.gate.gate}`)
                    : t('common.labelled', {
                        label: t(`admin.gate.${gate.gate.gate}`),
                        value: t('admin.trial.against', {
                          actual: points(gate.actual),
                          needed: points(gate.needed),
                        }),
                      })}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
