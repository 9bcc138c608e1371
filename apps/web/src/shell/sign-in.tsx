import { lazy, type ReactNode, Suspense, useEffect, useState } from 'react';
import { useRead } from '#web/api/hooks';
import { auth, missingFactor, signedIn } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Button, Skeleton } from '#web/ui/basics';
import { CodeField, Form, PasswordField, TextField } from '#web/ui/form';
import { ProblemBox } from '#web/ui/states';
import { noteGoing } from './going';
import { passkeysWork, signInWithPasskey } from './passkey';

/** Setting up the second factor draws a QR code; most people never need it here. */
const Enrol = lazy(() => import('./enrol'));
const Register = lazy(() => import('./register'));

/** Where the link of a mail that confirms an address leads. */
const CONFIRMED = '/app/sign-in?confirmed';

type Step = 'password' | 'code' | 'backup' | 'enrol' | 'forgot' | 'link' | 'sent' | 'register' | 'confirm';

/**
 * Signing in, step by step: password (or passkey, link by mail, the organisation's own sign-in), code, first set-up of the
 * second factor. On a page of its own and, with `email` fixed, over a page whose session ran out.
 */
export function SignIn({
  first = 'password',
  email,
  onDone,
  onRegister,
}: {
  first?: Step;
  email?: string;
  onDone?: () => void;
  /** Told whether an account is made instead, so that the page can say so. */
  onRegister?: (registers: boolean) => void;
}) {
  const { t } = useI18n();
  const [step, setStep] = useState<Step>(first);
  const registers = step === 'register' || step === 'confirm';
  useEffect(() => onRegister?.(registers), [onRegister, registers]);
  const [typed, setTyped] = useState({ email: email ?? '', password: '' });
  const [error, setError] = useState<unknown>(null);

  const proceed = async (): Promise<void> => {
    const missing = missingFactor(await signedIn());
    if (missing) setStep(missing);
    else onDone?.();
  };
  const byPasskey = async (): Promise<void> => {
    setError(null);
    try {
      await signInWithPasskey();
      await proceed();
    } catch (caught) {
      // Stopped by the person, or no passkey here: nothing to complain about.
      if (!(caught instanceof DOMException)) setError(caught);
    }
  };
  const passkey = passkeysWork() && (
    <Button icon="key" onClick={() => void byPasskey()}>
      {t('shell.signIn.passkey')}
    </Button>
  );
  const back = (
    <Button look="quiet" onClick={() => setStep('password')}>
      {t('common.back')}
    </Button>
  );

  switch (step) {
    case 'password':
      return (
        <div className="grid gap-4">
          <Form
            brief
            key={step}
            submit={t('shell.signIn.submit')}
            onSubmit={async (values) => {
              const given = { email: email ?? values['email']!, password: values['password']! };
              setTyped(given);
              const answer = await auth<{ twoFactorRedirect?: boolean }>('/sign-in/email', {
                ...given,
                // Where the address isn't confirmed yet, another mail goes out.
                callbackURL: CONFIRMED,
              });
              if (answer.twoFactorRedirect) setStep('code');
              else await proceed();
            }}
            actions={
              <Button look="quiet" onClick={() => setStep('forgot')}>
                {t('shell.signIn.forgot')}
              </Button>
            }
          >
            <Email fixed={email} value={typed.email} />
            <PasswordField
              label={t('shell.signIn.password')}
              name="password"
              required
              autoComplete="current-password"
            />
          </Form>
          <div className="grid gap-2 border-t border-line pt-4">
            <p className="text-sm text-soft">{t('shell.signIn.otherWays')}</p>
            {passkey}
            <Button onClick={() => setStep('link')}>{t('shell.signIn.link')}</Button>
            <Providers />
            {error !== null && <ProblemBox error={error} />}
          </div>
          {!email && (
            <div className="grid gap-2 border-t border-line pt-4">
              <p className="text-sm text-soft">{t('shell.register.none')}</p>
              <Button onClick={() => setStep('register')}>{t('shell.register.title')}</Button>
            </div>
          )}
        </div>
      );
    case 'code':
      return (
        <Form
          brief
          key={step}
          submit={t('shell.signIn.confirmCode')}
          onSubmit={async ({ code }) => {
            await auth('/two-factor/verify-totp', { code: code!.replace(/\s/g, '') });
            await proceed();
          }}
          actions={
            <>
              <Button look="quiet" onClick={() => setStep('backup')}>
                {t('shell.signIn.useBackup')}
              </Button>
              {passkey}
            </>
          }
        >
          <p>{t('shell.signIn.codeLead')}</p>
          <CodeField />
        </Form>
      );
    case 'backup':
      return (
        <Form
          brief
          key={step}
          submit={t('shell.signIn.confirmCode')}
          onSubmit={async ({ code }) => {
            await auth('/two-factor/verify-backup-code', { code: code!.trim() });
            await proceed();
          }}
          actions={
            <Button look="quiet" onClick={() => setStep('code')}>
              {t('common.back')}
            </Button>
          }
        >
          <TextField
            label={t('shell.signIn.backupCode')}
            hint={t('shell.signIn.backupHint')}
            name="code"
            required
            autoComplete="off"
            dir="ltr"
          />
        </Form>
      );
    case 'enrol':
      return (
        <Suspense fallback={<Skeleton />}>
          <Enrol password={typed.password} onDone={() => void proceed()} />
        </Suspense>
      );
    case 'forgot':
    case 'link':
      return (
        <Form
          brief
          key={step}
          submit={t('shell.signIn.send')}
          onSubmit={async (values) => {
            const given = email ?? values['email']!;
            setTyped({ email: given, password: '' });
            noteGoing(given);
            if (step === 'forgot')
              await auth('/request-password-reset', { email: given, redirectTo: '/app/reset-password' });
            else await auth('/sign-in/magic-link', { email: given, callbackURL: '/app/' });
            setStep('sent');
          }}
          actions={back}
        >
          <p>{t(step === 'forgot' ? 'shell.signIn.forgotLead' : 'shell.signIn.linkLead')}</p>
          <Email fixed={email} value={typed.email} />
        </Form>
      );
    case 'register':
      return (
        <Suspense fallback={<Skeleton />}>
          <Register
            email={<Email value={typed.email} />}
            back={back}
            callbackURL={CONFIRMED}
            onSent={(given) => {
              setTyped({ email: given, password: '' });
              setStep('confirm');
            }}
          />
        </Suspense>
      );
    case 'sent':
    case 'confirm':
      return (
        <div className="grid gap-4" role="status">
          <p className="font-semibold">{t('shell.signIn.sent')}</p>
          <p>
            {t(step === 'sent' ? 'shell.signIn.sentLead' : 'shell.register.sentLead', { email: typed.email })}
          </p>
          <div>{back}</div>
        </div>
      );
  }
}

function Email({ fixed, value }: { fixed?: string | undefined; value: string }): ReactNode {
  const { t } = useI18n();
  return (
    <TextField
      label={t('shell.signIn.email')}
      name="email"
      type="email"
      required
      autoComplete="username"
      defaultValue={fixed ?? value}
      readOnly={fixed !== undefined}
      dir="ltr"
    />
  );
}

/** Organisations' own ways of signing in, if there are any. */
function Providers(): ReactNode {
  const { t } = useI18n();
  const { data } = useRead('/api/v1/sign-in-providers');
  return data?.map(({ id, name }) => (
    <Button
      key={id}
      onClick={() =>
        void auth<{ url: string }>('/sign-in/social', {
          provider: id,
          callbackURL: '/app/',
          errorCallbackURL: '/app/sign-in',
        }).then(({ url }) => location.assign(url))
      }
    >
      {t('shell.signIn.provider', { name })}
    </Button>
  ));
}
