import type { Plan } from '../core/candidate.ts';
import type { ProbeRequest } from '../core/executor.ts';
import type { Metrics } from '../core/objective.ts';
import { createRng } from '../core/rng.ts';
import { changesTraining, trainingOf, untrainedOf } from '../network/compress/recipe.ts';
import type { Weights } from '../network/compress/technique.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import type { Dataset, Split } from '../network/data/dataset.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { sampleOf } from '../network/engine/findings.ts';
import { recalibrateBatchNorm } from '../network/engine/recalibrate.ts';
import { trainRecipeSchema } from '../network/engine/recipe.ts';
import { train } from '../network/engine/train.ts';
import { waysOf } from '../network/engine/ways.ts';
import type { Graph } from '../network/ir/graph.ts';
import { expectedMacs } from '../network/ir/ways.ts';
import { predictMetrics } from '../network/metrics/index.ts';
import { exportGraph } from './export-graph.ts';
import { latencyOf } from './latency.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Training images that BatchNormalization is adapted to. */
const adaptImages = 256;

/** Steps, and images of each, in which what has no meaning yet is trained. */
const brief = { steps: 150, batchSize: 64 };

/**
 * What takes the place of fine-tuning in a probe: the statistics of a changed network follow the change, and what a technique
 * added and that cannot be without training (the small layer of an exit, a gate) is trained briefly, all else as it is.
 */
export async function adapt(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  if (!changesTraining(plan)) return graph;
  const { train: split, shape, normalization } = shared.dataset;
  const images = sampleOf({ split, shape, normalization }, adaptImages, createRng('probe'));
  const [batch] = evaluationBatches({ ...images, batchSize: adaptImages });
  return withBriefTraining(await recalibrateBatchNorm(graph, batch!), plan, shared, hooks);
}

async function withBriefTraining(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  const { names, plan: adding } = untrainedOf(graph, plan);
  if (names.length === 0) return graph;
  const { dataset, baseline, engine } = shared;
  const batchSize = Math.min(brief.batchSize, dataset.train.count);
  const epochs = (brief.steps * batchSize) / dataset.train.count;
  const recipe = trainRecipeSchema.parse({ epochs, batchSize, weightDecay: 0 });
  const { objective } = trainingOf(graph, baseline, adding);
  const trained = await train({
    graph,
    dataset,
    recipe,
    seed: 'probe',
    engine,
    hooks: { ...hooks, progress: () => undefined },
    during: onlyTheirs(names),
    ...(objective ? { objective } : {}),
  });
  const own = names.map((name) => [name, trained.graph.initializers[name]!] as const);
  return { ...graph, initializers: { ...graph.initializers, ...Object.fromEntries(own) } };
}

/** Puts all weights but these back after every step. */
const onlyTheirs = (names: readonly string[]) => (first: Weights) => {
  const others = Object.entries(first).filter(([name]) => !names.includes(name));
  const kept = others.map(([name, data]) => [name, data.slice()] as const);
  return (weights: Weights) => {
    for (const [name, data] of kept) weights[name]!.set(data);
  };
};

/** The same validation images for every probe, of all classes: a folder's lie class by class. */
function someOf({ validation, shape, normalization }: Dataset, count: number): Split {
  if (count >= validation.count) return validation;
  return sampleOf({ split: validation, shape, normalization }, count, createRng('probe images')).split;
}

/** A tenth of the care that a trial's latency is measured with: many are wanted, and none is shown to anybody. */
const quickly = { maxSeconds: 0.1, sittings: 4, targetPrediction: Number.POSITIVE_INFINITY };

/** How long one image takes in the exported file of `graph`. */
export async function timeProbe(
  graph: Graph,
  { images }: ProbeRequest,
  shared: SharedTrialData,
  hooks: TrialHooks,
): Promise<Metrics> {
  const { dataset } = shared;
  const split = someOf(dataset, images);
  const ways = await waysOf(graph, { ...dataset, split }, hooks);
  const { medianMs, ratio } = await latencyOf(exportGraph(graph, dataset), ways, shared, hooks, quickly);
  return { latencyMs: medianMs, latencyRatio: ratio };
}

/** What the exported file of `graph` has, looked at quickly: nothing is timed, and only some validation images are run. */
export async function measureProbe(
  graph: Graph,
  { images }: ProbeRequest,
  { dataset }: SharedTrialData,
  hooks: TrialHooks,
): Promise<Metrics> {
  const bytes = exportGraph(graph, dataset);
  const some = someOf(dataset, images);
  const { accuracy, loss } = await evaluate(bytes, dataset, some, hooks);
  const ways = await waysOf(graph, { ...dataset, split: some }, hooks);
  return { accuracy, loss, ...predictMetrics({ graph, byteCount: bytes.length }), expectedMacs: expectedMacs(ways) };
}
