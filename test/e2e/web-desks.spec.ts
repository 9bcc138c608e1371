import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import {
  basicRequirements,
  bytes,
  daysAgo,
  finish,
  openAssessment,
  type Programme,
  seedProgramme,
} from '../support/app.js';
import { audit, nextTurn, settled, SIZES, startWeb, type WebApp, withBrowser } from '../support/web.js';
import { waitFor } from '../support/wait.js';

let web: WebApp;
let p: Programme;
let followUp: { id: string };
let baseline: { id: string };
const shots = process.env['UPLIFT_SHOTS'];

/** Looks at a page on a phone in another language and on a desktop in English, light and dark: accessible, and nothing sticks out. */
async function look(page: Page, path: string): Promise<void> {
  const [other, theme] = nextTurn();
  for (const [lang, size, colorScheme] of [
    [other, 'phone', theme],
    ['en', 'desktop', theme === 'dark' ? 'light' : 'dark'],
  ] as const) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme });
    await page.goto(`${path}${path.includes('?') ? '&' : '?'}lang=${lang}`);
    await settled(page);
    await audit(page);
    const name = path
      .slice(5)
      .replace(/[0-9a-f]{8}-[0-9a-f-]*/g, 'id')
      .replace(/\W+/g, '-');
    if (shots) await page.screenshot({ path: `${shots}/${name}-${lang}-${size}.png`, fullPage: true });
    const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect([path, lang, Math.max(0, over)]).toEqual([path, lang, 0]);
  }
}

