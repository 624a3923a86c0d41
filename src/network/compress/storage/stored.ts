import { Builder, toAttributes } from '../../ir/builder.ts';
import { dtypeCodes, elementCount, type Graph, type Node, type Shape, type Tensor, type TensorType } from '../../ir/graph.ts';
import { inputAxisOf, layersOf } from '../../ir/layers.ts';
import { readInt, readString } from '../../ir/ops/support/attributes.ts';
import { rebuild } from '../../ir/rebuild.ts';

/** Whole numbers from −2^(bits−1) to 2^(bits−1) − 1, and how many bits each has in the file. */
export interface Codes {
  readonly data: Int8Array;
  readonly shape: Shape;
  readonly bits: number;
}

/** Whose weights codes are, and what reads them. */
export interface CodesUse {
  readonly layer: string;
  /** Axis of the codes that counts the layer's inputs. */
  readonly axis: number;
  readonly dtype: 'int8' | 'float32';
  /** As they are read, where that is another shape of as many numbers. */
  readonly shape?: Shape;
}

/** Puts codes into the graph and returns the value that has them. How the file holds them is decided when all of it is known (write.ts). */
export function storeCodes(
  b: Builder,
  { data, shape, bits }: Codes,
  { layer, axis, dtype, shape: read = shape }: CodesUse,
): string {
  const stored = b.initializer(b.fresh(`${layer}.weight.q`), { dtype: 'int8', shape, data });
  const attributes = { layer, axis, bits, to: dtypeCodes[dtype], shape: read };
  return b.op('Stored', [stored], attributes, { domain: 'espalier', name: `${layer}.weight.codes` });
}

/** Weights of a finished network that are not written yet: floats, or codes. */
export interface Stored {
  readonly layer: string;
  /** The value that has them. */
  readonly name: string;
  /** float32, or the codes as int8. */
  readonly tensor: Tensor;
  /** Of each number in the file: 32 for floats. */
  readonly bits: number;
  /** As they are read. */
  readonly type: TensorType;
  /** Axis of the tensor that counts the layer's inputs. */
  readonly axis: number;
  /** So many of them are written, and zeros fill up where fewer are others; all where it is left out. */
  readonly count?: number;
}

export const isStored = ({ op, domain }: Node): boolean => domain === 'espalier' && op === 'Stored';

/** What stands in a graph to be written. */
export const storedIn = (graph: Graph): readonly Stored[] =>
  graph.nodes.filter(isStored).map((node) => {
    const [name] = node.outputs as [string];
    const tensor = graph.initializers[node.inputs[0]!]!;
    const count = readInt(node, 'count', -1);
    return {
      layer: readString(node, 'layer', ''),
      name,
      tensor,
      bits: readInt(node, 'bits', 8),
      type: graph.types[name]!,
      axis: readInt(node, 'axis', 1),
      ...(count < 0 ? {} : { count }),
    };
  });

/** The weights of every layer that are floats or codes, by the layer. */
export function weightsIn(graph: Graph): ReadonlyMap<string, Stored> {
  const floats = layersOf(graph).flatMap((layer): Stored[] => {
    const { name, weight } = layer;
    const [tensor, type] = [graph.initializers[weight]!, graph.types[weight]!];
    return tensor.dtype === 'float32' ? [{ layer: name, name: weight, tensor, bits: 32, type, axis: inputAxisOf(layer) }] : [];
  });
  return new Map([...floats, ...storedIn(graph)].map((each) => [each.layer, each]));
}

/** The graph with these to be written with their counts. */
export function withCounts(graph: Graph, weights: readonly Stored[]): Graph {
  const counted = new Map(weights.map((each) => [each.name, each]));
  const known = graph.nodes.map((node) => {
    const own = isStored(node) ? counted.get(node.outputs[0]!) : undefined;
    return own?.count === undefined
      ? node
      : { ...node, attributes: { ...node.attributes, ...toAttributes({ count: own.count }) } };
  });
  const b = Builder.from(graph);
  const marks: Node[] = [];
  const initializers = Object.entries(graph.initializers).map(([name, tensor]): [string, Tensor] => {
    const own = counted.get(name);
    if (own?.count === undefined) return [name, tensor];
    const { layer, axis, bits, type, count } = own;
    const attributes = toAttributes({ layer, axis, bits, to: dtypeCodes[type.dtype], shape: type.shape, count });
    const all = b.fresh(`${name}.all`);
    marks.push({ op: 'Stored', domain: 'espalier', name: all, inputs: [all], outputs: [name], attributes });
    return [all, tensor];
  });
  return rebuild(graph, { nodes: [...marks, ...known], initializers: Object.fromEntries(initializers) });
}

export const sizeOf = ({ tensor }: Stored): number => elementCount(tensor.shape);
