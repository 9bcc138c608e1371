import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import {
  type Asked,
  basicRequirements,
  openAssessment,
  type Person,
  type Programme,
  seedProgramme,
} from '../support/app.js';
import { waitFor } from '../support/wait.js';
import {
  audit,
  give,
  item,
  online,
  settled,
  SIZES,
  startWeb,
  type WebApp,
  withBrowser,
} from '../support/web.js';

let web: WebApp;
let p: Programme;
let second: Person;
let asked: readonly Asked[];
let folder: string;
const shots = process.env['UPLIFT_SHOTS'];

const open = async (kind = 'verification'): Promise<string> => (await openAssessment(p, { kind })).id;
const shoot = async (page: Page, name: string): Promise<void> => {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
};
/** What the server has for an item. */
const answerOf = async (id: string, code: string, reader = p.assessor): Promise<string | undefined> => {
  const { body } = await reader.agent.get(`/api/v1/assessments/${id}`).expect(200);
  return (body.responses as { requirement: string; answer: string }[]).find(
    ({ requirement }) => requirement === code,
  )?.answer;
};

withBrowser('the checklist on the device', () => {
  beforeAll(async () => {
    web = await startWeb('test_web_assessor');
    p = await seedProgramme(web.app);
    second = await web.app.person('Second assessor', [[p.provider, 'assessor']]);
    asked = await basicRequirements(web.app, '2');
    folder = mkdtempSync(join(tmpdir(), 'uplift-web-'));
  }, 240_000);
  afterAll(async () => {
    await web?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test('a day without a connection: taken along, answered, photographed, merged, signed, handed in', async () => {
    const id = await open();
    const { page, context } = await web.visitAs(p.assessor, '/app/assessor', { viewport: SIZES.phone });
    await page.getByRole('button', { name: 'Take along' }).click();
    await page.getByText('On this device, everything sent').waitFor();
    await waitFor(() => page.evaluate<boolean>(`caches.match('parts').then(Boolean)`), {
      what: 'the kept files',
    });
    await audit(page);
    await shoot(page, 'list-en-phone');

    await context.setOffline(true);
    await page.goto('/app/assessor');
    await page.getByText('only what is on this device').waitFor();
    await page.getByRole('link', { name: 'Open', exact: true }).click();
    await page.getByText(`0 of ${asked.length} answered`).first().waitFor();
    const cards = page.locator('article');
    const codes = await cards.evaluateAll((all) =>
      all.map((each) => (each as unknown as { id: string }).id.slice('item-'.length)),
    );
    const [first, other] = codes as [string, string];
    await give(page, first, 'Conforms');
    await item(page, first).getByText('Saved on this device').waitFor();
    await give(page, other, 'Minor nonconformity');
    await item(page, other).getByLabel('Note').fill('The drain is blocked');
    await item(page, other).getByLabel('Note').blur();
    await page.getByText('entries: 3, files: 0').waitFor();

    // Two photographs, one of them far too large.
    const large = join(folder, 'large.jpg');
    writeFileSync(large, Buffer.alloc(60 * 1024 * 1024));
    await item(page, other).getByLabel('Choose files').setInputFiles(large);
    await page.getByText('a file may have 50 MB at most').waitFor();
    const photo = await sharp(randomBytes(900 * 700 * 3), { raw: { width: 900, height: 700, channels: 3 } })
      .jpeg()
      .toBuffer();
    await item(page, other)
      .getByLabel('Choose files')
      .setInputFiles({ name: 'drain.jpg', mimeType: 'image/jpeg', buffer: photo });
    await page.getByText('entries: 3, files: 1').waitFor();
    await audit(page);
    await shoot(page, 'checklist-en-phone');

    // "Not applicable" is an answer with a reason, and none without.
    const optional = asked.find(({ naAllowed, code }) => naAllowed && code !== first && code !== other)!.code;
    await page.goto(`/app/assessor/assessments/${id}?item=${optional}`);
    await settled(page);
    await page.getByText('entries: 3, files: 1').waitFor();
    await give(page, optional, 'Not applicable');
    await page.getByText(`2 of ${asked.length} answered`).first().waitFor();
    await item(page, optional)
      .getByLabel('Why does this not concern the site?')
      .fill('Nothing is made with it');
    await item(page, optional).getByRole('button', { name: 'Save' }).click();
    await page.getByText(`3 of ${asked.length} answered`).first().waitFor();

    // Meanwhile somebody else answers one of them differently.
    await second.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: [{ requirement: first, answer: 'major' }] })
      .expect(200);

    // The connection breaks in the middle of the photograph; it goes on from where it was.
    let broken = 0;
    await page.route('**/upload', (route) => {
      if (route.request().method() === 'PATCH' && broken === 0) {
        broken += 1;
        return route.abort('connectionreset');
      }
      return route.continue();
    });
    await context.setOffline(false);
    await online(page);
    await page.getByText('Everything sent').waitFor();
    expect(broken).toBe(1);
    expect(await answerOf(id, other)).toBe('minor');
    expect(
      await web.app.sql(`SELECT state <> 'awaited' AS there, size FROM evidence WHERE assessment_id = $1`, [
        id,
      ]),
    ).toEqual([{ there: true, size: photo.length }]);

    // Both answers are shown with who gave them, and a person decides.
    await page.goto(`/app/assessor/assessments/${id}?item=${first}`);
    await settled(page);
    const conflict = item(page, first);
    await conflict.getByText('2 different answers').waitFor();
    await conflict.getByText('Second assessor').waitFor();
    await audit(page);
    await shoot(page, 'conflict-en-phone');
    await page.goto(`/app/assessor/assessments/${id}/review`);
    await page.getByText('Answers to be decided first: 1').waitFor();
    await page.goBack();
    await settled(page);
    await conflict.getByRole('listitem').filter({ hasText: 'Major' }).getByRole('button').click();
    await waitFor(async () => (await answerOf(id, first)) === 'major', { what: 'the decision' });

    // The rest comes from another device; what is signed is kept as evidence.
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({
        answers: asked
          .filter(({ code }) => ![first, other, optional].includes(code))
          .map(({ code }) => ({ requirement: code, answer: 'conform' })),
      })
      .expect(200);
    await page.goto(`/app/assessor/assessments/${id}/review`);
    await page.getByText(`${asked.length} of ${asked.length} answered`).waitFor();
    await page.getByRole('heading', { name: `Findings: 2 of ${asked.length} items` }).waitFor();
    await audit(page);
    await page.getByLabel('Name of the supplier’s representative').fill('Hoda Farid');
    await page.getByLabel('read out and understood').check();
    const pad = (await page.getByRole('img', { name: 'Where the assessor signs' }).boundingBox())!;
    await page.mouse.move(pad.x + 20, pad.y + 20);
    await page.mouse.down();
    await page.mouse.move(pad.x + 90, pad.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Keep the signed sheet' }).click();
    await page.getByText('The signed sheet is kept.').waitFor();
    await page.getByText('Everything sent').waitFor();
    await shoot(page, 'review-en-phone');
    await page.getByRole('button', { name: 'Hand in' }).click();
    await page.getByRole('link', { name: 'Gap report (PDF)' }).waitFor();
    const [{ state, signed }] = (await web.app.sql(
      `SELECT a.state, (SELECT count(*)::int FROM evidence e WHERE e.assessment_id = a.id AND e.requirement = '') AS signed
         FROM assessment a WHERE a.id = $1`,
      [id],
    )) as [{ state: string; signed: number }];
    expect({ state, signed }).toEqual({ state: 'submitted', signed: 1 });
    await context.close();
  }, 120_000);

  test('a browser that is killed while it writes has everything that it showed as saved', async () => {
    const id = await open('baseline');
    const dir = join(folder, 'profile');
    let { context, kill } = await web.profile(dir);
    let page = await context.newPage();
    const base = web.app.config.baseUrl;
    const { email, password } = p.assessor;
    const signIn = async (): Promise<void> => {
      await page.goto(`${base}/app/icon.svg`);
      await page.evaluate(
        `fetch('/api/auth/sign-in/email', { method: 'POST', headers: { 'content-type': 'application/json' },
           body: ${JSON.stringify(JSON.stringify({ email, password }))} })`,
      );
    };
    await signIn();
    await page.goto(`${base}/app/assessor/assessments/${id}`);
    await page.locator('article').first().waitFor();
    await page.route('**/operations', (route) => route.abort());
    await page.getByLabel('Show').selectOption('open');
    await page.getByText(`${asked.length} of ${asked.length} found`).waitFor();
    // Answers as fast as the page takes them; the process ends in the middle of it.
    await page.evaluate(`(async () => {
      for (let n = 0; n < 12; n += 1) {
        const open = [...document.querySelectorAll('article')].filter((each) => !each.querySelector('input:checked'));
        open[0]?.querySelector('input').click();
        await new Promise((done) => requestAnimationFrame(done));
      }
    })()`);
    await page
      .locator('[role=status]')
      .getByText(/entries: ([5-9]|1\d)/)
      .waitFor();
    const shown = Number(
      /entries: (\d+)/.exec(
        await page
          .locator('[role=status]')
          .getByText(/entries: /)
          .innerText(),
      )![1],
    );
    await kill();

    ({ context, kill } = await web.profile(dir));
    page = await context.newPage();
    // The session's cookie may not have been written any more; what was entered was.
    await signIn();
    await page.goto(`${base}/app/assessor/assessments/${id}`);
    await page.getByText('Everything sent').waitFor();
    const [{ n }] = (await web.app.sql(
      `SELECT count(DISTINCT id)::int AS n FROM operation WHERE assessment_id = $1 AND standing = 'applied'`,
      [id],
    )) as [{ n: number }];
    expect(n).toBeGreaterThanOrEqual(shown);
    await kill();
  }, 60_000);

  test('two tabs show the same and send each entry once; a server that fails and a lost session lose nothing', async () => {
    const id = await open('verification');
    const { page, context } = await web.visitAs(p.assessor, `/app/assessor/assessments/${id}`);
    await page.locator('article').first().waitFor();
    const tab = await context.newPage();
    await tab.goto(`/app/assessor/assessments/${id}`);
    await tab.locator('article').first().waitFor();
    const sent: string[] = [];
    for (const each of [page, tab])
      each.on('request', (request) => {
        if (request.url().endsWith('/operations') && !failing)
          sent.push(
            ...(request.postDataJSON() as { operations: { id: string }[] }).operations.map(
              ({ id: op }) => op,
            ),
          );
      });
    let failing = true;
    await context.route('**/operations', (route) =>
      failing ? route.fulfill({ status: 500, body: '{}' }) : route.continue(),
    );
    const [one, two] = (await page
      .locator('article')
      .evaluateAll((all) => all.map((each) => (each as unknown as { id: string }).id.slice(5)))) as [
      string,
      string,
    ];
    await give(page, one, 'Conforms');
    await give(tab, two, 'Conforms');
    for (const each of [page, tab]) await each.getByText('entries: 2, files: 0').waitFor();
    await page.getByText('The server does not answer').waitFor();
    // What waits is asked about before signing out; a lost session is said, and nothing goes.
    await web.app.sql(`DELETE FROM auth.session WHERE "userId" = $1`, [p.assessor.id]);
    failing = false;
    // The app tries again by itself, too, and may be there first.
    const again = page.getByRole('button', { name: 'Try again' });
    await again.click({ timeout: 5000 }).catch(() => undefined);
    await page.getByRole('button', { name: 'Sign in to send' }).click();
    await page.getByLabel('Password', { exact: true }).fill(p.assessor.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    for (const each of [page, tab]) await each.getByText('Everything sent').waitFor();
    const fresh = await web.app.sql(`SELECT id FROM operation WHERE assessment_id = $1`, [id]);
    expect(fresh).toHaveLength(2);
    expect(new Set(sent).size).toBe(2);
    await context.close();
  }, 60_000);

  test('what comes too late is put aside, and says what to do; the supplier assesses itself on the same page', async () => {
    const made = await p.owner.agent
      .post('/api/v1/assessments')
      .send({
        siteId: p.site,
        kind: 'self',
        checklist: 'food-manufacturing',
        version: '2',
        level: 'basic',
        profile: 'programme-default',
        assessedOn: new Date().toISOString().slice(0, 10),
      })
      .expect(201);
    const { id } = made.body as { id: string };
    await p.owner.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: asked.map(({ code }) => ({ requirement: code, answer: 'conform' })) })
      .expect(200);
    const { page, context } = await web.visitAs(p.owner, `/app/supplier/assessments/${id}?lang=ar`, {
      colorScheme: 'dark',
    });
    await page.locator('article').first().waitFor();
    await audit(page);
    await shoot(page, 'checklist-ar-desktop');
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.route('**/api/v1/**', (route) => route.abort());
    const code = asked[0]!.code;
    await page.goto(`/app/supplier/assessments/${id}?item=${code}&lang=ar`);
    await give(page, code, 'عدم مطابقة بسيط');
    await page.getByText('لم يُرسل بعد').first().waitFor();
    await p.owner.agent
      .post(`/api/v1/assessments/${id}/submit`)
      .set('idempotency-key', randomUUID())
      .expect(200);
    await page.unroute('**/api/v1/**');
    await online(page);
    await page.getByText('سُلِّم التقييم في الأثناء').waitFor();
    await audit(page);
    await shoot(page, 'refused-ar-desktop');
    expect(await answerOf(id, code, p.owner)).toBe('conform');
    await page.goto(`/app/supplier/assessments/${id}/review?lang=ar`);
    await settled(page);
    await audit(page);
    await shoot(page, 'review-ar-desktop');
    // What could not be sent may be had as a file, which the supplier takes in as an assessor does.
    await page.goto('/app/account?lang=en');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as a file' }).click(),
    ]);
    await download.saveAs(join(folder, 'own.html'));
    await page.goto('/app/supplier/saved');
    await page.getByLabel('The file that was saved').setInputFiles(join(folder, 'own.html'));
    await page.getByText('In it: entries 1, photos and documents 0').waitFor();
    await audit(page);
    await p.reviewer.agent
      .post(`/api/v1/assessments/${id}/review`)
      .send({ action: 'return', reason: 'There is more to come.' })
      .expect(200);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Entries that the server has now: 1 of 1').waitFor();
    expect(await answerOf(id, code, p.owner)).toBe('minor');
    await page.getByRole('link', { name: 'Open the assessment' }).click();
    await page.waitForURL(`**/app/supplier/assessments/${id}`);
    // Opened by mistake after all.
    await page.goto(`/app/supplier/assessments/${id}/review`);
    await page.getByRole('button', { name: 'Void this assessment' }).click();
    await page.getByLabel('Why is it void?').fill('It was begun for <b>another</b> site.');
    await page.getByRole('dialog').getByRole('button', { name: 'Void this assessment' }).click();
    await page.waitForURL(`**/app/supplier/sites/${p.site}`);
    await page.goto(`/app/supplier/assessments/${id}`);
    await page.getByText('This assessment is void').waitFor();
    await page.getByText('It was begun for <b>another</b> site.').waitFor();
    await audit(page);
    await context.close();
  }, 60_000);
});
