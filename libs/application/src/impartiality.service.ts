import {
  addDays,
  DomainError,
  IMPARTIALITY_RULES,
  impartialityRuleProblems,
  organisationType,
  parseLocalDate,
  type Duty,
  type ImpartialityFact,
  type ImpartialityRule,
  type ImpartialityRules,
  type OrganisationType,
} from '#domain';
import type { Database } from '#persistence';
import { appendToOutbox } from '#platform';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { may, programmeAccess, seesRecord, siteAccess } from './access.js';
import { forbidden, notFound, type Actor } from './actor.js';
import { type AssessmentRow, assessmentColumns, assessmentJoins } from './assessments.service.js';
import {
  exceptionOf,
  exceptionRows,
  type ExceptionRow,
  impartialityRulesOf,
  type ImpartialitySettings,
  judgeAssessment,
  judgeVisit,
  type Judged,
  lockRegister,
} from './impartiality.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { programmeDay } from './people.js';
import { mustBeCurrent } from './revision.js';
import { schemaProblems } from './schemas.js';

/** Rules of a programme as they are read and set, with the source of each. */
export interface RulesRow extends ImpartialityRules {
  readonly programmeId: string;
  /** Where each rule comes from. */
  readonly sources: Readonly<Record<ImpartialityRule, string>>;
  readonly revision: number;
}

/** A fact with the name of its person and the exception that covers it. */
export interface ShownFact extends ImpartialityFact {
  readonly name: string | null;
  readonly exception: ExceptionRow | null;
}

/** Everything the rules have to say about an assessment, for whoever reviews or decides. */
export interface AssessmentImpartiality {
  readonly assessmentId: string;
  readonly programmeId: string | null;
  readonly lookBackMonths: number;
  /** The organisation that assesses, with its type; null when it is not known. */
  readonly organisation: {
    readonly id: string;
    readonly name: string | null;
    readonly type: OrganisationType;
  } | null;
  /** Who has done what so far. Several assessors: all of them gave verdicts. */
  readonly duties: readonly {
    readonly duty: Duty | 'proposer';
    readonly personId: string;
    readonly name: string | null;
  }[];
  readonly breaches: readonly ShownFact[];
  readonly disclosures: readonly ShownFact[];
}

/** What may be allowed: for one assessment, or for those of a site that are held within a period. */
export interface NewException {
  readonly rule: ImpartialityRule;
  readonly personId: string;
  readonly reason: string;
  readonly assessmentId?: string;
  readonly siteId?: string;
  readonly programmeId?: string;
  readonly validFrom?: string;
  readonly validUntil?: string;
}

const SOURCES = Object.fromEntries(
  Object.entries(IMPARTIALITY_RULES).map(([rule, { source }]) => [rule, source]),
) as RulesRow['sources'];

/** @throws DomainError `impartiality-rules-invalid` with all that is wrong: what the schema says, and what it can't say. */
function mustBeRules(rules: ImpartialityRules): void {
  const unsound = schemaProblems('impartiality-rules', rules);
  // Of a part that doesn't even have its shape nothing more can be said.
  const sound = <Part extends 'organisationTypes' | 'complaints'>(part: Part) =>
    unsound.some(({ field }) => field.startsWith(`/${part}`)) ? {} : { [part]: rules[part] };
  const problems = [
    ...unsound,
    ...impartialityRuleProblems({ ...sound('organisationTypes'), ...sound('complaints') }),
  ];
  if (problems.length === 0) return;
  throw new DomainError(
    'impartiality-rules-invalid',
    'These cannot be rules of impartiality.',
    problems.slice(0, 200).map((problem) => ({ ...problem, field: problem.field || '/' })),
  );
}

/** Rules of impartiality of programmes, what they say of an assessment, and the exceptions programmes allow. */
export class ImpartialityService {
  constructor(private readonly db: Database) {}

  /** The rules, for participants and for suppliers with an enrolled site. @throws DomainError `not-found` */
  async rules(programmeId: string): Promise<RulesRow> {
    return this.rulesRow(programmeId);
  }

