/** Ends of trials that an estimate looks back on, and how many it needs at least. */
const window = 24;
const needed = 3;

/**
 * Milliseconds per finished trial, all workers together, from the times at which trials ended (ascending, of one
 * session). The median over `(t[i] - t[i - workers]) / workers`: workers that end in pairs, one slow trial or one pause
 * do not move it. Undefined until enough is known.
 */
export function pace(ends: readonly number[], workers: number): number | undefined {
  const recent = ends.slice(-window - workers);
  const rates: number[] = [];
  for (let i = workers; i < recent.length; i++) rates.push((recent[i]! - recent[i - workers]!) / workers);
  return rates.length < needed ? undefined : median(rates);
}

/**
 * Milliseconds until `left` more trials are finished. Counts down between two ends, so that it does not jump. Undefined
 * until enough is known.
 */
export function timeLeft(ends: readonly number[], workers: number, left: number, now: number): number | undefined {
  if (left <= 0) return 0;
  const each = pace(ends, workers);
  if (each === undefined) return undefined;
  return left * each - Math.min(Math.max(0, now - ends.at(-1)!), each);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
