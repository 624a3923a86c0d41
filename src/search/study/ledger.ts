import type { TrialResult } from '../../core/controller.ts';
import type { RungRequest } from '../../core/executor.ts';
import type { Metrics, Objective } from '../../core/objective.ts';
import type { RungResult } from '../../core/scheduler.ts';
import { type Artefact, type DoneOutcome, type FailedOutcome, type Outcome, stoppedByHand } from '../../core/trial.ts';
import { FailureWatch, infeasible } from './failures.ts';
import {
  addRung,
  addTrial,
  endOf,
  type FailedEnd,
  type LoggedJob,
  type LoggedTrial,
  lastJob,
  type StudyLog,
  type TrialEnd,
} from './log.ts';

export interface StudyCounts {
  readonly asked: number;
  readonly done: number;
  readonly failed: number;
  /** Asked or continued, but not finished. */
  readonly unfinished: number;
}

type Finished = DoneOutcome | FailedOutcome;

/** What came of a job, for whoever has to know. */
export interface JobResult {
  readonly rung: RungResult;
  readonly result: TrialResult;
}

/** What the loop holds of every trial and job: enough to start them, and to tell their results in turn. */
export class Ledger {
  readonly trials: readonly LoggedTrial[];
  readonly jobs: readonly LoggedJob[];
  readonly #log: StudyLog;
  readonly #controller: string;
  readonly #failures = new FailureWatch();
  #obsolete: Artefact[] = [];
  /** Every job below this number is finished. */
  #settled = 0;
  /** Trials whose last job ended so. */
  readonly #counts = { done: 0, failed: 0 };

  /** Goes on writing where the log ends: the log is its own from then on. `controller`: the origin of what it proposes. */
  constructor(log: StudyLog, controller: string) {
    this.#log = log;
    this.#controller = controller;
    this.trials = log.trials;
    this.jobs = log.jobs;
    for (const { end } of log.trials.map((_, trial) => lastJob(log, trial))) if (end) this.#counts[end.state]++;
    this.#settle();
  }

