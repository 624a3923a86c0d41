import type { Candidate } from '../../core/candidate.ts';
import type { Controller, ControllerContext, TrialResult } from '../../core/controller.ts';
import type { Json } from '../../core/json.ts';
import { createRng, type Rng } from '../../core/rng.ts';
import { haltonSequence } from '../space/halton.ts';
import type { Space } from '../space/space.ts';
import { History } from './history.ts';

export interface HistoryControllerOptions {
  readonly name: string;
  /** Results before `learned` has a say: until then the space is covered evenly. */
  readonly startup: number;
  /** Of the best results, so many are kept in order. */
  readonly eliteSize?: number;
}

/** A controller whose whole state is what it was told. It says what it has learned; everything else is here. */
export abstract class HistoryController implements Controller {
  /** 2: failed trials, and metrics with their fidelity instead of losses. */
  readonly stateVersion: number = 2;
  protected readonly context: ControllerContext<Space>;
  protected readonly history: History;
  readonly #options: HistoryControllerOptions;
  readonly #even: (index: number) => Candidate;

  constructor(context: ControllerContext<Space>, options: HistoryControllerOptions) {
    this.context = context;
    this.history = new History(context, options.eliteSize);
    this.#options = options;
    this.#even = haltonSequence(context.space, context.seed);
  }

  /** A new candidate from what the results say; undefined where they say nothing. */
  protected abstract learned(trial: number, rng: Rng): Candidate | undefined;

  ask(trial: number): Candidate | undefined {
    const { name, startup } = this.#options;
    const rng = createRng(this.context.seed, name, trial);
    const learned = this.history.results.length < startup ? this.evenly(trial) : this.learned(trial, rng);
    const candidate = learned ?? this.history.proposals.random(rng);
    if (candidate) this.asked(trial, candidate);
    return candidate;
  }

  asked(trial: number, candidate: Candidate): void {
    this.history.asked(trial, candidate);
  }

  tell(result: TrialResult): void {
    this.history.tell(result);
  }

  save(): Json {
    return this.history.save();
  }

  restore(state: Json): void {
    this.history.restore(state);
  }

  /** The trial's place in a sequence that covers the space evenly, if it is new. */
  protected evenly(trial: number): Candidate | undefined {
    return this.history.proposals.firstNew(1, () => this.#even(trial));
  }
}
