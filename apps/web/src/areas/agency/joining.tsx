import { useState } from 'react';
import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Button } from '#web/ui/basics';
import { Dialog } from '#web/ui/dialog';
import { CopyField } from '#web/ui/copy-field';
import { QrCode } from '#web/ui/qr';
import { ProblemBox } from '#web/ui/states';

/**
 * Makes the link with which owners enrol their sites themselves: to send, or to show as a QR code. Shown this once, as its
 * code is. The code is in the part of the address that browsers send to nobody.
 */
export default function Joining({ cohort }: { cohort: string }) {
  const { t, day } = useI18n();
  const [open, setOpen] = useState(false);
  const [made, setMade] = useState<Schema<'JoiningCode'> | null>(null);
  const make = useWrite('post', '/api/v1/cohorts/{id}/joining-code', { secret: true });
  const link = made && `${location.origin}/app/supplier/join#${cohort}.${made.joiningCode}`;
  return (
    <>
      <Button icon="qr" onClick={() => setOpen(true)}>
        {t('agency.join.title')}
      </Button>
      {open && (
        <Dialog
          title={t('agency.join.title')}
          onClose={() => {
            setOpen(false);
            setMade(null);
          }}
        >
          {link ? (
            <div className="grid gap-4">
              <p>{t('agency.join.once', { day: day(made.expiresAt) })}</p>
              <QrCode text={link} label={t('agency.join.qr')} />
              <CopyField label={t('agency.join.link')} value={link} />
            </div>
          ) : (
            <div className="grid gap-4">
              <p>{t('agency.join.lead')}</p>
              <p className="text-soft">{t('agency.join.replaces')}</p>
              {make.error && <ProblemBox error={make.error} />}
              <div>
                <Button
                  look="primary"
                  busy={make.isPending}
                  onClick={() => make.mutate({ params: { path: { id: cohort } } }, { onSuccess: setMade })}
                >
                  {t('agency.join.make')}
                </Button>
              </div>
            </div>
          )}
        </Dialog>
      )}
    </>
  );
}
