import type { Graph, Node, Shape } from '../graph.ts';
import { elementCount } from '../graph.ts';
import { opEntry } from '../ops/index.ts';

/** Ops that only tell numbers apart otherwise, and keep their order. */
const reshaping: ReadonlySet<string> = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

/** Ops that treat every row of input 0 alike: to them it is the same whose rows these are. */
const rowwise: ReadonlySet<string> = new Set(
  `MatMul MatMulInteger Gemm Add Sub Mul Div Pow Sqrt Erf Tanh Sigmoid Relu Elu Selu Softplus Clip Identity Cast QuantizeLinear DequantizeLinear
  DynamicQuantizeLinear`.split(/\s+/),
);

/**
 * Where the images are told apart in every value of a graph, as it is rewritten for another batch size. That is the dimension which
 * grows with the batch. An image stays in one piece where as many numbers of the order stand before the batch as did; within a
 * dimension too: attention that has its tokens first, [L, N, E], makes rows of all of them, [L·N, E], and takes these apart again.
 */
export class BatchPlaces {
  readonly #types: Graph['types'];
  readonly #batch: number;
  /** Tokens that stand before the batch in the same dimension, by value; 1 where left out. */
  readonly #merged = new Map<string, number>();

  /** `types`: of all values, at the batch size `batch`. */
  constructor(types: Graph['types'], batch: number) {
    this.#types = types;
    this.#batch = batch;
  }

  /** How many numbers stand before the batch, in the order of `value`; undefined where it has none. `found`: its shape at another size. */
  before(value: string, found: Shape): number | undefined {
    const axis = this.axisOf(value, found);
    return axis < 0 ? undefined : elementCount(this.#types[value]!.shape.slice(0, axis)) * (this.#merged.get(value) ?? 1);
  }

  /** The dimension of a value that grows with the batch; -1 where none does. */
  axisOf(value: string, found: Shape): number {
    const old = this.#types[value]?.shape;
    return old ? found.findIndex((size, i) => size !== old[i]) : -1;
  }

  /** The dimension of the shape `wanted`, one at this graph's batch size, that holds the batch where so many numbers stand before it. */
  axisIn(wanted: Shape, before: number): number {
    const exact = wanted.findIndex((_, axis) => elementCount(wanted.slice(0, axis)) === before);
    if (exact >= 0) return exact;
    return wanted.findIndex((size, axis) => {
      const ahead = elementCount(wanted.slice(0, axis));
      return ahead < before && before < ahead * size && before % ahead === 0;
    });
  }

  /** Takes note of a node that was rewritten; says where it mixes images. `shapeOf`: shapes at the other size. */
  follow(node: Node, shapeOf: (value: string) => Shape): string | undefined {
    const mixes = 'it mixes what belongs to different images';
    const [input, output] = [node.inputs[0]!, node.outputs[0]!];
    if (node.domain !== '' || !reshaping.has(node.op)) {
      const merged = node.inputs.find((name) => (this.#merged.get(name) ?? 1) > 1);
      // What is the same for any batch is a statistic of all images.
      if (merged === undefined || this.before(output, shapeOf(output)) === undefined) return undefined;
      if (merged !== input || !(rowwise.has(node.op) || opEntry(node).perSample)) return mixes;
      this.#merged.set(output, this.#merged.get(input)!);
      return undefined;
    }
    const from = this.before(input, shapeOf(input));
    const to = this.before(output, shapeOf(output));
    if (from === to) return undefined;
    if (from === undefined || to === undefined) return mixes;
    const size = this.#types[output]!.shape[this.axisOf(output, shapeOf(output))]!;
    if (from % to !== 0 || size % ((from / to) * this.#batch) !== 0) return mixes;
    this.#merged.set(output, from / to);
    return undefined;
  }
}
