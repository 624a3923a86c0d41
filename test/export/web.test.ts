import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '../../src/core/rng.ts';
import type { ExportSource } from '../../src/export/formats/format.ts';
import { web } from '../../src/export/formats/web.ts';
import { webDocument } from '../../src/export/web/document.ts';
import type { WebFacts } from '../../src/export/web/facts.ts';
import { softmax, tensorOf } from '../../src/export/web/page/tensor.ts';
import { writeFolder } from '../../src/export/write.ts';
import { createLogMel } from '../../src/network/data/sounds/log-mel.ts';
import { encodePng } from '../fixtures/png.ts';
import { onnxLogits, shippedEar, shippedModels } from '../fixtures/shipped.ts';
import { encodeWav, tone } from '../fixtures/sounds.ts';
import { hasChromium, launch } from '../ui/browser.ts';

let folder: string;
let browser: Browser;
const servers: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nas-web-'));
  if (hasChromium) browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  for (const server of servers) server.kill();
  await rm(folder, { recursive: true, force: true });
});

/** The bundle as a user serves it; its address. */
async function serve(source: ExportSource, name: string): Promise<string> {
  const target = join(folder, name);
  await writeFolder(target, await web.files(source));
  const server = spawn(process.execPath, ['serve.mjs', '0'], { cwd: join(target, 'web'), stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  return new Promise((resolve) => {
    server.stdout.once('data', (address: Buffer) => resolve(String(address).trim()));
  });
}

const answered = (page: Page, times: number) => page.waitForSelector(`body[data-answered="${times}"]`);

/** By class, from the page itself. */
async function logitsOf(page: Page): Promise<Record<string, number>> {
  const rows = await page.locator('#answers li').all();
  const entries = rows.map(async (row) => [await row.getAttribute('data-name'), Number(await row.getAttribute('data-logit'))]);
  return Object.fromEntries(await Promise.all(entries)) as Record<string, number>;
}

/** Pixels [H, W, C] of a picture, and what the network is to see of it. */
function picture({ input }: ExportSource, seed: number): { pixels: Uint8Array; tensor: Float32Array } {
  const [channels, height, width] = input.shape;
  const rng = createRng('picture', seed);
  const pixels = Uint8Array.from({ length: height * width * channels }, () => rng.int(256));
  const tensor = new Float32Array(pixels.length);
  pixels.forEach((pixel, i) => {
    const channel = i % channels;
    tensor[channel * height * width + Math.floor(i / channels)] = (pixel / 255 - input.mean[channel]!) / input.std[channel]!;
  });
  return { pixels, tensor };
}

describe.runIf(hasChromium)('web bundle in Chromium', () => {
  it.each(['a float MobileNet', 'a pruned ResNet in 8-bit integers'])(
    '%s answers as onnxruntime-node does, on the same pictures',
    async (name) => {
      const source = await shippedModels[name]!();
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(await serve(source, name.replaceAll(' ', '-')));
      await answered(page, 1);
      const [, height, width] = source.input.shape;
      for (const seed of [1, 2]) {
        const { pixels, tensor } = picture(source, seed);
        const file = { name: 'picture.png', mimeType: 'image/png', buffer: encodePng(pixels, width, height) };
        await page.setInputFiles('#file', file);
        await answered(page, 1 + seed);
        const logits = await logitsOf(page);
        const expected = await onnxLogits(source, tensor);
        source.classes.forEach((label, i) => {
          expect(logits[label], label).toBeCloseTo(expected[i]!, 4);
        });
        const best = source.classes[expected.indexOf(Math.max(...expected))];
        expect(await page.textContent('#best')).toBe(best);
      }
      expect(await page.textContent('#latency')).toMatch(/^[\d.]+ ms a picture in this browser/);
      expect(complaints).toEqual([]);
      await page.close();
    },
    60_000,
  );

  it('takes what is drawn, swaps light and dark, and says what is no picture', { timeout: 60_000 }, async () => {
    const source = await shippedModels['a float ResNet']!();
    const page = await browser.newPage();
    await page.goto(await serve(source, 'drawn'));
    await answered(page, 1);
    const blank = await logitsOf(page);
    const box = (await page.locator('#pad').boundingBox())!;
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 200, box.y + 200, { steps: 4 });
    await page.mouse.up();
    await answered(page, 2);
    const drawn = await logitsOf(page);
    expect(drawn).not.toEqual(blank);
    await page.check('#swap');
    await answered(page, 3);
    expect(await logitsOf(page)).not.toEqual(drawn);
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
    await page.waitForSelector('#status:text("no picture")');
    await page.uncheck('#swap');
    await answered(page, 4);
    await page.click('#clear');
    await answered(page, 5);
    expect(await logitsOf(page)).toEqual(blank);
    await page.close();
  });

  it('of a network for sounds hears files and the microphone', { timeout: 60_000 }, async () => {
    const sound = { rate: 8000, seconds: 0.5, window: 256, hop: 160, mels: 40, decibels: 90 };
    const source = await shippedEar(sound);
    const context = await browser.newContext({ permissions: ['microphone'] });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(await serve(source, 'sound'));
    await answered(page, 1);
    const silence = await logitsOf(page);
    expect(await page.locator('#play').isDisabled()).toBe(true);
    const samples = tone(700, 8000, 0.5);
    const file = { name: 'a.wav', mimeType: 'audio/wav', buffer: encodeWav([samples], 8000) };
    await page.setInputFiles('#file', file);
    await answered(page, 2);
    const [mean, std] = [source.input.mean[0]!, source.input.std[0]!];
    const tensor = Float32Array.from(createLogMel(sound)(samples), (pixel) => (pixel / 255 - mean) / std);
    const expected = await onnxLogits(source, tensor);
    const logits = await logitsOf(page);
    source.classes.forEach((label, i) => {
      // A sample of 16 bits is not quite what it was: some pixels are one level off.
      expect(Math.abs(logits[label]! - expected[i]!), label).toBeLessThan(0.02);
    });
    expect(logits).not.toEqual(silence);
    expect(await page.textContent('#latency')).toMatch(/^[\d.]+ ms a sound in this browser/);
    await page.click('#record');
    await answered(page, 3);
    expect(await logitsOf(page)).not.toEqual(silence);
    await page.click('#play');
    await page.setInputFiles('#file', { name: 'b.wav', mimeType: 'audio/wav', buffer: Buffer.from('no sound') });
    await page.waitForSelector('#status:text("no sound")');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('opened as a file, says how to serve it', { timeout: 60_000 }, async () => {
    const page = await browser.newPage();
    await page.goto(`file://${join(folder, 'drawn', 'web', 'index.html')}`);
    expect(await page.locator('#served').isVisible()).toBe(true);
    expect(await page.textContent('#served')).toContain('node serve.mjs');
    await page.close();
  });
});

const facts: WebFacts = {
  study: '<b>&"',
  trial: 3,
  bytes: 7139,
  testAccuracy: 0.7388,
  testImages: 10,
  classes: ['a', 'b'],
  input: { name: 'x', shape: [1, 1, 2], mean: [0.5], std: [0.25] },
};

describe('web bundle', () => {
  it('serves its folder and nothing beside it', async () => {
    const address = await serve(await shippedModels['a float ResNet']!(), 'served');
    const page = await fetch(address);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await page.text()).toContain('odd */ &lt;name&gt;');
    expect((await fetch(`${address}ort/ort-wasm-simd-threaded.wasm`, { method: 'HEAD' })).headers.get('content-type')).toBe(
      'application/wasm',
    );
    for (const path of ['/', '..%2f..%2fmodel.onnx', 'nothing', '%zz', 'ort'])
      expect((await fetch(address + path)).status, path).toBe(404);
  });

  it('escapes names in the page', () => {
    const html = webDocument(facts);
    expect(html).toContain('<h1>&lt;b&gt;&amp;&quot;, trial 3</h1>');
    expect(html).toContain('7.14 kB · 73.88 % accuracy');
  });

  it('turns pixels into what the network was trained on', () => {
    const rgba = [255, 255, 255, 255, 100, 0, 50, 255];
    const close = (actual: Float32Array, expected: readonly number[]) =>
      expected.forEach((value, i) => {
        expect(actual[i]).toBeCloseTo(value, 5);
      });
    const grey = Math.round(0.299 * 100 + 0.114 * 50);
    close(tensorOf(rgba, facts.input, false), [(1 - 0.5) / 0.25, (grey / 255 - 0.5) / 0.25]);
    close(tensorOf(rgba, facts.input, true), [(0 - 0.5) / 0.25, ((255 - grey) / 255 - 0.5) / 0.25]);
    const colour = { ...facts.input, shape: [3, 1, 2] as const, mean: [0, 0, 0.5], std: [1, 1, 0.5] };
    close(tensorOf(rgba, colour, false), [1, 100 / 255, 1, 0, 1, (50 / 255 - 0.5) / 0.5]);
    expect(softmax([1000, 1000])).toEqual([0.5, 0.5]);
  });
});
