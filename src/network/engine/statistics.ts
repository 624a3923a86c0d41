import { NasError } from '../../core/errors.ts';
import type { Batch } from '../data/batches.ts';
import { Builder } from '../ir/builder.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph, Tensor } from '../ir/graph.ts';
import { dtypeCodes } from '../ir/graph.ts';
import { deadCode } from '../ir/passes/dead-code.ts';
import type { EngineHooks } from './hooks.ts';
import { lower } from './lowering/index.ts';
import { type Session, withSession } from './session.ts';

/** A value of the graph (an input, or an output of a node), and what is asked beside its range. */
export interface StatisticsRequest {
  readonly value: string;
  readonly histogram?: boolean;
  /** Of a value [N, C, …]. */
  readonly channelMeans?: boolean;
}

export interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  /** How many numbers fell into each of equal parts of [min, max]. */
  readonly histogram?: Float64Array;
  /** Mean of every channel, [C]. */
  readonly channelMeans?: Float64Array;
}

/** Parts of a range that are told apart: as many as the calibration methods that are known by their authors' numbers use. */
export const histogramBins = 2048;

/**
 * Runs an inference graph over batches and returns statistics of the values that are asked for. The graph reduces each
 * value itself, so that no activation leaves the session. Histograms take a second pass, when the ranges are known. Nodes
 * run as they are written: fused, they would round differently with the values that are asked for, and so a value's
 * statistics follow from the graph and the batches alone.
 *
 * @throws NasError ENGINE_STATISTICS where a name is no float value of the graph, a value is never finite, or no batch came.
 */
export async function collectStatistics(
  graph: Graph,
  requests: readonly StatisticsRequest[],
  batches: () => Iterable<Pick<Batch, 'x' | 'count'>>,
  hooks: Pick<EngineHooks, 'checkpoint'>,
): Promise<Record<string, ValueStatistics>> {
  const plain = lower(graph, 'portable');
  const ranges = await collectRanges(plain, [...new Set(requests.map(({ value }) => value))], batches, hooks);
  const means = requests.filter(({ channelMeans }) => channelMeans).map(({ value }) => value);
  const counted = requests.filter(({ histogram }) => histogram).map(({ value }) => value);
  const channelMeans = await collectMeans(plain, means, batches, hooks);
  const histograms = await collectHistograms(plain, counted, ranges, batches, hooks);
  const entries = Object.entries(ranges).map(([value, range]) => {
    const more = { histogram: histograms[value], channelMeans: channelMeans[value] };
    return [value, { ...range, ...Object.fromEntries(Object.entries(more).filter(([, data]) => data)) }] as const;
  });
  return Object.fromEntries(entries);
}

type Batches = () => Iterable<Pick<Batch, 'x' | 'count'>>;
type Checkpoint = Pick<EngineHooks, 'checkpoint'>;
interface Range {
  readonly min: number;
  readonly max: number;
}

async function collectRanges(
  graph: Graph,
  values: readonly string[],
  batches: Batches,
  hooks: Checkpoint,
): Promise<Record<string, Range>> {
  const ranges = values.map(() => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }));
  const reduce = (b: Builder, value: string) =>
    ['ReduceMin', 'ReduceMax'].map((op) => b.op(op, [value], { keepdims: 0 }, { name: `${value}/${op}` }));
  await forBatches(graph, values, reduce, batches, hooks, (results) => {
    ranges.forEach((range, i) => {
      range.min = Math.min(range.min, Number(results[2 * i]!.data[0]));
      range.max = Math.max(range.max, Number(results[2 * i + 1]!.data[0]));
    });
  });
  values.forEach((value, i) => {
    checkFinite(value, ranges[i]!);
  });
  return Object.fromEntries(values.map((value, i) => [value, ranges[i]!]));
}

