import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../src/network/data/dataset.ts';
import { checkBatches } from '../../src/trial/data.ts';
import type { TrialSetup } from '../../src/trial/setup.ts';

const dataset = { train: { count: 100 } } as unknown as Dataset;
const check = (setup: object) => checkBatches(setup as TrialSetup, dataset);

describe('checkBatches', () => {
  it('refuses a step of more images than there are, and says whose', () => {
    const own = { baseline: { batchSize: 100 }, batch: 101 };
    expect(() => check(own)).toThrow(/^trial\.batchSize: a step of 101 images needs more than the 100/);
    expect(() => check({ baseline: { batchSize: 101 }, batch: 10 })).toThrow(/^baseline\.batchSize/);
  });

  it('takes as many as there are, and does not ask about what is not trained', () => {
    expect(() => check({ baseline: { batchSize: 100 }, batch: 100 })).not.toThrow();
    expect(() => check({ baseline: { batchSize: 500, epochs: 0 } })).not.toThrow();
  });
});
