import {
  addMonths,
  certificateMachine,
  certificateNumber,
  certificatePayload,
  certificateStatus,
  type CertificateStatus,
  DomainError,
  isBefore,
  organisationType,
  parseCertificateNumber,
  transition,
  validUntil,
  type CertificateAction,
  type CertificateState,
  type Score,
} from '#domain';
import { appendToOutbox, dayIn } from '#platform';
import type { CertificateView, ExceptionLine, Locale, VerificationView } from '#reporting';
import { randomBytes, randomUUID } from 'node:crypto';
import { type Database, sqlStateOf } from '#persistence';
import type { EntityManager } from 'typeorm';
import { must, mustSee, sees, seesRecord, siteAccess } from './access.js';
import { notFound, type Actor } from './actor.js';
import {
  explainedScore,
  loadAssessment,
  type LoadedAssessment,
  pinnedContent,
} from './assessments.service.js';
import { contentHash } from './content.service.js';
import { categoryName, checklistLine, localise, localisedVersion, verdictOf } from './localised.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { programmeDay, siteRecipients } from './people.js';
import { exceptionsBehind, judgeAssessment, lockRegister, mustBeImpartial } from './impartiality.js';
import { mustBeCurrent } from './revision.js';

/** What a certificate states: frozen when it is proposed, in the base language of the content. */
type Facts = Omit<
  CertificateView,
  'number' | 'verifyUrl' | 'issuedOn' | 'validUntil' | 'nextDue' | 'decider' | 'attachment'
>;

export interface CertificateRow {
  readonly id: string;
  readonly number: string;
  readonly siteId: string;
  readonly assessmentId: string;
  readonly state: CertificateState;
  readonly status: CertificateStatus | null;
  readonly proposedBy: string;
  readonly decidedBy: string | null;
  readonly issuedOn: string | null;
  readonly validUntil: string | null;
  readonly revision: number;
  readonly history: { at: string; action: string; by: string; reason?: string }[];
  /** Breaches of impartiality that were allowed and that it rests on, as it states them. */
  readonly exceptions: readonly ExceptionLine[];
}

/** A certificate in a list over many sites. */
export interface CertificateListRow extends CertificateRow {
  readonly site: string;
  readonly organisation: string;
}

const columns = `id, number, site_id AS "siteId", assessment_id AS "assessmentId", state, proposed_by AS "proposedBy", decided_by AS "decidedBy",
  issued_on::text AS "issuedOn", valid_until::text AS "validUntil", revision, history, facts,
  coalesce((SELECT time_zone FROM certificate_content(id)), 'UTC') AS "timeZone"`;

/** Buyer-readiness certificates: proposed by one person, decided by another, verifiable by anyone. */
export class CertificatesService {
  constructor(
    private readonly db: Database,
    private readonly baseUrl: string,
  ) {}