  /**
   * Sets the rules; by the agency's owner or programme manager. From now on: what was done stays as it is.
   * @throws DomainError `impartiality-rules-invalid`, `stale-revision`
   */
  async putRules(
    actor: Actor,
    programmeId: string,
    revision: number | null,
    input: ImpartialitySettings,
  ): Promise<RulesRow> {
    const rules: ImpartialityRules = { format: 'uplift.impartiality/1', ...input };
    mustBeRules(rules);
    return this.db.transaction(async (tx) => {
      await tx.query(`SELECT 1 FROM programme WHERE id = $1 FOR UPDATE`, [programmeId]);
      await this.mustManage(tx, actor, programmeId, 'change the rules of impartiality');
      mustBeCurrent('rules of impartiality', revision, (await impartialityRulesOf(tx, programmeId)).revision);
      const { lookBackMonths, organisationTypes, complaints } = rules;
      await tx.query(
        `UPDATE programme SET look_back_months = $2, impartiality = $3, impartiality_revision = impartiality_revision + 1, revision = revision + 1 WHERE id = $1`,
        [programmeId, lookBackMonths, JSON.stringify({ rules: rules.rules, organisationTypes, complaints })],
      );
      await appendToOutbox(tx, 'plan-visits', {});
      return this.rulesRow(programmeId);
    });
  }

  /**
   * What the rules say of an assessment today, for whoever works on its record; with a duty, as if the actor took it: what
   * stands in their own way is then among the breaches.
   */
  async ofAssessment(actor: Actor, id: string, as?: Duty): Promise<AssessmentImpartiality> {
    return this.db.transaction(async (tx) => {
      const assessment = await this.assessment(tx, actor, id);
      const today = await programmeDay(tx, assessment);
      const judged = await judgeAssessment(tx, assessment, today);
      // Duties are told as they are on record, whatever the actor is about to do.
      const acting = as && (await judgeAssessment(tx, assessment, today, { [as]: actor.userId }));
      const breaches = [
        ...judged.breaches,
        ...(acting?.breaches ?? []).filter((mine) => !judged.breaches.some((each) => sameFact(each, mine))),
      ];
      const { the, rules, programmeId } = judged;
      const people = [
        ...the.assessors.map(({ personId }) => ({ duty: 'assessor' as const, personId })),
        ...(the.reviewer ? [{ duty: 'reviewer' as const, personId: the.reviewer.personId }] : []),
        ...(the.proposerId ? [{ duty: 'proposer' as const, personId: the.proposerId }] : []),
        ...(the.decider ? [{ duty: 'decider' as const, personId: the.decider.personId }] : []),
      ];
      const names = await namesOf(tx, [
        ...people.map(({ personId }) => personId),
        ...[...breaches, ...judged.disclosures].map(({ personId }) => personId),
      ]);
      const shown = (fact: ImpartialityFact): ShownFact => ({
        ...fact,
        name: names.get(fact.personId) ?? null,
        exception: exceptionOf(judged, fact) ?? null,
      });
      const [organisation] = await tx.query(`SELECT name FROM organisation WHERE id = $1`, [
        the.organisation?.id ?? null,
      ]);
      return {
        assessmentId: id,
        programmeId,
        lookBackMonths: rules.lookBackMonths,
        organisation: the.organisation && {
          id: the.organisation.id,
          name: organisation?.name ?? null,
          type: organisationType(rules, the.organisation).type,
        },
        duties: people.map((each) => ({ ...each, name: names.get(each.personId) ?? null })),
        breaches: breaches.map(shown),
        disclosures: judged.disclosures.map(shown),
      };
    });
  }

