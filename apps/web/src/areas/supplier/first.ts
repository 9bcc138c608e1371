import type { Schema } from '#web/api/client';
import type { Membership } from '#web/api/session';
import { serverLocale } from '#web/i18n/locale';

/* What the start page reads, known before the page's own code is there: see `first` in `areas/index.ts`. */

/** Each site shown in full asks the API four times; from so many on, the others are links. */
export const IN_FULL = 4;

/** The supplier organisations that somebody belongs to. */
export const businessesOf = (memberships: readonly Membership[]): string[] => [
  ...new Set(
    memberships
      .filter(({ organisationKind }) => organisationKind === 'supplier')
      .map(({ organisationId }) => organisationId),
  ),
];

/** The assessment that says how a site stands: the newest that was handed in. */
export function newestReport(items: readonly Schema<'AssessmentRow'>[]): Schema<'AssessmentRow'> | undefined {
  return items
    .filter(({ state }) => ['submitted', 'under-review', 'closed'].includes(state))
    .sort((one, other) => (one.assessedOn < other.assessedOn ? 1 : -1))[0];
}

/** Reads from the API ahead of whoever will need it. Null when that failed: it will be asked again, and said. */
export type Ask = <T>(path: string) => Promise<T | null>;

/** Asks for the start page's sites, and at once for what it shows of each. */
export async function readFirst(memberships: readonly Membership[], ask: Ask): Promise<void> {
  await Promise.all([
    ...businessesOf(memberships).map((id) => sitesOf(id, ask)),
    ask(`/api/v1/categories?lang=${serverLocale()}`),
  ]);
}

async function sitesOf(organisationId: string, ask: Ask): Promise<void> {
  const sites = await ask<{ items: { id: string }[] }>(
    `/api/v1/sites?organisationId=${organisationId}&limit=200`,
  );
  // Which of many are shown in full, the page decides.
  if (!sites || sites.items.length > IN_FULL) return;
  await Promise.all(
    sites.items.flatMap(({ id }) => [
      ask(`/api/v1/sites/${id}/readiness`),
      ask(`/api/v1/visits?siteId=${id}&limit=100`),
      reportOf(id, ask),
    ]),
  );
}

async function reportOf(siteId: string, ask: Ask): Promise<void> {
  const assessments = await ask<{ items: Schema<'AssessmentRow'>[] }>(
    `/api/v1/assessments?siteId=${siteId}&limit=200`,
  );
  const report = newestReport(assessments?.items ?? []);
  if (report) await ask(`/api/v1/assessments/${report.id}/gap-report`);
}
