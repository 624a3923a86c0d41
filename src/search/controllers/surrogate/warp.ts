import type { Prediction } from './gaussian-process.ts';

/** Bends that are tried: next to the one so far. */
const step = 0.25;
/** Standard deviation of the bend, before anything is known; a normal distribution around 0. */
const spread = 1;

/** Gauss-Hermite quadrature of 7 nodes, for a standard normal distribution. */
const nodes = [0.8162878829, 1.6735516288, 2.6519613568].flatMap((x) => [-x * Math.SQRT2, x * Math.SQRT2]).concat(0);
const weights = [4.256073e-1, 5.451558e-2, 9.717812e-4]
  .flatMap((w) => [w, w])
  .concat(8.102646e-1)
  .map((w) => w / Math.sqrt(Math.PI));

/**
 * A scale on which a process learns standardized losses more easily: (exp(bend · z) − 1) / bend, standardized again (Manly
 * 1976, "Exponential data transformations"; warped Gaussian processes: Snelson et al. 2004). Where most candidates are bad
 * and nearly alike, and few are much better, a positive bend draws the bad ones apart; 0 leaves all as they are. Beyond what
 * was seen the scale goes on straight, so that it can be inverted everywhere.
 */
export class Warp {
  readonly values: Float64Array;
  readonly #bend: number;
  readonly #low: number;
  readonly #high: number;
  #mean = 0;
  #deviation = 1;

  constructor(losses: Float64Array, bend: number) {
    this.#bend = bend;
    this.#low = losses.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY);
    this.#high = losses.reduce((most, loss) => Math.max(most, loss), Number.NEGATIVE_INFINITY);
    const bent = losses.map((loss) => this.to(loss));
    const mean = bent.reduce((sum, value) => sum + value, 0) / Math.max(1, bent.length);
    const variance = bent.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, bent.length);
    this.#mean = mean;
    this.#deviation = variance > 0 ? Math.sqrt(variance) : 1;
    this.values = losses.map((loss) => this.to(loss));
  }

  /** Log density of the bend, and what it adds to that of the losses: Σ log of the scale's slope at them. */
  evidence(losses: Float64Array): number {
    const slopes = losses.reduce((sum, loss) => sum + this.#bend * loss - Math.log(this.#deviation), 0);
    return slopes - 0.5 * (this.#bend / spread) ** 2;
  }

  to(loss: number): number {
    return (this.#bent(loss) - this.#mean) / this.#deviation;
  }

  from(value: number): number {
    const bend = this.#bend;
    const bent = value * this.#deviation + this.#mean;
    if (bend === 0) return bent;
    for (const end of [this.#low, this.#high]) {
      const beyond = bent - this.#bent(end);
      if (end === this.#low ? beyond < 0 : beyond > 0) return end + beyond * Math.exp(-bend * end);
    }
    return Math.log1p(bend * bent) / bend;
  }

  /** Mean and deviation of the loss whose place on this scale is normal. */
  lossOf({ mean, deviation }: Prediction): Prediction {
    if (this.#bend === 0) return { mean: this.from(mean), deviation: deviation * this.#deviation };
    let [first, second] = [0, 0];
    for (const [i, node] of nodes.entries()) {
      const loss = this.from(mean + deviation * node);
      first += weights[i]! * loss;
      second += weights[i]! * loss ** 2;
    }
    return { mean: first, deviation: Math.sqrt(Math.max(1e-12, second - first ** 2)) };
  }

  #bent(loss: number): number {
    const bend = this.#bend;
    if (bend === 0) return loss;
    const inside = Math.min(this.#high, Math.max(this.#low, loss));
    return Math.expm1(bend * inside) / bend + Math.exp(bend * inside) * (loss - inside);
  }
}

/**
 * The bend near `from` under which losses are likeliest. Never below 0, which would draw the best apart, as a logarithm does:
 * likelier on dtlz2, whose losses are products, but its fronts came out two to three times as far from the true one.
 */
export function bestBend(losses: Float64Array, from: number, evidenceOf: (values: Float64Array) => number): number {
  let best = { evidence: Number.NEGATIVE_INFINITY, bend: from };
  for (const bend of [0, -1, 1, -2, 2].map((steps) => from + steps * step)) {
    if (bend < 0) continue;
    const warp = new Warp(losses, bend);
    const evidence = evidenceOf(warp.values) + warp.evidence(losses);
    if (evidence > best.evidence) best = { evidence, bend };
  }
  return best.bend;
}
