import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, Panel, Status, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { Select, TextField } from '#web/ui/form';
import { toast } from '#web/ui/toast';
import { editionPath } from './checklists';
import { useMine } from './mine';

type Row = Schema<'ChecklistRow'>;

/** Withdraws an edition, or takes that back; for whoever may publish. */
export function Withdrawing({ row, editions }: { row: Row; editions: readonly Row[] }) {
  const { t } = useI18n();
  const { agency } = useMine();
  const withdraw = useWrite('post', '/api/v1/checklists/{checklist}/{version}/withdraw');
  const reinstate = useWrite('post', '/api/v1/checklists/{checklist}/{version}/reinstate');
  if (!agency) return null;
  const { checklist, version, title } = row;
  const params = { path: { checklist, version } };
  const edition = `${title} ${version}`;
  const reason = (
    <TextField
      label={t('admin.checklists.reason')}
      hint={t('admin.checklists.reasonHint')}
      name="reason"
      required
      multiline
      maxLength={1000}
    />
  );
  if (row.withdrawn)
    return (
      <FormDialog
        label={t('admin.checklists.reinstate')}
        title={t('admin.checklists.reinstateTitle', { edition })}
        lead={<p className="mb-4">{t('admin.checklists.reinstateLead')}</p>}
        submit={t('admin.checklists.reinstate')}
        onSubmit={async (values) => {
          await reinstate.mutateAsync({ params, body: { reason: values['reason']! } });
          toast(t('admin.checklists.reinstateDone', { edition }));
        }}
      >
        {reason}
      </FormDialog>
    );
  const offered = editions.filter(
    (each) => !each.withdrawn && !(each.checklist === checklist && each.version === version),
  );
  return (
    <FormDialog
      look="danger"
      label={t('admin.checklists.withdraw')}
      title={t('admin.checklists.withdrawTitle', { edition })}
      lead={<p className="mb-4">{t('admin.checklists.withdrawLead')}</p>}
      submit={t('admin.checklists.withdraw')}
      onSubmit={async (values) => {
        const successor = offered[Number(values['successor'] || -1)];
        await withdraw.mutateAsync({
          params,
          body: {
            reason: values['reason']!,
            ...(successor && {
              successor: { checklist: successor.checklist, version: successor.version },
            }),
          },
        });
        toast(t('admin.checklists.withdrawDone', { edition }));
      }}
    >
      {reason}
      <Select
        label={t('admin.checklists.successor')}
        name="successor"
        options={[
          { value: '', label: t('admin.checklists.noSuccessor') },
          ...offered.map((each, n) => ({ value: `${n}`, label: `${each.title} ${each.version}` })),
        ]}
      />
    </FormDialog>
  );
}

/** That an edition is withdrawn, and why; and that it has been. */
export function Withdrawals({ row: { withdrawn, reinstated } }: { row: Row }) {
  const { t, moment } = useI18n();
  return (
    <>
      {withdrawn && (
        <div className="mb-4 grid gap-1 rounded-xl border border-line bg-major-bg p-4">
          <p className="font-semibold text-major">
            {t('admin.checklists.withdrawnSince', { when: moment(withdrawn.since) })}
          </p>
          <p>
            <Text>{withdrawn.reason}</Text>
          </p>
          {withdrawn.successor && (
            <p>
              {t('admin.checklists.successor')}:{' '}
              <Link href={editionPath(withdrawn.successor)}>
                <Text>{`${withdrawn.successor.title} ${withdrawn.successor.version}`}</Text>
              </Link>
            </p>
          )}
        </div>
      )}
      {reinstated.length > 0 && (
        <Panel heading={t('admin.checklists.history')}>
          <ul className="grid gap-3">
            {reinstated.map(({ from, reason, until, because }) => (
              <li key={from} className="grid gap-1">
                <p className="flex flex-wrap items-center gap-2">
                  <Status kind="major">{t('admin.checklists.withdrawn')}</Status>
                  <span className="text-soft">{moment(from)}</span>
                  <Text>{reason}</Text>
                </p>
                <p className="flex flex-wrap items-center gap-2">
                  <Status kind="conforming">{t('admin.checklists.reinstated')}</Status>
                  <span className="text-soft">{moment(until)}</span>
                  <Text>{because}</Text>
                </p>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
