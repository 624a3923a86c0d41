import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type DataSpec, dataSpecSchema, loadDataset } from '../../../src/network/data/index.ts';
import { soundView } from '../../../src/network/data/sound-folder.ts';
import { createLogMel, type LogMel, melBands } from '../../../src/network/data/sounds/log-mel.ts';
import { encodeWav, tone } from '../../fixtures/sounds.ts';
import { emptyMachine, temporaryFolder } from './helpers.ts';

/** Real speech, in all formats. */
const prompts = fileURLToPath(new URL('../../fixtures/prompts', import.meta.url));

type More = Partial<Pick<DataSpec, 'validation' | 'seconds' | 'rate' | 'mels' | 'hop'>>;

/** `reads`: how many files were decoded. */
async function load(folder: string, more: More = {}, cache = folder) {
  let reads = 0;
  const progress = ({ stage, done }: { stage: string; done: number }) => {
    if (stage === 'read sounds') reads = done;
  };
  const spec = dataSpecSchema.parse({ name: 'sounds', folder, validation: 2, rate: 8000, seconds: 0.5, ...more });
  const data = await loadDataset(spec, { progress }, emptyMachine(cache));
  return { ...data, reads };
}

/** Six sounds a class, low and high ones. */
async function tones(folder: string): Promise<string> {
  for (const [name, hertz] of Object.entries({ low: 300, high: 2000 })) {
    for (const part of ['train', 'test']) {
      await mkdir(join(folder, part, name), { recursive: true });
      for (let i = 0; i < 3; i++)
        await writeFile(join(folder, part, name, `${i}.wav`), encodeWav([tone(hertz, 8000, 0.5)], 8000));
    }
  }
  return folder;
}

const spec: LogMel = { rate: 8000, seconds: 0.5, window: 256, hop: 160, mels: 40, decibels: 90 };

/** A file as an image [mels][frames]. */
async function seen(folder: string, bytes: Buffer, name = 'a.wav', more: Parameters<typeof soundView>[0] = {}) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const view = soundView({ rate: 8000, seconds: 0.5, ...more });
  const image = await (await view.reader())({ path, name, label: 0, size: 0, changed: 0 });
  const [, mels, frames] = view.shape;
  expect(image).toHaveLength(mels * frames);
  return Array.from({ length: mels }, (_, band) => [...image.subarray(band * frames, (band + 1) * frames)]);
}

/** The band that is loudest in a frame. */
const loudest = (image: readonly number[][], frame: number) => {
  const column = image.map((row) => row[frame]!);
  return column.indexOf(Math.max(...column));
};

describe('the log-mel spectrogram', () => {
  it('is what its definition gives, by a sum over all samples', () => {
    const samples = Float32Array.from(tone(440, 8000, 0.5), (value, i) => 0.5 * value + 0.2 * Math.sin(i ** 1.7 / 50));
    const image = createLogMel(spec)(samples);
    const bands = melBands(spec);
    for (const frame of [0, 7, 23]) {
      const power = Array.from({ length: 129 }, (_, bin) => {
        let [re, im] = [0, 0];
        for (let n = 0; n < 256; n++) {
          const value = samples[frame * 160 + n]! * Math.sin((Math.PI * n) / 256) ** 2;
          re += value * Math.cos((2 * Math.PI * bin * n) / 256);
          im -= value * Math.sin((2 * Math.PI * bin * n) / 256);
        }
        return re * re + im * im;
      });
      bands.forEach(({ first, weights }, band) => {
        const energy = [...weights].reduce((sum, weight, i) => sum + weight * power[first + i]!, 0);
        const level = 1 + Math.log10((4 * energy) / 256 ** 2) / 9;
        expect(Math.abs(image[band * 24 + frame]! - 255 * Math.min(1, Math.max(0, level)))).toBeLessThanOrEqual(0.51);
      });
    }
  });

  it('has bands that share every frequency between the peaks among them', () => {
    const bands = melBands({ rate: 16_000, window: 512, mels: 40 });
    const peak = ({ first, weights }: (typeof bands)[number]) => first + weights.indexOf(Math.max(...weights));
    const sums = Array.from({ length: 257 }, (_, bin) =>
      bands.reduce((sum, { first, weights }) => sum + (weights[bin - first] ?? 0), 0),
    );
    for (let bin = peak(bands[0]!) + 1; bin < peak(bands.at(-1)!); bin++) expect(sums[bin]).toBeCloseTo(1, 9);
    expect(bands.at(-1)!.first + bands.at(-1)!.weights.length).toBeLessThanOrEqual(257);
  });

  it('is black where nothing is heard', () => {
    expect(createLogMel(spec)(new Float32Array(4000)).every((pixel) => pixel === 0)).toBe(true);
  });
});

