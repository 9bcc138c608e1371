import { useMemo } from 'react';
import type { Schema } from '#web/api/client';
import { useAll } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Link, PageHeader, Status, Text } from '#web/ui/basics';
import { useSearch } from '#web/ui/search';
import { EmptyState, Loaded } from '#web/ui/states';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly organisation: string;
  readonly open: number;
  readonly late: number;
  readonly waiting: number;
}

const words = ({ name, organisation }: Row): string => `${name} ${organisation}`;
const NOTHING: readonly never[] = [];

/** `/assessor/corrections`: for mentors, the sites they advise that have something to put right, what is late first. */
export default function CorrectionsPage() {
  const { t, compare } = useI18n();
  const findings = useAll('/api/v1/findings', { params: { query: { open: true } } });
  const sites = useAll('/api/v1/sites');
  const rows = useMemo<readonly Row[]>(() => {
    const today = new Date().toISOString().slice(0, 10);
    const of = new Map<string, Schema<'FindingRow'>[]>();
    for (const finding of findings.data ?? NOTHING)
      of.set(finding.siteId, [...(of.get(finding.siteId) ?? []), finding]);
    return (sites.data ?? NOTHING)
      .flatMap(({ id, name, organisation }) => {
        const own = of.get(id);
        return own
          ? [
              {
                id,
                name,
                organisation,
                open: own.length,
                late: own.filter(({ dueOn }) => dueOn !== null && dueOn < today).length,
                waiting: own.filter(({ corrections }) =>
                  corrections.some(({ state }) => state === 'handed-in'),
                ).length,
              },
            ]
          : [];
      })
      .sort((one, other) => other.late - one.late || compare(one.name, other.name));
  }, [findings.data, sites.data, compare]);
  const { field, found } = useSearch(rows, words);
  return (
    <>
      <PageHeader title={t('checklist.mentor.title')} lead={t('checklist.mentor.lead')} />
      <Loaded
        query={findings}
        also={[sites]}
        empty={<EmptyState title={t('checklist.mentor.none')} icon="check" />}
      >
        {() => (
          <>
            <div className="mb-4">{field}</div>
            <ul className="grid gap-3 sm:grid-cols-2">
              {found.map(({ id, name, organisation, open, late, waiting }) => (
                <li key={id} className="rounded-xl border border-line bg-panel p-4">
                  <h2>
                    <Link href={`/assessor/corrections/${id}`}>
                      <Text>{name}</Text>
                    </Link>
                  </h2>
                  <p className="text-soft">
                    <Text>{organisation}</Text>
                  </p>
                  <p className="mt-2 flex flex-wrap gap-2">
                    <Status kind="neutral">{t('checklist.mentor.open', { n: open })}</Status>
                    {late > 0 && (
                      <Status kind="critical">{t('checklist.mentor.late', { n: late, of: open })}</Status>
                    )}
                    {waiting > 0 && (
                      <Status kind="minor">{t('checklist.mentor.waiting', { n: waiting, of: open })}</Status>
                    )}
                  </p>
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </>
  );
}
