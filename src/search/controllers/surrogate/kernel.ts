import type { Dimension } from '../levels.ts';

/**
 * What the kernel is made of, by dimension where it is a list; all as natural logarithms, so that every value is allowed.
 * `main`: variance of the dimension's own effect, as far as it is smooth. `joint`: how fast the joint effect changes along it (1 / length²).
 */
export interface KernelParameters {
  readonly main: Float64Array;
  /** Variance of what every level of the dimension has for itself, whatever its neighbours are. */
  readonly rough: Float64Array;
  readonly joint: Float64Array;
  jointVariance: number;
  noise: number;
}

/** Length of the main effects, as part of an ordered dimension. */
const mainLength = 0.5;

/** Of what is learned, before anything is known; natural logarithms, mean and standard deviation of a normal distribution. */
export const priorOf = (dimensions: number) => ({
  main: { mean: Math.log(0.6 / dimensions), deviation: 1.5 },
  rough: { mean: Math.log(0.02 / dimensions), deviation: 1.5 },
  joint: { mean: Math.log(3 / dimensions), deviation: 1.5 },
  jointVariance: { mean: Math.log(0.4), deviation: 1 },
  noise: { mean: Math.log(1e-3), deviation: 2 },
});

export function priorParameters(dimensions: number): KernelParameters {
  const prior = priorOf(dimensions);
  return {
    main: new Float64Array(dimensions).fill(prior.main.mean),
    rough: new Float64Array(dimensions).fill(prior.rough.mean),
    joint: new Float64Array(dimensions).fill(prior.joint.mean),
    jointVariance: prior.jointVariance.mean,
    noise: prior.noise.mean,
  };
}

/** Matern 5/2 of a squared distance, and its derivative by that. */
export function matern(squared: number): number {
  const r = Math.sqrt(5 * squared);
  return (1 + r + (5 / 3) * squared) * Math.exp(-r);
}

export function maternSlope(squared: number): number {
  const r = Math.sqrt(5 * squared);
  return (-5 / 6) * (1 + r) * Math.exp(-r);
}

/** Of two levels of one dimension: how alike their own effects are, and their squared distance. [levels, levels] each. */
export interface Similarity {
  readonly levels: number;
  readonly alike: Float64Array;
  readonly squared: Float64Array;
}

export function similarityOf({ levels, ordered }: Dimension): Similarity {
  const alike = new Float64Array(levels * levels);
  const squared = new Float64Array(levels * levels);
  for (let a = 0; a < levels; a++) {
    for (let b = 0; b < levels; b++) {
      const distance = ordered ? Math.abs(a - b) / Math.max(1, levels - 1) : a === b ? 0 : 1;
      squared[a * levels + b] = distance ** 2;
      alike[a * levels + b] = ordered ? matern((distance / mainLength) ** 2) : 1 - distance;
    }
  }
  return { levels, alike, squared };
}
