import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { useParams } from 'wouter';
import { LOCALES } from '#domain/languages';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, ButtonLink, Meter, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { Icon } from '#web/ui/icons';
import { Checkbox, Select } from '#web/ui/form';
import { saveAs } from '#web/ui/save-as';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { Tabs } from '#web/ui/tabs';
import { Code, TRANSLATION } from './checklists';
import { useMine } from './mine';
import { translationFile } from './translation-file';
import { Withdrawing, Withdrawals } from './withdrawal';
import { wordDiff } from './word-diff';

type Version = Schema<'ChecklistVersion'>;
type Requirement = Schema<'Requirement'>;
type Relation = Schema<'LineageEdge'>['relation'];

/** `/admin/checklists/:checklist/:version`: what an edition asks, what became of it, and in which languages. */
export default function ChecklistPage() {
  const { t } = useI18n();
  const path = useParams<{ checklist: string; version: string }>();
  const checklist = useRead('/api/v1/checklists/{checklist}/{version}', { params: { path } });
  const editions = useRead('/api/v1/checklists');
  const row = editions.data?.find(
    ({ checklist: code, version }) => code === path.checklist && version === path.version,
  );
  return (
    <Loaded
      query={checklist}
      also={[editions]}
      back={{ href: '/admin/checklists', label: t('admin.nav.checklists') }}
    >
      {(edition) => (
        <>
          <PageHeader
            title={`${edition.title} ${edition.version}`}
            lead={edition.description && <Text lang={edition.language}>{edition.description}</Text>}
            back={{ href: '/admin/checklists', label: t('admin.nav.checklists') }}
            actions={row && <Withdrawing row={row} editions={editions.data!} />}
          />
          {row && <Withdrawals row={row} />}
          {edition.attribution && (
            <p className="mb-3 text-sm text-soft">
              <Text>{edition.attribution}</Text>
            </p>
          )}
          <Tabs
            label={edition.title}
            tabs={[
              { id: 'items', title: t('admin.checklists.items'), content: <Items edition={edition} /> },
              { id: 'changes', title: t('admin.diff.title'), content: <Changes edition={edition} /> },
              {
                id: 'translations',
                title: t('admin.checklists.translations'),
                content: <Translations edition={edition} />,
              },
            ]}
          />
        </>
      )}
    </Loaded>
  );
}

function Items({ edition }: { edition: Version }) {
  const { t, compare } = useI18n();
  const words = useCallback(
    ({ code, question, section, criticality }: Requirement) =>
      `${code} ${section} ${question} ${t(`common.status.${criticality}`)}`,
    [t],
  );
  const { field, found } = useSearch(edition.requirements, words);
  const columns = useMemo<readonly Column<Requirement>[]>(() => {
    const section = (code: string) => edition.sections.find((each) => each.code === code)?.title ?? code;
    const level = (code: string) => edition.levels.find((each) => each.code === code)?.title ?? code;
    return [
      { key: 'code', header: t('admin.item.code'), cell: ({ code }) => <Code code={code} /> },
      {
        key: 'question',
        header: t('admin.item.question'),
        cell: ({ question, guidance }) => (
          <>
            <Text lang={edition.language}>{question}</Text>
            {guidance && (
              <span className="block text-sm text-soft">
                <Text lang={edition.language}>{guidance}</Text>
              </span>
            )}
          </>
        ),
      },
      {
        key: 'section',
        header: t('admin.item.section'),
        cell: (row) => <Text lang={edition.language}>{section(row.section)}</Text>,
        sort: (one, other) => compare(one.section, other.section),
      },
      {
        key: 'level',
        header: t('admin.item.level'),
        cell: (row) => <Text lang={edition.language}>{level(row.level)}</Text>,
        sort: (one, other) => compare(one.level, other.level),
      },
      {
        key: 'criticality',
        header: t('admin.item.criticality'),
        cell: ({ criticality, required }) => (
          <>
            <Status kind={criticality} />
            {required && <span className="block text-sm text-soft">{t('admin.item.required')}</span>}
          </>
        ),
        sort: (one, other) => compare(one.criticality, other.criticality),
      },
    ];
  }, [t, compare, edition]);
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('admin.checklists.items')}
        columns={columns}
        rows={found}
        rowKey={({ code }) => code}
      />
    </>
  );
}

