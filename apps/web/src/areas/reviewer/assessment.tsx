import { useMemo } from 'react';
import { useLocation, useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useAll, useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n, serverLocale } from '#web/i18n';
import { Button, ButtonLink, PageHeader, Panel, Skeleton, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { ContentLanguage, Loaded, ProblemBox } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { Refused } from './entered';
import { Findings, Reason, waits } from './findings';
import { barredBy, Impartiality } from './impartiality';
import { Items, judgeOf, Pieces } from './items';
import { type DraftRemarks, NotedRemarks, Returns, useDraftRemarks } from './remarks';
import { ScorePanel } from './score';

const NOTHING: readonly never[] = [];
/** From where an assessment may go back to who assessed. */
const BACK: readonly Schema<'AssessmentState'>[] = ['submitted', 'under-review', 'closed'];
const SUBMITTED: readonly Schema<'AssessmentState'>[] = ['submitted', 'under-review', 'closed'];

/** `/reviewer/assessments/:id`: everything an assessment rests on, side by side, and what may be done with it. */
export default function AssessmentPage() {
  const { t, day, moment } = useI18n();
  const { id } = useParams<{ id: string }>();
  const path = { path: { id } };
  const assessment = useRead('/api/v1/assessments/{id}', { params: path });
  const offline = useRead('/api/v1/assessments/{id}/offline', {
    params: { ...path, query: { lang: serverLocale() } },
  });
  const facts = useRead('/api/v1/assessments/{id}/impartiality', {
    params: { ...path, query: { as: 'reviewer' } },
  });
  const refused = useRead('/api/v1/assessments/{id}/refused-operations', { params: path });
  const evidence = useAll('/api/v1/assessments/{id}/evidence', { params: path });
  const handedIn = assessment.data !== undefined && SUBMITTED.includes(assessment.data.state);
  const siteId = assessment.data?.siteId ?? '';
  const score = useScore(id, handedIn);
  const findings = useRead('/api/v1/assessments/{id}/findings', { params: path }, { enabled: handedIn });
  const own = useOwnAnswers(siteId, assessment.data);
  const drafts = useDraftRemarks(id);
  const reviews = useReviews();
  const { userId } = useMe();
  const certificates = useRead(
    '/api/v1/sites/{id}/certificates',
    { params: { path: { id: siteId } } },
    { enabled: siteId !== '' },
  );
  const site = offline.data?.site;
  const lang = offline.data?.language.status === 'original' ? offline.data.language.original : serverLocale();
  const questions = useMemo(
    () => new Map(offline.data?.checklist.requirements.map(({ code, question }) => [code, question])),
    [offline.data],
  );
  const judge = useMemo(() => offline.data && judgeOf(offline.data), [offline.data]);
  const corrected = findings.data?.filter(waits) ?? NOTHING;
  const of = (row: Schema<'AssessmentWithResponses'>) => ({
    assessmentId: id,
    assessedOn: row.assessedOn,
    questions,
    lang,
  });
  return (
    <>
      <PageHeader
        pending={assessment.isLoading || offline.isLoading}
        title={site?.name ?? t('reviewer.assessment.title')}
        back={{ href: '/reviewer', label: t('reviewer.queue.title') }}
        lead={
          assessment.data && (
            <>
              {site && <Text>{site.supplier}</Text>} – {t(`common.assessmentKind.${assessment.data.kind}`)} –{' '}
              {day(assessment.data.assessedOn)}{' '}
              <Status kind={assessment.data.state === 'closed' ? 'conforming' : 'neutral'}>
                {t(`common.assessmentState.${assessment.data.state}`)}
              </Status>
            </>
          )
        }
      />
      <ContentLanguage of={offline.data && lang} />
      <Loaded
        query={assessment}
        also={[offline, facts, refused, evidence, score, findings, own, certificates]}
      >
        {(row) => (
          <>
            {row.voided && (
              <Panel heading={t('reviewer.void.title')}>
                <p>
                  <Text>{row.voided.reason}</Text>
                </p>
                <p className="text-sm text-soft">
                  {row.voided.by && <Text>{row.voided.by}</Text>} {moment(row.voided.at)}
                </p>
              </Panel>
            )}
            {row.returns && row.returns.length > 0 && (
              <Returns returns={row.returns} responses={row.responses ?? NOTHING} />
            )}
            {!row.returns?.length && row.reopenReason && row.state !== 'closed' && (
              <Panel heading={t('reviewer.assessment.reopened')}>
                <Text>{row.reopenReason}</Text>
              </Panel>
            )}
            <div className="grid items-start gap-x-4 lg:grid-cols-[2fr_1fr]">
              <div className="min-w-0">
                {handedIn && score.error && <ProblemBox error={score.error} />}
                {handedIn && score.data && offline.data && (
                  <ScorePanel scores={score.data} checklist={offline.data.checklist} lang={lang} />
                )}
              </div>
              <div className="min-w-0 max-lg:row-start-1">
                <Loaded query={facts}>
                  {(known) => (
                    <>
                      <Actions
                        row={row}
                        facts={known}
                        certificates={certificates.data ?? NOTHING}
                        drafts={drafts}
                      />
                      <Impartiality facts={known} />
                    </>
                  )}
                </Loaded>
              </div>
            </div>
            {corrected.length > 0 && <Findings {...of(row)} all={corrected} shown={corrected} waiting />}
            {offline.error && <ProblemBox error={offline.error} />}
            {refused.error && <ProblemBox error={refused.error} />}
            {refused.data && judge && (
              <Refused operations={refused.data.operations} questions={questions} judge={judge} lang={lang} />
            )}
            {offline.data && judge ? (
              <Items
                offline={offline.data}
                assessment={row}
                own={own.answers}
                evidence={evidence.data ?? NOTHING}
                judge={judge}
                drafts={
                  reviews &&
                  BACK.includes(row.state) &&
                  facts.data &&
                  barredBy(facts.data, 'reviewer', userId).length === 0
                    ? drafts
                    : null
                }
                lang={lang}
              />
            ) : (
              <Skeleton />
            )}
            <General evidence={evidence.data ?? NOTHING} />
            {handedIn && (
              <Loaded query={findings}>
                {(list) => <Findings {...of(row)} all={list} shown={list.filter((each) => !waits(each))} />}
              </Loaded>
            )}
          </>
        )}
      </Loaded>
    </>
  );
}

/** Whether the reader reviews: who answers for a programme looks on. */
const useReviews = (): boolean =>
  useMe().memberships.some(({ role }) => role === 'reviewer' || role === 'decider');

/** The result; asked for again until the worker has been. */
function useScore(id: string, enabled: boolean) {
  const init = { params: { path: { id } } };
  const first = useRead('/api/v1/assessments/{id}/score', init, { enabled });
  useRead('/api/v1/assessments/{id}/score', init, {
    enabled: enabled && first.data?.asFound === null,
    every: 1500,
  });
  return first;
}

/** The supplier's own newest answers to the same checklist, from before or on the day of this assessment. */
function useOwnAnswers(
  siteId: string,
  row: Schema<'AssessmentRow'> | undefined,
): { readonly answers: readonly Schema<'ResponseRow'>[]; readonly isLoading: boolean } {
  const selves = useRead(
    '/api/v1/assessments',
    { params: { query: { siteId, kind: 'self', limit: 200 } } },
    { enabled: row !== undefined && row.kind !== 'self' },
  );
  const newest = selves.data?.items
    .filter(
      (self) =>
        self.checklist === row?.checklist &&
        self.state !== 'draft' &&
        self.assessedOn <= row.assessedOn &&
        self.profile === row.profile,
    )
    .sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1))[0];
  const self = useRead(
    '/api/v1/assessments/{id}',
    { params: { path: { id: newest?.id ?? '' } } },
    { enabled: newest !== undefined },
  );
  return {
    answers: (newest && self.data?.responses) || NOTHING,
    isLoading: selves.isLoading || self.isLoading,
  };
}

