import { rm } from 'node:fs/promises';
import type { Plan } from '../core/candidate.ts';
import type { Executor } from '../core/executor.ts';
import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';
import type { StudyRecord } from '../core/store.ts';
import type { MeasuredTrial, Progress } from '../core/trial.ts';
import { createPoolExecutor } from '../executors/index.ts';
import { canonicalPlan } from '../network/compress/recipe.ts';
import type { DataSpec } from '../network/data/index.ts';
import type { ModelSpec } from '../network/models/index.ts';
import { type PlanResult, planOfIndex, runPlans, type Undo, undosOf } from '../search/sensitivity/undo.ts';
import { writeAtomically } from '../trial/artefacts.ts';
import { cacheFile, readCached } from './cached.ts';
import { structureOf } from './compose.ts';
import { engineOfStudy } from './engine.ts';
import { meaningOf } from './meaning.ts';
import { note } from './output.ts';
import { defaultMemoryMb, setupOf } from './setup.ts';
import { engineOf, factsOf } from './study-facts.ts';
import { temporaryFolder } from './temporary.ts';
import { versions } from './versions.ts';
import { defaultWorkers } from './workers.ts';

/** Changes when an undone choice is measured in another way. */
const version = 2;

/** Validation images of a quick look. */
const probeImages = 1000;

/** One choice of a trial, and the trial's network without it. */
export interface UndoneChoice extends Omit<Undo, 'plan'>, PlanResult {}

export interface Explanation {
  /** Of the trial itself: recorded, or in a quick look measured as the undone ones were. */
  readonly reference: Metrics;
  readonly choices: readonly UndoneChoice[];
  /** Validation images behind every accuracy. */
  readonly images: number;
}

export interface ExplanationRun {
  readonly record: StudyRecord;
  readonly trial: MeasuredTrial;
  readonly db: string;
  /** Without training. */
  readonly quick: boolean;
  readonly workers?: number | undefined;
  /** Told once, where something is to be run: how many networks with a choice undone. */
  readonly estimate: (runs: number, workers: number) => void;
  readonly prepare: (progress: Progress) => void;
  readonly progress: (share: number) => void;
  /** Receives what stops the run, for the user's Ctrl-C. */
  readonly stoppable: (stop: () => void) => void;
}

/**
 * Undoes every choice of a trial alone and measures what comes of it: fine-tuned as the trial was, with its seed and as far as it
 * was trained. Every result is kept in the user's cache as it comes. Undefined where it was stopped.
 */
export async function explain(run: ExplanationRun): Promise<Explanation | undefined> {
  const { record, trial, quick } = run;
  const { space, sections } = factsOf(record);
  const graph = structureOf(sections.model as unknown as ModelSpec);
  const plan = canonicalPlan(graph, meaningOf(space).plan(trial.candidate));
  const undos = undosOf(plan);
  const plans = [...(quick ? [plan] : []), ...undos.map((undo) => undo.plan)];
  const results = await resultsOf(run, plans);
  if (!results) return undefined;
  const [first] = results;
  const choices = undos.map(({ technique, site, settings }, i) => {
    return { technique, site, settings, ...results[quick ? i + 1 : i]! };
  });
  const reference = quick ? (first?.metrics ?? {}) : trial.metrics;
  const { validation } = sections.data as unknown as DataSpec;
  return { reference, choices, images: quick ? Math.min(probeImages, validation) : validation };
}

async function resultsOf(run: ExplanationRun, plans: readonly Plan[]): Promise<readonly PlanResult[] | undefined> {
  const known = await Promise.all(plans.map((plan) => readCached<PlanResult>(fileOf(run, plan))));
  const missing = known.filter((result) => result === undefined).length;
  if (missing === 0) return known as PlanResult[];
  // A quick look measures the trial's own network as well, which has nothing undone.
  const ownIsMissing = run.quick && known[0] === undefined;
  const { record, trial, quick } = run;
  const engine = await engineOfStudy(record.name, engineOf(record));
  const slots = run.workers ?? defaultWorkers(engine);
  // Nobody asks for the undone networks' files: they go with this folder.
  const artefactFolder = await temporaryFolder('nas-explain-');
  const executor = createPoolExecutor({
    slots,
    setup: { ...setupOf(record, engine, run.db, slots), artefactFolder } as unknown as Json,
    planOf: planOfIndex(plans),
    maxRssMb: defaultMemoryMb(),
    warn: note,
  });
  run.stoppable(() => executor.stop());
  try {
    await executor.open(run.prepare);
    const undone = missing - (ownIsMissing ? 1 : 0);
    if (undone > 0) run.estimate(undone, slots);
    return await runPlans({
      executor,
      plans,
      request: { trial: trial.number, seed: `${record.seed}/${trial.number}`, ...asTrained(trial, quick) },
      known,
      keep: (plan, result) => writeAtomically(fileOf(run, plan), JSON.stringify(result)),
      progress: run.progress,
      discard: () => undefined,
    });
  } finally {
    await closeAndRemove(executor, artefactFolder);
  }
}

async function closeAndRemove(executor: Executor, folder: string): Promise<void> {
  await executor.close();
  await rm(folder, { recursive: true, force: true });
}

/** As far as the trial was trained, or not at all. */
function asTrained({ rung }: MeasuredTrial, quick: boolean) {
  if (quick) return { probe: { images: probeImages } };
  return rung ? { rung: { index: rung.index, ends: rung.ends } } : {};
}

/** Named by all that the result follows from; the trial's own file stands for the data and the trained baseline. */
function fileOf({ record, trial, quick }: ExplanationRun, plan: Plan): string {
  const { sections, metrics } = factsOf(record);
  const made = {
    version: [version, versions().espalier],
    model: trial.artefact?.sha256 ?? null,
    study: [record.seed, trial.number, sections, metrics, engineOf(record)],
    run: asTrained(trial, quick),
    plan,
  };
  return cacheFile('explain', made);
}
