import type { Graph, Shape, Tensor } from './graph.ts';
import { parameterNames } from './macs.ts';
import { opEntry } from './ops/index.ts';

const known = new WeakMap<Graph, readonly string[]>();

/**
 * Constants beside the parameters of ops that training updates too: numbers per channel that are added to, or multiplied
 * with, what layers gave. So networks from files have the biases of MatMul, the scales and biases of a normalization that
 * was taken apart, and layer scales. Numbers of other kinds stay: a mask, a single factor, a table, how the input is normalised.
 */
export function trainedVectors(graph: Graph): readonly string[] {
  const found = known.get(graph) ?? findVectors(graph);
  known.set(graph, found);
  return found;
}

/** Float initializers that training updates by their gradient, once each. */
export const trainedNames = (graph: Graph): readonly string[] => [
  ...new Set([...parameterNames(graph), ...trainedVectors(graph)]),
];

function findVectors(graph: Graph): string[] {
  const parameters = new Set(parameterNames(graph));
  /** Values that layers had a part in. */
  const learned = new Set<string>();
  const vectors = new Set<string>();
  for (const { op, domain, inputs, outputs, name } of graph.nodes) {
    const { params = [] } = opEntry({ op, domain, name });
    if (params.some((i) => parameters.has(inputs[i] ?? '')) || inputs.some((input) => learned.has(input)))
      for (const output of outputs) learned.add(output);
    if (op === 'InstanceNormalization') for (const input of affineOf(graph, inputs)) vectors.add(input);
    if (domain !== '' || (op !== 'Add' && op !== 'Mul')) continue;
    for (const [input, other] of [inputs, inputs.toReversed()] as [string, string][]) {
      const tensor = graph.initializers[input];
      if (tensor && learned.has(other) && isPerChannel(tensor, graph.types[other]!.shape)) vectors.add(input);
    }
  }
  return [...vectors].filter((name) => !parameters.has(name));
}

/** Scale and bias of a normalization; not those of a GroupNorm that was taken apart, which has its own behind. */
function affineOf({ nodes, initializers }: Graph, [x, ...affine]: readonly string[]): readonly string[] {
  const isReshaped = nodes.some(({ op, outputs }) => op === 'Reshape' && outputs[0] === x);
  const isIdle = affine.every((name, i) => initializers[name]?.data.every((value) => Number(value) === 1 - i));
  return isReshaped && isIdle ? [] : affine.filter((name) => initializers[name]);
}

/** What a mask puts in the place of minus infinity is larger. */
const mostNumber = 1e4;

/** Numbers along the last axis, or along the channels of [N, C, H, W]; what is spread over the columns of [N, H, T, T] may be a mask. */
function isPerChannel({ dtype, shape, data }: Tensor, other: Shape): boolean {
  const before = other.length - shape.length;
  const [axis, ...axes] = shape.flatMap((size, i) => (size > 1 ? [before + i] : []));
  if (dtype !== 'float32' || axis === undefined || axes.length > 0 || before < 0) return false;
  const isLast = axis === other.length - 1 && (other.length !== 4 || shape.length === 1);
  const isChannel = isLast || (other.length === 4 && axis === 1);
  return isChannel && other[axis] === shape[axis - before] && data.every((value) => Math.abs(Number(value)) <= mostNumber);
}
