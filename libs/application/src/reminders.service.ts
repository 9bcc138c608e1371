import { daysBetween, overdueOf, type FindingGrade } from '#domain';
import { appendToOutbox } from '#platform';
import { type RenderedMail, renderMail } from '#reporting';
import type { Database, Queryable } from '#persistence';
import type { CertificatesService } from './certificates.service.js';
import { overdueSql } from './complaints.service.js';
import { localisedVersion } from './localised.js';
import { personToWrite, programmeManagers, type Recipient, siteRecipients } from './people.js';
import type { VisitsService } from './visits.service.js';

/** What people are reminded of. */
export type ReminderKind =
  | 'findings-due'
  | 'corrections-waiting'
  | 'certificate-expiring'
  | 'visit-soon'
  | 'sites-never-assessed'
  | 'complaint-overdue'
  /** Not found day by day: put there by the step itself. */
  | 'complaint-acknowledged'
  | 'complaint-decided';

/** One reminder to one person, as the outbox holds it: the mail is written when it is sent, from what is true then. */
export interface ReminderDue {
  readonly kind: ReminderKind;
  /** The site, certificate, visit, programme or complaint. */
  readonly subjectId: string;
  readonly userId: string;
  /** The programme's day on which the reminder fell due. */
  readonly day: string;
}

/** Days before the end of a certificate on which its people are reminded; 0 is its last day. */
const CERTIFICATE_DAYS = [90, 60, 30, 0];
/** Days before a visit. */
const VISIT_DAYS = [7, 1];
/** Findings are announced this many days ahead, on their day, and in steps of as many days when they are overdue. */
const FINDING_DAYS = 7;
/** Corrections are told of on the day after they were handed in, together, and in steps of as many days while they wait. */
const CORRECTION_DAYS = 7;
/** A site counts as never assessed after this many days, and is reported again in steps of as many. */
const NEVER_ASSESSED_DAYS = 30;

/** An overdue complaint is reported on the first day after the one it was due, and in steps of as many days. */
const COMPLAINT_DAYS = 7;

/** The day it is at $1 in the time zone of the programme `p`. */
const DAY = `LATERAL (SELECT ($1::timestamptz AT TIME ZONE coalesce(p.time_zone, 'UTC'))::date AS day) today`;

/** Of each site and checklist the newest assessment that counts: the findings of older ones are answered by it. */
const NEWEST = `(
  SELECT DISTINCT ON (a.site_id, v.checklist) a.id, a.site_id, a.cohort_id, v.id AS version_id
    FROM assessment a JOIN checklist_version v ON v.id = a.checklist_version_id
   WHERE a.kind <> 'self' AND a.state IN ('submitted', 'under-review', 'closed')
   ORDER BY a.site_id, v.checklist, a.assessed_on DESC, a.submitted_at DESC, a.id)`;

const NEVER_ASSESSED = `
  e.exited_on IS NULL AND (c.ends_on IS NULL OR c.ends_on >= today.day) AND today.day - e.enrolled_on >= ${NEVER_ASSESSED_DAYS}
  AND NOT EXISTS (SELECT 1 FROM assessment a WHERE a.site_id = e.site_id AND a.kind <> 'self' AND a.state <> 'void' AND a.submitted_at IS NOT NULL
                     AND (a.cohort_id = e.cohort_id OR a.assessed_on >= e.enrolled_on))`;

/** Corrections that were handed in and that nobody has decided on, by the programme and the day it is at $1 there. */
const WAITING = `
  FROM correction k JOIN assessment a ON a.id = k.assessment_id JOIN site s ON s.id = a.site_id
  JOIN finding f ON f.assessment_id = k.assessment_id AND f.requirement = k.requirement
  JOIN cohort c ON c.id = a.cohort_id JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
  CROSS JOIN LATERAL (SELECT d.since, today.day - d.since AS days
                        FROM (SELECT (k.handed_in_at AT TIME ZONE coalesce(p.time_zone, 'UTC'))::date AS since) d) waits
 WHERE k.state = 'handed-in' AND a.state <> 'void'`;

