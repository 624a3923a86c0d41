import type { Json } from '../core/json.ts';
import type { TrialStore } from '../core/store.ts';
import type { Budget } from '../search/study/options.ts';

/**
 * How many trials a session may have in all. A command that is given again goes on where it stopped: what a person added or
 * took away while an earlier session ran still counts, unless the command now names another number.
 */
export function budgetOfSession(store: TrialStore, study: string, given: number): Pick<Budget, 'trials' | 'given'> {
  let last: Partial<Budget> = {};
  for (const event of store.eventsOf(study, ['session', 'budget'])) {
    if (event.type === 'session') last = event.phase === 'begin' ? budgetOf(event.facts) : last;
    else last = { given: last.given ?? last.trials ?? event.trials, trials: event.trials };
  }
  return last.given === given ? { trials: last.trials ?? given, given } : { trials: given };
}

const budgetOf = (facts: Json): Partial<Budget> => (facts as { readonly budget?: Partial<Budget> }).budget ?? {};
