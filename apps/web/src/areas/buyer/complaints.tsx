import { ifMatch } from '#web/api/client';
import { useAll, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { EmptyState, Loaded } from '#web/ui/states';

const AWAITED: readonly string[] = ['received', 'acknowledged', 'under-investigation'];

/** `/buyer/complaints`: what was raised, where it stands, and by when it has to be answered. */
export default function ComplaintsPage() {
  const { t, day, daysFromNow } = useI18n();
  const { userId } = useMe();
  const complaints = useAll('/api/v1/complaints');
  const step = useWrite('post', '/api/v1/complaints/{id}/steps');
  return (
    <>
      <PageHeader title={t('buyer.complaints.title')} lead={t('buyer.complaints.lead')} />
      <Loaded
        query={complaints}
        empty={<EmptyState title={t('buyer.complaints.none')}>{t('buyer.complaints.noneFix')}</EmptyState>}
      >
        {(rows) =>
          rows.map((row) => (
            <Panel key={row.id} heading={t(`buyer.complaint.about.${row.about}`)}>
              <p className="mb-2 flex flex-wrap items-center gap-2">
                <Status kind="neutral">{t(`buyer.complaint.state.${row.state}`)}</Status>
                {row.overdue && <Status kind="critical">{t('buyer.complaint.overdue')}</Status>}
                {AWAITED.includes(row.state) && (
                  <span>
                    {t('buyer.complaint.decideBy', { day: day(row.decideBy) })} ({daysFromNow(row.decideBy)})
                  </span>
                )}
              </p>
              <p className="whitespace-pre-wrap">
                <Text>{row.text}</Text>
              </p>
              <p className="text-sm text-soft">{t('buyer.complaint.raisedOn', { day: day(row.raisedOn) })}</p>
              {row.outcome && (
                <p className="mt-2">
                  <b>{t(`buyer.complaint.outcome.${row.outcome}`)}</b>{' '}
                  {row.outcomeReason && <Text>{row.outcomeReason}</Text>}
                </p>
              )}
              {AWAITED.includes(row.state) && row.raisedBy?.userId === userId && (
                <div className="mt-3">
                  <Confirm
                    label={t('buyer.complaint.withdraw')}
                    title={t('buyer.complaint.withdraw')}
                    question={t('buyer.complaint.withdrawQuestion')}
                    confirm={t('buyer.complaint.withdraw')}
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
