import type { CommandAnswer, StudyCommand } from '../../core/control.ts';
import type { StudyEvent } from '../../core/event.ts';
import type { TrialListener, TrialRequest } from '../../core/executor.ts';
import { type Outcome, stopError, type Trial } from '../../core/trial.ts';
import { none } from '../schedulers/none.ts';
import { Dispatcher } from './dispatcher.ts';
import { infeasible } from './failures.ts';
import { Journal } from './journal.ts';
import { Ledger, recorded } from './ledger.ts';
import { foldLog, type Snapshot } from './log.ts';
import {
  type Clock,
  checkedLookAhead,
  checkedTrials,
  type EndReason,
  type StudyEnd,
  type StudyHandle,
  type StudyOptions,
  systemClock,
} from './options.ts';
import { type Decision, type InitialTrial, Proposer } from './proposer.ts';
import { type Budgeted, type Steerable, steer } from './steering.ts';
import { StopWatch } from './stopping.ts';

/**
 * Runs a study, or goes on with it where its log ends. Candidates and metrics do not depend on the number of workers, on
 * their speed, or on interruptions (latency apart): see Proposer. Trial 0, the baseline, runs alone first, since others are
 * measured against it. A finished trial is durable as soon as it arrives, together with what is asked because of it.
 *
 * Throws NasError: STUDY_BUDGET, STUDY_LOOK_AHEAD, STORE_CORRUPT and what the store throws.
 */
export function runStudy(options: StudyOptions): StudyHandle {
  const run = new StudyRun(options);
  return {
    done: run.done,
    stop: () => run.stop(),
    pause: () => run.pause(true),
    resume: () => run.pause(false),
    steer: (command, id) => run.steer(command, id),
    get steered() {
      return run.steered;
    },
  };
}

class StudyRun {
  readonly done: Promise<StudyEnd>;
  readonly #options: StudyOptions;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #lookAhead: number;
  readonly #ledger: Ledger;
  readonly #proposer: Proposer;
  readonly #dispatcher: Dispatcher;
  readonly #journal: Journal;
  /** What this session adds to the queue. */
  readonly #queued: readonly InitialTrial[];
  readonly #watch: StopWatch;
  /** Ids of commands that changed the study. */
  readonly #carriedOut: Set<string>;
  #trials: number;
  #seconds: number | undefined;
  /** Trials that a person ended and that still run. */
  readonly #cancelled = new Set<number>();
  /** Why no more jobs are started; the last ones may still run. */
  #ending: EndReason | 'error' | undefined;
  #error: unknown;
  #ended = false;
  #paused = false;
  #scheduled = false;
  #resolve!: (end: StudyEnd) => void;
  #reject!: (error: unknown) => void;

