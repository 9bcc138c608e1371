import { useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { Status, Text } from '#web/ui/basics';
import { Confirm, FormDialog } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';
import { toast } from '#web/ui/toast';

type Assessor = Schema<'AssessorRow'>;
type Absence = Schema<'AbsenceRow'>;

/** Absences of an assessor or mentor from today on, and before; `keeps` records them and takes them back. */
export function Absences({ of, keeps }: { of: Assessor; keeps: boolean }) {
  const { t } = useI18n();
  const now = today();
  const [coming, past] = useMemo(
    () => [of.absences.filter(({ to }) => to >= now), of.absences.filter(({ to }) => to < now)],
    [of.absences, now],
  );
  return (
    <>
      {keeps && (
        <div className="no-print mb-3">
          <Record of={of} />
        </div>
      )}
      {coming.length === 0 ? (
        <EmptyState title={t('roster.absence.none')}>
          {t(keeps ? 'roster.absence.noneFix' : 'roster.absence.noneElse')}
        </EmptyState>
      ) : (
        <List of={of} absences={coming} keeps={keeps} />
      )}
      {past.length > 0 && (
        <details className="mt-3">
          <summary className="min-h-6 cursor-pointer text-soft">
            {t('roster.absence.past', { n: past.length, of: of.absences.length })}
          </summary>
          <List of={of} absences={past} keeps={false} />
        </details>
      )}
    </>
  );
}

function List({ of, absences, keeps }: { of: Assessor; absences: readonly Absence[]; keeps: boolean }) {
  const { t, day } = useI18n();
  const remove = useWrite('delete', '/api/v1/assessors/{id}/absences/{absenceId}');
  const now = today();
  return (
    <ul className="divide-y divide-line">
      {absences.map(({ id, from, to, reason }) => {
        const days = t('roster.absence.days', { from: day(from), to: day(to) });
        return (
          <li key={id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 py-2">
            <span className="min-w-0">
              <span className="font-semibold">{days}</span>{' '}
              {from <= now && now <= to && <Status kind="minor">{t('roster.absence.now')}</Status>}
              {reason && (
                <span className="block text-soft">
                  <Text>{reason}</Text>
                </span>
              )}
            </span>
            {keeps && (
              <Confirm
                look="quiet"
                label={t('roster.absence.takeBack')}
                title={t('roster.absence.takeBack')}
                question={t('roster.absence.takeBackAsk', { days })}
                confirm={t('roster.absence.takeBack')}
                onConfirm={() =>
                  remove
                    .mutateAsync({ params: { path: { id: of.id, absenceId: id } } })
                    .then(() => toast(t('roster.absence.takenBack')))
                }
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Records an absence, and says before how many of the planned visits move by it. */
function Record({ of }: { of: Assessor }) {
  const { t } = useI18n();
  const add = useWrite('post', '/api/v1/assessors/{id}/absences');
  return (
    <FormDialog
      icon="plus"
      label={t('roster.absence.record')}
      submit={t('roster.absence.record')}
      onSubmit={({ from, to, reason }) =>
        add
          .mutateAsync({
            params: { path: { id: of.id } },
            body: { from: from!, to: to!, ...(reason && { reason }) },
          })
          .then(() => toast(t('roster.absence.recorded')))
      }
    >
      <Fields visits={of.visits} />
    </FormDialog>
  );
}

function Fields({ visits }: { visits: Assessor['visits'] }) {
  const { t } = useI18n();
  const [from, setFrom] = useState(today());
  const [to, setTo] = useState(today());
  const moving = visits.filter(({ date }) => date >= from && date <= to).length;
  return (
    <>
      <p className="text-soft">{t('roster.absence.lead')}</p>
      <div className="grid gap-4 sm:grid-cols-2">
        <TextField
          label={t('roster.absence.from')}
          name="from"
          type="date"
          required
          value={from}
          onChange={({ target }) => setFrom(target.value)}
        />
        <TextField
          label={t('roster.absence.to')}
          name="to"
          type="date"
          required
          value={to}
          onChange={({ target }) => setTo(target.value)}
        />
      </div>
      <TextField
        label={t('roster.absence.reason')}
        hint={t('roster.absence.reasonHint')}
        name="reason"
        maxLength={200}
      />
      <p role="status" className="font-semibold">
        {t('roster.absence.moving', { n: moving, of: visits.length })}
      </p>
    </>
  );
}