const confirm = async (page: Page, button: string, reason?: string): Promise<void> => {
  await page.getByRole('button', { name: button, exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  if (reason) await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: button, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
};

withBrowser('the desks of reviewers, deciders and buyers', () => {
  beforeAll(async () => {
    web = await startWeb('test_web_desks');
    p = await seedProgramme(web.app, 'one', { supplier: '=SUM(A1:A9)', site: 'Dairy, "One"' });
    await p.buyerPerson.agent
      .post(`/api/v1/buyers/${p.buyer}/rules`)
      .send({
        format: 'uplift.buyer-rule/1',
        buyer: 'buyer',
        rule: 'listing',
        version: '1',
        title: 'Basic, 80 points',
        categories: ['*'],
        checklist: 'food-manufacturing',
        level: 'basic',
        profile: 'programme-default',
        minPoints: 80,
        maxAgeDays: 90,
      })
      .expect(201);
    const asked = await basicRequirements(web.app, '2');
    const answers = (conforming: number) =>
      asked.map(({ code }, n) =>
        n < conforming
          ? { requirement: code, answer: 'conform' }
          : { requirement: code, answer: 'minor', note: 'Seen in part.' },
      );
    baseline = await openAssessment(p, { assessedOn: daysAgo(120) });
    await finish(p, baseline.id, answers(10));
    followUp = await openAssessment(p, { kind: 'follow-up', assessedOn: daysAgo(10) });
    const na = asked.find(({ naAllowed }) => naAllowed)!.code;
    await p.assessor.agent
      .put(`/api/v1/assessments/${followUp.id}/responses`)
      .send({
        answers: answers(asked.length - 4).map((answer) =>
          answer.requirement === na
            ? { requirement: na, answer: 'na', naReason: 'There is no such process here.' }
            : answer,
        ),
      })
      .expect(200);
    // What the supplier says beside it, and a photograph that shows it.
    await p.owner.agent
      .put(`/api/v1/assessments/${followUp.id}/responses/${asked.at(-1)!.code}`)
      .send({ answer: 'conform' })
      .expect(200);
    const photo = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#7a9' } })
      .jpeg()
      .toBuffer();
    const declared = await p.assessor.agent
      .post(`/api/v1/assessments/${followUp.id}/evidence`)
      .send({
        sha256: createHash('sha256').update(photo).digest('hex'),
        size: photo.length,
        requirement: asked.at(-1)!.code,
        caption: 'The cold store',
      })
      .expect(201);
    await p.assessor.agent
      .patch(new URL(declared.body.uploadUrl, web.app.url).pathname)
      .set({
        'tus-resumable': '1.0.0',
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      })
      .send(photo)
      .expect(204);
    await p.assessor.agent.post(`/api/v1/assessments/${followUp.id}/submit`).expect(200);
    await web.app.idle();
  }, 240_000);
  afterAll(() => web?.stop());

  test('a reviewer sees everything side by side, closes and proposes; somebody else decides, suspends and withdraws', async () => {
    const { page, context, calm } = await web.visitAs(p.reviewer, '/app/reviewer');
    await page.getByText('You may', { exact: true }).waitFor();
    await look(page, '/app/reviewer');
    await page.getByRole('link', { name: 'Dairy, "One"' }).click();
    await page.getByRole('heading', { name: 'Requirement by requirement' }).waitFor();
    await page.getByText('Better than the baseline').first().waitFor();
    // What has changed comes first.
    expect(await page.locator('tbody tr').first().innerText()).toContain('than the baseline');
    // What comes later above it would move it from under the pointer.
    await settled(page);
    // With the table at the top of the window its first row is there: none in view is left out.
    const first = page.locator('tr[data-index="0"]');
    await page.evaluate(`document.querySelector('tr[data-index="0"]').scrollIntoView()`);
    await first.waitFor();
    expect(await page.evaluate<number>('scrollY')).toBeGreaterThan(0);
    await page.getByText('Supplier says otherwise (1)').click();
    await page.getByText('Differs from the supplier’s answer').waitFor();
    await page.getByRole('img', { name: /The cold store/ }).waitFor();
    expect(
      await waitFor(() => page.evaluate<number>(`document.querySelector('main img')?.naturalWidth ?? 0`), {
        what: 'the thumbnail',
      }),
    ).toBeGreaterThan(0);
    await page.getByText('Not applicable (1)').click();
    await page.getByText('There is no such process here.').waitFor();
    await page.getByRole('button', { name: 'Take the review' }).click();
    await confirm(page, 'Close and lock');
    await page.getByRole('button', { name: 'Reopen' }).waitFor();
    await web.app.idle();
    await page
      .getByText(/of 100 points/)
      .first()
      .waitFor();
    await look(page, `/app/reviewer/assessments/${followUp.id}`);
    await confirm(page, 'Propose a certificate');
    await page.getByRole('heading', { name: 'The decision' }).waitFor();
    await look(page, '/app/reviewer/assessments');
    // Whoever proposed doesn't decide, and is no decider anyway.
    calm();
    await context.close();

    const other = await web.visitAs(p.decider, '/app/reviewer');
    await other.page.getByRole('link', { name: 'Dairy, "One"' }).click();
    await other.page.getByText(p.reviewer.name).first().waitFor();
    const at = new URL(other.page.url()).pathname;
    await look(other.page, at);
    await confirm(other.page, 'Issue');
    await other.page.getByRole('link', { name: 'Public page' }).waitFor();
    await confirm(other.page, 'Suspend', 'A visit was refused.');
    await other.page.getByRole('button', { name: 'Restore' }).waitFor();
    await confirm(other.page, 'Restore', 'The visit was made.');
    await other.page.getByRole('button', { name: 'Suspend' }).waitFor();
    await look(other.page, '/app/reviewer/certificates');
    // Reopening takes a reason and is refused by the form without one.
    await other.page.goto(`/app/reviewer/assessments/${followUp.id}`);
    await settled(other.page);
    other.calm();
    await other.context.close();
  }, 120_000);

  test('a buyer sees who is ready and why, what expires, compares, and takes the approved list away', async () => {
    await web.app.idle();
    const { page, context, calm } = await web.visitAs(p.buyerPerson, '/app/buyer');
    await page.getByText('Ready', { exact: true }).first().waitFor();
    await look(page, '/app/buyer');
    await page.goto('/app/buyer/expiring?within=90');
    await page.locator('table').getByText('Assessment counts until').waitFor();
    await look(page, '/app/buyer/expiring?within=90');
    await look(page, `/app/buyer/sites/${p.site}`);
    await page.getByText(/By the charter of a programme/).waitFor();
    await confirmComplaint(page);
    await look(page, '/app/buyer/complaints');
    await page.getByText('The page was hard to read.').waitFor();

    const listed = await p.buyerPerson.agent.get(`/api/v1/buyers/${p.buyer}/sites`).expect(200);
    const approval = listed.body.items[0].approvals[0];
    const csv = await p.buyerPerson.agent
      .get(`/api/v1/buyers/${p.buyer}/suppliers.csv?status=approved`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    const lines = (csv.body as Buffer).toString('utf8').replace('\uFEFF', '').trimEnd().split('\r\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain(`"'=SUM(A1:A9)","Dairy, ""One"""`);
    expect(lines[1]).toContain(approval.validUntil);
    expect(lines[1]).toContain('Ready');
    const xlsx = await p.buyerPerson.agent
      .get(`/api/v1/buyers/${p.buyer}/suppliers.xlsx?status=approved`)
      .buffer(true)
      .parse(bytes)
      .expect(200);
    const files = unzipSync(new Uint8Array(xlsx.body as Buffer));
    const sheet = strFromU8(files['xl/worksheets/sheet1.xml']!);
    const texts = strFromU8(files['xl/sharedStrings.xml']!);
    expect(texts).toContain('=SUM(A1:A9)');
    expect(texts).toContain('Dairy, "One"');
    expect(sheet).not.toContain('<f>');
    expect(sheet.match(/<row /g)).toHaveLength(2);
    // A day is a day: its number counts from the end of 1899.
    const serial = Date.parse(`${approval.validUntil}T00:00:00Z`) / 86_400_000 + 25_569;
    expect(sheet).toContain(`<v>${serial}</v>`);
    calm();
    await context.close();
  }, 120_000);

  test('a rule says before it is published who would be ready, and so it comes', async () => {
    const { page, context, calm } = await web.visitAs(p.buyerPerson, '/app/buyer/rules');
    await look(page, '/app/buyer/rules');
    await page.getByRole('link', { name: 'Basic, 80 points' }).click();
    await page.getByLabel('Least points of 100').fill('100');
    await page.getByRole('button', { name: 'Who would be ready?' }).click();
    await page.getByText('0 of 1 would be ready; now it is 1.').waitFor();
    await audit(page);
    await confirm(page, 'Publish this rule');
    await web.app.idle();
    await page.goto('/app/buyer');
    await page.getByText(/Points of 100: \d/).waitFor();
    await page.getByText('Not ready', { exact: true }).last().waitFor();
    // Which requirements conform isn't shared: what rests on that is said to be unknown, not guessed.
    await page.goto('/app/buyer/rules/listing');
    await page.getByLabel('Least points of 100').fill('50');
    await page.getByText('Mandatory requirements', { exact: true }).click();
    await page.getByRole('group', { name: 'Mandatory requirements' }).getByRole('checkbox').first().check();
    await page.getByRole('button', { name: 'Who would be ready?' }).click();
    await page.getByText('Can’t be told').first().waitFor();
    await look(page, '/app/buyer/rules/listing');
    // What was typed survives a reload, and goes only when its person says so.
    await page.reload();
    const points = page.getByLabel('Least points of 100');
    await expect(points.inputValue()).resolves.toBe('50');
    expect(await page.locator('input[name=mandatoryItems]').first().isChecked()).toBe(true);
    await audit(page);
    await confirm(page, 'Throw it away');
    await waitFor(async () => (await points.inputValue()) === '100', { what: 'the rule in force' });
    calm();
    await context.close();
  }, 120_000);

  test('a complaint runs against its clock, and whoever is involved does not handle it', async () => {
    const { page, context, calm } = await web.visitAs(p.decider, '/app/reviewer/complaints');
    await look(page, '/app/reviewer/complaints');
    await page.getByRole('link', { name: 'Complaint – about an assessment' }).click();
    await page.getByText('The page was hard to read.').waitFor();
    await look(page, new URL(page.url()).pathname);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
    // The decider issued the certificate that rests on it.
    await page.getByText('involved-in-subject').waitFor();
    calm(/403/);
    await context.close();
    const fresh = await web.app.person('Fresh eyes', [[p.agency, 'reviewer']]);
    const other = await web.visitAs(fresh, new URL(page.url()).pathname);
    for (const step of ['Acknowledge', 'Begin the investigation']) await confirm(other.page, step);
    await other.page.getByRole('button', { name: 'Decide', exact: true }).click();
    await other.page.getByText('Partly upheld').click();
    await other.page.getByLabel('Reason').fill('The page has been made clearer.');
    await other.page.getByRole('dialog').getByRole('button', { name: 'Decide', exact: true }).click();
    await other.page.getByRole('heading', { name: 'Outcome' }).waitFor();
    other.calm();
    await other.context.close();
  }, 120_000);
});

async function confirmComplaint(page: Page): Promise<void> {
  const assessments = page
    .getByRole('region')
    .or(page.locator('section'))
    .filter({
      has: page.getByRole('heading', { name: 'Closed assessments' }),
    });
  await assessments.first().getByRole('button', { name: 'Complain' }).first().click();
  await page.getByLabel('What is it about?').fill('The page was hard to read.');
  await page.getByRole('button', { name: 'Send the complaint' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
