import type { Goal } from '../core/objective.ts';
import type { Trial } from '../core/trial.ts';
import { frontOf, hypervolumeFrame, hypervolumeIn } from '../search/study/progress.ts';
import { logScale } from './picking.ts';

/** Trials that every study of a space has, whatever else it begins with: what their hypervolumes are compared in. */
const framing = new Set(['baseline', 'anchor']);

export const countFramed = (trials: readonly { readonly origin: string }[]): number =>
  trials.filter(({ origin }) => framing.has(origin)).length;

/**
 * The front of these trials and its hypervolume, in a frame fixed by the baseline and the anchors, `framed` in all; 0 until
 * all of them are finished, since it could not be compared with what comes later.
 */
export function analyse(
  trials: readonly Trial[],
  goal: Goal,
  framed = Number.POSITIVE_INFINITY,
): { front: number[]; hypervolume: number } {
  const front = frontOf(trials, goal);
  const uniform = trials.filter(({ origin }) => framing.has(origin));
  const fixed = uniform.flatMap((trial) => (trial.state === 'done' ? [trial.metrics] : []));
  const frame = uniform.length < framed ? undefined : hypervolumeFrame(fixed, goal.objectives, logScale);
  const metrics = front.map((trial) => trial.metrics);
  return { front: front.map(({ number }) => number), hypervolume: frame ? hypervolumeIn(frame, metrics) : 0 };
}