  /**
   * Proposes a certificate for a closed assessment that passed.
   * @throws DomainError `assessment-not-closed`, `assessment-not-held` (its day is still to come), `assessment-not-passed`.
   */
  async propose(actor: Actor, assessmentId: string): Promise<CertificateRow> {
    return this.db.transaction(async (tx) => {
      const assessment = await loadAssessment(tx, assessmentId);
      const access = await siteAccess(tx, actor, assessment.siteId, 'assessment');
      must(
        access,
        ['reviewer', 'programme-manager', 'decider'],
        ['agency', 'assessment-provider'],
        'propose a certificate',
      );
      if (assessment.state !== 'closed' || !assessment.lockHash) {
        throw new DomainError(
          'assessment-not-closed',
          'Only a closed assessment can carry a certificate.',
          [{ field: '/assessmentId', message: assessment.state, fix: 'Have it reviewed and closed first.' }],
          'conflict',
        );
      }
      if (assessment.kind === 'self')
        throw new DomainError('self-assessment', 'A self-assessment carries no certificate.');
      const today = await this.today(tx, assessmentId);
      if (isBefore(today, assessment.assessedOn))
        throw new DomainError(
          'assessment-not-held',
          `The assessment is dated ${assessment.assessedOn}, a day that is still to come.`,
          [{ field: '/assessmentId', message: `dated after ${today}`, fix: 'Propose it from that day on.' }],
          'conflict',
        );
      const facts = await this.facts(tx, assessmentId);
      if (facts.afterClosure.verdict === 'fail' || facts.afterClosure.verdict === 'not-scorable') {
        throw new DomainError(
          'assessment-not-passed',
          'The assessment did not pass, after closure included.',
          [],
          'conflict',
        );
      }
      const entry = { at: new Date().toISOString(), action: 'submit', by: actor.userId };
      const [returned] = await tx.query(
        `SELECT id, history FROM certificate WHERE assessment_id = $1 AND state = 'draft' FOR UPDATE`,
        [assessmentId],
      );
      if (returned) {
        // One that was returned is proposed again, with the facts as they are now.
        await tx.query(
          `UPDATE certificate SET state = $2, proposed_by = $3, facts = $4, history = $5, revision = revision + 1 WHERE id = $1`,
          [
            returned.id,
            transition(certificateMachine, 'draft', 'submit'),
            actor.userId,
            JSON.stringify(facts),
            JSON.stringify([...returned.history, entry]),
          ],
        );
        return this.row(tx, returned.id);
      }
      const number = certificateNumber(Number(today.slice(0, 4)), certificatePayload(randomBytes(6)));
      const id = randomUUID();
      const history = [entry];
      await tx
        .query(
          `INSERT INTO certificate (id, number, site_id, assessment_id, state, proposed_by, facts, history) VALUES ($1, $2, $3, $4, 'under-review', $5, $6, $7)`,
          [
            id,
            number,
            assessment.siteId,
            assessmentId,
            actor.userId,
            JSON.stringify(facts),
            JSON.stringify(history),
          ],
        )
        .catch((error: unknown) => {
          if (sqlStateOf(error) !== '23505') throw error;
          throw new DomainError(
            'certificate-exists',
            'This assessment has a certificate already.',
            [],
            'conflict',
          );
        });
      return this.row(tx, id);
    });
  }

