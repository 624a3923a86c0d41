import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptySplit, type Split } from '../../../src/network/data/dataset.ts';
import { apportion, holdOut, normalizationOf, stratifiedChoice } from '../../../src/network/data/split.ts';

/** Image i is the two bytes (i, label). */
function numbered(labels: readonly number[]): Split {
  const split = emptySplit(labels.length, 2);
  for (const [i, label] of labels.entries()) {
    split.images.set([i, label], 2 * i);
    split.labels[i] = label;
  }
  return split;
}

const idsOf = ({ images, count }: Split) => Array.from({ length: count }, (_, i) => images[2 * i]!);

describe('apportion', () => {
  it('hands out the total, each share within one of its exact value', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }), fc.nat(999), (sizes, part) => {
        const sum = sizes.reduce((a, b) => a + b, 0);
        fc.pre(sum > 0);
        const total = Math.floor((sum * part) / 1000);
        const shares = apportion(sizes, total);
        expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
        for (const [i, share] of shares.entries()) {
          expect(Math.abs(share - (total * sizes[i]!) / sum)).toBeLessThan(1);
          expect(share).toBeLessThanOrEqual(sizes[i]!);
        }
      }),
    );
  });

  it('gives the largest remainders the rest', () => expect(apportion([5, 3, 2], 5)).toEqual([3, 1, 1]));
});

describe('holdOut', () => {
  const labels = fc.array(fc.nat(4), { minLength: 2, maxLength: 60 });

  it('parts the images: none lost, none twice, labels stay with them, classes keep their share', () => {
    fc.assert(
      fc.property(labels, fc.nat(100), (labels, part) => {
        const all = numbered(labels);
        const count = 1 + (part % (labels.length - 1));
        const { train, validation } = holdOut(all, count, undefined);
        expect(validation.count).toBe(count);
        expect([...idsOf(train), ...idsOf(validation)].sort((a, b) => a - b)).toEqual(labels.map((_, i) => i));
        for (const split of [train, validation]) {
          for (const [i, id] of idsOf(split).entries()) expect(split.labels[i]).toBe(labels[id]);
        }
        const held = (label: number) => validation.labels.filter((other) => other === label).length;
        const exact = (label: number) => (labels.filter((other) => other === label).length * count) / labels.length;
        for (const label of labels) expect(Math.abs(held(label) - exact(label))).toBeLessThan(1);
      }),
    );
  });

  it('is the same every time, and `limit` leaves the validation images alone', () => {
    const all = numbered(Array.from({ length: 60 }, (_, i) => i % 4));
    const first = holdOut(all, 12, undefined);
    const limited = holdOut(all, 12, 20);
    expect(idsOf(holdOut(all, 12, undefined).validation)).toEqual(idsOf(first.validation));
    expect(idsOf(limited.validation)).toEqual(idsOf(first.validation));
    expect(limited.train.count).toBe(20);
    expect(idsOf(first.train)).toEqual(expect.arrayContaining(idsOf(limited.train)));
    expect(idsOf(first.validation)).not.toEqual(Array.from({ length: 12 }, (_, i) => i));
  });

  it('a limit beyond what is there takes all', () => {
    expect(holdOut(numbered([0, 1, 0, 1]), 2, 100).train.count).toBe(2);
  });

  it('refuses to hold everything out', () => {
    expect(() => holdOut(numbered([0, 1, 0]), 3, undefined)).toThrow(
      expect.objectContaining({ code: 'DATA_TOO_SMALL', message: expect.stringMatching(/a smaller number, such as 1\.$/) }),
    );
  });

  it('depends on its purpose', () => {
    const labels = Uint8Array.from({ length: 100 }, (_, i) => i % 2);
    expect(stratifiedChoice(labels, 20, 'validation')).not.toEqual(stratifiedChoice(labels, 20, 'limit'));
  });
});

describe('normalizationOf', () => {
  it('is the mean and standard deviation of pixel / 255', () => {
    const split = { ...emptySplit(1, 4), count: 1 };
    split.images.set([0, 0, 255, 255]);
    expect(normalizationOf(split)).toEqual({ mean: [0.5], std: [0.5] });
  });

  it('survives images without any variation', () => {
    const split = emptySplit(2, 3);
    split.images.fill(51);
    expect(normalizationOf(split)).toEqual({ mean: [0.2], std: [1] });
  });
});
