import type { Leaf, Tree } from './forest.ts';

interface Part extends Leaf {
  readonly volume: number;
}

/**
 * How much of a function's variance each coordinate explains on its own: the main effects of fANOVA (Hutter, Hoos and
 * Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter Importance"), computed exactly on every tree of a
 * forest and averaged. Shares of the whole variance: what is missing to 1 are interactions. All 0 for a constant function.
 */
export function mainEffects(forest: readonly Tree[], dimensions: number): number[] {
  const sums: number[] = Array(dimensions).fill(0);
  let counted = 0;
  for (const tree of forest) {
    const parts = tree.map((leaf): Part => ({ ...leaf, volume: volumeOf(leaf) }));
    const { mean, variance } = momentsOf(parts);
    if (!(variance > 1e-18)) continue;
    counted++;
    for (let axis = 0; axis < dimensions; axis++) sums[axis]! += Math.max(0, effectOf(parts, axis, mean)) / variance;
  }
  return sums.map((sum) => (counted === 0 ? 0 : sum / counted));
}

const volumeOf = ({ low, high }: Leaf): number => low.reduce((volume, from, j) => volume * (high[j]! - from), 1);

function momentsOf(parts: readonly Part[]): { readonly mean: number; readonly variance: number } {
  let [mean, square] = [0, 0];
  for (const { volume, value } of parts) {
    mean += volume * value;
    square += volume * value ** 2;
  }
  return { mean, variance: square - mean ** 2 };
}

/**
 * Variance of the marginal along one axis: the tree's mean over all other coordinates, as a function of this one. It is
 * constant between the borders of the boxes; a leaf adds value × (its volume without this axis) over its interval.
 */
function effectOf(parts: readonly Part[], axis: number, mean: number): number {
  const borders = [...new Set(parts.flatMap(({ low, high }) => [low[axis]!, high[axis]!]))].sort((a, b) => a - b);
  if (borders.length <= 2) return 0;
  const place = new Map(borders.map((border, i) => [border, i]));
  // Differences of neighbouring intervals; their running sum is the marginal.
  const steps: number[] = Array(borders.length).fill(0);
  for (const { low, high, value, volume } of parts) {
    const height = (value * volume) / (high[axis]! - low[axis]!);
    steps[place.get(low[axis]!)!]! += height;
    steps[place.get(high[axis]!)!]! -= height;
  }
  let [marginal, variance] = [0, 0];
  for (let i = 0; i + 1 < borders.length; i++) {
    marginal += steps[i]!;
    variance += (borders[i + 1]! - borders[i]!) * (marginal - mean) ** 2;
  }
  return variance;
}
