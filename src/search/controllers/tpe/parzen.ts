import type { Dimension } from '../levels.ts';

/** The level of a parameter that is switched off. */
export const idle = 255;

/** Width of a kernel around one observation among one, as part of an ordered dimension (Optuna's multivariate estimator). */
const width = 0.2;

/** One dimension's kernel: how likely a level is near an observed one. */
interface Kernel {
  readonly ordered: boolean;
  /** By distance in levels; unordered ones: equal, different. */
  readonly logarithm: Float64Array;
  /** What makes the kernel around a level sum to 1. */
  readonly logNorm: Float64Array;
  readonly logUniform: number;
}

/**
 * A density over points of levels: a mixture of one product kernel per observation, and one that is even, all of equal
 * weight. A dimension that is idle in a point says nothing; one that was idle in an observation is even there.
 */
export class ParzenEstimator {
  /** By dimension: the levels of all observations. */
  readonly #columns: readonly Uint8Array[];
  readonly #count: number;
  readonly #kernels: readonly Kernel[];
  /** By dimension and level, as they are asked for: its chance by the level observed, `idle` included. */
  readonly #tables: readonly (Float64Array | undefined)[][];

  constructor(dimensions: readonly Dimension[], observations: readonly Uint8Array[]) {
    const count = observations.length;
    this.#count = count;
    this.#columns = dimensions.map((_, d) => Uint8Array.from(observations, (observed) => observed[d]!));
    const deviation = Math.max(width * Math.max(1, count) ** (-1 / (dimensions.length + 4)), 1 / Math.min(100, count + 2));
    this.#kernels = dimensions.map((dimension) => kernelOf(dimension, deviation, count + 1));
    this.#tables = dimensions.map(() => []);
  }

  logDensity(point: Uint8Array): number {
    const terms = this.#terms(point);
    let most = Number.NEGATIVE_INFINITY;
    for (const term of terms) if (term > most) most = term;
    let sum = 0;
    for (const term of terms) sum += Math.exp(term - most);
    return most + Math.log(sum / terms.length);
  }

  /** The chance of every level of a dimension near an observed level. */
  chances(dimension: number, observed: number): number[] {
    const kernel = this.#kernels[dimension]!;
    return Array.from(kernel.logNorm, (_, level) => Math.exp(logChance(kernel, level, observed)));
  }

  /** Of every observation, and last of the even part. */
  #terms(point: Uint8Array): Float64Array {
    const terms = new Float64Array(this.#count + 1);
    for (let d = 0; d < point.length; d++) if (point[d] !== idle) this.#addDimension(d, point[d]!, terms);
    return terms;
  }

  #addDimension(d: number, level: number, terms: Float64Array): void {
    const kernel = this.#kernels[d]!;
    const column = this.#columns[d]!;
    this.#tables[d]![level] ??= tableOf(kernel, level);
    const table = this.#tables[d]![level];
    for (let i = 0; i < column.length; i++) terms[i]! += table[column[i]!]!;
    terms[column.length]! += kernel.logUniform;
  }
}

function tableOf(kernel: Kernel, level: number): Float64Array {
  const table = new Float64Array(idle + 1);
  for (let observed = 0; observed < kernel.logNorm.length; observed++) table[observed] = logChance(kernel, level, observed);
  table[idle] = kernel.logUniform;
  return table;
}

function logChance({ ordered, logarithm, logNorm, logUniform }: Kernel, level: number, observed: number): number {
  if (observed === idle) return logUniform;
  const distance = ordered ? Math.abs(level - observed) : level === observed ? 0 : 1;
  return logarithm[distance]! - logNorm[observed]!;
}

/** Ordered: a normal bell. Unordered: the observed level once, and `1 / share` of every level (Optuna's). */
function kernelOf({ levels, ordered }: Dimension, deviation: number, share: number): Kernel {
  const logUniform = -Math.log(levels);
  if (!ordered) {
    const logarithm = Float64Array.of(Math.log(1 + 1 / share), Math.log(1 / share));
    return { ordered, logarithm, logNorm: new Float64Array(levels).fill(Math.log(1 + levels / share)), logUniform };
  }
  const scale = Math.max(1, levels - 1) * deviation;
  const logarithm = Float64Array.from({ length: levels }, (_, distance) => -0.5 * (distance / scale) ** 2);
  let sum = 0;
  const upTo = logarithm.map((value) => (sum += Math.exp(value)));
  // Everything below the observed level and everything above it; itself is in both.
  const logNorm = Float64Array.from({ length: levels }, (_, level) => Math.log(upTo[level]! + upTo[levels - 1 - level]! - 1));
  return { ordered, logarithm, logNorm, logUniform };
}
