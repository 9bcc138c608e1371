import type {
  CertificatesService,
  CheckpointFolder,
  ExportsService,
  ReadinessService,
  ResultsService,
  Retention,
  VisitsService,
} from '#application';
import type { Database } from '#persistence';
import type { AuditKeys, Handler, Logger, Mailer } from '#platform';
import { renderMail } from '#reporting';
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
  'export-requested': { exportId: string };
  'daily-sweep': Record<string, never>;
  'keep-records': Record<string, never>;
}

export type JobName = keyof Jobs;
type TypedHandlers = { readonly [Name in JobName]: Handler<Jobs[Name]> };

export interface HandlerDependencies {
  readonly db: DataSource;
  readonly results: ResultsService;
  readonly readiness: ReadinessService;
  readonly visits: VisitsService;
  readonly certificates: CertificatesService;
  readonly transactions: Database;
  readonly exports: ExportsService;
  readonly retention: Retention;
  readonly checkpoints: CheckpointFolder;
  readonly auditKeys: AuditKeys;
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
  transactions,
  exports,
  retention,
  checkpoints,
  auditKeys,
  mailer,
  log,
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
        `SELECT DISTINCT e.site_id AS id FROM programme_participant p JOIN cohort c ON c.programme_id = p.programme_id
           JOIN enrolment e ON e.cohort_id = c.id WHERE p.organisation_id = $1 AND p.part = 'buyer'`,
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
    'export-requested': ({ exportId }) =>
      exports.make(exportId, auditKeys, (id) => certificates.printed(id, 'en')),
    'daily-sweep': async () => {
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
    },
    'keep-records': async () => {
      // Checkpoints first: what the retention lets go has been seen by one.
      const { made, faults } = await checkpoints.makeAll(transactions);
      log.info({ checkpoints: made, gone: await retention.sweep() }, 'records kept');
      if (faults.length > 0) {
        log.error({ faults }, 'the audit trail was tampered with: see docs/audit-trail.md');
        throw new Error(`${faults.length} chains of the audit trail don't go on from their last checkpoint.`);
      }
    },
  };
}
