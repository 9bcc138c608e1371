import { useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { ButtonLink, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { Checkbox, RadioGroup, TextField } from '#web/ui/form';
import { Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { Clock } from './complaints';

type Complaint = Schema<'ComplaintRow'>;
type Step = 'acknowledge' | 'investigate' | 'decide' | 'close' | 'withdraw';

const NEXT: Readonly<Record<Complaint['state'], Exclude<Step, 'withdraw'> | null>> = {
  received: 'acknowledge',
  acknowledged: 'investigate',
  'under-investigation': 'decide',
  decided: 'close',
  closed: null,
  withdrawn: null,
};
const OUTCOMES = ['upheld', 'partly-upheld', 'rejected'] as const;

/** `/reviewer/complaints/:id`: one complaint or appeal, step by step against its clock. */
export default function ComplaintPage() {
  const { t, day, moment } = useI18n();
  const { id } = useParams<{ id: string }>();
  const complaint = useRead('/api/v1/complaints/{id}', { params: { path: { id } } });
  const siteId = complaint.data?.siteId;
  const site = useRead(
    '/api/v1/sites/{id}',
    { params: { path: { id: siteId ?? '' } } },
    { enabled: !!siteId },
  );
  return (
    <>
      <PageHeader
        title={
          complaint.data
            ? t(`reviewer.complaint.kind.${complaint.data.kind}`)
            : t('reviewer.complaints.title')
        }
        pending={complaint.isLoading || site.isLoading}
        back={{ href: '/reviewer/complaints', label: t('reviewer.complaints.title') }}
        lead={
          complaint.data && (
            <>
              {t(`reviewer.complaint.about.${complaint.data.about}`)}
              {site.data && (
                <>
                  {' – '}
                  <Text>{site.data.name}</Text>
                </>
              )}{' '}
              <Status kind="neutral">{t(`reviewer.complaint.state.${complaint.data.state}`)}</Status>
            </>
          )
        }
      />
      <Loaded query={complaint}>
        {(row) => (
          <div className="grid items-start gap-x-4 lg:grid-cols-[2fr_1fr]">
            <div>
              <Panel heading={t('reviewer.complaint.text')}>
                <p className="whitespace-pre-wrap">
                  <Text>{row.text}</Text>
                </p>
                <p className="mt-3 text-soft">
                  {t('reviewer.complaint.raisedOn')} {day(row.raisedOn)}
                  {' – '}
                  {row.raisedBy ? (
                    <Text>{row.raisedBy.name ?? '–'}</Text>
                  ) : (
                    t('reviewer.complaint.confidential')
                  )}
                </p>
                {row.confidential && <p className="text-soft">{t('reviewer.complaint.isConfidential')}</p>}
                {row.assessmentId && (
                  <p className="mt-3">
                    <ButtonLink href={`/reviewer/assessments/${row.assessmentId}`}>
                      {t('reviewer.certificate.assessment')}
                    </ButtonLink>
                  </p>
                )}
              </Panel>
              {row.outcome && (
                <Panel heading={t('reviewer.complaint.outcome')}>
                  <p className="font-semibold">{t(`reviewer.complaint.outcome.${row.outcome}`)}</p>
                  {row.outcomeReason && (
                    <p>
                      <Text>{row.outcomeReason}</Text>
                    </p>
                  )}
                  {row.reopened && <p className="text-soft">{t('reviewer.complaint.reopened')}</p>}
                </Panel>
              )}
              <Panel heading={t('reviewer.history')}>
                {row.history.length === 0 ? (
                  <p className="text-soft">{t('reviewer.complaint.noSteps')}</p>
                ) : (
                  <ol className="grid gap-2">
                    {row.history.map(({ at, action, reason }) => (
                      <li key={at}>
                        <b>{t(`reviewer.complaint.did.${action}`)}</b> – {moment(at)}
                        {reason && (
                          <span className="block">
                            <Text>{reason}</Text>
                          </span>
                        )}
                      </li>
                    ))}
                  </ol>
                )}
              </Panel>
            </div>
            <div className="max-lg:row-start-1">
              <Panel heading={t('reviewer.complaint.due')}>
                <Clock complaint={row} />
                <Handle complaint={row} />
              </Panel>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}

function Handle({ complaint }: { complaint: Complaint }) {
  const { t } = useI18n();
  const { userId } = useMe();
  const step = useWrite('post', '/api/v1/complaints/{id}/steps');
  const take = (action: Step, { reason, outcome, reopen }: Record<string, string> = {}) =>
    step
      .mutateAsync({
        params: { path: { id: complaint.id } },
        headers: ifMatch(complaint.revision),
        body: {
          action,
          ...(reason && { reason }),
          ...(outcome && { outcome: outcome as (typeof OUTCOMES)[number] }),
          ...(reopen && { reopen: true }),
        },
      })
      .then(() => toast(t(`reviewer.complaint.did.${action}`)));
  const next = NEXT[complaint.state];
  if (next === null) return null;
  if (complaint.raisedBy?.userId === userId)
    return next === 'close' ? null : (
      <div className="mt-3">
        <Confirm
          label={t('reviewer.complaint.do.withdraw')}
          title={t('reviewer.complaint.do.withdraw')}
          question={t('reviewer.complaint.ownQuestion')}
          confirm={t('reviewer.complaint.do.withdraw')}
          look="danger"
          onConfirm={() => take('withdraw')}
        />
      </div>
    );
  return (
    <div className="mt-3">
      <Confirm
        label={t(`reviewer.complaint.do.${next}`)}
        title={t(`reviewer.complaint.do.${next}`)}
        question={t('reviewer.complaint.question')}
        confirm={t(`reviewer.complaint.do.${next}`)}
        fields={
          next === 'decide' ? (
            <>
              <RadioGroup
                label={t('reviewer.complaint.outcome')}
                name="outcome"
                options={OUTCOMES.map((value) => ({
                  value,
                  label: t(`reviewer.complaint.outcome.${value}`),
                }))}
              />
              <TextField label={t('reviewer.reason')} name="reason" multiline required maxLength={4000} />
              {complaint.kind === 'appeal' && complaint.assessmentId && (
                <Checkbox label={t('reviewer.complaint.reopen')} name="reopen" value="true" />
              )}
            </>
          ) : (
            <TextField label={t('reviewer.complaint.remark')} name="reason" multiline maxLength={4000} />
          )
        }
        onConfirm={(values) => take(next, values)}
      />
    </div>
  );
}
