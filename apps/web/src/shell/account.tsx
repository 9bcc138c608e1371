import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useLocation } from 'wouter';
import { call } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { auth, hasUnsentWork, signedIn, signOut, useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Button, PageHeader, Panel, Skeleton, Status, Text } from '#web/ui/basics';
import { Confirm, Dialog } from '#web/ui/dialog';
import { Form, NewPasswordField, PasswordField, Select, TextField } from '#web/ui/form';
import { Loaded, ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { addPasskey, passkeysWork } from './passkey';
import { LanguagePicker, languageOptions, ThemePicker } from './pickers';

const Enrol = lazy(() => import('./enrol'));

/** `/account`: who one is here, how the app looks and speaks, where and how one signs in, and the way out. */
export default function AccountPage() {
  const { t } = useI18n();
  const me = useMe();
  const [, go] = useLocation();
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // Whoever signs in next begins at their own start.
  const leave = (ended = false) => void signOut(ended).then(() => go('/', { replace: true }), setError);
  return (
    <div className="max-w-2xl">
      <PageHeader title={t('shell.account')} />
      <Panel heading={<Text>{me.name}</Text>}>
        <p className="text-soft">
          <bdi dir="ltr">{me.email}</bdi>
        </p>
        <ul className="mt-3 flex flex-wrap gap-2 text-sm">
          {me.memberships.map(({ organisationId, organisationKind, role }) => (
            <li key={organisationId + role} className="rounded-full bg-sunken px-3 py-1">
              {t(`common.role.${role}`)} – {t(`common.kind.${organisationKind}`)}
            </li>
          ))}
        </ul>
        {error !== null && <ProblemBox error={error} />}
        <p className="mt-4">
          <Button onClick={() => (hasUnsentWork() ? setAsked(true) : leave())}>{t('shell.signOut')}</Button>
        </p>
        {asked && (
          <Dialog title={t('shell.signOut')} onClose={() => setAsked(false)}>
            <p className="mb-4">{t('shell.signOut.unsent')}</p>
            <div className="flex flex-wrap gap-2">
              <Button look="primary" onClick={() => leave()}>
                {t('shell.signOut')}
              </Button>
              <Button onClick={() => setAsked(false)}>{t('common.cancel')}</Button>
            </div>
          </Dialog>
        )}
      </Panel>
      <Panel heading={t('shell.account.looks')}>
        <div className="grid gap-4 sm:grid-cols-2">
          <LanguagePicker />
          <ThemePicker />
          <MailLanguage />
        </div>
      </Panel>
      <Sessions />
      {passkeysWork() && <Passkeys />}
      <SecondFactor />
      <Password />
      <Forget onDone={() => leave(true)} />
    </div>
  );
}

function MailLanguage() {
  const { t } = useI18n();
  const me = useMe();
  const change = useWrite('patch', '/api/v1/me');
  return (
    <Select
      label={t('shell.account.mail')}
      value={me.language ?? ''}
      options={[{ value: '', label: t('shell.account.mailAuto') }, ...languageOptions()]}
      onChange={(language) =>
        change.mutate(
          { body: { language: language || null } },
          { onSuccess: () => void signedIn().then(() => toast(t('shell.account.saved'))) },
        )
      }
    />
  );
}

/** What a browser says of itself, as people know it: its name and the system it runs on. */
function deviceName(agent: string): string {
  const browser = /Edg|OPR|SamsungBrowser|Firefox|CriOS|Chrome|Safari/.exec(agent)?.[0];
  const system = /Android|iPhone|iPad|Windows|Mac OS|CrOS|Linux/.exec(agent)?.[0];
  const names: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera', CriOS: 'Chrome' };
  return browser && system ? `${names[browser] ?? browser} – ${system}` : agent;
}

function Sessions() {
  const { t, moment } = useI18n();
  const sessions = useRead('/api/v1/me/sessions');
  const end = useWrite('delete', '/api/v1/me/sessions/{id}');
  const endOthers = useWrite('post', '/api/v1/me/sessions/end-others');
  return (
    <Panel heading={t('shell.account.sessions')}>
      <Loaded query={sessions} rows={2}>
        {(rows) => (
          <>
            <ul className="mb-3">
              {rows.map(({ id, device, address, lastUsedAt, current }) => (
                <li
                  key={id}
                  className="flex flex-wrap items-center justify-between gap-2 border-t border-line py-3 first:border-t-0"
                >
                  <div className="min-w-0">
                    <p className="font-semibold wrap-anywhere">
                      {device ? <Text>{deviceName(device)}</Text> : t('shell.account.unknownDevice')}
                    </p>
                    <p className="text-sm text-soft">
                      {t('shell.account.lastUsed', { moment: moment(lastUsedAt) })}{' '}
                      {address && <bdi dir="ltr">{address}</bdi>}
                    </p>
                  </div>
                  {current ? (
                    <Status kind="conforming">{t('shell.account.thisDevice')}</Status>
                  ) : (
                    <Confirm
                      label={t('shell.account.end')}
                      title={t('shell.account.endTitle')}
                      question={t('shell.account.endText')}
                      confirm={t('shell.account.end')}
                      onConfirm={() =>
                        end
                          .mutateAsync({ params: { path: { id } } })
                          .then(() => toast(t('shell.account.ended', { n: 1 })))
                      }
                    />
                  )}
                </li>
              ))}
            </ul>
            {rows.length > 1 && (
              <Confirm
                label={t('shell.account.endOthers')}
                title={t('shell.account.endOthers')}
                question={t('shell.account.endText')}
                confirm={t('shell.account.endOthers')}
                onConfirm={() =>
                  endOthers.mutateAsync({}).then(({ ended }) => toast(t('shell.account.ended', { n: ended })))
                }
              />
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

interface Passkey {
  readonly id: string;
  readonly name?: string | null;
  readonly createdAt?: string | null;
}
const PASSKEYS = ['passkeys'];

function Passkeys() {
  const { t, day } = useI18n();
  const queries = useQueryClient();
  const passkeys = useQuery({
    queryKey: PASSKEYS,
    queryFn: () => auth<Passkey[]>('/passkey/list-user-passkeys'),
  });
  const [error, setError] = useState<unknown>(null);
  const changed = async (text: string): Promise<void> => {
    await queries.invalidateQueries({ queryKey: PASSKEYS });
    toast(text);
  };
  return (
    <Panel heading={t('shell.account.passkeys')}>
      <p className="mb-2 max-w-prose">{t('shell.account.passkeysLead')}</p>
      <Loaded query={passkeys} rows={1} empty={<p className="text-soft">{t('shell.account.noPasskeys')}</p>}>
        {(rows) => (
          <ul>
            {rows.map(({ id, name, createdAt }) => (
              <li
                key={id}
                className="flex flex-wrap items-center justify-between gap-2 border-t border-line py-3 first:border-t-0"
              >
                <span>
                  <span className="font-semibold">
                    {name ? <Text>{name}</Text> : t('shell.account.passkey')}
                  </span>{' '}
                  {createdAt && (
                    <span className="text-sm text-soft">
                      {t('shell.account.created', { day: day(createdAt) })}
                    </span>
                  )}
                </span>
                <Confirm
                  label={t('shell.account.remove')}
                  title={t('shell.account.removeTitle')}
                  question={t('shell.account.removeText')}
                  confirm={t('shell.account.remove')}
                  onConfirm={() =>
                    auth('/passkey/delete-passkey', { id }).then(() => changed(t('shell.account.removed')))
                  }
                />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {error !== null && <ProblemBox error={error} />}
      <p className="mt-3">
        <Button
          icon="key"
          onClick={() => {
            setError(null);
            addPasskey(navigator.platform || 'Uplift')
              .then(() => changed(t('shell.account.passkeyAdded')))
              .catch((caught: unknown) => {
                // Stopped by its person.
                if (!(caught instanceof DOMException)) setError(caught);
              });
          }}
        >
          {t('shell.account.addPasskey')}
        </Button>
      </p>
    </Panel>
  );
}

function SecondFactor() {
  const { t } = useI18n();
  const { secondFactor } = useMe();
  const [setUp, setSetUp] = useState(false);
  if (!secondFactor) return null;
  const done = (text: string) => async (): Promise<void> => {
    await signedIn();
    setSetUp(false);
    toast(text);
  };
  return (
    <Panel heading={t('shell.account.second')}>
      <p className="mb-3 flex flex-wrap items-center gap-2">
        {secondFactor.enrolled ? (
          <Status kind="conforming">{t('shell.account.secondOn')}</Status>
        ) : (
          t('shell.account.secondOff')
        )}
      </p>
      {!secondFactor.enrolled ? (
        <Button onClick={() => setSetUp(true)}>{t('shell.account.secondSetUp')}</Button>
      ) : secondFactor.required ? (
        <p className="text-soft">{t('shell.account.secondNeeded')}</p>
      ) : (
        <Confirm
          label={t('shell.account.secondRemove')}
          look="danger"
          title={t('shell.account.secondRemove')}
          question={t('shell.account.secondRemoveText')}
          confirm={t('shell.account.secondRemove')}
          fields={
            <PasswordField
              label={t('shell.signIn.password')}
              name="password"
              required
              autoComplete="current-password"
            />
          }
          onConfirm={({ password }) =>
            auth('/two-factor/disable', { password }).then(done(t('shell.account.secondRemoved')))
          }
        />
      )}
      {setUp && (
        <Dialog title={t('shell.account.second')} onClose={() => setSetUp(false)}>
          <Suspense fallback={<Skeleton />}>
            <Enrol password="" chosen onDone={() => void done(t('shell.account.secondDone'))()} />
          </Suspense>
        </Dialog>
      )}
    </Panel>
  );
}

function Password() {
  const { t } = useI18n();
  return (
    <Panel>
      <details>
        <summary className="min-h-8 font-semibold">{t('shell.account.password')}</summary>
        <div className="mt-3">
          <Form
            submit={t('shell.reset.submit')}
            onSubmit={async ({ currentPassword, newPassword }) => {
              await auth('/change-password', { currentPassword, newPassword, revokeOtherSessions: true });
              toast(t('shell.account.passwordDone'));
            }}
          >
            <PasswordField
              label={t('shell.account.currentPassword')}
              name="currentPassword"
              required
              autoComplete="current-password"
            />
            <NewPasswordField label={t('shell.reset.password')} name="newPassword" />
          </Form>
        </div>
      </details>
    </Panel>
  );
}

/** The end of an account, with its address typed. The last owner of an organisation is told to hand it on first. */
function Forget({ onDone }: { onDone: () => void }) {
  const { t } = useI18n();
  const { email } = useMe();
  return (
    <Panel heading={t('shell.account.forget')}>
      <p className="mb-3 max-w-prose">{t('shell.account.forgetLead')}</p>
      <Confirm
        label={t('shell.account.forget')}
        look="danger"
        title={t('shell.account.forgetTitle')}
        question={t('shell.account.forgetText', { email })}
        confirm={t('shell.account.forget')}
        fields={
          <TextField
            label={t('shell.account.forgetEmail')}
            name="confirm"
            type="email"
            dir="ltr"
            required
            autoComplete="off"
          />
        }
        onConfirm={async ({ confirm = '' }) => {
          // Nothing is read anew afterwards: there is nobody to read it.
          await call('delete', '/api/v1/me', { body: { confirm } });
          toast(t('shell.account.forgotten'));
          onDone();
        }}
      />
    </Panel>
  );
}
