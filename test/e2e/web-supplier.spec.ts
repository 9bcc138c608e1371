import type { ChecklistVersion } from '#domain';
import { requirementsAt } from '#domain';
import { GAP_REPORT_BYTES } from '#reporting';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import {
  basicRequirements,
  daysAgo,
  finish,
  openAssessment,
  type Programme,
  seedProgramme,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';
import { audit, nextTurn, settled, SIZES, startWeb, type WebApp, withBrowser } from '../support/web.js';

let web: WebApp;
let p: Programme;
let baseline: string;
let certificate: { id: string; number: string };
const shots = process.env['UPLIFT_SHOTS'];
/** Names and notes that are markup, turn text around, or never end. */
const NASTY = {
  supplier: '<b onmouseover=alert(1)>Nile</b> \u202eDairy & "Sons"',
  site: `<script>alert(1)</script> {{7*7}} ${'veryLongName'.repeat(8)}`,
};
const NOTE = '<img src=x onerror=alert(1)> seen \u202etwice';

/** Every page as its person sees it: on a phone in another language and in English, with `desktop` also there. */
async function look(page: Page, path: string, name: string, desktop = false): Promise<void> {
  const [other, theme] = nextTurn();
  for (const [lang, size, colorScheme] of [
    ...(desktop ? ([['en', 'desktop', 'dark']] as const) : []),
    [other, 'phone', theme],
    ['en', 'phone', theme === 'dark' ? 'light' : 'dark'],
  ] as const) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme });
    await page.goto(`${path}?lang=${lang}`);
    await settled(page);
    await audit(page);
    const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect([path, lang, Math.max(0, over)]).toEqual([path, lang, 0]);
    if (shots)
      await page.screenshot({
        path: `${shots}/supplier-${name}-${lang}-${size}-${colorScheme}.png`,
        fullPage: true,
      });
  }
}

