import type { StudyRecord, TrialStore } from '../core/store.ts';
import { Ledger } from '../search/study/ledger.ts';
import { foldLog } from '../search/study/log.ts';
import type { StudyEnd } from '../search/study/options.ts';
import { budgetOfSession } from './budget.ts';
import type { SearchFlags, SearchSettings } from './search-settings.ts';
import { factsOf } from './study-facts.ts';

/**
 * How a study stands in which this command would find nothing to do, so that neither data nor baseline need be made ready to
 * say so; undefined where there may be something: a trial without an end, one that a scheduler or a person may send on, one
 * that the command adds.
 */
export function nothingLeft(
  store: TrialStore,
  record: StudyRecord,
  settings: SearchSettings,
  { enqueue = [], warmFrom, replicate }: SearchFlags,
): StudyEnd | undefined {
  if (factsOf(record).schedule || enqueue.length > 0 || warmFrom !== undefined || replicate !== undefined) return undefined;
  const { trials } = budgetOfSession(store, record.name, settings.trials);
  const log = foldLog(record.name, store.events(record.name));
  const counts = new Ledger(log).counts();
  if (counts.unfinished > 0 || counts.asked < trials || log.queued.length > 0) return undefined;
  return { reason: 'budget', counts };
}
