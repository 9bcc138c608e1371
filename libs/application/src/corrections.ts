import type { CorrectionState, EvidenceState } from '#domain';
import type { Queryable } from '#persistence';
import { appendToOutbox } from '#platform';
import type { EntityManager } from 'typeorm';
import { must, type SiteAccess } from './access.js';
import { forbidden, type Actor } from './actor.js';

/** What was handed in as put right of a finding, with its photographs and documents. */
export interface CorrectionRow {
  readonly id: string;
  readonly state: CorrectionState;
  /** What was done. */
  readonly note: string;
  readonly writtenBy: string;
  readonly author: string | null;
  readonly handedInAt: string | null;
  readonly decidedAt: string | null;
  /** Why it was refused. */
  readonly reason: string | null;
  readonly evidence: readonly {
    readonly id: string;
    readonly state: EvidenceState;
    readonly mediaType: string | null;
    readonly fileName: string | null;
  }[];
}

/** SQL of a {@link CorrectionRow} of the row `k`. */
export const correctionRow = `jsonb_build_object('id', k.id, 'state', k.state, 'note', k.note, 'writtenBy', k.written_by, 'author', person_name(k.written_by),
  'handedInAt', k.handed_in_at, 'decidedAt', k.decided_at, 'reason', k.reason,
  'evidence', coalesce((SELECT jsonb_agg(jsonb_build_object('id', e.id, 'state', e.state, 'mediaType', e.media_type, 'fileName', i.file_name) ORDER BY e.declared_at, e.id)
     FROM evidence e LEFT JOIN LATERAL (SELECT * FROM evidence_inside x WHERE x.id = e.id LIMIT 1) i ON true WHERE e.correction_id = k.id), '[]'))`;

/** SQL of the corrections of a finding, oldest first. */
export const correctionsOf = (finding: string): string =>
  `coalesce((SELECT jsonb_agg(${correctionRow} ORDER BY k.created_at, k.id) FROM correction k
    WHERE k.assessment_id = ${finding}.assessment_id AND k.requirement = ${finding}.requirement), '[]')`;

/**
 * Corrections are for the supplier, and for who advises it: mentors of the programme.
 * @throws DomainError `role-required`
 */
export function mustCorrect(access: readonly SiteAccess[]): void {
  const own = access.filter(({ part, role }) => (part === 'owner-organisation') !== (role === 'mentor'));
  must(
    own,
    ['owner', 'qa-manager', 'mentor'],
    ['owner-organisation', 'agency', 'assessment-provider'],
    'hand in a correction',
  );
}

/** The correction that is put together or waits, if there is one. */
export async function correctionAtWork(
  tx: Queryable,
  assessmentId: string,
  requirement: string,
): Promise<{ readonly id: string; readonly state: CorrectionState; readonly writtenBy: string } | undefined> {
  const [row] = await tx.query(
    `SELECT id, state, written_by AS "writtenBy" FROM correction WHERE assessment_id = $1 AND requirement = $2 AND state IN ('draft', 'handed-in')`,
    [assessmentId, requirement],
  );
  return row;
}

/** With the closure of a finding, the correction that waits is accepted. @throws DomainError `role-required` who handed it in doesn't decide */
export async function acceptCorrection(
  tx: EntityManager,
  actor: Actor,
  assessmentId: string,
  requirement: string,
): Promise<void> {
  const waiting = await correctionAtWork(tx, assessmentId, requirement);
  if (waiting?.state !== 'handed-in') return;
  mustBeOthers(actor, waiting);
  await tx.query(
    `UPDATE correction SET state = 'accepted', decided_by = $2, decided_at = now() WHERE id = $1`,
    [waiting.id, actor.userId],
  );
  await appendToOutbox(tx, 'correction-decided', { correctionId: waiting.id });
}

/** @throws DomainError `role-required` */
export function mustBeOthers(actor: Actor, correction: { readonly writtenBy: string }): void {
  if (correction.writtenBy === actor.userId)
    throw forbidden('Nobody decides on a correction they handed in themselves.');
}
