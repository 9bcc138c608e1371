import { useState } from 'react';
import { useLocation } from 'wouter';
import { ApiProblem } from '#web/api/client';
import { useAll, useWrite } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { today } from '#web/i18n/today';
import { ButtonLink, PageHeader, Panel } from '#web/ui/basics';
import { Checkbox, Form, RadioGroup, TextField } from '#web/ui/form';
import { EmptyState, Loaded } from '#web/ui/states';
import { toast } from '#web/ui/toast';
import { HasLeft, useBusinesses } from './parts';

/** What a programme's link, or what of it was copied, says: the cohort and the code that opens it. */
const PATTERN = /.*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[.]((?:\w|-)+) */;
const parse = (given: string) => PATTERN.exec(given);

/** `/supplier/join#cohort.code`: a site of one's own joins a programme by the link that the programme gave out. */
export default function JoinPage() {
  const { t, compare } = useI18n();
  const [, go] = useLocation();
  const all = useBusinesses().filter(({ roles }) => roles.includes('owner'));
  const owned = all.filter(({ leftOn }) => !leftOn);
  const sites = useAll('/api/v1/sites');
  const enrol = useWrite('post', '/api/v1/cohorts/{id}/enrolments');
  const [site, setSite] = useState('');
  const [ended, setEnded] = useState(false);
  const mine = (sites.data ?? [])
    .filter(({ organisationId }) => owned.some(({ id }) => id === organisationId))
    .sort((one, other) => compare(one.name, other.name));
  const chosen = site || (mine[0]?.id ?? '');
  return (
    <>
      <PageHeader
        title={t('supplier.join.title')}
        lead={t('supplier.join.lead')}
        back={{ href: '/supplier', label: t('supplier.sites.title') }}
      />
      {owned.length === 0 && all[0]?.leftOn ? (
        <HasLeft on={all[0].leftOn} />
      ) : owned.length === 0 ? (
        <EmptyState title={t('supplier.join.owners')}>{t('supplier.join.ownersFix')}</EmptyState>
      ) : (
        <Loaded
          query={sites}
          isEmpty={() => mine.length === 0}
          empty={
            <EmptyState title={t('supplier.sites.none')}>
              <ButtonLink href={`/supplier/sites/new/${owned[0]!.id}${location.hash}`} icon="plus">
                {t('supplier.sites.add')}
              </ButtonLink>
            </EmptyState>
          }
        >
          {() => (
            <Panel className="max-w-2xl">
              <Form
                submit={t('supplier.join.submit')}
                onSubmit={async ({ link = '' }) => {
                  const [, id = '', joiningCode = ''] = parse(link) ?? [];
                  setEnded(false);
                  try {
                    await enrol.mutateAsync({
                      params: { path: { id } },
                      body: { siteId: chosen, enrolledOn: today(), joiningCode },
                    });
                  } catch (error) {
                    // Without a code that opens it a cohort is like one that doesn't exist.
                    const status = error instanceof ApiProblem ? error.problem.status : 0;
                    if (status !== 403 && status !== 404) throw error;
                    setEnded(true);
                    return;
                  }
                  toast(t('supplier.join.done'));
                  go('/supplier/sharing');
                }}
              >
                <TextField
                  label={t('supplier.join.link')}
                  hint={t('supplier.join.linkHint')}
                  name="link"
                  required
                  pattern={PATTERN.source}
                  title={t('supplier.join.linkHint')}
                  dir="ltr"
                  autoComplete="off"
                  defaultValue={location.hash.slice(1)}
                />
                <RadioGroup
                  label={t('common.site')}
                  name="site"
                  value={chosen}
                  onChange={setSite}
                  options={mine.map(({ id, name }) => ({ value: id, label: name }))}
                />
                {ended && (
                  <p role="alert" className="rounded-lg bg-critical-bg p-3 text-critical">
                    {t('supplier.join.ended')}
                  </p>
                )}
                <p>{t('supplier.join.sees')}</p>
                <Checkbox label={t('supplier.join.agree')} name="agree" required />
              </Form>
            </Panel>
          )}
        </Loaded>
      )}
    </>
  );
}
