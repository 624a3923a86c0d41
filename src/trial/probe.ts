import type { Plan } from '../core/candidate.ts';
import type { ProbeRequest } from '../core/executor.ts';
import type { Metrics } from '../core/objective.ts';
import { createRng } from '../core/rng.ts';
import { changesTraining } from '../network/compress/recipe.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { sampleOf } from '../network/engine/findings.ts';
import { recalibrateBatchNorm } from '../network/engine/recalibrate.ts';
import type { Graph } from '../network/ir/graph.ts';
import { predictMetrics } from '../network/metrics/index.ts';
import { exportGraph } from './export-graph.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Training images that BatchNormalization is adapted to. */
const adaptImages = 256;

/** What takes the place of fine-tuning in a probe: the statistics of a changed network follow the change. */
export async function adapt(graph: Graph, plan: Plan, { dataset }: SharedTrialData): Promise<Graph> {
  if (!changesTraining(plan)) return graph;
  const { train: split, shape, normalization } = dataset;
  const images = sampleOf({ split, shape, normalization }, adaptImages, createRng('probe'));
  const [batch] = evaluationBatches({ ...images, batchSize: adaptImages });
  return recalibrateBatchNorm(graph, batch!);
}

/** What the exported file of `graph` has, looked at quickly: nothing is timed, and only some validation images are run. */
export async function measureProbe(
  graph: Graph,
  { images }: ProbeRequest,
  { dataset }: SharedTrialData,
  hooks: TrialHooks,
): Promise<Metrics> {
  const bytes = exportGraph(graph, dataset);
  const { validation } = dataset;
  const some = { ...validation, count: Math.min(images, validation.count) };
  const { accuracy, loss } = await evaluate(bytes, dataset, some, hooks);
  return { accuracy, loss, ...predictMetrics({ graph, byteCount: bytes.length }) };
}
