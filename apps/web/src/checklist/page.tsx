import { useEffect, useMemo, useRef, useState } from 'react';
import { useLocation, useParams, useSearch } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { nextOpen, progressOf } from '#web/device/answers';
import { sendNow } from '#web/device/send';
import { useI18n } from '#web/i18n';
import type { Pack } from '#web/device/store';
import { Button, ButtonLink, Meter, PageHeader, Skeleton, Status, Text } from '#web/ui/basics';
import { classes } from '#web/ui/classes';
import { Select } from '#web/ui/form';
import { Icon } from '#web/ui/icons';
import { ContentLanguage, EmptyState, ProblemBox } from '#web/ui/states';
import { fixOf, ItemCard } from './item';
import { changedSince, type Checklist, type Item, remarksOf, useChecklist, useScore, textsIn } from './model';
import { SyncLine } from './status';
import { SaveUnsent, VoidNote } from './unsent';

const NO_FILES: readonly never[] = [];
const FILTERS = ['all', 'questioned', 'open', 'no', 'na', 'conflict'] as const;
type Filter = (typeof FILTERS)[number];
const PASSES: Readonly<Record<Exclude<Filter, 'questioned'>, (item: Item) => boolean>> = {
  all: () => true,
  open: ({ standing }) => standing === 'unanswered' || standing === 'conflict',
  no: ({ standing }) => standing === 'nonconforming' || standing === 'partly',
  na: ({ standing }) => standing === 'not-applicable',
  conflict: ({ standing, own, note }) =>
    standing === 'conflict' || own.refused.length + note.refused.length > 0,
};

/** `/assessor/assessments/:id`, `/supplier/assessments/:id`: the checklist of an assessment, the same with and without a connection. */
export default function ChecklistPage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const { checklist, error, cleared, retry } = useChecklist(id);
  if (checklist) return <Open checklist={checklist} />;
  return (
    <>
      <PageHeader title={t('checklist.title')} />
      {error && cleared ? (
        <EmptyState title={t('checklist.cleared')} icon="critical">
          {t('checklist.clearedFix')}
          <Button className="mt-3 block" onClick={retry}>
            {t('common.tryAgain')}
          </Button>
        </EmptyState>
      ) : error ? (
        <>
          <ProblemBox error={error} retry={retry} />
          <EmptyState title={t('checklist.notHere')} icon="device">
            {t('checklist.notHereFix')}
          </EmptyState>
        </>
      ) : (
        <Skeleton />
      )}
    </>
  );
}

/** The part of the app this page is shown in: where "back" leads. */
export const useArea = (): 'assessor' | 'supplier' =>
  useLocation()[0].startsWith('/supplier') ? 'supplier' : 'assessor';