describe('a sound', () => {
  it('has its loudest band where its pitch is, at any rate of the file', async () => {
    const folder = await temporaryFolder();
    const of = (hertz: number, rate: number) => seen(folder, encodeWav([tone(hertz, rate, 0.5)], rate));
    const [low, high] = [await of(440, 8000), await of(2500, 8000)];
    expect(loudest(low, 10)).toBeLessThan(loudest(high, 10));
    for (const rate of [11_025, 16_000, 44_100, 48_000]) {
      const other = await of(440, rate);
      expect(loudest(other, 10)).toBe(loudest(low, 10));
      const row = loudest(low, 10);
      for (const frame of [5, 10, 15]) expect(Math.abs(other[row]![frame]! - low[row]![frame]!)).toBeLessThan(4);
    }
  });

  it('is looked at in its middle, with silence around a short one', async () => {
    const folder = await temporaryFolder();
    const silence = new Float32Array(4000);
    const long = Float32Array.from([...silence, ...tone(1000, 8000, 0.5), ...silence]);
    expect(await seen(folder, encodeWav([long], 8000))).toEqual(await seen(folder, encodeWav([tone(1000, 8000, 0.5)], 8000)));
    const short = await seen(folder, encodeWav([tone(1000, 8000, 0.1)], 8000));
    const loud = (frame: number) => Math.max(...short.map((row) => row[frame]!));
    expect([loud(0), loud(23)]).toEqual([0, 0]);
    expect(loud(12)).toBeGreaterThan(150);
  });

  it('of two channels is their mean', async () => {
    const folder = await temporaryFolder();
    const wave = tone(700, 8000, 0.5);
    const both = await seen(folder, encodeWav([wave, wave], 8000));
    expect(both).toEqual(await seen(folder, encodeWav([wave], 8000)));
    const opposed = await seen(folder, encodeWav([wave, wave.map((value) => -value)], 8000));
    expect(Math.max(...opposed.flat())).toBeLessThan(60);
  });

  it('of real speech is read in every format, with the energy of speech', async () => {
    const files = ['English/c.flac', 'English/x.mp3', 'English/0.ogg', 'English/11.wav', 'Italian/11.aiff', 'Italian/17.ogg'];
    const view = soundView({ rate: 8000 });
    const read = await view.reader();
    for (const name of [...files, 'English/h-15.opus']) {
      const image = await read({ path: join(prompts, 'train', name), name, label: 0, size: 0, changed: 0 });
      const mean = image.reduce((sum, pixel) => sum + pixel, 0) / image.length;
      expect(mean, name).toBeGreaterThan(20);
      expect(Math.max(...image), name).toBeGreaterThan(140);
    }
  });
});

