import type { Candidate, Plan } from '../core/candidate.ts';
import type { Catalog } from '../core/catalog.ts';
import type { Json } from '../core/json.ts';
import type { FinishedTrial } from '../core/trial.ts';

/** What the search may use up. */
export interface Budget {
  /** Of the study in all: the baseline, failed trials and those of earlier sessions included. */
  readonly trials: number;
  /** Of one session (`--time`). */
  readonly seconds?: number;
  readonly workers?: number;
}

/** What the search tower says about the trials that are finished; the screens cannot work it out themselves. */
export interface Analysis {
  /** Numbers of the trials on the Pareto front. */
  readonly front: readonly number[];
  /** 0: not known yet. */
  readonly hypervolume: number;
}

/**
 * Of all these trials, in the order in which they ended. `marks`, rising: where also the hypervolume of the first so many of
 * them is wanted.
 */
export type Analyse = (
  trials: readonly FinishedTrial[],
  marks: readonly number[],
) => Analysis & { readonly volumes: readonly number[] };

/** What a model that was built from an outline lacks of a trial. */
export interface Recalled {
  readonly candidate: Candidate;
  readonly details?: Json;
}

/** How a candidate changes the network, for the per-layer view of a trial. */
export interface NetworkInfo {
  readonly catalog: Catalog;
  readonly planOf: (candidate: Candidate) => Plan;
}
