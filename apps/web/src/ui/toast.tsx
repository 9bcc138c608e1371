import { useLayoutEffect, useRef, useSyncExternalStore } from 'react';
import { useI18n } from '#web/i18n';
import { Button } from './basics';
import { Icon } from './icons';

interface Note {
  readonly id: number;
  readonly text: string;
  readonly undo?: { readonly label: string; readonly act: () => void };
}
let notes: readonly Note[] = [];
let last = 0;
const listeners = new Set<() => void>();
const set = (next: readonly Note[]): void => {
  notes = next;
  listeners.forEach((each) => each());
};
const dismiss = (id: number): void => set(notes.filter((each) => each.id !== id));

/**
 * Says what has been done, also to those who hear the page; with `undo` it can be taken back. Nobody loses it to a clock: it
 * stays until it is closed or a newer one comes, what can be undone until two newer ones have.
 */
export function toast(text: string, undo?: Note['undo']): void {
  const undoable = notes.filter((each) => each.undo).slice(-2);
  set([...undoable, { id: (last += 1), text, ...(undo && { undo }) }]);
}

/** Where toasts show; once, in the shell. */
export function Toasts() {
  const { t } = useI18n();
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => notes,
  );
  const box = useRef<HTMLDivElement>(null);
  // The page grows by as much, so that everything on it can be seen above them.
  useLayoutEffect(() => {
    const { style } = document.documentElement;
    style.setProperty('--toasts', `${box.current!.offsetHeight}px`);
    return () => void style.removeProperty('--toasts');
  }, [shown]);
  return (
    <div
      ref={box}
      role="status"
      className="no-print fixed inset-x-3 bottom-3 z-20 mx-auto grid max-w-md gap-2"
    >
      {shown.map(({ id, text, undo }) => (
        <div
          key={id}
          className="flex items-center gap-3 rounded-xl border border-edge bg-panel p-3 shadow-lg"
        >
          <span className="text-conforming">
            <Icon name="check" />
          </span>
          <span className="grow">{text}</span>
          {undo && (
            <Button
              look="quiet"
              onClick={() => {
                undo.act();
                dismiss(id);
              }}
            >
              {undo.label}
            </Button>
          )}
          <button
            type="button"
            aria-label={t('common.close')}
            onClick={() => dismiss(id)}
            className="grid size-8 place-items-center rounded-lg hover:bg-sunken"
          >
            <Icon name="close" size={16} />
          </button>
        </div>
      ))}
    </div>
  );
}
