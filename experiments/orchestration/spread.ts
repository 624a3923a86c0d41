/** Of times. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

export const describe = ({ p50, p99, max }: Spread): string => [p50, p99, max].map((ms) => ms.toFixed(2)).join(' / ');
