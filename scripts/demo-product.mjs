/** The product with its demo, and a browser on it: for what is made or measured by looking at the pages. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT } from './house.mjs';

/**
 * Starts the product on a data folder in `work`; or takes one that runs: `from` is its address and its
 * demo-accounts.json, with a comma between. `env` is settings. Returns its address, its accounts and how to stop it.
 */
export async function startProduct(work, from, env = {}) {
  if (from) {
    const [url, accounts] = from.split(',');
    return { url, demo: JSON.parse(readFileSync(accounts, 'utf8')), stop: async () => undefined };
  }
  const dataDir = join(work, 'data');
  const child = spawn(process.execPath, [join(ROOT, 'scripts', 'start.mjs')], {
    env: { ...process.env, ...env, PORT: '0', UPLIFT_DATA_DIR: dataDir, DATABASE_URL: '', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => child.once('exit', done));
  let said = '';
  const url = await new Promise((done, no) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Ctrl-C stops everything')) done(/^ {2}(http:\/\/\S+)$/m.exec(said)[1]);
    });
    void ended.then((code) => no(new Error(`npm start ended with ${code}:\n${said}`)));
  });
  return {
    url,
    demo: JSON.parse(readFileSync(join(dataDir, 'demo-accounts.json'), 'utf8')),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Chromium with one typeface, the one the PDFs are set in, whatever the machine has. `work` keeps its settings. */
export async function launchBrowser(work) {
  const file = join(work, 'fonts.conf');
  const fonts = ['noto-sans', 'noto-sans-arabic'].map((name) =>
    join(ROOT, 'node_modules/@expo-google-fonts', name),
  );
  writeFileSync(
    file,
    `<?xml version="1.0"?><fontconfig>${fonts.map((dir) => `<dir>${dir}</dir>`).join('')}<cachedir>${join(work, 'fonts')}</cachedir>
     <match target="pattern"><test name="family"><string>system-ui</string></test><edit name="family" mode="assign" binding="strong"><string>Noto Sans</string></edit></match></fontconfig>`,
  );
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    env: { ...process.env, FONTCONFIG_FILE: file },
  });
}

/** The demo account whose role begins so. */
export function accountOf(demo, role) {
  const account = demo.accounts.find((each) => each.role.startsWith(role));
  if (!account) throw new Error(`the demo has no ${role}`);
  return account;
}

/** Signs in over the API; returns the token. */
export async function signIn(url, { email, password }) {
  const answer = await fetch(`${url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok) throw new Error(`signing in as ${email}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).token;
}

/** Signs a browser's profile in, as its pages do. */
export async function signInBrowser(context, url, { email, password }) {
  const answer = await context.request.post(`${url}/api/auth/sign-in/email`, {
    data: { email, password },
    headers: { origin: url },
  });
  if (!answer.ok()) throw new Error(`signing in as ${email}: ${answer.status()} ${await answer.text()}`);
}

/** Waits until a page of the app has its heading and nothing on it is loading any more. */
export async function settled(page) {
  await page.locator('h1').first().waitFor();
  await page.locator('.animate-pulse').first().waitFor({ state: 'detached' });
}
