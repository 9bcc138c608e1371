import {
  certificateStatus,
  type BuyerRule,
  type CertificateState,
  type CertificateStatus,
  type ChecklistVersion,
  checkBuyerRule,
  compileScoring,
  DEFAULT_RULE_KINDS,
  evaluateReadiness,
  levelScope,
  readinessOn,
  type Readiness,
  type ReadinessCandidate,
  type ReadinessCondition,
  type Scope,
  type Score,
} from '#domain';
import { dayIn } from '#platform';
import { type Locale, supplierTable, type SheetTable, type SupplierLine } from '#reporting';
import type { Database } from '#persistence';
import { forbidden, holds, type Actor } from './actor.js';
import { loadAssessment, pinnedContent } from './assessments.service.js';
import { categoryName, ruleTitle } from './localised.js';
import { dayAround } from './people.js';
import { pageOf, type Page, type PageRequest } from './paging.js';
import { mustBeRule, ruleContent } from './readiness.service.js';

/** A condition that fails, without the requirements behind it. */
export type FailingCondition = Pick<ReadinessCondition, 'code' | 'subject' | 'actual' | 'needed'>;

/** How a site stands under one of the buyer's rules, for one product category. */
export interface Approval {
  readonly rule: string;
  /** In the reader's language, where the buyer gave it. */
  readonly title: string;
  readonly version: string;
  readonly category: string;
  /** As of today. */
  readonly status: Readiness['status'];
  readonly validUntil: string | null;
  /** Last day on which the rule excuses what fails: where the status is `not-ready`, it is over. */
  readonly graceUntil: string | null;
  /** The version in force by now, where it is still being worked out how the site stands under it. */
  readonly next: string | null;
  readonly assessmentId: string | null;
  /** Day of the assessment it rests on. */
  readonly assessedOn: string | null;
  /** Last day on which that assessment is young enough for the rule. */
  readonly assessmentCountsUntil: string | null;
  readonly failing: readonly FailingCondition[];
  /** How many requirements are missing. */
  readonly missing: number | null;
}

/** A site as its buyer's list has it, as far as it is shared. */
export interface BuyerSite {
  readonly siteId: string;
  readonly site: string;
  readonly organisationId: string;
  readonly organisation: string;
  readonly city: string;
  readonly country: string;
  readonly categories: readonly string[];
  /** What of the site the buyer sees, by charter and consent together. */
  readonly scopes: readonly Scope[];
  /** Last day of the consent it rests on; null while the buyer takes part in a programme it is enrolled in. */
  readonly sharedUntil: string | null;
  /** The certificate in force, or the last there was. */
  readonly certificate: {
    readonly id: string;
    readonly number: string;
    readonly status: CertificateStatus;
    readonly validUntil: string | null;
  } | null;
  /** Empty: no rule is about it, or its score isn't shared, or it is all still being worked out. */
  readonly approvals: readonly Approval[];
  /** Rules in force and product categories under which it is still being worked out how it stands. */
  readonly waiting: number;
}

/** A rule that is in force. */
export interface RuleInForce {
  readonly id: string;
  readonly rule: string;
  readonly version: string;
  readonly body: BuyerRule;
}

/** `unknown`: what the rule asks rests on answers or sections that aren't shared, or on what is still being reviewed. */
export type PreviewStatus = Readiness['status'] | 'unknown';

/** A site and product category whose status a rule would change. */
export interface PreviewChange {
  readonly siteId: string;
  readonly site: string;
  readonly organisation: string;
  readonly category: string;
  /** Under the rule in force; null: it isn't about this category, or there is none yet. */
  readonly before: Readiness['status'] | null;
  readonly after: PreviewStatus;
  readonly failing: readonly FailingCondition[];
}

/** Who would be ready under a rule that isn't published. */
export interface RulePreview {
  /** Sites whose scores the buyer sees. */
  readonly sites: number;
  /** Sites and product categories by status, now and then; a site with two categories counts twice. */
  readonly before: Readonly<Record<Readiness['status'], number>>;
  readonly after: Readonly<Record<PreviewStatus, number>>;
  readonly changes: readonly PreviewChange[];
}