  constructor(options: StudyOptions) {
    const { store, study, controller, goal, keyOf, initial, budget, executor } = options;
    const log = foldLog(study.name, store.events(study.name), keyOf.recorded);
    keyOf.recall?.(log.trials);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#startedAt = this.#clock.monotonic();
    this.#trials = checkedTrials(budget.trials);
    this.#seconds = budget.seconds;
    this.#carriedOut = log.commands;
    this.#lookAhead = checkedLookAhead(study.name, options.lookAhead, log.lookAhead);
    this.#ledger = new Ledger(log, study.controller);
    this.#journal = new Journal(options, () => this.#clock.wall());
    const known = new Set([...log.trials.map(({ key }) => key), ...log.queued.map(({ candidate }) => keyOf(candidate))]);
    this.#queued = (options.enqueue ?? []).filter(({ candidate }) => !known.has(keyOf(candidate)));
    this.#watch = new StopWatch(options.stop ?? {}, goal, new Set(initial.map(({ candidate }) => keyOf(candidate))).size);
    this.#proposer = new Proposer({
      controller,
      controllerName: study.controller,
      scheduler: options.scheduler ?? none.create({ goal, rungs: [1], eta: 2 }),
      keyOf,
      initial,
      queued: [...log.queued, ...this.#queued],
      lookAhead: this.#lookAhead,
      ledger: this.#ledger,
      snapshot: log.snapshot,
      onResult: ({ result }) => this.#watch.add(result.trial, result.metrics),
    });
    this.#dispatcher = new Dispatcher({
      executor,
      ledger: this.#ledger,
      slots: Math.min(executor.slots, this.#lookAhead),
      requestOf: (job) => this.#requestOf(job),
      listenerOf: (job) => this.#listenerOf(job),
      arrived: (job, outcome) => this.#arrive(job, outcome),
      failed: (error) => this.#fail(error),
    });
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#begin();
  }

  stop(): void {
    if (this.#ended) return;
    if (this.#ending !== 'error') this.#ending = 'stopped';
    this.#options.executor.stop();
    if (this.#paused) this.#options.executor.resume();
    this.#schedule();
  }

  pause(paused: boolean): void {
    if (this.#ended || this.#paused === paused) return;
    this.#paused = paused;
    if (paused) this.#options.executor.pause();
    else this.#options.executor.resume();
    this.#journal.tell({ type: 'paused', paused });
    this.#schedule();
  }

  get steered(): StudyHandle['steered'] {
    const seconds = this.#seconds === undefined ? {} : { seconds: this.#seconds };
    return { paused: this.#paused, budget: { trials: this.#trials, ...seconds }, carriedOut: this.#carriedOut };
  }

  steer(command: StudyCommand, id?: string): CommandAnswer {
    if (this.#ended || (this.#isOver && !always.has(command.type))) return { done: false, message: 'The search is ending.' };
    if (id !== undefined && this.#carriedOut.has(id)) return { done: true, message: 'Carried out before.' };
    return steer(this.#steerable(), command, id);
  }

  /** Nothing makes it go on. Its time may be up while its trials are paused: it can be given more then. */
  get #isOver(): boolean {
    return this.#ending !== undefined && this.#ending !== 'time';
  }

  #steerable(): Steerable {
    return {
      trials: this.#trials,
      asked: this.#ledger.trials.length,
      seconds: this.#seconds,
      stateOf: (trial) => this.#stateOf(trial),
      pause: (paused) => this.pause(paused),
      stop: () => this.stop(),
      cancel: (trial) => {
        this.#cancelled.add(trial);
        this.#options.executor.cancel(trial);
      },
      setBudget: (budget, command) => this.#setBudget(budget, command),
      mark: (trial, favourite, command) => this.#change({ type: 'favourite', trial, favourite }, command),
    };
  }

  #stateOf(trial: number): Trial['state'] | undefined {
    const logged = this.#ledger.trials[trial];
    if (!logged) return undefined;
    const job = logged.jobs.at(-1)!;
    return this.#dispatcher.runs(job) ? 'running' : (this.#ledger.jobs[job]!.end?.state ?? 'waiting');
  }

  #setBudget({ trials, seconds }: Budgeted, command: string | undefined): void {
    this.#trials = trials;
    this.#seconds = seconds;
    if (this.#ending === 'time') this.#ending = undefined;
    this.#change({ type: 'budget', trials, seconds: seconds ?? null }, command);
  }

  /** A change of the study that a person asked for: durable before it is said to be done. */
  #change(event: Change, command: string | undefined): void {
    if (command !== undefined) this.#carriedOut.add(command);
    this.#record({ ...event, ...(command === undefined ? {} : { command }) });
    try {
      this.#flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  #begin(): void {
    const { executor, facts, budget } = this.#options;
    const session = { ...facts, lookAhead: this.#lookAhead, slots: executor.slots, budget: { ...budget } };
    this.#journal.add({ type: 'session', phase: 'begin', facts: session });
    if (this.#queued.length > 0) this.#journal.add({ type: 'queued', trials: this.#queued });
    // Before the replay, which forgets metrics. What was decided and has not ended comes first, as in a search that went on.
    if (!this.#ledger.jobs.some(({ end }) => !end)) this.#watch.recall(this.#ledger.measured());
    for (const snapshot of this.#proposer.replay()) this.#save(snapshot);
    for (const [job, { end }] of this.#ledger.jobs.entries()) if (!end) this.#dispatcher.add(job);
    for (const checkpoint of this.#ledger.obsolete()) this.#options.discard?.(checkpoint);
    this.#warnOfTheUnexpected();
    this.#schedule();
  }

  #warnOfTheUnexpected(): void {
    const { slots } = this.#options.executor;
    if (slots > this.#lookAhead)
      this.#journal.warn(`${this.#lookAhead} of ${slots} workers are used: the study's look-ahead is ${this.#lookAhead}.`);
    const held = this.#held();
    if (held > 0)
      this.#journal.warn(
        `${held} trials that an earlier session decided on lie beyond the ${this.#trials} of this one: they wait.`,
      );
  }

  /** Jobs that were decided for a larger budget than this session has. */
  #held(): number {
    return this.#dispatcher.count(Number.POSITIVE_INFINITY) - this.#dispatcher.count(this.#trials);
  }

  /**
   * The next round, as soon as the event loop has delivered all that is ready: outcomes that arrive together share one
   * transaction, and a study whose trials take no time lets the screen and the signals have their turn.
   */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#round());
  }

  #round(): void {
    this.#scheduled = false;
    if (this.#ended) return;
    try {
      this.#advance();
      if (!this.#ending && !this.#paused) this.#dispatcher.start(this.#trials);
    } catch (error) {
      this.#fail(error);
    }
    this.#endIfIdle();
  }

  /** Proposes what can be proposed, and stores it together with the outcomes that allowed it. */
  #advance(): void {
    try {
      this.#ending ??= this.#reasonToEnd();
      if (!this.#ending) this.#propose();
    } finally {
      this.#flush();
    }
  }

  #reasonToEnd(): EndReason | undefined {
    if (this.#ledger.hopeless()) return 'failing';
    const over = this.#seconds !== undefined && this.#clock.monotonic() - this.#startedAt >= this.#seconds * 1000;
    return over ? 'time' : undefined;
  }

  #propose(): void {
    for (;;) {
      const decision = this.#watch.evidence ? undefined : this.#proposer.next(this.#ledger.trials.length < this.#trials);
      this.#recordStopped();
      if (!decision) return;
      const job = this.#enter(decision);
      this.#journal.add(decision);
      for (const snapshot of this.#proposer.takeSnapshot()) this.#save(snapshot);
      const refused = decision.type === 'asked' && decision.trial > 0 ? this.#options.refuse?.(decision.candidate) : undefined;
      if (refused === undefined) this.#dispatcher.add(job);
      else this.#failUntrained(job, refused);
      if (this.#ledger.hopeless()) return;
    }
  }

  #failUntrained(job: number, message: string): void {
    const outcome = { state: 'failed', code: infeasible, message, seconds: 0 } as const;
    this.#ledger.finish(job, outcome);
    this.#record({ type: 'finished', trial: this.#ledger.jobs[job]!.trial, outcome });
  }

  #enter(decision: Decision): number {
    return decision.type === 'asked' ? this.#ledger.ask(decision) : this.#ledger.continue(decision.trial);
  }

  #recordStopped(): void {
    for (const { trial, reason } of this.#proposer.takeStopped()) {
      if (this.#ledger.trials[trial]!.stopped) continue;
      this.#ledger.stop(trial);
      this.#journal.add({ type: 'stopped', trial, reason });
    }
  }

  #save({ told, state, version }: Snapshot): void {
    this.#journal.add({ type: 'snapshot', told, state, version });
  }

  /** Checkpoints are given up only once it is durable that nobody needs them. */
  #flush(): void {
    this.#journal.flush();
    const checkpoints = this.#ledger.takeObsolete();
    for (const checkpoint of checkpoints) this.#options.discard?.(checkpoint);
  }

  #requestOf(job: number): TrialRequest {
    const { trial, attempts } = this.#ledger.jobs[job]!;
    const { candidate } = this.#ledger.trials[trial]!;
    const rung = this.#ledger.rungOf(job, this.#proposer.ends[trial]!);
    const seed = `${this.#options.study.seed}/${trial}`;
    return { trial, attempt: attempts + 1, candidate, seed, ...(rung ? { rung } : {}) };
  }

  #listenerOf(job: number): TrialListener {
    const { trial } = this.#ledger.jobs[job]!;
    return {
      started: (worker, attempt) => this.#record({ type: 'started', trial, attempt, worker }),
      progress: (worker, progress) => this.#journal.tell({ type: 'progress', trial, worker, progress }),
    };
  }

  #arrive(job: number, outcome: Outcome): void {
    const { trial } = this.#ledger.jobs[job]!;
    const error = outcome.state === 'aborted' ? stopError(outcome) : undefined;
    if (outcome.state === 'aborted' && (error || !this.#cancelled.has(trial))) {
      this.#journal.tell({ type: 'finished', trial, outcome });
      if (error) this.#fail(error);
      else if (!this.#ending) this.stop();
      this.#schedule();
      return;
    }
    this.#cancelled.delete(trial);
    const stored = recorded(outcome, this.#options.goal.objectives);
    this.#ledger.finish(job, stored);
    this.#record({ type: 'finished', trial, outcome: stored });
    for (const note of (stored.state === 'done' && stored.notes) || []) this.#journal.warn(`trial ${trial}: ${note}`);
  }

  #record(event: Parameters<Journal['add']>[0]): void {
    this.#journal.add(event);
    this.#schedule();
  }

  /** The first error ends the study; trials that still run are stopped, and stored if the store can. */
  #fail(error: unknown): void {
    if (this.#ending !== 'error') {
      this.#ending = 'error';
      this.#error = error;
      this.#options.executor.stop();
    }
    this.#schedule();
  }

  #endIfIdle(): void {
    if (this.#ended || this.#dispatcher.busy) return;
    if (this.#ending === 'error') {
      this.#rejectWithError();
      return;
    }
    const reason = this.#endReason();
    if (reason) this.#end(reason);
  }

  #rejectWithError(): void {
    this.#ended = true;
    try {
      this.#flush();
    } catch {
      // The store still fails: what it could not take runs again on resume. The first error says more than this one.
    }
    this.#reject(this.#error);
  }

  /** Why a study without running trials is over; undefined for one that is paused. */
  #endReason(): EndReason | undefined {
    if (this.#ending === 'failing') return 'failing';
    if (!this.#anyLeft()) {
      if (this.#watch.evidence) return this.#watch.evidence.reason;
      // What is held was decided before anything that might come: nothing else can be.
      if (this.#held() > 0) return 'budget';
      const settled = this.#proposer.settled();
      if (settled && this.#ledger.trials.length >= this.#trials) return 'budget';
      if (settled && this.#proposer.exhausted) return 'exhausted';
    }
    return this.#ending === 'error' ? undefined : this.#ending;
  }

  /** Jobs within the budget that wait, or were stopped before they had ended. */
  #anyLeft(): boolean {
    return this.#ledger.jobs.some(({ trial, end }) => !end && trial < this.#trials);
  }

  #end(reason: EndReason): void {
    const counts = this.#ledger.counts();
    const failure = this.#ledger.hopeless();
    this.#ended = true;
    try {
      const { evidence } = this.#watch;
      const why = evidence?.reason === reason ? { evidence: { ...evidence } } : {};
      const facts = { reason, counts: { ...counts }, ...why };
      this.#journal.add({ type: 'session', phase: 'end', facts });
      this.#flush();
      this.#resolve({ reason, counts, ...(reason === 'failing' && failure ? { failure } : {}), ...why });
    } catch (error) {
      this.#reject(error);
    }
  }
}

/** Commands that are carried out as long as the search is there. */
const always: ReadonlySet<StudyCommand['type']> = new Set(['resume', 'favourite']);

/** What a person may change of a running study, that is kept. */
type Change = Omit<Extract<StudyEvent, { type: 'budget' }>, 'at'> | Omit<Extract<StudyEvent, { type: 'favourite' }>, 'at'>;
