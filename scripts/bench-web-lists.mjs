/**
 * `npm run bench:web -- --part=lists`: lists of 10,000 suppliers in Chromium on a desktop, at the speed of this machine.
 * Each list is opened anew, scrolled from its top to its end, and narrowed letter by letter; its time until all rows are
 * there stands against what the same calls take when nobody draws them.
 */
import { performance } from 'node:perf_hooks';
import { accountOf, signInBrowser } from './demo-product.mjs';

/** Milliseconds: no task longer while scrolling, and new rows so soon after a letter. */
const AIM = 100;

const TABLE = 'main table[aria-rowcount]';
const tab = (name) => (page) => page.getByRole('tab', { name }).click();
const radio = (name) => (page) => page.getByLabel(name).check();

/** Whose list, where, and what is pressed there before it shows. `cohort` is the one that was seeded. */
const lists = (cohort) => [
  { name: 'buyer: suppliers', role: 'qa-manager (lotus)', path: 'buyer' },
  {
    name: 'buyer: what expires',
    role: 'qa-manager (lotus)',
    path: 'buyer/expiring?within=90',
    search: false,
  },
  {
    name: 'agency: enrolments',
    role: 'programme-manager',
    path: `agency/cohorts/${cohort}`,
    press: tab('Sites'),
  },
  { name: 'agency: visits', role: 'programme-manager', path: 'agency/visits' },
  { name: 'reviewer: queue', role: 'reviewer', path: 'reviewer' },
  { name: 'reviewer: assessments', role: 'reviewer', path: 'reviewer/assessments' },
  { name: 'reviewer: certificates', role: 'reviewer', path: 'reviewer/certificates' },
  { name: 'administrator: organisations', role: 'programme-manager', path: 'admin/organisations' },
];

/** Pages that draw a whole cohort: until it is drawn. */
const views = (cohort) => {
  const path = `agency/cohorts/${cohort}`;
  const role = 'programme-manager';
  const drawn = (text) => (page) => page.locator('figure', { hasText: text }).locator('svg').waitFor();
  return [
    { name: 'agency: cohort’s overview', role, path, ready: drawn('points') },
    { name: 'agency: sections', role, path, press: tab('Sections'), ready: drawn('Points by section') },
    {
      name: 'agency: sections by site',
      role,
      path,
      press: async (page) => {
        await tab('Sections')(page);
        await radio('After, site by site')(page);
      },
      ready: drawn('Points by section'),
    },
    { name: 'agency: map', role, path, press: tab('Map'), ready: drawn('coordinates') },
    { name: 'agency: report, PDF', role, call: `/api/v1/cohorts/${cohort}/report.pdf` },
  ];
};

/** In the page, before anything of it: long tasks, and when the table last grew. */
const WATCH = `
  window.seen = { tasks: [], grew: 0, rows: 0 };
  new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.tasks.push([e.startTime, e.duration]); }).observe({ type: 'longtask', buffered: true });
  new MutationObserver(() => {
    const rows = Number(document.querySelector('${TABLE}')?.getAttribute('aria-rowcount') ?? 0);
    if (rows !== seen.rows) Object.assign(seen, { rows, grew: performance.now() });
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-rowcount'] });
`;

/** Scrolls three screens a frame, as dragging the bar does, from the top to the end of the page. */
const SCROLL = `new Promise((done) => {
  const began = performance.now();
  let last = began, gap = 0;
  scrollTo(0, 0);
  const step = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 2)
      return setTimeout(() => done({ gap, frames: 0, longest: Math.max(0, ...seen.tasks.filter(([at]) => at >= began).map(([, took]) => took)) }), 100);
    scrollBy(0, 3 * innerHeight);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

/** From the next letter until the number found is another and its rows are painted. */
const KEY = `new Promise((done) => {
  const status = document.querySelector('main [role=status]');
  let began = 0;
  addEventListener('keydown', ({ timeStamp }) => { began = timeStamp; }, { once: true, capture: true });
  new MutationObserver((_, watch) => {
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
  }).observe(status, { subtree: true, childList: true, characterData: true });
})`;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const ms = (value) => (value === undefined ? '–' : `${value.toFixed(0)} ms`);

/** Opens one list in a new profile and does with it what people do. */
async function measureList(browser, product, { name, role, path, press, search = true }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  await signInBrowser(context, product.url, accountOf(product.demo, role));
  const page = await context.newPage();
  const calls = [];
  page.on('request', (request) => {
    const { pathname, search: query } = new URL(request.url());
    if (pathname.startsWith('/api/v1/') && request.method() === 'GET') calls.push(pathname + query);
  });
  await page.addInitScript(WATCH);
  const began = performance.now();
  await page.goto(`${product.url}/app/${path}`, { waitUntil: 'commit' });
  await press?.(page);
  await page.locator('main table tbody tr[role=row]').first().waitFor();
  const first = performance.now() - began;
  await page.waitForLoadState('networkidle', { timeout: 120_000 });
  const all = await page.evaluate('seen.grew');
  const rows = (await page.evaluate('seen.rows')) - 1;
  const whileLoading = await page.evaluate('Math.max(0, ...seen.tasks.map(([, took]) => took))');
  const session = await context.newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  const { longest, gap } = await page.evaluate(SCROLL);
  const keys = [];
  if (search) {
    await page.evaluate('scrollTo(0, 0)');
    const field = page.locator('main input[type=search]').first();
    await field.focus();
    for (const key of ['7', '1', 'Backspace', 'Backspace', 'a', '7']) {
      const took = page.evaluate(KEY);
      await page.keyboard.press(key);
      const ended = await Promise.race([took, new Promise((done) => setTimeout(done, 3000))]);
      if (ended !== undefined) keys.push(ended);
    }
  }
  // What the API takes for the same, with nobody to draw it.
  const asked = calls.slice();
  const bare = await page.evaluate(
    `(async () => { const began = performance.now(); for (const path of ${JSON.stringify(asked)}) await (await fetch(path)).json().catch(() => null); return performance.now() - began; })()`,
  );
  await context.close();
  return {
    name,
    rows,
    first,
    all,
    calls: asked.length,
    bare,
    ratio: all / bare,
    whileLoading,
    longest,
    gap,
    heap: usedSize,
    key: keys.length ? median(keys) : undefined,
    slowestKey: keys.length ? Math.max(...keys) : undefined,
  };
}

export { lists, views, measureList, AIM, ms };