  /** Returns the number of the trial's first job. */
  ask(trial: Pick<LoggedTrial, 'candidate' | 'key' | 'origin'>): number {
    addTrial(this.#log, trial);
    return this.jobs.length - 1;
  }

  /** Returns the number of the job. */
  continue(trial: number): number {
    this.#counts[lastJob(this.#log, trial).end!.state]--;
    addRung(this.#log, trial);
    return this.jobs.length - 1;
  }

  finish(job: number, outcome: Finished): void {
    const end = endOf(outcome);
    this.jobs[job]!.end = end;
    this.#counts[end.state]++;
    this.#forget(this.#checkpointBefore(job));
    this.#settle();
  }

  stop(trial: number): void {
    const { jobs } = this.trials[trial]!;
    this.trials[trial]!.stopped = true;
    this.#forget(checkpointOf(this.jobs[jobs.at(-1)!]!.end));
  }

  /** Whoever has to know the job's result has been told: its metrics need not be kept. */
  told(job: number): void {
    const { end } = this.jobs[job]!;
    if (end?.state === 'done') this.jobs[job]!.end = end.rung ? { state: 'done', rung: end.rung } : done;
  }

  /** Of every file, in the order of the jobs; not to be asked for after `told`. */
  measured(): { readonly trial: number; readonly metrics: Metrics }[] {
    return this.jobs.flatMap(({ trial, end }) => (end?.state === 'done' && end.metrics ? [{ trial, metrics: end.metrics }] : []));
  }

  /** Undefined for a job that is not finished; not to be asked for after `told`. */
  resultOf(job: number): JobResult | undefined {
    const { trial, rung, end } = this.jobs[job]!;
    if (!end) return undefined;
    const { candidate } = this.trials[trial]!;
    const place = { trial, rung, complete: end.state === 'failed' || end.rung?.checkpoint === undefined };
    if (end.state === 'failed') return { rung: place, result: { trial, candidate } };
    const metrics = end.metrics!;
    const fidelity = end.rung && end.rung.fidelity < 1 ? { fidelity: end.rung.fidelity } : {};
    return { rung: { ...place, metrics }, result: { trial, candidate, metrics, ...fidelity } };
  }

  /** What to ask the executor for; undefined for a trial that has one rung only. */
  rungOf(job: number, ends: readonly number[]): RungRequest | undefined {
    const { rung } = this.jobs[job]!;
    if (ends.length === 1) return undefined;
    const from = this.#checkpointBefore(job);
    return { index: rung, ends, ...(from ? { from } : {}) };
  }

  /** Checkpoints that no job will go on from, as far as the log says. */
  obsolete(): Artefact[] {
    return this.trials.flatMap(({ jobs, stopped }) =>
      jobs.flatMap((job, i) => {
        const next = jobs[i + 1];
        const used = next === undefined ? stopped : this.jobs[next]!.end !== undefined;
        return (used && checkpointOf(this.jobs[job]!.end)) || [];
      }),
    );
  }

  /** Checkpoints that became obsolete since the last call. */
  takeObsolete(): readonly Artefact[] {
    const obsolete = this.#obsolete;
    this.#obsolete = [];
    return obsolete;
  }

  /** The failure that makes it pointless to go on. */
  hopeless(): FailedEnd | undefined {
    return this.#failures.hopeless();
  }

  counts(): StudyCounts {
    const asked = this.trials.length;
    const { done, failed } = this.#counts;
    return { asked, done, failed, unfinished: asked - done - failed };
  }

  #checkpointBefore(job: number): Artefact | undefined {
    const { trial, rung } = this.jobs[job]!;
    return checkpointOf(this.jobs[this.trials[trial]!.jobs[rung - 1] ?? -1]?.end);
  }

  #forget(checkpoint: Artefact | undefined): void {
    if (checkpoint) this.#obsolete.push(checkpoint);
  }

  /** Failures are watched in the order of the jobs, so that it does not matter which worker was faster. */
  #settle(): void {
    for (let job = this.jobs[this.#settled]; job?.end; job = this.jobs[++this.#settled]) {
      const counts = this.#settled >= this.#log.forgiven && !this.#isRefusedGift(job);
      if (job.end.state === 'done' || counts) this.#failures.add(job.end);
    }
  }

  /** A given point that is known to miss a constraint: it cost nothing, and says nothing of what the controller will propose. */
  #isRefusedGift({ trial, end }: LoggedJob): boolean {
    return end?.state === 'failed' && end.code === infeasible && this.trials[trial]!.origin !== this.#controller;
  }
}

/** One for all of them. */
const done = { state: 'done' } as const;

const checkpointOf = (end: TrialEnd | undefined) => (end?.state === 'done' ? end.rung?.checkpoint : undefined);

/**
 * An outcome as it is recorded. A trial that a person ended has failed. Metrics that are not finite cannot be stored or compared: a trial that lacks an objective
 * has failed, other such metrics are left out.
 */
export function recorded(outcome: Outcome, objectives: readonly Objective[]): Finished {
  if (outcome.state === 'failed') return outcome;
  const { seconds } = outcome;
  if (outcome.state === 'aborted')
    return { state: 'failed', code: stoppedByHand, message: `ended by hand after ${seconds.toFixed(1)} s.`, seconds };
  const lacking = objectives.find(({ metric }) => !Number.isFinite(outcome.metrics[metric]));
  if (lacking) {
    const found = outcome.metrics[lacking.metric];
    const message = `the trial ended with ${lacking.metric} ${found === undefined ? 'not measured' : `= ${found}`}`;
    return { state: 'failed', code: 'METRIC_MISSING', message, seconds };
  }
  const metrics: Metrics = Object.fromEntries(Object.entries(outcome.metrics).filter(([, value]) => Number.isFinite(value)));
  return { ...outcome, metrics };
}
