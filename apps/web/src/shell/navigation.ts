/** Whether the page on screen was opened from another one: then its heading takes the focus, else the browser has its way. */
let navigated = false;
let from = '';

/** Called by the shell with every path that is shown. */
export function notePath(path: string): void {
  if (from !== '' && from !== path) navigated = true;
  from = path;
}
export const openedByNavigation = (): boolean => navigated;
