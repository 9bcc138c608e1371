import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { Form, Select, TextField } from '#web/ui/form';
import { Loaded } from '#web/ui/states';

type Kind = Schema<'AssessmentKind'>;
const HANDED_IN: readonly Schema<'AssessmentState'>[] = ['submitted', 'under-review', 'closed'];

const keyOf = ({ checklist, version }: { checklist: string; version: string }): string =>
  `${checklist}/${version}`;

/** What comes next at a site: a follow-up of a baseline that has none, else a look at what was found. */
function nextKind(assessments: readonly Schema<'AssessmentRow'>[]): Kind {
  const baseline = assessments.find(({ kind, state }) => kind === 'baseline' && HANDED_IN.includes(state));
  if (!baseline) return 'baseline';
  return assessments.some(({ baselineId }) => baselineId === baseline.id) ? 'verification' : 'follow-up';
}

/**
 * Begins an assessment of a site, a supplier's own or one by an assessor; what isn't asked is as at the last
 * one. Leads to its checklist below `area`.
 */
export default function Begin({
  siteId,
  area,
  assessments,
  cohortId,
}: {
  siteId: string;
  area: 'supplier' | 'assessor';
  /** Those of the site so far. */
  assessments: readonly Schema<'AssessmentRow'>[];
  /** Of the visit it is for. */
  cohortId?: string | undefined;
}) {
  const { t, compare } = useI18n();
  const [, go] = useLocation();
  const field = area === 'assessor';
  const newestFirst = useMemo(
    () =>
      [...assessments]
        .filter(({ state }) => HANDED_IN.includes(state))
        .sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1)),
    [assessments],
  );
  const like = newestFirst[0];
  const [picked, pick] = useState<string | null>(null);
  const checklists = useRead('/api/v1/checklists');
  // As at the last one; where that edition was withdrawn, what is to be used instead.
  const last = checklists.data?.find((each) => like && keyOf(each) === keyOf(like));
  const before = last?.withdrawn ? last.withdrawn.successor : last;
  const chosen = picked ?? (before ? keyOf(before) : '');
  const [checklist, version] = chosen.split('/') as [string, string | undefined];
  const profiles = useRead('/api/v1/profiles', {}, { enabled: field });
  const cohorts = useRead('/api/v1/cohorts', {}, { enabled: field });
  const content = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    { params: { path: { checklist, version: version ?? '' } } },
    { enabled: !!version },
  );
  const create = useWrite('post', '/api/v1/assessments');
  const scored = [...new Map(profiles.data?.map((each) => [each.profile, each.title])).entries()];
  return (
    <Loaded query={checklists}>
      {(all) => {
        // Of each checklist its newest edition, and the one that was used last.
        const newest = new Map<string, (typeof all)[number]>();
        for (const each of [...all].sort((one, other) => compare(one.version, other.version)))
          if (!each.withdrawn) newest.set(each.checklist, each);
        // One that is withdrawn while it is chosen stays to be seen, and is refused with what to do.
        const offered = all.filter((each) => newest.get(each.checklist) === each || keyOf(each) === chosen);
        return (
          <Form
            submit={t('checklist.begin.submit')}
            onSubmit={async ({ kind, level, profile, cohort, assessedOn }) => {
              const within = cohort ?? cohortId ?? like?.cohortId;
              const { id } = await create
                .mutateAsync({
                  body: {
                    siteId,
                    kind: field ? (kind as Kind) : 'self',
                    checklist,
                    version: version!,
                    level: level!,
                    profile: profile ?? like?.profile ?? 'programme-default',
                    assessedOn: assessedOn ?? today(),
                    ...(within && { cohortId: within }),
                  },
                })
                .catch((refused: unknown) => {
                  // A checklist that was withdrawn meanwhile is then shown as such.
                  void checklists.refetch();
                  throw refused;
                });
              // The page that asked is nothing to come back to.
              go(`/${area}/assessments/${id}`, { replace: field });
            }}
          >
            {field && (
              <>
                <Select
                  label={t('common.kindOfAssessment')}
                  hint={t('checklist.begin.kindHint')}
                  name="kind"
                  defaultValue={nextKind(newestFirst)}
                  options={(['baseline', 'follow-up', 'verification'] as const).map((value) => ({
                    value,
                    label: t(`common.assessmentKind.${value}`),
                  }))}
                />
                <TextField
                  label={t('checklist.begin.day')}
                  name="assessedOn"
                  type="date"
                  defaultValue={today()}
                  required
                />
              </>
            )}
            <Select
              label={t('checklist.begin.checklist')}
              name="checklist"
              required
              value={chosen}
              onChange={pick}
              options={[
                ...(chosen ? [] : [{ value: '', label: t('checklist.begin.choose') }]),
                ...offered.map((each) => ({
                  value: keyOf(each),
                  label: each.withdrawn
                    ? t('checklist.begin.withdrawn', { edition: `${each.title} – ${each.version}` })
                    : `${each.title} – ${each.version}`,
                })),
              ]}
            />
            {content.data && version && (
              <Select
                key={chosen}
                label={t('checklist.begin.level')}
                name="level"
                required
                defaultValue={like?.level ?? content.data.levels[0]!.code}
                options={content.data.levels.map(({ code, title }) => ({ value: code, label: title }))}
              />
            )}
            {field && cohorts.data && cohorts.data.length > 0 && (
              <Select
                label={t('checklist.begin.cohort')}
                name="cohort"
                defaultValue={cohortId ?? like?.cohortId ?? ''}
                options={[
                  { value: '', label: t('checklist.begin.noCohort') },
                  ...cohorts.data.map(({ id, name }) => ({ value: id, label: name })),
                ]}
              />
            )}
            {field && scored.length > 1 && (
              <Select
                label={t('checklist.begin.profile')}
                name="profile"
                defaultValue={like?.profile ?? 'programme-default'}
                options={scored.map(([value, label]) => ({ value, label }))}
              />
            )}
          </Form>
        );
      }}
    </Loaded>
  );
}
