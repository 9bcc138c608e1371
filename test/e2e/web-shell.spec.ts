import { type Programme, seedProgramme } from '../support/app.js';
import { codeOf } from '../support/authenticator.js';
import { audit, settled, SIZES, startWeb, type WebApp, withBrowser } from '../support/web.js';
import { waitFor } from '../support/wait.js';

let web: WebApp;
let p: Programme;
const shots = process.env['UPLIFT_SHOTS'];

withBrowser('the web app', () => {
  beforeAll(async () => {
    web = await startWeb('test_web_shell');
    p = await seedProgramme(web.app);
  }, 240_000);
  afterAll(() => web?.stop());

  test('signing in by hand, a wrong password first, lands on the own start page', async () => {
    const { page, calm } = await web.visit({ viewport: SIZES.phone });
    await page.goto('/app/supplier');
    await settled(page);
    await audit(page);
    if (shots) await page.screenshot({ path: `${shots}/sign-in-phone.png` });
    await page.getByLabel('E-mail address').fill(p.owner.email);
    await page.getByLabel('Password', { exact: true }).fill('not this one at all');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('E-mail address or password is wrong.').waitFor();
    await audit(page);
    await page.getByLabel('Password', { exact: true }).fill(p.owner.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'My sites' }).waitFor();
    await page.getByText('Site one').waitFor();
    expect(new URL(page.url()).pathname).toBe('/app/supplier');
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate("localStorage.getItem('uplift.me')")).toBeNull();
    calm(/401/);
  });

  test('every start page is accessible, on a phone and a desktop, in English and Arabic, light and dark', async () => {
    for (const [person, ...paths] of [
      [p.owner, '/app/supplier'],
      [p.assessor, '/app/assessor'],
      [p.reviewer, '/app/reviewer'],
      [p.buyerPerson, '/app/buyer'],
      [p.manager, '/app/agency', '/app/admin', '/app/account'],
    ] as const) {
      const { page, context, calm } = await web.visitAs(person, '/app/icon.svg');
      for (const path of paths)
        for (const [lang, size, colorScheme] of [
          ['en', 'desktop', 'light'],
          ['ar', 'phone', 'dark'],
          ['en-XA', 'phone', 'light'],
        ] as const) {
          await page.setViewportSize(SIZES[size]);
          await page.emulateMedia({ colorScheme });
          await page.goto(`${path}?lang=${lang}`);
          await settled(page);
          expect(
            await page.evaluate("[document.documentElement.dir, document.documentElement.dataset['theme']]"),
          ).toEqual([lang === 'ar' ? 'rtl' : 'ltr', colorScheme]);
          await audit(page);
          if (shots)
            await page.screenshot({ path: `${shots}/${path.slice(5)}-${lang}-${size}-${colorScheme}.png` });
          // Nothing sticks out sideways; said with the page, because a loop has many.
          const over = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
          expect([path, lang, Math.max(0, over)]).toEqual([path, lang, 0]);
        }
      calm();
      await context.close();
    }
  }, 180_000);

  test('language and theme are chosen on the page and remembered; back leads back, an unknown address says so', async () => {
    const { page, calm } = await web.visitAs(p.owner, '/app/supplier');
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    expect(await page.evaluate('document.activeElement?.tagName')).toBe('H1');
    await page.getByLabel('Language', { exact: true }).selectOption('ar');
    await page.getByRole('heading', { name: 'الحساب' }).waitFor();
    expect(await page.evaluate('[document.documentElement.lang, document.documentElement.dir]')).toEqual([
      'ar',
      'rtl',
    ]);
    await page.getByLabel('المظهر').selectOption('dark');
    await page.goBack();
    await page.getByRole('heading', { name: 'مواقعي' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'مواقعي' }).waitFor();
    expect(await page.evaluate("document.documentElement.dataset['theme']")).toBe('dark');
    await page.goto('/app/supplier/nothing/here?lang=en');
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    await audit(page);
    calm();
  });

  test('a session that runs out asks over the page, and what was asked for comes after', async () => {
    const { page, calm } = await web.visitAs(p.assessor, '/app/assessor');
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('heading', { name: 'Account', exact: true }).waitFor();
    await web.app.sql(`DELETE FROM auth.session WHERE "userId" = $1`, [p.assessor.id]);
    // In another language everything is read anew, which meets the end of the session.
    await page.getByLabel('Language', { exact: true }).selectOption('es');
    const dialog = page.getByRole('dialog', { name: 'Inicie sesión de nuevo' });
    await dialog.waitFor();
    await audit(page);
    await dialog.getByLabel('Contraseña', { exact: true }).fill(p.assessor.password);
    await dialog.getByRole('button', { name: 'Iniciar sesión', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    // The list that was asked for when the session had run out.
    await page.getByText('Este dispositivo').waitFor();
    calm(/401/);
  });

  test('coming back to the window meets what has become of one’s session and roles', async () => {
    const person = await web.app.person('Basma', [[p.buyer, 'qa-manager']]);
    const { page, context, calm } = await web.visitAs(person, '/app/buyer/rules/new');
    const comeBack = () => page.evaluate("dispatchEvent(new Event('visibilitychange'))");
    const title = page.locator('input[name=title]');
    await title.fill('Begun before lunch');
    await web.app.sql(`DELETE FROM auth.session WHERE "userId" = $1`, [person.id]);
    await comeBack();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Password', { exact: true }).fill(person.password);
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(await title.inputValue()).toBe('Begun before lunch');
    await web.app.sql(`DELETE FROM membership WHERE user_id = $1`, [person.id]);
    await comeBack();
    await page.getByRole('heading', { name: 'You belong to no organisation' }).waitFor();
    expect(await page.getByRole('navigation').count()).toBe(0);
    calm(/40[134]/);
    await context.close();
  });

  test('without a connection the app opens, says so, and goes on when there is one again', async () => {
    const { page, context } = await web.visitAs(p.owner, '/app/supplier');
    // What its person needs is kept once the service worker has taken over.
    await waitFor(() => page.evaluate<boolean>(`caches.match('parts').then(Boolean)`), {
      what: 'the kept files',
    });
    await context.setOffline(true);
    await page.goto('/app/supplier');
    await page.getByRole('heading', { name: 'My sites' }).waitFor();
    await page.getByText('Offline').waitFor();
    await page.getByText('No connection').waitFor();
    await audit(page);
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('Site one').waitFor();
  });

  test('on a phone the navigation fits in every language, and what it has no room for is behind "more"', async () => {
    const { page, context, calm } = await web.visitAs(p.manager, '/app/icon.svg', { viewport: SIZES.phone });
    for (const lang of ['en', 'es', 'ar', 'fr', 'ru', 'hi']) {
      await page.goto(`/app/admin?lang=${lang}`);
      await settled(page);
      const over = await page.evaluate<number>(
        "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('nav'))",
      );
      expect([lang, over]).toEqual([lang, 0]);
    }
    await page.goto('/app/admin?lang=en');
    await page.locator('nav summary').click();
    await audit(page);
    await page.getByRole('link', { name: 'API tokens' }).click();
    await page.getByRole('heading', { name: 'API tokens' }).waitFor();
    // Gone there, the list is closed again.
    await page.getByRole('link', { name: 'Scoring profiles' }).waitFor({ state: 'hidden' });
    calm();
    await context.close();
  }, 60_000);

  test('who has no account yet goes from a link by way of their mail to a business, a site and the cohort', async () => {
    const { body } = await p.manager.agent.post(`/api/v1/cohorts/${p.cohort}/joining-code`).expect(201);
    const { page, context, calm } = await web.visit({ viewport: SIZES.phone });
    await page.goto(`/app/supplier/join#${p.cohort}.${body.joiningCode}`);
    await page.getByRole('button', { name: 'Make an account' }).click();
    await page.getByLabel('Your name').fill('Amal');
    await page.getByLabel('E-mail address').fill('amal@example.org');
    await page.getByLabel('Password', { exact: true }).fill('A long enough passphrase');
    await page.getByRole('button', { name: 'Make the account' }).click();
    await page.getByText('A mail is on its way').waitFor();
    await page.goto((await web.app.mail('amal@example.org', /Is this your/)).link);
    await page.getByText('Your address is confirmed.').waitFor();
    await page.getByLabel('E-mail address').fill('amal@example.org');
    await page.getByLabel('Password', { exact: true }).fill('A long enough passphrase');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Name of the business').fill('Amal’s kitchen');
    await page.getByLabel('Country').selectOption('EG');
    await page.getByRole('button', { name: 'Enter my business' }).click();
    await page.getByRole('link', { name: 'Add a site' }).click();
    await page.getByLabel('Name').fill('The kitchen');
    await page.getByLabel('Town').fill('Giza');
    // Closing the window on what is half filled in is asked about first.
    const asked = page.waitForEvent('dialog');
    page.once('dialog', (dialog) => void dialog.dismiss());
    await page.close({ runBeforeUnload: true });
    expect((await asked).type()).toBe('beforeunload');
    await page.getByLabel('dairy products').check();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByLabel('I agree to this.').check();
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.getByRole('heading', { name: 'Who sees my data' }).waitFor();
    calm(/401/);
    await context.close();
  }, 60_000);

  test('a link lets a supplier’s new site join a cohort; a visit’s assessor begins; each sees the other’s part', async () => {
    const manager = await web.visitAs(p.manager, `/app/agency/cohorts/${p.cohort}?tab=sites`);
    const other = manager.page;
    await other.getByRole('button', { name: 'Let suppliers join' }).click();
    await other.getByRole('button', { name: 'Make the link' }).click();
    const link = await other.getByLabel('Link for suppliers').inputValue();
    await audit(other);
    manager.calm();
    await manager.context.close();

    const { page, context, calm } = await web.visitAs(p.owner, '/app/supplier', { viewport: SIZES.phone });
    await page.getByRole('link', { name: 'Add a site' }).click();
    await page.getByLabel('Name').fill('Second kitchen');
    await page.getByLabel('Town').fill('Giza');
    await page.getByLabel('dairy products').check();
    await audit(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Second kitchen' }).waitFor();
    // Its fragment, which no browser sends, is all there is of the code.
    await page.goto(`${new URL(link).pathname}${new URL(link).hash.slice(0, -1)}`);
    await page.getByText('Second kitchen').click();
    await page.getByLabel('I agree to this.').check();
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.getByText('This link has ended or was replaced').waitFor();
    await page.getByLabel('Link of the programme').fill(link);
    await page.getByRole('button', { name: 'Join', exact: true }).click();
    await page.getByRole('heading', { name: 'Who sees my data' }).waitFor();
    calm(/40[34]/);
    await context.close();

    const assessor = await web.visitAs(p.assessor, '/app/assessor/visits', { viewport: SIZES.phone });
    await audit(assessor.page);
    await assessor.page.getByRole('link', { name: 'Assessments', exact: true }).click();
    await assessor.page.getByRole('link', { name: 'New assessment' }).click();
    await assessor.page.getByLabel('Site').selectOption({ label: 'Second kitchen' });
    await assessor.page.getByLabel('Checklist').selectOption({ index: 1 });
    await assessor.page.getByLabel('Level').waitFor();
    await audit(assessor.page);
    await assessor.page.getByRole('button', { name: 'Start', exact: true }).click();
    await assessor.page
      .getByText(/0 of \d+ answered/)
      .first()
      .waitFor();
    // The page that asked is nothing to come back to.
    await assessor.page.goBack();
    await assessor.page.getByRole('heading', { name: 'My assessments' }).waitFor();
    assessor.calm();
    await assessor.context.close();
  }, 90_000);

  test('a passkey signs in; codes of an app are set up, asked for, and turned off', async () => {
    const { page, context, calm } = await web.visitAs(p.owner, '/app/account');
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('The passkey is set up.').waitFor();
    const signOut = async (): Promise<void> => {
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    };
    await signOut();
    await page.getByRole('button', { name: 'With a passkey' }).click();
    await page.getByRole('heading', { name: 'My sites' }).waitFor();

    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Set it up' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Password', { exact: true }).fill(p.owner.password);
    await dialog.getByRole('button', { name: 'Set up an app' }).click();
    const secret = (await dialog.locator('code').textContent())!;
    await audit(page);
    await dialog.getByLabel('Code', { exact: true }).fill(codeOf(`otpauth://totp/x?secret=${secret}`));
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('Codes of an app are set up.').waitFor();
    await signOut();
    await page.getByLabel('E-mail address').fill(p.owner.email);
    await page.getByLabel('Password', { exact: true }).fill(p.owner.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByLabel('Code', { exact: true }).fill(codeOf(`otpauth://totp/x?secret=${secret}`));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('heading', { name: 'My sites' }).waitFor();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Turn it off' }).click();
    await dialog.getByLabel('Password', { exact: true }).fill(p.owner.password);
    await dialog.getByRole('button', { name: 'Turn it off' }).click();
    await page.getByRole('button', { name: 'Set it up' }).waitFor();
    calm(/401/);
    await context.close();
  }, 60_000);
});
