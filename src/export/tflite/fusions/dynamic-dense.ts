import type { Graph, Node } from '../../../network/ir/graph.ts';
import { deadCode } from '../../../network/ir/passes/dead-code.ts';
import { Makers } from './makers.ts';

/**
 * A dense layer that finds its input's range in every run: six nodes in ONNX, and one operator in TensorFlow Lite. The product
 * with the scales becomes a node DynamicDense of x, the codes [in, out] and their scales.
 */
export function fuseDynamicDense(graph: Graph): Graph {
  const makers = new Makers(graph);
  const nodes = graph.nodes.map((node) => dynamicDense(makers, node) ?? node);
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : deadCode({ ...graph, nodes });
}

/** cast(q · codes) · (scale of q · scales), with q, its scale and its zero point from DynamicQuantizeLinear. */
function dynamicDense(makers: Makers, node: Node): Node | undefined {
  if (node.op !== 'Mul') return undefined;
  const [product, factor] = node.inputs;
  const [integers] = makers.inputs(product, 'Cast');
  const [q, codes] = makers.inputs(integers, 'MatMulInteger');
  const [scale, scales] = makers.inputs(factor, 'Mul');
  const quantizer = makers.of(q);
  const isOne = quantizer?.op === 'DynamicQuantizeLinear' && quantizer.outputs[1] === scale;
  if (!isOne || codes === undefined || scales === undefined) return undefined;
  return { ...node, op: 'DynamicDense', inputs: [quantizer.inputs[0]!, codes, scales], attributes: {} };
}
