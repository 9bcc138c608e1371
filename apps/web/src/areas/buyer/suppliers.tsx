import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Status, Text } from '#web/ui/basics';
import { READINESS } from '#web/ui/readiness';
import { EmptyState, Loaded } from '#web/ui/states';
import { type Column, Table } from '#web/ui/table';

/** `/buyer`: the suppliers that the buyer's rules are about, by status. */
export function SuppliersPage() {
  const { t } = useI18n();
  const { memberships } = useMe();
  return (
    <>
      <PageHeader title={t('buyer.suppliers.title')} lead={t('buyer.suppliers.lead')} />
      {memberships
        .filter(({ organisationKind }) => organisationKind === 'buyer')
        .map(({ organisationId }) => (
          <Suppliers key={organisationId} buyer={organisationId} />
        ))}
    </>
  );
}

function Suppliers({ buyer }: { buyer: string }) {
  const { t, day, compare } = useI18n();
  const suppliers = useRead('/api/v1/buyers/{id}/suppliers', { params: { path: { id: buyer } } });
  const columns = useMemo<readonly Column<Schema<'SupplierReadiness'>>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteName, organisation }) => (
          <>
            <Text>{siteName}</Text>
            <span className="block font-normal text-soft">
              <Text>{organisation}</Text>
            </span>
          </>
        ),
        sort: (one, other) => compare(one.siteName, other.siteName),
      },
      { key: 'rule', header: t('buyer.suppliers.rule'), cell: ({ title }) => <Text>{title}</Text> },
      {
        key: 'status',
        header: t('common.state'),
        cell: ({ status }) => <Status kind={READINESS[status]}>{t(`buyer.readiness.${status}`)}</Status>,
        sort: (one, other) => compare(one.status, other.status),
      },
      {
        key: 'until',
        header: t('buyer.suppliers.until'),
        cell: ({ validUntil }) => (validUntil ? day(validUntil) : '–'),
        sort: (one, other) => compare(one.validUntil ?? '9', other.validUntil ?? '9'),
      },
    ],
    [t, day, compare],
  );
  return (
    <Loaded
      query={suppliers}
      empty={<EmptyState title={t('buyer.suppliers.none')}>{t('buyer.suppliers.noneFix')}</EmptyState>}
    >
      {(rows) => (
        <Table
          caption={t('buyer.suppliers.title')}
          columns={columns}
          rows={rows}
          rowKey={({ siteId, rule, category }) => `${siteId} ${rule} ${category}`}
        />
      )}
    </Loaded>
  );
}
