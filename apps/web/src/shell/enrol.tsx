import { useState } from 'react';
import { auth } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Button } from '#web/ui/basics';
import { CodeField, Form, PasswordField } from '#web/ui/form';
import { QrCode } from '#web/ui/qr';
import { addPasskey, passkeysWork, signInWithPasskey } from './passkey';
import { ProblemBox } from '#web/ui/states';

/**
 * First set-up of the second factor: an app's codes, or a passkey. `password` as just typed, empty when it wasn't; `chosen`:
 * its person wants it, and no role asks for it.
 */
export default function Enrol({
  password,
  chosen = false,
  onDone,
}: {
  password: string;
  chosen?: boolean;
  onDone: () => void;
}) {
  const { t } = useI18n();
  const [made, setMade] = useState<{ totpURI: string; backupCodes: string[] } | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (!made)
    return (
      <div className="grid gap-4">
        {!chosen && <p>{t('shell.enrol.lead')}</p>}
        <Form
          brief
          submit={t('shell.enrol.app')}
          onSubmit={async (values) => {
            const given = password || values['password'];
            setMade(await auth('/two-factor/enable', given ? { password: given } : {}));
          }}
        >
          {!password && (
            <PasswordField
              label={t('shell.signIn.password')}
              hint={t('shell.enrol.passwordHint')}
              name="password"
              autoComplete="current-password"
            />
          )}
        </Form>
        {passkeysWork() && (
          <Button
            icon="key"
            onClick={() => {
              setError(null);
              addPasskey(navigator.platform || 'Uplift')
                .then(signInWithPasskey)
                .then(onDone)
                .catch((caught: unknown) => {
                  if (!(caught instanceof DOMException)) setError(caught);
                });
            }}
          >
            {t('shell.enrol.passkey')}
          </Button>
        )}
        {error !== null && <ProblemBox error={error} />}
      </div>
    );
  const secret = new URL(made.totpURI).searchParams.get('secret') ?? '';
  return (
    <Form
      brief
      submit={t('shell.signIn.confirmCode')}
      onSubmit={async ({ code }) => {
        await auth('/two-factor/verify-totp', { code: code!.replace(/\s/g, '') });
        onDone();
      }}
    >
      <p>{t('shell.enrol.scan')}</p>
      <QrCode text={made.totpURI} label={t('shell.enrol.qr')} />
      <p className="text-sm">
        {t('shell.enrol.secret')}{' '}
        <code dir="ltr" className="break-all select-all">
          {secret}
        </code>
      </p>
      <div>
        <p className="font-semibold">{t('shell.enrol.backup')}</p>
        <p className="text-sm text-soft">{t('shell.enrol.backupLead')}</p>
        <ul dir="ltr" className="mt-2 grid grid-cols-2 gap-1 font-mono text-sm select-all">
          {made.backupCodes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
      </div>
      <CodeField />
    </Form>
  );
}
