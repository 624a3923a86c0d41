import type { Metrics } from '../../src/core/objective.ts';

/** Parts of the full training after which a candidate is measured. */
export const shares = [0.25, 0.5, 1] as const;

export type MeasuredRung = {
  readonly metrics: Metrics;
  /** Of the whole training up to here, measuring included. */
  readonly seconds: number;
};
