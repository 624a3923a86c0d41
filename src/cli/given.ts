import type { StudyRecord, TrialStore } from '../core/store.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import { pointsOf } from './enqueue.ts';
import type { SearchFlags } from './search-settings.ts';
import type { Wish } from './start.ts';
import { factsOf } from './study-facts.ts';
import { warmWish } from './warm-start.ts';

export interface Given {
  readonly points: readonly InitialTrial[];
  readonly warm: readonly Wish[];
  /** Recorded, so that it is taken once. */
  readonly from: { readonly warmFrom?: string };
  /** What to tell the user of it. */
  readonly notes: readonly string[];
}

/** Read before minutes of training, so that mistakes are told at once. `store`: where the study already is. */
export function givenBy({ enqueue = [], warmFrom, db }: SearchFlags, record: StudyRecord, store: TrialStore | undefined): Given {
  const facts = factsOf(record);
  const notes: string[] = [];
  const isTaken = warmFrom !== undefined && store !== undefined && wasTaken(warmFrom, record, store);
  if (isTaken) notes.push(`The front of "${warmFrom}" was taken over before, as it was then: nas enqueue adds single trials.`);
  return {
    points: enqueue.flatMap((text) => pointsOf(text, facts, db)),
    warm: warmFrom === undefined || isTaken ? [] : [warmWish(warmFrom, facts, db, (note) => notes.push(note))],
    from: warmFrom === undefined ? {} : { warmFrom },
    notes,
  };
}

/**
 * Whether the front of that study was taken over before. It is not read again: one that has grown meanwhile would have other
 * points, and the study that goes on other candidates than one that was never stopped.
 */
export function wasTaken(warmFrom: string, record: StudyRecord, store: TrialStore): boolean {
  if (factsOf(record).start?.warmFrom === warmFrom) return true;
  return store.eventsOf(record.name, ['session']).some(({ facts }) => (facts as Given['from']).warmFrom === warmFrom);
}
