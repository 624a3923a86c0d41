/** The metrics. To add one: a file with its Metric, and a line in `metrics`. */
import { type MetricInfo, metricParts } from '../../core/catalog.ts';
import { pick } from '../../core/errors.ts';
import type { Metrics } from '../../core/objective.ts';
import { accuracy } from './accuracy.ts';
import { balancedAccuracy } from './balanced-accuracy.ts';
import { expectedMacs } from './expected-macs.ts';
import { latencyMs } from './latency-ms.ts';
import { latencyRatio } from './latency-ratio.ts';
import { macs } from './macs.ts';
import type { MeasureContext, Metric, Structure } from './metric.ts';
import { nodes } from './nodes.ts';
import { params } from './params.ts';
import { precision } from './precision.ts';
import { recall } from './recall.ts';
import { size } from './size.ts';
import { throughput } from './throughput.ts';
import { worstRecall } from './worst-recall.ts';

export const metrics: readonly Metric[] = [
  accuracy,
  size,
  latencyMs,
  latencyRatio,
  macs,
  expectedMacs,
  params,
  nodes,
  throughput,
  balancedAccuracy,
  worstRecall,
  recall,
  precision,
];

/** For the catalog that a space is checked against. */
export const metricInfos: readonly MetricInfo[] = metrics.map((metric) => metric.info);

/** Those that every search measures. */
export const usualMetrics: readonly string[] = metricInfos.filter(({ onDemand }) => !onDemand).map(({ name }) => name);

const named = metrics.map((metric) => ({ name: metric.info.name, metric }));

/** Whether a named metric follows from how long the file runs. Throws NasError UNKNOWN_METRIC. */
export const asksForTimes = (names: readonly string[]): boolean =>
  names.some((name) => pick('metric', named, metricParts(name).metric).metric.timed);

/**
 * The named metrics of one exported network, one after the other. What is costly runs at most once, and only
 * where a named metric asks for them. Throws NasError UNKNOWN_METRIC before anything runs.
 */
export async function measureMetrics(names: readonly string[], context: MeasureContext): Promise<Metrics> {
  const wanted = names.map((name) => {
    const { metric, of } = metricParts(name);
    return { name, of, metric: pick('metric', named, metric).metric };
  });
  const shared: MeasureContext = {
    graph: context.graph,
    bytes: context.bytes,
    evaluation: once(() => context.evaluation()),
    ways: once(() => context.ways()),
    latency: once(() => context.latency()),
  };
  const values: Record<string, number> = {};
  for (const { name, metric, of } of wanted) values[name] = await metric.measure(shared, of);
  return values;
}

/** The usual metrics that follow from the structure alone, and those among `names`. */
export function predictMetrics(structure: Structure, names: readonly string[] = []): Metrics {
  const values: Record<string, number> = {};
  for (const name of new Set([...usualMetrics, ...names])) {
    const { metric, of } = metricParts(name);
    const value = pick('metric', named, metric).metric.predict?.(structure, of);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
