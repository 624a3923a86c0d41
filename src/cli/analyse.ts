import type { Goal } from '../core/objective.ts';
import type { Trial } from '../core/trial.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { frontOf, hypervolumeFrame, hypervolumeIn } from '../search/study/progress.ts';

/** Bytes, counts and times are compared by their ratios. */
const logScale = new Set(metricInfos.filter(({ unit }) => unit !== 'fraction').map(({ name }) => name));

/** The front of these trials and its hypervolume, in a frame fixed by the baseline and the anchors. */
export function analyse(trials: readonly Trial[], goal: Goal): { front: number[]; hypervolume: number } {
  const front = frontOf(trials, goal);
  const uniform = trials.filter(({ origin }) => origin === 'baseline' || origin === 'anchor');
  const fixed = uniform.flatMap((trial) => (trial.state === 'done' ? [trial.metrics] : []));
  const frame = hypervolumeFrame(fixed, goal.objectives, logScale);
  const metrics = front.map((trial) => trial.metrics);
  return { front: front.map(({ number }) => number), hypervolume: frame ? hypervolumeIn(frame, metrics) : 0 };
}
