/** Whether what stands on a page of the app already is moved by what comes late: who is about to press something would miss it. */
/* global document, innerHeight, PerformanceObserver, requestAnimationFrame, scrollX, scrollY, window */
import { settled } from './demo-product.mjs';

/** The most that a page may shift, as browsers count it (Cumulative Layout Shift). */
const MOST = 0.1;

/** Different for different questions, the same each time: answers come in one order, and in the second round in the other. */
const delayOf = (url, round) => {
  let hash = 7;
  for (const letter of new URL(url).pathname) hash = (hash * 31 + letter.charCodeAt(0)) % 9973;
  const part = (hash % 101) / 100;
  return 300 + 500 * (round === 0 ? part : 1 - part);
};

/** In the page, from its beginning: notes what shifts, and what can be pressed and was elsewhere a moment ago. */
function watch() {
  window.shifted = { sum: 0, by: [] };
  window.moved = new Map();
  const name = (element) =>
    element?.nodeType === 1
      ? element.outerHTML.replace(/ class="[^"]*"/g, '').slice(0, 90)
      : String(element?.textContent ?? '?').slice(0, 90);
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries())
      if (!hadRecentInput) {
        window.shifted.sum += value;
        window.shifted.by.push(...sources.map(({ node }) => name(node)));
      }
  }).observe({ type: 'layout-shift', buffered: true });
  const places = new WeakMap();
  const look = () => {
    for (const each of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
      const { left, top, width } = each.getBoundingClientRect();
      const shown = width > 0 && each.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const before = places.get(each);
      const inView = (at) => at.top >= 0 && at.top < innerHeight;
      if (shown && before && inView(before) && Math.hypot(left - before.left, top - before.top) > 2)
        if (before.scroll === scrollX + scrollY)
          window.moved.set(
            each,
            `${name(each)} by ${Math.round(left - before.left)}, ${Math.round(top - before.top)} px`,
          );
      places.set(each, shown ? { left, top, scroll: scrollX + scrollY } : undefined);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/**
 * Opens an address twice, for whoever is signed in in `context`, with answers of the API that take their time: once in one
 * order and once in the other.
 */
export async function findMoves(context, address, size) {
  const found = new Set();
  for (const round of [0, 1]) {
    const slow = await context.browser().newContext({
      viewport: size,
      locale: 'en-GB',
      storageState: await context.storageState(),
      // What passes a service worker can't be made to take its time.
      serviceWorkers: 'block',
    });
    const page = await slow.newPage();
    await page.addInitScript(watch);
    await page.route('**/api/v1/**', async (route) => {
      await new Promise((done) => setTimeout(done, delayOf(route.request().url(), round)));
      await route.continue().catch(() => undefined);
    });
    await page.goto(address);
    await settled(page);
    await page.waitForLoadState('networkidle');
    await settled(page);
    const { sum, by, moved } = await page.evaluate(() => ({
      ...window.shifted,
      moved: [...window.moved.values()],
    }));
    if (process.env.MOVES)
      console.log(address.slice(21), size.width, round, sum.toFixed(3), by.slice(0, 3), moved.slice(0, 5));
    if (sum > MOST) found.add(`shifts by ${sum.toFixed(2)}: ${by[0]}`);
    for (const each of moved.slice(0, 3)) found.add(`moves: ${each}`);
    await slow.close();
  }
  return [...found];
}
