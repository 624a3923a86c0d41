import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Debian's browser. Pages are tested where it is installed: `apt-get install chromium`. */
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export const hasChromium = existsSync(chromiumPath);

if (!hasChromium) process.stderr.write(`No ${chromiumPath}: the tests of the web page are skipped (CHROMIUM names another).\n`);

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A microphone that beeps.
  '--use-fake-device-for-media-stream',
];

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: chromiumPath, args: flags });

/** A busy machine draws slowly: waits end as soon as what they wait for is there. */
export const soon = { timeout: 30_000 } as const;
export const patience = { timeout: 180_000 } as const;

/** A page, and everything that it complained about. */
export async function openPage(
  browser: Browser | BrowserContext,
  url: string,
  viewport = { width: 1100, height: 800 },
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  await page.setViewportSize(viewport);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.waitForSelector('#chart-front canvas');
  return { page, complaints };
}
