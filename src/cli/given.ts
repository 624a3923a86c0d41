import type { StudyRecord } from '../core/store.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import { pointsOf } from './enqueue.ts';
import type { SearchFlags } from './search-settings.ts';
import type { Wish } from './start.ts';
import { factsOf } from './study-facts.ts';
import { warmWish } from './warm-start.ts';

export interface Given {
  readonly points: readonly InitialTrial[];
  readonly warm: readonly Wish[];
  /** What to tell the user of it. */
  readonly notes: readonly string[];
}

/** Read before minutes of training, so that mistakes are told at once. */
export function givenBy({ enqueue = [], warmFrom, db }: SearchFlags, record: StudyRecord): Given {
  const facts = factsOf(record);
  const notes: string[] = [];
  return {
    points: enqueue.flatMap((text) => pointsOf(text, facts, db)),
    warm: warmFrom === undefined ? [] : [warmWish(warmFrom, facts, db, (note) => notes.push(note))],
    notes,
  };
}
