/**
 * Pictures of the page of `nas ui`, on a study that was really searched, with the model chosen that the page suggests first:
 *
 *   npm run build && npx nas search --space quick.yaml --trials 40 --db study.db
 *   npx tsx experiments/web-pictures/web-pictures.ts study.db
 *
 * Writes results/ui/desktop-light.png, desktop-dark.png and phone.png. Needs Debian's chromium.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launch } from '../../test/ui/browser.ts';

const [db] = process.argv.slice(2);
if (!db) throw new Error('usage: web-pictures.ts DATABASE');
const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const out = fileURLToPath(new URL('../../results/ui/', import.meta.url));

interface Picture {
  readonly file: string;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
}

async function take(browser: Browser, url: string, { file, hash, width, height }: Picture): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: 1.5 });
  await page.goto(`${url}#${hash}`);
  await page.waitForSelector('#chart-front canvas');
  await page.click('.picks .pick');
  // Cards are drawn when they come into sight.
  for (let y = 0; y < 3200; y += 600) {
    await page.mouse.wheel(0, 600);
    await page.waitForTimeout(400);
  }
  await page.mouse.wheel(0, -9999);
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(out, file) });
  await page.close();
}

const child = spawn(process.execPath, [main, 'ui', '--db', db, '--no-open', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise<string>((resolve) =>
  child.stdout.setEncoding('utf8').on('data', (text: string) => resolve(text.trim())),
);
const browser = await launch();
mkdirSync(out, { recursive: true });
await take(browser, url, { file: 'desktop-light.png', hash: 'theme=light', width: 1440, height: 1360 });
await take(browser, url, { file: 'desktop-dark.png', hash: 'view=3d&theme=dark', width: 1440, height: 1360 });
await take(browser, url, { file: 'phone.png', hash: 'theme=light', width: 390, height: 1800 });
await browser.close();
child.kill('SIGINT');
