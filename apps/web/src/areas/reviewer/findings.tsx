import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';
import { toast } from '#web/ui/toast';

type Finding = Schema<'FindingRow'>;

/** Who closes findings, beside assessors. */
const CLOSERS: readonly string[] = ['reviewer', 'decider', 'programme-manager'];

/** Findings of an assessment, most serious first; closed with what was seen, opened again with a reason. */
export function Findings({
  assessmentId,
  assessedOn,
  findings,
  questions,
  lang,
}: {
  assessmentId: string;
  assessedOn: string;
  findings: readonly Finding[];
  questions: ReadonlyMap<string, string>;
  lang: string;
}) {
  const { t, day } = useI18n();
  const closes = useMe().memberships.some(({ role }) => CLOSERS.includes(role));
  const close = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/closure');
  const reopen = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/reopening');
  const path = (findingId: string) => ({ path: { id: assessmentId, findingId } });
  const open = findings.filter(({ closedOn }) => closedOn === null).length;
  return (
    <Panel heading={t('reviewer.findings.title')}>
      {findings.length === 0 ? (
        <EmptyState title={t('reviewer.findings.none')} />
      ) : (
        <>
          <p className="mb-3 text-soft">{t('reviewer.findings.open', { n: open, of: findings.length })}</p>
          <ul className="grid gap-3">
            {findings.map(({ id, requirement, grade, note, dueOn, closedOn, closure, reopenings }) => (
              <li
                key={id}
                className="flex flex-wrap items-start gap-x-4 gap-y-1 border-t border-line pt-3 first:border-t-0 first:pt-0"
              >
                <div className="min-w-0 grow basis-80">
                  <Status
                    kind={grade === 'critical' || grade === 'major' || grade === 'minor' ? grade : 'neutral'}
                  >
                    {t(`reviewer.grade.${grade as 'critical'}`)}
                  </Status>{' '}
                  <bdi dir="ltr" className="text-sm text-soft">
                    {requirement}
                  </bdi>
                  <p>
                    <Text lang={lang}>{questions.get(requirement) ?? requirement}</Text>
                  </p>
                  {note && (
                    <p className="text-soft">
                      <Text>{note}</Text>
                    </p>
                  )}
                  {closure && (
                    <p>
                      {t('reviewer.findings.closure')} <Text>{closure.note}</Text>
                    </p>
                  )}
                  {reopenings.map(({ at, closedOn: was, reason }) => (
                    <p key={at} className="text-sm text-soft">
                      {t('reviewer.findings.wasClosed', { day: day(was) })} <Text>{reason}</Text>
                    </p>
                  ))}
                </div>
                <div className="grid justify-items-start gap-2">
                  <span>
                    {closedOn
                      ? t('reviewer.findings.closedOn', { day: day(closedOn) })
                      : dueOn
                        ? t('reviewer.findings.due', { day: day(dueOn) })
                        : t('reviewer.findings.isOpen')}
                  </span>
                  {!closes ? null : closedOn === null ? (
                    <Confirm
                      label={t('reviewer.findings.close')}
                      title={t('reviewer.findings.close')}
                      question={t('reviewer.findings.closeQuestion')}
                      confirm={t('reviewer.findings.close')}
                      fields={
                        <>
                          <TextField
                            label={t('reviewer.findings.day')}
                            name="closedOn"
                            type="date"
                            required
                            min={assessedOn}
                            defaultValue={new Date().toISOString().slice(0, 10)}
                          />
                          <TextField
                            label={t('reviewer.findings.seen')}
                            name="note"
                            multiline
                            required
                            maxLength={2000}
                          />
                        </>
                      }
                      onConfirm={({ closedOn: on = '', note: seen = '' }) =>
                        close
                          .mutateAsync({ params: path(id), body: { closedOn: on, note: seen } })
                          .then(() => toast(t('reviewer.findings.closedToast')))
                      }
                    />
                  ) : (
                    closure && (
                      <Confirm
                        label={t('reviewer.findings.reopen')}
                        title={t('reviewer.findings.reopen')}
                        question={t('reviewer.findings.reopenQuestion')}
                        confirm={t('reviewer.findings.reopen')}
                        fields={
                          <TextField
                            label={t('reviewer.reason')}
                            name="reason"
                            multiline
                            required
                            maxLength={1000}
                          />
                        }
                        onConfirm={({ reason = '' }) =>
                          reopen.mutateAsync({ params: path(id), body: { reason } })
                        }
                      />
                    )
                  )}
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}
