import type { Plan } from '../core/candidate.ts';
import { finalize, simulate, simulates, statisticsNeeded } from '../network/compress/recipe.ts';
import type { Statistics } from '../network/compress/technique.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { collectStatistics } from '../network/engine/statistics.ts';
import type { Graph } from '../network/ir/graph.ts';
import type { TrialHooks } from './protocol.ts';
import { calibrationImages } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

/** What the plan's techniques want to know of a network's activations, from training images. */
async function calibrate(graph: Graph, plan: Plan, { dataset }: SharedTrialData, hooks: TrialHooks): Promise<Statistics> {
  const needed = statisticsNeeded(graph, plan);
  if (needed.length === 0) return {};
  const { train: split, shape, normalization } = dataset;
  const batches = () => evaluationBatches({ split, shape, normalization, batchSize: 128, limit: calibrationImages });
  return collectStatistics(graph, needed, batches, hooks);
}

/** The rewritten network as it is trained: it feels what `finish` will do to it where the plan wants that. */
export async function asTrained(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  return simulates(plan) ? simulate(graph, plan, await calibrate(graph, plan, shared, hooks)) : graph;
}

/** The trained network as it is exported: BatchNormalization folded, and what the techniques do after training. */
export async function finish(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  return finalize(graph, plan, await calibrate(graph, plan, shared, hooks));
}
