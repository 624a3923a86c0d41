import { type MeasuredTrial, measuredTrial, type Trial } from '../core/trial.ts';
import type { EndReason } from '../search/study/options.ts';
import { frontOf, nearestMiss } from '../search/study/progress.ts';
import type { StudyView } from '../store/index.ts';
import { factsOf } from './study-facts.ts';

/** Names of files in an artefact folder that somebody still needs. */
export function neededFiles(views: readonly StudyView[]): ReadonlySet<string> {
  return new Set(views.flatMap((view) => [...modelsOf(view), ...checkpointsOf(view)]));
}

/** Whether a trial of some study may have been killed half-way and go on: the name of its file does not tell whose it is. */
export const mayGoOn = (views: readonly StudyView[]): boolean => !views.every(isOver);

/**
 * What is likely to be shipped: the front, what a person marked, the dense network that they are compared with, and what comes
 * nearest where none is feasible. Each once.
 */
export function shippable({ record, trials, favourites }: StudyView): readonly MeasuredTrial[] {
  const { goal } = factsOf(record);
  const [baseline] = trials;
  const dense = baseline && measuredTrial(baseline);
  const nearest = nearestMiss(trials, goal);
  const marked = [...favourites].flatMap((number) => (trials[number] && measuredTrial(trials[number])) ?? []);
  const all = [...(dense ? [dense] : []), ...frontOf(trials, goal), ...marked, ...(nearest ? [nearest] : [])];
  return [...new Map(all.map((trial) => [trial.number, trial])).values()];
}

const modelsOf = (view: StudyView): string[] =>
  shippable(view).flatMap(({ artefact }) => (artefact ? [`${artefact.sha256}.onnx`] : []));

/** Of trainings that the study may go on with. One that is over can be given a larger budget: they then begin anew. */
function checkpointsOf(view: StudyView): string[] {
  if (isOver(view)) return [];
  return view.trials.flatMap((trial) => {
    const checkpoint = goesOn(trial) ? measuredTrial(trial)?.rung?.checkpoint : undefined;
    return checkpoint ? [`${checkpoint.sha256}.checkpoint`] : [];
  });
}

const goesOn = (trial: Trial): boolean => trial.state !== 'failed' && !(trial.state === 'done' && trial.stopped !== undefined);

const overFor: readonly EndReason[] = ['budget', 'exhausted', 'target', 'converged'];

function isOver({ sessions }: StudyView): boolean {
  const { reason } = (sessions.at(-1)?.end?.facts ?? {}) as { readonly reason?: EndReason };
  return reason !== undefined && overFor.includes(reason);
}

/** One kind of file that goes. */
export interface Swept {
  readonly kind: 'models' | 'checkpoints' | 'trainings' | 'leftovers';
  readonly files: readonly string[];
  readonly bytes: number;
}

/** What this software writes into an artefact folder; everything else there is not ours to remove. */
const kinds: readonly { readonly kind: Swept['kind']; readonly pattern: RegExp }[] = [
  { kind: 'models', pattern: /^[0-9a-f]{64}\.onnx$/ },
  { kind: 'checkpoints', pattern: /^[0-9a-f]{64}\.checkpoint$/ },
  { kind: 'trainings', pattern: /^[0-9a-f]{64}\.unfinished$/ },
  { kind: 'leftovers', pattern: /^[0-9a-f]{64}\.(onnx|checkpoint|unfinished)\.\d+\.\d+\.tmp$/ },
];

export function sweep(
  files: readonly { readonly name: string; readonly bytes: number }[],
  needed: ReadonlySet<string>,
  keepsTrainings = false,
): Swept[] {
  return kinds.map(({ kind, pattern }) => {
    const kept = kind === 'trainings' && keepsTrainings;
    const own = kept ? [] : files.filter(({ name }) => pattern.test(name) && !needed.has(name));
    return { kind, files: own.map(({ name }) => name), bytes: own.reduce((sum, { bytes }) => sum + bytes, 0) };
  });
}
