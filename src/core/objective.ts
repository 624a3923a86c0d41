/** Measured values of a trial by metric name: accuracy (fraction), size (bytes), latencyMs, macs, params … */
export type Metrics = Readonly<Record<string, number>>;

export type Direction = 'maximize' | 'minimize';

export interface Objective {
  readonly metric: string;
  readonly direction: Direction;
}

/** `metric op bound`; `bound` in the metric's own unit (200kB is 200000). */
export interface Constraint {
  readonly metric: string;
  readonly op: '>=' | '<=';
  readonly bound: number;
}

/** What is searched for: both lists may name any metric; at least one objective. */
export interface Goal {
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
}

/** How far the metrics miss the constraints, summed relative to each bound; 0 is feasible. A missing metric misses by 1. */
export function violation(metrics: Metrics, constraints: readonly Constraint[]): number {
  let sum = 0;
  for (const { metric, op, bound } of constraints) {
    const value = metrics[metric];
    if (value === undefined || Number.isNaN(value)) {
      sum += 1;
      continue;
    }
    const miss = op === '>=' ? bound - value : value - bound;
    if (miss > 0) sum += miss / Math.max(Math.abs(bound), 1e-12);
  }
  return sum;
}

/** The objectives as losses (smaller is better), in the order of the objectives. NaN where a metric is missing. */
export function losses(metrics: Metrics, objectives: readonly Objective[]): number[] {
  return objectives.map(({ metric, direction }) => {
    const value = metrics[metric] ?? Number.NaN;
    return direction === 'minimize' ? value : -value;
  });
}
