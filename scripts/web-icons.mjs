// Draws the PNG icons of the web app from its SVG: node scripts/web-icons.mjs (needs chromium; CHROMIUM=/path for another).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT } from './house.mjs';

const folder = join(ROOT, 'apps', 'web', 'public');
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  for (const size of [192, 512]) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px}</style>${svg}`);
    writeFileSync(join(folder, `icon-${size}.png`), await page.screenshot());
    await page.close();
  }
} finally {
  await browser.close();
}
