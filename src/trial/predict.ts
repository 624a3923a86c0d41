import type { Plan } from '../core/candidate.ts';
import type { Metrics } from '../core/objective.ts';
import { finalStructure } from '../network/compress/structure.ts';
import type { Dataset } from '../network/data/dataset.ts';
import { encodedLength } from '../network/ir/bytes/length.ts';
import type { Graph } from '../network/ir/graph.ts';
import { withoutValues } from '../network/ir/zeros.ts';
import { predictMetrics } from '../network/metrics/index.ts';
import { foreseenLatency, type LayerTimes } from '../network/metrics/layer-times/fit.ts';
import { workOf } from '../network/metrics/layer-times/work.ts';
import type { ModelTarget } from '../network/models/family.ts';
import { buildModel, type ModelSpec } from '../network/models/index.ts';
import { exportOptions } from './export-graph.ts';

/** What of the data decides a file's structure. `prepare` reports it, so that the orchestrator needs no data of its own. */
export type DataFacts = Pick<Dataset, 'shape' | 'classes' | 'normalization' | 'resize' | 'sound'>;

/** What the graph of a plan will be, by `finalStructure`, from what is known before a trial. */
export function createStructures(
  model: ModelSpec,
  data: DataFacts,
  files?: ModelTarget['files'],
): (plan: Plan) => Graph | undefined {
  const target = { shape: data.shape, classes: data.classes.length, batch: 1, ...(files ? { files } : {}) };
  const dense = withoutValues(buildModel(model, target));
  return (plan) => finalStructure(dense, plan);
}

/** What is foreseen beside the usual metrics. */
export interface Foreseen {
  /** With them the latencies, as far as these go. */
  readonly times?: LayerTimes | undefined;
  /** Metrics that a search asks for. */
  readonly names?: readonly string[];
}

/**
 * The metrics of a plan that follow from its structure alone: bytes of the exported file, multiply-accumulates,
 * parameters. They are those that its trial will measure, byte for byte, and cost no training, no data and no engine.
 * Undefined where a technique makes them depend on trained values.
 */
export function createPredictor(
  model: ModelSpec,
  data: DataFacts,
  files?: ModelTarget['files'],
  { times, names }: Foreseen = {},
): (plan: Plan) => Metrics | undefined {
  const structureOf = createStructures(model, data, files);
  const options = exportOptions(data);
  return (plan) => {
    const graph = structureOf(plan);
    if (!graph) return undefined;
    const exact = predictMetrics({ graph, byteCount: encodedLength(graph, options) }, names);
    return times ? { ...exact, ...foreseenLatency(workOf(graph), times) } : exact;
  };
}