withBrowser("a supplier's part of the web app", () => {
  beforeAll(async () => {
    web = await startWeb('test_web_supplier');
    p = await seedProgramme(web.app, 'one', NASTY);
    await p.buyerPerson.agent
      .post(`/api/v1/buyers/${p.buyer}/rules`)
      .send({
        format: 'uplift.buyer-rule/1',
        buyer: 'buyer',
        rule: 'listing',
        version: '1',
        title: 'Basic, 80 points, no open major',
        categories: ['*'],
        checklist: 'food-manufacturing',
        level: 'basic',
        profile: 'programme-default',
        minPoints: 80,
        maxOpen: { major: 0 },
        maxAgeDays: 365,
      })
      .expect(201);
    const asked = await basicRequirements(web.app, '2');
    baseline = (await openAssessment(p, {})).id;
    await finish(
      p,
      baseline,
      asked.map(({ code }, n) => ({
        requirement: code,
        answer: n < 3 ? 'major' : n % 4 === 0 ? 'minor' : 'conform',
        note: NOTE,
      })),
    );
    await waitFor(
      async () => {
        const [readiness, visits] = await Promise.all([
          p.owner.agent.get(`/api/v1/sites/${p.site}/readiness`),
          p.owner.agent.get(`/api/v1/visits?siteId=${p.site}&state=planned`),
        ]);
        return readiness.body[0]?.assessmentId === baseline && visits.body.items.length > 0;
      },
      { what: 'readiness and a planned visit', deadlineMs: 30_000 },
    );
  }, 240_000);
  afterAll(() => web?.stop());

  test('the start page says for whom one is ready, what to do first and when the next visit is; the report says the rest', async () => {
    const { page, calm } = await web.visitAs(p.owner, '/app/supplier', { viewport: SIZES.phone });
    await look(page, '/app/supplier', 'start', true);
    // Names are text and nothing else.
    await page.getByRole('heading', { name: NASTY.site }).waitFor();
    await page.getByText('0 of 1').waitFor();
    await page.getByText('Not ready').waitFor();
    await page.getByText(/Assessor one comes/).waitFor();
    const invitation = page.getByRole('link', { name: 'Put it in my calendar' });
    expect(await invitation.getAttribute('href')).toMatch(/^\/api\/v1\/visits\/.+\.ics$/);
    await page.getByRole('link', { name: 'Open this site' }).click();
    await page.getByText('Open major findings: 3; at most 0.').waitFor();
    await page.getByText(/Put these \d+ items right, in this order/).waitFor();
    await look(page, `/app/supplier/sites/${p.site}`, 'site');
    await page.getByRole('link', { name: 'Gap report' }).first().click();
    await page.getByRole('heading', { name: 'What is missing, most serious first' }).waitFor();
    await page
      .getByText(/^Seen: /)
      .first()
      .waitFor();
    expect(
      await page
        .getByText(/^Seen: /)
        .first()
        .textContent(),
    ).toContain(NOTE);
    await look(page, `/app/supplier/gap-reports/${baseline}`, 'gap-report', true);
    const [report] = (await p.owner.agent.get(`/api/v1/assessments/${baseline}/gap-report`)).body.gaps;
    await page.getByLabel('Section').selectOption(report.section);
    await page.getByText(report.question).last().waitFor();
    // In a language that the checklist doesn't speak, the page says in which its texts are.
    await page.goto(`/app/supplier/gap-reports/${baseline}?lang=fr`);
    await page.getByText(/ses textes sont en\s: anglais/).waitFor();
    await audit(page);
    expect(await page.getByRole('link', { name: /Page légère/ }).getAttribute('href')).toContain('lang=fr');
    await page.goto('/app/supplier?lang=en');
    calm();
  }, 120_000);

  test('findings with their days; an objection becomes an appeal', async () => {
    const { page, calm } = await web.visitAs(p.owner, '/app/supplier', { viewport: SIZES.phone });
    await look(page, `/app/supplier/sites/${p.site}/findings`, 'findings');
    await page.getByRole('button', { name: 'I object' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Appeal against this finding' });
    await audit(page);
    await dialog.getByLabel('Why it is wrong').fill('The door was open for the delivery.');
    await dialog.getByRole('button', { name: 'Send the appeal' }).click();
    await page.getByText('Your appeal has been received.').waitFor();
    const { body } = await p.owner.agent.get('/api/v1/complaints').expect(200);
    expect(body.items).toMatchObject([{ kind: 'appeal', about: 'finding' }]);
    // What becomes of it stands where the link in place of the button leads.
    await page.getByRole('link', { name: /^You objected on/ }).click();
    await page.getByText('The door was open for the delivery.').waitFor();
    await audit(page);
    calm();
  }, 60_000);

  test('what was put right is handed in with a photograph, refused with a reason, handed in again and accepted', async () => {
    const photo = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#c80' } })
      .jpeg()
      .toBuffer();
    const supplier = await web.visitAs(p.owner, `/app/supplier/sites/${p.site}/findings`, {
      viewport: SIZES.phone,
    });
    const handIn = async (button: string, note: string) => {
      await supplier.page.getByRole('button', { name: button }).first().click();
      const dialog = supplier.page.getByRole('dialog');
      await dialog.getByLabel('What you did').fill(note);
      await dialog
        .locator('input[type=file]')
        .last()
        .setInputFiles({ name: 'lamp.jpg', mimeType: 'image/jpeg', buffer: photo });
      await dialog.getByRole('button', { name: 'Remove lamp.jpg' }).waitFor();
      return dialog;
    };
    const first = await handIn('I have put this right', NOTE);
    await audit(supplier.page);
    // The session runs out while it is written: nothing of it is lost.
    await supplier.context.clearCookies();
    await first.getByRole('button', { name: 'Hand it in' }).click();
    await supplier.page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
    await supplier.page.getByLabel('Password', { exact: true }).fill(p.owner.password);
    await supplier.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await supplier.page.getByText(/it waits to be looked at/).waitFor();

    const reviewer = await web.visitAs(p.reviewer, '/app/reviewer');
    await reviewer.page.getByRole('heading', { name: 'Corrections to look at' }).waitFor();
    await reviewer.page.getByRole('link', { name: NASTY.site }).last().click();
    await reviewer.page.getByRole('button', { name: 'Refuse', exact: true }).click();
    const refusal = reviewer.page.getByRole('dialog');
    await refusal.getByLabel('Reason').fill('It shows another room.');
    await refusal.getByRole('button', { name: 'Refuse', exact: true }).click();
    await refusal.waitFor({ state: 'detached' });

    await look(supplier.page, `/app/supplier/sites/${p.site}/findings`, 'corrected');
    await supplier.page.getByText('It shows another room.').waitFor();
    await supplier.page.getByRole('img', { name: 'lamp.jpg' }).waitFor();
    const second = await handIn('Hand in another correction', 'Here it is.');
    await second.getByRole('button', { name: 'Hand it in' }).click();
    await second.waitFor({ state: 'detached' });

    await reviewer.page.reload();
    await reviewer.page.getByText('Here it is.').waitFor();
    await settled(reviewer.page);
    await audit(reviewer.page);
    await reviewer.page.getByRole('button', { name: 'Accept and close' }).click();
    const acceptance = reviewer.page.getByRole('dialog');
    await acceptance.getByLabel('What was seen').fill('The lamp has its cover.');
    await acceptance.getByRole('button', { name: 'Accept and close' }).click();
    await reviewer.page.getByText('The finding is closed.').waitFor();
    await supplier.page.reload();
    await supplier.page.getByText(/^Accepted on/).waitFor();
    supplier.calm(/401/);
    reviewer.calm();
    await Promise.all([supplier.context.close(), reviewer.context.close()]);
  }, 90_000);

  test('somebody is let see by a link, and at once no more', async () => {
    const { page, calm } = await web.visitAs(p.owner, '/app/supplier', { viewport: SIZES.phone });
    await look(page, `/app/supplier/sharing/new/${p.supplier}`, 'grant');
    await page.getByLabel('Somebody without an account, by a link').check();
    await page.getByLabel('Name', { exact: true }).fill('<i>Bank</i>');
    await page.getByLabel('E-mail address').fill('bank@example.org');
    await page.getByLabel('every answer, and the gap report').check();
    await page.getByLabel('What it is for').fill('A loan.');
    await page.getByRole('button', { name: 'Give the permission' }).click();
    await page.getByText('<i>Bank</i> has been told by mail what you share.').waitFor();
    const link = await page.getByLabel('Link for <i>Bank</i>').inputValue();
    await look(page, '/app/supplier/sharing', 'sharing');
    await page.getByText('Agency of Programme one').waitFor();
    const path = new URL(link).pathname;
    // The recipient has no script, and needs none.
    const reader = await web.visit({ javaScriptEnabled: false, viewport: SIZES.phone });
    const report = `${path}/assessments/${baseline}/gap-report?lang=ru`;
    expect((await reader.page.goto(report))!.status()).toBe(200);
    expect(await reader.page.locator('h1').textContent()).toBe(NASTY.site);
    expect(await reader.page.locator('html').getAttribute('lang')).toBe('ru');
    await page.getByRole('button', { name: 'Take it back' }).click();
    const dialog = page.getByRole('dialog', { name: 'Take this permission back?' });
    await dialog.getByRole('button', { name: 'Take it back' }).click();
    await page.getByText('<i>Bank</i> sees nothing any more.').waitFor();
    expect((await reader.page.goto(report))!.status()).toBe(404);
    await page.getByText('Permission taken back').waitFor();
    calm();
  }, 120_000);

  test('a self-assessment of 182 items and more: its report needs no script, comes in parts under 30 kB and leaves nothing out', async () => {
    const { page, calm } = await web.visitAs(p.owner, `/app/supplier/sites/${p.site}?lang=en`, {
      viewport: SIZES.phone,
    });
    await page.getByRole('button', { name: 'Start a self-assessment' }).click();
    const dialog = page.getByRole('dialog', { name: 'Start a self-assessment' });
    await dialog.getByLabel('Level').selectOption('intermediate');
    await audit(page);
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    await page.waitForURL(/\/app\/supplier\/assessments\/[0-9a-f-]{36}$/);
    const id = page.url().split('/').at(-1)!;
    await page.goto(`/app/supplier/sites/${p.site}`);
    const goOn = page.getByRole('link', { name: 'Continue the self-assessment' });
    expect(await goOn.getAttribute('href')).toBe(`/app/supplier/assessments/${id}`);
    const [row] = await web.app.sql(
      `SELECT body FROM checklist_version WHERE checklist = 'food-manufacturing' AND version = '2'`,
    );
    const asked = requirementsAt(row!['body'] as ChecklistVersion, 'intermediate');
    expect(asked.length).toBeGreaterThanOrEqual(182);
    await p.owner.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: asked.map(({ code }) => ({ requirement: code, answer: 'minor', note: NOTE })) })
      .expect(200);
    await p.owner.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);

    const { page: plain, calm: plainCalm } = await web.visit({
      javaScriptEnabled: false,
      viewport: SIZES.phone,
    });
    // Reading is all that this browser does: it is given the session of the other.
    await plain.context().addCookies(await page.context().cookies());
    for (const lang of ['ar', 'hi']) {
      const codes = new Set<string>();
      const sizes: number[] = [];
      let next: string | null = `/api/v1/assessments/${id}/gap-report.html?lang=${lang}`;
      while (next) {
        const answer = await plain.goto(next);
        sizes.push((await answer!.body()).length);
        expect(await plain.locator('script, link, img').count()).toBe(0);
        for (const code of await plain.locator('.gaps > li').all())
          codes.add((await code.getAttribute('id'))!);
        const box = await plain.locator('main').boundingBox();
        expect(box!.width).toBeLessThanOrEqual(SIZES.phone.width);
        const [onward] = await plain.locator('[aria-current=page] + a').all();
        next = onward ? new URL((await onward.getAttribute('href'))!, plain.url()).href : null;
      }
      process.stdout.write(`gap report of ${asked.length} items, ${lang}: ${sizes.join(' + ')} bytes\n`);
      expect(Math.max(...sizes)).toBeLessThan(GAP_REPORT_BYTES);
      expect(codes.size).toBe(asked.length);
      expect(await plain.locator('.gaps').first().textContent()).toContain(NOTE);
    }
    if (shots) await plain.screenshot({ path: `${shots}/supplier-light-hi.png` });
    plainCalm();
    calm();
  }, 120_000);

  test('after the follow-up: how far one has come, and a certificate that is shown as a code', async () => {
    const asked = await basicRequirements(web.app, '2');
    const followUp = (await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(5) })).id;
    await finish(
      p,
      followUp,
      asked.map(({ code }) => ({ requirement: code, answer: 'conform' })),
    );
    await waitFor(
      async () => (await p.owner.agent.get(`/api/v1/sites/${p.site}/gains`)).body[0]?.comparable,
      { what: 'the gain', deadlineMs: 30_000 },
    );
    certificate = (
      await p.reviewer.agent.post('/api/v1/certificates').send({ assessmentId: followUp }).expect(201)
    ).body;
    const decide = (body: object) =>
      p.decider.agent.post(`/api/v1/certificates/${certificate.id}/decision`).send(body).expect(200);
    await decide({ action: 'issue' });
    const { page, calm } = await web.visitAs(p.owner, `/app/supplier/sites/${p.site}?lang=en`, {
      viewport: SIZES.phone,
    });
    await page.getByText('100 of 100 points').waitFor();
    await page.getByText(/Change: \+.* points\. It rests on the/).waitFor();
    await audit(page);
    await look(page, '/app/supplier/certificates', 'certificates');
    await page.getByRole('link', { name: 'Show the QR code' }).click();
    await page.getByRole('img', { name: `certificate ${certificate.number}` }).waitFor();
    await page.getByText('Valid', { exact: true }).waitFor();
    const verify = await page.getByRole('link', { name: 'Public page' }).getAttribute('href');
    expect(new URL(verify!, page.url()).pathname).toBe(`/verify/${certificate.number}`);
    await look(page, `/app/supplier/certificates/${certificate.id}`, 'certificate');
    await decide({ action: 'suspend', reason: 'A required visit was refused.' });
    await page.reload();
    await page.getByText('Suspended', { exact: true }).waitFor();
    calm();
  }, 120_000);

  test('everything in one archive; other devices are signed out from the account', async () => {
    const { page, calm } = await web.visitAs(p.owner, '/app/supplier', { viewport: SIZES.phone });
    await look(page, '/app/supplier/data', 'data');
    await page.getByRole('button', { name: 'Make the archive' }).click();
    // Once it is asked for, the page may be left.
    await page.getByText(/^The archive is/).waitFor();
    await page.goto('/app/supplier');
    await page.goto('/app/supplier/data');
    const download = page.getByRole('link', { name: /^Download/ });
    await download.waitFor({ timeout: 30_000 });
    const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
    expect(file.suggestedFilename()).toBe(`uplift-${p.supplier}.zip`);
    await page.getByRole('button', { name: 'Leave Uplift' }).click();
    const leave = page.getByRole('dialog', { name: 'Leave for good?' });
    await leave.getByLabel('Name of the business').fill('something else');
    // Nobody's reason is chosen for them.
    expect(await leave.getByLabel('Why').inputValue()).toBe('');
    await leave.getByLabel('Why').selectOption('cost');
    await leave.getByRole('button', { name: 'Leave Uplift' }).click();
    await leave
      .getByText(/name of the organisation/i)
      .first()
      .waitFor();
    await audit(page);
    await leave.getByRole('button', { name: 'Cancel' }).click();

    await look(page, '/app/account', 'account');
    const sessions = async () => (await p.owner.agent.get('/api/v1/me/sessions')).body.length as number;
    await page.getByRole('button', { name: 'Sign out there' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Sign out there?' });
    await dialog.getByRole('button', { name: 'Sign out there' }).click();
    await page.getByText('1 session ended.').waitFor();
    expect(await sessions().catch(() => 0)).not.toBe(0);
    calm(/409|422|400/);
  }, 120_000);
});
