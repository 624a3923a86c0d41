import type { MetricInfo } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';
import type { LatencyResult } from './latency.ts';

/** What metrics are taken of: the finalized graph, the file it was encoded to, and what running that file gives. */
export interface MeasureContext {
  readonly graph: Graph;
  /** The exported file. */
  readonly bytes: Uint8Array;
  /** Runs the file over the validation split. */
  evaluation(): Promise<{ readonly accuracy: number }>;
  /** Measures the file against the baseline. */
  latency(): Promise<LatencyResult>;
}

export interface Metric {
  readonly info: MetricInfo;
  measure(context: MeasureContext): number | Promise<number>;
}
