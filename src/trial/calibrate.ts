import type { Plan } from '../core/candidate.ts';
import { createRng } from '../core/rng.ts';
import { finalize, prepared, simulate, simulates, statisticsNeeded } from '../network/compress/recipe.ts';
import type { Statistics } from '../network/compress/technique.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import type { Dataset } from '../network/data/dataset.ts';
import { type Images, sampleOf } from '../network/engine/findings.ts';
import { collectStatistics, type StatisticsRequest, type ValueStatistics } from '../network/engine/statistics.ts';
import { fingerprint } from '../network/ir/fingerprint.ts';
import type { Graph } from '../network/ir/graph.ts';
import type { TrialHooks } from './protocol.ts';
import { calibrationImages } from './setup.ts';
import type { SharedTrialData } from './shared.ts';

type Known = Map<string, ValueStatistics>;

/** What this thread measured of its last few graphs: trials that only quantize all ask about the baseline. */
const kept = new WeakMap<Dataset, Map<string, Known>>();
/** Up to 16 kB a value where there is a histogram, so 1 MB or so a graph. */
const mostKept = 4;

/** What is known of a graph with these weights, on this data. */
function knownOf(graph: Graph, dataset: Dataset): Known {
  const graphs = kept.get(dataset) ?? new Map<string, Known>();
  kept.set(dataset, graphs);
  const key = fingerprint(graph);
  const known = graphs.get(key) ?? new Map<string, ValueStatistics>();
  graphs.delete(key);
  graphs.set(key, known);
  if (graphs.size > mostKept) graphs.delete(graphs.keys().next().value!);
  return known;
}

const answers = (known: ValueStatistics | undefined, { histogram, channelMeans }: StatisticsRequest): boolean =>
  known !== undefined && !(histogram && !known.histogram) && !(channelMeans && !known.channelMeans);

const samples = new WeakMap<Dataset, Images>();

/** The same images for every trial, of all classes: a folder's lie class by class. */
function calibrationSample(dataset: Dataset): Images {
  const { train: split, shape, normalization } = dataset;
  const known = samples.get(dataset) ?? sampleOf({ split, shape, normalization }, calibrationImages, createRng('calibration'));
  samples.set(dataset, known);
  return known;
}

/** What the plan's techniques want to know of a network's activations, from training images. */
async function calibrate(graph: Graph, plan: Plan, { dataset }: SharedTrialData, hooks: TrialHooks): Promise<Statistics> {
  const needed = statisticsNeeded(graph, plan);
  if (needed.length === 0) return {};
  const folded = prepared(graph, plan);
  const known = knownOf(folded, dataset);
  const missing = needed.filter((need) => !answers(known.get(need.value), need));
  if (missing.length > 0) {
    const batches = () => evaluationBatches({ ...calibrationSample(dataset), batchSize: 128 });
    const found = await collectStatistics(folded, missing, batches, hooks);
    for (const [value, statistics] of Object.entries(found)) known.set(value, { ...known.get(value), ...statistics });
  }
  return Object.fromEntries(needed.map(({ value }) => [value, known.get(value)!]));
}

/** The rewritten network as it is trained: it feels what `finish` will do to it where the plan wants that. */
export async function asTrained(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  return simulates(plan) ? simulate(graph, plan, await calibrate(graph, plan, shared, hooks)) : graph;
}

/** The trained network as it is exported: BatchNormalization folded, and what the techniques do after training. */
export async function finish(graph: Graph, plan: Plan, shared: SharedTrialData, hooks: TrialHooks): Promise<Graph> {
  return finalize(graph, plan, await calibrate(graph, plan, shared, hooks));
}
