import { DomainError } from '#domain';
import type { Database } from '#persistence';
import { appendToOutbox } from '#platform';
import { renderMail, type RenderedMail } from '#reporting';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { notFound, type Actor } from './actor.js';
import {
  correctionAtWork,
  correctionRow,
  type CorrectionRow,
  mustBeOthers,
  mustCorrect,
} from './corrections.js';
import { alreadyClosed, lockFinding, mustClose } from './findings.service.js';
import { localisedVersion } from './localised.js';
import { personToWrite, type Recipient, siteRecipients } from './people.js';

/**
 * What a supplier has put right of a finding: put together with its evidence, handed in, accepted with the closure of the
 * finding (`FindingsService.close`) or refused with a reason. Also after the assessment was locked: what was found stays.
 */
export class CorrectionsService {
  constructor(private readonly db: Database) {}

  /**
   * Begins a correction, or changes what is said in the one that is put together. Its evidence is declared for its id.
   * @throws DomainError `finding-closed`, `correction-handed-in`, `role-required`
   */
  async write(actor: Actor, assessmentId: string, findingId: string, note: string): Promise<CorrectionRow> {
    return this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustCorrect);
      if (finding.closedOn !== null) throw alreadyClosed();
      const there = await correctionAtWork(tx, assessmentId, finding.requirement);
      if (there?.state === 'handed-in')
        throw new DomainError(
          'correction-handed-in',
          'The correction is handed in: it is looked at as it is.',
          [{ field: 'findingId', message: 'handed in', fix: 'Take it back first.' }],
          'conflict',
        );
      const id = there?.id ?? randomUUID();
      await tx.query(
        there
          ? `UPDATE correction SET note = $2, written_by = $3 WHERE id = $1`
          : `INSERT INTO correction (id, note, written_by, assessment_id, requirement) VALUES ($1, $2, $3, $4, $5)`,
        [id, note, actor.userId, ...(there ? [] : [assessmentId, finding.requirement])],
      );
      return this.row(tx, id);
    });
  }

  /** Hands it in: from now on it waits to be looked at. @throws DomainError `not-found`, `correction-incomplete`, `role-required` */
  async handIn(actor: Actor, assessmentId: string, findingId: string): Promise<CorrectionRow> {
    return this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustCorrect);
      if (finding.closedOn !== null) throw alreadyClosed();
      const there = await correctionAtWork(tx, assessmentId, finding.requirement);
      if (there?.state !== 'draft') throw notFound('correction');
      const [{ awaited }] = await tx.query(
        `SELECT count(*)::int AS awaited FROM evidence WHERE correction_id = $1 AND state = 'awaited'`,
        [there.id],
      );
      if (awaited > 0)
        throw new DomainError(
          'correction-incomplete',
          'Some of its files have not come yet.',
          [{ field: 'evidence', message: 'not sent', fix: 'Send them, or take them back.' }],
          'conflict',
        );
      await tx.query(
        `UPDATE correction SET state = 'handed-in', written_by = $2, handed_in_at = now() WHERE id = $1`,
        [there.id, actor.userId],
      );
      return this.row(tx, there.id);
    });
  }

  /** Takes it back, with its evidence, until it was decided on. @throws DomainError `not-found`, `role-required` */
  async takeBack(actor: Actor, assessmentId: string, findingId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustCorrect);
      const there = await correctionAtWork(tx, assessmentId, finding.requirement);
      if (!there) throw notFound('correction');
      await tx.query(`DELETE FROM correction WHERE id = $1`, [there.id]);
    });
  }

  /**
   * Refuses what was handed in, with a reason: the finding stays open, and another correction may follow.
   * @throws DomainError `not-found`, `role-required`
   */
  async refuse(
    actor: Actor,
    assessmentId: string,
    findingId: string,
    reason: string,
  ): Promise<CorrectionRow> {
    return this.db.transaction(async (tx) => {
      const finding = await lockFinding(tx, actor, assessmentId, findingId, mustClose);
      const there = await correctionAtWork(tx, assessmentId, finding.requirement);
      if (there?.state !== 'handed-in') throw notFound('correction');
      mustBeOthers(actor, there);
      await tx.query(
        `UPDATE correction SET state = 'refused', decided_by = $2, decided_at = now(), reason = $3 WHERE id = $1`,
        [there.id, actor.userId, reason],
      );
      await appendToOutbox(tx, 'correction-decided', { correctionId: there.id });
      return this.row(tx, there.id);
    });
  }

  /** For the worker: what is written of a decision to the supplier, and to whoever handed the correction in. */
  async letters(
    correctionId: string,
    baseUrl: string,
  ): Promise<readonly { readonly to: Recipient; readonly mail: RenderedMail }[]> {
    const [row] = await this.db.query(
      `SELECT k.requirement, k.state, k.reason, k.written_by AS "writtenBy", k.decided_at AS "decidedAt",
              (k.decided_at AT TIME ZONE coalesce(p.time_zone, 'UTC'))::date::text AS "decidedOn",
              s.id AS "siteId", s.name AS site, v.id AS "versionId", v.body
         FROM correction k JOIN assessment a ON a.id = k.assessment_id JOIN site s ON s.id = a.site_id
         JOIN checklist_version v ON v.id = a.checklist_version_id
         LEFT JOIN cohort c ON c.id = a.cohort_id LEFT JOIN programme p ON p.id = c.programme_id WHERE k.id = $1`,
      [correctionId],
    );
    if (row?.decidedAt == null) return [];
    const supplier = await siteRecipients(this.db, row.siteId);
    const own = supplier.some(({ userId }) => userId === row.writtenBy);
    const writer = own ? undefined : await personToWrite(this.db, row.writtenBy);
    return Promise.all(
      [...supplier, ...(writer ? [writer] : [])].map(async (to) => {
        const texts = await localisedVersion(this.db, row.versionId, row.body, to.locale);
        const view = {
          to: to.name,
          site: row.site,
          requirement: row.requirement,
          question: texts.requirement(row.requirement).question,
          decidedOn: row.decidedOn,
          refusal: row.reason,
          url: `${baseUrl}/app/${to === writer ? `assessor/corrections/${row.siteId}` : `supplier/sites/${row.siteId}/findings`}`,
        };
        return { to, mail: renderMail('correction-decided', view, to.locale) };
      }),
    );
  }

  private async row(tx: EntityManager, id: string): Promise<CorrectionRow> {
    const [{ row }] = await tx.query(`SELECT ${correctionRow} AS row FROM correction k WHERE k.id = $1`, [
      id,
    ]);
    return row;
  }
}