interface OpenFinding {
  readonly assessmentId: string;
  readonly versionId: string;
  readonly requirement: string;
  readonly grade: FindingGrade;
  readonly dueOn: string;
}

/** Reminders of what is coming up or overdue: found once a day, each person told once a day about each thing. */
export class RemindersService {
  constructor(
    private readonly db: Database,
    private readonly visits: VisitsService,
    private readonly certificates: CertificatesService,
    private readonly baseUrl: string,
  ) {}

  /**
   * Puts every reminder that is due into the outbox. What day it is, each programme's time zone says. However often it
   * runs on a day, each reminder goes out once. Returns how many were new.
   */
  async remind(now = new Date()): Promise<number> {
    return this.db.transaction(async (tx) => {
      const wanted = [
        ...(await this.findings(tx, now)),
        ...(await this.corrections(tx, now)),
        ...(await this.expiries(tx, now)),
        ...(await this.comingVisits(tx, now)),
        ...(await this.neverAssessed(tx, now)),
        ...(await this.overdueComplaints(tx, now)),
      ];
      let fresh = 0;
      for (const due of wanted) {
        const inserted = await tx.query(
          `INSERT INTO reminder (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id`,
          [reminderId(due), now],
        );
        if (inserted.length === 0) continue;
        await appendToOutbox(tx, 'reminder-due', due);
        fresh++;
      }
      await tx.query(`DELETE FROM reminder WHERE created_at < $1::timestamptz - interval '60 days'`, [now]);
      return fresh;
    });
  }

  /** Writes the mail of a reminder; null when there is nothing to be reminded of any more. */
  async mail(due: ReminderDue): Promise<{ id: string; to: Recipient; mail: RenderedMail } | null> {
    const written = await this.write(due);
    return written && { id: reminderId(due).replaceAll(':', '-'), ...written };
  }

  private write(due: ReminderDue): Promise<{ to: Recipient; mail: RenderedMail } | null> {
    switch (due.kind) {
      case 'findings-due':
        return this.findingsMail(due);
      case 'corrections-waiting':
        return this.correctionsMail(due);
      case 'certificate-expiring':
        return this.expiryMail(due);
      case 'visit-soon':
        return this.visitMail(due);
      case 'sites-never-assessed':
        return this.neverAssessedMail(due);
      case 'complaint-overdue':
        return this.complaintMail(due);
      case 'complaint-acknowledged':
      case 'complaint-decided':
        return this.answerMail(due);
    }
  }

  // ----------------------------------------------------------------------------------------- corrective actions

  private async findings(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const sites: { siteId: string; day: string }[] = await tx.query(
      `SELECT n.site_id AS "siteId", max(today.day)::text AS day
         FROM ${NEWEST} n JOIN finding f ON f.assessment_id = n.id
         LEFT JOIN cohort c ON c.id = n.cohort_id LEFT JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
        WHERE f.closed_on IS NULL AND f.grade IN ('critical', 'major', 'minor')
          AND (f.due_on - today.day = ${FINDING_DAYS} OR (f.due_on <= today.day AND (today.day - f.due_on) % ${FINDING_DAYS} = 0))
          AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.cohort_id = n.cohort_id AND e.site_id = n.site_id AND e.exited_on <= today.day)
        GROUP BY n.site_id ORDER BY n.site_id`,
      [now],
    );
    return flatten(sites, async ({ siteId, day }) =>
      (await siteRecipients(tx, siteId)).map((to) => reminder('findings-due', siteId, to, day)),
    );
  }

