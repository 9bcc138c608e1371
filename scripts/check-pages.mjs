/**
 * `npm run check:pages`: looks at every page of the app and every page the server writes itself, in every language, light and
 * dark. Starts the product with the demo and signs in as its people. A route that nobody here visits is a fault, too.
 *
 * On every page: axe (WCAG 2.2 AA and best practice); nothing to scroll sideways; no key of a message, no blank left open, no
 * `undefined`, `NaN` or text of the interface in English where the language has its own; targets of 24 px at least; nothing that
 * moves under `prefers-reduced-motion`. Once a page: Tab reaches everything, with a focus to be seen; and when answers take
 * their time, nothing that can be pressed already is pushed away by what comes late. Phones for everybody, desktops for those
 * who work at one. Details are open. Ends with 1 when anything was found.
 *
 *   CHROMIUM=/path       another Chromium than the one on the PATH
 *   --from=URL,ACCOUNTS  a product that runs already, and its demo-accounts.json; what a page needs and isn't there is entered
 *   --area=LIST          only these, with commas between: supplier, assessor, …, shell, public
 *   --lang=LIST          only these languages
 *   --at=TEXT            only routes with that in them
 *   --part=LIST          looks (each language and theme), moves (late answers), or both
 *   --pages=N            how many at once (default 3)
 */
/* global Blob, document, FormData, requestAnimationFrame, getComputedStyle, Node, NodeFilter, window */
import axe from 'axe-core';
import { readdirSync, readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { accountOf, launchBrowser, settled, signIn, signInBrowser, startProduct } from './demo-product.mjs';
import { ROOT } from './house.mjs';
import { findMoves } from './page-moves.mjs';
import { LOCALES, readMessages } from './web-messages.mjs';

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    area: { type: 'string' },
    lang: { type: 'string' },
    at: { type: 'string', default: '' },
    part: { type: 'string', default: 'looks,moves' },
    pages: { type: 'string', default: '3' },
  },
});
const AREAS = join(ROOT, 'apps', 'web', 'src', 'areas');
const THEMES = ['light', 'dark'];
const PHONE = { width: 360, height: 740 };
const DESKTOP = { width: 1280, height: 800 };
/** Of the demo, looks after the installation, so that the page of jobs opens. */
const ADMINISTRATOR = 'hoda.kamel@demo.uplift.example';

/** Whose areas, and on what they look at them. */
const PEOPLE = {
  supplier: { role: 'supplier owner', sizes: [PHONE] },
  assessor: { role: 'assessor', sizes: [PHONE] },
  reviewer: { role: 'reviewer', sizes: [PHONE, DESKTOP] },
  buyer: { role: 'qa-manager (lotus)', sizes: [PHONE, DESKTOP] },
  agency: { role: 'programme-manager', sizes: [PHONE, DESKTOP] },
  admin: { role: 'owner (agency)', sizes: [PHONE, DESKTOP] },
  shell: { role: 'supplier owner', sizes: [PHONE] },
  public: { role: 'supplier owner', sizes: [PHONE] },
};

/** The routes of an area, as its index lists them. */
const routesOf = (area) =>
  [...readFileSync(join(AREAS, area, 'index.tsx'), 'utf8').matchAll(/path: '([^']+)'/g)].map(
    ([, path]) => path,
  );

