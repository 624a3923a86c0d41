import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRng } from '../../../src/core/rng.ts';
import { LevelCode } from '../../../src/search/controllers/levels.ts';
import { evidence, fitKernel, flatten, unflatten } from '../../../src/search/controllers/surrogate/fit.ts';
import { GaussianProcess } from '../../../src/search/controllers/surrogate/gaussian-process.ts';
import { ExpectedImprovement } from '../../../src/search/controllers/surrogate/improvement.ts';
import { priorParameters, similarityOf } from '../../../src/search/controllers/surrogate/kernel.ts';
import { referenceOf } from '../../../src/search/controllers/surrogate/reference.ts';
import { Standardized } from '../../../src/search/controllers/surrogate/targets.ts';
import { bestBend, Warp } from '../../../src/search/controllers/surrogate/warp.ts';
import { hypervolume } from '../../../src/search/study/hypervolume.ts';
import { mixedProblem } from '../../fixtures/search-problems.ts';

const dimensions = [
  { levels: 8, ordered: true },
  { levels: 3, ordered: false },
  { levels: 5, ordered: true },
];
const similarities = dimensions.map(similarityOf);

function someData(count: number) {
  const rng = createRng('data');
  const points = Array.from({ length: count }, () => Uint8Array.from(dimensions, ({ levels }) => rng.int(levels)));
  const targets = Float64Array.from(points, ([a, b, c]) => a! / 4 - 1 + (b === 1 ? 0.5 : 0) + (a! * c!) / 40);
  return { points, targets };
}

describe('kernel fit', () => {
  it('has the gradient that differences show', () => {
    const { points, targets } = someData(12);
    const rng = createRng('parameters');
    const at = flatten(priorParameters(dimensions.length)).map((value) => value + 0.3 * rng.normal());
    const slope = flatten(evidence(similarities, points, targets, unflatten(at)).gradient);
    for (let k = 0; k < at.length; k++) {
      const valueAt = (step: number) => {
        const moved = at.slice();
        moved[k]! += step;
        return evidence(similarities, points, targets, unflatten(moved)).value;
      };
      expect(slope[k]).toBeCloseTo((valueAt(1e-5) - valueAt(-1e-5)) / 2e-5, 4);
    }
  });
});

describe('gaussian process', () => {
  it('goes through its points where there is no noise, and is as unsure as its prior far from them', () => {
    const { points, targets } = someData(15);
    const parameters = { ...priorParameters(dimensions.length), noise: Math.log(1e-6) };
    const process = new GaussianProcess(similarities, parameters, 20);
    const before = process.predict(points[0]!).deviation;
    const distinct = new Map(points.map((point, i) => [point.join(), i]));
    for (const i of distinct.values()) process.add(points[i]!, targets[i]!);
    for (const [position, i] of [...distinct.values()].entries()) {
      const { mean, deviation } = process.predict(points[i]!);
      expect(mean).toBeCloseTo(targets[i]!, 2);
      expect(process.fitted(position)).toBeCloseTo(mean, 6);
      expect(deviation).toBeLessThan(before / 10);
    }
  });
});

describe('warp', () => {
  const manyBadFewGood = Float64Array.from({ length: 40 }, (_, i) => 1.2 - 4 * ((40 - i) / 40) ** 6);

  it.each([0, 0.5, 1, 2])('is undone by its inverse, beyond what was seen too (bend %s)', (bend) => {
    const warp = new Warp(manyBadFewGood, bend);
    for (const loss of [-5, -2.8, -1, 0, 1.2, 3]) expect(warp.from(warp.to(loss))).toBeCloseTo(loss, 9);
  });

  it('says of a loss that is nearly certain what it is', () => {
    const warp = new Warp(manyBadFewGood, 1);
    const { mean, deviation } = warp.lossOf({ mean: warp.to(0.4), deviation: 1e-3 });
    expect(mean).toBeCloseTo(0.4, 4);
    expect(deviation).toBeLessThan(1e-2);
  });

  it('bends a scale with many bad losses and few good ones, and never the other way', () => {
    const independent = (values: Float64Array) => -0.5 * values.reduce((sum, value) => sum + value ** 2, 0);
    expect(bestBend(manyBadFewGood, 0, independent)).toBeGreaterThan(0);
    expect(
      bestBend(
        manyBadFewGood.map((loss) => -loss),
        0,
        independent,
      ),
    ).toBe(0);
  });
});

describe('rough levels', () => {
  it('foresee combinations of levels that are good or bad for themselves, whatever their neighbours are', () => {
    const many = Array.from({ length: 5 }, () => similarityOf({ levels: 9, ordered: true }));
    const rng = createRng('rough');
    const draw = () => Uint8Array.from(many, () => rng.int(9));
    const lossOf = (point: Uint8Array) => point.reduce((sum, level) => sum + (level % 2 === 0 ? -0.4 : 0.4), 0);
    const points = Array.from({ length: 60 }, draw);
    const targets = Float64Array.from(points, lossOf);
    const parameters = fitKernel(many, points, targets, priorParameters(5), { steps: 25, noisy: true });
    const errorWith = (rough: Float64Array) => {
      const process = new GaussianProcess(many, { ...parameters, rough }, points.length);
      for (const [i, point] of points.entries()) process.add(point, targets[i]!);
      const errors = Array.from({ length: 40 }, draw).map((point) => Math.abs(process.mean(point) - lossOf(point)));
      return errors.reduce((sum, error) => sum + error, 0) / errors.length;
    };
    expect(errorWith(parameters.rough)).toBeLessThan(0.5 * errorWith(new Float64Array(5).fill(-20)));
  });
});

