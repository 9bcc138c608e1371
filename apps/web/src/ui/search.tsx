import { type ReactNode, useDeferredValue, useEffect, useEffectEvent, useId, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useI18n } from '#web/i18n';

/** Rests in typing longer than this are written into the address; browsers refuse to have it changed with every letter. */
const REST_MS = 250;

/** Without case and accents, so that "Jose" finds "José". */
const plain = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Something chosen that the address keeps, so that it comes back and can be sent; '' while nothing is. */
export function useInAddress(name: string): readonly [string, (value: string) => void] {
  const [search, setSearch] = useSearchParams();
  const set = (value: string): void =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      // Back leads to the page before, not through what was chosen.
      { replace: true },
    );
  return [search.get(name) ?? '', set];
}

/**
 * Narrows rows to those in whose `words` everything that is typed into `field` occurs. Typing never waits for the rows, ten
 * thousand of them either. `words` keeps its identity while what it says stays the same. The address says what is looked for, so
 * that it comes back and can be sent; `name` is what it is called there, each its own where a page has several.
 */
export function useSearch<Row>(
  rows: readonly Row[],
  words: (row: Row) => string,
  { label, name = 'find' }: { readonly label?: string; readonly name?: string } = {},
): { readonly field: ReactNode; readonly found: readonly Row[] } {
  const { t } = useI18n();
  const id = useId();
  const [given, keep] = useInAddress(name);
  const [typed, setTyped] = useState(given);
  const [known, setKnown] = useState(given);
  if (given !== known) {
    // Written there by what was typed, or by a link to the page itself.
    setKnown(given);
    setTyped(given);
  }
  const write = useEffectEvent(() => keep(typed));
  useEffect(() => {
    if (typed === given) return;
    const timer = setTimeout(() => write(), REST_MS);
    return () => clearTimeout(timer);
  }, [typed, given]);
  const asked = useDeferredValue(typed);
  const index = useMemo(() => rows.map((row) => plain(words(row))), [rows, words]);
  const found = useMemo(() => {
    const parts = plain(asked).split(/\s+/).filter(Boolean);
    return parts.length === 0 ? rows : rows.filter((_, n) => parts.every((part) => index[n]!.includes(part)));
  }, [rows, index, asked]);
  return {
    found,
    field: (
      <div className="no-print grid gap-1">
        <label htmlFor={id} className="text-sm font-medium">
          {label ?? t('common.search')}
        </label>
        <input
          id={id}
          type="search"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          dir="auto"
          autoComplete="off"
          className="min-h-11 w-64 max-w-full rounded-lg border border-edge bg-panel px-3 py-2 text-ink"
        />
        <p role="status" className="text-sm text-soft">
          {t('common.countOf', { n: found.length, of: rows.length })}
        </p>
      </div>
    ),
  };
}
