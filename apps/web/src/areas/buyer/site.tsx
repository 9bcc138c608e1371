import { useParams } from 'wouter';
import type { Schema } from '#web/api/client';
import { useCategories } from '#web/api/categories';
import { useRead } from '#web/api/hooks';
import { useI18n, serverLocale } from '#web/i18n';
import { ButtonLink, PageHeader, Panel, Skeleton, Status, Text } from '#web/ui/basics';
import { READINESS } from '#web/ui/readiness';
import { EmptyState, Loaded } from '#web/ui/states';
import { GraceOver, useCondition } from './buyer';
import { Complain } from './complain';

/** `/buyer/sites/:id`: one supplier's site, as far as charter and consent let its buyer see it, and until when. */
export default function SitePage() {
  const { t, country, list } = useI18n();
  const { id } = useParams<{ id: string }>();
  const init = { params: { path: { id } } };
  const site = useRead('/api/v1/sites/{id}', init);
  const readiness = useRead('/api/v1/sites/{id}/readiness', init);
  const certificates = useRead('/api/v1/sites/{id}/certificates', init);
  const assessments = useRead('/api/v1/assessments', {
    params: { query: { siteId: id, state: 'closed', limit: 200 } },
  });
  const grants = useRead('/api/v1/consents/received');
  const { nameOf, names } = useCategories();
  return (
    <>
      <PageHeader
        title={site.data?.name ?? t('common.site')}
        pending={site.isLoading || names.isLoading}
        back={{ href: '/buyer', label: t('buyer.suppliers.title') }}
        lead={
          site.data && (
            <>
              <Text>{site.data.organisation}</Text> –{' '}
              {t('common.place', { city: site.data.city, country: country(site.data.country) })} –{' '}
              {list(site.data.categories.map(nameOf))}
            </>
          )
        }
      />
      {site.error ? (
        <Loaded query={site}>{() => null}</Loaded>
      ) : (
        <div className="grid items-start gap-x-4 lg:grid-cols-2">
          <div>
            <Panel heading={t('buyer.site.readiness')}>
              <Loaded query={readiness} empty={<EmptyState title={t('buyer.why.noRule')} />}>
                {(rows) => (
                  <ul className="grid gap-4">
                    {rows.map((row) => (
                      <li key={`${row.rule} ${row.category}`}>
                        <Ready row={row} category={nameOf(row.category)} />
                      </li>
                    ))}
                  </ul>
                )}
              </Loaded>
            </Panel>
            <Panel heading={t('buyer.site.shared')}>
              <Loaded query={grants}>{(all) => <Shared site={id} grants={all} />}</Loaded>
            </Panel>
          </div>
          <div>
            <Panel heading={t('buyer.site.certificates')}>
              <Loaded query={certificates} empty={<EmptyState title={t('buyer.site.noCertificate')} />}>
                {(rows) => (
                  <ul className="grid gap-3">
                    {rows.map((row) => (
                      <Certificate key={row.id} row={row} />
                    ))}
                  </ul>
                )}
              </Loaded>
            </Panel>
            <Panel heading={t('buyer.site.assessments')}>
              <Loaded
                query={assessments}
                isEmpty={({ items }) => items.length === 0}
                empty={<EmptyState title={t('buyer.site.noAssessment')} />}
              >
                {({ items }) => (
                  <ul className="grid gap-4">
                    {/* The newest first: it is what counts. */}
                    {[...items]
                      .sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1))
                      .map((row) => (
                        <Assessment key={row.id} row={row} />
                      ))}
                  </ul>
                )}
              </Loaded>
            </Panel>
          </div>
        </div>
      )}
    </>
  );
}

/** A status under one rule with every condition, and the shortest way to ready where answers are shared. */
function Ready({ row, category }: { row: Schema<'ReadinessRow'>; category: string }) {
  const { t, day, number } = useI18n();
  const said = useCondition();
  const { status, validUntil, title, translations, body, outdated } = row;
  const mine = (translations as Record<string, { title: string } | undefined> | undefined)?.[serverLocale()];
  return (
    <>
      <p className="flex flex-wrap items-center gap-2">
        <Status kind={READINESS[status]}>{t(`buyer.readiness.${status}`)}</Status>
        <b>{category}</b>
        {validUntil && <span>{t('buyer.site.until', { day: day(validUntil) })}</span>}
      </p>
      <p className="text-soft">
        <Text>{mine?.title ?? title}</Text>
      </p>
      <GraceOver status={status} until={body.graceUntil} />
      {outdated && <p className="text-soft">{t('buyer.site.outdated')}</p>}
      <ul className="mt-2 grid gap-1">
        {body.conditions.map((condition) => (
          <li
            key={`${condition.code} ${condition.subject}`}
            className="flex items-start gap-2 *:first:shrink-0"
          >
            <Status kind={condition.holds ? 'conforming' : 'major'}>
              {t(condition.holds ? 'buyer.condition.holds' : 'buyer.condition.fails')}
            </Status>
            <span>
              {said(condition)}{' '}
              {condition.requirements.length > 0 && (
                <bdi dir="ltr" className="text-sm text-soft">
                  {condition.requirements.join(', ')}
                </bdi>
              )}
            </span>
          </li>
        ))}
      </ul>
      {body.cheapestPath && body.cheapestPath.items.length > 0 && (
        <div className="mt-2">
          <h3>{t('buyer.site.path')}</h3>
          <ol className="list-decimal ps-6">
            {body.cheapestPath.items.map(({ requirement, effect }) => (
              <li key={requirement}>
                <bdi dir="ltr">{requirement}</bdi>{' '}
                <span className="text-soft">
                  {t('buyer.site.effect', { points: number(effect, { maximumFractionDigits: 1 }) })}
                </span>
              </li>
            ))}
          </ol>
        </div>
      )}
      {!body.cheapestPath && !!body.missing && (
        <p className="mt-1 text-soft">{t('buyer.why.missing', { n: body.missing })}</p>
      )}
    </>
  );
}