const STATUSES: readonly Readiness['status'][] = [
  'ready',
  'conditional',
  'not-ready',
  'not-assessed',
  'not-covered',
];

/** The sites an organisation reaches as a buyer, one row each, with all it is shown of them. */
const REACHED = `SELECT x.site_id, array_agg(DISTINCT scope) AS scopes,
         CASE WHEN bool_or(x.until IS NULL) THEN NULL ELSE max(x.until) END AS until
    FROM site_reach x, unnest(x.scopes) scope
   WHERE x.organisation_id = $1 AND x.part IN ('buyer', 'grantee') AND (x.until IS NULL OR x.until >= current_date)`;

interface SiteRecord extends Omit<BuyerSite, 'certificate' | 'approvals' | 'waiting'> {
  readonly certificate: {
    id: string;
    number: string;
    state: CertificateState;
    issuedOn: string;
    validUntil: string | null;
    timeZone: string;
  } | null;
  readonly approvals:
    | readonly (Pick<Approval, 'category' | 'status' | 'validUntil' | 'assessmentId' | 'assessedOn'> & {
        readonly rule: Pick<BuyerRule, 'rule' | 'version' | 'title' | 'translations' | 'maxAgeDays'> & {
          readonly active: boolean;
        };
        readonly graceUntil: string | null;
        readonly today: string | null;
        readonly conditions: readonly ReadinessCondition[];
        readonly missing: number | null;
        readonly countsUntil: string | null;
      })[]
    | null;
}

/** What a buyer works with: its suppliers by status with why, and its rules with what a change of them would do. */
export class BuyersService {
  constructor(private readonly db: Database) {}

  /** The sites the buyer reaches, a page of them, in no particular order. */
  async sites(actor: Actor, buyerId: string, page: PageRequest, locale: Locale): Promise<Page<BuyerSite>> {
    mustBelong(actor, buyerId);
    const inForce: RuleSummary[] = await this.db.query(
      `SELECT rule, version, body -> 'categories' AS categories FROM buyer_rule_row WHERE buyer_id = $1 AND active`,
      [buyerId],
    );
    const rows: SiteRecord[] = await this.db.query(
      `WITH reached AS MATERIALIZED (${REACHED} AND ($2::uuid IS NULL OR x.site_id > $2) GROUP BY x.site_id ORDER BY x.site_id LIMIT $3)
       SELECT s.id AS "siteId", s.name AS site, o.id AS "organisationId", o.name AS organisation, s.city, s.country, s.categories,
              x.scopes, x.until::text AS "sharedUntil", c.certificate, a.approvals
         FROM reached x JOIN site s ON s.id = x.site_id JOIN organisation o ON o.id = s.organisation_id
         LEFT JOIN LATERAL (
           SELECT jsonb_build_object('id', k.id, 'number', k.number, 'state', k.state, 'issuedOn', k.issued_on::text, 'validUntil', k.valid_until::text,
                    'timeZone', coalesce((SELECT time_zone FROM certificate_content(k.id)), 'UTC')) AS certificate
             FROM certificate k WHERE k.site_id = x.site_id AND k.issued_on IS NOT NULL
            ORDER BY k.state = 'valid' DESC, k.issued_on DESC, k.id LIMIT 1) c ON x.scopes && '{certificate}'
         LEFT JOIN LATERAL (
           SELECT jsonb_agg(jsonb_build_object('category', r.category, 'status', r.status, 'validUntil', r.valid_until::text,
                    'assessmentId', r.assessment_id, 'assessedOn', e.assessed_on::text, 'conditions', r.body -> 'conditions', 'missing', r.body -> 'missing',
                    'graceUntil', r.body -> 'graceUntil', 'today', ${dayAround('r.site_id', 'r.valid_until')},
                    'countsUntil', (e.assessed_on + (b.body ->> 'maxAgeDays')::int)::text,
                    'rule', jsonb_build_object('rule', b.rule, 'version', b.version, 'active', b.active, 'title', b.body -> 'title', 'translations', b.body -> 'translations'))
                    ORDER BY b.rule, r.category) AS approvals
             FROM readiness r JOIN buyer_rule_row b ON b.id = r.buyer_rule_id LEFT JOIN assessment e ON e.id = r.assessment_id
            WHERE r.site_id = x.site_id AND b.buyer_id = $1) a ON x.scopes && '{score}'
        ORDER BY x.site_id`,
      [buyerId, page.after, page.limit + 1],
    );
    return pageOf(
      rows.map((row) => shown(row, inForce, locale)),
      page,
      ({ siteId }) => siteId,
    );
  }

