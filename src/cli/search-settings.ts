import { availableParallelism } from 'node:os';
import { NasError, pick } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { StudyRecord } from '../core/store.ts';
import { metricInfos } from '../network/metrics/index.ts';
import { controllers } from '../search/controllers/index.ts';
import type { SpaceFile } from '../search/space/file/parse.ts';
import { defaultLookAhead } from '../search/study/options.ts';
import { versions } from './compose.ts';
import type { StudyFacts } from './study-facts.ts';

/** The options of `nas search` as they were typed. */
export interface SearchFlags {
  readonly space: string;
  readonly db: string;
  readonly study?: string;
  readonly trials?: number;
  /** Seconds. */
  readonly time?: number;
  readonly workers?: number;
  readonly seed?: string;
  readonly controller?: string;
  readonly json?: boolean;
  readonly plain?: boolean;
}

/** The flags over the space file's own defaults over ours. */
export interface SearchSettings {
  readonly study: string;
  readonly trials: number;
  readonly seconds: number | undefined;
  readonly workers: number;
  /** undefined: not asked for; a new study takes the default, an old one keeps its own. */
  readonly seed: string | undefined;
  readonly controller: string | undefined;
}

const defaultTrials = 100;
const defaultSeed = '1';
const defaultController = 'evolution';

export function settleFlags(flags: SearchFlags, { name, search: defaults }: SpaceFile): SearchSettings {
  const workers = flags.workers ?? defaults.workers ?? Math.min(defaultLookAhead, availableParallelism());
  if (workers > defaultLookAhead) {
    throw new NasError('BAD_OPTION', `--workers ${workers}: at most ${defaultLookAhead} trials of a study run at once.`);
  }
  if (flags.controller !== undefined) pick('controller', controllers, flags.controller);
  return {
    study: flags.study ?? name,
    trials: flags.trials ?? defaults.trials ?? defaultTrials,
    seconds: flags.time ?? defaults.time,
    workers,
    seed: flags.seed ?? defaults.seed,
    controller: flags.controller ?? defaults.controller,
  };
}

/** A study never changes what it searches: its trials could not be compared. Throws NasError STUDY_CHANGED. */
export function checkUnchanged(record: StudyRecord, space: SpaceFile, { seed, controller }: SearchSettings): void {
  const refuse = (what: string) => {
    const message = `study "${record.name}" exists already, ${what}. Give another --study NAME to start a new one.`;
    throw new NasError('STUDY_CHANGED', message, { facts: { study: record.name } });
  };
  if (record.space.hash !== space.hash) refuse(`and ${space.file} has changed since it was started`);
  if (seed !== undefined && seed !== record.seed) refuse(`with seed ${record.seed}, not ${seed}`);
  if (controller !== undefined && controller !== record.controller)
    refuse(`with controller ${record.controller}, not ${controller}`);
}

export function newRecord(space: SpaceFile, settings: SearchSettings): StudyRecord {
  const { model, data, baseline, trial, goal } = space;
  const facts: StudyFacts = {
    goal,
    space: space.space,
    sections: { model, data, baseline, trial },
    metrics: metricInfos.map(({ name }) => name),
    lookAhead: defaultLookAhead,
    versions: versions(),
  };
  return {
    name: settings.study,
    createdAt: Date.now(),
    seed: settings.seed ?? defaultSeed,
    controller: settings.controller ?? defaultController,
    space: { file: space.file, text: space.text, hash: space.hash },
    facts: facts as unknown as Json,
  };
}
