import { useEffect, useState } from 'react';
import { call } from '#web/api/client';
import { sendNow } from '#web/device/send';
import { type Device, type DeviceState, type Taken, unsentOf } from '#web/device/store';
import { useI18n } from '#web/i18n';
import { Button } from '#web/ui/basics';
import { Icon } from '#web/ui/icons';

/**
 * What of an assessment is where: always in view and true. "All sent" is said only when the server has said that it has
 * everything.
 */
export function SyncLine({ device, state, taken }: { device: Device; state: DeviceState; taken: Taken }) {
  const { t, moment, percent } = useI18n();
  const { entries, files, refused, all } = unsentOf(taken);
  const { hindrance, sending, progress } = state;
  const going = taken.files.find(({ id, state: stands }) => stands === 'waiting' && progress.has(id));
  const what =
    all === 0
      ? t('checklist.sync.sent', { when: moment(taken.record.contactAt) })
      : entries + files > 0
        ? t('checklist.sync.unsent', { entries, files })
        : t('checklist.sync.refused', { n: refused });
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
      <span role="status" className="flex items-center gap-1.5 font-semibold">
        <span className={all === 0 ? 'text-conforming' : refused > 0 ? 'text-critical' : 'text-minor'}>
          <Icon name={all === 0 ? 'check' : refused > 0 ? 'critical' : 'device'} size={18} />
        </span>
        {what}
      </span>
      {entries + files > 0 && refused > 0 && (
        <span className="text-critical">{t('checklist.sync.refused', { n: refused })}</span>
      )}
      {sending && going && (
        <span className="text-soft">
          {t('checklist.sync.file', { part: percent(progress.get(going.id)! / going.size) })}
        </span>
      )}
      {all > 0 && taken.record.trouble && <span className="text-critical">{t('checklist.trouble')}</span>}
      {all > 0 && hindrance?.kind === 'offline' && (
        <span className="text-soft">{t('checklist.sync.offline')}</span>
      )}
      {hindrance?.kind === 'signed-out' && (
        <>
          <span className="text-soft">{t('checklist.sync.signedOut')}</span>
          <Button
            look="quiet"
            onClick={() =>
              // Asks to sign in over the page; what waits goes on by itself afterwards.
              void call('get', '/api/v1/me').then(
                () => sendNow(device),
                () => undefined,
              )
            }
          >
            {t('checklist.sync.signIn')}
          </Button>
        </>
      )}
      {hindrance?.kind === 'server' && (
        <>
          <span className="text-soft">
            {hindrance.again ? <Again at={hindrance.again} /> : t('checklist.sync.server')}
          </span>
          <Button look="quiet" onClick={() => void sendNow(device)}>
            {t('common.tryAgain')}
          </Button>
        </>
      )}
    </div>
  );
}

function Again({ at }: { at: number }) {
  const { t } = useI18n();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{t('checklist.sync.again', { n: Math.max(1, Math.ceil((at - now) / 1000)) })}</>;
}