/** Evidence for the assessment as a whole. */
function General({ evidence }: { evidence: readonly Schema<'EvidenceRow'>[] }) {
  const { t } = useI18n();
  const whole = evidence.filter(({ requirement }) => requirement === null);
  if (whole.length === 0) return null;
  return (
    <Panel heading={t('reviewer.assessment.evidence')}>
      <Pieces evidence={whole} />
    </Panel>
  );
}

/** What may be done in the state it is in, unless impartiality keeps the reader from it. */
function Actions({
  row,
  facts,
  certificates,
  drafts,
}: {
  row: Schema<'AssessmentRow'>;
  facts: Schema<'AssessmentImpartiality'>;
  certificates: readonly Schema<'CertificateRow'>[];
  drafts: DraftRemarks;
}) {
  const { t } = useI18n();
  const [, go] = useLocation();
  const review = useWrite('post', '/api/v1/assessments/{id}/review');
  const propose = useWrite('post', '/api/v1/certificates');
  const dismiss = useWrite('post', '/api/v1/assessments/{id}/void');
  const act = (action: 'take-review' | 'return' | 'close' | 'reopen', reason?: string) =>
    review
      .mutateAsync({
        params: { path: { id: row.id } },
        headers: ifMatch(row.revision),
        body: { action, ...(reason && { reason }), ...(back(action) && remarks.length > 0 && { remarks }) },
      })
      .then(() => {
        if (back(action)) drafts.clear();
        toast(t(`reviewer.act.${action}.done`));
      });
  const remarks = [...drafts.all].map(([requirement, text]) => ({ requirement, text }));
  const back = (action: string): boolean => action === 'return' || action === 'reopen';
  const certificate = certificates.find(({ assessmentId }) => assessmentId === row.id);
  const { userId, memberships } = useMe();
  const reviews = useReviews();
  const manages = memberships.some(({ role }) => role === 'programme-manager');
  const barred = barredBy(facts, 'reviewer', userId).length > 0;
  const reason = (
    <>
      <NotedRemarks drafts={drafts} />
      <Reason />
    </>
  );
  const asked = (action: 'return' | 'close' | 'reopen', look: 'secondary' | 'danger' = 'secondary') => (
    <Confirm
      label={t(`reviewer.act.${action}`)}
      title={t(`reviewer.act.${action}`)}
      question={
        <>
          <p>{t(`reviewer.act.${action}.question`)}</p>
          {action === 'close' && remarks.length > 0 && (
            <p className="mt-2 font-semibold">{t('reviewer.remarks.unsent', { n: remarks.length })}</p>
          )}
        </>
      }
      confirm={t(`reviewer.act.${action}`)}
      look={look}
      fields={action !== 'close' && reason}
      onConfirm={({ reason: why }) => act(action, why)}
    />
  );
  return (
    <Panel heading={t('reviewer.act.title')} className="no-print">
      {!reviews ? (
        <p className="text-soft">{t('reviewer.act.byReviewer')}</p>
      ) : barred ? (
        <p>
          <Status kind="major">{t('reviewer.queue.barred')}</Status> {t('reviewer.act.barred')}
        </p>
      ) : (
        <div className="flex flex-wrap gap-2">
          {row.state === 'submitted' && (
            <Button
              look="primary"
              busy={review.isPending}
              onClick={() => void act('take-review').catch(() => undefined)}
            >
              {t('reviewer.act.take-review')}
            </Button>
          )}
          {row.state === 'under-review' && asked('close')}
          {['submitted', 'under-review'].includes(row.state) && asked('return')}
          {row.state === 'closed' && asked('reopen', 'danger')}
          {['draft', 'in-progress', 'reopened'].includes(row.state) && (
            <p className="text-soft">{t('reviewer.act.waiting')}</p>
          )}
        </div>
      )}
      {manages && row.kind !== 'self' && ['draft', 'in-progress'].includes(row.state) && (
        <div className="mt-3">
          <Confirm
            label={t('reviewer.void.do')}
            title={t('reviewer.void.do')}
            question={t('reviewer.void.question')}
            confirm={t('reviewer.void.do')}
            look="danger"
            fields={<Reason />}
            onConfirm={({ reason: why = '' }) =>
              dismiss
                .mutateAsync({
                  params: { path: { id: row.id } },
                  headers: ifMatch(row.revision),
                  body: { reason: why },
                })
                .then(() => toast(t('reviewer.void.done')))
            }
          />
        </div>
      )}
      {review.error && <ProblemBox error={review.error} />}
      {row.state === 'closed' && row.kind !== 'self' && (
        <div className="mt-3">
          {certificate && certificate.state !== 'draft' ? (
            <ButtonLink href={`/reviewer/certificates/${certificate.id}`}>
              {t('reviewer.act.certificate')} <bdi dir="ltr">{certificate.number}</bdi>
            </ButtonLink>
          ) : (
            reviews && (
              <Confirm
                label={t('reviewer.act.propose')}
                title={t('reviewer.act.propose')}
                question={t('reviewer.act.propose.question')}
                confirm={t('reviewer.act.propose')}
                onConfirm={() =>
                  propose.mutateAsync({ body: { assessmentId: row.id } }).then((made) => {
                    toast(t('reviewer.act.propose.done'));
                    go(`/reviewer/certificates/${made.id}`);
                  })
                }
              />
            )
          )}
        </div>
      )}
    </Panel>
  );
}
