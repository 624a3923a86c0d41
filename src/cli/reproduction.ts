import type { StudyRecord } from '../core/store.ts';
import { mostEpochs } from '../search/space/schedule.ts';
import { defaultLookAhead } from '../search/study/options.ts';
import type { StudyView } from '../store/read-model.ts';

import { defaultStart } from './search-settings.ts';
import { shellWord } from './shell.ts';
import { factsOf } from './study-facts.ts';

/**
 * The command that makes a trial again from the study's space file: with what its options decided, for nobody knows any more
 * which of them the space file named. Candidates that were handed to the study it
 * cannot name, see `handedOver`.
 */
export function reproducing({ record, trials }: Pick<StudyView, 'record' | 'trials'>, trial: number): string {
  const { start, lookAhead, schedule } = factsOf(record);
  const starts = start?.with ?? defaultStart;
  const options = [
    `--seed ${shellWord(record.seed)}`,
    `--controller ${shellWord(record.controller)}`,
    ...(starts.join() === defaultStart.join() ? [] : [`--start ${shellWord(starts.join())}`]),
    ...(lookAhead === defaultLookAhead ? [] : [`--look-ahead ${lookAhead}`]),
    ...scheduling(record),
    // Where trials pause, it takes the later ones to know which of them go on.
    `--trials ${schedule ? trials.length : trial + 1}`,
  ];
  return `nas search --space space.yaml ${options.join(' ')}`;
}

function scheduling(record: StudyRecord): string[] {
  const { schedule, sections, space } = factsOf(record);
  if (!schedule) return [];
  const { scheduler, eta, rungs } = schedule;
  if (rungs.length === 1) return [`--scheduler ${scheduler}`];
  const epochs = mostEpochs(sections.trial, space);
  const places = rungs.map((share) => Number((share * epochs).toPrecision(12)));
  return [`--scheduler ${scheduler}`, `--eta ${eta}`, `--rungs ${places.join()}`];
}

const handed: ReadonlySet<string> = new Set(['warm', 'enqueued']);

/** Candidates up to this trial that no command makes by itself. */
export const handedOver = ({ trials }: Pick<StudyView, 'trials'>, trial: number): number =>
  trials.filter(({ number, origin }) => number <= trial && handed.has(origin)).length;