  /** The whole list as a spreadsheet; `status` narrows it, `approved` to what is ready or conditional. */
  async table(
    actor: Actor,
    buyerId: string,
    locale: Locale,
    status: Readiness['status'] | 'approved' | undefined,
  ): Promise<SheetTable> {
    const wanted = (each: Readiness['status']): boolean =>
      !status || (status === 'approved' ? each === 'ready' || each === 'conditional' : each === status);
    const lines: SupplierLine[] = [];
    let after: string | null = null;
    do {
      const { items } = await this.sites(actor, buyerId, { after, limit: 1000 }, locale);
      for (const { approvals, ...site } of items) {
        const approved = approvals.filter((approval) => wanted(approval.status));
        for (const approval of approved)
          lines.push({
            ...site,
            approval: {
              ...approval,
              rule: approval.title,
              category: categoryName(approval.category, locale),
            },
          });
        if (approvals.length === 0 && !status) lines.push({ ...site, approval: null });
      }
      after = items.length === 1000 ? items.at(-1)!.siteId : null;
    } while (after);
    const names = new Intl.Collator(locale, { numeric: true });
    lines.sort(
      (one, other) =>
        names.compare(one.organisation, other.organisation) || names.compare(one.site, other.site),
    );
    return supplierTable(lines, locale);
  }

  /** The buyer's rules in force, for its members. */
  async rules(actor: Actor, buyerId: string): Promise<RuleInForce[]> {
    mustBelong(actor, buyerId);
    return this.db.query(
      `SELECT id, rule, version, body FROM buyer_rule_row WHERE buyer_id = $1 AND active ORDER BY rule`,
      [buyerId],
    );
  }

  /**
   * Who would be ready if a rule were published, from nothing but what the buyer sees: where it asks for more than that, the
   * answer is `unknown`. Nothing is written. By whom may publish it.
   * @throws DomainError `buyer-rule-invalid`, `buyer-rule-impossible`
   */
  async preview(actor: Actor, buyerId: string, rule: BuyerRule): Promise<RulePreview> {
    if (!holds(actor, buyerId, ['owner', 'qa-manager']))
      throw forbidden('Only the buyer itself looks at what its rules would do.');
    mustBeRule(rule);
    const { version, profile } = await ruleContent(this.db, rule);
    checkBuyerRule(rule, version, profile);
    const before = tally(STATUSES);
    const after = tally<PreviewStatus>([...STATUSES, 'unknown']);
    const changes: PreviewChange[] = [];
    const sites = await this.previewSites(buyerId, rule);
    // Some at a time: scores of thousands of sites need not be in memory at once.
    for (let from = 0; from < sites.length; from += 500) {
      const some = sites.slice(from, from + 500);
      const scores = await this.scoresOf(
        rule,
        some.flatMap(({ candidate }) => candidate ?? []),
      );
      for (const { siteId, site, organisation, categories, today, before: now, candidate } of some) {
        const score = candidate && scores.get(candidate.id);
        const content = candidate && (await pinnedContent(this.db, candidate));
        const met = candidate ? mandatoryMet(rule, candidate, now) : undefined;
        // Its newest assessment is with the reviewers: it counts already, and nobody else is shown it before it is closed.
        const hidden = now.some(({ assessmentId, visible }) => assessmentId !== null && !visible);
        for (const category of categories) {
          const was = now.find((each) => each.category === category)?.status ?? null;
          const will =
            hidden || (candidate && !score)
              ? { status: 'unknown' as const, failing: [] }
              : judged(
                  rule,
                  category,
                  today ?? dayIn(new Date()),
                  candidate && content && score
                    ? {
                        assessmentId: candidate.id,
                        date: candidate.assessedOn,
                        kind: candidate.kind,
                        level: candidate.level,
                        checklist: content.checklistBody,
                        profile: content.profileBody,
                        score: score as Score,
                        ...(!score.items && met !== undefined && { mandatoryMet: met }),
                      }
                    : null,
                );
          const covered = rule.categories.includes('*') || rule.categories.includes(category);
          const status = covered ? will.status : 'not-covered';
          if (was) before.count(was);
          if (status === 'not-covered' && !was) continue;
          after.count(status);
          if (status !== was)
            changes.push({
              siteId,
              site,
              organisation,
              category,
              before: was,
              after: status,
              failing: covered ? will.failing : [],
            });
        }
      }
    }
    return { sites: sites.length, before: before.counts, after: after.counts, changes };
  }