  private async findingsMail({ subjectId: siteId, userId, day }: ReminderDue) {
    const to = (await siteRecipients(this.db, siteId)).find((each) => each.userId === userId);
    const findings: OpenFinding[] = await this.db.query(
      `SELECT f.assessment_id AS "assessmentId", n.version_id AS "versionId", f.requirement, f.grade, f.due_on::text AS "dueOn"
         FROM ${NEWEST} n JOIN finding f ON f.assessment_id = n.id
        WHERE n.site_id = $1 AND f.closed_on IS NULL AND f.grade IN ('critical', 'major', 'minor')
          AND f.due_on - $2::date <= ${FINDING_DAYS}
        ORDER BY array_position(ARRAY['critical', 'major', 'minor'], f.grade), f.due_on, f.requirement`,
      [siteId, day],
    );
    const [first] = findings;
    if (!to || !first) return null;
    const [site] = await this.db.query(`SELECT name FROM site WHERE id = $1`, [siteId]);
    const questions = new Map<string, (code: string) => string>();
    for (const versionId of new Set(findings.map((finding) => finding.versionId))) {
      const [version] = await this.db.query(`SELECT body FROM checklist_version WHERE id = $1`, [versionId]);
      const texts = await localisedVersion(this.db, versionId, version.body, to.locale);
      questions.set(versionId, (code) => texts.requirement(code).question);
    }
    const items = findings.map(({ versionId, requirement, grade, dueOn }) => ({
      requirement,
      grade,
      question: questions.get(versionId)!(requirement),
      dueOn,
      daysLeft: daysBetween(day, dueOn),
    }));
    const common = {
      to: to.name,
      site: site.name,
      url: `${this.baseUrl}/api/v1/assessments/${first.assessmentId}/gap-report.html?lang=${to.locale}`,
    };
    const mail =
      items.length === 1
        ? renderMail('corrective-action-due', { ...common, ...items[0]! }, to.locale)
        : renderMail('corrective-actions-due', { ...common, items }, to.locale);
    return { to, mail };
  }

  /** Programmes in which one falls due to be told of: then all that wait there are. */
  private async corrections(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const programmes: { id: string; day: string }[] = await tx.query(
      `SELECT p.id, today.day::text AS day ${WAITING}
        GROUP BY p.id, today.day
       HAVING bool_or(waits.days >= 1 AND (waits.days - 1) % ${CORRECTION_DAYS} = 0) ORDER BY p.id`,
      [now],
    );
    return flatten(programmes, async ({ id, day }) =>
      (await programmeManagers(tx, id)).map((to) => reminder('corrections-waiting', id, to, day)),
    );
  }

  private async correctionsMail({ subjectId: programmeId, userId, day }: ReminderDue) {
    const to = (await programmeManagers(this.db, programmeId)).find((each) => each.userId === userId);
    const items: {
      programme: string;
      site: string;
      requirement: string;
      grade: FindingGrade;
      handedInOn: string;
    }[] = await this.db.query(
      `SELECT p.name AS programme, s.name AS site, k.requirement, f.grade, waits.since::text AS "handedInOn" ${WAITING}
          AND p.id = $2 AND waits.days >= 0 ORDER BY k.handed_in_at, k.id`,
      [`${day}T12:00:00Z`, programmeId],
    );
    const [first] = items;
    if (!to || !first) return null;
    const view = { to: to.name, programme: first.programme, items, url: `${this.baseUrl}/app/reviewer` };
    return { to, mail: renderMail('corrections-waiting', view, to.locale) };
  }

  // ----------------------------------------------------------------------------------------------- certificates

  private async expiries(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const certificates: { id: string; siteId: string; day: string }[] = await tx.query(
      `SELECT x.id, x.site_id AS "siteId", today.day::text AS day
         FROM certificate x JOIN assessment a ON a.id = x.assessment_id
         LEFT JOIN cohort c ON c.id = a.cohort_id LEFT JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
        WHERE x.state = 'valid' AND x.valid_until - today.day = ANY($2::int[]) ORDER BY x.id`,
      [now, CERTIFICATE_DAYS],
    );
    return flatten(certificates, async ({ id, siteId, day }) =>
      (await siteRecipients(tx, siteId, { managers: true })).map((to) =>
        reminder('certificate-expiring', id, to, day),
      ),
    );
  }

