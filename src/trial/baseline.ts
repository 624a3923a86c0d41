import { join } from 'node:path';
import { NasError } from '../core/errors.ts';
import { type Json, stableStringify } from '../core/json.ts';
import type { Progress } from '../core/trial.ts';
import { buildTrainStep } from '../network/autodiff/train-step.ts';
import type { Dataset } from '../network/data/dataset.ts';
import { defaultEngine, setupOfChoice } from '../network/engine/choice.ts';
import { baselineRecipeSchema, type TrainRecipe } from '../network/engine/recipe.ts';
import { decode } from '../network/ir/bytes/decode.ts';
import { encode } from '../network/ir/bytes/encode.ts';
import type { Graph } from '../network/ir/graph.ts';
import { show } from '../network/ir/graph.ts';
import { buildModel, modelSpecSchema } from '../network/models/index.ts';
import { readChecked, sha256, writeChecked } from './artefacts.ts';
import { opset } from './export-graph.ts';
import { readGiven } from './given.ts';
import { HalfTrained } from './half-trained.ts';
import type { TrialHooks } from './protocol.ts';
import { type TrialSetup, trainingVersion } from './setup.ts';

/** Its own seed: a baseline belongs to a model, data, a recipe and an engine, not to a study. */
const usualSeed = 'baseline';

export interface Baseline {
  /** Trained, in training form. */
  readonly graph: Graph;
  readonly facts: { readonly hash: string; readonly cached: boolean; readonly seconds: number; readonly curve: Json };
}

/** The trained dense network: from the cache if it was trained before from the same model, data and recipe by the same engine, else trained now. */
export async function loadBaseline(setup: TrialSetup, dataset: Dataset, hooks: TrialHooks): Promise<Baseline> {
  const spec = modelSpecSchema.parse(setup.model);
  const recipe = baselineRecipeSchema.parse(setup.baseline);
  const engine = setupOfChoice(setup.engine ?? defaultEngine);
  const seeded = setup.baselineSeed === undefined ? {} : { seed: setup.baselineSeed };
  const made = { version: trainingVersion, spec, recipe: recipe as Json, data: dataset.hash, engine, ...seeded };
  const hash = sha256(stableStringify(made as unknown as Json));
  if (recipe.epochs === 0) return { graph: asItIs(setup, dataset), facts: { hash, cached: false, seconds: 0, curve: [] } };
  const path = join(setup.baselineFolder, `${hash}.onnx`);
  const known = await readBaseline(path);
  if (known) return { graph: known, facts: { hash, cached: true, seconds: 0, curve: [] } };
  return trainBaseline({ recipe, hash, path }, setup, dataset, hooks);
}

/** The dense network before any training of ours: equal seeds give equal weights. Throws NasError MODEL_DATA where it does not fit the data. */
export function untrained({ model, baselineFolder }: TrialSetup, { shape, classes }: Dataset, seed: string): Graph {
  const files = (hash: string) => readGiven(baselineFolder, hash);
  const graph = buildModel(modelSpecSchema.parse(model), { shape, classes: classes.length, batch: 1, seed, files });
  const [takes, gives] = [graph.inputs[0]!.type.shape.slice(1), graph.types[graph.outputs[0]!]!.shape[1]];
  if (show(takes) === show(shape) && gives === classes.length) return graph;
  const message = `model: the network takes images ${show(takes)} and tells ${gives} classes; the data have images ${show(shape)} in ${classes.length} classes.`;
  throw new NasError('MODEL_DATA', message, { facts: { takes, gives: gives ?? 0, shape, classes: classes.length } });
}

/** A network that is trained already. That candidates of it can be trained is found out now. Throws NasError IR_GRADIENT. */
function asItIs(setup: TrialSetup, dataset: Dataset): Graph {
  const graph = untrained(setup, dataset, setup.baselineSeed ?? usualSeed);
  const optimizer = { name: 'sgd', momentum: 0, nesterov: false } as const;
  buildTrainStep(graph, { optimizer, weightDecay: 0, batchNormMomentum: 0 });
  return graph;
}

interface BaselineJob {
  readonly recipe: TrainRecipe;
  readonly hash: string;
  readonly path: string;
}

async function trainBaseline(job: BaselineJob, setup: TrialSetup, dataset: Dataset, hooks: TrialHooks): Promise<Baseline> {
  const { recipe, hash, path } = job;
  const { baselineSeed: seed = usualSeed } = setup;
  const half = new HalfTrained(setup.baselineFolder);
  const options = {
    graph: untrained(setup, dataset, seed),
    dataset,
    recipe,
    seed,
    threads: setup.threads,
    engine: setup.engine ?? defaultEngine,
    hooks: { ...hooks, progress: (progress: Progress) => hooks.progress({ ...progress, stage: 'baseline' }) },
  };
  const { graph, curve, seconds } = await half.train(options, { hash, threads: setup.threads });
  await writeChecked(path, encode(graph, { opset, producer: 'espalier' }));
  await half.discard();
  return { graph, facts: { hash, cached: false, seconds, curve: curve.map((point) => ({ ...point })) } };
}

async function readBaseline(path: string): Promise<Graph | undefined> {
  const bytes = await readChecked(path);
  if (!bytes) return undefined;
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof NasError) return undefined;
    throw error;
  }
}
