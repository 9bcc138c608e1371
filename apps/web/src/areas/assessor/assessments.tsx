import { useEffect, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { room } from '#web/device/files';
import { useDevice } from '#web/device/send';
import { type Device, type DeviceState, type Taken, unsentOf, useDeviceState } from '#web/device/store';
import { useI18n } from '#web/i18n';
import { keptForOffline } from '#web/shell/updates';
import { Button, ButtonLink, Link, PageHeader, Status, type StatusKind, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { RadioGroup } from '#web/ui/form';
import { Icon } from '#web/ui/icons';
import { EmptyState, Loaded, ProblemBox } from '#web/ui/states';

const OPEN: readonly Schema<'AssessmentState'>[] = ['draft', 'in-progress', 'reopened'];
const STATE: Readonly<Record<Schema<'AssessmentState'>, StatusKind>> = {
  draft: 'unanswered',
  'in-progress': 'minor',
  reopened: 'major',
  submitted: 'neutral',
  'under-review': 'neutral',
  closed: 'conforming',
  void: 'na',
};

type Row = Pick<Schema<'AssessmentRow'>, 'id' | 'siteId' | 'kind' | 'state' | 'assessedOn'>;
interface Place {
  readonly name: string;
  readonly city?: string;
}

/** `/assessor`: what is mine to assess, the next first; what is handed in on a second look. With and without a connection. */
export function AssessmentsPage() {
  const { t } = useI18n();
  const [which, setWhich] = useState('open');
  const device = useDevice();
  const state = useDeviceState(device);
  const assessments = useRead('/api/v1/assessments', { params: { query: { as: 'assessor', limit: 1000 } } });
  const sites = useRead('/api/v1/sites', { params: { query: { limit: 1000 } } });
  const names = new Map<string, Place>(sites.data?.items.map((site) => [site.id, site]));
  const wanted = ({ state: stands }: Row) => OPEN.includes(stands) === (which === 'open');
  const here = [...(state.taken?.values() ?? [])];
  const order = (one: Row, other: Row) => (one.assessedOn < other.assessedOn ? 1 : -1);
  const mine = (listed: readonly Schema<'AssessmentRow'>[]): Row[] => {
    // Of one that isn't listed any more, what was entered is still here, and is shown for as long as it is.
    const more = here.filter((each) => !listed.some(({ id }) => id === each.copy.assessmentId));
    return [...listed, ...more.map(({ pack }) => pack.assessment)].filter(wanted).sort(order);
  };
  const show = (rows: readonly Row[]) => (
    <ul className="grid gap-3 sm:grid-cols-2">
      {rows.map((row) => (
        <Assessment
          key={row.id}
          row={row}
          site={names.get(row.siteId) ?? state.taken?.get(row.id)?.pack.site}
          device={device}
          taken={state.taken?.get(row.id)}
        />
      ))}
    </ul>
  );
  const kept = here
    .map(({ pack }) => pack.assessment)
    .filter(wanted)
    .sort(order);
  return (
    <>
      <PageHeader
        title={t('assessor.list.title')}
        lead={t('assessor.list.lead')}
        actions={
          <ButtonLink href="/assessor/new" icon="plus">
            {t('assessor.list.new')}
          </ButtonLink>
        }
      />
      <Storage device={device} state={state} />
      <div className="mb-4">
        <RadioGroup
          label={t('assessor.list.which')}
          name="which"
          value={which}
          onChange={setWhich}
          options={[
            { value: 'open', label: t('assessor.list.open') },
            { value: 'done', label: t('assessor.list.done') },
          ]}
        />
      </div>
      {assessments.data === undefined && assessments.error && kept.length > 0 ? (
        <>
          <p className="mb-3 flex items-center gap-2 text-soft">
            <Icon name="offline" /> {t('assessor.list.onlyHere')}
          </p>
          {show(kept)}
        </>
      ) : (
        <Loaded
          query={assessments}
          also={[sites]}
          isEmpty={({ items }) => mine(items).length === 0}
          empty={
            <EmptyState title={t(which === 'open' ? 'assessor.list.none' : 'assessor.list.noneDone')}>
              {t('assessor.list.noneFix')}
            </EmptyState>
          }
        >
          {({ items }) => show(mine(items))}
        </Loaded>
      )}
      <p className="no-print mt-4 text-sm">
        <Link href="/assessor/saved" className="inline-flex min-h-6 items-center">
          {t('assessor.list.saved')}
        </Link>
      </p>
    </>
  );
}

function Assessment({
  row,
  site,
  device,
  taken,
}: {
  row: Row;
  site: Place | undefined;
  device: Device;
  taken: Taken | undefined;
}) {
  const { t, day } = useI18n();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const unsent = taken ? unsentOf(taken) : null;
  const take = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      await device.take(row.id);
      // It opens without a connection only when the app's own files are kept as well.
      await keptForOffline();
    } catch (reason) {
      setError(reason);
    }
    setBusy(false);
  };
  return (
    <li className="rounded-xl border border-line bg-panel p-4">
      <h2>{site ? <Text>{site.name}</Text> : t('assessor.list.site')}</h2>
      {site?.city && (
        <p className="text-soft">
          <Text>{site.city}</Text>
        </p>
      )}
      <p className="mt-2">
        {t(`common.assessmentKind.${row.kind}`)} – {day(row.assessedOn)}
      </p>
      <p className="mt-2 flex flex-wrap gap-2">
        <Status kind={STATE[row.state]}>{t(`common.assessmentState.${row.state}`)}</Status>
        {unsent &&
          (unsent.all > 0 ? (
            <Status kind={unsent.refused > 0 ? 'critical' : 'minor'} icon="device">
              {t('assessor.list.unsent', { n: unsent.all })}
            </Status>
          ) : (
            <Status kind="conforming" icon="device">
              {t('assessor.list.here')}
            </Status>
          ))}
      </p>
      {error !== null && <ProblemBox error={error} />}
      <div className="mt-3 flex flex-wrap gap-2">
        <ButtonLink href={`/assessor/assessments/${row.id}`} look="primary">
          {t('assessor.list.go')}
        </ButtonLink>
        {taken ? (
          unsent?.all === 0 && (
            <Confirm
              label={t('assessor.list.drop')}
              title={t('assessor.list.drop')}
              question={t('assessor.list.dropAsk')}
              confirm={t('assessor.list.drop')}
              look="quiet"
              onConfirm={() => device.drop(row.id)}
            />
          )
        ) : (
          <Button icon="device" busy={busy} onClick={() => void take()}>
            {t('assessor.list.take')}
          </Button>
        )}
      </div>
    </li>
  );
}

