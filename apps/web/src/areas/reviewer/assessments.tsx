import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Status, Text } from '#web/ui/basics';
import { Select } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

interface Row extends Schema<'AssessmentRow'> {
  readonly site: string;
  readonly organisation: string;
}

const STATES = ['submitted', 'under-review', 'closed', 'reopened', 'in-progress', 'draft', 'void'] as const;
const EVERY = {};
/** Void ones come only when they are asked for. */
const VOID = { params: { query: { state: 'void' } } } as const;
const words = ({ site, organisation }: Row): string => `${site} ${organisation}`;

/** `/reviewer/assessments`: every assessment of the programmes I work in. */
export default function AssessmentsPage() {
  const { t, day, compare } = useI18n();
  const [search, setSearch] = useSearchParams();
  const state = search.get('state') ?? '';
  const assessments = useAll('/api/v1/assessments', state === 'void' ? VOID : EVERY);
  const sites = useAll('/api/v1/sites');
  const rows = useMemo<readonly Row[]>(() => {
    const known = new Map(sites.data?.map((site) => [site.id, site]));
    return (assessments.data ?? [])
      .filter((row) => !state || row.state === state)
      .map((row) => ({
        ...row,
        site: known.get(row.siteId)?.name ?? '–',
        organisation: known.get(row.siteId)?.organisation ?? '',
      }));
  }, [assessments.data, sites.data, state]);
  const { field, found } = useSearch(rows, words);
  const columns = useMemo<readonly Column<Row>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ id, site, organisation }) => (
          <>
            <Link href={`/reviewer/assessments/${id}`}>
              <Text>{site}</Text>
            </Link>
            <span className="block font-normal text-soft">
              <Text>{organisation}</Text>
            </span>
          </>
        ),
        sort: (one, other) => compare(one.site, other.site),
      },
      {
        key: 'kind',
        header: t('common.kindOfAssessment'),
        cell: ({ kind }) => t(`common.assessmentKind.${kind}`),
        sort: (one, other) => compare(one.kind, other.kind),
      },
      {
        key: 'day',
        header: t('common.assessedOn'),
        cell: ({ assessedOn }) => day(assessedOn),
        sort: (one, other) => compare(other.assessedOn, one.assessedOn),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: ({ state: at }) => (
          <Status kind={at === 'closed' ? 'conforming' : 'neutral'}>
            {t(`common.assessmentState.${at}`)}
          </Status>
        ),
        sort: (one, other) => STATES.indexOf(one.state) - STATES.indexOf(other.state),
      },
    ],
    [t, day, compare],
  );
  return (
    <>
      <PageHeader title={t('reviewer.assessments.title')} lead={t('reviewer.assessments.lead')} />
      <div className="mb-4 flex flex-wrap items-end gap-4">
        {field}
        <Select
          label={t('common.state')}
          value={state}
          onChange={(value) => setSearch(value ? { state: value } : {}, { replace: true })}
          options={[
            { value: '', label: t('reviewer.every') },
            ...STATES.map((value) => ({ value, label: t(`common.assessmentState.${value}`) })),
          ]}
        />
      </div>
      <Loaded
        query={assessments}
        also={[sites]}
        empty={<EmptyState title={t('reviewer.assessments.none')} />}
      >
        {() => (
          <Table
            caption={t('reviewer.assessments.title')}
            columns={columns}
            rows={found}
            rowKey={({ id }) => id}
            sortedBy="day"
          />
        )}
      </Loaded>
    </>
  );
}
