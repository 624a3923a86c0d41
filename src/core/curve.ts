import type { Progress } from './trial.ts';

/** One point of a learning curve: the training so far. */
export interface CurvePoint {
  /** Passes over the data, not only whole ones; absent where the training does not say. */
  readonly epoch?: number;
  readonly loss: number;
  /** Of the batches, not of the validation data. */
  readonly accuracy?: number;
}

const mostPoints = 64;

/** With what a training says of itself now. When a curve is full, every second point goes: the rest stays evenly spread. */
export function extendCurve(curve: readonly CurvePoint[], progress: Progress): readonly CurvePoint[] {
  const { loss, accuracy, epochs, done, total } = progress;
  if (loss === undefined) return curve;
  const kept = curve.length < mostPoints ? curve : curve.filter((_, i) => i % 2 === 0);
  const epoch = epochs === undefined || total <= 0 ? {} : { epoch: (epochs * done) / total };
  return [...kept, { ...epoch, loss, ...(accuracy === undefined ? {} : { accuracy }) }];
}
