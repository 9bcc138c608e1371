import type { ReactNode } from 'react';
import { auth } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Form, NewPasswordField, PersonNameField } from '#web/ui/form';
import { noteGoing } from './going';

/** Makes an account of one's own. Its address is confirmed by a mail before anybody signs in with it. */
export default function Register({
  email,
  callbackURL,
  back,
  onSent,
}: {
  email: ReactNode;
  /** Where the mail's link leads. */
  callbackURL: string;
  back: ReactNode;
  onSent: (email: string) => void;
}) {
  const { t } = useI18n();
  return (
    <Form
      brief
      submit={t('shell.register.submit')}
      onSubmit={async ({ name, email: given = '', password }) => {
        noteGoing(given);
        await auth('/sign-up/email', { name, email: given, password, callbackURL });
        onSent(given);
      }}
      actions={back}
    >
      <p>{t('shell.register.lead')}</p>
      <PersonNameField />
      {email}
      <NewPasswordField label={t('shell.signIn.password')} name="password" />
    </Form>
  );
}