/** What stands at the places in the addresses (several, where a page has tabs), found or entered over the API by whoever sees it. */
async function findPlaces({ url, demo }) {
  const as = async (role) => {
    const headers = { authorization: `Bearer ${await signIn(url, accountOf(demo, role))}` };
    return async (path, body) => {
      const form = body instanceof FormData;
      const answer = await fetch(`${url}/api/v1/${path}`, {
        headers: { ...headers, ...(body && !form && { 'content-type': 'application/json' }) },
        ...(body && { method: 'POST', body: form ? body : JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
  };
  const [supplier, assessor, reviewer, buyer, agency] = await Promise.all(
    ['supplier', 'assessor', 'reviewer', 'buyer', 'agency'].map((area) => as(PEOPLE[area].role)),
  );
  const begin = (who, siteId, kind) =>
    who('assessments', {
      siteId,
      kind,
      assessedOn: new Date().toLocaleDateString('sv'),
      checklist: 'food-manufacturing',
      version: '2',
      level: 'basic',
      profile: 'programme-default',
    });
  const tabs = (place, all) => all.map((tab) => `${place}?tab=${tab}`);
  const open = ({ state }) => ['draft', 'in-progress'].includes(state);
  const own = (await supplier('me')).memberships[0].organisationId;
  const ownSites = (await supplier(`sites?organisationId=${own}&limit=200`)).items;
  const ownAssessments = (await supplier('assessments?limit=200')).items;
  const closed = ownAssessments.find(({ state }) => state === 'closed');
  const self =
    ownAssessments.find((each) => each.kind === 'self' && open(each)) ??
    (await begin(supplier, ownSites[0].id, 'self'));
  const field =
    (await assessor('assessments?limit=200')).items.find((each) => each.kind !== 'self' && open(each)) ??
    (await begin(assessor, (await assessor('sites?limit=1')).items[0].id, 'verification'));
  const ownCertificates = (
    await Promise.all(ownSites.map(({ id }) => supplier(`sites/${id}/certificates`)))
  ).flat();
  const reviewed = (await reviewer('assessments?limit=200')).items.find(({ state }) => state === 'closed');
  const certificate = (await reviewer(`sites/${reviewed.siteId}/certificates`))[0] ?? ownCertificates[0];
  if ((await reviewer('complaints')).items.length === 0)
    await supplier('complaints', {
      kind: 'complaint',
      about: 'assessment',
      subjectId: closed.id,
      text: 'Nobody came in time.',
    });
  const complaint = (await reviewer('complaints')).items[0];
  const buyerId = (await buyer('me')).memberships[0].organisationId;
  const bought = (await buyer(`buyers/${buyerId}/sites?limit=10`)).items;
  const rule = (await buyer(`buyers/${buyerId}/rules`))[0];
  const cohort = (await agency('cohorts'))[0];
  const programme = (await agency('programmes'))[0];
  const planned = (await agency('assessors')).find(({ visits }) => visits.length > 0);
  const imports = [];
  for (const faulty of [false, true]) imports.push(await importRecords(agency, faulty));
  const link = await supplier(`organisations/${own}/consents`, {
    siteIds: [ownSites[0].id],
    scopes: ['certificate', 'score', 'section-scores', 'answers', 'corrective-actions'],
    purpose: 'To look at the page',
    until: new Date(Date.now() + 864e5 * 30).toISOString().slice(0, 10),
    recipientName: 'Somebody',
    recipientEmail: 'somebody@example.org',
    language: 'en',
  });
  return {
    supplier: {
      '/supplier/sites/:id': ownSites[0].id,
      '/supplier/sites/:id/change': ownSites[0].id,
      '/supplier/sites/new/:organisation': own,
      '/supplier/sites/:id/findings': ownSites[0].id,
      '/supplier/gap-reports/:id': closed.id,
      '/supplier/certificates/:id': ownCertificates[0].id,
      '/supplier/sharing/new/:organisation': own,
      '/supplier/sharing/change/:organisation/:grant': `${own}/${link.id}`,
      '/supplier/assessments/:id': self.id,
      '/supplier/assessments/:id/review': self.id,
    },
    assessor: {
      '/assessor/assessments/:id': field.id,
      '/assessor/assessments/:id/review': field.id,
      '/assessor/corrections/:id': reviewed.siteId,
    },
    reviewer: {
      '/reviewer/assessments/:id': reviewed.id,
      '/reviewer/certificates/:id': certificate.id,
      '/reviewer/complaints/:id': complaint.id,
    },
    buyer: {
      '/buyer/compare': `?sites=${bought
        .slice(0, 2)
        .map(({ siteId }) => siteId)
        .join()}`,
      '/buyer/sites/:id': bought[0].siteId,
      '/buyer/rules/:rule': rule.rule,
    },
    agency: {
      '/agency/cohorts/:id': [...tabs(cohort.id, ['overview', 'sections', 'sites', 'map', 'visits']), 'gone'],
      '/agency/programmes/:id': tabs(programme.id, ['cohorts', 'donors', 'parties', 'gains', 'impartiality']),
      '/agency/assessors/:id': planned.id,
      '/agency/imports/:id': imports,
    },
    admin: {
      '/admin/checklists/:checklist/:version': tabs('food-manufacturing/2', [
        'items',
        'changes',
        'translations',
      ]),
      '/admin/profiles/:profile/:version': 'programme-default/1',
    },
    shell: {
      '/sign-in': '',
      '/reset-password': '?token=gone',
      '/invitations': '?token=gone',
      '/account': '',
      '/nowhere': '',
    },
    public: {
      '/': '',
      [`/verify/${ownCertificates[0].number}`]: '',
      '/verify/UP-2000-AAAAAA-0': '',
      [`/api/v1/assessments/${closed.id}/gap-report.html`]: '',
      [`/api/v1/cohorts/${cohort.id}/report.html`]: '',
      [`/api/v1/organisations/${own}/consents/ledger.html`]: '',
      [new URL(link.url ?? `${url}/shared/${link.token}`).pathname]: '',
      '/shared/gone': '',
    },
  };
}

/** Hands in a folder of invented inspection records, waits for the end and returns the id; a faulty one isn't imported. */
async function importRecords(who, faulty) {
  const folder = join(ROOT, 'test', 'cases', 'inspections', 'points');
  const form = new FormData();
  form.set(
    'mapping',
    // Of profiles in files only the shipped ones may be named.
    readFileSync(join(folder, 'mapping.yaml'), 'utf8').replace('../../../../checklists/', '../'),
  );
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.csv'))) {
    const text = readFileSync(join(folder, name), 'utf8');
    form.append('files', new Blob([faulty ? text.replaceAll('2020-01-', '2020-02-3') : text]), name);
  }
  let row = await who('imports/inspections', form);
  while (!['done', 'failed'].includes(row.state)) {
    await new Promise((done) => setTimeout(done, 500));
    row = await who(`imports/${row.id}`);
  }
  return row.id;
}

/** A route with what stands at its places: `/a/:id/review` and `7` → `/a/7/review`. */
const addressOf = (route, place = '') =>
  place.startsWith('?')
    ? `${route}${place}`
    : route.includes(':')
      ? route.replace(/:\w+(\/:\w+)*/, place)
      : route;

// ----------------------------------------------------------------------------------------------- what a page is asked
/** In the page: everything that is no matter of accessibility rules. `english` are texts that must not be there. */
function look({ english, sizes }) {
  const found = [];
  const shown = (element) =>
    element.checkVisibility?.({ opacityProperty: true, visibilityProperty: true }) ?? true;
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) {
    const wide = [...document.body.querySelectorAll('*')].find(
      (each) =>
        each.getBoundingClientRect().right > root.clientWidth + 1 || each.getBoundingClientRect().left < -1,
    );
    found.push(
      `scrolls sideways: ${root.scrollWidth} of ${root.clientWidth} px, ${wide?.outerHTML.slice(0, 120)}`,
    );
  }
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      // Codes and what people typed are theirs.
      if (!node.parentElement.closest('script, style, code, [lang="en"]')) texts.push(node.data);
    } else
      for (const name of ['aria-label', 'title', 'alt', 'placeholder', 'aria-description'])
        if (node.hasAttribute(name) && !node.closest('[lang="en"]')) texts.push(node.getAttribute(name));
  }
  const foreign = new Set(english);
  for (const text of texts.map((each) => each.trim())) {
    if (/\b(undefined|NaN|Infinity|\[object )|не\u00a0число|ليس رقم/.test(text))
      found.push(`no text: ${text.slice(0, 80)}`);
    if (/\{\w+[,}]/.test(text)) found.push(`a blank is open: ${text.slice(0, 80)}`);
    if (
      /^(common|shell|checklist|complaint|supplier|assessor|reviewer|buyer|agency|admin)\.[\w.-]+$/.test(text)
    )
      found.push(`a key: ${text}`);
    if (/^\[.* ~\]$/.test(text)) found.push(`the pseudo-language: ${text.slice(0, 80)}`);
    if (foreign.has(text)) found.push(`in English: ${text.slice(0, 80)}`);
  }
  if (sizes)
    for (const element of document.querySelectorAll(
      'a[href], button, input, select, textarea, summary, [role=button], [role=tab], [role=option], [role=switch]',
    )) {
      if (!shown(element) || element.closest('.sr-only')) continue;
      // A box to tick is as large as its label.
      const target = /^(radio|checkbox)$/.test(element.type)
        ? (element.closest('label') ?? element)
        : element;
      const { width, height } = target.getBoundingClientRect();
      // A link within a sentence is as high as its line (WCAG 2.5.8, inline).
      const inline =
        getComputedStyle(element).display === 'inline' &&
        element.parentElement.textContent.trim() !== element.textContent.trim();
      if (width > 0 && !inline && (width < 23.5 || height < 23.5))
        found.push(
          `small: ${Math.round(width)} × ${Math.round(height)} px ${element.outerHTML.slice(0, 120)}`,
        );
    }
  for (const animation of document.getAnimations())
    if (animation.playState === 'running' && animation.effect?.getComputedTiming().duration > 20)
      found.push(`moves: ${animation.effect.target?.outerHTML.slice(0, 120)}`);
  return found;
}

/** In the page: whom Tab has to reach, one for a group of radio buttons; and how each looks now, to see the focus by. */
function tabbable() {
  const all = [
    ...document.querySelectorAll(
      'a[href], button, input, select, textarea, summary, [tabindex], audio[controls], video[controls]',
    ),
  ].filter(
    (each) =>
      each.tabIndex >= 0 &&
      !each.disabled &&
      each.type !== 'hidden' &&
      !each.closest('[inert]') &&
      each.checkVisibility({ visibilityProperty: true }),
  );
  window.looks = (element) =>
    [element, element.parentElement, element.closest('label'), element.nextElementSibling]
      .filter(Boolean)
      .map((each) => {
        const { outline, boxShadow, borderColor, backgroundColor, clip, position } = getComputedStyle(each);
        return [outline, boxShadow, borderColor, backgroundColor, clip, position].join();
      })
      .join(';');
  window.wanted = new Map();
  const groups = new Set();
  for (const each of all) {
    const group =
      each.type === 'radio' &&
      each.name &&
      `${each.form ? [...document.forms].indexOf(each.form) : ''} ${each.name}`;
    if (group && groups.has(group)) continue;
    if (group) groups.add(group);
    window.wanted.set(each, { group, look: window.looks(each) });
  }
  document.activeElement?.blur();
  window.missed = [];
  return window.wanted.size;
}

/** In the page, after a press of Tab: crosses off who has the focus; false at the end of the page. */
function reached() {
  const element = document.activeElement;
  if (!element || element === document.body) return false;
  const key = [...window.wanted.keys()].find(
    (each) =>
      each === element ||
      (element.type === 'radio' &&
        each.type === 'radio' &&
        each.name === element.name &&
        each.form === element.form),
  );
  if (!key) return true;
  const { look, group } = window.wanted.get(key);
  if (!group && look === window.looks(element))
    window.missed.push(`no focus to be seen: ${element.outerHTML.slice(0, 120)}`);
  window.wanted.delete(key);
  return window.wanted.size > 0;
}

const unreached = () => [
  ...window.missed,
  ...[...window.wanted.keys()].map((each) => `Tab does not reach: ${each.outerHTML.slice(0, 120)}`),
];

async function byKeyboard(page) {
  // A long list draws more rows as one goes along it, each with something to press, before what comes after it.
  const presses = (await page.evaluate(tabbable)) * 2 + 1_000;
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.press('Tab');
    if (!(await page.evaluate(reached)) && press > 1) break;
  }
  return page.evaluate(unreached);
}

/** In the page: resolves when it is drawn in this theme. */
const themed = (theme) =>
  new Promise((done) => {
    const look = () =>
      document.documentElement.dataset.theme === theme
        ? requestAnimationFrame(() => requestAnimationFrame(() => done()))
        : requestAnimationFrame(look);
    look();
  });

async function byAxe(page) {
  // By the debugger, which the page's security policy doesn't bind.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, any, all, none }) =>
        `axe ${id}: ${html.slice(0, 160)} (${[...any, ...all, ...none][0]?.message ?? ''})`,
    ),
  );
}

