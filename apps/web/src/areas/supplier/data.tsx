import { EXIT_REASONS } from '#domain/exit';
import { useState } from 'react';
import { ApiProblem } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { atSignOut, signedIn } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Button, ButtonLink, PageHeader, Panel, Skeleton, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { DirectoryFields, useDirectoryEntry } from '#web/shell/directory-entry';
import { Form, Select, TextField } from '#web/ui/form';
import { EmptyState, ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { useBusinesses } from './parts';

/** Which archive was asked for on this device last, by business: the page may be left while it is made. */
const STORED = 'uplift.export.';
atSignOut(() => {
  for (const key of Object.keys(localStorage)) if (key.startsWith(STORED)) localStorage.removeItem(key);
});

/** `/supplier/data`: take everything with one, and leave. */
export default function DataPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeader title={t('supplier.data.title')} />
      {useBusinesses().map(({ id, roles }) => (
        <OfBusiness key={id} id={id} owner={roles.includes('owner')} />
      ))}
    </>
  );
}

function OfBusiness({ id, owner }: { id: string; owner: boolean }) {
  const { t, day } = useI18n();
  const business = useRead('/api/v1/organisations/{id}', { params: { path: { id } } });
  return (
    <>
      <Panel heading={business.data ? <Text>{business.data.name}</Text> : '…'}>
        <h3 className="mb-1">{t('supplier.data.export')}</h3>
        <p className="mb-3 max-w-prose">{t('supplier.data.exportLead')}</p>
        {owner ? <Archive id={id} /> : <EmptyState title={t('supplier.data.owners')} />}
      </Panel>
      {business.data?.leftOn ? (
        <Panel heading={t('supplier.data.leave')}>
          <p>{t('supplier.data.hasLeft', { day: day(business.data.leftOn) })}</p>
        </Panel>
      ) : (
        owner &&
        business.data && (
          <>
            {business.data.directoryEntry && <Found id={id} entry={business.data.directoryEntry} />}
            <Leave id={id} name={business.data.name} />
          </>
        )
      )}
    </>
  );
}

type Entry = Parameters<typeof DirectoryFields>[0]['entry'];

function Found({ id, entry }: { id: string; entry: Entry }) {
  const { t } = useI18n();
  const save = useDirectoryEntry();
  return (
    <Panel heading={t('common.found.title')} className="max-w-2xl">
      {/* What a colleague has changed meanwhile is shown. */}
      <Form
        key={`${entry.listed} ${entry.language}`}
        submit={t('common.save')}
        onSubmit={(_, data) => save(id, data)}
      >
        <DirectoryFields entry={entry} />
      </Form>
    </Panel>
  );
}

function Archive({ id }: { id: string }) {
  const { t, moment, number } = useI18n();
  const [archive, setArchive] = useState(() => localStorage.getItem(STORED + id));
  const [busy, setBusy] = useState(true);
  const state = useRead(
    '/api/v1/exports/{id}',
    { params: { path: { id: archive ?? '' } } },
    { enabled: !!archive, ...(busy && { every: 2000 }) },
  );
  const request = useWrite('post', '/api/v1/organisations/{id}/exports');
  const waiting = state.data?.state === 'waiting';
  if (state.data && busy !== waiting) setBusy(waiting);
  // One that the product doesn't know any more is as good as none.
  const gone = state.error instanceof ApiProblem && state.error.problem.status === 404;
  const ready = state.data?.state === 'ready' ? state.data : null;
  return (
    <div aria-live="polite">
      {archive && state.isPending && <Skeleton rows={1} />}
      {waiting && !gone && <p role="status">{t('supplier.data.exportWaiting')}</p>}
      {ready && (
        <p className="mb-3">
          {t('supplier.data.exportReady', { moment: moment(ready.expiresAt!) })}{' '}
          <ButtonLink external href={`/api/v1/exports/${ready.id}/archive`} look="primary" icon="download">
            {t('supplier.data.download', {
              size: number(Math.max(1, Math.round(ready.size! / 1000)), { style: 'unit', unit: 'kilobyte' }),
            })}
          </ButtonLink>
        </p>
      )}
      {state.data?.state === 'expired' && <p className="mb-3">{t('supplier.data.exportExpired')}</p>}
      {state.error && !gone && <ProblemBox error={state.error} />}
      {request.error && <ProblemBox error={request.error} />}
      {(!waiting || gone) && (
        <Button
          busy={request.isPending}
          onClick={() =>
            request.mutate(
              { params: { path: { id } } },
              {
                onSuccess: (made) => {
                  localStorage.setItem(STORED + id, made.id);
                  setBusy(true);
                  setArchive(made.id);
                },
              },
            )
          }
        >
          {t('supplier.data.exportStart')}
        </Button>
      )}
    </div>
  );
}

function Leave({ id, name }: { id: string; name: string }) {
  const { t } = useI18n();
  const leave = useWrite('post', '/api/v1/organisations/{id}/leave');
  return (
    <Panel heading={t('supplier.data.leave')}>
      <p className="mb-3 max-w-prose">{t('supplier.data.leaveLead')}</p>
      <Confirm
        label={t('supplier.data.leave')}
        look="danger"
        title={t('supplier.data.leaveTitle')}
        question={t('supplier.data.leaveText', { name })}
        confirm={t('supplier.data.leave')}
        fields={
          <>
            <TextField label={t('supplier.data.leaveName')} name="confirm" required autoComplete="off" />
            <Select
              label={t('supplier.data.leaveReason')}
              name="reason"
              required
              defaultValue=""
              options={[
                { value: '', label: t('supplier.data.leaveChoose') },
                ...EXIT_REASONS.map((reason) => ({
                  value: reason,
                  label: t(`supplier.data.reason.${reason}`),
                })),
              ]}
            />
            <TextField label={t('supplier.data.leaveNote')} name="note" maxLength={1000} />
          </>
        }
        onConfirm={async ({ confirm, reason, note }) => {
          await leave.mutateAsync({
            params: { path: { id } },
            body: {
              confirm: confirm!,
              reason: reason as (typeof EXIT_REASONS)[number],
              ...(note && { note }),
            },
          });
          toast(t('supplier.data.leaveDone'));
          await signedIn();
        }}
      />
    </Panel>
  );
}
