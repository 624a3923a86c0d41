import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { type Calibration, calibrations } from '../../../src/network/compress/quantize/calibration.ts';
import { activationScale } from '../../../src/network/compress/quantize/parameters.ts';
import type { ValueStatistics } from '../../../src/network/compress/technique.ts';

const bins = 2048;

function statisticsOf(values: readonly number[]): ValueStatistics {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const histogram = new Float64Array(bins);
  for (const value of values) histogram[Math.min(bins - 1, Math.floor(((value - min) / (max - min || 1)) * bins))]!++;
  return { min, max, histogram };
}

const rng = createRng('calibration');
const normal = Array.from({ length: 20_000 }, () => rng.normal());
/** Like activations behind a Relu, with one number far out. */
const spiked = [...normal.map(Math.abs), 40];

const errorOf = (values: readonly number[], range: { min: number; max: number }) => {
  const { scale, zeroPoint } = activationScale(range);
  const real = (value: number) => (Math.min(255, Math.max(0, Math.round(value / scale) + zeroPoint)) - zeroPoint) * scale;
  return values.reduce((sum, value) => sum + (real(value) - value) ** 2, 0) / values.length;
};
const methods = Object.keys(calibrations) as Calibration[];

describe('calibration', () => {
  it.each(methods)('stays inside of the range that was seen: %s', (method) => {
    for (const values of [normal, spiked, normal.map((value) => value - 3), [0, 0, 1], [0.5, 0.5]]) {
      const statistics = statisticsOf(values);
      const { min, max } = calibrations[method](statistics);
      expect(min).toBeGreaterThanOrEqual(statistics.min);
      expect(max).toBeLessThanOrEqual(statistics.max);
      expect(min).toBeLessThanOrEqual(max);
    }
  });

  it('takes all of it by minmax, and 99.99 % of the numbers by percentile', () => {
    expect(calibrations.minmax(statisticsOf(spiked))).toMatchObject({ min: Math.min(...spiked), max: 40 });
    const { max } = calibrations.percentile(statisticsOf(spiked));
    const beyond = spiked.filter((value) => value > max).length;
    expect(beyond).toBeGreaterThanOrEqual(1);
    expect(beyond).toBeLessThanOrEqual(3);
  });

  it('leaves rare large numbers out by entropy, which keeps the others more exact', () => {
    const usual = spiked.slice(0, -1);
    const whole = errorOf(usual, calibrations.minmax(statisticsOf(spiked)));
    const range = calibrations.entropy(statisticsOf(spiked));
    expect(range.max).toBeLessThan(20);
    expect(errorOf(usual, range)).toBeLessThan(whole / 3);
  });

  it('finds by mse what no other range of the same form beats', () => {
    for (const values of [normal, spiked]) {
      const best = errorOf(values, calibrations.mse(statisticsOf(values)));
      for (const method of methods)
        expect(best).toBeLessThanOrEqual(errorOf(values, calibrations[method](statisticsOf(values))) * 1.01);
    }
  });
});
