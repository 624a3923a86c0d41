import { NasError } from '../../core/errors.ts';
import type { Batch } from '../data/batches.ts';
import { Builder } from '../ir/builder.ts';
import { encode } from '../ir/bytes/encode.ts';
import type { Graph } from '../ir/graph.ts';
import { deadCode } from '../ir/passes/dead-code.ts';
import type { EngineHooks } from './hooks.ts';
import { type SessionOptions, withSession } from './session.ts';

/** The range that a value took. */
export interface ValueStatistics {
  readonly min: number;
  readonly max: number;
  /** The larger distance of the two from 0. */
  readonly absmax: number;
}

/**
 * Runs an inference graph over batches and returns the range of the named values (inputs of the graph, or outputs of
 * nodes). The graph reduces each value itself, so that no activation leaves the session.
 *
 * @throws NasError ENGINE_STATISTICS where a name is no float value of the graph, a value is never finite, or no batch came.
 */
export async function collectStatistics(
  graph: Graph,
  values: readonly string[],
  batches: Iterable<Pick<Batch, 'x' | 'count'>>,
  hooks: Pick<EngineHooks, 'checkpoint'>,
  options: SessionOptions = {},
): Promise<Record<string, ValueStatistics>> {
  const names = [...new Set(values)];
  const ranges = names.map(() => ({ min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }));
  const { name: input, type } = graph.inputs[0]!;
  const shape = type.shape.slice(1);
  await withSession(encode(reducing(graph, names), { symbolicBatch: 'N' }), options, async (session) => {
    for (const { x, count } of batches) {
      hooks.checkpoint();
      const results = await session.run({ [input]: { dtype: 'float32', shape: [count, ...shape], data: x } });
      const numbers = session.outputs.map((name) => Number(results[name]!.data[0]));
      ranges.forEach((range, i) => {
        range.min = Math.min(range.min, numbers[2 * i]!);
        range.max = Math.max(range.max, numbers[2 * i + 1]!);
      });
    }
  });
  return Object.fromEntries(names.map((name, i) => [name, statisticsOf(name, ranges[i]!)]));
}

/** The graph with the smallest and the largest number of each value as its outputs, in this order. */
function reducing(graph: Graph, names: readonly string[]): Graph {
  const b = Builder.from(graph);
  const outputs = names.flatMap((name) => {
    if (b.types[name]?.dtype !== 'float32') throw noStatistics(`"${name}" is no float value of the graph`, name);
    return ['ReduceMin', 'ReduceMax'].map((op) => b.op(op, [name], { keepdims: 0 }, { name: `${name}/${op}` }));
  });
  return deadCode(b.build(outputs));
}

function statisticsOf(name: string, { min, max }: { min: number; max: number }): ValueStatistics {
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    throw noStatistics(
      `the range of "${name}" is ${min} … ${max}: no batch came, or the network does not give finite numbers`,
      name,
    );
  }
  return { min, max, absmax: Math.max(Math.abs(min), Math.abs(max)) };
}

const noStatistics = (message: string, value: string) => new NasError('ENGINE_STATISTICS', message, { facts: { value } });
