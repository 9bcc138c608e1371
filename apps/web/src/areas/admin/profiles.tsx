import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

type Profile = Schema<'ScoringProfile'>;
export const PROVENANCE: Readonly<Record<Profile['provenance']['status'], StatusKind>> = {
  confirmed: 'conforming',
  'programme-default': 'neutral',
  unverified: 'minor',
};

/** `/admin/profiles`: how answers become points: whose rules, and which figures nobody has confirmed. */
export default function ProfilesPage() {
  const { t, locale, number, compare } = useI18n();
  const profiles = useRead('/api/v1/profiles');
  const columns = useMemo<readonly Column<Profile>[]>(() => {
    const titleOf = ({ title, translations }: Profile) => translations?.[locale]?.title ?? title;
    return [
      {
        key: 'title',
        header: t('admin.profiles.profile'),
        cell: (row) => (
          <Link
            href={`/admin/profiles/${encodeURIComponent(row.profile)}/${encodeURIComponent(row.version)}`}
          >
            <Text>{titleOf(row)}</Text>
          </Link>
        ),
        sort: (one, other) => compare(titleOf(one), titleOf(other)),
      },
      {
        key: 'kind',
        header: t('admin.profiles.kind'),
        cell: ({ aggregation }) => t(`admin.aggregation.${aggregation.kind}`),
        sort: (one, other) => compare(one.aggregation.kind, other.aggregation.kind),
      },
      {
        key: 'gates',
        header: t('admin.profiles.gates'),
        numeric: true,
        cell: ({ gates }) => number(gates?.length ?? 0),
      },
      {
        key: 'source',
        header: t('admin.profiles.source'),
        cell: ({ provenance, unverified }) => (
          <>
            <Status kind={PROVENANCE[provenance.status]}>{t(`admin.provenance.${provenance.status}`)}</Status>
            <span className="block text-sm text-soft">
              <Text>{provenance.source}</Text>
            </span>
            {(unverified?.length ?? 0) > 0 && (
              <span className="block text-sm text-minor">
                {t('admin.profiles.unverified', { n: unverified!.length })}
              </span>
            )}
          </>
        ),
        sort: (one, other) => compare(one.provenance.status, other.provenance.status),
      },
    ];
  }, [t, locale, number, compare]);
  return (
    <>
      <PageHeader title={t('admin.nav.profiles')} lead={t('admin.profiles.lead')} />
      <Loaded
        query={profiles}
        empty={<EmptyState title={t('admin.profiles.none')}>{t('admin.profiles.noneFix')}</EmptyState>}
      >
        {(rows) => (
          <Table
            caption={t('admin.nav.profiles')}
            columns={columns}
            rows={rows}
            rowKey={({ profile, version }) => `${profile} ${version}`}
            sortedBy="title"
          />
        )}
      </Loaded>
    </>
  );
}
