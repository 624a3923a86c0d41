import { appendFile, cp, mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type DataSpec, dataSpecSchema, loadDataset } from '../../../src/network/data/index.ts';
import { picture, plain, writePictures } from '../../fixtures/pictures.ts';
import { emptyMachine, temporaryFolder } from './helpers.ts';

type More = Partial<Pick<DataSpec, 'validation' | 'limit' | 'size' | 'colour'>>;

/** `reads`: how many pictures were decoded. */
async function load(folder: string, more: More = {}, cache = folder) {
  let reads = 0;
  const progress = ({ stage, done }: { stage: string; done: number }) => {
    if (stage === 'read images') reads = done;
  };
  const spec = dataSpecSchema.parse({ name: 'images', folder, validation: 2, size: 4, ...more });
  const data = await loadDataset(spec, { progress }, emptyMachine(cache));
  return { ...data, reads };
}

const red = plain([200, 0, 0]);
const green = plain([0, 100, 0]);

/** Six pictures a class in `part`, so many that something can be held out. */
const some = (part: string) =>
  Object.fromEntries(
    Array.from({ length: 6 }, (_, i) => [
      [`${part}rot/${i}.png`, red.clone()],
      [`${part}gruen/tief/${i}.png`, green.clone()],
    ]).flat() as [string, typeof red][],
  );

async function folderWith(...parts: Parameters<typeof writePictures>[1][]): Promise<string> {
  const folder = await temporaryFolder();
  await writePictures(folder, Object.assign({}, ...parts));
  return folder;
}

const counts = ({ train, validation, test }: Awaited<ReturnType<typeof load>>) => [train.count, validation.count, test.count];

