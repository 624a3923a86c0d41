import { availableParallelism, totalmem } from 'node:os';
import type { Constraint } from '../core/objective.ts';
import type { StudyRecord } from '../core/store.ts';
import { trainingTechniques } from '../network/compress/catalog.ts';
import type { EngineChoice } from '../network/engine/choice.ts';
import type { TrainRecipe } from '../network/engine/recipe.ts';
import { asksForTimes } from '../network/metrics/index.ts';
import { trainsAnything } from '../search/space/schedule.ts';
import type { TrialSetup } from '../trial/setup.ts';
import { artefactFolder } from './artefact-folder.ts';
import { baselineFolder } from './folders.ts';
import { factsOf } from './study-facts.ts';

/** What the trial host is started with. */
export const setupOf = (record: StudyRecord, engine: EngineChoice, db: string, workers: number): TrialSetup => {
  const { sections, metrics, space } = factsOf(record);
  const trained = trainsAnything(space, trainingTechniques());
  return {
    ...sections,
    ...(trained ? { batch: (sections.trial as unknown as TrainRecipe).batchSize } : {}),
    metrics,
    artefactFolder: artefactFolder(db),
    baselineFolder: baselineFolder(),
    threads: availableParallelism(),
    share: Math.max(1, Math.floor(availableParallelism() / workers)),
    engine,
  };
};

/** Whether a search may time its trials briefly: no goal, stop or section of its space is about times. */
export function isIndifferentToTimes(record: StudyRecord, targets: readonly Constraint[]): boolean {
  const { goal, sections } = factsOf(record);
  const asked = [...goal.objectives, ...goal.constraints, ...targets].map(({ metric }) => metric);
  return sections.latency === undefined && !asksForTimes(asked);
}

/** Of the memory that this process may use. */
const shareOfMemory = 0.75;

/** Memory that a trial host may take where nothing else was asked for, in MB: of the machine, or of its container. */
export function defaultMemoryMb(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor((shareOfMemory * bytes) / 2 ** 20);
}