  /** Sites with how they stand, and the assessment that would count: the newest of its kind, edition, level and profile. */
  private async previewSites(buyerId: string, rule: BuyerRule): Promise<PreviewSite[]> {
    const versions: { version: string; body: ChecklistVersion }[] = await this.db.query(
      `SELECT version, body FROM checklist_version WHERE checklist = $1`,
      [rule.checklist],
    );
    const levels = versions
      .filter(({ version }) => !rule.checklistVersions || rule.checklistVersions.includes(version))
      .flatMap(({ version, body }) =>
        body.levels
          .filter(({ code }) => levelScope(body, code).has(rule.level))
          .map(({ code }) => `${version} ${code}`),
      );
    return this.db.query<PreviewSite[]>(
      `WITH reached AS MATERIALIZED (${REACHED} GROUP BY x.site_id)
       SELECT s.id AS "siteId", s.name AS site, o.name AS organisation, s.categories, z.today, coalesce(r.before, '[]') AS before, a.candidate
         FROM reached x JOIN site s ON s.id = x.site_id JOIN organisation o ON o.id = s.organisation_id
         LEFT JOIN LATERAL (SELECT (now() AT TIME ZONE p.time_zone)::date::text AS today FROM enrolment e JOIN cohort c ON c.id = e.cohort_id
             JOIN programme p ON p.id = c.programme_id WHERE e.site_id = x.site_id ORDER BY e.enrolled_on DESC, e.id LIMIT 1) z ON true
         LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('category', r.category, 'status', r.status, 'assessmentId', r.assessment_id,
                    'visible', v.id IS NOT NULL, 'level', b.body -> 'level', 'mandatoryItems', b.body -> 'mandatoryItems',
                    'mandatoryMet', jsonb_path_query_first(r.body, '$.conditions[*] ? (@.code == "mandatory-items").actual'))) AS before
             FROM readiness r JOIN buyer_rule_row b ON b.id = r.buyer_rule_id LEFT JOIN assessment v ON v.id = r.assessment_id
            WHERE r.site_id = x.site_id AND b.buyer_id = $1 AND b.rule = $2) r ON true
         LEFT JOIN LATERAL (SELECT jsonb_build_object('id', a.id, 'assessedOn', a.assessed_on::text, 'kind', a.kind, 'level', a.level, 'checklistVersionId', v.id,
                    'scoringProfileId', p.id, 'answers', x.scopes && '{answers}', 'recorded', d.assessment_id IS NOT NULL) AS candidate
             FROM assessment a JOIN checklist_version v ON v.id = a.checklist_version_id JOIN scoring_profile p ON p.id = a.scoring_profile_id
             LEFT JOIN assessment_record d ON d.assessment_id = a.id
            WHERE a.site_id = x.site_id AND a.state = 'closed' AND a.kind = ANY ($3) AND v.checklist = $4 AND p.profile = $5
              AND v.version || ' ' || a.level = ANY ($6) AND a.assessed_on <= coalesce(z.today::date, current_date)
            ORDER BY a.assessed_on DESC, array_position('{verification,follow-up,baseline}'::text[], a.kind), a.id DESC LIMIT 1) a ON true
        WHERE x.scopes && '{score}' ORDER BY s.name, s.id`,
      [buyerId, rule.rule, rule.kinds ?? DEFAULT_RULE_KINDS, rule.checklist, rule.profile, levels],
    );
  }