describe('images: your own pictures', () => {
  it('takes train and test, and holds out of train', async () => {
    const data = await load(await folderWith(some('train/'), some('test/')));
    expect(data.classes).toEqual(['gruen', 'rot']);
    expect(data.shape).toEqual([3, 4, 4]);
    expect(counts(data)).toEqual([10, 2, 12]);
    expect([...data.validation.labels]).toEqual([0, 1]);
    expect(data.reads).toBe(24);
    for (const { images, labels } of [data.train, data.validation, data.test]) {
      expect(images.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(labels.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it('tells apart more classes than a byte has, also when the pictures were kept', async () => {
    const colourOf = (label: number): [number, number, number] => [label % 256, Math.floor(label / 256), 0];
    const pictures = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`c${String(i >> 1).padStart(3, '0')}/${i % 2}.png`, plain(colourOf(i >> 1))]),
    );
    const [folder, cache] = [await folderWith(pictures), await temporaryFolder()];
    for (const reads of [600, 0]) {
      const data = await load(folder, { validation: 20 }, cache);
      expect([data.classes.length, data.reads]).toEqual([300, reads]);
      const seen = [data.train, data.validation, data.test].flatMap(({ images, labels, count }) =>
        Array.from({ length: count }, (_, i) => [labels[i]!, images[48 * i]! + 256 * images[48 * i + 16]!] as const),
      );
      expect(seen).toHaveLength(600);
      expect(seen.every(([label, colour]) => label === colour)).toBe(true);
      expect(Math.max(...data.train.labels)).toBe(299);
    }
  });

  it('takes train and test in any letters, and does not follow a link back to where it came from', async () => {
    const at = await folderWith(some('Train/'), some('TEST/'));
    await symlink(at, join(at, 'Train', 'rot', 'back'));
    expect(counts(await load(at))).toEqual([10, 2, 12]);
  });

  it.each(['val', 'valid', 'validation'])(
    'takes %s for what a search looks at, or for the end where there is no test',
    async (name) => {
      const three = await load(await folderWith(some('train/'), some('test/'), some(`${name}/`)));
      expect(counts(three)).toEqual([12, 12, 12]);
      const two = await load(await folderWith(some('train/'), some(`${name}/`)));
      expect(counts(two)).toEqual([10, 2, 12]);
    },
  );

  it('takes a fifth of every class for the end where nothing says what is for it', async () => {
    const data = await load(await folderWith(some('')));
    expect(counts(data)).toEqual([8, 2, 2]);
    expect([...data.test.labels]).toEqual([0, 1]);
  });

  it('sees every channel on its own plane, and normalises it by itself', async () => {
    const data = await load(await folderWith(some('train/'), some('test/')));
    const of = (label: number) => {
      const place = data.test.labels.indexOf(label);
      return [...data.test.images.subarray(place * 48, (place + 1) * 48)];
    };
    expect(of(1)).toEqual([...Array<number>(16).fill(200), ...Array<number>(32).fill(0)]);
    expect(of(0)).toEqual([...Array<number>(16).fill(0), ...Array<number>(16).fill(100), ...Array<number>(16).fill(0)]);
    const { mean, std } = data.normalization;
    expect(mean.map((each) => each * 255)).toEqual([expect.closeTo(100, 9), expect.closeTo(50, 9), 0]);
    expect(std.map((each) => each * 255)).toEqual([expect.closeTo(100, 9), expect.closeTo(50, 9), 255]);
  });

  it('keeps pixels in their places, and scales what is larger', async () => {
    const pixels = Array.from({ length: 2 * 3 * 3 }, (_, i) => i * 10);
    const folder = await folderWith(some(''), { 'rot/0.png': picture(pixels, 3), 'gruen/big.png': plain([9, 8, 7], 40, 20) });
    const { train, test, validation } = await load(folder, { size: [2, 3] });
    const all = [train, test, validation].flatMap(({ images, count }) =>
      Array.from({ length: count }, (_, i) => [...images.subarray(i * 18, (i + 1) * 18)]),
    );
    const [r, g, b] = [0, 1, 2].map((c) => pixels.filter((_, i) => i % 3 === c));
    expect(all).toContainEqual([...r!, ...g!, ...b!]);
    expect(all).toContainEqual([9, 8, 7].flatMap((value) => Array<number>(6).fill(value)));
  });

  it('cuts the middle out of what has other proportions', async () => {
    const wide = Array.from({ length: 2 * 6 }, (_, i) => (i % 6 >= 2 && i % 6 < 4 ? [255, 255, 255] : [0, 0, 0])).flat();
    const folder = await folderWith(some('train/'), some('test/'), { 'test/rot/0.png': picture(wide, 6) });
    const { test } = await load(folder, { size: 2 });
    expect([...test.images.subarray(6 * 12, 7 * 12)]).toEqual(Array<number>(12).fill(255));
  });

  it('takes grey, transparent, deep and turned pictures', async () => {
    const halves = Array.from({ length: 64 }, (_, i) => (i % 8 < 4 ? [255, 0, 0] : [0, 0, 255])).flat();
    const folder = await folderWith(some('train/'), some('test/'), {
      'test/rot/0.png': picture([10, 20, 30, 40], 2, 1),
      'test/rot/1.png': picture([255, 255, 255, 0, 255, 255, 255, 0, 1, 2, 3, 255, 4, 5, 6, 255], 2, 4),
      'test/rot/2.png': picture([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2).toColourspace('rgb16'),
      // Red left, blue right; to be turned by a quarter, so that red is above.
      'test/rot/3.png': picture(halves, 8).withMetadata({ orientation: 6 }),
    });
    const { test } = await load(folder, { size: 2 });
    const at = (i: number) => [...test.images.subarray((6 + i) * 12, (7 + i) * 12)];
    expect(at(0)).toEqual([10, 20, 30, 40, 10, 20, 30, 40, 10, 20, 30, 40]);
    expect(at(1)).toEqual([0, 0, 1, 4, 0, 0, 2, 5, 0, 0, 3, 6]);
    expect(at(2)).toEqual([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]);
    expect(
      at(3)
        .slice(0, 2)
        .every((value) => value > 200),
    ).toBe(true);
    expect(
      at(3)
        .slice(2, 4)
        .every((value) => value < 50),
    ).toBe(true);
  });

  it('makes them grey where the network sees one channel', async () => {
    const folder = await folderWith(some('train/'), some('test/'), { 'test/rot/0.png': plain([50, 50, 50]) });
    const { shape, test } = await load(folder, { colour: 'grey' });
    expect(shape).toEqual([1, 4, 4]);
    expect([...test.images.subarray(6 * 16, 7 * 16)]).toEqual(Array<number>(16).fill(50));
  });

  it('reads the kinds of files that it names', async () => {
    const kinds = ['jpg', 'JPEG', 'webp', 'gif', 'tiff', 'tif', 'avif', 'png'];
    const more = Object.fromEntries(kinds.map((kind) => [`train/rot/x.${kind}`, plain([200, 0, 0], 16, 16)]));
    const data = await load(await folderWith(some('train/'), some('test/'), more), { size: 8 });
    expect(data.train.count + data.validation.count).toBe(12 + kinds.length);
    const means = Array.from(data.train.labels).flatMap((label, i) => (label === 1 ? [data.train.images[i * 192 + 20]!] : []));
    expect(Math.min(...means)).toBeGreaterThan(190);
    expect(Math.max(...means)).toBeLessThan(210);
  });

  it('looks at files of other kinds and hidden ones as little as a file browser does', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    await writeFile(join(folder, 'train/rot/.DS_Store'), 'x');
    await writeFile(join(folder, 'train/rot/._0.png'), 'x');
    await writeFile(join(folder, 'train/rot/notes.txt'), 'x');
    await mkdir(join(folder, 'train/.cache'));
    expect(counts(await load(folder))).toEqual([10, 2, 12]);
  });
});

describe('pictures that were decoded before', () => {
  it('are not decoded again', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    const cache = await temporaryFolder();
    const first = await load(folder, {}, cache);
    const again = await load(folder, {}, cache);
    expect([first.reads, again.reads]).toEqual([24, 0]);
    expect({ ...again, reads: 24 }).toEqual(first);
    expect((await load(folder, { validation: 4, limit: 5 }, cache)).reads).toBe(0);
    expect((await load(folder, { size: 5 }, cache)).reads).toBe(24);
  });

  it('are once one has changed, was added or is gone', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    const cache = await temporaryFolder();
    const hashes = [(await load(folder, {}, cache)).hash];
    const changes = [
      () => writePictures(folder, { 'train/rot/3.png': plain([201, 0, 0]) }),
      () => writePictures(folder, { 'train/rot/9.png': plain([200, 0, 0]) }),
      () => rm(join(folder, 'train/gruen/tief/1.png')),
    ];
    for (const change of changes) {
      await change();
      const data = await load(folder, {}, cache);
      expect(data.reads).toBeGreaterThan(20);
      hashes.push(data.hash);
    }
    expect(new Set(hashes).size).toBe(4);
    const kept = await readdir(join(cache, 'cache/images'));
    expect(kept).toHaveLength(1);
  });

  it('are where what was kept is damaged', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    const cache = await temporaryFolder();
    const { hash } = await load(folder, {}, cache);
    const [kept] = await readdir(join(cache, 'cache/images'));
    const file = join(cache, 'cache/images', kept!, 'train.images');
    await writeFile(file, new Uint8Array(12 * 48));
    expect(await load(folder, {}, cache)).toMatchObject({ hash, reads: 24 });
    await appendFile(file, 'x');
    expect(await load(folder, {}, cache)).toMatchObject({ hash, reads: 24 });
    expect(await load(folder, {}, cache)).toMatchObject({ hash, reads: 0 });
  });

  it('are the same data wherever the folder lies, and whenever it was written', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    const copy = join(await temporaryFolder(), 'copy');
    await cp(folder, copy, { recursive: true });
    await utimes(join(copy, 'train/rot/0.png'), 1, 1);
    expect((await load(copy)).hash).toBe((await load(folder)).hash);
  });
});

