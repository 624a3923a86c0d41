import { availableParallelism } from 'node:os';
import type { StudyRecord } from '../core/store.ts';
import type { EngineChoice } from '../network/engine/choice.ts';
import type { TrialSetup } from '../trial/setup.ts';
import { artefactFolder, baselineFolder } from './folders.ts';
import { factsOf } from './study-facts.ts';

/** What the trial host is started with. */
export const setupOf = (record: StudyRecord, engine: EngineChoice, db: string): TrialSetup => {
  const { sections, metrics } = factsOf(record);
  return {
    ...sections,
    metrics,
    artefactFolder: artefactFolder(db),
    baselineFolder: baselineFolder(),
    threads: availableParallelism(),
    engine,
  };
};
