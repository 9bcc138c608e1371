import { useCallback, useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import { atSignOut, useMe } from '#web/api/session';
import { type Answered, becameOf } from '#web/checklist/remark';
import { useI18n } from '#web/i18n';
import { Button, Panel, Status, type StatusKind, Text } from '#web/ui/basics';
import { FormDialog } from '#web/ui/dialog';
import { TextField } from '#web/ui/form';

type Returned = Schema<'ReviewReturnRow'>;
type Remark = Schema<'Remark'>;

const PREFIX = 'uplift.remarks.';
atSignOut(() => {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
});

/** Remarks that are put together: they go with the sending back, and outlast a reload until then. */
export interface DraftRemarks {
  readonly all: ReadonlyMap<string, string>;
  /** Notes a remark, or takes it back. */
  readonly note: (requirement: string, text: string | null) => void;
  readonly clear: () => void;
}

export function useDraftRemarks(assessmentId: string): DraftRemarks {
  const { userId } = useMe();
  const key = `${PREFIX}${userId}.${assessmentId}`;
  const [kept, setKept] = useState(() => ({ key, all: read(key) }));
  // The same page may show another assessment.
  const all = kept.key === key ? kept.all : read(key);
  const keep = useCallback(
    (next: ReadonlyMap<string, string>) => {
      setKept({ key, all: next });
      try {
        if (next.size === 0) sessionStorage.removeItem(key);
        else sessionStorage.setItem(key, JSON.stringify([...next]));
      } catch {
        // No room: then they last as long as the page.
      }
    },
    [key],
  );
  return useMemo(
    () => ({
      all,
      note: (requirement, text) => {
        const next = new Map(all);
        if (text === null) next.delete(requirement);
        else next.set(requirement, text);
        keep(next);
      },
      clear: () => keep(new Map()),
    }),
    [all, keep],
  );
}

function read(key: string): ReadonlyMap<string, string> {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(key) ?? '[]') as [string, string][]);
  } catch {
    return new Map();
  }
}

/** Where an item is questioned, or the remark on it is changed or taken back. */
export function Question({
  code,
  question,
  lang,
  drafts,
}: {
  code: string;
  question: string;
  lang: string;
  drafts: DraftRemarks;
}) {
  const { t } = useI18n();
  const text = drafts.all.get(code);
  return (
    <span className="inline-grid justify-items-start gap-1">
      {text !== undefined && (
        <span className="block max-w-60 text-sm">
          <Status kind="minor">{t('reviewer.remarks.noted')}</Status> <Text>{text}</Text>
        </span>
      )}
      <FormDialog
        label={t(text === undefined ? 'reviewer.remarks.ask' : 'reviewer.remarks.change')}
        title={t('reviewer.remarks.title')}
        look="quiet"
        lead={
          <p className="mb-4">
            <bdi dir="ltr" className="text-sm text-soft">
              {code}
            </bdi>{' '}
            <Text lang={lang}>{question}</Text>
          </p>
        }
        submit={t('reviewer.remarks.note')}
        onSubmit={({ text: said = '' }) => Promise.resolve(drafts.note(code, said.trim() || null))}
      >
        <TextField
          label={t('reviewer.remarks.text')}
          hint={t('reviewer.remarks.hint')}
          name="text"
          multiline
          required
          maxLength={1000}
          defaultValue={text}
        />
      </FormDialog>
      {text !== undefined && (
        <Button look="quiet" onClick={() => drafts.note(code, null)}>
          {t('reviewer.remarks.takeBack')}
        </Button>
      )}
    </span>
  );
}

/** The remarks that go with a sending back, as its dialog shows them. */
export function NotedRemarks({ drafts: { all } }: { drafts: DraftRemarks }) {
  const { t } = useI18n();
  if (all.size === 0) return <p className="text-soft">{t('reviewer.remarks.none')}</p>;
  return (
    <div>
      <p className="font-medium">{t('reviewer.remarks.going', { n: all.size })}</p>
      <ul className="mt-1 max-h-48 list-disc overflow-y-auto ps-5">
        {[...all].map(([code, text]) => (
          <li key={code}>
            <bdi dir="ltr" className="text-sm text-soft">
              {code}
            </bdi>{' '}
            <Text>{text}</Text>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A remark at its item, of the newest sending back with what has become of the answer. */
export function RemarkAt({
  remark,
  at,
  now,
  kinds,
}: {
  remark: Remark;
  at: string;
  /** Of an older sending back: left out. */
  now?: Answered | undefined;
  /** How the answer stood then and stands now. */
  kinds?: readonly [then: StatusKind, now: StatusKind];
}) {
  const { t, day } = useI18n();
  const became = kinds && becameOf(remark, now);
  const before = remark.naReason ?? remark.note;
  return (
    <span className="mt-2 block rounded-lg bg-sunken p-2">
      <span className="block">
        {t('reviewer.remarks.asked', { day: day(at.slice(0, 10)) })} <Text>{remark.text}</Text>
      </span>
      {became === 'answer' && (
        <span className="mt-1 flex flex-wrap items-center gap-2">
          {t('reviewer.remarks.became.answer')} <Status kind={kinds![0]} />{' '}
          <span aria-hidden="true" className="rtl:-scale-x-100">
            →
          </span>{' '}
          <Status kind={kinds![1]} />
        </span>
      )}
      {became === 'words' && (
        <span className="mt-1 block">
          {t('reviewer.remarks.became.words')}{' '}
          {before ? <Text>{before}</Text> : t('reviewer.remarks.nothing')}
        </span>
      )}
      {became === 'same' && (
        <span className="mt-1 block font-semibold">{t('reviewer.remarks.became.same')}</span>
      )}
    </span>
  );
}

/** Every time it was sent back or reopened, newest first: why, and what has become of what was questioned the last time. */
export function Returns({
  returns,
  responses,
}: {
  returns: readonly Returned[];
  responses: readonly Schema<'ResponseRow'>[];
}) {
  const { t, day } = useI18n();
  const now = new Map(responses.map((each) => [each.requirement, each]));
  const newest = [...returns].reverse();
  return (
    <Panel heading={t('reviewer.returns.title', { n: returns.length })}>
      <ol className="grid gap-2">
        {newest.map(({ id, action, reason, remarks, by, at }, n) => (
          <li key={id}>
            <p className="text-sm text-soft">
              {t(`reviewer.returns.${action}`, { day: day(at.slice(0, 10)) })}
              {by && (
                <>
                  {' – '}
                  <Text>{by}</Text>
                </>
              )}
            </p>
            <p>
              <Text>{reason}</Text>
            </p>
            {remarks.length > 0 && (
              <p className="text-sm">
                {n === 0
                  ? t('reviewer.returns.changed', {
                      n: remarks.filter((each) => becameOf(each, now.get(each.requirement)) !== 'same')
                        .length,
                      of: remarks.length,
                    })
                  : t('reviewer.returns.asked', { n: remarks.length })}
              </p>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}
