import { type ReactNode, useCallback, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Link, Text } from '#web/ui/basics';
import { Select } from '#web/ui/form';

export type BuyerSite = Schema<'BuyerSite'>;
export type Approval = Schema<'Approval'>;

const CHOSEN = 'uplift.buyer';

/** The buyer somebody works for; whoever works for several chooses, and it is remembered for the session. */
export function ForBuyer({ children }: { children: (buyer: string) => ReactNode }) {
  const { t } = useI18n();
  const { memberships } = useMe();
  const mine = [
    ...new Set(
      memberships
        .filter(({ organisationKind }) => organisationKind === 'buyer')
        .map(({ organisationId }) => organisationId),
    ),
  ];
  const [chosen, setChosen] = useState(() => sessionStorage.getItem(CHOSEN) ?? '');
  const buyer = mine.includes(chosen) ? chosen : mine[0]!;
  const names = useRead(
    '/api/v1/organisations',
    { params: { query: { kind: 'buyer', limit: 200 } } },
    { enabled: mine.length > 1 },
  );
  return (
    <>
      {mine.length > 1 && (
        <div className="no-print mb-4 max-w-md">
          <Select
            label={t('buyer.choose')}
            value={buyer}
            onChange={(id) => {
              sessionStorage.setItem(CHOSEN, id);
              setChosen(id);
            }}
            options={mine.map((value) => ({
              value,
              label: names.data?.items.find(({ id }) => id === value)?.name ?? value,
            }))}
          />
        </div>
      )}
      {children(buyer)}
    </>
  );
}

/** How a condition stands in words: what, how much there is, how much is asked. */
export function useCondition(): (condition: Schema<'FailingCondition'>) => string {
  const { t, number } = useI18n();
  return useCallback(
    ({ code, subject, actual, needed }) => {
      const said = (value: number | string | boolean | null): string =>
        value === null
          ? t('buyer.condition.none')
          : typeof value === 'boolean'
            ? t(value ? 'buyer.condition.yes' : 'buyer.condition.no')
            : typeof value === 'number'
              ? number(value, { maximumFractionDigits: 1 })
              : value;
      return t('buyer.condition', {
        what: `${t(`buyer.condition.${code}`)}${subject ? ` ${subject}` : ''}`,
        actual: said(actual),
        needed: said(needed),
      });
    },
    [t, number],
  );
}

/** That conditional approval was possible until a day, where it is over; nothing else. */
export function GraceOver({ status, until }: { status: Approval['status']; until: string | null }) {
  const { t, day } = useI18n();
  return status === 'not-ready' && until ? (
    <span>{t('buyer.why.graceOver', { day: day(until) })}</span>
  ) : null;
}

/** A site in a list, with whose it is; leads to what is shared of it. */
export function SiteName({ site }: { site: BuyerSite }) {
  return (
    <>
      <Link href={`/buyer/sites/${site.siteId}`}>
        <Text>{site.site}</Text>
      </Link>
      <span className="block font-normal text-soft">
        <Text>{site.organisation}</Text>
      </span>
    </>
  );
}
