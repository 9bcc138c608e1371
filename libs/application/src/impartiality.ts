import {
  DomainError,
  exceptionFor,
  type Duty,
  type ImpartialityCase,
  type ImpartialityException,
  type ImpartialityFact,
  impartialityOf,
  type Impartiality,
  IMPARTIALITY_RULES,
  type ImpartialityRule,
  type ImpartialityRules,
  type RegisteredEngagement,
} from '#domain';
import type { Queryable } from '#persistence';
import type { ExceptionLine } from '#reporting';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { notFound } from './actor.js';
import { contentRoot } from './schemas.js';

/** What a programme changes of its rules of impartiality: all but the format. */
export type ImpartialitySettings = Omit<ImpartialityRules, 'format'>;

/** An exception as it was recorded. */
export interface ExceptionRow extends ImpartialityException {
  readonly id: string;
  readonly programmeId: string;
  readonly siteId: string;
  readonly facts: unknown;
  readonly reason: string;
  readonly recordedBy: string;
  readonly recordedByName: string | null;
  readonly recordedAt: Date;
}

/** What of an assessment the rules ask about. */
interface AssessmentPart {
  readonly id: string;
  readonly siteId: string;
  readonly cohortId: string | null;
  readonly kind: string;
  readonly assessedOn: string;
  readonly assessorId: string | null;
  readonly reviewerId: string | null;
}

/** What is asked of the rules, and what they say: the facts of one assessment, or of one that is still to be made. */
export interface Judged extends Impartiality {
  readonly rules: ImpartialityRules;
  readonly programmeId: string | null;
  readonly the: ImpartialityCase;
  readonly exceptions: readonly ExceptionRow[];
  /** Null: still to be opened. */
  readonly assessmentId: string | null;
}

let shipped: ImpartialityRules | undefined;

/** The rules that ship with the product: `checklists/rules/impartiality.yaml`. */
export function shippedImpartialityRules(): ImpartialityRules {
  if (!shipped) {
    const { format, lookBackMonths, rules, organisationTypes, complaints } = parse(
      readFileSync(join(contentRoot(), 'rules', 'impartiality.yaml'), 'utf8'),
    ) as ImpartialityRules;
    shipped = { format, lookBackMonths, rules, organisationTypes, complaints };
  }
  return shipped;
}

/** The rules of a programme; those that ship where there is none. @throws DomainError `not-found` */
export async function impartialityRulesOf(
  db: Queryable,
  programmeId: string | null,
): Promise<{ rules: ImpartialityRules; revision: number }> {
  if (programmeId === null) return { rules: shippedImpartialityRules(), revision: 1 };
  const [row] = await db.query(
    `SELECT look_back_months AS "lookBackMonths", impartiality, impartiality_revision AS revision FROM programme WHERE id = $1`,
    [programmeId],
  );
  if (!row) throw notFound('programme');
  const { lookBackMonths, impartiality, revision } = row;
  // Of rules that a programme set before there were more of them, the new ones are as they ship.
  const base = shippedImpartialityRules();
  const rules = {
    ...base,
    ...impartiality,
    lookBackMonths,
    rules: { ...base.rules, ...impartiality?.rules },
  };
  return { rules, revision };
}

/** The register of a site: who coached or advised it, and when. */
export function registerOf(db: Queryable, siteId: string): Promise<RegisteredEngagement[]> {
  return db.query(
    `SELECT id, person_id AS "personId", organisation_id AS "organisationId", role, from_date::text AS "from", until_date::text AS until
       FROM engagement WHERE site_id = $1 ORDER BY from_date, id`,
    [siteId],
  );
}

/** The programme behind a cohort. */
export async function programmeOf(db: Queryable, cohortId: string | null): Promise<string | null> {
  if (cohortId === null) return null;
  const [row] = await db.query(`SELECT programme_of($1) AS id`, [cohortId]);
  return row.id;
}

const exceptionColumns = `x.id, x.programme_id AS "programmeId", x.site_id AS "siteId", x.assessment_id AS "assessmentId", x.rule, x.person_id AS "personId",
  x.facts, x.reason, x.valid_from::text AS "validFrom", x.valid_until::text AS "validUntil", x.recorded_by AS "recordedBy",
  person_name(x.recorded_by) AS "recordedByName", x.recorded_at AS "recordedAt"`;

/** Exceptions that a condition names (`x`), oldest first. */
export function exceptionRows(
  db: Queryable,
  condition: string,
  values: readonly unknown[],
): Promise<ExceptionRow[]> {
  return db.query(`SELECT ${exceptionColumns} FROM impartiality_exception x WHERE ${condition}`, [...values]);
}

