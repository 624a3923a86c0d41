/**
 * How quick the page of `nas ui` is with a large study. The study is SYNTHETIC: its rows are generated (from a real space,
 * with results of a formula), nothing was trained; only the screen is measured.
 *
 *   npm run build && npx tsx experiments/web-speed/web-speed.ts [--trials 20000] [--opens 5]
 *
 * Needs Debian's chromium, which draws on the CPU here. Writes results/web-speed/web-speed.json and .md.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { madeUpStudy, writeMadeUp } from '../../test/fixtures/made-up-study.ts';
import { launch } from '../../test/ui/browser.ts';

const { values } = parseArgs({
  options: { trials: { type: 'string', default: '20000' }, opens: { type: 'string', default: '5' } },
});
const trials = Number(values.trials);
const main = fileURLToPath(new URL('../../dist/bin/nas.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'web-speed-'));
const db = join(folder, 'synthetic.db');
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

/** `nas ui` as a user starts it; it says its address when it has read the study. */
function startServer(): Promise<{ readonly url: string; readonly ms: number; stop(): void }> {
  const startedAt = performance.now();
  const args = [main, 'ui', '--db', db, '--no-open', '--port', '0'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve) => {
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) =>
        resolve({ url: text.trim(), ms: performance.now() - startedAt, stop: () => child.kill('SIGINT') }),
      );
  });
}

/** Milliseconds from the start of the navigation until the front is on the screen. */
async function open(
  browser: Browser,
  url: string,
): Promise<{ readonly page: Page; readonly ms: number; readonly cpuMs: number }> {
  const cpuBefore = browserCpuMs();
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url, { waitUntil: 'commit' });
  const drawn = "performance.getEntriesByName('front drawn')[0]?.startTime ?? null";
  for (;;) {
    const ms = (await page.evaluate(drawn)) as number | null;
    if (ms !== null) return { page, ms, cpuMs: browserCpuMs() - cpuBefore };
    await page.waitForTimeout(100);
  }
}

/** Frames a second while the mouse drags the zoomed front to and fro, and the longest wait for a frame. */
async function pan(
  page: Page,
  seconds: number,
): Promise<{ readonly framesPerSecond: number; readonly slowestMs: number; readonly cpuMsPerFrame: number }> {
  const box = (await page.locator('#chart-front').boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -120);
  await page.waitForTimeout(1500);
  await page.evaluate(
    'globalThis.frames_ = []; (function tick(t) { frames_.push(t); requestAnimationFrame(tick); })(performance.now())',
  );
  const cpuBefore = browserCpuMs();
  await page.mouse.down();
  const end = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < end; i++) await page.mouse.move(x + 120 * Math.sin(i / 12), y + 60 * Math.cos(i / 15));
  const frames = (await page.evaluate('frames_')) as readonly number[];
  await page.mouse.up();
  const cpu = browserCpuMs() - cpuBefore;
  const gaps = frames.slice(1).map((at, i) => at - frames[i]!);
  return {
    framesPerSecond: (1000 * gaps.length) / (frames.at(-1)! - frames[0]!),
    slowestMs: Math.max(...gaps),
    cpuMsPerFrame: cpu / gaps.length,
  };
}

/** Processor time of all processes of the browser so far, by /proc: 100 ticks a second. */
function browserCpuMs(): number {
  const stats = readdirSync('/proc').flatMap((pid) => {
    const file = `/proc/${pid}/stat`;
    const text = /^\d+$/.test(pid) && existsSync(file) ? readFileSync(file, 'utf8') : '';
    return text.includes('(chromium)') ? [text.slice(text.lastIndexOf(')') + 2).split(' ')] : [];
  });
  return stats.reduce((sum, fields) => sum + 10 * (Number(fields[11]) + Number(fields[12])), 0);
}

/** Runnable processes of the last minute, before anything of this started. */
const loadBefore = loadavg()[0]!;

writeMadeUp(db, madeUpStudy({ name: 'synthetic', space: 'resnet.yaml', trials, workers: 8, fails: (trial) => trial % 97 === 5 }));
const server = await startServer();
const browser = await launch();
try {
  const first = await open(browser, server.url);
  const again: { readonly ms: number; readonly cpuMs: number }[] = [];
  for (let i = 0; i < Number(values.opens); i++) {
    const { page, ...took } = await open(browser, server.url);
    again.push(took);
    await page.close();
  }
  await first.page.bringToFront();
  const panning = await pan(first.page, 5);
  const result = {
    what: 'SYNTHETIC study: generated rows, to measure the screen; nothing was trained',
    trials,
    databaseBytes: statSync(db).size,
    serverStartMs: Math.round(server.ms),
    firstOpenMs: Math.round(first.ms),
    laterOpenMs: Math.round(median(again.map(({ ms }) => ms))),
    laterOpenCpuMs: Math.round(median(again.map(({ cpuMs }) => cpuMs))),
    panFramesPerSecond: Number(panning.framesPerSecond.toFixed(1)),
    panCpuMsPerFrame: Number(panning.cpuMsPerFrame.toFixed(1)),
    panSlowestFrameMs: Math.round(panning.slowestMs),
    processor: cpus()[0]!.model,
    cores: cpus().length,
    otherLoad: Number(loadBefore.toFixed(1)),
    chromium: browser.version(),
  };
  const out = fileURLToPath(new URL('../../results/web-speed/', import.meta.url));
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'web-speed.json'), `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(join(out, 'web-speed.md'), markdown(result));
  process.stdout.write(markdown(result));
} finally {
  await browser.close();
  server.stop();
  rmSync(folder, { recursive: true, force: true });
}

function markdown(result: Record<string, string | number>): string {
  return `# The page of \`nas ui\` with ${trials} trials

Made by \`npx tsx experiments/web-speed/web-speed.ts\`. The study is **synthetic**: its rows are generated, nothing was trained; only the screen is measured. Chromium ${result['chromium']} draws on the CPU (${result['processor']}, ${result['cores']} cores), which also runs the server. Load of the machine before it started: ${result['otherLoad']}.

| | |
| --- | ---: |
| database | ${(Number(result['databaseBytes']) / 1e6).toFixed(0)} MB |
| the server starts: it reads the study and says its address | ${result['serverStartMs']} ms |
| first opening: the page loads and draws the front | ${result['firstOpenMs']} ms |
| later openings (median of ${values.opens}) | ${result['laterOpenMs']} ms |
| processor time of all of the browser for one of these openings | ${result['laterOpenCpuMs']} ms |
| frames a second while the zoomed front is dragged for 5 s | ${result['panFramesPerSecond']} |
| processor time of the browser for one of these frames | ${result['panCpuMsPerFrame']} ms |
| longest wait for one of these frames | ${result['panSlowestFrameMs']} ms |
`;
}
