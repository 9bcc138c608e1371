import { useState } from 'react';
import { ApiProblem, type Problem, type Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button, Text } from '#web/ui/basics';
import { Dialog } from '#web/ui/dialog';
import { Checkbox, Form } from '#web/ui/form';
import { toast } from '#web/ui/toast';

type Work = NonNullable<Problem['errors']>;
const NOUNS = ['sites', 'readiness', 'assessments', 'visits'] as const;

/**
 * Takes an organisation out of a programme. The API is asked first without a confirmation: where there is work in the
 * programme, it says what would be hidden, and that is confirmed apart.
 */
export function TakeOut({
  programme,
  participant,
}: {
  programme: string;
  participant: Schema<'ParticipantRow'>;
}) {
  const { t } = useI18n();
  const { id, name, part } = participant;
  const [open, setOpen] = useState(false);
  /** What the API has told of; null: nothing yet. */
  const [work, setWork] = useState<{ readonly of: Work; readonly lang: string | undefined } | null>(null);
  const remove = useWrite('delete', '/api/v1/programmes/{id}/participants/{participantId}');
  const close = () => {
    setOpen(false);
    setWork(null);
  };
  const takeOut = async (): Promise<void> => {
    try {
      await remove.mutateAsync({
        params: { path: { id: programme, participantId: id }, query: work ? { confirm: true } : {} },
      });
      close();
      toast(t('agency.out.done', { name }));
    } catch (error) {
      if (!(error instanceof ApiProblem && error.problem.code === 'participant-has-work')) throw error;
      setWork({ of: error.problem.errors ?? [], lang: error.problem.lang });
    }
  };
  return (
    <>
      <Button look="quiet" onClick={() => setOpen(true)}>
        {t('agency.out.do')}
      </Button>
      {open && (
        <Dialog title={t('agency.out.title', { name })} onClose={close}>
          <div className="mb-4 grid gap-2">
            <p>{t('agency.out.lead')}</p>
            {part === 'buyer' && <p>{t('agency.out.buyer')}</p>}
            {(part === 'assessment-provider' || part === 'agency') && <p>{t('agency.out.fieldWork')}</p>}
            {work && (
              <div role="alert" className="border-s-4 border-critical ps-3">
                <p className="font-semibold">{t('agency.out.work')}</p>
                <ul className="list-disc ps-5">
                  {work.of.map(({ field, message }) => {
                    const noun = NOUNS.find((each) => each === field);
                    return (
                      <li key={field}>
                        {noun ? t(`agency.out.work.${noun}`) : field}: <Text lang={work.lang}>{message}</Text>
                      </li>
                    );
                  })}
                </ul>
              </div>
            )}
          </div>
          <Form
            submit={t(work ? 'agency.out.still' : 'agency.out.do')}
            look="danger"
            onSubmit={takeOut}
            actions={<Button onClick={close}>{t('common.cancel')}</Button>}
          >
            {work && <Checkbox label={t('agency.out.known')} name="known" required />}
          </Form>
        </Dialog>
      )}
    </>
  );
}