function Open({ checklist }: { checklist: Checklist }) {
  const { t, day, number } = useI18n();
  const { device, state, taken, items, progress, side, open } = checklist;
  const { pack } = taken;
  const { id } = pack.assessment;
  const area = useArea();
  const asked = new URLSearchParams(useSearch()).get('item');
  const score = useScore(checklist);
  const [filter, setFilter] = useState<Filter>('all');
  const [search, setSearch] = useState('');
  const last = useRef<string | null>(asked);
  const wanted = useRef<string | null>(asked);
  const sections = useMemo(() => {
    const titles = new Map(pack.checklist.sections.map((each) => [each.code, each]));
    return [...new Set(items.map(({ requirement }) => requirement.section))].map((code) => {
      const own = items.filter(({ requirement }) => requirement.section === code);
      return {
        code,
        title: titles.get(code)?.title ?? code,
        items: own,
        progress: progressOf(own.map(({ standing }) => standing)),
      };
    });
  }, [items, pack]);
  const [section, setSection] = useState(
    () =>
      items.find(({ requirement }) => requirement.code === asked)?.requirement.section ?? sections[0]?.code,
  );
  // Evidence of other devices; what was added here is on the device.
  const evidence = useRead(
    '/api/v1/assessments/{id}/evidence',
    { params: { path: { id }, query: { limit: 200 } } },
    { enabled: navigator.onLine },
  );
  // What was taken along may be from before it was sent back.
  const now = useRead(
    '/api/v1/assessments/{id}',
    { params: { path: { id } } },
    { enabled: navigator.onLine },
  );
  const sentBack = pack.returned?.reason ?? (now.data ?? pack.assessment).reopenReason;
  const remarks = useMemo(() => remarksOf(pack), [pack]);
  const passes = (which: Filter, item: Item): boolean =>
    which === 'questioned' ? remarks.has(item.requirement.code) : PASSES[which](item);
  const questioned = items.filter((item) => passes('questioned', item));
  useEffect(() => {
    void sendNow(device);
  }, [device, id]);
  const { filesOf, evidenceOf } = useMemo(() => {
    const here = new Set(taken.files.map(({ evidenceId }) => evidenceId));
    const others = (evidence.data?.items ?? []).filter((each) => !here.has(each.id));
    return { filesOf: grouped(taken.files), evidenceOf: grouped<Schema<'EvidenceRow'>>(others) };
  }, [taken.files, evidence.data]);
  // Opens an item that may not be on screen yet.
  useEffect(() => {
    const code = wanted.current;
    const element = code && document.getElementById(`item-${code}`);
    if (!element) return;
    wanted.current = null;
    element.scrollIntoView({ block: 'start' });
    element.querySelector<HTMLElement>('input, textarea')?.focus({ preventScroll: true });
  });
  const go = (code: string): void => {
    const item = items.find(({ requirement }) => requirement.code === code);
    if (!item) return;
    wanted.current = last.current = code;
    setSearch('');
    setFilter('all');
    setSection(item.requirement.section);
    // In the section that is open already nothing is drawn anew by itself.
    setJumps((before) => before + 1);
  };
  const [, setJumps] = useState(0);
  const text = search.trim().toLocaleLowerCase();
  const everywhere = filter !== 'all' || text !== '';
  const shown = everywhere
    ? items.filter(
        (item) =>
          passes(filter, item) &&
          (text === '' ||
            `${item.requirement.code} ${item.requirement.question}`.toLocaleLowerCase().includes(text)),
      )
    : (sections.find(({ code }) => code === section)?.items ?? []);
  const at = sections.findIndex(({ code }) => code === section);
  const next = nextOpen(
    items.map(({ requirement, standing }) => ({ code: requirement.code, standing })),
    null,
  );
  const { trouble, lost, lostFiles = 0, restored } = taken.record;
  return (
    <>
      <PageHeader
        title={pack.site.name}
        lead={`${t(`common.assessmentKind.${pack.assessment.kind}`)} – ${day(pack.assessment.assessedOn)}`}
        back={{ href: `/${area}`, label: t('common.back') }}
        actions={
          pack.assessment.state !== 'void' && (
            <ButtonLink href={`/${area}/assessments/${id}/review`} look="primary">
              {t('checklist.review.open')}
            </ButtonLink>
          )
        }
      />
      <ContentLanguage of={textsIn(pack)} />
      {pack.language.status === 'unofficial' && <p className="mb-3 text-soft">{t('checklist.unofficial')}</p>}
      {open && <EditionNote pack={pack} />}
      {open && sentBack && (
        <div role="status" className="mb-3 rounded-xl bg-minor-bg p-4 text-minor">
          <p className="font-semibold">{t('checklist.sentBack')}</p>
          <p>
            <Text>{sentBack}</Text>
          </p>
          {questioned.length > 0 && (
            <>
              <p className="mt-2">
                {t('checklist.remarks.changed', {
                  n: questioned.filter((item) => changedSince(remarks.get(item.requirement.code)!, item))
                    .length,
                  of: questioned.length,
                })}
              </p>
              <Button
                icon="next"
                className="mt-2"
                onClick={() => {
                  const order = questioned.map(({ requirement }) => requirement.code);
                  go(order[(order.indexOf(last.current ?? '') + 1) % order.length]!);
                }}
              >
                {t('checklist.remarks.next')}
              </Button>
            </>
          )}
        </div>
      )}
      {pack.assessment.state === 'void' && <VoidNote device={device} taken={taken} />}
      {!open && pack.assessment.state !== 'void' && (
        <EmptyState title={t('checklist.locked')}>
          {t(`common.assessmentState.${pack.assessment.state}`)}
        </EmptyState>
      )}
      {trouble && (
        <div role="alert" className="mb-3 rounded-xl bg-critical-bg p-4 text-critical">
          <p className="font-semibold">{t('checklist.trouble')}</p>
          <p>{t(fixOf(trouble.code))}</p>
          <p className="text-sm">
            {t('common.problemCode')} <code dir="ltr">{trouble.code}</code>
          </p>
          <SaveUnsent device={device} taken={taken} />
        </div>
      )}
      {(lost > 0 || lostFiles > 0 || restored) && (
        <div role="alert" className="mb-3 rounded-xl bg-critical-bg p-4 text-critical">
          {restored && <p className="font-semibold">{t('checklist.restored')}</p>}
          {lost > 0 && <p className="font-semibold">{t('checklist.lost', { n: lost })}</p>}
          {lostFiles > 0 && <p className="font-semibold">{t('checklist.lostFiles', { n: lostFiles })}</p>}
          <p>{t(restored ? 'checklist.restoredFix' : 'checklist.lostFix')}</p>
          <Button className="mt-2" onClick={() => void device.acceptLoss(id)}>
            {t('checklist.lostSeen')}
          </Button>
        </div>
      )}
      <div className="sticky top-14 z-[5] -mx-4 mb-4 border-b border-line bg-page px-4 py-2">
        <SyncLine device={device} state={state} taken={taken} />
        <div className="mt-1 flex items-center gap-3">
          <div className="min-w-0 grow">
            <Meter
              label={t('checklist.progress')}
              value={progress.answered}
              of={progress.total}
              words={t('checklist.answered', { n: progress.answered, of: progress.total })}
            />
          </div>
          {open && next && (
            <Button
              icon="next"
              className="shrink-0 !px-3 text-sm"
              onClick={() =>
                go(
                  nextOpen(
                    items.map(({ requirement, standing }) => ({ code: requirement.code, standing })),
                    last.current,
                  )!,
                )
              }
            >
              {t('checklist.next')}
            </Button>
          )}
        </div>
      </div>
      {score && score.provisionalPoints !== null && (
        <p className="mb-3">
          {t('checklist.score', {
            points: number(score.provisionalPoints, { maximumFractionDigits: 1 }),
            max: 100,
            n: progress.answered,
            of: progress.total,
          })}
        </p>
      )}
      <div className="mb-4 grid gap-3 sm:grid-cols-2 lg:grid-cols-3">
        <div className="lg:hidden">
          <Select
            label={t('checklist.section')}
            value={section ?? ''}
            onChange={(code) => {
              setSection(code);
              setFilter('all');
              setSearch('');
            }}
            options={sections.map((each) => ({
              value: each.code,
              label: `${each.title} (${t('common.countOf', { n: each.progress.answered, of: each.progress.total })})`,
            }))}
          />
        </div>
        <Select
          label={t('checklist.filter')}
          value={filter}
          onChange={(value) => setFilter(value as Filter)}
          options={FILTERS.filter((value) => value !== 'questioned' || questioned.length > 0).map(
            (value) => ({
              value,
              label: `${t(`checklist.filter.${value}`)} (${number(items.filter((item) => passes(value, item)).length)})`,
            }),
          )}
        />
        <div className="grid gap-1">
          <label htmlFor="checklist-search" className="font-medium">
            {t('checklist.search')}
          </label>
          <input
            id="checklist-search"
            type="search"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
            className="min-h-11 rounded-lg border border-edge bg-panel px-3"
          />
        </div>
      </div>
      <div className="lg:grid lg:grid-cols-[16rem_1fr] lg:gap-5">
        <nav aria-label={t('checklist.sections')} className="no-print hidden lg:block">
          <ul className="sticky top-40 max-h-[calc(100dvh-11rem)] overflow-y-auto">
            {sections.map((each) => (
              <li key={each.code}>
                <button
                  type="button"
                  aria-current={!everywhere && each.code === section ? 'true' : undefined}
                  onClick={() => {
                    setSection(each.code);
                    setFilter('all');
                    setSearch('');
                  }}
                  className={classes(
                    'flex min-h-11 w-full items-center justify-between gap-2 rounded-lg px-3 py-1 text-start',
                    !everywhere && each.code === section
                      ? 'bg-conforming-bg font-semibold text-conforming'
                      : 'hover:bg-sunken',
                  )}
                >
                  <span lang={pack.language.asked} dir="auto">
                    {each.title}
                  </span>
                  <span className="text-sm whitespace-nowrap">
                    {t('common.countOf', { n: each.progress.answered, of: each.progress.total })}
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </nav>
        <section>
          <div className="mb-2 flex flex-wrap items-center gap-2">
            <h2 lang={everywhere ? undefined : pack.language.asked} dir="auto">
              {everywhere ? t('checklist.found', { n: shown.length, of: items.length }) : sections[at]?.title}
            </h2>
            {!everywhere && sections[at] && (
              <>
                <span className="text-sm text-soft">
                  {t('checklist.answered', {
                    n: sections[at].progress.answered,
                    of: sections[at].progress.total,
                  })}
                </span>
                {sections[at].progress.notApplicable > 0 && (
                  <Status kind="na">{t('checklist.na', { n: sections[at].progress.notApplicable })}</Status>
                )}
              </>
            )}
          </div>
          {shown.length === 0 && <EmptyState title={t('checklist.none')} />}
          <div
            onFocus={(event) => {
              const item = event.target.closest('article')?.id.slice('item-'.length);
              if (item) last.current = item;
            }}
          >
            {shown.map((item) => (
              <ItemCard
                key={item.requirement.code}
                item={item}
                device={device}
                pack={pack}
                remark={remarks.get(item.requirement.code)}
                side={open ? side : null}
                files={filesOf.get(item.requirement.code) ?? NO_FILES}
                evidence={evidenceOf.get(item.requirement.code) ?? NO_FILES}
              />
            ))}
          </div>
          {!everywhere && (
            <div className="flex flex-wrap justify-between gap-2">
              {at > 0 && (
                <Button icon="back" onClick={() => toSection(sections[at - 1]!.items, go)}>
                  {t('checklist.before')}
                </Button>
              )}
              <span className="grow" />
              {at < sections.length - 1 && (
                <Button icon="next" onClick={() => toSection(sections[at + 1]!.items, go)}>
                  {t('checklist.after')}
                </Button>
              )}
            </div>
          )}
        </section>
      </div>
    </>
  );
}

/** What has become of the checklist since: it changes nothing here, and whoever is at work with it should know. */
function EditionNote({ pack: { edition, assessment } }: { pack: Pack }) {
  const { t, moment } = useI18n();
  const { withdrawn, newer } = edition ?? {};
  const named = withdrawn ? withdrawn.successor : newer;
  if (!withdrawn && !newer) return null;
  return (
    <div role="note" className="mb-3 flex gap-2 rounded-xl border border-line bg-panel p-3 text-sm">
      <span className="text-soft">
        <Icon name="info" />
      </span>
      <div className="min-w-0">
        <p>
          {withdrawn
            ? t('checklist.edition.withdrawn', { when: moment(withdrawn.since) })
            : t('checklist.edition.newer', { version: newer!.version, own: assessment.version })}
        </p>
        {withdrawn && (
          <p className="text-soft">
            {t('checklist.edition.reason')} <Text>{withdrawn.reason}</Text>
          </p>
        )}
        {withdrawn && named && (
          <p className="text-soft">
            {t('checklist.edition.instead', { edition: `${named.title} ${named.version}` })}
          </p>
        )}
      </div>
    </div>
  );
}

const toSection = (items: readonly Item[], go: (code: string) => void): void => {
  if (items[0]) go(items[0].requirement.code);
};

/** By the requirement they are for. */
function grouped<T extends { readonly requirement: string | null }>(
  all: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const each of all) {
    const list = found.get(each.requirement ?? '');
    if (list) list.push(each);
    else found.set(each.requirement ?? '', [each]);
  }
  return found;
}
