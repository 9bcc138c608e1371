import { useCallback, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useCategories } from '#web/api/categories';
import { useAll } from '#web/api/hooks';
import { useI18n, serverLocale } from '#web/i18n';
import { ButtonLink, PageHeader, Status, Text } from '#web/ui/basics';
import { Checkbox, RadioGroup, Select } from '#web/ui/form';
import { READINESS } from '#web/ui/readiness';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { type Approval, type BuyerSite, ForBuyer, GraceOver, useCondition, SiteName } from './buyer';

/** A site under one rule for one category; without an approval where nothing is shared or no rule is about it. */
interface Line {
  readonly key: string;
  readonly site: BuyerSite;
  readonly approval: Approval | null;
}
const STATUSES = ['ready', 'conditional', 'not-ready', 'not-assessed', 'waiting', 'no-data'] as const;
type LineStatus = (typeof STATUSES)[number];
const statusOf = ({ site, approval }: Line): LineStatus =>
  approval && approval.status !== 'not-covered' ? approval.status : site.waiting > 0 ? 'waiting' : 'no-data';

const linesOf = (sites: readonly BuyerSite[]): Line[] =>
  sites.flatMap((site): Line[] =>
    site.approvals.length === 0
      ? [{ key: site.siteId, site, approval: null }]
      : site.approvals.map((approval) => ({
          key: `${site.siteId} ${approval.rule} ${approval.category}`,
          site,
          approval,
        })),
  );

/** `/buyer`: suppliers by status, each with why. */
export function SuppliersPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('buyer.suppliers.title')} lead={t('buyer.suppliers.lead')} />
      <ForBuyer>{(buyer) => <Suppliers key={buyer} buyer={buyer} />}</ForBuyer>
    </>
  );
}

/** Whether how a site stands under the rules in force is still being worked out. */
const isWaiting = ({ waiting, approvals }: BuyerSite): boolean =>
  waiting > 0 || approvals.some(({ next }) => next !== null);

/** How often a list is read again while some of it is being worked out; a long one takes longer to read. */
const again = (sites: number): number => (sites > 500 ? 30_000 : 3_000);

/** The most that can be compared at once. */
const AT_MOST = 4;

function Suppliers({ buyer }: { buyer: string }) {
  const { t } = useI18n();
  const { nameOf, names } = useCategories();
  const [search, setSearch] = useSearchParams();
  // Null: nothing is being worked out.
  const [every, setEvery] = useState<number | null>(null);
  const sites = useAll(
    '/api/v1/buyers/{id}/sites',
    { params: { path: { id: buyer }, query: { lang: serverLocale() } } },
    every ? { every } : {},
  );
  // Of the sites that a rule is about: the others wait for nothing.
  const [asked, waiting] = useMemo(() => {
    const about = (sites.data ?? []).filter((site) => site.waiting > 0 || site.approvals.length > 0);
    return [about.length, about.filter(isWaiting).length];
  }, [sites.data]);
  const pause = sites.data && waiting > 0 ? again(sites.data.length) : null;
  if (pause !== every) setEvery(pause);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const lines = useMemo(() => linesOf(sites.data ?? []), [sites.data]);
  const [status, category, rule] = ['status', 'category', 'rule'].map((name) => search.get(name) ?? '');
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const narrowed = useMemo(
    () =>
      lines.filter(
        ({ approval }) =>
          (!category || approval?.category === category) && (!rule || approval?.rule === rule),
      ),
    [lines, category, rule],
  );
  const rows = useMemo(
    () => (status ? narrowed.filter((line) => statusOf(line) === status) : narrowed),
    [narrowed, status],
  );
  const counts = useMemo(() => {
    const found = new Map<LineStatus, number>();
    for (const line of narrowed) found.set(statusOf(line), (found.get(statusOf(line)) ?? 0) + 1);
    return found;
  }, [narrowed]);
  const words = useCallback(
    ({ site, approval }: Line) => `${site.site} ${site.organisation} ${site.city} ${approval?.title ?? ''}`,
    [],
  );
  const { field, found } = useSearch(rows, words);
  const choose = useCallback(
    (id: string) =>
      setChosen((before) =>
        before.includes(id)
          ? before.filter((each) => each !== id)
          : before.length < AT_MOST
            ? [...before, id]
            : before,
      ),
    [],
  );
  const rules = [
    ...new Map(lines.flatMap(({ approval }) => (approval ? [[approval.rule, approval.title]] : []))),
  ];
  const categories = [...new Set(lines.flatMap(({ approval }) => approval?.category ?? []))];
  const file = (kind: 'csv' | 'xlsx') =>
    `/api/v1/buyers/${buyer}/suppliers.${kind}?status=approved&lang=${serverLocale()}`;
  return (
    <Loaded
      query={sites}
      also={[names]}
      empty={<EmptyState title={t('buyer.suppliers.none')}>{t('buyer.suppliers.noneFix')}</EmptyState>}
    >
      {() => (
        <>
          {waiting > 0 && (
            <p role="status" className="mb-4 rounded-lg bg-minor-bg p-3 text-minor">
              {t('buyer.suppliers.waiting', { n: asked - waiting, of: asked })}
            </p>
          )}
          <div className="no-print mb-4 flex flex-wrap items-center gap-2">
            <span className="font-medium">{t('buyer.suppliers.approved')}</span>
            <span className="flex gap-2">
              <ButtonLink external href={file('xlsx')}>
                {t('buyer.suppliers.xlsx')}
              </ButtonLink>
              <ButtonLink external href={file('csv')}>
                {t('buyer.suppliers.csv')}
              </ButtonLink>
            </span>
            {chosen.length >= 2 && (
              <ButtonLink look="primary" href={`/buyer/compare?sites=${chosen.join(',')}`}>
                {t('buyer.compare.button', { n: chosen.length })}
              </ButtonLink>
            )}
          </div>
          <div className="no-print mb-4 grid gap-3">
            <RadioGroup
              label={t('common.state')}
              name="status"
              value={status ?? ''}
              onChange={(value) => set('status', value)}
              options={[
                { value: '', label: t('buyer.suppliers.all', { n: narrowed.length }) },
                ...STATUSES.filter((value) => value !== 'waiting' || counts.has(value)).map((value) => ({
                  value,
                  label: `${t(`buyer.readiness.${value}`)} (${t('common.countOf', { n: counts.get(value) ?? 0, of: narrowed.length })})`,
                })),
              ]}
            />
            <div className="flex flex-wrap items-start gap-4">
              {field}
              {rules.length > 1 && (
                <Select
                  label={t('buyer.suppliers.rule')}
                  value={rule ?? ''}
                  onChange={(value) => set('rule', value)}
                  className="max-w-80"
                  options={[
                    { value: '', label: t('buyer.every') },
                    ...rules.map(([value = '', label = '']) => ({ value, label })),
                  ]}
                />
              )}
              {categories.length > 1 && (
                <Select
                  label={t('buyer.category')}
                  value={category ?? ''}
                  onChange={(value) => set('category', value)}
                  options={[
                    { value: '', label: t('buyer.every') },
                    ...categories.map((value) => ({ value, label: nameOf(value) })),
                  ]}
                />
              )}
            </div>
          </div>
          <Lines rows={found} nameOf={nameOf} chosen={chosen} choose={choose} />
        </>
      )}
    </Loaded>
  );
}