/** Who, besides those on record, is about to do something: the breaches are asked about before it is done. */
export interface Acting {
  /** Gives or hands in verdicts. */
  readonly assessor?: string;
  readonly reviewer?: string;
  readonly decider?: string;
}

/** Judges an assessment, with whoever is about to act on it. The look-back of the act counts from `on`. */
export async function judgeAssessment(
  db: Queryable,
  assessment: AssessmentPart,
  on: string,
  acting: Acting = {},
): Promise<Judged> {
  const [record] = await db.query(
    `SELECT a.organisation_id AS "organisationId", c.proposed_by AS "proposerId", c.decided_by AS "deciderId",
            ARRAY(SELECT DISTINCT r.answered_by FROM response_inside r WHERE r.assessment_id = a.id AND r.answer IS NOT NULL ORDER BY 1) AS answered
       FROM assessment a LEFT JOIN LATERAL (SELECT proposed_by, decided_by FROM certificate WHERE assessment_id = a.id ORDER BY created_at DESC LIMIT 1) c ON true
      WHERE a.id = $1`,
    [assessment.id],
  );
  return judge(db, {
    ...assessment,
    on,
    organisationId: record.organisationId,
    assessors: [assessment.assessorId, ...(acting.assessor ? [acting.assessor] : [])],
    answered: record.answered,
    reviewerId: acting.reviewer ?? assessment.reviewerId,
    proposerId: record.proposerId,
    deciderId: acting.decider ?? record.deciderId,
  });
}

/** Judges an assessment that is still to be made or recorded: by whom, where and when; as of `today`, if that is later. */
export function judgeVisit(
  db: Queryable,
  visit: { siteId: string; cohortId: string | null; on: string; personId: string; today?: string },
): Promise<Judged> {
  return judge(db, {
    id: null,
    kind: 'baseline',
    siteId: visit.siteId,
    cohortId: visit.cohortId,
    assessedOn: visit.on,
    on: visit.today && visit.today > visit.on ? visit.today : visit.on,
    organisationId: null,
    assessors: [visit.personId],
    answered: [],
    reviewerId: null,
    proposerId: null,
    deciderId: null,
  });
}

async function judge(
  db: Queryable,
  of: {
    id: string | null;
    kind: string;
    siteId: string;
    cohortId: string | null;
    assessedOn: string;
    on: string;
    organisationId: string | null;
    assessors: readonly (string | null)[];
    answered: readonly string[];
    reviewerId: string | null;
    proposerId: string | null;
    deciderId: string | null;
  },
): Promise<Judged> {
  const programmeId = await programmeOf(db, of.cohortId);
  const { rules } = await impartialityRulesOf(db, programmeId);
  const people = [...of.assessors, ...of.answered, of.reviewerId, of.deciderId].filter((id) => id !== null);
  const facts: {
    person: string;
    ofSupplier: boolean;
    organisationId: string | null;
    kind: string | null;
  }[] = await db.query(
    `SELECT person, of_supplier AS "ofSupplier", organisation_id AS "organisationId", organisation_kind AS kind
       FROM impartiality_people($1, $2::text[])`,
    [of.siteId, [...new Set(people)]],
  );
  const [site] = await db.query(
    `SELECT site_supplier($1) AS supplier, site_buyers($1) AS buyers, organisation_kind($2) AS kind`,
    [of.siteId, of.organisationId],
  );
  const known = new Map(facts.map((fact) => [fact.person, fact]));
  const holder = (personId: string | null) =>
    personId === null ? null : { personId, ofSupplier: known.get(personId)?.ofSupplier ?? false };
  // A claim stands in the row of the verdict: what the supplier's people said last is no verdict of theirs.
  const answered = of.answered.filter((personId) => !known.get(personId)?.ofSupplier);
  const assessors = [...new Set([...of.assessors, ...answered])].flatMap(
    (personId) => holder(personId) ?? [],
  );
  const first = assessors[0] && known.get(assessors[0].personId);
  const organisation = of.organisationId
    ? { id: of.organisationId, kind: site.kind as string }
    : first?.organisationId
      ? { id: first.organisationId, kind: first.kind! }
      : null;
  const the: ImpartialityCase = {
    supplierId: site.supplier,
    buyerIds: site.buyers,
    assessedOn: of.assessedOn,
    on: of.on,
    assessors,
    organisation,
    reviewer: holder(of.reviewerId),
    proposerId: of.proposerId,
    decider: holder(of.deciderId),
  };
  const exceptions = await exceptionRows(db, `x.site_id = $1 ORDER BY x.recorded_at, x.id`, [of.siteId]);
  const judged = { rules, programmeId, the, exceptions, assessmentId: of.id };
  // Nobody is impartial about oneself: a self-assessment is called what it is.
  if (of.kind === 'self') return { ...judged, breaches: [], disclosures: [] };
  return { ...judged, ...impartialityOf(rules, await registerOf(db, of.siteId), the) };
}

