import type {
  CertificatesService,
  CharterService,
  ConsentsService,
  ConsentStep,
  ReadinessService,
  ResultsService,
  VisitsService,
} from '#application';
import type { Handler, Logger, Mailer } from '#platform';
import { LOCALES, renderMail, type Locale } from '#reporting';
import type { DataSource } from 'typeorm';

/** Every kind of work the outbox may hold, with its payload. A name without a handler does not compile. */
export interface Jobs {
  'assessment-submitted': { assessmentId: string };
  'assessment-closed': { assessmentId: string };
  'assessment-reopened': { assessmentId: string };
  'result-computed': { assessmentId: string; siteId: string };
  'rules-changed': { buyerId: string };
  'site-changed': { siteId: string };
  'plan-visits': Record<string, never>;
  'visit-planned': { visitId: string };
  'certificate-changed': { certificateId: string; action: string };
  'consent-changed': { grantId: string; step: ConsentStep; revision: number };
  'charter-changed': { programmeId: string; revision: number };
  'daily-sweep': Record<string, never>;
}

export type JobName = keyof Jobs;
type TypedHandlers = { readonly [Name in JobName]: Handler<Jobs[Name]> };

export interface HandlerDependencies {
  readonly db: DataSource;
  readonly results: ResultsService;
  readonly readiness: ReadinessService;
  readonly visits: VisitsService;
  readonly certificates: CertificatesService;
  readonly consents: ConsentsService;
  readonly charters: CharterService;
  readonly mailer: Mailer;
  readonly log: Logger;
  readonly baseUrl: string;
}

/** What the worker does. Every handler may run twice for one job without harm. */
export function handlersOf({
  db,
  results,
  readiness,
  visits,
  certificates,
  consents,
  charters,
  mailer,
  baseUrl,
}: HandlerDependencies): TypedHandlers {
  const evaluate = (siteId: string) => readiness.evaluateSite(siteId);
  // A plan sees everything committed before it began, so it also answers every request that was queued by then.
  let planBegunAt = 0;
  const plan = async (queuedAt: number) => {
    if (queuedAt < planBegunAt) return 'covered';
    const before = planBegunAt;
    planBegunAt = Date.now();
    return visits.plan().catch((error: unknown) => {
      planBegunAt = before;
      throw error;
    });
  };
  /** Writes to both sides of a grant, and notes in the ledger that they were told. */
  const tellOfConsent = async (grantId: string, step: ConsentStep, letter: string) => {
    const letters = await consents.letters(grantId, step, baseUrl);
    for (const [index, { kind, email, language, view }] of letters.entries())
      await mailer.send({
        id: `consent-${grantId}-${letter.replaceAll(' ', '-')}-${index}`,
        to: email,
        ...renderMail(kind, view, language),
      });
    if (letters.length > 0) await consents.told(grantId, letter);
  };
  return {
    'assessment-submitted': ({ assessmentId }) => results.compute(assessmentId),
    'assessment-closed': ({ assessmentId }) => results.compute(assessmentId),
    'assessment-reopened': ({ assessmentId }) => results.withdraw(assessmentId),
    'result-computed': async ({ assessmentId, siteId }) => {
      await evaluate(siteId);
      await visits.needAfter(assessmentId);
    },
    'rules-changed': async ({ buyerId }) => {
      const sites = await db.query(
        `SELECT DISTINCT site_id AS id FROM site_reach WHERE organisation_id = $1 AND part IN ('buyer', 'grantee')`,
        [buyerId],
      );
      for (const { id } of sites as { id: string }[]) await evaluate(id);
    },
    'site-changed': ({ siteId }) => evaluate(siteId),
    'plan-visits': (_, { queuedAt }) => plan(queuedAt),
    'visit-planned': async ({ visitId }, { id }) => {
      const invitation = await visits.invitationForMail(visitId);
      if (!invitation) return;
      const { visit, to, ics } = invitation;
      const mail = renderMail(
        visit.sequence === 0 ? 'visit-invitation' : 'visit-changed',
        {
          to: to.name,
          site: visit.siteName,
          address: visit.city,
          date: visit.plannedOn!,
          assessor: to.name,
          checklist: visit.reason,
          url: `${baseUrl}/api/v1/visits/${visit.id}`,
        },
        'en',
      );
      await mailer.send({ id, to: to.email, ...mail, calendar: { method: 'REQUEST', content: ics } });
    },
    'certificate-changed': async ({ certificateId, action }, { id }) => {
      const facts = await certificates.forMail(certificateId);
      if (!facts) return;
      for (const [index, to] of facts.recipients.entries()) {
        const view = { ...facts.mail, to: to.name };
        const mail =
          action === 'issue'
            ? renderMail('certificate-issued', view, 'en')
            : renderMail(
                'certificate-status',
                { ...view, status: facts.status, ...(facts.reason && { reason: facts.reason }) },
                'en',
              );
        await mailer.send({ id: `${id}-${index}`, to: to.email, ...mail });
      }
    },
    'consent-changed': ({ grantId, step, revision }) => tellOfConsent(grantId, step, `${step} ${revision}`),
    'charter-changed': async ({ programmeId, revision }) => {
      for (const siteId of await charters.sitesOf(programmeId)) await evaluate(siteId);
      const letters = await charters.charterLetters(programmeId, revision);
      if (!letters) return;
      const { charter, programme, people } = letters;
      for (const [index, to] of people.entries()) {
        const mail = renderMail(
          'charter-changed',
          {
            to: to.name,
            programme,
            buyerScopes: charter.buyerScopes,
            aggregates: charter.publicAggregates ? 'public' : charter.donorAggregates ? 'donors' : 'nobody',
            url: `${baseUrl}/api/v1/programmes/${programmeId}/charter`,
          },
          LOCALES.find((locale): locale is Locale => locale === to.language) ?? 'en',
        );
        await mailer.send({ id: `charter-${programmeId}-${revision}-${index}`, to: to.email, ...mail });
      }
    },
    'daily-sweep': async () => {
      // First what ends today: nothing after it may count on a consent that is over.
      const { expiring } = await consents.sweep();
      for (const { id: grantId, until } of expiring)
        await tellOfConsent(grantId, 'expiring', `expiring ${until}`);
      await charters.publish();
      // Ages and deadlines move with the calendar: everything that rests on "today" is looked at anew.
      const sites = await db.query(
        `SELECT DISTINCT site_id AS id FROM readiness WHERE status IN ('ready', 'conditional') AND valid_until < current_date`,
      );
      for (const { id } of sites as { id: string }[]) await evaluate(id);
      await visits.plan();
      for (const { id: certificateId, daysLeft, validUntil } of await certificates.expiring()) {
        const facts = await certificates.forMail(certificateId);
        for (const [index, to] of (facts?.recipients ?? []).entries()) {
          const mail = renderMail('certificate-expiring', { ...facts!.mail, to: to.name, daysLeft }, 'en');
          // One reminder a day, however often the sweep runs.
          await mailer.send({
            id: `expiring-${certificateId}-${validUntil}-${daysLeft}-${index}`,
            to: to.email,
            ...mail,
          });
        }
      }
      await db.query(`DELETE FROM idempotency_key WHERE created_at < now() - interval '7 days'`);
    },
  };
}
