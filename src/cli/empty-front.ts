import type { Trial } from '../core/trial.ts';
import { counted } from '../core/words.ts';
import { missedBy, missText } from '../dashboard/missed.ts';
import { nearestMiss } from '../search/study/progress.ts';
import type { StudyView } from '../store/index.ts';
import { factsOf } from './study-facts.ts';

/** Why a study has no front, and what to do. */
export function emptyFront({ trials, record }: Pick<StudyView, 'trials' | 'record'>): string {
  const count = (state: Trial['state']) => trials.filter((trial) => trial.state === state).length;
  const [done, failed] = [count('done'), count('failed')];
  if (done === 0 && failed > 0) return `${noneOf(failed, 'that ended')} was measured: nas ls says why.`;
  if (done === 0) return 'No trial has finished yet.';
  const { goal } = factsOf(record);
  const { number, metrics } = nearestMiss(trials, goal)!;
  const missed = missedBy(metrics, goal.constraints).map((constraint) => missText(metrics, constraint));
  const found = `${noneOf(done, 'that finished')} keeps every constraint`;
  const nearest = `trial ${number} comes nearest: it misses ${missed.join(' and ')}; see nas show ${number}`;
  return `${found}; ${nearest}. Loosen a constraint, or give the space more to choose from.`;
}

const noneOf = (count: number, which: string): string => `None of ${counted(count, 'trial')} ${which}`;
