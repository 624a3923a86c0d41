import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Split } from '../../../src/network/data/dataset.ts';
import { dataSpecSchema, loadDataset } from '../../../src/network/data/index.ts';
import { realFashionFolder } from '../../fixtures/data.ts';
import { emptyMachine, quiet, temporaryFolder } from './helpers.ts';

const real = realFashionFolder();

/** The authors' own files: MD5 as published at github.com/zalandoresearch/fashion-mnist, and the time in the gzip header. */
const published = {
  'train-images-idx3-ubyte': { md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d', time: 1504176606 },
  'train-labels-idx1-ubyte': { md5: '25c81989df183df01b3e8a0aad5dffbe', time: 1504176606 },
  't10k-images-idx3-ubyte': { md5: 'bef4ecab320f06d8554ea6380940ec79', time: 1504176627 },
  't10k-labels-idx1-ubyte': { md5: 'bb300cfdad3c16e7a12a480ee83cd310', time: 1504176627 },
};

const classCounts = ({ labels }: Split) =>
  Array.from({ length: 10 }, (_, label) => labels.filter((other) => other === label).length);

async function load(folder: string, more = {}) {
  return loadDataset(
    dataSpecSchema.parse({ name: 'fashion-mnist', folder, ...more }),
    quiet,
    emptyMachine(await temporaryFolder()),
  );
}

describe.skipIf(!real)('Fashion-MNIST', () => {
  it('is the official one, with 500 validation images of each class', async () => {
    const data = await load(real!);
    expect(data.shape).toEqual([1, 28, 28]);
    expect(data.classes[9]).toBe('Ankle boot');
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([55_000, 5_000, 10_000]);
    expect([...data.test.labels.subarray(0, 10)]).toEqual([9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    expect(classCounts(data.validation)).toEqual(Array(10).fill(500));
    expect(classCounts(data.train)).toEqual(Array(10).fill(5500));
    expect(classCounts(data.test)).toEqual(Array(10).fill(1000));
    expect(data.normalization.mean[0]).toBeCloseTo(0.286, 4);
    expect(data.normalization.std[0]).toBeCloseTo(0.353, 4);
    expect(data.hash).toBe('ba8bffce70192013453dd41483db1099c71987d40db5f4636353e67e868e66c3');
  });

  it("takes the authors' own files, which differ from Debian's in the gzip header", async () => {
    const folder = await temporaryFolder();
    for (const [name, { md5, time }] of Object.entries(published)) {
      const bytes = withGzipHeader(await readFile(join(real!, `${name}.gz`)), name, time);
      expect(createHash('md5').update(bytes).digest('hex')).toBe(md5);
      await writeFile(join(folder, `${name}.gz`), bytes);
    }
    const data = await load(folder, { validation: 1000, limit: 2000 });
    expect(classCounts(data.validation)).toEqual(Array(10).fill(100));
    expect(classCounts(data.train)).toEqual(Array(10).fill(200));
  });
});

/** Puts the original's name and time (seconds) into a gzip header, whatever it had of both (RFC 1952). */
function withGzipHeader(bytes: Buffer, name: string, time: number): Buffer {
  const hasName = (bytes[3]! & 8) !== 0;
  const body = hasName ? bytes.subarray(bytes.indexOf(0, 10) + 1) : bytes.subarray(10);
  const header = Buffer.from(bytes.subarray(0, 10));
  header[3] = 8;
  header.writeUInt32LE(time, 4);
  return Buffer.concat([header, Buffer.from(`${name}\0`), body]);
}
