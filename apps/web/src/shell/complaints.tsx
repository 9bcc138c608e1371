import { useLocation } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useAll, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { EmptyState, Loaded } from '#web/ui/states';

type Row = Schema<'ComplaintRow'>;
const newestFirst = (one: Row, other: Row): number =>
  one.raisedOn === other.raisedOn ? 0 : one.raisedOn < other.raisedOn ? 1 : -1;

const AWAITED: readonly string[] = ['received', 'acknowledged', 'under-investigation'];

/** `/buyer/complaints`, `/supplier/complaints`: what was raised, where it stands, and by when it has to be answered. */
export default function ComplaintsPage() {
  const supplier = useLocation()[0].startsWith('/supplier');
  const { t, day, daysFromNow } = useI18n();
  const { userId } = useMe();
  const complaints = useAll('/api/v1/complaints');
  const step = useWrite('post', '/api/v1/complaints/{id}/steps');
  return (
    <>
      <PageHeader
        title={t(supplier ? 'complaint.titleSupplier' : 'complaint.title')}
        lead={t(supplier ? 'complaint.leadSupplier' : 'complaint.lead')}
        {...(supplier && { back: { href: '/supplier', label: t('supplier.sites.title') } })}
      />
      <Loaded
        query={complaints}
        empty={
          <EmptyState title={t('complaint.none')}>
            {t(supplier ? 'complaint.noneFixSupplier' : 'complaint.noneFix')}
          </EmptyState>
        }
      >
        {(rows) =>
          [...rows].sort(newestFirst).map((row) => (
            <Panel
              key={row.id}
              heading={`${t(`complaint.kind.${row.kind}`)} – ${t(`complaint.about.${row.about}`)}`}
            >
              <p className="mb-2 flex flex-wrap items-center gap-2">
                <Status kind="neutral">{t(`complaint.state.${row.state}`)}</Status>
                {row.overdue && <Status kind="critical">{t('complaint.overdue')}</Status>}
                {AWAITED.includes(row.state) && (
                  <span>
                    {t('complaint.decideBy', { day: day(row.decideBy) })} ({daysFromNow(row.decideBy)})
                  </span>
                )}
              </p>
              <p className="whitespace-pre-wrap">
                <Text>{row.text}</Text>
              </p>
              <p className="text-sm text-soft">
                {t('complaint.raisedOn', { day: day(row.raisedOn) })}
                {', '}
                {row.raisedBy ? (
                  <bdi>{t('complaint.by', { name: row.raisedBy.name ?? '–' })}</bdi>
                ) : (
                  t('complaint.inConfidence')
                )}
              </p>
              {row.confidential && row.raisedBy && (
                <p className="text-sm text-soft">{t('complaint.isConfidential')}</p>
              )}
              {row.outcome && (
                <p className="mt-2">
                  <b>{t(`complaint.outcome.${row.outcome}`)}</b>{' '}
                  {row.outcomeReason && <Text>{row.outcomeReason}</Text>}
                  {row.reopened && <span className="block">{t('complaint.reopened')}</span>}
                </p>
              )}
              {AWAITED.includes(row.state) && row.raisedBy?.userId === userId && (
                <div className="mt-3">
                  <Confirm
                    label={t('complaint.withdraw')}
                    title={t('complaint.withdraw')}
                    question={t('complaint.withdrawQuestion')}
                    confirm={t('complaint.withdraw')}
                    look="danger"
                    onConfirm={() =>
                      step.mutateAsync({
                        params: { path: { id: row.id } },
                        headers: ifMatch(row.revision),
                        body: { action: 'withdraw' },
                      })
                    }
                  />
                </div>
              )}
            </Panel>
          ))
        }
      </Loaded>
    </>
  );
}
