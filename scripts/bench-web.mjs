/**
 * `npm run bench:web`: how soon each user's start page is of use on a cheap phone with a poor connection. Starts the
 * product with the demo, and opens the pages in Chromium as such a phone would: 400 kbit/s each way with 400 ms for
 * every round trip (what WebPageTest calls "3G Slow"), and a processor four times slower than this one.
 *
 * Each page is opened twice in a new profile: the first time nothing is stored, the second time the service worker has
 * the app. It stands against what the same server sends without any script, its home page, opened in the same way.
 *
 *   CHROMIUM=/path       another Chromium than the one on the PATH
 *   --from=URL,ACCOUNTS  a product that runs already, and its demo-accounts.json
 *   --rounds=N           how often (default 3); the table has the medians
 *   --json=FILE          the figures, too
 *   --part=lists         instead of start pages: lists of 10,000 suppliers (bench-web-lists.mjs)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accountOf, launchBrowser, settled, signInBrowser, startProduct } from './demo-product.mjs';

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'string' },
    part: { type: 'string', default: 'loads' },
  },
});
if (values.part === 'lists') {
  const { benchLists } = await import('./bench-web-lists.mjs');
  process.exit((await benchLists(values)) ? 0 : 1);
}
const ROUNDS = Number(values.rounds);
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
const CPU_SLOWDOWN = 4;
/** Seconds until the parts for phones are of use. */
const AIM = 5;

/** Whose start page, and whether it has to be of use within the aim. */
const USERS = [
  { name: 'supplier', role: 'supplier owner', aim: AIM },
  { name: 'assessor', role: 'assessor', aim: AIM },
  { name: 'reviewer', role: 'reviewer' },
  { name: 'buyer', role: 'qa-manager (lotus)' },
  { name: 'agency', role: 'programme-manager' },
];

/** In the page, before anything of it: what Lighthouse looks at, kept for later. */
const WATCH = `
  window.seen = { lcp: 0, cls: 0, tasks: [], usable: 0 };
  new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.lcp = e.startTime; }).observe({ type: 'largest-contentful-paint', buffered: true });
  new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) seen.cls += e.value; }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => { for (const e of list.getEntries()) seen.tasks.push([e.startTime, e.duration]); }).observe({ type: 'longtask', buffered: true });
  // Of use: it has its heading, nothing on it is loading any more, and that has been drawn. Seen from within, because asking
  // the page from outside runs on its slow processor, too.
  let settled = false;
  new MutationObserver(() => {
    const now = document.querySelector('h1') !== null && document.querySelector('.animate-pulse') === null;
    if (now && !settled) requestAnimationFrame(() => setTimeout(() => { seen.usable = performance.now(); }));
    settled = now;
  }).observe(document, { childList: true, subtree: true });
`;

const READ = `(() => {
  const fcp = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
  const sum = (entries) => entries.reduce((total, { transferSize }) => total + transferSize, 0);
  return {
    usable: seen.usable, fcp, lcp: seen.lcp, cls: seen.cls,
    blocked: seen.tasks.filter(([at]) => at > fcp).reduce((total, [, took]) => total + Math.max(0, took - 50), 0),
    bytes: sum(all), scripts: sum(all.filter(({ name }) => new URL(name).pathname.endsWith('.js'))), requests: all.length,
  };
})()`;

/** Opens a page as the slow phone; `ready` says when it is of use. */
async function open(context, url, ready) {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', SLOW_3G);
  await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  await page.addInitScript(WATCH);
  await page.goto(url, { waitUntil: 'commit', timeout: 60_000 });
  await ready(page);
  return { page, session, figures: await page.evaluate(READ) };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const medians = (rounds) =>
  Object.fromEntries(Object.keys(rounds[0]).map((key) => [key, median(rounds.map((each) => each[key]))]));
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
const kB = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;

const work = mkdtempSync(join(tmpdir(), 'uplift-bench-web-'));
const product = await startProduct(work, values.from);
const rows = [];
try {
  const browser = await launchBrowser(work);
  const profile = () =>
    browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, locale: 'en-GB' });
  // Once without measuring: the server compiles and connects, too.
  const warm = await profile();
  await (await warm.newPage()).goto(product.url);
  await warm.close();

  const home = [];
  const taken = new Map(USERS.map(({ name }) => [name, { first: [], again: [] }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    const plain = await profile();
    const opened = await open(plain, `${product.url}/`, (page) => page.waitForLoadState('load'));
    home.push(opened.figures);
    await plain.close();
    for (const { name, role } of USERS) {
      const context = await profile();
      await signInBrowser(context, product.url, accountOf(product.demo, role));
      const first = await open(context, `${product.url}/app/`, settled);
      taken.get(name).first.push(first.figures);
      // Until the service worker has kept the app, at full speed: nobody waits for it.
      await first.session.send('Network.emulateNetworkConditions', {
        ...SLOW_3G,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput: -1,
      });
      await first.page.evaluate('navigator.serviceWorker?.ready.then(() => true)');
      await first.page.waitForLoadState('networkidle');
      await first.page.close();
      const again = await open(context, `${product.url}/app/`, settled);
      taken.get(name).again.push(again.figures);
      await context.close();
    }
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\n`);
  }
  await browser.close();

  const reference = medians(home);
  rows.push({ page: 'home page, no script (reference)', visit: 'first', ...reference, ratio: 1 });
  for (const { name, aim } of USERS) {
    for (const visit of ['first', 'again']) {
      const figures = medians(taken.get(name)[visit]);
      rows.push({ page: name, visit, ...figures, ratio: figures.usable / reference.usable, aim });
    }
  }
} finally {
  await product.stop();
  rmSync(work, { recursive: true, force: true });
}

const met = ({ usable, aim }) => aim === undefined || usable <= aim * 1000;
console.table(
  rows.map((row) => ({
    page: row.page,
    visit: row.visit,
    usable: seconds(row.usable),
    'to home page': `${row.ratio.toFixed(2)}×`,
    aim: row.aim === undefined ? '' : `≤ ${row.aim} s ${met(row) ? 'met' : 'missed'}`,
    'first paint': seconds(row.fcp),
    'largest paint': seconds(row.lcp),
    blocked: seconds(row.blocked),
    shift: row.cls.toFixed(3),
    scripts: kB(row.scripts),
    sent: kB(row.bytes),
    requests: row.requests,
  })),
);
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
if (!rows.every(met)) process.exitCode = 1;
