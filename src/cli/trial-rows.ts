import { type Goal, violation } from '../core/objective.ts';
import { measuredTrial, shownState, type Trial } from '../core/trial.ts';
import type { Row } from '../export/tables/table.ts';
import { frontOf } from '../search/study/progress.ts';
import type { StudyView } from '../store/index.ts';
import { factsOf } from './study-facts.ts';

/** Metrics that have a column of their own in tables: those that everybody asks for, and those that the search is for. */
export const tableMetrics = ({ objectives, constraints }: Goal): string[] => [
  ...new Set(['accuracy', 'size', 'latencyMs', 'macs', 'params', ...[...objectives, ...constraints].map(({ metric }) => metric)]),
];

/** Those that a narrow terminal does without. */
export const spareMetrics = ({ objectives, constraints }: Goal): ReadonlySet<string> => {
  const wanted = new Set([...objectives, ...constraints].map(({ metric }) => metric));
  return new Set(['macs', 'params'].filter((name) => !wanted.has(name)));
};

/** Every trial as a flat row: what became of it, its metrics, and its choices under the names of the space's parameters. */
export function trialRows({ record, trials }: StudyView): Row[] {
  const { goal } = factsOf(record);
  const front = new Set(frontOf(trials, goal).map(({ number }) => number));
  return trials.map((trial) => trialRow(trial, goal, front.has(trial.number)));
}

export function trialRow(trial: Trial, goal: Goal, onFront: boolean): Row {
  const measured = measuredTrial(trial);
  return {
    trial: trial.number,
    state: shownState(trial),
    origin: trial.origin,
    ...howItEnded(trial),
    feasible: measured ? violation(measured.metrics, goal.constraints) === 0 : null,
    front: onFront,
    epochs: measured?.rung?.epochs ?? null,
    fidelity: measured ? (measured.rung?.fidelity ?? 1) : null,
    model: measured?.artefact?.sha256 ?? null,
    ...measured?.metrics,
    ...trial.candidate,
  };
}

/** `code` and `reason` of what is not as it was meant to be. */
function howItEnded(trial: Trial): Row {
  const [code, reason] = why(trial);
  const ended = trial.state === 'done' || trial.state === 'failed' || trial.state === 'aborted';
  return {
    code,
    reason,
    seconds: ended ? trial.seconds : null,
    finished: ended ? new Date(trial.finishedAt).toISOString() : null,
  };
}

function why(trial: Trial): [code: string | null, reason: string | null] {
  switch (trial.state) {
    case 'done':
      return [null, trial.stopped ?? null];
    case 'failed':
      return [trial.code, trial.message];
    case 'aborted':
      return [null, trial.reason];
    case 'running':
    case 'waiting':
      return [null, null];
    default:
      return trial satisfies never;
  }
}