/** Room on this device, whether the browser promises to keep what is here, and what it has cleared away. */
function Storage({ device, state }: { device: Device; state: DeviceState }) {
  const { t, number } = useI18n();
  const [space, setSpace] = useState<Awaited<ReturnType<typeof room>>>(null);
  useEffect(() => {
    void room().then(setSpace, () => undefined);
  }, [state.taken]);
  const mb = (bytes: number) => number(bytes / 1024 / 1024, { maximumFractionDigits: 0 });
  const tight = space !== null && space.quota > 0 && space.quota - space.used < 100 * 1024 * 1024;
  return (
    <>
      {state.broken && (
        <EmptyState title={t('assessor.storage.broken')} icon="critical">
          {t('assessor.storage.brokenFix')}
        </EmptyState>
      )}
      {state.evicted.map(({ id, name }) => (
        <div key={id} role="alert" className="mb-3 rounded-xl bg-critical-bg p-4 text-critical">
          <p className="font-semibold">
            {t('assessor.storage.evicted')} <Text>{name}</Text>
          </p>
          <p>{t('assessor.storage.evictedFix')}</p>
          <Button className="mt-2" onClick={() => void device.acceptLoss(id)}>
            {t('assessor.storage.seen')}
          </Button>
        </div>
      ))}
      {(state.taken?.size ?? 0) > 0 && space && space.quota > 0 && (
        <p className={tight ? 'mb-3 text-critical' : 'mb-3 text-sm text-soft'}>
          {t('assessor.storage.room', { used: mb(space.used), of: mb(space.quota) })}{' '}
          {t(
            tight
              ? 'assessor.storage.tight'
              : space.safe
                ? 'assessor.storage.safe'
                : 'assessor.storage.unsafe',
          )}
        </p>
      )}
    </>
  );
}