  /** The scores that count, as far as the buyer sees them, by assessment; items only where the rule names some. */
  private async scoresOf(
    rule: BuyerRule,
    candidates: readonly Candidate[],
  ): Promise<ReadonlyMap<string, SeenScore>> {
    const anew = ({ answers, level, recorded }: Candidate): boolean =>
      answers && (level !== rule.level || recorded);
    // The parts the rule asks for: the items of thousands of assessments take long to unpack.
    const kept: { id: string; score: SeenScore }[] = await this.db.query(
      `SELECT s.assessment_id AS id, s.after_closure || coalesce(p.after_closure, '{}') || coalesce(i.after_closure, '{}') AS score
         FROM assessment_score s
         LEFT JOIN assessment_explanation p ON $2 AND p.assessment_id = s.assessment_id AND p.detail = 'sections'
         LEFT JOIN assessment_explanation i ON $3 AND i.assessment_id = s.assessment_id AND i.detail = 'items'
        WHERE s.assessment_id = ANY ($1::uuid[])`,
      [
        candidates.filter((each) => each.level === rule.level && !anew(each)).map(({ id }) => id),
        rule.sections !== undefined || rule.minSectionPoints !== undefined,
        (rule.mandatoryItems ?? []).length > 0,
      ],
    );
    const scores = new Map(kept.map(({ id, score }) => [id, score]));
    for (const { id } of candidates.filter(anew)) {
      const { checklistBody, profileBody, responsesAfterClosure } = await loadAssessment(this.db, id);
      const compiled = compileScoring(checklistBody, rule.level, profileBody);
      const asked = new Set(compiled.requirements.map(({ code }) => code));
      const own = responsesAfterClosure.filter(({ requirement }) => asked.has(requirement));
      scores.set(id, compiled.score(own, 'after-closure'));
    }
    return scores;
  }
}

interface PreviewSite {
  readonly siteId: string;
  readonly site: string;
  readonly organisation: string;
  readonly categories: readonly string[];
  /** The day it is where its programme is. */
  readonly today: string | null;
  readonly before: readonly {
    readonly category: string;
    readonly status: Readiness['status'];
    readonly assessmentId: string | null;
    /** Whether the buyer sees that assessment. */
    readonly visible: boolean;
    /** What the rule in force asks, and how many of its mandatory items hold. */
    readonly level: string;
    readonly mandatoryItems: readonly string[] | null;
    readonly mandatoryMet: number | null;
  }[];
  readonly candidate: Candidate | null;
}

interface Candidate {
  readonly id: string;
  readonly assessedOn: string;
  readonly kind: ReadinessCandidate['kind'];
  readonly level: string;
  readonly checklistVersionId: string;
  readonly scoringProfileId: string;
  /** Whether the buyer reads its answers. */
  readonly answers: boolean;
  /** Imported: its items are worked out when they are asked for. */
  readonly recorded: boolean;
}

type SeenScore = Pick<Score, 'status'> & Partial<Score>;

/** A rule without what can't be answered from the parts of a score somebody sees, and whether anything was left out. */
function answerable(
  rule: BuyerRule,
  score: SeenScore,
  met: number | undefined,
): { rule: BuyerRule; whole: boolean } {
  const { mandatoryItems, sections, minSectionPoints, ...rest } = rule;
  const items = !mandatoryItems?.length || score.items !== undefined || met !== undefined;
  const bySection = (!sections && minSectionPoints === undefined) || score.sections !== undefined;
  return {
    rule: {
      ...rest,
      ...(items && mandatoryItems && { mandatoryItems }),
      ...(bySection && sections && { sections }),
      ...(bySection && minSectionPoints !== undefined && { minSectionPoints }),
    },
    whole: items && bySection,
  };
}

