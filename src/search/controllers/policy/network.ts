/** What decides: numbers that are learned, and a walk through all decisions with them. */
export interface PolicyNetwork {
  readonly parameters: Float64Array;
  /** A walk that follows a preference (its number). */
  walk(preference: number): Walk;
}

/** One pass over the decisions, in order. Every decision is looked at, then made. */
export interface Walk {
  /** Logarithms of the chances of the next decision's options. */
  look(): Float64Array;
  choose(option: number): void;
  /** After the last decision: adds to `gradient` that of Σ slopes[d] · logits[d] by the parameters. */
  backward(slopes: readonly Float64Array[], gradient: Float64Array): void;
}

/** log(softmax(logits)) */
export function logSoftmax(logits: Float64Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  return logits.map((logit) => logit - most - Math.log(sum));
}
