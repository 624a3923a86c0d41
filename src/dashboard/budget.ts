import type { Candidate, Plan } from '../core/candidate.ts';
import type { Catalog } from '../core/catalog.ts';
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

export type Analyse = (trials: readonly FinishedTrial[]) => Analysis;

/** How a candidate changes the network, for the per-layer view of a trial. */
export interface NetworkInfo {
  readonly catalog: Catalog;
  readonly planOf: (candidate: Candidate) => Plan;
}