  /** Exceptions of the sites the actor works on. */
  async exceptions(
    actor: Actor,
    filter: { siteId?: string; assessmentId?: string; programmeId?: string },
    page: PageRequest,
  ): Promise<Page<ExceptionRow>> {
    const rows = await exceptionRows(
      this.db,
      `EXISTS (SELECT 1 FROM site_access s WHERE s.user_id = $1 AND s.site_id = x.site_id AND 'record' = ANY (s.scopes))
         AND ($2::uuid IS NULL OR x.site_id = $2) AND ($3::uuid IS NULL OR x.assessment_id = $3)
         AND ($4::uuid IS NULL OR x.programme_id = $4) AND ($5::uuid IS NULL OR x.id > $5) ORDER BY x.id LIMIT $6`,
      [actor.userId, filter.siteId, filter.assessmentId, filter.programmeId, page.after, page.limit + 1],
    );
    return pageOf(rows, page, ({ id }) => id);
  }

  /**
   * Allows a breach, with a reason, where the programme's rule may be broken; by its manager, for somebody else. What
   * then rests on it shows it for good.
   * @throws DomainError `rule-blocks`, `exception-for-oneself`, `nothing-to-allow`, `exception-exists`,
   *   `exception-subject`
   */
  async allow(actor: Actor, input: NewException, given?: string): Promise<ExceptionRow> {
    return this.db.transaction(async (tx) => {
      const { assessment, siteId, programmeId } = await this.subject(tx, actor, input);
      await this.mustManage(tx, actor, programmeId, 'allow a breach of impartiality');
      if (input.personId === actor.userId) {
        throw new DomainError(
          'exception-for-oneself',
          'Nobody allows a breach of their own.',
          [{ field: '/personId', message: 'yourself', fix: 'Ask another manager of the programme.' }],
          'forbidden',
        );
      }
      await lockRegister(tx, siteId);
      const { duty } = IMPARTIALITY_RULES[input.rule];
      const today = given ?? (await programmeDay(tx, { siteId }));
      const period = assessment ? null : periodOf(input, today);
      const judged = assessment
        ? await judgeAssessment(tx, assessment, today, { [duty]: input.personId })
        : await this.judgePeriod(tx, siteId, programmeId, period!.from, input.personId);
      const facts = judged.breaches.filter(
        ({ rule, personId }) => rule === input.rule && personId === input.personId,
      );
      if (facts.length === 0) {
        throw new DomainError(
          'nothing-to-allow',
          'As things are recorded, this person does not breach the rule here.',
          [{ field: '/rule', message: input.rule, fix: 'Go on: no exception is needed.' }],
        );
      }
      if (facts[0]!.setting === 'block') {
        throw new DomainError(
          'rule-blocks',
          `The programme allows no exception from ${input.rule}.`,
          [
            {
              field: '/rule',
              message: 'block',
              fix: 'Have somebody else do it, or set the rule to allow-with-reason first.',
            },
          ],
          'conflict',
        );
      }
      if (exceptionOf(judged, facts[0]!)) {
        throw new DomainError('exception-exists', 'This has been allowed already.', [], 'conflict');
      }
      const id = randomUUID();
      await tx.query(
        `INSERT INTO impartiality_exception (id, programme_id, site_id, assessment_id, rule, person_id, facts, reason, valid_from, valid_until, recorded_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [
          id,
          programmeId,
          siteId,
          assessment?.id ?? null,
          input.rule,
          input.personId,
          JSON.stringify(facts),
          input.reason.trim(),
          period?.from ?? null,
          period?.until ?? null,
          actor.userId,
        ],
      );
      await appendToOutbox(tx, 'plan-visits', {});
      const [row] = await exceptionRows(tx, 'x.id = $1', [id]);
      return row!;
    });
  }

  private async judgePeriod(
    tx: EntityManager,
    siteId: string,
    programmeId: string,
    from: string,
    personId: string,
  ): Promise<Judged> {
    const [cohort] = await tx.query(
      `SELECT e.cohort_id AS id FROM enrolment e JOIN cohort c ON c.id = e.cohort_id WHERE e.site_id = $1 AND c.programme_id = $2 LIMIT 1`,
      [siteId, programmeId],
    );
    if (!cohort) throw notFound('site');
    return judgeVisit(tx, { siteId, cohortId: cohort.id, on: from, personId });
  }

  /** What an exception is about: an assessment of a programme, or a site and a programme it is enrolled in. */
  private async subject(
    tx: EntityManager,
    actor: Actor,
    input: NewException,
  ): Promise<{ assessment: AssessmentRow | null; siteId: string; programmeId: string }> {
    const wrong = (field: string, message: string, fix: string): DomainError =>
      new DomainError('exception-subject', 'It is not clear what the exception is for.', [
        { field, message, fix },
      ]);
    if (input.assessmentId) {
      if (input.siteId || input.validUntil || input.validFrom)
        throw wrong('/assessmentId', 'with a period', 'Give either an assessment, or a site and a period.');
      const assessment = await this.assessment(tx, actor, input.assessmentId);
      const [row] = await tx.query(`SELECT programme_of($1) AS id`, [assessment.cohortId]);
      if (!row.id)
        throw wrong(
          '/assessmentId',
          'of no programme',
          'Only a programme allows exceptions: open it in a cohort.',
        );
      return { assessment, siteId: assessment.siteId, programmeId: row.id };
    }
    const { siteId, programmeId } = input;
    if (!siteId || !programmeId || !input.validUntil)
      throw wrong('/siteId', 'incomplete', 'Give siteId, programmeId and validUntil, or assessmentId.');
    if (IMPARTIALITY_RULES[input.rule].duty !== 'assessor')
      throw wrong('/assessmentId', 'is missing', 'Review and decision are allowed for one assessment only.');
    if (!seesRecord(await siteAccess(tx, actor, siteId))) throw notFound('site');
    return { assessment: null, siteId, programmeId };
  }

  private async assessment(tx: EntityManager, actor: Actor, id: string): Promise<AssessmentRow> {
    const [row] = await tx.query(`SELECT ${assessmentColumns} FROM ${assessmentJoins} WHERE a.id = $1`, [id]);
    if (!row || !seesRecord(await siteAccess(tx, actor, row.siteId, 'assessment')))
      throw notFound('assessment');
    return row;
  }

  private async mustManage(
    tx: EntityManager,
    actor: Actor,
    programmeId: string,
    what: string,
  ): Promise<void> {
    const access = await programmeAccess(tx, actor, programmeId);
    if (!may(access, ['owner', 'programme-manager'], ['agency']))
      throw forbidden(`Only the agency's owner or programme manager may ${what}.`);
  }

  private async rulesRow(programmeId: string): Promise<RulesRow> {
    const { rules, revision } = await impartialityRulesOf(this.db, programmeId);
    return { programmeId, ...rules, sources: SOURCES, revision };
  }
}

const sameFact = (one: ImpartialityFact, other: ImpartialityFact): boolean =>
  one.rule === other.rule && one.personId === other.personId && one.engagement?.id === other.engagement?.id;

/** Names of people by their ids. */
async function namesOf(tx: EntityManager, ids: readonly string[]): Promise<Map<string, string | null>> {
  const rows: { id: string; name: string | null }[] = await tx.query(
    `SELECT id, person_name(id) AS name FROM unnest($1::text[]) AS id`,
    [[...new Set(ids)]],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** At most a year: what is allowed for longer is a rule, not an exception. */
const LONGEST_DAYS = 366;

function periodOf(input: NewException, today: string): { from: string; until: string } {
  const from = input.validFrom ?? today;
  const until = input.validUntil!;
  parseLocalDate(from, '/validFrom');
  parseLocalDate(until, '/validUntil');
  if (until < from || until > addDays(from, LONGEST_DAYS)) {
    throw new DomainError('exception-subject', 'It is not clear what the exception is for.', [
      {
        field: '/validUntil',
        message: 'out of range',
        fix: `Give a day from ${from} to ${addDays(from, LONGEST_DAYS)}.`,
      },
    ]);
  }
  return { from, until };
}