  /**
   * Decides: issues it, returns it, or later suspends, restores or withdraws it. Four eyes: whoever assessed, reviewed,
   * proposed or coached does not decide; and nothing is issued while a breach of any duty stands without an exception.
   * @throws DomainError `four-eyes` with every breach.
   */
  async act(
    actor: Actor,
    id: string,
    action: Exclude<CertificateAction, 'submit'>,
    reason?: string,
    revision: number | null = null,
  ): Promise<CertificateRow> {
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM certificate WHERE id = $1 FOR UPDATE`, [id]);
      const row = await this.row(tx, id);
      const access = await siteAccess(tx, actor, row.siteId, 'certificate');
      must(access, ['decider'], ['agency', 'assessment-provider'], 'decide on a certificate');
      mustBeCurrent('certificate', revision, row.revision);
      const state = transition(certificateMachine, row.state, action, reason);
      const today = await this.today(tx, row.assessmentId);
      if (action !== 'return') await this.decisionMustBeImpartial(tx, actor, row, action, today);
      const history = [
        ...row.history,
        { at: new Date().toISOString(), action, by: actor.userId, ...(reason && { reason }) },
      ];
      await tx.query(
        `UPDATE certificate SET state = $2, history = $3, revision = revision + 1, decided_by = CASE WHEN $4 THEN $5 ELSE decided_by END,
                issued_on = CASE WHEN $4 THEN $6::date ELSE issued_on END, valid_until = CASE WHEN $4 THEN $7::date ELSE valid_until END WHERE id = $1`,
        [id, state, JSON.stringify(history), action === 'issue', actor.userId, today, validUntil(today)],
      );
      if (action === 'issue') await this.stateImpartiality(tx, row, today);
      await appendToOutbox(tx, 'certificate-changed', { certificateId: id, action });
      if (action === 'issue') await appendToOutbox(tx, 'keep-document', { certificateId: id });
      return this.row(tx, id);
    });
  }

  async get(actor: Actor, id: string): Promise<CertificateRow> {
    const row = await this.row(this.db, id);
    const access = await siteAccess(this.db, actor, row.siteId, 'certificate');
    if (!seesRecord(access) && (row.issuedOn === null || !sees(access, 'certificate')))
      throw notFound('certificate');
    return row;
  }

  async list(actor: Actor, siteId: string): Promise<CertificateRow[]> {
    const access = await siteAccess(this.db, actor, siteId);
    mustSee(access, 'certificate');
    const rows = await this.db.query(
      `SELECT ${columns} FROM certificate WHERE site_id = $1 AND ($2 OR issued_on IS NOT NULL) ORDER BY created_at DESC`,
      [siteId, seesRecord(access)],
    );
    return rows.map(withStatus);
  }

  /** Certificates of all sites the actor sees; issued ones only where the record isn't theirs to see. */
  async all(
    actor: Actor,
    state: CertificateState | undefined,
    page: PageRequest,
  ): Promise<Page<CertificateListRow>> {
    const rows = await this.db.query(
      `SELECT ${columns}, (SELECT s.name FROM site s WHERE s.id = site_id) AS site,
              (SELECT o.name FROM site s JOIN organisation o ON o.id = s.organisation_id WHERE s.id = site_id) AS organisation
         FROM certificate
        WHERE (SELECT true FROM site_access x WHERE x.user_id = $1 AND x.site_id = certificate.site_id
                AND ('record' = ANY (x.scopes) OR (issued_on IS NOT NULL AND 'certificate' = ANY (x.scopes))) LIMIT 1)
          AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4`,
      [actor.userId, state, page.after, page.limit + 1],
    );
    return pageOf(rows.map(withStatus) as CertificateListRow[], page, ({ id }) => id);
  }

  /** Certificates of a site that were issued, newest first. No access check: the database decides what the reader sees. */
  async issuedOf(siteId: string, limit: number): Promise<CertificateRow[]> {
    const rows = await this.db.query(
      `SELECT ${columns} FROM certificate WHERE site_id = $1 AND issued_on IS NOT NULL ORDER BY issued_on DESC, number LIMIT $2`,
      [siteId, limit],
    );
    return rows.map(withStatus);
  }

  /** Everything the document prints, the content in the reader's language; only for a certificate that was issued. */
  async view(actor: Actor, id: string, locale: Locale): Promise<CertificateView> {
    await this.get(actor, id);
    return this.viewForRecord(id, locale);
  }

  /** The same for the worker, which keeps the document. @throws DomainError `not-found` unless it was issued */
  async viewForRecord(id: string, locale: Locale): Promise<CertificateView> {
    const view = await this.viewOf(this.db, id);
    return { ...view, ...(await this.localisedFacts(id, view.productCategories, locale)) };
  }

  /** The names of the checklist, its level and the product categories as the reader's language has them. */
  private async localisedFacts(
    certificateId: string,
    categories: readonly string[],
    locale: Locale,
  ): Promise<Pick<Facts, 'scope' | 'checklist' | 'productCategories'>> {
    const content = await certificateContent(this.db, certificateId);
    const texts = await localisedVersion(this.db, content.checklistVersionId, content.checklistBody, locale);
    return {
      scope: texts.title,
      checklist: checklistLine(content, texts, locale),
      productCategories: categories.map((code) => categoryName(code, locale)),
    };
  }

  private async viewOf(db: Pick<EntityManager, 'query'>, id: string): Promise<CertificateView> {
    const [row] = await db.query(
      `SELECT ${columns}, person_name(decided_by) AS "deciderName"
         FROM certificate WHERE id = $1`,
      [id],
    );
    if (!row?.issuedOn) throw notFound('certificate');
    const facts = row.facts as Facts;
    const credential = {
      type: 'BuyerReadinessStatement',
      number: row.number,
      issuedOn: row.issuedOn,
      validUntil: row.validUntil,
      verify: `${this.baseUrl}/verify/${row.number}`,
      statement: facts,
    };
    return {
      ...facts,
      number: row.number,
      verifyUrl: `${this.baseUrl}/verify/${row.number}`,
      decider: row.deciderName ?? row.decidedBy,
      issuedOn: row.issuedOn,
      validUntil: row.validUntil,
      nextDue: addMonths(row.issuedOn, 12),
      attachment: { name: `${row.number}.json`, json: JSON.stringify(credential, null, 2) },
    };
  }

  /** The public answer about a number, for anyone. A mistyped or unknown number is another answer than "withdrawn". */
  async verify(input: string, locale: Locale): Promise<VerificationView> {
    const now = new Date();
    const number = parseCertificateNumber(input);
    const [row] = number
      ? await this.db.query(
          // A door: whoever has the number may ask, and nobody is signed in.
          `SELECT ${columns} FROM public_certificate($1) certificate`,
          [number],
        )
      : [];
    if (!row) return { known: false, number: number ?? input.slice(0, 40), checkedOn: dayIn(now) };
    const facts = row.facts as Facts;
    const stored = withStatus(row);
    const events: Record<
      string,
      'issued' | 'suspended' | 'reinstated' | 'withdrawn' | 'superseded' | 'scope-reduced'
    > = {
      issue: 'issued',
      suspend: 'suspended',
      restore: 'reinstated',
      withdraw: 'withdrawn',
      supersede: 'superseded',
      'reduce-scope': 'scope-reduced',
    };
    return {
      known: true,
      number: stored.number,
      checkedOn: dayIn(now, row.timeZone),
      status: stored.status as 'valid',
      subject: facts.subject,
      issuer: facts.issuer,
      programme: facts.programme,
      ...(await this.localisedFacts(row.id, facts.productCategories, locale)),
      assessedOn: facts.assessment.dates,
      issuedOn: row.issuedOn,
      validUntil: row.validUntil,
      reportHash: facts.reportHash,
      ...(facts.independence.exceptions?.length && { exceptions: facts.independence.exceptions }),
      history: stored.history.flatMap((entry) => {
        const event = events[entry.action];
        return event
          ? [
              {
                on: dayIn(new Date(entry.at), row.timeZone),
                event,
                ...(entry.reason && { reason: entry.reason }),
              },
            ]
          : [];
      }),
    };
  }

  /** What mails about a certificate say, and to whom they go: the supplier's owners and the programme's managers, each in their language. */
  async forMail(id: string) {
    const [row] = await this.db.query(
      `SELECT ${columns} FROM certificate WHERE id = $1 AND issued_on IS NOT NULL`,
      [id],
    );
    if (!row) return null;
    const recipients = await siteRecipients(this.db, row.siteId, { managers: true });
    const {
      facts,
      state,
      status,
      history,
      number,
      validUntil: until,
    } = { ...withStatus(row), facts: row.facts as Facts };
    return {
      recipients,
      state,
      status: status as 'valid',
      reason: history.at(-1)?.reason,
      mail: async (locale: Locale) => ({
        site: facts.subject.site,
        number,
        programme: facts.programme,
        level: (await this.localisedFacts(row.id, [], locale)).checklist.level,
        validUntil: until!,
        url: `${this.baseUrl}/verify/${number}`,
      }),
    };
  }

  /** The day it is where the programme of an assessment is. */
  private async today(tx: EntityManager, assessmentId: string): Promise<string> {
    const { cohortId } = await loadAssessment(tx, assessmentId);
    return programmeDay(tx, { cohortId });
  }

  private async decisionMustBeImpartial(
    tx: EntityManager,
    actor: Actor,
    row: CertificateRow,
    action: CertificateAction,
    today: string,
  ): Promise<void> {
    await lockRegister(tx, row.siteId);
    const assessment = await loadAssessment(tx, row.assessmentId);
    mustBeImpartial(
      await judgeAssessment(tx, assessment, today, { decider: actor.userId }),
      // What was issued has been judged: later steps are about who takes them.
      action === 'issue' ? ['assessor', 'reviewer', 'decider'] : ['decider'],
      { code: 'four-eyes', what: 'The decision' },
    );
  }

  /** Freezes what is said of impartiality, the decision included, into what the certificate states. */
  private async stateImpartiality(tx: EntityManager, row: CertificateRow, today: string): Promise<void> {
    const independence = await this.independence(tx, await loadAssessment(tx, row.assessmentId), today);
    await tx.query(
      `UPDATE certificate SET facts = jsonb_set(facts, '{independence}', $2::jsonb) WHERE id = $1`,
      [row.id, JSON.stringify(independence)],
    );
  }

  private async independence(
    tx: EntityManager,
    assessment: LoadedAssessment,
    today: string,
  ): Promise<Facts['independence']> {
    const judged = await judgeAssessment(tx, assessment, today);
    const behind = await exceptionsBehind(tx, [assessment.id], ['assessor', 'reviewer', 'decider']);
    const exceptions = behind.get(assessment.id);
    const { organisation } = judged.the;
    return {
      lookBackMonths: judged.rules.lookBackMonths,
      overlaps: judged.disclosures.flatMap(({ engagement }) =>
        engagement ? [{ from: engagement.from, until: engagement.until }] : [],
      ),
      ...(organisation && { organisationType: organisationType(judged.rules, organisation).type }),
      ...(exceptions && { exceptions }),
    };
  }

  private async facts(tx: EntityManager, assessmentId: string): Promise<Facts> {
    const assessment = await loadAssessment(tx, assessmentId);
    const [context] = await tx.query(
      `SELECT s.name AS site, s.city, s.country, s.categories, o.name AS organisation, p.name AS programme,
              person_name($2) AS assessor, person_name($3) AS reviewer,
              (SELECT org.name FROM organisation org WHERE org.id = coalesce(a.organisation_id, w.organisation_id)) AS provider,
              (SELECT org.name FROM programme_participant pp JOIN organisation org ON org.id = pp.organisation_id
                WHERE pp.programme_id = p.id AND pp.part = 'agency' LIMIT 1) AS issuer,
              (SELECT count(*)::int FROM assessment x WHERE x.site_id = a.site_id AND x.kind <> 'self' AND x.state <> 'void' AND x.assessed_on <= a.assessed_on) AS sequence
         FROM assessment a JOIN site s ON s.id = a.site_id JOIN organisation o ON o.id = s.organisation_id
         -- Joined, and not asked for within the condition above: a condition that asks is tried after the policy, on every organisation.
         LEFT JOIN assessor w ON w.id = $2
         LEFT JOIN cohort c ON c.id = a.cohort_id LEFT JOIN programme p ON p.id = c.programme_id WHERE a.id = $1`,
      [assessmentId, assessment.assessorId, assessment.reviewerId],
    );
    const score = await explainedScore(tx, assessmentId, assessment);
    if (!score)
      throw new DomainError(
        'not-scored-yet',
        'The result is still being computed; try again in a moment.',
        [],
        'conflict',
      );
    const { checklistBody } = assessment;
    return {
      issuer: context.issuer ?? 'Uplift',
      subject: {
        organisation: context.organisation,
        site: context.site,
        address: [context.city, context.country].filter(Boolean).join(', '),
      },
      programme: context.programme ?? checklistBody.title,
      scope: checklistBody.title,
      checklist: checklistLine(assessment, localise(checklistBody, null), 'en'),
      productCategories: context.categories,
      exclusions: [],
      assessment: {
        dates: [assessment.assessedOn],
        announced: true,
        sequence: context.sequence,
        assessor: context.assessor ?? '—',
        provider: context.provider ?? context.issuer ?? '—',
        accreditation: null,
      },
      asFound: resultOf(score.asFound, 'findings'),
      afterClosure: resultOf(score.afterClosure, 'openFindings'),
      reviewer: context.reviewer ?? '—',
      independence: await this.independence(tx, assessment, await programmeDay(tx, assessment)),
      reportHash: contentHash({ lock: assessment.lockHash, score: score.asFound }),
    };
  }

  private async row(db: Pick<EntityManager, 'query'>, id: string): Promise<CertificateRow> {
    const [row] = await db.query(`SELECT ${columns} FROM certificate WHERE id = $1`, [id]);
    if (!row) throw notFound('certificate');
    return withStatus(row);
  }
}

/** What an issued certificate was measured against; who may see the certificate need not see the assessment. */
async function certificateContent(db: Pick<EntityManager, 'query'>, certificateId: string) {
  const [row] = await db.query(
    `SELECT checklist_version_id AS "checklistVersionId", scoring_profile_id AS "scoringProfileId", version, level
       FROM certificate_content($1)`,
    [certificateId],
  );
  if (!row) throw notFound('certificate');
  return { ...row, ...(await pinnedContent(db, row)) } as Pick<
    LoadedAssessment,
    'checklistVersionId' | 'checklistBody' | 'profileBody' | 'version' | 'level'
  >;
}

function withStatus(row: CertificateRow & { facts?: unknown; timeZone?: string }): CertificateRow {
  const { facts, timeZone, ...rest } = row;
  return {
    ...rest,
    exceptions: (facts as Partial<Facts> | undefined)?.independence?.exceptions ?? [],
    status: certificateStatus(
      { state: row.state, issuedOn: row.issuedOn, validUntil: row.validUntil },
      // It lasts to the end of its last day where the programme is.
      dayIn(new Date(), timeZone),
    ),
  };
}

function resultOf(score: Score, findings: 'findings' | 'openFindings') {
  return {
    verdict: verdictOf(score),
    points: score.points,
    conforming: score.counts.conforming,
    applicable: score.counts.applicable,
    critical: score[findings].critical,
    major: score[findings].major,
    minor: score[findings].minor,
  };
}
