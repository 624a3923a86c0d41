import { NasError } from '../core/errors.ts';
import { type Json, stableStringify } from '../core/json.ts';
import type { Objective } from '../core/objective.ts';
import { frontOf } from '../search/study/progress.ts';
import { readOther, transferred } from './enqueue.ts';
import type { Wish } from './start.ts';
import { factsOf, type StudyFacts } from './study-facts.ts';

/** Members of an earlier front that a study takes over. */
const most = 10;

/**
 * Candidates from the front of an earlier study, as near as this space allows, evenly along the front. They are trained and
 * measured anew: results of another study are never taken for this one's.
 *
 * Throws NasError WARM_OBJECTIVES where that study aimed for something else, WARM_EMPTY where it has no front, STORE_MISSING.
 */
export function warmWish(text: string, facts: StudyFacts, db: string, say: (message: string) => void): Wish {
  const { record, trials } = readOther(text, db);
  const old = factsOf(record);
  const [theirs, ours] = [old, facts].map(({ goal }) => inWords(goal.objectives));
  if (theirs !== ours) {
    const message = `study "${record.name}" aims for ${theirs}, this one for ${ours}: its front means nothing here. Give a study with the same objectives, or single trials with --enqueue.`;
    throw new NasError('WARM_OBJECTIVES', message, { facts: { study: record.name } });
  }
  const front = frontOf(trials, old.goal);
  if (front.length === 0) {
    throw new NasError(
      'WARM_EMPTY',
      `study "${record.name}" has no finished trial that keeps its constraints: nothing to start from.`,
      {
        facts: { study: record.name },
      },
    );
  }
  const chosen = evenly(front, most);
  const same = stableStringify(old.sections as Json) === stableStringify(facts.sections as Json);
  const differs = same ? '' : ' (its model, data or training differ)';
  say(`${chosen.length} candidates of study "${record.name}"${differs} are trained and measured anew.`);
  return { origin: 'warm', candidates: chosen.map(({ candidate }) => transferred(candidate, record, facts)) };
}

const inWords = (objectives: readonly Objective[]): string =>
  objectives
    .map(({ metric, direction }) => `${metric} (${direction})`)
    .sort()
    .join(', ');

/** At most `count` of a list, its ends among them. */
function evenly<T>(list: readonly T[], count: number): T[] {
  if (list.length <= count) return [...list];
  return Array.from({ length: count }, (_, i) => list[Math.round((i * (list.length - 1)) / (count - 1))]!);
}