describe('losses of a model', () => {
  it('are standardized; what is far out is cut', () => {
    const usual = Array.from({ length: 40 }, (_, i) => 1 + 0.01 * (i % 5));
    const { values } = new Standardized([...usual, 1000]);
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9);
    expect(values.at(-1)! - values[0]!).toBeLessThan(10);
    expect(new Set(values).size).toBe(6);
  });

  it('are not cut where half of them are nearly 0', () => {
    const losses = [...Array.from({ length: 60 }, (_, i) => 1e-3 * (i % 3)), ...Array.from({ length: 40 }, (_, i) => 0.05 * i)];
    const { values } = new Standardized(losses);
    expect(values.at(-1)!).toBeGreaterThan(values.at(-2)!);
    expect([...values]).toEqual(losses.map((loss) => new Standardized(losses).place(loss)));
  });
});

describe('reference point', () => {
  const front = [
    [0, 4],
    [1, 2],
    [2, 1],
    [4, 0],
  ];
  const worst = [10, 10];

  it('is the worst of all in every second ask, and lies behind one member of the front in the others', () => {
    const dominated = [[5, 5]];
    const members = new Set<number>();
    for (let turn = 0; turn < 40; turn++) {
      const reference = referenceOf([...front, ...dominated], worst, turn);
      if (turn % 2 === 0) expect(reference).toEqual(worst);
      else members.add(front.findIndex((member) => member.every((loss, k) => Math.abs(reference[k]! - loss - 0.4) < 1e-9)));
    }
    expect(members).toEqual(new Set([0, 1, 2, 3]));
  });

  it('lies a little behind a whole front of three objectives, whatever doubt adds to its edge', () => {
    const sphere = [
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
      [0.6, 0.6, 0.5],
      [0.5, 0.6, 0.6],
    ];
    // Dominated by [1, 0, 0], were it not for a doubt of 0.001.
    const edge = [3, -0.001, 0];
    expect(referenceOf([...sphere, edge], [9, 9, 9], 2).map((value) => Number(value.toFixed(6)))).toEqual([1.1, 1.1, 1.1]);
    expect(referenceOf([...sphere, edge], [1.05, 9, 9], 2)[0]).toBe(1.05);
  });

  it('is the worst of all while the front has hardly any member', () => {
    expect(referenceOf([], worst, 1)).toEqual(worst);
    expect(referenceOf([[1, 1]], worst, 1)).toEqual(worst);
  });
});

describe('expected improvement', () => {
  const loss = fc.integer({ min: 0, max: 10 }).map((value) => value / 10);

  it.each([1, 2, 3])('is the growth of the hypervolume for %i exact losses', (objectives) => {
    const point = fc.array(loss, { minLength: objectives, maxLength: objectives });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 8 }), point, (front, added) => {
        const reference = Array.from({ length: objectives }, () => 0.95);
        const gain = hypervolume([...front, added], reference) - hypervolume(front, reference);
        const exact = added.map((mean) => ({ mean, deviation: 0 }));
        expect(new ExpectedImprovement(front, reference).of(exact)).toBeCloseTo(gain, 9);
      }),
    );
  });

  it.each([2, 3])('is what the mean of many draws is for %i uncertain losses', (objectives) => {
    const rng = createRng('draws');
    const front = Array.from({ length: 5 }, () => Array.from({ length: objectives }, () => rng.uniform()));
    const reference = Array.from({ length: objectives }, () => 1);
    const losses = Array.from({ length: objectives }, () => ({ mean: rng.uniform(), deviation: 0.3 }));
    const before = hypervolume(front, reference);
    const draws = 4000;
    let sum = 0;
    for (let i = 0; i < draws; i++) {
      const drawn = losses.map(({ mean, deviation }) => mean + deviation * rng.normal());
      sum += hypervolume([...front, drawn], reference) - before;
    }
    const expected = new ExpectedImprovement(front, reference).of(losses);
    expect(Math.abs(expected - sum / draws)).toBeLessThan(0.05 * expected);
  });
});

describe('level code', () => {
  it('gives idle parameters one place, whatever they are set to', () => {
    const { space } = mixedProblem();
    const code = new LevelCode(space);
    const candidate = (rank: number, method: string) => ({
      'trial.learningRate': 0.01,
      'trial.epochs': 3,
      'trial.optimizer': 'lion',
      'trial.flip': false,
      'conv/factor.rank': rank,
      'conv/factor.method': method,
    });
    expect(code.encode(candidate(1, 'svd'))).toEqual(code.encode(candidate(1, 'tucker')));
    expect(code.encode(candidate(0.5, 'svd'))).not.toEqual(code.encode(candidate(0.5, 'tucker')));
    for (const [i, level] of code.encode(candidate(1, 'svd')).entries()) expect(level).toBeLessThan(code.dimensions[i]!.levels);
  });
});
