import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';
import { evaluationBatches } from '../network/data/batches.ts';
import { imageSize } from '../network/data/dataset.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { openSession } from '../network/engine/session.ts';
import type { Graph } from '../network/ir/graph.ts';
import { measureMetrics } from '../network/metrics/index.ts';
import { type LatencyResult, measureLatency } from '../network/metrics/latency.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** What measuring takes of what the trials share. */
type MeasureContext = Pick<SharedTrialData, 'setup' | 'dataset' | 'baselineBytes'>;

/**
 * The metrics of an exported file, on validation data. `graph` is what the bytes were encoded from. Latency runs in the
 * host's exclusive lane, in turns with the dense baseline.
 */
export async function measure(
  graph: Graph,
  bytes: Uint8Array,
  shared: MeasureContext,
  hooks: TrialHooks,
): Promise<{ metrics: Metrics; details: { readonly [key: string]: Json } }> {
  const details: Record<string, Json> = {};
  const metrics = await measureMetrics(shared.setup.metrics, {
    graph,
    bytes,
    async evaluation() {
      const { accuracy, loss, perClass } = await evaluate(bytes, shared.dataset, shared.dataset.validation, hooks);
      const images = shared.dataset.validation.count;
      details['validation'] = { images, accuracy, loss, perClass: perClass.map((each) => ({ ...each })) };
      return { accuracy };
    },
    async latency() {
      const latency = await latencyOf(bytes, shared, hooks);
      details['latency'] = { ...latency };
      return latency;
    },
  });
  return { metrics, details };
}

function latencyOf(bytes: Uint8Array, { dataset, baselineBytes }: MeasureContext, hooks: TrialHooks): Promise<LatencyResult> {
  const { validation: split, shape, normalization } = dataset;
  const [first] = evaluationBatches({ split, shape, normalization, batchSize: 1, limit: 1 });
  const data = first!.x.slice(0, imageSize(shape));
  hooks.progress({ stage: 'latency', done: 0, total: 1 });
  const input = { name: 'x', shape: [1, ...shape], data };
  return hooks.exclusive(async (quiet) => {
    const latency = await measureLatency({ candidate: bytes, baseline: baselineBytes, input, open: openSession });
    return { ...latency, noisy: latency.noisy || !quiet };
  });
}
