import {
  type CertificatesService,
  type CharterService,
  type ConsentsService,
  type ConsentStep,
  type CheckpointFolder,
  type CorrectionsService,
  type DocumentsService,
  type EvidenceKeeper,
  type ExportsService,
  type ImportsService,
  type InvitationsService,
  type Letter,
  type OperationsService,
  type ReadinessService,
  type ReminderDue,
  type RemindersService,
  type ResultsService,
  type Retention,
  unseal,
  type VisitsService,
} from '#application';
import { isLocale } from '#domain';
import { type AuditKeys, dayIn, type Handler, type Logger, type Mailer } from '#platform';
import { renderMail } from '#reporting';
import { Database } from '#persistence';

/** Every kind of work the outbox may hold, with its payload. A name without a handler does not compile. */
export interface Jobs {
  'assessment-submitted': { assessmentId: string };
  'assessment-closed': { assessmentId: string };
  'assessment-reopened': { assessmentId: string };
  'assessment-voided': { assessmentId: string };
  'finding-changed': { assessmentId: string };
  'engagement-changed': { siteId: string; personId: string | null };
  'result-computed': { assessmentId: string; siteId: string };
  'rules-changed': { buyerId: string };
  'site-changed': { siteId: string };
  'plan-visits': Record<string, never>;
  'visit-planned': { visitId: string };
  'visit-cancelled': { visitId: string };
  'keep-document': { assessmentId: string } | { certificateId: string };
  'correction-decided': { correctionId: string };
  'reminder-due': ReminderDue;
  'certificate-changed': { certificateId: string; action: string };
  'consent-changed': { grantId: string; step: ConsentStep; revision: number };
  'charter-changed': { programmeId: string; revision: number };
  /** `at`: the instant to take for now, to make up for a day that was missed. */
  'daily-sweep': { at?: string };
  'import-requested': { importId: string };
  /** `sealed` holds the secret of the link. */
  'invitation-created': { invitationId: string; sealed: string };
  'identity-letter': { sealed: string };
  'evidence-received': { evidenceId: string };
  'export-requested': { exportId: string };
  'keep-records': Record<string, never>;
}

export type JobName = keyof Jobs;

/** A report in every language takes a second: a gain, a photograph's receipt or a letter must not wait for it. */
export const PATIENT: ReadonlySet<JobName> = new Set(['keep-document', 'keep-records']);
type TypedHandlers = { readonly [Name in JobName]: Handler<Jobs[Name]> };

export interface HandlerDependencies {
  readonly db: Database;
  readonly results: ResultsService;
  readonly readiness: ReadinessService;
  readonly visits: VisitsService;
  readonly certificates: CertificatesService;
  readonly documents: DocumentsService;
  readonly corrections: CorrectionsService;
  readonly reminders: RemindersService;
  readonly operations: OperationsService;
  readonly imports: ImportsService;
  readonly invitations: InvitationsService;
  readonly consents: ConsentsService;
  readonly charters: CharterService;
  readonly evidence: EvidenceKeeper;
  readonly exports: ExportsService;
  readonly retention: Retention;
  readonly checkpoints: CheckpointFolder;
  readonly auditKeys: AuditKeys;
  readonly mailer: Mailer;
  readonly log: Logger;
  readonly baseUrl: string;
  /** Opens what the API sealed. */
  readonly secret: string;
}

