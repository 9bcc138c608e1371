import { useRef, useState } from 'react';
import { useMe } from '#web/api/session';

/** What a form holds, in its fields' own words: names and values, a name as often as it has values. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A change of a rule that was begun and isn't published. */
export interface Draft {
  readonly at: string;
  /** The version it was begun upon; null for a new rule. */
  readonly upon: string | null;
  readonly fields: Fields;
}

/**
 * What somebody types into the editor of a rule stays in this browser, for them alone, until they publish it or throw it away:
 * a reload, a closed tab or a dead battery costs nothing. Of two tabs the one typed in last is kept, whatever the other does.
 */
export function useDraft(buyer: string, rule: string) {
  const { userId } = useMe();
  const key = `uplift.draft.${userId}.${buyer}.${rule}`;
  const [found] = useState(() => localStorage.getItem(key));
  /** What was there when the editor was opened. */
  const [draft, setDraft] = useState(found === null ? null : (JSON.parse(found) as Draft));
  /** What this tab has read or written. */
  const own = useRef(found);
  return {
    draft,
    keep: (form: HTMLFormElement, upon: string | null): void => {
      const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)] as const);
      const kept: Draft = { at: new Date().toISOString(), upon, fields };
      own.current = JSON.stringify(kept);
      localStorage.setItem(key, own.current);
    },
    forget: (): void => {
      if (localStorage.getItem(key) === own.current) localStorage.removeItem(key);
      setDraft(null);
    },
  };
}