const RELATION: Readonly<Record<Relation, StatusKind>> = {
  kept: 'conforming',
  reworded: 'neutral',
  moved: 'neutral',
  split: 'minor',
  merged: 'minor',
  new: 'major',
  dropped: 'na',
};
interface Change {
  readonly key: string;
  readonly relation: Relation;
  readonly comparable: boolean | null;
  readonly from: readonly Requirement[];
  readonly to: readonly Requirement[];
  readonly note?: string | undefined;
}

/** What became of each requirement between this edition and another: by the published crosswalk, else by code and wording. */
function changesBetween(
  before: Version,
  after: Version,
  crosswalk: Schema<'Crosswalk'> | undefined,
): readonly Change[] {
  const of = (version: Version, codes: readonly string[]) =>
    codes.flatMap((code) => version.requirements.find((each) => each.code === code) ?? []);
  if (crosswalk)
    return crosswalk.edges.map(({ relation, from, to, comparable, note }) => ({
      key: `${from.join(' ')}→${to.join(' ')}`,
      relation,
      comparable,
      note,
      from: of(before, from),
      to: of(after, to),
    }));
  const codes = new Set([...before.requirements, ...after.requirements].map(({ code }) => code));
  return [...codes].map((code) => {
    const [from, to] = [of(before, [code]), of(after, [code])];
    const relation: Relation = !from[0]
      ? 'new'
      : !to[0]
        ? 'dropped'
        : from[0].question !== to[0].question
          ? 'reworded'
          : from[0].section !== to[0].section
            ? 'moved'
            : 'kept';
    return { key: code, relation, comparable: null, from, to };
  });
}

