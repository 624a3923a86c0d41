/**
 * Bad outliers are cut at so many interquartile ranges above the upper quartile (Tukey 1977, Exploratory Data Analysis: "far
 * out"): a network that learned nothing must not flatten all others. By quartiles, since of an objective that is nearly 0 for
 * half of the candidates everything else would be far from the median.
 */
const cut = 3;

/** Losses on the scale of a model: mean 0, variance 1. */
export class Standardized {
  readonly values: Float64Array;
  readonly #mean: number;
  readonly #deviation: number;

  constructor(losses: readonly number[]) {
    const [low, high] = quartilesOf(losses);
    const limit = high > low ? high + cut * (high - low) : Number.POSITIVE_INFINITY;
    const tamed = losses.map((loss) => Math.min(loss, limit));
    this.#mean = tamed.reduce((sum, loss) => sum + loss, 0) / Math.max(1, tamed.length);
    const variance = tamed.reduce((sum, loss) => sum + (loss - this.#mean) ** 2, 0) / Math.max(1, tamed.length);
    this.#deviation = variance > 0 ? Math.sqrt(variance) : 1;
    this.values = Float64Array.from(tamed, (loss) => this.place(loss));
  }

  place(loss: number): number {
    return (loss - this.#mean) / this.#deviation;
  }

  get worst(): number {
    return this.values.reduce((worst, value) => Math.max(worst, value), 0);
  }
}

/** The lower and the upper one; 0 of nothing. */
function quartilesOf(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor(part * (sorted.length - 1))] ?? 0;
  return [at(0.25), at(0.75)];
}