/**
 * How many mandatory items of a rule hold, as far as the rule in force tells the buyer already of the same assessment: it asks
 * for the same ones, or for these and more and all hold. A preview of each single item would be as good as its answer.
 */
function mandatoryMet(
  { mandatoryItems: asked = [], level }: BuyerRule,
  { id }: Candidate,
  before: PreviewSite['before'],
): number | undefined {
  for (const { assessmentId, level: then, mandatoryItems: told, mandatoryMet: met } of before) {
    if (assessmentId !== id || then !== level || !told || met === null) continue;
    const known = new Set(told);
    if (!asked.every((code) => known.has(code))) continue;
    if (met === told.length) return asked.length;
    if (asked.length === told.length) return met;
  }
  return undefined;
}

/** How a site stands under a rule, as far as the score that is seen tells. What fails of it fails, whatever isn't seen. */
function judged(
  rule: BuyerRule,
  category: string,
  today: string,
  candidate: ReadinessCandidate | null,
): { status: PreviewStatus; failing: FailingCondition[] } {
  const context = { categories: [category], today };
  if (!candidate) {
    const { status } = evaluateReadiness(rule, { ...context, assessments: [] });
    return { status, failing: [] };
  }
  const { rule: asked, whole } = answerable(rule, candidate.score, candidate.mandatoryMet);
  const seen: SeenScore = candidate.score;
  const score = { items: [], sections: [], gates: [], ...seen } as unknown as Score;
  const { status, conditions } = evaluateReadiness(asked, {
    ...context,
    assessments: [{ ...candidate, score }],
  });
  return {
    status: whole || status === 'not-ready' || status === 'not-covered' ? status : 'unknown',
    failing: failingOf(conditions),
  };
}

const failingOf = (conditions: readonly ReadinessCondition[]): FailingCondition[] =>
  conditions
    .filter(({ holds: fulfilled }) => !fulfilled)
    .map(({ code, subject, actual, needed }) => ({ code, subject, actual, needed }));

/** Counts by status. */
function tally<Status extends string>(statuses: readonly Status[]) {
  const counts = Object.fromEntries(statuses.map((status) => [status, 0])) as Record<Status, number>;
  return { counts, count: (status: Status) => void (counts[status] += 1) };
}

/** Of a rule in force, what says which sites it is about. */
type RuleSummary = Pick<BuyerRule, 'rule' | 'version' | 'categories'>;

function shown(
  { certificate, approvals, ...site }: SiteRecord,
  inForce: readonly RuleSummary[],
  locale: Locale,
): BuyerSite {
  const known = approvals ?? [];
  const asked = site.scopes.includes('score')
    ? inForce.flatMap(({ rule, categories }) =>
        site.categories
          .filter((category) => categories.includes('*') || categories.includes(category))
          .map((category) => ({ rule, category })),
      )
    : [];
  return {
    ...site,
    // Looked at is a site under all rules at once: what an older version said stands until then.
    waiting: asked.filter(
      ({ rule, category }) =>
        !known.some((each) => each.rule.active && each.rule.rule === rule && each.category === category),
    ).length,
    certificate: certificate && {
      id: certificate.id,
      number: certificate.number,
      validUntil: certificate.validUntil,
      status: certificateStatus(certificate, dayIn(new Date(), certificate.timeZone))!,
    },
    approvals: known.map(({ rule, conditions, countsUntil, today, ...row }) => {
      const now = readinessOn({ ...row, conditions }, today ?? dayIn(new Date()));
      return {
        ...row,
        status: now.status,
        validUntil: now.validUntil,
        rule: rule.rule,
        version: rule.version,
        next: rule.active ? null : (inForce.find((each) => each.rule === rule.rule)?.version ?? null),
        title: ruleTitle(rule, locale),
        assessmentCountsUntil: countsUntil,
        failing: failingOf(now.conditions),
      };
    }),
  };
}

function mustBelong(actor: Actor, buyerId: string): void {
  if (!actor.memberships.some(({ organisationId }) => organisationId === buyerId))
    throw forbidden('Only members of the buyer see its list.');
}