function Changes({ edition }: { edition: Version }) {
  const { t } = useI18n();
  const editions = useRead('/api/v1/checklists');
  const others = (editions.data ?? []).filter(
    ({ checklist, version }) => checklist === edition.checklist && version !== edition.version,
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const version = chosen ?? others[0]?.version;
  const other = useRead(
    '/api/v1/checklists/{checklist}/{version}',
    { params: { path: { checklist: edition.checklist, version: version ?? '' } } },
    { enabled: version !== undefined },
  );
  const lineage = useRead('/api/v1/checklists/{checklist}/lineage', {
    params: { path: { checklist: edition.checklist } },
  });
  return (
    <Loaded query={editions}>
      {() =>
        others.length === 0 ? (
          <EmptyState title={t('admin.diff.only')}>{t('admin.diff.onlyFix')}</EmptyState>
        ) : (
          <>
            <div className="mb-3 max-w-xs">
              <Select
                label={t('admin.diff.with')}
                value={version!}
                onChange={setChosen}
                options={others.map(({ version: value, withdrawn }) => ({
                  value,
                  label: withdrawn ? `${value} – ${t('admin.checklists.withdrawn')}` : value,
                }))}
              />
            </div>
            <Loaded query={other} also={[lineage]}>
              {(compared) => {
                const [before, after] = [compared, edition].sort((one, last) =>
                  one.version.localeCompare(last.version, 'en', { numeric: true }),
                ) as [Version, Version];
                const crosswalk = lineage.data?.find(
                  ({ from, to }) =>
                    from.checklist === before.checklist &&
                    from.version === before.version &&
                    to.checklist === after.checklist &&
                    to.version === after.version,
                );
                return (
                  <>
                    {editions.data
                      ?.filter(
                        ({ checklist, version, withdrawn }) =>
                          withdrawn &&
                          checklist === edition.checklist &&
                          [before.version, after.version].includes(version),
                      )
                      .map(({ version }) => (
                        <p key={version} className="mb-2">
                          <Status kind="major">{t('admin.diff.withdrawn', { version })}</Status>
                        </p>
                      ))}
                    <Diff
                      key={before.version + after.version}
                      before={before}
                      after={after}
                      crosswalk={crosswalk}
                    />
                  </>
                );
              }}
            </Loaded>
          </>
        )
      }
    </Loaded>
  );
}

function Diff({
  before,
  after,
  crosswalk,
}: {
  before: Version;
  after: Version;
  crosswalk: Schema<'Crosswalk'> | undefined;
}) {
  const { t } = useI18n();
  const [all, setAll] = useState(false);
  const changes = useMemo(() => changesBetween(before, after, crosswalk), [before, after, crosswalk]);
  const shown = useMemo(
    () => (all ? changes : changes.filter(({ relation }) => relation !== 'kept')),
    [all, changes],
  );
  const columns = useMemo<readonly Column<Change>[]>(
    () => [
      {
        key: 'codes',
        header: t('admin.item.code'),
        cell: ({ from, to }) => {
          const [one, other] = [from, to].map((list) => list.map(({ code }) => code).join(', '));
          if (one === other) return one;
          return (
            <span className="inline-flex flex-wrap items-center gap-1">
              <bdi>{one || '–'}</bdi>
              <Icon name="next" size={14} />
              <bdi>{other || '–'}</bdi>
            </span>
          );
        },
      },
      {
        key: 'relation',
        header: t('admin.diff.relation'),
        cell: ({ relation, comparable }) => (
          <>
            <Status kind={RELATION[relation]}>{t(`admin.relation.${relation}`)}</Status>
            {comparable !== null && (
              <span className="block text-sm text-soft">
                {t(comparable ? 'admin.diff.comparable' : 'admin.diff.notComparable')}
              </span>
            )}
          </>
        ),
        sort: (one, other) => one.relation.localeCompare(other.relation),
      },
      {
        key: 'words',
        header: t('admin.diff.words'),
        cell: ({ from, to, note }) => (
          <span className="block text-start" lang={after.language} dir="auto">
            <Words before={from} after={to} />
            {note && <span className="block text-sm text-soft">{note}</span>}
          </span>
        ),
      },
    ],
    [t, after.language],
  );
  return (
    <>
      <p className="text-soft">
        {crosswalk
          ? t(`admin.diff.crosswalk.${crosswalk.status}`, { from: before.version, to: after.version })
          : t('admin.diff.noCrosswalk', { from: before.version, to: after.version })}
      </p>
      <Checkbox
        label={t('admin.diff.all', {
          n: changes.length - changes.filter((e) => e.relation !== 'kept').length,
        })}
        name="all"
        checked={all}
        onChange={() => setAll(!all)}
      />
      {shown.length === 0 ? (
        <EmptyState title={t('admin.diff.none')} />
      ) : (
        <Table caption={t('admin.diff.title')} columns={columns} rows={shown} rowKey={({ key }) => key} />
      )}
    </>
  );
}

/** One requirement against one: word by word. Several: one after the other. */
function Words({
  before,
  after,
}: {
  before: readonly Requirement[];
  after: readonly Requirement[];
}): ReactNode {
  if (before.length === 1 && after.length === 1)
    return wordDiff(before[0]!.question, after[0]!.question).map(({ kind, words }, n) =>
      kind === 'same' ? (
        <span key={n}>{words} </span>
      ) : kind === 'gone' ? (
        <del key={n} className="bg-critical-bg text-critical">
          {words}{' '}
        </del>
      ) : (
        <ins key={n} className="bg-conforming-bg text-conforming">
          {words}{' '}
        </ins>
      ),
    );
  return (
    <>
      {before.map(({ code, question }) => (
        <del key={`- ${code}`} className="block bg-critical-bg text-critical">
          {question}
        </del>
      ))}
      {after.map(({ code, question }) => (
        <ins key={`+ ${code}`} className="block bg-conforming-bg text-conforming">
          {question}
        </ins>
      ))}
    </>
  );
}

function Translations({ edition }: { edition: Version }) {
  const { t, language, locale } = useI18n();
  const editions = useRead('/api/v1/checklists');
  const translated =
    editions.data?.find(
      ({ checklist, version }) => checklist === edition.checklist && version === edition.version,
    )?.translations ?? [];
  // Those there are, and those that the app speaks.
  const languages = [...new Set([...translated.map(({ language: code }) => code), ...LOCALES])].filter(
    (code) => code !== edition.language,
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const code =
    chosen ??
    (translated.find((each) => each.language === locale) ?? translated[0])?.language ??
    languages[0]!;
  const there = translated.some((each) => each.language === code);
  const translation = useRead(
    '/api/v1/checklists/{checklist}/{version}/translations/{language}',
    { params: { path: { checklist: edition.checklist, version: edition.version, language: code } } },
    { enabled: there },
  );
  return (
    <Loaded query={editions}>
      {() => (
        <>
          <div className="mb-3 max-w-xs">
            <Select
              label={t('shell.language')}
              value={code}
              onChange={setChosen}
              options={languages.map((value) => {
                const status = translated.find((each) => each.language === value)?.status ?? 'missing';
                return { value, label: `${language(value)}: ${t(`admin.translation.${status}`)}` };
              })}
            />
          </div>
          {there ? (
            <Loaded query={translation}>
              {(texts) =>
                // While another is on its way the one before is still shown.
                texts.language === code && (
                  <>
                    <TranslationFile edition={edition} language={code} translation={texts} />
                    <Translation edition={edition} translation={texts} />
                  </>
                )
              }
            </Loaded>
          ) : (
            <EmptyState title={t('admin.translation.noneIn', { language: language(code) })}>
              {t('admin.translation.noneFix')}
              <TranslationFile edition={edition} language={code} />
            </EmptyState>
          )}
        </>
      )}
    </Loaded>
  );
}

/** A translation as a file to be filled in or corrected, and imported again; for whoever may publish. */
function TranslationFile({
  edition,
  language,
  translation,
}: {
  edition: Version;
  language: string;
  translation?: Schema<'ChecklistTranslation'>;
}) {
  const { t } = useI18n();
  const { agency } = useMine();
  if (!agency) return null;
  const save = (): void => {
    const file = new Blob([translationFile(edition, language, translation)], { type: 'application/yaml' });
    saveAs(file, `${edition.checklist}-${edition.version}.${language}.yaml`);
  };
  return (
    <div className="no-print my-3 flex flex-wrap gap-2">
      <Button icon="download" onClick={save}>
        {t(translation ? 'admin.translation.correct' : 'admin.translation.fill')}
      </Button>
      <ButtonLink href="/admin/checklists/import">{t('admin.import.title')}</ButtonLink>
    </div>
  );
}

function Translation({
  edition,
  translation,
}: {
  edition: Version;
  translation: Schema<'ChecklistTranslation'>;
}) {
  const { t, language } = useI18n();
  const { requirements, status } = translation;
  const there = edition.requirements.filter(({ code }) => requirements[code]).length;
  const columns = useMemo<readonly Column<Requirement>[]>(
    () => [
      { key: 'code', header: t('admin.item.code'), cell: ({ code }) => <Code code={code} /> },
      {
        key: 'original',
        header: language(edition.language),
        cell: ({ question }) => <Text lang={edition.language}>{question}</Text>,
      },
      {
        key: 'translated',
        header: language(translation.language),
        cell: ({ code }) =>
          requirements[code] ? (
            <Text lang={translation.language}>{requirements[code].question}</Text>
          ) : (
            <Status kind="unanswered">{t('admin.translation.missing')}</Status>
          ),
      },
      {
        key: 'status',
        header: t('common.state'),
        cell: ({ code }) => {
          const own = requirements[code];
          if (!own) return '–';
          const at = own.status ?? status;
          return <Status kind={TRANSLATION[at]}>{t(`admin.translation.${at}`)}</Status>;
        },
      },
    ],
    [t, language, edition, translation.language, requirements, status],
  );
  return (
    <>
      <div className="mb-3 max-w-md">
        <Meter label={t('admin.translation.translated')} value={there} of={edition.requirements.length} />
      </div>
      <Table
        caption={t('admin.checklists.translations')}
        columns={columns}
        rows={edition.requirements}
        rowKey={({ code }) => code}
      />
    </>
  );
}
