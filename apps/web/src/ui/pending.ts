import { type RefObject, useLayoutEffect, useRef } from 'react';

/** How many below or in it are still loading. */
const waiting = new WeakMap<Element, number>();

function count(element: Element, step: 1 | -1): void {
  const left = (waiting.get(element) ?? 0) + step;
  waiting.set(element, left);
  element.toggleAttribute('data-pending', left > 0);
}

/**
 * Marks an element that is still loading, and all around it up to the page, so that what follows any of them does not show yet
 * (app.css). CSS alone could find them by `:has`, but would look again at every change: ten seconds for a chart of 10,000 sites.
 */
export function usePending<Kind extends HTMLElement>(pending: boolean): RefObject<Kind | null> {
  const ref = useRef<Kind>(null);
  useLayoutEffect(() => {
    if (!pending) return undefined;
    const marked: Element[] = [];
    for (let at: Element | null = ref.current; at && at.tagName !== 'MAIN'; at = at.parentElement)
      marked.push(at);
    for (const each of marked) count(each, 1);
    return () => {
      for (const each of marked) count(each, -1);
    };
  }, [pending]);
  return ref;
}
