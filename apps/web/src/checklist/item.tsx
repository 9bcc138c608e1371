import { type ItemOperation, noteOf, type Operation, type OperationValue, type SlotView } from '#domain/sync';
import { memo, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Schema } from '#web/api/client';
import { valueOf } from '#web/device/answers';
import type { Device, FileRecord, Pack } from '#web/device/store';
import { useI18n } from '#web/i18n';
import { Button, Status, Text } from '#web/ui/basics';
import { classes } from '#web/ui/classes';
import { Icon } from '#web/ui/icons';
import { changedSince, type Item, useAnswerTitle, textsIn } from './model';
import { Photos } from './photos';
import { Voice } from './voice';

interface Props {
  readonly item: Item;
  readonly device: Device;
  readonly pack: Pack;
  /** What the reviewer questions of it. */
  readonly remark: Schema<'Remark'> | undefined;
  /** Which field the reader answers in; null: nothing can be changed. */
  readonly side: 'answer' | 'claim' | null;
  readonly files: readonly FileRecord[];
  /** Evidence at the server that isn't from this device. */
  readonly evidence: readonly Schema<'EvidenceRow'>[];
}

const FIELD = 'min-h-11 w-full rounded-lg border border-edge bg-panel px-3 py-2 text-ink';

/** One item: its question, the answers, reason, note and photographs. Drawn anew only when something of it has changed. */
export const ItemCard = memo(function ItemCard({ item, device, pack, remark, side, files, evidence }: Props) {
  const { t, language } = useI18n();
  const title = useAnswerTitle(pack);
  const { requirement, own, other, note } = item;
  const { code } = requirement;
  const { language: texts } = pack;
  const untranslated = texts.untranslated.includes(code);
  const lang = textsIn(pack, code);
  const baseline = pack.baseline?.answers.find((each) => each.requirement === code);
  const [chosen, setChosen] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const id = useId();
  const value = valueOf(own);
  const na = pack.answers.find(({ conformity }) => conformity === 'not-applicable')?.code;
  const askReason = chosen !== null && chosen === na;
  const current = chosen ?? value?.answer ?? null;

  const enter = async (field: 'answer' | 'claim' | 'note', next: OperationValue | null): Promise<void> => {
    const slot = field === 'note' ? note : own;
    setError(null);
    try {
      await device.enter(pack.assessment.id, {
        requirement: code,
        field,
        value: next,
        ...(slot.waiting.length > 0 && { settling: true }),
      });
      if (field !== 'note') setChosen(null);
    } catch (reason) {
      setError(reason);
      // Nothing may look as if it were answered that isn't; a reason that was typed stays to be saved again.
      if (field !== 'note' && next?.naReason === undefined) setChosen(null);
      throw reason;
    }
  };
  const answer = (option: string): void => {
    if (!side) return;
    setChosen(option);
    if (option !== na) void enter(side, { answer: option }).catch(() => undefined);
  };
  const options = pack.answers.filter(({ code: option }) => requirement.naAllowed !== false || option !== na);
  const told = [
    ...own.refused.map((operation) => ({ operation, field: side })),
    ...note.refused.map((operation) => ({ operation, field: 'note' as const })),
  ];
  return (
    <article
      id={`item-${code}`}
      aria-labelledby={`${id}-q`}
      // What isn't in view costs nothing; its height is guessed until then.
      className="mb-3 scroll-mt-40 rounded-xl border border-line bg-panel p-4 [contain-intrinsic-size:auto_18rem] [content-visibility:auto]"
    >
      <div className="mb-2 flex flex-wrap items-center gap-2 text-sm text-soft">
        <bdi dir="ltr">{code}</bdi>
        <Status kind={requirement.criticality} />
        {untranslated && (
          <span className="rounded-full bg-sunken px-2 py-0.5">
            {t('checklist.item.untranslated', { language: language(texts.original) })}
          </span>
        )}
        <span className="grow" />
        <Saved shown={[own, note]} />
      </div>
      <h3 id={`${id}-q`} lang={lang} dir="auto" className="font-medium">
        {requirement.question}
      </h3>
      {remark && (
        <div role="note" className="mt-2 rounded-lg bg-minor-bg p-3 text-minor">
          <p className="font-semibold">{t('checklist.remarks.title')}</p>
          <p>
            <Text>{remark.text}</Text>
          </p>
          <p className="mt-1 text-sm">
            {remark.answer
              ? t('checklist.remarks.then', { answer: title(remark.answer) })
              : t('checklist.remarks.thenNothing')}{' '}
            {t(changedSince(remark, item) ? 'checklist.remarks.isChanged' : 'checklist.remarks.notChanged')}
          </p>
        </div>
      )}
      {(requirement.guidance || (requirement.evidence?.length ?? 0) > 0) && (
        <details className="mt-2">
          <summary className="flex min-h-6 w-fit items-center text-sm text-link underline">
            {t('checklist.item.guidance')}
          </summary>
          <div lang={lang} dir="auto" className="mt-2 max-w-prose text-soft">
            {requirement.guidance && <p>{requirement.guidance}</p>}
            {requirement.evidence && requirement.evidence.length > 0 && (
              <ul className="mt-1 list-disc ps-5">
                {requirement.evidence.map((each) => (
                  <li key={each}>{each}</li>
                ))}
              </ul>
            )}
          </div>
        </details>
      )}
      {baseline && (
        <p className="mt-2 text-sm text-soft">
          {t('checklist.item.baseline', { answer: title(baseline.answer) })}{' '}
          {(baseline.note ?? baseline.naReason) && <Text>{(baseline.note ?? baseline.naReason)!}</Text>}
        </p>
      )}
      {other.current.map((each) => (
        <p key={each.id} className="mt-2 text-sm text-soft">
          {each.value?.answer &&
            t(side === 'claim' ? 'checklist.item.verdict' : 'checklist.item.claim', {
              answer: title(each.value.answer),
            })}{' '}
          {each.value?.naReason && <Text>{each.value.naReason}</Text>}
        </p>
      ))}
      {own.state === 'conflict' && (
        <Conflict shown={own} title={title} {...(side && { decide: (next) => void enter(side, next) })} />
      )}
      {own.waiting.length > 0 && own.state !== 'conflict' && (
        <div className="mt-3 rounded-lg bg-minor-bg p-3 text-sm text-minor">
          <p className="font-semibold">{t('checklist.item.waits')}</p>
          <Entries of={own.waiting} title={title} />
        </div>
      )}
      <fieldset className="mt-3" disabled={!side}>
        <legend className="sr-only">{t('checklist.item.answer')}</legend>
        <div className="flex flex-wrap gap-2">
          {options.map((option) => (
            <label
              key={option.code}
              className={classes(
                'flex min-h-11 items-center gap-2 rounded-lg border border-edge px-3 py-2 has-checked:border-2 has-checked:font-semibold',
                current === option.code && CHOSEN[option.conformity],
              )}
            >
              <input
                type="radio"
                name={`${id}-answer`}
                className="size-5 accent-brand"
                checked={current === option.code}
                onChange={() => answer(option.code)}
              />
              {title(option.code)}
            </label>
          ))}
          {side && value && !askReason && (
            <Button look="quiet" onClick={() => void enter(side, null).catch(() => undefined)}>
              {t('checklist.item.takeBack')}
            </Button>
          )}
        </div>
      </fieldset>
      {askReason && side && (
        <form
          className="mt-3 grid gap-2 rounded-lg bg-na-bg p-3"
          onSubmit={(event) => {
            event.preventDefault();
            const reason = String(new FormData(event.currentTarget).get('reason')).trim();
            if (reason) void enter(side, { answer: na!, naReason: reason }).catch(() => undefined);
          }}
        >
          <label htmlFor={`${id}-reason`} className="font-medium text-na">
            {t('checklist.item.naReason')}
          </label>
          <textarea
            id={`${id}-reason`}
            name="reason"
            required
            maxLength={1000}
            rows={2}
            defaultValue={value?.naReason}
            className={FIELD}
          />
          <div className="flex flex-wrap gap-2">
            <Button type="submit" look="primary">
              {t('common.save')}
            </Button>
            <Button onClick={() => setChosen(null)}>{t('common.cancel')}</Button>
          </div>
        </form>
      )}
      {!askReason && value?.naReason && (
        <p className="mt-2">
          {t('checklist.item.because')} <Text>{value.naReason}</Text>
        </p>
      )}
      {error !== null && <Unsaved error={error} />}
      {told.map(({ operation }) => (
        <div key={operation.id} role="alert" className="mt-3 rounded-lg bg-critical-bg p-3 text-critical">
          <p className="font-semibold">
            {t('checklist.refused.title')}{' '}
            <Text>{said(operation.value, title) ?? t('checklist.item.nothing')}</Text>
          </p>
          <p className="mt-1">{t(fixOf(operation.refused?.code))}</p>
          <p className="mt-1 text-sm">
            {t('common.problemCode')} <code dir="ltr">{operation.refused?.code}</code>
          </p>
          <div className="mt-2 flex flex-wrap gap-2">
            <Button onClick={() => void device.again(pack.assessment.id, operation.id)}>
              {t('checklist.refused.again')}
            </Button>
            <Button look="quiet" onClick={() => void device.putAside(pack.assessment.id, operation.id)}>
              {t('checklist.refused.aside')}
            </Button>
          </div>
        </div>
      ))}
      <Note
        label={t('checklist.item.note')}
        value={noteOf(note.current) ?? ''}
        readOnly={!side}
        onSave={(text) => enter('note', text ? { note: text } : null)}
      >
        {note.state === 'conflict' && (
          <div className="rounded-lg border border-line p-2">
            <p className="text-sm text-soft">{t('checklist.item.notes')}</p>
            <Entries
              of={note.current}
              title={title}
              beside
              {...(side && { decide: (next) => void enter('note', next).catch(() => undefined) })}
            />
          </div>
        )}
      </Note>
      <Photos
        device={device}
        pack={pack}
        requirement={code}
        files={files}
        evidence={evidence}
        open={!!side}
      />
    </article>
  );
});

