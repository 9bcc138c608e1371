import { useParams } from 'wouter';
import { ifMatch, type Schema } from '#web/api/client';
import { useRead, useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n, serverLocale } from '#web/i18n';
import { ButtonLink, PageHeader, Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { STANDING, standing } from './certificates';
import { barredBy, Impartiality } from './impartiality';

type Certificate = Schema<'CertificateRow'>;
type Decision = 'issue' | 'return' | 'suspend' | 'restore' | 'withdraw';

const MAY: Readonly<Record<Certificate['state'], readonly Decision[]>> = {
  draft: [],
  'under-review': ['issue', 'return'],
  valid: ['suspend', 'withdraw'],
  suspended: ['restore', 'withdraw'],
  withdrawn: [],
  superseded: [],
};

/** `/reviewer/certificates/:id`: the decision, by somebody who neither assessed, reviewed nor proposed. */
export default function CertificatePage() {
  const { t, day, moment } = useI18n();
  const { id } = useParams<{ id: string }>();
  const certificate = useRead('/api/v1/certificates/{id}', { params: { path: { id } } });
  const row = certificate.data;
  const site = useRead(
    '/api/v1/sites/{id}',
    { params: { path: { id: row?.siteId ?? '' } } },
    { enabled: row !== undefined },
  );
  const facts = useRead(
    '/api/v1/assessments/{id}/impartiality',
    // What was issued has been judged with who decided then; from then on only who acts is looked at.
    { params: { path: { id: row?.assessmentId ?? '' }, query: { as: 'decider' } } },
    { enabled: row !== undefined },
  );
  const score = useRead(
    '/api/v1/assessments/{id}/score',
    { params: { path: { id: row?.assessmentId ?? '' } } },
    { enabled: row !== undefined },
  );
  const names = new Map(facts.data?.duties.map(({ personId, name }) => [personId, name]));
  return (
    <>
      <PageHeader
        title={site.data?.name ?? t('reviewer.certificate.title')}
        pending={certificate.isLoading || site.isLoading}
        back={{ href: '/reviewer/certificates', label: t('reviewer.certificates.title') }}
        lead={
          row && (
            <>
              {site.data && <Text>{site.data.organisation}</Text>} – <bdi dir="ltr">{row.number}</bdi>{' '}
              <Status kind={STANDING[standing(row)]}>{t(`reviewer.standing.${standing(row)}`)}</Status>
            </>
          )
        }
        actions={
          row?.issuedOn && (
            <>
              <ButtonLink external href={`/api/v1/certificates/${id}/certificate.pdf?lang=${serverLocale()}`}>
                PDF
              </ButtonLink>
              <ButtonLink external href={`/verify/${row.number}?lang=${serverLocale()}`}>
                {t('reviewer.certificate.public')}
              </ButtonLink>
            </>
          )
        }
      />
      <Loaded query={certificate} also={[facts, score]}>
        {(found) => (
          <div className="grid items-start gap-x-4 lg:grid-cols-2">
            <div>
              {facts.data && <Decide certificate={found} facts={facts.data} />}
              <Panel heading={t('reviewer.certificate.rests')}>
                {score.data?.afterClosure && score.data.asFound && (
                  <p className="mb-3">
                    {t('reviewer.certificate.points', {
                      found: score.data.asFound.points ?? 0,
                      closed: score.data.afterClosure.points ?? 0,
                    })}
                  </p>
                )}
                {found.issuedOn && found.validUntil && (
                  <p className="mb-3">
                    {t('reviewer.certificate.valid', {
                      from: day(found.issuedOn),
                      until: day(found.validUntil),
                    })}
                  </p>
                )}
                <ButtonLink href={`/reviewer/assessments/${found.assessmentId}`}>
                  {t('reviewer.certificate.assessment')}
                </ButtonLink>
                <p className="mt-3 text-sm text-soft">{t('reviewer.certificate.disclaimer')}</p>
              </Panel>
              <Panel heading={t('reviewer.history')}>
                <ol className="grid gap-2">
                  {found.history.map(({ at, action, by, reason }) => (
                    <li key={at}>
                      <b>{t(`reviewer.step.${action as 'issue'}`)}</b> – {moment(at)}
                      {names.get(by) && (
                        <>
                          {' – '}
                          <Text>{names.get(by)!}</Text>
                        </>
                      )}
                      {reason && (
                        <span className="block">
                          <Text>{reason}</Text>
                        </span>
                      )}
                    </li>
                  ))}
                </ol>
              </Panel>
            </div>
            <Loaded query={facts}>{(known) => <Impartiality facts={known} />}</Loaded>
          </div>
        )}
      </Loaded>
    </>
  );
}

function Decide({
  certificate,
  facts,
}: {
  certificate: Certificate;
  facts: Schema<'AssessmentImpartiality'>;
}) {
  const { t } = useI18n();
  const { userId, memberships } = useMe();
  const decide = useWrite('post', '/api/v1/certificates/{id}/decision');
  const offered = MAY[certificate.state];
  if (offered.length === 0) return null;
  const decider = memberships.some(({ role }) => role === 'decider');
  const barring = barredBy(facts, 'decider', userId).filter(
    ({ personId }) => certificate.state === 'under-review' || personId === userId,
  );
  const barred = barring.length > 0;
  return (
    <Panel heading={t('reviewer.decision.title')} className="no-print">
      {!decider && <p className="text-soft">{t('reviewer.decision.byDecider')}</p>}
      {decider && barred && (
        <p className="mb-3">
          <Status kind="major">{t('reviewer.queue.barred')}</Status> {t('reviewer.decision.barred')}
        </p>
      )}
      {decider && (
        <div className="flex flex-wrap gap-2">
          {offered
            // Returning takes nothing and gives nothing: anybody who decides may.
            .filter((action) => !barred || action === 'return')
            .map((action) => (
              <Confirm
                key={action}
                label={t(`reviewer.decision.${action}`)}
                title={t(`reviewer.decision.${action}`)}
                question={t(`reviewer.decision.${action}.question`)}
                confirm={t(`reviewer.decision.${action}`)}
                look={action === 'withdraw' || action === 'suspend' ? 'danger' : 'secondary'}
                fields={
                  action !== 'issue' && (
                    <TextField
                      label={t('reviewer.reason')}
                      name="reason"
                      multiline
                      required
                      maxLength={1000}
                    />
                  )
                }
                onConfirm={({ reason }) =>
                  decide
                    .mutateAsync({
                      params: { path: { id: certificate.id } },
                      headers: ifMatch(certificate.revision),
                      body: { action, ...(reason && { reason }) },
                    })
                    .then(() => toast(t(`reviewer.step.${action}`)))
                }
              />
            ))}
        </div>
      )}
    </Panel>
  );
}