/** The exception that covers a breach now: recorded, and the rule may still be broken with a reason. */
export function exceptionOf(judged: Judged, breach: ImpartialityFact): ExceptionRow | undefined {
  if (breach.setting !== 'allow-with-reason') return undefined;
  return exceptionFor(
    breach,
    { id: judged.assessmentId, assessedOn: judged.the.assessedOn },
    judged.exceptions.filter(({ programmeId }) => programmeId === judged.programmeId),
  );
}

/** The organisation somebody assesses for, as the rules see them. */
export const assessingOrganisation = (judged: Judged): string | null => judged.the.organisation?.id ?? null;

/** While it is held, the register of the site stays as it was read. */
export async function lockRegister(tx: Queryable, siteId: string): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('uplift.engagement'), hashtext($1))`, [siteId]);
}

/**
 * Lets an act pass only if nothing of the duties it is about breaches a rule without an exception.
 * @throws DomainError `code`: each rule as `message`, the person as `field`, facts and what to do as `fix`.
 */
export function mustBeImpartial(
  judged: Judged,
  duties: readonly Duty[],
  { code = 'impartiality-breach', what }: { code?: string; what: string },
): void {
  const open = judged.breaches.filter(
    (breach) => duties.includes(breach.duty) && !exceptionOf(judged, breach),
  );
  if (open.length === 0) return;
  const rules = [...new Set(open.map(({ rule }) => rule))];
  throw new DomainError(
    code,
    `${what} is not impartial: ${rules.join(', ')}.`,
    open.map((breach) => ({
      field: breach.personId,
      message: breach.rule,
      fix: [factOf(breach), mend(breach)].filter(Boolean).join(' '),
    })),
    'forbidden',
  );
}

const ROLE_WORDS: Readonly<Record<RegisteredEngagement['role'], string>> = {
  coach: 'Coach',
  consultant: 'Consultant',
  trainer: 'Trainer',
  'internal-auditor': 'Internal auditor',
  employee: 'Employee',
};

/** What stands behind a breach, in a sentence; empty where the rule says it all. */
function factOf({ engagement, organisation, clearsOn }: ImpartialityFact): string {
  const type = organisation && `The organisation is of type ${organisation.type}.`;
  if (!engagement) return type ?? '';
  const { role, from, until } = engagement;
  const clear = clearsOn === null ? 'still going on' : `until ${until}; stands in the way until ${clearsOn}`;
  return [type, `${ROLE_WORDS[role]} of this site from ${from}, ${clear}.`].filter(Boolean).join(' ');
}

const MEND: Readonly<Record<Duty, string>> = {
  assessor: 'Have somebody assess who neither coached nor belongs to a party.',
  reviewer: 'Have somebody review who neither assessed nor coached.',
  decider: 'Have somebody decide who neither assessed, reviewed, proposed nor coached.',
};
const mend = ({ duty, setting }: ImpartialityFact): string =>
  setting === 'block'
    ? MEND[duty]
    : `${MEND[duty]} Or have the programme manager record an exception with its reason (POST impartiality-exceptions).`;

/** Exceptions that assessments rest on, as every result shows them. Of a certificate, those of its decision, too. */
export async function exceptionsBehind(
  db: Queryable,
  assessmentIds: readonly string[],
  duties: readonly Duty[] = ['assessor', 'reviewer'],
): Promise<Map<string, ExceptionLine[]>> {
  const rows: {
    assessmentId: string;
    rule: ImpartialityRule;
    facts: readonly Pick<ImpartialityFact, 'engagement'>[];
    reason: string;
    on: string;
  }[] = await db.query(
    `SELECT assessment_id AS "assessmentId", rule, facts, reason, (recorded_at AT TIME ZONE 'UTC')::date::text AS on
       FROM assessment_exception WHERE assessment_id = ANY ($1::uuid[]) ORDER BY recorded_at, id`,
    [[...assessmentIds]],
  );
  const lines = new Map<string, ExceptionLine[]>();
  for (const { assessmentId, rule, facts, reason, on } of rows) {
    if (!duties.includes(IMPARTIALITY_RULES[rule].duty)) continue;
    const engagement = facts[0]?.engagement;
    const line: ExceptionLine = {
      rule,
      reason,
      recordedOn: on,
      ...(engagement && { from: engagement.from, until: engagement.until }),
    };
    lines.set(assessmentId, [...(lines.get(assessmentId) ?? []), line]);
  }
  return lines;
}
