import { existsSync } from 'node:fs';
import { NasError } from '../core/errors.ts';
import type { LiveEvent } from '../core/event.ts';
import type { MeasuredTrial } from '../core/trial.ts';
import { frontOf } from '../search/study/progress.ts';
import { readStudy, type StudyView } from '../store/read-model.ts';
import { openStore } from '../store/sqlite.ts';
import type { SearchFlags } from './search-settings.ts';
import { factsOf } from './study-facts.ts';

/** The options of `nas search`, of which `space` alone is needed, and what stands for its screen and for Ctrl-C. */
export interface SearchOptions extends Partial<Omit<SearchFlags, 'space' | 'json' | 'plain' | 'program'>> {
  /** A space file's path, or the name of a bundled one. Folders of data count from where the process runs. */
  readonly space: string;
  /** All that `nas search --json` tells, as it happens. Must not throw. */
  readonly onEvent?: (event: LiveEvent) => void;
  /** Ends the search: running trials end at their next step. The same call goes on with the study. */
  readonly signal?: AbortSignal;
}

export interface SearchResult {
  /** As that of `nas search`: 0 done, 1 nothing could be measured, 130 stopped. */
  readonly exitCode: number;
  /** Undefined where it was stopped before its first trial. */
  readonly study: StudyView | undefined;
  /** Best first by the first objective. */
  readonly front: readonly MeasuredTrial[];
}

/**
 * `nas search` for programs: starts a study, or goes on with it; nothing is printed. Throws NasError for bad input, as the
 * command does.
 */
export async function search({ onEvent = () => {}, signal, ...options }: SearchOptions): Promise<SearchResult> {
  const { db = 'nas.db', workers = 1 } = options;
  if (!Number.isInteger(workers) || workers < 1) throw new NasError('BAD_OPTION', `workers is ${workers}; it must be 1 or more`);
  signal?.throwIfAborted();
  // Both take long to load, and most of what a program imports needs neither.
  const [{ search: run }, { loadSpace }] = await Promise.all([import('./commands/search.ts'), import('./compose.ts')]);
  const name = options.study ?? loadSpace(options.space).name;
  const exitCode = await run({ ...options, db, json: true, program: { onEvent, signal } });
  const study = existsSync(db) ? studyIn(db, name) : undefined;
  return { exitCode, study, front: study ? frontOf(study.trials, factsOf(study.record).goal) : [] };
}

function studyIn(db: string, name: string): StudyView | undefined {
  const store = openStore(db, { mode: 'read' });
  try {
    return store.find(name) && readStudy(store, name);
  } finally {
    store.close();
  }
}
