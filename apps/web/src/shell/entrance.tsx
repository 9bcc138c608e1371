/* Ways in, for those who aren't signed in or not any more. Loaded apart: whoever is here already needs none of it. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import { ApiProblem, call } from '#web/api/client';
import { auth, signedIn, useSession } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { ButtonLink } from '#web/ui/basics';
import { Form, NewPasswordField, PersonNameField } from '#web/ui/form';
import { Outside } from './outside';
import { SignIn } from './sign-in';

export { SignIn } from './sign-in';

/** Why an organisation's own sign-in sent somebody back. */
const RETURNED = [
  'address_not_verified',
  'address_not_allowed',
  'account_not_linked',
  'provider_unreachable',
] as const;

/** What a link of a mail brings along when it has run out or was used. */
const LINK_OVER = /token/i;

/** `/sign-in`, and whatever page somebody asked for who isn't signed in: afterwards they are on it. */
export function SignInPage({ step }: { step?: 'code' | 'enrol' | null }) {
  const { t } = useI18n();
  const [path, go] = useLocation();
  const [registers, setRegisters] = useState(false);
  const asked = new URLSearchParams(location.search);
  const error = asked.get('error');
  const why = LINK_OVER.test(error ?? '') ? 'link' : RETURNED.find((each) => each === error);
  return (
    <Outside
      title={t(registers ? 'shell.register.title' : step ? 'shell.signIn.secondTitle' : 'shell.signIn.title')}
      {...(!step && !registers && { lead: t('shell.signIn.lead') })}
    >
      {error && (
        <p role="alert" className="mb-4 rounded-lg bg-critical-bg p-3 text-critical">
          {t(why ? `shell.returned.${why}` : 'shell.returned.other')}
        </p>
      )}
      {!error && asked.has('confirmed') && (
        <p role="status" className="mb-4 rounded-lg bg-conforming-bg p-3 text-conforming">
          {t('shell.register.confirmed')}
        </p>
      )}
      <SignIn
        key={step ?? 'first'}
        {...(step && { first: step })}
        onRegister={setRegisters}
        onDone={() => {
          if (path === '/sign-in') go('/', { replace: true });
        }}
      />
    </Outside>
  );
}

/** `/reset-password?token=…`: where the mail about a forgotten password leads. */
export function ResetPasswordPage() {
  const { t } = useI18n();
  const [done, setDone] = useState(false);
  const token = new URLSearchParams(location.search).get('token') ?? '';
  return (
    <Outside title={t('shell.reset.title')}>
      {done ? (
        <div className="grid gap-4" role="status">
          <p>{t('shell.reset.done')}</p>
          <ButtonLink href="/sign-in" look="primary">
            {t('shell.signIn.submit')}
          </ButtonLink>
        </div>
      ) : (
        <Form
          brief
          submit={t('shell.reset.submit')}
          onSubmit={async ({ newPassword }) => {
            await auth('/reset-password', { newPassword, token });
            setDone(true);
          }}
        >
          <NewPasswordField label={t('shell.reset.password')} name="newPassword" />
        </Form>
      )}
    </Outside>
  );
}

/** `/invitations#…`: where an invitation's mail leads. Joins who is signed in, else makes the account. */
export function InvitationPage() {
  const { t } = useI18n();
  const [, go] = useLocation();
  const { data: me } = useSession();
  const [token] = useState(() => location.hash.slice(1));
  const [needs, setNeeds] = useState<'nothing' | 'account' | 'sign-in'>('nothing');
  const accept = async (details: { name?: string; password?: string } = {}): Promise<void> => {
    try {
      await call('post', '/api/v1/invitations/accept', { body: { token, ...details } } as never);
    } catch (error) {
      const code = error instanceof ApiProblem ? error.problem.code : '';
      if (code === 'account-details-required' && !details.name) return setNeeds('account');
      if (code === 'sign-in-to-accept') return setNeeds('sign-in');
      throw error;
    }
    const now = await signedIn();
    go(now ? '/' : '/sign-in', { replace: true });
  };
  return (
    <Outside
      title={t('shell.invitation.title')}
      lead={me ? t('shell.invitation.as', { email: me.email }) : t('shell.invitation.lead')}
    >
      {needs === 'sign-in' ? (
        <>
          <p className="mb-4">{t('shell.invitation.signIn')}</p>
          <SignIn onDone={() => void accept()} />
        </>
      ) : needs === 'account' ? (
        <Form
          brief
          submit={t('shell.invitation.join')}
          onSubmit={({ name, password }) => accept({ name: name!, password: password! })}
        >
          <p>{t('shell.invitation.account')}</p>
          <PersonNameField />
          <NewPasswordField label={t('shell.signIn.password')} name="password" />
        </Form>
      ) : (
        <Form
          brief
          submit={t('shell.invitation.join')}
          onSubmit={() => accept()}
          // A link that was used, or is for somebody else, is no dead end.
          actions={
            <ButtonLink href={me ? '/' : '/sign-in'}>
              {t(me ? 'shell.notFound.home' : 'shell.signIn.submit')}
            </ButtonLink>
          }
        />
      )}
    </Outside>
  );
}
