import { type Database, type OrganisationKind, type Part, type Programme, sqlStateOf } from '#persistence';
import { DomainError } from '#domain';
import { appendToOutbox } from '#platform';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { may, programmeAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { applyPatch, mustBeCurrent } from './revision.js';

export interface ProgrammeRow {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  /** IANA name. */
  readonly timeZone: string;
  readonly lookBackMonths: number;
  /** Years for which the audit trail is kept; of an organisation in several programmes, the longest counts. */
  readonly auditRetentionYears: number;
  /** Whether evidence keeps where it was taken; otherwise that is taken out of every photograph. */
  readonly evidenceLocation: boolean;
  /** Whether a device in the field shows the baseline's answers beside a follow-up's. */
  readonly fieldBaseline: boolean;
  /** Whether it shows the score while answers are being given. */
  readonly fieldScores: boolean;
  readonly claims: Programme['claims'];
  readonly demo: boolean;
  readonly revision: number;
}

export interface ParticipantRow {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly kind: OrganisationKind;
  readonly part: Part;
}

/** Which kinds of organisation may take which part. */
const KINDS_OF_PART: Readonly<Record<Part, readonly OrganisationKind[]>> = {
  agency: ['development-agency'],
  buyer: ['buyer'],
  'assessment-provider': ['assessment-provider', 'development-agency'],
  'training-provider': ['training-provider', 'development-agency'],
  donor: ['donor'],
  authority: ['authority'],
};

/** Parts whose people go to sites. */
const DOES_FIELD_WORK: readonly Part[] = ['agency', 'assessment-provider'];

/** What an organisation of each part would no longer see of its work. */
const WORK_OF_PART: Readonly<Record<Part, readonly string[]>> = {
  agency: ['sites'],
  buyer: ['readiness'],
  'assessment-provider': ['assessments', 'visits'],
  'training-provider': [],
  donor: [],
  authority: [],
};

const columns = `p.id, p.code, p.name, p.time_zone AS "timeZone", p.look_back_months AS "lookBackMonths", p.audit_retention_years AS "auditRetentionYears", p.evidence_location AS "evidenceLocation", p.field_baseline AS "fieldBaseline", p.field_scores AS "fieldScores", p.claims, p.demo, p.revision`;

/** Programmes and the organisations that take part in them. */
export class ProgrammesService {
  constructor(private readonly db: Database) {}

  /** Programmes that an organisation of the actor takes part in. */
  async programmes(actor: Actor): Promise<ProgrammeRow[]> {
    return this.db.query(
      `SELECT ${columns} FROM programme p WHERE p.id IN (
         SELECT pp.programme_id FROM programme_participant pp JOIN membership m ON m.organisation_id = pp.organisation_id
          WHERE m.user_id = $1) ORDER BY p.code`,
      [actor.userId],
    );
  }

  async programme(
    actor: Actor,
    id: string,
    db: Pick<EntityManager, 'query'> = this.db,
  ): Promise<ProgrammeRow> {
    await programmeAccess(db, actor, id);
    const [row] = await db.query(`SELECT ${columns} FROM programme p WHERE p.id = $1`, [id]);
    return row;
  }

  async createProgramme(
    actor: Actor,
    input: { organisationId: string; code: string; name: string },
  ): Promise<{ id: string }> {
    const manages = actor.memberships.some(
      (membership) =>
        membership.organisationId === input.organisationId &&
        membership.organisationKind === 'development-agency' &&
        ['owner', 'programme-manager'].includes(membership.role),
    );
    if (!manages) throw notFound('organisation');
    const id = randomUUID();
    await this.db.transaction(async (tx) => {
      await tx
        .query(`INSERT INTO programme (id, code, name) VALUES ($1, $2, $3)`, [id, input.code, input.name])
        .catch((error: unknown) => {
          // The index tells, because the programme that has the code may be one the actor doesn't see.
          if (sqlStateOf(error) !== '23505') throw error;
          throw new DomainError(
            'code-taken',
            `A programme with the code ${input.code} exists.`,
            [{ field: '/code', message: 'taken' }],
            'conflict',
          );
        });
      await tx.query(
        `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, 'agency')`,
        [randomUUID(), id, input.organisationId],
      );
    });
    return { id };
  }

  /** Changes name, time zone, look-back, retention, whether evidence keeps its place, what devices show in the field, or the claims beside its figures. Claims are text, never computed. */
  async patchProgramme(
    actor: Actor,
    id: string,
    revision: number | null,
    input: {
      name?: string;
      timeZone?: string;
      lookBackMonths?: number;
      auditRetentionYears?: number;
      evidenceLocation?: boolean;
      fieldBaseline?: boolean;
      fieldScores?: boolean;
      claims?: Programme['claims'];
    },
  ): Promise<ProgrammeRow> {
    return this.db.transaction(async (tx) => {
      const row = await this.lock(tx, actor, id, 'change the programme');
      mustBeCurrent('programme', revision, row.revision);
      await applyPatch(tx, 'programme', id, {
        name: input.name,
        time_zone: input.timeZone,
        look_back_months: input.lookBackMonths,
        audit_retention_years: input.auditRetentionYears,
        evidence_location: input.evidenceLocation,
        field_baseline: input.fieldBaseline,
        field_scores: input.fieldScores,
        claims: input.claims && JSON.stringify(input.claims),
      });
      if (input.lookBackMonths !== undefined) {
        // It is one of the rules of impartiality, whose ETag says that they have changed.
        await tx.query(
          `UPDATE programme SET impartiality_revision = impartiality_revision + 1 WHERE id = $1`,
          [id],
        );
        await appendToOutbox(tx, 'plan-visits', {});
      }
      return this.programme(actor, id, tx);
    });
  }

  /** Who takes part, for everybody who does. */
  async participants(actor: Actor, programmeId: string): Promise<ParticipantRow[]> {
    await programmeAccess(this.db, actor, programmeId);
    return this.db.query(
      `SELECT p.id, p.organisation_id AS "organisationId", o.name, o.kind, p.part FROM programme_participant p
         JOIN organisation o ON o.id = p.organisation_id WHERE p.programme_id = $1 ORDER BY p.part, o.name, p.id`,
      [programmeId],
    );
  }

  /** Lets an organisation in: from now on its people see the programme's sites as the part allows. */
  async addParticipant(
    actor: Actor,
    programmeId: string,
    input: { organisationId: string; part: Part },
  ): Promise<{ id: string }> {
    return this.db.transaction(async (tx) => {
      await this.lock(tx, actor, programmeId, 'let organisations into the programme');
      const [organisation] = await tx.query(`SELECT organisation_kind($1) AS kind`, [input.organisationId]);
      if (!organisation.kind) throw notFound('organisation');
      const kinds = KINDS_OF_PART[input.part];
      if (!kinds.includes(organisation.kind)) {
        throw new DomainError(
          'part-not-for-kind',
          `An organisation of the kind ${organisation.kind} cannot be ${input.part} of a programme.`,
          [{ field: '/part', message: 'does not fit', fix: `It takes the kind ${kinds.join(' or ')}.` }],
        );
      }
      const id = randomUUID();
      const inserted = await tx.query(
        `INSERT INTO programme_participant (id, programme_id, organisation_id, part) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id`,
        [id, programmeId, input.organisationId, input.part],
      );
      if (inserted.length === 0)
        throw new DomainError(
          'already-participant',
          'The organisation has this part already.',
          [],
          'conflict',
        );
      if (input.part === 'buyer')
        await appendToOutbox(tx, 'rules-changed', { buyerId: input.organisationId });
      else if (DOES_FIELD_WORK.includes(input.part)) await appendToOutbox(tx, 'plan-visits', {});
      return { id };
    });
  }

  /**
   * Takes an organisation out of a programme. Nothing is deleted, but its people see the sites no more.
   * @throws DomainError `last-agency`; `participant-has-work` with what would be hidden, unless `confirmed`
   */
  async removeParticipant(
    actor: Actor,
    programmeId: string,
    participantId: string,
    confirmed: boolean,
  ): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.lock(tx, actor, programmeId, 'take organisations out of the programme');
      const [row] = await tx.query(
        `SELECT organisation_id AS "organisationId", part,
                (SELECT count(*)::int FROM programme_participant a WHERE a.programme_id = $2 AND a.part = 'agency') AS agencies
           FROM programme_participant WHERE id = $1 AND programme_id = $2`,
        [participantId, programmeId],
      );
      if (!row) throw notFound('participant');
      if (row.part === 'agency' && row.agencies === 1) {
        throw new DomainError(
          'last-agency',
          'A programme keeps at least one agency.',
          [{ field: 'participantId', message: 'the last agency', fix: 'Let another agency in first.' }],
          'conflict',
        );
      }
      const work = await workOf(tx, programmeId, row.organisationId, row.part);
      if (work.length > 0 && !confirmed) {
        throw new DomainError(
          'participant-has-work',
          'The organisation has work in this programme that its people would no longer see.',
          work.map(([noun, n]) => ({
            field: noun,
            message: `${n} would be hidden`,
            fix: 'Repeat the call with confirm=true to take it out all the same.',
          })),
          'conflict',
        );
      }
      await tx.query(`DELETE FROM programme_participant WHERE id = $1`, [participantId]);
      if (row.part === 'buyer') {
        for (const { id } of await sitesOf(tx, programmeId))
          await appendToOutbox(tx, 'site-changed', { siteId: id });
      } else if (DOES_FIELD_WORK.includes(row.part)) await appendToOutbox(tx, 'plan-visits', {});
    });
  }

  private async lock(tx: EntityManager, actor: Actor, id: string, what: string): Promise<ProgrammeRow> {
    await tx.query(`SELECT 1 FROM programme WHERE id = $1 FOR UPDATE`, [id]);
    const access = await programmeAccess(tx, actor, id);
    if (!may(access, ['owner', 'programme-manager'], ['agency']))
      throw forbidden(`Only the agency's owner or programme manager may ${what}.`);
    return this.programme(actor, id, tx);
  }
}