async function collectMeans(
  graph: Graph,
  values: readonly string[],
  batches: Batches,
  hooks: Checkpoint,
): Promise<Record<string, Float64Array>> {
  const sums = values.map((value) => new Float64Array(graph.types[value]!.shape[1]!));
  let images = 0;
  const reduce = (b: Builder, value: string) => {
    const axes = b.shape(value).flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    return [b.op('ReduceMean', [value], { axes, keepdims: 0 }, { name: `${value}/means` })];
  };
  await forBatches(graph, values, reduce, batches, hooks, (results, count) => {
    images += count;
    results.forEach(({ data }, i) => {
      for (let c = 0; c < data.length; c++) sums[i]![c]! += Number(data[c]) * count;
    });
  });
  return Object.fromEntries(values.map((value, i) => [value, sums[i]!.map((sum) => sum / images)]));
}

async function collectHistograms(
  graph: Graph,
  values: readonly string[],
  ranges: Readonly<Record<string, Range>>,
  batches: Batches,
  hooks: Checkpoint,
): Promise<Record<string, Float64Array>> {
  const counts = values.map(() => new Float64Array(histogramBins));
  const reduce = (b: Builder, value: string) => [histogramOf(b, value, ranges[value]!)];
  await forBatches(graph, values, reduce, batches, hooks, (results) => {
    results.forEach(({ data }, i) => {
      for (let bin = 0; bin < histogramBins; bin++) counts[i]![bin]! += Number(data[bin]);
    });
  });
  return Object.fromEntries(values.map((value, i) => [value, counts[i]!]));
}

/** [bins], int32 (float32 counts no further than 2²⁴): how many numbers of a value fall into each part of its range. */
function histogramOf(b: Builder, value: string, { min, max }: Range): string {
  const perUnit = max > min ? histogramBins / (max - min) : 0;
  const place = b.op('Mul', [b.op('Sub', [value, b.scalar(min)]), b.scalar(perUnit)]);
  const inside = b.op('Clip', [place, b.scalar(0), b.scalar(histogramBins - 1)]);
  const bins = b.op('Reshape', [b.op('Cast', [inside], { to: dtypeCodes.int32 }), b.ints([-1])]);
  const one = b.initializer(b.fresh('one'), { dtype: 'int32', shape: [], data: Int32Array.of(1) });
  const ones = b.op('Clip', [bins, one, one]);
  const none = b.initializer(b.fresh('none'), { dtype: 'int32', shape: [histogramBins], data: new Int32Array(histogramBins) });
  return b.op('ScatterElements', [none, bins, ones], { axis: 0, reduction: 'add' }, { name: `${value}/histogram` });
}

/** Runs what `reduce` makes of every value over all batches. */
async function forBatches(
  graph: Graph,
  values: readonly string[],
  reduce: (b: Builder, value: string) => readonly string[],
  batches: Batches,
  hooks: Checkpoint,
  take: (results: readonly Tensor[], count: number) => void,
): Promise<void> {
  if (values.length === 0) return;
  const { name: input, type } = graph.inputs[0]!;
  const shape = type.shape.slice(1);
  const run = async (session: Session, { x, count }: Pick<Batch, 'x' | 'count'>) => {
    const results = await session.run({ [input]: { dtype: 'float32', shape: [count, ...shape], data: x } });
    take(
      session.outputs.map((name) => results[name]!),
      count,
    );
  };
  await withSession(encode(reducing(graph, values, reduce), { symbolicBatch: 'N' }), { asWritten: true }, async (session) => {
    for (const batch of batches()) {
      hooks.checkpoint();
      await run(session, batch);
    }
  });
}

function reducing(graph: Graph, values: readonly string[], reduce: (b: Builder, value: string) => readonly string[]): Graph {
  const b = Builder.from(graph);
  const outputs = values.flatMap((value) => {
    if (b.types[value]?.dtype !== 'float32') throw noStatistics(`"${value}" is no float value of the graph`, value);
    return reduce(b, value);
  });
  return deadCode(b.build(outputs));
}

function checkFinite(value: string, { min, max }: Range): void {
  if (Number.isFinite(min) && Number.isFinite(max)) return;
  const message = `the range of "${value}" is ${min} … ${max}: no batch came, or the network does not give finite numbers`;
  throw noStatistics(message, value);
}

const noStatistics = (message: string, value: string) => new NasError('ENGINE_STATISTICS', message, { facts: { value } });
