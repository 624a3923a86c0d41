import type { TrialResult } from '../../core/controller.ts';
import type { Metrics, Objective } from '../../core/objective.ts';
import type { DoneOutcome, FailedOutcome, Outcome } from '../../core/trial.ts';
import { FailureWatch } from './failures.ts';
import { endOf, type FailedEnd, type LoggedTrial, type StudyLog, type TrialEnd } from './log.ts';
import type { Proposal } from './proposer.ts';

export interface StudyCounts {
  readonly asked: number;
  readonly done: number;
  readonly failed: number;
  /** Asked, but not finished. */
  readonly unfinished: number;
}

type Finished = DoneOutcome | FailedOutcome;

/** What the loop holds of every trial: enough to start it, and to tell its result in turn. */
export class Ledger {
  readonly trials: readonly LoggedTrial[];
  readonly #trials: LoggedTrial[];
  readonly #forgiven: number;
  readonly #failures = new FailureWatch();
  /** Every trial below this number is finished. */
  #settled = 0;
  #done = 0;
  #failed = 0;

  constructor(log: StudyLog) {
    this.#trials = [...log.trials];
    this.trials = this.#trials;
    this.#forgiven = log.forgiven;
    for (const { end } of this.#trials) if (end) this.#count(end);
    this.#settle();
  }

  add({ candidate, key, origin }: Proposal): void {
    this.#trials.push({ candidate, key, origin, attempts: 0, end: undefined });
  }

  finish(trial: number, outcome: Finished): void {
    const end = endOf(outcome);
    this.#trials[trial]!.end = end;
    this.#count(end);
    this.#settle();
  }

  /** What the controller is told; undefined for a trial that is not finished. */
  resultOf(trial: number): TrialResult | undefined {
    const { candidate, end } = this.#trials[trial]!;
    if (!end) return undefined;
    return end.state === 'done' ? { trial, candidate, metrics: end.metrics } : { trial, candidate };
  }

  /** The failure that makes it pointless to go on. */
  hopeless(): FailedEnd | undefined {
    return this.#failures.hopeless();
  }

  counts(): StudyCounts {
    const asked = this.#trials.length;
    return { asked, done: this.#done, failed: this.#failed, unfinished: asked - this.#done - this.#failed };
  }

  #count({ state }: TrialEnd): void {
    if (state === 'done') this.#done++;
    else this.#failed++;
  }

  /** Failures are watched in trial order, so that it does not matter which worker was faster. */
  #settle(): void {
    for (let trial = this.#trials[this.#settled]; trial?.end; trial = this.#trials[++this.#settled]) {
      if (trial.end.state === 'done' || this.#settled >= this.#forgiven) this.#failures.add(trial.end);
    }
  }
}

/**
 * An outcome as it is recorded. Metrics that are not finite cannot be stored or compared: a trial that lacks an objective
 * has failed, other such metrics are left out.
 */
export function recorded(outcome: Exclude<Outcome, { state: 'aborted' }>, objectives: readonly Objective[]): Finished {
  if (outcome.state === 'failed') return outcome;
  const lacking = objectives.find(({ metric }) => !Number.isFinite(outcome.metrics[metric]));
  if (lacking) {
    const found = outcome.metrics[lacking.metric];
    const message = `the trial ended with ${lacking.metric} ${found === undefined ? 'not measured' : `= ${found}`}`;
    return { state: 'failed', code: 'METRIC_MISSING', message, seconds: outcome.seconds };
  }
  const metrics: Metrics = Object.fromEntries(Object.entries(outcome.metrics).filter(([, value]) => Number.isFinite(value)));
  return { ...outcome, metrics };
}
