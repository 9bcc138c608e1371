import { useAll, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { toast } from '#web/ui/toast';

const LABEL = {
  finding: 'supplier.find.object',
  assessment: 'supplier.find.objectResult',
  certificate: 'supplier.find.objectCertificate',
} as const;

/** Objects for a business to what was found or decided, once at a time; or says that it has, and leads to what becomes of it. */
export function Appeal({
  about,
  subjectId,
  business,
}: {
  about: keyof typeof LABEL;
  subjectId: string;
  business: string;
}) {
  const { t, day } = useI18n();
  const complaints = useAll('/api/v1/complaints');
  const raise = useWrite('post', '/api/v1/complaints');
  if (!complaints.data) return null;
  const mine = complaints.data
    .filter((each) => each.kind === 'appeal' && each.subjectId === subjectId && each.state !== 'withdrawn')
    .sort((one, other) => (one.raisedOn < other.raisedOn ? 1 : -1))[0];
  return (
    <div className="no-print mt-2">
      {mine && (
        <p>
          <Link href="/supplier/complaints" className="inline-flex min-h-6 items-center">
            {t('supplier.find.appealed', { day: day(mine.raisedOn) })}
          </Link>
        </p>
      )}
      {(!mine || mine.state === 'decided' || mine.state === 'closed') && (
        <Confirm
          label={t(LABEL[about])}
          look="quiet"
          title={t(`supplier.find.objectWhat.${about}`)}
          question={t('supplier.find.objectLeadAny')}
          confirm={t('supplier.find.objectSend')}
          fields={
            <TextField
              label={t('supplier.find.objectReason')}
              name="text"
              multiline
              required
              maxLength={4000}
            />
          }
          onConfirm={async ({ text = '' }) => {
            await raise.mutateAsync({
              body: { kind: 'appeal', about, subjectId, text, organisationId: business },
            });
            toast(t('supplier.find.objectDone'));
          }}
        />
      )}
    </div>
  );
}
