/**
 * `npm run bench:web -- --part=lists`: lists of 10,000 suppliers in Chromium on a desktop, at the speed of this machine.
 * Each list is opened anew, scrolled from its top to its end, and narrowed letter by letter. Its time until all rows are there
 * stands against what the same calls take when nobody draws them. `--from` takes a product that has the suppliers already.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { accountOf, launchBrowser, signIn, signInBrowser, startProduct } from './demo-product.mjs';

const SUPPLIERS = 10_000;
const COHORT = `Cohort of ${SUPPLIERS.toLocaleString('en')}`;
/** Milliseconds: no task longer while scrolling, and new rows so soon after a letter. */
const AIM = 100;

const TABLE = 'main table[aria-rowcount]';
const tab = (name) => (page) => page.getByRole('tab', { name }).click();

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
  const drawn = (text) => (page) =>
    page.locator('figure', { hasText: text }).locator('svg').first().waitFor();
  return [
    { name: 'agency: cohort’s overview', role, path, ready: drawn('enrolled sites have had') },
    { name: 'agency: sections', role, path, press: tab('Sections'), ready: drawn('Points by section') },
    {
      name: 'agency: sections by site',
      role,
      path,
      press: async (page) => {
        await tab('Sections')(page);
        await page.getByRole('radio', { name: 'Sites', exact: true }).check();
      },
      ready: drawn('the weakest first'),
    },
    { name: 'agency: map', role, path, press: tab('Map'), ready: drawn('coordinates') },
  ];
};

/** What takes long to write. */
const FILES = (cohort) => [
  {
    name: 'buyer: suppliers, CSV',
    role: 'qa-manager (lotus)',
    path: (buyer) => `/api/v1/buyers/${buyer}/suppliers.csv?lang=en`,
  },
  {
    name: 'buyer: suppliers, XLSX',
    role: 'qa-manager (lotus)',
    path: (buyer) => `/api/v1/buyers/${buyer}/suppliers.xlsx?lang=en`,
  },
  {
    name: 'agency: report, PDF',
    role: 'programme-manager',
    path: () => `/api/v1/cohorts/${cohort}/report.pdf?lang=en`,
  },
];

/** In the page, before anything of it: long tasks, when the table last grew, when a letter was typed and its rows painted. */
const WATCH = `
  window.seen = { tasks: [], grew: 0, rows: 0, said: '', key: 0, painted: 0 };
  new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.tasks.push([e.startTime, e.duration]); }).observe({ type: 'longtask', buffered: true });
  addEventListener('keydown', ({ timeStamp }) => { seen.key = timeStamp; }, true);
  new MutationObserver(() => {
    const rows = Number(document.querySelector('${TABLE}')?.getAttribute('aria-rowcount') ?? 0);
    if (rows !== seen.rows) Object.assign(seen, { rows, grew: performance.now() });
    const said = document.querySelector('main [role=status]')?.textContent ?? '';
    if (said !== seen.said) {
      seen.said = said;
      requestAnimationFrame(() => setTimeout(() => { seen.painted = performance.now(); }));
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['aria-rowcount'] });
  window.longest = (since) => Math.max(0, ...seen.tasks.filter(([at]) => at >= since).map(([, took]) => took));
`;

