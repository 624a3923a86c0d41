export interface Slope {
  /** Per unit of x. */
  readonly slope: number;
  /** 95 %. */
  readonly low: number;
  readonly high: number;
  readonly points: number;
}

/** Student's t, 97.5 %, for so many degrees of freedom: Cornish-Fisher expansion around the normal quantile, good to 1 % from 4 on. */
function t975(freedom: number): number {
  const z = 1.959964;
  return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2);
}

/**
 * Least squares through the means of `blocks` stretches of equal length. Readings of a garbage-collected process hang
 * together over seconds; the means of long stretches hardly do, so that the interval of their slope is not too narrow.
 */
export function slopeOf(points: readonly (readonly [x: number, y: number])[], blocks = 20): Slope {
  const size = Math.ceil(points.length / blocks);
  const means = Array.from({ length: Math.ceil(points.length / size) }, (_, i) => {
    const block = points.slice(i * size, (i + 1) * size);
    return [mean(block.map(([x]) => x)), mean(block.map(([, y]) => y))] as const;
  });
  const n = means.length;
  const middle = [mean(means.map(([x]) => x)), mean(means.map(([, y]) => y))] as const;
  const spread = means.reduce((sum, [x]) => sum + (x - middle[0]) ** 2, 0);
  const slope = means.reduce((sum, [x, y]) => sum + (x - middle[0]) * (y - middle[1]), 0) / spread;
  const rest = means.reduce((sum, [x, y]) => sum + (y - middle[1] - slope * (x - middle[0])) ** 2, 0);
  const half = t975(n - 2) * Math.sqrt(rest / (n - 2) / spread);
  return { slope, low: slope - half, high: slope + half, points: n };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
