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
 * The front of a study's trials and its hypervolume, in a frame fixed by the baseline and the anchors, `framed` in all; 0 until
 * all of them are finished, since it could not be compared with what comes later. For the one list of a study, time after time:
 * of a list that has grown only what is new is gone over, in one pass, however many marks there are.
 */
export function growingAnalyse(
  goal: Goal,
  framed: () => number | undefined,
): (trials: readonly Trial[], marks: readonly number[]) => Analysed {
  let taken = nothingTaken();
  return (trials, marks) => {
    // A trial that went on is not where it was, and all after it neither.
    const hasGrown = trials[taken.count - 1] === taken.last && (marks[0] ?? Number.POSITIVE_INFINITY) > taken.count;
    if (!hasGrown) taken = nothingTaken();
    const { archive, uniform } = taken;
    const volume = () => hypervolumeOf(archive, uniform, goal, framed() ?? Number.POSITIVE_INFINITY);
    const volumes: number[] = [];
    for (; taken.count < trials.length; taken.count++) {
      const trial = trials[taken.count]!;
      const measured = measuredTrial(trial);
      if (measured) archive.insert(pointOf(measured, goal));
      if (framing.has(trial.origin)) uniform.push(trial);
      if (marks[volumes.length] === taken.count + 1) volumes.push(volume());
    }
    taken.last = trials.at(-1);
    const front = archive.front().toSorted((a, b) => a.losses[0]! - b.losses[0]! || a.value.number - b.value.number);
    return {
      front: front.map(({ value }) => value.number),
      get hypervolume() {
        return volumes.at(-1) ?? volume();
      },
      volumes,
    };
  };
}

interface Taken {
  readonly archive: ParetoArchive<MeasuredTrial>;
  readonly uniform: Trial[];
  count: number;
  last: Trial | undefined;
}

const nothingTaken = (): Taken => ({ archive: new ParetoArchive(), uniform: [], count: 0, last: undefined });

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
