import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { report } from '../../src/cli/commands/report.ts';
import { madeUpStudy, writeMadeUp } from '../fixtures/made-up-study.ts';
import { hasChromium, launch, openPage, patience, soon } from '../ui/browser.ts';

describe('nas report', () => {
  let folder: string;
  let db: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nas-report-'));
    db = join(folder, 'nas.db');
    writeMadeUp(db, madeUpStudy({ trials: 30, fails: (trial) => trial === 9 }));
    writeMadeUp(db, madeUpStudy({ name: 'empty', trials: 0 }));
    writeMadeUp(db, madeUpStudy({ name: 'failed|study', trials: 3, fails: () => true }));
    await report({ db, study: 'made-up', out: join(folder, 'out', 'report.html') });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('writes the page, every chart as SVG and PNG, and a summary that links them', async () => {
    const files = await readdir(join(folder, 'out', 'report-charts'));
    expect(files).toEqual(
      expect.arrayContaining(['front.svg', 'front.png', 'parallel.svg', 'layers.png', 'timeline.png', 'curves.svg']),
    );
    expect((await readFile(join(folder, 'out', 'report-charts', 'front.png'))).subarray(1, 4).toString()).toBe('PNG');
    const summary = await readFile(join(folder, 'out', 'report.md'), 'utf8');
    expect(summary).toMatch(/^# made-up: .* smaller than the dense network\n\n30 trials \(29 done, 1 failed\)/);
    expect(summary).toContain('| trial | accuracy | size |');
    expect(summary).toContain('- 1 × DIVERGED: the loss became NaN in epoch 1. (trial 9)');
    expect(summary).toMatch(/--study made-up --trial \d+ --out model/);
    for (const [, path] of summary.matchAll(/\]\((report-charts\/[^)]+)\)/g)) expect(files).toContain(path!.split('/')[1]);
  });

  it('reports a study that only failed, and refuses one that has nothing', async () => {
    await report({ db, study: 'failed|study', out: join(folder, 'failed.html') });
    const summary = await readFile(join(folder, 'failed.md'), 'utf8');
    expect(summary).toContain('no model keeps every constraint');
    expect(summary).toContain('- 3 × DIVERGED');
    await expect(report({ db, study: 'empty', out: join(folder, 'empty.html') })).rejects.toMatchObject({
      code: 'REPORT_NOTHING',
    });
    await expect(report({ db, study: 'nothing', out: join(folder, 'x.html') })).rejects.toMatchObject({ code: 'STUDY_MISSING' });
    await expect(report({ db, out: join(folder, 'x.pdf') })).rejects.toMatchObject({ code: 'REPORT_NAME' });
  });

  it.skipIf(!hasChromium)('opens from the disk, and asks for nothing else', patience, async () => {
    const browser = await launch();
    const file = pathToFileURL(join(folder, 'out', 'report.html')).href;
    const asked: string[] = [];
    const context = await browser.newContext();
    context.on('request', (request) => asked.push(request.url()));
    const { page, complaints } = await openPage(context, `${file}#trial=3`);
    expect(await page.textContent('#panel-title')).toBe('Trial 3');
    await page.locator('.card-layers').scrollIntoViewIfNeeded();
    await expect.poll(() => page.textContent('#chart-layers-words'), soon).toContain('Trial 3 keeps');
    expect(await page.isVisible('text=Copy export command')).toBe(true);
    expect(await page.isVisible('text=Export …')).toBe(false);
    expect(asked.map((url) => url.split('#')[0])).toEqual([file]);
    expect(complaints).toEqual([]);
    await browser.close();
  });
});