/** What consent lets the buyer see and until when; what is seen by a programme's charter ends with it. */
function Shared({ site, grants }: { site: string; grants: readonly Schema<'ReceivedGrant'>[] }) {
  const { t, day, list } = useI18n();
  const own = grants.filter(({ state, sites }) => state === 'active' && sites.some(({ id }) => id === site));
  return (
    <>
      {own.map(({ id, scopes, until, purpose }) => (
        <div key={id} className="mb-3">
          <p className="font-semibold">{t('buyer.site.consentUntil', { day: day(until) })}</p>
          <p>{list(scopes.map((scope) => t(`buyer.scope.${scope}`)))}</p>
          <p className="text-soft">
            {t('buyer.site.purpose')} <Text>{purpose}</Text>
          </p>
        </div>
      ))}
      <p className="text-soft">{t(own.length > 0 ? 'buyer.site.alsoCharter' : 'buyer.site.byCharter')}</p>
    </>
  );
}

function Certificate({ row }: { row: Schema<'CertificateRow'> }) {
  const { t, day } = useI18n();
  const { id, number, status, issuedOn, validUntil, exceptions } = row;
  return (
    <li>
      <p className="flex flex-wrap items-center gap-2">
        <bdi dir="ltr" className="font-semibold">
          {number}
        </bdi>
        {status && (
          <Status kind={status === 'valid' ? 'conforming' : status === 'withdrawn' ? 'critical' : 'major'}>
            {t(`buyer.certificate.${status}`)}
          </Status>
        )}
      </p>
      {issuedOn && validUntil && (
        <p>{t('buyer.certificate.period', { from: day(issuedOn), until: day(validUntil) })}</p>
      )}
      {exceptions.map(({ rule, reason, recordedOn }) => (
        <p key={`${rule} ${recordedOn}`} className="text-sm">
          {t('buyer.certificate.exception', { day: day(recordedOn) })} <Text>{reason}</Text>
        </p>
      ))}
      <p className="no-print mt-2 flex flex-wrap gap-2">
        <ButtonLink external href={`/api/v1/certificates/${id}/certificate.pdf?lang=${serverLocale()}`}>
          PDF
        </ButtonLink>
        <ButtonLink external href={`/verify/${number}?lang=${serverLocale()}`}>
          {t('buyer.certificate.public')}
        </ButtonLink>
        <Complain about="certificate" subjectId={id} />
      </p>
    </li>
  );
}

function Assessment({ row }: { row: Schema<'AssessmentRow'> }) {
  const { t, day, number } = useI18n();
  const init = { params: { path: { id: row.id } } };
  const score = useRead('/api/v1/assessments/{id}/score', init);
  const whole = useRead('/api/v1/assessments/{id}', init);
  const view = score.data?.afterClosure;
  if (score.isLoading || whole.isLoading)
    return (
      <li>
        <Skeleton rows={2} />
      </li>
    );
  return (
    <li>
      <p className="font-semibold">
        {t(`common.assessmentKind.${row.kind}`)} – {day(row.assessedOn)}
      </p>
      {view && (
        <p>
          {view.points === null
            ? t('buyer.compare.notRated')
            : t('buyer.compare.points', { points: number(view.points, { maximumFractionDigits: 1 }) })}
          {' – '}
          {t('buyer.site.conform', { n: view.counts.conforming, of: view.counts.applicable })}
          <span className="block text-sm text-soft">
            {t('buyer.site.open', {
              critical: view.openFindings.critical,
              major: view.openFindings.major,
              minor: view.openFindings.minor,
            })}
          </span>
        </p>
      )}
      <p className="no-print mt-2 flex flex-wrap gap-2">
        {whole.data?.responses ? (
          <ButtonLink external href={`/api/v1/assessments/${row.id}/gap-report.html?lang=${serverLocale()}`}>
            {t('buyer.site.gapReport')}
          </ButtonLink>
        ) : (
          whole.data && <span className="text-soft">{t('buyer.site.noAnswers')}</span>
        )}
        <Complain about="assessment" subjectId={row.id} />
      </p>
    </li>
  );
}
