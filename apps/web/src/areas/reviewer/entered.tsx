import { type ReactNode, useState } from 'react';
import type { Schema } from '#web/api/client';
import { useRead } from '#web/api/hooks';
import { useI18n } from '#web/i18n';
import { Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { Dialog } from '#web/ui/dialog';
import { Loaded } from '#web/ui/states';

type Operation = Schema<'OperationRow'>;
/** What an answer's code comes to at a requirement. */
export type Judge = (answer: string, requirement: string) => StatusKind;

/** What an item asks, in the words of its checklist. */
interface Asked {
  readonly code: string;
  readonly question: string;
  readonly lang: string;
}

/** Opens everything that was ever entered for an item; it is read when somebody asks for it. */
export function ItemHistory({
  assessment,
  judge,
  answered,
  ...asked
}: Asked & {
  assessment: string;
  judge: Judge;
  /** Whether it has an answer, whatever is kept of its entries. */
  answered: boolean;
}) {
  const { t } = useI18n();
  const [open, setOpen] = useState(false);
  return (
    <div className="font-normal">
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="no-print inline-flex min-h-6 items-center text-sm font-normal text-link underline"
      >
        {t('reviewer.entered.open')}
        <span className="sr-only">
          {' '}
          <bdi dir="ltr">{asked.code}</bdi>
        </span>
      </button>
      {open && (
        <Dialog title={t('reviewer.entered.title')} onClose={() => setOpen(false)}>
          <Requirement {...asked} />
          <Everything assessment={assessment} requirement={asked.code} judge={judge} answered={answered} />
        </Dialog>
      )}
    </div>
  );
}

const Requirement = ({ code, question, lang }: Asked) => (
  <p className="mb-2">
    <bdi dir="ltr" className="text-sm text-soft">
      {code}
    </bdi>{' '}
    <Text lang={lang}>{question}</Text>
  </p>
);

function Everything({
  assessment,
  requirement,
  judge,
  answered,
}: {
  assessment: string;
  requirement: string;
  judge: Judge;
  answered: boolean;
}) {
  const { t } = useI18n();
  const history = useRead('/api/v1/assessments/{id}/responses/{requirement}/history', {
    params: { path: { id: assessment, requirement } },
  });
  return (
    <Loaded
      query={history}
      rows={2}
      isEmpty={({ operations }) => operations.length === 0}
      empty={
        <p className="text-soft">{t(answered ? 'reviewer.entered.notKept' : 'reviewer.entered.none')}</p>
      }
    >
      {({ operations }) => (
        <ol className="grid gap-3">
          {operations.map((operation) => (
            <Entered key={operation.id} operation={operation} judge={judge} />
          ))}
        </ol>
      )}
    </Loaded>
  );
}

/**
 * What was sent, couldn't count and has been taken up by nobody; nothing where there is nothing. Only what the API tells the
 * reader: their own, or everybody's.
 */
export function Refused({
  operations,
  questions,
  judge,
  lang,
}: {
  operations: readonly Operation[];
  questions: ReadonlyMap<string, string>;
  judge: Judge;
  lang: string;
}) {
  const { t } = useI18n();
  if (operations.length === 0) return null;
  return (
    <Panel heading={t('reviewer.refused.title', { n: operations.length })}>
      <p className="mb-3 max-w-prose text-soft">{t('reviewer.refused.lead')}</p>
      <ol className="grid gap-4">
        {operations.map((operation) => (
          <Entered key={operation.id} operation={operation} judge={judge}>
            <Requirement
              code={operation.requirement}
              question={questions.get(operation.requirement) ?? ''}
              lang={lang}
            />
          </Entered>
        ))}
      </ol>
    </Panel>
  );
}

/** Why something couldn't count, for who looks at another's work. */
const REASONS = {
  'assessment-locked': 'reviewer.refused.locked',
  'assessment-void': 'reviewer.refused.void',
  'not-a-member': 'reviewer.refused.left',
  'role-required': 'reviewer.refused.left',
  'not-found': 'reviewer.refused.left',
  'checklist-differs': 'reviewer.refused.differs',
} as const;

/** A device's clock is worth a word when it is wrong by more than this. */
const MINUTE = 60;

/** One thing that was entered: what, by whom, on which device, when, and whether it counts. */
function Entered({
  operation,
  judge,
  children,
}: {
  operation: Operation;
  judge: Judge;
  children?: ReactNode;
}) {
  const { t, moment, number } = useI18n();
  const { field, value, byName, device, capturedAt, receivedAt, clockAheadSeconds, standing } = operation;
  const { superseded, refusal, settles, requirement } = operation;
  const wrong = Math.abs(clockAheadSeconds ?? 0) > MINUTE;
  return (
    <li className="border-s-4 border-line ps-3">
      {children}
      <p className="flex flex-wrap items-center gap-2">
        <b>{t(`reviewer.entered.${field}`)}</b>
        {value?.answer && <Status kind={judge(value.answer, requirement)} />}
        {value === null && t('reviewer.entered.takenBack')}
        {superseded && standing === 'applied' && (
          <span className="text-sm text-soft">{t('reviewer.entered.replaced')}</span>
        )}
        {settles && <span className="text-sm text-soft">{t('reviewer.entered.settles')}</span>}
        {standing === 'waiting' && <Status kind="minor">{t('reviewer.entered.waits')}</Status>}
        {standing === 'refused' && <Status kind="critical">{t('reviewer.entered.refused')}</Status>}
      </p>
      {[value?.note, value?.naReason].map(
        (words) =>
          words && (
            <p key={words} className="mt-1">
              <Text>{words}</Text>
            </p>
          ),
      )}
      {refusal && (
        <p className="mt-1">
          {t(refusal in REASONS ? REASONS[refusal as keyof typeof REASONS] : 'reviewer.refused.other')}{' '}
          <code dir="ltr" className="text-sm text-soft">
            {refusal}
          </code>
        </p>
      )}
      <p className="mt-1 text-sm text-soft">
        {byName ? <Text>{byName}</Text> : t('reviewer.entered.somebody')} – {moment(receivedAt)} –{' '}
        {device === 'web'
          ? t('reviewer.entered.noDevice')
          : t('reviewer.entered.device', { device: device.slice(0, 8), moment: moment(capturedAt) })}
        {wrong &&
          ` ${t('reviewer.entered.clock', { minutes: number(Math.round(Math.abs(clockAheadSeconds!) / MINUTE)) })}`}
      </p>
    </li>
  );
}
