import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import type { Schema } from '#web/api/client';
import { call, ifMatch } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { type I18n, serverLocale, useI18n } from '#web/i18n';
import { Button, ButtonLink, Link, PageHeader, Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { CopyField } from '#web/ui/copy-field';
import { Confirm } from '#web/ui/dialog';
import { EmptyState, Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { acts, HasLeft, useBusinesses } from './parts';

const STATE: Readonly<Record<Schema<'GrantState'>, StatusKind>> = {
  active: 'conforming',
  revoked: 'na',
  expired: 'unanswered',
};

/** `/supplier/sharing`: everybody who sees something of the record now, and everything that happened to permissions. */
export default function SharingPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('supplier.share.title')} lead={t('supplier.share.lead')} />
      {useBusinesses().map(({ id, roles, leftOn }) => (
        <Fragment key={id}>
          {leftOn && <HasLeft on={leftOn} />}
          <Sharing id={id} mayGrant={!leftOn && acts(roles)} />
        </Fragment>
      ))}
      <p>
        <Link href="/supplier/data" className="inline-flex min-h-6 items-center">
          {t('supplier.data.export')}
        </Link>
      </p>
    </>
  );
}

type Scopes = Schema<'GrantRow'>['scopes'];
const named = (scopes: Scopes | null, { t, list }: I18n): string =>
  scopes === null
    ? t('supplier.share.record')
    : scopes.length === 0
      ? t('supplier.share.nothing')
      : list(scopes.map((scope) => t(`supplier.share.scope.${scope}`)));

function Sharing({ id, mayGrant }: { id: string; mayGrant: boolean }) {
  const i18n = useI18n();
  const { t } = i18n;
  const params = { params: { path: { id } } };
  const grants = useRead('/api/v1/organisations/{id}/consents', params);
  const viewers = useRead('/api/v1/organisations/{id}/viewers', params);
  return (
    <>
      {mayGrant && (
        <p className="no-print mb-4">
          <ButtonLink href={`/supplier/sharing/new/${id}`} look="primary" icon="plus">
            {t('supplier.share.new')}
          </ButtonLink>
        </p>
      )}
      <Panel heading={t('supplier.share.yours')}>
        <Loaded query={grants} isEmpty={() => false}>
          {(rows) => {
            const active = rows.filter(({ state }) => state === 'active');
            const ended = rows.filter(({ state }) => state !== 'active');
            return (
              <>
                {active.length === 0 && (
                  <EmptyState title={t('supplier.share.none')}>{t('supplier.share.noneFix')}</EmptyState>
                )}
                <ul className="grid gap-3">
                  {active.map((grant) => (
                    <Grant key={grant.id} grant={grant} mayChange={mayGrant} />
                  ))}
                </ul>
                {ended.length > 0 && (
                  <details className="mt-3">
                    <summary className="inline-flex min-h-8 items-center text-link underline">
                      {t('supplier.share.ended', { n: ended.length })}
                    </summary>
                    <ul className="mt-2 grid gap-3">
                      {ended.map((grant) => (
                        <Grant key={grant.id} grant={grant} mayChange={false} />
                      ))}
                    </ul>
                  </details>
                )}
              </>
            );
          }}
        </Loaded>
      </Panel>
      <Panel heading={t('supplier.share.programmes')}>
        <Loaded query={viewers} empty={<EmptyState title={t('supplier.share.none')} />}>
          {(rows) => (
            <>
              <ul>
                {rows.map(({ programme, organisation, part, scopes }) => (
                  <li
                    key={`${programme} ${organisation} ${part}`}
                    className="border-t border-line py-2 first:border-t-0"
                  >
                    <p className="font-semibold">
                      <Text>{organisation}</Text>
                    </p>
                    <p className="text-soft">{t(`supplier.share.part.${part}`, { programme })}</p>
                    <p>{t('supplier.share.sees', { what: named(scopes, i18n) })}</p>
                  </li>
                ))}
              </ul>
              <p className="mt-2 text-soft">{t('supplier.share.programmesLead')}</p>
            </>
          )}
        </Loaded>
      </Panel>
      <Ledger id={id} />
    </>
  );
}