const CHOSEN = {
  conforming: 'border-conforming bg-conforming-bg text-conforming',
  partly: 'border-minor bg-minor-bg text-minor',
  nonconforming: 'border-critical bg-critical-bg text-critical',
  'not-applicable': 'border-na bg-na-bg text-na',
} as const;

/** What was entered, in words. */
export const said = (value: OperationValue | null, title: (code: string) => string): string | null =>
  value?.answer ? [title(value.answer), value.naReason].filter(Boolean).join(' – ') : (value?.note ?? null);

const FIXES = {
  'assessment-locked': 'checklist.refused.locked',
  'assessment-void': 'checklist.refused.void',
  'not-a-member': 'checklist.refused.left',
  'role-required': 'checklist.refused.left',
  'not-found': 'checklist.refused.left',
  'checklist-differs': 'checklist.refused.differs',
} as const;
/** What to do about a refusal. */
export const fixOf = (code: string | undefined) =>
  code && code in FIXES ? FIXES[code as keyof typeof FIXES] : 'checklist.refused.other';

/** Whether what an item says is on this device alone, or at the server as well. */
function Saved({ shown }: { shown: readonly SlotView[] }) {
  const { t } = useI18n();
  const any = shown.some(({ current, sent }) => current.length > 0 || !sent);
  if (!any) return null;
  const sent = shown.every((each) => each.sent);
  return (
    <span className={classes('flex items-center gap-1', sent ? 'text-conforming' : 'text-minor')}>
      <Icon name={sent ? 'check' : 'device'} size={16} />
      {t(sent ? 'checklist.item.sent' : 'checklist.item.kept')}
    </span>
  );
}