/** What the worker does. Every handler may run twice for one job without harm. */
export function handlersOf({
  db,
  results,
  readiness,
  visits,
  certificates,
  documents,
  corrections,
  reminders,
  operations,
  imports,
  invitations,
  consents,
  charters,
  evidence,
  exports,
  retention,
  checkpoints,
  auditKeys,
  mailer,
  log,
  baseUrl,
  secret,
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
  /** Tells everybody whom a change of a visit concerns; who has been told already isn't told again. */
  const invite = async (visitId: string) => {
    for (const due of await visits.invitationsDue(visitId)) {
      const { kind, to, method, sequence, mail, ics } = due;
      await mailer.send({
        id: `visit-${visitId}-${to.userId}-${sequence}-${method}`,
        to: to.email,
        ...renderMail(kind, mail, to.locale),
        calendar: { method, content: ics },
      });
      await visits.invitationSent(visitId, due);
    }
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
    'assessment-voided': async ({ assessmentId }) => {
      await results.discount(assessmentId);
      await visits.freeAfter(assessmentId);
    },
    'finding-changed': ({ assessmentId }) => results.compute(assessmentId),
    'engagement-changed': ({ siteId, personId }) => results.recompute(siteId, personId),
    'result-computed': async ({ assessmentId, siteId }) => {
      await evaluate(siteId);
      await visits.needAfter(assessmentId);
      // Now that the report has everything in it.
      await documents.keepWhenClosed(assessmentId);
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
    'visit-planned': ({ visitId }) => invite(visitId),
    'visit-cancelled': ({ visitId }) => invite(visitId),
    'keep-document': (of) =>
      'assessmentId' in of
        ? documents.keepGapReport(of.assessmentId)
        : documents.keepCertificate(of.certificateId),
    'correction-decided': async ({ correctionId }) => {
      for (const { to, mail } of await corrections.letters(correctionId, baseUrl))
        await mailer.send({ id: `correction-${correctionId}-${to.userId}`, to: to.email, ...mail });
    },
    'reminder-due': async (due) => {
      const written = await reminders.mail(due);
      if (!written) return 'nothing to remind of';
      const { id, to, mail } = written;
      return mailer.send({ id, to: to.email, ...mail });
    },
    'certificate-changed': async ({ certificateId, action }, { id }) => {
      const facts = await certificates.forMail(certificateId);
      if (!facts) return;
      for (const to of facts.recipients) {
        const view = { ...(await facts.mail(to.locale)), to: to.name };
        const mail =
          action === 'issue'
            ? renderMail('certificate-issued', view, to.locale)
            : renderMail(
                'certificate-status',
                { ...view, status: facts.status, ...(facts.reason && { reason: facts.reason }) },
                to.locale,
              );
        await mailer.send({ id: `${id}-${to.userId}`, to: to.email, ...mail });
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
          isLocale(to.language) ? to.language : 'en',
        );
        await mailer.send({ id: `charter-${programmeId}-${revision}-${index}`, to: to.email, ...mail });
      }
    },
    'import-requested': ({ importId }, { attempt, attempts }) => imports.run(importId, attempt >= attempts),
    'invitation-created': async ({ invitationId, sealed }, { id }) => {
      const found = await invitations.forMail(invitationId, sealed);
      if (!found) return;
      const mail = renderMail(
        'invitation',
        {
          to: found.email,
          organisation: found.organisation,
          role: found.role,
          by: found.invitedBy,
          until: found.expiresAt.toISOString().slice(0, 10),
          // Behind the hash: what follows it reaches no server and no log.
          url: `${baseUrl}/invitations#${found.token}`,
        },
        found.language,
      );
      await mailer.send({ id, to: found.email, ...mail });
    },
    'identity-letter': async ({ sealed }, { id }) => {
      const letter = await unseal<Letter>(secret, sealed);
      const mail = renderMail(letter.kind, { to: letter.email, url: letter.url }, letter.language);
      await mailer.send({ id, to: letter.email, ...mail });
    },
    'daily-sweep': async ({ at }) => {
      const now = at ? new Date(at) : new Date();
      // First what ends today: nothing after it may count on a consent that is over.
      const { expiring } = await consents.sweep(now);
      for (const { id: grantId, until } of expiring)
        await tellOfConsent(grantId, 'expiring', `expiring ${until}`);
      await charters.publish(dayIn(now));
      // What devices have sent ahead of what it rests on, days ago.
      await operations.endWaiting(now);
      // Ages and deadlines move with the calendar: everything that rests on "today" is looked at anew.
      await reminders.remind(now);
      await readiness.evaluateExpired(now);
      await visits.plan(at ? now.toISOString().slice(0, 10) : undefined);
    },
    'evidence-received': ({ evidenceId }) => evidence.develop(evidenceId),
    'export-requested': ({ exportId }) => exports.make(exportId, auditKeys),
    'keep-records': async () => {
      // Checkpoints first: what the retention lets go has been seen by one.
      const { made, faults } = await checkpoints.makeAll(db);
      log.info({ checkpoints: made, gone: await retention.sweep() }, 'records kept');
      if (faults.length > 0) {
        log.error({ faults }, 'the audit trail was tampered with: see docs/audit-trail.md');
        throw new Error(`${faults.length} chains of the audit trail don't go on from their last checkpoint.`);
      }
    },
  };
}
