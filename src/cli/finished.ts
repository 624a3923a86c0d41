import { NasError } from '../core/errors.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import type { StudyEnd } from '../search/study/options.ts';
import { budgetOfSession } from './budget.ts';
import { wasTaken } from './given.ts';
import type { SearchFlags, SearchSettings } from './search-settings.ts';
import { factsOf } from './study-facts.ts';

/**
 * How a study ended in which this command would find nothing to do, by what its last session said, so that neither data nor
 * baseline need be made ready to say so; undefined where there may be something: an end of another kind or none, a larger
 * budget, trials that a scheduler or a person may send on. Throws NasError BAD_OPTION for points that no trial is left for.
 */
export function nothingLeft(
  store: TrialStore,
  record: StudyRecord,
  settings: SearchSettings,
  { enqueue = [], warmFrom, replicate }: SearchFlags,
): StudyEnd | undefined {
  if (factsOf(record).schedule || replicate !== undefined) return undefined;
  const events = store.eventsOf(record.name, ['session', 'queued']);
  const last = events.at(-1);
  if (last?.type !== 'session' || last.phase !== 'end' || events.some(({ type }) => type === 'queued')) return undefined;
  const { reason, counts } = last.facts as unknown as StudyEnd;
  const { trials } = budgetOfSession(store, record.name, settings.trials);
  if (reason !== 'budget' || counts.unfinished > 0 || counts.asked < trials) return undefined;
  const isNew = warmFrom !== undefined && !wasTaken(warmFrom, record, store);
  const given = [...(enqueue.length > 0 ? ['--enqueue'] : []), ...(isNew ? ['--warm-from'] : [])];
  if (given.length > 0) throw forNothing(record.name, trials, given);
  return { reason, counts };
}

function forNothing(study: string, trials: number, given: readonly string[]): NasError {
  const message = `study "${study}" has all of its ${trials} trials: nothing would come of ${given.join(' and ')}. More --trials than that go on with it.`;
  return new NasError('BAD_OPTION', message, { facts: { study, trials } });
}
