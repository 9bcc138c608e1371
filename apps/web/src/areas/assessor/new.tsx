import { useMemo } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useAll } from '#web/api/hooks';
import Begin from '#web/checklist/begin';
import { useI18n } from '#web/i18n';
import { PageHeader, Panel } from '#web/ui/basics';
import { Select } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';

/** `/assessor/new?site=…&cohort=…`: begins an assessment, of a visit or of any site that may be assessed. */
export default function NewPage() {
  const { t, compare } = useI18n();
  const [, go] = useLocation();
  const asked = new URLSearchParams(useSearch());
  const site = asked.get('site') ?? '';
  const sites = useAll('/api/v1/sites');
  const assessments = useAll(
    '/api/v1/assessments',
    { params: { query: { siteId: site } } },
    { enabled: !!site },
  );
  const ordered = useMemo(
    () => [...(sites.data ?? [])].sort((one, other) => compare(one.name, other.name)),
    [sites.data, compare],
  );
  return (
    <>
      <PageHeader
        title={t('checklist.begin.title')}
        back={{ href: '/assessor', label: t('assessor.list.title') }}
      />
      <Loaded
        query={sites}
        empty={
          <EmptyState title={t('checklist.begin.noSites')}>{t('checklist.begin.noSitesFix')}</EmptyState>
        }
      >
        {() => (
          <Panel className="max-w-2xl">
            <div className="mb-4">
              <Select
                label={t('common.site')}
                value={site}
                onChange={(id) => go(`/assessor/new?site=${id}`, { replace: true })}
                options={[
                  ...(site ? [] : [{ value: '', label: t('checklist.begin.chooseSite') }]),
                  ...ordered.map(({ id, name }) => ({ value: id, label: name })),
                ]}
              />
            </div>
            {site && (
              <Loaded query={assessments} isEmpty={() => false}>
                {(rows) => (
                  <Begin
                    key={site}
                    siteId={site}
                    area="assessor"
                    assessments={rows}
                    cohortId={asked.get('cohort') ?? undefined}
                  />
                )}
              </Loaded>
            )}
          </Panel>
        )}
      </Loaded>
    </>
  );
}
