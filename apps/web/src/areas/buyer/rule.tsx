import { useMemo, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { useLocation, useParams } from 'wouter';
import { type Answer, ApiProblem, call, type Schema } from '#web/api/client';
import { useCategories } from '#web/api/categories';
import { useRead, useWrite } from '#web/api/hooks';
import { LOCALES, serverLocale, useI18n } from '#web/i18n';
import { languageOptions } from '#web/shell/pickers';
import { Link, PageHeader, Panel, Skeleton, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { Checkbox, Form, Select, TextField } from '#web/ui/form';
import { READINESS } from '#web/ui/readiness';
import { ContentLanguage, ProblemBox } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { ForBuyer, useCondition } from './buyer';
import { type Draft, type Fields, useDraft } from './draft';

type Rule = Schema<'BuyerRule'>;
type Preview = Answer<'/api/v1/buyers/{id}/rules/preview', 'post'>;
type Change = Schema<'PreviewChange'>;
type Conditional = NonNullable<Rule['conditional']>['allow'][number];

const NO_LEVELS: readonly Schema<'Level'>[] = [];
const GRADES = ['critical', 'major', 'minor'] as const;
const MAY_FAIL = [
  'points',
  'every-section',
  'section',
  'open-critical',
  'open-major',
  'open-minor',
  'mandatory-items',
  'passed',
  'grade',
] as const satisfies readonly Conditional[];
const AFTER = ['ready', 'conditional', 'not-ready', 'not-assessed', 'unknown'] as const;

/** `/buyer/rules/:rule` (`new`: another one): a rule, and who would be ready under it before it is published. */
export default function RulePage() {
  const { t } = useI18n();
  const { rule } = useParams<{ rule: string }>();
  return (
    <>
      <PageHeader
        title={t(rule === 'new' ? 'buyer.rules.new' : 'buyer.rule.title')}
        lead={t('buyer.rule.lead')}
        back={{ href: '/buyer/rules', label: t('buyer.rules.title') }}
      />
      <ForBuyer>{(buyer) => <Load key={`${buyer} ${rule}`} buyer={buyer} code={rule} />}</ForBuyer>
    </>
  );
}

function Load({ buyer, code }: { buyer: string; code: string }) {
  const { t } = useI18n();
  const rules = useRead('/api/v1/buyers/{id}/rules', { params: { path: { id: buyer } } });
  const checklists = useRead('/api/v1/checklists');
  const profiles = useRead('/api/v1/profiles');
  const { draft, keep, forget } = useDraft(buyer, code);
  const error = rules.error ?? checklists.error ?? profiles.error;
  if (error) return <ProblemBox error={error} />;
  if (!rules.data || !checklists.data || !profiles.data) return <Skeleton />;
  const found = rules.data.find(({ rule }) => rule === code);
  if (!found && code !== 'new') return <p>{t('buyer.rule.gone')}</p>;
  return (
    <Editor
      key={draft ? 'draft' : 'published'}
      buyer={buyer}
      draft={draft}
      keep={keep}
      forget={forget}
      newest={found?.body}
      known={rules.data}
      checklists={checklists.data}
      profiles={profiles.data}
    />
  );
}

function Editor({
  buyer,
  newest,
  known,
  checklists,
  profiles,
  draft,
  keep,
  forget,
}: {
  buyer: string;
  /** What was typed before and isn't published. */
  draft: Draft | null;
  keep: (form: HTMLFormElement, upon: string | null) => void;
  forget: () => void;
  /** The version in force, also when somebody publishes another one meanwhile. */
  newest: Rule | undefined;
  known: readonly Schema<'RuleInForce'>[];
  checklists: readonly Schema<'ChecklistRow'>[];
  profiles: readonly Schema<'ScoringProfile'>[];
}) {
  const { t, moment } = useI18n();
  // What somebody has begun to change stays as they typed it, whatever becomes the newest version.
  const [before] = useState(newest);
  const upon = draft ? draft.upon : (before?.version ?? null);
  const [fields] = useState(() => draft?.fields ?? fieldsOf(before));
  const typed = (name: string): string => fields.find(([each]) => each === name)?.[1] ?? '';
  const ticked = (name: string, value: string): boolean =>
    fields.some(([each, given]) => each === name && given === value);
  const names = useRead('/api/v1/categories', { params: { query: { lang: serverLocale() } } });
  const codes = [...new Set(checklists.map(({ checklist }) => checklist))];
  const [checklist, setChecklist] = useState(typed('checklist') || (codes[0] ?? ''));
  // The newest edition says what can be asked; the list has them in their order.
  const editions = checklists.filter((each) => each.checklist === checklist);
  const edition = editions.filter(({ withdrawn }) => !withdrawn).at(-1) ?? editions.at(-1);
  const content = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    {
      params: {
        path: { checklist, version: edition?.version ?? '' },
        query: { lang: serverLocale() },
      },
    },
    { enabled: !!edition },
  );
  const [level, setLevel] = useState(typed('level'));
  const [preview, setPreview] = useState<{ rule: Rule; result: Preview } | null>(null);
  const levels = content.data?.levels ?? NO_LEVELS;
  const chosenLevel = levels.some(({ code }) => code === level) ? level : (levels[0]?.code ?? '');
  const asked = useMemo(() => {
    const within = new Set<string>();
    const add = (code: string): void => {
      if (within.has(code)) return;
      within.add(code);
      levels.find((each) => each.code === code)?.includes?.forEach(add);
    };
    add(chosenLevel);
    return content.data?.requirements.filter((requirement) => within.has(requirement.level)) ?? [];
  }, [content.data, levels, chosenLevel]);
  const categories = [
    ...(names.data ?? []),
    ...(before?.categories ?? [])
      .filter((code) => code !== '*' && !names.data?.some((each) => each.code === code))
      .map((code) => ({ code, name: code })),
  ];
  const rated = (content.data?.sections ?? []).filter(({ code }) =>
    asked.some(({ section }) => section === code),
  );
  const look = async (_: unknown, data: FormData) => {
    const rule = ruleOf(data, before, known, {
      checklist,
      level: chosenLevel,
      after: newest?.version,
    });
    const result = await call('post', '/api/v1/buyers/{id}/rules/preview', {
      params: { path: { id: buyer } },
      body: rule as never,
    } as never);
    setPreview({ rule, result: result as Preview });
  };
  const number = (name: string, label: string, max: number, step = 1) => (
    <TextField
      label={label}
      name={name}
      type="number"
      inputMode="decimal"
      min={0}
      max={max}
      step={step}
      dir="ltr"
      defaultValue={typed(name)}
    />
  );
  if (!content.data || !names.data) return <Skeleton />;
  return (
    <>
      <ContentLanguage of={content.data.language} />
      <div
        className="grid items-start gap-x-4 lg:grid-cols-2"
        onChange={({ target }) => {
          const { form } = target as HTMLInputElement;
          if (form) keep(form, upon);
        }}
      >
        <Panel heading={t('buyer.rule.asks')}>
          {draft && (
            <div role="status" className="mb-3 flex flex-wrap items-center gap-3 rounded-lg bg-sunken p-3">
              <p className="grow">{t('buyer.rule.draft', { moment: moment(draft.at) })}</p>
              <Confirm
                label={t('buyer.rule.discard')}
                title={t('buyer.rule.discard')}
                question={t('buyer.rule.discardQuestion')}
                confirm={t('buyer.rule.discard')}
                onConfirm={async () => forget()}
              />
            </div>
          )}
          {(newest?.version ?? null) !== upon && (
            <p role="status" className="mb-3 rounded-lg bg-minor-bg p-3 text-minor">
              {t('buyer.rule.meanwhile', { version: newest?.version ?? '' })}
            </p>
          )}
          <Form brief submit={t('buyer.rule.preview')} onSubmit={look}>
            <TextField
              label={t('buyer.rule.name')}
              name="title"
              required
              maxLength={2000}
              defaultValue={typed('title')}
            />
            <details>
              <summary className="min-h-8 font-medium">{t('buyer.rule.otherLanguages')}</summary>
              <div className="mt-2 grid gap-3">
                {languageOptions().map(({ value, label, lang }) => (
                  <TextField
                    key={value}
                    label={label}
                    name={`translations/${value}`}
                    lang={lang}
                    maxLength={2000}
                    defaultValue={typed(`translations/${value}`)}
                  />
                ))}
              </div>
            </details>
            <Select
              label={t('buyer.rule.checklist')}
              name="checklist"
              value={checklist}
              onChange={setChecklist}
              options={codes.map((value) => ({
                value,
                label: checklists.filter((each) => each.checklist === value).at(-1)!.title,
              }))}
            />
            <Select
              label={t('buyer.rule.level')}
              name="level"
              value={chosenLevel}
              onChange={setLevel}
              options={levels.map(({ code, title }) => ({ value: code, label: title }))}
            />
            <Select
              label={t('buyer.rule.profile')}
              name="profile"
              defaultValue={typed('profile')}
              options={[...new Map(profiles.map((each) => [each.profile, each.title]))].map(
                ([value, label]) => ({ value, label }),
              )}
            />
            <fieldset>
              <legend className="font-medium">{t('buyer.rule.categories')}</legend>
              <div className="mt-1 grid gap-x-4 sm:grid-cols-2">
                <Checkbox
                  label={t('buyer.rule.anyCategory')}
                  name="categories"
                  value="*"
                  defaultChecked={ticked('categories', '*')}
                />
                {categories.map(({ code, name }) => (
                  <Checkbox
                    key={code}
                    label={name}
                    name="categories"
                    value={code}
                    defaultChecked={ticked('categories', code)}
                  />
                ))}
              </div>
            </fieldset>
            <div className="grid items-end gap-3 sm:grid-cols-2">
              {number('minPoints', t('buyer.rule.minPoints'), 100, 0.1)}
              {number('minSectionPoints', t('buyer.rule.minSectionPoints'), 100, 0.1)}
              {GRADES.map((grade) => (
                <div key={grade}>{number(`maxOpen/${grade}`, t(`buyer.rule.maxOpen.${grade}`), 1000)}</div>
              ))}
              <TextField
                label={t('buyer.rule.maxAgeDays')}
                name="maxAgeDays"
                type="number"
                inputMode="numeric"
                min={1}
                max={3660}
                dir="ltr"
                required
                defaultValue={typed('maxAgeDays')}
              />
            </div>
            <Checkbox
              label={t('buyer.rule.requirePassed')}
              name="requirePassed"
              value="true"
              defaultChecked={ticked('requirePassed', 'true')}
            />
            <details>
              <summary className="min-h-8 font-medium">{t('buyer.rule.sections')}</summary>
              <div className="mt-2 grid items-end gap-3 sm:grid-cols-2" lang={content.data.language}>
                {rated.map(({ code, title }) => (
                  <div key={code}>{number(`sections/${code}`, title, 100, 0.1)}</div>
                ))}
              </div>
            </details>
            <details>
              <summary className="min-h-8 font-medium">{t('buyer.rule.mandatory')}</summary>
              <div
                className="mt-2 max-h-80 overflow-y-auto"
                tabIndex={0}
                role="group"
                aria-label={t('buyer.rule.mandatory')}
                lang={content.data.language}
              >
                {asked.map(({ code, question }) => (
                  <Checkbox
                    key={`${checklist} ${code}`}
                    label={
                      <>
                        <bdi dir="ltr" className="text-sm text-soft">
                          {code}
                        </bdi>{' '}
                        <Text>{question}</Text>
                      </>
                    }
                    name="mandatoryItems"
                    value={code}
                    defaultChecked={ticked('mandatoryItems', code)}
                  />
                ))}
              </div>
            </details>
            <details open={!!typed('conditional/withinDays')}>
              <summary className="min-h-8 font-medium">{t('buyer.rule.conditional')}</summary>
              <div className="mt-2 grid gap-1">
                <p className="text-sm text-soft">{t('buyer.rule.conditionalHint')}</p>
                {number('conditional/withinDays', t('buyer.rule.withinDays'), 3660)}
                <div className="grid sm:grid-cols-2">
                  {MAY_FAIL.map((value) => (
                    <Checkbox
                      key={value}
                      label={t(`buyer.condition.${value}`)}
                      name="allow"
                      value={value}
                      defaultChecked={ticked('allow', value)}
                    />
                  ))}
                </div>
              </div>
            </details>
          </Form>
        </Panel>
        <div>
          {preview ? (
            <Result
              buyer={buyer}
              rule={preview.rule}
              result={preview.result}
              onPublished={forget}
              onOvertaken={() => setPreview(null)}
            />
          ) : (
            <Panel heading={t('buyer.preview.title')}>
              <p className="text-soft">{t('buyer.preview.none')}</p>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}

/** A code that no rule of the buyer has yet. */
function newCode(known: readonly Schema<'RuleInForce'>[]): string {
  for (let n = 1; ; n += 1) if (!known.some(({ rule }) => rule === `rule-${n}`)) return `rule-${n}`;
}

/** What the form holds of a rule; without one, how a new one begins. */
function fieldsOf(rule: Rule | undefined): Fields {
  if (!rule)
    return [
      ['profile', 'programme-default'],
      ['categories', '*'],
      ['maxAgeDays', '365'],
    ];
  const one = (name: string, value: unknown): Fields => (value === undefined ? [] : [[name, String(value)]]);
  const many = (name: string, values: readonly string[] = []): Fields => values.map((value) => [name, value]);
  const named = (prefix: string, values: object = {}): Fields =>
    Object.entries(values).map(([key, value]) => [`${prefix}/${key}`, String(value)]);
  return [
    ...one('title', rule.title),
    ...Object.entries(rule.translations ?? {}).flatMap(([lang, each]) =>
      one(`translations/${lang}`, each?.title),
    ),
    ...one('checklist', rule.checklist),
    ...one('level', rule.level),
    ...one('profile', rule.profile),
    ...many('categories', rule.categories),
    ...one('minPoints', rule.minPoints),
    ...one('minSectionPoints', rule.minSectionPoints),
    ...named('maxOpen', rule.maxOpen),
    ...one('maxAgeDays', rule.maxAgeDays),
    ...one('requirePassed', rule.requirePassed || undefined),
    ...named('sections', rule.sections),
    ...many('mandatoryItems', rule.mandatoryItems),
    ...one('conditional/withinDays', rule.conditional?.withinDays),
    ...many('allow', rule.conditional?.allow),
  ];
}

/** The rule that the form says, as the version after `after`; what the form doesn't show stays as it was in `before`. */
function ruleOf(
  data: FormData,
  before: Rule | undefined,
  known: readonly Schema<'RuleInForce'>[],
  { checklist, level, after }: { checklist: string; level: string; after: string | undefined },
): Rule {
  const text = (name: string): string => String(data.get(name) ?? '').trim();
  const number = (name: string): number | undefined => (text(name) === '' ? undefined : Number(text(name)));
  const many = (name: string): string[] => data.getAll(name).map(String);
  const some = <T extends object>(of: T): T | undefined => (Object.keys(of).length > 0 ? of : undefined);
  const numbers = (names: readonly (readonly [string, string])[]) =>
    some(
      Object.fromEntries(
        names.flatMap(([key, name]) => (number(name) === undefined ? [] : [[key, number(name)!]])),
      ),
    );
  const sections = [...data.keys()].filter((name) => name.startsWith('sections/'));
  const translations = some(
    Object.fromEntries(
      LOCALES.flatMap((lang) => {
        const old = before?.translations?.[lang];
        const title = data.has(`translations/${lang}`) ? text(`translations/${lang}`) : (old?.title ?? '');
        return title ? [[lang, { ...old, title }]] : [];
      }),
    ),
  );
  const categories = many('categories');
  const withinDays = number('conditional/withinDays');
  const allow = many('allow') as Conditional[];
  const same = before?.checklist === checklist;
  const whole: Record<string, unknown> = {
    format: 'uplift.buyer-rule/1',
    buyer: before?.buyer ?? known[0]?.body.buyer ?? 'buyer',
    rule: before?.rule ?? newCode(known),
    version: String((Number.parseInt(after ?? '0', 10) || 0) + 1),
    title: text('title'),
    description: before?.description,
    translations,
    categories: categories.includes('*') ? ['*'] : categories,
    checklist,
    checklistVersions: same ? before.checklistVersions : undefined,
    level,
    profile: text('profile'),
    minPoints: number('minPoints'),
    minSectionPoints: number('minSectionPoints'),
    sections: numbers(sections.map((name) => [name.slice('sections/'.length), name])),
    maxOpen: numbers(GRADES.map((grade) => [grade, `maxOpen/${grade}`])),
    mandatoryItems: some(many('mandatoryItems')),
    maxAgeDays: number('maxAgeDays'),
    requirePassed: data.has('requirePassed') || undefined,
    kinds: before?.kinds,
    minGrade: before?.profile === text('profile') ? before.minGrade : undefined,
    conditional: withinDays && allow.length > 0 ? { allow, withinDays } : undefined,
  };
  return Object.fromEntries(
    Object.entries(whole).filter(([, value]) => value !== undefined),
  ) as unknown as Rule;
}

/** Who would be ready, who wouldn't any more; and the button that publishes exactly what was looked at. */
function Result({
  buyer,
  rule,
  result,
  onPublished,
  onOvertaken,
}: {
  buyer: string;
  rule: Rule;
  result: Preview;
  onPublished: () => void;
  /** Somebody else has published this version meanwhile: it has to be looked at as the next one. */
  onOvertaken: () => void;
}) {
  const { t, compare } = useI18n();
  const [, go] = useLocation();
  const queries = useQueryClient();
  const publish = useWrite('post', '/api/v1/buyers/{id}/rules');
  const { nameOf } = useCategories();
  const said = useCondition();
  const total = AFTER.reduce((sum, status) => sum + result.after[status], 0);
  const columns = useMemo<readonly Column<Change>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteId, site, category }) => (
          <>
            <Link href={`/buyer/sites/${siteId}`}>
              <Text>{site}</Text>
            </Link>
            <span className="block font-normal text-soft">{nameOf(category)}</span>
          </>
        ),
        sort: (one, other) => compare(one.site, other.site),
      },
      {
        key: 'before',
        header: t('buyer.preview.before'),
        cell: ({ before }) =>
          before ? <Status kind={READINESS[before]}>{t(`buyer.readiness.${before}`)}</Status> : '–',
      },
      {
        key: 'after',
        header: t('buyer.preview.after'),
        cell: ({ after, failing }) => (
          <>
            <Status kind={after === 'unknown' ? 'unanswered' : READINESS[after]}>
              {t(`buyer.readiness.${after}`)}
            </Status>
            {failing.map((condition) => (
              <span key={`${condition.code} ${condition.subject}`} className="block text-sm text-soft">
                {said(condition)}
              </span>
            ))}
          </>
        ),
        sort: (one, other) => compare(one.after, other.after),
      },
    ],
    [t, compare, nameOf, said],
  );
  return (
    <Panel heading={t('buyer.preview.title')}>
      <p role="status" className="mb-3">
        {t('buyer.preview.summary', { ready: result.after.ready, total, before: result.before.ready })}
      </p>
      <ul className="mb-3 flex flex-wrap gap-3">
        {AFTER.filter((status) => result.after[status] > 0).map((status) => (
          <li key={status} className="flex items-center gap-2">
            <Status kind={status === 'unknown' ? 'unanswered' : READINESS[status]}>
              {t(`buyer.readiness.${status}`)}
            </Status>
            {t('common.countOf', { n: result.after[status], of: total })}
          </li>
        ))}
      </ul>
      {result.after.unknown > 0 && <p className="mb-3 text-soft">{t('buyer.preview.unknown')}</p>}
      <Confirm
        label={t('buyer.rule.publish')}
        title={t('buyer.rule.publish')}
        question={t('buyer.rule.publishQuestion', { version: rule.version })}
        confirm={t('buyer.rule.publish')}
        onConfirm={() =>
          publish.mutateAsync({ params: { path: { id: buyer } }, body: rule as never }).then(
            () => {
              onPublished();
              toast(t('buyer.rule.published'));
              go('/buyer');
            },
            async (error: unknown) => {
              if (!(error instanceof ApiProblem && error.problem.code === 'version-published')) throw error;
              await queries.invalidateQueries();
              onOvertaken();
              // What that means stands above the form: on a phone far from the button.
              scrollTo({ top: 0 });
            },
          )
        }
      />
      <h3 className="mt-4 mb-2">{t('buyer.preview.changes', { n: result.changes.length, of: total })}</h3>
      {result.changes.length > 0 && (
        <Table
          caption={t('buyer.preview.title')}
          columns={columns}
          rows={result.changes}
          rowKey={({ siteId, category }) => `${siteId} ${category}`}
          sortedBy="after"
        />
      )}
    </Panel>
  );
}
