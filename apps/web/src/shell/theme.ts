import { useSyncExternalStore } from 'react';

/** `auto` follows the device. */
export type Theme = 'auto' | 'light' | 'dark';
const STORED = 'uplift.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

const chosen = (): Theme => {
  const stored = localStorage.getItem(STORED);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
};

/** Whether the page is on its way to paper, which is light whatever the theme. */
let printing = false;

/** Puts the theme on the document; charts and others read it there. */
export function applyTheme(): void {
  const theme = printing ? 'light' : chosen();
  document.documentElement.dataset['theme'] = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
  listeners.forEach((each) => each());
}
dark.addEventListener('change', applyTheme);
for (const event of ['beforeprint', 'afterprint'])
  addEventListener(event, () => {
    printing = event === 'beforeprint';
    applyTheme();
  });

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(STORED, theme);
  applyTheme();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};
export const useTheme = (): Theme => useSyncExternalStore(subscribe, chosen);
/** `light` or `dark`, whichever is on. */
export const useShade = (): string =>
  useSyncExternalStore(subscribe, () => document.documentElement.dataset['theme'] ?? 'light');
/** Whether what is drawn is for paper: whole and without anything to press. */
export const usePrinting = (): boolean => useSyncExternalStore(subscribe, () => printing);
