import type { Json } from '../core/json.ts';
import type { DoneOutcome } from '../core/trial.ts';
import { changesTraining, questionsOf, rewrite, trainingOf } from '../network/compress/recipe.ts';
import type { TrainRecipe } from '../network/engine/recipe.ts';
import { trainRecipeSchema } from '../network/engine/recipe.ts';
import type { EpochRecord, TrainOptions } from '../network/engine/train.ts';
import type { Graph } from '../network/ir/graph.ts';
import { asTrained } from './calibrate.ts';
import { answer, rowsOf } from './findings.ts';
import type { HalfTrained } from './half-trained.ts';
import type { Job, TrialHooks } from './protocol.ts';
import { trainToRung } from './rungs.ts';
import type { SharedTrialData } from './shared.ts';

export interface Tuned {
  readonly graph: Graph;
  readonly curve: readonly EpochRecord[];
  readonly reached: Pick<DoneOutcome, 'rung' | 'notes'>;
}

/** What the plan of a job makes of `start`, before it is trained. */
export async function compressed(start: Graph, { plan }: Job, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  const findings = await answer(questionsOf(start, plan), { ...shared, baseline: start }, hooks);
  return rewrite(start, plan, findings);
}

/**
 * The compressed network, trained where a technique changed it, and where its weights are new; post-training techniques alone
 * take trained weights as they are. Who teaches is the trained baseline in any case.
 */
export async function fineTune(
  rewritten: Graph,
  job: Job,
  shared: SharedTrialData,
  hooks: TrialHooks,
  half: HalfTrained,
): Promise<Tuned> {
  const { plan, seed, rung, fresh } = job;
  const graph = await asTrained(rewritten, plan, shared, hooks);
  if (!fresh && !changesTraining(plan)) return { graph, curve: [], reached: {} };
  const { dataset, setup, baseline, engine } = shared;
  const recipe: TrainRecipe = trainRecipeSchema.parse({ ...(setup.trial as object), ...plan.recipe });
  const { perImage, ...training } = trainingOf(graph, baseline, plan);
  const rows = await rowsOf(perImage, shared, hooks);
  const options = { graph, dataset, recipe, seed, hooks, engine, ...training, perImage: rows };
  const run = (some: TrainOptions) => half.train(some, identityOf(job, shared));
  return rung ? trainToRung(options, rung, setup.artefactFolder, run) : { ...(await run(options)), reached: {} };
}

/** What a training of the trial depends on: two with the same are the same. */
const identityOf = ({ plan, seed, rung, fresh }: Job, { setup, dataset }: SharedTrialData) => {
  const { model, baseline, baselineSeed, trial, teacher, engine } = setup;
  const given = { model, baseline, baselineSeed, trial, teacher, engine, plan, seed, rung, fresh, data: dataset.hash };
  return JSON.parse(JSON.stringify(given)) as { readonly [key: string]: Json };
};
