import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataSpecSchema, loadDataset } from '../../../src/network/data/index.ts';
import { encodeIdx, realFashionFolder, writeDrawnShapes, writeTinyFashion } from '../../fixtures/data.ts';
import { emptyMachine, quiet, smallFiles, temporaryFolder, writeGz } from './helpers.ts';

async function load(folder: string, more: { validation?: number; limit?: number } = {}) {
  return loadDataset(dataSpecSchema.parse({ name: 'idx', folder, validation: 3, ...more }), quiet, emptyMachine(folder));
}

async function folderWith(files: Record<string, Buffer>): Promise<string> {
  const folder = await temporaryFolder();
  await writeGz(folder, files);
  return folder;
}

describe('idx: your own folder', () => {
  it('takes sizes, classes and normalisation from the files', async () => {
    const data = await load(await folderWith(smallFiles()));
    expect(data.shape).toEqual([1, 2, 3]);
    expect(data.classes).toEqual(['0', '1', '2']);
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([9, 3, 6]);
    expect(new Set(data.validation.labels)).toEqual(new Set([0, 1, 2]));
    // Bytes 0 … 71: mean 35.5, variance (72² - 1) / 12.
    expect(data.normalization.mean[0]).toBeCloseTo(35.5 / 255, 12);
    expect(data.normalization.std[0]).toBeCloseTo(Math.sqrt((72 ** 2 - 1) / 12) / 255, 12);
    expect([...data.test.images.subarray(6, 12)]).toEqual([6, 7, 8, 9, 10, 11]);
    for (const split of [data.train, data.validation, data.test]) {
      expect(split.images.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(split.labels.buffer).toBeInstanceOf(SharedArrayBuffer);
    }
  });

  it('reads unpacked files too, with the same hash', async () => {
    const packed = await folderWith(smallFiles());
    const unpacked = await temporaryFolder();
    for (const [name, content] of Object.entries(smallFiles())) await writeFile(join(unpacked, name), content);
    expect((await load(unpacked)).hash).toBe((await load(packed)).hash);
  });

  it('has another hash for other content, another hold-out and another limit', async () => {
    const folder = await folderWith(smallFiles());
    const other = await folderWith(smallFiles({ train: 13 }));
    const hashes = [
      await load(folder),
      await load(other),
      await load(folder, { validation: 4 }),
      await load(folder, { limit: 5 }),
    ];
    expect(new Set(hashes.map((data) => data.hash)).size).toBe(4);
    expect(hashes[0]!.hash).toBe((await load(folder)).hash);
    expect(hashes[3]!.train.count).toBe(5);
  });

  it('takes 256 classes', async () => {
    const data = await load(await folderWith(smallFiles({ train: 512, test: 256, classes: 256 })));
    expect(data.classes).toHaveLength(256);
  });

  it('reports its progress', async () => {
    const seen: string[] = [];
    const folder = await folderWith(smallFiles());
    const progress = (p: { stage: string; done: number; total: number }) => seen.push(`${p.stage} ${p.done}/${p.total}`);
    await loadDataset(dataSpecSchema.parse({ name: 'idx', folder, validation: 3 }), { progress }, emptyMachine(folder));
    expect(seen).toEqual([0, 1, 2, 3, 4].map((n) => `read data ${n}/4`));
  });

  const small = smallFiles();
  it.each([
    [
      'fewer labels than images',
      { ...small, 'train-labels-idx1-ubyte': encodeIdx([11], new Uint8Array(11)) },
      /train-labels.*11 labels for 12 images/,
    ],
    [
      'test images of another size',
      { ...small, 't10k-images-idx3-ubyte': encodeIdx([6, 3, 2], new Uint8Array(36)) },
      /t10k-images.*3×2.*2×3/,
    ],
    [
      'a test class that training lacks',
      { ...small, 't10k-labels-idx1-ubyte': encodeIdx([6], Uint8Array.of(0, 1, 2, 0, 9, 2)) },
      /t10k-labels.*label 9 of image 4/,
    ],
    [
      'labels in the place of images',
      { ...small, 'train-images-idx3-ubyte': small['train-labels-idx1-ubyte']! },
      /train-images.*magic/,
    ],
  ])('refuses %s', async (_, files, message) => {
    const folder = await folderWith(files);
    await expect(load(folder)).rejects.toMatchObject({ code: 'DATA_CORRUPT', message: expect.stringMatching(message) });
  });

  it('says which file is not there', async () => {
    const folder = await folderWith(smallFiles());
    await rm(join(folder, 't10k-images-idx3-ubyte.gz'));
    await expect(load(folder)).rejects.toMatchObject({
      code: 'DATA_MISSING',
      facts: { folder, file: 't10k-images-idx3-ubyte.gz' },
      exitCode: 2,
    });
    await expect(load(join(folder, 'nowhere'))).rejects.toThrow(/there is no data folder .*nowhere"\.$/);
  });

  it('refuses to hold out more than there is', async () => {
    const folder = await folderWith(smallFiles());
    await expect(load(folder, { validation: 5000 })).rejects.toMatchObject({
      code: 'DATA_TOO_SMALL',
      facts: { validation: 5000, images: 12 },
    });
  });
});

describe('dataSpecSchema', () => {
  it('fills the default in', () => {
    expect(dataSpecSchema.parse({ name: 'fashion-mnist' })).toEqual({ name: 'fashion-mnist', validation: 5000 });
  });

  it.each([
    [{ name: 'idx' }, 'folder'],
    [{ name: 'fashion-minst' }, 'name'],
    [{ name: 'fashion-mnist', validation: 0 }, 'validation'],
    [{ name: 'fashion-mnist', validation: 2.5 }, 'validation'],
    [{ name: 'fashion-mnist', limit: -1 }, 'limit'],
    [{ name: 'fashion-mnist', folder: '' }, 'folder'],
  ])('refuses %j at %s', (spec, key) => {
    expect(dataSpecSchema.safeParse(spec).error?.issues.map((issue) => issue.path.join('.'))).toEqual([key]);
  });

  it('refuses keys that it does not know', () => {
    expect(dataSpecSchema.safeParse({ name: 'fashion-mnist', folders: 'x' }).error?.issues[0]).toMatchObject({
      keys: ['folders'],
    });
  });
});

describe('the fixture', () => {
  it.each([
    ['tiny Fashion-MNIST', writeTinyFashion],
    ['drawn shapes', writeDrawnShapes],
  ])('%s is readable and repeats itself', async (_, write) => {
    const [first, second] = [await temporaryFolder(), await temporaryFolder()];
    for (const folder of [first, second]) await write(folder, { train: 200, test: 50 });
    const data = await load(first, { validation: 40 });
    expect([data.train.count, data.validation.count, data.test.count, data.classes.length]).toEqual([160, 40, 50, 10]);
    expect(data.shape).toEqual([1, 28, 28]);
    expect((await load(second, { validation: 40 })).hash).toBe(data.hash);
  });

  it.skipIf(!realFashionFolder())('takes the real images where there are some', async () => {
    const folder = await temporaryFolder();
    await writeTinyFashion(folder, { train: 100, test: 10 });
    expect([...(await load(folder)).test.labels]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
  });

  it('draws shapes that the nearest class mean tells apart', async () => {
    const folder = await temporaryFolder();
    await writeDrawnShapes(folder, { train: 300, test: 100 });
    const { train, test } = await load(folder);
    const means = Array.from({ length: 10 }, () => new Float64Array(784));
    for (const [i, label] of train.labels.entries()) {
      for (let j = 0; j < 784; j++) means[label]![j]! += train.images[i * 784 + j]! / 30;
    }
    const distance = (image: number, mean: Float64Array) =>
      mean.reduce((sum, value, j) => sum + (value - test.images[image * 784 + j]!) ** 2, 0);
    const right = test.labels.filter((label, i) => {
      const distances = means.map((mean) => distance(i, mean));
      return distances.indexOf(Math.min(...distances)) === label;
    });
    expect(right.length).toBeGreaterThan(60);
  });
});
