import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { mainEffects } from '../../../src/search/importance/fanova.ts';
import { fitForest } from '../../../src/search/importance/forest.ts';
import { type Axis, importanceOf } from '../../../src/search/importance/importance.ts';

const levels = 4;
const axes: Axis[] = Array.from({ length: 4 }, () => ({ levels }));

/** Every point of the grid, `repeat` times. */
function gridOf(dimensions: number, repeat: number): number[][] {
  const points: number[][] = Array.from({ length: levels ** dimensions }, (_, i) =>
    Array.from({ length: dimensions }, (_, j) => Math.floor(i / levels ** j) % levels),
  );
  return Array.from({ length: repeat }, () => points).flat();
}

/** Main effects of a function on the grid, by their definition: the variance of the means over each axis. */
function exactEffects(points: readonly (readonly number[])[], f: (point: readonly number[]) => number): number[] {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));
  const total = variance(points.map(f));
  return axes.map((_, axis) => {
    const means = Array.from({ length: levels }, (_, level) => mean(points.filter((point) => point[axis] === level).map(f)));
    return variance(means) / total;
  });
}

describe('importance', () => {
  const points = gridOf(4, 2);

  it.each([
    ['a weighted sum', ([a, b, c]: readonly number[]) => 6 * a! + 3 * b! + c!],
    ['one that is not monotonous', ([a, b]: readonly number[]) => (a === 1 ? 5 : 0) + (b === 3 ? 2 : 0)],
  ])('finds the main effects of %s', (_, f) => {
    const found = importanceOf(axes, points, points.map(f))!;
    for (const [axis, exact] of exactEffects(points, f).entries()) expect(found[axis]).toBeCloseTo(exact, 1);
  });

  it('gives interactions to no coordinate alone', () => {
    const parity = ([a, b]: readonly number[]) => (a! + b!) % 2;
    const found = importanceOf(axes, points, points.map(parity))!;
    expect(found.reduce((sum, share) => sum + share, 0)).toBeLessThan(0.2);
  });

  it('finds what matters in noise, from an uneven sample', () => {
    const rng = createRng('importance');
    // A search that prefers high levels of the first coordinate.
    const rows = Array.from({ length: 300 }, () => [
      Math.max(rng.int(levels), rng.int(levels)),
      ...[1, 2, 3].map(() => rng.int(levels)),
    ]);
    const values = rows.map(([a, , c]) => 4 * a! - 2 * c! + 0.5 * rng.normal());
    const [a, b, c, d] = importanceOf(axes, rows, values) as [number, number, number, number];
    expect(a).toBeGreaterThan(0.6);
    expect(c).toBeGreaterThan(0.1);
    expect(Math.max(b, d)).toBeLessThan(0.03);
  });

  it('is the same for the same trials, needs a dozen of them, and is nothing for a constant', () => {
    const values = points.map(([a]) => a!);
    expect(importanceOf(axes, points, values)).toEqual(importanceOf(axes, points, values));
    expect(importanceOf(axes, points.slice(0, 11), values.slice(0, 11))).toBeUndefined();
    expect(
      importanceOf(
        axes,
        points,
        values.map(() => 7),
      ),
    ).toEqual([0, 0, 0, 0]);
  });

  it('knows ranges, and one without an extent', () => {
    const rng = createRng('ranges');
    const rows = Array.from({ length: 120 }, () => [10 + 5 * rng.uniform(), 3]);
    const found = importanceOf(
      [
        { low: 10, high: 15 },
        { low: 3, high: 3 },
      ],
      rows,
      rows.map(([x]) => x! ** 2),
    )!;
    expect(found[0]).toBeGreaterThan(0.95);
    expect(found[1]).toBe(0);
  });

  it('grows trees whose boxes fill the cube', () => {
    const unit = points.map((point) => point.map((level) => (level + 0.5) / levels));
    const forest = fitForest(
      unit,
      points.map(([a, b]) => a! * b!),
      { trees: 3 },
    );
    for (const tree of forest) {
      const volume = tree.reduce(
        (sum, { low, high }) => sum + low.reduce((product, from, j) => product * (high[j]! - from), 1),
        0,
      );
      expect(volume).toBeCloseTo(1, 9);
    }
    expect(mainEffects(forest, 4)).toHaveLength(4);
  });
});
