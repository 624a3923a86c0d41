import type { Candidate } from './candidate.ts';
import type { Json } from './json.ts';
import type { Goal, Metrics } from './objective.ts';

/** What a controller learns of a finished trial. `metrics` is absent for a failed one: count it as infeasible. */
export interface TrialResult {
  readonly trial: number;
  readonly candidate: Candidate;
  readonly metrics?: Metrics;
  /** Share of its full training, in (0, 1], that the trial had when it was measured; absent: all of it. */
  readonly fidelity?: number;
}

/**
 * Proposes candidates. The study loop owns everything else (concurrency, budget, duplicates across studies, saving).
 *
 * Contract:
 * - `ask(trial)` returns a candidate of the space that was neither asked nor told before (by `keyOf`), or undefined when
 *   the space is exhausted. All randomness comes from streams named by (seed, trial), so an ask depends only on the seed,
 *   the trial number and what was asked and told before: never on time or on workers.
 * - `asked(trial, candidate)` records a candidate that somebody else proposed for that trial (anchors, resume) as pending.
 * - `tell(result)` arrives in trial order, once per trial. Failed trials arrive without metrics.
 *   Under a multi-fidelity scheduler a trial is told each time it was measured, with the `fidelity` that it had then, in the
 *   order of these measurements: the last result is the one that counts.
 * - Where `predict` is given, no candidate is proposed that it shows to miss a constraint, as long as another can be found.
 * - `save()` returns plain JSON; a new controller of the same context after `restore(save())` behaves the same.
 *   No method throws on a result it does not like.
 */
export interface Controller {
  /**
   * Of what `save` returns; absent: 1. A state that an earlier version of the controller saved is not restored: it is told
   * everything instead.
   */
  readonly stateVersion?: number;
  ask(trial: number): Candidate | undefined;
  asked(trial: number, candidate: Candidate): void;
  tell(result: TrialResult): void;
  save(): Json;
  restore(state: Json): void;
}

/** What a controller is made from. `S` is the search tower's Space; core does not know it. */
export interface ControllerContext<S> {
  readonly space: S;
  readonly goal: Goal;
  readonly seed: string;
  /** Candidates with equal keys mean the same network. */
  readonly keyOf: (candidate: Candidate) => string;
  /**
   * The metrics of a candidate that follow from its structure (size, macs, params): exact but for those of `doubt`, and known
   * before a trial is spent. Undefined where none is known of it.
   */
  readonly predict?: (candidate: Candidate) => Metrics | undefined;
  /**
   * Of what `predict` says, the metrics that are estimates (times, from those of the layers), and how far off 95 % of them are
   * at most, as a share of the value. All others are exact.
   */
  readonly doubt?: Readonly<Record<string, number>>;
  /** Metrics that are compared by their ratio (bytes, counts, times), as the hypervolume of a study is. */
  readonly logScale?: ReadonlySet<string>;
  /** Tells the user something that they should know of the search. Rare: once, not once per trial. */
  readonly say?: (message: string) => void;
}

export interface ControllerDefinition<S> {
  readonly name: string;
  readonly summary: string;
  /** Why this controller cannot search a space, in words that follow "it"; undefined where it can. */
  readonly refuse?: (space: S) => string | undefined;
  /** Called for spaces that are not refused. */
  create(context: ControllerContext<S>): Controller;
}
