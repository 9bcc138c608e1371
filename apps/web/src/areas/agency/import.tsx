import { type ReactNode, useMemo } from 'react';
import { useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import type { Texts } from '#web/generated/messages';
import { Button, ButtonLink, Meter, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { saveCsv } from '#web/ui/csv';
import { Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';
import { usePoints } from './figures';
import { goesOn, IMPORT_STATE } from './imports';

type Import = Schema<'ImportDetail'>;
type Exception = Schema<'ImportException'>;
type Pairing = Schema<'PairingSummary'> & { readonly name: string };

/** `/agency/imports/:id`: how far an import is, what it brought, or everything that is wrong with its files. */
export default function ImportPage() {
  const { t, moment, country } = useI18n();
  const { id } = useParams<{ id: string }>();
  const init = { params: { path: { id } } };
  const found = useRead('/api/v1/imports/{id}', init);
  useRead('/api/v1/imports/{id}', init, { enabled: !!found.data && goesOn(found.data), every: 1000 });
  const given = found.data;
  return (
    <>
      <PageHeader
        pending={found.isLoading}
        title={given?.dataset ?? t('agency.imports.title')}
        back={{ href: '/agency/imports', label: t('agency.imports.title') }}
        lead={
          given &&
          [moment(given.createdAt), ...(given.country === 'ZZ' ? [] : [country(given.country)])].join(' – ')
        }
      />
      <Loaded query={found}>
        {(row) => (
          <>
            <State row={row} />
            {row.problem && <Faults row={row} problem={row.problem} />}
            {row.summary && row.stored && <Figures summary={row.summary} stored={row.stored} />}
            {row.summary && row.summary.exception_list.length > 0 && <Exceptions summary={row.summary} />}
          </>
        )}
      </Loaded>
    </>
  );
}

const STEPS = ['reading', 'analysing', 'storing'] as const;

/** Where it is, and whether anything came of it. Said to those who can't see it when it changes. */
function State({ row }: { row: Import }) {
  const { t, moment } = useI18n();
  const { state, step, finishedAt } = row;
  const at = STEPS.findIndex((each) => each === step);
  return (
    <Panel>
      <div role="status">
        <p className="flex flex-wrap items-center gap-2">
          <Status kind={IMPORT_STATE[state]} {...(state === 'queued' && { icon: 'clock' })}>
            {t(`agency.imports.state.${state}`)}
          </Status>
          {finishedAt && <span className="text-soft">{moment(finishedAt)}</span>}
          {at >= 0 && (
            <span>
              {t('agency.imports.step', { n: at + 1, of: STEPS.length })}{' '}
              {t(`agency.imports.step.${STEPS[at]!}`)}
            </span>
          )}
        </p>
        {goesOn(row) && <p className="mt-2 text-soft">{t('agency.imports.goesOn')}</p>}
      </div>
    </Panel>
  );
}

/** Codes of faults in the records, with what to do about each. */
const MENDED = [
  'missing-file',
  'ambiguous-file',
  'not-gzip',
  'too-large',
  'empty-file',
  'not-utf8',
  'not-text',
  'wrong-line-ends',
  'wrong-separator',
  'unclosed-quote',
  'stray-quote',
  'missing-column',
  'duplicate-column',
  'field-count',
  'empty-key',
  'duplicate-key',
  'impossible-date',
  'not-a-number',
  'more-faults',
] as const satisfies readonly (keyof Texts extends infer K
  ? K extends `agency.imports.mend.${infer Code}`
    ? Code
    : never
  : never)[];

interface Fault {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: string | null;
  readonly code: string | null;
  readonly message: string;
  readonly mend: string;
}

/** Every fault with its place and how to mend it. Of the mapping, the place stands in the message. */
function Faults({ row, problem }: { row: Import; problem: NonNullable<Import['problem']> }) {
  const { t, number } = useI18n();
  const faults = useMemo(
    () =>
      problem.errors
        .map((error): Fault => {
          if ('field' in error)
            return {
              file: null,
              line: error.line ?? null,
              column: error.field,
              code: null,
              message: error.message,
              mend: error.fix ?? '',
            };
          const known = MENDED.find((code) => code === error.code);
          return { ...error, mend: known ? t(`agency.imports.mend.${known}`) : '' };
        })
        // File by file as they were read, from the top of each down.
        .sort((one, other) => (one.file === other.file ? (one.line ?? 0) - (other.line ?? 0) : 0)),
    [problem, t],
  );
  const columns = useMemo<readonly Column<Fault>[]>(
    () => [
      { key: 'file', header: t('agency.imports.file'), cell: ({ file }) => <Cell>{file}</Cell> },
      {
        key: 'line',
        header: t('agency.imports.line'),
        numeric: true,
        cell: ({ line }) => (line === null ? '–' : number(line, { useGrouping: false })),
      },
      { key: 'column', header: t('agency.imports.column'), cell: ({ column }) => <Cell>{column}</Cell> },
      {
        key: 'wrong',
        header: t('agency.imports.wrong'),
        cell: ({ message }) => <Text lang="en">{message}</Text>,
      },
      { key: 'mend', header: t('agency.imports.mend'), cell: ({ mend }) => mend || '–' },
    ],
    [t, number],
  );
  if (problem.code === 'internal-error' || faults.length === 0)
    return (
      <Panel>
        <p>
          {problem.code === 'internal-error' ? (
            `${t('common.problem.internal-error')} ${t('common.problem.internal-error.fix')}`
          ) : (
            <Text lang="en">{problem.title}</Text>
          )}
        </p>
      </Panel>
    );
  const head = [
    t('agency.imports.file'),
    t('agency.imports.line'),
    t('agency.imports.column'),
    t('agency.imports.code'),
    t('agency.imports.wrong'),
    t('agency.imports.mend'),
  ];
  return (
    <section>
      <div className="mb-3 flex flex-wrap items-start justify-between gap-3">
        <div>
          <h2>{t('agency.imports.faults', { n: faults.length })}</h2>
          <p className="mt-1 max-w-prose text-soft">{t('agency.imports.faultsLead')}</p>
        </div>
        <div className="no-print flex flex-wrap gap-2">
          <Button
            icon="download"
            onClick={() =>
              saveCsv(
                [
                  head,
                  ...faults.map(({ file, line, column, code, message, mend }) => [
                    file,
                    line,
                    column,
                    code,
                    message,
                    mend,
                  ]),
                ],
                `${row.dataset}-faults.csv`,
              )
            }
          >
            {t('agency.imports.csv')}
          </Button>
          <ButtonLink href="/agency/imports">{t('agency.imports.again')}</ButtonLink>
        </div>
      </div>
      <Table
        caption={t('agency.imports.faults', { n: faults.length })}
        columns={columns}
        rows={faults}
        rowKey={({ file, line, column, code, message }) =>
          [file, line, column, code ?? message].map(String).join(' ')
        }
      />
    </section>
  );
}

/** A name of the source's own, as it is written there. */
const Cell = ({ children }: { children: string | null }) =>
  children === null ? (
    '–'
  ) : (
    <code className="text-sm">
      <bdi dir="ltr">{children}</bdi>
    </code>
  );

/** What was read and stored, each number with what it is a part of, and the change of every pairing. */
function Figures({ summary, stored }: { summary: Schema<'ImportSummary'>; stored: Schema<'StoredImport'> }) {
  const { t } = useI18n();
  const { sites, assessments, gains } = stored;
  const added = ({ added: n, unchanged }: { added: number; unchanged: number }, more = 0) => ({
    value: n,
    of: n + unchanged + more,
  });
  return (
    <>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel heading={t('agency.imports.read')}>
          <p className="mb-3">
            {t('agency.imports.readAll', {
              sites: summary.sites,
              inspections: summary.inspections,
              findings: summary.findings,
            })}
          </p>
          <div className="grid gap-3">
            <Meter
              label={t('agency.imports.assessments')}
              value={summary.assessments}
              of={summary.inspections}
            />
            <Meter label={t('agency.imports.official')} value={summary.scored} of={summary.inspections} />
            {summary.official_equal !== null && (
              <Meter
                label={t('agency.imports.reproduced')}
                value={summary.official_equal}
                of={summary.scored}
              />
            )}
          </div>
        </Panel>
        <Panel heading={t('agency.imports.stored')}>
          <div className="grid gap-3">
            <Meter label={t('agency.imports.newSites')} {...added(sites)} />
            <Meter
              label={t('agency.imports.newAssessments')}
              {...added(assessments, assessments.different)}
            />
            {assessments.added > 0 && (
              <Meter
                label={t('agency.imports.incomplete')}
                value={assessments.incomplete}
                of={assessments.added}
              />
            )}
            <Meter label={t('agency.imports.newGains')} {...added(gains, gains.leftOut)} />
            {gains.refused > 0 && (
              <Meter label={t('agency.imports.refusedGains')} value={gains.refused} of={gains.added} />
            )}
          </div>
          {assessments.different > 0 && (
            <p className="mt-3">{t('agency.imports.different', { n: assessments.different })}</p>
          )}
        </Panel>
      </div>
      <Pairings summary={summary} />
    </>
  );
}

/** How sites changed between two inspections, by every pairing of the mapping, the primary one first. */
function Pairings({ summary }: { summary: Schema<'ImportSummary'> }) {
  const { t } = useI18n();
  const points = usePoints();
  const rows = useMemo(
    () =>
      Object.entries(summary.pairings)
        .map(([name, pairing]): Pairing => ({ name, ...pairing }))
        .sort(
          (one, other) =>
            Number(other.name === summary.primary_pairing) - Number(one.name === summary.primary_pairing),
        ),
    [summary],
  );
  const columns = useMemo<readonly Column<Pairing>[]>(() => {
    const part = (key: 'improved' | 'same' | 'worse'): Column<Pairing> => ({
      key,
      header: t(`agency.imports.${key}`),
      numeric: true,
      cell: (row) => t('common.countOf', { n: row[key], of: row.pairs }),
    });
    const mean = (key: 'mean_baseline' | 'mean_follow_up' | 'mean_change', header: string) => ({
      key,
      header,
      numeric: true,
      cell: (row: Pairing) => points(row[key]),
    });
    return [
      {
        key: 'name',
        header: t('agency.imports.pairing'),
        cell: ({ definition, measure, better, pairs, sites }) => (
          <span className="block max-w-md font-normal">
            <Text lang="en">{definition}</Text>
            <span className="block text-sm text-soft">
              {t(`agency.imports.measure.${measure}`)} – {t(`agency.imports.better.${better}`)} –{' '}
              {t('agency.imports.pairs', { pairs, sites })}
            </span>
          </span>
        ),
      },
      mean('mean_baseline', t('agency.imports.before')),
      mean('mean_follow_up', t('agency.imports.after')),
      mean('mean_change', t('agency.imports.change')),
      part('improved'),
      part('same'),
      part('worse'),
    ];
  }, [t, points]);
  return (
    <section className="mb-4">
      <h2 className="mb-3">{t('agency.imports.pairings')}</h2>
      <Table
        caption={t('agency.imports.pairings')}
        columns={columns}
        rows={rows}
        rowKey={({ name }) => name}
      />
    </section>
  );
}

/** What could not be used, or doesn't agree with the source's own result. */
function Exceptions({ summary }: { summary: Schema<'ImportSummary'> }) {
  const { t, number } = useI18n();
  const all = summary.exception_list;
  const columns = useMemo<readonly Column<Exception & { n: number }>[]>(() => {
    const named = (key: 'file' | 'column' | 'inspection_id' | 'code', header: string) => ({
      key,
      header,
      cell: (row: Exception): ReactNode => <Cell>{row[key]}</Cell>,
    });
    return [
      named('file', t('agency.imports.file')),
      {
        key: 'line',
        header: t('agency.imports.line'),
        numeric: true,
        cell: ({ line }) => (line === null ? '–' : number(line, { useGrouping: false })),
      },
      named('column', t('agency.imports.column')),
      named('inspection_id', t('agency.imports.inspection')),
      named('code', t('agency.imports.code')),
      {
        key: 'reason',
        header: t('agency.imports.reason'),
        cell: ({ reason }) => <Text lang="en">{reason}</Text>,
      },
    ];
  }, [t, number]);
  const rows = useMemo(() => all.map((each, n) => ({ ...each, n })), [all]);
  return (
    <section>
      <div className="mb-3 flex flex-wrap items-start justify-between gap-3">
        <div>
          <h2>{t('agency.imports.exceptions', { n: all.length, of: summary.inspections })}</h2>
          <p className="mt-1 max-w-prose text-soft">{t('agency.imports.exceptionsLead')}</p>
        </div>
        <Button
          icon="download"
          onClick={() =>
            saveCsv(
              [
                columns.map(({ header }) => header),
                ...all.map(({ file, line, column, inspection_id: of, code, reason }) => [
                  file,
                  line,
                  column,
                  of,
                  code,
                  reason,
                ]),
              ],
              `${summary.dataset}-exceptions.csv`,
            )
          }
        >
          {t('agency.imports.csv')}
        </Button>
      </div>
      <Table
        caption={t('agency.imports.exceptionsTable')}
        columns={columns}
        rows={rows}
        rowKey={({ n }) => String(n)}
      />
    </section>
  );
}
