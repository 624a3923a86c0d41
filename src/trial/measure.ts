import type { Json } from '../core/json.ts';
import type { Metrics } from '../core/objective.ts';
import { evaluate } from '../network/engine/evaluate.ts';
import { waysOf } from '../network/engine/ways.ts';
import { bodiesOf } from '../network/ir/bodies.ts';
import type { Graph } from '../network/ir/graph.ts';
import { type DecisionRate, decisionRates, expectedMacs, type Way } from '../network/ir/ways.ts';
import { measureMetrics } from '../network/metrics/index.ts';
import { brief } from '../network/metrics/latency.ts';
import { latencyOf } from './latency.ts';
import type { TrialHooks } from './protocol.ts';
import type { SharedTrialData } from './shared.ts';

/** Classes that a trial's record tells apart: of a thousand, every record would take some ten kB. */
const mostTold = 256;

/** What measuring takes of what the trials share. */
type MeasureContext = Pick<SharedTrialData, 'setup' | 'dataset' | 'baselineBytes' | 'timedOn'>;

/** `details.ways` of a network that decides per image what it runs: what it decided for the validation images, one by one. */
export interface WaysRecord {
  readonly images: number;
  readonly decisions: readonly DecisionRate[];
  /** Of one image: on average, and the least and the most that any of them took. */
  readonly macs: { readonly expected: number; readonly least: number; readonly most: number };
}

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
  const { validation: split, classes } = shared.dataset;
  let known: Promise<readonly Way[]> | undefined;
  const ways = () => {
    known ??= waysOf(graph, { ...shared.dataset, split }, hooks);
    return known;
  };
  const metrics = await measureMetrics(shared.setup.metrics, {
    graph,
    bytes,
    async evaluation() {
      const { accuracy, loss, perClass } = await evaluate(bytes, shared.dataset, split, hooks, {
        threads: shared.setup.share ?? 1,
      });
      const told = perClass.length > mostTold ? [] : perClass.map(({ precision, recall }) => ({ precision, recall }));
      details['validation'] = { images: split.count, accuracy, loss, perClass: told };
      return { accuracy, perClass: perClass.map((each, i) => ({ ...each, name: classes[i]! })) };
    },
    ways,
    async latency() {
      const latency = await latencyOf(bytes, await ways(), shared, hooks, shared.setup.brieflyTimed ? brief : {});
      details['latency'] = { ...latency } as unknown as Json;
      return latency;
    },
  });
  if (graph.nodes.some((node) => bodiesOf(node).length > 0)) details['ways'] = recordOf(graph, await ways());
  return { metrics, details };
}

function recordOf(graph: Graph, ways: readonly Way[]): Json {
  const costs = ways.map(({ macs }) => macs);
  const record: WaysRecord = {
    images: ways.reduce((sum, { images }) => sum + images.length, 0),
    decisions: decisionRates(graph, ways),
    macs: { expected: expectedMacs(ways), least: Math.min(...costs), most: Math.max(...costs) },
  };
  return record as unknown as Json;
}