  private async expiryMail({ subjectId, userId, day }: ReminderDue) {
    const facts = await this.certificates.forMail(subjectId);
    const to = facts?.recipients.find((each) => each.userId === userId);
    if (!facts || !to || facts.state !== 'valid') return null;
    const view = await facts.mail(to.locale);
    const daysLeft = daysBetween(day, view.validUntil);
    return {
      to,
      mail: renderMail('certificate-expiring', { ...view, to: to.name, daysLeft }, to.locale),
    };
  }

  // ----------------------------------------------------------------------------------------------------- visits

  private async comingVisits(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const visits: { id: string; siteId: string; assessorId: string; day: string }[] = await tx.query(
      `SELECT v.id, v.site_id AS "siteId", v.assessor_id AS "assessorId", today.day::text AS day
         FROM visit v LEFT JOIN cohort c ON c.id = v.cohort_id LEFT JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
        WHERE v.state = 'planned' AND v.planned_on - today.day = ANY($2::int[]) ORDER BY v.id`,
      [now, VISIT_DAYS],
    );
    return flatten(visits, async ({ id, siteId, assessorId, day }) => {
      const people = new Set([assessorId, ...(await siteRecipients(tx, siteId)).map((to) => to.userId)]);
      return [...people].map((userId) => reminder('visit-soon', id, { userId }, day));
    });
  }

  private async visitMail({ subjectId, userId, day }: ReminderDue) {
    const found = await this.visits.reminder(subjectId, userId);
    if (!found) return null;
    const daysLeft = daysBetween(day, found.mail.date);
    // Moved in the meantime: a new invitation says so, and a reminder of the new day will come.
    if (!VISIT_DAYS.includes(daysLeft)) return null;
    const { to, mail } = found;
    return { to, mail: renderMail('visit-reminder', { ...mail, daysLeft }, to.locale) };
  }

  // ------------------------------------------------------------------------------------ sites without assessment

  private async neverAssessed(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const programmes: { id: string; day: string }[] = await tx.query(
      `SELECT p.id, today.day::text AS day
         FROM enrolment e JOIN cohort c ON c.id = e.cohort_id JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
        WHERE ${NEVER_ASSESSED} GROUP BY p.id, today.day
       HAVING bool_or((today.day - e.enrolled_on) % ${NEVER_ASSESSED_DAYS} = 0) ORDER BY p.id`,
      [now],
    );
    return flatten(programmes, async ({ id, day }) =>
      (await programmeManagers(tx, id)).map((to) => reminder('sites-never-assessed', id, to, day)),
    );
  }

  private async neverAssessedMail({ subjectId: programmeId, userId, day }: ReminderDue) {
    const to = (await programmeManagers(this.db, programmeId)).find((each) => each.userId === userId);
    const sites: { programme: string; site: string; enrolledOn: string }[] = await this.db.query(
      `SELECT p.name AS programme, s.name AS site, min(e.enrolled_on)::text AS "enrolledOn"
         FROM enrolment e JOIN site s ON s.id = e.site_id JOIN cohort c ON c.id = e.cohort_id JOIN programme p ON p.id = c.programme_id
         CROSS JOIN (SELECT $2::date AS day) today
        WHERE p.id = $1 AND ${NEVER_ASSESSED} GROUP BY p.name, s.id, s.name ORDER BY min(e.enrolled_on), s.name`,
      [programmeId, day],
    );
    const [first] = sites;
    if (!to || !first) return null;
    const view = {
      to: to.name,
      programme: first.programme,
      sites,
      url: `${this.baseUrl}/api/v1/cohorts`,
    };
    return { to, mail: renderMail('sites-never-assessed', view, to.locale) };
  }

  // ------------------------------------------------------------------------------------- complaints and appeals

  private async overdueComplaints(tx: Queryable, now: Date): Promise<ReminderDue[]> {
    const complaints: (OverdueComplaint & { id: string; day: string })[] = await tx.query(
      `SELECT c.id, c.programme_id AS "programmeId", complaint_involved(c.id) AS involved, today.day::text AS day
         FROM complaint c JOIN programme p ON p.id = c.programme_id CROSS JOIN ${DAY}
        WHERE ${overdueSql('c', 'today.day')}
          AND (today.day - CASE WHEN c.decide_by < today.day THEN c.decide_by ELSE c.acknowledge_by END - 1) % ${COMPLAINT_DAYS} = 0 ORDER BY c.id`,
      [now],
    );
    return flatten(complaints, async (complaint) =>
      (await handlers(tx, complaint)).map((to) =>
        reminder('complaint-overdue', complaint.id, to, complaint.day),
      ),
    );
  }

