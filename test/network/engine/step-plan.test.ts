import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepPlan } from '../../../src/network/engine/step-plan.ts';

const subset = { fraction: 0.25, epochs: 0.5 };
const plan = (settings: object, images = 64) =>
  stepPlan({ images, recipe: { epochs: 2, batchSize: 16, ...settings } as never, seed: 'a' });

describe('the steps of a training', () => {
  it('go over all images in every epoch where no subset is asked for', () => {
    const { passes, steps } = plan({ epochs: 2.5 });
    expect(steps).toBe(10);
    expect(passes).toEqual([
      { epoch: 1, first: 0, end: 4 },
      { epoch: 2, first: 4, end: 8 },
      { epoch: 3, first: 8, end: 10 },
    ]);
  });

  it('are as many fewer as early epochs have fewer images', () => {
    const { passes, steps } = plan({ epochs: 4, subset });
    expect(steps).toBe(1 + 1 + 4 + 4);
    expect(passes.map(({ first, end, images }) => [first, end, images?.length])).toEqual([
      [0, 1, 16],
      [1, 2, 16],
      [2, 6, undefined],
      [6, 10, undefined],
    ]);
    expect(passes[1]!.images).toEqual(passes[0]!.images);
  });

  it('are those of one batch at least', () => {
    expect(plan({ subset: { fraction: 0.01, epochs: 1 } }).passes.map(({ images }) => images!.length)).toEqual([16, 16]);
    expect(plan({ epochs: 0.01, subset }).steps).toBe(1);
  });

  it('draw the subset from the seed, every image once', () => {
    const chosen = (seed: string) => {
      const recipe = { epochs: 1, batchSize: 4, subset: { fraction: 0.5, epochs: 1 } };
      return stepPlan({ images: 40, recipe, seed }).passes[0]!.images!;
    };
    expect(new Set(chosen('a')).size).toBe(20);
    expect(chosen('a')).toEqual(chosen('a'));
    expect(chosen('a')).not.toEqual(chosen('b'));
  });

  it('with rungs of data go over more images from rung to rung, those of the rung before among them', () => {
    const { passes, steps, ends } = stepPlan({
      images: 64,
      recipe: { epochs: 4, batchSize: 4, rungs: 'data' },
      seed: 'a',
      restarts: [1, 2, 4],
    });
    expect(ends).toEqual([16, 32, 64]);
    expect(steps).toBe(64);
    expect(passes.map(({ first, images }) => [first, images?.length])).toEqual([
      ...[0, 4, 8, 12].map((first) => [first, 16]),
      ...[16, 24].map((first) => [first, 32]),
      ...[32, 48].map((first) => [first, undefined]),
    ]);
    const [few, more] = [passes[0]!.images!, passes[4]!.images!];
    expect([...few].every((image) => more.includes(image))).toBe(true);
  });

  it('know nothing of rungs where there are none', () => {
    expect(plan({ rungs: 'data' })).toEqual(plan({}));
  });

  it('follow each other without a gap, end where the training ends, and never go back with more epochs', () => {
    const share = fc.double({ min: 0.01, max: 1, noNaN: true });
    const settings = fc.record({ fraction: share, epochs: fc.double({ min: 0, max: 1, noNaN: true }) });
    const epochs = fc.double({ min: 0.01, max: 6, noNaN: true });
    fc.assert(
      fc.property(epochs, fc.option(settings, { nil: undefined }), share, share, (total, chosen, a, b) => {
        const recipe = { epochs: total, batchSize: 8, subset: chosen };
        const at = (part: number) => stepPlan({ images: 50, recipe, seed: 's', untilEpoch: part * total });
        const { passes, steps, ends } = at(1);
        expect(passes[0]!.first).toBe(0);
        for (const [i, { end, epoch }] of passes.entries()) {
          expect(end).toBe(passes[i + 1]?.first ?? steps);
          expect(epoch).toBe(i + 1);
        }
        expect(ends).toEqual([steps]);
        expect(at(Math.min(a, b)).until).toBeLessThanOrEqual(at(Math.max(a, b)).until);
        expect(at(1).until).toBe(steps);
      }),
    );
  });
});
