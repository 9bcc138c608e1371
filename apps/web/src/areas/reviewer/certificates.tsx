import { useMemo } from 'react';
import { useSearchParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { Select } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

type Row = Schema<'CertificateListRow'>;

/** What a certificate stands at: its public status, or where its decision is. */
export const standing = ({ state, status }: Pick<Row, 'state' | 'status'>) => status ?? state;
export const STANDING: Readonly<Record<ReturnType<typeof standing>, StatusKind>> = {
  draft: 'unanswered',
  'under-review': 'neutral',
  valid: 'conforming',
  suspended: 'major',
  withdrawn: 'critical',
  superseded: 'na',
  expired: 'minor',
};
const STANDINGS = Object.keys(STANDING) as (keyof typeof STANDING)[];
const words = ({ site, organisation, number }: Row): string => `${site} ${organisation} ${number}`;
const NONE: readonly Row[] = [];

/** `/reviewer/certificates`: every certificate of the programmes I work in. */
export default function CertificatesPage() {
  const { t, day, compare } = useI18n();
  const [search, setSearch] = useSearchParams();
  const which = search.get('standing') ?? '';
  const certificates = useAll('/api/v1/certificates');
  const rows = useMemo(
    () => (certificates.data ?? NONE).filter((row) => !which || standing(row) === which),
    [certificates.data, which],
  );
  const { field, found } = useSearch(rows, words);
  const columns = useMemo<readonly Column<Row>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ id, site, organisation }) => (
          <>
            <Link href={`/reviewer/certificates/${id}`}>
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
        key: 'number',
        header: t('reviewer.certificate.number'),
        cell: ({ number }) => <bdi dir="ltr">{number}</bdi>,
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: (row) => (
          <Status kind={STANDING[standing(row)]}>{t(`reviewer.standing.${standing(row)}`)}</Status>
        ),
        sort: (one, other) => STANDINGS.indexOf(standing(one)) - STANDINGS.indexOf(standing(other)),
      },
      {
        key: 'issued',
        header: t('reviewer.certificate.issuedOn'),
        cell: ({ issuedOn }) => (issuedOn ? day(issuedOn) : '–'),
        sort: (one, other) => compare(other.issuedOn ?? '', one.issuedOn ?? ''),
      },
      {
        key: 'until',
        header: t('reviewer.certificate.validUntil'),
        cell: ({ validUntil }) => (validUntil ? day(validUntil) : '–'),
        sort: (one, other) => compare(one.validUntil ?? '9', other.validUntil ?? '9'),
      },
    ],
    [t, day, compare],
  );
  return (
    <>
      <PageHeader title={t('reviewer.certificates.title')} lead={t('reviewer.certificates.lead')} />
      <div className="mb-4 flex flex-wrap items-end gap-4">
        {field}
        <Select
          label={t('common.state')}
          value={which}
          onChange={(value) => setSearch(value ? { standing: value } : {}, { replace: true })}
          options={[
            { value: '', label: t('reviewer.every') },
            ...STANDINGS.map((value) => ({ value, label: t(`reviewer.standing.${value}`) })),
          ]}
        />
      </div>
      <Loaded query={certificates} empty={<EmptyState title={t('reviewer.certificates.none')} />}>
        {() => (
          <Table
            caption={t('reviewer.certificates.title')}
            columns={columns}
            rows={found}
            rowKey={({ id }) => id}
            sortedBy="state"
          />
        )}
      </Loaded>
    </>
  );
}
