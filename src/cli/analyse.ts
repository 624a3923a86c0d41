import type { Goal } from '../core/objective.ts';
import type { Trial } from '../core/trial.ts';
import { frontOf, hypervolumeFrame, hypervolumeIn } from '../search/study/progress.ts';
import { logScale } from './picking.ts';

/**
 * The front of these trials and its hypervolume, in a frame fixed by the first `initial` trials, the baseline and the
 * anchors; 0 until all of them are finished, since it could not be compared with what comes later.
 */
export function analyse(
  trials: readonly Trial[],
  goal: Goal,
  initial = Number.POSITIVE_INFINITY,
): { front: number[]; hypervolume: number } {
  const front = frontOf(trials, goal);
  const uniform = trials.filter(({ number }) => number < initial);
  const fixed = uniform.flatMap((trial) => (trial.state === 'done' ? [trial.metrics] : []));
  const frame = uniform.length < initial ? undefined : hypervolumeFrame(fixed, goal.objectives, logScale);
  const metrics = front.map((trial) => trial.metrics);
  return { front: front.map(({ number }) => number), hypervolume: frame ? hypervolumeIn(frame, metrics) : 0 };
}