describe('pictures that cannot be', () => {
  it.each([
    ['no folder', (at: string) => rm(at, { recursive: true }), 'DATA_MISSING', /there is no data folder/],
    [
      'no training images',
      (at: string) => rm(join(at, 'train'), { recursive: true }),
      'DATA_MISSING',
      /there is test, but no train/,
    ],
    [
      'one class',
      (at: string) => rm(join(at, 'train/rot'), { recursive: true }),
      'DATA_MISSING',
      /train has one folder\. It needs a folder for every class/,
    ],
    [
      'a file that is none',
      (at: string) => writeFile(join(at, 'train/rot/2.png'), 'no picture'),
      'DATA_CORRUPT',
      /train\/rot\/2\.png: cannot be read as a picture/,
    ],
    [
      'a kind that is not known',
      (at: string) => writeFile(join(at, 'test/rot/a.BMP'), 'x'),
      'DATA_CORRUPT',
      /a\.BMP: cannot be read: convert it to one of \.jpg/,
    ],
    [
      'a class of the test that training lacks',
      (at: string) => rename(join(at, 'test/rot'), join(at, 'test/blau')),
      'DATA_CORRUPT',
      /test\/blau: is of a class that there are no training pictures of/,
    ],
    ['a class without pictures', (at: string) => mkdir(join(at, 'train/leer')), 'DATA_CORRUPT', /train\/leer: holds no pictures/],
  ])('refuses %s', async (_, change, code, message) => {
    const folder = await folderWith(some('train/'), some('test/'));
    await change(folder);
    const cache = await temporaryFolder();
    await expect(load(folder, {}, cache)).rejects.toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
  });

  it('names the picture that broke off', async () => {
    const folder = await folderWith(some('train/'), some('test/'), { 'train/rot/8.jpg': plain([1, 2, 3], 64, 64) });
    const { readFile } = await import('node:fs/promises');
    const whole = await readFile(join(folder, 'train/rot/8.jpg'));
    await writeFile(join(folder, 'train/rot/8.jpg'), whole.subarray(0, whole.length >> 1));
    await expect(load(folder)).rejects.toThrow(/rot\/8\.jpg: cannot be read as a picture/);
  });

  it('says what takes too much memory before it reads anything', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    const names = Array.from({ length: 1400 }, (_, i) => `train/rot/many-${i}.png`);
    for (const name of names) await writeFile(join(folder, name), '');
    await expect(load(folder, { size: 1024 })).rejects.toMatchObject({
      code: 'DATA_TOO_LARGE',
      message: expect.stringMatching(
        /1424 pictures of 3×1024×1024 take 4\.2 GiB of memory, more than 4\. Set a smaller data\.size/,
      ),
    });
  });

  it('says what to install where pictures cannot be read at all', async () => {
    vi.doMock('sharp', () => {
      throw new Error('Could not load the "sharp" module\nand much more');
    });
    onTestFinished(() => {
      vi.doUnmock('sharp');
    });
    const folder = await folderWith(some('train/'), some('test/'));
    await expect(load(folder)).rejects.toMatchObject({
      code: 'DATA_READER',
      message: expect.stringMatching(/the package sharp is not there or does not run.*npm install sharp brings it\.$/),
    });
  });

  it('says what a link to nowhere is', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    await symlink(join(folder, 'nowhere'), join(folder, 'train/grau'));
    await expect(load(folder)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(/cannot be looked through/),
    });
  });

  it('holds out no more than there is', async () => {
    const folder = await folderWith(some('train/'), some('test/'));
    await expect(load(folder, { validation: 12 })).rejects.toMatchObject({ code: 'DATA_TOO_SMALL' });
  });

  it.each([
    [{ name: 'images', folder: 'x', size: 0 }, 'size'],
    [{ name: 'images', folder: 'x', size: [32] }, 'size'],
    [{ name: 'images', folder: 'x', colour: 'blue' }, 'colour'],
    [{ name: 'images' }, 'folder'],
    [{ name: 'fashion-mnist', size: 32 }, 'size'],
    [{ name: 'idx', folder: 'x', colour: 'grey' }, 'colour'],
  ])('refuses %j at %s', (spec, key) => {
    expect(dataSpecSchema.safeParse(spec).error?.issues.map((issue) => issue.path[0])).toEqual([key]);
  });
});
