import type { Candidate } from '../../core/candidate.ts';
import { stableStringify } from '../../core/json.ts';
import type { Goal, Metrics } from '../../core/objective.ts';
import { planOf } from '../space/plan.ts';
import type { Space } from '../space/space.ts';

/** A search whose best answer is known, and whose trials cost nothing: what controllers are compared on. Pure functions. */
export interface Problem {
  readonly name: string;
  readonly summary: string;
  readonly space: Space;
  readonly goal: Goal;
  /** Equal for candidates that mean the same. */
  readonly keyOf: (candidate: Candidate) => string;
  readonly measure: (candidate: Candidate) => Metrics;
  /** Metrics that a candidate's structure tells exactly, without a trial; absent where there are none. */
  readonly predict?: (candidate: Candidate) => Metrics;
  /** How long the trial would take. */
  readonly seconds: (candidate: Candidate) => number;
  /** What the trial measures at parts of its training, ascending, the last one the whole; absent where a trial has no parts. */
  readonly rungs?: (candidate: Candidate) => readonly MeasuredShare[];
  /** What a study of this problem starts with, the baseline first; empty where nothing is natural to start with. */
  readonly anchors: readonly Candidate[];
  /** Metrics of the true front, constraints kept; of a continuous one a dense sample. */
  readonly front: readonly Metrics[];
  /** The front's hypervolume as a part of the box, where there is a formula; that of `front` otherwise. */
  readonly frontVolume?: number;
  /** The corners of the box in which hypervolume is measured: the best and the worst that counts, in every objective. */
  readonly box: { readonly best: Metrics; readonly worst: Metrics };
  /** Objectives whose hypervolume is also measured on a logarithmic axis: halving a size counts the same at any size. */
  readonly logScale: readonly string[];
}

export interface MeasuredShare {
  /** Of the full training. */
  readonly share: number;
  readonly metrics: Metrics;
  /** From the trial's start up to here. */
  readonly seconds: number;
}

/** What the list holds: front and tables are made only for a problem that is asked for. */
export interface ProblemDefinition {
  readonly name: string;
  readonly summary: string;
  create(): Problem;
}

export const minimizeBoth: Goal = {
  objectives: [
    { metric: 'f1', direction: 'minimize' },
    { metric: 'f2', direction: 'minimize' },
  ],
  constraints: [],
};

/** Keys by what candidates mean: a knob that its site's off value makes idle counts for nothing. */
export const planKeyOf =
  (space: Space) =>
  (candidate: Candidate): string =>
    stableStringify({ ...planOf(space, candidate) });
