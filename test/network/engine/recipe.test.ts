import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learningRateAt, recipeKnobs, restartedRateAt, trainRecipeSchema } from '../../../src/network/engine/recipe.ts';

describe('the recipe', () => {
  it('is complete when nothing is said', () => {
    expect(trainRecipeSchema.parse({})).toMatchObject({ optimizer: 'sgd', batchSize: 128, augment: { crop: 0, flip: false } });
  });

  it.each([
    { learningrate: 0.1 },
    { augment: { flop: true } },
    { epochs: 0 },
    { batchSize: 1.5 },
    { optimizer: 'adam' },
    { momentum: 1 },
    { warmup: 2 },
    { learningRate: Number.NaN },
    { labelSmoothing: -0.1 },
    { subset: { fraction: 0, epochs: 0.5 } },
    { subset: { fraction: 0.5, epochs: 1.5 } },
    { subset: { fraction: 0.5 } },
    { rungs: 'images' },
    { rungs: 'data', subset: { fraction: 0.5, epochs: 0.5 } },
  ])('refuses %j', (settings) => expect(trainRecipeSchema.safeParse(settings).success).toBe(false));

  it.each(Object.entries(recipeKnobs))('accepts every value of the knob %s', (name, knob) => {
    const values = knob.kind === 'number' ? [knob.min, knob.default, knob.max] : [knob.default, ...knob.values];
    for (const value of values) expect(trainRecipeSchema.parse({ [name]: value })).toMatchObject({ [name]: value });
  });
});

const schedules = fc.record({
  learningRate: fc.double({ min: 1e-6, max: 10, noNaN: true }),
  warmup: fc.double({ min: 0, max: 1, noNaN: true }),
  schedule: fc.constantFrom('cosine' as const, 'constant' as const),
});

describe('the learning rate', () => {
  it('rises in a line, then falls along half a cosine', () => {
    const rates = Array.from({ length: 10 }, (_, i) =>
      learningRateAt({ learningRate: 1, warmup: 0.4, schedule: 'cosine' }, i, 10),
    );
    expect(rates.slice(0, 5)).toEqual([0.25, 0.5, 0.75, 1, 1]);
    expect(rates[7]).toBeCloseTo(0.5);
    expect(rates[9]).toBeCloseTo((1 + Math.cos((Math.PI * 5) / 6)) / 2);
  });

  it('is above 0 and never above its highest value', () =>
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 500 }), (recipe, steps) => {
        const rates = Array.from({ length: steps }, (_, i) => learningRateAt(recipe, i, steps));
        expect(Math.min(...rates)).toBeGreaterThan(0);
        expect(Math.max(...rates)).toBeLessThanOrEqual(recipe.learningRate * (1 + 1e-12));
      }),
    ));

  it('has one peak', () =>
    fc.assert(
      fc.property(schedules, fc.integer({ min: 2, max: 200 }), (recipe, steps) => {
        const rates = Array.from({ length: steps }, (_, i) => learningRateAt(recipe, i, steps));
        const peak = rates.indexOf(Math.max(...rates));
        rates.slice(1).forEach((rate, i) => {
          if (i < peak) expect(rate).toBeGreaterThanOrEqual(rates[i]!);
          else expect(rate).toBeLessThanOrEqual(rates[i]! * (1 + 1e-12));
        });
      }),
    ));
});

describe('restarts', () => {
  const settings = { learningRate: 0.1, warmup: 0.2, schedule: 'cosine' } as const;

  it('run the whole schedule up to every end', () => {
    const rates = Array.from({ length: 30 }, (_, step) => restartedRateAt(settings, step, [10, 30]));
    expect(rates.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, step) => learningRateAt(settings, step, 10)));
    expect(rates.slice(10)).toEqual(Array.from({ length: 20 }, (_, step) => learningRateAt(settings, step, 20)));
  });
});
