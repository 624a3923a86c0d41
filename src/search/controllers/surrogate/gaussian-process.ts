import { factorRows, newTriangle, solveLower, solveUpper, type Triangle } from './cholesky.ts';
import { type KernelParameters, matern, type Similarity } from './kernel.ts';

export interface Prediction {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Gaussian process regression with the sum of a main effect per dimension and a joint effect of all of them:
 * k(x, x') = Σ_d (main_d · alike_d(x_d, x'_d) + rough_d · [x_d = x'_d]) + jointVariance · Matern52(Σ_d joint_d · distance_d²).
 * Main effects are what makes it learn separable spaces from few trials; the joint effect has the rest.
 * Targets are expected to have mean 0 and variance 1 or so. Points can be added one by one, O(n²) each.
 */
export class GaussianProcess {
  /** By dimension and level, the main and the joint term with every level, times their weights. */
  readonly #main: readonly (readonly Float64Array[])[];
  readonly #joint: readonly (readonly Float64Array[])[];
  readonly #jointVariance: number;
  readonly #noise: number;
  /** k(x, x): the same for all points. */
  readonly #variance: number;
  readonly #factor: Triangle;
  /** By dimension, the levels of all points: [capacity]. */
  readonly #columns: readonly Uint8Array[];
  readonly #targets: Float64Array;
  #weights: Float64Array | undefined;
  readonly #covariance: Float64Array;
  readonly #distance: Float64Array;

  constructor(similarities: readonly Similarity[], parameters: KernelParameters, capacity: number) {
    this.#main = similarities.map(({ alike, levels }, d) => {
      const rows = scaledRows(alike, levels, Math.exp(parameters.main[d]!));
      for (const [level, row] of rows.entries()) row[level]! += Math.exp(parameters.rough[d]!);
      return rows;
    });
    this.#joint = similarities.map(({ squared, levels }, d) => scaledRows(squared, levels, Math.exp(parameters.joint[d]!)));
    this.#jointVariance = Math.exp(parameters.jointVariance);
    this.#noise = Math.exp(parameters.noise);
    const own = [...parameters.main, ...parameters.rough];
    this.#variance = this.#jointVariance + own.reduce((sum, variance) => sum + Math.exp(variance), 0);
    this.#factor = newTriangle(capacity);
    this.#columns = similarities.map(() => new Uint8Array(capacity));
    this.#targets = new Float64Array(capacity);
    this.#covariance = new Float64Array(capacity);
    this.#distance = new Float64Array(capacity);
  }

  get size(): number {
    return this.#factor.size;
  }

  add(point: Uint8Array, target: number): void {
    const row = this.size;
    const { values, stride } = this.#factor;
    values.set(this.#covariances(point).subarray(0, row), row * stride);
    values[row * stride + row] = this.#variance + this.#noise;
    factorRows(this.#factor, row + 1);
    for (const [d, column] of this.#columns.entries()) column[row] = point[d]!;
    this.#targets[row] = target;
    this.#weights = undefined;
  }

  /** The mean at point number `index`: its target without the noise. */
  fitted(index: number): number {
    return this.#targets[index]! - this.#noise * this.#weightsOf()[index]!;
  }

  mean(point: Uint8Array): number {
    const covariances = this.#covariances(point);
    const weights = this.#weightsOf();
    let mean = 0;
    for (let i = 0; i < this.size; i++) mean += covariances[i]! * weights[i]!;
    return mean;
  }

  /** Of the function itself, without the noise of a measurement. */
  predict(point: Uint8Array): Prediction {
    const mean = this.mean(point);
    const solved = solveLower(this.#factor, this.#covariance);
    let explained = 0;
    for (let i = 0; i < this.size; i++) explained += solved[i]! ** 2;
    return { mean, deviation: Math.sqrt(Math.max(1e-12, this.#variance - explained)) };
  }

  /** K⁻¹ y */
  #weightsOf(): Float64Array {
    this.#weights ??= solveUpper(this.#factor, solveLower(this.#factor, this.#targets.slice(0, this.size)));
    return this.#weights;
  }

  /** Of a point with all points so far; valid until the next call. */
  #covariances(point: Uint8Array): Float64Array {
    const { size } = this;
    const covariance = this.#covariance.fill(0, 0, size);
    const distance = this.#distance.fill(0, 0, size);
    for (let d = 0; d < this.#columns.length; d++) {
      const column = this.#columns[d]!;
      const main = this.#main[d]![point[d]!]!;
      const joint = this.#joint[d]![point[d]!]!;
      for (let i = 0; i < size; i++) {
        const level = column[i]!;
        covariance[i]! += main[level]!;
        distance[i]! += joint[level]!;
      }
    }
    for (let i = 0; i < size; i++) covariance[i]! += this.#jointVariance * matern(distance[i]!);
    return covariance;
  }
}

const scaledRows = (matrix: Float64Array, levels: number, scale: number): Float64Array[] =>
  Array.from({ length: levels }, (_, row) => matrix.slice(row * levels, (row + 1) * levels).map((value) => value * scale));
