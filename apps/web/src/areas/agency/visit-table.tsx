import { useCallback, useMemo } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { type RowOf, useWrite } from '#web/api/hooks';
import { ApiProblem, call, ifMatch } from '#web/api/client';
import { useI18n } from '#web/i18n';
import { Link, Status, type StatusKind, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { useSearch } from '#web/ui/search';
import { type Column, Table } from '#web/ui/table';
import { toast } from '#web/ui/toast';
import { usePart } from './part';

export type Visit = RowOf<'/api/v1/visits'>;
const STATE: Readonly<Record<Visit['state'], StatusKind>> = {
  unplanned: 'major',
  planned: 'neutral',
  done: 'conforming',
  aborted: 'minor',
  cancelled: 'na',
};
/** What the planner may say about a visit that it found no day for. */
const CODES = [
  'competence-missing',
  'language-missing',
  'excluded',
  'coached-within-look-back',
  'no-free-day',
  'over-weekly-limit',
  'no-assessors',
  'window-outside-horizon',
  'site-closed',
  'unknown-assessor',
  'fixed-outside-window',
] as const;
type Reason = { readonly assessorId: string | null; readonly code: string };

/** Each code once, with how many assessors it keeps away. */
function reasonsOf({ unplannedReasons }: Visit): readonly { code: (typeof CODES)[number]; n: number }[] {
  const reasons = Array.isArray(unplannedReasons) ? (unplannedReasons as readonly Reason[]) : [];
  return CODES.flatMap((code) => {
    const n = reasons.filter((reason) => reason.code === code).length;
    return n > 0 ? [{ code, n }] : [];
  });
}

/** Visits with their window, day, assessor, and for those without a day why; `find` is what the address calls what is looked for. */
export function VisitTable({ visits, find }: { visits: readonly Visit[]; find: string }) {
  const { t, day, compare } = useI18n();
  const { manages } = usePart();
  const words = useCallback(
    ({ siteName, city, assessorName, state }: Visit) =>
      `${siteName} ${city} ${assessorName ?? ''} ${t(`agency.visit.${state}`)}`,
    [t],
  );
  const { field, found } = useSearch(visits, words, { name: find });
  const columns = useMemo<readonly Column<Visit>[]>(
    () => [
      {
        key: 'site',
        header: t('common.site'),
        cell: ({ siteName }) => <Text>{siteName}</Text>,
        sort: (one, other) => compare(one.siteName, other.siteName),
      },
      {
        key: 'day',
        header: t('agency.visit.day'),
        cell: ({ id, plannedOn }) =>
          plannedOn ? (
            <Link external href={`/api/v1/visits/${id}/invitation.ics`}>
              {day(plannedOn)}
            </Link>
          ) : (
            '–'
          ),
        sort: (one, other) => compare(one.plannedOn ?? one.due, other.plannedOn ?? other.due),
      },
      {
        key: 'window',
        header: t('agency.visit.window'),
        cell: ({ earliest, latest }) => `${day(earliest)} – ${day(latest)}`,
        sort: (one, other) => compare(one.earliest, other.earliest),
      },
      {
        key: 'assessor',
        header: t('common.role.assessor'),
        cell: ({ assessorName }) => (assessorName ? <Text>{assessorName}</Text> : '–'),
        sort: (one, other) => compare(one.assessorName ?? '', other.assessorName ?? ''),
      },
      {
        key: 'state',
        header: t('common.state'),
        cell: (visit) => (
          <>
            <Status kind={STATE[visit.state]}>{t(`agency.visit.${visit.state}`)}</Status>
            {visit.outcomeReason && (
              <span className="block text-soft">
                <Text>{visit.outcomeReason}</Text>
              </span>
            )}
            {visit.state === 'unplanned' && (
              <ul className="mt-1 text-sm text-soft">
                {reasonsOf(visit).map(({ code, n }) => (
                  <li key={code}>{t(`agency.unplanned.${code}`, { n })}</li>
                ))}
              </ul>
            )}
          </>
        ),
        sort: (one, other) => compare(one.state, other.state),
      },
      ...(manages
        ? [
            {
              key: 'change',
              acts: true,
              header: t('agency.visit.act'),
              cell: (visit: Visit) => <Change visit={visit} />,
            },
          ]
        : []),
    ],
    [t, day, compare, manages],
  );
  return (
    <>
      <div className="mb-3">{field}</div>
      <Table
        caption={t('agency.nav.visits')}
        columns={columns}
        rows={found}
        rowKey={({ id }) => id}
        sortedBy="day"
      />
    </>
  );
}

/** Moves a visit to another day, or calls it off. */
function Change({
  visit: { id, siteName, assessorName, state, revision, plannedOn, earliest, latest },
}: {
  visit: Visit;
}) {
  const { t, day } = useI18n();
  const { mutateAsync: cancel } = useWrite('post', '/api/v1/visits/{id}/cancellation');
  const { mutateAsync: move } = useWrite('post', '/api/v1/visits/{id}/move');
  const to = (on: string, from: number) =>
    move({ params: { path: { id } }, headers: ifMatch(from), body: { plannedOn: on } });
  const queries = useQueryClient();
  /** When somebody else was first, says what the visit is now and shows it: who still wants theirs begins from there. */
  const unlessChanged = (error: unknown): Promise<void> => {
    if (!(error instanceof ApiProblem && error.problem.code === 'stale-revision')) throw error;
    void queries.invalidateQueries();
    return call('get', '/api/v1/visits/{id}', { params: { path: { id } } }).then((now) =>
      toast(
        t('agency.visit.meanwhile', {
          state: t(`agency.visit.${now.state}`),
          day: now.plannedOn ? day(now.plannedOn) : '–',
        }),
      ),
    );
  };
  if (state !== 'planned' || !plannedOn) return <>–</>;
  return (
    <span className="inline-flex flex-wrap gap-1">
      <FormDialog
        look="quiet"
        label={t('agency.visit.move')}
        title={t('agency.visit.moveOf', { site: siteName })}
        submit={t('agency.visit.move')}
        onSubmit={({ plannedOn: on }) =>
          to(on!, revision).then(
            (moved) =>
              toast(t('agency.visit.moved', { site: siteName, day: day(on!) }), {
                label: t('agency.visit.undo'),
                act: () =>
                  void to(plannedOn, moved.revision).then(
                    () => toast(t('agency.visit.undone', { day: day(plannedOn) })),
                    () => toast(t('agency.visit.undoFailed')),
                  ),
              }),
            unlessChanged,
          )
        }
      >
        <p className="text-soft">
          {t('agency.visit.moveLead', {
            from: day(earliest),
            to: day(latest),
            assessor: assessorName ?? '–',
          })}
        </p>
        <TextField
          label={t('agency.visit.day')}
          name="plannedOn"
          type="date"
          required
          min={earliest}
          max={latest}
          defaultValue={plannedOn}
        />
      </FormDialog>
      <FormDialog
        look="quiet"
        label={t('agency.visit.cancel')}
        title={t('agency.visit.cancelOf', { site: siteName })}
        submit={t('agency.visit.cancel')}
        onSubmit={({ reason }) =>
          cancel({
            params: { path: { id } },
            headers: ifMatch(revision),
            body: { reason: reason! },
          }).then(() => toast(t('agency.visit.cancelDone')), unlessChanged)
        }
      >
        <p className="text-soft">{t('agency.visit.cancelLead')}</p>
        <TextField label={t('agency.sites.reason')} name="reason" required maxLength={1000} />
      </FormDialog>
    </span>
  );
}
