import { noteOf, type Slot, type SlotView } from '#domain/sync';
import { useEffect, useMemo, useState } from 'react';
import type { Schema } from '#web/api/client';
import {
  type Progress,
  progressOf,
  sideOf,
  slotViews,
  type Standing,
  standingOf,
  valueOf,
} from '#web/device/answers';
import { useDevice } from '#web/device/send';
import { type Device, type DeviceState, type Taken, useDeviceState } from '#web/device/store';
import { serverLocale, useI18n } from '#web/i18n';
import { becameOf } from './remark';

/** One item as the page shows it. */
export interface Item {
  readonly requirement: Schema<'Requirement'>;
  /** What the reader's side has entered: a verdict or a claim; a verdict for those who only read. */
  readonly own: SlotView;
  /** What the other side has entered. */
  readonly other: SlotView;
  readonly note: SlotView;
  readonly standing: Standing;
}

/** The language of a taken checklist's texts; of one requirement, which may lack a translation. */
export const textsIn = (
  { language: { asked, original, status, untranslated } }: Taken['pack'],
  code?: string,
): string =>
  status === 'original' || (code !== undefined && untranslated.includes(code)) ? original : asked;

/** Whether an item was answered otherwise, or other words stand beside the answer, since the reviewer questioned it. */
export const changedSince = (remark: Schema<'Remark'>, { own, note }: Pick<Item, 'own' | 'note'>): boolean =>
  becameOf(remark, { ...valueOf(own), note: noteOf(note.current) }) !== 'same';

/** What the reviewer questions of an assessment that came back, by requirement. */
export const remarksOf = ({ returned }: Taken['pack']): ReadonlyMap<string, Schema<'Remark'>> =>
  new Map(returned?.remarks.map((remark) => [remark.requirement, remark]));

/** A checklist on this device, ready to be shown. */
export interface Checklist {
  readonly device: Device;
  readonly state: DeviceState;
  readonly taken: Taken;
  readonly items: readonly Item[];
  readonly progress: Progress;
  /** What the reader answers in; null: they only read. */
  readonly side: 'answer' | 'claim' | null;
  /** Whether answers may change now. */
  readonly open: boolean;
}

const OPEN: readonly Schema<'AssessmentState'>[] = ['draft', 'in-progress', 'reopened'];

/**
 * An assessment on this device; opening one takes it along. `error` says why it can't be. What is new, and its texts in the
 * language of the moment, are fetched when there is a connection.
 */
export function useChecklist(id: string): {
  checklist: Checklist | null;
  error: unknown;
  /** The browser has cleared it off this device. */
  cleared: boolean;
  retry: () => void;
} {
  const { locale } = useI18n();
  const device = useDevice();
  const state = useDeviceState(device);
  const [error, setError] = useState<unknown>(null);
  const [attempt, setAttempt] = useState(0);
  const ready = state.taken !== null;
  useEffect(() => {
    if (!ready) return;
    const taken = device.get(id);
    // Without its language it is shown in the one it was taken in; everything else the sender keeps new.
    if (taken && (taken.pack.language.asked === serverLocale() || !navigator.onLine)) return;
    device.take(id).catch((reason: unknown) => {
      // What is here already can be worked on without.
      if (!device.get(id)) setError(reason);
    });
  }, [device, id, ready, attempt, locale]);
  const [views] = useState(slotViews);
  const [known] = useState(() => new Map<string, Item>());
  const taken = state.taken?.get(id);
  const checklist = useMemo(() => {
    if (!taken) return null;
    const side = sideOf(taken.pack.writes);
    const shown = views(taken.copy);
    const of = (requirement: string, field: Slot['field']) => shown({ requirement, field });
    const items = taken.pack.checklist.requirements.map((requirement): Item => {
      const own = of(requirement.code, side ?? 'answer');
      const other = of(requirement.code, side === 'claim' ? 'answer' : 'claim');
      const note = of(requirement.code, 'note');
      const before = known.get(requirement.code);
      // The same object where nothing has changed, so that its card isn't drawn anew.
      if (
        before?.requirement === requirement &&
        before.own === own &&
        before.other === other &&
        before.note === note
      )
        return before;
      const item = { requirement, own, other, note, standing: standingOf(own, taken.pack) };
      known.set(requirement.code, item);
      return item;
    });
    return {
      taken,
      items,
      side,
      progress: progressOf(items.map(({ standing }) => standing)),
      open: OPEN.includes(taken.pack.assessment.state),
    };
  }, [taken, views, known]);
  return {
    checklist: checklist && { ...checklist, device, state },
    error: taken ? null : error,
    cleared: state.evicted.some((each) => each.id === id),
    retry: () => {
      setError(null);
      setAttempt((before) => before + 1);
    },
  };
}

/** Titles of answers that profiles have in common, in the reader's language; others are shown as the profile has them. */
const TITLES = {
  Yes: 'yes',
  No: 'no',
  'Not applicable': 'na',
  Conforms: 'conforms',
  'Minor nonconformity': 'minor',
  'Major nonconformity': 'major',
  'Critical nonconformity': 'critical',
  'Not cited': 'notCited',
  Cited: 'cited',
} as const;

/** What answers are called: by their code, as the scale has them. */
export function useAnswerTitle({ answers }: Pick<Taken['pack'], 'answers'>): (code: string) => string {
  const { t } = useI18n();
  return (code) => {
    const title = answers.find((each) => each.code === code)?.title ?? code;
    return title in TITLES ? t(`checklist.answer.${TITLES[title as keyof typeof TITLES]}`) : title;
  };
}

/** The score so far, where the programme lets it be seen: the very rules that the server scores by, loaded when needed. */
export function useScore({ taken: { pack }, items, side }: Checklist) {
  type Scoring = typeof import('#domain/scoring');
  const [scoring, setScoring] = useState<Scoring | null>(null);
  const { profile, checklist, assessment } = pack;
  useEffect(() => {
    if (profile && side !== 'claim') void import('#domain/scoring').then(setScoring, () => undefined);
  }, [profile, side]);
  const compiled = useMemo(() => {
    try {
      return scoring && profile
        ? scoring.compileScoring(checklist as never, assessment.level, profile as never)
        : null;
    } catch {
      // A profile that this checklist can't be scored by: the server says so when it is handed in.
      return null;
    }
  }, [scoring, profile, checklist, assessment.level]);
  return useMemo(
    () =>
      compiled?.score(
        items.flatMap(({ requirement: { code }, own }) => {
          const answer = valueOf(own)?.answer;
          return answer ? [{ requirement: code, answer }] : [];
        }),
      ) ?? null,
    [compiled, items],
  );
}
