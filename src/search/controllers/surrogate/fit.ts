import { factorRows, inverse, newTriangle, solveLower, solveUpper } from './cholesky.ts';
import { type KernelParameters, matern, maternSlope, priorOf, type Similarity } from './kernel.ts';

/** Noise is never taken for less: rounding would spoil the factor. */
const leastNoise = 1e-6;

/** Log posterior of kernel parameters given data, without constants, and its gradient by every parameter. */
export interface Evidence {
  readonly value: number;
  readonly gradient: KernelParameters;
}

/** `points[i][d]`: level of point i in dimension d. O(n³ + n² D). */
export function evidence(
  similarities: readonly Similarity[],
  points: readonly Uint8Array[],
  targets: Float64Array,
  parameters: KernelParameters,
): Evidence {
  const n = points.length;
  const dimensions = similarities.length;
  const main = parameters.main.map(Math.exp);
  const rough = parameters.rough.map(Math.exp);
  const joint = parameters.joint.map(Math.exp);
  const jointVariance = Math.exp(parameters.jointVariance);
  const noise = Math.exp(parameters.noise);
  const squared = new Float64Array(n * n);
  const triangle = newTriangle(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let [own, distance] = [0, 0];
      for (let d = 0; d < dimensions; d++) {
        const { alike, squared, levels } = similarities[d]!;
        const at = points[i]![d]! * levels + points[j]![d]!;
        own += main[d]! * alike[at]!;
        if (points[i]![d] === points[j]![d]) own += rough[d]!;
        distance += joint[d]! * squared[at]!;
      }
      squared[i * n + j] = distance;
      triangle.values[i * n + j] = own + jointVariance * matern(distance) + (i === j ? noise : 0);
    }
  }
  factorRows(triangle, n);
  const weights = solveUpper(triangle, solveLower(triangle, targets.slice()));
  let value = 0;
  for (let i = 0; i < n; i++) value -= 0.5 * targets[i]! * weights[i]! + Math.log(triangle.values[i * n + i]!);
  const inverted = inverse(triangle);
  const gradient: KernelParameters = {
    main: new Float64Array(dimensions),
    rough: new Float64Array(dimensions),
    joint: new Float64Array(dimensions),
    jointVariance: 0,
    noise: 0,
  };
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      // d value / dK, both halves of the symmetric matrix at once
      const slope = (weights[i]! * weights[j]! - inverted[i * n + j]!) * (i === j ? 0.5 : 1);
      const distance = squared[i * n + j]!;
      const jointSlope = slope * jointVariance * maternSlope(distance);
      for (let d = 0; d < dimensions; d++) {
        const { alike, squared, levels } = similarities[d]!;
        const at = points[i]![d]! * levels + points[j]![d]!;
        gradient.main[d]! += slope * alike[at]!;
        if (points[i]![d] === points[j]![d]) gradient.rough[d]! += slope;
        gradient.joint[d]! += jointSlope * squared[at]!;
      }
      gradient.jointVariance += slope * jointVariance * matern(distance);
      if (i === j) gradient.noise += slope * noise;
    }
  }
  for (let d = 0; d < dimensions; d++) {
    gradient.main[d]! *= main[d]!;
    gradient.rough[d]! *= rough[d]!;
    gradient.joint[d]! *= joint[d]!;
  }
  return { value: value + addPrior(parameters, gradient), gradient };
}

/** Adds the prior's slope to the gradient; returns its log density. */
function addPrior(parameters: KernelParameters, gradient: KernelParameters): number {
  const prior = priorOf(parameters.main.length);
  let value = 0;
  const part = (at: number, { mean, deviation }: { readonly mean: number; readonly deviation: number }) => {
    value -= 0.5 * ((at - mean) / deviation) ** 2;
    return (mean - at) / deviation ** 2;
  };
  for (let d = 0; d < parameters.main.length; d++) {
    gradient.main[d]! += part(parameters.main[d]!, prior.main);
    gradient.rough[d]! += part(parameters.rough[d]!, prior.rough);
    gradient.joint[d]! += part(parameters.joint[d]!, prior.joint);
  }
  gradient.jointVariance += part(parameters.jointVariance, prior.jointVariance);
  gradient.noise += part(parameters.noise, prior.noise);
  return value;
}

/**
 * Climbs the evidence from `start` by resilient steps (Riedmiller, Braun 1993: only the signs of the gradient count), and
 * returns the best parameters on the way. The same data give the same parameters. `noisy`: whether targets are measured,
 * or exact.
 */
export function fitKernel(
  similarities: readonly Similarity[],
  points: readonly Uint8Array[],
  targets: Float64Array,
  start: KernelParameters,
  { steps, noisy }: { readonly steps: number; readonly noisy: boolean },
): KernelParameters {
  const at = flatten(start);
  if (!noisy) at[at.length - 1] = Math.log(leastNoise);
  const size = new Float64Array(at.length).fill(0.2);
  const last = new Float64Array(at.length);
  let best = { value: Number.NEGATIVE_INFINITY, at: at.slice() };
  for (let step = 0; step < steps; step++) {
    const { value, gradient } = evidence(similarities, points, targets, unflatten(at));
    if (value > best.value) best = { value, at: at.slice() };
    const slope = flatten(gradient);
    for (let k = 0; k < at.length; k++) {
      const turn = slope[k]! * last[k]!;
      if (turn > 0) size[k] = Math.min(1, size[k]! * 1.3);
      else if (turn < 0) size[k] = size[k]! * 0.5;
      at[k]! += Math.sign(slope[k]!) * size[k]!;
      last[k] = slope[k]!;
    }
    at[at.length - 1] = noisy ? Math.max(Math.log(leastNoise), at.at(-1)!) : Math.log(leastNoise);
  }
  return unflatten(best.at);
}

export const flatten = ({ main, rough, joint, jointVariance, noise }: KernelParameters): Float64Array =>
  Float64Array.from([...main, ...rough, ...joint, jointVariance, noise]);

export function unflatten(values: Float64Array): KernelParameters {
  const dimensions = (values.length - 2) / 3;
  return {
    main: values.slice(0, dimensions),
    rough: values.slice(dimensions, 2 * dimensions),
    joint: values.slice(2 * dimensions, 3 * dimensions),
    jointVariance: values.at(-2)!,
    noise: values.at(-1)!,
  };
}