/** Per language: English texts of the interface that it says otherwise. */
function foreignTexts() {
  const messages = readMessages();
  const pairs = (locale) =>
    Object.entries(messages.en).flatMap(([area, texts]) =>
      Object.entries(texts).map(([key, text]) => [text, messages[locale][area][key]]),
    );
  return Object.fromEntries(
    LOCALES.map((locale) => {
      const same = new Set(pairs(locale).flatMap(([english, own]) => (english === own ? [english] : [])));
      return [
        locale,
        locale === 'en'
          ? []
          : pairs(locale).flatMap(([english]) =>
              same.has(english) || /[{<]/.test(english) || !/[a-z]{3}/.test(english) ? [] : [english],
            ),
      ];
    }),
  );
}

// ------------------------------------------------------------------------------------------------------------ the round
const areas = [
  ...readdirSync(AREAS, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : [])),
  'shell',
  'public',
];
const wanted = { areas: values.area?.split(',') ?? areas, locales: values.lang?.split(',') ?? LOCALES };
const parts = values.part.split(',');
const work = mkdtempSync(join(tmpdir(), 'uplift-check-pages-'));
const faults = new Map();
const tally = new Map();
const note = (where, found) => {
  for (const each of found) faults.set(each, [...(faults.get(each) ?? []), where]);
};
let product;
let browser;
try {
  product = await startProduct(work, values.from, { UPLIFT_ADMINISTRATORS: ADMINISTRATOR });
  const places = await findPlaces(product);
  const visits = [];
  for (const area of areas) {
    if (!PEOPLE[area]) throw new Error(`nobody here visits the area ${area}: add them to PEOPLE`);
    const routes =
      PEOPLE[area] && places[area] && ['shell', 'public'].includes(area)
        ? Object.keys(places[area])
        : routesOf(area);
    for (const route of routes) {
      if (route.includes(':') && places[area][route] === undefined)
        throw new Error(`nobody here visits ${route}: say in findPlaces what stands at its places`);
      if (wanted.areas.includes(area) && route.includes(values.at))
        for (const size of PEOPLE[area].sizes)
          for (const place of [places[area][route] ?? ''].flat())
            visits.push({ area, route, size, address: addressOf(route, place) });
    }
    for (const route of Object.keys(places[area]))
      if (!routes.includes(route))
        throw new Error(`there is no ${route} any more: take it out of findPlaces`);
  }
  browser = await launchBrowser(work);
  const foreign = foreignTexts();

  /** One page in every language and both themes. */
  const visit = async ({ area, route, size, address }) => {
    const server = area === 'public';
    const context = await browser.newContext({
      viewport: size,
      locale: 'en-GB',
      reducedMotion: 'reduce',
    });
    const where = `${route} ${/tab=\w+/.exec(address) ?? ''} ${size.width}`;
    try {
      const outside = ['/sign-in', '/reset-password', '/invitations'].includes(route);
      if (!outside)
        await signInBrowser(
          context,
          product.url,
          accountOf(product.demo, server && /cohorts/.test(route) ? PEOPLE.agency.role : PEOPLE[area].role),
        );
      if (parts.includes('moves') && !server)
        note(where, await findMoves(context, `${product.url}/app${address}`, size));
      if (!parts.includes('looks')) return;
      const page = await context.newPage();
      page.on('pageerror', (error) => note(where, [`error: ${error.message.slice(0, 160)}`]));
      for (const locale of wanted.locales) {
        const query = `${address.includes('?') ? '&' : '?'}lang=${locale}`;
        await page.goto(`${product.url}${server ? '' : '/app'}${address}${query}`);
        if (!server) {
          await settled(page);
          await page.waitForLoadState('networkidle');
          await settled(page);
        }
        await page.evaluate(() => {
          document.querySelectorAll('details').forEach((each) => (each.open = true));
          // What isn't drawn until it comes into view keeps the colours of the theme before.
          for (const each of document.querySelectorAll('main *'))
            if (getComputedStyle(each).contentVisibility === 'auto') each.style.contentVisibility = 'visible';
        });
        for (const colorScheme of server ? ['light'] : THEMES) {
          await page.emulateMedia({ colorScheme });
          if (!server) await page.evaluate(themed, colorScheme);
          const found = [
            ...(await page.evaluate(look, { english: foreign[locale], sizes: colorScheme === 'light' })),
            ...(await byAxe(page)),
          ];
          note(`${where} ${locale} ${colorScheme}`, found);
          const row = tally.get(area) ?? { pages: 0, looks: 0, faults: 0 };
          tally.set(area, { ...row, looks: row.looks + 1, faults: row.faults + found.length });
        }
        if (locale === wanted.locales[0]) note(`${where} ${locale}`, await byKeyboard(page));
      }
      const row = tally.get(area);
      tally.set(area, { ...row, pages: row.pages + 1 });
    } catch (error) {
      note(where, [`could not be looked at: ${error.message.split('\n')[0]}`]);
    } finally {
      await context.close();
    }
  };
  const queue = [...visits];
  let done = 0;
  await Promise.all(
    Array.from({ length: Number(values.pages) }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        await visit(next);
        process.stderr.write(`${(done += 1)} of ${visits.length} pages and sizes, ${faults.size} faults\n`);
      }
    }),
  );
} finally {
  await browser?.close();
  await product?.stop();
  rmSync(work, { recursive: true, force: true });
}

console.log(`\n| area | pages and sizes | looks | found |\n| --- | ---: | ---: | ---: |`);
for (const [area, { pages, looks, faults: n }] of tally)
  console.log(`| ${area} | ${pages} | ${looks} | ${n} |`);
for (const [fault, where] of faults)
  console.log(
    `\n${fault}\n  ${where.length} ×: ${where.slice(0, 4).join(' | ')}${where.length > 4 ? ' | …' : ''}`,
  );
console.log(faults.size === 0 ? '\nNothing found.' : `\n${faults.size} faults.`);
process.exitCode = faults.size === 0 ? 0 : 1;
