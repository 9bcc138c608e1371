/**
 * `npm run pictures`: makes docs/pictures from the product itself. Starts it with the demo on a temporary data folder,
 * photographs the pages with Chromium and the first pages of the PDFs with pdftoppm, and stops it.
 *
 *   CHROMIUM=/path       another Chromium than the one on the PATH
 *   --out=FOLDER         another folder than docs/pictures
 *   --from=URL,ACCOUNTS  a product that runs already, and its demo-accounts.json
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { accountOf, launchBrowser, settled, signIn, signInBrowser, startProduct } from './demo-product.mjs';
import { ROOT } from './house.mjs';

const { values } = parseArgs({ options: { out: { type: 'string' }, from: { type: 'string' } } });
const out = resolve(values.out ?? join(ROOT, 'docs', 'pictures'));
const work = mkdtempSync(join(tmpdir(), 'uplift-pictures-'));
const LANGUAGES = ['en', 'es', 'ar'];
const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1100, height: 900 };

const product = await startProduct(work, values.from);
try {
  mkdirSync(out, { recursive: true });
  const authorization = `Bearer ${await signIn(product.url, accountOf(product.demo, 'programme-manager'))}`;
  const get = async (path) => {
    const answer = await fetch(product.url + path, { headers: { authorization } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  const json = async (path) => (await get(path)).json();

  const cohort = (await json('/api/v1/cohorts')).sort((a, b) => a.startsOn.localeCompare(b.startsOn))[0];
  /** The certificates of the cohort, one of each status. */
  const certificates = new Map();
  const { items: sites } = await json(`/api/v1/sites?limit=100&cohortId=${cohort.id}`);
  for (const site of sites) {
    for (const certificate of await json(`/api/v1/sites/${site.id}/certificates`)) {
      if (!certificates.has(certificate.status)) certificates.set(certificate.status, certificate);
    }
  }
  const assessment = product.demo.try.join(' ').match(/assessments\/([\w-]+)/)[1];

  const browser = await launchBrowser(work);
  const photograph = async (name, path, viewport, { scale = 1, whole = true } = {}) => {
    const context = await browser.newContext({
      viewport,
      deviceScaleFactor: scale,
      javaScriptEnabled: false,
      extraHTTPHeaders: { authorization },
    });
    const page = await context.newPage();
    await page.goto(product.url + path);
    await page.screenshot({ path: join(out, `${name}.png`), fullPage: whole });
    await context.close();
  };
  const printed = async (name, path) => {
    const file = join(work, `${name}.pdf`);
    writeFileSync(file, Buffer.from(await (await get(path)).arrayBuffer()));
    execFileSync('pdftoppm', ['-png', '-r', '90', '-singlefile', file, join(out, name)]);
  };

  for (const lang of LANGUAGES) {
    const gapReport = `/api/v1/assessments/${assessment}/gap-report`;
    await photograph(`home-${lang}`, `/?lang=${lang}`, DESKTOP);
    await photograph(`gap-report-phone-${lang}`, `${gapReport}.html?lang=${lang}`, PHONE, {
      scale: 1.5,
      whole: false,
    });
    await photograph(`gap-report-desktop-${lang}`, `${gapReport}.html?lang=${lang}`, DESKTOP, {
      whole: false,
    });
    await photograph(
      `cohort-desktop-${lang}`,
      `/api/v1/cohorts/${cohort.id}/report.html?lang=${lang}`,
      DESKTOP,
      { whole: false },
    );
    await printed(`gap-report-pdf-${lang}`, `${gapReport}.pdf?lang=${lang}`);
    const best = certificates.get('valid') ?? [...certificates.values()][0];
    await printed(`certificate-${lang}`, `/api/v1/certificates/${best.id}/certificate.pdf?lang=${lang}`);
    await photograph(`verify-unknown-${lang}`, `/verify/UP-2000-AAAAAA-0?lang=${lang}`, PHONE, {
      whole: false,
    });
    for (const [status, { number }] of certificates)
      await photograph(`verify-${status}-${lang}`, `/verify/${number}?lang=${lang}`, PHONE, { whole: false });
  }
  // Of the other languages, what shows best that paper speaks them, too.
  await printed('gap-report-pdf-hi', `/api/v1/assessments/${assessment}/gap-report.pdf?lang=hi`);
  await printed('cohort-report-pdf-fr', `/api/v1/cohorts/${cohort.id}/report.pdf?lang=fr`);
  // ------------------------------------------------------------------------------------------- pages of the app
  /** Everybody's pages as they see them: in a profile of their own, in English and Arabic. */
  const app = async (name, role, path, sizes, { ready, lang: languages = ['en', 'ar'] } = {}) => {
    for (const lang of languages) {
      for (const [size, viewport] of Object.entries(sizes)) {
        const context = await browser.newContext({ viewport, locale: lang === 'ar' ? 'ar-EG' : 'en-GB' });
        await signInBrowser(context, product.url, accountOf(product.demo, role));
        const page = await context.newPage();
        await page.goto(`${product.url}/app${path}`);
        await settled(page);
        if (ready) await page.locator(ready).first().waitFor();
        await page.screenshot({ path: join(out, `app-${name}-${size}-${lang}.png`) });
        await context.close();
      }
    }
  };
  const both = { phone: PHONE, desktop: DESKTOP };
  const as = async (role) => {
    const bearer = `Bearer ${await signIn(product.url, accountOf(product.demo, role))}`;
    return async (path, body) => {
      const answer = await fetch(product.url + path, {
        ...(body && { method: body.answers ? 'PUT' : 'POST', body: JSON.stringify(body) }),
        headers: { authorization: bearer, ...(body && { 'content-type': 'application/json' }) },
      });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return answer.json();
    };
  };

  const supplier = await as('supplier owner');
  const { items: own } = await supplier('/api/v1/assessments?limit=200');
  // The first, where most is missing.
  const reported = own.filter(({ state }) => ['submitted', 'under-review', 'closed'].includes(state));
  const { id: report } = reported.sort((a, b) => (a.assessedOn < b.assessedOn ? -1 : 1))[0];
  await app('supplier', 'supplier owner', '/supplier', both);
  await app('gap-report', 'supplier owner', `/supplier/gap-reports/${report}`, both);
  await app('sharing', 'supplier owner', '/supplier/sharing', { phone: PHONE });
  await app('cohort', 'programme-manager', `/agency/cohorts/${cohort.id}`, both, { ready: 'figure svg' });
  await app('buyer', 'qa-manager (lotus)', '/buyer', { desktop: DESKTOP });
  await app('rules', 'qa-manager (lotus)', '/buyer/rules', { desktop: DESKTOP }, { lang: ['en'] });
  await app('reviewer', 'reviewer', '/reviewer/assessments', { desktop: DESKTOP }, { lang: ['en'] });
  await app('checklists', 'programme-manager', '/admin/checklists', { desktop: DESKTOP }, { lang: ['en'] });
  await app('audit', 'programme-manager', '/admin/audit', { desktop: DESKTOP }, { lang: ['en'] });
  // An assessment in the middle; a product that runs already is left as it is.
  if (!values.from) {
    const assessor = await as('assessor');
    const { items: places } = await assessor('/api/v1/sites?limit=1');
    const opened = await assessor('/api/v1/assessments', {
      siteId: places[0].id,
      kind: 'verification',
      assessedOn: new Date().toLocaleDateString('sv'),
      checklist: 'food-manufacturing',
      version: '2',
      level: 'basic',
      profile: 'programme-default',
    });
    const { requirements } = await assessor('/api/v1/checklists/food-manufacturing/2');
    await assessor(`/api/v1/assessments/${opened.id}/responses`, {
      answers: requirements
        .filter(({ level }) => level === 'basic')
        .slice(0, 31)
        .map(({ code }, n) => ({ requirement: code, answer: n % 5 === 3 ? 'minor' : 'conform' })),
    });
    await app('checklist', 'assessor', `/assessor/assessments/${opened.id}`, both);
  }
  await browser.close();
} finally {
  await product.stop();
  rmSync(work, { recursive: true, force: true });
}
console.log(`The pictures are in ${out}.`);
