import type { Schema } from '#web/api/client';
import { useWrite } from '#web/api/hooks';
import { useMe } from '#web/api/session';
import { useI18n } from '#web/i18n';
import { Panel, Status, Text } from '#web/ui/basics';
import { Confirm } from '#web/ui/dialog';
import { Files } from '#web/ui/files';
import { TextField } from '#web/ui/form';
import { EmptyState } from '#web/ui/states';
import { toast } from '#web/ui/toast';

type Finding = Schema<'FindingRow'>;

/** Who closes findings, beside assessors. */
const CLOSERS: readonly string[] = ['reviewer', 'decider', 'programme-manager'];

/** Whether a correction was handed in that nobody has decided on. */
export const waits = ({ corrections }: Finding): boolean =>
  corrections.some(({ state }) => state === 'handed-in');

/** Findings of an assessment, most serious first; closed with what was seen, opened again with a reason. */
export function Findings({
  assessmentId,
  assessedOn,
  all,
  shown,
  waiting = false,
  questions,
  lang,
}: {
  assessmentId: string;
  assessedOn: string;
  /** Of these some are open. */
  all: readonly Finding[];
  shown: readonly Finding[];
  /** They are shown because a correction of each waits. */
  waiting?: boolean;
  questions: ReadonlyMap<string, string>;
  lang: string;
}) {
  const { t, day } = useI18n();
  const { memberships, userId } = useMe();
  const closes = memberships.some(({ role }) => CLOSERS.includes(role));
  const refuse = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/correction/refusal');
  const close = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/closure');
  const reopen = useWrite('post', '/api/v1/assessments/{id}/findings/{findingId}/reopening');
  const path = (findingId: string) => ({ path: { id: assessmentId, findingId } });
  const open = all.filter(({ closedOn }) => closedOn === null).length;
  return (
    <Panel heading={t(waiting ? 'reviewer.corrections.title' : 'reviewer.findings.title')}>
      {all.length === 0 ? (
        <EmptyState title={t('reviewer.findings.none')} />
      ) : (
        <>
          <p className="mb-3 text-soft">
            {waiting
              ? t('reviewer.corrections.lead')
              : t('reviewer.findings.open', { n: open, of: all.length })}
          </p>
          <ul className="grid gap-3">
            {shown.map(
              ({ id, requirement, grade, note, dueOn, closedOn, closure, reopenings, corrections }) => {
                const correction = corrections.find(({ state }) => state === 'handed-in');
                const own = correction?.writtenBy === userId;
                const closing = t(correction ? 'reviewer.findings.accept' : 'reviewer.findings.close');
                return (
                  <li
                    key={id}
                    className="flex flex-wrap items-start gap-x-4 gap-y-1 border-t border-line pt-3 first:border-t-0 first:pt-0"
                  >
                    <div className="min-w-0 grow basis-80">
                      <Status
                        kind={
                          grade === 'critical' || grade === 'major' || grade === 'minor' ? grade : 'neutral'
                        }
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
                      {corrections.map((one) => (
                        <Correction key={one.id} correction={one} />
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
                      {!closes ? null : own ? (
                        <p className="max-w-60 text-sm text-soft">{t('reviewer.findings.own')}</p>
                      ) : closedOn === null ? (
                        <Confirm
                          label={closing}
                          title={closing}
                          question={t('reviewer.findings.closeQuestion')}
                          confirm={closing}
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
                            fields={<Reason />}
                            onConfirm={({ reason = '' }) =>
                              reopen.mutateAsync({ params: path(id), body: { reason } })
                            }
                          />
                        )
                      )}
                      {closes && correction && !own && (
                        <Confirm
                          label={t('reviewer.findings.refuse')}
                          title={t('reviewer.findings.refuse')}
                          question={t('reviewer.findings.refuseQuestion')}
                          confirm={t('reviewer.findings.refuse')}
                          fields={<Reason />}
                          onConfirm={({ reason = '' }) =>
                            refuse
                              .mutateAsync({ params: path(id), body: { reason } })
                              .then(() => toast(t('reviewer.findings.refusedToast')))
                          }
                        />
                      )}
                    </div>
                  </li>
                );
              },
            )}
          </ul>
        </>
      )}
    </Panel>
  );
}

/** Why something is undone, refused, sent back or void. */
export function Reason() {
  const { t } = useI18n();
  return <TextField label={t('reviewer.reason')} name="reason" multiline required maxLength={1000} />;
}

/** What was handed in as put right, what shows it, and what became of it. */
function Correction({ correction }: { correction: Finding['corrections'][number] }) {
  const { t, day } = useI18n();
  const { state, author, note, handedInAt, decidedAt, reason, evidence } = correction;
  if (state === 'draft') return <p className="mt-1 text-sm text-soft">{t('reviewer.findings.making')}</p>;
  return (
    <div className="mt-2 rounded-lg bg-sunken p-3">
      <p>
        <bdi dir="auto">
          {t('reviewer.findings.correction', { author: author ?? '–', day: day(handedInAt!) })}
        </bdi>{' '}
        <Text>{note}</Text>
      </p>
      <Files files={evidence} preparing={(name) => t('reviewer.findings.preparing', { name })} />
      {reason && (
        <p className="mt-1">
          {t('reviewer.findings.refused', { day: day(decidedAt!) })} <Text>{reason}</Text>
        </p>
      )}
    </div>
  );
}
