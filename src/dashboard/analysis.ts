import type { FinishedTrial } from '../core/trial.ts';
import type { Analyse, Analysis } from './budget.ts';

/** The present front, and how the hypervolume came to be what it is. */
export interface AnalysisHistory extends Analysis {
  readonly history: readonly number[];
  /** How many finished trials it covers. */
  readonly trials: number;
}

export const emptyAnalysis: AnalysisHistory = { front: [], hypervolume: 0, history: [], trials: 0 };

/** Points of history that one step adds at most; the first one may bring all trials of a resumed study. */
const [firstPoints, laterPoints] = [60, 4];

/** Brings an analysis up to date with all finished trials. `finished` only ever grows. */
export function extendAnalysis(before: AnalysisHistory, finished: readonly FinishedTrial[], analyse: Analyse): AnalysisHistory {
  const fresh = finished.length - before.trials;
  if (fresh <= 0) return before;
  const points = Math.min(fresh, before.trials === 0 ? firstPoints : laterPoints);
  const marks = Array.from({ length: points }, (_, i) => before.trials + Math.round((fresh * (i + 1)) / points));
  const { front, hypervolume, volumes } = analyse(finished, marks);
  return { front, hypervolume, history: [...before.history, ...volumes.filter((volume) => volume > 0)], trials: finished.length };
}
