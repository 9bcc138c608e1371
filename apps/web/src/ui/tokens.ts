/** The value a colour token (`app.css`) has in the theme that is on: for charts, which don't read stylesheets. */
export const token = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