describe('sounds: your own recordings', () => {
  it('are a data set like pictures, decoded once', async () => {
    const [folder, cache] = [await tones(await temporaryFolder()), await temporaryFolder()];
    const data = await load(folder, {}, cache);
    expect(data).toMatchObject({ name: 'sounds', classes: ['high', 'low'], shape: [1, 40, 24], sound: spec, reads: 12 });
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([4, 2, 6]);
    const again = await load(folder, {}, cache);
    expect([again.reads, again.hash]).toEqual([0, data.hash]);
    const finer = await load(folder, { hop: 10 }, cache);
    expect([finer.reads, finer.shape[2]]).toEqual([12, 49]);
    expect(finer.hash).not.toBe(data.hash);
    // Both are kept.
    expect((await load(folder, {}, cache)).reads).toBe(0);
    await writeFile(join(folder, 'train/low/3.wav'), encodeWav([tone(310, 8000, 0.5)], 8000));
    expect((await load(folder, {}, cache)).reads).toBe(13);
  });

  it('are seen as usual where nothing else is said', async () => {
    expect(soundView({}).shape).toEqual([1, 40, 49]);
    expect(soundView({}).preparation.sound).toMatchObject({ rate: 16_000, window: 512, hop: 320, seconds: 1 });
    expect(soundView({ rate: 44_100, seconds: 2, mels: 64, hop: 25 }).preparation.sound).toMatchObject({
      window: 2048,
      hop: 1103,
    });
  });

  it.each([
    ['no sound', '0.wav', 'no sound', /train\/low\/0\.wav: cannot be read as a sound/],
    ['an empty file', '0.wav', '', /train\/low\/0\.wav: holds no sound/],
    ['a header alone', '0.wav', encodeWav([new Float32Array(0)], 8000), /train\/low\/0\.wav: holds no sound/],
    ['what is no FLAC', 'a.flac', 'fLaC', /train\/low\/a\.flac: (?:cannot be read as a sound|holds no sound)/],
    ['what is no Ogg', 'a.ogg', 'OggS', /train\/low\/a\.ogg: (?:cannot be read as a sound|holds no sound)/],
    ['what is no MP3', 'a.mp3', 'ID3', /train\/low\/a\.mp3: (?:cannot be read as a sound|holds no sound)/],
    ['what is no Opus', 'a.opus', 'OggS', /train\/low\/a\.opus: (?:cannot be read as a sound|holds no sound)/],
    ['what is no AIFF', 'a.aiff', 'FORM', /train\/low\/a\.aiff: (?:cannot be read as a sound|holds no sound)/],
    ['a kind that is not known', 'a.M4A', 'x', /a\.M4A: cannot be read: convert it to one of \.wav/],
  ])('refuses %s', async (_, name, content, message) => {
    const [folder, cache] = [await tones(await temporaryFolder()), await temporaryFolder()];
    await writeFile(join(folder, 'train/low', name), content);
    await expect(load(folder, {}, cache)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('says what leaves nothing to see', async () => {
    const folder = await tones(await temporaryFolder());
    await expect(load(folder, { seconds: 0.01 })).rejects.toMatchObject({
      code: 'DATA_SOUND',
      message: expect.stringMatching(/data\.seconds: 0\.01 s are shorter than one window of the spectrogram, 0\.032 s/),
      facts: { where: 'data.seconds' },
    });
    await expect(load(folder, { mels: 128 })).rejects.toMatchObject({
      code: 'DATA_SOUND',
      message: expect.stringMatching(/data\.mels: 128 bands stand closer than what a window of 0\.032 s tells apart/),
    });
    const odd = dataSpecSchema.safeParse({ name: 'images', folder: 'x', mels: 40 });
    expect(odd.error?.issues[0]).toMatchObject({
      path: ['mels'],
      message: 'only data of spoken-prompts, sounds have `mels`: leave it out',
    });
  });
});

describe('spoken-prompts', () => {
  it('is not what has other recordings', async () => {
    const root = await temporaryFolder();
    const folders = ['en_US_f_Allison', 'es_MX_f_Allison', 'fr_CA_f_June', 'it_IT_m_Carlo', 'ru_RU_f_IvrvoiceRU'];
    for (const folder of folders) await cp(join(prompts, 'train/English'), join(root, folder), { recursive: true });
    const spec = (folder?: string) => dataSpecSchema.parse({ name: 'spoken-prompts', validation: 2, folder });
    const quiet = { progress: () => undefined };
    await expect(loadDataset(spec(root), quiet, emptyMachine(root))).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(/en_US_f_Allison: the SHA-256 of its recordings is [0-9a-f]{64}, not /),
    });
    await rm(join(root, folders[4]!), { recursive: true });
    const error = await loadDataset(spec(), quiet, { ...emptyMachine(root), prompts: root }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'DATA_MISSING', exitCode: 2 });
    for (const way of ['cache: ', "Debian's package: ", "Debian's packages, downloaded: ", 'asterisk-core-sounds-fr-wav'])
      expect((error as Error).message).toContain(way);
    expect(await readdir(join(root, 'cache'))).toEqual([]);
  });
});
