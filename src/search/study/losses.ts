/** Losses of one point, smaller is better, in the order of the objectives. */
export type Losses = readonly number[];

/** Pareto dominance: nowhere worse, somewhere better. A NaN compares as neither, so points with NaN are kept out before. */
export function dominates(a: Losses, b: Losses): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (!(a[i]! <= b[i]!)) return false;
    if (a[i]! < b[i]!) better = true;
  }
  return better;
}
