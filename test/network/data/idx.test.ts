import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readIdx } from '../../../src/network/data/idx.ts';
import { encodeIdx } from '../../fixtures/data.ts';
import { temporaryFolder } from './helpers.ts';

describe('readIdx', () => {
  it('reads what was written, packed and unpacked, into shared memory', async () => {
    const folder = await temporaryFolder();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.boolean(), async (data, packed) => {
        const content = encodeIdx([data.length], data);
        const path = join(folder, packed ? 'labels.gz' : 'labels');
        await writeFile(path, packed ? gzipSync(content) : content);
        const file = await readIdx(path, 1);
        expect(Buffer.from(file.data)).toEqual(Buffer.from(data));
        expect(file.sizes).toEqual([data.length]);
        expect(file.data.buffer).toBeInstanceOf(SharedArrayBuffer);
        expect(file.sha256).toBe(createHash('sha256').update(content).digest('hex'));
      }),
      { numRuns: 20 },
    );
  });

  it('keeps the row-major order over chunk borders', async () => {
    const folder = await temporaryFolder();
    const data = Uint8Array.from({ length: 3 * 1000 * 900 }, (_, i) => (i * 31) % 251);
    const path = join(folder, 'images.gz');
    await writeFile(path, gzipSync(encodeIdx([3, 1000, 900], data), { level: 1 }));
    const file = await readIdx(path, 3);
    expect(file.sizes).toEqual([3, 1000, 900]);
    expect(Buffer.compare(Buffer.from(file.data), Buffer.from(data))).toBe(0);
  });

  const good = encodeIdx([2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  const wrongMagic = Buffer.from(good);
  wrongMagic[2] = 0x0d;
  const bomb = encodeIdx([1, 2, 2], new Uint8Array(40_000_000));
  it.each([
    ['wrong magic', gzipSync(wrongMagic), /magic number is 0x00000d03, not 0x00000803/],
    ['other dimensions', gzipSync(encodeIdx([8], new Uint8Array(8))), /magic number is 0x00000801/],
    ['short', gzipSync(good.subarray(0, 20)), /ends after 4 of the 8 bytes that its header announces 2×2×2/],
    ['one byte too long', gzipSync(Buffer.concat([good, Buffer.of(9)])), /more than the 8 bytes/],
    ['far too large', gzipSync(bomb), /more than the 4 bytes/],
    ['inside the header', gzipSync(good.subarray(0, 9)), /ends after 9 bytes, inside the header/],
    ['nothing', gzipSync(Buffer.alloc(0)), /ends after 0 bytes/],
    ['no images', gzipSync(encodeIdx([0, 28, 28], new Uint8Array(0))), /announces 0×28×28, 0 bytes/],
    ['absurd sizes', gzipSync(encodeIdx([4e9, 4e9, 4e9], new Uint8Array(4))), /announces 4000000000×/],
    ['not gzip', good, /cannot be read \(incorrect header check\)/],
    ['torn gzip', gzipSync(good).subarray(0, 25), /cannot be read \(unexpected end of file\)/],
    ['an empty file', Buffer.alloc(0), /bytes, inside the header|unexpected end/],
  ])('refuses a file that is %s', async (_, bytes, message) => {
    const path = join(await temporaryFolder(), 'images.gz');
    await writeFile(path, bytes);
    await expect(readIdx(path, 3)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(message),
      facts: { file: path },
    });
  });

  it('refuses a folder', async () => {
    await expect(readIdx(await temporaryFolder(), 1)).rejects.toMatchObject({
      code: 'DATA_CORRUPT',
      message: expect.stringMatching(/EISDIR/),
    });
  });
});
