import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import {
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

/* What goes wrong on a phone in the field, in a real browser: nothing that was shown as saved may be gone, and nothing untrue said. */
let web: WebApp;
let p: Programme;
let codes: string[];
let folder: string;
const shots = process.env['UPLIFT_SHOTS'];

const open = async (): Promise<string> => (await openAssessment(p, { kind: 'verification' })).id;
const shoot = async (page: Page, name: string): Promise<void> => {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` });
};
const photo = (width: number, height: number): Promise<Buffer> =>
  sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
/** Everything that was ever entered, as the server has it. */
const entered = (id: string) =>
  web.app.sql(
    `SELECT * FROM operation
      WHERE assessment_id = $1 ORDER BY received_at`,
    [id],
  );
/** Opens a checklist and waits until the app itself is kept as well. */
async function checklist(who: Person, id: string, options?: object) {
  const visit = await web.visitAs(who, `/app/assessor/assessments/${id}`, options);
  await visit.page.locator('article').first().waitFor();
  return visit;
}
const appKept = (page: Page) =>
  waitFor(() => page.evaluate<boolean>(`caches.match('/app/parts').then(Boolean)`), {
    what: 'the kept files',
  });
async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

withBrowser('a device in the field', () => {
  beforeAll(async () => {
    web = await startWeb('test_web_offline');
    p = await seedProgramme(web.app);
    codes = (await basicRequirements(web.app, '2')).slice(0, 5).map(({ code }) => code);
    folder = mkdtempSync(join(tmpdir(), 'uplift-field-'));
  }, 240_000);
  afterAll(async () => {
    await web?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  test('with its storage full shows nothing as saved that is not, says what to do, and goes on when there is room', async () => {
    const id = await open();
    const { page, context } = await web.visitAs(p.assessor, '/app/icon.svg', { viewport: SIZES.phone });
    const session = await context.newCDPSession(page);
    const { origin } = new URL(page.url());
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 6_000_000 });
    await page.goto(`/app/assessor/assessments/${id}`);
    await page.locator('article').first().waitFor();
    const [one, two, three] = codes as [string, string, string];
    await page.route(/operations|evidence/, (route) => route.abort());
    await give(page, one, 'Conforms');
    await item(page, one).getByText('Saved on this device').waitFor();
    // The rest is taken up by something else: the browser gives a little at a time without asking how much there is.
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    await page.evaluate(`(async () => {
      const db = await new Promise((done) => {
        const opening = indexedDB.open('other', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('s', { autoIncrement: true });
        opening.onsuccess = () => done(opening.result);
      });
      for (let size = 2 ** 20; size >= 256; )
        await new Promise((done) => {
          const tx = db.transaction('s', 'readwrite');
          for (let n = 0; n < (size < 4096 ? 8 : 1); n += 1) tx.objectStore('s').add(new Uint8Array(size));
          tx.oncomplete = done;
          tx.onabort = () => { size /= 2; done(); };
        });
      db.close();
    })()`);
    await item(page, two)
      .getByLabel('Choose files')
      .setInputFiles({ name: 'drain.jpg', mimeType: 'image/jpeg', buffer: await photo(600, 400) });
    const full = 'The device’s storage is full.';
    await item(page, two).getByText(full).waitFor();
    await item(page, two).getByText('drain.jpg').waitFor();
    await give(page, three, 'Conforms');
    await item(page, three).getByText(full).waitFor();
    await item(page, three).getByLabel('Note').fill('Too much for it');
    await item(page, three).getByLabel('Note').blur();
    await item(page, three).getByText('Not saved yet').waitFor();
    expect(await item(page, three).locator('input:checked').count()).toBe(0);
    expect(await page.getByText('Saved on this device', { exact: true }).count()).toBe(1);
    await page.getByText('entries: 1, files: 0').waitFor();
    await audit(page);
    await shoot(page, 'storage-full');
    // Room was made: what was there is there, and what was typed is still in its field.
    await page.evaluate(
      `new Promise((done) => { indexedDB.deleteDatabase('other').onsuccess = () => done(); })`,
    );
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await give(page, three, 'Conforms');
    await item(page, three).getByLabel('Note').focus();
    await item(page, three).getByLabel('Note').blur();
    await page.getByText('entries: 3, files: 0').waitFor();
    expect(await page.getByText(full).count()).toBe(1);
    await page.unroute(/operations|evidence/);
    await online(page);
    await page.getByText('Everything sent').waitFor();
    expect((await entered(id)).map(({ value }) => value)).toEqual([
      { answer: 'conform' },
      { answer: 'conform' },
      { note: 'Too much for it' },
    ]);
    await context.close();
  }, 60_000);

  test('whose copy the browser clears puts it back from an open page, and says what is gone when there was none', async () => {
    const id = await open();
    const { page, context } = await checklist(p.assessor, id, { viewport: SIZES.phone });
    const session = await context.newCDPSession(page);
    const { origin } = new URL(page.url());
    const clear = (storageTypes: string) =>
      session.send('Storage.clearDataForOrigin', { origin, storageTypes });
    const [one, two, three] = codes as [string, string, string];
    await page.route(/operations|upload/, (route) => route.abort());
    await give(page, one, 'Conforms');
    await item(page, one).getByText('Saved on this device').waitFor();
    await clear('indexeddb');
    await page.getByText('The browser cleared this device’s copy').waitFor();
    await page.getByText('entries: 1, files: 0').waitFor();
    await audit(page);
    await shoot(page, 'cleared-open');
    await give(page, two, 'Conforms');
    await page.getByText('entries: 2, files: 0').waitFor();
    await page.reload();
    await page.getByText('entries: 2, files: 0').waitFor();
    await page.unroute(/operations|upload/);
    await online(page);
    await page.getByText('Everything sent').waitFor();
    await page.getByRole('button', { name: 'I have seen this' }).click();
    await appKept(page);

    // Without a connection, and no page open.
    await context.setOffline(true);
    await give(page, three, 'Conforms');
    await item(page, three)
      .getByLabel('Choose files')
      .setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: await photo(60, 40) });
    await page.getByText('entries: 1, files: 1').waitFor();
    await page.goto('/app/icon.svg');
    await clear('indexeddb');
    await page.goto(`/app/assessor/assessments/${id}`);
    await page.getByText('The browser has cleared this assessment off the device').waitFor();
    expect(await page.getByText('Everything sent').count()).toBe(0);
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('before they were sent: 1').first().waitFor();
    await page.getByText('Photos and documents that the browser cleared away').waitFor();
    await page
      .getByText(/2 of \d+ answered/)
      .first()
      .waitFor();
    await audit(page);
    await shoot(page, 'cleared-unseen');

    // All of it, with who is signed in: the page keeps what it has, and is not let out of sight.
    await page.route('**/operations', (route) => route.abort());
    await give(page, three, 'Minor nonconformity');
    await page.getByText('entries: 1, files: 0').waitFor();
    await clear('all');
    await page.getByText('The browser cleared this device’s copy').waitFor();
    await page.unroute('**/operations');
    await online(page);
    await page.getByRole('button', { name: 'Sign in to send' }).click();
    await page.getByLabel('Password', { exact: true }).fill(p.assessor.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Everything sent').waitFor();
    expect((await entered(id)).at(-1)).toMatchObject({ requirement: three, value: { answer: 'minor' } });
    await context.close();
  }, 60_000);

  test('of somebody who lost every role meanwhile keeps what they entered, says so, and gives it out as a file', async () => {
    const id = await open();
    const third = await web.app.person('Third <b>assessor', [[p.provider, 'assessor']]);
    const { page, context } = await checklist(third, id, { viewport: SIZES.phone, acceptDownloads: true });
    await appKept(page);
    const [one, two] = codes as [string, string];
    await context.setOffline(true);
    await give(page, one, 'Conforms');
    await item(page, two).getByLabel('Note').fill('<script>alert(1)</script>');
    await item(page, two).getByLabel('Note').blur();
    await item(page, two)
      .getByLabel('Choose files')
      .setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: await photo(60, 40) });
    await page.getByText('entries: 2, files: 1').waitFor();
    await web.app.sql(`DELETE FROM membership WHERE user_id = $1`, [third.id]);
    // The line comes back by fits and starts: the first question who is here is lost.
    let asked = 0;
    await context.route('**/api/v1/me', (route) => (asked++ === 0 ? route.abort() : route.continue()));
    await context.setOffline(false);
    await page.getByText('You no longer work on this assessment').first().waitFor();
    await page.getByText('files: 1').waitFor();
    // What they write isn't taken from under their hands, though the page knows by now that they belong nowhere.
    await waitFor(
      async () =>
        (await page.evaluate<number>('JSON.parse(localStorage["uplift.me"]).memberships.length')) === 0,
      { what: 'the page to know' },
    );
    expect(asked).toBeGreaterThan(1);
    await item(page, two).getByLabel('Note').waitFor();
    await audit(page);
    await shoot(page, 'removed');
    await page.goto('/app/');
    await page.getByText('You belong to no organisation').waitFor();
    await page.getByRole('heading', { name: 'Work that is on this device alone' }).waitFor();
    await audit(page);
    await shoot(page, 'removed-root');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as a file' }).click(),
    ]);
    const file = join(folder, 'unsent.html');
    await download.saveAs(file);
    const html = readFileSync(file, 'utf8');
    expect(html).toContain('Third &lt;b&gt;assessor');
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('<img alt="" src="data:image/jpeg;base64,');
    const { operations } = JSON.parse(/id="entries">(.*)<\/script>/.exec(html)![1]!) as {
      operations: { value: object }[];
    };
    expect(operations.map(({ value }) => value)).toEqual([
      { answer: 'conform' },
      { note: '<script>alert(1)</script>' },
    ]);
    // Back in the team, it goes where it belongs.
    await web.app.sql(
      `INSERT INTO membership (id, user_id, organisation_id, role) VALUES (gen_random_uuid(), $1, $2, 'assessor')`,
      [third.id, p.provider],
    );
    // The file alone is enough, on another device; nobody else's hands can send it.
    const others = await web.visitAs(p.assessor, '/app/assessor/saved');
    await others.page.getByLabel('The file that was saved').setInputFiles(file);
    await others.page.getByText('This is the work of Third <b>assessor.').waitFor();
    await others.context.close();
    const { page: second, context: elsewhere } = await web.visitAs(third, '/app/assessor', {
      viewport: SIZES.phone,
    });
    await second.getByRole('link', { name: 'Take in work that was saved as a file' }).click();
    await second.getByLabel('The file that was saved').setInputFiles(file);
    await second.getByText('In it: entries 2, photos and documents 1').waitFor();
    await second.getByText('<script>alert(1)</script>').waitFor();
    await audit(second);
    await second.getByRole('button', { name: 'Send', exact: true }).click();
    await second.getByText('Entries that the server has now: 2 of 2').waitFor();
    await shoot(second, 'saved-file');
    await second.getByRole('link', { name: 'Open the assessment' }).click();
    await second.getByText('Everything sent').waitFor();
    const sent = () =>
      web.app.sql(`SELECT file_name FROM evidence WHERE assessment_id = $1 AND state <> 'awaited'`, [id]);
    await waitFor(async () => (await sent()).length > 0, { what: 'the photograph' });
    expect(await sent()).toEqual([{ file_name: 'a.jpg' }]);
    await elsewhere.close();
    expect((await entered(id)).map(({ standing }) => standing)).toEqual(['applied', 'applied']);
    // The first device hears that its work has come, and has nothing left to send.
    await page.goto(`/app/assessor/assessments/${id}?item=${one}`);
    await page.getByText('Everything sent').waitFor();
    expect(await page.getByRole('button', { name: 'Send again' }).count()).toBe(0);
    expect(await sent()).toHaveLength(1);
    await context.close();
  }, 60_000);

  test('sends sixty photographs over a line that is fast, slow and gone by turns: each once, and never says more than is so', async () => {
    const id = await open();
    const { page, context } = await checklist(p.assessor, id, { viewport: SIZES.phone });
    const [one, two, three] = codes as [string, string, string];
    const made = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const content = await photo(720, 540);
        const path = join(folder, `photo-${n}.jpg`);
        writeFileSync(path, content);
        return { path, sha256: createHash('sha256').update(content).digest('hex') };
      }),
    );
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    const line = (kBps: number, latency: number) =>
      session.send('Network.emulateNetworkConditions', {
        offline: kBps === 0,
        latency,
        downloadThroughput: kBps * 1000,
        uploadThroughput: kBps * 1000,
      });
    await line(0, 0);
    await item(page, one)
      .getByLabel('Choose files')
      .setInputFiles(made.slice(0, 30).map(({ path }) => path));
    await item(page, two)
      .getByLabel('Choose files')
      .setInputFiles(made.slice(30).map(({ path }) => path));
    await page.getByText('entries: 0, files: 60').waitFor({ timeout: 60_000 });

    let untrue = '';
    let counted = 0;
    let last = 60;
    const there = async (): Promise<number> =>
      (await web.app.sql(`SELECT 1 FROM evidence WHERE assessment_id = $1 AND state <> 'awaited'`, [id]))
        .length;
    /** What the page says is held against what the server has, until it says that all is sent. */
    const watched = waitFor(
      async () => {
        const said = await page
          .locator('[role=status]')
          .filter({ hasText: /files:|Everything/ })
          .innerText();
        const left = said.includes('Everything') ? 0 : Number(/files: (\d+)/.exec(said)![1]);
        if (60 - left > (await there())) untrue ||= said;
        if (left < last) counted += 1;
        last = left;
        return left === 0;
      },
      { what: 'sixty photographs', deadlineMs: 120_000 },
    );
    await line(8_000, 5);
    await page.getByText(/files: [1-4]\d/).waitFor({ timeout: 60_000 });
    // On a slow line the page is of use, and what is entered doesn't wait for the photographs.
    await line(60, 300);
    await give(page, three, 'Conforms');
    await item(page, three).getByText('Sent', { exact: true }).waitFor({ timeout: 60_000 });
    expect(await there()).toBeLessThan(60);
    await line(0, 0);
    await page.getByText('Offline', { exact: true }).waitFor();
    await line(8_000, 5);
    await watched;
    expect(untrue).toBe('');
    // One after the other, as they arrive.
    expect(counted).toBeGreaterThan(10);
    const rows = await web.app.sql(`SELECT sha256 FROM evidence WHERE assessment_id = $1`, [id]);
    expect(rows.map(({ sha256 }) => sha256).sort()).toEqual(made.map(({ sha256 }) => sha256).sort());
    await context.close();
  }, 240_000);

  test('keeps one person’s work from the next, hears, has a clock that is a year wrong, and shows two notes side by side', async () => {
    const id = await open();
    const second = await web.app.person('Second assessor', [[p.provider, 'assessor']]);
    const [one, two] = codes as [string, string];
    const { page, context } = await web.visitAs(p.assessor, '/app/icon.svg', { viewport: SIZES.phone });
    // There is no service that listens in a browser without a screen.
    await page.addInitScript(`window.SpeechRecognition = class {
      start() {
        setTimeout(() => {
          this.onresult({ resultIndex: 0, results: [Object.assign([{ transcript: ' The drain is blocked ' }], { isFinal: true })] });
          this.onend();
        });
      }
      stop() {}
    }`);
    await page.clock.install({ time: new Date(Date.now() - 366 * 86_400_000) });
    await page.goto(`/app/assessor/assessments/${id}`);
    await page.locator('article').first().waitFor();
    await page.route('**/operations', (route) => route.abort());
    await item(page, one).getByRole('button', { name: 'Speak' }).click();
    await item(page, one).getByText('Saved on this device').waitFor();
    await give(page, two, 'Conforms');
    await page.getByText('entries: 2, files: 0').waitFor();
    // Meanwhile, by a right clock and with a connection.
    await second.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({
        answers: [
          { requirement: one, answer: 'conform', note: 'The drain was clean' },
          { requirement: two, answer: 'minor' },
        ],
      })
      .expect(200);

    await page.goto('/app/account');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('It stays on this device').waitFor();
    await dialog.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.unroute('**/operations');
    await signIn(page, second);
    await page.waitForURL('**/app/assessor');
    await page.goto(`/app/assessor/assessments/${id}`);
    await page.getByText('Everything sent').waitFor();
    expect(await item(page, one).getByText('The drain is blocked').count()).toBe(0);
    expect(await entered(id)).toHaveLength(3);
    await page.goto('/app/account');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(page, p.assessor);
    await page.waitForURL('**/app/assessor');
    await page.goto(`/app/assessor/assessments/${id}`);
    await page.getByText('Everything sent').waitFor();
    // Neither has seen the other's, whatever their clocks say: both answers and both notes stand there.
    await item(page, two).getByText('2 different answers').waitFor();
    await item(page, two)
      .getByText(/clock was wrong by 8,7\d\d h/)
      .waitFor();
    const notes = item(page, one).getByRole('listitem');
    await notes.filter({ hasText: 'The drain is blocked' }).waitFor();
    await notes.filter({ hasText: 'The drain was clean' }).getByText('Second assessor').waitFor();
    await audit(page);
    await shoot(page, 'notes');
    expect(await entered(id)).toContainEqual(
      expect.objectContaining({
        value: { note: 'The drain is blocked' },
        clock_ahead_seconds: expect.any(Number) as number,
      }),
    );
    await notes
      .filter({ hasText: 'The drain was clean' })
      .getByRole('button', { name: 'This holds' })
      .click();
    await notes.first().waitFor({ state: 'detached' });
    expect(await item(page, one).getByLabel('Note').inputValue()).toBe('The drain was clean');
    await context.close();

    // A year ahead, having seen the other's answer: it is gone on from.
    const ahead = await web.visitAs(second, '/app/icon.svg');
    await ahead.page.clock.install({ time: new Date(Date.now() + 366 * 86_400_000) });
    await ahead.page.goto(`/app/assessor/assessments/${id}`);
    await item(ahead.page, one).getByText('Sent', { exact: true }).waitFor();
    await give(ahead.page, one, 'Major nonconformity');
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses/${one}`)
      .send({ answer: 'conform' })
      .expect(200);
    await waitFor(
      async () => {
        const { body } = await p.assessor.agent.get(`/api/v1/assessments/${id}`).expect(200);
        return (body.responses as { requirement: string; answer: string }[]).some(
          ({ requirement, answer }) => requirement === one && answer === 'conform',
        );
      },
      { what: 'the later answer, by who saw the earlier one' },
    );
    await ahead.context.close();
  }, 90_000);

  test('is handed a new version during a visit when its person wants it: nothing is lost, and older tabs still work', async () => {
    const id = await open();
    // A product that was brought up to date: another service worker, and the old parts are gone from it.
    let version = 1;
    const upstream = new URL(web.app.url);
    const proxy: Server = createServer((incoming, outgoing) => {
      const { pathname, search } = new URL(incoming.url!, web.app.config.baseUrl);
      if (version === 2 && /assets\/review-/.test(pathname)) return outgoing.writeHead(404).end();
      const { 'accept-encoding': _e, 'if-none-match': _n, ...headers } = incoming.headers;
      const forwarded = ask(
        {
          host: upstream.hostname,
          port: upstream.port,
          path: pathname + search,
          method: incoming.method,
          headers,
        },
        (answer) => {
          const { 'content-length': _, ...told } = answer.headers;
          outgoing.writeHead(answer.statusCode!, told);
          if (version === 1 || pathname !== '/app/sw.js') return answer.pipe(outgoing);
          let text = '';
          answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
          answer.on('end', () => outgoing.end(text.replace('"shell":[', '"more":[],"shell":[')));
        },
      );
      forwarded.on('error', () => outgoing.destroy());
      incoming.pipe(forwarded);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      const { page, context } = await checklist(p.assessor, id, {
        proxy: {
          server: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
          bypass: '<-loopback>',
        },
      });
      await appKept(page);
      const tab = await context.newPage();
      await tab.goto(`/app/assessor/assessments/${id}`);
      await tab.locator('article').first().waitFor();
      await page.route('**/operations', (route) => route.abort());
      await give(page, codes[0]!, 'Conforms');
      await page.getByText('entries: 1, files: 0').waitFor();
      version = 2;
      await page.evaluate('navigator.serviceWorker.getRegistration().then((each) => each.update())');
      await page
        .getByText('A new version is ready. What you have not sent yet stays on this device.')
        .waitFor();
      await audit(page);
      await give(page, codes[1]!, 'Conforms');
      await page.getByText('entries: 2, files: 0').waitFor();
      const reloaded = page.waitForEvent('load');
      await page.getByRole('button', { name: 'Change to it' }).click();
      await reloaded;
      await page.getByText('entries: 2, files: 0').waitFor();
      // The other tab runs the old version, and gets the part it hasn't loaded yet.
      await tab.getByRole('link', { name: 'Review and hand in' }).click();
      await tab.getByRole('heading', { name: 'Review', exact: true }).waitFor();
      // One that can't get it says what to do.
      await page.evaluate(`caches.keys().then((all) => Promise.all(all.map((each) => caches.delete(each))))`);
      await page.getByRole('link', { name: 'Review and hand in' }).click();
      await page.getByText('This part of the app could not be loaded').waitFor();
      version = 1;
      await page.unroute('**/operations');
      await page.getByRole('button', { name: 'Load the page again' }).click();
      await settled(page);
      await page.getByText('Everything sent').waitFor();
      expect(await entered(id)).toHaveLength(2);
      await context.close();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }, 90_000);

  test('whose assessment is handed in and reopened meanwhile keeps what was entered late, and sends it when asked to', async () => {
    const id = await open();
    const { page, context } = await checklist(p.assessor, id);
    await page.route('**/api/v1/**', (route) => route.abort());
    const [one, two] = codes as [string, string];
    await give(page, one, 'Minor nonconformity');
    await item(page, two)
      .getByLabel('Choose files')
      .setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: await photo(60, 40) });
    await page.getByText('entries: 1, files: 1').waitFor();
    const all = await basicRequirements(web.app, '2');
    await p.assessor.agent
      .put(`/api/v1/assessments/${id}/responses`)
      .send({ answers: all.map(({ code }) => ({ requirement: code, answer: 'conform' })) })
      .expect(200);
    await p.assessor.agent.post(`/api/v1/assessments/${id}/submit`).expect(200);
    await page.unroute('**/api/v1/**');
    await online(page);
    await page.getByText('Refused, needs you: 2').waitFor();
    await page.getByText('Answers can’t be changed now').waitFor();
    const review = (action: string, reason?: string, remarks?: object[]) =>
      p.reviewer.agent.post(`/api/v1/assessments/${id}/review`).send({ action, reason, remarks }).expect(200);
    await review('take-review');
    await review('return', 'A photograph is missing.', [{ requirement: two, text: 'Which drain is it?' }]);
    await online(page);
    await page.getByText('Answers can’t be changed now').waitFor({ state: 'detached' });
    // What the reviewer questions stands at its item, and stays there without a connection.
    await page.route('**/api/v1/**', (route) => route.abort());
    await page.reload();
    await page.getByText('A photograph is missing.').waitFor();
    await page.getByText('Questioned items changed since: 0 of 1').waitFor();
    await page.getByRole('button', { name: 'Next questioned item' }).click();
    await item(page, two).getByText('Which drain is it?').waitFor();
    await audit(page);
    await shoot(page, 'questioned');
    await page.unroute('**/api/v1/**');
    await online(page);
    for (const code of [one, two]) await item(page, code).getByRole('button', { name: 'Send again' }).click();
    await item(page, one).getByText('2 different answers').waitFor();
    await page.getByText('Everything sent').waitFor();
    await give(page, two, 'Minor nonconformity');
    await page.getByText('Questioned items changed since: 1 of 1').waitFor();
    // In words, now or later.
    await item(page, two).getByRole('button', { name: 'Caption' }).click();
    await page.getByLabel('What does it show?').fill('The drain, from above');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await waitFor(
      async () =>
        (await web.app.sql(`SELECT caption FROM evidence WHERE assessment_id = $1`, [id]))[0]?.['caption'] ===
        'The drain, from above',
      { what: 'the caption' },
    );
    await page.getByText('Everything sent').waitFor();
    await shoot(page, 'caption');
    await context.close();
  }, 60_000);

  test('whose checklist is published anew and withdrawn meanwhile says so, keeps its answers and hands them in; none is begun on it', async () => {
    const edition = (version: string) => `
format: uplift.checklist/1
checklist: field
version: '${version}'
title: Field list
language: en
levels: [{ code: basic, title: Basic }]
sections: [{ code: A, title: First }]
requirements: [{ code: L-01, section: A, level: basic, question: Is it clean?, criticality: major }]
`;
    const publish = (version: string) =>
      p.manager.agent
        .post('/api/v1/content')
        .send({ files: [edition(version)] })
        .expect(201);
    await publish('1');
    const { id } = await openAssessment(p, { kind: 'verification', checklist: 'field', version: '1' });
    const { page, context } = await checklist(p.assessor, id, { viewport: SIZES.phone });
    await appKept(page);
    const other = await context.newPage();
    await other.goto(`/app/assessor/new?site=${p.site}`);
    await other.getByLabel('Checklist').selectOption('field/1');
    await other.getByLabel('Level').waitFor();
    await publish('2');
    await online(page);
    await page.getByText('Version 2 of this checklist has been published since').waitFor();
    await audit(page);
    await shoot(page, 'edition-newer');

    await context.setOffline(true);
    await give(page, 'L-01', 'Minor nonconformity');
    await page.getByText('entries: 1, files: 0').waitFor();
    // Without a connection none is begun, and what was chosen stays.
    await other.getByRole('button', { name: 'Start' }).click();
    await other.getByText('No connection').waitFor();
    await p.manager.agent
      .post('/api/v1/checklists/field/1/withdraw')
      .send({ reason: '<b>L-01</b> is wrong', successor: { checklist: 'field', version: '2' } })
      .expect(200);
    await page.reload();
    expect(await page.getByText('was withdrawn').count()).toBe(0);
    await context.setOffline(false);
    await online(page);
    await page.getByText('This checklist was withdrawn on').waitFor();
    await page.getByText('<b>L-01</b> is wrong').waitFor();
    await page.getByText('New assessments begin with Field list 2').waitFor();
    await page.getByText('Everything sent').waitFor();
    expect(await item(page, 'L-01').locator('input:checked').count()).toBe(1);
    await audit(page);
    await shoot(page, 'edition-withdrawn');
    await page.getByRole('link', { name: 'Review and hand in' }).click();
    await page.getByRole('button', { name: 'Hand in', exact: true }).click();
    await waitFor(
      async () => (await p.assessor.agent.get(`/api/v1/assessments/${id}`)).body.state === 'submitted',
      { what: 'it is handed in' },
    );

    expect(await other.getByLabel('Checklist').inputValue()).toBe('field/1');
    await other.getByRole('button', { name: 'Start' }).click();
    await other.getByText('Begin with version 2 of field').waitFor();
    await other.getByRole('option', { name: 'Field list – 1 (withdrawn)' }).waitFor({ state: 'attached' });
    await audit(other);
    await shoot(other, 'edition-refused');
    await other.getByLabel('Kind').selectOption('verification');
    await other.getByLabel('Checklist').selectOption('field/2');
    await other.getByRole('option', { name: 'Field list – 1 (withdrawn)' }).waitFor({ state: 'detached' });
    await other.getByRole('button', { name: 'Start' }).click();
    await other.locator('#item-L-01').waitFor();
    expect(other.url()).toMatch(/\/assessor\/assessments\//);
    await context.close();
  }, 60_000);
});
