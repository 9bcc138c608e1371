import { DomainError } from '#domain';
import type { Database } from '#persistence';
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
      return this.row(tx, there.id);
    });
  }

  private async row(tx: EntityManager, id: string): Promise<CorrectionRow> {
    const [{ row }] = await tx.query(`SELECT ${correctionRow} AS row FROM correction k WHERE k.id = $1`, [
      id,
    ]);
    return row;
  }
}