  private async complaintMail({ subjectId, userId, day }: ReminderDue) {
    const [row] = await this.db.query(
      `SELECT c.programme_id AS "programmeId", complaint_involved(c.id) AS involved, c.kind, c.about, c.state, c.raised_on::text AS "raisedOn", c.acknowledge_by::text AS "acknowledgeBy",
              c.decide_by::text AS "decideBy", p.name AS programme, (SELECT s.name FROM site s WHERE s.id = c.site_id) AS site
         FROM complaint c JOIN programme p ON p.id = c.programme_id WHERE c.id = $1`,
      [subjectId],
    );
    const overdue = row && overdueOf(row, day);
    const to = overdue && (await handlers(this.db, row)).find((each) => each.userId === userId);
    if (!to) return null;
    const { programme, kind, about, site, raisedOn } = row;
    const view = {
      to: to.name,
      programme,
      kind,
      about,
      site,
      raisedOn,
      overdue,
      dueOn: overdue === 'decide' ? row.decideBy : row.acknowledgeBy,
      url: `${this.baseUrl}/app/reviewer/complaints/${subjectId}`,
    };
    return { to, mail: renderMail('complaint-overdue', view, to.locale) };
  }

  /** To who raised it; nothing where it was withdrawn or decided meanwhile. */
  private async answerMail({ kind: about, subjectId, userId }: ReminderDue) {
    const [row] = await this.db.query(
      `SELECT c.kind, c.about, c.state, c.raised_on::text AS "raisedOn", c.decide_by::text AS "decideBy", c.outcome, c.outcome_reason AS reason,
              c.reopened, p.name AS programme, (SELECT s.name FROM site s WHERE s.id = c.site_id) AS site,
              ARRAY(SELECT o.kind FROM membership m JOIN organisation o ON o.id = m.organisation_id WHERE m.user_id = $2) AS kinds
         FROM complaint c JOIN programme p ON p.id = c.programme_id WHERE c.id = $1`,
      [subjectId, userId],
    );
    const decided = about === 'complaint-decided';
    const to =
      row && row.state !== 'withdrawn' && (row.outcome !== null) === decided
        ? await personToWrite(this.db, userId)
        : undefined;
    if (!to) return null;
    const { kinds, state: _state, outcome, reason, reopened, ...facts } = row;
    const area = ['supplier', 'buyer'].find((kind) => kinds.includes(kind));
    const view = {
      to: to.name,
      ...facts,
      decision: decided ? { outcome, reason, reopened } : null,
      url: `${this.baseUrl}/app/${area ? `${area}/complaints` : ''}`,
    };
    return { to, mail: renderMail('complaint-answered', view, to.locale) };
  }
}

interface OverdueComplaint {
  readonly programmeId: string;
  readonly involved: readonly string[];
}

/** Who is reminded of a complaint: owners and managers of the agency who are not involved. */
async function handlers(db: Queryable, { programmeId, involved }: OverdueComplaint): Promise<Recipient[]> {
  return (await programmeManagers(db, programmeId)).filter(({ userId }) => !involved.includes(userId));
}

const reminder = (
  kind: ReminderKind,
  subjectId: string,
  { userId }: Pick<Recipient, 'userId'>,
  day: string,
): ReminderDue => ({ kind, subjectId, userId, day });

const reminderId = ({ kind, subjectId, userId, day }: ReminderDue): string =>
  `${kind}:${subjectId}:${userId}:${day}`;

async function flatten<Item, Result>(
  items: readonly Item[],
  each: (item: Item) => Promise<Result[]>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(...(await each(item)));
  return results;
}