const sitesOf = (tx: EntityManager, programmeId: string): Promise<{ id: string }[]> =>
  tx.query(
    `SELECT DISTINCT e.site_id AS id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE c.programme_id = $1`,
    [programmeId],
  );

/** What an organisation has in a programme, counted by noun; nouns without any are left out. */
async function workOf(
  tx: EntityManager,
  programmeId: string,
  organisationId: string,
  part: Part,
): Promise<[noun: string, n: number][]> {
  const [counts] = await tx.query(
    `WITH sites AS (SELECT DISTINCT e.site_id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE c.programme_id = $1),
          people AS (SELECT user_id FROM membership WHERE organisation_id = $2 UNION SELECT id FROM assessor WHERE organisation_id = $2)
     SELECT (SELECT count(*)::int FROM sites) AS sites,
            (SELECT count(*)::int FROM readiness r JOIN buyer_rule_row b ON b.id = r.buyer_rule_id
              WHERE b.buyer_id = $2 AND r.site_id IN (SELECT site_id FROM sites)) AS readiness,
            (SELECT count(*)::int FROM assessment a JOIN LATERAL (SELECT * FROM assessment_inside x WHERE x.id = a.id LIMIT 1) i ON true WHERE a.state <> 'void' AND a.site_id IN (SELECT site_id FROM sites)
                AND (i.assessor_id IN (SELECT user_id FROM people) OR i.reviewer_id IN (SELECT user_id FROM people))) AS assessments,
            (SELECT count(*)::int FROM visit v WHERE v.state = 'planned' AND v.site_id IN (SELECT site_id FROM sites)
                AND v.assessor_id IN (SELECT user_id FROM people)) AS visits`,
    [programmeId, organisationId],
  );
  return WORK_OF_PART[part].map((noun): [string, number] => [noun, counts[noun]]).filter(([, n]) => n > 0);
}
