import type { Json } from '../../core/json.ts';
import type { Direction } from '../../core/objective.ts';

/** A study in Optuna's terms, as plain data. */
export interface OptunaStudy {
  readonly name: string;
  readonly objectives: readonly { readonly metric: string; readonly direction: Direction }[];
  readonly attributes: Readonly<Record<string, Json>>;
  /** By number, from 0 on without gaps. */
  readonly trials: readonly OptunaTrial[];
}

export interface OptunaTrial {
  readonly state: 'COMPLETE' | 'FAIL' | 'RUNNING' | 'WAITING';
  /** Milliseconds since the epoch. */
  readonly startedAt?: number;
  readonly finishedAt?: number;
  readonly parameters: readonly OptunaParameter[];
  /** One per objective; for COMPLETE only. */
  readonly values?: readonly number[];
  /** Feasible where none is above 0. */
  readonly constraints?: readonly number[];
  readonly intermediate: readonly { readonly step: number; readonly value: number }[];
  readonly attributes: Readonly<Record<string, Json>>;
}

export interface OptunaParameter {
  readonly name: string;
  /** As Optuna stores it: the number itself, or the index of a category. */
  readonly internal: number;
  readonly distribution: OptunaDistribution;
}

export type OptunaDistribution =
  | { readonly name: 'CategoricalDistribution'; readonly attributes: { readonly choices: readonly Json[] } }
  | { readonly name: 'IntDistribution'; readonly attributes: IntAttributes }
  | { readonly name: 'FloatDistribution'; readonly attributes: FloatAttributes };

interface IntAttributes {
  readonly log: boolean;
  readonly step: number;
  readonly low: number;
  readonly high: number;
}

interface FloatAttributes {
  readonly step: number | null;
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}
