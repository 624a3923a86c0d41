import { createRng, type Rng } from '../../core/rng.ts';

/**
 * A regression forest over points of the unit cube (Breiman 2001, "Random Forests"), made to be taken apart again: every
 * leaf is a box with a value, which is what fANOVA integrates over.
 */
export interface Leaf {
  /** The box: `low[j] < x[j] <= high[j]`. */
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Mean of the training points in it. */
  readonly value: number;
}

export type Tree = readonly Leaf[];

export interface ForestOptions {
  readonly trees?: number;
  readonly seed?: string;
}

const defaultTrees = 32;
/** Points that a leaf keeps at least, and splits from the root at most. */
const leastPoints = 3;
const deepest = 12;
/** Points of one tree at most: more hardly change what a tree says, and cost time. */
const mostPoints = 1500;
/** Thresholds that are tried for one coordinate. */
const bins = 16;

/** `points`: [points][coordinates] in [0, 1]. Same seed, same forest. */
export function fitForest(
  points: readonly (readonly number[])[],
  targets: readonly number[],
  options: ForestOptions = {},
): Tree[] {
  const { trees = defaultTrees, seed = 'forest' } = options;
  const size = Math.min(points.length, mostPoints);
  return Array.from({ length: trees }, (_, tree) => {
    const rng = createRng(seed, tree);
    const sample = Array.from({ length: size }, () => rng.int(points.length));
    return grow({ points, targets, rng, leaves: [] }, sample, unitBox(points[0]?.length ?? 0), 0);
  });
}

interface Growth {
  readonly points: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly rng: Rng;
  readonly leaves: Leaf[];
}

interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

const unitBox = (dimensions: number): Box => ({ low: Array(dimensions).fill(0), high: Array(dimensions).fill(1) });

function grow(growth: Growth, sample: readonly number[], box: Box, depth: number): Tree {
  const split = depth < deepest && sample.length >= 2 * leastPoints ? bestSplit(growth, sample, box) : undefined;
  if (!split) {
    growth.leaves.push({ ...box, value: meanOf(growth.targets, sample) });
    return growth.leaves;
  }
  const { axis, at } = split;
  const isLeft = (point: number) => growth.points[point]![axis]! <= at;
  const left = sample.filter(isLeft);
  const right = sample.filter((point) => !isLeft(point));
  grow(growth, left, { low: box.low, high: box.high.with(axis, at) }, depth + 1);
  return grow(growth, right, { low: box.low.with(axis, at), high: box.high }, depth + 1);
}

interface Split {
  readonly axis: number;
  readonly at: number;
  /** Σ of squared means, weighted: the larger, the smaller the variance that is left. */
  readonly score: number;
}

/** The best of a random third of the coordinates, and at least of one that can be split at all. */
function bestSplit({ points, targets, rng }: Growth, sample: readonly number[], box: Box): Split | undefined {
  const axes = rng.shuffle(box.low.map((_, axis) => axis));
  const wanted = Math.max(1, Math.ceil(axes.length / 3));
  let best: Split | undefined;
  for (const [looked, axis] of axes.entries()) {
    if (looked >= wanted && best) break;
    const found = splitAlong(points, targets, sample, axis);
    if (found && found.score > (best?.score ?? 0)) best = found;
  }
  return best;
}

/** Thresholds lie in the middle between two neighbouring values of a histogram of the coordinate. */
function splitAlong(
  points: readonly (readonly number[])[],
  targets: readonly number[],
  sample: readonly number[],
  axis: number,
): Split | undefined {
  const cells = histogram(points, targets, sample, axis);
  const total = cells.reduce((sum, cell) => ({ count: sum.count + cell.count, sum: sum.sum + cell.sum }), { count: 0, sum: 0 });
  const base = total.sum ** 2 / total.count;
  let best: Split | undefined;
  let [count, sum] = [0, 0];
  for (let i = 0; i + 1 < cells.length; i++) {
    count += cells[i]!.count;
    sum += cells[i]!.sum;
    if (count < leastPoints || total.count - count < leastPoints) continue;
    const score = sum ** 2 / count + (total.sum - sum) ** 2 / (total.count - count) - base;
    if (score > Math.max(best?.score ?? 0, 1e-12)) best = { axis, at: (cells[i]!.high + cells[i + 1]!.low) / 2, score };
  }
  return best;
}

interface Cell {
  count: number;
  sum: number;
  low: number;
  high: number;
}

/** The cells that hold points, in order. */
function histogram(
  points: readonly (readonly number[])[],
  targets: readonly number[],
  sample: readonly number[],
  axis: number,
): Cell[] {
  const cells: (Cell | undefined)[] = Array(bins).fill(undefined);
  for (const point of sample) {
    const x = points[point]![axis]!;
    const index = Math.min(bins - 1, Math.floor(x * bins));
    const cell = cells[index] ?? { count: 0, sum: 0, low: x, high: x };
    cells[index] = cell;
    cell.count++;
    cell.sum += targets[point]!;
    if (x < cell.low) cell.low = x;
    if (x > cell.high) cell.high = x;
  }
  return cells.filter((cell) => cell !== undefined);
}

const meanOf = (values: readonly number[], sample: readonly number[]): number =>
  sample.reduce((sum, point) => sum + values[point]!, 0) / Math.max(1, sample.length);
