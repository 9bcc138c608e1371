import { DomainError, type FindingGrade, type Scope, type Score, visibleScore } from '#domain';
import type { Database } from '#persistence';
import { dayIn } from '#platform';
import type {
  CertificateView,
  GapReportView,
  Locale,
  SharedAssessment,
  SharedSite,
  SharedView,
} from '#reporting';
import type { EntityManager } from 'typeorm';
import { explainedScore, loadAssessment } from './assessments.service.js';
import type { CertificatesService } from './certificates.service.js';
import { closedOnOf } from './findings.service.js';
import { checklistLine, localisedVersion, sectionLines, verdictOf } from './localised.js';
import { gapReportOf } from './reports.service.js';
import type { ShareLinks } from './share-links.js';
import { exceptionsBehind } from './impartiality.js';

interface OpenGrant {
  readonly supplier: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly until: string;
  readonly scopes: Scope[];
}

/** Closed assessments shown of a site; older ones are what the gain is measured from at most. */
const ASSESSMENTS = 2;
const CERTIFICATES = 10;
const SITES = 200;

/**
 * What the holder of a consent link reads. Every statement runs as the grant, so the database shows what was granted and
 * no more, and nothing once it was taken back. Null for every link that shows nothing, whyever.
 */
export class SharedService {
  constructor(
    private readonly db: Database,
    private readonly links: ShareLinks,
    private readonly certificates: CertificatesService,
    private readonly baseUrl: string,
  ) {}

  /** The page behind a link; of several sites the one at a place, else the first. */
  page(token: string, locale: Locale, place = 0): Promise<SharedView | null> {
    return this.open(token, async (tx, grant) => {
      await tx.query(`SELECT consent_viewed(NULL)`);
      const sites: { id: string; name: string; city: string; country: string }[] = await tx.query(
        `SELECT s.id, s.name, s.city, s.country FROM site s WHERE s.id IN (SELECT site_id FROM site_reach) ORDER BY s.name, s.id LIMIT ${SITES}`,
      );
      const shown = sites[place] ? place : 0;
      const site = sites[shown];
      return {
        ...grant,
        siteNames: sites.map(({ name }) => name),
        shown,
        site: site
          ? {
              site: site.name,
              address: [site.city, site.country].filter(Boolean).join(', '),
              certificates: grant.scopes.includes('certificate')
                ? await this.certificatesOf(token, site.id)
                : null,
              assessments: grant.scopes.some((scope) => scope === 'score' || scope === 'corrective-actions')
                ? await this.assessments(tx, token, site.id, grant.scopes, locale)
                : null,
            }
          : null,
        printedOn: dayIn(new Date()),
      };
    });
  }

  /** A certificate to print, where certificates are shared. */
  certificate(token: string, id: string, locale: Locale): Promise<CertificateView | null> {
    return this.open(token, (_, grant) =>
      grant.scopes.includes('certificate') ? this.certificates.viewForRecord(id, locale) : null,
    );
  }

  /** The gap report, where answers are shared. Which buyers wait for what stays the supplier's. */
  gapReport(token: string, assessmentId: string, locale: Locale): Promise<GapReportView | null> {
    return this.open(token, async (tx, grant) =>
      grant.scopes.includes('answers')
        ? gapReportOf(tx, await loadAssessment(tx, assessmentId), locale, [])
        : null,
    );
  }

  private async open<T>(
    token: string,
    work: (tx: EntityManager, grant: OpenGrant) => Promise<T | null> | null,
  ): Promise<T | null> {
    const link = this.links.read(token);
    if (!link) return null;
    try {
      // Taken back while it is being read, it is still shown whole: never half of it.
      return await this.db.as(
        { grantId: link.id },
        async (tx) => {
          const grant = await granted(tx, link.linkVersion);
          return grant ? work(tx, grant) : null;
        },
        { snapshot: true },
      );
    } catch (error) {
      if (error instanceof DomainError && error.kind === 'not-found') return null;
      throw error;
    }
  }

  private async certificatesOf(token: string, siteId: string): Promise<SharedSite['certificates']> {
    const rows = await this.certificates.issuedOf(siteId, CERTIFICATES);
    return rows.flatMap(({ id, number, status, validUntil }) =>
      status && validUntil
        ? [
            {
              number,
              status,
              validUntil,
              verifyUrl: `${this.baseUrl}/verify/${number}`,
              pdfUrl: `${this.baseUrl}/shared/${token}/certificates/${id}.pdf`,
            },
          ]
        : [],
    );
  }

  private async assessments(
    tx: EntityManager,
    token: string,
    siteId: string,
    scopes: readonly Scope[],
    locale: Locale,
  ): Promise<SharedAssessment[]> {
    const ids: { id: string }[] = await tx.query(
      `SELECT id FROM assessment WHERE site_id = $1 AND state = 'closed' AND kind <> 'self' ORDER BY assessed_on DESC, id DESC LIMIT ${ASSESSMENTS}`,
      [siteId],
    );
    const shown: SharedAssessment[] = [];
    for (const { id } of ids) {
      const assessment = await loadAssessment(tx, id);
      const texts = await localisedVersion(
        tx,
        assessment.checklistVersionId,
        assessment.checklistBody,
        locale,
      );
      const explained = await explainedScore(tx, id, assessment);
      const score = visibleScore(explained?.afterClosure ?? null, scopes);
      const exceptions = (await exceptionsBehind(tx, [id])).get(id);
      const url = `${this.baseUrl}/shared/${token}/assessments/${id}/gap-report`;
      shown.push({
        kind: assessment.kind,
        date: assessment.assessedOn,
        checklist: checklistLine(assessment, texts, locale),
        result: score
          ? { verdict: verdictOf(score as Score), points: score.points, counts: score.counts }
          : null,
        sections: score?.sections ? sectionLines(assessment, score.sections, texts) : null,
        findings: scopes.some((scope) => scope === 'answers' || scope === 'corrective-actions')
          ? (await findings(tx, id)).map((finding) => ({
              ...finding,
              question: texts.requirement(finding.requirement).question,
            }))
          : null,
        ...(exceptions && { exceptions }),
        report: scopes.includes('answers') ? { url, pdfUrl: `${url}.pdf` } : null,
      });
    }
    return shown;
  }
}

/** The grant this transaction acts for, if it gives anything. */
async function granted(tx: EntityManager, linkVersion: number): Promise<OpenGrant | null> {
  const [grant] = await tx.query(
    `SELECT s.name AS supplier, g.recipient_name AS recipient, g.purpose, g.until::text AS until, g.scopes
       FROM consent_grant g JOIN organisation s ON s.id = g.supplier_id
      WHERE g.id = actor_grant() AND g.grantee_id IS NULL AND g.state = 'active' AND g.until >= current_date AND g.link_version = $1`,
    [linkVersion],
  );
  return grant ?? null;
}

function findings(
  tx: EntityManager,
  assessmentId: string,
): Promise<{ requirement: string; grade: FindingGrade; dueOn: string | null; closedOn: string | null }[]> {
  return tx.query(
    `SELECT requirement, grade, due_on::text AS "dueOn", ${closedOnOf('finding')}::text AS "closedOn" FROM finding WHERE assessment_id = $1
      ORDER BY array_position(ARRAY['critical', 'major', 'minor', 'observation', 'good-practice'], grade), requirement`,
    [assessmentId],
  );
}
