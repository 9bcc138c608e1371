import { describe, it } from '@jest/globals';
import axe, { type AxeResults } from 'axe-core';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { startApp, type Person, type TestApp } from './app.js';

/** Phone and desktop, as the pages are looked at. */
export const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } } as const;

/** A page in a real browser, with the troubles it had: errors, and what the security policy stopped. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Fails when the page has complained of anything but the refusals named here. */
  calm(...expected: RegExp[]): void;
}

/** The running product with the web app, and a real browser on it. */
export interface WebApp {
  readonly app: TestApp;
  /** A new browser profile: `options` are Playwright's (locale, colorScheme, viewport, …). */
  visit(options?: Parameters<Browser['newContext']>[0]): Promise<Visit>;
  /** A new profile in which somebody is signed in, on a page of the app. */
  visitAs(
    person: Pick<Person, 'email' | 'password'>,
    path?: string,
    options?: Parameters<Browser['newContext']>[0],
  ): Promise<Visit>;
  /** A browser of its own on a profile in a folder, which can be killed as a dead battery would. */
  profile(folder: string): Promise<{ readonly context: BrowserContext; kill(): Promise<void> }>;
  stop(): Promise<void>;
}

const executablePath = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));

/** Specs that take a real browser: skipped where there is none, and failed where continuous integration has none. */
export function withBrowser(name: string, specs: () => void): void {
  if (executablePath) return describe(name, specs);
  const needed = 'needs Chromium (Debian: apt install chromium), or its path in CHROMIUM';
  if (process.env['CI'] !== 'true') return void it.skip(`${name}: ${needed}`, () => undefined);
  it(name, () => {
    throw new Error(`${needed}; with CI=true these specs must not be skipped.`);
  });
}

/** A secure context for browsers, as https is: service workers, passkeys. */
const HOST = 'uplift.localhost';

/** Builds the web app when it is stale, starts the product and a browser. `name` must contain "test". */
export async function startWeb(name: string, env: Record<string, string> = {}): Promise<WebApp> {
  const { buildWeb } = (await import('../../scripts/web.mjs' as string)) as { buildWeb(): Promise<unknown> };
  await buildWeb();
  const app = await startApp(name, { BASE_URL: `http://${HOST}`, RATE_LIMIT: '0', ...env });
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    `--host-resolver-rules=MAP ${HOST} ${new URL(app.url).host}`,
  ];
  const profiles: (() => Promise<void>)[] = [];
  const browser = await chromium
    .launch({ ...(executablePath && { executablePath }), args })
    .catch(async (error: unknown) => {
      await app.stop();
      throw error;
    });
  const visit: WebApp['visit'] = async (options = {}) => {
    const context = await browser.newContext({
      baseURL: `http://${HOST}`,
      locale: 'en-GB',
      viewport: SIZES.desktop,
      // What moves while a spec waits would be drawn sixty times a second, by the processor that others wait for.
      reducedMotion: 'reduce',
      ...options,
    });
    const troubles: string[] = [];
    context.on('weberror', (error) => troubles.push(String(error.error())));
    context.on('console', (message) => {
      // The policy's complaints are errors of the console, too.
      // The browser asks for favicon.ico by itself where a file of ours is opened without its page.
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
        troubles.push(`${message.text()} (${message.location().url})`);
    });
    const page = await context.newPage();
    return {
      page,
      context,
      calm(...expected) {
        const unexpected = troubles.filter((each) => !expected.some((pattern) => pattern.test(each)));
        if (unexpected.length > 0) throw new Error(`the page complained:\n${unexpected.join('\n')}`);
      },
    };
  };
  return {
    app,
    visit,
    async visitAs({ email, password }, path = '/app/', options) {
      const made = await visit(options);
      await made.page.goto('/app/icon.svg');
      const body = JSON.stringify(JSON.stringify({ email, password }));
      // As text, because the browser's own names aren't known to the types of the tests.
      const status = await made.page.evaluate<number>(
        `fetch('/api/auth/sign-in/email', { method: 'POST', headers: { 'content-type': 'application/json' }, body: ${body} })
          .then(({ status }) => status)`,
      );
      if (status !== 200) throw new Error(`signing in: ${status}`);
      // A file of ours is no page: who asks for it goes on from there.
      if (path !== '/app/icon.svg') {
        await made.page.goto(path);
        await settled(made.page);
      }
      return made;
    },
    async profile(folder) {
      const child = spawn(
        executablePath!,
        [...args, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const ended = once(child, 'exit');
      const kill = async (): Promise<void> => {
        child.kill('SIGKILL');
        await ended;
      };
      profiles.push(kill);
      for await (const line of createInterface({ input: child.stderr })) {
        const address = /DevTools listening on (ws:.*)/.exec(line)?.[1];
        if (!address) continue;
        child.stderr.resume();
        const context = (await chromium.connectOverCDP(address)).contexts()[0]!;
        return { context, kill };
      }
      throw new Error('the browser ended');
    },
    async stop() {
      await Promise.all(profiles.map((kill) => kill()));
      await browser.close();
      await app.stop();
    },
  };
}

/** Waits until the page has its heading and nothing on it is loading any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await page.locator('.animate-pulse').first().waitFor({ state: 'detached' });
}

const TURNS = [
  ['ar', 'dark'],
  ['hi', 'light'],
  ['ru', 'dark'],
  ['es', 'light'],
  ['ar', 'light'],
  ['fr', 'dark'],
  ['hi', 'dark'],
  ['ru', 'light'],
  ['es', 'dark'],
  ['fr', 'light'],
] as const;
let turn = 0;

/**
 * The language and theme in which the next page is looked at beside English: over the pages of a spec each has its turn, for
 * the price of one. All of them on every page: `npm run check:pages`.
 */
export const nextTurn = (): (typeof TURNS)[number] => TURNS[turn++ % TURNS.length]!;

/** Fails when axe finds anything against WCAG 2.2 AA on the page as it is now. */
export async function audit(page: Page): Promise<void> {
  // What holds is not written up, every violation is. Run by the browser's debugger, which the page's security policy doesn't bind; so the policy stays as it is.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })`,
  );
  if (violations.length > 0)
    throw new Error(
      violations
        .map(
          ({ id, help, nodes }) =>
            `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html}\n  ${failureSummary}`).join('\n')}`,
        )
        .join('\n'),
    );
}

// ---- the checklist on a device

/** An item's card. */
export const item = (page: Page, code: string): Locator => page.locator(`#item-${code}`);

/** Answers an item. */
export const give = (page: Page, code: string, answer: string): Promise<void> =>
  item(page, code).getByRole('radio', { name: answer, exact: true }).click();

/** Tells the page that there is a connection again. */
export const online = (page: Page): Promise<unknown> =>
  page.evaluate(`window.dispatchEvent(new Event('online'))`);
