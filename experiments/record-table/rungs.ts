import type { Metrics } from '../../src/core/objective.ts';

/** Parts of the full training after which a candidate is measured, by the space. */
export const sharesOf: Readonly<Record<string, readonly number[]>> = { space: [0.25, 0.5, 1], longer: [0.0625, 0.25, 1] };

export type MeasuredRung = {
  readonly metrics: Metrics;
  /** Of the whole training up to here, measuring included. */
  readonly seconds: number;
};
