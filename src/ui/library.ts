import type { RunningTrial, StudyStatus } from '../core/control.ts';
import { NasError } from '../core/errors.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { LiveStudy } from '../report/study/live-study.ts';
import type { Passing, StudyHead } from '../report/study/picture.ts';
import { openStore } from '../store/index.ts';

export interface LibraryOptions {
  readonly db: string;
  readonly headOf: (record: StudyRecord) => StudyHead;
  /** What a search that runs says of itself. */
  readonly statusOf?: (study: string) => StudyStatus | undefined;
}

/**
 * The studies of a database as they are now. It is opened for every look and closed again: nothing is held while nobody
 * looks, so a search that ends can tidy its file up.
 */
export class Library {
  readonly #options: LibraryOptions;
  readonly #studies = new Map<string, LiveStudy>();

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  /** Newest first. Throws what opening a store throws. */
  list(): { readonly name: string; readonly createdAt: number; readonly live: boolean }[] {
    return this.#look((store) =>
      store
        .list()
        .map(({ name, createdAt }) => ({ name, createdAt, live: store.holder(name) !== undefined }))
        .sort((a, b) => b.createdAt - a.createdAt),
    );
  }

  /** The study with all events that are there by now. Throws NasError STUDY_MISSING. */
  study(name: string): LiveStudy {
    return this.#look((store) => {
      const record = store.find(name);
      if (!record) throw missing(name, store.list());
      const study = this.#known(record);
      for (const event of store.events(name, study.view.position)) study.apply(event);
      study.live = store.holder(name) !== undefined;
      return study;
    });
  }

  /** What passes in a study that `study` has just read: trials that run, with their curves so far. */
  passing(study: LiveStudy): Passing {
    const status = study.live ? this.#options.statusOf?.(study.head.name) : undefined;
    const isRunning = ({ trial }: RunningTrial) => study.view.trials[trial]?.state === 'running';
    return { at: status?.at ?? 0, running: status?.running.filter(isRunning) ?? [] };
  }

  /** A study that was deleted and made again under its name is another one. */
  #known(record: StudyRecord): LiveStudy {
    const known = this.#studies.get(record.name);
    if (known?.view.record.createdAt === record.createdAt) return known;
    const study = new LiveStudy(record, this.#options.headOf(record));
    this.#studies.set(record.name, study);
    return study;
  }

  #look<T>(use: (store: TrialStore) => T): T {
    const store = openStore(this.#options.db, { mode: 'read' });
    try {
      return use(store);
    } finally {
      store.close();
    }
  }
}

function missing(name: string, records: readonly StudyRecord[]): NasError {
  const known = records.length > 0 ? `It has: ${records.map((record) => record.name).join(', ')}.` : 'It has none yet.';
  return new NasError('STUDY_MISSING', `the database has no study "${name}". ${known}`, { facts: { study: name } });
}
