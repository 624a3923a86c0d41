import { fakeQuantsOf } from './fake-quant.ts';
import type { Graph, Node, Tensor } from './graph.ts';

/** A node with trained weights: what people call a layer. */
export interface Layer {
  /** The node's name. */
  readonly name: string;
  readonly node: Node;
  /** Name of the initializer that holds the weights. */
  readonly weight: string;
  /** Axis of the weights that counts the layer's outputs. */
  readonly outputAxis: number;
}

/** Axis of the weights that counts the layer's inputs; of a grouped Conv, those of one group. */
export const inputAxisOf = ({ node, outputAxis }: Pick<Layer, 'node' | 'outputAxis'>): number =>
  node.op === 'Conv' ? 1 : 1 - outputAxis;

/** The name of the layer that a layer is a part of: `conv1` for `conv1#reduce`. */
export const wholeOf = (name: string): string => name.split('#')[0]!;

/** Layers of a graph in the order in which they run: Conv, Gemm and MatMul with weights of their own, fake-quantized or not. */
export function layersOf(graph: Graph): readonly Layer[] {
  const found = known.get(graph) ?? findLayers(graph);
  known.set(graph, found);
  return found;
}

/** Graphs do not change. */
const known = new WeakMap<Graph, readonly Layer[]>();

function findLayers(graph: Graph): readonly Layer[] {
  const quantizers = fakeQuantsOf(graph);
  return graph.nodes.flatMap((node) => {
    const weight = quantizers.get(node.inputs[1] ?? '')?.inputs[0] ?? node.inputs[1];
    const tensor = weight === undefined ? undefined : graph.initializers[weight];
    const outputAxis = tensor && outputAxisOf(node, tensor);
    return outputAxis === undefined ? [] : [{ name: node.name, node, weight: weight!, outputAxis }];
  });
}

function outputAxisOf(node: Node, weight: Tensor): number | undefined {
  if (node.domain !== '') return undefined;
  const transB = node.attributes['transB'];
  switch (node.op) {
    case 'Conv':
      return 0;
    case 'Gemm':
      return transB?.kind === 'int' && transB.value !== 0 ? 0 : 1;
    case 'MatMul':
      return weight.shape.length === 2 ? 1 : undefined;
    default:
      return undefined;
  }
}