/** Several answers that nobody has decided between: each with who gave it and when; a person says which holds. */
function Conflict({
  shown,
  title,
  decide,
}: {
  shown: SlotView;
  title: (code: string) => string;
  decide?: (value: OperationValue | null) => void;
}) {
  const { t } = useI18n();
  return (
    <div className="mt-3 rounded-lg border-2 border-major bg-major-bg p-3 text-major">
      <p className="flex items-center gap-2 font-semibold">
        <Icon name="major" />
        {t('checklist.conflict.title', { n: shown.current.length })}
      </p>
      <p className="text-sm">{t('checklist.conflict.lead')}</p>
      <Entries of={shown.current} title={title} {...(decide && { decide })} />
      {shown.waiting.length > 0 && <Entries of={shown.waiting} title={title} />}
    </div>
  );
}

/** Entries with who made them, and when by the clock of their device. */
function Entries({
  of,
  title,
  beside = false,
  decide,
}: {
  of: readonly Operation[];
  title: (code: string) => string;
  /** Side by side, where there is room. */
  beside?: boolean;
  decide?: (value: OperationValue | null) => void;
}) {
  const { t, moment, number } = useI18n();
  return (
    <ul className={classes('mt-2 grid gap-2', beside && 'sm:grid-cols-2')}>
      {of.map((each) => {
        const { byName, clockAheadSeconds: ahead } = each as Partial<ItemOperation>;
        const hours = Math.round(Math.abs(ahead ?? 0) / 3600);
        return (
          <li key={each.id} className="rounded-lg bg-panel p-2 text-ink">
            <p className={beside ? 'whitespace-pre-wrap' : 'font-semibold'}>
              <Text>{said(each.value, title) ?? t('checklist.item.nothing')}</Text>
            </p>
            <p className="text-sm text-soft">
              {'receivedAt' in each
                ? t('checklist.conflict.by', {
                    name: byName ?? t('checklist.conflict.somebody'),
                    when: moment(each.capturedAt),
                  })
                : t('checklist.conflict.here', { when: moment(each.capturedAt) })}{' '}
              {hours > 0 && t('checklist.conflict.clock', { hours: number(hours) })}
            </p>
            {decide && (
              <Button className="mt-1" onClick={() => decide(each.value)}>
                {t('checklist.conflict.holds')}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Could not be kept on this device: nothing of it is shown as saved. */
export function Unsaved({ error, names = [] }: { error: unknown; names?: readonly string[] }) {
  const { t, list } = useI18n();
  const full = error instanceof DOMException && error.name === 'QuotaExceededError';
  return (
    <div role="alert" className="mt-3 rounded-lg bg-critical-bg p-3 text-critical">
      <p className="font-semibold">{t('checklist.unsaved.title')}</p>
      {names.length > 0 && (
        <p>
          <Text>{list(names)}</Text>
        </p>
      )}
      <p>{t(full ? 'checklist.unsaved.full' : 'checklist.unsaved.other')}</p>
    </div>
  );
}

/** A note, kept as it is typed: after a pause, when it is left, and when the page goes out of sight. */
function Note({
  label,
  value,
  readOnly,
  onSave,
  children,
}: {
  label: string;
  value: string;
  readOnly: boolean;
  onSave: (text: string) => Promise<void>;
  children?: ReactNode;
}) {
  const { t } = useI18n();
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const latest = useRef({ typed, value, onSave });
  useEffect(() => {
    latest.current = { typed, value, onSave };
  });
  const save = useRef(async () => {
    const { typed: now, value: before, onSave: keep } = latest.current;
    if (now === null) return;
    const text = now.trim();
    // What couldn't be saved stays as it was typed; it is tried again with the next letter, or when it is left.
    if (
      text !== before.trim() &&
      !(await keep(text).then(
        () => true,
        () => false,
      ))
    )
      return;
    // Typed on meanwhile: that is saved with the next pause.
    setTyped((newest) => (newest === now ? null : newest));
  });
  useEffect(() => {
    if (typed === null) return;
    const timer = setTimeout(() => void save.current(), 1200);
    return () => clearTimeout(timer);
  }, [typed]);
  useEffect(() => {
    const flush = save.current;
    const hidden = (): void => void (document.visibilityState === 'hidden' && flush());
    document.addEventListener('visibilitychange', hidden);
    return () => {
      document.removeEventListener('visibilitychange', hidden);
      void flush();
    };
  }, []);
  const shown = typed ?? value;
  if (readOnly && !shown) return null;
  return (
    <div className="mt-3 grid gap-1">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {!readOnly && <Voice onText={(text) => setTyped(shown ? `${shown} ${text}` : text)} />}
      </div>
      {children}
      <textarea
        id={id}
        dir="auto"
        rows={shown.length > 60 || shown.includes('\n') ? 3 : 1}
        maxLength={4000}
        readOnly={readOnly}
        value={shown}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={() => void save.current()}
        className={FIELD}
      />
      {typed !== null && typed.trim() !== value.trim() && (
        <p className="text-sm text-minor">{t('checklist.item.typing')}</p>
      )}
    </div>
  );
}