function Grant({ grant, mayChange }: { grant: Schema<'GrantRow'>; mayChange: boolean }) {
  const i18n = useI18n();
  const { t, day, list } = i18n;
  const revoke = useWrite('post', '/api/v1/organisations/{id}/consents/{consentId}/revoke');
  const renew = useWrite('post', '/api/v1/organisations/{id}/consents/{consentId}/new-link', {
    secret: true,
  });
  const call = {
    params: { path: { id: grant.supplierId, consentId: grant.id } },
    headers: ifMatch(grant.revision),
  };
  const name = grant.recipient;
  return (
    <li className="min-w-0 rounded-lg border border-line p-3">
      <p className="text-lg font-semibold">
        <Text>{name}</Text>
      </p>
      {grant.recipientEmail && (
        <p className="text-soft">
          <bdi dir="ltr">{grant.recipientEmail}</bdi>
        </p>
      )}
      <p className="mt-1 flex flex-wrap items-center gap-2">
        <Status kind={STATE[grant.state]}>{t(`supplier.share.state.${grant.state}`)}</Status>
        {t('supplier.share.until', { day: day(grant.until) })}
      </p>
      <p className="mt-1">{t('supplier.share.sees', { what: named(grant.scopes, i18n) })}</p>
      <p>{t('supplier.share.sites', { names: list(grant.sites.map((site) => site.name ?? '–')) })}</p>
      <p>{t('supplier.share.for', { purpose: grant.purpose })}</p>
      {mayChange && (
        <div className="no-print mt-3 grid gap-3">
          {grant.link && <CopyField label={t('supplier.share.link', { name })} value={grant.link} />}
          <div className="flex flex-wrap gap-2">
            <ButtonLink href={`/supplier/sharing/change/${grant.supplierId}/${grant.id}`}>
              {t('supplier.share.change')}
            </ButtonLink>
            <Confirm
              label={t('supplier.share.revoke')}
              look="danger"
              title={t('supplier.share.revokeTitle')}
              question={t('supplier.share.revokeText', { name })}
              confirm={t('supplier.share.revoke')}
              onConfirm={() =>
                revoke.mutateAsync(call).then(() => toast(t('supplier.share.revoked', { name })))
              }
            />
            {!grant.granteeId && (
              <Confirm
                label={t('supplier.share.newLink')}
                title={t('supplier.share.newLink')}
                question={t('supplier.share.newLinkText', { name })}
                confirm={t('supplier.share.newLink')}
                onConfirm={() => renew.mutateAsync(call).then(() => toast(t('supplier.share.newLinkDone')))}
              />
            )}
          </div>
        </div>
      )}
    </li>
  );
}

function Ledger({ id }: { id: string }) {
  const { t, moment, locale } = useI18n();
  const path = '/api/v1/organisations/{id}/consents/ledger';
  const ledger = useInfiniteQuery({
    queryKey: [path, id, locale],
    queryFn: ({ pageParam, signal }) =>
      call('get', path, {
        params: { path: { id }, query: { limit: 25, ...(pageParam && { cursor: pageParam }) } },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  const events = ledger.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <Panel heading={t('supplier.share.ledger')}>
      {ledger.data && events.length === 0 && <p>{t('supplier.share.nothingYet')}</p>}
      <ul>
        {events.map((event) => (
          <li key={event.id} className="border-t border-line py-2 first:border-t-0">
            <p>
              <span className="font-semibold">{t(`supplier.share.event.${event.kind}`)}</span> –{' '}
              <Text>{event.recipient}</Text>
            </p>
            <p className="text-sm text-soft">
              {t('supplier.share.by', { moment: moment(event.at), who: event.by })}
            </p>
          </li>
        ))}
      </ul>
      <div className="no-print mt-3 flex flex-wrap items-center gap-3">
        {ledger.hasNextPage && (
          <Button busy={ledger.isFetchingNextPage} onClick={() => void ledger.fetchNextPage()}>
            {t('supplier.share.older')}
          </Button>
        )}
        <Link external href={`/api/v1/organisations/${id}/consents/ledger.html?lang=${serverLocale()}`}>
          {t('supplier.share.page')}
        </Link>
      </div>
    </Panel>
  );
}
