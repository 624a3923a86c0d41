import type { MetricInfo } from '../../core/catalog.ts';
import type { Graph } from '../ir/graph.ts';
import type { Way } from '../ir/ways.ts';
import type { LatencyResult } from './latency.ts';
import type { LatencyUse } from './use.ts';

/** What metrics are taken of: the finalized graph, the file it was encoded to, and what running that file gives. */
export interface MeasureContext {
  readonly graph: Graph;
  /** The exported file. */
  readonly bytes: Uint8Array;
  /** Runs the file over the validation split. */
  evaluation(): Promise<ClassifierResult>;
  /** The ways that images of the validation split take through the network. */
  ways(): Promise<readonly Way[]>;
  /** Measures the file against the baseline. */
  latency(): Promise<LatencyResult & Pick<LatencyUse, 'batch' | 'threads'>>;
}

/** What of an exported network is known before it is trained. */
export interface Structure {
  /** The graph that would be exported; its weights and scales mean nothing. */
  readonly graph: Graph;
  /** Bytes of the file. */
  readonly byteCount: number;
}

export interface ClassifierResult {
  /** Share of the images classified right. */
  readonly accuracy: number;
  /** By class, in the order of the data's classes. */
  readonly perClass: readonly NamedClass[];
}

export interface NamedClass {
  readonly name: string;
  readonly precision: number;
  readonly recall: number;
  /** Validation images that have it. */
  readonly images: number;
}

export interface Metric {
  readonly info: MetricInfo;
  /** It follows from how long the file runs. */
  readonly timed?: true;
  /** The same number as `measure` gives once the network is trained; left out where only running it tells. */
  predict?(structure: Structure, of?: string): number;
  /** `of`: what the goal names with it, where the metric is of something. */
  measure(context: MeasureContext, of?: string): number | Promise<number>;
}
