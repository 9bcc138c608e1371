import { useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Confirm } from '#web/ui/dialog';
import { Checkbox, TextField } from '#web/ui/form';
import { toast } from '#web/ui/toast';

/** Raises a complaint about what is seen, for the buyer. */
export function Complain({ about, subjectId }: { about: 'certificate' | 'assessment'; subjectId: string }) {
  const { t, day } = useI18n();
  const { memberships } = useMe();
  const raise = useWrite('post', '/api/v1/complaints');
  const organisation = memberships.find(({ organisationKind }) => organisationKind === 'buyer');
  return (
    <Confirm
      label={t('buyer.complain')}
      title={t('buyer.complain')}
      question={t('buyer.complain.question')}
      confirm={t('buyer.complain.send')}
      look="quiet"
      fields={
        <>
          <TextField label={t('buyer.complain.text')} name="text" multiline required maxLength={4000} />
          <Checkbox label={t('buyer.complain.confidential')} name="confidential" value="true" />
        </>
      }
      onConfirm={({ text = '', confidential }) =>
        raise
          .mutateAsync({
            body: {
              kind: 'complaint',
              about,
              subjectId,
              text,
              confidential: confidential === 'true',
              ...(organisation && { organisationId: organisation.organisationId }),
            },
          })
          .then(({ acknowledgeBy }) => toast(t('buyer.complain.done', { day: day(acknowledgeBy) })))
      }
    />
  );
}
