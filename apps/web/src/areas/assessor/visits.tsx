import { ifMatch } from '#web/api/client';
import { type RowOf, useAll, useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { ButtonLink, PageHeader, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { OwnPlanning, useKnown } from './planning';

type Visit = RowOf<'/api/v1/visits'>;
const OPEN: readonly string[] = ['draft', 'in-progress', 'reopened'];

/** `/assessor/visits`: the days that are planned for me, the next first, and from each the way to its assessment. */
export default function VisitsPage() {
  const { t } = useI18n();
  const { userId } = useMe();
  const visits = useAll('/api/v1/visits', { params: { query: { state: 'planned' } } });
  const known = useKnown();
  const mine = (all: readonly Visit[]): Visit[] =>
    all
      .filter(({ assessorId }) => assessorId === userId)
      .sort((one, other) => (one.plannedOn! < other.plannedOn! ? -1 : 1));
  return (
    <>
      <PageHeader
        title={t('assessor.visits.title')}
        lead={t('assessor.visits.lead')}
        actions={
          visits.data &&
          mine(visits.data).length > 0 && (
            <ButtonLink external icon="clock" href={`/api/v1/assessors/${userId}/calendar.ics`}>
              {t('assessor.visits.calendar')}
            </ButtonLink>
          )
        }
      />
      {visits.data && known.data && <OwnPlanning known={known.data} />}
      <Loaded
        query={visits}
        also={[known]}
        isEmpty={(all) => mine(all).length === 0}
        empty={<EmptyState title={t('assessor.visits.none')}>{t('assessor.visits.noneFix')}</EmptyState>}
      >
        {(all) => (
          <ul className="grid gap-3 sm:grid-cols-2">
            {mine(all).map((visit, n) => (
              <VisitCard key={visit.id} visit={visit} next={n === 0} />
            ))}
          </ul>
        )}
      </Loaded>
    </>
  );
}

function VisitCard({ visit, next }: { visit: Visit; next: boolean }) {
  const { t, day, daysFromNow } = useI18n();
  const { userId } = useMe();
  const { id, siteId, siteName, city, cohortId, plannedOn, revision } = visit;
  const assessments = useRead('/api/v1/assessments', { params: { query: { limit: 200 } } });
  const begun = assessments.data?.items.find(
    (each) => each.siteId === siteId && each.assessorId === userId && OPEN.includes(each.state),
  );
  const tell = useWrite('post', '/api/v1/visits/{id}/outcome');
  const callOff = useWrite('post', '/api/v1/visits/{id}/cancellation');
  const call = { params: { path: { id } }, headers: ifMatch(revision) };
  const held = plannedOn! <= today();
  const look = next || held || begun ? 'primary' : 'secondary';
  const said = () => toast(t('assessor.visits.recorded'));
  const reason = (
    <TextField label={t('assessor.visits.reason')} name="reason" multiline required maxLength={1000} />
  );
  return (
    <li className="min-w-0 rounded-xl border border-line bg-panel p-4">
      <h2>
        <Text>{siteName}</Text>
      </h2>
      <p className="text-soft">
        <Text>{city}</Text>
      </p>
      <p className="mt-2 text-lg font-semibold">
        {t('assessor.visits.on', { day: day(plannedOn!), away: daysFromNow(plannedOn!) })}
      </p>
      <div className="mt-3 flex flex-wrap gap-2">
        {begun ? (
          <ButtonLink look={look} href={`/assessor/assessments/${begun.id}`}>
            {t('assessor.list.go')}
          </ButtonLink>
        ) : (
          <ButtonLink
            look={look}
            href={`/assessor/new?site=${siteId}${cohortId ? `&cohort=${cohortId}` : ''}`}
          >
            {t('assessor.visits.begin')}
          </ButtonLink>
        )}
        <ButtonLink external icon="clock" href={`/api/v1/visits/${id}/invitation.ics`}>
          {t('assessor.visits.ics')}
        </ButtonLink>
        {held ? (
          <>
            <Confirm
              label={t('assessor.visits.done')}
              title={t('assessor.visits.done')}
              question={t('assessor.visits.doneAsk')}
              confirm={t('assessor.visits.done')}
              onConfirm={() => tell.mutateAsync({ ...call, body: { outcome: 'done' } }).then(said)}
            />
            <Confirm
              label={t('assessor.visits.aborted')}
              title={t('assessor.visits.aborted')}
              question={t('assessor.visits.abortedAsk')}
              confirm={t('assessor.visits.aborted')}
              look="quiet"
              fields={reason}
              onConfirm={({ reason: why }) =>
                tell.mutateAsync({ ...call, body: { outcome: 'aborted', reason: why! } }).then(said)
              }
            />
          </>
        ) : (
          <Confirm
            label={t('assessor.visits.callOff')}
            title={t('assessor.visits.callOff')}
            question={t('assessor.visits.abortedAsk')}
            confirm={t('assessor.visits.callOff')}
            look="quiet"
            fields={reason}
            onConfirm={({ reason: why }) =>
              callOff.mutateAsync({ ...call, body: { reason: why! } }).then(said)
            }
          />
        )}
      </div>
    </li>
  );
}
