import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { detailsOf, headOf } from '../../src/cli/study-picture.ts';
import type { StudyStatus } from '../../src/core/control.ts';
import { openStore } from '../../src/store/index.ts';
import { createApp } from '../../src/ui/app.ts';
import { pageAssets } from '../../src/ui/assets.ts';
import { Library } from '../../src/ui/library.ts';
import { type Listening, listen } from '../../src/ui/server.ts';
import { madeUpStudy, writeMadeUp } from '../fixtures/made-up-study.ts';
import { hasChromium, launch, openPage, patience, soon } from './browser.ts';

/** The page in a real browser, on a study whose numbers are made up. */
describe.skipIf(!hasChromium)('the page of nas ui', () => {
  const study = madeUpStudy({ trials: 60, fails: (trial) => trial === 9 });
  /** Trial 40 runs. */
  const half = 1 + 3 * 40 + 2;
  const status: StudyStatus = {
    at: 1,
    paused: false,
    workers: 2,
    budget: { trials: 60, seconds: null },
    running: [
      {
        worker: 0,
        trial: 40,
        progress: { stage: 'train', done: 3, total: 4, epoch: 2, epochs: 2, loss: 0.456 },
        curve: [0.9, 0.6, 0.456].map((loss, i) => ({ epoch: (i + 1) / 2, loss })),
      },
    ],
  };
  const exported: string[] = [];
  let folder: string;
  let db: string;
  let server: Listening;
  let browser: Browser;
  let address: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nas-ui-'));
    db = join(folder, 'nas.db');
    writeMadeUp(db, study, half);
    writeMadeUp(db, madeUpStudy({ name: 'other', trials: 20, seed: '2' }));
    const app = createApp({
      library: new Library({ db, headOf: (record) => headOf(record, db), statusOf: () => status }),
      assets: await pageAssets(),
      host: '127.0.0.1',
      token: 'secret',
      study: 'made-up',
      detailsOf,
      exportTrial: async (name, trial, out) => {
        exported.push(`${name} ${trial} ${out}`);
        return `${out}/model.onnx`;
      },
      pollMs: 50,
    });
    server = await listen(app, '127.0.0.1', 0);
    address = `http://127.0.0.1:${server.port}/`;
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('loads, follows the search, and chooses a point by a click', patience, async () => {
    const search = openStore(db, { mode: 'write' });
    const lease = search.lease('made-up');
    const { page, complaints } = await openPage(browser, address);
    await expect.poll(() => page.textContent('.status'), soon).toContain('39 done · 1 running · 1 failed');
    await page.locator('.card-curves').scrollIntoViewIfNeeded();
    await expect
      .poll(() => page.textContent('#chart-curves-words'), soon)
      .toContain('Trial 40 runs: loss 0.456 after 1.5 epochs.');
    lease.release();
    search.close();
    writeMadeUp(db, { ...study, events: study.events.slice(half) });
    await expect.poll(() => page.textContent('.status'), soon).toContain('59 done · 1 failed');
    await page.locator('.card-front').scrollIntoViewIfNeeded();
    await clickSomePoint(page);
    const trial = hashOf(page).get('trial');
    expect(trial).toMatch(/^\d+$/);
    await expect.poll(() => page.textContent('#panel-title'), soon).toBe(`Trial ${trial}`);
    await page.locator('.card-layers').scrollIntoViewIfNeeded();
    await expect.poll(() => page.textContent('#chart-layers-words'), soon).toMatch(`Trial ${trial} keeps`);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('filters by a drag in the parallel coordinates, in all views', patience, async () => {
    const { page, complaints } = await openPage(browser, address);
    const canvas = page.locator('#chart-parallel');
    await canvas.scrollIntoViewIfNeeded();
    await page.waitForSelector('#chart-parallel canvas');
    const box = (await canvas.boundingBox())!;
    // The last axis is the size; its upper end are the large models.
    const x = box.x + box.width - 70;
    await page.mouse.move(x, box.y + 100);
    await page.mouse.down();
    await page.mouse.move(x, box.y + 180, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => hashOf(page).get('keep'), soon).toMatch(/^size:/);
    const kept = Number((await page.textContent('.filters .muted'))!.split(' ')[0]);
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(59);
    await expect.poll(() => page.textContent('.card-table .toolbar .muted'), soon).toBe(`${kept} of 60`);
    await page.click('.filters .chip');
    await expect.poll(() => hashOf(page).get('keep'), soon).toBe(null);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is worked by keys, and a link carries what it shows', patience, async () => {
    const { page } = await openPage(browser, address);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('c');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('c');
    await page.keyboard.press('3');
    await page.keyboard.press('t');
    await expect.poll(() => page.locator('.card-compare thead button').count(), soon).toBe(2);
    const other = await openPage(browser, page.url(), { width: 390, height: 844 });
    await expect.poll(() => other.page.locator('.card-compare thead button').count(), soon).toBe(2);
    expect(await other.page.textContent('#panel-title')).toBe(await page.textContent('#panel-title'));
    expect(await other.page.getAttribute('html', 'data-theme')).toBe('light');
    expect(await other.page.textContent('#chart-front-words')).toContain('Pareto front, with a line down');
    const widths = await other.page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
    expect(widths).toEqual([390, 390]);
    await page.keyboard.press('?');
    expect(await page.isVisible('dialog .keys')).toBe(true);
    await Promise.all([page.close(), other.page.close()]);
  });

  it('compares with another study, and exports', patience, async () => {
    const { page, complaints } = await openPage(browser, `${address}#trial=3`);
    await page.check('.card-compare input[type=checkbox]');
    await expect.poll(() => page.textContent('.card-compare caption'), soon).toContain('in the frame of made-up');
    await page.click('text=Export …');
    await page.fill('#export-folder', 'my-model');
    await page.click('dialog button[type=submit]');
    await expect.poll(() => page.textContent('dialog .said'), soon).toBe('my-model/model.onnx');
    expect(exported).toEqual(['made-up 3 my-model']);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it.each(['light', 'dark'] as const)('is accessible to all as far as axe can tell, in the %s', patience, async (colorScheme) => {
    const { page } = await openPage(browser, `${address}#trial=3&with=1,2&keep=size%3A0%3A200000&theme=${colorScheme}`);
    await page.click('text=Add a filter');
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await violations(page)).toEqual([]);
    await page.close();
  });
});

const hashOf = (page: Page) => new URLSearchParams(new URL(page.url()).hash.slice(1));

/** Clicks from place to place until one hits a point. */
async function clickSomePoint(page: Page): Promise<void> {
  const box = (await page.locator('#chart-front').boundingBox())!;
  for (let y = 20; y < box.height; y += 6) {
    for (let x = 70; x < box.width; x += 24) {
      await page.mouse.click(box.x + x, box.y + y);
      if (hashOf(page).has('trial')) return;
    }
  }
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe-core finds wrong; its code is run by the debugger, which no page policy binds. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly Violation[];
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}
