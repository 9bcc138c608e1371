import { lazy, Suspense, useMemo } from 'react';
import { useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { withTexts } from '#web/areas';
import { useCategories } from '#web/api/categories';
import { serverLocale, useI18n } from '#web/i18n';
import { ButtonLink, PageHeader, Panel, Skeleton, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { Chart } from '#web/ui/chart';
import { Checkbox, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { Tabs } from '#web/ui/tabs';
import { toast } from '#web/ui/toast';
import { token } from '#web/ui/tokens';
import { CohortTable } from './cohorts';
import { useAxes, usePoints } from './figures';
import { usePart } from './part';
import { ProgrammeGains } from './programme-gains';
import { useSectionTitles } from './section-titles';
import { TakeOut } from './take-out';

const Impartiality = lazy(
  withTexts(
    'reviewer',
    withTexts('roster', () => import('./impartiality')),
  ),
);

type Cell = Schema<'AggregateCell'>;

/** `/agency/programmes/:id`: its cohorts, who takes part, and what donors see of it. */
export default function ProgrammePage() {
  const { t } = useI18n();
  const { id } = useParams<{ id: string }>();
  const { seesResults } = usePart();
  const path = { id };
  const programme = useRead('/api/v1/programmes/{id}', { params: { path } });
  const cohorts = useRead('/api/v1/cohorts', { params: { query: { programmeId: id } } });
  return (
    <Loaded query={programme} back={{ href: '/agency/programmes', label: t('agency.nav.programmes') }}>
      {({ name, code }) => (
        <>
          <PageHeader
            title={name}
            lead={<bdi dir="ltr">{code}</bdi>}
            back={{ href: '/agency/programmes', label: t('agency.nav.programmes') }}
          />
          <Tabs
            label={name}
            tabs={[
              {
                id: 'cohorts',
                title: t('agency.cohorts.title'),
                content: (
                  <Loaded
                    query={cohorts}
                    empty={
                      <EmptyState title={t('agency.cohorts.none')}>{t('agency.cohorts.noneFix')}</EmptyState>
                    }
                  >
                    {(rows) => <CohortTable cohorts={rows} />}
                  </Loaded>
                ),
              },
              ...(seesResults
                ? [
                    {
                      id: 'gains',
                      title: t('agency.programmeGains.title'),
                      content: <ProgrammeGains programme={id} />,
                    },
                  ]
                : []),
              { id: 'donors', title: t('agency.donor.title'), content: <Donors programme={id} /> },
              { id: 'parties', title: t('agency.parties.title'), content: <Parties programme={id} /> },
              {
                id: 'impartiality',
                title: t('agency.impartiality.title'),
                content: (
                  <Suspense fallback={<Skeleton />}>
                    <Impartiality programme={id} />
                  </Suspense>
                ),
              },
            ]}
          />
        </>
      )}
    </Loaded>
  );
}

/** Who takes part, and as what. */
function Parties({ programme }: { programme: string }) {
  const { t, compare } = useI18n();
  const { manages } = usePart();
  const participants = useRead('/api/v1/programmes/{id}/participants', {
    params: { path: { id: programme } },
  });
  const columns = useMemo<readonly Column<Schema<'ParticipantRow'>>[]>(
    () => [
      {
        key: 'name',
        header: t('agency.parties.name'),
        cell: ({ name }) => <Text>{name}</Text>,
        sort: (one, other) => compare(one.name, other.name),
      },
      {
        key: 'part',
        header: t('agency.parties.part'),
        cell: ({ part }) => t(`common.kind.${part === 'agency' ? 'development-agency' : part}`),
      },
      ...(manages
        ? [
            {
              key: 'out',
              header: t('agency.out.do'),
              acts: true,
              cell: (row: Schema<'ParticipantRow'>) => <TakeOut programme={programme} participant={row} />,
            },
          ]
        : []),
    ],
    [t, compare, manages, programme],
  );
  return (
    <Loaded query={participants}>
      {(rows) => (
        <Table
          caption={t('agency.parties.title')}
          columns={columns}
          rows={rows}
          rowKey={({ id }) => id}
          sortedBy="name"
        />
      )}
    </Loaded>
  );
}

/** What donors and authorities see: figures of groups, never of one site, and small groups left out. */
function Donors({ programme }: { programme: string }) {
  const { t, number, moment } = useI18n();
  const { manages, seesResults } = usePart();
  const path = { id: programme };
  const aggregates = useRead('/api/v1/programmes/{id}/aggregates', { params: { path } });
  const charter = useRead('/api/v1/programmes/{id}/charter', { params: { path } });
  const cohorts = useRead('/api/v1/cohorts', { params: { query: { programmeId: programme } } });
  const { names } = useCategories();
  const change = useWrite('put', '/api/v1/programmes/{id}/charter');
  return (
    <>
      <Loaded query={charter}>
        {({ smallestGroup, donorAggregates, publicAggregates, buyerScopes, revision }) => (
          <Panel heading={t('agency.donor.rules')}>
            <ul className="mb-3 list-disc ps-5">
              <li>{t('agency.donor.smallest', { n: smallestGroup })}</li>
              <li>{t(donorAggregates ? 'agency.donor.shown' : 'agency.donor.hidden')}</li>
              <li>{t(publicAggregates ? 'agency.donor.public' : 'agency.donor.notPublic')}</li>
            </ul>
            {manages && (
              <FormDialog
                label={t('agency.donor.change')}
                submit={t('common.save')}
                onSubmit={async (values) => {
                  await change.mutateAsync({
                    params: { path },
                    headers: ifMatch(revision),
                    body: {
                      buyerScopes,
                      smallestGroup: Number(values['smallestGroup']),
                      donorAggregates: values['donorAggregates'] === 'on',
                      publicAggregates: values['publicAggregates'] === 'on',
                    },
                  });
                  toast(t('agency.donor.changed'));
                }}
              >
                <p className="text-soft">{t('agency.donor.changeLead')}</p>
                <TextField
                  label={t('agency.donor.smallestLabel')}
                  name="smallestGroup"
                  type="number"
                  min={5}
                  max={100}
                  defaultValue={String(smallestGroup)}
                  required
                />
                <Checkbox
                  label={t('agency.donor.shown')}
                  name="donorAggregates"
                  defaultChecked={donorAggregates}
                />
                <Checkbox
                  label={t('agency.donor.public')}
                  name="publicAggregates"
                  defaultChecked={publicAggregates}
                />
              </FormDialog>
            )}
          </Panel>
        )}
      </Loaded>
      {seesResults && (cohorts.data?.length ?? 0) > 0 && (
        <Panel heading={t('agency.donor.reports')}>
          <ul className="grid gap-2">
            {cohorts.data!.map(({ id, name }) => (
              <li key={id} className="flex flex-wrap items-center justify-between gap-2">
                <Text>{name}</Text>
                <span className="flex gap-2">
                  <ButtonLink external href={`/api/v1/cohorts/${id}/report.html?lang=${serverLocale()}`}>
                    {t('agency.cohorts.read')}
                  </ButtonLink>
                  <ButtonLink external href={`/api/v1/cohorts/${id}/report.pdf?lang=${serverLocale()}`}>
                    PDF
                  </ButtonLink>
                </span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Loaded
        query={aggregates}
        also={[cohorts, names]}
        isEmpty={({ publishedAt }) => publishedAt === null}
        empty={<EmptyState title={t('agency.donor.none')}>{t('agency.donor.noneFix')}</EmptyState>}
      >
        {(published) =>
          'k' in published && (
            <>
              <p className="mb-2 text-soft">
                {t('agency.donor.asOf', {
                  moment: moment(published.publishedAt),
                  k: number(published.k),
                })}
              </p>
              <Groups measure="result" cells={published.cells} cohorts={cohorts.data} />
              <Groups measure="change" cells={published.cells} cohorts={cohorts.data} />
              <Groups measure="section" cells={published.cells} cohorts={cohorts.data} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

/** Groups by one measure: median with its quartiles as drawing, everything as table; what is suppressed is said. */
function Groups({
  measure,
  cells,
  cohorts,
}: {
  measure: Cell['measure'];
  cells: readonly Cell[];
  cohorts: readonly Schema<'CohortRow'>[] | undefined;
}) {
  const { t, number, country, percent } = useI18n();
  const points = usePoints();
  const axes = useAxes();
  const rows = useMemo(() => cells.filter((cell) => cell.measure === measure), [cells, measure]);
  const drawn = useMemo(() => rows.filter(({ figures }) => figures !== null), [rows]);
  const titleOf = useSectionTitles();
  const { nameOf: categoryOf } = useCategories();
  const nameOf = ({ dimension, group }: Cell) => {
    if (dimension === 'programme') return t('agency.donor.all');
    if (dimension === 'country') return country(group);
    if (dimension === 'category') return categoryOf(group);
    if (dimension === 'cohort') return cohorts?.find(({ id }) => id === group)?.name ?? group;
    return dimension === 'section' ? (titleOf(group) ?? group) : group;
  };
  // As one text, so that names that come later are drawn and the same ones aren't drawn again.
  const names = drawn.map(nameOf).join('\n');
  const option = useMemo(() => {
    const { xAxis, yAxis } = axes.lying(names.split('\n'));
    return {
      grid: axes.grid,
      xAxis: { ...xAxis, minInterval: undefined },
      yAxis: {
        ...yAxis,
        axisLabel: { color: token('soft'), width: 150, overflow: 'break', lineHeight: 13, interval: 0 },
      },
      series: [
        {
          type: 'boxplot',
          itemStyle: { color: token('na-bg'), borderColor: token('brand') },
          // Quartiles and median; nothing is known of single sites, so the whiskers end where the box does.
          data: drawn.map(({ figures }) => [
            figures!.q1,
            figures!.q1,
            figures!.median,
            figures!.q3,
            figures!.q3,
          ]),
        },
      ],
    };
  }, [axes, drawn, names]);
  const hidden = (cell: Cell, shown: (figures: NonNullable<Cell['figures']>) => string) =>
    cell.figures ? shown(cell.figures) : t('agency.donor.suppressed');
  if (rows.length === 0) return null;
  const whole = rows.find(({ dimension }) => dimension === 'programme')?.figures;
  return (
    <Panel>
      <Chart
        title={t(`agency.donor.measure.${measure}`)}
        summary={
          whole
            ? t('agency.donor.summary', {
                n: whole.n,
                mean: points(whole.mean),
                median: points(whole.median),
                q1: points(whole.q1),
                q3: points(whole.q3),
              })
            : t('agency.donor.groups', { n: drawn.length, of: rows.length })
        }
        option={option}
        height={drawn.length * 34 + 60}
        rows={rows}
        rowKey={({ dimension, group }) => `${dimension} ${group}`}
        columns={[
          { key: 'group', header: t('agency.donor.group'), cell: nameOf },
          {
            key: 'n',
            header: t('agency.flow.sites'),
            numeric: true,
            cell: (cell) => hidden(cell, ({ n }) => number(n)),
          },
          {
            key: 'mean',
            header: t('agency.donor.mean'),
            numeric: true,
            cell: ({ figures }) => points(figures?.mean),
          },
          {
            key: 'median',
            header: t('agency.donor.median'),
            numeric: true,
            cell: ({ figures }) => points(figures?.median),
          },
          {
            key: 'iqr',
            header: t('agency.donor.quartiles'),
            numeric: true,
            cell: ({ figures }) => (figures ? `${points(figures.q1)}–${points(figures.q3)}` : '–'),
          },
          ...(measure === 'result'
            ? [
                {
                  key: 'pass',
                  header: t('agency.passed'),
                  numeric: true,
                  cell: ({ figures }: Cell) =>
                    figures?.passShare === null || figures === null ? '–' : percent(figures.passShare / 100),
                },
              ]
            : []),
        ]}
      />
    </Panel>
  );
}