const FRAMES = 100;
/** Scrolls from the top to the end of the page, as dragging the bar does; the longest task of it. */
const SCROLL = `new Promise((done) => {
  scrollTo(0, 0);
  const began = performance.now();
  const far = document.documentElement.scrollHeight / ${FRAMES};
  const step = () => {
    if (scrollY + innerHeight >= document.documentElement.scrollHeight - 2) return setTimeout(() => done(longest(began)), 200);
    scrollBy(0, far);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

/** From the letter typed until its rows are painted. */
const PAINTED = `new Promise((done) => {
  const look = () => (seen.painted > seen.key ? done(seen.painted - seen.key) : setTimeout(look, 5));
  look();
})`;

/** Letters typed into the field, each narrowing or widening the list. */
const KEYS = ['7', '1', 'Backspace', 'Backspace', '9', 'Backspace'];

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const ms = (value) => (value === undefined ? '–' : `${value.toFixed(0)} ms`);

/** A page of somebody's in a new profile, with the calls it makes; `quiet` waits until it makes none any more. */
async function openAs(browser, product, role) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB' });
  await signInBrowser(context, product.url, accountOf(product.demo, role));
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const calls = [];
  let open = 0;
  let last = performance.now();
  const count = (step) => (request) => {
    const { pathname, search } = new URL(request.url());
    if (!pathname.startsWith('/api/v1/')) return;
    open += step;
    last = performance.now();
    if (step > 0 && request.method() === 'GET') calls.push(pathname + search);
  };
  page.on('request', count(1));
  page.on('requestfinished', count(-1));
  page.on('requestfailed', count(-1));
  await page.addInitScript(WATCH);
  const quiet = async () => {
    while (open > 0 || performance.now() - last < 2000) await new Promise((done) => setTimeout(done, 50));
  };
  return { context, page, calls, quiet };
}

/** Opens one list and does with it what people do. */
async function measureList(browser, product, { name, role, path, press, search = true }) {
  const { context, page, calls, quiet } = await openAs(browser, product, role);
  const session = await context.newCDPSession(page);
  // Processor time of the page's thread, so that what else the machine does isn't counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () =>
    (await session.send('Performance.getMetrics')).metrics.find((each) => each.name === 'TaskDuration')
      .value * 1000;
  const began = performance.now();
  await page.goto(`${product.url}/app/${path}`, { waitUntil: 'commit' });
  await press?.(page);
  await page.locator('main table tbody tr[role=row]').first().waitFor();
  const first = performance.now() - began;
  await quiet();
  const all = await page.evaluate('seen.grew');
  const rows = (await page.evaluate('seen.rows')) - 1;
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize: heap } = await session.send('Runtime.getHeapUsage');
  const before = await busy();
  const task = await page.evaluate(SCROLL);
  const frame = ((await busy()) - before) / FRAMES;
  const keys = [];
  if (search) {
    await page.evaluate('scrollTo(0, 0)');
    await page.locator('main input[type=search]').first().focus();
    for (const key of KEYS) {
      await page.keyboard.press(key);
      keys.push(await page.evaluate(PAINTED));
    }
  }
  // What the API takes for the same, with nobody to draw it.
  const asked = calls.slice();
  const bare = await page.evaluate(
    `(async (paths) => {
      const began = performance.now();
      for (const path of paths) await (await fetch(path)).json();
      return performance.now() - began;
    })(${JSON.stringify(asked)})`,
  );
  await context.close();
  const key = keys.length > 0 ? median(keys) : undefined;
  return {
    name,
    rows,
    calls: asked.length,
    first,
    all,
    bare,
    ratio: all / bare,
    heap,
    task,
    frame,
    key,
    met: task <= AIM && (key ?? 0) <= AIM,
  };
}

/** How long a whole cohort takes to be drawn, and how much the page has to carry then. */
async function measureView(browser, product, { name, role, path, press, ready }) {
  const { context, page, calls, quiet } = await openAs(browser, product, role);
  const began = performance.now();
  await page.goto(`${product.url}/app/${path}`, { waitUntil: 'commit' });
  await press?.(page);
  await ready(page);
  const drawn = performance.now() - began;
  await quiet();
  const task = await page.evaluate('longest(0)');
  const elements = await page.evaluate('document.querySelectorAll("*").length');
  await context.close();
  return { name, drawn, calls: calls.length, task, elements };
}

/** What is saved as a file, from the click to its last byte. */
async function measureFile(product, { name, role, path }) {
  const token = await signIn(product.url, accountOf(product.demo, role));
  const ask = (url) => fetch(product.url + url, { headers: { authorization: `Bearer ${token}` } });
  const { memberships } = await (await ask('/api/v1/me')).json();
  const began = performance.now();
  const answer = await ask(path(memberships[0].organisationId));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  const bytes = (await answer.arrayBuffer()).byteLength;
  return { name, took: performance.now() - began, bytes };
}

/** Starts a product, gives it its suppliers, measures and prints; whether all aims were met. */
export async function benchLists({ from, json }) {
  const work = mkdtempSync(join(tmpdir(), 'uplift-bench-lists-'));
  const product = await startProduct(work, from);
  try {
    const cohort = await seeded(product, from ? undefined : join(work, 'data'));
    const browser = await launchBrowser(work);
    const said = async (all, measure) => {
      const rows = [];
      for (const each of all) {
        rows.push(await measure(each));
        process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
      }
      return rows;
    };
    const rows = await said(lists(cohort), (each) => measureList(browser, product, each));
    const drawn = await said(views(cohort), (each) => measureView(browser, product, each));
    await browser.close();
    const files = await said(FILES(cohort), (each) => measureFile(product, each));
    console.table(
      rows.map((row) => ({
        list: row.name,
        rows: row.rows,
        calls: row.calls,
        'first rows': ms(row.first),
        'all rows': ms(row.all),
        'to the calls alone': `${row.ratio.toFixed(2)}× of ${ms(row.bare)}`,
        memory: `${(row.heap / 1e6).toFixed(0)} MB`,
        'scrolling, longest task': ms(row.task),
        'CPU a frame': ms(row.frame),
        'letter to rows': ms(row.key),
        [`≤ ${AIM} ms`]: row.met ? 'met' : 'missed',
      })),
    );
    console.table(
      drawn.map((row) => ({
        page: row.name,
        calls: row.calls,
        drawn: ms(row.drawn),
        'longest task': ms(row.task),
        elements: row.elements,
      })),
    );
    console.table(
      files.map((row) => ({
        file: row.name,
        whole: ms(row.took),
        size: `${(row.bytes / 1000).toFixed(0)} kB`,
      })),
    );
    if (json) writeFileSync(json, `${JSON.stringify({ lists: rows, pages: drawn, files }, null, 2)}\n`);
    return rows.every(({ met }) => met);
  } finally {
    await product.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** The cohort of the suppliers; made where the product is ours. */
async function seeded(product, dataDir) {
  if (dataDir) {
    const { seedLists } = await import('./lists-seed.mjs');
    const { embeddedDatabaseUrl } = await import('../dist/libs/platform/src/embedded-postgres.js');
    process.stderr.write(`making ${SUPPLIERS} suppliers: takes minutes\n`);
    return seedLists(embeddedDatabaseUrl(dataDir), SUPPLIERS, COHORT);
  }
  const token = await signIn(product.url, accountOf(product.demo, 'programme-manager'));
  const answer = await fetch(`${product.url}/api/v1/cohorts`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const found = (await answer.json()).find(({ name }) => name === COHORT);
  if (!found) throw new Error(`${product.url} has no "${COHORT}"`);
  return found.id;
}
