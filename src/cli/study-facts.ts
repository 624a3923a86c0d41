import { NasError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Goal } from '../core/objective.ts';
import type { StudyRecord, TrialStore } from '../core/store.ts';
import { defaultEngine, type EngineSetup, setupOfChoice } from '../network/engine/choice.ts';
import type { StartName } from '../search/space/file/schema.ts';
import type { Space } from '../search/space/space.ts';
import type { InitialTrial } from '../search/study/proposer.ts';
import { openStore } from '../store/index.ts';
import type { TrialSetup } from '../trial/setup.ts';
import type { StudyOptions } from './options.ts';
import type { ScheduleFacts } from './schedule.ts';

/** What a study's record keeps beside the space's text, so that looking and exporting need no second parse. */
export interface StudyFacts {
  readonly goal: Goal;
  readonly space: Space;
  /** Sections of the space file with their defaults filled in. */
  readonly sections: Pick<TrialSetup, 'model' | 'data' | 'baseline' | 'trial' | 'teacher' | 'latency' | 'firstAid'>;
  readonly metrics: readonly string[];
  readonly lookAhead: number;
  /** How far trials are trained; absent: each to its end. */
  readonly schedule?: ScheduleFacts;
  readonly versions: Versions;
  /** Why this controller was picked, for a study that left it to us. */
  readonly controllerReason?: string;
  /** Of the file that a user's own controller is in. */
  readonly controllerSha256?: string;
  /** What all its trials train with; absent in studies that were started when there was only one. */
  readonly engine?: EngineSetup;
  /** The trials that it starts with, in order, and what they came from; absent in studies of before they were recorded. */
  readonly start?: StudyStart;
}

export interface StudyStart {
  readonly with: readonly StartName[];
  /** The study whose front is among them. */
  readonly warmFrom?: string;
  readonly trials: readonly InitialTrial[];
}

export interface Versions {
  readonly espalier: string;
  readonly onnxruntime: string;
  readonly node: string;
  readonly platform: string;
}

export const engineOf = (record: StudyRecord): EngineSetup => factsOf(record).engine ?? setupOfChoice(defaultEngine);

export const factsOf = (record: StudyRecord): StudyFacts => record.facts as unknown as StudyFacts;

/** The record with the trials that the study starts with: no later session works them out again. */
export const withStart = (record: StudyRecord, start: StudyStart): StudyRecord => ({
  ...record,
  facts: { ...factsOf(record), start } as unknown as Json,
});

/** Opens the database for reading and names the study meant: the one asked for, the only one, or the latest. */
export function withStudy<T>(options: StudyOptions, use: (store: TrialStore, record: StudyRecord) => T): T {
  const store = openStore(options.db, { mode: 'read' });
  try {
    return use(store, chooseStudy(store, options));
  } finally {
    store.close();
  }
}

/** The study meant: the one asked for, the only one, or the latest. Throws NasError STUDY_MISSING. */
export function chooseStudy(store: TrialStore, options: StudyOptions): StudyRecord {
  const records = store.list();
  const names = records.map((record) => record.name);
  const newest = [...records].sort((a, b) => b.createdAt - a.createdAt)[0];
  const found = options.study === undefined ? newest : records.find((record) => record.name === options.study);
  if (found) return found;
  if (names.length === 0 && options.study === undefined)
    throw new NasError('STUDY_MISSING', `${options.db} has no study yet: nas search makes one.`, {
      facts: { db: options.db, names },
    });
  const known = names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none yet; `nas search` makes one.';
  const what = options.study === undefined ? 'has no study' : `has no study "${options.study}"`;
  throw new NasError('STUDY_MISSING', `${options.db} ${what}. ${known}`, { facts: { db: options.db, names } });
}
