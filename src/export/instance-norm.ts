import type { Attribute, Graph, Node, Tensor } from '../network/ir/graph.ts';
import { tensorOf } from '../network/ir/graph.ts';
import { readFloat } from '../network/ir/ops/support/attributes.ts';
import { rebuild } from '../network/ir/rebuild.ts';

/** TensorFlow's runtimes have no InstanceNormalization: the graph with every one as the means and products that it is made of. */
export function spellInstanceNorms(graph: Graph): Graph {
  const isMeant = ({ op, domain, inputs }: Node) =>
    op === 'InstanceNormalization' && domain === '' && inputs.slice(1).every((name) => graph.initializers[name]);
  if (!graph.nodes.some(isMeant)) return graph;
  const initializers: Record<string, Tensor> = { ...graph.initializers };
  const nodes = graph.nodes.flatMap((node) => (isMeant(node) ? spelled(graph, node, initializers) : [node]));
  return rebuild(graph, { nodes, initializers });
}

/** (x − mean) / √(variance + ε) · scale + bias over the axes behind the channels. */
function spelled({ types, initializers }: Graph, node: Node, constants: Record<string, Tensor>): readonly Node[] {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const sides = types[x]!.shape.slice(2);
  const nodes: Node[] = [];
  const op = (kind: string, name: string, inputs: readonly string[], attributes: Node['attributes'] = {}): string => {
    const output = name === '' ? node.outputs[0]! : `${node.name}/${name}`;
    nodes.push({ op: kind, domain: '', name: name === '' ? node.name : output, inputs, outputs: [output], attributes });
    return output;
  };
  const constant = (name: string, tensor: Tensor): string => {
    constants[`${node.name}/${name}`] = tensor;
    return `${node.name}/${name}`;
  };
  const axes: Attribute = { kind: 'ints', value: sides.map((_, i) => i + 2) };
  const mean = (name: string, value: string) => op('ReduceMean', name, [value], { axes, keepdims: { kind: 'int', value: 1 } });
  const perChannel = (name: string, vector: string) => {
    const tensor = initializers[vector]!;
    return constant(name, { ...tensor, shape: [...tensor.shape, ...sides.map(() => 1)] });
  };
  const centred = op('Sub', 'centred', [x, mean('mean', x)]);
  const variance = mean('variance', op('Mul', 'square', [centred, centred]));
  const epsilon = constant('epsilon', tensorOf('float32', [], [readFloat(node, 'epsilon', 1e-5)]));
  const deviation = op('Sqrt', 'deviation', [op('Add', 'safe', [variance, epsilon])]);
  const scaled = op('Mul', 'scaled', [op('Div', 'normal', [centred, deviation]), perChannel('scale', scale)]);
  op('Add', '', [scaled, perChannel('bias', bias)]);
  return nodes;
}
