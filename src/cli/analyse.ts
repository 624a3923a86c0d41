import { type Goal, losses, violation } from '../core/objective.ts';
import { type MeasuredTrial, measuredTrial, type Trial } from '../core/trial.ts';
import { ParetoArchive } from '../search/study/pareto.ts';
import { hypervolumeFrame, hypervolumeIn } from '../search/study/progress.ts';
import { logScale } from './picking.ts';

/** Trials that every study of a space has, whatever else it begins with: what their hypervolumes are compared in. */
const framing = new Set(['baseline', 'anchor']);

export const countFramed = (trials: readonly { readonly origin: string }[]): number =>
  trials.filter(({ origin }) => framing.has(origin)).length;

interface Analysed {
  readonly front: number[];
  readonly hypervolume: number;
  /** Of the first so many trials, for every mark. */
  readonly volumes: number[];
}

/**
 * The front of these trials and its hypervolume, in a frame fixed by the baseline and the anchors, `framed` in all; 0 until
 * all of them are finished, since it could not be compared with what comes later. One pass, however many marks there are.
 */
export function analyse(
  trials: readonly Trial[],
  goal: Goal,
  framed = Number.POSITIVE_INFINITY,
  marks: readonly number[] = [],
): Analysed {
  const archive = new ParetoArchive<MeasuredTrial>();
  const uniform: Trial[] = [];
  const volume = () => hypervolumeOf(archive, uniform, goal, framed);
  const volumes: number[] = [];
  for (const [i, trial] of trials.entries()) {
    const measured = measuredTrial(trial);
    if (measured) archive.insert(pointOf(measured, goal));
    if (framing.has(trial.origin)) uniform.push(trial);
    if (marks[volumes.length] === i + 1) volumes.push(volume());
  }
  const front = archive.front().toSorted((a, b) => a.losses[0]! - b.losses[0]! || a.value.number - b.value.number);
  return { front: front.map(({ value }) => value.number), hypervolume: volumes.at(-1) ?? volume(), volumes };
}

const pointOf = (value: MeasuredTrial, { objectives, constraints }: Goal) => ({
  losses: losses(value.metrics, objectives),
  violation: violation(value.metrics, constraints),
  value,
});

function hypervolumeOf(
  archive: ParetoArchive<MeasuredTrial>,
  uniform: readonly Trial[],
  { objectives }: Goal,
  framed: number,
): number {
  const fixed = uniform.flatMap((trial) => (trial.state === 'done' ? [trial.metrics] : []));
  const frame = uniform.length < framed ? undefined : hypervolumeFrame(fixed, objectives, logScale);
  const front = archive.front().map(({ value }) => value.metrics);
  return frame ? hypervolumeIn(frame, front) : 0;
}