function Lines({
  rows,
  nameOf,
  chosen,
  choose,
}: {
  rows: readonly Line[];
  nameOf: (category: string) => string;
  chosen: readonly string[];
  choose: (site: string) => void;
}) {
  const { t, day, compare } = useI18n();
  const said = useMemo<readonly Column<Line>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ site }) => <SiteName site={site} />,
        sort: (one, other) => compare(one.site.site, other.site.site),
      },
      {
        key: 'rule',
        header: t('buyer.suppliers.for'),
        cell: ({ approval }) =>
          approval ? (
            <>
              {nameOf(approval.category)}
              <span className="block text-sm text-soft">
                <Text>{approval.title}</Text>
              </span>
            </>
          ) : (
            '–'
          ),
        sort: (one, other) => compare(one.approval?.category ?? '', other.approval?.category ?? ''),
      },
      {
        key: 'status',
        header: t('common.state'),
        cell: (line) => <LineStatusView line={line} />,
        sort: (one, other) => STATUSES.indexOf(statusOf(one)) - STATUSES.indexOf(statusOf(other)),
      },
      { key: 'why', header: t('buyer.suppliers.why'), cell: (line) => <Why line={line} /> },
      {
        key: 'until',
        header: t('buyer.suppliers.until'),
        cell: ({ approval }) =>
          approval?.validUntil ? <span className="whitespace-nowrap">{day(approval.validUntil)}</span> : '–',
        sort: (one, other) => compare(one.approval?.validUntil ?? '9', other.approval?.validUntil ?? '9'),
      },
    ],
    [t, day, compare, nameOf],
  );
  const columns = useMemo<readonly Column<Line>[]>(
    () => [
      ...said,
      {
        key: 'compare',
        acts: true,
        header: t('buyer.compare.title'),
        cell: ({ site: { siteId, site } }) => (
          <Checkbox
            label={<span className="sr-only">{t('buyer.compare.add', { site })}</span>}
            name="compare"
            checked={chosen.includes(siteId)}
            disabled={!chosen.includes(siteId) && chosen.length >= AT_MOST}
            onChange={() => choose(siteId)}
          />
        ),
      },
    ],
    [t, said, chosen, choose],
  );
  return (
    <Table
      caption={t('buyer.suppliers.title')}
      columns={columns}
      rows={rows}
      rowKey={({ key }) => key}
      sortedBy="status"
    />
  );
}

function LineStatusView({ line }: { line: Line }) {
  const { t } = useI18n();
  const status = statusOf(line);
  return (
    <Status kind={status === 'no-data' ? 'na' : status === 'waiting' ? 'unanswered' : READINESS[status]}>
      {t(`buyer.readiness.${status}`)}
    </Status>
  );
}

/** Why it stands so: what fails, how much is missing; or what isn't shared. */
function Why({ line: { site, approval } }: { line: Line }) {
  const { t } = useI18n();
  const said = useCondition();
  if (!approval)
    return (
      <span className="text-soft">
        {t(
          site.waiting > 0
            ? 'buyer.why.waiting'
            : site.scopes.includes('score')
              ? 'buyer.why.noRule'
              : 'buyer.why.notShared',
        )}
      </span>
    );
  const older = approval.next !== null && (
    <span className="block text-sm text-soft">
      {t('buyer.why.next', { version: approval.version, next: approval.next })}
    </span>
  );
  if (approval.status === 'not-assessed' || approval.failing.length === 0)
    return (
      <span className="text-soft">
        {t(approval.status === 'not-assessed' ? 'buyer.why.notAssessed' : 'buyer.why.allHold')}
        {older}
      </span>
    );
  return (
    <span className="grid gap-0.5 text-sm">
      <GraceOver status={approval.status} until={approval.graceUntil} />
      {approval.failing.map((condition) => (
        <span key={`${condition.code} ${condition.subject}`}>{said(condition)}</span>
      ))}
      {!!approval.missing && (
        <span className="text-soft">{t('buyer.why.missing', { n: approval.missing })}</span>
      )}
      {older}
    </span>
  );
}
